"""The multiverse: every line is the fit that its choices name; what makes no sense is left out by name."""

from __future__ import annotations

import math
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import numpy as np
import pandas as pd
import pytest
from scipy import stats

import evidence as ev
from evidence.charts.specification_words import specification_curve_alt
from evidence.effects.record import Effects
from evidence.synthesis import multiverse_fit
from evidence.synthesis.multiverse_choices import NOT_APPLIED

RNG = np.random.default_rng(20261122)
STUDIES = [f"s{i}" for i in range(7)]
ALONE = ev.effects_from(
    RNG.normal(0.3, 0.3, 7),
    variance=RNG.uniform(0.02, 0.2, 7),
    study=STUDIES,
    setting=["a", "b", "a", "b", "a", "b", "c"],
)
SEVERAL = ev.effects_from(
    RNG.normal(0.3, 0.3, 10),
    variance=RNG.uniform(0.02, 0.2, 10),
    study=[*STUDIES, "s0", "s0", "s3"],
    setting=["a", "b", "a", "b", "a", "b", "c", "a", "b", "b"],
)


def _where(effects: Effects, setting: str) -> Effects:
    from dataclasses import replace

    wanted = {"all": {"a", "b", "c"}}.get(setting, set(setting.split(" + ")))
    table = effects.table
    return replace(effects, table=table.loc[table["setting"].isin(wanted)].reset_index(drop=True))


def _same(line: Any, fit: ev.MetaFit) -> None:  # noqa: ANN401
    for name in ("k", "n_studies", "estimate", "std_error", "conf_low", "conf_high", "p_value"):
        expected = getattr(fit, name)
        assert getattr(line, name) == pytest.approx(expected, rel=1e-8, abs=1e-9), name
    assert line.tau2_value == pytest.approx(fit.tau2, rel=1e-7, abs=1e-9)


def test_every_line_of_independent_effects_is_its_own_fit() -> None:
    found = ev.multiverse(
        ALONE,
        {
            "tau2": ["EE", "DL", "REML", "PM", "SJ", "ML"],
            "inference": ["z", "t", "HKSJ", "mHKSJ", "profile"],
            "setting": [None, ["a", "b"], "a"],
        },
        draws=0,
    )
    assert found.joint_test is None
    for line in found.table.itertuples():
        effects = _where(ALONE, line.setting)
        fit = (
            ev.common_effect(effects)
            if line.tau2 == "EE"
            else ev.random_effects(effects, tau2=line.tau2, inference=line.inference)
        )
        _same(line, fit)
    reasons = dict(zip(found.left_out["combination"], found.left_out["count"], strict=True))
    assert reasons == {"tau2 = EE, inference other than z": 12, "partial = out, inference = profile": 12}
    assert len(found) == 6 * 5 * 3 - 24
    assert found.left_out["reason"].str.len().gt(10).all()


def test_several_rows_of_a_study_are_nested_averaged_or_the_first() -> None:
    found = ev.multiverse(
        SEVERAL,
        {"rows": ["all", "mean", "first"], "rho": [0.3, 0.8], "tau2": ["DL", "REML"], "setting": [None, "b"]},
        draws=0,
    )
    for line in found.table.itertuples():
        effects = _where(SEVERAL, line.setting)
        if line.rows == "all":
            assert line.model == "multilevel"
            _same(line, ev.multilevel(effects, rho=float(line.rho), tau2=line.tau2))
            continue
        table = effects.table
        if line.rows == "first":
            assert line.rho == NOT_APPLIED
            table = table.drop_duplicates("study")
            y, v = table["estimate"].to_numpy(), table["variance"].to_numpy()
        else:
            rows = [group for _, group in table.groupby("study", sort=False)]
            y = np.array([g["estimate"].mean() for g in rows])
            # Borenstein et al. 2009, chapter 24: the variance of a mean of correlated effects.
            v = np.array(
                [
                    (
                        g["variance"].sum() * (1 - float(line.rho))
                        + float(line.rho) * np.sqrt(g["variance"]).sum() ** 2
                    )
                    / len(g) ** 2
                    for g in rows
                ]
            )
        plain = ev.effects_from(y, variance=v, study=[str(i) for i in range(len(y))])
        _same(line, ev.random_effects(plain, tau2=line.tau2))
    reasons = set(found.left_out["combination"])
    assert reasons == {"rows = all, tau2 other than ML and REML", f"choices marked {NOT_APPLIED}"}


