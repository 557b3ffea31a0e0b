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

from evidence.numerics.latent_cells import (
    Cells,
    Index,
    expand,
    modes,
    plane_ranges,
    ranges,
    subset,
)
from evidence.numerics.wls import Vector

__all__ = ["FINE", "ROUGH", "Nodes", "Quality", "latent_nodes"]


@dataclass(frozen=True)
class Quality:
    """How finely a study is integrated.

    Attributes
    ----------
    drop : float
        Nodes reach down to ``exp(-drop)`` of the peak.
    step : float
        ``h sqrt(S)``: the trapezoid then errs by ``2 exp(-2 pi² / step²)``.
    hermite : float
        Relative error that the Gauss-Hermite rule along xi may have.
    """

    drop: float
    step: float
    hermite: float


FINE = Quality(drop=27.0, step=0.88, hermite=1e-11)
"""Errors of 2e-11 and below."""
ROUGH = Quality(drop=12.0, step=1.25, hermite=1e-5)
"""Errors of some 1e-5 at a seventh of the nodes: for the search, never for a result."""
_HERMITE_MOST = 40
_SHARP = 144.0
"""S above which panels take over: the trapezoid would need more than some 230 nodes."""
_PANEL = 3.0
_PANEL_NODES, _PANEL_WEIGHTS = np.polynomial.legendre.leggauss(16)
"""A panel of width 3 / sqrt(S): its phases stay below 12 rad a side, where 16 nodes are exact to 1e-13."""
_LOG_ROOT_2PI = 0.5 * float(np.log(2.0 * np.pi))


@dataclass(frozen=True)
class Nodes:
    """Nodes of all studies, sorted by study; `log_weight` holds the weights and both normal densities."""

    x: Vector
    xi: Vector
    log_weight: Vector
    study: Index


def _trapezoid(low: Vector, high: Vector, step: Vector, study: Index) -> tuple[Vector, Vector, Index]:
    count = np.ceil((high - low) / step).astype(np.intp) + 1
    owner = np.repeat(np.arange(study.size), count)
    place = np.arange(owner.size) - np.repeat(np.cumsum(count) - count, count)
    return low[owner] + step[owner] * place, np.log(step)[owner], study[owner]


def _panels(
    cells: Cells, low: Vector, high: Vector, centre: Vector, study: Index
) -> tuple[Vector, Vector, Index]:
    """Halve each range until no panel is wider than the structure of the cells near it allows."""
    left, right, owner = low, high, study
    done: list[tuple[Vector, Vector, Index]] = []
    moved = cells.side * centre[cells.study]
    edges = cells.low - moved, cells.high - moved
    margin = 9.0 + 8.5 * np.abs(cells.side)  # a cell's edge, wherever xi moves it
    while left.size:
        item, row, first = expand(cells.counts, cells.starts, owner)
        slope = cells.slope[row]
        near = np.zeros(item.size, dtype=bool)
        for limit in (edges[0][row], edges[1][row]):
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


def _fill(
    cells: Cells, low: Vector, high: Vector, centre: Vector, quality: Quality
) -> tuple[Vector, Vector, Index]:
    """Return nodes along x between the limits, their log-weights (with phi) and studies, sorted by study.

    `centre` is where along xi the integrand sits.
    """
    sharpness = 1.0 + np.add.reduceat(cells.slope**2, cells.starts)
    smooth = sharpness <= _SHARP
    parts = []
    if smooth.any():
        step = quality.step / np.sqrt(sharpness[smooth])
        parts.append(_trapezoid(low[smooth], high[smooth], step, np.flatnonzero(smooth)))
    if not smooth.all():
        parts.append(_panels(cells, low[~smooth], high[~smooth], centre, np.flatnonzero(~smooth)))
    x, weight, study = (np.concatenate(columns) for columns in zip(*parts, strict=True))
    order = np.argsort(study, kind="stable")
    x = x[order]
    return x, weight[order] - 0.5 * x * x - _LOG_ROOT_2PI, study[order]


@cache
def _hermite_table(n: int) -> tuple[Vector, Vector]:
    """Return nodes and log-weights of the expectation under N(0, 1)."""
    nodes, weights = np.polynomial.hermite_e.hermegauss(n)
    return nodes, np.log(weights / weights.sum())


