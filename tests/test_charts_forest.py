"""What a forest plot shows: subgroups, presets, added columns, symbols, models without one pooled value."""

from __future__ import annotations

import math
from dataclasses import replace
from functools import lru_cache

import numpy as np
import pandas as pd
import pytest
from helpers_charts import LONG, assert_clean, visible_texts
from hypothesis import given, settings
from hypothesis import strategies as st
from matplotlib.axes import Axes
from matplotlib.figure import Figure

import evidence as ev
from evidence.auditing.appraisal import schemes
from evidence.charts.forest import forest, forest_alt, forest_caption, forest_title
from evidence.charts.forest_layout import PRESETS, ForestLayout
from evidence.charts.forest_rows import FOREST_COLUMNS, forest_rows
from evidence.charts.forest_words import model_head, p_words
from evidence.charts.style import MEDIA
from evidence.errors import ModelError

LEAST = {"notebook": 8.0, "slide": 18.0, "journal": 7.0, "journal-single": 7.0}
HEADS = {
    "evidence": ["Study", "People", "Effect", "95% CI", "Weight"],
    "RevMan": ["Study or Subgroup", "Total", "Weight", "Effect IV, Random, 95% CI"],
    "JAMA": ["Source", "No. of participants", "Effect (95% CI)", "Weight, %"],
    "BMJ": ["Study", "No of participants", "Weight (%)", "Effect (95% CI)"],
}