SHIPPED = ev.example_studies().where(
    question="integrated_vs_isolated", level="study", domain=["power", "strength"]
)


def test_the_shipped_rows_in_every_version() -> None:
    found = ev.multiverse(
        SHIPPED,
        {
            "measure": ["SMD", "SMDH"],
            "correlation": [0.5, 0.8],
            "partial": ["in", "out"],
            "inferred": ["in", "out"],
            "rows": ["first", "all"],
            "domain": ["strength"],
        },
    )
    for line in found.table.itertuples():
        rows = SHIPPED.where(domain=str(line.domain))
        effects = ev.effect_sizes(rows, measure=str(line.measure), correlation=float(line.correlation))
        keep = effects.table["kind"].ne("unusable") & effects.table["main"].astype(bool)
        if line.inferred == "out":
            keep &= effects.table["inferred"].ne("yes")
        if line.partial == "out":
            keep &= effects.table["kind"].eq("exact")
        table = effects.table.loc[keep]
        if line.rows == "first":
            table = table.drop_duplicates("study")
        assert line.k == len(table) or line.note
        if line.partial == "in" and line.rows == "first":
            from dataclasses import replace

            kept = replace(effects, table=table.reset_index(drop=True))
            fit = ev.pool_partial(kept, prior=None)
            if fit.estimate is not None:
                assert line.estimate == pytest.approx(fit.estimate, rel=1e-8)
                assert line.conf_low == pytest.approx(fit.conf_low, rel=1e-6)
    assert "specifications" in found.sentence()
    assert "<td>rows</td>" in found._repr_html_()


def test_variance_shares_are_those_of_an_analysis_of_variance() -> None:
    # A balanced two-way layout: shares by the textbook's sums of squares.
    from evidence.synthesis.multiverse_choices import Factor, Plan
    from evidence.synthesis.multiverse_tests import influence_of_choices

    codes = np.array([[i, j] for i in range(2) for j in range(3)], dtype=np.int32)
    factors = (Factor("a", (0, 1), ("0", "1")), Factor("b", (0, 1, 2), ("0", "1", "2")))
    y = np.array([1.0, 2.0, 4.0, 3.0, 3.0, 9.0])
    found = influence_of_choices(Plan(factors, codes, pd.DataFrame()), y).set_index("choice")
    grid = y.reshape(2, 3)
    total = ((y - y.mean()) ** 2).sum()
    ss_a = 3 * ((grid.mean(axis=1) - y.mean()) ** 2).sum()
    ss_b = 2 * ((grid.mean(axis=0) - y.mean()) ** 2).sum()
    assert found.loc["a", "alone"] == pytest.approx(100 * ss_a / total)
    assert found.loc["b", "alone"] == pytest.approx(100 * ss_b / total)
    assert found.loc["a", "with_others"] == pytest.approx(100 * (total - ss_b) / total)
    assert found.loc["b", "with_others"] == pytest.approx(100 * (total - ss_a) / total)
    assert found.loc["b", "range"] == pytest.approx(4.5)
    assert found.index[0] == "b"


def test_the_joint_test_of_one_specification_is_the_permutation_test_by_signs() -> None:
    # One specification with a common effect: the median is the mean, whose sign-flip distribution is exact.
    effects = ev.effects_from([0.1, 0.5, 0.3, 0.4, -0.2, 0.6], variance=0.04, study=list("abcdef"))
    found = ev.multiverse(effects, {"tau2": ["EE"], "inference": ["z"]}, draws=200).joint_test
    assert found is not None
    assert found.exact
    assert found.draws == 64
    expected = ev.permutation_test(ev.common_effect(effects), exact=True).p_value
    assert found.p_median == found.p_stouffer == pytest.approx(expected)


def test_joint_p_values_are_uniform_under_the_null() -> None:
    rng = np.random.default_rng(4)
    p = []
    for _ in range(100):
        v = rng.uniform(0.02, 0.2, 9)
        effects = ev.effects_from(
            rng.normal(0, np.sqrt(v)), variance=v, study=list("abcdefghi"), g=["x", "y", "z"] * 3
        )
        found = ev.multiverse(
            effects, {"tau2": ["EE"], "inference": ["z"], "g": [None, ["x", "y"]]}, draws=100
        )
        assert found.joint_test is not None
        p.append(found.joint_test.p_median)
    assert stats.kstest(np.array(p) - rng.uniform(0, 0.01, 100), "uniform").pvalue > 0.001


