"""Time this package beside metafor and the Python peers, taking turns, and write docs/performance.md.

Usage::

    python benchmarks/speed.py [--rscript Rscript] [--peers PYTHON] [--rounds 3] [--write docs/performance.md]

`--peers` is the Python of an environment that has PyMARE and pimeta. CPU seconds (user and system, all
threads) are compared, not clock seconds: a threaded library gains nothing by it. Within a round each tool
runs in turn on the same data; the median of the rounds counts. What is slow elsewhere is timed on some
units and scaled.
"""

from __future__ import annotations

import argparse
import csv
import datetime
import platform
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import scipy

from evidence import pool_arrays
from evidence.effects.formulas import g_from_means
from evidence.numerics.batch import fit_groups
from evidence.numerics.bootstrap import cluster_bootstrap, parametric_bootstrap
from evidence.numerics.multilevel import fit_multilevel
from evidence.numerics.permutation import permutation_test
from evidence.numerics.subsets import every_subset

HERE = Path(__file__).resolve().parent
SOURCE = HERE.parent / "src"
Columns = dict[str, np.ndarray]


def effects(rng: np.random.Generator, k: int, tau: float = 0.2) -> tuple[np.ndarray, np.ndarray]:
    """Return standardised mean differences of k trials with some 10 to 70 people an arm."""
    people = np.clip(rng.lognormal(3.2, 0.5, k), 5.0, None)
    v = 2.0 / people * (1.0 + 0.02 * rng.random(k))
    return rng.normal(0.3, np.sqrt(v + tau * tau)), v


@dataclass
class Work:
    """One line of the table.

    Attributes
    ----------
    name : str
        What is done.
    run : callable
        Does it once, here.
    data : dict of arrays
        What the others read.
    units : int
        Fits in one run here; the others are scaled to as many.
    metafor, metafor_units, metafor_goal
        Its work in metafor.R (empty: not timed), the units timed there, and the goal.
    peers, peer_units, peer_goal
        The same for the peers, of which the best counts.
    repeats : int
        Runs here in one round.
    """

    name: str
    run: Callable[[], object]
    data: Columns
    units: int = 1
    metafor: str = ""
    metafor_units: int = 1
    metafor_goal: float = 0.0
    peers: Sequence[str] = ()
    peer_units: int = 1
    peer_goal: float = 0.0
    repeats: int = 3
    seconds: dict[str, list[float]] = field(default_factory=dict)


