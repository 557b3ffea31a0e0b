"""What stands in for means and SDs in papers, by worked examples of the sources, then by properties."""

from __future__ import annotations

import math
from typing import ClassVar

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import integrate, stats

from evidence.effects.formulas import g_from_means, g_from_t, t_from_p
from evidence.effects.solver import quantiles, spread, statistics
from evidence.effects.solver.rounding import half_unit, rounding_range

POSITIVE = st.floats(0.1, 100.0)
CORRELATIONS = st.floats(-0.99, 0.99)


class TestCochraneHandbook:
    """Handbook for Systematic Reviews of Interventions, version 6.4, chapter 6."""

    def test_table_6_5_a_correlations_of_both_arms(self) -> None:
        # 6.5.2.8: SDs 6.4, 7.1, 4.5 of 129 people give 0.78; 7.0, 6.9, 4.2 of 135 people give 0.82.
        assert round(float(spread.r_from_sds(6.4, 7.1, 4.5)), 2) == 0.78
        assert round(float(spread.r_from_sds(7.0, 6.9, 4.2)), 2) == 0.82

    def test_imputed_sd_of_the_change(self) -> None:
        # 6.5.2.8: with a correlation of 0.80 the first arm's SD of the change is 4.32.
        assert round(float(spread.sd_of_change(6.4, 7.1, 0.80)), 2) == 4.32

    def test_sd_from_the_p_of_a_difference(self) -> None:
        # 6.5.2.3: a difference of 3.8 with p = 0.008 between 25 and 22 people: t = 2.78, SE 3.8/2.78 = 1.37.
        t = float(t_from_p(0.008, 45))
        assert round(t, 2) == 2.78
        sd = float(spread.sd_from_difference(3.8, t, 25, 22))
        assert sd * math.sqrt(1 / 25 + 1 / 22) == pytest.approx(1.37, abs=0.005)

    def test_multipliers_of_small_and_large_arms(self) -> None:
        # 6.5.2.2: 95 % of a large arm is 3.92 standard errors wide, 90 % 3.29, 99 % 5.15; of 25 people 4.128.
        for level, width in ((0.95, 3.92), (0.90, 3.29), (0.99, 5.15)):
            assert 2 * float(spread.half_width_quantile(level, math.inf)) == pytest.approx(width, abs=0.005)
        assert 2 * float(spread.half_width_quantile(0.95, 24)) == pytest.approx(4.128, abs=0.0005)

    def test_sd_from_a_large_arms_interval(self) -> None:
        # 6.5.2.2: SD = sqrt(N)·(upper - lower)/3.92.
        assert float(spread.sd_from_interval(30.0, 34.2, 0.95, 1e9)) == pytest.approx(
            math.sqrt(1e9) * 4.2 / 3.92, rel=1e-4
        )


class TestWan2014:
    """Wan, Wang, Liu & Tong 2014, BMC Med Res Methodol 14:135."""

    TABLE_1: ClassVar = {
        2: 1.128,
        5: 2.326,
        10: 3.078,
        15: 3.472,
        20: 3.735,
        25: 3.931,
        30: 4.086,
        40: 4.322,
        50: 4.498,
    }

    @pytest.mark.parametrize(("n", "xi"), TABLE_1.items())
    def test_range_in_sds_is_that_of_table_1(self, n: int, xi: float) -> None:
        # Eq. 9 approximates table 1 by the normal quantile at (n - 0.375)/(n + 0.25).
        assert 1 / float(quantiles.sd_from_range(0.0, 1.0, n)) == pytest.approx(
            xi, rel=0.05 if n == 2 else 0.015
        )

    @pytest.mark.parametrize("q", [2, 5, 12, 25])
    def test_quartiles_in_sds_are_the_expected_order_statistics(self, q: int) -> None:
        # Eq. 13: of n = 4Q + 1 normal scores the quartiles are the (Q+1)th and the (3Q+1)th.
        n = 4 * q + 1

        def upper(z: float) -> float:
            return z * float(stats.beta.pdf(stats.norm.cdf(z), 3 * q + 1, q + 1) * stats.norm.pdf(z))

        expected = 2 * integrate.quad(upper, -8, 8)[0]
        assert 1 / float(quantiles.sd_from_quartiles(0.0, 1.0, n)) == pytest.approx(expected, rel=0.02)

    def test_quartiles_of_many(self) -> None:
        # Eq. 16 with n = 100, quartiles 0.02 and 0.04: qnorm(74.875/100.25) = 0.66472.
        assert float(quantiles.sd_from_quartiles(0.02, 0.04, 100)) == pytest.approx(0.0150441, abs=5e-8)

    def test_five_numbers_are_the_mean_of_the_two(self) -> None:
        # Eq. 12.
        both = (quantiles.sd_from_range(1, 20, 41) + quantiles.sd_from_quartiles(5, 12, 41)) / 2
        assert float(quantiles.sd_from_five(1, 5, 12, 20, 41)) == pytest.approx(float(both), rel=1e-15)


