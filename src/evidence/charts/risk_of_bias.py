"""The risk of bias: a table of symbols by study and domain, and how many studies have each judgement."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import TYPE_CHECKING

import pandas as pd

from evidence._check import one_of
from evidence.charts.frame import as_text
from evidence.charts.grid import key_places, open_grid
from evidence.charts.grid_pages import page_note, page_rows
from evidence.charts.grid_parts import Grid
from evidence.charts.risk_of_bias_rows import (
    Appraised,
    appraised_from,
    risk_of_bias_table_rows,
)
from evidence.charts.risk_of_bias_words import (
    risk_of_bias_table_alt,
    risk_of_bias_table_caption,
    risk_of_bias_table_title,
)
from evidence.charts.said import say
from evidence.charts.split_pages import said_on_page
from evidence.charts.style import medium_for, style_for
from evidence.charts.symbols import Symbol, draw_symbol
from evidence.charts.words import plural

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from evidence.charts.canvas import Sheet
    from evidence.charts.grid_parts import GridPlan

__all__ = [
    "SHOWN",
    "risk_of_bias_pages",
    "risk_of_bias_table",
    "risk_of_bias_table_alt",
    "risk_of_bias_table_caption",
    "risk_of_bias_table_rows",
    "risk_of_bias_table_title",
]

SHOWN = ("studies", "summary", "both")
"""What `risk_of_bias_table` can show."""


def risk_of_bias_table(
    appraisal: pd.DataFrame,
    *,
    ax: Axes | None = None,
    medium: str | None = None,
    title: str | None = None,
    show: str = "studies",
    labels: Mapping[str, str] | None = None,
) -> Axes:
    """Draw an appraisal as symbols by study and domain, as bars by domain, or both.

    A sign in a coloured disc is a judgement: plus, question mark or minus. An open disc was suggested from
    the rows and confirmed by nobody; a small ring is not judged. Bars count confirmed judgements only.

    Parameters
    ----------
    appraisal : DataFrame
        ``study, item`` and ``confirmed``, as `appraisal` lays out and a human fills in.
    ax : Axes, optional
        Where to draw. Without it a figure is made, as high as its rows need.
    medium : str, optional
        ``"notebook"``, ``"slide"`` or ``"journal"``. Many studies are more than a slide holds:
        ``show="summary"`` counts them, `risk_of_bias_pages` draws them on several.
    title : str, optional
        One message. None makes it from the judgements (`risk_of_bias_table_title`); ``""`` sets none.
    show : {"studies", "summary", "both"}, default "studies"
        One row a study; one row a domain with a bar for each judgement; or the counts below the studies.
    labels : mapping of str to str, optional
        Names of the studies by their keys; None shows the keys.

    Returns
    -------
    Axes
        The given one, or the only one of the new figure.

    Raises
    ------
    ModelError
        Where `appraisal` is no such table, or `medium` or `show` is not known.
    StudyDataError
        Where a judgement is not known, or a study's item is judged twice.

    References
    ----------
    Sterne JAC et al. BMJ 2019;366:l4898. https://doi.org/10.1136/bmj.l4898

    Examples
    --------
    >>> import evidence as ev
    >>> form = ev.appraisal(ev.example_studies().where(study=["resendeneto2019", "distefano2013"]), "RoB 2")
    >>> form["confirmed"] = "low"
    >>> ax = ev.risk_of_bias_table(form)
    """
    chosen = one_of("show", show, SHOWN)
    judged = appraised_from(appraisal)
    message = risk_of_bias_table_title(appraisal) if title is None else title
    medium = medium_for(medium)
    if chosen == "summary":
        axes = _draw_summary(judged, medium, ax, message)
    else:
        grid = _studies_grid(judged, message, labels or {}, both=chosen == "both", medium=medium)
        axes = _draw_studies(judged, grid, range(len(grid.rows)), medium, ax)
    return say(
        axes, caption=risk_of_bias_table_caption(appraisal), alt=risk_of_bias_table_alt(appraisal, labels)
    )


def risk_of_bias_pages(
    appraisal: pd.DataFrame,
    *,
    medium: str | None = None,
    title: str | None = None,
    show: str = "studies",
    labels: Mapping[str, str] | None = None,
) -> list[Axes]:
    """Draw the judgements of many studies on as many pages or slides as they need.

    Every page is a figure of its own with all domains and the key, and says which page it is; the counts of
    ``show="both"`` stand on the last.

    Parameters
    ----------
    appraisal, title, labels
        As in `risk_of_bias_table`.
    medium : str, optional
        ``"slide"`` gives 16:9 slides of 13.33 by 7.5 in, ``"journal"`` and ``"journal-single"`` pages of at
        most 9.7 in (247 mm); a notebook has one page.
    show : {"studies", "summary", "both"}, default "studies"
        As in `risk_of_bias_table`; a summary has one page.

    Returns
    -------
    list of Axes
        One a page, in their order; a single one, without a page number, where everything fits.

    Raises
    ------
    ModelError
        For the reasons of `risk_of_bias_table`, or where a page has no room for a row.

    Examples
    --------
    >>> import evidence as ev
    >>> form = ev.appraisal(ev.example_studies(), "RoB 2").assign(confirmed="low")
    >>> pages = ev.risk_of_bias_pages(form, medium="slide")
    >>> all(ax.get_figure().get_figheight() == 7.5 for ax in pages)
    True
    """
    chosen = one_of("show", show, SHOWN)
    medium = medium_for(medium)
    if chosen == "summary":
        return [risk_of_bias_table(appraisal, medium=medium, title=title, show=chosen, labels=labels)]
    judged = appraised_from(appraisal)
    message = risk_of_bias_table_title(appraisal) if title is None else title
    grid = _studies_grid(judged, message, labels or {}, both=chosen == "both", medium=medium)
    parts = page_rows(grid, medium, tail=len(grid.rows) - len(judged.studies))
    pages = []
    for i, part in enumerate(parts):
        note = page_note(i, len(parts)) if len(parts) > 1 else ""
        axes = _draw_studies(judged, grid, part, medium, None, note)
        say(
            axes, caption=risk_of_bias_table_caption(appraisal), alt=risk_of_bias_table_alt(appraisal, labels)
        )
        pages.append(said_on_page(axes, note))
    return pages


def _studies_grid(
    judged: Appraised, title: str, labels: Mapping[str, str], *, both: bool, medium: str
) -> Grid:
    """Return one row a study, and the counts of each judgement below where asked."""
    levels = judged.levels if both else ()
    names = [as_text(labels.get(study, study)) for study in judged.studies]
    return Grid(
        rows=(*names, *(level.words for level in levels)),
        columns=judged.items,
        title=title,
        row_head="Study",
        foot=_foot(judged, both=both, slide=style_for(medium).name == "slide"),
        key=tuple(symbol.words for symbol in judged.key),
        rules=frozenset([len(names)]) if levels else frozenset(),
        least_cell=3.2 if both else 2.0,
    )


def _draw_studies(
    judged: Appraised, grid: Grid, part: range, medium: str, ax: Axes | None, note: str = ""
) -> Axes:
    """Draw some rows of the table: studies, and behind the last of them the counts."""
    counted = part.stop > len(judged.studies)
    foot = tuple(told for told in grid.foot if counted or told != _counts_note(judged))
    own = replace(
        grid,
        rows=grid.rows[part.start : part.stop],
        also=grid.rows if note else (),
        rules=frozenset(row - part.start for row in grid.rules if row in part),
        foot=(note, *foot) if note else foot,
    )
    plan, sheet, middles, top = open_grid(own, medium, ax)
    every: tuple[str | Symbol, ...] = (*judged.studies, *judged.levels)
    for row, y in zip(every[part.start : part.stop], middles, strict=True):
        for item, x in zip(judged.items, plan.centres, strict=True):
            if isinstance(row, Symbol):
                _bar(sheet, plan, row, x, y, judged.count(item, row), len(judged.studies))
            else:
                draw_symbol(sheet, judged.symbol(row, item), x, y, plan.style.text)
    for symbol, (x, y) in zip(judged.key, key_places(plan, sheet, top), strict=True):
        draw_symbol(sheet, symbol, x, y, plan.style.small)
    return sheet.ax


def _draw_summary(judged: Appraised, medium: str, ax: Axes | None, title: str) -> Axes:
    """Draw one row a domain, and in it a bar for each judgement."""
    names = tuple(f"{item} {judged.words[item]}".strip() for item in judged.items)
    levels = judged.levels
    grid = Grid(
        rows=names,
        columns=tuple(level.words for level in levels),
        title=title,
        row_head="Domain",
        foot=(_counts_note(judged),),
        key=tuple(level.words for level in levels),
        least_cell=5.0,
    )
    plan, sheet, middles, top = open_grid(grid, medium, ax)
    for item, y in zip(judged.items, middles, strict=True):
        for level, x in zip(levels, plan.centres, strict=True):
            _bar(sheet, plan, level, x, y, judged.count(item, level), len(judged.studies))
    for level, (x, y) in zip(levels, key_places(plan, sheet, top), strict=True):
        draw_symbol(sheet, level, x, y, plan.style.small)
    return sheet.ax


def _bar(sheet: Sheet, plan: GridPlan, level: Symbol, x: float, y: float, n: int, of: int) -> None:
    """Draw how many studies have a judgement: the number, and a bar as long as their share of the room."""
    from matplotlib.patches import Rectangle

    palette, em = sheet.style.colours, plan.style.text
    room = plan.cell - em * 2.6
    left = x - plan.cell / 2 + em * 2.1
    sheet.text(left - em * 0.4, y, str(n), align="right")
    for width, face in ((room, palette.faint), (room * n / of, getattr(palette, level.role or "rule"))):
        sheet.ax.add_patch(
            Rectangle(
                (left / sheet.width, y - em * 0.3),
                width / sheet.width,
                em * 0.6,
                transform=sheet.ax.get_yaxis_transform(which="grid"),
                facecolor=face,
                edgecolor="none",
                zorder=1.8,
            )
        )


def _counts_note(judged: Appraised) -> str:
    studies = plural(len(judged.studies), "study", "studies")
    return f"Bars: confirmed judgements, as a share of {studies}."


def _foot(judged: Appraised, *, both: bool, slide: bool) -> tuple[str, ...]:
    """Return the notes: what the items ask, and what the bars count."""
    asked = () if slide and len(judged.note) > 240 else (judged.note,)
    return (*asked, *((_counts_note(judged),) if both else ()))