def test_clear_effects_are_found_by_all_three_statistics() -> None:
    effects = ev.effects_from(np.full(10, 0.5), variance=0.01, study=list("abcdefghij"))
    found = ev.multiverse(effects, {"tau2": ["DL", "REML"]}, draws=400).joint_test
    assert found is not None
    # 2 of the 1,024 patterns of signs are as far out; a clear result needs about nine signs of ten alike.
    assert max(found.p_median, found.p_stouffer) < 0.01
    assert found.p_clear < 0.05
    assert found.clear == 2


def test_results_do_not_depend_on_workers_order_or_scale() -> None:
    choices = {"rows": ["all", "mean"], "tau2": ["REML", "ML"], "inference": ["z", "HKSJ"]}
    alone = ev.multiverse(SEVERAL, choices, draws=30)
    with ThreadPoolExecutor(2) as pool:
        shared = ev.multiverse(SEVERAL, choices, draws=30, executor=pool)
    pd.testing.assert_frame_equal(alone.table, shared.table)
    from dataclasses import replace

    turned = replace(SEVERAL, table=SEVERAL.table.iloc[::-1].reset_index(drop=True))
    back = ev.multiverse(turned, choices, draws=0)
    assert back.table["estimate"].to_numpy() == pytest.approx(alone.table["estimate"].to_numpy(), rel=1e-8)
    table = SEVERAL.table
    big = ev.effects_from(
        1e6 * table["estimate"], variance=1e12 * table["variance"], study=list(table["study"])
    )
    scaled = ev.multiverse(big, choices, draws=0).table
    assert scaled["estimate"].to_numpy() == pytest.approx(1e6 * alone.table["estimate"].to_numpy(), rel=1e-7)


@pytest.mark.parametrize(
    ("choices", "said"),
    [
        ({}, "choices is a dict of named lists"),
        ({"tauu2": ["DL"]}, "did you mean tau2|must be one of"),
        ({"tau2": ["remel"]}, "remel"),
        ({"tau2": []}, "no value to choose from"),
        ({"tau2": ["DL", "DL"]}, "twice"),
        ({"rho": [1.5]}, "from 0 to 1; got 1.5"),
        ({"rho": ["x"]}, "from 0 to 1; got nan"),
        ({"setting": ["zz"]}, "zz"),
        ({"measure": ["SMD"]}, "have their measure already"),
        ({"tau2": ["DL"], "inference": ["profile"]}, "no combination of these choices makes sense"),
        ({"rho": list(np.linspace(0, 1, 3000)), "row_id": [None, *ALONE.table["row_id"]]}, None),
    ],
)
def test_bad_choices_are_refused_by_name(choices: dict[str, Any], said: str | None) -> None:
    if said is None:  # large, but allowed: rho plays no part where no study has two rows
        assert len(ev.multiverse(ALONE, choices, draws=0)) == 8
        return
    with pytest.raises(ev.ModelError, match=said):
        ev.multiverse(ALONE, choices)


def test_bad_data_are_refused_by_name() -> None:
    with pytest.raises(ev.ModelError, match="takes Effects or Studies; got list"):
        ev.multiverse([1, 2], {"tau2": ["DL"]})  # type: ignore[arg-type]
    with pytest.raises(ev.ModelError, match='need the choice "measure"'):
        ev.multiverse(SHIPPED, {"tau2": ["DL"]})
    with pytest.raises(ev.ModelError, match="cannot stand beside each other"):
        ev.multiverse(SHIPPED, {"measure": ["SMD", "MD"]})
    with pytest.raises(ev.ModelError, match="at most 5,000,000"):
        ev.multiverse(
            SEVERAL,
            {
                "rho": list(np.linspace(0, 1, 1001)),
                "tau2": ["DL", "REML", "ML", "EE", "PM"],
                "inference": ["z", "t", "HKSJ", "mHKSJ"],
                "rows": ["all", "mean", "first"],
                "row_id": [None, *SEVERAL.table["row_id"]],
                "study": [None, *STUDIES],
            },
        )


@pytest.mark.parametrize("k", [1, 2, 3])
def test_few_studies_are_shown_and_said(k: int) -> None:
    effects = ev.effects_from([0.1, 0.4, 0.2][:k], variance=[0.02, 0.05, 0.03][:k], study=list("abc")[:k])
    found = ev.multiverse(effects, {"tau2": ["DL", "REML"], "inference": ["z", "HKSJ"]})
    assert len(found) == 4
    if k == 1:
        assert "None of the 4 specifications pools studies" in found.sentence()
        assert found.table["note"].str.contains("one study").all()
        assert found.joint_test is None
    else:
        assert "cannot be small" in found.sentence()


