"""From what a row prints to the effect: each derivation on a row made for it, and which one is taken."""

from __future__ import annotations

import math
from pathlib import Path

import pytest
from helpers_studies import effect_of, studies_of
from scipy import stats

import evidence as ev
from evidence.effects.codes import ROW_CODES
from evidence.effects.formulas import g_from_means, g_from_pre_post, g_from_t, hedges_j
from evidence.effects.paired_derivations import PAIRED_MD, PAIRED_SMD
from evidence.effects.readers import READABLE
from evidence.effects.solver.correlation import DEFAULT_CORRELATION

N_E, N_C = 15, 14
BASE = {"n_e": N_E, "n_c": N_C, "better": "higher"}
CHANGE = math.sqrt(2 * (1 - DEFAULT_CORRELATION))
MEANS = {"post_mean_e": "10.2", "post_mean_c": "9.1"}
FULL = {
    **{"pre_mean_e": "10.2", "pre_sd_e": "2.1", "post_mean_e": "12.0", "post_sd_e": "2.2"},
    **{"pre_mean_c": "10.0", "pre_sd_c": "2.0", "post_mean_c": "10.5", "post_sd_c": "2.4"},
}


def row_of(cells: dict[str, object], measure: str = "SMD", **options: object) -> dict[str, object]:
    return effect_of({**BASE, **cells}, measure=measure, **options)  # type: ignore[arg-type]


def codes_of(cells: dict[str, object], measure: str = "SMD") -> list[str]:
    """Return the derivations that a row allows, the one taken first."""
    found = ev.effect_sizes(studies_of({**BASE, **cells}), measure=measure).derivations
    return [str(code) for code in found["code"]]


def number(value: object) -> float:
    return float(str(value))


