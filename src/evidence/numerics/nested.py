"""Nested random effects in linear time: each group becomes its mean with a variance; no matrix is formed.

Items with independent errors of variance d and columns m (those of [X, y]) form groups with a shared random
effect of variance theta. With a = 1 / d, A = sum a and mean m' = sum a m / A a group contributes::

    sum a (m - m')(m - m')'  to  C' M^-1 C,   sum log d + log A  to  log|M|

and goes on as one item with columns m' and variance 1 / A + theta. Every term is a sum of positive parts, so
nothing cancels where a component dwarfs the sampling variances; the first two derivatives go along (`jets`).
Columns are kept relative to a fixed centre of their group, for the same reason. A correlation rho of a
cluster's sampling errors is a random slope on the standard errors s: with F the forms within the cluster, ``-
F_s F_s' / (1 / rho + F_ss)`` and ``log(1 + rho F_ss)``. A cluster's known covariance V = U L U' is rotated
once: its items are the eigenvalues, and U'1 takes the part of the ones.
"""

from __future__ import annotations

import itertools
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from evidence.numerics.blocks import Codes, Levels, Structure
from evidence.numerics.gram import Gram
from evidence.numerics.jets import (
    Jet,
    constant,
    extend,
    log_total,
    multiply,
    pairs,
    reciprocal,
    weighted_gram,
)
from evidence.numerics.wls import Vector

__all__ = ["Nested", "Parts", "nested_engine"]

_PART = 8_192
"""Rows handled at once: their arrays stay in the processor's cache."""


@dataclass(frozen=True)
class _Stage:
    """A level: where its groups begin, their centres relative to those above, where clusters begin."""

    starts: Codes
    centre: Vector
    clusters: Codes


@dataclass(frozen=True)
class Nested:
    """Nested random effects with everything that does not depend on the components computed.

    Attributes
    ----------
    d : Vector, shape (k,)
        Known variances, independent between rows.
    zz : Vector, shape (k,), or None
        Square of z, by which a row takes up its group's effect; None where V is not rotated: ones.
    zu : Vector, shape (varying, k)
        z times the columns that vary.
    columns : Vector, shape (c, k)
        X, y and (with rho) s, relative to the centres of the innermost groups.
    varying : Codes
        Columns that differ from their centre anywhere: a moderator of studies does not.
    stages : tuple
        Levels of grouping, innermost first.
    own : bool
        Whether each row has an effect of its own: the innermost component adds to `d`.
    rho : float
        Correlation of sampling errors within a cluster, already taken out of `d`.
    """

    d: Vector
    zz: Vector | None
    zu: Vector
    columns: Vector
    varying: Codes
    stages: tuple[_Stage, ...]
    own: bool
    rho: float

    @property
    def k(self) -> int:
        """Number of rows."""
        return int(self.d.size)

    @property
    def size(self) -> int:
        """Number of variance components."""
        return len(self.stages) + self.own

    def gram(self, theta: Vector, *, derivatives: bool = True) -> Gram:
        """Return the Gram at the components `theta`, the outermost first."""
        inner = [float(t) for t in theta[::-1]]
        at_row = inner.pop(0) if self.own else 0.0
        cross, log_det, precision, means, slopes = self._leaves(at_row, derivatives and self.own)
        last = len(self.stages) - 1
        for number, stage in enumerate(self.stages):
            log_det = log_det + log_total(precision)
            variance = reciprocal(precision).shifted(inner[number])
            means = means.shifted(stage.centre)
            if derivatives:
                cross, log_det, means = extend(cross), extend(log_det), extend(means)
                variance = extend(variance, 1.0)
                slopes = None if slopes is None else extend(slopes)
            log_det = log_det + log_total(variance)
            weight = reciprocal(variance)
            cross = cross + weighted_gram(weight, means)
            if slopes is not None:
                slopes = slopes + multiply(weight, multiply(means.rows(-1), means)).segments(stage.clusters)
            if number == last:
                break
            above = self.stages[number + 1]
            precision = weight.segments(above.starts)
            means = multiply(reciprocal(precision), multiply(weight, means).segments(above.starts))
            cross = cross - weighted_gram(precision, means)
            if slopes is not None:
                slopes = slopes - multiply(precision, multiply(means.rows(-1), means)).segments(
                    above.clusters
                )
        if slopes is not None:
            cross, log_det = _sloped(cross, log_det, slopes, self.rho)
        return _outward(cross, log_det, self.columns.shape[0] - (slopes is not None))

    def _leaves(self, theta: float, derivatives: bool) -> tuple[Jet, Jet, Jet, Jet, Jet | None]:
        """Group the rows: forms within groups, log|D|, precisions, means, and with rho the forms with s."""
        stage, varying = self.stages[0], self.varying
        a = 1.0 / (self.d + theta)
        square = a * a
        powers = [a, -square, (2.0 * a) * square] if derivatives else [a]
        u = self.columns[varying]
        count, c = stage.starts.size, self.columns.shape[0]

        def grouped(rows: Vector) -> Vector:
            return rows if count == self.k else np.add.reduceat(rows, stage.starts, axis=-1)

        precision = _jet([grouped(w if self.zz is None else w * self.zz) for w in powers])
        sums = _jet([_fill(grouped(w * self.zu), varying, c) for w in powers])
        means = multiply(reciprocal(precision), sums)
        own = _jet([_fill2((u * w) @ u.T, varying, c) for w in powers])
        cross = own - weighted_gram(precision, means)
        moments = (
            [-float(np.log(a).sum()), float(a.sum()), -float(square.sum())]
            if derivatives
            else [-float(np.log(a).sum())]
        )
        log_det = _jet([np.array(moment) for moment in moments])
        slopes = None
        if self.rho:
            s = self.columns[-1]
            forms = _jet([_fill(grouped(w * s * u), varying, c) for w in powers])
            slopes = (forms - multiply(precision, multiply(means.rows(-1), means))).segments(stage.clusters)
        return cross, log_det, precision, means, slopes


