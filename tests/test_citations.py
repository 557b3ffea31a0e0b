"""The bibliography: Vancouver style, numbered as cited, incomplete entries marked."""

from __future__ import annotations

from pathlib import Path

import pytest

import evidence as ev
from evidence.apa import apa, apa_citations, apa_suffixes
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


# APA style: Publication manual of the American Psychological Association, 7th ed. (2020), sections 8.17-8.21
# (citations in the text), 9.7-9.12 (authors), 9.44-9.47 (order, same author and year).


def _of(author: str, year: str = "2020", title: str = "A title") -> dict[str, str]:
    return {"author": author, "year": year, "title": title, "journal": "J", "doi": "10.1/x"}


def test_apa_of_an_article() -> None:
    # The pattern of section 10.1: authors, (year), title, journal, volume(issue), pages, DOI as an address.
    assert apa({**DISTEFANO, "doi": "10.1519/x"}).replace("\N{NO-BREAK SPACE}", " ") == (
        "DiStefano, L. J., DiStefano, M. J., Frank, B. S., Clark, M. A., & Padua, D. A. (2013). Comparison "
        "of integrated and isolated training. J Strength Cond Res, 27(4), 1083–1090. https://doi.org/10.1519/x"
    )


@pytest.mark.parametrize(
    ("written", "printed"),
    [
        ("van der Worp, Jan-Marten and Smith, Ann Mary", "van der Worp, J.-M., & Smith, A. M."),
        (r"M{\"u}ller, J. M.", "Müller, J. M."),
        ("King, Jr., Martin Luther", "King, M. L., Jr."),
        ("{World Health Organization}", "World Health Organization."),
        ("Dolak, KL and others", "Dolak, K. L., et al."),
    ],
)
def test_apa_names(written: str, printed: str) -> None:
    assert apa(_of(written)).replace("\N{NO-BREAK SPACE}", " ").startswith(f"{printed} (2020).")


@pytest.mark.parametrize(("authors", "shown"), [(20, 20), (21, 19), (30, 19)])
def test_apa_prints_twenty_authors_and_of_more_the_first_nineteen_and_the_last(
    authors: int, shown: int
) -> None:
    names = [f"Name{chr(97 + i // 26)}{chr(97 + i % 26)}, A" for i in range(authors)]
    text = apa(_of(" and ".join(names)))
    assert text.count(", A.") == (shown if authors <= 20 else shown + 1)
    assert names[-1].split(",")[0] in text
    assert (", . . . " in text) is (authors > 20)
    assert (", & " in text) is (authors <= 20)


def test_apa_without_author_year_or_pages() -> None:
    assert apa({"title": "Title", "journal": "J"}) == "Title. (n.d.). J."
    assert apa({**_of("A, B"), "pages": "868195"}).endswith("J, Article 868195. https://doi.org/10.1/x")
    assert ", Article e0310620." in apa({**_of("A, B"), "pages": "e0310620"})
    assert apa({**_of("A, B"), "pages": "1083--1090"}).count("1083–1090") == 1


def test_same_authors_and_year_get_letters_by_title() -> None:
    listed = {
        "z": _of("Zuo, C and Bo, S", title="The zebra"),
        "a": _of("Zuo, C and Bo, S", title="An apple"),
        "other": _of("Zuo, C and Xu, S", title="Another"),
        "year": _of("Zuo, C and Bo, S", year="2021", title="Alone"),
        "undated": _of("Bo, S", year="", title="One"),
        "undated2": _of("Bo, S", year="", title="Two"),
    }
    suffixes = apa_suffixes(listed)
    assert suffixes == {"a": "a", "z": "b", "other": "", "year": "", "undated": "a", "undated2": "b"}
    assert apa_citations(listed)["a"] == "Zuo & Bo, 2020a"
    assert apa_citations(listed)["undated2"] == "Bo, n.d.-b"
    assert "(2020b)." in apa(listed["z"], suffixes["z"])
    assert "(n.d.-a)." in apa(listed["undated"], suffixes["undated"])


