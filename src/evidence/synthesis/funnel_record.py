"""The record of a test of the funnel."""

from __future__ import annotations

from dataclasses import dataclass

import pandas as pd

from evidence.fit import MetaFit
from evidence.fit.plain import plain
from evidence.synthesis.bias_words import bias_page, funnel_sentence

__all__ = ["FunnelTest"]


@dataclass(frozen=True, repr=False)
class FunnelTest:
    """A test of small-study effects.

    Attributes
    ----------
    table : DataFrame
        Columns ``term, estimate, std_error, df, statistic, p_value, conf_low, conf_high``: lines
        ``intercept`` and ``slope`` of the line through the funnel, or one line ``tau``, the rank correlation.
    rows : DataFrame
        One line an effect in use: ``row_id, study, estimate, std_error, predictor`` (for Harbord's test its
        score over variance, for Peters' its weights).
    method, model, predictor : str
        As used.
    statistic, df, p_value : float or None
        Of the test; df None for the normal, both None for the rank test.
    limit, limit_low, limit_high : float or None
        The line where the predictor is zero, on the scale of the model: what a study of unlimited size would
        show if size were the only cause. None where the predictor does not vanish with growing size.
    k, n_studies : int
        Effects and studies in use.
    level : float
        Level of the intervals.
    measure, scale, display_sign : str, str, int
        As in the effects; of Harbord's test always ``"OR"`` and ``"log"``.
    notes : tuple of str
        What a reader must know; the first says when there are too few studies.
    fit : MetaFit or None
        The multilevel model, where there is one.
    """

    table: pd.DataFrame
    rows: pd.DataFrame
    method: str
    model: str
    predictor: str
    statistic: float | None
    df: float | None
    p_value: float
    limit: float | None
    limit_low: float | None
    limit_high: float | None
    k: int
    n_studies: int
    level: float
    measure: str
    scale: str
    display_sign: int
    notes: tuple[str, ...]
    fit: MetaFit | None = None

    def sentence(self) -> str:
        """Return the result as one plain line, with what may not be read from it."""
        return funnel_sentence(self)

    def __repr__(self) -> str:
        """Return the sentence and the line through the funnel."""
        return plain(self, self.sentence(), self.table)

    def _repr_html_(self) -> str:
        """Return the sentence, the table and the notes."""
        return bias_page(self.sentence(), self.table, self.notes)
