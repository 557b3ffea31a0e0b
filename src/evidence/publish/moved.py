"""Which numbers of two manifests differ, each with the output and the place where it stands."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

__all__ = ["Move", "Place", "flat", "moves", "pooled_of"]

Place = tuple[str, ...]
"""Names that lead to a number in the ``numbers`` of an output."""

RELATIVE, ABSOLUTE = 1e-9, 1e-12
"""Numbers closer than this are equal: another processor moves them as much."""

_EFFECT = ("estimate", "std_error", "low", "high")
_CONSTANT = frozenset({"display_sign"})


@dataclass(frozen=True)
class Move:
    """One number that moved.

    Attributes
    ----------
    output : str
        Id of the output.
    place : tuple of str
        Where it stands in the numbers of the output.
    old, new : float or None
        On the model scale; None where there is no such number.
    """

    output: str
    place: Place
    old: float | None
    new: float | None

    @property
    def change(self) -> float | None:
        """New less old; None where one of them is missing or infinite."""
        if self.old is None or self.new is None or math.isinf(self.old) or math.isinf(self.new):
            return None
        return self.new - self.old

    @property
    def where(self) -> str:
        """The result or row that the number belongs to: ``strength``, ``slide 5: strength``."""
        names = [name for name in self.place[:-1] if name not in ("pooled", "rows")]
        return ", ".join(names)

    @property
    def number(self) -> str:
        """What it is: ``estimate``, ``tau2``; a row's share in a pooled result is ``share of`` the row."""
        share = len(self.place) > 2 and self.place[0] == "pooled" and self.place[-2] == "rows"
        return f"share of {self.place[-1]}" if share else self.place[-1]

    @property
    def is_share(self) -> bool:
        """Whether it is what one row contributes: those move whenever any other row does."""
        return self.number.startswith("share of ")


def moves(old: Mapping[str, Any], new: Mapping[str, Any]) -> list[Move]:
    """Return the numbers that differ between the outputs of two manifests.

    Parameters
    ----------
    old, new : mapping
        Their ``outputs``; what only one of them has is passed over.

    Returns
    -------
    list of Move
        In the order of the new manifest. Equal to a billionth is equal.
    """
    found = []
    for name in new:
        if name in old:
            before, after = (dict(flat(side[name].get("numbers", {}))) for side in (old, new))
            for place in dict.fromkeys([*after, *before]):
                pair = before.get(place), after.get(place)
                if not same(*pair):
                    found.append(Move(name, place, *pair))
    return found


def same(one: float | None, other: float | None) -> bool:
    """Tell whether two numbers are equal as far as machines agree; two missing ones are."""
    if one is None or other is None:
        return one is other
    return math.isclose(one, other, rel_tol=RELATIVE, abs_tol=ABSOLUTE)


def flat(numbers: object, place: Place = ()) -> Iterator[tuple[Place, float | None]]:
    """Yield each number with its place; texts are none, infinities are written as text."""
    if isinstance(numbers, Mapping):
        for name, value in numbers.items():
            if name not in _CONSTANT:
                yield from flat(value, (*place, str(name)))
    elif isinstance(numbers, Sequence) and not isinstance(numbers, str):
        names = _EFFECT if len(numbers) == len(_EFFECT) else [str(at) for at in range(1, len(numbers) + 1)]
        # The limits of an exact row are its estimate: said once, they are no interval.
        exact = names is _EFFECT and numbers[0] is not None and numbers[0] == numbers[2] == numbers[3]
        for name, value in zip(names[:2] if exact else names, numbers[:2] if exact else numbers, strict=True):
            yield from flat(value, (*place, name))
    elif numbers in ("inf", "-inf"):
        yield place, float(str(numbers))
    elif numbers is None or (isinstance(numbers, int | float) and not isinstance(numbers, bool)):
        yield place, None if numbers is None else float(numbers)


def pooled_of(entry: Mapping[str, Any], place: Place) -> Mapping[str, Any]:
    """Return the pooled result that a number belongs to; empty where it belongs to none."""
    numbers: Any = entry.get("numbers", {})
    for name in place[:-1]:
        numbers = numbers.get(name, {}) if isinstance(numbers, Mapping) else {}
        if isinstance(numbers, Mapping) and "estimate" in numbers:
            return numbers
    return {}
