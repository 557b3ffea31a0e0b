"""A table in LaTeX; every cell is data, and is escaped: none of it is run."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from evidence.table_formats import slug
from evidence.table_layout import Content, column_widths
from evidence.table_words import clean

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["escape_latex", "to_latex"]

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
        "\u2007": r"\phantom{0}",
        "\u2008": r"\phantom{.}",
        "\u2009": r"\,",
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
    """Return a ``longtable`` (packages booktabs, longtable, array) with notes and references.

    Made by pandas' Styler from cells that are escaped here: it escapes neither heads nor captions, and does
    not know no-break spaces, minus signs, or an opening bracket at the beginning of a row.
    """
    import pandas as pd

    # What a user has set for the tables of a notebook must not reach this one, nor cut it short.
    plain = (
        "styler.render.max_elements",
        10**12,
        "styler.format.escape",
        None,
        "styler.format.formatter",
        None,
    )
    open_ends = ("styler.render.max_rows", None, "styler.render.max_columns", None)
    with pd.option_context(*plain, *open_ends):
        styler = _frame(content).style.hide(axis="index")
        table = styler.to_latex(
            environment="longtable",
            column_format=_column_format(content),
            caption=escape_latex(content.caption) + _raised(content.mark(None, None)) or None,
            label=f"tab:{slug(content.id)}" if content.id else None,
            hrules=True,
            sparse_columns=True,
            multicol_align="c",
        )
    if not content.rows:  # the Styler counts the columns of its first row
        table = table.replace(r"\multicolumn{0}", rf"\multicolumn{{{len(content.columns)}}}")
    lines = [
        "% needs \\usepackage{booktabs,longtable,array} and, with pdfLaTeX, \\usepackage[T1]{fontenc}",
        "\\begingroup\\footnotesize",
        table.rstrip("\n"),
    ]
    lines += [f"\\par\\noindent {_raised(letter)} {escape_latex(text)}" for letter, text in content.lettered]
    lines += [f"\\par\\noindent\\emph{{Note.}} {escape_latex(note)}" for note in content.notes]
    lines += [f"\\par\\noindent [{n}] {escape_latex(text)}" for n, text in content.references]
    lines.append("\\par\\endgroup")
    return "\n".join(lines) + "\n"


def _frame(content: Content) -> pd.DataFrame:
    """Return heads, headings of groups and cells as LaTeX."""
    import pandas as pd

    heads = [_cell(head, content.mark(None, at)) for at, head in enumerate(content.columns)]
    rows = []
    for group, at in content.lines():
        if at < 0:
            # As wide as it is, over the empty cells to the right of it.
            rows.append([f"\\makebox[0pt][l]{{\\textbf{{{escape_latex(group)}}}}}", *[""] * (len(heads) - 1)])
            continue
        rows.append(
            [
                _phantom(before) + _cell(cell, content.hung(at, of)) + _phantom(after)
                for of, (cell, (before, after)) in enumerate(
                    zip(content.rows[at], content.padding[at], strict=True)
                )
            ]
        )
    spans = content.spans()
    if not spans:
        return pd.DataFrame(rows, columns=heads, dtype=object)
    over = [escape_latex(text) for text, count in spans for _ in range(count)]
    rules = [f"\\cmidrule(lr){{{first + 1}-{last + 1}}}" for _, first, last in content.spanners]
    heads[0] = f"{''.join(rules)} {heads[0]}"
    return pd.DataFrame(rows, columns=pd.MultiIndex.from_arrays([over, heads]), dtype=object)


def _cell(text: str, mark: str) -> str:
    # After the line end of a row, LaTeX reads an opening bracket or a star as an option of that line end.
    escaped = escape_latex(text)
    return ("{}" if escaped[:1] in ("[", "*") else "") + escaped + _raised(mark)


def _raised(mark: str) -> str:
    return f"\\textsuperscript{{{escape_latex(mark)}}}" if mark else ""


def _phantom(signs: str) -> str:
    return f"\\phantom{{{escape_latex(signs)}}}" if signs else ""


_LINE = 110
"""Letters that a line of a page holds in small type: prose is broken, words stay whole."""


def _column_format(content: Content) -> str:
    """Return the columns with their shares of the line, numbers at the right edge."""
    widths = column_widths(content, _LINE, lambda text: len(text) + 2.0)
    return "".join(
        f">{{\\{'raggedleft' if is_numeric else 'raggedright'}\\arraybackslash}}"
        f"p{{\\dimexpr {width / _LINE:.3f}\\linewidth-2\\tabcolsep\\relax}}"
        for width, is_numeric in zip(widths, content.numeric, strict=True)
    )
