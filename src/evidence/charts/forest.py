"""The forest plot: every row as what it is, the pooled result, and what it rests on."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

import pandas as pd

from evidence.charts.forest_content import contents_for, drawn_rows
from evidence.charts.forest_draw import draw_forest, scale_of
from evidence.charts.forest_layout import ForestLayout, Preset, layout_for, preset_for
from evidence.charts.forest_room import least_picture, lowest
from evidence.charts.forest_rows import forest_rows, rows_of
from evidence.charts.forest_said import (
    alt_words,
    caption_words,
    forest_alt,
    forest_caption,
    forest_title,
    title_words,
)
from evidence.charts.forest_sections import Sections, sections_of
from evidence.charts.frame import place
from evidence.charts.risk_of_bias_rows import Appraised, appraised_from
from evidence.charts.said import say
from evidence.charts.style import medium_for, style_for
from evidence.charts.table_parts import Content

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
        return caption_words(self.sections)

    @cached_property
    def alt(self) -> str:
        """Return the alternative text."""
        return alt_words(self.sections, self.drawn, last=True)


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
        ``"notebook"``, ``"slide"`` (16:9 or higher, from 18 pt), ``"journal"`` or ``"journal-single"``. None
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
    message = title_words(sections, favours) if title is None else title
    appraised = None if beside.risk_of_bias is None else appraised_from(beside.risk_of_bias)
    contents = contents_for(
        sections, rows, house, beside, appraised, style=style, favours=favours, title=message
    )
    return Forest(sections, drawn_rows(rows), contents, house, appraised)


def forest_page_alt(chart: Forest, rows: pd.DataFrame, *, last: bool) -> str:
    """Return the alternative text of one page: its rows, and on the last one the result."""
    return alt_words(chart.sections, rows, last=last)
