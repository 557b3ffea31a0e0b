"""A sheet and its mapping become rows of ``studies.csv``, every row of the sheet accounted for."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd

from evidence.errors import Problem
from evidence.studies.layout_effect import effect_cells
from evidence.studies.layout_output import info_table, located, moderators, row_ids
from evidence.studies.layout_pairs import pair_arms
from evidence.studies.layout_records import Records, records_of
from evidence.studies.layout_sheet import Sheet
from evidence.studies.layout_spread import LeftOut, check_names, spread_sheet
from evidence.studies.layout_time import join_times
from evidence.studies.mapping import Cells, TableMapping
from evidence.studies.mapping_cells import cells_of, decided, holds
from evidence.studies.textfile import TextTable

__all__ = ["Mapped", "apply_mapping"]


@dataclass(frozen=True)
class Mapped:
    """A sheet in the layout of ``studies.csv``.

    Attributes
    ----------
    table : TextTable
        The rows, all cells text.
    extra : DataFrame
        The columns of the sheet that were not mapped, for the same rows.
    left_out : DataFrame
        Rows of the sheet that are in no comparison: ``line, study, outcome, arm, reason``.
    info : TextTable or None
        One row per study, where the mapping says so.
    origin : mapping
        Column of the sheet behind each of ours, for messages.
    """

    table: TextTable
    extra: pd.DataFrame
    left_out: pd.DataFrame
    info: TextTable | None
    origin: dict[str, str]


def apply_mapping(sheet: Sheet, mapping: TableMapping, source: str) -> Mapped:
    """Turn the rows of a sheet into comparisons of two arms.

    Parameters
    ----------
    sheet : Sheet
        The file.
    mapping : TableMapping
        The mapping.
    source : str
        The file as the user named it.

    Raises
    ------
    StudyDataError
        Where the mapping names columns that the file does not have, or a study's facts differ between rows.
    """
    notes = [*sheet.notes, *check_names(sheet, mapping)]
    rows, left = _chosen(sheet, mapping)
    spread = spread_sheet(sheet, mapping, rows)
    rules, decimal = decided(mapping, spread.frame, sheet.delimiter)
    notes += [*spread.notes, *decimal]
    whole = records = records_of(spread, mapping, rules)
    left = [_described(one, sheet, mapping) for one in (*left, *spread.left)]
    if mapping.time is not None:
        records, unplaced = join_times(records, mapping.time)
        left += unplaced
    problems: list[Problem] = []
    if mapping.effect is not None:
        lines = sheet.lines[_main(records)]
        cells, problems, note = effect_cells(records.frame, mapping.effect, rules, lines)
        records = replace(records, row=records.row.assign(**cells))
        notes += note
    if mapping.is_long:
        pairs = pair_arms(records, mapping.pairs)
        first, second = pairs.first, pairs.second
        left += pairs.left
        left += _joined_to_nothing(records, {*first.tolist(), *second.tolist()}, left, sheet.lines)
    else:
        first = second = np.arange(len(records))
    table = _table(records, first, second)
    if "row_id" not in table:
        table.insert(0, "row_id", row_ids(table["study"]))
    if "source_locator" not in table:
        table["source_locator"] = located(records, list(zip(first, second, strict=True)), sheet.lines)
    extra, renamed = moderators(
        sheet, spread, mapping, rules, (records.places[first], records.places[second])
    )
    accounted = _accounted(records, {*first.tolist(), *second.tolist()}, len(first), sheet)
    info = info_table(spread.frame, whole.row["study"].to_numpy(dtype=object), mapping.info, rules, source)
    raw = TextTable(
        table,
        sheet.lines[_main(records)][first],
        tuple(problems),
        (*notes, *renamed, accounted),
        sheet.delimiter,
    )
    return Mapped(raw, extra, _left_out(left, sheet), info, _origins(mapping))


def _main(records: Records) -> np.ndarray:
    """Return the row of the sheet that each record mainly comes from."""
    return np.array([lines[0] for lines in records.lines], dtype=np.intp)


def _chosen(sheet: Sheet, mapping: TableMapping) -> tuple[np.ndarray, list[LeftOut]]:
    """Return the rows that [rows] keeps, and the others with the condition that they met."""
    keep = np.ones(len(sheet.frame), dtype=bool)
    left: list[LeftOut] = []
    if mapping.keep:
        keep = holds(sheet.frame, mapping.keep)
        shown = " and ".join(f"{name} is {' or '.join(words)}" for name, words in mapping.keep.items())
        left += [
            LeftOut(int(at), f"left out by the mapping: keep asks that {shown}")
            for at in np.flatnonzero(~keep)
        ]
    if mapping.drop:
        dropped = holds(sheet.frame, mapping.drop) & keep
        shown = " and ".join(f"{name} is {' or '.join(words)}" for name, words in mapping.drop.items())
        left += [
            LeftOut(int(at), f"left out by the mapping: drop where {shown}") for at in np.flatnonzero(dropped)
        ]
        keep &= ~dropped
    return np.flatnonzero(keep), left


def _joined_to_nothing(
    records: Records, compared: set[int], left: Sequence[LeftOut], lines: np.ndarray
) -> list[LeftOut]:
    """Return the rows before training of arms that are in no comparison."""
    used = {at for place in compared for at in records.lines[place]}
    told = {one.at for one in left}
    found: dict[int, LeftOut] = {}
    for place, rows in enumerate(records.lines):
        for at in rows[1:] if place not in compared else ():
            if at not in used and at not in told:
                reason = f"it goes with line {lines[rows[0]]}, which is in no comparison"
                found[at] = replace(records.leave(place, reason), at=at)
    return list(found.values())


def _accounted(records: Records, compared: set[int], comparisons: int, sheet: Sheet) -> str:
    """Say how many rows of the file are in a comparison, and how many in none."""
    used = {at for place in compared for at in records.lines[place]}
    total = len(sheet.frame)
    in_none = f"; {total - len(used)} in none, see left_out" if len(used) < total else ""
    made = f"{comparisons} comparison{'s' * (comparisons != 1)}"
    return f"of {total} rows of the file, {len(used)} are in {made}{in_none}"


def _described(one: LeftOut, sheet: Sheet, mapping: TableMapping) -> LeftOut:
    """Say what a row that became no record is about, where its columns tell."""

    def told(ours: Cells | None) -> str:
        if ours is None or any(name not in sheet.frame for name in (*ours.names, *ours.where)):
            return ""
        return str(cells_of(sheet.frame.iloc[[one.at]], ours, mapping.numbers, number=False)[0])

    return replace(
        one, study=told(mapping.columns.get("study")), outcome=told(mapping.columns.get("outcome"))
    )


def _table(records: Records, first: np.ndarray, second: np.ndarray) -> pd.DataFrame:
    """Return the comparisons: cells of the row from the first arm, where blank from the second."""
    table: dict[str, np.ndarray] = {}
    for name in records.row:
        cells = records.row[name].to_numpy(dtype=object)
        table[str(name)] = np.where(cells[first] == "", cells[second], cells[first])
    for name in records.arm:
        cells = records.arm[name].to_numpy(dtype=object)
        ours = "arm" if name == "name" else str(name)
        table[f"{ours}_e"], table[f"{ours}_c"] = cells[first], cells[second]
    return pd.DataFrame(table, index=pd.RangeIndex(len(first)), dtype="str")


def _left_out(left: Sequence[LeftOut], sheet: Sheet) -> pd.DataFrame:
    """Return the rows that play no part as a table, in the order of the file."""
    table = pd.DataFrame(
        {
            "line": pd.Series([int(sheet.lines[one.at]) for one in left], dtype="int64"),
            **{
                name: pd.Series([getattr(one, name) for one in left], dtype="str")
                for name in ("study", "outcome", "arm", "reason")
            },
        }
    )
    return table.sort_values("line", kind="stable", ignore_index=True)


def _origins(mapping: TableMapping) -> dict[str, str]:
    """Return the columns of the sheet behind ours, for messages."""
    out = {name: " + ".join(cells.names) for name, cells in mapping.columns.items()}
    for name, cells in mapping.arm.items():
        for arm in "ec":
            out[f"{'arm' if name == 'name' else name}_{arm}"] = " + ".join(cells.names)
    effect = mapping.effect.cells if mapping.effect else {}
    for ours, theirs in (("effect", "estimate"), ("ci_low", "low"), ("ci_high", "high")):
        if theirs in effect:
            out[ours] = " + ".join(effect[theirs].names)
    return out
