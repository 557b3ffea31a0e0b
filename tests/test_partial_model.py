"""Partial reports with moderators and a variance within studies: brute force, exact models, calibration."""

from __future__ import annotations

import math

import numpy as np
import pytest
from helpers_effects import INF, arrays
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import special

from evidence.numerics.interval_likelihood import evaluate, prepare
from evidence.numerics.latent_quadrature import ROUGH
from evidence.numerics.partial_fit import calibrated, fit_partial, student
from evidence.numerics.partial_general import (
    deviance_of_mean,
    fit_general,
    likelihood_ratio,
    maximum_loglik,
    unbounded,
    within_is_bounded,
)
from evidence.numerics.partial_model import Slopes, likelihood, make_model


def brute_force(
    rows: list[tuple[float, float, float]], mean: np.ndarray, rho: float, t: float, v: float, n: int = 1501
) -> float:
    """Return one study's log-likelihood from the definition: a plain sum over a fine grid of (u, f)."""
    x = np.linspace(-14.0, 14.0, n)
    u, f = np.meshgrid(x, x, indexing="ij")
    height = -0.5 * (u * u + f * f) - np.log(2.0 * np.pi)
    for (a, b, error), m in zip(rows, mean, strict=True):
        centre = m + math.sqrt(t) * u + error * math.sqrt(rho) * f
        sd = math.sqrt(v + error * error * (1.0 - rho))
        if a == b:
            height += -0.5 * ((a - centre) / sd) ** 2 - np.log(sd * math.sqrt(2.0 * np.pi))
        elif b == INF:
            height += special.log_ndtr((centre - a) / sd)
        elif a == -INF:
            height += special.log_ndtr((b - centre) / sd)
        else:
            with np.errstate(divide="ignore"):
                height += np.log(special.ndtr((b - centre) / sd) - special.ndtr((a - centre) / sd))
    top = height.max()
    return float(top + np.log(np.exp(height - top).sum() * (x[1] - x[0]) ** 2))


STUDIES = {
    "two exact, two open": [(0.4, 0.4, 0.3), (0.1, 0.1, 0.45), (0.6, INF, 0.32), (0.0, INF, 0.3)],
    "twofold errors": [(0.1, INF, 0.2), (-0.9, 0.9, 0.4), (0.2, 0.2, 0.3)],
    "fivefold errors": [(0.1, INF, 0.1), (-0.9, 0.9, 0.5), (0.2, 1.5, 0.3)],
    "all exact": [(0.4, 0.4, 0.3), (0.1, 0.1, 0.45), (-0.3, -0.3, 0.2)],
    "one each": [(0.4, 0.4, 0.3), (-0.6, 0.6, 0.5)],
    "alone": [(0.6, INF, 0.3)],
    "many alike": [(0.5, INF, 0.3)] * 3 + [(-0.6, 0.6, 0.3)] * 3,
}


def _single(
    rows: list[tuple[float, float, float]], mean: np.ndarray, rho: float, t: float, v: float
) -> Slopes:
    low, high, s = arrays(rows)
    model = make_model(low, high, s, np.zeros(len(rows), dtype=np.intp), mean[:, None], rho)
    return likelihood(model, np.ones(1), t, v)


@pytest.mark.parametrize("name", list(STUDIES))
@pytest.mark.parametrize(("t", "v"), [(0.09, 0.0), (0.0, 0.04), (0.5, 0.2)])
def test_a_study_with_moderators_equals_brute_force_integration(name: str, t: float, v: float) -> None:
    rows = STUDIES[name]
    mean = np.linspace(-0.2, 0.5, len(rows))
    assert _single(rows, mean, 0.6, t, v).value == pytest.approx(brute_force(rows, mean, 0.6, t, v), abs=1e-8)


def _several() -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    rows = [row for study in STUDIES.values() for row in study]
    study = np.repeat(np.arange(len(STUDIES)), [len(rows) for rows in STUDIES.values()]).astype(np.intp)
    low, high, s = arrays(rows)
    x = np.column_stack([np.ones(s.size), np.sin(np.arange(s.size)), np.arange(s.size) % 2])
    return low, high, s, study, x


@pytest.mark.parametrize(("t", "v"), [(0.09, 0.05), (0.0, 0.05), (0.09, 0.0), (4.0, 1.0)])
def test_gradient_and_hessian_are_those_of_the_value(t: float, v: float) -> None:
    low, high, s, study, x = _several()
    model = make_model(low, high, s, study, x, 0.6)
    theta = np.array([0.2, 0.1, -0.3, t, v])

    def at(place: np.ndarray) -> Slopes:
        return likelihood(model, place[:3], float(place[3]), float(place[4]))

    now = at(theta)
    for j in range(5):
        h = np.zeros(5)
        h[j] = 1e-5
        if j >= 3 and theta[j] == 0.0:  # at the boundary, from the right
            ahead, twice = at(theta + h), at(theta + 2 * h)
            slope = (4.0 * ahead.value - twice.value - 3.0 * now.value) / 2e-5
            second = (4.0 * ahead.gradient - twice.gradient - 3.0 * now.gradient) / 2e-5
        else:
            up, down = at(theta + h), at(theta - h)
            slope, second = (up.value - down.value) / 2e-5, (up.gradient - down.gradient) / 2e-5
        assert now.gradient[j] == pytest.approx(slope, rel=2e-5, abs=2e-5)
        assert now.hessian[j] == pytest.approx(second, rel=1e-4, abs=1e-3)


