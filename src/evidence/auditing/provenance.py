"""Where a row comes from: reviews, other texts, silence."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from evidence.auditing.data import POOLED_BY, AuditData
from evidence.auditing.flags import flag
from evidence.auditing.record import Check, Finding

__all__ = ["PROVENANCE"]


def _ids(data: AuditData, rows: Sequence[int] | NDArray[np.intp]) -> tuple[str, ...]:
    return tuple(str(data.row_ids[at]) for at in rows)


_REVIEW = "review_among_studies"


def _reviews(data: AuditData) -> Sequence[Finding]:
    cell = data.codes(("question", "domain"))
    mixed = np.isin(cell, np.unique(cell[data.study_rows])) & ~data.study_rows
    return flag(
        *(data, mixed, _REVIEW, "ask"),
        lambda at: f"a review's pooled result ({data.studies_of[at]}) stands among the results of studies",
        column="level",
        advice=lambda at: "Nothing to mend where it is context: the models refuse to pool it with studies.",
    )


_SECOND = "second_hand"


def _second_hand(data: AuditData) -> Sequence[Finding]:
    return flag(
        *(data, (data.word("secondary_source") == "yes") & data.study_rows, _SECOND, "ask"),
        lambda at: f"the numbers of {data.studies_of[at]} were read in another text",
        column="secondary_source",
    )


_INFERRED = "inferred_verdicts"


def _inferred(data: AuditData) -> Sequence[Finding]:
    rests = (
        (data.word("inferred") == "yes") | (data.word("basis") == "inferred_from_omission")
    ) & data.study_rows
    cells: dict[tuple[str, ...], list[int]] = defaultdict(list)
    keys = [data.word(name) for name in POOLED_BY]
    for at in np.flatnonzero(data.study_rows):
        cells[tuple(str(key[at]) for key in keys)].append(int(at))
    out = []
    for key, rows in cells.items():
        mine = [at for at in rows if rests[at]]
        if mine:
            out.append(
                Finding(
                    str(data.row_ids[mine[0]]),
                    _INFERRED,
                    "ask",
                    f"{len(mine)} of {len(rows)} rows on "
                    f"{' / '.join(part for part in key if part) or 'the table'} "
                    "rest on a verdict that was inferred",
                    "inferred",
                    "yes",
                    rows=_ids(data, mine),
                )
            )
    return out


_FAMILY = "design and direction"


_HANDBOOK = "Cochrane Handbook, chapter 6 and 23, https://doi.org/10.1002/9781119536604"

PROVENANCE: tuple[Check, ...] = (
    Check(
        name=_REVIEW,
        family=_FAMILY,
        title="results of reviews among results of studies",
        rule="a row of level `pooled` shares question and domain with rows of level `study`",
        severities=("ask",),
        needs=("level",),
        example="A meta-analysis and the trials in it.",
        advice="Show it beside, never in, the pool.",
        source=_HANDBOOK,
        find=_reviews,
    ),
    Check(
        name=_SECOND,
        family=_FAMILY,
        title="numbers from another text than the paper",
        rule="`secondary_source` is yes",
        severities=("ask",),
        needs=("secondary_source",),
        example="A mean read in a review's table.",
        advice="Look it up in the paper.",
        source=_HANDBOOK,
        find=_second_hand,
    ),
    Check(
        name=_INFERRED,
        family=_FAMILY,
        title="verdicts read from silence",
        rule="`inferred` is yes or basis inferred_from_omission; counted by question, domain and comparator",
        severities=("ask",),
        needs=("inferred", "basis"),
        example="The abstract names the significant outcomes; the others are taken for no difference.",
        advice="Look at the result without them, which `pool_partial` gives beside.",
        source=_HANDBOOK,
        find=_inferred,
    ),
)
