"""Printed p values against the numbers printed beside them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import stats

from evidence.auditing.data import AuditData, Floats
from evidence.auditing.flags import flag, shown
from evidence.auditing.p_ranges import Range, overlap, p_of_t, printed_p, t_of_means, t_of_smd, welch
from evidence.auditing.record import Check, Finding

__all__ = ["P_VALUES"]

Bools = NDArray[np.bool_]

_FAR = 10.0
"""Ratio of p values from which an unstated test cannot be the reason."""
_TOUCHING = 0.1
"""Distance in standard normal units up to which a mismatch is only asked about."""
_DESIGN_EFFECT = 6.0
"""Larger than any that trials in sport report: clusters alone do not explain a p beyond it."""


@dataclass(frozen=True)
class _Candidate:
    """One way to get p from the printed numbers."""

    words: str
    test: str
    two_sided: Range
    one_sided: Range

    @property
    def known(self) -> Bools:
        return self.two_sided.known


def _people(data: AuditData) -> tuple[Floats, Floats]:
    return data.number("n_e"), data.number("n_c")


def _both_tests(
    words: str, test: str, student: Range, other: Range, df: Floats, df_other: Floats
) -> _Candidate:
    """Take the wider range of Student's and Welch's p."""
    ranges = []
    for sides in (2, 1):
        a, b = p_of_t(student, df, sides), p_of_t(other, df_other, sides)
        ranges.append(Range(np.fmin(a.low, b.low), np.fmax(a.high, b.high)))
    return _Candidate(words, test, ranges[0], ranges[1])


def _of_means(data: AuditData, stage: str) -> _Candidate:
    n_e, n_c = _people(data)
    mean_e, sd_e, mean_c, sd_c = (
        data.printed(f"{stage}_{what}_{arm}") for arm in "ec" for what in ("mean", "sd")
    )
    student, other = t_of_means(mean_e, sd_e, n_e, mean_c, sd_c, n_c)
    df = np.where(n_e + n_c > 2, n_e + n_c - 2, np.nan)
    words = {"post": "means after training", "change": "changes"}[stage]
    return _both_tests(words, stage, student, other, df, welch(sd_e.value, n_e, sd_c.value, n_c))


def _of_statistic(data: AuditData) -> _Candidate:
    """Read a printed t: `effect` of metric t, its own column, or the root of an F with one numerator df."""
    n_e, n_c = _people(data)
    printed = data.printed("effect")
    is_t = data.word("effect_metric") == "t"
    own = data.printed("t_between")
    low = np.where(np.isfinite(own.value), own.low, np.where(is_t, printed.low, np.nan))
    high = np.where(np.isfinite(own.value), own.high, np.where(is_t, printed.high, np.nan))
    size = Range(np.fmin(np.abs(low), np.abs(high)), np.fmax(np.abs(low), np.abs(high)))
    f, f_df = data.printed("f_between"), data.number("f_df1")
    # A blank is read as 1, but not in a study of three arms, whose F has two.
    one = (f_df == 1) | (~np.isfinite(f_df) & ~(data.fact("arms") > 2))
    for_f = np.isfinite(f.value) & one & ~np.isfinite(size.low)
    size = Range(
        np.where(for_f, np.sqrt(np.maximum(f.low, 0.0)), size.low),
        np.where(for_f, np.sqrt(np.maximum(f.high, 0.0)), size.high),
    )
    stated = data.number("df_between")
    df = np.where(np.isfinite(stated), stated, np.where(n_e + n_c > 2, n_e + n_c - 2, np.nan))
    return _Candidate("t", "", p_of_t(size, df, 2), p_of_t(size, df, 1))


def _of_smd(data: AuditData) -> _Candidate:
    n_e, n_c = _people(data)
    printed = data.printed("effect")
    smd = data.word("effect_metric") == "SMD"
    blank = printed._replace(value=np.where(smd, printed.value, np.nan))
    df = np.where(n_e + n_c > 2, n_e + n_c - 2, np.nan)
    t = t_of_smd(blank, n_e, n_c)
    return _Candidate("standardised difference", "", p_of_t(t, df, 2), p_of_t(t, df, 1))


_CHECK = "p_against_numbers"
_ONE_SIDED = "one_sided_p"


@dataclass(frozen=True)
class _Comparison:
    """The printed p of each row beside those that its numbers give."""

    printed: Range
    best: Range
    words: NDArray[np.object_]
    wrong: Bools
    one_sided: Bools
    stated: Bools
    clustered: Bools
    of_changes: Bools


def _compare(data: AuditData) -> _Comparison:
    printed = printed_p(data)
    test, design = data.word("test_between"), data.word("arm_design")
    # Adjusted and equivalence tests do not follow from means; the same people in both arms do not either.
    # A row with an adjusted difference has its p from that: the column implies the test.
    adjusted = np.isfinite(data.number("adjusted_difference")) & (test == "")
    readable = printed.known & data.study_rows & (test != "equivalence") & (test != "ancova")
    readable &= (design != "within_participant") & (design != "crossover") & ~adjusted
    fits, one, tried, stated = (np.zeros(len(data), dtype=bool) for _ in range(4))
    best = Range(np.full(len(data), np.nan), np.full(len(data), np.nan))
    words = np.full(len(data), "", dtype=object)
    for each in (_of_statistic(data), _of_means(data, "post"), _of_means(data, "change"), _of_smd(data)):
        meant = (test == "") | (each.test == "") | (test == each.test)
        meant |= (each.test == "change") & (test == "group_by_time")
        use = readable & each.known & meant
        fits |= use & overlap(printed, each.two_sided)
        one |= use & overlap(printed, each.one_sided)
        fresh = use & ~tried
        words[fresh] = each.words
        best = Range(
            np.where(fresh, each.two_sided.low, best.low), np.where(fresh, each.two_sided.high, best.high)
        )
        stated |= use & ((test != "") | (each.words == "t"))
        tried |= use
    clustered = np.asarray(design == "cluster")
    wrong = tried & ~fits & (~clustered | _beyond_clusters(printed, best))
    # An unstated test of a trial with numbers before training may be of changes, or adjusted for them.
    before = np.isfinite(data.number("pre_mean_e")) & np.isfinite(data.number("pre_mean_c"))
    of_changes = before & ~stated & (words == "means after training")
    return _Comparison(printed, best, words, wrong, wrong & one & ~clustered, stated, clustered, of_changes)


def _find(data: AuditData) -> Sequence[Finding]:
    found = data.once("p_values", lambda: _compare(data))

    def severity(at: int) -> str:
        if found.clustered[at] or found.of_changes[at]:
            return "ask"
        if _close(found.printed, found.best, at):
            return "ask"
        if found.stated[at]:
            return "impossible"
        far = found.best.low[at] > _FAR * found.printed.high[at]
        return "unlikely" if far or found.printed.low[at] > _FAR * found.best.high[at] else "ask"

    return flag(
        *(data, found.wrong & ~found.one_sided, _CHECK, severity),
        lambda at: (
            f"p is printed as {data.as_printed('p_between')[at]}, but the {found.words[at]} and n give "
            f"{_spread(found.best, at)}{_tenth(found.printed, found.best, at)}"
            + (", and clusters do not explain that" if found.clustered[at] else "")
            + (" (the test may be of the changes)" if found.of_changes[at] else "")
        ),
        column="p_between",
        expected=lambda at: f"p = {_spread(found.best, at)}",
    )


def _find_one_sided(data: AuditData) -> Sequence[Finding]:
    found = data.once("p_values", lambda: _compare(data))
    return flag(
        *(data, found.one_sided, _ONE_SIDED, "unlikely"),
        lambda at: (
            f"p = {data.as_printed('p_between')[at]} is the one-sided p of the {found.words[at]}; two-sided "
            "it "
            f"is {_spread(found.best, at)}"
        ),
        column="p_between",
        expected=lambda at: f"p = {_spread(found.best, at)}, two-sided",
    )


def _close(printed: Range, best: Range, at: int) -> bool:
    """Say whether the two ranges all but touch: numbers that were rounded twice, say."""
    gap = stats.norm.isf(printed.high[at] / 2) - stats.norm.isf(best.low[at] / 2)
    if printed.low[at] > best.high[at]:
        gap = stats.norm.isf(best.high[at] / 2) - stats.norm.isf(printed.low[at] / 2)
    return bool(abs(gap) < _TOUCHING)


def _beyond_clusters(printed: Range, best: Range) -> Bools:
    """Say where a cluster trial's p is smaller than without clusters, or larger than they could make it."""
    with np.errstate(invalid="ignore"):
        shrunk = stats.norm.isf(best.low / 2) / np.sqrt(_DESIGN_EFFECT)
        beyond = (printed.high < best.low) | (printed.low > 2 * stats.norm.sf(shrunk))
        return np.asarray(beyond, dtype=np.bool_)


