"""Covariances of several outcomes that are standard deviations around a correlation of one parameter.

``T = diag(s) C(r) diag(s)`` with s not negative:

- HCS: every two outcomes correlate r, each has a variance of its own;
- AR: one variance, correlation ``r^d`` at d steps of time; HAR: the same with a variance for each time.

The likelihood has exact derivatives in the elements of T (`multivariate`, structure UN), and T has them in s
and r, so that Newton's method is exact here too. Steps are taken in a trust region (see `unstructured`) and
cut at the bounds, where a parameter stays as long as the slope points out of them.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from evidence.errors import ModelError
from evidence.numerics.gram import Evaluation
from evidence.numerics.jets import pairs
from evidence.numerics.unstructured import trusted
from evidence.numerics.wls import Vector

__all__ = ["SCALED", "Curve", "ScaledTop", "ascend_scaled"]

SCALED = ("HCS", "AR", "HAR")
"""Structures of this form."""

_MAX_STEPS = 300
_CLOSE = 1e-16
_STALLED = 1e-9


@dataclass(frozen=True)
class Curve:
    """A structure: how the elements of T (in the order of `pairs`) follow from (s, r).

    Attributes
    ----------
    structure : str
        One of `SCALED`.
    o : int
        Number of outcomes, at least 2; times are steps apart in their order.
    """

    structure: str
    o: int

    @property
    def deviations(self) -> int:
        """Number of standard deviations among the parameters; r follows them."""
        return 1 if self.structure == "AR" else self.o

    @property
    def bounds(self) -> tuple[Vector, Vector]:
        """Lower and upper bounds of the parameters."""
        m = self.deviations
        least = -1.0 / (self.o - 1) if self.structure == "HCS" else -1.0
        return np.append(np.zeros(m), least), np.append(np.full(m, np.inf), 1.0)

    def _powers(self) -> NDArray[np.intp]:
        low, high = pairs(self.o)
        steps = np.abs(high - low).astype(np.intp)
        return np.asarray(np.minimum(steps, 1) if self.structure == "HCS" else steps, dtype=np.intp)

    def _parts(self, at: Vector) -> tuple[Vector, Vector, Vector, Vector, Vector]:
        """Return s, which of the parameters it is, and r^d with its first two derivatives."""
        own = np.ones((self.o, 1)) if self.structure == "AR" else np.eye(self.o)
        d, r = self._powers(), float(at[-1])
        c = np.power(r, d)
        c1 = np.where(d >= 1, d * np.power(r, np.maximum(d - 1, 0)), 0.0)
        c2 = np.where(d >= 2, d * (d - 1) * np.power(r, np.maximum(d - 2, 0)), 0.0)
        return own @ at[:-1], own, c, c1, c2

    def elements(self, at: Vector) -> Vector:
        """Return the elements of T."""
        low, high = pairs(self.o)
        s, _, c, _, _ = self._parts(at)
        return np.asarray(s[low] * s[high] * c)

    def chain(self, at: Vector) -> Vector:
        """Return the derivatives of the elements in the parameters, (elements, parameters)."""
        low, high = pairs(self.o)
        s, own, c, c1, _ = self._parts(at)
        in_s = (own[low] * s[high, None] + own[high] * s[low, None]) * c[:, None]
        return np.column_stack([in_s, s[low] * s[high] * c1])

    def curvature(self, at: Vector, slope: Vector) -> Vector:
        """Return the second derivatives of the elements, summed with the weights `slope`."""
        low, high = pairs(self.o)
        s, own, c, c1, c2 = self._parts(at)
        m = self.deviations
        out = np.zeros((m + 1, m + 1))
        half = own[low].T @ ((slope * c)[:, None] * own[high])
        out[:m, :m] = half + half.T
        mixed = (slope * c1) @ (own[low] * s[high, None] + own[high] * s[low, None])
        out[:m, m] = out[m, :m] = mixed
        out[m, m] = float(slope @ (s[low] * s[high] * c2))
        return out


@dataclass(frozen=True)
class ScaledTop:
    """A maximum: the parameters, their slope and negative Hessian, the evaluation in the elements of T."""

    at: Vector
    slope: Vector
    observed: Vector
    evaluation: Evaluation
    steps: int


def ascend_scaled(
    function: Callable[[Vector], Evaluation],
    curve: Curve,
    start: Vector,
    size: Vector,
    held: NDArray[np.bool_] | None = None,
) -> ScaledTop:
    """Climb to the maximum over s and r that is reached from a start.

    Parameters
    ----------
    function : callable
        Evaluates the log-likelihood with derivatives in the elements of T.
    curve : Curve
        The structure.
    start : Vector, shape (m + 1,)
        Standard deviations and r.
    size : Vector, shape (m,)
        Typical standard errors, by which the standard deviations are measured.
    held : ndarray of bool, shape (m + 1,), optional
        Parameters that keep their start value.

    Returns
    -------
    ScaledTop

    Raises
    ------
    ModelError
        Where the maximum is not reached in 300 steps.
    """
    low, high = curve.bounds
    fixed = np.zeros(start.size, dtype=bool) if held is None else held
    at, radius, best = start.copy(), 1.0, np.inf
    now = function(curve.elements(at))
    for steps in range(1, _MAX_STEPS + 1):
        slope, observed = _derivatives(curve, at, now)
        unit = np.append(np.hypot(size, at[:-1]), 1.0)
        out = ((at <= low) & (slope < 0.0)) | ((at >= high) & (slope > 0.0))
        free, move = _free_step(at, (low, high), ~fixed & ~out, (slope, observed, unit), radius)
        if not free.any():
            return ScaledTop(at, slope, observed, now, steps)
        new = np.clip(at + move, low, high)
        cut = bool(np.any(new != at + move))
        hessian = (observed * unit[:, None] * unit)[np.ix_(free, free)]
        gradient, step = -(slope * unit)[free], ((new - at) / unit)[free]
        gain = -float(gradient @ step + 0.5 * step @ hessian @ step)
        inside = not cut and float(np.linalg.norm(step)) < 0.999 * radius
        last = inside and (gain <= 0.5 * _CLOSE or (gain <= _STALLED and gain >= 0.25 * best))
        best = min(best, gain) if inside else best
        after = function(curve.elements(new))
        if last:
            slope, observed = _derivatives(curve, new, after)
            return ScaledTop(new, slope, observed, after, steps)
        rounding = 1e-13 * (1.0 + abs(now.value)) if gain < 1e-6 else 0.0
        share = (after.value - now.value + rounding) / gain if gain > 0.0 else -1.0
        if share < 0.25:
            radius = 0.25 * min(radius, float(np.linalg.norm(step)))
        elif share > 0.75 and not inside:
            radius *= 2.0
        if share > 1e-4:
            at, now = new, after
        elif radius < 1e-14:
            break
    raise ModelError("the maximum of the likelihood over the covariance of the outcomes was not reached")


def _free_step(
    at: Vector,
    bounds: tuple[Vector, Vector],
    free: NDArray[np.bool_],
    model: tuple[Vector, Vector, Vector],
    radius: float,
) -> tuple[NDArray[np.bool_], Vector]:
    """Return the parameters that move and by how much: none leaves through a bound on which it stands."""
    (low, high), (slope, observed, unit), free = bounds, model, free.copy()
    while free.any():
        hessian = (observed * unit[:, None] * unit)[np.ix_(free, free)]
        step = np.zeros(at.size)
        step[free] = unit[free] * trusted(hessian, -(slope * unit)[free], radius)
        stuck = free & (((at <= low) & (step < 0.0)) | ((at >= high) & (step > 0.0)))
        if not stuck.any():
            return free, step
        free &= ~stuck
    return free, np.zeros(at.size)


def _derivatives(curve: Curve, at: Vector, now: Evaluation) -> tuple[Vector, Vector]:
    """Return the slope and the negative Hessian in the parameters."""
    chain = curve.chain(at)
    return chain.T @ now.gradient, chain.T @ now.observed @ chain - curve.curvature(at, now.gradient)
