"""What every derivation gives that the printed numbers of some rows allow, and how far rounding moves it."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import pandas as pd

from evidence.effects.readers import measure_of, read_all
from evidence.effects.row import Row
from evidence.effects.solver.correlation import resolve
from evidence.effects.solver.rounding import rounding_range
from evidence.effects.study_rows import facts_of, rows_of
from evidence.effects.verdict import Verdict
from evidence.errors import ModelError

if TYPE_CHECKING:
    from evidence.effects.record import Effects

__all__ = ["derivations", "rounding_of"]


def derivations(effects: Effects) -> pd.DataFrame:
    """Return what every derivation makes of the rows of some effects (`Effects.derivations`).

    Raises
    ------
    ModelError
        Where the effects were not made from studies.
    """
    origin = effects._origin
    if origin is None:
        raise ModelError(
            "these effects were not made from studies: there is nothing to derive them from anew"
        )
    wanted = set(effects.table["row_id"])
    rows = rows_of(origin.studies, facts_of(origin.studies))
    r, measure = resolve(origin.correlation, rows), measure_of(effects.measure)
    lines = [
        _line(row, verdict, place == 0)
        for row in rows
        if row.word("row_id") in wanted
        for place, verdict in enumerate(read_all(row, measure, r.of(row), origin.continuity))
    ]
    return pd.DataFrame(lines)


def _line(row: Row, verdict: Verdict, taken: bool) -> dict[str, object]:
    low, high = rounding_of(row, verdict)
    return {
        "row_id": row.word("row_id"),
        "code": verdict.code,
        "taken": taken,
        "derived_from": verdict.derived_from,
        "kind": verdict.kind,
        "estimate": verdict.estimate,
        "variance": verdict.variance,
        "low": verdict.low,
        "high": verdict.high,
        "rounding_low": low,
        "rounding_high": high,
        "metric_scale": verdict.metric_scale,
        "formula": verdict.formula,
        "assumptions": "; ".join(verdict.assumptions),
    }


def rounding_of(row: Row, verdict: Verdict) -> tuple[float, float]:
    """Return the range that the printed digits of an exact row allow; NaN for other rows."""
    if verdict.kind != "exact" or verdict.recompute is None:
        return math.nan, math.nan
    cells = row.solved_cells
    return rounding_range(
        verdict.recompute,
        {name: cells[name] for name in verdict.cells},
        {name: row.says(name).strip().lstrip("pP=<>≤≥ ") for name in verdict.cells},
    )
