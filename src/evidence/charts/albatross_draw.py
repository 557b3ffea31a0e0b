"""What stands in the box of an albatross plot: bars, points and their key, in points of the sheet."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

import pandas as pd

from evidence.charts.albatross_frame import (
    DOTS,
    Frame,
    key_lines,
    stroke,
)
from evidence.charts.canvas import Sheet
from evidence.charts.style import Style
from evidence.charts.texts import text_width

__all__ = ["draw_key", "draw_rows"]


_SIDE = (0.0, (1.2, 1.6))
"""Pattern of a direction."""


def draw_rows(sheet: Sheet, frame: Frame, rows: pd.DataFrame) -> None:
    """Draw bars first and points on top; equal bars once, thicker the more rows share them."""
    style = sheet.style
    bars = [
        _Bar(float(frame.y(people)), low, high, mark == "band", len(group))  # type: ignore[arg-type]
        for (people, low, high, mark), group in rows[rows["mark"].ne("point")].groupby(
            ["people", "x_low", "x_high", "mark"], sort=True
        )
    ]
    for bar in _apart(bars, style, frame):
        _draw_bar(sheet, frame, bar)
    points = rows[rows["mark"].eq("point")]
    sheet.ax.plot(
        frame.x(points["x_low"].to_numpy(dtype=float)),
        frame.y(points["people"].to_numpy(dtype=float)),
        linestyle="",
        marker="o",
        markersize=style.text * 0.62,
        color=style.colours.exact,
        markeredgecolor=style.colours.paper,
        markeredgewidth=style.line * 0.6,
        zorder=3.0,
    )


@dataclass(frozen=True)
class _Bar:
    """A band of p (or a side alone): its height in points, its ends on the axis, its rows."""

    y: float
    low: float
    high: float
    band: bool
    rows: int

    def thickness(self, style: Style) -> float:
        """Return the height of the bar in points: it grows with its rows, the first ones most."""
        return style.text * 0.11 * (1.0 + math.log2(self.rows)) if self.band else style.line


def _apart(bars: list[_Bar], style: Style, frame: Frame) -> list[_Bar]:
    """Move bars up or down, by no more than needed and by little, so that none hides another."""
    placed: list[_Bar] = []
    step = style.text * 0.08
    for bar in sorted(bars, key=lambda one: -one.rows):
        tries = (bar.y + sign * i * step for i in range(20) for sign in (1, -1))
        free = (y for y in tries if frame.top < y < frame.bottom and not _hidden(bar, y, placed, style))
        placed.append(replace(bar, y=next(free, bar.y)))
    return placed


def _hidden(bar: _Bar, y: float, placed: list[_Bar], style: Style) -> bool:
    """Tell whether a bar at a height would touch one that is already there."""
    clear = style.line * 1.6
    return any(
        abs(y - other.y) < (bar.thickness(style) + other.thickness(style)) / 2 + clear
        and bar.low < other.high
        and other.low < bar.high
        for other in placed
    )


def _draw_bar(sheet: Sheet, frame: Frame, bar: _Bar) -> None:
    """Draw a band of p, or a side; an end outside the box is an arrow head."""
    style = sheet.style
    ends = [float(frame.x(end)) for end in (bar.low, bar.high)]
    colour = style.colours.interval if bar.band else style.colours.sign
    if bar.band:
        _band(sheet, ends, bar.y, bar.thickness(style))
    else:
        stroke(sheet, ends, [bar.y] * 2, colour, style.line, _SIDE, 2.0)
    outside = bar.low < -frame.reach, bar.high > frame.reach
    for x, is_out, marker in zip(ends, outside, "<>", strict=True):
        if is_out:
            sheet.ax.plot(
                [x],
                [bar.y],
                marker=marker,
                markersize=style.text * 0.5,
                color=colour,
                linestyle="",
                markeredgewidth=0.0,
                zorder=2.3,
            )


def _band(sheet: Sheet, ends: list[float], y: float, thickness: float) -> None:
    """Draw a bar with an edge."""
    colours, edge = sheet.style.colours, sheet.style.line
    stroke(sheet, ends, [y, y], colours.interval, thickness + edge * 1.2, "-", 2.0)
    stroke(sheet, ends, [y, y], colours.interval_fill, thickness, "-", 2.1)


def draw_key(sheet: Sheet, frame: Frame, rows: pd.DataFrame, contours: bool) -> None:
    """Explain the marks that are there, below the axis."""
    style, small = sheet.style, sheet.style.small
    sides = 1.25 * max(words.count("\n") + 1 for words in frame.favours) if frame.stacked else 0.0
    y = frame.bottom + small * (4.6 + sides)
    for line in key_lines(style, sheet.width, rows, contours):
        x = style.text * 0.9
        for mark, text in line:
            _key_mark(sheet, mark, x, y)
            sheet.text(x + small * 2.6, y, text, size=small, colour=style.colours.quiet)
            x += small * 4.2 + text_width(text, small)
        y += small * 1.75


def _key_mark(sheet: Sheet, mark: str, x: float, y: float) -> None:
    style, small = sheet.style, sheet.style.small
    ends = [x, x + small * 2.0]
    if mark == "point":
        sheet.ax.plot(
            [x + small],
            [y],
            marker="o",
            markersize=style.text * 0.62,
            color=style.colours.exact,
            linestyle="",
            markeredgewidth=0.0,
            zorder=3.0,
        )
    elif mark == "band":
        _band(sheet, ends, y, style.text * 0.22)
    else:
        dots = _SIDE if mark == "side" else DOTS
        colour = style.colours.sign if mark == "side" else style.colours.pooled
        stroke(sheet, ends, [y, y], colour, style.line * (1.0 if mark == "side" else 0.7), dots, 2.0)
