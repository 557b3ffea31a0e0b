"""Plan a grid: how wide names and cells are, how texts are broken, how high the rows become."""

from __future__ import annotations

from dataclasses import replace

from evidence.charts.grid_parts import Grid, GridPlan
from evidence.charts.style import Style
from evidence.charts.table_widths import split_word
from evidence.charts.texts import balanced, line_height, narrowest, text_width, widest, wrap

__all__ = ["key_item", "plan_grid", "title_height"]

_LITTLE = 12.0
"""Width of the names, as a multiple of the text size, below which they take up to four lines."""


def key_item(words: str, style: Style) -> float:
    """Return the width of one item of the key."""
    return style.small * 2.6 + text_width(words, style.small) + style.small * 1.6


def _key_lines(grid: Grid, style: Style, width: float) -> tuple[tuple[int, ...], ...]:
    lines: list[list[int]] = []
    used = width + 1
    for i, words in enumerate(grid.key):
        need = key_item(words, style)
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
    return replace(plan, height=2 * pad + title_height(plan) + heads + sum(heights) + _below(plan))


def _name(name: str, width: float, style: Style) -> str:
    """Return the name of a row in two lines, or four where there is little room; then it is shortened."""
    whole = " ".join(split_word(word, width, style, False) for word in name.split(" "))
    most = 2 if width > style.text * _LITTLE else 4
    return wrap(whole, width, style.text, most=most, keep_end=True)


def title_height(plan: GridPlan) -> float:
    """Return the height of the title with the space below it."""
    lines = plan.grid.title.count("\n") + 1 if plan.grid.title else 0
    return line_height(plan.style.title, lines) + plan.style.text * 0.7 if lines else 0.0


def _below(plan: GridPlan) -> float:
    small = plan.style.small
    notes = sum(line_height(small, note.count("\n") + 1) + small * 0.35 for note in plan.grid.foot)
    return small * 0.9 + len(plan.key_lines) * small * 1.75 + small * 0.3 + notes
