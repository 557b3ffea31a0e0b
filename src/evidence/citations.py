"""The bibliography of just what is cited, in Vancouver or APA style, from BibTeX fields."""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from evidence._check import one_of
from evidence._files import save_atomically
from evidence.apa import apa, apa_citations, apa_order, apa_suffixes
from evidence.bibtex_text import harmless
from evidence.errors import EvidenceError
from evidence.journals import is_abbreviated
from evidence.table_formats import escape_html, escape_markdown, to_html_page
from evidence.table_words import clean
from evidence.vancouver import missing_fields, vancouver

__all__ = ["ABBREVIATED", "INCOMPLETE", "STYLES", "Bibliography", "Reference", "bibliography"]

INCOMPLETE = "[bibliography incomplete]"
"""The mark of an entry that lacks what a reader needs to find the paper."""

ABBREVIATED = "journal abbreviated in the source"
"""The mark of an entry whose journal the style would print in full."""

_SHOWN = 20
"""Entries that a list shows of itself in a terminal."""

STYLES = ("Vancouver", "APA")
"""Styles of the list and of the citations in the text."""


@dataclass(frozen=True)
class Reference:
    """One numbered entry of a bibliography.

    Attributes
    ----------
    number : int
        Its number, as cited in brackets.
    key : str
        The study's key.
    text : str
        The entry in the style of the bibliography, plain text.
    complete : bool
        False where the entry lacks authors, title, journal, year, or a way to find the pages.
    fields : mapping of str to str
        The BibTeX fields as written in the file; empty where the file has no such entry.
    cited : str
        How the text cites it, without brackets: its number, or authors and year.
    abbreviated : bool
        True where the style prints journals in full (APA) and the file seems to have an abbreviation.
    """

    number: int
    key: str
    text: str
    complete: bool
    fields: Mapping[str, str]
    cited: str = ""
    abbreviated: bool = False


@dataclass(frozen=True, repr=False)
class Bibliography:
    """References in the order of their style: as first cited (Vancouver), or by authors (APA).

    Attributes
    ----------
    entries : tuple of Reference
        The references.
    title : str
        Headline of the printed list.
    style : str
        ``"Vancouver"``, numbered, or ``"APA"``, whose list has no numbers.
    """

    entries: tuple[Reference, ...]
    title: str = "References"
    style: str = "Vancouver"

    def __len__(self) -> int:
        """Return the number of references."""
        return len(self.entries)

    def __repr__(self) -> str:
        """Return the list as plain text; of a long one the first entries, and how many more there are."""
        lines = self.text.splitlines()[: len(self.entries)]
        more = len(lines) - _SHOWN
        tail = [f"... and {more} more: see .text"] if more > 0 else []
        return "\n".join([f"{self.title} ({len(self)}, {self.style})", *lines[:_SHOWN], *tail, *self.notes])

    def _repr_html_(self) -> str:
        """Return the list that a notebook shows."""
        return self.html

    @property
    def notes(self) -> tuple[str, ...]:
        """What a reader must know of the whole list: which journals the style would print in full."""
        journals = sorted({clean(e.fields.get("journal", "")) for e in self.entries if e.abbreviated})
        if not journals:
            return ()
        count = sum(entry.abbreviated for entry in self.entries)
        return (
            f"Note. {self.style} prints the titles of journals in full; none is expanded from memory. "
            f"{count} of {len(self)} entries are marked \u201c{ABBREVIATED}\u201d: {'; '.join(journals)}. "
            "Write them out in the BibTeX file.",
        )

    def numbers(self, keys: Iterable[str]) -> tuple[int, ...]:
        """Return the numbers of some studies.

        Raises
        ------
        EvidenceError
            Where a key is not cited in this bibliography.
        """
        return tuple(entry.number for entry in self._of(keys))

    def texts(self, keys: Iterable[str]) -> tuple[str, ...]:
        """Return the printed entries of some studies.

        Raises
        ------
        EvidenceError
            Where a key is not cited in this bibliography.
        """
        return tuple(entry.text for entry in self._of(keys))

    def cite(self, keys: Iterable[str]) -> str:
        """Return a citation of some studies for running text: ``[1, 3]``, or ``(Paoli et al., 2017)``.

        Raises
        ------
        EvidenceError
            Where a key is not cited in this bibliography.
        """
        chosen = sorted(
            {entry.key: entry for entry in self._of(keys)}.values(), key=lambda entry: entry.number
        )
        if not chosen:
            return ""
        return (
            f"({'; '.join(entry.cited for entry in chosen)})"
            if self.style == "APA"
            else f"[{', '.join(entry.cited for entry in chosen)}]"
        )

    @property
    def text(self) -> str:
        """Plain text, one entry a line; notes follow."""
        entries = "".join(f"{self._mark(entry, '{}. ')}{entry.text}\n" for entry in self.entries)
        return entries + "".join(f"\n{note}\n" for note in self.notes)

    def _mark(self, entry: Reference, form: str) -> str:
        return form.format(entry.number) if self.style == "Vancouver" else ""

    @property
    def markdown(self) -> str:
        """A headline and one paragraph an entry; the numbers are text, so that no renderer counts anew."""
        lines = [f"# {escape_markdown(self.title)}", ""]
        for entry in self.entries:
            lines += [self._mark(entry, "\\[{}\\] ") + escape_markdown(entry.text), ""]
        for note in self.notes:
            lines += [escape_markdown(note), ""]
        return "\n".join(lines)

    @property
    def html(self) -> str:
        """A list, numbered where the style numbers, every entry escaped."""
        numbered = self.style == "Vancouver"
        tag = "ol" if numbered else "ul"
        items = [
            f'<li id="ref-{entry.number}"'
            + self._mark(entry, ' value="{}"')
            + f">{escape_html(entry.text)}</li>"
            for entry in self.entries
        ]
        head = f"<h1>{escape_html(self.title)}</h1>"
        notes = [f"<p>{escape_html(note)}</p>" for note in self.notes]
        return "\n".join([head, f'<{tag} class="evidence-references">', *items, f"</{tag}>", *notes, ""])

    @property
    def bibtex(self) -> str:
        """The cited entries as BibTeX, fields as written in the file; incomplete ones carry a note."""
        return "\n".join(_bibtex_entry(entry) for entry in self.entries)

    def save(self, path: str | os.PathLike[str]) -> Path:
        """Write the bibliography in the format that the suffix names.

        Parameters
        ----------
        path : path
            Ends in ``.txt``, ``.md``, ``.html`` (a whole page) or ``.bib``.

        Returns
        -------
        Path
            The path written.

        Raises
        ------
        EvidenceError
            For any other suffix, and where the file cannot be written.
        """
        target = Path(path)
        render = _FORMATS.get(target.suffix.lower())
        if render is None:
            raise EvidenceError(f"a bibliography is saved as {', '.join(_FORMATS)}; got {target.name!r}")
        return save_atomically(target, render(self))

    def _of(self, keys: Iterable[str]) -> list[Reference]:
        by_key = {entry.key: entry for entry in self.entries}
        wanted = list(keys)
        for key in wanted:
            if key not in by_key:
                raise EvidenceError(f"study {key!r} is not cited in this bibliography")
        return [by_key[key] for key in wanted]


