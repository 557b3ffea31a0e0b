"""Subsets, permutations and bootstraps through the public verbs, against metafor 3.8-1, SciPy and refits."""

from __future__ import annotations

import gzip
import json
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest
from helpers_effects import datasets
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

import evidence as ev
from evidence import _work
from evidence.numerics.permutation import permutation_test as permute
from evidence.numerics.subsets import members
from evidence.synthesis import bootstrap as bootstraps
from evidence.synthesis import gosh as clouds
from evidence.synthesis.bootstrap import bca_interval

# permutest(exact=TRUE) and gosh() of metafor 3.8-1 on drawn effects; tau² iterated to 1e-13.
WITH = gzip.decompress((Path(__file__).parent / "reference" / "resampling.json.gz").read_bytes())
CASES = json.loads(WITH)["cases"]

Pair = tuple[np.ndarray, np.ndarray]


def _effects(case: dict[str, list[float]]) -> ev.Effects:
    return ev.effects_from(
        case["y"],
        variance=case["v"],
        study=[f"s{i}" for i in range(len(case["y"]))],
        x=case["x"],
        g=case["g"],
    )


def _of(y: np.ndarray, v: np.ndarray) -> ev.Effects:
    return ev.effects_from(y, variance=v, study=[f"s{i}" for i in range(len(y))])


def _fit(effects: ev.Effects, tau2: str, test: str, formula: str | None) -> ev.MetaFit:
    inference = {"z": "z", "knha": "HKSJ"}[test]
    if formula is not None:
        return ev.meta_regression(effects, formula, tau2=tau2, inference=inference)
    return (
        ev.common_effect(effects)
        if tau2 == "EE"
        else ev.random_effects(effects, tau2=tau2, inference=inference)
    )


@pytest.mark.parametrize("number", range(len(CASES)))
@pytest.mark.parametrize("key", ["mean_EE_z", "mean_DL_z", "mean_DL_knha", "mean_REML_z", "mean_REML_knha"])
def test_the_exact_test_of_a_mean_is_metafors(number: int, key: str) -> None:
    _, tau2, test = key.split("_")
    found = ev.permutation_test(_fit(_effects(CASES[number]), tau2, test, None), exact=True)
    assert found.p_value == pytest.approx(CASES[number][key][0], abs=1e-12)
    assert found.exact
    assert found.orders == 2 ** len(CASES[number]["y"])


@pytest.mark.parametrize(
    ("number", "key"), [(n, k) for n in range(6) for k in CASES[n] if "mods_" in k and "_EE" not in k]
)
def test_the_exact_test_of_moderators_is_metafors(number: int, key: str) -> None:
    _, tau2, test = key.split("_")
    found = ev.permutation_test(_fit(_effects(CASES[number]), tau2, test, "~ x + g"), exact=True)
    *single, joint = CASES[number][key]
    assert found.table["p_permuted"].tolist() == pytest.approx(single, abs=1e-12)
    assert found.p_value == found.joint_p_permuted == pytest.approx(joint, abs=1e-12)


@pytest.mark.parametrize("number", range(len(CASES)))
@pytest.mark.parametrize("tau2", ["EE", "DL", "REML"])
def test_every_subset_is_metafors_gosh(number: int, tau2: str) -> None:
    case = CASES[number]
    cloud, theirs = ev.gosh(_effects(case), tau2=tau2), case[f"gosh_{tau2}"]
    k = len(case["y"])
    holds = np.stack([cloud.holds(f"s{i}") for i in range(k)], axis=1)
    code = holds @ (1 << np.arange(k))
    order = np.argsort(np.array(theirs["code"]))
    assert code.tolist() == np.sort(np.array(theirs["code"], dtype=int)).tolist()
    unit = float(np.median(case["v"]))
    assert cloud.estimate == pytest.approx(np.array(theirs["estimate"])[order], abs=1e-9)
    assert cloud.tau2 == pytest.approx(np.array(theirs["tau2"])[order], abs=1e-8 * max(1.0, unit))
    assert cloud.q == pytest.approx(np.array(theirs["q"])[order], rel=1e-10, abs=1e-10)
    assert cloud.i2 == pytest.approx(np.array(theirs["i2"])[order], abs=1e-5)
    assert cloud.exact
    assert (cloud.k == holds.sum(axis=1)).all()


