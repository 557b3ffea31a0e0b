"""Permutation tests: against metafor, against refitting one by one, and the orders themselves."""

from __future__ import annotations

import itertools
import math

import numpy as np
import pytest
from helpers_exact import load
from hypothesis import given, settings
from hypothesis import strategies as st

from evidence.errors import ModelError
from evidence.numerics.arrangements import arrangements, count_arrangements, sign_patterns
from evidence.numerics.columns import fit_columns, shared
from evidence.numerics.design import design
from evidence.numerics.linear import wald
from evidence.numerics.permutation import permutation_test
from evidence.numerics.regression import coefficients, solve
from evidence.numerics.tau2 import TAU2

CASES = load("permutest")


@pytest.mark.parametrize("case", CASES)
def test_exact_p_values_are_metafors(case: dict) -> None:
    y, v = np.array(case["yi"]), np.array(case["vi"])
    for name in ("EE", "DL"):
        ours = permutation_test(y, v, np.ones((y.size, 1)), tau2=name, exact=True)
        assert ours.p_values[0] == pytest.approx(case[f"exact_{name}"], rel=1e-12)
        assert ours.draws == 2**y.size
    if "moderated_DL" in case:
        theirs = case["moderated_DL"]
        ours = permutation_test(y, v, np.array(theirs["X"], dtype=float), tau2="DL", exact=True)
        assert ours.p_values == pytest.approx(theirs["pval"], rel=1e-12)
        assert ours.joint_p_value == pytest.approx(theirs["QMp"], rel=1e-12)


@pytest.mark.parametrize("name", ["EE", *TAU2])
@pytest.mark.parametrize("inference", ["z", "HKSJ", "mHKSJ"])
def test_columns_are_the_single_fits(name: str, inference: str) -> None:
    rng = np.random.default_rng(5)
    k = 9
    x = np.column_stack([np.ones(k), rng.normal(1990, 9, k), rng.random(k) < 0.4]).astype(float)
    y, v = rng.normal(size=(k, 40)), 10.0 ** rng.uniform(-1, 1, (k, 40))
    v /= v.min(axis=0)
    many = fit_columns(shared(x), y, v, x, "" if name == "EE" else name)
    for j in range(40):
        data = design(y[:, j], v[:, j], x)
        tau2 = 0.0 if name == "EE" else TAU2[name](data).value
        one = solve(data, tau2)
        assert many.tau2[j] == pytest.approx(tau2, rel=1e-9, abs=1e-9)
        assert many.q[j] == pytest.approx(one.q, rel=1e-8)
        error = coefficients(data, one, "z", 0.95).std_error
        assert np.sqrt(np.diagonal(many.vcov[:, :, j])) == pytest.approx(error, rel=1e-8)
        assert (np.abs(many.estimate[:, j] - one.estimate) < 1e-7 * error).all()


@pytest.mark.parametrize("inference", ["z", "HKSJ"])
def test_every_order_fitted_alone_gives_the_same_p_values(inference: str) -> None:
    rng = np.random.default_rng(8)
    k = 5
    x = np.column_stack([np.ones(k), rng.normal(size=k), [0, 0, 1, 1, 1]])
    y, v = rng.normal(size=k), rng.uniform(0.1, 1.0, k)

    def statistics(order: tuple[int, ...]) -> np.ndarray:
        data = design(y[list(order)], v[list(order)], x)
        found = coefficients(data, solve(data, TAU2["REML"](data).value), inference, 0.95)
        joint = wald(found.estimate, found.root, np.eye(3)[1:], None).statistic
        return np.append(np.abs(found.statistic), joint)

    every = np.array([statistics(order) for order in itertools.permutations(range(k))])
    expected = (every >= every[0] * (1 - 1e-8)).mean(axis=0)
    ours = permutation_test(y, v, x, inference=inference)
    assert ours.exact
    assert ours.seed is None
    assert [*ours.p_values, ours.joint_p_value] == pytest.approx(expected)


