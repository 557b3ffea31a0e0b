"""Measures that are made of both arms' means and SDs (or counts) alone, through the registry of measures."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import replace
from functools import partial

import numpy as np
from numpy.typing import ArrayLike

from evidence.effects.derivation import NUMBERS, P_VALUE, Derivation
from evidence.effects.difference_derivations import statistic_of, statistic_of_p
from evidence.effects.formulas import Estimate, Floats, as_floats
from evidence.effects.measures import MEASURES
from evidence.effects.row import People, Row
from evidence.effects.score import ALIKE
from evidence.effects.smd_arms import both_arms, named, verdict_of_arms
from evidence.effects.solver import spread
from evidence.effects.solver.arm import change_of, mean_of, sd_of
from evidence.effects.solver.correlation import Correlation
from evidence.effects.solver.quantity import Cells
from evidence.effects.verdict import VARIANCE_ONLY, Verdict, exact

__all__ = ["ARMS_DERIVATIONS"]


def _estimate(code: str, columns: Mapping[str, ArrayLike], vtype: str) -> Estimate:
    """Return a measure of arrays that have been checked, by the formula of the registry."""
    measure = MEASURES[code]
    arrays = np.broadcast_arrays(*(np.atleast_1d(as_floats(value)) for value in columns.values()))
    given = dict(zip(columns, (np.array(array) for array in arrays), strict=True))
    found = measure.computed(measure.prepared(given), vtype)
    scalar = all(np.ndim(value) == 0 for value in columns.values())
    return Estimate(found.estimate[0], found.variance[0]) if scalar else found


def _first_vtype(code: str) -> str:
    return next(iter(MEASURES[code].variance), "LS")


def _post(code: str, row: Row, people: People, r: Correlation) -> Verdict | None:
    """Read a measure of the final means and SDs."""
    means = both_arms(lambda arm: mean_of(row, "post", arm, people))
    sds = both_arms(lambda arm: sd_of(row, "post", arm, people))
    if means is None or sds is None or row.better_sign == 0:
        return None
    (mean_e, mean_c), (sd_e, sd_c) = means, sds
    cells = row.solved_cells
    if code == "ROM" and not (mean_e.value(cells) > 0 and mean_c.value(cells) > 0):
        return None
    vtype = _first_vtype(code)

    def compute(x: Cells) -> Estimate:
        columns: dict[str, ArrayLike] = {
            **{"m1i": mean_e.compute(x), "sd1i": sd_e.compute(x), "n1i": people.first},
            **{"m2i": mean_c.compute(x), "sd2i": sd_c.compute(x), "n2i": people.second},
        }
        return _estimate(code, columns, vtype)

    parts = (mean_e, mean_c, sd_e, sd_c)
    formula = (
        f"{code} ({vtype}) of the means {mean_e.shown} and {mean_c.shown}, "
        f"SDs {sd_e.shown} and {sd_c.shown}, n {people.first:g} and {people.second:g}"
    )
    base = "means and SDs of both groups" if row.is_association else "post means and SDs of both arms"
    notes = () if row.is_association else (ALIKE,)
    verdict = verdict_of_arms(row, compute, parts, named(base, *parts), formula, notes)
    if verdict is None or MEASURES[code].scale != "log":
        return verdict
    return replace(verdict, display_sign=int(row.better_sign))


def _ratio_by_test(row: Row, people: People, r: Correlation, *, exact_p: bool) -> Verdict | None:
    """Read a ratio of final means whose common SD is told by the test between the arms."""
    means = both_arms(lambda arm: mean_of(row, "post", arm, people))
    test = (statistic_of_p if exact_p else statistic_of)(row, people)
    stated = row.word("test_between")
    if means is None or test is None or row.better_sign == 0 or stated not in ("", "post"):
        return None
    (first, second), (t, told, notes) = means, test
    values = [mean.value(row.solved_cells) for mean in means]
    if not (min(values) > 0 and values[0] != values[1] and t > 0 and math.isfinite(people.first)):
        return None

    def compute(x: Cells) -> Estimate:
        m1, m2 = first.compute(x), second.compute(x)
        sd = spread.sd_from_difference(m1 - m2, t, people.first, people.second)
        columns: dict[str, ArrayLike] = {
            **{"m1i": m1, "sd1i": sd, "n1i": people.first},
            **{"m2i": m2, "sd2i": sd, "n2i": people.second},
        }
        return _estimate("ROM", columns, _first_vtype("ROM"))

    sd = float(spread.sd_from_difference(values[0] - values[1], t, people.first, people.second))
    formula = f"ROM of the means {first.shown} and {second.shown}, common SD {sd:.4g} from {told}"
    if not stated:
        notes = (*notes, "the test taken to compare the final means")
    source = f"post means of both arms with {'an exact p' if exact_p else 'the test of the comparison'}"
    verdict = verdict_of_arms(
        row, compute, means, named(source, *means), formula, (*notes, "one SD in both arms", ALIKE)
    )
    return None if verdict is None else replace(verdict, display_sign=int(row.better_sign))


def _changes(code: str, row: Row, people: People, r: Correlation) -> Verdict | None:
    """Read a measure of the arms' changes and their SDs before training."""
    changes = both_arms(lambda arm: change_of(row, arm, people))
    sds = both_arms(lambda arm: sd_of(row, "pre", arm, people))
    if changes is None or sds is None or row.better_sign == 0:
        return None
    (change_e, change_c), (sd_e, sd_c) = changes, sds
    vtype = _first_vtype(code)

    def compute(x: Cells) -> Estimate:
        columns: dict[str, ArrayLike] = {
            **{"pre1i": 0.0, "post1i": change_e.compute(x), "sdpre1i": sd_e.compute(x), "n1i": people.first},
            **{"pre2i": 0.0, "post2i": change_c.compute(x), "sdpre2i": sd_c.compute(x), "n2i": people.second},
            "ri": r.quantity.compute(x),
        }
        return _estimate(code, columns, vtype)

    parts = (change_e, change_c, sd_e, sd_c)
    formula = (
        f"{code} ({vtype}) of the changes {change_e.shown} and {change_c.shown}, "
        f"baseline SDs {sd_e.shown} and {sd_c.shown}, n {people.first:g} and {people.second:g}"
    )
    note = f"pre-post correlation {r.words()} in both arms {VARIANCE_ONLY}" if r.assumed else ""
    notes = tuple(text for text in (note, *(f"{text} {VARIANCE_ONLY}" for text in r.notes)) if text)
    base = "pre and post means and SDs of both arms"
    return verdict_of_arms(row, compute, parts, named(base, *parts), formula, notes)


