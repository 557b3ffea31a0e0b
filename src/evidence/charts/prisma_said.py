"""A flow diagram in sentences: its title, its caption, its alternative text."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from evidence.charts.prisma_counts import Amounts, PrismaCounts, prisma_counts
from evidence.charts.prisma_rows import prisma_rows
from evidence.charts.words import count, listed, plural

__all__ = ["prisma_alt", "prisma_caption", "prisma_title"]

_PART = "\u2013 "
"""How a line begins that is part of the count above it."""


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
