"""The bibliography: Vancouver style, numbered as cited, incomplete entries marked."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import evidence as ev
from evidence.apa import apa, apa_citations, apa_suffixes
from evidence.bibtex_text import plain, prose
from evidence.citations import INCOMPLETE, bibliography
from evidence.errors import EvidenceError
from evidence.studies.sidecars import read_references
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
        ("King, Jr., Martin Luther", "King ML Jr"),
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


@pytest.mark.parametrize(
    ("written", "printed"),
    [
        ("Knees --- a ``trial'' of 4--6 weeks", "Knees \u2014 a \u201ctrial\u201d of 4\u20136 weeks"),
        (r"\emph{In vivo} {\em and} \textbf{bold} CO\textsubscript{2}", "In vivo and bold CO2"),
        (r"{\'\i}ndice \'{\i} \'i espa\~nol", "\u00edndice \u00ed \u00ed espa\u00f1ol"),
        (r"$\alpha$ and $p<0.05$ at \$5", "\u03b1 and p<0.05 at $5"),
        (r"\url{https://example.org/a_b} by \LaTeX{}", "https://example.org/a_b by LaTeX"),
        ("trailing \\", "trailing \\"),
    ],
)
def test_titles_are_typeset_and_no_command_is_left(written: str, printed: str) -> None:
    # Patashnik (1988), BibTeXing; Lamport (1994), LaTeX, tables 3.1 and 3.2. The last one was a traceback.
    assert prose(written) == printed


def test_a_title_reads_no_file_of_whoever_cites_it() -> None:
    fields = {
        **DISTEFANO,
        "title": r"A \input{/etc/passwd} \immediate\write18{ls} ^^5cinput \csname x\endcsname",
    }
    written = bibliography(["a"], {"a": fields}).bibtex
    assert not re.search(r"\\(input|immediate|write|csname|endcsname)|\^\^", written)
    assert r"\textbackslash{}input{/etc/passwd}" in written


@pytest.mark.parametrize(
    "title",
    [
        r"M{\"u}ller \& Co, 50\%",
        r"\emph{In vivo} {\em and} \textbf{b}",
        r"$\alpha$ \'{\i} \o{} \ss \c{c} \v s",
        r"\LaTeX{}",
    ],
)
def test_commands_that_set_letters_stay_as_they_are_written(title: str) -> None:
    assert f"title = {{{title}}}" in bibliography(["a"], {"a": {**DISTEFANO, "title": title}}).bibtex


def test_addresses_keep_their_signs() -> None:
    assert plain("https://example.org/~smith/a--b") == "https://example.org/~smith/a--b"


@given(st.text(alphabet="\\\\{}$~-`'^_ abAB&%#\u00e9", max_size=30))
@settings(max_examples=200, deadline=None)
def test_any_value_is_read_without_a_traceback(value: str) -> None:
    for text in (plain(value), prose(value)):
        assert "{" not in text
        assert "}" not in text


BOOKS = """
@book{cohen1988, author={Cohen, Jacob}, title={Statistical power analysis}, publisher={Erlbaum},
  address={Hillsdale}, edition={2}, year=1988}
@book{handbook2019, editor={Higgins, Julian and Thomas, James}, title={Cochrane handbook},
  publisher={Wiley}, edition={second}, year=2019}
@incollection{higgins2019, author={Higgins, J and Li, T}, title={Choosing effect measures}, pages={143--176},
  crossref={handbook2019}}
@phdthesis{doe2010, author={Doe, J}, title={Knees}, school={University of X}, year=2010}
@techreport{who2020, author={{World Health Organization}}, title={Guidelines}, institution={WHO}, number=7,
  year=2020}
