"""A grid of cells with names at its left and above: for effect-direction plots and evidence maps."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from evidence.charts.canvas import Sheet, open_sheet
from evidence.charts.figures import available, enlarged, new_axes, room_for, room_style
from evidence.charts.grid_parts import Grid, GridPlan
from evidence.charts.grid_plan import key_item, plan_grid, title_height
from evidence.charts.style import POINTS, Style, style_for
from evidence.charts.texts import line_height

if TYPE_CHECKING:
    from matplotlib.axes import Axes

__all__ = ["key_places", "open_grid"]


def open_grid(grid: Grid, medium: str, ax: Axes | None) -> tuple[GridPlan, Sheet, list[float], float]:
    """Plan a grid for a new figure or a given `Axes` and draw its names, rules, title and notes.

    Parameters
    ----------
    grid : Grid
        What is said.
    medium : str
        Name of the style.
    ax : Axes or None
        Where to draw; None makes a figure as high as the rows need.

    Returns
    -------
    tuple
        The plan, the sheet, the middles of the rows, and the top of the key.
    """
    style, room = room_style(style_for(medium))
    if ax is None and room is not None:
        grid = replace(grid, title="")
        plan, (width, height) = _wide_enough(grid, style, *room)
        if (width, height) != room:
            width, height = room_for(room, width, height)
            plan = _shrunk(grid, style, width, height)
        ax = new_axes(width, height, style)
    elif ax is None:
        width = style.width * POINTS
        plan = plan_grid(grid, style, width)
        plan = _squeezed(plan, style.most_height * POINTS)
        height = max(plan.height, style.least_height * POINTS)
        ax = new_axes(width, height, style)
    else:
        has = available(ax)
        plan, (width, height) = _wide_enough(grid, style, *has)
        if (width, height) != has:
            width, height = enlarged(ax, width, height)
            plan = plan_grid(grid, plan.style, width)
    plan = _stretched(plan, height)
    sheet = open_sheet(ax, plan.style, width, max(plan.height, height))
    ax.set_xlim(0.0, width)
    return (plan, sheet, *_draw(plan, sheet))


def _wide_enough(
    grid: Grid, style: Style, width: float, height: float
) -> tuple[GridPlan, tuple[float, float]]:
    """Return the plan for a given size, and that size: a greater one where the least letters do not fit."""
    plan = _shrunk(grid, style, width, height)
    if _fits(plan, height):
        return plan, (width, height)
    lacks = max(grid.least_cell * plan.style.text * 0.9 - plan.cell, 0.0)
    width = plan.width + lacks * len(grid.columns)
    return plan, (width, max(height, plan_grid(grid, plan.style, width).height))


def _shrunk(grid: Grid, style: Style, width: float, height: float) -> GridPlan:
    factor = 1.0
    while True:
        plan = plan_grid(grid, style.scaled(factor), width)
        if factor <= style.least_factor or _fits(plan, height):
            return _squeezed(plan, height)
        factor = max(factor * 0.94, style.least_factor)


def _fits(plan: GridPlan, height: float) -> bool:
    """Tell whether a plan keeps to a height and leaves the cells their least width."""
    return plan.height <= height and plan.cell >= plan.grid.least_cell * plan.style.text * 0.9


def _squeezed(plan: GridPlan, height: float) -> GridPlan:
    """Return the plan with lower rows where that makes it keep to the height of a page."""
    em, total = plan.style.text, sum(plan.row_heights)
    if plan.height <= height or not total:
        return plan
    factor = (height - plan.height) / total + 1.0
    rows = tuple(
        max(row * factor, plan.grid.least_height * em, line_height(em, name.count("\n") + 1) + em * 0.2)
        for row, name in zip(plan.row_heights, plan.grid.rows, strict=True)
    )
    fits = plan.height - total + sum(rows) <= height + 1e-6
    return replace(plan, height=plan.height - total + sum(rows), row_heights=rows) if fits else plan


def _stretched(plan: GridPlan, height: float) -> GridPlan:
    """Return the plan with higher rows, at most by 70 %, where there is room."""
    total = sum(plan.row_heights)
    if height <= plan.height or not total:
        return plan
    factor = 1.0 + min((height - plan.height) / total, 0.7)
    return replace(plan, height=height, row_heights=tuple(h * factor for h in plan.row_heights))


def _draw(plan: GridPlan, sheet: Sheet) -> tuple[list[float], float]:
    """Draw names, rules, title and notes; return the middles of the rows and the top of the key."""
    style, grid, y = plan.style, plan.grid, plan.pad
    right = plan.left + plan.cell * len(grid.columns)
    sheet.text(plan.pad, y, grid.title, size=style.title, bold=True, valign="top")
    y += title_height(plan) + plan.heads
    sheet.text(plan.pad, y - style.small * 0.5, grid.row_head, size=style.small, bold=True, valign="bottom")
    for x, name in zip(plan.centres, grid.columns, strict=True):
        if plan.turned:
            lines = name.split("\n")
            at = x - plan.cell / 2 + style.small if grid.left_aligned else x
            at -= 0.0 if grid.left_aligned else line_height(style.small, len(lines) - 1) / 2
            for i, line in enumerate(lines):
                along = at + line_height(style.small, i)
                sheet.text(along, y - style.small * 0.5, line, size=style.small, bold=True, rotation=90.0)
        else:
            at = x - plan.cell / 2 + style.text * 0.2 if grid.left_aligned else x
            sheet.text(
                at,
                y - style.small * 0.5,
                name,
                size=style.small,
                bold=True,
                valign="bottom",
                align="left" if grid.left_aligned else "center",
            )
    sheet.rule(y, left=plan.pad, right=right, strong=True)
    middles = []
    for i, height in enumerate(plan.row_heights):
        if i:
            sheet.rule(y, left=plan.pad, right=right, strong=i in grid.rules)
        middles.append(y + height / 2)
        sheet.text(plan.pad, middles[-1], grid.rows[i])
        y += height
    top = y + style.small * 0.9
    y = top + len(plan.key_lines) * style.small * 1.75 + style.small * 0.3
    for note in grid.foot:
        sheet.text(plan.pad, y, note, size=style.small, colour=style.colours.quiet, valign="top")
        y += line_height(style.small, note.count("\n") + 1) + style.small * 0.35
    return middles, top


def key_places(plan: GridPlan, sheet: Sheet, top: float) -> Sequence[tuple[float, float]]:
    """Write the words of the key and return the middle of each symbol's place."""
    places = []
    small = plan.style.small
    for n, line in enumerate(plan.key_lines):
        x, y = plan.pad, top + (n + 0.5) * small * 1.75
        for i in line:
            places.append((x + small * 0.9, y))
            sheet.text(x + small * 2.4, y, plan.grid.key[i], size=small, colour=plan.style.colours.quiet)
            x += key_item(plan.grid.key[i], plan.style)
    return places
