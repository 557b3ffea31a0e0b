"""Slides: every message readable, every picture told, every number sourced; a talk refreshed in place."""

from __future__ import annotations

import io
import re
import shutil
import subprocess
import textwrap
import zipfile
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pptx import Presentation
from pptx.util import Emu, Pt

import evidence as ev
from evidence.charts.texts import wrap
from evidence.publish.deck import measures, write_deck
from evidence.publish.deck.pictures import MOST_PAGES, figure_pictures
from evidence.publish.deck.show import fitted_title
from evidence.publish.deck.sources import numbered
from evidence.publish.plan import planned
from evidence.publish.recipe import read_recipe
from evidence.publish.recipe_errors import BuildError
from evidence.publish.workshop import Workshop

ROOT = Path(__file__).resolve().parent.parent

RECIPE = """
[project]
title = "Stand-ins"
studies = "studies.csv"

[[question]]
id = "strength"
title = "Strength: new v old training"
filter = { domain = "strength" }
measure = "SMD"
favours = ["old", "new"]
outputs = ["forest", "effect_direction"]

[[question]]
id = "all"
title = "All domains"
measure = "SMD"
favours = ["old", "new"]
outputs = ["domains", "results"]
"""

DATA = """row_id,study,domain,outcome,n_e,n_c,p_between,direction
r1,{name},strength,squat,15,15,0.03,favours_e
r2,other,strength,press,20,20,0.2,favours_e
r3,third,strength,row,20,20,0.4,favours_e
r4,{name},power,jump,15,15,0.04,favours_e
r5,other,power,throw,20,20,0.5,favours_c
"""


def _project(folder: Path, name: str = "first", title: str = "") -> Path:
    """Write a small project; a study's name and a question's title can be anything."""
    folder.mkdir(exist_ok=True)
    recipe = RECIPE.replace("Strength: new v old training", title or "Strength: new v old training")
    (folder / "evidence.toml").write_text(recipe, encoding="utf-8")
    (folder / "studies.csv").write_text(DATA.replace("{name}", name), encoding="utf-8")
    return folder / "evidence.toml"


def _deck(folder: Path, name: str = "first", title: str = "") -> Path:
    path = folder / "slides.pptx"
    write_deck(Workshop(read_recipe(_project(folder, name, title))), path)
    return path