@pytest.mark.parametrize("name", [name for name in STUDIES if name != "alone"])
@pytest.mark.parametrize(("t", "v"), [(0.02, 0.03), (25.0, 20.0), (400.0, 0.0)])
def test_derivatives_in_the_variances_of_each_kind_of_study(name: str, t: float, v: float) -> None:
    mean = np.linspace(-0.2, 0.5, len(STUDIES[name]))
    now = _single(STUDIES[name], mean, 0.6, t, v)
    for j, (dt, dv) in enumerate([(1e-4 * t, 0.0), (0.0, 1e-4 * max(v, 0.01))], start=1):
        h = dt + dv
        up, twice = (_single(STUDIES[name], mean, 0.6, t + m * dt, v + m * dv) for m in (1, 2))
        slope = (4.0 * up.value - twice.value - 3.0 * now.value) / (2.0 * h)
        assert now.gradient[j] == pytest.approx(slope, rel=1e-4, abs=2e-8 / h)
        second = (4.0 * up.gradient - twice.gradient - 3.0 * now.gradient) / (2.0 * h)
        assert now.hessian[j] == pytest.approx(second, rel=1e-3, abs=2e-8 / h)


def test_the_rough_likelihood_is_near_the_fine_one() -> None:
    low, high, s, study, x = _several()
    model = make_model(low, high, s, study, x, 0.6)
    fine, rough = (likelihood(model, np.zeros(3), 0.1, 0.05, *q) for q in ((), (ROUGH,)))
    assert rough.value == pytest.approx(fine.value, abs=1e-3)
    assert rough.value != fine.value


def test_without_moderators_and_spread_within_it_is_the_model_of_two_parameters() -> None:
    low, high, s, study, _ = _several()
    plain = fit_partial(low, high, s, study, 0.6, 0.95)
    fit = fit_general(low, high, s, study, np.ones((s.size, 1)), 0.6, 0.95, within=False)
    for name in ("estimate", "std_error", "statistic", "low", "high"):
        assert getattr(fit, name)[0] == pytest.approx(getattr(plain, name), abs=1e-8), name
    for name in ("tau2", "tau2_low", "tau2_high", "loglik"):
        assert getattr(fit, name) == pytest.approx(getattr(plain, name), abs=1e-8), name
    estimate, deviance = deviance_of_mean(low, high, s, study, 0.6, 0.0, within=False)
    assert estimate == pytest.approx(plain.estimate, abs=1e-8)
    assert deviance == pytest.approx((plain.statistic or 0.0) ** 2, abs=1e-7)


def test_the_maximum_is_the_highest_point_and_the_ends_have_the_critical_deviance() -> None:
    low, high, s, study, _ = _several()
    ones = np.ones((s.size, 1))
    fit = fit_general(low, high, s, study, ones, 0.6, 0.95, within=True)
    model = make_model(low, high, s, study, ones, 0.6)
    assert fit.within is not None
    grid = np.concatenate([[0.0], np.geomspace(1e-3, 3.0, 14)])

    def profile(mu: float) -> float:
        return max(likelihood(model, np.array([mu]), t, v, ROUGH).value for t in grid for v in grid)

    assert profile(float(fit.estimate[0])) <= fit.loglik + 1e-4
    for end in (float(fit.low[0]), float(fit.high[0])):
        # the grid misses the best variances by some per cent, so that its deviance is a little too high
        assert 3.84 < 2.0 * (fit.loglik - profile(end)) < 4.0


def test_a_spread_within_studies_needs_two_bounded_rows_of_one() -> None:
    low, high = np.array([0.1, -0.5, 0.2, 0.3]), np.array([INF, 0.5, 0.2, 0.3])
    assert within_is_bounded(low, high, np.array([0, 0, 0, 1]))
    assert not within_is_bounded(low, high, np.array([0, 0, 1, 2]))
    assert not within_is_bounded(low[:1], high[:1], np.array([0]))


def test_intervals_shrunk_to_points_converge_to_exact_rows_with_a_spread_within() -> None:
    y, s = np.array([0.7, 0.2, 0.3, 0.9, -0.2, 0.4]), np.array([0.35, 0.3, 0.3, 0.4, 0.3, 0.2])
    study = np.array([0, 0, 1, 1, 2, 3])
    ones = np.ones((6, 1))
    exact = fit_general(y, y, s, study, ones, 0.6, 0.95, within=True)
    near = fit_general(y - 5e-5, y + 5e-5, s, study, ones, 0.6, 0.95, within=True)
    for name in ("estimate", "low", "high"):
        assert getattr(near, name)[0] == pytest.approx(getattr(exact, name)[0], abs=1e-7), name
    assert near.within == pytest.approx(exact.within, abs=1e-7)


