"""Files as spreadsheets leave them, and mappings as people mistype them (issue C, point 9)."""

from __future__ import annotations

import io
import sys
from pathlib import Path
from typing import Any

import pytest

import evidence as ev
from evidence.errors import StudyDataError
from evidence.studies.mapping_keys import read_mapping

openpyxl = pytest.importorskip("openpyxl")

TEXT = "Studie;Test;Gruppe;n;MW;SD;p\nMüller 2020;Sprünge;Training;20;31,50;4,2;<0,05\n"
TEXT += "Müller 2020;Sprünge;Kontrolle;19;30,00;4,10;\n"
MAPPING: dict[str, Any] = {
    "columns": {"study": "Studie", "outcome": "Test", "p_between": "p"},
    "constants": {"better": "higher"},
    "arm": {"name": "Gruppe", "n": "n", "post_mean": "MW", "post_sd": "SD"},
    "pairs": {"control": "kontrolle"},
}
OWN = "row_id;study;outcome;post_mean_e;post_sd_e;post_mean_c;post_sd_c;n_e;n_c;better;p_between\n"
OWN += "a;Müller 2020;Sprünge;31,50;4,2;30,00;4,10;20;19;higher;<0,05\n"


@pytest.mark.parametrize("mapped", [True, False])
@pytest.mark.parametrize(
    ("encoding", "note"),
    [
        ("utf-8", ""),
        ("utf-8-sig", ""),
        ("utf-16", "the file is UTF-16"),
        ("utf-16-le", "the file is UTF-16"),
        ("utf-16-be", "the file is UTF-16"),
        ("cp1252", "was read as Windows-1252"),
        ("latin-1", "was read as Windows-1252"),
    ],
)
def test_encodings_and_decimal_commas(encoding: str, note: str, mapped: bool, tmp_path: Path) -> None:
    path = tmp_path / "t.csv"
    path.write_bytes((TEXT if mapped else OWN).encode(encoding))
    studies = ev.read_studies(path, mapping=MAPPING if mapped else None)
    row = studies.text.iloc[0]
    assert (row["study"], row["outcome"]) == ("Müller 2020", "Sprünge")
    assert row[["post_mean_e", "post_sd_c", "p_between", "n_c"]].tolist() == ["31.50", "4.10", "<0.05", "19"]
    assert "numbers have decimal commas, and were read so" in studies.notes
    assert any(note in one for one in studies.notes)
    assert any("Windows-1252" in one for one in studies.notes) == (encoding in ("cp1252", "latin-1"))


def test_an_encoding_that_is_stated(tmp_path: Path) -> None:
    path = tmp_path / "t.csv"
    path.write_bytes(TEXT.encode("mac-roman"))
    studies = ev.read_studies(path, mapping={**MAPPING, "file": {"encoding": "mac-roman"}})
    assert studies.text["outcome"].tolist() == ["Sprünge"]
    with pytest.raises(StudyDataError, match=r"line 2:[\s\S]*the file is ascii, as stated"):
        ev.read_studies(path, mapping={**MAPPING, "file": {"encoding": "ascii"}})
    with pytest.raises(StudyDataError, match="the encoding is one that Python knows"):
        ev.read_studies(path, mapping={**MAPPING, "file": {"encoding": "utf-9"}})


def test_a_comma_is_no_decimal_mark_unasked_where_commas_separate(tmp_path: Path) -> None:
    path = tmp_path / "t.csv"
    text = 'Studie,Test,Gruppe,n,MW,SD,p\nA,x,Training,20,"31,50",4.2,\nA,x,Kontrolle,19,30.0,4,\n'
    path.write_text(text, encoding="utf-8")
    with pytest.raises(StudyDataError, match=r"post_mean_e \(from MW\)[\s\S]*decimal = \",\""):
        ev.read_studies(path, mapping=MAPPING)
    studies = ev.read_studies(path, mapping={**MAPPING, "numbers": {"decimal": ","}})
    assert studies.text["post_mean_e"].tolist() == ["31.50"]