def _counts(code: str, row: Row, people: People, r: Correlation) -> Verdict | None:
    """Read a risk difference of the counts; events are harm unless `better` says otherwise."""
    columns = ("events_e", "total_e", "events_c", "total_c")
    if not row.has(*columns):
        return None
    a, n_e, c, n_c = (row.number(column) for column in columns)
    added: tuple[str, ...] = ()
    if a in (0, n_e) and c in (0, n_c):
        # No spread in either arm: a variance of zero would outweigh every other study.
        a, n_e, c, n_c = a + 0.5, n_e + 1, c + 0.5, n_c + 1
        added = ("no spread in either arm: 0.5 added to all four cells (variance only)",)
    p_e, p_c = a / n_e, c / n_c
    raw = row.number("events_e") / row.number("total_e") - row.number("events_c") / row.number("total_c")
    variance = p_e * (1 - p_e) / n_e + p_c * (1 - p_c) / n_c
    side = 1.0 if row.word("better") == "higher" else -1.0
    notes = (
        added
        if row.better_sign
        else (*added, "events are harm: fewer of them read as favouring the first arm")
    )
    if row.word("arm_design") == "cluster":
        notes = (*notes, "clusters were randomised and the counts ignore it: the variance is too small")
    shown = f"{row.says('events_e')}/{row.says('total_e')} - {row.says('events_c')}/{row.says('total_c')}"
    formula = f"RD = {shown} = {raw:.4f}, SE {math.sqrt(variance):.4f}"
    verdict = exact(side * raw + 0.0, variance, "counts of both arms", formula, assumptions=notes)
    return replace(verdict, recompute=_constant(side * raw + 0.0))


def _constant(value: float) -> Callable[[Cells], Floats]:
    return lambda x: as_floats(value)


def _of(
    code: str,
    says: str,
    assumes: str,
    read: Callable[[str, Row, People, Correlation], Verdict | None],
    name: str,
) -> tuple[Derivation, ...]:
    return (Derivation(name, says, NUMBERS, assumes, partial(read, code)),)


_FINAL = "final means and SDs of both arms"
_CHANGES = "changes of both arms and their SDs before training"
_R = "r for the variance, unless the arms tell theirs"

ARMS_DERIVATIONS: Mapping[str, tuple[Derivation, ...]] = {
    "ROM": (
        *_of("ROM", f"{_FINAL}; both means positive", "that the arms began alike", _post, "post"),
        Derivation(
            "post_and_test",
            "final means of both arms, their common SD from the t or F of the comparison",
            *(NUMBERS, "one SD, and that the arms began alike", partial(_ratio_by_test, exact_p=False)),
        ),
        Derivation(
            "post_and_p",
            "final means of both arms, their common SD from the exact p of the comparison",
            *(P_VALUE, "one SD, and that the arms began alike", partial(_ratio_by_test, exact_p=True)),
        ),
    ),
    "RD": _of("RD", "counts of both arms", "", _counts, "counts"),
    "SMDH": _of("SMDH", _FINAL, "that the arms began alike", _post, "post"),
    "SMD1": _of("SMD1", _FINAL, "that the arms began alike", _post, "post"),
    "DPPC1": _of("DPPC1", _CHANGES, _R, _changes, "pre_post"),
    "DPPC2": _of("DPPC2", _CHANGES, _R, _changes, "pre_post"),
}
"""By code of the measure."""