@given(datasets(2, 7))
@settings(max_examples=20, deadline=None)
def test_the_full_set_is_one_of_the_subsets_and_each_is_its_own_fit(drawn: Pair) -> None:
    y, v = drawn
    cloud = ev.gosh(_of(y, v))
    full = int(np.argmax(cloud.k))
    assert cloud.k[full] == y.size
    scale = np.sqrt(v.min())
    assert cloud.estimate[full] == pytest.approx(cloud.fit.estimate, abs=1e-8 * scale)
    at = len(cloud) // 2
    inside = np.array([cloud.holds(label)[at] for label in cloud.labels])
    alone = ev.random_effects(_of(y[inside], v[inside]))
    assert cloud.estimate[at] == pytest.approx(alone.estimate, abs=1e-8 * scale)
    assert cloud.q[at] == pytest.approx(alone.q, rel=1e-8, abs=1e-8)


def test_random_subsets_do_not_depend_on_the_workers_and_each_is_as_likely() -> None:
    rng = np.random.default_rng(3)
    effects = _of(rng.normal(0.3, 0.2, 6), rng.uniform(0.02, 0.1, 6))
    alone = ev.gosh(effects, subsets=100_000, seed=5)
    with ThreadPoolExecutor(3) as pool:
        shared = ev.gosh(effects, subsets=100_000, seed=5, executor=pool)
    assert (alone.estimate == shared.estimate).all()
    assert (alone.packed == shared.packed).all()
    assert not alone.exact
    assert alone.seed == 5
    counts = np.bincount(alone.packed[:, 0], minlength=64)
    possible = members(np.arange(64), 6).sum(axis=1) > 1
    assert counts[~possible].sum() == 0
    assert stats.chisquare(counts[possible]).pvalue > 1e-4  # a fixed seed: no chance is left


def test_more_than_twenty_studies_are_sampled() -> None:
    rng = np.random.default_rng(1)
    cloud = ev.gosh(_of(rng.normal(0, 1, 70), rng.uniform(0.1, 1, 70)), subsets=500, seed=1)
    assert len(cloud) == 500
    assert cloud.packed.shape == (500, 9)
    assert cloud.holds("s69").mean() == pytest.approx(0.5, abs=0.1)


def test_the_outlier_is_named() -> None:
    cloud = ev.gosh(_of(np.array([0.1, 0.2, 0.15, 0.12, 2.0]), np.full(5, 0.01)))
    assert cloud.studies["study"].iloc[0] == "s4"
    assert "moves them most is s4" in cloud.sentence()
    assert "<td>s4</td>" in cloud._repr_html_()
    assert list(cloud.table.columns) == ["k", "estimate", "tau2", "i2", "q"]


PARTIAL = ev.effects_from(
    [0.2, None, 0.4], std_error=[0.1, 0.2, 0.2], low=[None, 0.0, None], study=list("abc")
)
DEPENDENT = ev.effects_from([0.2, 0.3, 0.4], std_error=[0.1, 0.2, 0.2], study=list("aab"))


@pytest.mark.parametrize("verb", [ev.gosh, ev.permutation_test, ev.bootstrap])
def test_dependent_and_partial_rows_are_refused_by_name(verb: Callable[..., object]) -> None:
    for fit in (ev.multilevel(DEPENDENT), ev.pool_partial(PARTIAL)):
        with pytest.raises(ev.ModelError, match="one exact row a study"):
            verb(fit)
    with pytest.raises(ev.ModelError, match="takes Effects or a fit; got list"):
        verb([0.1, 0.2])


@pytest.mark.parametrize("k", [1, 2, 3])
def test_few_studies_get_an_answer_or_the_reason(k: int) -> None:
    effects = _of(np.array([0.1, 0.4, 0.2])[:k], np.array([0.02, 0.05, 0.03])[:k])
    if k == 1:
        for verb in (ev.gosh, ev.bootstrap, ev.permutation_test):
            with pytest.raises(ev.ModelError):
                verb(effects)
        return
    assert "too few subsets" in ev.gosh(effects).sentence()
    assert "cannot show anything" in ev.permutation_test(effects).sentence()
    assert np.isfinite(ev.bootstrap(effects, draws=100).table["percentile_low"]).all()
    if k == 2:
        with pytest.raises(ev.ModelError, match="at least three studies; got 2"):
            ev.bootstrap(effects, kind="cluster")


