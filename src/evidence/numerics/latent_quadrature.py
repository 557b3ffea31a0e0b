"""Nodes for the integral over a study's two latent coordinates, adapted to each study.

The integrand is ``phi(x) phi(xi)`` times cells ``Phi(h_r - m_r x - b_r xi) - Phi(l_r - m_r x - b_r xi)``:
log-concave, with log-curvature of at least 1 in every direction, and along x no finer structure than
``1 / sqrt(S)``, ``S = 1 + sum m_r²``. Two consequences are used:

- everything above ``exp(-D)`` of the peak lies within ``sqrt(2 D)`` of the mode;
- its Fourier transform falls like ``exp(-w² / (2 S))``, so that the plain trapezoid with step ``h`` errs by
  about ``2 exp(-2 pi² / (h² S))``: exponentially exact (Trefethen & Weideman 2014,
  https://doi.org/10.1137/130932132), and cheaper than Gauss-Hermite, which meets sharp cells badly.

Where cells are sharp against the latent spread (large ``S``) the range is cut into Gauss-Legendre panels that
halve towards the edges of the cells. The second coordinate matters little as a rule (``b_r`` small): a few
Gauss-Hermite nodes; otherwise it is integrated like the first, anew at each node of x.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

import numpy as np
from numpy.typing import NDArray

from evidence.numerics.normal_cells import log_cell, log_cell_derivatives
from evidence.numerics.wls import Vector

__all__ = ["Cells", "Nodes", "expand", "latent_nodes"]

Index = NDArray[np.intp]

_DROP = 36.0
"""Nodes reach down to exp(-36) = 2e-16 of the peak."""
_STEP = 0.84
"""h sqrt(S): the trapezoid then errs by 2 exp(-28) = 1e-12."""
_SHARP = 144.0
"""S above which panels take over: the trapezoid would need more than some 230 nodes."""
_PANEL = 3.0
_PANEL_NODES, _PANEL_WEIGHTS = np.polynomial.legendre.leggauss(16)
"""A panel of width 3 / sqrt(S): its phases stay below 12 rad a side, where 16 nodes are exact to 1e-13."""
_LOG_ROOT_2PI = 0.5 * float(np.log(2.0 * np.pi))


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


@dataclass(frozen=True)
class Nodes:
    """Nodes of all studies, sorted by study; `log_weight` holds the weights and both normal densities."""

    x: Vector
    xi: Vector
    log_weight: Vector
    study: Index


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


def _subset(cells: Cells, keep: NDArray[np.bool_]) -> Cells:
    """Return the cells of some studies, these numbered anew."""
    rows = keep[cells.study]
    study = (np.cumsum(keep) - 1)[cells.study[rows]]
    starts = np.flatnonzero(np.r_[True, np.diff(study) > 0])
    parts = (cells.low, cells.high, cells.slope, cells.side, cells.width)
    return Cells(*(part[rows] for part in parts), starts, study)


def _twice(cells: Cells) -> Cells:
    """Return the cells with every study twice, first all, then all again."""
    parts = (cells.low, cells.high, cells.slope, cells.side, cells.width)
    n, rows = cells.starts.size, cells.low.size
    starts = np.concatenate([cells.starts, cells.starts + rows])
    return Cells(*(np.tile(part, 2) for part in parts), starts, np.concatenate([cells.study, cells.study + n]))


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


def _modes(cells: Cells) -> tuple[Vector, Vector]:
    """Return each study's mode along x at xi = 0 (to a fraction of its width) and its log-height."""
    x = np.zeros(cells.starts.size)
    zero = np.zeros_like(x)
    low, high = np.full_like(x, -np.inf), np.full_like(x, np.inf)
    for _ in range(60):
        now = _height(cells, x, zero)
        # The slope falls in x: its sign tells the side of the mode, whatever Newton's step does.
        low, high = np.where(now.x > 0, x, low), np.where(now.x > 0, high, x)
        if float((now.x * now.x / now.x_x).max()) < 0.1:
            break
        new = x + now.x / now.x_x
        outside = (new <= low) | (new >= high)
        x = np.where(outside & np.isfinite(low + high), 0.5 * (low + high), new)
    return x, now.value


