"""The data axis inside a table: its range, its ticks, and where it lies in the width."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from evidence.charts.canvas import Sheet
from evidence.charts.style import FONT
from evidence.charts.texts import text_width
from evidence.charts.words import count, number

__all__ = ["Scale", "draw_axis", "scale_for"]

_RATIOS = (
    (1e-6, 1e-3, 1.0, 1e3, 1e6),
    (1e-4, 0.01, 1.0, 100.0, 1e4),
    (0.001, 0.01, 0.1, 1.0, 10.0, 100.0, 1000.0),
    (0.01, 0.05, 0.2, 1.0, 5.0, 20.0, 100.0),
    (0.02, 0.05, 0.1, 0.2, 0.5, 1.0, 2.0, 5.0, 10.0, 20.0, 50.0),
    (0.125, 0.25, 0.5, 1.0, 2.0, 4.0, 8.0),
    (0.25, 0.5, 0.75, 1.0, 1.5, 2.0, 3.0, 4.0),
    (0.5, 0.6, 0.7, 0.8, 0.9, 1.0, 1.1, 1.25, 1.5, 1.75, 2.0),
    (0.8, 0.85, 0.9, 0.95, 1.0, 1.05, 1.1, 1.15, 1.2),
    (0.94, 0.96, 0.98, 1.0, 1.02, 1.04, 1.06),
    (0.97, 0.98, 0.99, 1.0, 1.01, 1.02, 1.03),
)
"""Round ratios, from coarse to fine; each set is about even on a log axis, and holds no difference."""


_OPEN = 0.15
"""Share of the range that is added where something runs off."""


@dataclass(frozen=True)
class Scale:
    """A range of the data and the part of the width that shows it.

    Attributes
    ----------
    low, high : float
        Ends of the drawn range, on the printed scale.
    left, right : float
        Where they stand, in points from the left edge.
    log : bool
        Whether distances are ratios.
    """

    low: float
    high: float
    left: float
    right: float
    log: bool

    @property
    def null(self) -> float:
        """Return the value of no difference: 1 for ratios, else 0."""
        return 1.0 if self.log else 0.0

    def limits(self, width: float) -> tuple[float, float]:
        """Return the limits of the whole width: the range extended under the text columns."""
        low, high = (math.log(self.low), math.log(self.high)) if self.log else (self.low, self.high)
        unit = (high - low) / (self.right - self.left)
        ends = (low - self.left * unit, high + (width - self.right) * unit)
        return (math.exp(ends[0]), math.exp(ends[1])) if self.log else ends

    def points(self, value: float) -> float:
        """Return where a value of the range stands, in points from the left edge."""
        low, high, at = (
            (math.log(self.low), math.log(self.high), math.log(value))
            if self.log
            else (self.low, self.high, value)
        )
        return self.left + (at - low) / (high - low) * (self.right - self.left)

    def value(self, points: float) -> float:
        """Return the value that stands at a point of the width."""
        share = (points - self.left) / (self.right - self.left)
        if self.log:
            return math.exp(math.log(self.low) + share * (math.log(self.high) - math.log(self.low)))
        return self.low + share * (self.high - self.low)


def scale_for(
    must: Sequence[float],
    may: Sequence[float],
    left: float,
    right: float,
    *,
    log: bool = False,
    always: Sequence[float] = (),
    beyond: float = 0.6,
) -> Scale:
    """Choose the range of an axis.

    Parameters
    ----------
    must : sequence of float
        Values that have to be seen: estimates, bounds, pooled limits. Infinite ones are left out,
        and so is what lies far (three spreads) outside the rest: it is drawn as an arrow at the edge,
        its number stands in the text column.
    may : sequence of float
        Values that are shown as far as they do not squeeze the rest: ends of whiskers, prediction limits.
    left, right : float
        The part of the width, in points.
    log : bool
        Ratios.
    always : sequence of float
        Values that show however far they lie: the pooled result.
    beyond : float
        How far beyond the rest the values of `may` reach at most, as a share of its range.

    Returns
    -------
    Scale
        A range that holds the value of no difference and leaves room for arrow heads.
    """
    null = 0.0
    seen = np.concatenate([_without_far(np.append(_even(must, log), null)), _even(always, log)])
    low, high = float(seen.min()), float(seen.max())
    ends = [float(v) for v in _even(may, log)]
    reach = max(high - low, float(np.median(np.abs(ends))) if ends else 0.0)
    low = min([low, *(max(v, low - beyond * reach) for v in ends)])
    high = max([high, *(min(v, high + beyond * reach) for v in ends)])
    least = 0.02 if log else 1e-290  # ratios that differ by less than 2 % need no finer axis
    if high - low <= least:  # equal values, seen with their distance from no difference
        low, high = min(low, null), max(high, null)
    if high - low <= least:
        low, high = (-0.05, 0.05) if log else (-1.0, 1.0)
    left_open, right_open = _open_ends([*must, *always], log)
    room = _OPEN * (high - low)  # an open band or an arrow is seen to go on
    low, high = low - room * left_open, high + room * right_open
    # The value of no difference is not pressed against an edge: both "favours" labels need their side.
    span = high - low
    low, high = min(low - 0.06 * span, null - 0.22 * span), max(high + 0.06 * span, null + 0.22 * span)
    if log:
        return Scale(math.exp(low), math.exp(high), left, right, log)
    return Scale(low, high, left, right, log)


def _open_ends(values: Sequence[float], log: bool) -> tuple[bool, bool]:
    """Tell whether something runs off to the left and to the right."""
    return any(v == -math.inf or (log and v <= 0) for v in values), any(v == math.inf for v in values)


def _even(values: Sequence[float], log: bool) -> NDArray[np.float64]:
    """Return the finite values where equal distances mean equal effects: logarithms of ratios."""
    kept = np.array([v for v in values if math.isfinite(v) and (v > 0 or not log)], dtype=np.float64)
    return np.log(kept) if log else kept


def _without_far(values: NDArray[np.float64]) -> NDArray[np.float64]:
    """Drop values more than three interquartile ranges outside the quartiles, given at least five."""
    if values.size < 5:
        return values
    lower, upper = np.quantile(values, [0.25, 0.75])
    reach = 3.0 * max(upper - lower, 0.25 * float(np.median(np.abs(values))))
    kept = values[(values >= lower - reach) & (values <= upper + reach)]
    return kept if kept.size else values


def _linear_sets(scale: Scale) -> list[tuple[float, ...]]:
    """Return candidate ticks at multiples of 1, 2, 2.5 and 5, from coarse to fine."""
    span = scale.high - scale.low
    power = 10.0 ** math.floor(math.log10(span))
    sets = []
    for step in (5 * power, 2 * power, power, 0.5 * power, 0.25 * power, 0.2 * power, 0.1 * power):
        first, last = math.ceil(scale.low / step - 1e-9), math.floor(scale.high / step + 1e-9)
        sets.append(tuple(step * i for i in range(first, last + 1)))
    return sets


def _tick_labels(values: Sequence[float], log: bool) -> list[str]:
    """Return labels with just the decimals that tell the ticks apart."""
    if log:
        return [count(v) if v >= 1000 else f"{v:.9f}".rstrip("0").rstrip(".") for v in values]
    step = min((b - a for a, b in pairwise(values)), default=1.0)
    decimals = next((d for d in range(10) if abs(round(step, d) - step) < 1e-6 * step), 9)
    return [number(v, decimals) for v in values]


def ticks_for(scale: Scale, size: float) -> tuple[list[float], list[str]]:
    """Return the finest set of round ticks, at most eight, whose labels stand clear of each other.

    A finer set of ratios is not taken where it leaves an end of the axis bare that a coarser one marks.
    """
    best: tuple[list[float], list[str]] = ([scale.null], _tick_labels([scale.null], scale.log))
    covered = 0.0
    for candidate in _RATIOS if scale.log else _linear_sets(scale):
        values = (
            [v for v in candidate if scale.low * (1 - 1e-9) <= v <= scale.high * (1 + 1e-9)]
            if scale.log
            else list(candidate)
        )
        labels = _tick_labels(values, scale.log)
        halves = [text_width(label, size) / 2 for label in labels]
        places = [scale.points(v) for v in values]
        clear = all(
            places[i] + halves[i] + size <= places[i + 1] - halves[i + 1] for i in range(len(values) - 1)
        )
        reach = places[-1] - places[0] if places else 0.0
        if clear and len(best[0]) < len(values) <= 8 and reach >= 0.9 * covered:
            best = (values, labels)
            covered = reach if scale.log else 0.0
    return best


def _inside(labels: list[str], places: list[float], size: float, width: float) -> list[str]:
    """Return the labels without those of ticks at the end of a picture that would leave the sheet."""
    halves = [text_width(label, size) / 2 for label in labels]
    ends = zip(labels, places, halves, strict=True)
    return [label if half <= place <= width - half else "" for label, place, half in ends]


def draw_axis(sheet: Sheet, scale: Scale, y: float, top: float) -> None:
    """Draw the axis of the data at a height, its ticks, and the line of no difference up to `top`."""
    from matplotlib.ticker import FixedFormatter, FixedLocator, NullFormatter, NullLocator

    ax, style = sheet.ax, sheet.style
    if scale.log:
        ax.set_xscale("log")
    ax.set_xlim(*scale.limits(sheet.width))
    values, labels = ticks_for(scale, style.small)
    labels = _inside(labels, [scale.points(value) for value in values], style.small, sheet.width)
    spine = ax.spines["bottom"]
    spine.set_visible(True)
    spine.set_position(("data", y))
    spine.set_bounds(scale.low, scale.high)
    spine.set_color(style.colours.quiet)
    spine.set_linewidth(style.line * 0.7)
    ax.xaxis.set_major_locator(FixedLocator(values))
    ax.xaxis.set_major_formatter(FixedFormatter(labels))
    ax.xaxis.set_minor_locator(NullLocator())
    ax.xaxis.set_minor_formatter(NullFormatter())
    ax.tick_params(
        axis="x",
        which="major",
        bottom=True,
        labelbottom=True,
        length=style.small * 0.35,
        width=style.line * 0.7,
        pad=style.small * 0.3,
        direction="out",
        color=style.colours.quiet,
        labelsize=style.small,
        labelcolor=style.colours.ink,
        labelfontfamily=FONT,
    )
    ax.plot(
        [scale.null] * 2,
        [top, y],
        color=style.colours.quiet,
        linewidth=style.line * 0.8,
        linestyle="-",
        marker="",
        zorder=0.9,
    )