_FORMATS: dict[str, Callable[[Bibliography], str]] = {
    ".txt": lambda listed: listed.text,
    ".md": lambda listed: listed.markdown,
    ".html": lambda listed: to_html_page(listed.html, listed.title),
    ".bib": lambda listed: listed.bibtex,
}


def bibliography(
    keys: Iterable[str],
    references: Mapping[str, Mapping[str, str]],
    *,
    incomplete: Iterable[str] = (),
    title: str = "References",
    style: str = "Vancouver",
) -> Bibliography:
    """Print each cited study once, in a style.

    Parameters
    ----------
    keys : iterable of str
        Study keys in the order in which they are cited; repeated keys keep their first number.
    references : mapping of str to mapping
        BibTeX fields by key, as in ``Studies.references``.
    incomplete : iterable of str
        Keys that are known to be incomplete (``study_info.csv`` says so), besides those whose
        fields show it.
    title : str
        Headline of the list.
    style : {"Vancouver", "APA"}
        Vancouver numbers the entries as they are first cited; APA (7th edition) sorts them by authors.

    Returns
    -------
    Bibliography
        Numbered from 1. A study without an entry is listed by its key and marked: nothing that is
        cited is left out. APA prints the titles of journals in full: where the file has an abbreviation
        ("J Strength Cond Res") the entry is marked and `notes` name the journal: none is made up.

    Raises
    ------
    ModelError
        Where the style is not one of the two.

    Examples
    --------
    >>> listed = bibliography(["b", "a", "b"], {"a": {"title": "A"}, "b": {"title": "B"}})
    >>> [(entry.number, entry.key) for entry in listed.entries]
    [(1, 'b'), (2, 'a')]
    """
    chosen = one_of("style", style, STYLES)
    known = {key: dict(references.get(key, {})) for key in dict.fromkeys(keys)}
    known_incomplete = set(incomplete)
    if chosen == "APA":
        known = {key: known[key] for key in apa_order(known)}
        suffixes, cited = apa_suffixes(known), apa_citations(known)
    entries = []
    for number, (key, fields) in enumerate(known.items(), start=1):
        lacking = missing_fields(fields)
        complete = not lacking and key not in known_incomplete
        if not fields:
            text = f"{clean(key)}."
        else:
            text = apa(fields, suffixes[key]) if chosen == "APA" else vancouver(fields)
        if not complete:
            detail = f" Missing: {', '.join(lacking)}." if lacking else ""
            text = f"{text} {INCOMPLETE}{detail}"
        abbreviated = chosen == "APA" and is_abbreviated(fields.get("journal", ""))
        if abbreviated:
            text = f"{text} [{ABBREVIATED}]"
        said = cited[key] if chosen == "APA" else str(number)
        entries.append(Reference(number, key, text, complete, fields, said, abbreviated))
    return Bibliography(tuple(entries), title, chosen)


def _bibtex_entry(entry: Reference) -> str:
    fields = dict(entry.fields)
    kind = fields.pop("entry_type", "article" if fields.get("journal") else "misc")
    if not entry.complete:
        note = (fields.get("note", ""), "Bibliography incomplete")
        fields["note"] = ". ".join(part for part in note if part)
    body = "".join(f"  {name} = {{{_bibtex_value(value)}}},\n" for name, value in fields.items())
    return f"@{kind}{{{_NO_KEY.sub('-', clean(entry.key))},\n{body}}}\n"


_NO_KEY = re.compile(r"[\s{},#%~\\\"'=()@]")
"""What a key of BibTeX cannot hold."""


def _bibtex_value(value: str) -> str:
    """Return a field that ends where it should: without control characters, its braces in pairs."""
    text, depth = harmless(clean(value)), 0
    for letter in text:
        depth += (letter == "{") - (letter == "}")
        if depth < 0:
            break
    return text if depth == 0 else text.replace("{", "").replace("}", "")
