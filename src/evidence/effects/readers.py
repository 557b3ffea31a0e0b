"""Which measures `effect_sizes` reads from printed rows, and by which derivations."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import replace
from types import MappingProxyType

from evidence._check import one_of
from evidence.effects.arms_derivations import ARMS_DERIVATIONS
from evidence.effects.codes import ROW_CODES
from evidence.effects.derivation import NUMBERS, Derivation, applied, chosen_first
from evidence.effects.difference_derivations import MD_DERIVATIONS
from evidence.effects.measures import MEASURES, Measure
from evidence.effects.paired_derivations import PAIRED_MD
from evidence.effects.ratio_rules import all_ratios
from evidence.effects.row import People, Row
from evidence.effects.smd_derivations import SMD_DERIVATIONS
from evidence.effects.smd_rules import all_smd, as_alternative
from evidence.effects.solver.correlation import row_correlation
from evidence.effects.verdict import WITHIN_ARMS_ONLY, Verdict, sign_only, unusable

__all__ = ["READABLE", "measure_of", "read_all"]

_RATIOS = ("RR", "IRR", "HR", "OR")

READABLE: Mapping[str, Sequence[Derivation]] = MappingProxyType(
    {
        "SMD": SMD_DERIVATIONS,
        **dict.fromkeys(_RATIOS, ()),
        "MD": MD_DERIVATIONS,
        **ARMS_DERIVATIONS,
    }
)
"""Derivations by code of the measure; ratios have their own rules (`evidence.effects.ratio_rules`)."""

_UNKNOWN = People(math.inf, math.inf)


def measure_of(measure: object) -> Measure:
    """Return the measure that a caller names.

    Raises
    ------
    ModelError
        Where `effect_sizes` does not read it from rows.
    """
    if isinstance(measure, str) and measure.casefold() in ("d_ppc1", "d_ppc2"):
        measure = measure.replace("_", "")
    chosen: Measure = MEASURES[one_of("measure", measure, ROW_CODES)]
    return chosen


def read_all(row: Row, measure: Measure, correlation: float, continuity: float) -> list[Verdict]:
    """Return what every derivation makes of a row; the first is taken.

    Parameters
    ----------
    row : Row
        The row, with its study's facts.
    measure : Measure
        One of `READABLE`.
    correlation : float
        Assumed correlation of scores before and after, where the row's arms do not tell theirs.
    continuity : float
        Added to the four cells of a row of counts with a zero cell (ratios).
    """
    if measure.code == "SMD":
        return all_smd(row, correlation)
    if measure.code in _RATIOS:
        return all_ratios(row, measure, continuity)
    return _read(row, measure, correlation)


def _read(row: Row, measure: Measure, correlation: float) -> list[Verdict]:
    people = row.people
    found: list[Verdict] = []
    r = row_correlation(row, people, correlation)
    if row.is_within_participant:
        if people is not None and measure.code == "MD":
            found = chosen_first(applied(PAIRED_MD, row, people, r))
    else:
        no_test = row.word("basis") in ("within_group_only", "counts_or_means_only")
        untested = no_test or row.significant == "unclear"
        derivations = [each for each in READABLE[measure.code] if each.rank == NUMBERS or not untested]
        found = chosen_first(applied(derivations, row, people or _UNKNOWN, r))
    if not found:
        return [_without_numbers(row, measure, people)]
    taken = replace(found[0].plus(rules={"a"}), alternatives=tuple(map(as_alternative, found[1:])))
    if people is not None and people.assumption and taken.derived_from != "counts of both arms":
        taken = taken.plus(rules={"d"}, assumptions=(people.assumption,))
    return [taken, *found[1:]]


def _without_numbers(row: Row, measure: Measure, people: People | None) -> Verdict:
    """Return the direction, where one is printed, and why there is not more."""
    if row.word("basis") == "within_group_only":
        return unusable(WITHIN_ARMS_ONLY).plus(rules={"b"})
    why, letter = _why_not(row, measure, people)
    if row.side == 0:
        return unusable(f"{why}; no direction is printed either").plus(rules={letter})
    return sign_only(row.side, math.nan, why).plus(rules={letter})


def _why_not(row: Row, measure: Measure, people: People | None) -> tuple[str, str]:
    if row.is_within_participant:
        return "both arms are the same people: paired numbers are not printed (rule h)", "h"
    if measure.code == "RD":
        return "counts with totals of both arms are not printed (rule h)", "h"
    means = row.has("post_mean_e", "post_mean_c") or row.has("change_mean_e", "change_mean_c")
    if means and row.better_sign == 0:
        return "means are printed, but `better` is blank: higher or lower? (rule c)", "c"
    if people is None and measure.code != "MD":
        return "the number of people in each arm is not known (rule d)", "d"
    if people is not None and min(people.first, people.second) < 2:
        return "an arm of one person has no standard deviation (rule a)", "a"
    final = [row.number(f"post_mean_{arm}") for arm in "ec"]
    if measure.code == "ROM" and min(final) <= 0:
        return "a ratio of means needs positive means (rule a)", "a"
    if row.has("change_percent_e", "change_percent_c") or ("%" in row.word("unit") and means):
        return "percent changes without a standard deviation (rule h)", "h"
    wanted = {
        "DPPC1": "means before and after and SDs before",
        "DPPC2": "means before and after and SDs before",
    }
    numbers = wanted.get(measure.code, "means and SDs")
    if measure.code == "MD":
        return "neither a difference with its error nor means and SDs of both arms are printed (rule a)", "a"
    return f"{numbers} of both arms are not printed (rule a)", "a"
