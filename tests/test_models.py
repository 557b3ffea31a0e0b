"""The verbs: which rows they take, what they refuse, and what they return."""

from __future__ import annotations

import dataclasses
import math

import numpy as np
import pandas as pd
import pytest
from helpers_effects import INF, NAN, effects_of, exact, interval, reference

import evidence as ev
from evidence.numerics.intervals import chi2_quantile


def _three() -> ev.Effects:
    return effects_of(exact(0.1, 0.02), exact(0.5, 0.03), exact(0.9, 0.04))


# --- random_effects and common_effect -----------------------------------------------------------------


def test_random_effects_returns_metafors_numbers() -> None:
    case = reference()["cases"]["edge_k40_bias"]
    fit = ev.random_effects(ev.effects_from(case["yi"], variance=case["vi"]))
    beta, se, statistic, p, low, high, pred_low, pred_high = case["tests"]["REML"]["HKSJ"]
    assert fit.estimate == pytest.approx(beta, rel=1e-9)
    assert fit.std_error == pytest.approx(se, rel=1e-9)
    assert (fit.conf_low, fit.conf_high) == pytest.approx((low, high), rel=1e-9)
    assert (fit.pred_low, fit.pred_high) == pytest.approx((pred_low, pred_high), rel=1e-9)
    assert fit.statistic == pytest.approx(statistic, rel=1e-9)
    assert fit.p_value == pytest.approx(p, rel=1e-8)
    assert fit.tau2 == pytest.approx(case["tau2"]["REML"], rel=1e-9)
    assert (fit.tau2_low, fit.tau2_high) == pytest.approx(case["tau2_ci"]["QP"]["REML"][:2], rel=1e-9)
    assert (fit.q, fit.q_p_value, fit.i2, fit.h2) == pytest.approx(case["het"]["REML"], rel=1e-8)
    assert fit.df == 39
    assert (fit.k, fit.n_studies) == (40, 40)


def test_common_effect_returns_metafors_numbers() -> None:
    case = reference()["cases"]["edge_k40_bias"]
    fit = ev.common_effect(ev.effects_from(case["yi"], variance=case["vi"]))
    beta, se, *_, low, high, _, _ = case["tests"]["EE"]["z"]
    assert (fit.estimate, fit.std_error) == pytest.approx((beta, se), rel=1e-9)
    assert (fit.conf_low, fit.conf_high) == pytest.approx((low, high), rel=1e-9)
    assert (fit.q, fit.q_p_value, fit.i2, fit.h2) == pytest.approx(case["het"]["EE"], rel=1e-8)
    assert fit.tau2 == 0.0
    assert fit.pred_low is None


@pytest.mark.parametrize("code", ["reml", "REML", "Reml"])
def test_codes_are_accepted_in_any_case(code: str) -> None:
    assert ev.random_effects(_three(), tau2=code, inference="hksj").method == "REML, HKSJ"


def test_a_wrong_code_lists_the_right_ones() -> None:
    with pytest.raises(ev.ModelError, match=r"tau2 must be one of DL, HE, .*REML.*did you mean REML"):
        ev.random_effects(_three(), tau2="remel")
    with pytest.raises(ev.ModelError, match="inference must be one of z, t, HKSJ, mHKSJ, profile"):
        ev.random_effects(_three(), inference="wald")


@pytest.mark.parametrize("said", ["REML", "DL"])
def test_profile_refuses_an_estimator_that_was_asked_for_by_name(said: str) -> None:
    with pytest.raises(ev.ModelError, match=r"tau2 must be 'ML'"):
        ev.random_effects(_three(), tau2=said, inference="profile")


def test_profile_without_a_named_estimator_is_by_ml_and_says_so() -> None:
    fit = ev.random_effects(_three(), inference="profile")
    named = ev.random_effects(_three(), tau2="ML", inference="profile")
    assert fit.method == named.method == "ML, profile"
    assert (fit.estimate, fit.conf_low, fit.tau2) == (named.estimate, named.conf_low, named.tau2)
    assert any("by ML, not by the default REML" in note for note in fit.notes)
    assert not any("by ML" in note for note in named.notes)
    assert ev.random_effects(_three()).method == "REML, HKSJ"


@pytest.mark.parametrize("level", [95, 0, 1.0, 0.3, -1])
def test_a_level_is_a_share(level: float) -> None:
    for verb in (ev.random_effects, ev.common_effect, ev.pool_partial):
        with pytest.raises(ev.ModelError, match=r"level must be a share between 0\.5 and 1"):
            verb(_three(), level=level)


@pytest.mark.parametrize("variance", [0.0, -0.1, INF, NAN])
@pytest.mark.parametrize("verb", [ev.common_effect, ev.random_effects, ev.pool_partial])
def test_an_impossible_variance_names_its_row(verb: object, variance: float) -> None:
    effects = effects_of(exact(0.1, 0.02), exact(0.5, 0.03))
    effects.table.loc[1, "variance"] = variance
    with pytest.raises(ev.ModelError, match="row r2: a variance is a positive finite number"):
        verb(effects)  # type: ignore[operator]


