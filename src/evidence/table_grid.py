"""A table as a terminal shows it: its caption, the first rows, and how much more there is."""

from __future__ import annotations

from typing import TYPE_CHECKING

from evidence.charts.words import plural
from evidence.table_words import clean

if TYPE_CHECKING:
    from evidence.table_layout import Content

__all__ = ["plain_grid"]

_ROWS, _LETTERS = 12, 36
"""Rows and letters of a cell that are shown."""


def plain_grid(content: Content) -> str:
    """Return a table as plain text of at most 20 lines.

    Parameters
    ----------
    content : Content
        Cells, caption, groups, notes and references of a table.

    Returns
    -------
    str
        The caption, heads and the first 12 rows, each in one line, then what is not shown. Long cells end in
        an ellipsis: this is a look at the table, the formats hold all of it.
    """
    from tabulate import tabulate

    columns, rows = content.columns, content.rows[:_ROWS]
    cells = [[_short(cell) for cell in row] for row in rows]
    heads = [_short(column) for column in columns]
    if content.groups:
        heads.insert(0, "")
        cells = [[_short(group), *row] for group, row in zip(content.groups, cells, strict=False)]
    sides = ["right" if numeric else "left" for numeric in content.numeric]
    grid = tabulate(
        cells,
        heads,
        tablefmt="simple",
        disable_numparse=True,
        colalign=[*(["left"] if content.groups else []), *sides] if cells else None,
    )
    more = [f"{plural(len(content.rows) - len(rows), 'more row')}"] if len(content.rows) > len(rows) else []
    kept = ((content.notes, "note"), (content.footnotes, "footnote"), (content.references, "reference"))
    more += [plural(len(parts), word) for parts, word in kept if parts]
    tail = [f"({', '.join(more)}: see .markdown)"] if more else []
    caption = " ".join(clean(content.caption).split())
    return "\n".join([*([caption, ""] if caption else []), grid, *tail])


def _short(text: str) -> str:
    """Return a cell in one line of a few letters."""
    line = " ".join(clean(str(text)).split())
    return line if len(line) <= _LETTERS else f"{line[: _LETTERS - 1]}\u2026"
