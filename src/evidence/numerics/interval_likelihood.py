"""The likelihood of partial reports: exact rows by their density, interval rows by their probability.

Model, for row i of study j::

    y_ij = mu + u_j + e_ij,     u_j ~ N(0, t),     t = tau²
    e_ij = s_ij (sqrt(rho) f_j + sqrt(1 - rho) z_ij),     f_j, z_ij ~ N(0, 1)

so that the sampling errors of one study's rows correlate rho. An exact row reports y; an interval row
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
from evidence.numerics.latent_quadrature import latent_nodes
from evidence.numerics.normal_cells import log_cell, log_cell_derivatives
from evidence.numerics.wls import Vector

__all__ = ["Derivatives", "PartialData", "evaluate", "prepare", "study_log_derivatives"]

_GH_TOLERANCE = 1e-11
_GH_MOST = 10
_CHUNK = 400_000
"""(node, row) pairs handled at once: about 60 MB of work arrays."""


@dataclass(frozen=True)
class PartialData:
    """Rows sorted by study, exact rows already condensed.

    Attributes
    ----------
    y_hat, inv_v : Vector, shape (studies,)
        The exact rows' estimate of eta and the inverse of its variance; 0 and 0 without exact rows.
    constant : Vector, shape (studies,)
        What the exact rows' spread among themselves adds to the log-likelihood.
    alpha, beta, q : Vector, shape (studies,)
        f given eta and the exact rows is ``N(alpha + beta eta, 1 / q)``.
    s0 : Vector, shape (studies,)
        Typical standard error of the interval rows; 0 without any.
    low, high, width, s : Vector, shape (interval rows,)
        Limits, the distance between them, standard errors.
    study : ndarray of int, shape (interval rows,)
        Study of each interval row, ascending.
    hermite : ndarray of int, shape (studies,)
        Gauss-Hermite nodes for f given A; 0 where f needs an adaptive rule too.
    rho : float
        Correlation of a study's sampling errors.
    """

    y_hat: Vector
    inv_v: Vector
    constant: Vector
    alpha: Vector
    beta: Vector
    q: Vector
    s0: Vector
    low: Vector
    high: Vector
    width: Vector
    s: Vector
    study: NDArray[np.intp]
    hermite: NDArray[np.intp]
    rho: float

    @property
    def n_studies(self) -> int:
        """Number of studies."""
        return int(self.y_hat.size)


@dataclass(frozen=True)
class Derivatives:
    """Log-likelihood with gradient and Hessian in mu and t = tau²."""

    value: float
    mu: float
    t: float
    mu_mu: float
    mu_t: float
    t_t: float


def prepare(
    low: Vector, high: Vector, s: Vector, study: NDArray[np.intp], rho: float, width: Vector | None = None
) -> PartialData:
    """Condense the exact rows and sort the interval rows.

    Parameters
    ----------
    low, high : Vector, shape (rows,)
        Limits of the observed effect; equal for exact rows, possibly infinite otherwise.
    s : Vector, shape (rows,)
        Standard errors, positive.
    study : ndarray of int, shape (rows,)
        Study of each row, 0 ... J-1, each with at least one row.
    rho : float
        Correlation of sampling errors within a study, 0 <= rho < 1.
    width : Vector, shape (rows,), optional
        ``high - low`` where it is known more exactly than from these limits, which a shift may have rounded.

    Returns
    -------
    PartialData
    """
    n = int(study.max()) + 1
    exact = (high - low if width is None else width) == 0.0  # shifted limits may have become equal
    y, se, owner = low[exact], s[exact], study[exact]

    def total(values: Vector) -> Vector:
        return np.bincount(owner, values, minlength=n).astype(np.float64)

    # V = rho s s' + (1 - rho) diag(s²), inverted by Sherman-Morrison.
    d, root = (1.0 - rho) * se * se, np.sqrt(rho)
    count = total(np.ones_like(se))
    q = 1.0 + rho * count / (1.0 - rho)
    a1, a_s = total(1.0 / d), total(se / d)
    inv_v = a1 - rho * a_s * a_s / q
    has = count > 0
    safe = np.where(has, inv_v, 1.0)
    y_hat = np.where(has, (total(y / d) - rho * a_s * total(se * y / d) / q) / safe, 0.0)
    resid = y - y_hat[owner]
    spread = total(resid * resid / d) - rho * total(resid * se / d) ** 2 / q
    log_det = total(np.log(d)) + np.where(has, np.log(q), 0.0)
    constant = np.where(
        has, -0.5 * (count - 1.0) * np.log(2.0 * np.pi) - 0.5 * (log_det + spread + np.log(safe)), 0.0
    )
    alpha, beta = root * total(y * se / d) / q, -root * a_s / q
    order = np.argsort(study[~exact], kind="stable")
    rows = np.flatnonzero(~exact)[order]
    wide = (high - low)[rows] if width is None else width[rows]
    s_i, owner_i = s[rows], study[rows]
    inverse = np.bincount(owner_i, 1.0 / s_i, minlength=n)
    square = np.bincount(owner_i, 1.0 / (s_i * s_i), minlength=n)
    s0 = np.divide(inverse, square, out=np.zeros(n), where=square > 0)
    # The size of what f still does when A is given, in units of the rows' own errors: it sets the
    # number of Gauss-Hermite nodes, once and for all (mu, t), so that the likelihood stays smooth.
    off = (s_i - s0[owner_i]) / s_i
    power = np.bincount(owner_i, off * off, minlength=n) * rho / (1.0 - rho)
    with np.errstate(divide="ignore"):
        needed = np.log(_GH_TOLERANCE) / np.log(power / (1.0 + power))
    few = np.where(needed <= _GH_MOST, np.maximum(np.ceil(needed), 3.0), 0.0)
    hermite = np.where(power < 1e-24, 1.0, few).astype(np.intp)
    return PartialData(
        y_hat, np.where(has, inv_v, 0.0), constant, alpha, beta, q, s0,
        low[rows], high[rows], wide, s_i, owner_i, hermite, rho,
    )  # fmt: skip


@dataclass(frozen=True)
class _Latent:
    """Distribution of eta given a study's exact rows, and what mu still does to it."""

    mean: Vector
    variance: Vector
    share: Vector


