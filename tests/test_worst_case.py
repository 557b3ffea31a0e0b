"""Worst case and S-value against the authors' printed example and robumeta; their properties; refusals."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import evidence as ev

SEED = st.integers(0, 10_000)
# As printed in the documentation of PublicationBias 2.3.0 (pubbias_svalue): 13 trials, signs turned.
Y = [0.88931133, 1.58538866, 1.34807315, 1.44155119, 0.21754732, 0.78611559, 1.62089822, -0.01195233]
Y += [0.46941765, 1.37134480, 0.33935883, -0.44591340, 0.01731395]
V = [0.325584765, 0.194581121, 0.415367965, 0.020010032, 0.051210172, 0.006905618, 0.223017248]
V += [0.003961579, 0.056434210, 0.073024794, 0.012412214, 0.532505845, 0.071404660]


def trials(**columns: object) -> ev.Effects:
    return ev.effects_from(Y, variance=V, **columns)  # type: ignore[arg-type]


def test_the_authors_printed_s_values() -> None:
    """PublicationBias 2.3.0, documentation of pubbias_svalue, fixed and robust.

    Printed: to 0, limit 7.58431 (the mean: -76.9, which is "not possible"); to log 0.9, 8.261336 and
    3.406779; robust to 0, "Not possible" and 4.17.
    """
    to_null = ev.s_value(trials(), model="fixed")
    assert to_null.estimate is None
    assert to_null.limit == pytest.approx(7.58431, abs=5e-6)
    to_q = ev.s_value(trials(), to=-math.log(0.9), model="fixed")
    assert to_q.estimate == pytest.approx(8.261336, abs=2e-6)
    assert to_q.limit == pytest.approx(3.406779, abs=1e-6)
    robust = ev.s_value(trials())
    assert robust.estimate is None
    assert robust.limit == pytest.approx(4.17, abs=5e-3)
    assert "no selection of this kind is enough" in robust.sentence()


@pytest.mark.parametrize(
    ("ratio", "expected"),
    [
        (1.0, (0.714532348365101, 0.164640883863542, 10.174874236673, 0.00140832552886416)),
        (4.17, (0.401970319689786, 0.145187957239716, 4.02375161329668, 0.0500706742574426)),
        (50.0, (0.161702564906835, 0.13708198990914, 3.08407302248748, 0.321089541539649)),
    ],
)
def test_robust_means_are_robumetas(ratio: float, expected: tuple[float, ...]) -> None:
    """robumeta 2.0 robu(small = TRUE) with weights 1/(v + tau²) over the ratio, tau² by metafor 3.8, REML."""
    line = ev.worst_case(trials(), ratio).table.iloc[1]
    ours = [line["estimate"], line["std_error"], line["df"], line["p_value"]]
    # The effects are printed with eight decimals.
    assert ours == pytest.approx(expected, rel=2e-7)


def test_clustered_and_worst_cases_are_robumetas() -> None:
    """robumeta, five studies of two or three effects: ratio 3, and the nonaffirmative effects alone."""
    table = ev.worst_case(trials(study=[str(i % 5) for i in range(13)]), 3.0).table
    assert table.loc[1, ["estimate", "std_error", "df", "p_value"]].tolist() == pytest.approx(
        [0.468775697738488, 0.182084112928576, 2.11202177935786, 0.117002250992765], rel=2e-7
    )
    assert table.loc[2, ["estimate", "std_error", "df", "p_value"]].tolist() == pytest.approx(
        [0.130657811550992, 0.15295532612737, 2.09802885331551, 0.479322185042638], rel=2e-7
    )


def test_the_worst_fixed_case_is_the_common_effect_of_the_rest() -> None:
    z = np.array(Y) / np.sqrt(V)
    rest = np.flatnonzero(z < 1.959963984540054)
    alone = ev.common_effect(ev.effects_from(np.array(Y)[rest], variance=np.array(V)[rest]))
    found = ev.worst_case(trials(), model="fixed")
    assert found.estimate == pytest.approx(alone.estimate, rel=1e-12)
    assert found.std_error == pytest.approx(alone.std_error, rel=1e-12)
    assert found.published == pytest.approx(ev.common_effect(trials()).estimate, rel=1e-12)


@settings(max_examples=25, deadline=None)
@given(SEED, st.sampled_from(["robust", "fixed"]))
def test_an_s_value_is_the_ratio_that_gets_there(seed: int, model: str) -> None:
    rng = np.random.default_rng(seed)
    v = rng.uniform(0.01, 0.1, 12)
    y = np.append(rng.normal(0.4, 0.3, 10), [0.05, -0.1])
    effects = ev.effects_from(y, variance=v)
    found = ev.s_value(effects, to=0.1, model=model)
    for value, column in ((found.estimate, "estimate"), (found.limit, "conf_low")):
        if value is None:
            continue
        line = ev.worst_case(effects, value, model=model).table.iloc[1]
        if value == 1.0:
            assert line[column] <= 0.1 + 1e-12
        else:
            assert line[column] == pytest.approx(0.1, abs=1e-9)


@settings(max_examples=20, deadline=None)
@given(SEED, st.sampled_from(["robust", "fixed"]))
def test_order_sign_and_scale(seed: int, model: str) -> None:
    rng = np.random.default_rng(seed)
    v = rng.uniform(0.01, 0.1, 12)
    y = np.append(rng.normal(0.4, 0.3, 10), [0.05, -0.1])
    columns = ["estimate", "std_error", "conf_low", "conf_high"]
    first = ev.worst_case(ev.effects_from(y, variance=v), 4.0, model=model).table[columns].to_numpy()
    order = rng.permutation(12)
    again = ev.worst_case(ev.effects_from(y[order], variance=v[order]), 4.0, model=model).table
    assert again[columns].to_numpy() == pytest.approx(first, rel=1e-9)
    for unit in (1e-6, 1e6):
        scaled = ev.worst_case(ev.effects_from(unit * y, variance=unit**2 * v), 4.0, model=model).table
        assert scaled[columns].to_numpy() / unit == pytest.approx(first, rel=1e-9)
        s = ev.s_value(ev.effects_from(unit * y, variance=unit**2 * v), to=0.1 * unit, model=model)
        plain = ev.s_value(ev.effects_from(y, variance=v), to=0.1, model=model)
        assert (s.estimate is None) == (plain.estimate is None)
        if s.estimate is not None:
            assert s.estimate == pytest.approx(plain.estimate, rel=1e-8)
    flipped = ev.worst_case(ev.effects_from(-y, variance=v), 4.0, model=model, alternative="less").table
    assert -flipped["estimate"].to_numpy() == pytest.approx(first[:, 0], rel=1e-12)
    assert -flipped["conf_high"].to_numpy() == pytest.approx(first[:, 2], rel=1e-12)


def test_duplicated_fixed_data_halve_the_variance() -> None:
    once = ev.worst_case(trials(), model="fixed")
    twice = ev.worst_case(ev.effects_from(Y * 2, variance=V * 2), model="fixed")
    assert twice.estimate == pytest.approx(once.estimate, rel=1e-12)
    assert twice.std_error == pytest.approx(once.std_error / math.sqrt(2.0), rel=1e-12)


def test_no_selection_is_needed_where_the_result_is_there_already() -> None:
    found = ev.s_value(ev.effects_from([0.1, -0.2, 0.05, 0.5], std_error=0.2), to=0.3)
    assert (found.estimate, found.limit) == (1.0, 1.0)
    assert "no selection is needed" in found.sentence()


def test_without_a_significant_study_there_is_nothing_to_remove() -> None:
    """No affirmative effect: all ratios give the same mean, which is no sign of robustness."""
    y = [0.3, 0.1, 0.25, 0.2, 0.32, 0.15, 0.28, 0.22, 0.3, 0.26]
    effects = ev.effects_from(y, std_error=0.2)
    found, worst = ev.s_value(effects), ev.worst_case(effects)
    assert worst.k_affirmative == 0
    assert (found.estimate, found.limit) == (None, None)
    caveat = "No study is significant in the favoured direction, so this kind of selection has nothing"
    assert found.sentence().startswith(caveat)
    assert "no selection of this kind is enough" not in found.sentence()
    for one in (found, worst):
        assert "this says nothing about robustness" in one.sentence()
    assert "not an estimate" not in worst.sentence()
    needed = ev.s_value(effects, to=0.5).sentence()
    assert "no selection is needed" in needed
    assert caveat in needed


def test_few_degrees_of_freedom_stand_in_the_sentence() -> None:
    worst = ev.worst_case(trials())
    assert worst.df is not None
    assert worst.df < 4.0
    for one in (worst, ev.s_value(trials())):
        assert f"The worst case has {worst.df:.1f} degrees of freedom, too few to trust" in one.sentence()
    assert "degrees of freedom" not in ev.worst_case(trials(), model="fixed").sentence()


@pytest.mark.parametrize(
    ("y", "study", "choices", "message"),
    [
        ([0.9, 0.8, 0.7], None, {}, "all 3 effects are significant"),
        ([0.9], None, {}, "^the only effect is significant in the favoured direction"),
        (
            [0.9, 0.8, 0.1],
            None,
            {},
            "^1 of 3 effects is not significant .* alone: one study alone has no",
        ),
        ([0.1], None, {}, "^one study alone"),
        ([0.9, 0.1, 0.2], ["a", "b", "b"], {}, "^2 of 3 effects are not .* of one study: one study alone"),
        ([0.5, 0.1, 0.4], ["a", "a", "b"], {"model": "fixed"}, "not independent"),
        ([0.5, 0.1, 0.4], None, {"model": "random"}, "model must be one of robust, fixed"),
        ([0.5, 0.1, 0.4], None, {"ratio": 0.5}, "at least 1"),
        ([0.5, 0.1, 0.4], None, {"alpha": 1.0}, "alpha"),
    ],
)
def test_refusals(y: list[float], study: list[str] | None, choices: dict[str, object], message: str) -> None:
    effects = ev.effects_from(y, std_error=0.2, study=study)
    with pytest.raises(ev.ModelError, match=message):
        ev.worst_case(effects, **choices)  # type: ignore[arg-type]


def test_one_and_two_studies_under_the_fixed_model() -> None:
    found = ev.worst_case(ev.effects_from([0.1], std_error=0.2), model="fixed")
    assert found.estimate == pytest.approx(0.1)
    assert found.df is None
    found = ev.worst_case(ev.effects_from([0.1, 0.9], std_error=0.2), model="fixed")
    assert found.estimate == pytest.approx(0.1)
    assert found.df == 1.0


def test_words_tables_and_references() -> None:
    found = ev.worst_case(trials(), 5.0)
    assert found.tidy()["term"].tolist() == ["as published", "ratio 5", "worst case"]
    assert found.rows["affirmative"].sum() == found.k_affirmative == 8
    assert any("degrees of freedom" in note for note in found.notes)
    s = ev.s_value(trials())
    for one in (found, s):
        assert "mathur2020" in one.cite()
        assert "<table>" in one._repr_html_()
    assert s.tidy()["term"].tolist() == ["mean", "limit"]
    few = ev.worst_case(ev.effects_from([0.5, 0.1, 0.2], std_error=0.2))
    assert "fewer than 10" in few.sentence()
    assert "10" in few.notes[0]
