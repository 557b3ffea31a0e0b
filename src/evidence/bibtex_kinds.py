"""What kind of work a BibTeX entry is, and what stands in the place of a journal."""

from __future__ import annotations

from collections.abc import Mapping

from evidence.bibtex_text import prose

__all__ = ["edition_of", "kind_of", "people_of", "place_of", "within_of"]

_KINDS = {
    "book": "book",
    "booklet": "book",
    "manual": "book",
    "proceedings": "book",
    "collection": "book",
    "inbook": "chapter",
    "incollection": "chapter",
    "inproceedings": "chapter",
    "conference": "chapter",
    "thesis": "thesis",
    "phdthesis": "thesis",
    "mastersthesis": "thesis",
    "techreport": "report",
    "report": "report",
    "online": "page",
    "electronic": "page",
    "www": "page",
}

_PLACES = {"thesis": ("school", "institution"), "report": ("institution", "publisher")}


def kind_of(fields: Mapping[str, str]) -> str:
    """Return ``article``, ``book``, ``chapter``, ``thesis``, ``report`` or ``page``.

    Whatever names a journal is an article, and so is what says nothing: the studies of a review are.

    Examples
    --------
    >>> kind_of({"entry_type": "incollection"}), kind_of({"entry_type": "misc"})
    ('chapter', 'article')
    """
    if fields.get("journal"):
        return "article"
    return _KINDS.get(fields.get("entry_type", "").lower(), "article")


def people_of(fields: Mapping[str, str]) -> str:
    """Return the field of those who made a work: of a book without authors its editors."""
    if fields.get("author") or kind_of(fields) != "book":
        return fields.get("author", "")
    return fields.get("editor", "")


def place_of(fields: Mapping[str, str]) -> str:
    """Return who published a work that is no article: a publisher, a school, an institution."""
    names = _PLACES.get(kind_of(fields), ("publisher", "organization", "institution"))
    return next((prose(fields[name]) for name in names if fields.get(name)), "")


def within_of(fields: Mapping[str, str]) -> str:
    """Return the title of the book that a chapter stands in."""
    return prose(fields.get("booktitle", "")) if kind_of(fields) == "chapter" else ""


def edition_of(fields: Mapping[str, str]) -> str:
    """Return ``2nd ed.``, or nothing for a first edition.

    Examples
    --------
    >>> [edition_of({"edition": written}) for written in ("1", "2", "Third", "11th")]
    ['', '2nd ed.', '3rd ed.', '11th ed.']
    """
    written = prose(fields.get("edition", "")).removesuffix(".").removesuffix(" ed").strip()
    number = _NUMBERS.get(written.casefold(), written)
    if number in ("", "1", "1st"):
        return ""
    if number.isdigit():
        ends = "th" if number[-2:] in ("11", "12", "13") else _ENDS.get(number[-1], "th")
        return f"{number}{ends} ed."
    return f"{number} ed."


_ENDS = {"1": "st", "2": "nd", "3": "rd"}
_NUMBERS = {"first": "1", "second": "2", "third": "3", "fourth": "4", "fifth": "5", "sixth": "6"}
