"""Coefficients of variation against the outcome's usual one, where units differ between studies."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from evidence.auditing.data import AuditData
from evidence.auditing.flags import ARMS, flag, shown
from evidence.auditing.record import Check, Finding
from evidence.auditing.usual import FEWEST, RowSpread, averaged, like_standard_errors, usual_elsewhere

__all__ = ["VARIATION"]

_NAME = "unusual_variation"
BETWEEN = 0.4
"""Usual standard deviation of ln CV between studies of one outcome: means differ too, so more than ln SD."""


def _of_rows(data: AuditData) -> RowSpread:
    """Return ln(SD / mean) of each row, over its filled cells; only positive means have one."""
    logs, sizes, variances = [], [], []
    for stage in ("pre", "post"):
        for arm in ARMS:
            mean, sd = (data.number(f"{stage}_{what}_{arm}") for what in ("mean", "sd"))
            n = data.number(f"n_{arm}")
            with np.errstate(invalid="ignore", divide="ignore"):
                cv = np.where((mean > 0) & (n > 1), sd / mean, np.nan)
                logs.append(np.log(cv))
                sizes.append(n)
                variances.append(1.0 / (2.0 * (n - 1.0)) + cv**2 / n)
    return averaged(logs, sizes, variances)


def _find(data: AuditData) -> Sequence[Finding]:
    """Look at rows of outcomes measured in several units, which the check of the SDs cannot compare."""
    own = _of_rows(data)
    usual, others = usual_elsewhere(data, own, ["outcome"])
    _, in_unit = usual_elsewhere(data, own, ["outcome", "unit"])
    mask = like_standard_errors(own, usual, others, BETWEEN) & (in_unit < FEWEST)
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
