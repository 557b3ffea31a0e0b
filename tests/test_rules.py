"""The rules of reading a to k (docs/reading_rules.md), each on a row made for it."""

from __future__ import annotations

import math
from typing import ClassVar

import pytest
from helpers_studies import effect_of, studies_of
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

import evidence as ev
from evidence.effects.formulas import critical_g, g_from_pre_post, g_from_t, hedges_j, smd_variance
from evidence.effects.main_time import outcome_stem

ARMS = {"arm_e": "new", "arm_c": "old", "n_e": 15, "n_c": 15, "better": "higher"}
BETWEEN = {**ARMS, "basis": "between_group_test"}
R = 0.7
CHANGE = math.sqrt(2 * (1 - R))
MEANS = {
    "pre_mean_e": "10.0",
    "pre_sd_e": "2.0",
    "post_mean_e": "13.0",
    "post_sd_e": "2.2",
    "pre_mean_c": "10.5",
    "pre_sd_c": "2.4",
    "post_mean_c": "11.0",
    "post_sd_c": "2.5",
}


def critical(p: float, n: float = 15, factor: float = CHANGE) -> float:
    """Critical g by the formula of rule g, written out with scipy's t."""
    df = 2 * n - 2
    return float(stats.t.isf(p / 2, df) * hedges_j(df) * math.sqrt(2 / n) * factor)


class TestRuleA:
    """Sound numbers, then an exact p, then a p-band, then words, then the direction."""

    def test_numbers_outrank_the_p(self) -> None:
        row = effect_of(
            {**BETWEEN, **MEANS, "p_between": "0.03", "direction": "favours_e", "signif_between": "yes"}
        )
        expected = g_from_pre_post(3.0, 2.0, 15, 0.5, 2.4, 15, R)
        assert row["kind"] == "exact"
        assert row["estimate"] == pytest.approx(float(expected.estimate))
        assert row["variance"] == pytest.approx(float(expected.variance))
        assert "exact p" in str(row["alternatives"])

    def test_exact_p_outranks_words(self) -> None:
        row = effect_of({**BETWEEN, "p_between": "0.03", "direction": "favours_c", "signif_between": "yes"})
        assert row["kind"] == "exact"
        assert row["estimate"] == pytest.approx(-critical(0.03))

    def test_band_outranks_the_word(self) -> None:
        row = effect_of({**BETWEEN, "p_between": "<0.01", "direction": "favours_e", "signif_between": "yes"})
        assert (row["kind"], row["high"]) == ("interval", math.inf)
        assert row["low"] == pytest.approx(critical(0.01))

    def test_significant_alone_is_a_half_line_from_the_critical_value(self) -> None:
        row = effect_of({**BETWEEN, "direction": "favours_c", "signif_between": "yes"})
        assert row["low"] == -math.inf
        assert row["high"] == pytest.approx(-critical(0.05))
        # The variance is fixed at the limit nearest zero.
        assert row["variance"] == pytest.approx(float(smd_variance(critical(0.05), 15, 15, CHANGE)))

    def test_no_difference_lies_between_the_critical_values(self) -> None:
        row = effect_of({**BETWEEN, "direction": "no_difference", "signif_between": "no"})
        assert row["low"] == pytest.approx(-critical(0.05))
        assert row["high"] == pytest.approx(critical(0.05))
        assert row["variance"] == pytest.approx(float(smd_variance(0, 15, 15, CHANGE)))

    def test_no_difference_with_a_side_lies_between_zero_and_the_critical_value(self) -> None:
        row = effect_of({**BETWEEN, "direction": "favours_e", "signif_between": "no"})
        assert row["low"] == 0
        assert row["high"] == pytest.approx(critical(0.05))

    def test_significant_without_a_side_is_unusable(self) -> None:
        row = effect_of({**BETWEEN, "direction": "unclear", "signif_between": "yes"})
        assert row["kind"] == "unusable"
        assert "in whose favour" in str(row["reason"])

    def test_adjusted_effect_of_a_cluster_trial_outranks_its_counts(self) -> None:
        printed = {
            "effect_metric": "RR",
            "effect": "0.5",
            "ci_low": "0.25",
            "ci_high": "1.0",
            "ci_level": "0.95",
        }
        counts = {"events_e": 10, "total_e": 100, "events_c": 15, "total_c": 100}
        base = {**BETWEEN, **printed, **counts, "better": "lower", "effect_sign": "below1_favours_e"}
        cluster = effect_of({**base, "arm_design": "cluster"}, measure="RR")
        parallel = effect_of({**base, "arm_design": "parallel"}, measure="RR")
        assert cluster["estimate"] == pytest.approx(-math.log(0.5))
        assert parallel["estimate"] == pytest.approx(-math.log(10 / 15))


