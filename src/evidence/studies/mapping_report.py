"""Say in a few lines what became of a mapped table, for the command line."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from evidence.studies.record import Studies

__all__ = ["mapping_report"]

_LINES = 8


def mapping_report(studies: Studies) -> str:
    """Return what a mapping made of a table: comparisons, rows left out and why, odd cells, notes.

    Parameters
    ----------
    studies : Studies
        As `read_studies` returns them.
    """
    table = studies.table
    studies_told = _counted(table["study"].nunique(), "study", "studies")
    lines = [f"{_counted(len(table), 'comparison', 'comparisons')} from {studies_told}"]
    left = studies.left_out
    if len(left):
        lines.append(
            f"{_counted(len(left), 'row', 'rows')} in no comparison (studies.left_out has them all):"
        )
        for reason, rows in left.groupby("reason", sort=False):
            lines.append(f"  {len(rows)}: {reason} ({_places(rows['line'].tolist())})")
    else:
        lines.append("every row of the file is in a comparison")
    odd = studies.warnings
    if len(odd):
        lines.append(f"{_counted(len(odd), 'odd cell', 'odd cells')} (studies.warnings has them all):")
        for (column, rule), rows in odd.groupby(["column", "rule"], sort=False):
            lines.append(f"  {len(rows)}: {column}: {rule} ({_places(rows['line'].tolist())})")
    if len(studies.extra.columns):
        lines.append(
            f"{len(studies.extra.columns)} columns kept as moderators: {', '.join(studies.extra.columns)}"
        )
    lines += [f"note: {note}" for note in studies.notes]
    return "\n".join(lines)


def _counted(count: int, one: str, several: str) -> str:
    return f"{count} {one if count == 1 else several}"


def _places(numbers: list[int]) -> str:
    """Name the first lines of the file."""
    distinct = list(dict.fromkeys(numbers))
    shown = ", ".join(map(str, distinct[:_LINES]))
    more = f" and {len(distinct) - _LINES} more" if len(distinct) > _LINES else ""
    return f"line{'s' * (len(distinct) != 1)} {shown}{more}"
