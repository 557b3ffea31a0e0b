"""The rows of a studies file as printed, kept in the manifest: what moved a number can be told later."""

from __future__ import annotations

import csv
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import pandas as pd

    from evidence.studies.record import Studies

__all__ = ["printed", "read_printed"]

_ROW_WORDS = frozenset({"source_url", "source_locator", "secondary_source", "notes"})
_INFO_KEPT = frozenset(
    {"study", "design", "n_total", "arms", "weeks", "sessions_per_week", "overlaps", "rob"}
)
"""Facts of a study that can decide a number; names, titles and notes cannot."""


def printed(studies: Studies) -> dict[str, Any]:
    """Return the cells that can decide a number, one list a row.

    Parameters
    ----------
    studies : Studies
        A whole file.

    Returns
    -------
    dict
        ``columns`` (those that some row fills, but for sources and notes) and ``rows`` by ``row_id``;
        ``info_columns`` and ``info`` by study.
    """
    text = studies.text
    names = [str(name) for name in text if name not in _ROW_WORDS]
    columns = [name for name in names if name == "row_id" or text[name].ne("").any()]
    record: dict[str, Any] = {"columns": columns, "rows": _by_key(text, columns, "row_id")}
    if studies.info is not None:
        info = studies.info
        known = [str(name) for name in info if name in _INFO_KEPT]
        record |= {"info_columns": known, "info": _by_key(info, known, "study")}
    return record


def _by_key(frame: pd.DataFrame, columns: list[str], key: str) -> dict[str, list[str]]:
    cells = [[_cell(value) for value in frame[name]] for name in columns]
    return {str(name): list(line) for name, line in zip(frame[key], zip(*cells, strict=True), strict=True)}


def _cell(value: object) -> str:
    """Return a cell as text: blank for a missing number, ``8`` for 8.0."""
    text = str(value)
    return "" if text in ("nan", "None") else text.removesuffix(".0") if isinstance(value, float) else text


def read_printed(record: Mapping[str, Any], rows: Mapping[str, Mapping[str, str]], folder: Path) -> Studies:
    """Read rows of a manifest again, as if they stood in a file.

    Parameters
    ----------
    record : mapping
        As `printed` returned it; its facts of the studies are used.
    rows : mapping of str to mapping
        Cells by column, by ``row_id``: rows of the record, changed at will.
    folder : Path
        An empty folder for the files.

    Returns
    -------
    Studies
        The rows in their order.

    Raises
    ------
    StudyDataError
        Where the rows are not in order.
    """
    from evidence.studies.reading import read_studies

    columns = list(dict.fromkeys(name for cells in rows.values() for name in cells))
    file = folder / "studies.csv"
    _write(file, columns, [[cells.get(name, "") for name in columns] for cells in rows.values()])
    facts = record.get("info")
    if facts:
        _write(folder / "study_info.csv", record["info_columns"], facts.values())
    return read_studies(file)


def _write(path: Path, columns: list[str], lines: Any) -> None:  # noqa: ANN401
    with path.open("w", encoding="utf-8", newline="") as stream:
        writer = csv.writer(stream)
        writer.writerow(columns)
        writer.writerows(lines)
