"""What the families of measures share: rules for columns, ways back to a readable scale, small formulas."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from scipy import special

from evidence.effects.formulas import Floats, hedges_j, t_from_p
from evidence.effects.measures.record import Back, Given, Rule

__all__ = [
    "ADDED",
    "CORRELATION",
    "COUNT",
    "EXP",
    "NUMBER",
    "P_VALUE",
    "SD",
    "SHARE",
    "SIZE_1",
    "SIZE_2",
    "TANH",
    "TIME",
    "average",
    "corrected",
    "filled",
    "normal_density",
    "rule",
    "signed_t",
    "smd_unbiased",
]

ADDED = 0.5
"""What the field adds to counts where one of them is zero."""


def rule(text: str, test: Callable[[Floats], np.ndarray]) -> Rule:
    """Return a rule for finite numbers that pass a test."""
    return Rule(text, lambda x: np.isfinite(x) & test(x))


NUMBER = Rule("a value is a finite number", np.isfinite)
SD = rule("a standard deviation is positive", lambda x: x > 0)
SIZE_2 = rule("a group has at least 2 people", lambda x: x >= 2)
SIZE_1 = rule("a group has at least 1 person", lambda x: x >= 1)
COUNT = rule("a count is 0 or more", lambda x: x >= 0)
TIME = rule("a person-time is positive", lambda x: x > 0)
SHARE = rule("a share lies between 0 and 1", lambda x: (x >= 0) & (x <= 1))
CORRELATION = rule("a correlation lies between -1 and 1", lambda x: np.abs(x) <= 1)
P_VALUE = rule(
    "a two-sided p value is above 0 and at most 1, its sign that of the effect (a p printed as 0.000 is"
    " a limit, not a value)",
    lambda x: (np.abs(x) > 0) & (np.abs(x) <= 1),
)

EXP = Back("ratio", "exp(y)", np.exp)
TANH = Back("correlation", "tanh(y)", np.tanh)


def average(values: Floats, weights: Floats) -> np.floating:
    """Return the weighted mean over the rows that have a value (forms "AV" borrow strength over rows)."""
    known = np.isfinite(values) & np.isfinite(weights)
    return np.float64(np.sum(values[known] * weights[known]) / np.sum(weights[known]))


def corrected(x: Given, df: Floats) -> Floats:
    """Return the factor J at `df`, 1 where the caller wants no correction, NaN where J does not exist."""
    if not x.correct:
        return np.ones_like(df)
    return np.where(df > 1, hedges_j(df), np.nan)


def smd_unbiased(g: Floats, spread: Floats, j: Floats, df: Floats) -> Floats:
    """Return the unbiased estimate of the variance of a standardised difference.

    `spread` is the variance of the difference of means in standard deviations (1/n1 + 1/n2 between groups).

    References
    ----------
    Viechtbauer W (2007). Approximate confidence intervals for standardized effect sizes in the
    two-independent and two-dependent samples design. J Educ Behav Stat 32:39-60. doi:10.3102/1076998606298034
    """
    return spread + (1 - (df - 2) / (df * j**2)) * g**2


def signed_t(p: Floats, df: Floats) -> Floats:
    """Return t for a two-sided p value that carries the sign of the effect."""
    return np.sign(p) * t_from_p(np.abs(p), df)


def filled(first: Floats, *others: Floats) -> Floats:
    """Return the first value that each row has."""
    out = first
    for other in others:
        out = np.where(np.isnan(out), other, out)
    return out


def normal_density(z: Floats) -> Floats:
    """Return the standard normal density."""
    return np.asarray(np.exp(-(z**2) / 2) / np.sqrt(2 * np.pi))


LOGISTIC = Back("share", "1 / (1 + exp(-y))", special.expit)
SINE = Back("share", "sin(y)²", lambda y: np.sin(y) ** 2)
PROBIT = Back("share", "Φ(y)", special.ndtr)
SQUARE = Back("rate", "y²", np.square)
