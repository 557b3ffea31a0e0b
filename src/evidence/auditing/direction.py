"""Whom a result favours: verdicts against numbers, and comparisons that compare nothing."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np

from evidence.auditing.data import AuditData, Floats
from evidence.auditing.flags import flag, shown
from evidence.auditing.p_ranges import printed_p
from evidence.auditing.record import Check, Finding, Repair
from evidence.effects.row import UPWARD_FAVOURS_FIRST
from evidence.studies.columns import RATIO_METRICS

__all__ = ["DIRECTION"]

_SIDES = {"favours_e": 1.0, "favours_c": -1.0}
_BETTER = {"higher": 1.0, "lower": -1.0}


def _mapped(data: AuditData, column: str, words: dict[str, float]) -> Floats:
    return np.array([words.get(str(word), 0.0) for word in data.word(column)], dtype=np.float64)


def _side_of_means(data: AuditData) -> tuple[Floats, np.ndarray]:
    """Return the arm that changes (or else final means) favour, and the kind of mean that says so."""
    better = _mapped(data, "better", _BETTER)
    side, kind = np.zeros(len(data)), np.full(len(data), "", dtype=object)
    for stage in ("change", "post"):
        first, second = data.printed(f"{stage}_mean_e"), data.printed(f"{stage}_mean_c")
        with np.errstate(invalid="ignore"):
            apart = np.abs(first.value - second.value) > first.half + second.half
            fresh = apart & (kind == "") & np.isfinite(first.value) & np.isfinite(second.value)
        side = np.where(fresh, better * np.sign(np.nan_to_num(first.value - second.value)), side)
        kind[fresh] = stage
    return side, kind


_VERDICT = "direction_against_means"


def _against_means(data: AuditData) -> Sequence[Finding]:
    stated, (side, kind) = _mapped(data, "direction", _SIDES), _side_of_means(data)
    mask = (stated != 0) & (side != 0) & (stated != side) & data.study_rows
    words = {"change": "changes", "post": "means after training"}

    def message(at: int) -> str:
        first, second = (data.as_printed(f"{kind[at]}_mean_{arm}")[at] for arm in "ec")
        return (
            (
                f"the result is said to favour the {'first' if stated[at] > 0 else 'second'} arm, but with "
                f"{data.word('better')[at]} values better the {words[str(kind[at])]} ({first} and {second}) "
                "favour the "
                "other"
            )
            .replace(" -", " \N{MINUS SIGN}")
            .replace("(-", "(\N{MINUS SIGN}")
        )

    return flag(
        *(data, mask, _VERDICT, "unlikely", message),
        column="direction",
        expected=lambda at: "favours_e" if side[at] > 0 else "favours_c",
        advice=lambda at: (
            "One of `direction`, `better`, the signs and the order of the arms is wrong: look it up."
        ),
    )


_SIGN = "direction_against_effect"


def _against_effect(data: AuditData) -> Sequence[Finding]:
    stated, word = _mapped(data, "direction", _SIDES), data.word("effect_sign")
    ratio = np.isin(data.word("effect_metric").astype(str), RATIO_METRICS)
    value = data.number("effect")
    with np.errstate(invalid="ignore", divide="ignore"):
        size = np.where(ratio, np.log(value), value)
    upward = np.isin(word.astype(str), UPWARD_FAVOURS_FIRST)
    usable = (word != "") & (word != "unclear") & np.isfinite(size) & data.study_rows
    side = np.where(upward, 1.0, -1.0) * np.sign(np.nan_to_num(size))
    mask = usable & (stated != 0) & (side != 0) & (side != stated)

    def repair(at: int) -> Repair | None:
        if ratio[at]:
            return None
        other = {"pos_favours_e": "neg_favours_e", "neg_favours_e": "pos_favours_e"}.get(str(word[at]))
        why = "the sign convention that agrees with the stated direction"
        return Repair(str(data.row_ids[at]), (("effect_sign", other),), why) if other else None

    return flag(
        *(data, mask, _SIGN, "unlikely"),
        lambda at: (
            f"the effect {data.as_printed('effect')[at]} read as {word[at]} favours the "
            f"{'first' if side[at] > 0 else 'second'} arm, the stated direction is "
            f"{data.word('direction')[at]}"
        ),
        column="effect_sign",
        repair=repair,
    )


_BETTER_MISSING = "better_missing"


def _better_missing(data: AuditData) -> Sequence[Finding]:
    means = np.zeros(len(data), dtype=bool)
    for stage in ("post", "change"):
        means |= np.isfinite(data.number(f"{stage}_mean_e")) & np.isfinite(data.number(f"{stage}_mean_c"))
    mask = means & (data.word("better") == "") & (data.word("basis") != "association") & data.study_rows
    return flag(
        *(data, mask, _BETTER_MISSING, "ask"),
        lambda at: f"nothing says whether high or low values of {data.word('outcome')[at]} are good",
        column="better",
        expected=lambda at: "higher or lower",
    )


_SIGNIFICANT = "verdict_against_p"


def _against_p(data: AuditData) -> Sequence[Finding]:
    p, verdict, direction = printed_p(data), data.word("signif_between"), data.word("direction")
    level = data.number("ci_level")
    alpha = 1 - np.where(np.isfinite(level), level, 0.95)
    none = np.isin(direction.astype(str), ("no_difference", "no_association"))
    with np.errstate(invalid="ignore"):
        # 0.05 beside "significant" means "at most": equality is no contradiction.
        yes_not = (verdict == "yes") & p.known & (p.low > alpha * (1 + 1e-9))
        no_is = ((verdict == "no") | none) & (verdict != "yes") & p.known & (p.high < alpha * (1 - 1e-9))
    both = (verdict == "yes") & none
    usable = data.study_rows & (data.word("test_between") != "equivalence")
    printed = data.as_printed("p_between")
    out = flag(
        *(data, usable & (yes_not | no_is), _SIGNIFICANT, "unlikely"),
        lambda at: f"p = {printed[at]} is called {'' if yes_not[at] else 'not '}significant".replace(
            "= <", "< "
        ).replace("= >", "> "),
        column="signif_between",
        expected=lambda at: "no" if yes_not[at] else "yes",
    )
    return out + flag(
        *(data, usable & both, _SIGNIFICANT, "unlikely"),
        lambda at: f"the difference is called significant, the direction {direction[at]}",
        column="direction",
    )


_WITHIN = "within_arm_comparison"


def _within(data: AuditData) -> Sequence[Finding]:
    """Name every verdict between arms that rests on what happened inside each arm."""
    basis, direction = data.word("basis"), data.word("direction")
    only = basis == "within_group_only"
    first, second = data.word("signif_e"), data.word("signif_c")
    pattern = ((first == "yes") & (second == "no")) | ((first == "no") & (second == "yes"))
    silent = (data.word("p_between") == "") & (data.word("signif_between") == "")
    silent &= ~np.isfinite(data.number("effect"))
    claimed = np.isin(direction.astype(str), ("favours_e", "favours_c"))
    mask = data.study_rows & (only | (pattern & silent & claimed))
    between = _between_results(data)
    return flag(
        *(data, mask, _WITHIN, lambda at: "unlikely" if claimed[at] else "ask"),
        lambda at: (
            "each arm was only compared with its own start"
            + (
                ": significant in one and not in the other is no difference between them"
                if pattern[at]
                else ""
            )
            + f". {between(at)}"
        ),
        column=lambda at: "basis" if only[at] else "direction",
        advice=lambda at: (
            "Compare the arms: their changes with standard deviations, or ask the authors for them."
        ),
    )


def _between_results(data: AuditData) -> Callable[[int], str]:
    """Return a function that says what is printed of the arms' difference in a row's study and outcome."""
    found: dict[tuple[str, str], int] = {}
    tested = (data.word("p_between") != "") | (data.word("signif_between") != "")
    # A row that only compares each arm with its own start is no result between them.
    clear = tested & data.study_rows & (data.word("basis") != "within_group_only")
    for at in np.flatnonzero(clear):
        found.setdefault((str(data.studies_of[at]), str(data.word("outcome")[at])), int(at))

    def words(at: int) -> str:
        other = found.get((str(data.studies_of[at]), str(data.word("outcome")[at])))
        if other is not None:
            p = data.as_printed("p_between")[other]
            verdict = {"yes": "significant", "no": "not significant"}.get(
                str(data.word("signif_between")[other]), "unclear"
            )
            return f"Between the arms: {f'p {p}' if p else verdict} (row {data.row_ids[other]})"
        changes = [data.number(f"change_mean_{arm}")[at] for arm in "ec"]
        if np.isfinite(changes).all():
            return f"Between the arms: changes of {shown(changes[0])} and {shown(changes[1])}, not tested"
        return "Nothing is printed of the difference between the arms"

    return words


_NUMBERS = "design and direction"
_GELMAN = "Gelman & Stern 2006, https://doi.org/10.1198/000313006X152649"
_HANDBOOK = "Cochrane Handbook 10.5.2, https://doi.org/10.1002/9781119536604"

DIRECTION: tuple[Check, ...] = (
    Check(
        name=_WITHIN,
        family=_NUMBERS,
        title="results within the arms used as a comparison of the arms",
        rule="basis is within_group_only, or one arm changed significantly and the other did not, a side is "
        "named, and nothing is printed of the difference; unlikely where a side is named, else ask",
        severities=("unlikely", "ask"),
        needs=("basis", "signif_e", "signif_c"),
        example="The training arm improved (p = 0.02), the other did not (p = 0.09).",
        advice="Compare the arms with each other.",
        source=f"{_GELMAN}; Bland & Altman 2011, https://doi.org/10.1186/1745-6215-12-264",
        find=_within,
    ),
    Check(
        name=_VERDICT,
        family=_NUMBERS,
        title="directions that the means contradict",
        rule="the arm that `direction` favours has the worse change (or, without changes, the worse final "
        "mean) by "
        "`better`, beyond rounding",
        severities=("unlikely",),
        needs=("direction", "better"),
        example="A pain scale where higher is better, changes of \N{MINUS SIGN}5.2 and 1.2, and a result "
        "said to "
        "favour the first arm.",
        advice="Look the scale and the signs up.",
        source=_HANDBOOK,
        find=_against_means,
    ),
    Check(
        name=_SIGN,
        family=_NUMBERS,
        title="signs of effects that the direction contradicts",
        rule="the effect, read by `effect_sign`, favours the arm that `direction` does not",
        severities=("unlikely",),
        needs=("effect", "effect_sign", "direction"),
        example="\N{MINUS SIGN}0.4 read as pos_favours_e, and favours_e.",
        advice="Look the sign convention up; the repair turns it round.",
        source=_HANDBOOK,
        find=_against_effect,
    ),
    Check(
        name=_BETTER_MISSING,
        family=_NUMBERS,
        title="means without a word on which end is good",
        rule="both arms have means and `better` is blank",
        severities=("ask",),
        needs=("post_mean_e", "post_mean_c"),
        example="Mean times of 4.1 and 4.3 s, and `better` blank.",
        advice="Fill in `better`: without it the means have no side.",
        source=_HANDBOOK,
        find=_better_missing,
    ),
    Check(
        name=_SIGNIFICANT,
        family=_NUMBERS,
        title="verdicts that the p value or the direction contradicts",
        rule="called significant with p above the level, or not significant (no difference) with p below "
        "it; or "
        "significant and no difference at once",
        severities=("unlikely",),
        needs=("p_between", "signif_between"),
        example="No significant difference (P < 0.05).",
        advice="One of the two is a misprint: look it up.",
        source="Nuijten et al. 2016, https://doi.org/10.3758/s13428-015-0664-2",
        find=_against_p,
    ),
)
