"""Time `ev.effect_size` on a million rows of means and standard deviations, and measure its memory.

Usage::

    python benchmarks/effect_size.py [ROWS]

The promise is under 1.5 s and 1 GB for 1,000,000 rows of SMD on two cores; the best of three runs counts, as
the others measure what else the machine was doing.
"""

from __future__ import annotations

import resource
import sys
import time

import numpy as np

import evidence as ev


def columns(rows: int) -> dict[str, np.ndarray]:
    """Return two groups' means, standard deviations and sizes."""
    rng = np.random.default_rng(20250102)
    return {
        "m1i": rng.normal(50.0, 8.0, rows),
        "sd1i": rng.gamma(9.0, 1.0, rows),
        "n1i": rng.integers(5, 400, rows),
        "m2i": rng.normal(48.0, 8.0, rows),
        "sd2i": rng.gamma(9.0, 1.0, rows),
        "n2i": rng.integers(5, 400, rows),
    }


def main() -> None:
    """Print the best time of each measure, and the most memory that the process held."""
    rows = int(sys.argv[1]) if len(sys.argv) > 1 else 1_000_000
    data = columns(rows)
    for measure in ("SMD", "MD", "ROM", "CVR"):
        times = []
        for _ in range(3):
            begin = time.perf_counter()
            found = ev.effect_size(measure, **data)
            times.append(time.perf_counter() - begin)
            assert len(found) == rows
        print(f"{measure:4} {rows:>9,} rows: {min(times):6.3f} s")
    print(f"most memory: {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024:.0f} MB")


if __name__ == "__main__":
    main()
