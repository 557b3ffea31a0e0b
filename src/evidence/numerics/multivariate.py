"""Multivariate meta-analysis: several outcomes in a study, their errors and true effects correlated.

The covariance T of a study's random effects is

- UN: any covariance matrix;
- CS: one variance and one correlation; as T = a (I - J/o) + b J/o with a, b >= 0 it has the two eigenvalues
  as components, which covers exactly the correlations from -1 / (o - 1) to 1;
- CS with a known correlation, ID: one variance;
- DIAG: a variance for each outcome, no correlation;
- HCS, AR, HAR: see `scaled`.
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
from evidence.numerics.scaled import SCALED, Curve, ScaledTop, ascend_scaled
from evidence.numerics.unstructured import FactorTop, ascend_factor, matrix
from evidence.numerics.wls import Vector

__all__ = ["STRUCTURES", "MultivariateFit", "fit_multivariate", "outcome_sizes"]

_NOTHING = 1e-16
"""Variance relative to the sampling variance that no likelihood can tell from 0."""

STRUCTURES = ("UN", "CS", "HCS", "DIAG", "ID", "AR", "HAR")
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
    rho : float or None
        The correlation of a structure that has one: CS, HCS, UN of two outcomes; AR and HAR at one step.
        None also where a variance is zero.
    """

    mixed: MixedFit
    t: Vector
    tau2: Vector
    correlation: Vector
    structure: str
    rho: float | None


def _basis(structure: str, o: int, rho: float | None) -> Vector:
    eye, ones = np.eye(o), np.ones((o, o))
    if structure in ("UN", *SCALED):
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
    # A variance whose factor shrinks towards nothing is at the boundary: exactly 0, not what rounding left.
    gone = (best.factor**2).sum(axis=1) <= _NOTHING * size**2
    factor = np.where(gone[:, None], 0.0, best.factor)
    low, high = pairs(o)
    return Top(np.asarray((factor @ factor.T)[low, high]), best.evaluation, best.steps)


def _climb_scaled(problem: Problem, curve: Curve) -> tuple[Top, ScaledTop]:
    """Find the maximum over standard deviations and a correlation from several starts.

    Raises
    ------
    ModelError
        Where a parameter has no influence on the likelihood.
    """
    size = outcome_sizes(problem)
    total = rough_totals(problem)
    middle = float(np.sqrt(np.mean(size**2)))
    own = size[:1] if curve.deviations == 1 else size
    tops: list[ScaledTop] = []
    for share in dict.fromkeys(total):
        for rho in (0.5, 0.0, -0.5 / (curve.o - 1)):
            start = np.append(np.sqrt(share) * own / middle, rho)
            if not tops:
                chain = curve.chain(start)
                expected = problem.at(curve.elements(start)).expected
                information = np.diag(chain.T @ expected @ chain) * np.append(start[:-1] ** 2, 1.0)
                if np.any(information <= 1e-11):
                    raise ModelError(
                        "the variances or the correlation of the outcomes cannot be estimated: too few"
                        " studies report several outcomes"
                    )
            tops.append(ascend_scaled(problem.at, curve, start, own))
    best = max(tops, key=lambda top: top.evaluation.value)
    return Top(curve.elements(best.at), best.evaluation, best.steps), best


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
    structure : {"UN", "CS", "HCS", "DIAG", "ID", "AR", "HAR"}, default "UN"
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
    top, curved = _top(problem, structure, o)
    fit = finish(problem, top)
    several = structure in ("UN", *SCALED)
    t = matrix(fit.theta) if several else np.tensordot(fit.theta, basis, axes=1)
    tau2 = np.diag(t).copy()
    sd = np.sqrt(tau2)
    known = np.outer(sd, sd)
    r = np.clip(np.divide(t, known, out=np.full((o, o), np.nan), where=known > 0.0), -1.0, 1.0)
    one: float | None = None
    if curved is not None:
        one = float(curved.at[-1]) if np.count_nonzero(sd) > 1 else None
    elif o > 1 and (structure == "CS" or (structure == "UN" and o == 2)) and np.isfinite(r[0, 1]):
        one = float(r[0, 1])
    return MultivariateFit(fit, t, tau2, r, structure, one)


def _top(problem: Problem, structure: str, o: int) -> tuple[Top, ScaledTop | None]:
    """Return the maximum, with the parameters of a structure that has its own."""
    if structure in SCALED and o > 1:
        return _climb_scaled(problem, Curve(structure, o))
    return (_climb_factor(problem, o) if structure == "UN" and o > 1 else climb(problem)), None
