"""Thousands of random-effects meta-analyses as array programs, each with the numbers it has on its own.

Failures stay with the data set they belong to: its numbers are NaN, its message says why.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import special

from evidence.errors import ModelError
from evidence.numerics.batch_inference import BatchFit, Estimates, by_df, infer, infer_single
from evidence.numerics.ragged import Block, Scaled, block_columns, cut, join
from evidence.numerics.score_facts import Moments
from evidence.numerics.score_search import Found, solve_q_many, solve_score
from evidence.numerics.score_walk import solve_walking
from evidence.numerics.tau2 import maximise
from evidence.numerics.wls import Vector, sample

__all__ = ["Block", "Groups", "blocks", "fit_groups", "fit_scaled", "fit_task", "gather"]

_TASK = 250_000
"""Cells of a piece of work."""
_TURNS = 7
"""Newton steps that are taken block by block; the columns that need more go on together."""
_PATIENCE = 0.12
"""Share of a block down to which it is worth going on alone."""


Each = Callable[
    [Callable[[tuple["Groups", list[Block]]], BatchFit], Iterable[tuple["Groups", list[Block]]]],
    Iterable[BatchFit],
]
"""Something like ``map``."""


@dataclass(frozen=True)
class Groups:
    """Effects sorted by data set."""

    y: Vector
    v: Vector
    starts: NDArray[np.intp]
    sizes: NDArray[np.intp]


def gather(y: Vector, v: Vector, codes: NDArray[np.intp], count: int) -> Groups:
    """Sort effects by the number of their data set, keeping their order within it."""
    sizes = np.bincount(codes, minlength=count).astype(np.intp)
    starts = np.concatenate([[0], np.cumsum(sizes)[:-1]]).astype(np.intp)
    if codes.size and np.any(codes[1:] < codes[:-1]):
        order = np.argsort(codes, kind="stable")
        y, v = y[order], v[order]
    return Groups(y, v, starts, sizes)


def _failures(groups: Groups) -> dict[int, str]:
    """Name what is wrong with a data set's numbers."""
    out = {int(group): "it has no effect" for group in np.flatnonzero(groups.sizes == 0)}
    bad_y = ~np.isfinite(groups.y)
    bad_v = ~((groups.v > 0.0) & (groups.v < np.inf))
    wrong = np.flatnonzero(bad_y | bad_v)[::-1]
    if wrong.size:
        owner = np.searchsorted(groups.starts + groups.sizes, wrong, side="right")
        for at, group in zip(wrong.tolist(), owner.tolist(), strict=True):
            if bad_y[at]:
                out[group] = f"an effect is a finite number, got {groups.y[at]:g}"
            else:
                out[group] = f"a variance is a positive finite number, got {groups.v[at]:g}"
    return out


def blocks(groups: Groups) -> tuple[list[Block], dict[int, str]]:
    """Return the blocks of the data sets that can be fitted, and the failures of the others."""
    failure = _failures(groups)
    if not failure:
        return list(cut(groups.sizes)), failure
    able = np.ones(groups.sizes.size, np.bool_)
    able[list(failure)] = False
    left = np.flatnonzero(able)
    return [Block(left[part.groups], part.k_max) for part in cut(groups.sizes[left])], failure


def tasks(groups: Groups, parts: list[Block]) -> list[list[Block]]:
    """Pool blocks into pieces of work for one call; the cuts depend on the sizes alone.

    Results are therefore the same bits whoever does the pieces, and in whatever order.
    """
    out: list[list[Block]] = []
    cells = _TASK
    for part in parts:
        if cells >= _TASK:
            out.append([])
            cells = 0
        out[-1].append(part)
        cells += part.k_max * part.groups.size
    return out


def _moment_estimate(name: str, data: Scaled, first: Moments) -> Vector:
    """Return tau² in the block's units for the estimators with a closed form (see `numerics.tau2`)."""
    k = data.k.astype(np.float64)
    if name == "DL":
        value = (first.q1 - (k - 1.0)) / (first.trace if data.columns.restricted else _trace(data))
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


def _maximise_all(data: list[Scaled], first: list[Moments]) -> list[Found]:
    """Maximise the likelihood in every block; what is slow, and then what is not proven, together."""
    found = [
        solve_score(one.columns, m, (m.q1 - one.dof) / m.trace, turns=_TURNS, patience=_PATIENCE)
        for one, m in zip(data, first, strict=True)
    ]

    def together(search: Callable[[Scaled, Moments, Vector], Found], rows: list[NDArray[np.intp]]) -> None:
        if not sum(at.size for at in rows):
            return
        chosen = list(zip(data, first, found, rows, strict=True))
        late = join([one.pick(at) for one, _, _, at in chosen if at.size])
        parts = zip(*(m.take(at) for _, m, _, at in chosen), strict=True)
        start = Moments(*(np.concatenate(part) for part in parts))
        result = search(late, start, np.concatenate([one.t[at] for _, _, one, at in chosen]))
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
    return found


def fit_task(
    groups: Groups, parts: list[Block], tau2: str, inference: str, level: float, *, interval: bool
) -> BatchFit:
    """Fit the data sets of some blocks.

    Parameters
    ----------
    groups : Groups
        All effects.
    parts : list of Block
        Which data sets.
    tau2, inference : str
        A code of `numerics.tau2.TAU2`; ``"z"``, ``"t"``, ``"HKSJ"`` or ``"mHKSJ"``.
    level : float
        Level of the intervals.
    interval : bool
        Whether the Q-profile interval of tau² is wanted.

    Returns
    -------
    BatchFit
        In the order of the blocks.
    """
    data = [
        block_columns(part, groups.y, groups.v, groups.starts, groups.sizes, restricted=tau2 != "ML")
        for part in parts
    ]
    return fit_scaled(data, tau2, inference, level, interval=interval)


