"""Plan a table that has a picture in one column: the frame of forest, domains and trial charts.

The plan decides every width and height from the texts, without a figure; a new figure is then made as
high as the plan says, and an `Axes` that the user gave is filled, with smaller letters where it must be.
"""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Literal

from evidence.charts.canvas import balanced, elide, line_height, narrowest, text_width, widest, wrap
from evidence.charts.marks import MARK_WORDS
from evidence.charts.style import Style

__all__ = ["Column", "Content", "Plan", "key_width", "line_count", "pad_of", "plan_table", "title_height"]

_LEAST_FLEX = 8.5
"""Least width of a flexible column, as a multiple of the text size: about a long surname."""

_SMALL_FLEX = 12.0
"""Width up to which a flexible column is not broken into two lines for the sake of a wide picture."""

_MOST_LINES = 5
"""Lines to which a text of a flexible column is broken before it is shortened."""

_TITLES = (1.0, 0.92, 0.84, 0.75)
"""Sizes of the title, as a share of the usual: the first in which it has two lines at most."""

_WIDE, _NARROW = 0.36, 0.25
"""Share of the width that the picture has where texts can wrap; and where they have to be shortened."""

Align = Literal["left", "center", "right"]


@dataclass(frozen=True)
class Column:
    """One column of text.

    Attributes
    ----------
    header : str
        Its head.
    cells : tuple of str
        One text a row.
    align : str
        ``"left"`` for words, ``"right"`` for numbers.
    flex : bool
        Whether it may be made narrower: its texts then wrap, to two lines or, where need be, five, and only
        beyond end in an ellipsis.
    group : str
        Head over neighbouring columns.
    keep_end : bool
        Whether a shortened text keeps its last word: the year of a study.
    """

    header: str
    cells: tuple[str, ...]
    align: Align = "left"
    flex: bool = False
    group: str = ""
    keep_end: bool = False


@dataclass(frozen=True)
class Content:
    """What a chart says, before it has a size.

    Attributes
    ----------
    left, right : tuple of Column
        Columns on either side of the picture.
    title : str
        One message, set above.
    favours : tuple of str
        What lies on the left and on the right of the line of no difference.
    axis_label : str
        Name of the effect.
    picture_group : str
        Head over the picture.
    bold : frozenset of int
        Rows in bold.
    rules : frozenset of int
        Rows that begin with a rule.
    lanes : tuple of float
        For each row, how many text heights its picture needs (1 for one mark).
    key : tuple of str
        Marks to explain, names of `MARK_WORDS`.
    foot : tuple of str
        Notes below, each a paragraph.
    picture_share : float
        Share of the width below which texts are not shortened for the picture's sake.
    """

    left: tuple[Column, ...]
    right: tuple[Column, ...]
    title: str = ""
    favours: tuple[str, str] = ("", "")
    axis_label: str = ""
    picture_group: str = ""
    bold: frozenset[int] = frozenset()
    rules: frozenset[int] = frozenset()
    lanes: tuple[float, ...] = ()
    key: tuple[str, ...] = ()
    foot: tuple[str, ...] = ()
    picture_share: float = _NARROW

    @property
    def rows(self) -> int:
        """Return the number of rows."""
        return len(self.lanes)


@dataclass(frozen=True)
class Plan:
    """Where everything stands, in points.

    Attributes
    ----------
    content : Content
        With texts wrapped to their columns.
    style : Style
        Sizes and colours.
    width, height : float
        Of the whole sheet.
    starts, widths : tuple of float
        Left edge and width of each text column, those on the left of the picture first.
    picture : tuple of float
        Left and right edge of the picture.
    row_heights : tuple of float
        Heights of the rows.
    heads : float
        Height of the column heads.
    key_lines : tuple of tuple of str
        Marks of the key, line by line.
    """

    content: Content
    style: Style
    width: float
    height: float
    starts: tuple[float, ...]
    widths: tuple[float, ...]
    picture: tuple[float, float]
    row_heights: tuple[float, ...]
    heads: float
    key_lines: tuple[tuple[str, ...], ...] = field(default=())

    @property
    def columns(self) -> tuple[Column, ...]:
        """Return the text columns from left to right."""
        return (*self.content.left, *self.content.right)

    def stretched(self, height: float) -> Plan:
        """Return the plan with rows as much higher as a given height allows, at most by 70 %."""
        spare = height - self.height
        total = sum(self.row_heights)
        if spare <= 0 or total <= 0:
            return self
        factor = 1.0 + min(spare / total, 0.7)
        return replace(self, height=height, row_heights=tuple(h * factor for h in self.row_heights))


