"""Layouts of other people's tables (issue C, point 9): each synthetic sheet is read through a short mapping.

Numbers are invented; what each cell must become follows from the layout itself.
"""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

import evidence as ev
from evidence.errors import StudyDataError
from evidence.studies.record import Studies


def read(tmp_path: Path, text: str, mapping: dict[str, Any], *, name: str = "theirs.csv") -> Studies:
    path = tmp_path / name
    path.write_text(text, encoding="utf-8")
    return ev.read_studies(path, mapping=mapping)


def cells(studies: Studies, *names: str) -> list[list[object]]:
    return studies.text[list(names)].values.tolist()


LONG = """study,year,grp,role,test,dir,n,m0,s0,m1,s1,disp,side
Ann 2020,2020,heavy,training,squat,increase,20,100.50,10.0,110,11,SD,left
Ann 2020,2020,light,training,squat,increase,21,99,10,105,11.5,SD,left
Ann 2020,2020,none,control,squat,increase,19,98,9,97,9.50,SD,left
Bob 2021,2021,heavy,training,sprint,decrease,10,5.0,0.10,4.8,0.12,SE,right
Bob 2021,2021,none,control,sprint,decrease,11,5.1,0.11,5.1,0.13,SE,right
Cas 2022,2022,heavy,training,squat,increase,8,90,9,99,9,SD,left
Dee 2023,2023,heavy,training,squat,increase,8,90,9,99,9,SD,left
Dee 2023,2023,light,training,squat,increase,9,91,9,95,9,SD,left
"""
LONG_MAP: dict[str, Any] = {
    "layout": "long",
    "columns": {"study": "study", "outcome": "test", "better": "dir"},
    "words": {"better": {"increase": "higher", "decrease": "lower"}},
    "arm": {
        "name": "grp",
        "n": "n",
        "pre_mean": "m0",
        "post_mean": "m1",
        "pre_sd": {"from": "s0", "where": {"disp": "sd"}},
        "post_sd": {"from": "s1", "where": {"disp": "SD"}},
        "pre_se": {"from": "s0", "where": {"disp": "SE"}},
        "post_se": {"from": "s1", "where": {"disp": "SE"}},
    },
    "pairs": {"control": {"role": "control"}},
    "info": {"year": "year"},
}


def test_several_arms_against_one_control(tmp_path: Path) -> None:
    studies = read(tmp_path, LONG, LONG_MAP)
    assert cells(studies, "row_id", "arm_e", "arm_c", "n_e", "n_c", "pre_mean_e", "post_sd_c") == [
        ["ann_2020_01", "heavy", "none", "20", "19", "100.50", "9.50"],
        ["ann_2020_02", "light", "none", "21", "19", "99", "9.50"],
        ["bob_2021_01", "heavy", "none", "10", "11", "5.0", ""],
    ]
    assert cells(studies, "better", "post_se_e", "source_locator") == [
        ["higher", "", "lines 2, 4"],
        ["higher", "", "lines 3, 4"],
        ["lower", "0.12", "lines 5, 6"],
    ]
    assert studies.left_out.values.tolist() == [
        [7, "Cas 2022", "squat", "heavy", "one arm alone: no other arm of this study and outcome"],
        *(
            [line, "Dee 2023", "squat", arm, _NO_CONTROL]
            for line, arm in ((8, "heavy"), (9, "light"))
        ),
    ]  # fmt: skip
    assert studies.info is not None
    assert studies.info["year"].tolist() == [2020.0, 2021.0, 2022.0, 2023.0]
    # `role` differs between the arms, `side` does not; the dispersion was read by a condition.
    assert list(studies.extra.columns) == ["role_e", "role_c", "dir", "disp", "side"]
    assert studies.extra["side"].tolist() == ["left", "left", "right"]


_NO_CONTROL = "no control in its group, and no reference arm: see reference and otherwise of [pairs]"


