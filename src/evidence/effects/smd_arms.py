"""Standardised mean differences from the numbers of both arms, printed or solved for."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import partial

import numpy as np

from evidence.effects import formulas
from evidence.effects.formulas import Estimate, Floats
from evidence.effects.row import People, Row
from evidence.effects.score import ALIKE, change_score
from evidence.effects.solver.arm import change_of, mean_of, sd_of
from evidence.effects.solver.correlation import Correlation
from evidence.effects.solver.quantity import Cells, Quantity, cells_of, hows, merged
from evidence.effects.verdict import VARIANCE_ONLY, Verdict, exact

__all__ = ["both_arms", "from_change", "from_post", "from_pre_post", "pooled_sd", "verdict_of_arms"]


def both_arms(find: Callable[[str], Quantity | None]) -> tuple[Quantity, Quantity] | None:
    """Return a number of both arms, or None where one of them is not known."""
    first, second = find("e"), find("c")
    return None if first is None or second is None else (first, second)


def named(base: str, *parts: Quantity) -> str:
    """Return what an effect was derived from, with how its parts were found where they are not printed."""
    extra = hows(*parts)
    return f"{base} ({extra})" if extra else base


def verdict_of_arms(
    row: Row,
    compute: Callable[[Cells], Estimate],
    parts: Sequence[Quantity],
    source: str,
    formula: str,
    notes: tuple[str, ...],
) -> Verdict | None:
    """Return the verdict of an effect of arm means, oriented by `better`; None where it is not finite."""
    cells, sign = row.solved_cells, row.better_sign or 1.0
    with np.errstate(all="ignore"):
        found = compute(cells)
    value, variance = sign * float(found.estimate), float(found.variance)
    if not (math.isfinite(value) and math.isfinite(variance) and variance > 0):
        return None
    better = f", {row.word('better')} is better" if row.better_sign else ""
    verdict = exact(
        value, variance, source, f"{formula}{better}: {value:.4f}", assumptions=(*merged(*parts), *notes)
    )

    def again(x: Cells) -> Floats:
        return sign * np.asarray(compute(x).estimate, dtype=np.float64)

    return replace(verdict, cells=cells_of(*parts), recompute=again, metric_scale="raw")


def from_pre_post(row: Row, people: People, r: Correlation) -> Verdict | None:
    """Read the arms' changes over the pooled SD before training (d_ppc2)."""
    if row.better_sign == 0 or people.first + people.second <= 4:
        return None
    changes = both_arms(lambda arm: change_of(row, arm, people))
    sds = both_arms(lambda arm: sd_of(row, "pre", arm, people))
    if changes is None or sds is None:
        return None
    (change_e, change_c), (sd_e, sd_c) = changes, sds
    n_e, n_c = people.first, people.second

    def compute(x: Cells) -> Estimate:
        return formulas.g_from_pre_post(
            *(change_e.compute(x), sd_e.compute(x), n_e),
            *(change_c.compute(x), sd_c.compute(x), n_c, r.quantity.compute(x)),
        )

    formula = (
        f"d_ppc2 = J·[({change_e.shown}) - ({change_c.shown})] / "
        f"pooled baseline SD ({sd_e.shown}, {sd_c.shown})"
    )
    after = any(row.has(f"post_{name}_e") for name in ("mean", "median", "ci_low"))
    base = (
        "pre and post means and SDs of both arms" if after else "mean changes and baseline SDs of both arms"
    )
    note = f"pre-post correlation {r.words()} in both arms {VARIANCE_ONLY}" if r.assumed else ""
    parts = (change_e, change_c, sd_e, sd_c)
    notes = tuple(text for text in (note, *(f"{text} {VARIANCE_ONLY}" for text in r.notes)) if text)
    return verdict_of_arms(row, compute, parts, named(base, *parts), formula, notes)


def from_post(row: Row, people: People, r: Correlation) -> Verdict | None:
    """Read the final means over their pooled SD."""
    found = _means_and_sds(row, people, "post")
    if found is None:
        return None
    parts, compute, formula = found
    base = "means and SDs of both groups" if row.is_association else "post means and SDs of both arms"
    notes = () if row.is_association else (ALIKE,)
    return verdict_of_arms(row, compute(lambda x: 1.0), parts, named(base, *parts), formula, notes)


def from_change(row: Row, people: People, r: Correlation) -> Verdict | None:
    """Read the mean changes over the pooled SD of the changes, brought to raw-score units."""
    found = _means_and_sds(row, people, "change")
    if found is None:
        return None
    parts, compute, formula = found
    score = change_score(row, r, "change-score SDs")
    base = "change means and SDs of both arms"
    verdict = verdict_of_arms(
        row,
        compute(score.compute),
        (*parts, r.quantity),
        named(base, *parts),
        f"{formula} · {score.factor:.4g}",
        score.assumptions,
    )
    return None if verdict is None else replace(verdict.plus(rules=score.rules), metric_scale="change")


_Compute = Callable[[Cells], Estimate]
_Factor = Callable[[Cells], "Floats | float"]


def _means_and_sds(
    row: Row, people: People, stage: str
) -> tuple[tuple[Quantity, ...], Callable[[_Factor], _Compute], str] | None:
    """Return the numbers of both arms at one stage, how g is made of them, and how that reads."""
    if row.better_sign == 0:
        return None
    find = (lambda arm: change_of(row, arm, people)) if stage == "change" else None
    means = both_arms(find or (lambda arm: mean_of(row, stage, arm, people)))
    sds = both_arms(lambda arm: sd_of(row, stage, arm, people))
    if means is None or sds is None:
        return None
    (mean_e, mean_c), (sd_e, sd_c) = means, sds
    n_e, n_c = people.first, people.second

    def make(factor: _Factor) -> _Compute:
        return lambda x: formulas.g_from_means(
            *(mean_e.compute(x), sd_e.compute(x), n_e, mean_c.compute(x), sd_c.compute(x), n_c, factor(x))
        )

    formula = f"g = J·({mean_e.shown} - {_bracketed(mean_c.shown)}) / pooled SD ({sd_e.shown}, {sd_c.shown})"
    return (mean_e, mean_c, sd_e, sd_c), make, formula


def _bracketed(shown: str) -> str:
    return f"({shown})" if " - " in shown else shown


def _sd_at(row: Row, stage: str, people: People, arm: str) -> Quantity | None:
    return sd_of(row, stage, arm, people)


def pooled_sd(row: Row, people: People) -> Quantity | None:
    """Return the pooled SD of the raw scores of both arms: before training, else after it."""
    sds = next(
        (
            found
            for stage in ("pre", "post")
            if (found := both_arms(partial(_sd_at, row, stage, people))) is not None
        ),
        None,
    )
    if sds is None:
        return None
    sd_e, sd_c = sds
    n_e, n_c = people.first, people.second

    def compute(x: Cells) -> Floats:
        squares = (n_e - 1) * sd_e.compute(x) ** 2 + (n_c - 1) * sd_c.compute(x) ** 2
        return np.asarray(np.sqrt(squares / (n_e + n_c - 2)), dtype=np.float64)

    value = float(compute(row.solved_cells))
    shown = f"pooled SD {value:.4g} ({sd_e.shown}, {sd_c.shown})"
    return Quantity(compute, cells_of(sd_e, sd_c), shown, hows(sd_e, sd_c), merged(sd_e, sd_c))
