"""Probability of a normal variable falling into a cell, in logarithms, with four derivatives.

A cell [low, high] seen from a normal variable with mean m and standard deviation s has the standardised
limits ``z = (limit - m) / s``. Everything here is a function of these limits, stable in both tails and
for cells of any width.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy import special

from evidence.numerics.wls import Vector

__all__ = ["log_cell", "log_cell_derivatives"]

_LOG_ROOT_2PI = 0.5 * float(np.log(2.0 * np.pi))
_NARROW = 0.05
"""Below this width (in standard deviations) the difference of two distribution functions would lose
digits, and eight Gauss-Legendre nodes integrate the density to machine precision."""
_NONE, _EMPTY = np.empty(0, dtype=np.intp), np.empty(0)
_NODES, _WEIGHTS = np.polynomial.legendre.leggauss(8)


def _narrow(z_low: Vector, z_high: Vector) -> tuple[NDArray[np.intp], Vector, Vector, Vector]:
    """Return the places of narrow cells, their middles, node offsets and node values.

    The density at a node, relative to that at the middle z: ``exp(-z x - x²/2)``.
    """
    width = z_high - z_low
    if not width.size or width.min() >= _NARROW:
        return _NONE, _EMPTY, _EMPTY, np.empty((2, 0, 8))
    at = np.flatnonzero(width < _NARROW)
    middle = 0.5 * (z_low[at] + z_high[at])
    offset = 0.5 * (z_high[at] - z_low[at])[:, None] * _NODES
    # The exponent is kept near zero also for a middle far out, so that nothing overflows.
    exponent = -middle[:, None] * offset - 0.5 * offset * offset
    top = exponent.max(axis=1)
    values = np.exp(exponent - top[:, None]) * (0.5 * _WEIGHTS)
    return at, middle, top, np.stack([offset, values])


def log_cell(z_low: Vector, z_high: Vector, width: Vector) -> Vector:
    """Return ``log(Phi(z_high) - Phi(z_low))``.

    Parameters
    ----------
    z_low, z_high : Vector, shape (n,)
        Standardised limits, ``z_low < z_high``; infinite limits allowed.
    width : Vector, shape (n,)
        ``z_high - z_low`` from the limits before they were shifted: the difference of two nearly equal
        standardised limits would be noise.

    Returns
    -------
    Vector, shape (n,)
    """
    # Reflected to the side where the cell's outer part lies below zero: there the logarithms of the
    # distribution function keep all their digits.
    with np.errstate(invalid="ignore"):
        flip = z_low + z_high > 0.0
    lower, upper = np.where(flip, -z_high, z_low), np.where(flip, -z_low, z_high)
    log_upper = special.log_ndtr(upper)
    with np.errstate(divide="ignore"):
        out = log_upper + np.log1p(-np.exp(special.log_ndtr(lower) - log_upper))
    at, middle, top, nodes = _narrow(z_low, z_high)
    if at.size:
        out[at] = (
            np.log(width[at]) - 0.5 * middle * middle - _LOG_ROOT_2PI + top + np.log(nodes[1].sum(axis=1))
        )
    return np.asarray(out, dtype=np.float64)


def log_cell_derivatives(z_low: Vector, z_high: Vector, log_p: Vector, order: int = 4) -> tuple[Vector, ...]:
    """Return the first derivatives of `log_cell` in the mean, in units of the standard deviation.

    With ``He`` the Hermite polynomials, the n-th derivative of the probability itself is
    ``He_{n-1}(z_low) phi(z_low) - He_{n-1}(z_high) phi(z_high)``.

    Parameters
    ----------
    z_low, z_high : Vector, shape (n,)
        Standardised limits.
    log_p : Vector, shape (n,)
        `log_cell` of the same cells.
    order : {2, 4}
        How many derivatives.

    Returns
    -------
    tuple of Vector
        Derivatives of the logarithm, first to `order`-th.
    """
    ends = []
    for limit, sign in ((z_low, 1.0), (z_high, -1.0)):
        density = sign * np.exp(-0.5 * limit * limit - _LOG_ROOT_2PI - log_p)  # 0 at an infinite limit
        ends.append((np.where(np.isinf(limit), 0.0, limit), density))
    (low, at_low), (high, at_high) = ends
    p1, p2 = at_low + at_high, low * at_low + high * at_high
    p3 = p4 = _EMPTY
    if order == 4:
        low2, high2 = low * low, high * high
        p3 = (low2 - 1.0) * at_low + (high2 - 1.0) * at_high
        p4 = low * (low2 - 3.0) * at_low + high * (high2 - 3.0) * at_high
    at, middle, _, nodes = _narrow(z_low, z_high)
    if at.size:
        z = middle[:, None] + nodes[0]
        share = nodes[1] / nodes[1].sum(axis=1, keepdims=True)
        square = z * z
        p1[at] = (share * z).sum(axis=1)
        p2[at] = (share * (square - 1.0)).sum(axis=1)
        if order == 4:
            p3[at] = (share * z * (square - 3.0)).sum(axis=1)
            p4[at] = (share * (square * square - 6.0 * square + 3.0)).sum(axis=1)
    one2 = p1 * p1
    if order == 2:
        return p1, p2 - one2
    return (
        p1,
        p2 - one2,
        p3 - 3.0 * p1 * p2 + 2.0 * p1 * one2,
        p4 - 4.0 * p1 * p3 - 3.0 * p2 * p2 + 12.0 * one2 * p2 - 6.0 * one2 * one2,
    )
