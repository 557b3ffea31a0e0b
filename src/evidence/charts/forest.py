"""The forest plot: every row as what it is, the pooled result, and what it rests on."""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

import pandas as pd

from evidence.charts.captions import bound_words, limits, pooled_words
from evidence.charts.forest_content import basis, contents_for, drawn_rows
from evidence.charts.forest_draw import draw_forest, scale_of
from evidence.charts.forest_layout import ForestLayout, Preset, layout_for, preset_for
from evidence.charts.forest_room import least_picture, lowest
from evidence.charts.forest_rows import forest_rows, rows_of
from evidence.charts.forest_sections import Sections, sections_of
from evidence.charts.frame import measure_name, place
from evidence.charts.risk_of_bias_rows import Appraised, appraised_from
from evidence.charts.said import say
from evidence.charts.style import medium_for, style_for
from evidence.charts.table_parts import Content
from evidence.charts.words import interval_words, listed, plural

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from evidence.fit import MetaFit
    from evidence.synthesis.compare import Comparison

__all__ = [
    "Forest",
    "forest",
    "forest_alt",
    "forest_caption",
    "forest_of",
    "forest_page_alt",
    "forest_rows",
    "forest_title",
]


@dataclass(frozen=True)
class Forest:
    """A forest plot that is decided but not drawn.

    Attributes
    ----------
    sections : Sections
        Its parts.
    drawn : DataFrame
        The lines that have a place in the picture.
    contents : list of Content
        What it says, with ever fewer columns.
    preset : Preset
        How it is set.
    appraised : Appraised or None
        Symbols of the risk of bias.
    """

    sections: Sections
    drawn: pd.DataFrame
    contents: list[Content]
    preset: Preset
    appraised: Appraised | None

    @property
    def log(self) -> bool:
        """Return whether the axis shows ratios."""
        return self.sections.lead.scale == "log"

    @property
    def heaviest(self) -> float:
        """Return the largest share of a row."""
        return float(pd.to_numeric(self.drawn["share"]).max())

    @cached_property
    def caption(self) -> str:
        """Return the caption."""
        return _caption(self.sections)

    @cached_property
    def alt(self) -> str:
        """Return the alternative text."""
        return _alt(self.sections, self.drawn, last=True)


def forest(
    fit: MetaFit | Comparison,
    *,
    ax: Axes | None = None,
    medium: str | None = None,
    favours: tuple[str, str] = ("second arm", "first arm"),
    title: str | None = None,
    preset: str = "evidence",
    layout: ForestLayout | None = None,
) -> Axes:
    """Draw the rows of a pooled result and the result, or those of every subgroup.

    Exact rows are squares (area by weight) with whiskers; interval rows are the band that the
    print leaves open, with no point inside; rows that tell only a direction are dotted arrows; a
    one-sided pooled result is a bar that starts at its limit, never a diamond. Rows that were not
    pooled are named below. Ratios have a log axis and the printed orientation. Subgroups have headings,
    diamonds, heterogeneity and the test between them; a meta-regression shows the mean at the moderators of
    each row, and no pooled value.

    Parameters
    ----------
    fit : MetaFit or Comparison
        Result of a model such as `random_effects`, `pool_partial`, `multilevel` or `meta_regression`, or of
        `compare` for subgroups. Long lists go over several pages or slides with `forest_pages`.
    ax : Axes, optional
        Where to draw. Without it a figure is made, as high as its rows need. In an `ax` that is
        too small the letters shrink rather than overlap.
    medium : str, optional
        ``"notebook"``, ``"slide"`` (16:9, no text below 18 pt), ``"journal"`` or ``"journal-single"``. None
        takes that of `chart_style`, else ``"notebook"``. Narrow media leave out the weights, then the
        numbers of people, before the picture becomes too small; `forest_rows` always has them.
    favours : tuple of str, default ("second arm", "first arm")
        What results below and above no difference favour, on the model scale; turned round on
        screen where the printed ratio runs the other way.
    title : str, optional
        One message. None makes it from the result (`forest_title`); ``""`` sets none.
    preset : {"evidence", "RevMan", "JAMA", "BMJ"}, default "evidence"
        Columns, their order, words and brackets as this package, Review Manager, JAMA or The BMJ set them.
    layout : ForestLayout, optional
        Further columns, symbols of the risk of bias, the overall result of subgroups.

    Returns
    -------
    Axes
        The given one, or the only one of the new figure. Its x axis is the printed scale, so that
        ``ax.axvline(0.2)`` marks an effect of 0.2; y is in points from the top.

    Raises
    ------
    ModelError
        Where `medium` or `preset` is not known, `fit` is no pooled result, or `layout` names what is not
        there.

    References
    ----------
    Lewis S, Clarke M. BMJ 2001;322(7300):1479-1480. https://doi.org/10.1136/bmj.322.7300.1479

    Examples
    --------
    >>> import evidence as ev
    >>> effects = ev.effects_from([0.2, 0.5, 0.1], std_error=[0.2, 0.3, 0.25], study=["a", "b", "c"])
    >>> ax = ev.forest(ev.random_effects(effects), preset="JAMA")
    >>> ax.get_xlabel()
    ''
    """
    medium = medium_for(medium)
    chart = forest_of(fit, medium, favours, title, preset, layout)
    style = style_for(medium)
    contents = lowest(chart.contents, style) if ax is None else chart.contents
    plan, sheet = place(contents, medium, ax, least_picture=least_picture(style))
    scale = scale_of(chart.drawn, plan.picture, log=chart.log)
    draw_forest(plan, sheet, chart.drawn, scale, chart.preset, chart.appraised, chart.heaviest)
    return say(sheet.ax, caption=chart.caption, alt=chart.alt)


