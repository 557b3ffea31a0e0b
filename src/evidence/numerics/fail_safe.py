"""Fail-safe numbers, and the test whether more results are significant than the studies' power explains."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from scipy import special

from evidence.errors import ModelError
from evidence.numerics.small_study import between_variance
from evidence.numerics.wls import Vector, sample, weighted_mean

__all__ = [
    "ExcessSignificance",
    "FailSafe",
    "at_least",
    "excess_significance",
    "orwin",
    "rosenberg",
    "rosenthal",
]


@dataclass(frozen=True)
class FailSafe:
    """A fail-safe number.

    Attributes
    ----------
    number : int
        How many further studies it would take.
    p_value : float or None
        Of the present studies together: one-sided (Rosenthal), two-sided (Rosenberg); None for Orwin.
    mean : float or None
        Mean of the present effects; None for Rosenthal, who has none.
    target : float or None
        The mean that the further studies would leave (Orwin).
    """

    number: int
    p_value: float | None
    mean: float | None
    target: float | None


def _above(number: float) -> int:
    """Return the next whole number; one that rounding alone carries past a whole number is that number."""
    return max(0, math.ceil(number - 1e-10 * max(number, 1.0)))


def rosenthal(y: Vector, v: Vector, alpha: float = 0.05) -> FailSafe:
    """Return how many null results bring the sum of z scores down to a one-sided `alpha`.

    References
    ----------
    Rosenthal R. Psychol Bull 1979;86:638-641. https://doi.org/10.1037/0033-2909.86.3.638
    """
    z = abs(float((y / np.sqrt(v)).sum())) / math.sqrt(y.size)
    number = y.size * (z / float(special.ndtri(1.0 - alpha))) ** 2 - y.size
    return FailSafe(_above(number), float(special.ndtr(-z)), None, None)


def orwin(y: Vector, v: Vector, target: float | None = None, *, weighted: bool = True) -> FailSafe:
    """Return how many studies with no effect bring the mean down to a target.

    Parameters
    ----------
    y, v : Vector, shape (k,)
        Effects and sampling variances.
    target : float, optional
        On the scale of the effects, of the sign of their mean; half the mean without it.
    weighted : bool, default True
        Whether the mean has inverse-variance weights, the further studies then having the average weight.

    Raises
    ------
    ModelError
        Where the target is zero or has the other sign.

    References
    ----------
    Orwin RG. J Educ Stat 1983;8:157-159. https://doi.org/10.3102/10769986008002157
    """
    mean = weighted_mean(sample(y, v)).estimate if weighted else float(y.mean())
    goal = mean / 2.0 if target is None else float(target)
    if mean == 0.0:
        return FailSafe(0, None, mean, goal)
    if not goal / mean > 0.0:
        raise ModelError(
            f"target must have the sign of the mean ({mean:.4g}) and differ from zero, which no number of"
            f" studies without effect can reach; got {goal:g}"
        )
    return FailSafe(_above(y.size * (mean / goal - 1.0)), None, mean, goal)


def rosenberg(y: Vector, v: Vector, alpha: float = 0.05) -> FailSafe:
    """Return how many null results of average weight bring the common-effect mean to a two-sided `alpha`.

    References
    ----------
    Rosenberg MS. Evolution 2005;59:464-468. https://doi.org/10.1111/j.0014-3820.2005.tb01004.x
    """
    mean = weighted_mean(sample(y, v))
    z = abs(mean.estimate / mean.std_error)
    number = y.size * (z / float(special.ndtri(1.0 - alpha / 2.0))) ** 2 - y.size
    return FailSafe(_above(number), 2.0 * float(special.ndtr(-z)), mean.estimate, None)


@dataclass(frozen=True)
class ExcessSignificance:
    """Significant results observed and expected.

    Attributes
    ----------
    significant : ndarray of bool, shape (k,)
        Which results are significant, two-sided.
    power : Vector, shape (k,)
        Chance of each to be so, given mean and tau².
    observed : int
        Significant results.
    expected : float
        Sum of the chances.
    p_value, p_chi2 : float
        One-sided, of as many or more: exact (sum of unlike chances), and by chi-squared (NaN where
        every result, or none, is expected to be significant).
    mean, tau2 : float
        The model.
    """

    significant: np.ndarray
    power: Vector
    observed: int
    expected: float
    p_value: float
    p_chi2: float
    mean: float
    tau2: float


def excess_significance(
    y: Vector, v: Vector, *, model: str = "REML", alpha: float = 0.05
) -> ExcessSignificance:
    """Compare the number of significant results with what their power lets expect.

    Parameters
    ----------
    y, v : Vector, shape (k,)
        Effects and sampling variances.
    model : str, default "REML"
        Estimator of tau², ``"EE"`` for a common effect.
    alpha : float, default 0.05
        Two-sided level at which a result counts as significant.

    References
    ----------
    Ioannidis JPA, Trikalinos TA. Clin Trials 2007;4:245-253. https://doi.org/10.1177/1740774507079441
    """
    tau2 = between_variance(y, v, model)
    mean = weighted_mean(sample(y, v), tau2).estimate
    error = np.sqrt(v)
    significant = 2.0 * special.ndtr(-np.abs(y / error)) <= alpha
    limit, spread = -float(special.ndtri(alpha / 2.0)) * error, np.sqrt(v + tau2)
    power = special.ndtr((mean - limit) / spread) + special.ndtr((-limit - mean) / spread)
    observed, expected, k = int(significant.sum()), float(power.sum()), y.size
    p_chi2 = math.nan
    if 0.0 < expected < k:
        root = (observed - expected) / math.sqrt(expected * (k - expected) / k)
        p_chi2 = float(special.ndtr(-root))
    return ExcessSignificance(
        significant, power, observed, expected, at_least(power, observed), p_chi2, mean, tau2
    )


def at_least(chances: Vector, number: int) -> float:
    """Return the chance that at least `number` of independent events with unlike chances happen."""
    counts = np.zeros(chances.size + 1)
    counts[0] = 1.0
    for chance in chances:
        counts[1:] = counts[1:] * (1.0 - chance) + counts[:-1] * chance
        counts[0] *= 1.0 - chance
    return min(1.0, float(counts[number:].sum()))
