"""One reference in Vancouver style, from BibTeX fields, and what the entry lacks."""

from __future__ import annotations

import re
from collections.abc import Mapping

from evidence.bibtex_kinds import edition_of, kind_of, people_of, place_of, within_of
from evidence.bibtex_text import plain, prose

__all__ = ["missing_fields", "pmid", "vancouver"]

_AUTHORS_SHOWN = 6
"""Vancouver style prints six authors, then ``et al.`` (ICMJE sample references)."""


def missing_fields(fields: Mapping[str, str]) -> list[str]:
    """List what an entry lacks for a reader to find the paper.

    Authors, title, journal and year are always needed; beyond them either a DOI or a PubMed number, or the
    volume with its pages. In the place of a journal a book has its publisher, a chapter its book, a thesis
    its school, a report its institution, and a page of the web its address.

    Examples
    --------
    >>> missing_fields({"title": "T", "journal": "J", "year": "2013", "volume": "27"})
    ['authors', 'pages or DOI']
    """
    titled, kind = plain(fields.get("title", "")), kind_of(fields)
    lacking = [] if people_of(fields) else ["authors"]
    if not titled or "title not visible" in titled.casefold():
        lacking.append("title")
    if not _has_container(fields, kind):
        lacking.append(_CONTAINERS[kind])
    if not fields.get("year"):
        lacking.append("year")
    if not (fields.get("doi") or pmid(fields)):
        if kind == "article" and not fields.get("volume"):
            lacking.append("volume")
        if kind in ("article", "chapter") and not fields.get("pages"):
            lacking.append("pages or DOI")
    return lacking


_CONTAINERS = {
    "article": "journal",
    "book": "publisher",
    "chapter": "title of the book",
    "thesis": "school",
    "report": "institution",
    "page": "address",
}


def _has_container(fields: Mapping[str, str], kind: str) -> bool:
    """Tell whether an entry names what holds the work, so that a reader can ask for it."""
    if kind == "article":
        return bool(fields.get("journal"))
    if kind == "page":
        return bool(fields.get("url") or fields.get("doi"))
    return bool(within_of(fields) if kind == "chapter" else place_of(fields))


def vancouver(fields: Mapping[str, str]) -> str:
    """Print one entry in Vancouver style.

    Authors (six, then ``et al.``), title, journal, ``year;volume(issue):pages``, and the DOI; where there
    is none, the PubMed number, or the address at which the numbers were read.

    Parameters
    ----------
    fields : mapping of str to str
        BibTeX fields: author, title, journal, year, volume, number, pages, doi, url, note; of other works
        booktitle, editor, edition, publisher, address, school, institution.

    Returns
    -------
    str
        Plain text without markup.

    References
    ----------
    International Committee of Medical Journal Editors. Samples of formatted references for authors of
    journal articles, https://www.nlm.nih.gov/bsd/uniform_requirements.html

    Examples
    --------
    >>> vancouver({"author": "Gelman, A and Stern, H", "title": "The difference", "journal": "Am Stat",
    ...            "year": "2006", "volume": "60", "number": "4", "pages": "328--331"})
    'Gelman A, Stern H. The difference. Am Stat. 2006;60(4):328-31.'
    """
    kind, who = kind_of(fields), _authors(people_of(fields))
    edited = who and not fields.get("author")
    parts = [f"{who}, {_editors(fields['editor'])}" if edited else who, prose(fields.get("title", ""))]
    parts += (
        [prose(fields.get("journal", "")), _year_volume_pages(fields)] if kind == "article" else _book(fields)
    )
    sentences = [part if part.endswith(("?", "!", ".")) else f"{part}." for part in parts if part]
    doi = re.sub(r"\A(https?://(dx\.)?doi\.org/|doi:\s*)", "", plain(fields.get("doi", "")), flags=re.I)
    number = pmid(fields)
    if doi:
        sentences.append(f"doi:{doi}")
    elif number:
        sentences.append(f"PMID: {number}.")
    elif fields.get("url"):
        sentences.append(f"Available from: {plain(fields['url'])}")
    return " ".join(sentences)


def _book(fields: Mapping[str, str]) -> list[str]:
    """Return what stands behind the title of a work that is in no journal."""
    kind, year = kind_of(fields), plain(fields.get("year", ""))
    publisher = ": ".join(part for part in (prose(fields.get("address", "")), place_of(fields)) if part)
    published = "; ".join(part for part in (publisher, year) if part)
    pages = _pages(plain(fields.get("pages", "")))
    number = plain(fields.get("number", ""))
    if kind != "chapter":
        report = f"Report No.: {number}" if number and kind == "report" else ""
        return [edition_of(fields), published, report]
    editors = _authors(fields.get("editor", ""))
    by = f"{editors}, {_editors(fields['editor'])}. " if editors else ""
    return [f"In: {by}{within_of(fields)}", edition_of(fields), published, f"p. {pages}" if pages else ""]


def _editors(field: str) -> str:
    return "editors" if re.search(r"\sand\s", field) else "editor"


def _year_volume_pages(fields: Mapping[str, str]) -> str:
    year, volume, issue = (plain(fields.get(name, "")) for name in ("year", "volume", "number"))
    pages = _pages(plain(fields.get("pages", "")))
    after = volume + (f"({issue})" if issue else "") + (f":{pages}" if pages else "")
    if not (volume or issue):
        return f"{year}:{pages}" if year and pages else year or pages
    return f"{year};{after}" if year else after


def _pages(pages: str) -> str:
    """Return a page range with the second number shortened: ``1083--1090`` becomes ``1083-90``."""
    match = re.fullmatch(r"(\d+)\s*[-\u2013]+\s*(\d+)", pages)
    if not match:
        return re.sub(r"--+", "-", pages)
    first, last = match.groups()
    if len(first) == len(last) and int(last) > int(first):
        same = next(index for index, (a, b) in enumerate(zip(first, last, strict=True)) if a != b)
        last = last[same:]
    return f"{first}-{last}"


def pmid(fields: Mapping[str, str]) -> str:
    """Return the PubMed number of an entry, or an empty string."""
    match = re.search(r"PMID:?\s*(\d+)", fields.get("note", ""))
    return fields.get("pmid", "") or (match.group(1) if match else "")


def _authors(field: str) -> str:
    """Print BibTeX authors as ``Surname AB``, particles kept, six of them at most."""
    if not field.strip():
        return ""
    from pybtex.database import Person
    from pybtex.database.input.bibtex import split_name_list

    names = split_name_list(field)
    shown = []
    for name in names[:_AUTHORS_SHOWN]:
        if name.strip() == "others":
            break
        person = Person(name)
        surname = " ".join(prose(part) for part in (*person.prelast_names, *person.last_names))
        initials = "".join(_initials(prose(part)) for part in (*person.first_names, *person.middle_names))
        lineage = " ".join(prose(part).removesuffix(".") for part in person.lineage_names)
        shown.append(" ".join(part for part in (surname, initials, lineage) if part))
    more = len(names) > _AUTHORS_SHOWN or names[-1].strip() == "others"
    return ", ".join([*shown, "et al"] if more else shown)


def _initials(given: str) -> str:
    """Return ``JM`` for ``John-Mark`` or ``J.M.``; initials that already stand together stay."""
    if given.isupper() and len(given) <= 3 and given.isalpha():
        return given
    return "".join(part[0].upper() for part in re.split(r"[\s.\-]+", given) if part)