def _jet(parts: list[Vector]) -> Jet:
    """Return a jet of no parameter (one part) or of one (value, first and second derivative)."""
    return constant(parts[0]) if len(parts) == 1 else Jet(parts[0], parts[1][None], parts[2][None])


def _fill(rows: Vector, where: Codes, c: int) -> Vector:
    if where.size == c:
        return rows
    out = np.zeros((c, rows.shape[-1]))
    out[where] = rows
    return out


def _fill2(square: Vector, where: Codes, c: int) -> Vector:
    out = np.zeros((c, c))
    out[np.ix_(where, where)] = square
    return out


def _sloped(cross: Jet, log_det: Jet, slopes: Jet, rho: float) -> tuple[Jet, Jet]:
    """Add ``rho s s'`` to each cluster's covariance."""
    spread = slopes.rows(-1).scaled(rho).shifted(1.0)
    return cross - weighted_gram(reciprocal(spread).scaled(rho), slopes), log_det + log_total(spread)


def _outward(cross: Jet, log_det: Jet, c: int) -> Gram:
    """Put parameters, which have entered from the inside out, in the caller's order; leave out s."""
    q = cross.parameters
    back = np.arange(q)[::-1]
    i, j = pairs(q)
    where = np.zeros((q, q), dtype=np.intp)
    where[i, j] = where[j, i] = np.arange(i.size)
    turned = where[back[i], back[j]]
    return Gram(
        Jet(cross.value[:c, :c], cross.first[back, :c, :c], cross.second[turned, :c, :c]),
        Jet(log_det.value, log_det.first[back], log_det.second[turned]),
    )


def _rotated(structure: Structure, columns: Vector) -> tuple[Vector, Vector]:
    """Return eigenvalues of the known covariance and the columns in its eigenvectors' coordinates."""
    d, out = np.empty(structure.k), np.empty_like(columns)
    for clusters, rows in structure.stacks():
        values, vectors = np.linalg.eigh(structure.sampling(clusters, rows))
        d[rows] = values
        out[:, rows] = np.einsum("bni,cbn->cbi", vectors, columns[:, rows])
    return d, out


def _begins(level: Codes) -> Codes:
    return np.flatnonzero(np.r_[True, np.diff(level) != 0]).astype(np.intp)


