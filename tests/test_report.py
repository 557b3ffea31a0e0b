"""The report: one file that asks nothing of the network and that everybody can read."""

from __future__ import annotations

import base64
import hashlib
import re
from collections.abc import Iterator
from html.parser import HTMLParser
from itertools import pairwise
from pathlib import Path
from xml.etree import ElementTree

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

import evidence as ev
from evidence.publish.kinds import FIGURES
from evidence.publish.recipe import read_recipe
from evidence.publish.report import write_report
from evidence.publish.report.colours import DARK_PAPER, contrast, on_dark
from evidence.publish.report.grids import grid_of
from evidence.publish.report.names import Ids
from evidence.publish.report.svg import Drawing, Paints
from evidence.publish.report.texts import Part, cited, doi_link, is_web_address, linked
from evidence.publish.workshop import Workshop
from evidence.tables import Table

ROOT = Path(__file__).resolve().parent.parent

VOID = {"area", "base", "br", "col", "hr", "img", "input", "link", "meta", "source", "wbr"}


class Element:
    def __init__(self, tag: str, attributes: dict[str, str], parent: Element | None) -> None:
        self.tag, self.attributes, self.parent = tag, attributes, parent
        self.children: list[Element | str] = []

    def walk(self) -> Iterator[Element]:
        yield self
        for child in self.children:
            if isinstance(child, Element):
                yield from child.walk()

    def all(self, *tags: str) -> list[Element]:
        return [element for element in self.walk() if element.tag in tags]

    @property
    def text(self) -> str:
        return "".join(child if isinstance(child, str) else child.text for child in self.children)

    def within(self, tag: str) -> bool:
        above = self.parent
        while above is not None and above.tag != tag:
            above = above.parent
        return above is not None


