"""The kinds of outputs: for each word of a recipe what it shows, and the function that makes it."""

from __future__ import annotations

import importlib
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

__all__ = ["FIGURES", "KINDS", "PROJECT_OUTPUTS", "TABLES", "Kind", "ProjectKind", "maker"]


@dataclass(frozen=True)
class Kind:
    """A kind of figure or table.

    Attributes
    ----------
    shows : str
        What it shows, in a few words.
    made_by : str
        ``module:function`` below `evidence.publish`; by name, so that nothing is imported before it is
        needed. A figure's function takes the workshop, the question and the output, and returns ``Axes`` and
        `Made`; a table's takes the workshop, the questions and the output, and returns ``Table`` and `Made`.
    effects : bool
        Whether it needs a measure.
    called : str
        A table's name after the title of its question, where the question has several.
    all_rows : bool
        Whether rows that the question does not ask for, claims or ratings bear on it too: then it is made
        again whenever anything that was read has changed.
    """

    shows: str
    made_by: str
    effects: bool
    all_rows: bool = False
    called: str = ""


@dataclass(frozen=True)
class ProjectKind:
    """An output of the whole recipe, switched on by a key of ``[project]`` that names its file.

    Attributes
    ----------
    title : str
        What it is.
    suffix : str
        How its file ends.
    usual : str
        The file that a new project's recipe names.
    made_by : str
        As in `Kind`; the function takes the workshop and the path, writes the file and returns `Made`.
    """

    title: str
    suffix: str
    usual: str
    made_by: str


FIGURES = {
    "forest": Kind("every row and the pooled result", "figure_makers:draw_forest", effects=True),
    "domains": Kind("one pooled result a value of `by`", "figure_makers:draw_domains", effects=True),
    "effect_direction": Kind(
        "studies by domains, arrows by direction", "figure_makers:draw_effect_direction", effects=True
    ),
    "evidence_map": Kind(
        "how much there is, by domain and comparator", "figure_makers:draw_evidence_map", effects=False
    ),
    "harvest": Kind("studies under the answer that they give", "figure_makers:draw_harvest", effects=True),
    "albatross": Kind("p values by number of people", "figure_makers:draw_albatross", effects=True),
    "orchard": Kind(
        "every effect above its mean, one line a value of `by`", "figure_makers:draw_orchard", effects=True
    ),
    "funnel": Kind("effects by their standard errors", "figure_makers:draw_funnel", effects=True),
    "bubble": Kind("effects against a `moderator`", "figure_makers:draw_bubble", effects=True),
    "risk_of_bias": Kind(
        "the judgements of risk_of_bias.csv by study and domain",
        "figure_makers:draw_risk_of_bias",
        effects=False,
        all_rows=True,
    ),
    "prisma": Kind(
        "the flow of records through the review, from the counts `prisma`",
        "figure_makers:draw_prisma",
        effects=False,
    ),
    "tornado": Kind(
        "which variations move the result, and which change it", "figure_makers:draw_tornado", effects=True
    ),
    "trial": Kind(
        "one trial: claimed, printed, and between the groups", "figure_makers:draw_trial", effects=True
    ),
    "trap": Kind(
        "changes within arms beside the difference between them", "figure_makers:draw_trap", effects=True
    ),
    "claim": Kind(
        "one claim: verdict, margins and results", "figure_makers:draw_claim", effects=False, all_rows=True
    ),
}
"""Kinds of figures, by their word in ``outputs``: a new kind is one entry here and the function it names."""

TABLES = {
    "characteristics": Kind(
        "the studies: people, design, dose",
        "table_makers:tabulate_characteristics",
        effects=False,
        called="the studies",
    ),
    "effects": Kind(
        "every row with its derivation",
        "table_makers:tabulate_effects",
        effects=True,
        called="effects with their derivations",
    ),
    "results": Kind(
        "pooled results, one line a value of `by`",
        "table_makers:tabulate_results",
        effects=True,
        called="pooled results",
    ),
    "overview": Kind(
        "number of rows by domain, comparator and kind of report",
        "table_makers:tabulate_overview",
        effects=False,
        called="how much there is",
    ),
    "left_out": Kind(
        "rows that say nothing that can be pooled, with the reason",
        "table_makers:tabulate_left_out",
        effects=True,
        called="rows left out",
    ),
    "rules": Kind(
        "number of rows that each rule of reading was applied to",
        "table_makers:tabulate_rules",
        effects=True,
        called="rules of reading applied",
    ),
    "sensitivity": Kind(
        "the pooled result beside its variations",
        "table_makers:tabulate_sensitivity",
        effects=True,
        called="the result and its variations",
    ),
    "trial_table": Kind(
        "one trial: claimed, printed, and between the groups",
        "table_makers:tabulate_trial",
        effects=True,
        called="the trial",
    ),
    "summary_of_findings": Kind(
        "results by domain with the author's certainty and what the numbers suggest",
        "make_tables:tabulate_summary_of_findings",
        effects=True,
        all_rows=True,
        called="summary of findings",
    ),
    "claims": Kind(
        "the claims beside the studies, with their verdicts",
        "make_tables:tabulate_claims",
        effects=False,
        all_rows=True,
        called="claims and verdicts",
    ),
    "audit": Kind(
        "what the audit finds in the rows",
        "make_tables:tabulate_audit",
        effects=False,
        all_rows=True,
        called="findings of the audit",
    ),
}
"""Kinds of tables, by their word in ``outputs`` of a question or ``kind`` of a table: one entry each."""

PROJECT_OUTPUTS = {
    "slides": ProjectKind("Slides", ".pptx", "slides/evidence.pptx", "deck:write_deck"),
    "document": ProjectKind("Tables for Word", ".docx", "tables/evidence.docx", "document:write_document"),
    "report": ProjectKind("Report", ".html", "report/index.html", "report:write_report"),
}
"""Outputs of the whole recipe, by their key in ``[project]``, which is their id too."""

KINDS = {**FIGURES, **TABLES}
"""All kinds that a question can ask for."""


def maker(made_by: str) -> Callable[..., Any]:
    """Return the function that a kind names."""
    module, _, function = made_by.partition(":")
    found: Callable[..., Any] = getattr(importlib.import_module(f"evidence.publish.{module}"), function)
    return found
