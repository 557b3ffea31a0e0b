"""The four cells of a table of two groups by two outcomes: columns, rules, and sums."""

from __future__ import annotations

from types import MappingProxyType

import numpy as np

from evidence.effects.formulas import Floats
from evidence.effects.measures.common import COUNT, SIZE_1
from evidence.effects.measures.record import Given

__all__ = ["CELLS", "CELL_INPUTS", "CELL_RULES", "CELL_SUMS", "cells", "share_variance", "with_cells"]

CELLS = ("ai", "bi", "ci", "di")
CELL_INPUTS = (CELLS, ("ai", "n1i", "ci", "n2i"))
CELL_RULES = MappingProxyType({**dict.fromkeys(CELLS, COUNT), "n1i": SIZE_1, "n2i": SIZE_1})
CELL_SUMS = (("ai", "bi", "n1i"), ("ci", "di", "n2i"))


def with_cells(columns: dict[str, Floats]) -> dict[str, Floats]:
    """Complete the cells: people without the event are the group's size less those with it."""
    out = dict(columns)
    for rest, events, total in (("bi", "ai", "n1i"), ("di", "ci", "n2i")):
        if total in columns and events in columns:
            counted = columns[total] - columns[events]
            out[rest] = (
                np.where(np.isnan(columns[rest]), counted, columns[rest]) if rest in columns else counted
            )
    return out


def cells(x: Given) -> tuple[Floats, Floats, Floats, Floats]:
    """Return the four cells."""
    return x["ai"], x["bi"], x["ci"], x["di"]


def share_variance(p: Floats, n: Floats) -> Floats:
    """Return the variance p (1 - p) / n of a share."""
    return p * (1 - p) / n
