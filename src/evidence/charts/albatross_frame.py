"""The box of an albatross plot: its room, its axes and its contours, all in points of the sheet."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from evidence.charts.canvas import Sheet
from evidence.charts.style import Style
from evidence.charts.texts import balanced, line_height, text_width, wrap
from evidence.charts.words import count, number

__all__ = ["DOTS", "Frame", "draw_axes", "draw_contours", "key_lines", "open_frame", "stroke"]

_AXIS = "p (two-sided)"


_P_TICKS = (1.0, 0.2, 0.05, 0.01, 0.001, 1e-4, 1e-5, 1e-6)


DOTS = (0.0, (1.5, 2.0))
"""Pattern of a contour."""


_N_TICKS = (5, 10, 20, 50, 100, 200, 500, 1000, 2000, 5000, 10_000, 20_000, 50_000, 100_000)


@dataclass(frozen=True)
class Frame:
    """The picture's box in points, and the ranges that it shows."""

    left: float
    right: float
    top: float
    bottom: float
    reach: float
    n_low: float
    n_high: float
    favours: tuple[str, str] = ("", "")
    stacked: bool = False

    def x(self, place: Any) -> Any:  # noqa: ANN401  (a number or an array of them)
        """Return where a signed log p stands; what lies beyond the axis stands at its end."""
        middle = (self.left + self.right) / 2
        return middle + np.clip(place, -self.reach, self.reach) / self.reach * (self.right - self.left) / 2

    def y(self, people: Any) -> Any:  # noqa: ANN401
        """Return where a number of people stands."""
        share = np.log(people / self.n_low) / math.log(self.n_high / self.n_low)
        return self.bottom - share * (self.bottom - self.top)


def open_frame(sheet: Sheet, rows: pd.DataFrame, message: str, foot: str, favours: tuple[str, str]) -> Frame:
    """Write title and notes, and return the box that they leave for the picture, its axis and its key."""
    style = sheet.style
    pad = style.text * 0.9
    title = balanced(message, sheet.width - 2 * pad, style.title, bold=True) if message else ""
    sheet.text(pad, pad, title, size=style.title, bold=True, valign="top")
    lines = title.count("\n") + 1 if title else 0
    top = pad + line_height(style.title, lines) + style.text * 1.6 + style.small
    note = wrap(foot, sheet.width - 2 * pad, style.small)
    below = line_height(style.small, note.count("\n") + 1)
    sheet.text(
        pad, sheet.height - pad - below, note, size=style.small, valign="top", colour=style.colours.quiet
    )
    left = pad + text_width("10\u2009000", style.small) + style.small * 2.4
    right = sheet.width - pad - style.small * 2.5
    arrows = f"\u2190\u00a0favours {favours[0]}", f"favours {favours[1]}\u00a0\u2192"
    room = (right - left - text_width(_AXIS, style.small)) / 2 - style.small
    stacked = any(text_width(words, style.small) > room for words in arrows)
    half = (right - left) / 2 - style.small * 0.5
    broken = [wrap(words, half, style.small) for words in arrows] if stacked else arrows
    lines = max(words.count("\n") + 1 for words in broken) if stacked else 0
    keys = len(key_lines(style, sheet.width, rows, True))
    bottom = sheet.height - pad - below - style.small * (6.6 + 1.25 * lines + 1.75 * (keys - 1))
    ends = (broken[0], broken[1])
    return Frame(left, right, top, bottom, _reach(rows), *_people_range(rows), ends, stacked)


def _reach(rows: pd.DataFrame) -> float:
    """Return how far the axis goes in minus log10 p: to the smallest p shown, from 0.001 to 1e-6."""
    ends = np.abs(rows[["x_low", "x_high"]].to_numpy(dtype=float))
    return float(np.clip(ends[np.isfinite(ends)].max() * 1.08, 3.3, 6.5))


def _people_range(rows: pd.DataFrame) -> tuple[float, float]:
    low, high = float(rows["people"].min()), float(rows["people"].max())
    low, high = low * 0.75, high * 1.35
    return (low, high) if high / low > 4 else (low * 0.6, high * 1.6)


def draw_axes(sheet: Sheet, frame: Frame) -> None:
    """Draw the box, its ticks, and the lines of p = 1 and p = 0.05."""
    style, colours = sheet.style, sheet.style.colours
    stroke(sheet, [frame.left, frame.right], [frame.bottom] * 2, colours.quiet, style.line * 0.7)
    labelled = _labelled(frame, style)
    for p in _P_TICKS:
        place = -math.log10(p)
        if place > frame.reach:
            break
        for side in (1, -1) if p < 1 else (1,):
            x = float(frame.x(side * place))
            strong = p in (1.0, 0.05)
            stroke(
                sheet,
                [x, x],
                [frame.top, frame.bottom + style.small * 0.35],
                colours.quiet if strong else colours.faint,
                style.line * (0.8 if p == 1 else 0.6),
                "-" if p != 0.05 else (0, (4, 3)),
            )
            if p in labelled:
                words, below = _p_label(p), frame.bottom + style.small * 0.5
                sheet.text(x, below, words, size=style.small, align="center", valign="top")
    y = frame.bottom + style.small * 2.0
    middle = (frame.left + frame.right) / 2
    sheet.text(middle, y, _AXIS, size=style.small, align="center", valign="top", colour=colours.quiet)
    y += line_height(style.small) if frame.stacked else 0.0
    sheet.text(frame.left, y, frame.favours[0], size=style.small, valign="top")
    sheet.text(frame.right, y, frame.favours[1], size=style.small, valign="top", align="right")
    sheet.text(
        frame.left - style.small * 0.8,
        frame.top - style.small * 1.1,
        "People",
        size=style.small,
        align="right",
        colour=colours.quiet,
    )
    for n in _N_TICKS:
        if frame.n_low <= n <= frame.n_high:
            y = float(frame.y(n))
            sheet.text(frame.left - style.small * 0.8, y, count(n), size=style.small, align="right")
            stroke(
                sheet, [frame.left - style.small * 0.35, frame.left], [y, y], colours.quiet, style.line * 0.6
            )


