"""The registry of derivations: one record for each way from printed numbers to an effect, and the choice.

The choice is by rule: of the derivations that a row's numbers allow, the one of the lowest rank of evidence
(numbers, then an exact p, then bounds: rule a), then the one whose estimate rests on the fewest assumptions,
then the one with the fewest in all, then the one that stands first here.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace

from evidence.effects.row import People, Row
from evidence.effects.solver.correlation import Correlation
from evidence.effects.verdict import Verdict

__all__ = ["BOUNDS", "NUMBERS", "P_VALUE", "Derivation", "applied", "chosen_first"]

NUMBERS, P_VALUE, BOUNDS = 1, 2, 3
"""Ranks of evidence (rule a): sound numbers of arms or comparison, an exact p, a band or a word."""


@dataclass(frozen=True)
class Derivation:
    """One way from printed numbers to an effect.

    Attributes
    ----------
    code : str
        Its name in tables of derivations.
    says : str
        What it reads, and what of it.
    rank : int
        `NUMBERS`, `P_VALUE` or `BOUNDS`.
    assumes : str
        What it assumes at least, beyond what the row's own assumptions say; blank for nothing.
    read : callable
        Takes the row, its people and its correlation; returns a verdict, or None where the row does not
        print what it needs.
    """

    code: str
    says: str
    rank: int
    assumes: str
    read: Callable[[Row, People, Correlation], Verdict | None]


def applied(
    derivations: Iterable[Derivation], row: Row, people: People, r: Correlation
) -> list[tuple[Derivation, Verdict]]:
    """Return what each derivation makes of a row, in their order; those that do not apply are left out."""
    found = []
    for derivation in derivations:
        verdict = derivation.read(row, people, r)
        if verdict is not None:
            found.append((derivation, replace(verdict, code=derivation.code)))
    return found


def chosen_first(found: Sequence[tuple[Derivation, Verdict]]) -> list[Verdict]:
    """Return the verdicts with the one that is taken first and the others by the same rule after it."""
    ranked = sorted(found, key=lambda pair: (pair[0].rank, *pair[1].cost))  # stable: then their order
    return [verdict for _, verdict in ranked]
