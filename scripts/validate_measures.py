"""Hold `ev.effect_size` against reference cases and write docs/validation_measures.md.

Usage::

    python scripts/validate_measures.py FOLDER

FOLDER holds the reference cases of effect sizes (`escalc_data.json.gz`, `escalc_synth.json.gz`,
`synth_escalc_data.json.gz`; schema evidence-oracle-v1).
"""

from __future__ import annotations

import gzip
import json
import sys
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

import evidence as ev
from evidence.effects.measures import MEASURES

TARGET = Path(__file__).parents[1] / "docs" / "validation_measures.md"
FILES = ("escalc_data", "escalc_synth", "synth_escalc_data")
CLOSE = 1e-10

CAUSES = {
    "RTET": "the reference's optimiser stops at four digits; at correlations of -1 and 1 it has a variance",
    "ZTET": "as RTET",
    "UCOR": "the reference's series loses digits for small r and n; ours agrees with 30 digits",
    "MD": "a standard deviation of 0: the reference prints a variance of 0, we call the row unusable",
    "ROM": "as MD",
    "R2F": "another variance; ours is that of the noncentral F to first order and agrees with simulation",
    "ZR2F": "as R2F",
}


@dataclass
class Tally:
    """What was compared for a measure."""

    cases: int = 0
    rows: int = 0
    worst: float = 0.0
    apart: int = 0
    worst_apart: float = 0.0
    either: int = 0
    forms: set[str] = field(default_factory=set)


def _cases(folder: Path) -> Iterator[dict[str, Any]]:
    for name in FILES:
        with gzip.open(folder / f"{name}.json.gz", "rt") as file:
            yield from (case for case in json.load(file)["cases"].values() if "error" not in case)


def _relative(ours: np.ndarray, theirs: np.ndarray) -> np.ndarray:
    gap = np.abs(ours - theirs)
    return np.where(gap == 0, 0.0, gap / np.maximum(np.abs(theirs), np.finfo(np.float64).tiny))


def compare(folder: Path) -> dict[str, Tally]:
    """Return the tally of each measure, in the order of the registry."""
    found = {code: Tally() for code in MEASURES}
    for case in _cases(folder):
        tally = found[case["measure"]]
        got = ev.effect_size(case["measure"], **case["inputs"], **case["opts"], invalid="mark")
        y, v = np.array(case["yi"], dtype=float), np.array(case["vi"], dtype=float)
        theirs = np.isfinite(y) & np.isfinite(v)
        both = theirs & ~got.unusable
        gap = np.maximum(_relative(got.estimate[both], y[both]), _relative(got.variance[both], v[both]))
        close = gap <= CLOSE
        tally.cases += 1
        tally.rows += int(both.sum())
        tally.either += int((theirs != ~got.unusable).sum())
        tally.worst = max(tally.worst, float(gap[close].max(initial=0.0)))
        tally.apart += int((~close).sum())
        tally.worst_apart = max(tally.worst_apart, float(gap[~close].max(initial=0.0)))
        tally.forms.add(case["opts"].get("vtype", next(iter(MEASURES[case["measure"]].variance))))
    return found


def page(found: dict[str, Tally]) -> str:
    """Return the page as Markdown."""
    lines = [
        "# Validation of the measures",
        "",
        "Written by `python scripts/validate_measures.py FOLDER`; do not edit.",
        "",
        "Reference: metafor 5.1.12 (R version 4.2.2) on data sets of metadat 1.7.2 and on synthetic cases"
        " with degenerate rows. Compared are estimate and variance of every row, relative to the reference's"
        f" value; rows apart by more than {CLOSE:g} are counted, as are rows where only one of the two has"
        " an effect.",
        "",
        "| measure | forms | cases | rows | worst, where they agree | apart | worst of these | only one |",
        "|---|---|---:|---:|---:|---:|---:|---:|",
    ]
    for code, tally in found.items():
        if tally.cases:
            gaps = f"{tally.apart} | {tally.worst_apart:.0e}" if tally.apart else " | "
            forms, only = ", ".join(sorted(tally.forms)), f"{tally.either or ''}"
            lines.append(
                f"| {code} | {forms} | {tally.cases} | {tally.rows} | {tally.worst:.0e} | {gaps} | {only} |"
            )
    total = sum(tally.rows for tally in found.values())
    apart = sum(tally.apart for tally in found.values())
    lines += ["", f"{total} rows in all, {apart} apart. Causes:", ""]
    lines += [f"- **{code}**: {cause}." for code, cause in CAUSES.items()]
    unknown = [code for code, tally in found.items() if (tally.apart or tally.either) and code not in CAUSES]
    lines += [f"- **{code}**: cause not known." for code in unknown]
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    TARGET.write_text(page(compare(Path(sys.argv[1]))), encoding="utf-8")
