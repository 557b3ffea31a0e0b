"""The bibliography of just what is cited, in Vancouver style, from BibTeX fields."""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from evidence._files import write_atomically
from evidence.errors import EvidenceError
from evidence.table_formats import escape_html, escape_markdown, to_html_page
from evidence.table_words import clean
from evidence.vancouver import missing_fields, vancouver

__all__ = ["INCOMPLETE", "Bibliography", "Reference", "bibliography"]

INCOMPLETE = "[bibliography incomplete]"
"""The mark of an entry that lacks what a reader needs to find the paper."""


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
        The entry in Vancouver style, plain text.
    complete : bool
        False where the entry lacks authors, title, journal, year, or a way to find the pages.
    fields : mapping of str to str
        The BibTeX fields as written in the file; empty where the file has no such entry.
    """

    number: int
    key: str
    text: str
    complete: bool
    fields: Mapping[str, str]


@dataclass(frozen=True)
class Bibliography:
    """Numbered references in the order in which they are first cited.

    Attributes
    ----------
    entries : tuple of Reference
        The references.
    title : str
        Headline of the printed list.
    """

    entries: tuple[Reference, ...]
    title: str = "References"

    def __len__(self) -> int:
        """Return the number of references."""
        return len(self.entries)

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

    @property
    def text(self) -> str:
        """Plain text, one entry a line."""
        return "".join(f"{entry.number}. {entry.text}\n" for entry in self.entries)

    @property
    def markdown(self) -> str:
        """A headline and one paragraph an entry; the numbers are text, so that no renderer counts anew."""
        lines = [f"# {escape_markdown(self.title)}", ""]
        for entry in self.entries:
            lines += [f"\\[{entry.number}\\] {escape_markdown(entry.text)}", ""]
        return "\n".join(lines)

    @property
    def html(self) -> str:
        """A numbered list, every entry escaped."""
        items = [
            f'<li id="ref-{entry.number}" value="{entry.number}">{escape_html(entry.text)}</li>'
            for entry in self.entries
        ]
        head = f"<h1>{escape_html(self.title)}</h1>"
        return "\n".join([head, '<ol class="evidence-references">', *items, "</ol>", ""])

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
            For any other suffix.
        """
        target = Path(path)
        render = _FORMATS.get(target.suffix.lower())
        if render is None:
            raise EvidenceError(f"a bibliography is saved as {', '.join(_FORMATS)}; got {target.name!r}")
        return write_atomically(target, render(self))

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
) -> Bibliography:
    """Give each cited study its number, and print each once.

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

    Returns
    -------
    Bibliography
        Numbered from 1. A study without an entry is listed by its key and marked: nothing that is
        cited is left out.

    Examples
    --------
    >>> listed = bibliography(["b", "a", "b"], {"a": {"title": "A"}, "b": {"title": "B"}})
    >>> [(entry.number, entry.key) for entry in listed.entries]
    [(1, 'b'), (2, 'a')]
    """
    known_incomplete = set(incomplete)
    entries = []
    for number, key in enumerate(dict.fromkeys(keys), start=1):
        fields = dict(references.get(key, {}))
        lacking = missing_fields(fields)
        complete = not lacking and key not in known_incomplete
        text = vancouver(fields) if fields else f"{clean(key)}."
        if not complete:
            detail = f" Missing: {', '.join(lacking)}." if lacking else ""
            text = f"{text} {INCOMPLETE}{detail}"
        entries.append(Reference(number, key, text, complete, fields))
    return Bibliography(tuple(entries), title)


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
    text, depth = clean(value), 0
    for letter in text:
        depth += (letter == "{") - (letter == "}")
        if depth < 0:
            break
    return text if depth == 0 else text.replace("{", "").replace("}", "")
