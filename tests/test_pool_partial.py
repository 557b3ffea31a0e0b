"""pool_partial by its options: moderators, levels, calibrated profile, prior; answers at the edge."""

from __future__ import annotations

import math
import pickle

import numpy as np
import pytest
from helpers_effects import INF, effects_of, exact, interval
from scipy import special

import evidence as ev


def _groups(**more: object) -> ev.Effects:
    rng = np.random.default_rng(4)
    rows = []
    for j in range(12):
        arm = "isolated" if j < 6 else "usual"
        y = 0.1 + 0.5 * (j >= 6) + rng.normal(0.0, 0.3)
        if j % 3 == 0:
            rows.append(
                interval(0.5, INF, 0.07, comparator_class=arm)
                if y > 0.5
                else interval(-0.5, 0.5, 0.06, comparator_class=arm)
            )
        else:
            rows.append(exact(y, 0.05 + 0.01 * j, comparator_class=arm))
    return effects_of(*[row | more for row in rows])


def _studies(seed: int = 7) -> ev.Effects:
    rng = np.random.default_rng(seed)
    study = np.repeat([f"s{j}" for j in range(8)], 2)
    y = np.repeat(rng.normal(0.3, 0.3, 8), 2) + rng.normal(0.0, 0.3, 16)
    return ev.effects_from(y, variance=rng.uniform(0.02, 0.1, 16), study=study, w=np.tile([0.0, 1.0], 8))


# --- moderators -----------------------------------------------------------------------------------------


def test_moderators_of_exact_rows_are_those_of_the_multilevel_model_by_ml() -> None:
    effects = _studies()
    fit = ev.pool_partial(effects, formula="~ w")
    plain = ev.multilevel(effects, formula="~ w", tau2="ML", robust=None)
    ours, theirs = fit.tidy(), plain.tidy()
    assert ours["term"].tolist() == ["Intercept", "w"]
    assert ours["estimate"].to_numpy(float) == pytest.approx(theirs["estimate"].to_numpy(float), abs=1e-8)
    assert fit.loglik == pytest.approx(plain.loglik, abs=1e-8)
    assert fit.tau2 == pytest.approx(plain.tau2, abs=1e-8)
    simple = ev.multilevel(effects, tau2="ML", robust=None)
    assert fit.qm == pytest.approx(2.0 * (plain.loglik - simple.loglik), abs=1e-7)
    assert fit.qm_p_value == pytest.approx(float(special.chdtrc(1, fit.qm)))


def test_the_test_of_one_coefficient_is_the_joint_test_and_agrees_with_its_interval() -> None:
    fit = ev.pool_partial(_groups(), formula="~ comparator_class")
    line = fit.tidy().iloc[1]
    assert line["term"] == "comparator_class[T.usual]"
    assert line["statistic"] ** 2 == pytest.approx(fit.qm, abs=1e-7)
    assert line["p_value"] == pytest.approx(fit.qm_p_value, abs=1e-8)
    assert (line["conf_low"] > 0.0) == (line["p_value"] < 0.05)
    assert fit.estimate is None
    assert fit.formula == "~ comparator_class"
    assert "comparator_class" in fit.sentence()
    assert "comparator_class[T.usual]" in fit._repr_html_()


def test_group_means_do_not_depend_on_how_the_formula_is_written() -> None:
    effects = _groups()
    one, two = (ev.pool_partial(effects, formula=f"~ {x}comparator_class") for x in ("", "0 + "))
    means = one.predict({"comparator_class": ["isolated", "usual"]})["estimate"].to_numpy(float)
    assert two.tidy()["estimate"].to_numpy(float) == pytest.approx(means, abs=1e-8)
    assert one.loglik == pytest.approx(two.loglik, abs=1e-9)
    # Both test that the groups have one mean.
    assert one.qm == pytest.approx(two.qm, abs=1e-7)


def test_moderators_with_a_constant_alone_are_the_mean() -> None:
    effects = _groups()
    mean, same = ev.pool_partial(effects), ev.pool_partial(effects, formula="1")
    assert same.estimate == mean.estimate


def test_the_fit_with_moderators_holds_its_results_alongside() -> None:
    fit = ev.pool_partial(_groups(), formula="~ comparator_class")
    beside = dict(fit.alongside)
    assert beside["exact rows only"].coefficients is not None
    assert beside["exact rows only"].k == 8
    assert "Not pooled" in beside["direction only"].sentence()


