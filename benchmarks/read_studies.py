"""Time `read_studies` on 100,000 rows: the shipped rows repeated, and a table full of distinct numbers.

Usage::

    python benchmarks/read_studies.py [ROWS]

The promise is under 2 s for 100,000 rows on a small machine (two cores); the best of three runs counts, as
the others measure what else the machine was doing.
"""

from __future__ import annotations

import csv
import sys
import tempfile
import time
from pathlib import Path

import numpy as np

from evidence._data import data_dir
from evidence.studies.columns import COLUMNS
from evidence.studies.reading import read_studies

SHORT = ("row_id", "study", "outcome")


def shipped(path: Path, rows: int) -> None:
    """Write the shipped rows again and again, under new names."""
    with (data_dir() / "studies.csv").open(encoding="utf-8", newline="") as handle:
        header, *body = csv.reader(handle)
    with path.open("w", encoding="utf-8", newline="") as handle:
        writer = csv.writer(handle)
        writer.writerow(header)
        for at in range(rows):
            row = body[at % len(body)]
            writer.writerow([f"{row[0]}_{at // len(body)}", f"{row[1]}_{at // len(body)}", *row[2:]])


def dense(path: Path, rows: int) -> None:
    """Write rows whose every number cell is filled, hardly any two alike: the slowest case."""
    rng = np.random.default_rng(20250101)
    means = [column.name for column in COLUMNS if "_mean_" in column.name or "_sd_" in column.name]
    header = [*SHORT, *means, "effect_metric", "effect", "ci_low", "ci_high", "ci_level", "p_between"]
    numbers = rng.gamma(5.0, 2.0, (rows, len(means)))
    effects, p = rng.normal(size=rows), rng.uniform(size=rows)
    with path.open("w", encoding="utf-8", newline="") as handle:
        writer = csv.writer(handle)
        writer.writerow(header)
        for at in range(rows):
            effect = float(effects[at])
            cells = [f"{number:.6f}" for number in numbers[at]]
            tail = ["MD", f"{effect:.5f}", f"{effect - 1:.5f}", f"{effect + 1:.5f}", "0.95", f"{p[at]:.6f}"]
            writer.writerow([f"r{at}", f"s{at // 3}", "squat", *cells, *tail])


def best_of_three(path: Path) -> float:
    """Return the shortest of three readings in seconds."""
    times = []
    for _ in range(3):
        start = time.perf_counter()
        read_studies(path)
        times.append(time.perf_counter() - start)
    return min(times)


def main(rows: int) -> None:
    """Print the two times."""
    with tempfile.TemporaryDirectory() as folder:
        for make in (shipped, dense):
            path = Path(folder, f"{make.__name__}.csv")
            make(path, rows)
            size = path.stat().st_size / 1e6
            print(f"{make.__name__:8} {rows} rows, {size:5.1f} MB: {best_of_three(path):.2f} s")


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 100_000)
