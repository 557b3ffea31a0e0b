"""Tables in Word and PowerPoint: native, bounded in size, the same bytes twice, no text lost unseen."""

from __future__ import annotations

import io
import re
import zipfile
from functools import cache

import pandas as pd
import pytest
from docx import Document
from docx.oxml.ns import qn
from hypothesis import given, settings
from hypothesis import strategies as st
from pptx import Presentation
from pptx.util import Inches, Pt
from test_table_records import FRAME, grouped
from test_tables import HOSTILE

from evidence._zip import reproducible
from evidence.errors import EvidenceError
from evidence.table_slide import add_table, keep, split, to_pptx
from evidence.table_word import is_wide, to_docx
from evidence.table_words import clean
from evidence.tables import Table

ROOM = {"left": Inches(0.7), "top": Inches(1.6), "width": Inches(11.9), "height": Inches(5.4)}


def as_read(text: str) -> str:
    """Return a text as Office keeps it: no control characters, tabs as spaces."""
    return clean(text).replace("\t", " ")


def hostile_table() -> Table:
    return Table(
        pd.DataFrame({"Study": HOSTILE, "n": range(len(HOSTILE))}),
        caption="<b>c</b> \x07",
        notes=(HOSTILE[0], HOSTILE[10]),
        references=("a",),
        reference_texts=(HOSTILE[1],),
        footnotes={(0, "Study"): HOSTILE[2]},
    )


def slide_of(table: Table, **changes: object) -> object:
    deck = Presentation()
    deck.slide_width = Inches(13.333)
    slide = deck.slides.add_slide(deck.slide_layouts[6])
    add_table(slide, table, **{**ROOM, **changes})
    return slide


# Word


def test_word_holds_every_hostile_text_as_text() -> None:
    document = Document(io.BytesIO(to_docx(hostile_table())))
    (table,) = document.tables
    cells = [row.cells[0].text for row in table.rows][1:]
    assert cells[0] == f"{HOSTILE[0]}a"  # with the letter of its footnote
    assert cells[1:] == [as_read(text) for text in HOSTILE[1:]]
    below = "\n".join(paragraph.text for paragraph in document.paragraphs)
    for text in ("<b>c</b> \ufffd", HOSTILE[0], HOSTILE[10], HOSTILE[1], HOSTILE[2]):
        assert text in below
    xml = zipfile.ZipFile(io.BytesIO(to_docx(hostile_table()))).read("word/document.xml").decode()
    assert not re.search("[\x00-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff]", xml)
    assert "w:hyperlink" not in xml
    assert set(re.findall(r'w:instr="([^"]*)"', xml)) == {r" SEQ Table \* ARABIC "}  # no field but our own


@given(st.text(max_size=50))
@settings(max_examples=25, deadline=None)
def test_any_text_arrives_in_word(text: str) -> None:
    document = Document(io.BytesIO(to_docx(Table(pd.DataFrame({"x": [text]}), caption="c"))))
    assert document.tables[0].rows[1].cells[0].text == as_read(text)


def test_word_repeats_heads_keeps_rows_whole_and_merges_groups() -> None:
    table = Document(io.BytesIO(to_docx(grouped()))).tables[0]
    marks = [
        {child.tag.split("}")[1] for child in row._tr.trPr} if row._tr.trPr is not None else set()
        for row in table.rows
    ]
    assert ["tblHeader" in mark for mark in marks] == [True, True, False, False, False, False, False]
    assert all("cantSplit" in mark for mark in marks)
    assert [cell.text for cell in table.rows[0].cells] == ["", "Numbers", "Numbers"]
    assert {cell.text for cell in table.rows[2].cells} == {"Legs"}
    assert [cell.text for cell in table.rows[4].cells] == ["power", "12.25", "8c"]
    assert table._tbl.tblPr.find(qn("w:tblDescription")).get(qn("w:val")) == "Results."


def test_word_aligns_numbers_by_decimal_tab_stops() -> None:
    table = Document(io.BytesIO(to_docx(grouped()))).tables[0]
    stops = [
        [(stop.alignment, stop.position) for stop in row.cells[1].paragraphs[0].paragraph_format.tab_stops]
        for row in table.rows[3:5]
    ]
    assert stops[0] == stops[1]
    assert "DECIMAL" in str(stops[0][0][0])
    # A decimal tab needs a cell that stands at the left, and no tab character.
    assert table.rows[3].cells[1].paragraphs[0].alignment is None
    assert "\t" not in table.rows[3].cells[1].text


def test_word_numbers_captions_and_pages_by_fields() -> None:
    payload = to_docx(grouped())
    parts = zipfile.ZipFile(io.BytesIO(payload))
    footer = "".join(parts.read(name).decode() for name in parts.namelist() if "footer" in name)
    assert re.findall(r'w:instr="([^"]*)"', footer) == [" PAGE ", " NUMPAGES "]
    document = Document(io.BytesIO(payload))
    caption = next(p for p in document.paragraphs if p.style.name == "Caption")
    assert "".join(node.text for node in caption._p.iter(qn("w:t"))) == "Table 1. Results.a"
    assert [p.text for p in document.paragraphs if p.style.name == "Reference"] == ["4.\tAuthor A. Title."]


