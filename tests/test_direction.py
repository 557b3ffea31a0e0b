"""Directions: exact sign test, combined p values, the scores behind effects, SWiM, and what is refused."""

from __future__ import annotations

import math
from fractions import Fraction

import numpy as np
import pandas as pd
import pytest
from helpers_studies import studies_of
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import special, stats

import evidence as ev
from evidence.effects.formulas import smd_variance
from evidence.effects.null_scores import null_scores
from evidence.numerics.p_combination import composite_score, edgington, fisher, score_of_t, stouffer
from evidence.numerics.sign_test import sides, sign_test
from evidence.synthesis.swim import SWIM_ITEMS

SCORES = st.lists(st.floats(-4, 4, allow_nan=False), min_size=1, max_size=12).map(np.array)


def scores_of(p: list[float]) -> np.ndarray:
    return np.asarray(-special.ndtri(np.array(p)))


@given(first=st.integers(0, 60), second=st.integers(0, 60), level=st.sampled_from([0.8, 0.95, 0.99]))
def test_sign_test_is_scipys_binomial_test(first: int, second: int, level: float) -> None:
    """SciPy 1.17 binomtest (exact, Clopper-Pearson)."""
    if first + second == 0:
        return
    mine = sign_test(first, second, level)
    theirs = stats.binomtest(first, first + second)
    low, high = theirs.proportion_ci(level, "exact")
    assert mine.p_value == pytest.approx(theirs.pvalue, rel=1e-9)
    assert (mine.low, mine.high) == pytest.approx((low, high), rel=1e-9, abs=1e-14)


def test_sign_test_by_hand() -> None:
    """9 of 10: two-sided p = 2 (1 + 10) / 2^10; Clopper & Pearson's limits at 10 of 10 are (α/2)^(1/10)."""
    assert sign_test(9, 1).p_value == pytest.approx(22 / 1024, rel=1e-12)
    assert sign_test(10, 0).low == pytest.approx(0.025**0.1, rel=1e-12)
    assert sign_test(10, 0).high == 1.0
    nothing = sign_test(0, 0)
    assert (nothing.low, nothing.high, nothing.p_value) == (0.0, 1.0, 1.0)


def test_fisher_with_a_published_example() -> None:
    """Lane, HyperStat, .08, .21, .11 give 12.6 on 6 df, p = .0498."""
    found = fisher(scores_of([0.08, 0.21, 0.11]))
    assert round(found.statistic, 1) == 12.6
    assert round(found.p_first, 3) == 0.050
    assert found.p_first == pytest.approx(
        stats.combine_pvalues([0.08, 0.21, 0.11], "fisher").pvalue, rel=1e-9
    )


@given(z=SCORES, seed=st.integers(0, 99))
def test_fisher_and_stouffer_are_scipys(z: np.ndarray, seed: int) -> None:
    """SciPy 1.17 combine_pvalues."""
    p = stats.norm.sf(z)
    weights = np.random.default_rng(seed).uniform(0.5, 9.0, z.size)
    assert fisher(z).p_first == pytest.approx(stats.combine_pvalues(p, "fisher").pvalue, rel=1e-7, abs=1e-15)
    theirs = stats.combine_pvalues(p, "stouffer", weights=weights).pvalue
    assert stouffer(z, weights).p_first == pytest.approx(theirs, rel=1e-7, abs=1e-15)


def irwin_hall(p: list[Fraction]) -> Fraction:
    """Edgington 1972: the alternating sum in exact fractions."""
    k, total = len(p), sum(p, Fraction(0))
    terms = ((-1) ** j * math.comb(k, j) * (total - j) ** k for j in range(math.floor(total) + 1))
    return sum(terms, Fraction(0)) / math.factorial(k)


