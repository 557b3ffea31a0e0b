"""Intervals of the intercept-only random-effects model: mean, tau², a new study's effect."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from scipy import special

from evidence.numerics.roots import crossing
from evidence.numerics.tau2 import log_likelihood, maximise, solve_q
from evidence.numerics.wls import KnownMean, Problem, Sample, weighted_mean

__all__ = [
    "INFERENCE",
    "Heterogeneity",
    "Interval",
    "MeanInference",
    "chi2_quantile",
    "hartung_knapp",
    "heterogeneity",
    "mean_inference",
    "prediction_about",
    "prediction_interval",
    "profile_mean",
    "profile_tau2",
    "q_profile",
    "quantile",
    "two_sided_p",
    "wald_interval",
]

INFERENCE = ("z", "t", "HKSJ", "mHKSJ", "profile")
"""How the mean's interval is made; see `mean_inference` and `profile_mean`."""


@dataclass(frozen=True)
class Interval:
    """An interval; `empty` where the data are more alike than any value of the parameter explains."""

    low: float
    high: float
    empty: bool = False


@dataclass(frozen=True)
class Heterogeneity:
    """Cochran's Q with its p value, I² in percent, H², and the typical sampling variance behind them."""

    q: float
    df: int
    p_value: float
    i2: float
    h2: float
    typical: float

    def at(self, tau2: float) -> tuple[float, float]:
        """Return I² in percent and H² at another tau², such as an end of its interval."""
        if math.isinf(tau2):
            return 100.0, math.inf
        return 100.0 * tau2 / (tau2 + self.typical), tau2 / self.typical + 1.0


@dataclass(frozen=True)
class MeanInference:
    """The mean with its test and interval.

    Attributes
    ----------
    estimate, std_error, statistic, p_value, low, high : float
        In the units of the effects; the test is of a mean of zero.
    df : int or None
        Degrees of freedom of the t distribution, None for the normal.
    multiplier : float
        Hartung & Knapp's variance factor in use (1 for z and t).
    fallback : bool
        Whether HKSJ met identical effects, whose factor is zero, and used 1 instead.
    """

    estimate: float
    std_error: float
    statistic: float
    p_value: float
    low: float
    high: float
    df: int | None
    multiplier: float = 1.0
    fallback: bool = False


def quantile(level: float, df: float | None) -> float:
    """Return the two-sided critical value of the normal (`df` None) or the t distribution."""
    tail = 0.5 * (1.0 - level)
    return float(-special.ndtri(tail) if df is None else -special.stdtrit(df, tail))


def chi2_quantile(level: float, df: int = 1) -> float:
    """Return the value that a chi-squared variable stays below with probability `level`."""
    return float(special.chdtri(df, 1.0 - level))


def two_sided_p(statistic: float, df: float | None) -> float:
    """Return the two-sided p value of a statistic under the normal or the t distribution."""
    size = abs(statistic)
    return float(2.0 * (special.ndtr(-size) if df is None else special.stdtr(df, -size)))


def heterogeneity(data: Sample, tau2: float | None = None) -> Heterogeneity:
    """Return Q, I² and H².

    Parameters
    ----------
    data : Sample
        Effects and variances, k at least 2.
    tau2 : float, optional
        I² and H² from this tau²: ``tau² / (tau² + s²)`` and ``tau² / s² + 1`` with s² the typical sampling
        variance (Higgins & Thompson 2002). Without it from Q.

    References
    ----------
    Higgins JPT, Thompson SG. Quantifying heterogeneity in a meta-analysis. Stat Med
    2002;21(11):1539-1558. https://doi.org/10.1002/sim.1186
    """
    common = weighted_mean(data)
    df = data.k - 1
    if tau2 is None:
        h2 = common.q / df
        i2 = 100.0 * max(0.0, 1.0 - 1.0 / h2) if h2 > 0.0 else 0.0
    else:
        h2 = tau2 / common.typical_variance + 1.0
        i2 = 100.0 * tau2 / (tau2 + common.typical_variance)
    p_value = float(special.chdtrc(df, common.q))
    return Heterogeneity(common.q, df, p_value, i2, h2, common.typical_variance)


