"""Power and plans: what the evidence could have shown, and what one more trial would add."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from evidence._check import as_number, several
from evidence.effects.formulas import smd_variance
from evidence.errors import ModelError
from evidence.fit import MetaFit
from evidence.fit.numbers import decimals, number
from evidence.fit.plain import plain
from evidence.numerics.intervals import quantile
from evidence.numerics.power import detectable, power_of_mean
from evidence.synthesis.compare import Comparison
from evidence.synthesis.sensitivity_data import html_page, scale_note

__all__ = ["NextTrial", "Power", "next_trial", "power"]

EFFECTS = (0.2, 0.5, 0.8)
"""Small, medium and large standardised differences (Cohen 1988)."""

FEWEST = 5
"""Studies below which power rests on a tau² that is all but unknown (Jackson & Turner 2017)."""

_MOST = 10**9
"""People in an arm: no trial has more."""

_STANDARDISED = ("SMD", "SMDH", "SMD1")
_HELD = "tau² is held at its estimate; where few studies tell it, power and plans are rough."


@dataclass(frozen=True, eq=False, repr=False)
class Power:
    """What a synthesis could have shown.

    Attributes
    ----------
    table : DataFrame
        One line a result: ``name, k, n_studies, std_error, tau2, detectable`` (the smallest effect that the
        test finds with the target power) and a column ``power_0.2`` for each effect asked for; ``note`` where
        there is none. Model scale.
    effects : tuple of float
        The true effects asked for.
    target : float
        The target power.
    level : float
        One minus the level of the test.
    log : bool
        Whether effects are logarithms of ratios: the sentence then gives ratios.
    notes : tuple of str
        What a reader must know.
    """

    table: pd.DataFrame
    effects: tuple[float, ...]
    target: float
    level: float
    log: bool
    notes: tuple[str, ...]

    def sentence(self) -> str:
        """Return in a line what could have been found, with a warning where few studies."""
        known = self.table.dropna(subset=["detectable"])
        if known.empty:
            return f"{_nothing(self.table)}, so that nothing can be said of power."
        said = [
            f"{_words(line['name'])}: {self._shown(line['detectable'])}{_few(line['n_studies'])}"
            for line in known.to_dict("records")
        ]
        power = f"{100 * self.target:.0f} % power"
        if list(known["name"]) == ["pooled"]:
            shown = said[0].removeprefix("pooled: ")
            return f"With {power} the smallest effect that the pooled result could show is {shown}."
        return f"With {power} the smallest effect that the present data could show is, {'; '.join(said)}."

    def _shown(self, effect: float) -> str:
        """Return an effect as printed: of ratios both directions, which are equally far from 1."""
        if not self.log:
            return number(effect, decimals([effect]))
        ends = [math.exp(-min(effect, 709.0)), math.exp(min(effect, 709.0))]
        return f"{number(ends[0], decimals(ends))} or {number(ends[1], decimals(ends))}"

    def _columns(self) -> dict[str, str]:
        columns = {"name": "", "n_studies": "studies", "std_error": "SE", "tau2": "tau²"}
        columns |= {f"power_{effect:g}": f"power at {effect:g}" for effect in self.effects}
        return columns | {"detectable": f"detectable ({100 * self.target:.0f} %)", "note": "note"}

    def __repr__(self) -> str:
        """Return the sentence and one line a result."""
        return plain(self, self.sentence(), self.table, self._columns())

    def _repr_html_(self) -> str:
        """Return the sentence, one line a result, and the notes."""
        return html_page("power", self.sentence(), self.table, self._columns(), self.notes)


_TRIAL_COLUMNS = {"name": "", "n_per_arm": "people an arm", "width_now": "width now", "width_then": "then"}
_TRIAL_COLUMNS |= {"narrower": "narrower (%)", "weight": "weight (%)", "detectable_then": "detectable then"}
_TRIAL_COLUMNS |= {"note": "note"}


@dataclass(frozen=True, eq=False, repr=False)
class NextTrial:
    """What one more trial would add.

    Attributes
    ----------
    table : DataFrame
        One line a result and size: ``name, n_studies, n_per_arm, width_now, width_then, narrower`` (percent),
        ``weight`` (percent, of the new trial), ``detectable_now, detectable_then`` and ``note``. Model scale.
    level : float
        Level of the intervals.
    notes : tuple of str
        What a reader must know.
    """

    table: pd.DataFrame
    level: float
    notes: tuple[str, ...]

    def sentence(self) -> str:
        """Return in a line what the largest trial asked for would do to each interval."""
        known = self.table.dropna(subset=["width_then"])
        if known.empty:
            return f"{_nothing(self.table)}, so that nothing can be said of a next trial."
        largest = int(known["n_per_arm"].max())
        lines = known.loc[known["n_per_arm"] == largest].to_dict("records")
        said = "; ".join(
            f"{_named_whole(line['name'])} by {line['narrower']:.0f} %{_few(line['n_studies'])}"
            for line in lines
        )
        interval = f"the {100 * self.level:g} % interval"
        return f"One more trial with {largest} people an arm would narrow {interval} of {said}."

    def __repr__(self) -> str:
        """Return the sentence and the lines of its page."""
        return plain(self, self.sentence(), self.table, _TRIAL_COLUMNS)

    def _repr_html_(self) -> str:
        """Return the sentence, one line a result and size, and the notes."""
        return html_page("next-trial", self.sentence(), self.table, _TRIAL_COLUMNS, self.notes)


def _named_whole(name: object) -> str:
    return "the pooled result" if name == "pooled" else _words(name)


def _nothing(table: pd.DataFrame) -> str:
    if table["n_studies"].eq(1).all():
        return (
            "Nothing is pooled: one study"
            if len(set(table["name"])) == 1
            else "Nothing is pooled: one study each"
        )
    return "Nothing is pooled with a standard error"


def _words(name: object) -> str:
    return str(name).replace("_", " ")


def _few(studies: float) -> str:
    return f" ({int(studies)} studies: too few to rely on)" if studies < FEWEST else ""


def _named(data: object) -> list[tuple[str, MetaFit | None, str]]:
    """Return the results with their names, and why one has none.

    Raises
    ------
    ModelError
        Where there is no result at all.
    """
    if isinstance(data, MetaFit):
        return [("pooled", data, "")]
    if isinstance(data, Comparison):
        groups = [str(group) for group in data.table[data.by]]
        return [(group, data.fits.get(group), data.failures.get(group, "")) for group in groups]
    raise ModelError(f"power is asked of a fit or a comparison; got {type(data).__name__}")


@dataclass(frozen=True)
class _Basis:
    """What power rests on: a model-based standard error and its reference distribution."""

    error: float
    df: float | None
    tau2: float


def _basis(fit: MetaFit | None) -> _Basis | str:
    """Return it, or why there is none."""
    if fit is None:
        return "no result"
    if fit.coefficients is not None:
        return "a fit of several coefficients has no single mean"
    if fit.std_error is None or not math.isfinite(fit.std_error) or fit.std_error <= 0.0:
        return "no standard error: the reports give a limit at best"
    if fit.n_studies < 2:
        return "one study, not pooled"
    error = fit.std_error
    used = fit.rows.loc[fit.rows["used"].astype(bool)]
    independent = not used["study"].duplicated().any() and bool(used["kind"].eq("exact").all())
    if independent and fit.variance_components is None:
        # HKSJ's own standard error has the luck of these data in it; power is of the model.
        error = float(1.0 / math.sqrt(float((1.0 / (used["std_error"] ** 2 + (fit.tau2 or 0.0))).sum())))
    spread = fit.tau2 or 0.0
    if fit.variance_components is not None and "outcome" not in fit.variance_components.columns:
        # One effect of a new study differs by what varies between studies and by what varies within them.
        spread = float(fit.variance_components["variance"].sum())
    return _Basis(error, fit.df, spread)


def power(
    data: MetaFit | Comparison, *, effects: float | Iterable[float] = EFFECTS, target: float = 0.8
) -> Power:
    """Return the power of a synthesis, and the effect that it could have shown.

    Parameters
    ----------
    data : MetaFit or Comparison
        A result, or results by group.
    effects : float or iterable of float, default (0.2, 0.5, 0.8)
        True effects, on the model scale (ratios: logarithms). The defaults are Cohen's small, medium and
        large standardised differences; name others for other measures. Not the effect that was found: power
        at the observed effect only repeats the p value.
    target : float, default 0.8
        Power at which the smallest detectable effect is given.

    Returns
    -------
    Power
        By the noncentral t with the fit's degrees of freedom, or the normal where it has none.

    Raises
    ------
    ModelError
        Where `data` is neither, or an argument is not a number in its range.

    References
    ----------
    Hedges LV, Pigott TD. The power of statistical tests in meta-analysis. Psychol Methods 2001;6(3):203-217.
    https://doi.org/10.1037/1082-989X.6.3.203
    Jackson D, Turner R. Power analysis for random-effects meta-analysis. Res Synth Methods 2017;8(3):290-302.
    https://doi.org/10.1002/jrsm.1240

    Examples
    --------
    >>> import evidence as ev
    >>> effects = ev.effects_from([0.1, 0.4, 0.2, 0.6, 0.3, 0.5], variance=0.04)
    >>> ev.power(ev.random_effects(effects)).table[["power_0.5", "detectable"]].round(2).values.tolist()
    [[1.0, 0.29]]
    """
    chosen = _numbers("effects", effects)
    target = as_number(target)
    named = _named(data)
    level = next((fit.level for _, fit, _ in named if fit is not None), 0.95)
    if not 1.0 - level < target < 1.0:
        raise ModelError(f"target is a power between {1.0 - level:g} and 1; got {target!r}")
    lines = [_power_line(name, fit, why, chosen, target) for name, fit, why in named]
    notes = [_HELD, "Power at the observed effect is not given: it only repeats the p value."]
    if any(fit is not None and fit.n_studies < FEWEST for _, fit, _ in named):
        notes.append(f"With fewer than {FEWEST} studies these numbers should not be relied on.")
    first = next((fit for _, fit, _ in named if fit is not None), None)
    if first is not None:
        notes += scale_note(first)
    log = first is not None and first.scale == "log"
    return Power(pd.DataFrame(lines), chosen, target, level, log, tuple(notes))


def _numbers(name: str, given: object) -> tuple[float, ...]:
    values = tuple(as_number(value) for value in several(given))
    if not values or not all(math.isfinite(value) for value in values):
        raise ModelError(f"{name} is a list of finite numbers; got {given!r}")
    if len({f"{value:g}" for value in values}) < len(values):
        raise ModelError(f"{name} names a value twice (six digits tell them apart); got {given!r}")
    return values


def _power_line(
    name: str, fit: MetaFit | None, why: str, effects: Sequence[float], target: float
) -> dict[str, object]:
    line: dict[str, object] = {
        "name": name,
        "k": 0 if fit is None else fit.k,
        "n_studies": 0 if fit is None else fit.n_studies,
        "std_error": math.nan,
        "tau2": math.nan,
    }
    line |= {f"power_{effect:g}": math.nan for effect in effects} | {"detectable": math.nan, "note": ""}
    basis = _basis(fit)
    if isinstance(basis, str):
        return line | {"note": why or basis}
    assert fit is not None  # there is a basis
    found = power_of_mean(effects, basis.error, fit.level, basis.df)
    line |= {"std_error": basis.error, "tau2": basis.tau2}
    line |= {f"power_{effect:g}": float(p) for effect, p in zip(effects, found, strict=True)}
    return line | {"detectable": detectable(basis.error, fit.level, basis.df, target)}


def next_trial(
    data: MetaFit | Comparison,
    *,
    n: int | Iterable[int] = (20, 50, 100, 200),
    variance: float | None = None,
    effect: float | None = None,
) -> NextTrial:
    """Return how much one more trial would narrow each interval.

    Parameters
    ----------
    data : MetaFit or Comparison
        A result, or results by group, such as ``ev.compare(effects, by="domain")``.
    n : int or iterable of int, default (20, 50, 100, 200)
        People in each arm of the new trial.
    variance : float, optional
        Sampling variance of the new trial's effect with one person in each arm; it is divided by `n`. Not
        needed for standardised mean differences, whose variance follows from n and the effect; for a mean
        difference it is twice the squared standard deviation.
    effect : float, optional
        True standardised difference that the variance supposes; by default the pooled one.

    Returns
    -------
    NextTrial
        Expected interval with tau² held at its estimate; one more study is one more degree of freedom.

    Raises
    ------
    ModelError
        Where `data` is neither, a number is not positive, or `variance` is needed and missing.

    References
    ----------
    Roloff V, Higgins JPT, Sutton AJ. Planning future studies based on the conditional power of a
    meta-analysis. Stat Med 2013;32(1):11-24. https://doi.org/10.1002/sim.5524

    Examples
    --------
    >>> import evidence as ev
    >>> effects = ev.effects_from([0.1, 0.4, 0.2, 0.6, 0.3, 0.5], variance=0.04)
    >>> ev.next_trial(ev.random_effects(effects), n=[100], variance=2.0).table["narrower"].round(1).tolist()
    [17.6]
    """
    given = several(n)
    sizes = tuple(int(size) for size in given if isinstance(size, int | np.integer) and 1 < size < _MOST)
    if not sizes or len(sizes) < len(given):
        raise ModelError(f"n is a list of whole numbers above 1, people in each arm; got {n!r}")
    if effect is not None and not math.isfinite(as_number(effect)):
        raise ModelError(f"effect is a finite number, the true standardised difference; got {effect!r}")
    if variance is not None and not 0.0 < as_number(variance) < math.inf:
        raise ModelError(f"variance is a positive number; got {variance!r}")
    named = _named(data)
    level = next((fit.level for _, fit, _ in named if fit is not None), 0.95)
    lines = [
        _trial_line(name, fit, why, size, variance, effect) for name, fit, why in named for size in sizes
    ]
    notes = [
        _HELD,
        "Widths are of the model with tau² known: an interval made of few studies is wider than these.",
    ]
    few = [name for name, fit, _ in named if fit is not None and fit.n_studies < FEWEST]
    if few:
        of = "" if len(named) == 1 else f" ({', '.join(map(_words, few))})"
        notes.append(f"Not to be relied on with fewer than {FEWEST} studies{of}.")
    return NextTrial(pd.DataFrame(lines), level, tuple(notes))


def _trial_line(
    name: str, fit: MetaFit | None, why: str, n: int, variance: float | None, effect: float | None
) -> dict[str, object]:
    columns = ("width_now", "width_then", "narrower", "weight", "detectable_now", "detectable_then")
    line: dict[str, object] = {"name": name, "n_studies": 0 if fit is None else fit.n_studies, "n_per_arm": n}
    line |= dict.fromkeys(columns, math.nan) | {"note": ""}
    basis = _basis(fit)
    if isinstance(basis, str):
        return line | {"note": why or basis}
    assert fit is not None  # there is a basis
    new = _new_variance(fit, n, variance, effect) + basis.tau2
    before = 1.0 / basis.error**2
    then = math.sqrt(1.0 / (before + 1.0 / new))
    df = None if basis.df is None else basis.df + 1.0
    now, after = (2.0 * quantile(fit.level, d) * e for d, e in ((basis.df, basis.error), (df, then)))
    return line | {
        "width_now": now,
        "width_then": after,
        "narrower": 100.0 * (1.0 - after / now),
        "weight": 100.0 / (1.0 + before * new),
        "detectable_now": detectable(basis.error, fit.level, basis.df),
        "detectable_then": detectable(then, fit.level, df),
    }


def _new_variance(fit: MetaFit, n: int, variance: float | None, effect: float | None) -> float:
    """Return the sampling variance of the new trial's effect.

    Raises
    ------
    ModelError
        Where it does not follow from n.
    """
    if variance is not None:
        return variance / n
    if fit.measure.upper() not in _STANDARDISED:
        raise ModelError(
            f"the variance of {fit.measure} does not follow from n alone: give variance=, that of an effect"
            " from one person in each arm (for a mean difference twice the squared standard deviation)"
        )
    true = (fit.estimate or 0.0) if effect is None else effect
    return float(np.asarray(smd_variance(true, n, n)))
