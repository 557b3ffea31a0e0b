"""The orchard plot: every effect of each group, with its mean, interval and prediction interval."""

from __future__ import annotations

import math
from collections.abc import Hashable
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from evidence.charts import marks
from evidence.charts.captions import assumption_words, left_out_notes, level_words, model_words
from evidence.charts.forest import forest_title
from evidence.charts.frame import measure_name, on_screen, place, sides
from evidence.charts.headlines import domains_title
from evidence.charts.orchard_rows import ALL, as_comparison, orchard_rows, swarm
from evidence.charts.said import say
from evidence.charts.scale import Scale, scale_for
from evidence.charts.table_draw import draw_plan
from evidence.charts.table_parts import Column, Content
from evidence.charts.words import domain_name, listed, plural, range_words

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from evidence.charts.canvas import Sheet
    from evidence.fit import MetaFit
    from evidence.synthesis.compare import Comparison

__all__ = ["orchard", "orchard_alt", "orchard_caption", "orchard_rows"]

_KEY = ("circle", "band", "arrow", "dot", "dot_only", "bound")

_THIN = 2.6
"""Height below which bounds are drawn as plain strokes, in lines of the style: an edge would fill them."""

_LEAST_CIRCLES = 5
"""Steps, each by an eighth, in which circles that do not fit become smaller; then they overlap."""


def orchard(
    comparison_or_fit: Comparison | MetaFit,
    *,
    ax: Axes | None = None,
    medium: str = "notebook",
    favours: tuple[str, str] = ("second arm", "first arm"),
    title: str | None = None,
) -> Axes:
    """Draw every effect of each group above its mean, the interval and the prediction interval.

    Circles are values, larger where more precise, stacked so that none hides another. Rows of which only
    bounds are known hang below as bars from bound to bound, rows that tell a direction as dotted arrows:
    they are in the mean as much as their likelihood says, and have no place of their own.

    Parameters
    ----------
    comparison_or_fit : Comparison or MetaFit
        Result of `compare` (one group a line), or one pooled result.
    ax : Axes, optional
        Where to draw. Without it a figure is made, as high as its groups need.
    medium : str, default "notebook"
        ``"notebook"``, ``"slide"`` (16:9 while the groups allow it, no text below 18 pt) or ``"journal"``.
    favours : tuple of str, default ("second arm", "first arm")
        What results below and above no difference favour, on the model scale.
    title : str, optional
        One message. None makes it from the numbers; ``""`` sets none.

    Returns
    -------
    Axes
        The given one, or the only one of the new figure. Its x axis is the printed scale.

    Raises
    ------
    ModelError
        Where neither is given, nothing has a result, or the medium is not known.

    References
    ----------
    Nakagawa S, Lagisz M, O'Dea RE, et al. The orchard plot: cultivating a forest plot for use in ecology,
    evolution, and beyond. Res Synth Methods 2021;12(1):4-12. https://doi.org/10.1002/jrsm.1424

    Examples
    --------
    >>> import evidence as ev
    >>> domain = ["power", "power", "speed", "speed"]
    >>> effects = ev.effects_from([0.2, 0.4, 0.3, 0.6], variance=0.05, domain=domain)
    >>> ax = ev.orchard(ev.compare(effects, by="domain", model=ev.random_effects))
    """
    comparison = as_comparison(comparison_or_fit)
    rows = orchard_rows(comparison)
    fit = next(iter(comparison.fits.values()))
    single = list(comparison.fits) == [ALL]
    message = (
        title
        if title is not None
        else forest_title(fit, favours)
        if single
        else domains_title(comparison, favours)
    )
    contents = _contents(comparison, rows, message, medium, on_screen(favours, fit.scale, fit.display_sign))
    plan, sheet = place(contents, medium, ax, least_picture=16.0)
    scale = _scale(rows, plan.picture, fit.scale == "log")
    middles = draw_plan(plan, sheet, scale)
    finest = 1.0 / float(pd.to_numeric(rows["std_error"]).min())
    heads = rows[rows["role"].eq("group")]
    for head, y, height in zip(heads.to_dict("records"), middles, plan.row_heights, strict=True):
        own = rows[rows["group"].eq(head["group"]) & rows["role"].eq("row")]
        _draw_group(sheet, scale, head, own, (y, height), finest)
    return say(
        sheet.ax,
        caption=orchard_caption(comparison),
        alt=orchard_alt(comparison),
    )


def _scale(rows: pd.DataFrame, picture: tuple[float, float], log: bool) -> Scale:
    """Choose the range: values and means must show, bounds and prediction intervals as far as they fit."""
    drawn = rows[rows["role"].ne("left_out")]
    circles, bands = drawn[drawn["mark"].eq("circle")], drawn[drawn["mark"].eq("band")]
    heads = drawn[drawn["role"].eq("group")]
    must = [*circles["estimate"].astype(float)]
    may = [v for row in bands.itertuples(index=False) for v in sides(row, ["low", "high"])]
    may += [v for row in heads.itertuples(index=False) for v in sides(row, ["pred_low", "pred_high"])]
    always = [v for row in heads.itertuples(index=False) for v in sides(row, ["estimate", "low", "high"])]
    return scale_for(must, may, *picture, log=log, always=always)