class TestSpreadOfAnArm:
    EXPECTED = g_from_means(10.2, 2.0, N_E, 9.1, 1.9, N_C)

    def test_standard_errors(self) -> None:
        se = {"post_se_e": 2.0 / math.sqrt(N_E), "post_se_c": 1.9 / math.sqrt(N_C)}
        row = row_of({**MEANS, **se})
        assert number(row["estimate"]) == pytest.approx(float(self.EXPECTED.estimate), rel=1e-12)
        assert number(row["variance"]) == pytest.approx(float(self.EXPECTED.variance), rel=1e-12)
        assert row["derived_from"] == "post means and SDs of both arms (SD from SE)"

    @pytest.mark.parametrize("level", [0.95, 0.90, 0.99])
    def test_intervals_of_any_level_by_the_t_of_the_arm(self, level: float) -> None:
        cells: dict[str, object] = {"arm_ci_level": level}
        for arm, mean, sd, n in (("e", 10.2, 2.0, N_E), ("c", 9.1, 1.9, N_C)):
            half = float(stats.t.ppf((1 + level) / 2, n - 1)) * sd / math.sqrt(n)
            cells |= {f"post_ci_low_{arm}": mean - half, f"post_ci_high_{arm}": mean + half}
        # The means need not be printed: the interval of a mean lies around it.
        for given in (MEANS, {}):
            row = row_of({**cells, **given})
            assert number(row["estimate"]) == pytest.approx(float(self.EXPECTED.estimate), rel=1e-9)
            assert "95 %" not in str(row["assumptions"])
        if level == 0.95:
            row = row_of({**MEANS, **cells, "arm_ci_level": ""})
            assert number(row["estimate"]) == pytest.approx(float(self.EXPECTED.estimate), rel=1e-9)
            assert "taken as 95 %" in str(row["assumptions"])

    def test_medians_with_quartiles_or_ranges_name_the_assumption(self) -> None:
        # Luo 2018 eq. 11 and Wan 2014 eq. 16, written out.
        cells = {
            f"post_{name}_{arm}": v for arm in "ec" for name, v in (("q1", 8), ("median", 10), ("q3", 13))
        }
        row = row_of(cells | {"post_median_c": 9})
        weight = [0.7 + 0.39 / n for n in (N_E, N_C)]
        means = [w * 10.5 + (1 - w) * m for w, m in zip(weight, (10, 9), strict=True)]
        sds = [5 / (2 * stats.norm.ppf((0.75 * n - 0.125) / (n + 0.25))) for n in (N_E, N_C)]
        expected = g_from_means(means[0], sds[0], N_E, means[1], sds[1], N_C)
        assert number(row["estimate"]) == pytest.approx(float(expected.estimate), rel=1e-12)
        assert "scores roughly normal" in str(row["assumptions"])
        assert "median and quartiles" in str(row["derived_from"])

    def test_changes_by_the_paired_t_or_p_of_each_arm(self) -> None:
        # Handbook 6.5.2.3 for one arm: SE = |mean change| / t.
        t_c = float(stats.t.isf(0.21 / 2, N_C - 1))
        row = row_of({"change_mean_e": 1.8, "t_within_e": -5.0, "change_mean_c": 0.5, "p_within_c": "0.21"})
        expected = g_from_means(
            *(1.8, 1.8 / 5 * math.sqrt(N_E), N_E, 0.5, 0.5 / t_c * math.sqrt(N_C), N_C, CHANGE)
        )
        assert number(row["estimate"]) == pytest.approx(float(expected.estimate), rel=1e-12)
        assert row["metric_scale"] == "change"

    def test_people_measured_after_are_the_ones_that_count(self) -> None:
        row = row_of({**MEANS, "post_sd_e": 2.0, "post_sd_c": 1.9, "post_n_e": 12, "post_n_c": 11})
        expected = g_from_means(10.2, 2.0, 12, 9.1, 1.9, 11)
        assert number(row["estimate"]) == pytest.approx(float(expected.estimate), rel=1e-12)
        assert (row["n_e"], row["n_c"]) == (12, 11)

    def test_percent_changes_determine_an_effect_with_the_means_and_sds_before_alone(self) -> None:
        percent = {"change_percent_e": 12, "change_percent_c": 3}
        alone = row_of({**percent, "direction": "favours_e"})
        assert alone["kind"] == "sign"
        assert "rule h" in str(alone["reason"])
        before = {"pre_mean_e": 10.0, "pre_sd_e": 2.1, "pre_mean_c": 10.5, "pre_sd_c": 2.2}
        row = row_of({**percent, **before})
        expected = g_from_pre_post(1.2, 2.1, N_E, 0.315, 2.2, N_C, DEFAULT_CORRELATION)
        assert number(row["estimate"]) == pytest.approx(float(expected.estimate), rel=1e-12)
        assert "percent" in str(row["assumptions"])


