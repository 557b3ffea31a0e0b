"""What the rules of reading make of rows that are incomplete, impossible or printed the other way round."""

from __future__ import annotations

import math
from typing import ClassVar

import pytest
from helpers_studies import effect_of, studies_of
from scipy import stats

import evidence as ev
from evidence.effects.formulas import critical_g

ARMS = {"arm_e": "new", "arm_c": "old", "n_e": 15, "n_c": 15, "better": "higher"}
BETWEEN = {**ARMS, "basis": "between_group_test"}
CHANGE = math.sqrt(2 * (1 - 0.7))
SMD = {
    "effect_metric": "SMD",
    "effect": "0.5",
    "ci_low": "0.1",
    "ci_high": "0.9",
    "ci_level": "0.95",
    "effect_sign": "pos_favours_e",
}
ODDS = {
    "effect_metric": "OR",
    "effect": "0.5",
    "ci_low": "0.25",
    "ci_high": "1.0",
    "ci_level": "0.95",
    "effect_sign": "below1_favours_e",
}
MEANS = {
    "pre_mean_e": "10.0", "pre_sd_e": "2.0", "post_mean_e": "13.0", "post_sd_e": "2.2",
    "pre_mean_c": "10.5", "pre_sd_c": "2.4", "post_mean_c": "11.0", "post_sd_c": "2.5",
}  # fmt: skip
GOOD_EVENTS = {"events_e": 40, "total_e": 50, "events_c": 20, "total_c": 50, "better": "higher"}


class TestWithoutNumbersOfPeople:
    def test_printed_smd_with_its_interval_needs_none(self) -> None:
        row = effect_of({"basis": "between_group_test", **SMD})
        assert (row["kind"], row["estimate"]) == ("exact", 0.5)
        assert row["std_error"] == pytest.approx(0.8 / (2 * stats.norm.ppf(0.975)))

    def test_totals_of_the_arms_are_people(self) -> None:
        row = effect_of({"basis": "between_group_test", **GOOD_EVENTS}, measure="RR")
        assert (row["n_e"], row["people"]) == (50, 100)


class TestSideFromNumbers:
    """Where the print names no direction, its own numbers do (rules b and d: otherwise sign)."""

    @pytest.mark.parametrize(
        "row",
        [
            {**ARMS, "basis": "counts_or_means_only", "post_mean_e": 30, "post_mean_c": 27},
            {"better": "higher", "post_mean_e": 30, "post_sd_e": 3, "post_mean_c": 27, "post_sd_c": 3},
            {"effect_metric": "MD", "effect": "0.4", "effect_sign": "pos_favours_e", "signif_between": "yes"},
            {"effect_metric": "RR", "effect": "0.4", "effect_sign": "below1_favours_e"},
        ],
    )
    def test_the_side_is_kept(self, row: dict[str, object]) -> None:
        effect = effect_of({"basis": "between_group_test", **row})
        assert (effect["kind"], effect["low"]) == ("sign", 0)

    def test_significant_with_a_ratio_knows_its_side(self) -> None:
        ratio = {"effect_metric": "RR", "effect": "2", "effect_sign": "below1_favours_e"}
        row = effect_of({**BETWEEN, **ratio, "signif_between": "yes"})
        assert row["high"] == pytest.approx(-float(critical_g(0.05, 15, 15, CHANGE)))

    def test_a_printed_no_difference_outranks_the_numbers(self) -> None:
        row = effect_of({**BETWEEN, "direction": "no_difference", "post_mean_e": 30, "post_mean_c": 27})
        assert row["low"] == -float(str(row["high"]))

    def test_unclear_marks_are_a_sign_beside_an_exact_p_too(self) -> None:
        row = effect_of(
            {**BETWEEN, "p_between": "0.03", "signif_between": "unclear", "direction": "favours_e"}
        )
        assert row["kind"] == "sign"


