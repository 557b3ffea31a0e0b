"""What if we had chosen otherwise, by the million: versions of the data by subsets of studies by estimators.

A version of the data is what one choice of correlation, variance form or measure makes of them; all versions
have the same studies. The sums that all estimators begin with are made once for a version and block of
subsets, as one product of matrices.

References
----------
Borenstein M, Hedges LV, Higgins JPT, Rothstein HR. Introduction to Meta-Analysis. Wiley, 2009, chapter 24.
https://doi.org/10.1002/9780470743386
Simonsohn U, Simmons JP, Nelson LD. Specification curve analysis. Nat Hum Behav 2020;4(11):1208-1214.
https://doi.org/10.1038/s41562-020-0912-z
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields

import numpy as np
from numpy.typing import NDArray

from evidence._check import one_of
from evidence.errors import ModelError
from evidence.numerics.counted import Counted, CountedFit, Pool, finish_counted, fit_counted, pool_of
from evidence.numerics.subsets import SUBSET_ESTIMATORS
from evidence.numerics.wls import Vector

__all__ = ["Specifications", "averaged", "every_specification"]

_CELLS = 80_000
"""Cells of a block of subsets: with its work space it stays in a core's second-level cache."""


@dataclass(frozen=True)
class Specifications:
    """Estimates by specification; each field of shape (versions, estimators, subsets).

    Attributes
    ----------
    estimate, std_error, tau2, q : ndarray
        As in `numerics.counted.CountedFit`; NaN for subsets of fewer than two studies.
    """

    estimate: NDArray[np.float64]
    std_error: NDArray[np.float64]
    tau2: NDArray[np.float64]
    q: NDArray[np.float64]


def averaged(y: Vector, v: Vector, study: NDArray[np.intp], rho: float) -> tuple[Vector, Vector]:
    """Average the effects of each study, whose sampling errors have an assumed correlation.

    Parameters
    ----------
    y, v : Vector, shape (effects,)
        Effects and sampling variances.
    study : ndarray of int, shape (effects,)
        Number of each effect's study, from 0, none left out.
    rho : float
        Correlation of the sampling errors within a study, from 0 to 1.

    Returns
    -------
    tuple of Vector, shape (studies,)
        Plain means and their sampling variances.

    Raises
    ------
    ModelError
        Where the correlation is not within 0 and 1, or a number of a study is left out.

    Examples
    --------
    >>> import numpy as np
    >>> y, v = averaged(np.array([0.2, 0.4, 0.5]), np.array([0.04, 0.04, 0.09]), np.array([0, 0, 1]), 0.5)
    >>> y.round(3).tolist(), v.round(3).tolist()
    ([0.3, 0.5], [0.03, 0.09])
    """
    if not 0.0 <= rho <= 1.0:
        raise ModelError(f"rho is a correlation from 0 to 1; got {rho:g}")
    times = np.bincount(study)
    if not times.all():
        raise ModelError(
            f"study {int(np.argmin(times))} has no effect; number the studies from 0 without gaps"
        )
    total = np.bincount(study, weights=np.sqrt(v))
    variance = (1.0 - rho) * np.bincount(study, weights=v) + rho * total * total
    return np.bincount(study, weights=y) / times, variance / (times * times)


def every_specification(
    versions: Sequence[tuple[Vector, Vector]],
    subsets: NDArray[np.bool_],
    estimators: Sequence[str] = ("EE", "DL", "REML"),
) -> Specifications:
    """Fit every version of the data in every subset by every estimator.

    Parameters
    ----------
    versions : sequence of (y, v), each of shape (k,)
        Effects and sampling variances of the same k studies, such as `averaged` under several correlations.
    subsets : ndarray of bool, shape (subsets, k)
        Which studies a specification takes in.
    estimators : sequence of {"EE", "DL", "ML", "REML"}
        The common effect, or estimators of the between-study variance.

    Returns
    -------
    Specifications

    Raises
    ------
    ModelError
        Where an estimator is unknown, shapes differ, or a version is not of finite effects with positive
        finite variances.

    References
    ----------
    Simonsohn U, Simmons JP, Nelson LD. Nat Hum Behav 2020;4(11):1208-1214.
    https://doi.org/10.1038/s41562-020-0912-z

    Examples
    --------
    >>> import numpy as np
    >>> y, v = np.array([0.1, 0.5, 0.9]), np.array([0.02, 0.03, 0.04])
    >>> subsets = np.array([[True, True, True], [True, True, False]])
    >>> every_specification([(y, v), (y, 2 * v)], subsets, ["EE", "REML"]).estimate.shape
    (2, 2, 2)
    """
    names = [one_of("estimator", name, SUBSET_ESTIMATORS) for name in estimators]
    chosen = np.asarray(subsets, np.bool_)
    pools = [_pool(y, v, chosen.shape[1]) for y, v in versions]
    shape = (len(pools), len(names), chosen.shape[0])
    out = Specifications(*(np.full(shape, np.nan) for _ in range(4)))
    able = np.flatnonzero(chosen.sum(axis=1) > 1)
    width = max(1, _CELLS // max(1, chosen.shape[1]))
    late: dict[tuple[int, int], list[NDArray[np.intp]]] = {}
    for begin in range(0, able.size, width):
        at = able[begin : begin + width]
        counts = np.ascontiguousarray(chosen[at].T, dtype=np.float64)
        short, sizes = counts.astype(np.float32), counts.sum(axis=0)
        for version, pool in enumerate(pools):
            sums = list(_starts(pool) @ counts)
            for number, name in enumerate(names):
                source = Counted(pool, short, restricted=name != "ML", once=True)
                fit, left = fit_counted(source, sizes, sums, name)
                _put(out, version, number, at, fit)
                late.setdefault((version, number), []).append(at[left])
    for (version, number), parts in late.items():
        at = np.concatenate(parts)
        if at.size:
            counts = np.ascontiguousarray(chosen[at].T, dtype=np.float64)
            source = Counted(pools[version], counts, restricted=names[number] != "ML", once=True)
            _put(out, version, number, at, finish_counted(source, counts.sum(axis=0), names[number]))
    return out


def _pool(y: Vector, v: Vector, k: int) -> Pool:
    y, v = np.asarray(y, np.float64), np.asarray(v, np.float64)
    if not y.shape == v.shape == (k,):
        raise ModelError(f"subsets are of {k} studies; a version has {y.size} effects and {v.size} variances")
    if not (np.isfinite(y).all() and np.isfinite(v).all() and (v > 0.0).all()):
        raise ModelError("effects are finite numbers and variances positive finite numbers")
    return pool_of(y, v)


def _starts(pool: Pool) -> NDArray[np.float64]:
    """Return ``[1, z, z²]`` times three powers of the weights at tau² = 0, shape (3, 3, k)."""
    w = 1.0 / pool.u
    return np.stack([pool.powers * w, pool.powers * w**2, pool.powers * w**3])


def _put(out: Specifications, version: int, number: int, at: NDArray[np.intp], fit: CountedFit) -> None:
    for f in fields(out):
        getattr(out, f.name)[version, number, at] = getattr(fit, f.name)
