"""A line of an orchard plot: circles above the mean, bars below it."""

from __future__ import annotations

import math
from collections.abc import Hashable
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from evidence.charts import marks
from evidence.charts.canvas import Sheet
from evidence.charts.orchard_rows import swarm
from evidence.charts.scale import Scale

__all__ = ["BAR", "THIN", "Room", "draw_group"]

BAR = 0.62
"""Height of a bar as a share of the distance of two."""

THIN = 2.6
"""Height below which bounds are drawn as plain strokes, in lines of the style: an edge would fill them."""

_LEAST_CIRCLES = 5
"""Steps, each by an eighth, in which circles that do not fit become smaller; then they overlap."""


@dataclass(frozen=True)
class Room:
    """How the height of a group is shared, in points.

    Attributes
    ----------
    above : float
        For the circles above the mean.
    step : float
        Distance of two bars below it.
    """

    above: float
    step: float

    @staticmethod
    def of(own: pd.DataFrame, height: float, em: float) -> Room:
        """Share the height of a line by the number of rows of each kind."""
        circles = int(own["mark"].eq("circle").sum())
        bars = int(own["mark"].isin(["band", "arrow"]).sum())
        room = height - 1.6 * em
        share = circles / max(circles + bars, 1)
        share = 1.0 if not bars else 0.0 if not circles else min(max(share, 0.3), 0.7)
        return Room(room * share, min(room * (1 - share) / bars, em * 0.6) if bars else em * 0.6)


def draw_group(
    sheet: Sheet,
    scale: Scale,
    head: dict[Hashable, Any],
    own: pd.DataFrame,
    room: Room,
    middle: float,
    *,
    finest: float,
    thin: bool,
) -> None:
    """Draw the values of a group above its mean, and the rows without a value below.

    Parameters
    ----------
    sheet, scale
        Where to draw.
    head : dict
        Line of the group in `orchard_rows`.
    own : DataFrame
        Lines of its rows.
    room : Room
        The height that they have.
    middle : float
        Where the middle of the line is, in points from the top.
    finest : float
        The greatest precision of the chart.
    thin : bool
        Whether bars are plain strokes.
    """
    em = sheet.style.text
    circles = own[own["mark"].eq("circle")]
    others = own[own["mark"].isin(["band", "arrow"])]
    sizes, heights = _placed(circles, scale, em, room.above, finest)
    above = float((heights + sizes / 2).max(initial=0.0))
    trunk = middle + (above - room.step * len(others)) / 2  # what is drawn stands in the middle of the line
    for value, size, up in zip(circles["estimate"].astype(float), sizes, heights, strict=True):
        marks.circle(sheet, scale, trunk - 0.5 * em - float(up), value, float(size))
    _draw_trunk(sheet, scale, head, trunk)
    ordered = others.sort_values(["mark", "low", "high"], ascending=[False, True, True], kind="stable")
    draw = marks.thin_band if thin else marks.band
    for i, row in enumerate(ordered.to_dict("records")):
        at = trunk + 0.5 * em + room.step * (i + 0.5)
        if row["mark"] == "band":
            draw(sheet, scale, at, float(row["low"]), float(row["high"]), room.step * BAR)
        else:
            marks.side_arrow(sheet, scale, at, scale.null, rightwards=float(row["high"]) > scale.null)


def _placed(
    circles: pd.DataFrame, scale: Scale, em: float, room: float, finest: float
) -> tuple[np.ndarray, np.ndarray]:
    """Return diameters, areas by precision, and heights; all smaller where they would not fit."""
    if circles.empty:
        return np.zeros(0), np.zeros(0)
    share = 1.0 / circles["std_error"].to_numpy(dtype=float) / finest
    inside = np.clip(circles["estimate"].to_numpy(dtype=float), scale.low, scale.high)
    places = [scale.points(float(v)) for v in inside]
    sizes = em * (0.28 + 0.62 * np.sqrt(share)) * min(max(room / (5.0 * em), 1.0), 1.6)
    for _ in range(_LEAST_CIRCLES):
        heights = swarm(places, list(sizes), math.inf)
        if float((heights + sizes / 2).max()) <= room:
            return sizes, heights
        sizes = sizes * 0.87
    sizes = sizes * min(1.0, room / float(sizes.max()))
    return sizes, swarm(places, list(sizes), room)


def _draw_trunk(sheet: Sheet, scale: Scale, head: dict[Hashable, Any], y: float) -> None:
    """Draw the pooled result of a group, or its limit on one side."""
    em, low, high = sheet.style.text, float(str(head["low"])), float(str(head["high"]))
    if head["mark"] == "dot":
        pred = float(str(head["pred_low"])), float(str(head["pred_high"]))
        if not any(map(math.isnan, pred)):
            marks.thin_interval(sheet, scale, y, *pred, em * 0.5)
        marks.dot(sheet, scale, y, float(str(head["estimate"])), low, high, sheet.style.colours.pooled)
    elif head["mark"] == "bound":
        marks.limit_bar(sheet, scale, y, low, high, em * 0.7)
