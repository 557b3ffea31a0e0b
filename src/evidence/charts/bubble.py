"""The bubble plot: effects against a moderator, with the line of a meta-regression and its bands."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from evidence.charts.bubble_rows import bubble_line, bubble_rows, held_at, moderator_of
from evidence.charts.captions import level_words, model_words
from evidence.charts.frame import measure_name
from evidence.charts.panel import Key, Panel, Picture, Span, mix, padded
from evidence.charts.panel_layout import open_panel
from evidence.charts.said import say
from evidence.charts.style import medium_for
from evidence.charts.words import listed, measure_code, measure_head, number, plural
from evidence.synthesis.bias_words import equals_p

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from evidence.fit import MetaFit

__all__ = ["bubble", "bubble_alt", "bubble_caption", "bubble_line", "bubble_rows", "bubble_title"]

FEW_PER_MODERATOR = 10
"""Studies for each moderator below which it is not to be trusted (Cochrane Handbook, 10.11.5)."""

_CONF, _PRED, _FACE = 0.30, 0.13, 0.45
"""How dark the bands and the inside of the bubbles are."""


def bubble(
    fit: MetaFit,
    moderator: str | None = None,
    *,
    ax: Axes | None = None,
    medium: str | None = None,
    name: str | None = None,
    title: str | None = None,
) -> Axes:
    """Draw effects against a moderator: bubbles by weight, the fitted line, and its two bands.

    The dark band is the confidence interval of the mean, the light one the prediction interval for a new
    study. Rows of which only bounds are known are bars from bound to bound, open triangles where one is
    infinite. The moderator was not randomised: the line is an observation across studies.

    Parameters
    ----------
    fit : MetaFit
        Of `meta_regression`, or of `multilevel` or `pool_partial` with a formula.
    moderator : str, optional
        A number of the formula; other moderators are held at their mean or commonest level. Without it, the
        only number.
    ax : Axes, optional
        Where to draw. Without it a figure is made.
    medium : str, optional
        ``"notebook"``, ``"slide"`` (16:9, no text below 18 pt) or ``"journal"``.
    name : str, optional
        Name of the moderator on the axis, with its unit; by default the column.
    title : str, optional
        One message. None makes it from the result (`bubble_title`); ``""`` sets none.

    Returns
    -------
    Axes
        The given one, or the only one of the new figure. Its x axis is the moderator; y is in points from the
        top.

    Raises
    ------
    ModelError
        Where the fit has no moderator, it is a factor (the way out is named) or not known, several could be
        meant, or the medium is not known.

    References
    ----------
    Thompson SG, Higgins JPT. How should meta-regression analyses be undertaken and interpreted? Stat Med
    2002;21(11):1559-1573. https://doi.org/10.1002/sim.1187

    Examples
    --------
    >>> import evidence as ev
    >>> weeks = [2, 4, 6, 8, 10]
    >>> effects = ev.effects_from([0.1, 0.2, 0.4, 0.3, 0.5], variance=0.04, weeks=weeks)
    >>> ax = ev.bubble(ev.meta_regression(effects, "~ weeks"))
    """
    medium = medium_for(medium)
    moderator = moderator_of(fit, moderator)
    rows, line = bubble_rows(fit, moderator), bubble_line(fit, moderator)
    shown = rows[rows["mark"].ne("none")]
    log, slide = fit.scale == "log", medium == "slide"
    null = 1.0 if log else 0.0
    bubbles, bounds = shown[shown["mark"].eq("bubble")], shown[shown["mark"].eq("bounds")]
    seen = [*bubbles["estimate"], *line["estimate"], *_finite(bounds, log), null]
    low, high = _upright(seen, line, log)
    left, right = padded(line["x"], room=0.05)
    message = bubble_title(fit, moderator, name=name) if title is None else title
    picture = Picture(
        Span(left, right, name or moderator),
        Span(low, high, f"{measure_head(fit.measure) if slide else measure_name(fit.measure)}", log),
        title=message,
        key=_key(shown, line, fit, slide),
        foot=_trust(fit) if slide else bubble_caption(fit, moderator, name=name),
    )
    panel = open_panel(picture, medium, ax)
    _draw_line(panel, line, null, (left, right))
    for row in bounds.to_dict("records"):
        _draw_bounds(panel, float(row["x"]), float(row["low"]), float(row["high"]))
    heaviest = float(bubbles["share"].max()) if len(bubbles) else 1.0
    for row in bubbles.sort_values("share", ascending=False).to_dict("records"):
        across = _across(panel, float(row["share"]) / heaviest)
        _dot(panel, float(row["x"]), float(panel.height(row["estimate"])), across)
    return say(
        panel.sheet.ax,
        caption=bubble_caption(fit, moderator, name=name),
        alt=bubble_alt(fit, moderator, name=name),
    )


def _finite(bounds: pd.DataFrame, log: bool) -> list[float]:
    values = bounds[["low", "high"]].to_numpy(dtype=float).ravel()
    return [float(v) for v in values if math.isfinite(v) and (v > 0 or not log)]


def _upright(seen: list[float], line: pd.DataFrame, log: bool) -> tuple[float, float]:
    """Choose the upright range: effects and the line must show, bands as far as they do not squeeze these."""
    low, high = padded(seen, log=log)
    ends = [line[c].to_numpy(dtype=float) for c in line.columns if c.endswith(("_low", "_high"))]
    widest = padded(np.concatenate([np.asarray(seen, dtype=np.float64), *ends]), log=log)
    if log:
        reach = math.log(high / low) * 0.4
        return max(widest[0], low * math.exp(-reach)), min(widest[1], high * math.exp(reach))
    reach = (high - low) * 0.4
    return max(widest[0], low - reach), min(widest[1], high + reach)


def _across(panel: Panel, share: float) -> float:
    """Return the diameter of a bubble: its area is the weight."""
    return panel.style.text * max(1.9 * math.sqrt(share), 0.3)


def _dot(panel: Panel, x: float, at: float, across: float) -> None:
    colours = panel.style.colours
    panel.mark(x, at, across, colours.exact, face=mix(colours.paper, colours.exact, _FACE), order=3.0)


def _draw_line(panel: Panel, line: pd.DataFrame, null: float, ends: tuple[float, float]) -> None:
    """Draw the bands, the line of no difference, and the fitted line."""
    colours = panel.style.colours
    around = [*line["x"], *line["x"][::-1]]
    for kind, shade, order in (("pred", _PRED, 0.5), ("conf", _CONF, 0.7)):
        if f"{kind}_low" in line:
            edges = [*line[f"{kind}_low"], *line[f"{kind}_high"][::-1]]
            panel.fill(around, _inside(edges, panel), mix(colours.paper, colours.quiet, shade), order=order)
    panel.line(ends, [null, null], colours.quiet, width=0.8, order=1.0)
    panel.line(line["x"], line["estimate"], colours.pooled, width=1.8, order=1.6)


def _inside(values: list[float], panel: Panel) -> np.ndarray:
    """Return values that can be placed: infinite and zero ends of a band leave the box just so."""
    low, high = panel.y.low, panel.y.high
    far = (low / 1e3, high * 1e3) if panel.y.log else (low - 10 * (high - low), high + 10 * (high - low))
    return np.clip(np.asarray(values, dtype=np.float64), *far)


def _draw_bounds(panel: Panel, x: float, low: float, high: float) -> None:
    """Draw a row without a value: a bar between its bounds, or a triangle at the only one."""
    colours, em = panel.style.colours, panel.style.text
    closed = math.isfinite(low) and low > (0.0 if panel.y.log else -math.inf), math.isfinite(high)
    if all(closed):
        panel.line([x, x], [low, high], colours.interval, width=0.8, pattern=(0.0, (1.2, 1.6)), order=2.2)
        for end in (low, high):
            panel.mark(x, float(panel.height(end)), em * 0.45, colours.interval, marker="_", order=2.3)
        return
    end, marker = (low, "^") if closed[0] else (high, "v")
    at = float(panel.height(end))
    panel.mark(x, at, em * 0.52, colours.interval, marker=marker, face=colours.interval_fill, order=3.3)


def _key(shown: pd.DataFrame, line: pd.DataFrame, fit: MetaFit, slide: bool) -> tuple[Key, ...]:
    def dot(panel: Panel, left: float, right: float, y: float) -> None:
        _dot(panel, panel.x.value((left + right) / 2), y, panel.style.text * 0.8)

    def triangle(panel: Panel, left: float, right: float, y: float) -> None:
        colours = panel.style.colours
        x, size = panel.x.value((left + right) / 2), panel.style.text * 0.55
        panel.mark(x, y, size, colours.interval, marker="^", face=colours.interval_fill)

    def mean(panel: Panel, left: float, right: float, y: float) -> None:
        panel.stroke([left, right], [y, y], panel.style.colours.pooled, width=1.8)

    def band(shade: float, words: str) -> Key:
        return Key(
            lambda panel, left, right, y: panel.swatch(
                left, right, y, mix(panel.style.colours.paper, panel.style.colours.quiet, shade)
            ),
            words,
        )

    marks = set(shown["mark"])
    share = "weight" if fit.rows["weight"].notna().any() else "information"
    items = [Key(dot, f"effect, area by {share}")] if "bubble" in marks else []
    if "bounds" in marks:
        items.append(Key(triangle, "bound of an effect"))
    items.append(Key(mean, "mean"))
    percent = "" if slide else f"{level_words(fit.level)} "
    items.append(band(_CONF, f"{percent}confidence"))
    if "pred_low" in line:
        items.append(band(_PRED, f"{percent}prediction"))
    return tuple(items)


def _ends(fit: MetaFit, moderator: str) -> str:
    """Return the fitted mean at both ends of the moderator."""
    line = bubble_line(fit, moderator)
    first, last = line.iloc[0], line.iloc[-1]
    at = [f"{value:.4g}".replace("-", "\u2212") for value in (first["x"], last["x"])]
    return (
        f"{measure_code(fit.measure)} {number(float(first['estimate']))} at {at[0]}, "
        f"{number(float(last['estimate']))} at {at[1]}"
    )


def _p_value(fit: MetaFit, moderator: str) -> float:
    """Return the p of all terms of the formula that hold the moderator."""
    assert fit.regression is not None  # moderator_of has seen it
    labels = [label for label, _, _ in fit.regression.terms.spans if moderator in label.split(":")]
    return float(fit.joint_test(labels or [moderator])["p_value"].iloc[0])


def bubble_title(fit: MetaFit, moderator: str | None = None, *, name: str | None = None) -> str:
    """Return one message made from the result: whether the mean changes with the moderator, and how far.

    Parameters
    ----------
    fit, moderator, name
        As in `bubble`.

    Returns
    -------
    str
        One sentence without a full stop.
    """
    moderator = moderator_of(fit, moderator)
    clear = _p_value(fit, moderator) < 1.0 - fit.level
    start = "Effects change with" if clear else "No clear relation with"
    return f"{start} {name or moderator}: {_ends(fit, moderator)}"


def bubble_caption(fit: MetaFit, moderator: str | None = None, *, name: str | None = None) -> str:
    """Return the caption: model, test, what is held where, what is not drawn, and how far to trust it.

    Parameters
    ----------
    fit, moderator, name
        As in `bubble`.

    Returns
    -------
    str
        Some short sentences.
    """
    moderator = moderator_of(fit, moderator)
    rows = bubble_rows(fit, moderator)
    called = name or moderator
    p = equals_p(_p_value(fit, moderator))
    parts = [
        f"Effects against {called}. {model_words(fit)} Test of {called}: {p}. Bands: "
        f"{level_words(fit.level)} intervals."
    ]
    held = [
        f"{other} at {value if isinstance(value, str) else number(value)}"
        for other, value in held_at(fit, moderator).items()
    ]
    if held:
        parts.append(f"Line with {listed(held)}; effects as observed, not adjusted.")
    bounds = int(rows["mark"].eq("bounds").sum())
    if bounds:
        parts.append(f"{plural(bounds, 'row')} with bounds only.")
    hidden = int((rows["mark"].eq("none") & rows["role"].eq("row")).sum())
    if hidden:
        parts.append(f"{plural(hidden, 'row')} without a place (direction only).")
    out = int(rows["role"].eq("left_out").sum())
    if out:
        parts.append(f"{plural(out, 'row')} not in the model.")
    parts.append(_trust(fit))
    return " ".join(parts)


def _trust(fit: MetaFit) -> str:
    """Return how far a line across studies can be trusted."""
    moderators = 0 if fit.regression is None else len(fit.regression.terms.moderators)
    few = fit.n_studies < FEW_PER_MODERATOR * moderators
    words = f"Fewer than {FEW_PER_MODERATOR} studies a moderator: not to be trusted. " if few else ""
    return f"{words}Across studies, not randomised."


def bubble_alt(fit: MetaFit, moderator: str | None = None, *, name: str | None = None) -> str:
    """Return the alternative text: how many effects, the line at both ends, the test.

    Parameters
    ----------
    fit, moderator, name
        As in `bubble`.

    Returns
    -------
    str
        For readers who do not see the picture.
    """
    moderator = moderator_of(fit, moderator)
    rows = bubble_rows(fit, moderator)
    drawn = rows[rows["mark"].ne("none")]
    studies = plural(drawn["study"].nunique(), "study", "studies")
    p = equals_p(_p_value(fit, moderator))
    return (
        f"Bubble plot of {plural(len(drawn), 'row')} of {studies} "
        f"against {name or moderator}: fitted {_ends(fit, moderator)} ({p})."
    )
