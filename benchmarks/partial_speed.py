"""CPU time of `pool_partial`: 30 rows and 3,000 rows, with equal and unequal standard errors within a study.

``python benchmarks/partial_speed.py`` prints one line a data set; set ``OPENBLAS_NUM_THREADS=1`` for numbers
that do not depend on other work on the machine.
"""

from __future__ import annotations

import time

import numpy as np

import evidence as ev

CASES = ((30, 1, 0.0), (10, 3, 0.0), (10, 3, 0.35), (600, 5, 0.05), (600, 5, 0.35))
"""Studies, rows a study, and the range of log standard errors within a study (0.35: up to twofold)."""


def data(studies: int, rows: int, unequal: float) -> ev.Effects:
    """Return rows of which 30 % are exact, 50 % intervals and 20 % directions."""
    rng = np.random.default_rng(1)
    study = np.repeat(np.arange(studies), rows)
    error = rng.uniform(0.25, 0.5, studies)[study] * np.exp(rng.uniform(-unequal, unequal, study.size))
    u, f = rng.normal(0.0, 0.3, studies)[study], rng.normal(size=studies)[study]
    y = 0.3 + u + error * (np.sqrt(0.6) * f + np.sqrt(0.4) * rng.normal(size=study.size))
    kind, limit = rng.choice(3, p=[0.3, 0.5, 0.2], size=study.size), 1.96 * error
    clear = np.abs(y) > limit
    edge = np.where((kind == 1) & clear, limit, 0.0)
    low, high = np.where(y > 0.0, edge, -np.inf), np.where(y > 0.0, np.inf, -edge)
    silent = (kind == 1) & ~clear
    low, high = np.where(silent, -limit, low), np.where(silent, limit, high)
    exact = kind == 0
    return ev.effects_from(
        np.where(exact, y, np.nan),
        std_error=error,
        low=np.where(exact, np.nan, low),
        high=np.where(exact, np.nan, high),
        study=[f"s{j}" for j in study],
    )


def main() -> None:
    """Print the least CPU time of three runs."""
    for studies, rows, unequal in CASES:
        effects, times = data(studies, rows, unequal), []
        for _ in range(3):
            start = time.process_time()
            ev.pool_partial(effects)
            times.append(time.process_time() - start)
        print(
            f"{studies * rows} rows, {studies} studies, log errors ± {unequal:g}: {1000 * min(times):.0f} ms"
        )


if __name__ == "__main__":
    main()