def test_an_infinite_effect_names_its_row() -> None:
    with pytest.raises(ev.ModelError, match="row r2: an effect is a finite number"):
        ev.random_effects(effects_of(exact(0.1, 0.02), exact(INF, 0.03)))


@pytest.mark.parametrize("verb", [ev.common_effect, ev.random_effects, ev.pool_partial])
def test_pooled_rows_never_meet_study_rows(verb: object) -> None:
    effects = effects_of(exact(0.1, 0.02), exact(0.5, 0.03, level="pooled", row_id="review_01"))
    with pytest.raises(ev.ModelError, match=r"never meet.*review_01.*level='study'"):
        verb(effects)  # type: ignore[operator]
    only = effects_of(exact(0.1, 0.02, level="pooled"), exact(0.5, 0.03, level="pooled"))
    with pytest.raises(ev.ModelError, match="context, never pooled again"):
        verb(only)  # type: ignore[operator]


@pytest.mark.parametrize("verb", [ev.common_effect, ev.random_effects])
def test_several_exact_rows_of_a_study_are_refused_with_the_ways_out(verb: object) -> None:
    effects = effects_of(exact(0.1, 0.02, study="a"), exact(0.5, 0.03, study="a"), exact(0.3, 0.04))
    with pytest.raises(ev.ModelError, match=r"not independent: a; .*pool_partial"):
        verb(effects)  # type: ignore[operator]


def test_several_measures_are_never_mixed() -> None:
    effects = effects_of(exact(0.1, 0.02, measure="SMD"), exact(0.5, 0.03, measure="MD"))
    with pytest.raises(ev.ModelError, match=r"several measures.*MD, SMD"):
        ev.random_effects(effects)


def test_every_row_left_out_is_listed_with_its_reason() -> None:
    effects = effects_of(
        exact(0.1, 0.02),
        exact(0.5, 0.03),
        interval(0.6, INF, 0.04),
        {"kind": "unusable", "reason": "a test within groups compares no arms"},
        exact(0.4, 0.03, main=False),
    )
    fit = ev.random_effects(effects)
    assert fit.rows["used"].tolist() == [True, True, False, False, False]
    reasons = fit.rows["why_not"].tolist()
    assert reasons[:2] == ["", ""]
    assert "pool_partial() uses it" in reasons[2]
    assert reasons[3] == "a test within groups compares no arms"
    assert "time point" in reasons[4]
    assert any("3 of 5 rows are left out" in note for note in fit.notes)
    assert fit.kinds == {"exact": 3, "interval": 1, "sign": 0, "unusable": 1}
    assert np.nansum(fit.rows["weight"]) == pytest.approx(100.0)


def test_an_hksj_interval_narrower_than_the_models_own_is_told() -> None:
    fit = ev.random_effects(effects_of(exact(0.44, 0.01), exact(0.46, 0.01), exact(0.45, 0.01)))
    assert fit.std_error < 0.01
    assert any("mHKSJ" in note for note in fit.notes)
    safe = ev.random_effects(
        effects_of(exact(0.44, 0.01), exact(0.46, 0.01), exact(0.45, 0.01)), inference="mHKSJ"
    )
    assert safe.std_error == pytest.approx(math.sqrt(0.01 / 3))


def test_nothing_usable_says_why_row_by_row() -> None:
    effects = effects_of({"kind": "unusable", "reason": "no n"}, {"kind": "sign", "low": 0.0, "high": INF})
    with pytest.raises(
        ev.ModelError, match=r"(?s)none of the rows can be pooled.*r1: no n.*r2: no standard error"
    ):
        ev.pool_partial(effects)


def test_no_rows_at_all_is_an_error() -> None:
    effects = _three()
    empty = ev.Effects(effects.table.iloc[:0], "SMD")
    with pytest.raises(ev.ModelError, match="no rows to pool"):
        ev.random_effects(empty)


@pytest.mark.parametrize("verb", [ev.common_effect, ev.random_effects, ev.pool_partial])
def test_one_study_is_printed_not_pooled(verb: object) -> None:
    fit = verb(effects_of(exact(0.5, 0.04)))  # type: ignore[operator]
    assert (fit.estimate, fit.std_error) == pytest.approx((0.5, 0.2))
    assert (fit.conf_low, fit.conf_high) == pytest.approx(
        (0.5 - 1.959963984540054 * 0.2, 0.5 + 1.959963984540054 * 0.2)
    )
    assert fit.tau2 is None
    assert fit.pred_low is None
    assert fit.i2 is None
    assert any("One study is printed, not pooled" in note for note in fit.notes)
    assert fit.sentence().startswith("One study, not pooled: ")


def test_two_studies_have_an_answer() -> None:
    fit = ev.random_effects(effects_of(exact(0.1, 0.02), exact(0.5, 0.03)))
    assert fit.df == 1
    assert fit.conf_high - fit.conf_low > 2.0  # t with one df: wide, and said so


