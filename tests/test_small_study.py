"""Small-study effects against metafor 5.1-12 and SciPy; their properties; what is refused."""

from __future__ import annotations

import gzip
import json
import math
import re
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

import evidence as ev
from evidence.numerics.fail_safe import excess_significance, orwin, rosenberg, rosenthal
from evidence.numerics.small_study import (
    between_variance,
    funnel_regression,
    kendall_p,
    rank_test,
)
from evidence.numerics.trim_fill import empty_side, trim_fill
from evidence.numerics.wls import sample, weighted_mean

FILE = Path(__file__).parent / "reference" / "small_study.json.gz"
CASES: dict[str, dict[str, Any]] = json.loads(gzip.decompress(FILE.read_bytes()))["cases"]
SEED = st.integers(0, 10_000)


def arrays(case: dict[str, Any]) -> tuple[np.ndarray, np.ndarray]:
    return np.array(case["yi"], dtype=float), np.array(case["vi"], dtype=float)


def near(value: float) -> Any:  # noqa: ANN401  (pytest has no name for it)
    return pytest.approx(value, rel=1e-9, abs=1e-12)


def drawn(seed: int, k: int) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    v = rng.uniform(0.01, 0.3, k)
    return rng.normal(0.3, np.sqrt(v + 0.02)), v


@pytest.mark.parametrize("name", CASES)
def test_regressions_are_metafors(name: str) -> None:
    """metafor 5.1-12 regtest(): lm, rma EE and DL, z and Knapp-Hartung; six predictors."""
    case = CASES[name]
    y, v = arrays(case)
    x = {"sei": np.sqrt(v), "vi": v}
    if case.get("ni"):
        n = np.array(case["ni"], dtype=float)
        x |= {"ni": n, "ninv": 1.0 / n, "sqrtni": np.sqrt(n), "sqrtninv": 1.0 / np.sqrt(n)}
    if np.ptp(y) == 0.0:
        with pytest.raises(ev.ModelError, match="exactly on a line"):
            funnel_regression(y, v, np.sqrt(v))
        return
    for key, theirs in case["regtest"].items():
        parts = key.split("_")
        model = parts[0] if parts[0] == "lm" else parts[1]
        inference = "HKSJ" if "knha" in parts else "z"
        if np.ptp(v) == 0.0 and parts[-1] in ("sei", "vi"):
            with pytest.raises(ev.ModelError, match="same for every effect"):
                funnel_regression(y, v, x[parts[-1]], estimator=model)
            continue
        if "error" in theirs:
            continue
        mine = funnel_regression(y, v, x[parts[-1]], estimator=model, inference=inference)
        assert mine.statistic == near(theirs["stat"])
        assert mine.p_value == near(theirs["pval"])
        if theirs.get("slope") is not None:
            assert (mine.slope, mine.intercept) == near((theirs["slope"], theirs["intrcpt"]))
        if theirs["est"] not in ([], None):
            found = (mine.intercept, mine.intercept_low, mine.intercept_high)
            assert found == near((theirs["est"], theirs["ci_lb"], theirs["ci_ub"]))


@pytest.mark.parametrize("name", [name for name in CASES if "PET" in CASES[name] and name != "edge_k4_zeroQ"])
def test_pet_and_peese_are_weighted_least_squares(name: str) -> None:
    """R 4.2.2 lm() with weights 1/v."""
    y, v = arrays(CASES[name])
    for key, x in (("PET", np.sqrt(v)), ("PEESE", v)):
        theirs = CASES[name][key]
        if np.ptp(v) == 0.0:
            continue
        mine = funnel_regression(y, v, x)
        assert (mine.intercept, mine.intercept_error) == near((theirs["intercept"], theirs["se"]))
        assert (mine.intercept_p, mine.p_value) == near((theirs["p"], theirs["slope_p"]))


