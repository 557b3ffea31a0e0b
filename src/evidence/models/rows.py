"""Which rows a model may use, which it leaves out, and why; no row disappears."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from evidence.effects.record import KINDS, Effects, correlation_words
from evidence.errors import ModelError
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

ROW_COLUMNS = (
    "row_id",
    "study",
    "label",
    "estimate",
    "std_error",
    "low",
    "high",
    "kind",
    "weight",
    "contribution",
    "used",
    "why_not",
    "n_e",
    "n_c",
    "people",
    "domain",
    "outcome",
    "comparator_class",
    "inferred",
)
"""Columns of `MetaFit.rows`."""

TAKEN = "pool_partial() uses it"
"""How the reason of a row ends that gives no value but enters `pool_partial`."""

NOT_POOLED = "one study is printed, not pooled: its exact rows give its effect"
"""Why a row without a value is left out beside the exact rows of the only study."""

ASSUMED = r"\br = "
"""How a row's assumptions name the assumed pre-post correlation, as a regular expression."""

_NUMBERS = ("estimate", "std_error", "variance", "low", "high", "n_e", "n_c", "people")
_SHOWN = 8


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
        return np.asarray(self.table.loc[self.used, column], dtype=np.float64)

    def studies(self) -> list[str]:
        """Return the study of each row in use."""
        return [str(study) for study in self.table.loc[self.used, "study"]]

    def kinds(self) -> Mapping[str, int]:
        """Return how many of the rows given are of each kind."""
        counts = self.table["kind"].value_counts()
        return {kind: int(counts.get(kind, 0)) for kind in KINDS}

    def rows(self, weight: Vector | None = None, contribution: Vector | None = None) -> pd.DataFrame:
        """Return the table of `MetaFit.rows`; the vectors (percent) belong to the rows in use."""
        out = self.table.copy()
        for name, values in (("weight", weight), ("contribution", contribution)):
            column = np.full(len(out), math.nan)
            if values is not None:
                column[self.used] = values
            out[name] = column
        out["used"] = self.used
        out["why_not"] = list(self.why_not)
        return out.loc[:, list(ROW_COLUMNS)]


def is_yes(value: object) -> bool:
    """Tell whether a cell says yes, be it a bool or a word."""
    if isinstance(value, str):
        return value.strip().casefold() in ("yes", "true", "1")
    return isinstance(value, bool | np.bool_) and bool(value)


def _named(rows: Sequence[str]) -> str:
    more = f" and {len(rows) - _SHOWN} more" if len(rows) > _SHOWN else ""
    return ", ".join(rows[:_SHOWN]) + more


def check_effects(effects: object) -> None:
    """Refuse what is not Effects.

    Raises
    ------
    ModelError
        Where something else is given.
    """
    if not isinstance(effects, Effects):
        raise ModelError(
            "effects: a model takes Effects, made by effect_sizes() or effects_from();"
            f" got {type(effects).__name__}"
        )


def _prepared(effects: Effects) -> pd.DataFrame:
    check_effects(effects)
    table = effects.table.reset_index(drop=True).copy()
    for name in {*ROW_COLUMNS, *_NUMBERS, "main", "level", "reason", "sign"} - set(table.columns):
        table[name] = math.nan if name in (*_NUMBERS, "sign") else True if name == "main" else ""
    for name in (*_NUMBERS, "sign"):
        try:
            table[name] = pd.to_numeric(table[name]).astype(np.float64)
        except (TypeError, ValueError) as problem:
            raise ModelError(f"column {name!r} of the effects must hold numbers; {problem}") from problem
    table["people"] = table["people"].fillna(table["n_e"] + table["n_c"])
    missing = table["std_error"].isna()
    table.loc[missing, "std_error"] = np.sqrt(table.loc[missing, "variance"].clip(lower=0.0))
    return table


def _refuse_mixtures(effects: Effects, table: pd.DataFrame) -> None:
    pooled = table["level"].astype(str).eq("pooled")
    names = [str(row) for row in table.loc[pooled, "row_id"]]
    if pooled.all() and len(table):
        raise ModelError(
            f"these rows are results of reviews ({_named(names)}): context, never pooled again;"
            " pool the studies, studies.where(level='study')"
        )
    if pooled.any():
        raise ModelError(
            f"results of reviews never meet the results of studies, which they already hold: {_named(names)};"
            " leave them out with studies.where(level='study')"
        )
    measures = sorted(set(table["measure"].dropna().astype(str))) if "measure" in table.columns else []
    if len(measures) > 1:
        raise ModelError(
            f"effects in several measures are never pooled together: {', '.join(measures)};"
            " choose the rows of one measure"
        )


def _checked_variance(row_id: str, variance: float) -> None:
    if not (math.isfinite(variance) and variance > 0.0):
        raise ModelError(f"row {row_id}: a variance is a positive finite number, got {variance:g}")


