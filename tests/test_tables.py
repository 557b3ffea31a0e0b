"""The table record and its four renderers: nothing that a cell holds is ever run."""

from __future__ import annotations

import csv
import io
import math
import re
from html.parser import HTMLParser
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from evidence.errors import EvidenceError
from evidence.table_formats import csv_cell, escape_html, escape_markdown
from evidence.table_latex import escape_latex
from evidence.table_words import NO_BREAK, clean, estimate_interval, interval, is_number, p_value
from evidence.tables import FORMATS, Table

TEXTS = {suffix: render for suffix, render in FORMATS.items() if suffix not in (".docx", ".pptx")}

HOSTILE = [
    "<img src=x onerror=alert(1)>",
    "</td></table><script>alert(1)</script>",
    '=HYPERLINK("http://x.invalid","click")',
    "+1+cmd|' /C calc'!A0",
    "-2+3",
    "@SUM(A1:A9)",
    "\t=1+1",
    "\r=1+1",
    "\n=1+1",
    "＝1+1",
    r"\input{/etc/passwd}",
    r"\write18{rm -rf ~}",
    "50 % of $x_1^2$ & #3 ~ {y}",
    "a | b | c",
    "first\nsecond",
    "bell\x07 null\x00 escape\x1b[31m",
    "\u202eright to left",
    "`code` *bold* [link](javascript:alert(1)) ![p](x)",
    "x" * 10_000,
    "[1] begins like an option",
    "*starred",
    "",
]


def table_of(*cells: str, caption: str = "Caption.", notes: tuple[str, ...] = ()) -> Table:
    return Table(pd.DataFrame({"Study": list(cells), "n": ["1"] * len(cells)}), caption=caption, notes=notes)


class Page(HTMLParser):
    """Collects the tags and cells that a browser would see."""

    def __init__(self) -> None:
        super().__init__()
        self.tags: set[str] = set()
        self.attributes: set[str] = set()
        self.cells: list[str] = []
        self.open = False

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.add(tag)
        self.attributes |= {name for name, _ in attrs}
        if tag in ("td", "th"):
            self.open = True
            self.cells.append("")
        if tag == "br" and self.open:
            self.cells[-1] += "\n"

    def handle_endtag(self, tag: str) -> None:
        if tag in ("td", "th"):
            self.open = False

    def handle_data(self, data: str) -> None:
        if self.open:
            self.cells[-1] += data


def test_html_shows_hostile_cells_and_runs_none() -> None:
    table = Table(
        pd.DataFrame({HOSTILE[0]: HOSTILE}),
        caption=HOSTILE[1],
        notes=tuple(HOSTILE),
        references=("a",),
        reference_texts=(HOSTILE[0],),
        id='x" onmouseover="alert(1)',
    )
    page = Page()
    page.feed(table.html)
    assert page.tags <= {"div", "table", "caption", "thead", "tbody", "tr", "th", "td", "p", "ol", "li", "br"}
    assert page.attributes <= {"class", "id", "scope", "value"}
    assert page.cells == [clean(HOSTILE[0]), *(clean(cell) for cell in HOSTILE)]


def test_csv_cells_that_begin_like_formulas_are_text() -> None:
    rows = list(csv.reader(io.StringIO(table_of(*HOSTILE).csv)))
    for cell, original in zip((row[0] for row in rows[1:]), HOSTILE, strict=False):
        if cell.startswith("#"):
            break
        assert not cell.lstrip(" \u00a0").startswith(("=", "+", "@", "\t", "\r", "\n", "＝")), original
        assert not cell.startswith("-") or is_number(cell), original


@pytest.mark.parametrize(
    ("shown", "written"),
    [("−0.50", "-0.50"), ("-0.50", "-0.50"), ("+0.5", "+0.5"), ("−1.2e−3", "-1.2e-3"), ("-5%", "-5%")],
)
def test_numbers_stay_numbers_in_csv(shown: str, written: str) -> None:
    assert csv_cell(shown) == written


def test_csv_reads_back_with_numbers() -> None:
    table = Table(
        pd.DataFrame({"Study": ["a, b", 'c "d"'], "g": [-0.31, 0.2]}),
        caption="Results.",
        notes=("One note.",),
        references=("k",),
        reference_texts=("Author A. Title.",),
    )
    back = pd.read_csv(io.StringIO(table.csv), comment="#")
    assert list(back.columns) == ["Study", "g"]
    assert back["g"].tolist() == [-0.31, 0.2]
    assert back["Study"].tolist() == ["a, b", 'c "d"']
    assert "# Results." in table.csv
    assert "[1] Author A. Title." in table.csv


# What LaTeX runs: a backslash and letters. Only the commands of the escapes themselves may appear.
LATEX_COMMANDS = {
    *("textbackslash", "textasciicircum", "textasciitilde", "textless", "textgreater", "textbar"),
    *("textquotedbl", "textasciigrave", "pm", "times", "cdot", "leq", "geq", "approx", "neq", "infty"),
    *("rightarrow", "uparrow", "downarrow", "surd", "circ", "alpha", "beta", "delta", "Delta", "theta"),
    *("mu", "rho", "sigma", "tau", "chi", "phantom", "oplus", "bigcirc"),
}


