"""Who was counted, and how often: sizes of arms, shared people, rows of reviews and second-hand rows."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from scipy import stats

from evidence.audit.data import AuditData
from evidence.audit.flags import flag, shown
from evidence.audit.record import Check, Finding

__all__ = ["DESIGN"]

_CELL = ("question", "domain", "comparator_class")
_BALANCE = 0.001
"""p of a fair allocation below which an imbalance of two arms is asked about."""


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
            f"{rows.size} rows of {data.studies_of[rows[0]]} would be pooled together: they are not independent",
            "study",
            str(data.studies_of[rows[0]]),
            rows=_ids(data, rows),
        )
        for rows in _grouped(data, (*_CELL, "study"), data.study_rows)
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
    pairs: dict[tuple[str, str], str] = {}
    info = data.info
    if info is not None and "overlaps" in info:
        for study, others in info["overlaps"].fillna("").items():
            for other in (part.strip() for part in str(others).split(";")):
                if other in present and str(study) in present:
                    pairs.setdefault(
                        (min(str(study), other), max(str(study), other)), "are marked as overlapping"
                    )
    for pair in _same_numbers(data):
        pairs.setdefault(pair, "print the same means and standard deviations for as many people")
    out = []
    for (first, second), why in pairs.items():
        rows = np.flatnonzero(np.isin(data.studies_of.astype(str), (first, second)) & data.study_rows)
        together = {str(code) for code in data.codes(_CELL)[rows]}
        out.append(
            Finding(
                str(data.row_ids[rows[0]]),
                _TWICE,
                "unlikely",
                f"{first} and {second} {why}: pooled as two studies, their people count twice "
                f"({len(together)} {'cell' if len(together) == 1 else 'cells'})",
                "study",
                first,
                rows=_ids(data, rows),
            )
        )
    return out


def _same_numbers(data: AuditData) -> list[tuple[str, str]]:
    columns = [
        f"{stage}_{what}_{arm}" for stage in ("post", "change") for what in ("mean", "sd") for arm in "ec"
    ]
    cells = [data.as_printed(name) for name in columns]
    sizes = [data.number(f"n_{arm}") for arm in "ec"]
    seen: dict[tuple[str, ...], str] = {}
    out = []
    filled = np.sum([cell != "" for cell in cells], axis=0) >= 4
    for at in np.flatnonzero(filled & data.study_rows):
        key = (*(str(cell[at]) for cell in cells), *(str(size[at]) for size in sizes))
        study = str(data.studies_of[at])
        other = seen.setdefault(key, study)
        if other != study:
            out.append((min(study, other), max(study, other)))
    return list(dict.fromkeys(out))


_SIZE = "people_analysed"


def _sizes(data: AuditData) -> Sequence[Finding]:
    first, second, total = data.number("n_e"), data.number("n_c"), data.fact("n_total")
    arms = data.fact("arms")
    paired = np.isin(data.word("arm_design").astype(str), ("within_participant", "crossover"))
    with np.errstate(invalid="ignore"):
        each = (first == total) & (second == total) & ~paired
        more = (first + second > total) & ~each & ~paired
        either = np.fmax(first, second) > total
        two = np.where(np.isfinite(arms), arms == 2, True)
    wrong = (each | more | either) & data.study_rows
    out = flag(
        *(data, wrong, _SIZE, lambda at: "impossible" if (more | either)[at] else "unlikely"),
        lambda at: (
            f"each arm has {first[at]:g} people, as many as the whole study: is this n of an arm, or in all?"
            if each[at]
            else f"{first[at]:g} and {second[at]:g} people were analysed, {total[at]:g} took part in all"
        ),
        column="n_e",
        expected=lambda at: f"at most {total[at]:g} together",
    )
    lop = _lopsided(first, second) & two & (data.word("arm_design") == "parallel") & data.study_rows & ~wrong
    return out + flag(
        *(data, lop, _SIZE, "ask"),
        lambda at: f"{first[at]:g} against {second[at]:g} people: fair allocation hardly gives that",
        column="n_e",
        advice=lambda at: "Look for unequal allocation, drop-outs, or a slip in n.",
    )


def _lopsided(first: np.ndarray, second: np.ndarray) -> np.ndarray:
    """Mark pairs of sizes that a fair coin gives less often than `_BALANCE`."""
    with np.errstate(invalid="ignore"):
        total, small = first + second, np.fmin(first, second)
        p = 2 * stats.binom.cdf(np.nan_to_num(small), np.nan_to_num(total, nan=1.0), 0.5)
        return np.asarray(np.isfinite(total) & (total > 0) & (p < _BALANCE))


_DF = "degrees_of_freedom"


def _df(data: AuditData) -> Sequence[Finding]:
    df = data.printed("df_between")
    people = data.number("n_e") + data.number("n_c")
    smallest = np.fmin(data.number("n_e"), data.number("n_c")) - 1
    with np.errstate(invalid="ignore"):
        many = df.low > people - 1
        few = df.high < smallest
    return flag(
        *(data, (many | few) & data.study_rows, _DF, lambda at: "unlikely" if many[at] else "ask"),
        lambda at: (
            f"{data.as_printed('df_between')[at]} degrees of freedom do not go with {people[at]:g} people in two arms"
        ),
        column="df_between",
        expected=lambda at: f"{shown(float(smallest[at]))} to {shown(float(people[at] - 2))}",
    )


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
    keys = [data.word(name) for name in _CELL]
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
                    f"{len(mine)} of {len(rows)} rows on {' / '.join(part for part in key if part) or 'the table'} "
                    "rest on a verdict that was inferred",
                    "inferred",
                    "yes",
                    rows=_ids(data, mine),
                )
            )
    return out


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
        rule="`overlaps` in study_info, or equal means, standard deviations and sizes under two keys",
        severities=("unlikely",),
        needs=("study",),
        example="A trial and its follow-up paper.",
        advice="Keep one report of each outcome, or give both the same key.",
        source=_HANDBOOK,
        find=_twice,
    ),
    Check(
        name=_SIZE,
        family=_FAMILY,
        title="sizes of arms that do not fit the study",
        rule="arms together above n_total: impossible; each arm as large as n_total: unlikely; in parallel trials "
        "of two arms, sizes that fair allocation gives in less than one of a thousand: ask",
        severities=("impossible", "unlikely", "ask"),
        needs=("n_e", "n_c"),
        example="30 and 30 people analysed in a study of 30.",
        advice="Look up whether n is of an arm or in all.",
        source=_HANDBOOK,
        find=_sizes,
    ),
    Check(
        name=_DF,
        family=_FAMILY,
        title="degrees of freedom that n does not give",
        rule="above n_e + n_c - 1, or below the smaller arm less one",
        severities=("unlikely", "ask"),
        needs=("df_between", "n_e", "n_c"),
        example="t(58) with 15 people an arm.",
        advice="Look up n, and whether rows were counted instead of people.",
        source="Nuijten et al. 2016, https://doi.org/10.3758/s13428-015-0664-2",
        find=_df,
    ),
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
