"""Rules of reading for standardised mean differences: from a row to an effect in SD units.

All derivations are tried (`evidence.effects.derivation` has the choice): sound numbers, then an exact p,
then a p-band, then the words "significant" and "no difference", then the direction alone. What those that
were not taken would have given is kept as alternatives.
"""

from __future__ import annotations

import math
from dataclasses import replace

from evidence.effects import formulas
from evidence.effects.derivation import NUMBERS, applied, chosen_first
from evidence.effects.row import People, Row
from evidence.effects.score import score_of
from evidence.effects.smd_derivations import SMD_DERIVATIONS
from evidence.effects.smd_printed import from_printed_smd
from evidence.effects.solver.arm import change_of, mean_of, sd_of
from evidence.effects.solver.correlation import Correlation, row_correlation
from evidence.effects.verdict import WITHIN_ARMS_ONLY, Verdict, sign_only, unusable
from evidence.studies.columns import RATIO_METRICS

__all__ = ["all_smd", "as_alternative", "read_smd"]


def _direction_alone(row: Row, people: People | None, r: Correlation, why: str) -> Verdict:
    side = row.side
    if side == 0:
        return unusable(f"{why}; no direction is printed either")
    if people is None:
        return sign_only(side, math.nan, why)
    score = score_of(row, r)
    if row.is_within_participant:
        # The same people twice: the difference of two scores has variance 2(1-r)/n in SD units.
        variance = 2 * (1 - r.value(row)) / min(people.first, people.second)
        note = (f"variance of a paired difference, {r.words()}",)
        return sign_only(side, variance, why, assumptions=note)
    variance = float(formulas.smd_variance(0, people.first, people.second, score.factor))
    return sign_only(side, variance, why, assumptions=score.assumptions).plus(rules=score.rules)


def _why_not(row: Row, people: People | None) -> tuple[str, frozenset[str]]:
    """Say why nothing but the direction can be read, and by which rule."""
    if row.is_pooled:
        return "result of a review without a standardised effect and its interval", frozenset("a")
    if row.is_within_participant:
        return "both arms are the same people: paired numbers are not printed (rule h)", frozenset("h")
    if row.word("basis") == "counts_or_means_only":
        return "counts or means without dispersion and without a test (rule b)", frozenset("b")
    if row.significant == "unclear":
        return "not clear whether the printed marks compare the arms (rule b)", frozenset("b")
    if row.word("effect_metric") in (*RATIO_METRICS, "RRR"):
        return "a ratio is not a standardised mean difference (rule j)", frozenset("j")
    if people is None:
        return "the number of people in each arm is not known (rule d)", frozenset("d")
    if not _enough(people):
        return "an arm of one person has no standard deviation (rule a)", frozenset("a")
    return _what_is_missing(row), frozenset("a")


def _what_is_missing(row: Row) -> str:
    """Say what keeps the numbers of a row with known arms from being an effect."""
    if row.better_sign == 0 and row.people is not None and _has_means(row, row.people):
        return "means and SDs are printed, but `better` is blank: higher or lower? (rule c)"
    if row.test is not None and row.test.relation != "=" and row.side == 0:
        return "significant, but in whose favour is not printed (rule a)"
    if row.test is not None:
        return "the printed p is out of reach of a test of so few people (rule a)"
    if row.has("effect") and not row.word("effect_metric"):
        return "an effect is printed, but `effect_metric` is blank: an effect of which kind? (rule a)"
    if row.has("effect", "ci_low", "ci_high"):
        low, effect, high = (row.number(name) for name in ("ci_low", "effect", "ci_high"))
        if low == high:
            return "the printed interval has no width (rule a)"
        if not low <= effect <= high:
            return "the printed interval does not hold the effect (rule a)"
    if row.has("f_between") and row.has("f_df1") and row.number("f_df1") > 1:
        return "an F of more than one numerator degree of freedom does not compare two arms (rule g)"
    if row.has("chi2_between"):
        return "the printed chi-squared is not below the number of people (rule a)"
    if row.has("adjusted_difference"):
        return "an adjusted difference is printed without SE and interval (rule a)"
    if row.has("change_percent_e", "change_percent_c"):
        return "percent changes without a standard deviation (rule h)"
    return "no number and no test between the arms is printed (rule a)"


def _has_means(row: Row, people: People) -> bool:
    """Tell whether means and SDs of both arms are known for final scores or changes."""
    ways = (("post", mean_of), ("change", lambda row, _, arm, people: change_of(row, arm, people)))
    return any(
        all(find(row, when, arm, people) and sd_of(row, when, arm, people) for arm in "ec")
        for when, find in ways
    )


def _enough(people: People) -> bool:
    return min(people.first, people.second) >= 2 and people.first + people.second > 4


def _comparisons(row: Row, people: People | None, r: Correlation) -> list[Verdict]:
    """Return what every derivation makes of the row, the one that is taken first."""
    if row.is_within_participant:
        return []
    if row.is_pooled or people is None or not _enough(people):
        # A printed SMD with its interval needs no number of people.
        printed = from_printed_smd(row, None)
        return [] if printed is None else [replace(printed, code="printed_smd")]
    # Within-arm results, bare means and unclear marks are no test between the arms; numbers of both are.
    no_test = row.word("basis") in ("within_group_only", "counts_or_means_only")
    untested = no_test or row.significant == "unclear"
    derivations = [each for each in SMD_DERIVATIONS if each.rank == NUMBERS or not untested]
    return chosen_first(applied(derivations, row, people, r))


def read_smd(row: Row, correlation: float) -> Verdict:
    """Return what a row says as a standardised mean difference.

    Parameters
    ----------
    row : Row
        The row, with its study's facts.
    correlation : float
        Assumed correlation of pre and post scores, where the row's arms do not tell theirs.
    """
    return all_smd(row, correlation)[0]


def all_smd(row: Row, correlation: float) -> list[Verdict]:
    """Return what every derivation makes of a row as a standardised mean difference; the first is taken."""
    people = row.people
    r = row_correlation(row, people, correlation)
    found = _comparisons(row, people, r)
    if found:
        verdict = replace(found[0].plus(rules={"a"}), alternatives=tuple(map(as_alternative, found[1:])))
    elif row.word("basis") == "within_group_only":
        return [unusable(WITHIN_ARMS_ONLY).plus(rules={"b"})]
    else:
        why, rules = _why_not(row, people)
        verdict = _direction_alone(row, people, r, why).plus(rules=rules)
    counted = not verdict.derived_from.startswith("printed SMD with its") and verdict.kind != "unusable"
    if people is not None and people.assumption and counted:
        verdict = verdict.plus(rules={"d"}, assumptions=(people.assumption,))
    return [verdict, *found[1:]]


def as_alternative(verdict: Verdict) -> str:
    """Say in a few words what another derivation would have given."""
    if verdict.kind == "exact":
        return f"{verdict.derived_from}: {verdict.estimate:.3f}"
    if math.isinf(verdict.high):
        return f"{verdict.derived_from}: above {verdict.low:.3f}"
    if math.isinf(verdict.low):
        return f"{verdict.derived_from}: below {verdict.high:.3f}"
    return f"{verdict.derived_from}: {verdict.low:.3f} to {verdict.high:.3f}"
