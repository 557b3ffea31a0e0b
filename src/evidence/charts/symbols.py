"""Signs of a judgement in coloured discs: the symbols of the forest plot and of the risk-of-bias table."""

from __future__ import annotations

from dataclasses import dataclass

from evidence.charts.canvas import Sheet

__all__ = ["PITCH", "ROLES", "Symbol", "contrast", "draw_symbol"]

ROLES = ("low", "some", "high")
"""Judgements from good to bad: names of colours of the palette."""

PITCH = 1.75
"""Distance of neighbouring symbols, as a multiple of the text size."""

_DISC = 1.38
"""Width of a symbol, likewise: less than the height of a row, so that two rows do not touch."""


@dataclass(frozen=True)
class Symbol:
    """A judgement as it is shown.

    Attributes
    ----------
    sign : str
        ``"+"``, ``"?"`` or a minus; empty where nothing was judged.
    words : str
        What it means, for the key and the alternative text.
    role : str
        One of `ROLES`, or empty.
    sure : bool
        Whether somebody confirmed it: a filled disc, else an open one.
    """

    sign: str
    words: str
    role: str = ""
    sure: bool = True


def _luminance(colour: str) -> float:
    """Return the relative luminance of a colour as WCAG 2.1 defines it."""
    parts = [int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]
    red, green, blue = (c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in parts)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def contrast(one: str, two: str) -> float:
    """Return the contrast of two colours, 1 to 21, as WCAG 2.1 defines it."""
    low, high = sorted((_luminance(one), _luminance(two)))
    return (high + 0.05) / (low + 0.05)


def draw_symbol(sheet: Sheet, symbol: Symbol, x: float, y: float, size: float) -> None:
    """Draw a symbol around a point of the sheet, in points; `size` is that of its sign.

    The sign stands in ink or paper, whichever is easier to read on the disc; the rim keeps a light disc
    apart from the paper. Without colour the sign says the same.
    """
    palette = sheet.style.colours
    fill = getattr(palette, symbol.role) if symbol.role else palette.paper
    inside = fill if symbol.sure else palette.paper
    sheet.ax.plot(
        [x / sheet.width],
        [y],
        transform=sheet.ax.get_yaxis_transform(which="grid"),
        marker="o",
        markersize=size * (_DISC if symbol.role else _DISC * 0.5),
        linestyle="",
        markerfacecolor=inside,
        markeredgecolor=palette.ink if symbol.role and symbol.sure else fill if symbol.role else palette.rule,
        markeredgewidth=sheet.style.line * (0.45 if symbol.sure else 1.2),
        zorder=2.4,
    )
    ink = max((palette.ink, palette.paper), key=lambda colour: contrast(colour, inside))
    sheet.text(x, y, symbol.sign, size=size, colour=ink, align="center", bold=True)
