"""What the checks look at: the columns as arrays, with the rounding of each printed number."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import NamedTuple, TypeVar, cast

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from evidence.effects.record import Effects
from evidence.effects.solver.rounding import half_unit
from evidence.studies.record import Studies

__all__ = ["POOLED_BY", "AuditData", "Printed"]

Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]
Texts = NDArray[np.object_]
Kept = TypeVar("Kept")

POOLED_BY = ("question", "domain", "comparator_class")
"""Columns whose cells together make one pool: rows that would be pooled together share all of them."""


class Printed(NamedTuple):
    """Numbers as printed.

    Attributes
    ----------
    value : ndarray
        The numbers, NaN where blank.
    half : ndarray
        Half a unit of the last printed digit: the truth lies within ``value ± half``. 0 where blank.
    """

    value: Floats
    half: Floats

    @property
    def decimals(self) -> Floats:
        """Digits after the decimal point, 0 where blank."""
        with np.errstate(divide="ignore"):
            places = -np.round(np.log10(2.0 * self.half))
        return np.where(self.half > 0, np.maximum(places, 0.0), 0.0)

    @property
    def low(self) -> Floats:
        """The smallest number that is printed like this."""
        return self.value - self.half

    @property
    def high(self) -> Floats:
        """The largest number that is printed like this."""
        return self.value + self.half


@dataclass(frozen=True, eq=False)
class AuditData:
    """The studies as arrays; every look at a column is kept.

    Attributes
    ----------
    studies : Studies
        The rows under audit.
    effects : Effects or None
        Their effects, where the caller gave them.
    """

    studies: Studies
    effects: Effects | None = None

    @cached_property
    def table(self) -> pd.DataFrame:
        """The typed table (one copy for all checks)."""
        return self.studies.table

    @cached_property
    def text(self) -> pd.DataFrame:
        """The cells as printed (one copy for all checks)."""
        return self.studies.text

    @cached_property
    def info(self) -> pd.DataFrame | None:
        """The study table, indexed by study, or None."""
        info = self.studies.info
        return None if info is None else info.drop_duplicates("study").set_index("study")

    @cached_property
    def _kept(self) -> dict[str, object]:
        return {}

    def __len__(self) -> int:
        """Return the number of rows."""
        return len(self.table)

    @cached_property
    def row_ids(self) -> Texts:
        """Names of the rows."""
        return self.table["row_id"].to_numpy(dtype=object)

    @cached_property
    def studies_of(self) -> Texts:
        """Study of each row."""
        return self.table["study"].to_numpy(dtype=object)

    def number(self, column: str) -> Floats:
        """Return a column of numbers, NaN where blank or where the file has no such column."""
        return self.once(f"number {column}", lambda: self._number(column))

    def _number(self, column: str) -> Floats:
        if column not in self.table:
            return np.full(len(self), np.nan)
        return self.table[column].to_numpy(dtype=np.float64)

    def word(self, column: str) -> Texts:
        """Return a column of text, ``""`` where blank or where the file has no such column."""
        return self.once(f"word {column}", lambda: self._text(self.table, column))

    def as_printed(self, column: str) -> Texts:
        """Return the cells of a column as printed."""
        return self.once(f"text {column}", lambda: self._text(self.text, column))

    def _text(self, frame: pd.DataFrame, column: str) -> Texts:
        if column not in frame:
            return np.full(len(self), "", dtype=object)
        return frame[column].to_numpy(dtype=object)

    def printed(self, column: str) -> Printed:
        """Return a column of numbers with their rounding."""
        return self.once(f"printed {column}", lambda: self._printed(column))

    def _printed(self, column: str) -> Printed:
        value = self.number(column)
        half = np.zeros(len(self))
        seen: dict[str, float] = {}
        cells = self.as_printed(column)
        for row in np.flatnonzero(np.isfinite(value)):
            cell = cells[row]
            if cell not in seen:
                seen[cell] = half_unit(cell)
            half[row] = seen[cell]
        return Printed(value, half)

    def once(self, name: str, make: Callable[[], Kept]) -> Kept:
        """Return what was made under a name before, or make it: for checks that share a calculation."""
        if name not in self._kept:
            self._kept[name] = make()
        return cast("Kept", self._kept[name])

    def fact(self, column: str) -> Floats:
        """Return a number of the study table for each row, NaN where unknown."""
        if self.info is None or column not in self.info:
            return np.full(len(self), np.nan)
        facts = pd.to_numeric(self.info[column], errors="coerce")
        return facts.reindex(self.studies_of).to_numpy(dtype=np.float64)

    def fact_word(self, column: str) -> Texts:
        """Return a text of the study table for each row, ``""`` where unknown."""
        if self.info is None or column not in self.info:
            return np.full(len(self), "", dtype=object)
        facts = self.info[column].fillna("").astype(str)
        return facts.reindex(self.studies_of).fillna("").to_numpy(dtype=object)

    @cached_property
    def study_rows(self) -> Bools:
        """Rows of single studies (not pooled results of reviews)."""
        return np.asarray(self.word("level") != "pooled", dtype=np.bool_)

    @cached_property
    def rows_of_study(self) -> dict[str, NDArray[np.intp]]:
        """Rows of each study, by first appearance."""
        codes, names = pd.factorize(self.studies_of)
        order = np.argsort(codes, kind="stable")
        parts = (
            np.split(order, np.cumsum(np.bincount(codes, minlength=len(names)))[:-1]) if len(names) else []
        )
        return {str(name): part for name, part in zip(names, parts, strict=True)}

    def codes(self, columns: Sequence[str]) -> NDArray[np.int64]:
        """Return a number for each combination of the columns' cells, by first appearance."""
        frame = pd.DataFrame({column: self.word(column) for column in columns})
        return frame.groupby(list(columns), sort=False, dropna=False).ngroup().to_numpy().astype(np.int64)
