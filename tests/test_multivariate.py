"""`multivariate`: outcomes with means, variances and correlations of their own."""

from __future__ import annotations

import gzip
import json
import math
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from helpers_mixed import CASES, arrays, blocks, error
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import special

import evidence as ev
from evidence.errors import ModelError
from evidence.numerics.multivariate import fit_multivariate
from evidence.numerics.profile import profile_compound, profile_outcome
from evidence.numerics.profile_scaled import profile_scaled
from evidence.numerics.scaled import SCALED, Curve

# metafor 5.1-12 at polished optima, clubSandwich 0.5.8: expected numbers for the data of mv.json.gz.
EXPECTED: dict[str, dict[str, Any]] = json.loads(
    gzip.decompress((Path(__file__).parent / "reference" / "multivariate.json.gz").read_bytes())
)["cases"]
BERKEY = ["berkey_UN", "berkey_HCS", "berkey_CS", "berkey_DIAG"]


def berkey() -> tuple[ev.Effects, dict[str, np.ndarray]]:
    """Return Berkey et al. 1998 (five trials, two outcomes) and the printed covariance of each trial."""
    case = CASES["berkey_UN"]
    y, v, _, (study,) = arrays(case)
    names = [("AL", "PD")[o] for o in case["outcome"]]
    known = blocks(case)
    assert known is not None
    effects = ev.effects_from(y, variance=v, study=[f"t{s}" for s in study], outcome=names)
    return effects, {f"t{i}": block for i, block in enumerate(known)}