def works() -> list[Work]:
    """Return what is timed."""
    rng = np.random.default_rng(20250101)
    out = []
    for k, units, repeats, metafor_units, goals in (
        (10, 1, 1000, 200, (100.0, 10.0)),
        (1000, 1, 100, 1, (10_000.0, 20.0)),
    ):
        y, v = effects(rng, k)
        out.append(
            Work(
                f"one fit, k = {k:,}: REML, HKSJ, Q-profile, prediction interval",
                lambda y=y, v=v: pool_arrays(y, v),
                {"y": y, "v": v},
                units,
                "one",
                metafor_units,
                goals[0],
                ("pimeta:one", "pymare:one") if k == 10 else ("pymare:one",),
                50 if k == 10 else 5,
                goals[1],
                repeats,
            )
        )
    for k in (10_000, 1_000_000):
        y, v = effects(rng, k)
        out.append(Work(f"the same, k = {k:,}", lambda y=y, v=v: pool_arrays(y, v), {"y": y, "v": v}))
    sizes = rng.integers(5, 31, 10_000)
    codes = np.repeat(np.arange(10_000), sizes)
    y, v = effects(rng, codes.size)
    y += rng.choice([-0.1, 0.0, 0.2], 10_000)[codes]
    out.append(
        Work(
            "10,000 syntheses, k = 5-30: REML, HKSJ, intervals, p values",
            lambda y=y, v=v: fit_groups(y, v, codes),
            {"y": y, "v": v, "group": codes + 1.0},
            10_000,
            "batch",
            200,
            3000.0,
            ("pymare:batch", "pimeta:batch"),
            50,
            12.0,
            5,
        )
    )
    y, v = effects(rng, 20)
    small = {"y": y, "v": v}
    for tau2, goal, peer_goal in (("REML", 20_000.0, 1000.0), ("DL", 2000.0, 0.0)):
        out.append(
            Work(
                f"all 2^20 subsets of k = 20, {tau2}",
                lambda tau2=tau2: every_subset(y, v, tau2),
                small,
                2**20,
                f"subsets_{tau2}",
                200,
                goal,
                ("pimeta:subsets",) if tau2 == "REML" else (),
                200,
                peer_goal,
                1,
            )
        )
    mean, tau2_hat = 0.3, 0.04
    out.append(
        Work(
            "parametric bootstrap, k = 20, 10,000 draws",
            lambda: parametric_bootstrap(y, v, mean=mean, tau2=tau2_hat),
            small,
            10_000,
            "parametric",
            200,
            3500.0,
            ("pimeta:parametric",),
            200,
            400.0,
            5,
        )
    )
    out.append(
        Work(
            "cluster bootstrap, k = 20, 10,000 draws",
            lambda: cluster_bootstrap(y, v, mean=mean),
            small,
            10_000,
            "cluster",
            200,
            3500.0,
            ("pimeta:cluster",),
            200,
            400.0,
            5,
        )
    )
    yp, vp = effects(rng, 50)
    x = rng.normal(size=50)
    design = np.column_stack([np.ones(50), x])
    out.append(
        Work(
            "permutation test, k = 50, 10,000 draws",
            lambda: permutation_test(yp, vp, design, draws=10_000, exact=False, seed=1),
            {"y": yp, "v": vp, "x": x},
            10_000,
            "permutation",
            200,
            3000.0,
            repeats=1,
        )
    )
    study = np.sort(rng.integers(0, 250, 1000))
    ym, vm = effects(rng, 1000)
    ym += rng.normal(0.0, 0.15, 250)[study]
    out.append(
        Work(
            "three-level, 1,000 effects",
            lambda: fit_multilevel(ym, vm, [study, np.arange(1000)]),
            {"y": ym, "v": vm, "study": study.astype(float), "row": np.arange(1000.0)},
            1,
            "three_level",
            1,
            500.0,
            repeats=20,
        )
    )
    size = 1_000_000
    n1, n2 = (rng.integers(5, 80, size).astype(float) for _ in range(2))
    m1, m2 = rng.normal(size=size), rng.normal(size=size)
    s1, s2 = rng.uniform(0.5, 2.0, size), rng.uniform(0.5, 2.0, size)
    out.append(
        Work(
            "SMD of 1,000,000 rows, exact J",
            lambda: g_from_means(m1, s1, n1, m2, s2, n2),
            {"m1": m1, "s1": s1, "n1": n1, "m2": m2, "s2": s2, "n2": n2},
            1,
            "smd",
            1,
            90.0,
            ("statsmodels:smd",),
            1,
            1.5,
            5,
        )
    )
    return out


def write_csv(path: Path, data: Columns) -> None:
    """Write columns for the others."""
    with path.open("w", newline="") as handle:
        writer = csv.writer(handle)
        writer.writerow(data)
        writer.writerows(zip(*(column.tolist() for column in data.values()), strict=True))


def cpu_here(work: Work) -> float:
    """Return the CPU seconds of one run here."""
    start = time.process_time()
    for _ in range(work.repeats):
        work.run()
    return (time.process_time() - start) / work.repeats


def cpu_there(command: Sequence[str]) -> float | None:
    """Return the CPU seconds a unit that a command prints, None where it fails."""
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=900)
    try:
        return float(done.stdout.split()[-1])
    except (IndexError, ValueError):
        print("failed:", " ".join(command[-3:]), done.stderr[-300:], file=sys.stderr)
        return None