@dataclass(frozen=True)
class Parts:
    """Runs of clusters, each small enough for the processor's cache."""

    parts: tuple[Nested, ...]
    k: int

    @property
    def size(self) -> int:
        """Number of variance components."""
        return self.parts[0].size

    def gram(self, theta: Vector, *, derivatives: bool = True) -> Gram:
        """Return the sum of the parts' Grams."""
        first, *rest = (part.gram(theta, derivatives=derivatives) for part in self.parts)
        cross, log_det = first.cross, first.log_det
        for more in rest:
            cross, log_det = cross + more.cross, log_det + more.log_det
        return Gram(cross, log_det)


def nested_engine(structure: Structure, x: Vector, y: Vector) -> Parts:
    """Prepare nested random effects.

    Parameters
    ----------
    structure : Structure
        With nested levels, no two of which have the same groups. With blocks of V at most the clusters and
        the rows may be levels.
    x : Vector, shape (k, p)
        Moderators, in the structure's order of rows.
    y : Vector, shape (k,)
        Effects, or residuals of a first fit.

    Returns
    -------
    Parts
    """
    levels = structure.pattern
    assert isinstance(levels, Levels)
    k, rho = structure.k, structure.rho
    own = len(levels.codes) > 1 and int(levels.codes[-1].max()) + 1 == k
    codes = list(levels.codes[:-1] if own else levels.codes)[::-1]
    d, z = structure.v * (1.0 - rho), np.ones(k)
    columns = np.vstack([x.T, y[None], np.sqrt(structure.v)[None]] if rho else [x.T, y[None]])
    if structure.blocks is not None:
        d, turned = _rotated(structure, np.vstack([z[None], columns]))
        z, columns = turned[0], turned[1:]
    cuts = np.searchsorted(structure.starts, np.arange(_PART, k, _PART))
    ends = np.append(structure.starts, k)[cuts]
    edges = np.unique(np.concatenate([[0], ends, [k]]))
    parts = []
    for low, high in itertools.pairwise(edges):
        run = slice(int(low), int(high))
        part = _Rows(d[run], z[run], columns[:, run], structure.blocks is None)
        parts.append(_nested(part, [level[run] for level in codes], own, rho))
    return Parts(tuple(parts), k)


@dataclass(frozen=True)
class _Rows:
    """Rows as the recursion takes them; `plain` where z is ones."""

    d: Vector
    z: Vector
    columns: Vector
    plain: bool


def _nested(rows: _Rows, codes: list[Codes], own: bool, rho: float) -> Nested:
    d, z, columns, k = rows.d, rows.z, rows.columns, rows.d.size
    weight = 1.0 / d
    begins = [_begins(level) for level in codes]
    members: list[NDArray[np.intp]] = [np.repeat(np.arange(b.size), np.diff(np.append(b, k))) for b in begins]
    centres = []
    for begin, member in zip(begins, members, strict=True):
        bottom = np.add.reduceat(weight * z * z, begin)
        middle = np.add.reduceat(weight * z * columns, begin, axis=1) / np.maximum(
            bottom, np.finfo(float).tiny
        )
        if rows.plain:
            # The mean of a constant is that constant, without the rounding of its sums.
            first = columns[:, begin]
            same = ~np.logical_or.reduceat(columns != first[:, member], begin, axis=1)
            middle = np.where(same, first, middle)
        centres.append(middle)
    inside = columns - centres[0][:, members[0]] * z
    stages = []
    for number, begin in enumerate(begins):
        top = number == len(begins) - 1
        # An item knows its group by the group's first row.
        above = np.zeros_like(centres[number]) if top else centres[number + 1][:, members[number + 1][begin]]
        starts = begin if number == 0 else np.searchsorted(begins[number - 1], begin)
        clusters = np.searchsorted(begin, begins[-1])
        stages.append(_Stage(starts.astype(np.intp), centres[number] - above, clusters.astype(np.intp)))
    varying = np.flatnonzero((inside != 0.0).any(axis=1)).astype(np.intp)
    zz, zu = (None, inside[varying]) if rows.plain else (z * z, z * inside[varying])
    return Nested(d, zz, zu, inside, varying, tuple(stages), own, rho)
