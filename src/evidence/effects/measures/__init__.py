"""The registry of effect measures: one record a measure, nothing about rows."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from evidence.effects.measures import (
    association,
    biserial,
    change,
    correlations,
    matched,
    means,
    prepost,
    proportions,
    rates,
    single,
    superiority,
    tables,
    variability,
)
from evidence.effects.measures.record import Measure

__all__ = ["MEASURES", "Measure"]

_FAMILIES = (
    means,
    variability,
    change,
    prepost,
    tables,
    rates,
    matched,
    association,
    correlations,
    biserial,
    superiority,
    proportions,
    single,
)

MEASURES: Mapping[str, Measure] = MappingProxyType(
    {measure.code: measure for family in _FAMILIES for measure in family.MEASURES}
)
"""Measures by code, in the order in which messages and documentation list them."""
