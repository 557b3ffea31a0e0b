"""The likelihood of partial reports: against brute-force integration, the exact model, and its limits."""

from __future__ import annotations

import math

import mpmath as mp
import numpy as np
import pytest
from helpers_effects import INF, arrays, datasets
from hypothesis import example, given, settings
from hypothesis import strategies as st
from scipy import integrate, special

from evidence.numerics.interval_likelihood import evaluate, prepare
from evidence.numerics.intervals import chi2_quantile, profile_mean, profile_tau2
from evidence.numerics.normal_cells import log_cell, log_cell_derivatives
from evidence.numerics.partial_fit import contributions, fit_partial
from evidence.numerics.tau2 import log_likelihood, maximise
from evidence.numerics.wls import sample


def brute_force(
    low: np.ndarray, high: np.ndarray, s: np.ndarray, rho: float, mu: float, t: float, n: int = 1501
) -> float:
    """Return one study's log-likelihood from the definition: a plain sum over a fine grid of (u, f)."""
    x = np.linspace(-14.0, 14.0, n)
    u, f = np.meshgrid(x, x, indexing="ij")
    height = -0.5 * (u * u + f * f) - np.log(2.0 * np.pi)
    for a, b, error in zip(low, high, s, strict=True):
        mean = mu + math.sqrt(t) * u + error * math.sqrt(rho) * f
        sd = error * math.sqrt(1.0 - rho)
        if a == b:
            height += -0.5 * ((a - mean) / sd) ** 2 - np.log(sd * math.sqrt(2.0 * np.pi))
        elif b == INF:
            height += special.log_ndtr((mean - a) / sd)
        elif a == -INF:
            height += special.log_ndtr((b - mean) / sd)
        else:
            with np.errstate(divide="ignore"):
                height += np.log(special.ndtr((b - mean) / sd) - special.ndtr((a - mean) / sd))
    top = height.max()
    return float(top + np.log(np.exp(height - top).sum() * (x[1] - x[0]) ** 2))


MIXED = [
    ("half-lines", [(0.6, INF, 0.35), (0.5, INF, 0.36), (-INF, 0.9, 0.33)]),
    ("no difference", [(-0.7, 0.7, 0.35), (-0.6, 0.6, 0.31), (-0.65, 0.65, 0.33)]),
    ("exact and intervals", [(0.4, 0.4, 0.3), (0.6, INF, 0.32), (-0.6, 0.6, 0.34)]),
    ("two exact", [(0.4, 0.4, 0.3), (0.1, 0.1, 0.45), (0.6, INF, 0.32), (0.0, INF, 0.3)]),
    ("equal errors", [(0.6, INF, 0.3), (-0.6, 0.6, 0.3), (0.0, INF, 0.3)]),
    ("very unequal errors", [(0.1, INF, 0.1), (-0.9, 0.9, 0.6), (0.2, 1.5, 0.3)]),
    ("contradictory", [(1.0, INF, 0.3), (-INF, -1.0, 0.31)]),
]


@pytest.mark.parametrize(("name", "rows"), MIXED, ids=[name for name, _ in MIXED])
@pytest.mark.parametrize("rho", [0.0, 0.6, 0.9])
@pytest.mark.parametrize(("mu", "t"), [(0.3, 0.0), (0.0, 0.04), (0.8, 1.0)])
def test_a_study_equals_brute_force_integration(
    name: str, rows: list[tuple[float, float, float]], rho: float, mu: float, t: float
) -> None:
    low, high, s = arrays(rows)
    ours = evaluate(prepare(low, high, s, np.zeros(len(rows), dtype=np.intp), rho), mu, t).value
    assert ours == pytest.approx(brute_force(low, high, s, rho, mu, t), abs=1e-8)


def test_adaptive_integration_by_another_program_agrees() -> None:
    low, high, s = arrays([(0.6, INF, 0.35), (-0.6, 0.6, 0.31)])
    rho, mu, t = 0.6, 0.2, 0.09

    def density(f: float, x: float) -> float:
        mean = mu + math.sqrt(t) * x + s * math.sqrt(rho) * f
        sd = s * math.sqrt(1.0 - rho)
        cells = special.ndtr((high - mean) / sd) - special.ndtr((low - mean) / sd)
        return float(cells.prod() * math.exp(-0.5 * (x * x + f * f)) / (2.0 * math.pi))

    value, _ = integrate.dblquad(density, -8.5, 8.5, -8.5, 8.5, epsabs=1e-12, epsrel=1e-10)
    ours = evaluate(prepare(low, high, s, np.zeros(2, dtype=np.intp), rho), mu, t).value
    assert ours == pytest.approx(math.log(value), abs=1e-8)


