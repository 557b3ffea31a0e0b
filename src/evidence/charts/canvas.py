"""Where a chart is drawn: figures, measured text, and a sheet whose unit is the point.

A chart here is a table with a picture in one of its columns. Both live in one `Axes`, so that
"`ax` in, the same `Axes` out" holds and a chart can be a panel of a larger figure. Downwards the sheet is
measured in points from the top (``ylim`` runs from the height to 0); sideways, texts stand at a
fraction of the width, and the data axis of the picture keeps its own scale.

Texts are measured with the outlines of the font, which needs no renderer: the layout does not
depend on the backend that later draws it.
"""

from __future__ import annotations

import re
import sys
import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import TYPE_CHECKING, Any, Literal

from evidence.charts.fonts import families_for, is_breakable, lost_letters, shown
from evidence.charts.said import note_lost
from evidence.charts.style import POINTS, Style
from evidence.charts.words import clean
from evidence.errors import ModelError

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

__all__ = [
    "LEAST_IN_ROOM",
    "Sheet",
    "available",
    "balanced",
    "elide",
    "enlarged",
    "line_height",
    "narrowest",
    "new_axes",
    "off_screen",
    "open_sheet",
    "room",
    "room_for",
    "room_style",
    "text_width",
    "widest",
    "wrap",
]

_HINTING = 1.035
"""Renderers fit glyphs to pixels: drawn text is up to 3 % wider than its outlines."""

_ASCENT, _CAPITAL, _DESCENT = 0.93, 0.73, 0.24
"""Of the font, as shares of its size: top of accents, height of capitals, depth of descenders."""

_LONG = 256
"""Letters that are measured before the whole of a longer text is."""

LEADING = 1.25
"""Distance of two lines of one text, as a multiple of its size."""


@lru_cache(maxsize=20_000)
def text_width(text: str, size: float, bold: bool = False) -> float:
    """Return the width of one line of text in points."""
    from matplotlib.font_manager import FontProperties
    from matplotlib.textpath import TextToPath

    text = shown(text)
    font = FontProperties(family=families_for(text), size=size, weight="bold" if bold else "normal")
    with warnings.catch_warnings():  # a glyph that the font lacks is a box, and reported where it is drawn
        warnings.simplefilter("ignore", UserWarning)
        width, _, _ = TextToPath().get_text_width_height_descent(text, font, False)
    return float(width) * _HINTING


def widest(texts: Sequence[str], size: float, bold: bool = False) -> float:
    """Return the width of the widest line among texts, which may have several lines each."""
    lines = [line for text in texts for line in text.split("\n")]
    return max((text_width(line, size, bold) for line in lines), default=0.0)


def line_height(size: float, lines: int = 1) -> float:
    """Return the height of a text of so many lines, in points."""
    return size * LEADING * lines


def elide(text: str, width: float, size: float, bold: bool = False) -> str:
    """Return the text, or as much of it as fits and an ellipsis."""

    def fits(letters: int) -> bool:
        return text_width(text[:letters].rstrip() + "\u2026", size, bold) <= width

    # Of a very long text only a beginning is measured: where that does not fit, the whole does not.
    if (len(text) <= _LONG or fits(_LONG)) and text_width(text, size, bold) <= width:
        return text
    low, high = 0, 16
    while high < len(text) and fits(high):
        low, high = high, 2 * high
    high = min(high, len(text))
    while low < high:  # the longest beginning that fits: width grows with every character
        middle = (low + high + 1) // 2
        if fits(middle):
            low = middle
        else:
            high = middle - 1
    return text[:low].rstrip() + "\u2026"


def wrap(
    text: str, width: float, size: float, *, most: int = 99, bold: bool = False, keep_end: bool = False
) -> str:
    """Return the text broken at spaces to a width in points.

    Beyond `most` lines it ends in an ellipsis; with `keep_end` its last word (the year of a study) stays
    behind the ellipsis.
    """
    lines: list[str] = []
    for paragraph in text.split("\n"):
        current = ""
        for word in _words(paragraph, width, size, bold):
            longer = f"{current} {word}" if current else word
            if current and text_width(longer, size, bold) > width:
                lines.append(current)
                current = word
            else:
                current = longer
        lines.append(current)
    if len(lines) > most:
        rest = " ".join(lines[most - 1 :])
        head, _, end = rest.rpartition(" ")
        if keep_end and head:
            room = width - text_width(f" {end}", size, bold)
            rest = f"{elide(head, room, size, bold)} {end}"
        lines = [*lines[: most - 1], rest]
    return "\n".join(elide(line, width, size, bold) for line in lines)