class TestTests:
    @pytest.mark.parametrize(
        ("cells", "t"),
        [
            ({"t_between": "2.5"}, 2.5),
            ({"f_between": "6.25", "f_df1": "1"}, 2.5),
            ({"f_between": "6.25"}, 2.5),
            ({"r_between": repr(2.5 / math.sqrt(2.5**2 + 27))}, 2.5),
            ({"chi2_between": repr(2.5**2 / (2.5**2 + 27) * 29)}, 2.5),
        ],
    )
    @pytest.mark.parametrize(
        ("test", "factor"), [("post", 1.0), ("change", CHANGE), ("ancova", math.sqrt(0.51))]
    )
    def test_statistics_of_the_comparison(
        self, cells: dict[str, object], t: float, test: str, factor: float
    ) -> None:
        row = row_of({**cells, "test_between": test, "direction": "favours_e"})
        expected = g_from_t(t, N_E, N_C, factor)
        assert number(row["estimate"]) == pytest.approx(float(expected.estimate), rel=1e-9)
        assert number(row["variance"]) == pytest.approx(float(expected.variance), rel=1e-9)
        against = row_of({**cells, "test_between": test, "direction": "favours_c"})
        assert number(against["estimate"]) == pytest.approx(-number(row["estimate"]))

    def test_statistics_without_a_side_are_symmetric(self) -> None:
        for cells in ({"f_between": "6.25", "f_df1": "1"}, {"chi2_between": "5"}):
            row = row_of({**cells, "better": ""})
            assert row["kind"] == "interval"
            assert number(row["low"]) == -number(row["high"])

    def test_an_f_of_more_arms_and_a_chi_squared_of_more_than_everybody_leave_the_sign(self) -> None:
        for cells, why in (
            ({"f_between": "6.2", "f_df1": "2"}, "more than one"),
            ({"chi2_between": 29}, "chi-squared"),
        ):
            row = row_of({**cells, "direction": "favours_e"})
            assert row["kind"] == "sign"
            assert why in str(row["reason"])

    def test_people_from_the_degrees_of_freedom(self) -> None:
        cells = {"n_e": "", "n_c": "", "t_between": 2.5, "df_between": 27, "test_between": "post"}
        row = row_of(cells)
        assert number(row["estimate"]) == pytest.approx(float(g_from_t(2.5, 14.5, 14.5).estimate))
        assert "df + 2 = 29 people" in str(row["assumptions"])
        known = row_of({**cells, "n_e": 20})
        assert (known["n_e"], known["n_c"]) == (20, 9)
        clash = row_of({**cells, "n_e": N_E, "n_c": N_C, "df_between": 40})
        assert "would need 42 people" in str(clash["assumptions"])


class TestAdjusted:
    def test_interval_over_the_arms_sds_needs_no_correlation(self) -> None:
        low, high = 0.2, 2.2
        cells = {"adjusted_difference": 1.2, "adjusted_ci_low": low, "adjusted_ci_high": high}
        row = row_of({**cells, **FULL, "effect_sign": "pos_favours_e"})
        sd = math.sqrt(((N_E - 1) * 2.1**2 + (N_C - 1) * 2.0**2) / 27)
        j = float(hedges_j(27))
        se = (high - low) / 2 / float(stats.t.isf(0.025, 26))
        g = j * 1.2 / sd
        assert number(row["estimate"]) == pytest.approx(g, rel=1e-12)
        assert number(row["variance"]) == pytest.approx((j * se / sd) ** 2 + g**2 / 58, rel=1e-12)
        assert (row["metric_scale"], row["assumptions"]) == ("ancova", "")

    def test_without_sds_its_t_is_brought_to_raw_scores_with_r(self) -> None:
        row = row_of({"adjusted_difference": 1.2, "adjusted_se": 0.5, "effect_sign": "pos_favours_e"})
        assert number(row["estimate"]) == pytest.approx(
            float(g_from_t(2.4, N_E, N_C, math.sqrt(0.51)).estimate)
        )
        assert "sqrt(1-r²), r = 0.7" in str(row["assumptions"])
        assert row["metric_scale"] == "ancova"

    def test_it_implies_ancova_for_the_p_of_the_row(self) -> None:
        row = row_of({"adjusted_difference": 1.2, "p_between": "0.02", "direction": "favours_e"})
        t = float(stats.t.isf(0.01, 27))
        assert number(row["estimate"]) == pytest.approx(
            float(g_from_t(t, N_E, N_C, math.sqrt(0.51)).estimate)
        )

    def test_as_a_mean_difference_it_is_what_is_printed(self) -> None:
        cells = {"adjusted_difference": 1.2, "adjusted_se": 0.5, "effect_sign": "neg_favours_e"}
        row = row_of({**cells, **FULL}, "MD")
        assert (row["estimate"], row["metric_scale"]) == (-1.2, "ancova")
        assert number(row["variance"]) == pytest.approx(0.25)