@pytest.mark.parametrize("t", [25.0, 2500.0, 1e6])
def test_sharp_cells_against_a_wide_study_effect(t: float) -> None:
    # One integral in u of f's closed form: with equal errors the rows see u + s sqrt(rho) f alone.
    low, high, s = arrays([(0.5, INF, 0.3), (-0.2, 0.9, 0.3)])
    rho, mu = 0.6, 0.1
    sd = 0.3 * math.sqrt(1.0 - rho)
    total = math.sqrt(t + 0.09 * rho)

    def density(a: float) -> float:
        cells = special.ndtr((high - a) / sd) - special.ndtr((low - a) / sd)
        return float(
            cells.prod() * math.exp(-0.5 * ((a - mu) / total) ** 2) / (total * math.sqrt(2 * math.pi))
        )

    value, _ = integrate.quad(density, -3.0, 4.0, epsabs=0.0, epsrel=1e-12, limit=400)
    ours = evaluate(prepare(low, high, s, np.zeros(2, dtype=np.intp), rho), mu, t).value
    assert ours == pytest.approx(math.log(value), abs=1e-9)


def test_a_lone_interval_row_is_a_difference_of_normal_distribution_functions() -> None:
    low, high, s = arrays([(0.3, 1.1, 0.4)])
    ours = evaluate(prepare(low, high, s, np.zeros(1, dtype=np.intp), 0.6), 0.2, 0.25).value
    sd = math.sqrt(0.25 + 0.16)
    assert ours == pytest.approx(math.log(special.ndtr(0.9 / sd) - special.ndtr(0.1 / sd)), rel=1e-13)


@pytest.mark.parametrize(("mu", "t"), [(0.1, 0.2), (-1.0, 0.05), (0.3, 30.0), (0.4, 0.0)])
def test_gradient_and_hessian_are_those_of_the_value(mu: float, t: float) -> None:
    rows = [row for _, rows in MIXED[:4] for row in rows]
    study = np.repeat(np.arange(4), [3, 3, 3, 4]).astype(np.intp)
    data = prepare(*arrays(rows), study, 0.6)
    now, h = evaluate(data, mu, t), 1e-5
    up, down = evaluate(data, mu + h, t), evaluate(data, mu - h, t)
    assert now.mu == pytest.approx((up.value - down.value) / (2 * h), rel=1e-6, abs=1e-7)
    assert now.mu_mu == pytest.approx((up.mu - down.mu) / (2 * h), rel=1e-6)
    if t > 0.0:
        step = 1e-5 * t
        up, down = evaluate(data, mu, t + step), evaluate(data, mu, t - step)
        assert now.t == pytest.approx((up.value - down.value) / (2 * step), rel=1e-5)
        assert now.mu_t == pytest.approx((up.mu - down.mu) / (2 * step), rel=1e-5)
        assert now.t_t == pytest.approx((up.t - down.t) / (2 * step), rel=1e-5)
    else:  # at the boundary, from the right
        ahead = evaluate(data, mu, 1e-7)
        assert now.t == pytest.approx((ahead.value - now.value) / 1e-7, rel=1e-3)
        assert now.mu_t == pytest.approx((ahead.mu - now.mu) / 1e-7, rel=1e-3)


@given(st.floats(-40, 40), st.floats(1e-9, 50.0))
@settings(max_examples=60, deadline=None)
def test_cells_keep_their_digits_in_both_tails(z: float, width: float) -> None:
    low, high = np.array([z]), np.array([z + width])
    ours = log_cell(low, high, high - low)
    with mp.workdps(60):
        a, b = mp.mpf(low[0]), mp.mpf(high[0])
        if a > 0:  # the same cell in the other tail, where mpmath keeps its digits as well
            a, b = -b, -a
        exact = mp.log(mp.ncdf(b) - mp.ncdf(a))
        slope = abs(mp.npdf(a) - mp.npdf(b)) / mp.exp(exact)
    assert ours[0] == pytest.approx(float(exact), rel=1e-12, abs=1e-12)
    derivative = log_cell_derivatives(low, high, ours)[0][0]
    assert abs(derivative) == pytest.approx(float(slope), rel=1e-9, abs=1e-9)


