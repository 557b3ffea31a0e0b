"""Tests and intervals of a mixed model's coefficients: model-based or cluster-robust."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from evidence.errors import ModelError
from evidence.numerics.blocks import Structure
from evidence.numerics.intervals import quantile, two_sided_p
from evidence.numerics.linear import Wald, independent, wald
from evidence.numerics.multilevel import MixedFit
from evidence.numerics.robust import (
    ClusterSums,
    cluster_sums,
    htz,
    robust_covariance,
    satterthwaite,
)
from evidence.numerics.wls import Vector

__all__ = ["ROBUST", "Coefficient", "MixedInference", "Tests", "run_tests"]

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
class MixedInference:
    """Tests of any combination of a mixed model's coefficients; an `evidence.numerics.linear.Inference`.

    Attributes
    ----------
    estimate : Vector, shape (p,)
        Coefficients.
    root, model_root : Vector, shape (p, any) and (p, p)
        Roots of the covariance in use, and of the model's own.
    turn : Vector, shape (p, p)
        The coefficients are ``turn @ gamma``: those of moderators in which `sums` are.
    sums : ClusterSums or None
        What the clusters contribute to a robust covariance; None for the model-based one.
    own_df : bool
        Whether each combination has Satterthwaite degrees of freedom of its own.
    df : float
        Degrees of freedom otherwise.
    unit : float
        Unit of the effects in `sums`: on their own scale fourth powers may leave the range of numbers.
    """

    estimate: Vector
    root: Vector
    model_root: Vector
    turn: Vector
    sums: ClusterSums | None
    own_df: bool
    df: float
    unit: float = 1.0

    def df_of(self, weights: Vector) -> float:
        """Return the degrees of freedom of one combination."""
        if self.sums is None or not self.own_df:
            return self.df
        return satterthwaite(self.sums, weights @ self.turn)

    def joint(self, combinations: Vector) -> Wald:
        """Test that all combinations are zero: HTZ with CR2 and CR3, else F as the single tests are t."""
        if self.sums is None or not self.own_df:
            return wald(self.estimate, self.root, combinations, self.df)
        independent(combinations @ self.model_root)
        gamma: Vector = np.linalg.solve(self.turn, self.estimate).astype(np.float64)
        test = htz(self.sums, combinations @ self.turn, gamma / self.unit)
        return Wald(test.statistic, combinations.shape[0], test.df_denominator, test.p_value)


@dataclass(frozen=True)
class Tests:
    """Coefficients, what tests them, the joint test of the moderators, notes and sources."""

    coefficients: tuple[Coefficient, ...]
    inference: MixedInference
    vcov: Vector
    joint: Wald | None
    notes: tuple[str, ...]
    sources: tuple[str, ...]


def _coefficient(estimate: float, error: float, df: float, level: float) -> Coefficient:
    half = quantile(level, df) * error
    statistic = estimate / error
    p = two_sided_p(statistic, df)
    return Coefficient(estimate, error, df, statistic, p, estimate - half, estimate + half)


def run_tests(fit: MixedFit, robust: str | None, level: float, tested: Vector, names: Sequence[str]) -> Tests:
    """Test every coefficient, and some combinations together.

    Parameters
    ----------
    fit : MixedFit
        The model.
    robust : str or None
        One of `ROBUST`; None for the model-based covariance with J - p degrees of freedom.
    level : float
        Level of the intervals.
    tested : Vector, shape (m, p)
        Combinations of the joint test; none where m is 0.
    names : sequence of str, length p
        The coefficients, for messages.

    Returns
    -------
    Tests

    Raises
    ------
    ModelError
        Where there are not more clusters than coefficients, or one cluster alone tells a coefficient.
    """
    problem, p, unit = fit.problem, fit.beta.size, fit.problem.unit
    j = int(problem.structure.starts.size)
    if j <= p and robust not in _SATTERTHWAITE:
        raise ModelError(f"{p} coefficients need more than {p} groups of the outermost level; there are {j}")
    # In the turned moderators: the coefficients are turn @ gamma.
    x, root = problem.x @ problem.turn, problem.turn
    model_root = np.asarray(root @ np.linalg.cholesky(_turned(fit.covariance, root)), dtype=np.float64)
    sums, half, vcov, notes = None, model_root, fit.covariance, []
    if robust is not None:
        residual = problem.y - problem.x @ fit.beta
        kind = "CR1p" if robust == "CR1" else robust
        # In the unit of the fit, a power of two: the digits are those of the data's own unit.
        sums = cluster_sums(_in_unit(problem.structure, unit), fit.theta / unit**2, x, residual / unit, kind)
        half = unit * (root @ (sums.bread @ sums.scores.T))
        vcov = unit**2 * (root @ robust_covariance(sums) @ root.T)
    model_error = np.sqrt(np.diag(fit.covariance))
    error = np.sqrt(np.maximum(np.diag(vcov), 0.0))
    if np.any(error <= _IDENTICAL * model_error):
        sums, half, vcov, error = None, model_root, fit.covariance, model_error
        notes.append(
            "The model fits the effects exactly, which leaves the robust variance nothing to estimate from:"
            " standard errors are the model's."
        )
    own_df = sums is not None and robust in _SATTERTHWAITE
    inference = MixedInference(fit.beta, half, model_root, root, sums, own_df, float(max(j - p, 1)), unit)
    df = np.array([_df_of(inference, row, name) for row, name in zip(np.eye(p), names, strict=True)])
    if own_df and df.min() < _FEW:
        notes.append(
            f"With {df.min():.1f} degrees of freedom the robust interval is wide and its p value rough"
            " (Tipton 2015 advises against trusting it below 4): few studies carry the weight."
        )
    columns = zip(fit.beta.tolist(), error.tolist(), df.tolist(), strict=True)
    found = [_coefficient(*one, level) for one in columns]
    joint, more = _joint(inference, tested)
    return Tests(tuple(found), inference, vcov, joint, (*notes, *more), _SOURCES.get(robust or "", ()))


def _df_of(inference: MixedInference, row: Vector, name: str) -> float:
    """Return the degrees of freedom of a coefficient, which the message names where there are none.

    Raises
    ------
    ModelError
        Where one group alone tells the coefficient.
    """
    try:
        df = inference.df_of(row)
        if not df > 0.0:  # one group has all but the whole weight, and the rest is lost in rounding
            raise ModelError("no degrees of freedom")
        return df
    except ModelError:
        raise ModelError(
            f"{name} rests on one group of the outermost level alone, which leaves nothing to estimate a "
            "cluster-robust variance from; leave it out, or take robust=None (the model's standard errors)"
        ) from None


def _in_unit(structure: Structure, unit: float) -> Structure:
    square = unit**2
    blocks = None if structure.blocks is None else tuple(block / square for block in structure.blocks)
    return replace(structure, v=structure.v / square, blocks=blocks)


def _turned(covariance: Vector, turn: Vector) -> Vector:
    """Return the covariance in the turned moderators."""
    back: Vector = np.asarray(np.linalg.inv(turn), dtype=np.float64)
    square = back @ covariance @ back.T
    return np.asarray(0.5 * (square + square.T), dtype=np.float64)


def _joint(inference: MixedInference, tested: Vector) -> tuple[Wald | None, tuple[str, ...]]:
    """Return the joint test; none where nothing is tested, or the clusters are too few for it."""
    if not len(tested):
        return None, ()
    try:
        return inference.joint(tested), ()
    except ModelError as problem:
        return None, (f"No joint test of the moderators: {problem}.",)
