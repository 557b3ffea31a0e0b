"""The columns of `effect_size`: arrays of one length, each number by its rule, missing cells told apart."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence

import numpy as np
from numpy.typing import ArrayLike

from evidence.effects.formulas import Floats
from evidence.effects.measures import Measure
from evidence.effects.measures.record import Rule
from evidence.errors import ModelError

__all__ = ["as_columns", "broken_rows", "chosen_inputs", "missing_reasons", "positions"]

_SQUARED = (1e-150, 1e150)


def positions(flags: np.ndarray) -> list[int]:
    """Return the positions of the flagged rows."""
    return [int(at) for at in np.flatnonzero(flags)] if flags.any() else []


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
    if isinstance(values, np.ma.MaskedArray):
        values = np.ma.filled(values.astype(np.float64), np.nan)
    raw = np.asarray(values)
    if raw.dtype == object:
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


def broken_rows(measure: Measure, used: Sequence[str], columns: Mapping[str, Floats]) -> dict[int, str]:
    """Return the rows whose numbers break a rule, with column, rule and value.

    The rules are those of the columns in use; sums are held against every column that was given.
    """
    found: dict[int, list[str]] = {}

    def broken(flags: np.ndarray, words: Callable[[int], str]) -> None:
        for at in positions(flags):
            found.setdefault(at, []).append(words(at))

    for name in used:
        _hold(broken, name, columns[name], measure.rules[name])
        if name.startswith("sd"):
            _hold_square(broken, name, columns[name])
    for part, rest, whole in measure.sums:
        if part not in columns or whole not in columns:
            continue
        _hold_sum(broken, (part, rest, whole), columns)
    return {at: "; ".join(found[at]) for at in sorted(found)}


Broken = Callable[[np.ndarray, Callable[[int], str]], None]


def _hold(broken: Broken, name: str, values: Floats, rule: Rule) -> None:
    ok = rule.holds(values) | np.isnan(values)
    broken(~ok, lambda at: f"{name}: {rule.text}, got {values[at]:g}")


def _hold_square(broken: Broken, name: str, values: Floats) -> None:
    """Refuse standard deviations whose square is 0 or infinite: the effect would be wrong without a sign."""
    far = (values > 0) & np.isfinite(values) & ((values < _SQUARED[0]) | (values > _SQUARED[1]))
    broken(
        far, lambda at: f"{name}: no square of it can be computed with; take another unit, got {values[at]:g}"
    )


def _hold_sum(broken: Broken, names: tuple[str, str, str], columns: Mapping[str, Floats]) -> None:
    part, rest, whole = names
    events, people = columns[part], columns[whole]
    broken(
        events > people,
        lambda at: f"{part}: no more events than people, got {events[at]:g} of {people[at]:g} ({whole})",
    )
    if rest in columns:
        with np.errstate(invalid="ignore"):  # infinite cells are broken by a rule of their own
            together = events + columns[rest]
            apart = np.abs(together - people) > 1e-9 * people
        broken(
            apart,
            lambda at: f"{whole}: {part} and {rest} make up {whole}, got {together[at]:g} and {people[at]:g}",
        )


def missing_reasons(measure: Measure, columns: Mapping[str, Floats], lacking: np.ndarray) -> dict[int, str]:
    """Return which cells each lacking row is without, by the set of inputs that it comes nearest to.

    A row whose cells are all there lacks an effect for another reason and is not in the answer.
    """
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
        words.append(", ".join(next(names for names in gaps if len(names) == fewest)))
    said = zip(at, which, strict=True)
    return {int(row): f"missing: {words[int(kind)]}" for row, kind in said if words[int(kind)]}
