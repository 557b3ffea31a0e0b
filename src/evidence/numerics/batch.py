"""Thousands of random-effects meta-analyses as array programs, each with the numbers it has on its own.

Failures stay with the data set they belong to: its numbers are NaN, its message says why.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from evidence.numerics.batch_inference import BatchFit, Estimates, infer, infer_single
from evidence.numerics.batch_tau2 import (
    finish_alone,
    moment_estimate,
    q_profile,
    search,
    search_late,
    trace_at_zero,
)
from evidence.numerics.ragged import Block, Scaled, Space, block_columns, cut
from evidence.numerics.score_facts import Moments
from evidence.numerics.score_search import Found, solve_q_many
from evidence.numerics.wls import Vector

__all__ = ["Block", "Groups", "blocks", "estimate_scaled", "fit_groups", "fit_scaled", "fit_task", "gather"]

_TASK = 250_000
"""Cells of a piece of work."""


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
    if not groups.y.size or (
        np.isfinite(groups.y).all() and groups.v.min() > 0.0 and groups.v.max() < np.inf
    ):
        return out
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
    space: Space = {}
    # One block after another is gathered and searched: it is still in the cache.
    data = (
        block_columns(
            part, groups.y, groups.v, groups.starts, groups.sizes, restricted=tau2 != "ML", space=space
        )
        for part in parts
    )
    return fit_scaled(data, tau2, inference, level, interval=interval)


def _not_iterated(tau2: str, one: Scaled, at_zero: Moments) -> Vector:
    """Return tau² of the estimators that need no search of a likelihood; 0 for the common effect."""
    if tau2 == "EE":
        return np.zeros(one.k.size)
    return solve_q_many(one.columns, one.dof) if tau2 in ("PM", "EB") else moment_estimate(tau2, one, at_zero)


def estimate_scaled(
    blocks_of_columns: Iterable[Scaled], tau2: str, level: float = 0.95, *, interval: bool = False
) -> tuple[Estimates, dict[int, str]]:
    """Estimate tau² and the mean in blocks of columns; return the failures by place.

    The arguments are those of `fit_task`; `tau2` may also be ``"EE"``, the common effect (tau² = 0), and
    `level` is that of the interval of tau².
    """
    data: list[Scaled] = []
    first: list[Moments] = []
    found: list[Found] = []
    with np.errstate(over="ignore", invalid="ignore", divide="ignore"):
        for one in blocks_of_columns:
            m = one.columns.moments(np.zeros(one.k.size))
            if tau2 in ("ML", "REML"):
                found.append(search(one, m))
            else:
                found.append(one.columns.mean(_not_iterated(tau2, one, m)))
            data.append(one)
            first.append(m)
        if tau2 in ("ML", "REML"):
            search_late(data, first, found)
        trace = [m.trace if tau2 != "ML" else trace_at_zero(one) for one, m in zip(data, first, strict=True)]
        ends = [q_profile(one, level) for one in data] if interval else None
        failure = finish_alone(data, found)
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
    return every, failure


def fit_scaled(
    data: Iterable[Scaled], tau2: str, inference: str, level: float, *, interval: bool = False
) -> BatchFit:
    """Fit blocks of columns; the arguments are those of `fit_task`."""
    every, failure = estimate_scaled(data, tau2, level, interval=interval)
    with np.errstate(over="ignore", invalid="ignore", divide="ignore"):
        return infer(every, failure, inference, level)


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