def _latent(data: PartialData, mu: float, t: float) -> _Latent:
    # share = v_hat / (t + v_hat), written so that v_hat may be infinite.
    share = 1.0 / (1.0 + t * data.inv_v)
    return _Latent(share * mu + (1.0 - share) * data.y_hat, share * t, share)


def study_log_derivatives(data: PartialData, mu: float, t: float) -> Vector:
    """Return each study's log-likelihood and its first four derivatives in mu.

    Parameters
    ----------
    data : PartialData
        The rows.
    mu, t : float
        Mean effect and between-study variance (t >= 0, finite).

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
        latent = _latent(data, mu, t)
        counts = np.bincount(data.study, minlength=data.n_studies)
        alone = counts[data.study] == 1
        if alone.any():
            out[:, data.study[alone]] += _single(data, latent, np.flatnonzero(alone))
        if not alone.all():
            many = np.flatnonzero(counts > 1)
            out[:, many] += _several(data, latent, np.flatnonzero(~alone), many)
    return out


def _single(data: PartialData, latent: _Latent, rows: NDArray[np.intp]) -> Vector:
    """Return the log-probability of lone interval rows given their study's exact rows, with derivatives."""
    j, s, root = data.study[rows], data.s[rows], np.sqrt(data.rho)
    gain = 1.0 + s * root * data.beta[j]
    mean = gain * latent.mean[j] + s * root * data.alpha[j]
    sd = np.sqrt(gain**2 * latent.variance[j] + s * s * (data.rho / data.q[j] + 1.0 - data.rho))
    low, high = (data.low[rows] - mean) / sd, (data.high[rows] - mean) / sd
    log_p = log_cell(low, high, data.width[rows] / sd)
    scale = gain * latent.share[j] / sd
    derivatives = log_cell_derivatives(low, high, log_p)
    return np.stack([log_p, *(d * scale**n for n, d in enumerate(derivatives, start=1))])


def _several(data: PartialData, latent: _Latent, rows: NDArray[np.intp], many: NDArray[np.intp]) -> Vector:
    """Return the same for studies with several interval rows, by quadrature."""
    place = np.zeros(data.n_studies, dtype=np.intp)
    place[many] = np.arange(many.size)
    j, s, root = data.study[rows], data.s[rows], np.sqrt(data.rho)
    s0, q, beta, alpha = data.s0[many], data.q[many], data.beta[many], data.alpha[many]
    mean, variance = latent.mean[many], latent.variance[many]
    gain = 1.0 + s0 * root * beta
    centre = gain * mean + s0 * root * alpha
    var_a = gain * gain * variance + s0 * s0 * data.rho / q
    cov = gain * beta * variance + s0 * root / q
    sd_a = np.sqrt(var_a)
    known = var_a > 0.0
    f_slope = np.divide(cov, sd_a, out=np.zeros_like(cov), where=known)
    f_sd = np.sqrt(np.divide(variance / q, var_a, out=1.0 / q, where=known))
    f_mean = alpha + beta * mean
    here = place[j]
    off, sd = root * (s - s0[here]), s * np.sqrt(1.0 - data.rho)
    base = centre[here] + off * f_mean[here]
    low, high = (data.low[rows] - base) / sd, (data.high[rows] - base) / sd
    slope, side = (sd_a[here] + off * f_slope[here]) / sd, off * f_sd[here] / sd
    starts = np.flatnonzero(np.r_[True, np.diff(here) > 0])
    width = data.width[rows] / sd
    cells = Cells(low, high, slope, side, width, starts, here)
    scale = (1.0 + s * root * data.beta[j]) * latent.share[j] / sd
    return _integrate(cells, scale, data.hermite[many])


def _integrate(cells: Cells, scale: Vector, hermite: NDArray[np.intp]) -> Vector:
    nodes = latent_nodes(cells, hermite)
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


def evaluate(data: PartialData, mu: float, t: float) -> Derivatives:
    """Return the log-likelihood with its gradient and Hessian in (mu, t), t = tau².

    Parameters
    ----------
    data : PartialData
        The rows.
    mu : float
        Mean effect.
    t : float
        Between-study variance, not negative.

    Returns
    -------
    Derivatives
    """
    value, one, two, three, four = study_log_derivatives(data, mu, t)
    return Derivatives(
        value=float(value.sum()),
        mu=float(one.sum()),
        t=float(0.5 * (two + one * one).sum()),
        mu_mu=float(two.sum()),
        mu_t=float(0.5 * (three + 2.0 * one * two).sum()),
        t_t=float(0.25 * (four + 4.0 * one * three + 2.0 * two * two + 4.0 * one * one * two).sum()),
    )
