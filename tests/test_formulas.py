"""Effect-size formulas against published worked examples and a reference implementation."""

from __future__ import annotations

import gzip
import json
import math
from pathlib import Path
from typing import Any

import mpmath
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from evidence.effects import formulas, ratio_formulas

REFERENCE = json.loads(
    gzip.decompress((Path(__file__).parent / "reference" / "escalc_synth.json.gz").read_bytes())
)


def case(name: str) -> tuple[dict[str, Any], np.ndarray, np.ndarray]:
    """Return the inputs, estimates and variances of a reference case (R metafor 5.1-12)."""
    record = REFERENCE["cases"][name]
    inputs = {key: np.array(values, dtype=float) for key, values in record["inputs"].items()}
    return inputs, np.array(record["yi"], dtype=float), np.array(record["vi"], dtype=float)


class TestHedgesJ:
    @pytest.mark.parametrize("df", [1.5, 2, 3, 10, 39.99, 40, 41.5, 400, 1e4, 1e6, 1e9])
    def test_agrees_with_fifty_digits(self, df: float) -> None:
        with mpmath.workdps(50):
            m = mpmath.mpf(df)
            exact = mpmath.exp(mpmath.loggamma(m / 2) - mpmath.loggamma((m - 1) / 2) - mpmath.log(m / 2) / 2)
        assert float(formulas.hedges_j(df)) == pytest.approx(float(exact), rel=1e-14)


class TestStandardisedMeanDifference:
    @pytest.mark.parametrize("name", ["SMD|2g", "SMD|big"])
    def test_reference_means(self, name: str) -> None:
        x, yi, vi = case(name)
        got = formulas.g_from_means(x["m1i"], x["sd1i"], x["n1i"], x["m2i"], x["sd2i"], x["n2i"])
        np.testing.assert_allclose(got.estimate, yi, rtol=1e-10)
        np.testing.assert_allclose(got.variance, vi, rtol=1e-10)

    def test_reference_t(self) -> None:
        x, yi, vi = case("SMD|ti")
        got = formulas.g_from_t(x["ti"], x["n1i"], x["n2i"])
        np.testing.assert_allclose(got.estimate, yi, rtol=1e-10)
        np.testing.assert_allclose(got.variance, vi, rtol=1e-10)

    def test_reference_p(self) -> None:
        x, yi, vi = case("SMD|pi")
        size = formulas.critical_g(np.abs(x["pi"]), x["n1i"], x["n2i"])
        np.testing.assert_allclose(np.sign(x["pi"]) * size, yi, rtol=1e-9)
        np.testing.assert_allclose(formulas.smd_variance(size, x["n1i"], x["n2i"]), vi, rtol=1e-9)

    def test_borenstein_2009(self) -> None:
        # Borenstein et al. (2009), Introduction to Meta-Analysis, p. 26-27: d = 0.5970, g = 0.5924
        # and V_g = 0.0411; the book's variance takes J² V_d with d uncorrected, "LS" takes g in it.
        got = formulas.g_from_means(103, 5.5, 50, 100, 4.5, 50)
        assert float(got.estimate) == pytest.approx(0.5924, abs=5e-5)
        assert float(got.variance) == pytest.approx(0.0411, abs=8e-4)

    @given(
        t=st.floats(-8, 8),
        n_e=st.integers(2, 300),
        n_c=st.integers(3, 300),
    )
    def test_t_of_the_same_data_equals_the_means(self, t: float, n_e: int, n_c: int) -> None:
        difference = t * math.sqrt(1 / n_e + 1 / n_c)
        means = formulas.g_from_means(difference, 1.0, n_e, 0.0, 1.0, n_c)
        from_t = formulas.g_from_t(t, n_e, n_c)
        assert float(from_t.estimate) == pytest.approx(float(means.estimate), rel=1e-12, abs=1e-300)
        assert float(from_t.variance) == pytest.approx(float(means.variance), rel=1e-12)

    @given(
        values=st.tuples(*[st.floats(0.5, 50) for _ in range(4)]),
        n=st.tuples(st.integers(3, 80), st.integers(3, 80)),
        scale=st.floats(1e-6, 1e6),
        shift=st.floats(-100, 100),
    )
    def test_units_and_origin_do_not_matter(
        self, values: tuple[float, ...], n: tuple[int, int], scale: float, shift: float
    ) -> None:
        mean_e, sd_e, mean_c, sd_c = values
        one = formulas.g_from_means(mean_e, sd_e, n[0], mean_c, sd_c, n[1])
        two = formulas.g_from_means(
            scale * (mean_e + shift), scale * sd_e, n[0], scale * (mean_c + shift), scale * sd_c, n[1]
        )
        assert float(two.estimate) == pytest.approx(float(one.estimate), rel=1e-9, abs=1e-11)

    def test_swapped_arms_flip_the_sign_and_keep_the_variance(self) -> None:
        one = formulas.g_from_means(10, 2, 12, 8, 3, 20)
        two = formulas.g_from_means(8, 3, 20, 10, 2, 12)
        assert float(one.estimate) == -float(two.estimate)
        assert float(one.variance) == float(two.variance)


