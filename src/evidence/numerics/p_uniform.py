"""p-uniform*: mean and spread from effects that are compared only with others as significant as they."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from scipy import special

from evidence.errors import ModelError
from evidence.numerics.bounded_climb import Peak, ends, rise
from evidence.numerics.normal_cells import log_cell, log_cell_derivatives
from evidence.numerics.tau2 import TAU2
from evidence.numerics.wls import Vector, sample, weighted_mean

__all__ = ["PUniform", "p_uniform_star"]

_LOG_2PI = float(np.log(2.0 * np.pi))


@dataclass(frozen=True)
class PUniform:
    """Estimates of p-uniform*.

    Attributes
    ----------
    mean, mean_low, mean_high : float
        With the profile-likelihood interval, whose ends may be infinite.
    mean_error : float
        From the curvature; NaN where that gives none.
    tau2, tau2_low, tau2_high : float
        Variance between studies, likewise.
    statistic, p_value : float
        Signed root of the likelihood ratio of a mean of zero, and its two-sided p.
    spread_statistic, spread_p : float
        Likelihood ratio of tau² = 0; its p is half that of chi-squared with 1 df, for 0 is a bound.
    bias_statistic, bias_p : float
        Likelihood ratio of random-effects estimates (PM) that know no selection, chi-squared with 2 df.
    plain_mean, plain_tau2 : float
        Those estimates.
    value : float
        Log-likelihood.
    significant : ndarray of bool, shape (k,)
        In the favoured direction.
    outside : bool
        Whether the mean lies outside the data.
    """

    mean: float
    mean_low: float
    mean_high: float
    mean_error: float
    tau2: float
    tau2_low: float
    tau2_high: float
    statistic: float
    p_value: float
    spread_statistic: float
    spread_p: float
    bias_statistic: float
    bias_p: float
    plain_mean: float
    plain_tau2: float
    value: float
    significant: np.ndarray
    outside: bool


def _likelihood(y: Vector, v: Vector, low: Vector, high: Vector, theta: Vector) -> Peak:
    """Evaluate the truncated likelihood at mean and tau²: each effect's density over its cell's chance.

    The chance obeys the heat equation, so that its derivatives in tau² are those in the mean, two for one.
    """
    mu, t = float(theta[0]), float(theta[1])
    var = v + t
    s = np.sqrt(var)
    z_low, z_high, r = (low - mu) / s, (high - mu) / s, y - mu
    log_p = log_cell(z_low, z_high, z_high - z_low)
    terms = np.stack([-0.5 * (_LOG_2PI + np.log(var) + r * r / var), -log_p])
    value = float(terms.sum())
    if not math.isfinite(value):
        return Peak(theta, -math.inf, np.full(2, np.nan), np.full((2, 2), np.nan), 1.0)
    l1, l2, l3, l4 = log_cell_derivatives(z_low, z_high, log_p)
    p2 = l2 + l1 * l1
    p3 = l3 + 3.0 * l1 * l2 + l1**3
    p4 = l4 + 4.0 * l1 * l3 + 3.0 * l2 * l2 + 6.0 * l1 * l1 * l2 + l1**4
    gradient = np.array(
        [float((r / var - l1 / s).sum()), float((0.5 * ((r * r / var - 1.0) - p2) / var).sum())]
    )
    across = float((-r / var**2 - (0.5 * p3 - 0.5 * l1 * p2) / (var * s)).sum())
    hessian = np.array(
        [
            [float(((-1.0 - l2) / var).sum()), across],
            [across, float(((0.5 - r * r / var - 0.25 * (p4 - p2 * p2)) / var**2).sum())],
        ]
    )
    return Peak(theta, value, gradient, hessian, float(np.abs(terms).sum()))


def p_uniform_star(
    y: Vector, v: Vector, *, sign: float = 1.0, alpha: float = 0.05, level: float = 0.95
) -> PUniform:
    """Estimate by maximum likelihood.

    Parameters
    ----------
    y, v : Vector, shape (k,)
        Effects and sampling variances, k at least 2.
    sign : {1, -1}
        The favoured direction.
    alpha : float
        Two-sided level at which a study counts as significant; in the favoured direction half of it.
    level : float
        Of the intervals.

    Raises
    ------
    ModelError
        Where the likelihood has no maximum.

    References
    ----------
    van Aert RCM, van Assen MALM. Psychon Bull Rev 2026;33. https://doi.org/10.3758/s13423-025-02812-4
    """
    unit = float(np.sqrt(np.median(v)))
    y, v = sign * y / unit, v / unit**2
    limit = float(special.ndtri(1.0 - 0.5 * alpha)) * np.sqrt(v)
    significant = y >= limit
    low = np.where(significant, limit, -np.inf)
    high = np.where(significant, np.inf, limit)

    def function(theta: Vector) -> Peak:
        return _likelihood(y, v, low, high, theta)

    spread = math.sqrt(float(np.var(y)) + 1.0)
    bottom, top = np.array([-np.inf, 0.0]), np.array([np.inf, np.inf])
    scale = np.array([0.5 * spread, 0.5 * spread**2])
    plain_t = TAU2["PM"](sample(y, v)).value
    plain = weighted_mean(sample(y, v), plain_t).estimate
    room = float(np.ptp(y)) + 1.0

    def inside(peak: Peak, times: float) -> bool:
        gap = 1.0 + times * room
        return bool(y.min() - gap <= peak.theta[0] <= y.max() + gap and peak.theta[1] < 1e4 * room**2)

    def highest(held: np.ndarray, at: float | None = None) -> Peak | None:
        starts = [
            np.array([(plain + move * spread) if held[0] == 0 else (at or 0.0), 0.0 if held[1] else t])
            for move in (0.0, -0.5, -1.0, -2.0, 0.5)
            for t in (plain_t, 0.0, 0.1 * spread**2, spread**2)
        ]
        values = np.array([function(one).value for one in starts])
        peaks = []
        for i in np.argsort(-values, kind="stable")[:6]:
            peak = rise(function, starts[i], bottom, top, scale, held)
            peaks += [] if peak is None or not inside(peak, 100.0) else [peak]
        near = [peak for peak in peaks if inside(peak, 0.0)]
        return max(near or peaks, key=lambda peak: peak.value, default=None)

    best = highest(np.zeros(2, dtype=bool))
    if best is None:
        raise ModelError(
            "the likelihood has no maximum: it keeps rising towards means far outside the data, which is how"
            " p-uniform* says that these effects cannot tell selection from the effect"
        )
    for _ in range(5):
        (mean_low, mean_high, more), (t_low, t_high, more2) = (
            ends(function, best, j, bottom, top, scale, level) for j in (0, 1)
        )
        better = next((one for one in (more, more2) if one is not None and inside(one, 0.0)), None)
        again = None if better is None else rise(function, better.theta, bottom, top, scale)
        if again is None or again.value <= best.value + 1e-9:
            break
        best = again
    no_effect = highest(np.array([True, False]), 0.0)
    no_spread = highest(np.array([False, True]))

    def ratio(other: float) -> float:
        return max(0.0, 2.0 * (best.value - other))

    effect = ratio(-math.inf if no_effect is None else no_effect.value)
    alone = ratio(-math.inf if no_spread is None else no_spread.value)
    bias = ratio(function(np.array([plain, plain_t])).value)
    information = -best.hessian if best.theta[1] > 0.0 else -best.hessian[:1, :1]
    concave = bool(np.linalg.eigvalsh(information)[0] > 0.0)
    error = math.sqrt(float(np.linalg.inv(information)[0, 0])) if concave else math.nan
    mean_ends = (mean_low, mean_high) if sign > 0.0 else (-mean_high, -mean_low)
    root = math.copysign(math.sqrt(effect), sign * float(best.theta[0]))
    return PUniform(
        mean=sign * unit * float(best.theta[0]),
        mean_low=unit * mean_ends[0],
        mean_high=unit * mean_ends[1],
        mean_error=unit * error,
        tau2=unit**2 * float(best.theta[1]),
        tau2_low=unit**2 * t_low,
        tau2_high=unit**2 * t_high,
        statistic=root,
        p_value=2.0 * float(special.ndtr(-abs(root))),
        spread_statistic=alone,
        spread_p=0.5 * float(special.chdtrc(1, alone)) if alone > 0.0 else 1.0,
        bias_statistic=bias,
        bias_p=float(special.chdtrc(2, bias)),
        plain_mean=sign * unit * plain,
        plain_tau2=unit**2 * plain_t,
        value=best.value - y.size * math.log(unit),
        significant=significant,
        outside=not inside(best, 0.0),
    )