def test_a_group_whose_reports_are_all_open_to_one_side_is_named() -> None:
    rows = [
        exact(0.1, 0.05, arm="a"),
        exact(0.3, 0.05, arm="a"),
        interval(0.5, INF, 0.05, arm="b"),
        interval(0.4, INF, 0.05, arm="b"),
    ]
    with pytest.raises(ev.ModelError, match=r"arm\[T.b\]: no finite estimate.*compare"):
        ev.pool_partial(effects_of(*rows), formula="~ arm")
    sided = [interval(0.5, INF, 0.05, arm=arm) for arm in "aabb"]
    with pytest.raises(ev.ModelError, match="only says to which side"):
        ev.pool_partial(effects_of(*sided), formula="~ arm")


def test_one_study_cannot_tell_about_moderators() -> None:
    rows = [exact(0.1, 0.05, arm=arm, study="a") for arm in "xyz"]
    with pytest.raises(ev.ModelError, match="one study is printed"):
        ev.pool_partial(effects_of(*rows), formula="~ arm")


# --- levels ---------------------------------------------------------------------------------------------


def test_levels_say_whether_effects_vary_within_studies() -> None:
    effects = _studies()
    with_it, without = ev.pool_partial(effects), ev.pool_partial(effects, cluster=("study",))
    again = ev.pool_partial(effects, cluster=("study", "row_id"))
    assert again.estimate == with_it.estimate
    assert with_it.variance_components is not None
    assert with_it.variance_components["level"].tolist() == ["study", "row_id"]
    assert without.variance_components is None
    assert with_it.loglik > without.loglik
    assert any("tau² within is" in note for note in with_it.notes)
    assert any("one true effect" in note for note in without.notes)
    assert "tau² within studies" in with_it._repr_html_()


def test_reports_of_a_side_tell_nothing_of_the_spread_within_a_study() -> None:
    rows = [interval(0.5, INF, 0.05, study="a"), interval(0.4, INF, 0.05, study="a"), exact(0.1, 0.05)]
    fit = ev.pool_partial(effects_of(*rows))
    assert fit.variance_components is None
    assert any("two rows of one that are bounded on both sides" in note for note in fit.notes)


@pytest.mark.parametrize("cluster", [("study", "label"), (), ("study", "row_id", "label"), ("study", 3)])
def test_other_levels_are_refused(cluster: tuple[object, ...]) -> None:
    with pytest.raises(ev.ModelError, match="cluster takes the name of one column"):
        ev.pool_partial(_studies(), cluster=cluster)  # type: ignore[arg-type]


# --- calibrated profile ---------------------------------------------------------------------------------


def test_profile_t_is_wider_and_has_degrees_of_freedom() -> None:
    effects = _groups()
    plain, wide = (ev.pool_partial(effects, inference=name) for name in ("profile", "profile-t"))
    assert wide.estimate == plain.estimate
    assert wide.conf_low < plain.conf_low < plain.conf_high < wide.conf_high
    assert (plain.df, wide.df) == (None, 11.0)
    assert wide.p_value > plain.p_value
    assert (wide.tau2_low, wide.tau2_high) == (plain.tau2_low, plain.tau2_high)


def test_profile_t_of_equally_precise_studies_is_students_interval() -> None:
    y = np.array([0.1, 0.9, -0.3, 0.5, 1.4])
    fit = ev.pool_partial(ev.effects_from(y, variance=1e-6), inference="profile-t")
    half = -special.stdtrit(4, 0.025) * y.std(ddof=1) / math.sqrt(5)
    assert (fit.conf_low, fit.conf_high) == pytest.approx((y.mean() - half, y.mean() + half), abs=1e-5)
    assert fit.p_value == pytest.approx(
        float(2 * special.stdtr(4, -y.mean() / (y.std(ddof=1) / math.sqrt(5)))), abs=1e-5
    )


def test_profile_t_with_moderators_is_an_f_test() -> None:
    fit = ev.pool_partial(_groups(), formula="~ comparator_class", inference="profile-t")
    assert (fit.qm_df, fit.qm_df2) == (1.0, 10.0)
    line = fit.tidy().iloc[1]
    assert line["df"] == 10.0
    assert line["statistic"] ** 2 == pytest.approx(fit.qm, rel=1e-6)
    assert fit.qm_p_value == pytest.approx(line["p_value"], rel=1e-6)


# --- prior, posterior, REML -----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("numbers", "message"),
    [
        ({"mean_sd": 0.0}, "mean_sd"),
        ({"tau_scale": -1.0}, "tau_scale"),
        ({"worthwhile": math.nan}, "worthwhile"),
    ],
)
def test_a_prior_is_made_of_possible_numbers(numbers: dict[str, float], message: str) -> None:
    with pytest.raises(ev.ModelError, match=message):
        ev.Prior(**numbers)