class TestRuleB:
    def test_inferred_from_omission_is_an_interval_with_the_assumption_named(self) -> None:
        row = effect_of(
            {
                **ARMS,
                "basis": "inferred_from_omission",
                "direction": "no_difference",
                "signif_between": "no",
                "inferred": "yes",
            }
        )
        assert row["kind"] == "interval"
        assert "inferred" in str(row["assumptions"])
        assert "b" in str(row["rule"]).split()

    @pytest.mark.parametrize("measure", ["SMD", "RR"])
    def test_within_group_only_is_no_comparison(self, measure: str) -> None:
        row = effect_of(
            {
                **ARMS,
                "basis": "within_group_only",
                "direction": "favours_e",
                "signif_e": "yes",
                "signif_c": "no",
            },
            measure=measure,
        )
        assert row["kind"] == "unusable"

    def test_numbers_of_both_arms_compare_them_whatever_the_words(self) -> None:
        row = effect_of({**ARMS, **MEANS, "basis": "within_group_only", "direction": "favours_e"})
        assert row["kind"] == "exact"

    def test_means_without_dispersion_and_unclear_marks_are_a_sign(self) -> None:
        for basis, signif in (("counts_or_means_only", ""), ("between_group_test", "unclear")):
            row = effect_of({**ARMS, "basis": basis, "signif_between": signif, "direction": "favours_e"})
            assert (row["kind"], row["low"], row["high"]) == ("sign", 0, math.inf)
            assert math.isfinite(float(str(row["variance"])))


class TestRuleC:
    MD: ClassVar = {
        "effect_metric": "MD",
        "effect": "2.4",
        "ci_low": "-1.0",
        "ci_high": "5.8",
        "ci_level": "0.95",
    }

    def test_unclear_sign_gives_a_symmetric_interval(self) -> None:
        known = effect_of({**BETWEEN, **self.MD, "effect_sign": "pos_favours_e"})
        unclear = effect_of({**BETWEEN, **self.MD, "effect_sign": "unclear"})
        assert known["kind"] == "exact"
        assert unclear["kind"] == "interval"
        assert unclear["high"] == pytest.approx(float(str(known["estimate"])))
        assert unclear["low"] == pytest.approx(-float(str(known["estimate"])))

    @pytest.mark.parametrize(
        ("word", "side"),
        [("pos_favours_e", 1), ("neg_favours_e", -1), ("pos_favours_c", -1)],
    )
    def test_effect_sign_orients_and_better_does_not(self, word: str, side: int) -> None:
        rows = [
            effect_of({**BETWEEN, **self.MD, "effect_sign": word, "better": better})
            for better in ("higher", "lower", "")
        ]
        assert len({row["estimate"] for row in rows}) == 1
        assert math.copysign(1, float(str(rows[0]["estimate"]))) == side

    def test_better_orients_means_once(self) -> None:
        up = effect_of({**BETWEEN, **MEANS})
        down = effect_of({**BETWEEN, **MEANS, "better": "lower"})
        assert up["estimate"] == -float(str(down["estimate"]))
        assert up["variance"] == down["variance"]

    def test_exact_p_without_direction_is_symmetric(self) -> None:
        row = effect_of({**BETWEEN, "p_between": "0.064", "direction": "no_difference"})
        assert (row["low"], row["high"]) == (pytest.approx(-critical(0.064)), pytest.approx(critical(0.064)))