def test_a_wide_table_lies_on_its_side() -> None:
    wide = Table(pd.DataFrame({f"c{i}": ["twenty letters or so"] for i in range(9)}), caption="Wide.")
    assert is_wide(wide)
    assert not is_wide(grouped())
    upright, turned = (Document(io.BytesIO(to_docx(table))).sections[0] for table in (grouped(), wide))
    assert upright.page_width < upright.page_height
    assert turned.page_width > turned.page_height


def _kept(row: object) -> bool:
    return all(
        paragraph.paragraph_format.keep_with_next
        for cell in row.cells  # type: ignore[attr-defined]
        for paragraph in cell.paragraphs
    )


@pytest.mark.parametrize("rows", [3, 200])
def test_word_never_leaves_notes_alone_on_a_page(rows: int) -> None:
    frame = pd.DataFrame({"Domain": [f"domain {n}" for n in range(rows)], "n": range(rows)})
    document = Document(io.BytesIO(to_docx(Table(frame, caption="Rows.", notes=("One.", "Two.")))))
    lines = document.tables[0].rows
    # The last row stays with the notes, the head with the first row; a short table stays whole, a long one
    # may break between its rows.
    assert _kept(lines[-1])
    assert _kept(lines[0])
    assert all(map(_kept, lines)) is (rows == 3)
    notes = [p for p in document.paragraphs if p.style.name == "Table note" and p.text]
    assert [bool(p.paragraph_format.keep_with_next) for p in notes] == [True, False]


# PowerPoint


def test_slides_hold_every_hostile_text_as_text_or_cut_with_an_ellipsis() -> None:
    deck = Presentation(io.BytesIO(to_pptx(hostile_table())))
    found: list[str] = []
    for slide in deck.slides:
        for shape in slide.shapes:
            if shape.has_table:
                found += [row.cells[0].text for row in shape.table.rows][1:]
    assert len(found) == len(HOSTILE)
    for shown, text in zip(found, HOSTILE, strict=True):
        expected = clean(text)
        if shown.endswith("\u2026"):
            assert expected.startswith(shown[:-1].split("\n")[0].split(" ")[0][:20])
            assert len(expected) > 1_000
        else:
            assert shown.split() == f"{expected}{'a' if text == HOSTILE[0] else ''}".split()
    xml = "".join(
        part.decode()
        for part in map(zipfile.ZipFile(io.BytesIO(to_pptx(hostile_table()))).read, [
            f"ppt/slides/slide{number + 1}.xml" for number in range(len(deck.slides))
        ])
    )  # fmt: skip
    assert "hlinkClick" not in xml
    assert not re.search("[\x00-\x08\x0b\x0c\x0e-\x1f]", xml)


@cache
def long_parts() -> tuple[Table, ...]:
    frame = pd.DataFrame({f"c{column}": [f"r{row}c{column}" for row in range(40)] for column in range(11)})
    table = Table(
        frame.assign(c0=[f"row {row} [{row % 3 + 1}]" for row in range(40)]),
        caption="Long.",
        notes=("n",),
        references=("a", "b", "c", "d"),
        numbers=(1, 2, 3, 9),
        id="long",
        groups=["one"] * 10 + ["two"] * 30,
        spanners={"Left": ["c1", "c2", "c3", "c4", "c5"]},
        footnotes={"c7": "seven", (39, "c1"): "last", (0, "c0"): "first"},
    )
    return tuple(split(table))


def test_parts_have_at_most_eight_rows_and_five_columns_and_lose_nothing() -> None:
    seen: dict[tuple[str, str], int] = {}
    for part in long_parts():
        slide = slide_of(part)
        native = next(shape.table for shape in slide.shapes if shape.has_table)  # type: ignore[attr-defined]
        assert len(native.rows) <= 8
        assert len(native.columns) <= 5
        for row in part.data.itertuples(index=False):
            for column, cell in zip(part.data.columns[1:], row[1:], strict=True):
                seen[row[0], column] = seen.get((row[0], column), 0) + 1
                assert cell == f"r{row[0].split()[1]}{column}"
    assert len(seen) == 40 * 10
    assert set(seen.values()) == {1}


def test_parts_repeat_heads_and_keep_what_belongs_to_them() -> None:
    parts = long_parts()
    assert all(part.data.columns[0] == "c0" for part in parts)
    assert parts[0].caption == "Long."
    assert {part.caption for part in parts[1:]} == {"Long. (continued)"}
    assert len({part.id for part in parts}) == len(parts)
    for part in parts:
        texts = {text for _, text in part._content().lettered}
        assert ("seven" in texts) == ("c7" in part.data.columns)
        assert ("last" in texts) == ("c1" in part.data.columns and "row 39 [1]" in set(part.data["c0"]))
        assert part.numbers == (1, 2, 3)  # the fourth reference is cited in no cell of the part


