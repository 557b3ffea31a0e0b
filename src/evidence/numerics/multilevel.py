"""Multilevel meta-analysis: nested random effects of any depth by REML or ML, at any scale of the data."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from evidence.errors import ModelError
from evidence.numerics.ascent import Top, ascend
from evidence.numerics.blocks import Codes, Levels, Structure, arrange, nested_codes
from evidence.numerics.dense import dense_engine
from evidence.numerics.gram import Engine, Evaluation, evaluate
from evidence.numerics.nested import Parts, nested_engine
from evidence.numerics.wls import Vector

__all__ = [
    "MixedFit",
    "Problem",
    "check_estimable",
    "climb",
    "finish",
    "fit_multilevel",
    "prepare",
    "rough_totals",
]

_SEVERAL_STARTS = 300
"""Up to so many effects every way of splitting the heterogeneity is followed to its maximum; with more, a
likelihood with several maxima is not a concern, and the best start alone is followed."""


@dataclass(frozen=True)
class Problem:
    """A model in units in which the sampling variances are about 1, its fixed effects decorrelated.

    Attributes
    ----------
    structure : Structure
        Clusters, in the data's units.
    x, y : Vector
        Moderators and effects in the structure's order of rows, in the data's units.
    engine : Engine
        What computes the likelihood, in scaled units.
    unit : float
        Size of a standard error: a power of two, so that scaling rounds nothing.
    base : Vector, shape (p,)
        Fixed effects of the first fit, in units of `unit`; the engine sees its residuals.
    turn : Vector, shape (p, p)
        The engine's moderators are ``x @ turn``.
    restricted : bool
        REML instead of ML.
    log_xx : float
        ``log|X'X|`` of the engine's moderators.
    """

    structure: Structure
    x: Vector
    y: Vector
    engine: Engine
    unit: float
    base: Vector
    turn: Vector
    restricted: bool
    log_xx: float

    def at(self, theta: Vector, *, derivatives: bool = True) -> Evaluation:
        """Evaluate the likelihood at components in scaled units."""
        gram = self.engine.gram(theta, derivatives=derivatives)
        return evaluate(gram, self.engine.k, restricted=self.restricted, log_xx=self.log_xx)


@dataclass(frozen=True)
class MixedFit:
    """A fitted mixed model, in the data's units.

    Attributes
    ----------
    theta : Vector, shape (q,)
        Variance components, the outermost level first; exactly 0 at the boundary.
    beta, covariance : Vector, shape (p,) and (p, p)
        Fixed effects and their model-based covariance.
    loglik : float
        (Restricted) log-likelihood.
    gradient, observed : Vector, shape (q,) and (q, q)
        Score and negative Hessian in the components over ``problem.unit**2`` (in the data's units they might
        overflow).
    steps : int
        Newton steps of the climb that was kept.
    problem : Problem
        The model, for profiles and robust variances.
    """

    theta: Vector
    beta: Vector
    covariance: Vector
    loglik: float
    gradient: Vector
    observed: Vector
    steps: int
    problem: Problem


def _decorrelated(x: Vector, weight: Vector) -> tuple[Vector, Vector]:
    """Return moderators of unit information and the matrix that makes them.

    Raises
    ------
    ModelError
        Where a moderator is a linear combination of those before it.
    """
    p = x.shape[1]
    if p == 1 and np.all(x == 1.0):
        return x, np.ones((1, 1))
    size = np.sqrt((x * x).max(axis=0))
    root: Vector = np.linalg.qr((x / np.where(size > 0.0, size, 1.0)) * np.sqrt(weight)[:, None])[1]
    lengths = np.sqrt((root * root).sum(axis=0))
    weak = np.flatnonzero(~(np.abs(np.diag(root)) > 1e-11 * lengths) | (size == 0.0))
    if weak.size:
        raise ModelError(
            f"moderator {int(weak[0]) + 1} (counted from 1) is a linear combination of those before it"
        )
    turn = np.linalg.solve(root, np.eye(p)) / size[:, None]
    return x @ turn, turn


def _first_fit(x: Vector, weight: Vector, y: Vector) -> tuple[Vector, Vector]:
    """Return a weighted fit and its residuals; the second round removes what the first rounded."""
    beta, residual = np.zeros(x.shape[1]), y
    information = np.einsum("ni,n,nj->ij", x, weight, x)
    for _ in range(2):
        step = np.linalg.solve(information, np.einsum("ni,n,n->i", x, weight, residual))
        beta, residual = beta + step, residual - x @ step
    return beta, residual


def prepare(structure: Structure, x: Vector, y: Vector, *, restricted: bool) -> Problem:
    """Scale the data, remove a first fit and choose an engine.

    Parameters
    ----------
    structure : Structure
        Clusters with known covariance and patterns.
    x : Vector, shape (k, p)
        Moderators, in the order of the caller's rows.
    y : Vector, shape (k,)
        Effects, in the order of the caller's rows.
    restricted : bool
        REML instead of ML.

    Returns
    -------
    Problem

    Raises
    ------
    ModelError
        Where there are not more effects than coefficients, or moderators depend on each other.
    """
    if y.size <= x.shape[1]:
        raise ModelError(f"{x.shape[1]} coefficients need more effects than that; there are {y.size}")
    x, y = x[structure.order], y[structure.order]
    # A factor of two in the exponent of v is one in that of its root: the exponent is made even.
    exponent = int(np.frexp(np.median(structure.v))[1]) // 2
    unit, square = float(np.ldexp(1.0, exponent)), float(np.ldexp(1.0, 2 * exponent))
    scaled = Structure(
        structure.order,
        structure.starts,
        structure.v / square,
        structure.rho,
        None if structure.blocks is None else tuple(block / square for block in structure.blocks),
        structure.pattern,
    )
    z = y / unit
    white = scaled.v.min() / scaled.v
    turned, turn = _decorrelated(x, white)
    first, residual = _first_fit(turned, white, z)
    nested = isinstance(scaled.pattern, Levels) and (
        scaled.blocks is None or len(scaled.pattern.codes) == 1 or _rows_last(scaled.pattern, scaled.k)
    )
    engine: Engine = (nested_engine if nested else dense_engine)(scaled, turned, residual)
    sign, log_xx = np.linalg.slogdet(np.einsum("ni,nj->ij", turned, turned))
    assert sign > 0
    # The likelihood counts log|X'X| in the caller's moderators: turning cancels, only the part of M is in
    # scaled units.
    return Problem(structure, x, y, engine, unit, turn @ first, turn, restricted, float(log_xx))


def _rows_last(pattern: Levels, k: int) -> bool:
    return len(pattern.codes) == 2 and int(pattern.codes[-1].max()) + 1 == k


def rough_totals(problem: Problem) -> list[float]:
    """Return rough sizes of the heterogeneity: from Q, and from the plain spread of the residuals."""
    v = problem.structure.v / problem.unit**2
    r = (problem.y - problem.x @ (problem.base * problem.unit)) / problem.unit
    # Plain sums: products of long vectors would wake the threads of the linear algebra library.
    w, square = 1.0 / v, r * r
    p, total = problem.x.shape[1], float(w.sum())
    moment = (float((w * square).sum()) - (v.size - p)) / (total - float((w * w).sum()) / total)
    spread = float(square.mean())
    floor = 1e-3 * float(np.median(v))
    return [max(moment, floor), max(spread - float(v.mean()), 0.1 * spread, floor)]


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
    information = np.diag(_sample(problem).at(theta).expected) * size * size
    flat = np.flatnonzero(information <= 1e-11)
    if flat.size:
        raise ModelError(
            f"component {int(flat[0]) + 1} of the random effects (the outermost is 1) cannot be estimated:"
            " too few groups inform it"
        )


def _sample(problem: Problem) -> Problem:
    """Return the model of its first part: what a part can estimate, the whole can."""
    engine = problem.engine
    if isinstance(engine, Parts) and len(engine.parts) > 1 and problem.x.shape[1] == 1:
        return replace(problem, engine=Parts(engine.parts[:1], engine.parts[0].k))
    return problem


def _near(problem: Problem, starts: list[Vector]) -> Vector:
    """Return a start for many effects: the best of several, or the optimum of a tenth of the clusters."""
    engine = problem.engine
    if isinstance(engine, Parts) and len(engine.parts) >= 10:
        some = engine.parts[::10]
        few = replace(problem, engine=Parts(some, sum(part.k for part in some)))
        try:
            return ascend(few.at, _near(few, starts)).theta
        except ModelError:
            # A moderator may not vary among so few: then the starts have to do.
            pass
    heights = [problem.at(start, derivatives=False).value for start in starts]
    return starts[int(np.argmax(heights))]


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
    check_estimable(problem, np.full(problem.engine.size, max(totals)), max(totals))
    if problem.engine.k > _SEVERAL_STARTS:
        return ascend(problem.at, _near(problem, [totals[0] * share for share in shares]))
    tops: list[Top] = []
    for share in shares:
        starts = [total * size * share for total in dict.fromkeys(totals) for size in (0.03, 1.0)]
        heights = [problem.at(start, derivatives=False).value for start in starts]
        tops.append(ascend(problem.at, starts[int(np.argmax(heights))]))
    best = max(top.evaluation.value for top in tops)
    # Of maxima equal to rounding the first is kept: its start is the even split.
    return next(top for top in tops if top.evaluation.value >= best - 1e-11 * (1.0 + abs(best)))


def finish(problem: Problem, top: Top) -> MixedFit:
    """Return a maximum in the data's units."""
    now, square = top.evaluation, problem.unit**2
    # Scaling the data by c multiplies the density by c^-(k-p); log|X'X| is free of it.
    k, p = problem.x.shape
    shift = (k - p if problem.restricted else k) * float(np.log(problem.unit))
    covariance = problem.turn @ now.covariance @ problem.turn.T
    return MixedFit(
        theta=top.theta * square,
        beta=(problem.base + problem.turn @ now.beta) * problem.unit,
        covariance=covariance * square,
        loglik=now.value - shift,
        gradient=now.gradient,
        observed=now.observed,
        steps=top.steps,
        problem=problem,
    )


