"""The PRISMA 2020 flow diagram, from counts that add up."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from evidence.charts.prisma_counts import Amounts, PrismaCounts
from evidence.charts.prisma_draw import draw_flow
from evidence.charts.prisma_rows import prisma_rows
from evidence.charts.prisma_said import prisma_alt, prisma_caption, prisma_title
from evidence.charts.said import say
from evidence.charts.style import medium_for

if TYPE_CHECKING:
    from matplotlib.axes import Axes

__all__ = ["PrismaCounts", "prisma", "prisma_alt", "prisma_caption", "prisma_rows", "prisma_title"]


def prisma(
    counts: Mapping[str, Amounts | None] | PrismaCounts,
    *,
    ax: Axes | None = None,
    medium: str | None = None,
    title: str | None = None,
) -> Axes:
    """Draw the flow of records, reports and studies through a review, as PRISMA 2020 asks.

    The boxes, their words and their order are those of the statement's templates: databases and registers;
    with `other_sources` the column of other methods; with `previous_studies` that of an update. Counts are
    checked before anything is drawn.

    Parameters
    ----------
    counts : mapping or PrismaCounts
        The boxes that are known (see `PrismaCounts`); of each step two numbers are enough. Reasons of
        exclusion are a mapping: ``{"no control group": 12, ...}``.
    ax : Axes, optional
        Where to draw. Without it a figure is made, as high as its boxes need.
    medium : str, optional
        ``"notebook"``, ``"slide"`` (16:9, no text below 18 pt; what has no room is summed: single sources,
        small reasons, and at last the boxes have short words; the caption has all) or ``"journal"``.
    title : str, optional
        One message. None makes it from the counts; ``""`` sets none.

    Returns
    -------
    Axes
        The given one, or the only one of the new figure; x and y are in points from the top left.

    Raises
    ------
    ModelError
        Where the counts do not add up (the box is named), or the medium is not known.

    References
    ----------
    Page MJ, McKenzie JE, Bossuyt PM, et al. The PRISMA 2020 statement: an updated guideline for reporting
    systematic reviews. BMJ 2021;372:n71. https://doi.org/10.1136/bmj.n71

    Examples
    --------
    >>> import evidence as ev
    >>> ax = ev.prisma(
    ...     {"databases": 812, "registers": 40, "duplicates": 230, "excluded": 540, "not_retrieved": 3,
    ...      "reports_excluded": {"No control group": 31, "Not a trial": 20}, "studies": 25}
    ... )
    >>> ev.caption(ax)[:24]
    'PRISMA 2020 flow diagram'
    """
    medium = medium_for(medium)
    rows = prisma_rows(counts)
    message = prisma_title(counts) if title is None else title
    ax = draw_flow(rows, message, medium, ax)
    return say(ax, caption=prisma_caption(counts), alt=prisma_alt(counts))
