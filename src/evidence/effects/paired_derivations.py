"""Two arms of the same people (rule h): differences of both arms' means by paired formulas, r assumed.

The estimate does not depend on the correlation; the variance does, and names it. `n` is the number of people,
each of whom was in both arms; J stands on their n - 1 degrees of freedom.
"""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np

from evidence.effects import formulas
from evidence.effects.derivation import NUMBERS, Derivation
from evidence.effects.formulas import Estimate
from evidence.effects.row import People, Row
from evidence.effects.smd_arms import both_arms, named, verdict_of_arms
from evidence.effects.solver import spread
from evidence.effects.solver.arm import change_of, mean_of, sd_from_correlation, sd_of
from evidence.effects.solver.correlation import Correlation
from evidence.effects.solver.quantity import Cells, Quantity
from evidence.effects.verdict import VARIANCE_ONLY, Verdict

__all__ = ["PAIRED_MD", "PAIRED_SMD"]

_SAME = "the same people in both arms"


def _pairs(people: People) -> float:
    return min(people.first, people.second)


def _of_changes(
    row: Row, people: People
) -> tuple[tuple[Quantity, Quantity], tuple[Quantity, Quantity]] | None:
    """Return the changes of both arms and their SDs before training."""
    changes = both_arms(lambda arm: change_of(row, arm, people))
    sds = both_arms(lambda arm: sd_of(row, "pre", arm, people))
    return None if changes is None or sds is None or row.better_sign == 0 else (changes, sds)


def _of_finals(
    row: Row, people: People
) -> tuple[tuple[Quantity, Quantity], tuple[Quantity, Quantity]] | None:
    """Return the final means of both arms and their SDs."""
    means = both_arms(lambda arm: mean_of(row, "post", arm, people))
    sds = both_arms(lambda arm: sd_of(row, "post", arm, people))
    return None if means is None or sds is None or row.better_sign == 0 else (means, sds)


def _notes(row: Row, r: Correlation, what: str) -> tuple[str, ...]:
    own = tuple(f"{text} {VARIANCE_ONLY}" for text in r.notes)
    return (f"{_SAME}: {what} {VARIANCE_ONLY}", *own)


def _standardised(
    row: Row,
    n: float,
    found: tuple[tuple[Quantity, Quantity], tuple[Quantity, Quantity]],
    r: Correlation,
    scores: float,
    base: str,
    note: str,
) -> Verdict | None:
    """Return a difference over the two arms' mean variance: 2·scores·(1-r)/n + g²/(2n)."""
    (first, second), (sd_e, sd_c) = found
    if n < 3:
        return None
    j = float(formulas.hedges_j(n - 1))

    def compute(x: Cells) -> Estimate:
        sd = np.sqrt((sd_e.compute(x) ** 2 + sd_c.compute(x) ** 2) / 2)
        g = j * (first.compute(x) - second.compute(x)) / sd
        return Estimate(g, 2 * scores * (1 - r.quantity.compute(x)) / n + g**2 / (2 * n))

    formula = f"g = J·[({first.shown}) - ({second.shown})] / SD of both arms ({sd_e.shown}, {sd_c.shown})"
    parts = (first, second, sd_e, sd_c)
    return verdict_of_arms(row, compute, parts, named(base, *parts), formula, _notes(row, r, note))


def _smd_changes(row: Row, people: People, r: Correlation) -> Verdict | None:
    found = _of_changes(row, people)
    base = f"pre and post means and SDs of {_SAME}"
    note = f"pre-post correlation {r.words()}, changes of the two arms taken as uncorrelated"
    return None if found is None else _standardised(row, _pairs(people), found, r, 2.0, base, note)


def _smd_finals(row: Row, people: People, r: Correlation) -> Verdict | None:
    found = _of_finals(row, people)
    base = f"post means and SDs of {_SAME}"
    note = f"correlation of their two scores {r.words()}"
    return None if found is None else _standardised(row, _pairs(people), found, r, 1.0, base, note)


def _md_changes(row: Row, people: People, r: Correlation) -> Verdict | None:
    changes = both_arms(lambda arm: change_of(row, arm, people))
    sds = both_arms(
        lambda arm: sd_of(row, "change", arm, people) or sd_from_correlation(row, arm, people, r.quantity)
    )
    if changes is None or sds is None or row.better_sign == 0 or _pairs(people) < 2:
        return None
    (first, second), (sd_e, sd_c), n = changes, sds, _pairs(people)

    def compute(x: Cells) -> Estimate:
        variance = (sd_e.compute(x) ** 2 + sd_c.compute(x) ** 2) / n
        return Estimate(first.compute(x) - second.compute(x), variance)

    note = f"pre-post correlation {r.words()}, changes of the two arms taken as uncorrelated"
    formula = (
        f"MD = ({first.shown}) - ({second.shown}); SD of the changes {sd_e.shown} and {sd_c.shown}, n {n:g}"
    )
    parts = (first, second, sd_e, sd_c)
    base = f"changes of {_SAME} and their SDs"
    verdict = verdict_of_arms(row, compute, parts, named(base, *parts), formula, _notes(row, r, note))
    return None if verdict is None else replace(verdict, metric_scale="change")


def _md_finals(row: Row, people: People, r: Correlation) -> Verdict | None:
    found, n = _of_finals(row, people), _pairs(people)
    if found is None or n < 2 or not math.isfinite(n):
        return None
    (first, second), (sd_e, sd_c) = found

    def compute(x: Cells) -> Estimate:
        sd = spread.sd_of_change(sd_e.compute(x), sd_c.compute(x), r.quantity.compute(x))
        return Estimate(first.compute(x) - second.compute(x), sd**2 / n)

    note = f"correlation of their two scores {r.words()}"
    formula = f"MD = ({first.shown}) - ({second.shown}); SDs {sd_e.shown} and {sd_c.shown}, n {n:g}"
    parts = (first, second, sd_e, sd_c)
    base = f"post means and SDs of {_SAME}"
    return verdict_of_arms(row, compute, parts, named(base, *parts), formula, _notes(row, r, note))


_R = "r for the variance"

PAIRED_SMD: tuple[Derivation, ...] = (
    Derivation(
        "paired_changes",
        "same people in both arms: changes over their SDs before training",
        *(NUMBERS, f"{_R}; changes of the two arms uncorrelated", _smd_changes),
    ),
    Derivation(
        "paired_post", "same people in both arms: final means over their SDs", NUMBERS, _R, _smd_finals
    ),
)
PAIRED_MD: tuple[Derivation, ...] = (
    Derivation(
        "paired_changes",
        "same people in both arms: difference of their changes",
        *(NUMBERS, f"{_R}; changes of the two arms uncorrelated", _md_changes),
    ),
    Derivation("paired_post", "same people in both arms: difference of final means", NUMBERS, _R, _md_finals),
)
"""In the order that decides where rank and assumptions are equal."""
