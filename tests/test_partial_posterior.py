"""The posterior of partial reports: conjugate closed form, brute-force sums, REML, and the edges."""

from __future__ import annotations

import math

import mpmath as mp
import numpy as np
import pytest
from helpers_effects import INF, arrays, datasets
from hypothesis import given, settings
from scipy import special

from evidence.numerics.interval_likelihood import evaluate, prepare
from evidence.numerics.partial_posterior import PosteriorNumbers, posterior, restricted_tau2
from evidence.numerics.study_curves import study_curves
from evidence.numerics.tau2 import TAU2
from evidence.numerics.wls import sample

MIXED = [
    (0.6, INF, 0.35, 0),
    (0.5, 0.5, 0.3, 0),
    (-0.7, 0.7, 0.35, 1),
    (0.0, INF, 0.4, 2),
    (1.4, 1.4, 0.3, 3),
    (-INF, 0.2, 0.25, 3),
]


def _columns(
    rows: list[tuple[float, float, float, int]],
) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    low, high, s = arrays([row[:3] for row in rows])
    return low, high, s, np.array([row[3] for row in rows], dtype=np.intp)


def _posterior(
    rows: tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray],
    mean_sd: float = 1.0,
    tau_scale: float = 0.5,
    within: float = 0.0,
) -> PosteriorNumbers:
    found = posterior(*rows, 0.6, within, mean_sd=mean_sd, tau_scale=tau_scale, worthwhile=0.2, level=0.95)
    assert found is not None
    return found


@pytest.mark.parametrize("within", [0.0, 0.05])
@pytest.mark.parametrize("t", [0.0, 1e-4, 0.01, 0.1, 1.0, 9.0])
def test_curves_convolved_are_the_likelihood(t: float, within: float) -> None:
    low, high, s, study = _columns(MIXED)
    curves = study_curves(low, high, s, study, 0.6, within, (-3.0, 3.0, 3.0))
    assert curves is not None
    mu = np.array([-0.5, 0.0, 0.3, 1.2])
    value, slope = curves.log_likelihood(mu, t, slope=True)
    direct = [evaluate(prepare(low, high, s, study, 0.6, within=within), float(m), t) for m in mu]
    assert value == pytest.approx([one.value for one in direct], abs=3e-8)
    assert slope == pytest.approx([one.t for one in direct], rel=1e-6, abs=1e-6)


def test_with_tau_all_but_fixed_at_zero_it_is_the_conjugate_normal() -> None:
    y, s = np.array([0.1, 0.5, 0.4]), np.array([0.3, 0.2, 0.25])
    found = _posterior((y, y, s, np.arange(3)), mean_sd=0.7, tau_scale=1e-5)
    precision = (s**-2).sum() + 0.7**-2
    mean, sd = float((y / s**2).sum() / precision), precision**-0.5
    assert found.mean == pytest.approx(mean, abs=1e-9)
    assert found.sd == pytest.approx(sd, rel=1e-7)
    assert found.low == pytest.approx(mean + sd * float(special.ndtri(0.025)), abs=1e-7)
    assert found.high == pytest.approx(mean - sd * float(special.ndtri(0.025)), abs=1e-7)
    assert found.positive == pytest.approx(float(special.ndtr(mean / sd)), abs=1e-8)
    assert found.worthwhile == pytest.approx(float(special.ndtr((mean - 0.2) / sd)), abs=1e-8)
    assert found.new_positive == pytest.approx(found.positive, abs=1e-6)
    marginal = np.diag(s**2) + 0.49
    evidence = -0.5 * (np.linalg.slogdet(2 * np.pi * marginal)[1] + y @ np.linalg.solve(marginal, y))
    assert found.log_evidence == pytest.approx(evidence, abs=1e-8)


def test_with_exact_rows_it_is_the_integral_over_tau_alone() -> None:
    # Given tau all is conjugate: one integral is left, by mpmath.
    y, v = np.array([0.1, 0.9, 0.4, -0.2]), np.array([0.09, 0.04, 0.06, 0.05])
    found = _posterior((y, y, np.sqrt(v), np.arange(4)))

    def parts(tau: float) -> tuple[float, float, float]:
        w = 1.0 / (v + tau * tau)
        precision = float(w.sum()) + 1.0
        mean = float((w * y).sum()) / precision
        square = float((w * y * y).sum()) - precision * mean**2
        weight = math.exp(-0.5 * (square + tau * tau / 0.25)) * math.sqrt(float(np.prod(w)) / precision)
        return weight, mean, precision**-0.5

    def average(value: object) -> float:
        def integrand(tau: mp.mpf) -> float:
            weight, mean, sd = parts(float(tau))
            return weight * value(mean, sd, float(tau))  # type: ignore[operator,no-any-return]

        return float(mp.quad(integrand, [0, 0.3, 0.8, 2, 4]))

    total = average(lambda mean, sd, tau: 1.0)
    assert found.mean == pytest.approx(average(lambda mean, sd, tau: mean) / total, abs=1e-9)
    assert found.tau_mean == pytest.approx(average(lambda mean, sd, tau: tau) / total, abs=1e-8)
    positive = average(lambda mean, sd, tau: float(special.ndtr(mean / sd))) / total
    assert found.positive == pytest.approx(positive, abs=1e-8)
    new = average(lambda mean, sd, tau: float(special.ndtr(mean / math.hypot(sd, tau)))) / total
    assert found.new_positive == pytest.approx(new, abs=1e-7)
    assert float(
        average(lambda mean, sd, tau: float(special.ndtr((found.low - mean) / sd))) / total
    ) == pytest.approx(0.025, abs=1e-8)
    inside = float(mp.quad(lambda tau: parts(float(tau))[0], [0, found.tau_high / 2, found.tau_high]))
    assert inside / total == pytest.approx(0.975, abs=1e-7)


