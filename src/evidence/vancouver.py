"""One reference in Vancouver style, from BibTeX fields, and what the entry lacks."""

from __future__ import annotations

import re
from collections.abc import Mapping

from evidence.table_words import clean

__all__ = ["missing_fields", "plain", "pmid", "vancouver"]

_AUTHORS_SHOWN = 6
"""Vancouver style prints six authors, then ``et al.`` (ICMJE sample references)."""


def missing_fields(fields: Mapping[str, str]) -> list[str]:
    """List what an entry lacks for a reader to find the paper.

    Authors, title, journal and year are always needed; beyond them either a DOI or a PubMed number, or the
    volume with its pages.

    Examples
    --------
    >>> missing_fields({"title": "T", "journal": "J", "year": "2013", "volume": "27"})
    ['authors', 'pages or DOI']
    """
    titled = plain(fields.get("title", ""))
    lacking = [] if fields.get("author") else ["authors"]
    if not titled or "title not visible" in titled.casefold():
        lacking.append("title")
    lacking += [name for name in ("journal", "year") if not fields.get(name)]
    if not (fields.get("doi") or pmid(fields)):
        if not fields.get("volume"):
            lacking.append("volume")
        if not fields.get("pages"):
            lacking.append("pages or DOI")
    return lacking


def vancouver(fields: Mapping[str, str]) -> str:
    """Print one entry in Vancouver style.

    Authors (six, then ``et al.``), title, journal, ``year;volume(issue):pages``, and the DOI; where there
    is none, the PubMed number, or the address at which the numbers were read.

    Parameters
    ----------
    fields : mapping of str to str
        BibTeX fields: author, title, journal, year, volume, number, pages, doi, url, note.

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
    parts = [_authors(fields.get("author", "")), plain(fields.get("title", ""))]
    parts.append(plain(fields.get("journal", "")))
    sentences = [part if part.endswith(("?", "!", ".")) else f"{part}." for part in parts if part]
    where = _year_volume_pages(fields)
    if where:
        sentences.append(f"{where}.")
    doi = re.sub(r"\Ahttps?://(dx\.)?doi\.org/", "", plain(fields.get("doi", "")))
    number = pmid(fields)
    if doi:
        sentences.append(f"doi:{doi}")
    elif number:
        sentences.append(f"PMID: {number}.")
    elif fields.get("url"):
        sentences.append(f"Available from: {plain(fields['url'])}")
    return " ".join(sentences)


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
        surname = " ".join(plain(part) for part in (*person.prelast_names, *person.last_names))
        initials = "".join(_initials(plain(part)) for part in (*person.first_names, *person.middle_names))
        lineage = " ".join(plain(part) for part in person.lineage_names)
        shown.append(" ".join(part for part in (surname, initials, lineage) if part))
    more = len(names) > _AUTHORS_SHOWN or names[-1].strip() == "others"
    return ", ".join([*shown, "et al"] if more else shown)


def _initials(given: str) -> str:
    """Return ``JM`` for ``John-Mark`` or ``J.M.``; initials that already stand together stay."""
    if given.isupper() and len(given) <= 3 and given.isalpha():
        return given
    return "".join(part[0].upper() for part in re.split(r"[\s.\-]+", given) if part)


def plain(value: str) -> str:
    r"""Return a BibTeX value as plain text: accents decoded, protecting braces gone, one line."""
    if "\\" in value:
        import codecs

        import latexcodec  # noqa: F401  # registers the codec; comes with pybtex

        value = codecs.decode(value, "ulatex")  # type: ignore[call-overload]
    return " ".join(clean(value.replace("{", "").replace("}", "")).split())
