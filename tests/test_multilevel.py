"""Nested and multivariate random effects: reference values, exact optima, invariances, the verb."""

from __future__ import annotations

import numpy as np
import pytest
from helpers_mixed import (
    CASES,
    NESTED,
    OUTCOMES,
    arrays,
    blocks,
    error,
    exact_optimum,
    same_groups,
    whole_covariance,
)
from hypothesis import given, settings
from hypothesis import strategies as st

import evidence as ev
from evidence.errors import ModelError
from evidence.numerics.blocks import nested_codes
from evidence.numerics.mixed_rows import mixed_rows, spread
from evidence.numerics.multilevel import MixedFit, fit_multilevel
from evidence.numerics.multivariate import fit_multivariate
from evidence.numerics.profile import profile_component, profile_compound, profile_outcome
from evidence.numerics.tau2 import maximum_likelihood, restricted_likelihood
from evidence.numerics.wls import sample


def fitted(name: str) -> MixedFit:
    case = CASES[name]
    y, v, x, levels = arrays(case)
    return fit_multilevel(y, v, levels, x=x, blocks=blocks(case), restricted=case["method"] == "REML")


def simulated(
    seed: int, k: int = 40, groups: int = 10, depth: int = 2
) -> tuple[np.ndarray, np.ndarray, list[np.ndarray]]:
    """Return effects in studies (in arms) with one row each at the last level."""
    rng = np.random.default_rng(seed)
    study = rng.integers(0, groups, k)
    arm = rng.integers(0, 2, k)
    levels = [study, arm, np.arange(k)] if depth == 3 else [study, np.arange(k)]
    v = rng.chisquare(6, k) / 60.0
    y = 0.3 + sum(0.3 * rng.normal(size=k)[level] for level in nested_codes(levels))
    return y + rng.normal(size=k) * np.sqrt(v), v, levels


@pytest.mark.parametrize("name", NESTED)
def test_nested_models_agree_with_the_polished_optimum(name: str) -> None:
    case, fit = CASES[name], fitted(name)
    assert error(fit.theta, case["theta"], np.median(case["v"])) < 1e-9
    assert error(fit.beta, case["beta"], case["se"]) < 1e-9
    assert error(np.sqrt(np.diag(fit.covariance)), case["se"]) < 1e-9
    assert abs(fit.loglik - case["loglik"]) < 1e-9


@pytest.mark.parametrize("name", NESTED)
def test_heterogeneity_and_rows_agree(name: str) -> None:
    case, fit = CASES[name], fitted(name)
    rows, share = mixed_rows(fit), spread(fit)
    assert error(share.q, case["q"]) < 1e-10
    if "i2" in case:
        assert error(share.i2, case["i2"], 1.0) < 1e-9
    if "hat" in case:
        assert error(rows.leverage, case["hat"], 1e-3) < 1e-9
        assert error(rows.std_residual, case["std_residual"], 0.1) < 1e-9
    if "weights_rowsum" in case:
        assert error(100.0 * rows.weight, case["weights_rowsum"], 0.1) < 1e-9


@pytest.mark.parametrize("name", [name for name in NESTED if CASES[name].get("profile")])
def test_profile_intervals_agree_with_a_default_search(name: str) -> None:
    case, fit = CASES[name], fitted(name)
    for component, (_, low, high) in enumerate(case["profile"]):
        found = profile_component(fit, component, 0.95)
        # metafor's search stops at an absolute accuracy: some 1e-4 of the interval.
        assert error(found.high, high) < 1e-4
        assert error(found.low, low, 1e-2 * np.median(case["v"])) < 1e-3


@pytest.mark.parametrize("name", OUTCOMES)
def test_multivariate_models_agree(name: str) -> None:
    case = CASES[name]
    y, v, x, (study,) = arrays(case)
    outcome = np.array(case["outcome"])
    fit = fit_multivariate(
        y,
        v,
        study,
        outcome,
        x=x,
        structure=case["structure"],
        blocks=blocks(case),
        restricted=case["method"] == "REML",
    )
    tau2 = fit.tau2[: len(case["tau2"])]
    assert error(tau2, case["tau2"], np.median(v)) < 1e-9
    assert error(fit.mixed.beta, case["beta"], case["se"]) < 1e-9
    assert error(np.sqrt(np.diag(fit.mixed.covariance)), case["se"]) < 1e-9
    if case["structure"] in ("UN", "CS"):
        assert error(fit.correlation[0, 1], case["rho"]) < 1e-9


