"""Standardised mean differences from an effect that the paper prints itself: SMD, MD, coefficient, ANCOVA."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import replace

import numpy as np

from evidence.effects import formulas
from evidence.effects.formulas import Floats, as_floats
from evidence.effects.row import People, Row
from evidence.effects.score import Score, orientation, oriented, score_of, with_level_rule
from evidence.effects.smd_arms import pooled_sd
from evidence.effects.solver import spread
from evidence.effects.solver.correlation import Correlation
from evidence.effects.solver.quantity import Cells, Quantity
from evidence.effects.verdict import Verdict

__all__ = [
    "adjusted_df",
    "adjusted_se",
    "from_adjusted",
    "from_adjusted_over_sds",
    "from_difference_over_sds",
    "from_mean_difference",
    "from_printed_smd",
    "g_of_t",
    "recomputed",
    "sound_interval",
    "t_formula",
]


def sound_interval(row: Row) -> bool:
    """Tell whether a printed effect lies inside its printed interval, which has a width."""
    if not row.has("effect", "ci_low", "ci_high"):
        return False
    low, effect, high = (row.number(name) for name in ("ci_low", "effect", "ci_high"))
    return low <= effect <= high and low < high


def recomputed(
    row: Row, verdict: Verdict, cells: tuple[str, ...], size: Callable[[Cells], Floats]
) -> Verdict:
    """Return an exact verdict that knows how its estimate comes from printed cells, up to its sign."""
    if verdict.kind != "exact":
        return verdict
    with np.errstate(all="ignore"):
        now = float(size(row.solved_cells))
    side = 1.0 if now == 0 or now * verdict.estimate > 0 else -1.0
    return replace(verdict, cells=cells, recompute=lambda x: side * np.asarray(size(x), dtype=np.float64))


def from_printed_smd(row: Row, people: People | None) -> Verdict | None:
    """Read a printed standardised difference: its variance from its interval, else from n."""
    if row.word("effect_metric") != "SMD" or not row.has("effect"):
        return None
    value = row.number("effect")
    note = ("printed standardised difference taken as Hedges' g in raw-score units",)
    if sound_interval(row):
        level = row.level
        # A normal interval: reviews pool with z, and a trial's df is not known where n is not.
        z_width = 2 * float(formulas.t_from_p(1 - level, math.inf))
        se = (row.number("ci_high") - row.number("ci_low")) / z_width
        width = f"({row.says('ci_high')} - {row.says('ci_low')})"
        formula = f"g = {row.says('effect')}; SE = {width} / {z_width:.4g} = {se:.4f}"
        verdict = oriented(row, value, se**2, f"printed SMD with its {level:.0%} interval", formula, note)
        verdict = with_level_rule(row, verdict)
    elif people is None:
        return None
    else:
        variance = float(formulas.smd_variance(value, people.first, people.second))
        if orientation(row, value)[0] == 0:
            variance = float(formulas.smd_variance(0, people.first, people.second))
        formula = f"g = {row.says('effect')}; variance from n = {people.first:g} and {people.second:g}"
        verdict = oriented(row, value, variance, "printed SMD with n", formula, note)
    return replace(
        recomputed(row, verdict, ("effect",), lambda x: as_floats(x["effect"])), metric_scale="raw"
    )


def t_formula(people: People, score: Score) -> str:
    """Return the formula that turns a t into g, with its numbers."""
    return f"|g| = J·|t|·sqrt(1/{people.first:g} + 1/{people.second:g})·{score.factor:.4g}"


def g_of_t(
    row: Row, t: Quantity, people: People, score: Score, source: str, *, notes: tuple[str, ...] = ()
) -> Verdict:
    """Return the verdict of a t of the comparison, its sign read by rule c.

    Parameters
    ----------
    row : Row
        The row.
    t : Quantity
        The statistic.
    people : People
        Of both arms.
    score : Score
        Whose scores were tested.
    source : str
        What the t was read from.
    notes : tuple of str
        Further assumptions.
    """
    first, second = people.first, people.second
    value = t.value(row.solved_cells)
    g = formulas.g_from_t(value, first, second, score.factor)
    variance = float(g.variance)
    if orientation(row, value)[0] == 0:
        variance = float(formulas.smd_variance(0, first, second, score.factor))
    formula = f"{t_formula(people, score)}, t = {t.shown}: |g| = {abs(float(g.estimate)):.4f}"
    verdict = oriented(
        row, float(g.estimate), variance, source, formula, (*score.assumptions, *t.assumptions, *notes)
    )
    verdict = replace(verdict.plus(rules=score.rules), metric_scale=score.scale)

    def size(x: Cells) -> Floats:
        return formulas.g_from_t(t.compute(x), first, second, score.compute(x)).estimate

    return recomputed(row, verdict, (*t.cells, *score.cells), size)


def from_mean_difference(row: Row, people: People, r: Correlation) -> Verdict | None:
    """Read a mean difference or a regression coefficient by the t that its interval implies."""
    if row.word("effect_metric") not in ("MD", "beta") or not sound_interval(row):
        return None
    df, level = people.first + people.second - 2, row.level

    def compute(x: Cells) -> Floats:
        return formulas.t_from_interval(x["effect"], x["ci_low"], x["ci_high"], level, df)

    value = float(compute(row.solved_cells))
    kind = "regression coefficient" if row.word("effect_metric") == "beta" else "mean difference"
    shown = f"{row.says('effect')} ÷ SE of ({row.says('ci_low')} to {row.says('ci_high')}) = {value:.4g}"
    t = Quantity(compute, ("effect", "ci_low", "ci_high"), shown)
    source = f"{kind} with its {level:.0%} interval"
    return with_level_rule(row, g_of_t(row, t, people, score_of(row, r), source))


def _over_sds(
    row: Row, people: People, column: str, se: float, source: str, scale: str, notes: tuple[str, ...]
) -> Verdict | None:
    """Return a difference in the row's unit over the pooled SD of the raw scores."""
    sd = pooled_sd(row, people)
    if sd is None:
        return None
    j = float(formulas.hedges_j(people.first + people.second - 2))
    spread_now = sd.value(row.solved_cells)
    g = j * row.number(column) / spread_now
    known = orientation(row, row.number(column))[0] != 0
    # As in the variance of g from means: the error of the difference, then that of the SD.
    variance = (j * se / spread_now) ** 2 + (g**2 / (2 * (people.first + people.second)) if known else 0.0)
    formula = f"g = J·{row.says(column)} / {sd.shown} = {g:.4f}; SE of the difference {se:.4g}"
    verdict = oriented(row, g, variance, source, formula, (*sd.assumptions, *notes))

    def size(x: Cells) -> Floats:
        return j * as_floats(x[column]) / sd.compute(x)

    return replace(recomputed(row, verdict, (column, *sd.cells), size), metric_scale=scale)


