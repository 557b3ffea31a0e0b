"""Time the audit of 100,000 simulated rows: python benchmarks/audit_speed.py [--rows 100000]."""

from __future__ import annotations

import argparse
import resource
import time

import numpy as np
from audit_power import read, simulate

import evidence as ev
from evidence.auditing.data import AuditData
from evidence.auditing.registry import CHECKS


def main() -> None:
    """Simulate sets of trials until there are enough rows, audit them, and print seconds by check."""
    options = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    options.add_argument("--rows", type=int, default=100_000)
    wanted = options.parse_args().rows
    rows, _, _ = simulate(np.random.default_rng(1), max(wanted // 12, 10))
    studies = read(rows[:wanted])
    start = time.perf_counter()
    found = ev.audit(studies)
    seconds = time.perf_counter() - start
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(f"{len(studies):,} rows: {seconds:.1f} s, {len(found):,} findings, peak memory {peak:.0f} MB")
    data = AuditData(studies)
    for name, check in CHECKS.items():
        start = time.perf_counter()
        check.find(data)
        print(f"  {name:28s} {time.perf_counter() - start:6.2f} s")


if __name__ == "__main__":
    main()
