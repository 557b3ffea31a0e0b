"""Charts of unusual numbers: one row, equal values, tiny and huge scales, long negative ones, wide ratios."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

import numpy as np
import pytest
from helpers_boxes import assert_clean, visible_texts
from matplotlib.axes import Axes

import evidence as ev
from evidence.charts.gallery import GALLERY, Shown

_RNG = np.random.default_rng(1)


def _effects(values: list[float], errors: float, measure: str) -> ev.Effects:
    n = len(values)
    log = measure in ("OR", "RR")
    return ev.effects_from(
        [float(np.log(value)) for value in values] if log else values,
        std_error=[errors] * n,
        study=[f"Author {2000 + i}" for i in range(n)],
        measure=measure,
        scale="log" if log else "identity",
        domain=[("strength", "power")[i % 2] for i in range(n)],
        people=[40.0] * n,
        n_e=[20.0] * n,
        n_c=[20.0] * n,
        weeks=[4.0 + i for i in range(n)],
        direction=["favours_e"] * n,
        basis=["between_group_test"] * n,
    )


EXTREMES = {
    "one row": _effects([0.3], 0.1, "SMD"),
    "equal values": _effects([0.3] * 6, 0.1, "SMD"),
    "millionths": _effects(list(_RNG.normal(3e-6, 1e-6, 6)), 1e-6, "MD"),
    "millions": _effects(list(_RNG.normal(3e6, 1e6, 6)), 1e6, "MD"),
    "long negative numbers": _effects(list(_RNG.normal(-12345.678, 50.0, 6)), 30.0, "MD"),
    "wide ratios": _effects(list(np.exp(_RNG.normal(0.0, 3.0, 6))), 0.8, "OR"),
    "ratios near one": _effects(list(np.exp(_RNG.normal(0.01, 0.002, 6))), 0.003, "RR"),
    "one ratio": _effects([2.0], 0.3, "RR"),
}


def _compared(effects: ev.Effects) -> ev.Comparison:
    return ev.compare(effects, by="domain", model=ev.random_effects)


def _forest(preset: str, effects: ev.Effects) -> Axes:
    return ev.forest(ev.random_effects(effects), preset=preset)


ANY: dict[str, Callable[[ev.Effects], Axes]] = {
    "forest": partial(_forest, "evidence"),
    "forest, RevMan": partial(_forest, "RevMan"),
    "forest, subgroups": lambda effects: ev.forest(_compared(effects)),
    "domains": lambda effects: ev.domains(_compared(effects)),
    "orchard": lambda effects: ev.orchard(_compared(effects)),
    "funnel": ev.funnel,
    "albatross": ev.albatross,
    "harvest": ev.harvest,
    "effect_direction": ev.effect_direction,
}
SEVERAL: dict[str, Callable[[ev.Effects], Axes]] = {
    "bubble": lambda effects: ev.bubble(ev.meta_regression(effects, "~ weeks")),
    "baujat": lambda effects: ev.baujat(ev.random_effects(effects)),
    "tornado": lambda effects: ev.tornado(ev.sensitivity(ev.random_effects(effects))),
    "gosh_chart": lambda effects: ev.gosh_chart(ev.gosh(effects)),
    "one_by_one_chart": lambda effects: ev.one_by_one_chart(
        ev.leave_one_out(effects, by="study", model=ev.random_effects)
    ),
}


@pytest.mark.parametrize("kind", EXTREMES)
@pytest.mark.parametrize("chart", [*ANY, *SEVERAL])
def test_unusual_numbers_are_whole_and_clear_of_each_other(chart: str, kind: str) -> None:
    effects = EXTREMES[kind]
    if chart in SEVERAL and len(effects.table) < 3:
        pytest.skip("needs several rows")
    # Charts meet the media in turn, so that each meets every medium and every kind of number.
    medium = ("notebook", "slide", "journal-single")[
        ([*ANY, *SEVERAL].index(chart) + list(EXTREMES).index(kind)) % 3
    ]
    with ev.chart_style(medium=medium):
        ax = {**ANY, **SEVERAL}[chart](effects)
    assert_clean(ax)
    for text, _ in visible_texts(ax):
        assert not ("\u2026" in text and any(map(str.isdigit, text.replace("20", "")))), text
        assert "nan" not in text.lower().split()
    assert "nan" not in ev.alt_text(ax).split()


@pytest.mark.parametrize("shown", GALLERY, ids=[shown.name for shown in GALLERY])
def test_the_dark_theme_moves_nothing(shown: Shown) -> None:
    places = []
    for theme in ("light", "dark"):
        with ev.chart_style(medium="slide", theme=theme):
            ax = shown.draw(3 if shown.scales else None, shown.scales)
        places.append([(text, box.extents.round(3).tolist()) for text, box in visible_texts(ax)])
    assert places[0] == places[1]
