"""What a fit of several outcomes adds: each outcome's mean and variance, and whether the means differ."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from evidence._check import as_number
from evidence.errors import ModelError
from evidence.fit.numbers import decimals, number
from evidence.fit.regression import test_text
from evidence.fit.sentences import shared_text, size_text

if TYPE_CHECKING:
    from evidence.fit.record import MetaFit

__all__ = ["Outcomes", "outcome_name", "sentence"]


def outcome_name(cell: object) -> str:
    """Return an outcome's name; a number (a time) without the zeros that its type adds.

    >>> outcome_name(4.0), outcome_name(" pain ")
    ('4', 'pain')
    """
    value = as_number(cell)
    return str(cell).strip() if math.isnan(value) else f"{value:.15g}"


@dataclass(frozen=True)
class Outcomes:
    """The outcomes of a multivariate fit.

    Attributes
    ----------
    column : str
        The column that names the outcomes.
    levels : tuple of str
        Outcomes in the order of `tau2`.
    tau2 : ndarray, shape (o,)
        Variance of the true effects of each outcome.
    means : bool
        Whether the coefficients are the outcomes' means, in the same order: no other formula was given.
    """

    column: str
    levels: tuple[str, ...]
    tau2: np.ndarray
    means: bool

    def named(self, table: pd.DataFrame) -> pd.DataFrame:
        """Return new rows with their outcomes in the words of `levels`."""
        if self.column not in table.columns:
            return table
        return table.assign(**{self.column: [outcome_name(cell) for cell in table[self.column]]})

    def variances(self, table: pd.DataFrame) -> np.ndarray:
        """Return the variance of the true effects for rows that name their outcome.

        Raises
        ------
        ModelError
            Where the rows name no outcome, or one that the model has not seen.
        """
        if self.column not in table.columns:
            raise ModelError(f"the new rows lack the outcome: give {self.column!r}, one of {self._known}")
        names = table[self.column].tolist()
        unseen = [name for name in names if name not in self.levels]
        if unseen:
            raise ModelError(f"{self.column} has no outcome {unseen[0]!r}; the model knows {self._known}")
        return np.asarray(self.tau2[[self.levels.index(name) for name in names]])

    @property
    def _known(self) -> str:
        return ", ".join(map(repr, self.levels))

    def equal(self) -> np.ndarray:
        """Return the contrasts of each outcome's mean with the first one's, (o - 1, o).

        Raises
        ------
        ModelError
            Where the coefficients are not the outcomes' means.
        """
        if not self.means:
            raise ModelError(
                "with a formula of your own the coefficients are not the outcomes' means;"
                " name the contrasts that are to be zero"
            )
        o = len(self.levels)
        return np.hstack([-np.ones((o - 1, 1)), np.eye(o - 1)])


def sentence(fit: MetaFit) -> str:
    """Return the outcomes' means as one plain line, the closing words on whether they differ."""
    table = fit.tidy()
    parts = []
    for row in table.to_dict("records"):
        values = [fit.to_display(float(row[name])) for name in ("estimate", "conf_low", "conf_high")]
        if fit.scale == "log" and fit.display_sign < 0:
            values[1:] = values[:0:-1]
        places = decimals(values)
        name = str(row["term"]).partition("[")[2].removesuffix("]") or str(row["term"])
        shown = [number(value, places) for value in values]
        parts.append(f"{name} {shown[0]} ({shown[1]} to {shown[2]})")
    unit = f"{fit.measure} " if fit.measure and fit.measure != "GEN" else ""
    differ = "no joint test possible"
    if fit.qm_p_value is not None:
        clear = fit.qm_p_value < 1.0 - fit.level
        said = "the outcomes differ" if clear else "no clear difference between the outcomes"
        differ = f"{said} ({test_text(fit)})"
    text = f"{unit}by outcome, with {100 * fit.level:g} % intervals: {', '.join(parts)}; {differ}"
    text += f"; {size_text(fit)}.{shared_text(fit)}"
    return text[:1].upper() + text[1:]
