"""The GOSH chart: the result in every subset, estimate against I², with and without one study."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from evidence.charts.captions import assumption_words, level_words, limits, model_words
from evidence.charts.frame import expect, measure_name, on_screen
from evidence.charts.gosh_rows import (
    GOSH_COLUMNS,
    SHARES,
    axes_of,
    chosen_study,
    density,
    gosh_chart_rows,
    on_paper,
)
from evidence.charts.panel import Key, Panel, Picture, Span, mix
from evidence.charts.panel_layout import open_panel
from evidence.charts.point_labels import short_label
from evidence.charts.said import say
from evidence.charts.style import medium_for
from evidence.charts.words import count, decimals_for, listed, measure_code, measure_head, number, plural
from evidence.synthesis.gosh import FEWEST

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes

    from evidence.synthesis.gosh import Gosh

__all__ = ["GOSH_COLUMNS", "gosh_chart", "gosh_chart_alt", "gosh_chart_caption", "gosh_chart_rows"]

_POINTS = 1500
"""Subsets up to which each is a point; of more, regions are drawn: a million marks are no picture."""


def gosh_chart(
    gosh: Gosh,
    study: str | None = None,
    *,
    ax: Axes | None = None,
    medium: str | None = None,
    favours: tuple[str, str] = ("second arm", "first arm"),
    title: str | None = None,
) -> Axes:
    """Draw the result in every subset of the studies: estimate to the right, I² upwards.

    Subsets that hold a study and those without it are told apart. Two clouds that hardly meet say that the
    result is that of two kinds of subsets; one cloud says that no study decides it alone.

    Parameters
    ----------
    gosh : Gosh
        Result of `gosh`.
    study : str, optional
        The study by which subsets are told apart; by default the one whose presence moves the median most.
    ax : Axes, optional
        Where to draw. Without it a figure is made.
    medium : str, optional
        ``"notebook"``, ``"slide"`` (16:9, no text below 18 pt), ``"journal"`` or ``"journal-single"``. None
        takes that of `chart_style`, else ``"notebook"``.
    favours : tuple of str, default ("second arm", "first arm")
        What results below and above no difference favour, on the model scale.
    title : str, optional
        One message. None makes it from the result; ``""`` sets none.

    Returns
    -------
    Axes
        The given one, or the only one of the new figure. Its x axis is the printed scale; y is in points from
        the top. Up to 1,500 subsets are points; of more the regions that hold 50, 80 and 95 % are drawn.

    Raises
    ------
    ModelError
        Where there is no such study, `gosh` is none, or the medium is not known.

    References
    ----------
    Olkin I, Dahabreh IJ, Trikalinos TA. GOSH - a graphical display of study heterogeneity. Res Synth Methods
    2012;3(3):214-223. https://doi.org/10.1002/jrsm.1053

    Examples
    --------
    >>> import evidence as ev
    >>> effects = ev.effects_from([0.1, 0.2, 0.3, 0.2, 0.9], variance=0.04, study=list("abcde"))
    >>> ax = ev.gosh_chart(ev.gosh(effects))
    >>> ev.alt_text(ax)[:40]
    'GOSH chart of 26 subsets of 5 studies: e'
    """
    medium = medium_for(medium)
    way = "cloud = ev.gosh(effects)"
    expect("gosh_chart", gosh, "a Gosh", ("estimate", "i2", "labels", "packed", "fit"), way)
    chosen = chosen_study(gosh, study)
    rows = gosh_chart_rows(gosh, chosen)
    fit, slide = gosh.fit, medium == "slide"
    name = measure_head(fit.measure) if slide else measure_name(fit.measure)
    x, y = axes_of(gosh, f"{name} of the subset", _POINTS)
    picture = Picture(
        x,
        y,
        title=_message(gosh, study, rows) if title is None else title,
        sides=on_screen(favours, fit.scale, fit.display_sign),
        key=_key(gosh, chosen, rows),
        foot=_few(gosh) if slide else gosh_chart_caption(gosh, chosen),
        share=0.45,
    )
    panel = open_panel(picture, medium, ax)
    _draw_lines(panel, limits(fit)[0])
    inside = gosh.holds(chosen)
    for at, is_with in ((~inside, False), (inside, True)):
        if not at.any():
            continue
        (_draw_points if len(gosh) <= _POINTS else _draw_regions)(
            panel, on_paper(gosh)[at], gosh.i2[at], is_with
        )
    return say(panel.sheet.ax, caption=gosh_chart_caption(gosh, study), alt=gosh_chart_alt(gosh, study))


def _colour(panel: Panel, is_with: bool) -> str:
    colours = panel.style.colours
    return colours.second if is_with else colours.first


def _draw_lines(panel: Panel, whole: float) -> None:
    """Draw the line of no difference where it is in the picture, and that of the result with all."""
    colours = panel.style.colours
    ends = [panel.y.low, panel.y.high]
    if panel.x.low <= panel.x.null <= panel.x.high:
        panel.line([panel.x.null] * 2, ends, colours.quiet, width=0.8, order=0.9)
    if math.isfinite(whole):
        panel.line([whole] * 2, ends, colours.pooled, width=1.1, pattern=(0, (1.0, 1.6)), order=2.6)


def _draw_points(panel: Panel, values: NDArray[np.float64], i2: NDArray[np.float64], is_with: bool) -> None:
    """Draw each subset: a disc with the study, an open triangle without it."""
    colour, style = _colour(panel, is_with), panel.style
    across = style.text * float(np.clip(0.75 - 0.08 * math.log10(len(values) + 1) * 1.6, 0.4, 0.75))
    (artist,) = panel.sheet.ax.plot(
        values,
        panel.height(i2),
        marker="o" if is_with else "^",
        markersize=across,
        linestyle="",
        color=colour,
        markerfacecolor=colour if is_with else "none",
        markeredgecolor=style.colours.paper if is_with else colour,
        markeredgewidth=style.line * (0.3 if is_with else 0.6),
        alpha=0.75,
        zorder=2.3 if is_with else 2.2,
    )
    artist.set_clip_on(False)  # an I² of zero lies on the axis


def _draw_regions(panel: Panel, values: NDArray[np.float64], i2: NDArray[np.float64], is_with: bool) -> None:
    """Draw the regions that hold most subsets: filled, with a full outline with the study, else dashed."""
    found = density(values, i2, _across(panel), panel.y)
    colour, ax, style = _colour(panel, is_with), panel.sheet.ax, panel.style
    heights = panel.height(found.y)
    if not found.levels:
        return
    top = max(float(found.share.max()), found.levels[-1]) * 1.01
    for level in found.levels:
        fill = ax.contourf(
            found.x, heights, found.share, levels=[level, top], colors=[colour], alpha=0.22, zorder=1.5
        )
        fill.set_clip_path(panel.clip)
    pattern = "solid" if is_with else "dashed"
    line = ax.contour(
        found.x,
        heights,
        found.share,
        levels=found.levels[:1],
        colors=[colour],
        linewidths=style.line * 1.2,
        linestyles=pattern,
        zorder=2.4,
    )
    line.set_clip_path(panel.clip)


def _across(panel: Panel) -> Span:
    return Span(panel.x.low, panel.x.high, log=panel.x.log)


def _key(gosh: Gosh, study: str, rows: pd.DataFrame) -> tuple[Key, ...]:
    places = _places(rows)
    keys = []
    for row in rows.to_dict("records"):
        if not row["subsets"]:
            continue
        is_with = row["group"] == "with"
        words = f"{row['group']} {short_label(study)}: median {number(row['median'], places)}"
        keys.append(Key(_sample(len(gosh) <= _POINTS, is_with), words))
    return (*keys, Key(_whole_line, "all studies"))


def _sample(points: bool, is_with: bool) -> Callable[[Panel, float, float, float], None]:
    def draw(panel: Panel, left: float, right: float, y: float) -> None:
        colour, colours = _colour(panel, is_with), panel.style.colours
        if points:
            panel.mark(
                panel.x.value((left + right) / 2),
                y,
                panel.style.text * 0.65,
                colour,
                marker="o" if is_with else "^",
                face=colour if is_with else colours.paper,
                edge=colour,
            )
            return
        panel.swatch(left, right, y, mix(colours.paper, colour, 0.4))
        for end in (-1, 1):
            at = y + end * panel.style.small * 0.45
            panel.stroke(
                [left, right], [at] * 2, colour, width=1.2, pattern="-" if is_with else (0, (2.5, 1.5))
            )

    return draw


def _whole_line(panel: Panel, left: float, right: float, y: float) -> None:
    panel.stroke([left, right], [y] * 2, panel.style.colours.pooled, width=1.1, pattern=(0, (1.0, 1.6)))


def _places(rows: pd.DataFrame) -> int:
    return decimals_for([float(v) for v in rows["median"] if math.isfinite(v)])


def _few(gosh: Gosh) -> str:
    return f"Not to be read with fewer than {FEWEST} studies." if len(gosh.labels) < FEWEST else ""


def _message(gosh: Gosh, study: str | None, rows: pd.DataFrame) -> str:
    """Return what the presence of the study does to the median; with few studies that this is no pattern."""
    if len(gosh.labels) < FEWEST:
        return f"Only {plural(len(gosh.labels), 'study', 'studies')}: too few subsets to show a pattern"
    name = short_label(chosen_study(gosh, study))
    most = "moves the result most" if study is None else "in or out"
    middle = [number(float(value), _places(rows)) for value in rows["median"]]
    if study is None and middle[0] == middle[1]:
        return f"No single study moves the result: median {middle[0]} with and without each"
    return f"{name} {most}: median {middle[0]} with it, {middle[1]} without"


def _amount(gosh: Gosh) -> str:
    which = f"All {count(len(gosh))}" if gosh.exact else f"{count(len(gosh))} random"
    return f"{which} subsets of two or more of {plural(len(gosh.labels), 'study', 'studies')}"


def gosh_chart_caption(gosh: Gosh, study: str | None = None) -> str:
    """Return the caption: which subsets, how they were fitted, what is drawn, and when not to read it.

    Parameters
    ----------
    gosh : Gosh
        The drawn cloud.
    study : str, optional
        As drawn.

    Returns
    -------
    str
        Some short sentences.
    """
    held = chosen_study(gosh, study)
    seed = f" (seed {gosh.seed})" if gosh.seed is not None else ""
    drawn = (
        "Each mark is one subset."
        if len(gosh) <= _POINTS
        else f"Shades hold {listed(f'{100 * share:.0f}%' for share in SHARES[::-1])} of the subsets, outlines"
        f" {100 * SHARES[0]:.0f}%; the outermost two in a thousand may lie beyond the axis."
    )
    few = f" {_few(gosh)}" if _few(gosh) else ""
    return (
        f"{_amount(gosh)}{seed}, each fitted anew by {gosh.tau2_method}, with {held} and without it. {drawn}"
        f" Dotted line: all studies, {number(limits(gosh.fit)[0])}; {model_words(gosh.fit).rstrip('.')};"
        f" {level_words(gosh.fit.level)} level. Subsets share studies: the cloud shows patterns, not"
        f" uncertainty.{few} {assumption_words([gosh.fit])}"
    ).rstrip()


def gosh_chart_alt(gosh: Gosh, study: str | None = None) -> str:
    """Return the alternative text: where the subsets with and without the study lie.

    Parameters
    ----------
    gosh : Gosh
        The drawn cloud.
    study : str, optional
        As drawn.

    Returns
    -------
    str
        For readers who do not see the picture.
    """
    rows = gosh_chart_rows(gosh, study)
    places = _places(rows)
    held = chosen_study(gosh, study)
    parts = [
        f"{row['group']} it {number(row['median'], places)} (middle 95% {number(row['low'], places)} to"
        f" {number(row['high'], places)}), I\N{SUPERSCRIPT TWO} {row['i2']:.0f}%"
        for row in rows.to_dict("records")
        if row["subsets"]
    ]
    return (
        f"GOSH chart of {count(len(gosh))} subsets of {plural(len(gosh.labels), 'study', 'studies')}:"
        f" {held} in or out; median {measure_code(gosh.fit.measure)} {'; '.join(parts)}."
    )
