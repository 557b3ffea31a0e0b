"""Standardised mean differences from a test between the arms: its statistic, its exact p, its verdict."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import replace

import numpy as np

from evidence.effects import formulas
from evidence.effects.formulas import Floats, as_floats
from evidence.effects.row import People, Row, TestResult
from evidence.effects.score import Score, score_of
from evidence.effects.smd_printed import g_of_t, recomputed, t_formula
from evidence.effects.solver import statistics
from evidence.effects.solver.correlation import Correlation
from evidence.effects.solver.quantity import Cells, Quantity, printed
from evidence.effects.verdict import Verdict, exact, interval, symmetric

__all__ = ["from_band", "from_chi2", "from_exact_p", "from_f", "from_r", "from_t", "unsigned_t"]


def from_t(row: Row, people: People, r: Correlation) -> Verdict | None:
    """Read the t of the comparison of the arms."""
    column = "effect" if row.word("effect_metric") == "t" else "t_between"
    if not row.has(column):
        return None
    t = printed(column, row.says(column))
    return g_of_t(row, t, people, score_of(row, r), "t of the comparison")


def from_r(row: Row, people: People, r: Correlation) -> Verdict | None:
    """Read the correlation of belonging to the first arm with the outcome."""
    if not row.has("r_between"):
        return None
    df = people.first + people.second - 2

    def compute(x: Cells) -> Floats:
        return statistics.t_from_r(x["r_between"], df)

    value = float(compute(row.solved_cells))
    shown = f"r·sqrt(df/(1 - r²)), r {row.says('r_between')}, df {df:g}: {value:.4g}"
    t = Quantity(compute, ("r_between",), shown)
    return g_of_t(row, t, people, score_of(row, r), "point-biserial correlation of the arms with the outcome")


def unsigned_t(row: Row, people: People) -> tuple[Quantity, str] | None:
    """Return the size of t from an F of 1 numerator df or a chi-squared, and what it was read from."""
    if row.has("f_between") and (not row.has("f_df1") or row.number("f_df1") == 1):
        notes = () if row.has("f_df1") else ("F taken to have 1 numerator degree of freedom",)
        shown = f"√{row.says('f_between')} = {math.sqrt(row.number('f_between')):.4g}"
        compute_f = _sqrt_of("f_between")
        return Quantity(compute_f, ("f_between",), shown, "", notes), "F of the comparison"
    if row.has("chi2_between") and row.number("chi2_between") < people.first + people.second:
        total = people.first + people.second

        def compute(x: Cells) -> Floats:
            return statistics.t_from_chi2(x["chi2_between"], total)

        value = float(compute(row.solved_cells))
        shown = f"{value:.4g} from chi² = {row.says('chi2_between')} of {total:g} people"
        note = "chi-squared of 1 df over N read as the squared correlation of arm and outcome"
        return Quantity(compute, ("chi2_between",), shown, "", (note,)), "chi-squared of the comparison"
    return None


def _sqrt_of(column: str) -> Callable[[Cells], Floats]:
    return lambda x: statistics.t_from_f(x[column])


def _from_unsigned(row: Row, people: People, r: Correlation, wanted: str) -> Verdict | None:
    found = unsigned_t(row, people)
    if found is None or not found[1].startswith(wanted):
        return None
    t, source = found
    score = score_of(row, r)
    size = float(
        formulas.g_from_t(t.value(row.solved_cells), people.first, people.second, score.factor).estimate
    )
    variance = float(
        formulas.smd_variance(size if row.side else 0.0, people.first, people.second, score.factor)
    )
    formula = f"{t_formula(people, score)}, t = {t.shown}: |g| = {size:.4f}"
    return _sided(row, size, variance, source, formula, score, t, people)


def from_f(row: Row, people: People, r: Correlation) -> Verdict | None:
    """Read the F (1 numerator df) of the comparison of the arms; its side from the direction or the means."""
    return _from_unsigned(row, people, r, "F")


def from_chi2(row: Row, people: People, r: Correlation) -> Verdict | None:
    """Read the chi-squared (1 df) of the comparison of the arms; its side from the direction or the means."""
    return _from_unsigned(row, people, r, "chi")


def _sided(
    row: Row,
    size: float,
    variance: float,
    source: str,
    formula: str,
    score: Score,
    t: Quantity,
    people: People,
) -> Verdict:
    """Return the verdict of a test that has no sign of its own."""
    side, notes = row.side, (*score.assumptions, *t.assumptions)
    if side == 0 and size > 0:
        verdict = symmetric(size, variance, source, formula, assumptions=notes)
    else:
        told = f"{source} with direction" if side else source
        verdict = exact(side * size, variance, told, formula, assumptions=notes)
    verdict = replace(verdict.plus(rules=score.rules), metric_scale=score.scale)

    def again(x: Cells) -> Floats:
        return formulas.g_from_t(t.compute(x), people.first, people.second, score.compute(x)).estimate

    return recomputed(row, verdict, (*t.cells, *score.cells), again)


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


def from_exact_p(row: Row, people: People, r: Correlation) -> Verdict | None:
    """Read an exact p; its side from the direction, a printed effect or the means."""
    test = row.test
    if test is None or test.relation != "=" or not 0 < test.p <= 1:
        return None
    score = score_of(row, r)
    df = people.first + people.second - 2
    size = float(formulas.critical_g(test.p, people.first, people.second, score.factor))
    variance = float(
        formulas.smd_variance(size if row.side else 0.0, people.first, people.second, score.factor)
    )
    if not (math.isfinite(size) and math.isfinite(variance)):
        return None  # a p so small that no t of so few people reaches it
    t = float(formulas.t_from_p(test.p, df))
    formula = (
        f"{t_formula(people, score)}, t = {t:.4g} from two-sided p = {test.printed} on {df:g} df: {size:.4f}"
    )
    note = _rounded_p_note(test, people, score.factor)

    def compute(x: Cells) -> Floats:
        return formulas.t_from_p(np.clip(as_floats(x["p_between"]), 0.0, 1.0), df)

    quantity = Quantity(compute, ("p_between",), f"{t:.4g}", "", (note,))
    return _sided(row, size, variance, "exact p", formula, score, quantity, people)


def _band_bounds(row: Row, test: TestResult, critical: float) -> tuple[float, float] | None:
    """Return where a band places the effect; None where significance has no known side."""
    side = row.side
    if test.relation in ("<", "<="):
        if side == 0:
            return None
        return (critical, math.inf) if side > 0 else (-math.inf, -critical)
    # "No difference", with a side where the print names one: between zero and the critical value.
    return (-critical if side <= 0 else 0.0, critical if side >= 0 else 0.0)


def from_band(row: Row, people: People, r: Correlation) -> Verdict | None:
    """Read a p-band, or the words "significant" and "no difference", as bounds of g."""
    test = row.test
    if test is None or test.relation == "=" or not 0 < test.p < 1:
        return None
    score = score_of(row, r)
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
    formula = f"critical {t_formula(people, score)} = {critical:.4f} at two-sided p = {test.p:g}"
    notes = (*test.assumptions, *score.assumptions)
    verdict = interval(*bounds, variance, source, formula, assumptions=notes).plus(
        rules=test.rules | score.rules
    )
    verdict = replace(verdict, metric_scale=score.scale)
    if row.is_inferred:
        note = "the verdict is inferred from what the source omits, not printed"
        verdict = verdict.plus(rules={"b"}, assumptions=(note,))
    return verdict