@given(st.text(max_size=60))
@settings(max_examples=200, deadline=None)
def test_latex_escapes_leave_no_command_and_balanced_braces(text: str) -> None:
    escaped = escape_latex(text)
    assert set(re.findall(r"\\([A-Za-z]+)", escaped)) <= LATEX_COMMANDS
    bare = re.sub(r"\\[{}$&#_%,]", "", escaped)
    assert bare.count("{") == bare.count("}")
    assert not re.search(r"[%#&]", bare)
    assert "\n" not in escaped


def test_latex_rows_have_the_right_number_of_cells_and_no_options() -> None:
    source = table_of(*HOSTILE).latex
    body = source.split("\\endlastfoot\n")[1].split("\\end{longtable}")[0]
    rows = body.strip().split(" \\\\\n")
    assert len(rows) == len(HOSTILE)
    for row in rows:
        assert len(re.findall(r"(?<!\\)&", row)) == 1
        assert not row.lstrip().startswith(("[", "*"))
    assert "\\input" not in source
    assert "\\write18" not in source


@given(st.text(max_size=60))
@settings(max_examples=200, deadline=None)
def test_markdown_cells_never_break_the_row_or_open_a_tag(text: str) -> None:
    escaped = escape_markdown(text)
    assert "\n" not in escaped
    assert not re.search(r"(?<!\\)(?:\\\\)*\|", escaped)
    assert "<" not in escaped.replace("<br>", "")


def test_markdown_lines_have_equal_numbers_of_bars() -> None:
    lines = [line for line in table_of(*HOSTILE).markdown.splitlines() if line.startswith("|")]
    assert len(lines) == len(HOSTILE) + 2
    assert {len(re.findall(r"(?<!\\)\|", line)) for line in lines} == {3}


def test_markdown_of_pandoc_finds_no_citation_and_no_exponent() -> None:
    # Pandoc User's Guide, "Citation syntax" and "Superscripts and subscripts".
    assert escape_markdown("@smith2020 (see @x) a^2^") == r"\@smith2020 (see \@x) a\^2\^"
    assert escape_markdown("mail a@example.org") == "mail a@example.org"


def test_markdown_keeps_addresses_whole() -> None:
    assert escape_markdown("https://a.org/b_c_d") == "https://a.org/b_c_d"
    assert escape_markdown("_soft_ a_b") == r"\_soft\_ a_b"


def test_control_characters_become_visible() -> None:
    assert clean("a\x07b\x1b") == "a\ufffdb\ufffd"
    for render in TEXTS.values():
        assert not re.search("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]", render(table_of(*HOSTILE)))


@given(st.floats(allow_nan=True, allow_infinity=True))
@settings(max_examples=100, deadline=None)
def test_numbers_are_shown_with_a_true_minus_and_never_as_nan(value: float) -> None:
    shown = Table(pd.DataFrame({"x": [value]}), caption="").data.iloc[0, 0]
    assert "-" not in shown
    assert "nan" not in shown
    assert bool(shown) == (not math.isnan(value))


def test_cells_of_every_kind_become_text() -> None:
    data = pd.DataFrame(
        {"x": [None, float("nan"), True, -3, 2.5, "text", pd.NA, np.float64(-1.5)]}, dtype=object
    )
    assert Table(data, caption="").data["x"].tolist() == ["", "", "yes", "−3", "2.5", "text", "", "−1.5"]


def test_the_given_frame_is_not_changed() -> None:
    data = pd.DataFrame({"x": [-1.0]})
    Table(data, caption="")
    assert data["x"].tolist() == [-1.0]


def test_intervals_do_not_break_and_bounds_are_words() -> None:
    assert interval(-0.5, 1.0) == f"−0.50{NO_BREAK}to{NO_BREAK}1.00"
    assert interval(0.2, math.inf) == f"≥{NO_BREAK}0.20"
    assert interval(-math.inf, 0.2) == f"≤{NO_BREAK}0.20"
    assert interval(None, None) == ""
    assert estimate_interval(None, 0.2, math.inf) == f"≥{NO_BREAK}0.20"
    assert " " not in estimate_interval(1.0, 0.5, 2.0)


def test_p_is_never_zero() -> None:
    assert p_value(0.0) == f"<{NO_BREAK}0.001"
    assert p_value(0.0312) == "0.031"
    assert p_value(float("nan")) == ""


def test_a_number_column_is_aligned_in_each_format() -> None:
    table = table_of("a")
    assert '<td class="num">1</td>' in table.html
    assert "| --- | ---: |" in table.markdown
    assert "raggedleft" in table.latex