@pytest.mark.parametrize(
    ("pairs", "expected"),
    [
        ({"reference": ["light"]}, [("heavy", "light")]),
        ({"reference": ["nobody", "HEAVY"]}, [("light", "heavy")]),
        ({"otherwise": "last"}, [("heavy", "light")]),
        ({"otherwise": "first"}, [("light", "heavy")]),
        ({"otherwise": "all"}, [("heavy", "light")]),
        ({"reference": ["light"], "otherwise": "first"}, [("heavy", "light")]),
        ({"otherwise": "leave_out"}, []),
    ],
)
def test_the_second_arm_where_there_is_no_control(
    pairs: dict[str, Any], expected: list[tuple[str, str]], tmp_path: Path
) -> None:
    mapping = {**LONG_MAP, "pairs": {**LONG_MAP["pairs"], **pairs}}
    table = read(tmp_path, LONG, mapping).table
    dee = table[table["study"] == "Dee 2023"]
    assert list(zip(dee["arm_e"], dee["arm_c"], strict=True)) == expected


@pytest.mark.parametrize("written", ["TRUE", "yes", "1"])
def test_a_control_told_by_a_truth_value(written: str, tmp_path: Path) -> None:
    text = LONG.replace(",training,", ",,").replace(",control,", f",{written},")
    studies = read(tmp_path, text, {**LONG_MAP, "pairs": {"control": {"role": True}}})
    assert studies.table["arm_c"].unique().tolist() == ["none"]


def test_all_pairs_of_three_arms(tmp_path: Path) -> None:
    text = "study,test,grp,n,m,sd\n" + "".join(f"S,jump,{arm},9,{arm}1,2\n" for arm in "123")
    arm = {"name": "grp", "n": "n", "post_mean": "m", "post_sd": "sd"}
    mapping = {"columns": {"study": "study", "outcome": "test"}, "arm": arm, "pairs": {"otherwise": "all"}}
    studies = read(tmp_path, text, mapping)
    assert cells(studies, "arm_e", "arm_c") == [["1", "2"], ["1", "3"], ["2", "3"]]
    assert cells(studies, "post_mean_e", "post_mean_c") == [["11", "21"], ["11", "31"], ["21", "31"]]


def test_an_arm_that_stands_twice_is_no_comparison_until_a_column_tells_the_rows_apart(
    tmp_path: Path,
) -> None:
    text = "study,test,grp,leg,n,m,sd\n" + "".join(
        f"S,jump,{arm},{leg},9,{mean},2\n"
        for leg, mean in (("left", 5), ("right", 7))
        for arm in ("a", "control")
    )
    arm = {"name": "grp", "n": "n", "post_mean": "m", "post_sd": "sd"}
    mapping = {
        "columns": {"study": "study", "outcome": "test"},
        "arm": arm,
        "pairs": {"control": "control"},
    }
    with pytest.raises(StudyDataError, match=r"no comparison is left[\s\S]*stands in its group twice"):
        read(tmp_path, text, mapping)
    studies = read(tmp_path, text, {**mapping, "pairs": {"control": ["Control"], "by": ["leg"]}})
    assert cells(studies, "post_mean_e", "source_locator") == [["5", "lines 2, 3"], ["7", "lines 4, 5"]]
    assert studies.extra["leg"].tolist() == ["left", "right"]


WIDE_ARMS = """author,out,\
m_pre_1,sd_pre_1,m_post_1,sd_post_1,n_1,m_pre_2,sd_pre_2,m_post_2,sd_post_2,n_2,m_post_3,n_3
A,x,1.0,2,3,4,10,1.5,2,2.5,2,11,2,12
B,x,1.0,2,3,4,10,,,,,,1,12
C,x,,,,,,,,,,,,
"""