def pad_of(style: Style) -> float:
    """Return the margin of the sheet."""
    return style.text * 0.9


def _natural(column: Column, style: Style, bold: frozenset[int]) -> float:
    """Return the width that a column would take: its widest cell, or the longest word of its head."""
    head = max((text_width(word, style.small, True) for word in column.header.split()), default=0.0)
    return max([head, *(widest([cell], style.text, i in bold) for i, cell in enumerate(column.cells))])


def _two_lines(column: Column, style: Style, bold: frozenset[int]) -> float:
    """Return the least width at which no cell of a flexible column needs more than two lines.

    A column that is narrow anyway keeps its width: names are easier to read in one line.
    """
    natural = _natural(column, style, bold)
    if natural <= style.text * _SMALL_FLEX:
        return natural
    cells = [
        widest([cell], style.text, i in bold)
        if "\n" in cell
        else narrowest(cell, math.inf, style.text, 2, bold=i in bold)
        for i, cell in enumerate(column.cells)
    ]
    head = max((text_width(word, style.small, True) for word in column.header.split()), default=0.0)
    return max([head, style.text * _LEAST_FLEX, *cells]) * 1.01


def _shrink(widths: list[float], least: list[float], room: float) -> list[float]:
    """Return widths made smaller in proportion to their slack, until they fit or reach their least."""
    slack = sum(w - m for w, m in zip(widths, least, strict=True))
    excess = sum(widths) - room
    if excess <= 0 or slack <= 0:
        return widths
    share = min(1.0, excess / slack)
    return [w - (w - m) * share for w, m in zip(widths, least, strict=True)]


def _widths(content: Content, style: Style, width: float, least_picture: float) -> list[float]:
    """Return the widths of the columns.

    Flexible ones give way in two steps: to two lines a cell for the sake of a wide picture, below that,
    with shortened texts, only for a picture of its least width.
    """
    columns = (*content.left, *content.right)
    bold = content.bold
    room = width - 2 * pad_of(style) - style.text * 1.3 * len(columns)
    natural = [_natural(c, style, bold) for c in columns]
    two = [min(n, _two_lines(c, style, bold)) if c.flex else n for c, n in zip(columns, natural, strict=True)]
    least = [min(n, style.text * _LEAST_FLEX) if c.flex else n for c, n in zip(columns, natural, strict=True)]
    widths = _shrink(natural, two, room - max(least_picture, _WIDE * width))
    return _shrink(widths, least, room - max(least_picture, content.picture_share * width))


def _wrapped(column: Column, width: float, style: Style, bold: frozenset[int]) -> Column:
    """Return the column with its texts broken to a width, where it is flexible."""
    cells = tuple(_fitted(cell, column, width, style, i in bold) for i, cell in enumerate(column.cells))
    return replace(column, cells=cells, header=wrap(column.header, width, style.small, bold=True))


def _fitted(cell: str, column: Column, width: float, style: Style, bold: bool) -> str:
    """Return a cell made to fit: lines that are already broken belong to marks and are only shortened."""
    if not column.flex:
        return cell
    if "\n" in cell:
        return "\n".join(elide(line, width, style.text, bold) for line in cell.split("\n"))
    whole = " ".join(_split(word, width, style, bold) for word in cell.split(" "))
    return wrap(whole, width, style.text, most=_MOST_LINES, bold=bold, keep_end=column.keep_end)


