"""The dumbbell chart: what each arm changed, and beside it the difference between the arms."""

from __future__ import annotations

import math
from collections.abc import Hashable
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from evidence.charts import marks
from evidence.charts.canvas import Sheet
from evidence.charts.captions import level_words
from evidence.charts.dumbbell_rows import LEVEL, PLACES, dumbbell_rows
from evidence.charts.dumbbell_words import (
    ARMS,
    arm_names,
    caption_of,
    drawn_rows,
    dumbbell_alt,
    dumbbell_caption,
    dumbbell_title,
)
from evidence.charts.frame import expect, on_screen, place, sides
from evidence.charts.panel import padded
from evidence.charts.said import say
from evidence.charts.scale import Scale, scale_for, ticks_for
from evidence.charts.split_pages import said_on_page, split_lines
from evidence.charts.style import medium_for
from evidence.charts.table import title_height
from evidence.charts.table_draw import draw_plan
from evidence.charts.table_parts import Column, Content, Plan, pad_of
from evidence.charts.texts import elide
from evidence.charts.words import measure_code, measure_head

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from evidence.effects.record import Effects
    from evidence.studies.record import Studies

__all__ = [
    "dumbbell",
    "dumbbell_alt",
    "dumbbell_caption",
    "dumbbell_pages",
    "dumbbell_rows",
    "dumbbell_title",
]

_LEAST_PICTURE = 22.0
"""Least width of both pictures, as a multiple of the text size."""

_WAY = 'effects = ev.effect_sizes(studies, measure="SMD", correlation=0.7)'


def dumbbell(
    effects: Effects,
    studies: Studies,
    *,
    ax: Axes | None = None,
    medium: str | None = None,
    favours: tuple[str, str] = ARMS,
    title: str | None = None,
) -> Axes:
    """Draw the change of each arm from before to after, and beside it the difference between the arms.

    That both arms gained, or that one did, is no comparison of them: the right half is the comparison, and
    rows without one are not drawn as if they had it. Changes are in standard deviations before treatment, so
    that outcomes share one axis; p values within an arm are not shown.

    Parameters
    ----------
    effects : Effects
        Effects of printed results.
    studies : Studies
        The studies that they were made from.
    ax : Axes, optional
        Where to draw. Without it a figure is made, as high as its rows need.
    medium : str, optional
        ``"notebook"``, ``"slide"`` (16:9 while the rows allow it, no text below 18 pt, without the printed
        means) or ``"journal"``.
    favours : tuple of str, default ("second arm", "first arm")
        Names of what results below and above no difference favour, on the model scale; the message has them
        too. As it is the message takes the arms' own names where all rows share them.
    title : str, optional
        One message. None makes it from the rows (`dumbbell_title`); ``""`` sets none.

    Returns
    -------
    Axes
        The given one, or the only one of the new figure. Its x axis is the printed scale of the difference.

    Raises
    ------
    ModelError
        Where no row prints the changes of both arms, or none of these has a difference between the arms
        (changes within arms alone are no comparison), or the studies lack a row.

    References
    ----------
    Bland JM, Altman DG. Comparisons against baseline within randomised groups are often used and can be
    highly misleading. Trials 2011;12:264. https://doi.org/10.1186/1745-6215-12-264

    Examples
    --------
    >>> import evidence as ev
    >>> trial = ev.example_studies().where(study="resendeneto2019")
    >>> ax = ev.dumbbell(ev.effect_sizes(trial, measure="SMD", correlation=0.7), trial)
    """
    medium = medium_for(medium)
    rows = _expected(effects, studies)
    drawn = drawn_rows(rows)
    message = dumbbell_title(effects, studies, favours) if title is None else title
    contents = _contents(drawn, rows, effects, message, medium, favours)
    ax = _draw(drawn, drawn, contents, effects, medium, ax)
    return say(ax, caption=dumbbell_caption(effects, studies), alt=dumbbell_alt(effects, studies))


