"""Multivariate meta-analysis: several outcomes in a study, their errors and true effects correlated.

The covariance T of a study's random effects is

- UN: any covariance matrix;
- CS: one variance and one correlation; as a T = a (I - J/o) + b J/o with a, b >= 0 it has the two eigenvalues
as
  components, which covers exactly the correlations from -1 / (o - 1) to 1;
- CS with a known correlation, ID: one variance;
- DIAG: a variance for each outcome, no correlation.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from evidence._check import one_of
from evidence.errors import ModelError
from evidence.numerics.ascent import Top
from evidence.numerics.blocks import Codes, Outcomes, arrange
from evidence.numerics.climb import check_estimable, climb, rough_totals
from evidence.numerics.jets import pairs
from evidence.numerics.mixed import Problem, prepare
from evidence.numerics.multilevel import MixedFit, finish
from evidence.numerics.unstructured import FactorTop, ascend_factor, matrix
from evidence.numerics.wls import Vector

__all__ = ["STRUCTURES", "MultivariateFit", "fit_multivariate", "outcome_sizes"]

STRUCTURES = ("UN", "CS", "DIAG", "ID")
"""Structures of the covariance of the random effects."""


@dataclass(frozen=True)
class MultivariateFit:
    """A fitted multivariate model.

    Attributes
    ----------
    mixed : MixedFit
        Coefficients, likelihood; its `theta` weighs the structure's basis matrices.
    t : Vector, shape (o, o)
        Covariance of a study's random effects.
    tau2 : Vector, shape (o,)
        Its diagonal.
    correlation : Vector, shape (o, o)
        Its correlations; NaN where a variance is zero.
    structure : str
        One of `STRUCTURES`.
    """

    mixed: MixedFit
    t: Vector
    tau2: Vector
    correlation: Vector
    structure: str


def _basis(structure: str, o: int, rho: float | None) -> Vector:
    eye, ones = np.eye(o), np.ones((o, o))
    if structure == "UN":
        low, high = pairs(o)
        out = np.zeros((low.size, o, o))
        out[np.arange(low.size), low, high] = out[np.arange(low.size), high, low] = 1.0
        return out
    if structure == "DIAG":
        return np.asarray(eye[:, :, None] * eye[:, None, :])
    if structure == "ID" or o == 1:
        return eye[None]
    if rho is not None:
        return ((1.0 - rho) * eye + rho * ones)[None]
    return np.stack([eye - ones / o, ones / o])


def outcome_sizes(problem: Problem) -> Vector:
    """Return a typical standard error of each outcome, in scaled units."""
    pattern = problem.structure.pattern
    assert isinstance(pattern, Outcomes)
    count = np.bincount(pattern.outcome)
    mean = np.bincount(pattern.outcome, problem.structure.v) / count
    return np.asarray(np.sqrt(mean) / problem.unit, dtype=np.float64)


def _climb_factor(problem: Problem, o: int) -> Top:
    """Find the maximum over all covariance matrices from several starts."""
    size = outcome_sizes(problem)
    total = rough_totals(problem)
    middle = float(np.mean(size**2))
    check_estimable(problem, max(total) * np.eye(o)[pairs(o)], max(total))
    tops: list[FactorTop] = []
    for share in dict.fromkeys(total):
        for rho in (0.5, 0.0, -0.5 / max(o - 1, 1)):
            t = share * ((1.0 - rho) * np.eye(o) + rho) * np.outer(size, size) / middle
            tops.append(ascend_factor(problem.at, np.asarray(np.linalg.cholesky(t), dtype=np.float64), size))
    best = max(tops, key=lambda top: top.evaluation.value)
    low, high = pairs(o)
    return Top(np.asarray((best.factor @ best.factor.T)[low, high]), best.evaluation, best.steps)


def fit_multivariate(
    y: Vector,
    v: Vector,
    study: Codes,
    outcome: Codes,
    *,
    x: Vector | None = None,
    structure: str = "UN",
    correlation: float | None = None,
    rho: float = 0.0,
    blocks: Sequence[Vector] | None = None,
    restricted: bool = True,
) -> MultivariateFit:
    """Fit random effects of outcomes within studies.

    Parameters
    ----------
    y, v : Vector, shape (k,)
        Effects and sampling variances (positive, finite).
    study, outcome : integer arrays, shape (k,)
        Numbers 0 ... of each row's study and outcome.
    x : Vector, shape (k, p), optional
        Moderators; a mean for each outcome by default.
    structure : {"UN", "CS", "DIAG", "ID"}, default "UN"
        Structure of the random effects' covariance.
    correlation : float, optional
        With CS: a known correlation of the random effects, above ``-1 / (o - 1)`` and at most 1.
    rho : float, default 0
        Correlation of the sampling errors within a study.
    blocks : sequence of Vector, optional
        Known sampling covariance of each study, by number; instead of `rho`.
    restricted : bool, default True
        REML; otherwise ML.

    Returns
    -------
    MultivariateFit

    Raises
    ------
    ModelError
        Where a component or coefficient cannot be estimated, a block is no covariance, or the maximum is not
        reached.

    References
    ----------
    Jackson D, Riley R, White IR. Multivariate meta-analysis: potential and promise. Stat Med
    2011;30(20):2481-2498. https://doi.org/10.1002/sim.4172
    """
    structure = one_of("structure", structure, STRUCTURES)
    o = int(outcome.max()) + 1
    if correlation is not None and not (structure == "CS" and o > 1 and -1.0 / (o - 1) <= correlation <= 1.0):
        raise ModelError(
            "a known correlation of random effects belongs to structure='CS' and lies between"
            f" {-1.0 / max(o - 1, 1):.3g} and 1; got {correlation!r} with {structure}"
        )
    design = np.eye(o)[outcome] if x is None else x
    basis = _basis(structure, o, correlation)
    arranged = arrange(v, study, Outcomes(outcome, basis), rho=rho, blocks=blocks)
    problem = prepare(arranged, design, y, restricted=restricted)
    free = structure == "UN" and o > 1
    fit = finish(problem, _climb_factor(problem, o) if free else climb(problem))
    t = matrix(fit.theta) if structure == "UN" else np.tensordot(fit.theta, basis, axes=1)
    tau2 = np.diag(t).copy()
    sd = np.sqrt(tau2)
    known = np.outer(sd, sd)
    r = np.divide(t, known, out=np.full((o, o), np.nan), where=known > 0.0)
    return MultivariateFit(fit, t, tau2, np.clip(r, -1.0, 1.0), structure)