@given(datasets(2, 8))
@example((np.array([0.0, 2.8125]), np.array([0.01426423, 1.7010573])))  # two maxima over tau² at the end
@example((np.array([0.0, 2.8125]), np.array([1.7010573, 0.01426423])))
@example(  # two maxima of the likelihood itself, close together
    (
        np.array([-0.907695711276016, 0.5284364477019312, 2.034341656857847, -0.5001490072691126]),
        np.array([0.00593032429425461, 2.954153597926799, 0.8619382124003608, 0.009660350787800372]),
    )
)
@settings(max_examples=40, deadline=None)
def test_exact_rows_one_a_study_are_the_exact_model(drawn: tuple[np.ndarray, np.ndarray]) -> None:
    y, v = drawn
    data = sample(y, v)
    t = maximise(data).value
    mean, spread = profile_mean(data, t, 0.95), profile_tau2(data, t, 0.95)
    ours = fit_partial(y, y, np.sqrt(v), np.arange(y.size), 0.6, 0.95)
    assert ours.estimate == pytest.approx(mean.estimate, abs=1e-8 * mean.std_error)
    assert ours.std_error == pytest.approx(mean.std_error, rel=1e-8)
    assert ours.tau2 == pytest.approx(t, abs=1e-8 * max(t, float(np.median(v))))
    assert ours.low == pytest.approx(mean.low, abs=1e-8 * (mean.high - mean.low))
    assert ours.high == pytest.approx(mean.high, abs=1e-8 * (mean.high - mean.low))
    assert ours.loglik == pytest.approx(log_likelihood(data, t), abs=1e-8)
    assert ours.tau2_high == pytest.approx(spread.high, rel=1e-8)
    assert ours.tau2_low == pytest.approx(spread.low, abs=1e-8 * max(t, float(np.median(v))))


def test_exact_rows_of_one_study_follow_their_joint_normal_density() -> None:
    y, s = np.array([0.2, 0.5, 0.9, 0.1]), np.array([0.3, 0.35, 0.4, 0.3])
    study = np.array([0, 0, 0, 1])
    mu, t, rho = 0.3, 0.07, 0.6
    v = rho * np.outer(s, s) + (1 - rho) * np.diag(s * s)
    v = np.where(study[:, None] == study, v + t, 0.0)
    r = y - mu
    direct = -0.5 * (np.linalg.slogdet(2 * np.pi * v)[1] + r @ np.linalg.solve(v, r))
    assert evaluate(prepare(y, y, s, study, rho), mu, t).value == pytest.approx(direct, rel=1e-13)


@pytest.mark.parametrize("width", [1e-2, 1e-4, 1e-6, 1e-9])
def test_intervals_shrunk_to_points_converge_to_exact_rows(width: float) -> None:
    y, s = np.array([0.7, 0.2, 0.3, 0.9]), np.array([0.35, 0.3, 0.3, 0.4])
    study = np.array([0, 0, 1, 2])
    exact = fit_partial(y, y, s, study, 0.6, 0.95)
    ours = fit_partial(y - width / 2, y + width / 2, s, study, 0.6, 0.95)
    for name in ("estimate", "std_error", "low", "high", "statistic"):
        assert getattr(ours, name) == pytest.approx(getattr(exact, name), abs=width**2 + 2e-9), name


HOSTILE = {
    "mixed": [
        (0.6, INF, 0.35, 0),
        (0.5, 0.5, 0.3, 0),
        (-0.7, 0.7, 0.35, 1),
        (0.0, INF, 0.4, 2),
        (1.4, 1.4, 0.3, 3),
    ],
    "wide": [
        (2.0, 2.0, 0.3, 0),
        (-1.5, -1.5, 0.2, 1),
        (0.6, INF, 0.35, 2),
        (-INF, -0.6, 0.35, 3),
        (-0.7, 0.7, 0.4, 4),
    ],
    "all no difference": [(-0.7, 0.7, 0.35, 0), (-0.6, 0.6, 0.3, 1), (-0.5, 0.5, 0.25, 2)],
}


def _columns(
    rows: list[tuple[float, float, float, int]],
) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    low, high, s = arrays([row[:3] for row in rows])
    return low, high, s, np.array([row[3] for row in rows], dtype=np.intp)


