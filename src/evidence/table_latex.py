"""A table in LaTeX; every cell is data, and is escaped: none of it is run."""

from __future__ import annotations

import re

from evidence.table_formats import Content, slug
from evidence.table_words import clean

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
    label = f"\\label{{tab:{slug(content.id)}}}" if content.id else ""
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
