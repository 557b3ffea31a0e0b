"""Trim and fill: how many effects the funnel lacks on one side, and where they would lie."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from evidence.errors import ModelError
from evidence.numerics.small_study import between_variance, funnel_regression
from evidence.numerics.wls import Vector, sample, weighted_mean

__all__ = ["ESTIMATORS", "TrimFill", "empty_side", "trim_fill"]

ESTIMATORS = ("L0", "R0", "Q0")
"""Estimators of the number of missing effects (Duval & Tweedie 2000)."""

_NOISE = 1e-12
"""Share of the spread below which a distance is rounding: an effect that lies at the centre is on no side."""
_MOST = 200
"""Rounds before the search is said to go in circles; it settles in fewer than ten as a rule."""


@dataclass(frozen=True)
class TrimFill:
    """The missing effects.

    Attributes
    ----------
    added : int
        How many effects are missing.
    std_error : float
        Standard error of that number; NaN where its formula has no value.
    p_value : float or None
        With R0, of the hypothesis that none is missing.
    side : {"left", "right"}
        Where they are missing.
    centre : float
        Mean of the effects that were not trimmed, about which the others are mirrored.
    mirrored : ndarray of int, shape (added,)
        The effects whose mirror images are missing.
    filled : Vector, shape (added,)
        The mirror images.
    """

    added: int
    std_error: float
    p_value: float | None
    side: str
    centre: float
    mirrored: NDArray[np.intp]
    filled: Vector


def empty_side(y: Vector, v: Vector, estimator: str) -> str:
    """Return the side of the funnel that lacks effects, from the sign of Egger's slope.

    Raises
    ------
    ModelError
        Where there are fewer than three effects or all variances are the same.
    """
    line = funnel_regression(y, v, np.sqrt(v), estimator=estimator)
    return "right" if line.statistic < -_NOISE else "left"  # a slope of 0, but for rounding, is none


def trim_fill(y: Vector, v: Vector, *, side: str, estimator: str = "L0", model: str = "REML") -> TrimFill:
    """Estimate how many effects are missing on one side.

    Effects are trimmed from the full side, the mean of the rest is taken, the number to trim is estimated
    from the ranks of all distances from it, until that number stays the same. Ties are ranked in the order
    of the effects, numbers are rounded half to even. In a funnel in which every effect has its mirror image
    nothing is missing.

    Parameters
    ----------
    y, v : Vector, shape (k,)
        Effects and sampling variances, k at least 2.
    side : {"left", "right"}
        Where effects are missing.
    estimator : {"L0", "R0", "Q0"}, default "L0"
        Of the number.
    model : str, default "REML"
        Estimator of tau² for the means; ``"EE"`` for the common-effect mean.

    Raises
    ------
    ModelError
        Where there is one effect, or the search finds no number.

    References
    ----------
    Duval S, Tweedie R. Biometrics 2000;56:455-463. https://doi.org/10.1111/j.0006-341X.2000.00455.x
    Duval S, Tweedie R. J Am Stat Assoc 2000;95:89-98. https://doi.org/10.1080/01621459.2000.10473905
    """
    if y.size < 2:
        raise ModelError("trim and fill needs at least two effects")
    sign = -1.0 if side == "right" else 1.0
    order = np.argsort(sign * y, kind="stable")
    facing, variances = sign * y[order], v[order]
    whole = _mean(facing, variances, model)
    if _symmetric(facing - whole, variances):
        nothing, error = np.zeros(0, dtype=np.intp), _error(y.size, 0.0, estimator)
        return TrimFill(
            0, error, 0.5 if estimator == "R0" else None, side, sign * whole, nothing, np.zeros(0)
        )
    k, before, now, error, centre = y.size, -1, 0, math.nan, math.nan
    for _ in range(_MOST):
        if now == before:
            break
        if now >= k:
            raise ModelError(f"{estimator} would trim every effect: these data give it no number")
        before = now
        centre = _mean(facing[: k - now], variances[: k - now], model)
        now, error = _missing(facing - centre, estimator)
    else:
        raise ModelError(
            f"{estimator} goes in circles with these data and gives no number; try another estimator"
        )
    mirrored = order[k - now :]
    return TrimFill(
        added=now,
        std_error=error,
        p_value=0.5 ** (now + 1) if estimator == "R0" else None,
        side=side,
        centre=sign * centre,
        mirrored=mirrored,
        filled=2.0 * sign * centre - y[mirrored],
    )


def _symmetric(distance: Vector, v: Vector) -> bool:
    """Tell whether every effect has its mirror image, with the same variance; distances are sorted.

    Nothing is missing then, yet ranking tied distances in order would favour one side and find an effect.
    """
    off = np.abs(distance + distance[::-1]).max()
    return bool(off <= 1e-12 * max(np.ptp(distance), np.finfo(float).tiny) and (v == v[::-1]).all()) or bool(
        np.ptp(distance) == 0.0
    )


def _mean(y: Vector, v: Vector, model: str) -> float:
    return weighted_mean(sample(y, v), between_variance(y, v, model)).estimate


def _missing(distance: Vector, estimator: str) -> tuple[int, float]:
    """Return the number of missing effects, rounded, and its standard error.

    Raises
    ------
    ModelError
        Where Q0 is the root of a negative number.
    """
    k = distance.size
    size = np.abs(distance)
    distance = np.where(size <= _NOISE * size.max(), 0.0, distance)
    rank = np.empty(k)
    rank[np.argsort(np.abs(distance), kind="stable")] = np.arange(1.0, k + 1.0)
    if estimator == "R0":
        below = rank[distance < 0.0]
        found = k - (float(below.max()) if below.size else 0.0) - 1.0
    else:
        above = float(rank[distance > 0.0].sum())
        found = (4.0 * above - k * (k + 1.0)) / (2.0 * k - 1.0)
    if estimator == "Q0":
        inside = 2.0 * k * k - 4.0 * above + 0.25
        if inside < 0.0:
            raise ModelError("Q0 has no value where every distance is on one side; use estimator='L0'")
        found = k - 0.5 - math.sqrt(inside)
    return max(0, round(found)), _error(k, found, estimator)


def _error(k: int, found: float, estimator: str) -> float:
    """Return the standard error of a number of missing effects, NaN where its formula has no value."""
    if estimator == "R0":
        return math.sqrt(2.0 * max(0.0, found) + 2.0)
    scale = 4.0 / (2.0 * k - 1.0)
    if estimator == "Q0":
        inside = (k - 0.5) ** 2 - found * (2.0 * k - found - 1.0)
        scale = 2.0 / math.sqrt(inside) if inside > 0.0 else math.nan
    spread = (
        k * (k + 1.0) * (2.0 * k + 1.0)
        + 10.0 * found**3
        + 27.0 * found**2
        + 17.0 * found
        - 18.0 * k * found**2
        - 18.0 * k * found
        + 6.0 * k * k * found
    ) / 24.0
    return scale * math.sqrt(spread) if spread >= 0.0 else math.nan
