"""The highest maximum of the partial-report likelihood in all its parameters."""

from __future__ import annotations

import math

import numpy as np

from evidence.numerics.latent_quadrature import ROUGH
from evidence.numerics.partial_climb import Mask, Point, along, apart, climb
from evidence.numerics.partial_model import Model, make_model
from evidence.numerics.study_curves import study_curves
from evidence.numerics.wls import Vector

__all__ = ["maximum"]

_SCOUTED = 80
"""Studies that are looked over by tables before the search; of more, some."""


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
    best = _scouted(model, start, reach, held) or _lined(model, start, held)
    tops = [climb(model, phi, held, ROUGH, 1e-5) for phi in best]
    if np.abs(tops[0].phi - tops[-1].phi).max() < 1e-4:
        tops = tops[:1]
    highest = max(top.value for top in tops)
    found = [climb(model, top.phi, held) for top in tops if top.value >= highest - 0.05]
    return _looked_over(model, max(found, key=lambda top: top.value), held)


def _looked_over(model: Model, top: Point, held: Mask) -> Point:
    """Return a higher maximum, where there is one along either variance from this one."""
    variances = [k for k in (-2, -1) if not held[k]]
    for _ in range(4):
        places = [
            place
            for which in variances
            for height, place in along(model, top.phi, which, held)
            if height > top.value - 0.05 and apart(model, place, top.phi, which)
        ]
        found = [climb(model, climb(model, place, held, ROUGH, 1e-5).phi, held) for place in places]
        best = max([top, *found], key=lambda point: point.value)
        if best.value <= top.value + 1e-9:
            break
        top = best
    return top


def _lined(model: Model, start: Vector, held: Mask) -> list[Vector]:
    """Return the highest tops along theta without psi; along psi where theta is held."""
    if model.starts.size > _SCOUTED:
        model = _some(model, -(-model.starts.size // _SCOUTED))
    found = along(model, np.r_[start, 0.0, 0.0], -1 if held[-2] else -2, held)
    highest = max(height for height, _ in found)
    return [place for height, place in found if height > highest - 2.0]


def _some(model: Model, step: int) -> Model:
    """Return every step-th study."""
    keep = model.study % step == 0
    low, high, width, s, study, x = (
        part[keep] for part in (model.low, model.high, model.width, model.s, model.study, model.x)
    )
    return make_model(low, high, s, study // step, x, model.rho, width)


def _scouted(model: Model, start: Vector, reach: float, held: Mask) -> list[Vector]:
    """Return where a mean's likelihood, read from the studies' tabled curves, has its highest tops.

    One table serves all of (mu, t), which makes a fine grid cheaper than a few climbs. Of many studies some
    are looked at. Nothing with moderators, and where there is no table.
    """
    plain = held.size == 3 and bool((model.x == 1.0).all())
    if held[:-1].any() or not plain:
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
    return _best(found)


def _best(found: list[tuple[float, Vector]]) -> list[Vector]:
    """Return the place of the highest top, and of up to two others that may turn out to be higher."""
    found = sorted(found, key=lambda one: -one[0])
    chosen = [found[0]]
    for value, place in found[1:]:
        # Not far below, and not the same in another table.
        other = min(abs(place[-2] - one[-2]) for _, one in chosen) > 0.5
        if value > found[0][0] - 2.0 and other and len(chosen) < 3:
            chosen.append((value, place))
    return [place for _, place in chosen]
