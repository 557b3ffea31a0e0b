"""What a row must be to enter a model, and the words for why it does not."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd

from evidence.effects.record import KINDS, Effects
from evidence.errors import ModelError

__all__ = ["ROW_COLUMNS", "TAKEN", "check_effects", "named", "prepared", "reason_left_out", "refuse_mixtures"]

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


def refuse_mixtures(effects: Effects, table: pd.DataFrame) -> None:
    """Refuse results of reviews, and effects in several measures.

    Raises
    ------
    ModelError
        Where there are any.
    """
    pooled = table["level"].astype(str).eq("pooled")
    names = [str(row) for row in table.loc[pooled, "row_id"]]
    if pooled.all() and len(table):
        raise ModelError(
            f"these rows are results of reviews ({named(names)}): context, never pooled again;"
            " pool the studies, studies.where(level='study')"
        )
    if pooled.any():
        raise ModelError(
            f"results of reviews never meet the results of studies, which they already hold: {named(names)};"
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