def test_identical_effects_with_hksj_say_what_was_done() -> None:
    fit = ev.random_effects(effects_of(*[exact(0.3, v) for v in (0.1, 0.2, 0.3)]))
    assert fit.std_error > 0
    assert any("factor is taken as 1" in note for note in fit.notes)


# --- pool_partial ---------------------------------------------------------------------------------------


def _mixed(**more: object) -> ev.Effects:
    return effects_of(
        exact(0.3, 0.09, study="a", n_e=10.0, n_c=12.0),
        interval(0.6, INF, 0.09, study="a", n_e=10.0, n_c=10.0),
        interval(-0.6, 0.6, 0.1, study="b", n_e=11.0, n_c=11.0, **more),
        {"kind": "sign", "low": 0.0, "high": INF, "variance": 0.08, "study": "c", "n_e": 9.0, "n_c": 9.0},
        exact(0.5, 0.08, study="d"),
    )


def test_exact_rows_one_a_study_equal_random_effects_by_ml_and_profile() -> None:
    effects = effects_of(
        *[exact(y, v) for y, v in zip([0.1, 0.9, -0.4, 0.6], [0.02, 0.03, 0.05, 0.04], strict=True)]
    )
    partial = ev.pool_partial(effects)
    plain = ev.random_effects(effects, tau2="ML", inference="profile")
    names = "estimate std_error statistic p_value conf_low conf_high tau2 tau2_low tau2_high"
    for name in [*names.split(), "pred_low", "pred_high", "loglik", "i2", "h2", "q", "q_df", "q_p_value"]:
        assert getattr(plain, name) is not None, name
        assert getattr(partial, name) == pytest.approx(getattr(plain, name), rel=1e-8, abs=1e-8), name


def test_every_row_that_says_something_is_used() -> None:
    fit = ev.pool_partial(_mixed())
    assert (fit.k, fit.n_studies, fit.n_people) == (5, 4, 62.0)
    assert fit.conf_low < fit.estimate < fit.conf_high
    assert fit.pred_low <= fit.conf_low
    assert (fit.rows["contribution"] > 0).all()
    assert any("correlate rho = 0.6" in note for note in fit.notes)
    assert any("do not say theirs" in note for note in fit.notes)


def test_rho_is_named_only_where_it_plays_a_part() -> None:
    fit = ev.pool_partial(effects_of(exact(0.1, 0.02), interval(0.0, INF, 0.03)))
    assert not any("rho" in note for note in fit.notes)


def test_rho_changes_the_answer_only_where_a_study_gives_several_rows() -> None:
    several, single = _mixed(), _three()
    assert ev.pool_partial(several, rho=0.0).std_error != ev.pool_partial(several, rho=0.9).std_error
    assert ev.pool_partial(single, rho=0.0).std_error == pytest.approx(
        ev.pool_partial(single, rho=0.9).std_error
    )


@pytest.mark.parametrize("rho", [1.0, -0.1, 1.5, NAN])
def test_rho_is_at_least_0_and_below_1(rho: float) -> None:
    with pytest.raises(ev.ModelError, match="at least 0 and below 1"):
        ev.pool_partial(_mixed(), rho=rho)


def test_a_blank_moderator_is_refused_by_row() -> None:
    with pytest.raises(ev.ModelError, match="domain is blank in rows r1"):
        ev.pool_partial(_mixed(), formula="~ domain")


def test_cluster_names_a_column() -> None:
    with pytest.raises(ev.ModelError, match="no column 'trial'"):
        ev.pool_partial(_mixed(), cluster="trial")
    by_label = ev.pool_partial(_mixed(), cluster="label")
    assert (by_label.n_studies, by_label.n_clusters) == (4, 5)
    assert any("degrees of freedom count 5 clusters" in note for note in by_label.notes)


def test_studies_are_counted_as_studies_whatever_the_clusters() -> None:
    rows = [exact(y, 0.05, domain=f"d{i % 3}") for i, y in enumerate((0.1, 0.4, 0.3, 0.7, -0.2, 0.5))]
    fit = ev.pool_partial(effects_of(*rows), cluster="domain")
    assert (fit.k, fit.n_studies, fit.n_clusters) == (6, 6, 3)
    assert "6 studies, 6 rows" in fit.sentence()
    quantile = 4.302652729911275  # t with 3 - 1 df, 97.5 %
    half = quantile * math.sqrt(fit.tau2 + fit.std_error**2)
    assert fit.pred_high >= fit.estimate + half - 1e-9
    assert (fit.i2, fit.q) == (None, None)
    assert any("Sampling errors of rows of the same domain" in note for note in fit.notes)


