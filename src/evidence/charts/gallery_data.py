"""What the gallery's charts are drawn from: what ships, or invented numbers, the same ones every time."""

from __future__ import annotations

import csv
import tempfile
from collections.abc import Mapping
from functools import lru_cache
from pathlib import Path

import numpy as np
import pandas as pd

import evidence as ev

__all__ = [
    "LONG_LABEL",
    "SIX",
    "appraised",
    "assumptions",
    "changes",
    "claims_found",
    "compared",
    "correlations",
    "cumulated",
    "directions",
    "exact_effects",
    "flow",
    "grouped",
    "invented_effects",
    "left_out",
    "mapped",
    "over_weeks",
    "pooled",
    "shipped_effects",
]

LONG_LABEL = "Scattone Silva, de Oliveira Junqueira & van der Meer-Schmidt"
"""A label of 60 letters."""

SIX = tuple(ev.SIX_DOMAINS)


def invented_effects(rows: int, long: bool = False, domains: tuple[str, ...] = SIX) -> ev.Effects:
    """Return invented effects, one row a study: values, bounds and directions, the same ones every time.

    Parameters
    ----------
    rows : int
        Number of rows.
    long : bool
        Whether labels and outcomes have about 60 letters.
    domains : tuple of str
        Domains, in turn.
    """
    rng = np.random.default_rng(rows)
    error = rng.uniform(0.15, 0.5, rows)
    value = 0.3 + 0.35 * rng.standard_normal(rows)
    kind = np.arange(rows) % 3 if rows > 3 else np.zeros(rows, dtype=int)
    bound = 1.97 * error
    sides = np.sign(value)
    low = np.select(
        [kind == 1, kind == 2], [np.where(rows and sides > 0, bound, -bound), 0.0 * sides], np.nan
    )
    high = np.select(
        [kind == 1, kind == 2], [np.where(sides > 0, np.inf, bound), np.inf + 0.0 * sides], np.nan
    )
    n = rng.integers(8, 160, rows).astype(float)
    words = np.where(value > 0.15, "favours_e", np.where(value < -0.15, "favours_c", "no_difference"))
    return ev.effects_from(
        np.where(kind == 0, value, np.nan),
        std_error=error,
        low=low,
        high=high,
        study=[f"{LONG_LABEL} {1900 + i}" if long else f"Author {1900 + i}" for i in range(rows)],
        measure="SMD",
        n_e=list(n),
        n_c=list(n),
        people=list(2 * n),
        outcome=[f"{LONG_LABEL[:50]} {i % 7}" if long else f"outcome {i % 7 + 1}" for i in range(rows)],
        domain=[domains[i % len(domains)] for i in range(rows)],
        direction=list(words),
        basis=["between_group_test"] * rows,
        arm_design=[("parallel", "crossover", "cohort")[i % 3] for i in range(rows)],
    )


@lru_cache(maxsize=32)
def shipped_effects(question: str, measure: str, domain: str = "") -> ev.Effects:
    """Return effects of the shipped studies of a question."""
    chosen = ev.example_studies().where(question=question, level="study")
    chosen = chosen.where(domain=domain) if domain else chosen
    return ev.effect_sizes(chosen, measure=measure, correlation=0.7)


@lru_cache(maxsize=32)
def pooled(rows: int | None, long: bool) -> ev.MetaFit:
    """Return a pooled result of rows of all kinds."""
    pain = shipped_effects("hip_knee_vs_knee", "SMD", "pain")
    return ev.pool_partial(pain if rows is None else invented_effects(rows, long))


@lru_cache(maxsize=32)
def exact_effects(rows: int, long: bool) -> ev.Effects:
    """Return invented effects that are all values."""
    made = invented_effects(rows, long)
    value, error = np.random.default_rng(rows).normal(0.35, 0.3, rows), made.table["std_error"]
    return ev.effects_from(value, std_error=error, study=list(made.table["study"]), measure="SMD")


