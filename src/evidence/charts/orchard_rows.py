"""What an orchard plot shows, decided before anything is drawn; and where its circles stand."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from evidence.charts.domains_rows import domains_rows
from evidence.charts.forest_rows import row_numbers
from evidence.charts.frame import as_float, as_text
from evidence.charts.words import domain_name
from evidence.errors import ModelError
from evidence.synthesis.compare import ROW_COUNTS, Comparison

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from evidence.fit import MetaFit

__all__ = ["ORCHARD_COLUMNS", "as_comparison", "orchard_rows", "swarm"]

ORCHARD_COLUMNS = (
    *("role", "group", "label", "row_id", "study", "mark", "state", "estimate", "low", "high"),
    *("pred_low", "pred_high", "std_error", "effects", "studies", "effect_text"),
)
"""Columns of `orchard_rows`, in this order."""

ALL = "all effects"
"""Name of the only group where a single fit is drawn."""

_MARKS = {"exact": "circle", "interval": "band", "sign": "arrow"}
_WAY = 'comparison = ev.compare(effects, by="domain")'


def as_comparison(given: object) -> Comparison:
    """Return a comparison as it is, and a single fit as one of a single group.

    Raises
    ------
    ModelError
        Where neither is given, no group has a result, or a fit has moderators or several outcomes.
    """
    comparison: Any = given
    if hasattr(comparison, "fits") and hasattr(comparison, "by"):
        if not comparison.fits:
            reasons = "; ".join(f"{group}: {why}" for group, why in comparison.failures.items())
            raise ModelError(f"no group of the comparison has a result to draw ({reasons})")
        found: Comparison = comparison
        return found
    if not all(hasattr(comparison, name) for name in ("rows", "estimate", "scale")):
        raise ModelError(
            f"orchard() takes a Comparison or one pooled result (MetaFit); got {type(given).__name__}. "
            f"To get one: {_WAY}"
        )
    fit: MetaFit = comparison
    if getattr(fit, "coefficients", None) is not None:
        raise ModelError(
            "a fit with moderators or several outcomes has no one mean to draw; for the levels of a factor "
            f"pool each: {_WAY}; for a number: ev.bubble(fit)"
        )
    used = fit.rows.loc[fit.rows["used"].astype(bool), "kind"].tolist()
    counts = {f"rows_{kind}": used.count(kind) for kind in ROW_COUNTS[:-1]}
    line = {"group": ALL, **counts, "rows_left_out": len(fit.rows) - len(used)}
    return Comparison({ALL: fit}, pd.DataFrame([line]), None, "group", fit.measure, fit.level)


def orchard_rows(comparison_or_fit: Comparison | MetaFit) -> pd.DataFrame:
    """Decide what an orchard plot shows.

    Parameters
    ----------
    comparison_or_fit : Comparison or MetaFit
        Result of `compare`, or one pooled result.

    Returns
    -------
    DataFrame
        For each group one line of role ``"group"`` (the pooled result, with ``state`` as in `domains_rows`,
        how many effects are drawn in it and of how many studies), then its rows (role ``"row"``, those that
        were not pooled ``"left_out"``). Numbers are on the printed scale. ``mark`` of a row is ``"circle"``
        for a value, ``"band"`` where only bounds are known, ``"arrow"`` for a direction.

    Raises
    ------
    ModelError
        Where neither is given, or nothing has a result.

    Examples
    --------
    >>> import evidence as ev
    >>> effects = ev.effects_from([0.2, 0.5, 0.1], std_error=[0.2, 0.3, 0.25], study=["a", "b", "c"])
    >>> orchard_rows(ev.random_effects(effects))["role"].tolist()
    ['group', 'row', 'row', 'row']
    """
    comparison = as_comparison(comparison_or_fit)
    heads = domains_rows(comparison)
    lines: list[dict[str, object]] = []
    for head in heads[heads["role"].eq("domain")].to_dict("records"):
        name = str(head["domain"])
        fit = comparison.fits.get(name)
        rows = [] if fit is None else [_row(row, name, fit) for row in fit.rows.to_dict("records")]
        drawn = [row for row in rows if row["mark"] != "none"]
        if not drawn:
            counts = {"effects": 0, "studies": 0}
        else:
            counts = {"effects": len(drawn), "studies": len({row["study"] for row in drawn})}
        kept = {
            key: head[key] for key in ("mark", "state", "estimate", "low", "high", "pred_low", "pred_high")
        }
        lines.append(
            {
                "role": "group",
                "group": name,
                "label": as_text(domain_name(name)),
                "row_id": "",
                "study": "",
                **kept,
                "std_error": math.nan,
                **counts,
                "effect_text": head["effect_text"],
            }
        )
        lines += rows
    return pd.DataFrame(lines, columns=list(ORCHARD_COLUMNS))


def _row(row: dict[Any, Any], group: str, fit: MetaFit) -> dict[str, object]:
    """Return the line of one row of the effects; that of a lone study is drawn though it is not pooled."""
    kind = as_text(row["kind"])
    lone = as_text(row.get("why_not")).startswith("one study")
    used = bool(row["used"]) or lone
    estimate, low, high = row_numbers(row, fit, kind)
    return {
        "role": "row" if used else "left_out",
        "group": group,
        "label": as_text(row.get("label")) or as_text(row["study"]),
        "row_id": as_text(row["row_id"]),
        "study": as_text(row["study"]),
        "mark": _MARKS.get(kind, "none") if used else "none",
        "state": "",
        "estimate": estimate,
        "low": low,
        "high": high,
        "pred_low": math.nan,
        "pred_high": math.nan,
        "std_error": as_float(row["std_error"]),
        "effects": 0,
        "studies": 0,
        "effect_text": "",
    }


def swarm(places: Sequence[float], sizes: Sequence[float], height: float) -> NDArray[np.float64]:
    """Return how far above the floor each circle stands so that none hides another.

    Parameters
    ----------
    places : sequence of float
        Where the circles stand sideways, in points.
    sizes : sequence of float
        Their diameters.
    height : float
        Room above the floor. Where the circles need more, they move closer and overlap: the same circles
        always stand in the same way, nothing is drawn by chance.

    Returns
    -------
    ndarray
        Heights of the centres.
    """
    x, radius = np.asarray(places, dtype=np.float64), np.asarray(sizes, dtype=np.float64) / 2.0
    out = radius.copy()
    placed: list[int] = []
    for i in sorted(range(x.size), key=lambda at: (-radius[at], x[at], at)):
        near = [j for j in placed if abs(x[i] - x[j]) < radius[i] + radius[j]]
        reach = [math.sqrt((radius[i] + radius[j]) ** 2 - (x[i] - x[j]) ** 2) for j in near]
        options = sorted({radius[i], *(out[j] + r for j, r in zip(near, reach, strict=True))})
        out[i] = next(
            y
            for y in options
            if y >= radius[i]
            and all(abs(y - out[j]) >= r * (1 - 1e-9) for j, r in zip(near, reach, strict=True))
        )
        placed.append(i)
    above = out - radius  # of the foot of each circle
    room = np.maximum(height - 2.0 * radius, 0.0)
    excess = float(np.max(np.divide(above, room, out=np.full(x.size, np.inf), where=room > 0), initial=0.0))
    if excess > 1.0:
        above = above / excess
    return np.asarray(radius + above)
