"""All checks by name, family by family: what the documentation, the messages and `audit` read."""

from __future__ import annotations

from types import MappingProxyType

from evidence.audit.record import Check

__all__ = ["CHECKS"]


def _families() -> tuple[tuple[Check, ...], ...]:
    from evidence.audit.changes import CHANGES
    from evidence.audit.design import DESIGN
    from evidence.audit.direction import DIRECTION
    from evidence.audit.duplicates import DUPLICATES
    from evidence.audit.granularity import GRANULARITY
    from evidence.audit.intervals import INTERVALS
    from evidence.audit.p_values import P_VALUES
    from evidence.audit.provenance import PROVENANCE
    from evidence.audit.ratios import RATIOS
    from evidence.audit.reporting import REPORTING
    from evidence.audit.sizes import SIZES
    from evidence.audit.spread import SPREAD
    from evidence.audit.subgroups import SUBGROUPS
    from evidence.audit.weights import WEIGHTS

    return (
        *(SPREAD, CHANGES, P_VALUES, INTERVALS, RATIOS, GRANULARITY, SUBGROUPS, DUPLICATES),
        *(DIRECTION, DESIGN, SIZES, PROVENANCE, WEIGHTS, REPORTING),
    )


CHECKS = MappingProxyType({check.name: check for family in _families() for check in family})
"""Checks by name, in the order of the documentation."""
