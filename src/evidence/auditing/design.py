"""Who is counted, and how often: rows of one study, shared arms, the same people twice."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from evidence.auditing.data import POOLED_BY, AuditData
from evidence.auditing.record import Check, Finding

__all__ = ["DESIGN"]


def _ids(data: AuditData, rows: Sequence[int] | NDArray[np.intp]) -> tuple[str, ...]:
    return tuple(str(data.row_ids[at]) for at in rows)


def _grouped(data: AuditData, columns: Sequence[str], mask: NDArray[np.bool_]) -> list[NDArray[np.intp]]:
    """Return the marked rows by equal cells of the columns, groups of two or more."""
    rows = np.flatnonzero(mask)
    codes = data.codes(columns)[rows]
    order = np.argsort(codes, kind="stable")
    parts = np.split(rows[order], np.flatnonzero(np.diff(codes[order])) + 1)
    return [part for part in parts if part.size > 1]


_CLUSTER = "rows_of_one_study"


def _several_rows(data: AuditData) -> Sequence[Finding]:
    return [
        Finding(
            str(data.row_ids[rows[0]]),
            _CLUSTER,
            "ask",
            f"{rows.size} rows of {data.studies_of[rows[0]]} would be pooled together: they are not "
            "independent",
            "study",
            str(data.studies_of[rows[0]]),
            rows=_ids(data, rows),
        )
        for rows in _grouped(data, (*POOLED_BY, "study"), data.study_rows)
    ]


_SHARED = "shared_arm"


def _shared_arms(data: AuditData) -> Sequence[Finding]:
    out = []
    labelled = data.study_rows & (data.word("arm_c") != "") & (data.word("arm_e") != "")
    for rows in _grouped(data, ("study", "outcome", "instrument", "arm_c", "timepoint_weeks"), labelled):
        arms = {str(data.word("arm_e")[at]) for at in rows}
        if len(arms) < 2:
            continue
        name = str(data.word("arm_c")[rows[0]])
        out.append(
            Finding(
                str(data.row_ids[rows[0]]),
                _SHARED,
                "ask",
                f"{len(arms)} arms of {data.studies_of[rows[0]]} are compared with one and the same ({name})",
                "arm_c",
                name,
                rows=_ids(data, rows),
            )
        )
    return out


_TWICE = "same_people_twice"


def _twice(data: AuditData) -> Sequence[Finding]:
    """Find studies that are marked as overlapping, or print the same means of as many people."""
    present = dict.fromkeys(str(study) for study in data.studies_of[data.study_rows])
    pairs: dict[tuple[str, str], tuple[str, str]] = {}
    info = data.info
    if info is not None and "overlaps" in info:
        for study, others in info["overlaps"].fillna("").items():
            for other in (part.strip() for part in str(others).split(";")):
                if other != study and other in present and str(study) in present:
                    pairs.setdefault(
                        (min(str(study), other), max(str(study), other)),
                        ("unlikely", "are marked as overlapping"),
                    )
    for pair in _same_numbers(data):
        pairs.setdefault(
            pair, ("unlikely", "print the same means and standard deviations for as many people")
        )
    for pair in _same_authors(data):
        pairs.setdefault(pair, ("ask", "have the same authors, people and outcome"))
    cells = data.codes(POOLED_BY)
    out = []
    for (first, second), (severity, why) in pairs.items():
        both = np.sort(np.concatenate([data.rows_of_study[first], data.rows_of_study[second]]))
        rows = both[data.study_rows[both]]
        together = len(set(cells[rows].tolist()))
        out.append(
            Finding(
                str(data.row_ids[rows[0]]),
                _TWICE,
                severity,
                f"{first} and {second} {why}: pooled as two studies, their people count twice "
                f"({together} {'cell' if together == 1 else 'cells'})",
                "study",
                first,
                rows=_ids(data, rows),
            )
        )
    return out


def _same_authors(data: AuditData) -> list[tuple[str, str]]:
    """Return pairs of studies with the same authors, as many people, and an outcome in common."""
    info = data.info
    if info is None or not {"authors", "n_total"} <= set(info.columns):
        return []
    outcomes: dict[str, set[str]] = {}
    for at in np.flatnonzero(data.study_rows):
        outcomes.setdefault(str(data.studies_of[at]), set()).add(str(data.word("outcome")[at]).casefold())
    seen: dict[tuple[str, str], list[str]] = defaultdict(list)
    for study, authors, people in zip(info.index, info["authors"], info["n_total"], strict=True):
        if (
            str(study) in outcomes
            and str(authors or "").strip()
            and str(people or "").strip() not in ("", "nan")
        ):
            seen[(" ".join(str(authors).casefold().split()), str(people))].append(str(study))
    return [
        (min(first, second), max(first, second))
        for studies in seen.values()
        for place, first in enumerate(studies)
        for second in studies[place + 1 :]
        if outcomes[first] & outcomes[second]
    ]


def _same_numbers(data: AuditData) -> list[tuple[str, str]]:
    columns = [
        f"{stage}_{what}_{arm}" for stage in ("post", "change") for what in ("mean", "sd") for arm in "ec"
    ]
    cells = [data.as_printed(name) for name in columns]
    sizes = [data.number(f"n_{arm}") for arm in "ec"]
    filled = np.sum([cell != "" for cell in cells], axis=0) >= 4
    rows = np.flatnonzero(filled & data.study_rows)
    seen: dict[tuple[object, ...], str] = {}
    out = []
    for at, *key in zip(rows, *(part[rows] for part in (*cells, *sizes)), strict=True):
        study = str(data.studies_of[at])
        other = seen.setdefault(tuple(key), study)
        if other != study:
            out.append((min(study, other), max(study, other)))
    return list(dict.fromkeys(out))


_FAMILY = "design and direction"


_HANDBOOK = "Cochrane Handbook, chapter 6 and 23, https://doi.org/10.1002/9781119536604"

DESIGN: tuple[Check, ...] = (
    Check(
        name=_CLUSTER,
        family=_FAMILY,
        title="several rows of one study in one pool",
        rule="two or more rows of a study with the same question, domain and comparator",
        severities=("ask",),
        needs=("study",),
        example="Left and right leg of the same people as two rows.",
        advice="Pool with `multilevel` or `pool_partial`, which know studies; never as independent rows.",
        source="Kadlec, Sainani & Nimphius 2023, https://doi.org/10.1007/s40279-022-01766-0",
        find=_several_rows,
    ),
    Check(
        name=_SHARED,
        family=_FAMILY,
        title="one control arm against several arms",
        rule="rows of one study, outcome and time with the same second arm and different first arms",
        severities=("ask",),
        needs=("study", "arm_e", "arm_c"),
        example="Two programmes against one control group of 12.",
        advice="Use `sampling_covariance`, or combine the arms.",
        source=_HANDBOOK,
        find=_shared_arms,
    ),
    Check(
        name=_TWICE,
        family=_FAMILY,
        title="the same people under two study keys",
        rule="`overlaps` in study_info, or equal means, standard deviations and sizes under two keys; ask "
        "where authors, "
        "people in all and an outcome are the same",
        severities=("unlikely", "ask"),
        needs=("study",),
        example="A trial and its follow-up paper.",
        advice="Keep one report of each outcome, or give both the same key.",
        source=_HANDBOOK,
        find=_twice,
    ),
)
