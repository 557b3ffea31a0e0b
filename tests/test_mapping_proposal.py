"""First mappings proposed from column names (issue C, point 9): right where names speak, always TOML."""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import evidence as ev
from evidence.cli import main
from evidence.errors import StudyDataError
from evidence.studies.mapping_names import NameParts, name_parts, tokens
from evidence.studies.mapping_proposal import ProposedMapping


@pytest.mark.parametrize(
    ("name", "stat", "stage", "side"),
    [
        ("m1i", "mean", "", "e"),
        ("sd2i", "sd", "", "c"),
        ("n1i", "n", "", "e"),
        ("Intervention_mean_pre", "mean", "pre", "e"),
        ("control.SD.post", "sd", "post", "c"),
        ("ExpPostMean", "mean", "post", "e"),
        ("T0_mean_IG", "mean", "pre", "e"),
        ("Mean (SE) baseline", "mean", "pre", ""),
        ("SDc", "sd", "", "c"),
        ("change_CI_lower", "ci_low", "change", ""),
        ("median_post", "median", "post", ""),
        ("study", "", "", ""),
    ],
)
def test_what_a_name_says(name: str, stat: str, stage: str, side: str) -> None:
    parts = name_parts(name)
    assert (parts.stat, parts.stage, parts.side) == (stat, stage, side)


def propose(tmp_path: Path, text: str) -> tuple[ev.Studies, dict[str, Any], ProposedMapping]:
    path = tmp_path / "theirs.csv"
    path.write_text(text, encoding="utf-8")
    proposal = ev.propose_mapping(path)
    return ev.read_studies(path, mapping=proposal), dict(proposal.sections), proposal


def test_a_long_table_with_roles_and_changes(tmp_path: Path) -> None:
    text = "study,study_code,group,training_control,outcome_group,outcome,increase_decrease,n_pre,n_post,"
    text += "m_pre,m_post,se_pre,se_post,sd_pre,sd_post,ri\n"
    arms = [("Machine", "training", "0.8"), ("Free", "training", "0.75")]
    arms.append(("Nothing", "control", "see page 3 there"))
    for arm, role, r in arms:
        text += f"Ann 2020,1,{arm},{role},function,rise,increase,12,11,14.0,15.5,0.4,0.5,,,{r}\n"
    studies, sections, _ = propose(tmp_path, text)
    assert sections["layout"] == "long"
    assert sections["pairs"]["control"] == {"training_control": ["control"]}
    assert sections["arm"]["r"]["unreadable"] == "blank"
    assert studies.text[["arm_e", "arm_c", "better", "pre_se_e", "pre_n_e"]].values.tolist() == [
        ["Machine", "Nothing", "higher", "0.4", "12"],
        ["Free", "Nothing", "higher", "0.4", "12"],
    ]


def test_two_arms_in_a_row_under_names_of_their_own(tmp_path: Path) -> None:
    names = [
        f"{arm}_{what}" for arm in ("FULL", "PART") for what in ("m_pre", "m_post", "sd_pre", "sd_post", "ni")
    ]
    text = f"study_name,study_year,study,design,wt_avg_age,outcome_measure,{','.join(names)}\n"
    text += "Ann (1989),1989,1,between,26.5,leg press,44.7,62.5,12.7,20,17,50.2,69.4,13.5,18.6,12\n"
    text += "Bob (1999),1999,2,within,30.5,leg press,44,62,12,20,17,50,69,13,18,17\n"
    studies, sections, proposal = propose(tmp_path, text)
    assert sections["columns"]["pre_sd_c"] == "PART_sd_pre"
    assert studies.text["arm_design"].tolist() == ["parallel", "within_participant"]
    assert studies.info is not None
    assert studies.info["year"].tolist() == [1989.0, 1999.0]
    assert proposal.unmapped == ("study", "wt_avg_age")
    assert "exchange _e and _c" in proposal.toml


