"""The simulation behind docs/coverage.md: seeded, resumable, the same on any executor."""

from __future__ import annotations

import importlib.util
import json
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest

HERE = Path(__file__).parents[1] / "benchmarks"


def _load(name: str) -> ModuleType:
    spec = importlib.util.spec_from_file_location(f"benchmark_{name}", HERE / f"{name}.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="module")
def coverage() -> ModuleType:
    return _load("coverage")


def test_the_cells_are_those_that_were_asked_for(coverage: ModuleType) -> None:
    cells = coverage.cells()
    assert len(set(cells)) == len(cells) >= 48
    for name, values in {
        "k": {3, 5, 10, 20},
        "mu": {0.0, 0.2, 0.5},
        "tau": {0.0, 0.2, 0.4},
        "share": {0.0, 0.2, 0.5, 1.0},
        "outcomes": {1, 4},
        "printed": {"at random", "by p"},
        "world": {"normal", "noncentral t"},
    }.items():
        assert {getattr(cell, name) for cell in cells} == values, name


def test_an_interrupted_run_goes_on_and_is_the_same_on_any_executor(
    coverage: ModuleType, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    cells = [coverage.Cell(3, 0.2, 0.2, 0.5), coverage.Cell(3, 0.5, 0.0, 0.2, "by p")]
    monkeypatch.setattr(coverage, "cells", lambda: cells)
    monkeypatch.setattr(coverage, "BATCH", 3)
    monkeypatch.setattr(coverage, "CALIBRATION", 200)
    plain, pooled = tmp_path / "plain.jsonl", tmp_path / "pooled.jsonl"
    coverage.run(3, plain)
    before = plain.read_text()
    coverage.run(6, plain)
    assert plain.read_text().startswith(before)
    with ThreadPoolExecutor(2) as pool:
        coverage.run(6, pooled, executor=pool)

    def records(path: Path) -> list[str]:
        return sorted(path.read_text().splitlines())

    assert records(plain) == records(pooled)
    assert len(records(plain)) == 4
    runs = {json.loads(line)["first"] for line in records(plain)}
    assert runs == {0, 3}
    found = list(coverage.summaries(plain))
    assert [one.runs for one in found] == [6, 6]
    assert all(0.0 <= one.profile <= one.profile_t <= 1.0 for one in found)
    table = tmp_path / "table.csv"
    coverage.write_summaries(found, table)
    again = coverage.read_summaries(table)
    assert [one.cell for one in again] == cells
    assert [one.profile for one in again] == pytest.approx([one.profile for one in found], abs=1e-5)


def test_a_row_prints_what_its_effect_allows(coverage: ModuleType) -> None:
    cell = coverage.Cell(400, 0.5, 0.2, 0.3, "by p")
    power = coverage._power(cell)
    rows = coverage.draw(cell, np.random.default_rng(1), power)
    exact = rows.low == rows.high
    assert (rows.low[~exact] < rows.high[~exact]).all()
    assert 0.2 < exact.mean() < 0.4
    # four times likelier where p < .05, whatever the share
    clear = np.abs(rows.low[exact] / rows.error[exact]) > 1.96
    assert clear.mean() > power


def test_the_page_is_what_the_summary_gives(coverage: ModuleType) -> None:
    sys.modules["coverage"], before = coverage, sys.modules.get("coverage")
    try:
        page = _load("coverage_page").page(coverage.read_summaries(), len(coverage.cells()))
    finally:
        if before is None:
            del sys.modules["coverage"]
        else:
            sys.modules["coverage"] = before
    assert (HERE.parent / "docs" / "coverage.md").read_text(encoding="utf-8") == page
