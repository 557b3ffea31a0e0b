"""A forest plot of many rows, split over pages or slides."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import pandas as pd

from evidence._check import as_number
from evidence.charts.canvas import open_sheet
from evidence.charts.figures import new_axes, room_style
from evidence.charts.forest import Forest, forest_of, forest_page_alt
from evidence.charts.forest_draw import draw_forest, scale_of
from evidence.charts.forest_layout import ForestLayout
from evidence.charts.forest_room import choices
from evidence.charts.said import say
from evidence.charts.style import POINTS, Style, medium_for, style_for
from evidence.charts.table_pages import Page, page_breaks, page_plan
from evidence.charts.table_parts import Plan
from evidence.errors import ModelError

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from evidence.fit import MetaFit
    from evidence.synthesis.compare import Comparison

__all__ = ["PAGE_HEIGHTS", "forest_pages"]

PAGE_HEIGHTS = {"notebook": 11.0, "slide": 7.5, "journal": 9.0}
"""Greatest height of a page, inches, by medium; 9 in elsewhere."""

_SMALLEST = 0.6
"""Least scale of the letters on a page that is too low; below, nothing can be read."""


def forest_pages(
    fit: MetaFit | Comparison,
    *,
    medium: str | None = None,
    favours: tuple[str, str] = ("second arm", "first arm"),
    title: str | None = None,
    preset: str = "evidence",
    layout: ForestLayout | None = None,
    height: float | None = None,
) -> list[Axes]:
    """Draw the rows of a result on as many pages as they need.

    Every page is a figure of its own, repeats the heads and the axis, with the same range, and says which
    page it is; the pooled result stands on the last one, under at least two rows. A subgroup that runs over a
    page repeats its heading; no heading stands alone at the foot of a page.

    Parameters
    ----------
    fit : MetaFit or Comparison
        As `forest` takes it.
    medium : str, optional
        ``"slide"`` gives 16:9 slides (13.33 by 7.5 in), ``"journal"`` pages of at most 9 in, ``"notebook"``
        of at most 11 in.
    favours, title, preset, layout
        As in `forest`.
    height : float, optional
        Greatest height of a page in inches; None takes that of the medium.

    Returns
    -------
    list of Axes
        One a page, in their order; a single one, without a page number, where everything fits.

    Raises
    ------
    ModelError
        Where a page of this height has no room for two rows, and for the reasons of `forest`.

    Examples
    --------
    >>> import evidence as ev
    >>> rows = [0.1 * i for i in range(40)]
    >>> effects = ev.effects_from(rows, std_error=0.2, study=[f"s{i}" for i in range(40)])
    >>> pages = ev.forest_pages(ev.random_effects(effects), medium="slide")
    >>> [ax.get_figure().get_figheight() for ax in pages] == [7.5] * len(pages)
    True
    """
    medium = medium_for(medium)
    chart = forest_of(fit, medium, favours, title, preset, layout)
    style, room = room_style(style_for(medium))
    width = style.width * POINTS
    if room is not None:  # the fewest slides whose letters can be read
        style, width, height = style.scaled(style.least_factor), room[0], room[1] / POINTS
    most = PAGE_HEIGHTS.get(style.name, 9.0) if height is None else as_number(height)
    if not 1.0 <= most < math.inf:
        raise ModelError(f"height is the greatest height of a page in inches, from 1; got {height!r}")
    plan, pages = _split(chart, style, width, most * POINTS)
    scale = scale_of(chart.drawn, plan.picture, log=chart.log)
    notes = _page_notes(len(pages), chart)
    made = []
    for number, page in enumerate(pages):
        part = _page(chart, plan, page, number, notes)
        tall = max(part.height, min(style.least_height, most) * POINTS)
        part = part.stretched(tall)
        sheet = open_sheet(new_axes(plan.width, tall, part.style), part.style, plan.width, tall)
        rows = chart.drawn.iloc[list(page.lines)]
        draw_forest(part, sheet, rows, scale, chart.preset, chart.appraised, chart.heaviest)
        made.append(_said(sheet.ax, chart, rows, number, notes))
    return made


def _page_notes(pages: int, chart: Forest) -> list[str]:
    """Return what each page says of itself; nothing where there is only one."""
    if pages == 1:
        return [""]
    overall = chart.sections.overall is not None
    what = "pooled result" if overall else "test between subgroups" if chart.sections.grouped else ""
    rest = f" The {what} stands on page {pages}." if what else ""
    return [f"Page {i + 1} of {pages}.{rest if i + 1 < pages else ''}" for i in range(pages)]


def _page(chart: Forest, plan: Plan, page: Page, number: int, notes: list[str]) -> Plan:
    """Return the plan of one page: what its marks and symbols mean on each, the notes on the last."""
    last = number + 1 == len(notes)
    symbols = any(column.group == "Risk of bias" for column in plan.columns)  # else they had no room
    judged = (chart.appraised.note,) if chart.appraised and symbols else ()
    own = tuple(" ".join(note.split("\n")) for note in plan.content.foot) if last else judged
    early = set(chart.drawn.loc[chart.drawn["role"].isin(["row", "subtotal"]), "mark"]) | {"fitted"}
    key = [mark for mark in plan.content.key if last or not isinstance(mark, str) or mark in early]
    foot = (notes[number], *own) if notes[number] else own
    return page_plan(plan, page, foot=foot, key=key, continued=" (continued)")


def _said(ax: Axes, chart: Forest, rows: pd.DataFrame, page: int, notes: list[str]) -> Axes:
    """Note caption and alternative text of a page."""
    if not notes[page]:
        return say(ax, caption=chart.caption, alt=chart.alt)
    words = notes[page].split(".")[0]
    alt = forest_page_alt(chart, rows, last=page + 1 == len(notes))
    return say(ax, caption=f"{words}. {chart.caption}", alt=f"{words}. {alt}")


def _split(chart: Forest, style: Style, width: float, height: float) -> tuple[Plan, list[Page]]:
    """Return the plan of the whole and its pages: the fewest that some choice of columns gives.

    Without the weights or the numbers of people, or with a narrower picture, names need one line and not
    two. Letters become smaller only where a page is too low for the usual.

    Raises
    ------
    ModelError
        Where there is no room even then.
    """
    factor = 1.0
    while factor > _SMALLEST:
        smaller = style.scaled(factor)
        found = []
        for plan in choices(chart.contents, smaller, width):
            pages = _pages(chart, plan, height)
            found += [(plan, pages)] if pages else []
        if found:
            return min(found, key=lambda choice: len(choice[1]))
        factor *= 0.94
    raise ModelError(
        f"a page of {height / POINTS:.3g} in has no room for rows of this forest plot; give a greater height,"
        " a shorter title or fewer columns"
    )


def _pages(chart: Forest, plan: Plan, height: float) -> list[Page] | None:
    """Return the pages of a plan, with as much kept together as fits; None where a line does not fit."""
    if plan.height <= height:
        return [Page(tuple(range(len(plan.row_heights))))]
    notes = _page_notes(99, chart)
    room, last_room = (height - _page(chart, plan, Page(()), number, notes).height for number in (0, 98))
    for above, with_test in ((2, True), (1, True), (1, False), (0, False)):
        together, headings = _ties(chart.drawn, above, with_test)
        pages = page_breaks(plan.row_heights, room, last_room, together=together, headings=headings)
        if pages is not None:
            return pages
    return None


def _ties(drawn: pd.DataFrame, above: int, with_test: bool) -> tuple[list[bool], list[int | None]]:
    """Return which lines stay with the line above, and the heading that a page repeats.

    A heading keeps its first lines, and a result the rows above it: so many as `above` says; what is said
    below a result stays with it; the test between subgroups too, where `with_test` says so.
    """
    roles, groups = list(drawn["role"]), list(drawn["group"])
    together = [False] * len(roles)
    headings: list[int | None] = [None] * len(roles)
    heading: int | None = None
    for i, role in enumerate(roles):
        if role == "heading":
            heading = i
        elif role == "test":
            together[i] = with_test
        elif role != "row" and i and (above or roles[i - 1] != "row"):
            together[i] = True
            if above > 1 and roles[i - 2 : i] == ["row", "row"]:
                together[i - 1] = True
        if heading is not None and i != heading and groups[i] == groups[heading]:
            headings[i] = heading
            if i - heading <= max(above, 1):
                together[i] = True
    return together, headings
