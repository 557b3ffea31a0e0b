"""Variances and correlations of the outcomes' true effects as a table, with profile-likelihood intervals."""

from __future__ import annotations

import math
from collections.abc import Sequence

import pandas as pd

from evidence.numerics.intervals import Interval
from evidence.numerics.mixed_rows import outcome_shares
from evidence.numerics.multivariate import MultivariateFit
from evidence.numerics.profile import profile_component, profile_compound, profile_outcome
from evidence.numerics.profile_scaled import profile_scaled
from evidence.numerics.scaled import SCALED

__all__ = ["ALL", "outcome_components"]

ALL = "all outcomes"
"""Where one variance, or one correlation, holds for all of them."""

_ONE_VARIANCE = ("CS", "ID", "AR")


def outcome_components(fit: MultivariateFit, names: Sequence[str], level: float) -> pd.DataFrame:
    """Return a line for each variance and each correlation.

    Parameters
    ----------
    fit : MultivariateFit
        Of at least two outcomes.
    names : sequence of str
        The outcomes.
    level : float
        Level of the intervals.

    Returns
    -------
    DataFrame
        Columns level, variance, sd, correlation, low, high, i2. A variance is that of the outcome named (or
        of "all outcomes"), a correlation that between the two named (or of all). Cells that do not apply are
        empty; correlations of three or more outcomes without structure have no interval.
    """
    share = outcome_shares(fit.mixed, fit.tau2)
    one = fit.structure in _ONE_VARIANCE
    lines: list[dict[str, object]] = []
    for j in range(1 if one else fit.tau2.size):
        own = math.nan if one else float(share[j])
        place = ALL if one else names[j]
        lines.append(_line(place, _variance(fit, j, level), variance=float(fit.tau2[j]), i2=own))
    if fit.structure in ("CS", *SCALED):
        lines.append(_line(ALL, _correlation(fit, level), correlation=fit.rho))
    elif fit.structure == "UN":
        for j in range(fit.tau2.size):
            for i in range(j):
                within = _correlation(fit, level) if fit.tau2.size == 2 else None
                both = f"{names[i]}, {names[j]}"
                lines.append(_line(both, within, correlation=float(fit.correlation[i, j])))
    return pd.DataFrame(lines)


def _line(
    level: str,
    ends: Interval | None,
    variance: float = math.nan,
    correlation: float | None = None,
    i2: float = math.nan,
) -> dict[str, object]:
    return {
        "level": level,
        "variance": variance,
        "sd": math.sqrt(variance),
        "correlation": math.nan if correlation is None else correlation,
        "low": math.nan if ends is None else float(ends.low),
        "high": math.nan if ends is None else float(ends.high),
        "i2": i2,
    }


def _variance(fit: MultivariateFit, j: int, level: float) -> Interval:
    if fit.structure == "UN":
        return profile_outcome(fit, j, level)
    if fit.structure == "CS":
        return profile_compound(fit, "tau2", level)
    if fit.structure in SCALED:
        return profile_scaled(fit, j, level)
    return profile_component(fit.mixed, j, level)


def _correlation(fit: MultivariateFit, level: float) -> Interval | None:
    """Return the interval of the only correlation, None where a variance is zero and it means nothing."""
    if fit.rho is None:
        return None
    return (
        profile_compound(fit, "correlation", level)
        if fit.structure == "CS"
        else profile_scaled(fit, -1, level)
    )
