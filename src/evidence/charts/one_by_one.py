"""The chart of leaving studies out, or taking them in, one by one: one line a study."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import pandas as pd

from evidence.charts import marks
from evidence.charts.captions import assumption_words, level_words, limit_kind, model_words
from evidence.charts.frame import (
    as_float,
    expect,
    measure_name,
    on_screen,
    place,
    printed,
    printed_range,
    sides,
)
from evidence.charts.said import say
from evidence.charts.scale import scale_for
from evidence.charts.style import medium_for
from evidence.charts.table_draw import draw_plan
from evidence.charts.table_parts import Column, Content
from evidence.charts.words import count, decimals_for, interval_words, limit_words, measure_head
from evidence.errors import ModelError

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from evidence.charts.canvas import Sheet
    from evidence.charts.scale import Scale
    from evidence.fit import MetaFit
    from evidence.synthesis.sensitivity_cumulative import Cumulative
    from evidence.synthesis.sensitivity_deletion import LeaveOneOut

__all__ = ["one_by_one_alt", "one_by_one_caption", "one_by_one_chart", "one_by_one_rows"]

ONE_BY_ONE_COLUMNS = ("name", "order", "estimate", "low", "high", "effect_text", "verdict", "studies")
"""Columns of `one_by_one_rows`."""

_MOST_SAID = 12
"""Lines that an alternative text lists; of more it tells the ends."""

_ORDERED = {"size": "People", "precision": "Variance"}
"""What the column of the order holds, where it is not what its name says."""


def one_by_one_chart(
    result: LeaveOneOut | Cumulative,
    *,
    ax: Axes | None = None,
    medium: str | None = None,
    favours: tuple[str, str] = ("second arm", "first arm"),
    title: str | None = None,
) -> Axes:
    """Draw the result without each study, or after each study.

    Parameters
    ----------
    result : LeaveOneOut or Cumulative
        Result of `leave_one_out` (the first line has all studies) or `cumulative` (the last has).
    ax : Axes, optional
        Where to draw. Without it a figure is made, as high as its rows need.
    medium : str, optional
        ``"notebook"``, ``"slide"`` (16:9 or higher, from 18 pt), ``"journal"`` or ``"journal-single"``. None
        takes that of `chart_style`, else ``"notebook"``.
    favours : tuple of str, default ("second arm", "first arm")
        What results below and above no difference favour, on the model scale.
    title : str, optional
        One message. None makes it from the numbers; ``""`` sets none.

    Returns
    -------
    Axes
        The given one, or the only one of the new figure.

    Raises
    ------
    ModelError
        Where `medium` is not known, or `result` is none, or no line has a result.

    Examples
    --------
    >>> import evidence as ev
    >>> effects = ev.effects_from([0.1, 0.2, 0.3, 0.9, 0.4], variance=0.04)
    >>> ax = ev.one_by_one_chart(ev.leave_one_out(effects))
    """
    medium = medium_for(medium)
    kind = "a result of leave_one_out() or cumulative()"
    expect("one_by_one_chart", result, kind, ("table", "fit", "by"), "ev.leave_one_out(effects)")
    rows = one_by_one_rows(result)
    if not rows["verdict"].ne("").any():
        raise ModelError("no line has a result to draw; see .table['note']")
    fit, slide, steps = result.fit, medium == "slide", _is_cumulative(result)
    first = Column("Study added" if steps else "Left out", tuple(rows["name"]), flex=True)
    order = (
        (Column(_ORDERED.get(result.by, result.by.capitalize()), tuple(rows["order"]), "right"),)
        if steps
        else ()
    )
    content = Content(
        (first, *order),
        (
            Column(
                f"{measure_head(fit.measure)} ({level_words(fit.level)} CI)",
                tuple(rows["effect_text"]),
                "right",
            ),
            Column("Studies", tuple(count(n) for n in rows["studies"]), "right"),
        ),
        title=_title(rows, result) if title is None else title,
        favours=on_screen(favours, fit.scale, fit.display_sign),
        axis_label="" if slide else measure_name(fit.measure),
        bold=frozenset({len(rows) - 1 if steps else 0}),
        rules=frozenset() if steps else frozenset({1}),
        lanes=(1.0,) * len(rows),
        foot=() if slide else (one_by_one_caption(result),),
    )
    plan, sheet = place([content], medium, ax, least_picture=13.5)
    must = [v for row in rows.itertuples(index=False) for v in sides(row, ["estimate"])]
    whole = rows.iloc[len(rows) - 1 if steps else 0]
    must += [v for v in (as_float(whole["low"]), as_float(whole["high"])) if math.isfinite(v)]
    may = [v for row in rows.itertuples(index=False) for v in sides(row, ["low", "high"])]
    scale = scale_for(must, may, *plan.picture, log=fit.scale == "log", always=must)
    for row, y in zip(rows.itertuples(index=False), draw_plan(plan, sheet, scale), strict=True):
        _draw_mark(sheet, scale, row, y)
    return say(sheet.ax, caption=one_by_one_caption(result), alt=one_by_one_alt(result))


def _draw_mark(sheet: Sheet, scale: Scale, row: Any, y: float) -> None:  # noqa: ANN401
    colours = sheet.style.colours
    colour = {"first": colours.first, "second": colours.second}.get(row.verdict, colours.quiet)
    if math.isfinite(row.estimate):
        marks.dot(sheet, scale, y, row.estimate, row.low, row.high, colour)
    elif row.verdict:
        marks.limit_bar(sheet, scale, y, row.low, row.high, sheet.style.text * 0.9, colour=colour)


def _is_cumulative(result: LeaveOneOut | Cumulative) -> bool:
    return "added" in result.table.columns


def one_by_one_rows(result: LeaveOneOut | Cumulative) -> pd.DataFrame:
    """Decide what is drawn, numbers on the printed scale.

    Parameters
    ----------
    result : LeaveOneOut or Cumulative
        Result of `leave_one_out` or `cumulative`.

    Returns
    -------
    DataFrame
        ``name``, ``order``, ``estimate``, ``low``, ``high``, ``effect_text``, ``verdict`` (``"first"``,
        ``"second"``, ``"undecided"``, or empty where there is no result), ``studies``; under
        `leave_one_out` a first line with all studies.
    """
    fit, table = result.fit, result.table
    names = ("estimate", "conf_low", "conf_high", "n_studies")
    lines = [
        (row["label"], row.get("order", ""), *(row[name] for name in names))
        for row in table.to_dict("records")
    ]
    if not _is_cumulative(result):
        every = (as_float(fit.estimate), as_float(fit.conf_low), as_float(fit.conf_high))
        lines.insert(0, ("nothing (all studies)", "", *every, fit.n_studies))
    ends = [_shown(fit, *line[2:5]) for line in lines]
    places = decimals_for([value for three in ends for value in three if math.isfinite(value)])
    rows = []
    for (name, order, estimate, low, high, studies), shown in zip(lines, ends, strict=True):
        # Partial reports of one side give a limit without an estimate.
        known = math.isfinite(estimate) or math.isfinite(low) or math.isfinite(high)
        words = _words(fit, shown, places, int(studies)) if known else "no estimate"
        verdict = "first" if low > 0.0 else "second" if high < 0.0 else "undecided"
        rows.append((str(name), _order_text(order), *shown, words, verdict if known else "", int(studies)))
    return pd.DataFrame(rows, columns=list(ONE_BY_ONE_COLUMNS))


def _words(fit: MetaFit, shown: tuple[float, float, float], places: int, studies: int) -> str:
    """Return a line in words: estimate and interval, or the limit with its level."""
    if math.isfinite(shown[0]):
        return interval_words(*shown, places, log=fit.scale == "log")
    kind = limit_kind(fit.level, studies)
    return limit_words(*shown[1:], places, log=fit.scale == "log", kind=kind)


def _shown(fit: MetaFit, estimate: float, low: float, high: float) -> tuple[float, float, float]:
    return (
        printed(estimate, fit.scale, fit.display_sign),
        *printed_range(low, high, fit.scale, fit.display_sign),
    )


def _order_text(order: object) -> str:
    if isinstance(order, float):
        return "" if math.isnan(order) else f"{order:.4g}"
    return "" if order is None else str(order)


def _foot(result: LeaveOneOut | Cumulative) -> str:
    """Return the notes on what is drawn; the one on the table's scale has no place beside printed numbers."""
    told = " ".join(
        note.removeprefix(f"{result.fit.method}; ")
        for note in result.notes
        if not note.startswith("The table is on the log scale")
    )
    return told[:1].upper() + told[1:]


