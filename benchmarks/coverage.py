"""Coverage and bias of `pool_partial` in simulated worlds: seeded, resumable, on any executor.

``python benchmarks/coverage.py --replicates 200`` runs what is missing up to 200 replicates a cell and adds
it to ``coverage.jsonl`` beside this file, batch by batch: an interrupted run goes on where it stopped (the
file is large and stays where it is made; its summary is ``coverage.csv``).
``--workers 4`` uses four processes; `run` takes any ``concurrent.futures`` executor. ``--table`` writes
both ``coverage.csv`` and, from it, ``docs/coverage.md``.

A replicate draws k studies with n people an arm, their rows, and what each row prints: a value, or the words
"significant" and "no difference", or (one in five of the others) a direction alone. What is kept is the
deviance of the true mean, so that the coverage of every critical value can be read from one run.
"""

from __future__ import annotations

import argparse
import json
import math
import sys
from collections.abc import Iterable, Iterator
from concurrent.futures import Executor, ProcessPoolExecutor
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy import special, stats

from evidence.errors import ModelError
from evidence.numerics.intervals import chi2_quantile
from evidence.numerics.partial_fit import calibrated
from evidence.numerics.partial_general import deviance_of_mean, within_is_bounded
from evidence.numerics.wls import Vector

HERE = Path(__file__).parent
RESULTS = HERE / "coverage.jsonl"
TABLE = HERE / "coverage.csv"
PAGE = HERE.parent / "docs" / "coverage.md"
SEED = 20261122
RHO = 0.6
WITHIN = 0.1
BATCH = 25
CALIBRATION = 20_000


@dataclass(frozen=True)
class Cell:
    """A world: everything that is held fixed over its replicates."""

    k: int
    mu: float
    tau: float
    share: float
    printed: str = "at random"
    outcomes: int = 1
    world: str = "normal"


@dataclass(frozen=True)
class Rows:
    """What the studies of one replicate print."""

    low: Vector
    high: Vector
    error: Vector
    study: NDArray[np.intp]


def cells() -> list[Cell]:
    """Return the cells, the most telling first."""
    out = [
        Cell(k, 0.2, tau, share)
        for share in (0.5, 0.2, 1.0, 0.0)
        for k in (5, 10, 20, 3)
        for tau in (0.2, 0.0, 0.4)
    ]
    by_p = [
        Cell(k, mu, 0.2, share, "by p") for k in (5, 10, 20) for share in (0.2, 0.5) for mu in (0.0, 0.2, 0.5)
    ]
    many = [Cell(k, 0.2, 0.2, share, outcomes=4) for k in (5, 10) for share in (0.2, 0.5)]
    world = [Cell(k, 0.5, 0.2, share, world="noncentral t") for k in (5, 10, 20) for share in (0.2, 0.5, 1.0)]
    means = [Cell(k, mu, 0.2, share) for k in (5, 10) for mu in (0.0, 0.5) for share in (0.2, 0.5)]
    first = [one for one in out if one.share in (0.5, 0.2) and one.k in (5, 10)]
    rest = [one for one in out if one not in first]
    return [*first, *by_p, *world, *means, *many, *rest]


def _truth(cell: Cell, rng: np.random.Generator) -> tuple[Vector, Vector, NDArray[np.intp], Vector]:
    """Return observed effects, their standard errors if exact, studies, people an arm."""
    n = rng.integers(8, 25, cell.k)
    study = np.repeat(np.arange(cell.k), cell.outcomes)
    people = n[study].astype(float)
    theta = cell.mu + rng.normal(0.0, cell.tau, cell.k)[study]
    if cell.outcomes > 1:
        theta = theta + rng.normal(0.0, WITHIN, study.size)
    if cell.world == "noncentral t":
        df = 2.0 * people - 2.0
        t = stats.nct.rvs(df, theta * np.sqrt(people / 2.0), random_state=rng)
        j = np.exp(special.gammaln(df / 2) - special.gammaln((df - 1) / 2)) / np.sqrt(df / 2)
        y = j * t * np.sqrt(2.0 / people)
        return y, np.sqrt(2.0 / people + y * y / (4.0 * people)), study, people
    error = np.sqrt(2.0 / people)
    shared, own = rng.normal(size=cell.k)[study], rng.normal(size=study.size)
    y = theta + error * (math.sqrt(RHO) * shared + math.sqrt(1.0 - RHO) * own)
    return y, error, study, people


