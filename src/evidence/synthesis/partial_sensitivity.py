"""How a result of partial reports moves with what had to be assumed, in one table."""

from __future__ import annotations

import html
import math
from collections.abc import Callable, Hashable, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

import numpy as np
import pandas as pd

from evidence._check import as_number
from evidence.effects.reading import effect_sizes
from evidence.effects.record import Effects
from evidence.errors import ModelError
from evidence.fit import MetaFit
from evidence.fit.numbers import decimals, number
from evidence.fit.plain import plain
from evidence.models import pool_partial
from evidence.models.prior import DEFAULT_PRIOR, Prior
from evidence.numerics.intervals import quantile
from evidence.studies.record import Studies

__all__ = ["PartialSensitivity", "partial_sensitivity"]

_AS_IS = "all rows, as assumed"


@dataclass(frozen=True, repr=False)
class PartialSensitivity:
    """The result under each assumption.

    Attributes
    ----------
    table : DataFrame
        One line an assumption: ``about`` (what is varied), ``assumption``, ``k``, ``n_studies``,
        ``estimate``, ``conf_low``, ``conf_high``, ``tau2``, ``bound``, ``p_positive`` (posterior),
        ``sentence``. Missing numbers are NaN; the sentence says why.
    fits : dict of str to MetaFit
        The fits by assumption; those that could not be made are missing.
    measure : str
        Code of the measure.
    level : float
        Level of the intervals.
    notes : tuple of str
        What a reader must know.
    """

    table: pd.DataFrame
    fits: dict[str, MetaFit]
    measure: str
    level: float
    notes: tuple[str, ...]

    def sentence(self) -> str:
        """Return the result as assumed, and between which values the other assumptions move it."""
        main = str(self.table["sentence"].iloc[0])
        others = self.table.iloc[1:].dropna(subset=["estimate"])
        if not len(others):
            return main
        fit = self.fits[_AS_IS]
        ends = [fit.to_display(float(value)) for value in others["estimate"].quantile([0.0, 1.0])]
        places = decimals(ends)
        low, high = (number(value, places) for value in sorted(end for end in ends if end is not None))
        lines = f"{len(others)} other assumption{'' if len(others) == 1 else 's'}"
        return f"{main} Under {lines} the estimate lies between {low} and {high}."

    def __repr__(self) -> str:
        """Return the sentence and one line an assumption."""
        columns = {"about": "about", "assumption": "assumption", "n_studies": "studies", "k": "rows"}
        columns |= {"estimate": "estimate", "conf_low": "low", "conf_high": "high"}
        return plain(self, self.sentence(), self.table, columns)

    def _repr_html_(self) -> str:
        """Return one line an assumption."""
        names = ("about", "assumption", "result", "rows", "studies", "P(effect > 0)")
        head = "".join(f"<th>{html.escape(name)}</th>" for name in names)
        lines = []
        for row in self.table.to_dict("records"):
            chance = f"{row['p_positive']:.2f}" if math.isfinite(row["p_positive"]) else ""
            cells = (row["about"], row["assumption"], _result(row), row["k"], row["n_studies"], chance)
            lines.append("".join(f"<td>{html.escape(str(cell))}</td>" for cell in cells))
        body = "".join(f"<tr>{line}</tr>" for line in lines)
        notes = "".join(f"<li>{html.escape(note)}</li>" for note in self.notes)
        table = f"<table><tr>{head}</tr>{body}</table>"
        return f'<div class="evidence-sensitivity">{table}<ul>{notes}</ul></div>'


def _result(row: dict[Hashable, Any]) -> str:
    """Return estimate and interval, or the sentence of a line without an estimate."""
    values = [float(row[name]) for name in ("estimate", "conf_low", "conf_high")]
    if not math.isfinite(values[0]):
        return str(row["sentence"])
    places = decimals([value for value in values if math.isfinite(value)])
    estimate, low, high = (number(value, places) for value in values)
    return f"{estimate} ({low} to {high})"