def test_numbered_arms_in_the_names_of_columns(tmp_path: Path) -> None:
    """Treatment arms _1, _2 and a control _3 that has fewer columns; blank arms make no row."""
    mapping = {
        "columns": {"study": "author", "outcome": "out"},
        "spread": {"arm": {"1": "low load", "2": "high load", "3": "control"}},
        "arm": {
            "n": "n_{arm}",
            "pre_mean": "m_pre_{arm}",
            "post_mean": "m_post_{arm}",
            "pre_sd": "sd_pre_{arm}",
            "post_sd": "sd_post_{arm}",
        },
        "pairs": {"control": "control"},
    }  # fmt: skip
    studies = read(tmp_path, WIDE_ARMS, mapping)
    assert cells(studies, "study", "arm_e", "arm_c", "post_mean_e", "post_mean_c", "pre_mean_c", "n_c") == [
        ["A", "low load", "control", "3", "2", "", "12"],
        ["A", "high load", "control", "2.5", "2", "", "12"],
        ["B", "low load", "control", "3", "1", "", "12"],
    ]
    assert studies.left_out[["line", "study", "reason"]].values.tolist() == [
        [4, "C", "its columns of [spread] (arm) are all blank"]
    ]
    assert any("m_pre_3" in note for note in studies.notes)
    assert "4 blank combinations of arm in 3 rows make no row" in studies.notes
    assert not len(studies.extra.columns)


def test_outcomes_in_the_names_of_columns(tmp_path: Path) -> None:
    tests, arms, stats = ("squat", "jump"), ("ex", "co"), ("mean", "sd")
    names = [f"{test}_{stat}_{arm}" for test in tests for arm in arms for stat in stats]
    text = f"trial,{','.join(names)},ne,nc,age\n"
    text += "T1,5,1,4,1,30,3,28,3,12,13,25\nT2,,,,,31,3,29,3,14,15,30\n"
    mapping = {
        "columns": {
            "study": "trial",
            "n_e": "ne",
            "n_c": "nc",
            "post_mean_e": "{outcome}_mean_ex",
            "post_sd_e": "{outcome}_sd_ex",
            "post_mean_c": "{outcome}_mean_co",
            "post_sd_c": "{outcome}_sd_co",
        },
        "spread": {"outcome": ["squat", "jump"]},
        "constants": {"better": "higher"},
    }  # fmt: skip
    studies = read(tmp_path, text, mapping)
    assert cells(studies, "study", "outcome", "post_mean_e", "n_c") == [
        ["T1", "squat", "5", "13"],
        ["T1", "jump", "30", "13"],
        ["T2", "jump", "31", "15"],
    ]
    assert studies.extra["age"].tolist() == [25.0, 25.0, 30.0]
    assert studies.left_out.empty


TIMES = """study,outcome,group,time,n,mean,sd
S,jump,train,Baseline,20,30.0,4
S,jump,train,8 wk,18,34.0,4
S,jump,train,16 wk,17,36.0,4
S,jump,control,Baseline,20,30.5,4
S,jump,control,8 wk,20,30.0,4
S,jump,control,16 wk,20,31.0,4
S,jump,train,4 wk,20,31,4
T,jump,train,Baseline,9,30,4
T,jump,control,8 wk,9,31,4
T,jump,train,8 wk,9,33,4
U,jump,control,Baseline,9,30,4
"""
TIME_MAP: dict[str, Any] = {
    "columns": {"study": "study", "outcome": "outcome"},
    "arm": {"name": "group", "n": "n", "mean": "mean", "sd": "sd"},
    "time": {"column": "time", "pre": "baseline", "post": {"8 wk": 8, "16 wk": 16}},
    "pairs": {"control": "control"},
    "constants": {"better": "higher"},
}


