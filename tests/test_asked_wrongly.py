"""Sensitivity, bias and plans asked wrongly or at the edge: a reason or a defined answer."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd
import pytest

import evidence as ev
from evidence.synthesis import multiverse_tests, sensitivity_variations

Y = [0.1, 0.3, 0.2, 0.6, 0.4, 0.5, 0.35]
V = [0.04, 0.03, 0.05, 0.02, 0.06, 0.04, 0.03]
EFFECTS = ev.effects_from(Y, variance=V)
FIT = ev.random_effects(EFFECTS)
CHOICES = {"tau2": ["EE", "DL", "REML"], "inference": ["z", "HKSJ"]}
PRINTED_TURNED = replace(ev.effects_from(Y, variance=V, scale="log", measure="RR"), display_sign=-1)


def _asked(verb: str, **given: object) -> object:
    data: object = FIT if verb in ("power", "next_trial", "sensitivity") else EFFECTS
    more = {"variance": 2.0} if verb == "next_trial" else {}
    return getattr(ev, verb)(data, **{**more, **given})


WRONG: list[tuple[str, dict[str, object]]] = [
    *(("permutation_test", {"draws": bad}) for bad in ("x", None, math.nan, 1.5, [1], True, 10**30)),
    *(("permutation_test", {"exact": bad}) for bad in ("x", 1, math.nan)),
    *(("permutation_test", {"seed": bad}) for bad in ("x", -1, 1.5)),
    *(("bootstrap", {"draws": bad}) for bad in ("x", None, 0, 10**30)),
    *(("bootstrap", {"seed": bad}) for bad in ("x", None, -1, 1.5, math.inf, True)),
    *(("gosh", {"subsets": 50, "seed": bad}) for bad in ("x", -1, 1.5)),
    *(("gosh", {"subsets": bad}) for bad in ("x", 0, 1.5, 10**30)),
    *(("sensitivity", {"studies": bad}) for bad in ("x", 1, [1], EFFECTS)),
    *(("sensitivity", {"model": bad}) for bad in ("x", 1, [1])),
    *(("power", {"effects": bad}) for bad in ("x", None, math.nan, [], [0.2, None], [0.2, 0.2])),
    *(("next_trial", {"n": bad}) for bad in ("x", None, 1, 1.5, [], [True], 10**30)),
    *(("next_trial", {"effect": bad}) for bad in ("x", math.nan, math.inf)),
    *(("selection_model", {"steps": bad}) for bad in (None, math.nan, -1, True, "x")),
    *(("selection_model", {"delta": bad}) for bad in (math.nan, -1, True, math.inf)),
    *(("selection_model", {"formula": bad}) for bad in (None, 1, ["~ 1"])),
]


@pytest.mark.parametrize(("verb", "given"), WRONG)
def test_what_cannot_be_meant_is_refused_by_name(verb: str, given: dict[str, object]) -> None:
    name = list(given)[-1]
    with pytest.raises(ev.ModelError, match=name):
        _asked(verb, **given)


@pytest.mark.parametrize("bad", [FIT, 1.5, None, {}, pd.DataFrame(), [None], "t(8) = 2.1"])
def test_a_p_curve_is_of_effects_or_printed_tests(bad: object) -> None:
    with pytest.raises(ev.ModelError, match="test"):
        ev.p_curve(bad)  # type: ignore[arg-type]  # that is the question


def test_printed_tests_may_stand_in_a_column() -> None:
    lines = ["t(88) = 2.9", "r(147) = .31", "z = 3.45"]
    assert ev.p_curve(pd.Series(lines)).table.equals(ev.p_curve(lines).table)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("choices", "said"),
    [
        ({"tau2": ["DL", "dl"]}, "same name"),
        ({"Tau2": ["DL"], "tau2": ["REML"]}, "named twice"),
        ({"setting": ["1", 1]}, "same name"),
        ({"setting": [None, "all"]}, "same name"),
    ],
)
def test_choices_that_nobody_could_tell_apart_are_refused(choices: dict[str, Any], said: str) -> None:
    effects = ev.effects_from(Y, variance=V, setting=["1", "1", "1", "all", "all", "all", "all"])
    with pytest.raises(ev.ModelError, match=said):
        ev.multiverse(effects, choices, draws=0)


@pytest.mark.parametrize("given", [{"seed": "a"}, {"seed": -1}, {"seed": None}, {"executor": 4}])
def test_a_multiverse_refuses_a_wrong_seed_and_executor(given: dict[str, Any]) -> None:
    with pytest.raises(ev.ModelError, match=next(iter(given))):
        ev.multiverse(EFFECTS, CHOICES, **given)


@pytest.mark.parametrize("scale", [1e-150, 1e-13, 1.0, 1e150])
def test_shares_and_intervals_do_not_depend_on_the_unit(scale: float) -> None:
    y, v = np.array(Y), np.array(V)
    moved = ev.effects_from((y * scale).tolist(), variance=(v * scale * scale).tolist())
    shares = ev.multiverse(moved, CHOICES, draws=0).choices[["alone", "with_others"]]
    expected = ev.multiverse(EFFECTS, CHOICES, draws=0).choices[["alone", "with_others"]]
    np.testing.assert_allclose(shares, expected, rtol=1e-5, atol=1e-6)
    here, there = (ev.bootstrap(e, draws=200).table for e in (EFFECTS, moved))
    columns = ["bca_low", "bca_high"]
    np.testing.assert_allclose(there.loc[0, columns] / scale, here.loc[0, columns].astype(float), rtol=1e-6)
    found, worst = ev.worst_case(EFFECTS), ev.worst_case(moved)
    assert (worst.estimate / scale, worst.conf_low / scale) == pytest.approx(
        (found.estimate, found.conf_low), rel=1e-8
    )


@pytest.mark.parametrize("least", [1e-9, 1e-25, 1e-30])
def test_i2_of_a_subset_with_a_dominating_study_is_that_of_its_fit(least: float) -> None:
    v = [least, *V[1:]]
    cloud = ev.gosh(ev.effects_from(Y, variance=v), tau2="DL")
    at = int(np.flatnonzero(cloud.k == 7)[0])
    # Higgins & Thompson (2002): (k - 1) sum w / ((sum w)^2 - sum w^2), the difference pair by pair.
    w = least / np.array(v)
    pairs = sum(2.0 * w[i] * w[j] for i in range(7) for j in range(i))
    typical = least * 6.0 * w.sum() / pairs
    assert cloud.i2[at] == pytest.approx(100.0 * cloud.tau2[at] / (cloud.tau2[at] + typical), rel=1e-10)
    assert np.isfinite(cloud.i2).all()


def test_a_weight_beyond_all_numbers_has_an_infinite_limit() -> None:
    effects = ev.effects_from([1.0, 0.9, 0.3, -0.6], variance=[1e-9, 0.05, 0.04, 0.06])
    assert ev.selection_model(effects).sentence()


def test_printed_ratios_stand_the_right_way_round() -> None:
    fit = ev.random_effects(PRINTED_TURNED)
    assert fit.display["estimate"] is not None
    assert fit.display["estimate"] < 1.0
    said = ev.multiverse(PRINTED_TURNED, CHOICES, draws=0).sentence()
    low, high = said.split("between ")[1].split(", median")[0].split(" and ")
    assert float(low) <= float(high) < 1.0
    said = ev.leave_one_out(PRINTED_TURNED).sentence()
    low, high = (part.split(" ")[0] for part in said.split("between ")[1].split(" and ")[:2])
    assert float(low) < float(high) < 1.0
    filled = ev.trim_and_fill(PRINTED_TURNED, side="left")
    assert filled.side == "left"
    assert "on the side that favours the second arm" in filled.sentence()


def test_power_of_ratios_is_said_in_ratios() -> None:
    found = ev.power(ev.random_effects(PRINTED_TURNED))
    effect = float(found.table["detectable"].iloc[0])
    assert f"{math.exp(-effect):.2f} or {math.exp(effect):.2f}" in found.sentence()
    assert any("log scale" in note for note in found.notes)
    assert not ev.power(FIT).log


def test_equal_effects_have_no_study_that_moves_them() -> None:
    equal = ev.effects_from([0.3] * 6, variance=V[:6])
    assert "No study moves them." in ev.gosh(equal).sentence()
    assert "the only subset" in ev.gosh(ev.effects_from(Y[:2], variance=V[:2])).sentence()


def test_studies_of_one_name_are_told_apart() -> None:
    effects = ev.effects_from([0.1, 0.2, 0.1, 0.2, 3.0], variance=0.02, label=["A"] * 5)
    said = ev.influence(effects).sentence()
    assert "row 5" in said


@pytest.mark.parametrize("k", [2, 3])
def test_draws_from_a_model_of_few_studies_warn(k: int) -> None:
    found = ev.bootstrap(ev.effects_from(Y[:k], variance=V[:k]), draws=100)
    assert "fewer than 5 studies" in found.sentence()
    assert any("one study has no tau²" in note for note in found.notes) == (k == 2)


@pytest.mark.parametrize("at", [1, 6])
def test_a_stopped_joint_test_loses_no_specification(at: int, monkeypatch: pytest.MonkeyPatch) -> None:
    real: Callable[..., Any] = multiverse_tests._statistics
    calls: list[int] = []

    def stops(exact: object, signs: object) -> object:
        if signs is not None:
            calls.append(1)
            if len(calls) == at:
                raise KeyboardInterrupt
        return real(exact, signs)

    monkeypatch.setattr(multiverse_tests, "_statistics", stops)
    found = ev.multiverse(EFFECTS, CHOICES)
    assert found.table["estimate"].notna().all()
    if at == 1:
        assert found.joint_test is None
    else:
        assert found.joint_test is not None
        assert found.joint_test.draws == at - 1
        assert not found.joint_test.exact
        assert "stopped by the user after 5 of 128" in found.joint_test.note


def test_another_measure_keeps_the_correlation_of_the_result(monkeypatch: pytest.MonkeyPatch) -> None:
    rows = ev.example_studies().where(
        question="integrated_vs_isolated",
        level="study",
        comparator_class=["isolated_strength", "traditional_training"],
        domain="endurance",
    )
    fit = ev.pool_partial(ev.effect_sizes(rows, measure="SMD", correlation=0.9))
    assert any("correlation of r = 0.9 between" in note for note in fit.notes)
    asked: list[tuple[object, object]] = []

    def records(studies: ev.Studies, *, measure: str, correlation: float | None) -> ev.Effects:
        asked.append((measure, correlation))
        return ev.effect_sizes(studies, measure=measure, correlation=correlation)

    monkeypatch.setattr(sensitivity_variations, "effect_sizes", records)
    ev.sensitivity(fit, studies=rows)
    assert asked == [("SMD", 0.5), ("SMD", 0.7), ("SMDH", 0.9), ("SMD1", 0.9)]


def test_the_number_of_draws_is_that_asked_for_or_the_note_says_why_not(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    few = ev.multiverse(EFFECTS, CHOICES, draws=10).joint_test
    assert few is not None
    assert few.draws == 10
    monkeypatch.setattr(multiverse_tests, "_MOST_CELLS", 150)
    capped = ev.multiverse(EFFECTS, CHOICES, draws=100).joint_test
    assert capped is not None
    assert capped.draws == 30
    assert "100 were asked for" in capped.note
