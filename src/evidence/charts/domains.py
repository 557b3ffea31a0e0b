"""The comparison by domain: the picture for a talk."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import pandas as pd

from evidence.charts import marks
from evidence.charts.captions import level_words
from evidence.charts.domains_rows import domains_rows
from evidence.charts.domains_words import domains_alt, domains_caption
from evidence.charts.frame import as_float, expect, measure_name, on_screen, place, sides
from evidence.charts.headlines import domains_title
from evidence.charts.said import say
from evidence.charts.scale import Scale, scale_for
from evidence.charts.style import Style, medium_for, style_for
from evidence.charts.table_draw import draw_plan
from evidence.charts.table_parts import Column, Content
from evidence.charts.texts import LEADING, text_width, widest, wrap
from evidence.charts.words import count, measure_head
from evidence.errors import ModelError

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from evidence.charts.canvas import Sheet
    from evidence.synthesis.compare import Comparison

__all__ = ["domains", "domains_alt", "domains_caption", "domains_rows", "domains_title"]

_MOST_ROWS = 4
"""Rows of one study that are drawn; more are counted (`domains_rows` has every one)."""

_INDENT = "   "

_NAME_WIDTH = {"notebook": 24.0, "slide": 12.0, "journal": 16.0, "journal-single": 11.0}
"""Width to which the name of a row of an only study is broken, as a multiple of the text size."""

_LONG_NAME = 26.0
"""Width from which names may be shortened for the sake of the picture, likewise."""


def domains(
    comparison: Comparison,
    *,
    ax: Axes | None = None,
    medium: str | None = None,
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
    medium : str, optional
        ``"notebook"``, ``"slide"`` (16:9 or higher, from 18 pt), ``"journal"`` or ``"journal-single"``. None
        takes that of `chart_style`, else ``"notebook"``.
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
        Where `medium` is not known, no group has a result, or `comparison` is none.

    Examples
    --------
    >>> import evidence as ev
    >>> domain = ["power", "power", "strength", "strength"]
    >>> errors = [0.2, 0.3, 0.25, 0.2]
    >>> effects = ev.effects_from([0.2, 0.5, 0.1, 0.4], std_error=errors, study=list("abcd"), domain=domain)
    >>> ax = ev.domains(ev.compare(effects, by="domain", model=ev.random_effects))
    """
    medium = medium_for(medium)
    expect(
        "domains",
        comparison,
        "a Comparison",
        ("fits", "by", "failures"),
        'comparison = ev.compare(effects, by="domain")',
    )
    rows = domains_rows(comparison)
    fit = next(iter(comparison.fits.values()), None)
    if fit is None:
        reasons = "; ".join(f"{group}: {why}" for group, why in comparison.failures.items())
        raise ModelError(f"no group of the comparison has a result to draw ({reasons})")
    message = domains_title(comparison, favours) if title is None else title
    blocks = _blocks(rows, medium)
    sides_of_line = on_screen(favours, fit.scale, fit.display_sign)
    contents = _contents(comparison, rows, blocks, medium, sides_of_line, message)
    plan, sheet = place(contents, medium, ax, least_picture=13.5)
    scale = _scale(rows, plan.picture, fit.scale == "log")
    for block, y in zip(blocks, draw_plan(plan, sheet, scale), strict=True):
        for lane, row in zip(block.starts, block.rows, strict=True):
            _draw_mark(sheet, scale, row, y + (lane - (block.lanes - 1) / 2) * LEADING * sheet.style.text)
    return say(sheet.ax, caption=domains_caption(comparison), alt=domains_alt(comparison))


@dataclass(frozen=True)
class _Block:
    """One domain: its own row and those of its only study, each with the lines of its name."""

    rows: list[Any]
    names: list[list[str]]

    @property
    def lanes(self) -> int:
        """Return the number of lines."""
        return sum(map(len, self.names))

    @property
    def starts(self) -> list[int]:
        """Return the line on which each row begins: there stand its mark and its numbers."""
        return [sum(map(len, self.names[:i])) for i in range(len(self.names))]

    def cell(self, texts: Iterable[str]) -> str:
        """Return a cell that has one text a row, on the line where the row begins."""
        parts = zip(texts, self.names, strict=True)
        return "\n".join(line for text, names in parts for line in (text, *[""] * (len(names) - 1)))


def _blocks(rows: pd.DataFrame, medium: str) -> list[_Block]:
    """Return the lines of each domain: its own, then those of its only study, at most `_MOST_ROWS`."""
    style = style_for(medium)
    blocks = []
    for _, group in rows.groupby((rows["role"] == "domain").cumsum(), sort=False):
        head, *own = list(group.itertuples(index=False))
        shown = own[:_MOST_ROWS]
        names = [_own_name(str(row.label), style) for row in shown]
        if len(own) > len(shown):
            names[-1][-1] += f" (and {len(own) - len(shown)} more)"
        blocks.append(_Block([head, *shown], [[str(head.label)], *names]))
    return blocks


def _own_name(label: str, style: Style) -> list[str]:
    """Return the name of a row of an only study, indented: in one line, or the outcome below the study.

    Where there is little room no name is cut: it takes as many lines as it needs.
    """
    width = style.text * _NAME_WIDTH[style.name]
    if text_width(_INDENT + label, style.text) <= width:
        return [_INDENT + label]
    study, _, outcome = label.partition(": ")
    parts = [f"{study}:", outcome] if outcome else [study]
    lines = [line for part in parts for line in wrap(part, width, style.text).split("\n")]
    return [_INDENT + line for line in lines]


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


def _cells(blocks: list[_Block], name: str) -> tuple[str, ...]:
    """Return one cell a domain with a line for each of its marks."""
    return tuple(block.cell(str(getattr(row, name)) for row in block.rows) for block in blocks)


def _first(blocks: list[_Block], texts: Iterable[str]) -> tuple[str, ...]:
    """Return texts that stand in the first line of their domain."""
    return tuple(text + "\n" * (block.lanes - 1) for block, text in zip(blocks, texts, strict=True))


def _contents(
    comparison: Comparison,
    rows: pd.DataFrame,
    blocks: list[_Block],
    medium: str,
    favours: tuple[str, str],
    title: str,
) -> list[Content]:
    """Return the chart with all columns, with the kinds in one, without people, without kinds."""
    heads = [block.rows[0] for block in blocks]
    kinds = [("exact", "value"), ("interval", "bounds"), ("sign", "direction")]
    style = style_for(medium)
    names = tuple("\n".join(line for name in block.names for line in name) for block in blocks)
    long = widest(names, style.text, bold=True) > style.text * _LONG_NAME
    label = Column(domain_name_of(comparison), names, flex=long)
    effect = Column(
        f"{measure_head(comparison.measure)} ({level_words(comparison.level or 0.95)} CI)",
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
        lanes=tuple(float(block.lanes) * LEADING for block in blocks),
        key=_key(rows),
        foot=() if slide else (domains_caption(comparison),),
        picture_share=0.22,  # a little less than usual, before the name of an only study is cut
    )
    choices = [
        (effect, studies, people, *apart),
        (effect, studies, people, joined),
        *([(effect, studies, people)] if slide else [(effect, studies, joined)]),
        (effect, studies),
    ]
    return [replace(full, right=right) for right in choices[slide:]]


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
