"""From intervals to verdicts: the rules by which a claim is supported, contradicted, or neither.

Everything here is a function of numbers: no rule knows a claim by its name. A finding is turned so that a
positive effect speaks for the claim's direction.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from evidence.errors import ModelError

__all__ = ["DEFAULT_EXPECTS", "EXPECTS", "VERDICTS", "Finding", "decide", "state_of"]

VERDICTS = ("supported", "contradicted", "mixed", "not tested", "not testable as stated")
"""The verdicts, as the documentation names them."""

EXPECTS: Mapping[str, tuple[str, ...]] = {
    "within": ("improves", "no_change"),
    "between": ("favours_e",),
    "association": ("association", "no_association"),
    "magnitude": ("larger",),
}
"""What a claim of each kind can expect."""

DEFAULT_EXPECTS = {kind: words[0] for kind, words in EXPECTS.items()}
"""What it expects where ``claims.csv`` does not say."""

_NONE = ("no_change", "no_association")

LEAST_STUDIES = 2
"""One study is printed, not pooled: it decides no general claim."""

LEAST_SHARE = 0.5
"""Share of the studies that tested the claim whose results have to be in the interval."""


@dataclass(frozen=True)
class Finding:
    """What the rows of one domain say, turned so that positive speaks for the claim's direction.

    Attributes
    ----------
    domain : str
        The domain (for a magnitude, the domains that are compared).
    estimate, low, high : float
        Effect with its interval; NaN and infinite where there is none.
    used : int
        Studies in the interval.
    tested : int
        Studies that tested it, in whatever form they report.
    rows : tuple of str
        The rows that bear on it.
    why : str
        Why there is no interval; empty where there is one.
    pointing : tuple of int
        Studies that point with the claim, against it, and those without a direction.
    ratio : int
        0 for effects that are printed as they are; for logarithms the ratio is ``exp(ratio * value)``.
    """

    domain: str
    estimate: float
    low: float
    high: float
    used: int
    tested: int
    rows: tuple[str, ...]
    why: str = ""
    pointing: tuple[int, int, int] = (0, 0, 0)
    ratio: int = 0

    def shown(self) -> tuple[float, float, float]:
        """Return effect and limits as printed, the lower limit first."""
        if not self.ratio:
            return self.estimate, self.low, self.high
        logs = [self.ratio * value for value in (self.estimate, self.low, self.high)]
        estimate, *ends = (math.inf if value > 700.0 else math.exp(value) for value in logs)
        return estimate, min(ends), max(ends)

    @property
    def bounded(self) -> bool:
        """Whether there is an interval, on one side at least."""
        return not (math.isinf(self.low) and math.isinf(self.high))


def state_of(finding: Finding, expects: str, margin: float) -> str:
    """Return what one domain says: ``"yes"``, ``"no"``, ``"open"``, ``"few"``, ``"blank"`` or ``"untested"``.

    Parameters
    ----------
    finding : Finding
        The domain's result.
    expects : str
        A word of `EXPECTS`.
    margin : float
        For "none" claims the largest effect that still counts as none; for the others the effect that has
        to be exceeded ("far more"), NaN for zero.

    Returns
    -------
    str
        ``"blank"``: tested, and nothing but words or directions to show for it. ``"few"``: the interval
        rests on one study, or on fewer than half of those that tested it. "None" is said only by an
        interval inside the margin, never by a lack of significance, and contradicted only by one wholly
        outside.
    """
    if not finding.tested:
        return "untested"
    if not finding.bounded:
        return "blank"
    low, high = finding.low, finding.high
    if expects in _NONE:
        inside, outside = -margin < low and high < margin, low > margin or high < -margin
        state = "yes" if inside else "no" if outside else "open"
    else:
        bar = 0.0 if math.isnan(margin) else margin
        state = "yes" if low > bar else "no" if high < bar else "open"
    thin = finding.used < LEAST_STUDIES or finding.used < LEAST_SHARE * finding.tested
    return "few" if thin and state != "open" else state


def decide(states: Sequence[str], expects: str, margin: float) -> tuple[str, str]:
    """Return the verdict on a claim and its reason code.

    Parameters
    ----------
    states : sequence of str
        One word a domain that the claim names, as from `state_of`.
    expects : str
        A word of `EXPECTS`.
    margin : float
        The margin; NaN where the claim gives none.

    Returns
    -------
    tuple of str
        Verdict and reason code. A claim of none in several domains ("only") falls with one counterexample.

    Raises
    ------
    ModelError
        Where the claim names no domain.
    """
    if not states:
        raise ModelError("a claim names at least one domain in its column domains")
    if expects in _NONE and math.isnan(margin):
        return "not testable as stated", "no_margin"
    tested = [state for state in states if state != "untested"]
    if not tested:
        return "not tested", "no_rows"
    found = set(tested)
    if expects in _NONE and "no" in found:
        return "contradicted", "counterexample" if len(found) > 1 else "outside_margin"
    if found == {"yes"}:
        return ("supported", "all") if len(tested) == len(states) else ("mixed", "partly_tested")
    if found == {"no"}:
        return "contradicted", "none_above"
    if found == {"blank"}:
        return "mixed", "no_interval"
    if found <= {"few", "blank"}:
        return "mixed", "few_studies"
    if found <= {"open", "few", "blank"}:
        return "mixed", "undecided"
    if "yes" in found:
        return "mixed", "some" if "no" not in found else "both_ways"
    return "mixed", "some_against"