def _labelled(frame: Frame, style: Style) -> set[float]:
    """Return the p that have room for their label: 1, 0.05 and 0.001 first, then what fits between."""
    out: dict[float, tuple[float, float]] = {}
    for p in sorted(_P_TICKS, key=lambda p: (p not in (1.0, 0.05, 0.001), _P_TICKS.index(p))):
        if -math.log10(p) > frame.reach:
            continue
        x, half = float(frame.x(-math.log10(p))), text_width(_p_label(p), style.small) / 2 + style.small * 0.3
        if all(x + half <= low or x - half >= high for low, high in out.values()):
            out[p] = (x - half, x + half)
    return set(out)


def _p_label(p: float) -> str:
    return f"{p:g}" if p >= 1e-4 else f"10{_raised(round(math.log10(p)))}"


def _raised(power: int) -> str:
    digits = "\u2070\u00b9\u00b2\u00b3\u2074\u2075\u2076\u2077\u2078\u2079"
    return "\u207b" + "".join(digits[int(digit)] for digit in str(abs(power)))


def stroke(
    sheet: Sheet,
    xs: Any,  # noqa: ANN401  (numbers in points: a list or an array)
    ys: Any,  # noqa: ANN401
    colour: str,
    width: float,
    style: Any = "-",  # noqa: ANN401  (a pattern of matplotlib)
    order: float = 1.2,
) -> None:
    """Draw a line through points of the sheet, under the texts."""
    sheet.ax.plot(
        xs,
        ys,
        color=colour,
        linewidth=width,
        linestyle=style,
        marker="",
        solid_capstyle="butt",
        dash_capstyle="butt",
        zorder=order,
    )


def draw_contours(sheet: Sheet, frame: Frame, contours: pd.DataFrame) -> None:
    """Draw the contours inside the box, each with its value where it leaves it."""
    style = sheet.style
    middle = (frame.left + frame.right) / 2
    taken: list[tuple[float, float, float]] = []
    for (value, _), part in contours.groupby(["value", "side"], sort=False):
        x, people = part["x"].to_numpy(dtype=float), part["people"].to_numpy(dtype=float)
        inside = np.isfinite(x) & (np.abs(x) <= frame.reach)
        if inside.sum() < 2:
            continue
        xs, ys = frame.x(x[inside]), frame.y(people[inside])
        stroke(sheet, xs, ys, style.colours.pooled, style.line * 0.8, DOTS, 2.6)
        words = number(float(str(value)))
        half = text_width(words, style.small) / 2 + style.small * 0.25
        at = float(xs[-1]), max(float(ys[-1]), frame.top) - style.small * 0.6
        if inside[-1]:  # it leaves through the top: its name stands above
            at = min(max(at[0], frame.left + half), frame.right - half), frame.top - style.small * 0.6
        else:  # through a side: inside the box, on paper, clear of the numbers of people
            at = at[0] - math.copysign(half, at[0] - middle), float(ys[-1]) + style.small * 0.1
        if at[1] > frame.bottom - style.small * 0.7:  # it would stand on the numbers of the axis
            continue
        if any(abs(at[0] - x0) < half + h0 and abs(at[1] - y0) < style.small * 1.2 for x0, y0, h0 in taken):
            continue
        taken.append((*at, half))
        if not inside[-1]:
            stroke(
                sheet, [at[0] - half, at[0] + half], [at[1]] * 2, style.colours.paper, style.small, "-", 2.7
            )
        sheet.text(*at, words, size=style.small, align="center", colour=style.colours.ink)


def key_lines(style: Style, width: float, rows: pd.DataFrame, contours: bool) -> list[list[tuple[str, str]]]:
    """Return the marks that are there with their words, in as many lines as they need."""
    words = {"point": "exact p", "band": "band of p", "side": "direction only"}
    items = [(mark, text) for mark, text in words.items() if rows["mark"].eq(mark).any()]
    lines: list[list[tuple[str, str]]] = [[]]
    used = 0.0
    for mark, text in [*items, *([("contour", "contour of equal effect")] if contours else [])]:
        need = style.small * 4.2 + text_width(text, style.small)
        if lines[-1] and used + need > width - 2 * style.text * 0.9:
            lines.append([])
            used = 0.0
        lines[-1].append((mark, text))
        used += need
    return lines