def _ranges(cells: Cells, mode: Vector, height: Vector, floor: Vector) -> tuple[Vector, Vector]:
    """Return, for each study, where the log-integrand at xi = 0 meets `floor` on either side of its mode.

    Newton from outside: on a concave curve it stays outside, so that any number of steps is safe.
    """
    both, n = _twice(cells), mode.size
    far = np.sqrt(2.0 * (height - floor)) + 0.5
    x, level = np.concatenate([mode - far, mode + far]), np.tile(floor, 2)
    zero = np.zeros_like(x)
    for _ in range(2):
        now = _height(both, x, zero)
        x = x - np.where(now.value < level, (now.value - level) / now.x, 0.0)
    return x[:n], x[n:]


def _plane_modes(cells: Cells) -> tuple[Vector, Vector, Vector]:
    """Return each study's mode in both coordinates and its log-height: Newton with halving."""
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


def _plane_ranges(cells: Cells, x0: Vector, xi0: Vector, floor: Vector) -> tuple[Vector, Vector]:
    """Return where the log-integrand, highest over xi, meets `floor`: as `_ranges`, on a concave profile."""
    both, n = _twice(cells), x0.size
    far = np.sqrt(2.0 * _DROP) + 0.5
    x, xi, level = np.concatenate([x0 - far, x0 + far]), np.tile(xi0, 2), np.tile(floor, 2)
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


def _trapezoid(low: Vector, high: Vector, sharpness: Vector, study: Index) -> tuple[Vector, Vector, Index]:
    step = _STEP / np.sqrt(sharpness)
    count = np.ceil((high - low) / step).astype(np.intp) + 1
    owner = np.repeat(np.arange(study.size), count)
    place = np.arange(owner.size) - np.repeat(np.cumsum(count) - count, count)
    return low[owner] + step[owner] * place, np.log(step)[owner], study[owner]


def _panels(cells: Cells, low: Vector, high: Vector, study: Index) -> tuple[Vector, Vector, Index]:
    """Halve each range until no panel is wider than the structure of the cells near it allows."""
    left, right, owner = low, high, study
    done: list[tuple[Vector, Vector, Index]] = []
    margin = 9.0 + 8.5 * np.abs(cells.side)  # a cell's edge, wherever xi moves it
    while left.size:
        item, row, first = expand(cells.counts, cells.starts, owner)
        slope = cells.slope[row]
        near = np.zeros(item.size, dtype=bool)
        for limit in (cells.low[row], cells.high[row]):
            # The limit's position relative to the panel, in units of the row's own standard deviation.
            ends = limit - slope * left[item], limit - slope * right[item]
            near |= (np.minimum(*ends) < margin[row]) & (np.maximum(*ends) > -margin[row])
        local = 1.0 + np.add.reduceat(np.where(near, slope * slope, 0.0), first)
        fine = (right - left) * np.sqrt(local) <= _PANEL
        done.append((left[fine], right[fine], owner[fine]))
        rest = ~fine
        middle = 0.5 * (left[rest] + right[rest])
        left, right = np.concatenate([left[rest], middle]), np.concatenate([middle, right[rest]])
        owner = np.concatenate([owner[rest], owner[rest]])
    left, right, owner = (np.concatenate(parts) for parts in zip(*done, strict=True))
    half, centre = 0.5 * (right - left), 0.5 * (right + left)
    x = (centre[:, None] + half[:, None] * _PANEL_NODES).ravel()
    return x, np.log(half[:, None] * _PANEL_WEIGHTS).ravel(), np.repeat(owner, _PANEL_NODES.size)


