"""Make repairs: a new record of studies with some cells changed, and the log; never the file."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from evidence._check import nearest
from evidence.auditing.record import Repair
from evidence.errors import StudyDataError
from evidence.studies.cells import check_table
from evidence.studies.columns import COLUMNS, OPTIONAL_COLUMNS
from evidence.studies.rules import row_problems
from evidence.studies.textfile import TextTable

if TYPE_CHECKING:
    from evidence.studies.record import Studies

__all__ = ["apply_repairs", "repaired_rows"]

_LOG = ("row_id", "column", "before", "after", "why")


def apply_repairs(studies: Studies, repairs: Sequence[Repair]) -> tuple[Studies, pd.DataFrame]:
    """Return the studies with every repair made, and the log of the changes.

    Raises
    ------
    StudyDataError
        Where a repair names a row or column that is not there, two repairs contradict each other, or the
        new content breaks the rules of its column.
    """
    places = {str(row): at for at, row in enumerate(studies.table["row_id"])}
    text = studies.text
    changes, gone = _changes(repairs, places, list(text.columns))
    log = [
        (row, column, str(text[column].iloc[places[row]]), value, why)
        for (row, column), (value, why) in changes.items()
        if row not in gone
    ]
    log += [(row, "(row)", "in the table", "left out", why) for row, why in gone.items()]
    keep = np.array([str(row) not in gone for row in studies.table["row_id"]], dtype=bool)
    new_text, new_table = _changed(studies, [entry[:4] for entry in log if entry[1] != "(row)"], places)
    out = replace(
        studies,
        table=new_table[keep].reset_index(drop=True),
        text=new_text[keep].reset_index(drop=True),
        lines=tuple(line for line, kept in zip(studies.lines, keep, strict=True) if kept),
        notes=(*studies.notes, *((f"{len(log)} cells or rows repaired in memory",) if log else ())),
    )
    return out, pd.DataFrame(log, columns=list(_LOG))


def repaired_rows(studies: Studies, repairs: Sequence[Repair]) -> Studies:
    """Return one row for each repair, as it would be after it: rows may repeat, so that all are read at once.

    Repairs that leave a row out have no row here, and are refused.

    Raises
    ------
    StudyDataError
        As in `apply_repairs`.
    """
    places = {str(row): at for at, row in enumerate(studies.table["row_id"])}
    at = [places[repair.row_id] for repair in repairs]
    text = studies.text.iloc[at].reset_index(drop=True)
    table = studies.table.iloc[at].reset_index(drop=True)
    for place, repair in enumerate(repairs):
        for column, value in repair.cells:
            text.loc[place, column] = value
    names = sorted({column for repair in repairs for column, _ in repair.cells})
    parsed = _parsed(text, names)
    for name in names:
        table[name] = parsed[name]
    return replace(studies, table=table, text=text, lines=tuple(studies.lines[place] for place in at))


def _changes(
    repairs: Sequence[Repair], places: dict[str, int], columns: Sequence[str]
) -> tuple[dict[tuple[str, str], tuple[str, str]], dict[str, str]]:
    """Return the new cells and the rows that go.

    Raises
    ------
    StudyDataError
        Where a row or column is not there, or two repairs give one cell two contents.
    """
    cells: dict[tuple[str, str], tuple[str, str]] = {}
    gone: dict[str, str] = {}
    for repair in repairs:
        if repair.row_id not in places:
            close = nearest(repair.row_id, places)
            raise StudyDataError(
                "a repair names a row that is there",
                row=repair.row_id,
                fix=f"did you mean {close}?" if close else "see .table['row_id']",
            )
        if repair.leaves_out:
            gone.setdefault(repair.row_id, repair.why)
        for column, value in repair.cells:
            if column not in columns:
                close = nearest(column, columns)
                fix = f"did you mean {close}?" if close else "see the codebook"
                raise StudyDataError(
                    "a repair names a column that is there", row=repair.row_id, column=column, fix=fix
                )
            known = cells.setdefault((repair.row_id, column), (value, repair.why))
            if known[0] != value:
                raise StudyDataError(
                    f"two repairs give one cell two contents ({known[0]!r} and this)",
                    row=repair.row_id,
                    column=column,
                    value=value,
                    fix="apply one of them",
                )
    return cells, gone


def _changed(
    studies: Studies, changes: Sequence[tuple[str, ...]], places: dict[str, int]
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Return text and table with the new cells, checked as a file's are."""
    text, table = studies.text, studies.table
    if not changes:
        return text, table
    rows = sorted({places[row] for row, *_ in changes})
    for row, column, _, value in changes:
        text.loc[places[row], column] = value
    names = sorted({column for _, column, *_ in changes})
    parsed = _parsed(text.iloc[rows].reset_index(drop=True), names)
    for name in names:
        cells = table[name].to_numpy(copy=True)
        cells[rows] = parsed[name].to_numpy()
        table[name] = cells
    return text, table


def _parsed(text: pd.DataFrame, names: Sequence[str]) -> pd.DataFrame:
    """Return rows of text as typed cells.

    Raises
    ------
    StudyDataError
        Where a cell breaks the rule of its column, or the cells of a row do not fit together.
    """
    known = [column for column in (*COLUMNS, *OPTIONAL_COLUMNS) if column.name in text]
    lines = np.zeros(len(text), dtype=np.int64)
    one_name_a_row = text.assign(row_id=[f"{row}#{at}" for at, row in enumerate(text["row_id"])])
    checked = check_table(TextTable(one_name_a_row[[c.name for c in known]], lines, (), ()), known, "row_id")
    problems = [each for each in [*checked.problems, *row_problems(checked)] if each.column in names]
    if problems:
        told = [replace(each, line=None, row=(each.row or "").rsplit("#", 1)[0]) for each in problems]
        raise StudyDataError("a repair keeps the rules of the table", problems=told)
    return checked.table
