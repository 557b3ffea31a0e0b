"""Cluster-robust variances against clubSandwich and robumeta, textbook forms, invariances."""

from __future__ import annotations

import numpy as np
import pytest
from helpers_mixed import CASES, NESTED, OUTCOMES, REFERENCE, arrays, blocks, error
from hypothesis import given, settings
from hypothesis import strategies as st

from evidence.errors import ModelError
from evidence.numerics.blocks import Levels, Structure, arrange
from evidence.numerics.multilevel import MixedFit, fit_multilevel
from evidence.numerics.multivariate import fit_multivariate
from evidence.numerics.robust import (
    ROBUST,
    cluster_sums,
    htz,
    robust_covariance,
    satterthwaite,
)


def fitted(name: str) -> MixedFit:
    case = CASES[name]
    y, v, x, levels = arrays(case)
    restricted = case["method"] == "REML"
    if "outcome" in case:
        outcome = np.array(case["outcome"])
        return fit_multivariate(
            y,
            v,
            levels[0],
            outcome,
            x=x,
            structure=case["structure"],
            blocks=blocks(case),
            restricted=restricted,
        ).mixed
    return fit_multilevel(y, v, levels, x=x, blocks=blocks(case), restricted=restricted)


@pytest.mark.parametrize("name", [name for name in NESTED + OUTCOMES if CASES[name]["robust"]])
def test_robust_tests_agree_with_clubsandwich(name: str) -> None:
    case, fit = CASES[name], fitted(name)
    problem, p = fit.problem, fit.beta.size
    residual = problem.y - problem.x @ fit.beta
    for label, expected in case["robust"].items():
        if label == "Wald_HTZ_CR2":
            sums = cluster_sums(problem.structure, fit.theta, problem.x, residual, "CR2")
            test = htz(sums, np.eye(p)[np.array(expected["tested"]) - 1], fit.beta)
            assert error([test.statistic, test.df], [expected["F"], expected["df_num"]]) < 2e-9
            assert error([test.df_denominator, test.p_value], [expected["df_denom"], expected["p"]]) < 2e-9
            continue
        # metafor's own CR1 has the factor J / (J - p).
        kind = "CR1p" if label == "CR1" else label.removeprefix("coef_test_")
        sums = cluster_sums(problem.structure, fit.theta, problem.x, residual, kind)
        assert error(np.sqrt(np.diag(robust_covariance(sums))), expected["se"]) < 1e-9, label
        if "df" in expected:
            df = [satterthwaite(sums, row) for row in np.eye(p)]
            assert error(df, expected["df"]) < 1e-9, label


@pytest.mark.parametrize("name", REFERENCE["robumeta"])
def test_robust_tests_agree_with_robumeta(name: str) -> None:
    # robumeta's weights with its own moment estimates; its working covariance is their inverse.
    expected = REFERENCE["robumeta"][name]
    y, v, x, levels = arrays(CASES[expected["mv_case"]])
    cluster = levels[0]
    if expected["modelweights"] == "CORR":
        count = np.bincount(cluster)
        phi = (count * (np.bincount(cluster, v) / count + expected["tau2"]))[cluster]
    else:
        phi = v + expected["tau2"] + expected["omega2"]
    structure = arrange(phi, cluster, Levels((cluster,)))
    x, y, w = x[structure.order], y[structure.order], 1.0 / structure.v
    beta = np.linalg.solve((x.T * w) @ x, (x.T * w) @ y)
    sums = cluster_sums(structure, np.zeros(1), x, y - x @ beta, "CR2")
    assert error(beta, expected["beta"]) < 1e-9
    assert error(np.sqrt(np.diag(robust_covariance(sums))), expected["se"]) < 1e-9
    assert error([satterthwaite(sums, row) for row in np.eye(beta.size)], expected["df"]) < 1e-9


def identity(x: np.ndarray, cluster: np.ndarray) -> Structure:
    return arrange(np.ones(len(x)), cluster, Levels((cluster,)))


def regression(seed: int, k: int = 20, p: int = 3) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    return np.column_stack([np.ones(k), rng.normal(size=(k, p - 1))]), rng.normal(size=k)


@settings(max_examples=30, deadline=None)
@given(st.integers(0, 10_000))
def test_singleton_clusters_give_the_hc_variances(seed: int) -> None:
    # MacKinnon & White 1985, https://doi.org/10.1016/0304-4076(85)90158-7: HC0, HC2, HC3.
    x, y = regression(seed)
    bread = np.linalg.inv(x.T @ x)
    residual = y - x @ bread @ x.T @ y
    h = np.einsum("ij,jk,ik->i", x, bread, x)
    structure = identity(x, np.arange(len(x)))
    for kind, weight in {"CR0": 1.0, "CR2": 1.0 / (1.0 - h), "CR3": (1.0 - h) ** -2.0}.items():
        found = robust_covariance(cluster_sums(structure, np.zeros(1), x, residual, kind))
        expected = bread @ (x.T * (weight * residual**2)) @ x @ bread
        np.testing.assert_allclose(found, expected, rtol=1e-9, atol=1e-12)


