"""Codes of the measures that `effect_sizes` reads from printed rows: a list that costs nothing to import."""

from __future__ import annotations

__all__ = ["GENERIC", "ROW_CODES", "measure_name", "measure_word"]

ROW_CODES = ("SMD", "RR", "IRR", "HR", "OR", "MD", "ROM", "RD", "SMDH", "SMD1", "DPPC1", "DPPC2")
"""In the order in which messages list them; a test holds them against the readers."""

GENERIC = "GEN"
"""Code of effects that were given as numbers, whatever they measure; no reader is shown it."""

_AS_GIVEN = "effect, as given"


def measure_word(code: str) -> str:
    """Return how a measure is called where there is little room: its code, or "effect, as given".

    Examples
    --------
    >>> measure_word("SMD"), measure_word("GEN")
    ('SMD', 'effect, as given')
    """
    return _AS_GIVEN if code in ("", GENERIC) else code


def measure_name(code: str) -> str:
    """Return the full name of a measure: "risk ratio"; "effect, as given" where it has none.

    Examples
    --------
    >>> measure_name("RR"), measure_name("GEN")
    ('risk ratio', 'effect, as given')
    """
    from evidence.effects.measures import MEASURES

    return MEASURES[code].name if code in MEASURES else measure_word(code)
