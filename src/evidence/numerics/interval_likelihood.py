"""The likelihood of partial reports: exact rows by their density, interval rows by their probability.

Model, for row i of study j::

    y_ij = mu + u_j + w_ij + e_ij,     u_j ~ N(0, t),     t = tau²,     w_ij ~ N(0, v)
    e_ij = s_ij (sqrt(rho) f_j + sqrt(1 - rho) z_ij),     f_j, z_ij ~ N(0, 1)

so that the sampling errors of one study's rows correlate rho; v, the variance of effects within a study,
is fixed here (`partial_model` estimates it, and moderators). An exact row reports y; an interval row
reports only that low <= y <= high. Given the study's latent effect eta = mu + u and f the rows are
independent.

How a study's likelihood is computed:

1. Its exact rows are one pseudo-observation of eta (mean `y_hat`, variance `v_hat`) and a normal
   distribution of f given eta; neither depends on (mu, t), so both are computed once.
2. One interval row: a difference of normal distribution functions, with the variance it has given the
   exact rows.
3. Several: with s0 a typical standard error, ``A = eta + sqrt(rho) s0 f`` carries nearly all dependence;
   row i sees ``A + sqrt(rho) (s_i - s0) f``. A is integrated by an adaptive rule (`latent_quadrature`),
   f given A by a few Gauss-Hermite nodes: one where all s_i are equal, the adaptive rule again where they
   differ a lot.

Derivatives: a study's likelihood L(mu, t) is a convolution of a function of eta with N(0, t), so it solves
the heat equation ``dL/dt = 0.5 d²L/dmu²``. Its first four log-derivatives in mu, which come with the same
nodes, therefore give gradient and Hessian in (mu, t) exactly, also at t = 0.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from evidence.numerics.latent_cells import Cells, expand
from evidence.numerics.latent_quadrature import FINE, Quality, latent_nodes
from evidence.numerics.normal_cells import log_cell, log_cell_derivatives
from evidence.numerics.partial_data import Latent, PartialData, latent_effect, latent_plane, prepare
from evidence.numerics.wls import Vector

__all__ = ["Derivatives", "PartialData", "evaluate", "prepare", "study_log_derivatives"]

_CHUNK = 400_000
"""(node, row) pairs handled at once: about 60 MB of work arrays."""


@dataclass(frozen=True)
class Derivatives:
    """Log-likelihood with gradient and Hessian in mu and t = tau²."""

    value: float
    mu: float
    t: float
    mu_mu: float
    mu_t: float
    t_t: float


def study_log_derivatives(data: PartialData, mu: float, t: float, quality: Quality = FINE) -> Vector:
    """Return each study's log-likelihood and its first four derivatives in mu.

    Parameters
    ----------
    data : PartialData
        The rows.
    mu, t : float
        Mean effect and between-study variance (t >= 0, finite).
    quality : Quality
        How finely studies with several partial rows are integrated.

    Returns
    -------
    Vector, shape (5, studies)
    """
    out = np.zeros((5, data.n_studies))
    exact = np.flatnonzero(data.inv_v > 0.0)
    if exact.size:
        total = t + 1.0 / data.inv_v[exact]
        gap = data.y_hat[exact] - mu
        out[0, exact] = data.constant[exact] - 0.5 * (np.log(2.0 * np.pi * total) + gap * gap / total)
        out[1, exact] = gap / total
        out[2, exact] = -1.0 / total
    if data.study.size:
        latent = latent_effect(data, mu, t)
        counts = np.bincount(data.study, minlength=data.n_studies)
        alone = counts[data.study] == 1
        if alone.any():
            out[:, data.study[alone]] += _single(data, latent, np.flatnonzero(alone))
        if not alone.all():
            many = np.flatnonzero(counts > 1)
            out[:, many] += _several(data, latent, np.flatnonzero(~alone), many, quality)
    return out


def _single(data: PartialData, latent: Latent, rows: NDArray[np.intp]) -> Vector:
    """Return the log-probability of lone interval rows given their study's exact rows, with derivatives."""
    j, s, root = data.study[rows], data.s[rows], np.sqrt(data.rho)
    gain = 1.0 + s * root * data.beta[j]
    mean = gain * latent.mean[j] + s * root * data.alpha[j]
    sd = np.sqrt(gain**2 * latent.variance[j] + s * s * data.rho / data.q[j] + data.own[rows] ** 2)
    low, high = (data.low[rows] - mean) / sd, (data.high[rows] - mean) / sd
    log_p = log_cell(low, high, data.width[rows] / sd)
    scale = gain * latent.share[j] / sd
    derivatives = log_cell_derivatives(low, high, log_p)
    return np.stack([log_p, *(d * scale**n for n, d in enumerate(derivatives, start=1))])


