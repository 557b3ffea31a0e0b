"""The shipped rows as effects: each one once, and the ones that a reader will check by hand."""

from __future__ import annotations

import importlib.util
import math
from pathlib import Path
from types import ModuleType

import pandas as pd
import pytest
from scipy import stats

import evidence as ev
from evidence.effects.formulas import hedges_j

ROOT = Path(__file__).parents[1]
MEASURE = {
    "integrated_vs_isolated": "SMD",
    "hip_knee_vs_knee": "SMD",
    "prevention": "RR",
    "risk_factor": "OR",
}
CHANGE = math.sqrt(2 * (1 - 0.7))


@pytest.fixture(scope="module")
def effects() -> pd.DataFrame:
    """All questions, each in its measure, r = 0.7, by row_id."""
    studies = ev.example_studies()
    tables = [
        ev.effect_sizes(studies.where(question=question), measure=measure, correlation=0.7).table
        for question, measure in MEASURE.items()
    ]
    return pd.concat(tables).set_index("row_id")


def critical(p: float, n_e: float, n_c: float, factor: float = CHANGE) -> float:
    """Critical g with scipy's t, independent of the package's own solver."""
    df = n_e + n_c - 2
    return float(stats.t.isf(p / 2, df) * hedges_j(df) * math.sqrt(1 / n_e + 1 / n_c) * factor)


def test_each_of_the_277_rows_appears_exactly_once(effects: pd.DataFrame) -> None:
    rows = ev.example_studies().table["row_id"]
    assert len(rows) == 277
    assert sorted(effects.index) == sorted(rows)


def test_five_rows_come_from_pre_and_post_of_both_arms(effects: pd.DataFrame) -> None:
    full = effects[effects["derived_from"] == "pre and post means and SDs of both arms"]
    assert sorted(full.index) == [
        "fct_v_ss_pmc10859080_01",
        *(f"resendeneto2019_0{number}" for number in (1, 2, 3, 4)),
    ]


def test_printed_numbers_rest_on_no_inference(effects: pd.DataFrame) -> None:
    # resendeneto2019: the verdict is inferred from a legend, the means and SDs are printed.
    assert set(effects.loc[effects["study"] == "resendeneto2019", "inferred"]) == {"no"}
    assert effects.loc["distefano2013_05", "inferred"] == "yes"


def test_timed_up_and_go_counts_less_time_as_better(effects: pd.DataFrame) -> None:
    # resendeneto2019, table 2: 5.04 (0.54) to 4.32 in 19 people, 5.11 (0.69) to 4.57 in 13; lower is better.
    pooled = math.sqrt((18 * 0.54**2 + 12 * 0.69**2) / 30)
    expected = -hedges_j(30) * ((4.32 - 5.04) - (4.57 - 5.11)) / pooled
    assert effects.loc["resendeneto2019_03", "estimate"] == pytest.approx(float(expected), rel=1e-12)


def test_the_trial_behind_the_article(effects: pd.DataFrame) -> None:
    # distefano2013: 15 an arm; p = .05 "significant" for push-ups, "only a main effect of time" for the jump.
    limit = critical(0.05, 15, 15)
    assert effects.loc["distefano2013_01", ["low", "high"]].tolist() == [pytest.approx(limit), math.inf]
    assert effects.loc["distefano2013_05", ["low", "high"]].tolist() == [
        pytest.approx(-limit),
        pytest.approx(limit),
    ]
    assert "inferred" in effects.loc["distefano2013_05", "assumptions"]


def test_printed_t_beats_its_one_sided_p(effects: pd.DataFrame) -> None:
    # khayambashi2014: t(34) = 1.823 beside a one-sided P = .039; final scores, 18 an arm.
    expected = hedges_j(34) * 1.823 * math.sqrt(2 / 18)
    assert effects.loc["khayambashi2014_01", "estimate"] == pytest.approx(float(expected), rel=1e-12)


