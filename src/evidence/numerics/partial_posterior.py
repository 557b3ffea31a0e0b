"""The posterior of mean and spread by deterministic quadrature, and the restricted estimate of the spread.

The prior is mu ~ N(0, m²), tau half-normal with scale a. As likelihood and prior are even and analytic in
tau and analytic in mu, plain sums over even grids (half weight at tau = 0) are exponentially exact. The
grids are found by zooming: from the range of the prior to that of the posterior. Probabilities of the mean
beyond a value come from the grid as a band-limited function (sinc), whose integral is the sine integral.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import optimize, special

from evidence.numerics.study_curves import StudyCurves, study_curves
from evidence.numerics.wls import Vector

__all__ = ["PosteriorNumbers", "posterior", "restricted_tau2"]

_DEEP = 30.0
"""The final grid reaches to exp(-30) of the peak."""
_COARSE, _FINE = (25, 17), (161, 65)
_PRIOR = 6.5
"""Standard deviations of the prior at which the first grid ends."""


@dataclass(frozen=True)
class PosteriorNumbers:
    """What the posterior says, in the units of the effects.

    Attributes
    ----------
    mean, sd, low, high : float
        Of mu, with an interval of equal tails.
    tau_mean, tau_low, tau_high : float
        Of tau.
    positive, worthwhile, new_positive : float
        Probabilities: mu above 0, mu above the smallest worthwhile effect, a new study's effect above 0.
    log_evidence : float
        Logarithm of the integral of likelihood times prior.
    """

    mean: float
    sd: float
    low: float
    high: float
    tau_mean: float
    tau_low: float
    tau_high: float
    positive: float
    worthwhile: float
    new_positive: float
    log_evidence: float


Density = Callable[[Vector, Vector], Vector]
"""Log-density on a grid: (n,) values of mu and (m,) of tau to (n, m)."""


def _zoom(
    density: Density, box: tuple[float, float, float, float], drop: float
) -> tuple[Vector, Vector, Vector]:
    """Return the fine grid around all that lies within exp(-drop) of the peak, and the density on it."""
    mu_low, mu_high, tau_low, tau_high = box
    for _ in range(12):
        mu, tau = np.linspace(mu_low, mu_high, _COARSE[0]), np.linspace(tau_low, tau_high, _COARSE[1])
        height = density(mu, tau)
        inside = height >= height.max() - drop
        ends = []
        for values, keep in ((mu, inside.any(axis=1)), (tau, inside.any(axis=0))):
            places = np.flatnonzero(keep)
            # One cell more on either side: the peak may lie between the points.
            first, last = max(places[0] - 1, 0), min(places[-1] + 1, values.size - 1)
            ends.append((float(values[first]), float(values[last])))
        (new_low, new_high), (new_tau_low, new_tau_high) = ends
        shrunk = (
            (new_high - new_low) / (mu_high - mu_low),
            (new_tau_high - new_tau_low) / (tau_high - tau_low),
        )
        mu_low, mu_high, tau_low, tau_high = new_low, new_high, new_tau_low, new_tau_high
        if min(shrunk) > 0.55:
            break
    mu, tau = np.linspace(mu_low, mu_high, _FINE[0]), np.linspace(tau_low, tau_high, _FINE[1])
    return mu, tau, density(mu, tau)


def posterior(
    low: Vector,
    high: Vector,
    s: Vector,
    study: NDArray[np.intp],
    rho: float,
    within: float,
    *,
    mean_sd: float,
    tau_scale: float,
    worthwhile: float,
    level: float,
) -> PosteriorNumbers | None:
    """Return the posterior under mu ~ N(0, mean_sd²) and tau ~ half-normal(tau_scale).

    Parameters
    ----------
    low, high, s, study, rho
        As in `fit_partial`.
    within : float
        Variance of effects within studies, taken as known.
    mean_sd, tau_scale : float
        Scales of the prior, positive.
    worthwhile : float
        Smallest worthwhile effect.
    level : float
        Level of the intervals.

    Returns
    -------
    PosteriorNumbers or None
        None where the rows are too precise against the prior to be tabled; see `study_curves`.
    """
    reach = _PRIOR * mean_sd, _PRIOR * tau_scale
    curves = study_curves(low, high, s, study, rho, within, (-reach[0], reach[0], reach[1]))
    if curves is None:
        return None

    def density(mu: Vector, tau: Vector) -> Vector:
        values = _heights(curves, mu, tau)
        return values - 0.5 * (mu[:, None] / mean_sd) ** 2 - 0.5 * (tau / tau_scale) ** 2

    mu, tau, height = _zoom(density, (-reach[0], reach[0], 0.0, reach[1]), _DEEP)
    top = float(height.max())
    h, k = float(mu[1] - mu[0]), float(tau[1] - tau[0])
    mass = np.exp(height - top) * h * k
    if tau[0] == 0.0:
        mass[:, 0] *= 0.5
    total = float(mass.sum())
    mass /= total
    of_mu, of_tau = mass.sum(axis=1), mass.sum(axis=0)
    mean = float(of_mu @ mu)
    tail = 0.5 * (1.0 - level)
    spread = np.sqrt(float(of_mu @ (mu - mean) ** 2))
    ends = [_quantile(mu, of_mu, p) for p in (tail, 1.0 - tail)]
    tau_ends = [_tau_quantile(tau, of_tau, p) for p in (tail, 1.0 - tail)]
    constant = -math.log(2.0 * math.pi * mean_sd * tau_scale) + math.log(2.0)
    return PosteriorNumbers(
        mean=mean,
        sd=float(spread),
        low=ends[0],
        high=ends[1],
        tau_mean=float(of_tau @ tau) - _corner(tau, of_tau),
        tau_low=tau_ends[0],
        tau_high=tau_ends[1],
        positive=1.0 - _below(mu, of_mu, 0.0),
        worthwhile=1.0 - _below(mu, of_mu, worthwhile),
        new_positive=_new_positive(mu, tau, mass),
        log_evidence=top + math.log(total) + constant,
    )


def _heights(curves: StudyCurves, mu: Vector, tau: Vector) -> Vector:
    waves = curves.waves(mu)
    return np.stack([curves.log_likelihood(mu, float(x) ** 2, waves=waves)[0] for x in tau], axis=1)


def _corner(tau: Vector, mass: Vector) -> float:
    """Return what the trapezoid takes from the mean of tau, whose integrand has a corner at zero.

    Euler-Maclaurin: the integral of tau p(tau), p even, exceeds the sum by h² p(0) / 12 - h⁴ p''(0) / 240.
    """
    if tau[0] > 0.0:
        return 0.0
    h = float(tau[1] - tau[0])
    p = np.r_[2.0 * mass[0], mass[1:4]] / h
    second = (-49.0 / 18.0 * p[0] + 3.0 * p[1] - 0.3 * p[2] + p[3] / 45.0) / h**2
    fourth = (28.0 / 3.0 * p[0] - 13.0 * p[1] + 4.0 * p[2] - p[3] / 3.0) / h**4
    return float(-(h**2) * p[0] / 12.0 + h**4 * 3.0 * second / 720.0 - h**6 * 5.0 * fourth / 30240.0)


def _below(grid: Vector, mass: Vector, value: float) -> float:
    """Return the probability below a value: the integral of the band-limited density through the grid."""
    h = float(grid[1] - grid[0])
    if value <= grid[0]:
        return 0.0
    if value >= grid[-1]:
        return 1.0
    share = 0.5 + np.asarray(special.sici(np.pi * (value - grid) / h)[0]) / np.pi
    return min(max(float(mass @ share), 0.0), 1.0)


def _quantile(grid: Vector, mass: Vector, p: float) -> float:
    low, high = float(grid[0]), float(grid[-1])
    return float(optimize.brentq(lambda x: _below(grid, mass, x) - p, low, high, xtol=1e-13))


def _tau_quantile(tau: Vector, mass: Vector, p: float) -> float:
    if tau[0] > 0.0:
        return _quantile(tau, mass, p)
    # The even continuation: its distribution function beyond the middle is that of tau, halved and raised.
    grid = np.concatenate([-tau[:0:-1], tau])
    even = np.concatenate([mass[:0:-1], [2.0 * mass[0]], mass[1:]]) * 0.5
    return float(optimize.brentq(lambda x: _below(grid, even, x) - 0.5 - 0.5 * p, 0.0, tau[-1], xtol=1e-13))


def _new_positive(mu: Vector, tau: Vector, mass: Vector) -> float:
    """Return the probability that a new study's effect N(mu, tau²) is above zero.

    For tau below a few grid steps of mu the step of the distribution function is too sharp for the grid: the
    density, taken as band-limited, is then convolved with the normal density exactly.
    """
    h = float(mu[1] - mu[0])
    share = np.empty_like(mass)
    sharp = tau < 2.5 * h
    share[:, ~sharp] = special.ndtr(mu[:, None] / tau[~sharp])
    if sharp.any():
        # Gauss-Legendre panels over the frequencies that the grid resolves.
        node, weight = np.polynomial.legendre.leggauss(12)
        place = (np.arange(30)[:, None] + 0.5 * (node + 1.0)).ravel() / 30.0
        w = np.pi / h * place
        fall = np.exp(-0.5 * (w[:, None] * tau[sharp]) ** 2)
        fall *= (np.tile(weight, 30) / 60.0 / place)[:, None]
        # Beyond some 60 steps the oscillation is too fast for these nodes, and the step is over.
        near = np.abs(mu) < 60.0 * h
        share[:, sharp] = np.heaviside(mu, 0.5)[:, None]
        share[np.ix_(near, sharp)] = 0.5 + np.sin(mu[near][:, None] * w) @ fall / np.pi
    return float(min(max((share * mass).sum(), 0.0), 1.0))


def restricted_tau2(
    low: Vector, high: Vector, s: Vector, study: NDArray[np.intp], rho: float, within: float, guess: float
) -> float | None:
    """Return the REML-type estimate of tau²: the maximum of the likelihood with a flat mu integrated out.

    With exact rows only this is REML. It needs reports that bound the mean on both sides.

    Parameters
    ----------
    low, high, s, study, rho, within
        As in `posterior`.
    guess : float
        The maximum-likelihood estimate.

    Returns
    -------
    float or None
        None where the mean is not bounded on both sides, or the rows cannot be tabled.
    """
    if not (np.isfinite(low).any() and np.isfinite(high).any()):
        return None
    n = int(study.max()) + 1
    closed_up = np.bincount(study, np.isfinite(high), minlength=n) > 0
    closed_down = np.bincount(study, np.isfinite(low), minlength=n) > 0
    if not (closed_up & closed_down).any():
        return None
    ends = np.concatenate([low[np.isfinite(low)], high[np.isfinite(high)]])
    typical = float(np.median(s))
    first, last = float(ends.min()), float(ends.max())
    most = max(last - first, 4.0 * typical, 4.0 * math.sqrt(guess))
    # How far the mean may lie from all reports: its error at the largest tau, by the studies that bound it.
    bounding = int((closed_up & closed_down).sum())
    margin = 8.0 * (most + typical) / math.sqrt(bounding)
    curves = study_curves(low, high, s, study, rho, within, (first - margin, last + margin, most))
    if curves is None:
        return None

    def density(mu: Vector, tau: Vector) -> Vector:
        return _heights(curves, mu, tau)

    def slope(t: float) -> float:
        """Return the derivative in t of the logarithm of the integral over mu."""
        box = (first - margin, last + margin)
        for _ in range(12):
            mu = np.linspace(*box, 49)
            value, rate = curves.log_likelihood(mu, t, slope=True)
            inside = np.flatnonzero(value >= value.max() - _DEEP)
            begin, end = max(inside[0] - 1, 0), min(inside[-1] + 1, mu.size - 1)
            if end - begin > 0.5 * mu.size:
                break
            box = (float(mu[begin]), float(mu[end]))
        weight = np.exp(value - value.max())
        return float(weight @ rate / weight.sum())

    _, tau, height = _zoom(density, (first - margin, last + margin, 0.0, most), 12.0)
    profile = np.log(np.exp(height - height.max()).sum(axis=0) + 1e-300)
    best = int(np.argmax(profile))
    if best == 0 and tau[0] == 0.0 and slope(0.0) <= 0.0:
        return 0.0
    if best == tau.size - 1:
        return None
    a, b = float(tau[max(best - 1, 0)]) ** 2, float(tau[best + 1]) ** 2
    if slope(a) <= 0.0 or slope(b) >= 0.0:
        return 0.0 if a == 0.0 else None
    return float(optimize.brentq(slope, a, b, xtol=1e-10 * typical**2, rtol=1e-10))