def mean_inference(data: Sample, tau2: float, inference: str, level: float) -> MeanInference:
    """Return the mean's test and Wald-type interval.

    Parameters
    ----------
    data : Sample
        Effects and variances.
    tau2 : float
        Between-study variance.
    inference : {"z", "t", "HKSJ", "mHKSJ"}
        Normal; t with k - 1 df; t with the variance times ``Q(tau²) / (k - 1)`` (Hartung & Knapp 2001;
        Sidik & Jonkman 2002); the same with a factor of at least 1 (Knapp & Hartung 2003).
    level : float
        Confidence level.

    References
    ----------
    Hartung J, Knapp G. Stat Med 2001;20(24):3875-3889. https://doi.org/10.1002/sim.1009
    Sidik K, Jonkman JN. Stat Med 2002;21(21):3153-3159. https://doi.org/10.1002/sim.1262
    Knapp G, Hartung J. Stat Med 2003;22(17):2693-2710. https://doi.org/10.1002/sim.1482
    """
    fit = weighted_mean(data, tau2)
    df = None if inference == "z" or data.k == 1 else data.k - 1
    factor, fallback = hartung_knapp(fit.q, df, inference)
    return wald_interval(fit.estimate, fit.std_error * math.sqrt(factor), df, level, factor, fallback)


def hartung_knapp(q: float, df: int | None, inference: str) -> tuple[float, bool]:
    """Return Hartung & Knapp's variance factor, and whether it had to be replaced by 1.

    Parameters
    ----------
    q : float
        Q(tau²) of the model in use.
    df : int or None
        Its degrees of freedom; None under the normal, where the factor is 1.
    inference : str
        As in `mean_inference`.
    """
    if df is None or inference not in ("HKSJ", "mHKSJ"):
        return 1.0, False
    factor = q / df
    if inference == "mHKSJ":
        return max(factor, 1.0), False
    # Identical effects leave no spread to estimate a variance from: an interval of no width would claim
    # certainty, so the factor is 1, the interval that `t` gives.
    return (1.0, True) if factor < 1e-20 else (factor, False)


def wald_interval(
    estimate: float,
    error: float,
    df: int | None,
    level: float,
    multiplier: float = 1.0,
    fallback: bool = False,
) -> MeanInference:
    """Return test and interval from an estimate and its standard error."""
    half = quantile(level, df) * error
    statistic = estimate / error
    return MeanInference(
        estimate,
        error,
        statistic,
        two_sided_p(statistic, df),
        estimate - half,
        estimate + half,
        df,
        multiplier,
        fallback,
    )


def prediction_interval(
    estimate: float, std_error: float, tau2: float, df: float | None, level: float
) -> Interval:
    """Return the interval for the true effect of a new study: ``estimate ± q sqrt(tau² + se²)``.

    References
    ----------
    Higgins JPT, Thompson SG, Spiegelhalter DJ. A re-evaluation of random-effects meta-analysis.
    J R Stat Soc A 2009;172(1):137-159. https://doi.org/10.1111/j.1467-985X.2008.00552.x
    """
    half = quantile(level, df) * math.hypot(math.sqrt(tau2), std_error)
    return Interval(estimate - half, estimate + half)


def prediction_about(
    estimate: float, std_error: float, tau2: float, df: int | None, level: float, mean: Interval
) -> Interval:
    """Return the prediction interval where the mean's own interval is not ``estimate ± q se``.

    A profile interval can be lopsided, and wider than the curvature at the maximum says. On each side the
    uncertainty of the mean is its own half-width, or ``q se`` where that is larger, combined with
    ``q tau`` as in `prediction_interval`: so the prediction interval always holds the interval of the mean.

    References
    ----------
    Zou GY, Donner A. Construction of confidence limits about effect measures: a general approach. Stat Med
    2008;27(10):1693-1702 (limits of a sum from the limits of its parts). https://doi.org/10.1002/sim.3095
    """
    q = quantile(level, df)
    spread, least = q * math.sqrt(tau2), q * std_error
    below = math.hypot(max(estimate - mean.low, least), spread)
    above = math.hypot(max(mean.high - estimate, least), spread)
    return Interval(estimate - below, estimate + above)


