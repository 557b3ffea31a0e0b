"""The exact rows that a look for selection rests on, those left out by name, and the side it looks on."""

from __future__ import annotations

from evidence._check import as_number
from evidence.effects.record import Effects
from evidence.errors import ModelError
from evidence.models import check_effects
from evidence.models.choices import one_row_a_study
from evidence.models.row_rules import named
from evidence.models.rows import Selection, select

__all__ = ["ALTERNATIVES", "check_alpha", "not_taken", "taken"]

ALTERNATIVES = ("greater", "less", "two.sided")
"""Which results are favoured: for the first arm (greater), against it (less), or both."""


def taken(effects: Effects, instead: str | None = None) -> Selection:
    """Return the exact rows; with `instead` (what to use else) at most one a study."""
    check_effects(effects)
    selection = select(effects, partial=False)
    if instead is not None:
        one_row_a_study(selection, instead)
    return selection


def not_taken(selection: Selection) -> tuple[str, ...]:
    """Return a note on each reason for which rows are left out, with the rows by name."""
    grouped: dict[str, list[str]] = {}
    for row_id, reason in zip(selection.table["row_id"], selection.why_not, strict=True):
        if reason:
            grouped.setdefault(reason, []).append(str(row_id))
    return tuple(
        f"Left out: {named(rows)} ({reason}). Without an estimate and a standard error a row has no p value"
        " to be selected by."
        for reason, rows in grouped.items()
    )


def check_alpha(alpha: object) -> float:
    """Return a two-sided level of significance.

    Raises
    ------
    ModelError
        Where it is not between 0 and 0.5.
    """
    value = as_number(alpha)
    if not 0.0 < value < 0.5:
        raise ModelError(f"alpha is a two-sided probability between 0 and 0.5, such as 0.05; got {alpha!r}")
    return value
