"""References in APA style, seventh edition, from BibTeX fields: the entry, its order and its citation."""

from __future__ import annotations

import re
import unicodedata
from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass

from evidence.bibtex_kinds import edition_of, kind_of, people_of, place_of, within_of
from evidence.bibtex_text import plain, prose
from evidence.table_words import clean
from evidence.vancouver import pmid

__all__ = ["Author", "apa", "apa_citations", "apa_order", "apa_suffixes", "authors_of"]

_AUTHORS_SHOWN = 20
"""Up to 20 authors are all printed; of more, the first 19, an ellipsis and the last (section 9.8)."""

_NO_DATE = "n.d."
_EN_DASH = "\u2013"
_NO_BREAK = "\N{NO-BREAK SPACE}"
_OTHERS = "others"


@dataclass(frozen=True)
class Author:
    """One author as a list of references prints it.

    Attributes
    ----------
    surname : str
        Family name with its particles ("van der Worp"), or the name of a group.
    initials : str
        "J.-M. K."; empty for a group.
    lineage : str
        "Jr."; mostly empty.
    """

    surname: str
    initials: str = ""
    lineage: str = ""

    @property
    def inverted(self) -> str:
        """Family name first: ``van der Worp, H., Jr.``."""
        return ", ".join(part for part in (self.surname, self.initials, self.lineage) if part)


def authors_of(field: str) -> tuple[list[Author], bool]:
    """Return the authors of a BibTeX field, and whether it ends in ``and others``.

    Examples
    --------
    >>> authors_of("van der Worp, Jan-Marten and {World Health Organization}")[0][0].inverted
    'van der Worp, J.-M.'
    """
    if not field.strip():
        return [], False
    from pybtex.database import Person
    from pybtex.database.input.bibtex import split_name_list

    names = [name.strip() for name in split_name_list(field)]
    found = []
    for name in names:
        if name == _OTHERS:
            continue
        person = Person(name)
        surname = " ".join(prose(part) for part in (*person.prelast_names, *person.last_names))
        given = " ".join(prose(part) for part in (*person.first_names, *person.middle_names))
        found.append(Author(surname, _initials(given), " ".join(map(prose, person.lineage_names))))
    return found, names[-1] == _OTHERS


def _initials(given: str) -> str:
    """Return ``J.-M. K.`` for ``Jean-Marie Karl``; capitals that stand together are one initial each."""
    parts = []
    for word in re.split(r"[\s.]+", given):
        if not word:
            continue
        if word.isupper() and len(word) <= 4 and word.isalpha():
            parts += [f"{letter}." for letter in word]
        else:
            letters = [piece[0].upper() for piece in word.split("-") if piece]
            parts.append("-".join(f"{letter}." for letter in letters))
    return _NO_BREAK.join(parts)


def _author_list(authors: list[Author], others: bool) -> str:
    names = [author.inverted for author in authors]
    if others:
        return f"{', '.join(names)}, et al."
    if len(names) > _AUTHORS_SHOWN:
        return f"{', '.join(names[: _AUTHORS_SHOWN - 1])}, . . . {names[-1]}"
    if len(names) < 2:
        return "".join(names)
    return f"{', '.join(names[:-1])}, & {names[-1]}"


def apa(fields: Mapping[str, str], suffix: str = "") -> str:
    """Print one entry in APA style, seventh edition.

    Parameters
    ----------
    fields : mapping of str to str
        BibTeX fields: author, title, journal, year, volume, number, pages, doi, url, note.
    suffix : str, default ""
        Letter behind the year where several entries have the same authors and year; see `apa_suffixes`.

    Returns
    -------
    str
        Plain text: italics are left to whoever sets it.

    References
    ----------
    American Psychological Association (2020). Publication manual of the American Psychological Association
    (7th ed.), chapters 8 to 10. https://doi.org/10.1037/0000165-000

    Examples
    --------
    >>> print(apa({"author": "Gelman, A and Stern, H", "title": "The difference", "journal": "Am Stat",
    ...            "year": "2006", "volume": "60", "number": "4", "pages": "328--331"}))
    Gelman, A., & Stern, H. (2006). The difference. Am Stat, 60(4), 328–331.
    """
    title, journal = prose(fields.get("title", "")), prose(fields.get("journal", ""))
    when = f"({_year(fields, suffix)})."
    who = _author_list(*authors_of(people_of(fields)))
    if who and not fields.get("author"):
        who = f"{who} {_eds(fields['editor'])}"
    if kind_of(fields) != "article":
        title = _with_details(title, fields)
    # Without an author the title takes its place, so that the date still comes second.
    begin = [_stopped(who), when, _stopped(title)] if who else [_stopped(title), when]
    if kind_of(fields) == "article":
        places = [", ".join(part for part in (journal, _volume(fields), _pages(fields)) if part)]
    else:
        places = [_in_book(fields), "" if kind_of(fields) == "thesis" else place_of(fields)]
    return " ".join(part for part in (*begin, *map(_stopped, places), _address(fields)) if part)


