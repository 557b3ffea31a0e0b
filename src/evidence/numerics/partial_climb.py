"""Maximisation and profiles of the partial-report likelihood in all its parameters.

The coordinates are the coefficients, then theta = log(1 + t) and psi = log(1 + v) for the variances between
and within studies, in units in which a typical standard error is 1: near linear for small, logarithmic for
large variances. Each search runs on roughly integrated likelihoods first; only its end is exact.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from evidence.errors import ModelError
from evidence.numerics.latent_quadrature import FINE, ROUGH, Quality
from evidence.numerics.partial_model import Model, likelihood, make_model
from evidence.numerics.roots import crossing
from evidence.numerics.study_curves import study_curves
from evidence.numerics.wls import Vector

__all__ = ["Point", "RunawayError", "at", "climb", "maximum", "profile_end", "settle"]

_STEPS = 60
_LARGEST = 40.0
"""theta and psi stay below: variances of 1e17 typical sampling variances."""
_SCOUTED = 80
"""Studies that are looked over by tables before the search; of more, some."""
_FAR = 1e5
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


def _free(now: Point, held: Mask) -> NDArray[np.intp]:
    """Return the coordinates that move: not held, and not pressed against zero."""
    moves = ~held
    for k in (-2, -1):
        if now.phi[k] <= 0.0 and now.gradient[k] <= 0.0:
            moves[k] = False
    return np.flatnonzero(moves)


def _newton(now: Point, free: NDArray[np.intp]) -> Vector:
    """Return Newton's step on the free coordinates; where the likelihood is not concave, an uphill one."""
    matrix = -now.hessian[np.ix_(free, free)]
    scale = 1.0 / np.sqrt(np.maximum(np.abs(np.diag(matrix)), 1e-12))
    values, vectors = np.linalg.eigh(matrix * scale[:, None] * scale)
    size = np.maximum(np.abs(values), 1e-8)
    return np.asarray(scale * (vectors @ ((vectors.T @ (scale * now.gradient[free])) / size)))


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
        free = _free(now, held)
        if not free.size:
            return now
        step = np.zeros(phi.size)
        step[free] = _newton(now, free)
        gain = float(now.gradient @ step)
        if gain < 1e-19:
            return now
        factor = min(1.0, 1.5 / max(float(np.abs(step[-2:]).max()), 1e-300))
        for _ in range(50 if quality is FINE else 6):
            new = now.phi + factor * step
            new[-2:] = np.clip(new[-2:], 0.0, _LARGEST)
            then = at(model, new, quality)
            if then.value >= now.value - 1e-13 * abs(now.value) - 1e-14:
                break
            factor *= 0.5
        else:
            return now
        now = then
        far = np.abs(now.phi[:-2]) > _FAR
        if far.any():
            raise RunawayError(int(np.flatnonzero(far)[0]))
        if gain < enough:
            return now
    raise ModelError(f"the likelihood of the partial reports was not maximised in {_STEPS} steps")


def settle(model: Model, phi: Vector, held: Mask) -> Point:
    """Return the maximum reached from phi by a rough climb and an exact end; see `climb`."""
    return climb(model, climb(model, phi, held, ROUGH, 1e-5).phi, held)


