"""Maximum and profile ends of the partial-report model against the likelihood itself on fine grids.

Exact reports have a likelihood in closed form; its profile can have several maxima in the variances. Cases
are small and have variances over many orders, where that is common.
"""

from __future__ import annotations

import math

import numpy as np
import pytest

from evidence.numerics.intervals import chi2_quantile
from evidence.numerics.partial_fit import calibrated
from evidence.numerics.partial_general import GeneralFit, fit_general

RHO = 0.6


def line(seed: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return a few effects, one a study, their variances and a moderator."""
    rng = np.random.default_rng(seed)
    k, kind = int(rng.integers(4, 10)), seed % 4
    v = np.exp(rng.normal(0.0, [0.5, 1.5, 3.0, 1.0][kind], k))
    y = rng.normal(0.0, np.sqrt(v + [0.0, 0.5, 1.0, 0.0][kind]))
    z = [rng.normal(0.0, 1.0, k), np.arange(k) % 2.0, np.exp(rng.normal(0.0, 1.5, k)), np.arange(float(k))]
    if kind == 3:
        y[int(rng.integers(k))] += rng.normal(0.0, 8.0)
    return y, v, np.column_stack([np.ones(k), z[seed // 4 % 4]])


def profile(y: np.ndarray, v: np.ndarray, x: np.ndarray, j: int, grid: np.ndarray) -> np.ndarray:
    """Return the log-likelihood at values of coefficient j, the other and tau² at their best on a grid."""
    t = np.r_[0.0, np.geomspace(1e-4 * v.min(), 1e3 * (np.ptp(y) ** 2 + np.ptp(grid * np.ptp(x)) ** 2), 3000)]
    w, other = 1.0 / (v + t[:, None]), x[:, 1 - j]
    total, own, theirs = (w * other**2).sum(1), (w * other * y).sum(1), (w * other * x[:, j]).sum(1)
    square = ((w * y * y).sum(1) - own**2 / total)[:, None]
    square = square - 2.0 * grid * ((w * y * x[:, j]).sum(1) - own * theirs / total)[:, None]
    square = square + grid**2 * ((w * x[:, j] ** 2).sum(1) - theirs**2 / total)[:, None]
    height = 0.5 * np.log(w).sum(1)[:, None] - 0.5 * square - 0.5 * y.size * math.log(2.0 * math.pi)
    return np.asarray(height.max(axis=0))


@pytest.mark.parametrize("seed", range(40))
def test_ends_of_coefficients_are_those_of_the_whole_profile(seed: int) -> None:
    y, v, x = line(seed)
    k = y.size
    critical = chi2_quantile(0.95) if seed % 2 else calibrated(k, 2)(0.95)
    fit = fit_general(y, y, np.sqrt(v), np.arange(k), x, RHO, 0.95, within=False, critical=critical)
    for j in range(2):
        low, high = float(fit.low[j]), float(fit.high[j])
        beyond = np.linspace(low - (high - low), high + (high - low), 201)
        assert profile(y, v, x, j, beyond).max() < fit.loglik + 1e-9
        deviance = 2.0 * (fit.loglik - profile(y, v, x, j, np.array([low, high])))
        assert deviance == pytest.approx(critical, abs=2e-3)
        between = 2.0 * (fit.loglik - profile(y, v, x, j, np.linspace(low, high, 101)[1:-1]))
        assert between.max() < critical


def clusters(seed: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return effects, standard errors and studies, of which at least one has two effects."""
    rng = np.random.default_rng(10_000 + seed)
    n = int(rng.integers(3, 6))
    sizes = rng.integers(1, 4, n)
    sizes[0] = 2
    study = np.repeat(np.arange(n), sizes)
    s = np.exp(0.5 * rng.normal(0.0, [0.5, 1.5, 2.5][seed % 3], study.size))
    between, within = [0.0, 1.0, 3.0][seed // 3 % 3], [0.0, 0.5, 2.0][seed // 9 % 3]
    y = rng.normal(0.0, s) + rng.normal(0.0, between, n)[study] + rng.normal(0.0, within, study.size)
    if seed % 4 == 0:
        y[int(rng.integers(study.size))] += rng.normal(0.0, 6.0)
    return y, s, study


class Grid:
    """The likelihood of clusters over a grid of both variances: a quadratic in the mean at each."""

    def __init__(self, y: np.ndarray, s: np.ndarray, study: np.ndarray) -> None:
        steps = np.r_[0.0, np.geomspace(1e-3 * s.min() ** 2, 40.0 * (np.ptp(y) ** 2 + 1.0), 70)]
        self.t, self.v = (part.ravel() for part in np.meshgrid(steps, steps))
        self.a, self.b, self.c, self.height = np.zeros((4, self.t.size))
        for j in range(int(study.max()) + 1):
            own = study == j
            known = RHO * np.outer(s[own], s[own])
            np.fill_diagonal(known, s[own] ** 2)
            size = int(own.sum())
            full = known + self.t[:, None, None] + self.v[:, None, None] * np.eye(size)
            inverse = np.linalg.inv(full)
            self.height -= 0.5 * np.linalg.slogdet(full)[1] + 0.5 * size * math.log(2.0 * math.pi)
            self.a += inverse.sum((1, 2))
            self.b += (inverse @ y[own]).sum(1)
            self.c += np.einsum("i,nij,j->n", y[own], inverse, y[own])

    def at(self, mu: float) -> float:
        return float((self.height - 0.5 * (self.c - 2.0 * mu * self.b + mu * mu * self.a)).max())

    def best(self) -> np.ndarray:
        return np.asarray(self.height - 0.5 * (self.c - self.b**2 / self.a))


@pytest.mark.parametrize("seed", [0, 7, 13, 21, 28, 35, 44, 49])
def test_ends_with_a_spread_within_studies_are_those_of_the_whole_profile(seed: int) -> None:
    # Of these, 13 has two maxima; 35 and 49 ends from which only a lower one was seen.
    y, s, study = clusters(seed)
    fit: GeneralFit = fit_general(y, y, s, study, np.ones((y.size, 1)), RHO, 0.95, within=True)
    grid, critical = Grid(y, s, study), chi2_quantile(0.95)
    best = grid.best()
    assert best.max() < fit.loglik + 1e-9
    for end in (fit.low[0], fit.high[0]):
        assert 2.0 * (fit.loglik - grid.at(float(end))) == pytest.approx(critical, abs=0.05)
        assert 2.0 * (fit.loglik - grid.at(float(end))) > critical - 1e-6  # a grid is never higher
    inside = 2.0 * (fit.loglik - best) < critical
    for values, low, high in (
        (grid.t, fit.tau2_low, fit.tau2_high),
        (grid.v, fit.within_low, fit.within_high),
    ):
        assert low is not None
        assert high is not None
        assert low <= values[inside].min() * (1.0 + 1e-9)
        assert values[inside].max() <= high * (1.0 + 1e-9)
