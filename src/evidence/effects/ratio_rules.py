"""Rules of reading for ratios (RR, IRR, HR, OR): from a row to an effect on the log scale."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import replace

import numpy as np
from scipy import special

from evidence.effects import ratio_formulas
from evidence.effects.formulas import Floats, as_floats
from evidence.effects.measures import Measure
from evidence.effects.row import UPWARD_FAVOURS_FIRST, Row
from evidence.effects.solver.quantity import Cells
from evidence.effects.verdict import WITHIN_ARMS_ONLY, Verdict, exact, sign_only, symmetric, unusable
from evidence.studies.columns import RATIO_METRICS

__all__ = ["all_ratios", "read_ratio"]

_UNCOMMON = 0.10
"""Rule j: below this share of people with an event an odds ratio may stand for a risk ratio."""


def _counts(row: Row) -> bool:
    return row.has("events_e", "total_e", "events_c", "total_c")


def _event_share(row: Row) -> float:
    if not _counts(row):
        return math.nan
    return max(row.number("events_e") / row.number("total_e"), row.number("events_c") / row.number("total_c"))


def _orientation(row: Row, log_ratio: float) -> tuple[float, str]:
    """Return the sign that turns a log ratio into "positive favours the first arm" (rule c)."""
    word = row.word("effect_sign")
    if word == "unclear":
        return 0.0, ""
    if word:
        return (1.0 if word in UPWARD_FAVOURS_FIRST else -1.0), ""
    if row.direction_sign:
        note = "orientation of the ratio from the printed direction"
        return math.copysign(1.0, log_ratio) * row.direction_sign, note
    if row.word("better") == "higher":
        return 1.0, "higher is better: a ratio above 1 read as favouring the first arm"
    return -1.0, "events are harm: a ratio below 1 read as favouring the first arm"


def _oriented(
    row: Row, estimate: float, variance: float, source: str, formula: str, notes: tuple[str, ...]
) -> Verdict:
    side, note = _orientation(row, estimate)
    if side == 0:
        return _shown(symmetric(estimate, variance, source, formula, assumptions=notes), -1)
    # The printed ratio comes back as exp(side * effect), whichever way round it was printed.
    notes = (*notes, note) if note else notes
    return _shown(exact(side * estimate, variance, source, formula, assumptions=notes), int(side))


def _shown(verdict: Verdict, display_sign: int) -> Verdict:
    return replace(verdict, display_sign=display_sign)


def _speaks(row: Row, measure: Measure) -> tuple[bool, str]:
    """Say whether the row's metric may be pooled with the measure (rule j), and on what assumption."""
    metric = row.word("effect_metric")
    if row.word("effect_per"):
        return False, ""
    if metric in measure.metrics:
        return True, ""
    share = _event_share(row)
    both = metric in RATIO_METRICS and measure.code in RATIO_METRICS
    if both and math.isfinite(share) and share < _UNCOMMON:
        return (
            True,
            f"{metric} joins the {measure.code}s: events in {share:.1%} of the people at most, below 10 %",
        )
    return False, ""


def _from_printed(row: Row, measure: Measure) -> Verdict | None:
    speaks, note = _speaks(row, measure)
    if not speaks or row.word("effect_metric") == "RRR":
        return None
    notes = (note,) if note else ()
    rules = {"j"} if note else set()
    low, high, effect = row.number("ci_low"), row.number("ci_high"), row.number("effect")
    if not math.isclose(row.level, 0.95):
        rules.add("f")
    if row.has("effect") and effect <= 0:
        return None
    if row.has("effect", "ci_low", "ci_high") and 0 < low <= effect <= high and low < high:
        found = ratio_formulas.log_ratio_from_interval(effect, low, high, row.level)
        text = f"ln {row.says('effect')}; SE from ({row.says('ci_low')} to {row.says('ci_high')})"
    elif row.has("ci_low", "ci_high") and not row.has("effect") and 0 < low < high:
        found = ratio_formulas.log_ratio_from_interval(math.sqrt(low * high), low, high, row.level)
        text = f"midpoint of ln {row.says('ci_low')} and ln {row.says('ci_high')}"
        notes = (*notes, "estimate not printed: the middle of its interval on the log scale")
    elif row.has("effect", "ci_low") and not row.has("ci_high") and 0 < low < effect:
        found = ratio_formulas.log_ratio_from_interval(effect, low, effect**2 / low, row.level)
        text = f"ln {row.says('effect')}; SE from the lower limit {row.says('ci_low')}"
        notes = (*notes, "upper limit not printed: the interval taken as symmetric on the log scale")
    else:
        return None
    estimate, variance = float(found.estimate), float(found.variance)
    formula = f"{text} = {estimate:.4f}, SE {math.sqrt(variance):.4f}"
    source = f"printed {row.word('effect_metric')} with its {row.level:.0%} interval"
    return _oriented(row, estimate, variance, source, formula, notes).plus(rules=rules)


