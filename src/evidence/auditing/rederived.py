"""Effects that the printed numbers give in several ways, and that do not agree."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd

from evidence.auditing.data import AuditData, Bools, Floats
from evidence.auditing.flags import shown
from evidence.auditing.record import Check, Finding
from evidence.effects.reading import effect_sizes
from evidence.errors import EvidenceError

__all__ = ["REDERIVED"]

_NAME = "derivations_disagree"
_MOST = 3_000
"""Rows with several sources up to which every derivation is worked out: a few milliseconds each."""
_NEAR = (0.05, 0.10)
"""Distance, plain and as a share of the larger effect, that small-sample corrections can make."""
_LOOSE = (0.30, 0.50)
"""The same where nobody says whether the t is of final scores or of changes."""
_FAR = 0.5
"""Standard deviations beyond which a disagreement is unlikely and no more a question."""

_SOURCES = {
    "post": "means",
    "pre_post": "means",
    "change": "means",
    "printed_smd": "printed standardised difference",
    "difference": "printed difference with its interval",
    "difference_over_sds": "printed difference with its interval",
    "t": "printed t",
}
"""What each derivation rests on. Those from p are not here: `p_against_numbers` looks at them."""

_ARMS = ("mean_e", "sd_e", "mean_c", "sd_c")


def _candidates(data: AuditData) -> Bools:
    """Mark rows of two separate arms that have means and a printed result of their difference."""
    means = np.zeros(len(data), dtype=bool)
    for stage in ("post", "change"):
        means |= np.all([np.isfinite(data.number(f"{stage}_{name}")) for name in _ARMS], axis=0)
    printed = np.isin(data.word("effect_metric").astype(str), ("SMD", "MD", "t"))
    result = (printed & np.isfinite(data.number("effect"))) | np.isfinite(data.number("t_between"))
    design, test = data.word("arm_design").astype(str), data.word("test_between").astype(str)
    separate = ~np.isin(design, ("cluster", "crossover", "within_participant"))
    own = separate & ~np.isin(test, ("ancova", "equivalence")) & data.study_rows
    return np.asarray(means & result & own, dtype=np.bool_)


def _find(data: AuditData) -> Sequence[Finding]:
    """Compare what means, printed effect and t give, each over its rounding."""
    rows = _candidates(data)
    if not 0 < rows.sum() <= _MOST:
        return []
    try:
        lines = effect_sizes(data.studies._rows(rows), measure="SMD").derivations
    except EvidenceError:
        return []
    lines = lines[(lines["kind"] == "exact") & lines["code"].isin(_SOURCES)]
    lines = lines.assign(source=lines["code"].map(_SOURCES))
    place = {str(row): at for at, row in enumerate(data.row_ids)}
    found = []
    for row, part in lines.groupby("row_id", sort=False):
        found += _of_row(data, place[str(row)], part)
    return found


def _of_row(data: AuditData, at: int, lines: pd.DataFrame) -> list[Finding]:
    means = lines[lines["source"] == "means"]
    out: list[Finding] = []
    for source, part in lines[lines["source"] != "means"].groupby("source", sort=False):
        loose = source == "printed t" and not data.word("test_between")[at]
        gap, mine, theirs = _nearest(part, means, _LOOSE if loose else _NEAR)
        if gap <= 0.0:
            continue
        column = "effect" if np.isfinite(data.number("effect")[at]) else "t_between"
        if source == "printed t" and np.isfinite(data.number("t_between")[at]):
            column = "t_between"
        out.append(
            Finding(
                str(data.row_ids[at]),
                _NAME,
                "unlikely" if gap > _FAR else "ask",
                f"the {source} gives a standardised difference of {shown(mine)}, the means and standard "
                f"deviations give {shown(theirs)}",
                column,
                str(data.as_printed(column)[at]),
                f"a standardised difference of about {shown(theirs)}",
            )
        )
    return out


def _nearest(
    first: pd.DataFrame, second: pd.DataFrame, room: tuple[float, float]
) -> tuple[float, float, float]:
    """Return how far beyond rounding and `room` the nearest two lines are apart, and their sizes.

    Sizes are compared, not sides: printed effects and t often come without a sign of their own.
    """
    best = (np.inf, np.nan, np.nan)
    for size, half in zip(*_sizes(first), strict=True):
        for other, other_half in zip(*_sizes(second), strict=True):
            gap = abs(size - other) - half - other_half - room[0] - room[1] * max(size, other)
            best = min(best, (float(gap), float(size), float(other)))
    return best if np.isfinite(best[0]) else (0.0, np.nan, np.nan)


def _sizes(lines: pd.DataFrame) -> tuple[Floats, Floats]:
    """Return the sizes of the effects, and half the range that rounding leaves them."""
    low, high = (lines[f"rounding_{end}"].to_numpy(dtype=np.float64) for end in ("low", "high"))
    return np.abs(lines["estimate"].to_numpy(dtype=np.float64)), np.nan_to_num((high - low) / 2)


REDERIVED: tuple[Check, ...] = (
    Check(
        name=_NAME,
        family="numbers against numbers",
        title="printed effects that the printed means do not give",
        rule="the standardised difference from the printed effect or t against those from means and standard "
        "deviations (after training, of the changes, or both times): the nearest two are apart by more than "
        "their rounding, 0.05 and a tenth (0.3 and half for a t whose test is not stated); unlikely beyond "
        "half a standard deviation more, else ask; not in cluster, crossover and adjusted results; up to "
        "3,000 such rows",
        severities=("unlikely", "ask"),
        needs=("post_mean_e", "post_sd_e", "effect"),
        example="Means of 34.1 and 31.4 cm with SDs of 5.2 and 4.9, and a printed difference of 9.9 cm.",
        advice="Look up which of the two belongs to this outcome and time, and if the effect is adjusted.",
        source="Cochrane Handbook, chapter 6, https://doi.org/10.1002/9781119536604",
        find=_find,
    ),
)
