"""Many small data sets of different sizes as padded blocks: one column a data set, sums down the columns.

Data sets are sorted by size and cut into blocks that fit a processor's cache; the shorter columns of a block
end in effects of infinite variance, whose weight is exactly 0. Each column is scaled to a smallest
variance of 1 and shifted to that effect, which itself is kept apart: its weight is 1 and its shifted effect
0, and every sum that could cancel is written as a sum of positive terms over the others (`numerics.wls`
tells why).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal, Self

import numpy as np
from numpy.typing import NDArray

from evidence.numerics.score_facts import Limits, Moments
from evidence.numerics.score_search import Found
from evidence.numerics.wls import Vector

__all__ = ["Block", "Columns", "Scaled", "block_columns", "cut", "join"]

_CELLS = 36_000
"""Cells of a block: with its work space it stays in a core's second-level cache."""
_STRETCH = 1.3
"""Largest over smallest number of effects in one block: padding costs less than more blocks would."""

Space = dict[str, Vector]
"""Work space by precision."""


@dataclass(frozen=True)
class Block:
    """Which data sets share a block, and how long its columns are."""

    groups: NDArray[np.intp]
    k_max: int


def cut(sizes: NDArray[np.intp]) -> Iterator[Block]:
    """Cut data sets into blocks of similar sizes; the cuts depend on the sizes alone.

    Parameters
    ----------
    sizes : ndarray of int, shape (groups,)
        Effects of each data set; those with fewer than two are left out.
    """
    # Of 16-bit integers NumPy's stable sort is a radix sort, many times faster.
    short = sizes.astype(np.int16) if sizes.size and sizes.max() < 2**15 else sizes
    order = np.argsort(short, kind="stable")
    ordered = sizes[order]
    at = int(np.searchsorted(ordered, 2))
    while at < order.size:
        smallest = int(ordered[at])
        top = max(int(_STRETCH * smallest), smallest)
        similar = int(np.searchsorted(ordered, top, side="right")) - at
        # By the largest that would fit: the block never has more cells than planned, one column excepted.
        count = max(1, min(similar, _CELLS // top))
        yield Block(order[at : at + count], int(ordered[at + count - 1]))
        at += count


class Columns:
    """The other effects of each data set beside its most precise one; a `MomentSource`.

    Attributes
    ----------
    z, v : ndarray, shape (k_max - 1, columns)
        Effects minus the most precise one, and variances, both in its standard error's units; padding
        has z = 0 and v = inf.
    restricted : bool
        REML's trace; otherwise ML's.
    """

    def __init__(self, z: Vector, v: Vector, *, restricted: bool, space: Space | None = None) -> None:
        """Take the arrays as they are, and the work space of the columns before them."""
        self.z, self.v, self.restricted = z, v, restricted
        self._long = z.strides[0] < z.strides[1]
        self._space: Space = {} if space is None else space

    def keep(self, columns: NDArray[np.intp]) -> Self:
        """Return these columns only."""
        if columns.size == self.z.shape[1]:
            return self
        if self._long:
            z, v = (
                self.z.T.take(columns, axis=0, mode="clip").T,
                self.v.T.take(columns, axis=0, mode="clip").T,
            )
        else:
            z, v = self.z.take(columns, axis=1, mode="clip"), self.v.take(columns, axis=1, mode="clip")
        return type(self)(z, v, restricted=self.restricted, space=self._space)

    def single_precision(self) -> Columns:
        """Return the same for a first approximation."""
        z: Vector = self.z.astype(np.float32)
        v: Vector = self.v.astype(np.float32)
        return Columns(z, v, restricted=self.restricted, space=self._space)

    def _work(self) -> tuple[Vector, Vector]:
        """Return two arrays that the next call overwrites; blocks take turns in them, so they stay cached."""
        size, precision = self.z.size, self.z.dtype
        kept = self._space.get(precision.char)
        if kept is None or kept.size < 2 * size:
            kept = self._space[precision.char] = np.empty(2 * size, precision)
        rows, columns = self.z.shape
        w, b = (
            part.reshape(columns, rows).T if self._long else part.reshape(rows, columns)
            for part in (kept[:size], kept[size : 2 * size])
        )
        return w, b

    def _dot(self, first: Vector, *others: Vector) -> Vector:
        """Return the sums of products down the columns."""
        if self._long:
            # NumPy sums long runs of memory in pairs, which einsum does not.
            for other in others:
                first = first * other
            return np.asarray(first.sum(axis=0))
        # Without an array of products this takes half the time.
        return np.asarray(np.einsum(",".join(["kb"] * (1 + len(others))) + "->b", first, *others))

    def _weights(self, t: Vector) -> tuple[Vector, Vector, Vector, Vector]:
        """Return weights and residuals, the weights' sum and the shift of the mean."""
        w, r = self._work()
        np.add(self.v, t, out=w)
        np.divide(1.0 + t, w, out=w)
        p1 = w.sum(axis=0)
        shift = self._dot(w, self.z) / (1.0 + p1)
        np.subtract(self.z, shift, out=r)
        return w, r, p1, shift

    def moments(self, t: Vector) -> Moments:
        """Return the sums at one tau² a column."""
        w, r, p1, shift = self._weights(t)
        s1, unit, own = 1.0 + p1, 1.0 + t, shift * shift
        # The padding's residual is finite and its weight 0.
        wr = w * r
        p2 = self._dot(w, w)
        cross = self._dot(w, wr) - shift
        q1 = (self._dot(wr, r) + own) / unit
        q2 = (self._dot(wr, wr) + own) / unit
        q3 = (self._dot(wr, wr, w) + own - cross * cross / s1) / unit
        if not self.restricted:
            return Moments(s1, 1.0 + p2, shift, cross, s1, 1.0 + p2, q1, q2, q3)
        p3 = self._dot(w, w, w)
        # From p1: s1 - 1 would lose the digits where one study has nearly all the weight.
        trace = (2.0 * p1 + p1 * p1 - p2) / s1
        squared = p1 * p1
        fall = (squared + p2 * p2 + squared * p2 + (3.0 * p2 - 2.0 * p3) + 2.0 * p1 * (p2 - p3)) / (s1 * s1)
        return Moments(s1, 1.0 + p2, shift, cross, trace, fall, q1, q2, q3)

    def q_moments(self, t: Vector) -> tuple[Vector, Vector]:
        """Return Q(t) and its quadratic form with squared weights."""
        w, r, _, shift = self._weights(t)
        own, unit = shift * shift, 1.0 + t
        wr = np.multiply(w, r, out=w)
        return (self._dot(wr, r) + own) / unit, (self._dot(wr, wr) + own) / unit

    def mean(self, t: Vector) -> Found:
        """Return the sum of weights, the weighted mean, and Q, at one tau² a column."""
        w, r, p1, shift = self._weights(t)
        unit = 1.0 + t
        q = (self._dot(w, r, r) + shift * shift) / unit
        return Found(t, np.ones(t.size, np.bool_), (1.0 + p1) / unit, shift, q)


@dataclass(frozen=True)
class Scaled:
    """A block's columns and what leads back to the data's units."""

    columns: Columns
    k: NDArray[np.intp]
    origin: Vector
    unit: Vector

    @property
    def dof(self) -> Vector:
        """One less than the number of effects."""
        return np.asarray(self.k - 1, np.float64)

    @property
    def sum_squares(self) -> Vector:
        """Sum of squared deviations of the effects from their plain mean."""
        z = self.columns.z
        centre = z.sum(axis=0) / self.k
        deviation = np.where(np.isfinite(self.columns.v), z - centre, 0.0)
        return np.asarray(np.square(deviation, out=deviation).sum(axis=0) + centre * centre)

    @property
    def mean_variance(self) -> Vector:
        """Plain mean of the sampling variances."""
        v = self.columns.v
        return np.asarray((1.0 + np.where(np.isfinite(v), v, 0.0).sum(axis=0)) / self.k)

    @property
    def limits(self) -> Limits:
        """What bounds the search."""
        return Limits(self.dof + (0.0 if self.columns.restricted else 1.0), self.sum_squares)

    def pick(self, at: NDArray[np.intp]) -> Scaled:
        """Return some columns."""
        return Scaled(self.columns.keep(at), self.k[at], self.origin[at], self.unit[at])


def join(parts: list[Scaled]) -> Scaled:
    """Put blocks side by side, padded to the longest."""
    rows = max(part.columns.z.shape[0] for part in parts)
    total = sum(part.k.size for part in parts)
    z, v = np.zeros((rows, total)), np.full((rows, total), np.inf)
    at = 0
    for part in parts:
        height, width = part.columns.z.shape
        z[:height, at : at + width], v[:height, at : at + width] = part.columns.z, part.columns.v
        at += width
    k = np.concatenate([part.k for part in parts])
    origin, unit = (np.concatenate([getattr(part, name) for part in parts]) for name in ("origin", "unit"))
    return Scaled(Columns(z, v, restricted=parts[0].columns.restricted), k, origin, unit)


def _windows(values: Vector, width: int) -> Vector:
    """Return the runs of `width` values that begin at each of them, as a view."""
    step = values.strides[0]
    shape = (values.size - width + 1, width)
    return np.lib.stride_tricks.as_strided(values, shape, (step, step), writeable=False)


def block_columns(
    block: Block,
    y: Vector,
    v: Vector,
    starts: NDArray[np.intp],
    sizes: NDArray[np.intp],
    *,
    restricted: bool,
    space: Space | None = None,
) -> Scaled:
    """Gather a block from effects that lie group by group.

    Parameters
    ----------
    block : Block
        The data sets.
    y, v : Vector
        Effects and variances, one data set after another.
    starts, sizes : ndarray of int
        Where each data set begins, and its number of effects.
    restricted : bool
        REML instead of ML.
    space : dict, optional
        Work space that blocks may share.

    Returns
    -------
    Scaled
    """
    k = sizes[block.groups]
    # Long columns lie one after another in memory, short ones side by side: sums run along memory.
    order: Literal["F", "C"] = "F" if block.k_max > 4 * k.size else "C"
    line = np.arange(block.k_max)[:, None]
    shortest = int(k.min())
    ragged = shortest < block.k_max
    begin = starts[block.groups]
    if order == "C" and int(begin.max()) + block.k_max <= y.size:
        # Copying a run of memory for each data set is faster than looking up every effect.
        yy, vv = (_windows(one, block.k_max)[begin].T.copy() for one in (y, v))
    else:
        at = (begin + line).astype(np.intp, order=order, copy=False)
        # Past the last effect (padding only) the mode "clip" reads the last one again.
        yy, vv = y.take(at, mode="clip"), v.take(at, mode="clip")
    if order == "F":
        yy, vv = np.asfortranarray(yy), np.asfortranarray(vv)
    if ragged:
        padding = line[shortest:] >= k
        vv[shortest:][padding] = np.inf
    pivot = vv.argmin(axis=0)
    every = np.arange(k.size)
    origin, unit = yy[pivot, every], vv[pivot, every]
    yy[pivot, every], vv[pivot, every] = yy[0], vv[0]
    z, v_others = yy[1:], vv[1:]
    with np.errstate(over="ignore", invalid="ignore"):
        np.subtract(z, origin, out=z)
        np.divide(z, np.sqrt(unit), out=z)
        np.divide(v_others, unit, out=v_others)
    if ragged:
        # Row 0 is always a real effect, so that the exchange with it has moved no padding.
        z[shortest - 1 :][padding] = 0.0
    return Scaled(Columns(z, v_others, restricted=restricted, space=space), k, origin, unit)