@pytest.mark.parametrize("name", CASES)
def test_trim_and_fill_is_metafors(name: str) -> None:
    """metafor 5.1-12 trimfill(): EE and DL; L0, R0, Q0; both sides and its own choice of the side."""
    y, v = arrays(CASES[name])
    for key, theirs in CASES[name]["trimfill"].items():
        if "error" in theirs or np.ptp(y) == 0.0:
            continue
        model, estimator, side = key.split("_")
        side = empty_side(y, v, model) if side == "auto" else side
        mine = trim_fill(y, v, side=side, estimator=estimator, model=model)
        assert (mine.added, mine.side) == (theirs["k0"], theirs["side"])
        if theirs["se_k0"] is None:
            assert math.isnan(mine.std_error)
        else:
            assert mine.std_error == near(theirs["se_k0"])
        assert mine.p_value == theirs["p_k0"]
        assert np.sort(mine.filled) == near(np.sort(np.array(theirs["yi_fill"], dtype=float)))
        whole = sample(np.concatenate([y, mine.filled]), np.concatenate([v, v[mine.mirrored]]))
        tau2 = between_variance(whole.y, whole.v, model)
        mean = weighted_mean(whole, tau2)
        assert (mean.estimate, mean.std_error) == near((theirs["beta"][0], theirs["se"][0]))


@pytest.mark.parametrize("name", [name for name in CASES if CASES[name]["ranktest"].get("tau") is not None])
def test_rank_test_is_metafors(name: str) -> None:
    """metafor 5.1-12 ranktest(): exact, normal where there are ties."""
    y, v = arrays(CASES[name])
    if np.ptp(y) == 0.0:
        with pytest.raises(ev.ModelError, match="no ranks"):
            rank_test(y, v)
        return
    mine, theirs = rank_test(y, v), CASES[name]["ranktest"]
    assert (mine.tau, mine.p_value) == near((theirs["tau"], theirs["pval"]))


@given(seed=SEED, k=st.integers(2, 40))
@settings(max_examples=60, deadline=None)
def test_exact_rank_p_is_scipys(seed: int, k: int) -> None:
    """SciPy 1.17 kendalltau, exact."""
    x = np.random.default_rng(seed).permutation(k)
    concordant = sum(int((x[i + 1 :] > x[i]).sum()) for i in range(k - 1))
    theirs = stats.kendalltau(np.arange(k), x, method="exact")
    assert kendall_p(concordant, k) == pytest.approx(theirs.pvalue, rel=1e-9)


@pytest.mark.parametrize("name", CASES)
def test_fail_safe_numbers_are_metafors(name: str) -> None:
    """metafor 5.1-12 fsn(): Rosenthal, Orwin, Rosenberg."""
    y, v = arrays(CASES[name])
    theirs = CASES[name]["fsn"]
    for key, mine in (
        ("Rosenthal", rosenthal(y, v)),
        ("Rosenthal_alpha01", rosenthal(y, v, 0.01)),
        ("Orwin_weighted", orwin(y, v)),
        ("Rosenberg", rosenberg(y, v)),
    ):
        assert mine.number == theirs[key]["fsnum"]
        if theirs[key]["pval"] is not None:
            assert mine.p_value == pytest.approx(theirs[key]["pval"], rel=1e-9, abs=1e-300)


@pytest.mark.parametrize("name", [name for name in CASES if "error" not in CASES[name]["tes_EE_chi2"]])
def test_excess_significance_is_metafors(name: str) -> None:
    """metafor 5.1-12 tes(): chi-squared under a common effect; chances under DL to 6e-7 a study.

    metafor integrates over true effects within five tau, which leaves out 2 Φ(-5) = 5.7e-7; where tau dwarfs
    standard errors (three cases) the integration itself fails, and the closed form stands alone.
    """
    y, v = arrays(CASES[name])
    common, theirs = excess_significance(y, v, model="EE"), CASES[name]["tes_EE_chi2"]
    assert (common.observed, common.expected) == near((theirs["O"], theirs["E"]))
    assert common.p_chi2 == near(theirs["pval"])
    theirs = CASES[name]["tes_DL"]
    if name != "edge_one_dominant":
        assert excess_significance(y, v, model="DL").power == pytest.approx(theirs["power"], abs=1e-6)


