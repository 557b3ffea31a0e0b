"""The correlation of scores before and after: by outcome, pooled over arms, and its grid."""

from __future__ import annotations

import math

import pandas as pd
import pytest
from helpers_charts import assert_clean, visible_texts
from helpers_studies import studies_of

import evidence as ev
from evidence.charts.correlation_curve import correlation_curve_alt, correlation_curve_rows

ARMS = {"n_e": 15, "n_c": 15, "better": "higher"}
TEST = {**ARMS, "t_between": 2.0, "test_between": "change", "effect_sign": "pos_favours_e"}
FULL = {
    **ARMS,
    **{"pre_mean_e": 10.2, "pre_sd_e": 2.1, "post_mean_e": 12.0, "post_sd_e": 2.2},
    **{"pre_mean_c": 10.0, "pre_sd_c": 2.0, "post_mean_c": 10.5, "post_sd_c": 2.4},
}


def change_sd(r: float, arm: str) -> float:
    pre, post = FULL[f"pre_sd_{arm}"], FULL[f"post_sd_{arm}"]
    return math.sqrt(pre**2 + post**2 - 2 * r * pre * post)  # type: ignore[operator]


def estimates(studies: ev.Studies, correlation: object) -> list[float]:
    effects = ev.effect_sizes(studies, measure="SMD", correlation=correlation)  # type: ignore[arg-type]
    return effects.table["estimate"].tolist()


class TestByOutcome:
    STUDIES = studies_of({**TEST, "outcome": "jump"}, {**TEST, "outcome": "sprint"})

    def test_each_outcome_is_read_with_its_own(self) -> None:
        by = estimates(self.STUDIES, {"jump": 0.5, "sprint": 0.9})
        assert by == [estimates(self.STUDIES, 0.5)[0], estimates(self.STUDIES, 0.9)[1]]
        effects = ev.effect_sizes(self.STUDIES, measure="SMD", correlation={"jump": 0.5, "sprint": 0.9})
        assert effects.correlation == {"jump": 0.5, "sprint": 0.9}
        assert "r = 0.9" in effects.table.loc[1, "assumptions"]
        fit = ev.random_effects(effects)
        assert any("r = 0.5 or 0.9" in note for note in fit.notes)

    def test_a_default_serves_the_others(self) -> None:
        by = estimates(self.STUDIES, {"jump": 0.5, "default": 0.8})
        assert by == [estimates(self.STUDIES, 0.5)[0], estimates(self.STUDIES, 0.8)[1]]

    def test_an_outcome_without_one_is_named(self) -> None:
        with pytest.raises(ev.ModelError, match=r"outcomes 'sprint'.*'default'"):
            estimates(self.STUDIES, {"jump": 0.5})

    def test_an_outcome_that_no_row_has_is_noted(self) -> None:
        effects = ev.effect_sizes(self.STUDIES, measure="SMD", correlation={"jmup": 0.5, "default": 0.8})
        assert any("'jmup'" in note for note in effects.notes)

    @pytest.mark.parametrize(
        "wrong", [1.0, -1, "0.7", "pool", math.nan, True, {"jump": 2, "sprint": 0.1}, [0.7]]
    )
    def test_what_is_no_correlation_is_refused(self, wrong: object) -> None:
        with pytest.raises(ev.ModelError, match="correlation"):
            estimates(self.STUDIES, wrong)


class TestPooled:
    def test_random_effects_mean_of_fishers_z_over_arms_that_tell_theirs(self) -> None:
        studies = studies_of(
            {**FULL, "change_sd_e": change_sd(0.5, "e"), "change_sd_c": change_sd(0.8, "c")},
            {**FULL, "r_e": 0.65, "n_e": 40},
            TEST,
        )
        effects = ev.effect_sizes(studies, measure="SMD", correlation="pooled")
        z, v = [math.atanh(r) for r in (0.5, 0.8, 0.65)], [1 / 12, 1 / 12, 1 / 37]
        expected = math.tanh(ev.pool_arrays(z, v).estimate)
        assert effects.correlation == pytest.approx(expected, rel=1e-9)
        assert any("pooled over 3 arms" in note for note in effects.notes)
        assert effects.table.loc[2, "estimate"] == pytest.approx(estimates(studies, expected)[2], rel=1e-9)

    def test_impossible_ones_are_left_out_and_listed(self) -> None:
        studies = studies_of({**FULL, "change_sd_e": 9.0, "r_c": 0.6, "arm_e": "hop"}, TEST)
        effects = ev.effect_sizes(studies, measure="SMD", correlation="pooled")
        assert effects.correlation == pytest.approx(0.6)
        assert any("left out" in note and "r000 (hop: -7" in note for note in effects.notes)

    def test_an_arm_in_two_rows_counts_once(self) -> None:
        row = {**FULL, "study": "a", "arm_c": "control", "r_c": 0.6, "outcome": "jump"}
        effects = ev.effect_sizes(
            studies_of({**row, "arm_e": "x"}, {**row, "arm_e": "y"}), measure="SMD", correlation="pooled"
        )
        assert any("over 1 arm " in note for note in effects.notes)

    def test_without_any_there_is_a_way_out(self) -> None:
        with pytest.raises(ev.ModelError, match="Give a number"):
            estimates(studies_of(TEST), "pooled")