def _split(word: str, width: float, style: Style, bold: bool) -> str:
    """Return a word that is too wide broken after its underscores, hyphens or slashes: a key, say."""
    if text_width(word, style.text, bold) <= width:
        return word
    lines = [""]
    for piece in re.split(r"(?<=[_/-])", word):
        if lines[-1] and text_width(lines[-1] + piece, style.text, bold) > width:
            lines.append("")
        lines[-1] += piece
    return "\n".join(lines)


def _message(title: str, width: float, style: Style) -> tuple[str, Style]:
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
        text = line_height(style.text, lines) + style.text * (style.row - 1.25)
        heights.append(max(text, style.text * 0.95 * content.lanes[i] + style.text * 0.5))
    return tuple(heights)


def _key_lines(key: Sequence[str], style: Style, width: float) -> tuple[tuple[str, ...], ...]:
    """Return the marks of the key in as many lines as they need."""
    lines: list[list[str]] = []
    used = width + 1.0
    for mark in key:
        need = key_width(mark, style)
        if used + need > width:
            lines.append([])
            used = 0.0
        lines[-1].append(mark)
        used += need
    return tuple(tuple(line) for line in lines)


def key_width(mark: str, style: Style) -> float:
    """Return the width of one mark of the key with its words."""
    return style.small * 3.0 + text_width(MARK_WORDS[mark], style.small) + style.small * 1.6


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
    title, style = _message(content.title, width - 2 * pad, style)
    widths = _widths(content, style, width, least_picture * style.text)
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
        _wrapped(c, w, style, content.bold)
        for c, w in zip((*content.left, *content.right), widths, strict=True)
    ]
    centre = (picture[0] + picture[1]) / 2
    reach = (centre - pad - style.small * 0.5, width - pad - centre - style.small * 0.5)
    content = replace(
        content,
        left=tuple(columns[:n_left]),
        right=tuple(columns[n_left:]),
        title=title,
        favours=(
            wrap(content.favours[0], reach[0], style.small),
            wrap(content.favours[1], reach[1], style.small),
        ),
        axis_label=balanced(content.axis_label, 2 * min(reach), style.small) if content.axis_label else "",
        foot=tuple(wrap(f, width - 2 * pad, style.small) for f in content.foot),
    )
    heads = max((c.header.count("\n") + 1 for c in columns), default=1)
    groups = 1.5 if any(c.group for c in columns) or content.picture_group else 0.0
    plan = Plan(
        content,
        style,
        width,
        0.0,
        tuple(starts),
        tuple(widths),
        picture,
        _row_heights(content, columns, style),
        line_height(style.small) * (heads + groups) + style.small * 0.8,
        _key_lines(content.key, style, width - 2 * pad),
    )
    return replace(plan, height=_height(plan))


def line_count(text: str) -> int:
    """Return the number of lines of a text."""
    return text.count("\n") + 1 if text else 0


def title_height(plan: Plan) -> float:
    """Return the height of the title with the space below it."""
    lines = line_count(plan.content.title)
    return line_height(plan.style.title, lines) + plan.style.text * 0.7 if lines else 0.0


def _below_height(plan: Plan) -> float:
    """Return the height of axis, favours labels, axis label, key and notes."""
    style, content = plan.style, plan.content
    height = style.small * 2.05
    height += line_height(style.small, max(map(line_count, content.favours)))
    height += line_height(style.small, line_count(content.axis_label))
    height += style.small * 0.6
    height += len(plan.key_lines) * style.small * 1.7 + style.small * 0.4
    height += sum(line_height(style.small, line_count(f)) + style.small * 0.35 for f in content.foot)
    return height


def _height(plan: Plan) -> float:
    return (
        2 * pad_of(plan.style) + title_height(plan) + plan.heads + sum(plan.row_heights) + _below_height(plan)
    )
