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

from evidence.numerics.blocks import Codes, Levels, Structure, begins
from evidence.numerics.gram import Gram
from evidence.numerics.group_sums import GroupSums, group_sums
from evidence.numerics.innermost import Innermost, Level, Pooled, pooled
from evidence.numerics.jets import (
    Jet,
    extend,
    log_total,
    multiply,
    pairs,
    reciprocal,
    weighted_gram,
)
from evidence.numerics.wls import Vector

__all__ = ["Nested", "Parts", "nested_engine"]

_PART = 16_384
"""Rows handled at once: their arrays stay in the processor's cache."""


_FEW = 4
"""Varying columns up to which the products of every two are kept."""


@dataclass(frozen=True)
class _Stage:
    """A level above the innermost: where its groups begin, their centres relative to those above."""

    starts: Codes
    centre: Vector
    clusters: Codes


@dataclass(frozen=True)
class Nested:
    """Nested random effects with everything that does not depend on the components computed.

    Attributes
    ----------
    k : int
        Number of rows.
    first : Innermost or Pooled
        The rows and the innermost groups: with or without an effect of each row's own.
    clusters : Codes
        First of each cluster's innermost groups.
    stages : tuple
        Levels above the innermost, outwards.
    c : int
        Columns, those of [X, y].
    rho : float
        Correlation of sampling errors within a cluster, already taken out of the rows' variances.
    """

    k: int
    first: Innermost | Pooled
    clusters: Codes
    stages: tuple[_Stage, ...]
    c: int
    rho: float

    @property
    def size(self) -> int:
        """Number of variance components."""
        return len(self.stages) + (2 if isinstance(self.first, Innermost) else 1)

    def gram(self, theta: Vector, *, derivatives: bool = True) -> Gram:
        """Return the Gram at the components `theta`, the outermost first."""
        inner = [float(t) for t in theta[::-1]]
        if isinstance(self.first, Innermost):
            level = self.first.at(*inner[:2], derivatives=derivatives, onward=bool(self.stages))
        else:
            level = self.first.at(inner[0], derivatives=derivatives)
        slopes = None if level.slopes is None else level.slopes.segments(self.clusters)
        level = Level(level.cross, level.log_det, slopes, level.onward)
        for stage, component in zip(self.stages, inner[self.size - len(self.stages) :], strict=True):
            level = _above(level, stage, component, derivatives)
        cross, log_det, slopes = level.cross, level.log_det, level.slopes
        if slopes is not None:
            cross, log_det = _sloped(cross, log_det, slopes, self.rho)
        return _outward(cross, log_det, self.c)


def _above(level: Level, stage: _Stage, component: float, derivatives: bool) -> Level:
    """Group the items of a level."""
    assert level.onward is not None
    cross, log_det, slopes, (weight, means) = level.cross, level.log_det, level.slopes, level.onward
    precision = weight.segments(stage.starts)
    means = multiply(reciprocal(precision), multiply(weight, means).segments(stage.starts))
    cross = cross - weighted_gram(precision, means)
    if slopes is not None:
        slopes = slopes - multiply(precision, multiply(means.rows(-1), means)).segments(stage.clusters)
    log_det = log_det + log_total(precision)
    variance = reciprocal(precision).shifted(component)
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
    return Level(cross, log_det, slopes, (weight, means))


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
    d, z = structure.v * (1.0 - rho), None
    columns = np.vstack([x.T, y[None], np.sqrt(structure.v)[None]] if rho else [x.T, y[None]])
    if structure.blocks is not None:
        d, turned = _rotated(structure, np.vstack([np.ones((1, k)), columns]))
        z, columns = turned[0], turned[1:]
    cuts = np.searchsorted(structure.starts, np.arange(_PART, k, _PART))
    ends = np.append(structure.starts, k)[cuts]
    edges = np.unique(np.concatenate([[0], ends, [k]]))
    parts = []
    for low, high in itertools.pairwise(edges):
        run = slice(int(low), int(high))
        part = _Rows(d[run], None if z is None else z[run], columns[:, run])
        parts.append(_nested(part, [level[run] for level in codes], own, rho))
    return Parts(tuple(parts), k)


@dataclass(frozen=True)
class _Rows:
    """Rows as the recursion takes them; z is None for ones."""

    d: Vector
    z: Vector | None
    columns: Vector

    def reordered(self, order: Codes) -> _Rows:
        """Return the rows in another order."""
        z = None if self.z is None else self.z[order]
        return _Rows(self.d[order], z, self.columns[:, order])


def _nested(rows: _Rows, codes: list[Codes], own: bool, rho: float) -> Nested:
    k = rows.d.size
    firsts = [begins(level) for level in codes]
    layouts = [group_sums(begin, k, ordered=len(firsts) > 1) for begin in firsts]
    laid = rows.reordered(layouts[0].order)
    centres = [_centres(laid, layouts[0])]
    centres += [_centres(rows.reordered(sums.order), sums) for sums in layouts[1:]]
    parents = [np.searchsorted(above, below, side="right") - 1 for below, above in itertools.pairwise(firsts)]
    relative = [
        centre - above[:, parent]
        for centre, above, parent in zip(centres[:-1], centres[1:], parents, strict=True)
    ]
    relative.append(centres[-1])
    clusters = [np.searchsorted(begin, firsts[-1]).astype(np.intp) for begin in firsts]
    stages = [
        _Stage(np.searchsorted(firsts[n], firsts[n + 1]).astype(np.intp), relative[n + 1], clusters[n + 1])
        for n in range(len(firsts) - 1)
    ]
    first = _first(laid, centres[0], relative[0], layouts[0], bool(rho))
    c = len(rows.columns) - bool(rho)
    return Nested(k, first if own else pooled(first), clusters[0], tuple(stages), c, rho)


def _centres(rows: _Rows, sums: GroupSums) -> Vector:
    """Return a fixed centre of each group's columns, (c, groups): their weighted mean."""
    weight = (1.0 if rows.z is None else rows.z) / rows.d
    bottom = sums(weight if rows.z is None else weight * rows.z)
    middle = sums(weight * rows.columns) / np.maximum(bottom, np.finfo(float).tiny)
    if rows.z is None:
        # The mean of a constant is that constant, without the rounding of its sums.
        first = rows.columns[:, : bottom.size] if sums.layers else rows.columns[:, sums.starts]
        first = first[:, sums.back] if sums.back.size else first
        same = sums((rows.columns != sums.spread(first)).astype(np.float64)) == 0.0
        middle = np.where(same, first, middle)
    return middle


def _first(rows: _Rows, middle: Vector, centre: Vector, sums: GroupSums, sloped: bool) -> Innermost:
    """Lay out the rows, their columns taken relative to the middle of their group."""
    around = sums.spread(middle)
    inside = rows.columns - (around if rows.z is None else around * rows.z)
    moves = (inside != 0.0).any(axis=1)
    moves[-1] |= sloped  # the standard errors' column stands last, whether or not it varies
    varying = np.flatnonzero(moves).astype(np.intp)
    u = inside[varying]
    low, high = np.triu_indices(varying.size)
    return Innermost(
        d=rows.d,
        z2=None if rows.z is None else rows.z * rows.z,
        u=u,
        zu=u if rows.z is None else rows.z * u,
        uu=u[low] * u[high] if varying.size <= _FEW else None,
        sloped=sloped,
        varying=varying,
        centre=centre,
        sums=sums,
    )