def _critical(cell: Cell, people: Vector) -> tuple[Vector, Vector]:
    """Return critical values on the effect scale and standard errors there."""
    base = np.sqrt(2.0 / people)
    if cell.world != "noncentral t":
        return stats.norm.ppf(0.975) * base, base
    df = 2.0 * people - 2.0
    j = np.exp(special.gammaln(df / 2) - special.gammaln((df - 1) / 2)) / np.sqrt(df / 2)
    limit = j * stats.t.ppf(0.975, df) * base
    return limit, np.sqrt(2.0 / people + limit * limit / (4.0 * people))


def _power(cell: Cell) -> float:
    """Return how often a row is significant in this world."""
    big = Cell(CALIBRATION, cell.mu, cell.tau, cell.share, cell.printed, 1, cell.world)
    y, _, _, people = _truth(big, np.random.default_rng(SEED))
    return float((np.abs(y) > _critical(big, people)[0]).mean())


def draw(cell: Cell, rng: np.random.Generator, power: float) -> Rows:
    """Return what the studies of one replicate print."""
    y, error, study, people = _truth(cell, rng)
    limit, at_limit = _critical(cell, people)
    clear = np.abs(y) > limit
    chance = np.full(y.size, cell.share)
    if cell.printed == "by p":
        rare = min(cell.share / (1.0 + 3.0 * power), 0.25)
        chance = np.where(clear, 4.0 * rare, rare)
    printed = rng.random(y.size) < chance
    direction = ~printed & (rng.random(y.size) < 0.2)
    low, high = np.where(clear & (y > 0), limit, -np.inf), np.where(clear & (y < 0), -limit, np.inf)
    low, high = np.where(clear, low, -limit), np.where(clear, high, limit)
    low, high = (
        np.where(direction, np.where(y > 0, 0.0, -np.inf), low),
        np.where(direction, np.where(y > 0, np.inf, 0.0), high),
    )
    at_zero = np.sqrt(2.0 / people)
    spread = np.where(printed, error, np.where(clear & ~direction, at_limit, at_zero))
    return Rows(np.where(printed, y, low), np.where(printed, y, high), spread, study)


def replicate(cell: Cell, number: int, power: float) -> dict[str, float | None]:
    """Return the estimate, the deviance of the true mean, and the estimate from exact rows alone."""
    seed = [SEED, *(round(1000 * x) for x in (cell.k, cell.mu, cell.tau, cell.share)), cell.outcomes]
    seed += [int(cell.printed == "by p"), int(cell.world != "normal"), number]
    rows = draw(cell, np.random.default_rng(seed), power)
    exact = rows.low == rows.high
    out: dict[str, float | None] = {"exact_rows": float(exact.sum())}
    out["estimate"], out["deviance"] = _fit(rows, np.ones_like(exact), cell.mu)
    out["exact_estimate"], out["exact_deviance"] = (None, None)
    if np.unique(rows.study[exact]).size >= 2 and not exact.all():
        out["exact_estimate"], out["exact_deviance"] = _fit(rows, exact, cell.mu)
    return out


def _fit(rows: Rows, keep: NDArray[np.bool_], mu: float) -> tuple[float | None, float | None]:
    study = np.unique(rows.study[keep], return_inverse=True)[1].astype(np.intp)
    low, high, error = rows.low[keep], rows.high[keep], rows.error[keep]
    within = within_is_bounded(low, high, study)
    try:
        return deviance_of_mean(low, high, error, study, RHO, mu, within=within)
    except ModelError as problem:
        print(f"not fitted: {problem}", file=sys.stderr)
        return None, None


def batch(task: tuple[Cell, int, int]) -> dict[str, object]:
    """Run replicates first to last - 1 of a cell; a pure function of its task."""
    cell, first, last = task
    power = _power(cell) if cell.printed == "by p" else 0.0
    runs = [replicate(cell, number, power) for number in range(first, last)]
    columns = {name: [_short(one[name]) for one in runs] for name in runs[0]}
    return {"cell": asdict(cell), "first": first, "last": last, **columns}


def _short(value: float | None) -> float | None:
    return None if value is None else round(value, 5)


def _done(path: Path) -> dict[Cell, list[dict[str, object]]]:
    found: dict[Cell, list[dict[str, object]]] = {}
    if path.exists():
        for line in path.read_text(encoding="utf-8").splitlines():
            record = json.loads(line)
            found.setdefault(Cell(**record["cell"]), []).append(record)
    return found


