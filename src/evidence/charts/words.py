"""Numbers and labels as a reader sees them: true minus, equal digits, names in words."""

from __future__ import annotations

import math
import re
from collections.abc import Iterable

import numpy as np

from evidence.effects.codes import GENERIC

__all__ = [
    "MINUS",
    "clean",
    "count",
    "decimals_for",
    "domain_name",
    "interval_words",
    "limit_words",
    "listed",
    "measure_code",
    "measure_head",
    "number",
    "percent",
    "plural",
    "range_words",
    "spread_words",
]

MINUS = "\u2212"

# Control characters (but tab and line end), halves of surrogate pairs, characters that are none, the
# overrides that make a text read backwards, and the mark of byte order, which ends matplotlib's PDF writer.
_CONTROL = re.compile(
    "[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069\ufeff\ufffe\uffff\ud800-\udfff]"
)

_DOMAINS = {
    "speed_agility": "Speed, agility",
    "core_trunk": "Core, trunk",
    "foot_ankle": "Foot, ankle",
    "quad_ham_strength": "Quad, ham strength",
    "routine_knee_physio": "Routine knee physiotherapy",
    "sham_or_placebo": "Sham or placebo",
    "integrated_plus_strength": "Integrated plus strength",
    "injury_acl": "Injury: ACL",
    "injury_all": "Injury: all",
    "injury_ankle": "Injury: ankle",
    "injury_knee": "Injury: knee",
    "injury_knee_ankle": "Injury: knee, ankle",
    "injury_lower_limb": "Injury: lower limb",
    "injury_overuse": "Injury: overuse",
    "injury_pfp": "Injury: kneecap pain",
    "injury_severe": "Injury: severe",
}


def clean(text: str) -> str:
    r"""Return text without control characters; each becomes U+FFFD, so that the loss shows.

    Examples
    --------
    >>> clean("a\x07b") == "a\N{REPLACEMENT CHARACTER}b"
    True
    """
    return _CONTROL.sub("\N{REPLACEMENT CHARACTER}", text.replace("\r\n", "\n").replace("\r", "\n"))


def domain_name(key: str) -> str:
    """Return a code of the data as words: ``"movement_quality"`` as ``"Movement quality"``."""
    words = _DOMAINS.get(key, key.replace("_", " "))
    return words[:1].upper() + words[1:]


def number(value: float | None, decimals: int = 2) -> str:
    """Return a number with fixed decimals and a true minus; empty where there is none.

    A value that rounds to zero is printed without a sign: "-0.00" would state a direction.
    """
    if value is None or math.isnan(value):
        return ""
    if math.isinf(value):
        return "\u221e" if value > 0 else MINUS + "\u221e"
    text = f"{abs(value):.{decimals}f}"
    return MINUS + text if value < 0 and float(text) != 0 else text


def count(value: float | None) -> str:
    """Return a whole number with thin spaces between thousands; a dash where it is not known."""
    if value is None or math.isnan(value):
        return "\u2013"
    return f"{round(value):,}".replace(",", "\u2009")


def percent(value: float | None) -> str:
    """Return a share in percent with one decimal; empty where there is none."""
    if value is None or math.isnan(value):
        return ""
    return "<0.1%" if 0 < value < 0.05 else f"{value:.1f}%"


def range_words(low: float, high: float, decimals: int = 2, *, log: bool = False) -> str:
    """Return bounds in words, one of which may be infinite; for ratios (`log`) 0 is the open lower end.

    Examples
    --------
    >>> range_words(-0.75, 0.75)
    '−0.75 to 0.75'
    >>> range_words(0.75, math.inf)
    'above 0.75'
    """
    if math.isnan(low) or math.isnan(high):
        return ""
    if log and low <= 0.0:
        low = -math.inf
    if math.isinf(low) and math.isinf(high):
        return "no bound"
    if math.isinf(high):
        return f"above {number(low, decimals)}"
    if math.isinf(low):
        return f"below {number(high, decimals)}"
    return f"{number(low, decimals)} to {number(high, decimals)}"


def interval_words(
    estimate: float | None, low: float, high: float, decimals: int = 2, *, log: bool = False
) -> str:
    """Return estimate and interval in one phrase: ``"0.41 (0.10 to 0.72)"``; bounds alone without one.

    An interval around a value that is open on one side keeps its two ends: ``"0.41 (0.10 to \u221e)"``.
    """
    if estimate is None or math.isnan(estimate):
        return range_words(low, high, decimals, log=log)
    if not math.isinf(low) and not math.isinf(high):
        return f"{number(estimate, decimals)} ({range_words(low, high, decimals, log=log)})"
    return f"{number(estimate, decimals)} ({number(low, decimals)} to {number(high, decimals)})"


def limit_words(low: float, high: float, decimals: int = 2, *, log: bool = False, kind: str = "") -> str:
    """Return a limit of an estimate on one side, with what it is the limit of: a limit has a level.

    Parameters
    ----------
    low, high : float
        One of them infinite; for ratios (`log`) 0 is the open lower end.
    decimals : int
        Of the limit.
    log : bool
        Whether the numbers are ratios.
    kind : str
        Of which interval, at which level.

    Examples
    --------
    >>> limit_words(0.01, math.inf, kind="one-sided 95%")
    'at least 0.01 (one-sided 95%)'
    >>> limit_words(0.0, 0.8, log=True, kind="95% CI")
    'at most 0.80 (95% CI)'
    """
    behind = f" ({kind})" if kind else ""
    if math.isinf(high):
        return f"at least {number(low, decimals)}{behind}"
    if math.isinf(low) or (log and low <= 0.0):
        return f"at most {number(high, decimals)}{behind}"
    return f"{range_words(low, high, decimals, log=log)}{behind}"


def spread_words(value: float | None, low: float | None, high: float | None, decimals: int = 2) -> str:
    """Return a value with its limits where it has them."""
    if value is None:
        return "not estimated"
    if low is None or high is None:
        return number(value, decimals)
    return interval_words(value, low, high, decimals)


def decimals_for(values: Iterable[float], *, least: int = 2) -> int:
    """Return how many decimals show three digits of the typical value.

    The effects of one chart share the number of decimals, so that their points align. Two are enough for
    standardised effects and ratios; measured units may be thousandths or thousands.
    """
    finite = np.array([abs(v) for v in values if math.isfinite(v) and v != 0], dtype=float)
    if finite.size == 0:
        return least
    middle = float(np.median(finite))
    if 0.01 <= middle < 100.0:
        return least
    return int(np.clip(2 - math.floor(math.log10(middle)), 0, 9))


def plural(n: float | int, one: str, many: str = "") -> str:
    """Return a count with its noun: ``"1 study"``, ``"3 studies"``."""
    return f"{count(n)} {one if round(n) == 1 else many or one + 's'}"


def listed(words: Iterable[str]) -> str:
    """Return words as a list in a sentence: ``"a, b and c"``."""
    items = list(words)
    return items[0] if len(items) == 1 else f"{', '.join(items[:-1])} and {items[-1]}" if items else ""


def measure_code(measure: str) -> str:
    """Return a measure inside a sentence: its code, or "effect" where the numbers were given without one."""
    return "effect" if measure in ("", GENERIC) else measure


def measure_head(measure: str) -> str:
    """Return a measure at the head of a column, an axis or a sentence."""
    code = measure_code(measure)
    return "Effect" if code == "effect" else code