def test_times_in_rows(tmp_path: Path) -> None:
    studies = read(tmp_path, TIMES, TIME_MAP)
    names = (
        "study",
        "timepoint_weeks",
        "pre_mean_e",
        "post_mean_e",
        "pre_mean_c",
        "post_mean_c",
        "n_e",
        "pre_n_e",
    )
    assert cells(studies, *names) == [
        ["S", "8", "30.0", "34.0", "30.5", "30.0", "18", "20"],
        ["S", "16", "30.0", "36.0", "30.5", "31.0", "17", "20"],
        ["T", "8", "30", "33", "", "31", "9", ""],
    ]
    assert studies.left_out[["line", "reason"]].values.tolist() == [
        [8, "its time '4 wk' is not among pre, post and change of [time]"],
        [12, "its arm has no row after training"],
    ]
    assert studies.text["source_locator"].iloc[0] == "lines 3, 2, 6, 5"


def test_times_and_both_arms_in_columns(tmp_path: Path) -> None:
    text = "study,phase,m_e,s_e,n_e,m_c,s_c,n_c\nS,pre,1,2,9,1.5,2,8\nS,post,3,2,9,1.6,2,8\n"
    columns = {
        "study": "study",
        **{
            f"{ours}_{arm}": f"{theirs}_{arm}"
            for ours, theirs in (("mean", "m"), ("sd", "s"), ("n", "n"))
            for arm in "ec"
        },
    }
    mapping = {
        "columns": columns,
        "constants": {"outcome": "jump", "better": "higher"},
        "time": {"column": "phase", "pre": "pre", "post": "post"},
    }  # fmt: skip
    studies = read(tmp_path, text, mapping)
    assert cells(studies, "pre_mean_e", "post_mean_e", "pre_mean_c", "post_sd_c", "n_e") == [
        ["1", "3", "1.5", "2", "9"]
    ]


def test_times_and_arms_in_the_names_of_columns(tmp_path: Path) -> None:
    text = (
        "study,m_t0_a,sd_t0_a,m_t1_a,sd_t1_a,n_a,m_t0_b,sd_t0_b,m_t1_b,sd_t1_b,n_b\nS,1,2,3,4,9,5,6,7,8,10\n"
    )
    mapping = {
        "columns": {"study": "study"},
        "constants": {"outcome": "jump"},
        "spread": {"arm": {"a": "train", "b": "control"}, "time": {"t0": "before", "t1": "after"}},
        "time": {"pre": "before", "post": "after"},
        "arm": {"n": "n_{arm}", "mean": "m_{time}_{arm}", "sd": "sd_{time}_{arm}"},
        "pairs": {"control": ["control"]},
    }
    studies = read(tmp_path, text, mapping)
    names = [f"{when}_{stat}_{arm}" for arm in "ec" for when in ("pre", "post") for stat in ("mean", "sd")]
    assert cells(studies, *names, "n_c") == [["1", "2", "3", "4", "5", "6", "7", "8", "10"]]


def test_change_rows_join_the_only_time_after_training(tmp_path: Path) -> None:
    text = "study,group,time,n,mean,sd\n"
    for group, values in (("train", (10, 12, 2)), ("control", (10, 11, 1))):
        for time, value in zip(("pre", "post", "delta"), values, strict=True):
            text += f"S,{group},{time},9,{value},1.5\n"
    mapping = {
        **TIME_MAP,
        "columns": {"study": "study"},
        "constants": {"outcome": "jump", "better": "higher"},
        "time": {"column": "time", "pre": "pre", "post": "post", "change": "delta"},
    }
    studies = read(tmp_path, text, mapping)
    assert cells(studies, "pre_mean_e", "post_mean_e", "change_mean_e", "change_mean_c") == [
        ["10", "12", "2", "1"]
    ]


def test_two_rows_before_training_of_one_arm_are_named(tmp_path: Path) -> None:
    text = TIMES + "S,jump,train,Baseline,20,30.1,4\n"
    studies = read(tmp_path, text, TIME_MAP)
    reasons = studies.left_out.set_index("line")["reason"]
    assert all("several rows before training" in reasons[line] for line in (2, 3, 4, 13))
    assert all("a control alone" in reasons[line] for line in (6, 7))
    assert reasons[5] == "it goes with line 7, which is in no comparison" or "line 6" in reasons[5]
    assert studies.table["study"].tolist() == ["T"]


