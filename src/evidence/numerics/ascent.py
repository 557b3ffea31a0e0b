"""Maximisation of a smooth likelihood over variance components that are not negative."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from evidence.errors import ModelError
from evidence.numerics.gram import Evaluation
from evidence.numerics.wls import Vector

__all__ = ["Top", "ascend"]

_MAX_STEPS = 200
_CLOSE = 1e-13
"""Squared Newton decrement at which one more step is the last: the optimum is then 3e-7 standard errors away,
and the step, whose error is the square of that, ends below 1e-12 of them."""
_DONE = 1e-12
"""Step, relative to each component, that is not worth taking."""
_STALLED = 1e-9
"""Squared decrement below which no further progress means that rounding has been reached."""


@dataclass(frozen=True)
class Top:
    """A maximum: where, what there, and after how many steps."""

    theta: Vector
    evaluation: Evaluation
    steps: int


def _direction(now: Evaluation, free: NDArray[np.intp]) -> Vector:
    """Return Newton's step on the free components; where the likelihood is not concave, a scoring step.

    The average of observed and expected information is a quadratic form (Gilmour, Thompson & Cullis 1995),
    hence safe.
    """
    g = now.gradient[free]
    pick = np.ix_(free, free)
    scale = 1.0 / np.sqrt(np.maximum(np.diag(now.expected)[free], np.finfo(np.float64).tiny))
    for matrix in (now.observed, 0.5 * (now.observed + now.expected), now.expected):
        scaled = matrix[pick] * scale[:, None] * scale
        values, vectors = np.linalg.eigh(scaled)
        if values[0] > 1e-10 * max(1.0, values[-1]):
            return np.asarray(scale * (vectors @ ((vectors.T @ (scale * g)) / values)))
    values = np.maximum(values, 1e-6 * max(values[-1], 1e-6))
    return np.asarray(scale * (vectors @ ((vectors.T @ (scale * g)) / values)))


def _free_step(now: Evaluation, theta: Vector, held: NDArray[np.bool_]) -> tuple[NDArray[np.intp], Vector]:
    """Return the components that move and their step: none leaves through zero that stands there."""
    moves = ~held & ((theta > 0.0) | (now.gradient > 0.0))
    while moves.any():
        free = np.flatnonzero(moves)
        step = _direction(now, free)
        stuck = (theta[free] == 0.0) & (step <= 0.0)
        if not stuck.any():
            return free, step
        moves[free[stuck]] = False
    return np.zeros(0, dtype=np.intp), np.zeros(0)


def ascend(
    function: Callable[[Vector], Evaluation],
    start: Vector,
    held: NDArray[np.bool_] | None = None,
    *,
    now: Evaluation | None = None,
) -> Top:
    """Climb to the maximum that is reached from a start: projected Newton with halving.

    Parameters
    ----------
    function : callable
        Evaluates the log-likelihood with derivatives.
    start : Vector, shape (q,)
        Start values, none negative.
    held : ndarray of bool, shape (q,), optional
        Components that keep their start value.
    now : Evaluation, optional
        That at the start, where it is known.

    Returns
    -------
    Top
        Components at the boundary are exactly 0.

    Raises
    ------
    ModelError
        Where the maximum is not reached in 200 steps.
    """
    fixed = np.zeros(start.size, dtype=bool) if held is None else held
    theta, now = start.copy(), function(start) if now is None else now
    best = np.inf
    for steps in range(1, _MAX_STEPS + 1):
        free, step = _free_step(now, theta, fixed)
        if not free.size:
            return Top(theta, now, steps)
        decrement = float(now.gradient[free] @ step)
        if decrement <= _CLOSE and (np.abs(step) <= _DONE * theta[free]).all():
            return Top(theta, now, steps - 1)
        last = decrement <= _CLOSE or (decrement <= _STALLED and decrement >= 0.25 * best)
        best = min(best, decrement)
        to_zero = np.where(step < 0.0, theta[free] / np.where(step < 0.0, -step, 1.0), np.inf)
        share = min(1.0, float(to_zero.min()))
        while True:
            new = theta.copy()
            new[free] = np.maximum(theta[free] + share * step, 0.0)
            if share == to_zero.min():
                new[free[int(to_zero.argmin())]] = 0.0
            after = function(new)
            rounding = 1e-13 * (1.0 + abs(now.value)) if decrement < 1e-6 else 0.0
            if after.value >= now.value + 1e-4 * share * decrement - rounding or last:
                break
            share *= 0.5
            if share < 1e-14:
                raise ModelError(
                    "the likelihood does not rise along its gradient: the variances are not estimable"
                )
        theta, now = new, after
        # A component that has just met zero may set others free: look again before stopping.
        if last and share == 1.0:
            return Top(theta, now, steps)
    raise ModelError(f"the maximum of the likelihood was not reached in {_MAX_STEPS} steps")
