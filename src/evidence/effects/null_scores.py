"""The test behind each effect: the t or z of no difference, as far as the report fixes it."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import pandas as pd

from evidence.effects.formulas import Floats, hedges_j

__all__ = ["NullScores", "null_scores"]

_PRE_POST = "pre and post means and SDs"
_FROM_INTERVAL = "printed SMD with its"


class NullScores(NamedTuple):
    """Limits of the test statistic of each row.

    Attributes
    ----------
    low, high : ndarray, shape (rows,)
        Equal for exact rows, possibly infinite for the others, NaN where the report gives neither.
    df : ndarray, shape (rows,)
        Degrees of freedom of t; infinite where the statistic is taken as normal.
    """

    low: Floats
    high: Floats
    df: Floats


def null_scores(table: pd.DataFrame, measure: str) -> NullScores:
    """Return the statistic of the test of no difference that belongs to each effect.

    A standardised mean difference is turned back into its t: the variance of g holds g²/2N, which a
    test of no difference does not. Ratios, and effects whose variance comes from a printed interval, are
    divided by their standard error.

    Parameters
    ----------
    table : DataFrame
        `Effects.table`.
    measure : str
        Code of the measure.

    Returns
    -------
    NullScores

    Examples
    --------
    A row that printed p = 0.03 gives it back:

    >>> import evidence as ev
    >>> from scipy import stats
    >>> effects = ev.effect_sizes(ev.example_studies().where(question="integrated_vs_isolated",
    ...     level="study"), measure="SMD")
    >>> row = effects.table[effects.table["row_id"] == "fttt_edo140834157_03"]
    >>> scores = null_scores(row, "SMD")
    >>> round(2 * float(stats.t.sf(scores.low[0], scores.df[0])), 6)  # the paper printed 0.033
    0.033
    """
    size = len(table)
    estimate, variance, low, high = (_floats(table, name) for name in ("estimate", "variance", "low", "high"))
    first, second = _floats(table, "n_e"), _floats(table, "n_c")
    exact = ~np.isnan(estimate)
    low, high = np.where(exact, estimate, low), np.where(exact, estimate, high)
    derived = table["derived_from"].astype(str) if "derived_from" in table else pd.Series([""] * size)
    known = np.isfinite(first + second) & (first + second > 4) & (measure == "SMD")
    known &= ~derived.str.startswith(_FROM_INTERVAL).to_numpy(dtype=bool)
    df = np.where(known, first + second - 2, np.inf)
    j = np.ones(size)
    j[known] = hedges_j(df[known])
    spread = _null_variance(estimate, variance, low, high, first + second, known)
    pre_post = known & derived.str.startswith(_PRE_POST).to_numpy(dtype=bool)
    with np.errstate(invalid="ignore", divide="ignore"):
        ratio = j**2 * df / (df - 2)
        base = (variance - estimate**2 * (ratio - 1)) / ratio  # Morris 2008 solved for its error variance
        spread = np.where(pre_post, base, spread)
        usable = spread > 0
        error = j * np.sqrt(np.where(usable, spread, np.nan))
        limits = [np.where(np.isinf(end) | (end == 0), end, end / error) for end in (low, high)]
    return NullScores(limits[0], limits[1], np.asarray(df, dtype=np.float64))


def _null_variance(
    estimate: Floats, variance: Floats, low: Floats, high: Floats, people: Floats, known: np.ndarray
) -> Floats:
    """Return the variance under no difference: without the part g²/2N that the value itself adds."""
    nearest = np.where(np.isnan(estimate), np.clip(0.0, low, high), estimate)
    with np.errstate(invalid="ignore"):
        return np.where(known, variance - nearest**2 / (2 * people), variance)


def _floats(table: pd.DataFrame, name: str) -> Floats:
    if name not in table:
        return np.full(len(table), np.nan)
    return np.asarray(pd.to_numeric(table[name]), dtype=np.float64)
