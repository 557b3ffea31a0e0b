"""Many meta-regressions at once that share their moderators: one data set a column, every sum a product.

Each column holds effects and variances; the moderators X are the same for all. With W the matrix of weights,
``X'WX`` of all columns is one product of the moderators' pairwise products with W. Effects and variances are
in units in which the smallest variance is 1.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Self

import numpy as np
from numpy.typing import NDArray

from evidence.numerics.design import design
from evidence.numerics.score_facts import Limits, Moments
from evidence.numerics.score_search import solve_q_many, solve_score
from evidence.numerics.score_walk import solve_walking
from evidence.numerics.tau2 import maximise
from evidence.numerics.wls import Vector

__all__ = ["ManyFits", "Shared", "fit_columns", "shared"]

Matrix = NDArray[np.float64]
Blocks = NDArray[np.float64]
"""One small matrix a column: shape (p, p, columns)."""


@dataclass(frozen=True)
class Shared:
    """Moderators, prepared.

    Attributes
    ----------
    x : Matrix, shape (k, p)
        An orthonormal basis of the moderators, which keeps ``X'WX`` as well conditioned as the weights allow.
    back : Matrix, shape (p, p)
        Coefficients of the moderators as given are ``back @`` coefficients of the basis.
    pairs : Matrix, shape (p (p + 1) / 2, k)
        Products of two columns.
    place : NDArray of int, shape (p, p)
        Which row of `pairs` belongs to each cell of X'X.
    spare : Vector, shape (k,)
        One minus the leverage of ordinary least squares.
    """

    x: Matrix
    back: Matrix
    pairs: Matrix
    place: NDArray[np.intp]
    spare: Vector


def shared(x: Matrix) -> Shared:
    """Prepare moderators of full rank."""
    size = np.abs(x).max(axis=0)
    q, r = np.linalg.qr(x / size)
    p = x.shape[1]
    rows, columns = np.triu_indices(p)
    place = np.zeros((p, p), dtype=np.intp)
    place[rows, columns] = place[columns, rows] = np.arange(rows.size)
    back = np.linalg.solve(r, np.eye(p)) / size[:, None]
    pairs = np.ascontiguousarray((q[:, rows] * q[:, columns]).T)
    return Shared(q, back, pairs, place, np.clip(1.0 - (q * q).sum(axis=1), 0.0, 1.0))


@dataclass(frozen=True)
class Columns:
    """Data sets by column; a `numerics.score_facts.MomentSource`."""

    model: Shared
    y: Matrix
    v: Matrix
    restricted: bool

    def keep(self, columns: NDArray[np.intp]) -> Self:
        """Return the same moderators with these columns only."""
        if columns.size == self.y.shape[1]:
            return self
        y, v = (part.take(columns, axis=1, mode="clip") for part in (self.y, self.v))
        return type(self)(self.model, y, v, self.restricted)

    def gram(self, w: Matrix) -> Blocks:
        """Return X'WX of each column, shape (p, p, columns)."""
        return np.asarray((self.model.pairs @ w)[self.model.place], dtype=np.float64)

    def solve(self, t: Vector) -> tuple[Matrix, Blocks, Matrix, Matrix]:
        """Return weights, ``(X'WX)^-1``, coefficients of the basis (p, columns), and residuals."""
        w = np.divide(1.0 + t, self.v + t)
        inverse = _inverse(self.gram(w))
        right = self.model.x.T @ (w * self.y)
        b = np.asarray((inverse * right).sum(axis=1), dtype=np.float64)
        return w, inverse, b, np.asarray(self.y - self.model.x @ b, dtype=np.float64)

    def q_moments(self, t: Vector) -> tuple[Vector, Vector]:
        """Return q1 and q2 alone."""
        w, _, _, r = self.solve(t)
        wr = w * r
        return _dot(wr, r) / (1.0 + t), _dot(wr, wr) / (1.0 + t)

    def moments(self, t: Vector) -> Moments:
        """Return the sums at one tau² a column; `shift` and `cross` have no part here and are 0."""
        w, inverse, _, r = self.solve(t)
        unit, wr, w2 = 1.0 + t, w * r, w * w
        u = w * wr
        outside = self.model.x.T @ u
        q3 = _dot(u, wr) - (outside * (inverse * outside).sum(axis=1)).sum(axis=0)
        s1, s2, none = w.sum(axis=0), w2.sum(axis=0), np.zeros_like(t)
        trace, fall = s1, s2
        if self.restricted:
            second = self.gram(w2)
            turned = (inverse[:, :, None] * second).sum(axis=1)
            w2 *= w
            cubes = (inverse * self.gram(w2)).sum(axis=(0, 1))
            trace = s1 - np.trace(turned)
            fall = s2 - 2.0 * cubes + (turned * turned.transpose(1, 0, 2)).sum(axis=(0, 1))
        return Moments(s1, s2, none, none, trace, fall, _dot(wr, r) / unit, _dot(wr, wr) / unit, q3 / unit)


