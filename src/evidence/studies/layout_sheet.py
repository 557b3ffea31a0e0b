"""Read a sheet in its author's layout: title lines, unit rows, remarks, merged cells, any column names."""

from __future__ import annotations

import csv
import io
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from evidence._check import nearest
from evidence.errors import Problem, StudyDataError
from evidence.studies.mapping import FileRules
from evidence.studies.textbytes import decoded, file_bytes, is_spreadsheet
from evidence.studies.workbook import read_workbook

__all__ = ["Record", "Sheet", "read_records", "read_sheet", "unknown_column"]

_DELIMITERS = (",", ";", "\t", "|")
_LOOKED_AT = 50
_LISTED = 60

Record = tuple[int, list[str]]
"""Line of the file (row of the sheet), from 1, and the cells."""


@dataclass(frozen=True)
class Sheet:
    """A table in its author's layout.

    Attributes
    ----------
    frame : DataFrame
        The cells as str, stripped; a column per name of the header.
    lines : ndarray of int
        Line of the file on which each row begins.
    notes : tuple of str
        What was passed over or named anew.
    delimiter : str
        What separates the cells; an empty string for a workbook.
    """

    frame: pd.DataFrame
    lines: np.ndarray
    notes: tuple[str, ...]
    delimiter: str


def unknown_column(name: str, names: Iterable[str]) -> str:
    """Return the way out of a column name that the file does not have."""
    names = list(names)
    close = nearest(name, names)
    more = f" and {len(names) - _LISTED} more" if len(names) > _LISTED else ""
    hint = f"did you mean {close!r}? " if close else ""
    return f"{hint}the columns are {', '.join(names[:_LISTED])}{more}"


def read_sheet(path: Path, rules: FileRules, source: str) -> Sheet:
    """Read a delimited text file or a workbook by the rules of a mapping.

    Parameters
    ----------
    path : Path
        The file.
    rules : FileRules
        The section ``[file]`` of the mapping.
    source : str
        The file as the user named it.

    Raises
    ------
    StudyDataError
        Where it cannot be read, its header is not found, or a row has more cells than the header.
    """
    records, delimiter, notes = read_records(path, rules, source)
    header, body = _header(records, rules, source)
    width = len(header)
    first = rules.header[0] if rules.header else 0
    titles = sum(1 for line, row in records if line < first and any(row))
    if titles:
        notes.append(_passed(titles, "line{s} above the header"))
    body = [(line, row) for line, row in body if any(row)]
    if rules.below_header:
        notes.append(
            _passed(min(rules.below_header, len(body)), "line{s} below the header (units or the like)")
        )
        body = body[rules.below_header :]
    if rules.comment:
        remarks = [line for line, row in body if next(filter(None, row)).startswith(rules.comment)]
        notes += [_passed(len(remarks), "line{s} of remarks")] if remarks else []
        body = [record for record in body if record[0] not in set(remarks)]
    if rules.skip_lines:
        skipped = set(rules.skip_lines)
        notes.append(f"lines left out by the mapping: {', '.join(map(str, rules.skip_lines))}")
        body = [record for record in body if record[0] not in skipped]
    _fit(body, width, source)
    lines = np.array([line for line, _ in body], dtype=np.intp)
    frame = pd.DataFrame([row for _, row in body], columns=range(width), dtype=object)
    names, kept, named = _names(header, frame)
    frame = frame.loc[:, kept]
    frame.columns = pd.Index(names)
    frame = _filled_down(frame, rules.fill_down, source)
    return Sheet(frame, lines, (*notes, *named), delimiter)


def read_records(path: Path, rules: FileRules, source: str) -> tuple[list[Record], str, list[str]]:
    """Return every record of the file with its line, the delimiter, and notes.

    Raises
    ------
    StudyDataError
        Where the file cannot be read, or a quote is not closed.
    """
    content = file_bytes(path, source)
    if is_spreadsheet(content):
        cells = read_workbook(content, source=source, sheet=rules.sheet)
        rows = [[" ".join(cell.split()) for cell in row] for row in cells.rows]
        return list(zip(cells.lines, rows, strict=True)), "", list(cells.notes)
    raw, notes = decoded(content, source, encoding=rules.encoding, guess=True)
    text = raw.decode("utf-8")
    delimiter, offset = rules.delimiter, 0
    start = text[:20].splitlines()[0].strip().strip('"').casefold() if text.strip() else ""
    if start.startswith("sep=") and len(start) == 5:  # a line that spreadsheets write for each other
        delimiter, offset = delimiter or start[4], 1
        text = text.split("\n", 1)[1] if "\n" in text else ""
    delimiter = delimiter or _delimiter(text)
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
    records: list[Record] = []
    line = 1 + offset
    try:
        for row in reader:
            records.append((line, [cell.strip() for cell in row]))
            line = reader.line_num + 1 + offset
    except csv.Error as error:
        rule = "a quoted cell ends with a quote, and a delimiter or a line end follows it"
        fix = f'close the quotes of this line, and double those inside a cell: ""  [{error}]'
        raise StudyDataError(rule, line=line, source=source, fix=fix) from None
    return records, delimiter, notes


