"""Printed effects against their intervals, and intervals against p values."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy import stats

from evidence.auditing.data import AuditData, Floats
from evidence.auditing.flags import flag, shown
from evidence.auditing.p_ranges import Range, printed_p
from evidence.auditing.record import Check, Finding, Repair
from evidence.studies.columns import RATIO_METRICS

__all__ = ["INTERVALS", "Interval", "intervals", "levels", "printed_interval"]

Bools = NDArray[np.bool_]

_ASYMMETRY = 0.15


_LEVELS = (0.90, 0.95, 0.99)


class Interval(NamedTuple):
    """Printed effects and intervals on the scale on which these are symmetric; ratios are logged."""

    estimate: Floats
    low: Floats
    high: Floats
    slack: Floats
    ratio: Bools


def intervals(data: AuditData) -> Interval:
    """Return the printed effects and intervals of all rows; NaN where blank or of no such metric."""
    metric = data.word("effect_metric")
    ratio = np.isin(metric.astype(str), RATIO_METRICS)
    parts = [data.printed(name) for name in ("effect", "ci_low", "ci_high")]
    # The three are printed with equal care: "0.5 (-0.9 to 0)" means 0.0, not anything up to 0.5.
    finest = np.fmin.reduce([np.where(part.half > 0, part.half, np.nan) for part in parts])
    with np.errstate(invalid="ignore", divide="ignore"):
        values = [np.where(ratio, np.log(part.value), part.value) for part in parts]
        halves = [np.where(ratio, finest / np.abs(part.value), finest) for part in parts]
    slack = halves[0] + np.fmax(halves[1], halves[2])
    known = (metric != "sensitivity") & (metric != "RRR")
    estimate = np.where(known, values[0], np.nan)
    return Interval(estimate, values[1], values[2], slack, np.asarray(ratio, dtype=np.bool_))


def printed_interval(data: AuditData, at: int) -> str:
    """Return effect and interval of a row as printed, for messages."""
    cells = [str(data.as_printed(name)[at]) for name in ("effect", "ci_low", "ci_high")]
    return f"{cells[0]} ({cells[1]} to {cells[2]})".replace("-", "\N{MINUS SIGN}")


_OUTSIDE = "effect_outside_interval"


def _outside(data: AuditData) -> Sequence[Finding]:
    own = data.once("intervals", lambda: intervals(data))
    with np.errstate(invalid="ignore"):
        mask = (own.estimate > own.high + own.slack) | (own.estimate < own.low - own.slack)

    def repair(at: int) -> Repair | None:
        flipped = -own.estimate[at]
        if not own.low[at] - own.slack[at] <= flipped <= own.high[at] + own.slack[at]:
            return None
        cell = str(data.as_printed("effect")[at])
        value = (
            f"{1 / float(cell):.4g}"
            if own.ratio[at]
            else cell.removeprefix("-")
            if cell[0] == "-"
            else f"-{cell}"
        )
        return Repair(
            str(data.row_ids[at]), (("effect", value),), "the sign was lost: with it the effect fits"
        )

    return flag(
        *(data, mask, _OUTSIDE, "impossible"),
        lambda at: f"the effect lies outside its own interval: {printed_interval(data, at)}",
        column="effect",
        expected=lambda at: f"{data.as_printed('ci_low')[at]} to {data.as_printed('ci_high')[at]}",
        repair=repair,
    )


_LOPSIDED = "lopsided_interval"


def _lopsided(data: AuditData) -> Sequence[Finding]:
    own = data.once("intervals", lambda: intervals(data))
    with np.errstate(invalid="ignore"):
        off = np.abs(own.estimate - (own.low + own.high) / 2)
        inside = (own.estimate <= own.high + own.slack) & (own.estimate >= own.low - own.slack)
        mask = inside & (off > _ASYMMETRY * (own.high - own.low) + own.slack)
    return flag(
        *(data, mask, _LOPSIDED, "ask"),
        lambda at: (
            f"the effect is far from the middle of its interval: {printed_interval(data, at)}"
            + (" (for ratios the middle by factors, not by distance)" if own.ratio[at] else "")
        ),
        column="effect",
        expected=lambda at: f"about {_middle(own, at)}",
    )


def _middle(own: Interval, at: int) -> str:
    middle = float(own.low[at] + own.high[at]) / 2
    return shown(float(np.exp(middle)) if own.ratio[at] else middle)


_AGAINST_P = "interval_against_p"


def levels(data: AuditData) -> Floats:
    """Return the level of each row's interval, 0.95 where none is stated."""
    level = data.number("ci_level")
    return np.where(np.isfinite(level), level, 0.95)