def test_the_optimum_of_three_levels_to_50_digits() -> None:
    y, v, levels = simulated(6, k=14, groups=5)
    fit = fit_multilevel(y, v, levels, rho=0.4)
    s = np.sqrt(v)
    known = 0.4 * np.outer(s, s) * same_groups(levels[0])
    np.fill_diagonal(known, v)
    patterns = [same_groups(code) for code in nested_codes(levels)]
    assert np.all(fit.theta > 0.0)
    theta, beta, se = exact_optimum(y, known, np.ones((14, 1)), patterns, fit.theta)
    assert error(fit.theta, theta, np.median(v)) < 1e-12
    assert error(fit.beta, beta, se) < 1e-13
    assert error(np.sqrt(np.diag(fit.covariance)), se) < 1e-12


@pytest.mark.parametrize("restricted", [True, False])
def test_the_optimum_of_four_levels_with_moderators_to_50_digits(restricted: bool) -> None:
    y, v, levels = simulated(5, k=18, groups=5, depth=3)
    x = np.column_stack([np.ones(18), np.linspace(1990.0, 2020.0, 18) + 3.0 * np.sin(np.arange(18))])
    fit = fit_multilevel(y, v, levels, x=x, restricted=restricted)
    at = np.flatnonzero(fit.theta > 0.0)
    assert at.size >= 2
    patterns = [same_groups(code) for code in nested_codes(levels)]
    theta, beta, se = exact_optimum(y, np.diag(v), x, [patterns[i] for i in at], fit.theta[at], restricted)
    assert error(fit.theta[at], theta, np.median(v)) < 1e-10
    assert error(fit.beta, beta, se) < 1e-10
    assert error(np.sqrt(np.diag(fit.covariance)), se) < 1e-10


@pytest.mark.parametrize("method", ["REML", "ML"])
def test_the_optimum_of_an_unstructured_covariance_to_50_digits(method: str) -> None:
    # Berkey et al. 1998; metafor's own Newton stops some 1e-11 away.
    case = CASES["berkey_UN" if method == "REML" else "berkey_UN_ML"]
    y, v, x, (study,) = arrays(case)
    outcome = np.array(case["outcome"])
    fit = fit_multivariate(y, v, study, outcome, x=x, blocks=blocks(case), restricted=method == "REML")
    same = same_groups(study)
    one = np.eye(2)[outcome]
    cross = np.outer(one[:, 0], one[:, 1])
    patterns = [
        same * np.outer(one[:, 0], one[:, 0]),
        same * (cross + cross.T),
        same * np.outer(one[:, 1], one[:, 1]),
    ]
    theta, beta, se = exact_optimum(y, whole_covariance(case), x, patterns, fit.mixed.theta, method == "REML")
    assert error(fit.mixed.theta, theta, np.median(v)) < 1e-12
    assert error(fit.mixed.beta, beta, se) < 1e-12
    assert error(np.sqrt(np.diag(fit.mixed.covariance)), se) < 1e-12


def test_one_effect_a_study_is_the_two_level_model() -> None:
    y, v, _ = simulated(1)
    for restricted, estimator in ((True, restricted_likelihood), (False, maximum_likelihood)):
        fit = fit_multilevel(y, v, [np.arange(y.size)], restricted=restricted)
        expected = estimator(sample(y, v)).value
        assert error(fit.theta[0], expected, np.median(v)) < 1e-12


def test_levels_with_the_same_groups_are_an_error() -> None:
    y, v, _ = simulated(1)
    with pytest.raises(ModelError, match="same groups"):
        fit_multilevel(y, v, [np.arange(y.size), np.arange(y.size)])


def test_a_block_of_v_by_rho_is_the_correlation() -> None:
    y, v, levels = simulated(2)
    (study, row), s = nested_codes(levels), np.sqrt(v)
    given = []
    for c in range(study.max() + 1):
        at = study == c
        block = 0.6 * np.outer(s[at], s[at])
        np.fill_diagonal(block, v[at])
        given.append(block)
    by_rho = fit_multilevel(y, v, [study, row], rho=0.6)
    by_block = fit_multilevel(y, v, [study, row], blocks=given)
    assert error(by_block.theta, by_rho.theta, np.median(v)) < 1e-11
    assert error(by_block.beta, by_rho.beta) < 1e-12
    assert abs(by_block.loglik - by_rho.loglik) < 1e-10


