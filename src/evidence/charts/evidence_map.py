"""The evidence map: what there is, before anything is pooled."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import pandas as pd

from evidence.charts.grid import key_places, open_grid
from evidence.charts.grid_pages import page_note, page_rows
from evidence.charts.grid_parts import Grid, GridPlan
from evidence.charts.map_rows import MAP_COLUMNS, REPORTS, evidence_map_rows
from evidence.charts.said import say
from evidence.charts.style import medium_for
from evidence.charts.words import count, domain_name, plural

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from evidence.charts.canvas import Sheet
    from evidence.studies.record import Studies

__all__ = [
    "MAP_COLUMNS",
    "evidence_map",
    "evidence_map_alt",
    "evidence_map_caption",
    "evidence_map_pages",
    "evidence_map_rows",
]

_REPORT_WORDS = {
    "full": "reported in full",
    "partial": "in part",
    "direction": "direction only",
    "other": "not said",
}

_MOST_SAID = 12
"""Cells that an alternative text lists, the fullest; the rest is counted."""


def evidence_map(
    studies: Studies | pd.DataFrame,
    *,
    by: tuple[str, str] = ("domain", "comparator_class"),
    ax: Axes | None = None,
    medium: str | None = None,
    title: str | None = None,
) -> Axes:
    """Draw what there is, before anything is pooled.

    Each cell states its rows and studies; the bar below is as long as the rows are many, and split by how
    they are reported. An empty cell is a gap in the evidence.

    Parameters
    ----------
    studies : Studies or DataFrame
        The studies, or their table.
    by : tuple of str, default ("domain", "comparator_class")
        Columns that make the rows and the columns of the map.
    ax : Axes, optional
        Where to draw. Without it a figure is made, as high as its rows need.
    medium : str, optional
        ``"notebook"``, ``"slide"`` (16:9 or higher, from 18 pt), ``"journal"`` or ``"journal-single"``. None
        takes that of `chart_style`, else ``"notebook"``.
    title : str, optional
        One message. None makes it from the counts; ``""`` sets none.

    Returns
    -------
    Axes
        The given one, or the only one of the new figure; x and y are in points from the top left.

    Raises
    ------
    ModelError
        Where a column or the medium is not known, or nothing is left to map.

    Examples
    --------
    >>> import evidence as ev
    >>> ax = ev.evidence_map(ev.example_studies().where(question="prevention"))
    """
    made = _made(studies, by, medium_for(medium), title)
    return _draw_page(made, range(len(made.names)), ax, "")


def evidence_map_pages(
    studies: Studies | pd.DataFrame,
    *,
    by: tuple[str, str] = ("domain", "comparator_class"),
    medium: str | None = None,
    title: str | None = None,
) -> list[Axes]:
    """Draw an evidence map of many rows on as many pages or slides as it needs.

    Each page is a figure of its own with all columns, bars of the same scale, and says which page it is.

    Parameters
    ----------
    studies, by, title
        As in `evidence_map`.
    medium : str, optional
        ``"slide"`` gives 16:9 slides of 13.33 by 7.5 in, ``"journal"`` and ``"journal-single"`` pages of at
        most 9.7 in (247 mm); a notebook has one page.

    Returns
    -------
    list of Axes
        One a page, in their order; a single one, without a page number, where everything fits.

    Raises
    ------
    ModelError
        For the reasons of `evidence_map`, or where a page has no room for a row.

    Examples
    --------
    >>> import evidence as ev
    >>> pages = ev.evidence_map_pages(ev.example_studies(), medium="slide")
    >>> len(pages) > 1
    True
    """
    made = _made(studies, by, medium_for(medium), title)
    parts = page_rows(made.grid, made.medium)
    notes = [page_note(i, len(parts)) if len(parts) > 1 else "" for i in range(len(parts))]
    return [_draw_page(made, part, None, note) for part, note in zip(parts, notes, strict=True)]


@dataclass(frozen=True)
class _Made:
    """What a map shows, before it is drawn."""

    studies: Studies | pd.DataFrame
    by: tuple[str, str]
    medium: str
    rows: pd.DataFrame
    names: list[str]
    columns: list[str]
    kinds: list[str]
    grid: Grid


def _made(studies: Studies | pd.DataFrame, by: tuple[str, str], medium: str, title: str | None) -> _Made:
    """Decide what is shown."""
    rows = evidence_map_rows(studies, by)
    names, columns = (list(dict.fromkeys(rows[axis])) for axis in ("row", "column"))
    columns = sorted(columns, key=lambda c: -int(rows.loc[rows["column"] == c, "rows"].sum()))
    kinds = [kind for kind in (*REPORTS, "other") if rows[kind].any()]
    grid = Grid(
        rows=tuple(_name(n) for n in names),
        columns=tuple(_name(c) for c in columns),
        title=_message(studies, rows, len(names) * len(columns)) if title is None else title,
        row_head=by[0].replace("_", " ").capitalize(),
        key=tuple(_REPORT_WORDS[kind] for kind in kinds),
        cell_height=2.5,
        least_height=2.1,
        least_cell=3.6,
        left_aligned=True,
        foot=("In each cell: rows / studies. An empty cell is a gap.",),
    )
    return _Made(studies, by, medium, rows, names, columns, kinds, grid)


def _draw_page(made: _Made, part: range, ax: Axes | None, note: str) -> Axes:
    """Draw some rows of the map."""
    names = made.names[part.start : part.stop]
    grid = replace(
        made.grid,
        rows=made.grid.rows[part.start : part.stop],
        also=made.grid.rows,
        foot=(note, *made.grid.foot) if note else made.grid.foot,
    )
    plan, sheet, middles, top = open_grid(grid, made.medium, ax)
    places = {
        (r, c): (x, y)
        for r, y in zip(names, middles, strict=True)
        for c, x in zip(made.columns, plan.centres, strict=True)
    }
    most = int(made.rows["rows"].max())
    own = made.rows[made.rows["row"].isin(names)]
    for row in own.itertuples(index=False):
        _draw_cell(sheet, plan, row, *places.pop((str(row.row), str(row.column))), most)
    for x, y in places.values():
        _draw_gap(sheet, x - plan.cell / 2 + sheet.style.text * 0.5, y)
    for kind, (x, y) in zip(made.kinds, key_places(plan, sheet, top), strict=True):
        _draw_bar(
            sheet, kind, x - sheet.style.small * 0.8, sheet.style.small * 1.6, y, sheet.style.small * 0.7
        )
    page = f"{note} " if note else ""
    return say(
        sheet.ax,
        caption=page + evidence_map_caption(made.studies, made.by),
        alt=page + _alt(own, _message(made.studies, made.rows, len(made.names) * len(made.columns))),
    )


def _draw_gap(sheet: Sheet, x: float, y: float) -> None:
    """Mark an empty cell."""
    sheet.ax.plot(
        [x],
        [y],
        marker="o",
        markersize=sheet.style.text * 0.2,
        linestyle="",
        color=sheet.style.colours.rule,
        markeredgewidth=0.0,
    )


def _name(key: str) -> str:
    return domain_name(key) if key else "Not said"


def _draw_cell(sheet: Sheet, plan: GridPlan, row: Any, x: float, y: float, most: int) -> None:  # noqa: ANN401
    """Write the counts of a cell and draw its bar."""
    em = sheet.style.text
    full = plan.cell - em * 0.9
    start = x - plan.cell / 2 + em * 0.2
    sheet.text(start, y - em * 0.45, f"{count(row.rows)} / {count(row.studies)}")
    for kind in (*REPORTS, "other"):
        length = full * getattr(row, kind) / most
        if length:
            _draw_bar(sheet, kind, start, length, y + em * 0.62, em * 0.5)
        start += length


def _draw_bar(sheet: Sheet, kind: str, start: float, length: float, y: float, height: float) -> None:
    """Draw one part of a bar: dark, middle or open, so that the parts differ in grey too."""
    from matplotlib.patches import Rectangle

    colours = sheet.style.colours
    fill = {
        "full": colours.first,
        "partial": colours.first_tint,
        "direction": colours.paper,
        "other": colours.faint,
    }[kind]
    edge = colours.rule if kind == "other" else colours.first
    sheet.ax.add_patch(
        Rectangle(
            (start, y - height / 2),
            length,
            height,
            facecolor=fill,
            edgecolor=edge,
            linewidth=sheet.style.line * 0.6,
            zorder=2.0,
        )
    )


def _message(studies: Studies | pd.DataFrame, rows: pd.DataFrame, cells: int) -> str:
    """Return the title: how much there is, and how much of the map is empty."""
    table = studies if isinstance(studies, pd.DataFrame) else studies.table
    amount = f"{plural(len(table), 'row')} of {plural(table['study'].nunique(), 'study', 'studies')}"
    full = round(100 * rows["full"].sum() / rows["rows"].sum())
    empty = cells - len(rows)
    return f"{amount}, {full}% reported in full; {empty} of {plural(cells, 'cell')} empty"


def evidence_map_caption(
    studies: Studies | pd.DataFrame, by: Sequence[str] = ("domain", "comparator_class")
) -> str:
    """Return the caption of the map.

    Parameters
    ----------
    studies : Studies or DataFrame
        The drawn studies.
    by : sequence of str
        As drawn.

    Returns
    -------
    str
        One or two sentences.
    """
    rows = evidence_map_rows(studies, (by[0], by[1]))
    kinds = ", ".join(
        f"{count(rows[kind].sum())} {_REPORT_WORDS[kind]}" for kind in (*REPORTS, "other") if rows[kind].any()
    )
    return (
        f"Rows and studies by {by[0].replace('_', ' ')} and {by[1].replace('_', ' ')}: "
        f"{plural(int(rows['rows'].sum()), 'row')} of {plural(_n_studies(studies), 'study', 'studies')} "
        f"({kinds}). Nothing is pooled here."
    )


def _n_studies(studies: Studies | pd.DataFrame) -> int:
    table = studies if isinstance(studies, pd.DataFrame) else studies.table
    return int(table["study"].nunique())


def evidence_map_alt(
    studies: Studies | pd.DataFrame, by: Sequence[str] = ("domain", "comparator_class")
) -> str:
    """Return the alternative text: every cell with its counts.

    Parameters
    ----------
    studies : Studies or DataFrame
        The drawn studies.
    by : sequence of str
        As drawn.

    Returns
    -------
    str
        For readers who do not see the picture.
    """
    rows = evidence_map_rows(studies, (by[0], by[1]))
    size = rows["row"].nunique() * rows["column"].nunique()
    return _alt(rows, _message(studies, rows, size))


def _alt(rows: pd.DataFrame, message: str) -> str:
    """Return the cells with their counts, the fullest where there are many."""
    shown = rows.nlargest(_MOST_SAID, "rows") if len(rows) > _MOST_SAID else rows
    cells = [
        f"{_name(str(r.row))} against {_name(str(r.column)).lower()}: {plural(int(str(r.rows)), 'row')}, "
        f"{plural(int(str(r.studies)), 'study', 'studies')}"
        for r in shown.itertuples(index=False)
    ]
    rest = rows.drop(shown.index)
    if len(rest):
        cells.append(f"{plural(len(rest), 'other cell')} with {plural(int(rest['rows'].sum()), 'row')}")
    return f"Map of the evidence: {message}. {'; '.join(cells)}."
