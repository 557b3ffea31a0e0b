"""One row of the studies as the rules of reading see it: typed cells, people, orientation, test."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from evidence.studies.columns import RATIO_METRICS, parse_p

__all__ = [
    "P_MEANING_AT_MOST",
    "UPWARD_FAVOURS_FIRST",
    "People",
    "Row",
    "TestResult",
    "people_of",
    "rounds_to_zero_below",
]

P_MEANING_AT_MOST = (0.05, 0.01, 0.001)
"""Rule e: these p values beside the word "significant" are thresholds, not results."""

_P_COLUMNS = ("p_between", "p_within_e", "p_within_c")

UPWARD_FAVOURS_FIRST = ("pos_favours_e", "neg_favours_c", "above1_favours_e")
"""Sign conventions of printed effects by which a larger value favours the first arm (rule c)."""

_SIGN_BY_DIRECTION = {"favours_e": 1.0, "favours_c": -1.0, "supports_factor": -1.0, "opposite": 1.0}
"""Positive favours the first arm. In a risk-factor row the first arm is the injured or exposed
one, so that a result which supports the factor speaks against that arm."""


@dataclass(frozen=True)
class People:
    """Numbers of people in the two arms, and how they are known."""

    first: float
    second: float
    assumption: str = ""


@dataclass(frozen=True)
class TestResult:
    """What the print says of the test between the arms.

    Attributes
    ----------
    relation : str
        ``"="``, ``"<"``, ``"<="``, ``">"`` or, where there is no p value, ``""``.
    p : float
        The printed p, or the level of the test.
    rules : frozenset of str
        Rules of reading that were applied.
    assumptions : tuple of str
        What had to be assumed.
    printed : str
        The cell as printed.
    """

    relation: str
    p: float
    rules: frozenset[str] = frozenset()
    assumptions: tuple[str, ...] = ()
    printed: str = ""


@dataclass(frozen=True)
class Row:
    """One printed comparison, with the facts of its study that bear on it.

    Attributes
    ----------
    cells : mapping
        Parsed cells of the row, by column; numbers are floats (NaN where blank), text is text.
    printed : mapping
        The same cells as printed.
    n_total, arms : float
        People and arms of the study, NaN where unknown.
    """

    cells: Mapping[str, Any]
    printed: Mapping[str, str]
    n_total: float = math.nan
    arms: float = math.nan
    _cache: dict[str, Any] = field(default_factory=dict, repr=False, compare=False)

    def number(self, column: str) -> float:
        """Return a number cell, NaN where it is blank."""
        return float(self.cells.get(column, math.nan))

    @cached_property
    def solved_cells(self) -> Mapping[str, Any]:
        """The numbers of the row by column, p values among them: what formulas are computed from."""
        numbers = {name: value for name, value in self.cells.items() if isinstance(value, float)}
        for name in _P_COLUMNS:
            if printed := self.word(name):
                numbers[name] = parse_p(printed)[1]
        return numbers

    def word(self, column: str) -> str:
        """Return a text cell, an empty string where it is blank."""
        return str(self.cells.get(column, "") or "")

    def has(self, *columns: str) -> bool:
        """Say whether every one of the number cells is filled."""
        return all(math.isfinite(self.number(column)) for column in columns)

    def says(self, column: str) -> str:
        """Return a cell as printed, for formulas that show the printed digits."""
        return str(self.printed.get(column, ""))

    @property
    def is_association(self) -> bool:
        """Whether two groups are compared that nobody treated (a risk factor)."""
        return self.word("basis") == "association" or self.word("arm_design") in ("cohort", "case_control")

    @property
    def is_pooled(self) -> bool:
        """Whether the row is the result of a review."""
        return self.word("level") == "pooled"

    @property
    def is_inferred(self) -> bool:
        """Whether the printed verdict was read from silence or from unexplained marks."""
        return self.word("basis") == "inferred_from_omission" or self.word("inferred") == "yes"

    @property
    def is_within_participant(self) -> bool:
        """Whether both arms are the same people."""
        return self.word("arm_design") in ("within_participant", "crossover")

    @property
    def direction_sign(self) -> float:
        """The side that the print names: 1 first arm, -1 second arm, 0 none."""
        return _SIGN_BY_DIRECTION.get(self.word("direction"), 0.0)

    @property
    def side(self) -> float:
        """The arm that the row favours: as the print says it, else as its own numbers show it; 0 unknown."""
        if self.word("direction") not in ("", "unclear"):
            return self.direction_sign
        return self._side_of_effect() or self._side_of_means()

    def _side_of_effect(self) -> float:
        """Read the side off a printed effect whose sign convention is stated."""
        word, value = self.word("effect_sign"), self.number("effect")
        if not word or word == "unclear" or not math.isfinite(value):
            return 0.0
        if self.word("effect_metric") in RATIO_METRICS:
            value = math.log(value) if value > 0 else 0.0
        return (value > 0) - (value < 0) if word in UPWARD_FAVOURS_FIRST else (value < 0) - (value > 0)

    def _side_of_means(self) -> float:
        """Read the side off the arms' means, final ones first; percent changes have a side too."""
        for when in ("post", "change"):
            if self.has(f"{when}_mean_e", f"{when}_mean_c"):
                difference = self.number(f"{when}_mean_e") - self.number(f"{when}_mean_c")
                return self.better_sign * ((difference > 0) - (difference < 0))
        return 0.0

    @property
    def better_sign(self) -> float:
        """The sign that makes "higher first mean" read as "first arm better"; 0 where unknown."""
        return {"higher": 1.0, "lower": -1.0}.get(self.word("better"), 0.0)

    @property
    def level(self) -> float:
        """The confidence level that the study used, 0.95 unless it printed another (rule f)."""
        return self.number("ci_level") if self.has("ci_level") else 0.95

    @property
    def significant(self) -> str:
        """The printed verdict of the test between arms: yes, no, unclear or blank."""
        return self.word("signif_between")

    @cached_property
    def people(self) -> People | None:
        """People in each arm, as printed or by rule d; None where neither gives them."""
        return people_of(self)

    @property
    def people_in_all(self) -> float:
        """People in both arms, each counted once; NaN where the print and rule d do not give them."""
        if self.people is None:
            return math.nan
        if self.is_within_participant:
            return max(self.people.first, self.people.second)
        return self.people.first + self.people.second

    @cached_property
    def test(self) -> TestResult | None:
        """The printed test between the arms by rules e and f; None where nothing is printed."""
        return _test_of(self)


