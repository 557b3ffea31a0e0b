"""Claims with their verdicts, as a table."""

from __future__ import annotations

from evidence.citations import Bibliography
from evidence.studies.record import Studies
from evidence.synthesis.claims import Claims
from evidence.table_content.citing import Citing, records, typeset
from evidence.tables import Table

__all__ = ["claims_table"]

_COLUMNS = ("Claim", "Kind", "Verdict", "Why", "Studies", "Sources")


def claims_table(
    claims: Claims,
    studies: Studies,
    *,
    listed: Bibliography | None = None,
    caption: str = "Claims and what the evidence says of them",
    id: str = "claims",
) -> Table:
    """Return one line a claim: verdict, reason, numbers, sources.

    Parameters
    ----------
    claims : Claims
        As `evidence.claims` gives them.
    studies : Studies
        The studies that they were put to, for labels and references.
    listed : Bibliography, optional
        Bibliography whose numbers are cited; by default one of these studies.
    caption, id : str
        Caption and name of the table.

    Returns
    -------
    Table
        In the order of the claims; the reason has the numbers by domain, and the margin with its source.
    """
    citing = Citing(studies, listed)
    lines = []
    for row in records(claims.table):
        behind = claims.rows.loc[claims.rows["claim_id"].eq(row["claim_id"]), "study"]
        lines.append(
            {
                "Claim": str(row["claim"]),
                "Kind": str(row["kind"]),
                "Verdict": str(row["verdict"]),
                "Why": typeset(str(row["reason"])),
                "Studies": str(row["studies"]),
                "Sources": "; ".join(citing.label(study) for study in dict.fromkeys(behind)),
            }
        )
    notes = [
        f"Verdicts follow from {claims.level * 100:g} % intervals alone; a claim of none is supported only "
        "by an interval inside its margin, and a change within one arm never speaks for a difference between "
        "arms.",
        *claims.notes,
    ]
    return citing.table(lines, _COLUMNS, caption=caption, notes=notes, id=id)
