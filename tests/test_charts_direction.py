"""Albatross and harvest plots: what they decide, the contours' formula, and the layout."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
from helpers_charts import assert_clean, directions
from helpers_studies import studies_of
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

import evidence as ev
from evidence.charts.albatross import albatross, albatross_alt, albatross_caption
from evidence.charts.albatross_rows import albatross_contours, albatross_rows, left_off
from evidence.charts.direction_rows import effect_direction_rows
from evidence.charts.harvest import DESIGNS, harvest, harvest_alt, harvest_caption, harvest_rows
from evidence.effects.formulas import g_from_t, smd_variance
from evidence.numerics.albatross import contour_odds_ratio, contour_risk_ratio, contour_smd, signed_log_p

LEAST = {"notebook": 8.0, "slide": 18.0, "journal": 7.0}

QUESTIONS = [("integrated_vs_isolated", "SMD"), ("prevention", "RR"), ("hip_knee_vs_knee", "SMD")]


def effects_for(question: str, measure: str) -> ev.Effects:
    return ev.effect_sizes(ev.example_studies().where(question=question, level="study"), measure=measure)


@given(t=st.floats(-30, 30), df=st.one_of(st.just(math.inf), st.floats(2, 500)))
def test_place_on_the_axis(t: float, df: float) -> None:
    place = float(signed_log_p(t, df))
    assert 10 ** -abs(place) == pytest.approx(2 * float(stats.t.sf(abs(t), df)), rel=1e-6, abs=1e-299)
    assert place * t >= 0
    assert signed_log_p(math.inf, df) == math.inf


@given(g=st.floats(0.05, 2), n=st.integers(6, 5000), share=st.floats(0.2, 0.8))
def test_contour_is_the_inverse_of_the_effect(g: float, n: int, share: float) -> None:
    """An effect computed from the contour's t (Handbook 6.5.2.3) is the contour's effect."""
    first = n * share
    t = float(contour_smd(g, n, share / (1 - share)))
    assert float(g_from_t(t, first, n - first).estimate) == pytest.approx(g, rel=1e-9)


@given(g=st.floats(0.05, 1), ratio=st.floats(0.3, 3))
def test_contour_becomes_harrisons_formula(g: float, ratio: float) -> None:
    """Harrison et al. 2017: n = z² (1 + r)² / (r SMD²), the limit for large n."""
    n = 1e7
    z = float(contour_smd(g, n, ratio))
    assert z**2 * (1 + ratio) ** 2 / (ratio * g**2) == pytest.approx(n, rel=1e-5)


@given(
    value=st.floats(0.2, 3).filter(lambda x: abs(x - 1) > 0.05),
    baseline=st.floats(0.02, 0.3),
    n=st.integers(50, 10_000),
)
def test_ratio_contours_are_wald_tests_of_expected_counts(value: float, baseline: float, n: int) -> None:
    """log OR and log RR with their usual variances (Handbook 6.4, 6.3.2 and 10.4) from expected counts."""
    half = n / 2
    c, d = half * baseline, half * (1 - baseline)
    odds = value * baseline / (1 - baseline)
    a = half * odds / (1 + odds)
    b = half - a
    want = math.log(value) / math.sqrt(1 / a + 1 / b + 1 / c + 1 / d)
    assert float(contour_odds_ratio(value, n, baseline)) == pytest.approx(want, rel=1e-9)
    a = half * value * baseline
    want = math.log(value) / math.sqrt(1 / a - 1 / half + 1 / c - 1 / half)
    assert float(contour_risk_ratio(value, n, baseline)) == pytest.approx(want, rel=1e-9)


def test_no_contour_beyond_a_risk_of_one() -> None:
    assert math.isnan(float(contour_risk_ratio(4.0, 100, 0.3)))


def row_of(t: float, n_e: int, n_c: int) -> ev.Effects:
    g = float(g_from_t(t, n_e, n_c).estimate)
    return ev.effects_from(
        [g], variance=float(smd_variance(g, n_e, n_c)), measure="SMD", n_e=[n_e], n_c=[n_c]
    )


@given(t=st.floats(-5, 5).filter(lambda x: abs(x) > 0.01), n=st.integers(4, 400))
@settings(max_examples=40, deadline=None)
def test_a_row_lies_on_the_contour_of_its_effect(t: float, n: int) -> None:
    effects = row_of(t, n, n)
    row = albatross_rows(effects).iloc[0]
    size = abs(float(effects.table["estimate"].iloc[0]))
    line = albatross_contours(effects, np.array([2.0 * n]), sizes=(size,))
    on = line.loc[line["side"].eq(1 if t > 0 else -1), "x"].item()
    assert row["x_low"] == row["x_high"] == pytest.approx(on, rel=1e-8)
    assert row["people"] == 2 * n


def test_printed_p_values_and_bands_stand_where_they_were_printed() -> None:
    studies = ev.example_studies().where(question="integrated_vs_isolated", level="study")
    effects = ev.effect_sizes(studies, measure="SMD")
    rows = albatross_rows(effects).set_index("row_id")
    printed = studies.table.set_index("row_id")["p_between"]
    assert rows.loc["fttt_edo140834157_03", "p_low"] == pytest.approx(float(printed["fttt_edo140834157_03"]))
    band = rows.loc["fttt_edo140834157_05"]  # "<0.001", in favour of the first arm
    assert (band["p_low"], band["p_high"]) == pytest.approx((0.0, 0.001))
    assert band["x_low"] == pytest.approx(3.0)
    nothing = rows.loc["weiss2010_01"]  # "no difference"
    assert (nothing["x_low"], nothing["x_high"]) == pytest.approx((math.log10(0.05), -math.log10(0.05)))
    assert nothing["p_high"] == 1.0
    assert len(rows) + left_off(effects, albatross_rows(effects)) == effects.table["main"].sum()


@given(st.data())
@settings(max_examples=25, deadline=None)
def test_turning_effects_round_mirrors_the_plot(data: st.DataObject) -> None:
    values = data.draw(st.lists(st.floats(-2, 2), min_size=1, max_size=6))
    people = [30.0] * len(values)
    one = albatross_rows(ev.effects_from(values, std_error=0.3, people=people))
    other = albatross_rows(ev.effects_from([-v for v in values], std_error=0.3, people=people))
    assert one["x_low"].to_numpy() == pytest.approx(-other["x_high"].to_numpy())


@pytest.mark.parametrize("medium", LEAST)
@pytest.mark.parametrize(("question", "measure"), QUESTIONS)
def test_albatross_is_clean(question: str, measure: str, medium: str) -> None:
    effects = effects_for(question, measure)
    assert_clean(albatross(effects, medium=medium, baseline=0.2), LEAST[medium])


def test_albatross_draws_into_a_given_axes() -> None:
    from matplotlib.figure import Figure

    ax = Figure(figsize=(6, 4)).add_subplot()
    assert albatross(effects_for("hip_knee_vs_knee", "SMD"), ax=ax) is ax


def test_albatross_words() -> None:
    ratio = effects_for("prevention", "RR")
    assert "No contours" in albatross_caption(ratio)
    assert "risk 0.1 in the second" in albatross_caption(ratio, baseline=0.1)
    assert "Nothing is pooled or counted" in albatross_caption(ratio)
    assert "exact p: " in albatross_alt(ratio)
    assert "-" not in albatross_alt(ratio)


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"sizes": (-0.2,)}, "effects above 0"),
        ({"medium": "poster"}, "medium must be one of"),
    ],
)
def test_albatross_refuses(options: dict[str, Any], words: str) -> None:
    with pytest.raises(ev.ModelError, match=words):
        albatross(effects_for("hip_knee_vs_knee", "SMD"), **options)


def test_albatross_needs_people() -> None:
    with pytest.raises(ev.ModelError, match="number of people"):
        albatross(ev.effects_from([0.1], std_error=0.2))
    with pytest.raises(ev.ModelError, match="baseline is the risk"):
        albatross(effects_for("prevention", "RR"), baseline=1.5)


def test_harvest_puts_each_study_where_the_direction_plot_points() -> None:
    effects = effects_for("integrated_vs_isolated", "SMD")
    rows = harvest_rows(effects)
    cells = effect_direction_rows(effects)
    for symbol, answer in (("up", "first"), ("down", "second"), ("level", "none"), ("mixed", "mixed")):
        assert rows["answer"].eq(answer).sum() == cells["symbol"].eq(symbol).sum()
    assert set(rows["design"]) <= set(DESIGNS)
    large = rows["people"] > 300
    assert (rows["height"].eq(3) == large).all()


def test_harvest_leaves_out_what_compares_nothing() -> None:
    effects = effects_for("hip_knee_vs_knee", "SMD")
    rows = harvest_rows(effects)
    only_within = effects.table.groupby("study")["basis"].agg(lambda b: (b == "within_group_only").all())
    assert only_within.any()
    assert not set(only_within[only_within].index) & set(rows["study"])
    assert "without a comparison of the arms not shown" in harvest_caption(effects)


@pytest.mark.parametrize("medium", LEAST)
@pytest.mark.parametrize(("k", "n"), [(3, 3), (12, 6), (40, 9)])
def test_harvest_is_clean(k: int, n: int, medium: str) -> None:
    assert_clean(harvest(directions(k, n), medium=medium), LEAST[medium])  # type: ignore[arg-type]


def test_harvest_words() -> None:
    effects = effects_for("prevention", "RR")
    assert "this is no vote" in harvest_caption(effects)
    assert "Injury: ACL: 3 favours first arm" in harvest_alt(effects)
    with pytest.raises(ev.ModelError, match="these effects have no"):
        harvest(ev.effects_from([0.1], std_error=0.1))


def test_labels_of_p_keep_apart_where_the_axis_is_long() -> None:
    """One huge study draws the axis out to 1e-6: at slide size only labels with room are written."""
    rows = ev.effects_from(
        [0.53, 0.5], variance=[0.0005, 0.14], n_e=[4000, 15], n_c=[4000, 15], measure="SMD"
    )
    for medium in LEAST:
        assert_clean(albatross(rows, medium=medium), LEAST[medium])


def test_one_study_stands() -> None:
    row = {"domain": "power", "n_e": 15, "n_c": 15, "direction": "favours_e", "basis": "between_group_test"}
    one = ev.effect_sizes(studies_of(row), measure="SMD")
    titles = {text.get_text() for text in harvest(one).texts}
    assert "Where 1 study stands in 1 domain" in titles
