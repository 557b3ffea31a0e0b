"""What a dumbbell chart shows, decided before anything is drawn."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import pandas as pd

from evidence.charts.forest_rows import KIND_MARKS
from evidence.charts.frame import as_float, as_text, printed, printed_range
from evidence.charts.words import MINUS, decimals_for, interval_words
from evidence.errors import ModelError
from evidence.numerics.intervals import quantile

if TYPE_CHECKING:
    from evidence.effects.record import Effects
    from evidence.studies.record import Studies

__all__ = ["DUMBBELL_COLUMNS", "LEVEL", "PLACES", "dumbbell_rows"]

DUMBBELL_COLUMNS = (
    *("role", "row_id", "study", "label", "outcome", "unit", "arm_e", "arm_c"),
    *("before_e", "after_e", "before_c", "after_c", "change_e", "change_c", "sd"),
    *("x_before_e", "x_after_e", "x_before_c", "x_after_c"),
    *("gained_e", "gained_c"),
    *("within_text_e", "within_text_c", "mark", "estimate", "low", "high", "effect_text", "verdict"),
)
"""Columns of `dumbbell_rows`, in this order."""

PLACES = ["x_before_e", "x_after_e", "x_before_c", "x_after_c"]
"""Columns of the places on the axis of changes."""

_SIGNS = {"higher": 1.0, "lower": -1.0}

LEVEL = 0.95
"""Level of the interval of an exact difference."""


def dumbbell_rows(effects: Effects, studies: Studies) -> pd.DataFrame:
    """Decide what a dumbbell chart shows: the changes of both arms, and the difference between them.

    Parameters
    ----------
    effects : Effects
        The rows.
    studies : Studies
        The studies that the effects were made from: what they print stands there.

    Returns
    -------
    DataFrame
        One line a row; ``role`` is ``"row"`` where means before and after (or changes) of both arms are
        printed, otherwise ``"left_out"``. ``before_e`` to ``change_c`` are as printed. ``x_...`` are the same
        in standard deviations of both arms before treatment (after it, where those are not printed), from
        the middle of both means before, turned so that more is better; empty without a standard deviation or
        where `better` is not told. ``gained_e`` and ``gained_c`` say whether the mean moved to the better
        side (``"yes"``, ``"no"`` or empty), whatever a test within the arm says.
        ``estimate``, ``low``, ``high`` are the difference between the arms on the printed scale (95 %
        interval of a value, bounds otherwise). ``verdict`` is ``"first"``, ``"second"`` or
        ``"undecided"``, or ``"none"`` without a comparison. No test within an arm is here.

    Raises
    ------
    ModelError
        Where the studies lack a row of the effects.

    Examples
    --------
    >>> import evidence as ev
    >>> trial = ev.example_studies().where(study="resendeneto2019")
    >>> rows = dumbbell_rows(ev.effect_sizes(trial, measure="SMD", correlation=0.7), trial)
    >>> rows.loc[0, ["within_text_e", "within_text_c", "effect_text"]].tolist()
    ['1.76 → 4.71', '2.80 → 5.84', '−0.01 (−0.56 to 0.54)']
    """
    prints = studies.table.set_index("row_id")
    own = effects.table.to_dict("records")
    lost = [str(row["row_id"]) for row in own if row["row_id"] not in prints.index]
    if lost:
        raise ModelError(
            f"the studies do not hold {', '.join(lost[:3])}: give those that the effects were made from"
        )
    decimals = decimals_for([as_float(row["std_error"]) for row in own])
    cells = studies.text.set_axis(prints.index, axis=0)
    lines = [
        _line(row, prints.loc[row["row_id"]].to_dict(), cells.loc[row["row_id"]].to_dict(), effects, decimals)
        for row in own
    ]
    return pd.DataFrame(lines, columns=list(DUMBBELL_COLUMNS))


def _line(
    row: dict[Any, Any], prints: dict[Any, Any], cells: dict[Any, Any], effects: Effects, decimals: int
) -> dict[str, object]:
    """Return the line of one row."""
    numbers = {
        f"{when}_{arm}": as_float(prints.get(f"{column}_{arm}"))
        for when, column in (("before", "pre_mean"), ("after", "post_mean"), ("change", "change_mean"))
        for arm in "ec"
    }
    for arm in "ec":  # a change is the difference of the printed means; the printed one stands in for it
        made = numbers[f"after_{arm}"] - numbers[f"before_{arm}"]
        if not math.isnan(made):
            numbers[f"change_{arm}"] = made
    whole = not any(math.isnan(numbers[f"change_{arm}"]) for arm in "ec")
    return {
        "role": "row" if whole else "left_out",
        "row_id": as_text(row["row_id"]),
        "study": as_text(row["study"]),
        "label": as_text(row.get("label")) or as_text(row["study"]),
        "outcome": as_text(row.get("outcome")),
        "unit": as_text(prints.get("unit")),
        "arm_e": as_text(row.get("arm_e")),
        "arm_c": as_text(row.get("arm_c")),
        **numbers,
        **_positions(numbers, prints),
        **{f"gained_{arm}": _gained(numbers[f"change_{arm}"], prints) for arm in "ec"},
        **{f"within_text_{arm}": _within_text(cells, arm) for arm in "ec"},
        **_between(row, effects, decimals),
    }


def _gained(change: float, prints: dict[Any, Any]) -> str:
    """Return whether a mean moved to the better side: "yes", "no", or "" where that is not known."""
    sign = _SIGNS.get(as_text(prints.get("better")))
    return "" if sign is None or math.isnan(change) else "yes" if sign * change > 0 else "no"


def _within_text(cells: dict[Any, Any], arm: str) -> str:
    """Return the means before and after as printed, or the change alone."""
    before, after, change = (
        as_text(cells.get(f"{name}_mean_{arm}")).replace("-", MINUS) for name in ("pre", "post", "change")
    )
    if before and after:
        return f"{before} \u2192 {after}"
    return f"{'' if change.startswith((MINUS, '+')) else '+'}{change}" if change else "\u2013"


def _sd(prints: dict[Any, Any]) -> float:
    """Return the standard deviation of both arms before treatment, or after it, weighted by their people."""
    for when in ("pre", "post"):
        sds = [as_float(prints.get(f"{when}_sd_{arm}")) for arm in "ec"]
        if any(math.isnan(sd) or sd <= 0 for sd in sds):
            continue
        n = [as_float(prints.get(f"n_{arm}")) for arm in "ec"]
        df = [1.0, 1.0] if any(math.isnan(one) or one < 2 for one in n) else [one - 1.0 for one in n]
        return math.sqrt(sum(d * sd**2 for d, sd in zip(df, sds, strict=True)) / sum(df))
    return math.nan


def _positions(numbers: dict[str, float], prints: dict[Any, Any]) -> dict[str, float]:
    """Return where the means stand, in standard deviations and turned so that more is better."""
    sd = _sd(prints)
    sign = _SIGNS.get(as_text(prints.get("better")), math.nan)
    before = [numbers[f"before_{arm}"] for arm in "ec"]
    centre = sum(before) / 2
    out = {"sd": sd}
    for arm, start in zip("ec", before, strict=True):
        known = not any(map(math.isnan, before))
        at = start - centre if known else 0.0  # without means before, a change starts at nought
        out[f"x_before_{arm}"] = sign * at / sd
        out[f"x_after_{arm}"] = sign * (at + numbers[f"change_{arm}"]) / sd
    return out


def _between(row: dict[Any, Any], effects: Effects, decimals: int) -> dict[str, object]:
    """Return the difference between the arms: a value with its interval, bounds, a side, or none."""
    kind = as_text(row["kind"])
    estimate, low, high = (as_float(row[name]) for name in ("estimate", "low", "high"))
    if kind == "exact":
        reach = quantile(LEVEL, None) * as_float(row["std_error"])
        low, high = estimate - reach, estimate + reach
    else:
        estimate = math.nan
    verdict = "first" if low > 0 else "second" if high < 0 else "undecided"
    if kind == "sign":
        verdict = "first" if low >= 0 else "second" if high <= 0 else "undecided"
    value = printed(estimate, effects.scale, effects.display_sign)
    ends = printed_range(low, high, effects.scale, effects.display_sign)
    text = interval_words(value, *ends, 0 if kind == "sign" else decimals, log=effects.scale == "log")
    return {
        "mark": KIND_MARKS.get(kind, "none"),
        "estimate": value,
        "low": ends[0],
        "high": ends[1],
        "effect_text": text or "no comparison printed",
        "verdict": verdict if kind in KIND_MARKS else "none",
    }
