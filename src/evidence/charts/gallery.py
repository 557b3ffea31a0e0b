"""Every chart with data to draw it from: one list for the gallery, and for the tests that measure charts.

A further chart is one more `Shown` in `GALLERY`. Drawn from nothing but what ships, or from invented
numbers that say so; medium and theme are those of `chart_style`.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import lru_cache, partial
from typing import TYPE_CHECKING

import evidence as ev
from evidence.charts.gallery_data import (
    LONG_LABEL,
    appraised,
    assumptions,
    changes,
    claims_found,
    compared,
    correlations,
    cumulated,
    directions,
    exact_effects,
    flow,
    grouped,
    invented_effects,
    left_out,
    mapped,
    over_weeks,
    pooled,
    shipped_effects,
)

if TYPE_CHECKING:
    from matplotlib.axes import Axes

__all__ = ["GALLERY", "LONG_LABEL", "SIZES", "Shown", "invented_effects"]

SIZES = (3, 12, 40, 120)
"""Numbers of rows that charts are drawn with."""

_HIP = "hip and knee training against knee training, knee pain (shipped data)"
_DOMAINS = "hip and knee training against knee training, by domain (shipped data)"
_PREVENTION = "trials of prevention (shipped data)"
_INTEGRATED = "integrated against isolated training (shipped data)"
_INVENTED = "invented"


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
    usual : bool
        Whether the tests draw it in all sizes; a variant of another chart is drawn in fewer.
    pages : callable, optional
        As `draw`, but returns one `Axes` a page.
    """

    name: str
    shows: str
    data: str
    draw: Callable[[int | None, bool], Axes]
    scales: bool = True
    usual: bool = True
    pages: Callable[[int | None, bool], list[Axes]] | None = None


def _forest(rows: int | None, long: bool) -> Axes:
    return ev.forest(pooled(rows, long))


def _domains(rows: int | None, long: bool) -> Axes:
    return ev.domains(compared(rows, long), favours=("isolated", "integrated"))


def _claim(rows: int | None, long: bool) -> Axes:
    found = claims_found()
    if rows is None:
        return ev.claim_chart(found, "int_beats_iso")
    own = found.findings[found.findings["claim_id"].eq("int_beats_iso")].reset_index(drop=True)
    many = own.loc[[i % len(own) for i in range(rows)]].reset_index(drop=True)
    many["domain"] = [f"{LONG_LABEL[:56]} {i}" if long else f"domain {i + 1}" for i in range(rows)]
    return ev.claim_chart(replace(found, findings=many), "int_beats_iso")


def _trial(rows: int | None, long: bool) -> Axes:
    studies = ev.example_studies()
    return ev.trial(shipped_effects("integrated_vs_isolated", "SMD"), studies, study="distefano2013")


def _trap(rows: int | None, long: bool) -> Axes:
    return ev.trap_chart(ev.within_group_trap(n_e=15, n_c=15, p_e=0.01, p_c="ns"))


def _forest_pages(rows: int | None, long: bool) -> list[Axes]:
    return ev.forest_pages(pooled(rows, long))


def _forest_as(preset: str) -> Shown:
    """Return the forest plot as a house sets it, with the judgements of each study beside the rows."""

    def arguments(rows: int | None, long: bool) -> tuple[ev.MetaFit, ev.ForestLayout]:
        n = 8 if rows is None else rows
        return ev.random_effects(exact_effects(n, long)), ev.ForestLayout(risk_of_bias=appraised(n, long))

    def draw(rows: int | None, long: bool) -> Axes:
        fit, layout = arguments(rows, long)
        return ev.forest(fit, preset=preset, layout=layout)

    def pages(rows: int | None, long: bool) -> list[Axes]:
        fit, layout = arguments(rows, long)
        return ev.forest_pages(fit, preset=preset, layout=layout)

    shows = f"as {preset} sets it, with the risk of bias"
    return Shown(f"forest, {preset}", shows, _INVENTED, draw, pages=pages, usual=False)


def _funnel(rows: int | None, long: bool) -> Axes:
    return ev.funnel(pooled(rows, long) if rows else exact_effects(14, long))


def _filled_funnel(rows: int | None, long: bool) -> Axes:
    """Draw a lopsided funnel: large standard errors with large effects."""
    table = exact_effects(rows or 20, long).table
    value = table["estimate"].to_numpy() * 0.3 + 1.6 * table["std_error"].to_numpy() - 0.1
    effects = ev.effects_from(
        value, std_error=list(table["std_error"]), study=list(table["study"]), measure="SMD"
    )
    return ev.funnel(effects, filled=ev.trim_and_fill(effects), test=ev.funnel_test(effects))


def _prisma(kind: str, rows: int | None, long: bool) -> Axes:
    return ev.prisma(flow(kind))


def _dumbbell(rows: int | None, long: bool) -> Axes:
    return ev.dumbbell(*changes(rows, long))


def _baujat(rows: int | None, long: bool) -> Axes:
    return ev.baujat(ev.random_effects(exact_effects(rows or 14, long)))