def _words(text: str, width: float, size: float, bold: bool) -> list[str]:
    """Return the parts between which a line may be broken: words, and of a name without spaces its lines."""
    parts: list[str] = []
    for word in text.split(" "):
        if word.isascii() or text_width(word, size, bold) <= width or not any(map(is_breakable, word)):
            parts.append(word)
            continue
        parts.append("")
        for letter in word:
            if parts[-1] and is_breakable(letter) and text_width(parts[-1] + letter, size, bold) > width:
                parts.append("")
            parts[-1] += letter
    return parts


def narrowest(text: str, most_width: float, size: float, lines: int, *, bold: bool = False) -> float:
    """Return the least width in which a text needs no more lines than given, or its width of one line."""
    low, high = 0.0, min(widest([text], size, bold), most_width)
    for _ in range(12):  # to a four-thousandth of the width
        middle = (low + high) / 2
        broken = wrap(text, middle, size, bold=bold)
        if broken.count("\n") < lines and broken.count("\u2026") == text.count("\u2026"):
            high = middle
        else:
            low = middle
    return high


def balanced(text: str, width: float, size: float, *, bold: bool = False) -> str:
    """Return the text broken to a width in lines of about equal length: no last word stands alone."""
    text = re.sub(r"(\d+) of (\d+)", "\\1\u00a0of\u00a0\\2", text)  # "1 of 6" stays in one line
    lines = wrap(text, width, size, bold=bold).count("\n") + 1
    return wrap(text, narrowest(text, width, size, lines, bold=bold) * 1.001, size, bold=bold)


def available(ax: Axes) -> tuple[float, float]:
    """Return width and height of an existing `Axes` in points."""
    box = ax.get_window_extent()
    dpi = ax.get_figure(root=True).dpi if ax.get_figure(root=True) is not None else 100.0  # type: ignore[union-attr]
    return float(box.width) * POINTS / dpi, float(box.height) * POINTS / dpi


def enlarged(ax: Axes, width: float, height: float) -> tuple[float, float]:
    """Return the size of an existing `Axes`, after its figure grew until the `Axes` has at least this size.

    Words that nobody can read, or that lie on each other, are worse than a figure that is larger than was
    asked for. A figure that is large enough stays as it is.

    Parameters
    ----------
    ax : Axes
        Where a chart will be drawn.
    width, height : float
        What it needs, points.

    Raises
    ------
    ModelError
        Where the `Axes` does not grow with its figure, or the figure would become larger than 100 in.
    """
    figure = ax.get_figure(root=True)
    assert figure is not None
    for _ in range(8):  # a layout engine, or a colour bar beside it, takes its part anew each time
        now = available(ax)
        if now[0] >= width * 0.999 and now[1] >= height * 0.999:
            return now
        old = figure.get_size_inches()
        size = old[0] * max(1.0, width / now[0]), old[1] * max(1.0, height / now[1])
        if max(size) > _LARGEST:
            break
        figure.set_size_inches(*size)
        if (engine := figure.get_layout_engine()) is not None:
            engine.execute(figure)
    needed, has = (f"{w / POINTS:.1f} x {h / POINTS:.1f} in" for w, h in ((width, height), now))
    raise ModelError(
        f"this chart needs an Axes of at least {needed} for its letters to be read, and has {has}; give a "
        "larger one, or none (ax=None)"
    )


_LARGEST = 100.0
"""Longest side of a figure that grows, inches."""

_OFF_SCREEN: ContextVar[bool] = ContextVar("evidence_charts_off_screen", default=False)


@contextmanager
def off_screen() -> Iterator[None]:
    """Make figures that are only saved: pyplot does not learn of them, a notebook does not show them."""
    token = _OFF_SCREEN.set(True)
    try:
        yield
    finally:
        _OFF_SCREEN.reset(token)


_ROOM: ContextVar[tuple[float, float] | None] = ContextVar("evidence_charts_room", default=None)


@contextmanager
def room(width: float, height: float) -> Iterator[None]:
    """Draw new charts into a size in points and without their title: a slide that holds them has its own."""
    token = _ROOM.set((width, height))
    try:
        yield
    finally:
        _ROOM.reset(token)


LEAST_IN_ROOM = 14.0
"""Least size of any text within `room`, points: a slide has its title apart, and the picture is one part."""


def room_style(style: Style) -> tuple[Style, tuple[float, float] | None]:
    """Return the style within `room`, whose letters may be smaller, and its size; None outside of it."""
    size = _ROOM.get()
    return (style, None) if size is None else (replace(style, least=min(style.least, LEAST_IN_ROOM)), size)


def room_for(size: tuple[float, float], width: float, height: float) -> tuple[float, float]:
    """Return a size of the proportions of a room in which a chart of another size fits: the room, if it may.

    A chart that needs more than the room is drawn larger and not on itself. Its letters are then too small
    once it stands in the room, which whoever opened the room can measure.
    """
    factor = max(1.0, width / size[0], height / size[1])
    return size[0] * factor, size[1] * factor


