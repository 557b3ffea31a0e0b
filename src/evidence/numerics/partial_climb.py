"""Maximisation of the partial-report likelihood in all its parameters.

The coordinates are the coefficients, then theta = log(1 + t) and psi = log(1 + v) for the variances between
and within studies, in units in which a typical standard error is 1: near linear for small, logarithmic for
large variances. Each search runs on roughly integrated likelihoods first; only its end is exact.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from evidence.errors import ModelError
from evidence.numerics.latent_quadrature import FINE, ROUGH, Quality
from evidence.numerics.partial_model import Model, likelihood
from evidence.numerics.roots import cubic_tops
from evidence.numerics.wls import Vector

__all__ = [
    "FAR",
    "LARGEST",
    "Mask",
    "Point",
    "RunawayError",
    "along",
    "apart",
    "at",
    "climb",
    "free",
]

_STEPS = 60
LARGEST = 40.0
"""theta and psi stay below: variances of 1e17 typical sampling variances."""
_SURE = 0.05
"""Gain below which Newton's last step need not be checked where a likelihood is looked over."""
FAR = 1e5
"""A coefficient beyond (in typical standard errors over the moderator's size) has no finite estimate."""
Mask = NDArray[np.bool_]


class RunawayError(ModelError):
    """A coefficient grows without end: no report limits it."""

    def __init__(self, column: int) -> None:
        super().__init__(f"coefficient {column + 1} has no finite estimate: no report limits it")
        self.column = column


@dataclass(frozen=True)
class Point:
    """A place with the likelihood there, in the coordinates of this module."""

    phi: Vector
    value: float
    gradient: Vector
    hessian: Vector


def at(model: Model, phi: Vector, quality: Quality = FINE) -> Point:
    """Return the likelihood with its derivatives in (b, theta, psi)."""
    t, v = (math.expm1(x) for x in phi[-2:])
    now = likelihood(model, phi[:-2], t, v, quality)
    rate = np.ones(phi.size)
    rate[-2:] = 1.0 + t, 1.0 + v
    hessian = now.hessian * rate[:, None] * rate
    for k in (-2, -1):
        hessian[k, k] += rate[k] * now.gradient[k]
    return Point(phi, now.value, now.gradient * rate, hessian)


def free(now: Point, held: Mask) -> NDArray[np.intp]:
    """Return the coordinates that move: not held, and not pressed against zero."""
    moves = ~held
    for k in (-2, -1):
        if now.phi[k] <= 0.0 and now.gradient[k] <= 0.0:
            moves[k] = False
    return np.flatnonzero(moves)


def _newton(now: Point, moving: NDArray[np.intp]) -> Vector:
    """Return Newton's step on the free coordinates; where the likelihood is not concave, an uphill one."""
    matrix = -now.hessian[np.ix_(moving, moving)]
    scale = 1.0 / np.sqrt(np.maximum(np.abs(np.diag(matrix)), 1e-12))
    values, vectors = np.linalg.eigh(matrix * scale[:, None] * scale)
    size = np.maximum(np.abs(values), 1e-8)
    return np.asarray(scale * (vectors @ ((vectors.T @ (scale * now.gradient[moving])) / size)))


def climb(model: Model, phi: Vector, held: Mask, quality: Quality = FINE, enough: float = 1e-10) -> Point:
    """Return the maximum reached from phi, the coordinates in `held` fixed.

    Parameters
    ----------
    model : Model
        The rows.
    phi : Vector, shape (p + 2,)
        Start; the last two are not negative.
    held : ndarray of bool, shape (p + 2,)
        Coordinates that keep their value.
    quality : Quality
        How finely studies are integrated.
    enough : float
        The search ends after a step that promised less gain; Newton's error is squared by that step: of
        1e-10, a step of 1e-5 standard errors, 1e-10 standard errors are left.

    Returns
    -------
    Point

    Raises
    ------
    RunawayError
        Where a coefficient leaves every bound.
    ModelError
        Where the maximum is not reached in 60 steps.
    """
    now = at(model, phi, quality)
    for _ in range(_STEPS):
        moving = free(now, held)
        if not moving.size:
            return now
        step = np.zeros(phi.size)
        step[moving] = _newton(now, moving)
        gain = float(now.gradient @ step)
        if gain < 1e-19:
            return now
        factor = min(1.0, 1.5 / max(float(np.abs(step[-2:]).max()), 1e-300))
        for _ in range(50 if quality is FINE else 6):
            new = now.phi + factor * step
            new[-2:] = np.clip(new[-2:], 0.0, LARGEST)
            then = at(model, new, quality)
            if then.value >= now.value - 1e-13 * abs(now.value) - 1e-14:
                break
            factor *= 0.5
        else:
            return now
        now = then
        far = np.abs(now.phi[:-2]) > FAR
        if far.any():
            raise RunawayError(int(np.flatnonzero(far)[0]))
        if gain < enough:
            return now
    raise ModelError(f"the likelihood of the partial reports was not maximised in {_STEPS} steps")


