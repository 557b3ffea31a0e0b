"""How often the audit catches planted errors, and how often it flags clean rows: docs/audit_power.md.

Usage::

    python benchmarks/audit_power.py [--sets 800] [--seed 20251122] [--write docs/audit_power.md]

Each simulated set is one outcome with 5 to 20 trials of 8 to 24 people an arm: means, standard deviations
before, after and of the change, and a t test of the changes, computed from simulated people and printed as
papers print them. One trial of each set gets one error; the other trials stay clean.
"""

from __future__ import annotations

import argparse
import csv
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
from scipy import stats

import evidence as ev

Cells = dict[str, str]
Errors = dict[str, tuple[Callable[[Cells, np.random.Generator], list[Cells]], tuple[str, ...], float]]

SPREADS = (0.8, 2.4, 5.0, 12.0, 30.0)
"""Standard deviations between people, one an outcome."""


def trial(rng: np.random.Generator, name: str, outcome: str, spread: float, n: int, *, whole: bool) -> Cells:
    """Simulate one trial and print it: correlated scores before and after, in whole numbers where asked."""
    r = rng.uniform(0.6, 0.9)
    scale = spread * float(np.exp(rng.normal(0.0, 0.2)))
    level = 5.0 * spread
    cells: Cells = {
        "row_id": f"{name}_01",
        "study": name,
        "outcome": outcome,
        "unit": "units",
        "better": "higher",
    }
    changes = {}
    n_c = int(np.clip(n + rng.integers(-2, 3), 8, 24))
    for arm, size, gain in (("e", n, rng.normal(0.5, 0.2)), ("c", n_c, 0.1)):
        base = rng.normal(level, scale, size)
        after = level + r * (base - level) + rng.normal(gain * scale, scale * np.sqrt(1 - r * r), size)
        if whole:
            base, after = np.round(base), np.round(after)
        changes[arm] = after - base
        for stage, values in (("pre", base), ("post", after), ("change", after - base)):
            cells[f"{stage}_mean_{arm}"] = f"{values.mean():.2f}"
            cells[f"{stage}_sd_{arm}"] = f"{max(values.std(ddof=1), 0.01):.2f}"
        cells[f"n_{arm}"] = str(size)
    test = stats.ttest_ind(changes["e"], changes["c"])
    p = float(test.pvalue)
    cells["p_between"] = f"{p:.3f}" if p >= 0.0005 else "<0.001"
    cells["test_between"] = "change"
    cells["signif_between"] = "yes" if p < 0.05 else "no"
    better = changes["e"].mean() > changes["c"].mean()
    cells["direction"] = "no_difference" if p >= 0.05 else "favours_e" if better else "favours_c"
    cells["scale_items"] = "1" if whole else ""
    cells["level"], cells["basis"], cells["question"] = "study", "between_group_test", "simulated"
    return cells


def _as_errors(cells: Cells, stages: Sequence[str]) -> list[Cells]:
    out = dict(cells)
    for stage in stages:
        for arm in "ec":
            column = f"{stage}_sd_{arm}"
            out[column] = f"{float(cells[column]) / np.sqrt(float(cells[f'n_{arm}'])):.2f}"
    return [out]


def _wrong_p(cells: Cells, rng: np.random.Generator) -> list[Cells]:
    """Print a p that belongs to a difference 1.5 standard errors away."""
    n = int(cells["n_e"]) + int(cells["n_c"])
    p = float(cells["p_between"].lstrip("<"))
    t = stats.t.isf(p / 2, n - 2)
    other = 2 * stats.t.sf(t - 1.5 if t > 1.6 else t + 1.5, n - 2)
    return [
        {
            **cells,
            "p_between": f"{other:.3f}",
            "signif_between": "yes" if other < 0.05 else "no",
            "direction": "",
        }
    ]


