"""Values of BibTeX as plain text: accents decoded, commands that only set letters gone."""

from __future__ import annotations

import re

from evidence.table_words import clean

__all__ = ["harmless", "plain", "prose"]

_COMMAND = (
    r"text(?:bf|it|rm|sf|sc|sl|tt|up|md|normal|subscript|superscript)|emph|mbox|enquote|url|path|nolinkurl"
    r"|uppercase|lowercase|MakeUppercase|MakeLowercase|ensuremath|math(?:rm|it|bf|sf)|underline"
)
"""Commands whose argument is what a reader sees."""

_SWITCH = r"em|bf|it|rm|sc|sf|sl|tt|itshape|bfseries|scshape|slshape|upshape|normalfont|small|protect|relax"
"""Commands without an argument that set letters, and print nothing."""

_BEFORE = (
    (re.compile(r"\\href\s*\{[^{}]*\}"), ""),
    (re.compile(rf"\\(?:{_COMMAND})\s*(?=\{{)"), ""),
    (re.compile(rf"\\(?:{_SWITCH})(?![A-Za-z])\s*"), ""),
    (re.compile(r"\\((?:La|Bib)?TeX)(?![A-Za-z])\s*(?:\{\})?"), r"\1"),
    # An accent takes the dot of its letter away; the decoder knows the letter with its dot.
    (re.compile(r"""\\(['`^"~=.])\s*(?:\{\s*\\([ij])\s*\}|\\([ij])(?![A-Za-z]))"""), r"\\\1{\2\3}"),
    # Short formulas without commands: x^2, p < 0.05, k = 3.
    (re.compile(r"(?<!\\)\$([^$\\]*[_^<>=][^$\\]*|[A-Za-z])(?<!\\)\$"), r"\1"),
)

_TYPESET = (
    ("---", "\N{EM DASH}"),
    ("--", "\N{EN DASH}"),
    ("``", "\N{LEFT DOUBLE QUOTATION MARK}"),
    ("''", "\N{RIGHT DOUBLE QUOTATION MARK}"),
)
"""What TeX makes of marks that stand together."""


def plain(value: str) -> str:
    r"""Return a BibTeX value as plain text: accents decoded, protecting braces gone, one line.

    Examples
    --------
    >>> plain(r"{\'\i}ndice \textbf{CO\textsubscript{2}}")
    'índice CO2'
    """
    for pattern, text in _BEFORE:
        value = pattern.sub(text, value)
    return " ".join(clean(_decoded(value).replace("{", "").replace("}", "")).split())


def prose(value: str) -> str:
    r"""Return a title, a name or a publisher: as `plain`, with dashes, quotation marks and spaces typeset.

    Not for addresses: there a tilde and two hyphens are what they are.

    Examples
    --------
    >>> prose("Knees --- a ``trial'' of Smith~A")
    'Knees — a “trial” of Smith A'
    """
    for written, typeset in _TYPESET:
        value = value.replace(written, typeset)
    return plain(re.sub(r"(?<!\\)~", " ", value))


def harmless(value: str) -> str:
    r"""Return a BibTeX value whose commands set letters and do nothing else.

    A title is typeset by LaTeX: ``\input`` would read a file of whoever cites it. What `plain` knows
    (accents, symbols, fonts) stays as it is written; every other command is shown by its name.

    Examples
    --------
    >>> print(harmless(r"M{\"u}ller \emph{et al.} \input{/etc/passwd}"))
    M{\"u}ller \emph{et al.} \textbackslash{}input{/etc/passwd}
    """
    named = re.sub(r"\\[A-Za-z@]+", lambda found: _shown(found[0]), value)
    # TeX reads ^^5c as a backslash.
    return named.replace("^^", r"\textasciicircum{}\textasciicircum{}")


def _shown(command: str) -> str:
    # The accents that are letters, over whatever letter: c is a cedilla, v a caron.
    accent = command[1:] in set("bcdHkrtuv")
    known = accent or any("\\" not in plain(text) for text in (f"{command}{{a}}", f"${command}$"))
    return command if known else f"\\textbackslash{{}}{command[1:]}"


def _decoded(value: str) -> str:
    """Return a value with its accents and symbols; what the decoder cannot read stays as it is written."""
    if "\\" not in value:
        return value
    import codecs

    import latexcodec  # noqa: F401  # registers the codec; comes with pybtex

    try:
        return str(codecs.decode(value, "ulatex")).replace(r"\$", "$")  # type: ignore[call-overload]
    except ValueError:  # a backslash at the very end
        return value