def _title(rows: pd.DataFrame, result: LeaveOneOut | Cumulative) -> str:
    """Return what the picture shows: whether what the interval allows to be said hangs on one study."""
    told = rows.loc[rows["verdict"].ne("")]
    if _is_cumulative(result):
        others = told.loc[told["verdict"].ne(told["verdict"].iloc[-1])]
        since = told.iloc[0] if not len(others) else told.loc[told.index > others.index[-1]].iloc[0]
        return f"By {result.by}, the interval says the same since {since['name']}"
    changed = told.loc[told["verdict"].ne(told["verdict"].iloc[0]), "name"].tolist()
    if not changed:
        return "No single study decides what the interval says"
    if len(changed) == 1:
        return f"Without {changed[0]} the interval says otherwise"
    return f"The interval says otherwise without any of {len(changed)} studies"


def one_by_one_caption(result: LeaveOneOut | Cumulative) -> str:
    """Return the caption: what each line is, by which model, and from how much.

    Parameters
    ----------
    result : LeaveOneOut or Cumulative
        The drawn result.

    Returns
    -------
    str
        Some short sentences.
    """
    fit = result.fit
    by = str(result.by).replace("_", " ")
    line = f"Each line: all studies up to this one, by {by}." if _is_cumulative(result) else _left_out(by)
    return (
        f"{line} {model_words(fit)} {level_words(fit.level)} intervals. {_foot(result)} "
        f"{assumption_words([fit])}"
    ).rstrip()


def _left_out(by: str) -> str:
    return f"Each line: the result without one {'row' if by == 'row id' else by}; the first line: with all."


def one_by_one_alt(result: LeaveOneOut | Cumulative) -> str:
    """Return the alternative text: every line with its result.

    Parameters
    ----------
    result : LeaveOneOut or Cumulative
        The drawn result.

    Returns
    -------
    str
        For readers who do not see the picture.
    """
    rows = one_by_one_rows(result)
    steps = _is_cumulative(result)
    doing = "after each study" if steps else "without each"
    parts = [f"{row.name}: {row.effect_text}" for row in rows.itertuples(index=False)]
    if len(parts) > _MOST_SAID:
        parts = [parts[-1] if steps else parts[0], *_extremes(rows)]
    return f"{measure_name(result.fit.measure)} {doing}. {_title(rows, result)}. {'; '.join(parts)}."


def _extremes(rows: pd.DataFrame) -> list[str]:
    """Return the smallest and the largest estimate of many lines, in words."""
    known = rows[rows["estimate"].notna()]
    if known.empty:
        return []
    ordered = known.sort_values("estimate", kind="stable")
    low, high = ordered.iloc[0], ordered.iloc[-1]
    return [
        f"smallest of {len(rows)} lines, {low['name']}: {low['effect_text']}",
        f"largest, {high['name']}: {high['effect_text']}",
    ]
