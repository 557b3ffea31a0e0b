"""Hostile names and notes through every output: escaped or refused with a clear error, never run.

Attack strings follow the OWASP cheat sheets on cross-site scripting and on CSV injection; the bidirectional
ones are those of Boucher & Anderson (2021), "Trojan Source". What an output must do is decided by its
language: nothing of a name may become an element, attribute, command, formula or field.
"""

from __future__ import annotations

import csv
import io
import re
import zipfile
from collections.abc import Callable
from html.parser import HTMLParser
from pathlib import Path
from xml.etree import ElementTree

import pandas as pd
import pytest

import evidence as ev
from evidence.errors import EvidenceError
from evidence.publish.build import build
from evidence.publish.kinds import PROJECT_OUTPUTS

# Each has a mark by which it is found again, whatever the escaping.
HOSTILE = {
    "element": "<img src=x onerror=alert(1)>",
    "attribute": '"><script>alert(2)</script>',
    "handler": "' onmouseover='alert(3)",
    "formula": '=HYPERLINK("http://x.invalid","click")',
    "at": "@SUM(A1:A9)",
    "input": r"\input{/etc/passwd}",
    "write": r"\write18{rm -rf x} $x^2$ {",
    "cdata": "]]> <!-- --> &amp; &lt;b&gt;",
    "template": "{{ 7*7 }} {% raise %} ${7*7}",
    "markdown": "[go](javascript:alert(4)) ![p](x) `c` | *b*",
    "override": "abc\u202edesrever\u202c",
    "invisible": "\u200b\u200d\ufeff",
    "isolate": "\u2067\u05e9\u05dc\u05d5\u05dd\u2069",
    "long": "x" * 10_000,
    "lines": "first\nsecond",
    "control": "bell\x07 escape\x1b[31m",
    "json": "</script><script>alert(5)</script>\u2028\u2029",
    "entry": "a} , author = {b}, note = {c",
}

RECIPE = """
[project]
title = {title}
studies = "studies.csv"
{project}

[[question]]
id = "one"
title = {title}
measure = "SMD"
by = "domain"
favours = [{title}, "second"]
outputs = [
    "forest", "domains", "effect_direction", "evidence_map", "harvest", "albatross", "effects", "results",
    "overview",
]

[[table]]
id = "studies"
title = {title}
kind = "characteristics"
questions = ["one"]

[[table]]
id = "left"
title = "Left out"
kind = "left_out"
questions = ["one"]

[[table]]
id = "rules"
title = "Rules"
kind = "rules"
questions = ["one"]
"""


def rows_of(text: str, key: str) -> list[dict[str, object]]:
    """Return rows that carry a text wherever text is free: outcome, arms, instrument, notes, sources."""
    common = {"unit": "s", "better": "higher", "n_e": 20, "n_c": 20, "level": "study", "question": "one",
              "domain": "strength"}  # fmt: skip
    free = ("outcome", "instrument", "arm_e", "arm_c", "source_url", "source_locator", "notes", "unit")
    values = {"post_mean_e": 12, "post_sd_e": 3, "post_mean_c": 10, "post_sd_c": 3}
    return [
        {**common, **dict.fromkeys(free, text), "row_id": "r1", "study": key, **values},
        {**common, "row_id": "r2", "study": "plain2001", "outcome": "leap", **values, "post_mean_e": 11},
        {**common, "row_id": "r3", "study": "plain2002", "outcome": text, "p_between": "0.03",
         "signif_between": "yes", "direction": "favours_e", "basis": "between_group_test"},
        {**common, "row_id": "r4", "study": "plain2003", "outcome": text, "notes": text,
         "basis": "within_group_only", "signif_e": "yes", "signif_c": "no"},
    ]  # fmt: skip


def toml(text: str) -> str:
    """Return a basic TOML string (TOML 1.0, "String")."""
    escaped = text.replace("\\", "\\\\").replace('"', '\\"')
    return '"' + "".join(c if c.isprintable() else f"\\U{ord(c):08x}" for c in escaped) + '"'


