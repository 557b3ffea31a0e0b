"""A table in HTML, Markdown and CSV; every cell is data, and is escaped for the language it enters.

Study names, outcomes and notes come from files that anyone may have written. None of them is markup: in
HTML, Markdown and LaTeX (`table_latex`) they are escaped; in CSV a cell that a spreadsheet would run as a
formula is preceded by an apostrophe.
"""

from __future__ import annotations

import csv
import html
import io
import re
from collections.abc import Sequence
from dataclasses import dataclass

from evidence.charts.words import MINUS
from evidence.table_words import clean, is_number

__all__ = [
    "Content",
    "csv_cell",
    "escape_html",
    "escape_markdown",
    "slug",
    "to_csv",
    "to_html",
    "to_html_page",
    "to_markdown",
]


@dataclass(frozen=True)
class Content:
    """What a renderer needs, as plain text.

    Attributes
    ----------
    columns : tuple of str
        Heads of the columns.
    rows : tuple of tuple of str
        The cells.
    caption : str
        Title of the table.
    notes : tuple of str
        Notes under it.
    references : tuple of (int, str)
        Numbers and texts of the references.
    id : str
        Name of the table, for an anchor or a label; may be empty.
    """

    columns: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    caption: str
    notes: tuple[str, ...]
    references: tuple[tuple[int, str], ...]
    id: str = ""

    def numeric(self) -> tuple[bool, ...]:
        """Tell for each column whether all its filled cells are numbers."""
        result = []
        for index in range(len(self.columns)):
            filled = [row[index] for row in self.rows if row[index]]
            result.append(bool(filled) and all(is_number(cell) for cell in filled))
        return tuple(result)

    def longest(self) -> tuple[int, ...]:
        """Return the length of each column's longest cell."""
        return tuple(
            max((len(row[index]) for row in self.rows), default=0) for index in range(len(self.columns))
        )


def escape_html(text: str) -> str:
    """Return text that a browser shows and never runs.

    Examples
    --------
    >>> escape_html('<b> & "c"')
    '&lt;b&gt; &amp; &quot;c&quot;'
    """
    return html.escape(clean(text), quote=True).replace("\n", "<br>")


def to_html(content: Content) -> str:
    """Return a fragment of HTML: the table, its notes and its references."""
    kinds = tuple(map(_kind, content.numeric(), content.longest()))
    anchor = f' id="{html.escape(slug(content.id), quote=True)}"' if content.id else ""
    lines = [f'<div class="evidence-table"{anchor}>', "<table>"]
    lines.append(f"<caption>{escape_html(content.caption)}</caption>")
    heads = "".join(
        f'<th scope="col"{kind}>{escape_html(head)}</th>'
        for head, kind in zip(content.columns, kinds, strict=True)
    )
    lines += ["<thead>", f"<tr>{heads}</tr>", "</thead>", "<tbody>"]
    for row in content.rows:
        first = f'<th scope="row">{escape_html(row[0])}</th>' if row else ""
        rest = "".join(
            f"<td{kind}>{escape_html(cell)}</td>" for cell, kind in zip(row[1:], kinds[1:], strict=True)
        )
        lines.append(f"<tr>{first}{rest}</tr>")
    lines += ["</tbody>", "</table>"]
    lines += [f'<p class="evidence-note">{escape_html(note)}</p>' for note in content.notes]
    if content.references:
        lines.append('<ol class="evidence-references">')
        lines += [f'<li value="{n}">{escape_html(text)}</li>' for n, text in content.references]
        lines.append("</ol>")
    lines.append("</div>")
    return "\n".join(lines) + "\n"


_PAGE = """<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>{title}</title>
<style>
:root {{ color-scheme: light dark; }}
body {{ font: 15px/1.4 system-ui, sans-serif; margin: 2rem; max-width: 110rem; }}
table {{ border-collapse: collapse; font-variant-numeric: tabular-nums; }}
caption {{ text-align: left; font-weight: 600; padding-bottom: .6rem; }}
th, td {{ text-align: left; vertical-align: top; padding: .3rem 1rem .3rem 0; overflow-wrap: break-word; }}
tbody th {{ font-weight: 400; }}
thead th {{ border-top: 2px solid; border-bottom: 1px solid; vertical-align: bottom; }}
tbody tr:last-child > * {{ border-bottom: 2px solid; }}
.num {{ text-align: right; }}
.long {{ min-width: 19rem; }}
.evidence-table {{ overflow-x: auto; }}
.evidence-note, .evidence-references {{ font-size: .9rem; max-width: 60rem; overflow-wrap: anywhere; }}
</style>
</head>
<body>
<main>
{body}</main>
</body>
</html>
"""


