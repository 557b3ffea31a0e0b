"""Estimate, limits and information of the partial-report model, or the reason why there is no estimate."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from evidence.numerics.interval_likelihood import evaluate, prepare, study_log_derivatives
from evidence.numerics.intervals import chi2_quantile, quantile
from evidence.numerics.partial_general import fit_general
from evidence.numerics.partial_profile import ProfileMu, mean_end, tau2_interval
from evidence.numerics.partial_search import FAR, TIE, Problem, make_problem, maximum
from evidence.numerics.wls import Vector

__all__ = ["Critical", "PartialFit", "calibrated", "contributions", "fit_partial", "fit_within", "student"]


@dataclass(frozen=True)
class PartialFit:
    """Result of the partial-report model, in the units of the effects.

    Attributes
    ----------
    estimate, std_error, tau2, statistic : float or None
        Maximum-likelihood estimates, the standard error at that tau², and the signed root of the
        likelihood ratio against a mean of zero; None where the likelihood has no finite maximum.
    low, high : float
        Limits of the mean, infinite where the data set none.
    tau2_low, tau2_high : float or None
        Profile-likelihood limits of tau².
    loglik : float
        Supremum of the log-likelihood.
    bound : {None, "lower", "upper", "none"}
        Without a finite maximum: which limit there is.
    one_way : bool
        Whether every study is open to the same side.
    at_mu, at_tau2 : float or None
        Where contributions of rows are to be read: the estimate, else the limit.
    within, within_low, within_high : float or None
        Variance of effects within studies with its profile-likelihood limits; None where it is taken as 0.
    """

    estimate: float | None
    std_error: float | None
    tau2: float | None
    statistic: float | None
    low: float
    high: float
    tau2_low: float | None
    tau2_high: float | None
    loglik: float
    bound: str | None
    one_way: bool
    at_mu: float | None
    at_tau2: float | None
    within: float | None = None
    within_low: float | None = None
    within_high: float | None = None


Critical = Callable[[float], float]
"""Maps a level to the critical value of the deviance."""


def calibrated(n: int, p: int) -> Critical:
    """Return critical values of a deviance that make its interval one by Student's t.

    For n equally precise effects with a variance of their own the profile deviance of the mean is
    ``n log(1 + T² / (n - p))`` with T Student's statistic, n - p degrees of freedom (p coefficients): cut
    where T is at its quantile, the interval is exact. With growing n this is the chi-squared value.
    """

    def critical(level: float) -> float:
        return n * math.log1p(quantile(level, n - p) ** 2 / (n - p))

    return critical


def student(root: float, n: int, p: int) -> float:
    """Return Student's statistic that belongs to a signed root of the deviance; see `calibrated`."""
    return math.copysign(math.sqrt((n - p) * math.expm1(root * root / n)), root)


def fit_partial(
    low: Vector,
    high: Vector,
    s: Vector,
    study: NDArray[np.intp],
    rho: float,
    level: float,
    critical: Critical = chi2_quantile,
) -> PartialFit:
    """Fit the partial-report model by maximum likelihood with profile-likelihood intervals.

    Parameters
    ----------
    low, high : Vector, shape (rows,)
        Limits of the observed effect; equal for exact rows, possibly infinite otherwise.
    s : Vector, shape (rows,)
        Standard errors, positive.
    study : ndarray of int, shape (rows,)
        Study of each row, 0 ... J-1, J at least 2.
    rho : float
        Correlation of sampling errors within a study.
    level : float
        Level of the intervals.
    critical : callable
        Critical value of the mean's deviance at a level.

    Returns
    -------
    PartialFit

    Notes
    -----
    Without a finite maximum the interval is one-sided: its critical value is that of a one-sided interval
    with two studies, of a two-sided one from three. With mu far below all limits k studies that are all open
    upwards have the likelihood 2^-k whatever mu is (as tau grows), a deviance of 2 k log 2: 2.77 with two
    studies, 4.16 with three, against critical values of 2.71 and 3.84.

    Raises
    ------
    ModelError
        Where an optimum is not reached.
    """
    problem = make_problem(low, high, s, study, rho)
    limits, two_sided = problem.limits, critical(level)
    beyond = max(limits.up, limits.down, limits.free)
    best = None if limits.one_way else maximum(problem)
    if best is None or best[2] < beyond - TIE:
        return _without_estimate(problem, beyond, level, critical)
    mu, t, height = best
    now = evaluate(problem.data, mu, t)
    error = 1.0 / math.sqrt(-now.mu_mu)
    ends = []
    for side, limit in ((-1.0, limits.down), (1.0, limits.up)):
        if 2.0 * (height - limit) <= two_sided:
            ends.append(side * math.inf)
            continue
        profile = ProfileMu(problem, height, [math.log1p(t)])
        ends.append(mean_end(profile, mu, mu + side * math.sqrt(two_sided) * error, two_sided))
    zero = ProfileMu(problem, height, [math.log1p(t), 0.0])(-problem.origin / problem.unit)[0]
    estimate = problem.origin + problem.unit * mu
    square = problem.unit * problem.unit
    tau2_low, tau2_high = tau2_interval(problem, best, chi2_quantile(level))
    return PartialFit(
        estimate=estimate,
        std_error=problem.unit * error,
        tau2=square * t,
        statistic=math.copysign(math.sqrt(max(zero, 0.0)), estimate),
        low=problem.origin + problem.unit * ends[0],
        high=problem.origin + problem.unit * ends[1],
        tau2_low=square * tau2_low,
        tau2_high=square * tau2_high,
        loglik=height - _jacobian(low, high, problem.unit),
        bound=None,
        one_way=limits.one_way,
        at_mu=estimate,
        at_tau2=square * t,
    )