def test_one_cluster_of_several_studies_is_refused_and_one_study_is_never_pooled() -> None:
    rows = [exact(y, 0.05, domain="all") for y in (0.1, 0.4)]
    with pytest.raises(ev.ModelError, match=r"all 2 studies into one cluster.*cluster='study'"):
        ev.pool_partial(effects_of(*rows), cluster="domain")
    one = effects_of(exact(0.1, 0.05, study="a"), exact(0.4, 0.05, study="a"))
    assert ev.pool_partial(one, cluster="row_id").std_error == ev.pool_partial(one).std_error
    assert ev.pool_partial(one, cluster="row_id").tau2 is None


def test_alongside_are_exact_rows_directions_and_rows_without_inference() -> None:
    fit = ev.pool_partial(_mixed(inferred="yes"))
    beside = dict(fit.alongside)
    assert list(beside) == ["exact rows only", "direction only", "without inferred rows"]
    assert (beside["exact rows only"].k, beside["direction only"].k, beside["without inferred rows"].k) == (
        2,
        4,
        4,
    )
    assert set(beside["direction only"].rows["kind"]) == {"sign"}
    assert any("1 of the rows in use rests on an inference" in note for note in fit.notes)


def test_alongside_always_has_both_names_and_says_where_there_is_nothing() -> None:
    alike = ev.pool_partial(_three())
    assert [name for name, _ in alike.alongside] == ["exact rows only", "direction only"]
    assert alike.alongside[0][1].estimate == alike.estimate
    none = ev.pool_partial(effects_of(interval(-0.6, 0.6, 0.1), interval(-0.5, 0.5, 0.1)))
    beside = dict(none.alongside)
    assert list(beside) == ["exact rows only", "direction only"]
    for name, says in (
        ("exact rows only", "No row in use is exact."),
        ("direction only", "No row in use tells a direction."),
    ):
        empty = beside[name]
        assert empty.sentence() == says
        assert (empty.k, empty.n_studies, empty.n_people, empty.bound) == (0, 0, None, "none")
        assert (empty.estimate, empty.conf_low, empty.conf_high, empty.tau2) == (None, None, None, None)
        assert not empty.rows["used"].any()
        assert set(empty.rows["why_not"]) == {says.rstrip(".")}
        assert f"Alongside, {name}: {says}" in none.explain()
        assert says in none._repr_html_()
    inferred = ev.pool_partial(effects_of(exact(0.1, 0.1, inferred="yes"), exact(0.2, 0.1, inferred="yes")))
    assert dict(inferred.alongside)["without inferred rows"].sentence().startswith("Every row in use rests")
    single = ev.pool_partial(effects_of(interval(0.6, INF, 0.1)))
    assert [name for name, _ in single.alongside] == ["exact rows only", "direction only"]


def test_what_is_none_has_one_note_that_says_why() -> None:
    mixed = ev.pool_partial(_mixed())
    assert (mixed.i2, mixed.h2, mixed.q, mixed.q_df, mixed.q_p_value) == (None,) * 5
    assert sum("I²" in note for note in mixed.notes) == 1
    assert any("need a value from every row" in note for note in mixed.notes)
    bound = ev.pool_partial(effects_of(*[interval(0.6, INF, 0.12) for _ in range(3)]))
    (note,) = bound.notes
    for word in ("no estimate", "standard error", "p value", "tau²", "I²", "prediction interval"):
        assert word in note
    assert any("no prediction interval" in note for note in ev.common_effect(_three()).notes)
    several = effects_of(exact(0.1, 0.1, study="a"), exact(0.2, 0.1, study="a"), exact(0.3, 0.1))
    assert any("need one row a study" in note for note in ev.pool_partial(several).notes)
    alone = ev.pool_partial(effects_of(interval(0.6, INF, 0.12)))
    assert any("no estimate, no standard error" in note for note in alone.notes)
    assert not any("I², H² and Q need" in note for note in ev.pool_partial(_three()).notes)


def test_directions_use_the_told_sign_of_a_no_difference_row() -> None:
    fit = ev.pool_partial(_mixed(sign=-1.0))
    assert dict(fit.alongside)["direction only"].k == 5


def test_reports_to_one_side_give_a_limit_in_words_and_never_a_huge_number() -> None:
    fit = ev.pool_partial(effects_of(*[interval(0.6, INF, 0.12) for _ in range(4)]))
    assert fit.estimate is None
    assert fit.tau2 is None
    assert fit.pred_low is None
    assert fit.p_value is None
    assert fit.bound == "lower"
    assert 0.0 < fit.conf_low < 1.5
    assert fit.conf_high == INF
    assert "by at least" in fit.sentence()
    assert "all reports point the same way" in fit.sentence()
    assert any("rises without end" in note for note in fit.notes)
    assert fit.rows["contribution"].tolist() == pytest.approx([25.0] * 4)


def test_two_studies_to_one_side_have_a_one_sided_limit() -> None:
    fit = ev.pool_partial(effects_of(*[interval(0.6, INF, 0.12) for _ in range(2)]))
    assert "one-sided 95 % limit" in fit.sentence()


