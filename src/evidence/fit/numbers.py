"""How numbers are printed in sentences and tables: enough digits for the interval, a true minus sign."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence

__all__ = ["count", "decimals", "listing", "number", "p_value"]

_MINUS = "−"

_ROUNDING = 1e-12
"""Share of their size by which sums of the same numbers in another order differ."""


def decimals(values: Iterable[float | None]) -> int:
    """Return how many decimals these numbers need: two, more where they lie closer together.

    The spread of the finite values (or, for a single one, its size) keeps at least two figures; values that
    differ by rounding errors alone count as one.
    """
    finite = [value for value in values if value is not None and math.isfinite(value)]
    if not finite:
        return 2
    size = max(abs(value) for value in finite)
    spread = max(finite) - min(finite)
    if spread <= _ROUNDING * size:
        spread = size
    if spread == 0.0:
        return 2
    places = 1 - math.floor(math.log10(spread))
    return min(max(places, 2 if spread < 100 else 0), 12)


def number(value: float | None, places: int = 2, *, missing: str = "") -> str:
    """Return a number as printed, with a true minus sign; powers of ten where decimals would be absurd.

    >>> number(-0.414), number(float("inf")), number(-0.001)
    ('−0.41', '∞', '0.00')
    """
    if value is None or math.isnan(value):
        return missing
    if math.isinf(value):
        return "∞" if value > 0 else f"{_MINUS}∞"
    size = abs(value)
    if size >= 1e7 or (0.0 < size < 10.0**-places and places >= 6):
        text = f"{value:.3g}"
    else:
        text = f"{value:.{places}f}"
        if float(text) == 0.0:
            text = text.lstrip("-")  # −0.00 is no number a reader knows
    return text.replace("-", _MINUS)


def p_value(value: float | None) -> str:
    """Return a p value as printed: three decimals, two figures where smaller, a bound below 0.0001."""
    if value is None:
        return ""
    if value < 1e-4:
        return "< 0.0001"
    return f"{value:.3f}" if value >= 0.01 else f"{value:.2g}"


def count(amount: float | None, singular: str, plural: str) -> str:
    """Return ``"7 studies"``, ``"1 study"``, or an empty string for an unknown amount."""
    if amount is None:
        return ""
    return f"{amount:.0f} {singular if round(amount) == 1 else plural}"


def listing(words: Sequence[str]) -> str:
    """Return words as a list in a sentence.

    >>> listing(["weeks"]), listing(["weeks", "dose"]), listing(["weeks", "dose", "sex"])
    ('weeks', 'weeks and dose', 'weeks, dose and sex')
    """
    return " and ".join(part for part in (", ".join(words[:-1]), *words[-1:]) if part)