def _wrong_change_sd(cells: Cells, rng: np.random.Generator) -> list[Cells]:
    """Print the standard error of the change, or a spread from another line of the table."""
    if rng.random() < 0.5:
        return _as_errors(cells, ("change",))
    return [{**cells, "change_sd_e": f"{2.2 * float(cells['pre_sd_e']):.2f}"}]


def _twice(cells: Cells, rng: np.random.Generator) -> list[Cells]:
    """Report the same people under a second key."""
    return [cells, {**cells, "row_id": f"{cells['study']}b_01", "study": f"{cells['study']}b"}]


def _turned(cells: Cells, rng: np.random.Generator) -> list[Cells]:
    """State the direction of the other arm, beyond doubt."""
    better = float(cells["change_mean_e"]) > float(cells["change_mean_c"])
    return [{**cells, "direction": "favours_c" if better else "favours_e"}]


def _impossible_mean(cells: Cells, rng: np.random.Generator) -> list[Cells]:
    """Move a mean of whole numbers to a hundredth that no total gives."""
    from evidence.numerics.granularity import grim

    mean, n = float(cells["post_mean_e"]), int(cells["n_e"])
    for step in range(1, 60):
        if not bool(grim(round(mean + step / 100, 2), 0.005, n)):
            return [{**cells, "post_mean_e": f"{mean + step / 100:.2f}"}]
    return [cells]


def _subgroups(cells: Cells, rng: np.random.Generator) -> list[Cells]:
    """Add two subgroups, and print a mean of all that is not between theirs."""
    mean = float(cells["post_mean_e"])
    parts = []
    for index, shift in enumerate((-0.4, 0.4)):
        half = {
            **cells,
            "row_id": f"{cells['study']}_s{index}",
            "outcome": f"{cells['outcome']} (part {index})",
        }
        half["post_mean_e"] = f"{mean + shift:.2f}"
        half["n_e"] = str(int(cells["n_e"]) // 2)
        parts.append(half)
    return [{**cells, "post_mean_e": f"{mean + 1.0:.2f}"}, *parts]


def _review(cells: Cells, rng: np.random.Generator) -> list[Cells]:
    """Put a review's result among the trials."""
    keep = {name: cells[name] for name in ("outcome", "question")}
    row = {
        "row_id": f"{cells['study']}_r",
        "study": f"{cells['study']}r",
        "level": "pooled",
        "direction": "favours_e",
    }
    return [cells, {**keep, **row, "basis": "pooled_estimate"}]


ERRORS: Errors = {
    "2 standard errors for standard deviations, n >= 16": (
        lambda cells, rng: _as_errors(cells, ("pre", "post")),
        ("standard_error_as_sd",),
        0.85,
    ),
    "2 standard errors for standard deviations, n = 8": (
        lambda cells, rng: _as_errors(cells, ("pre", "post")),
        ("standard_error_as_sd",),
        0.65,
    ),
    "3 spread of the change": (_wrong_change_sd, ("implied_correlation",), 0.85),
    "4 p against means": (_wrong_p, ("p_against_numbers", "one_sided_p"), 0.85),
    "5 mean of whole numbers": (_impossible_mean, ("grim",), 1.0),
    "6 mean of all against its parts": (_subgroups, ("subgroup_means",), 1.0),
    "9 the same people under two keys": (_twice, ("same_people_twice",), 0.85),
    "10 direction against means": (_turned, ("direction_against_means",), 0.85),
    "12 a review among trials": (_review, ("review_among_studies",), 1.0),
}
"""What is planted, the checks that should find it, and the share that should be found."""


def simulate(rng: np.random.Generator, sets: int) -> tuple[list[Cells], dict[str, str], Counter[str]]:
    """Return the rows, the planted error of each row concerned, and how often each error was planted."""
    rows: list[Cells] = []
    planted: dict[str, str] = {}
    names = [*ERRORS, ""]
    made: Counter[str] = Counter()
    for index in range(sets):
        error = names[index % len(names)]
        outcome, spread = f"outcome {index}", SPREADS[index % len(SPREADS)]
        whole = error.startswith("5") or (not error and index % 20 == 0)
        victim = 0 if error else -1
        for place in range(int(rng.integers(5, 21))):
            n = int(rng.integers(8, 25))
            if place == victim and error.startswith("2"):
                n = 8 if "n = 8" in error else int(rng.integers(16, 25))
            if place == victim and error.startswith("5"):
                n = int(rng.integers(8, 25))
            cells = trial(
                rng, f"s{index}t{place}", outcome, max(spread, 5.0) if whole else spread, n, whole=whole
            )
            if place != victim:
                rows.append(cells)
                continue
            made[error] += 1
            for row in ERRORS[error][0](cells, rng):
                rows.append(row)
                planted[row["row_id"]] = error
    return rows, planted, made


def read(rows: Sequence[Cells]) -> ev.Studies:
    """Return the rows as Studies, by way of a file as a user would have it."""
    columns = list(dict.fromkeys(name for row in rows for name in row))
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "studies.csv")
        with path.open("w", newline="", encoding="utf-8") as file:
            writer = csv.DictWriter(file, columns, restval="")
            writer.writeheader()
            writer.writerows(rows)
        return ev.read_studies(path)


