"""Standard deviation, standard error and interval of one mean, where a table has more than one of them."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from scipy import stats

from evidence.auditing.data import AuditData, Floats
from evidence.auditing.flags import ARM_NAMES, ARMS, STAGES, flag, shown
from evidence.auditing.p_ranges import Range, overlap
from evidence.auditing.record import Check, Finding

__all__ = ["ARM_SPREAD"]

_NAME = "spread_columns_disagree"
_FAR = 1.25
"""Ratio of the standard deviations from which other people in the two, or a model's error, is no reason."""


def _people(data: AuditData, stage: str, arm: str) -> Floats:
    n = data.number(f"n_{arm}")
    if stage == "change":
        return n
    own = data.number(f"{stage}_n_{arm}")
    return np.where(np.isfinite(own), own, n)


def _of_error(data: AuditData, stage: str, arm: str, n: Floats) -> Range:
    error = data.printed(f"{stage}_se_{arm}")
    root = np.sqrt(np.where(n > 1, n, np.nan))
    return Range(np.maximum(error.low, 0.0) * root, error.high * root)


def _of_interval(data: AuditData, stage: str, arm: str, n: Floats) -> Range:
    """Return the standard deviations that an arm's interval allows, by t or by the normal."""
    low, high = (data.printed(f"{stage}_ci_{end}_{arm}") for end in ("low", "high"))
    level = data.number("arm_ci_level")
    tail = (1.0 - np.where(np.isfinite(level), level, 0.95)) / 2.0
    known = n > 1
    root = np.sqrt(np.where(known, n, np.nan))
    by_t, by_z = stats.t.isf(tail, np.where(known, n - 1.0, 1.0)), stats.norm.isf(tail)
    narrow, wide = np.maximum(high.low - low.high, 0.0), high.high - low.low
    return Range(narrow * root / (2 * by_t), wide * root / (2 * by_z))


def _find(data: AuditData) -> Sequence[Finding]:
    out: list[Finding] = []
    for stage in ("pre", "post", "change"):
        for arm in ARMS:
            out += _of_arm(data, stage, arm)
    return out


def _of_arm(data: AuditData, stage: str, arm: str) -> list[Finding]:
    optional = [f"{stage}_se_{arm}", f"{stage}_ci_low_{arm}"]
    if not any(np.isfinite(data.number(name)).any() for name in optional):
        return []
    n, sd = _people(data, stage, arm), data.printed(f"{stage}_sd_{arm}")
    error, interval = _of_error(data, stage, arm, n), _of_interval(data, stage, arm, n)
    own = Range(sd.low, sd.high)
    out: list[Finding] = []
    told = np.zeros(len(data), dtype=bool)
    for first, column, second, words, other in (
        (own, f"{stage}_sd_{arm}", error, "standard error", optional[0]),
        (own, f"{stage}_sd_{arm}", interval, "interval", optional[1]),
        (error, optional[0], interval, "interval", optional[1]),
    ):
        known = first.known & second.known
        mask = known & ~overlap(first, second) & ~told
        told |= mask
        with np.errstate(invalid="ignore", divide="ignore"):
            ratio = np.fmax(first.low / second.high, second.low / first.high)

        def severity(at: int, ratio: Floats = ratio) -> str:
            return "unlikely" if ratio[at] > _FAR else "ask"

        def message(at: int, column: str = column, second: Range = second, words: str = words) -> str:
            implied = _spread(second, at)
            told = "standard error" if "_se_" in column else "standard deviation"
            printed = data.as_printed(column)[at]
            return (
                f"the {told} {STAGES[stage]} ({printed}; {ARM_NAMES[arm]}) does not go with the printed "
                f"{words}: with {n[at]:g} people that means a standard deviation of {implied}"
            )

        def expected(at: int, second: Range = second, column: str = column) -> str:
            root = float(np.sqrt(n[at])) if "_se_" in column else 1.0
            return _spread(Range(second.low / root, second.high / root), at)

        def rows_advice(at: int, other: str = other) -> str:
            return f"Look up which of the two is meant, and n; the other number stands in `{other}`."

        out += flag(
            *(data, mask, _NAME, severity, message), column=column, expected=expected, advice=rows_advice
        )
    return out


def _spread(own: Range, at: int) -> str:
    low, high = shown(float(own.low[at])), shown(float(own.high[at]))
    return low if low == high else f"{low} to {high}"


ARM_SPREAD: tuple[Check, ...] = (
    Check(
        name=_NAME,
        family="numbers against numbers",
        title="standard deviation, standard error and interval of one mean that contradict each other",
        rule="standard deviation, standard error times the square root of n, and half the interval's width "
        "over the t (or normal) quantile, times the square root of n: two of them have no value in common "
        "over their rounding; unlikely from a factor of 1.25, else ask",
        severities=("unlikely", "ask"),
        needs=("post_sd_e", "post_se_e", "n_e"),
        example="SD 5.20 and SE 5.0 with n = 15: the SE should be 1.34.",
        advice="Look up which of the two is meant, and n.",
        source="Cochrane Handbook 6.5.2.2, https://doi.org/10.1002/9781119536604",
        find=_find,
    ),
)
