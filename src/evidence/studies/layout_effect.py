"""Ready-made effects (``yi``, ``vi``) become a printed effect with its interval."""

from __future__ import annotations

import math
from statistics import NormalDist

import numpy as np
import pandas as pd

from evidence.errors import Problem
from evidence.studies.columns import RATIO_METRICS
from evidence.studies.mapping import EffectRules, NumberRules
from evidence.studies.mapping_cells import cells_of
from evidence.studies.mapping_numbers import is_plain

__all__ = ["effect_cells"]

_PRECISION = {
    "variance": "a variance is a positive number",
    "std_error": "a standard error is a positive number",
}


def effect_cells(
    frame: pd.DataFrame, rules: EffectRules, numbers: NumberRules, lines: np.ndarray
) -> tuple[dict[str, np.ndarray], list[Problem], list[str]]:
    """Return the columns of the printed effect, the broken cells, and a note on what was computed.

    Parameters
    ----------
    frame : DataFrame
        The sheet.
    rules : EffectRules
        The section ``[effect]`` of the mapping.
    numbers : NumberRules
        How numbers are written.
    lines : ndarray of int
        Line of the file of each row, for messages.
    """
    given = {name: cells_of(frame, cells, numbers, number=True) for name, cells in rules.cells.items()}
    problems: list[Problem] = []
    notes: list[str] = []
    estimate = given["estimate"]
    if "low" in given:
        low, high = given["low"], given["high"]
    else:
        name = next(name for name in _PRECISION if name in given)
        se = _positive(given[name], rules.cells[name].names[0], _PRECISION[name], lines, problems)
        se = np.sqrt(se) if name == "variance" else se
        half = NormalDist().inv_cdf((1 + rules.level) / 2) * se
        centre = np.array([float(word) if is_plain(word) else math.nan for word in estimate])
        low, high = _written(centre - half), _written(centre + half)
        notes.append(f"limits of [effect] were computed from its {name}, at {rules.level:.0%}")
    if rules.log:
        estimate, low, high = (_exponential(cells) for cells in (estimate, low, high))
        notes.append(f"[effect] holds logarithms: {rules.metric} and its limits are their exponentials")
    there = estimate != ""
    cells = {
        "effect": estimate,
        "ci_low": low,
        "ci_high": high,
        "ci_level": np.where(there, f"{rules.level:g}", ""),
        "effect_metric": np.where(there, rules.metric, ""),
        "effect_sign": np.where(there, _sign(rules), ""),
    }
    return {name: np.asarray(values, dtype=object) for name, values in cells.items()}, problems, notes


def _sign(rules: EffectRules) -> str:
    """Return the word of ``effect_sign`` for the arm that a larger value favours."""
    if rules.metric in RATIO_METRICS:
        return "above1_favours_e" if rules.favours == "e" else "below1_favours_e"
    return f"pos_favours_{rules.favours}"


def _positive(
    cells: np.ndarray, column: str, rule: str, lines: np.ndarray, problems: list[Problem]
) -> np.ndarray:
    """Return positive numbers; a cell that holds anything else is a problem."""
    out = np.full(len(cells), math.nan)
    for at, word in enumerate(cells):
        if word == "":
            continue
        value = float(word) if is_plain(str(word)) else math.nan
        if value > 0 and math.isfinite(value):
            out[at] = value
        else:
            fix = "leave the cell blank where it is not known"
            problems.append(Problem(rule, line=int(lines[at]), column=column, value=str(word), fix=fix))
    return out


def _written(values: np.ndarray) -> np.ndarray:
    """Write numbers with all their digits, blank for NaN."""
    return np.array(["" if math.isnan(value) else repr(float(value)) for value in values], dtype=object)


def _exponential(cells: np.ndarray) -> np.ndarray:
    out = [
        repr(math.exp(float(word))) if is_plain(str(word)) and abs(float(word)) < 700 else word
        for word in cells
    ]
    return np.array(out, dtype=object)
