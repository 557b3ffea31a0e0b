"""Sizes and colours of the charts by medium and theme, as plain values: nothing global is changed.

Every chart reads one `Style` and passes its values to each artist it draws. matplotlib's
``rcParams`` are neither read nor written, so that a chart looks the same in everybody's notebook and
leaves the next figure alone. Colours are from a palette that people with any of the common colour
vision deficiencies can tell apart (Okabe & Ito 2008), chosen with different lightness so that they stay
apart in grey; and no chart uses colour as the only sign: shape, fill or words say the same.

What a whole talk or paper shares, its medium and whether it is light or dark, holds within a
``with chart_style(...)`` and nowhere else.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, replace

from evidence._check import one_of

__all__ = ["FONT", "MEDIA", "THEMES", "Palette", "Style", "chart_style", "medium_for", "style_for"]

FONT = "DejaVu Sans"
"""The font that matplotlib ships: the same glyphs, and so the same bytes, wherever it is installed."""

POINTS = 72.0
"""Points per inch: every length of a layout is in points."""


@dataclass(frozen=True)
class Palette:
    """Colours by role; the defaults are the light theme.

    Attributes
    ----------
    ink, quiet, rule, faint, paper : str
        Text; secondary text (contrast at least 4.5:1 on paper); rules; stripes and empty marks; background.
    exact, interval, sign, pooled : str
        Marks of rows with a value, rows with bounds, rows with a side only, and of pooled results.
    interval_fill : str
        Inside of the band of an interval row.
    first, second : str
        In favour of the first arm; in favour of the second arm.
    first_tint, second_tint, quiet_tint : str
        The same and neither, as a fill beside the full colour: less of it.
    low, some, high : str
        Judgements from good to bad, such as risks of bias; always with a symbol.
    series : tuple of str
        Groups without an order; always with a shape or a name.
    shades : tuple of str
        Regions behind marks, from the paper's neighbour to the strongest.
    """

    ink: str = "#1a1a1a"
    quiet: str = "#5f6368"
    rule: str = "#9aa0a6"
    faint: str = "#e4e7ea"
    paper: str = "#ffffff"
    exact: str = "#0b4f8a"
    interval: str = "#a65300"
    interval_fill: str = "#fbd9ae"
    sign: str = "#7b8086"
    pooled: str = "#111111"
    first: str = "#0b4f8a"
    second: str = "#c8541a"
    first_tint: str = "#86b5da"
    second_tint: str = "#f0b48f"
    quiet_tint: str = "#c3c7cb"
    low: str = "#2e8b57"
    some: str = "#e3b23c"
    high: str = "#b3261e"
    series: tuple[str, ...] = ("#0b4f8a", "#c8541a", "#111111", "#4c9ad4", "#4d2b04")
    shades: tuple[str, ...] = ("#eef1f3", "#d9dee3", "#bfc7ce")


THEMES = {
    "light": Palette(),
    # Roles change their lightness, not their hue: a chart is read alike on both grounds. Lighter than the
    # originals, as colours on dark have to be.
    "dark": Palette(
        ink="#f1f3f5",
        quiet="#a3aab1",
        rule="#6b737b",
        faint="#2b3137",
        paper="#14181c",
        exact="#a6d8ff",
        interval="#e0922f",
        interval_fill="#5c3d12",
        sign="#868e96",
        pooled="#ffffff",
        first="#a6d8ff",
        second="#d96a2b",
        first_tint="#3f78a6",
        second_tint="#7d3f1c",
        quiet_tint="#4a525a",
        low="#4fb985",
        some="#f0cf6a",
        high="#e5604f",
        series=("#a6d8ff", "#d96a2b", "#ffffff", "#3a78ab", "#e6b35c"),
        shades=("#20262c", "#2f373f", "#434d57"),
    ),
}
"""The colours by theme."""


@dataclass(frozen=True)
class Style:
    """Sizes of one medium.

    Attributes
    ----------
    name : str
        The medium, one of `MEDIA`.
    width : float
        Width of a new figure, inches.
    least_height : float
        Least height of a new figure, inches: 7.5 for a 16:9 slide, else as the rows need.
    most_height : float
        Most height of a page, inches: 7.5 for a slide, 9.7 (247 mm) for a journal's page, else none.
    text, small, title : float
        Sizes of body text, of notes and of the title, points.
    line : float
        Width of an ordinary line, points.
    row : float
        Height of a row of one line, as a multiple of the text size.
    colours : Palette
        The colours.
    least : float
        Least size of any text, points, even where a given `ax` is small.
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
    least: float = 7.0
    most_height: float = math.inf

    @property
    def least_factor(self) -> float:
        """Return the smallest factor for `scaled` that leaves every text its least size."""
        return min(1.0, self.least / min(self.text, self.small))

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
        "slide",
        width=13.333,
        least_height=7.5,
        text=18.0,
        small=18.0,
        title=26.0,
        line=2.2,
        row=1.55,
        least=18.0,
        most_height=7.5,
    ),
    # 183 mm: the double column of most journals; 7 pt is the least that they print, 247 mm their page.
    "journal": Style(
        "journal", width=7.2, least_height=0.0, text=7.5, small=7.0, title=9.0, line=0.9, most_height=9.7
    ),
    # 89 mm: the single column.
    "journal-single": Style(
        "journal-single",
        width=3.5,
        least_height=0.0,
        text=7.5,
        small=7.0,
        title=8.5,
        line=0.8,
        most_height=9.7,
    ),
}
"""The styles by medium, in the light theme."""

