"""What the pool itself shows: few studies, one study that decides, heterogeneity that looks like none."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from evidence.auditing.data import POOLED_BY, AuditData
from evidence.auditing.flags import shown
from evidence.auditing.record import Check, Finding
from evidence.errors import EvidenceError

if TYPE_CHECKING:
    from evidence.fit import MetaFit

__all__ = ["WEIGHTS"]

_HALF = 50.0
_FEW = 5


def _pools(data: AuditData) -> list[tuple[str, tuple[str, ...], MetaFit]]:
    """Return first row, rows and fit of each cell of the effects given that has two studies with a value."""
    from evidence.models.exact import random_effects

    if data.effects is None:
        return []
    table = data.effects.table
    keys = [name for name in POOLED_BY if name in table]
    use = table[(table["kind"] == "exact") & (table.get("level", "study") != "pooled")]
    out = []
    for _, part in use.groupby(keys, sort=False, dropna=False) if keys else [((), use)]:
        if part["study"].nunique() < 2:
            continue
        one = part.drop_duplicates("study").reset_index(drop=True)
        try:
            fit = random_effects(replace(data.effects, table=one))
        except EvidenceError:
            continue
        out.append((str(one["row_id"].iloc[0]), tuple(str(row) for row in one["row_id"]), fit))
    return out


_DOMINANT = "one_study_decides"


def _dominant(data: AuditData) -> Sequence[Finding]:
    out = []
    for _, rows, fit in data.once("pools", lambda: _pools(data)):
        weight = fit.rows["weight"].to_numpy(dtype=np.float64)
        if fit.k > 2 and np.nanmax(weight) > _HALF:
            at = int(np.nanargmax(weight))
            row = str(fit.rows["row_id"].iloc[at])
            message = f"{fit.rows['study'].iloc[at]} has {weight[at]:.0f} % of the weight of {fit.k} studies"
            out.append(Finding(row, _DOMINANT, "ask", message, rows=rows))
    return out


_FEW_NAME = "few_studies"


def _few(data: AuditData) -> Sequence[Finding]:
    return [
        Finding(
            row,
            _FEW_NAME,
            "ask",
            f"a pool of {fit.k} studies: its prediction interval and tau² rest on next to nothing",
            rows=rows,
        )
        for row, rows, fit in data.once("pools", lambda: _pools(data))
        if fit.k < _FEW
    ]


_NONE = "no_heterogeneity_seen"


def _none_seen(data: AuditData) -> Sequence[Finding]:
    out = []
    for row, rows, fit in data.once("pools", lambda: _pools(data)):
        if fit.tau2 == 0 and fit.tau2_high is not None:
            top = shown(float(np.sqrt(fit.tau2_high)))
            message = f"tau is estimated as 0, its interval reaches {top}: not the same as homogeneous"
            out.append(Finding(row, _NONE, "ask", message, rows=rows))
    return out


_FAMILY = "model"
_HANDBOOK = "Cochrane Handbook 10.10, https://doi.org/10.1002/9781119536604"

WEIGHTS: tuple[Check, ...] = (
    Check(
        name=_DOMINANT,
        family=_FAMILY,
        title="one study with more than half the weight",
        rule="more than 50 % of the random-effects weight of three or more studies (one exact row a study); "
        "with "
        "`effects` given",
        severities=("ask",),
        needs=("study",),
        example="A trial of 400 people among trials of 20.",
        advice="Show the result without it.",
        source=_HANDBOOK,
        find=_dominant,
    ),
    Check(
        name=_FEW_NAME,
        family=_FAMILY,
        title="pools of fewer than five studies",
        rule="k < 5 with exact rows; with `effects` given",
        severities=("ask",),
        needs=("study",),
        example="Three studies and a prediction interval.",
        advice="Print the studies; read the prediction interval as unknown.",
        source="IntHout et al. 2016, https://doi.org/10.1136/bmjopen-2015-010247",
        find=_few,
    ),
    Check(
        name=_NONE,
        family=_FAMILY,
        title="an estimate of zero taken for homogeneity",
        rule="tau² = 0: the interval is printed, never the word homogeneous; with `effects` given",
        severities=("ask",),
        needs=("study",),
        example="tau = 0 with an interval that reaches 0.4.",
        advice="Report the interval of tau beside it, and not I² alone.",
        source="von Hippel 2015, https://doi.org/10.1186/s12874-015-0024-z",
        find=_none_seen,
    ),
)
