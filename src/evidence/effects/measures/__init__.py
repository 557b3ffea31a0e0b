"""The registry of effect measures: one record a measure, nothing about rows."""

from __future__ import annotations

from types import MappingProxyType

from evidence.effects.measures.record import Measure

__all__ = ["MEASURES", "ROW_MEASURES", "Measure"]


# Rule j: risk, rate and hazard ratios of uncommon events are pooled as one family; odds ratios stay
# apart unless events are below 10 % of the people, where the two differ by less than rounding.
_RATIO_FAMILY = ("RR", "IRR", "HR", "RRR")

MEASURES = MappingProxyType(
    {
        measure.code: measure
        for measure in (
            Measure(
                "SMD",
                "standardised mean difference (Hedges' g)",
                "identity",
                ("SMD", "MD", "t", "beta"),
                0.0,
                "standard deviations",
                "10.3102/10769986006002107",
            ),
            Measure("RR", "risk ratio", "log", _RATIO_FAMILY, 1.0, "times the risk", "10.1002/9781119536604"),
            Measure(
                "IRR",
                "incidence rate ratio",
                "log",
                _RATIO_FAMILY,
                1.0,
                "times the rate",
                "10.1002/9781119536604",
            ),
            Measure(
                "HR", "hazard ratio", "log", _RATIO_FAMILY, 1.0, "times the hazard", "10.1186/1745-6215-8-16"
            ),
            Measure("OR", "odds ratio", "log", ("OR",), 1.0, "times the odds", "10.1002/9781119536604"),
        )
    }
)
"""Measures by code, in the order in which messages list them."""

ROW_MEASURES = MappingProxyType({code: measure for code, measure in MEASURES.items() if measure.metrics})
"""The measures that `effect_sizes` reads from rows of studies."""
