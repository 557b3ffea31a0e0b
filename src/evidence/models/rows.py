"""Which rows a model may use, which it leaves out, and why; no row disappears."""

from __future__ import annotations

import itertools
import math
import re
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from evidence.effects.record import KINDS, Effects, correlation_words
from evidence.errors import ModelError
from evidence.fit.sentences import SAME_PEOPLE
from evidence.models.row_rules import (
    ROW_COLUMNS,
    TAKEN,
    check_effects,
    named,
    prepared,
    present,
    reason_left_out,
    refuse_mixtures,
)
from evidence.numerics.wls import Vector

__all__ = [
    "ASSUMED",
    "NOT_POOLED",
    "ROW_COLUMNS",
    "TAKEN",
    "Selection",
    "assumed_correlation",
    "assumed_note",
    "check_effects",
    "is_yes",
    "people",
    "select",
    "several_rows",
]

NOT_POOLED = "one study is printed, not pooled: its exact rows give its effect"
"""Why a row without a value is left out beside the exact rows of the only study."""

ASSUMED = r"\br = "
"""How a row's assumptions name the assumed pre-post correlation, as a regular expression."""


@dataclass(frozen=True)
class Selection:
    """The rows given, those in use, and the reason for each that is not.

    Attributes
    ----------
    table : DataFrame
        Every row given, index 0.., number columns as floats.
    used : ndarray of bool, shape (rows,)
        Which rows the model uses.
    why_not : tuple of str
        The reason, empty for rows in use.
    overlaps : tuple of pairs of str
        Studies that report the same people under two keys.
    """

    table: pd.DataFrame
    used: np.ndarray
    why_not: tuple[str, ...]
    overlaps: tuple[tuple[str, str], ...] = ()

    def values(self, column: str) -> Vector:
        """Return a number column of the rows in use."""
        numbers = np.asarray(self.table[column], dtype=np.float64)
        return np.asarray(numbers[self.used], dtype=np.float64)

    def entries(self, column: str) -> list[Any]:
        """Return a column of the rows in use."""
        return list(itertools.compress(self.table[column].tolist(), self.used.tolist()))

    def names(self) -> list[str]:
        """Return the name of each row in use."""
        return [str(row) for row in self.entries("row_id")]

    def studies(self) -> list[str]:
        """Return the study of each row in use."""
        return [str(study) for study in self.entries("study")]

    def kinds(self) -> Mapping[str, int]:
        """Return how many of the rows given are of each kind."""
        counts = Counter(self.table["kind"].tolist())
        return {kind: counts[kind] for kind in KINDS}

    def rows(self, weight: Vector | None = None, contribution: Vector | None = None) -> pd.DataFrame:
        """Return the table of `MetaFit.rows`; the vectors (percent) belong to the rows in use."""
        columns: dict[str, Any] = {
            name: self.table[name].array for name in ROW_COLUMNS if name in self.table.columns
        }
        for name, values in (("weight", weight), ("contribution", contribution)):
            columns[name] = np.full(len(self.table), math.nan)
            if values is not None:
                columns[name][self.used] = values
        columns |= {"used": self.used, "why_not": list(self.why_not)}
        return pd.DataFrame({name: columns[name] for name in ROW_COLUMNS}, index=self.table.index, copy=True)


def is_yes(value: object) -> bool:
    """Tell whether a cell says yes, be it a bool or a word."""
    if isinstance(value, str):
        return value.strip().casefold() in ("yes", "true", "1")
    return isinstance(value, bool | np.bool_) and bool(value)


def select(effects: Effects, *, partial: bool) -> Selection:
    """Sort the rows into those a model uses and those it leaves out.

    Parameters
    ----------
    effects : Effects
        The rows.
    partial : bool
        Whether the model takes intervals and signs with a variance; otherwise exact rows only.

    Returns
    -------
    Selection

    Raises
    ------
    ModelError
        Where pooled rows meet study rows, measures are mixed, a row's numbers are impossible, or no
        row is left.
    """
    table = prepared(effects)
    if not len(table):
        raise ModelError("there are no rows to pool; the selection that led here is empty")
    refuse_mixtures(effects, table)
    names = ["row_id", "kind", "estimate", "variance", "low", "high", "main", "reason"]
    columns = [table[name].tolist() for name in names]
    why = tuple(
        reason_left_out(dict(zip(names, row, strict=True)), partial) for row in zip(*columns, strict=True)
    )
    used = np.array([not reason for reason in why])
    taken = np.array([reason.endswith(TAKEN) for reason in why])
    if used.any() and len(set(itertools.compress(table["study"].tolist(), used | taken))) == 1:
        why = tuple(NOT_POOLED if mine else reason for mine, reason in zip(taken, why, strict=True))
    if not used.any():
        grouped: dict[str, list[str]] = {}
        for row_id, reason in zip(table["row_id"], why, strict=True):
            grouped.setdefault(reason, []).append(str(row_id))
        lines = [f"  {named(rows)}: {reason}" for reason, rows in grouped.items()]
        raise ModelError("\n".join(["none of the rows can be pooled:", *lines]))
    return Selection(table, used, why, effects.overlaps)


def people(selection: Selection) -> tuple[float | None, tuple[str, ...]]:
    """Return the number of people, with notes on studies that do not say and on people counted twice.

    Each study counts once, with its largest row in use: its rows are measured on the same people.
    """
    studies = selection.entries("study")
    largest: dict[Any, float] = {}
    for study, number in zip(studies, selection.values("people").tolist(), strict=True):
        if not present([study]):
            continue
        before = largest.get(study, math.nan)
        largest[study] = before if before >= number or math.isnan(number) else number
    known = [number for number in largest.values() if not math.isnan(number)]
    twice = tuple(
        f"{first} and {second} {SAME_PEOPLE}"
        for first, second in selection.overlaps
        if {first, second} <= set(studies)
    )
    if not known:
        return None, twice
    silent = len(largest) - len(known)
    note = f"The number of people leaves out {silent} of {len(largest)} studies that do not say theirs."
    return float(np.sum(known)), (note, *twice) if silent else twice


def several_rows(selection: Selection) -> list[str]:
    """Return the studies with more than one row in use, in order of appearance."""
    counts = Counter(present(selection.entries("study")))
    return [str(study) for study, n in counts.items() if n > 1]


def assumed_correlation(effects: Effects, selection: Selection) -> tuple[str, ...]:
    """Return a note on the assumed pre-post correlation, where a row in use rests on it."""
    table = selection.table
    if effects.correlation is None or "assumptions" not in table.columns:
        return ()
    if not any(re.search(ASSUMED, str(said)) for said in selection.entries("assumptions")):
        return ()
    return (assumed_note(effects.correlation),)


def assumed_note(correlation: float | Mapping[str, float]) -> str:
    """Return the note on an assumed pre-post correlation, or on those of several outcomes."""
    r = correlation_words(correlation)
    return f"Effects assume a correlation of r = {r} between scores before and after."
