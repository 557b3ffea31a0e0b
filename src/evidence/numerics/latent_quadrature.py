"""Nodes for the one-dimensional integral over a study's latent effect, adapted to each study.

The integrand is ``phi(x)`` times cells ``Phi(h_r - m_r x) - Phi(l_r - m_r x)``: log-concave, with log-curvature
of at least 1 and no finer structure than ``1 / sqrt(S)``, ``S = 1 + sum m_r²``. Two consequences are used:

- everything above ``exp(-D)`` of the peak lies within ``sqrt(2 D)`` of the mode;
- its Fourier transform falls like ``exp(-w² / (2 S))``, so that the plain trapezoid with step ``h`` errs by
  about ``2 exp(-2 pi² / (h² S))``: exponentially exact (Trefethen & Weideman 2014,
  https://doi.org/10.1137/130932132), and cheaper than Gauss-Hermite, which meets sharp cells badly.

Where cells are sharp against the latent spread (large ``S``) the range is cut into Gauss-Legendre panels that
halve towards the edges of the cells.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from evidence.numerics.normal_cells import log_cell, log_cell_derivatives
from evidence.numerics.wls import Vector

__all__ = ["Cells", "Nodes", "latent_nodes"]

_DROP = 36.0
"""Nodes reach down to exp(-36) = 2e-16 of the peak."""
_STEP = 0.84
"""h sqrt(S): the trapezoid then errs by 2 exp(-28) = 1e-12."""
_SHARP = 144.0
"""S above which panels take over: the trapezoid would need more than some 230 nodes."""
_PANEL = 3.0
_PANEL_NODES, _PANEL_WEIGHTS = np.polynomial.legendre.leggauss(16)
"""A panel of width 3 / sqrt(S): its phases stay below 12 rad a side, where 16 nodes are exact to 1e-13."""


@dataclass(frozen=True)
class Cells:
    """The cells of all studies, as functions of each study's standardised latent x.

    Attributes
    ----------
    low, high, slope : Vector, shape (rows,)
        A row's limits are ``low - slope x`` and ``high - slope x``.
    starts : ndarray of int, shape (studies,)
        First row of each study; rows are sorted by study.
    study : ndarray of int, shape (rows,)
        Study of each row.
    """

    low: Vector
    high: Vector
    slope: Vector
    starts: NDArray[np.intp]
    study: NDArray[np.intp]


@dataclass(frozen=True)
class Nodes:
    """Nodes of all studies, sorted by study; `log_weight` holds step, panel weight and ``phi(x)``."""

    x: Vector
    log_weight: Vector
    study: NDArray[np.intp]


def _height(cells: Cells, x: Vector) -> tuple[Vector, Vector, Vector]:
    """Return the log-integrand at one x a study, with two derivatives."""
    shift = cells.slope * x[cells.study]
    low, high = cells.low - shift, cells.high - shift
    log_p = log_cell(low, high)
    first, second, _, _ = log_cell_derivatives(low, high, log_p)
    total = np.add.reduceat(log_p, cells.starts) - 0.5 * x * x
    slope = np.add.reduceat(first * cells.slope, cells.starts) - x
    curvature = np.add.reduceat(second * cells.slope**2, cells.starts) - 1.0
    return total, slope, curvature


def _modes(cells: Cells) -> tuple[Vector, Vector]:
    """Return each study's mode (to a hundredth is enough for placing nodes) and its log-height."""
    x = np.zeros(cells.starts.size)
    low, high = np.full_like(x, -np.inf), np.full_like(x, np.inf)
    height = np.zeros_like(x)
    for _ in range(60):
        height, slope, curvature = _height(cells, x)
        # The slope falls in x: its sign tells the side of the mode, whatever Newton's step does.
        low, high = np.where(slope > 0, x, low), np.where(slope > 0, high, x)
        step = -slope / np.minimum(curvature, -1.0)
        if float(np.abs(step * np.sqrt(-np.minimum(curvature, -1.0))).max()) < 0.05:
            break
        new = x + step
        outside = (new <= low) | (new >= high)
        x = np.where(outside & np.isfinite(low + high), 0.5 * (low + high), new)
    return x, height


