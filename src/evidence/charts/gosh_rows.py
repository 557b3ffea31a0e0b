"""What a GOSH chart shows: subsets with and without a study, and the regions that hold most of them."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from evidence._check import one_of
from evidence.charts.panel import Span

if TYPE_CHECKING:
    from evidence.synthesis.gosh import Gosh

__all__ = [
    "GOSH_COLUMNS",
    "SHARES",
    "Density",
    "axes_of",
    "chosen_study",
    "density",
    "gosh_chart_rows",
    "on_paper",
]

GOSH_COLUMNS = ("group", "subsets", "median", "low", "high", "i2", "i2_low", "i2_high")
"""Columns of `gosh_chart_rows`, in this order."""

SHARES = (0.95, 0.8, 0.5)
"""Shares of the subsets that the regions hold, the largest region first."""

_CELLS = (180, 90)
"""Cells of the grid on which subsets are counted, right and up."""

Array = NDArray[np.float64]


def chosen_study(gosh: Gosh, study: str | None) -> str:
    """Return the study that the cloud is coloured by: the one that moves it most, unless one is named.

    Raises
    ------
    ModelError
        Where there is no such study.
    """
    return str(gosh.studies["study"].iloc[0]) if study is None else one_of("study", study, gosh.labels)


def on_paper(gosh: Gosh) -> Array:
    """Return the estimates on the printed scale."""
    if gosh.fit.scale != "log":
        return gosh.estimate
    return np.exp(np.clip(gosh.fit.display_sign * gosh.estimate, -700.0, 700.0))


def gosh_chart_rows(gosh: Gosh, study: str | None = None) -> pd.DataFrame:
    """Decide what a GOSH chart tells of the subsets with a study and of those without it.

    Parameters
    ----------
    gosh : Gosh
        Result of `gosh`.
    study : str, optional
        As in `gosh_chart`.

    Returns
    -------
    DataFrame
        Two lines, ``group`` ``"with"`` and ``"without"``: ``subsets`` (how many), ``median`` of the estimates
        and ``low``, ``high`` (the middle 95 %), printed scale; ``i2``, ``i2_low``, ``i2_high`` the same of I²
        in percent. Missing where a group has no subset.

    Raises
    ------
    ModelError
        Where there is no such study.

    Examples
    --------
    >>> import evidence as ev
    >>> effects = ev.effects_from([0.1, 0.2, 0.3, 0.9], variance=0.04, study=["a", "b", "c", "d"])
    >>> gosh_chart_rows(ev.gosh(effects))[["group", "subsets", "median"]].round(2).values.tolist()
    [['with', 7, 0.47], ['without', 4, 0.2]]
    """
    inside = gosh.holds(chosen_study(gosh, study))
    values = on_paper(gosh)
    lines = []
    for group, at in (("with", inside), ("without", ~inside)):
        lines.append((group, int(at.sum()), *_middle(values[at]), *_middle(gosh.i2[at])))
    return pd.DataFrame(lines, columns=list(GOSH_COLUMNS))


def _middle(values: Array) -> tuple[float, float, float]:
    if not values.size:
        return (math.nan,) * 3
    middle, low, high = np.quantile(values, [0.5, 0.025, 0.975])
    return float(middle), float(low), float(high)


def axes_of(gosh: Gosh, name: str, drawn: int) -> tuple[Span, Span]:
    """Return the axes: estimates with the null line where it is near, and I² from zero.

    Of more than `drawn` subsets the outermost two in a thousand may lie beyond the axis.
    """
    log = gosh.fit.scale == "log"
    x = gosh.fit.display_sign * gosh.estimate if log else gosh.estimate
    whole = gosh.fit.estimate or 0.0
    ends = np.quantile(x, [0.0, 1.0] if len(x) <= drawn else [0.001, 0.999])
    low, high = float(min(*ends, gosh.fit.display_sign * whole if log else whole)), float(max(ends))
    high = max(high, gosh.fit.display_sign * whole if log else whole)
    span = high - low
    if span <= 1e-9 * max(abs(low), abs(high), 1e-300):  # one subset, or all effects equal
        span = 0.5 * abs(high) or 0.2
    if low > 0.0 and low < 0.8 * span:
        low = 0.0
    if high < 0.0 and -high < 0.8 * span:
        high = 0.0
    low, high = low - 0.06 * span, high + 0.06 * span
    top = min(100.0, max(10.0, 1.12 * float(np.max(gosh.i2))))
    up = Span(0.0, top, "I\N{SUPERSCRIPT TWO} of the subset (%)")
    if log:
        return Span(math.exp(low), math.exp(high), name, log=True), up
    return Span(low, high, name), up


@dataclass(frozen=True)
class Density:
    """How subsets are spread over the picture.

    Attributes
    ----------
    x, y : ndarray
        Middles of the cells on the printed scale and in percent, with a margin where there is nothing.
    share : ndarray, shape (up, right)
        Smoothed share of the group's subsets in each cell.
    levels : tuple of float
        Heights whose regions hold `SHARES` of the group, ascending; regions of one height are one.
    """

    x: Array
    y: Array
    share: Array
    levels: tuple[float, ...]


def density(values: Array, i2: Array, across: Span, up: Span) -> Density:
    """Count subsets in cells and smooth, reflecting at the edges: nothing leaks below an I² of zero.

    Parameters
    ----------
    values, i2 : ndarray
        Estimates on the printed scale and I² in percent of one group, not empty.
    across, up : Span
        The axes.

    Returns
    -------
    Density
        The regions of highest density (Hyndman 1996) that hold given shares of the group.

    References
    ----------
    Hyndman RJ. Computing and graphing highest density regions. Am Stat 1996;50(2):120-126.
    https://doi.org/10.1080/00031305.1996.10474359
    """
    from scipy.ndimage import gaussian_filter

    at = np.log(values) if across.log else values
    ends = (math.log(across.low), math.log(across.high)) if across.log else (across.low, across.high)
    counts, xs, ys = np.histogram2d(at, i2, bins=_CELLS, range=[ends, (up.low, up.high)])
    width = float(np.clip(6.0 * (len(values) / 2000.0) ** (-1.0 / 6.0), 1.2, 5.0))
    smooth = gaussian_filter(counts.T / max(len(values), 1), width, mode="reflect")
    ordered = np.sort(smooth.ravel())[::-1]
    summed = np.cumsum(ordered)
    places = np.searchsorted(summed, [share * summed[-1] for share in SHARES])
    levels = sorted({float(ordered[min(place, ordered.size - 1)]) for place in places} - {0.0})
    x, y = (edges[:-1] + np.diff(edges) / 2 for edges in (xs, ys))
    # A margin without subsets closes the regions at the edges of the picture.
    x = np.concatenate([[xs[0]], x, [xs[-1]]])
    y = np.concatenate([[ys[0]], y, [ys[-1]]])
    return Density(np.exp(x) if across.log else x, y, np.pad(smooth, 1), tuple(levels))
