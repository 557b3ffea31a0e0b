"""Plan a table that has a picture in one column: the frame of forest, domains and trial charts.

The plan decides every width and height from the texts, without a figure; a new figure is then made as
high as the plan says, and an `Axes` that the user gave is filled, with smaller letters where it must be.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from evidence.charts.mark_key import MARK_WORDS
from evidence.charts.style import Style
from evidence.charts.symbols import Symbol
from evidence.charts.table_parts import Column, Content, Plan, pad_of
from evidence.charts.table_widths import column_widths, wrapped
from evidence.charts.texts import balanced, line_height, text_width, widest, wrap

__all__ = [
    "favours_height",
    "key_lines",
    "key_width",
    "key_words",
    "line_count",
    "plan_height",
    "plan_table",
    "sized_title",
    "title_height",
]

_MOST_LINES = 9
"""Lines of a text across the left columns, beyond which it is shortened: a heading of many letters."""

_TITLES = (1.0, 0.92, 0.84, 0.75)
"""Sizes of the title, as a share of the usual: the first in which it has two lines at most."""


def sized_title(title: str, width: float, style: Style) -> tuple[str, Style]:
    """Return the title broken to the width, and the style with letters small enough for two lines of it.

    They never become smaller than a quarter below the usual, nor than the notes.
    """
    for factor in _TITLES:
        smaller = replace(style, title=max(style.title * factor, style.small))
        broken = balanced(title, width, smaller.title, bold=True) if title else ""
        if broken.count("\n") < 2:
            break
    return broken, smaller


def _row_heights(content: Content, columns: Sequence[Column], style: Style) -> tuple[float, ...]:
    """Return the height of each row: its lines of text or its lanes of marks, whichever is more."""
    heights = []
    for i in range(content.rows):
        lines = max((column.cells[i].count("\n") + 1 for column in columns), default=1)
        lines = max(lines, line_count(content.span(i)))
        text = line_height(style.text, lines) + style.text * (style.row - 1.25)
        heights.append(max(text, style.text * 0.95 * content.lanes[i] + style.text * 0.5))
    return tuple(heights)


def key_lines(
    key: Sequence[str | Symbol], style: Style, width: float
) -> tuple[tuple[str | Symbol, ...], ...]:
    """Return the marks of the key in as many lines as they need."""
    lines: list[list[str | Symbol]] = []
    used = width + 1.0
    for mark in key:
        need = key_width(mark, style)
        if used + need > width:
            lines.append([])
            used = 0.0
        lines[-1].append(mark)
        used += need
    return tuple(tuple(line) for line in lines)


def key_words(mark: str | Symbol) -> str:
    """Return what a mark of the key means."""
    return mark.words if isinstance(mark, Symbol) else MARK_WORDS[mark]


def key_width(mark: str | Symbol, style: Style) -> float:
    """Return the width of one mark of the key with its words."""
    return style.small * 3.0 + text_width(key_words(mark), style.small) + style.small * 1.6


def plan_table(content: Content, style: Style, width: float, *, least_picture: float = 14.0) -> Plan:
    """Decide where everything stands.

    Parameters
    ----------
    content : Content
        What is said.
    style : Style
        Sizes and colours.
    width : float
        Of the sheet, points.
    least_picture : float
        Least width of the picture, as a multiple of the text size.

    Returns
    -------
    Plan
        With the height that the content needs.
    """
    pad, gap = pad_of(style), style.text * 1.3
    title, style = sized_title(content.title, width - 2 * pad, style)
    widths = column_widths(content, style, width, least_picture * style.text)
    n_left = len(content.left)
    starts, x = [], pad
    for w in widths[:n_left]:
        starts.append(x)
        x += w + gap
    right_start = width - pad - sum(w + gap for w in widths[n_left:])
    picture = (x, max(right_start, x + 1.0))
    x = right_start + gap
    for w in widths[n_left:]:
        starts.append(x)
        x += w + gap
    columns = [
        wrapped(c, w, style, content.bold)
        for c, w in zip((*content.left, *content.right), widths, strict=True)
    ]
    centre = (picture[0] + picture[1]) / 2
    reach = (centre - pad - style.small * 0.5, width - pad - centre - style.small * 0.5)
    around, half = 2 * min(reach), width / 2 - pad - style.small * 0.5
    if min(reach) < half:  # a picture near an edge: its labels are moved along instead of cut
        reach = (half, half)
    side = (picture[1] - picture[0]) / 2 - style.small * 0.5 if content.favours_above else 0.0
    if side and widest(" ".join(content.favours).split(" "), style.small) > side:  # a word would be cut
        content, side = replace(content, favours_above=False), 0.0
    content = replace(
        content,
        left=tuple(columns[:n_left]),
        right=tuple(columns[n_left:]),
        title=title,
        favours=(
            wrap(content.favours[0], side or reach[0], style.small),
            wrap(content.favours[1], side or reach[1], style.small),
        ),
        axis_label=balanced(content.axis_label, around, style.small) if content.axis_label else "",
        foot=tuple(wrap(f, width - 2 * pad, style.small) for f in content.foot),
        spans=tuple(
            wrap(s, picture[0] - gap - pad, style.text, most=_most_lines(s), bold=i in content.bold)
            for i, s in enumerate(content.spans)
        ),
    )
    heads = max((c.header.count("\n") + 1 for c in columns), default=1)
    groups = 1.5 if any(c.group for c in columns) or content.picture_group else 0.0
    above = line_height(style.small, max(map(line_count, content.favours))) if content.favours_above else 0.0
    plan = Plan(
        content,
        style,
        width,
        0.0,
        tuple(starts),
        tuple(widths),
        picture,
        _row_heights(content, columns, style),
        max(line_height(style.small) * heads, above) + line_height(style.small) * groups + style.small * 0.8,
        key_lines(content.key, style, width - 2 * pad),
    )
    return replace(plan, height=plan_height(plan))


def _most_lines(text: str) -> int:
    """Return how many lines a text across the columns may have: a test as many as it needs."""
    return 99 if "=" in text or "<" in text else _MOST_LINES


def line_count(text: str) -> int:
    """Return the number of lines of a text."""
    return text.count("\n") + 1 if text else 0


def title_height(plan: Plan) -> float:
    """Return the height of the title with the space below it."""
    lines = line_count(plan.content.title)
    return line_height(plan.style.title, lines) + plan.style.text * 0.7 if lines else 0.0


def favours_height(plan: Plan) -> float:
    """Return the height of the texts that say what either side favours."""
    return line_height(plan.style.small, max(map(line_count, plan.content.favours)))


def _below_height(plan: Plan) -> float:
    """Return the height of axis, favours labels, axis label, key and notes."""
    style, content = plan.style, plan.content
    height = style.small * 2.05
    height += 0.0 if content.favours_above else favours_height(plan)
    height += line_height(style.small, line_count(content.axis_label))
    height += style.small * 0.6
    height += len(plan.key_lines) * style.small * 1.7 + style.small * 0.4
    height += sum(line_height(style.small, line_count(f)) + style.small * 0.35 for f in content.foot)
    return height


def plan_height(plan: Plan) -> float:
    """Return the height that a plan needs with its rows, title, key and notes as they are."""
    return (
        2 * pad_of(plan.style) + title_height(plan) + plan.heads + sum(plan.row_heights) + _below_height(plan)
    )
