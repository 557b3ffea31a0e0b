"""Leave one out, influence, cumulative: against metafor, against refits, and at the edges."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
from helpers_exact import apart, load
from hypothesis import given, settings
from hypothesis import strategies as st

import evidence as ev
from evidence.charts.one_by_one import one_by_one_alt, one_by_one_rows
from evidence.errors import ModelError
from evidence.numerics import deletion
from evidence.numerics.deletion import cumulate, influence_values, leave_out

REFERENCE = load("diagnostics")
METHODS = [(case, method) for case, record in REFERENCE.items() for method in record["methods"]]
EXACT = 1e-9


def data(case: str) -> tuple[np.ndarray, np.ndarray]:
    record = REFERENCE[case]
    return np.array(record["yi"], dtype=float), np.array(record["vi"], dtype=float)


@pytest.mark.parametrize(("case", "method"), METHODS)
def test_leave_one_out_is_metafors(case: str, method: str) -> None:
    # metafor 5.1-12, leave1out(); versions in the file.
    y, v = data(case)
    theirs = REFERENCE[case]["methods"][method]["leave1out"]
    fits = leave_out(y, v, tau2=method, inference="z")
    error = fits.std_error[1:]
    assert apart(fits.estimate[1:], theirs["estimate"], error) < EXACT
    assert apart(error, theirs["se"]) < EXACT
    assert apart(fits.low[1:], theirs["ci_lb"], error) < EXACT
    assert apart(fits.q[1:], theirs["Q"], 1.0) < EXACT
    assert apart(fits.q_p_value[1:], theirs["Qp"], 1.0) < EXACT
    assert apart(fits.i2[1:], theirs["I2"], 100.0) < EXACT
    if method != "EE":
        assert apart(fits.tau2[1:], theirs["tau2"], np.median(v)) < EXACT


@pytest.mark.parametrize(("case", "method"), METHODS)
def test_influence_is_metafors(case: str, method: str) -> None:
    # metafor 5.1-12, influence() and baujat(); versions in the file.
    y, v = data(case)
    record = REFERENCE[case]["methods"][method]
    theirs = record["influence"]
    ours = influence_values(y, v, leave_out(y, v, tau2=method, inference="z"))
    names = {"dfbetas": "dfbs", "q_del": "QE_del"}
    for name in ("rstudent", "dffits", "cook_d", "cov_r", "q_del", "hat", "dfbetas"):
        assert apart(getattr(ours, name), theirs[names.get(name, name)], 1.0) < EXACT, name
    assert apart(ours.tau2_del, theirs["tau2_del"], np.median(v)) < EXACT
    assert ours.flagged.tolist() == [bool(flag) for flag in theirs["is_infl"]]
    assert apart(ours.baujat_x, record["baujat"]["x"], 1.0) < EXACT
    assert apart(ours.baujat_y, record["baujat"]["y"], 1.0) < EXACT


@pytest.mark.parametrize(
    ("case", "method"), [m for m in METHODS if "cumul_precision" in REFERENCE[m[0]]["methods"][m[1]]]
)
def test_cumulative_is_metafors(case: str, method: str) -> None:
    # metafor 5.1-12, cumul(order = vi). Its first line is a study of its own, which has no Q here.
    y, v = data(case)
    theirs = REFERENCE[case]["methods"][method]["cumul_precision"]
    table = ev.cumulative(ev.effects_from(y, variance=v), by="precision", model=model(method)).table
    error = table["std_error"].to_numpy()
    assert apart(table["estimate"], theirs["estimate"], error) < EXACT
    assert apart(error, theirs["se"]) < EXACT
    assert np.isnan(table["q"].iloc[0])
    assert apart(table["q"].iloc[1:], theirs["Q"][1:], 1.0) < EXACT
    assert apart(table["i2"].iloc[1:], theirs["I2"][1:], 100.0) < EXACT


def model(method: str, inference: str = "z") -> Callable[[ev.Effects], ev.MetaFit]:
    if method == "EE":
        return ev.common_effect
    return lambda effects: ev.random_effects(effects, tau2=method, inference=inference)


def drawn(seed: int, k: int, spread: float = 0.2, unit: float = 1.0) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    v = rng.lognormal(-2.0, 0.8, k)
    y = 0.3 + rng.normal(size=k) * np.sqrt(v + spread)
    return unit * y, unit**2 * v


CHOICES = st.tuples(
    st.integers(0, 10**6),
    st.integers(3, 9),
    st.sampled_from(["EE", "DL", "PM", "ML", "REML", "SJ"]),
    st.sampled_from(["z", "t", "HKSJ", "mHKSJ"]),
    st.sampled_from([1e-6, 1.0, 1e6]),
)


@settings(max_examples=40, deadline=None)
@given(CHOICES)
def test_leaving_out_is_refitting(choice: tuple[int, int, str, str, float]) -> None:
    seed, k, method, inference, unit = choice
    y, v = drawn(seed, k, unit=unit)
    fit_model = model(method, inference)
    table = ev.leave_one_out(ev.effects_from(y, variance=v), model=fit_model).table
    for at in range(k):
        rest = np.delete(np.arange(k), at)
        fit = fit_model(ev.effects_from(y[rest], variance=v[rest]))
        line = table.iloc[at]
        for name in ("estimate", "std_error", "conf_low", "conf_high"):
            assert apart(line[name], getattr(fit, name), fit.std_error) < 1e-9
        assert apart(line["tau2"], fit.tau2, np.median(v)) < 1e-9
        assert apart(line["i2"], fit.i2, 100.0) < 1e-9
        assert apart(line["q"], fit.q, 1.0) < 1e-9


@settings(max_examples=40, deadline=None)
@given(CHOICES)
def test_influence_is_its_definition(choice: tuple[int, int, str, str, float]) -> None:
    # Viechtbauer & Cheung (2010), equations of section 3, from refits one by one.
    seed, k, method, inference, unit = choice
    y, v = drawn(seed, k, unit=unit)
    fit_model = model(method, inference)
    full = fit_model(ev.effects_from(y, variance=v))
    table = ev.influence(full).table
    w = 1.0 / (v + full.tau2)
    for at in range(k):
        rest = np.delete(np.arange(k), at)
        fit = fit_model(ev.effects_from(y[rest], variance=v[rest]))
        factor = fit.std_error**2 * np.sum(1.0 / (v[rest] + fit.tau2))
        moved = full.estimate - fit.estimate
        expected = {
            "rstudent": (y[at] - fit.estimate) / np.sqrt(factor * (v[at] + fit.tau2) + fit.std_error**2),
            "dffits": moved / np.sqrt(factor * w[at] / w.sum() * (v[at] + fit.tau2)),
            "cook_d": moved**2 / full.std_error**2,
            "cov_r": fit.std_error**2 / full.std_error**2,
            "hat": w[at] / w.sum(),
            "dfbetas": moved / np.sqrt(factor / np.sum(1.0 / (v + fit.tau2))),
            "baujat_y": moved**2 / fit.std_error**2,
        }
        for name, value in expected.items():
            assert apart(table[name].iloc[at], value, 1.0) < 1e-7, name


@pytest.mark.parametrize("tau2", ["DL", "REML", "PM"])
@pytest.mark.parametrize("inference", ["z", "t", "HKSJ", "mHKSJ"])
def test_a_studentised_residual_is_the_test_of_a_shift(tau2: str, inference: str) -> None:
    # Viechtbauer & Cheung (2010): a moderator that marks the study takes it out of all else. (Not so for ML,
    # whose likelihood keeps a term of the study's own variance.)
    y, v = drawn(11, 7, spread=0.5)
    table = ev.influence(model(tau2, inference)(ev.effects_from(y, variance=v))).table
    for at in range(7):
        effects = ev.effects_from(y, variance=v, mark=(np.arange(7) == at).astype(float))
        shift = ev.meta_regression(effects, "~ mark", tau2=tau2, inference=inference).tidy()
        assert table["rstudent"].iloc[at] == pytest.approx(float(shift["statistic"].iloc[1]), rel=1e-8)


def test_studentised_residuals_by_hksj_are_metafors() -> None:
    # metafor 3.8-1, influence(rma(y, v, method="DL", test="knha")).
    effects = ev.effects_from([0.1, 0.5, 0.3, 0.9, -0.2], variance=[0.02, 0.05, 0.04, 0.1, 0.03])
    expected = [
        -0.4912620984253492,
        0.6047888099931809,
        0.0698833433377083,
        1.7813623413157131,
        -1.7451368604796309,
    ]
    assert ev.influence(model("DL", "HKSJ")(effects)).table["rstudent"].tolist() == pytest.approx(
        expected, rel=1e-9
    )


def test_groups_are_left_out_together() -> None:
    y, v = drawn(3, 9)
    codes = np.array([2, 0, 1, 1, 0, 2, 2, 0, 1])
    fits = leave_out(y, v, codes, tau2="REML", inference="HKSJ")
    for group in range(3):
        rest = codes != group
        fit = ev.random_effects(ev.effects_from(y[rest], variance=v[rest]))
        assert fits.estimate[1 + group] == pytest.approx(fit.estimate, rel=1e-10)
        assert fits.tau2[1 + group] == pytest.approx(fit.tau2, rel=1e-9, abs=1e-12)


def test_pieces_change_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    y, v = drawn(5, 30)
    whole, whole_path = leave_out(y, v), cumulate(y, v)
    values = influence_values(y, v, whole)
    monkeypatch.setattr(deletion, "_CELLS", 70)
    assert apart(leave_out(y, v).estimate, whole.estimate, 1.0) < 1e-13
    assert apart(cumulate(y, v).estimate, whole_path.estimate, 1.0) < 1e-13
    assert apart(influence_values(y, v, whole).dfbetas, values.dfbetas, 1.0) < 1e-13


def test_a_dominating_study_does_not_cancel() -> None:
    # Without row 1 the others are as they would be alone, though its weight is 1e12 times theirs.
    y, v = np.array([0.3, 0.1, 0.8, 0.2]), np.array([1e-13, 0.1, 0.1, 0.1])
    fits = leave_out(y, v, tau2="EE")
    values = influence_values(y, v, fits)
    assert fits.q[1] == pytest.approx(((y[1:] - y[1:].mean()) ** 2).sum() / 0.1, rel=1e-12)
    assert values.cov_r[0] == pytest.approx((0.1 / 3.0) / (1.0 / (1e13 + 30.0)), rel=1e-12)
    assert values.hat[1] == pytest.approx(1e-12, rel=1e-9)


@pytest.mark.parametrize("method", ["EE", "DL", "REML"])
def test_identical_effects_move_nothing(method: str) -> None:
    effects = ev.effects_from([0.3] * 5, variance=0.04)
    table = ev.influence(model(method, "HKSJ")(effects)).table
    assert np.abs(table[["rstudent", "dffits", "cook_d", "dfbetas", "baujat_x"]].to_numpy()).max() < 1e-12
    assert not table["flagged"].any()
    assert "the same without any one" in ev.leave_one_out(effects, model=model(method, "z")).sentence()


def test_few_studies_are_told_or_refused() -> None:
    one, two, four = (ev.effects_from([0.1, 0.5, 0.2, 0.4][:k], variance=0.04) for k in (1, 2, 4))
    with pytest.raises(ModelError, match="leaves nothing"):
        ev.leave_one_out(one)
    for effects in (one, two):
        with pytest.raises(ModelError, match="three effects"):
            ev.influence(effects)
    table = ev.leave_one_out(two).table
    assert table["estimate"].tolist() == [0.5, 0.1]
    assert table["tau2"].isna().all()
    assert table["note"].str.startswith("A single study").all()
    assert "fewer than 5 studies" in ev.leave_one_out(four).sentence()
    assert "fewer than 5 studies" in ev.influence(four).sentence()
    assert "fewer than 5 studies" in ev.cumulative(four, by="precision").sentence()
    assert ev.cumulative(one, by="precision").sentence() == "One study gives no course over studies."


def test_any_model_is_fitted_anew_without_each_study() -> None:
    low, high = [None, None, -0.6, 0.4, None], [None, None, 0.6, None, None]
    study = ["a", "b", "b", "c", "d"]
    effects = ev.effects_from([0.3, 0.5, None, None, 0.1], std_error=0.3, low=low, high=high, study=study)
    result = ev.leave_one_out(effects, by="study", model=ev.pool_partial)
    assert result.table["left_out"].tolist() == ["a", "b", "c", "d"]
    keep = [0, 3, 4]
    rest = ev.effects_from(
        [0.3, None, 0.1],
        std_error=0.3,
        low=[low[at] for at in keep],
        high=[high[at] for at in keep],
        study=[study[at] for at in keep],
    )
    fit = ev.pool_partial(rest)
    assert result.table["estimate"].iloc[1] == pytest.approx(fit.estimate, rel=1e-9)
    assert result.table["change"].iloc[1] == pytest.approx(fit.estimate - result.fit.estimate, rel=1e-9)
    path = ev.cumulative(
        effects.__class__(effects.table.assign(year=[3, 1, 1, 2, None]), "GEN"), model=ev.pool_partial
    )
    assert path.table["added"].tolist() == ["b", "c", "a", "d"]
    assert path.table["estimate"].iloc[-1] == pytest.approx(result.fit.estimate, rel=1e-12)
    assert any("d does not tell its year" in note for note in path.notes)
    again = ev.leave_one_out(result.fit, by="study").table
    assert again["estimate"].tolist() == pytest.approx(result.table["estimate"].tolist(), rel=1e-9)


@pytest.mark.parametrize("model", [ev.multilevel, ev.pool_partial])
def test_influence_of_whole_studies_is_what_refits_without_them_say(
    model: Callable[[ev.Effects], ev.MetaFit],
) -> None:
    y, v = drawn(3, 12)
    study = list("aabbccddeeff")
    effects = ev.effects_from(y, variance=v, study=study)
    fit = model(effects)
    table = ev.influence(fit).table
    assert table["study"].tolist() == list("abcdef")
    for row in table.itertuples():
        kept = [at for at in range(12) if study[at] != row.study]
        without = model(ev.effects_from(y[kept], variance=v[kept], study=[study[at] for at in kept]))
        assert row.estimate_del == pytest.approx(without.estimate, rel=1e-8)
        assert row.tau2_del == pytest.approx(without.tau2, rel=1e-6, abs=1e-9)
        assert row.cook_d == pytest.approx(
            (fit.estimate - without.estimate) ** 2 / fit.std_error**2, rel=1e-6
        )
        assert row.dfbetas == pytest.approx((fit.estimate - without.estimate) / without.std_error, rel=1e-6)
        assert row.cov_r == pytest.approx(without.std_error**2 / fit.std_error**2, rel=1e-6)
        assert row.flagged == bool(row.rules)
    assert 0.0 < table["weight"].sum() < 100.0 + 1e-6  # all of it in a multilevel model
    assert table[["rstudent", "dffits", "baujat_x"]].isna().all(axis=None)
    assert "6 studies" in ev.influence(fit).sentence()
    few = model(ev.effects_from(y[:4], variance=v[:4], study=study[:4]))
    with pytest.raises(ModelError, match="needs three studies"):
        ev.influence(few)


def test_a_fit_that_does_not_tell_how_it_was_made_needs_its_model() -> None:
    effects = ev.effects_from([0.1, 0.4, 0.2, 0.5, 0.3, 0.6], variance=0.04, study=list("aabbcc"))
    known = ev.sampling_covariance(effects, rho=0.5)
    fit = ev.multilevel(effects, rho=known)
    with pytest.raises(ModelError, match="pass its effects"):
        ev.leave_one_out(fit, by="study")


def test_the_profile_is_fitted_anew() -> None:
    y, v = drawn(8, 6)
    effects = ev.effects_from(y, variance=v)
    table = ev.leave_one_out(effects, model=lambda rows: ev.random_effects(rows, inference="profile")).table
    fit = ev.random_effects(ev.effects_from(y[1:], variance=v[1:]), inference="profile")
    assert table["conf_low"].iloc[0] == pytest.approx(fit.conf_low, rel=1e-9)


def test_the_order_of_a_cumulative_synthesis() -> None:
    people, year = [10, 30, 30, 20], [2001, 1999, None, 1999]
    effects = ev.effects_from([0.1, 0.2, 0.3, 0.4], variance=0.04, people=people, year=year)
    assert ev.cumulative(effects, by="size").table["added"].tolist() == ["row 2", "row 3", "row 4", "row 1"]
    by_year = ev.cumulative(effects)
    assert by_year.table["added"].tolist() == ["row 2", "row 4", "row 1", "row 3"]
    assert len(by_year.notes) == 5
    with pytest.raises(ModelError, match="by must be one of year, size, precision"):
        ev.cumulative(effects, by="yeer")
    with pytest.raises(ModelError, match="no row tells its year"):
        ev.cumulative(ev.effects_from([0.1, 0.2], variance=0.04))


def test_the_year_comes_from_the_study_table() -> None:
    trials = ev.example_studies().where(question="integrated_vs_isolated", level="study", domain="power")
    effects = ev.effect_sizes(trials, measure="SMD", correlation=0.7)
    exact = ev.Effects(
        effects.table.loc[effects.table["kind"].eq("exact")], effects.measure, _origin=effects._origin
    )
    years = trials.info.set_index("study")["year"]
    table = ev.cumulative(exact, model=ev.multilevel).table
    assert table["order"].dropna().is_monotonic_increasing
    assert table["order"].tolist() == [years[study] for study in table["added"]]


def test_the_words() -> None:
    effects = ev.effects_from([0.1, 0.2, 0.3, 0.2, 0.9], variance=0.04, study=list("abcde"))
    fit = ev.common_effect(effects)
    said = ev.influence(fit).sentence()
    assert said.startswith("1 of 5 studies is flagged as influential: e (DFFITS, Cook's distance, DFBETAS).")
    assert said.endswith("the estimate moves from 0.34 to 0.20.")
    far = ev.effects_from([0.1, 0.2, 0.3, 0.2, 2.9], variance=0.01, study=list("abcde"))
    masked = ev.influence(ev.common_effect(far)).sentence()
    assert masked.startswith("5 of 5 studies are flagged as influential: e (")
    assert "; and 2 more. Without e the estimate moves from 0.74 to 0.20." in masked
    result = ev.leave_one_out(fit)
    assert "between 0.20 (without e) and 0.40 (without a)" in result.sentence()
    assert "stays on its side of zero in 5 of 5" in result.sentence()
    ratio = ev.effects_from([-0.5, -0.6, -0.4], variance=0.01, scale="log")
    assert "0.61 (0.54 to 0.68)" in ev.leave_one_out(ratio, model=ev.common_effect).sentence()
    for page in (result, ev.influence(fit), ev.cumulative(effects, by="precision")):
        shown = page._repr_html_()
        assert shown.count("<tr>") == 6
        assert "nan" not in shown


def test_what_is_typed_by_mistake() -> None:
    effects = ev.effects_from([0.1, 0.2, 0.3], variance=0.04, group=["x", None, "y"])
    with pytest.raises(ModelError, match="by must be one of"):
        ev.leave_one_out(effects, by="studdy")
    with pytest.raises(ModelError, match="is empty in some rows"):
        ev.leave_one_out(effects, by="group")
    with pytest.raises(ModelError, match="takes Effects or a fit"):
        ev.leave_one_out([0.1, 0.2])  # type: ignore[arg-type]
    with pytest.raises(ModelError, match="model must return a MetaFit"):
        ev.leave_one_out(effects, model=lambda rows: 3)  # type: ignore[arg-type,return-value]
    with pytest.raises(ModelError, match="finite"):
        leave_out(np.array([0.1, np.nan]), np.array([0.1, 0.1]))


def test_the_chart_draws_one_line_a_study() -> None:
    effects = ev.effects_from([0.1, 0.2, 0.3, 0.2, 0.9], variance=0.04, study=list("abcde"))
    result = ev.leave_one_out(effects, model=ev.common_effect)
    rows = one_by_one_rows(result)
    assert rows["name"].tolist() == ["nothing (all studies)", *"abcde"]
    assert rows["estimate"].iloc[1:].tolist() == result.table["estimate"].tolist()
    assert rows["verdict"].tolist() == ["first"] * 6
    texts = " ".join(text.get_text() for text in ev.one_by_one_chart(result).texts)
    assert "No single study decides" in texts
    assert "e: 0.20 (0.00 to 0.40)" in one_by_one_alt(result)
    path = ev.cumulative(effects, by="precision", model=ev.common_effect)
    texts = " ".join(text.get_text() for text in ev.one_by_one_chart(path).texts)
    assert "says the same since d" in texts
    with pytest.raises(ModelError, match="leave_one_out"):
        ev.one_by_one_chart(None)  # type: ignore[arg-type]


def test_the_chart_of_ratios_is_on_the_printed_scale() -> None:
    ratio = ev.effects_from([-0.5, -0.6, -0.4, -0.5], variance=0.01, scale="log")
    result = ev.leave_one_out(ratio, model=ev.common_effect)
    rows = one_by_one_rows(result)
    assert rows["estimate"].iloc[1] == pytest.approx(np.exp(-0.5))
    assert (rows["low"] < rows["high"]).all()
    assert "log scale" not in " ".join(text.get_text() for text in ev.one_by_one_chart(result).texts)


def test_one_sided_reports_give_limits_to_draw() -> None:
    low, high = [0.5, 0.4, 0.5, 0.6], [None] * 4
    effects = ev.effects_from([None] * 4, std_error=0.3, low=low, high=high)
    result = ev.leave_one_out(effects, by="study", model=ev.pool_partial)
    assert "no finite estimate" in result.sentence()
    rows = one_by_one_rows(result)
    assert rows["estimate"].isna().all()
    assert rows["verdict"].eq("first").all()
    assert np.isfinite(rows["low"]).all()
    texts = " ".join(text.get_text() for text in ev.one_by_one_chart(result).texts)
    assert "No single study decides" in texts
