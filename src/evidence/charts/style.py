"""Sizes and colours of the charts for three media, as plain values: nothing global is changed.

Every chart reads one `Style` and passes its values to each artist it draws. matplotlib's
``rcParams`` are neither read nor written, so that a chart looks the same in everybody's notebook and
leaves the next figure alone. Colours are from a palette that people with any of the common colour
vision deficiencies can tell apart (Okabe & Ito 2008), chosen with different lightness so that they stay
apart in grey; and no chart uses colour as the only sign: shape, fill or words say the same.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from evidence._check import one_of

__all__ = ["FONT", "MEDIA", "Palette", "Style", "style_for"]

FONT = "DejaVu Sans"
"""The font that matplotlib ships: the same glyphs, and so the same bytes, wherever it is installed."""

POINTS = 72.0
"""Points per inch: every length of a layout is in points."""


@dataclass(frozen=True)
class Palette:
    """Colours by role.

    Attributes
    ----------
    ink, quiet, rule, faint, paper : str
        Text; secondary text (contrast 5.9:1 on paper); rules; stripes and empty marks; background.
    exact, interval, sign, pooled : str
        Marks of rows with a value, rows with bounds, rows with a side only, and of pooled results.
    interval_fill : str
        Inside of the band of an interval row.
    first, second : str
        In favour of the first arm; in favour of the second arm.
    low, some, high : str
        Judgements from good to bad, such as risks of bias; always with a symbol.
    """

    ink: str = "#1a1a1a"
    quiet: str = "#5f6368"
    rule: str = "#9aa0a6"
    faint: str = "#e4e7ea"
    paper: str = "#ffffff"
    exact: str = "#0b4f8a"
    interval: str = "#a65300"
    interval_fill: str = "#fbd9ae"
    sign: str = "#5f6368"
    pooled: str = "#111111"
    first: str = "#0b4f8a"
    second: str = "#c8541a"
    low: str = "#2e8b57"
    some: str = "#e3b23c"
    high: str = "#b3261e"


@dataclass(frozen=True)
class Style:
    """Sizes of one medium.

    Attributes
    ----------
    name : str
        ``"notebook"``, ``"slide"`` or ``"journal"``.
    width : float
        Width of a new figure, inches.
    least_height : float
        Least height of a new figure, inches: 7.5 for a 16:9 slide, else as the rows need.
    text, small, title : float
        Sizes of body text, of notes and of the title, points.
    line : float
        Width of an ordinary line, points.
    row : float
        Height of a row of one line, as a multiple of the text size.
    colours : Palette
        The colours.
    """

    name: str
    width: float
    least_height: float
    text: float
    small: float
    title: float
    line: float
    row: float = 1.62
    colours: Palette = Palette()

    def scaled(self, factor: float) -> Style:
        """Return the same style with every size multiplied, for an `ax` that is too small."""
        return replace(
            self,
            text=self.text * factor,
            small=self.small * factor,
            title=self.title * factor,
            line=self.line * factor,
        )


MEDIA = {
    "notebook": Style("notebook", width=10.0, least_height=0.0, text=9.5, small=8.5, title=12.5, line=1.2),
    # A slide is 13.33 x 7.5 in; a text below 18 pt cannot be read from the last row of a lecture room.
    "slide": Style(
        "slide", width=13.333, least_height=7.5, text=18.0, small=18.0, title=26.0, line=2.2, row=1.55
    ),
    # 183 mm: the double column of most journals; 7 pt is the least that they print.
    "journal": Style("journal", width=7.2, least_height=0.0, text=7.5, small=7.0, title=9.0, line=0.9),
}
"""The styles by medium."""


def style_for(medium: str) -> Style:
    """Return the style of a medium.

    Parameters
    ----------
    medium : str
        ``"notebook"``, ``"slide"`` (16:9, no text below 18 pt at 13.33 in) or ``"journal"``
        (183 mm, no text below 7 pt).

    Returns
    -------
    Style
        Its sizes and colours.

    Raises
    ------
    ModelError
        Where the medium is not one of the three.
    """
    return MEDIA[one_of("medium", medium, MEDIA)]