def q_profile(data: Problem, level: float) -> Interval:
    """Return the Q-profile interval of tau² (Viechtbauer 2007), each end the exact root of Q(t).

    Where Q(0) lies below even the lower critical value the interval is empty; it is returned as
    [0, 0] and marked.

    References
    ----------
    Viechtbauer W. Confidence intervals for the amount of heterogeneity in meta-analysis. Stat Med
    2007;26(1):37-52. https://doi.org/10.1002/sim.2514
    """
    tail, df = 0.5 * (1.0 - level), data.k - data.p
    upper_value, lower_value = float(special.chdtri(df, tail)), float(special.chdtri(df, 1.0 - tail))
    high = solve_q(data, lower_value).value
    if high == 0.0:
        return Interval(0.0, 0.0, empty=True)
    return Interval(solve_q(data, upper_value).value, high)


def profile_tau2(data: Problem, tau2: float, level: float, *, restricted: bool = False) -> Interval:
    """Return the profile-likelihood interval of tau² around its (restricted) maximum.

    References
    ----------
    Hardy RJ, Thompson SG. A likelihood approach to meta-analysis with random effects. Stat Med 1996;
    15(6):619-629. https://doi.org/10.1002/(SICI)1097-0258(19960330)15:6<619::AID-SIM188>3.0.CO;2-A
    """
    top = log_likelihood(data, tau2, restricted=restricted)
    critical = chi2_quantile(level)

    def deviance(t: float) -> tuple[float, float]:
        now = data.sums(np.array([t]))
        trace = now.tr_p if restricted else now.s1
        slope = float((trace[0] - now.q2[0]) / now.unit[0])
        return 2.0 * (top - log_likelihood(data, t, restricted=restricted)), slope

    low = 0.0
    if tau2 > 0.0 and deviance(0.0)[0] > critical:
        low = crossing(deviance, tau2, 0.5 * tau2, critical, limit=0.0)
    return Interval(low, crossing(deviance, tau2, 2.0 * tau2 + data.v_min, critical))


def profile_mean(data: Sample, tau2: float, level: float) -> MeanInference:
    """Return the likelihood-ratio test and profile-likelihood interval of the mean under ML.

    Parameters
    ----------
    data : Sample
        Effects and variances.
    tau2 : float
        The maximum-likelihood estimate.
    level : float
        Confidence level.

    Returns
    -------
    MeanInference
        `std_error` is the model's, ``1 / sqrt(sum of weights)``; `statistic` is the signed root of the
        likelihood ratio against zero.

    References
    ----------
    Hardy RJ, Thompson SG 1996 (see `profile_tau2`).
    """
    fit = weighted_mean(data, tau2)
    top, critical = log_likelihood(data, tau2), chi2_quantile(level)

    def deviance(mean: float) -> tuple[float, float]:
        known = KnownMean(data, mean)
        t = maximise(known).value
        weights = 1.0 / (data.v + t)
        return 2.0 * (top - log_likelihood(known, t)), 2.0 * float(weights @ (mean - data.y))

    half = math.sqrt(critical) * fit.std_error
    ends = [crossing(deviance, fit.estimate, fit.estimate + side * half, critical) for side in (-1.0, 1.0)]
    statistic = math.copysign(math.sqrt(max(deviance(0.0)[0], 0.0)), fit.estimate)
    return MeanInference(
        fit.estimate, fit.std_error, statistic, two_sided_p(statistic, None), ends[0], ends[1], None
    )