class TestChoice:
    """Rank of evidence, then assumptions on the estimate, then all assumptions, then the registry's order."""

    def test_everything_at_once(self) -> None:
        cells = {
            **FULL,
            **{"adjusted_difference": 1.3, "adjusted_se": 0.5, "effect_sign": "pos_favours_e"},
            **{"t_between": 2.4, "p_between": "0.02", "direction": "favours_e", "test_between": "post"},
        }
        assert codes_of(cells) == ["adjusted_over_sds", "pre_post", "post", "adjusted", "t", "exact_p"]

    def test_a_difference_with_its_interval_goes_over_the_sds_where_they_are_printed(self) -> None:
        md = {
            **{"effect_metric": "MD", "effect": 1.2, "ci_low": 0.2, "ci_high": 2.2},
            **{"effect_sign": "pos_favours_e", "test_between": "change"},
        }
        assert codes_of({**md, "post_sd_e": 2.0, "post_sd_c": 2.1}) == ["difference_over_sds", "difference"]
        assert codes_of(md) == ["difference"]

    def test_arms_that_tell_their_own_correlation_assume_nothing(self) -> None:
        own = {**FULL, "change_sd_e": "1.4", "change_sd_c": "1.6"}
        row = row_of(own)
        r = [(2.1**2 + 2.2**2 - 1.4**2) / (2 * 2.1 * 2.2), (2.0**2 + 2.4**2 - 1.6**2) / (2 * 2.0 * 2.4)]
        z = sum((n - 3) * math.atanh(x) for n, x in zip((N_E, N_C), r, strict=True)) / (N_E + N_C - 6)
        expected = g_from_pre_post(1.8, 2.1, N_E, 0.5, 2.0, N_C, math.tanh(z))
        assert row["assumptions"] == ""
        assert number(row["variance"]) == pytest.approx(float(expected.variance), rel=1e-12)
        for r_assumed in (0.2, 0.9):
            assert row_of(own, correlation=r_assumed)["variance"] == row["variance"]
        assert codes_of(own) == ["pre_post", "post", "change"]

    def test_one_arms_correlation_serves_both_and_says_so(self) -> None:
        row = row_of({**FULL, "r_e": "0.55"})
        expected = g_from_pre_post(1.8, 2.1, N_E, 0.5, 2.0, N_C, 0.55)
        assert number(row["variance"]) == pytest.approx(float(expected.variance), rel=1e-12)
        assert "one arm taken for both" in str(row["assumptions"])

    def test_sds_that_contradict_one_another_are_named_and_not_used(self) -> None:
        row = row_of({**FULL, "change_sd_e": "9.0"})
        assert "contradict one another" in str(row["assumptions"])
        expected = g_from_pre_post(1.8, 2.1, N_E, 0.5, 2.0, N_C, DEFAULT_CORRELATION)
        assert number(row["variance"]) == pytest.approx(float(expected.variance), rel=1e-12)

    def test_a_printed_change_that_is_not_the_difference_of_the_means_is_named(self) -> None:
        # 1.84 may be 12.0 - 10.2 by rounding (12.049 - 10.151 is 1.898); 18 is a percentage, say.
        near = row_of({**FULL, "change_mean_e": "1.84"})
        assert "printed change" not in str(near["assumptions"])
        far = row_of({**FULL, "post_sd_e": "", "change_mean_e": "18", "change_mean_c": "5"})
        assert "printed change 18 of the first arm is not 12.0 - 10.2" in str(far["assumptions"])

    def test_the_sd_of_a_change_goes_with_the_mean_that_is_printed_beside_it(self) -> None:
        cells = {**FULL, "change_mean_e": "18", "change_sd_e": "9", "change_mean_c": "5", "change_sd_c": "8"}
        lines = ev.effect_sizes(studies_of({**BASE, **cells}), measure="SMD").derivations.set_index("code")
        r = DEFAULT_CORRELATION
        expected = g_from_means(18, 9, N_E, 5, 8, N_C, math.sqrt(2 * (1 - r)))
        assert lines.loc["change", "estimate"] == pytest.approx(float(expected.estimate))
        without = row_of({**FULL, "change_sd_e": "1.4", "change_sd_c": "1.6"}, "MD")
        assert number(without["estimate"]) == pytest.approx(1.3)
        assert number(without["variance"]) == pytest.approx(1.4**2 / N_E + 1.6**2 / N_C)

    def test_alternatives_are_there_in_numbers(self) -> None:
        effects = ev.effect_sizes(studies_of({**BASE, **FULL, "p_between": "0.02"}), measure="SMD")
        lines = effects.derivations
        assert lines["taken"].tolist() == [True, False, False]
        taken = lines.iloc[0]
        assert taken["estimate"] == effects.table.loc[0, "estimate"]
        assert taken["rounding_low"] == effects.table.loc[0, "rounding_low"]
        assert taken["rounding_low"] < taken["estimate"] < taken["rounding_high"]
        post = g_from_means(12.0, 2.2, N_E, 10.5, 2.4, N_C)
        assert lines.loc[1, "estimate"] == pytest.approx(float(post.estimate), rel=1e-12)
        assert f"{lines.loc[1, 'estimate']:.3f}" in effects.table.loc[0, "alternatives"]

    def test_effects_at_hand_have_no_derivations(self) -> None:
        with pytest.raises(ev.ModelError, match="not made from studies"):
            _ = ev.effects_from([0.1], variance=[0.1]).derivations


