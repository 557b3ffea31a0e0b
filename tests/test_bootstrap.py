"""Bootstrap: each draw is a fit of its own, and the draws have the distribution they should have."""

from __future__ import annotations

import numpy as np
import pytest

from evidence.errors import ModelError
from evidence.numerics import bootstrap as module
from evidence.numerics.bootstrap import (
    RESAMPLED,
    cluster_bootstrap,
    parametric_bootstrap,
    percentile_interval,
)
from evidence.numerics.tau2 import TAU2
from evidence.numerics.wls import sample, weighted_mean


@pytest.fixture
def data() -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(6)
    v = rng.lognormal(-3.0, 0.7, 12)
    return rng.normal(0.3, np.sqrt(v + 0.04)), v


class TestParametric:
    @pytest.mark.parametrize("estimator", ["REML", "ML", "PM", "DL", "HE"])
    def test_each_draw_is_a_fit(
        self, data: tuple[np.ndarray, np.ndarray], estimator: str, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        # The same normal numbers, in the order in which the draws use them, fitted one by one.
        y, v = data
        monkeypatch.setattr(module, "_CELLS", 12 * 25)
        draws = parametric_bootstrap(y, v, mean=0.3, tau2=0.04, estimator=estimator, draws=60, seed=9)
        rng, order = np.random.default_rng(9), np.argsort(v)
        effects = np.concatenate([rng.standard_normal((12, count)) for count in (25, 25, 10)], axis=1)
        for draw in range(60):
            one = sample(0.3 + effects[:, draw] * np.sqrt(v[order] + 0.04), v[order])
            tau2 = TAU2[estimator](one).value
            mean = weighted_mean(one, tau2)
            assert draws.tau2[draw] == pytest.approx(tau2, rel=1e-10, abs=1e-13)
            assert draws.estimate[draw] == pytest.approx(mean.estimate, abs=1e-12)
            assert draws.std_error[draw] == pytest.approx(mean.std_error, rel=1e-10)
            error = mean.std_error * np.sqrt(mean.q / 11)
            assert draws.statistic[draw] == pytest.approx((mean.estimate - 0.3) / error, rel=1e-8)

    def test_known_distribution(self) -> None:
        # With equal variances the mean of k effects is normal with variance (v + tau²) / k, whatever tau² is
        # estimated to be, and the studentised mean has exactly the t distribution with k - 1 df.
        from scipy import stats

        draws = parametric_bootstrap(np.zeros(8), np.full(8, 0.1), mean=1.0, tau2=0.2, draws=20_000, seed=2)
        assert draws.failures == 0
        assert stats.kstest(draws.estimate, "norm", (1.0, np.sqrt(0.3 / 8))).pvalue > 1e-3
        assert stats.kstest(draws.statistic, "t", (7,)).pvalue > 1e-3

    def test_the_seed_alone_decides(self, data: tuple[np.ndarray, np.ndarray]) -> None:
        y, v = data
        one, two, other = (
            parametric_bootstrap(y, v, mean=0.3, tau2=0.04, draws=50, seed=seed) for seed in (1, 1, 2)
        )
        np.testing.assert_array_equal(one.estimate, two.estimate)
        assert not np.array_equal(one.estimate, other.estimate)


class TestCluster:
    @pytest.mark.parametrize("estimator", RESAMPLED)
    def test_each_resample_is_a_fit_of_the_repeated_effects(
        self, data: tuple[np.ndarray, np.ndarray], estimator: str
    ) -> None:
        y, v = data
        clusters = np.repeat([5, 1, 3, 9, 7], [3, 1, 4, 2, 2])
        draws = cluster_bootstrap(y, v, clusters, mean=0.3, estimator=estimator, draws=80, seed=4)
        picks = np.random.default_rng(4).integers(0, 5, (80, 5))
        names = np.array([1, 3, 5, 7, 9])
        for draw in range(80):
            rows = np.concatenate([np.flatnonzero(clusters == names[pick]) for pick in picks[draw]])
            one = sample(y[rows], v[rows])
            tau2 = TAU2[estimator](one).value
            mean = weighted_mean(one, tau2)
            assert draws.tau2[draw] == pytest.approx(tau2, rel=1e-9, abs=1e-12)
            assert draws.estimate[draw] == pytest.approx(mean.estimate, abs=1e-11)
            assert draws.std_error[draw] == pytest.approx(mean.std_error, rel=1e-9)

    def test_resamples_of_one_cluster_only(self) -> None:
        y, v = np.array([0.1, 0.7]), np.array([0.02, 0.03])
        draws = cluster_bootstrap(y, v, mean=0.3, draws=200)
        # One in two resamples holds a single study twice: identical effects, no studentised statistic.
        assert draws.failures == 0
        assert 60 < np.isnan(draws.statistic).sum() < 140

    def test_a_spread_like_the_standard_error(self) -> None:
        rng = np.random.default_rng(8)
        v = np.full(60, 0.05)
        y = rng.normal(0.3, np.sqrt(v + 0.05))
        draws = cluster_bootstrap(y, v, mean=float(y.mean()), draws=4000)
        # Equal variances: the resampled mean has the variance of the sample over k.
        assert draws.estimate.std() == pytest.approx(y.std() / np.sqrt(60), rel=0.05)


def test_percentile_interval() -> None:
    values = np.append(np.linspace(0.0, 1.0, 1001), np.nan)
    interval = percentile_interval(values, 0.9)
    assert (interval.low, interval.high) == pytest.approx((0.05, 0.95))
    with pytest.raises(ModelError, match="none of the bootstrap draws"):
        percentile_interval(np.full(3, np.nan))


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"v": np.array([0.1, 0.0])}, "positive finite"),
        ({"y": np.array([0.1, np.nan])}, "finite effects"),
        ({"draws": 0}, "at least one draw"),
        ({"estimator": "X"}, "estimator must be one of"),
    ],
)
def test_wrong_input(change: dict[str, object], message: str) -> None:
    given: dict[str, object] = {"y": np.zeros(2), "v": np.ones(2), "mean": 0.0, **change}
    with pytest.raises(ModelError, match=message):
        cluster_bootstrap(**given)  # type: ignore[arg-type]
    with pytest.raises(ModelError, match=message):
        parametric_bootstrap(tau2=0.1, **given)  # type: ignore[arg-type]


def test_clusters_of_another_length() -> None:
    with pytest.raises(ModelError, match="one entry an effect"):
        cluster_bootstrap(np.zeros(3), np.ones(3), np.array([1, 2]), mean=0.0)