def _several(
    data: PartialData, latent: Latent, rows: NDArray[np.intp], many: NDArray[np.intp], quality: Quality
) -> Vector:
    """Return the same for studies with several interval rows, by quadrature."""
    cells = latent_plane(data, latent, rows, many).cells
    scale = (1.0 + data.s[rows] * np.sqrt(data.rho) * data.beta[data.study[rows]]) / data.own[rows]
    return _integrate(cells, scale * latent.share[data.study[rows]], data.power[many], quality)


def _integrate(cells: Cells, scale: Vector, power: Vector, quality: Quality) -> Vector:
    nodes = latent_nodes(cells, power, quality)
    sums = np.empty((5, nodes.study.size))
    ends = np.cumsum(cells.counts[nodes.study])
    cuts = np.searchsorted(ends, np.arange(_CHUNK, int(ends[-1]) + _CHUNK, _CHUNK))
    begin = 0
    for stop in np.unique(np.minimum(cuts + 1, nodes.study.size)):
        part = slice(begin, int(stop))
        item, row, first = expand(cells.counts, cells.starts, nodes.study[part])
        shift = cells.slope[row] * nodes.x[part][item] + cells.side[row] * nodes.xi[part][item]
        low, high = cells.low[row] - shift, cells.high[row] - shift
        log_p = log_cell(low, high, cells.width[row])
        sums[0, part] = np.add.reduceat(log_p, first)
        factor = scale[row]
        for n_th, values in enumerate(log_cell_derivatives(low, high, log_p), start=1):
            sums[n_th, part] = np.add.reduceat(values * factor**n_th, first)
        begin = int(stop)
    return _moments(sums, nodes.log_weight, nodes.study, cells.starts.size)


def _moments(sums: Vector, log_weight: Vector, study: NDArray[np.intp], n: int) -> Vector:
    """Return log-integral and log-derivatives from the log-derivatives at the nodes.

    The derivatives of a product exp(g) are Bell polynomials of those of g; averaged over the nodes and
    taken around their mean slope, they give the log-derivatives as cumulants do moments.
    """
    starts = np.searchsorted(study, np.arange(n))
    height = sums[0] + log_weight
    top = np.maximum.reduceat(height, starts)
    weight = np.exp(height - top[study])
    total = np.add.reduceat(weight, starts)
    weight /= total[study]

    def mean(values: Vector) -> Vector:
        return np.asarray(np.add.reduceat(weight * values, starts))

    first = mean(sums[1])
    d1, d2, d3, d4 = sums[1] - first[study], sums[2], sums[3], sums[4]
    square = d1 * d1
    m2 = mean(square + d2)
    m3 = mean(d1 * square + 3.0 * d1 * d2 + d3)
    m4 = mean(square * square + 6.0 * square * d2 + 3.0 * d2 * d2 + 4.0 * d1 * d3 + d4)
    return np.stack([top + np.log(total), first, m2, m3, m4 - 3.0 * m2 * m2])


def evaluate(data: PartialData, mu: float, t: float, quality: Quality = FINE) -> Derivatives:
    """Return the log-likelihood with its gradient and Hessian in (mu, t), t = tau².

    Parameters
    ----------
    data : PartialData
        The rows.
    mu : float
        Mean effect.
    t : float
        Between-study variance, not negative.
    quality : Quality
        As in `study_log_derivatives`.

    Returns
    -------
    Derivatives
    """
    value, one, two, three, four = study_log_derivatives(data, mu, t, quality)
    return Derivatives(
        value=float(value.sum()),
        mu=float(one.sum()),
        t=float(0.5 * (two + one * one).sum()),
        mu_mu=float(two.sum()),
        mu_t=float(0.5 * (three + 2.0 * one * two).sum()),
        t_t=float(0.25 * (four + 4.0 * one * three + 2.0 * two * two + 4.0 * one * one * two).sum()),
    )
