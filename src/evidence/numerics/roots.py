"""Where a deviance curve crosses its critical value, and where a sampled curve has its maxima."""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np

from evidence.errors import ModelError
from evidence.numerics.wls import Vector

__all__ = ["crossing", "cubic_tops"]

_MAX_STEPS = 200


def crossing(
    deviance: Callable[[float], tuple[float, float]],
    inside: float,
    guess: float,
    critical: float,
    *,
    limit: float = math.inf,
    reach: float = math.inf,
    tolerance: float = 4e-15,
) -> float:
    """Return the point between `inside` and `limit` where the deviance reaches its critical value.

    The square root of a deviance is nearly linear in the parameter (it is exactly so for a normal
    mean), hence Newton's method on it; a bracket, first grown by doubling and then halved, holds
    the steps.

    Parameters
    ----------
    deviance : callable
        Maps a value to the deviance (zero at the maximum) and its derivative.
    inside : float
        A value whose deviance is below `critical`.
    guess : float
        A first guess on the side that is searched.
    critical : float
        The critical value, positive.
    limit : float
        A finite limit has a deviance above `critical`: the bracket is then complete from the start.
    reach : float
        How far from `inside` the search goes.
    tolerance : float
        Relative width, against the distance from `inside`, at which the root is taken as found.

    Returns
    -------
    float
        The crossing; infinite (with the sign of the search) where there is none within `reach`.

    Raises
    ------
    ModelError
        Where the bracket is not closed in 200 steps.
    """
    origin, target = inside, math.sqrt(critical)
    outside = limit if math.isfinite(limit) else None
    x, step = guess, guess - inside
    for _ in range(2100):
        if outside is not None:
            break
        height, _ = deviance(x)
        if height > critical:
            outside = x
        else:
            inside, step = x, 2.0 * step
            x = inside + step
            if not abs(x - origin) <= reach:
                return math.copysign(math.inf, step)
    else:
        return math.copysign(math.inf, step)
    x = min(max(x, min(inside, outside)), max(inside, outside))
    for _ in range(_MAX_STEPS):
        height, slope = deviance(x)
        root = math.sqrt(max(height, 0.0))
        if height > critical:
            outside = x
        else:
            inside = x
        move = -2.0 * root * (root - target) / slope if slope != 0.0 and root > 0.0 else math.nan
        width = tolerance * max(abs(x - origin), abs(outside - inside) * 1e-3)
        if abs(move) <= width or abs(outside - inside) <= width:
            return x + (move if abs(move) <= width else 0.0)
        new = x + move
        low, high = min(inside, outside), max(inside, outside)
        x = new if low < new < high else 0.5 * (low + high)
        if x in (low, high):
            return x
    raise ModelError("the end of a profile-likelihood interval was not found in 200 steps")


def cubic_tops(x: Vector, value: Vector, slope: Vector) -> list[tuple[float, float]]:
    """Return places and heights of the local maxima of the curve that has these values and slopes.

    Between two places it is the cubic that they fix (Hermite): a maximum is seen even where both ends fall
    the same way, and the lower of two ends may be the nearer one.
    """
    tops = [(float(x[i]), float(value[i])) for i, out in ((0, -1.0), (-1, 1.0)) if out * slope[i] >= 0.0]
    for i, h in enumerate(np.diff(x)):
        start, end = h * slope[i], h * slope[i + 1]
        rise = value[i + 1] - value[i]
        cube, square = start + end - 2.0 * rise, 3.0 * rise - 2.0 * start - end
        for root in np.roots([3.0 * cube, 2.0 * square, start]):
            u = float(root.real)
            if abs(root.imag) < 1e-12 and 0.0 <= u <= 1.0 and 6.0 * cube * u + 2.0 * square <= 0.0:
                height = value[i] + u * (start + u * (square + u * cube))
                tops.append((float(x[i] + u * h), float(height)))
    return tops
