"""A standardised effect in the units of an instrument, with the source of its SD."""

from __future__ import annotations

import html
import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

from evidence.errors import ModelError
from evidence.fit.numbers import decimals, number

if TYPE_CHECKING:
    from evidence.fit.record import MetaFit

__all__ = ["UnitsEstimate", "in_units", "is_standardised"]


@dataclass(frozen=True)
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

    def _repr_html_(self) -> str:
        """Return the sentence for a notebook."""
        return f"<p>{html.escape(self.sentence)}</p>"


def is_standardised(measure: str) -> bool:
    """Tell whether a measure counts in standard deviations."""
    return measure.upper().startswith(("SMD", "SMC"))


def in_units(fit: MetaFit, sd: float, unit: str, source: str | None) -> UnitsEstimate:
    """Multiply a standardised effect by a standard deviation; see `MetaFit.in_units`.

    Raises
    ------
    ModelError
        Where the measure is not standardised, or the SD is not a positive number.
    """
    if not is_standardised(fit.measure):
        raise ModelError(
            f"in_units() turns standardised mean differences into units; this result is a {fit.measure},"
            " which has its own unit (see .display)"
        )
    if not (math.isfinite(sd) and sd > 0):
        raise ModelError(f"sd must be a positive number, the standard deviation in {unit}; got {sd!r}")
    named = source.strip() if source and source.strip() else "source not named"
    values = {
        name: None if (value := getattr(fit, name)) is None else value * float(sd)
        for name in ("estimate", "conf_low", "conf_high", "pred_low", "pred_high")
    }
    places = decimals([values["estimate"], values["conf_low"], values["conf_high"]])
    ends = [values["conf_low"], values["conf_high"]]
    if values["estimate"] is not None:
        start = f"{number(values['estimate'], places)} {unit}, "
    else:
        start = "No estimate; "
    if all(end is None or math.isinf(end) for end in ends):
        span = "no bound"
    else:
        low, high = (number(end, places) for end in ends)
        span = f"{100 * fit.level:g} % interval {low} to {high} {unit}"
    line = f"{start}{span} (SD {sd:g} {unit}: {named}); positive favours the first arm."
    return UnitsEstimate(unit=unit, sd=float(sd), source=named, sentence=line, **values)
