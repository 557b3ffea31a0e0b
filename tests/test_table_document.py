"""The Word document of a recipe: every table, one list of references, the same bytes twice."""

from __future__ import annotations

import re
from itertools import pairwise
from pathlib import Path

import pytest
from docx import Document

from evidence.publish.document import tabular, write_document
from evidence.publish.new import new
from evidence.publish.plan import planned
from evidence.publish.recipe import read_recipe
from evidence.publish.workshop import Workshop

OVER_SEVERAL = """
[[table]]
id = "several"
title = "Rules over two questions"
kind = "rules"
questions = ["example", "strength"]
"""


@pytest.fixture(scope="module")
def workshop(tmp_path_factory: pytest.TempPathFactory) -> Workshop:
    folder = new(tmp_path_factory.mktemp("document") / "example")
    recipe = folder / "evidence.toml"
    recipe.write_text(recipe.read_text(encoding="utf-8") + OVER_SEVERAL, encoding="utf-8")
    return Workshop(read_recipe(recipe))


def test_it_has_every_table_of_the_recipe_with_its_caption(workshop: Workshop, tmp_path: Path) -> None:
    made = write_document(workshop, tmp_path / "evidence.docx")
    document = Document(str(tmp_path / "evidence.docx"))
    tables = [each for each in planned(workshop.recipe) if any(name.endswith(".csv") for name in each.files)]
    assert [output.id for output in tabular(workshop)] == [output.id for output in tables]
    assert len(document.tables) == len(tables) == made.numbers["tables"] == 4
    captions = [p._p.xpath("string(.)") for p in document.paragraphs if p.style.name == "Caption"]
    assert [caption.split(".")[0] for caption in captions] == [f"Table {n + 1}" for n in range(4)]
    titles = [caption.split(". ", 1)[1] for caption in captions]
    assert len(set(titles)) == len(titles)  # tables of one question must not have the same caption
    headings = [p.text for p in document.paragraphs if p.style.name == "Heading 1"]
    question = workshop.recipe.question("example").title
    assert headings == [question, "Over several questions", "References"]
    assert [p.text for p in document.paragraphs if p.style.name == "Title"] == [workshop.recipe.project.title]


def test_its_citations_are_those_of_its_one_list(workshop: Workshop, tmp_path: Path) -> None:
    made = write_document(workshop, tmp_path / "evidence.docx")
    document = Document(str(tmp_path / "evidence.docx"))
    listed = [p.text for p in document.paragraphs if p.style.name == "Reference"]
    assert listed == [f"{entry.number}.\t{entry.text}" for entry in workshop.listed.entries]
    text = " ".join(cell.text for table in document.tables for row in table.rows for cell in row.cells)
    cited = {int(number) for number in re.findall(r"\[(\d+)\]", text)}
    assert cited
    assert cited <= {entry.number for entry in workshop.listed.entries}
    assert set(made.studies) == {entry.key for entry in workshop.listed.entries}


def test_it_has_the_same_bytes_twice_and_replaces_in_one_step(workshop: Workshop, tmp_path: Path) -> None:
    first, second = tmp_path / "first.docx", tmp_path / "second.docx"
    write_document(workshop, first)
    write_document(workshop, second)
    assert first.read_bytes() == second.read_bytes()
    assert sorted(path.name for path in tmp_path.iterdir()) == ["first.docx", "second.docx"]


def test_wide_tables_lie_on_their_side_and_the_references_stand_upright(
    workshop: Workshop, tmp_path: Path
) -> None:
    write_document(workshop, tmp_path / "evidence.docx")
    sections = Document(str(tmp_path / "evidence.docx")).sections
    turned = [section.page_width > section.page_height for section in sections]
    assert True in turned
    assert turned[-1] is False
    assert all(first != second for first, second in pairwise(turned))
