"""The correlation of scores before and after: the arms' own, else an assumed or a pooled one."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from evidence._check import as_number
from evidence.effects.formulas import Floats, as_floats
from evidence.effects.row import People, Row
from evidence.effects.solver.arm import own_correlation
from evidence.effects.solver.quantity import Cells, Quantity, cells_of
from evidence.errors import ModelError

__all__ = [
    "DEFAULT_CORRELATION",
    "Correlation",
    "PooledCorrelation",
    "correlation_words",
    "resolve",
    "row_correlation",
]

DEFAULT_CORRELATION = 0.7
"""Pre-post correlation assumed where none is given; named in every row that rests on it."""

DEFAULT_KEY = "default"
"""Key of a mapping for the outcomes that it does not name."""


class Correlation(NamedTuple):
    """The correlation that one row is read with.

    Attributes
    ----------
    quantity : Quantity
        The number; its assumptions are those of an r of the row's own.
    assumed : bool
        Whether it is not the row's own.
    """

    quantity: Quantity
    assumed: bool

    def value(self, row: Row) -> float:
        """Return the number itself."""
        return self.quantity.value(row.solved_cells)

    def words(self) -> str:
        """Return it as an assumption says it: an assumed r in the form that models look for."""
        return f"r = {self.quantity.shown}" if self.assumed else f"the arms' own r: {self.quantity.shown}"

    @property
    def notes(self) -> tuple[str, ...]:
        """What a row's own r rests on, and why a printed one was not used."""
        return self.quantity.assumptions


def constant(r: float) -> Quantity:
    """Return an assumed correlation."""
    value = as_floats(r)
    return Quantity(lambda cells: value, (), f"{r:.4g}")


def row_correlation(row: Row, people: People | None, assumed: float) -> Correlation:
    """Return the correlation of a row: its arms' own where they print or imply one, else the assumed one."""
    if people is None or row.is_association:
        return Correlation(constant(assumed), True)
    found: list[tuple[Quantity, float]] = []
    notes: list[str] = []
    for arm, size, name in (("e", people.first, "first"), ("c", people.second, "second")):
        own = own_correlation(row, arm, people)
        if own is None:
            continue
        value = own.value(row.solved_cells)
        if -1 < value < 1:
            found.append((own, size))
        else:
            notes.append(
                f"the SDs of the {name} arm contradict one another (implied correlation {value:.3g})"
            )
    if not found:
        quantity = constant(assumed)
        return Correlation(Quantity(quantity.compute, (), quantity.shown, "", tuple(notes)), True)
    if len(found) == 1:
        own = found[0][0]
        notes.append("correlation of one arm taken for both")
        return Correlation(Quantity(own.compute, own.cells, own.shown, own.how, tuple(notes)), False)
    (first, n_e), (second, n_c) = found
    weight = max(n_e - 3, 1.0), max(n_c - 3, 1.0)

    def compute(cells: Cells) -> Floats:
        z = weight[0] * np.arctanh(first.compute(cells)) + weight[1] * np.arctanh(second.compute(cells))
        return np.asarray(np.tanh(z / sum(weight)), dtype=np.float64)

    value = float(compute(row.solved_cells))
    shown = f"{value:.3g} (arms: {first.shown}; {second.shown})"
    return Correlation(Quantity(compute, cells_of(first, second), shown, first.how, ()), False)


@dataclass(frozen=True)
class PooledCorrelation:
    """A correlation pooled over the arms that print or imply one.

    Attributes
    ----------
    value : float
        Random-effects mean of Fisher's z (REML), back on the scale of a correlation.
    arms : int
        Arms and outcomes that it rests on.
    left_out : tuple of str
        Arms whose three SDs imply a value outside (-1, 1), each with it.
    """

    value: float
    arms: int
    left_out: tuple[str, ...]

    @property
    def notes(self) -> tuple[str, ...]:
        """What a reader of the effects should know."""
        many = "arm" if self.arms == 1 else "arms"
        said = f"correlation r = {self.value:.3g} pooled over {self.arms} {many} that print or imply one"
        left = f"; left out, outside -1 to 1: {', '.join(self.left_out)}" if self.left_out else ""
        return (said + left,)


