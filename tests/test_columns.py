"""The column records: what validator, codebook and documents are made from (issue A, point 3)."""

import csv
import math
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from evidence.errors import StudyDataError
from evidence.studies.cells import Rows, check_table
from evidence.studies.codebook import codebook, codebook_markdown
from evidence.studies.column import Column
from evidence.studies.columns import ALL_COLUMNS, COLUMNS, INFO_COLUMNS, SIX_DOMAINS, parse_p
from evidence.studies.example import example_studies
from evidence.studies.textfile import TextTable

ROOT = Path(__file__).parents[1]

BOUNDED = [column for column in ALL_COLUMNS if math.isfinite(column.low) or math.isfinite(column.high)]


def check_cell(column: Column, cell: str) -> list[str]:
    """Return the rules that one cell of one column breaks, by way of the validator."""
    import numpy as np
    import pandas as pd

    key = next(other for other in ALL_COLUMNS if other.file == column.file and other.required)
    frame = pd.DataFrame({key.name: ["r1"], column.name: [cell]}, dtype="str")
    raw = TextTable(frame, np.array([2]), (), ())
    checked = check_table(raw, [other for other in ALL_COLUMNS if other.file == column.file], key.name)
    assert isinstance(checked.rows, Rows)
    return [problem.rule for problem in checked.problems if problem.column == column.name]


@pytest.mark.parametrize(("file", "columns"), [("studies", COLUMNS), ("study_info", INFO_COLUMNS)])
def test_the_records_are_the_files_columns_in_order(file: str, columns: tuple[Column, ...]) -> None:
    with (ROOT / "data" / f"{file}.csv").open(encoding="utf-8", newline="") as handle:
        assert next(csv.reader(handle)) == [column.name for column in columns]


def test_names_occur_once_and_every_record_says_what_it_is() -> None:
    assert len({(column.file, column.name) for column in ALL_COLUMNS}) == len(ALL_COLUMNS)
    for column in ALL_COLUMNS:
        assert column.rule
        assert column.help.endswith((".", "..."))
        assert bool(column.words) == (column.kind in ("word", "label"))
        assert column.unit or not column.numeric


def test_a_users_file_needs_three_columns() -> None:
    """DESIGN section 3: row_id, study, outcome."""
    assert [column.name for column in COLUMNS if column.required] == ["row_id", "study", "outcome"]
    assert not any(column.sidecar for column in COLUMNS)
    assert all(column.sidecar for column in INFO_COLUMNS)


def test_the_page_the_table_and_the_records_agree() -> None:
    """Issue A, point 3: a test holds validator, Studies.codebook() and docs/codebook.md together."""
    page = (ROOT / "docs" / "codebook.md").read_text(encoding="utf-8")
    assert page == codebook_markdown()
    book = example_studies().codebook()
    assert book["column"].tolist() == [column.name for column in ALL_COLUMNS]
    for line, column in zip(book.itertuples(), ALL_COLUMNS, strict=True):
        assert (line.rule, line.help, line.unit) == (column.rule, column.help, column.unit)
        assert line.words == ", ".join(column.words)
        assert f"`{column.name}`" in page
        assert f"| {column.rule} |" in page


def test_the_codebook_counts_filled_cells() -> None:
    """README of the extraction: 5 rows with both arms' pre and post numbers; 88 studies."""
    book = example_studies().codebook().set_index(["file", "column"])["filled"]
    assert book["studies", "row_id"] == 277
    assert book["studies", "pre_mean_c"] == 5
    assert book["studies", "change_sd_e"] == 0
    assert book["study_info", "study"] == 88
    assert book["claims", "claim_id"] == 11
    assert (codebook({})["filled"] == 0).all()


@pytest.mark.parametrize("column", BOUNDED, ids=lambda column: f"{column.file}.{column.name}")
def test_a_bounded_column_refuses_what_lies_beyond_and_says_its_rule(column: Column) -> None:
    for limit, step in ((column.low, -1.0), (column.high, 1.0)):
        if math.isfinite(limit):
            assert check_cell(column, f"{limit + step:g}") == [column.rule]
            assert check_cell(column, f"{limit:g}") == ([column.rule] if column.open_ends else [])


@pytest.mark.parametrize("column", [column for column in ALL_COLUMNS if column.numeric], ids=lambda c: c.name)
@pytest.mark.parametrize(
    "cell", ["abc", "nan", "inf", "-Infinity", "1,5", "1_000", "٣", "−2", "1e999", "1 2", "--1"]
)
def test_a_number_column_refuses_what_is_not_a_finite_number(column: Column, cell: str) -> None:
    assert check_cell(column, cell) == [column.rule]


