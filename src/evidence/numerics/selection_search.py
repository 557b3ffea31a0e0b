"""Where the likelihood of a selection model is highest: bounds, starts, and which maximum is believed."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from evidence.errors import ModelError
from evidence.numerics.bounded_climb import Peak, rise
from evidence.numerics.selection_likelihood import SelectionData, log_likelihood
from evidence.numerics.wls import Vector

__all__ = ["MOST", "Found", "Room", "near", "room_of", "search", "unselected"]

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
class Room:
    """Bounds and natural sizes of all parameters."""

    low: Vector
    high: Vector
    scale: Vector


def room_of(data: SelectionData) -> Room:
    """Return bounds and natural sizes for a set of data."""
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
    return Room(low, high, scale)


def unselected(data: SelectionData, room: Room) -> Peak:
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
class Found:
    """The maximum that is taken, and how much higher one far from the data is (0 without)."""

    top: Peak
    beyond: float


def search(data: SelectionData, room: Room, base: Peak, fixed: Vector | None) -> Found:
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
        tops += [] if top is None or not near(data, top, 100.0) else [top]
    if not tops:
        raise ModelError(
            "the likelihood has no maximum: it keeps rising towards means far outside the data, which is how"
            " a selection model says that these effects cannot tell selection from the effect; use more"
            " effects or a simpler model"
        )
    inside = [top for top in tops if near(data, top, 0.0)]
    best = max(inside or tops, key=lambda top: top.value)
    return Found(best, max(top.value for top in tops) - best.value)


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


def near(data: SelectionData, top: Peak, times: float) -> bool:
    """Tell whether the fitted means lie among the data, give or take some times their spread."""
    fitted = data.x @ top.theta[: data.p]
    spread = float(np.ptp(data.y)) + 1.0
    room = max(1.0, times * spread)
    inside = fitted.min() >= data.y.min() - room and fitted.max() <= data.y.max() + room
    return bool(inside and top.theta[data.p] < 1e4 * spread**2)
