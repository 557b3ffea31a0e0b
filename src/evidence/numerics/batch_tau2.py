"""tau² of many data sets at once: the estimators, from blocks of columns to their solutions."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray
from scipy import special

from evidence.errors import ModelError
from evidence.numerics.batch_inference import by_df
from evidence.numerics.ragged import Columns, Scaled, join
from evidence.numerics.score_facts import Moments
from evidence.numerics.score_search import Found, solve_q_many, solve_score
from evidence.numerics.score_walk import solve_walking
from evidence.numerics.tau2 import maximise
from evidence.numerics.wls import Vector, sample

__all__ = ["finish_alone", "moment_estimate", "q_profile", "search", "search_late", "trace_at_zero"]

_TURNS = 7
"""Newton steps that are taken block by block; the columns that need more go on together."""
_PATIENCE = 0.12
"""Share of a block down to which it is worth going on alone."""


def moment_estimate(name: str, data: Scaled, first: Moments) -> Vector:
    """Return tau² in the block's units for the estimators with a closed form (see `numerics.tau2`)."""
    k = data.k.astype(np.float64)
    if name == "DL":
        value = (first.q1 - (k - 1.0)) / (first.trace if data.columns.restricted else trace_at_zero(data))
    elif name == "HS":
        value = (first.q1 - k) / first.s1
    elif name == "HSk":
        value = (first.q1 * k / (k - 1.0) - k) / first.s1
    elif name == "HE":
        value = data.sum_squares / (k - 1.0) - data.mean_variance
    else:
        start = data.sum_squares / k
        value = np.where(start > 0.0, start * data.columns.q_moments(start)[0] / (k - 1.0), 0.0)
    return np.maximum(0.0, value)


def search(one: Scaled, m: Moments) -> Found:
    """Search the maximum of the likelihood in a block, from its moments at 0, as far as Newton's steps go."""
    guess = (m.q1 - one.dof) / m.trace
    return solve_score(
        one.columns, m, guess, turns=_TURNS, patience=_PATIENCE, short=Columns.single_precision
    )


def search_late(data: list[Scaled], first: list[Moments], found: list[Found]) -> None:
    """Go on with what `search` has left of all blocks: the slow ones, then those not proven, together."""

    def together(solve: Callable[[Scaled, Moments, Vector], Found], rows: list[NDArray[np.intp]]) -> None:
        if not sum(at.size for at in rows):
            return
        chosen = list(zip(data, first, found, rows, strict=True))
        late = join([one.pick(at) for one, _, _, at in chosen if at.size])
        parts = zip(*(m.take(at) for _, m, _, at in chosen), strict=True)
        start = Moments(*(np.concatenate(part) for part in parts))
        result = solve(late, start, np.concatenate([one.t[at] for _, _, one, at in chosen]))
        begin = 0
        for _, _, one, at in chosen:
            one.put(at, result.take(slice(begin, begin + at.size)))
            begin += at.size

    together(
        lambda late, m, guess: solve_score(late.columns, m, guess, turns=120),
        [np.flatnonzero(~one.settled & (one.t > 0.0)) for one in found],
    )
    together(
        lambda late, m, _: solve_walking(late.columns, m, late.limits, turns=(40, 120)),
        [np.flatnonzero(~one.settled) for one in found],
    )


def trace_at_zero(data: Scaled) -> Vector:
    """Return REML's trace at 0, which the typical variance needs under ML too."""
    columns = data.columns
    return type(columns)(columns.z, columns.v, restricted=True).moments(np.zeros(data.k.size)).trace


def finish_alone(data: list[Scaled], found: list[Found]) -> dict[int, str]:
    """Search a grid for each data set that is still not settled; return the failures by place."""
    failure: dict[int, str] = {}
    begin = 0
    for one, result in zip(data, found, strict=True):
        for at in np.flatnonzero(~result.settled):
            column = one.columns.keep(np.array([at]))
            others = np.flatnonzero(np.isfinite(column.v[:, 0]))
            y, v = np.append(0.0, column.z[others, 0]), np.append(1.0, column.v[others, 0])
            try:
                t = maximise(sample(y, v), restricted=column.restricted).value
                result.put(np.array([at]), column.mean(np.array([t])))
            except ModelError as problem:
                failure[begin + int(at)] = str(problem)
        begin += one.k.size
    return failure


def q_profile(data: Scaled, level: float) -> tuple[Vector, Vector]:
    """Return both ends of the Q-profile interval in the block's units (see `intervals.q_profile`)."""
    tail = 0.5 * (1.0 - level)

    def end(upper: float) -> Vector:
        target = by_df(lambda df: np.asarray(special.chdtri(df, upper), np.float64), data.dof)
        return solve_q_many(data.columns, target)

    return end(tail), end(1.0 - tail)