def _delimiter(text: str) -> str:
    """Choose the delimiter that cuts most of the first records into one and the same number of cells."""
    start = "\n".join(text[:200_000].splitlines()[:_LOOKED_AT])
    best, chosen = (0.0, 0), ","
    for candidate in _DELIMITERS:
        rows = [row for row in csv.reader(io.StringIO(start, newline=""), delimiter=candidate) if any(row)]
        counts = Counter(len(row) for row in rows)
        width, often = max(counts.items(), key=lambda item: (item[0] > 1, item[1], item[0]), default=(1, 0))
        score = (round(often / max(len(rows), 1), 1) if width > 1 else 0.0, width)
        if score > best:
            best, chosen = score, candidate
    return chosen


def _header(records: Sequence[Record], rules: FileRules, source: str) -> tuple[list[str], list[Record]]:
    """Return the names of the columns and the records below them.

    Raises
    ------
    StudyDataError
        Where there is no such line.
    """
    filled = [at for at, (_, row) in enumerate(records) if any(row) and not _is_remark(row, rules.comment)]
    if not filled:
        raise StudyDataError("the sheet is empty", source=source, fix="its first line names the columns")
    if not rules.header:
        return [_tidy(name) for name in records[filled[0]][1]], list(records[filled[0] + 1 :])
    by_line = {line: at for at, (line, _) in enumerate(records)}
    for line in rules.header:
        if line not in by_line:
            rule = "mapping key file.header: a line of the file is named"
            fix = f"lines with cells begin on {', '.join(str(records[at][0]) for at in filled[:10])}"
            raise StudyDataError(rule, value=str(line), source=source, fix=fix)
    rows = [[_tidy(name) for name in records[by_line[line]][1]] for line in rules.header]
    width = max(len(row) for row in rows)
    rows = [row + [""] * (width - len(row)) for row in rows]
    # A merged heading stands over several columns and has its text in the first of them alone.
    upper = [_filled_right(row) for row in rows[:-1]]
    names = ["_".join(filter(None, parts)) for parts in zip(*upper, rows[-1], strict=True)]
    return names, list(records[by_line[rules.header[-1]] + 1 :])


def _is_remark(row: Sequence[str], comment: str) -> bool:
    return bool(comment) and next(filter(None, row), "").startswith(comment)


def _tidy(name: str) -> str:
    """Write a column's name on one line."""
    return " ".join(name.split())


def _filled_right(row: Sequence[str]) -> list[str]:
    out: list[str] = []
    for cell in row:
        out.append(cell or (out[-1] if out else ""))
    return out


def _fit(body: list[Record], width: int, source: str) -> None:
    """Bring each row to the width of the header: blank cells at its end may be missing or too many.

    Raises
    ------
    StudyDataError
        Where a row has values beyond the last column.
    """
    problems = []
    for line, row in body:
        if len(row) > width:
            if any(row[width:]):
                rule = f"a line has no more cells than the header ({width})"
                fix = "quote a cell that holds the delimiter, or name the line in skip_lines of [file]"
                problems.append(Problem(rule, line=line, value=f"{len(row)} cells", fix=fix))
            del row[width:]
        elif len(row) < width:
            row.extend([""] * (width - len(row)))
    if problems:
        raise StudyDataError("the table is ragged", source=source, problems=problems)


def _names(header: Sequence[str], frame: pd.DataFrame) -> tuple[list[str], list[bool], list[str]]:
    """Name every column that has values, each in its own way; columns without either are dropped."""
    names: list[str] = []
    kept: list[bool] = []
    notes: list[str] = []
    taken = set(filter(None, header))
    counts: Counter[str] = Counter()
    for at, name in enumerate(header):
        kept.append(bool(name) or bool((frame[at] != "").any()))
        if not kept[-1]:
            continue
        counts[name] += 1
        if not name:
            new = f"column {at + 1}"
            notes.append(f"column {at + 1} has no name: it is called {new!r}")
        elif counts[name] > 1:
            new = f"{name} ({counts[name]})"
            while new in taken:
                counts[name] += 1
                new = f"{name} ({counts[name]})"
            notes.append(f"the name {name!r} occurs again in column {at + 1}: it is called {new!r}")
        else:
            new = name
        taken.add(new)
        names.append(new)
    return names, kept, notes


def _filled_down(frame: pd.DataFrame, names: Sequence[str], source: str) -> pd.DataFrame:
    """Fill blank cells with the one above, as merged cells mean it.

    Raises
    ------
    StudyDataError
        Where there is no such column.
    """
    for name in names:
        if name not in frame:
            rule = "mapping key file.fill_down names a column of the file"
            fix = unknown_column(name, frame.columns)
            raise StudyDataError(rule, column=name, value=name, source=source, fix=fix)
        cells = frame[name].to_numpy(dtype=object)
        last = np.maximum.accumulate(np.where(cells != "", np.arange(len(cells)), 0))
        frame[name] = cells[last] if len(cells) else cells
    return frame


def _passed(count: int, what: str) -> str:
    return f"{count} {what.format(s='s' * (count != 1))} {'was' if count == 1 else 'were'} passed over"