@online{page2021, author={Page, P}, title={On knees}, url={https://example.org/x}, year=2021}
@book{bare2000, author={Bare, B}, title={No publisher}, year=2000}
"""


@pytest.mark.parametrize(
    ("key", "in_vancouver", "in_apa"),
    [
        (
            "cohen1988",
            "Cohen J. Statistical power analysis. 2nd ed. Hillsdale: Erlbaum; 1988.",
            "Cohen, J. (1988). Statistical power analysis (2nd ed.). Erlbaum.",
        ),
        (
            "handbook2019",
            "Higgins J, Thomas J, editors. Cochrane handbook. 2nd ed. Wiley; 2019.",
            "Higgins, J., & Thomas, J. (Eds.). (2019). Cochrane handbook (2nd ed.). Wiley.",
        ),
        (
            "higgins2019",
            "Higgins J, Li T. Choosing effect measures. In: Higgins J, Thomas J, editors. Cochrane handbook. "
            "2nd ed. Wiley; 2019. p. 143-76.",
            "Higgins, J., & Li, T. (2019). Choosing effect measures. In J. Higgins & J. Thomas (Eds.), "
            "Cochrane handbook (2nd ed., pp. 143\u2013176). Wiley.",
        ),
        (
            "doe2010",
            "Doe J. Knees. University of X; 2010.",
            "Doe, J. (2010). Knees [Doctoral dissertation, University of X].",
        ),
        (
            "who2020",
            "World Health Organization. Guidelines. WHO; 2020. Report No.: 7.",
            "World Health Organization. (2020). Guidelines (Report No. 7). WHO.",
        ),
        (
            "page2021",
            "Page P. On knees. 2021. Available from: https://example.org/x",
            "Page, P. (2021). On knees. https://example.org/x",
        ),
        (
            "bare2000",
            "Bare B. No publisher. 2000. [bibliography incomplete] Missing: publisher.",
            "Bare, B. (2000). No publisher. [bibliography incomplete] Missing: publisher.",
        ),
    ],
)
def test_works_that_are_in_no_journal(tmp_path: Path, key: str, in_vancouver: str, in_apa: str) -> None:
    # ICMJE, samples of formatted references, "Books and other monographs"; APA (2020), sections 10.2 to 10.6.
    # Each was marked as incomplete for want of a journal, and the chapter did not know its parent.
    (tmp_path / "references.bib").write_text(BOOKS, encoding="utf-8")
    references = read_references(tmp_path / "references.bib", "references.bib")
    for style, printed in (("Vancouver", in_vancouver), ("APA", in_apa)):
        (entry,) = bibliography([key], references, style=style).entries
        assert entry.text.replace("\N{NO-BREAK SPACE}", " ") == printed
    assert "crossref" not in bibliography([key], references).bibtex


def test_a_reference_to_an_entry_that_is_not_there_stays_and_is_marked(tmp_path: Path) -> None:
    path = tmp_path / "references.bib"
    path.write_text("@article{a, author={A, B}, title={T}, crossref={gone}}", encoding="utf-8")
    (entry,) = bibliography(["a"], read_references(path, path.name)).entries
    assert not entry.complete
    assert entry.fields["crossref"] == "gone"


def test_accents_do_not_count_in_the_order_of_an_apa_list() -> None:
    # APA (2020), section 9.44: letter by letter; before, Astrom with a ring stood behind Zuo.
    names = {"z": "Zuo, C", "a": r"{\AA}str{\"o}m, P", "o": "\u00d8stergaard, S", "b": "Berg, A"}
    fields = {key: {"author": name, "title": "T", "year": "2001"} for key, name in names.items()}
    assert [entry.key for entry in bibliography(names, fields, style="APA").entries] == ["a", "b", "o", "z"]


def test_first_authors_of_one_surname_have_their_initials_in_citations() -> None:
    # APA (2020), section 8.20: also where the years differ.
    fields = {
        "j": {"author": "Smith, John A", "year": "2020", "title": "T"},
        "z": {"author": "Smith, Zed and Doe, J", "year": "2011", "title": "T"},
        "d": {"author": "Doe, J and Smith, Z", "year": "2011", "title": "T"},
    }
    cited = {key: text.replace("\N{NO-BREAK SPACE}", " ") for key, text in apa_citations(fields).items()}
    assert cited == {"j": "J. A. Smith, 2020", "z": "Z. Smith & Doe, 2011", "d": "Doe & Smith, 2011"}
