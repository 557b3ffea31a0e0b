"""The funnel plot: where rows and lines stand, what is said of them, and its layout."""

from __future__ import annotations

import math
import re
from dataclasses import replace

import numpy as np
import pytest
from helpers_charts import assert_clean
from helpers_pictures import LEAST, SIZES, seeded
from hypothesis import given, settings
from hypothesis import strategies as st
from matplotlib.figure import Figure

import evidence as ev
from evidence.charts.funnel import funnel, funnel_alt, funnel_caption, funnel_rows, funnel_title
from evidence.charts.funnel_rows import REGIONS, funnel_lines

Y, V = [0.1, 0.25, 0.3, 0.05, 0.9, 0.4], [0.02, 0.05, 0.04, 0.03, 0.06, 0.05]


def small() -> ev.Effects:
    return ev.effects_from(Y, variance=V)


def test_p_values_and_regions_are_those_of_the_normal_distribution() -> None:
    """R 4.2.2: 2 * pnorm(-abs(y / sqrt(v)))."""
    rows = funnel_rows(small())
    expected = [0.47950012218695348, 0.26355247728297271, 0.13361440253771614]
    expected += [0.77282999268444752, 0.00023856345402871, 0.07363827012030262]
    np.testing.assert_allclose(rows["p_value"].astype(float), expected, rtol=1e-12)
    assert rows["region"].tolist() == ["p > 0.10"] * 4 + ["p < 0.01", "p 0.05 to 0.10"]


def test_limits_stand_where_metafor_draws_them() -> None:
    """metafor 3.8: beta + c(-1, 1) * qnorm(.975) * se of rma(y, v, method = "EE") at se = 0.3."""
    lines = funnel_lines(ev.common_effect(small()), 0.3)
    ends = lines[lines["line"].eq("limits") & np.isclose(lines["std_error"], 0.3)].sort_values("side")
    np.testing.assert_allclose(ends["value"], [-0.332433639806460, 0.843544750917572], rtol=1e-12)


def test_eggers_line_is_the_weighted_regression_of_metafor() -> None:
    """metafor 3.8, regtest(y, v, model = "lm"): intercept -0.7363405478722, slope 5.3014522498664."""
    effects = small()
    lines = funnel_lines(effects, 0.3, test=ev.funnel_test(effects))
    line = lines[lines["line"].eq("egger")]
    assert line["value"].iloc[0] == pytest.approx(-0.736340547872237, rel=1e-10)
    assert line["value"].iloc[-1] == pytest.approx(-0.736340547872237 + 0.3 * 5.301452249866372, rel=1e-10)


@settings(deadline=None, max_examples=40)
@given(
    st.floats(-3, 3),
    st.floats(0.01, 1.0),
    st.sampled_from([0.10, 0.05, 0.01]),
    st.sampled_from([1.0, 1e6, 1e-6]),
)
def test_an_effect_lies_beyond_a_contour_when_its_p_is_smaller(
    value: float, error: float, p: float, unit: float
) -> None:
    effects = ev.effects_from([value * unit, 0.0], std_error=[error * unit] * 2)
    row = funnel_rows(effects).iloc[0]
    lines = funnel_lines(effects, error * unit)
    last = lines[lines["line"].eq(f"p = {p:.2f}")].groupby("side")["value"].last()
    beyond = value * unit < last[-1] or value * unit > last[1]
    if abs(row["p_value"] - p) > 1e-9:
        assert beyond == (row["p_value"] < p)
    assert row["p_value"] <= REGIONS[row["region"]]


def test_ratios_are_turned_round_as_they_are_printed() -> None:
    effects = replace(ev.effects_from(Y, variance=V, scale="log", measure="RR"), display_sign=-1)
    rows = funnel_rows(effects)
    np.testing.assert_allclose(rows["estimate"].astype(float), np.exp(-np.array(Y)), rtol=1e-12)
    assert rows["region"].tolist() == funnel_rows(small())["region"].tolist()
    lines = funnel_lines(effects, 0.2)
    upper = lines[lines["line"].eq("p = 0.05") & lines["side"].eq(1)]["value"].iloc[-1]
    assert upper == pytest.approx(math.exp(-0.2 * 1.959963984540054))


def test_rows_without_a_value_are_counted_and_never_dropped() -> None:
    effects = ev.effects_from(
        [0.1, None, None, None, 0.4],  # type: ignore[list-item]
        std_error=[0.1, 0.2, 0.3, 0.3, 0.2],
        low=[math.nan, 0.4, -0.6, 0.0, math.nan],
        high=[math.nan, math.inf, 0.6, math.inf, math.nan],
        kind=["exact", "interval", "interval", "sign", "exact"],
    )
    fit = ev.pool_partial(effects)
    rows = funnel_rows(fit)
    assert len(rows) == 5
    assert rows["mark"].tolist() == ["point", "bounds", "bounds", "none", "point"]
    words = funnel_caption(fit)
    assert "2 rows with bounds only" in words
    assert "1 row " in words.replace("\n", " ")
    assert "not drawn" in words
    assert "2 rows with bounds only" in funnel_alt(fit)


