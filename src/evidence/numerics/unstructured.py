"""Maximisation over a covariance matrix without structure, by its triangular factor, singular ones included.

With T = L L' every L gives a covariance, so there is no constraint to hold; where the best T is singular,
columns of L go to zero, and the second derivative there is the (negative) slope of the likelihood, so that
Newton's method still converges. Away from the maximum the likelihood need not be concave in L: steps are
taken in a trust region (More & Sorensen 1983, https://doi.org/10.1137/0904038), whose small eigenproblem also
leaves saddle points.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from evidence.errors import ModelError
from evidence.numerics.gram import Evaluation
from evidence.numerics.jets import pairs
from evidence.numerics.wls import Vector

__all__ = ["FactorTop", "ascend_factor", "elements", "matrix", "trusted"]

_MAX_STEPS = 300
_CLOSE = 1e-16
_STALLED = 1e-9


@dataclass(frozen=True)
class FactorTop:
    """A maximum: the factor, the evaluation in the elements of L L', the steps taken."""

    factor: Vector
    evaluation: Evaluation
    steps: int


def elements(square: Vector) -> Vector:
    """Return the elements of a symmetric matrix in the order of `pairs`."""
    low, high = pairs(square.shape[0])
    return np.asarray(square[low, high])


def matrix(values: Vector) -> Vector:
    """Return the symmetric matrix of elements in the order of `pairs`."""
    o = round((np.sqrt(8 * values.size + 1) - 1) / 2)
    low, high = pairs(o)
    out = np.zeros((o, o))
    out[low, high] = out[high, low] = values
    return out


def _chain(factor: Vector) -> Vector:
    """Return the derivatives of the elements of L L' in those of L (lower triangle, by rows)."""
    o = factor.shape[0]
    low, high = pairs(o)
    row, column = np.tril_indices(o)
    hit_low = (low[:, None] == row) * factor[high[:, None], column]
    hit_high = (high[:, None] == row) * factor[low[:, None], column]
    return np.asarray(hit_low + hit_high)


def _curvature(gradient: Vector, o: int) -> Vector:
    """Return what the second derivatives of L L' add to the Hessian in L."""
    slope = matrix(gradient)
    # An off-diagonal element holds two entries of T, a diagonal one twice the square.
    slope[np.diag_indices(o)] *= 2.0
    row, column = np.tril_indices(o)
    return np.asarray(slope[np.ix_(row, row)] * (column[:, None] == column))


def trusted(hessian: Vector, gradient: Vector, radius: float) -> Vector:
    """Return the minimiser of the quadratic model within the radius."""
    values, vectors = np.linalg.eigh(hessian)
    g = vectors.T @ gradient
    tiny = 1e-13 * max(abs(values[0]), abs(values[-1]), 1e-300)

    def step(shift: float) -> Vector:
        total = values + shift
        return np.where(total > tiny, -g / np.where(total > tiny, total, 1.0), 0.0)

    base = max(0.0, -float(values[0]))
    p = step(base)
    if values[0] > tiny and np.linalg.norm(p) <= radius:
        return np.asarray(vectors @ p)
    if values[0] <= tiny and np.linalg.norm(p) <= radius and abs(g[0]) <= 1e-14 * np.linalg.norm(g) + 1e-300:
        # The gradient says nothing along the direction that bends upwards: go to the edge (flat: stay).
        if values[0] < -tiny:
            p[0] = np.sqrt(max(radius**2 - float(p @ p), 0.0))
        return np.asarray(vectors @ p)
    low, high = base, base + float(np.linalg.norm(g)) / radius + tiny
    for _ in range(100):
        middle = 0.5 * (low + high)
        if np.linalg.norm(step(middle)) > radius:
            low = middle
        else:
            high = middle
    return np.asarray(vectors @ step(high))


def ascend_factor(
    function: Callable[[Vector], Evaluation],
    start: Vector,
    size: Vector,
    held: NDArray[np.bool_] | None = None,
    enough: float = 0.0,
) -> FactorTop:
    """Climb to the maximum over T = L L' that is reached from a start.

    Parameters
    ----------
    function : callable
        Evaluates the log-likelihood with derivatives in the elements of T (`pairs`).
    start : Vector, shape (o, o)
        Lower triangular start.
    size : Vector, shape (o,)
        Typical standard error of each outcome: the length by which its row of L is measured.
    held : ndarray of bool, shape (o (o + 1) / 2,), optional
        Elements of L (lower triangle, by rows) that keep their start value.
    enough : float, default 0
        Rise of the log-likelihood still to be had at which to stop after ten steps that promised less: with a
        diagonal element held at 0 the factor is not unique, and Newton's method creeps along its flat valley.

    Returns
    -------
    FactorTop

    Raises
    ------
    ModelError
        Where the maximum is not reached in 300 steps.
    """
    o = start.shape[0]
    row, column = np.tril_indices(o)
    free = np.ones(row.size, dtype=bool) if held is None else ~held
    factor, radius, best, idle = start.copy(), 1.0, np.inf, 0
    now = function(elements(factor @ factor.T))
    for steps in range(1, _MAX_STEPS + 1):
        unit = np.sqrt(size**2 + (factor**2).sum(axis=1))[row]
        chain = _chain(factor)
        hessian = (chain.T @ now.observed @ chain - _curvature(now.gradient, o)) * unit[:, None] * unit
        gradient = -(chain.T @ now.gradient) * unit
        hessian, gradient = hessian[np.ix_(free, free)], gradient[free]
        step = trusted(hessian, gradient, radius)
        gain = -float(gradient @ step + 0.5 * step @ hessian @ step)
        inside = float(np.linalg.norm(step)) < 0.999 * radius
        last = inside and (gain <= 0.5 * _CLOSE or (gain <= _STALLED and gain >= 0.25 * best))
        best = min(best, gain)
        idle = idle + 1 if gain <= enough else 0
        if idle > 10:
            return FactorTop(factor, now, steps)
        new = factor.copy()
        new[row[free], column[free]] += step * unit[free]
        after = function(elements(new @ new.T))
        if last:
            return FactorTop(new, after, steps)
        rounding = 1e-13 * (1.0 + abs(now.value)) if gain < 1e-6 else 0.0
        share = (after.value - now.value + rounding) / gain if gain > 0.0 else -1.0
        if share < 0.25:
            radius = 0.25 * min(radius, float(np.linalg.norm(step)))
        elif share > 0.75 and not inside:
            radius *= 2.0
        if share > 1e-4:
            factor, now = new, after
        elif radius < 1e-14:
            break
    raise ModelError("the maximum of the likelihood over the covariance of the outcomes was not reached")
