"""Draw the marks of a forest plot on a planned table."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import pandas as pd

from evidence.charts import marks
from evidence.charts.frame import sides
from evidence.charts.scale import Scale, scale_for
from evidence.charts.symbols import PITCH, draw_symbol
from evidence.charts.table import title_height
from evidence.charts.table_draw import draw_plan
from evidence.charts.table_parts import Plan, pad_of

if TYPE_CHECKING:
    from evidence.charts.canvas import Sheet
    from evidence.charts.forest_layout import Preset
    from evidence.charts.risk_of_bias_rows import Appraised

__all__ = ["draw_forest", "scale_of"]


def scale_of(drawn: pd.DataFrame, picture: tuple[float, float], *, log: bool) -> Scale:
    """Choose the range: estimates, bounds and pooled limits must show, whiskers as far as they fit."""
    must: list[float] = []
    may: list[float] = []
    for row in drawn.itertuples(index=False):
        must += sides(row, ["estimate", "fitted"])
        (may if row.mark in ("square", "prediction") else must).extend(sides(row, ["low", "high"]))
    pooled = drawn[drawn["role"].isin(["pooled", "subtotal"])]
    always = [v for row in pooled.itertuples(index=False) for v in sides(row, ["estimate", "low", "high"])]
    return scale_for(must, may, *picture, log=log, always=always, beyond=1.2)


def draw_forest(
    plan: Plan,
    sheet: Sheet,
    drawn: pd.DataFrame,
    scale: Scale,
    preset: Preset,
    appraised: Appraised | None,
    heaviest: float,
) -> None:
    """Draw the table, then the marks of its rows and their symbols.

    Parameters
    ----------
    plan : Plan
        Where everything stands.
    sheet : Sheet
        Opened at the size of the plan.
    drawn : DataFrame
        The lines of the plan.
    scale : Scale
        The data axis.
    preset : Preset
        Colour of the pooled marks.
    appraised : Appraised or None
        Symbols by study.
    heaviest : float
        The largest share of all rows, also of those on other pages.
    """
    middles = draw_plan(plan, sheet, scale)
    for row, y in zip(drawn.itertuples(index=False), middles, strict=True):
        _mark(sheet, scale, row, y, heaviest, getattr(sheet.style.colours, preset.pooled_role))
    if appraised is not None:
        _symbols(plan, sheet, drawn, middles, appraised)


def _mark(sheet: Sheet, scale: Scale, row: Any, y: float, heaviest: float, pooled: str) -> None:  # noqa: ANN401
    """Draw the mark of one row."""
    em = sheet.style.text
    if not math.isnan(row.fitted):
        marks.fitted_value(sheet, scale, y, row.fitted, em * 0.95)
    if row.mark == "square":
        share = row.share / heaviest if heaviest and not math.isnan(row.share) else 0.5
        marks.square(sheet, scale, y, row.estimate, row.low, row.high, em * (0.35 + 0.55 * math.sqrt(share)))
    elif row.mark == "band":
        marks.band(sheet, scale, y, row.low, row.high, em * 0.72)
    elif row.mark == "arrow":
        marks.side_arrow(sheet, scale, y, scale.null, rightwards=row.high > scale.null)
    elif row.mark == "diamond":
        main = row.role in ("pooled", "subtotal")
        height = em * (0.95 if row.role == "pooled" else 0.8 if main else 0.7)
        marks.diamond(sheet, scale, y, row.estimate, row.low, row.high, height, filled=main, colour=pooled)
    elif row.mark == "bound":
        marks.limit_bar(sheet, scale, y, row.low, row.high, em * 0.9, colour=pooled)
    elif row.mark == "prediction":
        marks.thin_interval(sheet, scale, y, row.low, row.high, em * 0.5)


def _symbols(
    plan: Plan, sheet: Sheet, drawn: pd.DataFrame, middles: list[float], appraised: Appraised
) -> None:
    """Draw the judgements of each row under the names of their items."""
    style = plan.style
    at = next((i for i, column in enumerate(plan.columns) if column.group == "Risk of bias"), None)
    if at is None:  # it had no room, and a note says so
        return
    pitch = plan.widths[at] / len(appraised.items)
    places = [plan.starts[at] + (i + 0.5) * pitch for i in range(len(appraised.items))]
    bottom = pad_of(style) + title_height(plan) + plan.heads - style.small * 0.55
    for x, item in zip(places, appraised.items, strict=True):
        sheet.text(x, bottom, item, size=style.small, align="center", valign="bottom", bold=True)
    for row, y in zip(drawn.itertuples(index=False), middles, strict=True):
        if row.role == "row":
            for x, item in zip(places, appraised.items, strict=True):
                draw_symbol(
                    sheet, appraised.symbol(str(row.study), item), x, y, min(style.text, pitch / PITCH)
                )
