"""Four renderers of a table; every cell is data, and is escaped for the language it enters.

Study names, outcomes and notes come from files that anyone may have written. None of them is
markup: in HTML, LaTeX and Markdown they are escaped; in CSV a cell that a spreadsheet would run
as a formula is preceded by an apostrophe.
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
    "escape_latex",
    "escape_markdown",
    "to_csv",
    "to_html",
    "to_html_page",
    "to_latex",
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
    anchor = f' id="{html.escape(_slug(content.id), quote=True)}"' if content.id else ""
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


def _slug(name: str) -> str:
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


_LATEX = {
    ord(mark): written
    for mark, written in {
        "\\": r"\textbackslash{}",
        "{": r"\{",
        "}": r"\}",
        "$": r"\$",
        "&": r"\&",
        "#": r"\#",
        "_": r"\_",
        "%": r"\%",
        "^": r"\textasciicircum{}",
        "~": r"\textasciitilde{}",
        "<": r"\textless{}",
        ">": r"\textgreater{}",
        "|": r"\textbar{}",
        '"': r"\textquotedbl{}",
        "`": r"\textasciigrave{}",
        "\t": " ",
        "\u00a0": "~",
        "\u202f": r"\,",
        "\u2011": "-",
        "\u2212": "$-$",
        "\u00b1": r"$\pm$",
        "\u00d7": r"$\times$",
        "\u00b7": r"$\cdot$",
        "\u2264": r"$\leq$",
        "\u2265": r"$\geq$",
        "\u2248": r"$\approx$",
        "\u2260": r"$\neq$",
        "\u221e": r"$\infty$",
        "\u2192": r"$\rightarrow$",
        "\u2191": r"$\uparrow$",
        "\u2193": r"$\downarrow$",
        "\u221a": r"$\surd$",
        "\u00b2": r"$^{2}$",
        "\u00b3": r"$^{3}$",
        "\u00b0": r"$^{\circ}$",
        "\u03b1": r"$\alpha$",
        "\u03b2": r"$\beta$",
        "\u03b4": r"$\delta$",
        "\u0394": r"$\Delta$",
        "\u03b8": r"$\theta$",
        "\u03bc": r"$\mu$",
        "\u03c1": r"$\rho$",
        "\u03c3": r"$\sigma$",
        "\u03c4": r"$\tau$",
        "\u03c7": r"$\chi$",
        "\ufffd": "?",
    }.items()
}


def escape_latex(text: str) -> str:
    r"""Return text that LaTeX typesets and never runs.

    Examples
    --------
    >>> print(escape_latex("5 % of x_1"))
    5 \% of x\_1
    """
    return re.sub(r"\s*\n\s*", " ", clean(text)).translate(_LATEX)


def to_latex(content: Content) -> str:
    """Return a ``longtable`` (packages booktabs, longtable, array) with notes and references."""
    numeric = content.numeric()
    shares = _widths(content)
    spec = "".join(
        f">{{\\{'raggedleft' if is_numeric else 'raggedright'}\\arraybackslash}}"
        f"p{{\\dimexpr {share:.3f}\\linewidth-2\\tabcolsep\\relax}}"
        for share, is_numeric in zip(shares, numeric, strict=True)
    )
    label = f"\\label{{tab:{_slug(content.id)}}}" if content.id else ""
    heads = " & ".join(_latex_cell(head) for head in content.columns)
    lines = [
        "% needs \\usepackage{booktabs,longtable,array} and, with pdfLaTeX, \\usepackage[T1]{fontenc}",
        "\\begingroup\\footnotesize",
        f"\\begin{{longtable}}{{{spec}}}",
        f"\\caption{{{escape_latex(content.caption)}}}{label}\\\\",
        "\\toprule",
        f"{heads} \\\\",
        "\\midrule",
        "\\endfirsthead",
        "\\toprule",
        f"{heads} \\\\",
        "\\midrule",
        "\\endhead",
        "\\bottomrule",
        "\\endlastfoot",
    ]
    lines += [" & ".join(_latex_cell(cell) for cell in row) + " \\\\" for row in content.rows]
    lines.append("\\end{longtable}")
    lines += [f"\\par\\noindent\\emph{{Note.}} {escape_latex(note)}" for note in content.notes]
    lines += [f"\\par\\noindent [{n}] {escape_latex(text)}" for n, text in content.references]
    lines.append("\\par\\endgroup")
    return "\n".join(lines) + "\n"


def _latex_cell(text: str) -> str:
    # After the line end of a row, LaTeX reads an opening bracket or a star as an option of that line end.
    escaped = escape_latex(text)
    return "{}" + escaped if escaped[:1] in ("[", "*") else escaped


def _widths(content: Content) -> list[float]:
    """Share the line among the columns: by the root of the longest cell, so that prose does not take all."""
    longest = [
        max([len(head), 4, *(len(row[index]) for row in content.rows)])
        for index, head in enumerate(content.columns)
    ]
    weights = [min(length, 400) ** 0.5 for length in longest]
    return [weight / sum(weights) for weight in weights]


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