def to_html_page(body: str, title: str) -> str:
    """Return a whole page around a fragment, readable from the disk without a network."""
    return _PAGE.format(title=escape_html(title).replace("<br>", " "), body=body)


_LONG = 60
"""Letters from which on a column holds prose, and is given a readable width."""


def _kind(is_numeric: bool, longest: int) -> str:
    """Return the class of a column's cells: numbers, prose, or neither."""
    return ' class="num"' if is_numeric else ' class="long"' if longest > _LONG else ""


def slug(name: str) -> str:
    """Return a name as an anchor or a label takes it."""
    return re.sub(r"[^A-Za-z0-9_-]+", "-", name).strip("-")


# A backslash before a punctuation mark makes it a letter in CommonMark; < > & go as entities, which
# every renderer understands, also the ones that pass raw HTML through.
_MARKDOWN = {ord(mark): f"\\{mark}" for mark in "\\`*{}[]#|~$"} | {
    ord("<"): "&lt;",
    ord(">"): "&gt;",
    ord("&"): "&amp;",
}


def escape_markdown(text: str) -> str:
    r"""Return text that Markdown shows as it is, within a table cell too.

    Examples
    --------
    >>> print(escape_markdown("a|b *c* <i>"))
    a\|b \*c\* &lt;i&gt;
    """
    escaped = clean(text).replace("\t", " ").translate(_MARKDOWN).strip()
    # An underscore inside a word is no emphasis, and must stay bare inside an address.
    escaped = re.sub(r"(?<![A-Za-z0-9])_|_(?![A-Za-z0-9])", r"\_", escaped)
    return re.sub(r"\s*\n\s*", "<br>", escaped)


def to_markdown(content: Content) -> str:
    """Return a pipe table with its caption, notes and references."""
    numeric = content.numeric()
    lines = [f"**{escape_markdown(content.caption)}**", ""] if content.caption else []
    lines.append("| " + " | ".join(escape_markdown(head) or " " for head in content.columns) + " |")
    lines.append("| " + " | ".join("---:" if is_numeric else "---" for is_numeric in numeric) + " |")
    lines += ["| " + " | ".join(escape_markdown(cell) for cell in row) + " |" for row in content.rows]
    for note in content.notes:
        lines += ["", f"*Note.* {escape_markdown(note)}"]
    if content.references:
        # Paragraphs, not a list: a Markdown list would renumber references that skip numbers.
        lines += ["", "References"]
        for n, text in content.references:
            lines += ["", f"\\[{n}\\] {escape_markdown(text)}"]
    return "\n".join(lines) + "\n"


_FORMULA = ("=", "+", "-", "@", "\t", "\n", "\uff1d", "\uff0b", "\uff0d", "\uff20")
"""First characters that a spreadsheet takes for a formula (with their full-width twins)."""


def csv_cell(text: str) -> str:
    """Return a cell that a spreadsheet reads as what it is: numbers as numbers, text never as formula.

    Examples
    --------
    >>> csv_cell("=1+1"), csv_cell("−0.50"), csv_cell("-0.5 to 1")
    ("'=1+1", '-0.50', "'-0.5 to 1")
    """
    cleaned = clean(text)
    if is_number(cleaned):
        return cleaned.replace(MINUS, "-")
    return f"'{cleaned}" if cleaned.lstrip(" \u00a0").startswith(_FORMULA) else cleaned


def to_csv(content: Content) -> str:
    """Return CSV: the table first, then caption, notes and references in lines that begin with ``#``.

    ``pandas.read_csv(path, comment="#")`` therefore gives the table alone, as long as no cell
    holds that sign itself.
    """
    lines: list[Sequence[str]] = [[csv_cell(head) for head in content.columns]]
    lines += [[csv_cell(cell) for cell in row] for row in content.rows]
    under = [content.caption, *(f"Note. {note}" for note in content.notes)]
    under += [f"[{n}] {text}" for n, text in content.references]
    lines += [["# " + " ".join(clean(text).split("\n"))] for text in under if text]
    stream = io.StringIO()
    csv.writer(stream, lineterminator="\n").writerows(lines)
    return stream.getvalue()
