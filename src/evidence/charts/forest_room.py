"""How much of a forest plot has room: which columns, how wide a picture, on how high a page."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace

from evidence.charts.frame import roomiest
from evidence.charts.style import POINTS, Style
from evidence.charts.table import plan_table
from evidence.charts.table_parts import Content, Plan

__all__ = ["choices", "least_picture", "lowest"]

_TIGHT = 0.26
"""Share of the width of the picture where names would else need two lines."""


def least_picture(style: Style) -> float:
    """Return the least width of the picture, as a multiple of the text size; less in a single column."""
    return 12.0 if style.width > 5.0 else 7.0


def choices(contents: Sequence[Content], style: Style, width: float) -> Iterator[Plan]:
    """Plan the chart in all ways that leave a picture, the fullest first.

    Parameters
    ----------
    contents : sequence of Content
        The same chart with ever fewer columns.
    style : Style
        Sizes.
    width : float
        Of the sheet, points.

    Yields
    ------
    Plan
        With a wide picture and with a narrower one, for the sake of names in one line, down to the choice
        without weights and numbers of people. What the user asked for is never given up for a lower chart.
    """
    least = least_picture(style)
    plan = roomiest(contents, style, width, least)
    columns = len(plan.content.left), len(plan.content.right)
    at = next((i for i, one in enumerate(contents) if (len(one.left), len(one.right)) == columns), None)
    if at is None:  # a single column has room for fewer columns than any choice names
        yield plan
        return
    for content in contents[at:]:
        if content.foot != contents[at].foot:  # a note names what the user would miss
            return
        for wide in (content.wide, _TIGHT):
            yield plan_table(replace(content, wide=wide), style, width, least_picture=least)


def lowest(contents: Sequence[Content], style: Style) -> list[Content]:
    """Return the first choice that fits the height of a slide; all of them where none does, or any may."""
    if not style.least_height:
        return list(contents)
    width, height = style.width * POINTS, style.least_height * POINTS
    if roomiest(contents, style, width, least_picture(style)).height <= height:
        return list(contents)
    for content in contents:
        if content.foot != contents[0].foot:
            break
        for wide in (content.wide, _TIGHT):
            tight = replace(content, wide=wide)
            plan = plan_table(tight, style, width, least_picture=least_picture(style))
            room = plan.picture[1] - plan.picture[0] >= least_picture(style) * style.text * 0.98
            if plan.height <= height and room:
                return [tight]
    return list(contents)