@pytest.mark.parametrize("name", list(HOSTILE))
def test_the_maximum_is_the_highest_point_and_the_ends_have_the_critical_deviance(name: str) -> None:
    low, high, s, study = _columns(HOSTILE[name])
    fit = fit_partial(low, high, s, study, 0.6, 0.95)
    data = prepare(low, high, s, study, 0.6)
    assert fit.estimate is not None
    t = np.concatenate([[0.0], np.geomspace(1e-4, 100.0, 120)])

    def profile(mu: float) -> float:
        return max(evaluate(data, mu, float(x)).value for x in t)

    grid = np.linspace(-2.0, 3.0, 26)
    assert max(profile(float(mu)) for mu in grid) <= fit.loglik + 1e-10
    assert evaluate(data, fit.estimate, fit.tau2 or 0.0).value == pytest.approx(fit.loglik, abs=1e-10)
    for end in (fit.low, fit.high):
        # the grid misses the best tau² by a few per cent, hence the tolerance
        assert 2.0 * (fit.loglik - profile(end)) == pytest.approx(chi2_quantile(0.95), abs=2e-3)


def test_all_no_difference_is_finite_symmetric_and_homogeneous() -> None:
    fit = fit_partial(*_columns(HOSTILE["all no difference"]), 0.6, 0.95)
    assert fit.estimate == pytest.approx(0.0, abs=1e-12)
    assert fit.tau2 == 0.0
    assert fit.low == pytest.approx(-fit.high, rel=1e-10)
    assert 0.2 < fit.high < 1.0


@given(
    st.sampled_from(list(HOSTILE)),
    st.sampled_from([1e-150, 1e-6, 0.1, 1e6, 1e150]),
    st.sampled_from([-1.0, 1.0]),
    st.permutations(range(5)),
)
@settings(max_examples=12, deadline=None)
def test_scale_sign_and_order_do_not_matter(name: str, c: float, sign: float, order: list[int]) -> None:
    low, high, s, study = _columns(HOSTILE[name])
    plain = fit_partial(low, high, s, study, 0.6, 0.95)
    order = [place for place in order if place < low.size]
    a, b = (low * c, high * c) if sign > 0 else (-high * c, -low * c)
    other = fit_partial(
        a[order], b[order], s[order] * c, np.unique(study[order], return_inverse=True)[1], 0.6, 0.95
    )
    ends = (other.low, other.high) if sign > 0 else (-other.high, -other.low)
    width = plain.high - plain.low
    assert other.estimate is not None
    assert plain.estimate is not None
    assert sign * other.estimate / c == pytest.approx(plain.estimate, abs=1e-8 * width)
    assert ends[0] / c == pytest.approx(plain.low, abs=1e-8 * width)
    assert ends[1] / c == pytest.approx(plain.high, abs=1e-8 * width)
    assert (other.tau2 or 0.0) / c / c == pytest.approx(plain.tau2 or 0.0, abs=1e-8)


def _one_sided(k: int, low: float = 0.6, s: float = 0.35) -> tuple[np.ndarray, ...]:
    return np.full(k, low), np.full(k, INF), np.full(k, s), np.arange(k)


@pytest.mark.parametrize(("k", "level"), [(2, 0.90), (3, 0.95), (10, 0.95)])
def test_reports_all_to_one_side_give_a_limit_and_no_estimate(k: int, level: float) -> None:
    fit = fit_partial(*_one_sided(k), 0.6, 0.95)
    assert fit.estimate is None
    assert fit.tau2 is None
    assert fit.bound == "lower"
    assert fit.high == INF
    # tau = 0 fits best above the limit: k log Phi((mu - l) / s) = - critical value / 2, solved by hand
    each = math.exp(-chi2_quantile(level) / 2.0 / k)
    assert fit.low == pytest.approx(0.6 + 0.35 * float(special.ndtri(each)), abs=1e-9)


def test_the_mirror_image_gives_an_upper_limit() -> None:
    low, high, s, study = _one_sided(3)
    fit = fit_partial(-high, -low, s, study, 0.6, 0.95)
    assert fit.bound == "upper"
    assert fit.low == -INF
    assert fit.high == pytest.approx(-fit_partial(low, high, s, study, 0.6, 0.95).low, rel=1e-10)


