"""Read a table that others made through a mapping, and check it like any other."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path

import pandas as pd

from evidence.errors import Problem, StudyDataError
from evidence.studies.cells import Checked, check_table
from evidence.studies.columns import COLUMNS, INFO_COLUMNS, OPTIONAL_COLUMNS
from evidence.studies.layout import Mapped, apply_mapping
from evidence.studies.layout_sheet import read_sheet
from evidence.studies.mapping import TableMapping
from evidence.studies.mapping_keys import read_mapping
from evidence.studies.rules import ARM_SIZE, row_problems
from evidence.studies.sidecars import headline

__all__ = ["MappedStudies", "read_mapped"]

_PASSES = 4
"""A blanked cell can uncover one more broken rule of its row, not a chain of them."""


@dataclass(frozen=True)
class MappedStudies:
    """A mapped table, checked.

    Attributes
    ----------
    checked : Checked
        The rows.
    mapped : Mapped
        What came with them.
    info : DataFrame or None
        Facts of the studies, where mapped.
    warnings : DataFrame
        Cells that were blanked, arms of two sizes: ``line, row_id, column, rule, value``.
    """

    checked: Checked
    mapped: Mapped
    info: pd.DataFrame | None
    warnings: pd.DataFrame


def read_mapped(path: Path, mapping: object, source: str) -> MappedStudies:
    """Read and check a table in its author's layout.

    Raises
    ------
    StudyDataError
        Where the mapping or the file is broken, or cells break the rules of their columns.
    """
    rules = read_mapping(mapping)
    mapped = apply_mapping(read_sheet(path, rules.file, source), rules, source)
    table = mapped.table
    if not len(table.frame):
        raise StudyDataError("no comparison is left in the table", source=source, fix=_why_none(mapped))
    if table.problems and not rules.numbers.blank_broken:
        raise StudyDataError(headline(list(table.problems)), source=source, problems=table.problems)
    told = [_blanked(problem, None) for problem in table.problems]
    table = replace(table, problems=(), frame=_known_words(table.frame))
    for _ in range(_PASSES):
        checked = check_table(table, COLUMNS, "row_id", optional=OPTIONAL_COLUMNS)
        problems = [*checked.problems, *row_problems(checked)]
        sizes = [problem for problem in problems if problem.rule == ARM_SIZE]
        broken = [problem for problem in problems if problem.rule != ARM_SIZE]
        passable = [problem for problem in broken if _may_be_blank(problem, rules)]
        if len(passable) < len(broken) or not broken:
            break
        table = replace(table, frame=_without(table.frame, passable))
        told += [_blanked(problem, mapped) for problem in passable]
    if broken:
        broken.sort(key=lambda problem: problem.line or 0)
        problems = _once([_with_origin(one, mapped) for one in broken if not _may_be_blank(one, rules)])
        raise StudyDataError(headline(problems), source=source, problems=problems)
    info = None
    if mapped.info is not None:
        facts = check_table(mapped.info, INFO_COLUMNS, "study")
        if facts.problems:
            problems = [replace(problem, line=None) for problem in facts.problems]
            raise StudyDataError(
                headline(problems), source=f"{source}, [info] of the mapping", problems=problems
            )
        info = facts.table
    return MappedStudies(checked, mapped, info, _as_warnings([*told, *sizes]))


def _known_words(frame: pd.DataFrame) -> pd.DataFrame:
    """Write words of the vocabulary as it does: those of the sheet may differ in case."""
    for column in (*COLUMNS, *OPTIONAL_COLUMNS):
        if column.words and column.name in frame:
            known = {word.casefold(): word for word in column.words}
            changes = {
                word: known[word.casefold()]
                for word in frame[column.name].unique()
                if word not in column.words and word.casefold() in known
            }
            frame = frame.assign(**{column.name: frame[column.name].replace(changes)}) if changes else frame
    return frame


def _once(problems: list[Problem]) -> list[Problem]:
    """Name a broken word once, at its first row, with the number of rows: a mapping mends them together."""
    groups: dict[tuple[str, str | None, str | None], list[Problem]] = {}
    for problem in problems:
        groups.setdefault((problem.rule, problem.column, problem.value), []).append(problem)
    return [
        replace(same[0], fix=f"in {len(same)} rows; {same[0].fix}") if len(same) > 1 else same[0]
        for same in groups.values()
    ]


def _why_none(mapped: Mapped) -> str:
    """Say what became of the rows."""
    if not len(mapped.left_out):
        return "the file has no row below its header"
    reasons = mapped.left_out["reason"].value_counts()
    return "; ".join(f"{count} rows: {reason}" for reason, count in reasons.head(3).items())


def _may_be_blank(problem: Problem, rules: TableMapping) -> bool:
    """Say whether the mapping lets a broken cell of this column become blank."""
    column = problem.column or ""
    if column in ("row_id", "study", "outcome") or problem.row is None or not problem.value:
        return False
    cells = rules.columns.get(column) or rules.arm.get("name" if column[:-2] == "arm" else column[:-2])
    return rules.numbers.blank_broken or (cells is not None and cells.blank_broken)


def _without(frame: pd.DataFrame, problems: list[Problem]) -> pd.DataFrame:
    """Blank the broken cells."""
    places = {str(name): at for at, name in enumerate(frame["row_id"].str.strip())}
    frame = frame.copy()
    for column in {str(problem.column) for problem in problems}:
        cells = frame[column].to_numpy(dtype=object).copy()
        cells[[places[str(problem.row)] for problem in problems if problem.column == column]] = ""
        frame[column] = pd.Series(cells, dtype="str")
    return frame


def _blanked(problem: Problem, mapped: Mapped | None) -> Problem:
    named = problem if mapped is None else _with_origin(problem, mapped)
    return replace(named, rule=f"{problem.rule}; the cell was left blank")


def _with_origin(problem: Problem, mapped: Mapped) -> Problem:
    """Name the column of the sheet beside ours, and the ways out that a mapping has."""
    theirs = mapped.origin.get(problem.column or "")
    fix = problem.fix
    if "decimal comma" in fix:
        fix = 'write decimal = "," in [numbers]; marks of thousands: thousands = "."'
    elif "not a number" in fix or "leave the cell blank" in fix:
        fix += '; or name the word in missing of [numbers], or write unreadable = "blank" there'
    elif fix == "fill it in":
        fix += "; see fill_down, skip_lines and comment of [file], drop of [rows], or write a default"
    elif "the words are" in fix:
        fix += f"; translate theirs in [words.{problem.column}]"
    column = f"{problem.column} (from {theirs})" if theirs else problem.column
    return replace(problem, column=column, fix=fix)


def _as_warnings(problems: list[Problem]) -> pd.DataFrame:
    return pd.DataFrame(
        {
            "line": pd.Series([problem.line or 0 for problem in problems], dtype="int64"),
            "row_id": pd.Series([problem.row or "" for problem in problems], dtype="str"),
            "column": pd.Series([problem.column or "" for problem in problems], dtype="str"),
            "rule": pd.Series([problem.rule for problem in problems], dtype="str"),
            "value": pd.Series([problem.value or "" for problem in problems], dtype="str"),
        }
    )