def test_stopped_work_says_which_specifications_are_missing(monkeypatch: pytest.MonkeyPatch) -> None:
    real, calls = multiverse_fit._verb, []

    def stops(job: object) -> object:
        calls.append(job)
        if len(calls) == 2:
            raise KeyboardInterrupt
        return real(job)

    monkeypatch.setattr(multiverse_fit, "_verb", stops)
    found = ev.multiverse(SEVERAL, {"tau2": ["ML", "REML"], "rho": [0.2, 0.6]}, draws=0)
    assert found.table["note"].str.contains("stopped by the user").sum() == 3
    assert found.table["estimate"].notna().sum() == 1


def test_values_of_a_filter_are_found_whatever_their_case() -> None:
    effects = ev.effects_from([0.1, 0.4, 0.3], std_error=0.2, study=["Ahn", "Berg", "Cole"])
    found = ev.multiverse(effects, {"study": [["ahn", "BERG"], ["Ahn", "Cole"]]}, draws=20)
    same = ev.multiverse(effects, {"study": [["Ahn", "Berg"], ["Ahn", "Cole"]]}, draws=20)
    assert list(found.table["estimate"]) == list(same.table["estimate"])
    assert list(found.table["k"]) == [2, 2]


def test_partial_rows_alone_are_refused_with_the_way_out() -> None:
    low, high = [0.0, -0.5, 0.1], [math.inf, 0.5, math.inf]
    effects = ev.effects_from([None] * 3, std_error=0.3, low=low, high=high, study=list("abc"))
    for choices in ({"tau2": ["EE", "DL"]}, {"partial": ["out"]}, {"tau2": ["ML"], "inference": ["profile"]}):
        with pytest.raises(ev.ModelError, match=r"partial='out'.*3 of 3 rows.*'partial': \['in'\]"):
            ev.multiverse(effects, choices)
    found = ev.multiverse(effects, {"partial": ["in"]})
    assert np.isfinite(found.table["estimate"]).all()
    both = ev.multiverse(effects, {"partial": ["in", "out"]})
    assert both.table["estimate"].notna().sum() == 1


def _events() -> ev.Studies:
    from helpers_studies import studies_of

    common = {
        "outcome": "injury",
        "better": "lower",
        "basis": "counts_or_means_only",
        "total_e": 100,
        "total_c": 100,
    }
    counts = ((20, 30), (10, 25), (15, 40), (30, 35), (12, 20))
    return studies_of(
        *({**common, "study": f"s{i}", "events_e": e, "events_c": c} for i, (e, c) in enumerate(counts))
    )


def test_estimates_by_two_measures_have_two_ranges() -> None:
    found = ev.multiverse(_events(), {"measure": ["RR", "OR"], "tau2": ["EE", "DL"]}, draws=0)
    said = found.sentence()
    for measure in ("RR", "OR"):
        alone = ev.multiverse(_events(), {"measure": [measure], "tau2": ["EE", "DL"]}, draws=0)
        np.testing.assert_allclose(found.printed()[measure], alone.printed()[measure])
        one = alone.sentence().split("lies ")[1].split(";")[0]
        assert f"{one} by {measure} (" in said
    assert "is measure" not in said
    assert found.moves_most() is None or found.moves_most()["choice"] != "measure"
    assert any("RR and OR, the exponential of minus that" in note for note in found.notes)
    assert "RR from" in specification_curve_alt(found)
    assert "OR from" in specification_curve_alt(found)


def test_choices_that_move_nothing_that_is_printed_are_not_ranked() -> None:
    effects = ev.effects_from([0.1, 0.1, 0.14, 0.102], variance=[0.001, 0.01, 0.1, 0.03], part=list("aaab"))
    found = ev.multiverse(effects, {"part": [None, "a"]}, draws=0)
    values = found.table["estimate"]
    assert 0.0 < np.ptp(values) < 0.005
    assert "moves it most" not in found.sentence()
    bound = float(found.sentence().split("by more than ")[1].rstrip("."))
    assert np.ptp(values) <= bound <= 2.0 * np.ptp(values)
    assert "moves them most" not in specification_curve_alt(found)
