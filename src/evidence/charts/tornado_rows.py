"""What a tornado chart shows: the variations of a result by how far they move it, the rest in one line."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import pandas as pd

from evidence.charts.captions import result_words
from evidence.charts.frame import as_float, printed, printed_range
from evidence.charts.words import decimals_for, interval_words, number, plural

if TYPE_CHECKING:
    from evidence.fit import MetaFit
    from evidence.synthesis.sensitivity import Sensitivity

__all__ = ["MOST", "TORNADO_COLUMNS", "tornado_rows"]

TORNADO_COLUMNS = (
    *("role", "about", "variation", "estimate", "low", "high", "effect_text", "moved", "verdict", "holds"),
    "count",
)
"""Columns of `tornado_rows`, in this order."""

MOST = 20
"""Lines at most: beyond, the bars cannot be compared at a glance."""

_STUDIES = 6
"""Lines "without study X" at most, those that move the result furthest."""


def tornado_rows(sensitivity: Sensitivity, *, most: int = MOST) -> pd.DataFrame:
    """Decide what a tornado chart shows, numbers on the printed scale.

    Parameters
    ----------
    sensitivity : Sensitivity
        Result of `sensitivity`.
    most : int, default 20
        Lines at most. What moves the estimate least is folded into one line; exceptions are folded last.

    Returns
    -------
    DataFrame
        The result itself first, then the variations by how far they move its estimate: ``role`` (``"main"``,
        ``"variation"`` or ``"folded"``), ``about``, ``variation``, ``estimate``, ``low``, ``high``,
        ``effect_text``, ``moved`` (distance on the model scale), ``verdict``, ``holds`` (missing where
        nothing can be compared), ``count`` (variations in the line). Of a folded line ``low`` and ``high``
        are the ends of its estimates.

    Examples
    --------
    >>> import evidence as ev
    >>> effects = ev.effects_from([0.1, 0.2, 0.3, 0.9, 0.4], variance=0.04, study=list("abcde"))
    >>> rows = tornado_rows(ev.sensitivity(ev.random_effects(effects)), most=6)
    >>> rows["variation"].tolist()[:2], rows["role"].tolist()[-1]
    (['as it is', 'without d'], 'folded')
    """
    fit, table = sensitivity.fit, sensitivity.table
    numbers = table[["estimate", "conf_low", "conf_high"]].to_numpy(dtype=float)
    shown = [_printed(fit, *line) for line in numbers]
    places = decimals_for([value for three in shown for value in three if math.isfinite(value)])
    lines = [
        _line(sensitivity.fits.get(str(line["variation"]), fit), line, three, places)
        for line, three in zip(table.to_dict("records"), shown, strict=True)
    ]
    main, others = lines[0] | {"role": "main", "moved": math.nan}, lines[1:]
    # Python's sort is stable: what moves it as far stays in the order of the page.
    others.sort(key=_order)
    kept, folded = _folded(others, str(main["effect_text"]), max(most, 3) - 1)
    if folded:
        kept.append(_fold(fit, folded, places))
    rows = pd.DataFrame([main, *kept], columns=list(TORNADO_COLUMNS))
    rows["holds"] = rows["holds"].astype("boolean")
    return rows


def _printed(fit: MetaFit, estimate: float, low: float, high: float) -> tuple[float, float, float]:
    return (
        printed(estimate, fit.scale, fit.display_sign),
        *printed_range(low, high, fit.scale, fit.display_sign),
    )


def _line(
    fit: MetaFit, line: Mapping[Any, Any], shown: tuple[float, float, float], places: int
) -> dict[str, Any]:
    known = any(math.isfinite(value) for value in shown)
    holds = line["holds"]
    return {
        "role": "variation",
        "about": str(line["about"]),
        "variation": str(line["variation"]),
        "estimate": shown[0],
        "low": shown[1],
        "high": shown[2],
        "effect_text": _words(fit, shown, places) if known else "no estimate",
        "moved": abs(as_float(line["change"])),
        "verdict": str(line["verdict"]),
        "holds": None if pd.isna(holds) else bool(holds),
        "count": 1,
    }


def _words(fit: MetaFit, shown: tuple[float, float, float], places: int) -> str:
    """Return a line in words: estimate and interval, or the limit of the variation's fit with its level."""
    if math.isfinite(shown[0]):
        return interval_words(*shown, places, log=fit.scale == "log")
    return result_words(fit, places)


def _order(line: Mapping[str, Any]) -> float:
    """Return the place of a line: the furthest first, those without an estimate behind."""
    moved = float(line["moved"])
    return math.inf if math.isnan(moved) else -moved


def _folded(
    lines: list[dict[str, Any]], main: str, most: int
) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    """Return the lines that are shown and those that are folded.

    Exceptions come before all others; of the studies left out only the furthest compete with what else may
    be varied, and what prints the same numbers as the result has nothing to show.
    """
    studies = [i for i, line in enumerate(lines) if line["about"] == "one study less"]
    alike = [i for i, line in enumerate(lines) if line["effect_text"] == main]
    later = {i for i in (*studies[_STUDIES:], *alike) if lines[i]["holds"] is not False}
    if len(later) == 1:  # a line that says "1 more" would take the room of that one
        later = set()
    ranks = sorted(range(len(lines)), key=lambda i: (lines[i]["holds"] is not False, i in later, i))
    room = len(lines) if len(lines) <= most and not later else min(most - 1, len(lines) - len(later))
    shown = set(ranks[:room])
    return (
        [line for i, line in enumerate(lines) if i in shown],
        [line for i, line in enumerate(lines) if i not in shown],
    )


def _fold(fit: MetaFit, lines: list[dict[str, Any]], places: int) -> dict[str, Any]:
    """Return one line for many: how many, and between which estimates."""
    values = [line["estimate"] for line in lines if math.isfinite(line["estimate"])]
    against = sum(line["holds"] is False for line in lines)
    what = "without one study" if all(line["about"] == "one study less" for line in lines) else "variations"
    otherwise = f", {against} of them otherwise" if against else ""
    ends = (min(values), max(values)) if values else (math.nan, math.nan)
    same = values and number(ends[0], places) == number(ends[1], places)
    between = (
        f"{number(ends[0], places)}" if same else f"{number(ends[0], places)} to {number(ends[1], places)}"
    )
    return {
        "role": "folded",
        "about": "",
        "variation": f"{plural(len(lines), 'more', 'more')} {what}{otherwise}",
        "estimate": math.nan,
        "low": ends[0],
        "high": ends[1],
        "effect_text": between if values else "no estimate",
        "moved": math.nan,
        "verdict": "",
        "holds": True if all(line["holds"] is True for line in lines) else None,
        "count": len(lines),
    }
