"""Claims that one arm beats the other, beside rows that compare each arm with its own start."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from evidence.auditing.data import AuditData
from evidence.auditing.record import Check, Finding

__all__ = ["CLAIMS"]

_NAME = "claim_within_arms"
_READ = ("claim_id", "kind", "question", "domains", "comparator_class")


def _find(data: AuditData) -> Sequence[Finding]:
    """Name the claims between arms on whose question, domains and comparator such rows stand."""
    claims = data.studies.claims
    if claims is None or "kind" not in claims:
        return []
    within = data.study_rows & (data.word("basis") == "within_group_only")
    out = []
    known = claims[[name for name in _READ if name in claims]]
    texts = known.astype(object).where(known.notna(), "").astype(str)
    for claim in texts[texts["kind"] == "between"].to_dict("records"):
        bears = data.study_rows & (data.word("question") == claim.get("question", ""))
        domains = [part.strip() for part in claim.get("domains", "").split(";") if part.strip()]
        if domains:
            bears &= np.isin(data.word("domain").astype(str), domains)
        if claim.get("comparator_class", ""):
            bears &= data.word("comparator_class") == claim["comparator_class"]
        mine = np.flatnonzero(bears & within)
        if not mine.size:
            continue
        rest = int(bears.sum()) - mine.size
        beside = f"{rest} {'row has' if rest == 1 else 'rows have'} one" if rest else "no row has one"
        out.append(
            Finding(
                str(data.row_ids[mine[0]]),
                _NAME,
                "ask" if rest else "unlikely",
                f"the claim {claim['claim_id']} is about a difference between arms; {mine.size} of the rows "
                f"on it only compare each arm with its own start and say nothing of one ({beside})",
                "basis",
                "within_group_only",
                rows=tuple(str(row) for row in data.row_ids[mine]),
            )
        )
    return out


CLAIMS: tuple[Check, ...] = (
    Check(
        name=_NAME,
        family="design and direction",
        title="claims about a difference between arms, and rows that have none",
        rule="a claim of kind `between` in claims.csv, and rows of its question, domains and comparator with "
        "basis within_group_only; unlikely where there are no others, else ask",
        severities=("unlikely", "ask"),
        needs=("basis",),
        example="Training A beats B, because A improved (p = 0.02) and B did not (p = 0.09).",
        advice="Read the verdict of `claims`: it leaves such rows out and gives the result between the arms.",
        source="Gelman & Stern 2006, https://doi.org/10.1198/000313006X152649",
        find=_find,
    ),
)
