"""Reported directions in counts: one place for the headline above a slide and for the table on it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from evidence.charts.direction_rows import effect_direction_rows
from evidence.charts.words import domain_name, plural

if TYPE_CHECKING:
    from evidence.effects.record import Effects

__all__ = ["FINDING", "Directions", "directions", "directions_sentences", "factors_sentences"]

FINDING = "A finding is one study in one domain, with the direction of at least 70 % of its outcomes there."
"""What is counted, for notes."""

_FACTOR = ("supports_factor", "no_association", "opposite")


@dataclass(frozen=True)
class Directions:
    """How many findings point where, as the papers report them.

    Attributes
    ----------
    domains : dict
        For each domain, in order of appearance, the findings in favour of the first arm (or supporting the
        factor), of the second arm (or against it), of no difference (or no association), and the rest: mixed,
        or a direction that is not told.
    of_factors : bool
        Whether the rows speak of risk factors.
    """

    domains: dict[str, tuple[int, int, int, int]]
    of_factors: bool

    @property
    def total(self) -> tuple[int, int, int, int]:
        """The same over all domains."""
        first, second, level, rest = (sum(counts[at] for counts in self.domains.values()) for at in range(4))
        return first, second, level, rest


def directions(effects: Effects) -> Directions:
    """Count the findings of each domain by the direction that is reported.

    Parameters
    ----------
    effects : Effects
        Effects of any kind.

    Returns
    -------
    Directions
        Counts of the symbols of the effect-direction plot: a significant and a clear result are counted
        alike, and "no difference" stays apart, on whichever side its estimate lies.
    """
    rows = effect_direction_rows(effects)
    domains: dict[str, tuple[int, int, int, int]] = {}
    for domain, group in rows.groupby("domain", sort=False):
        ways = [int(group["symbol"].eq(way).sum()) for way in ("up", "down", "level")]
        domains[str(domain)] = (ways[0], ways[1], ways[2], len(group) - sum(ways))
    return Directions(domains, bool(effects.table["direction"].isin(_FACTOR).any()))


def directions_sentences(counted: Directions, arms: tuple[str, str]) -> tuple[str, ...]:
    """Return the counts between two arms as one sentence, and in ever fewer words.

    Parameters
    ----------
    counted : Directions
        As from `directions`.
    arms : tuple of str
        Names of the second and of the first arm.

    Examples
    --------
    >>> directions_sentences(Directions({"strength": (2, 0, 1, 0)}, False), ("usual care", "exercise"))[-1]
    '2 of 3 findings favour exercise, 1 reports no difference'
    """
    first, second, level, rest = counted.total
    findings = first + second + level + rest
    if not findings - rest:
        return (f"No direction is told by {plural(findings, 'finding')}",)
    head = f"{first} of {plural(findings, 'finding')} {_verb(first)} {arms[1]}"
    other = f"{second or 'none'} {_verb(second)} {arms[0]}"
    same = f"{level} {'reports' if level == 1 else 'report'} no difference"
    apart = f"{rest} {'is' if rest == 1 else 'are'} mixed or not told"
    told = ", ".join([head, other, *([same] if level else []), *([apart] if rest else [])])
    brief = ", ".join([head, *([other] if second else []), *([same] if level else [])])
    whole = f"By reported direction, {told}"
    return (f"{whole}; this tells no size", whole, told, brief)


def factors_sentences(counted: Directions) -> tuple[str, ...]:
    """Return how many findings support the factor, with the most and the least supported domain."""
    first, _, _, _ = counted.total
    findings = sum(counted.total)
    verb = "supports" if first == 1 else "support"
    brief = f"By direction alone, {first} of {plural(findings, 'finding')} {verb} the factor"
    several = {name: (c[0], sum(c)) for name, c in counted.domains.items() if sum(c) > 1}
    told = sorted(several, key=lambda name: several[name][0] / several[name][1])
    tail = ""
    if len(told) > 1:
        ends = [f"{_inside(told[i])} {several[told[i]][0]} of {several[told[i]][1]}" for i in (-1, 0)]
        tail = f": from {ends[0]} down to {ends[1]}"
    return (f"{brief}{tail}; no size can be pooled", f"{brief}{tail}", brief)


def _verb(count: int) -> str:
    return "favours" if count == 1 else "favour"


def _inside(domain: str) -> str:
    """Return the name of a domain as it stands inside a list."""
    words = domain_name(domain).replace(", ", "/")
    return words if words[1:2].isupper() else words[:1].lower() + words[1:]
