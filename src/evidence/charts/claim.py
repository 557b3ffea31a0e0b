"""One claim: what the data say of it, domain by domain."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pandas as pd

from evidence._check import one_of
from evidence.charts import marks
from evidence.charts.captions import level_words
from evidence.charts.claim_rows import claim_chart_rows
from evidence.charts.frame import as_text, place, sides
from evidence.charts.said import say
from evidence.charts.scale import Scale, scale_for
from evidence.charts.style import medium_for
from evidence.charts.table_draw import draw_plan
from evidence.charts.table_parts import Column, Content
from evidence.charts.words import number, plural

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from evidence.charts.canvas import Sheet
    from evidence.synthesis.claims import Claims

__all__ = ["claim_chart", "claim_chart_alt", "claim_chart_caption", "claim_chart_rows"]


_MODEL = "interval likelihood, ML, profile"
"""The model behind every interval of a claim: `pool_partial` as `claims` calls it."""


def claim_chart(
    found: Claims,
    claim_id: str,
    *,
    ax: Axes | None = None,
    medium: str | None = None,
    title: str | None = None,
) -> Axes:
    """Draw what the data say of one claim: each domain with its interval, beside the margin.

    Parameters
    ----------
    found : Claims
        Result of `claims`.
    claim_id : str
        The claim.
    ax : Axes, optional
        Where to draw. Without it a figure is made.
    medium : str, optional
        ``"notebook"``, ``"slide"`` (16:9 or higher, from 18 pt), ``"journal"`` or ``"journal-single"``. None
        takes that of `chart_style`, else ``"notebook"``.
    title : str, optional
        One message. None states verdict and claim; ``""`` sets none.

    Returns
    -------
    Axes
        The given one, or the only one of the new figure.

    Raises
    ------
    ModelError
        Where there is no such claim, or the medium is not known.

    Examples
    --------
    >>> import evidence as ev
    >>> found = ev.claims(ev.example_studies())
    >>> ax = ev.claim_chart(found, "int_beats_iso")
    """
    medium = medium_for(medium)
    rows = claim_chart_rows(found, claim_id)
    line = _line(found, claim_id)
    message = f"{_upper(line['verdict'])}: \u201c{line['claim']}\u201d" if title is None else title
    ratio = _ratio(found, claim_id)
    plan, sheet = place(_contents(found, line, rows, message, medium, ratio), medium, ax, least_picture=12.0)
    must = [
        v for row in rows.itertuples(index=False) for v in sides(row, ["estimate", "conf_low", "conf_high"])
    ]
    margins = _margins(line, ratio)
    log = ratio != 0 or line["measure"] not in ("SMD", "MD", "RD")
    scale = scale_for([*must, *margins], [], *plan.picture, log=log)
    middles = draw_plan(plan, sheet, scale)
    for row, y in zip(rows.itertuples(index=False), middles, strict=True):
        _draw(sheet, scale, row, y)
    if middles:
        _draw_margins(sheet, scale, margins, middles)
    return say(sheet.ax, caption=claim_chart_caption(found, claim_id), alt=claim_chart_alt(found, claim_id))


def _line(found: Claims, claim_id: str) -> dict[str, Any]:
    name = one_of("claim_id", claim_id, found.table["claim_id"].astype(str))
    row = found.table[found.table["claim_id"].eq(name)].iloc[0]
    return {str(column): value for column, value in row.items()}


def _ratio(found: Claims, claim_id: str) -> int:
    """Return how a claim's effects are printed: 0 as they are, 1 or -1 as ratios."""
    name = str(_line(found, claim_id)["claim_id"])
    own = found.findings.loc[found.findings["claim_id"].eq(name), "ratio"]
    return next((int(value) for value in own if value), 0)


def _upper(text: str) -> str:
    return text[:1].upper() + text[1:]


def _margins(line: dict[str, Any], ratio: int) -> list[float]:
    """Return the margin as printed: on both sides for a claim of none."""
    margin = float(line["margin"])
    if math.isnan(margin):
        return []
    both = str(line["expects"]).startswith("no_")
    ends = [margin, -margin] if both else [margin]
    if not ratio and line["measure"] not in ("SMD", "MD", "RD"):
        return []  # a ratio of which nothing is known has no side yet
    return [math.exp(ratio * end) for end in ends] if ratio else ends