@given(st.sampled_from([1e-6, 0.1, 1e6]), st.sampled_from([-1.0, 1.0]), st.floats(-3.0, 3.0))
@settings(max_examples=8, deadline=None)
def test_scale_sign_and_shift_do_not_matter(c: float, sign: float, shift: float) -> None:
    low, high, s, study, x = _several()
    x = x[:, [0, 2]]
    plain = fit_general(low, high, s, study, x, 0.6, 0.95, within=True)
    a, b = (low + shift, high + shift) if sign > 0 else (-high - shift, -low - shift)
    other = fit_general(a * c, b * c, s * c, study, x, 0.6, 0.95, within=True)
    width = plain.high - plain.low
    assert sign * other.estimate / c - [shift, 0.0] == pytest.approx(plain.estimate, abs=1e-7)
    ends = (other.low, other.high) if sign > 0 else (-other.high, -other.low)
    assert np.abs(ends[0] / c - [shift, 0.0] - plain.low).max() < 1e-6 * width.max()
    assert np.abs(ends[1] / c - [shift, 0.0] - plain.high).max() < 1e-6 * width.max()
    assert other.tau2 / c / c == pytest.approx(plain.tau2, abs=1e-7)


def test_a_coefficient_that_no_report_limits_is_found_by_structure() -> None:
    low, high = np.array([0.2, -0.5, 0.5, 0.6]), np.array([0.2, 0.5, INF, INF])
    groups = np.eye(2)[[0, 0, 1, 1]]
    assert unbounded(low, high, groups).tolist() == [1]
    assert unbounded(low, high, np.column_stack([np.ones(4), groups[:, 1]])).tolist() == [1]
    # a row on the other side in that group makes it finite
    assert unbounded(low, np.array([0.2, 0.5, INF, 0.6]), groups).size == 0
    low[3], high[3] = -INF, -0.6
    assert unbounded(low, high, groups).size == 0
    assert unbounded(low[:2], high[:2], groups[:2, :1]).size == 0


def test_likelihood_ratio_is_calibrated_as_the_f_test_of_equally_precise_studies() -> None:
    # Studies so precise that only their spread counts: one-way analysis of variance.
    rng = np.random.default_rng(2)
    y = rng.normal(0.0, 1.0, 9) + np.repeat([0.0, 0.5, 1.0], 3)
    x = np.eye(3)[np.repeat([0, 1, 2], 3)]
    s = np.full(9, 1e-5)
    arguments = (y, y, s, np.arange(9))
    full = maximum_loglik(*arguments, x, 0.6, within=False)
    plain = maximum_loglik(*arguments, np.ones((9, 1)), 0.6, within=False)
    test = likelihood_ratio(full, plain, 2, 9, 3, calibrated=True)
    means = x.T @ y / 3.0
    between = 3.0 * ((means - y.mean()) ** 2).sum() / 2.0
    within = ((y - x @ means) ** 2).sum() / 6.0
    assert (test.df, test.df2) == (2, 6)
    assert test.statistic == pytest.approx(between / within, rel=1e-6)
    assert test.p_value == pytest.approx(float(special.fdtrc(2, 6, between / within)), rel=1e-6)
    chi = likelihood_ratio(full, plain, 2, 9, 3, calibrated=False)
    assert chi.statistic == pytest.approx(2.0 * (full - plain))


def test_the_calibrated_profile_of_equally_precise_studies_is_students_interval() -> None:
    y = np.array([0.1, 0.9, -0.3, 0.5, 1.4])
    fit = fit_partial(y, y, np.full(5, 1e-5), np.arange(5), 0.6, 0.95, calibrated(5, 1))
    half = -special.stdtrit(4, 0.025) * y.std(ddof=1) / math.sqrt(5)
    assert fit.low == pytest.approx(y.mean() - half, rel=1e-7)
    assert fit.high == pytest.approx(y.mean() + half, rel=1e-7)
    t = y.mean() / (y.std(ddof=1) / math.sqrt(5))
    assert student(fit.statistic or 0.0, 5, 1) == pytest.approx(t, rel=1e-7)


def test_one_evaluation_agrees_with_the_older_form() -> None:
    low, high, s, study, _ = _several()
    now = evaluate(prepare(low, high, s, study, 0.6, within=0.03), 0.3, 0.09)
    model = make_model(low, high, s, study, np.ones((s.size, 1)), 0.6)
    ours = likelihood(model, np.array([0.3]), 0.09, 0.03)
    assert ours.value == pytest.approx(now.value, abs=1e-9)
    assert ours.gradient[:2] == pytest.approx([now.mu, now.t], abs=1e-7)
    assert ours.hessian[0, :2] == pytest.approx([now.mu_mu, now.mu_t], abs=1e-6)
