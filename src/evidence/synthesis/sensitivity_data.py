"""What the verbs that take studies out (or in) one at a time share: the rows, the words, the page."""

from __future__ import annotations

import html
import math
from collections.abc import Callable, Hashable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from evidence.effects.record import Effects
from evidence.errors import ModelError
from evidence.fit import MetaFit
from evidence.fit.numbers import decimals, number
from evidence.fit.plain import cell_text, places_of
from evidence.models.choices import IDENTICAL
from evidence.numerics.batch_inference import BatchFit
from evidence.numerics.deletion import COMMON
from evidence.numerics.tau2 import TAU2
from evidence.numerics.wls import Vector

__all__ = [
    "FEWEST",
    "ExactRows",
    "Model",
    "exact_rows",
    "fit_lines",
    "full_fit",
    "html_page",
    "interval_words",
    "log_words",
    "named",
    "refit",
    "refit_lines",
    "scale_note",
    "shown",
    "side",
]

Model = Callable[[Effects], MetaFit]

FEWEST = 5
"""Studies below which these tables should not be read: without one of four, tau² rests on three or fewer."""

FIT_COLUMNS = (
    "k",
    "n_studies",
    "estimate",
    "std_error",
    "conf_low",
    "conf_high",
    "p_value",
    "tau2",
    "i2",
    "q",
    "q_p_value",
    "note",
)
"""What is told of each fit."""

_WALD = ("z", "t", "HKSJ", "mHKSJ")
_SINGLE = "A single study: its own result, with no between-study variance, I² or Q."


@dataclass(frozen=True)
class ExactRows:
    """The rows of a model that the array programs can fit: a mean, one exact row a study.

    Attributes
    ----------
    y, v : Vector, shape (k,)
        Effects and variances of the rows in use.
    tau2, inference, level
        The fit's own choices; `tau2` is ``"EE"`` for the common effect.
    """

    y: Vector
    v: Vector
    tau2: str
    inference: str
    level: float

    @property
    def options(self) -> dict[str, Any]:
        """Return the choices as keywords of `numerics.deletion`."""
        return {"tau2": self.tau2, "inference": self.inference, "level": self.level}


def full_fit(data: object, model: Model, verb: str) -> MetaFit:
    """Return the fit given, or the model's fit of the effects given.

    Raises
    ------
    ModelError
        Where `data` is neither, or `model` does not give a `MetaFit`.
    """
    if isinstance(data, MetaFit):
        return data
    if not isinstance(data, Effects):
        raise ModelError(f"{verb}() takes Effects or a fit; got {type(data).__name__}")
    return refit(model, data)


def refit(model: Model, effects: Effects) -> MetaFit:
    """Return the model's fit.

    Raises
    ------
    ModelError
        Where it is no `MetaFit`, or `model` is not callable.
    """
    if not callable(model):
        raise ModelError(f"model takes a function of effects, such as ev.random_effects; got {model!r}")
    fit: object = model(effects)
    if not isinstance(fit, MetaFit):
        raise ModelError(f"model must return a MetaFit; got {type(fit).__name__}")
    return fit


def exact_rows(fit: MetaFit) -> ExactRows | None:
    """Return the rows of a `random_effects` or `common_effect` fit; None for any other model."""
    tau2, _, inference = fit.method.partition(", ")
    if fit.method == "common effect, z":
        tau2 = COMMON
    elif tau2 not in TAU2 or inference not in _WALD:
        return None
    if fit.coefficients is not None or fit.variance_components is not None:
        return None
    used = fit.rows.loc[fit.rows["used"].astype(bool)]
    if used["study"].duplicated().any() or not used["kind"].eq("exact").all():
        return None
    y = used["estimate"].to_numpy(np.float64)
    return ExactRows(y, used["std_error"].to_numpy(np.float64) ** 2, tau2, inference, fit.level)


