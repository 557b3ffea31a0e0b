"""How a result looks where it is printed: its sentence, then the first lines of its table, at most 15."""

from __future__ import annotations

import math
import textwrap
from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd

from evidence.fit.numbers import decimals, number, p_value

__all__ = ["cell_text", "places_of", "plain"]

LINES = 15
"""Lines of a printed result: what is seen at a glance."""

_SENTENCE = 8
"""Lines of the sentence; what is longer ends in an ellipsis and stands whole in ``.sentence()``."""

_WIDE = 100
_CELL = 34


def plain(
    record: object,
    sentence: str,
    table: pd.DataFrame | None = None,
    columns: Mapping[str, str] | None = None,
    *,
    where: str = ".table",
) -> str:
    """Return a result as plain text: its name, its sentence, and the first lines of its table.

    Parameters
    ----------
    record : object
        The result, which gives its name.
    sentence : str
        What it says in a line.
    table : DataFrame, optional
        Its table, or its key numbers.
    columns : mapping of str to str, optional
        Columns to show, with their heads; all of them without it. What is too wide for the page is left out
        from the right.
    where : str, default ".table"
        Where the whole table stands, for the last line.
    """
    said = textwrap.wrap(f"<{type(record).__name__}: {' '.join(sentence.split())}>", _WIDE)
    if len(said) > _SENTENCE:
        said = [*said[: _SENTENCE - 1], f"{said[_SENTENCE - 1][: _WIDE - 2]}\N{HORIZONTAL ELLIPSIS}>"]
    if table is None or not len(table):
        return "\n".join(said)
    if _on_log_scale(record):
        turned = ", turned so that positive favours the first arm" if _turned(record) else ""
        said.append(f"  the table is on the log scale{turned}:")
    heads = columns or {str(name): str(name) for name in table.columns}
    room = LINES - len(said) - 1
    shown = len(table) if len(table) <= room else room - 1
    lines = _lines(table.head(shown), heads)
    rest = len(table) - shown
    more = [f"  and {rest} more {'line' if rest == 1 else 'lines'} in {where}"] if rest else []
    return "\n".join([*said, *lines, *more])


def _lines(table: pd.DataFrame, columns: Mapping[str, str]) -> list[str]:
    """Return a head and one line a row; numbers to the right, words to the left, empty columns left out."""
    parts: list[list[str]] = []
    used = 0
    for name, head in columns.items():
        column = table[name]
        places = places_of(column)
        cells = [_short(cell_text(value, places, str(name))) for value in column.tolist()]
        if not any(cells):
            continue
        words = [" ".join(head.split()), *cells]
        width = max(map(len, words))
        if parts and used + 2 + width > _WIDE:
            break
        used += 2 + width
        right = pd.api.types.is_numeric_dtype(column) and not pd.api.types.is_bool_dtype(column)
        parts.append([word.rjust(width) if right else word.ljust(width) for word in words])
    lines = [f"  {'  '.join(line)}".rstrip() for line in zip(*parts, strict=True)]
    return lines if any(head.strip() for head in columns.values()) else lines[1:]


def _on_log_scale(record: object) -> bool:
    """Tell whether a result's table holds logarithms, of which its sentence gives the ratios."""
    scales = [getattr(record, "scale", None), getattr(getattr(record, "fit", None), "scale", None)]
    return "log" in scales or getattr(record, "log", False) is True


def _turned(record: object) -> bool:
    """Tell whether ratios are the exponentials of minus what a table holds."""
    signs = [getattr(one, "display_sign", 1) for one in (record, getattr(record, "fit", None))]
    return -1 in signs


def _short(text: str) -> str:
    flat = " ".join(text.split())
    return flat if len(flat) <= _CELL else f"{flat[: _CELL - 1]}\N{HORIZONTAL ELLIPSIS}"


def places_of(column: pd.Series[Any]) -> int:
    """Return the decimals that the numbers of a column need together; 0 where they are none."""
    return decimals(column.astype(float)) if pd.api.types.is_float_dtype(column) else 0


def cell_text(value: object, places: int, column: str = "") -> str:
    """Return a cell as printed: numbers with these decimals, yes for true, nothing for what is missing.

    Numbers below 10 have two decimals or more however large others of their column are, unless whole; a
    column of p values has the digits of a p value.
    """
    if value is None or value is pd.NA:
        return ""
    if isinstance(value, bool | np.bool_):
        return "yes" if value else ""
    if not isinstance(value, float):
        return str(value)
    if _of_p_values(column) and math.isfinite(value):
        return p_value(value)
    return number(value, max(places, 2) if abs(value) < 10.0 and not value.is_integer() else places)


def _of_p_values(column: str) -> bool:
    return column == "p" or column.startswith("p_") or column.endswith("p_value")