def test_blocks_under_three_levels_go_through_small_matrices() -> None:
    y, v, levels = simulated(4, depth=3)
    study = nested_codes(levels)[0]
    diagonal = [np.diag(v[study == c]) for c in range(study.max() + 1)]
    plain = fit_multilevel(y, v, levels)
    dense = fit_multilevel(y, v, levels, blocks=diagonal)
    assert error(dense.theta, plain.theta, np.median(v)) < 1e-11
    assert error(dense.beta, plain.beta) < 1e-11


def test_a_singular_covariance_of_outcomes_is_found() -> None:
    # Both outcomes carry the same true effects, and little noise: the correlation is 1.
    rng = np.random.default_rng(0)
    study, outcome = np.repeat(np.arange(12), 2), np.tile([0, 1], 12)
    v = np.full(24, 1e-3)
    y = rng.normal(size=12)[study] * np.array([1.0, 2.0])[outcome] + rng.normal(size=24) * np.sqrt(v) * 0.3
    fit = fit_multivariate(y, v, study, outcome)
    assert fit.correlation[0, 1] == pytest.approx(1.0, abs=1e-12)
    assert np.linalg.eigvalsh(fit.t)[0] > -1e-12
    # Along the singular direction the likelihood only falls.
    direction = np.array([fit.t[1, 1], -fit.t[0, 1]])
    g = np.array(
        [
            [fit.mixed.gradient[0], fit.mixed.gradient[1] / 2],
            [fit.mixed.gradient[1] / 2, fit.mixed.gradient[2]],
        ]
    )
    assert direction @ g @ direction < 0.0


def test_the_profile_interval_of_an_outcome_holds_its_deviance() -> None:
    case = CASES["berkey_UN"]
    y, v, x, (study,) = arrays(case)
    fit = fit_multivariate(y, v, study, np.array(case["outcome"]), x=x, blocks=blocks(case))
    found = profile_outcome(fit, 0, 0.95)
    _, low, high = case["profile"][0]
    assert error(found.low, low) < 1e-4
    assert error(found.high, high) < 1e-4


def test_profile_intervals_of_a_compound_symmetric_covariance() -> None:
    case = CASES["berkey_CS"]
    y, v, x, (study,) = arrays(case)
    fit = fit_multivariate(y, v, study, np.array(case["outcome"]), x=x, structure="CS", blocks=blocks(case))
    problem, square = fit.mixed.problem, fit.mixed.problem.unit**2
    top = problem.at(fit.mixed.theta / square, derivatives=False).value
    shares = np.linspace(0.0, 1.0, 2001)
    # Both components from tau² and r = (1 + rho) / 2; the best of a fine grid, found without derivatives.
    for end in (profile_compound(fit, "tau2", 0.95).low, profile_compound(fit, "tau2", 0.95).high):
        heights = [
            problem.at(2.0 * end / square * np.array([1.0 - r, r]), derivatives=False).value for r in shares
        ]
        assert 2.0 * (top - max(heights)) == pytest.approx(3.841458820694124, abs=1e-5)
    found = profile_compound(fit, "correlation", 0.95)
    assert -1.0 < found.low < fit.correlation[0, 1] < found.high < 1.0
    for rho in (found.low, found.high):
        r = 0.5 * (1.0 + rho)
        heights = [
            problem.at(2.0 * t * fit.tau2[0] / square * np.array([1.0 - r, r]), derivatives=False).value
            for t in np.linspace(0.2, 4.0, 4001)
        ]
        assert 2.0 * (top - max(heights)) == pytest.approx(3.841458820694124, abs=1e-5)


def test_compound_symmetry_over_rows_is_the_nested_model() -> None:
    # Konstantopoulos 2011: ~ school | district with CS is ~ 1 | district/school.
    case = CASES["konst_3level"]
    y, v, _, (district, school) = arrays(case)
    nested = fitted("konst_3level")
    fit = fit_multivariate(y, v, district, school, x=np.ones((y.size, 1)), structure="CS")
    assert error(fit.tau2[0], nested.theta.sum()) < 1e-11
    assert error(fit.correlation[0, 1], nested.theta[0] / nested.theta.sum()) < 1e-11
    assert abs(fit.mixed.loglik - nested.loglik) < 1e-11