def test_one_study_without_numbers_has_no_estimate() -> None:
    fit = ev.pool_partial(effects_of(interval(0.6, INF, 0.12, study="a"), interval(0.5, INF, 0.1, study="a")))
    assert (fit.estimate, fit.conf_low, fit.conf_high, fit.bound) == (None, None, None, "none")
    assert "One study, not pooled" in fit.sentence()


def test_one_study_with_numbers_gives_their_mean_by_rho() -> None:
    fit = ev.pool_partial(
        effects_of(
            exact(0.2, 0.09, study="a"), exact(0.6, 0.09, study="a"), interval(0.5, INF, 0.1, study="a")
        )
    )
    assert fit.estimate == pytest.approx(0.4)
    assert fit.std_error == pytest.approx(math.sqrt(0.09 * (1 + 0.6) / 2))
    assert fit.rows["used"].tolist() == [True, True, False]
    assert "not pooled" in fit.rows["why_not"].iloc[2]


def test_all_no_difference_is_no_clear_difference_around_zero() -> None:
    fit = ev.pool_partial(effects_of(*[interval(-0.7, 0.7, 0.12) for _ in range(4)]))
    assert fit.estimate == pytest.approx(0.0, abs=1e-10)
    assert fit.tau2 == 0.0
    assert fit.conf_low == pytest.approx(-fit.conf_high)
    assert fit.sentence().startswith("No clear difference")


def test_an_open_end_is_infinite_and_explained() -> None:
    up = [{"kind": "sign", "low": 0.0, "high": INF, "variance": 0.1} for _ in range(7)]
    down = [{"kind": "sign", "low": -INF, "high": 0.0, "variance": 0.1} for _ in range(3)]
    fit = ev.pool_partial(effects_of(*up, *down))
    assert fit.estimate > 0
    assert fit.conf_high == INF
    assert fit.tau2_high == INF
    assert any("stays flat far out" in note for note in fit.notes)


def test_sign_rows_without_a_standard_error_are_left_out_and_listed() -> None:
    effects = effects_of(exact(0.1, 0.02), exact(0.4, 0.03), {"kind": "sign", "low": 0.0, "high": INF})
    fit = ev.pool_partial(effects)
    assert fit.rows["used"].tolist() == [True, True, False]
    assert "no standard error" in fit.rows["why_not"].iloc[2]


def test_limits_the_wrong_way_round_name_the_row() -> None:
    with pytest.raises(ev.ModelError, match="row r2: the lower limit is below the upper one"):
        ev.pool_partial(effects_of(exact(0.1, 0.02), interval(0.5, 0.1, 0.03)))


def test_a_row_without_any_limit_says_nothing() -> None:
    fit = ev.pool_partial(effects_of(exact(0.1, 0.02), exact(0.2, 0.02), interval(-INF, INF, 0.03)))
    assert fit.rows["why_not"].iloc[2] == "it sets no limit to the effect"


def test_more_rows_never_lose_information() -> None:
    fewer = effects_of(exact(0.3, 0.09), exact(0.5, 0.08))
    more = effects_of(exact(0.3, 0.09), exact(0.5, 0.08), interval(0.2, 0.9, 0.09))
    assert ev.pool_partial(more).std_error < ev.pool_partial(fewer).std_error


def test_the_p_value_belongs_to_the_interval() -> None:
    fit = ev.pool_partial(_mixed())
    assert (fit.p_value < 0.05) == (fit.conf_low > 0.0)
    assert (fit.statistic**2 > chi2_quantile(0.95)) == (fit.conf_low > 0.0)


def test_a_row_is_said_to_enter_pool_partial_only_where_it_does() -> None:
    silent = {"kind": "sign", "low": 0.0, "high": INF}
    effects = effects_of(
        exact(0.1, 0.02),
        exact(0.4, 0.03),
        silent,
        silent | {"variance": 0.1},
        interval(-INF, INF, 0.1),
        interval(-0.5, 0.5, 0.1),
    )
    plain, partial = ev.random_effects(effects), ev.pool_partial(effects)
    promised = plain.rows["why_not"].str.contains("pool_partial() uses it", regex=False)
    exact_rows = plain.rows["used"]
    assert (promised | exact_rows).tolist() == partial.rows["used"].tolist()
    assert "no standard error can be had" in plain.rows["why_not"].iloc[2]
    assert "sets no limit" in plain.rows["why_not"].iloc[4]
    assert any("2 of them report partially and would enter pool_partial()" in note for note in plain.notes)


def test_beside_the_exact_row_of_the_only_study_no_row_is_promised_to_pool_partial() -> None:
    effects = effects_of(exact(0.1, 0.02, study="a"), interval(-0.5, 0.5, 0.1, study="a"))
    plain, partial = ev.random_effects(effects), ev.pool_partial(effects)
    assert plain.rows["why_not"].iloc[1] == partial.rows["why_not"].iloc[1]
    assert "not pooled" in plain.rows["why_not"].iloc[1]


