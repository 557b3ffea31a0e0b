"""The derivations of a mean difference in the outcome's own unit, as records."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import replace
from functools import partial

from evidence.effects import formulas
from evidence.effects.derivation import NUMBERS, P_VALUE, Derivation
from evidence.effects.formulas import Estimate, Floats, as_floats
from evidence.effects.row import People, Row
from evidence.effects.score import ALIKE, orientation, oriented, with_level_rule
from evidence.effects.smd_arms import both_arms, named, verdict_of_arms
from evidence.effects.smd_printed import adjusted_df, adjusted_se, recomputed, sound_interval
from evidence.effects.smd_tests import unsigned_t
from evidence.effects.solver import spread
from evidence.effects.solver.arm import change_of, mean_of, printed_change_of, sd_from_correlation, sd_of
from evidence.effects.solver.correlation import Correlation
from evidence.effects.solver.quantity import Cells, Quantity, cells_of, merged, printed
from evidence.effects.verdict import VARIANCE_ONLY, Verdict, exact, symmetric

__all__ = ["MD_DERIVATIONS", "statistic_of", "statistic_of_p"]

_SCALE = {"post": "raw", "change": "change", "group_by_time": "change", "ancova": "ancova"}
_NORMAL = f"people of the arms not known: the interval taken as a normal one {VARIANCE_ONLY}"


def _from_se(
    row: Row, column: str, se: float, source: str, formula: str, scale: str, people: People
) -> Verdict:
    notes = () if math.isfinite(people.first) else (_NORMAL,)
    verdict = oriented(row, row.number(column), se**2, source, formula, notes)
    verdict = recomputed(row, verdict, (column,), lambda x: as_floats(x[column]))
    return replace(verdict, metric_scale=scale)


def _printed(row: Row, people: People, r: Correlation) -> Verdict | None:
    if row.word("effect_metric") != "MD" or not sound_interval(row):
        return None
    df = people.first + people.second - 2
    if df < 1:
        return None
    se = float(spread.se_from_interval(row.number("ci_low"), row.number("ci_high"), row.level, df))
    formula = f"MD = {row.says('effect')}; SE of ({row.says('ci_low')} to {row.says('ci_high')}) = {se:.4g}"
    source = f"mean difference with its {row.level:.0%} interval"
    scale = _SCALE.get(row.word("test_between"), "")
    return with_level_rule(row, _from_se(row, "effect", se, source, formula, scale, people))


def _adjusted(row: Row, people: People, r: Correlation) -> Verdict | None:
    found = adjusted_se(row, people)
    if found is None:
        return None
    se, how = found
    known = how != "its SE" and math.isfinite(people.first)
    df = f" on {adjusted_df(people):g} df" if known else ""
    formula = f"MD = {row.says('adjusted_difference')}; SE from {how}{df} = {se:.4g}"
    source = f"adjusted difference with {how}"
    return with_level_rule(row, _from_se(row, "adjusted_difference", se, source, formula, "ancova", people))


def _sd_of_change(row: Row, people: People, r: Correlation, arm: str) -> Quantity | None:
    found = sd_of(row, "change", arm, people)
    return found if found is not None else sd_from_correlation(row, arm, people, r.quantity)


def _pre_post(row: Row, people: People, r: Correlation) -> Verdict | None:
    printed_sds = both_arms(lambda arm: sd_of(row, "change", arm, people)) is not None
    find = printed_change_of if printed_sds else change_of
    means = both_arms(lambda arm: find(row, arm, people))
    sds = both_arms(partial(_sd_of_change, row, people, r))
    if means is None or sds is None:
        return None
    notes: tuple[str, ...] = ()
    if any(sd.how == "SD of the change from r" for sd in sds):
        told = f"pre-post correlation {r.words()} in both arms {VARIANCE_ONLY}" if r.assumed else ""
        notes = tuple(text for text in (told, *(f"{note} {VARIANCE_ONLY}" for note in r.notes)) if text)
    verdict = _of_means(row, people, means, sds, "changes of both arms and their SDs", notes)
    return None if verdict is None else replace(verdict, metric_scale="change")


def _post(row: Row, people: People, r: Correlation) -> Verdict | None:
    means = both_arms(lambda arm: mean_of(row, "post", arm, people))
    sds = both_arms(lambda arm: sd_of(row, "post", arm, people))
    if means is None or sds is None:
        return None
    base = "means and SDs of both groups" if row.is_association else "post means and SDs of both arms"
    return _of_means(row, people, means, sds, base, () if row.is_association else (ALIKE,))


def _of_means(
    row: Row,
    people: People,
    means: tuple[Quantity, Quantity],
    sds: tuple[Quantity, Quantity],
    base: str,
    notes: tuple[str, ...],
) -> Verdict | None:
    """Return the difference of two means with the variance of each arm by itself."""
    (mean_e, mean_c), (sd_e, sd_c) = means, sds
    if row.better_sign == 0 or not (people.first >= 2 and people.second >= 2):
        return None

    def compute(x: Cells) -> Estimate:
        variance = sd_e.compute(x) ** 2 / people.first + sd_c.compute(x) ** 2 / people.second
        return Estimate(mean_e.compute(x) - mean_c.compute(x), variance)

    formula = (
        f"MD = ({mean_e.shown}) - ({mean_c.shown}); SE = sqrt(SD²/n + SD²/n), "
        f"SD {sd_e.shown} and {sd_c.shown}, n {people.first:g} and {people.second:g}"
    )
    parts = (mean_e, mean_c, sd_e, sd_c)
    return verdict_of_arms(row, compute, parts, named(base, *parts), formula, notes)


def _difference(row: Row, people: People) -> tuple[Quantity, str, bool] | None:
    """Return a difference of the arms without an error of its own, what it is, and whether it is of means."""
    if row.word("effect_metric") == "MD" and row.has("effect"):
        return printed("effect", row.says("effect")), "mean difference", False
    test = _SCALE.get(row.word("test_between"), "")
    for when, wanted in (("post", "raw"), ("change", "change")):
        if test not in ("", wanted) or (when == "change" and "%" in row.word("unit")):
            continue
        find = change_of if when == "change" else partial(_mean_after)
        means = both_arms(lambda arm, find=find: find(row, arm, people))  # type: ignore[misc]
        if means is not None and row.better_sign:
            first, second = means
            note = (
                ()
                if test
                else (f"the test taken to compare the {'final' if when == 'post' else 'change'} means",)
            )
            together = Quantity(
                _minus(first, second),
                cells_of(first, second),
                f"({first.shown}) - ({second.shown})",
                "",
                (*merged(first, second), *note),
            )
            return together, f"{'final' if when == 'post' else 'change'} means of both arms", True
    return None


def _mean_after(row: Row, arm: str, people: People) -> Quantity | None:
    return mean_of(row, "post", arm, people)


def _minus(first: Quantity, second: Quantity) -> Callable[[Cells], Floats]:
    return lambda x: first.compute(x) - second.compute(x)


def statistic_of(row: Row, people: People) -> tuple[float, str, tuple[str, ...]] | None:
    """Return the size of the t of the comparison, what it was read from, and what that assumes."""
    for column in ("t_between", *(("effect",) if row.word("effect_metric") == "t" else ())):
        if row.has(column):
            return abs(row.number(column)), f"t {row.says(column)}", ()
    found = unsigned_t(row, people)
    if found is not None and found[1].startswith("F"):
        t, _ = found
        return t.value(row.solved_cells), f"t {t.shown}", t.assumptions
    return None


def _over_t(row: Row, people: People, size: float, told: str, notes: tuple[str, ...]) -> Verdict | None:
    """Return a difference whose standard error is the difference over the size of its t."""
    found = _difference(row, people)
    if found is None or not (math.isfinite(size) and size > 0):
        return None
    difference, base, of_means = found
    value = difference.value(row.solved_cells)
    se = abs(value) / size
    if not (math.isfinite(se) and se > 0):
        return None
    formula = f"MD = {difference.shown} = {value:.4g}; SE = |MD|/|t|, {told}: {se:.4g}"
    source = f"{base} with {'an exact p' if told.startswith('p') else 'the test of the comparison'}"
    notes = (*difference.assumptions, *notes)
    if of_means:
        verdict = exact(row.better_sign * value, se**2, source, formula, assumptions=notes)
    else:
        side, note = orientation(row, value)
        if side == 0:
            verdict = symmetric(value, se**2, source, formula, assumptions=notes)
        else:
            verdict = exact(
                side * value, se**2, source, formula, assumptions=(*notes, note) if note else notes
            )
    verdict = replace(verdict, metric_scale=_SCALE.get(row.word("test_between"), ""))
    return recomputed(row, verdict, difference.cells, difference.compute)


def _by_statistic(row: Row, people: People, r: Correlation) -> Verdict | None:
    found = statistic_of(row, people)
    return None if found is None else _over_t(row, people, *found)


def statistic_of_p(row: Row, people: People) -> tuple[float, str, tuple[str, ...]] | None:
    """Return the size of t behind the exact p of the comparison, as `statistic_of` does."""
    test = row.test
    if test is None or test.relation != "=" or not 0 < test.p < 1:
        return None
    df = people.first + people.second - 2
    if df < 1:
        return None
    t = float(formulas.t_from_p(test.p, df))
    notes = () if math.isfinite(df) else (_NORMAL.replace("interval", "test"),)
    on = f"on {df:g} df" if math.isfinite(df) else "of a normal test"
    return t, f"p {test.printed} {on}, t {t:.4g}", notes


def _by_p(row: Row, people: People, r: Correlation) -> Verdict | None:
    found = statistic_of_p(row, people)
    return None if found is None else _over_t(row, people, *found)


MD_DERIVATIONS: tuple[Derivation, ...] = (
    Derivation(
        "adjusted", "baseline-adjusted difference (ANCOVA) with its SE or interval", NUMBERS, "", _adjusted
    ),
    Derivation("difference", "mean difference with its interval", NUMBERS, "", _printed),
    Derivation(
        "pre_post",
        "changes of both arms; their SDs as printed, else from those before and after with r",
        *(NUMBERS, "r for the variance, unless the arms tell theirs", _pre_post),
    ),
    Derivation("post", "final means and SDs of both arms", NUMBERS, "that the arms began alike", _post),
    Derivation(
        "difference_and_t",
        "a difference of the arms with the t or F of its test",
        *(NUMBERS, "which means were tested, unless stated", _by_statistic),
    ),
    Derivation(
        "difference_and_p",
        "a difference of the arms with the exact p of its test",
        *(P_VALUE, "which means were tested, unless stated", _by_p),
    ),
)
"""In the order that decides where rank and assumptions are equal."""
