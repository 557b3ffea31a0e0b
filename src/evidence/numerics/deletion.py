"""One at a time: effects left out in turn, or taken in turn, as one array program; and what each one moves.

Every deletion (and every step of a cumulative analysis) is a data set of its own with its own tau². They are
handed to the batch machinery in pieces of bounded size, so that memory does not grow with their number.

References
----------
Viechtbauer W, Cheung MW-L. Outlier and influence diagnostics for meta-analysis. Res Synth Methods
2010;1(2):112-125. https://doi.org/10.1002/jrsm.11
Baujat B, Mahé C, Pignon J-P, Hill C. A graphical method for exploring heterogeneity in meta-analyses:
application to a meta-analysis of 65 trials. Stat Med 2002;21(18):2641-2652. https://doi.org/10.1002/sim.1221
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, fields

import numpy as np
from numpy.typing import NDArray
from scipy import special

from evidence.errors import ModelError
from evidence.numerics.batch import blocks, estimate_scaled, fit_groups, gather
from evidence.numerics.batch_inference import BatchFit, infer, infer_single
from evidence.numerics.ragged import block_columns
from evidence.numerics.wls import Vector

__all__ = ["COMMON", "Influence", "cumulate", "influence_values", "leave_out"]

COMMON = "EE"
"""Code of the common-effect model, beside the estimators of tau²."""

_CELLS = 1_000_000
"""Effects that are laid out at a time, all data sets together."""

Take = Callable[[int], NDArray[np.intp]]


def _sizes_cut(sizes: NDArray[np.intp]) -> Iterator[range]:
    """Cut data sets into runs of at most `_CELLS` effects, a larger one alone."""
    begin, cells = 0, 0
    for at, size in enumerate(sizes.tolist()):
        if cells and cells + size > _CELLS:
            yield range(begin, at)
            begin, cells = at, 0
        cells += size
    yield range(begin, sizes.size)


def _fit_sets(
    y: Vector, v: Vector, take: Take, sizes: NDArray[np.intp], tau2: str, inference: str, level: float
) -> BatchFit:
    """Fit the data sets that `take` gives by their number.

    Raises
    ------
    ModelError
        Where a number is not finite or a variance not positive.
    """
    y, v = np.asarray(y, np.float64), np.asarray(v, np.float64)
    if not (np.isfinite(y).all() and np.isfinite(v).all() and (v > 0.0).all()):
        raise ModelError("effects are finite numbers and variances positive finite numbers")
    out = BatchFit.blank(sizes)
    for run in _sizes_cut(sizes):
        if not run:
            continue
        at = np.concatenate([take(number) for number in run])
        codes = np.repeat(np.arange(len(run)), sizes[run.start : run.stop])
        if tau2 == COMMON:
            part = _fit_common(y[at], v[at], codes, len(run), level)
        else:
            part = fit_groups(
                y[at], v[at], codes, count=len(run), tau2=tau2, inference=inference, level=level
            )
        out.put(np.arange(run.start, run.stop), part)
    return out


def _fit_common(y: Vector, v: Vector, codes: NDArray[np.intp], count: int, level: float) -> BatchFit:
    """Fit the common-effect model (normal interval, I² and H² from Q) to each data set."""
    groups = gather(y, v, codes, count)
    parts, failure = blocks(groups)
    out = BatchFit.blank(groups.sizes)
    single = np.flatnonzero(groups.sizes == 1)
    out.put(single, infer_single(y[groups.starts[single]], v[groups.starts[single]], level))
    if parts:
        data = [block_columns(part, y, v, groups.starts, groups.sizes, restricted=True) for part in parts]
        estimates, _ = estimate_scaled(data, COMMON)
        fit = infer(estimates, {}, "z", level)
        out.put(np.concatenate([part.groups for part in parts]), fit)
    several = groups.sizes > 1
    dof, q = groups.sizes[several] - 1.0, out.q[several]
    out.i2[several] = 100.0 * np.maximum(0.0, q - dof) / np.where(q > 0.0, q, 1.0)
    out.h2[several] = q / dof
    for group, why in failure.items():
        out.failure[group] = why
    return out


def leave_out(
    y: Vector,
    v: Vector,
    codes: NDArray[np.intp] | None = None,
    *,
    tau2: str = "REML",
    inference: str = "HKSJ",
    level: float = 0.95,
) -> BatchFit:
    """Fit all effects, and all but each group in turn.

    Parameters
    ----------
    y, v : Vector, shape (k,)
        Effects and sampling variances.
    codes : ndarray of int, shape (k,), optional
        Number of each effect's group, from 0; by default every effect is its own.
    tau2, inference, level
        As in `batch.fit_task`, or ``"EE"`` for the common-effect model (which is ``"z"`` whatever is said).

    Returns
    -------
    BatchFit
        Fields of shape (groups + 1,): first all effects, then without each group. Without the only group
        nothing is left: NaN, and the reason in ``failure``.

    Raises
    ------
    ModelError
        Where a number is not finite or a variance not positive.
    """
    k = np.asarray(y).size
    own = np.arange(k) if codes is None else np.asarray(codes, np.intp)
    order = np.argsort(own, kind="stable")
    sizes = np.bincount(own).astype(np.intp)
    ends = np.cumsum(sizes)

    def take(number: int) -> NDArray[np.intp]:
        if number == 0:
            return np.arange(k)
        end = int(ends[number - 1])
        return np.concatenate([order[: end - int(sizes[number - 1])], order[end:]])

    return _fit_sets(y, v, take, np.append(k, k - sizes), tau2, inference, level)


def cumulate(
    y: Vector, v: Vector, *, tau2: str = "REML", inference: str = "HKSJ", level: float = 0.95
) -> BatchFit:
    """Fit the first effect, the first two, and so on; arguments and errors as in `leave_out`.

    Returns
    -------
    BatchFit
        Fields of shape (k,), in the order of the effects.

    Raises
    ------
    ModelError
        Where a number is not finite or a variance not positive.
    """
    sizes = np.arange(1, np.asarray(y).size + 1)
    return _fit_sets(y, v, lambda number: np.arange(number + 1), sizes, tau2, inference, level)


@dataclass(frozen=True)
class Influence:
    """What each effect does to the fit; each field of shape (k,).

    With m, V and t the mean, its variance and tau² from all effects, and m_i, V_i and t_i those without
    effect i; s_i² is the factor of HKSJ without i (1 under z and t), w_j = 1/(v_j + t).

    Attributes
    ----------
    rstudent : Vector
        ``(y_i - m_i) / sqrt(s_i² (v_i + t_i) + V_i)``.
    dffits : Vector
        ``(m - m_i) / sqrt(s_i² h_i (v_i + t_i))``.
    cook_d : Vector
        ``(m - m_i)² / V``.
    cov_r : Vector
        ``V_i / V``.
    tau2_del, q_del : Vector
        tau² and Cochran's Q without the effect.
    hat, weight : Vector
        ``h_i = w_i / sum of w``, and the same in percent.
    dfbetas : Vector
        ``(m - m_i) / sqrt(s_i² / sum of 1/(v_j + t_i))``, the sum over all effects.
    baujat_x, baujat_y : Vector
        ``(y_i - m)² w_i``, the share in heterogeneity, and ``(m - m_i)² / V_i``, the pull on the result.
    by_dffits, by_cook_d, by_hat, by_dfbetas : ndarray of bool
        The four rules: ``|DFFITS| > 3 / sqrt(k - 1)``; Cook's distance above the median of chi-squared with
        one degree of freedom; hat above ``3 / k``; ``|DFBETAS| > 1``.
    """

    rstudent: Vector
    dffits: Vector
    cook_d: Vector
    cov_r: Vector
    tau2_del: Vector
    q_del: Vector
    hat: Vector
    weight: Vector
    dfbetas: Vector
    baujat_x: Vector
    baujat_y: Vector
    by_dffits: NDArray[np.bool_]
    by_cook_d: NDArray[np.bool_]
    by_hat: NDArray[np.bool_]
    by_dfbetas: NDArray[np.bool_]

    @property
    def flagged(self) -> NDArray[np.bool_]:
        """Tell which effects break at least one rule."""
        return self.by_dffits | self.by_cook_d | self.by_hat | self.by_dfbetas


def influence_values(y: Vector, v: Vector, fits: BatchFit) -> Influence:
    """Compute the diagnostics of each effect from the fits without it.

    Parameters
    ----------
    y, v : Vector, shape (k,)
        Effects and sampling variances, at least three.
    fits : BatchFit
        What `leave_out` gives for single effects.

    Returns
    -------
    Influence

    Raises
    ------
    ModelError
        Where there are fewer than three effects, or a deletion could not be fitted.
    """
    y, v = np.asarray(y, np.float64), np.asarray(v, np.float64)
    k = y.size
    if k < 3:
        raise ModelError(f"influence needs three effects: without one of {k} no tau² is left to compare")
    for why in fits.failure:
        if why:
            raise ModelError(f"a fit without one of the effects failed: {why}")
    kept = {f.name: getattr(fits, f.name)[1:] for f in fields(fits)}
    mean, variance, t = float(fits.estimate[0]), float(fits.std_error[0]) ** 2, float(fits.tau2[0])
    mean_del, variance_del, t_del = kept["estimate"], kept["std_error"] ** 2, kept["tau2"]
    total, others = _weight_totals(v, t_del)
    factor = variance_del * others
    moved = mean - mean_del
    w = 1.0 / (v + t)
    hat = w / w.sum()
    dffits = moved / np.sqrt(factor * hat * (v + t_del))
    cook_d = moved**2 / variance
    dfbetas = moved / np.sqrt(factor / total)
    return Influence(
        rstudent=(y - mean_del) / np.sqrt(factor * (v + t_del) + variance_del),
        dffits=dffits,
        cook_d=cook_d,
        cov_r=variance_del / variance,
        tau2_del=t_del,
        q_del=kept["q"],
        hat=hat,
        weight=100.0 * hat,
        dfbetas=dfbetas,
        baujat_x=(y - mean) ** 2 * w,
        baujat_y=moved**2 / variance_del,
        by_dffits=np.abs(dffits) > 3.0 / np.sqrt(k - 1.0),
        by_cook_d=cook_d > float(special.chdtri(1.0, 0.5)),
        by_hat=hat > 3.0 / k,
        by_dfbetas=np.abs(dfbetas) > 1.0,
    )


def _weight_totals(v: Vector, t: Vector) -> tuple[Vector, Vector]:
    """Return the sum of 1/(v_j + t_i) over all j, and over all but i, for each i.

    The second is a sum of its own: the difference from the first would cancel beside a dominating study.
    """
    total, others = np.empty(v.size), np.empty(v.size)
    step = max(1, _CELLS // v.size)
    for begin in range(0, v.size, step):
        rows = np.arange(begin, min(begin + step, v.size))
        w = 1.0 / (v + t[rows, None])
        total[rows] = w.sum(axis=1)
        w[rows - begin, rows] = 0.0
        others[rows] = w.sum(axis=1)
    return total, others
