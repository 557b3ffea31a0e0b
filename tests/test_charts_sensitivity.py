"""Tornado, GOSH chart and specification curve: what they decide to show, what they say, their weight."""

from __future__ import annotations

import io
import math
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from helpers_charts import assert_clean
from hypothesis import given, settings
from hypothesis import strategies as st
from matplotlib.figure import Figure

import evidence as ev
from evidence.charts.gosh_chart import gosh_chart_rows
from evidence.charts.gosh_rows import axes_of, density, on_paper
from evidence.charts.specification_curve import specification_curve_rows
from evidence.charts.specification_rows import choice_rows
from evidence.charts.tornado import tornado_rows

Y = [0.1, 0.25, 0.3, 0.05, 0.9, 0.4, 0.2]
SEE = "abcdefg"


def made(y: list[float], sign: int = 1, log: bool = False) -> ev.Effects:
    names = [f"study {SEE[i % 7]}{i // 7}" for i in range(len(y))]
    effects = ev.effects_from(
        y, variance=0.05, study=names, **({"scale": "log", "measure": "RR"} if log else {})
    )
    return replace(effects, display_sign=sign)


def page(y: list[float] = Y, sign: int = 1, log: bool = False) -> ev.Sensitivity:
    return ev.sensitivity(ev.random_effects(made(y, sign, log)))


def test_the_tornado_begins_with_the_result_and_goes_on_with_what_moves_it_most() -> None:
    rows = tornado_rows(page(), most=99)
    assert rows["role"].iloc[0] == "main"
    told = rows[rows["role"].eq("variation")]
    moved = told["moved"].dropna().to_numpy(float)
    assert (np.diff(moved) <= 0.0).all()
    assert told["variation"].iloc[0] == "without study e0"


@settings(deadline=None, max_examples=25)
@given(st.lists(st.floats(-2, 2), min_size=3, max_size=9), st.integers(3, 40))
def test_a_tornado_loses_no_variation(y: list[float], most: int) -> None:
    found = page([round(v, 3) for v in y])
    rows = tornado_rows(found, most=most)
    assert rows["count"].sum() == len(found.table)
    assert len(rows) <= most
    folded = rows[rows["role"].eq("folded")]
    shown = set(rows["variation"])
    hidden = found.table.iloc[1:].loc[~found.table["variation"].iloc[1:].isin(shown)]
    if len(folded):
        line = folded.iloc[0]
        assert line["count"] == len(hidden)
        values = hidden["estimate"].dropna()
        assert (line["low"], line["high"]) == pytest.approx((values.min(), values.max()))
        against = hidden["holds"].eq(False).fillna(False).sum()
        assert (f", {against} of them otherwise" in line["variation"]) == bool(against)


def test_exceptions_are_folded_last() -> None:
    found = page([0.45, 0.5, 0.2, 0.15, 0.3, 0.35, 0.1])
    table = found.table.copy()
    assert table["holds"].iloc[1:].all()
    table.loc[table["variation"].eq("tau² by DL"), ["holds", "verdict"]] = [False, "open"]
    rows = tornado_rows(replace(found, table=table), most=4)
    assert "tau² by DL" in rows["variation"].tolist()
    ax = ev.tornado(replace(found, table=table))
    texts = [text.get_text() for text in ax.texts]
    assert sum("\N{BLACK DIAMOND}" in text for text in texts if "direction" in text) == 1
    assert any("otherwise: tau² by DL" in text.replace("\n", " ") for text in texts)


def test_ratios_are_turned_round_as_they_are_printed() -> None:
    plain, turned = tornado_rows(page(log=True), most=99), tornado_rows(page(sign=-1, log=True), most=99)
    np.testing.assert_allclose(turned["estimate"], 1.0 / plain["estimate"], rtol=1e-12)
    np.testing.assert_allclose(turned["low"], 1.0 / plain["high"], rtol=1e-12)
    assert turned["verdict"].tolist() == plain["verdict"].tolist()
    ax = ev.tornado(page(sign=-1, log=True), favours=("waiting", "training"))
    assert ax.get_xscale() == "log"
    assert any(text.get_text() == "←\N{NO-BREAK SPACE}favours training" for text in ax.texts)


def test_few_studies_are_said_to_be_arithmetic() -> None:
    found = page([0.4, 0.5, 0.45])
    assert "arithmetic, not a test" in ev.caption(ev.tornado(found))
    assert any("Only 3 studies" in text.get_text() for text in ev.tornado(found).texts)


def test_a_result_without_an_estimate_is_drawn_as_its_limit() -> None:
    low = [0.1, 0.2, 0.0, 0.3]
    effects = ev.effects_from([None] * 4, std_error=0.2, low=low, high=[math.inf] * 4, study=list("abcd"))  # type: ignore[list-item]
    ax = ev.tornado(ev.sensitivity(ev.pool_partial(effects)))
    assert_clean(ax, 6.99)
    assert "at least" in ev.alt_text(ax)


def test_gosh_rows_are_the_medians_of_the_cloud() -> None:
    cloud = ev.gosh(made(Y))
    rows = gosh_chart_rows(cloud)
    first = cloud.studies.iloc[0]
    assert rows["subsets"].tolist() == [63, 57]
    np.testing.assert_allclose(rows["median"], [first["with_it"], first["without_it"]], rtol=1e-12)
    np.testing.assert_allclose(rows["i2"], [first["i2_with"], first["i2_without"]], rtol=1e-12)
    other = gosh_chart_rows(cloud, "study a0")
    assert other["subsets"].tolist() == [63, 57]
    with pytest.raises(ev.ModelError, match="study"):
        ev.gosh_chart(cloud, "study z")


