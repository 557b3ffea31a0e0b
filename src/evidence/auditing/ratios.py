"""Printed ratios against the counts and the people behind them."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from scipy import stats

from evidence.auditing.data import AuditData
from evidence.auditing.flags import flag, shown
from evidence.auditing.intervals import intervals, levels, printed_interval
from evidence.auditing.record import Check, Finding

__all__ = ["RATIOS"]

_COMMON = 0.5


_COUNTS = "ratio_against_counts"


def _counts(data: AuditData) -> Sequence[Finding]:
    metric = data.word("effect_metric")
    a, n, c, m = (data.number(name) for name in ("events_e", "total_e", "events_c", "total_c"))
    printed = data.printed("effect")
    with np.errstate(invalid="ignore", divide="ignore"):
        risk = (a / n) / (c / m)
        odds = (a / (n - a)) / (c / (m - c))
        crude = np.where(metric == "RR", risk, np.where(metric == "OR", odds, np.nan))
        off = np.minimum(np.abs(np.log(printed.value / crude)), np.abs(np.log(printed.value * crude)))
        near = printed.half / printed.value
        mask = np.isfinite(off) & (off > near * 1.01 + 1e-9)
    return flag(
        *(
            data,
            mask,
            _COUNTS,
            lambda at: "unlikely" if off[at] > np.log(1.25) and not _clustered(data, at) else "ask",
        ),
        lambda at: (
            f"the printed {metric[at]} is {data.as_printed('effect')[at]}, the counts give "
            f"{shown(float(crude[at]))}" + (" (an adjusted ratio may differ)" if _clustered(data, at) else "")
        ),
        column="effect",
        expected=lambda at: shown(float(crude[at])),
    )


def _clustered(data: AuditData, at: int) -> bool:
    return bool(data.word("arm_design")[at] == "cluster")


_NARROW = "interval_too_narrow"


def _narrow(data: AuditData) -> Sequence[Finding]:
    """Compare the standard error of a log ratio with the smallest that so many people can give."""
    metric, own = data.word("effect_metric"), data.once("intervals", lambda: intervals(data))
    people = data.number("n_e") + data.number("n_c")
    people = np.where(np.isfinite(people), people, data.fact("n_total"))
    whole = (data.word("effect_per") == "") & data.study_rows
    with np.errstate(invalid="ignore", divide="ignore"):
        width = own.high - own.low + own.slack
        error = width / (2 * stats.norm.isf((1 - levels(data)) / 2))
        # 1/a + 1/b + 1/c + 1/d is smallest where all four are a quarter of the people.
        least = np.where(metric == "OR", 4.0, 2.0) / np.sqrt(people)
        share = 4.0 / (4.0 + people * error**2)
        odds = whole & np.isin(metric.astype(str), ("OR", "HR")) & (error < least)
        risk = whole & (metric == "RR") & (share > _COMMON)
    return flag(
        *(data, odds | risk, _NARROW, lambda at: "unlikely" if odds[at] else "ask"),
        lambda at: (
            f"the interval {printed_interval(data, at)} has a standard error of "
            f"{shown(float(error[at]), 2)} on the "
            "log scale; "
            + (
                f"{people[at]:g} people cannot give less than {shown(float(least[at]), 2)}"
                if odds[at]
                else f"with {people[at]:g} people that takes the event in {100 * share[at]:.0f} % of them "
                "or more"
            )
        ),
        column="ci_high",
        expected=lambda at: "a wider interval",
    )


_NUMBERS = "numbers against numbers"


_HANDBOOK = "Cochrane Handbook, chapter 6, https://doi.org/10.1002/9781119536604"

RATIOS: tuple[Check, ...] = (
    Check(
        name=_COUNTS,
        family=_NUMBERS,
        title="ratios that the counts do not give",
        rule="the crude risk or odds ratio differs from the printed one by more than rounding; unlikely "
        "from a "
        "quarter on, else (and in cluster trials, whose ratios are adjusted) ask",
        severities=("unlikely", "ask"),
        needs=("effect", "events_e", "total_e", "events_c", "total_c"),
        example="24/487 against 19/490 is a risk ratio of 1.27, not 1.05.",
        advice="See whether the ratio is adjusted, or of another event.",
        source=_HANDBOOK,
        find=_counts,
    ),
    Check(
        name=_NARROW,
        family=_NUMBERS,
        title="intervals narrower than so few people can give",
        rule="standard error of a log odds ratio below 4/sqrt(N), of a log hazard ratio below 2/sqrt(N); of "
        "a log "
        "risk ratio: only with the event in more than half of the people",
        severities=("unlikely", "ask"),
        needs=("ci_low", "ci_high"),
        example="An odds ratio of 5.46 (4.47 to 8.06) from 135 people.",
        advice="Look whether n, the level or a limit is misprinted; do not let its weight decide a result.",
        source=_HANDBOOK,
        find=_narrow,
    ),
)
