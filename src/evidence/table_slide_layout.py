"""How a table fits a slide: its lines, their measured heights, and the parts of a long one."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from evidence.charts.arial import arial_width
from evidence.charts.canvas import text_width, wrap
from evidence.errors import EvidenceError
from evidence.table_layout import Content, spaced
from evidence.table_widths import column_widths
from evidence.table_words import clean

if TYPE_CHECKING:
    from evidence.tables import Table

__all__ = [
    "ABOVE",
    "COLUMNS",
    "EMU",
    "LEADING",
    "ROWS",
    "SIDE",
    "SIZE",
    "Line",
    "cells_of",
    "footnotes_of",
    "height_of",
    "keep",
    "lines_of",
    "most_lines",
    "split",
    "under_height",
    "widths_of",
    "wrapped",
]

ROWS, COLUMNS, SIZE = 8, 5, 16.0
"""Most rows (heads and headings of groups included) and most columns of a part; least size in points."""

EMU = 12_700
"""English metric units per point, in which PowerPoint measures."""

LEADING = 1.2
"""Distance of two lines as a multiple of the size: PowerPoint's single spacing."""

SIDE, ABOVE = 6.0, 3.0
"""Margins of a cell, points: left and right, above and below."""

_SPARE = 1.04
"""Room that is left in a line, as programs set the same letters a little differently."""

_FOOTNOTE_LINES = 2
"""Lines of a footnote on a slide; whole it stands in the notes of the speaker."""

_MOST_LINES = 4
"""Lines of one cell from which on `split` lets a text be cut rather than fill a slide."""


Line = tuple[str, int | str]
"""A line of the native table: spanners, heads, the heading of a group, or a row with its number."""


def lines_of(content: Content) -> Iterator[Line]:
    """Go through the lines of the native table: spanners, heads, then groups and rows."""
    if content.spanners:
        yield "span", 0
    yield "head", 0
    for group, row in content.lines():
        yield ("group", group) if row < 0 else ("row", row)


def cells_of(content: Content, line: Line, *, pads: bool = True) -> list[tuple[int, int, str, str]]:
    """Return the cells of a line: first column, columns spanned, text, letters of footnotes.

    With `pads` invisible signs align the points of numbers; Word has tab stops for that.
    """
    kind, which = line
    if kind == "group":
        return [(0, len(content.columns), str(which), "")]
    if kind == "span":
        found, at = [], 0
        for text, count in content.spans():
            found.append((at, count, text, ""))
            at += count
        return found
    row = None if kind == "head" else int(which)
    if row is None:
        return [(at, 1, text, content.mark(None, at)) for at, text in enumerate(content.columns)]
    texts = spaced(content, row) if pads else content.rows[row]
    return [(at, 1, text, content.hung(row, at)) for at, text in enumerate(texts)]


def widths_of(content: Content, total: float, size: float) -> list[float]:
    """Return the widths of the columns in points."""
    # Half a point more: a column that is as wide as its longest word must not lose a letter by rounding.
    return column_widths(content, total, lambda text: text_width(text, size, bold=True) + 2 * SIDE + 0.5)


def height_of(content: Content, line: Line, widths: list[float], size: float, most: int) -> float:
    """Return the height of a line whose cells have at most so many lines of text."""
    lines: int = max(
        min(most, len(wrapped(text + mark, sum(widths[at : at + count]), size, line[0]).split("\n")))
        for at, count, text, mark in cells_of(content, line)
    )
    return lines * size * LEADING + 2 * ABOVE


def wrapped(text: str, width: float, size: float, kind: str, most: int = 99) -> str:
    """Return a cell's text broken to its width; beyond so many lines it ends in an ellipsis."""
    plain, bold = clean(text), kind != "row"
    return wrap(plain, (width - 2 * SIDE) / _narrower(plain, size, bold), size, most=most, bold=bold)


def _narrower(text: str, size: float, bold: bool) -> float:
    """Return how wide a slide's Arial sets a text, as a share of what the charts' font measures.

    It is about a tenth narrower. A row that is taken for higher than it is leaves a blank line in the table.
    """
    measured, arial = text_width(text, size, bold), arial_width(text, size, bold)
    return 1.0 if not arial or not measured else min(_SPARE * arial / measured, 1.0)


def most_lines(content: Content, lines: list[Line], widths: list[float], size: float, room: float) -> int:
    """Return how many lines a cell may have so that all rows have room.

    Raises
    ------
    EvidenceError
        Where not even one line a row has room.
    """
    needed = 0.0
    for most in (99, *range(12, 0, -1)):
        needed = sum(height_of(content, line, widths, size, most) for line in lines)
        if needed <= room:
            return int(most)
    raise EvidenceError(
        f"{len(lines)} rows need {needed:.0f} pt of height at {size:g} pt; there are {max(room, 0):.0f}: "
        "give the table more room, or fewer rows by split(table, rows=...)"
    )