def one_round(work: Work, path: Path, rscript: str, peers: str) -> None:
    """Time each tool once."""
    work.seconds.setdefault("here", []).append(cpu_here(work))
    if work.metafor and rscript:
        unit = cpu_there([rscript, str(HERE / "metafor.R"), work.metafor, str(path), str(work.metafor_units)])
        if unit is not None:
            work.seconds.setdefault("metafor", []).append(unit * work.units)
    for peer in work.peers:
        python = sys.executable if peer.startswith("statsmodels") else peers
        if python:
            unit = cpu_there([python, str(HERE / "peers.py"), peer, str(path), str(work.peer_units)])
            if unit is not None:
                work.seconds.setdefault(peer.split(":")[0], []).append(unit * work.units)


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


def line(work: Work) -> str:
    """Return a line of the table."""
    median = {tool: statistics.median(values) for tool, values in work.seconds.items()}
    here = median.pop("here")
    metafor = median.pop("metafor", None)
    best = min(median, key=lambda tool: median[tool], default="")
    first, first_goal = against(here, metafor, work.metafor_goal)
    second, second_goal = against(here, median.get(best), work.peer_goal)
    if not work.metafor:
        first = "-"
    if not work.peers:
        second = "-"
    peer = f"{second} ({best})" if best else second
    cells = [work.name, seconds_text(here), "" if metafor is None else seconds_text(metafor)]
    return "| " + " | ".join([*cells, first, first_goal, peer, second_goal]) + " |"


IMPORT_ONLY = "import evidence"
IMPORT_FIT = "import evidence; evidence.pool_arrays([.1, .5, .9], [.02, .03, .04])"
IMPORT_VERB = (
    "import evidence; evidence.random_effects(evidence.effects_from([.1, .5, .9], variance=[.02, .03, .04]))"
)
BATCH = "from evidence.numerics.batch import fit_groups as f; "
PEAK = "import resource; print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024)"


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
    return [f"| {name} | {seconds_text(statistics.median(each[1:]))} |" for name, each in times.items()]


def peak_memory() -> list[str]:
    """Return lines on the peak memory of processes that do one work each."""
    common = (
        "import numpy as np; rng = np.random.default_rng(1); k = {k};"
        " v = 0.02 * rng.lognormal(0, .7, k); y = rng.normal(.3, np.sqrt(v + .03)); "
    )
    cases = {
        "one fit, k = 1,000,000": (1_000_000, "from evidence import pool_arrays as f; f(y, v); "),
        "10,000 syntheses of k = 5-30": (
            175_000,
            f"{BATCH}f(y, v, np.sort(rng.integers(0, 10_000, k))); ",
        ),
        "1,000,000 syntheses of k = 10": (
            10_000_000,
            f"{BATCH}f(y, v, np.repeat(np.arange(k // 10), 10)); ",
        ),
        "all 2^20 subsets": (20, "from evidence.numerics.subsets import every_subset as f; f(y, v); "),
        "cluster bootstrap, 10,000 draws": (
            20,
            "from evidence.numerics.bootstrap import cluster_bootstrap as f; f(y, v, mean=.3); ",
        ),
    }
    out = []
    for name, (k, code) in cases.items():
        done = subprocess.run(
            [sys.executable, "-c", common.format(k=k) + code + PEAK],
            capture_output=True,
            text=True,
            check=True,
        )
        out.append(f"| {name} | {float(done.stdout):.0f} MB |")
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
        fitted = np.polyfit(np.log(sizes), np.log(times), 1)[0]
        shown = ", ".join(f"{size:,}: {seconds_text(t)}" for size, t in zip(sizes, times, strict=True))
        out.append(f"| {name} | {fitted:.2f} | {shown} |")

    def one(k: int) -> Callable[[], object]:
        y, v = effects(rng, k)
        return lambda: pool_arrays(y, v)

    def many(groups: int) -> Callable[[], object]:
        y, v = effects(rng, groups * 12)
        codes = np.repeat(np.arange(groups), 12)
        return lambda: fit_groups(y, v, codes)

    slope("one fit, in k", [10_000, 30_000, 100_000, 300_000, 1_000_000], one)
    slope("batch of k = 12, in syntheses", [3_000, 10_000, 30_000, 100_000], many)
    return out


