"""What one row says as an effect: the record that the rules of reading return."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace

from evidence.effects.formulas import Floats

__all__ = [
    "VARIANCE_ONLY",
    "WITHIN_ARMS_ONLY",
    "Verdict",
    "exact",
    "interval",
    "sign_only",
    "symmetric",
    "unusable",
]

WITHIN_ARMS_ONLY = "each arm was only compared with its own baseline: no comparison of the arms (rule b)"
"""Why a result within the arms is unusable: significance in one arm and not in the other compares nothing
(Gelman & Stern 2006, doi:10.1198/000313006X152649)."""


VARIANCE_ONLY = "(variance only)"
"""Ends an assumption that leaves the estimate alone."""


@dataclass(frozen=True)
class Verdict:
    """An effect on the model scale, positive in favour of the first arm, with its derivation.

    Numbers that the print does not determine are NaN; `low` and `high` may be infinite. A ratio is printed
    as ``exp(display_sign * estimate)``. `metric_scale` says whose scores the numbers speak of (``"raw"``,
    ``"change"``, ``"ancova"``; blank where that is no question). `recompute` gives the estimate anew from the
    printed columns `cells` of which it is made: for the range that their rounding leaves. `code` is that of
    the derivation.
    """

    kind: str
    estimate: float = math.nan
    variance: float = math.nan
    low: float = math.nan
    high: float = math.nan
    derived_from: str = ""
    formula: str = ""
    assumptions: tuple[str, ...] = ()
    alternatives: tuple[str, ...] = ()
    reason: str = ""
    rules: frozenset[str] = field(default_factory=frozenset)
    display_sign: int = 1
    metric_scale: str = ""
    code: str = ""
    cells: tuple[str, ...] = ()
    recompute: Callable[[Mapping[str, Floats]], Floats] | None = field(
        default=None, repr=False, compare=False
    )

    @property
    def sign(self) -> float:
        """Side of zero that the row is known to lie on; 0 where it is not known."""
        if self.kind == "unusable":
            return 0.0
        if self.kind == "exact":
            return math.copysign(1.0, self.estimate) if self.estimate != 0 else 0.0
        return 1.0 if self.low >= 0 else -1.0 if self.high <= 0 else 0.0

    @property
    def cost(self) -> tuple[int, int]:
        """Return how many assumptions move the estimate, and how many there are in all."""
        moving = sum(not text.endswith(VARIANCE_ONLY) for text in self.assumptions)
        return moving, len(self.assumptions)

    def plus(
        self, *, rules: set[str] | frozenset[str] = frozenset(), assumptions: tuple[str, ...] = ()
    ) -> Verdict:
        """Return the verdict with more rules and assumptions."""
        fresh = tuple(text for text in assumptions if text and text not in self.assumptions)
        return replace(self, rules=self.rules | rules, assumptions=self.assumptions + fresh)


def exact(
    estimate: float, variance: float, derived_from: str, formula: str, *, assumptions: tuple[str, ...] = ()
) -> Verdict:
    """Return a verdict whose effect is known."""
    estimate += 0.0  # a flipped zero prints as -0
    return Verdict("exact", estimate, variance, estimate, estimate, derived_from, formula, assumptions)


def interval(
    low: float,
    high: float,
    variance: float,
    derived_from: str,
    formula: str,
    *,
    assumptions: tuple[str, ...] = (),
) -> Verdict:
    """Return a verdict whose effect is known to lie between two bounds."""
    return Verdict("interval", math.nan, variance, low, high, derived_from, formula, assumptions)


def symmetric(
    size: float, variance: float, derived_from: str, formula: str, *, assumptions: tuple[str, ...] = ()
) -> Verdict:
    """Return the interval of an effect whose size is known and whose sign is not (rule c)."""
    bound = abs(size)
    note = (*assumptions, "the print does not say which arm the sign favours")
    verdict = interval(-bound, bound, variance, derived_from, formula, assumptions=note)
    return verdict.plus(rules={"c"})


def sign_only(side: float, variance: float, reason: str, *, assumptions: tuple[str, ...] = ()) -> Verdict:
    """Return a verdict that knows its side of zero and nothing else."""
    low, high = (0.0, math.inf) if side > 0 else (-math.inf, 0.0)
    formula = "effect > 0" if side > 0 else "effect < 0"
    return Verdict(
        "sign", math.nan, variance, low, high, "printed direction", formula, assumptions, reason=reason
    )


def unusable(reason: str) -> Verdict:
    """Return the verdict of a row that says nothing of a difference between the arms."""
    return Verdict("unusable", reason=reason)