def partial_sensitivity(
    data: Studies | Effects,
    *,
    measure: str = "SMD",
    correlation: float = 0.7,
    rho: float = 0.6,
    correlations: Sequence[float] = (0.5, 0.7, 0.9),
    rhos: Sequence[float] = (0.0, 0.3, 0.6, 0.9),
    inference: str = "profile",
    prior: Prior | None = DEFAULT_PRIOR,
    level: float = 0.95,
) -> PartialSensitivity:
    """Fit `pool_partial` under every assumption that partial reports need, side by side.

    Varied one at a time: which rows are used (values only, directions only, without those that rest on an
    inference from silence), what was not reported (one more outcome a study, assumed to have shown "no
    difference"), the correlation between scores before and after, and the correlation of a study's
    sampling errors.

    Parameters
    ----------
    data : Studies or Effects
        The rows of one question. Effects come without the grid of pre-post correlations, which need the
        printed numbers.
    measure : str, default "SMD"
        Measure of the effects made from Studies.
    correlation : float, default 0.7
        Pre-post correlation of the main result, for Studies.
    rho : float, default 0.6
        Correlation of sampling errors within a study, of the main result.
    correlations : sequence of float, default (0.5, 0.7, 0.9)
        Pre-post correlations to try.
    rhos : sequence of float, default (0, 0.3, 0.6, 0.9)
        Correlations of sampling errors to try.
    inference, prior, level
        As in `pool_partial`.

    Returns
    -------
    PartialSensitivity

    Raises
    ------
    ModelError
        Where `data` is neither, or the main result cannot be had.

    Examples
    --------
    >>> import evidence as ev
    >>> low, high = [None, None, -0.6], [None, None, 0.6]
    >>> effects = ev.effects_from([0.3, 0.5, None], std_error=0.3, low=low, high=high)
    >>> ev.partial_sensitivity(effects, rhos=(0.6,)).table["about"].unique().tolist()
    ['main', 'rows', 'silence']
    """
    if not isinstance(data, Studies | Effects):
        raise ModelError(f"partial_sensitivity() takes Studies or Effects; got {type(data).__name__}")

    def fit(effects: Effects, correlated: float) -> MetaFit:
        return pool_partial(effects, rho=correlated, inference=inference, prior=prior, level=level)

    def tried(make: Callable[[], Effects], correlated: float) -> MetaFit | str:
        try:
            return fit(make(), correlated)
        except ModelError as problem:
            return f"Not pooled: {problem}"

    effects = (
        effect_sizes(data, measure=measure, correlation=correlation) if isinstance(data, Studies) else data
    )
    main = fit(effects, rho)
    found: list[tuple[str, str, MetaFit | str]] = [("main", _AS_IS, main)]
    found += [("rows", name, other) for name, other in main.alongside]
    found.append(("silence", _SILENT, tried(partial(_with_silence, effects, main), rho)))
    grid = _checked("correlations", correlations)
    if isinstance(data, Studies) and _rests_on_r(main):
        about = "pre-post correlation"
        for r in grid:
            read = partial(effect_sizes, data, measure=measure, correlation=r)
            found.append((about, f"{about} r = {r:g}", tried(read, rho)))
    rho_grid = _checked("rhos", rhos)
    if main.rows.loc[main.rows["used"].astype(bool), "study"].duplicated().any():
        about = "sampling errors"
        found += [(about, f"{about} rho = {x:g}", tried(lambda: effects, x)) for x in rho_grid]
    fits = {name: result for _, name, result in found if isinstance(result, MetaFit)}
    table = pd.DataFrame([_line(about, name, result) for about, name, result in found])
    table["bound"] = pd.Series([getattr(result, "bound", None) for _, _, result in found], dtype=object)
    return PartialSensitivity(table, fits, effects.measure, level, _notes(main))


_SILENT = "one more outcome a study, no difference"


def _checked(name: str, values: Sequence[float]) -> list[float]:
    """Return a grid of correlations.

    Raises
    ------
    ModelError
        Where it is no sequence of numbers of at least 0 and below 1.
    """
    try:
        numbers = [as_number(value) for value in values]
    except TypeError:
        raise ModelError(f"{name} takes a sequence of numbers; got {values!r}") from None
    if not all(0.0 <= value < 1.0 for value in numbers):
        raise ModelError(f"{name} are at least 0 and below 1; got {values!r}")
    return numbers


def _rests_on_r(fit: MetaFit) -> bool:
    return any("correlation of r =" in note for note in fit.notes)


def _with_silence(effects: Effects, main: MetaFit) -> Effects:
    """Return the rows with one more for each study: "no difference" at its typical standard error."""
    used = main.rows.loc[main.rows["used"].astype(bool)]
    extra = []
    for study, rows in used.groupby("study", sort=False):
        error = float(np.median(rows["std_error"].astype(float)))
        limit = quantile(0.95, None) * error
        line: dict[str, object] = dict.fromkeys(map(str, effects.table.columns))
        line |= {
            "row_id": f"{study}: silent",
            "study": study,
            "label": f"{study}: silent",
            "kind": "interval",
        }
        line |= {"low": -limit, "high": limit, "variance": error**2, "std_error": error, "estimate": math.nan}
        line |= {"main": True, "level": "study", "inferred": "yes", "sign": 0.0, "reason": ""}
        line |= {"assumptions": "an outcome that was not reported showed no difference"}
        if "measure" in effects.table.columns:
            line["measure"] = effects.measure
        extra.append({name: value for name, value in line.items() if name in effects.table.columns})
    added = pd.DataFrame(extra).astype(object)
    table = pd.concat([effects.table.astype(object), added], ignore_index=True)
    for name, kind in effects.table.dtypes.items():
        if name in ("estimate", "variance", "std_error", "low", "high", "n_e", "n_c", "people", "sign"):
            table[name] = pd.to_numeric(table[name])
        elif pd.api.types.is_bool_dtype(kind):
            table[name] = table[name].astype(bool)
    return replace(effects, table=table)


def _line(about: str, name: str, result: MetaFit | str) -> dict[str, object]:
    line: dict[str, object] = {"about": about, "assumption": name}
    fit = None if isinstance(result, str) else result
    line |= {"k": 0 if fit is None else fit.k, "n_studies": 0 if fit is None else fit.n_studies}
    for key in ("estimate", "conf_low", "conf_high", "tau2"):
        value = None if fit is None else getattr(fit, key)
        line[key] = math.nan if value is None else value
    line["bound"] = None
    line["p_positive"] = math.nan if fit is None or fit.posterior is None else fit.posterior.p_positive
    line["sentence"] = result if isinstance(result, str) else result.sentence()
    return line


def _notes(main: MetaFit) -> tuple[str, ...]:
    notes = [
        "Each line changes one assumption and keeps the others.",
        f'"{_SILENT}" adds to each study a report between its two critical values, at the median of its'
        " standard errors: what a reader may fear who knows that abstracts tell what came out.",
    ]
    if not _rests_on_r(main):
        notes.append("No row rests on a pre-post correlation, or the rows came as effects: no grid of r.")
    if not main.rows.loc[main.rows["used"].astype(bool), "study"].duplicated().any():
        notes.append("Each study gives one row in use: the correlation of sampling errors plays no part.")
    return tuple(notes)