def _pooled(rows: Sequence[Row]) -> PooledCorrelation:
    """Pool the arms' own correlations.

    Raises
    ------
    ModelError
        Where no arm prints or implies one.
    """
    seen: dict[tuple[object, ...], tuple[float, float]] = {}
    left: dict[str, None] = {}
    for row in rows:
        people = row.people
        if people is None or row.is_pooled or row.is_association:
            continue
        for arm, size in (("e", people.first), ("c", people.second)):
            own = own_correlation(row, arm, people)
            if own is None:
                continue
            value = own.value(row.solved_cells)
            name = row.word(f"arm_{arm}") or f"arm {arm}"
            if not -1 < value < 1:
                left[f"{row.word('row_id')} ({name}: {value:.3g})"] = None
            elif size > 3:
                # An arm that several rows compare with others counts once.
                key = (row.word("study"), name, row.word("outcome"), row.word("instrument"), value)
                seen[key] = (value, size)
    if not seen:
        more = f" Left out, outside -1 to 1: {', '.join(left)}." if left else ""
        raise ModelError(
            'correlation="pooled" needs an arm of four people or more with a printed r (columns r_e, r_c) or '
            f"with SDs before, after and of the change; there is none.{more} Give a number, such as 0.7."
        )
    from evidence.numerics.arrays import pool_arrays

    r, n = (np.array(column) for column in zip(*seen.values(), strict=True))
    if len(r) == 1:
        return PooledCorrelation(float(r[0]), 1, tuple(left))
    fit = pool_arrays(np.arctanh(r), 1 / (n - 3))
    return PooledCorrelation(float(np.tanh(fit.estimate)), len(r), tuple(left))


@dataclass(frozen=True)
class Resolved:
    """What ``correlation=`` came to: one number, or one for each outcome.

    Attributes
    ----------
    used : float or mapping
        The number, or the numbers by outcome.
    notes : tuple of str
        What a reader of the effects should know.
    """

    used: float | Mapping[str, float]
    notes: tuple[str, ...] = ()

    def of(self, row: Row) -> float:
        """Return the assumed correlation of a row."""
        if isinstance(self.used, Mapping):
            outcome = row.word("outcome")
            return self.used[outcome if outcome in self.used else DEFAULT_KEY]
        return self.used


def resolve(correlation: object, rows: Sequence[Row]) -> Resolved:
    """Return what ``correlation=`` says for some rows.

    Raises
    ------
    ModelError
        Where it is no number between -1 and 1, no mapping that covers the outcomes, and not "pooled".
    """
    if correlation is None:
        return Resolved(DEFAULT_CORRELATION)
    if isinstance(correlation, str):
        if correlation.casefold() != "pooled":
            raise ModelError(
                f"correlation takes a number, a mapping by outcome, or 'pooled'; got {correlation!r}"
            )
        pooled = _pooled(rows)
        return Resolved(pooled.value, pooled.notes)
    if isinstance(correlation, Mapping):
        return _by_outcome(correlation, rows)
    return Resolved(_number(correlation, "correlation"))


def _number(value: object, what: str) -> float:
    r = as_number(value)
    if not -1 < r < 1:
        raise ModelError(f"{what} must be a number between -1 and 1, both excluded; got {value!r}")
    return r


def _by_outcome(given: Mapping[object, object], rows: Sequence[Row]) -> Resolved:
    used = {str(key): _number(value, f"correlation[{key!r}]") for key, value in given.items()}
    outcomes = list(dict.fromkeys(row.word("outcome") for row in rows))
    missing = [outcome for outcome in outcomes if outcome not in used]
    if missing and DEFAULT_KEY not in used:
        named = ", ".join(repr(outcome) for outcome in missing[:8]) + (" ..." if len(missing) > 8 else "")
        raise ModelError(
            f"correlation has no number for the outcomes {named}; add them, or the key '{DEFAULT_KEY}'"
        )
    idle = [key for key in used if key not in outcomes and key != DEFAULT_KEY]
    note = f"correlation names outcomes that no row has: {', '.join(map(repr, idle))}"
    return Resolved(used, (note,) if idle else ())


def correlation_words(correlation: float | Mapping[str, float]) -> str:
    """Return a correlation, or those of several outcomes, in a few words: ``"0.7"``, ``"0.6 or 0.8"``."""
    if isinstance(correlation, Mapping):
        return " or ".join(f"{r:.4g}" for r in sorted(set(correlation.values())))
    return f"{correlation:.4g}"