def test_with_partial_rows_it_is_a_plain_sum_over_a_fine_grid() -> None:
    low, high, s, study = _columns(MIXED)
    found = _posterior((low, high, s, study))
    data = prepare(low, high, s, study, 0.6)
    mu, tau = np.linspace(-2.5, 3.5, 81), np.linspace(0.0, 2.8, 41)
    height = np.array([[evaluate(data, float(m), float(x) ** 2).value for x in tau] for m in mu])
    height += -0.5 * mu[:, None] ** 2 - 0.5 * (tau / 0.5) ** 2
    mass = np.exp(height - height.max())
    mass[:, 0] *= 0.5
    cell = (mu[1] - mu[0]) * (tau[1] - tau[0])
    evidence = height.max() + math.log(mass.sum() * cell) - math.log(2 * math.pi * 0.5) + math.log(2.0)
    mass /= mass.sum()
    assert found.log_evidence == pytest.approx(evidence, abs=1e-6)
    mean = float(mass.sum(axis=1) @ mu)
    assert found.mean == pytest.approx(mean, abs=1e-6)
    assert found.sd == pytest.approx(math.sqrt(float(mass.sum(axis=1) @ (mu - mean) ** 2)), abs=1e-6)


@pytest.mark.parametrize("within", [0.0, 0.04])
def test_the_prior_comes_back_where_the_rows_say_nothing(within: float) -> None:
    low, high, s, study = _columns([(-9.0, 9.0, 0.3, 0), (-9.0, INF, 0.3, 1)])
    found = _posterior((low, high, s, study), mean_sd=0.5, tau_scale=0.3, within=within)
    assert found.mean == pytest.approx(0.0, abs=1e-7)
    assert found.sd == pytest.approx(0.5, rel=1e-6)
    assert found.tau_mean == pytest.approx(0.3 * math.sqrt(2.0 / math.pi), rel=1e-6)
    assert found.tau_high == pytest.approx(-0.3 * float(special.ndtri(0.0125)), rel=1e-6)
    assert found.positive == pytest.approx(0.5, abs=1e-7)
    assert found.new_positive == pytest.approx(0.5, abs=1e-7)
    assert found.log_evidence == pytest.approx(0.0, abs=1e-7)


def test_reports_all_to_one_side_have_a_posterior_which_grows_with_their_number() -> None:
    found = [_posterior((np.full(k, 0.6), np.full(k, INF), np.full(k, 0.3), np.arange(k))) for k in (1, 2, 4)]
    assert found[0].positive < found[1].positive < found[2].positive < 1.0
    assert found[0].mean < found[1].mean < found[2].mean
    mirror = _posterior((np.full(2, -INF), np.full(2, -0.6), np.full(2, 0.3), np.arange(2)))
    assert mirror.mean == pytest.approx(-found[1].mean, abs=1e-9)
    assert mirror.positive == pytest.approx(1.0 - found[1].positive, abs=1e-9)


def test_one_huge_study_leads_and_tau_keeps_its_prior() -> None:
    y, s = np.array([0.4]), np.array([1e-4])
    found = _posterior((y, y, s, np.arange(1)))
    # One study tells tau nothing but that mu lies near it.
    assert 0.0 < found.mean < 0.4
    both = _posterior((np.r_[y, -0.5], np.r_[y, 0.5], np.r_[s, 0.3], np.arange(2)))
    assert both.positive > 0.8


def test_rows_too_precise_for_a_table_have_no_posterior_instead_of_a_wrong_one() -> None:
    low, high = np.array([0.1, 0.0]), np.array([0.2, INF])
    arguments = (low, high, np.array([1e-7, 0.3]), np.arange(2), 0.6, 0.0)
    assert posterior(*arguments, mean_sd=1.0, tau_scale=0.5, worthwhile=0.2, level=0.95) is None


@given(datasets(3, 8))
@settings(max_examples=25, deadline=None)
def test_with_exact_rows_the_restricted_estimate_is_reml(drawn: tuple[np.ndarray, np.ndarray]) -> None:
    y, v = drawn
    v = np.clip(v, 0.01, 4.0)
    expected = TAU2["REML"](sample(y, v)).value
    found = restricted_tau2(y, y, np.sqrt(v), np.arange(y.size), 0.6, 0.0, 0.1)
    assert found is not None
    assert found == pytest.approx(expected, abs=1e-8 * max(expected, float(np.median(v))) * 10)


def test_the_restricted_estimate_is_the_top_of_the_integrated_likelihood() -> None:
    low, high, s, study = _columns([*MIXED, (-0.8, -0.8, 0.2, 4), (1.0, INF, 0.2, 5)])
    found = restricted_tau2(low, high, s, study, 0.6, 0.0, 0.1)
    assert found is not None
    assert found > 0.0
    data = prepare(low, high, s, study, 0.6)
    mu = np.linspace(-4.0, 5.0, 181)

    def integral(t: float) -> float:
        return math.log(sum(math.exp(evaluate(data, float(m), t).value) for m in mu))

    assert integral(found) > max(integral(0.9 * found), integral(1.1 * found))


def test_the_restricted_estimate_needs_reports_that_bound_the_mean_on_both_sides() -> None:
    low, high, s, study = _columns([(0.6, INF, 0.3, 0), (0.0, INF, 0.3, 1)])
    assert restricted_tau2(low, high, s, study, 0.6, 0.0, 0.1) is None
    low, high, s, study = _columns([(0.6, INF, 0.3, 0), (-0.5, 0.5, 0.3, 1), (0.2, 0.2, 0.3, 2)])
    assert restricted_tau2(low, high, s, study, 0.6, 0.0, 0.1) is not None
