"""Bootstrap of the random-effects model: draws from the fitted model, and resampled clusters.

Every draw is fitted, none is shared between draws: 10,000 draws are 10,000 meta-analyses in one batch. The
draws depend on the seed alone.

References
----------
Efron B, Tibshirani RJ. An Introduction to the Bootstrap. Chapman & Hall, 1993.
Davison AC, Hinkley DV. Bootstrap Methods and their Application. Cambridge University Press, 1997.
https://doi.org/10.1017/CBO9780511802843
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from evidence._check import one_of
from evidence.errors import ModelError
from evidence.numerics.batch import estimate_scaled
from evidence.numerics.counted import Counted, CountedFit, finish_counted, fit_counted, pool_of
from evidence.numerics.intervals import Interval
from evidence.numerics.ragged import Columns, Scaled
from evidence.numerics.tau2 import TAU2
from evidence.numerics.wls import Vector

__all__ = ["RESAMPLED", "Draws", "cluster_bootstrap", "parametric_bootstrap", "percentile_interval"]

RESAMPLED = ("DL", "ML", "REML")
"""Estimators of the cluster bootstrap."""

_CELLS = 30_000
"""Cells of a block of draws."""


@dataclass(frozen=True)
class Draws:
    """Estimates by draw; each field of shape (draws,).

    Attributes
    ----------
    estimate, std_error : Vector
        Mean and its model-based standard error. NaN where a resample has fewer than two effects.
    tau2 : Vector
        Between-study variance.
    statistic : Vector
        ``(estimate - original) / std_error`` with Hartung & Knapp's standard error, for studentised
        intervals; NaN where a draw's effects are identical.
    failures : int
        Draws without an estimate.
    """

    estimate: Vector
    std_error: Vector
    tau2: Vector
    statistic: Vector
    failures: int


def percentile_interval(values: Vector, level: float = 0.95) -> Interval:
    """Return the percentile interval of the draws that have a value.

    Raises
    ------
    ModelError
        Where no draw has a value.
    """
    known = values[np.isfinite(values)]
    if not known.size:
        raise ModelError("none of the bootstrap draws has an estimate")
    low, high = np.quantile(known, [0.5 * (1.0 - level), 0.5 * (1.0 + level)])
    return Interval(float(low), float(high))


def _checked(y: Vector, v: Vector, draws: int) -> tuple[Vector, Vector]:
    y, v = np.asarray(y, np.float64), np.asarray(v, np.float64)
    if not (y.size > 1 and np.isfinite(y).all() and np.isfinite(v).all() and (v > 0.0).all()):
        raise ModelError("a bootstrap needs two or more finite effects with positive finite variances")
    if draws < 1:
        raise ModelError(f"a bootstrap needs at least one draw, got {draws}")
    return y, v


def parametric_bootstrap(
    y: Vector,
    v: Vector,
    *,
    mean: float,
    tau2: float,
    estimator: str = "REML",
    draws: int = 10_000,
    seed: int = 1,
) -> Draws:
    """Draw new effects from ``N(mean, v + tau2)`` and fit each draw.

    Parameters
    ----------
    y, v : Vector, shape (k,)
        The effects (their number alone counts) and their sampling variances.
    mean, tau2 : float
        The fitted model.
    estimator : str, default "REML"
        A code of `numerics.tau2.TAU2`.
    draws : int, default 10000
        Number of draws.
    seed : int, default 1
        Seed of the random numbers.

    Returns
    -------
    Draws
    """
    estimator = one_of("estimator", estimator, TAU2)
    y, v = _checked(y, v, draws)
    rng = np.random.default_rng(seed)
    order = np.argsort(v, kind="stable")
    unit = float(v[order[0]])
    scaled, error = v[order[1:]] / unit, np.sqrt((v[order] + tau2) / unit)[:, None]
    width = max(2, _CELLS // v.size)
    data = []
    for begin in range(0, draws, width):
        count = min(width, draws - begin)
        z = rng.standard_normal((v.size, count))
        z *= error
        # In the units of the most precise effect, which is the origin of its column.
        first = z[0]
        columns = Columns(
            z[1:] - first, np.repeat(scaled[:, None], count, axis=1), restricted=estimator != "ML"
        )
        data.append(
            Scaled(columns, np.full(count, v.size, np.intp), first * np.sqrt(unit), np.full(count, unit))
        )
    fit, failure = estimate_scaled(data, estimator)
    with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
        estimate, error = fit.origin + fit.shift * np.sqrt(unit), np.sqrt(unit / fit.total)
        estimate[list(failure)] = np.nan
        spread = fit.q / (v.size - 1.0)
        statistic = estimate / (error * np.sqrt(np.where(spread < 1e-20, np.nan, spread)))
        failed = ~np.isfinite(estimate)
    error[failed] = np.nan
    return Draws(
        mean + estimate,
        error,
        np.where(failed, np.nan, fit.t * unit),
        statistic,
        int(np.count_nonzero(failed)),
    )


def _counts(rng: np.random.Generator, codes: NDArray[np.intp], clusters: int, count: int) -> Vector:
    """Return how often each effect occurs in each resample of the clusters, shape (k, count)."""
    picks = rng.integers(0, clusters, (count, clusters))
    picks += clusters * np.arange(count)[:, None]
    times = np.bincount(picks.ravel(), minlength=count * clusters).reshape(count, clusters)
    return times.T.astype(np.float64)[codes]


def cluster_bootstrap(
    y: Vector,
    v: Vector,
    clusters: NDArray[np.integer] | None = None,
    *,
    mean: float,
    estimator: str = "REML",
    draws: int = 10_000,
    seed: int = 1,
) -> Draws:
    """Resample clusters (studies) with replacement and fit each resample.

    Parameters
    ----------
    y, v : Vector, shape (k,)
        Effects and sampling variances.
    clusters : ndarray of int, shape (k,), optional
        Cluster of each effect; by default each effect is its own.
    mean : float
        The estimate from the data themselves, which `Draws.statistic` is measured from.
    estimator : {"DL", "ML", "REML"}, default "REML"
        Estimator of the between-study variance.
    draws, seed
        As in `parametric_bootstrap`.

    Returns
    -------
    Draws

    Raises
    ------
    ModelError
        Where the numbers are not sound, or `clusters` has another length.
    """
    estimator = one_of("estimator", estimator, RESAMPLED)
    y, v = _checked(y, v, draws)
    labels = np.arange(y.size) if clusters is None else np.asarray(clusters)
    if labels.size != y.size:
        raise ModelError(f"clusters must have one entry an effect, {y.size} in all; got {labels.size}")
    names, codes = np.unique(labels, return_inverse=True)
    rng = np.random.default_rng(seed)
    pool = pool_of(y, v)
    width = max(2, _CELLS // y.size)
    parts, late = [], []
    for begin in range(0, draws, width):
        counts = _counts(rng, codes.astype(np.intp), names.size, min(width, draws - begin))
        source = Counted(pool, counts, restricted=estimator != "ML")
        part, places = _fit_counts(source, estimator)
        parts.append(part)
        late.append((begin + places, counts[:, places]))
    estimate, error, tau2, q, sizes = (np.concatenate(part) for part in zip(*parts, strict=True))
    at = np.concatenate([places for places, _ in late])
    if at.size:
        source = Counted(pool, np.hstack([counts for _, counts in late]), restricted=estimator != "ML")
        rest = finish_counted(source, sizes[at], estimator)
        estimate[at], error[at], tau2[at], q[at] = _fields(rest)
    with np.errstate(divide="ignore", invalid="ignore"):
        factor = q / (sizes - 1.0)
        studentised = (estimate - mean) / (error * np.sqrt(np.where(factor > 1e-20, factor, np.nan)))
    return Draws(estimate, error, tau2, studentised, int(np.count_nonzero(np.isnan(estimate))))


def _fit_counts(source: Counted, estimator: str) -> tuple[tuple[Vector, ...], NDArray[np.intp]]:
    """Fit a block; return estimates and sizes, and the draws that are to be finished together with others."""
    sizes = source.counts.sum(axis=0, dtype=np.float64)
    able = np.flatnonzero(sizes > 1.5)
    chosen = source.keep(able)
    fit, late = fit_counted(chosen, sizes[able], chosen.sums_at_zero(), estimator)
    return (*(_spread(part, able, sizes.size) for part in _fields(fit)), sizes), able[late]


def _fields(fit: CountedFit) -> tuple[Vector, Vector, Vector, Vector]:
    return fit.estimate, fit.std_error, fit.tau2, fit.q


def _spread(values: Vector, at: NDArray[np.intp], size: int) -> Vector:
    out = np.full(size, np.nan)
    out[at] = values
    return out
