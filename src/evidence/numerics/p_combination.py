"""Combining independent tests: Fisher, Stouffer, Edgington, from signed normal scores.

A score z stands for the pair of one-sided p values: that of an effect above zero is the normal tail above
z, that of an effect below zero the tail below it. Scores keep the digits of both, which a p value near 1
does not.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from scipy import special

from evidence.numerics.wls import Vector

__all__ = ["Combined", "composite_score", "edgington", "fisher", "score_of_t", "stouffer"]

_BITS = 64
"""A sum of p values above 1 is rounded to 2^-64 before its distribution is computed exactly."""


@dataclass(frozen=True)
class Combined:
    """A combination of tests.

    Attributes
    ----------
    statistic : float
        For the side of an effect above zero.
    p_first, p_second : float
        One-sided p values: of an effect above zero, of an effect below zero.
    """

    statistic: float
    p_first: float
    p_second: float

    @property
    def p_value(self) -> float:
        """Two-sided p: twice the smaller one-sided p, at most 1."""
        return min(1.0, 2.0 * min(self.p_first, self.p_second))


def score_of_t(t: Vector, df: Vector) -> Vector:
    """Return the normal score with the same one-sided p value as a t; df may be infinite."""
    with np.errstate(invalid="ignore", divide="ignore"):
        tail = np.where(np.isinf(df), special.ndtr(-np.abs(t)), special.stdtr(df, -np.abs(t)))
        size = np.where(np.isinf(df), np.abs(t), -special.ndtri(tail))
    return np.asarray(np.copysign(size, t), dtype=np.float64)


def composite_score(z: Vector, rho: float) -> float:
    """Return the score of one study from several tests on its people.

    Parameters
    ----------
    z : ndarray, shape (rows,)
        Scores of the study's rows.
    rho : float
        Correlation that is assumed between them, from 0 to 1.

    Returns
    -------
    float
        Their sum over its standard deviation under no effect, ``sqrt(m + m (m - 1) rho)``.
    """
    m = z.size
    return float(z.sum()) / math.sqrt(m + m * (m - 1) * rho)


def fisher(z: Vector) -> Combined:
    """Return Fisher's combination: minus twice the sum of log p, chi-squared with 2k df.

    References
    ----------
    Fisher RA (1932). Statistical methods for research workers, 4th ed. Oliver & Boyd.

    Examples
    --------
    >>> round(fisher(np.array([1.0, 2.0])).p_first, 5)
    0.02391
    """
    first, second = (-2.0 * float(special.log_ndtr(s * z).sum()) for s in (-1.0, 1.0))
    df = 2.0 * z.size
    return Combined(first, float(special.chdtrc(df, first)), float(special.chdtrc(df, second)))


def stouffer(z: Vector, weights: Vector) -> Combined:
    """Return Stouffer's combination, weighted.

    Parameters
    ----------
    z : ndarray, shape (k,)
        Scores.
    weights : ndarray, shape (k,)
        Positive weights; the square root of the number of people is the usual choice.

    References
    ----------
    Whitlock MC (2005), doi:10.1111/j.1420-9101.2005.00917.x

    Examples
    --------
    >>> round(stouffer(np.array([1.0, 2.0]), np.ones(2)).statistic, 5)
    2.12132
    """
    total = float(weights @ z) / math.sqrt(float(weights @ weights))
    return Combined(total, float(special.ndtr(-total)), float(special.ndtr(total)))


def edgington(z: Vector) -> Combined:
    """Return Edgington's combination: the sum of the p values.

    The only one of the three that takes both sides alike: turning every effect round turns the answer
    round, and a strong result against weighs as much as a strong result for.

    References
    ----------
    Edgington ES (1972). An additive method for combining probability values from independent experiments.
    J Psychol 80:351-363. Held L, Hofmann F, Pawel S (2025). A comparison of combined p-value functions for
    meta-analysis. Res Synth Methods; arXiv:2408.08135.

    Examples
    --------
    Three p values of one half sum to the middle:

    >>> edgington(np.zeros(3)).p_first
    0.5
    """
    first, second = (np.asarray(special.ndtr(s * z)) for s in (-1.0, 1.0))
    k = z.size
    total = math.fsum(first)
    return Combined(total, _sum_below(total, k), _sum_below(math.fsum(second), k))


def _sum_below(x: float, k: int) -> float:
    """Return P(sum of k uniform numbers <= x), the Irwin-Hall distribution, in whole numbers.

    The alternating sum loses every digit in doubles from about twenty terms on; whole numbers lose none.
    """
    if x <= 1.0:  # one term, and x may be tiny
        return math.exp(k * math.log(x) - math.lgamma(k + 1)) if x > 0.0 else 0.0
    if x >= k:
        return 1.0
    if x > k / 2:
        return 1.0 - _sum_below(k - x, k)
    whole, one = round(math.ldexp(x, _BITS)), 1 << _BITS
    terms = (
        (-1 if j % 2 else 1) * math.comb(k, j) * (whole - j * one) ** k for j in range(math.floor(x) + 1)
    )
    return float(sum(terms) / (math.factorial(k) << (_BITS * k)))