class TestGrid:
    STUDIES = studies_of(*({**TEST, "t_between": t} for t in (1.0, 2.5, 3.0)))

    def test_each_line_is_the_synthesis_with_that_correlation(self) -> None:
        effects = ev.effect_sizes(self.STUDIES, measure="SMD", correlation=0.6)
        grid = ev.correlation_grid(effects, (0.3, 0.6, 0.9), model=ev.random_effects, tau2="PM")
        assert grid.table["correlation"].tolist() == [0.3, 0.6, 0.9]
        for r, line in zip((0.3, 0.6, 0.9), grid.table.itertuples(), strict=True):
            fit = ev.random_effects(ev.effect_sizes(self.STUDIES, measure="SMD", correlation=r), tau2="PM")
            assert (line.estimate, line.conf_low, line.conf_high) == (
                fit.estimate,
                fit.conf_low,
                fit.conf_high,
            )
            assert (line.k, line.assuming) == (3, 3)
        assert grid.used == 0.6
        again = ev.correlation_grid(
            self.STUDIES, (0.3, 0.6, 0.9), measure="smd", model=ev.random_effects, tau2="PM"
        )
        pd.testing.assert_frame_equal(again.table, grid.table)

    def test_it_keeps_to_the_rows_that_it_was_given(self) -> None:
        from dataclasses import replace

        effects = ev.effect_sizes(self.STUDIES, measure="SMD")
        part = replace(effects, table=effects.table.iloc[:2])
        grid = ev.correlation_grid(part, (0.5, 0.7), model=ev.common_effect)
        assert grid.table["k"].tolist() == [2, 2]

    def test_a_refusal_stands_in_its_line(self) -> None:
        def picky(effects: ev.Effects) -> ev.MetaFit:
            if effects.correlation == 0.5:
                raise ev.ModelError("not this one")
            return ev.common_effect(effects)

        grid = ev.correlation_grid(self.STUDIES, (0.5, 0.7), measure="SMD", model=picky)
        assert grid.table.loc[0, "sentence"] == "Not pooled: not this one"
        assert pd.isna(grid.table.loc[0, "estimate"])
        assert 0.5 not in grid.fits
        assert "not this one" in grid._repr_html_()

    def test_where_nothing_assumes_it_the_grid_says_so(self) -> None:
        studies = studies_of(*({**TEST, "test_between": "post"} for _ in range(2)))
        grid = ev.correlation_grid(studies, (0.5, 0.9), measure="SMD", model=ev.common_effect)
        assert "changes nothing" in grid.notes[0]
        assert len(set(grid.table["estimate"])) == 1

    def test_the_sentence_says_how_far_the_result_moves(self) -> None:
        grid = ev.correlation_grid(self.STUDIES, measure="SMD", model=ev.common_effect)
        known = grid.table["estimate"]
        assert f"between {known.min():.2f} and {known.max():.2f}" in grid.sentence()
        assert "same side at each" in grid.sentence()

    @pytest.mark.parametrize(
        ("arguments", "match"),
        [
            ({"grid": ()}, "grid"),
            ({"grid": (0.5, 0.5)}, "each once"),
            ({"grid": (0.5, 1.0)}, "between -1 and 1"),
            ({"grid": "0.5"}, "list of correlations"),
            ({"model": "REML"}, "function of effects"),
            ({"model": lambda effects: 1}, "MetaFit"),
        ],
    )
    def test_arguments_are_checked(self, arguments: dict[str, object], match: str) -> None:
        effects = ev.effect_sizes(self.STUDIES, measure="SMD")
        with pytest.raises(ev.ModelError, match=match):
            ev.correlation_grid(effects, **arguments)  # type: ignore[arg-type]

    def test_what_it_cannot_rerun_is_refused(self) -> None:
        with pytest.raises(ev.ModelError, match="not made from studies"):
            ev.correlation_grid(ev.effects_from([0.1], variance=[0.1]))
        with pytest.raises(ev.ModelError, match="needs the measure"):
            ev.correlation_grid(self.STUDIES)
        with pytest.raises(ev.ModelError, match="nothing to vary"):
            ev.correlation_grid(self.STUDIES, measure="RR")
        with pytest.raises(ev.ModelError, match="takes effects or studies"):
            ev.correlation_grid([1.0])  # type: ignore[arg-type]

    def test_the_chart_shows_each_line_and_marks_the_one_in_use(self) -> None:
        effects = ev.effect_sizes(self.STUDIES, measure="SMD", correlation=0.6)
        grid = ev.correlation_grid(effects, (0.9, 0.6, 0.3), model=ev.random_effects)
        rows = correlation_curve_rows(grid)
        assert rows["label"].tolist() == ["r = 0.3", "r = 0.6", "r = 0.9"]
        assert rows["chosen"].tolist() == [False, True, False]
        ax = ev.correlation_curve(grid)
        assert_clean(ax)
        shown = [text for text, _ in visible_texts(ax)]
        for text in (*rows["label"], *rows["estimate_text"], *rows["interval_text"]):
            assert text in shown
        assert "0.9" in correlation_curve_alt(grid)
        with pytest.raises(ev.ModelError, match="grid of correlations"):
            ev.correlation_curve(effects)  # type: ignore[arg-type]
