"""Worked examples from the literature, by source and page; numbers as printed there.

Borenstein = Borenstein M, Hedges LV, Higgins JPT, Rothstein HR (2009), Introduction to Meta-Analysis, Wiley,
doi:10.1002/9780470743386. Its SMD variance is the form "LS2", its ratio of means uncorrected.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import evidence as ev
from evidence.effects.formulas import hedges_j

ARMS: dict[str, Any] = {"m1i": 103, "sd1i": 5.5, "n1i": 50, "m2i": 100, "sd2i": 4.5, "n2i": 50}
CELLS: dict[str, Any] = {"ai": 5, "n1i": 100, "ci": 10, "n2i": 100}

# source, measure, columns and options, what is printed (shown scale, model scale, variance, standard error)
EXAMPLES: list[tuple[str, str, dict[str, Any], dict[str, float]]] = [
    ("Borenstein chapter 4, D", "MD", ARMS, {"estimate": 3.0, "variance": 1.0100, "std_error": 1.0050}),
    ("Borenstein p. 26", "SMD", {**ARMS, "correct": False}, {"estimate": 0.5970, "variance": 0.0418}),
    ("Borenstein p. 27", "SMD", {**ARMS, "vtype": "LS2"}, {"estimate": 0.5924, "variance": 0.0411}),
    (
        "Borenstein chapter 4, R",
        "ROM",
        {"m1i": 61.515, "sd1i": 19.475, "n1i": 10, "m2i": 51.015, "sd2i": 19.475, "n2i": 10}
        | {"correct": False, "vtype": "HO"},
        {"display": 1.2058, "variance": 0.0246},
    ),
    ("Borenstein p. 35", "RR", CELLS, {"display": 0.5, "estimate": -0.6931, "variance": 0.2800}),
    ("Borenstein p. 36", "OR", CELLS, {"display": 0.4737, "estimate": -0.7472, "variance": 0.3216}),
    ("Borenstein chapter 5, RD", "RD", CELLS, {"estimate": -0.05, "variance": 0.0014, "std_error": 0.0371}),
    ("Borenstein chapter 6, r", "COR", {"ri": 0.5, "ni": 100}, {"estimate": 0.5, "variance": 0.0057}),
    (
        "Borenstein chapter 6, z",
        "ZCOR",
        {"ri": 0.5, "ni": 100},
        {"display": 0.5, "estimate": 0.5493, "variance": 0.0103, "std_error": 0.1015},
    ),
    # Chapter 14, data set 1 (means): g and its variance to three digits.
    *(
        (
            f"Borenstein chapter 14, {name}",
            "SMD",
            dict(zip(("m1i", "sd1i", "n1i", "m2i", "sd2i", "n2i"), row, strict=True)) | {"vtype": "LS2"},
            {"estimate": g, "variance": v},
        )
        for name, row, g, v in (
            ("Carroll", (94, 22, 60, 92, 20, 60), 0.095, 0.033),
            ("Grant", (98, 21, 65, 92, 22, 65), 0.277, 0.031),
            ("Peck", (98, 28, 40, 88, 26, 40), 0.367, 0.050),
            ("Donat", (94, 19, 200, 82, 17, 200), 0.664, 0.011),
            ("Stewart", (98, 21, 50, 88, 22, 45), 0.462, 0.043),
            ("Young", (96, 21, 85, 92, 22, 85), 0.185, 0.023),
        )
    ),
    # Data set 2 (events): log odds ratio and its variance.
    *(
        (
            f"Borenstein chapter 14, {name}",
            "OR",
            dict(zip(("ai", "n1i", "ci", "n2i"), row, strict=True)),
            {"estimate": y, "variance": v},
        )
        for name, row, y, v in (
            ("Saint", (12, 65, 16, 65), -0.3662, 0.1851),
            ("Kelly", (8, 40, 10, 40), -0.2877, 0.2896),
            ("Pilbeam", (14, 80, 19, 80), -0.3842, 0.1556),
            ("Lane", (25, 400, 80, 400), -1.3218, 0.0583),
            ("Wright", (8, 40, 11, 40), -0.4169, 0.2816),
            ("Day", (16, 65, 18, 65), -0.1595, 0.1597),
        )
    ),
    # Data set 3 (correlations): Fisher's z and its variance.
    *(
        (f"Borenstein chapter 14, {name}", "ZCOR", {"ri": r, "ni": n}, {"estimate": z, "variance": v})
        for name, r, n, z, v in (
            ("Fonda", 0.50, 40, 0.5493, 0.0270),
            ("Newman", 0.60, 90, 0.6931, 0.0115),
            ("Grant", 0.40, 25, 0.4236, 0.0455),
            ("Granger", 0.20, 400, 0.2027, 0.0025),
            ("Milland", 0.70, 60, 0.8673, 0.0175),
            ("Finch", 0.45, 50, 0.4847, 0.0213),
        )
    ),
    (
        "McGraw and Wong (1992), p. 361: heights of young men and women",
        "CLESN",
        {"m1i": 69.7, "sd1i": 2.8, "n1i": 1000, "m2i": 64.3, "sd2i": 2.6, "n2i": 1000},
        {"estimate": 0.92},
    ),
    (
        "Hanley and McNeil (1982), 51 abnormal and 58 normal images",
        "AUC",
        {"ai": 0.893, "n1i": 51, "n2i": 58, "vtype": "LS2"},
        {"std_error": 0.0325},
    ),
]


def digits(value: float) -> int:
    """Return the decimals that a number was printed with, 2 at least."""
    return max(2, len(f"{value!r}".split(".")[1]))


@pytest.mark.parametrize(("source", "measure", "given", "printed"), EXAMPLES, ids=[e[0] for e in EXAMPLES])
def test_worked_example(source: str, measure: str, given: dict[str, Any], printed: dict[str, float]) -> None:
    got = ev.effect_size(measure, **given)
    for name, value in printed.items():
        half = 0.51 * 10.0 ** -digits(value)  # printed numbers were rounded, sometimes from rounded ones
        assert float(getattr(got, name)[0]) == pytest.approx(value, abs=half), f"{source}: {name}"


class TestMorris2008:
    """Five studies of Carlson and Schmidt (1999): Morris (2008), Table 5, doi:10.1177/1094428106291059.

    The standardised changes of each arm as in the analysis of the same data in the documentation of the R
    package metafor (the paper does not print them).
    """

    PRE1, POST1, SD1 = (
        [30.6, 23.5, 0.5, 53.4, 35.6],
        [38.5, 26.8, 0.7, 75.9, 36.0],
        [15.0, 3.1, 0.1, 14.5, 4.7],
    )
    PRE2, POST2, SD2 = (
        [23.1, 24.9, 0.6, 55.7, 34.8],
        [19.7, 25.3, 0.6, 60.7, 33.4],
        [13.8, 4.1, 0.2, 17.3, 3.1],
    )
    N1, N2, R = [20, 50, 9, 10, 14], [20, 42, 9, 11, 14], [0.47, 0.64, 0.77, 0.89, 0.44]
    ALL: dict[str, Any] = {"pre1i": PRE1, "post1i": POST1, "sdpre1i": SD1, "n1i": N1} | {
        "pre2i": PRE2,
        "post2i": POST2,
        "sdpre2i": SD2,
        "n2i": N2,
        "ri": R,
    }

    def test_standardised_change_of_each_arm(self) -> None:
        first = ev.effect_size("SMCR", m1i=self.POST1, m2i=self.PRE1, sd1i=self.SD1, ni=self.N1, ri=self.R)
        second = ev.effect_size("SMCR", m1i=self.POST2, m2i=self.PRE2, sd1i=self.SD2, ni=self.N2, ri=self.R)
        np.testing.assert_allclose(first.estimate, [0.5056, 1.0481, 1.8054, 1.4181, 0.0801], atol=6e-5)
        np.testing.assert_allclose(first.variance, [0.0594, 0.0254, 0.2322, 0.1225, 0.0802], atol=6e-5)
        np.testing.assert_allclose(second.estimate, [-0.2365, 0.0958, 0.0, 0.2667, -0.4250], atol=6e-5)

    def test_d_ppc2(self) -> None:
        got = ev.effect_size("DPPC2", **self.ALL)
        np.testing.assert_allclose(got.estimate, [0.77, 0.80, 1.20, 1.05, 0.44], atol=0.0051)

    def test_d_ppc1_is_the_difference_of_the_arms_changes(self) -> None:
        got = ev.effect_size("DPPC1", **self.ALL, vtype="LS")
        first = ev.effect_size("SMCR", m1i=self.POST1, m2i=self.PRE1, sd1i=self.SD1, ni=self.N1, ri=self.R)
        second = ev.effect_size("SMCR", m1i=self.POST2, m2i=self.PRE2, sd1i=self.SD2, ni=self.N2, ri=self.R)
        np.testing.assert_allclose(got.estimate, first.estimate - second.estimate, rtol=1e-13)
        np.testing.assert_allclose(got.variance, first.variance + second.variance, rtol=1e-13)

    @pytest.mark.parametrize("measure", ["DPPC1", "DPPC2"])
    def test_exact_variance_by_simulation(self, measure: str) -> None:
        # Normal scores with a known effect: the variance "EX" at the true effect is that of the estimates.
        rng = np.random.default_rng(11)
        n1, n2, r, effect, draws = 14, 18, 0.6, 0.7, 60_000
        arms = []
        for n, gain in ((n1, effect), (n2, 0.0)):
            pre = rng.normal(size=(draws, n))
            post = r * pre + np.sqrt(1 - r**2) * rng.normal(size=(draws, n)) + gain
            arms.append((pre.mean(axis=1), post.mean(axis=1), pre.std(axis=1, ddof=1)))
        (pre1, post1, sd1), (pre2, post2, sd2) = arms
        got = ev.effect_size(
            measure, pre1i=pre1, post1i=post1, sdpre1i=sd1, n1i=n1, pre2i=pre2, post2i=post2, sdpre2i=sd2,
            n2i=n2, ri=r,
        )  # fmt: skip
        assert got.estimate.mean() == pytest.approx(effect, abs=0.01)
        # At the true effect, with the true SD of 1 and d such that the corrected g equals it.
        j1, j = float(hedges_j(n1 - 1)), float(hedges_j(n1 + n2 - 2))
        gain = effect / (j1 if measure == "DPPC1" else j)
        at_truth = ev.effect_size(
            measure, pre1i=0, post1i=gain, sdpre1i=1, n1i=n1, pre2i=0, post2i=0, sdpre2i=1, n2i=n2, ri=r
        )
        assert float(at_truth.variance[0]) == pytest.approx(got.estimate.var(), rel=0.03)


@pytest.mark.parametrize(("df", "printed"), [(2, 0.56419), (3, 0.72360), (4, 0.79788), (5, 0.84075)])
def test_hedges_1981_correction(df: int, printed: float) -> None:
    # Hedges (1981), Table 1: c(m).
    assert float(hedges_j(df)) == pytest.approx(printed, abs=6e-6)


def test_borenstein_2009_conversions() -> None:
    # Chapter 7: log odds ratio 0.9069 (variance 0.0676) is d = 0.5000 (0.0205), and back.
    n = 100
    odds = ev.effect_size("D2ORL", di=0.5, n1i=n, n2i=n)
    assert float(odds.estimate[0]) == pytest.approx(0.9069, abs=6e-5)
    ratio = float(odds.variance[0] / ev.effect_size("SMD", di=0.5, n1i=n, n2i=n, correct=False).variance[0])
    assert ratio * 0.0205 == pytest.approx(0.0676, abs=2e-4)


def test_vaccine_trial_of_aronson_1948() -> None:
    # Colditz et al. (1994); log risk ratio and variance as in the documentation of metafor (dat.bcg).
    got = ev.effect_size("RR", ai=4, bi=119, ci=11, di=128)
    assert float(got.estimate[0]) == pytest.approx(-0.8893, abs=6e-5)
    assert float(got.variance[0]) == pytest.approx(0.3256, abs=6e-5)


def test_squared_multiple_correlation_of_olkin_and_finn() -> None:
    # The form LS2 is Olkin and Finn's (1995) with n - m - 1 degrees of freedom; both forms meet as n grows.
    small = ev.effect_size("R2", r2i=0.3, mi=4, ni=40, vtype="LS2")
    assert float(small.variance[0]) == pytest.approx(4 * 0.3 * 0.49 * 35**2 / (1599 * 43))
    large = [float(ev.effect_size("R2", r2i=0.3, mi=4, ni=1e7, vtype=v).variance[0]) for v in ("LS", "LS2")]
    assert large[0] == pytest.approx(large[1], rel=1e-5)


class TestSmallSamples:
    """What the corrections and the unbiased variances are for, by simulation of normal scores."""

    DRAWS, N1, N2 = 200_000, 8, 12

    def arms(self, mean1: float, mean2: float, sd1: float = 1.0, sd2: float = 1.0) -> dict[str, Any]:
        rng = np.random.default_rng(5)
        # Mean and SD of a normal sample are independent: they are drawn without the scores.
        m1 = rng.normal(mean1, sd1 / np.sqrt(self.N1), self.DRAWS)
        m2 = rng.normal(mean2, sd2 / np.sqrt(self.N2), self.DRAWS)
        s1 = sd1 * np.sqrt(rng.chisquare(self.N1 - 1, self.DRAWS) / (self.N1 - 1))
        s2 = sd2 * np.sqrt(rng.chisquare(self.N2 - 1, self.DRAWS) / (self.N2 - 1))
        return {"m1i": m1, "sd1i": s1, "n1i": self.N1, "m2i": m2, "sd2i": s2, "n2i": self.N2}

    def test_hedges_1981_g_is_unbiased_and_d_is_not(self) -> None:
        data = self.arms(1.0, 0.2)
        corrected, raw = ev.effect_size("SMD", **data), ev.effect_size("SMD", **data, correct=False)
        assert corrected.estimate.mean() == pytest.approx(0.8, abs=0.005)
        assert raw.estimate.mean() > 0.825

    def test_unbiased_variance_of_g(self) -> None:
        got = ev.effect_size("SMD", **self.arms(1.0, 0.2), vtype="UB")
        assert got.variance.mean() == pytest.approx(got.estimate.var(), rel=0.01)

    def test_exact_variance_where_there_is_no_difference(self) -> None:
        got = ev.effect_size("SMD", **self.arms(0.3, 0.3), vtype="H0")
        assert float(got.variance[0]) == pytest.approx(got.estimate.var(), rel=0.01)

    def test_lajeunesse_2015_ratio_of_means(self) -> None:
        data = self.arms(6.0, 4.0, 1.0, 1.6)
        truth = np.log(6.0 / 4.0)
        corrected, raw = ev.effect_size("ROM", **data), ev.effect_size("ROM", **data, correct=False)
        assert abs(corrected.estimate.mean() - truth) < abs(raw.estimate.mean() - truth) / 4
        for form in ("LS", "LS2"):
            variance = ev.effect_size("ROM", **data, vtype=form).variance.mean()
            assert variance == pytest.approx(corrected.estimate.var(), rel=0.05)

    def test_nakagawa_2015_variability_ratio(self) -> None:
        data = self.arms(6.0, 6.0, 1.0, 1.6)
        truth = np.log(1 / 1.6)
        corrected, raw = ev.effect_size("VR", **data), ev.effect_size("VR", **data, correct=False)
        assert abs(corrected.estimate.mean() - truth) < abs(raw.estimate.mean() - truth) / 4

    def test_senior_2020_coefficient_of_variation_ratio(self) -> None:
        data = self.arms(6.0, 5.0, 1.0, 1.6)
        truth = np.log((1 / 6) / (1.6 / 5))
        corrected, raw = ev.effect_size("CVR", **data), ev.effect_size("CVR", **data, correct=False)
        assert abs(corrected.estimate.mean() - truth) < abs(raw.estimate.mean() - truth) / 4

    def test_bonett_2009_unequal_variances(self) -> None:
        got = ev.effect_size("SMDH", **self.arms(1.0, 0.2, 1.0, 1.5))
        pooled = ev.effect_size("SMD", **self.arms(1.0, 0.2, 1.0, 1.5))
        observed = got.estimate.var()
        assert abs(got.variance.mean() / observed - 1) < 0.12
        assert got.estimate.mean() == pytest.approx(0.8 / np.sqrt((1 + 1.5**2) / 2), abs=0.02)
        assert abs(pooled.variance.mean() / pooled.estimate.var() - 1) > 0.02

    def test_olkin_pratt_1958_correlation(self) -> None:
        rng = np.random.default_rng(6)
        n, rho, draws = 10, 0.5, 60_000
        x = rng.normal(size=(draws, n))
        y = rho * x + np.sqrt(1 - rho**2) * rng.normal(size=(draws, n))
        x, y = x - x.mean(axis=1, keepdims=True), y - y.mean(axis=1, keepdims=True)
        r = (x * y).sum(axis=1) / np.sqrt((x**2).sum(axis=1) * (y**2).sum(axis=1))
        got = ev.effect_size("UCOR", ri=r, ni=n, vtype="UB")
        assert got.estimate.mean() == pytest.approx(rho, abs=0.004)
        assert r.mean() < rho - 0.012
        assert got.variance.clip(-1).mean() == pytest.approx(got.estimate.var(), rel=0.03)
