"""The record of a measure: what it is, what it is computed from, how it is shown and whom to cite."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any

import numpy as np

from evidence.effects.formulas import Estimate, Floats

__all__ = ["Back", "Compute", "Given", "Measure", "Rule"]


def _nothing() -> Mapping[str, Any]:
    return MappingProxyType({})


@dataclass(frozen=True)
class Given:
    """The columns of one call, arrays of one length, and the options that a formula may read.

    Attributes
    ----------
    columns : mapping of str to ndarray
        By name in the field's vocabulary (``m1i``, ``sd1i`` ...), completed by the measure's `prepare`.
    vtype : str
        Form of the sampling variance.
    correct : bool
        Whether the measure's small-sample correction is applied.
    """

    columns: Mapping[str, Floats]
    vtype: str = "LS"
    correct: bool = True

    def __getitem__(self, name: str) -> Floats:
        """Return a column."""
        return self.columns[name]

    def many(self, *names: str) -> tuple[Floats, ...]:
        """Return several columns, in the order asked for."""
        return tuple(self.columns[name] for name in names)


Compute = Callable[[Given], Estimate]
Prepare = Callable[[dict[str, Floats]], dict[str, Floats]]


@dataclass(frozen=True)
class Rule:
    """What the numbers of a column have to be.

    Attributes
    ----------
    text : str
        The rule in words, as errors print it.
    holds : callable
        Array to array of bool; what it says of NaN does not matter, a missing cell is no broken rule.
    """

    text: str
    holds: Callable[[Floats], np.ndarray]


@dataclass(frozen=True)
class Back:
    """How an estimate on the model scale is shown to readers.

    Attributes
    ----------
    name : str
        What is shown (``"odds ratio"``, ``"correlation"``).
    formula : str
        In terms of the estimate y.
    function : callable
        Array to array, monotone, so that the limits of an interval may be passed through it.
    """

    name: str
    formula: str
    function: Callable[[Floats], Floats]


@dataclass(frozen=True)
class Measure:
    """What a measure is, how it is computed, displayed and read, and whom to cite.

    Attributes
    ----------
    code : str
        The field's code, as in ``measure=code``.
    name : str
        The name in full.
    scale : str
        Scale of the model: ``"identity"``, ``"log"``, ``"logit"`` ...
    metrics : tuple of str
        Values of the column ``effect_metric`` of studies.csv that speak this measure's language; empty for a
        measure that `effect_sizes` does not read from rows.
    null : float
        The value of no difference on the printed scale.
    unit : str
        What one unit of the printed scale means.
    reference : str
        DOI of the source of the formulas; empty where the source has none.
    family : str
        The group under which the documentation lists it.
    formula : str
        The estimate, in the names of the columns.
    variance : mapping of str to str
        Forms of the sampling variance by `vtype`, the default first; empty where there is nothing to choose
        and nothing to compute (a measure that is only printed).
    inputs : tuple of tuples of str
        The sets of columns from which it can be computed, the preferred first.
    rules : mapping of str to Rule
        What the numbers of each column have to be.
    pairs : tuple of pairs of str
        Columns of which the first is a part of the second (events of people).
    prepare : callable or None
        Completes the columns: cells from totals, d from t.
    compute : callable or None
        The formula itself; None for a measure that is only printed.
    counts : tuple of str
        The counts to which ``add`` is added where one of them is zero.
    add : float
        What is added unless the caller says otherwise: 1/2, or 0 for measures that exist at zero.
    corrects : bool
        Whether `correct` switches a small-sample correction.
    undefined : str
        When sound numbers have no such effect.
    back : Back or None
        How an estimate is shown; None where it is shown as it is.
    interpretation : str
        How to read a value, in a sentence.
    """

    code: str
    name: str
    scale: str
    metrics: tuple[str, ...]
    null: float
    unit: str
    reference: str
    family: str = ""
    formula: str = ""
    variance: Mapping[str, str] = field(default_factory=_nothing)
    inputs: tuple[tuple[str, ...], ...] = ()
    rules: Mapping[str, Rule] = field(default_factory=_nothing)
    pairs: tuple[tuple[str, str], ...] = ()
    prepare: Prepare | None = None
    compute: Compute | None = None
    counts: tuple[str, ...] = ()
    add: float = 0.0
    corrects: bool = False
    undefined: str = ""
    back: Back | None = None
    interpretation: str = ""
