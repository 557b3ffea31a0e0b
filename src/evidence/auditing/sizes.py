"""Sizes of arms and degrees of freedom against the people of the study."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from scipy import stats

from evidence.auditing.data import AuditData
from evidence.auditing.flags import flag, shown
from evidence.auditing.record import Check, Finding

__all__ = ["SIZES"]

_BALANCE = 0.001
_SAME_PEOPLE = ("crossover", "cross-over", "within", "contralateral", "repeated")
"""Words of a study's design that tell the same people in both arms, where `arm_design` is blank."""


_SIZE = "people_analysed"


def _sizes(data: AuditData) -> Sequence[Finding]:
    first, second, total = data.number("n_e"), data.number("n_c"), data.fact("n_total")
    arms = data.fact("arms")
    paired = np.isin(data.word("arm_design").astype(str), ("within_participant", "crossover"))
    design = data.fact_word("design")
    known = {word: any(part in str(word).lower() for part in _SAME_PEOPLE) for word in set(design)}
    paired |= (data.word("arm_design") == "") & np.array([known[word] for word in design], dtype=bool)
    with np.errstate(invalid="ignore"):
        each = (first == total) & (second == total) & ~paired
        more = (first + second > total) & ~each & ~paired
        either = np.fmax(first, second) > total
        two = np.where(np.isfinite(arms), arms == 2, True)
    wrong = (each | more | either) & data.study_rows
    out = flag(
        *(data, wrong, _SIZE, lambda at: "impossible" if (more | either)[at] else "unlikely"),
        lambda at: (
            f"each arm has {first[at]:g} people, as many as the whole study: is this n of an arm, or in all?"
            if each[at]
            else f"{first[at]:g} and {second[at]:g} people were analysed, {total[at]:g} took part in all"
        ),
        column="n_e",
        expected=lambda at: f"at most {total[at]:g} together",
    )
    lop = _lopsided(first, second) & two & (data.word("arm_design") == "parallel") & data.study_rows & ~wrong
    return out + flag(
        *(data, lop, _SIZE, "ask"),
        lambda at: f"{first[at]:g} against {second[at]:g} people: fair allocation hardly gives that",
        column="n_e",
        advice=lambda at: "Look for unequal allocation, drop-outs, or a slip in n.",
    )


def _lopsided(first: np.ndarray, second: np.ndarray) -> np.ndarray:
    """Mark pairs of sizes that a fair coin gives less often than `_BALANCE`."""
    with np.errstate(invalid="ignore"):
        total, small = first + second, np.fmin(first, second)
        p = 2 * stats.binom.cdf(np.nan_to_num(small), np.nan_to_num(total, nan=1.0), 0.5)
        return np.asarray(np.isfinite(total) & (total > 0) & (p < _BALANCE))


_DF = "degrees_of_freedom"


def _df(data: AuditData) -> Sequence[Finding]:
    df = data.printed("df_between")
    people = data.number("n_e") + data.number("n_c")
    smallest = np.fmin(data.number("n_e"), data.number("n_c")) - 1
    with np.errstate(invalid="ignore"):
        many = df.low > people - 1
        few = df.high < smallest
    return flag(
        *(data, (many | few) & data.study_rows, _DF, lambda at: "unlikely" if many[at] else "ask"),
        lambda at: (
            f"{data.as_printed('df_between')[at]} degrees of freedom do not go with {people[at]:g} people "
            "in two arms"
        ),
        column="df_between",
        expected=lambda at: f"{shown(float(smallest[at]))} to {shown(float(people[at] - 2))}",
    )


_FAMILY = "design and direction"


_HANDBOOK = "Cochrane Handbook, chapter 6 and 23, https://doi.org/10.1002/9781119536604"

SIZES: tuple[Check, ...] = (
    Check(
        name=_SIZE,
        family=_FAMILY,
        title="sizes of arms that do not fit the study",
        rule="arms together above n_total: impossible; each arm as large as n_total: unlikely; in parallel "
        "trials "
        "of two arms, sizes that fair allocation gives in less than one of a thousand: ask",
        severities=("impossible", "unlikely", "ask"),
        needs=("n_e", "n_c"),
        example="30 and 30 people analysed in a study of 30.",
        advice="Look up whether n is of an arm or in all.",
        source=_HANDBOOK,
        find=_sizes,
    ),
    Check(
        name=_DF,
        family=_FAMILY,
        title="degrees of freedom that n does not give",
        rule="above n_e + n_c - 1, or below the smaller arm less one",
        severities=("unlikely", "ask"),
        needs=("df_between", "n_e", "n_c"),
        example="t(58) with 15 people an arm.",
        advice="Look up n, and whether rows were counted instead of people.",
        source="Nuijten et al. 2016, https://doi.org/10.3758/s13428-015-0664-2",
        find=_df,
    ),
)
