"""All checks by name, family by family: what the documentation, the messages and `audit` read."""

from __future__ import annotations

from types import MappingProxyType

from evidence.auditing.record import Check

__all__ = ["CHECKS"]


def _families() -> tuple[tuple[Check, ...], ...]:
    from evidence.auditing.arm_spread import ARM_SPREAD
    from evidence.auditing.changes import CHANGES
    from evidence.auditing.claims_within import CLAIMS
    from evidence.auditing.design import DESIGN
    from evidence.auditing.direction import DIRECTION
    from evidence.auditing.duplicates import DUPLICATES
    from evidence.auditing.granularity import GRANULARITY
    from evidence.auditing.intervals import INTERVALS
    from evidence.auditing.p_values import P_VALUES
    from evidence.auditing.provenance import PROVENANCE
    from evidence.auditing.ratios import RATIOS
    from evidence.auditing.rederived import REDERIVED
    from evidence.auditing.reporting import REPORTING
    from evidence.auditing.sizes import SIZES
    from evidence.auditing.spread import SPREAD
    from evidence.auditing.subgroups import SUBGROUPS
    from evidence.auditing.variation import VARIATION
    from evidence.auditing.weights import WEIGHTS

    return (
        *(
            SPREAD,
            VARIATION,
            ARM_SPREAD,
            CHANGES,
            P_VALUES,
            REDERIVED,
            INTERVALS,
            RATIOS,
            GRANULARITY,
            SUBGROUPS,
            DUPLICATES,
        ),
        *(DIRECTION, CLAIMS, DESIGN, SIZES, PROVENANCE, WEIGHTS, REPORTING),
    )


CHECKS = MappingProxyType({check.name: check for family in _families() for check in family})
"""Checks by name, in the order of the documentation."""