def test_points_beside_commas_decide_for_the_point(tmp_path: Path) -> None:
    path = tmp_path / "t.csv"
    path.write_text(TEXT.replace("4,10", "4.10"), encoding="utf-8")
    with pytest.raises(StudyDataError, match="decimal"):
        ev.read_studies(path, mapping=MAPPING)


MESSY = """Table 2. Results,,,,,,
"(extracted by two raters, 2021)",,,,,,
,,,,,,
Study,Outcome,Training,,Control,,Remark
,,mean,SD,mean,SD,
,,(kg),(kg),(kg),(kg),
Ann 2020,squat,101.0,10,95,9,
,jump,35,NR,33,4,
# checked up to here,,,,,,
,,,,,,
Bob 2021,squat,1 020,−,90,-,extra

"""


def test_titles_two_header_lines_units_remarks_and_merged_cells(tmp_path: Path) -> None:
    path = tmp_path / "t.csv"
    path.write_text(MESSY, encoding="utf-8")
    mapping = {
        "file": {"header": [4, 5], "below_header": 1, "comment": "#", "fill_down": ["Study"]},
        "numbers": {"missing": ["NR", "-", "−"], "thousands": " "},
        "columns": {
            "study": "Study",
            "outcome": "Outcome",
            "post_mean_e": "Training_mean",
            "post_sd_e": "Training_SD",
            "post_mean_c": "Control_mean",
            "post_sd_c": "Control_SD",
        },
        "constants": {"better": "higher"},
    }
    studies = ev.read_studies(path, mapping=mapping)
    assert studies.text[["study", "post_mean_e", "post_sd_e", "post_mean_c"]].values.tolist() == [
        ["Ann 2020", "101.0", "10", "95"],
        ["Ann 2020", "35", "", "33"],
        ["Bob 2021", "1020", "", "90"],
    ]
    assert studies.lines == (7, 8, 11)
    assert studies.notes[:3] == (
        "2 lines above the header were passed over",
        "1 line below the header (units or the like) was passed over",
        "1 line of remarks was passed over",
    )


def test_names_that_occur_twice_or_not_at_all(tmp_path: Path) -> None:
    path = tmp_path / "t.csv"
    path.write_text("study,outcome,mean,sd,mean,sd,,\nA,x,1,2,3,4,5,\n", encoding="utf-8")
    columns = {"study": "study", "outcome": "outcome", "post_mean_e": "mean", "post_mean_c": "mean (2)"}
    studies = ev.read_studies(path, mapping={"columns": columns, "constants": {"better": "lower"}})
    assert studies.text[["post_mean_e", "post_mean_c"]].values.tolist() == [["1", "3"]]
    assert list(studies.extra.columns) == ["sd", "sd (2)", "column 7"]
    assert sum("is called" in note for note in studies.notes) == 3


def test_short_rows_are_padded_and_long_ones_named(tmp_path: Path) -> None:
    path = tmp_path / "t.csv"
    columns = {"study": "study", "outcome": "outcome", "direction": "dir"}
    path.write_text("study,outcome,dir,note\nA,x,favours_e\nB,y,favours_c,,,\n", encoding="utf-8")
    assert len(ev.read_studies(path, mapping={"columns": columns})) == 2
    path.write_text("study,outcome,dir\nA,x,favours_e\nB,y,favours_c,more\n", encoding="utf-8")
    with pytest.raises(StudyDataError, match=r"line 3:\s+a line has no more cells than the header \(3\)"):
        ev.read_studies(path, mapping={"columns": columns})
    assert len(ev.read_studies(path, mapping={"columns": columns, "file": {"skip_lines": [3]}})) == 1


def test_the_line_that_spreadsheets_write_for_each_other(tmp_path: Path) -> None:
    path = tmp_path / "t.csv"
    path.write_text("sep=;\n" + TEXT, encoding="utf-8")
    assert ev.read_studies(path, mapping=MAPPING).lines == (3,)


