"""Where a table stands on a slide, how large its letters are, and how wide its columns."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from evidence.publish.deck import measures
from evidence.publish.deck.measures import Box
from evidence.table_slide_layout import height_of, lines_of, under_height, widths_of

if TYPE_CHECKING:
    from evidence.table_layout import Content
    from evidence.tables import Table

__all__ = ["TABLE_ROOM", "UNDER_ROOM", "exactly_wide", "joined", "table_size"]

UNDER_ROOM = Box(36, measures.CONTENT.top + measures.CONTENT.height - 46, 888, 40)
"""Two lines below a table: what its numbers are."""

TABLE_ROOM = Box(36, measures.CONTENT.top + 10, 888, UNDER_ROOM.top - measures.CONTENT.top - 18)
"""Where a table stands: its edges are those of the title."""

_TABLE_SIZES = (20.0, 18.0)


def table_size(parts: Sequence[Table]) -> float:
    """Return the size of a table's letters: larger than the least where every row keeps to one line in it."""
    whole = joined(parts)._content()
    for size in _TABLE_SIZES:
        widths = widths_of(whole, TABLE_ROOM.width, size)
        if all(_has_room(part._content(), widths, size) for part in parts):
            return size
    return measures.TABLE


def joined(parts: Sequence[Table]) -> Table:
    """Return all rows of the parts of a table as one, to measure its columns by."""
    import pandas as pd

    if len(parts) == 1:
        return parts[0]
    data = pd.concat([part.data for part in parts], ignore_index=True)
    groups = tuple(group for part in parts for group in part.groups)
    first = replace(parts[0], groups=(), footnotes={}, spanners=parts[0].spanners)
    return replace(first, data=data, groups=groups if len(groups) == len(data) else ())


def _has_room(content: Content, widths: list[float], size: float) -> bool:
    """Tell whether a part has room with every row in one line."""
    heights = [(line, height_of(content, line, widths, size, 99)) for line in lines_of(content)]
    needed = sum(high for _, high in heights) + under_height(content, TABLE_ROOM.width, size)
    return needed <= TABLE_ROOM.height and all(
        high < 2 * size for (kind, _), high in heights if kind == "row"
    )


def exactly_wide(shape: Any, width: int) -> None:  # noqa: ANN401
    """Give a table the width that it was asked for: its columns were rounded one by one."""
    columns = list(shape.table.columns)
    columns[-1].width = columns[-1].width + width - sum(column.width for column in columns)
