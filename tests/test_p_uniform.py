"""p-uniform* against the three-parameter model, mpmath and simulation; its properties; what is refused."""

from __future__ import annotations

import math
from contextlib import suppress
from typing import Any

import mpmath as mp
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import evidence as ev
from evidence.numerics.p_uniform import p_uniform_star
from evidence.numerics.selection_fit import fit_selection
from evidence.numerics.selection_likelihood import prepare

SEED = st.integers(0, 10_000)
LIMIT = 1.959963984540054


def drawn(seed: int, k: int, keep: float = 0.4) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    y, v = [0.1, 0.62], [0.04, 0.05]
    while len(y) < k:
        var = rng.uniform(0.02, 0.25)
        one = rng.normal(0.35, math.sqrt(var + 0.04))
        if one > LIMIT * math.sqrt(var) or rng.uniform() < keep:
            y.append(one)
            v.append(var)
    return np.array(y), np.array(v)


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_with_equal_variances_it_is_the_three_parameter_model(seed: int) -> None:
    """Both have the same maximum where all sampling variances are equal, and the same profile.

    Pustejovsky JE. p-uniform* is a three-parameter selection model. 2026,
    https://jepusto.netlify.app/posts/p-uniform-star
    """
    y, _ = drawn(seed, 30)
    v = np.full(30, 0.04)
    ours = p_uniform_star(y, v)
    other = fit_selection(prepare(y, v, np.ones((30, 1)), "stepfun", "greater", np.array([0.025])))
    assert ours.mean == pytest.approx(other.beta[0], rel=1e-9)
    assert ours.tau2 == pytest.approx(other.tau2, rel=1e-8, abs=1e-12)
    assert (ours.mean_low, ours.mean_high) == pytest.approx((other.low[0], other.high[0]), rel=1e-8)
    assert ours.tau2_high == pytest.approx(other.high[1], rel=1e-8)


def test_the_optimum_to_fifty_digits() -> None:
    """mpmath: Newton's method on the score of the truncated likelihood (van Aert & van Assen 2026, eq. 4)."""
    y, v = drawn(5, 25)
    found = p_uniform_star(y, v)
    assert found.tau2 > 0.0
    with mp.workdps(50):
        c = mp.sqrt(2) * mp.erfinv(mp.mpf("0.95"))

        def value(mu: Any, t: Any) -> Any:  # noqa: ANN401
            total = mp.mpf(0)
            for one, var in zip(y, v, strict=True):
                a, b = mp.mpf(float(one)), mp.mpf(float(var))
                s = mp.sqrt(b + t)
                z = (c * mp.sqrt(b) - mu) / s
                total += mp.log(mp.npdf(a, mu, s))
                total -= mp.log(mp.ncdf(-z) if a >= c * mp.sqrt(b) else mp.ncdf(z))
            return total

        score = [lambda *at: mp.diff(value, at, (1, 0)), lambda *at: mp.diff(value, at, (0, 1))]
        best = mp.findroot(score, [mp.mpf(found.mean), mp.mpf(found.tau2)], tol=1e-30, maxsteps=6)
        mean, tau2 = float(best[0]), float(best[1])
        plain = float(value(mp.mpf(found.plain_mean), mp.mpf(found.plain_tau2)))
        top = float(value(best[0], best[1]))
    assert found.mean == pytest.approx(mean, rel=1e-9)
    assert found.tau2 == pytest.approx(tau2, rel=1e-9)
    assert found.value == pytest.approx(top, rel=1e-12)
    assert found.bias_statistic == pytest.approx(2.0 * (top - plain), rel=1e-8)


def test_it_corrects_selection_and_its_intervals_cover() -> None:
    """Seeded: 60 syntheses of 30, results that are not significant kept with a chance of 1/4."""
    rng = np.random.default_rng(20261122)
    means, covered, naive = [], [], []
    for _ in range(60):
        y: list[float] = []
        v: list[float] = []
        while len(y) < 30:
            var = rng.uniform(0.02, 0.2)
            one = rng.normal(0.3, math.sqrt(var + 0.03))
            if one > LIMIT * math.sqrt(var) or rng.uniform() < 0.25:
                y.append(one)
                v.append(var)
        found = p_uniform_star(np.array(y), np.array(v))
        means.append(found.mean)
        naive.append(found.plain_mean)
        covered.append(found.mean_low <= 0.3 <= found.mean_high)
    assert np.mean(naive) > 0.4
    assert np.mean(means) == pytest.approx(0.3, abs=0.05)
    assert np.mean(covered) > 0.85


