"""Check each cell of a table of text against the record of its column."""

from __future__ import annotations

import difflib
import math
import re
from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass

import numpy as np
import pandas as pd

from evidence._check import nearest
from evidence.errors import Problem, StudyDataError
from evidence.studies.column import Column, parse_p
from evidence.studies.textfile import TextTable

__all__ = ["Checked", "Rows", "check_columns", "check_table"]

_NUMBER = re.compile(r"[+-]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]+)?")
_STRANGE = re.compile(r"[^0-9eE+.-]")
_MISSPELT = 0.85
"""Similarity from which a word of one's own is taken for a misspelling of a known one."""


@dataclass(frozen=True)
class Rows:
    """Names of the rows, for messages."""

    lines: np.ndarray
    ids: Sequence[str]

    def problem(self, at: int, rule: str, column: str, value: str, fix: str = "") -> Problem:
        """Make the problem of one cell."""
        return Problem(rule, int(self.lines[at]), self.ids[at] or None, column, value, fix)


@dataclass(frozen=True)
class Checked:
    """A table whose cells were checked.

    Attributes
    ----------
    text : DataFrame
        All known columns as printed; those that the file lacks are blank.
    table : DataFrame
        The same with number columns as float64 (NaN for blank) and the other cells stripped.
    rows : Rows
        Lines and names.
    problems : list of Problem
        Every broken cell.
    """

    text: pd.DataFrame
    table: pd.DataFrame
    rows: Rows
    problems: list[Problem]


def check_columns(
    names: Iterable[str], columns: Sequence[Column], optional: Sequence[Column] = ()
) -> list[Problem]:
    """Compare the header with the known columns."""
    names, known = list(names), [column.name for column in columns]
    more = [column.name for column in optional]
    problems = []
    for name in names:
        if name not in known and name not in more:
            close = nearest(name, [*known, *more])
            fix = f"did you mean {close}?" if close else f"the columns are {', '.join(known)}"
            problems.append(Problem("a column is one that the codebook knows", 1, None, name, name, fix))
    for column in columns:
        if column.required and column.name not in names:
            fix = f"add it: {column.help[0].lower()}{column.help[1:]}"
            problems.append(Problem("a required column is there", 1, None, column.name, None, fix))
    return problems


def check_table(
    raw: TextTable, columns: Sequence[Column], key: str, *, optional: Sequence[Column] = ()
) -> Checked:
    """Check every cell by itself.

    Parameters
    ----------
    raw : TextTable
        The file as text.
    columns : sequence of Column
        What the columns hold.
    key : str
        Column that names the rows and may not repeat.
    optional : sequence of Column, default ()
        Columns that are part of the table only where the file has them.
    """
    problems = check_columns(raw.frame.columns, columns, optional)
    columns = [*columns, *(column for column in optional if column.name in raw.frame)]
    count = len(raw.frame)
    blank = pd.Series(np.full(count, "", dtype=object), dtype="str")
    text = {c.name: raw.frame.get(c.name, blank) for c in columns}
    ids = [name.strip() for name in text[key]] if key in raw.frame else [""] * count
    rows = Rows(raw.lines, ids)
    table: dict[str, pd.Series] = {}
    for column in columns:
        table[column.name] = _check_column(
            column, text[column.name], column.name in raw.frame, rows, problems
        )
    if key in raw.frame:
        problems += _repeated(rows, key)
    return Checked(pd.DataFrame(text), pd.DataFrame(table), rows, [*raw.problems, *problems])


def _check_column(
    column: Column, cells: pd.Series, present: bool, rows: Rows, problems: list[Problem]
) -> pd.Series:
    """Check one column by its distinct cells, which are few in most columns."""
    if not present:
        return pd.Series(np.full(len(cells), np.nan)) if column.numeric else cells
    codes, distinct = pd.factorize(cells.to_numpy(dtype=object))
    words = [str(word) for word in distinct]
    values, fixes = _CHECKS[column.kind](column, words)
    for index, word in enumerate(words):
        if column.required and not word.strip():
            fixes[index] = "fill it in"
    if fixes:
        bad = np.zeros(len(words), dtype=bool)
        bad[list(fixes)] = True
        for at in np.flatnonzero(bad[codes]):
            code = int(codes[at])
            problems.append(rows.problem(int(at), column.rule, column.name, words[code], fixes[code]))
    if isinstance(values, np.ndarray):
        return pd.Series(values[codes])
    if values is words:
        return cells
    return pd.Series(np.array(values, dtype=object)[codes], dtype="str")


