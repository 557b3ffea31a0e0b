"""Specifications by the million: each the fit that it is alone."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from evidence.errors import ModelError
from evidence.numerics import specifications as module
from evidence.numerics.specifications import averaged, every_specification
from evidence.numerics.subsets import SUBSET_ESTIMATORS, every_subset, members
from evidence.numerics.tau2 import TAU2
from evidence.numerics.wls import sample, weighted_mean


@given(
    seed=st.integers(0, 2**32 - 1),
    k=st.integers(2, 12),
    far=st.sampled_from([0.0, 1e3, 1e8]),
    unit=st.sampled_from([1e-100, 1.0, 1e6]),
)
@settings(max_examples=30, deadline=None)
def test_each_is_its_own_fit(seed: int, k: int, far: float, unit: float) -> None:
    rng = np.random.default_rng(seed)
    versions = []
    for _ in range(2):
        v = rng.lognormal(0.0, 1.0, k)
        y = rng.normal(0.0, np.sqrt(v + 0.5))
        y[0] += far
        versions.append((unit * y, unit**2 * v))
    subsets = rng.random((9, k)) < 0.6
    out = every_specification(versions, subsets, SUBSET_ESTIMATORS)
    assert out.estimate.shape == (2, len(SUBSET_ESTIMATORS), 9)
    for version, (y, v) in enumerate(versions):
        for number, name in enumerate(SUBSET_ESTIMATORS):
            for at, here in enumerate(subsets):
                cell = (version, number, at)
                if here.sum() < 2:
                    assert np.isnan(out.estimate[cell])
                    assert np.isnan(out.tau2[cell])
                    continue
                data = sample(y[here], v[here])
                tau2 = 0.0 if name == "EE" else TAU2[name](data).value
                mean = weighted_mean(data, tau2)
                assert abs(out.tau2[cell] - tau2) <= 1e-8 * max(tau2, float(np.median(data.v)))
                assert abs(out.estimate[cell] - mean.estimate) <= 1e-8 * max(
                    abs(mean.estimate), mean.std_error
                )
                assert out.std_error[cell] == pytest.approx(mean.std_error, rel=1e-8)
                assert abs(out.q[cell] - mean.q) <= 1e-8 * max(1.0, mean.q)


def test_all_subsets_are_those_of_every_subset(monkeypatch: pytest.MonkeyPatch) -> None:
    rng = np.random.default_rng(2)
    v = rng.lognormal(-3.0, 0.7, 8)
    y = rng.normal(0.3, np.sqrt(v + 0.04))
    monkeypatch.setattr(module, "_CELLS", 300)  # several blocks
    out = every_specification([(y, v)], members(np.arange(256), 8), ["REML"])
    np.testing.assert_allclose(out.tau2[0, 0], every_subset(y, v).tau2, rtol=1e-9, atol=1e-13)


class TestAveraged:
    def test_worked_by_hand(self) -> None:
        # Borenstein et al. 2009, chapter 24: a mean of two effects has variance (V1 + V2 + 2 r s1 s2) / 4.
        y, v = averaged(np.array([0.3, 0.1, 0.7]), np.array([0.05, 0.05, 0.2]), np.array([0, 0, 1]), 0.5)
        np.testing.assert_allclose(y, [0.2, 0.7], rtol=1e-14)
        np.testing.assert_allclose(v, [0.25 * (0.05 + 0.05 + 2 * 0.5 * 0.05), 0.2], rtol=1e-14)

    @given(seed=st.integers(0, 2**32 - 1), rho=st.floats(0.0, 1.0))
    @settings(max_examples=40, deadline=None)
    def test_is_the_mean_of_correlated_errors(self, seed: int, rho: float) -> None:
        rng = np.random.default_rng(seed)
        study = np.sort(np.concatenate([np.arange(4), rng.integers(0, 4, 6)]))
        y, v = rng.normal(size=10), rng.lognormal(0.0, 1.0, 10)
        mean, variance = averaged(y, v, study, rho)
        for number in range(4):
            here = study == number
            size, error = int(here.sum()), np.sqrt(v[here])
            covariance = np.outer(error, error) * np.where(np.eye(size, dtype=bool), 1.0, rho)
            assert mean[number] == pytest.approx(y[here].mean(), rel=1e-12, abs=1e-14)
            assert variance[number] == pytest.approx(covariance.sum() / size**2, rel=1e-12)

    def test_refuses(self) -> None:
        two = np.ones(2)
        with pytest.raises(ModelError, match=r"rho is a correlation from 0 to 1; got 1.2"):
            averaged(two, two, np.array([0, 1]), 1.2)
        with pytest.raises(ModelError, match="study 1 has no effect"):
            averaged(two, two, np.array([0, 2]), 0.5)


def test_refuses() -> None:
    y, v, all_in = np.zeros(3), np.ones(3), np.ones((1, 3), np.bool_)
    with pytest.raises(ModelError, match="estimator must be one of"):
        every_specification([(y, v)], all_in, ["HE"])
    with pytest.raises(ModelError, match="subsets are of 3 studies; a version has 2 effects"):
        every_specification([(y[:2], v[:2])], all_in)
    with pytest.raises(ModelError, match="positive"):
        every_specification([(y, np.array([1.0, 0.0, 1.0]))], all_in)
