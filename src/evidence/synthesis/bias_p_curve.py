"""The p-curve of the significant results: evidential value, its absence, and average power."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from evidence._check import one_of
from evidence.effects.record import Effects
from evidence.fit.methods import bibtex
from evidence.fit.numbers import count, number
from evidence.fit.plain import plain
from evidence.numerics.p_curve import ALPHA, PCurveResult, Statistics
from evidence.numerics.p_curve import p_curve as curve_of
from evidence.synthesis.bias_rows import ALTERNATIVES, not_taken, taken
from evidence.synthesis.bias_words import bias_page
from evidence.synthesis.printed_tests import read_tests

__all__ = ["FEW_SIGNIFICANT", "PCurve", "p_curve"]

FEW_SIGNIFICANT = 10
"""Significant results below which the curve should not be read: with 50 % power each the rule sees evidential
value with 5 of them in 63 % of cases, with 10 in 81 %, with 20 in 95 % (simulated, docs/statistics.md)."""

_CAUTION = (
    "A right-skewed p-curve says that not all effects behind the significant results are zero, nothing of"
    " their size or of the results that are not significant; where effects differ between studies the power"
    " is overestimated (van Aert et al. 2016, doi:10.1177/1745691616650874)."
)


@dataclass(frozen=True, repr=False)
class PCurve:
    """A p-curve and its tests.

    Attributes
    ----------
    table : DataFrame
        Columns ``test, curve, k, statistic, p_value``: right skew and flatness (33 % power), by the full and
        the half curve (z of Stouffer's method) and by the number of p below .025 (binomial).
    rows : DataFrame
        One line a test: ``row_id, study, p, significant, pp_null, pp_33``; the last two are NaN where it is
        not significant.
    evidential, inadequate : bool
        What the combined rule of 2015 sees: evidential value, and evidential value absent or inadequate.
    power, power_low, power_high : float
        Average power of the significant tests, with the 90 % interval, looked for between .05 and .99.
    k, k_significant, k_half : int
        Tests, those with p below .05 in the chosen direction, and below .025.
    alternative : str
        As used.
    notes : tuple of str
        What a reader must know; the first says when there are too few significant results.
    """

    table: pd.DataFrame
    rows: pd.DataFrame
    evidential: bool
    inadequate: bool
    power: float
    power_low: float
    power_high: float
    k: int
    k_significant: int
    k_half: int
    alternative: str
    notes: tuple[str, ...]

    def tidy(self) -> pd.DataFrame:
        """Return a copy of the table."""
        return self.table.copy()

    def cite(self) -> str:
        """Return BibTeX entries of the method and of the software."""
        return bibtex(["simonsohn2014", "simonsohn2015"])

    def sentence(self) -> str:
        """Return the result as one plain line, with what may not be read from it."""
        text = f"p-curve ({self.k_significant} of {count(self.k, 'result', 'results')} significant): "
        if self.evidential and self.inadequate:
            text += "evidential value, though less than 33 % power would give"
        elif self.evidential:
            text += "evidential value (right-skewed)"
        elif self.inadequate:
            text += "no adequate evidential value (flatter than 33 % power would give)"
        else:
            text += "neither evidential value nor its absence is shown"
        text += (
            f"; average power {number(100.0 * self.power, 0)} %"
            f" ({number(100.0 * self.power_low, 0)} to {number(100.0 * self.power_high, 0)} %)."
        )
        if self.k_significant < FEW_SIGNIFICANT:
            return f"{text} Too few significant results to be read: fewer than {FEW_SIGNIFICANT}."
        return f"{text} It says nothing of the size of the effect."

    def __repr__(self) -> str:
        """Return the sentence and the tests."""
        return plain(self, self.sentence(), self.table)

    def _repr_html_(self) -> str:
        """Return the sentence, the tests and the notes."""
        return bias_page(self.sentence(), self.table, self.notes)


def p_curve(effects: Effects | Sequence[str], *, alternative: str = "greater") -> PCurve:
    """Test whether significant p values are right-skewed, as effects make them, or flat.

    Parameters
    ----------
    effects : Effects or sequence of str
        The rows, of which only exact ones are used, at most one a study: z is estimate over standard error.
        Or tests as papers print them: ``"t(88) = 2.1"``, ``"F(1, 100) = 9.1"``, ``"z = 3.4"``,
        ``"r(147) = .246"``, ``"chi2(1) = 9.1"``, which keeps their degrees of freedom.
    alternative : {"greater", "less", "two.sided"}, default "greater"
        Significant results of which direction make the curve, on the scale of the model; p is two-sided
        always. Printed tests are taken without their sign.

    Returns
    -------
    PCurve
        Not to be read with fewer than ten significant results, which its sentence says.

    Raises
    ------
    ModelError
        Where no result is significant, several rows are of one study, or a printed test cannot be read.

    References
    ----------
    Simonsohn U, Nelson LD, Simmons JP. J Exp Psychol Gen 2014;143:534-547. https://doi.org/10.1037/a0033242
    Simonsohn U, Simmons JP, Nelson LD. J Exp Psychol Gen 2015;144:1146-1152.
    https://doi.org/10.1037/xge0000104

    Examples
    --------
    >>> import evidence as ev
    >>> found = ev.p_curve(["t(88) = 2.9", "r(147) = .31", "F(1, 100) = 9.1", "z = 3.45", "t(40) = 4.2"])
    >>> found.evidential, round(found.power, 2)
    (True, 0.91)
    """
    side = one_of("alternative", alternative, ALTERNATIVES)
    if not isinstance(effects, Effects):
        tests, lines = read_tests(effects)
        rows = pd.DataFrame({"row_id": lines, "study": lines})
        return _record(curve_of(tests), rows, "two.sided", ())
    chosen = taken(effects, "direction_test(), or rows of one outcome,")
    z = chosen.values("estimate") / np.sqrt(chosen.values("variance"))
    way = np.sign(z) * (-1.0 if side == "less" else 1.0)
    against = (way < 0.0) if side != "two.sided" else np.zeros(z.size, dtype=bool)
    # What points the other way keeps its row, but no place in the curve.
    size = np.where(against, 0.0, np.abs(z))
    ones = np.ones(z.size)
    found = curve_of(Statistics(size, ones, ones * math.inf, np.ones(z.size, dtype=bool)))
    rows = pd.DataFrame({"row_id": chosen.names(), "study": chosen.studies()})
    found_p = curve_p(z)
    opposite = [
        name for name, off, p in zip(chosen.names(), against, found_p, strict=True) if off and p < ALPHA
    ]
    more = (
        (f"Significant in the other direction, and no part of the curve: {', '.join(opposite)}.",)
        if opposite
        else ()
    )
    return _record(found, rows.assign(p=found_p), side, (*more, *not_taken(chosen)))


def curve_p(z: np.ndarray) -> np.ndarray:
    """Return two-sided p values of z."""
    from evidence.numerics.selection_weights import p_values

    return p_values(z, "two.sided")


def _record(found: PCurveResult, rows: pd.DataFrame, side: str, more: tuple[str, ...]) -> PCurve:
    k = int(found.significant.sum())
    half = int((found.p[found.significant] < 0.5 * ALPHA).sum())
    if "p" not in rows:
        rows = rows.assign(p=found.p)
    for name, values in (("pp_null", found.pp_null), ("pp_33", found.pp_33)):
        column = np.full(len(rows), math.nan)
        column[found.significant] = values
        rows[name] = column
    rows.insert(3, "significant", found.significant)
    nan = math.nan
    table = pd.DataFrame(
        [
            ("right skew", "full", k, found.z_full, found.p_full),
            ("right skew", "half", half, found.z_half, found.p_half),
            ("right skew", "share below .025", k, nan, found.binomial),
            ("flatter than 33 % power", "full", k, found.z_full_33, found.p_full_33),
            ("flatter than 33 % power", "half", half, found.z_half_33, found.p_half_33),
            ("flatter than 33 % power", "share below .025", k, nan, found.binomial_33),
        ],
        columns=["test", "curve", "k", "statistic", "p_value"],
    )
    few = (
        f"{count(k, 'significant result is', 'significant results are')} too few: below {FEW_SIGNIFICANT} a"
        " p-curve rarely shows anything and should not be read.",
    )
    return PCurve(
        table=table,
        rows=rows,
        evidential=found.evidential,
        inadequate=found.inadequate,
        power=found.power,
        power_low=found.power_low,
        power_high=found.power_high,
        k=found.p.size,
        k_significant=k,
        k_half=half,
        alternative=side,
        notes=(*(few if k < FEW_SIGNIFICANT else ()), _CAUTION, *more),
    )
