"""Intervals of mean, tau² and a new study: against metafor, mpmath, and their definitions."""

from __future__ import annotations

import math

import mpmath as mp
import numpy as np
import pytest
from helpers_effects import close, datasets, reference
from hypothesis import given, settings

from evidence.numerics.intervals import (
    chi2_quantile,
    heterogeneity,
    mean_inference,
    prediction_interval,
    profile_mean,
    profile_tau2,
    q_profile,
    quantile,
)
from evidence.numerics.tau2 import TAU2, log_likelihood, maximise
from evidence.numerics.wls import KnownMean, Sample, sample

CASES = reference()["cases"]


def _data(case: dict[str, list[float]]) -> Sample:
    return sample(np.array(case["yi"], float), np.array(case["vi"], float))


@pytest.mark.parametrize("inference", ["z", "t", "HKSJ", "mHKSJ"])
@pytest.mark.parametrize("method", ["EE", "DL", "REML", "ML", "PM"])
def test_mean_test_and_intervals_agree_with_metafor(method: str, inference: str) -> None:
    compared = 0
    for name, case in CASES.items():
        known = case["tests"].get(method, {}).get(inference)
        if known is None:
            continue
        beta, se, statistic, p, low, high, pred_low, pred_high = known
        data = _data(case)
        tau2 = 0.0 if method == "EE" else TAU2[method](data).value
        ours = mean_inference(data, tau2, inference, 0.95)
        if ours.fallback or se < 1e-10:
            continue
        assert close(ours.estimate, beta, se), name
        assert close(ours.std_error, se, se), name
        assert close(ours.statistic, statistic, 1.0, 1e-8), name
        assert close(ours.p_value, p, 1e-12, 1e-8), name
        assert close(ours.low, low, se), name
        assert close(ours.high, high, se), name
        if pred_low is not None:
            interval = prediction_interval(ours.estimate, ours.std_error, tau2, ours.df, 0.95)
            assert close(interval.low, pred_low, se), name
            assert close(interval.high, pred_high, se), name
        compared += 1
    assert compared >= 80


@pytest.mark.parametrize("method", ["EE", "DL", "REML", "ML", "PM", "SJ"])
def test_heterogeneity_agrees_with_metafor(method: str) -> None:
    for name, case in CASES.items():
        if method not in case["het"]:
            continue
        q, p, i2, h2 = case["het"][method]
        data = _data(case)
        ours = heterogeneity(data, None if method == "EE" else TAU2[method](data).value)
        assert close(ours.q, q, 1.0), name
        assert close(ours.p_value, p, 1e-12, 1e-8), name
        assert close(ours.i2, i2, 1.0), name
        assert close(ours.h2, h2, 1.0), name


@pytest.mark.parametrize("method", ["ML", "REML"])
def test_intervals_of_tau2_agree_with_metafor(method: str) -> None:
    compared = 0
    for name, case in CASES.items():
        data = _data(case)
        unit = float(np.median(data.v))
        for kind, known in case["tau2_ci"].items():
            if method not in known:
                continue
            low, high, beyond = known[method]
            if kind == "QP":
                ours = q_profile(data, 0.95)
            else:
                ours = profile_tau2(data, TAU2[method](data).value, 0.95, restricted=method == "REML")
            assert close(ours.low, low, unit), (name, kind)
            if beyond is None:  # otherwise metafor's search interval ended first
                assert close(ours.high, high, unit), (name, kind)
                compared += 1
    assert compared >= 80


def test_log_likelihoods_agree_with_metafor() -> None:
    for name, case in CASES.items():
        for method, known in case["loglik"].items():
            data = _data(case)
            restricted = method == "REML"
            t = maximise(data, restricted=restricted).value
            assert close(log_likelihood(data, t, restricted=restricted), known, 1.0), name


@pytest.mark.parametrize("df", [None, 1, 2, 3, 7, 40, 1000])
@pytest.mark.parametrize("level", [0.8, 0.9, 0.95, 0.999])
def test_quantiles_against_fifty_digits(df: int | None, level: float) -> None:
    ours = quantile(level, df)
    with mp.workdps(50):
        x = mp.mpf(ours)
        if df is None:
            inside = mp.erf(x / mp.sqrt(2))
        else:
            inside = 1 - mp.betainc(mp.mpf(df) / 2, mp.mpf("0.5"), 0, df / (df + x * x), regularized=True)
        assert abs(inside - mp.mpf(level)) < mp.mpf("1e-13")
    assert chi2_quantile(level) == pytest.approx(quantile(level, None) ** 2, rel=1e-12)