@given(seed=SEED, k=st.integers(2, 12))
@settings(max_examples=40, deadline=None)
def test_exact_excess_is_the_sum_over_all_outcomes(seed: int, k: int) -> None:
    """Every pattern of significant results, one by one."""
    y, v = drawn(seed, k)
    found = excess_significance(y, v)
    patterns = (np.arange(2**k)[:, None] >> np.arange(k)) & 1
    chance = np.where(patterns == 1, found.power, 1.0 - found.power).prod(axis=1)
    assert found.p_value == pytest.approx(chance[patterns.sum(axis=1) >= found.observed].sum(), rel=1e-9)


@given(seed=SEED, half=st.integers(1, 15), estimator=st.sampled_from(["L0", "R0", "Q0"]))
@settings(max_examples=60, deadline=None)
def test_a_symmetric_funnel_lacks_nothing(seed: int, half: int, estimator: str) -> None:
    """Every effect with its mirror image about the mean."""
    rng = np.random.default_rng(seed)
    away, v = rng.uniform(0.1, 1.0, half), rng.uniform(0.01, 0.2, half)
    y, v = np.concatenate([0.5 + away, 0.5 - away]), np.concatenate([v, v])
    for side in ("left", "right"):
        assert trim_fill(y, v, side=side, estimator=estimator, model="EE").added == 0


@given(quarter=st.integers(1, 6), estimator=st.sampled_from(["L0", "R0", "Q0"]))
def test_balanced_ranks_lack_nothing(quarter: int, estimator: str) -> None:
    """Distances in pairs, either side taking the larger rank as often: the rank sum is its expectation."""
    away = np.arange(1.0, 4.0 * quarter + 1.0)
    more = 1e-3 * np.tile([-1.0, 1.0, 1.0, -1.0], quarter)
    y, v = np.concatenate([away + more, -away]), np.full(8 * quarter, 0.1)
    for side in ("left", "right"):
        assert trim_fill(y, v, side=side, estimator=estimator, model="EE").added == 0


@given(seed=SEED, k=st.integers(4, 30), scale=st.sampled_from([0.001, 8.0]), shift=st.floats(-3, 3))
@settings(max_examples=60, deadline=None)
def test_units_and_sign_do_not_matter(seed: int, k: int, scale: float, shift: float) -> None:
    y, v = drawn(seed, k)
    first = funnel_regression(y, v, np.sqrt(v))
    moved = funnel_regression(scale * (y + shift), scale**2 * v, scale * np.sqrt(v))
    assert moved.statistic == pytest.approx(first.statistic, rel=1e-7, abs=1e-9)
    turned = funnel_regression(-y, v, np.sqrt(v))
    assert turned.statistic == pytest.approx(-first.statistic, rel=1e-9)
    left, right = (trim_fill(s * y, v, side=w, model="DL") for s, w in ((1, "left"), (-1, "right")))
    assert left.added == right.added
    assert left.filled == pytest.approx(-right.filled)


def biased(k: int = 14, **columns: Any) -> ev.Effects:  # noqa: ANN401
    rng = np.random.default_rng(5)
    error = np.linspace(0.05, 0.5, k)
    return ev.effects_from(0.1 + 1.5 * error + 0.5 * error * rng.normal(size=k), std_error=error, **columns)


def test_the_verb_gives_the_regression_and_says_what_it_means() -> None:
    test = ev.funnel_test(biased())
    y, v = (test.rows[name].to_numpy() for name in ("estimate", "std_error"))
    line = funnel_regression(y, v**2, v)
    assert (test.p_value, test.limit, test.df) == (line.p_value, line.intercept, 12.0)
    assert "smaller studies show higher effects" in test.sentence()
    assert not any("should not be read" in note for note in test.notes)
    assert "1.5" not in test._repr_html_()[:5]
    assert "smaller studies" in test._repr_html_()


