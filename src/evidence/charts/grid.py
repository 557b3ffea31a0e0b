"""A grid of cells with names at its left and above: for effect-direction plots and evidence maps."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from evidence.charts.canvas import (
    Sheet,
    available,
    balanced,
    enlarged,
    line_height,
    narrowest,
    new_axes,
    open_sheet,
    room_for,
    room_style,
    text_width,
    widest,
    wrap,
)
from evidence.charts.style import POINTS, Style, style_for
from evidence.charts.table_widths import split_word

if TYPE_CHECKING:
    from matplotlib.axes import Axes

__all__ = ["Grid", "GridPlan", "key_places", "open_grid", "plan_grid"]


_LITTLE = 12.0
"""Width of the names, as a multiple of the text size, below which they take up to four lines."""


@dataclass(frozen=True)
class Grid:
    """What a grid says, before it has a size.

    Attributes
    ----------
    rows, columns : tuple of str
        Names at the left and above.
    title : str
        One message, set above.
    row_head : str
        Head of the names at the left.
    foot : tuple of str
        Notes below.
    key : tuple of str
        Words of the key; its symbols are the chart's.
    cell_height : float
        Height of a cell as a multiple of the text size.
    least_height : float
        Least height of a cell on a page that is full, likewise.
    least_cell : float
        Least width of a cell as a multiple of the text size.
    rules : frozenset of int
        Rows that begin with a rule.
    also : tuple of str
        Names on other pages: all pages leave the names at the left the same width.
    left_aligned : bool
        Whether cells and the names above begin at the left edge of their column.
    """

    rows: tuple[str, ...]
    columns: tuple[str, ...]
    title: str = ""
    row_head: str = ""
    foot: tuple[str, ...] = ()
    key: tuple[str, ...] = ()
    cell_height: float = 1.7
    least_height: float = 1.45
    least_cell: float = 2.6
    rules: frozenset[int] = frozenset()
    left_aligned: bool = False
    also: tuple[str, ...] = ()


@dataclass(frozen=True)
class GridPlan:
    """Where everything stands, in points.

    Attributes
    ----------
    grid : Grid
        With texts wrapped.
    style : Style
        Sizes and colours.
    width, height : float
        Of the sheet.
    label_width, cell : float
        Widths of the names and of a cell.
    turned : bool
        Whether the names above are written upwards.
    heads : float
        Their height.
    row_heights : tuple of float
        Heights of the rows.
    key_lines : tuple of tuple of int
        Items of the key, line by line.
    """

    grid: Grid
    style: Style
    width: float
    height: float
    label_width: float
    cell: float
    turned: bool
    heads: float
    row_heights: tuple[float, ...]
    key_lines: tuple[tuple[int, ...], ...]

    @property
    def pad(self) -> float:
        """Return the margin."""
        return self.style.text * 0.9

    @property
    def left(self) -> float:
        """Return where the cells begin."""
        return self.pad + self.label_width + self.style.text

    @property
    def centres(self) -> list[float]:
        """Return the middles of the columns."""
        return [self.left + (i + 0.5) * self.cell for i in range(len(self.grid.columns))]


def _key_item(words: str, style: Style) -> float:
    return style.small * 2.6 + text_width(words, style.small) + style.small * 1.6


def _key_lines(grid: Grid, style: Style, width: float) -> tuple[tuple[int, ...], ...]:
    lines: list[list[int]] = []
    used = width + 1
    for i, words in enumerate(grid.key):
        need = _key_item(words, style)
        if used + need > width:
            lines.append([])
            used = 0.0
        lines[-1].append(i)
        used += need
    return tuple(tuple(line) for line in lines)


def plan_grid(grid: Grid, style: Style, width: float) -> GridPlan:
    """Decide where everything stands; the names at the left give way before the cells do."""
    pad, em = style.text * 0.9, style.text
    room = width - 2 * pad - em
    wanted = max(widest((*grid.rows, *grid.also), em), widest([grid.row_head], style.small, True))
    least = grid.least_cell * em * len(grid.columns)
    label = min(wanted, max(room - least, em * 7.0), room * 0.5)
    level = widest([word for name in grid.columns for word in name.split()], style.small, True) + em * 0.4
    if label > room - level * len(grid.columns) > label * 0.75:  # names give way a little for level heads
        label = room - level * len(grid.columns)
    cell = min((room - label) / max(len(grid.columns), 1), em * 13.0)
    turned = level > cell * 1.0001
    if turned:
        most = 2 if cell > line_height(style.small, 2) * 1.1 else 1
        long = (narrowest(name, em * 16.0, style.small, most, bold=True) for name in grid.columns)
        heads = max(long, default=0.0) * 1.01 + style.small
        room_above = heads - style.small * 0.8
        columns = tuple(wrap(name, room_above, style.small, most=most, bold=True) for name in grid.columns)
    else:
        columns = tuple(wrap(name, cell - em * 0.4, style.small, bold=True) for name in grid.columns)
        heads = (
            line_height(style.small, max((c.count("\n") + 1 for c in columns), default=1)) + style.small * 0.8
        )
    rows = tuple(_name(name, label, style) for name in grid.rows)
    heights = tuple(
        max(grid.cell_height * em, line_height(em, name.count("\n") + 1) + em * 0.35) for name in rows
    )
    fitted = replace(
        grid,
        rows=rows,
        columns=columns,
        title=balanced(grid.title, width - 2 * pad, style.title, bold=True) if grid.title else "",
        foot=tuple(wrap(note, width - 2 * pad, style.small) for note in grid.foot),
    )
    lines = _key_lines(grid, style, width - 2 * pad)
    plan = GridPlan(fitted, style, width, 0.0, label, cell, turned, heads, heights, lines)
    return replace(plan, height=2 * pad + _title(plan) + heads + sum(heights) + _below(plan))


def _name(name: str, width: float, style: Style) -> str:
    """Return the name of a row in two lines, or four where there is little room; then it is shortened."""
    whole = " ".join(split_word(word, width, style, False) for word in name.split(" "))
    most = 2 if width > style.text * _LITTLE else 4
    return wrap(whole, width, style.text, most=most, keep_end=True)


def _title(plan: GridPlan) -> float:
    lines = plan.grid.title.count("\n") + 1 if plan.grid.title else 0
    return line_height(plan.style.title, lines) + plan.style.text * 0.7 if lines else 0.0


def _below(plan: GridPlan) -> float:
    small = plan.style.small
    notes = sum(line_height(small, note.count("\n") + 1) + small * 0.35 for note in plan.grid.foot)
    return small * 0.9 + len(plan.key_lines) * small * 1.75 + small * 0.3 + notes


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
            return plan
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
    y += _title(plan) + plan.heads
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
            x += _key_item(plan.grid.key[i], plan.style)
    return places
