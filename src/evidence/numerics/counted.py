"""Data sets that differ only in how often each of the same effects occurs: subsets and resamples.

All sums over effects are products of one small matrix, ``[1, y, y²]``, with weights times counts. To that end
the effects are centred once, at their median; a data set for which this centre is so far off
that digits would be lost is marked and left to the caller, who fits it from its own residuals.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from evidence.numerics.batch import fit_groups
from evidence.numerics.score_facts import Limits, Moments
from evidence.numerics.score_search import Found, solve_score
from evidence.numerics.score_walk import solve_walking
from evidence.numerics.wls import Vector, sample, weighted_mean

__all__ = ["Counted", "CountedFit", "Pool", "finish_counted", "fit_counted", "pool_of"]

LOST = 1e-5
"""Share of a sum of squares left after subtracting the mean, below which digits that matter are lost."""


_TILE = 3072
"""Columns whose weights are computed together, so that they stay in a core's second-level cache."""


@dataclass(frozen=True)
class Pool:
    """The effects that all data sets draw from.

    Attributes
    ----------
    y, v : Vector, shape (k,)
        As given.
    z, u : Vector, shape (k,)
        Effects minus `centre` and variances, in units of the smallest variance.
    centre, unit : float
        The median effect, and the smallest variance.
    powers, short : ndarray, shape (3, k)
        ``[1, z, z²]`` in double and in single precision.
    lift, short_lift : ndarray, shape (k, 2)
        ``[1, u - 1]`` in double and in single precision: one over the weights, ``(u + t) / (1 + t)``, is
        their product with ``[1, 1 / (1 + t)]``, faster than adding rows.
    space : dict
        Work space by precision: the blocks of a pool take turns in it, so that it stays in the cache.
    """

    y: Vector
    v: Vector
    z: Vector
    u: Vector
    centre: float
    unit: float
    powers: Vector
    short: NDArray[np.float32]
    lift: Vector
    short_lift: NDArray[np.float32]
    space: dict[str, NDArray[np.floating]] = field(default_factory=dict)

    def spaces(self, rows: int, columns: int, precision: np.dtype[Any]) -> list[NDArray[np.floating]]:
        """Return two arrays which the next call overwrites."""
        size = rows * columns
        kept = self.space.get(precision.char)
        if kept is None or kept.size < 2 * size:
            kept = self.space[precision.char] = np.empty(2 * size, precision)
        return [kept[at : at + size].reshape(rows, columns) for at in (0, size)]


@dataclass(frozen=True)
class CountedFit:
    """Estimates by data set; each field of shape (data sets,), NaN where there are too few effects.

    Attributes
    ----------
    estimate, std_error : Vector
        Weighted mean and its model-based standard error.
    tau2 : Vector
        Between-study variance; 0 under a common effect.
    q : Vector
        Q at that tau²: over k - 1 it is Hartung & Knapp's variance factor.
    """

    estimate: Vector
    std_error: Vector
    tau2: Vector
    q: Vector


def pool_of(y: Vector, v: Vector) -> Pool:
    """Centre and scale the effects."""
    # The median: one effect far away must not take the origin with it.
    centre, unit = float(np.median(y)), float(v.min())
    z, u = (y - centre) / np.sqrt(unit), v / unit
    powers = np.stack([np.ones_like(z), z, z * z])
    lift = np.stack([np.ones_like(u), u - 1.0], axis=1)
    return Pool(y, v, z, u, centre, unit, powers, powers.astype(np.float32), lift, lift.astype(np.float32))


