"""A planned table split over pages: where to break, so that few pages are evenly filled."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

from evidence.charts.symbols import Symbol
from evidence.charts.table import key_lines, plan_height
from evidence.charts.table_parts import Column, Plan, pad_of
from evidence.charts.texts import wrap

__all__ = ["Page", "page_breaks", "page_plan"]


@dataclass(frozen=True)
class Page:
    """Some lines of a table.

    Attributes
    ----------
    lines : tuple of int
        In their order.
    repeated : bool
        Whether the first is a heading that stands on an earlier page already.
    """

    lines: tuple[int, ...]
    repeated: bool = False


def page_plan(
    plan: Plan, page: Page, *, foot: Sequence[str], key: Sequence[str | Symbol], continued: str = ""
) -> Plan:
    """Return the plan of one page: its lines, in the widths of the whole table.

    Parameters
    ----------
    plan : Plan
        Of the whole table.
    page : Page
        The lines.
    foot : sequence of str
        Its notes, not broken yet.
    key : sequence of str or Symbol
        The marks that it explains.
    continued : str
        What is put behind a repeated heading.

    Returns
    -------
    Plan
        As high as the lines need.
    """
    content, lines = plan.content, page.lines
    spans = [content.span(i) for i in lines]
    if page.repeated:
        spans[0] = f"{spans[0]}{continued}"
    places = {line: at for at, line in enumerate(lines)}

    def part(columns: Sequence[Column]) -> tuple[Column, ...]:
        return tuple(replace(column, cells=tuple(column.cells[i] for i in lines)) for column in columns)

    width = plan.width - 2 * pad_of(plan.style)
    cut = replace(
        content,
        left=part(content.left),
        right=part(content.right),
        bold=frozenset(places[i] for i in content.bold if i in places),
        rules=frozenset(places[i] for i in content.rules if places.get(i)),  # the head has its own rule
        lanes=tuple(content.lanes[i] for i in lines),
        spans=tuple(spans),
        foot=tuple(wrap(note, width, plan.style.small) for note in foot),
    )
    short = replace(
        plan,
        content=cut,
        row_heights=tuple(plan.row_heights[i] for i in lines),
        key_lines=key_lines(key, plan.style, width),
    )
    return replace(short, height=plan_height(short))


def page_breaks(
    heights: Sequence[float],
    room: float,
    last_room: float,
    *,
    together: Sequence[bool],
    headings: Sequence[int | None],
) -> list[Page] | None:
    """Return the lines of each page: as few pages as possible, and these evenly filled.

    Parameters
    ----------
    heights : sequence of float
        Heights of the lines.
    room, last_room : float
        Height that a page, and the last page, has for lines.
    together : sequence of bool
        For each line, whether it has to stand on the page of the line above.
    headings : sequence of int or None
        For each line, the heading that is repeated where a page begins with it.

    Returns
    -------
    list of Page or None
        None where the lines that belong together are higher than a page.

    Notes
    -----
    Dynamic programming over the place of the next break; the cost is the number of pages, then the sum of
    squares of what is left empty, so that no page holds a lonely line where two half pages would do.

    Examples
    --------
    >>> pages = page_breaks([1.0] * 6, 5.0, 5.0, together=[False] * 6, headings=[None] * 6)
    >>> [page.lines for page in pages]
    [(0, 1, 2), (3, 4, 5)]
    """
    n = len(heights)
    best: list[tuple[float, float, int]] = [(math.inf, math.inf, n)] * n + [(0.0, 0.0, n)]
    for start in range(n - 1, -1, -1):
        if start and together[start]:
            continue
        heading = headings[start]
        used = heights[heading] if heading is not None else 0.0
        for end in range(start + 1, n + 1):
            used += heights[end - 1]
            if used > room + 1e-9:
                break
            limit = last_room if end == n else room
            if used > limit + 1e-9 or (end < n and together[end]):
                continue
            pages, cost, _ = best[end]
            candidate = (pages + 1, cost + (limit - used) ** 2, end)
            best[start] = min(best[start], candidate)
    if not math.isfinite(best[0][0]):
        return None
    found, start = [], 0
    while start < n:
        end = best[start][2]
        heading = headings[start]
        lines = tuple(range(start, end))
        found.append(Page(lines if heading is None else (heading, *lines), heading is not None))
        start = end
    return found
