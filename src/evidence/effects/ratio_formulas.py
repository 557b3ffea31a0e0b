"""Log ratios from printed numbers: arrays (or scalars) in, estimate and variance out.

As in `evidence.effects.formulas`, first arm over second arm, before any alignment of directions.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike
from scipy import special

from evidence.effects.formulas import Estimate, Floats, as_floats
from evidence.effects.measures.tables import odds_ratio, risk_ratio

__all__ = ["log_odds_ratio", "log_ratio_from_interval", "log_risk_ratio"]


def log_ratio_from_interval(ratio: ArrayLike, low: ArrayLike, high: ArrayLike, level: ArrayLike) -> Estimate:
    """Return a log ratio and its variance from a printed ratio and its interval.

    Parameters
    ----------
    ratio, low, high : array-like
        As printed, positive.
    level : array-like
        Level of the interval (0.95, 0.90 ...).

    References
    ----------
    Cochrane Handbook, version 6.4, 6.3.2. doi:10.1002/9781119536604
    """
    z = special.ndtri((1 + as_floats(level)) / 2)
    std_error = (np.log(as_floats(high)) - np.log(as_floats(low))) / (2 * z)
    return Estimate(np.log(as_floats(ratio)), std_error**2)


def _corrected(
    events_e: ArrayLike, total_e: ArrayLike, events_c: ArrayLike, total_c: ArrayLike, continuity: float
) -> tuple[Floats, Floats, Floats, Floats]:
    """Return the four cells, `continuity` added to all four only where one of them is zero."""
    cells = np.broadcast_arrays(
        as_floats(events_e),
        as_floats(total_e) - as_floats(events_e),
        as_floats(events_c),
        as_floats(total_c) - as_floats(events_c),
    )
    table = np.stack([np.asarray(cell, dtype=np.float64) for cell in cells])
    table = table + continuity * (table == 0).any(axis=0)
    return table[0], table[1], table[2], table[3]


def log_risk_ratio(
    events_e: ArrayLike,
    total_e: ArrayLike,
    events_c: ArrayLike,
    total_c: ArrayLike,
    *,
    continuity: float = 0.5,
) -> Estimate:
    """Return the log risk ratio from counts.

    Parameters
    ----------
    events_e, total_e, events_c, total_c : array-like
        People with an event and people in all, each arm.
    continuity : float
        Added to all four cells of a row in which one of them is zero, to no other row.

    References
    ----------
    Cochrane Handbook, version 6.4, 6.4.1.2. doi:10.1002/9781119536604

    Examples
    --------
    >>> lrr = log_risk_ratio(5, 100, 10, 100)  # Borenstein 2009, p. 35
    >>> round(float(lrr.estimate), 4), round(float(lrr.variance), 4)
    (-0.6931, 0.28)
    """
    a, b, c, d = _corrected(events_e, total_e, events_c, total_c, continuity)
    return risk_ratio(a, b, c, d)


def log_odds_ratio(
    events_e: ArrayLike,
    total_e: ArrayLike,
    events_c: ArrayLike,
    total_c: ArrayLike,
    *,
    continuity: float = 0.5,
) -> Estimate:
    """Return the log odds ratio from counts; arguments as in `log_risk_ratio`.

    Examples
    --------
    >>> lor = log_odds_ratio(5, 100, 10, 100)  # Borenstein 2009, p. 36
    >>> round(float(lor.estimate), 4), round(float(lor.variance), 4)
    (-0.7472, 0.3216)
    """
    a, b, c, d = _corrected(events_e, total_e, events_c, total_c, continuity)
    return odds_ratio(a, b, c, d)