class TestMeasures:
    def test_the_list_of_codes_is_that_of_the_readers(self) -> None:
        assert list(READABLE) == list(ROW_CODES)

    def test_mean_difference_of_changes_with_the_arms_own_variances(self) -> None:
        row = row_of(FULL, "MD")
        change = [2.1**2 + 2.2**2 - 1.4 * 2.1 * 2.2, 2.0**2 + 2.4**2 - 1.4 * 2.0 * 2.4]
        assert number(row["estimate"]) == pytest.approx(1.3)
        assert number(row["variance"]) == pytest.approx(change[0] / N_E + change[1] / N_C)
        assert "(variance only)" in str(row["assumptions"])
        final = row_of({**FULL, "pre_mean_e": "", "pre_mean_c": ""}, "MD")
        assert number(final["estimate"]) == pytest.approx(1.5)
        assert number(final["variance"]) == pytest.approx(2.2**2 / N_E + 2.4**2 / N_C)

    def test_mean_difference_with_interval_test_or_exact_p(self) -> None:
        md = {"effect_metric": "MD", "effect": "1.2", "effect_sign": "pos_favours_e"}
        printed = row_of({**md, "ci_low": "0.2", "ci_high": "2.2"}, "MD")
        se = 1.0 / float(stats.t.isf(0.025, 27))
        assert number(printed["variance"]) == pytest.approx(se**2)
        tested = row_of({**md, "p_between": "0.02"}, "MD")
        assert number(tested["variance"]) == pytest.approx((1.2 / float(stats.t.isf(0.01, 27))) ** 2)
        by_t = row_of({**MEANS, "t_between": "2.0", "test_between": "post"}, "MD")
        assert number(by_t["variance"]) == pytest.approx((1.1 / 2.0) ** 2)
        unknown = row_of({**md, "ci_low": "0.2", "ci_high": "2.2", "n_e": "", "n_c": ""}, "MD")
        assert number(unknown["variance"]) == pytest.approx((1.0 / float(stats.norm.isf(0.025))) ** 2)
        assert "not known" in str(unknown["assumptions"])

    def test_a_test_of_changes_is_not_put_under_final_means(self) -> None:
        row = row_of({**MEANS, "p_between": "0.02", "test_between": "change", "direction": "favours_e"}, "MD")
        assert row["kind"] == "sign"

    def test_differences_in_several_units_are_noted(self) -> None:
        rows = [{**BASE, **FULL, "unit": unit} for unit in ("cm", "s")]
        assert any("several units" in note for note in ev.effect_sizes(studies_of(*rows), measure="MD").notes)

    def test_ratio_of_means_is_displayed_the_way_round_that_it_was_printed(self) -> None:
        up, down = (row_of({**FULL, "better": better}, "ROM") for better in ("higher", "lower"))
        assert number(up["estimate"]) == -number(down["estimate"])
        assert (up["display_sign"], down["display_sign"]) == (1, -1)
        door = ev.effect_size("ROM", m1i=[12.0], sd1i=[2.2], n1i=[N_E], m2i=[10.5], sd2i=[2.4], n2i=[N_C])
        assert number(up["estimate"]) == pytest.approx(float(door.estimate[0]), rel=1e-12)
        assert number(up["variance"]) == pytest.approx(float(door.variance[0]), rel=1e-12)

    def test_ratio_of_means_needs_positive_ones(self) -> None:
        row = row_of({**FULL, "post_mean_c": "-1", "direction": "favours_e"}, "ROM")
        assert (row["kind"], "positive" in str(row["reason"])) == ("sign", True)

    def test_ratio_of_means_with_the_sd_that_a_test_tells(self) -> None:
        sd = 1.1 / float(stats.t.isf(0.01, 27)) / math.sqrt(1 / N_E + 1 / N_C)
        row = row_of({**MEANS, "p_between": "0.02"}, "ROM")
        door = ev.effect_size("ROM", m1i=[10.2], sd1i=[sd], n1i=[N_E], m2i=[9.1], sd2i=[sd], n2i=[N_C])
        assert number(row["estimate"]) == pytest.approx(float(door.estimate[0]), rel=1e-12)
        assert number(row["variance"]) == pytest.approx(float(door.variance[0]), rel=1e-12)

    @pytest.mark.parametrize("code", ["SMDH", "SMD1"])
    def test_variants_of_the_smd_go_through_the_array_door(self, code: str) -> None:
        row = row_of(FULL, code)
        door = ev.effect_size(code, m1i=[12.0], sd1i=[2.2], n1i=[N_E], m2i=[10.5], sd2i=[2.4], n2i=[N_C])
        assert number(row["estimate"]) == pytest.approx(float(door.estimate[0]), rel=1e-12)
        assert number(row["variance"]) == pytest.approx(float(door.variance[0]), rel=1e-12)

    @pytest.mark.parametrize("code", ["DPPC1", "DPPC2", "d_ppc1", "D_PPC2"])
    def test_changes_by_baseline_sds_go_through_the_array_door(self, code: str) -> None:
        row = row_of(FULL, code)
        arms = {"pre1i": [10.2], "post1i": [12.0], "sdpre1i": [2.1], "n1i": [N_E]}
        arms |= {"pre2i": [10.0], "post2i": [10.5], "sdpre2i": [2.0], "n2i": [N_C]}
        door = ev.effect_size(code.replace("_", "").upper(), **arms, ri=[0.7])
        assert number(row["estimate"]) == pytest.approx(float(door.estimate[0]), rel=1e-12)
        assert number(row["variance"]) == pytest.approx(float(door.variance[0]), rel=1e-12)

    def test_risk_difference_counts_fewer_events_as_better(self) -> None:
        cells = {"events_e": 3, "total_e": 20, "events_c": 8, "total_c": 20}
        row = row_of({**cells, "better": ""}, "RD")
        assert number(row["estimate"]) == pytest.approx(0.25)
        assert number(row["variance"]) == pytest.approx(0.15 * 0.85 / 20 + 0.4 * 0.6 / 20)
        assert number(row_of(cells, "RD")["estimate"]) == pytest.approx(-0.25)
        none = row_of({"events_e": 0, "total_e": 20, "events_c": 0, "total_c": 20}, "RD")
        assert (none["estimate"], number(none["variance"]) > 0) == (0.0, True)

    def test_an_unknown_measure_lists_those_that_are_read(self) -> None:
        with pytest.raises(ev.ModelError, match="SMD, RR, IRR, HR, OR, MD, ROM, RD"):
            ev.effect_sizes(studies_of({"direction": "favours_e"}), measure="ZCOR")