def test_what_trim_and_fill_adds_is_drawn_and_named() -> None:
    effects = ev.effects_from([0.1, 0.2, 0.25, 0.5, 0.9], std_error=[0.05, 0.1, 0.15, 0.2, 0.3])
    filled = ev.trim_and_fill(effects)
    rows = funnel_rows(effects, filled=filled)
    added = rows[rows["role"].eq("filled")]
    assert len(added) == filled.added == 3
    np.testing.assert_allclose(
        added["estimate"].astype(float), filled.table.loc[filled.table["filled"], "estimate"]
    )
    assert "invented" in funnel_caption(seeded(12), filled=ev.trim_and_fill(seeded(12)))


def test_below_ten_studies_it_says_so() -> None:
    assert funnel_title(small()) == "Only 6 studies: too few to read a funnel"
    assert "6 studies are too few" in funnel_caption(small())
    assert "too few" not in funnel_caption(seeded(12)).lower()
    assert "not to be read" not in funnel_caption(seeded(12))


def test_the_title_follows_the_test() -> None:
    effects = seeded(120)
    rising = replace(effects, table=effects.table.assign(estimate=effects.table["std_error"] * 2 + 0.01))
    rising = replace(
        rising, table=rising.table.assign(estimate=rising.table["estimate"] + np.resize([0.01, -0.01], 120))
    )
    test = ev.funnel_test(rising)
    assert funnel_title(rising, test=test).startswith("Smaller studies favour first arm more (Egger p")
    falling = replace(rising, table=rising.table.assign(estimate=-rising.table["estimate"]))
    test = ev.funnel_test(falling)
    assert funnel_title(falling, test=test).startswith("Smaller studies favour second arm more")


def test_results_of_other_effects_are_refused() -> None:
    effects, others = seeded(12), seeded(40)
    with pytest.raises(ev.ModelError, match="other effects \\(40 rows, here 12\\)"):
        funnel(effects, filled=ev.trim_and_fill(others))
    with pytest.raises(ev.ModelError, match="test was made from other effects"):
        funnel(effects, test=ev.funnel_test(others))
    with pytest.raises(ev.ModelError, match="only Egger's line"):
        funnel(effects, test=ev.funnel_test(effects, method="begg"))
    with pytest.raises(ev.ModelError, match="moderators"):
        funnel(ev.meta_regression(effects, "~ weeks"))
    with pytest.raises(ev.ModelError, match="takes a pooled result"):
        funnel(None)  # type: ignore[arg-type]


@pytest.mark.parametrize("medium", LEAST)
@pytest.mark.parametrize(("k", "partial"), [*((k, False) for k in SIZES), (12, True), (120, True)])
def test_layout(k: int, partial: bool, medium: str) -> None:
    effects = seeded(k, partial=partial, log=k == 40)
    options = (
        {"filled": ev.trim_and_fill(effects, side="left"), "test": ev.funnel_test(effects)} if k > 3 else {}
    )
    fit = ev.pool_partial(effects) if partial else ev.random_effects(effects)
    ax = funnel(fit, medium=medium, **options)  # type: ignore[arg-type]
    assert_clean(ax, LEAST[medium])
    assert ev.caption(ax) == funnel_caption(fit, **options)  # type: ignore[arg-type]
    assert ev.alt_text(ax).startswith("Funnel plot of")


def test_the_axis_is_the_printed_scale_and_the_given_axes_come_back() -> None:
    figure = Figure(figsize=(6.0, 4.0))
    axes = figure.add_axes((0.0, 0.0, 1.0, 1.0))
    assert funnel(seeded(40, log=True), ax=axes) is axes
    assert axes.get_xscale() == "log"
    assert_clean(axes)


def test_a_funnel_says_how_many_rows_have_no_value_and_why() -> None:
    effects = ev.effects_from(
        [0.3, math.nan, math.nan],
        std_error=[0.1, 0.2, 0.2],
        low=[math.nan, 0.4, 0.0],
        high=[math.nan, math.inf, math.inf],
        study=["a", "b", "c"],
        measure="SMD",
    )
    assert funnel_title(effects) == "Only 1 study with a value, 2 rows without: too few to read a funnel"
    caption = funnel_caption(effects)
    assert re.search(r"2 rows not pooled and not drawn \([a-z][^)]+\)", caption), caption
    assert "2 rows not pooled" in funnel_alt(effects)
    partial = ev.pool_partial(effects)
    told = funnel_caption(partial)
    assert "2 rows with bounds only, drawn at their bound" in told