def _p_of_interval(own: Interval, level: Floats, df: Floats) -> Range:
    """Return the range of p that an interval of this level gives, over the rounding of its ends."""
    ends = []
    with np.errstate(invalid="ignore", divide="ignore"):
        crit = np.where(np.isfinite(df), stats.t.isf((1 - level) / 2, np.where(df > 0, df, 1.0)), np.nan)
        crit = np.where(np.isfinite(crit), crit, stats.norm.isf((1 - level) / 2))
        for side in (-1.0, 1.0):
            size = np.maximum(np.abs(own.estimate) + side * own.slack / 2, 0.0)
            width = np.maximum(own.high - own.low - side * own.slack, 1e-300)
            z = 2 * crit * size / width
            p = 2 * np.where(np.isfinite(df), stats.t.sf(z, np.where(df > 0, df, 1.0)), stats.norm.sf(z))
            ends.append(p)
    return Range(ends[1], ends[0])


def _degrees(data: AuditData) -> Floats:
    """Degrees of freedom of small trials' differences; ratios and large trials use the normal."""
    people = data.number("n_e") + data.number("n_c")
    ratio = np.isin(data.word("effect_metric").astype(str), RATIO_METRICS)
    return np.where(np.isfinite(people) & (people > 2) & ~ratio, people - 2, np.nan)


def _against_p(data: AuditData) -> Sequence[Finding]:
    """Flag intervals and p values of which one is significant and the other clearly is not."""
    own, p, level = data.once("intervals", lambda: intervals(data)), printed_p(data), levels(data)
    alpha = 1 - level
    df = _degrees(data)
    implied = _p_of_interval(own, level, df)
    with np.errstate(invalid="ignore"):
        exact = np.asarray(
            [str(cell)[:1].isdigit() or str(cell)[:1] == "." for cell in data.as_printed("p_between")],
            dtype=np.bool_,
        )
        apart = (implied.low > 2.0 * p.high) | (p.low > 2.0 * implied.high)
        other_side = ((implied.low > alpha) & (p.high <= alpha)) | ((implied.high < alpha) & (p.low >= alpha))
        verdict = data.word("signif_between")
        excluded = (own.low - own.slack > 0) | (own.high + own.slack < 0)
        included = (own.low + own.slack < 0) & (own.high - own.slack > 0)
        words = (excluded & (verdict == "no")) | (included & (verdict == "yes"))
        clear = np.isfinite(own.estimate) & np.isfinite(own.low) & np.isfinite(own.high)
        wrong = (
            p.known & clear & ((exact & apart) | other_side) & (data.word("test_between") != "equivalence")
        )
    out = flag(
        *(data, wrong, _AGAINST_P, lambda at: "unlikely" if other_side[at] else "ask"),
        lambda at: (
            f"the interval {printed_interval(data, at)} goes with p = {shown(float(implied.low[at]), 2)} to "
            f"{shown(float(implied.high[at]), 2)}, not {data.as_printed('p_between')[at]}"
            + _other_level(own, p, df, float(level[at]), at)
        ),
        column="p_between",
        expected=lambda at: f"p = {shown(float(implied.low[at]), 2)} to {shown(float(implied.high[at]), 2)}",
    )
    return out + flag(
        *(data, words & clear & ~wrong, _AGAINST_P, "unlikely"),
        lambda at: (
            f"the interval {printed_interval(data, at)} {'excludes' if excluded[at] else 'includes'} no "
            "difference, "
            "but the "
            f"result is called {'not ' if verdict[at] == 'no' else ''}significant"
        ),
        column="signif_between",
        expected=lambda at: "yes" if excluded[at] else "no",
    )


