"""The Word document of a recipe: its tables with captions, notes, and one list of references."""

from __future__ import annotations

import io
from pathlib import Path
from typing import TYPE_CHECKING

from evidence._files import write_atomically
from evidence._zip import reproducible
from evidence.publish.make import tabulated
from evidence.publish.numbers import Made
from evidence.publish.plan import Output, planned
from evidence.publish.workshop import Workshop

if TYPE_CHECKING:
    from evidence.tables import Table

__all__ = ["tabular", "write_document"]


def write_document(workshop: Workshop, path: Path) -> Made:
    """Write all tables of a recipe into one Word document, in the recipe's order, references at the end.

    Parameters
    ----------
    workshop : Workshop
        Computes what the tables show.
    path : Path
        File to write, ``.docx``; replaced in one step. The same evidence gives the same bytes.

    Returns
    -------
    Made
        The studies and rows of all tables; ``numbers`` counts tables and references. The numbers themselves
        are recorded with the tables.

    Notes
    -----
    Each question with tables is a heading. Upright pages where a table has room there, pages on their side
    where it has not. Citations carry the numbers of the bibliography of the whole recipe, at the end.
    """
    from evidence.table_word import add_references, add_table, is_wide
    from evidence.table_word_page import new_document, turn_page
    from evidence.table_words import clean

    document = new_document(workshop.recipe.project.title)
    made, landscape, heading = [], False, ""
    tables = [(output, *tabulated(output, workshop)) for output in tabular(workshop)]
    for index, (output, table, rests_on) in enumerate(tables):
        if index == 0:
            landscape = is_wide(table)
            turn_page(document, landscape=landscape, first=True)
            document.add_paragraph(clean(workshop.recipe.project.title), style="Title")
        elif is_wide(table) != landscape:
            landscape = not landscape
            turn_page(document, landscape=landscape)
        if _heading(workshop, output) != heading:
            heading = _heading(workshop, output)
            document.add_heading(clean(heading), level=1)
        add_table(document, table, references=False)
        made.append((table, rests_on))
    if landscape:
        turn_page(document, landscape=False)
    document.add_heading(workshop.listed.title, level=1)
    add_references(document, [(entry.number, entry.text) for entry in workshop.listed.entries])
    stream = io.BytesIO()
    document.save(stream)
    write_atomically(path, reproducible(stream.getvalue()))
    return _rests_on(made, len(workshop.listed))


def tabular(workshop: Workshop) -> tuple[Output, ...]:
    """Return the outputs of a recipe that are tables, in its order."""
    # What is saved as LaTeX is a table: figures, the list of references, decks and pages are not.
    return tuple(
        output for output in planned(workshop.recipe) if any(name.endswith(".tex") for name in output.files)
    )


def _heading(workshop: Workshop, output: Output) -> str:
    names = [question.id for question in workshop.recipe.questions]
    asks = output.asked_by in names and len(output.questions) == 1
    return workshop.recipe.question(output.asked_by).title if asks else "Over several questions"


def _rests_on(made: list[tuple[Table, Made]], references: int) -> Made:
    studies = dict.fromkeys(study for _, each in made for study in each.studies)
    rows = dict.fromkeys(row for _, each in made for row in each.rows)
    return Made(tuple(studies), tuple(rows), numbers={"tables": len(made), "references": references})
