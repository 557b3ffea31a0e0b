"""The orchard plot: its rows, where circles stand, its words, its layout."""

from __future__ import annotations

import math

import numpy as np
import pytest
from helpers_charts import assert_clean
from helpers_pictures import LEAST, seeded
from hypothesis import given, settings
from hypothesis import strategies as st
from matplotlib.figure import Figure

import evidence as ev
from evidence.charts.orchard import orchard, orchard_alt, orchard_caption, orchard_rows
from evidence.charts.orchard_rows import swarm

CIRCLES = st.lists(st.tuples(st.floats(0, 200), st.floats(1, 12)), min_size=1, max_size=30)


def compared(k: int = 12, groups: int = 3, **options: bool) -> ev.Comparison:
    return ev.compare(seeded(k, groups=groups, **options), by="domain")  # type: ignore[arg-type]


def test_every_row_is_there_once_with_its_group() -> None:
    comparison = compared(12, 3, partial=True)
    rows = orchard_rows(comparison)
    heads = rows[rows["role"].eq("group")]
    assert heads["group"].tolist() == list(comparison.fits)
    assert (heads["effects"].tolist(), heads["studies"].tolist()) == ([4] * 3, [4] * 3)
    own = rows[rows["role"].eq("row")]
    assert sorted(own["row_id"]) == sorted(seeded(12, groups=3).table["row_id"])
    assert own["mark"].value_counts().to_dict() == {"circle": 8, "band": 4}
    for head in heads.to_dict("records"):
        fit = comparison.fits[head["group"]]
        assert head["estimate"] == fit.estimate
        assert (head["low"], head["high"]) == (fit.conf_low, fit.conf_high)
        assert (head["pred_low"], head["pred_high"]) == (fit.pred_low, fit.pred_high)


def test_a_single_fit_is_one_group() -> None:
    fit = ev.random_effects(seeded(12))
    rows = orchard_rows(fit)
    assert rows["role"].tolist() == ["group"] + ["row"] * 12
    assert rows.loc[0, "label"] == "All effects"
    assert orchard_caption(fit).startswith(
        "Orchard plot. Random effects, REML, HKSJ; 12 rows of 12 studies; \u03c4\u00b2"
    )


def test_ratios_are_printed_as_ratios() -> None:
    rows = orchard_rows(ev.random_effects(seeded(12, log=True)))
    plain = orchard_rows(ev.random_effects(seeded(12)))
    np.testing.assert_allclose(rows["estimate"], np.exp(plain["estimate"].astype(float)), rtol=1e-9)


@settings(deadline=None)
@given(CIRCLES)
def test_no_circle_hides_another_where_there_is_room(circles: list[tuple[float, float]]) -> None:
    x, size = np.array(circles).T
    up = swarm(x.tolist(), size.tolist(), math.inf)
    distance = np.hypot(np.subtract.outer(x, x), np.subtract.outer(up, up))
    least = np.add.outer(size, size) / 2
    upper = np.triu_indices(x.size, 1)
    assert (distance[upper] >= least[upper] * (1 - 1e-6)).all()
    assert (up >= size / 2 - 1e-9).all()


@settings(deadline=None)
@given(CIRCLES, st.floats(12, 40))
def test_circles_stay_below_the_ceiling(circles: list[tuple[float, float]], height: float) -> None:
    x, size = np.array(circles).T
    up = swarm(x.tolist(), size.tolist(), height)
    assert (up + size / 2 <= height * (1 + 1e-9)).all()
    assert (up >= size / 2 - 1e-9).all()


@settings(deadline=None)
@given(CIRCLES, st.randoms(use_true_random=False))
def test_the_order_of_the_rows_does_not_move_a_circle(
    circles: list[tuple[float, float]], shuffle: object
) -> None:
    order = list(range(len(circles)))
    shuffle.shuffle(order)  # type: ignore[attr-defined]
    if len(set(circles)) < len(circles):
        return
    x, size = np.array(circles).T
    first = swarm(x.tolist(), size.tolist(), math.inf)
    again = swarm(x[order].tolist(), size[order].tolist(), math.inf)
    np.testing.assert_allclose(again, first[order])


def test_groups_without_a_result_are_named() -> None:
    studies = ev.example_studies().where(question="hip_knee_vs_knee", level="study")
    comparison = ev.compare(ev.effect_sizes(studies, measure="SMD", correlation=0.7), by="domain")
    rows = orchard_rows(comparison)
    assert {"pooled", "limit", "one study", "nothing"} <= set(rows["state"])
    words = orchard_caption(comparison)
    assert "No result: Movement quality." in words
    assert "One study is shown, not pooled." in words
    assert "Assumed: r = 0.7" in words
    told = orchard_alt(comparison)
    for label in rows.loc[rows["role"].eq("group"), "label"]:
        assert label in told
    assert_clean(orchard(comparison))


def test_refusals_name_the_way_out() -> None:
    with pytest.raises(ev.ModelError, match=r"ev\.compare"):
        orchard(seeded(12))  # type: ignore[arg-type]
    with pytest.raises(ev.ModelError, match=r"ev\.bubble"):
        orchard(ev.meta_regression(seeded(12), "~ weeks"))


@pytest.mark.parametrize("medium", LEAST)
@pytest.mark.parametrize(
    ("k", "groups", "partial", "long"),
    [
        (3, 1, False, False),
        (12, 3, True, True),
        (40, 3, True, False),
        (120, 5, True, False),
        (120, 1, False, True),
    ],
)
def test_layout(k: int, groups: int, partial: bool, long: bool, medium: str) -> None:
    effects = seeded(k, partial=partial, long=long, groups=groups, log=k == 40)
    found = ev.compare(effects, by="domain") if groups > 1 else ev.random_effects(effects)
    ax = orchard(found, medium=medium)
    assert_clean(ax, LEAST[medium])
    assert ev.caption(ax) == orchard_caption(found)
    assert ev.alt_text(ax) == orchard_alt(found)


def test_a_given_axes_is_filled_with_smaller_letters() -> None:
    figure = Figure(figsize=(5.0, 3.0))
    axes = figure.add_axes((0.0, 0.0, 1.0, 1.0))
    assert orchard(compared(), ax=axes) is axes
    assert_clean(axes)