def write_project(folder: Path, text: str, place: str) -> Path:
    """Write a project with a hostile study key, or with hostile fields of the bibliography."""
    key = text if place == "key" else "plain2000"
    pd.DataFrame(rows_of(text, key)).to_csv(folder / "studies.csv", index=False)
    studies = (key, "plain2001", "plain2002", "plain2003")
    told = dict.fromkeys(("authors", "title", "journal", "design", "population", "age", "notes"), text)
    info = [{"study": study, "year": "2001", **told} for study in studies]
    pd.DataFrame(info).to_csv(folder / "study_info.csv", index=False)
    claim = {"claim_id": "c1", "claimant": text, "claim": text, "kind": "between", "question": "one",
             "domains": "strength", "expects": "favours_e", "note": text}  # fmt: skip
    pd.DataFrame([claim]).to_csv(folder / "claims.csv", index=False)
    if place == "fields":
        entries = [
            f"@article{{{study},\n  author = {{Plain, {braced(text)}}},\n  title = {{{braced(text)}}},\n"
            f"  journal = {{J}},\n  year = {{2001}},\n  volume = {{1}},\n  pages = {{2}},\n"
            f"  url = {{{braced(text)}}}\n}}\n"
            for study in studies
        ]
        (folder / "references.bib").write_text("\n".join(entries), encoding="utf-8")
    outputs = {name: kind.usual for name, kind in PROJECT_OUTPUTS.items() if importable(kind.made_by)}
    project = "\n".join(f'{name} = "{path}"' for name, path in outputs.items())
    recipe = folder / "evidence.toml"
    recipe.write_text(RECIPE.format(title=toml(text), project=project), encoding="utf-8")
    return recipe


def braced(text: str) -> str:
    """Return a text whose braces do not end the field that holds it."""
    return text.replace("{", "(").replace("}", ")").replace("\\", "/")


def importable(made_by: str) -> bool:
    from evidence.publish.kinds import maker

    try:
        maker(made_by)
    except (ImportError, AttributeError):
        return False  # that output is written by a part that is not there yet
    return True


CASES = [(name, "key") for name in sorted(HOSTILE) if name != "long"]
CASES += [(name, "fields") for name in ("attribute", "input", "markdown", "override")]


# Ten thousand letters take minutes to break over lines of figures and slides.
LONG = pytest.param(("long", "key"), marks=pytest.mark.full)