_MEDIUM: ContextVar[str] = ContextVar("evidence_charts_medium", default="notebook")
_THEME: ContextVar[str] = ContextVar("evidence_charts_theme", default="light")


@contextmanager
def chart_style(*, medium: str | None = None, theme: str | None = None) -> Iterator[None]:
    """Draw every chart inside a ``with`` for one medium and in one theme.

    Parameters
    ----------
    medium : str, optional
        ``"notebook"`` (10 in wide), ``"slide"`` (16:9, no text below 18 pt at 13.33 in; higher where
        a chart has more rows than a slide holds: `forest_pages` and its like cut it into slides),
        ``"journal"`` (double column, 183 mm, 7 to 9 pt) or ``"journal-single"`` (single column, 89 mm,
        7 to 8.5 pt). None leaves it as it is. The ``medium=`` of a chart itself comes first.
    theme : str, optional
        ``"light"`` or ``"dark"``. None leaves it as it is.

    Raises
    ------
    ModelError
        Where the medium or the theme is not known.

    Notes
    -----
    Nothing global is changed: afterwards, in another thread, and in figures that are already drawn, all
    is as before. Without it charts are light and for a notebook.

    Examples
    --------
    >>> import evidence as ev
    >>> effects = ev.effects_from([0.2, 0.5, 0.1], std_error=[0.2, 0.3, 0.25], study=["a", "b", "c"])
    >>> fit = ev.random_effects(effects)
    >>> with ev.chart_style(theme="dark", medium="slide"):
    ...     ax = ev.forest(fit)
    >>> ax.get_figure().get_facecolor()[0] < 0.1
    True
    """
    tokens = (
        _MEDIUM.set(medium_for(medium)),
        _THEME.set(_THEME.get() if theme is None else one_of("theme", theme, THEMES)),
    )
    try:
        yield
    finally:
        _MEDIUM.reset(tokens[0])
        _THEME.reset(tokens[1])


def medium_for(medium: str | None = None) -> str:
    """Return the medium that a chart is drawn for: its own, else that of `chart_style`, else a notebook.

    Raises
    ------
    ModelError
        Where the medium is not known.
    """
    return _MEDIUM.get() if medium is None else one_of("medium", medium, MEDIA)


def style_for(medium: str | None = None) -> Style:
    """Return the style of a medium in the theme of `chart_style`.

    Parameters
    ----------
    medium : str, optional
        One of `MEDIA`; None takes that of `chart_style`, else ``"notebook"``.

    Returns
    -------
    Style
        Its sizes and colours.

    Raises
    ------
    ModelError
        Where the medium is not known.
    """
    return replace(MEDIA[medium_for(medium)], colours=THEMES[_THEME.get()])
