"""Whose scores a printed number speaks of, and which arm a printed number favours (rules c and g)."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import NamedTuple

import numpy as np

from evidence.effects.formulas import Floats, as_floats
from evidence.effects.row import UPWARD_FAVOURS_FIRST, Row
from evidence.effects.solver.correlation import Correlation
from evidence.effects.solver.quantity import Cells
from evidence.effects.verdict import Verdict, exact, symmetric

__all__ = ["ALIKE", "Score", "change_score", "orientation", "oriented", "score_of", "with_level_rule"]

ALIKE = "final scores alone: the arms taken to have begun alike"
"""What a comparison of final scores assumes, and one of changes does not."""


class Score(NamedTuple):
    """The score that a test or an interval speaks of, against the raw score (rule g).

    Attributes
    ----------
    factor : float
        Standard deviation of that score over the raw score's.
    assumptions : tuple of str
        What was assumed to say so.
    rules : frozenset of str
        Rules that were applied.
    scale : str
        ``"raw"``, ``"change"`` or ``"ancova"``.
    compute : callable
        The factor from the row's cells, where the row's own correlation is one of them.
    cells : tuple of str
        Those cells.
    """

    factor: float
    assumptions: tuple[str, ...]
    rules: frozenset[str]
    scale: str
    compute: Callable[[Cells], Floats]
    cells: tuple[str, ...] = ()


def _plain(assumptions: tuple[str, ...]) -> Score:
    one = as_floats(1.0)
    return Score(1.0, assumptions, frozenset(), "raw", lambda cells: one)


def change_score(row: Row, r: Correlation, stated: str) -> Score:
    """Return the score of a change: sqrt(2(1-r)) raw standard deviations wide."""
    note = f"{stated} brought to raw-score units with sqrt(2(1-r)), {r.words()}"

    def factor(cells: Cells) -> Floats:
        return np.sqrt(2 * (1 - r.quantity.compute(cells)))

    value = math.sqrt(2 * (1 - r.value(row)))
    return Score(value, (note, *r.notes), frozenset("g"), "change", factor, r.quantity.cells)


def _residual_score(row: Row, r: Correlation) -> Score:
    note = f"baseline-adjusted: brought to raw-score units with sqrt(1-r²), {r.words()}"

    def factor(cells: Cells) -> Floats:
        return np.sqrt(1 - r.quantity.compute(cells) ** 2)

    value = math.sqrt(1 - r.value(row) ** 2)
    return Score(value, (note, *r.notes), frozenset("g"), "ancova", factor, r.quantity.cells)


def score_of(row: Row, r: Correlation, test: str = "") -> Score:
    """Return how wide the analysed score is in units of the raw score's standard deviation.

    Parameters
    ----------
    row : Row
        The row, whose ``test_between`` says what was analysed.
    r : Correlation
        Of scores before and after.
    test : str
        What was analysed where the column does not decide, such as ``"ancova"``.
    """
    if row.is_association:
        return _plain(())
    test = test or row.word("test_between")
    if row.word("effect_metric") == "beta" or (not test and row.has("adjusted_difference")):
        test = "ancova"
    if test == "post":
        return _plain(("test of final scores",))
    if test == "ancova":
        return _residual_score(row, r)
    stated = {"change": "test of changes:", "group_by_time": "test of group × time:"}.get(
        test, "test not stated, taken as a test of changes:"
    )
    return change_score(row, r, stated)


def orientation(row: Row, value: float) -> tuple[float, str]:
    """Return the sign that turns a printed difference into "positive favours the first arm" (rule c)."""
    word = row.word("effect_sign")
    if word == "unclear":
        return 0.0, ""
    if word:
        return (1.0 if word in UPWARD_FAVOURS_FIRST else -1.0), ""
    if row.direction_sign:
        side = math.copysign(1.0, value) * row.direction_sign
        return side, "sign of the effect from the printed direction"
    if row.better_sign:
        return row.better_sign, "printed effect taken as first arm minus second arm"
    return 0.0, ""


def oriented(
    row: Row, value: float, variance: float, source: str, formula: str, notes: tuple[str, ...]
) -> Verdict:
    """Return the verdict of a printed difference, its sign read by rule c."""
    side, note = orientation(row, value)
    if side == 0:
        return symmetric(value, variance, source, formula, assumptions=notes)
    return exact(side * value, variance, source, formula, assumptions=(*notes, note) if note else notes)


def with_level_rule(row: Row, verdict: Verdict) -> Verdict:
    """Name rule f where the study used another level than 95 %."""
    return verdict.plus(rules=set() if math.isclose(row.level, 0.95) else {"f"})
