"""The p-curve against a printed example and its own null distributions; printed tests; what is refused."""

from __future__ import annotations

import math

import mpmath as mp
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

import evidence as ev
from evidence.numerics.p_curve import PCurveResult, Statistics, p_curve, p_of
from evidence.synthesis.printed_tests import read_tests

SEED = st.integers(0, 10_000)


def of_z(z: np.ndarray) -> PCurveResult:
    ones = np.ones(z.size)
    return p_curve(Statistics(np.abs(z), ones, ones * math.inf, np.ones(z.size, dtype=bool)))


def shift_for(power: float) -> float:
    """The shift of z with this two-sided power, by bisection on SciPy's normal distribution."""
    low, high, c = 0.0, 10.0, stats.norm.isf(0.025)
    for _ in range(200):
        middle = 0.5 * (low + high)
        less = stats.norm.sf(c - middle) + stats.norm.cdf(-c - middle) < power
        low, high = (middle, high) if less else (low, middle)
    return low


def test_the_printed_example_of_eighteen_trials() -> None:
    """Harrer et al. 2021, Doing Meta-Analysis with R, chapter 9 (p-curve of ThirdWave, by dmetar).

    Printed: k = 18, 11 significant, 10 below .025; right skew .006, -5.943, -4.982; flatness .975, 3.260;
    power 84 % (62.7 to 94.6). The half flatness printed there, 5.158, divides by the share of p < .025 among
    significant results where the share among all results belongs (see the next test).
    """
    y = [0.7091362, 0.3548641, 1.79117, 0.1824552, 0.4218509, 0.63, 0.7248838, 0.5286638, 0.284]
    y += [1.2750682, 0.1036082, 0.3883906, 0.5407398, 0.4261593, 0.5153969, 1.479726, 0.6125782, 0.6]
    s = [0.2608202, 0.1963624, 0.3455692, 0.1177874, 0.1448128, 0.196, 0.2246641, 0.2104609, 0.168]
    s += [0.3371997, 0.1947275, 0.2307689, 0.2443133, 0.2579379, 0.3512737, 0.3152817, 0.2266834, 0.249]
    found = ev.p_curve(ev.effects_from(y, std_error=s))
    assert (found.k, found.k_significant, found.k_half) == (18, 11, 10)
    line = found.table["statistic"].round(3).tolist()
    assert line[:2] == [-5.943, -4.982]
    assert line[3] == 3.26
    p = found.table["p_value"].round(3).tolist()
    assert (p[2], p[5]) == (0.006, 0.975)
    assert round(found.power, 2) == 0.84
    assert (round(found.power_low, 3), round(found.power_high, 3)) == (0.627, 0.946)
    assert found.evidential
    assert not found.inadequate


def test_the_half_flatness_of_the_app_divides_by_another_share() -> None:
    y = np.array([0.7091362, 1.79117, 0.4218509, 0.63, 0.7248838, 0.5286638, 1.2750682, 0.5407398, 1.479726])
    s = np.array(
        [0.2608202, 0.3455692, 0.1448128, 0.196, 0.2246641, 0.2104609, 0.3371997, 0.2443133, 0.3152817]
    )
    z = np.append(y / s, [0.6125782 / 0.2266834, 0.6 / 0.249])
    small = z[2.0 * stats.norm.sf(z) < 0.025]
    d, c = shift_for(1.0 / 3.0), stats.norm.isf(0.0125)
    share = stats.norm.sf(c - d) + stats.norm.cdf(-c - d)
    below = stats.norm.cdf(small - d) - stats.norm.cdf(-small - d)

    def stouffer(of: float) -> float:
        return float(stats.norm.ppf((below - (1.0 - of)) / of).sum() / math.sqrt(small.size))

    assert stouffer(3.0 * share) == pytest.approx(5.158, abs=5e-4)
    assert of_z(z).z_half_33 == pytest.approx(stouffer(share), rel=1e-9)


