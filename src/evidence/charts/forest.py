"""The forest plot: every row as what it is, the pooled result, and what it rests on."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pandas as pd

from evidence.charts import marks
from evidence.charts.captions import (
    assumption_words,
    bound_words,
    left_out_notes,
    limits,
    model_words,
    pooled_words,
)
from evidence.charts.forest_rows import forest_rows
from evidence.charts.frame import expect, measure_name, on_screen, place, sides
from evidence.charts.said import say
from evidence.charts.scale import Scale, scale_for
from evidence.charts.style import medium_for
from evidence.charts.table_draw import draw_plan
from evidence.charts.table_parts import Column, Content
from evidence.charts.words import listed, plural

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from evidence.charts.canvas import Sheet
    from evidence.fit import MetaFit

__all__ = ["forest", "forest_alt", "forest_caption", "forest_rows", "forest_title"]

_KEY = ("square", "band", "arrow", "diamond", "bound", "prediction")


def forest(
    fit: MetaFit,
    *,
    ax: Axes | None = None,
    medium: str | None = None,
    favours: tuple[str, str] = ("second arm", "first arm"),
    title: str | None = None,
) -> Axes:
    """Draw the rows of a pooled result and the result.

    Exact rows are squares (area by weight) with whiskers; interval rows are the band that the
    print leaves open, with no point inside; rows that tell only a direction are dotted arrows; a
    one-sided pooled result is a bar that starts at its limit, never a diamond. Rows that were not
    pooled are named below. Ratios have a log axis and the printed orientation.

    Parameters
    ----------
    fit : MetaFit
        Result of `common_effect`, `random_effects` or `pool_partial`.
    ax : Axes, optional
        Where to draw. Without it a figure is made, as high as its rows need. In an `ax` that is
        too small the letters shrink rather than overlap.
    medium : str, optional
        ``"notebook"``, ``"slide"`` (16:9, no text below 18 pt), ``"journal"`` or ``"journal-single"``. None
        takes that of `chart_style`, else ``"notebook"``. Narrow media leave out the weights, then the
        numbers of people, before the picture becomes too small; `forest_rows` always has them.
    favours : tuple of str, default ("second arm", "first arm")
        What results below and above no difference favour, on the model scale; turned round on
        screen where the printed ratio runs the other way.
    title : str, optional
        One message. None makes it from the result (`forest_title`); ``""`` sets none.

    Returns
    -------
    Axes
        The given one, or the only one of the new figure. Its x axis is the printed scale, so that
        ``ax.axvline(0.2)`` marks an effect of 0.2; y is in points from the top.

    Raises
    ------
    ModelError
        Where `medium` is not known, or `fit` is no pooled result.

    Examples
    --------
    >>> import evidence as ev
    >>> effects = ev.effects_from([0.2, 0.5, 0.1], std_error=[0.2, 0.3, 0.25], study=["a", "b", "c"])
    >>> ax = ev.forest(ev.random_effects(effects))
    >>> ax.get_xlabel()
    ''
    """
    medium = medium_for(medium)
    expect(
        "forest",
        fit,
        "one pooled result (MetaFit)",
        ("rows", "alongside", "conf_low"),
        "fit = ev.pool_partial(effects), or one of the .fits of a comparison",
    )
    rows = forest_rows(fit)
    message = forest_title(fit, favours) if title is None else title
    drawn = rows[rows["role"] != "left_out"].reset_index(drop=True)
    sides_of_line = on_screen(favours, fit.scale, fit.display_sign)
    contents = _contents(fit, rows, drawn, medium, sides_of_line, message)
    plan, sheet = place(contents, medium, ax, least_picture=12.0)
    scale = _scale(drawn, plan.picture, fit.scale == "log")
    middles = draw_plan(plan, sheet, scale)
    heaviest = pd.to_numeric(drawn["share"]).max()
    for row, y in zip(drawn.itertuples(index=False), middles, strict=True):
        _draw_mark(sheet, scale, row, y, heaviest)
    return say(sheet.ax, caption=forest_caption(fit), alt=forest_alt(fit))


def _scale(drawn: pd.DataFrame, picture: tuple[float, float], log: bool) -> Scale:
    """Choose the range: estimates, bounds and pooled limits must show, whiskers as far as they fit."""
    must: list[float] = []
    may: list[float] = []
    for row in drawn.itertuples(index=False):
        must += sides(row, ["estimate"])
        (may if row.mark in ("square", "prediction") else must).extend(sides(row, ["low", "high"]))
    pooled = drawn[drawn["role"] == "pooled"]
    always = [v for row in pooled.itertuples(index=False) for v in sides(row, ["estimate", "low", "high"])]
    return scale_for(must, may, *picture, log=log, always=always)


def _draw_mark(sheet: Sheet, scale: Scale, row: Any, y: float, heaviest: float) -> None:  # noqa: ANN401
    """Draw the mark of one row."""
    em = sheet.style.text
    if row.mark == "square":
        share = row.share / heaviest if heaviest and not math.isnan(row.share) else 0.5
        marks.square(sheet, scale, y, row.estimate, row.low, row.high, em * (0.35 + 0.55 * math.sqrt(share)))
    elif row.mark == "band":
        marks.band(sheet, scale, y, row.low, row.high, em * 0.72)
    elif row.mark == "arrow":
        marks.side_arrow(sheet, scale, y, scale.null, rightwards=row.high > scale.null)
    elif row.mark == "diamond":
        height = em * (0.95 if row.role == "pooled" else 0.7)
        marks.diamond(sheet, scale, y, row.estimate, row.low, row.high, height, filled=row.role == "pooled")
    elif row.mark == "bound":
        marks.limit_bar(sheet, scale, y, row.low, row.high, em * 0.9)
    elif row.mark == "prediction":
        marks.thin_interval(sheet, scale, y, row.low, row.high, em * 0.5)


def _columns(drawn: pd.DataFrame, fit: MetaFit) -> tuple[list[Column], list[Column]]:
    """Return the text columns on the left and on the right of the picture."""

    def cells(name: str) -> tuple[str, ...]:
        return tuple(drawn[name])

    bounds = " or bounds" if drawn["mark"].isin(["band", "arrow"]).any() else ""
    left = [Column("Study", cells("label"), flex=True, keep_end=True)]
    if len(set(drawn.loc[drawn["role"] == "row", "outcome"])) > 1 or (drawn["role"] == "alongside").any():
        left.append(Column("Outcome", cells("outcome"), flex=True))
    left.append(Column("People", cells("n_text"), "right"))
    right = [
        Column(fit.measure, cells("estimate_text"), "right"),
        Column(f"{round(fit.level * 100, 1):g}% CI{bounds}", cells("interval_text"), "right"),
        Column(str(drawn.attrs.get("share_name", "Weight")), cells("share_text"), "right"),
    ]
    return left, right


def _contents(
    fit: MetaFit, rows: pd.DataFrame, drawn: pd.DataFrame, medium: str, favours: tuple[str, str], title: str
) -> list[Content]:
    """Return the chart with all columns, without the weights, and without the people too."""
    drawn.attrs = rows.attrs
    left, right = _columns(drawn, fit)
    slide = medium == "slide"
    first_pooled = drawn.index[drawn["role"] != "row"]
    present = set(drawn["mark"])
    full = Content(
        tuple(left),
        tuple(right),
        title=title,
        favours=favours,
        axis_label="" if slide else measure_name(fit.measure),
        bold=frozenset(drawn.index[drawn["role"] == "pooled"]),
        rules=frozenset(first_pooled[:1]),
        lanes=tuple(1.0 for _ in range(len(drawn))),
        key=tuple(mark for mark in _KEY if mark in present and not (slide and mark in ("square", "diamond"))),
        foot=(*(() if slide else (_basis(fit),)), *left_out_notes(rows, short=slide)),
    )
    without_weights = replace(full, right=full.right[:-1])
    return [full, without_weights, replace(without_weights, left=full.left[:-1])]


def forest_title(fit: MetaFit, favours: tuple[str, str] = ("second arm", "first arm")) -> str:
    """Return one message made from the result, never more than its interval allows.

    Parameters
    ----------
    fit : MetaFit
        The drawn result.
    favours : tuple of str
        Names of what lies below and above no difference.

    Returns
    -------
    str
        Which side the interval lies on, or that it lies on both.
    """
    if all(map(math.isnan, limits(fit))) or fit.bound == "none":
        return "One study: shown, not pooled" if fit.n_studies == 1 else "The rows give no pooled result"
    low = -math.inf if fit.conf_low is None else fit.conf_low
    high = math.inf if fit.conf_high is None else fit.conf_high
    side = (
        f"favours {favours[1]}" if low > 0 else f"favours {favours[0]}" if high < 0 else "no clear difference"
    )
    lone = "one study " if fit.n_studies == 1 else ""
    message = f"{lone}{side}: {fit.measure} {bound_words(fit)}"
    return message[:1].upper() + message[1:]


def forest_caption(fit: MetaFit) -> str:
    """Return the caption of the forest plot: what is pooled, by which model, and what that assumes.

    Parameters
    ----------
    fit : MetaFit
        The drawn result.

    Returns
    -------
    str
        Some short sentences.
    """
    return f"{measure_name(fit.measure)}: {pooled_words(fit)}. {_basis(fit)}"


def _basis(fit: MetaFit) -> str:
    """Return what a result rests on: the model, and what it assumes."""
    return f"{model_words(fit)} {assumption_words([fit])}".rstrip()


def forest_alt(fit: MetaFit) -> str:
    """Return the alternative text of the forest plot: a sentence with its numbers.

    Parameters
    ----------
    fit : MetaFit
        The drawn result.

    Returns
    -------
    str
        For readers who do not see the picture.
    """
    rows = forest_rows(fit)
    kinds = {"square": "value", "band": "bounds only", "arrow": "direction only"}
    counts = rows.loc[rows["role"] == "row", "mark"].value_counts()
    parts = listed(f"{counts[mark]} with {words}" for mark, words in kinds.items() if mark in counts)
    n_rows = int((rows["role"] == "row").sum())
    result = pooled_words(fit)
    return f"Forest plot of {plural(n_rows, 'row')} ({parts}). {result[:1].upper()}{result[1:]}."
