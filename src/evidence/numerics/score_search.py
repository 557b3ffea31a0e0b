"""Newton's method on the score of many data sets at once, its answer proven to be the global maximum.

The facts A and D are those of `numerics.score_facts`.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, fields
from typing import NamedTuple, TypeVar

import numpy as np
from numpy.typing import NDArray

from evidence.numerics.score_facts import (
    Edge,
    Moments,
    MomentSource,
    none_before,
    one_zero_beyond,
)
from evidence.numerics.wls import Vector

__all__ = ["Found", "newton", "solve_q_many", "solve_score", "solve_single"]

Source = TypeVar("Source", bound=MomentSource)

_MAX_STEPS = 120
_CLOSE = np.float32(3e-8)
"""A Newton step this small, relative to ``v_min + t``, leaves an error of its square: below rounding."""
_NEAR, _SLIGHT = np.float32(1e-6), np.float32(2e-13)
"""So does a step this small that minds the curvature, where this moves it no further than that."""
_ROUGH, _FAR = 3, 0.03
"""Most steps in single precision; they end where few are longer than this: the next is within rounding."""


@dataclass(frozen=True)
class Found:
    """Solutions by column.

    Attributes
    ----------
    t : Vector
        The value of tau².
    settled : ndarray of bool
        False where the search ended without a proven answer.
    total, shift, q : Vector
        At `t`: the sum of weights, the weighted mean, and Q.
    """

    t: Vector
    settled: NDArray[np.bool_]
    total: Vector
    shift: Vector
    q: Vector

    @classmethod
    def at_zero(cls, m: Moments) -> Found:
        """Return the solution 0 everywhere, unproven, from the moments there."""
        n = m.q1.size
        return cls(np.zeros(n), np.zeros(n, np.bool_), m.s1.copy(), m.shift.copy(), m.q1.copy())

    def take(self, columns: NDArray[np.intp] | slice) -> Found:
        """Return some columns."""
        return Found(*(getattr(self, f.name)[columns] for f in fields(self)))

    def put(self, at: NDArray[np.intp], part: Found) -> None:
        """Write the solutions of some columns."""
        for f in fields(self):
            getattr(self, f.name)[at] = getattr(part, f.name)


def solve_score(
    source: Source,
    first: Moments,
    guess: Vector,
    *,
    turns: int,
    patience: float = 0.0,
    short: Callable[[Source], MomentSource] | None = None,
) -> Found:
    """Return the global maximum of each column's likelihood over tau² >= 0, as far as A and D prove it.

    Parameters
    ----------
    source : MomentSource
        The data sets, in units in which the smallest variance is 1.
    first : Moments
        Its moments at 0.
    guess : Vector, shape (columns,)
        A first guess, such as the moment estimate.
    turns : int
        Most Newton steps.
    patience : float
        Share of the columns down to which the search goes on.
    short : callable, optional
        Returns a source in single precision, in which the first steps are then taken.

    Returns
    -------
    Found
        Columns not settled hold a better guess, or 0 where the answer is known but not proven.
    """
    out = Found.at_zero(first)
    with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
        rising, one = first.q2 > first.trace, one_zero_beyond(first)
        np.greater(one, rising, out=out.settled)
        active = np.flatnonzero(rising)
        source, t, start = source.keep(active), np.zeros(active.size), guess.take(active)
        f, inverse = _slope(first.trace[active], first.fall[active], first.q2[active], first.q3[active])
        bad = np.flatnonzero(~(start > 0.0))
        start[bad] = -f[bad] * inverse[bad]
        start[bad[~(start[bad] > 0.0)]] = 1.0
        last = _point(t, f, inverse)
        if short is not None:
            start = _refine(short(source), start, last)
        solve_single(
            source,
            active,
            (start, t, np.full(active.size, np.inf)),
            (out, Edge(first, one)),
            turns=turns,
            enough=int(patience * guess.size),
            last=last,
        )
    return out


def _slope(trace: Vector, fall: Vector, q2: Vector, q3: Vector) -> tuple[Vector, Vector]:
    """Return ``f = trace / q2 - 1`` and dt/df over 1 + t (NaN where not positive)."""
    ratio = trace / q2
    rise = 2.0 * ratio * q3 - fall
    inverse = q2 / rise
    falling = rise <= 0.0
    if falling.any():
        inverse[falling] = np.nan
    return ratio - 1.0, inverse


def newton(m: Moments, t: Vector) -> tuple[Vector, Vector, Vector]:
    """Return Newton's next point for ``f = trace / q2 - 1``, f, and dt/df (NaN where not positive)."""
    f, inverse = _slope(m.trace, m.fall, m.q2, m.q3)
    inverse *= 1.0 + t
    return t - f * inverse, f, inverse


class _Point(NamedTuple):
    """A tau², f there, and dt/df, in single precision: enough for a curvature."""

    t: NDArray[np.float32]
    f: NDArray[np.float32]
    inverse: NDArray[np.float32]

    def take(self, columns: NDArray[np.intp]) -> _Point:
        """Return some columns."""
        return _Point(*(part.take(columns, mode="clip") for part in self))


def _point(t: Vector, f: Vector, inverse: Vector) -> _Point:
    return _Point(*(one.astype(np.float32, copy=False) for one in (t, f, inverse)))


def _more(now: _Point, last: _Point, step: NDArray[np.float32]) -> NDArray[np.float32]:
    """Return what the cubic through two points and slopes adds to Newton's step (order 2.7, not 2).

    Where the cubic says something else than Newton it is too early for it, or f is rounding only: nothing.
    """
    (t1, f1, d1), (t0, f0, d0) = now, last
    gap = 1 / (f0 - f1)
    chord = (t0 - t1) * gap
    second = (chord - d1) * gap
    third = ((d0 - chord) * gap - second) * gap
    more = f1 * f1 * (second - third * f0)
    more[~(np.abs(more) < np.float32(0.5) * step)] = 0
    return np.asarray(more)


