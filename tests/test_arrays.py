"""The array door and the vectorised effect sizes: the same numbers as the slower ways."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import evidence as ev
from evidence.effects import formulas
from evidence.errors import ModelError
from evidence.numerics.tau2 import TAU2
from evidence.numerics.wls import sample

FIELDS = (
    "estimate",
    "std_error",
    "statistic",
    "p_value",
    "conf_low",
    "conf_high",
    "tau2",
    "tau2_low",
    "tau2_high",
    "i2",
    "h2",
    "q",
    "q_p_value",
    "pred_low",
    "pred_high",
)


class TestPoolArrays:
    @given(
        seed=st.integers(0, 2**32 - 1),
        k=st.integers(1, 30),
        spread=st.sampled_from([0.0, 0.5, 5.0]),
        precision=st.sampled_from([0.0, 0.7, 3.0]),
        unit=st.sampled_from([1e-100, 1e-6, 1.0, 1e6, 1e100]),
        tau2=st.sampled_from(sorted(TAU2)),
        inference=st.sampled_from(["z", "t", "HKSJ", "mHKSJ"]),
    )
    @settings(max_examples=80, deadline=None)
    def test_equals_random_effects(
        self, seed: int, k: int, spread: float, precision: float, unit: float, tau2: str, inference: str
    ) -> None:
        rng = np.random.default_rng(seed)
        v = rng.lognormal(0.0, precision, k)
        y = unit * (0.4 + rng.normal(0.0, np.sqrt(v + spread**2)))
        v = unit**2 * v
        fit = ev.pool_arrays(y, v, tau2=tau2, inference=inference)
        one = ev.random_effects(ev.effects_from(y, variance=v), tau2=tau2, inference=inference)
        assert fit.k == one.k
        assert fit.df == one.df
        reach = (
            one.pred_high - one.pred_low if one.pred_high is not None and one.pred_low is not None else 0.0
        )
        scale = {"statistic": 1.0, "p_value": 1.0, "i2": 1.0, "h2": 1.0, "q": 1.0, "q_p_value": 1.0}
        scale |= dict.fromkeys(("tau2", "tau2_low", "tau2_high"), float(np.median(v)))
        for name in FIELDS:
            got, expected = getattr(fit, name), getattr(one, name)
            if expected is None:
                assert got is None, name
                continue
            near = scale.get(name, max(float(np.abs(y).max()), reach))
            assert abs(got - expected) <= 1e-11 * max(abs(expected), near), name

    def test_hostile_data(self) -> None:
        rng = np.random.default_rng(21)
        for _ in range(150):
            k = int(rng.integers(2, 9))
            v = rng.lognormal(0.0, 3.0, k)
            y = rng.normal(0.0, np.sqrt(v + 1.0))
            for tau2 in ("ML", "REML"):
                expected = TAU2[tau2](sample(y, v)).value
                got = ev.pool_arrays(y, v, tau2=tau2).tau2
                assert got == pytest.approx(expected, rel=1e-11, abs=1e-12 * float(np.median(v)))

    @pytest.mark.parametrize(
        ("estimate", "variance", "message"),
        [
            ([0.1, np.nan], [0.1, 0.1], r"estimate\[1\]: an effect is a finite number"),
            ([0.1, 0.2], [0.1, 0.0], r"variance\[1\]: a variance is a positive finite number, got 0"),
            ([0.1, 0.2], [np.inf, 0.1], r"variance\[0\]"),
            ([0.1, 0.2], [0.1], "equally long"),
            ([], [], "equally long"),
            ([[0.1]], [[0.1]], "equally long"),
            ([0.0, 1e300], [1e-20, 1.0], "orders of magnitude"),
        ],
    )
    def test_wrong_numbers(self, estimate: list[float], variance: list[float], message: str) -> None:
        with pytest.raises(ModelError, match=message):
            ev.pool_arrays(estimate, variance)

    def test_wrong_words(self) -> None:
        with pytest.raises(ModelError, match="did you mean REML"):
            ev.pool_arrays([0.1], [0.1], tau2="remel")
        with pytest.raises(ModelError, match="inference must be one of"):
            ev.pool_arrays([0.1], [0.1], inference="profile")
        assert ev.pool_arrays([0.1, 0.2], [0.1, 0.1], tau2="reml").tau2 == 0.0

    def test_identical_effects_have_an_interval(self) -> None:
        fit = ev.pool_arrays([0.3, 0.3, 0.3], [0.1, 0.2, 0.1])
        assert fit.identical
        assert fit.conf_high > fit.conf_low


class TestManyRows:
    def test_blocks_and_table_change_nothing(self) -> None:
        rng = np.random.default_rng(1)
        size = 40_000
        n_e, n_c = (rng.integers(2, 5000, size).astype(float) for _ in range(2))
        mean_e, mean_c = rng.normal(size=size), rng.normal(size=size)
        sd_e, sd_c = rng.uniform(0.5, 2.0, size), rng.uniform(0.5, 2.0, size)
        whole = formulas.g_from_means(mean_e, sd_e, n_e, mean_c, sd_c, n_c)
        for at in range(0, size, 1999):
            one = formulas.g_from_means(mean_e[at], sd_e[at], n_e[at], mean_c[at], sd_c[at], n_c[at])
            assert whole.estimate[at] == pytest.approx(float(one.estimate), rel=1e-14)
            assert whole.variance[at] == pytest.approx(float(one.variance), rel=1e-14)

    def test_two_dimensions_and_scalars_broadcast(self) -> None:
        mean = np.linspace(0.0, 1.0, 30_000).reshape(2, -1)
        got = formulas.g_from_means(mean, 1.0, 20, 0.0, 1.0, 20)
        assert got.estimate.shape == got.variance.shape == (2, 15_000)
        assert got.estimate[1, 5] == pytest.approx(
            float(formulas.g_from_means(mean[1, 5], 1.0, 20, 0.0, 1.0, 20)[0])
        )

    def test_degrees_of_freedom_of_any_kind(self) -> None:
        df = np.concatenate([np.arange(1.0, 700.0), [2.5, 39.7, 5e3, 1e7], np.full(20, 12.0)])
        each = np.array([float(formulas.hedges_j(one)) for one in df])
        np.testing.assert_allclose(formulas.hedges_j(df), each, rtol=1e-14)
