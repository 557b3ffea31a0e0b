"""Standardised mean differences from printed numbers: arrays (or scalars) in, estimate and variance out.

The functions broadcast; they know nothing of tables, rows or missing cells. Each returns an
`Estimate` on the model scale, first arm minus second arm, *before* any alignment to "positive
favours the first arm".
"""

from __future__ import annotations

from functools import lru_cache
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import special, stats

__all__ = [
    "Estimate",
    "Floats",
    "as_floats",
    "cohen_d",
    "critical_g",
    "g_from_means",
    "g_from_pre_post",
    "g_from_t",
    "hedges_j",
    "noncentral_variance",
    "pooled_sd",
    "smd_variance",
    "t_from_interval",
    "t_from_p",
]

Floats = NDArray[np.float64]

_LOG_J = np.array(
    [
        0,
        -3 / 4,
        -1 / 2,
        -3 / 8,
        -1 / 4,
        -3 / 20,
        -1 / 6,
        -33 / 112,
        -1 / 8,
        3 / 4,
        -1 / 10,
        -699 / 88,
        -1 / 12,
    ]
)
"""Coefficients of log J in powers of 1/df: the Stirling series of log-gamma at df/2 and (df-1)/2,
subtracted term by term (Bernoulli polynomials at 0 and -1/2)."""


_TABLED = 4096
"""Whole degrees of freedom below this are looked up."""
_MANY = 512
"""Rows from which on looking up is faster than computing."""
_BLOCK = 16_384
"""Rows computed at a time, so that the work space stays in the cache."""


class Estimate(NamedTuple):
    """An effect on the model scale and its sampling variance."""

    estimate: Floats
    variance: Floats


def as_floats(value: ArrayLike) -> Floats:
    """Return numbers as an array of doubles."""
    return np.asarray(value, dtype=np.float64)


def hedges_j(df: ArrayLike) -> Floats:
    """Return the exact small-sample correction of a standardised mean difference.

    Parameters
    ----------
    df : array-like
        Degrees of freedom of the standard deviation, above 1.

    Returns
    -------
    ndarray
        Gamma(df/2) / (sqrt(df/2) Gamma((df-1)/2)), to a relative 1e-14 at any df.

    References
    ----------
    Hedges LV (1981). Distribution theory for Glass's estimator of effect size and related
    estimators. J Educ Stat 6:107-128. doi:10.3102/10769986006002107

    Examples
    --------
    >>> round(float(hedges_j(10)), 6)
    0.922746
    """
    m = as_floats(df)
    if m.size < _MANY:
        return _hedges_j(m)
    # Sample sizes are whole numbers and few: many rows share a table.
    with np.errstate(invalid="ignore"):
        at = m.astype(np.intp)
    known = (at == m) & (at > 0) & (at < _TABLED)
    if known.all():
        return np.asarray(_j_table().take(at))
    out = np.empty_like(m)
    out[known], out[~known] = _j_table().take(at[known]), _hedges_j(m[~known])
    return out


def _hedges_j(m: Floats) -> Floats:
    # The difference of two log-gammas loses digits as df grows (1e-9 at a million); from 40 on the
    # asymptotic series of the ratio, cut after twelve terms, is exact to the last bit instead.
    small = np.minimum(m, 40.0)
    exact = np.exp(special.gammaln(small / 2) - special.gammaln((small - 1) / 2)) / np.sqrt(small / 2)
    series = np.exp(np.polynomial.polynomial.polyval(1 / np.maximum(m, 40.0), _LOG_J))
    return np.asarray(np.where(m < 40.0, exact, series), dtype=np.float64)


@lru_cache(maxsize=1)
def _j_table() -> Floats:
    """Return the correction at each whole df below `_TABLED`, by df (0 and 1 have none: 0)."""
    table = np.zeros(_TABLED)
    table[2:] = _hedges_j(np.arange(2.0, _TABLED))
    table.flags.writeable = False
    return table


