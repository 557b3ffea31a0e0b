"""The record: choosing rows, counting what there is, and not changing (issue A, points 4 and 9)."""

import copy
import dataclasses
import pickle
from pathlib import Path

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from evidence.errors import StudyDataError
from evidence.studies.columns import COLUMNS, SIX_DOMAINS
from evidence.studies.example import example_studies
from evidence.studies.reading import read_studies
from evidence.studies.record import Studies

EXAMPLE = example_studies()


def small(tmp_path: Path, *lines: str) -> Studies:
    path = tmp_path / "s.csv"
    path.write_text("row_id,study,outcome,domain,n_e,n_c,arm_design,reported,direction\n" + "\n".join(lines))
    return read_studies(path)


def test_the_shipped_data() -> None:
    """Issue A, point 3: 277 rows, 88 studies, 11 claims."""
    assert len(EXAMPLE) == 277
    assert EXAMPLE.info is not None
    assert len(EXAMPLE.info) == EXAMPLE.table["study"].nunique() == len(EXAMPLE.references) == 88
    assert EXAMPLE.claims is not None
    assert len(EXAMPLE.claims) == 11
    assert EXAMPLE.notes == ()


def test_where_takes_a_value_or_several() -> None:
    """DESIGN section 2: the first lines of a notebook."""
    trials = EXAMPLE.where(
        question="integrated_vs_isolated",
        level="study",
        comparator_class=["isolated_strength"],
        domain=SIX_DOMAINS,
    )
    table = EXAMPLE.table
    expected = table[
        (table["question"] == "integrated_vs_isolated")
        & (table["level"] == "study")
        & (table["comparator_class"] == "isolated_strength")
        & table["domain"].isin(SIX_DOMAINS)
    ]
    assert trials.table["row_id"].tolist() == expected["row_id"].tolist()
    assert trials.text["row_id"].tolist() == expected["row_id"].tolist()
    assert trials.table.index.tolist() == list(range(len(expected)))
    assert trials.lines == tuple(EXAMPLE.lines[at] for at in expected.index)
    assert trials.info is not None
    assert len(trials.info) == 88


def test_where_compares_numbers_as_numbers_and_finds_blanks() -> None:
    assert len(EXAMPLE.where(timepoint_weeks=8)) == len(EXAMPLE.where(timepoint_weeks="8.0")) == 46
    assert len(EXAMPLE.where(timepoint_weeks=[8, 12])) == 46 + 47
    assert len(EXAMPLE.where(timepoint_weeks=None)) == 71
    assert len(EXAMPLE.where(effect_metric="")) == 178
    assert len(EXAMPLE.where()) == 277


def test_where_keeps_the_warnings_of_its_rows() -> None:
    assert EXAMPLE.where(study="fukuda2010").warnings["row_id"].tolist() == ["fukuda2010_01", "fukuda2010_02"]
    assert EXAMPLE.where(study="zuo2022").warnings.empty


def test_a_known_word_without_rows_chooses_nothing() -> None:
    assert len(EXAMPLE.where(question="prevention").where(domain=["flexibility", "injury_acl"])) == 9
    empty = EXAMPLE.where(question="prevention", domain="flexibility")
    assert len(empty) == 0
    assert empty.overview().empty
    assert "0 rows from 0 studies" in empty._repr_html_()


@pytest.mark.parametrize(
    ("choice", "message"),
    [
        ({"domains": "pain"}, "did you mean domain?"),
        ({"qqq": "pain"}, "the columns are row_id"),
        ({"domain": "paain"}, "did you mean pain?"),
        ({"domain": ["pain", "paain"]}, "did you mean pain?"),
        ({"study": "distefano2031"}, "did you mean distefano2013?"),
        ({"timepoint_weeks": 9}, "there are 4, 5, 6, 7, 8"),
        ({"timepoint_weeks": "eight"}, "there are 4, 5, 6, 7, 8"),
        ({"level": "trial"}, "there are pooled, study"),
        ({"outcome": "zzz"}, "and .* more"),
        ({"domain": []}, "at least one value"),
    ],
)
def test_where_refuses_what_would_silently_choose_nothing(choice: dict[str, object], message: str) -> None:
    with pytest.raises(StudyDataError, match=message):
        EXAMPLE.where(**choice)


@given(st.sampled_from([column.name for column in COLUMNS if column.words]), st.data())
def test_choices_and_their_complements_make_the_whole(name: str, data: st.DataObject) -> None:
    words = sorted(set(EXAMPLE.table[name]))
    chosen = data.draw(st.lists(st.sampled_from(words), min_size=1, unique=True))
    rest = [word for word in words if word not in chosen]
    ids = EXAMPLE.where(**{name: chosen}).table["row_id"].tolist()
    ids += EXAMPLE.where(**{name: rest}).table["row_id"].tolist() if rest else []
    assert sorted(ids) == sorted(EXAMPLE.table["row_id"])


def test_overview_counts_rows_studies_and_reports() -> None:
    """README of the extraction: rows and studies by question, and by report."""
    counts = EXAMPLE.overview(by="question").set_index("question")
    assert counts["rows"].to_dict() == {
        "integrated_vs_isolated": 138,
        "hip_knee_vs_knee": 57,
        "risk_factor": 49,
        "prevention": 33,
    }
    assert counts["studies"].tolist() == [30, 20, 21, 17]
    reports = counts[["reported_full", "reported_partial", "reported_direction"]].sum()
    assert reports.tolist() == [84, 48, 145]
    for stem in ("reported", "basis", "direction"):
        named = [name for name in counts.columns if name.startswith(f"{stem}_")]
        assert counts[named].sum(axis=1).tolist() == counts["rows"].tolist()


