"""What a repair does to the pooled result that its row is part of."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from evidence.auditing.data import POOLED_BY
from evidence.auditing.record import Finding, Repair
from evidence.auditing.repairs import repaired_rows
from evidence.effects.reading import effect_sizes
from evidence.effects.record import Effects
from evidence.errors import EvidenceError
from evidence.models.exact import random_effects
from evidence.models.partial import pool_partial

if TYPE_CHECKING:
    from evidence.studies.record import Studies

__all__ = ["before_and_after"]

Pair = tuple[float | None, float | None]

_RATIO = {"RR": "RR", "IRR": "RR", "HR": "RR", "OR": "OR"}
"""Measure under which a printed ratio is pooled; everything else is a standardised mean difference."""


def before_and_after(studies: Studies, found: Sequence[Finding]) -> list[Pair]:
    """Return, for each finding, the pooled effect of its cell before and after its repair.

    A cell is what is pooled together: rows of single studies with the same question, domain, comparator and
    kind of measure. Exact rows alone go through `random_effects`; where a row of the cell is partial,
    `pool_partial` is used. ``(None, None)`` where no repair is proposed, the cell has no pooled result, or
    the repair leaves every effect of it as it was.
    """
    out: list[Pair] = [(None, None)] * len(found)
    wanted = [at for at, finding in enumerate(found) if finding.repair is not None]
    if not wanted:
        return out
    cells, repaired = _Cells(studies), _repaired(studies, [found[at] for at in wanted])
    for at, row in zip(wanted, repaired, strict=True):
        repair = found[at].repair
        assert repair is not None  # by the choice of `wanted`
        out[at] = cells.pair(repair.row_id, row, repair.leaves_out)
    return out


def _repaired(studies: Studies, found: Sequence[Finding]) -> list[Studies | None]:
    """Return each repaired row as a table of its own; None where it is left out or cannot be read."""
    repairs = [each.repair for each in found if each.repair is not None and not each.repair.leaves_out]
    rows: list[Studies | None]
    try:
        together = repaired_rows(studies, repairs)
        rows = [together._rows(np.arange(len(repairs)) == at) for at in range(len(repairs))]
    except EvidenceError:  # one of them breaks the rules of its column: the others are read without it
        rows = [_alone(studies, repair) for repair in repairs]
    left = iter(rows)
    return [None if each.repair is None or each.repair.leaves_out else next(left) for each in found]


def _alone(studies: Studies, repair: Repair) -> Studies | None:
    try:
        return repaired_rows(studies, [repair])
    except EvidenceError:
        return None


class _Cells:
    """Pooled results by cell, each worked out once."""

    def __init__(self, studies: Studies) -> None:
        self._studies = studies
        table = studies.table
        self._measure = [_RATIO.get(str(metric), "SMD") for metric in table["effect_metric"]]
        keys = table[list(POOLED_BY)].assign(measure=self._measure)
        self._cell = keys.groupby(list(keys.columns), sort=False, dropna=False).ngroup().to_numpy()
        self._single = (table["level"] != "pooled").to_numpy()
        self._place = {str(row): at for at, row in enumerate(table["row_id"])}
        self._effects: dict[int, Effects | None] = {}
        self._pooled: dict[int, float | None] = {}

    def pair(self, row: str, repaired: Studies | None, leaves_out: bool) -> Pair:
        """Return the pooled effect of a row's cell as it is, and with the row repaired."""
        at = self._place.get(row)
        if at is None or not self._single[at] or (repaired is None and not leaves_out):
            return (None, None)
        cell = int(self._cell[at])
        effects = self._of(cell, self._measure[at])
        if effects is None:
            return (None, None)
        changed = self._with(effects, row, repaired, self._measure[at])
        if changed is None:
            return (None, None)
        if cell not in self._pooled:
            self._pooled[cell] = _pool(effects)
        return (self._pooled[cell], _pool(changed))

    def _of(self, cell: int, measure: str) -> Effects | None:
        if cell not in self._effects:
            here = (self._cell == cell) & self._single
            self._effects[cell] = _read(self._studies._rows(here), measure)
        return self._effects[cell]

    def _with(self, effects: Effects, row: str, repaired: Studies | None, measure: str) -> Effects | None:
        """Return the effects with one row replaced or left out; None where nothing of it changes."""
        table = effects.table
        mine = (table["row_id"] == row).to_numpy()
        if repaired is None:
            return replace(effects, table=table[~mine].reset_index(drop=True))
        fresh = _read(repaired, measure)
        if fresh is None:
            return None
        new = fresh.table.assign(main=table.loc[mine, "main"].to_numpy())
        columns = ["kind", "estimate", "variance", "low", "high"]
        if new[columns].reset_index(drop=True).equals(table.loc[mine, columns].reset_index(drop=True)):
            return None
        return replace(effects, table=pd.concat([table[~mine], new], ignore_index=True))


def _read(studies: Studies, measure: str) -> Effects | None:
    try:
        return effect_sizes(studies, measure=measure)
    except EvidenceError:
        return None


def _pool(effects: Effects) -> float | None:
    """Return the pooled effect on the scale of the model, None where there is none."""
    kinds = effects.table["kind"]
    model = random_effects if bool(np.all(kinds.isin(["exact", "unusable"]))) else pool_partial
    try:
        return model(effects).estimate
    except EvidenceError:
        return None
