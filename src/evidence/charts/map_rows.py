"""What the evidence map shows, decided before anything is drawn."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pandas as pd

from evidence.charts.frame import expect
from evidence.errors import ModelError

if TYPE_CHECKING:
    from evidence.studies.record import Studies

__all__ = ["MAP_COLUMNS", "REPORTS", "evidence_map_rows"]

REPORTS = ("full", "partial", "direction")
"""Kinds of report, from the fullest to the barest."""

MAP_COLUMNS = ("row", "column", "rows", "studies", *REPORTS, "other")
"""Columns of `evidence_map_rows`, in this order."""


def evidence_map_rows(
    studies: Studies | pd.DataFrame, by: tuple[str, str] = ("domain", "comparator_class")
) -> pd.DataFrame:
    """Count rows, studies and kinds of report in each cell of a map.

    Parameters
    ----------
    studies : Studies or DataFrame
        The studies, or their table.
    by : tuple of str, default ("domain", "comparator_class")
        Columns that make the rows and the columns of the map.

    Returns
    -------
    DataFrame
        One line for each cell that holds something: ``row, column, rows, studies``, then the rows by kind of
        report; ``other`` are those that do not say. The fullest rows and columns come first.

    Raises
    ------
    ModelError
        Where a column does not exist, or nothing is left to map.
    """
    if not isinstance(studies, pd.DataFrame):
        expect(
            "evidence_map", studies, "Studies or their table", ("table",), "studies = ev.example_studies()"
        )
    table = studies if isinstance(studies, pd.DataFrame) else studies.table
    missing = [name for name in (*by, "study", "reported") if name not in table]
    if missing or len(by) != 2:
        raise ModelError(
            f"an evidence map needs two columns of the table; missing: {', '.join(missing) or 'one of them'}"
        )
    if table.empty:
        raise ModelError("there is no row to map; widen the selection given to where()")
    lines = []
    for (row, column), group in table.groupby(list(by), sort=False, dropna=False):
        kinds = {kind: int((group["reported"] == kind).sum()) for kind in REPORTS}
        lines.append(
            {
                "row": str(row),
                "column": str(column),
                "rows": len(group),
                "studies": group["study"].nunique(),
                **kinds,
                "other": len(group) - sum(kinds.values()),
            }
        )
    frame = pd.DataFrame(lines, columns=list(MAP_COLUMNS))
    order = {
        axis: {
            name: i
            for i, name in enumerate(
                frame.groupby(axis, sort=False)["rows"]
                .sum()
                .sort_values(ascending=False, kind="stable")
                .index
            )
        }
        for axis in ("row", "column")
    }
    keys = pd.DataFrame({axis: frame[axis].map(order[axis]) for axis in ("row", "column")})
    return frame.loc[keys.sort_values(["row", "column"], kind="stable").index].reset_index(drop=True)
