"""What the effect-direction plot shows, decided before anything is drawn."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import pandas as pd

from evidence.charts.frame import as_float, as_text

if TYPE_CHECKING:
    from evidence.effects.record import Effects

__all__ = ["DIRECTION_COLUMNS", "effect_direction_rows"]

DIRECTION_COLUMNS = (
    "study",
    "label",
    "domain",
    "symbol",
    "clear",
    "outcomes",
    "up",
    "down",
    "level",
    "unknown",
    "within",
    "unusable",
    "people",
    "size",
)
"""Columns of `effect_direction_rows`, in this order."""

AGREEMENT = 0.7
"""Share of the outcomes of a study in a domain that has to point one way (Boon & Thomson 2021)."""

_WORDS = {
    "favours_e": "up",
    "supports_factor": "up",
    "favours_c": "down",
    "opposite": "down",
    "no_difference": "level",
    "no_association": "level",
}


def effect_direction_rows(effects: Effects) -> pd.DataFrame:
    """Decide the symbol of every study in every domain that it reports.

    Parameters
    ----------
    effects : Effects
        Effects of any kind; outcomes at their main time point count.

    Returns
    -------
    DataFrame
        One line per study and domain, in order of appearance. ``symbol`` is ``"up"`` (in favour of the
        first arm, or supporting the factor), ``"down"``, ``"level"`` (no difference, no association),
        ``"mixed"`` where fewer than 70 % of the outcomes agree, ``"unknown"`` where the print does
        not tell, ``"within"`` where only changes within groups were printed, ``"unusable"`` otherwise.
        ``clear`` is True where most outcomes that point that way are significant between the
        arms. ``outcomes`` counts those with a direction; ``size`` is 1 below 50 people, 2 up to
        300, 3 above.

    References
    ----------
    Thomson HJ, Thomas S. The effect direction plot: visual display of non-standardised effects across
    multiple outcome domains. Res Synth Methods 2013;4:95-101. doi:10.1002/jrsm.1060
    Boon MH, Thomson H. The effect direction plot revisited. Res Synth Methods 2021;12:29-33.
    doi:10.1002/jrsm.1458
    """
    table = effects.table
    if "main" in table and table["main"].any():
        table = table[table["main"].astype(bool)]
    lines = [
        _cell(str(study), str(domain), group)
        for (study, domain), group in table.groupby(["study", "domain"], sort=False)
    ]
    return pd.DataFrame(lines, columns=list(DIRECTION_COLUMNS))


def _row_direction(row: dict[Any, Any]) -> str:
    """Return where one row points.

    A row that cannot be pooled (another metric, say) still shows the direction that its paper reports; a
    change within one group is no direction between two.
    """
    if as_text(row["basis"]) == "within_group_only":
        return "within"
    word = _WORDS.get(as_text(row["direction"]))
    if word:
        return word
    if as_text(row["kind"]) == "unusable":
        return "unusable"
    sign = as_float(row.get("sign"))
    return "unknown" if math.isnan(sign) or sign == 0 else "up" if sign > 0 else "down"


def _significant(row: dict[Any, Any]) -> bool:
    """Tell whether a row's difference was significant: as reported, else by its bounds or its interval."""
    word = as_text(row.get("signif_between"))
    if word in ("yes", "no"):
        return word == "yes"
    kind = as_text(row["kind"])
    if kind == "interval":
        return as_float(row["low"]) > 0 or as_float(row["high"]) < 0
    return kind == "exact" and abs(as_float(row["estimate"])) > 1.96 * as_float(row["std_error"])


def _cell(study: str, domain: str, group: pd.DataFrame) -> dict[str, object]:
    """Return the line of one study in one domain."""
    records = group.to_dict("records")
    ways = [_row_direction(row) for row in records]
    counts = {way: ways.count(way) for way in ("up", "down", "level", "unknown", "within", "unusable")}
    told = counts["up"] + counts["down"] + counts["level"]
    symbol = _symbol(counts, told)
    pointing = [row for row, way in zip(records, ways, strict=True) if way == symbol]
    clear = symbol in ("up", "down") and sum(map(_significant, pointing)) * 2 > len(pointing)
    people = max(
        (n for n in (as_float(row.get("people")) for row in records) if n == n),
        default=math.nan,
    )
    return {
        "study": study,
        "label": as_text(records[0].get("label")) or study,
        "domain": domain,
        "symbol": symbol,
        "clear": clear,
        "outcomes": told,
        **counts,
        "people": people,
        "size": 1 if math.isnan(people) or people < 50 else 2 if people <= 300 else 3,
    }


def _symbol(counts: dict[str, int], told: int) -> str:
    """Return the symbol of a cell from the directions of its outcomes."""
    if told:
        way = max(("up", "down", "level"), key=lambda name: counts[name])
        return way if counts[way] >= AGREEMENT * told - 1e-12 else "mixed"
    return next(way for way in ("unknown", "within", "unusable") if counts[way])
