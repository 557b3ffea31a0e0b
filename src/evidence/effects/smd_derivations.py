"""Derivations of a standardised mean difference: each reads one way of printing, or returns None.

They do not choose between themselves (`evidence.effects.smd_rules` does) and they know nothing of
the basis of a row: here a number is a number.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import NamedTuple

from evidence.effects import formulas
from evidence.effects.row import UPWARD_FAVOURS_FIRST, People, Row, TestResult
from evidence.effects.verdict import Verdict, exact, interval, symmetric

__all__ = [
    "NUMBERS",
    "TESTS",
    "WHENS",
    "from_printed_smd",
    "score_of",
]


WHENS = ("post", "change")
"""Scores whose means and SDs in both arms are an effect by themselves."""


class Score(NamedTuple):
    """The score that a test or an interval speaks of, against the raw score (rule g)."""

    factor: float
    assumptions: tuple[str, ...]
    rules: frozenset[str]


def score_of(row: Row, correlation: float) -> Score:
    """Return how wide the analysed score is in units of the raw score's standard deviation."""
    if row.is_association:
        return Score(1.0, (), frozenset())
    test = row.word("test_between")
    if row.word("effect_metric") == "beta":
        test = "ancova"
    if test == "post":
        return Score(1.0, ("test of final scores",), frozenset())
    if test == "ancova":
        note = f"baseline-adjusted: brought to raw-score units with sqrt(1-r²), r = {correlation:g}"
        return Score(math.sqrt(1 - correlation**2), (note,), frozenset("g"))
    stated = {"change": "test of changes", "group_by_time": "test of group × time"}.get(
        test, "test not stated, taken as a test of changes"
    )
    note = f"{stated}: brought to raw-score units with sqrt(2(1-r)), r = {correlation:g}"
    return Score(math.sqrt(2 * (1 - correlation)), (note,), frozenset("g"))


def _from_pre_post(row: Row, people: People, correlation: float) -> Verdict | None:
    columns = [
        f"{when}_{what}_{arm}"
        for arm in "ec"
        for when, what in (("pre", "mean"), ("pre", "sd"), ("post", "mean"))
    ]
    if not row.has(*columns) or row.better_sign == 0 or people.first + people.second <= 4:
        return None
    change_e = row.number("post_mean_e") - row.number("pre_mean_e")
    change_c = row.number("post_mean_c") - row.number("pre_mean_c")
    g = formulas.g_from_pre_post(
        change_e,
        row.number("pre_sd_e"),
        people.first,
        change_c,
        row.number("pre_sd_c"),
        people.second,
        correlation,
    )
    value = row.better_sign * float(g.estimate)
    formula = (
        f"d_ppc2 = J·[({row.says('post_mean_e')} - {row.says('pre_mean_e')}) - "
        f"({row.says('post_mean_c')} - {row.says('pre_mean_c')})] / pooled baseline SD "
        f"({row.says('pre_sd_e')}, {row.says('pre_sd_c')}), "
        f"{row.word('better')} is better: {value:.4f}"
    )
    note = f"pre-post correlation r = {correlation:g} in both arms (variance only)"
    return exact(
        value,
        float(g.variance),
        "pre and post means and SDs of both arms",
        formula,
        assumptions=(note,),
    )


def _from_arm_means(row: Row, people: People, correlation: float, when: str) -> Verdict | None:
    if (
        not row.has(*(f"{when}_{what}_{arm}" for what in ("mean", "sd") for arm in "ec"))
        or row.better_sign == 0
    ):
        return None
    factor = math.sqrt(2 * (1 - correlation)) if when == "change" else 1.0
    g = formulas.g_from_means(
        row.number(f"{when}_mean_e"),
        row.number(f"{when}_sd_e"),
        people.first,
        row.number(f"{when}_mean_c"),
        row.number(f"{when}_sd_c"),
        people.second,
        factor,
    )
    value = row.better_sign * float(g.estimate)
    formula = (
        f"g = J·({row.says(f'{when}_mean_e')} - {row.says(f'{when}_mean_c')}) / pooled SD "
        f"({row.says(f'{when}_sd_e')}, {row.says(f'{when}_sd_c')}), "
        f"{row.word('better')} is better: {value:.4f}"
    )
    if when == "post":
        source = "means and SDs of both groups" if row.is_association else "post means and SDs of both arms"
        return exact(value, float(g.variance), source, formula)
    note = f"change-score SDs brought to raw-score units with sqrt(2(1-r)), r = {correlation:g}"
    verdict = exact(
        value, float(g.variance), "change means and SDs of both arms", formula, assumptions=(note,)
    )
    return verdict.plus(rules={"g"})