def test_names_of_the_effect_size_literature(tmp_path: Path) -> None:
    studies, sections, _ = propose(
        tmp_path, "author,year,m1i,sd1i,n1i,m2i,sd2i,n2i\nA,2001,5,1,10,4,1.5,11\n"
    )
    columns = sections["columns"]
    assert (columns["post_mean_e"], columns["post_sd_c"], columns["n_c"]) == ("m1i", "sd2i", "n2i")
    assert studies.text["study"].tolist() == ["A"]
    counts, sections, _ = propose(tmp_path, "trial,author,ai,bi,ci,di,n1i,n2i\n1,A,4,119,11,128,123,139\n")
    names = ["events_e", "total_e", "events_c", "total_c"]
    assert counts.text[names].values.tolist() == [["4", "123", "11", "139"]]
    ready, sections, _ = propose(tmp_path, "study,yi,vi,x\nA,0.1,0.02,1\nB,0.3,0.01,2\n")
    assert sections["effect"]["variance"] == "vi"
    assert ready.text["effect"].tolist() == ["0.1", "0.3"]


def test_the_same_author_in_two_years_is_two_studies(tmp_path: Path) -> None:
    text = "author,year,yi,vi\nLee,2001,0.1,0.02\nLee,2004,0.3,0.01\n"
    studies, sections, _ = propose(tmp_path, text)
    assert sections["columns"]["study"] == ["author", "year"]
    assert studies.table["study"].nunique() == 2


def test_numbered_arms_become_parts(tmp_path: Path) -> None:
    text = "study,outcome," + ",".join(f"mean_{at},sd_{at},n_{at}" for at in (1, 2, 3)) + "\n"
    text += "A,x,1,2,3,4,5,6,7,8,9\n"
    studies, sections, _ = propose(tmp_path, text)
    assert list(sections["spread"]["arm"]) == ["1", "2", "3"]
    assert studies.text[["post_mean_e", "post_mean_c", "n_e"]].values.tolist() in (
        [["1", "4", "3"], ["7", "4", "9"]],
        [["1", "7", "3"], ["4", "7", "6"]],
    )


def test_times_in_rows_are_proposed(tmp_path: Path) -> None:
    text = "study,outcome,group,time,n,mean,sd\n" + "".join(
        f"A,jump,{arm},{time},9,{value},2\n"
        for arm in ("train", "control")
        for time, value in (("baseline", 10), ("post", 12))
    )
    studies, sections, _ = propose(tmp_path, text)
    assert (sections["time"]["pre"], sections["time"]["post"]) == (["baseline"], ["post"])
    assert studies.text[["pre_mean_e", "post_mean_c"]].values.tolist() == [["10", "12"]]


def test_a_mean_and_its_sd_in_one_cell(tmp_path: Path) -> None:
    text = "author,outcome,arm,N,baseline mean (SD),follow-up mean (SD)\n"
    text += "Smith,pain,Exercise,25,5.4 (1.2),3.1 (1.4)\nSmith,pain,Waiting list,24,5.5 (1.3),4.9 (1.5)\n"
    studies, sections, _ = propose(tmp_path, text)
    assert sections["pairs"]["control"] == ["Waiting list"]
    names = ["pre_mean_e", "pre_sd_e", "post_mean_c", "post_sd_c", "n_c"]
    assert studies.text[names].values.tolist() == [["5.4", "1.2", "4.9", "1.5", "24"]]


def test_weeks_since_baseline_and_stages_alone(tmp_path: Path) -> None:
    text = "Study,Outcome,Arm,Week,N,Mean,SD\n"
    for arm, means in (("exp", (50, 55, 60)), ("con", (51, 52, 53))):
        text += "".join(f"A,squat,{arm},{6 * at},10,{mean},5\n" for at, mean in enumerate(means))
    studies, sections, _ = propose(tmp_path, text)
    assert sections["time"] == {"column": "Week", "pre": ["0"], "post": {"6": 6, "12": 12}}
    names = ["timepoint_weeks", "pre_mean_e", "post_mean_e", "post_mean_c"]
    assert studies.text[names].values.tolist() == [["6", "50", "55", "52"], ["12", "50", "60", "53"]]
    text = "study,group,outcome,pre,post,n\nA,Exercise,pain,5.4 ± 1.2,3.1 ± 1.4,20\n"
    text += "A,Control,pain,5.2 ± 1.1,4.9 ± 1.3,21\n"
    studies, _, _ = propose(tmp_path, text)
    names = ["pre_mean_e", "pre_sd_e", "post_mean_c", "post_sd_c"]
    assert studies.text[names].values.tolist() == [["5.4", "1.2", "4.9", "1.3"]]


