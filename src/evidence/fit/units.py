"""A standardised effect in the units of an instrument, with the source of its SD."""

from __future__ import annotations

import html
import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from evidence._check import as_number, is_text
from evidence.effects.measures import MEASURES
from evidence.errors import ModelError
from evidence.fit.numbers import decimals, number
from evidence.fit.plain import plain
from evidence.fit.sentences import limit_kind, range_words, row_range

if TYPE_CHECKING:
    from evidence.fit.record import MetaFit

__all__ = ["UnitsEstimate", "in_units", "is_standardised"]


@dataclass(frozen=True, repr=False)
class UnitsEstimate:
    """An effect multiplied by a standard deviation.

    Attributes
    ----------
    estimate, conf_low, conf_high, pred_low, pred_high : float or None
        In `unit`; positive favours the first arm.
    unit : str
        The unit.
    sd : float
        The standard deviation used.
    source : str
        Where the SD comes from, ``"source not named"`` where nobody said.
    sentence : str
        The result in one line.
    """

    estimate: float | None
    conf_low: float | None
    conf_high: float | None
    pred_low: float | None
    pred_high: float | None
    unit: str
    sd: float
    source: str
    sentence: str

    def __str__(self) -> str:
        """Return the sentence."""
        return self.sentence

    def __repr__(self) -> str:
        """Return the sentence."""
        return plain(self, self.sentence)

    def _repr_html_(self) -> str:
        """Return the sentence for a notebook."""
        return f"<p>{html.escape(self.sentence)}</p>"


def is_standardised(measure: str) -> bool:
    """Tell whether a measure counts in standard deviations."""
    record = MEASURES.get(measure.upper())
    if record is None:  # a measure of the user's own, by its name
        return measure.upper().startswith(("SMD", "SMC"))
    return record.scale == "identity" and "standard deviations" in record.unit


def in_units(fit: MetaFit, sd: float, unit: str, source: str | None) -> UnitsEstimate:
    """Multiply a standardised effect by a standard deviation; see `MetaFit.in_units`.

    Raises
    ------
    ModelError
        Where the measure is not standardised, the SD is not a positive number, or a text is none.
    """
    if not is_standardised(fit.measure):
        raise ModelError(
            f"in_units() turns standardised mean differences into units; this result is a {fit.measure},"
            " which has its own unit (see .display)"
        )
    if not is_text(unit):
        raise ModelError(f"unit takes the unit as text, such as 'kg'; got {unit!r}")
    if not (math.isfinite(as_number(sd)) and sd > 0):
        raise ModelError(f"sd must be a positive number, the standard deviation in {unit}; got {sd!r}")
    named = _named(source)
    values = {
        name: None if (value := getattr(fit, name)) is None else value * float(sd)
        for name in ("estimate", "conf_low", "conf_high", "pred_low", "pred_high")
    }
    words = _words(fit, values, float(sd), unit)
    line = f"{words} (SD {sd:g} {unit}: {named}); positive favours the first arm."
    return UnitsEstimate(unit=unit, sd=float(sd), source=named, sentence=line, **values)


def _named(source: object) -> str:
    if not (source is None or isinstance(source, str)):
        raise ModelError(f"source takes text, where the SD comes from, or None; got {source!r}")
    return (source or "").strip() or "source not named"


def _words(fit: MetaFit, values: Mapping[str, float | None], sd: float, unit: str) -> str:
    """Return estimate and interval, the limit where that is all there is, or what the only study says."""
    estimate, low, high = (values[name] for name in ("estimate", "conf_low", "conf_high"))
    places = decimals([estimate, low, high])
    if estimate is not None:
        span = range_words(low, high, f"{100 * fit.level:g} % interval", places, f" {unit}")
        return f"{number(estimate, places)} {unit}, {span}"
    if fit.bound in ("lower", "upper"):
        least, end = ("at least", low) if fit.bound == "lower" else ("at most", high)
        return f"No estimate; {least} {number(end, places)} {unit}, {limit_kind(fit)}"
    placed = row_range(fit, sd)
    if placed:
        return f"No estimate; one study, whose report places the effect {placed} {unit}"
    return "No estimate; no limit"
