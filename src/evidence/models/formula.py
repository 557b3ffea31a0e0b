"""Formulas of moderators: names of columns and a few operators, read by us, expanded by formulaic.

No text of the user is ever evaluated: each name must be a column of the table and is replaced by a made-up
one (``m0_``, ``m1_``), each level of a factor likewise (``L0``), before formulaic sees them.
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from evidence.errors import ModelError
from evidence.models.formula_text import LIMIT, Reader
from evidence.models.moderators import Moderator, coded, moderator
from evidence.numerics.design import dependencies

__all__ = ["Terms", "new_rows", "read_formula"]

_SHOWN = 8
_CODED = re.compile(r"m(\d+)_(?:\[(T\.)?L(\d+)\])?")


@dataclass(frozen=True)
class Terms:
    """A formula that has met its data: which columns it makes from which moderators.

    Attributes
    ----------
    formula : str
        As written, with a leading ``~``.
    inner : str
        The same in made-up names.
    moderators : tuple of Moderator
        In order of appearance.
    names : tuple of str
        Coefficients: ``Intercept``, ``weeks``, ``setting[T.clinic]`` (clinic against the first level).
    spans : tuple of (str, int, int)
        Each term with its first column and the one after its last.
    """

    formula: str
    inner: str
    moderators: tuple[Moderator, ...]
    names: tuple[str, ...]
    spans: tuple[tuple[str, int, int], ...]

    @property
    def intercept(self) -> int | None:
        """The intercept's column, None where there is none."""
        return self.names.index("Intercept") if "Intercept" in self.names else None

    def matrix(self, new: pd.DataFrame, rows: Sequence[str]) -> np.ndarray:
        """Return the columns for new rows.

        Raises
        ------
        ModelError
            Where a moderator is missing, blank, of another type, or has a level that the model has not seen.
        """
        absent = [m.name for m in self.moderators if m.name not in new.columns]
        if absent:
            raise ModelError(f"the new rows lack the moderator{'s' * (len(absent) > 1)} {', '.join(absent)}")
        return _expand(self.inner, self.moderators, new, rows)[0]


def read_formula(formula: str, table: pd.DataFrame, rows: Sequence[str]) -> tuple[Terms, np.ndarray]:
    """Read a formula and make its columns from a table.

    Parameters
    ----------
    formula : str
        One-sided, such as ``"~ weeks + setting"``; the tilde may be left out. An intercept is included
        unless ``0 +`` or ``- 1`` takes it away. Columns of words (and of yes/no values) are factors, compared
        with their first level in alphabetical order, or in the order of a pandas Categorical. A name that is
        no plain word is written between backticks.
    table : DataFrame
        The rows in use.
    rows : sequence of str
        Their names, for messages.

    Returns
    -------
    tuple of Terms and ndarray, shape (k, p)

    Raises
    ------
    ModelError
        Where the formula holds anything but names and operators, a moderator is blank in some row (named),
        neither number nor word, or the columns depend on each other (named).
    """
    if not isinstance(formula, str):
        raise ModelError(f"a formula is text, such as '~ weeks + setting'; got {type(formula).__name__}")
    text = formula.strip()
    if len(text) > LIMIT:
        raise ModelError(f"a formula has at most {LIMIT} characters; got {len(text)}")
    text = text.removeprefix("~").strip()
    if "~" in text or "=" in text:
        raise ModelError(
            f"the formula holds moderators only, the effects are known; write '~ ...', got {formula!r}"
        )
    reader = Reader(text, [str(column) for column in table.columns])
    inner = reader.read()
    moderators = tuple(moderator(name, table[name], rows) for name in reader.used)
    x, names, spans = _expand(inner, moderators, table, rows)
    terms = Terms(f"~ {text}", inner, moderators, names, spans)
    _refuse_dependence(x, terms)
    return terms, x


