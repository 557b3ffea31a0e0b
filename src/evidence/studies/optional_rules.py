"""Rules that join optional cells of one row; all run on whole columns."""

from __future__ import annotations

import numpy as np
import pandas as pd

from evidence.errors import Problem
from evidence.studies.cells import Checked
from evidence.studies.optional_columns import STAGES

__all__ = ["optional_problems", "optional_results"]

_ORDER = ("min", "q1", "median", "q3", "max")
"""Order statistics of an arm, which cannot fall."""

_BETWEEN = ("t_between", "f_between", "chi2_between", "r_between", "adjusted_difference")


def optional_problems(checked: Checked) -> list[Problem]:
    """Return the problems that show only when optional cells of a row are held together."""
    found: list[Problem] = []
    for stage in STAGES:
        for arm in "ec":
            found += _reversed(checked, f"{stage}_ci_low_{arm}", f"{stage}_ci_high_{arm}")
            found += _falling(checked, stage, arm)
            found += _outside(
                checked, f"{stage}_mean_{arm}", f"{stage}_ci_low_{arm}", f"{stage}_ci_high_{arm}"
            )
    found += _reversed(checked, "adjusted_ci_low", "adjusted_ci_high")
    found += _outside(checked, "adjusted_difference", "adjusted_ci_low", "adjusted_ci_high")
    return found


def _reversed(checked: Checked, low: str, high: str) -> list[Problem]:
    table, text = checked.table, checked.text
    if low not in table or high not in table:
        return []
    return [
        checked.rows.problem(
            *(at, "the lower limit is below the upper one", low, str(text[low].iloc[at])),
            f"{high} is {text[high].iloc[at]}: exchange them?",
        )
        for at in _at(table[low] >= table[high])
    ]


def _outside(checked: Checked, value: str, low: str, high: str) -> list[Problem]:
    """Name the values that lie outside their own interval (one that is not itself reversed)."""
    table, text = checked.table, checked.text
    if any(name not in table for name in (value, low, high)):
        return []
    broken = ((table[value] < table[low]) | (table[value] > table[high])) & (table[low] < table[high])
    return [
        checked.rows.problem(
            *(at, "an interval lies around its value", value, str(text[value].iloc[at])),
            f"the interval is {text[low].iloc[at]} to {text[high].iloc[at]}",
        )
        for at in _at(broken)
    ]


def _falling(checked: Checked, stage: str, arm: str) -> list[Problem]:
    """Name the order statistics that fall below the one before them, whichever of them are printed."""
    table, text = checked.table, checked.text
    names = [name for part in _ORDER if (name := f"{stage}_{part}_{arm}") in table]
    found = []
    seen = np.full(len(table), -np.inf)
    told = np.full(len(table), "", dtype=object)
    for name in names:
        values = table[name].to_numpy()
        for at in _at(values < seen):
            fix = f"{told[at]} is {text[told[at]].iloc[at]}: exchange them?"
            rule = "minimum, lower quartile, median, upper quartile and maximum do not fall"
            found.append(checked.rows.problem(at, rule, name, str(text[name].iloc[at]), fix))
        known = ~np.isnan(values)
        seen, told = np.where(known, values, seen), np.where(known, name, told)
    return found


def optional_results(table: pd.DataFrame) -> pd.Series:
    """Mark the rows whose optional cells say anything about one arm against the other."""
    found = pd.Series(False, index=table.index)
    for name in _BETWEEN:
        if name in table:
            found |= table[name].notna()
    for stage in ("post", "change"):
        both = [f"{stage}_median_{arm}" for arm in "ec"]
        if all(name in table for name in both):
            found |= table[both].notna().all(axis=1)
    return found


def _at(mask: np.ndarray | pd.Series) -> list[int]:
    return [int(place) for place in np.flatnonzero(np.asarray(mask))]
