"""The moment estimates from which large multilevel fits start: exact where the analysis of variance is."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from evidence.errors import ModelError
from evidence.numerics import climb as module
from evidence.numerics.blocks import Levels, arrange, nested_codes
from evidence.numerics.mixed import Problem, prepare
from evidence.numerics.moment_start import moment_start
from evidence.numerics.multilevel import fit_multilevel


def problem(y: np.ndarray, v: np.ndarray, levels: list[np.ndarray], rho: float = 0.0) -> Problem:
    """Return the model with a constant."""
    codes = nested_codes(levels)
    structure = arrange(v, codes[0], Levels(codes), rho=rho)
    return prepare(structure, np.ones((y.size, 1)), y, restricted=True)


@given(st.integers(2, 12), st.integers(2, 9), st.floats(0.0, 5.0), st.integers(0, 2**32 - 1))
def test_balanced_data_give_the_analysis_of_variance(groups: int, n: int, size: float, seed: int) -> None:
    """The balanced one-way layout (Searle, Casella & McCulloch, Variance Components, 1992, section 3.2)."""
    rng = np.random.default_rng(seed)
    v, scale = 0.7, 2.0
    y = rng.normal(size=(groups, n)) * 3.0 + rng.normal(size=(groups, 1)) * 4.0
    within = ((y - y.mean(axis=1, keepdims=True)) ** 2).sum() / (groups * (n - 1))
    between = n * y.mean(axis=1).var(ddof=1)
    own = max(within - v, 0.0)
    shared = max((between - (own + v)) / n, 0.0)
    study = np.repeat(np.arange(groups), n)
    ready = problem(y.ravel() * scale, np.full(y.size, v * scale**2), [study, np.arange(y.size)])
    found = moment_start(ready, size + 1e-3)
    assert found is not None
    np.testing.assert_allclose(found * (ready.unit / scale) ** 2, [shared, own], rtol=1e-9, atol=1e-9)


def test_estimates_are_right_on_average_with_correlated_errors_and_three_levels() -> None:
    """A property of any moment estimate: over many data sets drawn from the model, its mean is the truth."""
    rng = np.random.default_rng(7)
    truth, rho = np.array([0.5, 0.3, 0.2]), 0.6
    outer = np.repeat(np.arange(40), 12)
    middle = np.repeat(np.arange(160), 3)
    v = rng.uniform(0.05, 0.4, 480)
    found = []
    for _ in range(200):
        errors = np.sqrt(rho) * rng.normal(size=40)[outer] + np.sqrt(1.0 - rho) * rng.normal(size=480)
        y = np.sqrt(v) * errors + np.sqrt(truth[2]) * rng.normal(size=480)
        y += np.sqrt(truth[1]) * rng.normal(size=160)[middle] + np.sqrt(truth[0]) * rng.normal(size=40)[outer]
        ready = problem(y, v, [outer, middle, np.arange(480)], rho)
        start = moment_start(ready, 1.0)
        assert start is not None
        found.append(start * ready.unit**2)
    mean, error = np.mean(found, axis=0), np.std(found, axis=0) / np.sqrt(200)
    assert (np.abs(mean - truth) < 4.0 * error).all()


@settings(deadline=None, max_examples=25)
@given(st.sampled_from([0.0, 0.5]), st.booleans(), st.booleans(), st.integers(0, 2**32 - 1))
def test_the_fit_is_that_from_other_starts(rho: float, own: bool, spread: bool, seed: int) -> None:
    rng = np.random.default_rng(seed)
    study = np.sort(rng.integers(0, 80, 400))
    v = 10.0 ** rng.uniform(-1.0, 1.0, 400)
    y = rng.normal(size=400) * np.sqrt(v) + float(spread) * rng.normal(size=80)[study]
    levels = [study, np.arange(400)] if own else [study]
    here = fit_multilevel(y, v, levels, rho=rho)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(module, "_SEVERAL_STARTS", 1000)
        there = fit_multilevel(y, v, levels, rho=rho)
    np.testing.assert_allclose(here.theta, there.theta, rtol=1e-8, atol=1e-11)
    assert here.loglik == pytest.approx(there.loglik, rel=1e-12)


def test_a_level_without_influence_is_refused_from_any_start() -> None:
    """Two groups and a moderator that tells them apart leave nothing to say about the groups' variance."""
    rng = np.random.default_rng(1)
    study = np.repeat([0, 1], 350)
    x = np.column_stack([np.ones(700), study])
    for size in (1e-3, 1.0, 1e3):
        y = size * rng.normal(size=700)
        with pytest.raises(ModelError, match="component 1 of the random effects"):
            fit_multilevel(y, rng.uniform(0.5, 2.0, 700), [study, np.arange(700)], x=x)