@pytest.mark.parametrize(
    "verb",
    [ev.funnel_test, ev.trim_and_fill, ev.pet_peese, ev.excess_significance_test],
)
def test_below_ten_studies_each_says_not_to_read_it(verb: Any) -> None:  # noqa: ANN401
    """Sterne et al. 2011, BMJ 343:d4002: no test of the funnel with fewer than ten studies."""
    small, enough = verb(biased(9)), verb(biased(10))
    assert "Too few studies" in small.sentence()
    assert "should not be read" in small.notes[0]
    assert "Too few studies" not in enough.sentence()
    assert "<table>" in enough._repr_html_()
    assert len(enough.table)


def test_a_regression_by_reml_is_the_meta_regression() -> None:
    effects = biased(sei=np.linspace(0.05, 0.5, 14))
    fit = ev.meta_regression(effects, "~ sei", tau2="REML", inference="HKSJ")
    test = ev.funnel_test(effects, model="REML")
    assert test.table["estimate"].to_numpy() == pytest.approx(fit.tidy()["estimate"].to_numpy(), rel=1e-12)
    assert test.p_value == pytest.approx(fit.tidy()["p_value"].iloc[1], rel=1e-9)


def test_dependent_effects_take_the_multilevel_model_with_cr2() -> None:
    """Rodgers & Pustejovsky 2021: the predictor as a moderator, CR2, Satterthwaite."""
    study = [f"s{i // 2}" for i in range(24)]
    size = np.linspace(0.05, 0.5, 24)
    effects = biased(24, study=study, size=size)
    test = ev.funnel_test(effects)
    fit = ev.multilevel(effects, formula="~ size", robust="CR2")
    assert test.model == "multilevel"
    assert test.k == 24
    assert test.n_studies == 12
    assert test.table.iloc[1, 1:].astype(float).tolist() == pytest.approx(
        fit.tidy().iloc[1, 1:].astype(float).tolist(), rel=1e-9
    )
    with pytest.raises(ev.ModelError, match="multilevel"):
        ev.funnel_test(effects, model="lm")
    with pytest.raises(ev.ModelError, match="not independent"):
        ev.trim_and_fill(effects)


# Made-up trials, the smaller ones with the larger odds ratios.
TABLES = {
    "ai": [12, 9, 14, 30, 22, 41, 18, 55, 73, 88, 102, 140],
    "n1i": [20, 22, 35, 80, 64, 120, 75, 210, 300, 410, 520, 800],
    "ci": [5, 6, 9, 19, 17, 33, 16, 49, 70, 86, 104, 143],
    "n2i": [21, 20, 36, 78, 66, 118, 70, 205, 310, 400, 525, 790],
}
COUNTS = dict(zip(("events_e", "n_e", "events_c", "n_c"), TABLES.values(), strict=True))


def counted() -> ev.Effects:
    rows = ev.effect_size("OR", **TABLES)
    return ev.effects_from(rows.estimate, variance=rows.variance, scale="log", measure="OR", **COUNTS)


def test_harbord_and_peters_are_their_definitions() -> None:
    """Harbord 2006, eq. for Z and V; Peters 2006: plain least squares after scaling, by NumPy and SciPy."""
    a, n1, c, n2 = (np.array(column, dtype=float) for column in TABLES.values())
    n, m = n1 + n2, a + c
    z, information = a - m * n1 / n, n1 * n2 * m * (n - m) / (n**2 * (n - 1))
    line = stats.linregress(np.sqrt(information), z / np.sqrt(information))
    harbord = ev.funnel_test(counted(), method="harbord")
    assert harbord.table["estimate"].iloc[1] == pytest.approx(line.intercept, rel=1e-8)
    assert harbord.statistic == pytest.approx(line.intercept / line.intercept_stderr, rel=1e-8)
    ratios = ev.effect_size("RR", **TABLES)
    risk = ev.effects_from(ratios.estimate, variance=ratios.variance, scale="log", measure="RR", **COUNTS)
    of_risks = ev.funnel_test(risk, method="harbord")  # the scores do not know the measure of the effects
    assert (of_risks.measure, of_risks.scale, of_risks.p_value) == ("OR", "log", harbord.p_value)
    assert of_risks.sentence() == harbord.sentence()
    assert of_risks.sentence().startswith("Harbord's test of odds ratios (12 studies)")
    assert "not of RR" in of_risks.notes[-1]
    assert not any("not of" in note for note in harbord.notes)
    assert not any("there is RR" in note for note in of_risks.notes)
    peters = ev.funnel_test(counted(), method="peters")
    y = np.log(a * (n2 - c) / (c * (n1 - a)))
    root = 1 / np.sqrt(1 / m + 1 / (n - m))
    design = np.column_stack([root, root / n])
    beta, rest, *_ = np.linalg.lstsq(design, root * y, rcond=None)
    error = np.sqrt(rest[0] / 10 * np.linalg.inv(design.T @ design)[1, 1])
    assert peters.statistic == pytest.approx(beta[1] / error, rel=1e-8)
    assert peters.p_value == pytest.approx(2 * stats.t.sf(abs(beta[1] / error), 10), rel=1e-8)