def _pyplot_shows_figures() -> bool:
    """Tell whether a figure has to be known to pyplot to be seen: in IPython, or where pyplot is in use."""
    if _OFF_SCREEN.get():
        return False
    if "matplotlib.pyplot" in sys.modules:
        return True
    ipython: Any = sys.modules.get("IPython")
    return ipython is not None and ipython.get_ipython() is not None


def new_axes(width: float, height: float, style: Style) -> Axes:
    """Return the only `Axes` of a new figure, filling it.

    Parameters
    ----------
    width, height : float
        Size in points.
    style : Style
        For the background.

    Returns
    -------
    Axes
        In a figure of pyplot where pyplot is in use or IPython runs (else a notebook could not
        display it), in a bare `Figure` with an Agg canvas otherwise: a build leaves no state
        behind. The backend is whatever the user has chosen.
    """
    size = (width / POINTS, height / POINTS)
    figure: Figure
    if _pyplot_shows_figures():
        import matplotlib.pyplot as plt

        figure = plt.figure(figsize=size, dpi=100.0, facecolor=style.colours.paper, layout="none")
    else:
        from matplotlib.backends.backend_agg import FigureCanvasAgg
        from matplotlib.figure import Figure as BareFigure

        figure = BareFigure(figsize=size, dpi=100.0, facecolor=style.colours.paper)
        figure.set_layout_engine("none")
        FigureCanvasAgg(figure)
    return figure.add_axes((0.0, 0.0, 1.0, 1.0))


@dataclass(frozen=True)
class Sheet:
    """An `Axes` prepared for a layout in points.

    Attributes
    ----------
    ax : Axes
        Where everything is drawn.
    style : Style
        Sizes and colours.
    width, height : float
        Size in points.
    """

    ax: Axes
    style: Style
    width: float
    height: float

    def text(
        self,
        x: float,
        y: float,
        text: str,
        *,
        size: float | None = None,
        colour: str | None = None,
        align: Literal["left", "center", "right"] = "left",
        valign: Literal["top", "center", "bottom"] = "center",
        bold: bool = False,
        rotation: float = 0.0,
    ) -> None:
        """Write a text at a point, both in points from the top left; dollar signs stay dollar signs.

        Each line is an artist of its own, set on its base line: the distance of lines is then ours on
        every version of matplotlib, and neighbouring texts stand level whatever letters they hold.
        """
        size = size or self.style.text
        lines = text.split("\n")
        first = {
            "top": y + size * _ASCENT,
            "center": y + size * _CAPITAL / 2 - line_height(size, len(lines) - 1) / 2,
            "bottom": y - size * _DESCENT - line_height(size, len(lines) - 1),
        }[valign]
        for i, line in enumerate(lines):
            if line:
                self._line(
                    x,
                    y if rotation else first + line_height(size, i),
                    line,
                    size,
                    colour or self.style.colours.ink,
                    align,
                    bold,
                    rotation,
                )

    def _line(
        self, x: float, y: float, text: str, size: float, colour: str, align: str, bold: bool, rotation: float
    ) -> None:
        """Write one line of text on its base line; a turned one upwards from its lower end."""
        if lost := lost_letters(text):
            note_lost(self.ax, lost)
        self.ax.text(
            x / self.width,
            y,
            shown(clean(text).replace("\t", " ")),  # what has no shape in print cannot be drawn
            transform=self.ax.get_yaxis_transform(which="grid"),
            fontfamily=families_for(text),
            fontsize=size,
            fontweight="bold" if bold else "normal",
            fontstyle="normal",
            color=colour,
            ha="center" if rotation else align,
            va="bottom" if rotation else "baseline",
            rotation=rotation,
            parse_math=False,
        )

    def rule(self, y: float, *, left: float = 0.0, right: float | None = None, strong: bool = False) -> None:
        """Draw a horizontal rule between two points of the width."""
        self.ax.plot(
            [left / self.width, (self.width if right is None else right) / self.width],
            [y, y],
            transform=self.ax.get_yaxis_transform(which="grid"),
            color=self.style.colours.ink if strong else self.style.colours.rule,
            linewidth=self.style.line * (0.8 if strong else 0.5),
            linestyle="-",
            marker="",
            solid_capstyle="butt",
            zorder=1.5,
        )


def open_sheet(ax: Axes, style: Style, width: float, height: float) -> Sheet:
    """Clear the scales of an `Axes` and measure it in points downwards."""
    ax.set_facecolor(style.colours.paper)
    ax.set_autoscale_on(False)
    ax.set_ylim(height, 0.0)
    ax.grid(visible=False)
    for side in ("left", "right", "top", "bottom"):
        ax.spines[side].set_visible(False)
    ax.tick_params(
        axis="both",
        which="both",
        left=False,
        right=False,
        top=False,
        bottom=False,
        labelleft=False,
        labelright=False,
        labeltop=False,
        labelbottom=False,
    )
    return Sheet(ax, style, width, height)
