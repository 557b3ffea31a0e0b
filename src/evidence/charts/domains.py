"""The comparison by domain: the picture for a talk."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pandas as pd

from evidence.charts import marks
from evidence.charts.canvas import LEADING
from evidence.charts.captions import level_words
from evidence.charts.domains_rows import domains_rows
from evidence.charts.frame import as_float, measure_name, on_screen, place, sides
from evidence.charts.scale import Scale, scale_for
from evidence.charts.table import Column, Content
from evidence.charts.table_draw import draw_plan
from evidence.charts.words import count, listed, plural
from evidence.errors import ModelError

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from evidence.charts.canvas import Sheet
    from evidence.fit import MetaFit
    from evidence.synthesis.compare import Comparison

__all__ = ["domains", "domains_alt", "domains_caption", "domains_rows", "domains_title"]

_MOST_ROWS = 4
"""Rows of one study that are drawn; more are counted (`domains_rows` has every one)."""


def domains(
    comparison: Comparison,
    *,
    ax: Axes | None = None,
    medium: str = "notebook",
    favours: tuple[str, str] = ("second arm", "first arm"),
    title: str | None = None,
) -> Axes:
    """Draw a comparison, one line a domain.

    A disc on a thick line is the pooled effect and its interval, the thin line its prediction
    interval; a bar that runs off as an arrow is a one-sided limit; a domain with one study shows that
    study's rows, in words "not pooled". Beside them: studies, people, and rows by kind of report.

    Parameters
    ----------
    comparison : Comparison
        Result of `compare`.
    ax : Axes, optional
        Where to draw. Without it a figure is made, as high as its rows need.
    medium : str, default "notebook"
        ``"notebook"``, ``"slide"`` (16:9, no text below 18 pt, without the numbers of people) or
        ``"journal"``.
    favours : tuple of str, default ("second arm", "first arm")
        What results below and above no difference favour, on the model scale.
    title : str, optional
        One message. None makes it from the numbers (`domains_title`); ``""`` sets none.

    Returns
    -------
    Axes
        The given one, or the only one of the new figure.

    Raises
    ------
    ModelError
        Where `medium` is not known, or no group has a result.

    Examples
    --------
    >>> import evidence as ev
    >>> domain = ["power", "power", "strength", "strength"]
    >>> errors = [0.2, 0.3, 0.25, 0.2]
    >>> effects = ev.effects_from([0.2, 0.5, 0.1, 0.4], std_error=errors, study=list("abcd"), domain=domain)
    >>> ax = ev.domains(ev.compare(effects, by="domain", model=ev.random_effects))
    """
    rows = domains_rows(comparison)
    fit = next(iter(comparison.fits.values()), None)
    if fit is None:
        reasons = "; ".join(f"{group}: {why}" for group, why in comparison.failures.items())
        raise ModelError(f"no group of the comparison has a result to draw ({reasons})")
    message = domains_title(comparison, favours) if title is None else title
    blocks = _blocks(rows)
    sides_of_line = on_screen(favours, fit.scale, fit.display_sign)
    contents = _contents(comparison, rows, blocks, medium, sides_of_line, message)
    plan, sheet = place(contents, medium, ax, least_picture=13.5)
    scale = _scale(rows, plan.picture, fit.scale == "log")
    middles = draw_plan(plan, sheet, scale)
    for block, y in zip(blocks, middles, strict=True):
        for lane, row in enumerate(block):
            _draw_mark(sheet, scale, row, y + (lane - (_lanes(block) - 1) / 2) * LEADING * sheet.style.text)
    return sheet.ax


def _blocks(rows: pd.DataFrame) -> list[list[Any]]:
    """Return the lines of each domain: its own, then those of its only study, at most `_MOST_ROWS`."""
    blocks: list[list[Any]] = []
    for row in rows.itertuples(index=False):
        if row.role == "domain":
            blocks.append([row])
        elif len(blocks[-1]) <= _MOST_ROWS:
            blocks[-1].append(row)
    return blocks


def _hidden(block: list[Any], rows: pd.DataFrame) -> int:
    """Return how many rows of the only study are not drawn."""
    total = int(((rows["domain"] == block[0].domain) & (rows["role"] == "row")).sum())
    return total - (len(block) - 1)


def _lanes(block: list[Any]) -> int:
    return len(block)


def _scale(rows: pd.DataFrame, picture: tuple[float, float], log: bool) -> Scale:
    """Choose the range: estimates show, and limits unless one lies far off and would squeeze the rest."""
    always: list[float] = []
    must: list[float] = []
    may: list[float] = []
    for row in rows.itertuples(index=False):
        always += sides(row, ["estimate"])
        must += [] if row.mark == "square" else sides(row, ["low", "high"])
        may += sides(row, ["low", "high", "pred_low", "pred_high"])
    return scale_for(must, may, *picture, log=log, always=always)


def _draw_mark(sheet: Sheet, scale: Scale, row: Any, y: float) -> None:  # noqa: ANN401
    """Draw the mark of one line."""
    style = sheet.style
    colour = {"first": style.colours.first, "second": style.colours.second}.get(
        row.verdict, style.colours.quiet
    )
    if row.mark == "dot":
        if as_float(row.pred_low) < as_float(row.pred_high):
            marks.thin_interval(sheet, scale, y, row.pred_low, row.pred_high, style.text * 0.5)
        marks.dot(sheet, scale, y, row.estimate, row.low, row.high, colour)
    elif row.mark == "bound":
        marks.limit_bar(sheet, scale, y, row.low, row.high, style.text * 0.9, colour=colour)
    elif row.mark == "square":
        marks.square(sheet, scale, y, row.estimate, row.low, row.high, style.text * 0.5, filled=False)
    elif row.mark == "band":
        marks.band(sheet, scale, y, row.low, row.high, style.text * 0.6)
    elif row.mark == "arrow":
        marks.side_arrow(sheet, scale, y, scale.null, rightwards=row.high > scale.null)


def _cells(blocks: list[list[Any]], name: str) -> tuple[str, ...]:
    """Return one cell a domain with a line for each of its marks."""
    return tuple("\n".join(str(getattr(row, name)) for row in block) for block in blocks)


def _labels(blocks: list[list[Any]], rows: pd.DataFrame) -> tuple[str, ...]:
    """Return the names of the domains, and below them of the rows of an only study."""
    cells = []
    for block in blocks:
        more = _hidden(block, rows)
        names = [row.label for row in block]
        if more:
            names[-1] = f"{names[-1]} (and {more} more)"
        cells.append("\n".join([names[0], *(f"   {name}" for name in names[1:])]))
    return tuple(cells)


def _first(blocks: list[list[Any]], texts: Iterable[str]) -> tuple[str, ...]:
    """Return texts that stand in the first line of their domain."""
    return tuple(text + "\n" * (_lanes(block) - 1) for block, text in zip(blocks, texts, strict=True))


def _contents(
    comparison: Comparison,
    rows: pd.DataFrame,
    blocks: list[list[Any]],
    medium: str,
    favours: tuple[str, str],
    title: str,
) -> list[Content]:
    """Return the chart with all columns, with the kinds in one, without people, without kinds."""
    heads = [block[0] for block in blocks]
    kinds = [("exact", "value"), ("interval", "bounds"), ("sign", "direction")]
    label = Column(domain_name_of(comparison), _labels(blocks, rows), flex=True)
    effect = Column(
        f"{comparison.measure} ({level_words(comparison.level or 0.95)} CI)",
        _cells(blocks, "effect_text"),
        "right",
    )
    studies = Column("Studies", _first(blocks, [count(h.studies) for h in heads]), "right")
    people = Column("People", _first(blocks, [count(h.people) for h in heads]), "right")
    apart = tuple(
        Column(
            name, _first(blocks, [count(getattr(h, kind)) for h in heads]), "right", group="Rows by report"
        )
        for kind, name in kinds
    )
    joined = Column(
        "value / bounds / direction",
        _first(blocks, [" / ".join(count(getattr(h, kind)) for kind, _ in kinds) for h in heads]),
        "right",
    )
    slide = medium == "slide"
    full = Content(
        (label,),
        (effect, studies, people, *apart),
        title=title,
        favours=favours,
        axis_label="" if slide else measure_name(comparison.measure),
        bold=frozenset(i for i, h in enumerate(heads) if h.verdict in ("first", "second")),
        lanes=tuple(float(_lanes(block)) * LEADING for block in blocks),
        key=_key(rows),
        foot=() if slide else (domains_caption(comparison),),
        picture_share=0.22,  # a little less than usual, before the name of an only study is cut
    )
    narrow = [replace(full, right=(effect, studies, joined)), replace(full, right=(effect, studies))]
    return narrow if slide else [full, replace(full, right=(effect, studies, people, joined)), *narrow]


def domain_name_of(comparison: Comparison) -> str:
    """Return the head of the first column: what the comparison is by."""
    return str(comparison.by).replace("_", " ").capitalize()


def _key(rows: pd.DataFrame) -> tuple[str, ...]:
    """Return the marks to explain: only those that are there."""
    present = set(rows["mark"].replace("square", "open"))
    key = []
    if "dot" in present:
        key.append("dot" if rows["pred_low"].notna().any() else "dot_only")
    return (*key, *(mark for mark in ("bound", "open", "band", "arrow") if mark in present))


def domains_title(comparison: Comparison, favours: tuple[str, str] = ("second arm", "first arm")) -> str:
    """Return one message made from the numbers, never more than the intervals allow.

    Parameters
    ----------
    comparison : Comparison
        Result of `compare`.
    favours : tuple of str
        Names of what lies below and above no difference.

    Returns
    -------
    str
        Which way the pooled results point, and how many of their intervals exclude no difference. The two are
        said together: a domain whose interval holds zero is not a domain without an effect.
    """
    rows = domains_rows(comparison)
    heads = rows[(rows["role"] == "domain") & rows["state"].isin(["pooled", "limit"])]
    total = len(heads)
    noun = "domain" if comparison.by == "domain" else "group"
    if not total:
        return "No domain has two studies to pool" if noun == "domain" else "No group has two studies to pool"
    sides = [_side(comparison.fits[str(value)]) for value in heads["domain"]]
    first, second = sides.count(1), sides.count(-1)
    which = f"{total} pooled {noun}s"
    if total in (first, second):
        name = favours[1] if first else favours[0]
        message = f"All {which} point to {name}" if total > 1 else f"The one pooled {noun} points to {name}"
    else:
        message = f"Of {which}, {first} point{'s' * (first == 1)} to {favours[1]}, {second} to {favours[0]}"
    clear = int(heads["verdict"].isin(["first", "second"]).sum())
    verb = "excludes" if clear == 1 else "exclude"
    told = f"{clear} of {total} intervals {verb} no difference" if total > 1 else _one_interval(clear)
    return f"{message}; {told}"


def _one_interval(clear: int) -> str:
    return f"its interval {'excludes' if clear else 'includes'} no difference"


def _side(fit: MetaFit) -> int:
    """Return the arm that a pooled result points to, on the model scale: 1 first, -1 second, 0 neither."""
    if fit.estimate is not None:
        return (fit.estimate > 0) - (fit.estimate < 0)
    return {"lower": 1, "upper": -1}.get(fit.bound or "", 0)


def domains_caption(comparison: Comparison) -> str:
    """Return the caption of the comparison: model, intervals, and what the columns count.

    Parameters
    ----------
    comparison : Comparison
        The drawn comparison.

    Returns
    -------
    str
        Two or three sentences.
    """
    methods = list(dict.fromkeys(fit.method for fit in comparison.fits.values() if fit.n_studies > 1))
    model = f"{listed(methods)}. " if methods else ""
    model = model[:1].upper() + model[1:]
    rows = domains_rows(comparison)
    bold = (
        "Bold: the interval excludes no difference. "
        if rows["verdict"].isin(["first", "second"]).any()
        else ""
    )
    lone = "One study is shown, not pooled. " if (rows["state"] == "one study").any() else ""
    level = level_words(comparison.level or 0.95)
    return (
        f"{model}{level} intervals. {bold}{lone}Rows are counted by what they "
        "report: a value, only bounds, only a direction."
    )


def domains_alt(comparison: Comparison) -> str:
    """Return the alternative text: every domain with its numbers.

    Parameters
    ----------
    comparison : Comparison
        The drawn comparison.

    Returns
    -------
    str
        For readers who do not see the picture.
    """
    rows = domains_rows(comparison)
    parts = []
    for row in rows[rows["role"] == "domain"].itertuples(index=False):
        amount = "" if row.state == "one study" else f", {plural(int(str(row.studies)), 'study', 'studies')}"
        parts.append(f"{row.label}: {row.effect_text}{amount}")
    return f"{measure_name(comparison.measure)} by {comparison.by.replace('_', ' ')}. {'; '.join(parts)}."