def test_citations_name_as_many_authors_as_tell_two_lists_apart() -> None:
    # Section 8.18: Kapoor, Bloom, Montez, et al. (2017) and Kapoor, Bloom, Zucker, et al. (2017).
    kapoor = ["Kapoor, A", "Bloom, B"]
    listed = {
        "one": _of(" and ".join([*kapoor, "Montez, C", "Warner, D", "Hill, E"]), "2017"),
        "two": _of(" and ".join([*kapoor, "Zucker, C", "Tang, D", "Daniels, E"]), "2017"),
        "alone": _of("Gelman, A and Stern, H and Loken, E", "2006"),
    }
    assert apa_citations(listed) == {
        "one": "Kapoor, Bloom, Montez, et al., 2017",
        "two": "Kapoor, Bloom, Zucker, et al., 2017",
        "alone": "Gelman et al., 2006",
    }
    # "et al." is plural: it does not stand for one last name.
    hasan = {
        "one": _of("Hasan, A and Liang, B and Kahn, C and Jones-Miller, D", "2015"),
        "two": _of("Hasan, A and Liang, B and Kahn, C and Weintraub, D", "2015"),
    }
    assert apa_citations(hasan)["one"] == "Hasan, Liang, Kahn, & Jones-Miller, 2015"


@pytest.mark.parametrize(
    ("journal", "short"),
    [
        # Titles in Medline's form and in full, as the catalogue of the National Library of Medicine has both.
        ("J Strength Cond Res", True),
        ("Br J Sports Med", True),
        ("Am. J. Sports Med.", True),
        ("N Engl J Med", True),
        ("Arthritis Rheumatol", True),
        ("Journal of Strength and Conditioning Research", False),
        ("British Journal of Sports Medicine", False),
        ("The New England Journal of Medicine", False),
        ("Physical Therapy in Sport", False),
        ("BMJ", False),
        ("PLoS ONE", False),
        ("Sports (Basel)", False),
        ("", False),
    ],
)
def test_apa_marks_journals_that_are_abbreviated_in_the_source(journal: str, short: bool) -> None:
    fields = {"a": {**DISTEFANO, "journal": journal}}
    listed = bibliography(["a"], fields, style="APA")
    (entry,) = listed.entries
    assert entry.abbreviated is short
    assert entry.text.endswith("[journal abbreviated in the source]") is short
    assert len(listed.notes) == short
    for shown in (listed.text, listed.markdown, listed.html):
        assert ("APA prints the titles of journals in full" in shown) is short
    # Vancouver abbreviates: nothing is marked there.
    other = bibliography(["a"], fields)
    assert not other.notes
    assert "abbreviated" not in other.text


def test_a_bibliography_prints_as_its_list_and_a_long_one_in_part() -> None:
    listed = bibliography(["b", "a"], {"a": {"title": "A"}, "b": {**DISTEFANO}})
    lines = repr(listed).splitlines()
    assert lines[0] == "References (2, Vancouver)"
    assert [line.split(" ")[0] for line in lines[1:]] == ["1.", "2."]
    assert "Reference(" not in repr(listed)
    assert listed._repr_html_() == listed.html
    many = bibliography([f"k{n}" for n in range(30)], {})
    assert repr(many).splitlines()[-1] == "... and 10 more: see .text"


def test_an_apa_list_is_sorted_and_has_no_numbers() -> None:
    fields = {"b": _of("Stern, H"), "a": _of("Gelman, A"), "c": {"title": "Bare"}}
    listed = bibliography(["b", "c", "a"], fields, style="apa")
    assert [entry.key for entry in listed.entries] == ["c", "a", "b"]
    assert listed.cite(["b", "a"]) == "(Gelman, 2020; Stern, 2020)"
    assert listed.text.splitlines()[0].startswith("Bare. (n.d.).")
    assert INCOMPLETE in listed.text.splitlines()[0]
    assert '<ul class="evidence-references">' in listed.html
    assert "value=" not in listed.html
    assert bibliography(["b", "a"], fields).cite(["a", "b"]) == "[1, 2]"
    with pytest.raises(EvidenceError, match="style must be one of Vancouver, APA; got 'MLA'"):
        bibliography(["b"], fields, style="MLA")


def test_the_shipped_references_print_in_both_styles() -> None:
    studies = ev.example_studies()
    vancouver_list, apa_list = ev.references(studies), ev.references(studies, style="APA")
    assert {e.key for e in vancouver_list.entries} == {e.key for e in apa_list.entries}
    assert len({e.cited for e in apa_list.entries}) == len(apa_list)
    for entry in apa_list.entries:
        assert entry.complete is next(e.complete for e in vancouver_list.entries if e.key == entry.key)