def forest_of(
    fit: MetaFit | Comparison,
    medium: str,
    favours: tuple[str, str],
    title: str | None,
    preset: str,
    layout: ForestLayout | None,
) -> Forest:
    """Decide what a forest plot shows; the arguments are those of `forest`."""
    house, beside = preset_for(preset), layout_for(layout)
    style = style_for(medium)
    sections = sections_of(fit, beside.overall, house)
    rows = rows_of(sections, house)
    message = _title(sections, favours) if title is None else title
    appraised = None if beside.risk_of_bias is None else appraised_from(beside.risk_of_bias)
    contents = contents_for(
        sections, rows, house, beside, appraised, style=style, favours=favours, title=message
    )
    return Forest(sections, drawn_rows(rows), contents, house, appraised)


def forest_title(fit: MetaFit | Comparison, favours: tuple[str, str] = ("second arm", "first arm")) -> str:
    """Return one message made from the result, never more than its interval allows.

    Parameters
    ----------
    fit : MetaFit or Comparison
        The drawn result.
    favours : tuple of str
        Names of what lies below and above no difference.

    Returns
    -------
    str
        Which side the interval lies on, or that it lies on both; of subgroups, whether they differ.
    """
    return _title(sections_of(fit, None, preset_for("evidence")), favours)


def _title(sections: Sections, favours: tuple[str, str]) -> str:
    """Return the message: that of the overall result, else what tells the subgroups apart."""
    if sections.overall is not None:
        return _result_title(sections.overall, favours)
    if sections.fitted is not None:
        return sections.lack
    pooled = [
        f"{block.name} {_short(block.fit)}"
        for block in sections.blocks
        if block.fit is not None and block.fit.n_studies > 1 and _told(block.fit)
    ]
    if not pooled:
        return "No subgroup gives a pooled result"
    if len(pooled) <= 3:
        return f"{sections.lead.measure} by {sections.by}: {'; '.join(pooled)}"
    sides = [_side(block.fit) for block in sections.blocks if block.fit is not None and _told(block.fit)]
    clear = [
        f"{sides.count(side)} favour {name}"
        for side, name in ((1, favours[1]), (-1, favours[0]))
        if side in sides
    ]
    unclear = [f"{sides.count(0)} undecided"] if 0 in sides else []
    return f"{sections.lead.measure} in {len(sides)} subgroups: {', '.join([*clear, *unclear])}"


def _told(fit: MetaFit) -> bool:
    """Tell whether there is a pooled value or a limit."""
    return fit.bound != "none" and not all(map(math.isnan, limits(fit))) and fit.n_studies > 1


def _short(fit: MetaFit) -> str:
    """Return estimate and interval in brackets."""
    estimate, low, high = limits(fit)
    return interval_words(estimate, low, high, log=fit.scale == "log")


