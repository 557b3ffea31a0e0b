"""Profile-likelihood intervals of variance components, every other parameter at its best for each value."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import replace

import numpy as np

from evidence.numerics.ascent import ascend
from evidence.numerics.gram import Evaluation
from evidence.numerics.intervals import Interval, chi2_quantile
from evidence.numerics.jets import pairs
from evidence.numerics.multilevel import MixedFit
from evidence.numerics.multivariate import MultivariateFit, outcome_sizes
from evidence.numerics.roots import crossing
from evidence.numerics.unstructured import ascend_factor
from evidence.numerics.wls import Vector

__all__ = ["profile_component", "profile_outcome"]

_TOLERANCE = 1e-11
"""Relative accuracy of an end: far below what a reader sees, and reached in a few steps."""


def profile_component(fit: MixedFit, component: int, level: float) -> Interval:
    """Return the profile-likelihood interval of one variance component.

    Parameters
    ----------
    fit : MixedFit
        At its maximum; components not negative, and free of each other (nested levels, DIAG, ID).
    component : int
        Which component, the outermost level being 0.
    level : float
        Confidence level.

    Returns
    -------
    Interval
        In the data's units; the lower end is exactly 0 where 0 is within.

    References
    ----------
    Hardy RJ, Thompson SG. Stat Med 1996;15(6):619-629.
    https://doi.org/10.1002/(SICI)1097-0258(19960330)15:6<619::AID-SIM188>3.0.CO;2-A
    """
    problem, square = fit.problem, fit.problem.unit**2
    theta = fit.theta / square
    top = problem.at(theta, derivatives=False).value
    held = np.zeros(theta.size, dtype=bool)
    held[component] = True
    # Each value starts where its neighbour's optimum was.
    others = theta.copy()

    def deviance(t: float) -> tuple[float, float]:
        others[component] = t
        best = ascend(problem.at, others, held)
        others[:] = best.theta
        return 2.0 * (top - best.evaluation.value), -2.0 * float(best.evaluation.gradient[component])

    curve = float(fit.observed[component, component])
    return _interval(deviance, float(theta[component]), curve, square, level)


def profile_outcome(fit: MultivariateFit, outcome: int, level: float) -> Interval:
    """Return the profile-likelihood interval of an outcome's variance under structure UN.

    With that outcome put first, its variance is the square of the factor's first element, which is held.

    Parameters
    ----------
    fit : MultivariateFit
        With structure UN and at least two outcomes.
    outcome : int
        Number of the outcome.
    level : float
        Confidence level.

    Returns
    -------
    Interval
        In the data's units.
    """
    problem, square = fit.mixed.problem, fit.mixed.problem.unit**2
    o = fit.tau2.size
    order = np.r_[outcome, np.delete(np.arange(o), outcome)]
    low, high = pairs(o)
    place = np.zeros((o, o), dtype=np.intp)
    place[low, high] = place[high, low] = np.arange(low.size)
    moved = place[order[low], order[high]]
    pick = np.ix_(moved, moved)

    def at(theta: Vector) -> Evaluation:
        own = np.empty_like(theta)
        own[moved] = theta
        now = problem.at(own)
        return replace(
            now, gradient=now.gradient[moved], observed=now.observed[pick], expected=now.expected[pick]
        )

    top = problem.at(fit.mixed.theta / square, derivatives=False).value
    factor = _triangular(fit.t[np.ix_(order, order)] / square)
    held = np.zeros(low.size, dtype=bool)
    held[0] = True
    size = outcome_sizes(problem)[order]

    def deviance(t: float) -> tuple[float, float]:
        factor[0, 0] = math.sqrt(t)
        best = ascend_factor(at, factor, size, held)
        factor[:] = best.factor
        now = best.evaluation
        # In units of L_11 itself; t = L_11².
        slope = now.gradient[0] * 2.0 * factor[0, 0]
        slope += float(now.gradient[low == 0][1:] @ factor[1:, 0])
        return 2.0 * (top - now.value), -2.0 * slope / (2.0 * factor[0, 0]) if t > 0.0 else -math.inf

    at_top = float(fit.tau2[outcome]) / square
    own = place[outcome, outcome]
    return _interval(deviance, at_top, float(fit.mixed.observed[own, own]), square, level)


def _triangular(t: Vector) -> Vector:
    """Return a lower triangular factor of a covariance that may be singular, its diagonal not negative."""
    values, vectors = np.linalg.eigh(t)
    upper = np.linalg.qr((vectors * np.sqrt(np.maximum(values, 0.0))).T)[1]
    factor: Vector = np.asarray(upper).T
    return factor * np.where(np.diag(factor) < 0.0, -1.0, 1.0)


def _interval(
    deviance: Callable[[float], tuple[float, float]], at: float, curve: float, square: float, level: float
) -> Interval:
    """Return both ends, from where the curvature at the maximum puts the upper one first."""
    critical = chi2_quantile(level)
    low = 0.0
    if at > 0.0 and deviance(0.0)[0] > critical:
        low = crossing(deviance, at, 0.5 * at, critical, limit=0.0, tolerance=_TOLERANCE)
    width = math.sqrt(critical / curve) if curve > 0.0 else 1.0
    high = crossing(deviance, at, at + 1.5 * width, critical, tolerance=_TOLERANCE)
    return Interval(low * square, high * square)