def test_arms_that_two_columns_name_and_a_german_table(tmp_path: Path) -> None:
    text = "Study ID,Intervention Group,Control Group,Sample size (int),Sample size (con),"
    text += "Mean change int,SD change int,Mean change con,SD change con\nX,HIIT,none,15,14,3.2,1.1,0.4,1.0\n"
    studies, _, _ = propose(tmp_path, text)
    names = ["arm_e", "arm_c", "n_c", "change_sd_e"]
    assert studies.text[names].values.tolist() == [["HIIT", "none", "14", "1.1"]]
    text = "Autor;Gruppe;Zeitpunkt;Anzahl;Mittelwert;Standardabweichung;Parameter\n"
    for group, values in (("Training", ("12,5", "14,5")), ("Kontrolle", ("12,1", "12,0"))):
        for time, value in zip(("prä", "post"), values, strict=True):
            text += f"Krüger;{group};{time};12;{value};2,1;Kraft\n"
    studies, _, _ = propose(tmp_path, text)
    assert studies.text[["outcome", "pre_mean_e", "post_mean_c"]].values.tolist() == [
        ["Kraft", "12.5", "12.0"]
    ]


@pytest.mark.parametrize(
    ("header", "cells", "expected"),
    [
        ("g,SE_g", "0.5,0.2", {"estimate": "g", "std_error": "SE_g", "metric": "SMD"}),
        ("lnRR,var", "-0.5,0.2", {"estimate": "lnRR", "variance": "var", "metric": "RR", "log": True}),
        (
            "OR,lower,upper",
            "0.5,0.2,0.9",
            {"estimate": "OR", "low": "lower", "high": "upper", "metric": "OR"},
        ),
    ],
)
def test_ready_made_effects_are_proposed(
    header: str, cells: str, expected: dict[str, Any], tmp_path: Path
) -> None:
    studies, sections, _ = propose(tmp_path, f"author,{header}\nA,{cells}\n")
    effect = sections["effect"]
    assert {name: effect[name] for name in expected} == expected
    assert float(studies.text["effect"].item()) > 0


def test_titles_units_and_words_for_missing_numbers(tmp_path: Path) -> None:
    text = "Supplement 3,,,,,,\nstudy,outcome,mean_e,sd_e,mean_c,sd_c,n_e,n_c\n,,(kg),(kg),(kg),(kg),,\n"
    text += "A,squat,100,10,90,NR,9,8\nB,squat,100,10,90,9,9,8\nC,squat,99,9,92,8,10,9\n"
    studies, sections, _ = propose(tmp_path, text)
    assert sections["file"] == {"header": 2, "below_header": 1}
    assert sections["numbers"]["missing"] == ["NR"]
    assert studies.text["post_sd_c"].tolist() == ["", "9", "8"]
    # A number in disguise is never called missing: it stays an error until the user has said what to do.
    (tmp_path / "t.csv").write_text(text + "D,squat,99,±9,92,8,10,9\n", encoding="utf-8")
    proposal = ev.propose_mapping(tmp_path / "t.csv")
    assert "±9" in proposal.toml
    with pytest.raises(StudyDataError, match=r"post_sd_e \(from sd_e\)"):
        ev.read_studies(tmp_path / "t.csv", mapping=proposal)


def test_nothing_to_go_by_gives_a_mapping_with_questions(tmp_path: Path) -> None:
    (tmp_path / "t.csv").write_text("foo,bar\n1,2\n3,4\n", encoding="utf-8")
    proposal = ev.propose_mapping(tmp_path / "t.csv")
    assert "which column names the study ?" in proposal.toml
    with pytest.raises(StudyDataError, match=r"columns\.study names a column[\s\S]*columns are foo, bar"):
        ev.read_studies(tmp_path / "t.csv", mapping=proposal)


def test_a_saved_mapping_is_not_overwritten(tmp_path: Path) -> None:
    (tmp_path / "t.csv").write_text("study,yi,vi\nA,0.1,0.02\n", encoding="utf-8")
    proposal = ev.propose_mapping(tmp_path / "t.csv")
    saved = proposal.save(tmp_path / "m.toml")
    assert saved.read_text(encoding="utf-8") == proposal.toml == str(proposal)
    with pytest.raises(StudyDataError, match="a mapping is not overwritten"):
        proposal.save(tmp_path / "m.toml")