def smd_variance(g: ArrayLike, n_e: ArrayLike, n_c: ArrayLike, factor: ArrayLike = 1.0) -> Floats:
    """Return the large-sample variance of g (form "LS") for a score of relative spread `factor`.

    A g that was standardised by another score (change, residual) and multiplied by `factor` to
    reach raw-score units has the variance factor² (1/n_e + 1/n_c) + g²/(2N): the second term scales
    by itself, because it holds g.

    Parameters
    ----------
    g : array-like
        Effect in raw-score units, corrected.
    n_e, n_c : array-like
        People in each arm.
    factor : array-like
        Standard deviation of the analysed score over that of the raw score.

    References
    ----------
    Hedges LV (1982). Estimation of effect size from a series of independent experiments. Psychol
    Bull 92:490-499. doi:10.1037/0033-2909.92.2.490
    """
    effect, first, second = as_floats(g), as_floats(n_e), as_floats(n_c)
    spread = as_floats(factor) ** 2 * (1 / first + 1 / second)
    return spread + effect**2 / (2 * (first + second))


def g_from_means(
    mean_e: ArrayLike,
    sd_e: ArrayLike,
    n_e: ArrayLike,
    mean_c: ArrayLike,
    sd_c: ArrayLike,
    n_c: ArrayLike,
    factor: ArrayLike = 1.0,
) -> Estimate:
    """Return Hedges' g from the two arms' means and standard deviations.

    Parameters
    ----------
    mean_e, sd_e, n_e, mean_c, sd_c, n_c : array-like
        Summary of each arm: all final scores or all changes.
    factor : array-like
        As in `smd_variance`: 1 for final scores, sqrt(2(1-r)) for changes.

    References
    ----------
    Hedges LV (1981), doi:10.3102/10769986006002107

    Examples
    --------
    >>> g = g_from_means(103, 5.5, 50, 100, 4.5, 50)  # Borenstein 2009, p. 26-27
    >>> round(float(g.estimate), 4), round(float(g.variance), 4)
    (0.5924, 0.0418)
    """
    given = [as_floats(x) for x in (mean_e, sd_e, n_e, mean_c, sd_c, n_c, factor)]
    shape = np.broadcast_shapes(*(x.shape for x in given))
    size = int(np.prod(shape))
    if size <= _BLOCK:
        return _g_from_means(*given)
    flat = [x if x.ndim == 0 else np.broadcast_to(x, shape).reshape(-1) for x in given]
    out = Estimate(np.empty(size), np.empty(size))
    for begin in range(0, size, _BLOCK):
        part = slice(begin, begin + _BLOCK)
        out.estimate[part], out.variance[part] = _g_from_means(*(x if x.ndim == 0 else x[part] for x in flat))
    return Estimate(out.estimate.reshape(shape), out.variance.reshape(shape))


def _g_from_means(
    mean_e: Floats, sd_e: Floats, n_e: Floats, mean_c: Floats, sd_c: Floats, n_c: Floats, factor: Floats
) -> Estimate:
    g = hedges_j(n_e + n_c - 2) * cohen_d(mean_e, sd_e, n_e, mean_c, sd_c, n_c) * factor
    return Estimate(g, smd_variance(g, n_e, n_c, factor))


def pooled_sd(sd_e: ArrayLike, n_e: ArrayLike, sd_c: ArrayLike, n_c: ArrayLike) -> Floats:
    """Return the standard deviation inside two arms, with n_e + n_c - 2 degrees of freedom.

    Examples
    --------
    >>> round(float(pooled_sd(5.5, 50, 4.5, 50)), 4)  # Borenstein 2009, p. 27
    5.0249
    """
    first, second = as_floats(n_e), as_floats(n_c)
    one, other = as_floats(sd_e), as_floats(sd_c)
    # In a power of two near the larger one, so that squares exist in any unit and digits stay the same.
    _, exponent = np.frexp(np.fmax(one, other))
    squares = (first - 1) * np.ldexp(one, -exponent) ** 2 + (second - 1) * np.ldexp(other, -exponent) ** 2
    return np.asarray(np.ldexp(np.sqrt(squares / (first + second - 2)), exponent))


def cohen_d(
    mean_e: ArrayLike, sd_e: ArrayLike, n_e: ArrayLike, mean_c: ArrayLike, sd_c: ArrayLike, n_c: ArrayLike
) -> Floats:
    """Return the difference of two means over their pooled standard deviation, not corrected."""
    return (as_floats(mean_e) - as_floats(mean_c)) / pooled_sd(sd_e, n_e, sd_c, n_c)


