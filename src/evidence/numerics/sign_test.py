"""Directions as numbers: the side of each row, the majority of each study, the exact test of both sides."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import special

from evidence.numerics.wls import Vector

__all__ = ["Sides", "SignTest", "majorities", "sides", "sign_test"]

Whole = NDArray[np.int64]


@dataclass(frozen=True)
class SignTest:
    """How many point each way, and what that says of the share that points to the first side.

    Attributes
    ----------
    first, second : int
        How many point to each side.
    proportion : float
        Share of the first side; NaN where none points anywhere.
    low, high : float
        Clopper-Pearson interval of that share; 0 to 1 where none points anywhere.
    p_value : float
        Exact two-sided p of a share of one half; 1 where none points anywhere.
    """

    first: int
    second: int
    proportion: float
    low: float
    high: float
    p_value: float


@dataclass(frozen=True)
class Sides:
    """The rows of each group by side.

    Attributes
    ----------
    first, second, zero, unknown : ndarray of int, shape (groups,)
        Rows on each side, rows at zero, rows whose side is not known.
    """

    first: Whole
    second: Whole
    zero: Whole
    unknown: Whole

    @property
    def majority(self) -> Whole:
        """The side of most rows of a group: 1, -1, or 0 for a tie or nothing known."""
        return np.asarray(np.sign(self.first - self.second), dtype=np.int64)

    @property
    def known(self) -> NDArray[np.bool_]:
        """Whether a group has a row whose side is known (zero counts as known)."""
        return np.asarray(self.first + self.second + self.zero > 0)

    def if_unknown(self, side: int) -> Whole:
        """Return the majorities if every row of unknown side lay on one side (1 or -1)."""
        return np.asarray(np.sign(self.first - self.second + side * self.unknown), dtype=np.int64)


def sides(estimate: Vector, low: Vector, high: Vector, told: Vector | None = None) -> Vector:
    """Return the side of zero on which each row lies: 1, -1, or 0 where it is not known.

    Parameters
    ----------
    estimate : ndarray, shape (rows,)
        Effects; NaN where there is none.
    low, high : ndarray, shape (rows,)
        Limits between which the effect is known to lie, used where there is no estimate.
    told : ndarray, shape (rows,), optional
        A side that the report names, for rows whose numbers leave it open; 0 or NaN for none.

    Returns
    -------
    ndarray
        1.0, -1.0 or 0.0. An estimate of exactly zero has no side.

    Examples
    --------
    >>> nan, inf = math.nan, math.inf
    >>> sides(np.array([0.3, nan, nan]), np.array([0.3, -inf, -1.0]), np.array([0.3, -0.2, 1.0])).tolist()
    [1.0, -1.0, 0.0]
    """
    with np.errstate(invalid="ignore"):
        limits = np.where(low >= 0.0, 1.0, np.where(high <= 0.0, -1.0, 0.0))
        side = np.where(np.isnan(estimate), limits, np.sign(estimate))
    if told is not None:
        open_ = (side == 0.0) & np.isnan(estimate)
        side = np.where(open_, np.nan_to_num(told), side)
    return np.asarray(side, dtype=np.float64)


def majorities(side: Vector, at_zero: NDArray[np.bool_], group: NDArray[np.intp], groups: int) -> Sides:
    """Count the sides of the rows of each group.

    Parameters
    ----------
    side : ndarray, shape (rows,)
        1, -1 or 0, as from `sides`.
    at_zero : ndarray of bool, shape (rows,)
        Rows that are known to lie at zero: they have no side, and it is no secret.
    group : ndarray of int, shape (rows,)
        Group of each row, 0 to groups - 1.
    groups : int
        Number of groups.
    """
    unknown = (side == 0.0) & ~at_zero

    def counted(which: NDArray[np.bool_]) -> Whole:
        return np.bincount(group[which], minlength=groups).astype(np.int64)

    return Sides(counted(side > 0), counted(side < 0), counted(at_zero & (side == 0.0)), counted(unknown))


def sign_test(first: int, second: int, level: float = 0.95) -> SignTest:
    """Return the exact binomial test of equal sides, with the Clopper-Pearson interval.

    Parameters
    ----------
    first, second : int
        How many point to each side.
    level : float, default 0.95
        Level of the interval.

    References
    ----------
    Clopper CJ, Pearson ES (1934), doi:10.1093/biomet/26.4.404

    Examples
    --------
    >>> test = sign_test(9, 1)
    >>> round(test.p_value, 6), round(test.low, 3), round(test.high, 3)
    (0.021484, 0.555, 0.997)
    """
    n = first + second
    if n == 0:
        return SignTest(0, 0, math.nan, 0.0, 1.0, 1.0)
    tail = (1.0 - level) / 2.0
    low = float(special.betaincinv(first, second + 1, tail)) if first else 0.0
    high = float(special.betaincinv(first + 1, second, 1.0 - tail)) if second else 1.0
    # At one half the distribution is symmetric: twice the smaller tail is every convention's p.
    p = min(1.0, 2.0 * float(special.bdtr(min(first, second), n, 0.5)))
    return SignTest(first, second, first / n, low, high, p)
