"""The maximum of a smooth likelihood whose parameters have bounds: Newton's method in a trust region."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from evidence.numerics.intervals import chi2_quantile
from evidence.numerics.roots import crossing
from evidence.numerics.wls import Vector

__all__ = ["Likelihood", "Peak", "ends", "rise"]

_MAX_STEPS = 300
_CLOSE = 1e-12
"""Squared Newton decrement at which the next full step is the last: its error is the square of that."""
_STALLED = 1e-8
"""Slope along a step below which no progress means that rounding has been reached."""
_NOISE = 2e-15
"""Rounding of a log-likelihood, relative to the sum of sizes of its terms."""


@dataclass(frozen=True)
class Peak:
    """A point of a log-likelihood: parameters, value, gradient, second derivatives, size of its terms."""

    theta: Vector
    value: float
    gradient: Vector
    hessian: Vector
    size: float


Likelihood = Callable[[Vector], Peak]
"""Evaluates a log-likelihood; a value of minus infinity means: not there."""


def _free(now: Peak, low: Vector, high: Vector, held: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Tell which parameters may move: not held, and not pushed against a bound."""
    at_low, at_high = now.theta <= low, now.theta >= high
    return np.asarray(~(held | (at_low & (now.gradient <= 0.0)) | (at_high & (now.gradient >= 0.0))))


def _step(now: Peak, free: NDArray[np.intp], scale: Vector, radius: float) -> tuple[Vector, bool]:
    """Return a step, and whether it is Newton's own.

    In scaled coordinates; where the surface is not concave, curvatures are taken by their size, which leads
    away from saddles, and the step is cut to the trust region.
    """
    s = scale[free]
    values, vectors = np.linalg.eigh(now.hessian[np.ix_(free, free)] * s[:, None] * s)
    pull = vectors.T @ (s * now.gradient[free])
    concave = bool(values[-1] < -1e-14 * max(1.0, -values[0]))
    curves = np.maximum(np.abs(values), 1e-10 * max(1.0, float(np.abs(values).max())))
    move = pull / curves
    length = float(np.sqrt((move * move).sum()))
    if length > radius:
        move, concave = move * (radius / length), False
    return np.asarray(s * (vectors @ move)), concave


def _free_step(
    now: Peak, low: Vector, high: Vector, held: NDArray[np.bool_], scale: Vector, radius: float
) -> tuple[NDArray[np.intp], Vector, bool]:
    """Return the parameters that move and their step: none leaves through the bound at which it stands."""
    moves = _free(now, low, high, held)
    while moves.any():
        free = np.flatnonzero(moves)
        step, newton = _step(now, free, scale, radius)
        theta = now.theta[free]
        stuck = ((theta <= low[free]) & (step <= 0.0)) | ((theta >= high[free]) & (step >= 0.0))
        if not stuck.any():
            return free, step, newton
        moves[free[stuck]] = False
    return np.zeros(0, dtype=np.intp), np.zeros(0), False


def _moved(theta: Vector, free: NDArray[np.intp], step: Vector, low: Vector, high: Vector) -> Vector:
    """Return where a step leads, cut where the first bound is met: what is left still goes uphill."""
    out, at = theta.copy(), theta[free]
    with np.errstate(divide="ignore", invalid="ignore"):
        room = np.where(
            step > 0.0, (high[free] - at) / step, np.where(step < 0.0, (low[free] - at) / step, np.inf)
        )
    share = min(1.0, float(room.min()))
    out[free] = np.clip(at + share * step, low[free], high[free])
    if share < 1.0:
        first = int(room.argmin())
        out[free[first]] = (high if step[first] > 0.0 else low)[free[first]]
    return out


