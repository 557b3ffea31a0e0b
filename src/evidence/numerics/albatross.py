"""Contours of equal effect in the plane of p value and sample size (Harrison et al. 2017)."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike
from scipy import special

from evidence.numerics.wls import Vector

__all__ = ["contour_odds_ratio", "contour_risk_ratio", "contour_smd", "signed_log_p"]

_TINY = 1e-300


def signed_log_p(t: ArrayLike, df: ArrayLike) -> Vector:
    """Return the place of a test on the axis of an albatross plot.

    Parameters
    ----------
    t : array-like
        Test statistic, signed; infinite ends are kept.
    df : array-like
        Degrees of freedom; infinite for z.

    Returns
    -------
    ndarray
        Minus log10 of the two-sided p, with the sign of t: 0 at p = 1, 1.301 at p = 0.05. Increasing in t.

    Examples
    --------
    >>> round(float(signed_log_p(-1.959964, np.inf)), 4)
    -1.301
    """
    value, many = (np.asarray(x, dtype=np.float64) for x in (t, df))
    size = np.abs(value)
    with np.errstate(invalid="ignore"):
        tail = np.where(np.isinf(many), special.ndtr(-size), special.stdtr(many, -size))
    place = -np.log10(np.maximum(2.0 * tail, _TINY))
    return np.asarray(np.where(np.isinf(size), value, np.copysign(place, value) + 0.0), dtype=np.float64)


def contour_smd(size: float, n: ArrayLike, ratio: float = 1.0) -> Vector:
    """Return t of an observed standardised mean difference at each sample size.

    Parameters
    ----------
    size : float
        Hedges' g.
    n : array-like
        People in both arms together, above 3.
    ratio : float, default 1.0
        People in the first arm for each one in the second.

    Returns
    -------
    ndarray
        t on n - 2 df: g / J · sqrt(n r) / (1 + r), the inverse of g = J t sqrt(1/n_e + 1/n_c). As n grows
        this is Harrison's contour, n = z² (1 + r)² / (r g²).

    References
    ----------
    Harrison S, Jones HE, Martin RM, Lewis SJ, Higgins JPT (2017). The albatross plot: a novel graphical
    tool for presenting results of diversely reported studies in a systematic review. Res Synth
    Methods 8:281-289. doi:10.1002/jrsm.1239

    Examples
    --------
    >>> round(float(contour_smd(0.5, 64)), 3)
    2.025
    """
    people = np.asarray(n, dtype=np.float64)
    half = (people - 2.0) / 2.0
    j = np.exp(special.gammaln(half) - special.gammaln(half - 0.5)) / np.sqrt(half)
    return np.asarray(size / j * np.sqrt(people * ratio) / (1.0 + ratio), dtype=np.float64)


def contour_odds_ratio(value: float, n: ArrayLike, baseline: float, ratio: float = 1.0) -> Vector:
    """Return z of an observed odds ratio at each sample size.

    Parameters
    ----------
    value : float
        The odds ratio, first arm over second.
    n : array-like
        People in both arms together.
    baseline : float
        Risk in the second arm, between 0 and 1.
    ratio : float, default 1.0
        People in the first arm for each one in the second.

    Returns
    -------
    ndarray
        log(OR) over its standard error, whose variance is the sum of 1 / (n_i p_i (1 - p_i)) over the arms
        (Woolf 1955); signed as the logarithm.

    References
    ----------
    Harrison et al. 2017, doi:10.1002/jrsm.1239

    Examples
    --------
    >>> round(float(contour_odds_ratio(2.0, 200, 0.3)), 3)
    2.338
    """
    odds = value * baseline / (1.0 - baseline)
    risk = odds / (1.0 + odds)
    second = 1.0 / (baseline * (1.0 - baseline))
    return _over_error(np.log(value), 1.0 / (risk * (1.0 - risk)), second, n, ratio)


def contour_risk_ratio(value: float, n: ArrayLike, baseline: float, ratio: float = 1.0) -> Vector:
    """Return z of an observed risk ratio at each sample size; NaN where the first arm's risk reaches 1.

    Parameters
    ----------
    value, n, baseline, ratio
        As in `contour_odds_ratio`.

    Returns
    -------
    ndarray
        log(RR) over its standard error, whose variance is the sum of (1 - p_i) / (n_i p_i) over the arms.

    References
    ----------
    Harrison et al. 2017, doi:10.1002/jrsm.1239

    Examples
    --------
    >>> round(float(contour_risk_ratio(0.5, 400, 0.2)), 3)
    -2.719
    """
    risk = value * baseline
    first = (1.0 - risk) / risk if risk < 1.0 else np.nan
    return _over_error(np.log(value), first, (1.0 - baseline) / baseline, n, ratio)


def _over_error(log_value: float, first: float, second: float, n: ArrayLike, ratio: float) -> Vector:
    people = np.asarray(n, dtype=np.float64)
    share = ratio / (1.0 + ratio)
    return np.asarray(
        log_value / np.sqrt(first / (people * share) + second / (people * (1.0 - share))), dtype=np.float64
    )