Result = tuple["np.ndarray | list[str]", dict[int, str]]
"""Values of the distinct cells, and the way out for each broken one by its place."""


def _strip(words: list[str]) -> list[str]:
    """Strip the words; the same list where there is nothing to strip."""
    stripped = [word.strip() for word in words]
    return words if stripped == words else stripped


def _texts(column: Column, words: list[str]) -> Result:
    return _strip(words), {}


def _words(column: Column, words: list[str]) -> Result:
    out, fixes = _strip(words), {}
    for index, word in enumerate(out):
        if word and word not in column.words:
            close = nearest(word, column.words)
            hint = f"did you mean {close}? " if close else ""
            fixes[index] = f"{hint}the words are {', '.join(column.words)}"
    return out, fixes


def _labels(column: Column, words: list[str]) -> Result:
    out, fixes = _strip(words), {}
    for index, word in enumerate(out):
        if word and word not in column.words:
            close = nearest(word, column.words)
            if close and difflib.SequenceMatcher(None, word.casefold(), close).ratio() >= _MISSPELT:
                fixes[index] = f"did you mean {close}? a word of your own has to differ more from it"
    return out, fixes


def _numbers(column: Column, words: list[str]) -> Result:
    values, fixes = _floats(words)
    with np.errstate(invalid="ignore"):
        broken = (values < column.low) | (values > column.high) | np.isinf(values)
        if column.open_ends:
            broken |= (values == column.low) | (values == column.high)
        if column.kind == "count":
            broken |= values != np.floor(values)
    for index in np.flatnonzero(broken & ~np.isnan(values)):
        fixes[int(index)] = _impossible(column, float(values[index]))
        values[index] = (
            math.nan
        )  # so that one broken cell is one problem, not also a clash with its neighbours
    return values, fixes


def _floats(words: list[str]) -> tuple[np.ndarray, dict[int, str]]:
    """Turn cells into numbers, blanks into NaN."""
    if not _STRANGE.search("".join(words)):
        # The usual column: only characters of plain numbers, and then float() takes nothing but those.
        with suppress(ValueError):
            return np.array([float(word) if word else math.nan for word in words]), {}
    values, fixes = np.full(len(words), math.nan), {}
    for index, word in enumerate(words):
        if stripped := word.strip():
            if _NUMBER.fullmatch(stripped):
                values[index] = float(stripped)
            else:
                fixes[index] = _not_a_number(stripped)
    return values, fixes


def _impossible(column: Column, value: float) -> str:
    """Say what to do about a number that cannot be."""
    if math.isinf(value):
        return "the number is too large to be one"
    if column.name.endswith("ci_level") and 1.0 < value < 100.0:
        return f"write {value / 100:g}"
    if column.low <= value <= column.high and column.kind == "count":
        return "it counts, so it has no fraction"
    return "leave the cell blank where the number is not known"


def _not_a_number(word: str) -> str:
    """Say how to write what was meant."""
    if re.fullmatch(r"[+-]?[0-9.]*[0-9],[0-9]+", word):
        plain = word.replace(",", ".")
        return f"decimal commas come with a later version: write {plain}, without thousands marks"
    if "\N{MINUS SIGN}" in word or "\N{EN DASH}" in word:
        return "write the minus sign as a plain hyphen"
    if word.casefold().lstrip("+-") in ("nan", "na", "n/a", "inf", "infinity", "none", "null", "-", "."):
        return "leave the cell blank where there is no number"
    return "not a number: write 1.5, or leave the cell blank"


def _p_values(column: Column, words: list[str]) -> Result:
    out, fixes = _strip(words), {}
    for index, word in enumerate(out):
        if word:
            try:
                parse_p(word)
            except StudyDataError as error:
                verdict = column.name.replace("p_within", "signif").replace("p_between", "signif_between")
                fixes[index] = error.problems[0].fix.replace("signif_between", verdict)
    return out, fixes


_CHECKS: dict[str, Callable[[Column, list[str]], Result]] = {
    "text": _texts,
    "word": _words,
    "label": _labels,
    "number": _numbers,
    "count": _numbers,
    "p": _p_values,
}


def _repeated(rows: Rows, key: str) -> list[Problem]:
    """Find names that an earlier row has."""
    if len(set(rows.ids)) == len(rows.ids):
        return []
    first: dict[str, int] = {}
    problems = []
    for at, name in enumerate(rows.ids):
        if name and name in first:
            fix = f"line {rows.lines[first[name]]} has it already"
            problems.append(rows.problem(at, f"each row has a {key} of its own", key, name, fix))
        first.setdefault(name, at)
    return problems