def _reason(row: Mapping[str, object], partial: bool) -> str:
    """Return why a row is left out, or an empty string for a row that the model uses.

    Raises
    ------
    ModelError
        Where the row's numbers contradict each other.
    """
    row_id, kind = str(row["row_id"]), str(row["kind"])
    estimate, variance = float(row["estimate"]), float(row["variance"])  # type: ignore[arg-type]
    low, high = float(row["low"]), float(row["high"])  # type: ignore[arg-type]
    if kind not in KINDS:
        raise ModelError(f"row {row_id}: kind must be one of {', '.join(KINDS)}, got {kind!r}")
    if kind == "unusable":
        return str(row["reason"] or "").strip() or "it compares nothing between the arms"
    if row["main"] is False or row["main"] is np.False_ or row["main"] == 0:
        return "another time point of this outcome is the main one"
    if kind == "exact":
        if not math.isfinite(estimate):
            raise ModelError(f"row {row_id}: an effect is a finite number, got {estimate:g}")
        _checked_variance(row_id, variance)
        return ""
    missing = _missing(row_id, variance, low, high)
    if partial:
        return missing
    said = "an interval of effects" if kind == "interval" else "a direction"
    return f"it reports only {said}; {missing or TAKEN}"


def _missing(row_id: str, variance: float, low: float, high: float) -> str:
    """Return what a row without a value lacks to enter `pool_partial`, or an empty string.

    Raises
    ------
    ModelError
        Where its limits or its variance are impossible.
    """
    if math.isnan(variance):
        return "no standard error can be had: the numbers of people are not known"
    _checked_variance(row_id, variance)
    if math.isnan(low) or math.isnan(high) or (math.isinf(low) and math.isinf(high)):
        return "it sets no limit to the effect"
    if low > high or low == math.inf or high == -math.inf:
        raise ModelError(f"row {row_id}: the lower limit is below the upper one, got {low:g} and {high:g}")
    return ""


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
    table = _prepared(effects)
    if not len(table):
        raise ModelError("there are no rows to pool; the selection that led here is empty")
    _refuse_mixtures(effects, table)
    names = ["row_id", "kind", "estimate", "variance", "low", "high", "main", "reason"]
    columns = [table[name].tolist() for name in names]
    why = tuple(_reason(dict(zip(names, row, strict=True)), partial) for row in zip(*columns, strict=True))
    used = np.array([not reason for reason in why])
    taken = np.array([reason.endswith(TAKEN) for reason in why])
    if used.any() and len(set(table.loc[used | taken, "study"])) == 1:
        why = tuple(NOT_POOLED if mine else reason for mine, reason in zip(taken, why, strict=True))
    if not used.any():
        grouped: dict[str, list[str]] = {}
        for row_id, reason in zip(table["row_id"], why, strict=True):
            grouped.setdefault(reason, []).append(str(row_id))
        lines = [f"  {_named(rows)}: {reason}" for reason, rows in grouped.items()]
        raise ModelError("\n".join(["none of the rows can be pooled:", *lines]))
    return Selection(table, used, why, effects.overlaps)


def people(selection: Selection) -> tuple[float | None, tuple[str, ...]]:
    """Return the number of people, with notes on studies that do not say and on people counted twice.

    Each study counts once, with its largest row in use: its rows are measured on the same people.
    """
    used = selection.table.loc[selection.used]
    largest = used["people"].groupby(used["study"], sort=False).max()
    known = largest.dropna()
    twice = tuple(
        f"{first} and {second} report (in part) the same people, and enter as two studies."
        for first, second in selection.overlaps
        if {first, second} <= set(used["study"])
    )
    if known.empty:
        return None, twice
    silent = len(largest) - len(known)
    note = f"The number of people leaves out {silent} of {len(largest)} studies that do not say theirs."
    return float(known.sum()), (note, *twice) if silent else twice


def several_rows(selection: Selection) -> list[str]:
    """Return the studies with more than one row in use, in order of appearance."""
    counts = selection.table.loc[selection.used, "study"].value_counts(sort=False)
    return [str(study) for study, n in counts.items() if n > 1]


def assumed_correlation(effects: Effects, selection: Selection) -> tuple[str, ...]:
    """Return a note on the assumed pre-post correlation, where a row in use rests on it."""
    table = selection.table
    if effects.correlation is None or "assumptions" not in table.columns:
        return ()
    if not table.loc[selection.used, "assumptions"].astype(str).str.contains(ASSUMED, regex=True).any():
        return ()
    return (assumed_note(effects.correlation),)


def assumed_note(correlation: float | Mapping[str, float]) -> str:
    """Return the note on an assumed pre-post correlation, or on those of several outcomes."""
    r = correlation_words(correlation)
    return f"Effects assume a correlation of r = {r} between scores before and after."
