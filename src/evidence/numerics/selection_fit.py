"""Fits of a selection model: the highest maximum of its likelihood, intervals, the test of no selection."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

import numpy as np
from scipy import special

from evidence.errors import ModelError
from evidence.numerics.bounded_climb import Peak, ends, rise
from evidence.numerics.selection_likelihood import SelectionData, log_likelihood
from evidence.numerics.selection_search import Room, near, room_of, search, unselected
from evidence.numerics.wls import Vector

__all__ = ["SelectionFit", "deviance_at", "fit_selection"]


@dataclass(frozen=True)
class SelectionFit:
    """A fitted selection model, in the data's units.

    Attributes
    ----------
    beta : Vector, shape (p,)
        Coefficients of the mean before selection.
    tau2 : float
        Variance between studies before selection.
    delta : Vector, shape (q,)
        Parameters of the selection function: for steps the weights of all intervals but the first.
    errors : Vector, shape (p + 1 + q,)
        Standard errors of all, from the curvature; NaN for what is fixed, at a bound, or not concave.
    low, high : Vector, shape (p + 1 + q,)
        Ends of the profile-likelihood intervals; infinite where the likelihood stays high; NaN where fixed.
    value, null_value : float
        Log-likelihood with selection and at its best without.
    statistic, p_value : float
        Likelihood-ratio test of no selection, q degrees of freedom; NaN where the parameters are fixed.
    unselected_mean, unselected_tau2 : Vector, float
        Of the model without selection, by maximum likelihood.
    at_most : bool
        Whether a parameter of the selection function lies at the end of what is looked at.
    outside : bool
        Whether fitted means lie outside the data.
    beyond : float
        How much higher the likelihood is at another maximum, whose means lie outside the data; 0 without.
    """

    beta: Vector
    tau2: float
    delta: Vector
    errors: Vector
    low: Vector
    high: Vector
    value: float
    null_value: float
    statistic: float
    p_value: float
    unselected_mean: Vector
    unselected_tau2: float
    at_most: bool
    outside: bool
    beyond: float


def _errors(data: SelectionData, top: Peak, room: Room, held: bool) -> Vector:
    """Return standard errors of the parameters that are inside their bounds, the others taken as known."""
    inside = (top.theta > room.low) & (top.theta < room.high)
    if held:
        inside[data.p + 1 :] = False
    out = np.full(top.theta.size, np.nan)
    at = np.flatnonzero(inside)
    s = room.scale[at]
    information = -top.hessian[np.ix_(at, at)] * s[:, None] * s
    if at.size and np.linalg.eigvalsh(information)[0] > 1e-12 * max(1.0, float(np.abs(information).max())):
        out[at] = s * np.sqrt(np.diag(np.linalg.inv(information)))
    return out


def fit_selection(
    data: SelectionData, *, level: float = 0.95, fixed: Vector | None = None, intervals: bool = True
) -> SelectionFit:
    """Fit by maximum likelihood.

    Parameters
    ----------
    data : SelectionData
        From `prepare`; for steps every interval must hold an effect.
    level : float
        Of the intervals.
    fixed : Vector, shape (q,), optional
        Parameters of the selection function that are known, as they are reported: weights for steps.
    intervals : bool
        Whether profile intervals are wanted, which cost most.

    Raises
    ------
    ModelError
        Where the likelihood has no maximum.
    """
    room, p = room_of(data), data.p
    base = unselected(data, room)
    known = None if fixed is None else _inner(data, fixed)
    found = search(data, room, base, known)
    top, beyond = found.top, found.beyond
    low = high = np.full(top.theta.size, np.nan)
    if intervals:
        top, low, high = _intervals(data, room, top, level, held=fixed is not None)
    errors = _errors(data, top, room, fixed is not None)
    outer, low, high = (_outer(data, one) for one in (top.theta, low, high))
    errors[p + 1 :] *= outer[p + 1 :] if data.kind == "stepfun" else 1.0
    to_data = np.concatenate([np.full(p, data.unit), [data.unit**2], np.ones(data.q)])
    outer, errors, low, high = (one * to_data for one in (outer, errors, low, high))
    if data.sign < 0.0:
        outer[:p] *= -1.0
        low[:p], high[:p] = -high[:p], -low[:p]
    units = data.y.size * math.log(data.unit)
    ratio = max(0.0, 2.0 * (top.value - base.value)) if fixed is None else math.nan
    return SelectionFit(
        beta=outer[:p],
        tau2=float(outer[p]),
        delta=outer[p + 1 :],
        errors=errors,
        low=low,
        high=high,
        value=top.value - units,
        null_value=base.value - units,
        statistic=ratio,
        p_value=float(special.chdtrc(data.q, ratio)) if fixed is None else math.nan,
        unselected_mean=data.sign * data.unit * base.theta[:p],
        unselected_tau2=data.unit**2 * float(base.theta[p]),
        at_most=fixed is None and bool((top.theta[p + 1 :] >= room.high[p + 1 :]).any()),
        outside=not near(data, top, 0.0),
        beyond=beyond,
    )


def _inner(data: SelectionData, delta: Vector) -> Vector:
    """Return reported parameters as the likelihood takes them."""
    return np.log(delta) if data.kind == "stepfun" else delta - 1.0 if data.kind == "beta" else delta


def _outer(data: SelectionData, theta: Vector) -> Vector:
    """Return all parameters with those of the selection function as they are reported."""
    out, own = theta.copy(), theta[data.p + 1 :]
    if data.kind == "stepfun":
        with np.errstate(over="ignore"):  # the limit of a weight beyond all numbers is infinite
            out[data.p + 1 :] = np.exp(own)
    else:
        out[data.p + 1 :] = own + 1.0 if data.kind == "beta" else own
    return out


def _intervals(
    data: SelectionData, room: Room, top: Peak, level: float, *, held: bool
) -> tuple[Peak, Vector, Vector]:
    """Return the maximum and profile intervals; a higher maximum met on the way is taken instead.

    Raises
    ------
    ModelError
        Where ever higher ones are met.
    """
    q = data.q
    free = data.p + 1 + (0 if held else q)
    low, high = np.full(top.theta.size, np.nan), np.full(top.theta.size, np.nan)
    if held:
        # What is known must not move: its bounds close on it.
        lower, upper = room.low.copy(), room.high.copy()
        lower[data.p + 1 :] = upper[data.p + 1 :] = top.theta[data.p + 1 :]
        room = replace(room, low=lower, high=upper)

    def function(theta: Vector) -> Peak:
        return log_likelihood(data, theta)

    for _ in range(5):
        for component in range(free):
            low[component], high[component], higher = ends(
                function, top, component, room.low, room.high, room.scale, level
            )
            if higher is not None:
                better = rise(function, higher.theta, room.low, room.high, room.scale)
                if better is not None and near(data, better, 0.0) and better.value > top.value + 1e-9:
                    top = better
                    break
        else:
            return top, low, high
    raise ModelError("the likelihood has so many maxima that no interval can be trusted; use a simpler model")


def deviance_at(data: SelectionData, fit: SelectionFit, component: int, known: bool) -> float:
    """Return the deviance of a coefficient of zero, every other parameter at its best (0 at the least).

    Parameters
    ----------
    data : SelectionData
        As fitted.
    fit : SelectionFit
        The fit.
    component : int
        Which coefficient.
    known : bool
        Whether the parameters of the selection function were given.
    """
    room, p = room_of(data), data.p
    top = np.concatenate(
        [data.sign * fit.beta / data.unit, [fit.tau2 / data.unit**2], _inner(data, fit.delta)]
    )
    held = np.zeros(top.size, dtype=bool)
    held[p + 1 :] = known
    held[component] = True
    heights = []
    # From the fit with the coefficient set to zero, with the spread widened by what it leaves unexplained.
    for wider in (0.0, float(np.mean((data.x[:, component] * top[component]) ** 2))):
        start = top.copy()
        start[component], start[p] = 0.0, top[p] + wider
        peak = rise(lambda theta: log_likelihood(data, theta), start, room.low, room.high, room.scale, held)
        heights += [] if peak is None else [peak.value]
    best = max(heights, default=-math.inf) - data.y.size * math.log(data.unit)
    return max(0.0, 2.0 * (fit.value - best))