def _from_reduction(row: Row, measure: Measure) -> Verdict | None:
    """Read a relative risk reduction in percent: RR = 1 - reduction/100, its limits swapped."""
    if row.word("effect_metric") != "RRR" or "RRR" not in measure.metrics:
        return None
    if not row.has("effect", "ci_low", "ci_high"):
        return None
    effect, low, high = (row.number(column) for column in ("effect", "ci_low", "ci_high"))
    if not (low <= effect <= high < 100 and low < high):
        return None
    ratio, least, most = 1 - effect / 100, 1 - high / 100, 1 - low / 100
    found = ratio_formulas.log_ratio_from_interval(ratio, least, most, row.level)
    estimate, variance = float(found.estimate), float(found.variance)
    formula = (
        f"RR = 1 - {row.says('effect')} % = {ratio:.4g} ({least:.4g} to {most:.4g}); ln RR = {estimate:.4f}, "
        f"SE {math.sqrt(variance):.4f}"
    )
    # A reduction is written so that more of it is better: that orients the ratio below 1.
    source = f"relative risk reduction with its {row.level:.0%} interval"
    return _shown(exact(-estimate, variance, source, formula), -1)


def _from_counts(row: Row, measure: Measure, continuity: float) -> Verdict | None:
    if not _counts(row):
        return None
    cells = [row.number(column) for column in ("events_e", "total_e", "events_c", "total_c")]
    if cells[0] == cells[2] == 0 or (cells[0] == cells[1] and cells[2] == cells[3]):
        return None
    odds = measure.code == "OR"
    function = ratio_formulas.log_odds_ratio if odds else ratio_formulas.log_risk_ratio
    found = function(*cells, continuity=continuity)
    estimate, variance = float(found.estimate), float(found.variance)
    name = "OR" if odds else "RR"
    shown = f"{row.says('events_e')}/{row.says('total_e')} v {row.says('events_c')}/{row.says('total_c')}"
    formula = f"ln {name} from {shown} = {estimate:.4f}, SE {math.sqrt(variance):.4f}"
    notes: tuple[str, ...] = ()
    if 0 in (cells[0], cells[2], cells[1] - cells[0], cells[3] - cells[2]):
        notes = (f"a zero cell: {continuity:g} added to all four cells",)
    if row.word("arm_design") == "cluster":
        notes = (*notes, "clusters were randomised and the counts ignore it: the variance is too small")
    side = 1 if row.word("better") == "higher" else -1
    if not row.better_sign:
        notes = (*notes, "events are harm: fewer of them read as favouring the first arm")
    return _shown(exact(side * estimate, variance, "counts of both arms", formula, assumptions=notes), side)


def _from_ratio_and_p(row: Row, measure: Measure) -> Verdict | None:
    """Read the standard error of a printed ratio from its exact two-sided p (Wald)."""
    test = row.test
    speaks, note = _speaks(row, measure)
    if not speaks or test is None or test.relation != "=" or not 0 < test.p < 1 or not row.has("effect"):
        return None
    effect = row.number("effect")
    if row.word("effect_metric") == "RRR" or effect <= 0 or effect == 1:
        return None
    estimate = math.log(effect)
    z = -float(special.ndtri(test.p / 2))
    if z <= 0:
        return None  # p = 1 beside a ratio that is not 1: the two cannot both be right
    std_error = abs(estimate) / z
    formula = f"ln {row.says('effect')} = {estimate:.4f}; SE = |ln| / z(p = {test.printed}) = {std_error:.4f}"
    notes = ("standard error from the printed p, taken as a two-sided Wald test", *((note,) if note else ()))
    source = f"printed {row.word('effect_metric')} with an exact p"
    return _oriented(row, estimate, std_error**2, source, formula, notes).plus(rules={"j"} if note else set())


def _derivations(
    row: Row, measure: Measure, continuity: float
) -> list[tuple[str, tuple[str, ...], Callable[[], Verdict | None]]]:
    """Return the derivations in order, each with its code and the cells whose rounding moves it.

    An adjusted effect of a cluster trial outranks its counts (rule a). Counts are not rounded.
    """
    estimate = ("effect",) if row.has("effect") else ("ci_low", "ci_high")
    printed: list[tuple[str, tuple[str, ...], Callable[[], Verdict | None]]] = [
        ("printed_ratio", estimate, lambda: _from_printed(row, measure)),
        ("reduction", ("effect",), lambda: _from_reduction(row, measure)),
    ]
    counts: list[tuple[str, tuple[str, ...], Callable[[], Verdict | None]]] = [
        ("counts", (), lambda: _from_counts(row, measure, continuity))
    ]
    head = printed + counts if row.word("arm_design") == "cluster" else counts + printed
    return [*head, ("ratio_and_p", ("effect",), lambda: _from_ratio_and_p(row, measure))]


