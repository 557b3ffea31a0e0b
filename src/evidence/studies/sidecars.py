"""Read the files beside ``studies.csv``: study information, references, claims."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path

import pandas as pd

from evidence.errors import Problem, StudyDataError
from evidence.studies.cells import Checked, check_table
from evidence.studies.columns import CLAIM_COLUMNS, INFO_COLUMNS
from evidence.studies.rules import study_problems
from evidence.studies.textfile import read_bytes, read_text_table

__all__ = ["References", "headline", "join_problems", "read_claims", "read_info", "read_references"]

References = Mapping[str, Mapping[str, str]]
"""Fields of each entry by study key: BibTeX names in lower case, and ``entry_type``."""


def read_info(path: Path, source: str) -> pd.DataFrame:
    """Read and check ``study_info.csv``.

    Raises
    ------
    StudyDataError
        With every broken cell of the file.
    """
    raw = read_text_table(path, known=[column.name for column in INFO_COLUMNS], source=source)
    checked = check_table(raw, INFO_COLUMNS, "study")
    problems = checked.problems or _overlaps(checked)
    if problems:
        raise StudyDataError(headline(problems), source=source, problems=problems)
    return checked.table


def _overlaps(checked: Checked) -> list[Problem]:
    """Check that overlaps name studies of the file."""
    keys, cells = set(checked.rows.ids), checked.table["overlaps"]
    return [
        problem
        for at in range(len(cells))
        if cells.iloc[at]
        for word in cells.iloc[at].split(";")
        if word.strip() not in keys
        for problem in [
            checked.rows.problem(
                at, "overlaps are study keys of this file", "overlaps", word, "check the key"
            )
        ]
    ]


def read_claims(path: Path, source: str) -> pd.DataFrame:
    """Read and check ``claims.csv``.

    Raises
    ------
    StudyDataError
        With every broken cell of the file.
    """
    raw = read_text_table(path, known=[column.name for column in CLAIM_COLUMNS], source=source)
    checked = check_table(raw, CLAIM_COLUMNS, "claim_id")
    if checked.problems:
        raise StudyDataError(headline(checked.problems), source=source, problems=checked.problems)
    return checked.table


def read_references(path: Path, source: str) -> References:
    """Read a BibTeX file.

    Returns
    -------
    mapping
        Fields of each entry by its key; ``author`` and ``editor`` as ``Surname, Initials and ...``.

    Raises
    ------
    StudyDataError
        Where the file is not BibTeX, or a key occurs twice; it names the line.
    """
    from pybtex.database import BibliographyDataError, parse_string
    from pybtex.exceptions import PybtexError

    text = read_bytes(path, source).decode("utf-8")
    try:
        parsed = parse_string(text, "bibtex")
    except BibliographyDataError as error:
        twice = str(error).rsplit(" ", 1)[-1]
        rule = "an entry's key occurs once"
        line = _line_of(text, twice)
        raise StudyDataError(rule, row=twice, line=line, source=source, value=twice) from None
    except PybtexError as error:
        line = getattr(error, "lineno", None)
        key = _entry_at(text, line)
        fix = f"check the braces and commas of the entry: {error}"
        raise StudyDataError("the file is BibTeX", row=key, line=line, source=source, fix=fix) from None
    if not parsed.entries:
        raise StudyDataError("a file of references holds at least one entry", source=source)
    entries = {
        key: {
            "entry_type": entry.type,
            **{
                role.lower(): " and ".join(str(one) for one in people)
                for role, people in entry.persons.items()
            },
            **{name.lower(): _unbraced(value) for name, value in entry.fields.items()},
        }
        for key, entry in parsed.entries.items()
    }
    return {key: _with_parent(fields, entries) for key, fields in entries.items()}


def _with_parent(fields: dict[str, str], entries: Mapping[str, Mapping[str, str]]) -> dict[str, str]:
    """Fill what an entry leaves to the one that it refers to, as BibTeX does (``crossref``).

    A chapter takes the title of its book as ``booktitle``. Where there is no such entry, the field stays.
    """
    wanted = fields.get("crossref", "").strip().casefold()
    parent = next((entry for key, entry in entries.items() if wanted and key.casefold() == wanted), None)
    if parent is None:
        return fields
    given = {name: value for name, value in parent.items() if name != "entry_type"}
    if fields["entry_type"].lower().startswith("in") and "title" in given:
        given = {"booktitle": given["title"], **given}
    del fields["crossref"]  # a list of references holds just what is cited: the entry has to stand alone
    return {**{name: value for name, value in given.items() if name != "crossref"}, **fields}


def _unbraced(value: str) -> str:
    """Remove one pair of braces around a whole value: it only guards capitals."""
    inner = value[1:-1]
    whole = value.startswith("{") and value.endswith("}") and "{" not in inner and "}" not in inner
    return inner if whole else value


def _line_of(text: str, key: str) -> int | None:
    """Return the line of the last entry with a key: the one that repeats it."""
    lines = [
        number
        for number, line in enumerate(text.splitlines(), start=1)
        if re.match(rf"\s*@\w+\s*[{{(]\s*{re.escape(key)}\s*,", line, re.IGNORECASE)
    ]
    return lines[-1] if lines else None


def _entry_at(text: str, line: int | None) -> str | None:
    """Return the key of the entry that a line belongs to."""
    before = text.splitlines()[: line or 0]
    keys = [found[1] for part in before if (found := re.match(r"\s*@\w+\s*[{(]\s*([^,\s]+)", part))]
    return keys[-1] if keys else None


def headline(problems: list[Problem]) -> str:
    """Return the first line of an error with many problems."""
    return "1 broken cell" if len(problems) == 1 else f"{len(problems)} broken cells"


def join_problems(
    checked: Checked, info: pd.DataFrame | None, references: References, names: tuple[str, str]
) -> list[Problem]:
    """Return the rows whose study has no information or no reference, where those files exist."""
    problems = []
    studies = checked.table["study"]
    if info is not None:
        problems += study_problems(checked.rows, studies, set(info["study"]), names[0])
    if references:
        problems += study_problems(checked.rows, studies, set(references), names[1])
    return problems
