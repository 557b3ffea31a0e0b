"""Reading sound files: delimiters, marks, line ends, quotes, sidecars and warnings (issue A, point 4)."""

import csv
import io
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from evidence.errors import StudyDataError
from evidence.studies import rules
from evidence.studies.columns import COLUMNS
from evidence.studies.example import example_studies
from evidence.studies.reading import read_studies
from evidence.studies.textfile import _parse_fast, _parse_strict, _scan, read_text_table

ROOT = Path(__file__).parents[1]
MINIMAL = "row_id,study,outcome,direction\na,s1,squat,favours_e\nb,s2,sprint,no_difference\n"

# What a cell of a spreadsheet may hold: delimiters, quotes, line ends, spaces, letters of any script.
CELL = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\x00"), max_size=12) | st.text(
    ',;\t"\r\n ab', max_size=6
)


def write(path: Path, text: str) -> Path:
    path.write_bytes(text.encode("utf-8"))
    return path


@st.composite
def tables(draw: st.DrawFn) -> tuple[list[list[str]], str, str, bool, int]:
    """Draw the rows of a table of free text, and the way to write it."""
    rows = [[f"r{at}", "s", "o", draw(CELL), draw(CELL)] for at in range(draw(st.integers(1, 6)))]
    delimiter = draw(st.sampled_from(",;\t"))
    ends = draw(st.sampled_from(["\n", "\r\n", "\r"]))
    # Older writers leave a CR bare where lines end with LF, and the other way round: not a table any more.
    broken = any(character in cell for row in rows for cell in row for character in "\r\n")
    quoting = csv.QUOTE_ALL if broken else draw(st.sampled_from([csv.QUOTE_MINIMAL, csv.QUOTE_ALL]))
    return rows, delimiter, ends, draw(st.booleans()), quoting


@given(tables())
@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_whatever_is_written_is_read_back(
    tmp_path: Path, drawn: tuple[list[list[str]], str, str, bool, int]
) -> None:
    rows, delimiter, ends, mark, quoting = drawn
    out = io.StringIO()
    writer = csv.writer(out, delimiter=delimiter, lineterminator=ends, quoting=quoting)  # type: ignore[arg-type]
    lines = []
    writer.writerow(["row_id", "study", "outcome", "notes", "source_locator"])
    for row in rows:
        lines.append(1 + out.getvalue().replace("\r\n", "\n").replace("\r", "\n").count("\n"))
        writer.writerow(row)
    path = tmp_path / "studies.csv"
    path.write_bytes((b"\xef\xbb\xbf" if mark else b"") + out.getvalue().encode("utf-8"))
    studies = read_studies(path)
    assert studies.text[["row_id", "study", "outcome", "notes", "source_locator"]].values.tolist() == rows
    assert studies.lines == tuple(lines)


@given(tables(), st.text(',"\n\r ;a', max_size=40))
@settings(max_examples=300, deadline=None)
def test_the_fast_and_the_strict_reader_agree(
    drawn: tuple[list[list[str]], str, str, bool, int], wild: str
) -> None:
    """Whatever bytes the scan takes for regular, both readers split alike; wild text too."""
    rows, delimiter, ends, _, quoting = drawn
    out = io.StringIO()
    csv.writer(out, delimiter=delimiter, lineterminator=ends, quoting=quoting).writerows(rows)  # type: ignore[arg-type]
    for raw, sep in ((out.getvalue().encode("utf-8"), delimiter), (wild.encode("utf-8"), ",")):
        scan = _scan(raw, sep) if raw else None
        if scan is None or len(set(scan.fields.tolist())) != 1 or scan.fields[0] == 1:
            continue
        width = int(scan.fields[0])
        fast = _parse_fast(raw, sep, width)
        strict, lines, problems = _parse_strict(raw, sep, width, "file")
        assert not problems
        assert fast.values.tolist() == strict.values.tolist()
        assert scan.lines.tolist() == lines.tolist()


