"""All subsets: each the fit of that subset alone."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from evidence.errors import ModelError
from evidence.numerics import subsets as module
from evidence.numerics.subsets import SUBSET_ESTIMATORS, every_subset, members
from evidence.numerics.tau2 import TAU2
from evidence.numerics.wls import sample, weighted_mean


def assert_each(
    y: np.ndarray, v: np.ndarray, tau2: str, numbers: np.ndarray, tolerance: float = 1e-9
) -> None:
    fit = every_subset(y, v, tau2)
    for number in numbers:
        here = members(np.array([number]), y.size)[0]
        if here.sum() < 2:
            assert np.isnan(fit.estimate[number])
            continue
        data = sample(y[here], v[here])
        expected = 0.0 if tau2 == "EE" else TAU2[tau2](data).value
        mean = weighted_mean(data, expected)
        scale = max(abs(mean.estimate), mean.std_error)
        assert abs(fit.tau2[number] - expected) <= tolerance * max(expected, float(np.median(data.v)))
        assert abs(fit.estimate[number] - mean.estimate) <= tolerance * scale
        assert fit.std_error[number] == pytest.approx(mean.std_error, rel=tolerance)
        assert abs(fit.q[number] - mean.q) <= tolerance * max(1.0, mean.q)


@pytest.mark.parametrize("tau2", SUBSET_ESTIMATORS)
def test_every_subset_of_a_few(tau2: str) -> None:
    rng = np.random.default_rng(3)
    v = rng.lognormal(-3.0, 0.8, 7)
    assert_each(rng.normal(0.3, np.sqrt(v + 0.03)), v, tau2, np.arange(2**7))


@pytest.mark.parametrize("tau2", SUBSET_ESTIMATORS)
def test_several_blocks(tau2: str) -> None:
    rng = np.random.default_rng(4)
    v = rng.lognormal(-3.0, 0.8, 14)
    assert_each(rng.normal(0.3, np.sqrt(v + 0.03)), v, tau2, rng.integers(0, 2**14, 150))


@given(
    seed=st.integers(0, 2**32 - 1),
    k=st.integers(2, 9),
    precision=st.sampled_from([0.0, 1.0, 4.0]),
    far=st.sampled_from([0.0, 1e3, 1e8]),
    unit=st.sampled_from([1e-100, 1e-6, 1.0, 1e6]),
    tau2=st.sampled_from(SUBSET_ESTIMATORS),
)
@example(1, 5, 4.0, 1e8, 1.0, "REML")
@example(8, 5, 4.0, 1e8, 1.0, "ML")  # the first Newton step from the guess has no bracket above
@settings(max_examples=60, deadline=None)
def test_outliers_precision_and_units(
    seed: int, k: int, precision: float, far: float, unit: float, tau2: str
) -> None:
    # One effect far away drags the shared centre with it: the subsets without it must not lose digits.
    rng = np.random.default_rng(seed)
    v = rng.lognormal(0.0, precision, k)
    y = rng.normal(0.0, np.sqrt(v + 0.5))
    y[0] += far
    numbers = rng.integers(0, 2**k, 25)
    assert_each(unit * y, unit**2 * v, tau2, numbers, 1e-8)


def test_full_set_is_the_last_number() -> None:
    y, v = np.array([0.1, 0.4, 0.9]), np.array([0.02, 0.03, 0.02])
    fit = every_subset(y, v)
    assert fit.tau2[-1] == pytest.approx(TAU2["REML"](sample(y, v)).value, rel=1e-12)
    assert np.isnan(fit.estimate[[0, 1, 2, 4]]).all()
    assert members(np.array([5]), 3).tolist() == [[True, False, True]]


@pytest.mark.parametrize(
    ("y", "v", "message"),
    [
        (np.zeros(25), np.ones(25), "from 2 to 24 effects, got 25"),
        (np.zeros(1), np.ones(1), "from 2 to 24"),
        (np.zeros(3), np.array([1.0, 0.0, 1.0]), "positive finite"),
        (np.array([0.0, np.inf]), np.ones(2), "finite numbers"),
    ],
)
def test_wrong_input(y: np.ndarray, v: np.ndarray, message: str) -> None:
    with pytest.raises(ModelError, match=message):
        every_subset(y, v)
    with pytest.raises(ModelError, match="tau2 must be one of"):
        every_subset(np.zeros(3), np.ones(3), "PM")


def test_blocks_do_not_matter(monkeypatch: pytest.MonkeyPatch) -> None:
    rng = np.random.default_rng(5)
    v = rng.lognormal(-3.0, 0.8, 9)
    y = rng.normal(0.3, np.sqrt(v + 0.03))
    whole = every_subset(y, v)
    monkeypatch.setattr(module, "_BITS", 4)
    np.testing.assert_allclose(every_subset(y, v).tau2, whole.tau2, rtol=1e-10, atol=1e-14)