def test_ready_made_effects(tmp_path: Path) -> None:
    """yi and vi of a standardised difference come back from `effect_sizes` as they were."""
    text = "paper,yi,vi,sex\nA,0.31,0.0412,f\nB,-0.2,0.09,m\nC,,,m\n"
    mapping = {
        "columns": {"study": "paper"},
        "constants": {"outcome": "strength"},
        "effect": {"estimate": "yi", "variance": "vi", "metric": "SMD"},
    }
    studies = read(tmp_path, text, mapping)
    table = ev.effect_sizes(studies, measure="SMD").table
    assert table["kind"].tolist() == ["exact", "exact", "unusable"]
    assert table["estimate"].iloc[:2].tolist() == pytest.approx([0.31, -0.2], rel=1e-12)
    assert table["variance"].iloc[:2].tolist() == pytest.approx([0.0412, 0.09], rel=1e-12)
    assert table["sex"].tolist() == ["f", "m", "m"]


@pytest.mark.parametrize(("favours", "sign"), [("e", 1.0), ("c", -1.0)])
def test_ready_made_log_ratios(favours: str, sign: float, tmp_path: Path) -> None:
    text = f"paper;lnRR;se\nA;{math.log(0.8)!r};0.1\n".replace(".", ",")
    mapping = {
        "columns": {"study": "paper"},
        "constants": {"outcome": "injury"},
        "effect": {"estimate": "lnRR", "std_error": "se", "metric": "RR", "log": True, "favours": favours},
    }
    studies = read(tmp_path, text, mapping)
    assert float(studies.text["effect"].iloc[0]) == pytest.approx(0.8, rel=1e-12)
    table = ev.effect_sizes(studies, measure="RR").table
    assert table["estimate"].item() == pytest.approx(sign * math.log(0.8), rel=1e-12)
    assert table["std_error"].item() == pytest.approx(0.1, rel=1e-9)


def test_a_variance_that_is_none_is_named(tmp_path: Path) -> None:
    mapping: dict[str, Any] = {
        "columns": {"study": "paper"},
        "constants": {"outcome": "strength"},
        "effect": {"estimate": "yi", "variance": "vi"},
    }
    text = "paper,yi,vi\nA,0.3,-0.04\nB,0.2,0.09\n"
    with pytest.raises(StudyDataError, match=r"line 2, column vi:\s+a variance is a positive number"):
        read(tmp_path, text, mapping)
    studies = read(tmp_path, text, {**mapping, "numbers": {"unreadable": "blank"}})
    assert studies.warnings["value"].tolist()[0] == "-0.04"
    assert studies.text["ci_low"].tolist()[0] == ""


def test_counts_in_one_cell(tmp_path: Path) -> None:
    """Events and totals printed together: 5/100."""
    text = "study,ex,con\nA,5/100,9/110\nB,0 / 20,3 / 21\n"
    columns: dict[str, Any] = {"study": "study"}
    for arm, name in (("e", "ex"), ("c", "con")):
        columns[f"events_{arm}"] = {"from": name, "part": 1}
        columns[f"total_{arm}"] = {"from": name, "part": 2}
    mapping = {"columns": columns, "constants": {"outcome": "injury", "better": "lower"}}
    studies = read(tmp_path, text, mapping)
    assert studies.table[["events_e", "total_e", "events_c", "total_c"]].values.tolist() == [
        [5.0, 100.0, 9.0, 110.0],
        [0.0, 20.0, 3.0, 21.0],
    ]
    estimate = ev.effect_sizes(studies, measure="RR").table["estimate"].iloc[0]
    assert abs(estimate) == pytest.approx(abs(math.log((5 / 100) / (9 / 110))), rel=1e-12)