def _hermite_counts(power: Vector, tolerance: float, extra: int) -> Index:
    """Return how many Gauss-Hermite nodes along xi a study needs; 0 where the adaptive rule is better.

    With curvatures of the cells between 0 and P the rule for a normal density of precision
    ``2 (1 + P) / (2 + P)`` loses a factor ``P / (2 + P)`` with each node at either extreme.
    """
    with np.errstate(divide="ignore"):
        needed = np.log(tolerance) / np.log(power / (2.0 + power))
    few = np.where(needed <= _HERMITE_MOST, np.maximum(np.ceil(needed), 3.0) + extra, 0.0)
    return np.where(power < 1e-24, 1.0 + extra, few).astype(np.intp)


def _with_hermite(
    x: Vector, weight: Vector, study: Index, centre: Vector, power: Vector, counts: Index
) -> Nodes:
    """Return the nodes along x, each with its study's Gauss-Hermite nodes along xi, moved to the mode."""
    sizes = [int(n) for n in np.unique(counts)]
    xi = np.concatenate([_hermite_table(n)[0] for n in sizes])
    log_w = np.concatenate([_hermite_table(n)[1] for n in sizes])
    offset = np.cumsum([0, *sizes])[np.searchsorted(sizes, counts)]
    item, row, _ = expand(counts, offset, study)
    precision = (2.0 + 2.0 * power) / (2.0 + power)
    scale = 1.0 / np.sqrt(np.where(counts > 1, precision, 1.0))
    place = scale[study[item]] * xi[row] + centre[study[item]]
    # phi at the node used over phi at the rule's own node, and the change of scale
    moved = 0.5 * (xi[row] ** 2 - place**2) + np.log(scale)[study[item]]
    return Nodes(x[item], place, weight[item] + log_w[row] + moved, study[item])


def _plane(cells: Cells, quality: Quality) -> Nodes:
    """Return nodes in the plane: along x, and anew along xi at each of these."""
    x0, xi0, top = modes(cells)
    low, high = plane_ranges(cells, x0, xi0, top, quality.drop)
    x, weight, study = _fill(cells, low, high, xi0, quality)
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
    mode, still, height = modes(inner)
    # What is far below the peak of the plane needs no fine range of its own.
    floor = np.minimum(top[study] - quality.drop + 0.5 * x * x, height - 2.0)
    xi, inner_weight, owner = _fill(inner, *ranges(inner, mode, still, height, floor), still, quality)
    return Nodes(x[owner], xi, weight[owner] + inner_weight, study[owner])


def latent_nodes(cells: Cells, power: Vector, quality: Quality = FINE, extra: int = 0) -> Nodes:
    """Return nodes and weights for the integral of both normal densities times the cells, study by study.

    Parameters
    ----------
    cells : Cells
        The cells.
    power : Vector, shape (studies,)
        Bound of ``sum side²``, the same for every (mu, t), so that the likelihood stays smooth.
    quality : Quality
        How finely.
    extra : int
        Further Gauss-Hermite nodes along xi: two where polynomials of degree four are to be integrated too.

    Returns
    -------
    Nodes
        Sorted by study; at least two nodes each.
    """
    hermite = _hermite_counts(power, quality.hermite, extra)
    wide = hermite == 0
    parts = []
    if not wide.all():
        part = subset(cells, ~wide) if wide.any() else cells
        x0, xi0, height = modes(part)
        along = _fill(part, *ranges(part, x0, xi0, height, height - quality.drop), xi0, quality)
        nodes = _with_hermite(*along, xi0, power[~wide], hermite[~wide])
        parts.append((nodes, np.flatnonzero(~wide)))
    if wide.any():
        parts.append((_plane(subset(cells, wide), quality), np.flatnonzero(wide)))
    if len(parts) == 1:
        return parts[0][0]
    study = np.concatenate([names[nodes.study] for nodes, names in parts])
    order = np.argsort(study, kind="stable")
    x, xi, weight = (
        np.concatenate([getattr(nodes, name) for nodes, _ in parts])[order]
        for name in ("x", "xi", "log_weight")
    )
    return Nodes(x, xi, weight, study[order])
