"""The marks of results: one shape for each way in which a result is known.

A square with whiskers is a value with its interval; a band is a result of which the print gives bounds
only; a dotted arrow is a side of the line; a diamond is a pooled value; a bar that starts at a stop and
runs off as an arrow is a limit on one side. Shapes differ, not only colours.
"""

from __future__ import annotations

import math

from evidence.charts.canvas import Sheet
from evidence.charts.mark_lines import draw_head, draw_line, draw_span, draw_stop
from evidence.charts.scale import Scale

__all__ = [
    "band",
    "change",
    "circle",
    "diamond",
    "dot",
    "fitted_value",
    "limit_bar",
    "side_arrow",
    "square",
    "thin_band",
    "thin_interval",
]


def square(
    sheet: Sheet,
    scale: Scale,
    y: float,
    estimate: float,
    low: float,
    high: float,
    side: float,
    *,
    filled: bool = True,
) -> None:
    """Draw a value and its interval; `side` of the square in points. Open where it was not pooled."""
    style = sheet.style
    if math.isfinite(low) and math.isfinite(high):
        draw_span(sheet, scale, low, high, y, style.colours.exact, style.line)
    if scale.low <= estimate <= scale.high:
        sheet.ax.plot(
            [estimate],
            [y],
            marker="s",
            markersize=side,
            color=style.colours.exact,
            linestyle="",
            markerfacecolor=style.colours.exact if filled else style.colours.paper,
            markeredgewidth=style.line,
            markeredgecolor=style.colours.exact,
            zorder=2.6,
        )
    else:
        draw_head(sheet, scale, y, estimate > scale.high, max(side, style.text * 0.6), style.colours.exact)


def band(sheet: Sheet, scale: Scale, y: float, low: float, high: float, height: float) -> None:
    """Draw bounds as the band they are: closed at a finite end, an arrow at an infinite one, no point."""
    from matplotlib.patches import Polygon

    style = sheet.style
    point = height * 0.9
    left_open, right_open = low < scale.low, high > scale.high
    start = scale.left if left_open else min(scale.points(min(low, scale.high)), scale.right - 2 * point)
    end = scale.right if right_open else max(scale.points(max(high, scale.low)), scale.left + 2 * point)
    up, down = y - height / 2, y + height / 2
    left = (
        [(start + point, down), (start, y), (start + point, up)]
        if left_open
        else [(start, down), (start, up)]
    )
    right = [(end - point, up), (end, y), (end - point, down)] if right_open else [(end, up), (end, down)]
    outline = [(scale.value(x), at) for x, at in (*left, *right)]
    sheet.ax.add_patch(
        Polygon(
            outline,
            closed=True,
            facecolor=style.colours.interval_fill,
            edgecolor=style.colours.interval,
            linewidth=style.line * 0.8,
            joinstyle="miter",
            zorder=2.0,
        )
    )


def thin_band(sheet: Sheet, scale: Scale, y: float, low: float, high: float, height: float) -> None:
    """Draw bounds where there is no room for a band: a plain stroke, with arrow heads at open ends."""
    style = sheet.style
    start, end = max(low, scale.low), min(high, scale.high)
    if end > start:
        draw_line(sheet, [start, end], [y, y], style.colours.interval, max(height * 0.6, style.line * 0.5))
    for out, rightwards in ((low < scale.low, False), (high > scale.high, True)):
        if out:
            draw_head(sheet, scale, y, rightwards, max(height, style.text * 0.3), style.colours.interval)


def side_arrow(sheet: Sheet, scale: Scale, y: float, start: float, *, rightwards: bool) -> None:
    """Draw a side of the line of no difference: a dotted arrow away from the line, begun by a ring."""
    style = sheet.style
    low, high = (start, math.inf) if rightwards else (-math.inf, start)
    draw_span(sheet, scale, low, high, y, style.colours.sign, style.line, (0, (1.2, 1.6)))
    sheet.ax.plot(
        [start],
        [y],
        marker="o",
        markersize=style.text * 0.32,
        linestyle="",
        zorder=2.5,
        markerfacecolor=style.colours.paper,
        markeredgecolor=style.colours.sign,
        markeredgewidth=style.line * 0.8,
    )