def measure(sets: int, seed: int) -> tuple[list[tuple[str, int, float, float]], dict[str, float], int, float]:
    """Return caught shares by error, false flags by severity (share of clean rows), clean rows, seconds."""
    rows, planted, made = simulate(np.random.default_rng(seed), sets)
    studies = read(rows)
    start = time.perf_counter()
    found = ev.audit(studies, pooled=False).findings
    seconds = time.perf_counter() - start
    caught: dict[str, set[str]] = {error: set() for error in ERRORS}
    false: dict[str, set[str]] = {"impossible": set(), "unlikely": set()}
    for finding in found:
        concerned = finding.rows or (finding.row_id,)
        errors = {planted[row] for row in concerned if row in planted}
        hit = {error for error in errors if finding.check in ERRORS[error][1]}
        for error in hit:
            row = next(row for row in concerned if planted.get(row) == error)
            caught[error].add(row.partition("t")[0])
        if not errors and finding.severity in false:
            false[finding.severity].update(concerned)
    clean = len(rows) - len(planted)
    table = [(error, made[error], len(caught[error]) / made[error], ERRORS[error][2]) for error in ERRORS]
    return table, {name: len(ids) / clean for name, ids in false.items()}, clean, seconds


def page(sets: int, seed: int) -> str:
    """Return the documentation page."""
    table, false, clean, _ = measure(sets, seed)
    lines = [
        "# What the audit catches",
        "",
        f"Written by `benchmarks/audit_power.py --sets {sets} --seed {seed}`: {sets} simulated outcomes of "
        "5 to 20 trials "
        "with 8 to 24 people an arm, one planted error each.",
        "",
        "| planted error | planted | caught | asked for |",
        "|---|---|---|---|",
        *(
            f"| {error} | {made} | {100 * share:.1f} % | {100 * goal:.0f} % |"
            for error, made, share, goal in table
        ),
        "",
        f"Of {clean:,} clean rows, {100 * false['impossible']:.2f} % were called impossible and "
        f"{100 * false['unlikely']:.2f} % unlikely (asked for: 0 and at most 2 %).",
        "",
    ]
    return "\n".join(lines)


def main() -> None:
    """Measure and print, or write."""
    options = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    options.add_argument("--sets", type=int, default=1000)
    options.add_argument("--seed", type=int, default=20251122)
    options.add_argument("--write", metavar="FILE")
    given = options.parse_args()
    text = page(given.sets, given.seed)
    if given.write:
        Path(given.write).write_text(text, encoding="utf-8")
    else:
        print(text)


if __name__ == "__main__":
    main()
