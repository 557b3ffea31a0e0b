"""What an output is really made from, as one hash: an output is made again only where this has changed."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from evidence.publish import manifest as manifests
from evidence.publish.kinds import KINDS, PROJECT_OUTPUTS
from evidence.publish.plan import BIBLIOGRAPHY, Output
from evidence.publish.recipe import Question
from evidence.publish.workshop import Workshop

if TYPE_CHECKING:
    import pandas as pd

    from evidence.studies.record import Studies

__all__ = ["content_hash"]


def content_hash(output: Output, workshop: Workshop) -> str:
    """Return one hash of all that decides what an output shows, but for the package and its libraries.

    Parameters
    ----------
    output : Output
        What is asked for.
    workshop : Workshop
        Reads the studies.

    Returns
    -------
    str
        SHA-256 over the output's own settings and

        - for a figure: of each of its questions the settings (inherited ones too), the selected rows as
          printed, what is known of their studies, the names that these have in print, and which of the rows
          cannot be true;
        - for a table: the same, and the printed references with their numbers;
        - for the bibliography: its entries;
        - for claims, and for what spans the recipe: everything that was read.

    Raises
    ------
    BuildError
        Where the filter of a question keeps no row.
    StudyDataError
        Where the studies cannot be read.
    """
    recipe = workshop.recipe
    questions = [recipe.question(name) for name in output.questions]
    parts: dict[str, object] = {"output": repr(output)}
    if output.kind == BIBLIOGRAPHY:
        return _hash({**parts, "entries": _entries(workshop, None)})
    if output.kind in PROJECT_OUTPUTS:
        # Where the recipe lies decides nothing.
        parts["recipe"] = repr(replace(recipe, path=Path()))
        sources = dict.fromkeys(question.studies for question in recipe.questions)
        return _hash({**parts, **{source: _whole(workshop, source) for source in sources}})
    for question in questions:
        parts[question.id] = [repr(question), _of_question(workshop, question)]
    if not output.is_figure:
        shown = {str(study) for one in questions for study in workshop.selected(one).table["study"]}
        parts["references"] = _entries(workshop, shown)
    if KINDS[output.kind].all_rows:
        parts["all rows"] = [_whole(workshop, question.studies) for question in questions]
    return _hash(parts)


def _of_question(workshop: Workshop, question: Question) -> list[object]:
    from evidence.effects.labels import study_labels

    rows = workshop.selected(question)
    studies = set(rows.table["study"])
    labels = study_labels(rows.info)
    # Impossible prints are named in notes of results. An audit looks at all rows of a file: what it says of
    # these may change with others.
    found = workshop.impossible(question.studies) if question.measure else {}
    return [
        _lines(rows.text),
        _lines(rows.extra),
        _facts(rows, studies),
        {str(study): labels.get(str(study), "") for study in sorted(studies)},
        {row: found[row] for row in rows.table["row_id"] if row in found},
    ]


def _whole(workshop: Workshop, source: str) -> list[object]:
    """Return everything that was read with a studies file, and the files beside it that others read."""
    studies = workshop.studies(source)
    folder = (workshop.recipe.root / source).parent
    return [
        _lines(studies.text),
        _lines(studies.extra),
        _facts(studies, None),
        sorted((key, sorted(fields.items())) for key, fields in studies.references.items()),
        [] if studies.claims is None else _lines(studies.claims),
        {name: manifests.file_hash(folder / name) for name in manifests.STUDY_SIDECARS[3:]},
    ]


def _facts(studies: Studies, wanted: set[str] | None) -> list[list[str]]:
    info = studies.info
    if info is None:
        return []
    return _lines(info if wanted is None else info[info["study"].isin(wanted)])


def _entries(workshop: Workshop, wanted: set[str] | None) -> list[list[object]]:
    return [
        [entry.number, entry.key, entry.text, entry.complete, sorted(entry.fields.items())]
        for entry in workshop.listed.entries
        if wanted is None or entry.key in wanted
    ]


def _lines(frame: pd.DataFrame) -> list[list[str]]:
    """Return the filled columns of a table as text: a column that is blank throughout decides nothing."""
    blank = {"", "nan", "None"}
    columns: Iterable[tuple[object, pd.Series[Any]]] = frame.items()
    return [[str(name), *cells] for name, column in columns if set(cells := [*map(str, column)]) - blank]


def _hash(parts: Mapping[str, object]) -> str:
    return hashlib.sha256(json.dumps(parts, sort_keys=True, ensure_ascii=False).encode()).hexdigest()