class TestPrintedOrientation:
    OTHER_WAY: ClassVar = {**ODDS, "effect_sign": "above1_favours_e"}

    def test_more_of_a_good_event_is_a_ratio_above_one(self) -> None:
        effects = ev.effect_sizes(studies_of({**BETWEEN, **GOOD_EVENTS}), measure="RR")
        assert effects.table["estimate"].item() == pytest.approx(math.log(2))
        assert effects.display_sign == 1

    def test_fewer_events_are_a_ratio_below_one(self) -> None:
        effects = ev.effect_sizes(studies_of({**BETWEEN, **ODDS}), measure="OR")
        assert effects.table["estimate"].item() == pytest.approx(math.log(2))
        assert effects.display_sign == -1

    @pytest.mark.parametrize(("word", "side"), [("above1_favours_e", 1), ("below1_favours_e", -1)])
    def test_each_row_comes_back_as_printed(self, word: str, side: int) -> None:
        row = effect_of({**BETWEEN, **ODDS, "effect_sign": word}, measure="OR")
        assert math.exp(float(str(row["display_sign"])) * float(str(row["estimate"]))) == pytest.approx(0.5)
        assert math.copysign(1, float(str(row["estimate"]))) == -side

    def test_rows_printed_both_ways_are_noted(self) -> None:
        studies = studies_of({**BETWEEN, **ODDS}, {**BETWEEN, **self.OTHER_WAY})
        assert any("both ways round" in note for note in ev.effect_sizes(studies, measure="OR").notes)

    def test_stronger_hips_more_injuries(self) -> None:
        # jp_acl_cohort_bjsm51_388 prints the interval 1.793 to 67.534 and no estimate.
        risk = ev.example_studies().where(question="risk_factor", level="study")
        table = ev.effect_sizes(risk, measure="OR").table.set_index("row_id")
        row = table.loc["jp_acl_cohort_bjsm51_388_01"]
        assert math.exp(row["display_sign"] * row["estimate"]) == pytest.approx(math.sqrt(1.793 * 67.534))


class TestImpossibleNumbers:
    @pytest.mark.parametrize(
        ("effect", "low", "high"),
        [("100", "50", "99"), ("120", "50", "99"), ("40", "60", "90"), ("40", "40", "40")],
    )
    def test_reductions_that_no_ratio_can_be(self, effect: str, low: str, high: str) -> None:
        cells = {"effect_metric": "RRR", "effect": effect, "ci_low": low, "ci_high": high}
        cells |= {"ci_level": "0.95", "effect_sign": "pos_favours_e", "direction": "favours_e"}
        row = effect_of({**BETWEEN, **cells}, measure="RR")
        assert row["kind"] == "sign"
        assert row["reason"]

    def test_p_beyond_a_double_leaves_at_least_the_side(self) -> None:
        row = effect_of({**BETWEEN, "p_between": "1e-400", "direction": "favours_e"})
        assert row["kind"] in ("interval", "sign")
        assert row["low"] >= 0  # type: ignore[operator]

    def test_p_out_of_reach_of_five_people_is_no_infinite_effect(self) -> None:
        row = effect_of({**BETWEEN, "n_e": 2, "n_c": 3, "p_between": "1e-300", "direction": "favours_e"})
        assert row["kind"] == "sign" or math.isfinite(float(str(row["variance"])))

    def test_tiny_p_beside_a_ratio_has_a_standard_error(self) -> None:
        cells = {
            "effect_metric": "OR",
            "effect": "3",
            "effect_sign": "above1_favours_e",
            "p_between": "1e-20",
        }
        row = effect_of({**BETWEEN, **cells}, measure="OR")
        assert row["variance"] == pytest.approx((math.log(3) / -stats.norm.ppf(5e-21)) ** 2)


class TestReasons:
    """The reason names what is missing, not something else."""

    FLAT: ClassVar = {"effect_metric": "MD", "ci_low": "0.5", "ci_high": "0.5"}

    @pytest.mark.parametrize(
        ("row", "measure", "words"),
        [
            ({**ARMS, **MEANS, "better": "", "direction": "favours_e"}, "SMD", "`better` is blank"),
            ({**BETWEEN, "n_e": 1, "signif_between": "yes", "direction": "favours_e"}, "SMD", "one person"),
            ({**BETWEEN, "p_between": "<0.001"}, "SMD", "in whose favour is not printed"),
            ({**BETWEEN, "effect": "0.4", "direction": "favours_e"}, "SMD", "`effect_metric` is blank"),
            ({**BETWEEN, **SMD, **FLAT, "direction": "favours_e"}, "SMD", "no width"),
            ({**BETWEEN, "events_e": 0, "total_e": 9, "events_c": 0, "total_c": 9}, "RR", "no event"),
            ({**BETWEEN, **ODDS, "effect_metric": "RR", "ci_low": "0.6"}, "RR", "outside its own interval"),
        ],
    )
    def test_reason(self, row: dict[str, object], measure: str, words: str) -> None:
        assert words in str(effect_of(row, measure=measure)["reason"])


class TestArguments:
    def test_only_studies_are_taken(self) -> None:
        with pytest.raises(ev.ModelError, match="takes Studies"):
            ev.effect_sizes(studies_of({**BETWEEN}).table, measure="SMD")  # type: ignore[arg-type]

    @pytest.mark.parametrize("bad", [0, -1, math.inf, None, "half"])
    def test_continuity_outside_its_range_is_refused(self, bad: object) -> None:
        with pytest.raises(ev.ModelError, match="continuity"):
            ev.effect_sizes(studies_of({**BETWEEN}), measure="RR", continuity=bad)  # type: ignore[arg-type]
