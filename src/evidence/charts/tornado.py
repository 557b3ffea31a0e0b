"""The tornado chart: which variations move a result, how far, and which of them change what it says."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pandas as pd

from evidence.charts.captions import level_words
from evidence.charts.frame import as_float, expect, measure_name, on_screen, place, roomiest
from evidence.charts.marks import limit_bar
from evidence.charts.said import say
from evidence.charts.scale import Scale, scale_for
from evidence.charts.style import POINTS, medium_for, style_for
from evidence.charts.table_draw import draw_plan
from evidence.charts.table_parts import Column, Content
from evidence.charts.tornado_rows import MOST, TORNADO_COLUMNS, tornado_rows
from evidence.charts.tornado_words import OTHERWISE, slide_note, tornado_alt, tornado_caption, tornado_title
from evidence.charts.words import measure_head

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from evidence.charts.canvas import Sheet
    from evidence.synthesis.sensitivity import Sensitivity

__all__ = ["TORNADO_COLUMNS", "tornado", "tornado_alt", "tornado_caption", "tornado_rows"]

_LEAST_PICTURE = 13.5
_FEWEST_LINES = 5


def tornado(
    sensitivity: Sensitivity,
    *,
    ax: Axes | None = None,
    medium: str | None = None,
    favours: tuple[str, str] = ("second arm", "first arm"),
    title: str | None = None,
    most: int | None = None,
) -> Axes:
    """Draw how far each variation moves a result, the furthest first.

    Bars go from the result to the variation's estimate, with the variation's interval as a thin line; the
    shaded band is the interval of the result. Variations under which the interval says something else are
    marked with a diamond, in the picture and in words.

    Parameters
    ----------
    sensitivity : Sensitivity
        Result of `sensitivity`.
    ax : Axes, optional
        Where to draw. Without it a figure is made, as high as its lines need.
    medium : str, optional
        ``"notebook"``, ``"slide"`` (16:9 or higher, from 18 pt), ``"journal"`` or ``"journal-single"``. None
        takes that of `chart_style`, else ``"notebook"``.
    favours : tuple of str, default ("second arm", "first arm")
        What results below and above no difference favour, on the model scale.
    title : str, optional
        One message. None makes it from the result; ``""`` sets none.
    most : int, optional
        Lines at most; what moves the result least is folded into one line that says so. By default 20, fewer
        where a page or a slide has no room for them.

    Returns
    -------
    Axes
        The given one, or the only one of the new figure. Its x axis is the printed scale; y is in points from
        the top.

    Raises
    ------
    ModelError
        Where `medium` is not known, or `sensitivity` is none.

    Examples
    --------
    >>> import evidence as ev
    >>> effects = ev.effects_from([0.1, 0.2, 0.3, 0.9, 0.4], variance=0.04, study=list("abcde"))
    >>> ax = ev.tornado(ev.sensitivity(ev.random_effects(effects)))
    >>> ev.alt_text(ax)[:22]
    'Tornado chart of GEN: '
    """
    medium = medium_for(medium)
    way = "page = ev.sensitivity(fit)"
    expect("tornado", sensitivity, "a Sensitivity", ("table", "fits", "fit", "not_tried"), way)
    rows = _rows_for(sensitivity, medium, favours, title, most, given=ax is not None)
    plan, sheet = place([_content(sensitivity, rows, medium, favours, title)], medium, ax, _LEAST_PICTURE)
    log = sensitivity.fit.scale == "log"
    scale = scale_for(*_extent(rows), *plan.picture, log=log, always=_finite(rows.iloc[0]))
    middles = draw_plan(plan, sheet, scale)
    top = middles[0] - plan.row_heights[0] / 2
    _draw_main(sheet, scale, rows.iloc[0], (top, middles[-1] + plan.row_heights[-1] / 2), middles[0])
    for row, y in zip(rows.iloc[1:].itertuples(index=False), middles[1:], strict=True):
        _draw_row(sheet, scale, row, as_float(rows["estimate"].iloc[0]), y)
    return say(sheet.ax, caption=tornado_caption(sensitivity), alt=tornado_alt(sensitivity))


def _rows_for(
    sensitivity: Sensitivity,
    medium: str,
    favours: tuple[str, str],
    title: str | None,
    most: int | None,
    *,
    given: bool,
) -> pd.DataFrame:
    """Return the lines: as many as the page or slide holds, unless the user says how many."""
    rows = tornado_rows(sensitivity, most=MOST if most is None else most)
    style = style_for(medium)
    if most is not None or given or math.isinf(style.most_height):
        return rows
    while len(rows) > _FEWEST_LINES:
        content = _content(sensitivity, rows, medium, favours, title)
        plan = roomiest([content], style, style.width * POINTS, _LEAST_PICTURE)
        if plan.height <= style.most_height * POINTS:
            break
        rows = tornado_rows(sensitivity, most=len(rows) - 1)
    return rows


def _content(
    sensitivity: Sensitivity, rows: pd.DataFrame, medium: str, favours: tuple[str, str], title: str | None
) -> Content:
    fit, slide = sensitivity.fit, medium == "slide"
    names = ["The result as it is", *rows["variation"].iloc[1:]]
    says = [_says(row, favours) for row in rows.to_dict("records")]
    content = Content(
        (Column("Varied", tuple(map(_named, names)), flex=True, keep_end=True),),
        (
            Column(
                f"{measure_head(fit.measure)} ({level_words(fit.level)} CI)",
                tuple(rows["effect_text"]),
                "right",
            ),
            Column("Interval says", tuple(says), flex=True),
        ),
        title=tornado_title(sensitivity) if title is None else title,
        favours=on_screen(favours, fit.scale, fit.display_sign),
        axis_label="" if slide else measure_name(fit.measure),
        bold=frozenset({0}),
        rules=frozenset({1}),
        lanes=(1.0,) * len(rows),
        foot=(slide_note(sensitivity),) if slide else (tornado_caption(sensitivity),),
    )
    return content if len(rows) > 1 else replace(content, rules=frozenset())


def _named(name: str) -> str:
    return name if name.startswith(("tau", "rho")) else f"{name[:1].upper()}{name[1:]}"


def _says(row: dict[Any, Any], favours: tuple[str, str]) -> str:
    """Return whether the interval says the same, in a word; an exception with its diamond."""
    if row["role"] == "main":
        return _verdict_words(row["verdict"], favours)
    if row["role"] == "folded":
        return "the same" if row["holds"] is True else "see table"
    if pd.isna(row["holds"]):
        return "nothing to compare"
    return (
        "the same"
        if row["holds"]
        else f"{OTHERWISE}\N{NO-BREAK SPACE}{_verdict_words(row['verdict'], favours)}"
    )


def _verdict_words(verdict: str, favours: tuple[str, str]) -> str:
    arm = {"first": favours[1], "second": favours[0]}.get(verdict, "")
    if not verdict:
        return "nothing: none"
    return f"favours {arm or 'one arm'}" if verdict != "open" else "direction open"


def _finite(row: Any) -> list[float]:  # noqa: ANN401  (a row of a DataFrame)
    values = [as_float(row[name]) for name in ("estimate", "low", "high")]
    return [value for value in values if math.isfinite(value)]


def _extent(rows: pd.DataFrame) -> tuple[list[float], list[float]]:
    """Return what has to be seen (estimates, and limits that stand for one) and what may be cut."""
    must, may = [], []
    for row in rows.to_dict("records"):
        ends = [as_float(row["low"]), as_float(row["high"])]
        estimate = as_float(row["estimate"])
        if math.isfinite(estimate):
            must.append(estimate)
            may += [end for end in ends if math.isfinite(end)]
        else:
            must += [end for end in ends if not math.isnan(end)]
    return must, may


def _draw_main(sheet: Sheet, scale: Scale, row: Any, ends: tuple[float, float], y: float) -> None:  # noqa: ANN401
    """Draw the interval of the result as a band behind all lines, its estimate as a line through them."""
    from matplotlib.patches import Polygon

    colours, (top, bottom) = sheet.style.colours, ends
    low, high, estimate = (as_float(row[name]) for name in ("low", "high", "estimate"))
    if not (math.isnan(low) and math.isnan(high)):
        left = scale.low if math.isnan(low) else min(max(low, scale.low), scale.high)
        right = scale.high if math.isnan(high) else max(min(high, scale.high), scale.low)
        corners = [(left, top), (right, top), (right, bottom), (left, bottom)]
        sheet.ax.add_patch(Polygon(corners, facecolor=colours.shades[1], edgecolor="none", zorder=0.5))
    if math.isfinite(estimate):
        _stroke(sheet, [estimate] * 2, [top, bottom], colours.pooled, 1.1, "--", 2.0)
        _mark(sheet, estimate, y, "s", colours.pooled, 0.75)
    elif row["verdict"]:
        limit_bar(sheet, scale, y, low, high, sheet.style.text * 0.9)


def _stroke(
    sheet: Sheet,
    xs: list[float],
    ys: list[float],
    colour: str,
    width: float,
    pattern: str = "-",
    order: float = 2.3,
) -> None:
    sheet.ax.plot(
        xs,
        ys,
        color=colour,
        linewidth=sheet.style.line * width,
        linestyle=pattern,
        marker="",
        solid_capstyle="butt",
        zorder=order,
    )


def _mark(sheet: Sheet, x: float, y: float, marker: str, colour: str, across: float) -> None:
    sheet.ax.plot(
        [x],
        [y],
        marker=marker,
        markersize=sheet.style.text * across,
        linestyle="",
        color=colour,
        markeredgecolor=sheet.style.colours.paper,
        markeredgewidth=sheet.style.line * 0.7,
        zorder=2.9,
    )


def _draw_row(sheet: Sheet, scale: Scale, row: Any, main: float, y: float) -> None:  # noqa: ANN401
    colours, text = sheet.style.colours, sheet.style.text
    otherwise = row.holds is False or (not pd.isna(row.holds) and not bool(row.holds))
    colour = colours.second if otherwise else colours.first
    if row.role == "folded":
        if math.isfinite(row.low) and math.isfinite(row.high):
            _bar(sheet, scale, row.low, row.high, y, text * 0.5, colours.quiet)
        return
    if not math.isfinite(row.estimate):
        if row.verdict:
            limit_bar(sheet, scale, y, row.low, row.high, text * 0.9, colour=colour)
        return
    if math.isfinite(main):
        _bar(sheet, scale, main, row.estimate, y, text * 0.72, colour)
    low, high = (value if not math.isnan(value) else row.estimate for value in (row.low, row.high))
    _whisker(sheet, scale, low, high, y, colours.ink)
    if scale.low <= row.estimate <= scale.high:
        _mark(sheet, row.estimate, y, "D" if otherwise else "o", colour, 0.72 if otherwise else 0.55)


def _bar(sheet: Sheet, scale: Scale, start: float, end: float, y: float, height: float, colour: str) -> None:
    """Draw a filled bar between two values, no thinner than can be seen."""
    from matplotlib.patches import Polygon

    left, right = (scale.points(min(max(v, scale.low), scale.high)) for v in sorted((start, end)))
    if right - left < sheet.style.line:
        left, right = (left + right - sheet.style.line) / 2, (left + right + sheet.style.line) / 2
    xs = [scale.value(left), scale.value(right)]
    corners = [
        (xs[0], y - height / 2),
        (xs[1], y - height / 2),
        (xs[1], y + height / 2),
        (xs[0], y + height / 2),
    ]
    sheet.ax.add_patch(Polygon(corners, facecolor=colour, edgecolor="none", zorder=2.1))


def _whisker(sheet: Sheet, scale: Scale, low: float, high: float, y: float, colour: str) -> None:
    """Draw an interval as a thin line, with an arrow head where it leaves the axis."""
    start, end = max(low, scale.low), min(high, scale.high)
    if end > start:
        _stroke(sheet, [start, end], [y, y], colour, 0.8)
    for out, at, marker in ((low < scale.low, scale.low, "<"), (high > scale.high, scale.high, ">")):
        if out:
            sheet.ax.plot(
                [at],
                [y],
                marker=marker,
                markersize=sheet.style.text * 0.5,
                color=colour,
                linestyle="",
                markeredgewidth=0.0,
                zorder=2.4,
            )