class TestLuo2018:
    """Luo, Wan, Liu & Tong 2018, Stat Methods Med Res 27:1785, eq. 7, 11 and 15."""

    @pytest.mark.parametrize("n", [5, 20, 81, 400])
    def test_weights_of_the_optimal_estimators(self, n: int) -> None:
        extremes = float(quantiles.mean_from_range(2.0, 0.0, 0.0, n))
        assert extremes == pytest.approx(4 / (4 + n**0.75), rel=1e-14)
        quartiles = float(quantiles.mean_from_quartiles(2.0, 0.0, 0.0, n))
        assert quartiles == pytest.approx(0.7 + 0.39 / n, rel=1e-14)
        five = [float(quantiles.mean_from_five(*row, n)) for row in np.eye(5) * 2]
        assert five[0] == five[4] == pytest.approx(2.2 / (2.2 + n**0.75), rel=1e-14)
        assert five[1] == five[3] == pytest.approx(0.7 - 0.72 / n**0.55, rel=1e-14)
        assert five[0] + five[1] + five[2] / 2 == pytest.approx(1.0, rel=1e-14)

    def test_nearly_unbiased_and_better_than_the_median(self) -> None:
        # Their simulation, small: 41 normal scores, the five-number estimate against the median.
        scores = np.sort(np.random.default_rng(7).normal(50, 17, (4000, 41)), axis=1)
        five = scores[:, [0, 10, 20, 30, 40]].T
        mean, sd = quantiles.mean_from_five(*five, 41), quantiles.sd_from_five(*five[[0, 1, 3, 4]], 41)
        assert float(mean.mean()) == pytest.approx(50, abs=0.3)
        assert float(sd.mean()) == pytest.approx(17, rel=0.01)
        assert np.std(mean) < 0.92 * np.std(five[2])

    @given(
        st.lists(st.floats(-50, 50), min_size=5, max_size=5), st.integers(2, 500), st.floats(-9, 9), POSITIVE
    )
    def test_estimates_move_with_the_scores(
        self, values: list[float], n: int, shift: float, factor: float
    ) -> None:
        five = np.sort(values)
        moved = five * factor + shift
        mean, sd = quantiles.mean_from_five(*five, n), quantiles.sd_from_five(*five[[0, 1, 3, 4]], n)
        assert float(quantiles.mean_from_five(*moved, n)) == pytest.approx(
            float(mean) * factor + shift, abs=1e-6 * max(1.0, factor)
        )
        assert float(quantiles.sd_from_five(*moved[[0, 1, 3, 4]], n)) == pytest.approx(
            float(sd) * factor, abs=1e-6 * max(1.0, factor)
        )


class TestSpread:
    @given(POSITIVE, st.integers(2, 1000), st.floats(0.5, 0.999), st.floats(-50, 50))
    def test_se_interval_and_t_of_one_arm_give_its_sd(
        self, sd: float, n: int, level: float, mean: float
    ) -> None:
        se = sd / math.sqrt(n)
        half = float(stats.t.ppf((1 + level) / 2, n - 1)) * se
        assert float(spread.sd_from_se(se, n)) == pytest.approx(sd, rel=1e-12)
        got = float(spread.sd_from_interval(mean - half, mean + half, level, n))
        assert got == pytest.approx(sd, rel=1e-6)
        if abs(mean) > 0.01:
            assert float(spread.sd_from_paired_t(mean, mean / se, n)) == pytest.approx(sd, rel=1e-9)

    @given(POSITIVE, POSITIVE, CORRELATIONS)
    def test_correlation_and_sd_of_the_change_are_inverse(self, pre: float, post: float, r: float) -> None:
        change = spread.sd_of_change(pre, post, r)
        assert float(change) ** 2 == pytest.approx(pre**2 + post**2 - 2 * r * pre * post, rel=1e-9, abs=1e-12)
        assert float(spread.r_from_sds(pre, post, change)) == pytest.approx(r, abs=1e-9)

    @given(
        POSITIVE, st.floats(-20, 20).filter(lambda x: abs(x) > 0.01), st.integers(2, 200), st.integers(2, 200)
    )
    def test_sd_of_a_difference_is_the_one_that_made_its_t(
        self, sd: float, difference: float, n_e: int, n_c: int
    ) -> None:
        t = difference / (sd * math.sqrt(1 / n_e + 1 / n_c))
        assert float(spread.sd_from_difference(difference, t, n_e, n_c)) == pytest.approx(sd, rel=1e-12)


