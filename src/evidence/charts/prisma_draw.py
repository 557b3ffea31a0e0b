"""Boxes and arrows of a flow diagram: measured, placed in a grid, drawn in points of the sheet."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import pandas as pd

from evidence.charts.canvas import (
    Sheet,
    available,
    balanced,
    line_height,
    new_axes,
    open_sheet,
    text_width,
    wrap,
)
from evidence.charts.style import POINTS, Style, style_for
from evidence.charts.table import line_count, sized_title
from evidence.charts.words import count

if TYPE_CHECKING:
    from matplotlib.axes import Axes

__all__ = ["draw_flow"]

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

_SIDEWAYS = (
    ("identified", "removed"),
    ("screened", "excluded"),
    ("sought", "not_retrieved"),
    ("assessed", "reports_excluded"),
    ("other_sought", "other_not_retrieved"),
    ("other_assessed", "other_reports_excluded"),
)
_DOWN = (
    ("identified", "screened"),
    ("screened", "sought"),
    ("sought", "assessed"),
    ("assessed", "included"),
    ("included", "total"),
    ("other_identified", "other_sought"),
    ("other_sought", "other_assessed"),
)
_STAGES = {"Identification": (1, 1), "Screening": (2, 4), "Included": (5, 6)}
"""Rows of each stage."""

_BROAD = ("included", "total")
"""Boxes that reach over two columns on a slide."""

_SMALLEST = 0.35


@dataclass(frozen=True)
class _Box:
    """A box in points: left, top, right, bottom, and its text."""

    left: float
    top: float
    right: float
    bottom: float
    text: str

    @property
    def middle(self) -> tuple[float, float]:
        return (self.left + self.right) / 2, (self.top + self.bottom) / 2


@dataclass(frozen=True)
class _Flow:
    """The diagram with all places, for one style and width."""

    style: Style
    title: str
    boxes: dict[str, _Box]
    heads: tuple[_Box, ...]
    stages: tuple[tuple[str, _Box], ...]
    height: float


_REASONS = 4
"""Reasons of a box on a slide; of more the largest stay, the rest is summed."""


def _for_a_slide(rows: pd.DataFrame) -> pd.DataFrame:
    """Return the boxes in fewer lines: without counts of 0 and single sources; with more columns, sums."""
    wide = len(set(rows["column"])) > 1
    parts = []
    for box, part in rows.groupby("box", sort=False):
        single = part["line"].str.startswith("\u2013 ")
        kept = part[~single & (part["n"].isna() | part["n"].gt(0))] if len(part) > 1 else part
        head, lines = kept[kept["n"].isna()], kept[kept["n"].notna()]
        if len(head) and (wide or lines.empty):
            words = str(head["line"].iloc[0]).rstrip(":").removesuffix(" from")
            kept = head.assign(text=f"{words} (n\u00a0=\u00a0{count(float(lines['n'].sum()))})")
        elif len(head) and len(lines) > _REASONS:
            ordered = lines.sort_values("n", ascending=False, kind="stable")
            rest = float(ordered["n"].iloc[_REASONS - 1 :].sum())
            other = ordered.iloc[[-1]].assign(text=f"Other reasons (n\u00a0=\u00a0{count(rest)})")
            kept = pd.concat([head, ordered.iloc[: _REASONS - 1], other])
        elif wide and box in ("previous", "total"):
            kept = kept.head(1)
        parts.append(kept)
    return pd.concat(parts, ignore_index=True)


def _texts(rows: pd.DataFrame, width: float, broad: float, size: float) -> dict[str, str]:
    """Return the text of each box, broken to its width."""
    return {
        str(box): "\n".join(wrap(text, broad if box in _BROAD else width, size) for text in part["text"])
        for box, part in rows.groupby("box", sort=False)
    }


def _flow(rows: pd.DataFrame, message: str, style: Style, width: float) -> _Flow:
    """Measure the boxes and give each its place."""
    pad, small = style.text * 0.9, style.small
    title, style = sized_title(message, width - 2 * pad, style)
    columns = sorted({_PLACES[box][1] for box in rows["box"]})
    slide = style.name == "slide"  # no room for the names of the stages there: the heads tell the first
    strip, gap = (0.0, small * 1.2) if slide else (small * 2.0, small * 1.6)
    start = pad if slide else pad + strip + gap
    each = (width - pad - start - gap * (len(columns) - 1)) / len(columns)
    lefts = {c: start + i * (each + gap) for i, c in enumerate(columns)}
    broad = 2 * each + gap if slide else each  # beside the studies included nothing stands
    texts = _texts(_for_a_slide(rows) if slide else rows, each - small, broad - small, small)
    between = small * (0.95 if slide else 1.5)
    top = pad + (line_height(style.title, line_count(title)) + style.text * 0.5 if title else 0.0)
    spans = _spans(rows, columns)
    heads, head_height = _heads(spans, lefts, each, style, top)
    heights = _row_heights(texts, style, {} if slide else _STAGES, between)
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
        boxes[box] = _Box(lefts[column], upper, right, upper + need, text)
    stages = (
        ()
        if slide
        else tuple(
            (name, _Box(pad, tops[first], pad + strip, tops[at] + heights[at], name))
            for name, (first, last) in _STAGES.items()
            for at in [max(row for row in heights if row <= last)]
        )
    )
    return _Flow(style, title, boxes, heads, stages, y - between + pad)


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
) -> tuple[tuple[_Box, ...], float]:
    """Return the heads over the columns, all as high as the highest."""
    texts = [
        balanced(text, lefts[last] + each - lefts[first] - style.small, style.small, bold=True)
        for text, first, last in spans
    ]
    height = line_height(style.small, max(map(line_count, texts))) + style.small * 0.8
    return tuple(
        _Box(lefts[first], top, lefts[last] + each, top + height, text)
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


def draw_flow(rows: pd.DataFrame, message: str, medium: str, ax: Axes | None) -> Axes:
    """Draw the flow diagram of decided rows.

    Parameters
    ----------
    rows : DataFrame
        As from `prisma_rows`.
    message : str
        The title.
    medium : str
        Name of the style.
    ax : Axes or None
        Where to draw; None makes a figure as high as the boxes need (a slide is at least 16:9).

    Returns
    -------
    Axes
    """
    style = style_for(medium)
    if ax is None:
        width = style.width * POINTS
        flow = _flow(rows, message, style, width)
        height = max(flow.height, style.least_height * POINTS)
        ax = new_axes(width, height, style)
    else:
        width, height = available(ax)
        factor = 1.0
        flow = _flow(rows, message, style, width)
        while flow.height > height and factor > _SMALLEST:
            factor *= 0.94
            flow = _flow(rows, message, style.scaled(factor), width)
    sheet = open_sheet(ax, flow.style, width, max(height, flow.height))
    ax.set_xlim(0.0, width)
    _draw(sheet, flow)
    return ax


def _draw(sheet: Sheet, flow: _Flow) -> None:
    style, colours = sheet.style, sheet.style.colours
    pad = style.text * 0.9
    if flow.title:
        sheet.text(pad, pad, flow.title, size=style.title, bold=True, valign="top")
    for head in flow.heads:
        _rectangle(sheet, head, colours.faint, colours.rule)
        sheet.text(*head.middle, head.text, size=style.small, align="center", bold=True)
    for name, box in flow.stages:
        _rectangle(sheet, box, colours.faint, colours.rule)
        x, y = box.middle
        low = y + text_width(name, style.small, True) / 2
        sheet.text(x, low, name, size=style.small, bold=True, rotation=90.0)
    for key, box in flow.boxes.items():
        grey = key in ("previous", "total")
        _rectangle(sheet, box, colours.paper, colours.quiet if not grey else colours.rule)
        sheet.text(box.left + style.small * 0.5, box.middle[1], box.text, size=style.small)
    _draw_arrows(sheet, flow.boxes)


def _draw_arrows(sheet: Sheet, boxes: dict[str, _Box]) -> None:
    for start, end in _SIDEWAYS:
        if start in boxes and end in boxes:
            y = boxes[start].middle[1]
            _arrow(sheet, [(boxes[start].right, y), (boxes[end].left, y)])
    for start, end in _DOWN:
        if start in boxes and end in boxes:
            x = boxes[start].middle[0]
            _arrow(sheet, [(x, boxes[start].bottom), (x, boxes[end].top)])
    included = boxes["included"]
    if "other_assessed" in boxes:  # down, and to the left into the included studies
        x, y = boxes["other_assessed"].middle[0], included.middle[1]
        _arrow(sheet, [(x, boxes["other_assessed"].bottom), (x, y), (included.right, y)])
    if "previous" in boxes:  # down, and to the right into the total
        x, y = boxes["previous"].middle[0], boxes["total"].middle[1]
        _arrow(sheet, [(x, boxes["previous"].bottom), (x, y), (boxes["total"].left, y)])


def _rectangle(sheet: Sheet, box: _Box, face: str, edge: str) -> None:
    from matplotlib.patches import Rectangle

    sheet.ax.add_patch(
        Rectangle(
            (box.left, box.top),
            box.right - box.left,
            box.bottom - box.top,
            facecolor=face,
            edgecolor=edge,
            linewidth=sheet.style.line * 0.7,
            zorder=1.6,
        )
    )


def _arrow(sheet: Sheet, corners: list[tuple[float, float]]) -> None:
    """Draw a line through corners that ends in a head."""
    style = sheet.style
    size = style.small * 0.55
    (x0, y0), (x1, y1) = corners[-2:]
    marker = ("v" if y1 > y0 else "^") if abs(y1 - y0) > abs(x1 - x0) else (">" if x1 > x0 else "<")
    back = {"v": (0.0, -size / 2), "^": (0.0, size / 2), ">": (-size / 2, 0.0), "<": (size / 2, 0.0)}[marker]
    tip = (x1 + back[0], y1 + back[1])
    points = [*corners[:-1], tip]
    sheet.ax.plot(
        [x for x, _ in points],
        [y for _, y in points],
        color=style.colours.quiet,
        linewidth=style.line * 0.8,
        linestyle="-",
        marker="",
        solid_capstyle="butt",
        zorder=1.5,
    )
    sheet.ax.plot(
        [tip[0]],
        [tip[1]],
        marker=marker,
        markersize=size,
        color=style.colours.quiet,
        markeredgewidth=0.0,
        linestyle="",
        zorder=1.7,
    )