def test_overview_by_study_counts_each_once() -> None:
    counts = EXAMPLE.overview(by="study")
    assert len(counts) == EXAMPLE.table["study"].nunique() == 88
    assert counts["studies"].tolist() == [1] * 88
    assert counts["rows"].sum() == 277
    both = EXAMPLE.overview(by=["study", "domain"])
    assert both["rows"].sum() == 277
    for column in COLUMNS:
        assert EXAMPLE.overview(by=column.name)["rows"].sum() == 277


@pytest.mark.parametrize(
    ("by", "message"),
    [
        (None, "counts by columns of the table, got 'None'"),
        (3, "counts by columns of the table, got '3'"),
        ([3], "the columns are row_id"),
        ("domains", "did you mean domain?"),
        ([], "at least one column"),
    ],
)
def test_overview_refuses_what_is_no_column(by: object, message: str) -> None:
    with pytest.raises(StudyDataError, match=message):
        EXAMPLE.overview(by=by)  # type: ignore[arg-type]


def test_overview_of_six_domains_is_in_their_order() -> None:
    cells = EXAMPLE.where(question="integrated_vs_isolated", domain=SIX_DOMAINS).overview()
    assert list(dict.fromkeys(cells["domain"])) == list(SIX_DOMAINS)
    assert not cells.duplicated(["domain", "comparator_class"]).any()
    assert cells["rows"].sum() == len(EXAMPLE.where(question="integrated_vs_isolated", domain=SIX_DOMAINS))


def test_overview_counts_people_once_per_study(tmp_path: Path) -> None:
    """People: the largest n_e + n_c of each study; unknown sizes are counted apart; legs are not people."""
    studies = small(
        tmp_path,
        "a,s,o,pain,10,12,,full,favours_e",
        "b,s,o,pain,11,12,,full,",
        "c,t,o,pain,5,,,partial,favours_c",
        "d,u,o,pain,8,8,within_participant,,unclear",
        "e,s,o,power,9,9,crossover,full,favours_e",
    )
    counts = studies.overview(by=["domain"]).set_index("domain")
    assert counts.index.tolist() == ["power", "pain"]
    assert counts.loc["pain", ["rows", "studies", "people", "studies_n_unknown"]].tolist() == [
        4,
        3,
        23 + 8,
        1,
    ]
    assert counts.loc["power", "people"] == 9
    assert counts.loc["pain", ["reported_full", "reported_partial", "reported_blank"]].tolist() == [2, 1, 1]
    assert counts.loc["pain", ["direction_favours_e", "direction_favours_c", "direction_blank"]].tolist() == [
        1,
        1,
        1,
    ]
    assert (counts.dtypes == "int64").all()


def test_overview_by_a_number_and_by_words_of_ones_own(tmp_path: Path) -> None:
    studies = small(
        tmp_path, "a,s,o,zzz,10,12,,,favours_e", "b,t,o,pain,,,,,favours_e", "c,u,o,aaa,7,7,,,favours_e"
    )
    assert studies.overview(by="domain")["domain"].tolist() == ["pain", "zzz", "aaa"]
    by_size = studies.overview(by="n_e")
    assert by_size["n_e"].tolist()[:2] == [7.0, 10.0]
    assert by_size["n_e"].isna().tolist() == [False, False, True]
    assert by_size["rows"].sum() == 3
    with pytest.raises(StudyDataError, match="did you mean domain"):
        studies.overview(by="domian")
    with pytest.raises(StudyDataError, match="at least one"):
        studies.overview(by=[])


def test_the_record_does_not_change() -> None:
    studies = example_studies()
    with pytest.raises(dataclasses.FrozenInstanceError):
        studies.source = "x"  # type: ignore[misc]
    with pytest.raises(dataclasses.FrozenInstanceError):
        studies.table = pd.DataFrame()  # type: ignore[misc,assignment]
    table = studies.table
    table["domain"] = "x"
    table.loc[0, "study"] = "x"
    table["new"] = 1
    assert studies.info is not None
    info = studies.info
    info["study"] = "x"
    pd.testing.assert_frame_equal(studies.table, EXAMPLE.table)
    assert studies.info["study"].tolist()[0] == "distefano2013"


def test_the_record_travels_to_other_processes() -> None:
    for twin in (pickle.loads(pickle.dumps(EXAMPLE)), copy.deepcopy(EXAMPLE), dataclasses.replace(EXAMPLE)):
        pd.testing.assert_frame_equal(twin.table, EXAMPLE.table)
        assert twin.references == EXAMPLE.references
        assert twin.lines == EXAMPLE.lines


def test_what_a_notebook_shows() -> None:
    """Issue A: one plain sentence and the head of the table; no path of the machine."""
    html = EXAMPLE._repr_html_()
    assert html.startswith("<p>277 rows from 88 studies (studies.csv), 38 of them pooled results of reviews.")
    assert "4 cells are odd and possible" in html
    assert html.count("<tr") == 6
    assert repr(EXAMPLE).startswith("<Studies: 277 rows from 88 studies")
    assert str(Path(EXAMPLE.source).parent) not in html


def test_html_is_escaped(tmp_path: Path) -> None:
    studies = small(tmp_path, "<b>,s,<script>,pain,1,1,,,favours_e")
    assert "<script>" not in studies._repr_html_()