@pytest.mark.parametrize("verb", [ev.common_effect, ev.random_effects, ev.pool_partial])
def test_the_assumed_correlation_is_told_where_a_row_in_use_rests_on_it(verb: object) -> None:
    said = "test of changes: brought to raw-score units with sqrt(2(1-r)), r = 0.7"
    used = effects_of(exact(0.1, 0.02, assumptions=said), exact(0.4, 0.03))
    unused = effects_of(exact(0.1, 0.02), exact(0.4, 0.03), exact(0.2, 0.1, main=False, assumptions=said))
    told = "Effects assume a correlation of r = 0.7 between scores before and after."
    with_r = dataclasses.replace(used, correlation=0.7)
    assert told in verb(with_r).notes  # type: ignore[operator]
    assert f"Note: {told}" in verb(with_r).explain()  # type: ignore[operator]
    for effects in (used, dataclasses.replace(unused, correlation=0.7)):
        assert told not in verb(effects).notes  # type: ignore[operator]


@pytest.mark.parametrize("wrong", [None, [0.1, 0.2], pd.DataFrame({"estimate": [0.1]}), "effects"])
@pytest.mark.parametrize("verb", [ev.common_effect, ev.random_effects, ev.pool_partial])
def test_what_is_not_effects_is_refused(verb: object, wrong: object) -> None:
    with pytest.raises(ev.ModelError, match="effects: a model takes Effects"):
        verb(wrong)  # type: ignore[operator]


@pytest.mark.parametrize("verb", [ev.common_effect, ev.random_effects, ev.pool_partial])
@pytest.mark.parametrize("level", ["0.9", None, [0.9], True])
def test_a_level_that_is_no_number_is_refused(verb: object, level: object) -> None:
    with pytest.raises(ev.ModelError, match="level must be a share"):
        verb(_three(), level=level)  # type: ignore[operator]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"rho": "0.6"}, "rho, the correlation"),
        ({"rho": None}, "rho, the correlation"),
        ({"formula": None}, "formula='~ 1'; got None"),
        ({"cluster": ["study"]}, "cluster takes the name of one column"),
        ({"cluster": None}, "cluster takes the name of one column"),
        ({"inference": None}, "inference must be one of profile"),
        ({"prior": "normal"}, "prior takes a Prior, such as"),
    ],
)
def test_pool_partial_names_an_argument_of_the_wrong_type(arguments: dict[str, object], message: str) -> None:
    with pytest.raises(ev.ModelError, match=message):
        ev.pool_partial(_three(), **arguments)  # type: ignore[arg-type]


def test_without_a_prior_there_is_no_posterior_and_the_same_estimate() -> None:
    with_prior, without = ev.pool_partial(_three()), ev.pool_partial(_three(), prior=None)
    assert without.estimate == with_prior.estimate
    assert without.posterior is None
    assert with_prior.posterior is not None


def test_a_number_column_of_words_is_named() -> None:
    effects = effects_of(exact(0.1, 0.02, n_e="ten"), exact(0.2, 0.02))
    with pytest.raises(ev.ModelError, match="column 'n_e' of the effects must hold numbers"):
        ev.random_effects(effects)


# --- effects_from -----------------------------------------------------------------------------------------


def test_effects_from_takes_variances_errors_and_intervals() -> None:
    by_variance = ev.effects_from([0.2], variance=[0.04]).table
    by_error = ev.effects_from([0.2], std_error=[0.2]).table
    half = 1.959963984540054 * 0.2
    by_interval = ev.effects_from([0.2], low=[0.2 - half], high=[0.2 + half]).table
    for table in (by_variance, by_error, by_interval):
        assert table["variance"].iloc[0] == pytest.approx(0.04)
        assert table["kind"].iloc[0] == "exact"
    assert by_interval["derived_from"].iloc[0] == "estimate and interval"
    ninety = ev.effects_from([0.2], low=[0.1], high=[0.3], level=0.9).table
    assert ninety["std_error"].iloc[0] == pytest.approx(0.1 / 1.6448536269514722)


def test_effects_from_limits_make_interval_rows() -> None:
    table = ev.effects_from(
        [None, 0.1, None], std_error=0.2, low=[0.4, None, None], high=[None, None, 0.2]
    ).table
    assert table["kind"].tolist() == ["interval", "exact", "interval"]
    assert table["high"].tolist() == [INF, 0.1, 0.2]
    assert table["low"].tolist() == [0.4, 0.1, -INF]


def test_effects_from_ratios_are_logged_and_shown_as_ratios() -> None:
    effects = ev.effects_from([2.0, 4.0], variance=0.1, scale="ratio", measure="RR")
    fit = ev.common_effect(effects)
    assert fit.estimate == pytest.approx(math.log(math.sqrt(8.0)))
    assert fit.display["estimate"] == pytest.approx(math.sqrt(8.0))
    assert effects.notes


