"""Letters that the charts' own font lacks: taken from an installed font that has them, else shown as a box.

A name in Chinese, Japanese or Korean is data like any other. Where no installed font has its letters the
box stands for them in the picture, and the chart's caption says which letters it stands for.
"""

from __future__ import annotations

import unicodedata
from functools import lru_cache

from evidence.charts.style import FONT

__all__ = ["BOX", "families_for", "is_breakable", "lost_letters", "lost_note", "shown"]

BOX = "\u25a1"
"""Stands for a letter that no installed font has."""

_PREFERRED = (
    "Noto Sans",
    "Noto Sans CJK SC",
    "Noto Sans CJK JP",
    "Noto Sans CJK KR",
    "Source Han Sans",
    "Microsoft YaHei",
    "Yu Gothic",
    "Malgun Gothic",
    "PingFang SC",
    "Hiragino Sans",
    "Apple SD Gothic Neo",
    "WenQuanYi Zen Hei",
    "Droid Sans Fallback",
    "Arial Unicode MS",
)
"""Families to look into first: sans serif, of many letters."""

_NOT_READ = ("Last Resort", "cm", "STIXSize", "DejaVu", "MathJax", "FontAwesome", "GLYPHICONS")
"""Beginnings of families whose letters are placeholders, formulas, or those of the charts' font again."""


@lru_cache(maxsize=1)
def _own() -> frozenset[int]:
    return _letters_of(FONT)


@lru_cache(maxsize=256)
def _letters_of(family: str) -> frozenset[int]:
    """Return the letters of a family, in its upright cut of ordinary weight where it has one."""
    from matplotlib.font_manager import fontManager, get_font

    cuts = [entry for entry in fontManager.ttflist if entry.name == family]
    best = min(cuts, key=lambda entry: (entry.style != "normal", str(entry.weight) not in ("400", "normal")))
    return frozenset(get_font(best.fname).get_charmap())


def _installed() -> list[str]:
    """Return the installed families that may be read, those of many letters first."""
    from matplotlib.font_manager import fontManager

    names = {entry.name for entry in fontManager.ttflist if not entry.name.startswith(_NOT_READ)}
    return [name for name in _PREFERRED if name in names] + sorted(names.difference(_PREFERRED))


@lru_cache(maxsize=4096)
def _found(letters: frozenset[int]) -> tuple[tuple[str, ...], frozenset[int]]:
    """Return families that have letters between them, and the letters that none has."""
    families, left = [], letters
    for name in _installed():
        if not left:
            break
        if rest := left & _letters_of(name):
            families.append(name)
            left -= rest
    return tuple(families), left


def _foreign(text: str) -> frozenset[int]:
    """Return the letters that the charts' font lacks; marks without a picture of their own do not count."""
    if text.isascii():
        return frozenset()
    return frozenset(
        ord(letter)
        for letter in text
        if ord(letter) not in _own() and unicodedata.category(letter) not in ("Cf", "Cc", "Zs", "Zl", "Zp")
    )


def families_for(text: str) -> list[str]:
    """Return the font families to draw a text with: their own, then others that have its letters."""
    foreign = _foreign(text)
    return [FONT, *_found(foreign)[0]] if foreign else [FONT]


def lost_letters(text: str) -> str:
    """Return the letters of a text that no installed font has."""
    foreign = _foreign(text)
    return "".join(map(chr, sorted(_found(foreign)[1]))) if foreign else ""


def shown(text: str) -> str:
    """Return a text as it is drawn: letters that no installed font has are boxes."""
    lost = lost_letters(text)
    return text.translate(dict.fromkeys(map(ord, lost), BOX)) if lost else text


def lost_note(letters: str) -> str:
    """Return the sentence of a caption that says what the boxes stand for.

    Examples
    --------
    >>> lost_note("中")
    'No installed font has 中 (U+4E2D): □ stands for it.'
    """
    names = [f"{letter} (U+{ord(letter):04X})" for letter in sorted(set(letters))]
    told = ", ".join(names[:_MOST_TOLD])
    more = f" and {len(names) - _MOST_TOLD} more letters" if len(names) > _MOST_TOLD else ""
    return f"No installed font has {told}{more}: {BOX} stands for {'it' if len(names) == 1 else 'them'}."


_MOST_TOLD = 12
"""Letters that a caption names; more are counted."""


def is_breakable(letter: str) -> bool:
    """Tell whether a line may be broken behind a letter: those of scripts that are written without spaces."""
    return unicodedata.east_asian_width(letter) in ("W", "F")
