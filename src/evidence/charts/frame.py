"""From the model scale to the printed one, and other small things that rows of several charts share."""

from __future__ import annotations

import math
import unicodedata
from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pandas as pd

from evidence.charts.canvas import open_sheet
from evidence.charts.figures import available, enlarged, new_axes, room_for, room_style
from evidence.charts.style import POINTS, Style, style_for
from evidence.charts.table import plan_table
from evidence.charts.table_parts import Content, Plan
from evidence.errors import ModelError

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from evidence.charts.canvas import Sheet

__all__ = [
    "MEASURE_NAMES",
    "as_float",
    "as_text",
    "expect",
    "measure_name",
    "on_screen",
    "place",
    "printed",
    "printed_range",
    "roomiest",
    "sides",
]

MEASURE_NAMES = {
    "SMD": "Standardised mean difference (Hedges' g)",
    "SMDH": "Standardised mean difference (unequal variances)",
    "SMD1": "Standardised mean difference (second arm's SD)",
    "DPPC1": "Difference of standardised changes (d_ppc1)",
    "DPPC2": "Standardised difference of changes (d_ppc2)",
    "MD": "Mean difference",
    "OR": "Odds ratio",
    "RR": "Risk ratio",
    "IRR": "Incidence rate ratio",
    "HR": "Hazard ratio",
    "RD": "Risk difference",
    "ROM": "Ratio of means",
    "ratio": "Ratio (risk, rate or hazard)",
    "GEN": "Effect, as given",
}
"""Names of the measures on an axis."""


def measure_name(measure: str) -> str:
    """Return the name of a measure for an axis; an unknown code stays as it is."""
    folded = {code.casefold(): name for code, name in MEASURE_NAMES.items()}
    return folded.get(measure.casefold(), measure)


def as_float(value: Any) -> float:  # noqa: ANN401  (a cell of a DataFrame, or an optional number)
    """Return a cell as a float; missing becomes NaN."""
    return math.nan if value is None or pd.isna(value) else float(value)


def as_text(value: Any) -> str:  # noqa: ANN401  (a cell of a DataFrame)
    """Return a cell as one line of text without control characters; missing becomes empty."""
    if value is None or (not isinstance(value, str) and pd.isna(value)):
        return ""
    plain = "".join(c if unicodedata.category(c) not in ("Cc", "Cs") else " " for c in str(value))
    return " ".join(plain.split())


def printed(value: float | None, scale: str, sign: int) -> float:
    """Return a value of the model scale on the printed scale: ``exp(sign * value)`` for ratios."""
    if value is None or math.isnan(value):
        return math.nan
    if scale != "log":
        return value
    exponent = sign * value
    return math.inf if exponent > 700 else math.exp(exponent)


def printed_range(low: float | None, high: float | None, scale: str, sign: int) -> tuple[float, float]:
    """Return bounds on the printed scale, the lower first: a negative sign turns them round."""
    ends = printed(low, scale, sign), printed(high, scale, sign)
    return (ends[1], ends[0]) if scale == "log" and sign < 0 else ends


def on_screen(favours: tuple[str, str], scale: str, sign: int) -> tuple[str, str]:
    """Return what lies left and right of the line: turned round where fewer events favour the first arm."""
    second, first = (
        f"favours {name}" if name and not name.startswith("favours") else name for name in favours
    )
    left, right = (first, second) if scale == "log" and sign < 0 else (second, first)
    return (f"\u2190\u00a0{left}" if left else "", f"{right}\u00a0\u2192" if right else "")


def expect(call: str, value: object, kind: str, has: Iterable[str], way: str) -> None:
    """Refuse what a chart cannot draw.

    Parameters
    ----------
    call : str
        The function, for the message.
    value : object
        What the caller gave.
    kind : str
        What is taken.
    has : iterable of str
        Attributes of it that are read.
    way : str
        How to get it.

    Raises
    ------
    ModelError
        Where the value lacks one of the attributes.
    """
    if not all(hasattr(value, name) for name in has):
        got = "None" if value is None else type(value).__name__
        raise ModelError(f"{call}() takes {kind}; got {got}. To get one: {way}")


def sides(row: Any, names: Iterable[str]) -> list[float]:  # noqa: ANN401  (a named tuple of a DataFrame)
    """Return cells of a row, without the missing ones."""
    values = [as_float(getattr(row, name)) for name in names]
    return [v for v in values if not math.isnan(v)]


