"""What a result owes to the assumed correlation: the same synthesis over a grid of it."""

from __future__ import annotations

import html
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field

import pandas as pd

from evidence._check import as_number
from evidence.effects.record import Effects
from evidence.errors import ModelError
from evidence.fit import MetaFit
from evidence.fit.numbers import decimals, number
from evidence.fit.plain import plain
from evidence.fit.sentences import limit_text
from evidence.models import pool_partial
from evidence.models.rows import ASSUMED
from evidence.studies.record import Studies

__all__ = ["GRID", "CorrelationGrid", "correlation_grid"]

GRID = (0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9)
"""From as weak as retests of a skill are to as strong as those of body height."""


_COLUMNS = {"correlation": "r", "estimate": "estimate", "conf_low": "low", "conf_high": "high"}
_COLUMNS |= {"tau2": "tau²", "n_studies": "studies", "assuming": "rows that assume it"}


@dataclass(frozen=True, repr=False)
class CorrelationGrid:
    """One synthesis for each assumed correlation.

    Attributes
    ----------
    table : DataFrame
        One line a correlation: ``correlation``, ``estimate``, ``std_error``, ``conf_low``, ``conf_high``,
        ``pred_low``, ``pred_high``, ``tau2`` (model scale), ``k``, ``n_studies``, ``assuming`` (rows in use
        that rest on the assumed correlation) and ``sentence`` (the result in words, or why there is none).
    fits : mapping of float to MetaFit
        Results by correlation; where the model refused there is none.
    used : float, mapping or None
        The correlation of the effects that were given; None where studies were.
    notes : tuple of str
        What a reader must know.
    """

    table: pd.DataFrame
    fits: Mapping[float, MetaFit]
    used: float | Mapping[str, float] | None = None
    notes: tuple[str, ...] = field(default=())

    def __len__(self) -> int:
        """Return the number of correlations."""
        return len(self.table)

    def sentence(self) -> str:
        """Return in a sentence how far the result moves over the grid."""
        known = self.table.dropna(subset=["estimate"])
        grid = f"r = {self.table['correlation'].min():g} to {self.table['correlation'].max():g}"
        if known.empty:
            return f"Over {grid} the rows give no pooled value."
        measure = next(iter(self.fits.values())).measure
        ends = known["estimate"].min(), known["estimate"].max()
        places = decimals([*ends, *known["conf_low"], *known["conf_high"]])
        spread = f"{number(ends[0], places)} and {number(ends[1], places)}"
        verdicts = {
            (low > 0) - (high < 0) for low, high in zip(known["conf_low"], known["conf_high"], strict=True)
        }
        same = (
            "the interval lies on the same side at each"
            if verdicts in ({1}, {-1})
            else "the interval includes no difference at each"
            if verdicts == {0}
            else "whether the interval includes no difference depends on it"
        )
        return f"Over {grid} the pooled {measure} lies between {spread}; {same}."

    def __repr__(self) -> str:
        """Return the sentence and one line a correlation."""
        return plain(self, self.sentence(), self.table, _COLUMNS)

    def _repr_html_(self) -> str:
        head = ("r", "result", "rows that assume it", "in words")
        lines = "".join(
            "<tr>" + "".join(f"<td>{html.escape(cell)}</td>" for cell in self._cells(place)) + "</tr>"
            for place in range(len(self.table))
        )
        header = "".join(f"<th>{html.escape(name)}</th>" for name in head)
        notes = "".join(f"<li>{html.escape(note)}</li>" for note in (self.sentence(), *self.notes))
        table = f"<table><thead><tr>{header}</tr></thead><tbody>{lines}</tbody></table>"
        return f'<div class="evidence-grid">{table}<ul>{notes}</ul></div>'

    def _cells(self, place: int) -> list[str]:
        line = self.table.iloc[place]
        r = float(line["correlation"])
        fit = self.fits.get(r)
        if fit is None:
            return [f"{r:g}", "", "", str(line["sentence"])]
        shown = fit.display
        low, high = shown["conf_low"], shown["conf_high"]
        places = decimals([shown["estimate"], low, high])
        span = (
            limit_text(fit)
            if fit.bound or low is None
            else f"({number(low, places)} to {number(high, places)})"
        )
        result = f"{number(shown['estimate'], places)} {span}".strip()
        return [f"{r:g}", result, f"{line['assuming']} of {line['k']}", str(line["sentence"])]


