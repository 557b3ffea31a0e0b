"""Compare models with one variance component with metafor, by quantity; write docs/validation.md.

    python scripts/validate_oracle.py ORACLE_FOLDER [docs/validation.md]

The folder holds metafor's results at tight tolerance (uni, synth_uni, metareg, synth_metareg, permutest). A
number that differs from metafor's by more than 1e-9 is compared with a solution of the same equations with
50 digits (`exact_reference`), which says who is right.
"""

from __future__ import annotations

import gzip
import json
import sys
from collections.abc import Iterable
from pathlib import Path

import numpy as np
import printed_results
import validation_text
from oracle_intervals import compare_extras, compare_limits, compare_permutations, compare_vif
from oracle_models import compare_models
from oracle_table import EXACT, TOLERANCE, Numbers, Table, numbers

from evidence.errors import ModelError
from evidence.numerics.design import Design, design
from evidence.numerics.wls import Problem, sample


def _load(folder: Path, name: str) -> dict[str, Numbers]:
    with gzip.open(folder / f"{name}.json.gz", "rt") as file:
        return dict(json.load(file)["cases"])


def _problem(y: np.ndarray, v: np.ndarray, x: np.ndarray) -> Problem:
    made: Problem | Design = sample(y, v) if x.shape[1] == 1 else design(y, v, x)
    return made


def compare(folder: Path, names: Iterable[str]) -> tuple[Table, list[str]]:
    """Compare all cases of some files; return the table and the cases that could not be fitted."""
    table, failed = Table(), []
    for file in names:
        for name, case in _load(folder, file).items():
            y, v = numbers(case["yi"]), numbers(case["vi"])
            x = np.array(case["X"], dtype=float) if "X" in case else np.ones((y.size, 1))
            try:
                compare_models(table, name, case, x)
                compare_limits(table, name, case, _problem(y, v, x), x)
                compare_extras(table, name, case)
                compare_vif(table, name, case, x)
            except ModelError as problem:
                failed.append(f"{name}: {problem}")
    return table, failed


def main() -> None:
    """Compare, print and write.

    Raises
    ------
    SystemExit
        Where a number of ours is neither metafor's nor the exact one.
    """
    folder = Path(sys.argv[1])
    target = Path(sys.argv[2]) if len(sys.argv) > 2 else Path(__file__).parents[1] / "docs" / "validation.md"
    mean, failed = compare(folder, ("uni", "synth_uni"))
    moderated, also = compare(folder, ("metareg", "synth_metareg"))
    compare_permutations(moderated, _load(folder, "permutest"))
    with gzip.open(folder / "uni.json.gz", "rt") as file:
        versions = json.load(file)["versions"]
    text = validation_text.page(
        {"Mean only": mean.rows, "With moderators": moderated.rows},
        failed + also,
        versions,
        TOLERANCE,
        EXACT,
        printed_results.SOURCE,
        printed_results.printed(),
    )
    target.write_text(text, encoding="utf-8")
    print(text)
    rows = [*mean.rows.items(), *moderated.rows.items()]
    wrong = [
        f"{name}, {case}: {own:.0e}" for name, row in rows for case, _, own in row.apart if not own <= EXACT
    ]
    if wrong:
        raise SystemExit("further from 50 digits than allowed:\n" + "\n".join(wrong))


if __name__ == "__main__":
    main()
