"""Broken files: each gives a StudyDataError naming line, column and rule (issue A, 4 and "Done when").

A sound file of three rows is broken in one place at a time; `CASES` is the table of the breaks.
"""

import csv
import io
from pathlib import Path
from typing import NamedTuple

import pytest

from evidence.errors import Problem, StudyDataError
from evidence.studies.reading import read_studies

SOUND = {
    "row_id": ("a1", "a2", "b1"),
    "study": ("ann2020", "ann2020", "bob2021"),
    "outcome": ("squat", "sprint", "injury"),
    "domain": ("strength", "speed_agility", "injury_knee"),
    "better": ("higher", "lower", "lower"),
    "timepoint_weeks": ("8", "8", "26"),
    "arm_e": ("integrated", "integrated", "warm-up"),
    "arm_c": ("isolated", "isolated", "usual"),
    "n_e": ("20", "20", "100"),
    "n_c": ("22", "22", "110"),
    "post_mean_e": ("100.50", "", ""),
    "post_sd_e": ("10.0", "", ""),
    "post_mean_c": ("95", "", ""),
    "post_sd_c": ("9.5", "", ""),
    "events_e": ("", "", "5"),
    "total_e": ("", "", "100"),
    "events_c": ("", "", "9"),
    "total_c": ("", "", "110"),
    "effect_metric": ("", "MD", "RR"),
    "effect": ("", "-0.20", "0.61"),
    "ci_low": ("", "-0.35", "0.30"),
    "ci_high": ("", "-0.05", "1.20"),
    "ci_level": ("", "0.90", "0.95"),
    "effect_sign": ("", "neg_favours_e", "below1_favours_e"),
    "test_between": ("post", "", ""),
    "p_within_e": ("<0.001", "", ""),
    "p_between": ("0.03", ">0.05", ""),
    "signif_between": ("yes", "no", "no"),
    "direction": ("favours_e", "favours_e", "no_difference"),
    "level": ("study", "study", "study"),
    "basis": ("between_group_test", "between_group_test", "between_group_test"),
    "inferred": ("no", "no", "no"),
}
INFO = "study,year,n_total,arms,weeks,pedro,overlaps,bibliography\n"
INFO += "ann2020,2020,42,2,8,7,bob2021,complete\nbob2021,2021,210,2,26,,ann2020,complete\n"
BIB = "@article{ann2020,\n  author = {Ann, AB},\n  title = {One}\n}\n\n@misc{bob2021,\n  title = {Two}\n}\n"


class Break(NamedTuple):
    """One cell that is changed, and what the error has to say about it."""

    column: str
    row: int
    cell: str
    rule: str
    fix: str = ""
    blamed: str = ""

    @property
    def name(self) -> str:
        return f"{self.column}={self.cell}"


