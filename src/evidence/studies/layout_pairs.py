"""Arms in rows of their own become comparisons: first arm against second arm."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass

import numpy as np

from evidence.studies.layout_records import Records
from evidence.studies.layout_spread import LeftOut
from evidence.studies.mapping import PairRules
from evidence.studies.mapping_cells import holds

__all__ = ["Pairs", "pair_arms"]


@dataclass(frozen=True)
class Pairs:
    """Which records are compared.

    Attributes
    ----------
    first, second : ndarray of int
        Places of the arms of each comparison.
    left : list of LeftOut
        Records without a partner.
    """

    first: np.ndarray
    second: np.ndarray
    left: list[LeftOut]


def pair_arms(records: Records, rules: PairRules) -> Pairs:
    """Hold every arm of a group against its control, its reference, or as the mapping says otherwise.

    Parameters
    ----------
    records : Records
        One record per arm, with the number of its group.
    rules : PairRules
        The section ``[pairs]`` of the mapping.
    """
    names = [str(name) for name in records.arm["name"]]
    control = np.zeros(len(records), dtype=bool)
    if rules.control:
        control |= holds(records.frame, rules.control)
    if rules.control_names:
        known = {word.strip().casefold() for word in rules.control_names}
        control |= np.array([name.casefold() in known for name in names], dtype=bool)
    members: dict[int, list[int]] = {}
    for at, group in enumerate(records.group.tolist()):
        members.setdefault(group, []).append(at)
    first: list[int] = []
    second: list[int] = []
    left: list[LeftOut] = []
    for places in members.values():
        pairs, reason = _pairs_of(places, names, control, rules)
        first += [one for one, _ in pairs]
        second += [other for _, other in pairs]
        if reason:
            used = {at for pair in pairs for at in pair}
            left += [records.leave(at, reason) for at in places if at not in used]
    order = np.lexsort((np.array(second, dtype=np.intp), np.array(first, dtype=np.intp)))
    return Pairs(np.array(first, dtype=np.intp)[order], np.array(second, dtype=np.intp)[order], left)


def _pairs_of(
    places: list[int], names: list[str], control: np.ndarray, rules: PairRules
) -> tuple[list[tuple[int, int]], str]:
    """Return the comparisons of one group, and why an arm is in none."""
    if len(places) == 1:
        what = "a control" if control[places[0]] else "one arm"
        return [], f"{what} alone: no other arm of this study and outcome"
    counts = Counter(names[at].casefold() for at in places)
    twice = [names[at] for at in places if counts[names[at].casefold()] > 1]
    if twice:
        way_out = "name in `by` of [pairs] the column that tells them apart"
        reason = f"the arm {twice[0]!r} stands in its group twice: {way_out}"
        return [], reason
    seconds = [at for at in places if control[at]]
    firsts = [at for at in places if not control[at]]
    if not firsts:
        return [], "every arm of its group is a control by [pairs]"
    if not seconds:
        seconds = _reference(firsts, names, rules.reference)
    if not seconds and rules.otherwise == "all":
        return [(one, other) for at, one in enumerate(places) for other in places[at + 1 :]], ""
    if not seconds and rules.otherwise in ("first", "last"):
        seconds = [places[0 if rules.otherwise == "first" else -1]]
    if not seconds:
        return [], "no control in its group, and no reference arm: see reference and otherwise of [pairs]"
    return [(one, other) for one in firsts for other in seconds if one != other], ""


def _reference(places: list[int], names: list[str], wanted: tuple[str, ...]) -> list[int]:
    """Return the first of the named arms that is there."""
    there = {names[at].casefold(): at for at in places}
    for name in wanted:
        if name.strip().casefold() in there:
            return [there[name.strip().casefold()]]
    return []