class TestPrePostControl:
    def test_morris_2008_formulas(self) -> None:
        # Morris (2008), Organ Res Methods 11:364-386, eq. 8-10 and 25, evaluated independently with
        # the approximate correction 1 - 3/(4 df - 1) that the paper prints.
        n_e, n_c, sd_e, sd_c, r = 20.0, 22.0, 15.0, 14.0, 0.6
        change_e, change_c = 12.0, 4.0
        df = n_e + n_c - 2
        pooled = math.sqrt(((n_e - 1) * sd_e**2 + (n_c - 1) * sd_c**2) / df)
        j = 1 - 3 / (4 * df - 1)
        d = j * (change_e - change_c) / pooled
        base = (n_e + n_c) / (n_e * n_c)
        variance = 2 * j**2 * (1 - r) * base * (df / (df - 2)) * (1 + d**2 / (2 * (1 - r) * base)) - d**2
        got = formulas.g_from_pre_post(change_e, sd_e, n_e, change_c, sd_c, n_c, r)
        assert float(got.estimate) == pytest.approx(d, rel=2e-4)
        assert float(got.variance) == pytest.approx(variance, rel=1e-3)

    @given(r=st.floats(-0.9, 0.99), n=st.integers(4, 200), change=st.floats(-30, 30))
    def test_variance_is_positive_and_sign_symmetric(self, r: float, n: int, change: float) -> None:
        up = formulas.g_from_pre_post(change, 10, n, 0, 10, n, r)
        down = formulas.g_from_pre_post(-change, 10, n, 0, 10, n, r)
        assert float(up.variance) > 0
        assert float(up.estimate) == -float(down.estimate)
        assert float(up.variance) == float(down.variance)


class TestRatios:
    @pytest.mark.parametrize(
        ("name", "function"), [("RR|2x2", "log_risk_ratio"), ("OR|2x2", "log_odds_ratio")]
    )
    def test_reference_counts_with_zero_cells(self, name: str, function: str) -> None:
        x, yi, vi = case(name)
        got = getattr(ratio_formulas, function)(x["ai"], x["ai"] + x["bi"], x["ci"], x["ci"] + x["di"])
        np.testing.assert_allclose(got.estimate, yi, rtol=1e-10, atol=1e-14)
        np.testing.assert_allclose(got.variance, vi, rtol=1e-10)

    def test_borenstein_2009(self) -> None:
        # Borenstein et al. (2009), p. 34-36: 5/100 v 10/100.
        ratio = ratio_formulas.log_risk_ratio(5, 100, 10, 100)
        odds = ratio_formulas.log_odds_ratio(5, 100, 10, 100)
        assert (round(float(ratio.estimate), 4), round(float(ratio.variance), 4)) == (-0.6931, 0.28)
        assert (round(float(odds.estimate), 4), round(float(odds.variance), 4)) == (-0.7472, 0.3216)

    @given(
        log_ratio=st.floats(-3, 3),
        std_error=st.floats(0.01, 2),
        level=st.sampled_from([0.8, 0.9, 0.95, 0.99]),
    )
    def test_interval_round_trip(self, log_ratio: float, std_error: float, level: float) -> None:
        from scipy.stats import norm

        z = norm.ppf((1 + level) / 2)
        low, high = math.exp(log_ratio - z * std_error), math.exp(log_ratio + z * std_error)
        got = ratio_formulas.log_ratio_from_interval(math.exp(log_ratio), low, high, level)
        assert float(got.estimate) == pytest.approx(log_ratio, abs=1e-12)
        assert math.sqrt(float(got.variance)) == pytest.approx(std_error, rel=1e-9)


class TestTestStatistics:
    @given(p=st.floats(1e-12, 0.999), df=st.floats(2, 500))
    def test_t_from_p_inverts_the_two_sided_p(self, p: float, df: float) -> None:
        from scipy.stats import t

        assert 2 * t.sf(float(formulas.t_from_p(p, df)), df) == pytest.approx(p, rel=1e-9)

    @given(t=st.floats(-6, 6), df=st.integers(3, 200), level=st.sampled_from([0.9, 0.95]))
    def test_t_from_interval_inverts_the_interval(self, t: float, df: int, level: float) -> None:
        half = float(formulas.t_from_p(1 - level, df))
        assert float(formulas.t_from_interval(t, t - half, t + half, level, df)) == pytest.approx(
            t, abs=1e-12
        )

    def test_critical_g_is_where_significance_begins(self) -> None:
        # Two arms of 15: t(28) at p = .05 is 2.0484; g = J(28) t sqrt(2/15) = 0.728.
        assert float(formulas.critical_g(0.05, 15, 15)) == pytest.approx(0.7278, abs=1e-4)