def test_the_posterior_is_told_with_its_prior() -> None:
    fit = ev.pool_partial(_groups(), prior=ev.Prior(mean_sd=0.5, tau_scale=0.3, worthwhile=0.1))
    assert fit.posterior is not None
    assert 0.0 < fit.posterior.p_worthwhile < fit.posterior.p_positive < 1.0
    assert fit.posterior.p_new_positive < fit.posterior.p_positive
    text = fit.posterior.sentence()
    assert "N(0, 0.5²), tau half-normal 0.3" in text
    assert "more than 0.1" in text
    assert text in fit.explain()
    assert "tau half-normal 0.3" in fit._repr_html_()
    assert fit.glance()["posterior_p_positive"][0] == fit.posterior.p_positive


def test_a_narrower_prior_pulls_the_mean_towards_zero() -> None:
    wide, narrow = (ev.pool_partial(_groups(), prior=ev.Prior(mean_sd=sd)).posterior for sd in (2.0, 0.1))
    assert wide is not None
    assert narrow is not None
    assert 0.0 < narrow.mean < wide.mean


def test_mean_differences_have_no_posterior_without_a_prior_in_their_units() -> None:
    rows = [exact(12.0, 9.0), exact(20.0, 16.0)]
    assert ev.pool_partial(effects_of(*rows, measure="MD")).posterior is None
    given = ev.pool_partial(effects_of(*rows, measure="MD"), prior=ev.Prior(mean_sd=30.0, tau_scale=10.0))
    assert given.posterior is not None
    assert ev.random_effects(effects_of(*rows)).posterior is None


def test_the_reml_type_estimate_of_exact_rows_is_reml() -> None:
    effects = effects_of(*[exact(y, v) for y, v in [(0.1, 0.02), (0.9, 0.03), (-0.4, 0.05), (0.6, 0.04)]])
    fit = ev.pool_partial(effects)
    assert fit.tau2_reml == pytest.approx(ev.random_effects(effects).tau2, abs=1e-9)
    assert fit.tau2_reml > fit.tau2
    assert any("REML-type estimate is" in note for note in fit.notes)
    one_sided = ev.pool_partial(effects_of(*[interval(0.6, INF, 0.12) for _ in range(3)]))
    assert one_sided.tau2_reml is None
    mixed = ev.pool_partial(_groups())
    assert mixed.tau2_reml >= mixed.tau2


# --- the edge -------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "rows",
    [
        [exact(0.3, 0.04)],
        [interval(0.5, INF, 0.05)],
        [interval(-0.5, 0.5, 0.05)],
        [interval(-0.5, 0.5, 0.05)] * 4,
        [exact(0.3, 0.04)] * 3,
        [interval(0.5, INF, 0.05)] * 3,
        [interval(-INF, -0.5, 0.05)] * 2,
        [exact(0.3, 1e-7), interval(0.5, INF, 0.05), interval(-0.5, 0.5, 0.06)],
        [exact(0.3, 1e-7)],
        [interval(0.5, INF, 0.05), interval(-INF, -0.5, 0.05)],
    ],
    ids=[
        "one number",
        "one side",
        "one no difference",
        "all no difference",
        "identical",
        "all above",
        "all below",
        "one huge",
        "huge alone",
        "against each other",
    ],
)
@pytest.mark.parametrize("inference", ["profile", "profile-t"])
def test_every_answer_is_defined_and_told(rows: list[dict[str, object]], inference: str) -> None:
    fit = ev.pool_partial(effects_of(*rows), inference=inference)
    assert fit.sentence().endswith(".")
    assert fit.posterior is not None
    assert 0.0 <= fit.posterior.p_positive <= 1.0
    assert fit.posterior.low < fit.posterior.mean < fit.posterior.high
    for name in ("estimate", "std_error", "p_value", "tau2", "conf_low", "conf_high", "tau2_reml"):
        value = getattr(fit, name)
        assert value is None or not math.isnan(value), name
    assert (fit.estimate is None) == (fit.bound is not None)
    assert [name for name, _ in fit.alongside] == ["exact rows only", "direction only"]


def test_all_no_difference_has_its_middle_at_zero() -> None:
    fit = ev.pool_partial(effects_of(*[interval(-0.5, 0.5, 0.05) for _ in range(4)]))
    assert fit.estimate == pytest.approx(0.0, abs=1e-9)
    assert fit.posterior is not None
    assert fit.posterior.p_positive == pytest.approx(0.5, abs=1e-7)


def test_the_results_alongside_are_made_once_and_can_be_sent() -> None:
    fit = ev.pool_partial(_groups())
    first = fit.alongside[0][1]
    assert fit.alongside[0][1] is first
    sent = pickle.loads(pickle.dumps(fit))
    assert [name for name, _ in sent.alongside] == ["exact rows only", "direction only"]
    assert sent.alongside[0][1].estimate == first.estimate
    assert [name for name, _ in fit.alongside[:1]] == ["exact rows only"]
    assert "exact rows only" in repr(fit.alongside)