@lru_cache(maxsize=8)
def effects_of(k: int = 9, long: bool = False, scale: str = "identity") -> ev.Effects:
    """Synthetic rows in three groups of about equal size."""
    rng = np.random.default_rng(k)
    names = [f"{LONG} {1990 + i % 35}" if long else f"Author {chr(65 + i % 26)} {2000 + i}" for i in range(k)]
    return ev.effects_from(
        0.3 + 0.3 * rng.standard_normal(k),
        std_error=rng.uniform(0.15, 0.4, k),
        study=[f"s{i}" for i in range(k)],
        label=names,
        domain=[("strength", "power", "speed_agility")[3 * i // k] for i in range(k)],
        people=rng.integers(20, 120, k).astype(float),
        scale=scale,
    )


@lru_cache(maxsize=8)
def compared(k: int = 9, long: bool = False) -> ev.Comparison:
    return ev.compare(effects_of(k, long), by="domain", model=ev.random_effects)


def judged(effects: ev.Effects, scheme: str = "RoB 2") -> pd.DataFrame:
    chosen = schemes()[scheme]
    words = [level.word for level in chosen.levels]
    lines = [
        (study, item.id, item.words, "", words[(s + i) % len(words)])
        for s, study in enumerate(dict.fromkeys(effects.table["study"]))
        for i, item in enumerate(chosen.items)
    ]
    return pd.DataFrame(lines, columns=["study", "item", "words", "suggested", "confirmed"])


def lines_of(ax: Axes) -> list[str]:
    """The texts of a picture line by line, from top to bottom and from left to right."""
    found: dict[int, list[tuple[float, str]]] = {}
    for text, box in visible_texts(ax):
        found.setdefault(round(-box.y0 / 4), []).append((box.x0, text))
    return [" | ".join(text for _, text in sorted(found[y])) for y in sorted(found)]


def everything(ax: Axes) -> str:
    return " ".join(" ".join(text for text, _ in visible_texts(ax)).split())


# Subgroups


def test_a_comparison_has_one_block_a_group() -> None:
    made = compared()
    rows = forest_rows(made, overall=ev.random_effects(effects_of()))
    assert tuple(rows.columns) == FOREST_COLUMNS
    block = ["heading", "row", "row", "row", "subtotal", "statistics"]
    assert list(rows["role"]) == [*block, *block, *block, "pooled", "prediction", "test"]
    assert list(rows.loc[rows["role"] == "heading", "label"]) == ["Strength", "Power", "Speed, agility"]
    for line, fit in zip(rows[rows["role"] == "subtotal"].itertuples(), made.fits.values(), strict=True):
        assert (line.estimate, line.low, line.high) == (fit.estimate, fit.conf_low, fit.conf_high)
        assert line.people == fit.n_people
    for words, fit in zip(rows.loc[rows["role"] == "statistics", "label"], made.fits.values(), strict=True):
        assert fit.tau2 is not None
        assert words == f"3 studies; \u03c4\u00b2 {fit.tau2:.2f}; I\u00b2 {fit.i2:.0f}%"
    assert made.test is not None
    (test,) = rows.loc[rows["role"] == "test", "label"]
    numbers = f"{made.test.statistic:.2f}, p = {made.test.p_value:.3f}"
    assert test == f"Between subgroups: \u03c7\u00b2(2) = {numbers} (Wald)"


def test_weights_are_those_of_all_rows_where_all_are_pooled() -> None:
    overall = ev.random_effects(effects_of())
    alone, together = forest_rows(compared()), forest_rows(compared(), overall=overall)
    assert together.loc[together["role"] == "row", "share"].sum() == pytest.approx(100.0)
    assert alone.loc[alone["role"] == "row", "share"].sum() == pytest.approx(300.0)
    shown = together[together["role"] == "row"].set_index("row_id")["share"]
    assert shown.to_dict() == pytest.approx(overall.rows.set_index("row_id")["weight"].to_dict())


def test_a_group_without_a_result_and_one_of_one_study_say_so() -> None:
    effects = ev.effects_from(
        [0.2, 0.4, 0.3], std_error=[0.2, 0.2, 0.3], study=list("abc"), domain=["power", "power", "speed"]
    )
    made = ev.compare(effects, by="domain", model=ev.random_effects, order=["power", "speed", "strength"])
    rows = forest_rows(made)
    assert list(rows.loc[rows["role"] == "statistics", "label"])[1:] == [
        "One study: shown, not pooled",
        "No rows.",
    ]
    assert list(rows["role"]).count("subtotal") == 1
    assert "No joint test: it needs two groups" in rows["label"].iloc[-1]
    caption = forest_caption(made)
    assert "Speed: one study, not pooled" in caption
    assert "Strength: no rows" in caption
    assert_clean(forest(made))


def test_titles_of_subgroups_say_no_more_than_the_intervals() -> None:
    made = compared()
    title = forest_title(made)
    for name, fit in zip(("Strength", "Power", "Speed, agility"), made.fits.values(), strict=True):
        number = f"{fit.estimate:.2f} ({fit.conf_low:.2f} to {fit.conf_high:.2f})".replace("-", "\u2212")
        assert f"{name} {number}" in title
    overall = ev.random_effects(effects_of())
    ax = forest(made, layout=ForestLayout(overall=overall), favours=("rest", "training"))
    assert everything(ax).startswith(forest_title(overall, ("rest", "training")))


def test_words_of_subgroups_have_their_numbers() -> None:
    ax = forest(compared(), layout=ForestLayout(overall=ev.random_effects(effects_of())))
    for words in (ev.caption(ax), ev.alt_text(ax)):
        assert "Between subgroups" in words
        assert words.count("3 studies") == 3
        assert "Overall: pooled effect" in words
    assert forest_alt(compared()).startswith("Forest plot of 9 rows (9 with value). By domain: Strength:")


def test_overall_has_to_fit() -> None:
    ratio = ev.random_effects(effects_of(9, False, "log"))
    with pytest.raises(ModelError, match="pool the same effects"):
        forest(compared(), layout=ForestLayout(overall=ratio))
    with pytest.raises(ModelError, match="overall belongs to subgroups"):
        forest(ratio, layout=ForestLayout(overall=ratio))


# Presets


def test_revman_is_set_as_review_manager_sets_it() -> None:
    """Names, numbers, weight, effect as text, then the picture under the same head.

    Cochrane Handbook 5.1, section 11.3.2.1: text and marks of each study, a diamond for each subgroup and for
    the total, numbers of people, heterogeneity (Tau2, Chi2, I2), tests of overall effect and of subgroup
    differences, and weights.
    """
    overall = ev.random_effects(effects_of())
    ax = forest(compared(), preset="RevMan", layout=ForestLayout(overall=overall), title="")
    lines = lines_of(ax)
    assert lines[0] == "Effect IV, Random, 95% CI"  # over the picture
    whole = everything(ax)
    for words in (
        f"Heterogeneity: Tau\u00b2 = {overall.tau2:.2f}; Chi\u00b2 = {overall.q:.2f}, df = 8 (P = ",
        f"Test for overall effect: t = {overall.statistic:.2f}, df = 8 (P = ",
        "Test for subgroup differences: Chi\u00b2 = ",
    ):
        assert words in whole
    assert whole.count("Subtotal (95% CI)") == 3
    total = next(line for line in lines if line.startswith("Total"))
    assert overall.estimate is not None
    expected = f"{overall.estimate:.2f} [{overall.conf_low:.2f}, {overall.conf_high:.2f}]".replace(
        "-", "\u2212"
    )
    assert total == f"Total (95%\u00a0CI) | {overall.n_people:.0f} | {expected}"
    assert "Favours first arm" in whole


def test_jama_is_set_in_ama_style() -> None:
    """AMA Manual of Style 11: P without a zero, a hyphen in ranges without minus; American spelling."""
    ratio = ev.random_effects(effects_of(9, False, "log"))
    ax = forest(ratio, preset="JAMA", title="", favours=("control", "training"))
    lines = lines_of(ax)
    whole = everything(ax)
    assert "Favors" in whole
    assert "avours" not in whole
    assert next(i for i, line in enumerate(lines) if "Favors training" in line) < lines.index(
        next(line for line in lines if "Author A" in line)
    )
    shown = ratio.display
    total = next(line for line in lines if line.startswith("Total"))
    assert total.endswith(f"{shown['estimate']:.2f} ({shown['conf_low']:.2f}-{shown['conf_high']:.2f})")
    first = next(line for line in lines if line.startswith("Author A"))
    assert not first.endswith("%")
    difference = everything(forest(ev.random_effects(effects_of()), preset="JAMA"))
    assert " to " in difference


@pytest.mark.parametrize("preset", PRESETS)
def test_heads_stand_in_the_order_of_the_preset(preset: str) -> None:
    ax = forest(ev.random_effects(effects_of()), preset=preset.upper(), title="")
    places = {text: box.x0 for text, box in visible_texts(ax)}
    words = [head.split()[0] for head in HEADS[preset]]
    found = [min(x for text, x in places.items() if text.split()[0] == word) for word in words[:1]]
    assert found[0] == min(places.values())
    head_line = " ".join(line.replace(" | ", " ") for line in lines_of(ax)[:3])
    for word in (word for head in HEADS[preset] for word in head.split()):
        assert word in head_line
    row = next(line for line in lines_of(ax) if line.startswith("Author A"))
    cells = row.split(" | ")
    line = forest_rows(ev.random_effects(effects_of()), preset=preset).iloc[0]
    texts = {
        "evidence": ["label", "n_text", "estimate_text", "interval_text", "share_text"],
        "RevMan": ["label", "n_text", "share_text", "effect_text"],
        "JAMA": ["label", "n_text", "effect_text", "share_text"],
        "BMJ": ["label", "n_text", "share_text", "effect_text"],
    }[preset]
    assert cells == [line[name] for name in texts]


@pytest.mark.parametrize(
    ("p", "expected"),
    [
        (0.0312, ["p = 0.031", "P = 0.03", "P = .03", "P=0.03"]),
        (0.0471, ["p = 0.047", "P = 0.05", "P = .047", "P=0.047"]),  # AMA: no rounding up to .05
        (0.0042, ["p = 0.0042", "P = 0.004", "P = .004", "P=0.004"]),
        (0.00003, ["p < 0.0001", "P = 0.00003", "P < .001", "P<0.001"]),
        (1e-9, ["p < 0.0001", "P < 0.00001", "P < .001", "P<0.001"]),
        (0.996, ["p = 0.996", "P = 1.00", "P > .99", "P=1.00"]),
    ],
)
def test_p_values_are_printed_as_each_house_does(p: float, expected: list[str]) -> None:
    assert [p_words(p, house) for house in ("evidence", "revman", "jama", "bmj")] == expected


def test_only_what_review_manager_has_is_called_so() -> None:
    effects = effects_of()
    assert model_head(ev.common_effect(effects)) == "IV, Fixed"
    assert model_head(ev.random_effects(effects, tau2="DL", inference="z")) == "IV, Random"
    assert model_head(ev.pool_partial(effects)) == ""
    assert "Effect, 95% CI" in everything(forest(ev.pool_partial(effects), preset="RevMan"))


def test_bounds_have_no_brackets() -> None:
    studies = ev.example_studies().where(
        question="integrated_vs_isolated",
        level="study",
        comparator_class=["isolated_strength"],
        domain="power",
    )
    fit = ev.pool_partial(ev.effect_sizes(studies, measure="SMD", correlation=0.7))
    rows = forest_rows(fit, preset="RevMan")
    bounds = rows[rows["mark"].isin(["band", "arrow"])]
    assert len(bounds)
    assert not bounds["effect_text"].str.contains(r"[\[\]]").any()
    assert rows.loc[rows["role"] == "pooled", "effect_text"].str.contains("[", regex=False).all()


@pytest.mark.parametrize("medium", MEDIA)
@pytest.mark.parametrize("preset", PRESETS)
@pytest.mark.parametrize(("k", "long"), [(3, True), (40, True)])
def test_presets_are_clean(k: int, long: bool, preset: str, medium: str) -> None:
    effects = effects_of(k, long)
    layout = ForestLayout(
        overall=ev.random_effects(effects),
        risk_of_bias=judged(effects),
        columns_left={"Weeks": {f"s{i}": 4 + i for i in range(k)}},
        columns_right={"Notes on the setting": {f"s{i}": LONG for i in range(k)}},
    )
    assert_clean(forest(compared(k, long), preset=preset, medium=medium, layout=layout), LEAST[medium])


def test_presets_fit_small_axes() -> None:
    figure = Figure(figsize=(11, 7))
    axes = figure.subplots(1, 2)
    for ax, preset in zip(axes, ("RevMan", "JAMA"), strict=True):
        assert forest(compared(), ax=ax, preset=preset) is ax
    assert_clean(axes[0])


# Added columns


def test_columns_come_from_rows_mappings_and_series() -> None:
    effects = effects_of()
    by_row = dict(zip(effects.table["row_id"], [6.0, 8.5, *[10.0] * 7], strict=True))
    by_study = pd.Series({f"s{i}": f"site {i}" for i in range(8)})
    layout = ForestLayout(columns_left={"Weeks": by_row, "Place": by_study}, columns_right=["domain"])
    ax = forest(ev.random_effects(effects), layout=layout, title="")
    first = next(line for line in lines_of(ax) if line.startswith("Author A")).split(" | ")
    last = next(line for line in lines_of(ax) if line.startswith("Author I")).split(" | ")
    assert first[:3] == ["Author A 2000", "6.0", "site 0"]
    assert "strength" in first
    assert last[:3] == ["Author I 2008", "10.0", "\u2013"]  # s8 has no place
    pooled = next(line for line in lines_of(ax) if line.startswith("Pooled")).split(" | ")
    assert len(pooled) == 4  # name, people, value, interval: nothing invented
    assert {"Weeks", "Place", "Domain"} <= {text for text, _ in visible_texts(ax)}


def test_a_head_of_two_texts_is_a_group() -> None:
    effects = effects_of(3)
    values = {f"s{i}": i for i in range(3)}
    layout = ForestLayout(columns_left={("Training", "Mean"): values, ("Training", "SD"): values})
    texts = [text for text, _ in visible_texts(forest(ev.random_effects(effects), layout=layout))]
    assert texts.count("Training") == 1
    assert {"Mean", "SD"} <= set(texts)


@pytest.mark.parametrize(
    ("choice", "words"),
    [
        (["weeks"], "the rows of the result have no column 'weeks'"),
        ("domain", "takes a list of names of columns"),
        ({"Weeks": 3}, "takes the name of a column, or a mapping or Series"),
        ({"Weeks": {"x": 3}}, "no key of 'Weeks' is a row_id or a study of the plot"),
    ],
)
def test_a_column_that_is_not_there_is_refused(choice: object, words: str) -> None:
    with pytest.raises(ModelError, match=words):
        forest(ev.random_effects(effects_of()), layout=ForestLayout(columns_left=choice))  # type: ignore[arg-type]


def test_what_has_no_room_is_named() -> None:
    many = {f"Remark {i}": {f"s{j}": LONG for j in range(9)} for i in range(9)}
    ax = forest(ev.random_effects(effects_of()), medium="journal", layout=ForestLayout(columns_right=many))
    assert "No room for: Remark 8" in everything(ax)
    assert_clean(ax, 7.0)


# Risk of bias


def test_symbols_stand_in_the_rows_of_their_studies() -> None:
    effects = effects_of(3)
    table = judged(effects)
    ax = forest(ev.random_effects(effects), layout=ForestLayout(risk_of_bias=table), title="")
    signs = {"low": "+", "some concerns": "?", "high": "\u2212"}
    for study, label in zip(effects.table["study"], effects.table["label"], strict=True):
        cells = next(line for line in lines_of(ax) if line.startswith(label)).split(" | ")
        assert cells[-5:] == [signs[word] for word in table.loc[table["study"] == study, "confirmed"]]
    whole = everything(ax)
    assert "D1 randomisation; D2 deviations from the intended interventions" in whole
    assert "some concerns" in whole


def test_layout_of_another_kind_is_refused() -> None:
    fit = ev.random_effects(effects_of())
    with pytest.raises(ModelError, match=r"layout takes an ev\.ForestLayout"):
        forest(fit, layout={"columns_left": ["domain"]})  # type: ignore[arg-type]
    with pytest.raises(ModelError, match="preset must be one of evidence, RevMan, JAMA, BMJ"):
        forest(fit, preset="lancet")
    with pytest.raises(ModelError, match="study, item and confirmed"):
        forest(fit, layout=ForestLayout(risk_of_bias=effects_of().table))


# Models without one pooled value


def several(weeks: bool = False) -> ev.Effects:
    extra = {"weeks": [6, 8, 6, 8, 12, 10, 7, 9]} if weeks else {}
    return ev.effects_from(
        [0.2, 0.5, 0.1, 0.4, 0.3, 0.6, 0.25, 0.4],
        std_error=[0.2, 0.3, 0.25, 0.2, 0.2, 0.3, 0.2, 0.25],
        study=list("abcdefgh") if weeks else list("aabbccdd"),
        outcome=["jump", "sprint"] * 4,
        domain=["power", "speed"] * 4,
        **extra,
    )


def test_each_outcome_of_a_multivariate_fit_is_a_block() -> None:
    fit = ev.multivariate(several(), outcome="outcome")
    rows = forest_rows(fit)
    assert list(rows["role"]) == (["heading"] + ["row"] * 4 + ["subtotal", "statistics"]) * 2 + ["test"]
    terms = fit.tidy()
    shown = rows.loc[rows["role"] == "subtotal", ["estimate", "low", "high"]].to_numpy()
    np.testing.assert_allclose(shown, terms[["estimate", "conf_low", "conf_high"]].to_numpy())
    assert rows["label"].iloc[-1].startswith("Equal means: F(1, ")
    assert_clean(forest(fit))


def test_levels_of_a_factor_without_intercept_are_blocks() -> None:
    fit = ev.meta_regression(several(weeks=True), "~ 0 + domain")
    rows = forest_rows(fit)
    assert list(rows.loc[rows["role"] == "heading", "label"]) == ["Power", "Speed"]
    assert list(rows.loc[rows["role"] == "subtotal", "estimate"]) == pytest.approx(
        list(fit.tidy()["estimate"])
    )


def test_a_meta_regression_shows_fitted_means_and_no_pooled_value() -> None:
    fit = ev.meta_regression(several(weeks=True), "~ weeks")
    rows = forest_rows(fit)
    assert set(rows["role"]) == {"row", "test"}
    slope = fit.tidy().set_index("term")["estimate"]
    expected = [slope["Intercept"] + slope["weeks"] * weeks for weeks in (6, 8, 6, 8, 12, 10, 7, 9)]
    assert list(rows["fitted"][:8]) == pytest.approx(expected)
    ax = forest(fit)
    assert "no single pooled value" in ev.caption(ax)
    assert "No single pooled value" in ev.alt_text(ax)
    assert "mean at the row's moderators" in everything(ax)
    assert_clean(ax)


def test_a_multilevel_fit_is_drawn_with_its_rows_and_mean() -> None:
    fit = ev.multilevel(several())
    rows = forest_rows(fit)
    assert list(rows["role"]) == ["row"] * 8 + ["pooled", "prediction"]
    assert_clean(forest(fit))


@given(st.floats(-3, 3), st.floats(0.01, 1.0), st.sampled_from(sorted(PRESETS)))
@settings(max_examples=60, deadline=None)
def test_texts_of_every_preset_hold_the_numbers(value: float, error: float, preset: str) -> None:
    effects = ev.effects_from([value, value + 0.3], std_error=[error, error], study=["a", "b"], scale="log")
    rows = forest_rows(ev.common_effect(effects), preset=preset)
    for line in rows[rows["role"].isin(["row", "pooled"])].itertuples():
        for number in (line.low, line.high):
            assert f"{float(number):.2f}" in str(line.effect_text)  # type: ignore[arg-type]
        assert math.isfinite(float(line.estimate))  # type: ignore[arg-type]
        assert str(line.effect_text).startswith(str(line.estimate_text))


@pytest.mark.parametrize("preset", PRESETS)
@pytest.mark.parametrize(("k", "long"), [(3, True), (40, True)])
def test_a_single_column_of_89_mm_is_clean(
    k: int, long: bool, preset: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    single = replace(MEDIA["journal"], name="journal-single", width=3.5, title=8.5, line=0.8)
    monkeypatch.setitem(MEDIA, "journal-single", single)
    made = compared(k, long)
    layout = ForestLayout(overall=ev.random_effects(effects_of(k, long)))
    assert_clean(forest(made, preset=preset, medium="journal-single", layout=layout), 7.0)
    for ax in ev.forest_pages(made, preset=preset, medium="journal-single", layout=layout):
        assert_clean(ax, 7.0)


def test_what_fits_a_slide_with_fewer_columns_is_one_slide() -> None:
    rng = np.random.default_rng(4)
    effects = ev.effects_from(
        rng.standard_normal(8) * 0.3,
        std_error=0.3,
        study=list("abcdefgh"),
        label=[f"Mannarino-Silva et al. {2000 + i}" for i in range(8)],
        people=[40.0] * 8,
    )
    ax = forest(ev.random_effects(effects), medium="slide")
    figure = ax.get_figure(root=True)
    assert figure is not None
    assert figure.get_figheight() == 7.5  # the names have one line each, because the picture is narrower
    assert len([line for line in lines_of(ax) if "Mannarino-Silva et al. 20" in line]) == 8
    assert_clean(ax, 18.0)


@pytest.mark.parametrize("preset", PRESETS)
def test_names_that_are_no_names_do_no_harm(preset: str) -> None:
    names = [
        "<img src=x onerror=alert(1)>",
        "=HYPERLINK(1)",
        "\\input{x} $x^2$ {a}_b",
        "x" * 10_000,
        "a\x00b\nc\td",
    ]
    effects = ev.effects_from(
        [0.1, 0.2, 0.3, 0.4, 0.5],
        std_error=0.2,
        study=list("abcde"),
        label=names,
        domain=[names[0], names[0], names[3], names[3], names[4]],
    )
    made = ev.compare(effects, by="domain", model=ev.random_effects)
    layout = ForestLayout(columns_left={"$h^2$\n" + "w" * 300: dict(zip("abcde", names, strict=True))})
    ax = forest(made, preset=preset, layout=layout)
    assert_clean(ax)
    assert "<img src=x onerror=alert(1)>" in everything(ax)
