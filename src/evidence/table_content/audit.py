"""What the audit found, as a table."""

from __future__ import annotations

import math
from typing import Any

from evidence.auditing.record import SEVERITIES
from evidence.auditing.run import Audit
from evidence.charts.words import number, plural
from evidence.citations import Bibliography
from evidence.table_content.citing import Citing, records, typeset
from evidence.table_words import NO_BREAK
from evidence.tables import Table

__all__ = ["audit_table"]

_COLUMNS = ("Study", "Row", "Check", "Finding", "Printed", "Expected", "What to do", "Pooled")

_SEVERITIES = {
    "impossible": "Impossible: no true data look like this",
    "unlikely": "Unlikely: few true data look like this",
    "ask": "To be looked at",
}


def audit_table(
    audit: Audit,
    *,
    listed: Bibliography | None = None,
    caption: str = "What the audit found",
    id: str = "audit",
) -> Table:
    """Return one line a finding, by severity: what is printed, what was expected, what to do.

    Parameters
    ----------
    audit : Audit
        As `evidence.audit` gives it.
    listed : Bibliography, optional
        Bibliography whose numbers are cited; by default one of the audited studies.
    caption, id : str
        Caption and name of the table.

    Returns
    -------
    Table
        Most severe first. "Pooled" holds the result of the row's question and domain before and after the
        proposed repair, where one changes it. Accepted findings are in the notes, with their reasons.
    """
    citing = Citing(audit.studies, listed)
    studies = dict(zip(audit.studies.table["row_id"], audit.studies.table["study"], strict=True))
    lines, groups = [], []
    for row in records(audit.table):
        study = studies.get(row["row_id"])
        rows = str(row["rows"]).split()
        lines.append(
            {
                "Study": "" if study is None else citing.label(str(study)),
                "Row": str(row["row_id"])
                + (f" and {plural(len(rows) - 1, 'more row')}" if len(rows) > 1 else ""),
                "Check": str(row["check"]).replace("_", " "),
                "Finding": typeset(str(row["message"])),
                "Printed": typeset(f"{row['column']}: {row['value']}")
                if row["value"]
                else str(row["column"]),
                "Expected": typeset(str(row["expected"])),
                "What to do": typeset(f"Repair: {row['repair']}" if row["repair"] else str(row["advice"])),
                "Pooled": _pooled(row),
            }
        )
        groups.append(_SEVERITIES[str(row["severity"])])
    counts = ", ".join(f"{audit.count(severity)} {severity}" for severity in SEVERITIES)
    notes = [
        f"{plural(len(audit), 'open finding')} ({counts}) in {plural(len(audit.studies), 'row')}. "
        "Nothing was changed.",
        *(f"{note[:1].upper()}{note[1:]}." for note in audit.notes),
        *(
            f"Accepted: {finding.row_id or 'the whole table'}, {finding.check.replace('_', ' ')}: {reason}"
            for finding, reason in audit.accepted
        ),
    ]
    return citing.table(lines, _COLUMNS, caption=caption, notes=notes, id=id, groups=groups)


def _pooled(row: dict[str, Any]) -> str:
    before, after = (_number(row[name]) for name in ("pooled_before", "pooled_after"))
    return f"{before}{NO_BREAK}\N{RIGHTWARDS ARROW}{NO_BREAK}{after}" if before and after else ""


def _number(value: object) -> str:
    return "" if value is None or math.isnan(float(str(value))) else number(float(str(value)), 3)
