"""Lines and arrow heads of which marks are made, cut at the ends of the range."""

from __future__ import annotations

from evidence.charts.canvas import Sheet
from evidence.charts.scale import Scale

__all__ = ["draw_head", "draw_line", "draw_span", "draw_stop"]

LineStyle = str | tuple[float, tuple[float, float]]


def draw_line(
    sheet: Sheet, xs: list[float], ys: list[float], colour: str, width: float, style: LineStyle = "-"
) -> None:
    """Draw one plain line in data coordinates."""
    sheet.ax.plot(
        xs,
        ys,
        color=colour,
        linewidth=width,
        linestyle=style,
        marker="",
        solid_capstyle="butt",
        dash_capstyle="butt",
        zorder=2.2,
    )


def draw_head(sheet: Sheet, scale: Scale, y: float, rightwards: bool, size: float, colour: str) -> None:
    """Draw an arrow head whose tip is at an end of the range."""
    tip = scale.right if rightwards else scale.left
    x = scale.value(tip - size / 2 if rightwards else tip + size / 2)
    sheet.ax.plot(
        [x],
        [y],
        marker=">" if rightwards else "<",
        markersize=size,
        color=colour,
        markeredgewidth=0.0,
        linestyle="",
        zorder=2.4,
    )


def draw_span(
    sheet: Sheet,
    scale: Scale,
    low: float,
    high: float,
    y: float,
    colour: str,
    width: float,
    style: LineStyle = "-",
) -> None:
    """Draw a line between two values; where it leaves the range it ends in an arrow head."""
    size = max(width * 3.2, sheet.style.text * 0.55)
    left_out, right_out = low < scale.low, high > scale.high
    if high < scale.low or low > scale.high:  # wholly outside: only the head says where it is
        draw_head(sheet, scale, y, high > scale.high, size, colour)
        return
    start = scale.value(scale.left + size / 2) if left_out else low
    end = scale.value(scale.right - size / 2) if right_out else high
    if end > start:
        draw_line(sheet, [start, end], [y, y], colour, width, style)
    if left_out:
        draw_head(sheet, scale, y, False, size, colour)
    if right_out:
        draw_head(sheet, scale, y, True, size, colour)


def draw_stop(
    sheet: Sheet, scale: Scale, x: float, y: float, height: float, colour: str, width: float
) -> None:
    """Draw a short upright line at a value that lies in the range."""
    if scale.low <= x <= scale.high:
        draw_line(sheet, [x, x], [y - height / 2, y + height / 2], colour, width)