@pytest.mark.parametrize("rho", [0.0, 0.5])
def test_profile_ends_have_the_critical_deviance(rho: float) -> None:
    y, v, levels = simulated(7)
    fit = fit_multilevel(y, v, levels, rho=rho)
    for component in (0, 1):
        end = profile_component(fit, component, 0.9).high
        square = fit.problem.unit**2
        heights = []
        # The other component by a fine search that shares nothing with the package's.
        theta = fit.theta / square
        theta[component] = end / square
        for other in np.linspace(0.0, 6.0 * max(fit.theta[1 - component], 0.02), 4001) / square:
            theta[1 - component] = other
            heights.append(fit.problem.at(theta, derivatives=False).value)
        top = fit.problem.at(fit.theta / square, derivatives=False).value
        assert 2.0 * (top - max(heights)) == pytest.approx(2.705543454095404, abs=1e-5)


def test_three_levels_scale_with_the_data() -> None:
    y, v, levels = simulated(11)
    base = fit_multilevel(y, v, levels, rho=0.3)
    for c in (1e-6, 1e-3, 1e3, 1e6, 1e-150, 1e140):
        fit = fit_multilevel(y * c, v * c * c, levels, rho=0.3)
        assert error(fit.theta, base.theta * c * c, np.median(v) * c * c) < 1e-11
        assert error(fit.beta, base.beta * c) < 1e-11


@settings(max_examples=25, deadline=None)
@given(st.integers(0, 10_000), st.floats(0.0, 0.9), st.sampled_from([2, 3]))
def test_order_shift_and_sign(seed: int, rho: float, depth: int) -> None:
    y, v, levels = simulated(seed, depth=depth)
    base = fit_multilevel(y, v, levels, rho=rho)
    tolerance = {"theta": 1e-9, "beta": 1e-10}
    order = np.random.default_rng(seed).permutation(y.size)
    variants = {
        "order": (fit_multilevel(y[order], v[order], [c[order] for c in levels], rho=rho), base.beta[0]),
        "shift": (fit_multilevel(y + 1000.0, v, levels, rho=rho), base.beta[0] + 1000.0),
        "sign": (fit_multilevel(-y, v, levels, rho=rho), -base.beta[0]),
    }
    for fit, beta in variants.values():
        assert error(fit.theta, base.theta, np.median(v)) < tolerance["theta"]
        assert abs(fit.beta[0] - beta) < tolerance["beta"] * max(1.0, abs(beta))


@settings(max_examples=25, deadline=None)
@given(st.integers(0, 10_000), st.booleans())
def test_the_score_vanishes_or_the_component_is_zero(seed: int, restricted: bool) -> None:
    y, v, levels = simulated(seed, k=30, groups=6, depth=3)
    fit = fit_multilevel(y, v, levels, restricted=restricted)
    assert np.all(fit.theta >= 0.0)
    size = 1.0 / np.sqrt(np.maximum(np.diag(fit.observed), 1e-12))  # both in scaled units
    for theta, slope, unit in zip(fit.theta, fit.gradient, size, strict=True):
        if theta == 0.0:
            assert slope <= 1e-9 / unit
        else:
            assert abs(slope) * unit < 1e-8


@settings(max_examples=15, deadline=None)
@given(st.integers(0, 10_000))
def test_a_study_twice_at_double_covariance_changes_nothing_in_common(seed: int) -> None:
    # Without heterogeneity (one study's rows agree) duplication at double variance keeps the estimate.
    y, v, levels = simulated(seed)
    study = nested_codes(levels)[0]
    base = fit_multilevel(y, v, [study], rho=0.5)
    twice = fit_multilevel(
        np.r_[y, y], 2.0 * np.r_[v, v], [np.r_[study, study + study.max() + 1]], rho=0.5, restricted=False
    )
    problem, other = base.problem, twice.problem
    zero = np.zeros(1)
    a = problem.base * problem.unit + problem.turn @ problem.at(zero).beta * problem.unit
    b = other.base * other.unit + other.turn @ other.at(zero).beta * other.unit
    assert error(b, a, 1e-3) < 1e-9