def test_equal_effects_and_a_dominating_study_have_defined_answers() -> None:
    equal = _of(np.full(6, 0.3), np.full(6, 0.04))
    assert np.ptp(ev.gosh(equal).estimate) < 1e-12
    assert (ev.gosh(equal).tau2 == 0.0).all()
    assert ev.permutation_test(equal).p_value == pytest.approx(2 / 64)
    drawn = ev.bootstrap(equal, kind="cluster", draws=200)
    assert drawn.table["std_error"].iloc[0] == pytest.approx(0.0, abs=1e-12)
    heavy = _of(np.array([0.1, 0.4, 0.2, 0.9]), np.array([1e-9, 0.05, 0.03, 0.1]))
    assert np.isfinite(ev.gosh(heavy).estimate).all()
    assert 0.0 < ev.permutation_test(heavy).p_value <= 1.0


def test_p_values_of_pure_noise_are_uniform() -> None:
    # 2,000 seeded syntheses of eight effects without a mean: 256 patterns of signs each.
    rng = np.random.default_rng(20261122)
    p = []
    for _ in range(2000):
        v = rng.uniform(0.02, 0.3, 8)
        y = rng.normal(0.0, np.sqrt(v + 0.05))
        p.append(float(permute(y, v, np.ones((8, 1)), tau2="DL").p_values[0]))
    # The statistic takes 128 values: discrete uniform on 2/256, 4/256 ... 1.
    steps = np.bincount(np.rint(np.array(p) * 128).astype(int), minlength=129)[1:]
    assert steps.sum() == 2000
    assert stats.chisquare(steps.reshape(16, 8).sum(axis=1)).pvalue > 1e-3
    assert np.mean(np.array(p) <= 0.05) == pytest.approx(0.047, abs=3 * np.sqrt(0.05 * 0.95 / 2000))


def test_random_orders_keep_their_seed_and_count_the_observed_one() -> None:
    effects = _effects(CASES[4])
    fit = ev.random_effects(effects, tau2="DL", inference="z")
    one = ev.permutation_test(fit, exact=False, draws=500, seed=7)
    assert one.p_value == ev.permutation_test(fit, exact=False, draws=500, seed=7).p_value
    assert not one.exact
    assert one.least_p == 1 / 501
    assert "500 random" in one.sentence()
    assert one.p_value == pytest.approx(CASES[4]["mean_DL_z"][0], abs=0.08)


def test_a_formula_goes_with_effects_alone() -> None:
    effects = _effects(CASES[3])
    assert ev.permutation_test(effects, "~ x").joint_p_permuted is not None
    with pytest.raises(ev.ModelError, match="a fit has its own formula"):
        ev.permutation_test(ev.random_effects(effects), "~ x")


# Bootstrap.


def test_the_cluster_bootstrap_has_scipys_intervals() -> None:
    # SciPy 1.17's bootstrap of the same statistic (the mean of equally precise effects by DL is their plain
    # mean), percentile and BCa; both have Monte Carlo error only.
    rng = np.random.default_rng(8)
    y = rng.exponential(1.0, 15)
    found = ev.bootstrap(
        ev.random_effects(_of(y, np.full(15, 0.2)), tau2="DL"), kind="cluster", draws=200_000
    )
    mean = found.table.iloc[0]
    error = float(np.std(y) / np.sqrt(15))
    for method, name in (("percentile", "percentile"), ("BCa", "bca")):
        theirs = stats.bootstrap((y,), np.mean, n_resamples=200_000, batch=20_000, method=method, rng=rng)
        low, high = theirs.confidence_interval
        assert mean[f"{name}_low"] == pytest.approx(low, abs=0.03 * error)
        assert mean[f"{name}_high"] == pytest.approx(high, abs=0.04 * error)
    assert mean["std_error"] == pytest.approx(theirs.standard_error, rel=0.02)


def test_parametric_draws_have_the_spread_of_the_model() -> None:
    y, v = np.array([0.1, 0.4, 0.2, 0.6, 0.3, 0.5]), np.full(6, 0.04)
    fit = ev.random_effects(_of(y, v), tau2="DL", inference="z")
    found = ev.bootstrap(fit, draws=20_000)
    # Equal variances: the mean is the plain mean, normal with variance (v + tau²) / k.
    error = np.sqrt((0.04 + float(fit.tau2 or 0.0)) / 6)
    mean = found.table.iloc[0]
    assert mean["std_error"] == pytest.approx(error, rel=0.02)
    assert mean["percentile_low"] == pytest.approx(
        float(fit.estimate or 0.0) - 1.96 * error, abs=0.05 * error
    )
    assert stats.kstest((found.estimate - fit.estimate) / error, "norm").pvalue > 1e-3


