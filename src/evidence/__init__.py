"""From what a paper prints to an effect, a synthesis and a picture, every number traceable.

The names are loaded when they are first used, so that ``import evidence`` costs little and never
touches matplotlib.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

from evidence._version import __version__

if TYPE_CHECKING:
    from evidence.auditing import Audit, audit
    from evidence.auditing.appraisal import appraisal
    from evidence.charts.albatross import albatross
    from evidence.charts.baujat import baujat
    from evidence.charts.bubble import bubble
    from evidence.charts.claim import claim_chart
    from evidence.charts.correlation_curve import correlation_curve
    from evidence.charts.domains import domains
    from evidence.charts.dumbbell import dumbbell, dumbbell_pages
    from evidence.charts.effect_direction import effect_direction, effect_direction_pages
    from evidence.charts.evidence_map import evidence_map, evidence_map_pages
    from evidence.charts.forest import forest
    from evidence.charts.forest_layout import ForestLayout
    from evidence.charts.forest_pages import forest_pages
    from evidence.charts.funnel import funnel
    from evidence.charts.gosh_chart import gosh_chart
    from evidence.charts.harvest import harvest
    from evidence.charts.one_by_one import one_by_one_chart
    from evidence.charts.orchard import orchard, orchard_pages
    from evidence.charts.partial_sensitivity import sensitivity_chart
    from evidence.charts.prisma import prisma
    from evidence.charts.prisma_counts import PrismaCounts
    from evidence.charts.risk_of_bias import risk_of_bias_pages, risk_of_bias_table
    from evidence.charts.said import alt_text, caption
    from evidence.charts.specification_curve import specification_curve
    from evidence.charts.style import chart_style
    from evidence.charts.tornado import tornado
    from evidence.charts.trap import trap_chart
    from evidence.charts.trial import trial
    from evidence.effects.array_door import effect_size
    from evidence.effects.array_record import ArrayEffects
    from evidence.effects.covariance import SamplingCovariance
    from evidence.effects.dependence import sampling_covariance
    from evidence.effects.generic import effects_from
    from evidence.effects.reading import effect_sizes
    from evidence.effects.record import Effects
    from evidence.errors import EvidenceError, ModelError, StudyDataError
    from evidence.fit import MetaFit
    from evidence.models import (
        common_effect,
        meta_regression,
        multilevel,
        multivariate,
        pool_partial,
        random_effects,
    )
    from evidence.models.batch import batch
    from evidence.models.prior import Prior
    from evidence.numerics.arrays import pool_arrays
    from evidence.publish.deck.refresh import Refreshed, slides
    from evidence.studies.columns import SIX_DOMAINS
    from evidence.studies.example import example_studies
    from evidence.studies.mapping_proposal import propose_mapping
    from evidence.studies.reading import read_studies
    from evidence.studies.record import Studies
    from evidence.synthesis.bias import funnel_test
    from evidence.synthesis.bias_counts import ExcessTest, FailSafeN, excess_significance_test, fail_safe_n
    from evidence.synthesis.bias_fill import TrimAndFill, trim_and_fill
    from evidence.synthesis.bias_limit import PetPeese, pet_peese
    from evidence.synthesis.bias_p_curve import PCurve, p_curve
    from evidence.synthesis.bias_p_uniform import PUniformStar, p_uniform_star
    from evidence.synthesis.bias_selection import selection_model
    from evidence.synthesis.bias_worst_case import s_value, worst_case
    from evidence.synthesis.bootstrap import Bootstrap, bootstrap
    from evidence.synthesis.claims import Claims, claims
    from evidence.synthesis.compare import Comparison, compare
    from evidence.synthesis.correlation_grid import CorrelationGrid, correlation_grid
    from evidence.synthesis.direction import DirectionTest, direction_test, vote_count
    from evidence.synthesis.funnel_record import FunnelTest
    from evidence.synthesis.gosh import Gosh, gosh
    from evidence.synthesis.multiverse import Multiverse, multiverse
    from evidence.synthesis.partial_sensitivity import PartialSensitivity, partial_sensitivity
    from evidence.synthesis.permutation import PermutationTest, permutation_test
    from evidence.synthesis.power import NextTrial, Power, next_trial, power
    from evidence.synthesis.selection_record import SelectionModel
    from evidence.synthesis.sensitivity import Sensitivity, sensitivity
    from evidence.synthesis.sensitivity_cumulative import Cumulative, cumulative
    from evidence.synthesis.sensitivity_deletion import LeaveOneOut, leave_one_out
    from evidence.synthesis.sensitivity_influence import Influence, influence
    from evidence.synthesis.trap import Trap, within_group_trap
    from evidence.synthesis.worst_case_record import SValue, WorstCase
    from evidence.table_content.citing import references
    from evidence.table_content.door import summary_of_findings, to_table
    from evidence.tables import Table

_HOME = {
    "ArrayEffects": "effects.array_record",
    "Audit": "auditing",
    "Bootstrap": "synthesis.bootstrap",
    "Claims": "synthesis.claims",
    "Comparison": "synthesis.compare",
    "CorrelationGrid": "synthesis.correlation_grid",
    "Cumulative": "synthesis.sensitivity_cumulative",
    "DirectionTest": "synthesis.direction",
    "Effects": "effects.record",
    "EvidenceError": "errors",
    "ExcessTest": "synthesis.bias_counts",
    "FailSafeN": "synthesis.bias_counts",
    "ForestLayout": "charts.forest_layout",
    "FunnelTest": "synthesis.funnel_record",
    "Gosh": "synthesis.gosh",
    "Influence": "synthesis.sensitivity_influence",
    "LeaveOneOut": "synthesis.sensitivity_deletion",
    "MetaFit": "fit",
    "ModelError": "errors",
    "Multiverse": "synthesis.multiverse",
    "NextTrial": "synthesis.power",
    "PCurve": "synthesis.bias_p_curve",
    "PUniformStar": "synthesis.bias_p_uniform",
    "PartialSensitivity": "synthesis.partial_sensitivity",
    "PermutationTest": "synthesis.permutation",
    "PetPeese": "synthesis.bias_limit",
    "Power": "synthesis.power",
    "Prior": "models.prior",
    "PrismaCounts": "charts.prisma_counts",
    "Refreshed": "publish.deck.refresh",
    "SIX_DOMAINS": "studies.columns",
    "SValue": "synthesis.worst_case_record",
    "SamplingCovariance": "effects.covariance",
    "SelectionModel": "synthesis.selection_record",
    "Sensitivity": "synthesis.sensitivity",
    "Studies": "studies.record",
    "StudyDataError": "errors",
    "Table": "tables",
    "Trap": "synthesis.trap",
    "TrimAndFill": "synthesis.bias_fill",
    "WorstCase": "synthesis.worst_case_record",
    "albatross": "charts.albatross",
    "alt_text": "charts.said",
    "appraisal": "auditing.appraisal",
    "audit": "auditing",
    "batch": "models.batch",
    "baujat": "charts.baujat",
    "bootstrap": "synthesis.bootstrap",
    "bubble": "charts.bubble",
    "caption": "charts.said",
    "chart_style": "charts.style",
    "claim_chart": "charts.claim",
    "claims": "synthesis.claims",
    "common_effect": "models",
    "compare": "synthesis.compare",
    "correlation_curve": "charts.correlation_curve",
    "correlation_grid": "synthesis.correlation_grid",
    "cumulative": "synthesis.sensitivity_cumulative",
    "direction_test": "synthesis.direction",
    "domains": "charts.domains",
    "dumbbell": "charts.dumbbell",
    "dumbbell_pages": "charts.dumbbell",
    "effect_direction": "charts.effect_direction",
    "effect_direction_pages": "charts.effect_direction",
    "effect_size": "effects.array_door",
    "effect_sizes": "effects.reading",
    "effects_from": "effects.generic",
    "evidence_map": "charts.evidence_map",
    "evidence_map_pages": "charts.evidence_map",
    "example_studies": "studies.example",
    "excess_significance_test": "synthesis.bias_counts",
    "fail_safe_n": "synthesis.bias_counts",
    "forest": "charts.forest",
    "forest_pages": "charts.forest_pages",
    "funnel": "charts.funnel",
    "funnel_test": "synthesis.bias",
    "gosh": "synthesis.gosh",
    "gosh_chart": "charts.gosh_chart",
    "harvest": "charts.harvest",
    "influence": "synthesis.sensitivity_influence",
    "leave_one_out": "synthesis.sensitivity_deletion",
    "meta_regression": "models",
    "multilevel": "models",
    "multivariate": "models",
    "multiverse": "synthesis.multiverse",
    "next_trial": "synthesis.power",
    "one_by_one_chart": "charts.one_by_one",
    "orchard": "charts.orchard",
    "orchard_pages": "charts.orchard",
    "p_curve": "synthesis.bias_p_curve",
    "p_uniform_star": "synthesis.bias_p_uniform",
    "partial_sensitivity": "synthesis.partial_sensitivity",
    "permutation_test": "synthesis.permutation",
    "pet_peese": "synthesis.bias_limit",
    "pool_arrays": "numerics.arrays",
    "pool_partial": "models",
    "power": "synthesis.power",
    "prisma": "charts.prisma",
    "propose_mapping": "studies.mapping_proposal",
    "random_effects": "models",
    "read_studies": "studies.reading",
    "references": "table_content.citing",
    "risk_of_bias_pages": "charts.risk_of_bias",
    "risk_of_bias_table": "charts.risk_of_bias",
    "s_value": "synthesis.bias_worst_case",
    "sampling_covariance": "effects.dependence",
    "selection_model": "synthesis.bias_selection",
    "sensitivity": "synthesis.sensitivity",
    "sensitivity_chart": "charts.partial_sensitivity",
    "slides": "publish.deck.refresh",
    "specification_curve": "charts.specification_curve",
    "summary_of_findings": "table_content.door",
    "to_table": "table_content.door",
    "tornado": "charts.tornado",
    "trap_chart": "charts.trap",
    "trial": "charts.trial",
    "trim_and_fill": "synthesis.bias_fill",
    "vote_count": "synthesis.direction",
    "within_group_trap": "synthesis.trap",
    "worst_case": "synthesis.bias_worst_case",
}
"""Module of each public name, below this package."""

__all__ = [
    "SIX_DOMAINS",
    "ArrayEffects",
    "Audit",
    "Bootstrap",
    "Claims",
    "Comparison",
    "CorrelationGrid",
    "Cumulative",
    "DirectionTest",
    "Effects",
    "EvidenceError",
    "ExcessTest",
    "FailSafeN",
    "ForestLayout",
    "FunnelTest",
    "Gosh",
    "Influence",
    "LeaveOneOut",
    "MetaFit",
    "ModelError",
    "Multiverse",
    "NextTrial",
    "PCurve",
    "PUniformStar",
    "PartialSensitivity",
    "PermutationTest",
    "PetPeese",
    "Power",
    "Prior",
    "PrismaCounts",
    "Refreshed",
    "SValue",
    "SamplingCovariance",
    "SelectionModel",
    "Sensitivity",
    "Studies",
    "StudyDataError",
    "Table",
    "Trap",
    "TrimAndFill",
    "WorstCase",
    "__version__",
    "albatross",
    "alt_text",
    "appraisal",
    "audit",
    "batch",
    "baujat",
    "bootstrap",
    "bubble",
    "caption",
    "chart_style",
    "claim_chart",
    "claims",
    "common_effect",
    "compare",
    "correlation_curve",
    "correlation_grid",
    "cumulative",
    "direction_test",
    "domains",
    "dumbbell",
    "dumbbell_pages",
    "effect_direction",
    "effect_direction_pages",
    "effect_size",
    "effect_sizes",
    "effects_from",
    "evidence_map",
    "evidence_map_pages",
    "example_studies",
    "excess_significance_test",
    "fail_safe_n",
    "forest",
    "forest_pages",
    "funnel",
    "funnel_test",
    "gosh",
    "gosh_chart",
    "harvest",
    "influence",
    "leave_one_out",
    "meta_regression",
    "multilevel",
    "multivariate",
    "multiverse",
    "next_trial",
    "one_by_one_chart",
    "orchard",
    "orchard_pages",
    "p_curve",
    "p_uniform_star",
    "partial_sensitivity",
    "permutation_test",
    "pet_peese",
    "pool_arrays",
    "pool_partial",
    "power",
    "prisma",
    "propose_mapping",
    "random_effects",
    "read_studies",
    "references",
    "risk_of_bias_pages",
    "risk_of_bias_table",
    "s_value",
    "sampling_covariance",
    "selection_model",
    "sensitivity",
    "sensitivity_chart",
    "slides",
    "specification_curve",
    "summary_of_findings",
    "to_table",
    "tornado",
    "trap_chart",
    "trial",
    "trim_and_fill",
    "vote_count",
    "within_group_trap",
    "worst_case",
]


def __getattr__(name: str) -> Any:  # noqa: ANN401  (a module holds objects of any type)
    """Load a public name from its module at first use (PEP 562).

    Raises
    ------
    AttributeError
        If the package has no such public name.
    """
    if name not in _HOME:
        raise AttributeError(f"module 'evidence' has no attribute {name!r}")
    value = getattr(importlib.import_module(f"evidence.{_HOME[name]}"), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    """List the public names, loaded or not."""
    return sorted(__all__)