class Counted:
    """Columns of counts; a `MomentSource`.

    Attributes
    ----------
    pool : Pool
        The effects.
    counts : ndarray of float32, shape (k, columns)
        How often each effect occurs.
    restricted : bool
        REML's trace; otherwise ML's.
    precision : dtype
        Of the computation.
    once : bool
        Whether no effect occurs more than once: then powers of a weight times its count are plain products.
    """

    def __init__(
        self,
        pool: Pool,
        counts: NDArray[np.floating],
        *,
        restricted: bool,
        precision: type[np.floating] = np.float64,
        once: bool = False,
    ) -> None:
        """Take the counts, small whole numbers and hence the same in either precision."""
        self.pool, self.restricted, self.once = pool, restricted, once
        self.counts: NDArray[np.float32] = counts.astype(np.float32, copy=False)
        self.precision = np.dtype(precision)
        self._powers = pool.powers if self.precision == np.float64 else pool.short
        self._lift = pool.lift if self.precision == np.float64 else pool.short_lift

    def _like(self, counts: NDArray[np.float32], precision: type[np.floating]) -> Self:
        return type(self)(self.pool, counts, restricted=self.restricted, precision=precision, once=self.once)

    def keep(self, columns: NDArray[np.intp]) -> Self:
        """Return these columns only."""
        if columns.size == self.counts.shape[1]:
            return self
        return self._like(self.counts.take(columns, axis=1, mode="clip"), self.precision.type)

    def single_precision(self) -> Counted:
        """Return the same for a first approximation."""
        return self._like(self.counts, np.float32)

    def _sums(self, t: Vector, highest: int) -> list[Vector]:
        """Return the products of ``[1, z, z²]`` with the first powers of the weights."""
        counts, n = self.counts, t.size
        level = np.empty((2, n), self.precision)
        level[0] = 1.0
        np.divide(1.0, 1.0 + t, out=level[1], casting="same_kind")
        out = np.empty((highest, 3, n), self.precision)
        for begin in range(0, n, _TILE):
            part = slice(begin, min(begin + _TILE, n))
            w, a = self.pool.spaces(counts.shape[0], part.stop - begin, self.precision)
            np.matmul(self._lift, level[:, part], out=w)
            np.copyto(a, counts[:, part])
            np.divide(a, w, out=a)
            out[0, :, part] = self._powers @ a
            if highest == 1:
                continue
            if self.once:
                # In w the squares, in a then the cubes.
                np.multiply(a, a, out=w)
                out[1, :, part] = self._powers @ w
                if highest == 3:
                    out[2, :, part] = self._powers @ np.multiply(a, w, out=a)
                continue
            np.reciprocal(w, out=w)
            for power in range(1, highest):
                np.multiply(a, w, out=a)
                out[power, :, part] = self._powers @ a
        return list(out)

    def sums_at_zero(self) -> list[Vector]:
        """Return what `fit_counted` takes as `zero_sums`."""
        return self._sums(np.zeros(self.counts.shape[1]), 3)

    def moments(self, t: Vector) -> Moments:
        """Return the sums at one tau² a column."""
        return moments_of(self._sums(t, 3), 1.0 / (1.0 + t), restricted=self.restricted)

    def q_moments(self, t: Vector) -> tuple[Vector, Vector]:
        """Return Q(t) and its quadratic form with squared weights."""
        (s1, a1, b1), (s2, a2, b2) = self._sums(t, 2)
        shift = a1 / s1
        return (b1 - shift * a1) / (1.0 + t), (b2 - shift * (2.0 * a2 - shift * s2)) / (1.0 + t)

    def mean(self, t: Vector) -> Found:
        """Return the sum of weights, the weighted mean, and Q, at one tau² a column."""
        ((s1, a1, b1),) = self._sums(t, 1)
        shift, unit = a1 / s1, 1.0 + t
        return Found(t, np.ones(t.size, np.bool_), s1 / unit, shift, (b1 - shift * a1) / unit)


def moments_of(sums: list[Vector], over: Vector | None, *, restricted: bool) -> Moments:
    """Return the moments from the sums of ``[1, z, z²]`` with three powers of the weights.

    With `over` = 1 / (1 + t), which may be left out at t = 0.
    """
    (s1, a1, b1), (s2, a2, b2), (s3, a3, b3) = sums
    part = 1.0 / s1
    shift = a1 * part
    cross = a2 - shift * s2
    third = a3 - shift * s3
    q1 = b1 - shift * a1
    q2 = b2 - shift * (a2 + cross)
    q3 = b3 - shift * (a3 + third) - cross * cross * part
    if over is not None:
        for form in (q1, q2, q3):
            form *= over
    if not restricted:
        return Moments(s1, s2, shift, cross, s1, s2, q1, q2, q3)
    share = s2 * part
    return Moments(s1, s2, shift, cross, s1 - share, s2 + part * (share * s2 - 2.0 * s3), q1, q2, q3)


def _unsound(first: Moments, zero_sums: list[Vector], trace: Vector) -> NDArray[np.bool_]:
    """Tell which data sets the shared centre does not serve; `trace` is that of REML."""
    s1, _, b1 = zero_sums[0]
    return np.asarray((first.q1 < LOST * b1) | (trace < LOST * s1))


