"""Means of subgroups against the mean of the whole group."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

import numpy as np

from evidence.auditing.data import AuditData
from evidence.auditing.flags import ARM_NAMES, ARMS, STAGES, shown
from evidence.auditing.record import Check, Finding

__all__ = ["SUBGROUPS"]

_NAME = "subgroup_means"
_WHOLE = ("", "all", "whole", "total", "overall", "everyone", "both", "combined")
_IN_BRACKETS = re.compile(r"^(?P<base>.*?)[\s,;:]*[\(\[](?P<group>[^\)\]]+)[\)\]]\s*$")


def _split(outcome: str) -> tuple[str, str]:
    """Return an outcome and the subgroup in brackets at its end: "sit-ups (girls)"."""
    found = _IN_BRACKETS.match(outcome)
    return (found["base"].strip(), found["group"].strip().lower()) if found else (outcome.strip(), "")


def _find(data: AuditData) -> Sequence[Finding]:
    """Hold the mean of all against the means of its parts, whose average by people it is."""
    subgroup = data.word("subgroup")
    split = {outcome: _split(str(outcome)) for outcome in set(data.word("outcome"))}
    names = [
        (str(sub).lower(), split[outcome][0]) if sub else (split[outcome][1], split[outcome][0])
        for sub, outcome in zip(subgroup, data.word("outcome"), strict=True)
    ]
    # Only outcomes of studies with a part somewhere have anything to compare: few of a large table.
    divided = {
        (study, base)
        for (part, base), study in zip(names, data.studies_of, strict=True)
        if part not in _WHOLE
    }
    groups: dict[tuple[str, ...], list[int]] = {}
    key_columns = [data.word(name) for name in ("instrument", "unit", "arm_e", "arm_c")]
    weeks = data.number("timepoint_weeks")
    for at, (_, base) in enumerate(names):
        if (data.studies_of[at], base) in divided:
            key = (str(data.studies_of[at]), *(str(column[at]) for column in key_columns))
            groups.setdefault((*key, base, str(weeks[at])), []).append(at)
    ranges = {
        (stage, arm): (mean.low, mean.high)
        for stage in ("pre", "post", "change")
        for arm in ARMS
        for mean in (data.printed(f"{stage}_mean_{arm}"),)
    }
    out: list[Finding] = []
    for rows in groups.values():
        whole = [at for at in rows if names[at][0] in _WHOLE]
        parts = [at for at in rows if names[at][0] not in _WHOLE]
        if len(whole) == 1 and len(parts) > 1 and not _not_people(data, whole[0], parts):
            said = all(subgroup[at] for at in parts)
            out += _compare(data, ranges, whole[0], parts, said)
    return out


def _not_people(data: AuditData, whole: int, parts: list[int]) -> bool:
    """Say whether the parts have everybody in them: directions of a test, say, and no groups of people."""
    sizes = [n for n in (data.number(f"n_{arm}") for arm in ARMS) if np.isfinite(n[whole])]
    return bool(sizes) and all(n[at] == n[whole] for n in sizes for at in parts)


def _compare(
    data: AuditData,
    ranges: Mapping[tuple[str, str], tuple[np.ndarray, np.ndarray]],
    whole: int,
    parts: list[int],
    said: bool,
) -> list[Finding]:
    """Compare the means of one whole with those of its parts; `said`: the column `subgroup` names them."""
    out = []
    for (stage, arm), (lower, upper) in ranges.items():
        some = [at for at in parts if np.isfinite(lower[at])]
        if len(some) < len(parts) or not np.isfinite(lower[whole]):
            continue
        people = data.number(f"n_{arm}")
        low, high, words = _expected(lower[some], upper[some], people[some], float(people[whole]))
        if upper[whole] >= low - 1e-9 * abs(low) and lower[whole] <= high + 1e-9 * abs(high):
            continue
        column = f"{stage}_mean_{arm}"
        printed = data.as_printed(column)
        given = ", ".join(str(printed[at]) for at in some)
        adds_up = bool(people[some].sum() == people[whole])
        out.append(
            Finding(
                str(data.row_ids[whole]),
                _NAME,
                "impossible" if said or adds_up else "ask",
                f"the mean of all ({printed[whole]}, {STAGES[stage]}, {ARM_NAMES[arm]}) does not follow from "
                f"the means of the parts ({given}), {words}",
                column,
                str(printed[whole]),
                f"{shown(low, 4)} to {shown(high, 4)}",
                rows=tuple(str(data.row_ids[at]) for at in (whole, *some)),
            )
        )
    return out


def _expected(
    low: np.ndarray, high: np.ndarray, people: np.ndarray, total: float
) -> tuple[float, float, str]:
    """Return the range of the mean of all: weighted where the parts make up all, else their span."""
    if np.isfinite(people).all() and (not np.isfinite(total) or people.sum() == total):
        weights = people / people.sum()
        return float(weights @ low), float(weights @ high), "weighted by people"
    return float(low.min()), float(high.max()), "between which it lies"


SUBGROUPS: tuple[Check, ...] = (
    Check(
        name=_NAME,
        family="numbers against numbers",
        title="means of all that do not follow from the means of the parts",
        rule="rows of one study, outcome, time and arms, of which one is for all and the others for parts "
        "(column "
        "`subgroup`, or in brackets at the end of `outcome`): the mean of all is the average weighted by "
        "people, "
        "or, where the parts' people do not add up to all, lies between the smallest and the largest; over "
        "rounding; impossible where `subgroup` names the parts or their people add up to all, else ask; "
        "parts with as many people as all are no groups of people (directions of a test, say)",
        severities=("impossible", "ask"),
        needs=("outcome", "post_mean_e"),
        example="Girls 31.2 (n = 10), boys 35.0 (n = 12), all 36.1.",
        advice="Look the three means and sizes up.",
        source="Cochrane Handbook 6.5.2.10, https://doi.org/10.1002/9781119536604",
        find=_find,
    ),
)
