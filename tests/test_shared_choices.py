"""What the models of exact rows have in common: arguments, defaults, notes, and who counts as a study."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from helpers_effects import effects_of, exact, interval

import evidence as ev
from evidence.numerics.intervals import quantile

VERBS: dict[str, Callable[[Any], Any]] = {
    "common_effect": ev.common_effect,
    "random_effects": ev.random_effects,
    "pool_partial": ev.pool_partial,
    "multilevel": ev.multilevel,
    "meta_regression": lambda effects: ev.meta_regression(effects, "~ 1"),
    "batch": lambda effects: ev.batch(effects, by="domain"),
}


def _several(dose: bool = False) -> ev.Effects:
    rng = np.random.default_rng(20)
    rows = []
    for study in range(8):
        for row in range(3):
            more = {"study": f"s{study}", "arm_e": f"a{row}", "domain": f"d{study % 2}"}
            rows.append(exact(float(rng.normal(0.3, 0.3)), 0.04, n_e=10.0, n_c=10.0, **more))
    effects = effects_of(*rows)
    if dose:
        effects.table["dose"] = rng.normal(size=len(effects.table))
    return effects


@pytest.mark.parametrize("verb", VERBS.values(), ids=VERBS)
@pytest.mark.parametrize("given", [[0.1, 0.2], None, "studies.csv"])
def test_every_verb_says_what_it_takes(verb: Callable[[object], object], given: object) -> None:
    with pytest.raises(ev.ModelError, match=f"effects: a model takes Effects.*got {type(given).__name__}"):
        verb(given)


@pytest.mark.parametrize("said", [0, 1, "no", None])
def test_weighted_is_true_or_false(said: object) -> None:
    with pytest.raises(ev.ModelError, match="weighted takes True or False"):
        ev.common_effect(effects_of(exact(0.1, 0.02)), weighted=said)  # type: ignore[arg-type]


def test_equal_weights_are_a_mean_and_say_what_is_missing() -> None:
    fit = ev.common_effect(effects_of(exact(0.1, 0.02), exact(0.5, 0.06)), weighted=False)
    assert fit.estimate == pytest.approx(0.3)
    assert fit.std_error == pytest.approx(np.sqrt(0.08) / 2)
    assert fit.rows["weight"].tolist() == [50.0, 50.0]
    assert any("no prediction interval" in note for note in fit.notes)


@pytest.mark.parametrize("prediction", ["inference", "k-1", "k-2"])
def test_under_profile_a_prediction_interval_holds_the_means(prediction: str) -> None:
    effects = effects_of(exact(0.1, 0.02), exact(0.5, 0.03), exact(0.9, 0.04), exact(0.2, 0.02))
    fit = ev.random_effects(effects, inference="profile", prediction=prediction)
    assert fit.method == "ML, profile"
    df = 2 if prediction == "k-2" else 3
    least = quantile(0.95, df) * np.sqrt(fit.tau2 + fit.std_error**2)
    assert fit.pred_low <= fit.conf_low
    assert fit.pred_high >= fit.conf_high
    assert fit.pred_high - fit.estimate >= least * (1 - 1e-12)
    named = ev.random_effects(effects, tau2="ML", inference="profile", prediction=prediction)
    assert (fit.pred_low, fit.i2_high) == (named.pred_low, named.i2_high)


def test_moderators_of_one_exact_value_are_told_as_narrow_only_where_they_are() -> None:
    alike = effects_of(*[exact(y, 0.01) for y in (0.44, 0.46, 0.45, 0.455, 0.447, 0.452)])
    alike.table["dose"] = [1.0, 2.0, 3.0, 4.0, 5.0, 7.0]
    assert any("mHKSJ" in note for note in ev.meta_regression(alike, "~ dose").notes)
    # A factor just below 1 is more than made up for by t with few df: nothing is narrower.
    wide = effects_of(*[exact(y, 0.01) for y in (0.44, 0.62, 0.45, 0.51)])
    plain, normal = ev.meta_regression(wide, "~ 1"), ev.meta_regression(wide, "~ 1", inference="z")
    assert plain.std_error < normal.std_error
    assert plain.conf_high - plain.conf_low > normal.conf_high - normal.conf_low
    assert not any("mHKSJ" in note for note in plain.notes)


def test_a_common_effect_with_moderators_says_what_it_assumes() -> None:
    effects = effects_of(*[exact(y, 0.01) for y in (0.4, 0.6, 0.5, 0.7)])
    effects.table["dose"] = [1.0, 2.0, 3.0, 4.0]
    fit = ev.meta_regression(effects, "~ dose", tau2="EE")
    assert fit.tau2 == 0.0
    assert any("tau² = 0, and no prediction interval" in note for note in fit.notes)


@pytest.mark.parametrize("name", ["multilevel", "meta_regression", "batch"])
def test_the_assumed_correlation_is_told_where_a_row_in_use_rests_on_it(name: str) -> None:
    said = "change scores with r = 0.7"
    told = "Effects assume a correlation of r = 0.7 between scores before and after."
    used = effects_of(exact(0.1, 0.02, assumptions=said), exact(0.4, 0.03))
    unused = effects_of(exact(0.1, 0.02), exact(0.4, 0.03), exact(0.2, 0.1, main=False, assumptions=said))
    for effects, expected in ((used, True), (unused, False)):
        result = VERBS[name](dataclasses.replace(effects, correlation=0.7))
        notes = " ".join(result["note"] if name == "batch" else result.notes)
        assert (told in notes) is expected


def test_batch_tells_in_each_group_what_random_effects_tells() -> None:
    values = {"alike": (0.44, 0.46, 0.45), "same": (0.3, 0.3, 0.3), "wide": (0.1, 0.9, 0.4), "one": (0.2,)}
    effects = effects_of(*[exact(y, 0.01, domain=name) for name, ys in values.items() for y in ys])
    table = ev.batch(effects, by="domain").set_index("domain")
    for name, ys in values.items():
        alone = ev.random_effects(effects_of(*[exact(y, 0.01) for y in ys]))
        told = [note for note in alone.notes if "Q-profile" not in note and "people" not in note]
        said = str(table.loc[name, "note"])
        assert all(note in said for note in told)
        assert bool(said) is bool(told)
    assert "mHKSJ" not in str(ev.batch(effects, by="domain", inference="mHKSJ")["note"].tolist())


def test_batch_names_arguments_and_columns_of_the_wrong_type() -> None:
    effects = effects_of(exact(0.1, 0.02), exact(0.4, 0.03))
    with pytest.raises(ev.ModelError, match="by takes the names of columns"):
        ev.batch(effects, by=3)  # type: ignore[arg-type]
    effects.table["variance"] = ["0.1", "small"]
    with pytest.raises(ev.ModelError, match="column 'variance' of the effects must hold numbers"):
        ev.batch(effects, by="domain")


@pytest.mark.parametrize(
    ("given", "options", "message"),
    [
        (["a", "b"], {}, "lists of numbers"),
        ([[0.1], [0.2, 0.3]], {}, "lists of numbers"),
        ([0.1, 0.2], {"tau2": ["REML"]}, "tau2 must be one of"),
        ([0.1, 0.2], {"level": "0.9"}, "level must be a share"),
    ],
)
def test_arrays_of_the_wrong_type_are_named(given: object, options: dict[str, Any], message: str) -> None:
    with pytest.raises(ev.ModelError, match=message):
        ev.pool_arrays(given, [0.1, 0.1], **options)  # type: ignore[arg-type]


# --- multilevel -----------------------------------------------------------------------------------------


def test_studies_are_counted_as_studies_whatever_the_outermost_level() -> None:
    fit = ev.multilevel(_several())
    assert (fit.k, fit.n_studies, fit.n_clusters, fit.n_people) == (24, 8, 8, 160.0)
    by_arm = ev.multilevel(_several(), levels=("arm_e", "row_id"), robust="CR1")
    assert (by_arm.n_studies, by_arm.n_clusters) == (8, 3)
    assert "8 studies, 24 rows" in by_arm.sentence()


def test_one_group_of_several_studies_is_refused_and_one_study_is_never_pooled() -> None:
    effects = _several()
    effects.table["domain"] = "all"
    with pytest.raises(ev.ModelError, match="'domain' puts the rows of all 8 studies into one group"):
        ev.multilevel(effects, levels=("domain", "row_id"))
    one = effects_of(exact(0.1, 0.05, study="a"), exact(0.4, 0.05, study="a"), interval(0.0, 1.0, 0.1))
    plain, by_row = ev.multilevel(one), ev.multilevel(one, levels=("row_id",))
    assert plain.method == by_row.method == "one study, not pooled"
    assert plain.std_error == by_row.std_error
    assert (by_row.tau2, by_row.n_studies, by_row.n_clusters) == (None, 1, 1)


def test_several_coefficients_are_told_by_their_joint_test() -> None:
    fit = ev.multilevel(_several(dose=True), formula="~ dose")
    assert fit.estimate is None
    assert fit.formula == "~ dose"
    assert "effects with dose (joint test F(1, " in fit.sentence()
    assert "joint test of the moderators" in fit._repr_html_()
    assert any(".tidy()" in note for note in fit.notes)
    regression = ev.meta_regression(_one_each(), "~ dose")
    assert f"F(1, {regression.df:g})" in regression.sentence()
    assert regression.qm_df2 == regression.df
    assert "χ²(1)" in ev.meta_regression(_one_each(), "~ dose", inference="z").sentence()


def _one_each() -> ev.Effects:
    effects = _several(dose=True)
    return dataclasses.replace(effects, table=effects.table.iloc[::3].copy())


@pytest.mark.parametrize("formula", [None, 3, ""])
def test_a_formula_is_text(formula: object) -> None:
    with pytest.raises(ev.ModelError, match="formula"):
        ev.multilevel(_several(), formula=formula)  # type: ignore[arg-type]
    with pytest.raises(ev.ModelError, match="formula"):
        ev.meta_regression(effects_of(exact(0.1, 0.02)), formula)  # type: ignore[arg-type]


def test_rho_takes_any_real_number() -> None:
    fit = ev.multilevel(_several(), rho=np.float32(0.5))  # type: ignore[arg-type]
    assert fit.estimate == pytest.approx(ev.multilevel(_several(), rho=0.5).estimate)
    for rho in (True, "0.5", np.nan, -0.1):
        with pytest.raises(ev.ModelError, match="at least 0 and below 1"):
            ev.multilevel(_several(), rho=rho)  # type: ignore[arg-type]
