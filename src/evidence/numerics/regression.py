"""Coefficients of a meta-regression, their tests and intervals, and what the moderators explain."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import linalg, special

from evidence.numerics.design import Design
from evidence.numerics.intervals import Heterogeneity, hartung_knapp, quantile
from evidence.numerics.linear import Wald, wald
from evidence.numerics.tau2 import TAU2
from evidence.numerics.wls import Vector, sample

__all__ = [
    "Coefficients",
    "Solution",
    "best_linear_predictions",
    "coefficients",
    "explained",
    "omnibus_columns",
    "residual_heterogeneity",
    "solve",
]

Matrix = NDArray[np.float64]


@dataclass(frozen=True)
class Solution:
    """Weighted least squares at one tau²; rows and columns in the order they were given.

    Attributes
    ----------
    tau2 : float
        Between-study variance.
    estimate : Vector, shape (p,)
        Coefficients.
    root : Matrix, shape (p, p)
        ``root @ root.T`` is the coefficients' covariance matrix ``(X'WX)^-1`` (no Knapp-Hartung factor).
    fitted, residual, leverage, spare : Vector, shape (k,)
        ``x_i'b``; ``y_i - x_i'b``; the diagonal of the hat matrix; one minus it, free of cancellation.
    weight : Vector, shape (k,)
        Shares of one.
    q : float
        Weighted sum of squared residuals with weights ``1 / (v + tau2)``.
    """

    tau2: float
    estimate: Vector
    root: Matrix
    fitted: Vector
    residual: Vector
    leverage: Vector
    spare: Vector
    weight: Vector
    q: float


@dataclass(frozen=True)
class Coefficients:
    """Coefficients with tests and intervals.

    Attributes
    ----------
    estimate, std_error, statistic, p_value, low, high : Vector, shape (p,)
        In the units of the effects per unit of the moderator; tests are of zero.
    root : Matrix, shape (p, p)
        Root of the covariance matrix in use, factor included.
    df : int or None
        Degrees of freedom of the t distribution, None for the normal.
    multiplier : float
        Knapp & Hartung's variance factor in use (1 for z and t).
    fallback : bool
        Whether HKSJ met effects without residual spread, whose factor is zero, and used 1 instead.
    """

    estimate: Vector
    std_error: Vector
    statistic: Vector
    p_value: Vector
    low: Vector
    high: Vector
    root: Matrix
    df: int | None
    multiplier: float
    fallback: bool

    @property
    def vcov(self) -> Matrix:
        """Covariance matrix of the coefficients."""
        return np.asarray(self.root @ self.root.T, dtype=np.float64)

    @property
    def model_root(self) -> Matrix:
        """The same root: the factor in it cancels where collinearity is asked for."""
        return self.root

    def df_of(self, weights: Vector) -> float | None:
        """Return the degrees of freedom, the same for every combination."""
        return self.df

    def joint(self, combinations: Matrix) -> Wald:
        """Test that all combinations are zero."""
        return wald(self.estimate, self.root, combinations, self.df)


def solve(data: Design, tau2: float) -> Solution:
    """Return the weighted least squares solution with weights ``1 / (v + tau2)``."""
    at = data.project(np.array([tau2]))
    w, spare = at.w[0], at.spare[0]
    move = linalg.solve_triangular(at.r[0], at.c[0])
    inner = data.start + move
    estimate = np.empty(data.p)
    estimate[data.columns] = inner * data.scale * data.unit
    root = np.zeros((data.p, data.p))
    inverse = linalg.solve_triangular(at.r[0], np.eye(data.p))
    root[data.columns] = data.scale[:, None] * inverse * math.sqrt(data.v_min + tau2)
    residual = _given(data, at.e[0] / np.sqrt(w) * data.unit)
    # Small leverages come from the basis, large ones from what is left of one.
    leverage = np.where(spare > 0.5, (at.q[0] * at.q[0]).sum(axis=1), 1.0 - spare)
    spare, share = _given(data, spare), _given(data, w / w.sum())
    q = float((at.e[0] * at.e[0]).sum()) / ((data.v_min + tau2) / data.unit / data.unit)
    return Solution(
        tau2, estimate, root, data.y - residual, residual, _given(data, leverage), spare, share, q
    )


def _given(data: Design, sorted_rows: Vector) -> Vector:
    """Return row values in the order the rows were given."""
    out = np.empty(data.k)
    out[data.rows] = sorted_rows
    return out


def coefficients(data: Design, solution: Solution, inference: str, level: float) -> Coefficients:
    """Return tests and Wald-type intervals of the coefficients.

    Parameters
    ----------
    data : Design
        Effects, variances, moderators.
    solution : Solution
        At the tau² in use.
    inference : {"z", "t", "HKSJ", "mHKSJ"}
        Normal; t with k - p df; t with the covariance matrix times ``Q(tau²) / (k - p)``; the same with a
        factor of at least 1 (Knapp & Hartung 2003).
    level : float
        Confidence level.

    References
    ----------
    Knapp G, Hartung J. Stat Med 2003;22(17):2693-2710. https://doi.org/10.1002/sim.1482
    """
    df = None if inference == "z" else data.k - data.p
    factor, fallback = hartung_knapp(solution.q, df, inference)
    root = solution.root * math.sqrt(factor)
    error = np.sqrt((root * root).sum(axis=1))
    statistic = solution.estimate / error
    half = quantile(level, df) * error
    size = np.abs(statistic)
    p_value = 2.0 * (special.ndtr(-size) if df is None else special.stdtr(df, -size))
    return Coefficients(
        estimate=solution.estimate,
        std_error=error,
        statistic=statistic,
        p_value=np.asarray(p_value, dtype=np.float64),
        low=solution.estimate - half,
        high=solution.estimate + half,
        root=root,
        df=df,
        multiplier=factor,
        fallback=fallback,
    )


def omnibus_columns(x: Matrix) -> tuple[NDArray[np.intp], int | None]:
    """Return the columns that the omnibus test is about, and the intercept's (None where there is none).

    The intercept is a column of ones. Without one, or where it is the only column, all columns are tested.
    """
    ones = np.flatnonzero((x == 1.0).all(axis=0))
    if not ones.size:
        return np.arange(x.shape[1]), None
    at = int(ones[0])
    others = np.delete(np.arange(x.shape[1]), at)
    return (others if others.size else np.arange(1)), at


def residual_heterogeneity(data: Design, tau2: float | None) -> Heterogeneity:
    """Return the test of residual heterogeneity QE with I² and H² of what the moderators leave.

    Parameters
    ----------
    data : Design
        Effects, variances, moderators.
    tau2 : float or None
        I² and H² from this residual tau², as `evidence.numerics.intervals.heterogeneity` does, with the
        typical sampling variance ``(k - p) / tr P``; None takes them from QE.
    """
    now = data.sums(np.zeros(1))
    df, q = data.k - data.p, float(now.q1[0])
    typical = data.v_min * (df / float(now.tr_p[0]))
    if tau2 is None:
        h2 = q / df
        i2 = 100.0 * max(0.0, 1.0 - 1.0 / h2) if h2 > 0.0 else 0.0
    else:
        h2 = tau2 / typical + 1.0
        i2 = 100.0 * tau2 / (tau2 + typical)
    return Heterogeneity(q, df, float(special.chdtrc(df, q)), i2, h2, typical)


def explained(data: Design, estimator: str, tau2: float, qe: float) -> float | None:
    """Return R² in percent: the share of the between-study variance that the moderators account for.

    ``(tau²_RE - tau²_ME) / tau²_RE``, both by the same estimator, not below 0 (Raudenbush 2009). With a
    common-effect model (an empty estimator) the share of Q, adjusted for its degrees of freedom.

    Returns
    -------
    float or None
        None where there is no heterogeneity to explain.

    References
    ----------
    Raudenbush SW. Analyzing effect sizes: random-effects models. In: Cooper H, Hedges LV, Valentine JC (eds).
    The handbook of research synthesis and meta-analysis, 2nd ed. Russell Sage 2009, 295-315.
    Lopez-Lopez JA, Marin-Martinez F, Sanchez-Meca J, Van den Noortgate W, Viechtbauer W. Br J Math Stat
    Psychol 2014;67(1):30-48. https://doi.org/10.1111/bmsp.12002
    """
    mean_only = sample(data.y, data.v)
    if not estimator:
        total = float(mean_only.sums(np.zeros(1)).q1[0])
        if total == 0.0:
            return None
        return 100.0 * max(0.0, 1.0 - (qe / (data.k - data.p)) / (total / (data.k - 1)))
    whole = TAU2[estimator](mean_only).value
    return 100.0 * max(0.0, 1.0 - tau2 / whole) if whole > 0.0 else None


def best_linear_predictions(data: Design, solution: Solution, root: Matrix) -> tuple[Vector, Vector]:
    """Return each study's own true effect, shrunk to its fitted value, with standard errors.

    ``b_i = s y_i + (1 - s) x_i'b`` with ``s = tau² / (tau² + v_i)`` (Raudenbush & Bryk 1985); the variance is
    ``s v_i + (1 - s)² x_i' Cov(b) x_i``.

    References
    ----------
    Raudenbush SW, Bryk AS. Empirical Bayes meta-analysis. J Educ Stat 1985;10(2):75-98.
    https://doi.org/10.3102/10769986010002075
    """
    rest = data.v / (data.v + solution.tau2)
    own = solution.tau2 / (data.v + solution.tau2)
    mean = data.x @ root
    variance = own * data.v + rest * rest * (mean * mean).sum(axis=1)
    return solution.fitted + own * solution.residual, np.sqrt(variance)
