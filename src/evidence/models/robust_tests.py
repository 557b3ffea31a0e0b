"""Tests and intervals of a mixed model's coefficients: model-based or cluster-robust."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy import special

from evidence.errors import ModelError
from evidence.numerics.intervals import quantile, two_sided_p
from evidence.numerics.multilevel import MixedFit
from evidence.numerics.robust import (
    ClusterSums,
    Wald,
    cluster_sums,
    htz,
    robust_covariance,
    satterthwaite,
)
from evidence.numerics.wls import Vector

__all__ = ["ROBUST", "Coefficient", "Tests", "run_tests"]

ROBUST = ("CR2", "CR3", "CR1", "CR1S", "CR0")
"""Robust variances by name; CR1 has the factor J / (J - p)."""

_SATTERTHWAITE = ("CR2", "CR3")
_SOURCES = {
    "CR2": ("pustejovsky2022", "tipton2015", "pustejovsky2018"),
    "CR3": ("hedges2010", "pustejovsky2018"),
}
_IDENTICAL = 1e-10
_FEW = 4.0


@dataclass(frozen=True)
class Coefficient:
    """A coefficient with its test of zero and its interval."""

    estimate: float
    std_error: float
    df: float
    statistic: float
    p_value: float
    low: float
    high: float

    @property
    def line(self) -> tuple[float, ...]:
        """The numbers in the order of `tidy`."""
        return (
            self.estimate, self.std_error, self.df, self.statistic, self.p_value, self.low, self.high,
        )  # fmt: skip


@dataclass(frozen=True)
class Tests:
    """Coefficients, their covariance, the joint test of the moderators, notes and sources."""

    coefficients: tuple[Coefficient, ...]
    vcov: Vector
    joint: Wald | None
    notes: tuple[str, ...]
    sources: tuple[str, ...]


def _coefficient(estimate: float, error: float, df: float, level: float) -> Coefficient:
    half = quantile(level, df) * error
    statistic = estimate / error
    p = two_sided_p(statistic, df)
    return Coefficient(estimate, error, df, statistic, p, estimate - half, estimate + half)


def run_tests(fit: MixedFit, robust: str | None, level: float, intercept: int | None) -> Tests:
    """Test every coefficient, and all but the intercept together.

    Parameters
    ----------
    fit : MixedFit
        The model.
    robust : str or None
        One of `ROBUST`; None for the model-based covariance with J - p degrees of freedom.
    level : float
        Level of the intervals.
    intercept : int or None
        Column of the intercept.

    Returns
    -------
    Tests

    Raises
    ------
    ModelError
        Where there are not more clusters than coefficients.
    """
    problem, p = fit.problem, fit.beta.size
    j = int(problem.structure.starts.size)
    if j <= p and robust not in _SATTERTHWAITE:
        raise ModelError(f"{p} coefficients need more than {p} groups of the outermost level; there are {j}")
    # In the turned moderators: the coefficients are turn @ gamma.
    x, root = problem.x @ problem.turn, problem.turn
    sums, vcov, notes = None, fit.covariance, []
    if robust is not None:
        residual = problem.y - problem.x @ fit.beta
        kind = "CR1p" if robust == "CR1" else robust
        sums = cluster_sums(problem.structure, fit.theta, x, residual, kind)
        vcov = root @ robust_covariance(sums) @ root.T
    model_error = np.sqrt(np.diag(fit.covariance))
    error = np.sqrt(np.maximum(np.diag(vcov), 0.0))
    if np.any(error <= _IDENTICAL * model_error):
        sums, vcov, error = None, fit.covariance, model_error
        notes.append(
            "The model fits the effects exactly, which leaves the robust variance nothing to estimate from:"
            " standard errors are the model's."
        )
    df = np.full(p, float(max(j - p, 1)))
    if sums is not None and robust in _SATTERTHWAITE:
        df = np.array([satterthwaite(sums, row) for row in root])
        if df.min() < _FEW:
            notes.append(
                f"With {df.min():.1f} degrees of freedom the robust interval is wide and its p value rough"
                " (Tipton 2015 advises against trusting it below 4): few studies carry the weight."
            )
    columns = zip(fit.beta.tolist(), error.tolist(), df.tolist(), strict=True)
    found = [_coefficient(*one, level) for one in columns]
    joint, more = _joint(fit, sums, vcov, intercept, j)
    return Tests(tuple(found), vcov, joint, (*notes, *more), _SOURCES.get(robust or "", ()))


def _joint(
    fit: MixedFit, sums: ClusterSums | None, vcov: Vector, intercept: int | None, j: int
) -> tuple[Wald | None, tuple[str, ...]]:
    """Return the joint test of the moderators: HTZ where robust, else F; none for a mean alone."""
    p = fit.beta.size
    tested = [column for column in range(p) if column != intercept]
    if not tested or (p == 1 and intercept is None and np.all(fit.problem.x == 1.0)):
        return None, ()
    if sums is not None:
        try:
            gamma: Vector = np.linalg.solve(fit.problem.turn, fit.beta).astype(np.float64)
            return htz(sums, fit.problem.turn[tested], gamma), ()
        except ModelError as problem:
            return None, (f"No joint test of the moderators: {problem}.",)
    values = fit.beta[tested]
    m, df = len(tested), float(max(j - p, 1))
    statistic = float(values @ np.linalg.solve(vcov[np.ix_(tested, tested)], values)) / m
    return Wald(statistic, float(m), df, float(special.fdtrc(m, df, statistic))), ()
