"""What a reader of a whole set of effects should know."""

from __future__ import annotations

import numpy as np
import pandas as pd

from evidence.effects.measures import Measure
from evidence.effects.solver.correlation import Resolved
from evidence.effects.solver.rounding import NOTED

__all__ = ["WITHOUT_R", "notes_of"]

WITHOUT_R = ("RR", "IRR", "HR", "OR", "RD", "ROM", "SMDH", "SMD1")
"""Measures in which no correlation plays a part."""


def notes_of(
    table: pd.DataFrame, overlaps: tuple[tuple[str, str], ...], measure: Measure, r: Resolved
) -> tuple[str, ...]:
    """Say what a reader of the whole set should know."""
    notes = [f"{first} and {second} report (in part) the same people" for first, second in overlaps]
    if len(set(table.loc[table["kind"] == "exact", "display_sign"])) > 1:
        notes.append(
            "ratios were printed both ways round (above and below 1 in favour of the first arm): a pooled "
            "ratio is shown the way round of most of them"
        )
    if measure.code not in WITHOUT_R:
        notes += r.notes
    if measure.code == "MD":
        notes += _units(table)
    return (*notes, *_rounded(table, measure))


def _units(table: pd.DataFrame) -> list[str]:
    """Warn where differences in several units would be pooled."""
    units = dict.fromkeys(table.loc[table["kind"] == "exact", "unit"].astype(str))
    if len(units) < 2:
        return []
    named = ", ".join(unit or "no unit" for unit in units)
    return [f"differences in several units ({named}): only rows of one unit and instrument can be pooled"]


_NAMED = 5
"""Rows that a note names; more are counted."""


def _rounded(table: pd.DataFrame, measure: Measure) -> list[str]:
    """Name the rows whose printed digits leave the effect open by more than `NOTED`."""
    width = table["rounding_high"] - table["rounding_low"]
    wide = width > NOTED * _sd_of_effect(table, measure)
    if not wide.any():
        return []
    rows = [
        f"{row_id} ({low:.2f} to {high:.2f})"
        for row_id, low, high in table.loc[wide, ["row_id", "rounding_low", "rounding_high"]].itertuples(
            index=False
        )
    ]
    more = f" and {len(rows) - _NAMED} more" if len(rows) > _NAMED else ""
    return [f"the rounding of the printed numbers leaves effects open: {', '.join(rows[:_NAMED])}{more}"]


def _sd_of_effect(table: pd.DataFrame, measure: Measure) -> pd.Series:
    """Return what 0.05 is measured in: 1 for standardised and logarithmic effects, an SD for raw ones."""
    if measure.code != "MD":
        return pd.Series(1.0, index=table.index)
    return table["std_error"] / np.sqrt(1 / table["n_e"] + 1 / table["n_c"])