def test_caption_notes_and_references_are_in_every_format() -> None:
    table = Table(
        pd.DataFrame({"Study": ["DiStefano 2013 [7]"]}),
        caption="What the caption says.",
        notes=("What the note says.",),
        references=("distefano2013",),
        reference_texts=("DiStefano LJ. Comparison.",),
        numbers=(7,),
        id="six-domains",
    )
    for suffix, render in TEXTS.items():
        text = str(render(table))
        assert "What the caption says." in text, suffix
        assert "What the note says." in text, suffix
        assert "DiStefano LJ. Comparison." in text, suffix
        assert re.search(r'\[7\\?\]|value="7"', text), suffix


@pytest.mark.parametrize("suffix", list(FORMATS))
def test_save_by_suffix(tmp_path: Path, suffix: str) -> None:
    target = table_of("a").save(tmp_path / "new" / f"table{suffix}")
    expected = FORMATS[suffix](table_of("a"))
    assert target.read_bytes() == (expected if isinstance(expected, bytes) else expected.encode())
    assert [path.name for path in target.parent.iterdir()] == [target.name]


@pytest.mark.parametrize("name", ["table.xlsx", "table", "table.md.bak"])
def test_save_refuses_other_suffixes_and_lists_its_own(tmp_path: Path, name: str) -> None:
    with pytest.raises(EvidenceError, match=", ".join(map(re.escape, FORMATS))):
        table_of("a").save(tmp_path / name)
    assert list(tmp_path.iterdir()) == []


def test_a_failed_save_leaves_the_old_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    target = table_of("old").save(tmp_path / "table.csv")
    before = target.read_bytes()

    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("os.fsync", full)
    with pytest.raises(EvidenceError, match=r"table\.csv' cannot be written: there is no space left"):
        table_of("new").save(target)
    assert target.read_bytes() == before
    assert [path.name for path in tmp_path.iterdir()] == ["table.csv"]


@pytest.mark.parametrize("name", ["folder.csv", "x" * 300 + ".csv", "zero\0byte.csv"])
def test_what_cannot_be_written_is_named_without_a_traceback(tmp_path: Path, name: str) -> None:
    (tmp_path / "folder.csv").mkdir()
    with pytest.raises(EvidenceError, match="cannot be written"):
        table_of("a").save(tmp_path / name)
    assert [path.name for path in tmp_path.iterdir()] == ["folder.csv"]


def test_a_study_that_is_called_like_a_number_keeps_its_sign_in_csv() -> None:
    frame = pd.DataFrame({"Study": ["+1", "Smith"], "g": ["+0.5", "0.2"], "+2": ["a", "b"]})
    rows = list(csv.reader(io.StringIO(Table(frame, caption="", groups=["+3", "x"]).csv)))
    assert rows == [
        ["Group", "Study", "g", "'+2"],
        ["'+3", "'+1", "+0.5", "a"],
        ["x", "Smith", "0.2", "b"],
    ]


def test_a_single_note_is_one_note() -> None:
    table = Table(pd.DataFrame({"a": ["1"]}), caption="c", notes="One note.", references="k")  # type: ignore[arg-type]
    assert table.notes == ("One note.",)
    assert table.references == table.reference_texts == ("k",)
    assert table.markdown.count("*Note.*") == 1


def test_lists_arrays_and_zeros_in_cells() -> None:
    cells = [[1, 2], np.array([1, 2]), np.bool_(True), -0.0, np.float64("nan"), {"k": 1}]
    table = Table(pd.DataFrame({"a": pd.Series(cells, dtype=object)}), caption=None, notes=(1,))  # type: ignore[arg-type]
    assert list(table.data["a"]) == ["[1, 2]", "[1 2]", "yes", "0.0", "", "{'k': 1}"]
    assert table.notes == ("1",)
    assert "None" not in table.html


def test_what_is_no_frame_is_refused() -> None:
    with pytest.raises(EvidenceError, match="made from a DataFrame; got list"):
        Table([[1]], caption="c")  # type: ignore[arg-type]


def test_references_have_to_fit_together() -> None:
    with pytest.raises(EvidenceError, match="one text and one number"):
        Table(pd.DataFrame({"a": ["b"]}), caption="", references=("x", "y"), reference_texts=("X",))
    with pytest.raises(EvidenceError, match="at least one column"):
        Table(pd.DataFrame(), caption="")


def test_an_empty_table_still_has_its_head() -> None:
    table = Table(pd.DataFrame({"Study": []}), caption="Nothing.")
    assert len(table) == 0
    assert "Study" in table.html
    assert table._repr_html_() == table.html


@given(st.text(max_size=40))
@settings(max_examples=100, deadline=None)
def test_escaped_html_reads_back_as_the_cleaned_text(text: str) -> None:
    page = Page()
    page.feed(f"<td>{escape_html(text)}</td>")
    page.close()
    assert page.cells == [clean(text)]


@pytest.mark.parametrize("path", [None, 3, ["results.html"]])
def test_what_is_no_path_is_refused(path: object) -> None:
    table = Table(pd.DataFrame({"a": ["1"]}), caption="One.")
    with pytest.raises(EvidenceError, match=r"takes the path of a file, as table.save\(\"results.html\"\)"):
        table.save(path)  # type: ignore[arg-type]