@pytest.mark.parametrize(
    "column", [column for column in ALL_COLUMNS if column.kind == "count"], ids=lambda c: c.name
)
def test_a_count_has_no_fraction(column: Column) -> None:
    assert check_cell(column, "2000.5") == [column.rule]
    assert check_cell(column, "2000.0") == []


@pytest.mark.parametrize("column", [column for column in ALL_COLUMNS if column.words], ids=lambda c: c.name)
def test_words_are_taken_and_misspellings_are_not(column: Column) -> None:
    for word in column.words:
        assert check_cell(column, word) == []
        assert check_cell(column, f" {word} ") == []
    longest = max(column.words, key=len)
    assert check_cell(column, f"{longest}x") == [column.rule]
    assert check_cell(column, longest.upper()) == [column.rule]
    own = check_cell(column, "jumping_rope")
    assert own == ([] if column.kind == "label" else [column.rule])


@given(st.floats(-1e300, 1e300), st.sampled_from(["{}", " {}", "{} ", "+{}"]))
def test_numbers_that_python_prints_are_read_exactly(value: float, form: str) -> None:
    import numpy as np
    import pandas as pd

    text = form.format(abs(value) if form[0] == "+" else value)
    raw = TextTable(pd.DataFrame({"row_id": ["a"], "effect": [text]}, dtype="str"), np.array([2]), (), ())
    checked = check_table(raw, COLUMNS, "row_id")
    assert checked.table["effect"].item() == float(text)
    assert checked.text["effect"].item() == text


@given(
    st.sampled_from(["", "=", "<", "<=", "≤", ">", ">=", "≥"]),
    st.sampled_from(["", " "]),
    st.sampled_from(["", "p", "P", "p ", "P "]),
    st.decimals("0.0001", "0.9999", places=4, allow_nan=False).map(str),
)
def test_p_values_split_into_relation_and_number(sign: str, gap: str, name: str, number: str) -> None:
    """≥ is read as >: both bound the effect by the same number."""
    relation, value = parse_p(f"{name if sign else ''}{sign}{gap}{number}")
    assert relation == {"": "=", "≤": "<=", ">=": ">", "≥": ">"}.get(sign, sign)
    assert value == float(number)


@given(st.text(max_size=12))
def test_a_p_value_is_parsed_or_refused_with_the_way_out(text: str) -> None:
    try:
        relation, value = parse_p(text)
    except StudyDataError as error:
        relation, value = "=", 0.0
        fixes = [problem.fix for problem in error.problems]
    else:
        fixes = ["not needed"]
    assert relation in ("=", "<", "<=", ">")
    assert 0.0 <= value <= 1.0
    assert all(fixes)


@pytest.mark.parametrize(
    "text",
    [
        *(
            "",
            "1.2",
            "-0.1",
            "5%",
            "ns",
            "p0.05",
            "p",
            "pp<0.05",
            "=>0.05",
            "<",
            "0,05",
            "nan",
            "1e400",
            "٠.٥",
        ),
        *("<0", "< 0.0", ">1", "P>=1.0", "≥1"),
    ],
)
def test_what_is_not_a_p_value(text: str) -> None:
    with pytest.raises(StudyDataError, match="p value"):
        parse_p(text)


def test_the_ends_of_the_range_are_p_values() -> None:
    assert [parse_p(text) for text in ("0", "1", "<=1", ">0")] == [
        ("=", 0.0),
        ("=", 1.0),
        ("<=", 1.0),
        (">", 0.0),
    ]


@pytest.mark.parametrize("text", ["ns", "n.s.", "NS", "N.S", "p = ns", "not significant"])
def test_ns_is_no_p_value_but_a_verdict(text: str) -> None:
    with pytest.raises(StudyDataError, match="leave p blank and set signif_between = no"):
        parse_p(text)


def test_effect_sign_has_a_word_for_each_orientation() -> None:
    column = next(column for column in COLUMNS if column.name == "effect_sign")
    assert {"above1_favours_e", "below1_favours_e", "pos_favours_e", "neg_favours_c"} <= set(column.words)
    assert "neg_favours_c" in column.help


def test_the_six_domains_are_the_articles() -> None:
    """Issue A, point 7, in its order."""
    assert SIX_DOMAINS == (
        "movement_quality",
        "speed_agility",
        "strength",
        "endurance",
        "flexibility",
        "power",
    )


def test_the_shipped_words_are_all_known() -> None:
    table = example_studies().table
    for column in COLUMNS:
        if column.words:
            assert set(table[column.name]) - {""} <= set(column.words), column.name
