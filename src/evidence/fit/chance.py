"""Which arm a result favours, and how far chance alone would explain that bare directions agree.

The likelihood's limit rests on the chi-square law of its deviance, which is poor where all that is known is
that a few studies point the same way: two coins agree half of the time, and the likelihood's limit is
then already on one side of zero. Such a limit is printed, but nothing is concluded from it until the exact
sign test allows it.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from evidence.fit.record import MetaFit

__all__ = ["chance_alone", "favoured"]


def chance_alone(fit: MetaFit) -> float | None:
    """Return the probability that bare directions all agree without any effect, where it is too large.

    Returns
    -------
    float or None
        2^(1-n) for n studies (clusters) that only point the same way, the p value of the exact two-sided sign
        test; None where it is at most one minus the fit's level, where the rows say more than a direction,
        and where the limit leaves zero in anyway.
    """
    above = fit.bound == "lower" and fit.conf_low is not None and fit.conf_low > 0.0
    below = fit.bound == "upper" and fit.conf_high is not None and fit.conf_high < 0.0
    if not (above or below) or fit.rows.empty:
        return None
    used = fit.rows.loc[fit.rows["used"].astype(bool)]
    low, high = used["low"].astype(float), used["high"].astype(float)
    upwards = bool(high.eq(math.inf).all() and low.le(0.0).all())
    downwards = bool(low.eq(-math.inf).all() and high.ge(0.0).all())
    if not (upwards or downwards):
        return None
    chance = 2.0 ** (1 - (fit.n_studies if fit.n_clusters is None else fit.n_clusters))
    # The level is a decimal fraction: 1 - 0.95 is a little more than 0.05 in binary.
    return chance if chance > 1.0 - fit.level + 1e-12 else None


def favoured(fit: MetaFit) -> Literal["first", "second", ""]:
    """Return which arm the interval allows to be named; positive values favour the first."""
    if chance_alone(fit) is not None:
        return ""
    if fit.conf_low is not None and fit.conf_low > 0.0:
        return "first"
    return "second" if fit.conf_high is not None and fit.conf_high < 0.0 else ""
