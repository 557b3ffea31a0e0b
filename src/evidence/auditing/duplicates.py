"""Pairs of mean and standard deviation that stand in several places, and odd last digits."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy import stats

from evidence.auditing.data import AuditData
from evidence.auditing.flags import ARMS, shown
from evidence.auditing.record import Check, Finding

__all__ = ["DUPLICATES"]

_PAIRS = "identical_pairs"
_OFTEN = 3
_DIGITS = 3
"""Significant digits from which a pair that comes back is no coincidence."""


def _digits(cell: str) -> int:
    return len(cell.lower().partition("e")[0].replace(".", "").replace("-", "").lstrip("0"))


def _pairs(data: AuditData) -> Sequence[Finding]:
    """Find pairs that stand in three or more places of one study, or of one outcome.

    Two numbers of an outcome and unit in different studies, or of one study in different outcomes, have no
    reason to agree; pairs of anything agree by chance in a large table. A control arm that several
    rows of a study share is one place: it is the same number, told twice.
    """
    out = []
    told: set[tuple[str, ...]] = set()
    places = _places(data)
    for one, words in (("study", "of one study"), ("outcome", "of one outcome in different studies")):
        for mean, sd, at in _repeated(places, one):
            rows = tuple(dict.fromkeys(str(row) for row in data.row_ids[at]))
            if rows in told:
                continue
            told.add(rows)
            message = f"mean {mean} with standard deviation {sd} stands in {len(at)} places {words}"
            severity = "ask" if one == "study" else "unlikely"
            out.append(Finding(rows[0], _PAIRS, severity, message, "", mean, rows=rows))
    return out


def _places(data: AuditData) -> pd.DataFrame:
    """Return every printed pair of mean and standard deviation with enough digits, and where it stands."""
    parts = []
    for stage in ("pre", "post", "change"):
        for arm in ARMS:
            means, sds = (data.as_printed(f"{stage}_{what}_{arm}") for what in ("mean", "sd"))
            at = np.flatnonzero((means != "") & (sds != ""))
            known = {cell: _digits(cell) for cell in {*means[at], *sds[at]}}
            digits = [known[mean] + known[sd] for mean, sd in zip(means[at], sds[at], strict=True)]
            at = at[np.array(digits, dtype=np.int64) >= 2 * _DIGITS - 1]
            columns = {"mean": means, "sd": sds, "study": data.studies_of, "outcome": data.word("outcome")}
            columns |= {"unit": data.word("unit"), "arm": data.word(f"arm_{arm}")}
            columns |= {"weeks": data.as_printed("timepoint_weeks")}
            parts.append(
                pd.DataFrame({name: values[at] for name, values in columns.items()}).assign(
                    stage=stage, at=at
                )
            )
    return pd.concat(parts, ignore_index=True)


def _repeated(places: pd.DataFrame, one: str) -> Iterator[tuple[str, str, NDArray[np.intp]]]:
    """Return mean, standard deviation and rows of each pair that one study or outcome has too often."""
    keys = ["study", "mean", "sd"] if one == "study" else ["outcome", "unit", "mean", "sd"]
    place = ["outcome" if one == "study" else "study", "stage", "arm", "weeks"]
    single = places.drop_duplicates([*keys, *place])
    often = single[single.groupby(keys)["at"].transform("size") >= _OFTEN]
    for _, part in often.groupby(keys, sort=False):
        yield str(part["mean"].iloc[0]), str(part["sd"].iloc[0]), part["at"].to_numpy(dtype=np.intp)


_LAST = "last_digits"
_ENOUGH = 50


def _last_digits(data: AuditData) -> Sequence[Finding]:
    """Compare the last digits of a study's means and standard deviations with equal frequencies."""
    counts: dict[str, np.ndarray] = {}
    for stage in ("pre", "post", "change"):
        for arm in ARMS:
            for what in ("mean", "sd"):
                cells = data.as_printed(f"{stage}_{what}_{arm}")
                for study, cell in zip(data.studies_of, cells, strict=True):
                    if "." in cell and cell[-1].isdigit():
                        counts.setdefault(str(study), np.zeros(10))[int(cell[-1])] += 1
    out = []
    for study, seen in counts.items():
        if seen.sum() < _ENOUGH:
            continue
        p = float(stats.chisquare(seen).pvalue)
        if p < 0.001:
            first = str(data.row_ids[data.rows_of_study[study][0]])
            message = (
                f"the last digits of {int(seen.sum())} numbers of {study} are uneven (p = {shown(p, 2)})"
            )
            out.append(Finding(first, _LAST, "ask", message))
    return out


DUPLICATES: tuple[Check, ...] = (
    Check(
        name=_PAIRS,
        family="numbers against numbers",
        title="the same mean and standard deviation in several places",
        rule="a pair with at least five significant digits together in three or more arms, times, outcomes "
        "or "
        "studies; a shared control arm counts once",
        severities=("unlikely", "ask"),
        needs=("post_mean_e", "post_sd_e"),
        example="41.25 (5.31) for three different outcomes.",
        advice="Look for a line copied in the extraction; if the paper prints it so, ask its authors.",
        source="INSPECT-SR, https://doi.org/10.1136/bmjopen-2024-084164",
        find=_pairs,
    ),
    Check(
        name=_LAST,
        family="numbers against numbers",
        title="last digits that are not evenly spread",
        rule="chi-squared test of the last decimals of a study's means and standard deviations, from fifty "
        "numbers "
        "on, p < .001; only on request: many measurements have a grain of their own",
        severities=("ask",),
        needs=("post_mean_e",),
        example="Nearly all means end in 0 or 5.",
        advice="Think of the instrument's grain first.",
        source="Mosimann, Wiseman & Edelman 1995, https://doi.org/10.1080/08989629508573866",
        find=_last_digits,
        on_request=True,
    ),
)
