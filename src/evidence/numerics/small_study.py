"""Small-study effects in numbers: regressions of effects on their precision, and the rank test."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import special

from evidence.errors import ModelError
from evidence.numerics.design import dependencies, design
from evidence.numerics.regression import coefficients, solve
from evidence.numerics.tau2 import TAU2
from evidence.numerics.wls import Vector, sample, weighted_mean

__all__ = [
    "EXACT_RANKS",
    "FunnelRegression",
    "RankTest",
    "between_variance",
    "funnel_regression",
    "kendall_p",
    "peters_variances",
    "rank_test",
    "two_by_two_scores",
]

EXACT_RANKS = 500
"""Largest number of effects whose rank test is exact; the normal limit is within 1e-4 of it there."""


@dataclass(frozen=True)
class FunnelRegression:
    """A line through the funnel: effects on a measure of their (im)precision.

    Attributes
    ----------
    slope, slope_error, statistic, p_value : float
        Slope, its standard error, its test of zero: the test of funnel asymmetry.
    slope_low, slope_high : float
        Interval of the slope.
    intercept, intercept_error, intercept_p, intercept_low, intercept_high : float
        The line where the predictor is zero: for predictors that vanish with growing size (such as the
        standard error) the effect that a study without sampling error would show.
    df : float or None
        Degrees of freedom of t; None for the normal.
    tau2 : float
        Between-study variance that the line leaves; 0 where the model has none.
    dispersion : float
        Factor on the sampling variances; 1 but for the multiplicative model.
    """

    slope: float
    slope_error: float
    statistic: float
    p_value: float
    slope_low: float
    slope_high: float
    intercept: float
    intercept_error: float
    intercept_p: float
    intercept_low: float
    intercept_high: float
    df: float | None
    tau2: float
    dispersion: float


@dataclass(frozen=True)
class RankTest:
    """Kendall's rank correlation of standardised effects with their variances.

    Attributes
    ----------
    tau : float
        The correlation (tau-b where there are ties).
    p_value : float
        Two-sided.
    exact : bool
        Whether the p value is exact; by the normal distribution where there are ties, or above `EXACT_RANKS`.
    """

    tau: float
    p_value: float
    exact: bool


def between_variance(y: Vector, v: Vector, estimator: str) -> float:
    """Return tau² of a mean-only model: 0 for ``"EE"`` and for one effect."""
    return 0.0 if estimator == "EE" or y.size == 1 else TAU2[estimator](sample(y, v)).value


def funnel_regression(
    y: Vector, v: Vector, x: Vector, *, estimator: str = "lm", inference: str = "z", level: float = 0.95
) -> FunnelRegression:
    """Regress effects on a measure of their precision, with weights that include the sampling variances.

    Parameters
    ----------
    y, v, x : Vector, shape (k,)
        Effects, sampling variances, predictor.
    estimator : str, default "lm"
        ``"lm"``: weights 1/v and a variance factor estimated from the residuals (Egger's test, and Thompson
        & Sharp's multiplicative model), t with k - 2 df; ``"EE"``: weights 1/v, no factor; else the
        estimator of an additive tau².
    inference : {"z", "t", "HKSJ", "mHKSJ"}, default "z"
        As in `evidence.numerics.regression.coefficients`; not used by ``"lm"``.
    level : float, default 0.95
        Level of the intervals.

    Raises
    ------
    ModelError
        Where there are fewer than three effects, the predictor does not vary, or, with ``"lm"``, the effects
        lie exactly on a line.

    References
    ----------
    Egger M, et al. BMJ 1997;315:629-634. https://doi.org/10.1136/bmj.315.7109.629
    Sterne JAC, Egger M. In: Rothstein HR, et al (eds). Publication Bias in Meta-Analysis. Wiley, 2005,
    99-110.
    """
    if y.size < 3:
        raise ModelError(f"a line through the funnel needs at least three effects; got {y.size}")
    columns = np.column_stack([np.ones(y.size), x])
    if dependencies(columns):
        raise ModelError("the predictor is the same for every effect: there is no slope to test")
    data = design(y, v, columns)
    multiplicative = estimator == "lm"
    tau2 = 0.0 if multiplicative or estimator == "EE" else TAU2[estimator](data).value
    # With tau² = 0, Knapp & Hartung's factor Q / (k - p) is the residual variance of weighted least squares.
    found = coefficients(data, solve(data, tau2), "HKSJ" if multiplicative else inference, level)
    if multiplicative and found.fallback:
        raise ModelError(
            "the effects lie exactly on a line: there is no residual spread to test a slope against"
        )
    return FunnelRegression(
        slope=float(found.estimate[1]),
        slope_error=float(found.std_error[1]),
        statistic=float(found.statistic[1]),
        p_value=float(found.p_value[1]),
        slope_low=float(found.low[1]),
        slope_high=float(found.high[1]),
        intercept=float(found.estimate[0]),
        intercept_error=float(found.std_error[0]),
        intercept_p=float(found.p_value[0]),
        intercept_low=float(found.low[0]),
        intercept_high=float(found.high[0]),
        df=found.df,
        tau2=tau2,
        dispersion=found.multiplier,
    )


def rank_test(y: Vector, v: Vector) -> RankTest:
    """Correlate the ranks of standardised effects with those of their variances.

    Parameters
    ----------
    y, v : Vector, shape (k,)
        Effects and sampling variances.

    Raises
    ------
    ModelError
        Where there is one effect, or effects or variances are all the same.

    References
    ----------
    Begg CB, Mazumdar M. Biometrics 1994;50:1088-1101. https://doi.org/10.2307/2533446
    """
    if y.size < 2:
        raise ModelError("a rank correlation needs at least two effects")
    mean = weighted_mean(sample(y, v))
    standardised = mean.residual / np.sqrt(v * mean.spare)
    if np.ptp(v) == 0.0 or np.ptp(standardised) == 0.0:
        same = "variances" if np.ptp(v) == 0.0 else "effects"
        raise ModelError(f"all {same} are the same: there are no ranks to correlate")
    return _kendall(standardised, v)


def _kendall(x: Vector, y: Vector) -> RankTest:
    k = x.size
    score = sum(float(np.sign(x[i + 1 :] - x[i]) @ np.sign(y[i + 1 :] - y[i])) for i in range(k - 1))
    pairs = k * (k - 1) / 2.0
    first, second = _ties(x), _ties(y)
    tau = score / math.sqrt((pairs - _choose(first, 2)) * (pairs - _choose(second, 2)))
    if not first.size and not second.size and k <= EXACT_RANKS:
        return RankTest(tau, kendall_p(round((score + pairs) / 2.0), k), True)
    return RankTest(
        tau, 2.0 * float(special.ndtr(-abs(score) / math.sqrt(_variance(k, first, second)))), False
    )


def _ties(x: Vector) -> Vector:
    """Return the sizes of the groups of equal values."""
    sizes = np.unique(x, return_counts=True)[1]
    return np.asarray(sizes[sizes > 1], dtype=np.float64)


def _choose(sizes: Vector, depth: int) -> float:
    """Return the number of pairs, or of triples, within the groups."""
    product = sizes * (sizes - 1.0)
    return float((product if depth == 2 else product * (sizes - 2.0)).sum()) / math.factorial(depth)


def _variance(k: int, first: Vector, second: Vector) -> float:
    """Return the variance of Kendall's score under independence, with ties (Kendall 1970, chapter 4)."""

    def spread(sizes: Vector) -> float:
        return float((sizes * (sizes - 1.0) * (2.0 * sizes + 5.0)).sum())

    plain = (k * (k - 1.0) * (2.0 * k + 5.0) - spread(first) - spread(second)) / 18.0
    pairs = 4.0 * _choose(first, 2) * _choose(second, 2) / (2.0 * k * (k - 1.0))
    if k < 3:
        return plain + pairs
    triples = 36.0 * _choose(first, 3) * _choose(second, 3) / (9.0 * k * (k - 1.0) * (k - 2.0))
    return plain + pairs + triples


def kendall_p(concordant: int, k: int) -> float:
    """Return the exact two-sided p of a number of concordant pairs among k untied values.

    Parameters
    ----------
    concordant : int
        Concordant pairs, between 0 and k (k - 1) / 2.
    k : int
        Number of values.
    """
    top = k * (k - 1) // 2
    reach = min(concordant, top - concordant)
    chance: NDArray[np.float64] = np.zeros(reach + 1)
    chance[0] = 1.0
    # The n-th value adds 0 to n - 1 pairs, each as likely: a moving mean of n neighbours.
    for n in range(2, k + 1):
        total = np.cumsum(chance)
        total[n:] -= total[:-n].copy() if n <= reach else 0.0
        chance = total / n
    return min(1.0, 2.0 * float(chance.sum()))


def two_by_two_scores(a: Vector, b: Vector, c: Vector, d: Vector) -> tuple[Vector, Vector]:
    """Return the efficient score divided by its variance, and one over that variance, for each 2×2 table.

    Parameters
    ----------
    a, b, c, d : Vector, shape (k,)
        Events and non-events of the first arm, then of the second.

    Returns
    -------
    tuple of Vector
        ``Z / V`` (close to a log odds ratio) and ``1 / V``; Egger's line through these is Harbord's test.

    Raises
    ------
    ModelError
        Where a table has no events at all, or nothing but events.

    References
    ----------
    Harbord RM, Egger M, Sterne JAC. Stat Med 2006;25:3443-3457. https://doi.org/10.1002/sim.2380
    """
    first, second, events = a + b, c + d, a + c
    n = first + second
    information = first * second * events * (n - events) / (n * n * (n - 1.0))
    if not (information > 0.0).all():
        raise ModelError("a table without any events, or without any non-events, has no score to test")
    return (a - first * events / n) / information, 1.0 / information


def peters_variances(a: Vector, b: Vector, c: Vector, d: Vector) -> Vector:
    """Return ``1 / events + 1 / non-events`` of each 2×2 table, the inverse weights of Peters' test.

    References
    ----------
    Peters JL, et al. JAMA 2006;295:676-680. https://doi.org/10.1001/jama.295.6.676
    """
    return 1.0 / (a + c) + 1.0 / (b + d)
