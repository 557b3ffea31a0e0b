"""Mean and standard deviation from a median with quartiles, extremes or both: arrays in, arrays out.

The weights depend on the number of people: the extremes of many people lie farther out than those of few.
All rest on scores that are roughly normal.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike
from scipy import special

from evidence.effects.formulas import Floats, as_floats

__all__ = [
    "mean_from_five",
    "mean_from_quartiles",
    "mean_from_range",
    "sd_from_five",
    "sd_from_quartiles",
    "sd_from_range",
]


def _range_in_sds(n: Floats) -> Floats:
    """Return the expected range of n normal scores, in standard deviations (Wan 2014, eq. 9)."""
    return 2 * np.asarray(special.ndtri((n - 0.375) / (n + 0.25)), dtype=np.float64)


def _quartiles_in_sds(n: Floats) -> Floats:
    """Return the expected distance of the quartiles of n normal scores (Wan 2014, eq. 16)."""
    return 2 * np.asarray(special.ndtri((0.75 * n - 0.125) / (n + 0.25)), dtype=np.float64)


def sd_from_range(low: ArrayLike, high: ArrayLike, n: ArrayLike) -> Floats:
    """Return the standard deviation from the smallest and the largest of n scores.

    References
    ----------
    Wan X, Wang W, Liu J, Tong T (2014). Estimating the sample mean and standard deviation from the sample
    size, median, range and/or interquartile range. BMC Med Res Methodol 14:135, eq. 9.
    doi:10.1186/1471-2288-14-135
    """
    return (as_floats(high) - as_floats(low)) / _range_in_sds(as_floats(n))


def sd_from_quartiles(q1: ArrayLike, q3: ArrayLike, n: ArrayLike) -> Floats:
    """Return the standard deviation from the quartiles of n scores.

    References
    ----------
    Wan et al. (2014), eq. 16. doi:10.1186/1471-2288-14-135
    """
    return (as_floats(q3) - as_floats(q1)) / _quartiles_in_sds(as_floats(n))


def sd_from_five(low: ArrayLike, q1: ArrayLike, q3: ArrayLike, high: ArrayLike, n: ArrayLike) -> Floats:
    """Return the standard deviation from extremes and quartiles of n scores: the mean of the two.

    References
    ----------
    Wan et al. (2014), eq. 12. doi:10.1186/1471-2288-14-135
    """
    return (sd_from_range(low, high, n) + sd_from_quartiles(q1, q3, n)) / 2


def mean_from_range(low: ArrayLike, median: ArrayLike, high: ArrayLike, n: ArrayLike) -> Floats:
    """Return the mean from the median and the extremes of n scores.

    References
    ----------
    Luo D, Wan X, Liu J, Tong T (2018). Optimally estimating the sample mean from the sample size, median,
    mid-range, and/or mid-quartile range. Stat Methods Med Res 27:1785-1805, eq. 7.
    doi:10.1177/0962280216669183
    """
    weight = 4 / (4 + as_floats(n) ** 0.75)
    return weight * (as_floats(low) + as_floats(high)) / 2 + (1 - weight) * as_floats(median)


def mean_from_quartiles(q1: ArrayLike, median: ArrayLike, q3: ArrayLike, n: ArrayLike) -> Floats:
    """Return the mean from the median and the quartiles of n scores.

    References
    ----------
    Luo et al. (2018), eq. 11. doi:10.1177/0962280216669183
    """
    weight = 0.7 + 0.39 / as_floats(n)
    return weight * (as_floats(q1) + as_floats(q3)) / 2 + (1 - weight) * as_floats(median)


def mean_from_five(
    low: ArrayLike, q1: ArrayLike, median: ArrayLike, q3: ArrayLike, high: ArrayLike, n: ArrayLike
) -> Floats:
    """Return the mean from the median, the quartiles and the extremes of n scores.

    References
    ----------
    Luo et al. (2018), eq. 15. doi:10.1177/0962280216669183
    """
    size = as_floats(n)
    extremes = 2.2 / (2.2 + size**0.75)
    quartiles = 0.7 - 0.72 / size**0.55
    return (
        extremes * (as_floats(low) + as_floats(high)) / 2
        + quartiles * (as_floats(q1) + as_floats(q3)) / 2
        + (1 - extremes - quartiles) * as_floats(median)
    )