@lru_cache(maxsize=32)
def compared(rows: int | None, long: bool) -> ev.Comparison:
    """Return one pooled result a domain."""
    if rows is None:
        chosen = ev.example_studies().where(
            question="integrated_vs_isolated",
            level="study",
            comparator_class="isolated_strength",
            domain=list(SIX),
        )
        return ev.compare(ev.effect_sizes(chosen, measure="SMD", correlation=0.7), by="domain")
    n = 3 * rows
    rng = np.random.default_rng(rows)
    names = [f"{LONG_LABEL[:56]} {i}" if long else f"domain {i + 1}" for i in range(rows)]
    effects = ev.effects_from(
        rng.normal(0.3, 0.3, n),
        std_error=rng.uniform(0.15, 0.4, n),
        study=[f"Author {1900 + i}" for i in range(n)],
        domain=[names[i // 3] for i in range(n)],
        people=list(rng.integers(16, 300, n).astype(float)),
        measure="SMD",
    )
    return ev.compare(effects, by="domain", model=ev.random_effects)


def directions(rows: int | None, long: bool) -> ev.Effects:
    """Return rows with reported directions."""
    return shipped_effects("prevention", "RR") if rows is None else invented_effects(rows, long)


def mapped(rows: int | None, long: bool) -> ev.Studies | pd.DataFrame:
    """Return what a map of the evidence is drawn from."""
    if rows is None:
        return ev.example_studies().where(question="integrated_vs_isolated", level="study")
    rng = np.random.default_rng(rows)
    cells = 4 * rows
    classes = (
        "usual activity",
        "traditional training",
        "isolated strength",
        "sham or placebo",
        "no training",
    )
    names = [f"{LONG_LABEL[:56]} {i}" if long else f"outcome {i + 1}" for i in range(rows)]
    return pd.DataFrame(
        {
            "domain": [names[i % rows] for i in range(cells)],
            "comparator_class": rng.choice(classes, cells),
            "study": [f"study {i % 37}" for i in range(cells)],
            "reported": rng.choice(["full", "partial", "direction", ""], cells),
        }
    )


@lru_cache(maxsize=32)
def left_out(rows: int | None, long: bool) -> ev.LeaveOneOut:
    """Return the result without each study."""
    if rows is None:
        pain = shipped_effects("hip_knee_vs_knee", "SMD", "pain")
        return ev.leave_one_out(pain, by="study", model=ev.pool_partial)
    return ev.leave_one_out(exact_effects(rows, long), by="study", model=ev.random_effects)


@lru_cache(maxsize=32)
def cumulated(rows: int | None, long: bool) -> ev.Cumulative:
    """Return the result after each study."""
    if rows is None:
        pain = shipped_effects("hip_knee_vs_knee", "SMD", "pain")
        return ev.cumulative(pain, by="size", model=ev.pool_partial)
    return ev.cumulative(exact_effects(rows, long), by="precision", model=ev.random_effects)


@lru_cache(maxsize=1)
def claims_found() -> ev.Claims:
    """Return the verdicts on the shipped claims."""
    return ev.claims(ev.example_studies())


@lru_cache(maxsize=1)
def correlations() -> ev.CorrelationGrid:
    """Return shipped results over assumed correlations."""
    chosen = ev.example_studies().where(question="hip_knee_vs_knee", domain="function", level="study")
    return ev.correlation_grid(chosen, (0.3, 0.5, 0.7, 0.8, 0.9), measure="SMD")


@lru_cache(maxsize=1)
def assumptions() -> ev.PartialSensitivity:
    """Return a shipped result under other assumptions."""
    return ev.partial_sensitivity(shipped_effects("hip_knee_vs_knee", "SMD", "function"))


@lru_cache(maxsize=32)
def grouped(rows: int | None, long: bool) -> ev.Comparison:
    """Return pooled subgroups of rows: those of the shipped domains, or up to three invented ones."""
    if rows is None:
        return ev.compare(shipped_effects("hip_knee_vs_knee", "SMD"), by="domain")
    made = invented_effects(rows, long, SIX[: max(1, min(3, rows // 3))])
    return ev.compare(made, by="domain")


@lru_cache(maxsize=8)
def over_weeks(rows: int | None, long: bool) -> ev.MetaFit:
    """Return a meta-regression of invented rows on the weeks of treatment."""
    n = rows or 14
    rng = np.random.default_rng(n)
    error, weeks = rng.uniform(0.08, 0.45, n), rng.integers(2, 26, n).astype(float)
    value = 0.05 + 0.025 * weeks + rng.normal(0, 1, n) * np.sqrt(error**2 + 0.06)
    made = invented_effects(n, long).table
    effects = ev.effects_from(
        value, std_error=error, study=list(made["study"]), measure="SMD", weeks=list(weeks)
    )
    return ev.meta_regression(effects, "~ weeks")


@lru_cache(maxsize=8)
def appraised(rows: int | None, long: bool) -> pd.DataFrame:
    """Return invented judgements of studies by the five domains of RoB 2, not all of them made."""
    studies = [f"{LONG_LABEL[:56]} {i}" if long else f"Author {1900 + i}" for i in range(rows or 8)]
    chance = np.random.default_rng(len(studies))
    words = chance.choice(["low", "some concerns", "high", ""], (len(studies), 6), p=[0.55, 0.25, 0.12, 0.08])
    items = [f"D{i + 1}" for i in range(5)] + ["Overall"]
    names = [
        "Randomisation process",
        "Deviations from the intended interventions",
        "Missing outcome data",
        "Measurement of the outcome",
        "Selection of the reported result",
        "all of these together",
    ]
    lines = [
        (study, item, name, str(words[i, j]))
        for i, study in enumerate(studies)
        for j, (item, name) in enumerate(zip(items, names, strict=True))
    ]
    return pd.DataFrame(lines, columns=["study", "item", "words", "confirmed"])


@lru_cache(maxsize=8)
def changes(rows: int | None, long: bool) -> tuple[ev.Effects, ev.Studies]:
    """Return rows that print the means of both arms before and after, and their studies."""
    if rows is None:
        studies = ev.example_studies().where(study="resendeneto2019")
    else:
        rng = np.random.default_rng(rows)
        lines = [
            {
                "row_id": f"r{i:03d}",
                "study": f"s{i:03d}",
                "outcome": LONG_LABEL[:57] + f" {i % 7}" if long else f"outcome {i + 1}",
                "arm_e": "integrated",
                "arm_c": "isolated",
                "level": "study",
                "basis": "between_group_test",
                "better": "lower" if i % 4 == 1 else "higher",
                "unit": "cm",
                "n_e": "15",
                "n_c": "16",
                **{f"pre_mean_{arm}": f"{rng.normal(10, 0.6):.1f}" for arm in "ec"},
                **{f"post_mean_{arm}": f"{rng.normal(11.5, 1.2):.1f}" for arm in "ec"},
                **{
                    f"{when}_sd_{arm}": f"{rng.uniform(2, 4):.1f}" for when in ("pre", "post") for arm in "ec"
                },
            }
            for i in range(rows)
        ]
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / "studies.csv"
            with path.open("w", encoding="utf-8", newline="") as file:
                writer = csv.DictWriter(file, list(lines[0]))
                writer.writeheader()
                writer.writerows(lines)
            studies = ev.read_studies(path)
    return ev.effect_sizes(studies, measure="SMD", correlation=0.7), studies


Counts = dict[str, int | Mapping[str, int] | None]

_FLOW: Counts = {
    "databases": {"MEDLINE": 512, "Embase": 398, "CENTRAL": 171},
    "registers": 40,
    "duplicates": 331,
    "automation": 12,
    "excluded": 640,
    "not_retrieved": 3,
    "reports_excluded": {"No control group": 61, "Not a trial": 33, "Other outcome": 9, "In a book only": 4},
    "studies": 25,
}
_OTHER: Counts = {
    "other_sources": {"Websites": 12, "Organisations": 3, "Citation searching": 44},
    "other_not_retrieved": 2,
    "other_excluded": {"No control group": 30, "Not a trial": 20},
}
_UPDATE: Counts = {"previous_studies": 31, "previous_reports": 36}


def flow(kind: str) -> Counts:
    """Return invented counts of a review: ``"new"``, with ``"other"`` methods too, or its ``"update"``."""
    counts = dict(_FLOW)
    if kind != "new":
        counts.update(_OTHER)
    if kind == "update":
        counts.update(_UPDATE)
    return counts
