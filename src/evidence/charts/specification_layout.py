"""Where everything of a specification curve stands: its box, the matrix below, and their labels."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import pandas as pd

from evidence.charts.canvas import Sheet, open_sheet
from evidence.charts.figures import available, enlarged, new_axes
from evidence.charts.specification_rows import choice_rows
from evidence.charts.style import POINTS, Style, style_for
from evidence.charts.table import line_count, sized_title
from evidence.charts.texts import line_height, widest, wrap
from evidence.charts.words import listed

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from evidence.synthesis.multiverse import Multiverse

__all__ = ["LINE", "SpecificationPlan", "place_specifications"]

_BOX = 8.5
"""Least height of the upper box, as a multiple of the text size."""

LINE = 1.3
"""Height of a line of the matrix, likewise."""

_LABELS = 0.42
"""Share of the width that the labels of the choices have at most."""


@dataclass(frozen=True)
class SpecificationPlan:
    """Where everything stands, in points."""

    style: Style
    width: float
    title: str
    foot: str
    lines: pd.DataFrame
    names: float
    left: float
    right: float
    top: float
    bottom: float
    height: float

    @property
    def first(self) -> float:
        """Return the upper edge of the matrix."""
        return self.bottom + self.style.text * 1.2

    def line(self, i: int) -> float:
        """Return the middle of a line of the matrix."""
        return self.first + (i + 0.5) * self.style.text * LINE


def _planned(
    multiverse: Multiverse, style: Style, width: float, title: str, foot: str, room: float = math.inf
) -> SpecificationPlan:
    """Measure everything for one width; the box has its least height."""
    lines, missing = choice_rows(multiverse, room)
    pad, text, small = style.text * 0.9, style.text, style.small
    broken, style = sized_title(title, width - 2 * pad, style)
    if missing:
        foot = f"{foot} No room for: {listed(missing)}.".strip()
    foot = wrap(foot, width - 2 * pad, small) if foot else ""
    names = widest([*lines["name"], ""], text, True)
    labels = widest([*lines["label"], ""], text)
    share = min(1.0, (width * _LABELS) / (names + labels + text)) if len(lines) else 1.0
    names, labels = names * share, labels * share
    left = pad + max(names + labels + text * (1.0 if len(lines) else 0.0), small * 4.5) + text * 0.9
    top = pad + (line_height(style.title, line_count(broken)) + text * 0.4 if broken else 0.0) + small * 1.9
    bottom = top + text * _BOX
    below = text * (1.2 + LINE * len(lines) + 0.5) + small * 1.7
    below += (line_height(small, line_count(foot)) if foot else 0.0) + pad
    return SpecificationPlan(
        style,
        width,
        broken,
        foot,
        lines,
        pad + names + text * 0.6,
        left,
        width - pad,
        top,
        bottom,
        bottom + below,
    )


def _stretched(plan: SpecificationPlan, height: float) -> SpecificationPlan:
    """Return the plan with a box as much higher as a height allows."""
    more = max(height - plan.height, 0.0)
    return replace(plan, bottom=plan.bottom + more, height=plan.height + more)


def place_specifications(
    multiverse: Multiverse, medium: str, ax: Axes | None, title: str, foot: str
) -> tuple[SpecificationPlan, Sheet]:
    """Plan the chart for a new figure or for a given `Axes`, and open its sheet.

    A slide and a page of a journal keep their height: choices that move the estimate least are named instead
    of drawn. A given `Axes` gets smaller letters first, and grows where these could not be read.
    """
    style = style_for(medium)
    if ax is None:
        width, most = style.width * POINTS, style.most_height * POINTS
        plan = _planned(multiverse, style, width, title, foot)
        room = len(plan.lines)
        while plan.height > most and room > 0:
            room -= 1
            plan = _planned(multiverse, style, width, title, foot, room)
        wanted = max(plan.height, style.least_height * POINTS)
        if not style.least_height:
            wanted = max(wanted, min(plan.height + max(width * 0.3 - style.text * _BOX, 0.0), most))
        plan = _stretched(plan, wanted)
        return plan, open_sheet(new_axes(width, plan.height, style), plan.style, width, plan.height)
    width, height = available(ax)
    factor = 1.0
    while True:
        plan = _planned(multiverse, style.scaled(factor), width, title, foot)
        fits = plan.height <= height and plan.right - plan.left >= 12.0 * plan.style.text
        if fits or factor <= style.least_factor:
            break
        factor = max(factor * 0.94, style.least_factor)
    if not fits:
        width, height = enlarged(ax, max(width, plan.left + 12.0 * plan.style.text), plan.height)
        plan = _planned(multiverse, style.scaled(factor), width, title, foot)
    plan = _stretched(plan, height)
    return plan, open_sheet(ax, plan.style, width, plan.height)
