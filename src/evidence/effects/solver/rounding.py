"""How far the rounding of the printed numbers lets an effect move: its range over their corner values.

A cell printed as ``40.67`` stands for anything from 40.665 to 40.675, one printed as ``40.670`` for a
tenth of that. Where an effect is monotone in each of its cells, its extremes over the box of all that they
allow stand at corners of the box.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import lru_cache

import numpy as np

from evidence.effects.formulas import Floats
from evidence.effects.solver.quantity import Cells

__all__ = ["NOTED", "half_unit", "rounding_range"]

NOTED = 0.05
"""Width of the range, in standard deviations (or on the log scale), from which on a reader is told."""

_ALL_CORNERS = 10
"""Cells up to which all corners are computed; with more, the corners are climbed to."""


def half_unit(printed: str) -> float:
    """Return half a unit of the last printed digit.

    Examples
    --------
    >>> half_unit("40.67"), half_unit("15"), half_unit("<0.05"), half_unit("1.2e3")
    (0.005, 0.5, 0.005, 50.0)
    """
    digits, _, exponent = printed.strip().lower().partition("e")
    decimals = len(digits.partition(".")[2])
    try:
        shift = int(exponent) if exponent else 0
    except ValueError:
        shift = 0
    return float(f"5e{shift - decimals - 1}")


@lru_cache(maxsize=16)
def _signs(count: int) -> Floats:
    """Return all corners of a box of `count` sides as rows of -1 and 1."""
    bits = (np.arange(2**count)[:, None] >> np.arange(count)) & 1
    signs = (2 * bits - 1).astype(np.float64)
    signs.flags.writeable = False
    return signs


def rounding_range(
    compute: Callable[[Cells], Floats], cells: Mapping[str, float], printed: Mapping[str, str]
) -> tuple[float, float]:
    """Return the smallest and the largest effect that the printed digits allow.

    Parameters
    ----------
    compute : callable
        The effect from cells; broadcasts.
    cells : mapping of str to float
        The cells that it reads.
    printed : mapping of str to str
        The same as printed.

    Returns
    -------
    tuple of float
        Corners where the effect does not exist (a standard deviation that rounds from zero, a p from zero)
        leave their side open: infinite.
    """
    names = tuple(cells)
    centre = np.array([float(cells[name]) for name in names])
    half = np.array([half_unit(printed[name]) for name in names])

    def at(signs: Floats) -> Floats:
        corners = centre + signs * half
        with np.errstate(all="ignore"):
            values = compute({name: corners[:, place] for place, name in enumerate(names)})
        return np.broadcast_to(np.asarray(values, dtype=np.float64), (len(signs),))

    if not names:
        value = float(np.asarray(compute({})))
        return value, value
    if len(names) <= _ALL_CORNERS:
        return _range(np.append(at(_signs(len(names))), at(np.zeros((1, len(names))))))
    low, high = (_climb(at, len(names), side) for side in (-1.0, 1.0))
    return low, high


def _range(values: Floats) -> tuple[float, float]:
    """Return the ends; a corner without a value opens the end that it lies on, or both."""
    known = values[~np.isnan(values)]
    if not known.size:
        return -np.inf, np.inf
    low, high = float(known.min()), float(known.max())
    if known.size < values.size:
        low, high = (-np.inf, high) if high < 0 else (low, np.inf) if low > 0 else (-np.inf, np.inf)
    return low, high


def _climb(at: Callable[[Floats], Floats], count: int, side: float) -> float:
    """Return the extreme on one side by turning one cell at a time to the end that is farther out."""
    signs = np.zeros(count)
    best = side * float(at(signs[None, :])[0])
    for _ in range(2 * count):
        trial = np.repeat(signs[None, :], 2 * count, axis=0)
        trial[np.arange(count), np.arange(count)] = -1.0
        trial[count + np.arange(count), np.arange(count)] = 1.0
        values = side * at(trial)
        if np.isnan(values).any():
            return side * np.inf
        place = int(values.argmax())
        if values[place] <= best:
            break
        best, signs = float(values[place]), trial[place]
    return side * best
