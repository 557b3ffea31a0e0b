"""The key of a chart: what each mark means, and the mark beside its words."""

from __future__ import annotations

import math

from evidence.charts import marks
from evidence.charts.canvas import Sheet
from evidence.charts.scale import Scale

__all__ = ["MARK_WORDS", "key_mark"]

MARK_WORDS = {
    "square": "value with interval",
    "band": "bounds only: the result lies inside",
    "thin_band": "bounds only: the result lies inside",
    "arrow": "direction only",
    "diamond": "pooled effect and interval",
    "bound": "pooled limit on one side, no value",
    "prediction": "prediction interval for a new study",
    "dot": "pooled effect, its interval, prediction interval",
    "open": "value and interval of a single study",
    "dot_only": "pooled effect and its interval",
    "fitted": "mean at the row's moderators",
    "circle": "one effect, larger if more precise",
    "change_first": "first arm: before to after",
    "change_second": "second arm: before to after",
}
"""What each mark means, in the words of the key."""


def key_mark(sheet: Sheet, scale: Scale, mark: str, left: float, right: float, y: float) -> None:
    """Draw a mark of the key between two places of the width, in points."""
    inside = Scale(scale.value(left), scale.value(right), left, right, scale.log)
    low, high, middle = inside.value(left + 1), inside.value(right - 1), inside.value((left + right) / 2)
    size = sheet.style.text * 0.62
    if mark == "square":
        marks.square(sheet, inside, y, middle, low, high, size)
    elif mark == "open":
        marks.square(sheet, inside, y, middle, low, high, size, filled=False)
    elif mark == "band":
        marks.band(sheet, inside, y, low, math.inf, size)
    elif mark == "thin_band":
        marks.thin_band(sheet, inside, y, low, math.inf, size * 0.6)
    elif mark == "arrow":
        marks.side_arrow(sheet, inside, y, low, rightwards=True)
    elif mark == "diamond":
        marks.diamond(sheet, inside, y, middle, low, high, size)
    elif mark == "bound":
        marks.limit_bar(sheet, inside, y, low, math.inf, size)
    elif mark == "dot":
        marks.thin_interval(sheet, inside, y, low, high, size * 0.8)
        marks.dot(
            sheet,
            inside,
            y,
            middle,
            inside.value(left + 7),
            inside.value(right - 7),
            sheet.style.colours.pooled,
        )
    elif mark == "dot_only":
        marks.dot(sheet, inside, y, middle, low, high, sheet.style.colours.pooled)
    elif mark == "prediction":
        marks.thin_interval(sheet, inside, y, low, high, size)
    elif mark == "fitted":
        marks.fitted_value(sheet, inside, y, middle, size)
    elif mark == "circle":
        marks.circle(sheet, inside, y, middle, size)
    elif mark in ("change_first", "change_second"):
        ends = inside.value(left + size * 0.4), inside.value(right - size * 0.4)
        marks.change(sheet, y, *ends, size, first=mark == "change_first")
