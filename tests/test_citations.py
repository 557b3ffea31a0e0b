"""The bibliography: Vancouver style, numbered as cited, incomplete entries marked."""

from __future__ import annotations

from pathlib import Path

import pytest

from evidence.citations import INCOMPLETE, bibliography
from evidence.errors import EvidenceError
from evidence.vancouver import missing_fields, vancouver

DISTEFANO = {
    "author": "DiStefano, LJ and DiStefano, MJ and Frank, BS and Clark, MA and Padua, DA",
    "title": "{Comparison of integrated and isolated training}",
    "journal": "J Strength Cond Res",
    "year": "2013",
    "volume": "27",
    "number": "4",
    "pages": "1083--1090",
    "url": "https://example.org/x",
}


def test_vancouver_of_an_article() -> None:
    assert vancouver({**DISTEFANO, "doi": "10.1519/x"}) == (
        "DiStefano LJ, DiStefano MJ, Frank BS, Clark MA, Padua DA. Comparison of integrated and isolated "
        "training. J Strength Cond Res. 2013;27(4):1083-90. doi:10.1519/x"
    )


def test_six_authors_then_et_al() -> None:
    # ICMJE sample 1: "List the first six authors followed by et al."
    names = [f"Author{letter}, A" for letter in "abcdefg"]
    six = vancouver({**DISTEFANO, "author": " and ".join(names[:6])})
    seven = vancouver({**DISTEFANO, "author": " and ".join(names)})
    assert six.startswith("Authora A, Authorb A, Authorc A, Authord A, Authore A, Authorf A. Comp")
    assert seven.startswith("Authora A, Authorb A, Authorc A, Authord A, Authore A, Authorf A, et al. Comp")


@pytest.mark.parametrize(
    ("written", "printed"),
    [
        ("Dolak, KL and others", "Dolak KL, et al"),
        ("van der Worp, Henk and Tomljanović, M", "van der Worp H, Tomljanović M"),
        ("Zuo, C", "Zuo C"),
        ("Smith, John-Mark", "Smith JM"),
        (r"M{\"u}ller, J. M.", "Müller JM"),
        ("King, Jr., Martin Luther", "King ML Jr."),
        ("{World Health Organization}", "World Health Organization"),
    ],
)
def test_names(written: str, printed: str) -> None:
    assert vancouver({**DISTEFANO, "author": written}).startswith(printed)


@pytest.mark.parametrize(
    ("pages", "printed"),
    [
        ("1083--1090", "1083-90"),
        ("284--287", "284-7"),
        ("99--101", "99-101"),
        ("e0310620", "e0310620"),
        ("e1--e8", "e1-e8"),
        ("868195", "868195"),
    ],
)
def test_page_ranges_are_shortened(pages: str, printed: str) -> None:
    assert f":{printed}." in vancouver({**DISTEFANO, "pages": pages})


def test_titles_that_end_with_a_question_mark_get_no_stop() -> None:
    assert "Does it work? J Strength" in vancouver({**DISTEFANO, "title": "Does it work?"})


@pytest.mark.parametrize(
    ("without", "printed"),
    [
        (("volume", "number"), "2013:1083-90."),
        (("volume",), "2013;(4):1083-90."),
        (("number",), "2013;27:1083-90."),
        (("pages",), "2013;27(4)."),
        (("volume", "number", "pages"), "J Strength Cond Res. 2013."),
        (("year",), "J Strength Cond Res. 27(4):1083-90."),
    ],
)
def test_what_is_not_known_leaves_no_bare_punctuation(without: tuple[str, ...], printed: str) -> None:
    assert printed in vancouver({name: value for name, value in DISTEFANO.items() if name not in without})


def test_without_doi_the_pubmed_number_or_the_address() -> None:
    assert vancouver({**DISTEFANO, "note": "PMID 36117686"}).endswith("PMID: 36117686.")
    assert vancouver(DISTEFANO).endswith("Available from: https://example.org/x")
    assert vancouver({**DISTEFANO, "doi": "https://doi.org/10.1/x"}).endswith("doi:10.1/x")


@pytest.mark.parametrize(
    ("without", "lacking"),
    [
        ("author", ["authors"]),
        ("title", ["title"]),
        ("journal", ["journal"]),
        ("year", ["year"]),
        ("volume", ["volume"]),
        ("pages", ["pages or DOI"]),
    ],
)
def test_what_is_missing_is_named(without: str, lacking: list[str]) -> None:
    fields = {name: value for name, value in DISTEFANO.items() if name != without}
    assert missing_fields(fields) == lacking


def test_numbers_follow_the_order_of_citation() -> None:
    listed = bibliography(["b", "a", "b", "c"], {"a": DISTEFANO, "b": {**DISTEFANO, "year": "2001"}})
    assert [(entry.number, entry.key) for entry in listed.entries] == [(1, "b"), (2, "a"), (3, "c")]
    assert listed.numbers(["c", "b"]) == (3, 1)
    assert listed.texts(["a"]) == (vancouver(DISTEFANO),)
    with pytest.raises(EvidenceError, match="'zz' is not cited"):
        listed.numbers(["zz"])


def test_incomplete_entries_are_marked_in_every_format(tmp_path: Path) -> None:
    listed = bibliography(
        ["ok", "known", "short", "absent"],
        {"ok": DISTEFANO, "known": DISTEFANO, "short": {"title": "Title not visible"}},
        incomplete=["known"],
    )
    assert [entry.complete for entry in listed.entries] == [True, False, False, False]
    for suffix in (".txt", ".md", ".html"):
        text = listed.save(tmp_path / f"b{suffix}").read_text(encoding="utf-8").replace("\\", "")
        assert text.count(INCOMPLETE) == 3, suffix
    assert listed.save(tmp_path / "b.bib").read_text(encoding="utf-8").count("Bibliography incomplete") == 3
    with pytest.raises(EvidenceError, match=r"\.txt, \.md, \.html, \.bib"):
        listed.save(tmp_path / "b.docx")


def test_hostile_entries_are_escaped() -> None:
    hostile = {**DISTEFANO, "title": "<script>alert(1)</script> *x* | y\x07"}
    listed = bibliography(["a"], {"a": hostile})
    assert "<script" not in listed.html
    assert "<script" not in listed.markdown
    assert "\x07" not in listed.text


def test_bibtex_keeps_the_fields_and_parses_again() -> None:
    from pybtex.database import parse_string

    listed = bibliography(["a", "b"], {"a": {"entry_type": "article", **DISTEFANO}, "b": {"title": "{Only}"}})
    parsed = parse_string(listed.bibtex, "bibtex")
    assert list(parsed.entries) == ["a", "b"]
    assert parsed.entries["a"].fields["pages"] == "1083--1090"
    assert [entry.type for entry in parsed.entries.values()] == ["article", "misc"]
    assert "entry_type" not in listed.bibtex