def _orientation(row: Row) -> tuple[float, str]:
    """Return the sign that turns a printed effect into "positive favours the first arm" (rule c)."""
    word = row.word("effect_sign")
    if word == "unclear":
        return 0.0, ""
    if word:
        return (1.0 if word in UPWARD_FAVOURS_FIRST else -1.0), ""
    if row.direction_sign:
        return math.copysign(
            1.0, row.number("effect")
        ) * row.direction_sign, "sign of the effect from the printed direction"
    if row.better_sign:
        return row.better_sign, "printed effect taken as first arm minus second arm"
    return 0.0, ""


def _oriented(
    row: Row, value: float, variance: float, source: str, formula: str, notes: tuple[str, ...]
) -> Verdict:
    side, note = _orientation(row)
    if side == 0:
        return symmetric(value, variance, source, formula, assumptions=notes)
    return exact(side * value, variance, source, formula, assumptions=(*notes, note) if note else notes)


def _sound_interval(row: Row) -> bool:
    return row.has("effect", "ci_low", "ci_high") and row.number("ci_low") <= row.number(
        "effect"
    ) <= row.number("ci_high")


def from_printed_smd(row: Row, people: People | None) -> Verdict | None:
    """Read a printed standardised difference: its variance from its interval, else from n."""
    if row.word("effect_metric") != "SMD" or not row.has("effect"):
        return None
    value = row.number("effect")
    note = ("printed standardised difference taken as Hedges' g in raw-score units",)
    if _sound_interval(row) and row.number("ci_low") < row.number("ci_high"):
        level = row.level
        # A normal interval: reviews pool with z, and a trial's df is not known where n is not.
        z_width = 2 * float(formulas.t_from_p(1 - level, math.inf))
        se = (row.number("ci_high") - row.number("ci_low")) / z_width
        width = f"({row.says('ci_high')} - {row.says('ci_low')})"
        formula = f"g = {row.says('effect')}; SE = {width} / {z_width:.4g} = {se:.4f}"
        verdict = _oriented(row, value, se**2, f"printed SMD with its {level:.0%} interval", formula, note)
        return _with_level_rule(row, verdict)
    if people is None:
        return None
    variance = float(formulas.smd_variance(value, people.first, people.second))
    if _orientation(row)[0] == 0:
        variance = float(formulas.smd_variance(0, people.first, people.second))
    formula = f"g = {row.says('effect')}; variance from n = {people.first:g} and {people.second:g}"
    return _oriented(row, value, variance, "printed SMD with n", formula, note)


def _with_level_rule(row: Row, verdict: Verdict) -> Verdict:
    return verdict.plus(rules=set() if math.isclose(row.level, 0.95) else {"f"})


def _t_formula(people: People, score: Score) -> str:
    """Return the formula that turns a t into g, with its numbers."""
    return f"|g| = J·|t|·sqrt(1/{people.first:g} + 1/{people.second:g})·{score.factor:.4g}"


def _g_of_t(row: Row, t: float, people: People, score: Score, source: str, shown: str) -> Verdict:
    g = formulas.g_from_t(t, people.first, people.second, score.factor)
    value, variance = float(g.estimate), float(g.variance)
    if _orientation(row)[0] == 0:
        variance = float(formulas.smd_variance(0, people.first, people.second, score.factor))
    formula = f"{_t_formula(people, score)}, t = {shown}: |g| = {abs(value):.4f}"
    return _oriented(row, value, variance, source, formula, score.assumptions).plus(rules=score.rules)


def _from_mean_difference(row: Row, people: People, correlation: float) -> Verdict | None:
    if row.word("effect_metric") not in ("MD", "beta") or not _sound_interval(row):
        return None
    if row.number("ci_low") == row.number("ci_high"):
        return None
    df = people.first + people.second - 2
    t = float(
        formulas.t_from_interval(
            row.number("effect"), row.number("ci_low"), row.number("ci_high"), row.level, df
        )
    )
    kind = "regression coefficient" if row.word("effect_metric") == "beta" else "mean difference"
    shown = f"{row.says('effect')} ÷ SE of ({row.says('ci_low')} to {row.says('ci_high')}) = {t:.4g}"
    verdict = _g_of_t(
        row, t, people, score_of(row, correlation), f"{kind} with its {row.level:.0%} interval", shown
    )
    return _with_level_rule(row, verdict)


