"""Fits of a selection model: the highest maximum of its likelihood, intervals, the test of no selection."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

import numpy as np
from scipy import special

from evidence.errors import ModelError
from evidence.numerics.bounded_climb import Peak, ends, rise
from evidence.numerics.selection_likelihood import SelectionData, log_likelihood
from evidence.numerics.wls import Vector

__all__ = ["MOST", "SelectionFit", "deviance_at", "fit_selection"]

MOST = 100.0
"""Largest parameter of a smooth selection function that is looked at."""

_LEAST_BETA = 1e-5
_SEVERAL = 6
"""How many of the best starts are followed."""

_HEIGHTS: dict[str, tuple[tuple[float, ...], ...]] = {
    "beta": ((-0.5, 0.0), (-0.2, 1.0), (0.5, 3.0), (3.0, 2.0)),
    "halfnorm": ((0.3,), (1.0,), (3.0,), (10.0,), (50.0,)),
    "negexp": ((0.3,), (1.0,), (3.0,), (10.0,), (50.0,)),
    "logistic": ((0.5,), (2.0,), (6.0,), (20.0,), (60.0,)),
    "power": ((0.1,), (0.5,), (2.0,), (10.0,), (50.0,)),
}
"""Where a search starts beside the parameters without selection."""


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


@dataclass(frozen=True)
class _Room:
    """Bounds and natural sizes of all parameters."""

    low: Vector
    high: Vector
    scale: Vector


def _room(data: SelectionData) -> _Room:
    p, q = data.p, data.q
    spread = math.sqrt(float(np.var(data.y)) + 1.0)
    lengths = np.sqrt((data.x**2).mean(axis=0))
    low = np.concatenate([np.full(p, -np.inf), [0.0], np.zeros(q)])
    high = np.concatenate([np.full(p + 1, np.inf), np.full(q, MOST)])
    if data.kind == "stepfun":
        low[p + 1 :], high[p + 1 :] = -np.inf, np.inf
    elif data.kind == "beta":
        low[p + 1 :] = _LEAST_BETA - 1.0
        high[p + 1 :] = MOST - 1.0
    scale = np.concatenate([0.5 * spread / lengths, [0.5 * spread**2], np.ones(q)])
    return _Room(low, high, scale)


def _unselected(data: SelectionData, room: _Room) -> Peak:
    """Return the best fit without selection, from several sizes of tau²."""
    held = np.arange(data.p + 1 + data.q) > data.p
    tops = []
    for t in (0.0, 0.05, 0.5, 3.0):
        total = t * float(np.var(data.y) + 1.0)
        w = np.sqrt(1.0 / (data.v + total))
        beta = np.linalg.lstsq(data.x * w[:, None], data.y * w, rcond=None)[0]
        start = np.concatenate([beta, [total], np.zeros(data.q)])
        top = rise(lambda theta: log_likelihood(data, theta), start, room.low, room.high, room.scale, held)
        tops += [] if top is None else [top]
    return max(tops, key=lambda top: top.value)


def _deltas(data: SelectionData) -> list[Vector]:
    """Return parameters of the selection function to start from."""
    if data.kind != "stepfun":
        return [np.zeros(data.q)] + [np.array(one) for one in _HEIGHTS[data.kind]]
    q = data.q
    falling = np.linspace(0.0, 1.0, q + 1)[1:]
    return [np.zeros(q)] + [depth * falling for depth in (-1.0, -2.5, -5.0, 1.0)] + [np.full(q, -2.0)]


@dataclass(frozen=True)
class _Found:
    """The maximum that is taken, and how much higher one far from the data is (0 without)."""

    top: Peak
    beyond: float


def _search(data: SelectionData, room: _Room, base: Peak, fixed: Vector | None) -> _Found:
    """Return the highest maximum that is found from a grid of starts.

    One whose means lie among the data is preferred to a higher one outside: there every effect would be a
    rarity that selection alone brought to light, which the tails of a normal distribution cannot bear out.

    Raises
    ------
    ModelError
        Where p values say nothing, or the likelihood rises without end towards ever more extreme means.
    """
    p = data.p
    held = np.zeros(p + 1 + data.q, dtype=bool)
    held[p + 1 :] = fixed is not None
    spread = math.sqrt(float(np.var(data.y)) + 1.0)
    # A change of all fitted means by a constant, as near as the design allows.
    shift = np.linalg.lstsq(data.x, np.ones(data.y.size), rcond=None)[0]
    t0 = float(base.theta[p])
    deltas = _deltas(data) if fixed is None else [fixed]
    if fixed is None:
        _check_told(data, base, deltas)
    starts = [
        np.concatenate([base.theta[:p] + move * spread * shift, [t], delta])
        for delta in deltas
        for move in (0.0, -0.5, -1.5, 0.5)
        for t in dict.fromkeys((t0, 0.0, 2.0 * t0 + 0.2 * spread**2))
    ]
    heights = np.array([log_likelihood(data, start).value for start in starts])
    order = np.argsort(-heights, kind="stable")[:_SEVERAL]
    # The first start is the fit without selection: what is found is never lower.
    chosen = [starts[i] for i in dict.fromkeys([*order.tolist(), 0])]
    tops = []
    for start in chosen:
        top = rise(lambda theta: log_likelihood(data, theta), start, room.low, room.high, room.scale, held)
        tops += [] if top is None or not _near(data, top, 100.0) else [top]
    if not tops:
        raise ModelError(
            "the likelihood has no maximum: it keeps rising towards means far outside the data, which is how"
            " a selection model says that these effects cannot tell selection from the effect; use more"
            " effects or a simpler model"
        )
    inside = [top for top in tops if _near(data, top, 0.0)]
    best = max(inside or tops, key=lambda top: top.value)
    return _Found(best, max(top.value for top in tops) - best.value)


def _check_told(data: SelectionData, base: Peak, deltas: list[Vector]) -> None:
    """Refuse effects whose p values tell nothing of selection.

    Raises
    ------
    ModelError
        Where the likelihood does not change with the selection function.
    """
    values = []
    for delta in deltas:
        theta = base.theta.copy()
        theta[data.p + 1 :] = delta
        values.append(log_likelihood(data, theta).value)
    if max(values) - min(values) <= 1e-9 * (1.0 + base.size):
        raise ModelError(
            "the p values say nothing of selection: all of them are so near to 0 (or 1) that every selection"
            " function gives every study the same chance"
        )


def _near(data: SelectionData, top: Peak, times: float) -> bool:
    """Tell whether the fitted means lie among the data, give or take some times their spread."""
    fitted = data.x @ top.theta[: data.p]
    spread = float(np.ptp(data.y)) + 1.0
    room = max(1.0, times * spread)
    inside = fitted.min() >= data.y.min() - room and fitted.max() <= data.y.max() + room
    return bool(inside and top.theta[data.p] < 1e4 * spread**2)


def _errors(data: SelectionData, top: Peak, room: _Room, held: bool) -> Vector:
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
    room, p = _room(data), data.p
    base = _unselected(data, room)
    known = None if fixed is None else _inner(data, fixed)
    found = _search(data, room, base, known)
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
        outside=not _near(data, top, 0.0),
        beyond=beyond,
    )


def _inner(data: SelectionData, delta: Vector) -> Vector:
    """Return reported parameters as the likelihood takes them."""
    return np.log(delta) if data.kind == "stepfun" else delta - 1.0 if data.kind == "beta" else delta


def _outer(data: SelectionData, theta: Vector) -> Vector:
    """Return all parameters with those of the selection function as they are reported."""
    out, own = theta.copy(), theta[data.p + 1 :]
    out[data.p + 1 :] = np.exp(own) if data.kind == "stepfun" else own + 1.0 if data.kind == "beta" else own
    return out


def _intervals(
    data: SelectionData, room: _Room, top: Peak, level: float, *, held: bool
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
                if better is not None and _near(data, better, 0.0) and better.value > top.value + 1e-9:
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
    room, p = _room(data), data.p
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
