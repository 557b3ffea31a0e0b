"""Weighted least squares with moderators by QR, exact at any scale of the data and any spread of precision.

Everything inside counts in powers of two near the smallest standard error and near each moderator's size, so
that a change of units by a power of two changes no digit. Rows are sorted by precision and columns by a
pivoted QR: Householder's method is then stable row by row (Cox & Higham 1998), which matters where variances
differ by many orders of magnitude. The effects enter as residuals of a first fit, so that digits which the
moderators explain cancel once and for all; a study that determines its own fitted value (leverage near one)
gets residual and leverage from the fit without it, where nothing cancels.

References
----------
Cox AJ, Higham NJ. Stability of Householder QR factorization for weighted least squares problems. In:
Griffiths DF, Higham DJ, Watson GA (eds). Numerical Analysis 1997. Longman, 1998, 57-73.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import linalg

from evidence.errors import ModelError
from evidence.numerics.wls import Sums, Vector

__all__ = ["Design", "Projection", "dependencies", "design"]

_EPS = float(np.finfo(np.float64).eps)
_LEANS = 0.9
"""Leverage above which a row's residual is taken from the fit without it; at most p / 0.9 rows have it."""

Matrix = NDArray[np.float64]


@dataclass(frozen=True)
class Projection:
    """Weighted least squares at one or several values of tau²; rows and columns in the design's inner order.

    Attributes
    ----------
    w : Matrix, shape (g, k)
        Weights ``(v_min + t) / (v + t)``.
    q : NDArray, shape (g, k, p)
        Orthonormal basis of the weighted moderators.
    r : NDArray, shape (g, p, p)
        The triangular factor.
    c : Matrix, shape (g, p)
        The effects in that basis.
    e : Matrix, shape (g, k)
        Weighted residuals, ``sqrt(w)`` times the residual.
    spare : Matrix, shape (g, k)
        One minus the leverage.
    """

    w: Matrix
    q: NDArray[np.float64]
    r: NDArray[np.float64]
    c: Matrix
    e: Matrix
    spare: Matrix


