"""The table of a sensitivity page: the result, and every variation with what its interval says."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import pandas as pd

from evidence.effects.codes import measure_word
from evidence.fit.numbers import decimals, number
from evidence.tables import Table

if TYPE_CHECKING:
    from evidence.fit import MetaFit
    from evidence.synthesis.sensitivity import Sensitivity

__all__ = ["sensitivity_table"]

_SAYS = {"first": "favours first arm", "second": "favours second arm", "open": "direction open", "": ""}
_HOLDS = {True: "yes", False: "no", pd.NA: "", None: ""}


def sensitivity_table(page: Sensitivity, *, caption: str = "", id: str = "") -> Table:
    """Tabulate a result beside its variations, on the printed scale, with what was not tried below.

    Parameters
    ----------
    page : Sensitivity
        Result of `sensitivity`.
    caption : str
        Its caption; by default the page's sentence.
    id : str
        Its id, for references to it.

    Returns
    -------
    Table
        One line a variation: what is varied, studies, estimate and interval, what the interval says, and
        whether that is the same as of the result.
    """
    fit = page.fit
    lines = page.table.to_dict("records")
    ends = [_printed(fit, line) for line in lines]
    places = decimals([value for three in ends for value in three])
    word = measure_word(fit.measure)
    data = pd.DataFrame(
        {
            "Varied": [str(line["variation"]) for line in lines],
            "Studies": [int(line["n_studies"]) for line in lines],
            f"{word[:1].upper()}{word[1:]}": [number(three[0], places) for three in ends],
            f"{100 * fit.level:g} % interval": [_interval(*three[1:], places) for three in ends],
            "Interval says": [_SAYS[str(line["verdict"])] for line in lines],
            "Holds": ["", *(_HOLDS[line["holds"]] for line in lines[1:])],
        }
    )
    notes = [note for note in page.notes if not note.startswith("The table is on the log scale")]
    return Table(data, caption=caption or page.sentence(), notes=tuple(notes), id=id)


def _printed(fit: MetaFit, line: Mapping[Any, Any]) -> tuple[float, float, float]:
    """Return estimate and limits on the printed scale, the lower first; NaN where there is none."""
    estimate, low, high = (
        math.nan if pd.isna(line[name]) else float(fit.to_display(float(line[name])) or 0.0)
        for name in ("estimate", "conf_low", "conf_high")
    )
    if fit.scale == "log":
        low, high = (high, low) if fit.display_sign < 0 else (low, high)
        low = -math.inf if low == 0.0 else low  # a ratio of zero is the open end of its scale
    return estimate, low, high


def _interval(low: float, high: float, places: int) -> str:
    if math.isnan(low) and math.isnan(high):
        return ""
    if not math.isfinite(high):
        return f"above {number(low, places)}" if math.isfinite(low) else "no bound"
    return (
        f"{number(low, places)} to {number(high, places)}"
        if math.isfinite(low)
        else f"below {number(high, places)}"
    )
