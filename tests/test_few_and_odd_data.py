"""Every question of a reviewer, asked of few or odd data: a defined answer, or a refusal that says why.

Never a number that is none (NaN, infinity) in a field or a sentence, never a warning (pytest makes them
errors), never a traceback of something else than ModelError.
"""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Callable

import numpy as np
import pandas as pd
import pytest

import evidence as ev

EQUAL = [0.3] * 6
SPREAD = [0.1, 0.2, 0.3, 0.15, 0.25, 0.35]
FIVE = [0.3, 0.6, 0.1, 0.9, 0.45]
CASES: dict[str, tuple[list[float], list[float]]] = {
    "one": ([0.3], [0.2]),
    "one, significant": ([0.9], [0.2]),
    "two": (FIVE[:2], [0.2, 0.3]),
    "three": (FIVE[:3], [0.2, 0.3, 0.25]),
    "five": (FIVE, [0.2, 0.3, 0.25, 0.4, 0.15]),
    "all equal": (EQUAL, SPREAD),
    "all equal, as precise": (EQUAL, [0.2] * 6),
    "all zero": ([0.0] * 6, SPREAD),
    "no spread between": ([0.30, 0.31, 0.29, 0.33, 0.28, 0.32], [0.2, 0.3, 0.25, 0.4, 0.15, 0.35]),
    "one dominates": ([*FIVE, 0.2], [1e-4, 0.3, 0.25, 0.4, 0.3, 0.35]),
    "one dominates, far out": ([*FIVE, 5.0], [0.3, 0.3, 0.25, 0.4, 0.3, 1e-5]),
    "as precise": ([*FIVE, 0.2], [0.2] * 6),
    "all significant": ([1.0, 1.2, 0.9], [0.2, 0.25, 0.3]),
}


def _effects(name: str, scale: str = "identity") -> ev.Effects:
    y, se = CASES[name]
    k = len(y)
    return ev.effects_from(
        y,
        std_error=se,
        study=[f"s{i}" for i in range(k)],
        year=[2000 + i for i in range(k)],
        measure="SMD" if scale == "identity" else "RR",
        scale=scale,
        events_e=[5 + i for i in range(k)],
        n_e=[20 + 3 * i for i in range(k)],
        events_c=[7 + (2 * i) % 5 for i in range(k)],
        n_c=[22 + 2 * i for i in range(k)],
    )


Ask = Callable[[ev.Effects], object]
BIAS: dict[str, Ask] = {
    "egger": ev.funnel_test,
    "egger, REML": lambda e: ev.funnel_test(e, model="REML"),
    "egger, EE": lambda e: ev.funnel_test(e, model="EE"),
    "egger, multilevel": lambda e: ev.funnel_test(e, model="multilevel"),
    "begg": lambda e: ev.funnel_test(e, method="begg"),
    "harbord": lambda e: ev.funnel_test(e, method="harbord"),
    "trim and fill": ev.trim_and_fill,
    "trim and fill, R0": lambda e: ev.trim_and_fill(e, estimator="R0", side="right"),
    "trim and fill, Q0": lambda e: ev.trim_and_fill(e, estimator="Q0", side="left"),
    "PET-PEESE": ev.pet_peese,
    **{
        f"selection, {form}": (lambda e, form=form: ev.selection_model(e, selection=form))
        for form in ("stepfun", "beta", "halfnorm", "negexp", "logistic", "power")
    },
    "p-curve": ev.p_curve,
    "p-uniform*": ev.p_uniform_star,
    "worst case": lambda e: ev.worst_case(e, 5.0),
    "worst case, fixed": lambda e: ev.worst_case(e, model="fixed"),
    "S-value": ev.s_value,
    "S-value, fixed": lambda e: ev.s_value(e, model="fixed"),
    "excess": ev.excess_significance_test,
    "excess, chi2": lambda e: ev.excess_significance_test(e, test="chi2"),
    **{
        f"fail-safe, {method}": (lambda e, method=method: ev.fail_safe_n(e, method=method))
        for method in ("Rosenthal", "Orwin", "Rosenberg")
    },
}
OTHERS: dict[str, Ask] = {
    "leave one out": ev.leave_one_out,
    "leave one out, partial": lambda e: ev.leave_one_out(ev.pool_partial(e, prior=None)),
    "influence": ev.influence,
    "influence, partial": lambda e: ev.influence(ev.pool_partial(e, prior=None)),
    "cumulative": ev.cumulative,
    "gosh": ev.gosh,
    "gosh, drawn": lambda e: ev.gosh(e, subsets=200, seed=1),
    "permutation": lambda e: ev.permutation_test(e, draws=100, seed=1),
    "permutation, common": lambda e: ev.permutation_test(ev.common_effect(e), draws=100, seed=1),
    "bootstrap": lambda e: ev.bootstrap(e, draws=60),
    "bootstrap, cluster": lambda e: ev.bootstrap(e, draws=60, kind="cluster"),
    "multiverse": lambda e: ev.multiverse(
        e, {"tau2": ["EE", "DL", "REML"], "inference": ["z", "HKSJ"]}, draws=20
    ),
    "sensitivity": lambda e: ev.sensitivity(ev.random_effects(e)),
    "power": lambda e: ev.power(ev.random_effects(e)),
    "next trial": lambda e: ev.next_trial(ev.random_effects(e), variance=2.0),
    "direction": ev.direction_test,
}
OPEN = {"ratio", "conf_low", "conf_high"}
"""Columns whose infinity has a meaning: the worst case's ratio, and an end that the data leave open."""

WRONG = ("nan", "NaN", "inf ", "∞", "e−1", "00000000")


def _said_of(found: object) -> str:
    return str(found.sentence())  # type: ignore[attr-defined]


