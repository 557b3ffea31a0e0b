"""Decimal commas in a file of one's own: read where nothing speaks against it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import pandas as pd

from evidence.studies.column import Column
from evidence.studies.mapping_numbers import has_decimal_commas
from evidence.studies.textfile import TextTable

__all__ = ["with_decimal_points"]


def with_decimal_points(raw: TextTable, columns: Sequence[Column]) -> TextTable:
    """Return the table with decimal points, where its numbers have commas and none has a point.

    Parameters
    ----------
    raw : TextTable
        The file. One whose cells are separated by commas is left alone: there, a comma inside a quoted
        number may be a mark of thousands.
    columns : sequence of Column
        What the columns hold.
    """
    if raw.delimiter == ",":
        return raw
    numeric = [c.name for c in columns if c.kind in ("number", "count", "p") and c.name in raw.frame]
    if not has_decimal_commas(str(word) for name in numeric for word in pd.unique(raw.frame[name])):
        return raw
    frame = raw.frame.copy()
    for name in numeric:
        frame[name] = frame[name].str.replace(",", ".", regex=False)
    return replace(raw, frame=frame, notes=(*raw.notes, "numbers have decimal commas, and were read so"))