CASES = [
    Break("row_id", 1, "a1", "each row has a row_id of its own", "line 2"),
    Break("row_id", 1, " a1 ", "each row has a row_id of its own", "line 2"),
    Break("row_id", 0, "", "a name that no other row has", "fill it in"),
    Break("study", 2, "", "a study key", "fill it in"),
    Break("study", 2, "bob2012", "each study stands in study_info.csv", "bob2021"),
    Break("outcome", 0, "  ", "a few words", "fill it in"),
    Break("domain", 0, "strenght", "a known word", "did you mean strength?"),
    Break("domain", 0, "Strength", "a known word", "did you mean strength?"),
    Break("better", 0, "hihger", "one of the words of the vocabulary", "did you mean higher?"),
    Break("timepoint_weeks", 0, "-1", "a time is a number of weeks, 0 or more"),
    Break("timepoint_weeks", 0, "8 weeks", "a time is a number of weeks", "not a number"),
    Break("n_e", 0, "0", "the size of an arm is a whole number, 1 or more"),
    Break("n_e", 0, "-20", "the size of an arm is a whole number, 1 or more"),
    Break("n_c", 0, "22.5", "the size of an arm is a whole number", "no fraction"),
    Break("n_c", 1, "23", "an arm of a study has one size", "'isolated' of ann2020 has 22 on line 2"),
    Break("n_e", 0, "twenty", "the size of an arm is a whole number", "not a number"),
    Break("post_sd_e", 0, "-10.0", "a standard deviation is positive"),
    Break("post_sd_e", 0, "0", "a standard deviation is positive"),
    Break("post_mean_e", 0, "100,50", "a mean is a finite number", "write 100.50"),
    Break("post_mean_e", 0, "1.234,5", "a mean is a finite number", "decimal commas"),
    Break("post_mean_e", 0, "inf", "a mean is a finite number", "leave the cell blank"),
    Break("post_mean_e", 0, "NaN", "a mean is a finite number", "leave the cell blank"),
    Break("post_mean_e", 0, "n/a", "a mean is a finite number", "leave the cell blank"),
    Break("post_mean_e", 0, "1e999", "a mean is a finite number", "too large"),
    Break("post_mean_c", 0, "−95", "a mean is a finite number", "plain hyphen"),
    Break("post_mean_c", 0, "95 ± 9.5", "a mean is a finite number", "not a number"),
    Break("post_mean_c", 0, "9_5", "a mean is a finite number", "not a number"),
    Break("events_e", 2, "5.5", "a number of events is a whole number", "no fraction"),
    Break("events_e", 2, "-1", "a number of events is a whole number, 0 or more"),
    Break("events_e", 2, "101", "events are not more than the people", "total_e is 100"),
    Break("total_c", 2, "0", "a number of people is a whole number, 1 or more"),
    Break("effect_metric", 1, "OD", "one of the words of the vocabulary", "the words are SMD, MD"),
    Break("effect", 2, "-0.61", "a ratio and its limits are positive", "effect_metric is RR"),
    Break("ci_low", 2, "0", "a ratio and its limits are positive"),
    Break("ci_low", 1, "0.35", "the lower limit is not above the upper one", "ci_high is -0.05"),
    Break("ci_level", 1, "90", "a confidence level lies between 0 and 1", "write 0.9"),
    Break("ci_level", 1, "1", "a confidence level lies between 0 and 1"),
    Break("effect_sign", 1, "pos_favors_e", "one of the words", "did you mean pos_favours_e?"),
    Break("test_between", 0, "groupXtime", "one of the words", "group_by_time"),
    Break("p_between", 0, "1.2", "a p value is a number in [0, 1]"),
    Break("p_between", 0, "-0.03", "a p value is a number in [0, 1]"),
    Break("p_between", 0, "p 0.03", "a p value is a number in [0, 1]", "write 0.03"),
    Break("p_between", 0, "n.s.", "a p value is a number in [0, 1]", "set signif_between = no"),
    Break("p_within_e", 0, "ns", "a p value is a number in [0, 1]", "set signif_e = no"),
    Break("p_within_e", 0, "n.s.", "a p value is a number in [0, 1]"),
    Break("signif_between", 0, "Yes", "one of the words", "did you mean yes?"),
    Break("direction", 0, "favors_e", "one of the words", "did you mean favours_e?"),
    Break("level", 0, "trial", "one of the words", "the words are study, pooled"),
    Break("basis", 0, "between_groups_test", "one of the words", "did you mean between_group_test?"),
    Break("inferred", 0, "maybe", "one of the words", "the words are yes, no"),
]


def sound_cells() -> dict[str, list[str]]:
    return {name: list(cells) for name, cells in SOUND.items()}


def as_csv(cells: dict[str, list[str]], delimiter: str = ",") -> str:
    out = io.StringIO()
    writer = csv.writer(out, delimiter=delimiter, lineterminator="\n")
    writer.writerow(cells)
    writer.writerows(zip(*cells.values(), strict=True))
    return out.getvalue()


def folder_with(tmp_path: Path, text: str | bytes, *, sidecars: bool = True) -> Path:
    path = tmp_path / "studies.csv"
    path.write_bytes(text.encode("utf-8") if isinstance(text, str) else text)
    if sidecars:
        (tmp_path / "study_info.csv").write_text(INFO, encoding="utf-8")
        (tmp_path / "references.bib").write_text(BIB, encoding="utf-8")
    return path


def problems_of(path: Path) -> tuple[Problem, ...]:
    with pytest.raises(StudyDataError) as caught:
        read_studies(path)
    assert str(path.parent) in str(caught.value)
    return caught.value.problems


def test_the_sound_file_is_sound(tmp_path: Path) -> None:
    studies = read_studies(folder_with(tmp_path, as_csv(sound_cells())))
    assert len(studies) == 3
    assert studies.warnings.empty