def diamond(
    sheet: Sheet,
    scale: Scale,
    y: float,
    estimate: float,
    low: float,
    high: float,
    height: float,
    *,
    filled: bool = True,
    colour: str = "",
) -> None:
    """Draw a pooled value: a diamond from limit to limit, cut with an arrow head at the range's ends."""
    from matplotlib.patches import Polygon

    style = sheet.style
    colour = colour or style.colours.pooled
    ends = max(low, scale.low), min(high, scale.high)
    middle = min(max(estimate, ends[0]), ends[1])
    corners = [(ends[0], y), (middle, y - height / 2), (ends[1], y), (middle, y + height / 2)]
    sheet.ax.add_patch(
        Polygon(
            corners,
            closed=True,
            edgecolor=colour,
            linewidth=style.line,
            joinstyle="miter",
            facecolor=colour if filled else style.colours.paper,
            zorder=2.6,
        )
    )
    size = style.text * 0.6
    if low < scale.low:
        draw_head(sheet, scale, y, False, size, colour)
    if high > scale.high:
        draw_head(sheet, scale, y, True, size, colour)


def limit_bar(
    sheet: Sheet, scale: Scale, y: float, low: float, high: float, height: float, *, colour: str = ""
) -> None:
    """Draw a one-sided pooled result: a thick bar with a stop at its limit that runs off as an arrow."""
    style = sheet.style
    colour = colour or style.colours.pooled
    draw_span(sheet, scale, low, high, y, colour, style.line * 2.4)
    for end in (low, high):
        if math.isfinite(end):
            draw_stop(sheet, scale, end, y, height, colour, style.line * 2.0)


def thin_interval(sheet: Sheet, scale: Scale, y: float, low: float, high: float, height: float) -> None:
    """Draw a prediction interval: a thin line with small stops."""
    style = sheet.style
    draw_span(sheet, scale, low, high, y, style.colours.pooled, style.line * 0.9)
    for end in (low, high):
        draw_stop(sheet, scale, end, y, height, style.colours.pooled, style.line * 0.9)


def fitted_value(sheet: Sheet, scale: Scale, y: float, value: float, height: float) -> None:
    """Draw the mean at the moderators of a row: a slim open diamond behind its square."""
    if not scale.low <= value <= scale.high:
        return
    style = sheet.style
    sheet.ax.plot(
        [value],
        [y],
        marker="d",
        markersize=height * 1.25,
        linestyle="",
        markerfacecolor=style.colours.interval_fill,
        markeredgecolor=style.colours.interval,
        markeredgewidth=style.line * 0.8,
        zorder=2.05,
    )


def dot(sheet: Sheet, scale: Scale, y: float, estimate: float, low: float, high: float, colour: str) -> None:
    """Draw a pooled value as a disc on a thick interval: the mark that carries to the last row of a room."""
    style = sheet.style
    draw_span(sheet, scale, low, high, y, colour, style.line * 3.0)
    if scale.low <= estimate <= scale.high:
        sheet.ax.plot(
            [estimate],
            [y],
            marker="o",
            markersize=style.text * 0.8,
            color=colour,
            linestyle="",
            markeredgecolor=style.colours.paper,
            markeredgewidth=style.line * 0.8,
            zorder=2.8,
        )


def circle(sheet: Sheet, scale: Scale, y: float, value: float, across: float) -> None:
    """Draw one effect as a disc with an edge, so that neighbours stay apart; beyond the range as a head."""
    style = sheet.style
    if not scale.low <= value <= scale.high:
        draw_head(sheet, scale, y, value > scale.high, style.text * 0.5, style.colours.exact)
        return
    sheet.ax.plot(
        [value],
        [y],
        marker="o",
        markersize=across,
        color=style.colours.exact,
        linestyle="",
        markeredgecolor=style.colours.paper,
        markeredgewidth=min(style.line * 0.5, across * 0.15),
        zorder=2.5,
    )


def change(sheet: Sheet, y: float, before: float, after: float, across: float, *, first: bool) -> None:
    """Draw a mean before and after, as values of the x axis: the first arm filled, the second open."""
    style = sheet.style
    colour = style.colours.first if first else style.colours.second
    draw_line(sheet, [before, after], [y, y], colour, style.line * 1.5)
    sheet.ax.plot(
        [before],
        [y],
        marker="|",
        markersize=across * 0.8,
        color=colour,
        linestyle="",
        markeredgewidth=style.line * 1.2,
        zorder=2.4,
    )
    sheet.ax.plot(
        [after],
        [y],
        marker="o",
        markersize=across * 0.85,
        linestyle="",
        markerfacecolor=colour if first else style.colours.paper,
        markeredgecolor=colour,
        markeredgewidth=style.line * 1.1,
        zorder=2.6,
    )
