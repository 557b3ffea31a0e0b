"""Tables short enough for a talk: what a long one says in at most five columns, and directions in counts."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import TYPE_CHECKING

import pandas as pd

from evidence.charts.words import count, domain_name
from evidence.publish.deck.table_room import TABLE_ROOM
from evidence.publish.make import tabulated
from evidence.publish.numbers import Made
from evidence.publish.plan import Output
from evidence.publish.recipe import Question
from evidence.publish.workshop import Workshop
from evidence.table_slide_layout import COLUMNS, ROWS, split
from evidence.tables import Table

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ["MOST_PARTS", "figure_table", "parts_of", "short_table"]

MOST_PARTS = 4
"""Slides that one table may take; a longer one is for the report and for Word, and the notes say so."""


def short_table(output: Output, workshop: Workshop) -> tuple[Table | None, Made]:
    """Return a table of the recipe as a talk shows it, or None where it is one to look things up in."""
    table, made = tabulated(output, workshop)
    shorter = _SHORTER[output.kind](table) if output.kind in _SHORTER else table
    if len(shorter.data.columns) > COLUMNS or not len(shorter) or len(parts_of(shorter)) > MOST_PARTS:
        return None, made
    return shorter, made


def parts_of(table: Table) -> list[Table]:
    """Return the parts of a table that fit a slide each, of about equal length: no last row stands alone."""
    _, _, width, height = TABLE_ROOM.emu
    parts = split(table, ROWS, COLUMNS, width=width, height=height)
    if len(parts) > 1 and len(table.data.columns) <= COLUMNS:
        even = split(table, math.ceil(len(table) / len(parts)) + 1, COLUMNS, width=width, height=height)
        return even if len(even) == len(parts) else parts
    return parts


def figure_table(output: Output, workshop: Workshop) -> Table | None:
    """Return what a figure with too many rows for a slide says, as a table; None where there is none."""
    make = _COUNTS.get(output.kind)
    return make(workshop, workshop.recipe.question(output.questions[0]), output) if make else None


def _picked(table: Table, wanted: Sequence[str]) -> Table:
    """Return a table with some of its columns; notes and references stay."""
    data = table.data[[name for name in wanted if name in table.data.columns]]
    return Table(
        data,
        caption=table.caption,
        notes=table.notes,
        references=table.references,
        id=table.id,
        reference_texts=table.reference_texts,
        numbers=table.numbers,
    )


def _results(table: Table) -> Table:
    names = list(table.data.columns)
    effect = next((name for name in names if "interval)" in name), names[1])
    return _picked(table, [names[0], "Comparison", effect, "Studies", "People"])


def _overview(table: Table) -> Table:
    """Return how much there is by the first column: the rest is added up, the studies are counted once."""
    first = table.data.columns[0]
    counted = [
        name for name in ("Rows", "In full", "In part", "Direction only") if name in table.data.columns
    ]
    numbers = table.data[counted].map(lambda cell: int(cell.replace("\u2009", "") or 0))
    numbers.insert(0, first, table.data[first])
    lines = numbers.groupby(first, sort=False).sum().reset_index()
    return Table(
        lines.assign(**{name: lines[name].map(count) for name in counted}),
        caption=table.caption,
        notes=("Added up over domains, comparators and levels.",),
        id=table.id,
    )


def _findings(table: Table) -> Table:
    names = list(table.data.columns)
    chosen = _picked(table, [names[0], *(name for name in names if _FINDINGS.match(name))])
    return replace(chosen, groups=table.groups)  # the comparison of each line


_FINDINGS = re.compile("People|Effect|Relative effect|In words|Certainty")


def _verdicts(table: Table) -> Table:
    return _picked(table, ["Claim", "Verdict", "Studies"])


_SHORTER: Mapping[str, Callable[[Table], Table]] = {
    "results": _results,
    "overview": _overview,
    "summary_of_findings": _findings,
    "claims": _verdicts,
}


def _directions(workshop: Workshop, question: Question, output: Output) -> Table:
    """Return the studies of each domain by the direction that they report, those of all domains first."""
    from evidence.publish.directions import directions

    counted = directions(workshop.ordered(question))
    first, second = question.favours[::-1] if question.favours else ("first arm", "second arm")
    names = (
        ("Supports the factor", "Against the factor", "No association")
        if counted.of_factors
        else (f"Favours {first}", f"Favours {second}", "No difference")
    )
    heads = ("Domain", *names, "Mixed or not told")
    lines = [(domain_name(domain), *map(str, counts)) for domain, counts in counted.domains.items()]
    if len(lines) > 1:
        lines.insert(0, ("All domains", *map(str, counted.total)))
    notes = (
        "Studies, one direction a study and domain: that of at least 70 % of its outcomes. Reported "
        "directions are themselves selected: this is no vote, and tells nothing of size.",
        "The effect-direction plot of all studies is in the report.",
    )
    return Table(
        pd.DataFrame(lines, columns=list(heads)),
        caption=f"{output.title}: studies by reported direction",
        notes=notes,
        id=output.id,
    )


def _amounts(workshop: Workshop, question: Question, output: Output) -> Table:
    """Return studies and rows of each domain by kind of report."""
    table = workshop.selected(question).table
    lines = []
    for domain, group in table.groupby("domain", sort=False):
        kinds = group["reported"]
        lines.append(
            {
                "Domain": domain_name(str(domain)),
                "Studies": count(group["study"].nunique()),
                "Rows": count(len(group)),
                "In full": count(int(kinds.eq("full").sum())),
                "Direction only": count(int(kinds.eq("direction").sum())),
            }
        )
    lines.sort(key=lambda line: -int(line["Rows"].replace("\u2009", "")))
    notes = ("Rows by domain and kind of report. The map by domain and comparator is in the report.",)
    return Table(pd.DataFrame(lines), caption=f"{output.title}: what is reported", notes=notes, id=output.id)


_COUNTS: Mapping[str, Callable[[Workshop, Question, Output], Table]] = {
    "effect_direction": _directions,
    "harvest": _directions,
    "evidence_map": _amounts,
}