def test_there_are_at_least_thirty() -> None:
    """Issue A: 30 broken CSV files."""
    assert len(CASES) >= 30


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_a_broken_cell_is_named(case: Break, tmp_path: Path) -> None:
    cells = sound_cells()
    cells[case.column][case.row] = case.cell
    problems = problems_of(folder_with(tmp_path, as_csv(cells)))
    first = problems[0]
    assert (first.line, first.column) == (case.row + 2, case.column)
    assert case.rule in first.rule
    assert case.fix in first.fix
    assert first.value == (case.cell if case.column != "row_id" else case.cell.strip())
    assert first.row == (cells["row_id"][case.row].strip() or None)
    # One break is one problem; a study that no sidecar knows is missing in two of them.
    assert len(problems) == (2 if case.cell == "bob2012" else 1)


def test_every_broken_cell_is_reported_at_once_in_file_order(tmp_path: Path) -> None:
    cells = sound_cells()
    kept = []
    for case in CASES:
        clash = {"row_id", "study", "n_e", "n_c"} & {case.column}
        if not clash and (case.column, case.row) not in {(other.column, other.row) for other in kept}:
            cells[case.column][case.row] = case.cell
            kept.append(case)
    # A sign or an order that leans on another broken cell is only seen once that one is mended.
    leaning = {"a ratio and its limits are positive"}
    problems = problems_of(folder_with(tmp_path, as_csv(cells)))
    found = {(problem.line, problem.column) for problem in problems}
    assert {(case.row + 2, case.column) for case in kept if case.rule not in leaning} <= found
    lines = [problem.line or 0 for problem in problems]
    assert lines == sorted(lines)
    with pytest.raises(StudyDataError) as caught:
        read_studies(tmp_path / "studies.csv")
    assert str(caught.value).startswith(
        f"{tmp_path / 'studies.csv'}: {len(problems)} broken cells\nrow a1, line 2"
    )


FILES = [
    ("unknown column", "row_id,study,outcome,postsd_e\na,b,c,1\n", 1, "postsd_e", "did you mean post_sd_e?"),
    ("study_key", "row_id,study_key,outcome\na,b,c\n", 1, "study_key", "did you mean study?"),
    ("missing column", "row_id,study\na,b\n", 1, "outcome", "add it"),
    ("twice the same column", "row_id,study,outcome,outcome\na,b,c,d\n", 1, "outcome", "rename"),
    ("header only", "row_id,study,outcome\n", 2, None, "add one row"),
    ("header and blank lines", "row_id,study,outcome\n\n,,\n", 2, None, "add one row"),
    ("empty file", "", None, None, "first line"),
    ("only line ends", "\n\r\n\n", None, None, "first line"),
    ("only a byte order mark", b"\xef\xbb\xbf", None, None, "first line"),
    ("short line", "row_id,study,outcome\na,b,c\nd,e\n", 3, None, "missing delimiters"),
    ("long line", "row_id,study,outcome\na,b,c,d\n", 2, None, "quote a cell"),
    ("lone cell", "row_id,study,outcome\na,b,c\nd\n", 3, None, "missing delimiters"),
    ("unclosed quote", 'row_id,study,outcome\na,b,c\nd,e,"f\ng,h,i\n', 3, None, "close the quotes"),
    ("unclosed quote in the header", 'row_id,study,"outcome\na,b,c\n', 1, None, "close the quotes"),
    ("text after a quote", 'row_id,study,outcome\na,b,"c"d\n', 2, None, "close the quotes"),
    ("NUL byte", b"row_id,study,outcome\na,b\0,c\n", 2, None, "CSV UTF-8"),
    ("UTF-16 that ends too early", "row_id,study,outcome\na,b,c\n".encode("utf-16")[:-1], None, None, "CSV"),
    ("half UTF-8", "row_id,study,outcome\na,b,é\n".encode() + b"d,\xe9,f\n", 3, None, "CSV UTF-8"),
    ("neither UTF-8 nor Windows-1252", b"row_id,study,outcome\na,b,c\nd,\x81,f\n", 3, None, "CSV UTF-8"),
    ("an old workbook", b"\xd0\xcf\x11\xe0 and so on", None, None, "CSV UTF-8"),
    ("spreadsheet", b"PK\x03\x04 and so on", None, None, "CSV UTF-8"),
    ("a value without a column name", "row_id,study,outcome,\na,b,c,d\n", 1, None, "give it a name"),
]  # fmt: skip


@pytest.mark.parametrize(
    ("text", "line", "column", "fix"), [case[1:] for case in FILES], ids=[case[0] for case in FILES]
)
def test_a_broken_file_is_named(
    text: str | bytes, line: int | None, column: str | None, fix: str, tmp_path: Path
) -> None:
    first = problems_of(folder_with(tmp_path, text, sidecars=False))[0]
    assert (first.line, first.column) == (line, column)
    assert fix in first.fix


