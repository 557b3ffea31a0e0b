"""The cells of an .xlsx sheet as text. A workbook stores numbers, not what was typed.

So `1.50` is stored as 1.5: the zeros come back only where the format of the cell asks for them (`0.00`).
"""

from __future__ import annotations

import io
import re
import warnings
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, time
from itertools import takewhile
from typing import Any

from evidence._check import nearest
from evidence.errors import StudyDataError

__all__ = ["SheetCells", "read_workbook"]

_PLAIN_FORMAT = re.compile(r"(?:#,##)?0(?:\.(0+))?")
_STORED = "a workbook stores numbers: zeros at the end of a number are read only where its format shows them"


@dataclass(frozen=True)
class SheetCells:
    """The rows of one sheet, all of one width, without the blank ones.

    Attributes
    ----------
    rows : list of list of str
        The cells.
    lines : list of int
        Row of the sheet, from 1.
    notes : tuple of str
        What a reader should know of how they were read.
    """

    rows: list[list[str]]
    lines: list[int]
    notes: tuple[str, ...]


def read_workbook(content: bytes, *, source: str, sheet: str = "") -> SheetCells:
    """Read one sheet of a workbook as text.

    Parameters
    ----------
    content : bytes
        The workbook.
    source : str
        The file as the user named it.
    sheet : str, optional
        Name of the sheet; the first one by default.

    Raises
    ------
    StudyDataError
        Where openpyxl is not installed, the file is no workbook, or the sheet is not in it.
    """
    try:
        import openpyxl
    except ImportError:
        fix = 'install it with: pip install "evidence[excel]", or save the sheet as "CSV UTF-8"'
        raise StudyDataError("reading .xlsx needs the package openpyxl", source=source, fix=fix) from None
    try:
        with warnings.catch_warnings():
            # It warns of what it does not keep (styles, validations): none of that is a cell.
            warnings.simplefilter("ignore")
            book = openpyxl.load_workbook(io.BytesIO(content), read_only=True, data_only=True)
    except (zipfile.BadZipFile, KeyError, ValueError, OSError, TypeError) as error:
        rule = "the file is an .xlsx workbook that can be opened"
        fix = f'save it from the spreadsheet as .xlsx or "CSV UTF-8"  [{type(error).__name__}]'
        raise StudyDataError(rule, source=source, fix=fix) from None
    try:
        names = list(book.sheetnames)
        if sheet and sheet not in names:
            close = nearest(sheet, names)
            hint = f"did you mean {close}? " if close else ""
            fix = f"{hint}the sheets are {', '.join(names)}"
            raise StudyDataError(
                "a sheet is named that the workbook has", value=sheet, source=source, fix=fix
            )
        chosen = book[sheet or names[0]]
        rows, lines = _rows(chosen.iter_rows())
    finally:
        book.close()
    unsaved = _formulas_without_value(content, sheet or names[0])
    notes = [f"read from the sheet {sheet or names[0]!r}", _STORED]
    if not sheet and len(names) > 1:
        notes[0] += f", the first of {len(names)}: {', '.join(names)}"
    if unsaved:
        shown = ", ".join(unsaved[:10]) + (" ..." if len(unsaved) > 10 else "")
        notes.append(
            f"formulas without a stored value were read as blank, {len(unsaved)} in all: {shown}; "
            "open the workbook in a spreadsheet and save it"
        )
    return SheetCells(rows, lines, tuple(notes))


def _formulas_without_value(content: bytes, sheet: str) -> list[str]:
    """Name the cells whose formula was never computed: programs that write workbooks leave such cells."""
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        sheets = [name for name in archive.namelist() if name.startswith("xl/worksheets/")]
        if not any(re.search(rb"<f[ >]", archive.read(name)) for name in sheets):
            return []
    import openpyxl

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        books = [
            openpyxl.load_workbook(io.BytesIO(content), read_only=True, data_only=only)
            for only in (False, True)
        ]
    try:
        pairs = zip(*(book[sheet].iter_rows() for book in books), strict=True)
        return [
            formula.coordinate
            for formulas, values in pairs
            for formula, value in zip(formulas, values, strict=True)
            if isinstance(formula.value, str) and formula.value.startswith("=") and value.value is None
        ]
    finally:
        for book in books:
            book.close()


def _rows(cells: Iterator[tuple[Any, ...]]) -> tuple[list[list[str]], list[int]]:
    """Return the rows that have a value, padded to one width."""
    rows: list[list[str]] = []
    lines: list[int] = []
    for line, row in enumerate(cells, start=1):
        texts = [_text(cell.value, getattr(cell, "number_format", "") or "") for cell in row]
        if any(texts):
            rows.append(texts)
            lines.append(line)
    # A sheet goes on to the right of its data where a cell was once formatted: blank there in all rows.
    width = max(
        (len(row) - sum(1 for _ in takewhile(lambda text: not text, reversed(row))) for row in rows),
        default=0,
    )
    return [(row + [""] * width)[:width] for row in rows], lines


def _text(value: object, shown: str) -> str:
    """Write one cell as the sheet shows it, as far as its format is a plain one."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "TRUE" if value else "FALSE"
    if isinstance(value, int | float):
        return _number(float(value), shown)
    if isinstance(value, datetime):
        return value.date().isoformat() if value.time() == time() else value.isoformat(sep=" ")
    if isinstance(value, date | time):
        return value.isoformat()
    return str(value)


def _number(value: float, shown: str) -> str:
    """Write a number with the 15 digits that a spreadsheet keeps, and the zeros that its format shows."""
    plain = f"{value:.15g}"
    found = _PLAIN_FORMAT.fullmatch(shown)
    if found is None or "e" in plain:
        return plain
    fixed = f"{value:.{len(found[1] or '')}f}"
    # A format that hides digits does not take them away: the stored number outranks the shown one.
    return fixed if float(fixed) == float(plain) else plain
