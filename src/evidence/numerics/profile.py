"""Profile-likelihood intervals of variance components, every other parameter at its best for each value."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import replace

import numpy as np

from evidence.errors import ModelError
from evidence.numerics.ascent import ascend
from evidence.numerics.gram import Evaluation
from evidence.numerics.intervals import Interval, chi2_quantile
from evidence.numerics.jets import pairs
from evidence.numerics.mixed import Problem
from evidence.numerics.multilevel import MixedFit
from evidence.numerics.multivariate import MultivariateFit, outcome_sizes
from evidence.numerics.roots import crossing
from evidence.numerics.unstructured import ascend_factor
from evidence.numerics.wls import Vector

__all__ = ["TOLERANCE", "both_ends", "profile_component", "profile_compound", "profile_outcome"]

TOLERANCE = 1e-11
"""Relative accuracy of an end: far below what a reader sees, and reached in a few steps."""

_ENOUGH = 1e-11
"""Accuracy of a profile log-likelihood where the factor of a covariance is not unique."""


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

    low, high = (_joint_end(problem, theta, component, side, chi2_quantile(level)) for side in (-1.0, 1.0))
    curve = float(fit.observed[component, component])
    return both_ends(deviance, float(theta[component]), curve, square, level, (low, high))


def _joint_end(problem: Problem, theta: Vector, component: int, side: float, critical: float) -> float | None:
    """Return an end by Newton's method on the component and all others at once, None where that gets lost.

    The others follow the ridge of the likelihood: at every point a Newton step towards it is foreseen, and
    the deviance and its slope are those at its end. No point needs a climb of its own.
    """
    at, target = theta.copy(), math.sqrt(critical)
    start, top = float(theta[component]), None
    mine = np.arange(theta.size) == component
    for _ in range(25):
        now = problem.at(at)
        top = now.value if top is None else top
        others = np.flatnonzero(~mine & ((at > 0.0) | (now.gradient > 0.0)))
        inner = now.observed[np.ix_(others, others)]
        if others.size and np.linalg.eigvalsh(inner)[0] <= 0.0:
            return None
        back = np.linalg.solve(inner, now.gradient[others])
        ridge = -np.linalg.solve(inner, now.observed[others, component])
        height = 2.0 * (top - now.value) - float(now.gradient[others] @ back)
        slope = float(now.gradient[component] - now.observed[component, others] @ back)
        if at[component] == start:
            bend = now.observed[component, component] + float(now.observed[component, others] @ ridge)
            if bend <= 0.0:
                return None
            # Likelihoods of variances are skewed: the upper end is further away than the curvature says.
            move = side * target / math.sqrt(bend) * (1.5 if side > 0.0 else 0.7)
        else:
            root = math.sqrt(max(height, 0.0))
            if slope * side >= 0.0 or root == 0.0:
                return None
            move = root * (root - target) / slope
        done = abs(move) <= TOLERANCE * abs(at[component] - start) and at[component] != start
        at[others] = np.maximum(at[others] + back + ridge * move, 0.0)
        at[component] += move
        if (at[component] - start) * side <= 0.0 or at[component] <= 0.0:
            return None
        if done:
            return float(at[component])
    return None


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
        best = ascend_factor(at, factor, size, held, _ENOUGH)
        factor[:] = best.factor
        now = best.evaluation
        # In units of L_11 itself; t = L_11².
        slope = now.gradient[0] * 2.0 * factor[0, 0]
        slope += float(now.gradient[low == 0][1:] @ factor[1:, 0])
        return 2.0 * (top - now.value), -2.0 * slope / (2.0 * factor[0, 0]) if t > 0.0 else -math.inf

    at_top = float(fit.tau2[outcome]) / square
    own = place[outcome, outcome]
    return both_ends(deviance, at_top, float(fit.mixed.observed[own, own]), square, level)


def _triangular(t: Vector) -> Vector:
    """Return a lower triangular factor of a covariance that may be singular, its diagonal not negative."""
    values, vectors = np.linalg.eigh(t)
    upper = np.linalg.qr((vectors * np.sqrt(np.maximum(values, 0.0))).T)[1]
    factor: Vector = np.asarray(upper).T
    return factor * np.where(np.diag(factor) < 0.0, -1.0, 1.0)


def both_ends(
    deviance: Callable[[float], tuple[float, float]],
    at: float,
    curve: float,
    square: float,
    level: float,
    known: tuple[float | None, float | None] = (None, None),
) -> Interval:
    """Return both ends (where not known yet), from where the curvature at the maximum puts the upper one."""
    critical = chi2_quantile(level)
    low, high = known
    if low is None:
        low = 0.0
        if at > 0.0 and deviance(0.0)[0] > critical:
            low = crossing(deviance, at, 0.5 * at, critical, limit=0.0, tolerance=TOLERANCE)
    if high is None:
        width = math.sqrt(critical / curve) if curve > 0.0 else 1.0
        high = crossing(deviance, at, at + 1.5 * width, critical, tolerance=TOLERANCE)
    return Interval(low * square, high * square)


def profile_compound(fit: MultivariateFit, what: str, level: float) -> Interval:
    """Return the profile-likelihood interval of the variance or the correlation under structure CS.

    ``T = tau² R(rho)``; with ``r = (1 + (o - 1) rho) / o`` in [0, 1] the two components of the fit are
    ``a = o tau² (1 - r) / (o - 1)`` and ``b = o tau² r``, so that for a given value of one only the other is
    sought.

    Parameters
    ----------
    fit : MultivariateFit
        With structure CS, no known correlation, and at least two outcomes.
    what : {"tau2", "correlation"}
        Which of the two.
    level : float
        Confidence level.

    Returns
    -------
    Interval
        Ends of a correlation may be its bounds, ``-1 / (o - 1)`` and 1.
    """
    problem, square, o = fit.mixed.problem, fit.mixed.problem.unit**2, fit.tau2.size
    top = problem.at(fit.mixed.theta / square, derivatives=False).value
    tau2 = float(fit.tau2[0]) / square
    share = float(fit.mixed.theta[1]) / square / (o * tau2) if tau2 > 0.0 else 1.0 / o

    def at(t: float, r: float) -> tuple[Evaluation, Vector, Vector]:
        """Return the evaluation with the derivatives of both components in t and in r."""
        now = problem.at(np.array([o * t * (1.0 - r) / (o - 1), o * t * r]))
        return now, np.array([o * (1.0 - r) / (o - 1), o * r]), np.array([-o * t / (o - 1), o * t])

    def along_r(t: float) -> Callable[[float], tuple[float, float, float]]:
        def line(r: float) -> tuple[float, float, float]:
            now, _, d = at(t, r)
            return now.value, float(now.gradient @ d), float(d @ now.observed @ d)

        return line

    def along_t(r: float) -> Callable[[float], tuple[float, float, float]]:
        def line(t: float) -> tuple[float, float, float]:
            now, d, _ = at(t, r)
            return now.value, float(now.gradient @ d), float(d @ now.observed @ d)

        return line

    def variance(t: float) -> tuple[float, float]:
        r = _line_maximum(along_r(t), 0.0, 1.0, share)
        now, d, _ = at(t, r)
        return 2.0 * (top - now.value), -2.0 * float(now.gradient @ d)

    def correlation(r: float) -> tuple[float, float]:
        t = _line_maximum(along_t(r), 0.0, math.inf, tau2)
        now, _, d = at(t, r)
        return 2.0 * (top - now.value), -2.0 * float(now.gradient @ d)

    if what == "tau2":
        curve = float(at(tau2, share)[1] @ fit.mixed.observed @ at(tau2, share)[1])
        return both_ends(variance, tau2, curve, square, level)
    critical = chi2_quantile(level)
    ends = []
    for bound in (0.0, 1.0):
        beyond = share != bound and correlation(bound)[0] > critical
        middle = 0.5 * (share + bound)
        r = (
            crossing(correlation, share, middle, critical, limit=bound, tolerance=TOLERANCE)
            if beyond
            else bound
        )
        ends.append((o * r - 1.0) / (o - 1))
    return Interval(ends[0], ends[1])


def _line_maximum(
    line: Callable[[float], tuple[float, float, float]], low: float, high: float, start: float
) -> float:
    """Return where a function of one variable is largest between two bounds: safeguarded Newton.

    Raises
    ------
    ModelError
        Where the maximum is not found in 200 steps.
    """
    x = min(max(start, low), high)
    left, right = low, high
    for _ in range(200):
        _, slope, curve = line(x)
        if slope == 0.0 or (x == low and slope < 0.0) or (x == high and slope > 0.0):
            return x
        left, right = (x, right) if slope > 0.0 else (left, x)
        new = min(max(x + slope / curve, low), high) if curve > 0.0 else math.nan
        if abs(new - x) <= 1e-14 * abs(x) or right - left <= 1e-15 * abs(x):
            return x
        # A step that leaves the bracket is halved; one that ends on a bound tries the bound itself.
        if not (left < new < right or new == low == left or new == high == right):
            new = 0.5 * (left + right) if math.isfinite(right) else 2.0 * x + 1e-3
        x = new
    raise ModelError("the maximum of a profile likelihood was not found in 200 steps")
