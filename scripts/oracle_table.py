"""Comparisons with an oracle, counted by quantity; how far two numbers are apart."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np

TOLERANCE, EXACT = 1e-9, 1e-10
Numbers = dict[str, Any]


@dataclass
class Row:
    """One quantity: comparisons, the worst agreement, disagreements with the verdict of 50 digits."""

    count: int = 0
    worst: float = 0.0
    apart: list[tuple[str, float, float]] = field(default_factory=list)


class Table:
    """Rows by quantity."""

    def __init__(self) -> None:
        """Begin empty."""
        self.rows: dict[str, Row] = {}

    def add(self, name: str, case: str, difference: float, exact: Any) -> None:  # noqa: ANN401
        """Note a comparison; `exact` is a function that returns our difference from the exact value."""
        row = self.rows.setdefault(name, Row())
        row.count += 1
        if difference <= TOLERANCE:
            row.worst = max(row.worst, difference)
        else:
            row.apart.append((case, difference, exact()))


def numbers(values: object) -> np.ndarray:
    """Return numbers of R as floats, its words for infinity and nothing included."""
    out = np.ravel(np.array(values, dtype=object))
    words = {"Inf": np.inf, "-Inf": -np.inf, None: np.nan}
    return np.array(
        [words.get(cell, cell) if not isinstance(cell, float) else cell for cell in out], dtype=float
    )


def difference(ours: object, theirs: object, least: object) -> float:
    """Return the largest difference, relative to the value or to `least` where that is larger."""
    a, b = numbers(ours), numbers(theirs)
    if a.shape != b.shape:
        return float("inf") if a.size or b.size else 0.0
    scale = np.maximum(np.abs(b), np.broadcast_to(numbers(least), b.shape))
    with np.errstate(invalid="ignore", divide="ignore"):
        return float(np.max(np.where(a == b, 0.0, np.abs(a - b) / scale), initial=0.0))


def least_size(name: str, error: np.ndarray, typical: float) -> object:
    """Return the size below which a difference does not count more: a standard error, a typical variance."""
    if name.startswith("tau²"):
        return typical
    if name in ("estimate", "interval, low", "interval, high"):
        return error
    if name in ("mean", "prediction, low", "prediction, high"):
        return float(error.min())
    if name == "fitted":
        return np.sqrt(typical)
    # I² and R² count in percent; p values down to the smallest double.
    small = {"I²": 1.0, "R²": 1.0, "statistic": 1.0, "QM": 1e-3, "log-likelihood": 1.0, "leverage": 1e-6}
    return small.get(name, 1e-290)
