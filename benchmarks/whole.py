"""Whole processes, their peak memory, and how cost grows with size."""

from __future__ import annotations

import os
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
from cases import dependent, effects

from evidence import pool_arrays
from evidence.numerics.batch import fit_groups
from evidence.numerics.multilevel import fit_multilevel

HERE = str(Path(__file__).resolve().parent)


def seconds_text(value: float) -> str:
    """Return seconds with a fitting unit."""
    for unit, size in (("s", 1.0), ("ms", 1e-3), ("µs", 1e-6)):
        if value >= size:
            return f"{value / size:.3g} {unit}" if value / size < 1000 else f"{value / size:,.0f} {unit}"
    return f"{value * 1e9:.3g} ns"


def against(here: float, there: float | None, goal: float) -> tuple[str, str]:
    """Return the ratio, and the verdict on its goal."""
    if there is None:
        return "not timed", ""
    ratio = there / here
    shown = f"{ratio:,.0f}" if ratio >= 10 else f"{ratio:.1f}"
    if not goal:
        return shown, ""
    share = ratio / goal
    verdict = "met" if share >= 1.0 else f"{100 * share:.0f} %"
    return shown, f"{goal:,g}: {verdict}"


IMPORT_ONLY = "import evidence"
IMPORT_FIT = "import evidence; evidence.pool_arrays([.1, .5, .9], [.02, .03, .04])"
IMPORT_VERB = (
    "import evidence; evidence.random_effects(evidence.effects_from([.1, .5, .9], variance=[.02, .03, .04]))"
)
# Linux's own count: getrusage's also holds the peak of the process that started this one.
PEAK = "print([line.split()[1] for line in open('/proc/self/status') if line.startswith('VmHWM')][0])"


def process_cpu(command: Sequence[str]) -> float:
    """Return the CPU seconds of a whole process."""
    import resource

    def used() -> float:
        usage = resource.getrusage(resource.RUSAGE_CHILDREN)
        return usage.ru_utime + usage.ru_stime

    start = used()
    subprocess.run(command, check=True, capture_output=True)
    return used() - start


def processes(rscript: str, peers: str, rounds: int) -> list[str]:
    """Return lines on whole processes: import and one fit."""
    pymare = (
        "import numpy as np; from pymare import Dataset; from pymare.estimators import"
        " VarianceBasedLikelihoodEstimator as E; y = np.array([[.1], [.5], [.9]]); v = y / 9;"
        " data = Dataset(y=y, v=v, X=np.ones((3, 1)), add_intercept=False);"
        " E(method='REML').fit_dataset(data).summary().get_fe_stats()"
    )
    commands = {
        "`import evidence`": [sys.executable, "-c", IMPORT_ONLY],
        "`import evidence` and `pool_arrays`": [sys.executable, "-c", IMPORT_FIT],
        "`import evidence` and `random_effects`": [sys.executable, "-c", IMPORT_VERB],
    }
    if rscript:
        r = "suppressMessages(library(metafor)); rma(c(.1,.5,.9), c(.02,.03,.04), test='knha')"
        commands["metafor"] = [rscript, "-e", r]
    if peers:
        commands["PyMARE"] = [peers, "-c", pymare]
        commands["pimeta"] = [
            peers,
            "-c",
            "import pimeta; pimeta.rma([.1,.5,.9], vi=[.02,.03,.04], test='knha')",
        ]
    times: dict[str, list[float]] = {name: [] for name in commands}
    for _ in range(rounds + 1):
        for name, command in commands.items():
            times[name].append(process_cpu(command))
    # The first round also reads the files from the disk.
    median = {name: statistics.median(each[1:]) for name, each in times.items()}
    ours = median["`import evidence` and `pool_arrays`"]
    out = []
    for name, value in median.items():
        shown, goal = against(ours, value, {"metafor": 3.0, "PyMARE": 4.0, "pimeta": 4.0}.get(name, 0.0))
        out.append(f"| {name} | {seconds_text(value)} | {shown} | {goal} |")
    return out


