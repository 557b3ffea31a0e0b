"""What stands around the box of a picture, measured and written: title, ticks, names, key and notes."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from evidence.charts.canvas import Sheet, open_sheet
from evidence.charts.figures import available, enlarged, new_axes, room_for, room_style
from evidence.charts.panel import Key, Panel, Picture, Span
from evidence.charts.scale import Scale, ticks_for
from evidence.charts.style import POINTS, Style, style_for
from evidence.charts.table import line_count, sized_title
from evidence.charts.texts import elide, line_height, text_width, widest, wrap

if TYPE_CHECKING:
    from matplotlib.axes import Axes

__all__ = ["open_panel"]

_LEAST_BOX = 8.0
"""Least height of the box, as a multiple of the text size."""

_FAR = 1.3
"""Powers of ten from 1 beyond which ratios are ticked at powers of ten."""

_NO_NOTES = 0.85
"""Scale of the letters below which notes are left out."""


def _ticks(scale: Scale, size: float) -> tuple[list[float], list[str]]:
    """Return round ticks: powers of ten where ratios lie beyond those that have names of their own."""
    if not scale.log or max(-math.log10(scale.low), math.log10(scale.high)) <= _FAR:
        return ticks_for(scale, size)
    powers = range(math.ceil(math.log10(scale.low)), math.floor(math.log10(scale.high)) + 1)
    if len(powers) < 2:
        return ticks_for(scale, size)
    values = [10.0**power for power in powers][:: math.ceil(len(powers) / 8)]
    return values, [f"{value:g}" for value in values]


def _upright_ticks(y: Span, size: float, height: float) -> tuple[list[float], list[str]]:
    """Return round ticks of the upright axis whose labels stand clear of each other."""
    values, labels = _ticks(Scale(y.low, y.high, 0.0, 1e5, y.log), size)
    kept = [i for i, value in enumerate(values) if y.low <= value <= y.high]
    step = math.ceil(len(kept) * size * 1.5 / height) if kept else 1
    return [values[i] for i in kept[::step]], [labels[i] for i in kept[::step]]


@dataclass(frozen=True)
class _Plan:
    """What surrounds the box, measured for one style and width."""

    style: Style
    title: str
    foot: str
    sides: tuple[str, str]
    names: tuple[str, str]
    name_apart: bool
    keys: tuple[tuple[Key, ...], ...]
    left: float
    right: float
    above: float
    below: float


def _plan(picture: Picture, style: Style, width: float) -> _Plan:
    pad, small = style.text * 0.9, style.small
    title, style = sized_title(picture.title, width - 2 * pad, style)
    foot = wrap(picture.foot, width - 2 * pad, small) if picture.foot else ""
    _, labels = _upright_ticks(picture.y, small, 1e5)
    left = pad + widest(labels, small) + small * 0.9
    right = width - pad - small * 0.8
    half = (right - left) / 2 - small * 0.5
    sides = wrap(picture.sides[0], half, small), wrap(picture.sides[1], half, small)
    names = elide(picture.x.name, right - left, small), elide(picture.y.name, width - 2 * pad, small)
    name = text_width(names[0], small) / 2
    apart = any(sides) and max(widest([side], small) for side in sides) + name + small > (right - left) / 2
    keys = _key_lines(picture.key, style, width - 2 * pad)
    above = pad + (line_height(style.title, line_count(title)) + style.text * 0.5 if title else 0.0)
    above += small * 1.7 if picture.y.name else small * 0.5
    below = small * 2.05 + line_height(small, max(1, *map(line_count, sides)) if any(sides) else 1)
    below += line_height(small) if apart else 0.0
    below += small * 0.5 + len(keys) * small * 1.7
    below += (line_height(small, line_count(foot)) + small * 0.5 if foot else 0.0) + pad
    return _Plan(style, title, foot, sides, names, apart, keys, left, right, above, below)


def _key_lines(key: Sequence[Key], style: Style, width: float) -> tuple[tuple[Key, ...], ...]:
    lines: list[list[Key]] = []
    used = width + 1.0
    for item in key:
        need = _key_width(item, style)
        if used + need - style.small * 1.6 > width:
            lines.append([])
            used = 0.0
        lines[-1].append(item)
        used += need
    return tuple(tuple(line) for line in lines)


def _key_width(item: Key, style: Style) -> float:
    return style.small * 4.2 + text_width(item.words, style.small)


def _shrunk(picture: Picture, style: Style, width: float, height: float) -> _Plan:
    """Return the plan at the largest letters with which it fits a given `Axes`, at least the smallest ones.

    Where letters become small the notes go first: `evidence.caption` has them.
    """
    factor = 1.0
    while True:
        plan = _plan(picture, style.scaled(factor), width)
        if factor <= style.least_factor and picture.foot and not _fits(plan, width, height):
            plan = _plan(replace(picture, foot=""), style.scaled(factor), width)
        if _fits(plan, width, height) or factor <= style.least_factor:
            return plan
        factor = max(factor * 0.94, style.least_factor)
        if factor < _NO_NOTES:
            picture = replace(picture, foot="")


def _fits(plan: _Plan, width: float, height: float) -> bool:
    """Tell whether the box has its least size, and a sheet the width of its title, key and names."""
    least_width, least_height = _need(plan)
    return width >= least_width * 0.999 and height >= least_height * 0.999


def _need(plan: _Plan) -> tuple[float, float]:
    """Return the least width and height of a sheet for a plan."""
    style, box = plan.style, plan.style.text * _LEAST_BOX
    pad = style.text * 0.9
    keys = max((_key_width(item, style) for line in plan.keys for item in line), default=0.0)
    names = text_width(plan.names[0], style.small) + pad + style.small
    width = max(plan.left + box + pad + style.small * 0.8, keys + 2 * pad, names)
    return width, plan.above + plan.below + box


def open_panel(picture: Picture, medium: str, ax: Axes | None) -> Panel:
    """Make the sheet, write everything around the box, and return the box.

    Parameters
    ----------
    picture : Picture
        What is said.
    medium : str
        Name of the style.
    ax : Axes or None
        Where to draw; None makes a figure as high as its texts need (a slide is 16:9).

    Returns
    -------
    Panel
        Ready for the marks.
    """
    style, room = room_style(style_for(medium))
    if ax is None and room is not None:
        picture = replace(picture, title="")
        width, height = room
        plan = _shrunk(picture, style, width, height)
        if not _fits(plan, width, height):
            width, height = room_for(room, *_need(plan))
            plan = _shrunk(picture, style, width, height)
        ax = new_axes(width, height, style)
    elif ax is None:
        width = style.width * POINTS
        plan = _plan(picture, style, width)
        box = max(width * picture.share, style.text * _LEAST_BOX)
        height = max(plan.above + plan.below + box, style.least_height * POINTS)
        if style.least_height:  # a slide keeps its shape while the box has its least height
            height = max(style.least_height * POINTS, plan.above + plan.below + style.text * _LEAST_BOX)
        ax = new_axes(width, height, style)
    else:
        width, height = available(ax)
        plan = _shrunk(picture, style, width, height)
        while not _fits(plan, width, height):
            width, height = enlarged(ax, *_need(plan))
            plan = _shrunk(picture, style, width, height)
    sheet = open_sheet(ax, plan.style, width, height)
    top, bottom = plan.above, max(height - plan.below, plan.above + 1.0)
    scale = Scale(picture.x.low, picture.x.high, plan.left, plan.right, picture.x.log)
    return _drawn(picture, plan, sheet, scale, top, bottom)


def _drawn(picture: Picture, plan: _Plan, sheet: Sheet, scale: Scale, top: float, bottom: float) -> Panel:
    """Set the scales, and draw the box and what is written around it."""
    from matplotlib.patches import Polygon

    ax = sheet.ax
    if scale.log:
        ax.set_xscale("log")
    ax.set_xlim(*scale.limits(sheet.width))
    corners = [(scale.low, top), (scale.high, top), (scale.high, bottom), (scale.low, bottom)]
    clip = Polygon(corners, closed=True, visible=False)
    ax.add_patch(clip)
    panel = Panel(sheet, scale, picture.y, top, bottom, clip)
    _write_above(plan, panel)
    _draw_ticks(panel)
    _write_below(picture, plan, panel)
    return panel


def _write_above(plan: _Plan, panel: Panel) -> None:
    sheet, style = panel.sheet, panel.style
    pad = style.text * 0.9
    if plan.title:
        sheet.text(pad, pad, plan.title, size=style.title, bold=True, valign="top")
    if panel.y.name:
        y = panel.top - style.small * 0.75
        sheet.text(pad, y, plan.names[1], size=style.small, colour=style.colours.quiet, valign="bottom")


def _draw_ticks(panel: Panel) -> None:
    """Draw both axes with their ticks and numbers."""
    from matplotlib.ticker import NullFormatter, NullLocator

    sheet, style, scale = panel.sheet, panel.style, panel.x
    small, colours = style.small, style.colours
    for axis in (sheet.ax.xaxis, sheet.ax.yaxis):
        axis.set_major_locator(NullLocator())
        axis.set_minor_locator(NullLocator())
        axis.set_minor_formatter(NullFormatter())
    left, right, bottom = scale.left, scale.right, panel.bottom
    panel.stroke([left, right], [bottom] * 2, colours.quiet, width=0.7)
    panel.stroke([left, left], [panel.top, bottom], colours.quiet, width=0.7)
    for value, label in zip(*_ticks(scale, small), strict=True):
        if scale.low <= value <= scale.high:
            x = scale.points(value)
            panel.stroke([x, x], [bottom, bottom + small * 0.35], colours.quiet, width=0.7)
            half = text_width(label, small) / 2
            if half <= x <= sheet.width - half:
                sheet.text(x, bottom + small * 0.55, label, size=small, align="center", valign="top")
    for value, label in zip(*_upright_ticks(panel.y, small, bottom - panel.top), strict=True):
        y = float(panel.height(value))
        panel.stroke([left - small * 0.35, left], [y, y], colours.quiet, width=0.7)
        sheet.text(left - small * 0.6, y, label, size=small, align="right")


def _write_below(picture: Picture, plan: _Plan, panel: Panel) -> None:
    """Write the name of the x axis, what its sides favour, the key and the notes."""
    sheet, style, scale = panel.sheet, panel.style, panel.x
    small, quiet, pad = style.small, style.colours.quiet, style.text * 0.9
    y = panel.bottom + small * 2.05
    sheet.text(scale.left, y, plan.sides[0], size=small, valign="top")
    sheet.text(scale.right, y, plan.sides[1], size=small, valign="top", align="right")
    if plan.name_apart:
        y += line_height(small, max(map(line_count, plan.sides)))
    middle = (scale.left + scale.right) / 2
    sheet.text(middle, y, plan.names[0], size=small, valign="top", align="center", colour=quiet)
    lines = 1 if plan.name_apart or not any(plan.sides) else max(map(line_count, plan.sides))
    y += line_height(small, lines) + small * 0.5
    for items in plan.keys:
        x = pad
        for item in items:
            item.draw(panel, x, x + small * 2.0, y + small * 0.8)
            sheet.text(x + small * 2.6, y + small * 0.8, item.words, size=small, colour=quiet)
            x += _key_width(item, style)
        y += small * 1.7
    if plan.foot:
        sheet.text(pad, y + small * 0.3, plan.foot, size=small, valign="top", colour=quiet)
