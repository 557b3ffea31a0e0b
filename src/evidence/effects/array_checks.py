"""The columns of `effect_size`: arrays of one length, each number by its rule, missing cells told apart."""

from __future__ import annotations

import math
from collections.abc import Mapping

import numpy as np
from numpy.typing import ArrayLike

from evidence.effects.formulas import Floats
from evidence.effects.measures import Measure
from evidence.errors import ModelError

__all__ = ["as_columns", "broken_rows", "chosen_inputs", "missing_reasons"]


def as_columns(given: Mapping[str, ArrayLike | None]) -> dict[str, Floats]:
    """Return the columns that were given as float arrays of one length; single numbers hold for every row.

    Raises
    ------
    ModelError
        Where a column holds something else than numbers, is a table, or differs in length.
    """
    columns = {name: _floats(name, values) for name, values in given.items() if values is not None}
    sizes = {name: len(values) for name, values in columns.items() if values.ndim == 1}
    size = max(sizes.values(), default=1)
    wrong = {name: length for name, length in sizes.items() if length != size}
    if wrong:
        name, length = next(iter(wrong.items()))
        longest = next(name for name, length in sizes.items() if length == size)
        raise ModelError(
            f"{name} has {length} row{'s' if length != 1 else ''} and {longest} has {size}:"
            " every column needs one entry a row, or is a single number that holds for all"
        )
    return {name: values if values.ndim else np.full(size, float(values)) for name, values in columns.items()}


def _floats(name: str, values: ArrayLike) -> Floats:
    raw = np.asarray(values)
    if raw.dtype == object or raw.dtype.kind == "O":
        raw = np.asarray([math.nan if _empty(cell) else cell for cell in raw.ravel()]).reshape(raw.shape)
    if raw.dtype.kind not in "fiu":
        raise ModelError(f"{name} must hold numbers; got {values!r:.80}")
    if raw.ndim > 1:
        raise ModelError(f"{name} must hold one number a row; got a table of shape {raw.shape}")
    return np.asarray(raw, dtype=np.float64)


def _empty(cell: object) -> bool:
    return cell is None or type(cell).__name__ in ("NAType", "NaTType")


def chosen_inputs(measure: Measure, columns: Mapping[str, Floats]) -> tuple[str, ...]:
    """Return the columns that the measure will use of those given.

    Raises
    ------
    ModelError
        Where the given columns do not make up one of the measure's sets of inputs.
    """
    complete = [names for names in measure.inputs if all(name in columns for name in names)]
    if complete:
        # Rows may differ in what they have: every complete set is used, the preferred first.
        return tuple(dict.fromkeys(name for names in complete for name in names))
    if not measure.inputs:
        raise ModelError(f"{measure.code} is not computed from columns")
    nearest = max(measure.inputs, key=lambda names: sum(name in columns for name in names) / len(names))
    lacking = ", ".join(name for name in nearest if name not in columns)
    ways = "; or ".join(", ".join(names) for names in measure.inputs)
    raise ModelError(f"{measure.code} is computed from {ways}; missing: {lacking}")


def broken_rows(measure: Measure, columns: Mapping[str, Floats]) -> dict[int, str]:
    """Return the rows whose numbers break a rule, with column, rule and value."""
    found: dict[int, str] = {}
    for name, values in columns.items():
        if name not in measure.rules:
            continue
        rule = measure.rules[name]
        ok = rule.holds(values) | np.isnan(values)
        if not ok.all():
            for at in np.flatnonzero(~ok):
                found.setdefault(int(at), f"{name}: {rule.text}, got {values[at]:g}")
    for part, whole in measure.pairs:
        if part in columns and whole in columns:
            more = columns[part] > columns[whole]
            for at in np.flatnonzero(more) if more.any() else ():
                found.setdefault(
                    int(at),
                    f"{part}: no more events than people, got {columns[part][at]:g} of"
                    f" {columns[whole][at]:g} ({whole})",
                )
    return dict(sorted(found.items()))


def missing_reasons(measure: Measure, columns: Mapping[str, Floats], lacking: np.ndarray) -> dict[int, str]:
    """Return which cells each lacking row is without, by the set of inputs that it comes nearest to."""
    at = np.flatnonzero(lacking)
    if not at.size:
        return {}
    # Rows share few patterns of missing cells: the words are found once a pattern.
    empty = {name: np.isnan(values[at]) for name, values in columns.items()}
    pattern = sum(flags.astype(np.int64) << bit for bit, flags in enumerate(empty.values()))
    kinds, first, which = np.unique(pattern, return_index=True, return_inverse=True)
    words = []
    for row in first[: len(kinds)]:
        gaps = [[name for name in names if name not in empty or empty[name][row]] for names in measure.inputs]
        fewest = min(len(names) for names in gaps)
        words.append("missing: " + ", ".join(next(names for names in gaps if len(names) == fewest)))
    return {int(row): words[int(kind)] for row, kind in zip(at, which, strict=True)}
