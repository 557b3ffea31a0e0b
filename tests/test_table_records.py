"""Groups, headings over columns, footnotes, aligned points: in every format, from one record."""

from __future__ import annotations

import csv
import io
import re
from dataclasses import replace

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from test_tables import HOSTILE, TEXTS, Page

import evidence as ev
from evidence.charts.words import MINUS
from evidence.errors import EvidenceError, ModelError
from evidence.table_layout import FIGURE_SPACE, spaced
from evidence.table_widths import column_widths
from evidence.table_words import NO_BREAK, clean, estimate_interval
from evidence.tables import Table

FRAME = pd.DataFrame(
    {
        "Part": ["Legs", "Legs", "Arms"],
        "Domain": ["strength", "power", "strength"],
        "g": [-0.314, 12.25, None],
        "n": [30, 8, 120],
    }
)


def grouped(**changes: object) -> Table:
    table = Table(
        FRAME,
        caption="Results.",
        notes=("A note.",),
        references=("a2001",),
        reference_texts=("Author A. Title.",),
        numbers=(4,),
        id="res",
        formats={"g": 2},
        groups="Part",
        spanners={"Numbers": ["g", "n"]},
        footnotes={"g": "Hedges' g.", (1, "n"): "As printed.", (2, "n"): "As printed.", (None, None): "All."},
    )
    return replace(table, **changes)


def test_a_column_of_headings_becomes_groups() -> None:
    table = grouped()
    assert list(table.data.columns) == ["Domain", "g", "n"]
    assert tuple(table.groups) == ("Legs", "Legs", "Arms")
    assert [line for line in table._content().lines()] == [
        ("Legs", -1), ("", 0), ("", 1), ("Arms", -1), ("", 2)
    ]  # fmt: skip


def test_formats_apply_to_numbers_and_leave_text_and_blanks() -> None:
    assert grouped().data["g"].tolist() == [f"{MINUS}0.31", "12.25", ""]
    shown = Table(
        pd.DataFrame({"p": [0.5, "no", None], "x": [1.0, -2.0, 3.0]}, dtype=object),
        caption="",
        formats={"p": ".1%", "x": lambda value: f"<{value:g}>"},
    )
    assert shown.data["p"].tolist() == ["50.0%", "no", ""]
    assert shown.data["x"].tolist() == ["<1>", "<-2>", "<3>"]


def test_footnotes_have_letters_in_reading_order_and_equal_texts_share_one() -> None:
    content = grouped()._content()
    assert content.lettered == (("a", "All."), ("b", "Hedges' g."), ("c", "As printed."))
    assert [content.mark(None, None), content.mark(None, 1)] == ["a", "b"]
    assert [content.mark(row, 2) for row in range(3)] == ["", "c", "c"]


def test_the_27th_letter_is_aa() -> None:
    frame = pd.DataFrame({"x": range(28)})
    table = Table(frame, caption="", footnotes={(row, "x"): f"note {row}" for row in range(28)})
    assert [letter for letter, _ in table._content().lettered][25:] == ["z", "aa", "ab"]


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({"groups": ("one",)}, "one heading for each row; got 1 for 3 rows"),
        ({"groups": "Nowhere"}, "groups name a column of the table"),
        ({"spanners": {"Both": ["Domain", "n"]}}, "neighbouring columns; 'Both' has Domain, n"),
        ({"spanners": {"A": ["g", "n"], "B": ["n"]}}, "one spanner at most; 'A' and 'B'"),
        ({"spanners": {"A": ["nowhere"]}}, "name columns of the table"),
        ({"formats": {"nowhere": 2}}, "name columns of the table"),
        ({"footnotes": {"nowhere": "x"}}, "hangs on a column of the table"),
        ({"footnotes": {(3, "n"): "x"}}, "of 3 rows"),
        ({"footnotes": {(1, None): "x"}}, "of 3 rows"),
    ],
)
def test_what_does_not_fit_is_refused_at_once(wrong: dict[str, object], message: str) -> None:
    with pytest.raises(EvidenceError, match=re.escape(message)):
        grouped(**wrong)