def correlation_grid(
    effects: Effects | Studies,
    grid: Sequence[float] = GRID,
    *,
    model: Callable[..., MetaFit] = pool_partial,
    measure: str | None = None,
    **options: object,
) -> CorrelationGrid:
    """Rerun effects and their synthesis over a grid of the correlation of scores before and after.

    Papers rarely print that correlation, and changes cannot be read without it: the grid shows what a result
    owes to the assumed one. Arms that tell their own keep it.

    Parameters
    ----------
    effects : Effects or Studies
        Effects that were made from studies by `effect_sizes`; their rows, measure and options are kept.
        Studies need `measure`.
    grid : sequence of float, default 0.3, 0.4 ... 0.9
        Correlations, in (-1, 1).
    model : callable, default pool_partial
        Takes effects (and `options`), returns a `MetaFit`.
    measure : str, optional
        For studies: the measure, as in `effect_sizes`.
    **options
        Handed to `model`, such as ``tau2="PM"``.

    Returns
    -------
    CorrelationGrid
        `correlation_curve` draws it.

    Raises
    ------
    ModelError
        Where effects were not made from studies, the measure needs no correlation, the grid is no list of
        correlations, or the model does not return a `MetaFit`.

    References
    ----------
    Cochrane Handbook for Systematic Reviews of Interventions, version 6.4, 6.5.2.8: a range of correlations
    as a sensitivity analysis. doi:10.1002/9781119536604

    Examples
    --------
    >>> import evidence as ev
    >>> trials = ev.example_studies().where(question="hip_knee_vs_knee", domain="function", level="study")
    >>> found = ev.correlation_grid(trials, (0.5, 0.9), measure="SMD")
    >>> found.table["correlation"].tolist()
    [0.5, 0.9]
    >>> bool(found.table.loc[0, "std_error"] > found.table.loc[1, "std_error"])
    True
    """
    studies, code, continuity, used = _given(effects, measure)
    values = _checked(grid)
    if not callable(model):
        raise ModelError(f"model takes a function of effects that returns a MetaFit; got {model!r}")
    from evidence.effects.reading import effect_sizes

    fits: dict[float, MetaFit] = {}
    lines = []
    for r in values:
        found = effect_sizes(studies, measure=code, correlation=r, continuity=continuity)
        if found.correlation is None:
            raise ModelError(f"{code} needs no correlation: there is nothing to vary")
        try:
            fit = model(found, **options)
        except ModelError as problem:
            lines.append(_line(r, None, found, f"Not pooled: {problem}"))
            continue
        if not isinstance(fit, MetaFit):
            raise ModelError(f"model must return a MetaFit; it returned {type(fit).__name__}")
        fits[r] = fit
        lines.append(_line(r, fit, found, fit.sentence()))
    table = pd.DataFrame(lines)
    none = not table["assuming"].any()
    notes = ("No row in use rests on an assumed correlation: the grid changes nothing.",) if none else ()
    return CorrelationGrid(table, fits, used, notes)


def _given(
    effects: object, measure: str | None
) -> tuple[Studies, str, float, float | Mapping[str, float] | None]:
    """Return studies, measure, continuity and the correlation that was used before.

    Raises
    ------
    ModelError
        Where effects were not made from studies, or studies come without a measure.
    """
    if isinstance(effects, Studies):
        if measure is None:
            raise ModelError('correlation_grid(studies) needs the measure, such as measure="SMD"')
        return effects, measure, 0.5, None
    if not isinstance(effects, Effects):
        raise ModelError(f"correlation_grid() takes effects or studies; got {type(effects).__name__}")
    origin = effects._origin
    if origin is None:
        raise ModelError(
            "these effects were not made from studies: no correlation went into them that could be varied"
        )
    if measure is not None and measure.casefold() != effects.measure.casefold():
        raise ModelError(f"the effects are {effects.measure}; give studies for another measure")
    ids = set(effects.table["row_id"])
    kept = origin.studies._rows(origin.studies.table["row_id"].isin(ids).to_numpy(dtype=bool))
    return kept, effects.measure, origin.continuity, effects.correlation


def _checked(grid: object) -> list[float]:
    """Return the grid as a list of numbers.

    Raises
    ------
    ModelError
        Where it is none, or a number is no correlation.
    """
    if isinstance(grid, str) or not isinstance(grid, Iterable):
        raise ModelError(f"grid takes a list of correlations, such as (0.5, 0.7, 0.9); got {grid!r}")
    values = [as_number(value) for value in grid]
    if not values or not all(-1 < value < 1 for value in values) or len(set(values)) < len(values):
        raise ModelError(f"grid takes numbers between -1 and 1, each once; got {grid!r}")
    return values


def _line(r: float, fit: MetaFit | None, effects: Effects, sentence: str) -> dict[str, object]:
    names = ("estimate", "std_error", "conf_low", "conf_high", "pred_low", "pred_high", "tau2")
    values = {name: None if fit is None else getattr(fit, name) for name in names}
    assuming = 0
    if fit is not None:
        used = set(fit.rows.loc[fit.rows["used"].astype(bool), "row_id"])
        rows = effects.table[effects.table["row_id"].isin(used)]
        assuming = int(rows["assumptions"].astype(str).str.contains(ASSUMED, regex=True).sum())
    return {
        "correlation": r,
        **{name: float("nan") if value is None else float(value) for name, value in values.items()},
        "k": 0 if fit is None else fit.k,
        "n_studies": 0 if fit is None else fit.n_studies,
        "assuming": assuming,
        "sentence": sentence,
    }