@given(p=st.lists(st.integers(1, 999), min_size=1, max_size=40))
@settings(max_examples=60)
def test_edgington_is_the_exact_sum(p: list[int]) -> None:
    found = edgington(scores_of([x / 1000 for x in p]))
    want = float(irwin_hall([Fraction(x, 1000) for x in p]))
    assert found.p_first == pytest.approx(want, rel=1e-8, abs=1e-14)


@given(z=SCORES)
def test_edgington_takes_both_sides_alike(z: np.ndarray) -> None:
    """Held, Hofmann & Pawel 2025: orientation invariance, which Fisher's method lacks."""
    one, other = edgington(z), edgington(-z)
    assert one.p_first == pytest.approx(other.p_second, rel=1e-9, abs=1e-15)
    assert one.p_first + one.p_second == pytest.approx(1.0, abs=1e-9)


def test_fisher_does_not_take_both_sides_alike() -> None:
    found = fisher(np.array([4.0, -4.0]))
    assert found.p_first < 0.001
    assert found.p_second < 0.001
    assert edgington(np.array([4.0, -4.0])).p_value == 1.0


@given(st.floats(-30, 30), st.integers(1, 500))
def test_score_of_t_keeps_the_one_sided_p(t: float, df: int) -> None:
    z = float(score_of_t(np.array([t]), np.array([float(df)]))[0])
    assert stats.norm.logsf(abs(z)) == pytest.approx(stats.t.logsf(abs(t), df), rel=1e-6)
    assert math.copysign(1, z) == math.copysign(1, t)


def test_composite_score() -> None:
    """Variance of a sum of m scores with equal correlations: m + m (m - 1) rho."""
    rng = np.random.default_rng(8)
    shared = rng.normal(size=(200_000, 1))
    z = math.sqrt(0.6) * shared + math.sqrt(0.4) * rng.normal(size=(200_000, 3))
    spread = np.std([composite_score(row, 0.6) for row in z[:20_000]])
    assert spread == pytest.approx(1.0, abs=0.02)
    assert composite_score(np.array([1.3]), 0.6) == 1.3
    assert composite_score(np.array([1.3, 1.3]), 1.0) == pytest.approx(1.3)


@given(
    g=st.floats(-2, 2).filter(lambda x: abs(x) > 1e-3),
    n_e=st.integers(4, 200),
    n_c=st.integers(4, 200),
    factor=st.floats(0.3, 2.0),
)
def test_null_scores_turn_g_back_into_its_t(g: float, n_e: int, n_c: int, factor: float) -> None:
    """critical_g and g_from_t are inverted, whatever score was tested (rule g)."""
    t = 2.3
    from evidence.effects.formulas import g_from_t

    value = float(g_from_t(t, n_e, n_c, factor).estimate)
    table = pd.DataFrame(
        {
            "estimate": [value],
            "variance": [float(smd_variance(value, n_e, n_c, factor))],
            "low": [value],
            "high": [value],
            "n_e": [n_e],
            "n_c": [n_c],
            "derived_from": ["t of the comparison"],
        }
    )
    found = null_scores(table, "SMD")
    assert found.low[0] == pytest.approx(t, rel=1e-9)
    assert found.df[0] == n_e + n_c - 2


def test_null_scores_give_back_every_p_that_was_printed() -> None:
    studies = ev.example_studies().where(level="study")
    effects = ev.effect_sizes(studies, measure="SMD")
    scores = null_scores(effects.table, "SMD")
    from_p = effects.table["derived_from"].eq("exact p with direction").to_numpy()
    printed = studies.table["p_between"].to_numpy()[from_p].astype(float)
    assert from_p.sum() >= 10
    assert 2 * stats.t.sf(np.abs(scores.low[from_p]), scores.df[from_p]) == pytest.approx(printed, rel=1e-9)


