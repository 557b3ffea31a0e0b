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
from functools import lru_cache
from typing import TYPE_CHECKING

from evidence.charts.words import MINUS
from evidence.table_layout import Content, spaced
from evidence.table_words import clean, is_number

if TYPE_CHECKING:
    from jinja2 import Template
    from markupsafe import Markup

__all__ = [
    "csv_cell",
    "escape_html",
    "escape_markdown",
    "slug",
    "to_csv",
    "to_html",
    "to_html_page",
    "to_markdown",
]


def escape_html(text: str) -> str:
    """Return text that a browser shows and never runs.

    Examples
    --------
    >>> escape_html('<b> & "c"')
    '&lt;b&gt; &amp; &quot;c&quot;'
    """
    return html.escape(clean(text), quote=True).replace("\n", "<br>")


_FRAGMENT = """\
<div class="evidence-table"{% if id %} id="{{ id }}"{% endif %}>
<table>
<caption>{{ c.caption|cell }}{{ c.mark(none, none)|raised }}</caption>
<thead>
{% if c.spans() %}
<tr>{% for text, count in c.spans() %}\
{% if text %}<th scope="colgroup" class="span" colspan="{{ count }}">{{ text|cell }}</th>\
{% else %}<td></td>{% endif %}\
{% endfor %}</tr>
{% endif %}
<tr>{% for head in c.columns %}\
<th scope="col"{{ kinds[loop.index0] }}>{{ head|cell }}{{ c.mark(none, loop.index0)|raised }}</th>\
{% endfor %}</tr>
</thead>
<tbody>
{% for group, row in c.lines() %}
{% if row < 0 %}
<tr><th scope="rowgroup" class="group" colspan="{{ c.columns|length }}">{{ group|cell }}</th></tr>
{% else %}
<tr>{% for text in spaced(c, row) %}\
{% if loop.first %}<th scope="row"{{ text|aimed }}>\
{% else %}<td{{ kinds[loop.index0] }}{{ text|aimed }}>{% endif %}\
{{ text|cell }}{{ c.hung(row, loop.index0)|raised }}{{ "</th>"|safe if loop.first else "</td>"|safe }}\
{% endfor %}</tr>
{% endif %}
{% endfor %}
</tbody>
</table>
{% for letter, text in c.lettered %}
<p class="evidence-note">{{ letter|raised }} {{ text|cell }}</p>
{% endfor %}
{% for note in c.notes %}
<p class="evidence-note">{{ note|cell }}</p>
{% endfor %}
{% if c.references %}
<ol class="evidence-references">
{% for number, text in c.references %}
<li value="{{ number }}"{{ text|aimed }}>{{ text|cell }}</li>
{% endfor %}
</ol>
{% endif %}
</div>
"""


def to_html(content: Content) -> str:
    """Return a fragment of HTML: the table, its notes and its references.

    Rendered by jinja2, the engine under pandas' Styler, with escaping as its default. The Styler itself gives
    no ``scope`` to heads and no headings of groups, puts an id and two classes on every cell, and cuts tables
    of more than 262,144 cells short.
    """
    kinds = tuple(map(_kind, content.numeric, content.prose))
    return _fragment().render(c=content, id=slug(content.id), kinds=kinds, spaced=spaced)


# Hebrew, Arabic and their neighbours: without its own direction a name would swap places with the year and
# the number behind it.
_RIGHT_TO_LEFT = re.compile("[\u0590-\u08ff\ufb1d-\ufdff\ufe70-\ufefc]")


@lru_cache(maxsize=1)
def _fragment() -> Template:
    from jinja2 import Environment, StrictUndefined
    from markupsafe import Markup

    engine = Environment(
        autoescape=True, trim_blocks=True, keep_trailing_newline=True, undefined=StrictUndefined
    )
    engine.filters["cell"] = lambda text: Markup(escape_html(text))
    engine.filters["aimed"] = lambda text: Markup(' dir="auto"') if _RIGHT_TO_LEFT.search(text) else ""
    engine.filters["raised"] = lambda mark: Markup(f"<sup>{escape_html(mark)}</sup>") if mark else ""
    return engine.from_string(_FRAGMENT)


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
.span {{ border-bottom: 1px solid; text-align: center; }}
thead td {{ border-top: 2px solid; }}
thead tr + tr th {{ border-top: 0; }}
tbody th.group {{ font-weight: 600; padding-top: .8rem; }}
sup {{ line-height: 0; }}
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


