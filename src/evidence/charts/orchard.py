"""The orchard plot: every effect of each group, with its mean, interval and prediction interval."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import TYPE_CHECKING

import pandas as pd

from evidence.charts.captions import level_words
from evidence.charts.forest import forest_title
from evidence.charts.frame import measure_name, on_screen, place, roomiest, sides
from evidence.charts.headlines import domains_title
from evidence.charts.orchard_draw import BAR, THIN, Room, draw_group
from evidence.charts.orchard_rows import ALL, as_comparison, orchard_rows
from evidence.charts.orchard_words import orchard_alt, orchard_caption
from evidence.charts.said import say
from evidence.charts.scale import Scale, scale_for
from evidence.charts.split_pages import said_on_page, split_lines
from evidence.charts.style import POINTS, Style, medium_for, style_for
from evidence.charts.table_draw import draw_plan
from evidence.charts.table_parts import Column, Content
from evidence.charts.words import domain_name, listed, measure_head, plural, range_words

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from evidence.fit import MetaFit
    from evidence.synthesis.compare import Comparison

__all__ = ["orchard", "orchard_alt", "orchard_caption", "orchard_pages", "orchard_rows"]

_LEAST_PICTURE = 16.0
"""Least width of the picture, as a multiple of the text size."""

_KEY = ("circle", "band", "arrow", "dot", "dot_only", "bound")


def orchard(
    comparison_or_fit: Comparison | MetaFit,
    *,
    ax: Axes | None = None,
    medium: str | None = None,
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
    medium : str, optional
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
    medium = medium_for(medium)
    comparison = as_comparison(comparison_or_fit)
    message = _message(comparison, favours) if title is None else title
    rows, contents = _chart(comparison, message, medium, favours)
    if ax is None and medium == "slide":
        contents = _lower(contents, style_for(medium))
    return _draw(comparison, rows, rows, contents, medium, ax)


def orchard_pages(
    comparison_or_fit: Comparison | MetaFit,
    *,
    medium: str | None = None,
    favours: tuple[str, str] = ("second arm", "first arm"),
    title: str | None = None,
) -> list[Axes]:
    """Draw an orchard plot on as many slides or pages as its groups need, all with the same axis.

    Parameters
    ----------
    comparison_or_fit : Comparison or MetaFit
        As `orchard` takes it.
    medium : str, optional
        ``"slide"`` and the journals have pages; ``"notebook"`` has one of any height.
    favours, title
        As in `orchard`.

    Returns
    -------
    list of Axes
        One a page, in their order; a single one, without a page number, where everything fits.

    Raises
    ------
    ModelError
        As `orchard`.

    Examples
    --------
    >>> import evidence as ev
    >>> domain = [name for name in "abcdefgh" for _ in range(4)]
    >>> effects = ev.effects_from([0.1 * (i % 5) for i in range(32)], variance=0.05, domain=domain)
    >>> compared = ev.compare(effects, by="domain", model=ev.random_effects)
    >>> len(ev.orchard_pages(compared, medium="slide"))
    2
    """
    medium = medium_for(medium)
    comparison = as_comparison(comparison_or_fit)
    message = _message(comparison, favours) if title is None else title
    rows, whole = _chart(comparison, message, medium, favours)
    if medium == "slide":
        whole = [_lowered(one, _A_LITTLE) for one in whole]
    groups = rows.loc[rows["role"].eq("group"), "group"].tolist()

    def contents(part: range, note: str) -> list[Content]:
        last = part.stop == len(groups)
        foot = whole[0].foot if last else ()
        return [replace(one.lines(part), foot=(note, *foot) if note else foot) for one in whole]

    axes = []
    for part, note in split_lines(len(groups), contents, medium, _LEAST_PICTURE):
        own = rows[rows["group"].isin([groups[i] for i in part])].reset_index(drop=True)
        axes.append(said_on_page(_draw(comparison, own, rows, contents(part, note), medium, None), note))
    return axes


def _message(comparison: Comparison, favours: tuple[str, str]) -> str:
    """Return the title: of the only result, or of all groups."""
    if list(comparison.fits) == [ALL]:
        return forest_title(next(iter(comparison.fits.values())), favours)
    return domains_title(comparison, favours)


def _chart(
    comparison: Comparison, message: str, medium: str, favours: tuple[str, str]
) -> tuple[pd.DataFrame, list[Content]]:
    """Return the rows that are drawn, and what is written."""
    fit = next(iter(comparison.fits.values()))
    rows, note = orchard_rows(comparison), orchard_caption(comparison)
    if medium == "slide":
        rows, note = _shown(rows)
    sides_of = on_screen(favours, fit.scale, fit.display_sign)
    return rows, _contents(comparison, rows, message, medium, sides_of, note)


def _draw(
    comparison: Comparison,
    rows: pd.DataFrame,
    every: pd.DataFrame,
    contents: list[Content],
    medium: str,
    ax: Axes | None,
) -> Axes:
    """Draw some groups on the axis of every one."""
    plan, sheet = place(contents, medium, ax, least_picture=_LEAST_PICTURE)
    log = next(iter(comparison.fits.values())).scale == "log"
    scale = _scale(every, plan.picture, log)
    finest = 1.0 / float(pd.to_numeric(every["std_error"]).min())
    heads = rows[rows["role"].eq("group")].to_dict("records")
    groups = [rows[rows["group"].eq(head["group"]) & rows["role"].eq("row")] for head in heads]
    rooms = [Room.of(own, h, plan.style.text) for own, h in zip(groups, plan.row_heights, strict=True)]
    thin = min(room.step for room in rooms) * BAR <= THIN * plan.style.line
    if thin:
        lines = (tuple("thin_band" if m == "band" else m for m in line) for line in plan.key_lines)
        plan = replace(plan, key_lines=tuple(lines))
    middles = draw_plan(plan, sheet, scale)
    for head, own, room, y in zip(heads, groups, rooms, middles, strict=True):
        draw_group(sheet, scale, head, own, room, y, finest=finest, thin=thin)
    return say(sheet.ax, caption=orchard_caption(comparison), alt=orchard_alt(comparison))


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


def _contents(
    comparison: Comparison,
    rows: pd.DataFrame,
    title: str,
    medium: str,
    favours: tuple[str, str],
    note: str,
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
    right = [Column(f"{measure_head(comparison.measure)} ({level} CI)", tuple(heads["effect_text"]), "right")]
    if any(predicted) and not slide:
        right.append(Column("Prediction interval", tuple(predicted), "right", flex=True))
    marked = {*rows.loc[rows["role"].ne("left_out"), "mark"]}
    if not any(predicted):
        marked = {"dot_only" if mark == "dot" else mark for mark in marked}
    full = Content(
        (Column("Group", tuple(heads["label"]), flex=True), amounts),
        tuple(right),
        title=title,
        favours=favours,
        axis_label="" if slide else measure_name(comparison.measure),
        rules=frozenset(range(1, len(heads))),
        lanes=tuple(_lanes(rows, str(group), slide) for group in heads["group"]),
        key=tuple(mark for mark in _KEY if mark in marked),
        foot=(note,) if note else (),
    )
    return [full, replace(full, right=full.right[:1]), replace(full, right=())]


def _predictions(heads: pd.DataFrame) -> list[tuple[float, float]]:
    return list(zip(heads["pred_low"].astype(float), heads["pred_high"].astype(float), strict=True))


def _lanes(rows: pd.DataFrame, group: str, slide: bool) -> float:
    """Return the height of a group in lines: for its mean, its circles, and its bars."""
    own = rows[rows["group"].eq(group) & rows["role"].eq("row")]
    circles, bars = int(own["mark"].eq("circle").sum()), int(own["mark"].isin(["band", "arrow"]).sum())
    need = 1.4 + 0.7 * math.sqrt(circles) + 0.5 * min(bars, 4) + 0.2 * min(max(bars - 4, 0), 20)
    groups = int(rows["role"].eq("group").sum())
    return min(max(need, 9.0 / groups), max(2.9, 12.0 / groups)) if slide else need


_LOWEST = 2.3
"""Least height of a group, in lines: its mean, and a little above and below."""


_A_LITTLE = 0.85
"""Share of their height that groups give where there are several slides anyway."""


def _lowered(content: Content, share: float) -> Content:
    """Return the chart with every group at a share of its height, but not too low."""
    return replace(content, lanes=tuple(max(lane * share, min(lane, _LOWEST)) for lane in content.lanes))


def _lower(contents: list[Content], style: Style) -> list[Content]:
    """Return the chart with lower groups, where only these make it keep to a slide."""
    width = style.width * POINTS
    for share in (1.0, 0.9, 0.8, 0.7, 0.6, 0.5):
        tried = [_lowered(one, share) for one in contents]
        if roomiest(tried, style, width, _LEAST_PICTURE).height <= style.most_height * POINTS:
            break
    return tried


def _shown(rows: pd.DataFrame) -> tuple[pd.DataFrame, str]:
    """Return the rows without groups of which nothing is drawn, and a note on what is not there."""
    out = int(rows["role"].eq("left_out").sum())
    note = f"Not pooled: {plural(out, 'row')}." if out else ""
    heads = rows[rows["role"].eq("group")]
    bare = heads[heads["effects"].astype(int).eq(0) & heads["mark"].eq("none")]
    if bare.empty or len(bare) == len(heads):
        return rows, note
    kept = rows[~rows["group"].isin(bare["group"])].reset_index(drop=True)
    return kept, f"Nothing to draw: {listed(map(domain_name, bare['group']))}. {note}".strip()