def _side(fit: MetaFit) -> int:
    """Return on which side of no difference the interval lies, on the model scale: 1, -1, or 0 on both."""
    low = -math.inf if fit.conf_low is None else fit.conf_low
    high = math.inf if fit.conf_high is None else fit.conf_high
    return 1 if low > 0 else -1 if high < 0 else 0


def _result_title(fit: MetaFit, favours: tuple[str, str]) -> str:
    if all(map(math.isnan, limits(fit))) or fit.bound == "none":
        return "One study: shown, not pooled" if fit.n_studies == 1 else "The rows give no pooled result"
    side = {1: f"favours {favours[1]}", -1: f"favours {favours[0]}", 0: "no clear difference"}[_side(fit)]
    lone = "one study " if fit.n_studies == 1 else ""
    message = f"{lone}{side}: {fit.measure} {bound_words(fit)}"
    return message[:1].upper() + message[1:]


def forest_caption(fit: MetaFit | Comparison) -> str:
    """Return the caption of the forest plot: what is pooled, by which model, and what that assumes.

    Parameters
    ----------
    fit : MetaFit or Comparison
        The drawn result.

    Returns
    -------
    str
        Some short sentences.
    """
    return _caption(sections_of(fit, None, preset_for("evidence")))


def _caption(sections: Sections) -> str:
    lead = sections.lead
    if not sections.grouped:
        told = pooled_words(lead) if sections.overall is not None else _uncapital(_lacking(sections))
        return f"{measure_name(lead.measure)}: {told}. {basis(sections)}"
    words = f"{measure_name(lead.measure)} by {sections.by}: {'; '.join(_block_words(sections))}."
    overall = "" if sections.overall is None else f" Overall: {pooled_words(sections.overall)}."
    test = f" {sections.test}." if sections.test else ""
    return f"{words}{overall}{test.replace('..', '.')} {basis(sections)}"


def _lacking(sections: Sections) -> str:
    """Return why there is no pooled value, and the test of the moderators."""
    return "; ".join(part for part in (sections.lack, _uncapital(sections.test)) if part)


def _uncapital(text: str) -> str:
    return text[:1].lower() + text[1:]


def _block_words(sections: Sections) -> list[str]:
    """Return every subgroup with its result in words."""
    words = []
    for block in sections.blocks:
        if block.fit is None:
            words.append(f"{block.name}: {_uncapital((block.why or 'no result').rstrip('.'))}")
        elif block.fit.n_studies == 1:
            words.append(f"{block.name}: one study, not pooled")
        else:
            amount = plural(block.fit.n_studies, "study", "studies")
            words.append(f"{block.name}: {pooled_words(block.fit)}, {amount}")
    return words


def forest_alt(fit: MetaFit | Comparison) -> str:
    """Return the alternative text of the forest plot: a sentence with its numbers.

    Parameters
    ----------
    fit : MetaFit or Comparison
        The drawn result.

    Returns
    -------
    str
        For readers who do not see the picture.
    """
    house = preset_for("evidence")
    sections = sections_of(fit, None, house)
    return _alt(sections, rows_of(sections, house), last=True)


def forest_page_alt(chart: Forest, rows: pd.DataFrame, *, last: bool) -> str:
    """Return the alternative text of one page: its rows, and on the last one the result."""
    return _alt(chart.sections, rows, last=last)


def _alt(sections: Sections, rows: pd.DataFrame, *, last: bool) -> str:
    kinds = {"square": "value", "band": "bounds only", "arrow": "direction only"}
    counts = rows.loc[rows["role"] == "row", "mark"].value_counts()
    parts = listed(f"{counts[mark]} with {words}" for mark, words in kinds.items() if mark in counts)
    n_rows = int((rows["role"] == "row").sum())
    start = f"Forest plot of {plural(n_rows, 'row')}{f' ({parts})' if parts else ''}."
    if not last:
        named = rows.loc[rows["role"] == "row", "label"]
        return f"{start} From {named.iloc[0]} to {named.iloc[-1]}." if len(named) else start
    if sections.grouped:
        overall = [] if sections.overall is None else [f"Overall: {pooled_words(sections.overall)}"]
        told = "; ".join(_block_words(sections) + overall)
        test = f". {sections.test.rstrip('.')}" if sections.test else ""
        return f"{start} By {sections.by}: {told}{test}."
    told = pooled_words(sections.lead) if sections.overall is not None else _lacking(sections)
    return f"{start} {told[:1].upper()}{told[1:]}."
