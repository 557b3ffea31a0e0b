"""The record of a selection model, in numbers and words."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from scipy import special

from evidence.fit.methods import bibtex
from evidence.fit.numbers import number
from evidence.fit.plain import plain
from evidence.numerics.selection_fit import SelectionFit, deviance_at
from evidence.numerics.selection_likelihood import SelectionData
from evidence.numerics.wls import Vector
from evidence.synthesis.bias_words import FEW, bias_page, equals_p, printed, shown_interval, shown_value

__all__ = ["SelectionModel", "selection_terms"]

_NAMES = {
    "stepfun": "Selection model with steps",
    "beta": "Beta selection model",
    "halfnorm": "Half-normal selection model",
    "negexp": "Negative-exponential selection model",
    "logistic": "Logistic selection model",
    "power": "Power selection model",
}
_KEYS = {"stepfun": "vevea1995", "beta": "citkowicz2017"}


@dataclass(frozen=True, repr=False)
class SelectionModel:
    """Mean, spread and selection, estimated together.

    Attributes
    ----------
    table : DataFrame
        Columns ``term, estimate, std_error, df, statistic, p_value, conf_low, conf_high``: coefficients of
        the mean, ``tau2``, and the parameters of the selection function. Standard errors come from the
        curvature, intervals from the profile likelihood, p values of coefficients from the likelihood ratio
        (``statistic`` is its signed root).
    steps : DataFrame or None
        For steps, one line an interval of p: ``p_above, p_to, k, weight, conf_low, conf_high``.
    selection, alternative : str
        As used.
    estimate, std_error, conf_low, conf_high : float or None
        The mean before selection, on the scale of the model; None with moderators, and for a standard error
        that the curvature does not give.
    tau2, tau2_low, tau2_high : float or None
        Variance between studies before selection, with its interval; None for an open end (infinite in the
        table).
    delta : tuple of float
        Parameters of the selection function: for steps the weights of all intervals but the first.
    unselected, unselected_tau2 : float or None, float
        Mean and tau² by maximum likelihood without selection, for comparison.
    log_likelihood, unselected_log_likelihood : float
        With selection and without.
    statistic, df, p_value : float or None
        Likelihood-ratio test of no selection; None where the parameters were given.
    k : int
        Studies.
    level : float
        Level of the intervals.
    scale, display_sign : str, int
        As in the effects.
    notes : tuple of str
        What a reader must know; the first says when there are too few studies.
    """

    table: pd.DataFrame
    steps: pd.DataFrame | None
    selection: str
    alternative: str
    estimate: float | None
    std_error: float | None
    conf_low: float | None
    conf_high: float | None
    tau2: float
    tau2_low: float | None
    tau2_high: float | None
    delta: tuple[float, ...]
    unselected: float | None
    unselected_tau2: float
    log_likelihood: float
    unselected_log_likelihood: float
    statistic: float | None
    df: int | None
    p_value: float | None
    k: int
    level: float
    scale: str
    display_sign: int
    notes: tuple[str, ...]

    def tidy(self) -> pd.DataFrame:
        """Return a copy of the table."""
        return self.table.copy()

    def cite(self) -> str:
        """Return BibTeX entries of the method and of the software."""
        keys = ["hedges1992", _KEYS.get(self.selection, "preston2004")]
        return bibtex([*keys, *(["vevea2005"] if self.df is None else [])])

    @property
    def display(self) -> dict[str, float | None]:
        """Mean and interval on the printed scale (ratios: the exponential), the lower end first."""
        return printed(self.estimate, self.conf_low, self.conf_high, self.scale, self.display_sign)

    def sentence(self) -> str:
        """Return the result as one plain line, with what may not be read from it."""
        head = f"{_NAMES[self.selection]} ({self.k} studies): "
        if self.estimate is None:
            head += "coefficients in .table"
        else:
            ends = (self.estimate, self.conf_low, self.conf_high, self.scale, self.display_sign)
            head += f"mean corrected for selection {shown_interval(*ends)}"
            if self.unselected is not None:
                plain = shown_value(self.unselected, *ends[3:], beside=ends[:3])
                head += f", uncorrected {plain}"
        if self.steps is not None and len(self.steps) == 2 and self.df is not None:
            line = self.steps.iloc[1]
            head += (
                f"; the model estimates that results with p above {line['p_above']:g} were published"
                f" {number(float(line['weight']))} times as often as those below"
                f" ({number(float(line['conf_low']))} to {number(float(line['conf_high']))})"
            )
        if self.p_value is not None:
            head += f"; test of no selection: {equals_p(self.p_value)}"
        if self.k < FEW:
            return f"{head}. Too few studies to be read: fewer than {FEW}."
        return f"{head}. It rests on the assumed form of selection: a check, not a result."

    def __repr__(self) -> str:
        """Return the sentence and the parameters."""
        return plain(self, self.sentence(), self.table)

    def _repr_html_(self) -> str:
        """Return the sentence, the table and the notes."""
        return bias_page(self.sentence(), self.table, self.notes)


def selection_terms(
    terms: Sequence[str], kind: str, cuts: Vector, fit: SelectionFit, data: SelectionData, known: bool
) -> pd.DataFrame:
    """Return the table of all parameters."""
    p, q = len(terms), fit.delta.size
    limits = np.concatenate([cuts, [1.0]])
    if kind == "stepfun":
        names = [f"weight ({limits[j]:g}, {limits[j + 1]:g}]" for j in range(q)]
    else:
        names = ["delta"] if q == 1 else [f"delta_{j + 1}" for j in range(q)]
    statistic = np.full(p + 1 + q, math.nan)
    for j in range(p):
        deviance = deviance_at(data, fit, j, known)
        statistic[j] = math.copysign(math.sqrt(deviance), float(fit.beta[j]))
    values = np.concatenate([fit.beta, [fit.tau2], fit.delta])
    return pd.DataFrame(
        {
            "term": [*("mean" if name == "Intercept" and p == 1 else name for name in terms), "tau2", *names],
            "estimate": values,
            "std_error": fit.errors,
            "df": np.full(values.size, math.nan),
            "statistic": statistic,
            "p_value": 2.0 * special.ndtr(-np.abs(statistic)),
            "conf_low": fit.low,
            "conf_high": fit.high,
        }
    )
