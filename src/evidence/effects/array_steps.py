"""The steps of `effect_size` between the columns and the record: options, zero counts, forms, reasons."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

import numpy as np

from evidence._check import as_number, one_of
from evidence.effects.array_checks import positions
from evidence.effects.array_record import Flags
from evidence.effects.formulas import Estimate, Floats
from evidence.effects.measures import Measure
from evidence.effects.measures.common import NUMBER
from evidence.errors import ModelError

__all__ = [
    "LISTED",
    "amount_of",
    "computed",
    "double_zero",
    "flagged",
    "forms_of",
    "said",
    "settled",
    "with_addition",
    "with_t_of_f",
]

LISTED = 5
"""Rows that an error or a note spells out."""


def flagged(at: Iterable[int], size: int) -> Flags:
    """Return flags for rows by position."""
    flags = np.zeros(size, dtype=bool)
    flags[list(at)] = True
    return flags


def with_t_of_f(measure: Measure, columns: dict[str, Floats]) -> dict[str, Floats]:
    """Put the t of an F with one numerator degree of freedom where no t is given; F carries the sign."""
    if "fi" not in columns or measure.rules.get("ti") is not NUMBER:  # elsewhere ti is a time
        return columns
    f = columns.pop("fi")
    t = np.sign(f) * np.sqrt(np.abs(f))
    return {**columns, "ti": np.where(np.isnan(columns["ti"]), t, columns["ti"]) if "ti" in columns else t}


def forms_of(measure: Measure, vtype: str | Sequence[str] | None, size: int) -> list[str]:
    """Return the form of the variance of each row, or a single one for all.

    Raises
    ------
    ModelError
        For a form that the measure does not have, or a number of forms that is not that of the rows.
    """
    if vtype is None:
        return [next(iter(measure.variance))]
    name = f"vtype of {measure.code}"
    if isinstance(vtype, str):
        return [one_of(name, vtype, measure.variance)]
    forms = [one_of(name, form, measure.variance) for form in vtype]
    if len(forms) != size:
        raise ModelError(f"vtype must be one form for all rows or one a row, {size} in all; got {len(forms)}")
    return forms


def amount_of(measure: Measure, add: float | None) -> float:
    """Return what is added to zero counts: the caller's number, else the measure's.

    Raises
    ------
    ModelError
        Where it is no number of 0 or more.
    """
    if add is None:
        return measure.add
    amount = as_number(add)
    if not (np.isfinite(amount) and amount >= 0):
        raise ModelError(f"add must be a number of 0 or more (usually 0.5); got {add!r}")
    return amount


def double_zero(measure: Measure, columns: Mapping[str, Floats], size: int) -> Flags:
    """Tell in which rows neither group, or everybody in both, had the event."""
    if measure.counts == ("x1i", "x2i"):
        return np.asarray((columns["x1i"] == 0) & (columns["x2i"] == 0))
    if measure.counts == ("ai", "bi", "ci", "di"):
        none = (columns["ai"] == 0) & (columns["ci"] == 0)
        return np.asarray(none | ((columns["bi"] == 0) & (columns["di"] == 0)))
    return np.zeros(size, dtype=bool)


def with_addition(
    measure: Measure, columns: dict[str, Floats], amount: float, to: str, lacking: Flags
) -> tuple[dict[str, Floats], Flags]:
    """Add to the counts of the rows that `to` names; return the columns and those rows."""
    rows = np.zeros(len(lacking), dtype=bool)
    if not measure.counts or amount == 0 or to == "none":
        return columns, rows
    zero = np.zeros(len(lacking), dtype=bool)
    for name in measure.counts:
        zero |= columns[name] == 0
    zero &= ~lacking
    rows = zero if to == "only0" else ~lacking if to == "all" or zero.any() else rows
    changed = {name: np.where(rows, columns[name] + amount, columns[name]) for name in measure.counts}
    return {**columns, **changed}, rows


def computed(measure: Measure, columns: Mapping[str, Floats], forms: list[str], correct: bool) -> Estimate:
    """Return the measure's estimates and variances, each row by its form."""
    by_form = {form: measure.computed(columns, form, correct=correct) for form in set(forms)}
    if len(by_form) == 1:
        return by_form[forms[0]]
    y = np.empty(len(forms))
    v = np.empty(len(forms))
    for form, found in by_form.items():
        rows = np.array([each == form for each in forms])
        y[rows], v[rows] = found.estimate[rows], found.variance[rows]
    return Estimate(y, v)


def settled(measure: Measure, y: Floats, v: Floats, reasons: dict[int, str]) -> Flags:
    """Name every row without an estimate and variance, and empty both of its cells."""
    unusable = ~(np.isfinite(y) & np.isfinite(v)) | (v < 0)
    why = f" ({measure.undefined})" if measure.undefined else ""
    for at in positions(unusable):
        reasons.setdefault(at, f"{measure.code} does not exist for these numbers{why}")
    unusable |= flagged(reasons, len(y))
    y[unusable] = np.nan
    v[unusable] = np.nan
    return unusable


def said(
    added: Flags, zero: Flags, drop00: bool, y: Floats, v: Floats, reasons: Mapping[int, str], amount: float
) -> list[str]:
    """Return the notes on what was done to which rows."""
    notes = []
    if added.any():
        notes.append(f"{amount:g} was added to each count of {_rows(added)}.")
    if zero.any() and not drop00:
        notes.append(f"No event, or nothing but events, in both groups of {_rows(zero)}: kept.")
    flat = v == 0
    if flat.any():
        notes.append(f"The variance is 0 in {_rows(flat)}: such a row would outweigh all others.")
    if reasons:
        notes.append(f"No effect in {_rows(flagged(reasons, len(y)))}: see .reasons.")
    return notes


def _rows(flags: Flags) -> str:
    """Return the rows by number, counted from 1, the first few spelled out."""
    at = np.flatnonzero(flags) + 1
    listed = ", ".join(str(row) for row in at[:LISTED])
    more = f" and {len(at) - LISTED} more" if len(at) > LISTED else ""
    return f"row{'s' if len(at) > 1 else ''} {listed}{more}"
