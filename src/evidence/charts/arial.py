"""How wide Arial sets a text: slides and Word use it, and the machine that measures need not have it."""

from __future__ import annotations

import re
import unicodedata
from functools import cache

__all__ = ["arial_width"]

_SIGNS = {
    "\N{MINUS SIGN}": "minus",
    "\N{EN DASH}": "endash",
    "\N{EM DASH}": "emdash",
    "\N{HORIZONTAL ELLIPSIS}": "ellipsis",
    "\N{GREATER-THAN OR EQUAL TO}": "greaterequal",
    "\N{LESS-THAN OR EQUAL TO}": "lessequal",
    "\N{RIGHT SINGLE QUOTATION MARK}": "quoteright",
    "\N{LEFT SINGLE QUOTATION MARK}": "quoteleft",
    "\N{LEFT DOUBLE QUOTATION MARK}": "quotedblleft",
    "\N{RIGHT DOUBLE QUOTATION MARK}": "quotedblright",
    "\N{MULTIPLICATION SIGN}": "multiply",
    "\N{PLUS-MINUS SIGN}": "plusminus",
    "\N{NO-BREAK SPACE}": "space",
    "\N{THIN SPACE}": "space",
    "\N{FIGURE SPACE}": "zero",
}
"""Signs outside of ASCII by their names in the metrics."""


def arial_width(text: str, size: float, bold: bool = False) -> float | None:
    """Return the width of one line of text in Arial, in points; None where a letter's is not known.

    Arial has the widths of Helvetica, whose metrics matplotlib ships.

    Examples
    --------
    >>> arial_width("00", 10.0), arial_width("\N{SNOWMAN}", 10.0)
    (11.12, None)
    """
    by_letter, by_name = _metrics(bold)
    total = 0
    for letter in text:
        base = unicodedata.normalize("NFD", letter)[0]  # an accent adds nothing to the width
        wide = by_name.get(_SIGNS.get(letter, "")) or by_letter.get(base)
        if wide is None:
            return None
        total += wide
    return total * size / 1000


@cache
def _metrics(bold: bool) -> tuple[dict[str, int], dict[str, int]]:
    """Return the widths of Helvetica in thousandths of its size, by letter and name; empty where missing."""
    from pathlib import Path

    import matplotlib as mpl

    path = Path(mpl.get_data_path(), "fonts", "pdfcorefonts", f"Helvetica{'-Bold' if bold else ''}.afm")
    try:
        text = path.read_text(encoding="latin-1")
    except OSError:
        return {}, {}
    found = re.findall(r"C (-?\d+) ; WX (\d+) ; N (\w+) ;", text)
    letters = {chr(int(code)): int(wide) for code, wide, _ in found if 32 <= int(code) < 127}
    # The metrics have quotation marks where ASCII has straight ones.
    letters |= {"'": 191 if not bold else 238, "`": 333}
    return letters, {name: int(wide) for _, wide, name in found}
