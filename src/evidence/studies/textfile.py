"""From the bytes of a delimited file to a table of text, with the line that each row began on.

Two readers, one result. The usual files go through pandas' C parser after a scan of the bytes has shown that
every record has the header's number of fields and that quotes only stand where a field begins or ends. All
others go through the `csv` module in its strict mode, which is slower and can say what is wrong and where.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import pandas as pd

from evidence.errors import Problem, StudyDataError
from evidence.studies.textbytes import decoded, file_bytes, is_spreadsheet
from evidence.studies.workbook import read_workbook

__all__ = ["TextTable", "read_bytes", "read_text_table"]

_DELIMITERS = (",", ";", "\t")
_BLOCK = 1 << 18
"""Bytes that are scanned at a time: what fits a processor's cache is scanned several times as fast."""
_QUOTE, _LF, _CR = b'"'[0], b"\n"[0], b"\r"[0]


@dataclass(frozen=True)
class TextTable:
    """A delimited file as text.

    Attributes
    ----------
    frame : DataFrame
        All cells as str, one column per header name, blank lines left out.
    lines : ndarray of int
        Line of the file on which each row begins, the header being line 1.
    problems : tuple of Problem
        Ragged lines; their rows are not in `frame`.
    notes : tuple of str
        What was passed over: blank lines, columns without a name or a value; how the bytes were read.
    delimiter : str
        What separates the cells; an empty string for a workbook.
    """

    frame: pd.DataFrame
    lines: np.ndarray
    problems: tuple[Problem, ...]
    notes: tuple[str, ...]
    delimiter: str = ","


def read_bytes(path: Path, source: str) -> bytes:
    """Return the bytes of a text file as UTF-8, without a byte order mark.

    Raises
    ------
    StudyDataError
        Where the file is missing, a folder, empty, a spreadsheet, or not UTF-8 (nor UTF-16).
    """
    return decoded(file_bytes(path, source), source)[0]


def read_text_table(path: Path, *, known: Iterable[str], source: str, guess: bool = False) -> TextTable:
    """Read a comma, semicolon or tab separated file, or the first sheet of a workbook, as text.

    Parameters
    ----------
    path : Path
        The file: UTF-8 with or without byte order mark or UTF-16, any line ends, quoted newlines; or .xlsx.
    known : iterable of str
        Column names that may occur: the delimiter is the one that makes most of them appear.
    source : str
        The file as the user named it.
    guess : bool, default False
        Whether a file that is not UTF-8 may be read as Windows-1252, with a note.

    Raises
    ------
    StudyDataError
        Where the file cannot be read as such a table at all, or a column name occurs twice.
    """
    content = file_bytes(path, source)
    if is_spreadsheet(content):
        return _of_workbook(content, source)
    raw, decoding = decoded(content, source, guess=guess)
    delimiter, header = _header(raw, set(known), source)
    scan = _scan(raw, delimiter)
    if scan is not None and (np.isin(scan.fields, (1, len(header)))).all():
        frame, lines = _parse_fast(raw, delimiter, len(header)), scan.lines
        problems: list[Problem] = []
        if len(header) > 1:
            # One field is only right on a blank line: `a` alone is a ragged line, which the scan cannot tell.
            alone = (scan.fields == 1) & (frame[0].to_numpy() != "")
            if alone.any():
                frame, lines, problems = _parse_strict(raw, delimiter, len(header), source)
    else:
        frame, lines, problems = _parse_strict(raw, delimiter, len(header), source)
    blank = _blank(frame)
    notes = [_passed_over(int(blank.sum()), "blank line{s}")] if blank.any() else []
    frame, lines = frame[~blank].iloc[1:].reset_index(drop=True), lines[~blank][1:]
    frame.columns = pd.Index(header)
    return _named(TextTable(frame, lines, tuple(problems), (*decoding, *notes), delimiter), source)


