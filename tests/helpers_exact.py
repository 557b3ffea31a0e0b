"""The 50-digit solutions of scripts/exact_reference.py, for the tests."""

from __future__ import annotations

import gzip
import json
import sys
from pathlib import Path
from typing import Any

import numpy as np

HERE = Path(__file__).parent
sys.path.insert(0, str(HERE.parent / "scripts"))

from exact_quantities import exact_fit, exact_limits  # noqa: E402
from exact_reference import Exact  # noqa: E402

__all__ = ["Exact", "apart", "exact_fit", "exact_limits", "load"]


def load(name: str) -> dict[str, Any]:
    """Return the cases of a reference file."""
    with gzip.open(HERE / "reference" / f"{name}.json.gz", "rt") as file:
        return json.load(file)["cases"]


def apart(ours: object, theirs: object, least: object = 0.0) -> float:
    """Return the largest difference, relative to the value or to `least` where that is larger."""
    a, b = np.ravel(np.array(ours, dtype=float)), np.ravel(np.array(theirs, dtype=float))
    assert a.shape == b.shape
    scale = np.maximum(np.abs(b), np.broadcast_to(np.array(least, dtype=float), b.shape))
    with np.errstate(invalid="ignore", divide="ignore"):
        return float(np.max(np.where(a == b, 0.0, np.abs(a - b) / scale), initial=0.0))