@lru_cache(maxsize=32)
def _varied(rows: int | None, long: bool) -> ev.Sensitivity:
    if rows is None:
        return ev.sensitivity(ev.pool_partial(shipped_effects("hip_knee_vs_knee", "SMD", "pain")))
    return ev.sensitivity(ev.random_effects(exact_effects(rows, long)))


@lru_cache(maxsize=32)
def _cloud(rows: int | None, long: bool) -> ev.Gosh:
    return ev.gosh(exact_effects(rows or 14, long), subsets=20_000 if rows and rows > 14 else None, seed=1)


@lru_cache(maxsize=1)
def _many_ways() -> ev.Multiverse:
    choices = {
        "domain": [None, "injury_acl", "injury_knee", "injury_lower_limb"],
        "rows": ["mean", "first"],
        "tau2": ["EE", "DL", "REML", "PM"],
        "inference": ["z", "HKSJ"],
    }
    return ev.multiverse(shipped_effects("prevention", "RR"), choices, draws=100)


GALLERY: tuple[Shown, ...] = (
    Shown(
        "forest",
        "every row as what it is, and the pooled result",
        _HIP,
        _forest,
        pages=_forest_pages,
    ),
    Shown(
        "forest, subgroups",
        "each group with its diamond, and the test between them",
        _DOMAINS,
        lambda rows, long: ev.forest(grouped(rows, long)),
        pages=lambda rows, long: ev.forest_pages(grouped(rows, long)),
    ),
    *(_forest_as(preset) for preset in ("RevMan", "JAMA", "BMJ")),
    Shown("domains", "one pooled result a domain", _INTEGRATED, _domains),
    Shown(
        "effect_direction",
        "studies by domains, arrows by reported direction",
        _PREVENTION,
        lambda rows, long: ev.effect_direction(directions(rows, long)),
        pages=lambda rows, long: ev.effect_direction_pages(directions(rows, long)),
    ),
    Shown(
        "harvest",
        "studies under the answer that they give",
        _PREVENTION,
        lambda rows, long: ev.harvest(directions(rows, long)),
    ),
    Shown(
        "evidence_map",
        "what there is, before anything is pooled",
        _INTEGRATED,
        lambda rows, long: ev.evidence_map(mapped(rows, long)),
        pages=lambda rows, long: ev.evidence_map_pages(mapped(rows, long)),
    ),
    Shown(
        "albatross",
        "p values against numbers of people",
        _HIP,
        lambda rows, long: ev.albatross(
            shipped_effects("hip_knee_vs_knee", "SMD") if rows is None else invented_effects(rows, long)
        ),
    ),
    Shown(
        "one_by_one_chart",
        "the result without each study",
        _HIP,
        lambda rows, long: ev.one_by_one_chart(left_out(rows, long)),
    ),
    Shown(
        "one_by_one_chart, cumulative",
        "the result after each study",
        _HIP,
        lambda rows, long: ev.one_by_one_chart(cumulated(rows, long)),
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
        lambda rows, long: ev.correlation_curve(correlations()),
        scales=False,
    ),
    Shown(
        "sensitivity_chart",
        "the result under other assumptions",
        _HIP,
        lambda rows, long: ev.sensitivity_chart(assumptions()),
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
    Shown(
        "risk_of_bias_table",
        "judgements by study and domain",
        _INVENTED,
        lambda rows, long: ev.risk_of_bias_table(appraised(rows, long)),
        usual=False,
        pages=lambda rows, long: ev.risk_of_bias_pages(appraised(rows, long)),
    ),
    Shown(
        "risk_of_bias_table, summary",
        "how many studies have which judgement",
        _INVENTED,
        lambda rows, long: ev.risk_of_bias_table(appraised(rows, long), show="summary"),
        usual=False,
    ),
    Shown("funnel", "effects against standard errors, shaded by significance", _INVENTED, _funnel),
    Shown(
        "funnel, trim-and-fill",
        "with what the method adds, and Egger's line",
        _INVENTED,
        _filled_funnel,
        usual=False,
    ),
    Shown(
        "orchard",
        "every effect of each group with its prediction interval",
        _DOMAINS,
        lambda rows, long: ev.orchard(grouped(rows, long)),
        pages=lambda rows, long: ev.orchard_pages(grouped(rows, long)),
    ),
    Shown(
        "bubble",
        "effects against a moderator",
        _INVENTED,
        lambda rows, long: ev.bubble(over_weeks(rows, long), name="Weeks of treatment"),
    ),
    Shown("baujat", "which study makes the heterogeneity, and which the result", _INVENTED, _baujat),
    Shown(
        "dumbbell",
        "changes within arms, and beside them the difference between the arms",
        "Resende-Neto 2019 (shipped data)",
        _dumbbell,
        pages=lambda rows, long: ev.dumbbell_pages(*changes(rows, long)),
    ),
    *(
        Shown(
            f"prisma{words}",
            "the flow of records through a review",
            _INVENTED,
            partial(_prisma, kind),
            scales=False,
        )
        for kind, words in (("new", ""), ("other", ", other methods"), ("update", ", update"))
    ),
)
"""Every chart, in the order of the page."""