@dataclass(frozen=True)
class Design:
    """Effects, variances and moderators, prepared.

    Attributes
    ----------
    y, v : Vector, shape (k,)
        As given.
    x : Matrix, shape (k, p)
        As given, of full rank, p < k.
    unit : float
        Power of two near the smallest standard error.
    z, u : Vector, shape (k,)
        Residuals of the first fit and variances, in `unit` and its square, sorted by precision.
    basis : Matrix, shape (k, p)
        Moderators: rows as `z`, columns in order of pivoting, each times its `scale`.
    rows, columns : ndarray of int
        Where each inner row and column stands in `x`.
    scale : Vector, shape (p,)
        Powers of two.
    start : Vector, shape (p,)
        Coefficients of the first fit, inner columns, in `unit`.
    pinned : ndarray of bool, shape (k,)
        Rows without which the moderators lose rank: their leverage is one at any tau².
    log_volume : float
        ``log |X'X|`` of `basis`.
    plain : tuple of float
        See `unweighted`.
    """

    y: Vector
    v: Vector
    x: Matrix
    unit: float
    z: Vector
    u: Vector
    basis: Matrix
    rows: NDArray[np.intp]
    columns: NDArray[np.intp]
    scale: Vector
    start: Vector
    pinned: NDArray[np.bool_]
    log_volume: float
    plain: tuple[float, float]

    @property
    def k(self) -> int:
        """Number of effects."""
        return int(self.x.shape[0])

    @property
    def p(self) -> int:
        """Number of coefficients."""
        return int(self.x.shape[1])

    @property
    def v_min(self) -> float:
        """The smallest variance."""
        return float(self.u[0]) * self.unit * self.unit

    @property
    def reach(self) -> float:
        """A value of tau² beyond which the likelihood only falls.

        With s the residual variance of ordinary least squares, ``y'PPy <= w_max² (k - p) s`` and
        ``tr P >= w_min (k - p)``, so that the score is negative once ``(v_min + t)² > s (v_max + t)``.
        """
        squares, _ = self.unweighted()
        s = squares / (self.k - self.p)
        wide = float(self.u[-1]) * self.unit * self.unit - self.v_min
        edge = 0.5 * s + float(np.sqrt(s)) * float(np.sqrt(0.25 * s + wide))
        # A thousandth more than the bound, so that its rounding cannot cut off a maximum.
        return 0.0 if 1.001 * edge <= self.v_min else 1.001 * edge

    def project(self, t: Vector) -> Projection:
        """Solve the weighted least squares problem at each value of tau²."""
        tau = t / self.unit / self.unit
        w = (self.u[0] + tau)[:, None] / (self.u + tau[:, None])
        root = np.sqrt(w)
        q, r = np.linalg.qr(root[:, :, None] * self.basis)
        target = root * self.z
        c = np.einsum("gkp,gk->gp", q, target)
        e = target - np.einsum("gkp,gp->gk", q, c)
        # One more round takes out what rounding left of the moderators in the residuals.
        again = np.einsum("gkp,gk->gp", q, e)
        e -= np.einsum("gkp,gp->gk", q, again)
        spare = np.clip(1.0 - np.einsum("gkp,gkp->gk", q, q), 0.0, 1.0)
        if t.size == 1:
            self._correct(w[0], e[0], spare[0])
        return Projection(w, q, r, c + again, e, spare)

    def _correct(self, w: Vector, e: Vector, spare: Vector) -> None:
        """Replace residual and spare leverage of rows that lean on themselves, in place."""
        e[self.pinned] = 0.0
        spare[self.pinned] = 0.0
        for i in np.flatnonzero((spare < 1.0 - _LEANS) & ~self.pinned):
            others = np.arange(self.k) != i
            root = np.sqrt(w[others])
            q, r, order = linalg.qr(root[:, None] * self.basis[others], mode="economic", pivoting=True)
            at = linalg.solve_triangular(r, self.basis[i, order], trans="T")
            spare[i] = 1.0 / (1.0 + w[i] * float(at @ at))
            e[i] = np.sqrt(w[i]) * spare[i] * (self.z[i] - float(at @ (q.T @ (root * self.z[others]))))

    def sums(self, t: Vector) -> Sums:
        """Return the sums at each value of tau²; see `evidence.numerics.wls.Sums`."""
        at = self.project(t)
        e = at.e / np.sqrt(self.u[0] + t / self.unit / self.unit)[:, None]
        squares = e * e
        w_squares = at.w * squares
        # y'PPPy is the squared length of W^(1/2) P y outside the moderators.
        u = at.w * e
        for _ in range(2):
            u = u - np.einsum("gkp,gp->gk", at.q, np.einsum("gkp,gk->gp", at.q, u))
        w_spare = at.w * at.spare
        inner = (at.q * at.w[:, :, None]).transpose(0, 2, 1) @ at.q
        hat = at.w * (1.0 - at.spare)
        off = np.maximum((inner * inner).sum(axis=(1, 2)) - (hat * hat).sum(axis=1), 0.0)
        size = np.abs(np.diagonal(at.r, axis1=1, axis2=2))
        return Sums(
            unit=self.v_min + t,
            s1=at.w.sum(axis=1),
            s2=(at.w * at.w).sum(axis=1),
            q1=squares.sum(axis=1),
            q2=w_squares.sum(axis=1),
            q3=(u * u).sum(axis=1),
            tr_p=w_spare.sum(axis=1),
            tr_pp=(w_spare * w_spare).sum(axis=1) + off,
            log_det=2.0 * np.log(size).sum(axis=1) - self.log_volume,
        )

    def unweighted(self) -> tuple[float, float]:
        """Return the residual sum of squares of ordinary least squares and ``sum of v (1 - leverage)``."""
        return self.plain


def _power(value: Vector) -> Vector:
    """Return the powers of two at or below positive numbers."""
    return np.asarray(np.ldexp(1.0, np.frexp(value)[1] - 1), dtype=np.float64)


