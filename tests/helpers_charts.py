"""Stand-ins of results for the charts: seeded numbers in the shape of the real records, and measurements."""

from __future__ import annotations

import math
from dataclasses import dataclass, field

import numpy as np
import pandas as pd
from helpers_boxes import assert_clean, visible_texts

__all__ = ["assert_clean", "visible_texts"]  # measured in helpers_boxes, where every chart is

LONG = "Scattone Silva, de Oliveira Junqueira & van der Meer-Schmidt"
LONG_OUTCOME = "acute LE injury: core strength, endurance and proprioception"


@dataclass(frozen=True)
class Fit:
    """The fields of a pooled result that charts read."""

    estimate: float | None = 0.41
    conf_low: float | None = 0.10
    conf_high: float | None = 0.72
    tau2: float | None = 0.05
    tau2_low: float | None = 0.0
    tau2_high: float | None = 0.31
    i2: float | None = 42.0
    pred_low: float | None = -0.30
    pred_high: float | None = 1.12
    k: int = 3
    n_studies: int = 3
    n_people: float | None = 120.0
    measure: str = "SMD"
    level: float = 0.95
    method: str = "Random effects (REML, HKSJ)"
    scale: str = "identity"
    display_sign: int = 1
    bound: str | None = None
    rows: pd.DataFrame = field(default_factory=pd.DataFrame)
    alongside: tuple[tuple[str, object], ...] = ()
    notes: tuple[str, ...] = ()
    formula: str | None = None
    n_clusters: int | None = None
    q: float | None = None
    q_df: float | None = None
    q_p_value: float | None = None
    statistic: float | None = None
    p_value: float | None = None
    df: float | None = None


def rows(
    k: int,
    *,
    kinds: tuple[str, ...] = ("exact", "interval", "sign"),
    long: bool = False,
    centre: float = 0.35,
    left_out: int = 0,
    share: str = "weight",
    missing_n: bool = False,
    factor: float = 1.0,
) -> pd.DataFrame:
    rng = np.random.default_rng(20 + k)
    lines = []
    for i in range(k + left_out):
        kind = kinds[i % len(kinds)] if i < k else "unusable"
        error = 0.15 + 0.35 * rng.random()
        value = centre + 0.5 * rng.standard_normal()
        low, high = {
            "exact": (value, value),
            "interval": [(1.97 * error, math.inf), (-1.97 * error, 1.97 * error), (-math.inf, -1.97 * error)][
                i // 3 % 3
            ],
            "sign": (0.0, math.inf) if value > 0 else (-math.inf, 0.0),
            "unusable": (math.nan, math.nan),
        }[kind]
        n = math.nan if missing_n and i % 2 else float(rng.integers(8, 60))
        lines.append(
            {
                "row_id": f"s{i}_01",
                "study": f"s{i}",
                "label": f"{LONG} {1990 + i % 35}" if long else f"Author {2000 + i}",
                "estimate": value * factor if kind == "exact" else math.nan,
                "std_error": math.nan if kind == "unusable" else error * factor,
                "low": low * factor,
                "high": high * factor,
                "kind": kind,
                "weight": 100.0 / k if i < k else math.nan,
                "contribution": 100.0 / k if i < k else math.nan,
                "used": i < k,
                "why_not": "" if i < k else "only changes within groups were printed",
                "n_e": n,
                "n_c": n,
                "people": 2.0 * n,
                "domain": "strength",
                "outcome": f"{LONG_OUTCOME} {i}" if long else f"outcome {i % 7}",
                "comparator_class": "isolated_strength",
                "inferred": "no",
            }
        )
    table = pd.DataFrame(lines)
    if share == "contribution":
        table["weight"] = math.nan
    return table


SIX = ("movement_quality", "speed_agility", "strength", "endurance", "flexibility", "power")


@dataclass(frozen=True)
class Compared:
    """The fields of a comparison that charts read."""

    fits: dict[str, Fit]
    by: str = "domain"
    measure: str = "SMD"
    level: float = 0.95
    failures: dict[str, str] = field(default_factory=dict)

    @property
    def table(self) -> pd.DataFrame:
        kinds = ("exact", "interval", "sign", "left_out")
        lines = [
            {self.by: name, **{f"rows_{kind}": int((fit.rows["kind"] == kind).sum()) for kind in kinds}}
            for name, fit in self.fits.items()
        ]
        lines += [{self.by: name, **{f"rows_{kind}": 1 for kind in kinds}} for name in self.failures]
        return pd.DataFrame(lines)