def _log_of(code: str, cells: tuple[str, ...], value: float, side: float) -> Callable[[Cells], Floats]:
    """Return how the estimate comes from the printed cells."""
    if code == "counts":
        return lambda x: as_floats(value)
    if code == "reduction":
        return lambda x: side * np.log(1 - as_floats(x["effect"]) / 100)
    if len(cells) == 1:
        return lambda x: side * np.log(as_floats(x["effect"]))
    return lambda x: side * (np.log(as_floats(x["ci_low"])) + np.log(as_floats(x["ci_high"]))) / 2


def _why_not(row: Row, measure: Measure) -> tuple[str, frozenset[str]]:
    metric = row.word("effect_metric")
    if row.has("events_e") and row.has("events_c") and not _counts(row) and not row.has("effect"):
        return "event totals are blank and no ratio is printed (rule h)", frozenset("h")
    if row.word("effect_per"):
        return (
            f"{metric} per {row.word('effect_per')}: another metric, shown by direction (rule j)",
            frozenset("j"),
        )
    if metric in RATIO_METRICS and metric not in measure.metrics:
        reason = f"{metric} kept apart from {measure.code}: events not known to be below 10 % (rule j)"
        return reason, frozenset("j")
    if metric and metric not in (*RATIO_METRICS, "RRR"):
        return f"{metric} is not on the scale of a ratio (rule j)", frozenset("j")
    if metric and row.has("effect"):
        return f"printed {metric} {_flaw(row)} (rule a)", frozenset("a")
    if _counts(row):
        return "no event, or nothing but events, in either arm: no ratio (rule a)", frozenset("a")
    if row.has("effect"):
        return "an effect is printed, but `effect_metric` is blank: which ratio? (rule a)", frozenset("a")
    if row.word("basis") == "counts_or_means_only":
        return "counts or means without dispersion and without a test (rule b)", frozenset("b")
    return "no ratio and no counts of both arms are printed (rule a)", frozenset("a")


def _flaw(row: Row) -> str:
    """Say what keeps a printed ratio or reduction from being an effect."""
    if not row.has("ci_low", "ci_high"):
        return "without an interval or an exact p"
    low, effect, high = (row.number(name) for name in ("ci_low", "effect", "ci_high"))
    if low == high:
        return "with an interval of no width"
    if not low <= effect <= high:
        return "outside its own interval"
    return "or its limits are no possible ratio"


def read_ratio(row: Row, measure: Measure, continuity: float) -> Verdict:
    """Return what a row says as a log ratio, positive in favour of the first arm.

    Parameters
    ----------
    row : Row
        The row, with its study's facts.
    measure : Measure
        One of the ratio measures.
    continuity : float
        Added to the four cells of a row of counts with a zero cell.
    """
    return all_ratios(row, measure, continuity)[0]


def all_ratios(row: Row, measure: Measure, continuity: float) -> list[Verdict]:
    """Return what every derivation makes of a row as a log ratio; the first is taken."""
    if row.word("basis") == "within_group_only":
        return [unusable(WITHIN_ARMS_ONLY).plus(rules={"b"})]
    found = []
    for code, cells, derive in _derivations(row, measure, continuity):
        verdict = derive()
        if verdict is None:
            continue
        if verdict.kind == "exact":
            again = _log_of(code, cells, verdict.estimate, float(verdict.display_sign))
            verdict = replace(verdict, cells=cells, recompute=again)
        found.append(replace(verdict, code=code))
    if found:
        others = tuple(f"{other.derived_from}: {_printed_scale(other)}" for other in found[1:])
        return [replace(found[0].plus(rules={"a"}), alternatives=others), *found[1:]]
    why, rules = _why_not(row, measure)
    side = row.side
    if side == 0:
        return [unusable(f"{why}; no direction is printed either").plus(rules=rules)]
    return [sign_only(side, math.nan, why).plus(rules=rules)]


def _printed_scale(verdict: Verdict) -> str:
    """Return an exact verdict as the printed ratio, an interval as its bounds."""
    if verdict.kind == "exact":
        return f"{math.exp(verdict.display_sign * verdict.estimate):.3f}"
    return f"{math.exp(verdict.low):.3f} to {math.exp(verdict.high):.3f}"