def place(
    contents: Sequence[Content], medium: str, ax: Axes | None, least_picture: float
) -> tuple[Plan, Sheet]:
    """Plan a table chart for a new figure or for a given `Axes`, and open its sheet.

    Parameters
    ----------
    contents : sequence of Content
        The same chart with ever fewer columns: the first that leaves the picture its least width is
        taken, so that a narrow medium loses the weight column before it loses the picture.
    medium : str
        Name of the style.
    ax : Axes or None
        Where to draw; None makes a figure as high as the rows need (a slide is at least 16:9).
    least_picture : float
        Least width of the picture, as a multiple of the text size.

    Returns
    -------
    tuple of Plan and Sheet
        Both of the same size.
    """
    style, room = room_style(style_for(medium))
    if ax is None and room is not None:
        contents = [replace(content, title="") for content in contents]
        plan, (width, height) = _wide_enough(contents, style, *room, least_picture)
        if (width, height) != room:
            width, height = room_for(room, width, height)
            plan = _shrunk(contents, style, width, height, least_picture)
        ax = new_axes(width, height, style)
    elif ax is None:
        width = style.width * POINTS
        plan = _squeezed(roomiest(contents, style, width, least_picture), style.most_height * POINTS)
        height = max(plan.height, style.least_height * POINTS)
        ax = new_axes(width, height, style)
    else:
        has = available(ax)
        plan, (width, height) = _wide_enough(contents, style, *has, least_picture)
        if (width, height) != has:
            width, height = enlarged(ax, width, height)
            plan = _shrunk(contents, style, width, height, least_picture)
    plan = plan.stretched(height)
    return plan, open_sheet(ax, plan.style, plan.width, max(plan.height, height))


def _wide_enough(
    contents: Sequence[Content], style: Style, width: float, height: float, least_picture: float
) -> tuple[Plan, tuple[float, float]]:
    """Return the plan for a given size, and that size: a greater one where the least letters do not fit."""
    plan = _shrunk(contents, style, width, height, least_picture)
    if _fits(plan, height, least_picture):
        return plan, (width, height)
    while _picture_width(plan) < least_picture * plan.style.text * 0.98 and width < 2 * style.width * POINTS:
        width *= 1.1
        plan = _shrunk(contents, style, width, height, least_picture)
    return plan, (width, max(height, plan.height))


def _squeezed(plan: Plan, height: float) -> Plan:
    """Return the plan with a little less air between its rows where that makes it keep to a page's height."""
    em, excess = plan.style.text, plan.height - height
    give = [max(min(row - em * 1.25, em * 0.3), 0.0) for row in plan.row_heights]
    if excess <= 0 or sum(give) < excess:
        return plan
    share = excess / sum(give)
    rows = tuple(row - part * share for row, part in zip(plan.row_heights, give, strict=True))
    return replace(plan, height=height, row_heights=rows)


def _fits(plan: Plan, height: float, least_picture: float) -> bool:
    """Tell whether a plan keeps to a height and leaves the picture its least width."""
    return plan.height <= height and _picture_width(plan) >= least_picture * plan.style.text * 0.98


_NARROW = 50.0
"""Width of a sheet, as a multiple of the text size, below which any column may be left out."""


def _picture_width(plan: Plan) -> float:
    return plan.picture[1] - plan.picture[0]


def roomiest(contents: Sequence[Content], style: Style, width: float, least_picture: float) -> Plan:
    """Return the plan with most columns whose picture has its least width; else the one with fewest."""
    choices = [*contents, *_barer(contents[-1])] if width < style.text * _NARROW else contents
    for content in choices:
        plan = plan_table(content, style, width, least_picture=least_picture)
        if _picture_width(plan) >= least_picture * style.text * 0.98:
            return plan
    return plan


def _barer(content: Content) -> list[Content]:
    """Return a chart with ever fewer columns, for a single column of a journal: names and effects go last."""
    choices = []
    while len(content.left) > 1 or len(content.right) > 1:
        side = "left" if len(content.left) > 1 else "right"
        content = replace(content, **{side: getattr(content, side)[:-1]})
        choices.append(content)
    return choices


def _shrunk(
    contents: Sequence[Content], style: Style, width: float, height: float, least_picture: float
) -> Plan:
    """Return the plan with the largest letters that fits a given `Axes`; columns go before letters do."""
    factor = 1.0
    while True:
        smaller = style.scaled(factor)
        for content in contents:
            plan = plan_table(content, smaller, width, least_picture=least_picture)
            if _fits(plan, height, least_picture):
                return plan
        plan = roomiest(contents, smaller, width, least_picture)
        if factor <= style.least_factor or _fits(plan, height, least_picture):
            return plan
        factor = max(factor * 0.94, style.least_factor)
