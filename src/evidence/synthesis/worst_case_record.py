"""The records of a worst case and of an S-value, in numbers and words."""

from __future__ import annotations

from dataclasses import dataclass

import pandas as pd

from evidence.fit.methods import bibtex
from evidence.fit.numbers import count, number
from evidence.fit.plain import plain
from evidence.synthesis.bias_words import FEW, bias_page, printed, shown_interval, shown_value

__all__ = ["FEW_DF", "SValue", "WorstCase"]

FEW_DF = 4.0
"""Degrees of freedom below which a t with Satterthwaite's is not to be trusted (Tipton 2015)."""

_NOTHING = (
    "No study is significant in the favoured direction, so this kind of selection has nothing to remove;"
    " this says nothing about robustness."
)


_BOUND = "A bound for any selection of this kind, not an estimate."


@dataclass(frozen=True, repr=False)
class WorstCase:
    """Means corrected for assumed selection.

    Attributes
    ----------
    table : DataFrame
        Columns ``term, ratio, estimate, std_error, df, statistic, p_value, conf_low, conf_high``: ``as
        published`` (ratio 1), the ratio asked for, ``worst case`` (infinite: nonaffirmative studies alone).
    rows : DataFrame
        One line an effect: ``row_id, study, estimate, std_error, affirmative``.
    estimate, std_error, df, p_value, conf_low, conf_high : float or None
        Of the worst case, on the scale of the model; df None for a single effect.
    published : float
        The mean without correction.
    k, k_affirmative, n_studies : int
        Effects, those significant in the favoured direction, studies.
    model, alternative : str
        As used.
    tau2 : float
        Spread in the weights.
    level : float
        Level of the intervals.
    scale, display_sign : str, int
        As in the effects.
    notes : tuple of str
        What a reader must know; the first says when there are too few studies.
    """

    table: pd.DataFrame
    rows: pd.DataFrame
    estimate: float
    std_error: float
    df: float | None
    p_value: float
    conf_low: float
    conf_high: float
    published: float
    k: int
    k_affirmative: int
    n_studies: int
    model: str
    alternative: str
    tau2: float
    level: float
    scale: str
    display_sign: int
    notes: tuple[str, ...]

    def tidy(self) -> pd.DataFrame:
        """Return a copy of the table."""
        return self.table.copy()

    def cite(self) -> str:
        """Return BibTeX entries of the method and of the software."""
        return bibtex(["mathur2020"])

    @property
    def display(self) -> dict[str, float | None]:
        """The worst case on the printed scale (ratios: the exponential), the lower end first."""
        return printed(self.estimate, self.conf_low, self.conf_high, self.scale, self.display_sign)

    def sentence(self) -> str:
        """Return the result as one plain line, with what may not be read from it."""
        shown = shown_interval(self.estimate, self.conf_low, self.conf_high, self.scale, self.display_sign)
        beside = (self.estimate, self.conf_low, self.conf_high)
        rest = count(self.k - self.k_affirmative, "effect", "effects")
        text = (
            f"Worst case ({rest} of {self.k} not significant in the favoured direction, alone): {shown},"
            f" against {shown_value(self.published, self.scale, self.display_sign, beside)}"
            " as published."
        )
        if self.k_affirmative == 0:
            text += f" {_NOTHING}"
        text += _few_df(self)
        if self.n_studies < FEW:
            return f"{text} Too few studies to be read: fewer than {FEW}."
        return text if self.k_affirmative == 0 else f"{text} {_BOUND}"

    def __repr__(self) -> str:
        """Return the sentence and the means."""
        return plain(self, self.sentence(), self.table)

    def _repr_html_(self) -> str:
        """Return the sentence, the table and the notes."""
        return bias_page(self.sentence(), self.table, self.notes)


@dataclass(frozen=True, repr=False)
class SValue:
    """How many times as often affirmative results must be published to explain a result away.

    Attributes
    ----------
    estimate, limit : float or None
        For the mean, and for the end of its interval; 1 where it is there without selection, None where no
        selection of this kind takes it there.
    to : float
        The value to be reached, on the scale of the model.
    table : DataFrame
        Columns ``term, to, s_value, worst``: lines ``mean`` and ``limit``, with what the worst case gives.
    worst : WorstCase
        The worst case itself.
    notes : tuple of str
        What a reader must know; the first says when there are too few studies.
    """

    estimate: float | None
    limit: float | None
    to: float
    table: pd.DataFrame
    worst: WorstCase
    notes: tuple[str, ...]

    def tidy(self) -> pd.DataFrame:
        """Return a copy of the table."""
        return self.table.copy()

    def cite(self) -> str:
        """Return BibTeX entries of the method and of the software."""
        return bibtex(["mathur2020"])

    def sentence(self) -> str:
        """Return the result as one plain line, with what may not be read from it."""
        scale, sign = self.worst.scale, self.worst.display_sign
        goal = shown_value(self.to, scale, sign)
        if self.worst.k_affirmative == 0 and self.estimate is None and self.limit is None:
            text = _NOTHING
        else:
            text = f"To move the mean to {goal}, {_takes(self.estimate)}; to move its interval there,"
            text += f" {_takes(self.limit)}."
            if self.worst.k_affirmative == 0:
                text += f" {_NOTHING}"
            text += _few_df(self.worst)
        if self.worst.n_studies < FEW:
            return f"{text} Too few studies to be read: fewer than {FEW}."
        return text

    def __repr__(self) -> str:
        """Return the sentence and the ratios."""
        return plain(self, self.sentence(), self.table)

    def _repr_html_(self) -> str:
        """Return the sentence, the table and the notes."""
        return bias_page(self.sentence(), self.table, self.notes)


def _few_df(worst: WorstCase) -> str:
    if worst.model != "robust" or worst.df is None or worst.df >= FEW_DF:
        return ""
    return (
        f" The worst case has {worst.df:.1f} degrees of freedom, too few to trust its interval (below"
        f" {FEW_DF:g})."
    )


def _takes(ratio: float | None) -> str:
    if ratio is None:
        return "no selection of this kind is enough"
    if ratio == 1.0:
        return "no selection is needed"
    shown = number(ratio, 1 if ratio < 100.0 else 0)
    return f"significant results in the favoured direction must be {shown} times as likely to be published"