def _fill(cells: Cells, low: Vector, high: Vector) -> tuple[Vector, Vector, Index]:
    """Return nodes along x between the limits, their log-weights (with phi) and studies, sorted by study."""
    sharpness = 1.0 + np.add.reduceat(cells.slope**2, cells.starts)
    smooth = sharpness <= _SHARP
    parts = []
    if smooth.any():
        parts.append(_trapezoid(low[smooth], high[smooth], sharpness[smooth], np.flatnonzero(smooth)))
    if not smooth.all():
        parts.append(_panels(cells, low[~smooth], high[~smooth], np.flatnonzero(~smooth)))
    x, weight, study = (np.concatenate(columns) for columns in zip(*parts, strict=True))
    order = np.argsort(study, kind="stable")
    x = x[order]
    return x, weight[order] - 0.5 * x * x - _LOG_ROOT_2PI, study[order]


@cache
def _hermite_table(n: int) -> tuple[Vector, Vector]:
    """Return nodes and log-weights of the expectation under N(0, 1)."""
    nodes, weights = np.polynomial.hermite_e.hermegauss(n)
    return nodes, np.log(weights / weights.sum())


def _with_hermite(x: Vector, weight: Vector, study: Index, counts: Index) -> Nodes:
    """Return the nodes along x, each with its study's Gauss-Hermite nodes along xi."""
    sizes = [int(n) for n in np.unique(counts)]
    xi = np.concatenate([_hermite_table(n)[0] for n in sizes])
    log_w = np.concatenate([_hermite_table(n)[1] for n in sizes])
    offset = np.cumsum([0, *sizes])[np.searchsorted(sizes, counts)]
    item, row, _ = expand(counts, offset, study)
    return Nodes(x[item], xi[row], weight[item] + log_w[row], study[item])


def _plane(cells: Cells) -> Nodes:
    """Return nodes in the plane: along x, and anew along xi at each of these."""
    x0, xi0, top = _plane_modes(cells)
    low, high = _plane_ranges(cells, x0, xi0, top - _DROP)
    x, weight, study = _fill(cells, low, high)
    item, row, first = expand(cells.counts, cells.starts, study)
    shift = cells.slope[row] * x[item]
    inner = Cells(
        cells.low[row] - shift,
        cells.high[row] - shift,
        cells.side[row],
        np.zeros(row.size),
        cells.width[row],
        first,
        item,
    )
    mode, height = _modes(inner)
    # What is far below the peak of the plane needs no fine range of its own.
    floor = np.minimum(top[study] - _DROP + 0.5 * x * x, height - 2.0)
    xi, inner_weight, owner = _fill(inner, *_ranges(inner, mode, height, floor))
    return Nodes(x[owner], xi, weight[owner] + inner_weight, study[owner])


def latent_nodes(cells: Cells, hermite: Index) -> Nodes:
    """Return nodes and weights for the integral of both normal densities times the cells, study by study.

    Parameters
    ----------
    cells : Cells
        The cells.
    hermite : ndarray of int, shape (studies,)
        Gauss-Hermite nodes along xi; 0 where xi is to be integrated like x.

    Returns
    -------
    Nodes
        Sorted by study; at least two nodes each.
    """
    wide = hermite == 0
    parts = []
    if not wide.all():
        part = _subset(cells, ~wide) if wide.any() else cells
        mode, height = _modes(part)
        along = _fill(part, *_ranges(part, mode, height, height - _DROP))
        parts.append((_with_hermite(*along, hermite[~wide]), np.flatnonzero(~wide)))
    if wide.any():
        parts.append((_plane(_subset(cells, wide)), np.flatnonzero(wide)))
    if len(parts) == 1:
        return parts[0][0]
    study = np.concatenate([names[nodes.study] for nodes, names in parts])
    order = np.argsort(study, kind="stable")
    x, xi, weight = (
        np.concatenate([getattr(nodes, name) for nodes, _ in parts])[order] for name in ("x", "xi", "log_weight")
    )
    return Nodes(x, xi, weight, study[order])
