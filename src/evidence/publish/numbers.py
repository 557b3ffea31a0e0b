"""What an output rests on, for the manifest: rows, studies, and its numbers."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import pandas as pd

    from evidence.effects.record import Effects
    from evidence.fit import MetaFit

__all__ = ["Made", "of_effects", "of_fits", "of_rows"]

_FIT = (
    "estimate",
    "conf_low",
    "conf_high",
    "pred_low",
    "pred_high",
    "tau2",
    "k",
    "n_studies",
    "n_people",
    "bound",
    "measure",
    "scale",
    "display_sign",
)
"""Numbers of a result, and what is needed to print them: ratios are on the log scale."""


@dataclass(frozen=True)
class Made:
    """What an output rests on.

    Attributes
    ----------
    studies, rows : tuple of str
        Studies and rows that it shows.
    left_out : tuple of str
        Those of the rows that no pooled result in it uses.
    numbers : mapping
        Its numbers, nested by name, on the model scale. ``rows`` holds for each row estimate, standard
        error and bounds; below a pooled result, ``rows`` holds the percentage that each row contributes.
    """

    studies: tuple[str, ...]
    rows: tuple[str, ...] = ()
    left_out: tuple[str, ...] = ()
    numbers: Mapping[str, Any] = field(default_factory=dict)


def of_rows(table: pd.DataFrame) -> Made:
    """Return what an output rests on that counts and shows rows."""
    studies, rows = _unique(table["study"]), _unique(table["row_id"])
    return Made(studies, rows, numbers={"studies": len(studies), "count": len(rows)})


def of_effects(effects: Iterable[Effects]) -> Made:
    """Return what an output rests on that shows effects and pools none."""
    studies: dict[str, None] = {}
    values: dict[str, list[float]] = {}
    for each in effects:
        studies |= dict.fromkeys(_unique(each.table["study"]))
        columns = [each.table[name].astype(float) for name in ("estimate", "std_error", "low", "high")]
        for row, *numbers in zip(each.table["row_id"], *columns, strict=True):
            values[str(row)] = numbers
    return Made(tuple(studies), tuple(values), numbers={"rows": values})


def of_fits(fits: Mapping[str, MetaFit]) -> Made:
    """Return what an output rests on that shows pooled results, by their names."""
    studies: dict[str, None] = {}
    rows: dict[str, bool] = {}
    pooled: dict[str, dict[str, Any]] = {}
    for name, fit in fits.items():
        table = fit.rows
        studies |= dict.fromkeys(_unique(table["study"]))
        # Exact-data models weigh rows; the interval likelihood says how much of the information is theirs.
        share = table["contribution"] if table["contribution"].notna().any() else table["weight"]
        for row, used in zip(table["row_id"], table["used"], strict=True):
            rows[str(row)] = rows.get(str(row), False) or bool(used)
        pooled[name] = {part: getattr(fit, part) for part in _FIT}
        pooled[name]["rows"] = {
            str(row): part
            for row, part, used in zip(table["row_id"], share, table["used"], strict=True)
            if used
        }
    left_out = tuple(row for row, used in rows.items() if not used)
    return Made(tuple(studies), tuple(rows), left_out, {"pooled": pooled})


def _unique(items: Iterable[object]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(str(item) for item in items))
