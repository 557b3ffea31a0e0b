"""The boxes of a flow diagram in fewer words, for slides: step by step, until one holds them."""

from __future__ import annotations

from collections.abc import Iterator

import pandas as pd

from evidence.charts.words import count

__all__ = ["for_a_slide"]

_SHORT = {
    "identified": "Records found",
    "removed": "Removed",
    "screened": "Screened",
    "excluded": "Excluded",
    "sought": "Reports sought",
    "not_retrieved": "Not retrieved",
    "assessed": "Assessed",
    "reports_excluded": "Excluded",
    "other_identified": "Records found",
    "other_sought": "Reports sought",
    "other_not_retrieved": "Not retrieved",
    "other_assessed": "Assessed",
    "other_reports_excluded": "Excluded",
    "previous": "Studies",
    "included": "New studies",
    "total": "Studies in all",
}
"""Words of the boxes where those of the statement have no room."""

_REASONS = (4, 3, 2, 0)
"""Reasons of a box, in turn; of more the largest stay, the rest is summed."""


def for_a_slide(rows: pd.DataFrame) -> Iterator[pd.DataFrame]:
    """Return the rows in ever fewer words.

    Parameters
    ----------
    rows : DataFrame
        As from `prisma_rows`.

    Yields
    ------
    DataFrame
        Without counts of 0 and single sources; with fewer reasons, the rest summed; with sums only; at last
        in short words. With more than one column the reasons are summed from the beginning.
    """
    wide = len(set(rows["column"])) > 1
    for reasons in (0,) if wide else _REASONS:
        yield _fewer(rows, reasons, wide)
    yield _short(rows)


def _fewer(rows: pd.DataFrame, reasons: int, wide: bool) -> pd.DataFrame:
    """Return the boxes with at most so many reasons, or their sum."""
    parts = []
    for box, part in rows.groupby("box", sort=False):
        single = part["line"].str.startswith("\u2013 ")
        kept = part[~single & (part["n"].isna() | part["n"].gt(0))] if len(part) > 1 else part
        head, lines = kept[kept["n"].isna()], kept[kept["n"].notna()]
        if len(head) and (reasons == 0 or lines.empty):
            words = str(head["line"].iloc[0]).rstrip(":").removesuffix(" from")
            kept = head.assign(text=_text(words, lines["n"]))
        elif len(head) and len(lines) > reasons:
            ordered = lines.sort_values("n", ascending=False, kind="stable")
            rest = ordered["n"].iloc[reasons - 1 :]
            other = ordered.iloc[[-1]].assign(text=_text("Other reasons", rest))
            kept = pd.concat([head, ordered.iloc[: reasons - 1], other])
        elif wide and box in ("previous", "total"):
            kept = kept.head(1)
        parts.append(kept)
    return pd.concat(parts, ignore_index=True)


def _short(rows: pd.DataFrame) -> pd.DataFrame:
    """Return one line a box, in short words."""
    update = rows["box"].eq("previous").any()
    parts = []
    for box, part in rows.groupby("box", sort=False):
        own = part[part["n"].notna() & ~part["line"].str.startswith("\u2013 ")]
        own = own.head(1) if box in ("previous", "included", "total") else own
        words = _SHORT[str(box)] if update or box != "included" else "Studies included"
        parts.append(part.head(1).assign(text=_text(words, own["n"])))
    return pd.concat(parts, ignore_index=True)


def _text(words: str, n: pd.Series) -> str:
    return f"{words} (n\u00a0=\u00a0{count(float(n.sum()))})"