class TestBadInput:
    """An error that names row and column, or a named reason: never NaN in a formula, never a row less."""

    @pytest.mark.parametrize(
        ("cells", "column"),
        [
            ({**FULL, "post_sd_e": "0"}, "post_sd_e"),
            ({**FULL, "pre_sd_c": "-2"}, "pre_sd_c"),
            ({"events_e": 21, "total_e": 20, "events_c": 1, "total_c": 20}, "events_e"),
            ({"effect_metric": "MD", "effect": 1, "ci_low": 3, "ci_high": 2}, "ci_low"),
            ({"effect_metric": "OR", "effect": "inf"}, "effect"),
            ({"effect_metric": "OR", "effect": "0"}, "effect"),
            ({"n_e": 0}, "n_e"),
        ],
    )
    def test_errors_name_row_and_column(self, cells: dict[str, object], column: str) -> None:
        with pytest.raises(ev.StudyDataError) as caught:
            row_of(cells)
        assert any((p.row, p.column) == ("r000", column) for p in caught.value.problems)

    @pytest.mark.parametrize("measure", ROW_CODES)
    @pytest.mark.parametrize(
        "cells",
        [
            {**FULL, "n_e": 1},
            {**FULL, "better": ""},
            {**MEANS, "post_se_e": 0.5, "post_se_c": 0.5, "n_e": 1, "n_c": 1},
            {"p_between": "0.000", "direction": "favours_e"},
            {"p_between": "1", "direction": "favours_e"},
            {"t_between": "0"},
            {"f_between": "0", "f_df1": "1"},
            {"effect_metric": "MD", "effect": "0", "p_between": "0.9"},
            {"change_mean_e": "0", "t_within_e": "0", "change_mean_c": "1", "t_within_c": "2"},
            {
                "post_median_e": 1,
                "post_q1_e": 1,
                "post_q3_e": 1,
                "post_median_c": 1,
                "post_q1_c": 1,
                "post_q3_c": 2,
            },
            {"events_e": 0, "total_e": 20, "events_c": 0, "total_c": 20},
            {"events_e": 20, "total_e": 20, "events_c": 20, "total_c": 20},
            {"df_between": "0.5", "n_e": "", "n_c": "", "t_between": 3},
            {**FULL, "arm_design": "crossover"},
        ],
    )
    def test_every_row_comes_back_with_numbers_or_a_reason(
        self, cells: dict[str, object], measure: str
    ) -> None:
        row = row_of(cells, measure)
        assert "nan" not in str(row["formula"]).lower()
        if row["kind"] == "exact":
            assert math.isfinite(number(row["estimate"]))
            assert 0 < number(row["variance"]) < math.inf
            assert number(row["rounding_low"]) <= number(row["estimate"]) <= number(row["rounding_high"])
        elif row["kind"] == "interval":
            assert 0 < number(row["variance"]) < math.inf
            assert number(row["low"]) <= number(row["high"])
        else:
            assert row["reason"]

    def test_a_p_printed_as_zero_is_a_bound(self) -> None:
        row = row_of({"p_between": "0.000", "direction": "favours_e"})
        assert (row["kind"], row["high"]) == ("interval", math.inf)


class TestRegistry:
    def test_codes_are_names_and_ranks_do_not_fall(self) -> None:
        for derivations in (*READABLE.values(), PAIRED_SMD, PAIRED_MD):
            codes = [each.code for each in derivations]
            assert len(set(codes)) == len(codes)
            assert [each.rank for each in derivations] == sorted(each.rank for each in derivations)
            assert all(each.says for each in derivations)

    def test_the_page_lists_every_derivation(self) -> None:
        page = (Path(__file__).parents[1] / "docs" / "reading_rules.md").read_text(encoding="utf-8")
        for derivations in (*READABLE.values(), PAIRED_SMD, PAIRED_MD):
            assert all(f"| `{each.code}` | {each.says} |" in page for each in derivations)