def test_random_orders_come_near_the_exact_p_value_and_repeat_with_their_seed() -> None:
    rng = np.random.default_rng(1)
    k = 8
    x = np.column_stack([np.ones(k), rng.normal(size=k)])
    y, v = 0.6 * x[:, 1] + rng.normal(size=k), rng.uniform(0.1, 0.5, k)
    exact = permutation_test(y, v, x, exact=True)
    drawn = permutation_test(y, v, x, draws=4000, seed=3)
    assert not drawn.exact
    spread = math.sqrt(exact.p_values[1] * (1 - exact.p_values[1]) / 4000)
    assert abs(drawn.p_values[1] - exact.p_values[1]) < 5 * spread
    again = permutation_test(y, v, x, draws=4000, seed=3)
    assert (again.p_values == drawn.p_values).all()
    fresh = permutation_test(y, v, x, draws=200, exact=False)
    assert fresh.seed is not None
    assert (
        permutation_test(y, v, x, draws=200, exact=False, seed=fresh.seed).p_values == fresh.p_values
    ).all()
    assert drawn.p_values.min() >= 1 / 4001


def test_progress_is_told() -> None:
    seen: list[tuple[int, int]] = []
    x = np.column_stack([np.ones(50), np.arange(50.0)])
    permutation_test(
        np.sin(np.arange(50.0)),
        np.full(50, 0.1),
        x,
        draws=3000,
        seed=1,
        progress=lambda a, b: seen.append((a, b)),
    )
    assert seen[-1] == (3000, 3000)
    assert len(seen) > 1
    assert [done for done, _ in seen] == sorted(done for done, _ in seen)


@pytest.mark.parametrize("scale", [1e-6, 1e6])
def test_units_do_not_matter(scale: float) -> None:
    rng = np.random.default_rng(1)
    x = np.column_stack([np.ones(6), rng.normal(size=6)])
    y, v = rng.normal(size=6), rng.uniform(0.1, 0.5, 6)
    plain = permutation_test(y, v, x)
    other = permutation_test(scale * y, scale**2 * v, x)
    assert (plain.p_values == other.p_values).all()


@settings(max_examples=20, deadline=None)
@given(st.lists(st.integers(1, 3), min_size=1, max_size=4).filter(lambda counts: sum(counts) <= 7))
def test_all_orders_are_there_once(counts: list[int]) -> None:
    kinds = [kind for kind, n in enumerate(counts) for _ in range(n)]
    ours = [tuple(row) for block in arrangements(tuple(counts)) for row in block.tolist()]
    assert len(ours) == len(set(ours)) == count_arrangements(tuple(counts))
    assert set(ours) == set(itertools.permutations(kinds))


def test_orders_come_in_blocks_and_are_complete() -> None:
    seen: set[bytes] = set()
    blocks = 0
    for block in arrangements((1,) * 8):
        assert len(block) <= 5040
        seen.update(row.tobytes() for row in block)
        blocks += 1
    assert len(seen) == math.factorial(8)
    assert blocks > 1
    assert len({row.tobytes() for block in sign_patterns(13) for row in block}) == 2**13


def test_what_cannot_be_done_is_refused() -> None:
    y, v = np.arange(12.0), np.ones(12)
    x = np.column_stack([np.ones(12), np.arange(12.0) ** 2])
    with pytest.raises(ModelError, match=r"4\.79e\+08 distinct orders"):
        permutation_test(y, v, x, exact=True)
    with pytest.raises(ModelError, match="draws is a positive"):
        permutation_test(y, v, x, draws=0)
    with pytest.raises(ModelError, match="inference must be one of"):
        permutation_test(y, v, x, inference="profile")
    with pytest.raises(ModelError, match="cannot estimate"):
        permutation_test(y[:2], v[:2], x[:2])


def test_effects_without_any_spread_are_the_most_extreme_order() -> None:
    # metafor 3.8-1, permutest(test="knha"): p = 0.0625 for a mean of five, 1 for each coefficient of a slope.
    y, v = np.full(5, 0.3), np.array([0.02, 0.05, 0.04, 0.1, 0.03])
    assert permutation_test(y, v, np.ones((5, 1)), tau2="DL", inference="HKSJ").p_values.tolist() == [2 / 32]
    slope = permutation_test(
        y, v, np.column_stack([np.ones(5), [1.0, 2.0, 4.0, 3.0, 7.0]]), tau2="DL", inference="HKSJ"
    )
    assert slope.p_values.tolist() == [1.0, 1.0]
    assert slope.joint_p_value == 1.0
    assert np.isfinite(slope.statistic).all()
