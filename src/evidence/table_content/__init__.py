"""What each table says: studies, effects, results, summary of findings, claims, audit, rows left out."""

from __future__ import annotations

from evidence.table_content.audit import audit_table
from evidence.table_content.claims import claims_table
from evidence.table_content.door import summary_of_findings, to_table
from evidence.table_content.effects import effects_table, left_out_table, rules_table
from evidence.table_content.results import results_table
from evidence.table_content.studies import characteristics_table, overview_table
from evidence.table_content.summary import summary_of_findings_table
from evidence.table_content.trial import trial_table

__all__ = [
    "audit_table",
    "characteristics_table",
    "claims_table",
    "effects_table",
    "left_out_table",
    "overview_table",
    "results_table",
    "rules_table",
    "summary_of_findings",
    "summary_of_findings_table",
    "to_table",
    "trial_table",
]