def test_a_file_longer_than_one_block_of_the_scan(tmp_path: Path) -> None:
    """Quotes, CR LF and delimiters fall on either side of a block's end at every offset."""
    for shift in range(12):
        body = "".join(f'r{at},s,"o ""{at}""\r\nx",{"y" * 1200}\r\n' for at in range(250))
        path = write(tmp_path / "long.csv", f"row_id,study,outcome,notes\r\n{'z' * shift}q,s,o,n\r\n{body}")
        table = read_text_table(path, known=["row_id"], source="long")
        assert table.frame["outcome"].tolist()[1:] == [f'o "{at}"\r\nx' for at in range(250)]
        assert table.lines.tolist() == [2, *range(3, 503, 2)]


@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
@pytest.mark.parametrize("mark", [b"", b"\xef\xbb\xbf"])
@pytest.mark.parametrize("ends", ["\n", "\r\n"])
def test_the_shipped_table_in_every_dialect(delimiter: str, mark: bytes, ends: str, tmp_path: Path) -> None:
    with (ROOT / "data" / "studies.csv").open(encoding="utf-8", newline="") as handle:
        rows = list(csv.reader(handle))
    out = io.StringIO()
    csv.writer(out, delimiter=delimiter, lineterminator=ends).writerows(rows)
    (tmp_path / "s.csv").write_bytes(mark + out.getvalue().encode("utf-8"))
    pd.testing.assert_frame_equal(read_studies(tmp_path / "s.csv").text, example_studies().text)


def test_digits_stay_as_printed_and_numbers_equal_them() -> None:
    """Issue A, "Done when": every number equals the extraction's (which test_data holds to the file)."""
    studies = example_studies()
    text, table = studies.text, studies.table
    assert text["pre_mean_e"][0] == "40.67"
    assert text.loc[text["row_id"] == "resendeneto2019_02", "pre_mean_e"].item() == "-4.60"
    for column in COLUMNS:
        if column.numeric:
            assert table[column.name].dtype == np.float64
            filled = text[column.name] != ""
            assert table[column.name][filled].tolist() == [float(cell) for cell in text[column.name][filled]]
            assert table[column.name][~filled].isna().all()


def test_three_columns_are_enough(tmp_path: Path) -> None:
    """DESIGN section 3; absent sidecars are notes, not errors."""
    studies = read_studies(write(tmp_path / "mine.csv", MINIMAL))
    assert studies.table.columns.tolist() == [column.name for column in COLUMNS]
    assert studies.info is None
    assert studies.claims is None
    assert dict(studies.references) == {}
    assert [note.split(" beside")[0] for note in studies.notes] == [
        "there is no study_info.csv",
        "there is no references.bib",
        "there is no claims.csv",
    ]
    assert studies.warnings.empty
    assert studies.table["n_e"].isna().all()
    assert (studies.table["notes"] == "").all()


def test_sidecars_may_be_named(tmp_path: Path) -> None:
    path = write(tmp_path / "mine.csv", MINIMAL)
    info = write(tmp_path / "people.csv", "study;n_total\ns1;40\ns2;30\n")
    bib = write(
        tmp_path / "refs.bib",
        "@Article{s1, Author={de la Cruz, A and Bo, C D}, TITLE={{A B}}}\n@misc{s2,title={x}}",
    )
    studies = read_studies(path, info=info, references=bib)
    assert studies.info is not None
    assert studies.info["n_total"].tolist() == [40.0, 30.0]
    assert studies.references["s1"] == {
        "entry_type": "article",
        "author": "de la Cruz, A and Bo, C D",
        "title": "A B",
    }
    with pytest.raises(StudyDataError, match=r"people\.csv"):
        read_studies(write(tmp_path / "more.csv", MINIMAL.replace("s2", "s3")), info=info)


def test_blank_lines_and_nameless_columns_are_passed_over(tmp_path: Path) -> None:
    text = "\nrow_id,study,outcome,direction,,\na,s,o,favours_e,,\n\n,,,,,\nb,s,o,favours_c,,\n,,,,,\n"
    studies = read_studies(write(tmp_path / "s.csv", text))
    assert studies.lines == (3, 6)
    assert "4 blank lines were passed over" in studies.notes
    assert "2 columns without a name or a value were passed over" in studies.notes


