"""The maximum of a mixed model's likelihood: where to start, and whether there is anything to climb."""

from __future__ import annotations

from contextlib import suppress

import numpy as np

from evidence.errors import ModelError
from evidence.numerics.ascent import Top, ascend
from evidence.numerics.gram import Evaluation
from evidence.numerics.mixed import Problem
from evidence.numerics.moment_start import moment_start
from evidence.numerics.wls import Vector

__all__ = ["check_estimable", "climb", "rough_totals"]

_SEVERAL_STARTS = 300
"""Up to so many effects every way of splitting the heterogeneity is followed to its maximum; with more, a
likelihood with several maxima is not a concern, and one start alone is followed."""

_ALIKE = 1e4
"""Largest over smallest variance up to which that start is the moment estimates; else the best of several."""

_TOLD = 1e-3
"""Information about a component above which there is no need to ask whether it can be estimated."""


def rough_totals(problem: Problem) -> list[float]:
    """Return rough sizes of the heterogeneity: from Q, and from the plain spread of the residuals."""
    v = problem.structure.v / problem.unit**2
    r = (problem.y - problem.x @ (problem.base * problem.unit)) / problem.unit
    # Plain sums: products of long vectors would wake the threads of the linear algebra library.
    w, square = 1.0 / v, r * r
    p, total = problem.x.shape[1], float(w.sum())
    moment = (float((w * square).sum()) - (v.size - p)) / (total - float((w * w).sum()) / total)
    spread = float(square.mean())
    # Of the scaled variances the median is between 1/2 and 2 (`prepare`).
    return [max(moment, 1e-3), max(spread - float(v.mean()), 0.1 * spread, 1e-3)]


def _splits(q: int) -> Vector:
    """Return ways of sharing one variance among q components: evenly, and one with most of it."""
    even = np.full((1, q), 1.0 / q)
    if q == 1:
        return even
    return np.concatenate([even, 0.9 * np.eye(q) + 0.1 / q])


def check_estimable(problem: Problem, theta: Vector, size: float) -> None:
    """Refuse components about which the data say nothing.

    Parameters
    ----------
    problem : Problem
        The model.
    theta : Vector, shape (q,)
        Where to look, in scaled units.
    size : float
        The size that a component is expected to have, in scaled units.

    Raises
    ------
    ModelError
        Where a component, such as that of a level with one group, has no influence on the likelihood.
    """
    flat = np.flatnonzero(_told(problem.at(theta), size) <= 1e-11)
    if flat.size:
        raise ModelError(
            f"component {int(flat[0]) + 1} of the random effects (the outermost is 1) cannot be estimated:"
            " too few groups inform it"
        )


def _told(now: Evaluation, size: float) -> Vector:
    """Return the expected information about each component, in units of `size`."""
    return np.asarray(np.diag(now.expected) * size * size)


def _climb_once(problem: Problem, totals: list[float], starts: list[Vector]) -> Top:
    """Climb from the moment estimates, or else from the best of several starts."""
    v, most = problem.structure.v, max(totals)
    moments = moment_start(problem, totals[0]) if v.max() <= _ALIKE * v.min() else None
    now = None
    if moments is not None and moments.any():
        now = problem.at(moments)
        # Where a component is without influence, rounding grows with the size of the others.
        if _told(now, min(most, max(1.0, float(moments.max())))).min() > _TOLD:
            with suppress(ModelError):
                return ascend(problem.at, moments, now=now)
    check_estimable(problem, np.full(problem.engine.size, most), most)
    starts = starts if moments is None or now is None else [*starts, moments]
    heights = [problem.at(one, derivatives=False).value for one in starts]
    return ascend(problem.at, starts[int(np.argmax(heights))])


def climb(problem: Problem, splits: Vector | None = None) -> Top:
    """Find the maximum of the likelihood over the components, from the best of several starts.

    Parameters
    ----------
    problem : Problem
        The model.
    splits : Vector, shape (starts, q), optional
        Ways in which the components share the heterogeneity at the start.

    Returns
    -------
    Top
        In scaled units.
    """
    shares = _splits(problem.engine.size) if splits is None else splits
    totals = rough_totals(problem)
    if problem.engine.k > _SEVERAL_STARTS:
        return _climb_once(problem, totals, [totals[0] * share for share in shares])
    check_estimable(problem, np.full(problem.engine.size, max(totals)), max(totals))
    tops: list[Top] = []
    for share in shares:
        starts = [total * size * share for total in dict.fromkeys(totals) for size in (0.03, 1.0)]
        heights = [problem.at(start, derivatives=False).value for start in starts]
        tops.append(ascend(problem.at, starts[int(np.argmax(heights))]))
    best = max(top.evaluation.value for top in tops)
    # Of maxima equal to rounding the first is kept: its start is the even split.
    return next(top for top in tops if top.evaluation.value >= best - 1e-11 * (1.0 + abs(best)))