def solve_single(
    source: MomentSource,
    active: NDArray[np.intp],
    start: tuple[Vector, Vector, Vector],
    answer: tuple[Found, Edge | None],
    *,
    turns: int,
    enough: int = 0,
    last: _Point | None = None,
) -> None:
    """Find a zero of the score between `low` and `high` in each column and write it into the answer.

    With facts at 0 given, an answer counts as settled where A and D hold; otherwise it is known beforehand
    that there is one zero. The brackets are overwritten.
    """
    (t, low, high), (out, first) = start, answer
    for _ in range(turns):
        if active.size <= enough:
            break
        m = source.moments(t)
        new, f, inverse = newton(m, t)
        step = (np.abs(new - t) / (1.0 + t)).astype(np.float32)
        done = step <= _CLOSE
        now = _point(t, f, inverse)
        if last is not None:
            unit = 1 + now.t
            more = _more(now, last, step * unit)
            new += more
            done |= (step <= _NEAR) & (np.abs(more) <= _SLIGHT * unit)
        left = np.flatnonzero(~done)
        if left.size:
            new[left], done[left] = _bracketed(left, t, f, new, low, high)
            left = left[~done[left]]
        if not left.size:
            _finish(active, m, t, new, out, first)
            return
        # Thinning out costs about one evaluation, so it waits until it pays.
        if left.size <= 0.8 * active.size:
            if left.size <= 0.3 * active.size:
                # Writing all is cheaper than picking out most of them.
                _finish(active, m, t, new, out, first)
                out.settled[active[left]] = False
            else:
                at = np.flatnonzero(done)
                _finish(active[at], m.take(at), t[at], new[at], out, first)
            source, active, now = source.keep(left), active[left], now.take(left)
            low, high, new = low[left], high[left], new[left]
        last, t = now, new
    out.t[active] = t


def _bracketed(
    at: NDArray[np.intp], t: Vector, f: Vector, new: Vector, low: Vector, high: Vector
) -> tuple[Vector, NDArray[np.bool_]]:
    """Narrow the brackets of some columns; return their next points, and whether no number is left within."""
    here, after, rising = t[at], new[at], f[at] < 0.0
    bottom = low[at] = np.where(rising, here, low[at])
    top = high[at] = np.where(rising, high[at], here)
    outside = ~((after > bottom) & (after < top))
    middle = np.where(top < np.inf, 0.5 * (bottom + top), 2.0 * here + 1.0)
    return np.where(outside, middle, after), outside & (top < np.inf) & (top - bottom <= 4e-16 * top)


def _refine(source: MomentSource, start: Vector, last: _Point) -> Vector:
    """Take some unguarded steps in single precision: a start that is to be solved properly later."""
    t: Vector = start.astype(np.float32)
    for _ in range(_ROUGH):
        new, f, inverse = newton(source.moments(t), t)
        step = np.abs(new - t)
        far = step > np.float32(_FAR) * (1 + t)
        now = _point(t, f, inverse)
        new += _more(now, last, step)
        last, t = now, np.fmax(new, np.float32(0.0))
        if np.count_nonzero(far) <= 0.05 * t.size:
            break
    out = t.astype(np.float64)
    bad = np.flatnonzero(~((out > 0.0) & (out < np.inf)))
    out[bad] = start[bad]
    return out


def _finish(at: NDArray[np.intp], m: Moments, t: Vector, new: Vector, out: Found, first: Edge | None) -> None:
    """Write solutions; what belongs to the last, tiny step is taken from the derivatives."""
    step = (new - t) / (1.0 + t)
    settled = np.ones(at.size, np.bool_)
    if first is not None:
        left = np.flatnonzero(~first.one[at])
        if left.size:
            few = m.take(left)
            settled[left] = one_zero_beyond(few) & none_before(first.moments.take(at[left]), few, t[left])
            if not settled.all():
                new = np.where(settled, new, 0.0)
    # One over the sum of weights is linear in tau² for equal variances: what is neglected is its curvature.
    total = m.s1 / ((1.0 + t) * (1.0 + m.s2 / m.s1 * step))
    shift = m.shift - m.cross / m.s1 * step
    out.put(at, Found(new, settled, total, shift, m.q1 - step * (m.q2 - step * m.q3)))


def solve_q_many(source: MomentSource, target: Vector) -> Vector:
    """Solve Q(t) = target for t >= 0 in each column; exactly 0 where Q(0) does not exceed the target.

    ``1 / Q`` is increasing and concave, so that Newton's method on it from 0 never passes the root
    (see `numerics.tau2.solve_q`). NaN where it does not end, which no finite data are known to bring about.
    """
    n = target.size
    found, active, t = np.zeros(n), np.arange(n), np.zeros(n)
    with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
        for _ in range(_MAX_STEPS):
            q1, q2 = source.q_moments(t)
            unit = 1.0 + t
            step = np.where(q1 > target, unit * (q1 / target - 1.0) * (q1 / q2), 0.0)
            t = t + step
            done = step <= float(_CLOSE) * unit
            if 5 * int(np.count_nonzero(done)) >= active.size:
                found[active[done]] = t[done]
                left = np.flatnonzero(~done)
                if not left.size:
                    break
                source, active, t, target = source.keep(left), active[left], t[left], target[left]
        else:
            found[active] = np.nan
    return found
