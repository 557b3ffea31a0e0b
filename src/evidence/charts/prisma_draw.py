"""Boxes and arrows of a flow diagram, drawn in points of the sheet."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pandas as pd

from evidence.charts.canvas import Sheet, open_sheet
from evidence.charts.figures import available, enlarged, new_axes, room_for, room_style
from evidence.charts.prisma_layout import Box, Flow, plan_flow
from evidence.charts.style import POINTS, style_for
from evidence.charts.texts import text_width

if TYPE_CHECKING:
    from matplotlib.axes import Axes

__all__ = ["draw_flow"]

_LEAST_WIDTH = 30.0
"""Least width of a given `Axes`, as a multiple of the text size."""

_SIDEWAYS = (
    ("identified", "removed"),
    ("screened", "excluded"),
    ("sought", "not_retrieved"),
    ("assessed", "reports_excluded"),
    ("other_sought", "other_not_retrieved"),
    ("other_assessed", "other_reports_excluded"),
)
_DOWN = (
    ("identified", "screened"),
    ("screened", "sought"),
    ("sought", "assessed"),
    ("assessed", "included"),
    ("included", "total"),
    ("other_identified", "other_sought"),
    ("other_sought", "other_assessed"),
)


def draw_flow(rows: pd.DataFrame, message: str, medium: str, ax: Axes | None) -> Axes:
    """Draw the flow diagram of decided rows.

    Parameters
    ----------
    rows : DataFrame
        As from `prisma_rows`.
    message : str
        The title.
    medium : str
        Name of the style.
    ax : Axes or None
        Where to draw; None makes a figure as high as the boxes need (a slide is at least 16:9).

    Returns
    -------
    Axes
    """
    style, room = room_style(style_for(medium))
    if ax is None and room is not None:  # first in fewer words, then in smaller letters
        width, height = room
        style, factor = replace(style, most_height=height / POINTS), 1.0
        flow = plan_flow(rows, "", style, width)
        while flow.height > height and factor > style.least_factor:
            factor = max(factor * 0.94, style.least_factor)
            flow = plan_flow(rows, "", style.scaled(factor), width)
        if flow.height > height:
            width, height = room_for(room, width, flow.height)
            flow = plan_flow(rows, "", flow.style, width)
        ax = new_axes(width, height, style)
    elif ax is None:
        width = style.width * POINTS
        flow = plan_flow(rows, message, style, width)
        height = max(flow.height, style.least_height * POINTS)
        ax = new_axes(width, height, style)
    else:
        width, height = available(ax)
        factor = 1.0
        flow = plan_flow(rows, message, style, width)
        while flow.height > height and factor > style.least_factor:
            factor = max(factor * 0.94, style.least_factor)
            flow = plan_flow(rows, message, style.scaled(factor), width)
        if flow.height > height or width < _LEAST_WIDTH * flow.style.text:
            width, height = enlarged(ax, max(width, _LEAST_WIDTH * flow.style.text), 0.0)
            flow = plan_flow(rows, message, flow.style, width)
            width, height = enlarged(ax, width, flow.height)
    sheet = open_sheet(ax, flow.style, width, max(height, flow.height))
    ax.set_xlim(0.0, width)
    _draw(sheet, flow)
    return ax


def _draw(sheet: Sheet, flow: Flow) -> None:
    style, colours = sheet.style, sheet.style.colours
    pad = style.text * 0.9
    if flow.title:
        sheet.text(pad, pad, flow.title, size=style.title, bold=True, valign="top")
    for head in flow.heads:
        _rectangle(sheet, head, colours.faint, colours.rule)
        sheet.text(*head.middle, head.text, size=style.small, align="center", bold=True)
    for name, box in flow.stages:
        _rectangle(sheet, box, colours.faint, colours.rule)
        x, y = box.middle
        low = y + text_width(name, style.small, True) / 2
        sheet.text(x, low, name, size=style.small, bold=True, rotation=90.0)
    for key, box in flow.boxes.items():
        grey = key in ("previous", "total")
        _rectangle(sheet, box, colours.paper, colours.quiet if not grey else colours.rule)
        sheet.text(box.left + style.small * 0.5, box.middle[1], box.text, size=style.small)
    _draw_arrows(sheet, flow.boxes)


def _draw_arrows(sheet: Sheet, boxes: dict[str, Box]) -> None:
    for start, end in _SIDEWAYS:
        if start in boxes and end in boxes:
            y = boxes[start].middle[1]
            _arrow(sheet, [(boxes[start].right, y), (boxes[end].left, y)])
    for start, end in _DOWN:
        if start in boxes and end in boxes:
            x = boxes[start].middle[0]
            _arrow(sheet, [(x, boxes[start].bottom), (x, boxes[end].top)])
    included = boxes["included"]
    if "other_assessed" in boxes:  # down, and to the left into the included studies
        x, y = boxes["other_assessed"].middle[0], included.middle[1]
        _arrow(sheet, [(x, boxes["other_assessed"].bottom), (x, y), (included.right, y)])
    if "previous" in boxes:  # down, and to the right into the total
        x, y = boxes["previous"].middle[0], boxes["total"].middle[1]
        _arrow(sheet, [(x, boxes["previous"].bottom), (x, y), (boxes["total"].left, y)])


def _rectangle(sheet: Sheet, box: Box, face: str, edge: str) -> None:
    from matplotlib.patches import Rectangle

    sheet.ax.add_patch(
        Rectangle(
            (box.left, box.top),
            box.right - box.left,
            box.bottom - box.top,
            facecolor=face,
            edgecolor=edge,
            linewidth=sheet.style.line * 0.7,
            zorder=1.6,
        )
    )


def _arrow(sheet: Sheet, corners: list[tuple[float, float]]) -> None:
    """Draw a line through corners that ends in a head."""
    style = sheet.style
    size = style.small * 0.55
    (x0, y0), (x1, y1) = corners[-2:]
    marker = ("v" if y1 > y0 else "^") if abs(y1 - y0) > abs(x1 - x0) else (">" if x1 > x0 else "<")
    back = {"v": (0.0, -size / 2), "^": (0.0, size / 2), ">": (-size / 2, 0.0), "<": (size / 2, 0.0)}[marker]
    tip = (x1 + back[0], y1 + back[1])
    points = [*corners[:-1], tip]
    sheet.ax.plot(
        [x for x, _ in points],
        [y for _, y in points],
        color=style.colours.quiet,
        linewidth=style.line * 0.8,
        linestyle="-",
        marker="",
        solid_capstyle="butt",
        zorder=1.5,
    )
    sheet.ax.plot(
        [tip[0]],
        [tip[1]],
        marker=marker,
        markersize=size,
        color=style.colours.quiet,
        markeredgewidth=0.0,
        linestyle="",
        zorder=1.7,
    )