def _with_details(title: str, fields: Mapping[str, str]) -> str:
    """Return a title with what stands in brackets behind it: edition, number of a report, kind of thesis."""
    kind, number = kind_of(fields), plain(fields.get("number", ""))
    if kind == "thesis":
        degree = (
            "Master\u2019s thesis" if fields.get("entry_type") == "mastersthesis" else "Doctoral dissertation"
        )
        return f"{title} [{', '.join(part for part in (degree, place_of(fields)) if part)}]"
    inside = (
        edition_of(fields)
        if kind == "book"
        else f"Report No. {number}"
        if kind == "report" and number
        else ""
    )
    return f"{title} ({inside})" if inside else title


def _in_book(fields: Mapping[str, str]) -> str:
    """Return ``In J. Higgins & J. Thomas (Eds.), Handbook (2nd ed., pp. 143-176)`` of a chapter."""
    if kind_of(fields) != "chapter":
        return ""
    people, _ = authors_of(fields.get("editor", ""))
    names = [" ".join(part for part in (one.initials, one.surname) if part) for one in people]
    listed = (
        f"{', '.join(names[:-1])}{',' if len(names) > 2 else ''} & {names[-1]}"
        if names[1:]
        else "".join(names)
    )
    by = f"{listed} {_eds(fields['editor'])}, " if names else ""
    pages = _pages(fields)
    paged = pages and (
        pages if pages.startswith("Article") else f"{'pp' if _EN_DASH in pages else 'p'}. {pages}"
    )
    inside = ", ".join(part for part in (edition_of(fields), paged) if part)
    return f"In {by}{within_of(fields)}{f' ({inside})' if inside else ''}"


def _eds(field: str) -> str:
    return "(Eds.)" if re.search(r"\sand\s", field) else "(Ed.)"


def _stopped(text: str) -> str:
    return text if not text or text.endswith((".", "?", "!")) else f"{text}."


def _year(fields: Mapping[str, str], suffix: str) -> str:
    year = plain(fields.get("year", ""))
    if not year:
        return f"{_NO_DATE}-{suffix}" if suffix else _NO_DATE
    return f"{year}{suffix}"


def _volume(fields: Mapping[str, str]) -> str:
    volume, issue = plain(fields.get("volume", "")), plain(fields.get("number", ""))
    return volume + (f"({issue})" if issue else "")


def _pages(fields: Mapping[str, str]) -> str:
    pages = re.sub(r"\s*-+\s*", _EN_DASH, plain(fields.get("pages", "")))
    # A number of five digits or more without an end is an article's, not a page's; so is one with a letter.
    if re.fullmatch(r"\d{5,}|[A-Za-z]+\d+", pages):
        return f"Article {pages}"
    return pages


def _address(fields: Mapping[str, str]) -> str:
    doi = re.sub(r"\A(https?://(dx\.)?doi\.org/|doi:\s*)", "", plain(fields.get("doi", "")), flags=re.I)
    if doi:
        return f"https://doi.org/{doi}"
    if number := pmid(fields):
        return f"PMID: {number}"
    return plain(fields.get("url", ""))


def _sort_key(fields: Mapping[str, str]) -> tuple[str, ...]:
    authors, _ = authors_of(people_of(fields))
    title = re.sub(r"\A(the|an?) ", "", _letter_by_letter(prose(fields.get("title", ""))))
    names = [_letter_by_letter(f"{author.surname} {author.initials}") for author in authors]
    return (*(names or [title]), "", plain(fields.get("year", "")), title)


def _letter_by_letter(text: str) -> str:
    """Return a text as it is sorted: without case, its accents and umlauts as bare letters (section 9.44)."""
    bare = "".join(
        letter for letter in unicodedata.normalize("NFKD", text) if not unicodedata.combining(letter)
    )
    return bare.casefold().translate(_BARE)


