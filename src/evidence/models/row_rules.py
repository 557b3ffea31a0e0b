"""What a row must be to enter a model, and the words for why it does not."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd

from evidence._check import in_row
from evidence.effects.record import KINDS, Effects
from evidence.errors import ModelError
from evidence.numerics.wls import Vector

__all__ = [
    "ROW_COLUMNS",
    "TAKEN",
    "check_effects",
    "named",
    "prepared",
    "present",
    "reason_left_out",
    "refuse_mixtures",
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

_NUMBERS = ("estimate", "std_error", "variance", "low", "high", "n_e", "n_c", "people")
_SHOWN = 8


def named(rows: Sequence[str]) -> str:
    """Return the first rows by name, and how many more there are."""
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


def prepared(effects: Effects) -> pd.DataFrame:
    """Return the table with every column that the models look at, its numbers as floats.

    Raises
    ------
    ModelError
        Where a number column holds something else.
    """
    check_effects(effects)
    given = effects.table
    # One table made of whole columns: adding and replacing them one by one takes longer than a fit.
    columns: dict[str, Any] = {str(name): column.array for name, column in given.items()}
    for name in sorted({*ROW_COLUMNS, *_NUMBERS, "main", "level", "reason", "sign"} - set(columns)):
        columns[name] = math.nan if name in (*_NUMBERS, "sign") else True if name == "main" else ""
    numbers = {name: _floats(name, columns[name], len(given)) for name in (*_NUMBERS, "sign")}
    numbers["people"] = np.where(
        np.isnan(numbers["people"]), numbers["n_e"] + numbers["n_c"], numbers["people"]
    )
    error, variance = numbers["std_error"], numbers["variance"]
    numbers["std_error"] = np.where(np.isnan(error), np.sqrt(np.maximum(variance, 0.0)), error)
    return pd.DataFrame(columns | numbers, index=pd.RangeIndex(len(given)), copy=True)


def _floats(name: str, column: Any, k: int) -> Vector:  # noqa: ANN401  (any kind of column)
    """Return a column's numbers, NaN for missing ones.

    Raises
    ------
    ModelError
        Where it holds something else.
    """
    if isinstance(column, float):
        return np.full(k, column)
    if isinstance(column.dtype, np.dtype) and column.dtype.kind in "iuf":
        return np.asarray(column, dtype=np.float64)
    try:
        return np.asarray(pd.to_numeric(pd.Series(column)).astype(np.float64), dtype=np.float64)
    except (TypeError, ValueError) as problem:
        raise ModelError(f"column {name!r} of the effects must hold numbers; {problem}") from problem


def present(entries: Iterable[Any]) -> list[Any]:
    """Return entries that are not missing; only a missing number differs from itself."""
    return [entry for entry in entries if entry is not None and entry is not pd.NA and entry == entry]


def refuse_mixtures(effects: Effects, table: pd.DataFrame) -> None:
    """Refuse results of reviews, and effects in several measures.

    Raises
    ------
    ModelError
        Where there are any.
    """
    levels, rows = table["level"].tolist(), table["row_id"].tolist()
    names = [str(row) for row, level in zip(rows, levels, strict=True) if str(level) == "pooled"]
    if names and len(names) == len(rows):
        raise ModelError(
            f"these rows are results of reviews ({named(names)}): context, never pooled again;"
            " pool the studies, studies.where(level='study')"
        )
    if names:
        raise ModelError(
            f"results of reviews never meet the results of studies, which they already hold: {named(names)};"
            " leave them out with studies.where(level='study')"
        )
    measures = (
        sorted({str(m) for m in present(table["measure"].tolist())}) if "measure" in table.columns else []
    )
    if len(measures) > 1:
        raise ModelError(
            f"effects in several measures are never pooled together: {', '.join(measures)};"
            " choose the rows of one measure"
        )


def _checked_variance(row_id: str, variance: float) -> None:
    if not (math.isfinite(variance) and variance > 0.0):
        raise ModelError(f"{in_row(row_id)}: a variance is a positive finite number, got {variance:g}")


def reason_left_out(row: Mapping[str, object], partial: bool) -> str:
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
        raise ModelError(f"{in_row(row_id)}: kind must be one of {', '.join(KINDS)}, got {kind!r}")
    if kind == "unusable":
        return str(row["reason"] or "").strip() or "it compares nothing between the arms"
    if row["main"] is False or row["main"] is np.False_ or row["main"] == 0:
        return "another time point of this outcome is the main one"
    if kind == "exact":
        if not math.isfinite(estimate):
            raise ModelError(f"{in_row(row_id)}: an effect is a finite number, got {estimate:g}")
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
        raise ModelError(
            f"{in_row(row_id)}: the lower limit is below the upper one, got {low:g} and {high:g}"
        )
    return ""