def test_mean_and_sd_in_one_cell_and_limits_with_a_dash(tmp_path: Path) -> None:
    text = 'study,e,c,limits\nA,12.30 ± 4.5,"-11.0 (5,0)",-1.2–0.4\nB,7,8 (2),[0.1; 0.9]\n'
    columns: dict[str, Any] = {"study": "study"}
    for arm in "ec":
        columns[f"post_mean_{arm}"] = {"from": arm, "part": 1}
        columns[f"post_sd_{arm}"] = {"from": arm, "part": 2}
    columns |= {"ci_low": {"from": "limits", "part": 1}, "ci_high": {"from": "limits", "part": 2}}
    text = text.replace("5,0", "5.0")
    mapping = {"columns": columns, "constants": {"outcome": "x", "better": "higher", "effect_metric": "MD"}}
    studies = read(tmp_path, text, mapping)
    names = ("post_mean_e", "post_sd_e", "post_mean_c", "post_sd_c", "ci_low", "ci_high")
    assert cells(studies, *names) == [
        ["12.30", "4.5", "-11.0", "5.0", "-1.2", "0.4"],
        ["7", "", "8", "2", "0.1", "0.9"],
    ]


def test_medians_and_percent_changes(tmp_path: Path) -> None:
    text = "study,arm,n,med,lo_q,up_q,pct\nA,x,20,5.0,4.1,6.2,12%\nA,y,21,4.5,4.0,5.1,3 %\n"
    mapping = {
        "columns": {"study": "study"},
        "constants": {"outcome": "pain", "better": "lower"},
        "numbers": {"remove": ["%"]},
        "arm": {
            "name": "arm",
            "n": "n",
            "post_median": "med",
            "post_q1": "lo_q",
            "post_q3": "up_q",
            "change_percent": "pct",
        },
        "pairs": {"reference": "y"},
    }
    studies = read(tmp_path, text, mapping)
    assert studies.table[
        ["post_median_e", "post_q3_c", "change_percent_e", "change_percent_c"]
    ].values.tolist() == [[5.0, 5.1, 12.0, 3.0]]


def test_facts_of_a_study_must_agree(tmp_path: Path) -> None:
    mapping = {**LONG_MAP, "info": {"year": "year", "n_total": "n"}}
    with pytest.raises(StudyDataError, match=r"row Ann 2020, column n:[\s\S]*info\.n_total[\s\S]*20, 21, 19"):
        read(tmp_path, LONG, mapping)


def test_rows_that_the_mapping_drops_are_listed(tmp_path: Path) -> None:
    mapping = {**LONG_MAP, "rows": {"keep": {"disp": "SD"}, "drop": {"study": ["Cas 2022", "dee 2023"]}}}
    studies = read(tmp_path, LONG, mapping)
    assert studies.table["study"].tolist() == ["Ann 2020", "Ann 2020"]
    assert studies.left_out["line"].tolist() == [5, 6, 7, 8, 9]
    assert studies.left_out["reason"].iloc[0] == "left out by the mapping: keep asks that disp is SD"
    assert "drop where study is Cas 2022 or dee 2023" in studies.left_out["reason"].iloc[2]
    assert studies.left_out["study"].tolist() == ["Bob 2021"] * 2 + ["Cas 2022"] + ["Dee 2023"] * 2


def test_columns_that_mean_something_here_get_another_name(tmp_path: Path) -> None:
    text = "author,study,outcome,kind,direction\nA,7,jump,lab,favours_e\n"
    mapping = {"columns": {"study": "author", "outcome": "outcome", "direction": "direction"}}
    studies = read(tmp_path, text, mapping)
    assert list(studies.extra.columns) == ["sheet_study", "sheet_kind"]
    effects = ev.effect_sizes(studies, measure="SMD")
    assert effects.table["kind"].tolist() == ["sign"]
    assert effects.table["sheet_study"].tolist() == [7.0]