def _dot(a: Matrix, b: Matrix) -> Vector:
    """Return the columns' inner products."""
    return np.asarray(np.einsum("kb,kb->b", a, b), dtype=np.float64)


def _inverse(a: Blocks) -> Blocks:
    """Return the inverses of symmetric matrices, shape (p, p, columns)."""
    if a.shape[0] == 1:
        return np.asarray(1.0 / a)
    if a.shape[0] == 2:
        det = a[0, 0] * a[1, 1] - a[0, 1] * a[0, 1]
        return np.asarray(np.array([[a[1, 1], -a[0, 1]], [-a[0, 1], a[0, 0]]]) / det)
    return np.ascontiguousarray(np.linalg.inv(a.transpose(2, 0, 1)).transpose(1, 2, 0))


@dataclass(frozen=True)
class ManyFits:
    """Fits by column, in the units of the input.

    Attributes
    ----------
    tau2, q : Vector, shape (columns,)
        Between-study variance; Q(tau²).
    estimate : Matrix, shape (p, columns)
        Coefficients of the moderators as given.
    vcov : Blocks, shape (p, p, columns)
        ``(X'WX)^-1``.
    """

    tau2: Vector
    q: Vector
    estimate: Matrix
    vcov: Blocks


def fit_columns(model: Shared, y: Matrix, v: Matrix, x: Matrix, estimator: str) -> ManyFits:
    """Fit a meta-regression to each column.

    Parameters
    ----------
    model : Shared
        From `shared`.
    y, v : Matrix, shape (k, columns)
        Effects and variances; the smallest variance of each column is 1.
    x : Matrix, shape (k, p)
        The moderators as given.
    estimator : str
        A code of `numerics.tau2.TAU2`, or empty for tau² = 0.

    Returns
    -------
    ManyFits
    """
    data = Columns(model, y, v, restricted=estimator != "ML")
    t = _tau2(data, x, estimator)
    _, inverse, b, r = data.solve(t)
    w = 1.0 / (v + t)
    turned = np.einsum("ij,jmb,nm->inb", model.back, inverse, model.back)
    return ManyFits(t, _dot(w * r, r), model.back @ b, turned * (1.0 + t))


def _tau2(data: Columns, x: Matrix, estimator: str) -> Vector:
    k, p = x.shape
    size = data.y.shape[1]
    zero, dof = np.zeros(size), float(k - p)
    if not estimator:
        return zero
    if estimator in ("PM", "EB"):
        return solve_q_many(data, np.full(size, dof))
    if estimator == "HE":
        return np.maximum(0.0, (_plain_squares(data) - data.model.spare @ data.v) / dof)
    if estimator == "SJ":
        start = np.asarray(data.y.var(axis=0))
        return np.where(start > 0.0, start * data.q_moments(start)[0] / dof, 0.0)
    first = data.moments(zero)
    if estimator == "HS":
        return np.asarray(np.maximum(0.0, (first.q1 - k) / first.s1))
    if estimator == "HSk":
        return np.asarray(np.maximum(0.0, (first.q1 * (k / dof) - k) / first.s1))
    moment = np.asarray(np.maximum(0.0, (first.q1 - dof) / first.trace))
    if estimator == "DL":
        return moment
    found = solve_score(data, first, moment, turns=120)
    late = np.flatnonzero(~found.settled)
    if late.size:
        rest = data.keep(late)
        freedom = np.full(late.size, dof if data.restricted else float(k))
        limits = Limits(freedom, _plain_squares(rest))
        found.put(late, solve_walking(rest, first.take(late), limits, turns=(40, 120)))
    t = found.t
    for at in np.flatnonzero(~found.settled):
        # Neither proven nor disproven to be the global maximum: searched for alone, on a grid.
        alone = design(data.y[:, at], data.v[:, at], x)
        t[at] = maximise(alone, restricted=data.restricted).value
    return t


def _plain_squares(data: Columns) -> Vector:
    """Return the residual sums of squares of ordinary least squares."""
    r = data.y - data.model.x @ (data.model.x.T @ data.y)
    return _dot(r, r)
