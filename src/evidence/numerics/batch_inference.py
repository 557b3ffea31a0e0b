"""From tau² to everything that is reported, for many data sets at once (see `numerics.intervals`)."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, fields

import numpy as np
from numpy.typing import NDArray
from scipy import special

from evidence.numerics.wls import Vector

__all__ = ["BatchFit", "Estimates", "by_df", "infer", "infer_single"]

FAR = "effects and standard errors are too many orders of magnitude apart; check their units"


@dataclass(frozen=True)
class BatchFit:
    """Results by data set; each field an array of shape (groups,).

    Attributes
    ----------
    k : ndarray of int
        Number of effects.
    estimate, std_error, statistic, p_value, low, high : Vector
        Mean, its standard error, test of zero and interval.
    df : Vector
        Degrees of freedom of the t distribution; infinite for the normal.
    tau2, i2, h2, q, q_p_value : Vector
        Heterogeneity; NaN for a single effect.
    tau2_low, tau2_high : Vector
        Q-profile interval of tau², NaN where it was not asked for.
    pred_low, pred_high : Vector
        Prediction interval; NaN for a single effect.
    identical : ndarray of bool
        Whether HKSJ met identical effects and used the factor 1 (see `intervals.mean_inference`).
    empty : ndarray of bool
        Whether the Q-profile interval is empty and given as [0, 0].
    failure : ndarray of str objects
        Why a data set has no result; empty where it has one.
    """

    k: NDArray[np.intp]
    estimate: Vector
    std_error: Vector
    statistic: Vector
    p_value: Vector
    low: Vector
    high: Vector
    df: Vector
    tau2: Vector
    tau2_low: Vector
    tau2_high: Vector
    i2: Vector
    h2: Vector
    q: Vector
    q_p_value: Vector
    pred_low: Vector
    pred_high: Vector
    identical: NDArray[np.bool_]
    empty: NDArray[np.bool_]
    failure: NDArray[np.object_]

    @classmethod
    def blank(cls, sizes: NDArray[np.intp]) -> BatchFit:
        """Return a record of nothing but sizes."""
        n = sizes.size
        special_fields = {
            "k": sizes.copy(),
            "identical": np.zeros(n, np.bool_),
            "empty": np.zeros(n, np.bool_),
        }
        special_fields["failure"] = np.full(n, "", dtype=object)
        numbers = {f.name: np.full(n, np.nan) for f in fields(cls) if f.name not in special_fields}
        return cls(**special_fields, **numbers)  # type: ignore[arg-type]

    def put(self, at: NDArray[np.intp], part: BatchFit) -> None:
        """Write the results of some data sets into their places."""
        for f in fields(self):
            getattr(self, f.name)[at] = getattr(part, f.name)


@dataclass(frozen=True)
class Estimates:
    """What inference needs, by data set; each of shape (groups,).

    Attributes
    ----------
    k : ndarray of int
        Number of effects.
    origin, unit : Vector
        Effect and variance of the most precise study: the other fields are in their terms.
    t, total, shift, q : Vector
        tau², and at it the sum of weights, the weighted mean, and Q.
    q_0, trace_0 : Vector
        Cochran's Q, and the trace of P, at tau² = 0.
    low, high : Vector or None
        Ends of the Q-profile interval, where it is wanted.
    """

    k: NDArray[np.intp]
    origin: Vector
    unit: Vector
    t: Vector
    total: Vector
    shift: Vector
    q: Vector
    q_0: Vector
    trace_0: Vector
    low: Vector | None
    high: Vector | None


def by_df(function: Callable[[Vector], Vector], df: Vector) -> Vector:
    """Apply a function of the degrees of freedom once for each different value."""
    different, at = np.unique(df, return_inverse=True)
    return function(different)[at]


def _critical_values(df: Vector, level: float) -> Vector:
    """Return the two-sided critical value for each df, infinite df being the normal's."""
    tail = 0.5 * (1.0 - level)

    def value(different: Vector) -> Vector:
        normal = np.full(different.size, -special.ndtri(tail))
        finite = np.isfinite(different)
        normal[finite] = -special.stdtrit(different[finite], tail)
        return normal

    return by_df(value, df)


def infer(e: Estimates, failure: dict[int, str], inference: str, level: float) -> BatchFit:
    """Compute the record of each data set.

    Parameters
    ----------
    e : Estimates
        The estimates.
    failure : ndarray of str objects
        Why a data set has none; empty where it has.
    inference, level
        As in `numerics.intervals.mean_inference`.

    Returns
    -------
    BatchFit
    """
    dof, nothing = np.asarray(e.k - 1, np.float64), np.full(e.k.size, np.nan)
    df = np.full(e.k.size, np.inf) if inference == "z" else dof
    factor = e.q / dof if inference in ("HKSJ", "mHKSJ") else np.ones(e.k.size)
    identical = (factor < 1e-20) & (inference == "HKSJ")
    factor = np.maximum(factor, 1.0) if inference == "mHKSJ" else np.where(identical, 1.0, factor)
    estimate, tau2 = e.origin + e.shift * np.sqrt(e.unit), e.t * e.unit
    error = np.sqrt(e.unit / e.total) * np.sqrt(factor)
    statistic = estimate / error
    size, critical = np.abs(statistic), _critical_values(df, level)
    half, reach = critical * error, critical * np.hypot(np.sqrt(tau2), error)
    typical = dof / e.trace_0
    why = np.full(e.k.size, "", dtype=object)
    why[~(np.isfinite(estimate) & np.isfinite(error) & np.isfinite(e.q_0))] = FAR
    for at, problem in failure.items():
        why[at] = problem
    out = BatchFit(
        k=e.k,
        estimate=estimate,
        std_error=error,
        statistic=statistic,
        p_value=2.0 * (special.ndtr(-size) if inference == "z" else special.stdtr(df, -size)),
        low=estimate - half,
        high=estimate + half,
        df=df,
        tau2=tau2,
        tau2_low=nothing if e.low is None else e.low * e.unit,
        tau2_high=nothing.copy() if e.high is None else e.high * e.unit,
        i2=100.0 * e.t / (e.t + typical),
        h2=e.t / typical + 1.0,
        q=e.q_0,
        q_p_value=np.asarray(special.chdtrc(dof, e.q_0), np.float64),
        pred_low=estimate - reach,
        pred_high=estimate + reach,
        identical=identical,
        empty=np.zeros(e.k.size, np.bool_) if e.high is None else e.high == 0.0,
        failure=why,
    )
    failed = why.astype(np.bool_)
    if failed.any():
        for f in fields(out):
            column = getattr(out, f.name)
            if column.dtype == np.float64:
                column[failed] = np.nan
    return out


def infer_single(y: Vector, v: Vector, level: float) -> BatchFit:
    """Return data sets of one effect: that effect with its normal interval, and nothing on heterogeneity."""
    out = BatchFit.blank(np.ones(y.size, np.intp))
    error = np.sqrt(v)
    half = -special.ndtri(0.5 * (1.0 - level)) * error
    out.estimate[:], out.std_error[:], out.df[:] = y, error, np.inf
    out.low[:], out.high[:], out.statistic[:] = y - half, y + half, y / error
    out.p_value[:] = 2.0 * special.ndtr(-np.abs(out.statistic))
    return out