def test_effects_from_carries_further_columns() -> None:
    effects = ev.effects_from(
        [0.1, 0.2], variance=0.1, study=["a", "b"], domain=["power", "speed"], n_e=[10, 12]
    )
    assert effects.table["domain"].tolist() == ["power", "speed"]
    assert effects.table["study"].tolist() == ["a", "b"]
    assert effects.table["n_e"].tolist() == [10.0, 12.0]
    kinds = ev.effects_from([0.1, None], variance=0.1, low=[None, 0.0], kind=["exact", "sign"], n_e=[9, None])
    assert kinds.table["kind"].tolist() == ["exact", "sign"]
    assert np.isnan(kinds.table["n_e"].iloc[1])
    assert len(ev.effects_from(np.array(0.3), variance=0.1)) == 1


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"estimate": [0.1], "variance": [0.1], "std_error": [0.1]}, "not both"),
        ({"estimate": [0.1], "variance": [0.0]}, "row 1, variance: a variance is positive and finite, got 0"),
        ({"estimate": [0.1], "std_error": [-1.0]}, "standard error is positive"),
        ({"estimate": [0.1, 0.2], "variance": [0.1, 0.2, 0.3]}, "one entry a row"),
        ({"estimate": [0.1]}, "needs a variance, a std_error, or an interval"),
        ({"estimate": [0.1], "low": [0.2], "high": [0.3]}, "an estimate lies inside its interval"),
        ({"estimate": [None], "low": [0.2]}, "limits without an estimate need a variance"),
        ({"estimate": [None], "variance": [0.2]}, "a row needs an estimate, or limits"),
        ({"estimate": [None], "variance": [0.2], "low": [0.5], "high": [0.1]}, "lower limit is below"),
        ({"estimate": [INF], "variance": [0.2]}, "an effect is a finite number"),
        ({"estimate": [-1.0], "variance": [0.2], "scale": "ratio"}, "a ratio is positive"),
        ({"estimate": ["x"], "variance": [0.2]}, "must hold numbers"),
        ({"estimate": [], "variance": []}, "at least one row"),
        (
            {"estimate": [0.1], "variance": [0.1], "scale": "logs"},
            "scale must be one of identity, log, ratio",
        ),
        ({"estimate": [0.1, 0.2], "variance": 0.1, "study": ["a"]}, "study must have one entry a row"),
        ({"estimate": [0.1], "low": [0.0], "high": [0.2], "level": 95}, "level must be a share"),
        ({"estimate": [0.1], "variance": 0.1, "level": "0.9"}, "level must be a share"),
        ({"estimate": [0.1, 0.2], "variance": 0.1, "n_e": ["x", "y"]}, "n_e must hold numbers"),
        ({"estimate": [0.1, 0.2], "variance": 0.1, "n_c": [5, -2]}, "row 2, n_c: a number of people is"),
        ({"estimate": [0.1, 0.2], "variance": 0.1, "row_id": ["a", "a"]}, "row_id names each row once; a"),
        ({"estimate": [0.1, 0.2], "variance": 0.1, "study": ["a", None]}, "study names every row; entry 2"),
        ({"estimate": [0.1, 0.2], "variance": 0.1, "study": ["a", " "]}, "study names every row; entry 2"),
        ({"estimate": [0.1], "variance": 0.1, "kind": ["exactly"]}, "kind must be one of exact, interval"),
        ({"estimate": [0.1], "variance": 0.1, "kind": "sign"}, "a row with an estimate is not 'sign'"),
        ({"estimate": [0.1], "variance": 0.1, "measure": None}, "measure takes the code"),
        ({"estimate": [[0.1], [0.2]], "variance": 0.1}, "one number a row"),
        ({"estimate": {"a": 1}, "variance": 0.1}, "estimate must hold numbers"),
    ],
)
def test_effects_from_refuses_what_makes_no_effect(arguments: dict[str, object], message: str) -> None:
    with pytest.raises(ev.ModelError, match=message):
        ev.effects_from(**arguments)  # type: ignore[arg-type]


def test_a_model_takes_effects_only() -> None:
    with pytest.raises(ev.ModelError, match="takes Effects"):
        ev.random_effects([0.1, 0.2])  # type: ignore[arg-type]
    with pytest.raises(ev.ModelError, match="takes Effects"):
        ev.pool_partial([0.1, 0.2])  # type: ignore[arg-type]


def test_a_common_effect_says_where_studies_differ() -> None:
    """Q of these four is 26.0 on 3 df (weights 25, effects -.5, 0, .5, .8, mean .2): p far below .10."""
    apart = ev.common_effect(ev.effects_from([-0.5, 0.0, 0.5, 0.8], variance=[0.04] * 4))
    q = 25 * ((0.7) ** 2 + 0.2**2 + 0.3**2 + 0.6**2)
    assert apart.q == pytest.approx(q)
    assert [
        note for note in apart.notes if "differ by more than chance" in note and "random_effects()" in note
    ]
    unweighted = ev.common_effect(ev.effects_from([-0.5, 0.0, 0.5, 0.8], variance=[0.04] * 4), weighted=False)
    assert any("differ by more than chance" in note for note in unweighted.notes)
    alike = ev.common_effect(ev.effects_from([0.2, 0.3, 0.25], variance=[0.04] * 3))
    assert not any("differ by more than chance" in note for note in alike.notes)


