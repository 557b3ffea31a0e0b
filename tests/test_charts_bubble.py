"""The bubble plot: its line against metafor, what is held where, refusals, layout."""

from __future__ import annotations

import numpy as np
import pytest
from helpers_charts import assert_clean
from helpers_pictures import LEAST, seeded

import evidence as ev
from evidence.charts.bubble import bubble, bubble_alt, bubble_caption, bubble_line, bubble_rows, bubble_title
from evidence.charts.bubble_rows import held_at, moderator_of

Y, V = [0.1, 0.25, 0.3, 0.05, 0.9, 0.4], [0.02, 0.05, 0.04, 0.03, 0.06, 0.05]
WEEKS = [2, 4, 6, 8, 10, 12]

# metafor 3.8-1: predict(rma(Y, V, mods = ~ w, method = "REML", test = "knha", control = list(threshold =
# 1e-14, maxiter = 1000)), newmods = c(2, 7, 12))
METAFOR = {
    "estimate": [0.0989489020488934, 0.3081729898083910, 0.5173970775678886],
    "conf_low": [-0.40073368954598099, 0.00254283736351413, -0.04961065072992032],
    "conf_high": [0.598631493643768, 0.613803142253268, 1.084404805865697],
    "pred_low": [-0.583029319309290, -0.247544017442044, -0.215343917609359],
    "pred_high": [0.780927123407077, 0.863889997058826, 1.250138072745136],
}


def small(**options: object) -> ev.Effects:
    return ev.effects_from(Y, variance=V, weeks=WEEKS, **options)  # type: ignore[arg-type]


def test_line_and_bands_are_those_of_metafor() -> None:
    line = bubble_line(ev.meta_regression(small(), "~ weeks"))
    at = line[np.isclose(line["x"].to_numpy()[:, None], [2, 7, 12]).any(axis=1)]
    assert len(at) == 3
    for column, expected in METAFOR.items():
        np.testing.assert_allclose(at[column], expected, rtol=1e-6, atol=1e-8)


def test_rows_hold_the_moderator_and_the_weight() -> None:
    rows = bubble_rows(ev.meta_regression(small(), "~ weeks"))
    assert rows["x"].tolist() == WEEKS
    assert rows["share"].sum() == pytest.approx(100.0)
    assert set(rows["mark"]) == {"bubble"}


def test_ratios_have_a_log_axis_and_the_printed_scale() -> None:
    plain = bubble_line(ev.meta_regression(small(), "~ weeks"))
    fit = ev.meta_regression(small(scale="log", measure="OR"), "~ weeks")
    np.testing.assert_allclose(bubble_line(fit)["conf_high"], np.exp(plain["conf_high"]), rtol=1e-12)
    assert "Odds ratio" in {text.get_text() for text in bubble(fit).texts}


def test_the_others_are_held_at_their_mean_or_commonest_level() -> None:
    setting = ["b", "a", "b", "b", "a", "b"]
    effects = small(dose=[1.0, 2.0, 4.0, 3.0, 2.0, 6.0], setting=setting)
    fit = ev.meta_regression(effects, "~ weeks + dose + setting")
    assert held_at(fit, "weeks") == {"dose": pytest.approx(3.0), "setting": "b"}
    with pytest.raises(ev.ModelError, match="name one of weeks, dose"):
        bubble(fit)
    line = bubble_line(fit, "dose")
    new = {"weeks": np.full(1, 7.0), "dose": [6.0], "setting": ["b"]}
    assert line["estimate"].iloc[-1] == pytest.approx(float(fit.predict(new)["estimate"].iloc[0]))
    assert "dose at 3.00 and setting at b" in bubble_caption(fit, "weeks")


def test_a_factor_and_a_plain_mean_are_refused_with_the_way_out() -> None:
    effects = seeded(12)
    with pytest.raises(ev.ModelError, match=r"ev\.orchard\(ev\.compare\(effects, by='setting'\)\)"):
        bubble(ev.meta_regression(effects, "~ setting"))
    with pytest.raises(ev.ModelError, match="takes a fit with a moderator"):
        bubble(ev.random_effects(effects))
    with pytest.raises(ev.ModelError, match="did you mean weeks"):
        moderator_of(ev.meta_regression(effects, "~ weeks"), "week")


@pytest.mark.parametrize("verb", ["meta_regression", "multilevel", "pool_partial"])
def test_every_model_with_a_formula_is_drawn(verb: str) -> None:
    effects = seeded(12, partial=verb == "pool_partial")
    options = {"formula": "~ weeks"}
    fit = getattr(ev, verb)(effects, **options)
    ax = bubble(fit)
    rows = bubble_rows(fit)
    assert len(rows) == 12
    assert (rows["mark"].eq("bounds").sum() > 0) == (verb == "pool_partial")
    assert ev.caption(ax) == bubble_caption(fit)
    assert ev.alt_text(ax) == bubble_alt(fit)


def test_the_title_says_what_the_test_allows() -> None:
    clear = ev.meta_regression(seeded(120), "~ weeks")
    assert bubble_title(clear, name="weeks of training").startswith(
        "Effects change with weeks of training: SMD"
    )
    vague = ev.meta_regression(small(), "~ weeks")
    assert bubble_title(vague).startswith(
        "No clear relation with weeks: SMD 0.10 at 2, 0.52 at 12".replace("SMD", "effect")
    )
    assert "not to be trusted" in bubble_caption(vague)
    assert "not to be trusted" not in bubble_caption(clear)


@pytest.mark.parametrize("medium", LEAST)
@pytest.mark.parametrize(("k", "partial"), [(4, False), (12, True), (40, False), (120, False), (120, True)])
def test_layout(k: int, partial: bool, medium: str) -> None:
    effects = seeded(k, partial=partial, log=k == 40)
    fit = ev.pool_partial(effects, formula="~ weeks") if partial else ev.meta_regression(effects, "~ weeks")
    name = "weeks of supervised training after the first assessment, at most" if k == 12 else None
    assert_clean(bubble(fit, medium=medium, name=name), LEAST[medium])
