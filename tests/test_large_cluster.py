"""Large clusters without matrices, and the closed form of the innermost levels, against whole matrices.

The definitions are those of Pustejovsky & Tipton (2018): CR2's adjustment A solves A (Phi - X Q X') A = Phi.
"""

from __future__ import annotations

import mpmath
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from evidence.numerics import group_sums as layout
from evidence.numerics import large_cluster as module
from evidence.numerics import nested
from evidence.numerics.blocks import Levels, Structure, arrange, nested_codes
from evidence.numerics.dense import dense_engine
from evidence.numerics.group_sums import group_sums
from evidence.numerics.large_cluster import large_cluster
from evidence.numerics.mixed_rows import mixed_rows, spread
from evidence.numerics.multilevel import fit_multilevel
from evidence.numerics.nested import Parts, nested_engine
from evidence.numerics.robust import ROBUST, _Stack, cluster_sums, robust_covariance, satterthwaite


def one_cluster(seed: int, n: int, rho: float) -> tuple[Structure, np.ndarray]:
    rng = np.random.default_rng(seed)
    arm = rng.integers(0, 6, n)
    codes = nested_codes([np.zeros(n, dtype=int), arm, np.arange(n)])
    structure = arrange(np.exp(rng.normal(-2.0, 1.0, n)), codes[0], Levels(codes), rho=rho)
    x = np.column_stack([np.ones(n), rng.normal(size=n), (codes[1][structure.order] > 2) * 1.0])
    return structure, x


def matrix_root(matrix: mpmath.matrix, power: str) -> mpmath.matrix:
    values, vectors = mpmath.eigsy(matrix)
    roots = [mpmath.sqrt(value) if power == "half" else 1 / mpmath.sqrt(value) for value in values]
    return vectors * mpmath.diag(roots) * vectors.T


def adjusted_to_40_digits(phi: np.ndarray, x: np.ndarray, bread: np.ndarray) -> np.ndarray:
    """Return A Phi^-1 X by whole matrices in 40 digits."""
    with mpmath.workdps(40):
        covariance, design = mpmath.matrix(phi.tolist()), mpmath.matrix(x.tolist())
        rest = covariance - design * mpmath.matrix(bread.tolist()) * design.T
        c = matrix_root(covariance, "half")
        adjustment = c * matrix_root(c * rest * c, "minus half") * c
        return np.array((adjustment * covariance**-1 * design).tolist(), dtype=float)


@given(
    seed=st.integers(0, 10_000),
    n=st.integers(2, 40),
    rho=st.sampled_from([0.0, 0.6]),
    theta=st.tuples(*[st.sampled_from([0.0, 0.01, 0.3, 5.0])] * 3),
)
@settings(max_examples=60, deadline=None)
def test_a_covariance_is_multiplied_and_inverted_as_its_matrix(
    seed: int, n: int, rho: float, theta: tuple[float, float, float]
) -> None:
    structure, x = one_cluster(seed, n, rho)
    components = np.array(theta)
    phi = structure.marginal(np.array([0]), np.arange(n)[None], components)[0]
    large = large_cluster(structure, np.arange(n), components)
    inverse = np.linalg.inv(phi)
    np.testing.assert_allclose(large.times(x), phi @ x, rtol=0.0, atol=1e-13 * np.abs(phi).sum())
    np.testing.assert_allclose(large.diagonal(), np.diag(phi), rtol=1e-14)
    np.testing.assert_allclose(large.inverse_diagonal(), np.diag(inverse), rtol=1e-9)
    np.testing.assert_allclose(large.solve(x), inverse @ x, rtol=0.0, atol=1e-10 * np.abs(inverse).sum())
    plain, times_phi = large.shifted(x, 0.3)
    np.testing.assert_allclose(0.09 * plain + phi @ times_phi, x, rtol=0.0, atol=1e-10 * np.abs(phi).sum())