def test_sides() -> None:
    nan, inf = math.nan, math.inf
    estimate = np.array([0.2, -0.2, 0.0, nan, nan, nan, nan])
    low = np.array([0.2, -0.2, 0.0, 0.5, -inf, -1.0, -1.0])
    high = np.array([0.2, -0.2, 0.0, inf, 0.0, 1.0, 1.0])
    told = np.array([nan, nan, 1.0, nan, nan, -1.0, nan])
    assert sides(estimate, low, high, told).tolist() == [1, -1, 0, 1, -1, -1, 0]


def effects_of(studies: list[list[float]]) -> ev.Effects:
    """Values are exact rows; NaN is a row between -1 and 1, whose side nobody knows."""
    values = [value for rows in studies for value in rows]
    names = [f"s{i}" for i, rows in enumerate(studies) for _ in rows]
    partial = [math.isnan(value) for value in values]
    return ev.effects_from(
        values,
        std_error=0.2,
        low=[-1.0 if p else None for p in partial],
        high=[1.0 if p else None for p in partial],
        study=names,
    )


def test_one_direction_a_study_ties_and_unknown_sides() -> None:
    nan = math.nan
    found = ev.direction_test(
        effects_of([[0.3, 0.2, -0.1], [0.1, -0.1], [nan], [-0.4], [0.2, nan], *[[0.5]] * 9])
    )
    assert found.table["direction"].tolist() == [
        *("first", "tie", "unknown", "second", "first"),
        *["first"] * 9,
    ]
    assert (found.first, found.second, found.ties, found.unknown) == (11, 1, 1, 1)
    assert found.p_value == pytest.approx(stats.binomtest(11, 12).pvalue)
    # All unknown rows against: s2 turns, s4 becomes a tie; all for: s2 joins.
    assert found.bounds[["first", "second"]].values.tolist() == [[10, 2], [12, 1]]
    assert any("s1 has no majority" in note for note in found.notes)
    assert any("s2" in note for note in found.notes if "unknown side" in note)


def test_no_p_value_where_more_than_a_fifth_is_unknown() -> None:
    nan = math.nan
    at = ev.direction_test(effects_of([[0.2], [0.3], [0.4], [0.5], [nan]]))
    above = ev.direction_test(effects_of([[0.2], [0.3], [0.4], [nan]]))
    assert at.p_value == pytest.approx(0.125)
    assert above.p_value is None
    assert any(note.startswith("No p value: the side of 25 %") for note in above.notes)
    assert "no p value" in above.sentence()


def test_many_known_rows_of_one_study_do_not_buy_a_p_value() -> None:
    found = ev.direction_test(effects_of([[0.2] * 20, [0.3], [math.nan], [math.nan]]))
    assert found.p_value is None


def test_nothing_told() -> None:
    found = ev.direction_test(effects_of([[math.nan], [math.nan]]))
    assert found.proportion is None
    assert found.p_value is None
    assert found.sentence().startswith("No study tells a direction")
    assert len(found.combined) == 0
    assert found.bounds["proportion"].tolist() == [0.0, 1.0]


VALUES = st.one_of(st.sampled_from([0.0, math.nan]), st.floats(0.01, 2), st.floats(-2, -0.01))
STUDIES = st.lists(st.lists(VALUES, min_size=1, max_size=4), min_size=1, max_size=8)


@given(studies=STUDIES, seed=st.integers(0, 99))
@settings(max_examples=40, deadline=None)
def test_turning_every_effect_round_turns_the_answer_round(studies: list[list[float]], seed: int) -> None:
    one = ev.direction_test(effects_of(studies))
    other = ev.direction_test(effects_of([[-value for value in rows] for rows in studies]))
    assert (one.first, one.second, one.ties, one.unknown) == (
        other.second,
        other.first,
        other.ties,
        other.unknown,
    )
    assert one.first + one.second + one.ties + one.unknown == len(studies)
    assert one.p_value == other.p_value
    if one.proportion is not None:
        low, high = one.bounds["first"]
        assert low <= one.first <= high
        assert one.conf_low <= one.proportion <= one.conf_high
    for mine, theirs in zip(one.combined["p_first"], other.combined["p_second"], strict=True):
        assert mine == pytest.approx(theirs, rel=1e-9, abs=1e-15)
    order = np.random.default_rng(seed).permutation(len(studies))
    shuffled = ev.direction_test(effects_of([studies[i] for i in order]))
    assert (shuffled.first, shuffled.p_value) == (one.first, one.p_value)