def workbook(path: Path, *, formats: dict[str, str] | None = None) -> Path:
    book = openpyxl.Workbook()
    book.active.title = "Read me"
    book.active.append(["nothing here"])
    sheet = book.create_sheet("Data")
    sheet.append(["Studie", "Test", "Gruppe", "n", "MW", "SD", "p", "Datum"])
    sheet.append(["Müller 2020", "Sprünge", "Training", 20, 31.5, 0.1 + 0.2, "<0.05", None])
    sheet.append([None, None, None, None, None, None, None, None])
    sheet.append(["Müller 2020", "Sprünge", "Kontrolle", 19.0, 30, 4.125, None, None])
    for cell, shown in (formats or {}).items():
        sheet[cell].number_format = shown
    book.save(path)
    return path


def test_a_workbook(tmp_path: Path) -> None:
    formats = {"E2": "0.00", "E4": "0.0", "F4": "0.0"}
    path = workbook(tmp_path / "t.xlsx", formats=formats)
    studies = ev.read_studies(path, mapping={**MAPPING, "file": {"sheet": "Data"}})
    row = studies.text.iloc[0]
    # The format 0.00 shows 31.50; 0.0 would hide digits of 4.125, which stay; 0.1 + 0.2 has 15 digits.
    assert row[["post_mean_e", "post_sd_e"]].tolist() == ["31.50", "0.3"]
    assert row[["post_mean_c", "post_sd_c"]].tolist() == ["30.0", "4.125"]
    assert row[["n_e", "n_c", "p_between"]].tolist() == ["20", "19", "<0.05"]
    assert studies.lines == (2,)
    assert any("a workbook stores numbers" in note for note in studies.notes)


def test_formulas_that_nobody_computed_are_named(tmp_path: Path) -> None:
    path = workbook(tmp_path / "t.xlsx")
    book = openpyxl.load_workbook(path)
    book["Data"]["F2"] = "=1+3"
    book.save(path)
    studies = ev.read_studies(path, mapping={**MAPPING, "file": {"sheet": "Data"}})
    assert studies.text["post_sd_e"].tolist() == [""]
    assert any("without a stored value were read as blank, 1 in all: F2" in note for note in studies.notes)


def test_sheets_are_named(tmp_path: Path) -> None:
    path = workbook(tmp_path / "t.xlsx")
    with pytest.raises(StudyDataError, match=r"did you mean Data\? the sheets are Read me, Data"):
        ev.read_studies(path, mapping={**MAPPING, "file": {"sheet": "Date"}})
    with pytest.raises(StudyDataError, match="mapping key"):
        ev.read_studies(path, mapping=MAPPING)


def test_ones_own_columns_in_a_workbook(tmp_path: Path) -> None:
    book = openpyxl.Workbook()
    for row in (line.split(";") for line in OWN.replace(",", ".").splitlines()):
        book.active.append(row)
    book.save(tmp_path / "own.xlsx")
    studies = ev.read_studies(tmp_path / "own.xlsx")
    assert studies.text["post_mean_e"].tolist() == ["31.50"]


def test_without_openpyxl_the_way_out_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = workbook(tmp_path / "t.xlsx")
    monkeypatch.setitem(sys.modules, "openpyxl", None)
    with pytest.raises(StudyDataError, match=r"needs the package openpyxl[\s\S]*evidence\[excel\]"):
        ev.read_studies(path)


@pytest.mark.parametrize("content", [b"PK\x03\x04 broken", b"PK\x03\x04" + bytes(500)])
def test_a_broken_workbook(content: bytes, tmp_path: Path) -> None:
    (tmp_path / "t.xlsx").write_bytes(content)
    with pytest.raises(StudyDataError, match=r"an \.xlsx workbook that can be opened"):
        ev.read_studies(tmp_path / "t.xlsx", mapping=MAPPING)


# --- broken mappings ------------------------------------------------------------------------------

SOUND = """[columns]
study = "Studie"
outcome = "Test"
[arm]
name = "Gruppe"
n = "n"
post_mean = "MW"
post_sd = "SD"
[pairs]
control = "Kontrolle"
"""