def _check(found: object) -> None:
    for field in dataclasses.fields(found):  # type: ignore[arg-type]
        value = getattr(found, field.name)
        if isinstance(value, float):
            assert math.isfinite(value), field.name
        elif isinstance(value, np.ndarray) and value.dtype.kind == "f":
            assert np.isfinite(value).all(), field.name
        elif isinstance(value, pd.DataFrame):
            for name in value.columns:
                if value[name].dtype.kind == "f" and name not in OPEN:
                    assert not np.isinf(value[name]).any(), (field.name, name)
    text = _said_of(found)
    assert text
    assert not [word for word in WRONG if word in text], text
    assert not any("nan" in note.split() or "∞" in note for note in found.notes)  # type: ignore[attr-defined]
    assert len(repr(found).splitlines()) <= 15
    assert found._repr_html_()  # type: ignore[attr-defined]


@pytest.mark.parametrize("case", CASES)
@pytest.mark.parametrize("verb", [*BIAS, *OTHERS])
def test_a_defined_answer_or_a_refusal_that_says_why(verb: str, case: str) -> None:
    effects = _effects(case)
    try:
        found = (BIAS | OTHERS)[verb](effects)
    except ev.ModelError as refusal:
        text = str(refusal)
        assert len(text) > 30
        assert not text.startswith("1 effects")
        return
    _check(found)
    if verb not in BIAS:
        return
    # Each look for bias says below which number of studies it should not be read.
    said, notes = _said_of(found), " ".join(found.notes)  # type: ignore[attr-defined]
    if verb.startswith("fail-safe"):
        assert "should not be read as one, with any number of studies" in said
    else:
        assert "fewer than 10" in said
        assert "too few: below 10" in notes


@pytest.mark.parametrize("case", ["two", "five", "one dominates", "as precise"])
@pytest.mark.parametrize(
    "verb",
    ["PET-PEESE", "selection, stepfun", "p-uniform*", "worst case", "S-value", "egger", "trim and fill"],
)
def test_of_ratios_the_notes_give_the_estimate_on_both_scales(verb: str, case: str) -> None:
    try:
        found = BIAS[verb](_effects(case, "log"))
    except ev.ModelError:
        return
    _check(found)
    (note,) = [note for note in found.notes if "log scale" in note]  # type: ignore[attr-defined]
    assert "sentences give the RR" in note
    assert " there is RR " in note
    plain = BIAS[verb](_effects(case))
    assert not [note for note in plain.notes if "log scale" in note]  # type: ignore[attr-defined]
    display = getattr(found, "display", None)
    if display is not None:
        ends = (display["estimate"], display["conf_low"], display["conf_high"])
        own = (found.estimate, found.conf_low, found.conf_high)  # type: ignore[attr-defined]
        for shown, value in zip(ends, own, strict=True):
            assert value is None if shown is None else math.isclose(shown, math.exp(value))
        assert plain.display["estimate"] == plain.estimate  # type: ignore[attr-defined]


@pytest.mark.parametrize("verb", ["permutation", "bootstrap"])
def test_resampling_of_ratios_names_the_scale(verb: str) -> None:
    found = OTHERS[verb](_effects("five", "log"))
    notes = " ".join(found.notes)  # type: ignore[attr-defined]
    assert "log scale" in notes
    assert "RR" in notes


def test_a_ratio_whose_sign_is_turned_keeps_the_printed_order() -> None:
    effects = dataclasses.replace(_effects("five", "log"), display_sign=-1)
    found = ev.pet_peese(effects)
    low, high = found.display["conf_low"], found.display["conf_high"]
    assert low is not None
    assert high is not None
    assert low < high
    assert math.isclose(low, math.exp(-found.conf_high))


def test_identical_effects_leave_a_robust_standard_error_nothing() -> None:
    with pytest.raises(ev.ModelError, match=r"are the same: .* use model='fixed'"):
        ev.worst_case(_effects("all equal"))
    assert ev.worst_case(_effects("all equal"), model="fixed").std_error > 0.0


def test_a_study_with_all_the_weight_is_refused_by_name_not_answered_by_nan() -> None:
    with pytest.raises(ev.ModelError, match="rests on one group of the outermost level alone"):
        ev.funnel_test(_effects("one dominates"), model="multilevel")


def test_an_open_end_is_none_and_named() -> None:
    found = ev.p_uniform_star(_effects("all equal, as precise"))
    assert found.conf_high is None
    assert "no upper limit" in found.sentence()
    assert any(note.startswith("The likelihood sets no limit to the mean from above") for note in found.notes)


def test_the_note_on_few_studies_of_a_next_trial_is_there_only_where_it_applies() -> None:
    few, enough = (ev.random_effects(_effects(name)) for name in ("three", "five"))
    assert any("fewer than 5" in note for note in ev.next_trial(few, variance=2.0).notes)
    assert "(3 studies: too few to rely on)" in ev.next_trial(few, variance=2.0).sentence()
    plan = ev.next_trial(enough, variance=2.0)
    assert not any("fewer than" in note for note in plan.notes)
    assert "too few" not in plan.sentence()
    table = ev.effects_from(
        [0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8], std_error=0.2, group=["a"] * 6 + ["b"] * 2
    )
    both = ev.next_trial(ev.compare(table, by="group", model=ev.random_effects), variance=2.0)
    assert [note for note in both.notes if "fewer than 5" in note] == [
        "Not to be relied on with fewer than 5 studies (b)."
    ]


def test_resampling_identical_effects_says_that_there_is_no_spread_to_show() -> None:
    found = ev.bootstrap(_effects("all equal"), draws=60, kind="cluster")
    assert any("resampling them shows no spread" in note for note in found.notes)
    assert not any(
        "no spread" in note for note in ev.bootstrap(_effects("five"), draws=60, kind="cluster").notes
    )