def rise(
    function: Likelihood,
    start: Vector,
    low: Vector,
    high: Vector,
    scale: Vector,
    held: NDArray[np.bool_] | None = None,
) -> Peak | None:
    """Climb to the maximum that is reached from a start.

    Parameters
    ----------
    function : callable
        Evaluates the log-likelihood with both derivatives.
    start, low, high, scale : Vector, shape (q,)
        Start values, bounds (infinite ones allowed), and the size of a change that matters, by parameter.
    held : ndarray of bool, shape (q,), optional
        Parameters that keep their start value.

    Returns
    -------
    Peak or None
        None where no maximum is reached in 300 steps: the likelihood keeps rising, or cannot be evaluated.
    """
    fixed = np.zeros(start.size, dtype=bool) if held is None else held
    now, radius = function(np.clip(start, low, high)), 2.0
    if not math.isfinite(now.value):
        return None
    for _ in range(_MAX_STEPS):
        free, step, newton = _free_step(now, low, high, fixed, scale, radius)
        if not free.size:
            return now
        theta = _moved(now.theta, free, step, low, high)
        moved = theta[free] - now.theta[free]
        if not moved.any():
            return now
        newton = newton and bool((moved == now.theta[free] + step - now.theta[free]).all())
        gain = float(now.gradient[free] @ moved)
        gain += 0.5 * float(moved @ now.hessian[np.ix_(free, free)] @ moved)
        after = function(theta)
        noise = _NOISE * (now.size + 1.0)
        last = newton and float(now.gradient[free] @ step) <= max(_CLOSE, 0.0)
        if last and math.isfinite(after.value) and after.value >= now.value - 100.0 * noise:
            still = np.flatnonzero(_free(after, low, high, fixed))
            if np.array_equal(still, free):
                return after
        if gain <= noise and float(now.gradient[free] @ step) < _STALLED:
            return after if after.value >= now.value else now
        worth = (
            (after.value - now.value) / gain if gain > noise else 1.0 if after.value >= now.value else -1.0
        )
        length = float(np.sqrt(((moved / scale[free]) ** 2).sum()))
        if not worth > 1e-4:
            if gain <= noise or length < 1e-13:
                return now if float(now.gradient[free] @ step) < _STALLED else None
            radius = 0.25 * length
            continue
        if worth < 0.25:
            radius = 0.5 * length
        elif worth > 0.75:
            radius = max(radius, 2.0 * length)
        now = after
    return None


def ends(
    function: Likelihood,
    top: Peak,
    component: int,
    low: Vector,
    high: Vector,
    scale: Vector,
    level: float,
) -> tuple[float, float, Peak | None]:
    """Return the profile-likelihood interval of one parameter, every other at its best.

    Returns
    -------
    tuple
        Both ends (a bound, or infinite, where the deviance stays below its critical value), and a point
        higher than `top` where one was met: the interval is then void.
    """
    critical = chi2_quantile(level)
    held = np.zeros(top.theta.size, dtype=bool)
    held[component] = True
    centre, higher = float(top.theta[component]), None
    curve = -float(top.hessian[component, component])
    width = math.sqrt(critical / curve) if curve > 0.0 else float(scale[component])
    found = []
    for bound, side in ((float(low[component]), -1.0), (float(high[component]), 1.0)):
        best = top.theta.copy()

        def deviance(value: float, best: Vector = best) -> tuple[float, float]:
            nonlocal higher
            best[component] = value
            peak = rise(function, best, low, high, scale, held)
            if peak is None:
                return math.inf, math.nan
            if peak.value > top.value + 1e-9 * (1.0 + abs(top.value)):
                higher = peak
            best[:] = peak.theta
            return 2.0 * (top.value - peak.value), -2.0 * float(peak.gradient[component])

        guess = centre + side * width
        if math.isfinite(bound):
            if centre == bound or deviance(bound)[0] <= critical:
                found.append(bound if side < 0.0 else math.inf)
                continue
            best[:] = top.theta
            if (guess - bound) * side >= 0.0:
                guess = 0.5 * (centre + bound)
            found.append(crossing(deviance, centre, guess, critical, limit=bound, tolerance=1e-11))
        else:
            reach = 1e4 * max(width, float(scale[component]))
            found.append(crossing(deviance, centre, guess, critical, reach=reach, tolerance=1e-11))
    return found[0], found[1], higher