def test_difference_printed_for_the_second_arm_is_turned(effects: pd.DataFrame) -> None:
    # hansen2023: quadriceps minus hip 0.6 (-2.0 to 3.2), 100 an arm, changes.
    t = 0.6 / (5.2 / 2 / stats.t.isf(0.025, 198))
    expected = -hedges_j(198) * t * math.sqrt(2 / 100) * CHANGE
    assert effects.loc["hansen2023_01", "estimate"] == pytest.approx(float(expected), rel=1e-12)


def test_ninety_percent_interval_of_a_rate_ratio(effects: pd.DataFrame) -> None:
    # hislop2017: rate ratio 0.85 (90 % limits 0.61 to 1.17).
    row = effects.loc["hislop2017_01"]
    assert row["estimate"] == pytest.approx(-math.log(0.85), rel=1e-12)
    z = stats.norm.ppf(0.95)
    assert row["std_error"] == pytest.approx(math.log(1.17 / 0.61) / (2 * z), rel=1e-9)


def test_effect_outside_its_own_interval_is_not_used(effects: pd.DataFrame) -> None:
    # pomaresnoguera2018, agility run: 0.5 (90 % -0.9 to 0), 23 people, sign unclear.
    row = effects.loc["pomaresnoguera2018_08"]
    assert row["kind"] == "interval"
    assert row["high"] == pytest.approx(critical(0.10, 11.5, 11.5))


def test_cluster_trial_keeps_its_adjusted_ratio(effects: pd.DataFrame) -> None:
    # soligard2008: 0.71 (0.49 to 1.03), although 121/1055 and 143/837 are printed too.
    row = effects.loc["soligard2008_01"]
    assert row["estimate"] == pytest.approx(-math.log(0.71), rel=1e-12)
    assert "counts of both arms" in row["alternatives"]


def test_reduction_in_percent_is_a_ratio_with_its_limits_swapped(effects: pd.DataFrame) -> None:
    # sugimoto2012: reduction 73.4 % (62.5 to 81.1).
    row = effects.loc["sugimoto2012_01"]
    assert row["estimate"] == pytest.approx(-math.log(1 - 0.734), rel=1e-12)
    assert row["std_error"] == pytest.approx(math.log(0.375 / 0.189) / (2 * stats.norm.ppf(0.975)), rel=1e-9)


def test_later_time_points_stay_but_are_marked(effects: pd.DataFrame) -> None:
    later = sorted(effects.index[~effects["main"]])
    assert later == [
        "hott2019_03",
        "hott2019_04",
        "khayambashi2014_02",
        "khayambashi2014_04",
        *(f"xiao2023_0{number}" for number in (1, 2, 3, 4)),
    ]


def test_same_people_under_two_keys_are_noted() -> None:
    trials = ev.example_studies().where(question="integrated_vs_isolated")
    assert any("xiao2023 and xiao2024" in note for note in ev.effect_sizes(trials, measure="SMD").notes)


def _script(name: str) -> ModuleType:
    spec = importlib.util.spec_from_file_location(name, ROOT / "scripts" / f"{name}.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_rules_page_is_what_the_data_give() -> None:
    assert (ROOT / "docs" / "reading_rules.md").read_text(encoding="utf-8") == _script("write_rules").page()


def test_the_same_people_in_both_arms_count_once(effects: pd.DataFrame) -> None:
    # goncalves2019: ten people, one leg a condition.
    assert effects.loc["goncalves2019_01", "people"] == 10
    assert effects.loc["gentil2015_01", "people"] == 29


def test_a_pooled_result_names_the_people_that_it_counts_twice() -> None:
    trials = ev.example_studies().where(question="integrated_vs_isolated", level="study")
    endurance = ev.effect_sizes(trials.where(domain="endurance"), measure="SMD")
    strength = ev.effect_sizes(trials.where(domain="strength"), measure="SMD")
    assert any("xiao2023 and xiao2024" in note for note in ev.pool_partial(endurance).notes)
    assert not any("xiao2023" in note for note in ev.pool_partial(strength).notes)
