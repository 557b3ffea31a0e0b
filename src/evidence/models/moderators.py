"""One moderator: a column of numbers, or a factor with its levels; blanks and surprises are errors."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from evidence._check import in_row
from evidence.errors import ModelError

__all__ = ["Moderator", "coded", "moderator"]

_SHOWN = 8


@dataclass(frozen=True)
class Moderator:
    """A column of a formula.

    Attributes
    ----------
    name : str
        The column.
    levels : tuple of str or None
        A factor's levels, the first being the one that the others are compared with; None for numbers.
    """

    name: str
    levels: tuple[str, ...] | None


def _listed(items: Sequence[str]) -> str:
    more = f" and {len(items) - _SHOWN} more" if len(items) > _SHOWN else ""
    return ", ".join(items[:_SHOWN]) + more


def _blank(cell: object) -> bool:
    if isinstance(cell, str):
        return not cell.strip()
    return cell is None or bool(pd.isna(cell))  # type: ignore[call-overload]


def _is_number(cell: object) -> bool:
    return isinstance(cell, int | float | np.integer | np.floating) and not isinstance(cell, bool | np.bool_)


def _word(cell: object) -> str:
    """Return a factor's level as text."""
    return cell.strip() if isinstance(cell, str) else str(cell)


def _cells(name: str, column: pd.Series, rows: Sequence[str]) -> list[object]:
    """Return the cells, none of them blank.

    Raises
    ------
    ModelError
        Where a cell is blank; the rows are named.
    """
    cells = column.tolist()
    missing = [row for row, cell in zip(rows, cells, strict=True) if _blank(cell)]
    if missing:
        raise ModelError(
            f"the moderator {name} is blank in {in_row(_listed(missing), several=len(missing) > 1)};"
            " fill it in, or leave these rows out before the model: it drops none by itself"
        )
    return cells


def moderator(name: str, column: pd.Series, rows: Sequence[str]) -> Moderator:
    """Decide what a column is: numbers, or a factor with the levels that occur.

    Raises
    ------
    ModelError
        Where a cell is blank, infinite, or neither number nor word.
    """
    cells = _cells(name, column, rows)
    if isinstance(column.dtype, pd.CategoricalDtype):
        seen = {_word(cell) for cell in cells}
        levels = tuple(dict.fromkeys(_word(c) for c in column.cat.categories if _word(c) in seen))
        return _factor(name, levels)
    if all(_is_number(cell) for cell in cells):
        _numbers(name, cells, rows)
        return Moderator(name, None)
    odd = [
        row
        for row, cell in zip(rows, cells, strict=True)
        if not (isinstance(cell, str | bool | np.bool_) or _is_number(cell))
    ]
    if odd:
        raise ModelError(f"the moderator {name} is neither number nor word in {in_row(_listed(odd))}")
    return _factor(name, tuple(sorted({_word(cell) for cell in cells})))


def _factor(name: str, levels: tuple[str, ...]) -> Moderator:
    if len(levels) < 2:
        raise ModelError(
            f"the moderator {name} is {levels[0]!r} in every row: there is nothing to compare it with"
        )
    return Moderator(name, levels)


def _numbers(name: str, cells: Sequence[object], rows: Sequence[str]) -> np.ndarray:
    values = np.array(cells, dtype=np.float64)
    wild = [row for row, ok in zip(rows, np.isfinite(values), strict=True) if not ok]
    if wild:
        raise ModelError(f"the moderator {name} is infinite in {in_row(_listed(wild))}")
    return values


def coded(
    which: Moderator, column: pd.Series, rows: Sequence[str]
) -> np.ndarray | pd.Series[pd.CategoricalDtype[str]]:
    """Return a column's numbers, or its levels under made-up names ``L0``, ``L1`` ...

    Raises
    ------
    ModelError
        Where a cell is blank, a number is not one, or a level has not been seen.
    """
    cells = _cells(which.name, column, rows)
    if which.levels is None:
        odd = [row for row, cell in zip(rows, cells, strict=True) if not _is_number(cell)]
        if odd:
            raise ModelError(
                f"the moderator {which.name} is a number; {in_row(_listed(odd))} holds something else"
            )
        return _numbers(which.name, cells, rows)
    place = {level: i for i, level in enumerate(which.levels)}
    words = [_word(cell) for cell in cells]
    unseen = list(dict.fromkeys(word for word in words if word not in place))
    if unseen:
        where = [row for row, word in zip(rows, words, strict=True) if word not in place]
        raise ModelError(
            f"the moderator {which.name} has no level {_listed([repr(word) for word in unseen])}"
            f" ({in_row(_listed(where))}); the model knows {_listed([repr(level) for level in which.levels])}"
        )
    known = pd.CategoricalDtype([f"L{i}" for i in range(len(place))])
    return pd.Series([f"L{place[word]}" for word in words], dtype=known)