@pytest.mark.parametrize(("p", "pp"), [(0.05 - 1e-12, 1.0), (0.04, 0.8), (0.01, 0.2)])
def test_pp_values_of_no_effect(p: float, pp: float) -> None:
    """Simonsohn, Nelson & Simmons 2014: p of .04 is as small or smaller in 80 % of significant nulls."""
    assert of_z(np.array([stats.norm.isf(p / 2.0)])).pp_null[0] == pytest.approx(pp, rel=1e-9)


def test_the_tests_are_uniform_where_they_should_be() -> None:
    """Seeded: right skew without effect, flatness at 33 % power; Kolmogorov-Smirnov, 1,000 curves."""
    rng = np.random.default_rng(20261122)

    def curves(shift: float) -> list[PCurveResult]:
        z = np.abs(rng.normal(shift, 1.0, 1000 * 8 * 45))
        z = z[z > stats.norm.isf(0.025)][: 1000 * 8]
        return [of_z(row) for row in z.reshape(1000, 8)]

    nothing, third = curves(0.0), curves(shift_for(1.0 / 3.0))
    for values in (
        [one.p_full for one in nothing],
        [one.p_half for one in nothing if not math.isnan(one.p_half)],
        [one.p_full_33 for one in third],
        [one.p_half_33 for one in third if not math.isnan(one.p_half_33)],
    ):
        assert stats.kstest(values, "uniform").pvalue > 0.01
    assert np.mean([one.evidential for one in nothing]) < 0.1
    within = [one.power_low <= 1.0 / 3.0 <= one.power_high for one in third]
    assert np.mean(within) == pytest.approx(0.9, abs=0.03)


def test_families_meet_where_they_are_the_same() -> None:
    """z and chi2(1) of its square; t and F(1, df) of its square; many degrees of freedom and z."""
    lines = [["z = 2.5", "z = 3.1"], ["chi2(1) = 6.25", "chi2(1) = 9.61"]]
    a, b = (p_curve(read_tests(one)[0]) for one in lines)
    c, d = (
        p_curve(read_tests(one)[0])
        for one in (["t(40) = 2.5", "r(30) = -.5"], ["F(1,40) = 6.25", "F(1, 30) = 10"])
    )
    e = p_curve(read_tests(["t(1e9) = 2.5".replace("1e9", "1000000000"), "t(1000000000) = 3.1"])[0])
    for one, other, rel in ((a, b, 1e-8), (c, d, 1e-8), (a, e, 1e-5)):
        assert one.z_full == pytest.approx(other.z_full, rel=rel)
        assert one.z_full_33 == pytest.approx(other.z_full_33, rel=rel)
        assert one.power == pytest.approx(other.power, rel=rel)


def test_p_values_of_printed_tests() -> None:
    tests, _ = read_tests(["t(88) = −2.1", "F(2, 210) = 4.45", "χ²(2) = 8.74", "z=3.45", "r(77) = .47"])
    r = 0.47 * math.sqrt(77.0 / (1.0 - 0.47**2))
    by_scipy = [2.0 * stats.t.sf(2.1, 88), stats.f.sf(4.45, 2, 210), stats.chi2.sf(8.74, 2)]
    by_scipy += [2.0 * stats.norm.sf(3.45), 2.0 * stats.t.sf(r, 77)]
    assert p_of(tests) == pytest.approx(by_scipy, rel=1e-10)


@pytest.mark.parametrize(
    ("lines", "message"),
    [
        (["p = .03"], "line 1"),
        (["z = 2", "F(3) = 4"], "line 2.*needs 2"),
        (["r(10) = 1.2"], "between -1 and 1"),
        (["chi2(1) = -3"], "not negative"),
        (["z = 1.2"], "none of 1 p values"),
        ("z = 2", "list of lines"),
        ([], "list of lines"),
    ],
)
def test_printed_tests_that_cannot_be_read_are_named(lines: list[str], message: str) -> None:
    with pytest.raises(ev.ModelError, match=message):
        ev.p_curve(lines)