def test_a_tau_of_zero_is_never_called_homogeneous() -> None:
    fit = ev.random_effects(ev.effects_from([0.2, 0.3, 0.25, 0.1], variance=[0.04] * 4))
    assert fit.tau2 == 0.0
    assert any("tau is estimated as 0, but its interval reaches" in note for note in fit.notes)
    assert not any("homogeneous" in note for note in fit.notes)
    apart = ev.random_effects(ev.effects_from([-0.5, 0.0, 0.5, 0.8], variance=[0.04] * 4))
    assert not any("estimated as 0" in note for note in apart.notes)


def test_rows_without_names_are_named_once_in_messages() -> None:
    effects = ev.effects_from([0.1, 0.2, 0.4], variance=[0.1, 0.1, 0.1], weeks=[4.0, math.nan, math.nan])
    with pytest.raises(ev.ModelError, match=r"^row 2, variance: "):
        ev.effects_from([0.1, 0.2], variance=[0.1, -0.1])
    with pytest.raises(ev.ModelError, match="weeks is blank in row 2, row 3;"):
        ev.meta_regression(effects, "~ weeks")
    named = ev.effects_from([0.1, 0.2], variance=[0.1, 0.1], row_id=["a1", "a2"], weeks=[4.0, math.nan])
    with pytest.raises(ev.ModelError, match="weeks is blank in row a2;"):
        ev.meta_regression(named, "~ weeks")


def test_arguments_of_a_wrong_type_are_refused_in_words() -> None:
    effects = ev.effects_from([0.1, 0.2, 0.4, 0.3], variance=[0.1] * 4, weeks=[4, 6, 8, 12])
    with pytest.raises(ev.ModelError, match="levels names one column or several"):
        ev.multilevel(effects, levels=3)  # type: ignore[arg-type]
    with pytest.raises(ev.ModelError, match=r"executor takes an executor, .*got int"):
        ev.batch(effects, by="study", executor=3)  # type: ignore[arg-type]
    with pytest.raises(ev.ModelError, match=r"of one length; got weeks 2, setting 3"):
        ev.meta_regression(effects, "~ weeks").predict({"weeks": [4, 6], "setting": ["a", "b", "c"]})


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"estimate": [0.1, 0.2], "variance": [0.1]}, "variance must have one entry a row, 2 in all; got 1"),
        ({"estimate": [0.1], "variance": [0.1], "study": ["a", "b"]}, "estimate must have one entry a row"),
        ({"estimate": [0.1], "std_error": [1e200]}, "row 1, std_error: a standard error has a square"),
        ({"estimate": [0.1], "std_error": [1e-200]}, "row 1, std_error: a standard error has a square"),
        ({"estimate": [1.0], "low": [2.0], "high": [0.0]}, "row 1, low: the lower limit is below the upper"),
        (
            {"estimate": [1.0, 2.0], "variance": 1.0, "low": [0.0, 5.0], "high": [2.0, 6.0]},
            "row 2, estimate: an estimate lies inside its interval",
        ),
    ],
)
def test_numbers_that_contradict_each_other_are_refused(given: dict[str, object], said: str) -> None:
    with pytest.raises(ev.ModelError, match=said):
        ev.effects_from(**given)  # type: ignore[arg-type]


def test_the_formula_of_an_interval_holds_its_numbers() -> None:
    effects = ev.effects_from([1.0, 2.0], low=[0.5, 1.0], high=[2.0, 4.0], scale="ratio", level=0.9)
    assert effects.table["formula"].iloc[0] == (
        "variance = ((high - low) / (2 q))² = ((0.69315 - (-0.69315)) / (2 × 1.6449))² = 0.17758"
    )
    assert "0.17758" in str(effects.explain("row 1"))
    assert effects.table["variance"].iloc[0] == pytest.approx(
        (2 * math.log(2) / (2 * 1.6448536269514722)) ** 2
    )


def test_a_sampling_covariance_of_words_is_refused() -> None:
    effects = ev.effects_from([0.1, 0.2, 0.3, 0.4], variance=[0.1] * 4, study=list("aabb"))
    with pytest.raises(ev.ModelError, match="of study a is no square matrix of numbers"):
        ev.multilevel(effects, rho=["x", "y"])  # type: ignore[arg-type]


def test_an_estimate_off_the_middle_of_its_interval_is_noted() -> None:
    def notes(scale: str) -> str:
        made = ev.effects_from([1.0, 1.02], low=[0.25, 0.9], high=[4.0, 1.15], scale=scale)
        return " ".join(made.notes)

    assert "not in the middle of its interval in row 1: its variance" in notes("identity")
    assert "middle" not in notes("ratio")
