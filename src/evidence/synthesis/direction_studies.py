"""The rows behind a test of directions: which compare the arms, their sides, one line a study."""

from __future__ import annotations

import math

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy import special

from evidence.effects.null_scores import null_scores
from evidence.effects.record import Effects
from evidence.effects.verdict import WITHIN_ARMS_ONLY
from evidence.errors import ModelError
from evidence.numerics.p_combination import composite_score, score_of_t
from evidence.numerics.sign_test import Sides, sides
from evidence.numerics.wls import Vector

__all__ = ["DIRECTION_TABLE", "RHO", "compared_rows", "groups_of", "row_sides", "study_scores", "study_table"]

RHO = 0.6
"""Correlation assumed between tests on the same people, as everywhere in this package."""

DIRECTION_TABLE = (
    *("study", "label", "rows", "first", "second", "zero", "unknown", "direction", "counted"),
    *("if_unknown_first", "if_unknown_second", "people", "exact_rows", "z", "p_first"),
)
"""Columns of `DirectionTest.table`, in this order."""

_SIDE = {1: "first", -1: "second", 0: "tie"}


def compared_rows(effects: Effects) -> tuple[pd.DataFrame, list[tuple[str, str]]]:
    """Return the rows that compare the arms, and each other row with the reason why it does not.

    Raises
    ------
    ModelError
        Where a row is the result of a review, or none is left.
    """
    table = effects.table.reset_index(drop=True)
    if "level" in table and table["level"].astype(str).eq("pooled").any():
        names = table.loc[table["level"].astype(str).eq("pooled"), "row_id"].astype(str)
        raise ModelError(
            "results of reviews are no further studies: they hold those that are here already "
            f"({', '.join(names[:8])}); leave them out with studies.where(level='study')"
        )
    within = _within_arms(table)
    main = table["main"].astype(bool) if "main" in table else pd.Series(True, index=table.index)
    left = [(str(row), WITHIN_ARMS_ONLY) for row in table.loc[within, "row_id"]]
    other = "another time point of this outcome is the main one"
    left += [(str(row), other) for row in table.loc[~within & ~main, "row_id"]]
    kept = table.loc[~within & main].reset_index(drop=True)
    if kept.empty:
        raise ModelError("no row compares the arms, so that none has a direction; see the effects' reasons")
    return kept, left


def _within_arms(table: pd.DataFrame) -> pd.Series:
    """Mark the rows that only compared each arm with its own baseline.

    Every other row compared the arms. Where it can be read neither as a value nor as bounds nor as a side
    ("no difference" without the number of people), its side is unknown, and it counts as such.
    """
    within = table["reason"].eq(WITHIN_ARMS_ONLY) if "reason" in table else pd.Series(False, table.index)
    if "basis" in table:
        within |= table["basis"].eq("within_group_only") & table["kind"].eq("unusable")
    return within


def groups_of(table: pd.DataFrame) -> tuple[list[str], NDArray[np.intp]]:
    """Return the studies in order of appearance, and the number of each row's study."""
    codes, keys = pd.factorize(table["study"].astype(str))
    return [str(key) for key in keys], np.asarray(codes, dtype=np.intp)


def row_sides(table: pd.DataFrame) -> Vector:
    """Return the side of each row: 1, -1, or 0 where it is not known."""
    estimate, low, high = (
        np.asarray(pd.to_numeric(table[name]), dtype=np.float64) for name in ("estimate", "low", "high")
    )
    told = np.asarray(pd.to_numeric(table["sign"]), dtype=np.float64) if "sign" in table else None
    return sides(estimate, low, high, told)


def study_scores(table: pd.DataFrame, measure: str, group: NDArray[np.intp], groups: int) -> Vector:
    """Return the signed normal score of each study from its exact rows; NaN without one."""
    scores = null_scores(table, measure)
    exact = table["kind"].eq("exact").to_numpy()
    z = score_of_t(scores.low, scores.df)
    usable = exact & np.isfinite(z)
    out = np.full(groups, math.nan)
    for at in np.unique(group[usable]):
        out[at] = composite_score(z[usable & (group == at)], RHO)
    return out


def study_table(
    table: pd.DataFrame, keys: list[str], group: NDArray[np.intp], counted: Sides, z: Vector
) -> pd.DataFrame:
    """Return one line a study, with the columns of `DIRECTION_TABLE`."""
    known = counted.known
    label = table["label"] if "label" in table else table["study"]
    people = pd.to_numeric(table["people"]) if "people" in table else pd.Series(math.nan, index=table.index)
    exact = np.bincount(group[table["kind"].eq("exact").to_numpy()], minlength=len(keys))
    return pd.DataFrame(
        {
            "study": keys,
            "label": label.groupby(group).first().astype(str).tolist(),
            "rows": np.bincount(group, minlength=len(keys)),
            "first": counted.first,
            "second": counted.second,
            "zero": counted.zero,
            "unknown": counted.unknown,
            "direction": [
                _SIDE[int(way)] if told else "unknown"
                for way, told in zip(counted.majority, known, strict=True)
            ],
            "counted": known & (counted.majority != 0),
            "if_unknown_first": [_SIDE[int(way)] for way in counted.if_unknown(1)],
            "if_unknown_second": [_SIDE[int(way)] for way in counted.if_unknown(-1)],
            "people": people.groupby(group).max().to_numpy(dtype=float),
            "exact_rows": exact,
            "z": z,
            "p_first": np.asarray(special.ndtr(-z), dtype=np.float64),
        },
        columns=list(DIRECTION_TABLE),
    )