def comparison(n: int = 6, *, long: bool = False) -> Compared:
    """Every state a domain can be in, over and over."""
    both = ("exact", "interval")
    states = [
        lambda: Fit(rows=rows(9), k=9, n_studies=9, n_people=412.0, method="Interval likelihood, profile"),
        lambda: Fit(
            0.12,
            -0.2,
            0.44,
            pred_low=-0.8,
            pred_high=1.04,
            rows=rows(7),
            k=7,
            n_studies=6,
            method="Interval likelihood, profile",
        ),
        lambda: Fit(
            None,
            0.15,
            math.inf,
            pred_low=None,
            pred_high=None,
            bound="lower",
            rows=rows(4, kinds=("sign",)),
            k=4,
            n_studies=4,
            n_people=None,
            method="Interval likelihood, profile",
        ),
        lambda: Fit(
            -0.5,
            -0.9,
            -0.1,
            pred_low=-1.9,
            pred_high=0.9,
            rows=rows(12, kinds=both),
            k=12,
            n_studies=10,
            n_people=1830.0,
            method="Interval likelihood, profile",
        ),
        lambda: Fit(
            None,
            None,
            None,
            None,
            None,
            None,
            None,
            None,
            None,
            2,
            1,
            30.0,
            rows=rows(2, kinds=both, long=long),
        ),
        lambda: Fit(
            None,
            None,
            None,
            None,
            None,
            None,
            None,
            None,
            None,
            2,
            2,
            None,
            bound="none",
            rows=rows(2, kinds=("sign",)),
        ),
    ]
    names = list(SIX) + [f"injury_of_the_kind_{i}" for i in range(n)]
    if long:
        names = [f"{name} and a long addition that nobody would want in {i}" for i, name in enumerate(names)]
    return Compared({names[i]: states[i % 6]() for i in range(n)})


@dataclass(frozen=True)
class Found:
    """The fields of effects that the effect-direction plot reads."""

    table: pd.DataFrame


def directions(k: int, n_domains: int, *, long: bool = False) -> Found:
    """Every direction, kind and basis, in k studies over so many domains."""
    rng = np.random.default_rng(k)
    names = [*SIX, *(f"injury_of_the_kind_{i}" for i in range(n_domains))][:n_domains]
    lines = []
    for i in range(k):
        for domain in rng.choice(names, size=min(n_domains, 1 + i % 4), replace=False):
            for _ in range(1 + i % 3):
                kind = ("exact", "interval", "sign", "unusable")[int(rng.integers(4))]
                lines.append(
                    {
                        "study": f"s{i}",
                        "label": f"{LONG} {1990 + i}" if long else f"Author {1990 + i}",
                        "domain": str(domain),
                        "direction": ("favours_e", "favours_c", "no_difference", "unclear")[
                            int(rng.integers(4))
                        ],
                        "kind": kind,
                        "basis": "within_group_only"
                        if kind == "unusable" and i % 2
                        else "between_group_test",
                        "signif_between": ("yes", "no", "")[int(rng.integers(3))],
                        "estimate": 0.4 if kind == "exact" else math.nan,
                        "std_error": 0.1,
                        "low": 0.3 if kind == "interval" else math.nan,
                        "high": math.inf if kind == "interval" else math.nan,
                        "sign": 0.0,
                        "n_e": float(rng.integers(8, 300)),
                        "n_c": 20.0,
                        "people": float(rng.integers(28, 320)),
                        "main": True,
                    }
                )
    return Found(pd.DataFrame(lines))


def map_table(k: int, n_domains: int) -> pd.DataFrame:
    """A table of studies with every kind of report."""
    rng = np.random.default_rng(k)
    names = [*SIX, *(f"injury_of_the_kind_{i}" for i in range(n_domains))][:n_domains]
    classes = (
        "usual_activity",
        "traditional_training",
        "isolated_strength",
        "routine_knee_physio",
        "sham_or_placebo",
    )
    return pd.DataFrame(
        {
            "domain": rng.choice(names, size=4 * k),
            "comparator_class": rng.choice(classes, size=4 * k),
            "study": [f"s{i % k}" for i in range(4 * k)],
            "reported": rng.choice(["full", "partial", "direction", ""], size=4 * k),
        }
    )
