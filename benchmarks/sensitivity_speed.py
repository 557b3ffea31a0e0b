"""Wall time of the public verbs that fit many times: subsets, orders, draws, specifications, variations.

``python benchmarks/sensitivity_speed.py`` prints one line a case, the best of some runs; data as those
of `benchmarks/speed.py`: k = 20 (orders: 50) effects, drawn with a fixed seed.
"""

from __future__ import annotations

import dataclasses
import time
from collections.abc import Callable

import numpy as np
import pandas as pd

import evidence as ev


def effects(k: int) -> ev.Effects:
    """Return k invented effects with a moderator."""
    rng = np.random.default_rng(k)
    return ev.effects_from(
        rng.normal(0.3, 0.3, k),
        variance=rng.uniform(0.01, 0.2, k),
        study=[f"s{i}" for i in range(k)],
        x=rng.normal(size=k),
    )


def best(run: Callable[[], object], runs: int = 3) -> float:
    """Return the shortest of some runs, seconds, after one that is not counted."""
    run()
    times = []
    for _ in range(runs):
        began = time.perf_counter()
        run()
        times.append(time.perf_counter() - began)
    return min(times)


def subsets_of(data: ev.Effects, count: int) -> list[list[str] | None]:
    """Return filters on the studies: all of them, and random subsets."""
    studies = np.array(data.table["study"].tolist())
    rng = np.random.default_rng(1)
    rows = np.unique(rng.integers(0, 2, (count, len(studies)), dtype=np.int8), axis=0)
    return [None, *(studies[row == 1].tolist() for row in rows if row.sum() > 1)]


def main() -> None:
    """Time each verb and print one line a case."""
    twenty, fifty = effects(20), effects(50)
    fit, moderated = ev.random_effects(twenty), ev.meta_regression(fifty, "~ x", inference="z")
    choices = {"study": subsets_of(twenty, 33_334), "tau2": ["EE", "DL", "REML"], "inference": ["z"]}
    # Two rows a study, averaged: the only way for rho to play a part in a model of one row a study.
    both = pd.concat([twenty.table, twenty.table.assign(row_id=lambda table: table["row_id"] + "b")])
    twice = dataclasses.replace(twenty, table=both.reset_index(drop=True))
    by_rho = choices | {"rows": ["mean"], "rho": [0.1 * i for i in range(10)]}
    cases: dict[str, Callable[[], object]] = {
        "gosh, all 2^20 subsets, REML": lambda: ev.gosh(twenty, tau2="REML"),
        "gosh, all 2^20 subsets, DL": lambda: ev.gosh(twenty, tau2="DL"),
        "permutation_test, k = 50, 10,000 orders": lambda: ev.permutation_test(moderated, seed=1),
        "bootstrap, parametric, 10,000 draws": lambda: ev.bootstrap(fit),
        "bootstrap, studies, 10,000 draws": lambda: ev.bootstrap(fit, kind="cluster"),
        "multiverse, 33,334 subsets by 3 estimators": lambda: ev.multiverse(twenty, choices, draws=0),
        "multiverse, the same by 10 rho": lambda: ev.multiverse(twice, by_rho, draws=0),
        "sensitivity of a fit of 20 studies": lambda: ev.sensitivity(fit),
    }
    for name, run in cases.items():
        print(f"{name:45s} {1000 * best(run):10.1f} ms", flush=True)


if __name__ == "__main__":
    main()
