"""Time this package beside metafor and the Python peers, taking turns, and write docs/performance.md.

Usage::

    export OPENBLAS_NUM_THREADS=1
    python benchmarks/speed.py [--rscript Rscript] [--peers PYTHON] [--rounds 3] [--write docs/performance.md]

`--peers` is the Python of an environment that has PyMARE and pimeta. CPU seconds (user and system, all
threads) are compared, not clock seconds: a threaded library gains nothing by it, and where other work keeps
the cores busy its threads spin, so that one thread is the fair number. Within a round each tool runs in turn
on the same data; the median of the rounds counts. What is slow elsewhere is timed on some units and scaled.
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
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import scipy
from cases import Columns, Work, works
from whole import against, exponents, peak_memory, processes, seconds_text

HERE = Path(__file__).resolve().parent


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


def one_round(work: Work, path: Path, rscript: str, peers: str, *, first: bool) -> None:
    """Time each tool once."""
    work.seconds.setdefault("here", []).append(cpu_here(work))
    if work.slow and not first:
        return
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
    if work.limit:
        first_goal = f"under {seconds_text(work.limit)}: {'met' if here < work.limit else 'missed'}"
    if not work.peers:
        second = "-"
    peer = f"{second} ({best})" if best else second
    cells = [work.name, seconds_text(here), "" if metafor is None else seconds_text(metafor)]
    return "| " + " | ".join([*cells, first, first_goal, peer, second_goal]) + " |"


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
        code = (
            "cat(as.character(getRversion()), as.character(packageVersion('metafor')),"
            " as.character(packageVersion('clubSandwich')))"
        )
        r, metafor, sandwich = subprocess.run(
            [rscript, "-e", code], capture_output=True, text=True, check=True
        ).stdout.split()
        parts += [f"R {r}", f"metafor {metafor}", f"clubSandwich {sandwich}"]
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
            f" {rounds} round(s) in which the tools take turns (what takes long elsewhere: one)."
            " Ratios above 1 are in our favour.",
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
            "| process | CPU time | times `import evidence` and `pool_arrays` | goal |\n|---|---|---|---|",
            *processes(rscript, peers, rounds),
            "",
            "## Memory",
            "",
            "Peak of a process of its own for each work, Python and libraries included. The goal is 1 GB.",
            "",
            "| work | peak |\n|---|---|",
            *peak_memory(),
            "",
            "## How cost grows",
            "",
            "Slope of the logarithm of the CPU time on that of the size (1.0 is linear), over all sizes and",
            "over the last two.",
            "",
            "| work | exponent | at the end | CPU time |\n|---|---|---|---|",
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
    options.add_argument("--only", default="", help="rows with this in their name, printed and not written")
    options.add_argument("--minutes", type=float, default=60.0, help="no further round begins after these")
    options.add_argument("--write", type=Path, default=None)
    chosen = options.parse_args()
    timed = [work for work in works() if chosen.only in work.name]
    with tempfile.TemporaryDirectory() as folder:
        for number, work in enumerate(timed):
            write_csv(Path(folder, f"{number}.csv"), work.data) if work.metafor or work.peers else None
            work.run()
        begin = time.monotonic()
        for turn in range(chosen.rounds):
            if turn and time.monotonic() - begin > 60.0 * chosen.minutes:
                break
            for number, work in enumerate(timed):
                one_round(work, Path(folder, f"{number}.csv"), chosen.rscript, chosen.peers, first=turn == 0)
                print(turn + 1, line(work), flush=True)
    if chosen.only:
        return
    done = len(timed[-1].seconds["here"])
    text = page(timed, chosen.rscript, chosen.peers, done)
    if chosen.write is None:
        print(text)
    else:
        chosen.write.write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
