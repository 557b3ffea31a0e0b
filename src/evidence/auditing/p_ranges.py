"""Ranges of p: those that a print allows, and those that printed means, statistics or effects give."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy import stats

from evidence.auditing.data import AuditData, Floats, Printed
from evidence.effects.formulas import hedges_j
from evidence.effects.solver.rounding import half_unit
from evidence.errors import StudyDataError
from evidence.studies.columns import parse_p

__all__ = ["Range", "overlap", "p_of_t", "printed_p", "t_of_means", "t_of_smd", "welch"]

Bools = NDArray[np.bool_]


class Range(NamedTuple):
    """Lower and upper ends; NaN where nothing is known."""

    low: Floats
    high: Floats

    @property
    def known(self) -> Bools:
        """Where both ends are known."""
        return np.isfinite(self.low) & np.isfinite(self.high)


def overlap(first: Range, second: Range) -> Bools:
    """Say where two ranges have a point in common, up to rounding in the last bits."""
    with np.errstate(invalid="ignore"):
        return (first.low <= second.high * (1 + 1e-9) + 1e-15) & (
            second.low <= first.high * (1 + 1e-9) + 1e-15
        )


def _p_range(text: str) -> tuple[float, float]:
    try:
        relation, p = parse_p(text)
    except StudyDataError:
        return np.nan, np.nan
    half = half_unit("".join(sign for sign in text if sign in "0123456789.eE+-"))
    if relation == "=":
        return max(p - half, 0.0), min(p + half, 1.0)
    # A bound is meant exactly: "< 0.05" excludes 0.05, and is a contradiction of "not significant".
    strict = 0.0 if "=" in relation else 1e-6
    return (0.0, p * (1 - strict)) if relation.startswith("<") else (min(p * (1 + strict), 1.0), 1.0)


def printed_p(data: AuditData, column: str = "p_between") -> Range:
    """Return the range of p that a column prints: its rounding, or its band."""
    cells = data.as_printed(column)
    known: dict[str, tuple[float, float]] = {"": (np.nan, np.nan)}
    for cell in set(cells):
        known.setdefault(cell, _p_range(cell))
    pairs = np.array([known[cell] for cell in cells], dtype=np.float64).reshape(-1, 2)
    return Range(pairs[:, 0], pairs[:, 1])


def _size_range(low: Floats, high: Floats) -> Range:
    """Return the range of the absolute value over [low, high]."""
    inside = (low <= 0) & (high >= 0)
    return Range(
        np.where(inside, 0.0, np.minimum(np.abs(low), np.abs(high))), np.maximum(np.abs(low), np.abs(high))
    )


def t_of_means(
    mean_e: Printed, sd_e: Printed, n_e: Floats, mean_c: Printed, sd_c: Printed, n_c: Floats
) -> tuple[Range, Range]:
    """Return the range of the size of Student's and of Welch's t over all rounding corners.

    The difference of the means is largest and smallest at corners, and the standard errors fall with both
    standard deviations: two corners are enough.
    """
    with np.errstate(invalid="ignore", divide="ignore"):
        difference = _size_range(mean_e.low - mean_c.high, mean_e.high - mean_c.low)
        ends = []
        for wide in (True, False):
            a = sd_e.high if wide else np.maximum(sd_e.low, 1e-300)
            b = sd_c.high if wide else np.maximum(sd_c.low, 1e-300)
            pooled = ((n_e - 1) * a * a + (n_c - 1) * b * b) / (n_e + n_c - 2)
            ends.append((np.sqrt(pooled * (1 / n_e + 1 / n_c)), np.sqrt(a * a / n_e + b * b / n_c)))
        student = Range(difference.low / ends[0][0], difference.high / ends[1][0])
        return student, Range(difference.low / ends[0][1], difference.high / ends[1][1])


def welch(sd_e: Floats, n_e: Floats, sd_c: Floats, n_c: Floats) -> Floats:
    """Return Welch's degrees of freedom."""
    with np.errstate(invalid="ignore", divide="ignore"):
        a, b = sd_e**2 / n_e, sd_c**2 / n_c
        return np.asarray((a + b) ** 2 / (a**2 / (n_e - 1) + b**2 / (n_c - 1)), dtype=np.float64)


def t_of_smd(g: Printed, n_e: Floats, n_c: Floats) -> Range:
    """Return the range of the size of t of a printed standardised difference, corrected or not."""
    with np.errstate(invalid="ignore", divide="ignore"):
        size = _size_range(g.low, g.high)
        root = np.sqrt(1 / n_e + 1 / n_c)
        df = n_e + n_c - 2
        j = np.where(df > 1, hedges_j(np.where(df > 1, df, 2.0)), np.nan)
        return Range(size.low / root, size.high / root / j)


def p_of_t(t: Range, df: Floats, sides: int = 2) -> Range:
    """Return the range of p for a range of the size of t."""
    with np.errstate(invalid="ignore"):
        return Range(
            np.asarray(sides * stats.t.sf(t.high, df), dtype=np.float64),
            np.asarray(sides * stats.t.sf(t.low, df), dtype=np.float64),
        )
