"""Effects by hand, and the reference values of the intercept-only models."""

from __future__ import annotations

import gzip
import json
import math
from collections.abc import Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from hypothesis import strategies as st

from evidence.effects.record import CONTRACT_COLUMNS, Effects

INF = math.inf
NAN = math.nan


def effects_of(
    *rows: Mapping[str, object], measure: str = "SMD", scale: str = "identity", display_sign: int = 1
) -> Effects:
    """Return Effects of some rows; what is not given is blank, each row is a study of its own."""
    filled = []
    for number, row in enumerate(rows, start=1):
        name = f"r{number}"
        line: dict[str, object] = dict.fromkeys(CONTRACT_COLUMNS, "")
        line |= {"row_id": name, "study": name, "label": name, "kind": "exact"}
        line |= dict.fromkeys(("estimate", "variance", "std_error", "low", "high", "n_e", "n_c"), NAN)
        line |= {"level": "study", "main": True, "inferred": "", "domain": "", "sign": 0.0}
        line |= row
        if line["kind"] == "exact":
            line["low"] = line["high"] = line["estimate"]
        line["std_error"] = math.sqrt(line["variance"]) if line["variance"] > 0 else NAN  # type: ignore[operator]
        filled.append(line)
    return Effects(pd.DataFrame(filled), measure=measure, scale=scale, display_sign=display_sign)


def exact(estimate: float, variance: float, **more: object) -> dict[str, object]:
    """Return an exact row."""
    return {"estimate": estimate, "variance": variance, **more}


def interval(low: float, high: float, variance: float, **more: object) -> dict[str, object]:
    """Return an interval row."""
    return {"kind": "interval", "low": low, "high": high, "variance": variance, **more}


@cache
def reference() -> dict[str, Any]:
    """Return the reference values: metafor at tight tolerance (source and versions in the file)."""
    path = Path(__file__).parent / "reference" / "uni.json.gz"
    with gzip.open(path, "rt", encoding="utf-8") as file:
        return json.load(file)  # type: ignore[no-any-return]


def close(ours: float, theirs: float, unit: float, tolerance: float = 1e-9) -> bool:
    """Tell whether two numbers agree, relative to the larger of the value and a natural unit."""
    return abs(ours - theirs) <= tolerance * max(abs(theirs), unit)


@st.composite
def datasets(draw: st.DrawFn, low: int = 2, high: int = 12) -> tuple[np.ndarray, np.ndarray]:
    """Draw effects and variances, variances over up to four orders of magnitude."""
    k = draw(st.integers(low, high))
    y = draw(st.lists(st.floats(-3, 3), min_size=k, max_size=k))
    log_v = draw(st.lists(st.floats(-6, 3), min_size=k, max_size=k))
    return np.round(np.array(y), 6), np.exp(np.round(np.array(log_v), 6))


def arrays(rows: Sequence[tuple[float, float, float]]) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return low, high and standard errors of some rows."""
    low, high, s = (np.array(column, dtype=float) for column in zip(*rows, strict=True))
    return low, high, s