def dumbbell_pages(
    effects: Effects,
    studies: Studies,
    *,
    medium: str | None = None,
    favours: tuple[str, str] = ARMS,
    title: str | None = None,
) -> list[Axes]:
    """Draw a dumbbell chart on as many slides or pages as its rows need, all with the same axes.

    Parameters
    ----------
    effects : Effects
        Effects of printed results.
    studies : Studies
        The studies that they were made from.
    medium : str, optional
        ``"slide"`` and the journals have pages; ``"notebook"`` has one of any height.
    favours, title
        As in `dumbbell`.

    Returns
    -------
    list of Axes
        One a page, in their order; a single one, without a page number, where everything fits.

    Raises
    ------
    ModelError
        As `dumbbell`.

    Examples
    --------
    >>> import evidence as ev
    >>> trial = ev.example_studies().where(study="resendeneto2019")
    >>> pages = ev.dumbbell_pages(
    ...     ev.effect_sizes(trial, measure="SMD", correlation=0.7), trial, medium="slide"
    ... )
    >>> len(pages)
    1
    """
    medium = medium_for(medium)
    rows = _expected(effects, studies)
    drawn = drawn_rows(rows)
    message = dumbbell_title(effects, studies, favours) if title is None else title

    def contents(part: range, note: str) -> list[Content]:
        own = drawn.iloc[list(part)]
        made = _contents(own, rows, effects, message, medium, favours)
        foot = (note, *made[0].foot) if note else made[0].foot
        if note and part.stop < len(drawn) and medium != "slide":
            foot = (f"{note} Notes stand on the last.",)
        return [replace(one, foot=foot) for one in made]

    axes = []
    for part, note in split_lines(len(drawn), contents, medium, _LEAST_PICTURE):
        own = drawn.iloc[list(part)]
        ax = _draw(own, drawn, contents(part, note), effects, medium, None)
        say(ax, caption=dumbbell_caption(effects, studies), alt=dumbbell_alt(effects, studies))
        axes.append(said_on_page(ax, note))
    return axes


def _expected(effects: Effects, studies: Studies) -> pd.DataFrame:
    """Return the rows, after both arguments were seen to be what they have to be."""
    expect("dumbbell", effects, "Effects", ("table", "scale", "display_sign", "measure"), _WAY)
    expect(
        "dumbbell",
        studies,
        "the Studies of the effects",
        ("table", "claims"),
        "studies = ev.example_studies()",
    )
    return dumbbell_rows(effects, studies)


def _draw(
    drawn: pd.DataFrame,
    every: pd.DataFrame,
    contents: list[Content],
    effects: Effects,
    medium: str,
    ax: Axes | None,
) -> Axes:
    """Draw some rows on the axes of every one."""
    plan, sheet = place(contents, medium, ax, least_picture=_LEAST_PICTURE)
    left, right = plan.picture
    gap = plan.style.text * 1.8
    within, between = (left, (left + right - gap) / 2), ((left + right + gap) / 2, right)
    must = [v for row in every.itertuples(index=False) for v in sides(row, ["estimate", "low", "high"])]
    scale = scale_for(must, [], *between, log=effects.scale == "log")
    plan = replace(plan, picture=between)
    middles = draw_plan(plan, sheet, scale)
    changes = _change_scale(every, within)
    if changes is not None:
        _draw_within(plan, sheet, scale, changes, middles)
    for row, y in zip(drawn.to_dict("records"), middles, strict=True):
        _draw_row(sheet, scale, changes, row, y)
    return sheet.ax


def _change_scale(drawn: pd.DataFrame, within: tuple[float, float]) -> Scale | None:
    """Return the axis of the changes; None where no row tells a standard deviation."""
    values = drawn[PLACES].to_numpy(dtype=float)
    if not np.isfinite(values).any():
        return None
    low, high = padded([*values.ravel(), 0.0], room=0.08)
    return Scale(low, high, *within, log=False)