class TestRuleD:
    NO_N: ClassVar = {
        "arm_e": "new",
        "arm_c": "old",
        "basis": "between_group_test",
        "signif_between": "yes",
        "direction": "favours_e",
    }

    def test_people_known_in_all_are_split_equally(self) -> None:
        row = effect_of(self.NO_N, info=[{"study": "s000", "n_total": 29}])
        assert (row["n_e"], row["n_c"]) == (14.5, 14.5)
        assert row["low"] == pytest.approx(critical(0.05, 14.5))
        assert "29 people split equally" in str(row["assumptions"])

    def test_not_over_three_arms(self) -> None:
        row = effect_of(self.NO_N, info=[{"study": "s000", "n_total": 45, "arms": 3}])
        assert row["kind"] == "sign"
        assert math.isnan(float(str(row["variance"])))

    def test_not_in_a_cohort(self) -> None:
        row = effect_of(
            {**self.NO_N, "basis": "association", "direction": "supports_factor"},
            info=[{"study": "s000", "n_total": 500}],
        )
        assert row["kind"] == "sign"

    def test_one_group_known_gives_the_other(self) -> None:
        row = effect_of({**self.NO_N, "n_e": 9}, info=[{"study": "s000", "n_total": 278}])
        assert (row["n_e"], row["n_c"]) == (9, 269)

    def test_no_number_anywhere_leaves_the_sign(self) -> None:
        row = effect_of(self.NO_N)
        assert row["kind"] == "sign"
        assert "rule d" in str(row["reason"])


class TestRuleE:
    @pytest.mark.parametrize("p", ["0.05", "0.01", "0.001"])
    def test_round_p_beside_significant_is_a_threshold(self, p: str) -> None:
        row = effect_of({**BETWEEN, "p_between": p, "signif_between": "yes", "direction": "favours_e"})
        assert row["kind"] == "interval"
        assert row["low"] == pytest.approx(critical(float(p)))

    @pytest.mark.parametrize(("p", "signif"), [("0.05", "no"), ("0.04", "yes"), ("0.002", "yes")])
    def test_other_p_are_exact(self, p: str, signif: str) -> None:
        row = effect_of({**BETWEEN, "p_between": p, "signif_between": signif, "direction": "favours_e"})
        assert row["kind"] == "exact"
        assert row["estimate"] == pytest.approx(critical(float(p)))

    def test_zero_to_three_places_is_below_half_a_thousandth(self) -> None:
        row = effect_of({**BETWEEN, "p_between": "0.000", "signif_between": "yes", "direction": "favours_e"})
        assert row["low"] == pytest.approx(critical(0.0005))

    def test_rounding_of_an_exact_p_is_shown(self) -> None:
        row = effect_of({**BETWEEN, "p_between": "0.03", "direction": "favours_e"})
        low, high = critical(0.035), critical(0.025)
        assert f"between {low:.3f} and {high:.3f}" in str(row["assumptions"])

    def test_one_sided_p_loses_to_the_printed_t(self) -> None:
        row = effect_of(
            {
                **BETWEEN,
                "effect_metric": "t",
                "effect": "1.823",
                "effect_sign": "pos_favours_e",
                "test_between": "post",
                "p_between": "0.039",
                "direction": "favours_e",
            }
        )
        assert row["estimate"] == pytest.approx(float(g_from_t(1.823, 15, 15).estimate))

    def test_p_of_an_equivalence_test_is_ignored(self) -> None:
        row = effect_of(
            {
                **BETWEEN,
                "p_between": "<0.0001",
                "test_between": "equivalence",
                "direction": "no_difference",
                "signif_between": "no",
            }
        )
        assert row["high"] == pytest.approx(critical(0.05))


class TestRuleF:
    def test_significance_follows_the_level_that_the_study_used(self) -> None:
        # An estimate outside its interval is not sound; what stays is the verdict, at 90 %.
        row = effect_of(
            {
                **BETWEEN,
                "effect_metric": "MD",
                "effect": "0.5",
                "ci_low": "-0.9",
                "ci_high": "0",
                "ci_level": "0.90",
                "effect_sign": "pos_favours_e",
                "signif_between": "no",
                "direction": "no_difference",
            }
        )
        assert row["high"] == pytest.approx(critical(0.10))
        assert "f" in str(row["rule"]).split()

    def test_standard_error_follows_the_level(self) -> None:
        md = {
            "effect_metric": "MD",
            "effect": "2",
            "ci_low": "-1",
            "ci_high": "5",
            "effect_sign": "pos_favours_e",
        }
        wide = effect_of({**BETWEEN, **md, "ci_level": "0.90"})
        t = 2 * stats.t.isf(0.05, 28) * 2 / 6
        assert wide["estimate"] == pytest.approx(float(g_from_t(t, 15, 15, CHANGE).estimate))


