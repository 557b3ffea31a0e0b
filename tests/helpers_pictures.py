"""Seeded effects in the sizes at which pictures have to stay readable, and their least letters."""

from __future__ import annotations

import math

import numpy as np
from helpers_charts import LONG

import evidence as ev

LEAST = {"notebook": 8.5, "slide": 18.0, "journal": 7.0}
"""Least size of a letter in points, by medium."""

SIZES = (3, 12, 40, 120)


def seeded(
    k: int, *, partial: bool = False, log: bool = False, long: bool = False, groups: int = 1
) -> ev.Effects:
    """Effects of k studies that rise with weeks and with their standard error; every third only bounded."""
    rng = np.random.default_rng(k)
    error, weeks = rng.uniform(0.05, 0.5, k), rng.uniform(2, 26, k).round()
    value = 0.1 + 0.01 * weeks + 0.4 * error + rng.normal(0, 1, k) * np.sqrt(error**2 + 0.02)
    estimate: list[float | None] = [float(v) for v in value]
    low: list[float | None] = [None] * k
    high: list[float | None] = [None] * k
    for i in range(0, k, 3) if partial else ():
        reach = 1.96 * float(error[i])
        estimate[i] = None
        low[i], high[i] = [(reach, math.inf), (-reach, reach), (-math.inf, -reach)][i // 3 % 3]
    bounds = {"low": low, "high": high} if partial else {}
    name = "a group whose name is long enough to need some lines of its column, number"
    return ev.effects_from(
        estimate,  # type: ignore[arg-type]
        std_error=error,
        study=[f"{LONG} {1990 + i}" if long else f"Author {1990 + i}" for i in range(k)],
        scale="log" if log else "identity",
        measure="OR" if log else "SMD",
        weeks=weeks.tolist(),
        setting=["clinic" if i % 2 else "home" for i in range(k)],
        domain=[f"{name} {i % groups}" if long else f"group_{i % groups}" for i in range(k)],
        **bounds,  # type: ignore[arg-type]
    )
