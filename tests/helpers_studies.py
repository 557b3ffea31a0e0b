"""Small tables of studies for tests, read through the real reader."""

from __future__ import annotations

import csv
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path

import evidence as ev


def write_csv(path: Path, rows: Sequence[Mapping[str, object]]) -> Path:
    """Write rows as a CSV with the union of their columns."""
    columns = list(dict.fromkeys(column for row in rows for column in row))
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, columns, restval="")
        writer.writeheader()
        writer.writerows(rows)
    return path


def studies_of(*rows: Mapping[str, object], info: Sequence[Mapping[str, object]] | None = None) -> ev.Studies:
    """Return the Studies of some rows; blank identities are filled in."""
    filled = [
        {"row_id": f"r{number:03d}", "study": f"s{number:03d}", "outcome": "jump height", **row}
        for number, row in enumerate(rows)
    ]
    with tempfile.TemporaryDirectory() as folder:
        path = write_csv(Path(folder) / "studies.csv", filled)
        if info is not None:
            write_csv(Path(folder) / "study_info.csv", info)
        return ev.read_studies(path)


def effect_of(
    row: Mapping[str, object],
    *,
    measure: str = "SMD",
    correlation: float = 0.7,
    info: Sequence[Mapping[str, object]] | None = None,
) -> dict[str, object]:
    """Return the one effect of one row, as a mapping."""
    effects = ev.effect_sizes(studies_of(row, info=info), measure=measure, correlation=correlation)
    assert len(effects) == 1
    return {str(key): value for key, value in effects.table.iloc[0].to_dict().items()}