def simulated(
    seed: int, studies: int = 12, outcomes: int = 3, share: float = 0.8
) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Return effects, variances, studies and outcomes; not every study has every outcome."""
    rng = np.random.default_rng(seed)
    study, outcome = np.divmod(np.arange(studies * outcomes), outcomes)
    sd = np.linspace(0.3, 0.6, outcomes)
    base = rng.normal(size=studies)[study] * 0.8 + rng.normal(size=study.size) * 0.6
    v = rng.uniform(0.02, 0.08, study.size)
    y = 0.2 * outcome + base * sd[outcome] + rng.normal(size=study.size) * np.sqrt(v)
    kept = rng.uniform(size=study.size) < share
    kept[: 2 * outcomes] = True
    study = np.unique(study[kept], return_inverse=True)[1]
    return y[kept], v[kept], study, outcome[kept]


def as_effects(y: np.ndarray, v: np.ndarray, study: np.ndarray, outcome: np.ndarray) -> ev.Effects:
    return ev.effects_from(
        y, variance=v, study=[f"s{s:02d}" for s in study], outcome=[f"o{o}" for o in outcome]
    )


# --- reference values ------------------------------------------------------------------------------


@pytest.mark.parametrize("name", BERKEY)
def test_the_verb_agrees_with_metafor_and_clubsandwich(name: str) -> None:
    effects, known = berkey()
    case, structure = EXPECTED[name], name.partition("_")[2]
    fit = ev.multivariate(effects, structure=structure, rho=known)
    table = fit.tidy()
    assert table["term"].tolist() == ["outcome[AL]", "outcome[PD]"]
    assert error(table["estimate"], case["beta"]) < 1e-9
    cr2 = case["cr2"]
    for column, key in (("std_error", "se"), ("statistic", "t"), ("df", "df"), ("p_value", "p")):
        assert error(table[column], cr2[key]) < 1e-8, column
    zero, htz = fit.joint_test().iloc[0], case["htz"]
    assert error([zero.statistic, zero.df2, zero.p_value], [htz["F"], htz["df_denom"], htz["p"]]) < 1e-8
    assert error(fit.q, case["QE"]) < 1e-10
    parts = fit.variance_components
    assert parts is not None
    variances = parts["variance"].dropna()
    assert error(variances, case["tau2"][: len(variances)]) < 1e-9
    if structure != "DIAG":
        assert error(parts["correlation"].dropna(), case["rho"]) < 1e-9
    plain = ev.multivariate(effects, structure=structure, rho=known, robust=None)
    assert error(plain.tidy()["std_error"], case["se"]) < 1e-9
    assert abs(plain.loglik - case["ll_REML"]) < 1e-10
    cr1, theirs = ev.multivariate(effects, structure=structure, rho=known, robust="CR1"), case["cr1"]
    assert error(cr1.tidy()["p_value"], theirs["pval"]) < 1e-8
    both = cr1.joint_test().iloc[0]
    expected = [theirs["QM"], theirs["QMdf"][1], theirs["QMp"]]
    assert error([both.statistic, both.df2, both.p_value], expected) < 1e-8
    if "hat" in case:
        rows = plain.augment()
        assert error(rows["leverage"], case["hat"]) < 1e-9
        # Random effects of the reference are listed by trial, AL first; the rows here have PD first.
        swap = np.arange(10).reshape(5, 2)[:, ::-1].ravel()
        blup = (rows["blup"] - rows["fitted"]).to_numpy()
        assert error(blup[swap], case["ranef"]["intrcpt"], 1e-2) < 1e-9
    assert "jackson2011" in fit.cite()


def test_profile_intervals_agree_with_a_default_search() -> None:
    effects, known = berkey()
    case = EXPECTED["berkey_UN"]["profile"]
    for structure in ("UN", "HCS"):
        parts = ev.multivariate(effects, structure=structure, rho=known).variance_components
        assert parts is not None
        for line, name in enumerate(("tau^2.1", "tau^2.2", "rho")):
            _, low, high = case[name]["est_lb_ub"]
            # metafor stops at an absolute accuracy, and finds no lower end for the second variance.
            assert error(parts["high"][line], high) < 1e-4
            if low is not None:
                assert error(parts["low"][line], low) < 1e-4


def test_prediction_agrees_with_metafor() -> None:
    case = CASES["konst_3level"]
    y, v, _, (district, school) = arrays(case)
    effects = ev.effects_from(
        y, variance=v, study=[f"d{d:02d}" for d in district], school=[f"s{s:02d}" for s in school]
    )
    fit = ev.multilevel(effects, levels=("study", "school"), rho=0.0, robust=None)
    at, theirs = fit.contrast({"Intercept": 1.0}).iloc[0], EXPECTED["konst_3level"]["predict"]
    assert error([at.estimate, at.std_error], [theirs["pred"], theirs["se"]]) < 1e-9
    # Theirs with normal quantiles, ours with t; the variance of a new effect is the same.
    normal = -special.ndtri(0.025)
    variance = ((theirs["pi_ub"] - theirs["pi_lb"]) / 2 / normal) ** 2
    ours = ((fit.pred_high - fit.pred_low) / 2 / -special.stdtrit(fit.df, 0.025)) ** 2
    assert error(ours, variance) < 1e-9


# --- what all fits with coefficients can be asked ---------------------------------------------------


def with_moderators(seed: int = 4) -> ev.Effects:
    rng = np.random.default_rng(seed)
    k = 40
    study = np.repeat(np.arange(14), 3)[:k]
    weeks = rng.integers(4, 16, 14)[study]
    return ev.effects_from(
        0.2 + 0.03 * weeks + 0.2 * rng.normal(size=14)[study] + 0.2 * rng.normal(size=k),
        variance=rng.uniform(0.02, 0.06, k),
        study=[f"s{s:02d}" for s in study],
        weeks=weeks.tolist(),
        setting=[("clinic", "home", "school")[s % 3] for s in study],
    )


@pytest.mark.parametrize("robust", ["CR2", "CR1", None])
def test_a_multilevel_fit_answers_like_its_table(robust: str | None) -> None:
    fit = ev.multilevel(with_moderators(), formula="~ weeks + setting", robust=robust)
    table = fit.tidy()
    for _, row in table.iterrows():
        line = fit.contrast({str(row["term"]): 1.0}).iloc[0]
        for name in ("estimate", "std_error", "df", "statistic", "p_value", "conf_low", "conf_high"):
            assert error(line[name], row[name]) < 1e-12, name
    joint = fit.joint_test().iloc[0]
    assert error([joint.statistic, joint.df2, joint.p_value], [fit.qm, fit.qm_df2, fit.qm_p_value]) < 1e-12
    one = fit.joint_test("weeks").iloc[0]
    single = table.set_index("term").loc["weeks"]
    assert error([one.statistic, one.p_value], [single["statistic"] ** 2, single["p_value"]]) < 1e-10
    new = {"weeks": [6.0, 12.0], "setting": ["home", "clinic"]}
    at = fit.predict(new)
    x = np.array([[1.0, 6.0, 1.0, 0.0], [1.0, 12.0, 0.0, 0.0]])
    assert fit.vcov is not None
    error_of = np.sqrt(np.einsum("ni,ij,nj->n", x, fit.vcov, x))
    assert error(at["estimate"], x @ table["estimate"].to_numpy()) < 1e-12
    assert error(at["std_error"], error_of) < 1e-11
    terms = table["term"].tolist()
    df = [float(fit.contrast(dict(zip(terms, row, strict=True)))["df"].iloc[0]) for row in x]
    parts = fit.variance_components
    assert parts is not None
    wide = -special.stdtrit(df, 0.025) * np.sqrt(parts["variance"].sum() + error_of**2)
    assert error(at["pred_high"], at["estimate"] + wide) < 1e-11
    # Collinearity is the moderators', whatever the standard errors.
    two = ev.multilevel(with_moderators(), formula="~ weeks + setting", robust=None)
    assert fit.vif(by="term")["vif"].tolist() == pytest.approx(two.vif(by="term")["vif"].tolist())


def test_variance_inflation_of_two_moderators() -> None:
    effects = with_moderators()
    dose = effects.table["weeks"] + np.arange(40) % 5
    table = effects.table.assign(dose=dose.astype(float))
    fit = ev.multilevel(ev.Effects(table, measure="GEN"), formula="~ weeks + dose", robust=None)
    assert fit.vcov is not None
    size = np.sqrt(np.diag(fit.vcov))
    r = (fit.vcov / size / size[:, None])[1, 2]
    assert fit.vif()["vif"].tolist() == pytest.approx([1 / (1 - r**2)] * 2, rel=1e-10)


def test_a_mean_can_be_asked_too() -> None:
    effects = with_moderators()
    fit = ev.multilevel(effects)
    line = fit.contrast({"Intercept": 2.0}).iloc[0]
    assert error([line.estimate, line.std_error], [2 * fit.estimate, 2 * fit.std_error]) < 1e-12
    assert line.df == pytest.approx(fit.df)


def test_dependent_combinations_are_refused() -> None:
    fit = ev.multilevel(with_moderators(), formula="~ weeks")
    with pytest.raises(ModelError, match="depend on each other"):
        fit.joint_test([{"weeks": 1.0}, {"weeks": 2.0}])
    with pytest.raises(ModelError, match="did you mean weeks"):
        fit.contrast({"week": 1.0})
    with pytest.raises(ModelError, match="lack the moderator weeks"):
        fit.predict({"dose": [3]})


# --- outcomes --------------------------------------------------------------------------------------


def test_outcomes_that_differ_are_told_apart() -> None:
    effects, known = berkey()
    for robust in ("CR2", None):
        fit = ev.multivariate(effects, rho=known, robust=robust)
        line = fit.contrast({"outcome[PD]": 1.0, "outcome[AL]": -1.0}).iloc[0]
        assert error(line.estimate, np.diff(fit.tidy()["estimate"])[0]) < 1e-12
        equal = fit.joint_test("equal").iloc[0]
        assert error([equal.statistic, equal.df2], [line.statistic**2, line.df]) < 1e-9
        assert error([fit.qm, fit.qm_p_value], [equal.statistic, line.p_value]) < 1e-9
    assert "the outcomes differ" in fit.sentence()
    assert "AL −0.34" in fit.sentence()
    assert "variance_components" in fit.notes[0]
    page = fit._repr_html_()
    assert "<th>correlation, AL, PD</th><td>0.61</td><td>−0.60 to 1.00</td>" in page
    assert fit.estimate is None


def test_each_outcome_is_predicted_with_its_own_variance() -> None:
    effects, known = berkey()
    fit = ev.multivariate(effects, rho=known)
    at, table = fit.predict({"outcome": ["PD", "AL"]}), fit.tidy().iloc[::-1]
    parts = fit.variance_components
    assert parts is not None
    tau2 = parts["variance"].to_numpy()[[1, 0]]
    assert error(at["estimate"], table["estimate"]) < 1e-12
    half = -special.stdtrit(table["df"], 0.025) * np.sqrt(tau2 + table["std_error"] ** 2)
    assert error(at["pred_low"], table["estimate"] - half) < 1e-11
    with pytest.raises(ModelError, match="has no level 'pain'"):
        fit.predict({"outcome": ["pain"]})


def test_moderators_beside_the_outcome() -> None:
    y, v, study, outcome = simulated(3)
    base = as_effects(y, v, study, outcome)
    effects = ev.Effects(base.table.assign(weeks=(study % 5).astype(float)), measure="GEN")
    fit = ev.multivariate(effects, structure="CS", formula="~ 0 + outcome + outcome:weeks")
    assert len(fit.tidy()) == 6
    assert fit.predict({"outcome": ["o1"], "weeks": [4.0]})["pred_high"].notna().all()
    with pytest.raises(ModelError, match="are not the outcomes' means"):
        fit.joint_test("equal")
    common = ev.multivariate(effects, structure="CS", formula="~ weeks")
    assert common.tidy()["term"].tolist() == ["Intercept", "weeks"]
    with pytest.raises(ModelError, match="lack the outcome"):
        common.predict({"weeks": [4.0]})


def test_i2_of_one_outcome_alone_is_that_of_random_effects() -> None:
    # DIAG without correlated errors is one random-effects model an outcome.
    y, v, study, outcome = simulated(5, share=1.0)
    fit = ev.multivariate(as_effects(y, v, study, outcome), structure="DIAG", rho=0.0, robust=None)
    parts = fit.variance_components
    assert parts is not None
    for j in range(3):
        own = outcome == j
        simple = ev.random_effects(ev.effects_from(y[own], variance=v[own]), inference="z", tau2="REML")
        assert error(parts["variance"][j], simple.tau2) < 1e-10
        assert error(parts["i2"][j], simple.i2) < 1e-10
        assert error(fit.tidy()["estimate"][j], simple.estimate) < 1e-10
        assert error(fit.tidy()["std_error"][j], simple.std_error) < 1e-10


def test_times_are_taken_in_their_order() -> None:
    y, v, study, outcome = simulated(7)
    weeks = np.array([4.0, 12.0, 26.0])[outcome]
    effects = ev.effects_from(y, variance=v, study=[f"s{s}" for s in study], weeks=weeks.tolist())
    fit = ev.multivariate(effects, outcome="weeks", structure="AR")
    assert fit.tidy()["term"].tolist() == ["weeks[4]", "weeks[12]", "weeks[26]"]
    assert (
        error(fit.predict({"weeks": [12.0, 4]})["estimate"], fit.tidy()["estimate"].to_numpy()[[1, 0]]) == 0.0
    )


def test_shared_arms_go_into_several_outcomes() -> None:
    y, v, study, outcome = simulated(2, outcomes=2, share=1.0)
    base = as_effects(y, v, study, outcome)
    effects = ev.Effects(base.table.assign(arm_e="training", arm_c="control"), measure="GEN")
    by_record = ev.multivariate(effects, rho=ev.sampling_covariance(effects, 0.4))
    by_number = ev.multivariate(effects, rho=0.4)
    assert error(by_record.tidy()["estimate"], by_number.tidy()["estimate"]) < 1e-10
    assert error(by_record.tidy()["std_error"], by_number.tidy()["std_error"]) < 1e-9


def test_bad_arguments_say_what_is_right() -> None:
    y, v, study, outcome = simulated(1)
    effects = as_effects(y, v, study, outcome)
    with pytest.raises(ModelError, match="structure must be one of UN, CS, HCS"):
        ev.multivariate(effects, structure="XY")
    with pytest.raises(ModelError, match=r"the only outcome is 'o0'; .* multilevel\(\)"):
        ev.multivariate(ev.Effects(effects.table.loc[outcome == 0], measure="GEN"))
    with pytest.raises(ModelError, match="one study is printed, not pooled"):
        ev.multivariate(ev.Effects(effects.table.loc[study == 0], measure="GEN"))
    with pytest.raises(ModelError, match="no column 'outcom'"):
        ev.multivariate(effects, outcome="outcom")
    apart = effects.table.loc[np.where(study % 2 == 0, outcome != 0, outcome != 1)]
    with pytest.raises(ModelError, match=r"no study reports both o0 and o1, .* structure='HCS'"):
        ev.multivariate(ev.Effects(apart, measure="GEN"))
    assert len(ev.multivariate(ev.Effects(apart, measure="GEN"), structure="HCS").tidy()) == 3


def test_rows_that_repeat_an_outcome_are_named() -> None:
    y, v, study, outcome = simulated(1, outcomes=2, share=1.0)
    outcome = outcome.copy()
    outcome[:2] = 0
    notes = " ".join(ev.multivariate(as_effects(y, v, study, outcome), structure="CS").notes)
    assert "1 rows repeat an outcome of their study" in notes


def test_no_heterogeneity_is_exactly_zero() -> None:
    effects = ev.effects_from(
        [0.1, 0.3, 0.5, 0.7, 0.2, 0.6, 0.3, 0.4],
        variance=0.04,
        study=list("aabbccdd"),
        outcome=["pain", "function"] * 4,
    )
    highs = {}
    for structure in ("UN", "HCS", "HAR", "CS", "AR", "DIAG", "ID"):
        parts = ev.multivariate(effects, structure=structure, rho=0.5).variance_components
        assert parts is not None
        assert (parts["variance"].dropna() == 0.0).all()
        assert parts["correlation"].isna().all()
        highs[structure] = parts["high"].dropna().tolist()
    # Two outcomes: UN, HCS and HAR are one model, AR and CS another.
    assert highs["HCS"] == pytest.approx(highs["UN"], rel=1e-8)
    assert highs["HAR"] == pytest.approx(highs["UN"], rel=1e-8)
    assert highs["AR"] == pytest.approx(highs["CS"], rel=1e-8)


# --- structures in standard deviations and a correlation -------------------------------------------


def restricted_likelihood(t: np.ndarray, data: tuple[np.ndarray, ...], rho: float) -> float:
    """Return the textbook log-likelihood of T with whole matrices, a mean an outcome."""
    y, v, study, outcome = data
    s = np.sqrt(v)
    same = study[:, None] == study[None, :]
    m = same * (rho * np.outer(s, s) + t[np.ix_(outcome, outcome)])
    m[np.diag_indices_from(m)] = v + np.diag(t)[outcome]
    x = np.eye(int(outcome.max()) + 1)[outcome]
    w = np.linalg.inv(m)
    a = x.T @ w @ x
    r = y - x @ np.linalg.solve(a, x.T @ w @ y)
    logs = [float(np.linalg.slogdet(one)[1]) for one in (m, a, x.T @ x)]
    return -0.5 * (
        logs[0] + logs[1] - logs[2] + float(r @ w @ r) + (len(y) - x.shape[1]) * math.log(2 * math.pi)
    )


def covariance_of(structure: str, tau2: np.ndarray, r: float) -> np.ndarray:
    """Return T by its definition."""
    steps = np.abs(np.subtract.outer(np.arange(tau2.size), np.arange(tau2.size)))
    c = np.where(steps == 0, 1.0, r) if structure == "HCS" else r ** steps.astype(float)
    return np.sqrt(np.outer(tau2, tau2)) * c


@pytest.mark.parametrize("structure", SCALED)
@pytest.mark.parametrize("seed", [0, 1, 2])
def test_the_optimum_of_a_scaled_structure(structure: str, seed: int) -> None:
    data = simulated(seed, studies=20, outcomes=4)
    y, v, study, outcome = data
    fit = fit_multivariate(y, v, study, outcome, structure=structure, rho=0.5)
    assert fit.rho is not None
    assert fit.t == pytest.approx(covariance_of(structure, fit.tau2, fit.rho), rel=1e-10, abs=1e-14)
    top = restricted_likelihood(fit.t, data, 0.5)
    assert fit.mixed.loglik == pytest.approx(top, abs=1e-9)
    free = 1 if structure == "AR" else 4
    at = np.append(np.sqrt(fit.tau2[:free]), fit.rho)

    def along(point: np.ndarray) -> float:
        tau2 = np.broadcast_to(point[:-1] ** 2, 4) if free == 1 else point[:-1] ** 2
        return restricted_likelihood(covariance_of(structure, tau2, point[-1]), data, 0.5)

    low, high = Curve(structure, 4).bounds
    for j in range(at.size):
        step = np.zeros(at.size)
        step[j] = 1e-4
        if at[j] - 1e-4 <= low[j] or at[j] + 1e-4 >= high[j]:
            continue
        up, down = along(at + step), along(at - step)
        slope, bend = (up - down) / 2e-4, (up - 2 * top + down) / 1e-8
        assert bend < 0.0
        # In standard errors: the optimum to the accuracy of differences.
        assert abs(slope) / math.sqrt(-bend) < 1e-5


@settings(max_examples=30, deadline=None)
@given(st.sampled_from(SCALED), st.integers(2, 5), st.integers(0, 10_000))
def test_derivatives_of_a_structure(structure: str, o: int, seed: int) -> None:
    rng = np.random.default_rng(seed)
    curve = Curve(structure, o)
    at = np.append(rng.uniform(0.2, 2.0, curve.deviations), rng.uniform(-0.9 / (o - 1), 0.95))
    weight = rng.normal(size=o * (o + 1) // 2)
    h = 1e-5
    for j in range(at.size):
        step = np.zeros(at.size)
        step[j] = h
        slope = (curve.elements(at + step) - curve.elements(at - step)) / (2 * h)
        assert curve.chain(at)[:, j] == pytest.approx(slope, rel=1e-6, abs=1e-7)
        bend = (weight @ curve.chain(at + step) - weight @ curve.chain(at - step)) / (2 * h)
        assert curve.curvature(at, weight)[j] == pytest.approx(bend, rel=1e-6, abs=1e-6)


@settings(max_examples=15, deadline=None)
@given(st.integers(0, 10_000))
def test_with_two_outcomes_structures_coincide(seed: int) -> None:
    y, v, study, outcome = simulated(seed, outcomes=2)
    fits = {s: fit_multivariate(y, v, study, outcome, structure=s, rho=0.4) for s in ("UN", "CS", *SCALED)}
    for one, other in (("UN", "HCS"), ("UN", "HAR"), ("CS", "AR")):
        assert fits[one].mixed.loglik == pytest.approx(fits[other].mixed.loglik, abs=1e-9)
        assert fits[one].t == pytest.approx(fits[other].t, rel=1e-6, abs=1e-8)
    assert fits["UN"].mixed.loglik >= fits["CS"].mixed.loglik - 1e-9


@settings(max_examples=10, deadline=None)
@given(st.integers(0, 10_000), st.sampled_from(SCALED), st.sampled_from([1e-6, 1e-3, 1e3, 1e6]))
def test_scale_and_order_of_the_data(seed: int, structure: str, c: float) -> None:
    y, v, study, outcome = simulated(seed, studies=15)
    base = fit_multivariate(y, v, study, outcome, structure=structure, rho=0.3)
    scaled = fit_multivariate(y * c, v * c * c, study, outcome, structure=structure, rho=0.3)
    assert error(scaled.mixed.beta, base.mixed.beta * c, 1e-2 * c) < 1e-9
    assert error(scaled.tau2, base.tau2 * c * c, np.median(v) * c * c) < 1e-8
    order = np.random.default_rng(seed).permutation(y.size)
    moved = fit_multivariate(y[order], v[order], study[order], outcome[order], structure=structure, rho=0.3)
    assert error(moved.tau2, base.tau2, np.median(v)) < 1e-8
    assert error(moved.mixed.beta, base.mixed.beta, 1e-2) < 1e-9


@pytest.mark.parametrize("seed", [0, 1, 2, 3])
def test_profile_intervals_by_two_ways(seed: int) -> None:
    y, v, study, outcome = simulated(seed, studies=15, outcomes=2)
    free = fit_multivariate(y, v, study, outcome, rho=0.4)
    for j in (0, 1):
        one, other = profile_outcome(free, j, 0.95), profile_scaled(free, j, 0.95)
        assert error([one.low, one.high], [other.low, other.high], 1e-4) < 1e-7
    same = fit_multivariate(y, v, study, outcome, structure="CS", rho=0.4)
    ar = fit_multivariate(y, v, study, outcome, structure="AR", rho=0.4)
    for what, parameter in (("tau2", 0), ("correlation", -1)):
        one, other = profile_compound(same, what, 0.95), profile_scaled(ar, parameter, 0.95)
        assert error([one.low, one.high], [other.low, other.high], 1e-4) < 1e-7


def test_profile_intervals_of_many_outcomes_and_few_studies() -> None:
    # With a variance held at 0 the factor of T is not unique; its search once crept along that valley.
    y, v, study, outcome = simulated(7, studies=5, outcomes=5, share=0.9)
    parts = ev.multivariate(as_effects(y, v, study, outcome)).variance_components
    assert parts is not None
    variances = parts.dropna(subset="variance")
    assert len(variances) == 5
    assert (variances["low"] <= variances["variance"]).all()
    assert (variances["variance"] < variances["high"]).all()


def test_wider_levels_hold_narrower_ones() -> None:
    y, v, study, outcome = simulated(6, studies=25, outcomes=3)
    fit = fit_multivariate(y, v, study, outcome, structure="HAR", rho=0.4)
    for parameter in (0, 1, 2, -1):
        ends = [profile_scaled(fit, parameter, level) for level in (0.5, 0.8, 0.95)]
        value = fit.rho if parameter == -1 else fit.tau2[parameter]
        assert value is not None
        assert ends[0].low <= value <= ends[0].high
        assert all(b.low <= a.low and a.high <= b.high for a, b in pairwise(ends))