def _ranges(cells: Cells, mode: Vector, height: Vector) -> tuple[Vector, Vector]:
    """Return, for each study, where the log-integrand has dropped by `_DROP` on either side.

    Newton from outside: on a concave curve it stays outside, so that any number of steps is safe.
    """
    ends = []
    for side in (-1.0, 1.0):
        x = mode + side * (np.sqrt(2.0 * _DROP) + 0.1)
        for _ in range(3):
            value, slope, _ = _height(cells, x)
            x = x - np.where(value < height - _DROP, (value - height + _DROP) / slope, 0.0)
        ends.append(x)
    return ends[0], ends[1]


def _trapezoid(low: Vector, high: Vector, sharpness: Vector, study: NDArray[np.intp]) -> Nodes:
    step = _STEP / np.sqrt(sharpness)
    count = np.ceil((high - low) / step).astype(np.intp) + 1
    owner = np.repeat(np.arange(study.size), count)
    place = np.arange(owner.size) - np.repeat(np.cumsum(count) - count, count)
    return Nodes(low[owner] + step[owner] * place, np.log(step)[owner], study[owner])


def _panels(cells: Cells, low: Vector, high: Vector, study: NDArray[np.intp]) -> Nodes:
    """Halve each range until no panel is wider than the structure of the cells near it allows."""
    left, right, owner = low, high, study
    done: list[tuple[Vector, Vector, NDArray[np.intp]]] = []
    ends = np.append(cells.starts[1:], cells.low.size)
    counts = ends - cells.starts
    while left.size:
        rows = counts[owner]
        first = np.cumsum(rows) - rows
        pair = np.repeat(np.arange(owner.size), rows)
        row = np.arange(pair.size) - np.repeat(first, rows) + np.repeat(cells.starts[owner], rows)
        slope = np.abs(cells.slope[row])
        margin = 9.0
        near = np.zeros(pair.size, dtype=bool)
        for limit in (cells.low, cells.high):
            # The limit's position relative to the panel, in units of the row's own standard deviation.
            at_left = limit[row] - cells.slope[row] * left[pair]
            at_right = limit[row] - cells.slope[row] * right[pair]
            near |= (np.minimum(at_left, at_right) < margin) & (np.maximum(at_left, at_right) > -margin)
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
    weight = np.log(half[:, None] * _PANEL_WEIGHTS).ravel()
    return Nodes(x, weight, np.repeat(owner, _PANEL_NODES.size))


def latent_nodes(cells: Cells, extra: Vector) -> Nodes:
    """Return nodes and weights for the integral of ``phi(x)`` times the cells, study by study.

    Parameters
    ----------
    cells : Cells
        The cells.
    extra : Vector, shape (studies,)
        Added to ``S``: fineness that the cells have beside their slope in x.

    Returns
    -------
    Nodes
        Sorted by study; at least two nodes each.
    """
    mode, height = _modes(cells)
    low, high = _ranges(cells, mode, height)
    sharpness = 1.0 + np.add.reduceat(cells.slope**2, cells.starts) + extra
    smooth = sharpness <= _SHARP
    parts = []
    if smooth.any():
        parts.append(_trapezoid(low[smooth], high[smooth], sharpness[smooth], np.flatnonzero(smooth)))
    if not smooth.all():
        parts.append(_panels(cells, low[~smooth], high[~smooth], np.flatnonzero(~smooth)))
    x = np.concatenate([part.x for part in parts])
    weight = np.concatenate([part.log_weight for part in parts])
    study = np.concatenate([part.study for part in parts])
    order = np.argsort(study, kind="stable")
    x = x[order]
    log_phi = -0.5 * x * x - 0.5 * float(np.log(2.0 * np.pi))
    return Nodes(x, weight[order] + log_phi, study[order])
