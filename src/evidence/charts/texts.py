"""Texts measured and broken to a width, in points, with the outlines of the font.

That needs no renderer: the layout does not depend on the backend that later draws it.
"""

from __future__ import annotations

import re
import warnings
from collections.abc import Sequence
from functools import lru_cache

from evidence.charts.fonts import families_for, is_breakable, shown

__all__ = ["LEADING", "balanced", "elide", "line_height", "narrowest", "text_width", "widest", "wrap"]

_HINTING = 1.035
"""Renderers fit glyphs to pixels: drawn text is up to 3 % wider than its outlines."""


_LONG = 256
"""Letters that are measured before the whole of a longer text is."""

LEADING = 1.25
"""Distance of two lines of one text, as a multiple of its size."""


@lru_cache(maxsize=20_000)
def text_width(text: str, size: float, bold: bool = False) -> float:
    """Return the width of one line of text in points."""
    from matplotlib.font_manager import FontProperties
    from matplotlib.textpath import TextToPath

    text = shown(text)
    font = FontProperties(family=families_for(text), size=size, weight="bold" if bold else "normal")
    with warnings.catch_warnings():  # a glyph that the font lacks is a box, and reported where it is drawn
        warnings.simplefilter("ignore", UserWarning)
        width, _, _ = TextToPath().get_text_width_height_descent(text, font, False)
    return float(width) * _HINTING


def widest(texts: Sequence[str], size: float, bold: bool = False) -> float:
    """Return the width of the widest line among texts, which may have several lines each."""
    lines = [line for text in texts for line in text.split("\n")]
    return max((text_width(line, size, bold) for line in lines), default=0.0)


def line_height(size: float, lines: int = 1) -> float:
    """Return the height of a text of so many lines, in points."""
    return size * LEADING * lines


def elide(text: str, width: float, size: float, bold: bool = False) -> str:
    """Return the text, or as much of it as fits and an ellipsis."""

    def fits(letters: int) -> bool:
        return text_width(text[:letters].rstrip() + "\u2026", size, bold) <= width

    # Of a very long text only a beginning is measured: where that does not fit, the whole does not.
    if (len(text) <= _LONG or fits(_LONG)) and text_width(text, size, bold) <= width:
        return text
    low, high = 0, 16
    while high < len(text) and fits(high):
        low, high = high, 2 * high
    high = min(high, len(text))
    while low < high:  # the longest beginning that fits: width grows with every character
        middle = (low + high + 1) // 2
        if fits(middle):
            low = middle
        else:
            high = middle - 1
    return text[:low].rstrip() + "\u2026"


def wrap(
    text: str, width: float, size: float, *, most: int = 99, bold: bool = False, keep_end: bool = False
) -> str:
    """Return the text broken at spaces to a width in points.

    Beyond `most` lines it ends in an ellipsis; with `keep_end` its last word (the year of a study) stays
    behind the ellipsis. Only names are ever shortened: an equation that is wider than a line is broken at its
    no-break spaces, a number between its digits.
    """
    lines: list[str] = []
    for paragraph in text.split("\n"):
        current = ""
        for word in _narrow(paragraph, width, size, bold):
            longer = f"{current} {word}" if current else word
            if current and text_width(longer, size, bold) > width:
                lines.append(current)
                current = word
            else:
                current = longer
        lines.append(current)
    if len(lines) > most:
        rest = " ".join(lines[most - 1 :])
        head, _, end = rest.rpartition(" ")
        if keep_end and head:
            room = width - text_width(f" {end}", size, bold)
            rest = f"{elide(head, room, size, bold)} {end}"
        lines = [*lines[: most - 1], rest]
    return "\n".join(elide(line, width, size, bold) for line in lines)


_LONGEST = 40
"""Letters of a word above which it is no number that anybody prints."""


def _narrow(text: str, width: float, size: float, bold: bool) -> list[str]:
    """Return the words of a text, what must not be shortened in parts that fit."""
    parts: list[str] = []
    for word in _words(text, width, size, bold):
        if text_width(word, size, bold) <= width:
            parts.append(word)
            continue
        for piece in word.split("\u00a0"):
            numeric = text_width(piece, size, bold) > width and _is_number(piece)
            parts += _by_letters(piece, width, size, bold) if numeric else [piece]
    return parts


def _is_number(word: str) -> bool:
    """Tell whether a word is a number with its signs, brackets and unit, as in ``p=0.02;``."""
    return len(word) <= _LONGEST and any(map(str.isdigit, word)) and sum(map(str.isalpha, word)) <= 3


def _by_letters(word: str, width: float, size: float, bold: bool) -> list[str]:
    """Return a word in parts that fit, one letter at least."""
    parts = [""]
    for letter in word:
        if parts[-1] and text_width(parts[-1] + letter, size, bold) > width:
            parts.append("")
        parts[-1] += letter
    return parts


def _words(text: str, width: float, size: float, bold: bool) -> list[str]:
    """Return the parts between which a line may be broken: words, and of a name without spaces its lines."""
    parts: list[str] = []
    for word in text.split(" "):
        if word.isascii() or text_width(word, size, bold) <= width or not any(map(is_breakable, word)):
            parts.append(word)
            continue
        parts.append("")
        for letter in word:
            if parts[-1] and is_breakable(letter) and text_width(parts[-1] + letter, size, bold) > width:
                parts.append("")
            parts[-1] += letter
    return parts


def narrowest(text: str, most_width: float, size: float, lines: int, *, bold: bool = False) -> float:
    """Return the least width in which a text needs no more lines than given, or its width of one line."""
    low, high = 0.0, min(widest([text], size, bold), most_width)
    for _ in range(12):  # to a four-thousandth of the width
        middle = (low + high) / 2
        whole = all(text_width(word, size, bold) <= middle for word in _pieces(text, middle, size, bold))
        if whole and wrap(text, middle, size, bold=bold).count("\n") < lines:
            high = middle
        else:
            low = middle
    return high


def _pieces(text: str, width: float, size: float, bold: bool) -> list[str]:
    """Return the words of all paragraphs of a text."""
    return [word for paragraph in text.split("\n") for word in _words(paragraph, width, size, bold)]


def balanced(text: str, width: float, size: float, *, bold: bool = False) -> str:
    """Return the text broken to a width in lines of about equal length: no last word stands alone."""
    text = re.sub(r"(\d+) of (\d+)", "\\1\u00a0of\u00a0\\2", text)  # "1 of 6" stays in one line
    lines = wrap(text, width, size, bold=bold).count("\n") + 1
    return wrap(text, narrowest(text, width, size, lines, bold=bold) * 1.001, size, bold=bold)
