"""The likelihood of partial reports with moderators and a variance of effects within studies.

For row i of study j with moderators x_ij::

    y_ij = x_ij' b + u_j + w_ij + e_ij,     u_j ~ N(0, t),     w_ij ~ N(0, v)

and sampling errors e as in `interval_likelihood`. Nodes come from there: a study's interval rows are
integrated in the plane of its two latent coordinates, its exact rows analytically. At the nodes every row,
exact ones too, has known log-derivatives in its own mean m_i, and all derivatives of the study's
likelihood P follow from these:

- in b by the chain rule;
- in v because each row's probability solves the heat equation ``dP/dv = 0.5 sum d²P/dm_i²``;
- in t because the common shift does: ``dP/dt = 0.5 (sum d/dm_i)² P``.

So gradient and Hessian are exact, also where t or v is 0. Studies whose rows are all exact need three nodes
a coordinate, which integrate the polynomials of degree four that occur exactly; lone rows are closed forms.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from evidence.numerics.latent_cells import Index, expand
from evidence.numerics.latent_quadrature import FINE, Nodes, Quality, latent_nodes
from evidence.numerics.normal_cells import log_cell, log_cell_derivatives
from evidence.numerics.partial_data import PartialData, Plane, latent_effect, latent_plane, prepare
from evidence.numerics.wls import Vector

__all__ = ["Model", "Slopes", "likelihood", "make_model"]

_CHUNK = 250_000
_LOG_ROOT_2PI = 0.5 * float(np.log(2.0 * np.pi))
_GAUSS = np.polynomial.hermite_e.hermegauss(3)


@dataclass(frozen=True)
class Model:
    """Rows sorted by study.

    Attributes
    ----------
    low, high, width, s : Vector, shape (rows,)
        Limits (equal for exact rows), their distance, standard errors.
    exact : ndarray of bool, shape (rows,)
        Which rows are exact.
    study, starts : ndarray of int
        Study of each row, ascending; first row of each study.
    x : Vector, shape (rows, p)
        Moderators.
    rho : float
        Correlation of a study's sampling errors.
    """

    low: Vector
    high: Vector
    width: Vector
    s: Vector
    exact: NDArray[np.bool_]
    study: Index
    starts: Index
    x: Vector
    rho: float

    @property
    def counts(self) -> Index:
        """Rows of each study."""
        return np.diff(np.append(self.starts, self.s.size))


@dataclass(frozen=True)
class Slopes:
    """Log-likelihood with gradient and Hessian in (b, t, v)."""

    value: float
    gradient: Vector
    hessian: Vector


def make_model(
    low: Vector, high: Vector, s: Vector, study: Index, x: Vector, rho: float, width: Vector | None = None
) -> Model:
    """Sort the rows by study.

    Parameters
    ----------
    low, high, s, study, rho, width
        As in `prepare`.
    x : Vector, shape (rows, p)
        Moderators, one column a coefficient.

    Returns
    -------
    Model
    """
    order = np.argsort(study, kind="stable")
    wide = high - low if width is None else width
    owner = study[order]
    starts = np.flatnonzero(np.r_[True, np.diff(owner) > 0])
    return Model(
        low[order], high[order], wide[order], s[order], wide[order] == 0.0, owner, starts, x[order], rho
    )


class _Sums:
    """Gradient and raw second derivatives (over the likelihood) of each study, gathered part by part."""

    def __init__(self, n: int, p: int) -> None:
        self.value = np.zeros(n)
        self.first = np.zeros((p + 2, n))
        self.second = np.zeros((p + 2, p + 2, n))

    def total(self) -> Slopes:
        # Derivatives of a logarithm: what is left of the raw ones without the product of the first.
        hessian = self.second.sum(axis=2) - self.first @ self.first.T
        return Slopes(float(self.value.sum()), self.first.sum(axis=1), 0.5 * (hessian + hessian.T))


def likelihood(model: Model, b: Vector, t: float, v: float, quality: Quality = FINE) -> Slopes:
    """Return the log-likelihood with gradient and Hessian in (b, t, v).

    Parameters
    ----------
    model : Model
        The rows.
    b : Vector, shape (p,)
        Coefficients.
    t, v : float
        Variances between and within studies, neither negative.
    quality : Quality
        How finely studies with several partial rows are integrated.

    Returns
    -------
    Slopes
        The Hessian has shape (p + 2, p + 2).
    """
    shift = model.x @ b
    low, high = model.low - shift, model.high - shift
    sums = _Sums(model.starts.size, b.size)
    alone = model.counts == 1
    if alone.any():
        _lone(model, low, high, t + v, sums, np.flatnonzero(alone))
    if not alone.all():
        data = prepare(low, high, model.s, model.study, model.rho, model.width, v)
        _shared(model, data, (low, high), t, v, sums, np.flatnonzero(~alone), quality)
    return sums.total()


def _lone(model: Model, low: Vector, high: Vector, between: float, sums: _Sums, studies: Index) -> None:
    """Add the studies with one row: closed forms, in which t and v are the same."""
    rows = model.starts[studies]
    sd = np.sqrt(between + model.s[rows] ** 2)
    value, one, two, three, four = _log_derivatives(
        low[rows] / sd, high[rows] / sd, model.width[rows] / sd, model.exact[rows], sd
    )
    x = model.x[rows].T
    p = x.shape[0]
    half = 0.5 * (two + one * one)
    sums.value[studies] = value
    sums.first[:p, studies] = x * one
    sums.first[p:, studies] = half
    second = sums.second
    second[:p, :p, studies] = x[:, None] * x[None] * (2.0 * half)
    mixed = 0.5 * x * (three + 3.0 * one * two + one**3)
    quarter = 0.25 * (four + 4.0 * one * three + 3.0 * two * two + 6.0 * one * one * two + one**4)
    for k in (p, p + 1):
        second[:p, k, studies] = mixed
        second[k, :p, studies] = mixed.T
    second[p:, p:, studies] = quarter


def _log_derivatives(
    low: Vector, high: Vector, width: Vector, exact: NDArray[np.bool_], sd: Vector
) -> Vector:
    """Return log-density or log-probability of rows with mean zero, and four derivatives in that mean."""
    out = np.zeros((5, low.size))
    some = ~exact
    if some.any():
        log_p = log_cell(low[some], high[some], width[some])
        out[0, some] = log_p
        scale = 1.0 / sd[some]
        for n, values in enumerate(log_cell_derivatives(low[some], high[some], log_p), start=1):
            out[n, some] = values * scale**n
    if exact.any():
        z, size = low[exact], sd[exact]
        out[0, exact] = -0.5 * z * z - np.log(size) - _LOG_ROOT_2PI
        out[1, exact] = z / size
        out[2, exact] = -1.0 / (size * size)
    return out


def _shared(
    model: Model,
    data: PartialData,
    limits: tuple[Vector, Vector],
    t: float,
    v: float,
    sums: _Sums,
    studies: Index,
    quality: Quality,
) -> None:
    """Add the studies with several rows: those with partial ones by quadrature, the others by three nodes."""
    latent = latent_effect(data, 0.0, t)
    has = data.inv_v[studies] > 0.0
    known = studies[has]
    total = t + 1.0 / data.inv_v[known]
    gap = data.y_hat[known]
    sums.value[known] = data.constant[known] - 0.5 * (np.log(2.0 * np.pi * total) + gap * gap / total)
    partial = np.bincount(data.study, minlength=data.n_studies)[studies] > 0
    # Derivatives in t from the rows' own lose digits like (t / own²)², those from the density of u gain them.
    own = (1.0 - model.rho) * float(np.median(model.s)) ** 2 + v
    wide = t if t > own else None
    # Derivatives of exact rows, and of the density of u, are polynomials of the coordinates, which takes more
    # nodes along xi; few studies are done in one go nevertheless.
    split = [partial & has, partial & ~has] if studies.size > 100 else [partial]
    for group in (studies[chosen] for chosen in (*split, ~partial)):
        if not group.size:
            continue
        inside = np.zeros(data.n_studies, dtype=bool)
        inside[group] = True
        plane = latent_plane(data, latent, np.flatnonzero(inside[data.study]), group)
        if plane.cells.low.size:
            extra = 2 if wide is not None or (data.inv_v[group] > 0.0).any() else 0
            nodes = latent_nodes(plane.cells, data.power[group], quality, extra)
        else:
            nodes = _gauss(group.size)
        _integrate(model, plane, nodes, limits, v, wide, sums, group)


def _gauss(n: int) -> Nodes:
    node, weight = _GAUSS
    x, xi = (part.ravel() for part in np.meshgrid(node, node))
    log_w = np.log(np.outer(weight, weight).ravel() / weight.sum() ** 2)
    return Nodes(np.tile(x, n), np.tile(xi, n), np.tile(log_w, n), np.repeat(np.arange(n), 9))


def _integrate(
    model: Model,
    plane: Plane,
    nodes: Nodes,
    limits: tuple[Vector, Vector],
    v: float,
    wide: float | None,
    sums: _Sums,
    group: Index,
) -> None:
    """Average derivatives over the nodes; `group` names the studies that the nodes number from 0."""
    counts, starts = model.counts[group], model.starts[group]
    own = np.sqrt(v + (1.0 - model.rho) * model.s**2)
    load = np.sqrt(model.rho) * model.s
    n, p = nodes.study.size, model.x.shape[1]
    at = nodes.study
    f = plane.f_mean[at] + plane.f_slope[at] * nodes.x + plane.f_sd[at] * nodes.xi
    eta = plane.centre[at] + plane.spread[at] * nodes.x - plane.lever[at] * f
    height = np.empty(n)
    first, second = np.empty((p + 2, n)), np.empty((p + 2, p + 2, n))
    ends = np.cumsum(counts[at])
    cuts = np.searchsorted(ends, np.arange(_CHUNK, int(ends[-1]) + _CHUNK, _CHUNK))
    begin = 0
    for stop in np.unique(np.minimum(cuts + 1, n)):
        part = slice(begin, int(stop))
        item, row, heads = expand(counts, starts, at[part])
        mean = eta[part][item] + load[row] * f[part][item]
        sd = own[row]
        ell = _log_derivatives(
            (limits[0][row] - mean) / sd, (limits[1][row] - mean) / sd, model.width[row] / sd,
            model.exact[row], sd,
        )  # fmt: skip
        # Exact rows are in the weights already.
        height[part] = np.add.reduceat(np.where(model.exact[row], 0.0, ell[0]), heads)
        first[:, part], second[:, :, part] = _raw(ell, model.x[row].T, heads, eta[part], wide)
        begin = int(stop)
    _average(height + nodes.log_weight, first, second, at, sums, group)


def _raw(ell: Vector, x: Vector, heads: Index, u: Vector, wide: float | None) -> tuple[Vector, Vector]:
    """Return first and second derivatives of the product of rows over the product itself, node by node.

    Those in t come from the common shift of the rows, or, for a `wide` t, from the density of u.
    """
    _, one, two, three, four = ell

    def total(values: Vector) -> Vector:
        return np.asarray(np.add.reduceat(values, heads, axis=-1))

    a1, a2, a3, a4 = total(ell[1:])
    # c: derivative of a row's logarithm in v, with its own derivatives in the mean and in v.
    c = 0.5 * (two + one * one)
    slope, bend = 0.5 * three + one * two, 0.5 * four + two * two + one * three
    own = 0.25 * (four + 4.0 * one * three + 3.0 * two * two + 6.0 * one * one * two + one**4) - c * c
    c0, c1, c2, cc = total(np.stack([c, slope, bend, own]))
    p = x.shape[0]
    plain = p == 1 and bool((x == 1.0).all())
    b1, b2, b3, bc = (
        (a1[None], a2[None], a3[None], c1[None])
        if plain
        else (total(x * part) for part in (one, two, three, slope))
    )
    second = np.empty((p + 2, p + 2, a1.size))
    cross = a2[None, None] if plain else total(x[:, None] * x[None] * two)
    second[:p, :p] = b1[:, None] * b1[None] + cross
    second[:p, p + 1] = second[p + 1, :p] = c0 * b1 + bc
    second[p + 1, p + 1] = c0 * c0 + cc
    if wide is None:
        square = a1 * a1
        in_t = 0.5 * (square + a2)
        second[:p, p] = second[p, :p] = b1 * in_t + a1 * b2 + 0.5 * b3
        second[p, p] = 0.25 * (square * square + 6.0 * square * a2 + 3.0 * a2 * a2 + 4.0 * a1 * a3 + a4)
        second[p, p + 1] = second[p + 1, p] = c0 * in_t + a1 * c1 + 0.5 * c2
    else:
        ratio = u * u / wide
        in_t = 0.5 * (ratio - 1.0) / wide
        second[:p, p] = second[p, :p] = b1 * in_t
        second[p, p] = in_t * in_t + (0.5 - ratio) / (wide * wide)
        second[p, p + 1] = second[p + 1, p] = c0 * in_t
    return np.concatenate([b1, [in_t, c0]]), second


def _average(height: Vector, first: Vector, second: Vector, at: Index, sums: _Sums, group: Index) -> None:
    heads = np.searchsorted(at, np.arange(group.size))
    top = np.maximum.reduceat(height, heads)
    weight = np.exp(height - top[at])
    total = np.add.reduceat(weight, heads)
    weight /= total[at]
    sums.value[group] += top + np.log(total)
    sums.first[:, group] = np.add.reduceat(first * weight, heads, axis=-1)
    sums.second[:, :, group] = np.add.reduceat(second * weight, heads, axis=-1)
