"""The chart of a grid of correlations: one pooled result for each, in one picture."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import pandas as pd

from evidence.charts import marks
from evidence.charts.captions import level_words, limits, method_words, result_words
from evidence.charts.frame import expect, measure_name, on_screen, place, sides
from evidence.charts.said import say
from evidence.charts.scale import scale_for
from evidence.charts.style import medium_for
from evidence.charts.table_draw import draw_plan
from evidence.charts.table_parts import Column, Content
from evidence.charts.words import count, decimals_for, measure_head, number, plural

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from evidence.charts.canvas import Sheet
    from evidence.charts.scale import Scale
    from evidence.fit import MetaFit
    from evidence.synthesis.correlation_grid import CorrelationGrid

__all__ = [
    "correlation_curve",
    "correlation_curve_alt",
    "correlation_curve_caption",
    "correlation_curve_rows",
]


def correlation_curve_rows(grid: CorrelationGrid) -> pd.DataFrame:
    """Decide what the chart of a grid shows.

    Parameters
    ----------
    grid : CorrelationGrid
        The grid.

    Returns
    -------
    DataFrame
        One line a correlation, from the smallest: ``correlation``, ``estimate``, ``low``, ``high`` (printed
        scale), ``mark`` (``diamond``, ``bound`` for a limit on one side, ``none``), ``label``,
        ``estimate_text``, ``interval_text``, ``assuming_text`` and ``chosen`` (the correlation that the given
        effects assume).
    """
    lines = []
    fits = list(grid.fits.values())
    errors = [fit.std_error for fit in fits if fit.std_error is not None]
    places = decimals_for(errors) if errors and fits[0].scale != "log" else 2
    for line in grid.table.sort_values("correlation").to_dict("records"):
        r = float(line["correlation"])
        fit = grid.fits.get(r)
        estimate, low, high = (math.nan,) * 3 if fit is None else limits(fit)
        mark = "diamond" if not math.isnan(estimate) else "none" if math.isnan(low) else "bound"
        chosen = isinstance(grid.used, float) and math.isclose(r, grid.used)
        lines.append(
            {
                "correlation": r,
                "estimate": estimate,
                "low": low,
                "high": high,
                "mark": "none" if fit is None or fit.bound == "none" else mark,
                "label": f"r = {r:g}",
                "estimate_text": number(estimate, places),
                "interval_text": _interval(fit, places),
                "assuming_text": "" if fit is None else f"{line['assuming']} of {line['k']}",
                "chosen": chosen,
            }
        )
    return pd.DataFrame(lines)


def correlation_curve(
    grid: CorrelationGrid,
    *,
    ax: Axes | None = None,
    medium: str | None = None,
    favours: tuple[str, str] = ("second arm", "first arm"),
    title: str | None = None,
) -> Axes:
    """Draw a pooled result for each assumed correlation of scores before and after.

    Parameters
    ----------
    grid : CorrelationGrid
        From `correlation_grid`. The correlation that its effects assume is set in bold.
    ax : Axes, optional
        Where to draw. Without it a figure is made.
    medium : str, optional
        ``"notebook"``, ``"slide"`` (16:9, no text below 18 pt), ``"journal"`` or ``"journal-single"``. None
        takes that of `chart_style`, else ``"notebook"``.
    favours : tuple of str, default ("second arm", "first arm")
        What results below and above no difference favour, on the model scale.
    title : str, optional
        One message. None takes the grid's sentence; ``""`` sets none.

    Returns
    -------
    Axes
        The given one, or the only one of the new figure. Its x axis is the printed scale.

    Raises
    ------
    ModelError
        Where `medium` is not known, or `grid` is none or holds no result.

    Examples
    --------
    >>> import evidence as ev
    >>> trials = ev.example_studies().where(question="hip_knee_vs_knee", domain="function", level="study")
    >>> found = ev.correlation_grid(trials, (0.5, 0.9), measure="SMD")
    >>> ax = ev.correlation_curve(found)
    """
    medium = medium_for(medium)
    way = "grid = ev.correlation_grid(effects)"
    expect("correlation_curve", grid, "a grid of correlations", ("table", "fits", "used"), way)
    if not grid.fits:
        from evidence.errors import ModelError

        raise ModelError("no correlation of the grid gives a pooled result: look at its table")
    rows = correlation_curve_rows(grid)
    first = next(iter(grid.fits.values()))
    marked = set(rows["mark"])
    content = Content(
        (
            Column("Assumed", tuple(rows["label"])),
            Column("Rows", tuple(rows["assuming_text"]), "right"),
        ),
        (
            Column(measure_head(first.measure), tuple(rows["estimate_text"]), "right"),
            Column(f"{level_words(first.level)} CI", tuple(rows["interval_text"]), "right"),
        ),
        title=grid.sentence().rstrip(".") if title is None else title,
        favours=on_screen(favours, first.scale, first.display_sign),
        axis_label="" if medium == "slide" else measure_name(first.measure),
        bold=frozenset(rows.index[rows["chosen"]]),
        lanes=tuple(1.0 for _ in range(len(rows))),
        key=tuple(mark for mark in ("diamond", "bound") if mark in marked),
        foot=() if medium == "slide" else (correlation_curve_caption(grid),),
    )
    plan, sheet = place([content], medium, ax, least_picture=12.0)
    must = [v for row in rows.itertuples(index=False) for v in sides(row, ["estimate", "low", "high"])]
    scale = scale_for(must, [], *plan.picture, log=first.scale == "log", always=must)
    for row, y in zip(rows.itertuples(index=False), draw_plan(plan, sheet, scale), strict=True):
        _draw_mark(sheet, scale, row, y)
    return say(sheet.ax, caption=correlation_curve_caption(grid), alt=correlation_curve_alt(grid))


def _interval(fit: MetaFit | None, places: int) -> str:
    """Return the interval of a result, or the limit that is all it has."""
    if fit is None:
        return "no result"
    estimate, low, high = limits(fit)
    if not math.isnan(estimate):
        return f"{number(low, places)} to {number(high, places)}"
    return "no limit" if fit.bound == "none" or math.isnan(low) else result_words(fit, places)


def _draw_mark(sheet: Sheet, scale: Scale, row: Any, y: float) -> None:  # noqa: ANN401  (a named tuple)
    em = sheet.style.text
    if row.mark == "diamond":
        filled = bool(row.chosen)
        marks.diamond(sheet, scale, y, row.estimate, row.low, row.high, em * 0.8, filled=filled)
    elif row.mark == "bound":
        marks.limit_bar(sheet, scale, y, row.low, row.high, em * 0.9)


def correlation_curve_caption(grid: CorrelationGrid) -> str:
    """Return the caption: what was varied, and by which model the rows were pooled.

    Parameters
    ----------
    grid : CorrelationGrid
        The drawn grid.

    Returns
    -------
    str
        Two sentences.
    """
    chosen = f" Filled: r = {grid.used:g}, as the effects assume." if isinstance(grid.used, float) else ""
    model = _model(list(grid.fits.values())) if grid.fits else "Nothing could be pooled."
    return (
        "Effects and synthesis made anew for each assumed correlation of scores before and after; arms that "
        "tell their own keep it. Rows: those in use that assume it."
        f"{chosen} {model}"
    )


def _model(fits: Sequence[MetaFit]) -> str:
    """Return the model, the rows, which a correlation may change, and the level."""
    ends = min(fit.k for fit in fits), max(fit.k for fit in fits)
    rows = plural(ends[0], "row") if ends[0] == ends[1] else f"{count(ends[0])} to {count(ends[1])} rows"
    studies = plural(max(fit.n_studies for fit in fits), "study", "studies")
    words = method_words(fits[0].method)
    return f"{words[:1].upper()}{words[1:]}; {rows} of {studies}; {level_words(fits[0].level)} intervals."


def correlation_curve_alt(grid: CorrelationGrid) -> str:
    """Return the alternative text: the grid's sentence.

    Parameters
    ----------
    grid : CorrelationGrid
        The drawn grid.

    Returns
    -------
    str
        For readers who do not see the picture.
    """
    return f"Pooled results over assumed correlations. {grid.sentence()}"
