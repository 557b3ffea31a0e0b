"""What stands in each box of a flow diagram, decided before anything is drawn."""

from __future__ import annotations

from collections.abc import Mapping

import pandas as pd

from evidence.charts.prisma_counts import Amounts, PrismaCounts, prisma_counts
from evidence.charts.words import count

__all__ = ["prisma_rows"]

PRISMA_COLUMNS = ("column", "stage", "box", "line", "n", "text")
"""Columns of `prisma_rows`, in this order."""


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