class TestRuleG:
    @pytest.mark.parametrize(
        ("test", "factor"),
        [
            ("post", 1.0),
            ("change", CHANGE),
            ("group_by_time", CHANGE),
            ("ancova", math.sqrt(1 - R**2)),
            ("", CHANGE),
        ],
    )
    def test_critical_value_is_brought_to_raw_score_units(self, test: str, factor: float) -> None:
        row = effect_of({**BETWEEN, "signif_between": "yes", "direction": "favours_e", "test_between": test})
        assert row["low"] == pytest.approx(float(critical_g(0.05, 15, 15, factor)))
        if test != "post":
            assert "r = 0.7" in str(row["assumptions"])

    def test_unstated_test_is_named(self) -> None:
        row = effect_of({**BETWEEN, "signif_between": "yes", "direction": "favours_e"})
        assert "not stated" in str(row["assumptions"])


class TestRuleH:
    def test_percent_changes_without_sd_are_never_an_effect(self) -> None:
        row = effect_of(
            {
                **BETWEEN,
                "unit": "% change",
                "change_mean_e": 12.5,
                "change_mean_c": 5.1,
                "signif_between": "yes",
                "direction": "favours_e",
            }
        )
        assert row["kind"] == "interval"
        assert row["derived_from"] == "significant"

    def test_events_without_totals_are_never_a_ratio(self) -> None:
        row = effect_of(
            {**BETWEEN, "better": "lower", "events_e": 285, "events_c": 665, "direction": "favours_e"},
            measure="RR",
        )
        assert row["kind"] == "sign"
        assert "totals are blank" in str(row["reason"])

    def test_same_people_in_both_arms_are_a_sign(self) -> None:
        row = effect_of(
            {
                **BETWEEN,
                "arm_design": "within_participant",
                "p_between": "<0.001",
                "signif_between": "yes",
                "direction": "favours_e",
            }
        )
        assert row["kind"] == "sign"
        assert "rule h" in str(row["reason"])


class TestRuleI:
    def test_the_time_point_nearest_the_end_of_treatment_is_the_main_one(self) -> None:
        rows = [
            {
                "row_id": f"r{week}",
                "study": "s",
                "outcome": f"pain at {week} weeks",
                "timepoint_weeks": week,
                **BETWEEN,
                "signif_between": "no",
                "direction": "no_difference",
            }
            for week in (4, 8, 34)
        ]
        effects = ev.effect_sizes(studies_of(*rows, info=[{"study": "s", "weeks": 8}]), measure="SMD")
        assert effects.table["main"].tolist() == [False, True, False]
        assert len(effects) == 3

    @pytest.mark.parametrize(
        ("outcome", "stem"),
        [
            ("pain at 6-month follow-up", "pain"),
            ("pain post-intervention", "pain"),
            ("AKPS at 12 months: hip v knee", "akps: hip v knee"),
            ("push-ups at 6 weeks", "push-ups"),
            ("6-min walk", "6-min walk"),
            ("20-m sprint", "20-m sprint"),
            ("physical function at end of intervention", "physical function"),
        ],
    )
    def test_words_about_time_are_not_part_of_the_outcome(self, outcome: str, stem: str) -> None:
        assert outcome_stem(outcome) == stem