def test_predictors_by_size() -> None:
    effects = counted()
    n = np.array(TABLES["n1i"], dtype=float) + np.array(TABLES["n2i"])
    assert ev.funnel_test(effects, predictor="1/sqrt(ni)").rows["predictor"].to_numpy() == pytest.approx(
        n**-0.5
    )
    modified = ev.funnel_test(effects, predictor="sqrt(1/n_e+1/n_c)")
    wanted = np.sqrt(1 / np.array(TABLES["n1i"]) + 1 / np.array(TABLES["n2i"]))
    assert modified.rows["predictor"].to_numpy() == pytest.approx(wanted)
    assert ev.funnel_test(effects, predictor="ni").limit is None
    with pytest.raises(ev.ModelError, match="needs people"):
        ev.funnel_test(biased(), predictor="ni")
    with pytest.raises(ev.ModelError, match="needs the counts"):
        ev.funnel_test(biased(), method="harbord")


def test_trim_and_fill_pools_what_it_fills() -> None:
    found = ev.trim_and_fill(biased(), model="DL", inference="z")
    assert found.added > 0
    assert found.side == "left"
    assert found.filled.k == 14 + found.added
    filled = found.table
    again = ev.random_effects(
        ev.effects_from(filled["estimate"], std_error=filled["std_error"]), tau2="DL", inference="z"
    )
    assert found.filled.estimate == pytest.approx(again.estimate, rel=1e-12)
    assert found.observed.estimate is not None
    assert found.filled.estimate is not None
    assert found.filled.estimate < found.observed.estimate
    assert "invented" in found.sentence()


def test_pet_peese_takes_peese_where_pet_finds_an_effect() -> None:
    """Stanley & Doucouliagos 2014: the conditional rule."""
    error = np.linspace(0.05, 0.4, 12)
    wave = 0.3 * error * np.cos(np.arange(12.0))
    there = ev.pet_peese(ev.effects_from(0.5 + wave, std_error=error))
    absent = ev.pet_peese(ev.effects_from(1.5 * error + wave, std_error=error))
    assert (there.chosen, there.estimate) == ("PEESE", there.peese.intercept)
    assert (absent.chosen, absent.estimate) == ("PET", absent.pet.intercept)
    turned = ev.pet_peese(ev.effects_from(-0.5 - wave, std_error=error))
    assert turned.chosen == "PEESE"
    assert turned.estimate == pytest.approx(-there.estimate, rel=1e-12)


def test_ratios_are_shown_as_ratios() -> None:
    error = np.linspace(0.05, 0.4, 12)
    wave = 0.3 * error * np.cos(np.arange(12.0))
    found = ev.pet_peese(ev.effects_from(0.5 + wave, std_error=error, scale="log", measure="OR"))
    assert f"{math.exp(found.estimate):.3f}" in found.sentence()


