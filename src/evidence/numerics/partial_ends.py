"""Ends of profile-likelihood intervals in the partial-report likelihood with several parameters.

A profile is a maximum over the variances, and these may have several maxima: an end is found by Newton's
method from the one at hand, then the likelihood is looked over along the variances for a higher one. Where
there is one, the profile starts from there as well and the end is sought again.
"""

from __future__ import annotations

import math

import numpy as np

from evidence.numerics.latent_quadrature import FINE, ROUGH
from evidence.numerics.partial_climb import (
    FAR,
    LARGEST,
    Mask,
    Point,
    RunawayError,
    along,
    apart,
    at,
    climb,
    free,
)
from evidence.numerics.partial_model import Model
from evidence.numerics.roots import crossing
from evidence.numerics.wls import Vector

__all__ = ["Profile", "profile_end"]

_ROUNDS = 4
"""Of looking for a higher maximum at an end: one is enough as a rule."""
_NEAR = 0.1
"""Rough deviances this much apart are compared with full accuracy."""
_HIGHER = 1e-7
"""Deviances this much apart are not the same maximum."""


class Profile:
    """Deviance of one coordinate with all others maximised out, from every start known so far."""

    def __init__(self, model: Model, top: Point, which: int, held: Mask) -> None:
        """Keep the maximum; the first start follows along."""
        self.model, self.top, self.which = model, top, which
        self.fixed = held.copy()
        self.fixed[which] = True
        self.warm, self.starts = top.phi, [top.phi]

    def __call__(self, value: float) -> tuple[float, float]:
        """Return deviance and slope; the deviance of the best start counts."""
        try:
            tops = [climb(self.model, phi, self.fixed, ROUGH, 1e-5) for phi in self._starts(value)]
            highest = max(top.value for top in tops)
            near = [top for top in tops if top.value >= highest - _NEAR]
            distinct = [
                top
                for i, top in enumerate(near)
                if all(np.abs(top.phi - other.phi).max() > 1e-4 for other in near[:i])
            ]
            found = [climb(self.model, top.phi, self.fixed) for top in distinct]
        except RunawayError:
            return 0.0, 0.0  # another coefficient takes this one's place however far it goes
        best = max(found, key=lambda point: point.value)
        self.warm = best.phi
        return 2.0 * (self.top.value - best.value), -2.0 * float(best.gradient[self.which])

    def _starts(self, value: float) -> list[Vector]:
        starts = [self.warm.copy(), *(phi.copy() for phi in self.starts[1:])]
        for phi in starts:
            phi[self.which] = value
        return starts

    def look_over(self, phi: Vector, deviance: float) -> bool:
        """Look along the free variances for a higher maximum at the value that phi has; keep its place."""
        found = [
            place
            for variance in (-2, -1)
            if not self.fixed[variance]
            for height, place in along(self.model, phi, variance, self.fixed)
            if 2.0 * (self.top.value - height) < deviance + _NEAR and apart(self.model, place, phi, variance)
        ]
        for place in found:
            rough = climb(self.model, place, self.fixed, ROUGH, 1e-5)
            if 2.0 * (self.top.value - at(self.model, rough.phi).value) < deviance - _HIGHER:
                self.starts.append(rough.phi)
                return True
        return False

    def at(self, value: float) -> float:
        """Return the deviance of a value, looked over for higher maxima."""
        for _ in range(_ROUNDS):
            deviance = self(value)[0]
            if not self.look_over(self.warm, deviance):
                break
        return deviance


def profile_end(
    model: Model, top: Point, which: int, side: float, critical: float, held: Mask, limit: float = math.inf
) -> float:
    """Return where the profile deviance of one coordinate reaches its critical value.

    Newton on all coordinates at once (Venzon & Moolgavkar 1988, https://doi.org/10.2307/2347496): the root
    of the deviance has its critical value and the likelihood is stationary in the others. Where that gets
    lost, or there is a higher maximum in the others, a bracketing search on the profile.

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
    moving = free(top, fixed)
    curve = -top.hessian[which, which]
    ridge = np.zeros(0)
    if moving.size:
        inner = top.hessian[np.ix_(moving, moving)]
        ridge = -np.linalg.lstsq(inner, top.hessian[moving, which], rcond=None)[0]
        curve -= float(top.hessian[which, moving] @ ridge)
    width = math.sqrt(critical / curve) if curve > 1e-8 else 1.0
    if which >= top.phi.size - 2:
        # Profiles of variances are skewed, on this scale a little; the lower end stays above zero.
        width = min(width, 1.5) if side > 0.0 else min(width, 0.5 * float(top.phi[which]))
    guess = top.phi.copy()
    guess[which] += side * width
    if moving.size and width < 20.0:
        guess[moving] += side * width * ridge
        guess[-2:] = np.clip(guess[-2:], 0.0, LARGEST)
    profile = Profile(model, top, which, held)
    fast = _joint_end(model, top, guess, which, side, critical, fixed)
    if fast is not None and not profile.look_over(fast, critical):
        return float(fast[which])
    reach = LARGEST if which >= top.phi.size - 2 else FAR
    start, first = float(top.phi[which]), float(top.phi[which]) + side * width
    for _ in range(_ROUNDS):
        profile.warm = top.phi
        end = crossing(profile, start, first, critical, limit=limit, reach=reach, tolerance=1e-10)
        if math.isinf(end) or not profile.look_over(profile.warm, critical):
            break
    return end


def _joint_end(
    model: Model, top: Point, phi: Vector, which: int, side: float, critical: float, fixed: Mask
) -> Vector | None:
    """Return where the deviance is critical and the likelihood stationary in the others, by Newton."""
    root, quality = math.sqrt(critical), ROUGH
    for _ in range(16):
        now = at(model, phi, quality)
        height = 2.0 * (top.value - now.value)
        if height <= 0.0:
            return None
        moving = free(now, fixed)
        order = np.r_[which, moving].astype(np.intp)
        system = np.empty((order.size, order.size))
        system[0] = -now.gradient[order] / math.sqrt(height)
        system[1:] = now.hessian[np.ix_(moving, order)]
        if moving.size and np.linalg.eigvalsh(system[1:, 1:])[-1] >= 0.0:
            return None
        wanted = np.r_[root - math.sqrt(height), -now.gradient[moving]]
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
        phi[-2:] = np.clip(phi[-2:], 0.0, LARGEST)
        if side * (phi[which] - top.phi[which]) <= 0.0:
            return None
        if quality is ROUGH and size < 1e-2:
            quality = FINE
        elif quality is FINE and size < 3e-6:  # Newton's error is squared: some 1e-10 is left
            return phi
    return None
