"""How wide the columns of a table with a picture are, and how their texts are broken to fit."""

from __future__ import annotations

import math
import re
from dataclasses import replace

from evidence.charts.style import Style
from evidence.charts.table_parts import Column, Content, pad_of
from evidence.charts.texts import elide, narrowest, text_width, widest, wrap

__all__ = ["column_widths", "split_word", "wrapped"]

_LEAST_FLEX = 8.5
"""Least width of a flexible column, as a multiple of the text size: about a long surname."""

_SMALL_FLEX = 12.0
"""Width up to which a flexible column is not broken into two lines for the sake of a wide picture."""

_SPAN_LINES = 2
"""Lines of a text across the left columns for which the picture gives way as long as it stays wide."""

_MOST_LINES = 5
"""Lines to which a text of a flexible column is broken before it is shortened."""


def _natural(column: Column, style: Style, bold: frozenset[int]) -> float:
    """Return the width that a column would take: its widest cell, or the longest word of its head."""
    head = max((text_width(word, style.small, True) for word in column.header.split()), default=0.0)
    cells = (widest([cell], style.text, i in bold) for i, cell in enumerate(column.cells))
    return max([head, column.least * style.text, *cells])


def _two_lines(column: Column, style: Style, bold: frozenset[int], width: float) -> float:
    """Return the least width at which no cell of a flexible column needs more than two lines.

    A column that is narrow anyway keeps its width: names are easier to read in one line.
    """
    natural = _natural(column, style, bold)
    if natural <= style.text * _SMALL_FLEX:
        return natural
    cells = [
        widest([cell], style.text, i in bold)
        if "\n" in cell
        else narrowest(cell, _in_reason(cell, width, style, i in bold), style.text, 2, bold=i in bold)
        for i, cell in enumerate(column.cells)
    ]
    head = max((text_width(word, style.small, True) for word in column.header.split()), default=0.0)
    return max([head, style.text * _LEAST_FLEX, *cells]) * 1.01


def _in_reason(cell: str, width: float, style: Style, bold: bool) -> float:
    """Return where the search for two lines ends: nowhere, but for a text that fills a page several times.

    To break ten thousand letters in widths that no page has would take minutes.
    """
    return width if widest([cell], style.text, bold) > _FILLS * width else math.inf


_FILLS = 4


def _shrink(widths: list[float], least: list[float], room: float) -> list[float]:
    """Return widths made smaller in proportion to their slack, until they fit or reach their least."""
    slack = sum(w - m for w, m in zip(widths, least, strict=True))
    excess = sum(widths) - room
    if excess <= 0 or slack <= 0:
        return widths
    share = min(1.0, excess / slack)
    return [w - (w - m) * share for w, m in zip(widths, least, strict=True)]


def column_widths(content: Content, style: Style, width: float, least_picture: float) -> list[float]:
    """Return the widths of the columns.

    Flexible ones give way in two steps: to two lines a cell for the sake of a wide picture, below that,
    with shortened texts, only for a picture of its least width.
    """
    columns = (*content.left, *content.right)
    bold = content.bold
    room = width - 2 * pad_of(style) - style.text * 1.3 * len(columns)
    natural = [_natural(c, style, bold) for c in columns]
    two = [
        min(n, _two_lines(c, style, bold, width)) if c.flex else n
        for c, n in zip(columns, natural, strict=True)
    ]
    least = [min(n, style.text * _LEAST_FLEX) if c.flex else n for c, n in zip(columns, natural, strict=True)]
    widths = _shrink(natural, two, room - max(least_picture, content.wide * width))
    widths = _shrink(widths, least, room - max(least_picture, content.picture_share * width))
    return _with_room_for_spans(content, widths, style, room, max(least_picture, content.wide * width))


def _with_room_for_spans(
    content: Content, widths: list[float], style: Style, room: float, wide: float
) -> list[float]:
    """Return the widths with the first column wider where what is said across the left ones needs it.

    What a test or a heading says is never shortened for the sake of names that are short: it gets room for
    its longest word from the picture, and for few lines from one that stays wide.
    """
    count = len(content.left)
    told = [(text, i in content.bold) for i, text in enumerate(content.spans) if text]
    if not told or not count:
        return widths
    has = sum(widths[:count]) + style.text * 1.3 * (count - 1)
    spare = room - sum(widths)
    words = [(word, bold) for text, bold in told for word in text.replace("\u00a0", " ").split(" ")]
    longest = max(text_width(word, style.text, bold) for word, bold in words) * 1.01
    few = max(narrowest(text, math.inf, style.text, _SPAN_LINES, bold=bold) for text, bold in told) * 1.01
    more = max(min(longest - has, spare * 0.5), min(few - has, spare - wide), 0.0)
    return [widths[0] + more, *widths[1:]]


def wrapped(column: Column, width: float, style: Style, bold: frozenset[int]) -> Column:
    """Return the column with its texts broken to a width, where it is flexible."""
    cells = tuple(_fitted(cell, column, width, style, i in bold) for i, cell in enumerate(column.cells))
    return replace(column, cells=cells, header=wrap(column.header, width, style.small, bold=True))


def _fitted(cell: str, column: Column, width: float, style: Style, bold: bool) -> str:
    """Return a cell made to fit: lines that are already broken belong to marks and are only shortened."""
    if not column.flex:
        return cell
    if "\n" in cell:
        return "\n".join(elide(line, width, style.text, bold) for line in cell.split("\n"))
    whole = " ".join(split_word(word, width, style, bold) for word in cell.split(" "))
    return wrap(whole, width, style.text, most=_MOST_LINES, bold=bold, keep_end=column.keep_end)


def split_word(word: str, width: float, style: Style, bold: bool) -> str:
    """Return a word that is too wide broken after its underscores, hyphens or slashes: a key, say."""
    if text_width(word, style.text, bold) <= width:
        return word
    lines = [""]
    for piece in re.split(r"(?<=[_/-])", word):
        if lines[-1] and text_width(lines[-1] + piece, style.text, bold) > width:
            lines.append("")
        lines[-1] += piece
    return "\n".join(lines)
