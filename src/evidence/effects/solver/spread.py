"""Standard deviations from what is printed instead of them: arrays (or scalars) in, arrays out.

The functions broadcast and know nothing of tables, rows or missing cells. What they are given has been
checked: positive standard errors, limits in order, two people or more.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike
from scipy import stats

from evidence.effects.formulas import Floats, as_floats

__all__ = [
    "half_width_quantile",
    "r_from_sds",
    "sd_from_difference",
    "sd_from_interval",
    "sd_from_paired_t",
    "sd_from_se",
    "sd_of_change",
    "se_from_interval",
]


def half_width_quantile(level: ArrayLike, df: ArrayLike) -> Floats:
    """Return how many standard errors a confidence interval reaches to either side.

    Parameters
    ----------
    level : array-like
        Level of the interval, in (0, 1).
    df : array-like
        Degrees of freedom of the t distribution; infinite for a normal interval.

    Examples
    --------
    >>> round(float(half_width_quantile(0.95, 24)), 3)
    2.064
    """
    return np.asarray(stats.t.isf((1 - as_floats(level)) / 2, as_floats(df)), dtype=np.float64)


def se_from_interval(low: ArrayLike, high: ArrayLike, level: ArrayLike, df: ArrayLike) -> Floats:
    """Return the standard error behind a confidence interval that is symmetric by construction.

    Parameters
    ----------
    low, high : array-like
        Its limits.
    level, df : array-like
        As in `half_width_quantile`.

    References
    ----------
    Cochrane Handbook for Systematic Reviews of Interventions, version 6.4, 6.5.2.2.
    doi:10.1002/9781119536604

    Examples
    --------
    A 95 % interval of 30.0 to 34.2 around the mean of 25 people:

    >>> round(float(se_from_interval(30.0, 34.2, 0.95, 24)), 3)
    1.017
    """
    return (as_floats(high) - as_floats(low)) / (2 * half_width_quantile(level, df))


def sd_from_se(se: ArrayLike, n: ArrayLike) -> Floats:
    """Return the standard deviation of n people whose mean has the standard error `se`.

    References
    ----------
    Cochrane Handbook, version 6.4, 6.5.2.2. doi:10.1002/9781119536604

    Examples
    --------
    >>> float(sd_from_se(1.2, 25))
    6.0
    """
    return as_floats(se) * np.sqrt(as_floats(n))


def sd_from_interval(low: ArrayLike, high: ArrayLike, level: ArrayLike, n: ArrayLike) -> Floats:
    """Return the standard deviation of n people from the confidence interval of their mean.

    Parameters
    ----------
    low, high : array-like
        Limits of the mean.
    level : array-like
        Level of the interval, in (0, 1).
    n : array-like
        People, 2 or more: the interval is taken as mean ± t·SE with n - 1 degrees of freedom.

    References
    ----------
    Cochrane Handbook, version 6.4, 6.5.2.2. doi:10.1002/9781119536604

    Examples
    --------
    >>> round(float(sd_from_interval(30.0, 34.2, 0.95, 25)), 2)
    5.09
    """
    size = as_floats(n)
    return sd_from_se(se_from_interval(low, high, level, size - 1), size)


def sd_from_paired_t(change: ArrayLike, t: ArrayLike, n: ArrayLike) -> Floats:
    """Return the standard deviation of a change from its mean and its (paired) t.

    Parameters
    ----------
    change : array-like
        Mean change, not 0.
    t : array-like
        Its t, not 0; the sign does not matter.
    n : array-like
        People.

    References
    ----------
    Cochrane Handbook, version 6.4, 6.5.2.8. doi:10.1002/9781119536604
    """
    return np.abs(as_floats(change) / as_floats(t)) * np.sqrt(as_floats(n))


def sd_from_difference(difference: ArrayLike, t: ArrayLike, n_e: ArrayLike, n_c: ArrayLike) -> Floats:
    """Return the common standard deviation of two arms from the difference of their means and its t.

    Parameters
    ----------
    difference : array-like
        First minus second mean, not 0.
    t : array-like
        t of the comparison, not 0; from a p value by `evidence.effects.formulas.t_from_p`.
    n_e, n_c : array-like
        People in each arm.

    References
    ----------
    Cochrane Handbook, version 6.4, 6.5.2.3. doi:10.1002/9781119536604

    Examples
    --------
    A difference of 3.8 with p = 0.008 (t = 2.78) between 25 and 22 people:

    >>> round(float(sd_from_difference(3.8, 2.78, 25, 22)), 2)
    4.68
    """
    spread = np.sqrt(1 / as_floats(n_e) + 1 / as_floats(n_c))
    return np.abs(as_floats(difference) / as_floats(t)) / spread


def sd_of_change(sd_pre: ArrayLike, sd_post: ArrayLike, r: ArrayLike) -> Floats:
    """Return the standard deviation of a change from those before and after and their correlation.

    References
    ----------
    Cochrane Handbook, version 6.4, 6.5.2.8. doi:10.1002/9781119536604

    Examples
    --------
    >>> round(float(sd_of_change(4.0, 4.4, 0.78)), 2)
    2.81
    """
    pre, post = as_floats(sd_pre), as_floats(sd_post)
    # Written so that r near 1 loses no digits: (pre - post)² + 2(1-r)·pre·post.
    return np.sqrt((pre - post) ** 2 + 2 * (1 - as_floats(r)) * pre * post)


def r_from_sds(sd_pre: ArrayLike, sd_post: ArrayLike, sd_change: ArrayLike) -> Floats:
    """Return the correlation of pre and post scores that three standard deviations imply.

    Returns
    -------
    ndarray
        Outside [-1, 1] where the three cannot all be right.

    References
    ----------
    Cochrane Handbook, version 6.4, 6.5.2.8. doi:10.1002/9781119536604

    Examples
    --------
    >>> round(float(r_from_sds(6.4, 7.1, 4.5)), 2)
    0.78
    """
    pre, post = as_floats(sd_pre), as_floats(sd_post)
    return (pre**2 + post**2 - as_floats(sd_change) ** 2) / (2 * pre * post)
