"""Effects from numbers at hand: the generic door for those who bring estimates and standard errors."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable, Sequence, Sized

import numpy as np
import pandas as pd

from evidence._check import as_number, in_row, is_text, one_of
from evidence.effects.record import KINDS, Effects
from evidence.errors import ModelError
from evidence.numerics.intervals import quantile
from evidence.numerics.wls import Vector

__all__ = ["effects_from"]

SCALES = ("identity", "log", "ratio")
"""As is; logarithms of ratios (displayed as ratios); ratios (their logarithms are taken)."""

_UNEVEN = 0.1
"""Share of an interval's width by which its estimate may be off the middle: rounding explains as much."""

_PEOPLE = ("n_e", "n_c", "people")

Numbers = Sequence[float] | np.ndarray | pd.Series | float | None


def _vector(name: str, values: Numbers, size: int | None) -> Vector | None:
    """Return a float vector, or None for an argument that was not given.

    Raises
    ------
    ModelError
        Where an entry is no number, or the length differs from the others'.
    """
    if values is None:
        return None
    try:
        raw = [
            math.nan if cell is None or cell is pd.NA else cell
            for cell in np.atleast_1d(np.asarray(values, dtype=object))
        ]
        out = np.array(raw, dtype=np.float64)
    except (TypeError, ValueError) as problem:
        raise ModelError(f"{name} must hold numbers; {problem}") from problem
    if out.ndim != 1:
        raise ModelError(f"{name} must hold one number a row; got a table of shape {out.shape}")
    if size is not None and size > 1 and _single(values):
        return np.full(size, out[0])
    if size is not None and out.size != size:
        raise ModelError(f"{name} must have one entry a row, {size} in all; got {out.size}")
    return out


def _require(rule: str, name: str, ok: np.ndarray, values: Vector, rows: Sequence[str]) -> None:
    broken = np.flatnonzero(~ok)
    if broken.size:
        at = int(broken[0])
        more = f" ({broken.size} rows in all)" if broken.size > 1 else ""
        raise ModelError(f"{in_row(rows[at])}, {name}: {rule}, got {values[at]:g}{more}")


def _logged(name: str, values: Vector | None, rows: Sequence[str], *, zero: bool) -> Vector | None:
    if values is None:
        return None
    ok = np.isnan(values) | (values > 0) | ((values == 0) & zero)
    _require("a ratio is positive", name, ok, values, rows)
    with np.errstate(divide="ignore"):
        return np.log(values)