BROKEN = [
    (
        '"MW"',
        '"MWs"',
        r"column MWs:\s+mapping key arm\.post_mean names .*did you mean 'MW'\? the columns are St",
    ),
    ("post_mean =", "post_maen =", r"arm\.post_maen: .*did you mean post_mean\? the keys are name"),
    ("[arm]", "[arms]", r"mapping key arms: .*did you mean arm\?"),
    ("[columns]", "[columns", r"a mapping is TOML"),
    ('study = "Studie"\n', "", r"mapping key columns\.study: each row belongs to a study"),
    ('name = "Gruppe"\n', "", r"mapping key arm\.name: an arm has a name"),
    ("[arm]", 'post_mean_e = "MW"\n[arm]', r"columns\.post_mean_e: cells of an arm are mapped in \[arm\]"),
    ('outcome = "Test"', "outcome = 3.5", r"columns\.outcome: a column is named as text"),
    ('n = "n"', 'n = "n_{arm}"', r"arm\.n: braces in a column's name are explained in \[spread\]"),
    ('n = "n"', "n = { part = 1 }", r"arm\.n\.from: the column of the file is named"),
    ('n = "n"', 'n = { from = "n", prat = 1 }', r"arm\.n\.prat: .*did you mean part\?"),
    ('n = "n"', 'n = { from = "n", part = -1 }', r"arm\.n\.part: a whole number stands here"),
    ('n = "n"', 'n = { from = "n", times = 0 }', r"arm\.n\.times: a factor is a number other than 0"),
    ('n = "n"', 'n = { from = "n", where = { Grupe = "x" } }', r"arm\.n\.where.*did you mean 'Gruppe'"),
    ('control = "Kontrolle"', 'control = { Rolle = "k" }', r"pairs\.control names a column"),
    ('control = "Kontrolle"', 'otherwise = "fisrt"', r"pairs\.otherwise: .*leave_out, last, first, all"),
    ("[pairs]", "[words]\nunit = { a = 'b' }\n[pairs]", r"words\.unit: words translate the cells"),
    ("[pairs]", "[constants]\nstudy = 'x'\n[pairs]", r"constants\.study: a column is mapped or constant"),
    (
        "[pairs]",
        "[words]\nstudy = { 0.05 = 'x' }\n[pairs]",
        r"a key with a point or a space stands in quotes",
    ),
    ("[pairs]", "[numbers]\ndecimal = ';'\n[pairs]", r'numbers\.decimal: the decimal mark is "\." or ","'),
    ("[pairs]", "[file]\nheader = 99\n[pairs]", r"file\.header: a line of the file is named"),
    ("[pairs]", "[file]\nfill_down = ['Stude']\n[pairs]", r"file\.fill_down .*did you mean 'Studie'"),
    ("[pairs]", "[time]\ncolumn = 'Test'\n[pairs]", r"time\.post: the time points after training"),
    ("[pairs]", "[effect]\nestimate = 'MW'\n[pairs]", r"effect\.estimate: .*an estimate and its precision"),
    ("[columns]", 'layout = "wide"\n[columns]', r"layout: a wide layout has both arms in \[columns\]"),
    ("[columns]", 'layout = "tall"\n[columns]', r'layout is "wide"'),
]


@pytest.mark.parametrize(("old", "new", "says"), BROKEN)
def test_a_broken_mapping_names_its_key(old: str, new: str, says: str, tmp_path: Path) -> None:
    (tmp_path / "t.csv").write_text(TEXT, encoding="utf-8")
    assert old in SOUND
    (tmp_path / "m.toml").write_text(SOUND.replace(old, new, 1), encoding="utf-8")
    with pytest.raises(StudyDataError, match=says) as caught:
        ev.read_studies(tmp_path / "t.csv", mapping=tmp_path / "m.toml")
    assert "m.toml" in str(caught.value) or "t.csv" in str(caught.value)


def test_a_mapping_that_is_no_file_and_no_dict(tmp_path: Path) -> None:
    with pytest.raises(StudyDataError, match="the mapping does not exist"):
        read_mapping(tmp_path / "nowhere.toml")
    with pytest.raises(StudyDataError, match="takes the path of a TOML file, or a dict"):
        read_mapping(3)
    (tmp_path / "m.toml").write_bytes("[columns]\nstudy = 'é'".encode("cp1252"))
    with pytest.raises(StudyDataError, match="a mapping is UTF-8 text"):
        read_mapping(tmp_path / "m.toml")