NAMES = st.text(st.characters(exclude_categories=["Cs", "Cc"]), max_size=12) | st.sampled_from(
    [
        "study",
        "mean_1",
        "sd_1",
        "mean_2",
        "sd_2",
        "n_1",
        "n2",
        "group",
        "time",
        "outcome",
        "yi",
        "vi",
        'a"b',
        "x{arm}",
    ]
)
CELLS = st.sampled_from(["1.5", "2", "control", "pre", "post", "", "NR", "increase", 'q"uo\\te', "3,5", "é"])


@given(st.lists(NAMES, min_size=1, max_size=8), st.data())
@settings(max_examples=80, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_whatever_the_columns_are_called_the_proposal_is_toml(
    tmp_path: Path, names: list[str], data: st.DataObject
) -> None:
    import csv

    rows = data.draw(
        st.lists(st.lists(CELLS, min_size=len(names), max_size=len(names)), min_size=1, max_size=6)
    )
    path = tmp_path / "t.csv"
    with path.open("w", encoding="utf-8", newline="") as stream:
        csv.writer(stream, quoting=csv.QUOTE_ALL).writerows([names, *rows])
    try:
        proposal = ev.propose_mapping(path)
    except StudyDataError:
        return  # a sheet without a name in its header, or without a cell
    assert isinstance(tomllib.loads(proposal.toml), dict)


@given(NAMES)
def test_any_name_can_be_cut(name: str) -> None:
    assert isinstance(name_parts(name), NameParts)
    assert all(part == part.casefold() for part in tokens(name))


# --- the command ----------------------------------------------------------------------------------


def test_the_command_map(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    table, toml = tmp_path / "t.csv", tmp_path / "m.toml"
    table.write_text(
        "study,group,mean,sd,n\nA,train,5,1,9\nA,control,4,1,8\nB,train,5,1,9\n", encoding="utf-8"
    )
    assert main(["map", str(table)]) == 0
    assert tomllib.loads(capsys.readouterr().out)["arm"]["name"] == "group"
    assert main(["map", str(table), "--save", str(toml)]) == 0
    assert "written" in capsys.readouterr().err
    assert main(["map", str(table), "--save", str(toml)]) == 1
    assert "not overwritten" in capsys.readouterr().err
    assert main(["map", str(table), "--check", str(toml)]) == 0
    said = capsys.readouterr().out
    assert said.startswith("1 comparison from 1 study\n1 row in no comparison")
    assert "one arm alone: no other arm of this study and outcome (line 4)" in said
    assert main(["map", str(tmp_path / "nowhere.csv")]) == 1


@pytest.mark.parametrize(
    ("text", "estimate"),
    [
        ("study,es_id,yi,vi\nA,1,0.25,0.04\nB,2,0.55,0.09\n", "yi"),
        ("study,effect no,d,SE\nA,1,0.2,0.1\nB,2,0.3,0.1\n", "d"),
        ("study,OR,logOR,SE\nA,2,0.69,0.1\nB,1,0,0.2\n", "logOR"),
    ],
)
def test_of_several_columns_the_surest_effect_is_taken(tmp_path: Path, text: str, estimate: str) -> None:
    assert propose(tmp_path, text)[1]["effect"]["estimate"] == estimate


def test_names_that_come_twice_stand_under_headings(tmp_path: Path) -> None:
    text = "Table 2,,,,,,,\n\n,,Training,,,Control,,\nStudie,Endpunkt,n,Mean,SD,n,Mean,SD\n"
    text += "Ann 2020,jump,12,34.5,4.2,11,32.1,3.9\nBob 2021,jump,20,40.1,5,20,38.2,5.5\n"
    studies, sections, _ = propose(tmp_path, text)
    assert sections["file"]["header"] == [3, 4]
    names = ["arm_e", "arm_c", "n_e", "post_mean_e", "post_sd_c"]
    assert studies.text[names].values.tolist() == [
        ["Training", "Control", "12", "34.5", "3.9"],
        ["Training", "Control", "20", "40.1", "5.5"],
    ]
    assert studies.text["outcome"].tolist() == ["jump", "jump"]


def test_a_path_is_asked_for() -> None:
    with pytest.raises(StudyDataError, match="takes path as the path of a file"):
        ev.propose_mapping(None)  # type: ignore[arg-type]