def fit_scaled(
    data: list[Scaled], tau2: str, inference: str, level: float, *, interval: bool = False
) -> BatchFit:
    """Fit blocks of columns; the arguments are those of `fit_task`."""
    with np.errstate(over="ignore", invalid="ignore", divide="ignore"):
        first = [one.columns.moments(np.zeros(one.k.size)) for one in data]
        if tau2 in ("ML", "REML"):
            found = _maximise_all(data, first)
        elif tau2 in ("PM", "EB"):
            found = [one.columns.mean(solve_q_many(one.columns, one.dof)) for one in data]
        else:
            values = (_moment_estimate(tau2, one, m) for one, m in zip(data, first, strict=True))
            found = [one.columns.mean(value) for one, value in zip(data, values, strict=True)]
        trace = [m.trace if tau2 != "ML" else _trace(one) for one, m in zip(data, first, strict=True)]
        ends = [_q_profile(one, level) for one in data] if interval else None
        failure = _finish_alone(data, found)
        every = Estimates(
            k=np.concatenate([one.k for one in data]),
            origin=np.concatenate([one.origin for one in data]),
            unit=np.concatenate([one.unit for one in data]),
            t=np.concatenate([one.t for one in found]),
            total=np.concatenate([one.total for one in found]),
            shift=np.concatenate([one.shift for one in found]),
            q=np.concatenate([one.q for one in found]),
            q_0=np.concatenate([m.q1 for m in first]),
            trace_0=np.concatenate(trace),
            low=None if ends is None else np.concatenate([low for low, _ in ends]),
            high=None if ends is None else np.concatenate([high for _, high in ends]),
        )
        return infer(every, failure, inference, level)


def _trace(data: Scaled) -> Vector:
    """Return REML's trace at 0, which the typical variance needs under ML too."""
    columns = data.columns
    return type(columns)(columns.z, columns.v, restricted=True).moments(np.zeros(data.k.size)).trace


def _finish_alone(data: list[Scaled], found: list[Found]) -> dict[int, str]:
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


def _q_profile(data: Scaled, level: float) -> tuple[Vector, Vector]:
    """Return both ends of the Q-profile interval in the block's units (see `intervals.q_profile`)."""
    tail = 0.5 * (1.0 - level)

    def end(upper: float) -> Vector:
        target = by_df(lambda df: np.asarray(special.chdtri(df, upper), np.float64), data.dof)
        return solve_q_many(data.columns, target)

    return end(tail), end(1.0 - tail)


@dataclass(frozen=True)
class _Task:
    """A call of `fit_task` that can be sent to another process."""

    tau2: str
    inference: str
    level: float
    interval: bool

    def __call__(self, piece: tuple[Groups, list[Block]]) -> BatchFit:
        """Fit one piece of work."""
        return fit_task(*piece, self.tau2, self.inference, self.level, interval=self.interval)


def _piece(groups: Groups, parts: list[Block]) -> tuple[Groups, list[Block]]:
    """Cut out the effects that a piece of work needs, so that workers are sent no more."""
    wanted = np.concatenate([part.groups for part in parts])
    sizes = groups.sizes[wanted]
    ends = np.cumsum(sizes)
    starts = ends - sizes
    at = np.repeat(groups.starts[wanted] - starts, sizes) + np.arange(int(ends[-1]))
    places = np.cumsum([part.groups.size for part in parts])
    local = [
        Block(np.arange(end - part.groups.size, end), part.k_max)
        for part, end in zip(parts, places, strict=True)
    ]
    return Groups(groups.y[at], groups.v[at], starts, sizes), local


def fit_groups(
    y: Vector,
    v: Vector,
    codes: NDArray[np.intp],
    *,
    count: int | None = None,
    tau2: str = "REML",
    inference: str = "HKSJ",
    level: float = 0.95,
    interval: bool = False,
    each: Each | None = None,
) -> BatchFit:
    """Fit a random-effects model to each data set.

    Parameters
    ----------
    y, v : Vector, shape (effects,)
        Effects and sampling variances of all data sets.
    codes : ndarray of int, shape (effects,)
        Number of each effect's data set, from 0.
    count : int, optional
        How many data sets there are; by default the largest code plus one.
    tau2, inference, level, interval
        See `fit_task`.
    each : callable, optional
        Like ``map``: applies a function to each piece of work and yields the results in order.

    Returns
    -------
    BatchFit
    """
    codes = np.asarray(codes, dtype=np.intp)
    count = (int(codes.max()) + 1 if codes.size else 0) if count is None else count
    groups = gather(np.asarray(y, np.float64), np.asarray(v, np.float64), codes, count)
    parts, failure = blocks(groups)
    out = BatchFit.blank(groups.sizes)
    work = tasks(groups, parts)
    task = _Task(tau2, inference, level, interval)
    pieces = (
        [_piece(groups, part) for part in work] if each is not None else [(groups, part) for part in work]
    )
    fitted = (each or map)(task, pieces)
    for part, result in zip(work, fitted, strict=True):
        out.put(np.concatenate([block.groups for block in part]), result)
    for group, why in failure.items():
        out.failure[group] = why
    single = np.array([g for g in np.flatnonzero(groups.sizes == 1).tolist() if g not in failure], np.intp)
    at = groups.starts[single]
    out.put(single, infer_single(groups.y[at], groups.v[at], level))
    return out
