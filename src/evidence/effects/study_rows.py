"""The rows of some studies as the rules of reading see them, with the facts of their studies."""

from __future__ import annotations

import math
from collections.abc import Hashable, Mapping
from typing import TYPE_CHECKING, Any

from evidence.effects.row import Row

if TYPE_CHECKING:
    from evidence.studies.record import Studies

__all__ = ["Facts", "as_real", "facts_of", "overlaps_of", "printed_rows", "rows_of"]

Facts = dict[str, dict[str, Any]]
"""What the study table says of each study, by key."""


def facts_of(studies: Studies) -> Facts:
    """Return the study table by study key."""
    if studies.info is None:
        return {}
    return {str(record["study"]): _as_text_keys(record) for record in studies.info.to_dict("records")}


def _as_text_keys(record: Mapping[Hashable, Any]) -> dict[str, Any]:
    """Return a record of a table under its column names as text."""
    return {str(column): value for column, value in record.items()}


def as_real(value: object) -> float:
    """Return a cell of the study table as a number, NaN where it is none."""
    try:
        return float(value)  # type: ignore[arg-type]
    except (TypeError, ValueError):
        return math.nan


def rows_of(studies: Studies, facts: Facts) -> list[Row]:
    """Return the rows in their order."""
    printed = studies.text.to_dict("records")
    return [
        Row(
            _as_text_keys(cells),
            _as_text_keys(printed[position]),
            as_real(facts.get(str(cells["study"]), {}).get("n_total")),
            as_real(facts.get(str(cells["study"]), {}).get("arms")),
        )
        for position, cells in enumerate(studies.table.to_dict("records"))
    ]


def overlaps_of(facts: Facts, present: set[str]) -> tuple[tuple[str, str], ...]:
    """Return which of the selected studies report the same people under two keys."""
    pairs: set[tuple[str, str]] = set()
    for study in present:
        others = str(facts.get(study, {}).get("overlaps") or "").split(";")
        for other in (text.strip() for text in others):
            if other in present:
                pairs.add((min(study, other), max(study, other)))
    return tuple(sorted(pairs))


def printed_rows(studies: Studies) -> list[Row]:
    """Return each row of the studies as the rules of reading see it, with the facts of its study."""
    return rows_of(studies, facts_of(studies))