def _draw_group(
    sheet: Sheet,
    scale: Scale,
    head: dict[Hashable, Any],
    own: pd.DataFrame,
    where: tuple[float, float],
    finest: float,
) -> None:
    """Draw the values of a group above its mean, and the rows without a value below."""
    em = sheet.style.text
    circles = own[own["mark"].eq("circle")]
    others = own[own["mark"].isin(["band", "arrow"])]
    middle, height = where
    room = height - 1.6 * em
    share = len(circles) / max(len(circles) + len(others), 1)
    share = 1.0 if others.empty else 0.0 if circles.empty else min(max(share, 0.3), 0.7)
    sizes, heights = _placed(circles, scale, em, room * share, finest)
    above = float((heights + sizes / 2).max(initial=0.0))
    step = min(room * (1 - share) / max(len(others), 1), em * 0.55)
    trunk = middle + (above - step * len(others)) / 2  # what is drawn stands in the middle of the line
    for value, size, up in zip(circles["estimate"].astype(float), sizes, heights, strict=True):
        marks.circle(sheet, scale, trunk - 0.5 * em - float(up), value, float(size))
    _draw_trunk(sheet, scale, head, trunk)
    ordered = others.sort_values(["mark", "low", "high"], ascending=[False, True, True], kind="stable")
    for i, row in enumerate(ordered.to_dict("records")):
        at = trunk + 0.5 * em + step * (i + 0.5)
        if row["mark"] == "band":
            draw = marks.band if step * 0.62 > _THIN * sheet.style.line else marks.thin_band
            draw(sheet, scale, at, float(row["low"]), float(row["high"]), step * 0.62)
        else:
            marks.side_arrow(sheet, scale, at, scale.null, rightwards=float(row["high"]) > scale.null)


def _placed(
    circles: pd.DataFrame, scale: Scale, em: float, room: float, finest: float
) -> tuple[np.ndarray, np.ndarray]:
    """Return diameters, areas by precision, and heights; all smaller where they would not fit."""
    if circles.empty:
        return np.zeros(0), np.zeros(0)
    share = 1.0 / circles["std_error"].to_numpy(dtype=float) / finest
    inside = np.clip(circles["estimate"].to_numpy(dtype=float), scale.low, scale.high)
    places = [scale.points(float(v)) for v in inside]
    sizes = em * (0.28 + 0.62 * np.sqrt(share))
    for _ in range(_LEAST_CIRCLES):
        heights = swarm(places, list(sizes), math.inf)
        if float((heights + sizes / 2).max()) <= room:
            return sizes, heights
        sizes = sizes * 0.87
    sizes = sizes * min(1.0, room / float(sizes.max()))
    return sizes, swarm(places, list(sizes), room)


def _draw_trunk(sheet: Sheet, scale: Scale, head: dict[Hashable, Any], y: float) -> None:
    """Draw the pooled result of a group, or its limit on one side."""
    em, low, high = sheet.style.text, float(str(head["low"])), float(str(head["high"]))
    if head["mark"] == "dot":
        pred = float(str(head["pred_low"])), float(str(head["pred_high"]))
        if not any(map(math.isnan, pred)):
            marks.thin_interval(sheet, scale, y, *pred, em * 0.5)
        marks.dot(sheet, scale, y, float(str(head["estimate"])), low, high, sheet.style.colours.pooled)
    elif head["mark"] == "bound":
        marks.limit_bar(sheet, scale, y, low, high, em * 0.7)


def _contents(
    comparison: Comparison, rows: pd.DataFrame, title: str, medium: str, favours: tuple[str, str]
) -> list[Content]:
    """Return the chart with all columns, and without the numbers."""
    heads = rows[rows["role"].eq("group")].reset_index(drop=True)
    slide = medium == "slide"
    level = level_words(comparison.level or 0.95)
    pairs = list(zip(heads["effects"].astype(int), heads["studies"].astype(int), strict=True))
    amounts = (
        Column("Effects (studies)", tuple(f"{k} ({n})" for k, n in pairs), "right", flex=True)
        if slide
        else Column(
            "Drawn", tuple(f"{plural(k, 'effect')}\n{plural(n, 'study', 'studies')}" for k, n in pairs)
        )
    )
    predicted = ["" if math.isnan(low) else range_words(low, high) for low, high in _predictions(heads)]
    right = [Column(f"{comparison.measure} ({level} CI)", tuple(heads["effect_text"]), "right")]
    if any(predicted) and not slide:
        right.append(Column("Prediction interval", tuple(predicted), "right", flex=True))
    marked = {*rows.loc[rows["role"].ne("left_out"), "mark"]}
    if not any(predicted):
        marked = {"dot_only" if mark == "dot" else mark for mark in marked}
    foot = _slide_note(rows) if slide else orchard_caption(comparison)
    full = Content(
        (Column("Group", tuple(heads["label"]), flex=True), amounts),
        tuple(right),
        title=title,
        favours=favours,
        axis_label="" if slide else measure_name(comparison.measure),
        rules=frozenset(range(1, len(heads))),
        lanes=tuple(_lanes(rows, str(group), slide) for group in heads["group"]),
        key=tuple(mark for mark in _KEY if mark in marked),
        foot=(foot,) if foot else (),
    )
    return [full, replace(full, right=full.right[:1]), replace(full, right=())]