def effects_from(
    estimate: Numbers,
    *,
    variance: Numbers = None,
    std_error: Numbers = None,
    study: Sequence[str] | None = None,
    low: Numbers = None,
    high: Numbers = None,
    scale: str = "identity",
    level: float = 0.95,
    measure: str = "GEN",
    **columns: Sequence[object],
) -> Effects:
    """Make effects from estimates and standard errors that are already at hand.

    Parameters
    ----------
    estimate : sequence of float or None
        One effect a row; None or NaN where only limits are known. Positive favours the first arm.
    variance, std_error : sequence of float, optional
        Sampling variance or standard error of each row (one of them), on the scale of the model: of the
        logarithm where `scale` is ``"log"`` or ``"ratio"``.
    study : sequence of str, optional
        Study of each row; rows of one study share people. Without it, each row is a study of its own.
    low, high : sequence of float, optional
        With an estimate and no variance: its confidence interval at `level`, which gives the variance.
        Without an estimate: the limits between which the observed effect is known to lie, possibly
        infinite; such rows need a variance and become intervals.
    scale : {"identity", "log", "ratio"}, default "identity"
        ``"log"``: estimates and limits are logarithms and are displayed as ratios; ``"ratio"``: they are
        ratios, whose logarithms are taken.
    level : float, default 0.95
        Level of the confidence intervals in `low` and `high`.
    measure : str, default "GEN"
        Code of the measure, for display.
    **columns : sequence
        Further columns of the table, such as ``domain=[...]``, ``n_e=[...]``. Numbers of people (``n_e``,
        ``n_c``, ``people``) are numbers; ``row_id`` names each row once; ``kind`` is what the numbers of
        the row are: exact with an estimate, interval or sign with limits alone.

    Returns
    -------
    Effects

    Raises
    ------
    ModelError
        Where lengths or types are wrong, a variance is not positive, a limit contradicts its estimate, a
        row has neither an estimate nor limits, or rows share a name.

    Examples
    --------
    >>> import evidence as ev
    >>> effects = ev.effects_from([0.2, None], std_error=[0.1, 0.2], low=[None, 0.0])
    >>> effects.table["kind"].tolist()
    ['exact', 'interval']
    """
    scale = one_of("scale", scale, SCALES)
    if not 0.5 <= as_number(level) < 1.0:
        raise ModelError(f"level must be a share between 0.5 and 1, such as 0.95; got {level!r}")
    if not is_text(measure):
        raise ModelError(f"measure takes the code of the measure as text, such as 'SMD'; got {measure!r}")
    size = max(map(_length, (estimate, low, high, variance, std_error, study)))
    if size == 0:
        raise ModelError("effects_from() needs at least one row: an estimate, or limits")
    names = _names(columns.pop("row_id", None), size)
    studies = names if study is None else _names(study, size, "study")
    y = _vector("estimate", estimate, size)
    y = np.full(size, math.nan) if y is None else y
    lo, hi = _vector("low", low, size), _vector("high", high, size)
    notes: tuple[str, ...] = ()
    if scale == "ratio":
        y = _logged("estimate", y, names, zero=False)
        lo, hi = _logged("low", lo, names, zero=True), _logged("high", hi, names, zero=True)
        notes = ("Ratios were given; the model works on their logarithms and displays ratios.",)
    assert y is not None
    lo = np.full(size, math.nan) if lo is None else lo
    hi = np.full(size, math.nan) if hi is None else hi
    known = ~np.isnan(y)
    _require("an effect is a finite number", "estimate", ~known | np.isfinite(y), y, names)
    outside = known & ((y < lo) | (y > hi))
    reversed_limits = lo > hi
    _require("the lower limit is below the upper one", "low", ~reversed_limits, lo, names)
    _require("an estimate lies inside its interval", "estimate", ~outside, y, names)
    v, from_interval = _variance(y, lo, hi, _given_variance(variance, std_error, size, names), level, names)
    notes = (*notes, *_uneven(y, lo, hi, from_interval, names))
    partial = ~known
    bounded = partial & ~(np.isnan(lo) & np.isnan(hi))
    _require("a row needs an estimate, or limits in low and high", "estimate", known | bounded, y, names)
    lo = np.where(bounded & np.isnan(lo), -np.inf, lo)
    hi = np.where(bounded & np.isnan(hi), np.inf, hi)
    both = ~(np.isnan(lo) | np.isnan(hi))
    _require("the lower limit is below the upper one", "low", ~(partial | both) | (lo < hi), lo, names)
    _require("limits without an estimate need a variance", "variance", ~partial | ~np.isnan(v), v, names)
    derived = np.where(
        partial, "limits", np.where(from_interval, "estimate and interval", "estimate and variance")
    )
    table = pd.DataFrame(
        {
            "row_id": names,
            "study": studies,
            "label": studies if study is not None else names,
            "estimate": y,
            "variance": v,
            "std_error": np.sqrt(v),
            "low": np.where(partial, lo, y),
            "high": np.where(partial, hi, y),
            "kind": np.where(partial, "interval", "exact"),
            "derived_from": derived,
            "formula": _formulas(lo, hi, v, from_interval, level),
            "assumptions": "",
            "alternatives": "",
            "reason": "",
        }
    )
    for name, values in columns.items():
        table[name] = pd.Series(_further(name, values, table))
    display = "log" if scale != "identity" else "identity"
    return Effects(table, measure=measure, scale=display, notes=notes)


def _uneven(
    y: Vector, low: Vector, high: Vector, from_interval: np.ndarray, rows: Sequence[str]
) -> tuple[str, ...]:
    """Return a note on intervals that their estimates do not halve, further than rounding explains."""
    width = np.where(from_interval, high - low, 1.0)
    with np.errstate(invalid="ignore"):  # rows without an estimate may have two infinite limits
        off = from_interval & (np.abs(0.5 * low + 0.5 * high - y) > _UNEVEN * width)
    odd = [rows[int(at)] for at in np.flatnonzero(off)]
    if not odd:
        return ()
    more = f" and {len(odd) - 8} more" if len(odd) > 8 else ""
    return (
        f"The estimate is not in the middle of its interval in {in_row(', '.join(odd[:8]))}{more}: its"
        " variance is a guess. Ratios are read with scale='ratio'.",
    )