def test_shipped_rows_without_n_count_as_unknown_not_as_missing() -> None:
    """Herrington 2007 printed "no difference" without the size of its arms: compared, side unknown."""
    trials = ev.example_studies().where(question="integrated_vs_isolated", level="study")
    found = ev.direction_test(ev.effect_sizes(trials, measure="SMD"))
    assert "unknown" in found.table.loc[found.table["study"].eq("herrington2007"), "direction"].tolist()
    assert found.p_value is None


def test_rows_within_arms_are_left_out_and_named() -> None:
    trials = ev.example_studies().where(question="hip_knee_vs_knee", level="study")
    effects = ev.effect_sizes(trials, measure="SMD")
    found = ev.direction_test(effects)
    within = effects.table["basis"].eq("within_group_only") & effects.table["kind"].eq("unusable")
    assert within.sum() > 5
    assert found.table["rows"].sum() == (~within & effects.table["main"]).sum()
    assert any("each arm was only compared with its own baseline" in note for note in found.notes)
    assert found._repr_html_().startswith('<div class="evidence-direction">')


def test_results_of_reviews_are_refused() -> None:
    effects = ev.effects_from([0.1, 0.2], std_error=0.1, level=0.95, kind=["exact", "exact"])
    table = effects.table.assign(level=["study", "pooled"])
    with pytest.raises(ev.ModelError, match="no further studies"):
        ev.direction_test(ev.Effects(table, "SMD"))


def test_votes_are_not_counted() -> None:
    effects = ev.effects_from([0.1, 0.2], std_error=0.1)
    with pytest.raises(ev.ModelError, match=r"Hedges & Olkin 1980.*12\.2\.2\.1.*direction_test"):
        ev.vote_count(effects)
    with pytest.raises(ev.ModelError, match="not counted as votes"):
        ev.vote_count()


def test_swim_has_its_nine_items() -> None:
    """Campbell et al. 2020, table 1; item 6 cannot come from data."""
    trials = ev.example_studies().where(question="prevention", level="study")
    swim = ev.direction_test(ev.effect_sizes(trials, measure="RR")).swim
    assert swim.table["item"].tolist() == [str(i) for i in range(1, 10)]
    assert swim.table["name"].tolist() == [name for _, name in SWIM_ITEMS]
    empty = swim.table.loc[swim.table["report"].eq(""), "item"].tolist()
    assert empty == ["6"]
    assert swim.markdown.count("\n| ") == 10
    assert swim.html.count("<tr>") == 10
    assert "GRADE" in str(swim)
    assert "10.1136/bmj.l6890" in swim.text


def test_user_text_is_escaped() -> None:
    effects = ev.effects_from([0.1, -0.1, 0.2], std_error=0.1, study=["<b>x</b>", "<b>x</b>", "y|z"])
    found = ev.direction_test(effects)
    assert "<b>x" not in found._repr_html_()
    assert "<b>x" not in found.swim.html


def test_unknown_rows_that_move_nothing_are_not_given_a_range() -> None:
    """One study, three outcomes: two favour the first arm, so the third cannot turn its direction."""
    row: dict[str, object] = {"study": "a", "n_e": 15, "n_c": 15, "basis": "between_group_test"}
    favours = {**row, "direction": "favours_e", "signif_between": "yes"}
    none = {**row, "direction": "no_difference", "signif_between": "no"}
    test = ev.direction_test(ev.effect_sizes(studies_of(favours, favours, none), measure="SMD"))
    assert "The unknown rows cannot move the share." in str(test)