class TestRuleJ:
    OR: ClassVar = {
        "effect_metric": "OR",
        "effect": "0.5",
        "ci_low": "0.25",
        "ci_high": "1.0",
        "ci_level": "0.95",
        "effect_sign": "below1_favours_e",
    }

    @pytest.mark.parametrize("metric", ["RR", "IRR", "HR"])
    @pytest.mark.parametrize("measure", ["RR", "IRR", "HR"])
    def test_risk_rate_and_hazard_ratios_are_one_family(self, metric: str, measure: str) -> None:
        row = effect_of({**BETWEEN, **self.OR, "effect_metric": metric}, measure=measure)
        assert row["kind"] == "exact"

    def test_odds_ratio_stays_apart_where_events_are_not_known_to_be_uncommon(self) -> None:
        row = effect_of({**BETWEEN, **self.OR, "direction": "favours_e"}, measure="RR")
        assert row["kind"] == "sign"
        assert "rule j" in str(row["reason"])

    def test_odds_ratio_joins_below_ten_percent(self) -> None:
        counts = {"events_e": 5, "total_e": 100, "events_c": 9, "total_c": 100, "arm_design": "cluster"}
        row = effect_of({**BETWEEN, **self.OR, **counts}, measure="RR")
        assert row["kind"] == "exact"
        assert "below 10 %" in str(row["assumptions"])

    def test_per_unit_odds_ratio_is_another_metric(self) -> None:
        row = effect_of(
            {**BETWEEN, **self.OR, "effect_per": "1 unit increase", "direction": "favours_e"}, measure="OR"
        )
        assert row["kind"] == "sign"

    def test_ratio_is_no_standardised_difference(self) -> None:
        row = effect_of({"basis": "between_group_test", **self.OR, "direction": "favours_e"})
        assert row["kind"] == "sign"


class TestWholeTable:
    def test_unknown_measure_lists_the_right_ones(self) -> None:
        studies = studies_of({**BETWEEN, "direction": "favours_e"})
        with pytest.raises(ev.ModelError, match="SMD, RR, IRR, HR, OR"):
            ev.effect_sizes(studies, measure="SMDX")

    def test_case_of_a_measure_does_not_matter(self) -> None:
        assert (
            ev.effect_sizes(studies_of({**BETWEEN, "direction": "favours_e"}), measure="smd").measure == "SMD"
        )

    @pytest.mark.parametrize("bad", [1, -1, 1.5, math.nan, "pooled"])
    def test_correlation_outside_its_range_is_refused(self, bad: object) -> None:
        with pytest.raises(ev.ModelError, match="correlation"):
            ev.effect_sizes(studies_of({**BETWEEN, "direction": "favours_e"}), measure="SMD", correlation=bad)  # type: ignore[arg-type]

    def test_no_events_in_either_arm_is_no_ratio(self) -> None:
        counts = {"events_e": 0, "total_e": 50, "events_c": 0, "total_c": 50}
        row = effect_of({**BETWEEN, **counts, "direction": "no_difference"}, measure="RR")
        assert row["kind"] == "unusable"

    @settings(max_examples=25, deadline=None)
    @given(
        data=st.lists(
            st.fixed_dictionaries(
                {
                    "n_e": st.one_of(st.just(""), st.integers(1, 60)),
                    "n_c": st.one_of(st.just(""), st.integers(1, 60)),
                    "p_between": st.sampled_from(["", "0.03", "<0.05", ">0.05", "0.000", "1", "0.05"]),
                    "signif_between": st.sampled_from(["", "yes", "no", "unclear"]),
                    "direction": st.sampled_from(["", "favours_e", "favours_c", "no_difference", "unclear"]),
                    "basis": st.sampled_from(
                        [
                            "",
                            "between_group_test",
                            "within_group_only",
                            "counts_or_means_only",
                            "inferred_from_omission",
                        ]
                    ),
                    "better": st.sampled_from(["", "higher", "lower"]),
                }
            ),
            min_size=1,
            max_size=8,
        ),
        measure=st.sampled_from(["SMD", "RR", "OR"]),
    )
    def test_every_row_comes_back_once_with_a_kind_and_a_reason(
        self, data: list[dict[str, object]], measure: str
    ) -> None:
        studies = studies_of(*data)
        table = ev.effect_sizes(studies, measure=measure).table
        assert table["row_id"].tolist() == studies.table["row_id"].tolist()
        for record in table.to_dict("records"):
            kind = record["kind"]
            assert kind in ("exact", "interval", "sign", "unusable")
            if kind == "exact":
                assert math.isfinite(record["estimate"])
                assert record["variance"] > 0
            elif kind == "interval":
                assert record["low"] < record["high"]
                assert record["variance"] > 0
            else:
                assert record["reason"]