@pytest.mark.parametrize("rho", [0.0, 0.6])
@pytest.mark.parametrize("heavy", [0.1, 10.0, 1000.0])
@pytest.mark.parametrize("others", [0.02, 2.0])
def test_both_forms_of_cr2_agree_with_40_digits(rho: float, heavy: float, others: float) -> None:
    structure, x = one_cluster(5, 16, rho)
    theta = np.array([heavy, 0.05, 0.03])
    clusters, rows = np.array([0]), np.arange(16)[None]
    phi = structure.marginal(clusters, rows, theta)[0]
    bread = np.linalg.inv((1.0 + others) * x.T @ np.linalg.solve(phi, x))
    bread = 0.5 * (bread + bread.T)
    exact = adjusted_to_40_digits(phi, x, bread)
    large = large_cluster(structure, rows[0], theta).bias_reduced(x[None], bread)
    dense = _Stack(phi[None]).bias_reduced(x[None], bread)
    assert large is not None
    assert np.abs(large[0] - exact).max() < 3e-9 * np.abs(exact).max()
    assert np.abs(dense[0] - exact).max() < 3e-9 * np.abs(exact).max()


def several(seed: int = 8, n: int = 400) -> tuple[np.ndarray, ...]:
    rng = np.random.default_rng(seed)
    sizes = np.concatenate([[n], rng.integers(2, 8, 20)])
    study = np.repeat(np.arange(21), sizes)
    k = study.size
    v = rng.uniform(0.02, 0.3, k)
    x = np.column_stack([np.ones(k), rng.normal(size=k)])
    noise = rng.normal(0.0, 0.3, 21)[study] + rng.normal(0.0, 0.2, k) + rng.normal(0.0, np.sqrt(v))
    order = rng.permutation(k)
    return 0.3 + noise[order], v[order], study[order], rng.integers(0, 30, k), x


@pytest.mark.parametrize("rho", [0.0, 0.5])
def test_results_do_not_depend_on_the_form(rho: float, monkeypatch: pytest.MonkeyPatch) -> None:
    y, v, study, arm, x = several()
    fit = fit_multilevel(y, v, [study, arm, np.arange(y.size)], x=x, rho=rho)
    problem = fit.problem
    residual = problem.y - problem.x @ fit.beta

    def everything() -> list[np.ndarray]:
        rows, heterogeneity = mixed_rows(fit), spread(fit)
        out = [rows.weight, rows.leverage, rows.std_residual, rows.blup, rows.blup_std_error]
        out += [np.array([heterogeneity.q, heterogeneity.typical]), heterogeneity.i2]
        for kind in ROBUST:
            sums = cluster_sums(problem.structure, fit.theta, problem.x, residual, kind)
            out.append(robust_covariance(sums))
            out.append(np.array([satterthwaite(sums, contrast) for contrast in np.eye(2)]))
        return out

    without = everything()
    monkeypatch.setattr(module, "LARGE", 10**9)
    for mine, whole in zip(without, everything(), strict=True):
        np.testing.assert_allclose(mine, whole, rtol=2e-9, atol=1e-12)


def test_a_moderator_of_the_large_cluster_alone_is_no_obstacle(monkeypatch: pytest.MonkeyPatch) -> None:
    y, v, study, arm, _ = several(n=310)
    x = np.column_stack([np.ones(y.size), (study == 0) * 1.0])
    fit = fit_multilevel(y, v, [study, arm, np.arange(y.size)], x=x)
    problem = fit.problem
    residual = problem.y - problem.x @ fit.beta
    sums = cluster_sums(problem.structure, fit.theta, problem.x, residual, "CR2")
    monkeypatch.setattr(module, "LARGE", 10**9)
    whole = cluster_sums(problem.structure, fit.theta, problem.x, residual, "CR2")
    np.testing.assert_allclose(robust_covariance(sums), robust_covariance(whole), rtol=1e-9)
    # The intercept is that of the small studies alone, and so are its degrees of freedom.
    assert 5.0 < satterthwaite(sums, np.array([1.0, 0.0])) < 20.0