def test_broken_cells_name_both_columns_and_each_word_once(tmp_path: Path) -> None:
    text = TEXT + TEXT.split("\n", 1)[1].replace("Müller", "Maier").replace("4,2;", "n.a.;")
    again = text.split("\n", 1)[1].replace("Müller 2020", "C").replace("Maier 2020", "D")
    text += again.replace("4,2;", "n.a.;")
    (tmp_path / "t.csv").write_text(text, encoding="utf-8")
    with pytest.raises(StudyDataError) as caught:
        ev.read_studies(tmp_path / "t.csv", mapping=MAPPING)
    (problem,) = caught.value.problems
    assert (problem.line, problem.column, problem.value) == (4, "post_sd_e (from SD)", "n.a.")
    assert problem.fix.startswith("in 3 rows; not a number")
    assert 'unreadable = "blank"' in problem.fix
    studies = ev.read_studies(tmp_path / "t.csv", mapping={**MAPPING, "numbers": {"unreadable": "blank"}})
    blanked = studies.warnings[studies.warnings["rule"].str.contains("left blank")]
    assert blanked[["line", "value"]].values.tolist() == [[4, "n.a."], [6, "n.a."], [8, "n.a."]]


def test_impossible_numbers_can_be_blanked_too(tmp_path: Path) -> None:
    """An SD of 0 and an interval the wrong way round break rules of the table, not of the digits."""
    (tmp_path / "t.csv").write_text("study,outcome,m,s,lo,hi\nA,x,1,0,3,2\n", encoding="utf-8")
    columns = {"study": "study", "outcome": "outcome", "post_mean_e": "m", "post_sd_e": "s"}
    columns |= {"ci_low": "lo", "ci_high": "hi"}
    with pytest.raises(StudyDataError, match=r"post_sd_e \(from s\)"):
        ev.read_studies(tmp_path / "t.csv", mapping={"columns": columns})
    mapping = {"columns": columns, "numbers": {"unreadable": "blank"}}
    studies = ev.read_studies(tmp_path / "t.csv", mapping=mapping)
    assert studies.text[["post_sd_e", "ci_low"]].values.tolist() == [["", ""]]
    assert studies.warnings["value"].tolist()[:2] == ["0", "3"]


def test_sidecars_of_a_mapped_table_are_named_not_found(tmp_path: Path) -> None:
    (tmp_path / "t.csv").write_text(TEXT, encoding="utf-8")
    (tmp_path / "study_info.csv").write_text("study,year\nsomebody,2020\n", encoding="utf-8")
    assert ev.read_studies(tmp_path / "t.csv", mapping=MAPPING).info is None
    with pytest.raises(StudyDataError, match="each study stands in"):
        ev.read_studies(tmp_path / "t.csv", mapping=MAPPING, info=tmp_path / "study_info.csv")


def test_a_sheet_without_rows(tmp_path: Path) -> None:
    (tmp_path / "t.csv").write_text(TEXT.split("\n", 1)[0] + "\n", encoding="utf-8")
    with pytest.raises(StudyDataError, match=r"no comparison is left[\s\S]*no row below its header"):
        ev.read_studies(tmp_path / "t.csv", mapping=MAPPING)


def test_a_large_table_is_read_whole(tmp_path: Path) -> None:
    """100,000 rows (issue C; `benchmarks` measures the time)."""
    out = io.StringIO("")
    out.write(TEXT.split("\n", 1)[0] + "\n")
    for at in range(2_500):
        for arm in ("Training", "Kontrolle"):
            out.write(f"S{at % 500};T{at};{arm};{10 + at % 9};{at % 70},5;4,2;\n")
    (tmp_path / "t.csv").write_text(out.getvalue(), encoding="utf-8")
    studies = ev.read_studies(tmp_path / "t.csv", mapping=MAPPING)
    assert len(studies) == 2_500
    assert studies.table["row_id"].is_unique
