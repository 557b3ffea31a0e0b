"""The registry of effect measures: one record a measure, nothing about rows."""

from __future__ import annotations

from dataclasses import dataclass
from types import MappingProxyType

__all__ = ["MEASURES", "Measure"]


@dataclass(frozen=True)
class Measure:
    """What a measure is, how it is displayed and whom to cite.

    Attributes
    ----------
    code : str
        The field's code, as in `ev.effect_sizes(..., measure=code)`.
    name : str
        The name in full.
    scale : str
        Scale of the model: ``"identity"`` or ``"log"``.
    metrics : tuple of str
        Values of the column ``effect_metric`` that speak this measure's language.
    null : float
        The value of no difference on the printed scale.
    unit : str
        What one unit of the printed scale means.
    reference : str
        DOI of the source of the formulas.
    """

    code: str
    name: str
    scale: str
    metrics: tuple[str, ...]
    null: float
    unit: str
    reference: str


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
