"""What the albatross plot shows, decided before anything is drawn."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from evidence.charts.frame import as_float, as_text
from evidence.effects.null_scores import null_scores
from evidence.errors import ModelError
from evidence.numerics.albatross import contour_odds_ratio, contour_risk_ratio, contour_smd, signed_log_p

if TYPE_CHECKING:
    from evidence.effects.record import Effects

__all__ = ["ALBATROSS_COLUMNS", "albatross_contours", "albatross_rows", "left_off"]

ALBATROSS_COLUMNS = (
    *(
        "row_id",
        "study",
        "label",
        "outcome",
        "people",
        "mark",
        "x_low",
        "x_high",
        "p_low",
        "p_high",
        "estimate",
    ),
)
"""Columns of `albatross_rows`, in this order."""

_MARKS = {"exact": "point", "interval": "band", "sign": "side"}

SMD_SIZES = (0.2, 0.5, 0.8)
RATIO_SIZES = (1.25, 1.5, 2.0)
"""Contours that are drawn unless others are asked for; ratios on either side of 1."""


def albatross_rows(effects: Effects) -> pd.DataFrame:
    """Decide where each row stands: its p value, or its band of p, against its people.

    Parameters
    ----------
    effects : Effects
        Effects of any kind, at their main time point.

    Returns
    -------
    DataFrame
        One line a row that can be shown. ``mark`` is ``"point"`` (an exact p), ``"band"`` (bounds of p) or
        ``"side"`` (a direction alone). ``x_low`` and ``x_high`` are minus log10 of the two-sided p with
        the sign of the effect, so that 0 is p = 1 and the right favours the first arm; ends may be infinite.
        ``p_low`` and ``p_high`` are the two-sided p values themselves. Rows without the number of people or
        without any statement of a side or a test are left off (`left_off`).
    """
    table = effects.table.reset_index(drop=True)
    keep = _shown(table)
    scores = null_scores(table, effects.measure)
    low, high = (signed_log_p(end, scores.df) for end in (scores.low, scores.high))
    keep &= np.isfinite(low) | np.isfinite(high)
    lines = []
    for i in np.flatnonzero(keep):
        ends = sorted(10.0 ** -abs(end) if math.isfinite(end) else 0.0 for end in (low[i], high[i]))
        if low[i] < 0.0 < high[i]:
            ends[1] = 1.0
        row = table.iloc[int(i)]
        lines.append(
            {
                "row_id": as_text(row["row_id"]),
                "study": as_text(row["study"]),
                "label": as_text(row.get("label")) or as_text(row["study"]),
                "outcome": as_text(row.get("outcome")),
                "people": _people(table)[i],
                "mark": _MARKS[as_text(row["kind"])],
                "x_low": low[i],
                "x_high": high[i],
                "p_low": ends[0],
                "p_high": ends[1],
                "estimate": as_float(row["estimate"]),
            }
        )
    return pd.DataFrame(lines, columns=list(ALBATROSS_COLUMNS))


def _people(table: pd.DataFrame) -> np.ndarray:
    """Return the people of each row, NaN where they are not known."""
    names = [name for name in ("people", "n_e", "n_c") if name in table]
    known = {name: np.asarray(pd.to_numeric(table[name]), dtype=np.float64) for name in names}
    out = known.get("people", np.full(len(table), math.nan))
    if {"n_e", "n_c"} <= set(known):
        out = np.where(np.isnan(out), known["n_e"] + known["n_c"], out)
    return np.asarray(out)


def _shown(table: pd.DataFrame) -> np.ndarray:
    keep = table["kind"].isin(_MARKS).to_numpy() & (_people(table) > 0)
    if "main" in table:
        keep &= table["main"].astype(bool).to_numpy()
    return np.asarray(keep)


def left_off(effects: Effects, rows: pd.DataFrame) -> int:
    """Return how many rows at their main time point cannot be shown."""
    table = effects.table
    main = table["main"].astype(bool) if "main" in table else pd.Series(True, index=table.index)
    return int(main.sum()) - len(rows)


def albatross_contours(
    effects: Effects,
    n: np.ndarray,
    *,
    sizes: tuple[float, ...] | None = None,
    baseline: float | None = None,
    ratio: float = 1.0,
) -> pd.DataFrame:
    """Return the contours of equal effect, on both sides.

    Parameters
    ----------
    effects : Effects
        For the measure.
    n : ndarray
        Numbers of people at which the contours are computed.
    sizes : tuple of float, optional
        Standardised mean differences, or ratios above 1 (drawn with their inverse). None takes
        0.2, 0.5, 0.8 or 1.25, 1.5, 2.
    baseline : float, optional
        Risk in the second arm: contours of OR and RR need it. Without it there are none.
    ratio : float, default 1.0
        People in the first arm for each one in the second.

    Returns
    -------
    DataFrame
        ``value`` (as printed), ``side`` (1 favours the first arm), ``people``, ``x``.

    Raises
    ------
    ModelError
        Where a size, the baseline or the ratio is impossible.
    """
    if not (math.isfinite(ratio) and ratio > 0):
        raise ModelError(f"ratio is people in the first arm for each in the second, above 0; got {ratio!r}")
    columns = ["value", "side", "people", "x"]
    measure = effects.measure.upper()
    if measure == "SMD":
        lines = [
            _line(size, side, n, signed_log_p(contour_smd(side * size, n, ratio), n - 2.0))
            for size in _checked(sizes or SMD_SIZES, 0.0)
            for side in (1, -1)
        ]
    elif measure in ("OR", "RR") and baseline is not None:
        if not 0 < baseline < 1:
            raise ModelError(f"baseline is the risk in the second arm, between 0 and 1; got {baseline!r}")
        contour = contour_odds_ratio if measure == "OR" else contour_risk_ratio
        lines = []
        for size in _checked(sizes or RATIO_SIZES, 1.0):
            for side in (1, -1):
                value = size ** (side * effects.display_sign)
                z = side * np.abs(contour(value, n, baseline, ratio))
                lines.append(_line(value, side, n, signed_log_p(z, np.inf)))
    else:
        return pd.DataFrame(columns=columns)
    return pd.concat(lines, ignore_index=True)[columns]


def _checked(sizes: tuple[float, ...], least: float) -> tuple[float, ...]:
    """Return sizes that are all above a value.

    Raises
    ------
    ModelError
        Where one is not.
    """
    wrong = [size for size in sizes if not (math.isfinite(size) and size > least)]
    if wrong:
        what = "ratios above 1, drawn with their inverse" if least else "effects above 0, drawn on both sides"
        raise ModelError(f"sizes are {what}; got {wrong[0]!r}")
    return sizes


def _line(value: float, side: int, n: np.ndarray, x: np.ndarray) -> pd.DataFrame:
    return pd.DataFrame({"value": value, "side": side, "people": n, "x": x})
