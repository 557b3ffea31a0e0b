"""The reviewer's page: a result beside every variation that applies, and whether it holds."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from evidence._work import bar
from evidence.effects.record import Effects
from evidence.errors import ModelError
from evidence.fit import MetaFit
from evidence.fit.chance import favoured
from evidence.fit.plain import plain
from evidence.studies.record import Studies
from evidence.synthesis.refits import Model, effects_of, verb_of
from evidence.synthesis.sensitivity_data import html_page, interval_words, refit, scale_note
from evidence.synthesis.sensitivity_variations import Result, variations

__all__ = ["Sensitivity", "sensitivity"]

FEWEST = 5
"""Studies below which variations show the arithmetic, not the robustness, of a result."""

_MAIN = "as it is"
_NAMED = 4
"""Exceptions named in the sentence; the table has them all."""


_COLUMNS = {"about": "about", "variation": "variation", "n_studies": "studies", "estimate": "estimate"}
_COLUMNS |= {"conf_low": "low", "conf_high": "high", "change": "change", "verdict": "verdict"}


@dataclass(frozen=True, eq=False, repr=False)
class Sensitivity:
    """A result beside its variations.

    Attributes
    ----------
    table : DataFrame
        One line a variation, the result itself first: ``about`` (what is varied), ``variation``, ``k``,
        ``n_studies``, ``estimate``, ``conf_low``, ``conf_high``, ``tau2``, ``change`` (of the estimate),
        ``verdict`` (``"first"``, ``"second"``: the arm that the interval favours; ``"open"``; empty without
        an interval), ``holds`` (the same verdict as the result's; missing where nothing can be compared, or
        where the variation rests on one study) and ``note``. Model scale.
    fits : mapping of str to MetaFit
        The fits by variation; corrections that are no fits are missing.
    fit : MetaFit
        The result.
    not_tried : DataFrame
        ``variation``, ``reason``: what does not apply, or could not be made.
    notes : tuple of str
        What a reader must know.
    """

    table: pd.DataFrame
    fits: Mapping[str, MetaFit]
    fit: MetaFit
    not_tried: pd.DataFrame
    notes: tuple[str, ...]

    def __len__(self) -> int:
        """Return the number of variations."""
        return len(self.table) - 1

    def sentence(self) -> str:
        """Return in how many variations the result holds, and where it does not."""
        told = self.table.iloc[1:]
        told = told.loc[told["holds"].notna()]
        main = self.table.iloc[0]
        if not main["verdict"]:
            return "The result has no interval, so that there is nothing to hold: see the table."
        what = {
            "first": "favours the first arm",
            "second": "favours the second arm",
            "open": "leaves the direction open",
        }[str(main["verdict"])]
        value = _shown(self.fit, main)
        if not len(told):
            return f"The result {what} ({value}); no variation of it could be made."
        holds = told["holds"].astype(bool)
        said = f"The result {what} ({value}) and holds under {int(holds.sum())} of {len(told)} variations"
        if same := self.same_numbers:
            said += f" ({same} of them {'gives' if same == 1 else 'give'} the same numbers)"
        against = told.loc[~holds]
        if len(against):
            names = [f"{line['variation']} ({_shown(self.fit, line)})" for line in against.to_dict("records")]
            more = f" and {len(names) - _NAMED} more" if len(names) > _NAMED else ""
            head = "the exception is" if len(names) == 1 else "the exceptions are"
            said += f"; {head} {'; '.join(names[:_NAMED])}{more}"
        single = self.table["variation"].iloc[1:].loc[self.table["n_studies"].iloc[1:] == 1].astype(str)
        if len(single):
            said += f". Not counted: {'; '.join(single)}"
        few = (
            f" With fewer than {FEWEST} studies this is arithmetic, not a test of robustness."
            if self.fit.n_studies < FEWEST
            else ""
        )
        return f"{said}.{few}"

    @property
    def same_numbers(self) -> int:
        """Number of compared variations with the result's own numbers: they confirm nothing of their own."""
        told = self.table.iloc[1:]
        names = ["estimate", "conf_low", "conf_high"]
        numbers = told.loc[told["holds"].notna(), names].to_numpy(dtype=float)
        own = self.table[names].iloc[0].to_numpy(dtype=float)
        return int(np.isclose(numbers, own, rtol=1e-9, atol=1e-9, equal_nan=True).all(axis=1).sum())

    def __repr__(self) -> str:
        """Return the sentence and the lines of its page."""
        return plain(self, self.sentence(), self.table, _COLUMNS)

    def _repr_html_(self) -> str:
        """Return the sentence, one line a variation, and the notes."""
        return html_page("sensitivity", self.sentence(), self.table, _COLUMNS, self.notes)


def _shown(fit: MetaFit, line: Mapping[Any, Any] | pd.Series[Any]) -> str:
    values = [float(line[name]) for name in ("estimate", "conf_low", "conf_high")]
    if not math.isfinite(values[0]):
        return "a limit only"
    if not all(map(math.isfinite, values)):
        return "no finite interval"
    return interval_words(fit, *values)


