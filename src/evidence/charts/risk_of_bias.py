"""The risk of bias: a table of symbols by study and domain, and how many studies have each judgement."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

import pandas as pd

from evidence._check import one_of
from evidence.charts.frame import as_text
from evidence.charts.grid import key_places, open_grid
from evidence.charts.grid_parts import Grid
from evidence.charts.risk_of_bias_rows import (
    NOT_JUDGED,
    Appraised,
    appraised_from,
    risk_of_bias_table_rows,
)
from evidence.charts.said import say
from evidence.charts.style import medium_for, style_for
from evidence.charts.symbols import Symbol, draw_symbol
from evidence.charts.words import listed, plural

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from evidence.charts.canvas import Sheet
from evidence.charts.grid_parts import GridPlan

__all__ = [
    "SHOWN",
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
        ``"notebook"``, ``"slide"`` or ``"journal"``. A slide of many studies is better served by
        ``show="summary"``.
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
    slide = style_for(medium).name == "slide"
    if chosen == "summary":
        axes = _draw_summary(judged, medium, ax, message)
    else:
        axes = _draw_studies(judged, medium, ax, message, labels or {}, both=chosen == "both", slide=slide)
    return say(
        axes, caption=risk_of_bias_table_caption(appraisal), alt=risk_of_bias_table_alt(appraisal, labels)
    )


def _draw_studies(
    judged: Appraised,
    medium: str,
    ax: Axes | None,
    title: str,
    labels: Mapping[str, str],
    *,
    both: bool,
    slide: bool,
) -> Axes:
    """Draw one row a study, and the counts of each judgement below where asked."""
    studies = judged.studies
    levels = judged.levels if both else ()
    key = judged.key
    grid = Grid(
        rows=tuple(as_text(labels.get(study, study)) for study in studies)
        + tuple(level.words for level in levels),
        columns=judged.items,
        title=title,
        row_head="Study",
        foot=_foot(judged, both=both, slide=slide),
        key=tuple(symbol.words for symbol in key),
        rules=frozenset([len(studies)]) if levels else frozenset(),
        least_cell=3.2 if both else 2.0,
    )
    plan, sheet, middles, top = open_grid(grid, medium, ax)
    size = plan.style.text
    for study, y in zip(studies, middles, strict=False):
        for item, x in zip(judged.items, plan.centres, strict=True):
            draw_symbol(sheet, judged.symbol(study, item), x, y, size)
    for level, y in zip(levels, middles[len(studies) :], strict=True):
        for item, x in zip(judged.items, plan.centres, strict=True):
            _bar(sheet, plan, level, x, y, judged.count(item, level), len(studies))
    for symbol, (x, y) in zip(key, key_places(plan, sheet, top), strict=True):
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


def risk_of_bias_table_title(appraisal: pd.DataFrame) -> str:
    """Return one message made from the judgements: the domain with most against it.

    Parameters
    ----------
    appraisal : DataFrame
        As `risk_of_bias_table` takes it.

    Returns
    -------
    str
        Only confirmed judgements count.
    """
    judged = appraised_from(appraisal)
    studies = len(judged.studies)
    against = [level for level in judged.levels if level.role == "high"]
    if all(level.role == "" for level in judged.levels):
        return f"None of {plural(studies, 'study', 'studies')} is judged yet"
    counts = {item: sum(judged.count(item, level) for level in against) for item in judged.items}
    worst = max(counts, key=lambda item: counts[item], default="")
    if not counts[worst]:
        return f"Nothing is judged high or failed in {plural(studies, 'study', 'studies')}"
    words = listed(level.words for level in against)
    name = f"{worst} ({judged.words[worst]})" if judged.words[worst] else worst
    return f"Weakest: {name}, {words.replace(' and ', ' or ')} in {counts[worst]} of {studies} studies"


def risk_of_bias_table_caption(appraisal: pd.DataFrame) -> str:
    """Return the caption: what was judged, how many studies, and what nobody confirmed.

    Parameters
    ----------
    appraisal : DataFrame
        As `risk_of_bias_table` takes it.

    Returns
    -------
    str
        Some short sentences.
    """
    judged = appraised_from(appraisal)
    studies = plural(len(judged.studies), "study", "studies")
    total = len(judged.studies) * len(judged.items)
    open_ones = sum(not symbol.sure for symbol in judged.symbols.values())
    missing = total - sum(symbol != NOT_JUDGED for symbol in judged.symbols.values())
    parts = [f"{judged.note} {studies}."]
    if open_ones:
        parts.append(f"{open_ones} of {total} judgements are suggestions that nobody confirmed.")
    if missing:
        parts.append(f"{missing} of {total} are not judged.")
    return " ".join(parts)


def risk_of_bias_table_alt(appraisal: pd.DataFrame, labels: Mapping[str, str] | None = None) -> str:
    """Return the alternative text: for every domain, how many studies have which judgement.

    Parameters
    ----------
    appraisal : DataFrame
        As `risk_of_bias_table` takes it.
    labels : mapping of str to str, optional
        Names of the studies, for those with a judgement against them.

    Returns
    -------
    str
        For readers who do not see the picture.
    """
    judged = appraised_from(appraisal)
    parts = []
    for item in judged.items:
        told = [
            f"{judged.count(item, level)} {level.words}"
            for level in judged.levels
            if judged.count(item, level)
        ]
        name = f"{item} ({judged.words[item]})" if judged.words[item] else item
        parts.append(f"{name}: {listed(told)}")
    against = [s for s in judged.studies if any(judged.symbol(s, i).role == "high" for i in judged.items)]
    names = [as_text((labels or {}).get(study, study)) for study in against]
    words = ""
    if names:
        shown = listed(names) if len(names) <= 8 else f"{', '.join(names[:8])} and {len(names) - 8} more"
        words = f" At least one judgement against: {shown}."
    studies = plural(len(judged.studies), "study", "studies")
    return f"Risk of bias of {studies}. {'; '.join(parts)}.{words}"
