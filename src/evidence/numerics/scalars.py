"""Tell a number or a text from what merely looks like one, before it is used."""

from __future__ import annotations

import math
import numbers

__all__ = ["as_number", "is_text"]


def as_number(value: object) -> float:
    """Return a real number as a float, and NaN for anything else: text, None, True, a list.

    Text is no number here even where it spells one: ``level="0.9"`` is a slip of the caller's, and a
    number read from it would hide the next slip. NaN fails every comparison, so that a check of the
    range is also a check of the type.

    Examples
    --------
    >>> as_number(0.9), as_number("0.9"), as_number(None)
    (0.9, nan, nan)
    """
    if isinstance(value, bool):
        return math.nan
    return float(value) if isinstance(value, numbers.Real) else math.nan


def is_text(value: object) -> bool:
    """Tell whether a value is text that says something."""
    return isinstance(value, str) and bool(value.strip())