def _timed(task: Callable[[], object]) -> float:
    start = time.process_time()
    task()
    return time.process_time() - start


def machine() -> str:
    """Return the processor's name and number of cores."""
    name = platform.processor() or platform.machine()
    info = Path("/proc/cpuinfo")
    if info.exists():
        names = [
            row.split(":", 1)[1].strip()
            for row in info.read_text().splitlines()
            if row.startswith("model name")
        ]
        name = f"{names[0]}, {len(names)} logical cores" if names else name
    return name


def versions(rscript: str, peers: str) -> str:
    """Return the versions of all that took part."""
    parts = [f"Python {platform.python_version()}", f"NumPy {np.__version__}", f"SciPy {scipy.__version__}"]
    if rscript:
        code = "cat(as.character(getRversion()), as.character(packageVersion('metafor')))"
        r, metafor = subprocess.run(
            [rscript, "-e", code], capture_output=True, text=True, check=True
        ).stdout.split()
        parts += [f"R {r}", f"metafor {metafor}"]
    if peers:
        code = "from importlib.metadata import version as v; print(v('PyMARE'), v('pimeta'))"
        pymare, pimeta = subprocess.run(
            [peers, "-c", code], capture_output=True, text=True, check=True
        ).stdout.split()
        parts += [f"PyMARE {pymare}", f"pimeta {pimeta}"]
    return ", ".join(parts)


def page(timed: Sequence[Work], rscript: str, peers: str, rounds: int) -> str:
    """Return the report."""
    reasons = (HERE / "speed_notes.md").read_text(encoding="utf-8").strip()
    head = "| work | here | metafor | × metafor | goal | × best peer | goal |\n|---|---|---|---|---|---|---|"
    return "\n".join(
        [
            "# Performance",
            "",
            "Written by `benchmarks/speed.py`; CPU time, medians of"
            f" {rounds} rounds in which the tools take turns. Ratios above 1 are in our favour.",
            "",
            f"- Date: {datetime.date.today().isoformat()}",
            f"- Machine: {machine()}; other work ran on it at the same time",
            f"- Versions: {versions(rscript, peers)}",
            "",
            head,
            *(line(work) for work in timed),
            "",
            "## Whole processes",
            "",
            "| process | CPU time |\n|---|---|",
            *processes(rscript, peers, rounds),
            "",
            "## Memory",
            "",
            "Peak of the whole process, Python and libraries included. The goal is 1 GB.",
            "",
            "| work | peak |\n|---|---|",
            *peak_memory(),
            "",
            "## How cost grows",
            "",
            "| work | exponent | CPU time |\n|---|---|---|",
            *exponents(),
            "",
            reasons,
            "",
        ]
    )


def main() -> None:
    """Time everything and write the page."""
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--rscript", default="", help="Rscript with metafor; empty leaves metafor out")
    options.add_argument("--peers", default="", help="Python with PyMARE and pimeta; empty leaves them out")
    options.add_argument("--rounds", type=int, default=3)
    options.add_argument("--write", type=Path, default=None)
    chosen = options.parse_args()
    timed = works()
    with tempfile.TemporaryDirectory() as folder:
        for number, work in enumerate(timed):
            write_csv(Path(folder, f"{number}.csv"), work.data) if work.metafor or work.peers else None
            work.run()
        for turn in range(chosen.rounds):
            for number, work in enumerate(timed):
                one_round(work, Path(folder, f"{number}.csv"), chosen.rscript, chosen.peers)
                print(turn + 1, line(work), flush=True)
    text = page(timed, chosen.rscript, chosen.peers, chosen.rounds)
    if chosen.write is None:
        print(text)
    else:
        chosen.write.write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
