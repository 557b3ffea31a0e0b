"""The choices of a multiverse: what may be chosen, which combinations there are, and which make no sense."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, cast

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from evidence._check import as_number, one_of
from evidence.effects.codes import ROW_CODES
from evidence.effects.record import Effects
from evidence.errors import ModelError
from evidence.numerics.tau2 import TAU2
from evidence.studies.record import Studies

__all__ = ["ALL", "NOT_APPLIED", "Factor", "Plan", "factors_of", "numbered", "plan"]

ALL = "all"
"""Label of a filter that keeps every row."""

NOT_APPLIED = "\N{EN DASH}"
"""Label where a choice plays no part, such as the estimator of tau² in a likelihood of partial reports."""

MOST = 5_000_000
"""Combinations at most: their table takes some gigabytes."""

ROWS = ("all", "mean", "first")
PARTIAL = ("in", "out")
INFERRED = ("in", "out")
ESTIMATORS = ("EE", *TAU2)
INFERENCE = ("z", "t", "HKSJ", "mHKSJ", "profile", "profile-t")

_ORDER = ("measure", "correlation", "partial", "inferred", "rows", "rho", "tau2", "inference")
_DEFAULTS: Mapping[str, tuple[object, ...]] = {
    "partial": ("out",),
    "rows": ("all",),
    "rho": (0.6,),
    "tau2": ("REML",),
    "inference": ("HKSJ",),
}
_ALIKE = (("SMD", "SMDH", "SMD1", "DPPC1", "DPPC2"), ("RR", "OR", "IRR", "HR"))
"""Measures whose estimates may stand beside each other."""


@dataclass(frozen=True)
class Factor:
    """One choice.

    Attributes
    ----------
    name : str
        ``measure``, ``tau2`` ..., or a column that rows are filtered by.
    values : tuple
        What may be chosen; a filter's values are tuples, or None for all rows.
    labels : tuple of str
        The same as printed.
    is_filter : bool
        Whether it is a column.
    asked : bool
        Whether the user named it; what was not named has one value.
    """

    name: str
    values: tuple[Any, ...]
    labels: tuple[str, ...]
    is_filter: bool = False
    asked: bool = True


def factors_of(data: Effects | Studies, choices: Mapping[str, object]) -> tuple[Factor, ...]:
    """Return the choices, checked, with defaults for what was not named.

    Raises
    ------
    ModelError
        Where a name or a value is not known, a list is empty, or effects are given whose measure or
        correlation cannot be chosen any more.
    """
    if not choices:
        raise ModelError(
            'choices is a dict of named lists, such as {"tau2": ["DL", "REML"], "rows": ["all", "mean"]};'
            f" got {choices!r}"
        )
    columns = [str(column) for column in data.table.columns]
    known = [*_ORDER, *columns]
    named = [(one_of("a choice", name, known), given) for name, given in choices.items()]
    if len({name for name, _ in named}) < len(named):
        raise ModelError(f"a choice is named twice: {', '.join(map(repr, choices))}")
    found = {name: _factor(data, name, given, columns) for name, given in named}
    for factor in found.values():
        _check_labels(factor)
    if isinstance(data, Effects):
        for name in ("measure", "correlation"):
            if name in found:
                raise ModelError(f"the effects have their {name} already: pass studies to choose it")
    elif "measure" not in found:
        raise ModelError('studies need the choice "measure", such as {"measure": ["SMD"]}')
    for name, values in _DEFAULTS.items():
        if name not in found:
            found[name] = Factor(name, values, tuple(map(_label, values)), asked=False)
    filters = [factor for factor in found.values() if factor.is_filter]
    return (*(found[name] for name in _ORDER if name in found), *filters)


def _label(value: object) -> str:
    return f"{value:g}" if isinstance(value, float) else str(value)


def _factor(data: Effects | Studies, name: str, given: object, columns: Sequence[str]) -> Factor:
    values = _listed(name, given)
    if name in ("rho", "correlation"):
        numbers = tuple(as_number(value) for value in values)
        low = 0.0 if name == "rho" else -1.0
        for number in numbers:
            if not low <= number <= 1.0:
                raise ModelError(f"{name} is a correlation from {low:g} to 1; got {number:g}")
        return Factor(name, numbers, tuple(f"{number:g}" for number in numbers))
    words = {
        "measure": ROW_CODES,
        "tau2": ESTIMATORS,
        "inference": INFERENCE,
        "rows": ROWS,
        "partial": PARTIAL,
        "inferred": INFERRED,
    }
    if name in words and not (name == "inferred" and set(map(str, values)) <= {"yes", "no"}):
        chosen = tuple(one_of(name, value, words[name]) for value in values)
        if name == "measure":
            _check_measures(chosen)
        return Factor(name, chosen, chosen)
    if name not in columns:  # a word of ours that these rows have no column for
        raise ModelError(f"these rows have no column {name!r} to choose by")
    kept = [None if value is None else tuple(_listed(name, value)) for value in values]
    present = set(data.table[name].dropna().astype(str))
    unknown = {str(item) for value in kept for item in value or ()} - present
    spelled = {item: one_of(f"a value of {name}", item, sorted(present)) for item in sorted(unknown)}
    if spelled:  # given in another case
        kept = [value and tuple(spelled.get(str(item), item) for item in value) for value in kept]
    labels = [ALL if value is None else " + ".join(map(str, value)) for value in kept]
    return Factor(name, tuple(kept), tuple(labels), is_filter=True)


def _listed(name: str, given: object) -> list[Any]:
    if isinstance(given, str) or not isinstance(given, Iterable):
        return [given]
    values = list(given)
    if not values:
        raise ModelError(f"the choice {name!r} has no value to choose from")
    seen = [repr(value) for value in values]
    if len(set(seen)) < len(seen):
        twice = Counter(seen).most_common(1)[0][0]
        shown = twice if len(twice) <= 80 else f"{twice[:79]}\N{HORIZONTAL ELLIPSIS}"
        raise ModelError(f"the choice {name!r} names a value twice: {shown}")
    return values


def _check_labels(factor: Factor) -> None:
    if len({*factor.labels, NOT_APPLIED}) <= len(factor.labels):
        raise ModelError(
            f"the choice {factor.name!r} has values of the same name, or of the name {NOT_APPLIED!r}, which"
            f" nobody could tell apart: {', '.join(factor.labels)}"
        )


def _check_measures(measures: Sequence[str]) -> None:
    if len(measures) > 1 and not any(set(measures) <= set(alike) for alike in _ALIKE):
        raise ModelError(
            f"estimates in {' and '.join(measures)} cannot stand beside each other: choose measures of one"
            f" kind, {' or '.join(', '.join(alike) for alike in _ALIKE)}"
        )


@dataclass(frozen=True)
class Plan:
    """The combinations that make sense.

    Attributes
    ----------
    factors : tuple of Factor
        The choices.
    codes : ndarray of int, shape (specifications, factors)
        Which value of each is chosen; -1 where a choice plays no part.
    left_out : DataFrame
        One line a reason: ``combination``, ``reason``, ``count`` of combinations that are left out for it.
    """

    factors: tuple[Factor, ...]
    codes: NDArray[np.int32]
    left_out: pd.DataFrame

    def position(self, name: str) -> int:
        """Return where a choice stands; -1 where there is none of that name."""
        return next((i for i, factor in enumerate(self.factors) if factor.name == name), -1)

    def column(self, name: str) -> NDArray[np.int32]:
        """Return the codes of a choice."""
        return self.codes[:, self.position(name)]

    def frame(self) -> pd.DataFrame:
        """Return the labels of the choices, one line a specification."""
        columns = {}
        for i, factor in enumerate(self.factors):
            words = [*factor.labels, NOT_APPLIED]
            codes = cast("Sequence[int]", np.where(self.codes[:, i] < 0, len(words) - 1, self.codes[:, i]))
            columns[factor.name] = pd.Categorical.from_codes(codes, categories=pd.Index(words))
        return pd.DataFrame(columns)


def numbered(codes: NDArray[np.integer[Any]]) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """Return the number of each line's kind, and for each kind the first line that has it.

    Parameters
    ----------
    codes : ndarray of int, shape (lines, choices)
        From -1 upwards.

    Returns
    -------
    tuple of ndarray
        Kinds in lexical order, shape (lines,), and lines, shape (kinds,).
    """
    if not codes.shape[1]:
        return np.zeros(len(codes), np.intp), np.zeros(min(1, len(codes)), np.intp)
    sizes = [int(column.max(initial=-1)) + 2 for column in codes.T]
    if math.prod(sizes) > 4 * len(codes) + 1000:
        _, first, kind = np.unique(codes, axis=0, return_index=True, return_inverse=True)
        return kind.ravel().astype(np.intp), first.astype(np.intp)
    # All that there may be fits into a short array: a place for each kind, without sorting.
    key = np.ravel_multi_index(tuple(np.asarray(codes.T, np.intp) + 1), sizes)
    first = np.full(math.prod(sizes), -1, np.intp)
    first[key[::-1]] = np.arange(len(codes) - 1, -1, -1)
    found = first >= 0
    return (np.cumsum(found) - 1)[key], first[found]


def plan(factors: tuple[Factor, ...], several: bool) -> Plan:
    """Combine the choices and leave out what makes no sense, by name.

    Parameters
    ----------
    factors : tuple of Factor
        From `factors_of`.
    several : bool
        Whether some study gives several rows.

    Raises
    ------
    ModelError
        Where there are too many combinations, or none makes sense.
    """
    sizes = [len(factor.values) for factor in factors]
    total = math.prod(sizes)
    if total > MOST:
        raise ModelError(f"these choices have {total:,} combinations; at most {MOST:,} can be fitted")
    codes = np.stack(np.unravel_index(np.arange(total), sizes), axis=1).astype(np.int32)
    at = {factor.name: i for i, factor in enumerate(factors)}

    def says(name: str, *words: str) -> NDArray[np.bool_]:
        chosen = [i for i, value in enumerate(factors[at[name]].values) if value in words]
        return np.isin(codes[:, at[name]], chosen)

    partial = says("partial", "in")
    alone = ~partial & (~says("rows", "all") if several else np.ones(total, bool))
    nested = ~partial & ~alone
    profile = says("inference", "profile", "profile-t")
    senseless = [
        (
            "partial = in, rows = mean",
            "reports that only bound an effect cannot be averaged within a study",
            partial & says("rows", "mean"),
        ),
        (
            "rows = all, tau2 other than ML and REML",
            "effects that depend on each other are pooled by a multilevel model, which has ML and REML alone",
            nested & ~says("tau2", "ML", "REML"),
        ),
        (
            "tau2 = EE, inference other than z",
            "a common effect has its own normal interval",
            alone & says("tau2", "EE") & ~says("inference", "z"),
        ),
        (
            "partial = out, inference = profile",
            "profile intervals go with tau2 = ML",
            alone & profile & ~says("tau2", "ML"),
        ),
        (
            "partial = out, inference = profile-t",
            "this interval is for partial reports",
            alone & says("inference", "profile-t"),
        ),
    ]
    out = np.zeros(total, np.bool_)
    reasons = []
    for combination, reason, where in senseless:
        fresh = int((where & ~out).sum())
        if fresh:
            reasons.append({"combination": combination, "reason": reason, "count": fresh})
        out |= where
    # What plays no part is one specification, not several of the same numbers.
    codes[partial, at["tau2"]] = -1
    codes[partial & ~profile, at["inference"]] = -1
    codes[nested, at["inference"]] = -1
    if not several:
        codes[:, at["rows"]] = -1
    codes[(codes[:, at["rows"]] >= 0) & says("rows", "first") | (not several), at["rho"]] = -1
    codes = codes[~out]
    _, first = np.unique(codes, axis=0, return_index=True)
    if len(first) < len(codes):
        reasons.append(
            {
                "combination": f"choices marked {NOT_APPLIED}",
                "reason": "a choice that plays no part would give the same specification again",
                "count": len(codes) - len(first),
            }
        )
    if not len(first):
        raise ModelError(
            "no combination of these choices makes sense: " + "; ".join(str(r["reason"]) for r in reasons)
        )
    table = pd.DataFrame(reasons, columns=["combination", "reason", "count"])
    return Plan(factors, codes[np.sort(first)], table)
