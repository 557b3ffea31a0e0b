"""Power of the test of a mean, and the effect that it could detect."""

from __future__ import annotations

import math
from functools import lru_cache

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import optimize, special, stats

__all__ = ["detectable", "power_of_mean"]


def power_of_mean(
    effect: ArrayLike, std_error: ArrayLike, level: float = 0.95, df: float | None = None
) -> NDArray[np.float64]:
    """Return the chance that a two-sided test of a mean finds a true effect.

    Parameters
    ----------
    effect : array_like
        True mean effects.
    std_error : array_like
        Standard error of the estimated mean; broadcasts with `effect`.
    level : float, default 0.95
        One minus the level of the test.
    df : float, optional
        Degrees of freedom of the t distribution; None for the normal.

    Returns
    -------
    ndarray
        Between 1 - level (no effect) and 1.

    References
    ----------
    Hedges LV, Pigott TD. The power of statistical tests in meta-analysis. Psychol Methods 2001;6(3):203-217.
    https://doi.org/10.1037/1082-989X.6.3.203

    Examples
    --------
    >>> power_of_mean(0.3, 0.1).round(3).item()
    0.851
    """
    shift = np.abs(np.asarray(effect, np.float64)) / np.asarray(std_error, np.float64)
    if df is None:
        limit = float(special.ndtri(0.5 * (1.0 + level)))
        return np.asarray(special.ndtr(shift - limit) + special.ndtr(-shift - limit))
    limit = float(special.stdtrit(df, 0.5 * (1.0 + level)))
    spread, weight = _spreads(df)
    reach = limit * spread
    beyond = special.ndtr(shift[..., None] - reach) + special.ndtr(-shift[..., None] - reach)
    return np.asarray(beyond @ weight)


@lru_cache(maxsize=64)
def _spreads(df: float) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return values of an estimated over a true standard error, and their weights.

    The noncentral t is a normal over the root of a mean square: averaged over that root on a logarithmic
    scale, where its density is smooth, the power keeps the digits that series of the noncentral t lose.
    """
    low, high = 0.5 * math.log(stats.chi2.ppf(1e-15, df) / df), 0.5 * math.log(stats.chi2.isf(1e-15, df) / df)
    node, weight = np.polynomial.legendre.leggauss(300)
    at = 0.5 * (high - low) * (node + 1.0) + low
    square = df * np.exp(2.0 * at)
    density = stats.chi2.pdf(square, df) * 2.0 * square
    weight = 0.5 * (high - low) * weight * density
    return np.exp(at), weight / weight.sum()


def detectable(std_error: float, level: float = 0.95, df: float | None = None, power: float = 0.8) -> float:
    """Return the smallest true effect that the test would find with a given chance.

    Parameters
    ----------
    std_error : float
        Standard error of the estimated mean.
    level : float, default 0.95
        One minus the level of the test.
    df : float, optional
        Degrees of freedom; None for the normal.
    power : float, default 0.8
        The chance, above 1 - level.

    Returns
    -------
    float
        On the scale of `std_error`.

    Examples
    --------
    >>> round(detectable(0.1), 4)
    0.2802
    """

    def gap(shift: float) -> float:
        return float(power_of_mean(shift, 1.0, level, df)) - power

    high = 4.0
    while gap(high) < 0.0 and high < 1e6:
        high *= 2.0
    return math.nan if gap(high) < 0.0 else std_error * float(optimize.brentq(gap, 0.0, high, xtol=1e-12))
