"""Formulas about correlations that several families share."""

from __future__ import annotations

import numpy as np
from scipy import special

from evidence.effects.formulas import Floats

__all__ = ["squared_correlation_variance", "unbiased_correlation", "unbiased_variance", "z_variance"]

_LARGE = 20.0
"""From here on the series of the hypergeometric function ends within 80 terms, to the last digit."""


def unbiased_correlation(r: Floats, n: Floats) -> Floats:
    """Return Olkin and Pratt's unbiased estimate of a correlation, NaN for fewer than five people.

    References
    ----------
    Olkin I, Pratt JW (1958). Unbiased estimation of certain correlation coefficients. Ann Math Stat
    29:201-211, eq. 2.3. doi:10.1214/aoms/1177706717
    """
    return np.where(n > 4, r * _hypergeometric(0.5, (n - 2) / 2, 1 - r**2), np.nan)


def unbiased_variance(r: Floats, n: Floats) -> Floats:
    """Return the unbiased estimate of the variance of `unbiased_correlation`.

    References
    ----------
    Hedges LV (1989). An unbiased correction for sampling error in validity generalization studies. J Appl
    Psychol 74:469-477. doi:10.1037/0021-9010.74.3.469
    """
    rest = 1 - r**2
    square = (n - 3) / (n - 2) * rest * _hypergeometric(1.0, n / 2, rest)
    return unbiased_correlation(r, n) ** 2 - 1 + square


def squared_correlation_variance(rho: Floats | np.floating, n: Floats) -> Floats:
    """Return the large-sample variance (1 - rho²)² / n of a correlation."""
    return np.asarray((1 - rho**2) ** 2 / n)


def z_variance(variance: Floats, r: Floats) -> Floats:
    """Return the variance of atanh(r) from that of r (delta method)."""
    return variance / (1 - r**2) ** 2


def _hypergeometric(a: float, c: Floats, z: Floats) -> Floats:
    """Return the hypergeometric function of a, a; c; z in [0, 1], also where c is large and z near 1."""
    c, z = np.broadcast_arrays(np.asarray(c, dtype=np.float64), np.asarray(z, dtype=np.float64))
    large = c >= _LARGE
    out = special.hyp2f1(a, a, np.where(large, 2.0 * a + 1.0, c), np.where(large, 0.0, z))
    term, total = np.ones_like(z), np.ones_like(z)
    for k in range(80):
        term = term * ((a + k) ** 2 / (k + 1.0)) / (c + k) * z
        total = total + term
    return np.where(large, total, out)
