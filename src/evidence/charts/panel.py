"""A picture with two axes inside a sheet: its box, ticks, names, key and notes; the marks are the chart's.

Everything around the box is measured before it is placed, so that no text meets another. Sideways the
`Axes` keeps the scale of the data (``ax.axvline(0.2)`` marks 0.2); downwards it is in points, as in every
chart of this package.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from evidence.charts.canvas import Sheet
from evidence.charts.scale import Scale
from evidence.charts.style import Style

__all__ = ["Key", "Panel", "Picture", "Span", "mix", "padded"]


@dataclass(frozen=True)
class Span:
    """One axis: what it shows and how.

    Attributes
    ----------
    low, high : float
        Its ends, on the printed scale.
    name : str
        What it measures.
    log : bool
        Whether distances are ratios.
    down : bool
        Whether values grow downwards (upright axes only).
    """

    low: float
    high: float
    name: str = ""
    log: bool = False
    down: bool = False


@dataclass(frozen=True)
class Key:
    """One mark of the key: how it is drawn between two places of the width, and what it means."""

    draw: Callable[[Panel, float, float, float], None]
    words: str


@dataclass(frozen=True)
class Picture:
    """What a picture says, before it has a size.

    Attributes
    ----------
    x, y : Span
        The axes.
    title : str
        One message, set above.
    sides : tuple of str
        What the left and the right end of the x axis favour.
    key : tuple of Key
        Marks to explain.
    foot : str
        Notes below.
    share : float
        Height of the box as a share of the width of a new figure.
    """

    x: Span
    y: Span
    title: str = ""
    sides: tuple[str, str] = ("", "")
    key: tuple[Key, ...] = ()
    foot: str = ""
    share: float = 0.42


@dataclass(frozen=True)
class Panel:
    """A picture that has its place: the box in points, and both axes.

    Attributes
    ----------
    sheet : Sheet
        Where it is drawn.
    x : Scale
        The data axis, from the left to the right edge of the box.
    y : Span
        The upright axis.
    top, bottom : float
        Edges of the box, in points from the top of the sheet.
    clip : Patch
        The box as a shape: what is drawn inside does not leave it.
    """

    sheet: Sheet
    x: Scale
    y: Span
    top: float
    bottom: float
    clip: Any

    @property
    def style(self) -> Style:
        """Return sizes and colours."""
        return self.sheet.style

    def height(self, values: ArrayLike) -> NDArray[np.float64]:
        """Return where values of the upright axis stand, in points from the top."""
        at = np.asarray(values, dtype=np.float64)
        low, high = self.y.low, self.y.high
        if self.y.log:
            at, low, high = np.log(at), math.log(low), math.log(high)
        share = (at - low) / (high - low)
        start, end = (self.top, self.bottom) if self.y.down else (self.bottom, self.top)
        return np.asarray(start + share * (end - start))

    def line(
        self,
        xs: ArrayLike,
        ys: ArrayLike,
        colour: str,
        *,
        width: float = 1.0,
        pattern: Any = "-",  # noqa: ANN401  (a pattern of matplotlib)
        order: float = 2.0,
    ) -> None:
        """Draw a line in values of both axes, cut at the box; `width` in lines of the style."""
        self._plot(xs, self.height(ys), colour, width, pattern, order).set_clip_path(self.clip)

    def stroke(
        self,
        xs: Sequence[float],
        ys: Sequence[float],
        colour: str,
        *,
        width: float = 1.0,
        pattern: Any = "-",  # noqa: ANN401
    ) -> None:
        """Draw a line in points of the sheet: for the key."""
        self._plot([self.x.value(x) for x in xs], ys, colour, width, pattern, 2.0)

    def _plot(
        self,
        xs: ArrayLike,
        ys: ArrayLike,
        colour: str,
        width: float,
        pattern: Any,  # noqa: ANN401
        order: float,
    ) -> Any:  # noqa: ANN401  (an artist of matplotlib)
        (artist,) = self.sheet.ax.plot(
            np.asarray(xs, dtype=np.float64),
            np.asarray(ys, dtype=np.float64),
            color=colour,
            linewidth=self.style.line * width,
            linestyle=pattern,
            marker="",
            solid_capstyle="butt",
            dash_capstyle="butt",
            zorder=order,
        )
        return artist

    def mark(
        self,
        x: float,
        at: float,
        size: float,
        colour: str,
        *,
        marker: str = "o",
        face: str | None = None,
        edge: str | None = None,
        order: float = 3.0,
    ) -> None:
        """Draw one mark at a value of the x axis and a height in points; `size` across, in points."""
        self.sheet.ax.plot(
            [x],
            [at],
            marker=marker,
            markersize=size,
            linestyle="",
            color=colour,
            markerfacecolor=face or colour,
            markeredgecolor=edge or colour,
            markeredgewidth=self.style.line * 0.8,
            zorder=order,
        )

    def fill(
        self, xs: ArrayLike, ys: ArrayLike, colour: str, *, order: float = 1.0, edge: str = "none"
    ) -> None:
        """Fill an area whose corners are values of both axes, cut at the box."""
        from matplotlib.patches import Polygon

        corners = np.column_stack([np.asarray(xs, dtype=np.float64), self.height(ys)])
        patch = Polygon(
            corners,
            closed=True,
            facecolor=colour,
            edgecolor=edge,
            linewidth=0.0 if edge == "none" else self.style.line * 0.6,
            zorder=order,
        )
        self.sheet.ax.add_patch(patch)
        patch.set_clip_path(self.clip)

    def swatch(self, left: float, right: float, y: float, colour: str) -> None:
        """Draw a small filled box with an edge, in points: for the key."""
        from matplotlib.patches import Polygon

        half = self.style.small * 0.45
        xs = [self.x.value(left), self.x.value(right)]
        corners = [(xs[0], y - half), (xs[1], y - half), (xs[1], y + half), (xs[0], y + half)]
        edge, line = self.style.colours.rule, self.style.line * 0.6
        self.sheet.ax.add_patch(
            Polygon(corners, facecolor=colour, edgecolor=edge, linewidth=line, zorder=1.9)
        )


def mix(first: str, second: str, share: float) -> str:
    """Return a colour between two: `share` of the second one."""
    ends = [[int(colour[i : i + 2], 16) for i in (1, 3, 5)] for colour in (first, second)]
    made = [round(a + (b - a) * share) for a, b in zip(*ends, strict=True)]
    return "#" + "".join(f"{value:02x}" for value in made)


def padded(values: ArrayLike, *, log: bool = False, room: float = 0.06) -> tuple[float, float]:
    """Return the range of values with some room on both sides; a single value gets a range around it."""
    at = np.asarray(values, dtype=np.float64)
    at = at[np.isfinite(at)]
    at = np.log(at[at > 0]) if log else at
    low, high = (float(at.min()), float(at.max())) if at.size else (0.0, 1.0)
    span = high - low if high > low else (0.2 if log else abs(low) or 1.0)
    low, high = low - room * span, high + room * span
    return (math.exp(low), math.exp(high)) if log else (low, high)