@settings(max_examples=20, deadline=None)
@given(SEED)
def test_order_sign_and_scale(seed: int) -> None:
    y, v = drawn(seed, 14)
    first = ev.p_uniform_star(ev.effects_from(y, variance=v))
    order = np.random.default_rng(seed).permutation(14)
    other = ev.p_uniform_star(ev.effects_from(y[order], variance=v[order]))
    assert other.estimate == pytest.approx(first.estimate, rel=1e-8)
    flipped = ev.p_uniform_star(ev.effects_from(-y, variance=v), alternative="less")
    assert flipped.estimate == -first.estimate
    assert (flipped.conf_low, flipped.conf_high) == (-first.conf_high, -first.conf_low)
    for unit in (1e-6, 1e6):
        scaled = ev.p_uniform_star(ev.effects_from(unit * y, variance=unit**2 * v))
        assert scaled.estimate / unit == pytest.approx(first.estimate, rel=1e-8)
        assert scaled.conf_high / unit == pytest.approx(first.conf_high, rel=1e-7)
        assert scaled.tau2 / unit**2 == pytest.approx(first.tau2, rel=1e-6, abs=1e-10)
        assert scaled.bias_statistic == pytest.approx(first.bias_statistic, abs=1e-8)


@pytest.mark.parametrize(
    "y", [[0.3] * 4, [0.1, 0.2], [0.9, 0.8, 0.85], [0.1, 0.0, 0.2], [0.2, 1.2, -0.4, 1.4]]
)
def test_odd_data_have_defined_answers(y: list[float]) -> None:
    v = [0.04, 0.05, 0.06, 1e-4][: len(y)]
    effects = ev.effects_from(y, variance=v)
    if min(y) > 0.7:
        # Every effect is significant: the likelihood may rise without end, and then says so.
        with suppress(ev.ModelError):
            assert "hardly known" in " ".join(ev.p_uniform_star(effects).notes)
        return
    found = ev.p_uniform_star(effects)
    assert math.isfinite(found.estimate)
    assert found.conf_low is None or found.conf_low <= found.estimate
    assert found.conf_high is None or found.estimate <= found.conf_high
    assert found.tau2_low <= found.tau2
    assert found.tau2_high is None or found.tau2 <= found.tau2_high
    assert "Too few studies to be read" in found.sentence()


def test_words_and_refusals() -> None:
    y, v = drawn(3, 12)
    found = ev.p_uniform_star(ev.effects_from(y, variance=v))
    assert found.tidy()["term"].tolist() == ["mean", "tau2"]
    assert found.rows["significant"].sum() == found.k_significant
    assert "a check, not a result" in found.sentence()
    assert "vanaert2026" in found.cite()
    assert "<table>" in found._repr_html_()
    one = ev.effects_from([0.5], std_error=0.2)
    with pytest.raises(ev.ModelError, match="needs two"):
        ev.p_uniform_star(one)
    with pytest.raises(ev.ModelError, match="alternative must be one of greater, less"):
        ev.p_uniform_star(one, alternative="two.sided")
    with pytest.raises(ev.ModelError, match="alpha"):
        ev.p_uniform_star(one, alpha=0.7)


def test_without_a_significant_study_the_sentence_gives_the_reason() -> None:
    """Every z is 1.755, below the threshold: the likelihood takes all effects for rarities of a huge mean."""
    error = np.linspace(0.1, 0.5, 12)
    far = ev.p_uniform_star(ev.effects_from(1.755 * error, std_error=error))
    assert far.k_significant == 0
    assert far.estimate > 2.0 * far.rows["estimate"].max()
    head = "Not to be read: no study is significant in the favoured direction, and the mean that"
    assert far.sentence().startswith(head)
    assert "a check, not a result" not in far.sentence()
    assert any("Do not read it" in note for note in far.notes)
    near = ev.p_uniform_star(ev.effects_from(0.2 + 0.01 * np.cos(np.arange(12.0)), std_error=0.3))
    assert near.k_significant == 0
    assert "Not to be read" not in near.sentence()
    assert "No study is significant in the favoured direction: there is hardly" in near.sentence()