def test_a_sentence_has_one_precision_and_words_for_predictors() -> None:
    error = np.linspace(0.01, 0.06, 14)
    wave = error * np.cos(np.arange(14.0))
    effects = ev.effects_from(0.3 + 1.5 * error + 0.5 * wave, std_error=error, people=10.0 / error**2)

    def places(text: str) -> set[int]:
        return {len(part) for part in re.findall(r"\d\.(\d+)", text)}

    test = ev.funnel_test(effects)
    said = test.sentence()
    assert "slope on the standard error " in said
    assert "sei" not in said
    assert "The line reaches" in said
    assert len(places(said.split("slope")[1].split(",")[0] + said.split("The line reaches")[1])) == 1
    filled = ev.trim_and_fill(effects, estimator="R0", side="left").sentence()
    assert filled
    assert len(places(filled)) == 1
    assert "slope on 1/n " in ev.funnel_test(effects, predictor="1/ni").sentence()
    counts = ev.funnel_test(effects, predictor="ni")
    slope = float(counts.table["estimate"].iloc[1])
    told = counts.sentence().split("slope on n ")[1].split(",")[0].replace("−", "-")
    assert float(told) == pytest.approx(slope, rel=0.05)  # two figures, however small
    worst = ev.worst_case(ev.effects_from([*(0.05 + wave), 0.9], std_error=[*(2.0 * error), 0.1])).sentence()
    assert len(places(worst.split("degrees")[0].rsplit("The worst case has", 1)[0])) == 1


def test_where_printed_ratios_are_turned_the_arm_names_the_direction() -> None:
    """Positive favours the first arm by fewer events (display_sign -1): its printed ratio is below 1."""
    effects = replace(biased(scale="log", measure="RR"), display_sign=-1)
    test, found = ev.funnel_test(effects), ev.trim_and_fill(effects)
    assert test.table["estimate"].iloc[1] > 0.0
    assert "smaller studies favour the first arm more." in test.sentence()
    assert found.side == "left"
    assert found.added > 0
    assert "on the side that favours the second arm, which moves" in found.sentence()
    assert "higher effects" not in test.sentence()
    assert "on the left" not in found.sentence()
    assert math.exp(-found.filled.estimate) > math.exp(-found.observed.estimate)  # towards the second arm
    away = replace(effects, table=effects.table.assign(estimate=-effects.table["estimate"]))
    assert "smaller studies favour the second arm more." in ev.funnel_test(away).sentence()
    assert "that favours the first arm" in ev.trim_and_fill(away).sentence()
    assert "on the left" in ev.trim_and_fill(biased()).sentence()


def test_fail_safe_numbers_come_with_their_warning() -> None:
    """Rosenthal 1979: N = (sum z)² / 1.645² - k, by hand for z = 2, 2.5, 3."""
    effects = ev.effects_from([0.4, 0.5, 0.6], std_error=0.2)
    assert ev.fail_safe_n(effects).number == math.ceil(7.5**2 / stats.norm.ppf(0.95) ** 2 - 3)
    assert ev.fail_safe_n(effects, method="Orwin", target=0.1).number == 12
    assert ev.fail_safe_n(effects, method="rosenberg").number == math.ceil(
        18.75 / stats.norm.ppf(0.975) ** 2 * 3 - 3
    )
    third = ev.effects_from(
        [-0.7, -0.1, -1.3], std_error=0.2
    )  # 3 (7 - 1), though 0.7 / 0.1 is above 7 in binary
    assert ev.fail_safe_n(third, method="Orwin", weighted=False, target=-0.7 / 7.0).number == 18
    assert "no test of bias" in ev.fail_safe_n(effects).sentence()
    with pytest.raises(ev.ModelError, match="sign of the mean"):
        ev.fail_safe_n(effects, method="Orwin", target=-0.1)


@pytest.mark.parametrize("k", [1, 2])
def test_too_few_for_a_line(k: int) -> None:
    effects = ev.effects_from([0.2, 0.5][:k], std_error=[0.1, 0.2][:k])
    for verb in (ev.funnel_test, ev.pet_peese, ev.trim_and_fill):
        with pytest.raises(ev.ModelError, match="at least three"):
            verb(effects)
    assert ev.excess_significance_test(effects).k == k
    assert ev.fail_safe_n(effects).k == k