def _predictions(heads: pd.DataFrame) -> list[tuple[float, float]]:
    return list(zip(heads["pred_low"].astype(float), heads["pred_high"].astype(float), strict=True))


def _lanes(rows: pd.DataFrame, group: str, slide: bool) -> float:
    """Return the height of a group in lines: for its mean, its circles, and its bars."""
    own = rows[rows["group"].eq(group) & rows["role"].eq("row")]
    circles, bars = int(own["mark"].eq("circle").sum()), int(own["mark"].isin(["band", "arrow"]).sum())
    need = 1.4 + 0.7 * math.sqrt(circles) + 0.42 * min(bars, 4) + 0.2 * min(max(bars - 4, 0), 20)
    groups = int(rows["role"].eq("group").sum())
    return min(need, max(2.9, 14.0 / groups)) if slide else need


def _slide_note(rows: pd.DataFrame) -> str:
    out = int(rows["role"].eq("left_out").sum())
    return f"Not pooled: {plural(out, 'row')}." if out else ""


def orchard_caption(comparison_or_fit: Comparison | MetaFit) -> str:
    """Return the caption: model, intervals, what the marks are, what is not drawn, what is assumed.

    Parameters
    ----------
    comparison_or_fit : Comparison or MetaFit
        As drawn.

    Returns
    -------
    str
        Some short sentences.
    """
    comparison = as_comparison(comparison_or_fit)
    rows = orchard_rows(comparison)
    fits = list(comparison.fits.values())
    drawn = rows[rows["role"].eq("row") & rows["mark"].ne("none")]
    methods = list(dict.fromkeys(fit.method for fit in fits if fit.n_studies > 1))
    model = listed(methods) if methods else "nothing pooled"
    if len(fits) == 1:
        model = model_words(fits[0]).rstrip(".")
    studies = plural(drawn["study"].nunique(), "study", "studies")
    parts = [
        f"Orchard plot of {plural(len(drawn), 'row')} of {studies}; {model}. "
        f"{level_words(comparison.level or 0.95)} intervals; circle area: precision (1/standard error)."
    ]
    if drawn["mark"].isin(["band", "arrow"]).any():
        parts.append("Below each mean: rows that print only bounds or a direction.")
    if rows["state"].eq("one study").any():
        parts.append("One study is shown, not pooled.")
    if comparison.failures:
        parts.append(f"No result: {listed(map(domain_name, comparison.failures))}.")
    out = rows.assign(note=_reasons(comparison, rows))
    parts += left_out_notes(out, short=len(fits) > 1)
    if assumed := assumption_words(fits):
        parts.append(assumed)
    return " ".join(parts)


def _reasons(comparison: Comparison, rows: pd.DataFrame) -> list[str]:
    """Return for each line why the row was not pooled."""
    why = {
        (group, str(row_id)): str(reason or "")
        for group, fit in comparison.fits.items()
        for row_id, reason in zip(fit.rows["row_id"], fit.rows["why_not"], strict=True)
    }
    return [why.get((group, row), "") for group, row in zip(rows["group"], rows["row_id"], strict=True)]


def orchard_alt(comparison_or_fit: Comparison | MetaFit) -> str:
    """Return the alternative text: every group with its result and how much is drawn in it.

    Parameters
    ----------
    comparison_or_fit : Comparison or MetaFit
        As drawn.

    Returns
    -------
    str
        For readers who do not see the picture.
    """
    comparison = as_comparison(comparison_or_fit)
    rows = orchard_rows(comparison)
    parts = []
    for row in rows[rows["role"].eq("group")].itertuples(index=False):
        amount = f"{plural(row.effects, 'effect')}, {plural(row.studies, 'study', 'studies')}"  # type: ignore[arg-type]
        pred = float(row.pred_low), float(row.pred_high)  # type: ignore[arg-type]
        told = "" if math.isnan(pred[0]) else f", prediction interval {range_words(*pred)}"
        parts.append(f"{row.label}: {row.effect_text}{told} ({amount})")
    return f"Effects by group, {measure_name(comparison.measure)}. {'; '.join(parts)}."