def maximum(model: Model, start: Vector, reach: float, held: Mask) -> Point:
    """Return the highest maximum found from several splits of the heterogeneity.

    Parameters
    ----------
    model : Model
        The rows, in units in which a typical standard error is 1.
    start : Vector, shape (p,)
        Coefficients to start from.
    reach : float
        A variance that no heterogeneity exceeds by much, such as the squared range of the limits.
    held : ndarray of bool, shape (p + 2,)
        Coordinates fixed at zero: psi where no variance within studies is estimated.

    Returns
    -------
    Point
    """
    best = _scouted(model, start, reach, held)
    if not best:
        coefficients = np.ones(held.size, dtype=bool)
        coefficients[:-2] = held[:-2]
        within = (0.0,) if held[-1] else (0.0, 0.3)
        totals = (0.0,) if held[-2] else (0.0, 0.3, min(3.0, reach), reach)
        starts = [np.r_[start, math.log1p(t), math.log1p(v * max(t, 0.3))] for t in totals for v in within]
        rough = [climb(model, phi, coefficients, ROUGH, 0.1) for phi in starts]
        best = [point.phi for point in sorted(rough, key=lambda point: -point.value)[:2]]
    tops = [climb(model, phi, held, ROUGH, 1e-5) for phi in best]
    if np.abs(tops[0].phi - tops[-1].phi).max() < 1e-2:
        tops = tops[:1]
    highest = max(top.value for top in tops)
    found = [climb(model, top.phi, held) for top in tops if top.value >= highest - 0.05]
    return max(found, key=lambda top: top.value)


