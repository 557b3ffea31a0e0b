"""Every chart with data to draw it from: one list for the gallery, and for the tests that measure charts.

A further chart is one more `Shown` in `GALLERY`. Drawn from nothing but what ships, or from invented
numbers that say so; medium and theme are those of `chart_style`.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

import evidence as ev

if TYPE_CHECKING:
    from matplotlib.axes import Axes

__all__ = ["GALLERY", "LONG_LABEL", "SIZES", "Shown", "invented_effects"]

SIZES = (3, 12, 40, 120)
"""Numbers of rows that charts are drawn with."""

LONG_LABEL = "Scattone Silva, de Oliveira Junqueira & van der Meer-Schmidt"
"""A label of 60 letters."""

_SIX = tuple(ev.SIX_DOMAINS)
_HIP = "hip and knee training against knee training, knee pain (shipped data)"
_PREVENTION = "trials of prevention (shipped data)"
_INTEGRATED = "integrated against isolated training (shipped data)"


@dataclass(frozen=True)
class Shown:
    """One chart of the gallery.

    Attributes
    ----------
    name : str
        The public function, with a word behind it where it is shown in several ways.
    shows : str
        What it is for, in a few words.
    data : str
        What the pictures without a number of rows are drawn from.
    draw : callable
        Takes the number of rows (None draws what ships) and whether labels are long; returns the `Axes`.
    scales : bool
        Whether the number of rows can be chosen.
    pages : callable, optional
        As `draw`, but returns one `Axes` a page.
    """

    name: str
    shows: str
    data: str
    draw: Callable[[int | None, bool], Axes]
    scales: bool = True
    pages: Callable[[int | None, bool], list[Axes]] | None = None


def invented_effects(rows: int, long: bool = False, domains: tuple[str, ...] = _SIX) -> ev.Effects:
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
def _effects(question: str, measure: str, domain: str = "") -> ev.Effects:
    """Return effects of the shipped studies of a question."""
    chosen = ev.example_studies().where(question=question, level="study")
    chosen = chosen.where(domain=domain) if domain else chosen
    return ev.effect_sizes(chosen, measure=measure, correlation=0.7)


@lru_cache(maxsize=32)
def _fit(rows: int | None, long: bool) -> ev.MetaFit:
    pain = _effects("hip_knee_vs_knee", "SMD", "pain")
    return ev.pool_partial(pain if rows is None else invented_effects(rows, long))


@lru_cache(maxsize=32)
def _exact(rows: int, long: bool) -> ev.Effects:
    made = invented_effects(rows, long)
    value, error = np.random.default_rng(rows).normal(0.35, 0.3, rows), made.table["std_error"]
    return ev.effects_from(value, std_error=error, study=list(made.table["study"]), measure="SMD")


def _forest(rows: int | None, long: bool) -> Axes:
    return ev.forest(_fit(rows, long))


@lru_cache(maxsize=32)
def _comparison(rows: int | None, long: bool) -> ev.Comparison:
    if rows is None:
        chosen = ev.example_studies().where(
            question="integrated_vs_isolated",
            level="study",
            comparator_class="isolated_strength",
            domain=list(_SIX),
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


def _domains(rows: int | None, long: bool) -> Axes:
    return ev.domains(_comparison(rows, long), favours=("isolated", "integrated"))


def _directions(rows: int | None, long: bool) -> ev.Effects:
    return _effects("prevention", "RR") if rows is None else invented_effects(rows, long)


def _mapped(rows: int | None, long: bool) -> ev.Studies | pd.DataFrame:
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
def _left_out(rows: int | None, long: bool) -> ev.LeaveOneOut:
    if rows is None:
        pain = _effects("hip_knee_vs_knee", "SMD", "pain")
        return ev.leave_one_out(pain, by="study", model=ev.pool_partial)
    return ev.leave_one_out(_exact(rows, long), by="study", model=ev.random_effects)


@lru_cache(maxsize=32)
def _cumulated(rows: int | None, long: bool) -> ev.Cumulative:
    if rows is None:
        pain = _effects("hip_knee_vs_knee", "SMD", "pain")
        return ev.cumulative(pain, by="size", model=ev.pool_partial)
    return ev.cumulative(_exact(rows, long), by="precision", model=ev.random_effects)


@lru_cache(maxsize=1)
def _claims() -> ev.Claims:
    return ev.claims(ev.example_studies())


def _claim(rows: int | None, long: bool) -> Axes:
    found = _claims()
    if rows is None:
        return ev.claim_chart(found, "int_beats_iso")
    own = found.findings[found.findings["claim_id"].eq("int_beats_iso")].reset_index(drop=True)
    many = own.loc[[i % len(own) for i in range(rows)]].reset_index(drop=True)
    many["domain"] = [f"{LONG_LABEL[:56]} {i}" if long else f"domain {i + 1}" for i in range(rows)]
    return ev.claim_chart(replace(found, findings=many), "int_beats_iso")


def _trial(rows: int | None, long: bool) -> Axes:
    studies = ev.example_studies()
    return ev.trial(_effects("integrated_vs_isolated", "SMD"), studies, study="distefano2013")


def _trap(rows: int | None, long: bool) -> Axes:
    return ev.trap_chart(ev.within_group_trap(n_e=15, n_c=15, p_e=0.01, p_c="ns"))


@lru_cache(maxsize=1)
def _correlations() -> ev.CorrelationGrid:
    chosen = ev.example_studies().where(question="hip_knee_vs_knee", domain="function", level="study")
    return ev.correlation_grid(chosen, (0.3, 0.5, 0.7, 0.8, 0.9), measure="SMD")


@lru_cache(maxsize=1)
def _assumptions() -> ev.PartialSensitivity:
    return ev.partial_sensitivity(_effects("hip_knee_vs_knee", "SMD", "function"))


@lru_cache(maxsize=32)
def _varied(rows: int | None, long: bool) -> ev.Sensitivity:
    if rows is None:
        return ev.sensitivity(ev.pool_partial(_effects("hip_knee_vs_knee", "SMD", "pain")))
    return ev.sensitivity(ev.random_effects(_exact(rows, long)))


@lru_cache(maxsize=32)
def _cloud(rows: int | None, long: bool) -> ev.Gosh:
    return ev.gosh(_exact(rows or 14, long), subsets=20_000 if rows and rows > 14 else None, seed=1)


@lru_cache(maxsize=1)
def _many_ways() -> ev.Multiverse:
    choices = {
        "domain": [None, "injury_acl", "injury_knee", "injury_lower_limb"],
        "rows": ["mean", "first"],
        "tau2": ["EE", "DL", "REML", "PM"],
        "inference": ["z", "HKSJ"],
    }
    return ev.multiverse(_effects("prevention", "RR"), choices, draws=100)


GALLERY: tuple[Shown, ...] = (
    Shown("forest", "every row as what it is, and the pooled result", _HIP, _forest),
    Shown("domains", "one pooled result a domain", _INTEGRATED, _domains),
    Shown(
        "effect_direction",
        "studies by domains, arrows by reported direction",
        _PREVENTION,
        lambda rows, long: ev.effect_direction(_directions(rows, long)),
        pages=lambda rows, long: ev.effect_direction_pages(_directions(rows, long)),
    ),
    Shown(
        "harvest",
        "studies under the answer that they give",
        _PREVENTION,
        lambda rows, long: ev.harvest(_directions(rows, long)),
    ),
    Shown(
        "evidence_map",
        "what there is, before anything is pooled",
        _INTEGRATED,
        lambda rows, long: ev.evidence_map(_mapped(rows, long)),
        pages=lambda rows, long: ev.evidence_map_pages(_mapped(rows, long)),
    ),
    Shown(
        "albatross",
        "p values against numbers of people",
        _HIP,
        lambda rows, long: ev.albatross(
            _effects("hip_knee_vs_knee", "SMD") if rows is None else invented_effects(rows, long)
        ),
    ),
    Shown(
        "one_by_one_chart",
        "the result without each study",
        _HIP,
        lambda rows, long: ev.one_by_one_chart(_left_out(rows, long)),
    ),
    Shown(
        "one_by_one_chart, cumulative",
        "the result after each study",
        _HIP,
        lambda rows, long: ev.one_by_one_chart(_cumulated(rows, long)),
    ),
    Shown(
        "claim_chart", "what the data say of one claim", "the first claims under test (shipped data)", _claim
    ),
    Shown(
        "trial",
        "one trial: claimed, printed, and between its arms",
        "DiStefano 2013 (shipped data)",
        _trial,
        scales=False,
    ),
    Shown(
        "trap_chart",
        "what 'significant in one arm only' leaves of the difference",
        "invented: 15 people an arm, p = 0.01 in one, not significant in the other",
        _trap,
        scales=False,
    ),
    Shown(
        "correlation_curve",
        "the result over assumed correlations",
        _HIP,
        lambda rows, long: ev.correlation_curve(_correlations()),
        scales=False,
    ),
    Shown(
        "sensitivity_chart",
        "the result under other assumptions",
        _HIP,
        lambda rows, long: ev.sensitivity_chart(_assumptions()),
        scales=False,
    ),
    Shown(
        "tornado",
        "which variations move a result, and which change what it says",
        _HIP,
        lambda rows, long: ev.tornado(_varied(rows, long)),
    ),
    Shown(
        "gosh_chart",
        "the result in every subset of the studies",
        "invented: 14 studies",
        lambda rows, long: ev.gosh_chart(_cloud(rows, long)),
    ),
    Shown(
        "specification_curve",
        "the result under every combination of choices",
        _PREVENTION,
        lambda rows, long: ev.specification_curve(_many_ways()),
        scales=False,
    ),
)
"""Every chart, in the order of the page."""