@settings(deadline=None, max_examples=15)
@given(st.integers(0, 10_000), st.booleans())
def test_regions_hold_the_shares_that_they_claim(seed: int, log: bool) -> None:
    """The share of subsets in cells above a level is the level's, but for smoothing."""
    y = np.random.default_rng(seed).normal(0.2, 0.3, 13)
    cloud = ev.gosh(made(list(y), log=log))
    across, up = axes_of(cloud, "", 1500)
    found = density(on_paper(cloud), cloud.i2, across, up)
    assert found.share.sum() == pytest.approx(1.0, abs=0.01)
    for level, share in zip(found.levels, (0.95, 0.8, 0.5), strict=False):
        assert found.share[found.share >= level].sum() == pytest.approx(share, abs=0.02)


def test_a_million_subsets_are_a_light_picture() -> None:
    y = np.random.default_rng(3).normal(0.2, 0.3, 25)
    ax = ev.gosh_chart(ev.gosh(made(list(y)), subsets=100_000, seed=1))
    figure = ax.get_figure(root=True)
    assert figure is not None
    drawn = io.BytesIO()
    figure.savefig(drawn, format="svg")
    assert len(drawn.getvalue()) < 300_000
    assert "100 000 random subsets".replace(" ", "\N{THIN SPACE}", 1) in ev.caption(ax)


def test_two_studies_have_one_subset_and_too_few_to_show_a_pattern() -> None:
    ax = ev.gosh_chart(ev.gosh(made([0.1, 0.5])))
    assert_clean(ax, 6.99)
    assert any("too few subsets" in text.get_text().replace("\n", " ") for text in ax.texts)


def choices() -> dict[str, object]:
    return {"tau2": ["EE", "DL", "REML"], "inference": ["z", "HKSJ"], "setting": [None, "a", "b"]}


def many(sign: int = 1, log: bool = False) -> ev.Multiverse:
    effects = made(Y, sign, log)
    effects = replace(effects, table=effects.table.assign(setting=list("ababaab")))
    return ev.multiverse(effects, choices(), draws=40)


def test_a_curve_is_in_order_and_its_matrix_says_which_choices_made_each() -> None:
    found = many()
    rows = specification_curve_rows(found)
    assert rows["estimate"].is_monotonic_increasing
    assert len(rows) == len(found.pooled)
    for line in rows.to_dict("records"):
        source = found.table.loc[line["specification"]]
        assert line["estimate"] == pytest.approx(source["estimate"])
        assert [line[name] for name in choices()] == [str(source[name]) for name in choices()]
    clear = rows["verdict"].isin(["first", "second"]).sum()
    assert clear == found.pooled["excludes_zero"].sum()
    lines, missing = choice_rows(found)
    assert len(lines) == 8
    assert missing == []
    assert list(dict.fromkeys(lines["choice"])) == [c for c in found.choices["choice"] if c in choices()]


def test_a_curve_of_ratios_has_the_orientation_of_print() -> None:
    plain, turned = specification_curve_rows(many(1, True)), specification_curve_rows(many(-1, True))
    np.testing.assert_allclose(np.sort(1.0 / turned["estimate"]), plain["estimate"], rtol=1e-10)
    assert turned["estimate"].is_monotonic_increasing
    assert (turned["low"] <= turned["estimate"]).all()
    assert (turned["estimate"] <= turned["high"]).all()
    found = many(-1, True)
    value = float(np.exp(-found.pooled["estimate"].to_numpy(float)).max())
    assert f"and {value:.2f}" in found.sentence()
    ax = ev.specification_curve(found, favours=("waiting", "training"))
    assert any("higher favours waiting" in text.get_text() for text in ax.texts)


def test_a_long_curve_is_thinned_evenly_and_says_so() -> None:
    found = many()
    whole = pd.concat([found.table] * 30, ignore_index=True)
    whole["estimate"] += np.arange(len(whole)) * 1e-6
    found = replace(found, table=whole)
    rows = specification_curve_rows(found)
    n = len(found.pooled)
    assert len(rows) == 200
    assert rows["rank"].iloc[[0, -1]].tolist() == [1, n]
    steps = np.diff(rows["rank"])
    assert steps.max() - steps.min() <= 1
    assert f"Drawn: 200 of {n}, evenly by rank." in ev.caption(ev.specification_curve(found))


def test_what_cannot_be_drawn_is_refused() -> None:
    with pytest.raises(ev.ModelError, match="takes a Sensitivity"):
        ev.tornado(None)  # type: ignore[arg-type]
    with pytest.raises(ev.ModelError, match="takes a Gosh"):
        ev.gosh_chart(None)  # type: ignore[arg-type]
    with pytest.raises(ev.ModelError, match="takes a Multiverse"):
        ev.specification_curve(None)  # type: ignore[arg-type]
    found = many()
    with pytest.raises(ev.ModelError, match="nothing to draw"):
        ev.specification_curve(replace(found, table=found.table.assign(n_studies=1)))


@pytest.mark.parametrize("name", ["tornado", "gosh_chart", "specification_curve"])
def test_letters_in_small_axes_can_be_read(name: str) -> None:
    figure = Figure(figsize=(6.4, 4.8))
    ax, other = figure.subplots(1, 2)
    other.set_axis_off()
    draw = {
        "tornado": lambda: ev.tornado(page(), ax=ax),
        "gosh_chart": lambda: ev.gosh_chart(ev.gosh(made(Y)), ax=ax),
        "specification_curve": lambda: ev.specification_curve(many(), ax=ax),
    }[name]
    assert draw() is ax
    assert_clean(ax, 6.99 if name != "gosh_chart" else 0.0)