def test_lines_are_right_after_quoted_newlines(tmp_path: Path) -> None:
    """Issue A, point 4: quoted newlines."""
    text = 'row_id,study,outcome,n_e,notes\r\na,s,"two\r\nlines",5,"x\n\ny"\r\nb,s,o,-1,\r\n\r\nc,s,o,0,\r\n'
    problems = problems_of(folder_with(tmp_path, text, sidecars=False))
    assert [(problem.line, problem.row) for problem in problems] == [(6, "b"), (8, "c")]


def test_ragged_lines_and_broken_cells_come_together(tmp_path: Path) -> None:
    text = "row_id,study,outcome,n_e\na,s,o,5\nb,s,o\nc,s,o,x\n"
    problems = problems_of(folder_with(tmp_path, text, sidecars=False))
    assert [(problem.line, problem.row) for problem in problems] == [(3, "b"), (4, "c")]


@pytest.mark.parametrize(
    ("name", "text", "line", "rule"),
    [
        ("study_info.csv", INFO.replace("ann2020,2020,42", "ann2020,2020,-42"), 2, "number of people"),
        ("study_info.csv", INFO.replace("2021,210", "MMXXI,210"), 3, "a year is a whole number"),
        ("study_info.csv", INFO + "bob2021,,,,,,,\n", 4, "each row has a study of its own"),
        ("study_info.csv", INFO.replace(",7,", ",11,"), 2, "PEDro"),
        (
            "study_info.csv",
            INFO.replace(",ann2020,complete", ",ann2002,complete"),
            3,
            "overlaps are study keys",
        ),
        ("study_info.csv", INFO.replace("ann2020,2020", ",2020"), 2, "a study key"),
        ("study_info.csv", INFO.replace("pedro", "pedros"), 1, "one that the codebook knows"),
        ("references.bib", BIB.replace("title = {Two}", "title = {Two"), None, "BibTeX"),
        ("references.bib", BIB.replace("title = {One}", "title {One}"), 3, "BibTeX"),
        ("references.bib", BIB + "@misc{ann2020, title = {Three}}\n", 9, "an entry's key occurs once"),
        ("references.bib", "no entry here\n", None, "at least one entry"),
        ("claims.csv", "claim_id,claim,kind\nc1,One,betwixt\n", 2, "one of the words"),
        ("claims.csv", "claim_id,claim,margin\nc1,One,-0.2\n", 2, "a margin is a positive number"),
    ],
)
def test_a_broken_sidecar_is_named(name: str, text: str, line: int | None, rule: str, tmp_path: Path) -> None:
    path = folder_with(tmp_path, as_csv(sound_cells()))
    (tmp_path / name).write_text(text, encoding="utf-8")
    with pytest.raises(StudyDataError, match=name) as caught:
        read_studies(path)
    assert rule in caught.value.problems[0].rule
    if line is not None:
        assert caught.value.problems[0].line == line


def test_the_reference_that_is_broken_is_named(tmp_path: Path) -> None:
    path = folder_with(tmp_path, as_csv(sound_cells()))
    (tmp_path / "references.bib").write_text(BIB.replace("{Two}", "{Two"), encoding="utf-8")
    with pytest.raises(StudyDataError, match="row bob2021"):
        read_studies(path)


def test_a_study_without_a_reference_is_named(tmp_path: Path) -> None:
    path = folder_with(tmp_path, as_csv(sound_cells()))
    (tmp_path / "references.bib").write_text(BIB.replace("ann2020", "ann2019"), encoding="utf-8")
    problems = problems_of(path)
    assert [(problem.line, problem.column, problem.value) for problem in problems] == [
        (2, "study", "ann2020"),
        (3, "study", "ann2020"),
    ]
    assert "references.bib" in problems[0].rule
    assert "ann2019" in problems[0].fix


@pytest.mark.parametrize("sidecar", ["info", "references", "claims"])
def test_a_named_sidecar_must_exist(sidecar: str, tmp_path: Path) -> None:
    path = folder_with(tmp_path, as_csv(sound_cells()), sidecars=False)
    with pytest.raises(StudyDataError, match=r"nowhere\.csv[\s\S]*does not exist"):
        read_studies(path, **{sidecar: tmp_path / "nowhere.csv"})


def test_a_missing_file_and_a_folder(tmp_path: Path) -> None:
    with pytest.raises(StudyDataError, match="does not exist"):
        read_studies(tmp_path / "nowhere.csv")
    with pytest.raises(StudyDataError, match="this is a folder"):
        read_studies(tmp_path)
