"""The dumbbell chart: changes and differences, the refused comparison, its layout."""

from __future__ import annotations

import math

import pytest
from helpers_charts import LONG_OUTCOME, assert_clean
from helpers_pictures import LEAST
from helpers_studies import studies_of

import evidence as ev
from evidence.charts.dumbbell import (
    dumbbell,
    dumbbell_alt,
    dumbbell_caption,
    dumbbell_rows,
    dumbbell_title,
)

TRIAL = {
    "arm_e": "integrated",
    "arm_c": "isolated",
    "level": "study",
    "basis": "between_group_test",
    "better": "higher",
    "unit": "cm",
    "n_e": 15,
    "n_c": 16,
}
MEANS = {
    "pre_mean_e": "10.0",
    "pre_sd_e": 3,
    "post_mean_e": "13.0",
    "post_sd_e": 3,
    "pre_mean_c": "11.0",
    "pre_sd_c": 4,
    "post_mean_c": "12.50",
    "post_sd_c": 4,
}


def given(*rows: dict[str, object]) -> tuple[ev.Effects, ev.Studies]:
    studies = studies_of(
        *({"study": "one", "outcome": f"outcome {i}", **TRIAL, **row} for i, row in enumerate(rows))
    )
    return ev.effect_sizes(studies, measure="SMD", correlation=0.7), studies


def test_places_are_standard_deviations_from_the_common_middle() -> None:
    """Pooled SD before: sqrt((14 * 3² + 15 * 4²) / 29); the middle of both means before is 10.5."""
    row = dumbbell_rows(*given(MEANS)).iloc[0]
    sd = math.sqrt((14 * 9 + 15 * 16) / 29)
    assert row["sd"] == pytest.approx(sd)
    places = [row[name] for name in ("x_before_e", "x_after_e", "x_before_c", "x_after_c")]
    assert places == pytest.approx([-0.5 / sd, 2.5 / sd, 0.5 / sd, 2.0 / sd])
    assert (row["within_text_e"], row["within_text_c"]) == ("10.0 → 13.0", "11.0 → 12.50")  # as printed
    assert (row["gained_e"], row["gained_c"]) == ("yes", "yes")


def test_less_is_better_turns_places_round_and_not_the_printed_means() -> None:
    more, less = (
        dumbbell_rows(*given({**MEANS, "better": better})).iloc[0] for better in ("higher", "lower")
    )
    assert less["x_after_e"] == pytest.approx(-more["x_after_e"])
    assert less["within_text_e"] == more["within_text_e"]
    assert (less["gained_e"], less["gained_c"]) == ("no", "no")


def test_the_difference_is_that_of_the_effects() -> None:
    effects, studies = given(MEANS)
    row, own = dumbbell_rows(effects, studies).iloc[0], effects.table.iloc[0]
    assert row["estimate"] == own["estimate"]
    assert row["high"] - row["low"] == pytest.approx(2 * 1.959963984540054 * own["std_error"])


def test_changes_without_means_start_at_nought_and_without_a_deviation_have_no_place() -> None:
    change = {"change_mean_e": 2.5, "change_mean_c": -1, "signif_between": "yes", "direction": "favours_e"}
    spread = {"pre_sd_e": 3, "pre_sd_c": 3}
    rows = dumbbell_rows(*given({**change, **spread}, change, {"signif_between": "no"}))
    assert rows["role"].tolist() == ["row", "row", "left_out"]
    assert rows["x_before_e"].iloc[0] == 0.0
    assert rows["x_after_e"].iloc[0] == pytest.approx(2.5 / 3)
    assert math.isnan(rows["x_after_e"].iloc[1])
    assert rows["within_text_c"].iloc[0] == "\u22121"
    words = dumbbell_caption(*given({**change, **spread}, change, {"signif_between": "no"}))
    assert "1 row without a standard deviation" in words
    assert "Not drawn: 1 row" in words


def test_changes_within_arms_alone_are_refused() -> None:
    within = {"pre_mean_e": 10, "post_mean_e": 13, "pre_mean_c": 11, "post_mean_c": 12}
    only = {**within, "basis": "within_group_only", "signif_e": "yes", "signif_c": "no"}
    effects, studies = given(only)
    assert effects.table["kind"].tolist() == ["unusable"]
    with pytest.raises(ev.ModelError, match="changes within arms alone are no comparison"):
        dumbbell(effects, studies)
    mixed = given(only, MEANS)
    assert dumbbell_rows(*mixed)["effect_text"].iloc[0] == "no comparison printed"
    assert "1 row without a comparison between the arms" in dumbbell_caption(*mixed)


def test_the_title_says_that_both_gained_and_what_lies_between() -> None:
    assert dumbbell_title(*given(MEANS)).startswith("Both arms gained; the difference is 0.41 (")
    far = {**MEANS, "post_mean_e": 18}
    title = dumbbell_title(*given(MEANS, far, {**MEANS, "better": "lower"}))
    assert title == (
        "Both arms gained in 2 of 3 outcomes; between them integrated ahead in outcome 1, 2 undecided"
    )
    assert dumbbell_title(*given(MEANS, MEANS)).endswith("whether they differ is undecided in each")


def test_nothing_to_draw_and_foreign_studies_are_refused() -> None:
    effects, studies = given({"signif_between": "yes", "direction": "favours_e"})
    with pytest.raises(ev.ModelError, match="no row prints means before and after"):
        dumbbell(effects, studies)
    with pytest.raises(ev.ModelError, match="those that the effects were made from"):
        dumbbell(effects, ev.example_studies())
    with pytest.raises(ev.ModelError, match="takes Effects"):
        dumbbell(studies, studies)  # type: ignore[arg-type]


def test_the_shipped_trial_tells_every_outcome() -> None:
    trial = ev.example_studies().where(study="resendeneto2019")
    effects = ev.effect_sizes(trial, measure="SMD", correlation=0.7)
    ax = dumbbell(effects, trial)
    assert ev.alt_text(ax) == dumbbell_alt(effects, trial)
    assert ev.caption(ax) == dumbbell_caption(effects, trial)
    assert "timed up and go: first arm 5.04 → 4.32" in ev.alt_text(ax)
    assert "Assumed: r = 0.7" in ev.caption(ax)


@pytest.mark.parametrize("medium", LEAST)
@pytest.mark.parametrize("k", [1, 3, 12, 40, 120])
def test_layout(k: int, medium: str) -> None:
    rows = [
        {
            **MEANS,
            "study": f"study{i}",
            "outcome": f"{LONG_OUTCOME} {i}"[:60] if k < 40 else f"outcome {i}",
            "post_mean_e": f"{11 + i % 7}",
            "better": "lower" if i % 4 == 1 else "higher",
        }
        for i in range(k)
    ]
    assert_clean(dumbbell(*given(*rows), medium=medium), LEAST[medium])


def test_favours_names_the_sides_as_in_other_charts() -> None:
    trial = ev.example_studies().where(study="resendeneto2019")
    effects = ev.effect_sizes(trial, measure="SMD", correlation=0.7)
    for ax in (
        ev.dumbbell(effects, trial, favours=("machines", "whole body")),
        ev.dumbbell_pages(effects, trial, favours=("machines", "whole body"))[0],
    ):
        drawn = " ".join(text.get_text() for text in ax.texts)
        assert "\u2190\u00a0machines" in drawn
        assert "whole body\u00a0\u2192" in drawn
        assert "second arm" not in drawn.replace("Second arm", "").replace("second arm:", "").replace(
            "second arm: before", ""
        )