def _tenth(printed: Range, best: Range, at: int) -> str:
    """Name the slip of a decimal place, where it would explain the difference."""
    for factor, words in ((0.1, "a tenth of the printed p"), (10.0, "ten times the printed p")):
        low, high = printed.low[at] * factor, printed.high[at] * factor
        if low <= best.high[at] and best.low[at] <= high:
            return f" ({words} would fit)"
    return ""


def _spread(p: Range, at: int) -> str:
    low, high = shown(float(p.low[at]), 2), shown(float(p.high[at]), 2)
    return low if low == high else f"{low} to {high}"


_NUMBERS = "numbers against numbers"
_SOURCE = "Nuijten et al. 2016, https://doi.org/10.3758/s13428-015-0664-2"

P_VALUES: tuple[Check, ...] = (
    Check(
        name=_CHECK,
        family=_NUMBERS,
        title="p values that the printed numbers do not give",
        rule="p from means, standard deviations and n (or from t, F with one numerator df, or a standardised "
        "difference), Student and Welch, two-sided, over all rounding corners, does not meet the printed p; "
        "impossible where the test is stated, otherwise unlikely from a factor of ten, else ask; ask where "
        "means before training are printed too and the test is not stated; in cluster trials p may be "
        "larger, up to a design effect of 6",
        severities=("impossible", "unlikely", "ask"),
        needs=("p_between", "n_e", "n_c"),
        example="g = 0.34 with 56 and 67 people gives p = 0.06; the paper prints 0.58.",
        advice="Compare with the paper: a slip in p, another test, another n, or a standard error.",
        source=_SOURCE,
        find=_find,
    ),
    Check(
        name=_ONE_SIDED,
        family=_NUMBERS,
        title="one-sided p values printed as if they were two-sided",
        rule="only the one-sided p of the printed numbers meets the printed p",
        severities=("unlikely",),
        needs=("p_between", "n_e", "n_c"),
        example="t = 1.823 with 34 degrees of freedom is p = 0.077 two-sided; 0.039 is one-sided.",
        advice="Use the t or the means, not the p; judge significance by the two-sided p.",
        source=_SOURCE,
        find=_find_one_sided,
    ),
)