def design(y: Vector, v: Vector, x: Matrix) -> Design:
    """Prepare effects, variances and moderators.

    Parameters
    ----------
    y, v : Vector, shape (k,)
        Effects and their sampling variances; finite, variances positive.
    x : Matrix, shape (k, p)
        Moderators, with the intercept where there is one; finite, of full rank, 1 <= p < k.

    Returns
    -------
    Design

    Raises
    ------
    ModelError
        Where there are not more effects than coefficients, the columns depend on each other (see
        `dependencies`), or effects and standard errors are more than 150 orders of magnitude apart.
    """
    k, p = x.shape
    if not 1 <= p < k:
        raise ModelError(f"{k} effects cannot estimate {p} coefficients and the spread between studies")
    if dependencies(x):
        raise ModelError("the moderators depend on each other: some column is a combination of others")
    rows = np.argsort(v, kind="stable")
    unit = float(_power(np.sqrt(v[rows[:1]]))[0])
    with np.errstate(over="ignore"):
        u, z = v[rows] / unit / unit, y[rows] / unit
    if not (np.isfinite(u).all() and float(np.abs(z).max()) < 1e150):
        raise ModelError(
            "effects and standard errors are more than 150 orders of magnitude apart;"
            " check the units of both columns"
        )
    scale = 1.0 / _power(np.abs(x).max(axis=0))
    basis = (x * scale)[rows]
    root = np.sqrt(u[0] / u)
    q, r, columns = linalg.qr(root[:, None] * basis, mode="economic", pivoting=True)
    basis, scale = np.ascontiguousarray(basis[:, columns]), scale[columns]
    start = linalg.solve_triangular(r, q.T @ (root * z))
    residual = z - basis @ start
    # Effects that the moderators explain to the last digit leave rounding errors only: no spread.
    if (np.abs(residual) <= 16.0 * _EPS * (np.abs(z) + np.abs(basis) @ np.abs(start))).all():
        residual = np.zeros(k)
    q, r = np.linalg.qr(basis)
    spare = np.clip(1.0 - (q * q).sum(axis=1), 0.0, 1.0)
    pinned = np.zeros(k, dtype=bool)
    for i in np.flatnonzero(spare < 1e-6):
        pinned[i] = bool(dependencies(np.delete(basis, i, axis=0)))
    e = residual
    for _ in range(2):
        e = e - q @ (q.T @ e)
    e, spare = np.where(pinned, 0.0, e), np.where(pinned, 0.0, spare)
    return Design(
        y=y,
        v=v,
        x=x,
        unit=unit,
        z=residual,
        u=u,
        basis=basis,
        rows=rows,
        columns=columns.astype(np.intp),
        scale=scale,
        start=start,
        pinned=pinned,
        log_volume=2.0 * float(np.log(np.abs(np.diagonal(r))).sum()),
        plain=(float(e @ e) * unit * unit, float(u @ spare) * unit * unit),
    )


def dependencies(x: Matrix, tolerance: float = 1e-11) -> list[tuple[int, tuple[int, ...]]]:
    """Return the columns that are combinations of others, each with the columns that make it up.

    Columns are compared after scaling to length one. With `tolerance` well above rounding and well below any
    moderator that a study could measure, a column counts as dependent where what the others leave of it is
    shorter than that share of its length.

    Parameters
    ----------
    x : Matrix, shape (k, p)
        Moderators, finite.
    tolerance : float
        Share of a column's length.

    Returns
    -------
    list of (int, tuple of int)
        Empty for full rank. A column of zeros depends on nothing: its tuple is empty.
    """
    size = np.abs(x).max(axis=0, initial=0.0)
    empty = np.flatnonzero(size == 0.0)
    found: list[tuple[int, tuple[int, ...]]] = [(int(j), ()) for j in empty]
    kept: list[int] = []
    for j in np.flatnonzero(size > 0.0):
        column = x[:, j] / size[j]
        column = column / np.sqrt(column @ column)
        if kept:
            others = x[:, kept] / size[kept]
            others = others / np.sqrt((others * others).sum(axis=0))
            weights = np.linalg.lstsq(others, column, rcond=None)[0]
            left = column - others @ weights
            if float(np.sqrt(left @ left)) <= tolerance:
                makers = np.abs(weights) > 1e-6 * np.abs(weights).max()
                found.append((int(j), tuple(kept[i] for i in np.flatnonzero(makers))))
                continue
        kept.append(int(j))
    return sorted(found)
