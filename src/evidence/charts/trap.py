"""Improved here, not there: the changes of two arms beside the difference between them."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pandas as pd

from evidence.charts import marks
from evidence.charts.captions import level_words
from evidence.charts.frame import expect, place, sides
from evidence.charts.said import say
from evidence.charts.scale import Scale, scale_for
from evidence.charts.style import medium_for
from evidence.charts.table_draw import draw_plan
from evidence.charts.table_parts import Column, Content
from evidence.charts.words import number, range_words
from evidence.fit.numbers import p_value

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from evidence.charts.canvas import Sheet
    from evidence.synthesis.trap import Trap

__all__ = ["trap_chart", "trap_chart_alt", "trap_chart_caption", "trap_chart_rows"]

TRAP_CHART_COLUMNS = (
    *("role", "name", "said", "mark", "estimate", "low", "high", "conf_low", "conf_high"),
    *("value_text", "p_text", "verdict"),
)
"""Columns of `trap_chart_rows`, in this order."""

_TRAP = 'trap = ev.within_group_trap(n_e=15, n_c=15, p_e=0.01, p_c="ns")'


def trap_chart_rows(trap: Trap) -> pd.DataFrame:
    """Decide what each of the three lines shows.

    Parameters
    ----------
    trap : Trap
        Result of `within_group_trap`.

    Returns
    -------
    DataFrame
        Lines ``first``, ``second``, ``difference``. ``mark`` is ``"square"`` (known, with its interval) or
        ``"band"`` (only bounds are known, ``low`` to ``high``); ``verdict`` is ``"significant"``, ``"not
        significant"``, or ``"open"`` where the report does not decide.
    """
    alpha = 1 - trap.level
    lines = []
    for row in trap.table.to_dict("records"):
        known = row["low"] == row["high"]
        p_low, p_high = float(row["p_low"]), float(row["p_high"])
        verdict = (
            "significant"
            if p_high <= alpha * (1 + 1e-9)
            else "not significant"
            if p_low >= alpha * (1 - 1e-9)
            else "open"
        )
        name = "Difference" if row["role"] == "difference" else _capital(str(row["name"]))
        lines.append(
            {
                "role": row["role"],
                "name": name,
                "said": row["said"],
                "mark": "square" if known else "band",
                "estimate": row["low"] if known else math.nan,
                "low": row["low"],
                "high": row["high"],
                "conf_low": row["conf_low"],
                "conf_high": row["conf_high"],
                "value_text": _value(row, known),
                "p_text": _p_text(p_low, p_high),
                "verdict": verdict,
            }
        )
    return pd.DataFrame(lines, columns=list(TRAP_CHART_COLUMNS))


def _value(row: dict[Any, Any], known: bool) -> str:
    if known:
        return f"{number(row['low'])} ({range_words(row['conf_low'], row['conf_high'])})"
    words = range_words(row["low"], row["high"])
    return "anything" if words == "no bound" else words


def _capital(name: str) -> str:
    return name[:1].upper() + name[1:]


def trap_chart(
    trap: Trap, *, ax: Axes | None = None, medium: str | None = None, title: str | None = None
) -> Axes:
    """Draw the changes of two arms, and below them the difference that is compatible with both.

    "Significant here, not there" looks like a difference. The third line shows what it says of one.

    Parameters
    ----------
    trap : Trap
        Result of `within_group_trap`.
    ax : Axes, optional
        Where to draw. Without it a figure is made.
    medium : str, optional
        ``"notebook"``, ``"slide"`` (16:9, no text below 18 pt), ``"journal"`` or ``"journal-single"``. None
        takes that of `chart_style`, else ``"notebook"``.
    title : str, optional
        One message. None makes it from the numbers; ``""`` sets none.

    Returns
    -------
    Axes
        The given one, or the only one of the new figure.

    Raises
    ------
    ModelError
        Where `trap` is no result of `within_group_trap`, or the medium is not known.

    References
    ----------
    Bland JM, Altman DG (2011), doi:10.1186/1745-6215-12-264; Gelman A, Stern H (2006),
    doi:10.1198/000313006X152649

    Examples
    --------
    >>> import evidence as ev
    >>> ax = ev.trap_chart(ev.within_group_trap(n_e=15, n_c=15, p_e=0.01, p_c="ns"))
    """
    medium = medium_for(medium)
    expect("trap_chart", trap, "a Trap", ("table", "pattern", "chance_most"), _TRAP)
    rows = trap_chart_rows(trap)
    message = _message(trap, rows) if title is None else title
    plan, sheet = place(_contents(trap, rows, message, medium), medium, ax, least_picture=14.0)
    must = [v for row in rows.itertuples(index=False) for v in sides(row, ["estimate", "low", "high"])]
    must += [v for v in rows[["conf_low", "conf_high"]].to_numpy().ravel() if math.isfinite(v)]
    scale = scale_for(must, [], *plan.picture)
    for row, y in zip(rows.itertuples(index=False), draw_plan(plan, sheet, scale), strict=True):
        _draw(sheet, scale, row, y)
    return say(sheet.ax, caption=trap_chart_caption(trap), alt=trap_chart_alt(trap))


def _draw(sheet: Sheet, scale: Scale, row: Any, y: float) -> None:  # noqa: ANN401
    em = sheet.style.text
    if row.mark == "band":
        marks.thin_interval(sheet, scale, y, row.conf_low, row.conf_high, em * 0.5)
        marks.band(sheet, scale, y, row.low, row.high, em * 0.85)
    else:
        marks.square(sheet, scale, y, row.estimate, row.conf_low, row.conf_high, em * 0.75)


def _contents(trap: Trap, rows: pd.DataFrame, title: str, medium: str) -> list[Content]:
    """Return the chart with all columns, and with ever fewer."""
    said = tuple("" if cell == "" else str(cell) for cell in rows["said"])
    slide = medium == "slide"
    name = Column("", tuple(rows["name"]), flex=True)
    printed = Column("Reported", said, flex=True)
    value = Column("Change (SD)", tuple(rows["value_text"]), "right")
    p = Column("p", tuple(rows["p_text"]), "right")
    present = tuple(mark for mark in ("square", "band") if (rows["mark"] == mark).any())
    foot = (_slide_note(trap, rows),) if slide else (trap_chart_caption(trap),)
    full = Content(
        (name, printed),
        (value, p),
        title=title,
        favours=("\u2190\u00a0worse", "better\u00a0\u2192") if slide else ("", ""),
        axis_label="" if slide else "Standard deviations of change",
        bold=frozenset({2}),
        rules=frozenset({2}),
        lanes=(1.6, 1.6, 1.6),
        key=present,
        foot=foot,
    )
    return [full, replace(full, right=(p,)), replace(full, left=(name,), right=(p,))]


def _chance_note(trap: Trap) -> str:
    chance = f"{100 * trap.chance_most.either:.0f}%"
    return f"Of two arms that truly change alike, one alone is significant in up to {chance} of trials."


def _slide_note(trap: Trap, rows: pd.DataFrame) -> str:
    lines = "Thin lines: with sampling error. " if rows["mark"].eq("band").any() else ""
    return f"{lines}{_chance_note(trap)}"


def _message(trap: Trap, rows: pd.DataFrame) -> str:
    """Return one message: what the pattern leaves of the difference."""
    last = rows.iloc[2]
    start = {
        "first only": "Significant in one arm only",
        "second only": "Significant in one arm only",
        "both": "Significant in both arms",
        "neither": "Significant in neither arm",
    }.get(trap.pattern, "Results within two arms")
    p = str(last["p_text"])
    told = p if p[:1] == "<" else f"= {p}" if last["mark"] == "square" else p
    if last["verdict"] == "open":
        which = "any p" if p == "any" else f"any p from {p}" if " to " in p else f"any p {p}"
        return f"{start}: for the difference, {which} is possible"
    if last["verdict"] == "significant":
        return f"{start}, and here the arms do differ: p {told}"
    return f"{start}, yet no clear difference between them: p {told}"


def _p_text(low: float, high: float) -> str:
    """Return a range of p as a cell: ``"0.01"``, ``"0.0011 to 0.56"``, ``"above 0.05"``, ``"any"``."""
    if low == high:
        return p_value(low)
    least, most = (p_value(p) if p < 0.1 else f"{p:.2f}" for p in (low, high))
    if low == 0.0:
        return "any" if high >= 0.995 else f"below {most}"
    return f"above {least}" if high >= 0.995 else f"{least} to {most}"


def trap_chart_caption(trap: Trap) -> str:
    """Return the caption: what is drawn, what was assumed, and how often the pattern arises by chance.

    Parameters
    ----------
    trap : Trap
        The drawn result.

    Returns
    -------
    str
        Three or four sentences.
    """
    rows = trap_chart_rows(trap)
    arms = "Squares: mean change with its "
    parts = []
    if rows["mark"].eq("square").any():
        parts.append(f"{arms}{level_words(trap.level)} interval.")
    if rows["mark"].eq("band").any():
        parts.append(
            "Bands: every value that the report allows; the thin line holds the "
            f"{level_words(trap.level)} intervals of all of them."
        )
    parts.append("Better to the right.")
    parts.append(_chance_note(trap))
    if trap.printed:
        parts.append(f"Printed between the arms: {trap.printed}.")
    parts.append(f"Assumed: {'; '.join(trap.notes[:-1] or trap.notes)}.")
    return " ".join(parts)


def trap_chart_alt(trap: Trap) -> str:
    """Return the alternative text: the three lines, and what follows.

    Parameters
    ----------
    trap : Trap
        The drawn result.

    Returns
    -------
    str
        For readers who do not see the picture.
    """
    rows = trap_chart_rows(trap)
    lines = [
        f"{row.name}: {row.value_text} standard deviations of change, p {row.p_text}"
        for row in rows.itertuples(index=False)
    ]
    return f"Changes within two arms and the difference between them. {'. '.join(lines)}."
