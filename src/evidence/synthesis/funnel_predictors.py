"""What a line through the funnel is drawn against: standard errors, numbers of people, counts."""

from __future__ import annotations

import numpy as np
import pandas as pd

from evidence.effects.record import Effects
from evidence.errors import ModelError
from evidence.models.row_rules import named
from evidence.models.rows import Selection
from evidence.numerics.wls import Vector

__all__ = ["PREDICTORS", "VANISHING", "counts_of", "predictor_values"]

PREDICTORS = ("sei", "vi", "ni", "1/ni", "sqrt(ni)", "1/sqrt(ni)", "sqrt(1/n_e+1/n_c)")
"""Predictors of Egger's line."""

VANISHING = ("sei", "vi", "1/ni", "1/sqrt(ni)", "sqrt(1/n_e+1/n_c)", "1/sqrt(information)")
"""Those that go to zero as a study grows, so that the line has a value for a study of unlimited size."""

_EVENTS = ("events_e", "events_c")


def predictor_values(effects: Effects, selection: Selection, predictor: str) -> Vector:
    """Return the predictor of each row in use.

    Raises
    ------
    ModelError
        Where a row does not say its number of people.
    """
    v = selection.values("variance")
    if predictor in ("sei", "vi"):
        return v if predictor == "vi" else np.asarray(np.sqrt(v))
    if predictor == "sqrt(1/n_e+1/n_c)":
        first = _known(selection, selection.values("n_e"), "n_e")
        second = _known(selection, selection.values("n_c"), "n_c")
        return np.asarray(np.sqrt(1.0 / first + 1.0 / second))
    n = _known(selection, selection.values("people"), "people (or n_e and n_c)")
    size = np.sqrt(n) if "sqrt" in predictor else n
    return np.asarray(1.0 / size if predictor.startswith("1/") else size)


def _known(selection: Selection, n: Vector, name: str) -> Vector:
    silent = [row for row, value in zip(selection.names(), n, strict=True) if not value > 0.0]
    if silent:
        raise ModelError(f"this predictor needs {name} of every row; missing in {named(silent)}")
    return n


def counts_of(effects: Effects, selection: Selection, method: str) -> tuple[Vector, Vector, Vector, Vector]:
    """Return events and non-events of the first arm, then of the second, of each row in use.

    They are columns of the effects (``events_e, n_e, events_c, n_c``), or of the studies that these were made
    from, where ``total_e`` and ``total_c`` say among how many the events were counted.

    Raises
    ------
    ModelError
        Where counts are missing, no whole numbers, or impossible.
    """
    ids = selection.names()
    table = effects.table
    if not set(_EVENTS) <= set(table.columns) and effects._origin is not None:
        table = effects._origin.studies.table
    pairs = [("total_e", "n_e"), ("total_c", "n_c")]
    wanted = [(name,) for name in _EVENTS] + pairs
    absent = [names[-1] for names in wanted if not set(names) & set(table.columns)]
    if absent:
        raise ModelError(
            f"method={method!r} needs the counts of each row, in columns events_e, n_e, events_c, n_c;"
            " there is"
            f" no {', '.join(absent)}"
        )
    lines = table.assign(row_id=table["row_id"].astype(str)).set_index("row_id").loc[ids]
    events_e, events_c, n_e, n_c = (_first(lines, names) for names in wanted)
    good = (events_e >= 0) & (events_e <= n_e) & (events_c >= 0) & (events_c <= n_c) & (n_e > 0) & (n_c > 0)
    if not good.all():
        broken = named([row for row, fine in zip(ids, good, strict=True) if not fine])
        raise ModelError(f"method={method!r} needs events between 0 and n in both arms; not so in {broken}")
    return events_e, n_e - events_e, events_c, n_c - events_c


def _first(lines: pd.DataFrame, names: tuple[str, ...]) -> Vector:
    """Return the first of several columns that says something, row by row, NaN where none does."""
    out = np.full(len(lines), np.nan)
    for name in names:
        if name in lines.columns:
            found = np.asarray(pd.to_numeric(lines[name], errors="coerce"), dtype=np.float64)
            out = np.where(np.isnan(out), found, out)
    return out
