"""The integrand over a study's latent coordinates: its peak, and how far it reaches.

The integrand is ``phi(x) phi(xi)`` times cells ``Phi(h_r - m_r x - b_r xi) - Phi(l_r - m_r x - b_r xi)``:
log-concave, with log-curvature of at least 1 in every direction. Everything above ``exp(-D)`` of the peak
therefore lies within ``sqrt(2 D)`` of the mode.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from evidence.numerics.normal_cells import log_cell, log_cell_derivatives
from evidence.numerics.wls import Vector

__all__ = ["Cells", "Index", "expand", "modes", "plane_ranges", "ranges", "subset"]

Index = NDArray[np.intp]


@dataclass(frozen=True)
class Cells:
    """The cells of all studies, as functions of each study's standardised latent coordinates.

    Attributes
    ----------
    low, high, slope, side : Vector, shape (rows,)
        A row's limits are ``low - slope x - side xi`` and ``high - slope x - side xi``.
    width : Vector, shape (rows,)
        ``high - low``, from the limits as given.
    starts : ndarray of int, shape (studies,)
        First row of each study; rows are sorted by study.
    study : ndarray of int, shape (rows,)
        Study of each row.
    """

    low: Vector
    high: Vector
    slope: Vector
    side: Vector
    width: Vector
    starts: Index
    study: Index

    @property
    def counts(self) -> Index:
        """Rows of each study."""
        return np.diff(np.append(self.starts, self.low.size))


def expand(counts: Index, starts: Index, study: Index) -> tuple[Index, Index, Index]:
    """Pair items with the rows of their study.

    Parameters
    ----------
    counts, starts : ndarray of int, shape (studies,)
        Rows of each study.
    study : ndarray of int, shape (items,)
        Study of each item.

    Returns
    -------
    tuple of ndarray of int
        For each pair its item and its row; for each item its first pair.
    """
    size = counts[study]
    first = np.cumsum(size) - size
    item = np.repeat(np.arange(study.size), size)
    row = np.arange(item.size) + np.repeat(starts[study] - first, size)
    return item, row, first


def subset(cells: Cells, keep: NDArray[np.bool_]) -> Cells:
    """Return the cells of some studies, these numbered anew."""
    rows = keep[cells.study]
    study = (np.cumsum(keep) - 1)[cells.study[rows]]
    starts = np.flatnonzero(np.r_[True, np.diff(study) > 0])
    return Cells(
        cells.low[rows],
        cells.high[rows],
        cells.slope[rows],
        cells.side[rows],
        cells.width[rows],
        starts,
        study,
    )


def _twice(cells: Cells) -> Cells:
    """Return the cells with every study twice, first all, then all again."""
    n, rows = cells.starts.size, cells.low.size
    return Cells(
        np.tile(cells.low, 2),
        np.tile(cells.high, 2),
        np.tile(cells.slope, 2),
        np.tile(cells.side, 2),
        np.tile(cells.width, 2),
        np.concatenate([cells.starts, cells.starts + rows]),
        np.concatenate([cells.study, cells.study + n]),
    )


@dataclass(frozen=True)
class _Height:
    """The log-integrand at one point a study, its gradient and its negative Hessian."""

    value: Vector
    x: Vector
    xi: Vector
    x_x: Vector
    x_xi: Vector
    xi_xi: Vector


def _height(cells: Cells, x: Vector, xi: Vector) -> _Height:
    shift = cells.slope * x[cells.study] + cells.side * xi[cells.study]
    low, high = cells.low - shift, cells.high - shift
    log_p = log_cell(low, high, cells.width)
    first, second = log_cell_derivatives(low, high, log_p, order=2)

    def total(values: Vector) -> Vector:
        return np.asarray(np.add.reduceat(values, cells.starts))

    along = second * cells.slope
    return _Height(
        total(log_p) - 0.5 * (x * x + xi * xi),
        total(first * cells.slope) - x,
        total(first * cells.side) - xi,
        np.maximum(1.0 - total(along * cells.slope), 1.0),
        -total(along * cells.side),
        np.maximum(1.0 - total(second * cells.side**2), 1.0),
    )


def ranges(cells: Cells, x0: Vector, xi0: Vector, height: Vector, floor: Vector) -> tuple[Vector, Vector]:
    """Return, for each study, where the log-integrand at xi = xi0 meets `floor` on either side of x0.

    Newton from outside: on a concave curve it stays outside, so that any number of steps is safe.
    """
    both, n = _twice(cells), x0.size
    far = np.sqrt(2.0 * (height - floor)) + 0.5
    x, level, xi = np.concatenate([x0 - far, x0 + far]), np.tile(floor, 2), np.tile(xi0, 2)
    for _ in range(2):
        now = _height(both, x, xi)
        x = x - np.where(now.value < level, (now.value - level) / now.x, 0.0)
    return x[:n], x[n:]


def modes(cells: Cells) -> tuple[Vector, Vector, Vector]:
    """Return each study's mode (to a fraction of its width) and its log-height: Newton with halving."""
    x = np.zeros(cells.starts.size)
    xi = np.zeros_like(x)
    now = _height(cells, x, xi)
    for _ in range(60):
        det = now.x_x * now.xi_xi - now.x_xi**2
        step_x = (now.xi_xi * now.x - now.x_xi * now.xi) / det
        step_xi = (now.x_x * now.xi - now.x_xi * now.x) / det
        if float((now.x * step_x + now.xi * step_xi).max()) < 0.1:
            break
        factor = np.ones_like(x)
        for _ in range(30):
            then = _height(cells, x + factor * step_x, xi + factor * step_xi)
            worse = then.value < now.value
            if not worse.any():
                break
            factor = np.where(worse, 0.5 * factor, factor)
        x, xi, now = x + factor * step_x, xi + factor * step_xi, then
    return x, xi, now.value


def plane_ranges(cells: Cells, x0: Vector, xi0: Vector, top: Vector, drop: float) -> tuple[Vector, Vector]:
    """Return where the log-integrand, highest over xi, meets `floor`: as `ranges`, on a concave profile."""
    both, n = _twice(cells), x0.size
    far = np.sqrt(2.0 * drop) + 0.5
    x, xi, level = np.concatenate([x0 - far, x0 + far]), np.tile(xi0, 2), np.tile(top - drop, 2)
    for _ in range(2):
        for _ in range(4):
            now = _height(both, x, xi)
            xi = xi + now.xi / now.xi_xi
        now = _height(both, x, xi)
        # A slice that is not quite at its best xi lies lower; half a unit covers it.
        step = np.where(now.value < level - 0.5, (now.value - level + 0.5) / now.x, 0.0)
        inward = np.sign(step) == np.sign(x - np.tile(x0, 2))
        x = x - np.where(inward & (np.abs(step) < np.abs(x - np.tile(x0, 2))), step, 0.0)
    return x[:n], x[n:]