def _of_workbook(content: bytes, source: str) -> TextTable:
    """Return the first sheet of a workbook, its first row being the header.

    Raises
    ------
    StudyDataError
        Where it has no rows, or its header is broken.
    """
    sheet = read_workbook(content, source=source)
    if not sheet.rows:
        raise StudyDataError("the sheet is empty", source=source, fix="its first row names the columns")
    header = [name.strip() for name in sheet.rows[0]]
    frame = pd.DataFrame(sheet.rows[1:], columns=range(len(header)), dtype=str)
    frame.columns = pd.Index(header)
    lines = np.array(sheet.lines[1:], dtype=np.intp)
    return _named(TextTable(frame, lines, (), sheet.notes, ""), source)


def _named(table: TextTable, source: str) -> TextTable:
    """Drop columns without a name or a value; the names that stay are there once.

    Raises
    ------
    StudyDataError
        Where a column without a name has values, or a name occurs twice.
    """
    frame, dropped = _unnamed(table.frame, source)
    _no_duplicates(list(frame.columns), source)
    return replace(table, frame=frame, notes=(*table.notes, *dropped))


def _blank(frame: pd.DataFrame) -> np.ndarray:
    """Mark the rows without a value; only rows whose first cell is blank need a closer look."""
    blank = (frame[0] == "").to_numpy(dtype=bool, copy=True)
    blank[blank] = (frame[blank] == "").all(axis=1).to_numpy(dtype=bool)
    return blank


def _header(raw: bytes, known: set[str], source: str) -> tuple[str, list[str]]:
    """Find the delimiter and the column names.

    Raises
    ------
    StudyDataError
        Where the first line cannot be split.
    """
    start = raw.lstrip()[:200_000].decode("utf-8", errors="ignore")
    best, why = (-1, -1), ""
    delimiter, header = "", [""]
    for candidate in _DELIMITERS:
        try:
            names = next(csv.reader(io.StringIO(start, newline=""), delimiter=candidate, strict=True))
        except csv.Error as error:  # quoted names with another delimiter between them
            why = str(error)
            continue
        names = [name.strip() for name in names]
        score = (len(known & set(names)), len(names))
        if score > best:
            best, delimiter, header = score, candidate, names
    if not delimiter or (why and not best[0]):
        fix = f'close the quotes, and double those inside a name: ""  [{why}]'
        raise StudyDataError("the first line names the columns", line=1, source=source, fix=fix)
    return delimiter, header


@dataclass(frozen=True)
class _Scan:
    fields: np.ndarray
    lines: np.ndarray


def _scan(raw: bytes, delimiter: str) -> _Scan | None:
    """Count the fields of each record; None where quotes stand in unusual places.

    A byte is inside quotes where an odd number of quotes came before it: doubled quotes switch twice, so
    they need no case of their own. UTF-8 bytes of other characters are never ASCII bytes.
    """
    data = np.frombuffer(raw, np.uint8)
    found: list[tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]] = []
    carry = False
    for start in range(0, len(data), _BLOCK):
        block = data[start : start + _BLOCK]
        newline = block == _LF
        returns = np.flatnonzero(block == _CR)
        if len(returns):  # a line ends with CR LF, which the LF has marked, or with CR alone
            newline[returns[_neighbour(data, returns + start, 1, _CR) != _LF]] = True
        separator, quote = block == ord(delimiter), block == _QUOTE
        breaks = np.flatnonzero(newline)
        if carry or quote.any():
            outside = ~(np.bitwise_xor.accumulate(quote) ^ carry)
            newline &= outside
            separator &= outside
            carry = not outside[-1]
        parts = (np.flatnonzero(newline), np.flatnonzero(separator), breaks, np.flatnonzero(quote))
        found.append(tuple(part + start for part in parts))  # type: ignore[arg-type]
    ends, separators, breaks, quotes = (np.concatenate(part) for part in zip(*found, strict=True))
    if carry or not _quotes_at_edges(data, quotes, ord(delimiter)):
        return None
    if not len(ends) or ends[-1] != len(data) - 1:
        ends = np.append(ends, len(data))
    fields = np.diff(np.searchsorted(separators, ends), prepend=0) + 1
    starts = np.append(0, ends[:-1] + 1)
    return _Scan(fields, np.searchsorted(breaks, starts) + 1)