def test_each_text_format_has_groups_spanners_and_footnotes() -> None:
    table = grouped()
    html = table.html
    assert '<th scope="rowgroup" class="group" colspan="3">Legs</th>' in html
    assert '<tr><td></td><th scope="colgroup" class="span" colspan="2">Numbers</th></tr>' in html
    assert '<td class="num">8<sup>c</sup></td>' in html
    assert '<p class="evidence-note"><sup>c</sup> As printed.</p>' in html
    markdown = table.markdown
    assert "| Domain | Numbers: g<sup>b</sup> | Numbers: n |" in markdown
    assert "| **Legs** |  |  |" in markdown
    latex = table.latex
    assert r"\multicolumn{2}{c}{Numbers}" in latex
    assert r"\cmidrule(lr){2-3}" in latex
    assert r"\makebox[0pt][l]{\textbf{Arms}}" in latex
    assert r"8\textsuperscript{c}" in latex
    rows = list(csv.reader(io.StringIO(table.csv)))
    assert rows[0] == ["Group", "Domain", "Numbers: g", "Numbers: n"]
    assert rows[1] == ["Legs", "strength", "-0.31", "30"]  # a number stays one: no letter hangs on it
    assert ["# n, row 2: As printed."] in rows


def test_hostile_text_in_the_new_places_is_text() -> None:
    table = Table(
        pd.DataFrame({"Study": HOSTILE, "n": ["1"] * len(HOSTILE)}),
        caption="c",
        groups=HOSTILE,
        spanners={HOSTILE[0]: ["n"]},
        footnotes={(row, "Study"): cell for row, cell in enumerate(HOSTILE)},
    )
    page = Page()
    page.feed(table.html)
    assert page.tags <= {"div", "table", "caption", "thead", "tbody", "tr", "th", "td", "p", "sup", "br"}
    assert page.attributes <= {"class", "id", "scope", "value", "colspan"}
    assert clean(HOSTILE[0]) in page.cells
    lines = [line for line in table.markdown.splitlines() if line.startswith("|")]
    assert {len(re.findall(r"(?<!\\)\|", line)) for line in lines} == {3}
    assert "\\input" not in table.latex
    assert "\\write" not in table.latex
    for row in csv.reader(io.StringIO(table.csv)):
        if row and not row[0].startswith("#"):
            assert not row[0].lstrip(" \u00a0").startswith(("=", "+", "@", "\t", "\r", "\n", "＝"))
    for render in TEXTS.values():
        assert not re.search("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]", str(render(table)))


def widths_before_and_after_the_point(cells: list[str]) -> set[tuple[int, int]]:
    """Where the first point stands, counted from the left and from the right."""
    return {(cell.index("."), len(cell) - cell.index(".")) for cell in cells}


@given(st.lists(st.decimals(-9999, 9999, places=3), min_size=2, max_size=8), st.data())
@settings(max_examples=100, deadline=None)
def test_points_of_numbers_align_from_the_right(numbers: list[object], data: st.DataObject) -> None:
    cells = []
    for value in numbers:
        places = data.draw(st.integers(0, 3))
        cells.append(f"{float(str(value)):.{places}f}".replace("-", MINUS))
    content = Table(pd.DataFrame({"s": ["x"] * len(cells), "n": cells}), caption="")._content()
    after = []
    for row, cell in enumerate(cells):
        shown = spaced(content, row)[1]
        assert shown.strip(f"{FIGURE_SPACE}\u2008") == cell
        whole = len(cell.partition(".")[0])
        after.append(len(shown) - whole)
    assert len(set(after)) == 1


@given(st.lists(st.floats(-50, 50), min_size=2, max_size=8))
@settings(max_examples=100, deadline=None)
def test_points_of_intervals_align_from_the_left(values: list[float]) -> None:
    cells = [estimate_interval(value, value - 1, value + 1) for value in values]
    content = Table(pd.DataFrame({"s": ["x"] * len(cells), "g": cells}), caption="")._content()
    shown = [spaced(content, row)[1] for row in range(len(cells))]
    assert len({cell.index(".") for cell in shown}) == 1
    assert [cell.lstrip(FIGURE_SPACE) for cell in shown] == cells


