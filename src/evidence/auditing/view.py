"""An audit in a notebook: findings by severity, the printed number beside the expected one."""

from __future__ import annotations

from html import escape
from typing import TYPE_CHECKING

import pandas as pd

from evidence.auditing.record import SEVERITIES

if TYPE_CHECKING:
    from evidence.auditing.run import Audit

__all__ = ["findings_html"]

_MOST = 40
"""Findings of one severity that are shown; a note names the rest."""
_MEANING = {
    "impossible": "no true data look like this",
    "unlikely": "few true data look like this",
    "ask": "somebody should look",
}
_HEADS = {
    "row_id": "row",
    "message": "finding",
    "column": "column",
    "value": "as printed",
    "expected": "expected",
    "repair": "proposed repair",
    "pooled": "pooled effect",
    "check": "check",
}
_CELL = 'style="text-align:left;vertical-align:top;padding:2px 12px 2px 0"'


def findings_html(audit: Audit) -> str:
    """Return the open findings as HTML, most severe first; what is accepted, stale or left off is said."""
    parts = [f"<p><b>Audit</b>: {escape(audit.sentence())}.</p>"]
    for severity in SEVERITIES:
        part = audit.table[audit.table["severity"] == severity]
        if len(part):
            parts.append(f"<h4>{severity} ({len(part)}): {_MEANING[severity]}</h4>")
            parts.append(_table(part.head(_MOST)))
            if len(part) > _MOST:
                parts.append(f"<p>{len(part) - _MOST} more of these are in <code>.table</code>.</p>")
    if audit.accepted:
        parts.append(f"<p>{len(audit.accepted)} accepted in audit.toml (<code>.accepted</code>).</p>")
    parts += [
        f"<p>Stale in audit.toml: {escape(str(line))} finds nothing any more.</p>" for line in audit.stale
    ]
    parts += [f"<p>{escape(note)}</p>" for note in audit.notes]
    return "".join(parts)


def _table(findings: pd.DataFrame) -> str:
    """Return some findings as a table, without the columns that none of them fills."""
    pooled = [
        _pooled(before, after)
        for before, after in zip(findings["pooled_before"], findings["pooled_after"], strict=True)
    ]
    cells = findings.assign(pooled=pooled)
    names = [name for name in _HEADS if (cells[name].astype(str) != "").any()]
    head = "".join(f"<th {_CELL}>{_HEADS[name]}</th>" for name in names)
    lines = [
        "".join(f"<td {_CELL}>{escape(str(cell))}</td>" for cell in record)
        for record in cells[names].itertuples(index=False)
    ]
    body = "".join(f"<tr>{line}</tr>" for line in lines)
    return f"<table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>"


def _pooled(before: object, after: object) -> str:
    if not isinstance(before, float) or not isinstance(after, float) or before != before or after != after:
        return ""
    return f"{before:.2f}, then {after:.2f}".replace("-", "\N{MINUS SIGN}")