def _neighbour(data: np.ndarray, at: np.ndarray, step: int, beyond: int) -> np.ndarray:
    """Return the bytes beside some places; `beyond` stands before the first and after the last."""
    place = at + step
    there = (place >= 0) & (place < len(data))
    return np.where(there, data[np.where(there, place, 0)], np.uint8(beyond))


def _quotes_at_edges(data: np.ndarray, quotes: np.ndarray, delimiter: int) -> bool:
    """Tell whether each opening quote follows, and each closing one precedes, an edge of a field.

    Quotes open and close by turns; of a doubled pair inside a cell each stands beside the other.
    """
    edges = [delimiter, _LF, _CR, _QUOTE]
    before, after = _neighbour(data, quotes[::2], -1, _LF), _neighbour(data, quotes[1::2], 1, _LF)
    return bool(np.isin(before, edges).all() and np.isin(after, edges).all())


def _parse_fast(raw: bytes, delimiter: str, width: int) -> pd.DataFrame:
    """Parse a file that the scan found regular."""
    return pd.read_csv(
        io.BytesIO(raw),
        sep=delimiter,
        header=None,
        names=list(range(width)),
        index_col=False,
        dtype=str,
        na_filter=False,
        skip_blank_lines=False,
    )


def _parse_strict(
    raw: bytes, delimiter: str, width: int, source: str
) -> tuple[pd.DataFrame, np.ndarray, list[Problem]]:
    """Parse any file with the `csv` module, setting ragged lines aside.

    Raises
    ------
    StudyDataError
        Where a quote is not closed, or closes before its cell ends.
    """
    reader = csv.reader(io.StringIO(raw.decode("utf-8"), newline=""), delimiter=delimiter, strict=True)
    rows: list[list[str]] = []
    lines: list[int] = []
    problems: list[Problem] = []
    start = 1
    try:
        for row in reader:
            if len(row) == width or not "".join(row).strip():
                rows.append(row if len(row) == width else [""] * width)
                lines.append(start)
            else:
                problems.append(_ragged(row, width, start))
            start = reader.line_num + 1
    except csv.Error as error:
        rule = "a quoted cell ends with a quote, and a delimiter or a line end follows it"
        fix = f'close the quotes of this line, and double those inside a cell: ""  [{error}]'
        raise StudyDataError(rule, line=start, source=source, fix=fix) from None
    return pd.DataFrame(rows, columns=range(width), dtype=str), np.array(lines, dtype=np.intp), problems


def _ragged(row: list[str], width: int, line: int) -> Problem:
    fix = "quote a cell that holds the delimiter" if len(row) > width else "add the missing delimiters"
    rule = f"a line has as many cells as the header ({width})"
    return Problem(rule, line=line, row=row[0].strip() or None, value=f"{len(row)} cells", fix=fix)


def _unnamed(frame: pd.DataFrame, source: str) -> tuple[pd.DataFrame, list[str]]:
    """Drop columns that have neither a name nor a value: spreadsheets leave them behind.

    Raises
    ------
    StudyDataError
        Where a column without a name has values.
    """
    unnamed = np.array([name == "" for name in frame.columns])
    if not unnamed.any():
        return frame, []
    filled = (frame.loc[:, unnamed] != "").any(axis=0).to_numpy()
    if filled.any():
        place = int(np.flatnonzero(unnamed)[filled][0]) + 1
        rule = "each column has a name in the first line"
        raise StudyDataError(
            rule, line=1, value=f"column {place} has none", source=source, fix="give it a name"
        )
    return frame.loc[:, ~unnamed], [_passed_over(int(unnamed.sum()), "column{s} without a name or a value")]


def _passed_over(count: int, what: str) -> str:
    """Return the note on what was passed over: "1 blank line was ...", "2 blank lines were ..."."""
    return f"{count} {what.format(s='s' * (count != 1))} {'was' if count == 1 else 'were'} passed over"


def _no_duplicates(names: list[str], source: str) -> None:
    twice = [name for i, name in enumerate(names) if name in names[:i]]
    if twice:
        rule = "a column stands in the file once"
        problems = [
            Problem(rule, line=1, column=name, value=name, fix="rename or remove one") for name in twice
        ]
        raise StudyDataError("the header is broken", source=source, problems=problems)