def fit_lines(fits: BatchFit) -> pd.DataFrame:
    """Return one line of `FIT_COLUMNS` for each data set."""
    notes = [
        str(why) if why else _SINGLE if k == 1 else IDENTICAL if same else ""
        for why, k, same in zip(fits.failure, fits.k, fits.identical, strict=True)
    ]
    columns = {"n_studies": fits.k, "conf_low": fits.low, "conf_high": fits.high, "note": notes}
    return pd.DataFrame({name: columns.get(name, getattr(fits, name, None)) for name in FIT_COLUMNS})


def refit_lines(model: Model, sets: Sequence[Effects]) -> pd.DataFrame:
    """Return one line of `FIT_COLUMNS` for each set of effects; a refusal is told in its note."""
    return pd.DataFrame([_line(model, effects) for effects in sets], columns=list(FIT_COLUMNS))


def _line(model: Model, effects: Effects) -> dict[str, object]:
    line: dict[str, object] = dict.fromkeys(FIT_COLUMNS, math.nan)
    try:
        fit = refit(model, effects)
    except ModelError as problem:
        return line | {"k": 0, "n_studies": 0, "note": f"Not pooled: {problem}"}
    for name in FIT_COLUMNS[:-1]:
        value = getattr(fit, name)
        line[name] = math.nan if value is None else value
    if fit.estimate is None:
        return line | {"note": fit.sentence()}
    return line | {"note": _SINGLE if fit.n_studies == 1 else ""}


def side(line: Mapping[Hashable, Any]) -> int:
    """Return 1 or -1 where a line's interval lies on one side of zero, otherwise 0."""
    return int(line["conf_low"] > 0.0) - int(line["conf_high"] < 0.0)


def shown(fit: MetaFit, *values: float) -> list[str]:
    """Return numbers of the model scale as printed, with the decimals that they need together."""
    printed = [fit.to_display(value) for value in values]
    places = decimals(printed)
    return [number(value, places, missing="none") for value in printed]


def interval_words(fit: MetaFit, estimate: float, low: float, high: float) -> str:
    """Return ``0.31 (0.10 to 0.52)`` on the printed scale, the lower end first."""
    middle, *ends = shown(fit, estimate, low, high)
    if fit.scale == "log" and fit.display_sign < 0:
        ends.reverse()
    return f"{middle} ({ends[0]} to {ends[1]})"


def named(fit: MetaFit) -> str:
    """Return the measure of a fit as it stands before a number, such as ``"SMD "``; empty without one."""
    return f"{fit.measure} " if fit.measure not in ("", "GEN") else ""


def scale_note(fit: MetaFit) -> tuple[str, ...]:
    """Return a note where the table's numbers are not those of the sentence."""
    if fit.scale != "log":
        return ()
    return (log_words(fit.measure, fit.display_sign),)


def log_words(measure: str, sign: int) -> str:
    """Return that a table holds logarithms, and how the ratios of its sentence follow from them."""
    name = measure if measure not in ("", "GEN") else "the ratio"
    turned, power = ", turned so that positive favours the first arm", "the exponential of minus that"
    if sign > 0:
        turned, power = "", "their exponential"
    return f"The table is on the log scale of the model{turned}; the sentence gives {name}, {power}."


def html_page(
    kind: str, sentence: str, table: pd.DataFrame, columns: Mapping[str, str], notes: Sequence[str]
) -> str:
    """Return the sentence, some columns of the table under their printed names, and the notes."""
    head = "".join(f"<th>{html.escape(name)}</th>" for name in columns.values())
    places = {name: places_of(table[name]) for name in columns}
    lines = []
    for row in table.to_dict("records"):
        cells = [cell_text(row[name], places[name], name) for name in columns]
        lines.append("<tr>" + "".join(f"<td>{html.escape(cell)}</td>" for cell in cells) + "</tr>")
    listed = "".join(f"<li>{html.escape(note)}</li>" for note in notes)
    body = f"<table><thead><tr>{head}</tr></thead><tbody>{''.join(lines)}</tbody></table>"
    return f'<div class="evidence-{kind}"><p><b>{html.escape(sentence)}</b></p>{body}<ul>{listed}</ul></div>'
