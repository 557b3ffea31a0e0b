"""Read a table of studies, check every cell, and say at once all that is wrong."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from os import PathLike
from pathlib import Path
from typing import TypeVar

import pandas as pd

from evidence.errors import Problem, StudyDataError
from evidence.studies.cells import check_table
from evidence.studies.columns import COLUMNS, OPTIONAL_COLUMNS
from evidence.studies.record import Studies
from evidence.studies.rules import row_problems, row_warnings
from evidence.studies.sidecars import headline, join_problems, read_claims, read_info, read_references
from evidence.studies.textfile import read_text_table

__all__ = ["read_studies"]

_Path = str | PathLike[str]
_Sidecar = TypeVar("_Sidecar")


def read_studies(
    path: _Path,
    *,
    mapping: Mapping[str, object] | None = None,
    info: _Path | None = None,
    references: _Path | None = None,
    claims: _Path | None = None,
) -> Studies:
    r"""Read studies from a CSV file and check every cell.

    The file is UTF-8 (with or without byte order mark), separated by commas, semicolons or tabs, with any
    line ends. It is read as text first, so that digits stay as printed. A file of one's own needs the columns
    ``row_id``, ``study`` and ``outcome`` and one usable result a row.

    Parameters
    ----------
    path : str or path-like
        The table of printed comparisons; ``docs/codebook.md`` lists its columns.
    mapping : mapping, optional
        Reserved for the import of other layouts; only None is taken so far.
    info, references, claims : str or path-like, optional
        Study information (CSV), references (BibTeX) and claims (CSV). By default ``study_info.csv``,
        ``references.bib`` and ``claims.csv`` beside the file, where they exist; their absence is a note.

    Returns
    -------
    Studies
        The checked table with its sidecars; odd but possible cells are in ``.warnings``.

    Raises
    ------
    StudyDataError
        Where a file cannot be read or cells break their rules: every broken cell of the file at once, each
        with line, row, column, rule, value and the way out (``error.problems``).

    Examples
    --------
    >>> from pathlib import Path
    >>> from tempfile import TemporaryDirectory
    >>> with TemporaryDirectory() as folder:
    ...     file = Path(folder, "mine.csv")
    ...     _ = file.write_text("row_id,study,outcome,direction\nr1,smith2020,squat,favours_e\n")
    ...     studies = read_studies(file)
    >>> studies.table["direction"].item()
    'favours_e'
    """
    for name, value in (("path", path), ("info", info), ("references", references), ("claims", claims)):
        _check_path(name, value, needed=name == "path")
    source = str(path)
    if mapping is not None:
        rule = "the import of other layouts (mapping=) comes with a later version"
        raise StudyDataError(rule, source=source, fix="rename the columns as docs/codebook.md has them")
    known = [column.name for column in (*COLUMNS, *OPTIONAL_COLUMNS)]
    raw = read_text_table(Path(path), known=known, source=source)
    checked = check_table(raw, COLUMNS, "row_id", optional=OPTIONAL_COLUMNS)
    notes = list(raw.notes)
    beside = Path(path).parent
    table_info = _sidecar(read_info, info, beside / "study_info.csv", notes)
    entries = _sidecar(read_references, references, beside / "references.bib", notes)
    table_claims = _sidecar(read_claims, claims, beside / "claims.csv", notes)
    names = (str(info or "study_info.csv"), str(references or "references.bib"))
    problems = [*checked.problems, *row_problems(checked)]
    problems += join_problems(checked, table_info, entries or {}, names)
    if not len(raw.frame) and not problems:
        problems = [Problem("a table has rows below its header", line=2, fix="add one row per comparison")]
    if problems:
        problems.sort(key=lambda problem: problem.line or 0)
        raise StudyDataError(headline(problems), source=source, problems=problems)
    return Studies(
        table=_with_defaults(checked.table),
        text=checked.text,
        info=table_info,
        references=entries or {},
        claims=table_claims,
        source=source,
        lines=tuple(raw.lines.tolist()),
        notes=tuple(notes),
        warnings=row_warnings(checked, table_info),
    )


def _check_path(name: str, value: object, *, needed: bool) -> None:
    """Refuse what is no path.

    Raises
    ------
    StudyDataError
        Where the value is neither a str nor path-like (None passes where the file is optional).
    """
    if not isinstance(value, str | PathLike) and (needed or value is not None):
        fix = (
            'write read_studies("my_studies.csv")'
            if needed
            else f'write {name}="{name}.csv", or leave it out'
        )
        raise StudyDataError(f"read_studies() takes {name} as the path of a file", value=repr(value), fix=fix)


def _with_defaults(table: pd.DataFrame) -> pd.DataFrame:
    """Fill the blanks that have a meaning: a row is a study's own result unless it says otherwise.

    Without it, a filter on ``level="study"`` would silently choose nothing in a file of one's own.
    """
    return table.assign(
        level=table["level"].replace("", "study"), inferred=table["inferred"].replace("", "no")
    )


def _sidecar(
    read: Callable[[Path, str], _Sidecar], named: _Path | None, usual: Path, notes: list[str]
) -> _Sidecar | None:
    """Read a sidecar: a named one must exist, the usual one may be absent."""
    if named is not None:
        return read(Path(named), str(named))
    if usual.is_file():
        return read(usual, str(usual))
    notes.append(f"there is no {usual.name} beside the file")
    return None
