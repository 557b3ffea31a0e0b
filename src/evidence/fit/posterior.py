"""What the rows of a fit say under a prior."""

from __future__ import annotations

from dataclasses import dataclass

from evidence.fit.numbers import decimals, number
from evidence.fit.plain import plain

__all__ = ["Posterior"]


@dataclass(frozen=True, repr=False)
class Posterior:
    """The posterior of the mean effect and of the spread between studies.

    On the model scale, like the fit that holds it; `MetaFit.to_display` turns values into printed ones.

    Attributes
    ----------
    mean, sd, low, high : float
        Of the mean effect: posterior mean, standard deviation, and the interval of equal tails at `level`.
    tau_mean, tau_low, tau_high : float
        Of the standard deviation between studies.
    p_positive : float
        Probability that the mean effect favours the first arm.
    p_worthwhile : float
        Probability that it does so by more than the smallest worthwhile effect.
    p_new_positive : float
        Probability that the true effect in a new study favours the first arm.
    worthwhile, mean_sd, tau_scale : float
        The smallest worthwhile effect, and the prior: mean effect N(0, mean_sd²), tau half-normal.
    level : float
        Level of the intervals.
    """

    mean: float
    sd: float
    low: float
    high: float
    tau_mean: float
    tau_low: float
    tau_high: float
    p_positive: float
    p_worthwhile: float
    p_new_positive: float
    worthwhile: float
    mean_sd: float
    tau_scale: float
    level: float

    def __repr__(self) -> str:
        """Return the sentence."""
        return plain(self, self.sentence())

    def sentence(self) -> str:
        """Return the posterior as one plain line, its prior named."""
        places = decimals([self.mean, self.low, self.high])
        shown = [number(value, places) for value in (self.mean, self.low, self.high)]
        return (
            f"Under the prior (mean effect N(0, {self.mean_sd:g}²), tau half-normal {self.tau_scale:g}):"
            f" mean {shown[0]} ({100 * self.level:g} % interval {shown[1]} to {shown[2]}); the effect favours"
            f" the first arm with probability {percent(self.p_positive)}, by more than {self.worthwhile:g}"
            f" with {percent(self.p_worthwhile)}; a new study's effect does with"
            f" {percent(self.p_new_positive)}."
        )


def percent(p: float) -> str:
    """Return a probability in percent, never rounded to certainty."""
    if p < 0.005:
        return "below 0.5 %"
    if p > 0.995:
        return "above 99.5 %"
    return f"{100 * p:.0f} %"
