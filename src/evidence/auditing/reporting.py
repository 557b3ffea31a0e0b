"""Outcomes that were measured and are not in the rows."""

from __future__ import annotations

from collections.abc import Sequence

from evidence.auditing.data import AuditData
from evidence.auditing.record import Check, Finding

__all__ = ["REPORTING"]

_NAME = "outcomes_missing"


def _find(data: AuditData) -> Sequence[Finding]:
    """Compare a study's rows with the outcomes that its registration, methods or other report name."""
    measured = data.fact_word("outcomes")
    have: dict[str, set[str]] = {}
    for study, outcome in zip(data.studies_of, data.word("outcome"), strict=True):
        have.setdefault(str(study), set()).add(str(outcome).strip().casefold())
    out = []
    for study, known in have.items():
        rows = data.rows_of_study[study]
        named = [part.strip() for part in str(measured[rows[0]]).split(";") if part.strip()]
        missing = [part for part in named if part.casefold() not in known]
        if missing:
            message = f"{study} measured {', '.join(missing)}: no row says what came of it"
            out.append(Finding(str(data.row_ids[rows[0]]), _NAME, "ask", message, "outcome"))
    return out + _other_reports(data, have)


def _other_reports(data: AuditData, have: dict[str, set[str]]) -> list[Finding]:
    """Name the outcomes that only one of two reports on the same people has, within one question."""
    info = data.info
    if info is None or "overlaps" not in info:
        return []
    out = []
    for study, others in info["overlaps"].fillna("").items():
        for other in (part.strip() for part in str(others).split(";")):
            if other == study or str(study) not in have or other not in have:
                continue
            missing = sorted(have[other] - have[str(study)])
            if missing:
                row = str(data.row_ids[data.rows_of_study[str(study)][0]])
                message = f"{other}, on the same people as {study}, also has {', '.join(missing[:4])}"
                more = f" and {len(missing) - 4} more" if len(missing) > 4 else ""
                out.append(Finding(row, _NAME, "ask", message + more, "outcome"))
    return out


REPORTING: tuple[Check, ...] = (
    Check(
        name=_NAME,
        family="reporting",
        title="outcomes that were measured and have no row",
        rule="an outcome in the column `outcomes` of study_info, or of another report on the same people, "
        "that no "
        "row of the study has",
        severities=("ask",),
        needs=("outcome",),
        example="The protocol names jump height; the paper reports sprint time only.",
        advice="Look for the result; if it is nowhere, add a row without a result, and say so.",
        source="Cochrane Handbook, chapter 13, https://doi.org/10.1002/9781119536604",
        find=_find,
    ),
)