_BARE = str.maketrans(
    {
        "\u00f8": "o",
        "\u0142": "l",
        "\u0111": "d",
        "\u00f0": "d",
        "\u0131": "i",
        "\u00e6": "ae",
        "\u0153": "oe",
    }
)


def apa_order(references: Mapping[str, Mapping[str, str]]) -> list[str]:
    """Return the keys in the order of an APA list: by authors, then year, then title."""
    return sorted(references, key=lambda key: (_sort_key(references[key]), key))


def apa_suffixes(references: Mapping[str, Mapping[str, str]]) -> dict[str, str]:
    """Return the letters behind the years: a, b ... by title where authors and year are the same.

    Parameters
    ----------
    references : mapping of str to mapping
        BibTeX fields by key: all that one list prints.

    Returns
    -------
    dict of str to str
        A letter for each key; empty where the entry is the only one.
    """
    groups: dict[tuple[str, ...], list[str]] = defaultdict(list)
    for key in apa_order(references):
        names, _ = authors_of(people_of(references[key]))
        year = plain(references[key].get("year", ""))
        groups[(*(author.inverted for author in names), year) if names else (key,)].append(key)
    return {
        key: _letters(position) if len(keys) > 1 else ""
        for keys in groups.values()
        for position, key in enumerate(keys)
    }


def _letters(position: int) -> str:
    """Return a, b ... z, aa, ab ..."""
    head, last = divmod(position, 26)
    return (_letters(head - 1) if head else "") + chr(97 + last)


def apa_citations(references: Mapping[str, Mapping[str, str]]) -> dict[str, str]:
    """Return how each entry is cited in the text: ``Gelman & Stern, 2006`` or ``Zuo et al., 2022a``.

    Three or more authors are shortened to the first; where that makes two different lists alike in one
    year, as many names as tell them apart are printed (section 8.18), and first authors who share a surname
    have their initials.

    Parameters
    ----------
    references : mapping of str to mapping
        BibTeX fields by key: all that one list prints.

    Returns
    -------
    dict of str to str
        Without parentheses.
    """
    suffixes = apa_suffixes(references)
    people = _with_initials({key: authors_of(people_of(fields)) for key, fields in references.items()})
    shown = dict.fromkeys(references, 1)
    for _ in range(_AUTHORS_SHOWN):
        alike: dict[str, list[str]] = defaultdict(list)
        for key, fields in references.items():
            alike[f"{_cited(people[key], shown[key])}, {_year(fields, '')}"].append(key)
        clashes = [
            key
            for keys in alike.values()
            if len({tuple(people[key][0]) for key in keys}) > 1
            for key in keys
            if shown[key] < len(people[key][0])
        ]
        if not clashes:
            break
        for key in clashes:
            shown[key] += 1
    return {
        key: f"{_cited(people[key], shown[key]) or _titled(fields, key)}, {_year(fields, suffixes[key])}"
        for key, fields in references.items()
    }


def _with_initials(people: dict[str, tuple[list[Author], bool]]) -> dict[str, tuple[list[Author], bool]]:
    """Put initials before the first name where first authors share a surname (section 8.20)."""
    alike: dict[str, set[str]] = defaultdict(set)
    for authors, _ in people.values():
        if authors:
            alike[authors[0].surname].add(authors[0].initials)
    found = {}
    for key, (authors, others) in people.items():
        if authors and authors[0].initials and len(alike[authors[0].surname]) > 1:
            first = Author(f"{authors[0].initials}{_NO_BREAK}{authors[0].surname}", authors[0].initials)
            authors = [first, *authors[1:]]
        found[key] = (authors, others)
    return found


def _cited(people: tuple[list[Author], bool], shown: int) -> str:
    authors, others = people
    names = [author.surname for author in authors]
    if others or len(names) > max(2, shown):
        if len(names) - shown == 1 and not others and shown > 1:
            return f"{', '.join(names[:-1])}, & {names[-1]}"  # "et al." never stands for one name
        return f"{', '.join(names[:shown])}{',' if shown > 1 else ''} et al."
    if len(names) > 2:
        return f"{', '.join(names[:-1])}, & {names[-1]}"
    return " & ".join(names)


def _titled(fields: Mapping[str, str], key: str) -> str:
    """Return the first words of the title, which stands for a missing author."""
    words = prose(fields.get("title", "")).split()
    return f"\u201c{' '.join(words[:4])}\u201d" if words else clean(key)
