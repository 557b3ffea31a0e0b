"""Read a table of studies, check every cell, and say at once all that is wrong."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from os import PathLike
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

import pandas as pd

from evidence.errors import Problem, StudyDataError
from evidence.studies.cells import check_table
from evidence.studies.columns import COLUMNS, OPTIONAL_COLUMNS
from evidence.studies.decimals import with_decimal_points
from evidence.studies.mapping_reading import read_mapped
from evidence.studies.record import Studies
from evidence.studies.rules import row_problems, row_warnings
from evidence.studies.sidecars import headline, join_problems, read_claims, read_info, read_references
from evidence.studies.textfile import read_text_table

if TYPE_CHECKING:
    from evidence.studies.mapping_proposal import ProposedMapping

__all__ = ["read_studies"]

_Path = str | PathLike[str]
_Sidecar = TypeVar("_Sidecar")


def read_studies(
    path: _Path,
    *,
    mapping: _Path | Mapping[str, object] | ProposedMapping | None = None,
    info: _Path | None = None,
    references: _Path | None = None,
    claims: _Path | None = None,
) -> Studies:
    r"""Read studies from a CSV file or a workbook and check every cell.

    Text files are UTF-8 (with or without byte order mark) or UTF-16, separated by commas, semicolons or tabs,
    with any line ends; others are read as Windows-1252, with a note. Decimal commas are read where no comma
    separates the cells. A file is read as text first, so that digits stay as printed (``.xlsx`` stores
    numbers). A file of one's own needs the columns ``row_id``, ``study`` and ``outcome`` and one usable
    result a row; a table in another layout comes with a mapping.

    Parameters
    ----------
    path : str or path-like
        The table of printed comparisons; ``docs/codebook.md`` lists its columns.
    mapping : str, path-like, mapping or ProposedMapping, optional
        For a table in its author's own layout: a TOML file (or a dict with its sections) that says which
        columns are which and how arms are paired; ``docs/mapping.md`` has the language, `propose_mapping` and
        ``evidence map FILE`` propose a first one. Columns that it does not take stay in ``.extra``, and in
        the table of the effects; rows without a partner are in ``.left_out``, each with the reason.
    info, references, claims : str or path-like, optional
        Study information (CSV), references (BibTeX) and claims (CSV). By default ``study_info.csv``,
        ``references.bib`` and ``claims.csv`` beside the file, where they exist; their absence is a note.
        Beside a mapped file none are looked for.

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
        return _mapped_studies(Path(path), mapping, (info, references, claims), source)
    known = [column.name for column in (*COLUMNS, *OPTIONAL_COLUMNS)]
    raw = read_text_table(Path(path), known=known, source=source, guess=True)
    raw = with_decimal_points(raw, (*COLUMNS, *OPTIONAL_COLUMNS))
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


def _mapped_studies(
    path: Path,
    mapping: _Path | Mapping[str, object] | ProposedMapping,
    sidecars: tuple[_Path | None, _Path | None, _Path | None],
    source: str,
) -> Studies:
    """Read a table in its author's layout, with the sidecars that were named.

    Raises
    ------
    StudyDataError
        As `read_studies`; and where facts of the studies come from two places.
    """
    info, references, claims = sidecars
    done = read_mapped(path, mapping, source)
    if info is not None and done.info is not None:
        fix = "leave the section [info] of the mapping out, or info="
        raise StudyDataError("facts of the studies come from one place", value=str(info), fix=fix)
    table_info = done.info if info is None else read_info(Path(info), str(info))
    entries = {} if references is None else read_references(Path(references), str(references))
    names = (str(info or "[info] of the mapping"), str(references))
    problems = join_problems(done.checked, table_info, entries, names)
    if problems:
        raise StudyDataError(headline(problems), source=source, problems=problems)
    raw = done.mapped.table
    warnings = pd.concat([done.warnings, row_warnings(done.checked, table_info)], ignore_index=True)
    return Studies(
        table=_with_defaults(done.checked.table),
        text=done.checked.text,
        info=table_info,
        references=entries,
        claims=None if claims is None else read_claims(Path(claims), str(claims)),
        source=source,
        lines=tuple(raw.lines.tolist()),
        notes=raw.notes,
        warnings=warnings.sort_values("line", kind="stable", ignore_index=True),
        extra=done.mapped.extra,
        left_out=done.mapped.left_out,
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
