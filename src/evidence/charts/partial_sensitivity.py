"""The chart of a sensitivity analysis of partial reports: one line an assumption."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import pandas as pd

from evidence.charts import marks
from evidence.charts.captions import level_words, limits, method_words, result_words
from evidence.charts.frame import as_float, expect, measure_name, on_screen, place, sides
from evidence.charts.said import say
from evidence.charts.scale import scale_for
from evidence.charts.style import medium_for
from evidence.charts.table_draw import draw_plan
from evidence.charts.table_parts import Column, Content
from evidence.charts.words import count, decimals_for, measure_head, number, plural
from evidence.errors import ModelError
from evidence.fit.chance import favoured

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from evidence.charts.canvas import Sheet
    from evidence.charts.scale import Scale
    from evidence.synthesis.partial_sensitivity import PartialSensitivity

__all__ = ["sensitivity_alt", "sensitivity_caption", "sensitivity_chart", "sensitivity_rows"]

SENSITIVITY_COLUMNS = (
    *("about", "assumption", "mark", "estimate", "low", "high", "effect_text", "verdict", "studies", "rows"),
    "p_positive",
)
"""Columns of `sensitivity_rows`."""


def sensitivity_chart(
    sensitivity: PartialSensitivity,
    *,
    ax: Axes | None = None,
    medium: str | None = None,
    favours: tuple[str, str] = ("second arm", "first arm"),
    title: str | None = None,
) -> Axes:
    """Draw how a result moves with what had to be assumed, one line an assumption.

    Parameters
    ----------
    sensitivity : PartialSensitivity
        Result of `partial_sensitivity`.
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
        Where `medium` is not known, or `sensitivity` is none.

    Examples
    --------
    >>> import evidence as ev
    >>> low, high = [None, None, -0.6], [None, None, 0.6]
    >>> effects = ev.effects_from([0.3, 0.5, None], std_error=0.3, low=low, high=high)
    >>> ax = ev.sensitivity_chart(ev.partial_sensitivity(effects))
    """
    medium = medium_for(medium)
    way = "sensitivity = ev.partial_sensitivity(studies)"
    expect("sensitivity_chart", sensitivity, "a PartialSensitivity", ("table", "fits", "level"), way)
    rows = sensitivity_rows(sensitivity)
    if not rows["mark"].ne("none").any():
        raise ModelError("no assumption gives a result to draw; see .table['sentence']")
    main = next(iter(sensitivity.fits.values()))
    slide = medium == "slide"
    interval = f"{measure_head(sensitivity.measure)} ({level_words(sensitivity.level)} CI)"
    changes = rows["about"].ne(rows["about"].shift())
    content = Content(
        (Column("Assumption", tuple(rows["assumption"]), flex=True),),
        (
            Column(interval, tuple(rows["effect_text"]), "right"),
            Column("Rows", tuple(count(n) for n in rows["rows"]), "right"),
            Column("Studies", tuple(count(n) for n in rows["studies"]), "right"),
            Column("P\u00a0>\u00a00", tuple(_chance(p) for p in rows["p_positive"]), "right"),
        ),
        title=_title(rows, favours) if title is None else title,
        favours=on_screen(favours, main.scale, main.display_sign),
        axis_label="" if slide else measure_name(sensitivity.measure),
        bold=frozenset({0}),
        rules=frozenset(i for i, new in enumerate(changes) if new and i),
        lanes=(1.0,) * len(rows),
        foot=() if slide else (sensitivity_caption(sensitivity),),
    )
    plan, sheet = place([content], medium, ax, least_picture=13.5)
    must = [v for row in rows.itertuples(index=False) for v in sides(row, ["estimate"])]
    must += [v for v in (as_float(rows["low"].iloc[0]), as_float(rows["high"].iloc[0])) if math.isfinite(v)]
    may = [v for row in rows.itertuples(index=False) for v in sides(row, ["low", "high"])]
    scale = scale_for(must, may, *plan.picture, log=main.scale == "log", always=must)
    for row, y in zip(rows.itertuples(index=False), draw_plan(plan, sheet, scale), strict=True):
        _draw_mark(sheet, scale, row, y)
    return say(sheet.ax, caption=sensitivity_caption(sensitivity), alt=sensitivity_alt(sensitivity))


def _draw_mark(sheet: Sheet, scale: Scale, row: Any, y: float) -> None:  # noqa: ANN401
    colours = sheet.style.colours
    colour = {"first": colours.first, "second": colours.second}.get(row.verdict, colours.quiet)
    if row.mark == "dot":
        marks.dot(sheet, scale, y, row.estimate, row.low, row.high, colour)
    elif row.mark == "bound":
        marks.limit_bar(sheet, scale, y, row.low, row.high, sheet.style.text * 0.9, colour=colour)


def sensitivity_rows(sensitivity: PartialSensitivity) -> pd.DataFrame:
    """Decide what is drawn: one line an assumption, numbers on the printed scale.

    Parameters
    ----------
    sensitivity : PartialSensitivity
        Result of `partial_sensitivity`.

    Returns
    -------
    DataFrame
        ``about``, ``assumption``, ``mark`` (``"dot"``, ``"bound"`` or ``"none"``), ``estimate``, ``low``,
        ``high``, ``effect_text``, ``verdict`` (``"first"``, ``"second"`` or ``"undecided"``), ``studies``,
        ``rows``, ``p_positive``.
    """
    lines: list[dict[str, object]] = []
    numbers = sensitivity.table[["estimate", "conf_low", "conf_high"]].to_numpy(dtype=float).ravel()
    places = decimals_for([float(v) for v in numbers if math.isfinite(v)])
    for row in sensitivity.table.to_dict("records"):
        fit = sensitivity.fits.get(str(row["assumption"]))
        line: dict[str, object] = {"about": row["about"], "assumption": str(row["assumption"])}
        line |= {"mark": "none", "estimate": math.nan, "low": math.nan, "high": math.nan, "verdict": ""}
        line |= {"effect_text": "nothing to pool", "studies": row["n_studies"], "rows": row["k"]}
        line["p_positive"] = as_float(row["p_positive"])
        if fit is not None and fit.k:
            estimate, low, high = limits(fit)
            known = fit.estimate is not None or (fit.bound in ("lower", "upper") and not math.isnan(low))
            line |= {"effect_text": result_words(fit, places) if known else "no limit"}
            if known:
                line |= {"mark": "bound" if fit.estimate is None else "dot", "estimate": estimate}
                line |= {"low": low, "high": high, "verdict": favoured(fit) or "undecided"}
        lines.append(line)
    return pd.DataFrame(lines, columns=list(SENSITIVITY_COLUMNS))


def _chance(p: float) -> str:
    if math.isnan(p):
        return ""
    return "> 0.99" if p > 0.995 else "< 0.01" if p < 0.005 else number(p, 2)


def _title(rows: pd.DataFrame, favours: tuple[str, str]) -> str:
    """Return what the picture shows: whether any assumption changes what the interval allows to be said."""
    main, others = rows.iloc[0], rows.iloc[1:]
    others = others[others["mark"] != "none"]
    changed = int((others["verdict"] != main["verdict"]).sum())
    arm = {"first": favours[1], "second": favours[0]}.get(str(main["verdict"]))
    said = "leaves the direction open" if arm is None else f"favours {arm or 'one arm'}"
    if not changed:
        return f"The interval {said}, whatever is assumed"
    which = plural(changed, "assumption says", "assumptions say")
    return f"The interval {said}; {which} otherwise"


def sensitivity_caption(sensitivity: PartialSensitivity) -> str:
    """Return the caption: what the lines change, and what P is.

    Parameters
    ----------
    sensitivity : PartialSensitivity
        The drawn result.

    Returns
    -------
    str
        Some short sentences.
    """
    fit = next(iter(sensitivity.fits.values()))
    prior = fit.posterior
    told = (
        f" P > 0: posterior probability of an effect above no difference, prior N(0, {prior.mean_sd:g}²),"
        f" tau half-normal {prior.tau_scale:g}."
        if prior is not None
        else ""
    )
    return (
        f"Each line changes one assumption of the first: {method_words(fit.method)}; "
        f"{plural(fit.k, 'row')} of {plural(fit.n_studies, 'study', 'studies')}; "
        f"{level_words(sensitivity.level)} intervals. Arrows: no limit, or one beyond the"
        f" axis.{told} " + " ".join(sensitivity.notes[1:])
    ).rstrip()


def sensitivity_alt(sensitivity: PartialSensitivity) -> str:
    """Return the alternative text: every assumption with its result.

    Parameters
    ----------
    sensitivity : PartialSensitivity
        The drawn result.

    Returns
    -------
    str
        For readers who do not see the picture.
    """
    rows = sensitivity_rows(sensitivity)
    parts = [f"{row.assumption}: {row.effect_text}" for row in rows.itertuples(index=False)]
    return f"{measure_name(sensitivity.measure)} by assumption. {'; '.join(parts)}."
