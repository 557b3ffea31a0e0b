"""Text of a table cell: cleaned, with true minus signs and intervals that do not break."""

from __future__ import annotations

import math
import re

from evidence.charts.words import MINUS, clean, number

__all__ = ["NO_BREAK", "as_printed", "clean", "estimate_interval", "interval", "is_number", "p_value"]

NO_BREAK = "\N{NO-BREAK SPACE}"

_NUMBER = re.compile(r"[-+\u2212]?(?:\d+(?:[.]\d*)?|[.]\d+)(?:[eE][-+\u2212]?\d+)?%?\Z", re.ASCII)


def is_number(text: str) -> bool:
    """Tell whether a cell is one number and nothing else (with either minus sign).

    Examples
    --------
    >>> is_number("−0.50"), is_number("-1.2e-3"), is_number("-0.5 to 1")
    (True, True, False)
    """
    return _NUMBER.match(text) is not None


def as_printed(text: str) -> str:
    """Return a printed cell with a true minus where it is a number; its digits stay as they are.

    Examples
    --------
    >>> as_printed("-40.670"), as_printed("pre-test")
    ('−40.670', 'pre-test')
    """
    stripped = text.strip()
    return stripped.replace("-", MINUS) if is_number(stripped) else stripped


def interval(low: float | None, high: float | None, decimals: int = 2) -> str:
    """Return ``low to high`` that no line end separates; a one-sided bound as ``≥ low`` or ``≤ high``.

    Parameters
    ----------
    low, high : float or None
        The limits; None, NaN or an infinity is an open side.
    decimals : int
        Decimals of both limits. Two: standardised effects and ratios are read to the second.

    Examples
    --------
    >>> interval(-0.5, 1.25).replace(NO_BREAK, " ")
    '−0.50 to 1.25'
    >>> interval(0.1, float("inf")).replace(NO_BREAK, " ")
    '≥ 0.10'
    """
    open_low, open_high = _is_open(low), _is_open(high)
    if open_low and open_high:
        return ""
    if open_high:
        return f"\N{GREATER-THAN OR EQUAL TO}{NO_BREAK}{number(low, decimals)}"
    if open_low:
        return f"\N{LESS-THAN OR EQUAL TO}{NO_BREAK}{number(high, decimals)}"
    return f"{number(low, decimals)}{NO_BREAK}to{NO_BREAK}{number(high, decimals)}"


def _is_open(limit: float | None) -> bool:
    return limit is None or not math.isfinite(limit)


def estimate_interval(
    estimate: float | None, low: float | None, high: float | None, decimals: int = 2
) -> str:
    """Return ``0.31 (−0.05 to 0.67)``, or the bounds alone where there is no estimate.

    Parameters
    ----------
    estimate, low, high : float or None
        The value and its limits, on the scale to be shown.
    decimals : int
        Decimals of all three.

    Examples
    --------
    >>> estimate_interval(0.31, -0.05, 0.67).replace(NO_BREAK, " ")
    '0.31 (−0.05 to 0.67)'
    """
    around = interval(low, high, decimals)
    centre = number(estimate, decimals)
    if centre and around:
        return f"{centre}{NO_BREAK}({around})"
    return centre or around


def p_value(value: float | None) -> str:
    """Return a p value as journals print it: three decimals, never zero.

    Examples
    --------
    >>> p_value(0.0312), p_value(0.00004).replace(NO_BREAK, " ")
    ('0.031', '< 0.001')
    """
    if value is None or math.isnan(value):
        return ""
    return f"<{NO_BREAK}0.001" if value < 0.0005 else f"{value:.3f}"