def _expand(
    inner: str, moderators: Sequence[Moderator], table: pd.DataFrame, rows: Sequence[str]
) -> tuple[np.ndarray, tuple[str, ...], tuple[tuple[str, int, int], ...]]:
    """Return the matrix, the columns' names and the terms' spans.

    Raises
    ------
    ModelError
        Where formulaic cannot read the formula, or nothing is left of it.
    """
    size = len(table)
    if inner == "1":
        return np.ones((size, 1)), ("Intercept",), (("Intercept", 0, 1),)
    import formulaic

    frame = pd.DataFrame({f"m{i}_": coded(m, table[m.name], rows) for i, m in enumerate(moderators)})
    try:
        formula: Any = formulaic.Formula(inner)
        for term in formula:
            _refuse_width(str(term), moderators, size)
        made = formula.get_model_matrix(frame, context={}, na_action="ignore")
    except formulaic.errors.FormulaicError as problem:
        raise ModelError(f"the formula cannot be read: {_plain(str(problem), moderators)}") from None
    names = tuple(_plain(str(name), moderators) for name in made.columns)
    spans = tuple(
        ("Intercept" if str(term) == "1" else _plain(str(term), moderators), part.start, part.stop)
        for term, part in made.model_spec.term_slices.items()
    )
    x = np.asarray(made, dtype=np.float64)
    if not x.shape[1]:
        raise ModelError("the formula leaves no coefficient; write '~ 1' for a mean")
    return x.reshape(size, -1), names, spans


def _refuse_width(term: str, moderators: Sequence[Moderator], size: int) -> None:
    """Refuse a term of more columns than any data could bear, before it is made.

    Raises
    ------
    ModelError
        Where it is that wide.
    """
    width = math.prod(max(len(moderators[int(i)].levels or ()) - 1, 1) for i, _, _ in _CODED.findall(term))
    if width > max(4 * size, 1000):
        raise ModelError(f"{_plain(term, moderators)} makes {width} columns or more out of {size} rows")


def _plain(text: str, moderators: Sequence[Moderator]) -> str:
    """Put the user's names back."""

    def name(found: re.Match[str]) -> str:
        which = moderators[int(found[1])]
        if found[3] is None or which.levels is None:
            return which.name
        return f"{which.name}[{found[2] or ''}{which.levels[int(found[3])]}]"

    return _CODED.sub(name, text)


def _refuse_dependence(x: np.ndarray, terms: Terms) -> None:
    """Name the columns that make the coefficients undetermined.

    Raises
    ------
    ModelError
        Where there are too many columns, or some depend on others.
    """
    names = terms.names
    if len(names) >= len(x):
        shown = ", ".join(names[:_SHOWN]) + (", ..." if len(names) > _SHOWN else "")
        raise ModelError(
            f"{len(x)} rows cannot estimate {len(names)} coefficients ({shown}) and the spread between"
            " studies; take fewer moderators"
        )
    lines = []
    for column, makers in dependencies(x):
        if not makers:
            lines.append(f"{names[column]} is zero in every row")
        elif makers == (terms.intercept,):
            lines.append(f"{names[column]} has the same value in every row")
        else:
            lines.append(f"{names[column]} is a combination of {', '.join(names[i] for i in makers)}")
    if lines:
        raise ModelError(
            f"the moderators depend on each other: {'; '.join(lines[:_SHOWN])}; leave one of them out"
        )


def new_rows(new: object) -> pd.DataFrame:
    """Return new rows as a table; `Terms.matrix` makes their columns.

    Raises
    ------
    ModelError
        Where the rows are no table, mapping or list of mappings.
    """
    if isinstance(new, pd.DataFrame):
        table = new.reset_index(drop=True)
    elif isinstance(new, Mapping):
        cells = {key: np.atleast_1d(np.asarray(value, dtype=object)) for key, value in new.items()}
        sizes = {str(key): len(column) for key, column in cells.items()}
        if len(set(sizes.values())) > 1:
            told = ", ".join(f"{key} {size}" for key, size in sizes.items())
            raise ModelError(f"the columns of new rows are of one length; got {told}")
        table = pd.DataFrame(cells)
    elif (
        isinstance(new, Sequence)
        and not isinstance(new, str)
        and all(isinstance(row, Mapping) for row in new)
    ):
        table = pd.DataFrame(list(new))
    else:
        raise ModelError(
            "new rows are a DataFrame, a dict of columns such as {'weeks': [6, 12]}, or a list of dicts;"
            f" got {type(new).__name__}"
        )
    if not len(table):
        raise ModelError("there are no new rows to predict for")
    return table
