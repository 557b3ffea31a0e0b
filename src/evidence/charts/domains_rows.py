"""What the comparison by domain shows, decided before anything is drawn."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import pandas as pd

from evidence.charts.captions import limits, result_words
from evidence.charts.forest_rows import KIND_MARKS, row_numbers
from evidence.charts.frame import as_float, as_text, printed_range
from evidence.charts.words import decimals_for, domain_name, interval_words
from evidence.fit.chance import favoured

if TYPE_CHECKING:
    from evidence.fit import MetaFit
    from evidence.synthesis.compare import Comparison

__all__ = ["DOMAIN_COLUMNS", "domains_rows"]

DOMAIN_COLUMNS = (
    "role",
    "domain",
    "label",
    "state",
    "mark",
    "estimate",
    "low",
    "high",
    "pred_low",
    "pred_high",
    "effect_text",
    "verdict",
    "studies",
    "people",
    "exact",
    "interval",
    "sign",
    "left_out",
    "row_id",
)
"""Columns of `domains_rows`, in this order."""

_KINDS = ("exact", "interval", "sign", "left_out")


def domains_rows(comparison: Comparison) -> pd.DataFrame:
    """Decide what the comparison by domain shows.

    Parameters
    ----------
    comparison : Comparison
        Result of `compare`.

    Returns
    -------
    DataFrame
        One line a domain in the order of the comparison (``role`` ``"domain"``); where one study stands
        alone its rows follow (``role`` ``"row"``), because one study is printed, not pooled. ``state`` is
        ``"pooled"``, ``"limit"`` (one side only), ``"no limit"``, ``"one study"`` or ``"nothing"``.
        Numbers are on the printed scale. ``verdict`` is ``"first"`` or ``"second"`` where the interval
        excludes no difference in favour of that arm, ``"undecided"`` where it does not, empty
        where nothing was pooled.
    """
    every = [v for fit in comparison.fits.values() for v in fit.rows["std_error"]]
    lines: list[dict[str, object]] = []
    for group in comparison.table.to_dict("records"):
        value = str(group[comparison.by])
        counts = {kind: int(group[f"rows_{kind}"]) for kind in _KINDS}
        fit = comparison.fits.get(value)
        if fit is None:
            lines.append(_empty(value, counts))
            continue
        decimals = 2 if fit.scale == "log" else decimals_for([as_float(v) for v in every])
        lines.append(_domain(value, fit, decimals) | counts)
        if lines[-1]["state"] == "one study":
            lines += _rows_of(value, fit, decimals)
    return pd.DataFrame(lines, columns=list(DOMAIN_COLUMNS))


def _state(fit: MetaFit) -> str:
    """Return what a domain has: a pooled value, a limit, rows of one study, or nothing."""
    if fit.n_studies == 0 or not fit.rows["used"].any():
        return "nothing"
    if fit.n_studies == 1:
        return "one study"
    estimate, low, high = limits(fit)
    if not math.isnan(estimate):
        return "pooled"
    return "no limit" if fit.bound == "none" or math.isnan(low) or math.isnan(high) else "limit"


def _verdict(fit: MetaFit, state: str) -> str:
    """Return which arm the interval favours, on the model scale, where positive favours the first."""
    if state not in ("pooled", "limit"):
        return ""
    return favoured(fit) or "undecided"


_STATE_WORDS = {"no limit": "no limit", "one study": "1 study, not pooled", "nothing": "nothing to pool"}
_STATE_MARKS = {"pooled": "dot", "limit": "bound"}


def _domain(value: str, fit: MetaFit, decimals: int) -> dict[str, object]:
    """Return the line of one domain."""
    state = _state(fit)
    estimate, low, high = limits(fit) if state in ("pooled", "limit") else (math.nan, math.nan, math.nan)
    pred_low, pred_high = math.nan, math.nan
    if state == "pooled" and fit.pred_low is not None and fit.pred_high is not None:
        pred_low, pred_high = printed_range(fit.pred_low, fit.pred_high, fit.scale, fit.display_sign)
    return {
        "role": "domain",
        "domain": value,
        "label": domain_name(value),
        "state": state,
        "mark": _STATE_MARKS.get(state, "none"),
        "estimate": estimate,
        "low": low,
        "high": high,
        "pred_low": pred_low,
        "pred_high": pred_high,
        "effect_text": _STATE_WORDS.get(state) or result_words(fit, decimals),
        "verdict": _verdict(fit, state),
        "studies": fit.n_studies,
        "people": as_float(fit.n_people),
        "row_id": "",
    }


def _empty(value: str, counts: dict[str, int]) -> dict[str, object]:
    """Return the line of a domain that the model could not pool; the comparison's table says why."""
    numbers = ("estimate", "low", "high", "pred_low", "pred_high", "people")
    return {
        "role": "domain",
        "domain": value,
        "label": domain_name(value),
        "state": "nothing",
        "mark": "none",
        **dict.fromkeys(numbers, math.nan),
        "effect_text": _STATE_WORDS["nothing"],
        "verdict": "",
        "studies": 0,
        **counts,
        "row_id": "",
    }


def _rows_of(value: str, fit: MetaFit, decimals: int) -> list[dict[str, object]]:
    """Return the rows of the only study of a domain."""
    lines = []
    told = fit.rows["used"].astype(bool) | fit.rows["why_not"].astype(str).str.startswith("one study")
    for row in fit.rows[told].to_dict("records"):
        kind = as_text(row["kind"])
        estimate, low, high = row_numbers(row, fit, kind)
        name = as_text(row.get("label")) or as_text(row["study"])
        lines.append(
            {
                "role": "row",
                "domain": value,
                "label": ": ".join(part for part in (name, as_text(row.get("outcome"))) if part),
                "state": "one study",
                "mark": KIND_MARKS.get(kind, "none"),
                "estimate": estimate,
                "low": low,
                "high": high,
                "pred_low": math.nan,
                "pred_high": math.nan,
                "effect_text": interval_words(
                    estimate, low, high, 0 if kind == "sign" else decimals, log=fit.scale == "log"
                ),
                "verdict": "",
                "studies": 1,
                "people": math.nan,
                **dict.fromkeys(_KINDS, 0),
                "row_id": as_text(row["row_id"]),
            }
        )
    return lines
