"""Names beside points, as many as stand clear of points and of each other."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from evidence.charts.panel import Panel
from evidence.charts.texts import text_width, wrap

__all__ = ["PointLabel", "label_points", "short_label", "write_labels"]

Align = Literal["left", "center", "right"]
Box = tuple[float, float, float, float]


@dataclass(frozen=True)
class PointLabel:
    """A name that has found its place, in points."""

    text: str
    x: float
    y: float
    align: Align


_LONG = 30
"""Letters of a name above which a title shortens it."""


def short_label(label: str) -> str:
    """Return a name that fits into a title: a long one without its middle, its year behind the ellipsis."""
    if len(label) <= _LONG:
        return label
    head, _, end = label.rpartition(" ")
    return f"{(head or label)[: _LONG - 8].rstrip(' ,&')}\u2026 {end if head else ''}".rstrip()


def _boxes(x: float, y: float, width: float, size: float, gap: float) -> list[tuple[Box, Align]]:
    """Return the places beside a point in the order in which they are tried."""
    half = size * 0.6
    places: list[tuple[Box, Align]] = []
    for down in (0.0, -size * 0.75, size * 0.75):
        places += [
            ((x + gap, y + down - half, x + gap + width, y + down + half), "left"),
            ((x - gap - width, y + down - half, x - gap, y + down + half), "right"),
        ]
    for down in (-gap - half, gap + half):
        places.append(((x - width / 2, y + down - half, x + width / 2, y + down + half), "center"))
    return places


def _meets(one: Box, other: Box) -> bool:
    return one[0] < other[2] and other[0] < one[2] and one[1] < other[3] and other[1] < one[3]


def label_points(
    panel: Panel,
    points: Sequence[tuple[float, float, str]],
    *,
    across: float,
    widest: float,
) -> list[PointLabel]:
    """Find a place for the name of each point; a name without one is left out.

    Parameters
    ----------
    panel : Panel
        The box that no name leaves.
    points : sequence of (x, y, name)
        In points of the sheet, the most important first; points without a name only stand in the way.
    across : float
        Diameter of a point.
    widest : float
        Width to which a name is cut.

    Returns
    -------
    list of PointLabel
    """
    size = panel.style.small
    taken: list[Box] = [
        (x - across / 2, y - across / 2, x + across / 2, y + across / 2) for x, y, _ in points
    ]
    found: list[PointLabel] = []
    for x, y, name in points:
        if not name:
            continue
        text = wrap(name, widest, size, most=1, keep_end=True)  # the year of a study stays
        for box, align in _boxes(x, y, text_width(text, size) + 1.0, size, across / 2 + size * 0.25):
            inside = (
                box[0] >= panel.x.left + 1
                and box[2] <= panel.x.right
                and box[1] >= panel.top
                and box[3] <= panel.bottom - 1
            )
            if inside and not any(_meets(box, other) for other in taken):
                taken.append(box)
                at = {"left": box[0], "right": box[2], "center": (box[0] + box[2]) / 2}[align]
                found.append(PointLabel(text, at, (box[1] + box[3]) / 2, align))
                break
    return found


def write_labels(panel: Panel, labels: Sequence[PointLabel]) -> None:
    """Write names where they found their places."""
    for label in labels:
        panel.sheet.text(label.x, label.y, label.text, size=panel.style.small, align=label.align)