def test_words_and_bounds_in_a_column_of_numbers_stay_as_they_are() -> None:
    cells = [f"0.31{NO_BREAK}(0.1{NO_BREAK}to{NO_BREAK}0.5)", "not pooled", "≥ 0.12", "12.00"]
    content = Table(pd.DataFrame({"g": cells}), caption="")._content()
    assert [spaced(content, row)[0] for row in range(4)] == [FIGURE_SPACE + cells[0], *cells[1:]]


def test_latex_reserves_the_room_of_digits_points_and_signs() -> None:
    table = Table(pd.DataFrame({"s": ["x", "y"], "n": ["1", "2.25"]}), caption="").latex
    assert r"x & 1\phantom{.00} \\" in table
    mixed = Table(pd.DataFrame({"g": ["−1.5 (a)", "12.5 (b)"]}), caption="").latex
    assert r"\phantom{0}$-$1.5 (a) \\" in mixed
    assert r"\phantom{$-$}12.5 (b) \\" in mixed


def test_a_letter_does_not_push_a_number_out_of_line() -> None:
    content = grouped()._content()
    assert [content.hung(row, 2) for row in range(3)] == [FIGURE_SPACE, "c", "c"]
    assert content.hung(0, 0) == ""


def test_words_stay_whole_where_there_is_room_and_widths_fill_the_page() -> None:
    frame = pd.DataFrame({"Name": ["indivisible_name"] * 3, "Text": ["word " * 80] * 3, "n": [1, 2, 3]})
    content = Table(frame, caption="")._content()
    widths = column_widths(content, 100.0, lambda text: len(text) + 2.0)
    assert sum(widths) == pytest.approx(100.0)
    assert widths[0] >= len("indivisible_name") + 2 - 1e-9
    assert widths[1] > widths[0] > widths[2]


def test_options_of_pandas_do_not_reach_a_table() -> None:
    expected = grouped().latex
    with pd.option_context("styler.render.max_elements", 1, "styler.format.escape", "latex"):
        assert grouped().latex == expected


def test_an_empty_table_with_groups_has_its_heads_in_every_format() -> None:
    table = Table(pd.DataFrame({"Part": [], "Study": [], "n": []}), caption="None.", groups="Part")
    for suffix, render in TEXTS.items():
        assert "Study" in str(render(table)), suffix
    assert r"\multicolumn{2}{r}{Continued" in table.latex


def test_names_written_from_right_to_left_have_their_own_direction() -> None:
    table = Table(
        pd.DataFrame({"Study": ["\u05db\u05d4\u05df 2001 [3]", "Cohen 2001 [4]"], "n": [1, 2]}), caption=""
    )
    assert '<th scope="row" dir="auto">\u05db\u05d4\u05df 2001 [3]</th>' in table.html
    assert table.html.count("dir=") == 1


def test_a_table_prints_as_a_short_grid() -> None:
    table = grouped()
    shown = repr(table)
    assert shown.splitlines()[0] == table.caption
    assert "Table(" not in shown
    assert "DataFrame" not in shown
    for name in table.data.columns:
        assert str(name) in shown
    for cell in table.data.iloc[0]:
        assert cell in shown
    long = Table(pd.DataFrame({"text": ["x" * 500 + "\x1b[31m"] * 40}), caption="Long.", notes=("One.",))
    lines = repr(long).splitlines()
    assert len(lines) <= 20
    assert max(map(len, lines)) < 60
    assert "\x1b" not in repr(long)
    assert lines[-1] == "(28 more rows, 1 note: see .markdown)"
    assert repr(Table(pd.DataFrame({"a": []}), caption="Empty.")).splitlines()[0] == "Empty."


def test_a_single_fit_is_refused_with_the_ways_out() -> None:
    fit = ev.random_effects(ev.effects_from([0.1, 0.3], std_error=[0.1, 0.2], study=["a", "b"]))
    with pytest.raises(ModelError, match=r"fit\.tidy\(\).*fit\.glance\(\).*ev\.compare"):
        ev.to_table(fit)  # type: ignore[arg-type]
