"""The walk along tau² from 0 that settles what Newton's method alone does not prove (facts A, B and C).

See `numerics.score_facts`.
"""

from __future__ import annotations

from dataclasses import dataclass, fields

import numpy as np
from numpy.typing import NDArray

from evidence.numerics.score_facts import (
    Limits,
    Moments,
    MomentSource,
    first_zero,
    no_zero_before,
    one_zero_beyond,
)
from evidence.numerics.score_search import Found, newton, solve_single
from evidence.numerics.wls import Vector

__all__ = ["solve_walking"]

_SHY = 1.0 - 1e-9
"""Of a guaranteed distance, so that rounding does not step past it."""


def solve_walking(source: MomentSource, first: Moments, limits: Limits, *, turns: tuple[int, int]) -> Found:
    """Return the same where A and D do not prove it, by the walk from 0.

    Parameters
    ----------
    source, first, limits
        As in `solve_score`.
    turns : tuple of int
        Most steps of the walk, and of Newton's method.

    Returns
    -------
    Found
    """
    out = Found.at_zero(first)
    with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
        walk = _Walk.begin(first, limits)
        _stroll(source, walk, turns[0])
        out.settled[:] = walk.nothing
        active = np.flatnonzero(walk.single)
        t, low, high = walk.t[active], walk.low[active], walk.high[active]
        t = np.where((t > low) & (t < high), t, np.where(high < np.inf, 0.5 * (low + high), 2.0 * low + 1.0))
        solve_single(source.keep(active), active, (t, low, high), (out, None), turns=turns[1])
    return out


@dataclass
class _Walk:
    """Where the walk of some columns stands.

    Attributes
    ----------
    t : Vector
        The tau² to evaluate next; Newton's start where the walk has ended.
    dof, sum_squares : Vector
        As in `solve_score`.
    low, high : Vector
        Bracket of the single zero, as far as it is known.
    behind, safe, decay : Vector
        The last point covered; how far beyond it there is no zero (C); ``fall / trace`` there (B).
    rose, risen : ndarray of bool
        Whether the score was positive at 0, and at the last point covered.
    single, nothing, lost : ndarray of bool
        How the walk ended: one zero; no zero, so that tau² is 0; not at all.
    """

    t: Vector
    dof: Vector
    sum_squares: Vector
    low: Vector
    high: Vector
    behind: Vector
    safe: Vector
    decay: Vector
    rose: NDArray[np.bool_]
    risen: NDArray[np.bool_]
    single: NDArray[np.bool_]
    nothing: NDArray[np.bool_]
    lost: NDArray[np.bool_]

    @classmethod
    def begin(cls, m: Moments, limits: Limits) -> _Walk:
        """Return the state after the evaluation at 0."""
        dof, sum_squares, n = limits.dof, limits.sum_squares, limits.dof.size
        zero, no, rising = np.zeros(n), np.zeros(n, np.bool_), m.q2 > m.trace
        walk = cls(
            zero, dof, sum_squares, zero, np.full(n, np.inf), zero, zero, zero, rising, rising, no, no, no
        )
        walk.step(m)
        return walk

    def pick(self, columns: NDArray[np.intp]) -> _Walk:
        """Return these columns only."""
        return _Walk(*(getattr(self, f.name)[columns] for f in fields(self)))

    def put(self, columns: NDArray[np.intp], part: _Walk) -> None:
        """Write some columns back."""
        for f in fields(self):
            getattr(self, f.name)[columns] = getattr(part, f.name)

    def step(self, m: Moments) -> None:
        """Judge the moments at `t` and choose the next point."""
        t, unit, rising = self.t, 1.0 + self.t, m.q2 > m.trace
        lean, decay = 2.0 * m.q3 / (m.q2 * unit), m.fall / (m.trace * unit)
        covered = (t - self.behind <= self.safe) | (lean > self.decay)
        lost = covered & rising & ~self.risen
        self.risen = np.where(covered, rising, self.risen)
        self.low = np.where(covered & rising, t, self.low)
        self.high = np.where(covered & ~rising & self.rose, np.minimum(t, self.high), self.high)
        safe = np.where(rising, first_zero(m, unit, self.dof), no_zero_before(m, unit, self.sum_squares))
        settled = covered & ~lost & (one_zero_beyond(m) | (safe == np.inf))
        self.single, self.nothing = settled & self.rose, settled & ~self.rose
        # B allows a factor of lean / decay where q3 / q2 falls like a weight; it rarely falls faster.
        stride = np.maximum(np.maximum(safe, 0.0) * _SHY, unit * np.clip(0.97 * lean / decay - 1.0, 0.0, 3.0))
        back = 0.5 * (self.behind + t)
        self.behind = np.where(covered, t, self.behind)
        self.safe = np.where(covered, safe, self.safe)
        self.decay = np.where(covered, decay, self.decay)
        onward = np.where(covered, t + stride, np.maximum(back, self.behind + _SHY * self.safe))
        self.lost = lost | (~settled & ~(onward - self.behind > 1e-3 * unit))
        self.t = np.where(self.single, newton(m, t)[0], onward)


def _stroll(source: MomentSource, walk: _Walk, turns: int) -> None:
    """Walk on until each column's search is settled or lost, at most `turns` steps."""
    for _ in range(turns):
        on = np.flatnonzero(~(walk.single | walk.nothing | walk.lost))
        if not on.size:
            return
        part = walk.pick(on)
        part.step(source.keep(on).moments(part.t))
        walk.put(on, part)