def split(
    table: Table,
    rows: int = ROWS,
    columns: int = COLUMNS,
    *,
    width: int | None = None,
    height: int | None = None,
) -> list[Table]:
    """Return the parts of a table that fit a slide each, heads repeated.

    Parameters
    ----------
    table : Table
        Any table.
    rows, columns : int
        Most rows, heads and headings of groups included, and most columns of a part. The first column, which
        names the rows, stands in every part.
    width, height : int, optional
        Room on the slide in English metric units. With both, a part also holds no more rows than have room
        at 16 points.

    Returns
    -------
    list of Table
        One table a part. From the second on the caption says "(continued)". Footnotes and references are
        those of the part; the notes are those of the whole.

    Raises
    ------
    EvidenceError
        Where the heads leave no room for a row, or a part would have one column only.

    Examples
    --------
    >>> import pandas as pd
    >>> from evidence.tables import Table
    >>> parts = split(Table(pd.DataFrame({"n": range(10)}), caption="Numbers."))
    >>> [(part.caption, len(part)) for part in parts]
    [('Numbers.', 7), ('Numbers. (continued)', 3)]
    """
    content = table._content()
    heads = 2 if content.spanners else 1
    if rows < heads + (2 if content.groups else 1) or columns < 2:
        raise EvidenceError(
            "a part of a table has room for its heads, the heading of a group, a row and two columns; "
            f"got {rows} rows and {columns} columns"
        )
    blocks = [list(range(len(content.columns)))]
    if len(content.columns) > columns:
        rest = blocks[0][1:]
        blocks = [[0, *rest[at : at + columns - 1]] for at in range(0, len(rest), columns - 1)]
    room = None if width is None or height is None else (width / EMU, height / EMU)
    parts: list[Table] = []
    for block in blocks:
        for chunk in _chunks(_part(table, block, range(len(table)), 0), rows, room):
            parts.append(_part(table, block, chunk, len(parts)))
    return parts


def footnotes_of(content: Content, width: float, size: float) -> list[tuple[str, str]]:
    """Return letters and texts of the footnotes, broken to a width and cut after two lines."""
    room = width - 2 * SIDE - size
    return [
        (letter, wrap(clean(text).replace("\n", " "), room, size, most=_FOOTNOTE_LINES))
        for letter, text in content.lettered
    ]


def under_height(content: Content, width: float, size: float) -> float:
    """Return the height of the footnotes below a table of so many points' width."""
    lines = sum(text.count("\n") + 1 for _, text in footnotes_of(content, width, size))
    return lines * size * LEADING + 2 * ABOVE if lines else 0.0


def keep(table: Table, columns: Sequence[str]) -> Table:
    """Return a table with some of its columns: a slide shows fewer than a paper.

    Parameters
    ----------
    table : Table
        Any table.
    columns : sequence of str
        Heads of the columns to keep, in the order wanted.

    Raises
    ------
    EvidenceError
        Where there is no such column.

    Examples
    --------
    >>> import pandas as pd
    >>> from evidence.tables import Table
    >>> table = Table(pd.DataFrame({"a": [1], "b": [2], "c": [3]}), caption="", footnotes={"c": "More."})
    >>> list(keep(table, ["a", "c"]).data.columns)
    ['a', 'c']
    """
    known = list(table.data.columns)
    if missing := [name for name in columns if name not in known]:
        raise EvidenceError(
            f"keep() takes columns of the table: {', '.join(known)}; got {', '.join(missing)}"
        )
    return _part(table, [known.index(name) for name in columns], range(len(table)), 0)


def _chunks(table: Table, rows: int, room: tuple[float, float] | None) -> list[range]:
    """Return the runs of rows that one part holds each."""
    columns = list(range(len(table.data.columns)))
    widths = widths_of(table._content(), room[0], SIZE) if room else []

    def fits(start: int, stop: int) -> bool:
        part = _part(table, columns, range(start, stop), 0)._content()
        lines = list(lines_of(part))
        if room is None or len(lines) > rows:
            return len(lines) <= rows
        height = sum(height_of(part, line, widths, SIZE, _MOST_LINES) for line in lines)
        return height + under_height(part, room[0], SIZE) <= room[1]

    found, start = [], 0
    while start < len(table):
        stop = start + 1
        while stop < len(table) and fits(start, stop + 1):
            stop += 1
        found.append(range(start, stop))
        start = stop
    return found or [range(0)]


def _part(table: Table, columns: list[int], rows: range, index: int) -> Table:
    """Return some columns and rows of a table, with what belongs to them."""
    names = [str(table.data.columns[column]) for column in columns]
    data = table.data.iloc[rows.start : rows.stop, columns].reset_index(drop=True)
    footnotes: dict[Any, Any] = {}
    for place, texts in table.footnotes.items():
        row, name = (None, place) if isinstance(place, str) else place
        if (name is None or name in names) and (row is None or row in rows):
            footnotes[None if row is None else row - rows.start, name] = texts
    spanners = {
        text: [name for name in over if name in names]
        for text, over in table.spanners.items()
        if any(name in names for name in over)
    }
    cited = {
        int(n) for n in re.findall(r"\[(\d+)\]", " ".join(cell for row in data.to_numpy() for cell in row))
    }
    kept = [at for at, n in enumerate(table.numbers) if n in cited] or list(range(len(table.numbers)))
    return replace(
        table,
        data=data,
        caption=f"{table.caption} (continued)" if index else table.caption,
        id=f"{table.id}-{index + 1}" if table.id and index else table.id,
        formats={},
        groups=tuple(table.groups)[rows.start : rows.stop],
        spanners=spanners,
        footnotes=footnotes,
        references=tuple(table.references[at] for at in kept),
        reference_texts=tuple(table.reference_texts[at] for at in kept),
        numbers=tuple(table.numbers[at] for at in kept),
    )