def test_blanks_around_words_and_numbers_are_no_error(tmp_path: Path) -> None:
    text = " row_id , study,outcome ,direction,n_e,p_between\n a ,s ,o, favours_e , 12 , < 0.05 \n"
    studies = read_studies(write(tmp_path / "s.csv", text))
    row = studies.table.iloc[0]
    assert (row["row_id"], row["study"], row["direction"], row["n_e"]) == ("a", "s", "favours_e", 12.0)
    assert studies.text["n_e"].item() == " 12 "


def test_words_of_ones_own_where_subjects_differ(tmp_path: Path) -> None:
    """A user's domains, questions and comparators are theirs; only misspellings of known ones are refused."""
    text = "row_id,study,outcome,domain,question,comparator_class,direction\n"
    studies = read_studies(write(tmp_path / "s.csv", text + "a,s,o,sleep,naps,coffee,favours_e\n"))
    assert studies.where(domain="sleep").table["comparator_class"].item() == "coffee"


def test_odd_but_possible_cells_are_warnings() -> None:
    """README: one effect outside its interval; dolak2011 tells no n; fukuda2010 compares no arms."""
    found = example_studies().warnings
    assert found.columns.tolist() == ["line", "row_id", "column", "rule", "value"]
    assert found[["row_id", "column"]].values.tolist() == [
        ["dolak2011_01", "n_e"],
        ["pomaresnoguera2018_08", "effect"],
        ["fukuda2010_01", "row_id"],
        ["fukuda2010_02", "row_id"],
    ]
    odd = found[found["column"] == "effect"]
    assert odd["value"].item() == "0.5 [-0.9, 0]"
    lines = (ROOT / "data" / "studies.csv").read_text(encoding="utf-8").splitlines()
    assert lines[odd["line"].item() - 1].startswith("pomaresnoguera2018_08,")


@pytest.mark.parametrize(
    ("header", "cells", "rule"),
    [
        (
            "effect_metric,effect_sign,effect,ci_low,ci_high",
            "MD,pos_favours_e,5,1,2",
            "an interval lies around its effect",
        ),
        ("effect_metric,direction,effect,ci_low,ci_high", "MD,favours_e,1,1,1", "an interval has a width"),
        ("post_mean_e,post_mean_c,n_e,n_c", "5,4,10,10", rules.NEEDS_BETTER),
        ("change_mean_e,change_mean_c,n_e,n_c,better", "5,4,10,,higher", rules.NEEDS_PEOPLE),
        ("signif_between,direction", "yes,favours_e", rules.NEEDS_PEOPLE),
        ("p_between,n_e", "<0.05,12", rules.NEEDS_PEOPLE),
        ("effect_metric,effect,effect_sign", "t,2.1,pos_favours_e", rules.NEEDS_PEOPLE),
        ("effect_metric,effect,n_e,n_c", "t,2.1,10,10", rules.NEEDS_SIGN),
        ("effect_metric,effect,ci_low,ci_high,direction", "RR,0.5,0.2,0.9,unclear", rules.NEEDS_SIGN),
        ("effect", "5", "an effect says what it is"),
        ("p_within_e,signif_e", "<0.001,yes", "a row has a result that compares its arms"),
        ("direction,signif_between", "unclear,unclear", "a row has a result that compares its arms"),
        ("post_mean_e,pre_mean_e", "5,4", "a row has a result that compares its arms"),
    ],
)
def test_each_warning(header: str, cells: str, rule: str, tmp_path: Path) -> None:
    studies = read_studies(write(tmp_path / "s.csv", f"row_id,study,outcome,{header}\na,s,o,{cells}\n"))
    assert studies.warnings["rule"].tolist() == [rule]
    assert studies.warnings["line"].tolist() == [2]


