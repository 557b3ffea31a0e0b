"""Multilevel meta-analysis: nested random effects of any depth by REML or ML, at any scale of the data."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from evidence.errors import ModelError
from evidence.numerics.ascent import Top
from evidence.numerics.blocks import Codes, Levels, arrange, nested_codes
from evidence.numerics.climb import climb
from evidence.numerics.mixed import Problem, prepare
from evidence.numerics.wls import Vector

__all__ = ["MixedFit", "finish", "fit_multilevel"]


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
