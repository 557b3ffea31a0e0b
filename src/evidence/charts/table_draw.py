"""Draw a planned table: its texts, rules, axis, key and notes; the marks are the chart's."""

from __future__ import annotations

from typing import Literal

from evidence.charts.canvas import Sheet
from evidence.charts.mark_key import key_mark
from evidence.charts.scale import Scale, draw_axis
from evidence.charts.symbols import Symbol, draw_symbol
from evidence.charts.table import favours_height, key_width, key_words, line_count, title_height
from evidence.charts.table_parts import Plan, pad_of
from evidence.charts.texts import elide, line_height, text_width, widest

__all__ = ["draw_plan"]


def draw_plan(plan: Plan, sheet: Sheet, scale: Scale) -> list[float]:
    """Draw all text, rules, the axis and the key.

    Parameters
    ----------
    plan : Plan
        Where everything stands.
    sheet : Sheet
        Opened at the size of the plan.
    scale : Scale
        The data axis, between the edges of ``plan.picture``.

    Returns
    -------
    list of float
        Height of the middle of each row, in points from the top: where its marks belong.
    """
    style, content = plan.style, plan.content
    y = pad_of(style)
    if content.title:
        sheet.text(pad_of(style), y, content.title, size=style.title, bold=True, valign="top")
        y += title_height(plan)
    _draw_heads(plan, sheet, y)
    y += plan.heads
    if content.favours_above:
        _draw_favours(plan, sheet, scale.points(scale.null), y - style.small * 0.55, above=True)
    top = y
    sheet.rule(y - style.small * 0.2, left=pad_of(style), right=plan.width - pad_of(style), strong=True)
    middles = []
    for i, height in enumerate(plan.row_heights):
        if i in content.rules:
            sheet.rule(y, left=pad_of(style), right=plan.width - pad_of(style))
        middles.append(y + height / 2)
        _draw_row(plan, sheet, i, middles[-1])
        y += height
    draw_axis(sheet, scale, y, top)
    _draw_below(plan, sheet, scale, y)
    return middles


def _edge(plan: Plan, column: int) -> float:
    """Return where the texts of a column are anchored."""
    start, width = plan.starts[column], plan.widths[column]
    return {"left": start, "right": start + width, "center": start + width / 2}[plan.columns[column].align]


def _draw_heads(plan: Plan, sheet: Sheet, y: float) -> None:
    """Draw the heads of the columns, standing on one line, and the heads over groups."""
    style = plan.style
    bottom = y + plan.heads - style.small * 0.55
    for i, column in enumerate(plan.columns):
        sheet.text(
            _edge(plan, i),
            bottom,
            column.header,
            size=style.small,
            align=column.align,
            valign="bottom",
            bold=True,
        )
    spans: dict[str, tuple[float, float]] = {}
    for i, column in enumerate(plan.columns):
        if column.group:
            left, _ = spans.get(column.group, (plan.starts[i], 0.0))
            spans[column.group] = (left, plan.starts[i] + plan.widths[i])
    if plan.content.picture_group:
        spans[plan.content.picture_group] = plan.picture
    for name, (left, right) in spans.items():
        fits = text_width(name, style.small, True) <= right - left
        label = name if fits else elide(name.split(",")[0], right - left, style.small, True)
        sheet.text(
            (left + right) / 2, y + style.small * 0.65, label, size=style.small, align="center", bold=True
        )
        sheet.rule(y + style.small * 1.5, left=left, right=right)


def _draw_row(plan: Plan, sheet: Sheet, row: int, y: float) -> None:
    bold = row in plan.content.bold
    for i, column in enumerate(plan.columns):
        sheet.text(_edge(plan, i), y, column.cells[row], align=column.align, bold=bold)
    sheet.text(pad_of(plan.style), y, plan.content.span(row), bold=bold)


def _draw_favours(plan: Plan, sheet: Sheet, null: float, y: float, *, above: bool = False) -> None:
    """Draw what either side favours: at the ends of the axis or, where too long, out from the null line.

    The labels may run on below the text columns, whose space is free there; they are moved along where
    a line near an edge leaves one of them too little.
    """
    left, right = plan.picture
    size, pad = plan.style.small, pad_of(plan.style)
    gap = size * 0.5
    second, first = plan.content.favours
    widths = widest([second], size), widest([first], size)
    valign: Literal["top", "bottom"] = "bottom" if above else "top"
    if max(widths) <= (right - left) / 2 - gap:
        sheet.text(left, y, second, size=size, valign=valign)
        sheet.text(right, y, first, size=size, valign=valign, align="right")
        return
    middle = min(max(null, pad + widths[0] + gap), plan.width - pad - widths[1] - gap)
    sheet.text(middle - gap, y, second, size=size, valign=valign, align="right")
    sheet.text(middle + gap, y, first, size=size, valign=valign)


def _draw_below(plan: Plan, sheet: Sheet, scale: Scale, y: float) -> None:
    """Draw what stands below the axis: favours labels, the axis label, the key, the notes."""
    style, content = plan.style, plan.content
    left, right = plan.picture
    y += style.small * 2.05
    if not content.favours_above:
        _draw_favours(plan, sheet, scale.points(scale.null), y)
        y += favours_height(plan)
    sheet.text(
        (left + right) / 2,
        y,
        content.axis_label,
        size=style.small,
        valign="top",
        align="center",
        colour=style.colours.quiet,
    )
    y += line_height(style.small, line_count(content.axis_label)) + style.small * 0.6
    for line in plan.key_lines:
        x = pad_of(style)
        for mark in line:
            if isinstance(mark, Symbol):
                draw_symbol(sheet, mark, x + style.small * 1.2, y + style.small * 0.8, style.small)
            else:
                key_mark(sheet, scale, mark, x, x + style.small * 2.4, y + style.small * 0.8)
            sheet.text(
                x + style.small * 3.0,
                y + style.small * 0.8,
                key_words(mark),
                size=style.small,
                colour=style.colours.quiet,
            )
            x += key_width(mark, style)
        y += style.small * 1.7
    y += style.small * 0.4
    for note in content.foot:
        sheet.text(pad_of(style), y, note, size=style.small, valign="top", colour=style.colours.quiet)
        y += line_height(style.small, line_count(note)) + style.small * 0.35
