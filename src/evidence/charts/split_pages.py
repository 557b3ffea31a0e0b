"""A chart of few high lines over several pages: about equally many lines on each, all on the same axis."""

from __future__ import annotations

import math
from collections.abc import Callable
from itertools import pairwise
from typing import TYPE_CHECKING

from evidence.charts.frame import roomiest
from evidence.charts.grid_pages import page_note
from evidence.charts.said import said_of, say
from evidence.charts.style import POINTS, style_for
from evidence.charts.table_parts import Content
from evidence.errors import ModelError

if TYPE_CHECKING:
    from matplotlib.axes import Axes

__all__ = ["said_on_page", "split_lines"]


def split_lines(
    lines: int, contents: Callable[[range, str], list[Content]], medium: str, least_picture: float
) -> list[tuple[range, str]]:
    """Return which lines stand on each page, and the note that numbers it.

    Parameters
    ----------
    lines : int
        Of the whole chart.
    contents : callable
        Returns the choices of columns for some lines and a note.
    medium : str
        Name of the style; one whose pages have no height has one page.
    least_picture : float
        Least width of the picture, as a multiple of the text size.

    Returns
    -------
    list of tuple of range and str
        As few pages as hold all lines; the note of a single page is empty.

    Raises
    ------
    ModelError
        Where a page has no room for a single line.
    """
    style = style_for(medium)
    width, most = style.width * POINTS, style.most_height * POINTS
    for pages in range(1, lines + 1):
        ends = [math.ceil(lines * i / pages) for i in range(pages + 1)]
        parts = [range(*pair) for pair in pairwise(ends)]
        numbered = [(part, page_note(i, pages) if pages > 1 else "") for i, part in enumerate(parts)]
        if all(roomiest(contents(*one), style, width, least_picture).height <= most for one in numbered):
            return numbered
    raise ModelError(
        f"a page of {style.most_height:.3g} in has no room for a line of this chart beside its heads, key "
        "and notes; choose another medium"
    )


def said_on_page(ax: Axes, note: str) -> Axes:
    """Put the number of the page before what a chart says, where it has one."""
    words = said_of(ax)
    before = f"{note} " if note else ""
    return say(ax, caption=f"{before}{words.caption}", alt=f"{before}{words.alt}")