def _kind(is_numeric: bool, is_prose: bool) -> Markup:
    """Return the class of a column's cells: numbers, prose, or neither."""
    from markupsafe import Markup

    return Markup(' class="num"' if is_numeric else ' class="long"' if is_prose else "")


def slug(name: str) -> str:
    """Return a name as an anchor or a label takes it."""
    return re.sub(r"[^A-Za-z0-9_-]+", "-", name).strip("-")


# A backslash before a punctuation mark makes it a letter in CommonMark; < > & go as entities, which
# every renderer understands, also the ones that pass raw HTML through.
_MARKDOWN = {ord(mark): f"\\{mark}" for mark in "\\`*{}[]#|~$^"} | {
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
    # Pandoc, and with it Quarto, would look for a reference of that name; in an address the sign stands bare.
    escaped = re.sub(r"(?<![A-Za-z0-9./])@", r"\@", escaped)
    return re.sub(r"\s*\n\s*", "<br>", escaped)


def to_markdown(content: Content) -> str:
    """Return a pipe table with its caption, notes and references."""
    from tabulate import DataRow, TableFormat, tabulate

    # tabulate's own "pipe" fills every cell to the width of the longest one, which may have 10,000 letters;
    # and its columns do not know their sides where it does not fill them.
    sides = "| " + " | ".join("---:" if numeric else "---" for numeric in content.numeric) + " |"
    row = DataRow("| ", " | ", " |")
    pipe = TableFormat(None, lambda *_: sides, None, None, row, row, 0, None)
    spans = [text for text, count in content.spans() for _ in range(count)] or [""] * len(content.columns)
    heads = [
        escape_markdown(f"{span}: {head}" if span else head) + _raised(content.mark(None, at)) or " "
        for at, (span, head) in enumerate(zip(spans, content.columns, strict=True))
    ]
    body = [
        [f"**{escape_markdown(group)}**" if group.strip() else "", *[""] * (len(heads) - 1)]
        if at < 0
        else [
            escape_markdown(cell) + _raised(content.mark(at, of)) for of, cell in enumerate(content.rows[at])
        ]
        for group, at in content.lines()
    ]
    table = tabulate(
        [heads, *body],
        headers="firstrow",
        tablefmt=pipe,
        disable_numparse=True,
        stralign=None,
        numalign=None,
    )
    title = escape_markdown(content.caption) + _raised(content.mark(None, None))
    lines = [f"**{title}**", ""] if content.caption else []
    lines.append(table)
    for letter, text in content.lettered:
        lines += ["", f"{_raised(letter)} {escape_markdown(text)}"]
    for note in content.notes:
        lines += ["", f"*Note.* {escape_markdown(note)}"]
    if content.references:
        # Paragraphs, not a list: a Markdown list would renumber references that skip numbers.
        lines += ["", "References"]
        for number, text in content.references:
            lines += ["", f"\\[{number}\\] {escape_markdown(text)}"]
    return "\n".join(lines) + "\n"


def _raised(mark: str) -> str:
    return f"<sup>{mark}</sup>" if mark else ""


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


def _words(text: str) -> str:
    """Return a cell of a column of words: a study called ``+1`` keeps its sign."""
    cell = csv_cell(text)
    return f"'{cell}" if cell.startswith("+") else cell


def to_csv(content: Content) -> str:
    """Return CSV: the table first, then caption, notes and references in lines that begin with ``#``.

    ``pandas.read_csv(path, comment="#")`` therefore gives the table alone, as long as no cell
    holds that sign itself. Headings of groups are a first column, a heading over columns is part of their
    heads, and footnotes name their place: numbers stay numbers.
    """
    spans = [text for text, count in content.spans() for _ in range(count)] or [""] * len(content.columns)
    heads = [f"{span}: {head}" if span else head for span, head in zip(spans, content.columns, strict=True)]
    rows = [list(row) for row in content.rows]
    if content.groups:
        heads = ["Group", *heads]
        rows = [[group, *row] for group, row in zip(content.groups, rows, strict=True)]
    numeric = [False] * (len(heads) - len(content.columns)) + list(content.numeric)
    lines = [[_words(head) for head in heads]]
    lines += [
        [csv_cell(cell) if number else _words(cell) for cell, number in zip(row, numeric, strict=True)]
        for row in rows
    ]
    under = [
        content.caption,
        *map(content.placed, content.footnotes),
        *content.under()[len(content.lettered) :],
    ]
    lines += [["# " + " ".join(clean(text).split("\n"))] for text in under if text]
    stream = io.StringIO()
    csv.writer(stream, lineterminator="\n").writerows(lines)
    return stream.getvalue()
