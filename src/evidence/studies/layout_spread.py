"""Arms, outcomes or times in the names of columns (``m_pre_1``, ``m_pre_2``) become rows."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from evidence.errors import Problem, StudyDataError
from evidence.studies.layout_sheet import Sheet, unknown_column
from evidence.studies.mapping import TableMapping, parts_of

__all__ = ["LeftOut", "Spread", "check_names", "spread_sheet", "virtual"]


@dataclass(frozen=True)
class LeftOut:
    """A row of the sheet that plays no part, and why.

    Attributes
    ----------
    at : int
        Place of the row in the sheet.
    reason : str
        Why, in words.
    study, outcome, arm : str
        What it is about, as far as that was read.
    """

    at: int
    reason: str
    study: str = ""
    outcome: str = ""
    arm: str = ""


@dataclass(frozen=True)
class Spread:
    """The sheet with a row for each combination of parts that has cells.

    Attributes
    ----------
    frame : DataFrame
        Columns that the mapping names, as it names them: ``m_{arm}_pre`` is a column here.
    origin : ndarray of int
        Row of the sheet that each row came from.
    left : list of LeftOut
        Rows of the sheet without any cell in those columns.
    notes : list of str
        What was not found, and what was blank.
    """

    frame: pd.DataFrame
    origin: np.ndarray
    left: list[LeftOut]
    notes: list[str]


def virtual(part: str) -> str:
    """Return the name under which the label of a part is itself a column: ``{arm}``."""
    return f"{{{part}}}"


def _resolved(name: str, combination: dict[str, tuple[str, str]]) -> str:
    for part, (piece, _) in combination.items():
        name = name.replace(virtual(part), piece)
    return name


def check_names(sheet: Sheet, mapping: TableMapping) -> list[str]:
    """Check that the file has every column that the mapping names, and return notes on those it has in part.

    Raises
    ------
    StudyDataError
        With every name that no column has: the key that names it, and the columns there are.
    """
    there, problems, notes = set(sheet.frame.columns), [], {}
    combinations = mapping.combinations()
    for key, name in mapping.named():
        if name in there or name in {virtual(part) for part in mapping.spread}:
            continue
        meant = [_resolved(name, one) for one in combinations] if parts_of(name, mapping.spread) else [name]
        absent = sorted(set(meant) - there)
        if len(absent) == len(set(meant)):
            problems.append(
                Problem(
                    f"mapping key {key} names a column of the file",
                    column=absent[0],
                    value=name,
                    fix=unknown_column(absent[0], sheet.frame.columns),
                )
            )
        elif absent:
            notes[name] = f"{key} = {name!r}: the file has no column {', '.join(absent)}; blank there"
    if problems:
        headline = f"{len(problems)} column{'s' * (len(problems) != 1)} of the mapping not in the file"
        raise StudyDataError(headline, source=mapping.source, problems=problems)
    return list(notes.values())


def spread_sheet(sheet: Sheet, mapping: TableMapping, rows: np.ndarray) -> Spread:
    """Give each combination of parts a row of its own, where any of its cells is filled.

    Parameters
    ----------
    sheet : Sheet
        The file.
    mapping : TableMapping
        The mapping, whose names were checked.
    rows : ndarray of int
        The rows of the sheet that take part.
    """
    names = list(dict.fromkeys(name for _, name in mapping.named()))
    whole = [name for name in names if name in sheet.frame]
    base = sheet.frame[whole].iloc[rows]
    if not mapping.spread:
        return Spread(base.reset_index(drop=True), rows, [], [])
    templates = [name for name in names if name not in sheet.frame]
    labels = {virtual(part) for part in mapping.spread}
    blocks, kept, orders = [], [], []
    seen = np.zeros(len(rows), dtype=bool)
    blank = 0
    for order, combination in enumerate(mapping.combinations()):
        block = {}
        filled = np.zeros(len(rows), dtype=bool)
        for name in (name for name in templates if name not in labels):
            source = _resolved(name, combination)
            cells = sheet.frame[source].to_numpy(dtype=object)[rows] if source in sheet.frame else ""
            block[name] = cells
            filled |= np.asarray(cells != "", dtype=bool)
        for part, (_, label) in combination.items():
            block[virtual(part)] = label
        blank += int((~filled).sum())
        seen |= filled
        blocks.append(pd.DataFrame(block, index=np.arange(len(rows)))[filled])
        kept.append(np.flatnonzero(filled))
        orders.append(np.full(int(filled.sum()), order))
    places = np.concatenate(kept)
    sequence = np.lexsort((np.concatenate(orders), places))
    places = places[sequence]
    spread = pd.concat(blocks, ignore_index=True).iloc[sequence].reset_index(drop=True)
    frame = pd.concat([base.iloc[places].reset_index(drop=True), spread], axis=1)
    what = ", ".join(mapping.spread)
    left = [
        LeftOut(int(rows[at]), f"its columns of [spread] ({what}) are all blank")
        for at in np.flatnonzero(~seen)
    ]
    notes = [f"{blank} blank combinations of {what} in {len(rows)} rows make no row"] if blank else []
    return Spread(frame, rows[places], left, notes)