def _other_level(own: Interval, p: Range, df: Floats, level: float, at: int) -> str:
    """Name the level at which interval and p would agree."""
    here = slice(at, at + 1)
    one = Interval(own.estimate[here], own.low[here], own.high[here], own.slack[here], own.ratio[here])
    for other in _LEVELS:
        if abs(other - level) < 1e-9:
            continue
        implied = _p_of_interval(one, np.array([other]), df[at : at + 1])
        if implied.low[0] <= p.high[at] and p.low[at] <= implied.high[0]:
            return f" (it would as a {100 * other:g} % interval)"
    return ""


_LEVEL = "interval_level"


def _level(data: AuditData) -> Sequence[Finding]:
    level = data.number("ci_level")
    mask = np.isfinite(level) & (np.abs(level - 0.95) > 1e-9)
    return flag(
        *(data, mask, _LEVEL, "ask"),
        lambda at: (
            f"the interval {printed_interval(data, at)} is a {100 * level[at]:g} % interval: its verdict is "
            "not "
            "that of a "
            "95 % interval"
        ),
        column="ci_level",
        expected=lambda at: "0.95",
    )


_HALF = "half_an_interval"


def _half(data: AuditData) -> Sequence[Finding]:
    low, high = np.isfinite(data.number("ci_low")), np.isfinite(data.number("ci_high"))
    return flag(
        *(data, low ^ high, _HALF, "ask"),
        lambda at: f"only the {'lower' if low[at] else 'upper'} limit of the interval is known",
        column=lambda at: "ci_high" if low[at] else "ci_low",
        advice=lambda at: "Look the other limit up; if it is a misprint in the paper, ask the authors.",
    )


_NUMBERS = "numbers against numbers"


_HANDBOOK = "Cochrane Handbook, chapter 6, https://doi.org/10.1002/9781119536604"


_ALTMAN = "Altman & Bland 2011, https://doi.org/10.1136/bmj.d2304"

INTERVALS: tuple[Check, ...] = (
    Check(
        name=_OUTSIDE,
        family=_NUMBERS,
        title="effects outside their own interval",
        rule="effect below ci_low or above ci_high by more than their rounding",
        severities=("impossible",),
        needs=("effect", "ci_low", "ci_high"),
        example="0.5 with an interval from \N{MINUS SIGN}0.9 to 0: a minus was lost.",
        advice="Look the number up; where the opposite sign fits, the repair restores it.",
        source=_HANDBOOK,
        find=_outside,
    ),
    Check(
        name=_LOPSIDED,
        family=_NUMBERS,
        title="intervals that are not about their effect",
        rule="distance from the middle (ratios: of the logarithms) above 15 % of the width and the rounding",
        severities=("ask",),
        needs=("effect", "ci_low", "ci_high"),
        example="\N{MINUS SIGN}0.05 (\N{MINUS SIGN}0.11 to 0.07): the middle is \N{MINUS SIGN}0.02.",
        advice="Look for a misprinted limit, or an interval from a bootstrap.",
        source=_HANDBOOK,
        find=_lopsided,
    ),
    Check(
        name=_AGAINST_P,
        family=_NUMBERS,
        title="intervals and p values that contradict each other",
        rule="the p of the interval, over its rounding, and the printed p on different sides of the level, "
        "or a "
        "factor of two apart; or the word significant against the interval",
        severities=("unlikely", "ask"),
        needs=("effect", "ci_low", "ci_high"),
        example="1.7 (\N{MINUS SIGN}0.5 to 3.9) is called significant.",
        advice="Look whether the interval has another level (90 %), or p belongs to another test.",
        source=_ALTMAN,
        find=_against_p,
    ),
    Check(
        name=_LEVEL,
        family=_NUMBERS,
        title="intervals of another level than 95 %",
        rule="ci_level other than 0.95",
        severities=("ask",),
        needs=("ci_level",),
        example="A 90 % interval that excludes no difference may include it at 95 %.",
        advice="Nothing to mend: the level is used. Say it where the interval is shown.",
        source=_HANDBOOK,
        find=_level,
    ),
    Check(
        name=_HALF,
        family=_NUMBERS,
        title="intervals of which one limit is missing",
        rule="one of ci_low and ci_high is blank",
        severities=("ask",),
        needs=("ci_low", "ci_high"),
        example="An upper limit printed below the estimate was left blank in the extraction.",
        advice="Look the other limit up.",
        source=_HANDBOOK,
        find=_half,
    ),
)
