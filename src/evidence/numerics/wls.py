"""Weighted means by sums: every quantity of the intercept-only model in O(k), at any scale of the data.

Weights enter only as ``W = (v_min + t) / (v + t)``, which lies in (0, 1] whatever the unit, and residuals
only as ``r / sqrt(v_min + t)``. The powers of a weight that the estimators need therefore neither
overflow nor underflow, and the most precise study has ``W = 1`` exactly: it serves as the origin of the
effects, so that a study which dominates all others cancels nowhere.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from evidence.numerics.problem import Problem, Sums, Vector

__all__ = [
    "KnownMean",
    "Problem",
    "Sample",
    "Sums",
    "Vector",
    "WeightedMean",
    "mean_of_shares",
    "sample",
    "sums",
    "weighted_mean",
]


@dataclass(frozen=True)
class Sample:
    """Effects and their sampling variances, with the most precise one as origin.

    Attributes
    ----------
    y, v : Vector, shape (k,)
        Effects and variances as given; variances are positive and finite.
    z : Vector, shape (k,)
        ``y - y[pivot]``.
    pivot : int
        Index of the smallest variance.
    v_min : float
        The smallest variance.
    spread : float
        Largest minus smallest effect.
    """

    y: Vector
    v: Vector
    z: Vector
    pivot: int
    v_min: float
    spread: float

    @property
    def k(self) -> int:
        """Number of effects."""
        return int(self.y.size)

    @property
    def p(self) -> int:
        """Number of coefficients: the mean."""
        return 1

    @property
    def reach(self) -> float:
        """The squared range of the effects.

        Beyond it ``w r² < 1 - h`` for each effect, so that every term of the score is negative; where
        it is below the smallest variance, this holds at 0.
        """
        square = self.spread * self.spread
        return 0.0 if square <= self.v_min else square

    def sums(self, t: Vector) -> Sums:
        """Return the sums at each value of tau²; see `sums`."""
        return sums(self, t)

    def unweighted(self) -> tuple[float, float]:
        """Return the sum of squares around the mean, and ``sum of v (1 - 1/k)``."""
        return float(np.var(self.z)) * self.k, float(self.v.sum()) * (self.k - 1) / self.k


@dataclass(frozen=True)
class KnownMean:
    """The effects of a sample around a mean that is known, so that no coefficient is estimated."""

    data: Sample
    mean: float

    @property
    def k(self) -> int:
        """Number of effects."""
        return self.data.k

    @property
    def p(self) -> int:
        """Number of coefficients: none."""
        return 0

    @property
    def y(self) -> Vector:
        """Effects as given."""
        return self.data.y

    @property
    def v(self) -> Vector:
        """Variances as given."""
        return self.data.v

    @property
    def v_min(self) -> float:
        """The smallest variance."""
        return self.data.v_min

    @property
    def reach(self) -> float:
        """The largest squared distance from the mean: beyond it ``w r² < 1`` for each effect."""
        far = float(np.abs(self.data.y - self.mean).max())
        return far * far

    def sums(self, t: Vector) -> Sums:
        """Return the sums at each value of tau²; see `sums`."""
        return sums(self.data, t, self.mean)

    def unweighted(self) -> tuple[float, float]:
        """Return the sum of squares around the mean, and the sum of the variances."""
        r = self.data.y - self.mean
        return float(r @ r), float(self.data.v.sum())


@dataclass(frozen=True)
class WeightedMean:
    """An inverse-variance weighted mean.

    Attributes
    ----------
    estimate : float
        The weighted mean.
    std_error : float
        ``1 / sqrt(sum of weights)``.
    q : float
        Weighted sum of squared residuals.
    typical_variance : float
        ``(k - 1) / tr P``: the sampling variance that a set of equally precise studies with the
        same total information would have (Higgins & Thompson 2002); infinite for one effect.
    weights : Vector, shape (k,)
        Weights as shares of one: the leverages.
    spare : Vector, shape (k,)
        One minus them, free of cancellation.
    residual : Vector, shape (k,)
        Effects minus the mean, likewise.
    """

    estimate: float
    std_error: float
    q: float
    typical_variance: float
    weights: Vector
    spare: Vector
    residual: Vector


def sample(y: Vector, v: Vector) -> Sample:
    """Put the most precise effect at the origin.

    Parameters
    ----------
    y, v : Vector, shape (k,)
        Effects and their sampling variances; finite, variances positive, k at least 1.

    Returns
    -------
    Sample
    """
    pivot = int(v.argmin())
    return Sample(y, v, y - y[pivot], pivot, float(v[pivot]), float(y.max() - y.min()))


def sums(data: Sample, t: Vector, mean: float | None = None) -> Sums:
    """Compute the sums at each value of tau².

    Parameters
    ----------
    data : Sample
        Effects and variances.
    t : Vector, shape (g,)
        Values of tau², none negative.
    mean : float, optional
        A mean known beforehand, in the data's units. Without it the weighted mean at each ``t`` is used.

    Returns
    -------
    Sums
        Each field of shape (g,). With a known mean nothing is estimated, so P = W.
    """
    unit = data.v_min + t
    w = unit[:, None] / (data.v + t[:, None])
    w2 = w * w
    # Summed without the pivot, so that 1 - h of a dominating study is a sum of small numbers and not
    # the difference of two numbers near one.
    rest = w.sum(axis=1, where=_others(data)) if data.k > 1 else np.zeros_like(t)
    s1 = 1.0 + rest
    s2 = w2.sum(axis=1)
    shift = (w @ data.z) / s1 if mean is None else np.full_like(t, mean - data.y[data.pivot])
    r = (data.z - shift[:, None]) / np.sqrt(unit)[:, None]
    wr = w * r
    wr2 = wr * wr
    q3 = (wr2 * w).sum(axis=1)
    if mean is not None:
        return Sums(unit, s1, s2, (wr * r).sum(axis=1), wr2.sum(axis=1), q3, s1, s2, np.zeros_like(t))
    cross = (w * wr).sum(axis=1)
    spare = (s1[:, None] - w) / s1[:, None]
    spare[:, data.pivot] = rest / s1
    w_spare = w * spare
    p2, p4 = s2 - 1.0, (w2 * w2).sum(axis=1) - 1.0
    return Sums(
        unit=unit,
        s1=s1,
        s2=s2,
        q1=(wr * r).sum(axis=1),
        q2=wr2.sum(axis=1),
        q3=q3 - cross * cross / s1,
        tr_p=w_spare.sum(axis=1),
        tr_pp=(w_spare * w_spare).sum(axis=1) + (2.0 * p2 + p2 * p2 - p4) / (s1 * s1),
        log_det=np.log(s1 / data.k),
    )


def _others(data: Sample) -> NDArray[np.bool_]:
    mask = np.ones(data.k, dtype=bool)
    mask[data.pivot] = False
    return mask


def weighted_mean(data: Sample, tau2: float = 0.0) -> WeightedMean:
    """Return the weighted mean with weights ``1 / (v + tau2)``.

    Parameters
    ----------
    data : Sample
        Effects and variances.
    tau2 : float
        Between-study variance; 0 gives the common-effect mean.

    Returns
    -------
    WeightedMean
    """
    unit = data.v_min + tau2
    w = unit / (data.v + tau2)
    total = float(w.sum())
    shift = float(w @ data.z) / total
    r = (data.z - shift) / np.sqrt(unit)
    rest = total - 1.0 if total > 1.5 else float(w[_others(data)].sum())
    spare = (total - w) / total
    spare[data.pivot] = rest / total
    trace = float(w @ spare)
    return WeightedMean(
        estimate=float(data.y[data.pivot] + shift),
        std_error=float(np.sqrt(unit / total)),
        q=float(w @ (r * r)),
        typical_variance=unit * (data.k - 1) / trace if data.k > 1 else float("inf"),
        weights=w / total,
        spare=spare,
        residual=data.z - shift,
    )


def mean_of_shares(data: Sample, shares: Vector, tau2: float = 0.0) -> tuple[float, float]:
    """Return the mean with weights that do not come from the variances, and its standard error.

    Parameters
    ----------
    data : Sample
        Effects and variances.
    shares : Vector, shape (k,)
        Weights, adding up to one.
    tau2 : float
        Between-study variance.

    Returns
    -------
    tuple of float
        ``sum of s y`` and ``sqrt(sum of s² (v + tau2))``.
    """
    error = shares * np.sqrt(data.v + tau2)
    return float(data.y[data.pivot] + shares @ data.z), float(np.sqrt(error @ error))