def test_variances_over_twelve_orders_of_magnitude() -> None:
    rng = np.random.default_rng(6)
    k = 12
    study = np.repeat(np.arange(4), 3)
    v = 10.0 ** rng.uniform(-8.0, 4.0, k)
    y = rng.normal(size=4)[study] * 2.0 + rng.normal(size=k) + rng.normal(size=k) * np.sqrt(v)
    fit = fit_multilevel(y, v, [study, np.arange(k)])
    at = np.flatnonzero(fit.theta > 0.0)
    patterns = [same_groups(study), np.eye(k)]
    theta, beta, se = exact_optimum(y, np.diag(v), np.ones((k, 1)), [patterns[i] for i in at], fit.theta[at])
    assert error(fit.theta[at], theta, np.median(v)) < 1e-9
    assert error(fit.beta, beta, se) < 1e-9


def test_many_effects_are_fitted_without_large_matrices() -> None:
    rng = np.random.default_rng(9)
    k = 60_000
    study = np.sort(rng.integers(0, k // 4, k))
    study = np.unique(study, return_inverse=True)[1]
    v = rng.chisquare(8, k) / 80.0
    y = 0.3 + 0.3 * rng.normal(size=study.max() + 1)[study] + 0.2 * rng.normal(size=k)
    y += rng.normal(size=k) * np.sqrt(v)
    fit = fit_multilevel(y, v, [study, np.arange(k)])
    assert fit.theta == pytest.approx([0.09, 0.04], rel=0.05)
    assert fit.beta[0] == pytest.approx(0.3, abs=0.01)
    spread_of = 1.0 / np.sqrt(np.diag(fit.observed))
    assert np.all(np.abs(fit.gradient) * spread_of < 1e-7)


def test_bad_blocks_and_correlations_are_errors() -> None:
    y, v, levels = simulated(0)
    study = nested_codes(levels)[0]
    good = [np.diag(v[study == c]) for c in range(study.max() + 1)]
    with pytest.raises(ModelError, match="at least 0 and below 1"):
        fit_multilevel(y, v, levels, rho=1.0)
    with pytest.raises(ModelError, match="not both"):
        fit_multilevel(y, v, levels, rho=0.1, blocks=good)
    with pytest.raises(ModelError, match="in all; got"):
        fit_multilevel(y, v, levels, blocks=good[1:])
    wrong = [good[0] * 2.0, *good[1:]]
    with pytest.raises(ModelError, match="differs from the variances"):
        fit_multilevel(y, v, levels, blocks=wrong)
    size = np.sqrt(np.diag(good[0]))
    with pytest.raises(ModelError, match="not positive definite"):
        fit_multilevel(y, v, levels, blocks=[np.outer(size, size), *good[1:]])
    with pytest.raises(ModelError, match="linear combination"):
        fit_multilevel(y, v, levels, x=np.column_stack([np.ones(y.size), np.full(y.size, 2.0)]))
    with pytest.raises(ModelError, match="cannot be estimated"):
        fit_multilevel(y, v, [np.zeros(y.size, dtype=int), np.arange(y.size)])


# The verb.


def effects(seed: int = 3, **columns: object) -> ev.Effects:
    y, v, levels = simulated(seed)
    return ev.effects_from(y, variance=v, study=[f"s{c}" for c in levels[0]], **columns)


def test_the_verb_returns_components_and_robust_tests() -> None:
    case = CASES["synthml1_CHE"]
    y, v, _, levels = arrays(case)
    data = ev.effects_from(y, variance=v, study=[f"s{c:02d}" for c in levels[0]])
    fit = ev.multilevel(data)
    table = fit.variance_components
    assert table is not None
    assert table["level"].tolist() == ["study", "row_id"]
    assert error(table["variance"], case["theta"], np.median(v)) < 1e-9
    assert error(table["i2"], case["i2"]) < 1e-9
    assert error(fit.estimate, case["beta"][0]) < 1e-9
    expected = case["robust"]["coef_test_CR2"]
    assert error([fit.std_error, fit.df, fit.p_value], [expected[key][0] for key in ("se", "df", "p")]) < 1e-8
    assert fit.pred_low < fit.conf_low < fit.estimate < fit.conf_high < fit.pred_high
    assert fit.tidy().shape == (1, 8)
    assert "rho = 0.6" in " ".join(fit.notes)
    assert {"blup", "leverage", "fitted"} <= set(fit.augment().columns)
    assert "konstantopoulos2011" in fit.cite()
    # The covariance itself gives the same, by name or in order of appearance.
    known = blocks(case)
    assert known is not None
    named = {f"s{c:02d}": block for c, block in enumerate(known)}
    _, first = np.unique(levels[0], return_index=True)
    listed = [known[c] for c in levels[0][np.sort(first)]]
    for rho in (named, listed):
        again = ev.multilevel(data, rho=rho)
        assert error(again.estimate, fit.estimate) < 1e-11
        assert error(again.std_error, fit.std_error) < 1e-10


def test_with_exact_rows_pool_partial_is_a_two_level_likelihood() -> None:
    data = effects()
    partial = ev.pool_partial(data, rho=0.6, cluster=("study",))
    fit = ev.multilevel(data, levels=("study",), tau2="ML", rho=0.6, robust=None)
    assert error(fit.estimate, partial.estimate) < 1e-11
    assert (
        error([fit.tau2, fit.tau2_low, fit.tau2_high], [partial.tau2, partial.tau2_low, partial.tau2_high])
        < 1e-9
    )
    assert error(fit.loglik, partial.loglik) < 1e-12


@pytest.mark.parametrize("seed", [3, 5, 11])
def test_with_exact_rows_pool_partial_is_the_three_level_model(seed: int) -> None:
    rng = np.random.default_rng(seed)
    study = np.repeat([f"s{j}" for j in range(9)], rng.integers(1, 5, 9))
    v = rng.uniform(0.02, 0.15, study.size)
    truth = dict(zip(np.unique(study), rng.normal(0.3, 0.3, 9), strict=True))
    y = np.array([truth[name] for name in study]) + rng.normal(0.0, np.sqrt(v + 0.05))
    data = ev.effects_from(y, variance=v, study=study)
    partial = ev.pool_partial(data)
    fit = ev.multilevel(data, tau2="ML", robust=None)
    assert error(fit.estimate, partial.estimate) < 1e-8
    assert error(fit.std_error, partial.std_error) < 1e-8
    assert error(fit.loglik, partial.loglik) < 1e-10
    for name in ("variance", "low", "high"):
        ours, theirs = (one.variance_components[name].to_numpy(dtype=float) for one in (partial, fit))
        assert np.abs(ours - theirs).max() < 1e-8 * float(np.median(v)) * 10, name


def test_one_effect_a_study_is_random_effects() -> None:
    y, v, _ = simulated(8)
    data = ev.effects_from(y, variance=v)
    fit, simple = ev.multilevel(data, robust=None), ev.random_effects(data, inference="t")
    for name in ("estimate", "std_error", "df", "p_value", "tau2", "i2", "h2", "q", "pred_low", "pred_high"):
        assert error(getattr(fit, name), getattr(simple, name)) < 1e-10, name
    assert any("cannot be told apart" in note for note in fit.notes)


def test_one_study_is_printed_not_pooled() -> None:
    data = ev.effects_from([0.2, 0.5], variance=[0.04, 0.09], study=["a", "a"])
    fit = ev.multilevel(data, rho=0.5)
    covariance = np.array([[0.04, 0.5 * 0.2 * 0.3], [0.5 * 0.2 * 0.3, 0.09]])
    weight = np.linalg.solve(covariance, np.ones(2))
    assert fit.estimate == pytest.approx(float(weight @ [0.2, 0.5]) / float(weight.sum()), rel=1e-13)
    assert fit.std_error == pytest.approx(float(weight.sum()) ** -0.5, rel=1e-13)
    assert fit.tau2 is None
    assert fit.pred_low is None
    assert "not pooled" in fit.method


def test_moderators_are_tested_robustly() -> None:
    case = CASES["synthml1_3level_dose"]
    y, v, x, levels = arrays(case)
    data = ev.effects_from(
        y, variance=v, study=[f"s{c:02d}" for c in levels[0]], dose=x[:, 1].tolist(), age=x[:, 2].tolist()
    )
    fit = ev.multilevel(data, rho=0.0, formula="~ dose + age")
    table, robust = fit.tidy(), case["robust"]
    assert table["term"].tolist() == ["Intercept", "dose", "age"]
    assert error(table["estimate"], case["beta"], case["se"]) < 1e-9
    assert error(table["std_error"], robust["coef_test_CR2"]["se"]) < 1e-9
    assert error(table["df"], robust["coef_test_CR2"]["df"]) < 1e-9
    wald = robust["Wald_HTZ_CR2"]
    assert error([fit.qm, fit.qm_df, fit.qm_p_value], [wald["F"], wald["df_num"], wald["p"]]) < 1e-9
    assert fit.estimate is None


def test_identical_effects_keep_an_interval() -> None:
    data = ev.effects_from([0.5] * 6, variance=0.04, study=["a", "a", "b", "b", "c", "c"])
    fit = ev.multilevel(data)
    assert fit.std_error > 0.0
    assert any("fits the effects exactly" in note for note in fit.notes)


def test_bad_arguments_say_what_is_right() -> None:
    data = effects(arm=["x"] * 39 + [""])
    with pytest.raises(ModelError, match=r"no column 'stud' \(did you mean study\?\)"):
        ev.multilevel(data, levels=("stud",))
    with pytest.raises(ModelError, match="blank in row 40"):
        ev.multilevel(data, levels=("study", "arm"))
    with pytest.raises(ModelError, match="rho"):
        ev.multilevel(data, rho=1.0)
    with pytest.raises(ModelError, match="robust must be one of"):
        ev.multilevel(data, robust="CR9")
    with pytest.raises(ModelError, match="tau2 must be one of REML, ML"):
        ev.multilevel(data, tau2="DL")
    with pytest.raises(ModelError, match="no sampling covariance for study"):
        ev.multilevel(data, rho={"s0": np.eye(2)})


@pytest.mark.parametrize("robust", ["CR2", "CR3", "CR1", None])
@pytest.mark.parametrize("exponent", [-498, 400, 498])
def test_any_unit_of_the_effects_gives_the_same_digits(robust: str | None, exponent: int) -> None:
    y, v = np.array([1.0, 3.0, 2.0, 5.0, 4.0, 2.5]), np.array([1.0, 1.0, 0.1, 0.1, 0.3, 0.2])
    study, dose = list("aabbcd"), [1.0, 2.0, 1.5, 4.0, 3.0, 3.5]
    unit = 2.0**exponent
    own = ev.multilevel(
        ev.effects_from(y, variance=v, study=study, dose=dose), formula="~ dose", robust=robust
    )
    far = ev.multilevel(
        ev.effects_from(unit * y, variance=unit**2 * v, study=study, dose=dose),
        formula="~ dose",
        robust=robust,
    )
    left, right = own.tidy(), far.tidy()
    for name in ("estimate", "std_error", "conf_low", "conf_high"):
        assert (right[name] / unit).tolist() == pytest.approx(left[name].tolist(), rel=1e-10)
    for name in ("df", "p_value"):
        assert right[name].tolist() == pytest.approx(left[name].tolist(), rel=1e-10)
    assert far.qm == pytest.approx(own.qm, rel=1e-10)


@pytest.mark.parametrize("robust", ["CR2", "CR3"])
@pytest.mark.parametrize("seed", range(12))
def test_what_one_study_alone_tells_is_refused_by_name_or_has_sound_numbers(robust: str, seed: int) -> None:
    """A study with a moderator of its own fits its residuals exactly: no cluster-robust variance is left."""
    rng = np.random.default_rng(seed)
    sizes = rng.integers(1, 4, int(rng.integers(2, 6)))
    study = np.repeat([f"s{at}" for at in range(sizes.size)], sizes)
    own = study == "s0"
    effects = ev.effects_from(
        rng.normal(0.0, 0.3, study.size),
        variance=rng.uniform(0.02, 0.1, study.size),
        study=study.tolist(),
        x=np.where(own, 1.0, 0.0),
        group=np.where(own, "a", "b").tolist(),
    )
    for formula in ("~ 0 + x", "~ x", "~ 0 + group", "~ group"):
        try:
            fit = ev.multilevel(effects, formula=formula, robust=robust)
        except ev.ModelError:
            continue  # named in the next test; anything else, or a NaN, fails here
        numbers = fit.tidy()[["estimate", "std_error", "df", "p_value"]].to_numpy(dtype=np.float64)
        assert np.isfinite(numbers).all()
        assert (numbers[:, 2] > 0.0).all()


def test_the_coefficient_that_one_study_tells_is_named() -> None:
    effects = ev.effects_from([0.1, 0.3, 0.5, 0.7], variance=[0.04] * 4, study=list("aabc"), x=[1.0, 2, 0, 0])
    with pytest.raises(ev.ModelError, match=r"x rests on one group .* robust=None"):
        ev.multilevel(effects, formula="~ 0 + x", robust="CR3")
    assert ev.multilevel(effects, formula="~ 0 + x", robust=None).tidy()["std_error"].item() > 0
