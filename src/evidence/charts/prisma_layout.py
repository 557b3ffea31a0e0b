"""Where the boxes of a flow diagram stand: measured, and placed in a grid, in points."""

from __future__ import annotations

from dataclasses import dataclass

import pandas as pd

from evidence.charts.prisma_words import for_a_slide
from evidence.charts.style import POINTS, Style
from evidence.charts.table import line_count, sized_title
from evidence.charts.texts import balanced, line_height, text_width, wrap

__all__ = ["Box", "Flow", "plan_flow"]

_PLACES = {
    "previous": (1, 0),
    "identified": (1, 1),
    "removed": (1, 2),
    "screened": (2, 1),
    "excluded": (2, 2),
    "sought": (3, 1),
    "not_retrieved": (3, 2),
    "assessed": (4, 1),
    "reports_excluded": (4, 2),
    "included": (5, 1),
    "total": (6, 1),
    "other_identified": (1, 3),
    "other_sought": (3, 3),
    "other_not_retrieved": (3, 4),
    "other_assessed": (4, 3),
    "other_reports_excluded": (4, 4),
}
"""Row and column of each box; row 0 holds the heads of the columns."""

_NARROW = 5.0
"""Width of a medium in inches below which not all columns have room: a journal's single column."""

_STAGES = {"Identification": (1, 1), "Screening": (2, 4), "Included": (5, 6)}
"""Rows of each stage."""

_BROAD = ("included", "total")
"""Boxes that reach over two columns on a slide."""


@dataclass(frozen=True)
class Box:
    """A box in points: left, top, right, bottom, and its text."""

    left: float
    top: float
    right: float
    bottom: float
    text: str

    @property
    def middle(self) -> tuple[float, float]:
        """Return its centre."""
        return (self.left + self.right) / 2, (self.top + self.bottom) / 2


@dataclass(frozen=True)
class Flow:
    """The diagram with all places, for one style and width."""

    style: Style
    title: str
    boxes: dict[str, Box]
    heads: tuple[Box, ...]
    stages: tuple[tuple[str, Box], ...]
    height: float


def _texts(rows: pd.DataFrame, width: float, broad: float, size: float) -> dict[str, str]:
    """Return the text of each box, broken to its width."""
    return {
        str(box): "\n".join(wrap(text, broad if box in _BROAD else width, size) for text in part["text"])
        for box, part in rows.groupby("box", sort=False)
    }


def plan_flow(rows: pd.DataFrame, message: str, style: Style, width: float) -> Flow:
    """Measure the boxes and give each its place; on a slide in as few words as its height asks for.

    Parameters
    ----------
    rows : DataFrame
        As from `prisma_rows`.
    message : str
        The title.
    style : Style
        Sizes and colours.
    width : float
        Of the sheet, points.

    Returns
    -------
    Flow
        With the height that it needs.
    """
    if style.width < _NARROW and {"previous", "other"} <= set(rows["column"]):
        # five columns of boxes have no room there: what was known before is told by title and caption
        rows = rows[~rows["box"].isin(["previous", "total"])]
    if style.name != "slide":
        return _placed(rows, message, style, width)
    for fewer in for_a_slide(rows):
        flow = _placed(fewer, message, style, width)
        if flow.height <= style.most_height * POINTS:
            break
    return flow


def _placed(rows: pd.DataFrame, message: str, style: Style, width: float) -> Flow:
    """Measure the boxes of the rows as they are."""
    pad, small = style.text * 0.9, style.small
    title, style = sized_title(message, width - 2 * pad, style)
    columns = sorted({_PLACES[box][1] for box in rows["box"]})
    slide = style.name == "slide"
    tight = slide or (style.width < _NARROW and len(columns) > 2)  # no room for the names of the stages
    strip, gap = (0.0, small * 1.2) if tight else (small * 2.0, small * 1.6)
    start = pad if tight else pad + strip + gap
    each = (width - pad - start - gap * (len(columns) - 1)) / len(columns)
    lefts = {c: start + i * (each + gap) for i, c in enumerate(columns)}
    broad = 2 * each + gap if slide else each  # beside the studies included nothing stands
    texts = _texts(rows, each - small, broad - small, small)
    between = small * (0.85 if slide else 1.5)
    top = pad + (line_height(style.title, line_count(title)) + style.text * 0.5 if title else 0.0)
    spans = _spans(rows, columns)
    heads, head_height = _heads(spans, lefts, each, style, top)
    heights = _row_heights(texts, style, {} if tight else _STAGES, between)
    tops, y = {}, top + head_height + small * 0.9
    for row in sorted(heights):
        tops[row] = y
        y += heights[row] + between
    boxes = {}
    for box, text in texts.items():
        row, column = _PLACES[box]
        need = line_height(small, line_count(text)) + small * 0.8
        upper = tops[row] + (heights[row] - need) / 2
        right = lefts[column] + (broad if box in _BROAD else each)
        boxes[box] = Box(lefts[column], upper, right, upper + need, text)
    stages = (
        ()
        if tight
        else tuple(
            (name, Box(pad, tops[first], pad + strip, tops[at] + heights[at], name))
            for name, (first, last) in _STAGES.items()
            for at in [max(row for row in heights if row <= last)]
        )
    )
    return Flow(style, title, boxes, heads, stages, y - between + pad)


def _spans(rows: pd.DataFrame, columns: list[int]) -> list[tuple[str, int, int]]:
    """Return the heads of the columns with the first and the last column of each."""
    update = 0 in columns
    what = "new studies" if update else "studies"
    spans = [("Previous studies", 0, 0)] if update else []
    spans.append((f"Identification of {what} via databases and registers", 1, 2))
    if 3 in columns:
        spans.append((f"Identification of {what} via other methods", 3, 4))
    return spans


def _heads(
    spans: list[tuple[str, int, int]], lefts: dict[int, float], each: float, style: Style, top: float
) -> tuple[tuple[Box, ...], float]:
    """Return the heads over the columns, all as high as the highest."""
    texts = [
        balanced(text, lefts[last] + each - lefts[first] - style.small, style.small, bold=True)
        for text, first, last in spans
    ]
    height = line_height(style.small, max(map(line_count, texts))) + style.small * 0.8
    return tuple(
        Box(lefts[first], top, lefts[last] + each, top + height, text)
        for text, (_, first, last) in zip(texts, spans, strict=True)
    ), height


def _row_heights(
    texts: dict[str, str], style: Style, stages: dict[str, tuple[int, int]], between: float
) -> dict[int, float]:
    """Return the height of each row: its highest box, and enough for the name of its stage."""
    small = style.small
    heights: dict[int, float] = {}
    for box, text in texts.items():
        row = _PLACES[box][0]
        heights[row] = max(heights.get(row, 0.0), line_height(small, line_count(text)) + small * 0.8)
    for name, (first, last) in stages.items():
        rows = [row for row in heights if first <= row <= last]
        have = sum(heights[row] for row in rows) + between * (len(rows) - 1)
        lack = text_width(name, small, True) + small * 1.4 - have
        if lack > 0:
            heights[rows[0]] += lack
    return heights
