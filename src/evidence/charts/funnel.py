"""The funnel plot: effects against their standard errors, with contours of significance."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from evidence.charts.captions import level_words
from evidence.charts.frame import measure_name, on_screen
from evidence.charts.funnel_rows import REGIONS, funnel_fit, funnel_lines, funnel_rows
from evidence.charts.funnel_words import funnel_alt, funnel_caption, funnel_title, slide_note
from evidence.charts.panel import Key, Panel, Picture, Span, mix, padded
from evidence.charts.panel_layout import open_panel
from evidence.charts.said import say
from evidence.charts.style import medium_for
from evidence.charts.words import measure_head
from evidence.errors import ModelError

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from evidence.effects.record import Effects
    from evidence.fit import MetaFit
    from evidence.synthesis.bias_fill import TrimAndFill
    from evidence.synthesis.funnel_record import FunnelTest

__all__ = ["funnel", "funnel_alt", "funnel_caption", "funnel_rows", "funnel_title"]

_SHADES = {"p < 0.01": 0.09, "p 0.01 to 0.05": 0.20, "p 0.05 to 0.10": 0.36, "p > 0.10": 0.0}
"""How dark each region is: most where effects are just not, or just, significant."""

_DASHED = (0.0, (4.0, 2.5))
_DOTTED = (0.0, (1.2, 1.6))
_DASH_DOT = (0.0, (6.0, 2.0, 1.2, 2.0))


def funnel(
    fit_or_effects: MetaFit | Effects,
    *,
    filled: TrimAndFill | None = None,
    test: FunnelTest | None = None,
    ax: Axes | None = None,
    medium: str | None = None,
    favours: tuple[str, str] = ("second arm", "first arm"),
    title: str | None = None,
) -> Axes:
    """Draw effects against their standard errors, large studies on top.

    Shades tell how significant an effect is where it lies: gaps among results that are not significant
    speak of results not reported, gaps elsewhere of other causes. Rows of which only limits are known are
    open triangles at the limit, pointing to where the effect may lie (a bar where both are known); rows that
    tell only a direction are counted in the caption.

    Parameters
    ----------
    fit_or_effects : MetaFit or Effects
        A pooled result without moderators; effects are pooled by `random_effects`, or by `multilevel` where
        a study has several rows.
    filled : TrimAndFill, optional
        Result of `trim_and_fill` of the same effects: what it adds is drawn as open diamonds.
    test : FunnelTest, optional
        Result of `funnel_test` (Egger's, on standard errors or variances): its line is drawn.
    ax : Axes, optional
        Where to draw. Without it a figure is made.
    medium : str, optional
        ``"notebook"``, ``"slide"`` (16:9, no text below 18 pt) or ``"journal"``.
    favours : tuple of str, default ("second arm", "first arm")
        What results below and above no difference favour, on the model scale.
    title : str, optional
        One message. None makes it from the result (`funnel_title`); ``""`` sets none.

    Returns
    -------
    Axes
        The given one, or the only one of the new figure. Its x axis is the printed scale; y is in points
        from the top.

    Raises
    ------
    ModelError
        Where no row has a value, the fit has moderators, `filled` or `test` are of other effects, or the
        medium is not known.

    References
    ----------
    Peters JL, Sutton AJ, Jones DR, Abrams KR, Rushton L. Contour-enhanced meta-analysis funnel plots help
    distinguish publication bias from other causes of asymmetry. J Clin Epidemiol 2008;61(10):991-996.
    https://doi.org/10.1016/j.jclinepi.2007.11.010
    Sterne JAC, et al. BMJ 2011;343:d4002. https://doi.org/10.1136/bmj.d4002

    Examples
    --------
    >>> import evidence as ev
    >>> effects = ev.effects_from([0.1, 0.2, 0.25, 0.5, 0.9], std_error=[0.05, 0.1, 0.15, 0.2, 0.3])
    >>> ax = ev.funnel(effects, filled=ev.trim_and_fill(effects), test=ev.funnel_test(effects))
    >>> "Too few studies to be read" in ev.caption(ax)
    True
    """
    medium = medium_for(medium)
    fit = funnel_fit(fit_or_effects)
    rows = funnel_rows(fit, filled=filled)
    points = rows[rows["mark"].isin(["point", "filled"])]
    if not rows["mark"].eq("point").any():
        raise ModelError(
            "no row has a value with a standard error: a funnel has nothing to show. "
            "ev.albatross(effects) shows rows by their p"
        )
    _same_rows(rows, test)
    shown = rows[rows["mark"].ne("none")]
    top = float(shown["std_error"].max()) * 1.06
    lines = funnel_lines(fit, top, test=test)
    log = fit.scale == "log"
    null = 1.0 if log else 0.0
    ends = lines.loc[lines["line"].isin(["limits", "pooled"]), "value"]
    bounds = shown[["low", "high"]].to_numpy(dtype=float).ravel()
    kept = bounds[np.isfinite(bounds) & ((bounds > 0) if log else np.ones(bounds.size, dtype=bool))]
    low, high = padded([*points["estimate"], *kept, *ends, null], log=log)
    slide = medium == "slide"
    message = funnel_title(fit, filled=filled, test=test, favours=favours) if title is None else title
    picture = Picture(
        Span(low, high, measure_head(fit.measure) if slide else measure_name(fit.measure), log),
        Span(0.0, top, "Standard error", down=True),
        title=message,
        sides=on_screen(favours, fit.scale, fit.display_sign),
        key=_key(rows, fit, test, slide),
        foot=slide_note(rows) if slide else funnel_caption(fit, filled=filled, test=test),
    )
    panel = open_panel(picture, medium, ax)
    _draw_regions(panel, lines, top, log)
    _draw_lines(panel, lines, null, top)
    _draw_rows(panel, shown)
    return say(
        panel.sheet.ax,
        caption=funnel_caption(fit, filled=filled, test=test),
        alt=funnel_alt(fit, filled=filled, test=test),
    )


def _same_rows(rows: pd.DataFrame, test: FunnelTest | None) -> None:
    """Refuse a test of other effects.

    Raises
    ------
    ModelError
        Where its rows are not those that are drawn as points.
    """
    if test is None:
        return
    own, others = set(rows.loc[rows["mark"].eq("point"), "row_id"]), set(test.rows["row_id"].astype(str))
    if own != others:
        raise ModelError(
            f"test was made from other effects ({len(others)} rows, here {len(own)}): "
            "pass funnel_test(effects) of the effects that are drawn"
        )


def _shade(panel: Panel, region: str) -> str:
    colours = panel.style.colours
    return mix(colours.paper, colours.quiet, _SHADES[region])


def _draw_regions(panel: Panel, lines: pd.DataFrame, top: float, log: bool) -> None:
    """Shade the box by the p of an effect that lies there, from outside inwards."""
    edges = [panel.x.low, panel.x.high, panel.x.high, panel.x.low]
    panel.fill(edges, [0.0, 0.0, top, top], _shade(panel, "p < 0.01"), order=0.5)
    inside = {"p = 0.01": "p 0.01 to 0.05", "p = 0.05": "p 0.05 to 0.10", "p = 0.10": "p > 0.10"}
    for at, (name, region) in enumerate(inside.items()):
        part = lines[lines["line"].eq(name)]
        left, right = (part[part["side"].eq(side)] for side in (-1, 1))
        xs = [*left["value"], *right["value"][::-1]]
        ys = [*left["std_error"], *right["std_error"][::-1]]
        panel.fill(xs, ys, _shade(panel, region), order=0.6 + 0.1 * at)
        for half in (left, right):
            panel.line(half["value"], half["std_error"], panel.style.colours.rule, width=0.5, order=0.95)


def _draw_lines(panel: Panel, lines: pd.DataFrame, null: float, top: float) -> None:
    colours = panel.style.colours
    panel.line([null, null], [0.0, top], colours.quiet, width=0.8, order=1.2)
    for name, pattern, colour, width in (
        ("limits", _DASHED, colours.pooled, 0.8),
        ("pooled", "-", colours.pooled, 1.0),
        ("egger", _DASH_DOT, colours.second, 1.5),
    ):
        part = lines[lines["line"].eq(name)]
        for _, half in part.groupby("side"):
            panel.line(half["value"], half["std_error"], colour, width=width, pattern=pattern, order=1.6)


def _draw_rows(panel: Panel, shown: pd.DataFrame) -> None:
    """Draw bounds first, then values, then what trim and fill adds."""
    style = panel.style
    size = style.text * (0.62 if len(shown) <= 40 else 0.48)
    order = {"bounds": 0, "point": 1, "filled": 2}
    for row in sorted(shown.to_dict("records"), key=lambda line: order[str(line["mark"])]):
        at = float(panel.height(row["std_error"]))
        if row["mark"] == "bounds":
            _draw_bounds(panel, float(row["low"]), float(row["high"]), float(row["std_error"]), size)
        elif row["mark"] == "point":
            panel.mark(row["estimate"], at, size, style.colours.exact, edge=style.colours.paper)
        else:
            colours = style.colours
            panel.mark(
                row["estimate"], at, size * 1.1, colours.exact, marker="D", face=colours.paper, order=3.2
            )


def _draw_bounds(panel: Panel, low: float, high: float, error: float, size: float) -> None:
    """Draw a row of which only limits are known: a triangle at the one, or a bar between the two."""
    colours, at = panel.style.colours, float(panel.height(error))
    closed = [math.isfinite(low) and low > (0.0 if panel.x.log else -math.inf), math.isfinite(high)]
    if all(closed):
        panel.line([low, high], [error] * 2, colours.interval, width=0.7, pattern=_DOTTED, order=2.2)
        for end in (low, high):
            panel.mark(end, at, size * 0.8, colours.interval, marker="|", order=2.3)
        return
    end, marker = (low, ">") if closed[0] else (high, "<")
    panel.mark(end, at, size * 0.9, colours.interval, marker=marker, face=colours.interval_fill, order=2.4)


def _key(rows: pd.DataFrame, fit: MetaFit, test: FunnelTest | None, slide: bool) -> tuple[Key, ...]:
    """Return the marks that are there, then the lines, then the shades."""

    def dot(panel: Panel, left: float, right: float, y: float) -> None:
        colours = panel.style.colours
        x = panel.x.value((left + right) / 2)
        panel.mark(x, y, panel.style.text * 0.62, colours.exact, edge=colours.paper)

    def diamond(panel: Panel, left: float, right: float, y: float) -> None:
        colours = panel.style.colours
        x = panel.x.value((left + right) / 2)
        panel.mark(x, y, panel.style.text * 0.62, colours.exact, marker="D", face=colours.paper)

    def triangle(panel: Panel, left: float, right: float, y: float) -> None:
        colours = panel.style.colours
        x = panel.x.value((left + right) / 2)
        panel.mark(x, y, panel.style.text * 0.58, colours.interval, marker=">", face=colours.interval_fill)

    def centre(panel: Panel, left: float, right: float, y: float) -> None:
        colours, half = panel.style.colours, panel.style.small * 0.55
        panel.stroke([(left + right) / 2] * 2, [y - half, y + half], colours.pooled, width=1.2)
        for x in (left, right):
            inward = half * 0.5 if x == left else -half * 0.5
            panel.stroke(
                [x + inward, x - inward], [y - half, y + half], colours.pooled, width=0.8, pattern=_DASHED
            )

    def regression(panel: Panel, left: float, right: float, y: float) -> None:
        panel.stroke([left, right], [y, y], panel.style.colours.second, width=1.5, pattern=_DASH_DOT)

    marks = set(rows["mark"])
    items = [Key(dot, "effect")]
    if "bounds" in marks:
        items.append(Key(triangle, "bound of an effect"))
    if "filled" in marks:
        items.append(Key(diamond, "filled in, not data"))
    if fit.estimate is not None:
        items.append(
            Key(centre, "mean, limits" if slide else f"mean, {level_words(fit.level)} pseudo limits")
        )
    if test is not None:
        items.append(Key(regression, "Egger" if slide else "Egger's regression"))
    return (*items, *(_swatch(region) for region in reversed(REGIONS)))


def _swatch(region: str) -> Key:
    words = {"p 0.05 to 0.10": "p 0.05–0.10", "p 0.01 to 0.05": "p 0.01–0.05"}.get(region, region)
    return Key(lambda panel, left, right, y: panel.swatch(left, right, y, _shade(panel, region)), words)
