"""What is usual elsewhere for an outcome, and spreads that look like standard errors beside it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from evidence.auditing.data import AuditData, Bools, Floats

__all__ = [
    "FEWEST",
    "THRESHOLD",
    "RowSpread",
    "averaged",
    "like_standard_errors",
    "log_ratio",
    "median_of_others",
    "usual_elsewhere",
]

THRESHOLD = 2.0
"""Log likelihood ratio from which the mix-up is the better explanation."""
FEWEST = 3
"""Other studies without which nothing usual is known."""
_MEDIAN = 1.57
"""Variance of a median over that of a mean, for a normal sample (pi/2)."""


class RowSpread(NamedTuple):
    """Logarithm of a measure of spread, half of ln n, and sampling variance; averaged over a row's cells."""

    value: Floats
    root: Floats
    variance: Floats


def log_ratio(below: Floats, shift: Floats, variance: Floats) -> Floats:
    """Return the log likelihood ratio of "too small by `shift`" against "as usual".

    Parameters
    ----------
    below : ndarray
        How far ln SD lies below the usual.
    shift : ndarray
        How far a standard error lies below its standard deviation: half of ln n.
    variance : ndarray
        Variance of ln SD about the usual.
    """
    with np.errstate(invalid="ignore", divide="ignore"):
        return np.asarray(shift * (2.0 * below - shift) / (2.0 * variance), dtype=np.float64)


def median_of_others(values: Floats, groups: NDArray[np.int64]) -> tuple[Floats, Floats]:
    """Return, for each value, the median of the other values of its group, and how many they are.

    Parameters
    ----------
    values : ndarray, shape (n,)
        Finite numbers.
    groups : ndarray of int, shape (n,)
        Group of each.

    Returns
    -------
    median, others : ndarray
        NaN and 0 where there is no other.
    """
    order = np.lexsort((values, groups))
    ranked, grouped = values[order], groups[order]
    starts = np.r_[0, np.flatnonzero(np.diff(grouped)) + 1] if order.size else np.zeros(0, dtype=int)
    sizes = np.diff(np.r_[starts, order.size])
    first, size = np.repeat(starts, sizes), np.repeat(sizes, sizes)
    rank, others = np.arange(order.size) - first, size - 1
    # Place h of the others is place h of all, or h + 1 from the value's own rank on.
    picked = []
    for h in ((others - 1) // 2, others // 2):
        place = np.clip(h + (h >= rank), 0, np.maximum(size - 1, 0))
        picked.append(ranked[np.minimum(first + place, max(order.size - 1, 0))])
    median = np.where(others > 0, (picked[0] + picked[1]) / 2.0, np.nan)
    out, count = np.empty_like(values), np.empty_like(values)
    out[order], count[order] = median, others
    return out, count


def averaged(logs: Sequence[Floats], sizes: Sequence[Floats], variances: Sequence[Floats]) -> RowSpread:
    """Average the cells of each row.

    Parameters
    ----------
    logs, sizes, variances : sequences of ndarray, shape (rows,)
        For each cell of a row the logarithm, the people, and the sampling variance; a cell counts where its
        logarithm is a number.

    Returns
    -------
    RowSpread
        NaN where a row has no cell.
    """
    known = [np.isfinite(log) for log in logs]
    count = np.sum(known, axis=0)

    def mean(parts: Sequence[Floats]) -> Floats:
        held = [np.where(here, part, 0.0) for here, part in zip(known, parts, strict=True)]
        return np.asarray(np.sum(held, axis=0) / count, dtype=np.float64)

    with np.errstate(invalid="ignore", divide="ignore"):
        roots = [np.log(size) / 2.0 for size in sizes]
        # Two arms are independent; before and after are not, and count as one.
        return RowSpread(mean(logs), mean(roots), mean(variances) / np.minimum(count, 2))


def usual_elsewhere(data: AuditData, spread: RowSpread, columns: Sequence[str]) -> tuple[Floats, Floats]:
    """Return the usual value for rows that share some columns, from other studies, and how many these are."""
    rows = np.flatnonzero(np.isfinite(spread.value) & data.study_rows)
    usual, others = np.full(len(data), np.nan), np.zeros(len(data))
    if not rows.size:
        return usual, others
    group, cell = data.codes(columns), data.codes([*columns, "study"])
    known, inverse = np.unique(cell[rows], return_inverse=True)
    groups = np.zeros(known.size, dtype=np.int64)
    groups[inverse] = group[rows]
    means = np.bincount(inverse, spread.value[rows]) / np.bincount(inverse)
    median, count = median_of_others(means, groups)
    usual[rows], others[rows] = median[inverse], count[inverse]
    return usual, others


def like_standard_errors(spread: RowSpread, usual: Floats, others: Floats, between: float) -> Bools:
    """Say which rows are better explained by a standard error; `between` is the usual SD between studies."""
    with np.errstate(invalid="ignore", divide="ignore"):
        variance = between**2 + spread.variance + _MEDIAN * between**2 / others
        ratio = log_ratio(usual - spread.value, spread.root, variance)
        return np.asarray((others >= FEWEST) & (ratio > THRESHOLD), dtype=np.bool_)