def _draw(sheet: Sheet, scale: Scale, row: Any, y: float) -> None:  # noqa: ANN401
    em = sheet.style.text
    if row.mark == "dot_only":
        colour = sheet.style.colours.pooled
        marks.dot(sheet, scale, y, row.estimate, row.conf_low, row.conf_high, colour)
    elif row.mark == "open":
        marks.square(sheet, scale, y, row.estimate, row.conf_low, row.conf_high, em * 0.7, filled=False)
    elif row.mark == "bound":
        low = row.conf_low if math.isfinite(row.conf_low) and row.conf_low > scale.low else -math.inf
        marks.limit_bar(sheet, scale, y, low, row.conf_high, em * 0.8)


def _draw_margins(sheet: Sheet, scale: Scale, margins: list[float], middles: list[float]) -> None:
    """Draw the margin as a dashed line through the rows."""
    style = sheet.style
    half = (middles[1] - middles[0]) / 2 if len(middles) > 1 else style.text
    for value in margins:
        sheet.ax.plot(
            [value, value],
            [middles[0] - half, middles[-1] + half],
            color=style.colours.second,
            linewidth=style.line,
            linestyle=(0, (4, 3)),
            marker="",
            zorder=1.1,
        )


def _contents(
    found: Claims, line: dict[str, Any], rows: pd.DataFrame, title: str, medium: str, ratio: int
) -> list[Content]:
    """Return the chart with all columns, and with ever fewer."""
    label = Column("Domain", tuple(rows["label"]), flex=True)
    studies = Column("Studies", tuple(rows["studies_text"]), "right")
    value = Column(_unit(line), tuple(rows["value_text"]), "right")
    says = Column("Says", tuple(rows["says"]))
    order = ("dot_only", "open", "bound")
    slide = medium == "slide"
    towards = ("\u2190\u00a0for the claim", "") if ratio < 0 else ("", "for the claim\u00a0\u2192")
    full = Content(
        (label, studies),
        (value, says),
        title=title,
        favours=towards if rows["mark"].ne("").any() and not line["expects"].startswith("no_") else ("", ""),
        lanes=tuple(1.3 for _ in range(len(rows))),
        key=tuple(mark for mark in order if rows["mark"].eq(mark).any()),
        foot=(_slide_note(line),) if slide else (claim_chart_caption(found, str(line["claim_id"])),),
    )
    return [full, replace(full, right=(says,)), replace(full, left=(label,), right=(says,))]


def _unit(line: dict[str, Any]) -> str:
    return "Change (SD)" if line["kind"] == "within" else str(line["measure"])


def _slide_note(line: dict[str, Any]) -> str:
    margin = float(line["margin"])
    if math.isnan(margin):
        return "Supported only where every interval lies on the claim's side."
    if str(line["expects"]).startswith("no_"):
        return f"Dashed: \u00b1{number(margin)}. Supported only where every interval lies between them."
    return f"Dashed: {number(margin)}. Supported only where every interval lies beyond it."


def claim_chart_caption(found: Claims, claim_id: str) -> str:
    """Return the caption: verdict, what decides it, and the margin with its reason.

    Parameters
    ----------
    found : Claims
        Result of `claims`.
    claim_id : str
        The drawn claim.

    Returns
    -------
    str
        A few sentences.
    """
    line = _line(found, claim_id)
    parts = [
        f"Verdict: {line['verdict']}. Each domain with several studies pooled by {_MODEL}; "
        f"{plural(len(str(line['rows']).split(', ')) if line['rows'] else 0, 'row')} of "
        f"{plural(int(line['studies']), 'study', 'studies')} bear on it; "
        f"{level_words(found.level)} intervals, turned so that the claim's "
        "side is the right one. Studies: in the interval, of those that tested it; one study, or fewer than "
        "half of them, decides nothing."
    ]
    if not math.isnan(float(line["margin"])):
        parts.append(f"{_slide_note(line)} {as_text(line['margin_reason']).rstrip('.')}.")
    if line["kind"] == "within":
        parts.append("A change within one arm says nothing about the other arm.")
    return " ".join(parts)


def claim_chart_alt(found: Claims, claim_id: str) -> str:
    """Return the alternative text: the verdict and every domain with its numbers.

    Parameters
    ----------
    found : Claims
        Result of `claims`.
    claim_id : str
        The drawn claim.

    Returns
    -------
    str
        For readers who do not see the picture.
    """
    line = _line(found, claim_id)
    told = [
        f"{row['label']}: {row['value_text'] or 'no interval'}, {row['studies_text']} "
        f"{'study' if row['studies_text'] == '1' else 'studies'}, {row['says']}"
        for row in claim_chart_rows(found, claim_id).to_dict("records")
    ]
    return f"Claim: {line['claim']}. Verdict: {line['verdict']}. {'; '.join(told)}."
