"""Rows made of the worked examples of textbooks: what is printed goes in, the book's number comes out."""

from __future__ import annotations

import math

import pytest
from helpers_studies import effect_of, studies_of

import evidence as ev

BORENSTEIN = {"n_e": 50, "n_c": 50, "better": "higher", "test_between": "post"}
"""Borenstein, Hedges, Higgins & Rothstein 2009, Introduction to Meta-Analysis, chapter 4: means 103 and 100,
SDs 5.5 and 4.5, 50 people an arm. Mean difference 3.000 with variance 1.0100 (p. 22-23: SDs not pooled);
S_within 5.0249, d = 0.5970, J = 0.9923, g = 0.5924 (p. 26-27)."""

MEANS = {"post_mean_e": 103, "post_sd_e": "5.5", "post_mean_c": 100, "post_sd_c": "4.5"}

HANDBOOK = {
    **{"n_e": 129, "n_c": 135, "better": "higher"},
    **{"pre_mean_e": "15.2", "pre_sd_e": "6.4", "post_mean_e": "16.2", "post_sd_e": "7.1"},
    **{"pre_mean_c": "15.7", "pre_sd_c": "7.0", "post_mean_c": "17.2", "post_sd_c": "6.9"},
}
CHANGES = {"change_mean_e": "1.0", "change_sd_e": "4.5", "change_mean_c": "1.5", "change_sd_c": "4.2"}
"""Cochrane Handbook, version 6.4, table 6.5.a: two arms with baseline, final measurement and change."""


def number(value: object) -> float:
    return float(str(value))


class TestBorenstein2009:
    def test_chapter_4_standardised_mean_difference(self) -> None:
        row = effect_of({**BORENSTEIN, **MEANS})
        assert number(row["estimate"]) == pytest.approx(0.5924, abs=5e-5)

    def test_chapter_4_raw_mean_difference(self) -> None:
        row = effect_of({**BORENSTEIN, **MEANS}, measure="MD")
        assert number(row["estimate"]) == 3.0
        assert number(row["variance"]) == pytest.approx(1.0100, abs=5e-5)

    def test_the_same_by_the_t_of_the_comparison(self) -> None:
        # t = 3 / (5.0249·sqrt(2/50)) = 2.9851.
        row = effect_of({**BORENSTEIN, "t_between": "2.9851", "effect_sign": "pos_favours_e"})
        assert number(row["estimate"]) == pytest.approx(0.5924, abs=5e-5)
        by_f = effect_of({**BORENSTEIN, "f_between": "8.9109", "f_df1": 1, "direction": "favours_e"})
        assert number(by_f["estimate"]) == pytest.approx(0.5924, abs=5e-5)

    def test_chapter_5_risk_difference(self) -> None:
        # p. 38: 5/100 and 10/100 events: RD -0.0500, variance 0.00137... (0.001375).
        row = effect_of({"events_e": 5, "total_e": 100, "events_c": 10, "total_c": 100}, measure="RD")
        assert number(row["estimate"]) == pytest.approx(0.05)
        assert number(row["variance"]) == pytest.approx(0.05 * 0.95 / 100 + 0.10 * 0.90 / 100)


class TestHandbookTable65a:
    def test_correlations_of_the_arms_pooled(self) -> None:
        effects = ev.effect_sizes(studies_of({**HANDBOOK, **CHANGES}), measure="SMD", correlation="pooled")
        z = (126 * math.atanh(0.7826) + 132 * math.atanh(0.8175)) / 258
        assert effects.correlation == pytest.approx(math.tanh(z), abs=5e-4)

    def test_difference_of_the_changes_with_their_own_sds(self) -> None:
        row = effect_of({**HANDBOOK, **CHANGES}, measure="MD")
        assert number(row["estimate"]) == pytest.approx(-0.5)
        assert number(row["variance"]) == pytest.approx(4.5**2 / 129 + 4.2**2 / 135)

    def test_missing_sds_of_the_change_by_the_handbooks_correlation(self) -> None:
        # 6.5.2.8: with Corr = 0.80 the SDs of the change are 4.32 and 4.40 (sqrt(7² + 6.9² - 2·0.8·7·6.9)).
        row = effect_of(HANDBOOK, measure="MD", correlation=0.80)
        assert number(row["variance"]) == pytest.approx(4.32**2 / 129 + 4.40**2 / 135, rel=2e-3)
        assert "4.32 (from 6.4 and 7.1 with r = 0.8)" in str(row["formula"])


class TestHandbook6523:
    def test_a_difference_with_its_exact_p(self) -> None:
        # MD 3.8, p = 0.008, 25 and 22 people: t = 2.78, SE = 3.8/2.78 = 1.37.
        cells = {"n_e": 25, "n_c": 22, "better": "higher", "effect_metric": "MD", "effect": "3.8"}
        row = effect_of({**cells, "p_between": "0.008", "effect_sign": "pos_favours_e"}, measure="MD")
        assert math.sqrt(number(row["variance"])) == pytest.approx(1.37, abs=0.005)

    def test_limits_of_an_arm_of_25(self) -> None:
        # 6.5.2.2: 95 % limits 30.0 and 34.2 of 25 people by t with 24 df: SD = sqrt(25)·4.2/4.128 = 5.09.
        cells = {"n_e": 25, "n_c": 22, "better": "higher", "post_mean_c": "30", "post_sd_c": "5"}
        cells |= {
            "post_mean_e": "32.1",
            "post_ci_low_e": "30.0",
            "post_ci_high_e": "34.2",
            "arm_ci_level": "0.95",
        }
        assert "= 5.087" in str(effect_of(cells)["formula"])