@pytest.mark.parametrize(
    ("header", "cells"),
    [
        ("effect_metric,effect,ci_low,ci_high,effect_sign,p_between", "RR,0.5,0.2,0.9,below1_favours_e,0.02"),
        ("effect_metric,effect,ci_low,ci_high,effect_sign", "SMD,0.5,0.2,0.9,unclear"),
        ("effect_metric,effect,ci_low,ci_high,question", "OR,1.5,1.2,1.9,risk_factor"),
        ("effect_metric,effect,ci_low,ci_high,basis", "OR,1.5,1.2,1.9,association"),
        ("post_mean_e,post_mean_c,better,n_e,n_c", "5,4,higher,10,10"),
        ("post_mean_e,post_mean_c,direction,n_e,n_c,question", "5,4,supports_factor,9,9,risk_factor"),
        ("signif_between,level", "yes,pooled"),
        ("direction", "favours_e"),
        ("events_e,total_e,events_c,total_c,p_between", "3,20,5,20,0.4"),
    ],
)
def test_rows_with_all_that_pooling_needs_are_no_warning(header: str, cells: str, tmp_path: Path) -> None:
    studies = read_studies(write(tmp_path / "s.csv", f"row_id,study,outcome,{header}\na,s,o,{cells}\n"))
    assert studies.warnings.empty


def test_the_people_of_the_whole_study_will_do(tmp_path: Path) -> None:
    path = write(tmp_path / "s.csv", "row_id,study,outcome,p_between\na,s,o,0.02\nb,t,o,0.02\n")
    info = write(tmp_path / "study_info.csv", "study,n_total\ns,40\nt,\n")
    assert read_studies(path).warnings[["row_id", "column"]].values.tolist() == [["b", "n_e"]]
    info.unlink()
    assert read_studies(path).warnings["row_id"].tolist() == ["a", "b"]


@pytest.mark.parametrize("path", [None, 3, b"x.csv", ["x.csv"]])
def test_what_is_no_path_is_refused(path: object) -> None:
    with pytest.raises(StudyDataError, match="takes path as the path of a file"):
        read_studies(path)  # type: ignore[arg-type]
    with pytest.raises(StudyDataError, match="takes info as the path of a file"):
        read_studies("x.csv", info=path or 3)  # type: ignore[arg-type]


def test_one_is_one(tmp_path: Path) -> None:
    studies = read_studies(write(tmp_path / "s.csv", "row_id,study,outcome,direction,\n\na,s,o,favours_e,\n"))
    assert "1 blank line was passed over" in studies.notes
    assert "1 column without a name or a value was passed over" in studies.notes


def test_an_arm_may_change_sides_and_pooled_rows_differ(tmp_path: Path) -> None:
    """n is compared by arm label within a study, on whichever side; pooled rows each have their trials."""
    head = "row_id,study,outcome,arm_e,arm_c,n_e,n_c,level,direction\n"
    sound = "a,s,o,hip,knee,10,12,study,favours_e\nb,s,o,knee,rest,12,9,study,favours_e\n"
    sound += "c,t,o,hip,knee,11,8,study,favours_e\n"
    pooled = "d,s,o,hip,knee,400,500,pooled,favours_e\n"
    assert len(read_studies(write(tmp_path / "s.csv", head + sound + pooled))) == 4
    with pytest.raises(StudyDataError, match="'knee' of s has 12 on line 2"):
        read_studies(write(tmp_path / "s.csv", head + sound + "e,s,p,hip,knee,10,13,study,favours_e\n"))


def test_a_hundred_thousand_rows_are_read(tmp_path: Path) -> None:
    """Issue A, point 4; benchmarks/read_studies.py times it."""
    header, *body = (ROOT / "data" / "studies.csv").read_text(encoding="utf-8").splitlines()
    rows = (f"r{at}{body[at % 277][body[at % 277].index(',') :]}" for at in range(100_000))
    path = write(tmp_path / "big.csv", "\n".join([header, *rows]))
    assert len(read_studies(path)) == 100_000
