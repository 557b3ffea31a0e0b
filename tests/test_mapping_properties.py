"""What no mapped table may depend on, and what none may lose (issue C, point 9): drawn sheets.

Every row of a drawn sheet must be in a comparison or in `left_out`; the order of rows and columns must not
matter; and what goes in as text must come out as it was printed.
"""

from __future__ import annotations

import csv
import io
from decimal import Decimal
from pathlib import Path
from random import Random
from typing import Any

import pandas as pd
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import evidence as ev
from evidence.errors import StudyDataError
from evidence.studies.mapping import Cells, NumberRules
from evidence.studies.mapping_numbers import clean_number
from evidence.studies.record import Studies

COLUMNS = ["study", "outcome", "arm", "time", "n", "m", "s", "age", "note"]
MAPPING: dict[str, Any] = {
    "columns": {"study": "study", "outcome": "outcome"},
    "arm": {"name": "arm", "n": "n", "mean": "m", "sd": "s"},
    "time": {"column": "time", "pre": "pre", "post": {"8": 8, "16": 16}},
    "pairs": {"control": "control", "reference": ["b"]},
    "constants": {"better": "higher"},
}
ROW = st.fixed_dictionaries(
    {
        "study": st.sampled_from(["A 2020", "B, et al.", "Ç"]),
        "outcome": st.sampled_from(["jump", "squat; deep"]),
        "arm": st.sampled_from(["a", "b", "control"]),
        "time": st.sampled_from(["pre", "8", "16", "later"]),
        "n": st.integers(2, 40).map(str),
        "m": st.decimals(0, 99, places=2).map(str),
        "s": st.decimals("0.01", 9, places=2).map(str),
        "age": st.integers(18, 80).map(str),
        "note": st.sampled_from(["", 'a "quoted" word', "x, y"]),
    }
)
QUIET = settings(max_examples=50, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])


def sheet(rows: list[dict[str, str]], columns: list[str], *, delimiter: str = ",") -> str:
    out = io.StringIO()
    writer = csv.writer(out, delimiter=delimiter, lineterminator="\n")
    writer.writerow(columns)
    writer.writerows([row[name] for name in columns] for row in rows)
    return out.getvalue()


def read(path: Path, text: str) -> Studies | None:
    path.write_text(text, encoding="utf-8")
    try:
        return ev.read_studies(path, mapping=MAPPING)
    except StudyDataError as error:
        if "no comparison is left" not in str(error):
            raise
        return None


def lines_of(studies: Studies) -> set[int]:
    return {
        int(line) for cell in studies.text["source_locator"] for line in cell.split(" ", 1)[1].split(", ")
    }


@given(st.lists(ROW, min_size=1, max_size=24))
@QUIET
def test_every_row_is_in_a_comparison_or_left_out_with_a_reason(
    tmp_path: Path, rows: list[dict[str, str]]
) -> None:
    studies = read(tmp_path / "t.csv", sheet(rows, COLUMNS))
    if studies is None:
        return
    used, left = lines_of(studies), set(studies.left_out["line"])
    assert used | left == set(range(2, len(rows) + 2))
    assert not used & left
    assert (studies.left_out["reason"] != "").all()
    assert (
        f"of {len(rows)} rows of the file, {len(used)} are in {len(studies)} comparison" in studies.notes[-1]
    )
    assert len(studies.extra) == len(studies)
    # Each number stands where it stood, as it was printed.
    for printed, locator in zip(studies.text["post_mean_e"], studies.text["source_locator"], strict=True):
        assert printed == rows[int(locator.split(" ", 1)[1].split(", ")[0]) - 2]["m"]


@given(st.lists(ROW, min_size=2, max_size=24), st.randoms(use_true_random=False), st.sampled_from(",;\t"))
@QUIET
def test_neither_the_order_of_rows_nor_of_columns_nor_the_delimiter_matters(
    tmp_path: Path, rows: list[dict[str, str]], random: Random, delimiter: str
) -> None:
    first = read(tmp_path / "a.csv", sheet(rows, COLUMNS))
    shuffled, columns = rows.copy(), COLUMNS.copy()
    random.shuffle(shuffled)
    random.shuffle(columns)
    second = read(tmp_path / "b.csv", sheet(shuffled, columns, delimiter=delimiter))
    assert (first is None) == (second is None)
    if first is None or second is None:
        return
    assert content(first) == content(second)
    assert len(first.left_out) == len(second.left_out)


def content(studies: Studies) -> list[tuple[str, ...]]:
    """Return the comparisons without their names and places, in an order of their own."""
    text = studies.text.drop(columns=["row_id", "source_locator"])
    extra = studies.extra.reindex(sorted(studies.extra.columns), axis=1).astype(str)
    table = pd.concat([text[sorted(text.columns)], extra], axis=1)
    return sorted(tuple(map(str, row)) for row in table.itertuples(index=False))


@given(st.decimals(allow_nan=False, allow_infinity=False, places=3, min_value=-(10**9), max_value=10**9))
@settings(max_examples=200, deadline=None)
def test_marks_of_thousands_and_decimal_commas_keep_every_digit(value: Decimal) -> None:
    plain = f"{value:f}"
    anglo = f"{value:,f}"
    german = anglo.replace(",", "\0").replace(".", ",").replace("\0", ".")
    swiss = anglo.replace(",", "'")
    french = anglo.replace(",", "\u202f").replace(".", ",").replace("-", "\N{MINUS SIGN}")
    for word, decimal, thousands in (
        (anglo, ".", ","),
        (german, ",", "."),
        (swiss, ".", "'"),
        (french, ",", " "),
    ):
        assert clean_number(word, NumberRules(decimal, thousands), Cells("", ())) == plain


@given(st.lists(st.decimals(-999, 999, places=2), min_size=1, max_size=4), st.data())
@settings(max_examples=100, deadline=None)
def test_one_of_several_numbers_of_a_cell(values: list[Any], data: st.DataObject) -> None:
    """Between brackets, signs are signs; which number is taken follows from its place alone."""
    between = data.draw(st.sampled_from([" (", " [", "; ", " ± ", " to "]))
    word = between.join(str(value) for value in values)
    for at, value in enumerate(values, start=1):
        cells = Cells("", (), part=at)
        assert clean_number(word, NumberRules("."), cells) == str(value)
    assert clean_number(word, NumberRules("."), Cells("", (), part=len(values) + 1)) == ""


@given(st.decimals(-999, 999, places=3), st.sampled_from(["0.01", "100", "-1", "4.345"]))
@settings(max_examples=100, deadline=None)
def test_a_factor_multiplies_decimal_digits_exactly(value: Decimal, factor: str) -> None:
    done = clean_number(str(value), NumberRules("."), Cells("", (), times=factor))
    assert Decimal(done) == Decimal(str(value)) * Decimal(factor)