def test_moderators_serve_where_overview_and_regression(tmp_path: Path) -> None:
    """Point 9: unmapped columns stay available as moderators."""
    text = "author,yi,vi,mean age (y),sex,weeks\n" + "".join(
        f"S{at},{0.1 * at + 0.02 * (at % 3)},0.0{4 + at % 4},{20 + 3 * at},{'fm'[at % 2]},{at}\n"
        for at in range(1, 9)
    )
    mapping = {
        "columns": {"study": "author"},
        "constants": {"outcome": "strength"},
        "effect": {"estimate": "yi", "variance": "vi"},
        "moderators": {"age": "mean age (y)"},
    }
    studies = read(tmp_path, text, mapping)
    assert len(studies.where(sex="f")) == 4
    assert studies.where(age=23).extra["sex"].tolist() == ["m"]
    assert studies.overview(by="sex")[["sex", "rows", "studies"]].values.tolist() == [
        ["m", 4, 4],
        ["f", 4, 4],
    ]
    with pytest.raises(StudyDataError, match="did you mean age"):
        studies.where(aeg=23)
    effects = ev.effect_sizes(studies, measure="SMD")
    fit = ev.meta_regression(effects, "~ age + sex")
    assert fit.tidy()["term"].str.contains("age").any()


def test_arms_of_two_sizes_are_a_warning_in_a_table_of_others(tmp_path: Path) -> None:
    text = LONG.replace("light,training,squat,increase,21", "heavy2,training,squat,increase,21")
    text += "Ann 2020,2020,heavy,training,jump,increase,15,1,1,2,1,SD,left\n"
    text += "Ann 2020,2020,none,control,jump,increase,19,1,1,2,1,SD,left\n"
    warnings = read(tmp_path, text, LONG_MAP).warnings
    found = warnings[warnings["rule"] == "an arm of a study has one size"]
    assert found[["line", "column", "value"]].values.tolist() == [[10, "n_e", "15"]]


def test_the_words_of_the_vocabulary_may_differ_in_case(tmp_path: Path) -> None:
    text = "study,outcome,dom,dir\nA,x,Strength,FAVOURS_E\n"
    mapping = {"columns": {"study": "study", "outcome": "outcome", "domain": "dom", "direction": "dir"}}
    assert cells(read(tmp_path, text, mapping), "domain", "direction") == [["strength", "favours_e"]]


def test_named_rows_and_joined_names(tmp_path: Path) -> None:
    text = "author,year,id,outcome,sub,dir\nLee,2020,7,jump,left,favours_e\nLee,2020,8,jump,,favours_c\n"
    mapping = {
        "columns": {
            "row_id": ["author", "id"],
            "study": {"from": ["author", "year"], "join": " "},
            "outcome": ["outcome", "sub"],
            "direction": "dir",
        }
    }
    studies = read(tmp_path, text, mapping)
    assert cells(studies, "row_id", "study", "outcome") == [
        ["Lee, 7", "Lee 2020", "jump, left"],
        ["Lee, 8", "Lee 2020", "jump"],
    ]
    # What was joined is still there to group by.
    assert list(studies.extra.columns) == ["author", "year", "id", "outcome", "sub"] or list(
        studies.extra.columns
    ) == ["author", "year", "id", "sheet_outcome", "sub"]


def test_a_mapped_table_goes_all_the_way(tmp_path: Path) -> None:
    studies = read(tmp_path, LONG, LONG_MAP)
    effects = ev.effect_sizes(studies, measure="SMD", correlation=0.7)
    assert effects.table["kind"].tolist() == ["exact"] * 3
    # Bob 2021: SEs of 0.12 and 0.13 are SDs of 0.38 and 0.43: less sprint time favours the first arm.
    assert effects.table["estimate"].iloc[2] > 0
    assert isinstance(studies.left_out, pd.DataFrame)
    assert "3 more left out" in repr(studies)