def peak_memory() -> list[str]:
    """Return lines on the peak memory of processes that do one work each."""
    data = "import numpy as np; from cases import dependent, effects, works; rng = np.random.default_rng(1); "
    numerics = "from evidence.numerics."
    cases = {
        "Python, NumPy and this package, no work": "import evidence; evidence.pool_arrays; ",
        "one fit, k = 1,000,000": "from evidence import pool_arrays as f; f(*effects(rng, 1_000_000)); ",
        "10,000 syntheses of k = 5-30": f"{numerics}batch import fit_groups as f; "
        "f(*effects(rng, 175_000), np.sort(rng.integers(0, 10_000, 175_000))); ",
        "1,000,000 syntheses of k = 10": f"{numerics}batch import fit_groups as f; "
        "f(*effects(rng, 10_000_000), np.repeat(np.arange(1_000_000), 10)); ",
        "all 2^20 subsets, REML": f"{numerics}subsets import every_subset as f; f(*effects(rng, 20)); ",
        "1,000,000 specifications": f"{numerics}specifications import every_specification as f; "
        "f([effects(rng, 20) for _ in range(10)], rng.random((33_334, 20)) < 0.5); ",
        "parametric bootstrap, 10,000 draws": f"{numerics}bootstrap import parametric_bootstrap as f; "
        "f(*effects(rng, 20), mean=0.3, tau2=0.04); ",
        "cluster bootstrap, 10,000 draws": f"{numerics}bootstrap import cluster_bootstrap as f; "
        "f(*effects(rng, 20), mean=0.3); ",
        "permutation test, k = 50, 10,000 draws": f"{numerics}permutation import permutation_test as f; "
        "f(*effects(rng, 50), np.column_stack([np.ones(50), rng.normal(size=50)]), exact=False, seed=1); ",
        "permutation test, all 10! orders": f"{numerics}permutation import permutation_test as f; "
        "f(*effects(rng, 10), np.column_stack([np.ones(10), rng.normal(size=10)]), exact=True); ",
        "three-level, 100,000 effects": f"{numerics}multilevel import fit_multilevel as f; "
        "d, s = dependent(rng, 100_000); f(d['y'], d['v'], [s, np.arange(100_000)]); ",
        "known V (CHE), CR2, 2,000 effects": "[w for w in works() if w.name == 'the same, 2,000 effects'][0]"
        ".run(); ",
        "SMD of 1,000,000 rows": "[w for w in works() if w.name.startswith('SMD')][0].run(); ",
    }
    out = []
    for name, code in cases.items():
        command = [sys.executable, "-c", data + code + PEAK]
        done = subprocess.run(
            command,
            capture_output=True,
            text=True,
            check=True,
            env={**os.environ, "PYTHONPATH": os.pathsep.join([HERE, os.environ.get("PYTHONPATH", "")])},
        )
        out.append(f"| {name} | {float(done.stdout) / 1024:.0f} MB |")
    return out


def exponents() -> list[str]:
    """Return lines on how cost grows: the slope of log time on log size."""
    rng = np.random.default_rng(5)
    out = []

    def slope(name: str, sizes: Sequence[int], run: Callable[[int], Callable[[], object]]) -> None:
        times = []
        for size in sizes:
            task = run(size)
            task()
            best = min(_timed(task) for _ in range(5))
            times.append(best)
        logs = np.log(sizes), np.log(times)
        slopes = [np.polyfit(logs[0][part], logs[1][part], 1)[0] for part in (slice(None), slice(-2, None))]
        shown = ", ".join(f"{size:,}: {seconds_text(t)}" for size, t in zip(sizes, times, strict=True))
        out.append(f"| {name} | {slopes[0]:.2f} | {slopes[1]:.2f} | {shown} |")

    def one(k: int) -> Callable[[], object]:
        y, v = effects(rng, k)
        return lambda: pool_arrays(y, v)

    def many(groups: int) -> Callable[[], object]:
        y, v = effects(rng, groups * 12)
        codes = np.repeat(np.arange(groups), 12)
        return lambda: fit_groups(y, v, codes)

    def nested(k: int) -> Callable[[], object]:
        data, study = dependent(rng, k)
        return lambda: fit_multilevel(data["y"], data["v"], [study, np.arange(k)])

    def known(k: int) -> Callable[[], object]:
        data, study = dependent(rng, k)
        return lambda: fit_multilevel(data["y"], data["v"], [study, np.arange(k)], rho=0.6)

    slope("one fit, in k", [1_000, 10_000, 100_000, 300_000, 1_000_000], one)
    slope("batch of k = 12, in syntheses", [3_000, 10_000, 30_000, 100_000], many)
    slope("three-level, in effects", [1_000, 10_000, 30_000, 100_000], nested)
    slope("known V (CHE), in effects", [1_000, 10_000, 30_000, 100_000], known)
    return out


def _timed(task: Callable[[], object]) -> float:
    start = time.process_time()
    task()
    return time.process_time() - start