@given(
    seed=st.integers(0, 10_000),
    depth=st.sampled_from(["two", "three", "three without rows", "four"]),
    rho=st.sampled_from([0.0, 0.5]),
    moderators=st.integers(0, 5),
    own=st.sampled_from([0.0, 0.2]),
    shared=st.sampled_from([0.0, 0.1]),
    layer=st.sampled_from([1, 32]),
)
@settings(max_examples=60, deadline=None)
def test_nested_forms_and_derivatives_are_those_of_whole_matrices(
    seed: int, depth: str, rho: float, moderators: int, own: float, shared: float, layer: int
) -> None:
    rng = np.random.default_rng(seed)
    k = 40
    study, arm, row = rng.integers(0, 9, k), rng.integers(0, 3, k), np.arange(k)
    levels = {
        "two": [study],
        "three": [study, row],
        "three without rows": [study, arm],
        "four": [study, arm, row],
    }[depth]
    codes = nested_codes(levels)
    structure = arrange(rng.uniform(0.05, 2.0, k), codes[0], Levels(codes), rho=rho)
    x = np.column_stack([np.ones(k), study % 2, rng.normal(size=(k, 5))])[:, : 1 + moderators]
    x, y = x[structure.order], rng.normal(size=k)
    theta = np.array([shared, own] if len(codes) == 2 else [shared, 0.15, own][: len(codes)])
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(layout, "_LAYER", layer)
        engine = nested_engine(structure, x, y)
    fast, slow = engine.gram(theta), dense_engine(structure, x, y).gram(theta)
    for mine, whole in ((fast.cross, slow.cross), (fast.log_det, slow.log_det)):
        for part in ("value", "first", "second"):
            given_part, wanted = getattr(mine, part), getattr(whole, part)
            np.testing.assert_allclose(given_part, wanted, rtol=1e-9, atol=1e-9 * np.abs(wanted).max())
    without = engine.gram(theta, derivatives=False)
    np.testing.assert_allclose(without.cross.value, slow.cross.value, rtol=1e-9, atol=1e-10)
    np.testing.assert_allclose(without.log_det.value, slow.log_det.value, rtol=1e-9)


@given(
    sizes=st.lists(st.integers(1, 6), min_size=1, max_size=60),
    repeat=st.integers(1, 6),
    ordered=st.booleans(),
)
@settings(max_examples=60, deadline=None)
def test_layers_add_up_group_by_group(sizes: list[int], repeat: int, ordered: bool) -> None:
    counts = np.array(sizes * repeat)
    k = int(counts.sum())
    starts = np.concatenate([[0], np.cumsum(counts)[:-1]]).astype(np.intp)
    sums = group_sums(starts, k, ordered=ordered)
    rows = np.random.default_rng(k).normal(size=(3, k))
    wanted = np.add.reduceat(rows, starts, axis=-1)
    got = sums(rows[:, sums.order])
    if not ordered and sums.layers:  # the layout's order is that of the groups by size, larger ones first
        wanted = wanted[:, np.argsort(-counts, kind="stable")]
    np.testing.assert_allclose(got, wanted, rtol=1e-13, atol=1e-14)
    group = np.repeat(np.arange(counts.size), counts)[sums.order]
    spread_groups = sums.spread(np.arange(got.shape[-1]))
    first_of = dict(zip(spread_groups.tolist(), group.tolist(), strict=True))
    assert [first_of[g] for g in spread_groups.tolist()] == group.tolist()


def test_runs_of_clusters_add_up(monkeypatch: pytest.MonkeyPatch) -> None:
    rng = np.random.default_rng(2)
    study = np.sort(rng.integers(0, 300, 1500))
    v = rng.uniform(0.05, 0.5, 1500)
    y = rng.normal(0.0, 0.3, 300)[study] + rng.normal(0.0, np.sqrt(v + 0.05))
    whole = fit_multilevel(y, v, [study, np.arange(1500)], rho=0.4)
    monkeypatch.setattr(nested, "_PART", 200)
    monkeypatch.setattr(layout, "_LAYER", 1)
    parts = fit_multilevel(y, v, [study, np.arange(1500)], rho=0.4)
    assert isinstance(parts.problem.engine, Parts)
    assert len(parts.problem.engine.parts) > 4
    np.testing.assert_allclose(parts.theta, whole.theta, rtol=1e-9)
    np.testing.assert_allclose(parts.beta, whole.beta, rtol=1e-10)
    np.testing.assert_allclose(parts.loglik, whole.loglik, rtol=1e-12)