def test_hksj_with_identical_effects_is_not_of_zero_width() -> None:
    # metafor prints a standard error of 0 here (case edge_k4_zeroQ)
    data = sample(np.full(4, 0.3), np.array([0.1, 0.2, 0.3, 0.4]))
    ours = mean_inference(data, 0.0, "HKSJ", 0.95)
    assert ours.fallback
    assert (ours.low, ours.high) == pytest.approx(
        (mean_inference(data, 0.0, "t", 0.95).low, mean_inference(data, 0.0, "t", 0.95).high)
    )
    assert ours.high - ours.low > 0.1


def test_effects_more_alike_than_chance_give_an_empty_q_profile_interval() -> None:
    data = sample(np.array([0.3, 0.3001, 0.3, 0.2999, 0.3]), np.full(5, 0.5))
    interval = q_profile(data, 0.95)
    assert interval.empty
    assert (interval.low, interval.high) == (0.0, 0.0)


@given(datasets(3, 10))
@settings(max_examples=25, deadline=None)
def test_the_profile_interval_of_the_mean_has_its_critical_deviance_at_both_ends(
    drawn: tuple[np.ndarray, np.ndarray],
) -> None:
    data = sample(*drawn)
    t = maximise(data).value
    fit = profile_mean(data, t, 0.95)
    top = log_likelihood(data, t)
    for end in (fit.low, fit.high):
        known = KnownMean(data, end)
        there = log_likelihood(known, maximise(known).value)
        assert 2.0 * (top - there) == pytest.approx(chi2_quantile(0.95), abs=1e-8)
    assert fit.low < fit.estimate < fit.high


def test_without_heterogeneity_the_profile_interval_is_at_least_the_normal_one() -> None:
    data = sample(np.array([0.2, 0.21, 0.19]), np.array([0.1, 0.12, 0.3]))
    profile, normal = profile_mean(data, 0.0, 0.95), mean_inference(data, 0.0, "z", 0.95)
    assert profile.low <= normal.low + 1e-12
    assert profile.high >= normal.high - 1e-12


@given(datasets(3, 8))
@settings(max_examples=20, deadline=None)
def test_the_profile_of_tau2_brackets_its_estimate(drawn: tuple[np.ndarray, np.ndarray]) -> None:
    data = sample(*drawn)
    t = maximise(data).value
    interval = profile_tau2(data, t, 0.95)
    assert 0.0 <= interval.low <= t < interval.high < math.inf
    there = 2.0 * (log_likelihood(data, t) - log_likelihood(data, interval.high))
    assert there == pytest.approx(chi2_quantile(0.95), abs=1e-9)


@pytest.mark.parametrize("c", [1e-150, 1e-6, 1e6, 1e150])
def test_intervals_scale_with_the_data(c: float) -> None:
    y, v = np.array([0.1, 0.5, 0.9, -0.2]), np.array([0.02, 0.03, 0.05, 0.04])
    plain, scaled = sample(y, v), sample(y * c, v * c * c)
    t, s = maximise(plain).value, maximise(scaled).value
    for one, other in (
        (profile_mean(plain, t, 0.95), profile_mean(scaled, s, 0.95)),
        (mean_inference(plain, t, "HKSJ", 0.95), mean_inference(scaled, s, "HKSJ", 0.95)),
    ):
        assert other.low / c == pytest.approx(one.low, rel=1e-10)
        assert other.high / c == pytest.approx(one.high, rel=1e-10)
        assert other.p_value == pytest.approx(one.p_value, rel=1e-10)
    assert q_profile(scaled, 0.95).high / c / c == pytest.approx(q_profile(plain, 0.95).high, rel=1e-10)
    assert profile_tau2(scaled, s, 0.95).high / c / c == pytest.approx(
        profile_tau2(plain, t, 0.95).high, rel=1e-10
    )
