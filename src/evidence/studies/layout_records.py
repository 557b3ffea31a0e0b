"""Records: one row of the sheet (or part of it) in our names, before times are joined and arms are paired."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd

from evidence.studies.layout_spread import LeftOut, Spread, virtual
from evidence.studies.mapping import Cells, NumberRules, TableMapping
from evidence.studies.mapping_cells import cells_of, is_number
from evidence.studies.mapping_keys import ROW_NAMES, STAGED

__all__ = ["IDENTITY", "Records", "records_of", "staged"]

IDENTITY = ("study", "question", "domain", "outcome", "instrument", "unit", "timepoint_weeks")
"""Columns that, where mapped, the arms of one comparison share."""


@dataclass(frozen=True)
class Records:
    """Rows in our names.

    Attributes
    ----------
    row : DataFrame
        Columns of a row of the studies (``study``, ``outcome``, ``p_between`` ...).
    arm : DataFrame
        What is said of one arm (``name``, ``n``, ``post_mean`` ...); without columns in a wide layout.
    group : ndarray of int
        Number of the group that a record belongs to by study, outcome and ``pairs.by``.
    lines : list of tuple of int
        Rows of the sheet that each record came from, the main one first.
    frame : DataFrame
        The columns of the sheet that the mapping names, for conditions.
    places : ndarray of int
        Row of the spread sheet that each record mainly comes from.
    """

    row: pd.DataFrame
    arm: pd.DataFrame
    group: np.ndarray
    lines: list[tuple[int, ...]]
    frame: pd.DataFrame
    places: np.ndarray

    def __len__(self) -> int:
        """Return the number of records."""
        return len(self.lines)

    def leave(self, at: int, reason: str) -> LeftOut:
        """Return the entry of a record that plays no part."""
        study, outcome = (str(self.row[name].iloc[at]) for name in ("study", "outcome"))
        arm = str(self.arm["name"].iloc[at]) if "name" in self.arm else ""
        return LeftOut(self.lines[at][0], reason, study, outcome, arm)

    def take(self, places: np.ndarray) -> Records:
        """Return some of the records."""
        return Records(
            self.row.iloc[places].reset_index(drop=True),
            self.arm.iloc[places].reset_index(drop=True),
            self.group[places],
            [self.lines[at] for at in places],
            self.frame.iloc[places].reset_index(drop=True),
            self.places[places],
        )


def records_of(spread: Spread, mapping: TableMapping, rules: NumberRules) -> Records:
    """Put the cells of the sheet under our names."""
    frame = spread.frame
    columns = _with_labels(mapping)
    row = {name: cells_of(frame, cells, rules, number=is_number(name)) for name, cells in columns.items()}
    for name, value in mapping.constants.items():
        row[name] = np.full(len(frame), value, dtype=object)
    arm_cells = dict(mapping.arm)
    if mapping.is_long and "name" not in arm_cells:
        arm_cells = {"name": Cells("spread.arm", (virtual("arm"),)), **arm_cells}
    arm = {name: cells_of(frame, cells, rules, number=is_number(name)) for name, cells in arm_cells.items()}
    keys = [row[name] for name in IDENTITY if name in row and not _is_staged_key(name, mapping)]
    keys += [frame[name].to_numpy(dtype=object) for name in mapping.pairs.by]
    groups = _numbered(keys, len(frame))
    lines: list[tuple[int, ...]] = [(int(at),) for at in spread.origin]
    index = pd.RangeIndex(len(frame))
    return Records(
        pd.DataFrame(row, index=index),
        pd.DataFrame(arm, index=index),
        groups,
        lines,
        frame,
        np.arange(len(frame)),
    )


def _with_labels(mapping: TableMapping) -> Mapping[str, Cells]:
    """Return the mapped columns, and those that the parts of [spread] stand for by their own name."""
    columns = dict(mapping.columns)
    for part in mapping.spread:
        if part in ROW_NAMES and part not in columns and part not in mapping.constants:
            columns[part] = Cells(f"spread.{part}", (virtual(part),))
    return columns


def _is_staged_key(name: str, mapping: TableMapping) -> bool:
    """Say whether a key differs between the times of one arm, as the weeks of a time point do."""
    return mapping.time is not None and name == "timepoint_weeks"


def _numbered(keys: list[np.ndarray], count: int) -> np.ndarray:
    """Give each distinct combination of keys a number."""
    groups = np.zeros(count, dtype=np.intp)
    for key in keys:
        codes, distinct = pd.factorize(key)
        groups = pd.factorize(groups * max(len(distinct), 1) + codes)[0]
    return np.asarray(groups, dtype=np.intp)


def staged(name: str) -> bool:
    """Say whether a name is one that a time point completes: ``mean``, or ``mean_e`` in a wide layout.

    People are not: ``n`` is said of the arm, at whatever time.
    """
    base = name[:-2] if name[-2:] in ("_e", "_c") else name
    return base in STAGED and base != "n"
