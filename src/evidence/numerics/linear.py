"""What follows from coefficients and a root of their covariance: joint tests, means, collinearity.

Nothing here asks which model the coefficients come from: weighted least squares, nested random effects or
several outcomes.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray
from scipy import linalg, special

from evidence.errors import ModelError
from evidence.numerics.intervals import quantile
from evidence.numerics.wls import Vector

__all__ = ["Inference", "Predictions", "Wald", "independent", "predict", "variance_inflation", "wald"]

Matrix = NDArray[np.float64]


@dataclass(frozen=True)
class Predictions:
    """Means at rows of moderators: estimate, standard error, interval, prediction interval.

    Attributes
    ----------
    mean, std_error, low, high, pred_low, pred_high : Vector, shape (n,)
        In the units of the effects.
    """

    mean: Vector
    std_error: Vector
    low: Vector
    high: Vector
    pred_low: Vector
    pred_high: Vector


@dataclass(frozen=True)
class Wald:
    """A joint test of several linear combinations of coefficients.

    Attributes
    ----------
    statistic : float
        Chi-squared, or F where `df2` is given.
    df : int
        Number of combinations.
    df2 : float or None
        Denominator degrees of freedom.
    p_value : float
    """

    statistic: float
    df: int
    df2: float | None
    p_value: float


class Inference(Protocol):
    """What a model knows of its coefficients: enough to test any combination of them."""

    @property
    def estimate(self) -> Vector:
        """Coefficients, (p,)."""
        ...

    @property
    def root(self) -> Matrix:
        """A root of the covariance in use, (p, any)."""
        ...

    @property
    def model_root(self) -> Matrix:
        """A root of the model's own covariance, which says how collinear the moderators are."""
        ...

    def df_of(self, weights: Vector) -> float | None:
        """Return the degrees of freedom of one combination, None for the normal."""
        ...

    def joint(self, combinations: Matrix) -> Wald:
        """Test that all combinations are zero."""
        ...


def independent(rooted: Matrix) -> tuple[Matrix, Vector]:
    """Return the triangular root of the correlation of combinations, and their standard errors.

    Parameters
    ----------
    rooted : Matrix, shape (m, q)
        Combinations times a root of the coefficients' covariance.

    Raises
    ------
    ModelError
        Where a combination follows from the others.
    """
    size = np.sqrt((rooted * rooted).sum(axis=1))
    if not (size > 0.0).all():
        raise ModelError("a combination of coefficients has only zeros as weights")
    triangle: Matrix = np.asarray(np.linalg.qr((rooted / size[:, None]).T, mode="r"))
    if rooted.shape[0] > rooted.shape[1] or np.abs(np.diagonal(triangle)).min() < 1e-12:
        raise ModelError("the combinations of coefficients depend on each other; leave one out")
    return triangle, size


def wald(estimate: Vector, root: Matrix, combinations: Matrix, df2: float | None) -> Wald:
    """Test that linear combinations of the coefficients are all zero.

    Parameters
    ----------
    estimate : Vector, shape (p,)
        Coefficients.
    root : Matrix, shape (p, p)
        Root of their covariance matrix.
    combinations : Matrix, shape (m, p)
        One combination a row, independent of each other.
    df2 : float or None
        Denominator degrees of freedom: F(m, df2) instead of chi-squared(m).

    Raises
    ------
    ModelError
        Where a combination follows from the others.
    """
    m = combinations.shape[0]
    # The covariance of the combinations is (C root)(C root)': its triangular root comes from a QR, never
    # from the product, so that near-collinear moderators do not lose twice their digits.
    rooted = combinations @ root
    triangle, size = independent(rooted)
    scaled = linalg.solve_triangular(triangle, (combinations @ estimate) / size, trans="T")
    chi2 = float(scaled @ scaled)
    if df2 is None:
        return Wald(chi2, m, None, float(special.chdtrc(m, chi2)))
    return Wald(chi2 / m, m, df2, float(special.fdtrc(m, df2, chi2 / m)))


def variance_inflation(root: Matrix, groups: list[NDArray[np.intp]], intercept: int | None) -> Vector:
    """Return the generalised variance inflation factor of each group of columns.

    With R the correlation matrix of the coefficients (the intercept left out), GVIF = |R_gg| |R_rest| / |R|;
    for a single column this is the usual VIF (Fox & Monette 1992).

    Parameters
    ----------
    root : Matrix, shape (p, p)
        Root of the coefficients' covariance matrix.
    groups : list of ndarray of int
        Columns of each group.
    intercept : int or None
        The column to leave out.

    References
    ----------
    Fox J, Monette G. Generalized collinearity diagnostics. J Am Stat Assoc 1992;87(417):178-183.
    https://doi.org/10.1080/01621459.1992.10475190
    """
    columns = np.array([j for j in range(root.shape[0]) if j != intercept], dtype=np.intp)

    def log_det(which: NDArray[np.intp]) -> float:
        """Return the log determinant of these coefficients' correlation matrix, by QR of its root."""
        if not which.size:
            return 0.0
        part = root[which]
        part = part / np.sqrt((part * part).sum(axis=1))[:, None]
        return 2.0 * float(np.log(np.abs(np.diagonal(np.linalg.qr(part.T, mode="r")))).sum())

    whole = log_det(columns)
    return np.array([math.exp(log_det(g) + log_det(np.setdiff1d(columns, g)) - whole) for g in groups])


def predict(
    x: Matrix,
    estimate: Vector,
    root: Matrix,
    *,
    tau2: float | Vector,
    level: float,
    df: Sequence[float | None],
    pred_df: Sequence[float | None],
) -> Predictions:
    """Return means with their intervals and prediction intervals at rows of moderators.

    Parameters
    ----------
    x : Matrix, shape (n, p)
        Moderators.
    estimate, root : Vector, Matrix
        Coefficients; root of their covariance matrix.
    tau2 : float or Vector, shape (n,)
        Variance of the true effects around the mean, for all rows or for each.
    level : float
        Level of both intervals.
    df, pred_df : sequence of float or None, length n
        Degrees of freedom of the t distribution of each row's interval and prediction interval, None for
        the normal.
    """
    mean, rooted = x @ estimate, x @ root
    error = np.sqrt((rooted * rooted).sum(axis=1))
    half = _quantiles(level, df) * error
    wide = _quantiles(level, pred_df) * np.hypot(np.sqrt(tau2), error)
    return Predictions(mean, error, mean - half, mean + half, mean - wide, mean + wide)


def _quantiles(level: float, df: Sequence[float | None]) -> Vector:
    known = {one: quantile(level, one) for one in set(df)}
    return np.array([known[one] for one in df])