def _formulas(low: Vector, high: Vector, v: Vector, from_interval: np.ndarray, level: float) -> list[str]:
    """Return how each variance came from an interval, the numbers in it; nothing where it was given."""
    q = quantile(level, None)
    cells = zip(low.tolist(), high.tolist(), v.tolist(), from_interval.tolist(), strict=True)
    return [
        f"variance = ((high - low) / (2 q))² = (({up:.5g} - {_minus(down)}) / (2 × {q:.4f}))² = {square:.5g}"
        if used
        else ""
        for down, up, square, used in cells
    ]


def _minus(value: float) -> str:
    return f"({value:.5g})" if value < 0 else f"{value:.5g}"


def _names(values: Sequence[object] | None, size: int, what: str = "row_id") -> list[str]:
    if values is None:
        return [f"row {i + 1}" for i in range(size)]
    listed = _column(what, values, size)
    for at, value in enumerate(listed):
        if not str(value).strip() or value is None or value is pd.NA or value != value:  # NaN is not itself
            raise ModelError(f"{what} names every row; entry {at + 1} of {size} is {value!r}")
    found = [str(value) for value in listed]
    twice = [name for name, times in Counter(found).items() if times > 1]
    if twice and what == "row_id":
        raise ModelError(f"row_id names each row once; {', '.join(twice[:8])} stands for several rows")
    return found


def _length(values: object) -> int:
    """Return how many rows an argument speaks of: none where it is not given, one for a single value."""
    if values is None:
        return 0
    return len(values) if isinstance(values, Sized) and not _single(values) else 1


def _single(values: object) -> bool:
    """Tell whether a value stands for itself and not for a row: it then holds for all rows."""
    if isinstance(values, str) or not isinstance(values, Sized):
        return True
    return getattr(values, "shape", None) == ()  # an array may hold a single number


def _further(name: str, values: object, table: pd.DataFrame) -> list[object]:
    """Return a further column, its numbers and kinds checked.

    Raises
    ------
    ModelError
        Where a number of people is none, or a kind is unknown or not what the row's numbers are.
    """
    size, rows = len(table), table["row_id"].tolist()
    if name in _PEOPLE:
        people = _vector(name, values, size)  # type: ignore[arg-type]
        people = np.full(size, math.nan) if people is None else people
        ok = np.isnan(people) | (np.isfinite(people) & (people > 0))
        _require("a number of people is positive", name, ok, people, rows)
        return list(people)
    listed = _column(name, values, size)
    if name != "kind":
        return listed
    kinds: list[object] = [one_of("kind", kind, KINDS) for kind in listed]
    for row, kind, made in zip(rows, kinds, table["kind"], strict=True):
        if kind != "unusable" and (kind == "exact") != (made == "exact"):
            has = "an estimate" if made == "exact" else "limits and no estimate"
            raise ModelError(f"{in_row(row)}, kind: a row with {has} is not {kind!r}")
    return kinds


def _column(name: str, values: object, size: int) -> list[object]:
    if isinstance(values, str) or not isinstance(values, Iterable):
        return [values] * size
    listed: list[object] = list(values)
    if len(listed) != size:
        raise ModelError(f"{name} must have one entry a row, {size} in all; got {len(listed)}")
    return listed


def _given_variance(variance: Numbers, std_error: Numbers, size: int, names: Sequence[str]) -> Vector:
    v, error = _vector("variance", variance, size), _vector("std_error", std_error, size)
    if v is not None and error is not None:
        raise ModelError("give variance or std_error, not both")
    name, values = ("std_error", error) if error is not None else ("variance", v)
    if values is None:
        return np.full(size, math.nan)
    _require(
        f"a {name.replace('std_', 'standard ')} is positive and finite",
        name,
        np.isnan(values) | (np.isfinite(values) & (values > 0)),
        values,
        names,
    )
    if error is None:
        return values
    rule = "a standard error has a square that can be computed with (it lies between 1e-150 and 1e150)"
    _require(rule, name, np.isnan(values) | ((values >= 1e-150) & (values <= 1e150)), values, names)
    return values * values


def _variance(
    y: Vector, low: Vector, high: Vector, given: Vector, level: float, names: Sequence[str]
) -> tuple[Vector, np.ndarray]:
    """Return each row's variance and which of them come from a confidence interval.

    Raises
    ------
    ModelError
        Where an estimate has neither a variance nor an interval around it.
    """
    needs = ~np.isnan(y) & np.isnan(given)
    if not needs.any():
        return given, needs
    width = np.where(needs, high - low, 1.0)
    _require(
        "an estimate needs a variance, a std_error, or an interval (low and high)",
        "variance",
        ~needs | np.isfinite(width),
        given,
        names,
    )
    return np.where(needs, (width / (2.0 * quantile(level, None))) ** 2, given), needs