@pytest.fixture(scope="module")
def shipped(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The deck of the shipped recipe, made once."""
    path = tmp_path_factory.mktemp("shipped") / "evidence.pptx"
    write_deck(Workshop(read_recipe(ROOT / "evidence.toml")), path)
    return path


def _slides(path: Path) -> list[Any]:
    return list(Presentation(str(path)).slides)


def _footer(slide: Any) -> str:  # noqa: ANN401  (python-pptx has no annotations)
    (text,) = [
        shape.text_frame.text for shape in slide.placeholders if shape._element.xpath(".//p:ph[@type='ftr']")
    ]
    return str(text)


def _runs(slide: Any) -> list[tuple[Any, Any]]:  # noqa: ANN401
    """Return every run of a slide with its shape; those of tables too."""
    found = []
    for shape in slide.shapes:
        frames = [shape.text_frame] if shape.has_text_frame else []
        if shape.has_table:
            frames = [cell.text_frame for row in shape.table.rows for cell in row.cells]
        found += [(shape, run) for frame in frames for line in frame.paragraphs for run in line.runs]
    return found


def test_a_chart_for_a_slide_is_16_to_9_until_its_rows_have_no_room_as_the_docs_say() -> None:
    def size(rows: int) -> tuple[float, float]:
        fit = ev.random_effects(ev.effects_from([0.1, 0.3] * rows, std_error=0.2))
        axes = ev.forest(fit, medium="slide")
        width, height = axes.get_figure().get_size_inches()
        return float(width), float(height)

    assert size(2) == pytest.approx((13.333, 7.5), abs=0.01)
    wide, high = size(30)
    assert wide == pytest.approx(13.333, abs=0.01)
    assert high > 10
    docs = " ".join((ROOT / "docs" / "slides.md").read_text(encoding="utf-8").split())
    assert "a chart with more rows becomes higher than a slide" in docs
    for name in ("forest", "effect_direction", "evidence_map", "orchard", "dumbbell"):
        assert f"`ev.{name}_pages" in docs
        assert hasattr(ev, f"{name}_pages")


def _arial() -> list[dict[str, int]]:
    """Return the widths of Helvetica's letters, which Arial shares: matplotlib ships its metrics."""
    import matplotlib as mpl

    folder = Path(mpl.get_data_path()) / "fonts" / "pdfcorefonts"
    found = []
    for name in ("Helvetica.afm", "Helvetica-Bold.afm"):
        text = (folder / name).read_text(encoding="latin-1")
        found.append({chr(int(m[1])): int(m[2]) for m in re.finditer(r"C (\d+) ; WX (\d+) ;", text)})
    return found


def test_rows_of_tables_on_slides_are_as_high_as_their_text_in_arial_needs(shipped: Path) -> None:
    # "Integrated v isolated strength or traditional training" fits in one line, and its row had two.
    letters = _arial()
    rows = 0
    for slide in _slides(shipped):
        for shape in (shape for shape in slide.shapes if shape.has_table):
            for at, row in enumerate(shape.table.rows):
                texts = [cell for cell in row.cells if cell.text and not cell.is_spanned]
                size = max(run.font.size.pt for cell in texts for run in cell.text_frame.paragraphs[0].runs)
                if at == 0 or any(cell.is_merge_origin for cell in texts):
                    continue
                needed = 1
                for cell, column in zip(row.cells, shape.table.columns, strict=True):
                    wide = sum(letters[0].get(letter, 556) for letter in cell.text) * size / 1000
                    room = Emu(column.width).pt - 2 * Emu(cell.margin_left).pt
                    needed = max(needed, 1 if wide <= 0.95 * room else 9)
                if needed == 1:
                    assert Emu(row.height).pt < 2 * size * 1.2, [cell.text for cell in texts]
                    rows += 1
    assert rows > 20


def test_parts_of_a_table_have_their_columns_at_the_same_places(shipped: Path) -> None:
    widths: dict[str, list[list[int]]] = {}
    sizes: dict[str, set[float]] = {}
    for slide in _slides(shipped):
        for shape in (shape for shape in slide.shapes if shape.has_table):
            name = shape.name.split("#")[0]
            widths.setdefault(name, []).append([column.width for column in shape.table.columns])
            cell = shape.table.cell(0, 0).text_frame.paragraphs[0]
            sizes.setdefault(name, set()).add(cell.runs[0].font.size.pt)
    several = {name: found for name, found in widths.items() if len(found) > 1}
    assert len(several) >= 4
    for name, found in several.items():
        assert all(one == found[0] for one in found), name
        assert len(sizes[name]) == 1, name


def test_slides_are_16_to_9_and_begin_with_title_and_questions(shipped: Path) -> None:
    deck = Presentation(str(shipped))
    assert deck.slide_width / deck.slide_height == pytest.approx(16 / 9, abs=1e-3)
    recipe = read_recipe(ROOT / "evidence.toml")
    first, second = list(deck.slides)[:2]
    assert first.shapes.title.text_frame.text == recipe.project.title
    assert recipe.questions[0].title in second.placeholders[1].text_frame.text


def test_every_question_has_a_slide_and_the_domains_are_a_picture(shipped: Path) -> None:
    slides = _slides(shipped)
    topics = {
        shape.text_frame.text for slide in slides for shape in slide.placeholders if "Topic" in shape.name
    }
    topics |= {
        shape.text_frame.text
        for slide in slides
        for shape in slide.placeholders
        if shape.placeholder_format.idx == 13
    }
    for question in read_recipe(ROOT / "evidence.toml").questions:
        assert any(topic.startswith(question.title) for topic in topics), question.id
    names = [shape.name for slide in slides for shape in slide.shapes]
    assert "evidence:integrated-v-isolated-domains" in names


def test_every_picture_has_alternative_text_with_its_numbers(shipped: Path) -> None:
    pictures = [shape for slide in _slides(shipped) for shape in slide.shapes if shape.shape_type == 13]
    assert len(pictures) >= 6
    for picture in pictures:
        words = picture._element.xpath(".//p:cNvPr/@descr")[0]
        assert len(words) > 40
        assert any(letter.isdigit() for letter in words)


def test_every_content_slide_has_sources_notes_and_a_number(shipped: Path) -> None:
    listed = Workshop(read_recipe(ROOT / "evidence.toml")).listed
    for number, slide in enumerate(_slides(shipped), start=1):
        notes = slide.notes_slide.notes_text_frame.text
        assert len(notes) > 40, number
        if number == 1:
            continue
        foot = _footer(slide)
        assert foot.startswith("Sources:") or foot.endswith("references, numbered as on every slide")
        assert slide._element.xpath(".//p:ph[@type='sldNum']")
        if any(shape.name.startswith("evidence:") for shape in slide.shapes):
            assert "\nNumbers\n" in notes
            assert "\nSources\n" in notes
    # The numbers of a footer are those of the bibliography.
    (trial,) = [
        slide
        for slide in _slides(shipped)
        if "evidence:distefano2013-trial" in [s.name for s in slide.shapes]
    ]
    assert _footer(trial) == f"Sources: DiStefano 2013\u00a0[{listed.numbers(['distefano2013'])[0]}]"
    assert listed.texts(["distefano2013"])[0] in trial.notes_slide.notes_text_frame.text
    assert "distefano2013_03" in trial.notes_slide.notes_text_frame.text


def test_all_references_are_listed(shipped: Path) -> None:
    listed = Workshop(read_recipe(ROOT / "evidence.toml")).listed
    pages = [slide for slide in _slides(shipped) if slide.shapes.title.text_frame.text == "References"]
    text = "\n".join(slide.placeholders[1].text_frame.text for slide in pages)
    for entry in listed.entries:
        assert f"[{entry.number}] {entry.text[:60]}" in text


def test_letters_have_the_stated_sizes(shipped: Path) -> None:
    for slide in _slides(shipped):
        references = slide.shapes.title.text_frame.text == "References"
        for shape, run in _runs(slide):
            kind = (shape._element.xpath(".//p:ph/@type") or [""])[0]
            size = run.font.size.pt if run.font.size else None
            if shape.has_table:
                assert size >= 16
            elif kind in ("title", "ctrTitle"):
                assert size >= 24
            elif kind == "ftr":
                assert size == measures.SMALL
            elif shape.is_placeholder and shape.placeholder_format.idx == 1:
                assert size >= (measures.REFERENCE if references else 18)
            elif kind != "sldNum":
                assert size >= 16


def test_tables_are_native_and_short(shipped: Path) -> None:
    tables = [shape.table for slide in _slides(shipped) for shape in slide.shapes if shape.has_table]
    assert len(tables) >= 5
    assert all(len(table.rows) <= 8 and len(table.columns) <= 5 for table in tables)


def test_nothing_stands_outside_a_slide_or_on_something_else(shipped: Path) -> None:
    for number, slide in enumerate(_slides(shipped), start=1):
        boxes = [
            (shape.name, shape.left, shape.top, shape.left + shape.width, shape.top + shape.height)
            for shape in slide.shapes
        ]
        for name, left, top, right, bottom in boxes:
            assert left >= 0 <= top, (number, name)
            assert right <= measures.SLIDE.emu[2], (number, name)
            assert bottom <= measures.SLIDE.emu[3], (number, name)
        for i, (name, *one) in enumerate(boxes):
            for other, *two in boxes[i + 1 :]:
                apart = one[2] <= two[0] or two[2] <= one[0] or one[3] <= two[1] or two[3] <= one[1]
                assert apart, (number, name, other)


def test_titles_have_room_in_two_lines(shipped: Path) -> None:
    for slide in _slides(shipped)[1:]:
        (run,) = slide.shapes.title.text_frame.paragraphs[0].runs
        lines = wrap(run.text, measures.TITLE.width, run.font.size.pt).split("\n")
        assert len(lines) <= 2
        assert "\u2026" not in run.text
        assert len(lines) * run.font.size.pt * 1.2 <= measures.TITLE.height + 1


@settings(max_examples=60, deadline=None)
@given(st.lists(st.text(st.characters(codec="utf-8"), max_size=400), min_size=1, max_size=3))
def test_any_title_is_made_to_fit(titles: list[str]) -> None:
    text, size = fitted_title(titles)
    assert size >= 24
    assert len(wrap(text.replace("\n", " "), measures.TITLE.width, size).split("\n")) <= 3


def test_the_longest_wording_with_room_is_taken() -> None:
    long, short = "word " * 60, "A short one"
    assert fitted_title([short, "other"])[0] == short
    assert fitted_title([long, short])[0] == short


def test_the_same_results_give_the_same_bytes(tmp_path: Path) -> None:
    first, second = _deck(tmp_path / "a").read_bytes(), _deck(tmp_path / "b").read_bytes()
    assert first == second
    with zipfile.ZipFile(io.BytesIO(first)) as archive:
        assert {entry.date_time for entry in archive.infolist()} == {(1980, 1, 1, 0, 0, 0)}


def test_the_numbers_of_the_deck_are_those_of_the_fits(tmp_path: Path) -> None:
    workshop = Workshop(read_recipe(_project(tmp_path)))
    made = write_deck(workshop, tmp_path / "slides.pptx")
    fit = workshop.fit(workshop.recipe.question("strength"))
    assert made.numbers["pooled"]["strength-forest: pooled"]["estimate"] == fit.estimate
    assert set(made.studies) == {"first", "other", "third"}
    assert not set(made.left_out) & {"r1", "r2", "r3"}


@pytest.mark.parametrize(
    "hostile",
    [
        "<img src=x onerror=alert(1)>",
        "=HYPERLINK(1)",
        "\\\\input{secret}",
        "a & b < c > d ' e",
        "{{evidence:strength-forest}}",
        "x" * 10_000,
    ],
)
def test_what_looks_like_code_stays_text(tmp_path: Path, hostile: str) -> None:
    path = _deck(tmp_path, title=hostile)
    slides = _slides(path)  # opens: no markup was made of it
    wanted = hostile.replace("\\\\", "\\")
    topics = [
        s.text_frame.text for slide in slides for s in slide.placeholders if s.placeholder_format.idx == 13
    ]
    if len(hostile) < 100:
        assert any(topic.startswith(wanted) for topic in topics)
    else:
        assert any(topic.startswith("xxx") and len(topic) < 200 for topic in topics)
    with zipfile.ZipFile(path) as archive:
        parts = [archive.read(name) for name in archive.namelist() if name.endswith(".xml")]
    assert not any(b"<img" in part for part in parts)


def test_a_study_with_a_hostile_name_is_named_as_text(tmp_path: Path) -> None:
    path = _deck(tmp_path, name="<b>&bold</b>")
    notes = "\n".join(slide.notes_slide.notes_text_frame.text for slide in _slides(path))
    assert "<b>&bold</b>" in notes


@pytest.mark.parametrize(
    ("numbers", "words"),
    [([3], "[3]"), ([1, 2], "[1, 2]"), ([1, 2, 3], "[1\u20133]"), ([9, 1, 2, 3, 7], "[1\u20133, 7, 9]")],
)
def test_runs_of_citations_are_joined(numbers: list[int], words: str) -> None:
    assert numbered(numbers) == words


# A talk that exists is refreshed in place.


def _talk(path: Path, texts: list[str]) -> Path:
    """Write somebody's own talk with a text box a slide."""
    deck = Presentation()
    for text in texts:
        slide = deck.slides.add_slide(deck.slide_layouts[5])
        slide.shapes.title.text_frame.text = "My own title"
        box = slide.shapes.add_textbox(Emu(900_000), Emu(1_800_000), Emu(6_000_000), Emu(3_000_000))
        box.text_frame.text = text
    deck.save(str(path))
    return path


def _chart(seed: float = 0.2) -> Any:  # noqa: ANN401
    effects = ev.effects_from([seed, 0.5, 0.1], std_error=[0.2, 0.3, 0.25], study=["a", "b", "c"])
    return ev.forest(ev.random_effects(effects), medium="slide")


def _named(path: Path, name: str) -> Any:  # noqa: ANN401
    (shape,) = [s for slide in _slides(path) for s in slide.shapes if s.name == name]
    return shape


def test_a_marked_shape_is_replaced_with_its_position_and_size_and_again(tmp_path: Path) -> None:
    talk = _talk(tmp_path / "talk.pptx", ["{{evidence:pain}}", "My words stay"])
    with zipfile.ZipFile(talk) as archive:
        before = {name: archive.read(name) for name in archive.namelist()}
    done = ev.slides(talk, {"pain": _chart()})
    assert done.changed
    assert done.places == ((1, "pain"),)
    shape = _named(talk, "evidence:pain")
    assert (shape.left, shape.top, shape.width, shape.height) == (900_000, 1_800_000, 6_000_000, 3_000_000)
    assert shape._element.xpath(".//p:cNvPr/@descr")[0].startswith("Forest plot of 3 rows")
    first = talk.read_bytes()
    # The same figure again: nothing is written. Another one: the picture changes, its place does not.
    assert not ev.slides(talk, {"pain": _chart()}).changed
    assert talk.read_bytes() == first
    assert ev.slides(talk, {"pain": _chart(0.9)}).changed
    again = _named(talk, "evidence:pain")
    assert (again.left, again.top, again.width, again.height) == (900_000, 1_800_000, 6_000_000, 3_000_000)
    assert again.image.blob != shape.image.blob
    with zipfile.ZipFile(talk) as archive:
        after = {name: archive.read(name) for name in archive.namelist()}
    assert after["ppt/slides/slide2.xml"] == before["ppt/slides/slide2.xml"]
    assert sum(name.startswith("ppt/media/") for name in after) == 1  # the old picture is not dragged along
    touched = {name for name in before if before[name] != after.get(name)}
    assert touched <= {
        "ppt/slides/slide1.xml",
        "ppt/slides/_rels/slide1.xml.rels",
        "[Content_Types].xml",
    }


def test_a_table_takes_the_place_of_a_marker_as_a_native_table(tmp_path: Path) -> None:
    talk = _talk(tmp_path / "talk.pptx", ["{{ evidence:results }}"])
    table = ev.Table(
        pd.DataFrame({"Domain": ["strength", "power"], "g": ["0.20", "0.31"]}), caption="Results."
    )
    ev.slides(talk, {"results": table})
    shape = _named(talk, "evidence:results")
    assert shape.has_table
    assert shape.table.cell(2, 1).text == "0.31"
    assert (shape.left, shape.top, shape.width) == (900_000, 1_800_000, 6_000_000)
    once = talk.read_bytes()
    ev.slides(talk, {"results": table})
    assert talk.read_bytes() == once


def test_parts_of_a_long_table_that_no_slide_shows_are_named(tmp_path: Path) -> None:
    talk = _talk(tmp_path / "talk.pptx", ["{{evidence:long}}", "{{evidence:long#2}}"])
    table = ev.Table(pd.DataFrame({"n": [str(i) for i in range(20)], "x": ["1"] * 20}), caption="Long.")
    done = ev.slides(talk, {"long": table})
    assert done.places == ((1, "long"), (2, "long#2"))
    assert done.notes == ("long has 3 parts; no slide shows {{evidence:long#3}}",)
    assert _named(talk, "evidence:long#2").table.cell(1, 0).text == "7"


def test_a_marker_in_the_notes_adds_the_figure_below_the_title(tmp_path: Path) -> None:
    talk = tmp_path / "talk.pptx"
    deck = Presentation()
    slide = deck.slides.add_slide(deck.slide_layouts[5])
    slide.notes_slide.notes_text_frame.text = "Say this. {{evidence:pain}}"
    deck.save(str(talk))
    ev.slides(talk, {"pain": _chart()})
    once = talk.read_bytes()
    assert _named(talk, "evidence:pain").top > Pt(70)
    ev.slides(talk, {"pain": _chart()})
    assert talk.read_bytes() == once


@pytest.mark.parametrize(
    ("texts", "items", "message"),
    [
        (["{{evidence:pain}}"], {"pian": None}, r"'pian' is not known \(did you mean pain\?\)"),
        (["no marker"], {"pain": None}, "has no marker"),
        (["see {{evidence:pain}} here"], {"pain": None}, "shares its text box with other words"),
        (["{{evidence:pain}}"], {"pain": None}, "is to be an Axes, a Figure or a Table; got NoneType"),
        (["{{evidence:pain#2}}"], {"pain": "chart"}, "pain has 1 part now"),
    ],
)
def test_what_cannot_be_placed_is_named_and_the_file_stays(
    tmp_path: Path, texts: list[str], items: dict[str, Any], message: str
) -> None:
    talk = _talk(tmp_path / "talk.pptx", texts)
    before = talk.read_bytes()
    given_items = {name: _chart() if item == "chart" else item for name, item in items.items()}
    with pytest.raises(BuildError, match=message):
        ev.slides(talk, given_items)
    assert talk.read_bytes() == before


def test_markers_out_of_reach_are_named_and_left(tmp_path: Path) -> None:
    # A marker in a group or in a cell was passed over in silence, and shown to the audience.
    talk = _talk(tmp_path / "talk.pptx", ["{{Evidence:pain}}"])
    deck = Presentation(str(talk))
    slide = deck.slides.add_slide(deck.slide_layouts[6])
    group = slide.shapes.add_group_shape()
    box = group.shapes.add_textbox(Emu(0), Emu(0), Emu(900_000), Emu(900_000))
    for piece in ("{{evi", "dence:pain}}"):  # PowerPoint splits words into runs
        box.text_frame.paragraphs[0].add_run().text = piece
    table = slide.shapes.add_table(1, 1, Emu(0), Emu(2_000_000), Emu(900_000), Emu(900_000))
    table.table.cell(0, 0).text = "{{evidence:pain#2}}"
    deck.save(str(talk))
    done = ev.slides(talk, {"pain": _chart()})
    assert done.places == ((1, "pain"),)
    assert done.notes == (
        "slide 2: {{evidence:pain}} stands in a group of shapes, where nothing can be put: "
        "take its text box out of the group",
        "slide 2: {{evidence:pain#2}} stands in a cell of a table, where nothing can be put: "
        "put it in a text box of its own",
    )


@pytest.mark.parametrize(("deck", "items"), [(None, {}), (["talk.pptx"], {}), ("talk.pptx", ["chart"])])
def test_arguments_of_another_kind_are_refused(tmp_path: Path, deck: Any, items: Any) -> None:  # noqa: ANN401
    with pytest.raises(BuildError, match=r"takes the path of a presentation|by marker"):
        ev.slides(tmp_path / deck if isinstance(deck, str) else deck, items)


def test_a_talk_that_cannot_be_written_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    talk = _talk(tmp_path / "talk.pptx", ["{{evidence:pain}}"])
    before = talk.read_bytes()

    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    chart = _chart()
    monkeypatch.setattr("os.fsync", full)
    with pytest.raises(ev.EvidenceError, match=r"talk\.pptx' cannot be written: there is no space left"):
        ev.slides(talk, {"pain": chart})
    assert talk.read_bytes() == before
    assert [path.name for path in tmp_path.iterdir()] == ["talk.pptx"]


def test_what_is_no_presentation_is_said_to_be_none(tmp_path: Path) -> None:
    path = tmp_path / "talk.pptx"
    with pytest.raises(BuildError, match="cannot be read"):
        ev.slides(path, {})
    path.write_bytes(b"no archive")
    with pytest.raises(BuildError, match="no presentation that can be opened"):
        ev.slides(path, {})


def test_a_talk_is_refreshed_from_the_recipe(tmp_path: Path) -> None:
    recipe = _project(tmp_path / "project")
    talk = _talk(tmp_path / "talk.pptx", ["{{evidence:all-domains}}", "{{evidence:all-results}}"])
    done = ev.slides(talk, recipe=recipe)
    assert [marker for _, marker in done.places] == ["all-domains", "all-results"]
    assert _named(talk, "evidence:all-results").has_table
    assert not ev.slides(talk, recipe=recipe).changed
    old = _named(talk, "evidence:all-domains").image.blob
    data = (recipe.parent / "studies.csv").read_text(encoding="utf-8")
    (recipe.parent / "studies.csv").write_text(data.replace("15,15,0.04", "15,15,0.001"), encoding="utf-8")
    assert ev.slides(talk, recipe=recipe).changed
    assert _named(talk, "evidence:all-domains").image.blob != old
    wrong = _talk(tmp_path / "wrong.pptx", ["{{evidence:all-domain}}"])
    with pytest.raises(BuildError, match="did you mean all-domains"):
        ev.slides(wrong, recipe=recipe)


def test_a_deck_of_the_build_is_up_to_date_for_its_own_recipe(tmp_path: Path) -> None:
    path = _deck(tmp_path / "project")
    done = ev.slides(path, recipe=tmp_path / "project" / "evidence.toml")
    assert {marker for _, marker in done.places} >= {"all-domains", "all-results"}
    assert not done.changed


@pytest.mark.full
def test_libreoffice_shows_every_slide_with_its_words(shipped: Path, tmp_path: Path) -> None:
    office = shutil.which("soffice")
    reader, info = shutil.which("pdftotext"), shutil.which("pdfinfo")
    if not (office and reader and info):
        pytest.skip("needs LibreOffice (soffice) and poppler (pdftotext, pdfinfo)")
    profile = f"-env:UserInstallation={(tmp_path / 'profile').as_uri()}"
    command = [office, "--headless", profile, "--convert-to", "pdf", "--outdir", str(tmp_path), str(shipped)]
    subprocess.run(command, check=True, capture_output=True, timeout=300)
    pdf = tmp_path / "evidence.pdf"
    pages = subprocess.run([info, str(pdf)], check=True, capture_output=True, text=True).stdout
    slides = _slides(shipped)
    assert f"Pages:           {len(slides)}" in pages
    for number, slide in enumerate(slides, start=1):
        span = ["-f", str(number), "-l", str(number), "-layout"]
        text = subprocess.run(
            [reader, *span, str(pdf), "-"], check=True, capture_output=True, text=True
        ).stdout
        squeezed = "".join(text.split())
        for shape, run in _runs(slide):
            if not shape._element.xpath(".//p:ph[@type='sldNum']"):
                words = [word for word in textwrap.shorten(run.text, 10_000).split() if word.isascii()]
                assert all(word in squeezed for word in words), (number, run.text)


def test_a_long_forest_plot_goes_over_slides_that_can_be_read(tmp_path: Path) -> None:
    recipe = _project(tmp_path / "project")
    data = (recipe.parent / "studies.csv").read_text(encoding="utf-8").splitlines()
    more = []
    for n in range(24):  # the same rows again, as further studies
        line = data[1 + n % 3].split(",")
        line[0], line[1] = f"more_{n}", f"more{n}"
        more.append(",".join(line))
    (recipe.parent / "studies.csv").write_text("\n".join([*data, *more]) + "\n", encoding="utf-8")
    workshop = Workshop(read_recipe(recipe))
    output = next(each for each in planned(workshop.recipe, "slide") if each.kind == "forest")
    pictures, made = figure_pictures(output, workshop)
    assert 2 <= len(pictures) <= MOST_PAGES
    assert {(picture.width, picture.height) for picture in pictures} == {
        (measures.CONTENT.width, measures.CONTENT.height)
    }
    assert [picture.alt.split(".")[0] for picture in pictures] == [
        f"Page {n} of {len(pictures)}" for n in range(1, len(pictures) + 1)
    ]
    assert len(made.rows) == 27
