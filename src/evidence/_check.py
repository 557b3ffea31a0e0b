"""Checks of arguments, with one wording for all of them."""

from __future__ import annotations

import difflib
import math
import numbers
from collections.abc import Iterable

from evidence.errors import EvidenceError, ModelError

__all__ = [
    "as_number",
    "check_count",
    "check_level",
    "check_seed",
    "in_row",
    "is_text",
    "nearest",
    "one_of",
    "several",
]


def nearest(word: str, known: Iterable[str]) -> str:
    """Return the known word that is closest to a mistyped one, or an empty string."""
    options = list(known)
    folded = {option.casefold(): option for option in options}
    close = difflib.get_close_matches(word.casefold(), list(folded), n=1, cutoff=0.6)
    return folded[close[0]] if close else ""


def one_of(name: str, value: object, known: Iterable[str], *, error: type[EvidenceError] = ModelError) -> str:
    """Return the registered spelling of a choice, whatever its case.

    Parameters
    ----------
    name : str
        Name of the argument, for the message.
    value : object
        What the caller gave.
    known : iterable of str
        The registered spellings.
    error : type
        The class to raise.

    Raises
    ------
    EvidenceError
        Of the class `error`, where the value is not one of the known words.
    """
    options = list(known)
    if isinstance(value, str):
        for option in options:
            if option.casefold() == value.casefold():
                return option
    close = nearest(value, options) if isinstance(value, str) else ""
    hint = f" (did you mean {close}?)" if close else ""
    raise error(f"{name} must be one of {', '.join(options)}; got {value!r}{hint}")


def check_level(level: object) -> float:
    """Return a confidence level as a float.

    Raises
    ------
    ModelError
        Where it is not between 0.5 and 1, such as 95 for 0.95.
    """
    share = as_number(level)
    if not 0.5 <= share < 1.0:
        hint = f"; write {share / 100:g} for {share:g} %" if 1 < share < 100 else ""
        raise ModelError(f"level must be a share between 0.5 and 1, such as 0.95; got {level!r}{hint}")
    return share


def check_count(name: str, value: object, most: int) -> int:
    """Return a number of draws and the like.

    Raises
    ------
    ModelError
        Where it is no whole number from 1 to `most`.
    """
    if isinstance(value, bool) or not isinstance(value, numbers.Integral) or not 1 <= int(value) <= most:
        raise ModelError(f"{name} is a whole number from 1 to {most:,}; got {value!r}")
    return int(value)


def check_seed(seed: object) -> int:
    """Return the seed of random numbers.

    Raises
    ------
    ModelError
        Where it is no whole number from 0 on.
    """
    if isinstance(seed, bool) or not isinstance(seed, numbers.Integral) or int(seed) < 0:
        raise ModelError(f"seed is a whole number from 0 on, so that a run can be repeated; got {seed!r}")
    return int(seed)


def several(values: object) -> list[object]:
    """Return the members of a list, array or column; a single value (text too) is a list of one.

    Examples
    --------
    >>> several((1, 2)), several(0.5), several("ab")
    ([1, 2], [0.5], ['ab'])
    """
    if isinstance(values, str) or not isinstance(values, Iterable):
        return [values]
    return list(values)


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


def in_row(name: object, *, several: bool = False) -> str:
    """Return the name of a row, or the names of several, as a message says it.

    Rows without a name of their own are called "row 2" already.

    Examples
    --------
    >>> in_row("smith2019_01"), in_row("row 2")
    ('row smith2019_01', 'row 2')
    """
    said = str(name)
    return said if said.startswith("row ") else f"{'rows' if several else 'row'} {said}"