def fit_counted(
    source: Counted, sizes: Vector, zero_sums: list[Vector], tau2: str
) -> tuple[CountedFit, NDArray[np.intp]]:
    """Fit each column of counts.

    Parameters
    ----------
    source : Counted
        The data sets, each with at least two effects.
    sizes : Vector, shape (columns,)
        Number of effects of each.
    zero_sums : list of Vector
        The sums at tau² = 0 (`moments_of`), which may be had more cheaply than by the products.
    tau2 : {"EE", "DL", "ML", "REML"}
        Estimator; EE is the common effect, for which the first of the sums is enough.

    Returns
    -------
    CountedFit
        NaN in the columns that are not settled.
    ndarray of int
        The columns that are not settled.
    """
    if tau2 == "EE":
        return _common_effects(source.pool, zero_sums[0])
    dof = sizes - 1.0
    with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
        first = moments_of(zero_sums, None, restricted=source.restricted)
        trace = first.trace if source.restricted else first.s1 - first.s2 / first.s1
        guess = (first.q1 - dof) / trace
        closed = tau2 == "DL"
        if closed:
            found = source.mean(np.maximum(guess, 0.0))
        else:
            found = solve_score(source, first, guess, turns=40, patience=0.02, short=Counted.single_precision)
        open_columns = np.flatnonzero(~found.settled | _unsound(first, zero_sums, trace))
        fit = _record(source.pool, found)
    for column in (fit.estimate, fit.std_error, fit.tau2, fit.q):
        column[open_columns] = np.nan
    return fit, open_columns


def _common_effects(pool: Pool, sums: Vector) -> tuple[CountedFit, NDArray[np.intp]]:
    """Return fits of the common effect, and the columns whose Q has lost digits."""
    s1, a1, b1 = sums
    shift = a1 / s1
    q = b1 - shift * a1
    estimate, error = pool.centre + shift * np.sqrt(pool.unit), np.sqrt(pool.unit / s1)
    return CountedFit(estimate, error, np.zeros(s1.size), q), np.flatnonzero(~(q >= LOST * b1))


def _each_alone(source: Counted) -> CountedFit:
    """Fit the common effect from each column's own residuals."""
    pool, out = source.pool, np.zeros((4, source.counts.shape[1]))
    for column, times in enumerate(source.counts.T.astype(np.intp)):
        mean = weighted_mean(sample(np.repeat(pool.y, times), np.repeat(pool.v, times)))
        out[:, column] = mean.estimate, mean.std_error, 0.0, mean.q
    return CountedFit(*out)


def _record(pool: Pool, found: Found) -> CountedFit:
    return CountedFit(
        estimate=pool.centre + found.shift * np.sqrt(pool.unit),
        std_error=np.sqrt(pool.unit / found.total),
        tau2=found.t * pool.unit,
        q=found.q,
    )


def finish_counted(source: Counted, sizes: Vector, tau2: str) -> CountedFit:
    """Fit the columns that `fit_counted` left: by the walk, and if need be from their own residuals."""
    if tau2 == "EE":
        return _each_alone(source)
    zero = np.zeros(sizes.size)
    with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
        sums = source.sums_at_zero()
        first = moments_of(sums, None, restricted=source.restricted)
        left = _unsound(first, sums, first.s1 - first.s2 / first.s1)
        if tau2 == "DL":
            found = source.mean(zero)
        else:
            limits = Limits(sizes - (1.0 if source.restricted else 0.0), _sum_squares(source, sizes))
            found = solve_walking(source, first, limits, turns=(40, 120))
            left |= ~found.settled
        fit = _record(source.pool, found)
    at = np.flatnonzero(left)
    if at.size:
        times = source.counts[:, at].T.astype(np.intp)
        column, effect = np.nonzero(times)
        repeats = times[column, effect]
        effect, column = np.repeat(effect, repeats), np.repeat(column, repeats)
        alone = fit_groups(
            source.pool.y[effect], source.pool.v[effect], column, count=at.size, tau2=tau2, inference="HKSJ"
        )
        z = fit_groups(
            source.pool.y[effect], source.pool.v[effect], column, count=at.size, tau2=tau2, inference="z"
        )
        fit.estimate[at], fit.std_error[at], fit.tau2[at] = alone.estimate, z.std_error, alone.tau2
        factor = np.where(alone.identical, 0.0, (alone.std_error / z.std_error) ** 2)
        fit.q[at] = factor * (sizes[at] - 1.0)
    return fit


def _sum_squares(source: Counted, sizes: Vector) -> Vector:
    _, a, b = source.pool.powers @ source.counts.astype(np.float64)
    return np.asarray(b - a * a / sizes)