def test_three_studies_equal_effects_equal_variances() -> None:
    three = ev.effects_from([0.2, 0.5, 0.4], std_error=[0.1, 0.2, 0.3])
    assert ev.funnel_test(three).df == 1.0
    assert ev.funnel_test(three, method="begg").table["estimate"].iloc[0] == pytest.approx(1 / 3)
    same = ev.effects_from([0.3] * 4, std_error=[0.1, 0.2, 0.3, 0.4])
    with pytest.raises(ev.ModelError, match="exactly on a line"):
        ev.funnel_test(same)
    assert ev.trim_and_fill(same).added == 0
    level = ev.effects_from([0.1, 0.3, 0.4, 0.9], std_error=0.2)
    with pytest.raises(ev.ModelError, match="no slope"):
        ev.funnel_test(level)
    with pytest.raises(ev.ModelError, match="say side="):
        ev.trim_and_fill(level)
    assert ev.trim_and_fill(level, side="left").added >= 0
    assert isinstance(ev.funnel_test(three).table, pd.DataFrame)


@given(seed=SEED, k=st.integers(1, 6))
@settings(max_examples=40, deadline=None)
def test_few_and_tied_effects_get_an_answer_or_a_refusal(seed: int, k: int) -> None:
    """Whatever small sets of tied numbers come in, nothing but a ModelError comes out instead of a result."""
    rng = np.random.default_rng(seed)
    error = rng.choice([0.1, 0.2, 1.0], k)
    effects = ev.effects_from(rng.choice([0.0, 0.3, -0.3, 5.0], k), std_error=error)
    calls: list[tuple[Any, dict[str, Any]]] = [
        (ev.funnel_test, {}),
        (ev.funnel_test, {"method": "begg"}),
        (ev.funnel_test, {"model": "multilevel"}),
        (ev.trim_and_fill, {}),
        (ev.trim_and_fill, {"estimator": "Q0", "side": "left"}),
        (ev.trim_and_fill, {"estimator": "R0", "side": "right", "model": "EE"}),
        (ev.pet_peese, {}),
        (ev.fail_safe_n, {}),
        (ev.fail_safe_n, {"method": "Orwin"}),
        (ev.excess_significance_test, {}),
    ]
    for verb, options in calls:
        try:
            found = verb(effects, **options)
        except ev.ModelError as problem:
            refused = str(problem)
        else:
            refused = ""
            assert found.sentence()
            assert "<table>" in found._repr_html_()
        if k >= 3 and len(set(error.tolist())) > 1 and verb in (ev.fail_safe_n, ev.excess_significance_test):
            assert refused == ""


def test_a_slope_that_rests_on_one_study_has_no_robust_variance() -> None:
    effects = ev.effects_from([0.1, 0.2, 0.3, 0.9], std_error=[0.1, 0.1, 0.1, 0.4])
    with pytest.raises(ev.ModelError, match="without study row 4"):
        ev.funnel_test(effects, model="multilevel")


def test_an_effect_at_the_centre_is_on_no_side() -> None:
    # The common-effect mean is 0.1, that of row 2: in exact numbers L0 = (4 * 5 - 20) / 7 = 0 on the right.
    y, v = np.array([-0.1, 0.1, -0.3, 0.9]), np.array([0.3, 0.1, 0.2, 0.3])
    for side, missing in (("right", 0.0), ("left", -4.0 / 7.0)):
        found = trim_fill(y, v, side=side, model="EE")
        spread = 180.0 + 10.0 * missing**3 + (27.0 - 72.0) * missing**2 + (17.0 - 72.0 + 96.0) * missing
        assert found.added == 0
        assert found.std_error == near(4.0 / 7.0 * math.sqrt(spread / 24.0))


def test_no_slope_leaves_the_left_side() -> None:
    v = np.array([0.02, 0.05, 0.04, 0.1, 0.03])
    assert {empty_side(np.full(5, y), v, model) for y in (0.3, -0.3, 7.1) for model in ("EE", "DL")} == {
        "left"
    }
