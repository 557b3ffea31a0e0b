"""What each table says: studies, effects with derivations, results, one trial, rows left out."""

from __future__ import annotations

from evidence.table_content.effects import effects_table, left_out_table, rules_table
from evidence.table_content.results import results_table
from evidence.table_content.studies import characteristics_table, overview_table
from evidence.table_content.trial import trial_table

__all__ = [
    "characteristics_table",
    "effects_table",
    "left_out_table",
    "overview_table",
    "results_table",
    "rules_table",
    "trial_table",
]