def g_from_pre_post(
    change_e: ArrayLike,
    pre_sd_e: ArrayLike,
    n_e: ArrayLike,
    change_c: ArrayLike,
    pre_sd_c: ArrayLike,
    n_c: ArrayLike,
    correlation: ArrayLike,
) -> Estimate:
    """Return d_ppc2: the difference of the arms' changes over the pooled baseline SD.

    Parameters
    ----------
    change_e, change_c : array-like
        Post mean minus pre mean of each arm.
    pre_sd_e, pre_sd_c : array-like
        Baseline standard deviations.
    n_e, n_c : array-like
        People in each arm; together more than 4, or the variance does not exist.
    correlation : array-like
        Correlation of pre and post scores, the same in both arms.

    References
    ----------
    Morris SB (2008). Estimating effect sizes from pretest-posttest-control group designs. Organ Res
    Methods 11:364-386, eq. 8-10 and 25. doi:10.1177/1094428106291059

    Examples
    --------
    The variance grows as the correlation falls:

    >>> low = g_from_pre_post(9, 14, 15, 2, 14, 15, 0.3).variance
    >>> bool(low > g_from_pre_post(9, 14, 15, 2, 14, 15, 0.8).variance)
    True
    """
    first, second = as_floats(n_e), as_floats(n_c)
    df = first + second - 2
    pooled = pooled_sd(pre_sd_e, n_e, pre_sd_c, n_c)
    j = hedges_j(df)
    d = j * (as_floats(change_e) - as_floats(change_c)) / pooled
    base = 2 * (1 - as_floats(correlation)) * (1 / first + 1 / second)
    return Estimate(d, noncentral_variance(d, base, j, df))


def noncentral_variance(g: ArrayLike, spread: ArrayLike, j: ArrayLike, df: ArrayLike) -> Floats:
    """Return the variance of a standardised difference whose expectation is `g`: that of a noncentral t.

    Parameters
    ----------
    g : array-like
        The effect, corrected.
    spread : array-like
        Variance of the difference of means in units of the squared standard deviation.
    j : array-like
        The correction that was applied (1 for none).
    df : array-like
        Degrees of freedom of the standard deviation; the variance exists above 2.

    References
    ----------
    Hedges LV (1981), doi:10.3102/10769986006002107; Morris SB (2008), eq. 25, doi:10.1177/1094428106291059
    """
    effect, m = as_floats(g), as_floats(df)
    return as_floats(j) ** 2 * m / (m - 2) * (as_floats(spread) + effect**2) - effect**2


def g_from_t(t: ArrayLike, n_e: ArrayLike, n_c: ArrayLike, factor: ArrayLike = 1.0) -> Estimate:
    """Return Hedges' g from the t of a comparison of two arms.

    Parameters
    ----------
    t : array-like
        The statistic, signed first minus second arm.
    n_e, n_c : array-like
        People in each arm.
    factor : array-like
        Standard deviation of the score that was tested over that of the raw score: 1 for final
        scores, sqrt(2(1-r)) for changes, sqrt(1-r²) for baseline-adjusted scores.

    References
    ----------
    Cochrane Handbook for Systematic Reviews of Interventions, version 6.4, 6.5.2.3 and 10.5.2.
    doi:10.1002/9781119536604
    """
    first, second = as_floats(n_e), as_floats(n_c)
    g = hedges_j(first + second - 2) * as_floats(t) * np.sqrt(1 / first + 1 / second) * as_floats(factor)
    return Estimate(g, smd_variance(g, first, second, factor))


def critical_g(alpha: ArrayLike, n_e: ArrayLike, n_c: ArrayLike, factor: ArrayLike = 1.0) -> Floats:
    """Return the g at which a two-sided test of two arms just becomes significant.

    Parameters
    ----------
    alpha : array-like
        Two-sided level, in (0, 1).
    n_e, n_c, factor
        As in `g_from_t`.

    Examples
    --------
    >>> round(float(critical_g(0.05, 15, 15)), 3)
    0.728
    """
    first, second = as_floats(n_e), as_floats(n_c)
    return g_from_t(t_from_p(alpha, first + second - 2), first, second, factor).estimate


def t_from_p(p: ArrayLike, df: ArrayLike) -> Floats:
    """Return the size of t for a two-sided p value."""
    return np.asarray(stats.t.isf(as_floats(p) / 2, as_floats(df)), dtype=np.float64)


def t_from_interval(
    estimate: ArrayLike, low: ArrayLike, high: ArrayLike, level: ArrayLike, df: ArrayLike
) -> Floats:
    """Return t of a difference from its confidence interval, taken as estimate ± t·SE."""
    half = t_from_p(1 - as_floats(level), df)
    return as_floats(estimate) * 2 * half / (as_floats(high) - as_floats(low))
