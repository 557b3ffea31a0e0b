"""Estimates and profile intervals of partial reports with moderators and a variance within studies."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import special

from evidence.numerics.intervals import chi2_quantile
from evidence.numerics.partial_climb import Point
from evidence.numerics.partial_ends import Profile, profile_end
from evidence.numerics.partial_model import Model, make_model
from evidence.numerics.partial_profile import ProfileMu
from evidence.numerics.partial_search import TIE, make_problem
from evidence.numerics.partial_search import maximum as best_of_two
from evidence.numerics.partial_top import maximum
from evidence.numerics.wls import Vector

__all__ = [
    "GeneralFit",
    "RatioTest",
    "deviance_of_mean",
    "fit_general",
    "likelihood_ratio",
    "maximum_loglik",
    "unbounded",
    "within_is_bounded",
]


@dataclass(frozen=True)
class GeneralFit:
    """Result of the model with moderators, in the units of the effects.

    Attributes
    ----------
    estimate, std_error, statistic, low, high : Vector, shape (p,)
        Coefficients; standard errors at the estimated variances; signed roots of the likelihood ratio
        against zero; profile-likelihood limits, infinite where the data set none.
    vcov : Vector, shape (p, p)
        Inverse of the observed information of the coefficients at the estimated variances.
    tau2, tau2_low, tau2_high : float
        Variance between studies.
    within, within_low, within_high : float or None
        Variance of effects within a study; None where it is taken as zero.
    loglik : float
        Maximum of the log-likelihood.
    """

    estimate: Vector
    std_error: Vector
    statistic: Vector
    low: Vector
    high: Vector
    vcov: Vector
    tau2: float
    tau2_low: float
    tau2_high: float
    within: float | None
    within_low: float | None
    within_high: float | None
    loglik: float


@dataclass(frozen=True)
class _Scaled:
    """The model in units in which a typical standard error is 1, moderators of size 1, around an origin."""

    model: Model
    unit: float
    size: Vector
    shift: Vector
    start: Vector
    reach: float
    jacobian: float


def within_is_bounded(low: Vector, high: Vector, study: NDArray[np.intp]) -> bool:
    """Tell whether a variance within studies can be estimated.

    It takes a study with two rows that are bounded on both sides (exact, or an interval of finite width):
    reports of a side alone fit any spread.
    """
    bounded = np.isfinite(low) & np.isfinite(high)
    return bool(bounded.any() and np.bincount(study[bounded]).max() >= 2)


def _scaled(low: Vector, high: Vector, s: Vector, study: NDArray[np.intp], x: Vector, rho: float) -> _Scaled:
    unit = float(np.median(s))
    size = np.maximum(np.abs(x).max(axis=0), 1e-300)
    design = x / size
    finite = np.where(np.isfinite(low), low, high)
    both = np.isfinite(low) & np.isfinite(high)
    middle = np.where(both, 0.5 * np.where(both, low, 0.0) + 0.5 * np.where(both, high, 0.0), finite)
    # Where the columns hold a constant, effects are measured from the middle of the reports.
    constant = np.linalg.lstsq(design, np.ones(s.size), rcond=None)[0]
    held = np.abs(design @ constant - 1.0).max() < 1e-9
    origin = float(np.median(middle)) if held else 0.0
    a, b, se = (low - origin) / unit, (high - origin) / unit, s / unit
    inside = (middle - origin) / unit + 0.5 * se * (np.isinf(b).astype(float) - np.isinf(a))
    start = np.linalg.lstsq(design / se[:, None], inside / se, rcond=None)[0]
    ends = np.concatenate([a[np.isfinite(a)], b[np.isfinite(b)]])
    reach = max(float(np.ptp(ends)) ** 2, 9.0)
    model = make_model(a, b, se, study, design, rho, (high - low) / unit)
    jacobian = int((low == high).sum()) * math.log(unit)
    return _Scaled(model, unit, size, origin * constant / unit, start, reach, jacobian)


def fit_general(
    low: Vector,
    high: Vector,
    s: Vector,
    study: NDArray[np.intp],
    x: Vector,
    rho: float,
    level: float,
    *,
    within: bool,
    critical: float | None = None,
) -> GeneralFit:
    """Fit the model by maximum likelihood with profile-likelihood intervals.

    Parameters
    ----------
    low, high, s, study, rho
        As in `fit_partial`.
    x : Vector, shape (rows, p)
        Moderators, of full column rank.
    level : float
        Level of the intervals.
    within : bool
        Whether effects vary within studies; see `within_is_bounded`.
    critical : float, optional
        Critical value of the deviance of a coefficient, in place of the chi-squared one.

    Returns
    -------
    GeneralFit

    Raises
    ------
    RunawayError
        Where a coefficient has no finite estimate.
    ModelError
        Where an optimum is not reached.
    """
    scaled = _scaled(low, high, s, study, x, rho)
    p, model = x.shape[1], scaled.model
    held = np.zeros(p + 2, dtype=bool)
    held[-1] = not within
    top = maximum(model, scaled.start, scaled.reach, held)
    quantile = chi2_quantile(level)
    bound = quantile if critical is None else critical
    covariance = np.linalg.inv(-top.hessian[:p, :p])
    ends = np.array(
        [[profile_end(model, top, j, side, bound, held) for side in (-1.0, 1.0)] for j in range(p)]
    )
    factor = scaled.unit / scaled.size
    estimate = (top.phi[:p] + scaled.shift) * factor
    roots = [_root(model, top, j, -float(scaled.shift[j]), held) for j in range(p)]
    square = scaled.unit**2
    spans = [_variance_interval(model, top, k, quantile, held) for k in (p, p + 1)]
    (t_low, t_high), (v_low, v_high) = ((square * a, square * b) for a, b in spans)
    return GeneralFit(
        estimate=estimate,
        std_error=np.sqrt(np.diag(covariance)) * factor,
        statistic=np.array(roots),
        low=(ends[:, 0] + scaled.shift) * factor,
        high=(ends[:, 1] + scaled.shift) * factor,
        vcov=covariance * factor[:, None] * factor,
        tau2=square * math.expm1(top.phi[p]),
        tau2_low=t_low,
        tau2_high=t_high,
        within=square * math.expm1(top.phi[p + 1]) if within else None,
        within_low=v_low if within else None,
        within_high=v_high if within else None,
        loglik=top.value - scaled.jacobian,
    )


def maximum_loglik(
    low: Vector, high: Vector, s: Vector, study: NDArray[np.intp], x: Vector, rho: float, *, within: bool
) -> float:
    """Return the maximum of the log-likelihood alone, for likelihood-ratio tests; see `fit_general`."""
    scaled = _scaled(low, high, s, study, x, rho)
    held = np.zeros(x.shape[1] + 2, dtype=bool)
    held[-1] = not within
    return maximum(scaled.model, scaled.start, scaled.reach, held).value - scaled.jacobian


def _root(model: Model, top: Point, which: int, value: float, held: NDArray[np.bool_]) -> float:
    """Return the signed root of the likelihood ratio against a value of one coefficient."""
    deviance = Profile(model, top, which, held).at(value)
    return math.copysign(math.sqrt(max(deviance, 0.0)), top.phi[which] - value)


def _variance_interval(
    model: Model, top: Point, which: int, critical: float, held: NDArray[np.bool_]
) -> tuple[float, float]:
    """Return the profile-likelihood interval of a variance."""
    if held[which]:
        return 0.0, 0.0
    low = 0.0
    if top.phi[which] > 0.0 and Profile(model, top, which, held).at(0.0) > critical:
        low = profile_end(model, top, which, -1.0, critical, held, limit=0.0)
    high = profile_end(model, top, which, 1.0, critical, held)
    return math.expm1(low), math.expm1(high) if math.isfinite(high) else math.inf


@dataclass(frozen=True)
class RatioTest:
    """A likelihood-ratio test: chi-squared with `df`, or, calibrated, F with `df` and `df2`."""

    statistic: float
    df: int
    df2: int | None
    p_value: float


def likelihood_ratio(
    full: float, restricted: float, df: int, n: int, p: int, *, calibrated: bool
) -> RatioTest:
    """Return the test of two maximised log-likelihoods.

    Parameters
    ----------
    full, restricted : float
        Log-likelihoods.
    df : int
        How many coefficients the restricted model lacks.
    n, p : int
        Number of clusters, and of coefficients of the full model.
    calibrated : bool
        Whether to take F in place of chi-squared: with n equally precise studies and a variance of their own
        the deviance is ``n log(1 + df F / (n - p))``, which makes the test exact.

    Returns
    -------
    RatioTest
    """
    deviance = max(2.0 * (full - restricted), 0.0)
    if not calibrated or n <= p:
        return RatioTest(deviance, df, None, float(special.chdtrc(df, deviance)))
    f = (n - p) / df * math.expm1(deviance / n)
    return RatioTest(f, df, n - p, float(special.fdtrc(df, n - p, f)))


def unbounded(low: Vector, high: Vector, x: Vector) -> NDArray[np.intp]:
    """Return the coefficients along which the likelihood rises without end.

    There is a direction d of the coefficients with ``x'd = 0`` for rows bounded on both sides and ``x'd``
    of the open side's sign (or 0) for the others, not 0 everywhere: a linear programme.

    Parameters
    ----------
    low, high : Vector, shape (rows,)
        Limits.
    x : Vector, shape (rows, p)
        Moderators.

    Returns
    -------
    ndarray of int
        Coefficients that such a direction moves; empty where all estimates are finite.
    """
    up, down = np.isinf(high), np.isinf(low)
    side = np.where(up, 1.0, -1.0)
    is_open = up | down
    if not is_open.any():
        return np.zeros(0, dtype=np.intp)
    from scipy import optimize

    size = np.maximum(np.abs(x).max(axis=0), 1e-300)
    scaled = x / size
    towards = side[is_open, None] * scaled[is_open]
    found = optimize.linprog(
        -towards.sum(axis=0),
        A_ub=-towards,
        b_ub=np.zeros(len(towards)),
        A_eq=scaled[~is_open] if (~is_open).any() else None,
        b_eq=np.zeros(int((~is_open).sum())) if (~is_open).any() else None,
        bounds=[(-1.0, 1.0)] * x.shape[1],
    )
    if found.x is None or float(-(towards @ found.x).sum()) > -1e-9:
        return np.zeros(0, dtype=np.intp)
    return np.flatnonzero(np.abs(found.x) > 1e-6)


def deviance_of_mean(
    low: Vector,
    high: Vector,
    s: Vector,
    study: NDArray[np.intp],
    rho: float,
    mu: float,
    *,
    within: bool,
) -> tuple[float | None, float]:
    """Return the estimate of the mean and the profile deviance of one value, without any interval.

    Parameters
    ----------
    low, high, s, study, rho
        As in `fit_partial`.
    mu : float
        The value.
    within : bool
        Whether effects vary within studies.

    Returns
    -------
    tuple of float or None, and float
        The estimate is None where the likelihood has no finite maximum.
    """
    if not within:
        return _two_parameters(low, high, s, study, rho, mu)
    scaled = _scaled(low, high, s, study, np.ones((s.size, 1)), rho)
    held = np.array([False, False, False])
    top = maximum(scaled.model, scaled.start, scaled.reach, held)
    root = _root(scaled.model, top, 0, mu / scaled.unit - float(scaled.shift[0]), held)
    return float((top.phi[0] + scaled.shift[0]) * scaled.unit), root * root


def _two_parameters(
    low: Vector, high: Vector, s: Vector, study: NDArray[np.intp], rho: float, mu: float
) -> tuple[float | None, float]:
    problem = make_problem(low, high, s, study, rho)
    limits = problem.limits
    beyond = max(limits.up, limits.down, limits.free)
    best = None if limits.one_way else best_of_two(problem)
    value = (mu - problem.origin) / problem.unit
    if best is None or best[2] < beyond - TIE:
        return None, ProfileMu(problem, beyond, [1.0, 0.0])(value)[0]
    deviance = ProfileMu(problem, best[2], [math.log1p(best[1]), 0.0])(value)[0]
    return problem.origin + problem.unit * best[0], max(deviance, 0.0)
