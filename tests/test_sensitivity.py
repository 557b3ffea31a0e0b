"""The sensitivity page: every line is the refit that it names; fits are made anew from what they hold."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

import evidence as ev
from evidence.charts.tornado_rows import tornado_rows
from evidence.synthesis import sensitivity as page_module
from evidence.synthesis.refits import effects_of, verb_of
from evidence.table_content.sensitivity import sensitivity_table

RNG = np.random.default_rng(20261122)
MANY = ev.effects_from(
    RNG.normal(0.3, 0.25, 12), variance=RNG.uniform(0.02, 0.1, 12), study=[f"s{i}" for i in range(12)]
)
SEVERAL = ev.effects_from(
    RNG.normal(0.3, 0.25, 12), variance=RNG.uniform(0.02, 0.1, 12), study=list("aabbccddeeff")
)
ROWS = ev.example_studies().where(
    question="integrated_vs_isolated",
    level="study",
    comparator_class=["isolated_strength", "traditional_training"],
    domain="endurance",
)
PARTIAL = ev.effect_sizes(ROWS, measure="SMD", correlation=0.7)
RATIOS = ev.effect_sizes(
    ev.example_studies().where(
        question="prevention", level="study", domain="injury_acl", comparator_class="usual_activity"
    ),
    measure="RR",
)

FITS: dict[str, Callable[[], ev.MetaFit]] = {
    "REML HKSJ": lambda: ev.random_effects(MANY),
    "PM t 90": lambda: ev.random_effects(MANY, tau2="PM", inference="t", level=0.9),
    "ML profile": lambda: ev.random_effects(MANY, tau2="ML", inference="profile"),
    "common": lambda: ev.common_effect(MANY),
    "multilevel": lambda: ev.multilevel(SEVERAL, rho=0.4),
    "multilevel t": lambda: ev.multilevel(SEVERAL, robust=None, tau2="ML"),
    "partial": lambda: ev.pool_partial(PARTIAL, rho=0.5, prior=None),
    "partial t": lambda: ev.pool_partial(PARTIAL, inference="profile-t", level=0.9, prior=None),
    "ratios": lambda: ev.random_effects(RATIOS),
}


@pytest.mark.parametrize("name", FITS)
def test_a_fit_is_made_anew_from_what_it_holds(name: str) -> None:
    fit = FITS[name]()
    again = verb_of(fit)(effects_of(fit))
    for part in ("estimate", "std_error", "df", "conf_low", "conf_high", "tau2", "i2", "q", "pred_low", "k"):
        expected = getattr(fit, part)
        assert getattr(again, part) == (None if expected is None else pytest.approx(expected, rel=1e-9)), part
    assert again.method == fit.method
    assert again.level == fit.level
    assert again.display == pytest.approx(fit.display)


def test_a_meta_regression_is_made_anew_where_its_rows_hold_the_moderator() -> None:
    with pytest.raises(ev.ModelError, match="pass its effects"):
        verb_of(ev.multivariate(replace(SEVERAL, table=SEVERAL.table.assign(outcome=["p", "q"] * 6))))


def _line(page: ev.Sensitivity, name: str) -> dict[str, object]:
    return dict(page.table.loc[page.table["variation"].eq(name)].iloc[0])


def test_lines_of_independent_effects_are_refits() -> None:
    fit = ev.random_effects(MANY)
    page = ev.sensitivity(fit)
    expected = {
        "as it is": fit,
        "tau² by DL": ev.random_effects(MANY, tau2="DL"),
        "tau² by EB": ev.random_effects(MANY, tau2="EB"),
        "common effect": ev.common_effect(MANY),
        "interval by z": ev.random_effects(MANY, inference="z"),
        "interval by mHKSJ": ev.random_effects(MANY, inference="mHKSJ"),
        "profile likelihood": ev.random_effects(MANY, tau2="ML", inference="profile"),
        "trim and fill": ev.trim_and_fill(MANY, model="REML", inference="HKSJ").filled,
        "PET-PEESE": ev.pet_peese(MANY),
        "three-parameter selection model": ev.selection_model(MANY),
    }
    for name, other in expected.items():
        line = _line(page, name)
        for part in ("estimate", "conf_low", "conf_high"):
            assert line[part] == pytest.approx(getattr(other, part), rel=1e-9), (name, part)
        assert line["change"] == pytest.approx(other.estimate - fit.estimate)
    left_out = ev.leave_one_out(MANY).table
    lines = page.table.loc[page.table["about"].eq("one study less")]
    assert lines["estimate"].to_numpy() == pytest.approx(left_out["estimate"].to_numpy(), rel=1e-9)


def test_whether_it_holds_is_counted_by_verdict() -> None:
    page = ev.sensitivity(ev.random_effects(MANY))
    told = page.table.iloc[1:]
    low, high = told["conf_low"], told["conf_high"]
    verdict = np.where(low > 0, "first", np.where(high < 0, "second", "open"))
    assert (told["verdict"] == verdict).all()
    assert (told["holds"] == (verdict == page.table["verdict"].iloc[0])).all()
    holds, total = int(told["holds"].sum()), len(told)
    assert f"holds under {holds} of {total} variations" in page.sentence()
    for name in told.loc[~told["holds"].astype(bool), "variation"].iloc[:4]:
        assert name in page.sentence()
    assert "<th>verdict</th>" in page._repr_html_()


def test_lines_of_dependent_effects_are_refits() -> None:
    page = ev.sensitivity(ev.multilevel(SEVERAL))
    assert _line(page, "rho = 0.9")["estimate"] == pytest.approx(ev.multilevel(SEVERAL, rho=0.9).estimate)
    table = SEVERAL.table
    without = replace(SEVERAL, table=table.loc[table["study"].ne("c")].reset_index(drop=True))
    assert _line(page, "without c")["conf_low"] == pytest.approx(ev.multilevel(without).conf_low)
    first = replace(SEVERAL, table=table.drop_duplicates("study").reset_index(drop=True))
    assert _line(page, "first row of each study")["estimate"] == pytest.approx(
        ev.random_effects(first).estimate
    )
    # Borenstein et al. 2009, chapter 24: mean of two effects, variance (v1 + v2 + 2 rho sqrt(v1 v2)) / 4.
    pairs = table["estimate"].to_numpy().reshape(6, 2), table["variance"].to_numpy().reshape(6, 2)
    y, v = pairs[0].mean(axis=1), (pairs[1].sum(axis=1) + 1.2 * np.sqrt(pairs[1].prod(axis=1))) / 4
    means = ev.random_effects(ev.effects_from(y, variance=v, study=list("abcdef")))
    assert _line(page, "one mean a study")["conf_high"] == pytest.approx(means.conf_high)


def test_partial_reports_stand_beside_what_they_rest_on() -> None:
    fit = ev.pool_partial(PARTIAL)
    page = ev.sensitivity(fit, studies=ROWS)
    beside = dict(fit.alongside)
    for name in beside:
        if beside[name].k:
            told = f"{name} (one study)" if beside[name].n_studies == 1 else name
            assert page.fits[told].estimate == beside[name].estimate
    assert {"sampling errors", "interval", "one study less", "reading"} <= set(page.table["about"])
    assert "pre-post correlation r = 0.7" not in set(page.table["variation"])
    other = ev.pool_partial(ev.effect_sizes(ROWS, measure="SMD", correlation=0.5))
    assert _line(page, "pre-post correlation r = 0.5")["estimate"] == pytest.approx(other.estimate, rel=1e-8)


def test_ratios_are_told_as_printed_and_few_studies_with_a_warning() -> None:
    page = ev.sensitivity(ev.random_effects(RATIOS))
    assert "arithmetic, not a test" in page.sentence()
    assert any("fewer than 10 studies" in reason for reason in page.not_tried["reason"])
    shown = f"{np.exp(-float(page.fit.estimate or 0.0)):.2f}"
    assert shown in page.sentence()


def test_effects_need_their_model() -> None:
    by_model = ev.sensitivity(MANY, model=ev.random_effects)
    assert by_model.table["estimate"].to_numpy() == pytest.approx(
        ev.sensitivity(ev.random_effects(MANY)).table["estimate"].to_numpy()
    )
    with pytest.raises(ev.ModelError, match="needs the model"):
        ev.sensitivity(MANY)
    with pytest.raises(ev.ModelError, match="takes a fit or effects; got int"):
        ev.sensitivity(3)  # type: ignore[arg-type]
    one = ev.random_effects(ev.effects_from([0.2], variance=0.1, study=["a"]))
    with pytest.raises(ev.ModelError, match="nothing was pooled"):
        ev.sensitivity(one)
    moderated = ev.meta_regression(replace(MANY, table=MANY.table.assign(x=range(12))), "~ x")
    with pytest.raises(ev.ModelError, match="several coefficients"):
        ev.sensitivity(moderated)


def test_equal_effects_hold_everywhere() -> None:
    page = ev.sensitivity(ev.random_effects(ev.effects_from([0.5] * 6, variance=0.01, study=list("abcdef"))))
    assert page.table["holds"].iloc[1:].all()
    assert np.nanmax(np.abs(page.table["change"])) < 1e-12


def test_the_same_numbers_are_no_separate_confirmation() -> None:
    y, v = [0.30, 0.32, 0.28, 0.31, 0.29], [0.02, 0.03, 0.04, 0.05, 0.06]
    page = ev.sensitivity(ev.random_effects(ev.effects_from(y, variance=v, study=list("abcde"))))
    assert page.fit.tau2 == 0.0
    told = page.table.iloc[1:]
    own = page.table.iloc[0]
    same = sum(
        all(abs(line[name] - own[name]) < 1e-9 for name in ("estimate", "conf_low", "conf_high"))
        for line in told.to_dict("records")
    )
    assert 1 < same < len(told)
    assert f"({same} of them give the same numbers)" in page.sentence()
    assert f"{same} of them give the same numbers" in ev.caption(ev.tornado(page))
    assert "same numbers" not in ev.sensitivity(ev.multilevel(SEVERAL)).sentence()


def test_what_rests_on_one_study_is_named_and_not_counted() -> None:
    effects = ev.effects_from([0.2, 0.4, 0.5], std_error=[0.1, 0.2, 0.15], study=list("abc"))
    effects = replace(effects, table=effects.table.assign(inferred=["no", "yes", "yes"]))
    page = ev.sensitivity(ev.random_effects(effects, tau2="DL"))
    name = "without inferred rows (one study)"
    line = _line(page, name)
    assert line["n_studies"] == 1
    assert pd.isna(line["holds"])  # type: ignore[call-overload]
    counted = int(page.table["holds"].iloc[1:].notna().sum())
    assert counted == int((page.table["n_studies"].iloc[1:] > 1).sum())
    assert f" of {counted} variations" in page.sentence()
    assert f"Not counted: {name}" in page.sentence()
    assert name in sensitivity_table(page).data["Varied"].tolist()
    assert name in tornado_rows(page)["variation"].tolist()


def test_stopped_work_keeps_what_is_finished(monkeypatch: pytest.MonkeyPatch) -> None:
    real, calls = page_module._line, []

    def stops(*arguments: object) -> object:
        calls.append(1)
        if len(calls) == 5:
            raise KeyboardInterrupt
        return real(*arguments)

    monkeypatch.setattr(page_module, "_line", stops)
    page = ev.sensitivity(ev.random_effects(MANY))
    assert len(page) == 3
    assert (page.not_tried["reason"] == "stopped by the user").sum() > 5