def _some(model: Model, step: int) -> Model:
    """Return every step-th study."""
    keep = model.study % step == 0
    low, high, width, s, study, x = (
        part[keep] for part in (model.low, model.high, model.width, model.s, model.study, model.x)
    )
    return make_model(low, high, s, study // step, x, model.rho, width)


def _scouted(model: Model, start: Vector, reach: float, held: Mask) -> list[Vector]:
    """Return where a mean's likelihood, read from the studies' tabled curves, has its highest tops.

    One table serves all of (mu, t), which makes a fine grid cheaper than a few climbs. With moderators the
    tops are those of the mean, for the variances alone; of many studies some are looked at. Nothing where
    there is no table.
    """
    plain = held.size == 3 and bool((model.x == 1.0).all())
    if held[:-1].any():
        return []
    if model.starts.size > _SCOUTED:
        model = _some(model, -(-model.starts.size // _SCOUTED))
    ends = np.concatenate([model.low[np.isfinite(model.low)], model.high[np.isfinite(model.high)]])
    mu = np.linspace(float(ends.min()) - 2.0, float(ends.max()) + 2.0, 49)
    tau = math.sqrt(reach) * np.linspace(0.0, 1.0, 17) ** 1.5
    found: list[tuple[float, Vector]] = []
    for v in (0.0,) if held[-1] else (0.0, 0.1, 0.5):
        arguments = (model.low, model.high, model.s, model.study, model.rho, v)
        curves = study_curves(*arguments, (float(mu[0]), float(mu[-1]), float(tau[-1])))
        if curves is None:
            return []
        waves = curves.waves(mu)
        height = np.array([curves.log_likelihood(mu, float(x) ** 2, waves=waves)[0] for x in tau])
        profile = np.concatenate([[-np.inf], height.max(axis=1), [-np.inf]])
        for i in np.flatnonzero((profile[1:-1] >= profile[:-2]) & (profile[1:-1] >= profile[2:])):
            place = np.array([mu[height[i].argmax()], math.log1p(tau[i] ** 2), math.log1p(v)])
            found.append((float(profile[i + 1]), place))
    found.sort(key=lambda one: -one[0])
    chosen = [found[0]]
    for value, place in found[1:]:
        # Another top that may be the higher one: not far below, and not the same in another table.
        apart = min(abs(place[1] - other[1]) for _, other in chosen) > 0.5
        if value > found[0][0] - 2.0 and apart and len(chosen) < 3:
            chosen.append((value, place))
    return [place if plain else np.r_[start, place[1:]] for _, place in chosen]


def profile_end(
    model: Model, top: Point, which: int, side: float, critical: float, held: Mask, limit: float = math.inf
) -> float:
    """Return where the profile deviance of one coordinate reaches its critical value.

    Newton on all coordinates at once (Venzon & Moolgavkar 1988, https://doi.org/10.2307/2347496): the root
    of the deviance has its critical value and the likelihood is stationary in the others. Where that gets
    lost, a bracketing search on the profile.

    Parameters
    ----------
    model : Model
        The rows.
    top : Point
        The maximum.
    which : int
        The coordinate.
    side : float
        -1 for the lower end, 1 for the upper one.
    critical : float
        Critical value of the deviance.
    held : ndarray of bool, shape (p + 2,)
        Coordinates that are fixed throughout.
    limit : float
        A value of the coordinate at which the deviance is known to be larger.

    Returns
    -------
    float
        Infinite where there is no such end.
    """
    fixed = held.copy()
    fixed[which] = True
    free = _free(top, fixed)
    curve = -top.hessian[which, which]
    ridge = np.zeros(0)
    if free.size:
        inner = top.hessian[np.ix_(free, free)]
        ridge = -np.linalg.lstsq(inner, top.hessian[free, which], rcond=None)[0]
        curve -= float(top.hessian[which, free] @ ridge)
    width = math.sqrt(critical / curve) if curve > 1e-8 else 1.0
    if which >= top.phi.size - 2:
        # Profiles of variances are skewed, on this scale a little; the lower end stays above zero.
        width = min(width, 1.5) if side > 0.0 else min(width, 0.5 * float(top.phi[which]))
    guess = top.phi.copy()
    guess[which] += side * width
    if free.size and width < 20.0:
        guess[free] += side * width * ridge
        guess[-2:] = np.clip(guess[-2:], 0.0, _LARGEST)
    fast = _joint_end(model, top, guess, which, side, critical, fixed)
    if fast is not None:
        return fast
    deviance = _profile(model, top, which, fixed)
    reach = _LARGEST if which >= top.phi.size - 2 else _FAR
    start, first = float(top.phi[which]), float(top.phi[which]) + side * width
    return crossing(deviance, start, first, critical, limit=limit, reach=reach, tolerance=1e-10)


def _profile(model: Model, top: Point, which: int, fixed: Mask) -> Callable[[float], tuple[float, float]]:
    state = [top.phi.copy()]

    def deviance(value: float) -> tuple[float, float]:
        phi = state[0].copy()
        phi[which] = value
        try:
            now = settle(model, phi, fixed)
        except RunawayError:
            return 0.0, 0.0  # another coefficient takes this one's place however far it goes
        state[0] = now.phi
        return 2.0 * (top.value - now.value), -2.0 * float(now.gradient[which])

    return deviance


def _joint_end(
    model: Model, top: Point, phi: Vector, which: int, side: float, critical: float, fixed: Mask
) -> float | None:
    root, quality = math.sqrt(critical), ROUGH
    for _ in range(16):
        now = at(model, phi, quality)
        height = 2.0 * (top.value - now.value)
        if height <= 0.0:
            return None
        free = _free(now, fixed)
        order = np.r_[which, free].astype(np.intp)
        system = np.empty((order.size, order.size))
        system[0] = -now.gradient[order] / math.sqrt(height)
        system[1:] = now.hessian[np.ix_(free, order)]
        if free.size and np.linalg.eigvalsh(system[1:, 1:])[-1] >= 0.0:
            return None
        wanted = np.r_[root - math.sqrt(height), -now.gradient[free]]
        try:
            move = np.linalg.solve(system, wanted)
        except np.linalg.LinAlgError:
            return None
        scale = np.full(phi.size, math.exp(0.5 * float(phi[-2])))
        scale[-2:] = 1.0
        size = float(np.abs(move / scale[order]).max())
        if not size < 4.0:
            return None
        phi = phi.copy()
        phi[order] += move
        phi[-2:] = np.clip(phi[-2:], 0.0, _LARGEST)
        if side * (phi[which] - top.phi[which]) <= 0.0:
            return None
        if quality is ROUGH and size < 1e-2:
            quality = FINE
        elif quality is FINE and size < 3e-6:  # Newton's error is squared: some 1e-10 is left
            return float(phi[which])
    return None