def _missing(replicates: int, path: Path) -> list[tuple[Cell, int, int]]:
    done = {(cell, int(one["first"])) for cell, some in _done(path).items() for one in some}  # type: ignore[call-overload]
    starts = range(0, replicates, BATCH)
    return [(cell, first, first + BATCH) for cell in cells() for first in starts if (cell, first) not in done]


def run(replicates: int, path: Path = RESULTS, executor: Executor | None = None) -> None:
    """Run what is missing, adding each batch to the file as it comes.

    Parameters
    ----------
    replicates : int
        Replicates a cell, a multiple of `BATCH`.
    path : Path
        Where the batches are kept, one JSON record a line.
    executor : Executor, optional
        Runs the batches; results do not depend on it. None: one after the other.
    """
    tasks = _missing(replicates, path)
    results: Iterable[dict[str, object]] = (
        map(batch, tasks) if executor is None else executor.map(batch, tasks)
    )
    for number, record in enumerate(results, start=1):
        with path.open("a", encoding="utf-8") as file:
            file.write(json.dumps(record) + "\n")
        print(f"\r{number} of {len(tasks)} batches", end="", file=sys.stderr, flush=True)
    print(file=sys.stderr)


@dataclass(frozen=True)
class Summary:
    """One line of the table."""

    cell: Cell
    runs: int
    profile: float
    profile_t: float
    bias: float
    bias_error: float
    exact_bias: float
    exact_error: float
    finite: float


def summaries(path: Path = RESULTS) -> Iterator[Summary]:
    """Return the cells that have been run, in their order."""
    done = _done(path)
    for cell in cells():
        batches = done.get(cell, [])
        if not batches:
            continue
        deviance, estimates, alone = (
            _column(batches, name) for name in ("deviance", "estimate", "exact_estimate")
        )
        fitted = np.isfinite(deviance)
        runs = deviance.size
        estimates, alone = estimates[np.isfinite(estimates)], alone[np.isfinite(alone)]
        yield Summary(
            cell,
            runs,
            float((deviance[fitted] <= chi2_quantile(0.95)).mean()),
            float((deviance[fitted] <= calibrated(cell.k, 1)(0.95)).mean()),
            *_mean_error(estimates - cell.mu),
            *_mean_error(alone - cell.mu),
            estimates.size / runs,
        )


def _column(batches: list[dict[str, object]], name: str) -> Vector:
    values = [value for one in batches for value in one[name]]  # type: ignore[attr-defined]
    return np.array([math.nan if value is None else value for value in values], dtype=np.float64)


def _mean_error(values: Vector) -> tuple[float, float]:
    """Return the middle of the estimates and its Monte Carlo error: estimates at the edge have no mean."""
    if values.size < 10:
        return math.nan, math.nan
    middle = float(np.median(values))
    spread = float(np.subtract(*np.percentile(values, [75, 25]))) / 1.349
    return middle, 1.2533 * spread / math.sqrt(values.size)


def write_summaries(found: list[Summary], path: Path = TABLE) -> None:
    """Write one line a cell: what the page is made from."""
    lines = [asdict(one.cell) | {k: v for k, v in asdict(one).items() if k != "cell"} for one in found]
    pd.DataFrame(lines).round(5).to_csv(path, index=False)


def read_summaries(path: Path = TABLE) -> list[Summary]:
    """Read what `write_summaries` wrote."""
    names = list(Cell.__dataclass_fields__)
    records = pd.read_csv(path).to_dict("records")
    return [
        Summary(Cell(**{k: one[k] for k in names}), **{k: v for k, v in one.items() if k not in names})
        for one in records
    ]


def main() -> None:
    """Run or tabulate."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--replicates", type=int, default=200)
    parser.add_argument("--workers", type=int, default=0)
    parser.add_argument("--table", action="store_true")
    given = parser.parse_args()
    if given.table:
        from coverage_page import page

        if RESULTS.exists():
            write_summaries(list(summaries()))
        PAGE.write_text(page(read_summaries(), len(cells())), encoding="utf-8")
    elif given.workers:
        with ProcessPoolExecutor(given.workers) as pool:
            run(given.replicates, executor=pool)
    else:
        run(given.replicates)


if __name__ == "__main__":
    main()
