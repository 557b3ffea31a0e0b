"""How a file seems to be laid out: where its header is, whether units stand below it, what is left blank."""

from __future__ import annotations

from pathlib import Path

import pandas as pd

from evidence.studies.layout_sheet import Record, Sheet, read_records, read_sheet
from evidence.studies.mapping import Cells, FileRules, NumberRules
from evidence.studies.mapping_numbers import ABSENT, clean_number, is_plain

__all__ = ["guess_file", "looks_numeric", "number_like"]

_LOOKED_AT = 15
_SAMPLE = 500
"""Distinct cells that are looked at: a column shows by far fewer whether it holds numbers."""
_PLAIN = NumberRules(decimal=".")
_COMMA = NumberRules(decimal=",")
_ANY = Cells("", ())


def number_like(word: str) -> bool:
    """Say whether a cell is a number, with a point or a comma; p values with their sign are."""
    bare = word.strip().lstrip("pP<>=≤≥ ")
    return is_plain(clean_number(bare, _PLAIN, _ANY)) or is_plain(clean_number(bare, _COMMA, _ANY))


def looks_numeric(cells: pd.Series, *, share: float = 0.6) -> bool:
    """Say whether most of the filled cells of a column are numbers."""
    words = [str(word) for word in cells.unique()[:_SAMPLE] if word and str(word).casefold() not in ABSENT]
    return bool(words) and sum(map(number_like, words)) >= share * len(words)


def guess_file(path: Path, source: str, *, sheet: str = "") -> tuple[FileRules, Sheet]:
    """Return the rules by which a file is best read, and the sheet read by them."""
    records, _, _ = read_records(path, FileRules(sheet=sheet), source)
    remarks = sum(next(filter(None, row), "").startswith("#") for _, row in records)
    rules = FileRules(sheet=sheet, comment="#" if remarks else "")
    body = [(line, row) for line, row in records if any(row) and not next(filter(None, row)).startswith("#")]
    header = _header_lines(body)
    first = next((line for line, _ in body), 1)
    if header and header != (first,):
        rules = FileRules(sheet=sheet, comment=rules.comment, header=header)
    read = read_sheet(path, rules, source)
    if _units_below(read.frame):
        rules = FileRules(sheet=sheet, comment=rules.comment, header=rules.header, below_header=1)
        read = read_sheet(path, rules, source)
    return rules, read


def _header_lines(body: list[Record]) -> tuple[int, ...]:
    """Return the line of the header, or of two where headings stand over groups of columns."""
    start = body[:_LOOKED_AT]
    filled = [sum(map(bool, row)) for _, row in start]
    widest = max((sum(map(bool, row)) for _, row in body[: 4 * _LOOKED_AT]), default=0)
    at = next((at for at, count in enumerate(filled) if count >= 2 and count >= 0.4 * widest), None)
    if at is None:
        return ()
    line, row = start[at]
    names = [cell for cell in row if cell]
    if at and len(set(names)) < len(names):
        # Names that come twice stand under headings of groups, which fill too few cells to be the header.
        above_line, above = start[at - 1]
        groups = [cell for cell in above if cell]
        if len(groups) >= 2 and not any(map(number_like, groups)):
            return (above_line, line)
    if at + 1 < len(start):
        below_line, below = start[at + 1]
        gaps = sum(1 for upper, lower in zip(row, below, strict=False) if not upper and lower)
        texts = [cell for cell in below if cell]
        if gaps >= 2 and texts and not any(map(number_like, texts)):
            return (line, below_line)
    return (line,)


def _units_below(frame: pd.DataFrame) -> bool:
    """Say whether the first row holds units: words, in columns that otherwise hold numbers."""
    if len(frame) < 3:
        return False
    numeric = [name for name in frame if looks_numeric(frame[name].iloc[1:], share=0.9)]
    first = [str(frame[name].iloc[0]) for name in numeric]
    told = [word for word in first if word and word.casefold() not in ABSENT]
    return len(told) >= 2 and not any(map(number_like, told)) and 2 * len(told) >= len(numeric)