class TestStatistics:
    def test_borenstein_2009_chapter_7(self) -> None:
        # p. 48: r = 0.50 is d = 2r/sqrt(1 - r²) = 1.1547; with two arms of one size t·2/sqrt(df) is that d.
        assert float(statistics.t_from_r(0.5, 98)) * 2 / math.sqrt(98) == pytest.approx(1.1547, abs=5e-5)

    @given(st.integers(2, 200), st.integers(2, 200), st.floats(-5, 5), POSITIVE)
    def test_t_f_r_and_means_of_the_same_data_give_one_g(
        self, n_e: int, n_c: int, d: float, sd: float
    ) -> None:
        if n_e + n_c < 5:
            return
        means = g_from_means(d * sd, sd, n_e, 0.0, sd, n_c)
        t = d / math.sqrt(1 / n_e + 1 / n_c)
        df = n_e + n_c - 2
        r = t / math.sqrt(t**2 + df)
        from_r = float(statistics.t_from_r(r, df))
        for size in (t, from_r, math.copysign(float(statistics.t_from_f(t**2)), t)):
            g = g_from_t(size, n_e, n_c)
            assert float(g.estimate) == pytest.approx(float(means.estimate), rel=1e-7, abs=1e-9)
            assert float(g.variance) == pytest.approx(float(means.variance), rel=1e-7)
        chi2 = r**2 * (n_e + n_c)
        assert float(statistics.t_from_chi2(chi2, n_e + n_c)) == pytest.approx(abs(t), rel=1e-6, abs=1e-9)


class TestRounding:
    @pytest.mark.parametrize(
        ("printed", "half"),
        [("40.67", 0.005), ("40.670", 0.0005), ("15", 0.5), ("-4.60", 0.005), (".8", 0.05), ("1.2e3", 50.0)],
    )
    def test_half_a_unit_of_the_last_digit(self, printed: str, half: float) -> None:
        assert half_unit(printed) == half

    def test_corners_of_a_ratio(self) -> None:
        low, high = rounding_range(lambda x: x["a"] / x["b"], {"a": 1.0, "b": 2.0}, {"a": "1.0", "b": "2.0"})
        assert (low, high) == (pytest.approx(0.95 / 2.05), pytest.approx(1.05 / 1.95))

    def test_a_corner_that_does_not_exist_opens_the_range(self) -> None:
        low, high = rounding_range(lambda x: np.log(x["a"]), {"a": 0.01}, {"a": "0.0"})
        assert (low, high) == (-math.inf, pytest.approx(math.log(0.06)))

    @given(
        st.lists(st.tuples(st.floats(1, 9), st.sampled_from(["1", "1.0", "1.00"])), min_size=11, max_size=13),
        st.data(),
    )
    def test_climbing_finds_the_corners_of_many_cells(
        self, cells: list[tuple[float, str]], data: st.DataObject
    ) -> None:
        weights = [data.draw(st.sampled_from([-2.0, -1.0, 0.5, 3.0])) for _ in cells]
        values = {f"c{i}": value for i, (value, _) in enumerate(cells)}
        printed = {f"c{i}": text for i, (_, text) in enumerate(cells)}

        def linear(x: dict[str, np.ndarray]) -> np.ndarray:
            return sum(w * x[f"c{i}"] for i, w in enumerate(weights))  # type: ignore[return-value]

        centre = float(linear({name: np.float64(value) for name, value in values.items()}))  # type: ignore[arg-type]
        reach = sum(abs(w) * half_unit(text) for w, (_, text) in zip(weights, cells, strict=True))
        low, high = rounding_range(linear, values, printed)  # type: ignore[arg-type]
        assert (low, high) == (pytest.approx(centre - reach), pytest.approx(centre + reach))
