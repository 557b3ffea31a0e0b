"""Partial reports sorted by study, and the coordinates in which a study is integrated.

The exact rows of a study become one pseudo-observation of its latent effect eta and a normal distribution
of the shared error f given eta. The plane of the remaining rows has two standard normal coordinates: x,
along ``A = eta + sqrt(rho) s0 f``, and xi, along what f still does when A is given.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from evidence.numerics.latent_cells import Cells
from evidence.numerics.wls import Vector

__all__ = ["Latent", "PartialData", "Plane", "latent_effect", "latent_plane", "prepare"]


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
    low, high, width, s, own : Vector, shape (interval rows,)
        Limits, the distance between them, standard errors, and the standard deviation of what is the row's
        own, not shared with its study.
    study : ndarray of int, shape (interval rows,)
        Study of each interval row, ascending.
    power : Vector, shape (studies,)
        How much f still does when A is given: bound of the cells' curvature along it.
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
    own: Vector
    study: NDArray[np.intp]
    power: Vector
    rho: float

    @property
    def n_studies(self) -> int:
        """Number of studies."""
        return int(self.y_hat.size)


def prepare(
    low: Vector,
    high: Vector,
    s: Vector,
    study: NDArray[np.intp],
    rho: float,
    width: Vector | None = None,
    within: float = 0.0,
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
    within : float
        Variance v of the effects within a study.

    Returns
    -------
    PartialData
    """
    n = int(study.max()) + 1
    exact = (high - low if width is None else width) == 0.0  # shifted limits may have become equal
    y, se, owner = low[exact], s[exact], study[exact]

    def total(values: Vector) -> Vector:
        return np.bincount(owner, values, minlength=n).astype(np.float64)

    # V = rho s s' + diag(v + (1 - rho) s²), inverted by Sherman-Morrison.
    d, root = within + (1.0 - rho) * se * se, np.sqrt(rho)
    count = total(np.ones_like(se))
    q = 1.0 + rho * total(se * se / d)
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
    # The size of what f still does when A is given, in units of the rows' own errors: it sets the rule
    # along f once and for all (mu, t), so that the likelihood stays smooth.
    own: Vector = within + (1.0 - rho) * s_i * s_i
    off = s_i - s0[owner_i]
    power = np.asarray(rho * np.bincount(owner_i, off * off / own, minlength=n), dtype=np.float64)
    return PartialData(
        y_hat, np.where(has, inv_v, 0.0), constant, alpha, beta, q, s0,
        low[rows], high[rows], wide, s_i, np.sqrt(own), owner_i, power, rho,
    )  # fmt: skip


@dataclass(frozen=True)
class Latent:
    """Distribution of eta given a study's exact rows, and what mu still does to it."""

    mean: Vector
    variance: Vector
    share: Vector


def latent_effect(data: PartialData, mu: float | Vector, t: float) -> Latent:
    """Return the distribution of each study's effect given its exact rows; mu may differ by study."""
    # share = v_hat / (t + v_hat), written so that v_hat may be infinite.
    share = 1.0 / (1.0 + t * data.inv_v)
    return Latent(share * mu + (1.0 - share) * data.y_hat, share * t, share)


@dataclass(frozen=True)
class Plane:
    """Some studies' latent plane.

    Attributes
    ----------
    cells : Cells
        Interval rows as functions of (x, xi); empty for studies whose rows are all exact.
    centre, spread, lever : Vector, shape (studies,)
        ``A = centre + spread x = eta + lever f``.
    f_mean, f_slope, f_sd : Vector, shape (studies,)
        ``f = f_mean + f_slope x + f_sd xi``.
    """

    cells: Cells
    centre: Vector
    spread: Vector
    lever: Vector
    f_mean: Vector
    f_slope: Vector
    f_sd: Vector


def latent_plane(data: PartialData, latent: Latent, rows: NDArray[np.intp], many: NDArray[np.intp]) -> Plane:
    """Return the plane of the studies `many` with their interval rows `rows`, both ascending."""
    place = np.zeros(data.n_studies, dtype=np.intp)
    place[many] = np.arange(many.size)
    s, root = data.s[rows], np.sqrt(data.rho)
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
    here = place[data.study[rows]]
    off, sd = root * (s - s0[here]), data.own[rows]
    base = centre[here] + off * f_mean[here]
    cells = Cells(
        (data.low[rows] - base) / sd,
        (data.high[rows] - base) / sd,
        (sd_a[here] + off * f_slope[here]) / sd,
        off * f_sd[here] / sd,
        data.width[rows] / sd,
        np.flatnonzero(np.r_[True, np.diff(here) > 0]),
        here,
    )
    return Plane(cells, centre, sd_a, root * s0, f_mean, f_slope, f_sd)
