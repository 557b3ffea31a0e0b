"""Coefficients of variation against the outcome's usual one, where units differ between studies."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from evidence.auditing.data import AuditData, Floats
from evidence.auditing.flags import ARMS, flag, shown
from evidence.auditing.record import Check, Finding
from evidence.auditing.spread import THRESHOLD, log_ratio, median_of_others

__all__ = ["VARIATION"]

_NAME = "unusual_variation"
BETWEEN = 0.4
"""Usual standard deviation of ln CV between studies of one outcome: means differ too, so more than ln SD."""
_MEDIAN = 1.57
_FEWEST = 3


class _Variation(NamedTuple):
    """ln(SD / mean) of each row, averaged over its cells, with half of ln n and the sampling variance."""

    value: Floats
    root: Floats
    variance: Floats


def _of_rows(data: AuditData) -> _Variation:
    logs, roots, errors = [], [], []
    for stage in ("pre", "post"):
        for arm in ARMS:
            mean, sd = (data.number(f"{stage}_{what}_{arm}") for what in ("mean", "sd"))
            n = data.number(f"n_{arm}")
            with np.errstate(invalid="ignore", divide="ignore"):
                # Only positive means have a coefficient of variation.
                known = (mean > 0) & (sd > 0) & (n > 1)
                cv = sd / mean
                logs.append(np.where(known, np.log(cv), np.nan))
                roots.append(np.where(known, np.log(n) / 2.0, np.nan))
                errors.append(np.where(known, 1.0 / (2.0 * (n - 1.0)) + cv**2 / n, np.nan))
    count = np.sum(np.isfinite(logs), axis=0)
    with np.errstate(invalid="ignore", divide="ignore"):
        value, root = (np.nansum(part, axis=0) / count for part in (logs, roots))
        return _Variation(value, root, _mean(errors, count))


def _mean(errors: list[Floats], count: Floats) -> Floats:
    """Average variances; two arms are independent, before and after count as one."""
    return np.asarray(np.nansum(errors, axis=0) / count / np.minimum(count, 2), dtype=np.float64)


def _find(data: AuditData) -> Sequence[Finding]:
    """Look at rows of outcomes measured in several units, which the check of the SDs cannot compare."""
    own = _of_rows(data)
    rows = np.flatnonzero(np.isfinite(own.value) & data.study_rows)
    if not rows.size:
        return []
    outcome, with_unit = data.codes(["outcome"]), data.codes(["outcome", "unit"])
    cell = data.codes(["outcome", "study"])
    known, inverse = np.unique(cell[rows], return_inverse=True)
    groups = np.zeros(known.size, dtype=np.int64)
    groups[inverse] = outcome[rows]
    median, count = median_of_others(np.bincount(inverse, own.value[rows]) / np.bincount(inverse), groups)
    usual, others = np.full(len(data), np.nan), np.zeros(len(data))
    usual[rows], others[rows] = median[inverse], count[inverse]
    in_unit = np.zeros(len(data))
    pairs = np.unique(np.stack([with_unit[rows], data.codes(["study"])[rows]]), axis=1)
    in_unit[rows] = np.bincount(pairs[0], minlength=int(with_unit.max()) + 1)[with_unit[rows]] - 1
    with np.errstate(invalid="ignore", divide="ignore"):
        variance = BETWEEN**2 + own.variance + _MEDIAN * BETWEEN**2 / others
        ratio = log_ratio(usual - own.value, own.root, variance)
        mask = (others >= _FEWEST) & (in_unit < _FEWEST) & (ratio > THRESHOLD)
    return flag(
        *(data, mask, _NAME, "ask"),
        lambda at: (
            f"the standard deviations are {shown(100 * float(np.exp(own.value[at])), 2)} % of their means; "
            "in other "
            f"studies of this outcome it is {shown(100 * float(np.exp(usual[at])), 2)} %: like standard "
            "errors"
        ),
        column=lambda at: next(
            f"{stage}_sd_{arm}"
            for stage in ("post", "pre")
            for arm in ARMS
            if np.isfinite(data.number(f"{stage}_sd_{arm}")[at])
        ),
        expected=lambda at: f"about {shown(100 * float(np.exp(usual[at])), 2)} % of the mean",
    )


VARIATION: tuple[Check, ...] = (
    Check(
        name=_NAME,
        family="numbers against numbers",
        title="standard deviations small for their means",
        rule="ln(SD/mean) against the median of the other studies of the outcome, whatever their units; "
        "variance 0.4² "
        "+ 1/(2(n-1)) + CV²/n + 1.57 0.4²/(k-1); log likelihood ratio of a standard error above 2; from "
        "three other "
        "studies on, where fewer than three share the unit",
        severities=("ask",),
        needs=("post_mean_e", "post_sd_e", "n_e", "outcome"),
        example="A jump of 30 cm with an SD of 1.1, where other studies in m or in have 14 % of the mean.",
        advice="Look up in the paper whether it prints the standard error.",
        source="Kadlec, Sainani & Nimphius 2023, https://doi.org/10.1007/s40279-022-01766-0",
        find=_find,
    ),
)
