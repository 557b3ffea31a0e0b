"""The specification curve: every estimate of a multiverse in order, and the choices behind each below."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from evidence.charts.canvas import Sheet
from evidence.charts.captions import level_words
from evidence.charts.frame import expect, measure_name
from evidence.charts.panel import padded
from evidence.charts.said import say
from evidence.charts.scale import Scale, ticks_for
from evidence.charts.specification_layout import LINE, SpecificationPlan, place_specifications
from evidence.charts.specification_rows import MOST, SPECIFICATION_COLUMNS, specification_curve_rows
from evidence.charts.specification_words import (
    message,
    slide_note,
    specification_curve_alt,
    specification_curve_caption,
)
from evidence.charts.style import medium_for
from evidence.charts.texts import elide, widest

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from evidence.synthesis.multiverse import Multiverse

__all__ = [
    "SPECIFICATION_COLUMNS",
    "specification_curve",
    "specification_curve_alt",
    "specification_curve_caption",
    "specification_curve_rows",
]


def specification_curve(
    multiverse: Multiverse,
    *,
    ax: Axes | None = None,
    medium: str | None = None,
    favours: tuple[str, str] = ("second arm", "first arm"),
    title: str | None = None,
    most: int = MOST,
) -> Axes:
    """Draw the result of every specification in order, with its interval, above the choices that made it.

    Parameters
    ----------
    multiverse : Multiverse
        Result of `multiverse`.
    ax : Axes, optional
        Where to draw. Without it a figure is made.
    medium : str, optional
        ``"notebook"``, ``"slide"`` (16:9, no text below 18 pt), ``"journal"`` or ``"journal-single"``. None
        takes that of `chart_style`, else ``"notebook"``.
    favours : tuple of str, default ("second arm", "first arm")
        What results below and above no difference favour, on the model scale.
    title : str, optional
        One message. None makes it from the result; ``""`` sets none.
    most : int, default 200
        Specifications that are drawn at most; of more an even selection by rank, which the caption says.

    Returns
    -------
    Axes
        The given one, or the only one of the new figure. Its x axis is the place of a drawn specification,
        from 0; y is in points from the top. On a slide choices that move the estimate least are named
        instead of drawn where there is no room.

    Raises
    ------
    ModelError
        Where `multiverse` is none, no specification pools studies, or the medium is not known.

    References
    ----------
    Simonsohn U, Simmons JP, Nelson LD. Specification curve analysis. Nat Hum Behav 2020;4(11):1208-1214.
    https://doi.org/10.1038/s41562-020-0912-z

    Examples
    --------
    >>> import evidence as ev
    >>> effects = ev.effects_from([0.1, 0.2, 0.3, 0.9, 0.4], variance=0.04)
    >>> found = ev.multiverse(effects, {"tau2": ["EE", "DL", "REML"], "inference": ["z", "HKSJ"]})
    >>> ax = ev.specification_curve(found)
    >>> ev.alt_text(ax)[:36]
    'Specification curve of 5 results: GE'
    """
    medium = medium_for(medium)
    way = 'found = ev.multiverse(effects, {"tau2": ["DL", "REML"]})'
    expect("specification_curve", multiverse, "a Multiverse", ("table", "choices", "pooled"), way)
    rows = specification_curve_rows(multiverse, most=most)
    told = message(multiverse) if title is None else title
    foot = (
        slide_note(multiverse, rows)
        if medium == "slide"
        else specification_curve_caption(multiverse, most=most)
    )
    plan, sheet = place_specifications(multiverse, medium, ax, told, foot)
    xs = _open_axes(sheet, plan, len(rows))
    upright = _upright(rows, plan, multiverse.log)
    _write(sheet, plan, _axis_name(multiverse, favours))
    _draw_box(sheet, plan, upright, multiverse)
    _draw_curve(sheet, plan, upright, rows, xs)
    _draw_matrix(sheet, plan, rows, xs)
    return say(
        sheet.ax,
        caption=specification_curve_caption(multiverse, most=most),
        alt=specification_curve_alt(multiverse),
    )


def _open_axes(sheet: Sheet, plan: SpecificationPlan, n: int) -> NDArray[np.float64]:
    """Set the x axis: places of specifications, between the edges of the picture."""
    from matplotlib.ticker import NullLocator

    scale = Scale(-0.7, n - 0.3, plan.left, plan.right, False)
    sheet.ax.set_xlim(*scale.limits(sheet.width))
    for axis in (sheet.ax.xaxis, sheet.ax.yaxis):
        axis.set_major_locator(NullLocator())
        axis.set_minor_locator(NullLocator())
    return np.arange(n, dtype=np.float64)


def _upright(rows: pd.DataFrame, plan: SpecificationPlan, log: bool) -> Scale:
    """Return the upright axis: from the bottom of the box to its top; far ends of intervals are cut."""
    null = 1.0 if log else 0.0
    values = rows["estimate"].to_numpy(dtype=float)
    ends = rows[["low", "high"]].to_numpy(dtype=float)
    kept = ends[np.isfinite(ends) & ((ends > 0.0) if log else True)]
    if kept.size:
        seen = np.append(values, null)
        seen, kept = (np.log(seen), np.log(kept)) if log else (seen, kept)
        reach = float(seen.max() - seen.min())
        inner = np.clip(np.quantile(kept, [0.05, 0.95]), seen.min() - reach, seen.max() + reach)
        kept = np.exp(inner) if log else inner
    low, high = padded([*values, *kept, null], log=log)
    return Scale(low, high, plan.bottom, plan.top, log)


def _write(sheet: Sheet, plan: SpecificationPlan, name: str) -> None:
    """Write title, name of the axis, labels of the choices and notes."""
    style = plan.style
    pad, small, text, quiet = style.text * 0.9, style.small, style.text, style.colours.quiet
    if plan.title:
        sheet.text(pad, pad, plan.title, size=style.title, bold=True, valign="top")
    name = elide(name, sheet.width - 2 * pad, small)
    sheet.text(pad, plan.top - small * 0.75, name, size=small, colour=quiet, valign="bottom")
    room = plan.left - text * 0.9 - plan.names
    for i, line in enumerate(plan.lines.to_dict("records")):
        y = plan.line(i)
        if line["name"]:
            word = elide(line["name"], plan.names - pad - text * 0.4, text, True)
            sheet.text(pad, y, word, bold=True)
            if i:
                sheet.rule(y - text * LINE / 2, left=pad, right=plan.right)
        sheet.text(plan.names, y, elide(line["label"], room, text))
    y = plan.first + len(plan.lines) * text * LINE + text * 0.5
    _write_key(sheet, plan, y + small * 0.6)
    if plan.foot:
        sheet.text(pad, y + small * 1.7, plan.foot, size=small, valign="top", colour=quiet)


def _axis_name(multiverse: Multiverse, favours: tuple[str, str]) -> str:
    """Return what is drawn upwards, and whom a higher value favours: of ratios it may be the second arm."""
    name = f"{measure_name(multiverse.measure)} ({level_words(multiverse.level)} CI)"
    upper = favours[0 if multiverse.log and multiverse.display_sign < 0 else 1]
    return f"{name}; higher favours {upper}" if upper else name


def _write_key(sheet: Sheet, plan: SpecificationPlan, y: float) -> None:
    """Draw both marks with their words: filled where the interval excludes no difference, else open."""
    style = plan.style
    x = style.text * 0.9
    for clear, words in ((True, "interval excludes no difference"), (False, "interval includes it")):
        across = style.small * 0.7
        _dots(sheet, np.array([x + style.small * 0.6]) / sheet.width, np.array([y]), clear, across, grid=True)
        sheet.text(x + style.small * 1.6, y, words, size=style.small, colour=style.colours.quiet)
        x += style.small * 3.2 + widest([words], style.small)


def _dots(
    sheet: Sheet,
    xs: NDArray[np.float64],
    ys: NDArray[np.float64],
    clear: bool,
    across: float,
    *,
    grid: bool = False,
) -> None:
    colours = sheet.style.colours
    colour = colours.first if clear else colours.second
    (artist,) = sheet.ax.plot(
        xs,
        ys,
        marker="o",
        markersize=across,
        linestyle="",
        color=colour,
        markerfacecolor=colour if clear else colours.paper,
        markeredgecolor=colour,
        markeredgewidth=min(sheet.style.line * 0.8, across * 0.25),
        zorder=2.8,
    )
    if grid:
        artist.set_transform(sheet.ax.get_yaxis_transform(which="grid"))


def _draw_box(sheet: Sheet, plan: SpecificationPlan, upright: Scale, multiverse: Multiverse) -> None:
    """Draw the upright axis with its ticks, and the line of no difference."""
    style, small = plan.style, plan.style.small
    quiet = style.colours.quiet
    edge = plan.left - small * 0.2
    _in_points(sheet, [edge, edge], [plan.top, plan.bottom], quiet, 0.7)
    values, labels = ticks_for(Scale(upright.low, upright.high, 0.0, 1e5, upright.log), small)
    kept = [i for i, value in enumerate(values) if upright.low <= value <= upright.high]
    step = max(1, math.ceil(len(kept) * small * 1.6 / (plan.bottom - plan.top)))
    for i in kept[::step]:
        y = upright.points(values[i])
        _in_points(sheet, [edge - small * 0.35, edge], [y, y], quiet, 0.7)
        sheet.text(edge - small * 0.6, y, labels[i], size=small, align="right")
    y = upright.points(upright.null)
    _in_points(sheet, [edge, plan.right], [y, y], quiet, 0.9)


def _in_points(sheet: Sheet, xs: list[float], ys: list[float], colour: str, width: float) -> None:
    sheet.ax.plot(
        [x / sheet.width for x in xs],
        ys,
        transform=sheet.ax.get_yaxis_transform(which="grid"),
        color=colour,
        linewidth=sheet.style.line * width,
        linestyle="-",
        marker="",
        zorder=1.0,
    )


def _bars(
    sheet: Sheet,
    xs: NDArray[np.float64],
    low: NDArray[np.float64],
    high: NDArray[np.float64],
    colour: str,
    width: float,
) -> None:
    """Draw upright lines as one path: two hundred artists would make a heavy picture."""
    gaps = np.full(len(xs), np.nan)
    sheet.ax.plot(
        np.column_stack([xs, xs, gaps]).ravel(),
        np.column_stack([low, high, gaps]).ravel(),
        color=colour,
        linewidth=width,
        linestyle="-",
        marker="",
        solid_capstyle="butt",
        zorder=2.0,
    )


def _pitch(plan: SpecificationPlan, n: int) -> float:
    return (plan.right - plan.left) / (n + 0.4)


def _draw_curve(
    sheet: Sheet, plan: SpecificationPlan, upright: Scale, rows: pd.DataFrame, xs: NDArray[np.float64]
) -> None:
    """Draw intervals and estimates; what leaves the box is cut at its edge."""
    colours, pitch = plan.style.colours, _pitch(plan, len(rows))
    width = min(plan.style.line * 1.2, pitch * 0.5)
    numbers = rows[["estimate", "low", "high"]].to_numpy(dtype=float)
    clear = rows["verdict"].isin(["first", "second"]).to_numpy()
    for is_clear in (False, True):
        at = clear == is_clear
        known = at & ~np.isnan(numbers[:, 1]) & ~np.isnan(numbers[:, 2])
        low, high = (_points(upright, numbers[known, j]) for j in (1, 2))
        tint = colours.first_tint if is_clear else colours.second_tint
        if known.any():
            _bars(sheet, xs[known], low, high, tint, width)
        if at.any():
            across = float(np.clip(pitch * 0.85, plan.style.text * 0.22, plan.style.text * 0.75))
            _dots(sheet, xs[at], _points(upright, numbers[at, 0]), is_clear, across)


def _points(upright: Scale, values: NDArray[np.float64]) -> NDArray[np.float64]:
    kept = np.clip(values, upright.low, upright.high)
    return np.array([upright.points(float(value)) for value in kept])


def _draw_matrix(sheet: Sheet, plan: SpecificationPlan, rows: pd.DataFrame, xs: NDArray[np.float64]) -> None:
    """Draw which value of each choice made each specification: an upright stroke in its line."""
    colours, text = plan.style.colours, plan.style.text
    width = float(np.clip(_pitch(plan, len(rows)) * 0.62, 0.4, text * 0.6))
    clear = rows["verdict"].isin(["first", "second"]).to_numpy()
    for i, line in enumerate(plan.lines.to_dict("records")):
        chosen = rows[line["choice"]].eq(line["value"]).to_numpy()
        y = plan.line(i)
        for is_clear, colour, half in ((False, colours.second, 0.3), (True, colours.first, 0.5)):
            at = xs[chosen & (clear == is_clear)]
            if at.size:
                ends = np.full(at.size, half * text)
                _bars(sheet, at, y - ends, y + ends, colour, width)
