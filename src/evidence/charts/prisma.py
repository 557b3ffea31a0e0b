"""The PRISMA 2020 flow diagram, from counts that add up."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import pandas as pd

from evidence.charts.prisma_counts import Amounts, PrismaCounts, prisma_counts
from evidence.charts.prisma_draw import draw_flow
from evidence.charts.said import say
from evidence.charts.style import medium_for
from evidence.charts.words import count, listed, plural

if TYPE_CHECKING:
    from matplotlib.axes import Axes

__all__ = ["PrismaCounts", "prisma", "prisma_alt", "prisma_caption", "prisma_rows", "prisma_title"]

PRISMA_COLUMNS = ("column", "stage", "box", "line", "n", "text")
"""Columns of `prisma_rows`, in this order."""

_PART = "\u2013 "
"""How a line begins that is part of the count above it."""


def prisma_rows(counts: Mapping[str, Amounts | None] | PrismaCounts) -> pd.DataFrame:
    """Decide what stands in each box, in the words of the statement's template.

    Parameters
    ----------
    counts : mapping or PrismaCounts
        As in `prisma`.

    Returns
    -------
    DataFrame
        One line a line of a box: ``column`` is ``"previous"``, ``"databases"`` or ``"other"``; ``stage``
        ``"Identification"``, ``"Screening"`` or ``"Included"``; ``box`` the key of the box; ``line`` the
        words; ``n`` the count (empty for a heading); ``text`` both.

    Raises
    ------
    ModelError
        Where the counts do not add up; the box is named.

    References
    ----------
    Page MJ, McKenzie JE, Bossuyt PM, et al. The PRISMA 2020 statement: an updated guideline for reporting
    systematic reviews. BMJ 2021;372:n71. https://doi.org/10.1136/bmj.n71

    Examples
    --------
    >>> rows = prisma_rows({"databases": 100, "duplicates": 20, "excluded": 60, "not_retrieved": 2,
    ...                     "reports_excluded": {"no control": 10}, "studies": 7})
    >>> rows.loc[rows["box"].eq("screened"), ["line", "n"]].to_numpy().tolist()
    [['Records screened', 80]]
    """
    of = prisma_counts(counts)
    update = of.previous_studies is not None
    lines: list[tuple[str, str, str, str, int | None]] = []
    if update:
        lines += [
            (
                "previous",
                "Identification",
                "previous",
                "Studies included in previous version of review",
                of.previous_studies,
            ),
        ]
        if of.previous_reports is not None:
            words = "Reports of studies included in previous version of review"
            lines.append(("previous", "Identification", "previous", words, of.previous_reports))
    lines += _identified("databases", "identified", {"Databases": of.databases, "Registers": of.registers})
    lines.append(("databases", "Identification", "removed", "Records removed before screening:", None))
    lines += [
        ("databases", "Identification", "removed", words, n)
        for words, n in (
            ("Duplicate records removed", of.duplicates),
            ("Records marked as ineligible by automation tools", of.automation),
            ("Records removed for other reasons", of.other_removed),
        )
    ]
    lines.append(("databases", "Screening", "screened", "Records screened", of.screened))
    lines += _out("databases", "excluded", "Records excluded", of.excluded)
    lines += _reports("databases", "", of.sought, of.not_retrieved, of.assessed, of.reports_excluded)
    if of.other_sources is not None:
        sources = of.other_sources if isinstance(of.other_sources, Mapping) else {"Other": of.other_sources}
        lines += _identified("other", "other_identified", sources)
        lines += _reports(
            "other", "other_", of.other_sought, of.other_not_retrieved, of.other_assessed, of.other_excluded
        )
    new = ("New studies included in review", "Reports of new included studies")
    included = new if update else ("Studies included in review", "Reports of included studies")
    lines += [
        ("databases", "Included", "included", what, n)
        for what, n in zip(included, (of.studies, of.reports), strict=True)
    ]
    if update:
        lines.append(("databases", "Included", "total", "Total studies included in review", of.total_studies))
        if of.total_reports is not None:
            total = "Reports of total included studies"
            lines.append(("databases", "Included", "total", total, of.total_reports))
    return pd.DataFrame(
        [(*line, _text(line[3], line[4])) for line in lines], columns=list(PRISMA_COLUMNS)
    ).astype({"n": "Int64"})


def _text(words: str, n: int | None) -> str:
    return words if n is None else f"{words} (n\u00a0=\u00a0{count(n)})"


def _identified(
    column: str, box: str, sources: Mapping[str, Amounts]
) -> list[tuple[str, str, str, str, int | None]]:
    """Return the lines of a box of records identified: each source, and each database of a mapping."""
    lines: list[tuple[str, str, str, str, int | None]] = [
        (column, "Identification", box, "Records identified from:", None)
    ]
    for name, amount in sources.items():
        if isinstance(amount, Mapping):
            lines.append((column, "Identification", box, name, sum(amount.values())))
            lines += [(column, "Identification", box, f"\u2013 {one}", n) for one, n in amount.items()]
        else:
            lines.append((column, "Identification", box, name, amount))
    return lines


def _out(
    column: str, box: str, words: str, amounts: Amounts | None
) -> list[tuple[str, str, str, str, int | None]]:
    """Return the lines of a box of what is excluded: the sum, or each reason."""
    if not isinstance(amounts, Mapping):
        return [(column, "Screening", box, words, amounts)]
    head: list[tuple[str, str, str, str, int | None]] = [(column, "Screening", box, f"{words}:", None)]
    return head + [(column, "Screening", box, reason, n) for reason, n in amounts.items()]


def _reports(
    column: str,
    prefix: str,
    sought: int | None,
    not_retrieved: int | None,
    assessed: int | None,
    excluded: Amounts | None,
) -> list[tuple[str, str, str, str, int | None]]:
    """Return the boxes of reports, which both columns have."""
    return [
        (column, "Screening", f"{prefix}sought", "Reports sought for retrieval", sought),
        (column, "Screening", f"{prefix}not_retrieved", "Reports not retrieved", not_retrieved),
        (column, "Screening", f"{prefix}assessed", "Reports assessed for eligibility", assessed),
        *_out(column, f"{prefix}reports_excluded", "Reports excluded", excluded),
    ]


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


def _total(amounts: Amounts | None) -> int:
    return sum(amounts.values()) if isinstance(amounts, Mapping) else int(amounts or 0)


def prisma_title(counts: Mapping[str, Amounts | None] | PrismaCounts) -> str:
    """Return one message made from the counts: how many studies came out of how many records.

    Parameters
    ----------
    counts : mapping or PrismaCounts
        As drawn.

    Returns
    -------
    str
        One sentence without a full stop.
    """
    of = prisma_counts(counts)
    records = _total(of.databases) + _total(of.registers) + _total(of.other_sources)
    new = "new " if of.previous_studies is not None else ""
    total = f", {count(of.total_studies)} in all" if of.previous_studies is not None else ""
    return (
        f"{plural(records, 'record')} led to {plural(of.studies or 0, f'{new}study', f'{new}studies')}{total}"
    )


def prisma_caption(counts: Mapping[str, Amounts | None] | PrismaCounts) -> str:
    """Return the caption: what is shown, and after which statement.

    Parameters
    ----------
    counts : mapping or PrismaCounts
        As drawn.

    Returns
    -------
    str
        A few sentences; sources and reasons are all told, as a slide may have room for their sums only.
    """
    of = prisma_counts(counts)
    rows = prisma_rows(of)
    told = []
    for words, boxes in (
        ("Records from", ("identified", "other_identified")),
        ("Reports excluded", ("reports_excluded", "other_reports_excluded")),
    ):
        counted = rows[rows["box"].isin(boxes) & rows["n"].gt(0)]
        if len(counted) < 2:
            continue
        columns = []
        for box, how in zip(boxes, ("", "by other methods: "), strict=True):
            lines = counted[counted["box"].eq(box)]
            each = zip(lines["line"], lines["n"], strict=True)
            if len(lines):
                columns.append(how + _whole_and_parts([f"{line} ({count(float(n))})" for line, n in each]))
        told.append(f" {words}: {'; '.join(columns)}.")
    if of.previous_studies is not None:
        before = plural(of.previous_studies, "study", "studies")
        told.append(f" Included in the previous version of the review: {before}.")
    return (
        f"PRISMA 2020 flow diagram (Page et al. 2021, doi:10.1136/bmj.n71): {prisma_title(of)} "
        f"({plural(of.reports or 0, 'report')}).{''.join(told)} A report is a document; one study may have "
        "several."
    )


def _whole_and_parts(lines: Sequence[str]) -> str:
    """Return counts as a list in a sentence; those that begin with a dash are parts of the one before.

    Examples
    --------
    >>> _whole_and_parts(["Databases (9)", "\u2013 A (5)", "\u2013 B (4)", "Registers (2)"])
    'Databases (9), of which A (5) and B (4); Registers (2)'
    """
    wholes: list[tuple[str, list[str]]] = []
    for line in lines:
        if line.startswith(_PART) and wholes:
            wholes[-1][1].append(line.removeprefix(_PART))
        else:
            wholes.append((line.removeprefix(_PART), []))
    if not any(parts for _, parts in wholes):
        return listed(whole for whole, _ in wholes)
    return "; ".join(f"{whole}, of which {listed(parts)}" if parts else whole for whole, parts in wholes)


def prisma_alt(counts: Mapping[str, Amounts | None] | PrismaCounts) -> str:
    """Return the alternative text: every box with its counts, in the order of the flow.

    Parameters
    ----------
    counts : mapping or PrismaCounts
        As drawn.

    Returns
    -------
    str
        For readers who do not see the picture.
    """
    rows = prisma_rows(counts)
    heads = {"previous": "Previous studies", "databases": "Databases and registers", "other": "Other methods"}
    parts = []
    for (column, stage), part in rows.groupby(["column", "stage"], sort=False):
        if stage == "Included":
            continue
        counted = part.loc[part["n"].notna(), "text"].str.replace("\u00a0", " ")
        told = _whole_and_parts(counted.tolist())
        parts.append(f"{heads[str(column)]}, {str(stage).lower()}: {told}")
    included = rows[rows["stage"].eq("Included")]
    parts.append(f"Included: {listed(included['text'].str.replace(chr(160), ' '))}")
    return f"PRISMA 2020 flow diagram. {'. '.join(dict.fromkeys(parts))}."