def test_letters_on_slides_are_never_below_16_points() -> None:
    for part in long_parts()[:2]:
        slide = slide_of(part)
        for shape in slide.shapes:  # type: ignore[attr-defined]
            frames = (
                [cell.text_frame for row in shape.table.rows for cell in row.cells]
                if shape.has_table
                else [shape.text_frame]
            )
            sizes = {run.font.size for frame in frames for p in frame.paragraphs for run in p.runs}
            assert sizes
            assert min(sizes) >= Pt(16)


def test_a_table_that_does_not_fit_a_slide_is_refused() -> None:
    with pytest.raises(EvidenceError, match=r"at most 8 rows with its heads, 5 columns"):
        slide_of(Table(pd.DataFrame({"x": range(8)}), caption=""))
    with pytest.raises(EvidenceError, match="got 2 rows, 6 columns"):
        slide_of(Table(pd.DataFrame({str(i): [1] for i in range(6)}), caption=""))
    with pytest.raises(EvidenceError, match=r"12 pt"):
        slide_of(grouped(), size=12)
    with pytest.raises(EvidenceError, match="give the table more room"):
        slide_of(grouped(), height=Inches(1))
    with pytest.raises(EvidenceError, match="room for its heads"):
        split(grouped(), rows=3)


def test_what_has_no_room_is_cut_and_the_table_stays_inside() -> None:
    long = Table(pd.DataFrame({"a": ["many words " * 60] * 4, "b": ["y" * 10_000] * 4}), caption="")
    slide = slide_of(long)
    (shape,) = [shape for shape in slide.shapes if shape.has_table]  # type: ignore[attr-defined]
    assert shape.height <= ROOM["height"]
    assert sum(row.height for row in shape.table.rows) <= ROOM["height"] + 100
    assert sum(column.width for column in shape.table.columns) == pytest.approx(ROOM["width"], abs=100)
    assert all(cell.text.endswith("\u2026") for row in list(shape.table.rows)[1:] for cell in row.cells)


def test_a_split_with_room_leaves_no_part_that_is_too_tall() -> None:
    long = Table(pd.DataFrame({"a": ["many words " * 30] * 9, "b": range(9)}), caption="")
    parts = split(long, width=ROOM["width"], height=Inches(3))
    assert sum(map(len, parts)) == 9
    assert len(parts) > len(split(long))
    for part in parts:
        shape = slide_of(part, height=Inches(3)).shapes[0]  # type: ignore[attr-defined]
        assert shape.height <= Inches(3)


def test_a_slide_table_is_described_and_has_a_head_row() -> None:
    slide = slide_of(grouped())
    shape = next(shape for shape in slide.shapes if shape.has_table)  # type: ignore[attr-defined]
    assert shape._element.nvGraphicFramePr.cNvPr.get("descr") == "Results."
    assert shape.table.first_row
    assert [cell.text for cell in shape.table.rows[0].cells] == ["", "Numbers", ""]
    assert shape.table.cell(2, 0).is_merge_origin
    assert shape.table.cell(2, 0).text == "Legs"


def test_a_slide_can_show_some_columns() -> None:
    kept = keep(grouped(), ["Domain", "n"])
    assert list(kept.data.columns) == ["Domain", "n"]
    assert kept._content().spanners == (("Numbers", 1, 1),)
    assert [text for _, text in kept._content().lettered] == ["All.", "As printed."]
    with pytest.raises(EvidenceError, match="got nothing"):
        keep(grouped(), ["nothing"])


# Both


@pytest.mark.parametrize("render", [to_docx, to_pptx])
def test_office_files_have_the_same_bytes_twice_and_no_clock(render: object) -> None:
    payload = render(grouped())  # type: ignore[operator]
    assert payload == render(grouped())  # type: ignore[operator]
    with zipfile.ZipFile(io.BytesIO(payload)) as parts:
        assert {entry.date_time for entry in parts.infolist()} == {(1980, 1, 1, 0, 0, 0)}
        core = parts.read("docProps/core.xml").decode()
        assert parts.testzip() is None
    assert not re.search(r"created|modified|python-docx|lastModifiedBy", core)
    assert "Results." in core


def test_the_order_and_content_of_parts_are_kept() -> None:
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w") as parts:
        parts.writestr("b.xml", "<b/>")
        parts.writestr("docProps/core.xml", "<c><dcterms:created x='1'>2020</dcterms:created><d/></c>")
    with zipfile.ZipFile(io.BytesIO(reproducible(stream.getvalue()))) as parts:
        assert parts.namelist() == ["b.xml", "docProps/core.xml"]
        assert parts.read("b.xml") == b"<b/>"
        assert parts.read("docProps/core.xml") == b"<c><d/></c>"


def test_the_frame_of_these_tests_is_unchanged() -> None:
    grouped()
    assert list(FRAME.columns) == ["Part", "Domain", "g", "n"]
