"""Which rows of a long grid stand on which page or slide."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from evidence.charts.figures import room_style
from evidence.charts.grid_parts import Grid
from evidence.charts.grid_plan import plan_grid
from evidence.charts.style import POINTS, style_for
from evidence.errors import ModelError

__all__ = ["page_note", "page_rows"]


def page_note(page: int, pages: int, rest: str = "") -> str:
    """Return what a page says of itself, counted from 0; `rest` follows on every page but the last.

    Examples
    --------
    >>> page_note(0, 3, "Totals stand on the last.")
    'Page 1 of 3. Totals stand on the last.'
    """
    return f"Page {page + 1} of {pages}.{' ' + rest if rest and page + 1 < pages else ''}"


def page_rows(grid: Grid, medium: str, *, tail: int = 0) -> list[range]:
    """Return which rows stand on each page: as few pages as can be, about equally full.

    Parameters
    ----------
    grid : Grid
        The whole; its notes are counted on every page.
    medium : str
        Name of the style; one whose pages have no height has one page.
    tail : int
        Rows at the end that stay together, and with one row above them, such as totals.

    Returns
    -------
    list of range
        Positions in ``grid.rows``.

    Raises
    ------
    ModelError
        Where a page has no room for a row.
    """
    style, space = room_style(style_for(medium))
    n, width, most = len(grid.rows), style.width * POINTS, style.most_height * POINTS
    if space is not None:  # the fewest slides whose letters can be read
        grid, style, (width, most) = replace(grid, title=""), style.scaled(style.least_factor), space
    whole = plan_grid(grid, style, width)
    if whole.height <= most:
        return [range(n)]
    paged = plan_grid(replace(grid, foot=(page_note(98, 99), *grid.foot)), style, width)
    room = most - (paged.height - sum(paged.row_heights))
    heights = list(paged.row_heights[: n - tail])
    heights[-1] += sum(paged.row_heights[n - tail :]) if tail else 0.0
    if room < max(heights):
        raise ModelError(
            f"a page of {most / POINTS:.3g} in has no room for a row of this chart beside its heads, key "
            "and notes; choose fewer columns or another medium"
        )
    fewest = len(_filled(heights, room))
    low, high = max(heights), room
    for _ in range(20):  # the lowest pages of which no more are needed
        middle = (low + high) / 2
        low, high = (low, middle) if len(_filled(heights, middle)) == fewest else (middle, high)
    starts = _filled(heights, high)
    return [range(start, end) for start, end in zip(starts, [*starts[1:], n], strict=True)]


def _filled(heights: Sequence[float], room: float) -> list[int]:
    """Return the first row of each page, where each is filled before the next begins."""
    starts, used = [0], 0.0
    for i, height in enumerate(heights):
        if used + height > room * (1 + 1e-9) and i > starts[-1]:
            starts.append(i)
            used = 0.0
        used += height
    return starts
