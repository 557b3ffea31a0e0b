"""The albatross plot: p values against numbers of people, with contours of equal effect."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from evidence.charts.albatross_draw import draw_key, draw_rows
from evidence.charts.albatross_frame import draw_axes, draw_contours, open_frame
from evidence.charts.albatross_rows import albatross_contours, albatross_rows, left_off
from evidence.charts.canvas import open_sheet
from evidence.charts.figures import enlarged, new_axes, room_for, room_style
from evidence.charts.frame import expect, printed
from evidence.charts.said import say
from evidence.charts.style import POINTS, medium_for, style_for
from evidence.charts.words import listed, measure_code, number, plural
from evidence.errors import ModelError

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from evidence.effects.record import Effects

__all__ = ["albatross", "albatross_alt", "albatross_caption", "albatross_rows"]

_EFFECTS = 'effects = ev.effect_sizes(ev.example_studies().where(level="study"), measure="SMD")'

_UNTITLED = 0.8
"""Share of that height which the picture needs without a title, in the room of a slide that has its own."""

_HIGH = {"slide": 7.5 / 13.333, "journal-single": 1.3}
"""Height of a figure as a share of its width; elsewhere that of a slide."""


def albatross(
    effects: Effects,
    *,
    ax: Axes | None = None,
    sizes: tuple[float, ...] | None = None,
    baseline: float | None = None,
    medium: str | None = None,
    favours: tuple[str, str] = ("second arm", "first arm"),
    title: str | None = None,
) -> Axes:
    """Draw every row at its p value and its number of people, exact or not.

    A point is an exact p; a bar is a band of p ("p < .05", "no difference"); a dotted line is a direction
    alone. Right of the middle favours the first arm. A contour joins what one effect would give at each
    number of people: a cloud along a contour speaks for about that effect.

    Parameters
    ----------
    effects : Effects
        Effects of any kind.
    ax : Axes, optional
        Where to draw. Without it a figure is made.
    sizes : tuple of float, optional
        Effects of the contours: standardised mean differences, or ratios above 1. None takes
        0.2, 0.5, 0.8 or 1.25, 1.5, 2.
    baseline : float, optional
        Risk in the second arm: contours of OR and RR need it, without it they are not drawn. Other
        measures have none.
    medium : str, optional
        ``"notebook"``, ``"slide"`` (16:9, no text below 18 pt), ``"journal"`` or ``"journal-single"``. None
        takes that of `chart_style`, else ``"notebook"``.
    favours : tuple of str
        Names of what lies left and right.
    title : str, optional
        One message. None makes it from the numbers; ``""`` sets none.

    Returns
    -------
    Axes
        The given one, or the only one of the new figure; x and y are in points from the top left.

    Raises
    ------
    ModelError
        Where the effects are none, no row can be shown, or a choice is impossible.

    References
    ----------
    Harrison S, Jones HE, Martin RM, Lewis SJ, Higgins JPT (2017). Res Synth Methods 8:281-289.
    doi:10.1002/jrsm.1239

    Examples
    --------
    >>> import evidence as ev
    >>> trials = ev.example_studies().where(question="hip_knee_vs_knee", level="study")
    >>> ax = ev.albatross(ev.effect_sizes(trials, measure="SMD"))
    """
    medium = medium_for(medium)
    expect("albatross", effects, "Effects", ("table", "measure", "display_sign"), _EFFECTS)
    rows = albatross_rows(effects)
    if rows.empty:
        raise ModelError(
            "no row can be shown: an albatross plot needs the number of people, and a p value, a band of p "
            "or a direction; give n_e and n_c"
        )
    style, room = room_style(style_for(medium))
    usual = style.width * POINTS, style.width * POINTS * _HIGH.get(style.name, _HIGH["slide"])
    least, new = style.least_factor, ax is None
    if ax is None and room is None:
        width, height = usual
        ax = new_axes(width, height, style)
    else:
        needed = usual[0] * least, usual[1] * least * (_UNTITLED if new else 1.0)
        if ax is not None:
            width, height = enlarged(ax, *needed)
        elif room is not None:
            width, height = room_for(room, *needed)
        style = style.scaled(max(least, min(1.0, width / usual[0], height / usual[1])))
        ax = new_axes(width, height, style) if ax is None else ax
    sheet = open_sheet(ax, style, width, height)
    ax.set_xlim(0.0, width)
    message = "" if room is not None and new else _message(effects, rows) if title is None else title
    slide = style.name == "slide"
    foot = _slide_note(effects, rows) if slide else albatross_caption(effects, baseline=baseline)
    frame = open_frame(sheet, rows, message, foot, favours)
    draw_axes(sheet, frame)
    grid = np.geomspace(max(frame.n_low, 4.5), frame.n_high, 160)
    contours = albatross_contours(effects, grid, sizes=sizes, baseline=baseline)
    draw_contours(sheet, frame, contours)
    draw_rows(sheet, frame, rows)
    draw_key(sheet, frame, rows, len(contours) > 0)
    return say(ax, caption=albatross_caption(effects, baseline=baseline), alt=albatross_alt(effects))


def _message(effects: Effects, rows: pd.DataFrame) -> str:
    """Return what the plot holds: the middle of the exact effects, and how many rows only bound p."""
    exact = rows[rows["mark"].eq("point")]
    bounded = len(rows) - len(exact)
    rest = f"{plural(bounded, 'row')} only {'bounds' if bounded == 1 else 'bound'} p"
    if exact.empty:
        return f"No exact p: {rest}" if bounded else "No exact p"
    middle = printed(float(exact["estimate"].median()), effects.scale, effects.display_sign)
    start = f"{plural(len(exact), 'exact result')} around {measure_code(effects.measure)} {number(middle)}"
    return f"{start}; {rest}" if bounded else start


def _slide_note(effects: Effects, rows: pd.DataFrame) -> str:
    off = left_off(effects, rows)
    return f"Not shown, people or test unknown: {plural(off, 'row')}." if off else "Every row is shown."


def albatross_caption(effects: Effects, *, baseline: float | None = None) -> str:
    """Return the caption: what the marks mean, what the contours assume, and what is not shown.

    Parameters
    ----------
    effects : Effects
        The drawn effects.
    baseline : float, optional
        As drawn.

    Returns
    -------
    str
        Three or four sentences.
    """
    rows = albatross_rows(effects)
    parts = [
        f"Albatross plot of {plural(len(rows), 'row')} of "
        f"{plural(rows['study'].nunique(), 'study', 'studies')}: two-sided p against people, in favour of "
        "the first arm to the right; equal bars once, thicker the more rows share them, moved apart where "
        "they would touch."
    ]
    measure = effects.measure.upper()
    if measure == "SMD":
        parts.append(
            "Contours: standardised mean difference in two equal arms, in standard deviations of the score "
            "that was tested."
        )
    elif measure in ("OR", "RR") and baseline is not None:
        parts.append(f"Contours: {measure} in two equal arms, risk {baseline:g} in the second.")
    elif measure in ("OR", "RR"):
        parts.append("No contours: they need the risk in the second arm (baseline).")
    off = left_off(effects, rows)
    if off:
        parts.append(f"Not shown: {plural(off, 'row')} without the number of people or without any test.")
    parts.append("Nothing is pooled or counted here.")
    return " ".join(parts)


def albatross_alt(effects: Effects) -> str:
    """Return the alternative text: how many rows of each kind lie on each side.

    Parameters
    ----------
    effects : Effects
        The drawn effects.

    Returns
    -------
    str
        For readers who do not see the picture.
    """
    rows = albatross_rows(effects)
    parts = []
    for mark, words in (("point", "exact p"), ("band", "band of p"), ("side", "direction only")):
        of = rows[rows["mark"].eq(mark)]
        if of.empty:
            continue
        first, second = int((of["x_low"] >= 0).sum()), int(((of["x_high"] <= 0) & (of["x_low"] < 0)).sum())
        both = len(of) - first - second
        where = [f"{first} in favour of the first arm", f"{second} of the second"]
        parts.append(f"{words}: {listed([*where, f'{both} on both sides'] if both else where)}")
    return f"p values against numbers of people. {'; '.join(parts)}."
