"""What a chart of a claim shows, decided before anything is drawn."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import pandas as pd

from evidence._check import one_of
from evidence.charts.captions import limit_kind
from evidence.charts.frame import expect
from evidence.charts.words import domain_name, interval_words, limit_words, listed

if TYPE_CHECKING:
    from evidence.synthesis.claims import Claims

__all__ = ["CLAIM_CHART_COLUMNS", "claim_chart_rows"]

CLAIM_CHART_COLUMNS = (
    *("domain", "label", "mark", "estimate", "conf_low", "conf_high", "value_text", "studies_text", "says"),
)
"""Columns of `claim_chart_rows`, in this order."""


_SAYS = {
    "yes": "as claimed",
    "no": "not so",
    "open": "open",
    "few": "too few studies",
    "blank": "no interval",
    "untested": "not tested",
}


_CLAIMS = "found = ev.claims(ev.example_studies())"


def claim_chart_rows(found: Claims, claim_id: str) -> pd.DataFrame:
    """Decide what each domain of a claim shows.

    Parameters
    ----------
    found : Claims
        Result of `claims`.
    claim_id : str
        The claim.

    Returns
    -------
    DataFrame
        One line a domain. ``mark`` is ``"dot_only"`` (a value with its interval), ``"open"`` (of a single
        study), ``"bound"`` (a limit on one side) or empty; numbers are as printed.

    Raises
    ------
    ModelError
        Where there is no such claim.
    """
    expect("claim_chart", found, "Claims", ("table", "findings", "level"), _CLAIMS)
    claim_id = one_of("claim_id", claim_id, found.table["claim_id"].astype(str))
    factor = found.table.loc[found.table["claim_id"].eq(claim_id), "kind"].item() == "association"
    lines = []
    for row in found.findings[found.findings["claim_id"].eq(claim_id)].to_dict("records"):
        low, high, value = row["printed_low"], row["printed_high"], row["printed"]
        ratio = row["ratio"] != 0
        open_low = math.isinf(low) or (ratio and low == 0.0)
        empty = row["state"] in ("untested", "blank")
        used, tested = int(row["studies_used"]), int(row["studies_tested"])
        one = used == 1
        mark = "" if empty else "bound" if open_low or math.isinf(high) else "open" if one else "dot_only"
        lines.append(
            {
                "domain": row["domain"],
                "label": " against ".join(
                    listed(domain_name(name) for name in side.split(", "))
                    for side in str(row["domain"]).split(" against ")
                ),
                "mark": mark,
                "estimate": math.nan if mark in ("", "bound") else value,
                "conf_low": math.nan if empty else low,
                "conf_high": math.nan if empty else high,
                "value_text": _directions(row, factor)
                if empty
                else _value(value, low, high, ratio=ratio, kind="" if one else limit_kind(found.level, used)),
                "studies_text": str(used) if used == tested else f"{used} of {tested}",
                "says": _SAYS[row["state"]],
            }
        )
    return pd.DataFrame(lines, columns=list(CLAIM_CHART_COLUMNS))


def _value(value: float, low: float, high: float, *, ratio: bool, kind: str) -> str:
    """Return a result in words: a limit of several studies has a level, bounds of one print none."""
    if kind and math.isnan(value) and (math.isinf(high) or math.isinf(low) or (ratio and low == 0.0)):
        return limit_words(low, high, log=ratio, kind=kind)
    return interval_words(value, low, high, log=ratio)


def _directions(row: dict[Any, Any], factor: bool) -> str:
    """Return how many studies point each way, where there is no interval.

    Of a risk factor they point with or against the factor, which a claim of no association denies.
    """
    if row["state"] == "untested":
        return ""
    words = ("with factor", "against") if factor else ("for", "against")
    ways = (("point_for", words[0]), ("point_against", words[1]), ("point_nowhere", "unknown"))
    return ", ".join(f"{int(row[name])} {way}" for name, way in ways if row[name])