def along(model: Model, phi: Vector, which: int, held: Mask) -> list[tuple[float, Vector]]:
    """Return the heights and places, roughly, of all maxima along one variance.

    With both variances fixed the likelihood is log-concave in the coefficients (Prekopa 1973), so that they
    can be climbed; in a variance it may have several maxima, and is walked along from 0 until it only falls.

    Parameters
    ----------
    model : Model
        The rows.
    phi : Vector, shape (p + 2,)
        The other variance, and coefficients to start from.
    which : {-2, -1}
        theta or psi.
    held : ndarray of bool, shape (p + 2,)
        Coordinates that keep their value; those of the coefficients count.
    """
    fixed = held.copy()
    fixed[-2:] = True
    moving = np.flatnonzero(~fixed)
    least = _least(model)
    left = np.concatenate([model.low, model.high]) - np.tile(model.x @ phi[:-2], 2)
    reach = max(float(np.abs(left[np.isfinite(left)]).max()) ** 2, 25.0 * float(model.s.max()) ** 2)
    steps = 2 + math.ceil(math.log(reach / least) / math.log(4.0))
    u, values, slopes, places = np.log(np.r_[least, least + np.geomspace(least, reach, steps)]), [], [], []
    now, ridge = phi.copy(), np.zeros(moving.size)
    for i, t in enumerate(np.exp(u) - least):
        now[which] = math.log1p(max(t, 0.0))
        now[moving] += ridge * (u[i] - u[max(i - 1, 0)])
        point = at(model, now, ROUGH)
        step, gain = _last_step(point, moving)
        if gain > _SURE:
            point = climb(model, now, fixed, ROUGH, 10.0 * _SURE)
            step, gain = _last_step(point, moving)
        rate = (least + t) / (1.0 + t)  # of theta in u
        values.append(point.value + 0.5 * gain)
        slopes.append(rate * float(point.gradient[which] + point.hessian[which] @ step))
        now = point.phi + step
        places.append(now.copy())
        if moving.size:  # where the coefficients go from here, for a start near the next maximum
            inner, turn = point.hessian[np.ix_(moving, moving)], point.hessian[moving, which]
            ridge = -rate * np.linalg.lstsq(inner, turn, rcond=None)[0]
    found = []
    for place, height in cubic_tops(u, np.array(values), np.array(slopes)):
        top = places[int(np.abs(u - place).argmin())].copy()
        top[which] = math.log1p(max(math.exp(place) - least, 0.0))
        found.append((height, top))
    return found


def _least(model: Model) -> float:
    """Return a variance that is small beside every sampling variance."""
    return 0.05 * float(model.s.min()) ** 2


def apart(model: Model, first: Vector, second: Vector, which: int) -> bool:
    """Tell whether two places differ in a variance by so much that they may belong to two maxima."""
    a, b = (math.log(_least(model) + math.expm1(float(phi[which]))) for phi in (first, second))
    return abs(a - b) > 0.1


def _last_step(point: Point, moving: NDArray[np.intp]) -> tuple[Vector, float]:
    """Return Newton's step in some coordinates and what it promises to gain."""
    step = np.zeros(point.phi.size)
    if moving.size:
        step[moving] = _newton(point, moving)
    return step, float(point.gradient @ step)