def sensitivity(
    data: MetaFit | Effects,
    *,
    studies: Studies | None = None,
    model: Model | None = None,
    progress: bool | None = None,
) -> Sensitivity:
    """Put a result beside every variation that applies to it, and say whether it holds.

    Parameters
    ----------
    data : MetaFit or Effects
        A result; or effects with the `model` that pools them.
    studies : Studies, optional
        The rows as printed: adds other pre-post correlations and other forms of the measure.
    model : callable, optional
        Takes effects, returns a `MetaFit`. Needed with effects; of a result it is the verb that made it.
    progress : bool, optional
        Whether to show a progress bar; by default in a terminal or notebook, for what takes long. Ctrl-C
        keeps what is finished.

    Returns
    -------
    Sensitivity
        Varied one at a time, where it applies: estimator of tau², model, interval, correlation of sampling
        errors, rows of a study, partial and inferred rows, each study left out, outliers, trim and fill,
        PET-PEESE and the three-parameter selection model (from 10 studies on), correlation and measure. A
        result holds where the interval allows the same to be said. `tornado` draws it.

    Raises
    ------
    ModelError
        Where `data` is neither, the result is of several coefficients, or nothing was pooled.
    KeyboardInterrupt
        Where the user stops it before the first variation is finished.

    Examples
    --------
    >>> import evidence as ev
    >>> effects = ev.effects_from([0.1, 0.2, 0.3, 0.9, 0.4], variance=0.04, study=list("abcde"))
    >>> page = ev.sensitivity(ev.random_effects(effects))
    >>> page.table["about"].unique().tolist()
    ['main', 'tau²', 'model', 'interval', 'one study less', 'outliers']
    """
    if studies is not None and not isinstance(studies, Studies):
        raise ModelError(f"studies takes Studies, the rows as printed; got {type(studies).__name__}")
    fit, effects, chosen = _start(data, model)
    lines = [_line("main", _MAIN, fit, fit)]
    fits: dict[str, MetaFit] = {}
    missing: list[dict[str, str]] = []
    listed = list(variations(fit, effects, chosen, studies))
    done = 0
    with bar(len(listed), "variations", progress) as shown:
        try:
            for variation in listed:
                try:
                    result = variation.make()
                except ModelError as problem:
                    reason = str(problem).splitlines()[0].rstrip(":")
                    missing.append({"variation": variation.name, "reason": reason})
                else:
                    name = f"{variation.name} (one study)" if result.n_studies == 1 else variation.name
                    lines.append(_line(variation.about, name, result, fit))
                    if isinstance(result, MetaFit):
                        fits[name] = result
                done += 1
                shown.update(1)
        except KeyboardInterrupt:
            if not done:
                raise
            missing += [{"variation": one.name, "reason": "stopped by the user"} for one in listed[done:]]
    table = pd.DataFrame(lines)
    table["holds"] = table["holds"].astype("boolean")
    return Sensitivity(
        table, fits, fit, pd.DataFrame(missing, columns=["variation", "reason"]), _notes(fit, missing)
    )


def _start(data: object, model: Model | None) -> tuple[MetaFit, Effects, Model]:
    if model is not None and not callable(model):
        raise ModelError(f"model takes a function of effects, such as ev.random_effects; got {model!r}")
    if isinstance(data, Effects):
        if model is None:
            raise ModelError("sensitivity() of effects needs the model, such as model=ev.random_effects")
        fit, effects, chosen = refit(model, data), data, model
    elif isinstance(data, MetaFit):
        fit, effects = data, effects_of(data)
        chosen = verb_of(data) if model is None else model
    else:
        raise ModelError(f"sensitivity() takes a fit or effects; got {type(data).__name__}")
    if fit.coefficients is not None:
        raise ModelError("sensitivity() is of one mean; a fit of several coefficients has none")
    if fit.n_studies < 2:
        raise ModelError(f"nothing was pooled, so that nothing can be varied: {fit.sentence()}")
    return fit, effects, chosen


def _line(about: str, name: str, result: Result, main: MetaFit) -> dict[str, object]:
    values = {
        key: math.nan if (value := getattr(result, key)) is None else float(value)
        for key in ("estimate", "conf_low", "conf_high", "tau2")
    }
    verdict, of_main = _verdict(result), _verdict(main)
    change = values["estimate"] - (math.nan if main.estimate is None else main.estimate)
    note = "" if math.isfinite(values["estimate"]) else _said(result)
    return {
        "about": about,
        "variation": name,
        "k": result.k,
        "n_studies": result.n_studies,
        **values,
        "change": change,
        "verdict": verdict,
        "holds": verdict == of_main if verdict and of_main and result.n_studies != 1 else None,
        "note": note,
    }


def _said(result: Result) -> str:
    return result.sentence() if isinstance(result, MetaFit) else result.sentence


def _verdict(result: Result) -> str:
    """Return which arm an interval favours; empty where there is none."""
    low, high = result.conf_low, result.conf_high
    if low is None and high is None:
        return ""
    if isinstance(result, MetaFit):
        return favoured(result) or "open"
    if low is not None and low > 0.0:
        return "first"
    return "second" if high is not None and high < 0.0 else "open"


def _notes(fit: MetaFit, missing: list[dict[str, str]]) -> tuple[str, ...]:
    notes = [
        "Each variation changes one thing and keeps the rest; a result holds where the interval allows the"
        " same to be said.",
        *(f"Not tried: {one['variation']} ({one['reason']})." for one in missing),
        *scale_note(fit),
    ]
    return tuple(notes)
