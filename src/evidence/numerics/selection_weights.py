"""Selection functions: the relative chance of a result to be published, given its p value.

Every likelihood with such a function needs the mean of the weight under a normal distribution. A standardised
effect has a standard deviation of at least 1, and a weight is constant where p is near 0 or 1: nodes that are
the same for every study integrate the middle to machine precision, normal probabilities give the rest.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy import special

from evidence.numerics.wls import Vector

__all__ = ["P_LIMIT", "TYPES", "Grid", "grid", "log_weights", "p_values", "statistic", "z_of"]

P_LIMIT = 1e-5
"""P values nearer to 0 or 1 count as if they were there, where weights could be infinite (beta, power):
Citkowicz & Vevea 2017."""

TYPES = ("stepfun", "beta", "halfnorm", "negexp", "logistic", "power")
_LIMITED = ("beta", "power")
_FAR = 9.0
"""Beyond, p differs from 0 or 1 by less than 2e-19."""
_NODES, _WEIGHTS = np.polynomial.legendre.leggauss(16)


@dataclass(frozen=True)
class Grid:
    """Where a weight is evaluated.

    Attributes
    ----------
    z, area : Vector, shape (nodes,)
        Nodes on the axis of the standardised effect, and their quadrature weights.
    low, high : Vector, shape (cells,)
        Cells in which the weight is constant.
    t : Vector, shape (q, nodes + cells)
        What each parameter multiplies in the logarithm of the weight, first at nodes, then in cells.
    """

    z: Vector
    area: Vector
    low: Vector
    high: Vector
    t: Vector


def p_values(z: Vector, alternative: str) -> Vector:
    """Return p values of standardised effects: of higher ones (``"greater"``), or two-sided."""
    return np.asarray(special.ndtr(-z) if alternative == "greater" else 2.0 * special.ndtr(-np.abs(z)))


def z_of(p: Vector, alternative: str) -> Vector:
    """Return the standardised effect (its size, if two-sided) with a p value."""
    return np.asarray(-special.ndtri(p if alternative == "greater" else 0.5 * p))


def statistic(kind: str, z: Vector, alternative: str, steps: Vector) -> Vector:
    """Return what each parameter multiplies in the logarithm of the weight, shape (q, n).

    For step functions one indicator an interval but the first, for the beta function log p and log(1 - p).
    """
    two = alternative != "greater"
    if kind == "stepfun":
        # On the axis of z, so that an effect meets the same limits as the cells of the integral.
        own = np.abs(z) if two else z
        place = (own[None, :] < z_of(steps, alternative)[:, None]).sum(axis=0)
        return np.asarray(place[None, :] == np.arange(1, steps.size + 1)[:, None], dtype=np.float64)
    if kind in _LIMITED:
        end = float(z_of(np.array([P_LIMIT]), alternative)[0])
        if two:
            z = np.clip(np.abs(z), float(z_of(np.array([1.0 - P_LIMIT]), alternative)[0]), end)
        else:
            z = np.clip(z, -end, end)
        log_p = special.log_ndtr(-z) + (np.log(2.0) if two else 0.0)
        log_rest = np.log(special.erf(z / np.sqrt(2.0))) if two else special.log_ndtr(z)
        return np.asarray(log_rest[None, :] if kind == "power" else np.stack([log_p, log_rest]))
    p = p_values(z, alternative)
    return np.asarray((-p * p if kind == "halfnorm" else -p)[None, :])


def grid(kind: str, alternative: str, steps: Vector) -> Grid:
    """Return nodes and cells for a selection function.

    Parameters
    ----------
    kind : str
        One of `TYPES`.
    alternative : {"greater", "two.sided"}
        Of the p values.
    steps : Vector, shape (c,)
        Upper limits of p of the intervals but the last, ascending, for ``"stepfun"``; else empty.
    """
    two, inf = alternative != "greater", np.array([np.inf])
    if kind == "stepfun":
        cuts = np.sort(z_of(steps, alternative))
        edges = np.concatenate([-inf, -cuts[::-1], cuts, inf] if two else [-inf, cuts, inf])
        low, high = edges[:-1], edges[1:]
        inside = np.where(np.isinf(low), high - 1.0, np.where(np.isinf(high), low + 1.0, 0.5 * (low + high)))
        empty = np.empty(0)
        return Grid(empty, empty, low, high, statistic(kind, inside, alternative, steps))
    end = float(z_of(np.array([P_LIMIT]), alternative)[0]) if kind in _LIMITED else _FAR
    panels = np.linspace(-end, end, 2 * round(end) + 1)
    low, high = np.array([-np.inf, end]), np.array([-end, np.inf])
    if two and kind in _LIMITED:
        # Towards z = 0 the weight is a power of |z|: panels shrink with the distance from it.
        near = float(z_of(np.array([1.0 - P_LIMIT]), alternative)[0])
        half = np.concatenate([np.geomspace(near, 0.5, 10)[:-1], np.linspace(0.5, end, 2 * round(end))])
        panels = np.concatenate([-half[::-1], half])
        low, high = np.append(low, -near), np.append(high, near)
    left, right = panels[:-1], panels[1:]
    if two and kind in _LIMITED:
        real = ~((left < 0.0) & (right > 0.0))
        left, right = left[real], right[real]
    half_width = 0.5 * (right - left)
    z = (0.5 * (left + right))[:, None] + half_width[:, None] * _NODES
    area = half_width[:, None] * _WEIGHTS
    ends = np.where(np.isinf(low), high - 1e3, np.where(np.isinf(high), low + 1e3, 0.0))
    t = statistic(kind, np.concatenate([z.ravel(), ends]), alternative, steps)
    return Grid(z.ravel(), area.ravel(), low, high, t)


def log_weights(kind: str, delta: Vector, t: Vector) -> tuple[Vector, Vector, Vector]:
    """Return the logarithm of the weight, its derivatives in each parameter, and second ones.

    Parameters
    ----------
    kind : str
        One of `TYPES`.
    delta : Vector, shape (q,)
        Parameters in which the logarithm is linear (for ``"stepfun"`` log weights, for ``"beta"`` both
        less 1), except for ``"logistic"``.
    t : Vector, shape (q, ...)
        As `statistic` gives it, times the imprecision of a study where there is one.

    Returns
    -------
    tuple of Vector
        Shapes (...), (q, ...), (...): the second derivative is not zero for ``"logistic"`` alone, q = 1.
    """
    if kind == "logistic":
        x = delta[0] * t[0]  # -delta p
        rest = special.expit(-x)
        return (
            np.asarray(np.log(2.0) + special.log_expit(x)),
            np.asarray((rest * t[0])[None]),
            np.asarray(-rest * (1.0 - rest) * t[0] * t[0]),
        )
    return np.tensordot(delta, t, axes=1), t, np.zeros(t.shape[1:])