def _draw_within(plan: Plan, sheet: Sheet, scale: Scale, changes: Scale, middles: list[float]) -> None:
    """Draw the head and the axis of the changes, and the line from which they start."""
    style, small = sheet.style, sheet.style.small
    y = pad_of(style) + (title_height(plan) if plan.content.title else 0.0)
    head = elide("Within arms (SD)", changes.right - changes.left, small, True)
    middle = (changes.left + changes.right) / 2
    sheet.text(middle, y + small * 0.65, head, size=small, align="center", bold=True)
    sheet.rule(y + small * 1.5, left=changes.left, right=changes.right)
    top, bottom = middles[0] - plan.row_heights[0] / 2, middles[-1] + plan.row_heights[-1] / 2
    strokes = [([changes.left, changes.right], [bottom, bottom]), ([changes.points(0.0)] * 2, [top, bottom])]
    for value, label in zip(*ticks_for(changes, small), strict=True):
        x = changes.points(value)
        strokes.append(([x, x], [bottom, bottom + small * 0.35]))
        sheet.text(x, bottom + small * 0.45, label, size=small, align="center", valign="top")
    for xs, ys in strokes:
        sheet.ax.plot(
            [scale.value(x) for x in xs],
            ys,
            color=style.colours.quiet,
            linewidth=style.line * 0.7,
            linestyle="-",
            marker="",
            zorder=0.9,
        )


def _draw_row(sheet: Sheet, scale: Scale, changes: Scale | None, row: dict[Hashable, Any], y: float) -> None:
    """Draw the changes of both arms, the first above the second, and the difference between them."""
    em = sheet.style.text
    for arm, up in (("e", -0.36), ("c", 0.36)):
        ends = [float(str(row[f"x_{when}_{arm}"])) for when in ("before", "after")]
        if changes is not None and not any(map(math.isnan, ends)):
            before, after = (scale.value(changes.points(end)) for end in ends)
            marks.change(sheet, y + up * em, before, after, em * 0.72, first=arm == "e")
    estimate, low, high = (float(str(row[name])) for name in ("estimate", "low", "high"))
    if row["mark"] == "square":
        marks.square(sheet, scale, y, estimate, low, high, em * 0.7)
    elif row["mark"] == "band":
        marks.band(sheet, scale, y, low, high, em * 0.72)
    elif row["mark"] == "arrow":
        marks.side_arrow(sheet, scale, y, scale.null, rightwards=high > scale.null)


def _contents(
    drawn: pd.DataFrame,
    rows: pd.DataFrame,
    effects: Effects,
    title: str,
    medium: str,
    favours: tuple[str, str],
) -> list[Content]:
    """Return the chart with the printed means, and without them."""
    slide = medium == "slide"
    several = len(set(drawn_rows(rows)["study"])) > 1
    names = tuple(
        (f"{label}: {outcome}" if outcome else str(label))
        if several
        else (outcome[:1].upper() + outcome[1:] or str(label))
        for label, outcome in zip(drawn["label"], drawn["outcome"].astype(str), strict=True)
    )
    unit = [f" {unit}" if unit else "" for unit in drawn["unit"]]
    printed = tuple(
        f"{e}{u}\n{c}{u}"
        for e, c, u in zip(drawn["within_text_e"], drawn["within_text_c"], unit, strict=True)
    )
    arms = arm_names(drawn_rows(rows))
    ends = on_screen(favours, effects.scale, effects.display_sign)
    present = set(drawn["mark"])
    foot = [f"First arm: {arms[0]}. Second arm: {arms[1]}."] if arms and slide else []
    full = Content(
        (Column("Outcome", names, flex=True), Column("Before \u2192 after", printed)),
        (
            Column(
                f"{measure_head(effects.measure)} ({level_words(LEVEL)} CI)",
                tuple(drawn["effect_text"]),
                "right",
            ),
        ),
        title=title,
        favours=(ends[0].replace("favours ", "", 1), ends[1].replace("favours ", "", 1)),
        axis_label="",
        picture_group="Between arms"
        if medium in ("slide", "journal-single")
        else f"Between arms ({measure_code(effects.measure)})",
        lanes=tuple(2.0 for _ in range(len(drawn))),
        key=("change_first", "change_second", *(m for m in ("square", "band", "arrow") if m in present)),
        foot=tuple(foot) if slide else (caption_of(drawn, rows, effects),),
        picture_share=0.42,
    )
    short = replace(full, left=full.left[:1])
    bare = replace(short, right=())  # in a single column the pictures need its width
    return [short, bare] if slide else [full, short, bare]
