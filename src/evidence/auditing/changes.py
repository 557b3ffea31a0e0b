"""Standard deviations of changes: the correlation of pre and post scores that they imply."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from evidence.auditing.data import AuditData, Floats
from evidence.auditing.flags import ARM_NAMES, ARMS, flag, sd_of_error, shown
from evidence.auditing.record import Check, Finding, Repair
from evidence.effects.solver.spread import r_from_sds, sd_from_se

__all__ = ["CHANGES", "implied_correlation"]

_NAME = "implied_correlation"
_HIGH = 0.99
_Z = 1.959963984540054
"""A correlation below zero counts as unlikely only where sampling error does not explain it."""


def implied_correlation(
    pre: tuple[Floats, Floats], post: tuple[Floats, Floats], change: tuple[Floats, Floats]
) -> tuple[Floats, Floats]:
    """Return the smallest and largest correlation that three standard deviations allow.

    Parameters
    ----------
    pre, post, change : pairs of ndarray
        Lower and upper end of each standard deviation, from its rounding.

    Returns
    -------
    low, high : ndarray
        Range of (pre² + post² - change²)/(2 pre post).

    Notes
    -----
    The value falls as `change` grows. In `pre` (and in `post`) it is convex with its minimum at
    sqrt(post² - change²), so that over a box the largest value is at a corner and the smallest at a corner
    or at that point.
    """
    with np.errstate(invalid="ignore", divide="ignore"):
        corners = [r_from_sds(a, b, c) for a in pre for b in post for c in change]
        inner = []
        for own, other in ((pre, post), (post, pre)):
            for b in other:
                best = np.sqrt(np.maximum(b * b - change[1] ** 2, 0.0))
                a = np.clip(best, own[0], own[1])
                inner.append(r_from_sds(a, b, change[1]))
        low = np.min(np.stack([*corners, *inner]), axis=0)
        high = np.max(np.stack(corners), axis=0)
    return low, high


def _positive(low: Floats, high: Floats) -> tuple[Floats, Floats]:
    """Keep the lower end of a rounded standard deviation above zero."""
    return np.maximum(low, 1e-12 * high), high


def _find(data: AuditData) -> Sequence[Finding]:
    out: list[Finding] = []
    for arm in ARMS:
        before, after, change = (data.printed(f"{stage}_sd_{arm}") for stage in ("pre", "post", "change"))
        known = np.isfinite(before.value) & np.isfinite(after.value) & np.isfinite(change.value)
        if not known.any():
            continue
        low, high = implied_correlation(
            _positive(before.low, before.high),
            _positive(after.low, after.high),
            _positive(change.low, change.high),
        )
        people = data.number(f"n_{arm}")
        impossible = known & ((low > 1.0) | (high < -1.0))
        with np.errstate(invalid="ignore", divide="ignore"):
            reach = np.tanh(_Z / np.sqrt(np.maximum(people - 3.0, 1.0)))
            below = high < -np.where(np.isfinite(people), reach, 0.0)
            odd = known & ~impossible & (below | (low > _HIGH))
            ask = known & ~impossible & ~odd & (high < 0.0)
        column = f"change_sd_{arm}"

        def message(at: int, arm: str = arm, low: Floats = low, high: Floats = high) -> str:
            sds = ", ".join(
                str(data.as_printed(f"{stage}_sd_{arm}")[at]) for stage in ("pre", "post", "change")
            )
            return (
                f"the standard deviations before, after and of the change ({sds}; {ARM_NAMES[arm]}) imply a "
                f"correlation of {_range(low[at], high[at])}"
            )

        def repair(at: int, arm: str = arm, people: Floats = people) -> Repair | None:
            return _as_standard_error(data, at, arm, people[at])

        for mask, severity in ((impossible, "impossible"), (odd, "unlikely"), (ask, "ask")):
            out += flag(
                *(data, mask, _NAME, severity, message),
                column=column,
                expected=lambda at: "a correlation between 0 and 0.99",
                repair=repair if severity != "ask" else None,
            )
    return out


def _range(low: float, high: float) -> str:
    return shown(low, 2) if shown(low, 2) == shown(high, 2) else f"{shown(low, 2)} to {shown(high, 2)}"


def _as_standard_error(data: AuditData, at: int, arm: str, people: float) -> Repair | None:
    """Propose the change's standard deviation from its standard error, where r would then be usual."""
    before, after, change = (
        float(data.number(f"{stage}_sd_{arm}")[at]) for stage in ("pre", "post", "change")
    )
    if not people > 1:
        return None
    r = float(r_from_sds(before, after, sd_from_se(change, people)))
    too_small = float(r_from_sds(before, after, change)) > _HIGH
    if not (too_small and 0.0 < r < 0.98):
        return None
    why = (
        f"read as a standard error: {change:g} times the square root of {people:g} people implies r = {r:.2f}"
    )
    return Repair(str(data.row_ids[at]), ((f"change_sd_{arm}", sd_of_error(change, people)),), why)


CHANGES: tuple[Check, ...] = (
    Check(
        name=_NAME,
        family="numbers against numbers",
        title="standard deviations of changes that do not fit those before and after",
        rule="r = (s1² + s2² - sd²)/(2 s1 s2) over the rounding of the three: outside [-1, 1] impossible; "
        "above "
        "0.99, or below 0 by more than sampling error, unlikely; below 0 otherwise: ask",
        severities=("impossible", "unlikely", "ask"),
        needs=("pre_sd_e", "post_sd_e", "change_sd_e"),
        example="SDs of 10.0 before and after and 0.9 of the change imply r = 0.996: the 0.9 is a standard "
        "error.",
        advice="See whether the change's spread is a standard error, or that of another group.",
        source="Cochrane Handbook 6.5.2.8, https://doi.org/10.1002/9781119536604",
        find=_find,
    ),
)