def people_of(row: Row) -> People | None:
    """Return the people in each arm, by rule d where the arms' numbers are not printed.

    An equal split is only read into two treated arms: the injured and the uninjured of a cohort
    are never of one size, and the studies of a review are not arms.
    """
    first, second = (_size(row, arm) for arm in "ec")
    if math.isfinite(first) and math.isfinite(second):
        return People(first, second)
    if row.has("df_between") and not row.is_pooled and not row.is_within_participant:
        return _people_of_df(row, first, second)
    if row.is_pooled or not math.isfinite(row.n_total):
        return None
    known = first if math.isfinite(first) else second
    if math.isfinite(known):
        other = row.n_total - known
        if other < 1 or (row.arms > 2):
            return None
        note = f"the other group is the remaining {other:g} of {row.n_total:g} people"
        return People(known, other, note) if math.isfinite(first) else People(other, known, note)
    if row.is_association or row.is_within_participant or row.arms > 2:
        return None
    half = row.n_total / 2
    return People(half, half, f"n an arm not printed: {row.n_total:g} people split equally over two arms")


def _size(row: Row, arm: str) -> float:
    """Return the people of an arm who were analysed: those measured after, else all of it."""
    columns = (f"post_n_{arm}", f"n_{arm}", f"total_{arm}")
    return next((row.number(column) for column in columns if row.has(column)), math.nan)


def _people_of_df(row: Row, first: float, second: float) -> People | None:
    """Return the people that the degrees of freedom of the test tell: two more than those."""
    total = row.number("df_between") + 2
    if math.isfinite(first) or math.isfinite(second):
        known = first if math.isfinite(first) else second
        other = total - known
        note = f"the other group is the remaining {other:g} of df + 2 = {total:g} people"
        if other < 1:
            return None
        return People(known, other, note) if math.isfinite(first) else People(other, known, note)
    if row.is_association:
        return None
    note = f"n an arm not printed: df + 2 = {total:g} people split equally over two arms"
    return People(total / 2, total / 2, note)


def rounds_to_zero_below(printed: str) -> float:
    """Return the p below which a print of zero is possible: 0.000 is anything below 0.0005."""
    if "e" in printed.lower():
        return 1e-300  # an exponent too small for a double: smaller than any test can resolve
    return 0.5 * 10.0 ** -len(re.sub(r"^[^.]*\.?", "", printed))


def _test_of(row: Row) -> TestResult | None:
    """Read p_between, or the word "significant", as a statement about p."""
    rules: set[str] = set()
    alpha = 1 - row.level
    if row.has("ci_level") and not math.isclose(alpha, 0.05):
        rules.add("f")
    printed = row.word("p_between")
    if printed and row.word("test_between") != "equivalence":
        relation, p = parse_p(printed)
        if relation == "=" and p == 0:
            bound = rounds_to_zero_below(printed)
            return TestResult(
                "<", bound, frozenset({"e"}), (f"p printed as {printed} is below {bound:g}",), printed
            )
        if relation == "=" and row.significant == "yes" and p in P_MEANING_AT_MOST:
            return TestResult(
                "<=", p, frozenset({"e"}), (f"p = {p:g} beside 'significant' read as p <= {p:g}",), printed
            )
        return TestResult(relation, p, frozenset(), (), printed)
    read_at = f"read at the two-sided {alpha:.2g} level"
    if row.significant in ("yes", "no"):
        relation, words = ("<", "significant") if row.significant == "yes" else (">", "no difference")
        return TestResult(relation, alpha, frozenset(rules), (f"'{words}' {read_at}",))
    if row.word("direction") in ("no_difference", "no_association"):
        return TestResult(">", alpha, frozenset(rules), (f"'no difference' {read_at}",))
    return None