def from_difference_over_sds(row: Row, people: People, r: Correlation) -> Verdict | None:
    """Read a printed mean difference with its interval over the arms' own SDs."""
    if row.word("effect_metric") != "MD" or not sound_interval(row):
        return None
    df = people.first + people.second - 2
    se = float(spread.se_from_interval(row.number("ci_low"), row.number("ci_high"), row.level, df))
    source = f"mean difference with its {row.level:.0%} interval, over the SDs of both arms"
    scale = {"change": "change", "group_by_time": "change", "ancova": "ancova"}.get(
        row.word("test_between"), "raw"
    )
    verdict = _over_sds(row, people, "effect", se, source, scale, ())
    return None if verdict is None else with_level_rule(row, verdict)


def adjusted_df(people: People) -> float:
    """Return the degrees of freedom of a comparison that is adjusted for the baseline."""
    return people.first + people.second - 3


def adjusted_se(row: Row, people: People | None) -> tuple[float, str] | None:
    """Return the standard error of an adjusted difference and how it was found, or None.

    Without the number of people its interval is taken as a normal one.
    """
    if not row.has("adjusted_difference"):
        return None
    if row.has("adjusted_se"):
        return row.number("adjusted_se"), "its SE"
    if not row.has("adjusted_ci_low", "adjusted_ci_high"):
        return None
    df = math.inf if people is None else adjusted_df(people)
    if df < 1:
        return None  # as many coefficients as people
    low, high = row.number("adjusted_ci_low"), row.number("adjusted_ci_high")
    se = float(spread.se_from_interval(low, high, row.level, df))
    if not se > 0.0:
        return None  # an interval without width, printed to too few digits
    return se, f"its {row.level:.0%} interval"


def from_adjusted_over_sds(row: Row, people: People, r: Correlation) -> Verdict | None:
    """Read a baseline-adjusted difference (ANCOVA) over the arms' own SDs."""
    found = adjusted_se(row, people)
    if found is None:
        return None
    se, how = found
    source = f"adjusted difference with {how}, over the SDs of both arms"
    verdict = _over_sds(row, people, "adjusted_difference", se, source, "ancova", ())
    return None if verdict is None else with_level_rule(row, verdict)


def from_adjusted(row: Row, people: People, r: Correlation) -> Verdict | None:
    """Read a baseline-adjusted difference (ANCOVA) by its t, brought to raw-score units."""
    found = adjusted_se(row, people)
    if found is None:
        return None
    se, how = found
    value = row.number("adjusted_difference") / se
    shown = f"{row.says('adjusted_difference')} ÷ SE {se:.4g} (from {how}) = {value:.4g}"
    columns = ("adjusted_se",) if row.has("adjusted_se") else ("adjusted_ci_low", "adjusted_ci_high")
    df, level = adjusted_df(people), row.level

    def compute(x: Cells) -> Floats:
        error = (
            as_floats(x["adjusted_se"])
            if len(columns) == 1
            else spread.se_from_interval(x["adjusted_ci_low"], x["adjusted_ci_high"], level, df)
        )
        return as_floats(x["adjusted_difference"]) / error

    t = Quantity(compute, ("adjusted_difference", *columns), shown)
    source = f"adjusted difference with {how}"
    return with_level_rule(row, g_of_t(row, t, people, score_of(row, r, "ancova"), source))