def fit_multilevel(
    y: Vector,
    v: Vector,
    levels: Sequence[Codes],
    *,
    x: Vector | None = None,
    rho: float = 0.0,
    blocks: Sequence[Vector] | None = None,
    restricted: bool = True,
) -> MixedFit:
    """Fit nested random effects.

    Parameters
    ----------
    y, v : Vector, shape (k,)
        Effects and sampling variances (positive, finite).
    levels : sequence of integer arrays of shape (k,)
        Groups of each level, the outermost first; a level's groups are taken within the groups above it.
    x : Vector, shape (k, p), optional
        Moderators with the constant; the constant alone by default.
    rho : float, default 0
        Correlation of the sampling errors within a group of the outermost level.
    blocks : sequence of Vector, optional
        Known sampling covariance of each group of the outermost level, groups in the order of their codes and
        rows in the order given; instead of `rho`.
    restricted : bool, default True
        REML; otherwise ML.

    Returns
    -------
    MixedFit

    Raises
    ------
    ModelError
        Where two levels have the same groups, a component or coefficient cannot be estimated, a block is no
        covariance, or the maximum is not reached.

    References
    ----------
    Konstantopoulos S. Fixed effects and variance components estimation in three-level meta-analysis. Res
    Synth Methods 2011;2(1):61-76. https://doi.org/10.1002/jrsm.35 Pustejovsky JE, Tipton E. Meta-analysis
    with robust variance estimation: expanding the range of working models. Prev Sci 2022;23(3):425-438.
    https://doi.org/10.1007/s11121-021-01246-3
    """
    codes = nested_codes(levels)
    groups = [int(level.max()) + 1 for level in codes]
    for number in range(1, len(groups)):
        if groups[number] == groups[number - 1]:
            raise ModelError(
                f"levels {number} and {number + 1} (the outermost is 1) have the same groups:"
                " their variances cannot be told apart; name one of them"
            )
    design = np.ones((y.size, 1)) if x is None else x
    structure = arrange(v, codes[0], Levels(codes), rho=rho, blocks=blocks)
    problem = prepare(structure, design, y, restricted=restricted)
    return finish(problem, climb(problem))