def _jacobian(low: Vector, high: Vector, unit: float) -> float:
    """Return what the change of units took from the log-densities of the exact rows."""
    return int((low == high).sum()) * math.log(unit)


def _without_estimate(problem: Problem, top: float, level: float, quantiles: Critical) -> PartialFit:
    """Return the one-sided limit, where there is one, of a likelihood without a finite maximum."""
    limits, n = problem.limits, problem.data.n_studies
    critical = quantiles(2.0 * level - 1.0) if n == 2 else quantiles(level)
    found = {}
    for name, side, limit in (("lower", -1.0, limits.down), ("upper", 1.0, limits.up)):
        if n < 2 or 2.0 * (top - limit) <= critical:
            continue
        profile = ProfileMu(problem, top, [1.0, 0.0])
        inside, step = problem.start, 4.0
        while profile(inside)[0] >= 0.5 * critical and abs(inside) < FAR:
            inside, step = inside - side * step, 2.0 * step
        end = mean_end(profile, inside, inside + 0.5 * side * step, critical)
        if math.isfinite(end):
            profile(end)
            found[name] = (problem.origin + problem.unit * end, profile.t)
    bound = next(iter(found)) if len(found) == 1 else "none"
    at, t = found.get(bound, (None, None))
    return PartialFit(
        estimate=None,
        std_error=None,
        tau2=None,
        statistic=None,
        low=-math.inf if bound != "lower" or at is None else at,
        high=math.inf if bound != "upper" or at is None else at,
        tau2_low=None,
        tau2_high=None,
        loglik=top,
        bound=bound,
        one_way=limits.one_way,
        at_mu=at,
        at_tau2=None if t is None else problem.unit**2 * t,
    )


def fit_within(
    low: Vector,
    high: Vector,
    s: Vector,
    study: NDArray[np.intp],
    rho: float,
    level: float,
    critical: Critical = chi2_quantile,
) -> PartialFit:
    """Fit the model with a variance of effects within studies as well; see `fit_partial`.

    Meant for rows of which a study bounds two on both sides: then everything is finite.
    """
    ones = np.ones((s.size, 1))
    fit = fit_general(low, high, s, study, ones, rho, level, within=True, critical=critical(level))
    estimate = float(fit.estimate[0])
    return PartialFit(
        estimate=estimate,
        std_error=float(fit.std_error[0]),
        tau2=fit.tau2,
        statistic=float(fit.statistic[0]),
        low=float(fit.low[0]),
        high=float(fit.high[0]),
        tau2_low=fit.tau2_low,
        tau2_high=fit.tau2_high,
        loglik=fit.loglik,
        bound=None,
        one_way=False,
        at_mu=estimate,
        at_tau2=fit.tau2,
        within=fit.within,
        within_low=fit.within_low,
        within_high=fit.within_high,
    )


def contributions(
    low: Vector,
    high: Vector,
    s: Vector,
    study: NDArray[np.intp],
    rho: float,
    mu: float,
    t: float,
    within: float = 0.0,
) -> Vector:
    """Return how much information about mu would be lost without each row, in percent of the total.

    Information is the observed one, minus the second derivative of the log-likelihood in mu at (mu, t).
    Rows of one study overlap in what they tell, so the shares need not add up to 100; a row that
    disagrees with its
    study can even lower the information, which is shown as 0.

    Parameters
    ----------
    low, high, s, study, rho
        As in `fit_partial`.
    mu, t, within : float
        Where the information is taken.

    Returns
    -------
    Vector, shape (rows,)
    """
    n_rows, n = s.size, int(study.max()) + 1
    full = -study_log_derivatives(prepare(low, high, s, study, rho, within=within), mu, t)[2]
    without = np.zeros(n_rows)
    size = np.bincount(study, minlength=n)
    shared = np.flatnonzero(size[study] > 1)
    if shared.size:
        # For each such row a copy of its study that lacks it: all of them in one evaluation.
        pairs = [
            (place, other)
            for place, row in enumerate(shared)
            for other in np.flatnonzero(study == study[row])
            if other != row
        ]
        copy, rows = (np.array(part, dtype=np.intp) for part in zip(*pairs, strict=True))
        left = prepare(low[rows], high[rows], s[rows], copy, rho, within=within)
        without[shared] = -study_log_derivatives(left, mu, t)[2]
    total = float(full.sum())
    if total <= 0.0:
        return np.full(n_rows, math.nan)
    return np.asarray(100.0 * np.maximum(full[study] - without, 0.0) / total)