class Tree(HTMLParser):
    """Builds the tree and insists that every element is closed where it was opened."""

    def __init__(self, text: str) -> None:
        super().__init__(convert_charrefs=True)
        self.root = Element("root", {}, None)
        self.open = self.root
        self.feed(text)
        self.close()
        assert self.open is self.root, f"<{self.open.tag}> is never closed"

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        names = [name for name, _ in attrs]
        assert len(names) == len(set(names)), f"<{tag}> has an attribute twice"
        element = Element(tag, {name: value or "" for name, value in attrs}, self.open)
        self.open.children.append(element)
        if tag not in VOID:
            self.open = element

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.handle_starttag(tag, attrs)
        if tag not in VOID:
            self.handle_endtag(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.tag == tag, f"</{tag}> closes <{self.open.tag}>"
        assert self.open.parent is not None
        self.open = self.open.parent

    def handle_data(self, data: str) -> None:
        self.open.children.append(data)


def report_of(recipe: Path, path: Path) -> tuple[bytes, object]:
    made = write_report(Workshop(read_recipe(recipe)), path)
    return path.read_bytes(), made


@pytest.fixture(scope="module")
def shipped(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    return report_of(ROOT / "evidence.toml", tmp_path_factory.mktemp("report") / "index.html")[0]


@pytest.fixture(scope="module")
def page(shipped: bytes) -> Element:
    return Tree(shipped.decode("utf-8")).root


SMALL = """
[project]
title = "Pain"
studies = "studies.csv"

[[question]]
id = "pain"
title = "Pain: hip and knee v knee training"
filter = { question = "hip_knee_vs_knee", level = "study", comparator_class = "knee_strength" }
measure = "SMD"
favours = ["knee alone", "hip and knee"]
outputs = ["forest", "effects", "results"]
by = "comparator_class"

[[question]]
id = "all"
title = "What there is"
outputs = ["overview"]
"""


@pytest.fixture
def small(tmp_path: Path) -> Path:
    rows = pd.read_csv(ROOT / "data" / "studies.csv", dtype=str, keep_default_na=False)
    rows = rows[rows["question"].eq("hip_knee_vs_knee") & rows["domain"].eq("pain")]
    rows.to_csv(tmp_path / "studies.csv", index=False, lineterminator="\n")
    (tmp_path / "evidence.toml").write_text(SMALL, encoding="utf-8")
    return tmp_path / "evidence.toml"


def test_the_shipped_report_is_small(shipped: bytes) -> None:
    assert len(shipped) < 3_000_000


def test_the_same_recipe_gives_the_same_bytes(small: Path) -> None:
    first, made = report_of(small, small.parent / "first.html")
    second, again = report_of(small, small.parent / "second.html")
    assert first == second
    assert made == again


def test_every_id_is_there_once_and_every_link_leads_to_one(page: Element) -> None:
    ids = [element.attributes["id"] for element in page.walk() if "id" in element.attributes]
    assert len(ids) == len(set(ids))
    known = set(ids)
    for element in page.walk():
        for name in ("href", "xlink:href"):
            target = element.attributes.get(name, "")
            assert not target.startswith("#") or target[1:] in known, target
        for name in ("aria-labelledby", "aria-describedby", "for"):
            for target in element.attributes.get(name, "").split():
                # The head of the account is made when the account is shown.
                assert target in known or target == "account.head", target
        for target in re.findall(r"url\(#([^)]+)\)", " ".join(element.attributes.values())):
            assert target in known


def test_nothing_is_loaded_from_anywhere(page: Element, shipped: bytes) -> None:
    for element in page.walk():
        if element.tag in ("iframe", "object", "embed", "form", "base", "img", "audio", "video", "image"):
            pytest.fail(f"<{element.tag}>")
        for name, value in element.attributes.items():
            assert not name.startswith("on"), f"{name} on <{element.tag}>"
            assert name not in ("src", "srcset", "data", "action", "style", "ping"), name
            if name == "href" and element.tag != "a":
                assert value.startswith(("#", "data:")), value
            if name == "href" and element.tag == "a":
                assert value.startswith(("#", "https://", "http://")), value
    style = page.all("style")
    assert len(style) == 1
    assert not re.search(r"@import|url\(|https?:", style[0].text)
    scripts = page.all("script")
    assert len(scripts) == 1
    assert not re.search(r"https?:|fetch|XMLHttp|import\(|innerHTML|eval", scripts[0].text)


def test_the_policy_allows_its_own_style_and_script_alone(page: Element) -> None:
    policy = next(m for m in page.all("meta") if m.attributes.get("http-equiv") == "Content-Security-Policy")
    found = dict(part.split(" ", 1) for part in policy.attributes["content"].split("; "))
    assert found["default-src"] == "'none'"
    assert found["img-src"] == "data:"
    for name, tag in (("style-src", "style"), ("script-src", "script")):
        digest = base64.b64encode(hashlib.sha256(page.all(tag)[0].text.encode()).digest()).decode()
        assert found[name] == f"'sha256-{digest}'"
    # A policy that comes after the first script does not bind it (CSP 3, section 3.3).
    head = page.all("head")[0].all("meta", "style", "script")
    assert head.index(policy) < head.index(page.all("style")[0])


def test_landmarks_and_language(page: Element) -> None:
    assert page.all("html")[0].attributes["lang"] == "en"
    for tag in ("main", "nav", "header", "footer", "h1", "title"):
        assert len(page.all(tag)) == 1, tag
    assert page.all("nav")[0].attributes["aria-label"]
    skip = page.all("body")[0].all("a")[0]
    assert skip.attributes["href"] == "#" + page.all("main")[0].attributes["id"]
    assert sum(element.attributes.get("role") == "search" for element in page.walk()) == 1
    label = next(label for label in page.all("label") if label.attributes["for"] == "find")
    assert label.text.strip()


def test_headings_go_down_one_level_at_a_time(page: Element) -> None:
    levels = [int(heading.tag[1]) for heading in page.all("h1", "h2", "h3", "h4", "h5", "h6")]
    assert levels[0] == 1
    assert all(below <= above + 1 for above, below in pairwise(levels))
    assert all(heading.text.strip() for heading in page.all("h1", "h2", "h3", "h4"))


def test_every_figure_has_words_and_a_caption(page: Element) -> None:
    figures = page.all("figure")
    recipe = read_recipe(ROOT / "evidence.toml")
    drawn = set(FIGURES)
    assert len(figures) == sum(len(drawn & set(question.outputs)) for question in recipe.questions)
    for number, figure in enumerate(figures, start=1):
        (drawing,) = figure.all("svg")
        assert drawing.attributes["role"] == "img"
        assert len(drawing.attributes["aria-label"]) > 20
        assert "viewbox" in drawing.attributes
        (caption,) = figure.all("figcaption")
        assert caption.text.startswith(f"Figure {number}.")


def test_every_table_has_a_caption_and_scoped_heads(page: Element) -> None:
    tables = page.all("table")
    assert len(tables) > 10
    for table in tables:
        (caption,) = table.all("caption")
        assert caption.text.strip()
        width = None
        for row in table.all("tr"):
            cells = [child for child in row.children if isinstance(child, Element)]
            assert all(cell.attributes.get("scope") for cell in cells if cell.tag == "th")
            wide = sum(int(cell.attributes.get("colspan", "1")) for cell in cells)
            assert width in (None, wide)
            width = wide


def test_every_row_has_its_account(page: Element) -> None:
    rows = ev.example_studies().table
    accounts = {e.attributes["id"]: e for e in page.all("article") if e.attributes["class"] == "row"}
    assert len(accounts) == len(rows)
    one = accounts["row-distefano2013_01"].text
    # As printed, to the digit (data/studies.csv, line 2), with source, locator and derivation.
    for printed in (
        "40.67",
        "13.85",
        "favours_e",
        "https://scribd.com/document/640483432/Untitled",
        "abstract",
    ):
        assert printed in one
    assert "Read as an effect (SMD, correlation 0.7)" in one
    assert "0.56" in one
    links = [a for a in page.all("a") if a.attributes.get("class") == "from"]
    assert len(links) > 200
    assert all(a.attributes["href"].startswith(("#row-", "#rest-")) for a in links)


def test_results_lead_to_what_they_rest_on(small: Path) -> None:
    text, _ = report_of(small, small.parent / "report.html")
    root = Tree(text.decode()).root
    rests = [element for element in root.all("details") if element.attributes.get("class") == "rest"]
    shown = {element.attributes["id"]: element.text for element in rests}
    results = [
        t for t in root.all("table") if "knee training" in t.all("caption")[0].text and "SMD (95" in t.text
    ]
    (link,) = [a for a in results[-1].all("a") if a.attributes.get("class") == "from"]
    target = shown[link.attributes["href"][1:]]
    number = link.text.split("\u00a0")[0].strip()
    assert number in target
    assert "Rows behind the result" in target


def test_the_report_tells_what_it_rests_on(small: Path) -> None:
    workshop = Workshop(read_recipe(small))
    made = write_report(workshop, small.parent / "report.html")
    everything = workshop.studies("studies.csv").table
    assert set(made.rows) == set(everything["row_id"])
    assert set(made.studies) == set(everything["study"])
    pooled = made.numbers["pooled"]["pain: knee_strength"]
    fit = workshop.comparison(workshop.recipe.question("pain")).fits["knee_strength"]
    assert pooled["estimate"] == fit.estimate
    used = set(fit.rows.loc[fit.rows["used"].astype(bool), "row_id"])
    assert set(made.left_out) == set(made.rows) - used


def test_a_recipe_without_sidecars_has_a_report(small: Path) -> None:
    text, _ = report_of(small, small.parent / "report.html")
    root = Tree(text.decode()).root
    assert not [e for e in root.all("section") if e.attributes.get("id") == "claims"]
    assert "[bibliography incomplete]" in root.text


def test_addresses_are_links_and_scripts_are_not() -> None:
    assert is_web_address("https://doi.org/10.1519/JSC.0b013e318280d40b")
    for text in (
        "javascript:alert(1)",
        "data:text/html,x",
        "https://x y",
        'https://x"onclick=',
        "//x.org",
        "",
    ):
        assert not is_web_address(text)
    parts = linked("See https://example.org/a. doi:10.1136/bmj.n71")
    assert [part.href for part in parts if part.href] == [
        "https://example.org/a",
        "https://doi.org/10.1136/bmj.n71",
    ]
    assert "".join(part.text for part in parts) == "See https://example.org/a. doi:10.1136/bmj.n71"
    assert doi_link("10.1000/x<script>") == ""
    assert doi_link("not a doi") == ""


@given(st.text(max_size=200))
def test_splitting_a_text_loses_nothing(text: str) -> None:
    from evidence.table_words import clean

    for parts in (linked(text), cited(text, range(1, 50))):
        assert "".join(part.text for part in parts) == clean(text)
        assert all(
            part.href == ""
            or part.href.startswith(("https://", "http://", "#ref-", "HTTP"))
            or is_web_address(part.href.lower())
            for part in parts
        )


def test_numbers_in_brackets_are_references_where_there_is_one() -> None:
    assert cited("A 2013 [1]; [9]", [1]) == (Part("A 2013 "), Part("[1]", "#ref-1", "cite"), Part("; [9]"))


@given(st.lists(st.tuples(st.sampled_from(["row", "study"]), st.text(max_size=80)), max_size=30))
def test_ids_are_safe_and_never_shared(names: list[tuple[str, str]]) -> None:
    ids = Ids()
    given_ = {pair: ids.of(*pair) for pair in names}
    assert len(set(given_.values())) == len(given_)
    assert all(re.fullmatch(r"[a-z][a-z0-9_-]*", name) for name in given_.values())
    assert {pair: ids.of(*pair) for pair in names} == given_


@given(st.integers(0, 0xFFFFFF))
def test_colours_keep_their_contrast_on_dark_paper(code: int) -> None:
    # Contrast ratio: WCAG 2.2, definition of relative luminance. Dark paper allows less than white does.
    colour = f"#{code:06x}"
    most = contrast("#ffffff", DARK_PAPER)
    wanted = min(contrast(colour, "#ffffff"), most)
    found = contrast(on_dark(colour), DARK_PAPER)
    assert found == pytest.approx(wanted, rel=0.08)


def test_a_drawing_is_one_element_with_letters_and_shared_classes() -> None:
    effects = ev.effects_from([0.2, 0.5, 0.1], std_error=[0.2, 0.3, 0.25], study=["a", "b<i>", "שלום"])
    paints = Paints()
    axes = ev.forest(ev.random_effects(effects))
    first = Drawing(axes, "one", paints).text('Forest "plot" <b>')
    second = Drawing(axes, "two", paints).text("Forest plot")
    root = ElementTree.fromstring(first)
    assert root.attrib["aria-label"] == 'Forest "plot" <b>'
    assert not [element for element in root.iter() if "style" in element.attrib]
    texts = {element.text: element for element in root.iter("text")}
    assert "b<i>" in texts
    assert texts["b<i>"].attrib["lengthAdjust"] == "spacingAndGlyphs"
    # Letters that join are set as the reader's machine does it.
    assert "textLength" not in next(e for text, e in texts.items() if text and "ש" in text).attrib
    ids = [set(re.findall(r'\bid="([^"]+)"', text)) for text in (first, second)]
    assert ids[0].isdisjoint(ids[1])
    assert first.replace("one.", "two.").split(">", 1)[1] == second.split(">", 1)[1]
    assert set(re.findall(r'class="(f\d+)"', first)) <= set(re.findall(r"\.(f\d+)\{", paints.rules))
    assert "#" not in paints.rules
    assert paints.colours(dark=False) != paints.colours(dark=True)


def test_groups_spanners_and_footnotes_of_a_table_are_shown() -> None:
    frame = pd.DataFrame({"Study": ["A [1]", "B [2]", "C"], "n": [1, 2, 3], "g": [0.1, 0.2, 0.3]})
    table = Table(
        frame,
        caption="Results",
        groups=["first", "first", "second"],
        spanners={"Numbers": ["n", "g"]},
        footnotes={"g": "Hedges' g", (1, "n"): "both arms"},
        notes=("A note.",),
    )
    grid = grid_of(table, "t", [1])
    assert [(body.heading, len(body.rows)) for body in grid.bodies] == [("first", 2), ("second", 1)]
    assert ("Numbers", 2) in grid.spans
    assert dict(grid.footnotes) == {"a": "Hedges' g", "b": "both arms"}
    assert grid.heads[2].mark == "a"
    assert grid.bodies[0].rows[1][1][-1] == Part("b", role="mark")
    assert Part("[1]", "#ref-1", "cite") in grid.bodies[0].rows[0][0]
    assert len(grid) == 3
    assert not grid.folded