def test_one_study_to_one_side_gives_no_limit() -> None:
    low, high, s, _ = _one_sided(3)
    fit = fit_partial(low, high, s, np.zeros(3, dtype=np.intp), 0.6, 0.95)
    assert (fit.estimate, fit.bound, fit.low, fit.high) == (None, "none", -INF, INF)


def test_two_sides_without_size_leave_the_ends_open() -> None:
    # Seven reports above zero and three below: mu = sqrt(tau² + s²) times 0.52 fits equally well for any tau.
    low = np.array([0.0] * 7 + [-INF] * 3)
    high = np.array([INF] * 7 + [0.0] * 3)
    fit = fit_partial(low, high, np.full(10, 0.35), np.arange(10), 0.6, 0.95)
    assert fit.estimate == pytest.approx(0.35 * float(special.ndtri(0.7)), rel=1e-9)
    assert fit.tau2 == 0.0
    assert fit.tau2_high == INF
    assert fit.high == INF
    assert fit.loglik == pytest.approx(7 * math.log(0.7) + 3 * math.log(0.3), rel=1e-12)


def test_a_ridge_that_rises_ever_more_slowly_is_followed_to_its_end() -> None:
    # Two below zero and one above, with unlike errors: the likelihood nears that of a coin from below.
    low, high = np.array([-INF, -INF, 0.0]), np.array([0.0, 0.0, INF])
    s = np.array([0.3244428422615251, 0.3429971702850177, 1.0 / 3.0])
    fit = fit_partial(low, high, s, np.arange(3), 0.6, 0.95)
    assert fit.loglik == pytest.approx(2 * math.log(2 / 3) + math.log(1 / 3), abs=1e-6)
    assert fit.high > 0.0


def test_significant_both_ways_has_its_supremum_at_infinity() -> None:
    low, high = np.array([0.7, 0.7, 0.7, -INF]), np.array([INF, INF, INF, -0.7])
    fit = fit_partial(low, high, np.full(4, 0.35), np.arange(4), 0.6, 0.95)
    assert (fit.estimate, fit.bound) == (None, "none")
    assert fit.loglik == pytest.approx(3 * math.log(0.75) + math.log(0.25), rel=1e-12)


def test_contributions_of_exact_rows_are_their_weights() -> None:
    y, v = np.array([0.1, 0.5, 0.9]), np.array([0.02, 0.03, 0.05])
    share = contributions(y, y, np.sqrt(v), np.arange(3), 0.6, 0.4, 0.1)
    weights = 1.0 / (v + 0.1)
    assert share == pytest.approx(100.0 * weights / weights.sum(), rel=1e-12)


def test_a_direction_is_worth_less_than_an_interval_and_that_less_than_a_number() -> None:
    low, high, s = arrays([(0.3, 0.3, 0.3), (-0.6, 0.6, 0.3), (0.0, INF, 0.3)])
    number, band, side = contributions(low, high, s, np.arange(3), 0.6, 0.3, 0.02)
    assert number > band > side > 0.0


def test_a_row_of_a_study_adds_less_the_more_its_errors_correlate() -> None:
    low, high, s = arrays([(0.6, INF, 0.3), (0.6, INF, 0.3), (-0.6, 0.6, 0.3)])
    study = np.array([0, 0, 1])
    shares = [contributions(low, high, s, study, rho, 0.4, 0.02)[0] for rho in (0.0, 0.5, 0.95)]
    assert shares[0] > shares[1] > shares[2]


def test_strongly_correlated_errors_are_integrated_too() -> None:
    low, high, s = arrays([(0.2, INF, 0.3), (-0.6, 0.6, 0.32)])
    near = evaluate(prepare(low, high, s, np.zeros(2, dtype=np.intp), 0.9999), 0.2, 0.05).value
    # at rho = 1 both rows are s_i f: the set of (u, f) is a polygon, its probability an integral over f
    root = math.sqrt(0.05)

    def inner(f: float) -> float:
        a = np.max((low - 0.2 - s * f) / root)
        b = np.min((high - 0.2 - s * f) / root)
        return (
            max(0.0, float(special.ndtr(b) - special.ndtr(a)))
            * math.exp(-0.5 * f * f)
            / math.sqrt(2 * math.pi)
        )

    edge, _ = integrate.quad(inner, -9, 9, limit=300, epsrel=1e-10, points=[-2, 0, 2])
    assert near == pytest.approx(math.log(edge), abs=2e-3)
