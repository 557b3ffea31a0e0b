"""Every subset of k effects, fitted: the numbers behind a GOSH plot (Olkin, Dahabreh & Trikalinos 2012).

A subset's number, written in binary, says which effects it holds: effect i is in subset n where bit i of n
is set. Sums over subsets are the sums over the lower half of the effects plus those over the upper half, so
that everything at one tau² costs one addition a subset; what depends on a subset's own tau² is a matrix
product on blocks that fit the cache.

References
----------
Olkin I, Dahabreh IJ, Trikalinos TA. GOSH - a graphical display of study heterogeneity. Res Synth Methods
2012;3(3):214-223. https://doi.org/10.1002/jrsm.1053
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from evidence._check import one_of
from evidence.errors import ModelError
from evidence.numerics.counted import Counted, CountedFit, finish_counted, fit_counted, pool_of
from evidence.numerics.wls import Vector

__all__ = ["SUBSET_ESTIMATORS", "every_subset", "members"]

SUBSET_ESTIMATORS = ("EE", "DL", "ML", "REML")
"""EE is the common effect."""

_BITS = 13
"""Effects that vary within a block: 2,048 subsets, whose weights stay in a core's second-level cache."""
_MOST = 24
"""Effects with all subsets: 2^24 results of four numbers take half a gigabyte."""


def members(numbers: NDArray[np.integer], k: int) -> NDArray[np.bool_]:
    """Return which effects each subset holds.

    Parameters
    ----------
    numbers : ndarray of int, shape (subsets,)
        Numbers of subsets.
    k : int
        Number of effects.

    Returns
    -------
    ndarray of bool, shape (subsets, k)
    """
    return ((np.asarray(numbers)[:, None] >> np.arange(k)) & 1).astype(np.bool_)


def _tables(columns: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the sums of each row over all subsets of its entries, shape (rows, 2^entries)."""
    out = np.zeros((columns.shape[0], 1))
    for entry in columns.T:
        out = np.concatenate([out, out + entry[:, None]], axis=1)
    return out


def every_subset(y: Vector, v: Vector, tau2: str = "REML") -> CountedFit:
    """Fit every subset of at least two effects.

    Parameters
    ----------
    y, v : Vector, shape (k,)
        Effects and sampling variances, k from 2 to 24.
    tau2 : {"EE", "DL", "ML", "REML"}, default "REML"
        The common-effect model, or the estimator of the between-study variance.

    Returns
    -------
    CountedFit
        Fields of shape (2^k,), by the subset's number; NaN for the subsets of fewer than two effects.

    Raises
    ------
    ModelError
        Where there are more than 24 effects, or a variance is not positive and finite.
    """
    tau2 = one_of("tau2", tau2, SUBSET_ESTIMATORS)
    y, v = np.asarray(y, np.float64), np.asarray(v, np.float64)
    if not 2 <= y.size <= _MOST:
        raise ModelError(
            f"all subsets need from 2 to {_MOST} effects, got {y.size}; draw some at random instead"
        )
    if not (np.isfinite(y).all() and np.isfinite(v).all() and (v > 0.0).all()):
        raise ModelError("effects are finite numbers and variances positive finite numbers")
    pool = pool_of(y, v)
    w = 1.0 / pool.u
    rows = np.concatenate([pool.powers * w, pool.powers * w**2, pool.powers * w**3, np.ones((1, y.size))])
    low_bits = min(_BITS, y.size)
    low, high = _tables(rows[:, :low_bits]), _tables(rows[:, low_bits:])
    total = 1 << y.size
    out = CountedFit(*(np.empty(total) for _ in range(4)))
    for column in (out.estimate, out.std_error, out.tau2, out.q):
        column[0] = column[1 << np.arange(y.size)] = np.nan
    upper = members(np.arange(high.shape[1]), y.size - low_bits)
    late: list[NDArray[np.intp]] = []
    counts = np.empty((y.size, low.shape[1]), np.float32)
    counts[:low_bits] = members(np.arange(1 << low_bits), low_bits).T
    sums = np.empty_like(low)
    for block in range(high.shape[1]):
        np.add(low, high[:, block : block + 1], out=sums)
        for effect, inside in enumerate(upper[block].tolist(), start=low_bits):
            counts[effect] = inside
        source = Counted(pool, counts, restricted=tau2 != "ML", once=True)
        enough = np.flatnonzero(sums[9] > 1.5)
        if enough.size:
            numbers = (block << low_bits) + enough
            chosen = _thin(sums, enough)
            fit, places = fit_counted(
                source.keep(enough), chosen[9], [chosen[0:3], chosen[3:6], chosen[6:9]], tau2
            )
            _put(out, numbers, fit)
            late.append(numbers[places])
    for part in _chunks(np.concatenate(late) if late else np.empty(0, np.intp)):
        counts = members(part, y.size).T.astype(np.float64)
        source = Counted(pool, counts, restricted=tau2 != "ML", once=True)
        _put(out, part, finish_counted(source, counts.sum(axis=0), tau2))
    return out


def _thin(table: NDArray[np.float64], columns: NDArray[np.intp]) -> NDArray[np.float64]:
    return table if columns.size == table.shape[1] else table[:, columns]


def _put(out: CountedFit, at: NDArray[np.intp], part: CountedFit) -> None:
    place: NDArray[np.intp] | slice = at
    if at.size and at[-1] - at[0] == at.size - 1:
        place = slice(int(at[0]), int(at[-1]) + 1)
    for name in ("estimate", "std_error", "tau2", "q"):
        getattr(out, name)[place] = getattr(part, name)


def _chunks(numbers: NDArray[np.intp], size: int = 4096) -> list[NDArray[np.intp]]:
    return [numbers[at : at + size] for at in range(0, numbers.size, size)]
