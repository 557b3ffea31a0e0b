"""Newton's method on the score of many data sets at once, its answer proven to be the global maximum.

The facts A and D are those of `numerics.score_facts`.
"""

from __future__ import annotations

from dataclasses import dataclass, fields

import numpy as np
from numpy.typing import NDArray

from evidence.numerics.score_facts import (
    Moments,
    MomentSource,
    none_before,
    one_zero_beyond,
)
from evidence.numerics.wls import Vector

__all__ = ["Found", "newton", "refine", "solve_q_many", "solve_score", "solve_single"]

_MAX_STEPS = 120
_CLOSE = 3e-8
"""A Newton step this small, relative to ``v_min + t``, leaves an error of its square: below rounding."""


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
    source: MomentSource, first: Moments, guess: Vector, *, turns: int, patience: float = 0.0
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

    Returns
    -------
    Found
        Columns not settled hold a better guess, or 0 where the answer is known but not proven.
    """
    out = Found.at_zero(first)
    with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
        rising = first.q2 > first.trace
        out.settled[:] = ~rising & one_zero_beyond(first)
        active = np.flatnonzero(rising)
        zero = np.zeros(active.size)
        new, *curve = newton(first.take(active), zero)
        start = guess[active]
        start = np.where(start > 0.0, start, new)
        start = np.where(start > 0.0, start, 1.0)
        solve_single(
            source.keep(active),
            active,
            (start, zero, np.full(active.size, np.inf)),
            (out, first),
            turns=turns,
            enough=int(patience * guess.size),
            last=(zero, curve[0], curve[1]),
        )
    return out


def newton(m: Moments, t: Vector) -> tuple[Vector, Vector, Vector]:
    """Return Newton's next point for ``f = trace / q2 - 1``, f, and dt/df (NaN where not positive)."""
    ratio = m.trace / m.q2
    rise = (2.0 * ratio * m.q3 - m.fall) / m.q2
    inverse = np.where(rise > 0.0, (1.0 + t) / rise, np.nan)
    f = ratio - 1.0
    return t - f * inverse, f, inverse


def _hermite(new: Vector, now: tuple[Vector, Vector, Vector], last: tuple[Vector, Vector, Vector]) -> Vector:
    """Refine a Newton point by the cubic through the last two points and slopes (order 2.7 instead of 2)."""
    (t1, f1, d1), (t0, f0, d0) = now, last
    gap = f0 - f1
    chord = (t0 - t1) / gap
    second = (chord - d1) / gap
    third = ((d0 - chord) / gap - second) / gap
    more = f1 * f1 * (second - third * f0)
    # Where the cubic says something else than Newton it is too early for it, or f is rounding only.
    return np.where(np.abs(more) < 0.5 * np.abs(new - t1), new + more, new)


def solve_single(
    source: MomentSource,
    active: NDArray[np.intp],
    start: tuple[Vector, Vector, Vector],
    answer: tuple[Found, Moments | None],
    *,
    turns: int,
    enough: int = 0,
    last: tuple[Vector, Vector, Vector] | None = None,
) -> None:
    """Find a zero of the score between `low` and `high` in each column and write it into the answer.

    With the moments at 0 given, an answer counts as settled where A and D hold; otherwise it is known
    beforehand that there is one zero.
    """
    (t, low, high), (out, first) = start, answer
    for _ in range(turns):
        if active.size <= enough:
            break
        m = source.moments(t)
        new, f, inverse = newton(m, t)
        done = np.abs(new - t) <= _CLOSE * (1.0 + t)
        if last is not None:
            new = _hermite(new, (t, f, inverse), last)
        rising = f < 0.0
        low, high = np.where(rising, t, low), np.where(rising, high, t)
        outside = ~(done | ((new > low) & (new < high)))
        if outside.any():
            middle = np.where(high < np.inf, 0.5 * (low + high), 2.0 * t + 1.0)
            new = np.where(outside, middle, new)
            done |= outside & (high - low <= 4e-16 * high)
        ends = int(np.count_nonzero(done))
        # Thinning out costs about one evaluation, so it waits until it pays.
        if ends >= 0.2 * active.size:
            at = np.flatnonzero(done)
            _finish(active[at], m.take(at), t[at], new[at], out, first)
            left = np.flatnonzero(~done)
            source, active = source.keep(left), active[left]
            low, high, t, f, inverse, new = (x[left] for x in (low, high, t, f, inverse, new))
        last, t = (t, f, inverse), new
    out.t[active] = t


def refine(source: MomentSource, t: Vector, last: tuple[Vector, Vector, Vector], *, turns: int) -> Vector:
    """Take some unguarded steps towards a zero of the score: a start that is to be solved properly later."""
    given, t = t, _short(t)
    last = (_short(last[0]), _short(last[1]), _short(last[2]))
    for _ in range(turns):
        m = source.moments(t)
        new, f, inverse = newton(m, t)
        new = _hermite(new, (t, f, inverse), last)
        last, t = (t, f, inverse), np.where(new > 0.0, new, t)
    return np.where(np.isfinite(t), t, given)


def _short(values: Vector) -> Vector:
    """Return values in single precision, in which the equations are the same and cost half."""
    return values.astype(np.float32)


def _finish(
    at: NDArray[np.intp], m: Moments, t: Vector, new: Vector, out: Found, first: Moments | None
) -> None:
    """Write solutions; what belongs to the last, tiny step is taken from the derivatives."""
    step, unit = new - t, 1.0 + t
    settled = np.ones(at.size, np.bool_)
    if first is not None:
        settled = one_zero_beyond(m) & none_before(first.take(at), m, t)
    total = (m.s1 - m.s2 * (step / unit)) / unit
    shift = m.shift - m.cross / m.s1 * (step / unit)
    out.put(at, Found(np.where(settled, new, 0.0), settled, total, shift, m.q1 - m.q2 * (step / unit)))


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
            done = step <= _CLOSE * unit
            if 5 * int(np.count_nonzero(done)) >= active.size:
                found[active[done]] = t[done]
                left = np.flatnonzero(~done)
                if not left.size:
                    break
                source, active, t, target = source.keep(left), active[left], t[left], target[left]
        else:
            found[active] = np.nan
    return found