@settings(max_examples=20, deadline=None)
@given(st.integers(0, 10_000), st.sampled_from(["CR2", "CR3"]))
def test_degrees_of_freedom_and_htz_from_whole_matrices(seed: int, kind: str) -> None:
    # Pustejovsky & Tipton 2018, equations 9-13, with k x k matrices; Phi is not a multiple of the identity.
    rng = np.random.default_rng(seed)
    x, y = regression(seed, k=18, p=3)
    cluster = np.sort(np.r_[np.arange(6), rng.integers(0, 6, 12)])
    v = rng.uniform(0.5, 2.0, 18)
    structure = arrange(v, cluster, Levels((cluster,)), rho=0.3)
    theta = np.array([0.4])
    phi = 0.3 * np.outer(np.sqrt(v), np.sqrt(v))
    phi[np.diag_indices(18)] = v
    phi = (phi + 0.4) * (cluster[:, None] == cluster)
    w = np.linalg.inv(phi)
    bread = np.linalg.inv(x.T @ w @ x)
    beta = bread @ x.T @ w @ y
    sums = cluster_sums(structure, theta, x, y - x @ beta, kind)
    rest = np.eye(18) - x @ bread @ x.T @ w
    vectors = []
    for c in range(6):
        at = cluster == c
        inner = phi[np.ix_(at, at)] - x[at] @ bread @ x[at].T
        if kind == "CR2":
            # The solution of A B A = Phi as the geometric mean of Phi and B^-1, by way of B's root.
            values, axes = np.linalg.eigh(inner)
            root, back = (axes * np.sqrt(values)) @ axes.T, (axes / np.sqrt(values)) @ axes.T
            middle, turn = np.linalg.eigh(root @ phi[np.ix_(at, at)] @ root)
            a = back @ (turn * np.sqrt(middle)) @ turn.T @ back
        else:
            a = np.linalg.inv(np.eye(at.sum()) - x[at] @ bread @ x[at].T @ w[np.ix_(at, at)])
        vectors.append(rest[at].T @ a.T @ w[np.ix_(at, at)] @ x[at] @ bread)
    p_matrices = np.array([[a.T @ phi @ b for b in vectors] for a in vectors])
    for j, row in enumerate(np.eye(3)):
        one = p_matrices[:, :, j, j]
        expected = np.trace(one) ** 2 / np.sum(one * one.T)
        assert error(satterthwaite(sums, row), expected) < 1e-9
    contrasts = np.eye(3)[1:]
    values, axes = np.linalg.eigh(contrasts @ np.einsum("iiab->ab", p_matrices) @ contrasts.T)
    g = (axes / np.sqrt(values)) @ axes.T @ contrasts
    block = np.einsum("sa,ijab,tb->ijst", g, p_matrices, g)
    total = sum(
        np.sum(block[:, :, s, s] * block[:, :, t, t] + block[:, :, s, t] * block[:, :, t, s])
        for s in (0, 1)
        for t in (0, 1)
    )
    eta = 6.0 / total
    if eta > 1.0:
        assert error(htz(sums, contrasts, beta).df_denominator, eta - 1.0) < 1e-8
    else:
        with pytest.raises(ModelError, match="too few"):
            htz(sums, contrasts, beta)
    one_contrast = htz(sums, np.eye(3)[1:2], beta)
    assert error(one_contrast.df_denominator, satterthwaite(sums, np.eye(3)[1])) < 1e-9


@pytest.mark.parametrize("kind", ROBUST)
@pytest.mark.parametrize("c", [1e-6, 1e6])
def test_robust_variances_scale_and_do_not_depend_on_the_order(kind: str, c: float) -> None:
    x, y = regression(4)
    cluster = np.repeat(np.arange(5), 4)
    order = np.random.default_rng(4).permutation(20)
    base = cluster_sums(identity(x, cluster), np.zeros(1), x, y, kind)
    moved = arrange(np.full(20, c * c), cluster[order], Levels((cluster[order],)))
    at = order[moved.order]
    other = cluster_sums(moved, np.zeros(1), x[at], c * y[at], kind)
    np.testing.assert_allclose(robust_covariance(other), c * c * robust_covariance(base), rtol=1e-10)
    assert error(satterthwaite(other, np.eye(3)[1]), satterthwaite(base, np.eye(3)[1])) < 1e-9


def test_a_cluster_that_alone_informs_a_coefficient_has_no_residual_there() -> None:
    # The moderator marks one cluster: its mean is fitted exactly, and the pseudo-inverse leaves it out.
    x, y = regression(1, k=12, p=1)
    cluster = np.repeat(np.arange(4), 3)
    x = np.column_stack([x, cluster == 3])
    beta = np.linalg.lstsq(x, y, rcond=None)[0]
    sums = cluster_sums(identity(x, cluster), np.zeros(1), x, y - x @ beta, "CR2")
    three = cluster_sums(identity(x[:9], cluster[:9]), np.zeros(1), x[:9, :1], (y - x @ beta)[:9], "CR2")
    assert robust_covariance(sums)[0, 0] == pytest.approx(robust_covariance(three)[0, 0], rel=1e-10)
    assert satterthwaite(sums, np.eye(2)[0]) == pytest.approx(satterthwaite(three, np.eye(1)[0]), rel=1e-9)


def test_too_few_clusters_are_an_error() -> None:
    x, y = regression(2)
    with pytest.raises(ModelError, match="needs more clusters than 1"):
        cluster_sums(identity(x, np.zeros(20, dtype=int)), np.zeros(1), x, y, "CR2")
    cluster = np.repeat([0, 1, 2], [7, 7, 6])
    with pytest.raises(ModelError, match="needs more clusters than 3"):
        cluster_sums(identity(x, cluster), np.zeros(1), x, y, "CR1p")
    sums = cluster_sums(identity(x, np.repeat([0, 1], 10)), np.zeros(1), x, y, "CR2")
    with pytest.raises(ModelError, match="too few to test"):
        htz(sums, np.eye(3), np.ones(3))
