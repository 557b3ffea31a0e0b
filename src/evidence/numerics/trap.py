"""The difference in significance: what two within-arm tests say of the difference between the arms.

An arm's test of its own change is a one-sample t: mean change over its standard error. Two of them, with the
sizes of the arms, fix the difference between the arms in standard deviations of change.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike
from scipy import optimize, special

from evidence.numerics.wls import Vector

__all__ = [
    "Chance",
    "Difference",
    "critical_t",
    "difference_of_arms",
    "most_discordant",
    "one_arm_only",
    "two_sided_p",
    "within_power",
]


@dataclass(frozen=True)
class Difference:
    """Range of the difference between two arms, in units of their pooled standard deviation of change.

    Attributes
    ----------
    first_unit, second_unit : float
        What one t of each arm is worth: standard error of its mean change in these units.
    low, high : float
        Ends of the difference of the mean changes, first arm minus second; possibly infinite.
    t_low, t_high : float
        The same as t of the two-sample test.
    df : float
        Its degrees of freedom.
    p_low, p_high : float
        Ends of its two-sided p.
    """

    first_unit: float
    second_unit: float
    low: float
    high: float
    t_low: float
    t_high: float
    df: float
    p_low: float
    p_high: float


@dataclass(frozen=True)
class Chance:
    """Chance that one arm alone is significant although both changed alike.

    Attributes
    ----------
    first_only, second_only : float
        Chance that the first (second) arm alone is significant.
    either : float
        Their sum.
    change : float
        True change of both arms, in standard deviations of change.
    """

    first_only: float
    second_only: float
    either: float
    change: float


def critical_t(alpha: ArrayLike, df: ArrayLike) -> Vector:
    """Return the t at which a two-sided test just becomes significant."""
    tail = np.asarray(alpha, dtype=np.float64) / 2.0
    return np.asarray(-special.stdtrit(np.asarray(df, dtype=np.float64), tail), dtype=np.float64)


def two_sided_p(t: ArrayLike, df: ArrayLike) -> Vector:
    """Return the two-sided p of a t; an infinite t has p = 0."""
    size = np.abs(np.asarray(t, dtype=np.float64))
    return np.asarray(2.0 * special.stdtr(np.asarray(df, dtype=np.float64), -size), dtype=np.float64)


def difference_of_arms(
    first: tuple[float, float], second: tuple[float, float], n_e: float, n_c: float, sd_ratio: float = 1.0
) -> Difference:
    """Return the differences between two arms that are compatible with their own t statistics.

    Parameters
    ----------
    first, second : tuple of float
        Ends of the t of each arm's change; equal where it is known, possibly infinite.
    n_e, n_c : float
        People in each arm, at least 2.
    sd_ratio : float, default 1.0
        Standard deviation of change in the first arm over that in the second.

    Returns
    -------
    Difference

    Examples
    --------
    Two arms of 15, t = 2.98 (p = 0.01) and a t anywhere between its critical values:

    >>> found = difference_of_arms((2.98, 2.98), (-2.14, 2.14), 15, 15)
    >>> round(found.low, 2), round(found.high, 2), round(found.p_high, 2)
    (0.22, 1.32, 0.56)
    """
    df = n_e + n_c - 2.0
    pooled = math.sqrt(((n_e - 1.0) * sd_ratio**2 + (n_c - 1.0)) / df)
    units = sd_ratio / (pooled * math.sqrt(n_e)), 1.0 / (pooled * math.sqrt(n_c))
    low = first[0] * units[0] - second[1] * units[1]
    high = first[1] * units[0] - second[0] * units[1]
    error = math.sqrt(1.0 / n_e + 1.0 / n_c)
    ends = low / error, high / error
    p = [float(value) for value in two_sided_p(ends, df)]
    crosses = ends[0] <= 0.0 <= ends[1]
    return Difference(*units, low, high, *ends, df, min(p), 1.0 if crosses else max(p))


def within_power(change: ArrayLike, n: ArrayLike, alpha: float = 0.05) -> Vector:
    """Return the chance that an arm's own test is significant: power of the one-sample t, both tails.

    Parameters
    ----------
    change : array-like
        True change in standard deviations of change.
    n : array-like
        People in the arm, at least 2.
    alpha : float, default 0.05
        Two-sided level.

    Examples
    --------
    >>> round(float(within_power(0.0, 15)), 3)
    0.05
    """
    size = np.asarray(n, dtype=np.float64)
    df = size - 1.0
    shift = np.abs(np.asarray(change, dtype=np.float64)) * np.sqrt(size)
    limit = critical_t(alpha, df)
    near, far = special.nctdtr(df, shift, limit), special.nctdtr(df, shift, -limit)
    # Where a tail is below 1e-20 the distribution function may give NaN for it (checked up to 1e5 df).
    return np.asarray(1.0 - np.nan_to_num(near) + np.nan_to_num(far), dtype=np.float64)


def one_arm_only(change: float, n_e: float, n_c: float, alpha: float = 0.05) -> Chance:
    """Return the chance that one arm alone is significant although both truly changed alike.

    The arms are independent, so that with powers P and R it is P (1 - R) + R (1 - P); for equal arms
    2 P (1 - P), at most one half.

    References
    ----------
    Bland JM, Altman DG (2011). Comparisons against baseline within randomised groups are often used and
    can be highly misleading. Trials 12:264. doi:10.1186/1745-6215-12-264

    Examples
    --------
    Even where nothing changes at all, 9.5 % of trials show it:

    >>> round(one_arm_only(0.0, 15, 15).either, 4)
    0.095
    """
    first, second = (float(within_power(change, n, alpha)) for n in (n_e, n_c))
    only = first * (1.0 - second), second * (1.0 - first)
    return Chance(*only, sum(only), change)


def most_discordant(n_e: float, n_c: float, alpha: float = 0.05) -> Chance:
    """Return the largest chance that one arm alone is significant, over every true change.

    Examples
    --------
    >>> round(most_discordant(15, 15).either, 6)
    0.5
    """

    def missed(log_change: float) -> float:
        return -one_arm_only(math.exp(log_change), n_e, n_c, alpha).either

    # The chance rises from a change of nothing and falls again once both arms are sure to be
    # significant; a grid finds the hill, which may have a flat top where the arms differ much in size.
    grid = np.linspace(math.log(1e-3), math.log(1e3), 241)
    first, second = (within_power(np.exp(grid), n, alpha) for n in (n_e, n_c))
    best = int(np.argmax(first * (1.0 - second) + second * (1.0 - first)))
    ends = grid[max(best - 1, 0)], grid[min(best + 1, grid.size - 1)]
    found = optimize.minimize_scalar(missed, bounds=ends, method="bounded", options={"xatol": 1e-9})
    return one_arm_only(math.exp(float(found.x)), n_e, n_c, alpha)