@settings(max_examples=15, deadline=None)
@given(SEED)
def test_order_sign_scale_and_duplication(seed: int) -> None:
    rng = np.random.default_rng(seed)
    s = rng.uniform(0.1, 0.4, 9)
    y = s * rng.normal(2.2, 1.0, 9)
    y[0] = 2.5 * s[0]
    first = ev.p_curve(ev.effects_from(y, std_error=s))
    for other in (
        ev.p_curve(ev.effects_from(y[::-1], std_error=s[::-1])),
        ev.p_curve(ev.effects_from(-y, std_error=s), alternative="less"),
        ev.p_curve(ev.effects_from(1e-6 * y, std_error=1e-6 * s)),
        ev.p_curve(ev.effects_from(1e6 * y, std_error=1e6 * s)),
    ):
        assert other.table["statistic"].tolist() == pytest.approx(
            first.table["statistic"].tolist(), rel=1e-9, nan_ok=True
        )
        assert other.power == pytest.approx(first.power, rel=1e-9)
    twice = ev.p_curve(ev.effects_from(np.tile(y, 2), std_error=np.tile(s, 2)))
    assert twice.table["statistic"][0] == pytest.approx(math.sqrt(2.0) * first.table["statistic"][0])
    assert twice.power == pytest.approx(first.power, abs=1e-9)


def test_results_the_other_way_are_named_and_partial_rows_too() -> None:
    effects = ev.effects_from([0.6, -0.6, 0.1], std_error=0.2, row_id=["good", "bad", "none"])
    found = ev.p_curve(effects)
    assert found.k_significant == 1
    assert any("other direction" in note and "bad" in note for note in found.notes)
    assert "fewer than 10" in found.sentence()
    assert ev.p_curve(effects, alternative="two.sided").k_significant == 2
    assert found.rows["pp_null"].notna().sum() == 1
    assert "simonsohn2015" in found.cite()
    assert "<table>" in found._repr_html_()
    assert found.tidy().equals(found.table)


def test_extreme_results_keep_their_digits() -> None:
    found = of_z(np.array([40.0, 2.5]))
    assert math.isfinite(found.z_full)
    assert found.power == pytest.approx(0.99, abs=0.05)


def beyond(x: float, shift: mp.mpf) -> mp.mpf:
    """Return P(|Z| > x) of a normal z around a shift."""
    return mp.ncdf(shift - x) + mp.ncdf(-shift - x)


def score(p: mp.mpf) -> mp.mpf:
    return mp.sqrt(2) * mp.erfinv(2 * p - 1)


def test_the_formulas_of_the_papers_by_mpmath() -> None:
    """Simonsohn, Nelson & Simmons 2014 (pp values, power), 2015 (Stouffer, half curve), with 25 digits."""
    x = [2.1, 2.6, 3.4, 1.2, 2.9, 2.02, 4.1]
    ours = of_z(np.array(x))
    with mp.workdps(25):
        limit = -score(mp.mpf("0.025"))
        chosen = [a for a in x if a > limit]
        p = [beyond(a, mp.mpf(0)) for a in chosen]
        small = [one for one in p if one < 0.025]

        def stouffer(pp: list[mp.mpf]) -> mp.mpf:
            return mp.fsum(score(one) for one in pp) / mp.sqrt(len(pp))

        def flat(power: mp.mpf) -> mp.mpf:
            """Stouffer's z of the chances of a larger p, among significant ones, at this power."""
            shift = mp.findroot(lambda d: beyond(limit, d) - power, limit + score(power))
            return stouffer([1 - beyond(a, shift) / power for a in chosen])

        z = score(mp.mpf("0.95"))
        assert ours.z_full == pytest.approx(float(stouffer([one * 20 for one in p])), rel=1e-12)
        assert ours.z_half == pytest.approx(float(stouffer([one * 40 for one in small])), rel=1e-12)
        assert ours.z_full_33 == pytest.approx(float(flat(mp.mpf(1) / 3)), rel=1e-11)
        powers = (ours.power, ours.power_low, ours.power_high)
        for power, wanted in zip(powers, (mp.mpf(0), z, -z), strict=True):
            assert float(flat(mp.mpf(power)) - wanted) == pytest.approx(0.0, abs=1e-10)
