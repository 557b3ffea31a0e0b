"""The codebook, made from the column records: as a table and as a Markdown page."""

from __future__ import annotations

from collections.abc import Mapping

import pandas as pd

from evidence.studies.column import Column
from evidence.studies.columns import ALL_COLUMNS

__all__ = ["codebook", "codebook_markdown"]

_KINDS = {
    "text": "text",
    "word": "one of these words",
    "label": "a word (known ones listed)",
    "number": "number",
    "count": "whole number",
    "p": "p value",
}

_INTRO = """# Codebook

Made from the column records in `src/evidence/studies/columns.py` and `optional_columns.py`, which the
validator reads too: what this page says is what `read_studies` checks. `evidence codebook` prints it,
`studies.codebook()` gives it as a table.

Files are UTF-8, separated by commas, semicolons or tabs. Numbers have a decimal point; a blank cell means
"not known". A file of one's own needs `row_id`, `study`, `outcome` and one usable result a row; the files
beside `studies.csv` are optional. The columns of the groups that begin with "optional" stand in
`studies.table` only where the file has them.

What pooling needs beyond that (`studies.warnings` names the rows that lack it):

- the people of both arms, `n_e` and `n_c` (or `n_total` in `study_info.csv`), for everything but a printed
  SMD or ratio with its interval, and counts with their totals;
- `better` beside arm means: without it they have no side;
- `effect_metric` beside a printed effect: what it is; and `effect_sign` (or `direction`): whom it favours.
"""

_FILES = {
    "studies": "`studies.csv`: one row per printed comparison of two arms on one outcome",
    "study_info": "`study_info.csv`: one row per study",
    "claims": "`claims.csv`: one row per claim under test",
}


def codebook(tables: Mapping[str, pd.DataFrame | None]) -> pd.DataFrame:
    """Return one line per column.

    Parameters
    ----------
    tables : mapping
        The tables by file (``studies``, ``study_info``, ``claims``), for the count of filled cells; a file
        without a table has 0.

    Returns
    -------
    DataFrame
        Columns ``file, column, group, kind, unit, required, rule, words, help, filled``.
    """
    lines = [
        {
            "file": column.file,
            "column": column.name,
            "group": column.group,
            "kind": column.kind,
            "unit": column.unit,
            "required": column.required,
            "rule": column.rule,
            "words": ", ".join(column.words),
            "help": column.help,
            "filled": _filled(tables.get(column.file), column.name),
        }
        for column in ALL_COLUMNS
    ]
    return pd.DataFrame(lines)


def _filled(table: pd.DataFrame | None, name: str) -> int:
    if table is None or name not in table:
        return 0
    cells = table[name]
    return int((cells.notna() & (cells.astype(str).str.strip() != "")).sum())


def codebook_markdown() -> str:
    """Return the codebook as a Markdown page.

    Returns
    -------
    str
        The text of ``docs/codebook.md``.
    """
    parts = [_INTRO]
    for file, title in _FILES.items():
        parts.append(f"## {title}\n")
        columns = [column for column in ALL_COLUMNS if column.file == file]
        for group in dict.fromkeys(column.group for column in columns):
            parts.append(f"### {group[0].upper()}{group[1:]}\n")
            parts.append("| column | kind | what it holds | rule |\n|---|---|---|---|")
            parts[-1] += "".join(f"\n{_line(column)}" for column in columns if column.group == group) + "\n"
    return "\n".join(parts)


def _line(column: Column) -> str:
    kind = _KINDS[column.kind] + (f", {column.unit}" if column.unit else "")
    words = f" Words: {', '.join(f'`{word}`' for word in column.words)}." if column.words else ""
    name = f"**`{column.name}`** (required)" if column.required else f"`{column.name}`"
    return f"| {name} | {kind} | {column.help}{words} | {column.rule} |"