@pytest.fixture(scope="module", params=[*CASES, LONG], ids="-".join)
def built(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> tuple[str, Path | str]:
    """Build a recipe full of one hostile text; a refusal stands for the folder."""
    name, place = request.param
    folder = tmp_path_factory.mktemp(f"{name}-{place}")
    try:
        build(write_project(folder, HOSTILE[name], place))
    except EvidenceError as error:
        return name, str(error)
    return name, folder


class Page(HTMLParser):
    """Collects the elements and attributes that a browser would make."""

    def __init__(self, text: str) -> None:
        super().__init__(convert_charrefs=True)
        self.elements: dict[str, int] = {}
        self.attributes: set[tuple[str, str]] = set()
        self.addresses: list[str] = []
        self.words: list[str] = []
        self.feed(text)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements[tag] = self.elements.get(tag, 0) + 1
        for name, value in attrs:
            self.attributes.add((tag, name))
            if name in ("href", "src"):
                self.addresses.append(value or "")

    def handle_data(self, data: str) -> None:
        self.words.append(data)


def check_html(path: Path) -> None:
    page = Page(path.read_text(encoding="utf-8"))
    assert not {"img", "iframe", "object", "embed", "form", "b"} & set(page.elements)
    assert page.elements.get("script", 0) == (1 if path.parent.name == "report" else 0)
    assert not [name for _, name in page.attributes if name.startswith("on")]
    for address in page.addresses:
        assert address.startswith(("#", "https://", "http://")) or address == "data:,"
    assert not re.search("[\u202a-\u202e\u2066-\u2069\x00-\x08\x0b\x0c\x0e-\x1f]", "".join(page.words))


def check_svg(path: Path) -> None:
    root = ElementTree.parse(path).getroot()  # a name that broke out would break the XML, or be an element
    names = {element.tag.split("}")[-1] for element in root.iter()}
    assert not {"script", "foreignObject", "image", "a", "img", "b"} & names
    assert not [name for element in root.iter() for name in element.attrib if name.startswith("on")]


def check_csv(path: Path) -> None:
    for row in csv.reader(io.StringIO(path.read_text(encoding="utf-8"))):
        for cell in row:
            first = cell.lstrip(" \u00a0")[:1]
            number = re.fullmatch(r"-?[\d.]+(e-?\d+)?%?", cell)
            assert number or first not in tuple("=+-@\t＝＋－＠") or not first, cell[:80]


def check_tex(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    assert not re.search(r"\\(input|write18|include|openout|catcode)\b", text)
    body = text.replace(r"\$", "").replace(r"\{", "").replace(r"\}", "")
    assert body.count("{") == body.count("}")
    assert body.count("$") % 2 == 0
    assert not re.search("[\u202a-\u202e\u2066-\u2069]", text)


def check_markdown(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    assert not re.search(r"<(img|script)", text)
    assert not re.search(r"(?<!\\)\[go(?<!\\)\]\(", text)
    assert not re.search("[\u202a-\u202e\u2066-\u2069]", text)


def check_plain(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    assert not re.search("[\u202a-\u202e\u2066-\u2069\x00-\x08]", text)


def check_bibtex(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    # Four studies are four entries: nothing of a key or field ends one and begins another.
    assert len(re.findall(r"^@\w+\{", text, re.MULTILINE)) == 4
    assert not re.search(r"^@\w+\{[^,\n]*[{}=][^\n]*$", text, re.MULTILINE)
    assert text.count("{") == text.count("}")


def check_office(path: Path) -> None:
    with zipfile.ZipFile(path) as archive:
        assert archive.testzip() is None
        for name in archive.namelist():
            assert ".." not in name
            if name.endswith((".xml", ".rels")):
                root = ElementTree.fromstring(archive.read(name))
                tags = {element.tag.split("}")[-1] for element in root.iter()}
                assert not {"script", "img", "instrText", "altChunk"} & tags
                for element in root.iter():
                    if element.tag.endswith("}fldSimple"):  # Word counts pages and tables, and runs nothing
                        (code,) = (value for name, value in element.items() if name.endswith("}instr"))
                        assert code.strip() in {"PAGE", "NUMPAGES", r"SEQ Table \* ARABIC"}
                    if element.get("TargetMode") == "External":
                        assert element.get("Target", "").startswith(("https://", "http://"))


def check_bytes(path: Path) -> None:
    """No control character is in a text file, whatever its language."""
    assert not re.search(rb"[\x00-\x08\x0b\x0c\x0e-\x1f]", path.read_bytes())


def check_image(path: Path) -> None:
    assert path.stat().st_size > 1000


CHECKS: dict[str, Callable[[Path], None]] = {
    ".html": check_html,
    ".svg": check_svg,
    ".csv": check_csv,
    ".tex": check_tex,
    ".md": check_markdown,
    ".txt": check_plain,
    ".bib": check_bibtex,
    ".pptx": check_office,
    ".docx": check_office,
    ".png": check_image,
    ".pdf": check_image,
}


@pytest.mark.parametrize("suffix", sorted(CHECKS))
def test_nothing_of_a_name_is_run(built: tuple[str, Path | str], suffix: str) -> None:
    _, folder = built
    if isinstance(folder, str):  # refused: the message says where and what
        assert re.search(r"studies\.csv|study_info\.csv|claims\.csv|references\.bib|evidence\.toml", folder)
        assert len(folder) < 3_000
        return
    files = [
        path
        for path in folder.rglob(f"*{suffix}")
        if ".evidence" not in path.parts and path.parent.name in ("figures", "tables", "slides", "report")
    ]
    expected = {Path(kind.usual).suffix for kind in PROJECT_OUTPUTS.values() if importable(kind.made_by)} | (
        set(CHECKS) - {".pptx", ".docx"}
    )
    assert files or suffix not in expected
    for path in files:
        CHECKS[suffix](path)
        if suffix in (".html", ".svg", ".csv", ".tex", ".md", ".txt", ".bib"):
            check_bytes(path)


def test_ordinary_trouble_is_built_not_refused(built: tuple[str, Path | str]) -> None:
    name, folder = built
    if name not in ("lines", "long"):
        assert isinstance(folder, Path), folder


@pytest.mark.parametrize("name", ["override", "isolate", "control"])
def test_captions_and_alternative_texts_carry_no_orders(name: str) -> None:
    effects = ev.effects_from(
        [0.2, 0.9, 0.1], std_error=[0.2, 0.1, 0.2], study=["a", HOSTILE[name], "c"], measure="SMD"
    )
    ax = ev.one_by_one_chart(ev.leave_one_out(ev.random_effects(effects)))
    said = ev.caption(ax) + ev.alt_text(ax)
    assert not re.search("[\u202a-\u202e\u2066-\u2069\x00-\x08\x0b\x0c\x0e-\x1f]", said)
    assert "\N{REPLACEMENT CHARACTER}" in said