@given(st.floats(-3.0, 3.0), st.sampled_from([1e-6, 1.0, 1e6]))
@settings(max_examples=10, deadline=None)
def test_intervals_move_with_the_data(shift: float, scale: float) -> None:
    y, v = np.array([0.1, 0.7, 0.2, 0.9]), np.array([0.02, 0.05, 0.03, 0.04])
    plain = ev.bootstrap(_of(y, v), draws=300).table
    moved = ev.bootstrap(_of(scale * (y + shift), scale**2 * v), draws=300).table
    for name in ("percentile_low", "percentile_high", "bca_low", "bca_high"):
        expected = scale * (plain[name].iloc[0] + shift)
        assert moved[name].iloc[0] == pytest.approx(expected, abs=1e-7 * scale)
        assert moved[name].iloc[1] == pytest.approx(scale**2 * plain[name].iloc[1], rel=1e-6, nan_ok=True)


def test_draws_do_not_depend_on_the_workers() -> None:
    effects = _effects(CASES[5])
    for kind in ("parametric", "cluster"):
        alone = ev.bootstrap(effects, kind=kind, draws=6000, seed=4)
        with ThreadPoolExecutor(2) as pool:
            shared = ev.bootstrap(effects, kind=kind, draws=6000, seed=4, executor=pool)
        assert np.array_equal(alone.estimate, shared.estimate, equal_nan=True)
    assert "With fewer than 10 studies" in alone.sentence()


def test_bca_of_draws_on_one_side_is_refused() -> None:
    assert np.isnan(bca_interval(np.array([1.0, 2.0]), 0.5, np.array([0.4, 0.5, 0.6]), 0.95)).all()
    # Symmetric draws around the estimate without acceleration: the percentile interval itself.
    draws = np.linspace(-1.0, 1.0, 2001)
    low, high = bca_interval(draws, 0.0, np.array([-0.1, 0.0, 0.1]), 0.9)
    assert (low, high) == pytest.approx((-0.9, 0.9), abs=1e-3)


# Long work.


def test_stopped_work_keeps_what_was_finished(monkeypatch: pytest.MonkeyPatch) -> None:
    effects = _of(np.array([0.1, 0.4, 0.2, 0.9]), np.array([0.02, 0.05, 0.03, 0.1]))
    real, calls = clouds._draw, []

    def stops(job: object) -> object:
        calls.append(job)
        if len(calls) == 3:
            raise KeyboardInterrupt
        return real(job)

    monkeypatch.setattr(clouds, "_draw", stops)
    cloud = ev.gosh(effects, subsets=200_000, seed=1)
    assert len(cloud) == 2 * clouds._BLOCK
    assert any("Stopped by the user" in note for note in cloud.notes)
    drawn, real_draw, calls2 = [], bootstraps._draw, []

    def stops_too(job: object) -> object:
        calls2.append(job)
        if len(calls2) == 2:
            raise KeyboardInterrupt
        return real_draw(job)

    monkeypatch.setattr(bootstraps, "_draw", stops_too)
    drawn = ev.bootstrap(effects, draws=10_000)
    assert len(drawn) == bootstraps._BLOCK
    assert any("Stopped by the user after 2500 of 10000" in note for note in drawn.notes)


def test_work_that_is_stopped_at_once_is_stopped() -> None:
    def stop(_: int) -> int:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        _work.finished(stop, [1, 2], sizes=[1, 1], what="things")
    with pytest.raises(ev.ModelError, match="executor takes an executor"):
        _work.finished(stop, [1], sizes=[1], what="things", executor=3)  # type: ignore[arg-type]


def test_a_stopped_random_permutation_test_counts_its_orders(monkeypatch: pytest.MonkeyPatch) -> None:
    from evidence.numerics import permutation

    real, calls = permutation._dealt, []

    def stops(*arguments: object) -> object:
        calls.append(1)
        if len(calls) == 3:
            raise KeyboardInterrupt
        return real(*arguments)

    monkeypatch.setattr(permutation, "_dealt", stops)
    found = ev.permutation_test(_effects(CASES[0]), exact=False, draws=50_000, seed=1)
    assert 0 < found.orders < 50_000
    assert any("Stopped by the user" in note for note in found.notes)
    calls.clear()
    with pytest.raises(KeyboardInterrupt):
        ev.permutation_test(_of(np.arange(16.0), np.ones(16)), exact=True)