def _from_t(row: Row, people: People, correlation: float) -> Verdict | None:
    if row.word("effect_metric") != "t" or not row.has("effect"):
        return None
    t = row.number("effect")
    return _g_of_t(row, t, people, score_of(row, correlation), "t of the comparison", row.says("effect"))


def _rounded_p_note(test: TestResult, people: People, factor: float) -> str:
    """Say how far the rounding of a printed p lets the effect move."""
    digits = len(test.printed.partition(".")[2])
    half = 0.5 * 10.0**-digits
    # A p that rounds to itself from as low as zero bounds the effect on one side only.
    bounds = [
        f"{float(formulas.critical_g(p, people.first, people.second, factor)):.3f}" if p > 0 else "∞"
        for p in (min(test.p + half, 1.0), test.p - half)
    ]
    return f"p printed to {digits} decimals: |g| between {bounds[0]} and {bounds[1]}"


def _from_exact_p(row: Row, people: People, correlation: float) -> Verdict | None:
    test = row.test
    if test is None or test.relation != "=" or not 0 < test.p <= 1:
        return None
    score = score_of(row, correlation)
    df = people.first + people.second - 2
    size = float(formulas.critical_g(test.p, people.first, people.second, score.factor))
    t = float(formulas.t_from_p(test.p, df))
    formula = (
        f"{_t_formula(people, score)}, t = {t:.4g} from two-sided p = {test.printed} on {df:g} df: {size:.4f}"
    )
    notes = (*score.assumptions, _rounded_p_note(test, people, score.factor))
    side = row.side
    variance = float(formulas.smd_variance(size if side else 0.0, people.first, people.second, score.factor))
    if not (math.isfinite(size) and math.isfinite(variance)):
        return None  # a p so small that no t of so few people reaches it
    if side == 0 and size > 0:
        verdict = symmetric(size, variance, "exact p", formula, assumptions=notes)
    else:
        source = "exact p with direction" if side else "exact p"
        verdict = exact(side * size, variance, source, formula, assumptions=notes)
    return verdict.plus(rules=score.rules)


def _band_bounds(row: Row, test: TestResult, critical: float) -> tuple[float, float] | None:
    """Return where a band places the effect; None where significance has no known side."""
    side = row.side
    if test.relation in ("<", "<="):
        if side == 0:
            return None
        return (critical, math.inf) if side > 0 else (-math.inf, -critical)
    # "No difference", with a side where the print names one: between zero and the critical value.
    return (-critical if side <= 0 else 0.0, critical if side >= 0 else 0.0)


def _from_band(row: Row, people: People, correlation: float) -> Verdict | None:
    """Read a p-band, or the words "significant" and "no difference", as bounds of g."""
    test = row.test
    if test is None or test.relation == "=" or not 0 < test.p < 1:
        return None
    score = score_of(row, correlation)
    critical = float(formulas.critical_g(test.p, people.first, people.second, score.factor))
    bounds = _band_bounds(row, test, critical)
    if bounds is None or not math.isfinite(critical):
        return None
    # The variance is fixed at the limit nearest zero: the bound of a significant result, else zero.
    nearest = critical if test.relation in ("<", "<=") else 0.0
    variance = float(formulas.smd_variance(nearest, people.first, people.second, score.factor))
    said = {"yes": "significant", "no": "no difference"}.get(
        row.significant, row.word("direction").replace("_", " ")
    )
    at_most = "<= " if test.relation == "<=" and not test.printed.startswith(("<", "≤")) else ""
    source = f"p {at_most}{test.printed}" if test.printed else said
    formula = f"critical {_t_formula(people, score)} = {critical:.4f} at two-sided p = {test.p:g}"
    notes = (*test.assumptions, *score.assumptions)
    verdict = interval(*bounds, variance, source, formula, assumptions=notes).plus(
        rules=test.rules | score.rules
    )
    if row.is_inferred:
        note = "the verdict is inferred from what the source omits, not printed"
        verdict = verdict.plus(rules={"b"}, assumptions=(note,))
    return verdict


Derivation = Callable[[Row, People, float], Verdict | None]

NUMBERS: tuple[Derivation, ...] = (
    _from_pre_post,
    lambda row, people, r: _from_arm_means(row, people, r, "post"),
    lambda row, people, r: _from_arm_means(row, people, r, "change"),
    lambda row, people, r: from_printed_smd(row, people),
    _from_mean_difference,
    _from_t,
)
"""Derivations from sound numbers, the one with the fewest assumptions first."""

TESTS: tuple[Derivation, ...] = (_from_exact_p, _from_band)
