"""Numbers as people write them, brought to one form by stated rules; no digit is lost."""

from __future__ import annotations

import re
from collections.abc import Iterable
from decimal import Decimal, InvalidOperation
from functools import lru_cache

from evidence.studies.mapping import Cells, NumberRules

__all__ = ["ABSENT", "clean_number", "has_decimal_commas", "is_plain"]

ABSENT = frozenset({"na", "n/a", "#n/a", "nan", "null"})
"""Words, in lower case, that programs write for a blank cell; all others a mapping has to state."""

_DASHES = str.maketrans({"\N{MINUS SIGN}": "-", "\N{EN DASH}": "-", "\N{NON-BREAKING HYPHEN}": "-"})
_PLAIN = re.compile(r"[+-]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]+)?")
_COMMA = re.compile(r"[^0-9]*[+-]?[0-9]*,[0-9]+(?![0-9.,])")
_POINT = re.compile(r"[0-9]?\.[0-9]")


def has_decimal_commas(words: Iterable[str]) -> bool:
    """Say whether numbers are written with decimal commas: some have a comma, and none a point."""
    found = False
    for word in words:
        if _POINT.search(word):
            return False
        found = found or _COMMA.match(word) is not None
    return found


def is_plain(word: str) -> bool:
    """Say whether a word is one number in plain digits."""
    return _PLAIN.fullmatch(word) is not None


def clean_number(word: str, rules: NumberRules, cells: Cells) -> str:
    """Return a cell as a plain number, or as it was where it is none.

    Typographic minus signs become hyphens, the texts that the mapping names are removed, marks of thousands
    go, a decimal comma becomes a point; then one of several numbers is taken and multiplied, where asked.
    """
    plain = word.translate(_DASHES)
    for text in rules.remove:
        plain = plain.replace(text, "")
    plain = plain.strip()
    if rules.thousands:
        plain = _without_thousands(plain, rules.thousands, rules.decimal or ".")
    if rules.decimal == ",":
        plain = re.sub(r"(?<=[0-9]),(?=[0-9])|(?<![0-9]),(?=[0-9])", ".", plain)
    if cells.part:
        numbers = _numbers().findall(plain)
        if numbers:
            plain = numbers[cells.part - 1] if len(numbers) >= cells.part else ""
    if cells.times and plain:
        plain = _multiplied(plain, cells.times)
    return plain if plain or not word or cells.part else word


@lru_cache(maxsize=1)
def _numbers() -> re.Pattern[str]:
    # A hyphen between two numbers is a dash (8.1-12.3), not a sign.
    return re.compile(r"(?:(?<![0-9.)%])[+-])?(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]+)?")


def _without_thousands(word: str, mark: str, decimal: str) -> str:
    """Take marks of thousands out where they stand before groups of three digits."""
    separator = r"[ \u00a0\u202f]" if mark == " " else re.escape(mark)
    grouped = re.compile(rf"(?<![0-9{re.escape(decimal)}])[0-9]{{1,3}}(?:{separator}[0-9]{{3}})+(?![0-9])")
    return grouped.sub(lambda found: re.sub(separator, "", found[0]), word)


def _multiplied(word: str, factor: str) -> str:
    """Multiply exactly, in decimal digits; a p value or a word stays as it is."""
    if not is_plain(word):
        return word
    try:
        return f"{(Decimal(word) * Decimal(factor)):f}"
    except (InvalidOperation, OverflowError):
        return word
