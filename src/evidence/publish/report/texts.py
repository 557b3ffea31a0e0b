"""Text of a report: what is data is cleaned, isolated where it reads from right to left, and never markup."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from evidence.table_words import clean

__all__ = ["Part", "cited", "doi_link", "is_web_address", "linked", "plain", "reads_from_right"]

_ADDRESS = re.compile(r"https?://[^\s<>\"'`\\^{}|]+\Z")
_IN_TEXT = re.compile(r"https?://[^\s<>\"'`\\^{}|]+|\bdoi:\s?10\.\d{4,9}/[^\s<>\"'`\\^{}|]+", re.IGNORECASE)
_NUMBERED = re.compile(r"\[(\d{1,5})\]")


@dataclass(frozen=True)
class Part:
    """A piece of text.

    Attributes
    ----------
    text : str
        What is shown.
    href : str
        Where it leads; empty for text that leads nowhere.
    role : str
        ``"cite"`` for the number of a reference, ``"row"`` for the account of a row, ``"from"`` for a number
        whose account can be opened beside it, ``"web"`` for an address elsewhere; empty for plain text.
    """

    text: str
    href: str = ""
    role: str = ""


def plain(text: object) -> str:
    """Return text without control characters, and without those that turn the direction of reading."""
    return clean(str(text))


def reads_from_right(text: str) -> bool:
    """Tell whether a text holds letters of a script that runs from right to left."""
    return any(unicodedata.bidirectional(letter) in ("R", "AL") for letter in text)


def is_web_address(text: str) -> bool:
    """Tell whether a text is one address of the web and nothing else: never a script.

    Examples
    --------
    >>> is_web_address("https://doi.org/10.1519/x"), is_web_address("javascript:alert(1)")
    (True, False)
    """
    return _ADDRESS.match(text) is not None


def doi_link(doi: str) -> str:
    """Return the address of a DOI; empty where it is none."""
    bare = doi.strip().removeprefix("https://doi.org/").removeprefix("doi:").strip()
    address = f"https://doi.org/{bare}"
    return address if bare.startswith("10.") and is_web_address(address) else ""


def linked(text: str) -> tuple[Part, ...]:
    """Split a text into what leads to the web (addresses, DOIs) and what does not."""
    return tuple(_linked(plain(text)))


def _linked(text: str) -> Iterator[Part]:
    at = 0
    for found in _IN_TEXT.finditer(text):
        shown = found[0].rstrip(".,;)")
        href = shown if shown.lower().startswith("http") else doi_link(shown[4:])
        if not href:
            continue
        if found.start() > at:
            yield Part(text[at : found.start()])
        yield Part(shown, href, "web")
        at = found.start() + len(shown)
    if at < len(text):
        yield Part(text[at:])


def cited(text: str, references: Iterable[int]) -> tuple[Part, ...]:
    """Split a text at its numbers in brackets, so far as they are those of references.

    Parameters
    ----------
    text : str
        Such as ``"DiStefano 2013 [1]; Paoli 2017 [4]"``.
    references : iterable of int
        The numbers that exist.
    """
    known = set(references)
    shown = plain(text)
    parts: list[Part] = []
    at = 0
    for found in _NUMBERED.finditer(shown):
        if int(found[1]) not in known:
            continue
        parts += [Part(shown[at : found.start()])] if found.start() > at else []
        parts.append(Part(found[0], f"#ref-{int(found[1])}", "cite"))
        at = found.end()
    return (*parts, Part(shown[at:])) if at < len(shown) or not parts else tuple(parts)
