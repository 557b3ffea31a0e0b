"""What a specification curve shows: estimates in order, and which choices made each of them."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from evidence.charts.words import domain_name
from evidence.errors import ModelError
from evidence.synthesis.multiverse_choices import NOT_APPLIED

if TYPE_CHECKING:
    from evidence.synthesis.multiverse import Multiverse

__all__ = ["MOST", "SPECIFICATION_COLUMNS", "choice_rows", "specification_curve_rows"]

SPECIFICATION_COLUMNS = ("rank", "specification", "estimate", "low", "high", "verdict")
"""Columns of `specification_curve_rows` before those of the choices."""

MOST = 200
"""Specifications that are drawn at most: of more every so-manieth, the ends among them."""

_NAMES = {
    "tau2": "tau²",
    "rho": "rho",
    "inference": "Interval",
    "correlation": "r",
    "partial": "Partial rows",
    "inferred": "Inferred rows",
    "comparator_class": "Comparator",
}


def specification_curve_rows(multiverse: Multiverse, *, most: int = MOST) -> pd.DataFrame:
    """Decide what a specification curve shows.

    Parameters
    ----------
    multiverse : Multiverse
        Result of `multiverse`.
    most : int, default 200
        Specifications at most; of more an even selection by rank, the smallest and the largest among them.

    Returns
    -------
    DataFrame
        One line a specification that pools studies, from the smallest estimate on the printed scale:
        ``rank`` (among all), ``specification`` (line of the multiverse's table), ``estimate``, ``low``,
        ``high``, ``verdict`` (``"first"`` or ``"second"``: the arm that the interval favours; ``"open"``;
        empty without an interval), then a column for each choice with more than one value.

    Raises
    ------
    ModelError
        Where no specification pools studies.

    Examples
    --------
    >>> import evidence as ev
    >>> effects = ev.effects_from([0.1, 0.2, 0.3, 0.9, 0.4], variance=0.04)
    >>> found = ev.multiverse(effects, {"tau2": ["EE", "DL"], "inference": ["z", "HKSJ"]})
    >>> specification_curve_rows(found)["verdict"].tolist()
    ['first', 'first', 'open']
    """
    pooled = multiverse.pooled
    upwards = not (multiverse.log and multiverse.display_sign < 0)
    pooled = pooled.loc[pooled["estimate"].notna()]
    pooled = pooled.sort_values("estimate", kind="stable", ascending=upwards)
    if not len(pooled):
        raise ModelError(f"there is nothing to draw: {multiverse.sentence()}")
    n = len(pooled)
    at = np.arange(n) if n <= most else np.unique(np.linspace(0, n - 1, max(most, 2)).round().astype(int))
    numbers = pooled[["estimate", "conf_low", "conf_high"]].to_numpy(dtype=float)[at]
    low, high = numbers[:, 1], numbers[:, 2]
    open_ = np.where(np.isnan(low) | np.isnan(high), "", "open")
    verdict = np.where(low > 0.0, "first", np.where(high < 0.0, "second", open_))
    shown = np.exp(np.clip(multiverse.display_sign * numbers, -700.0, 700.0)) if multiverse.log else numbers
    turned = not upwards
    rows = pd.DataFrame(
        {
            "rank": at + 1,
            "specification": pooled.index.to_numpy()[at],
            "estimate": shown[:, 0],
            "low": shown[:, 2 if turned else 1],
            "high": shown[:, 1 if turned else 2],
            "verdict": verdict,
        },
        columns=list(SPECIFICATION_COLUMNS),
    )
    for name in _varied(multiverse):
        rows[name] = pooled[name].astype(str).to_numpy()[at]
    return rows


def _varied(multiverse: Multiverse) -> list[str]:
    """Return the choices with more than one value, those that move the estimate most first."""
    names = [str(name) for name in multiverse.table.columns[: list(multiverse.table.columns).index("model")]]
    order = [str(name) for name in multiverse.choices["choice"]] if len(multiverse.choices) else []
    names.sort(key=lambda name: order.index(name) if name in order else len(order))
    told = multiverse.pooled[names].astype(str)
    return [name for name in names if len(set(told[name]) - {NOT_APPLIED}) > 1]


def choice_rows(multiverse: Multiverse, room: float = math.inf) -> tuple[pd.DataFrame, list[str]]:
    """Return the lines of the matrix below the curve, and the choices for which there is no room.

    Parameters
    ----------
    multiverse : Multiverse
        Result of `multiverse`.
    room : float
        Lines at most; what does not fit is left out by whole choices, those that move the estimate most
        coming first.

    Returns
    -------
    tuple of DataFrame and list of str
        ``choice``, ``value``, ``name`` (empty but in the first line of a choice) and ``label``.
    """
    lines: list[dict[str, str]] = []
    missing: list[str] = []
    for name in _varied(multiverse):
        column = multiverse.pooled[name]
        present = set(column.astype(str))
        values = [str(value) for value in column.cat.categories if str(value) in present]
        if len(lines) + len(values) > room:
            missing.append(choice_name(name))
            continue
        lines += [
            {"choice": name, "value": value, "name": "" if i else choice_name(name), "label": _label(value)}
            for i, value in enumerate(values)
        ]
    return pd.DataFrame(lines, columns=["choice", "value", "name", "label"]), missing


def choice_name(name: str) -> str:
    """Return a choice as it is printed."""
    return _NAMES.get(name, domain_name(name))


def _label(value: str) -> str:
    return value.replace("_", " ")
