"""p-uniform*: the mean and spread if chances of publication differ only by significance."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import pandas as pd

from evidence._check import check_level, one_of
from evidence.effects.record import Effects
from evidence.errors import ModelError
from evidence.fit.methods import bibtex
from evidence.fit.numbers import listing
from evidence.fit.plain import plain
from evidence.numerics.p_uniform import PUniform
from evidence.numerics.p_uniform import p_uniform_star as estimate_p_uniform
from evidence.synthesis.bias_rows import ALTERNATIVES, check_alpha, not_taken, taken
from evidence.synthesis.bias_words import (
    FEW,
    bias_page,
    equals_p,
    few,
    finite,
    log_note,
    printed,
    shown_interval,
)

__all__ = ["PUniformStar", "p_uniform_star"]

_CAUTION = (
    "p-uniform* takes all significant results for equally likely to be published, and all others too, by one"
    " threshold in the favoured direction; results bent until significant bias it. A check, not a result."
)
_OUTSIDE = (
    "The mean that fits best lies outside all observed effects: the model explains every effect as a rarity,"
    " which these data cannot bear out. Do not read it."
)
_NOTHING = "No study is significant in the favoured direction: there is hardly anything to correct."


@dataclass(frozen=True, repr=False)
class PUniformStar:
    """Estimates of p-uniform*.

    Attributes
    ----------
    table : DataFrame
        Columns ``term, estimate, std_error, df, statistic, p_value, conf_low, conf_high``, lines ``mean``
        (statistic: the signed root of the likelihood ratio) and ``tau2`` (the likelihood ratio of zero).
    rows : DataFrame
        One line a study: ``row_id, study, estimate, std_error, significant`` (in the favoured direction).
    estimate, std_error, p_value, conf_low, conf_high : float or None
        Of the mean; the standard error is None where the curvature gives none, an end of the interval where
        the likelihood leaves it open (infinite in the table).
    tau2, tau2_low, tau2_high, tau2_p : float or None
        Variance between studies and the test that it is zero.
    bias_statistic, bias_p : float
        Test of publication bias: whether mean and tau² of a random-effects model (PM) that knows no selection
        fit as well; chi-squared with 2 df.
    unselected, unselected_tau2 : float
        Those, for comparison.
    k, k_significant : int
        Studies, and those significant in the favoured direction.
    alternative : str
        As used.
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
    std_error: float | None
    p_value: float
    conf_low: float | None
    conf_high: float | None
    tau2: float
    tau2_low: float
    tau2_high: float | None
    tau2_p: float
    bias_statistic: float
    bias_p: float
    unselected: float
    unselected_tau2: float
    k: int
    k_significant: int
    alternative: str
    level: float
    scale: str
    display_sign: int
    notes: tuple[str, ...]

    def tidy(self) -> pd.DataFrame:
        """Return a copy of the table."""
        return self.table.copy()

    def cite(self) -> str:
        """Return BibTeX entries of the method and of the software."""
        return bibtex(["vanaert2026"])

    @property
    def display(self) -> dict[str, float | None]:
        """Mean and interval on the printed scale (ratios: the exponential), the lower end first."""
        return printed(self.estimate, self.conf_low, self.conf_high, self.scale, self.display_sign)

    def sentence(self) -> str:
        """Return the result as one plain line, with what may not be read from it."""
        shown = shown_interval(self.estimate, self.conf_low, self.conf_high, self.scale, self.display_sign)
        text = (
            f"p-uniform* ({self.k} studies, {self.k_significant} of them significant): mean {shown},"
            f" test of publication bias {equals_p(self.bias_p)}."
        )
        if _OUTSIDE in self.notes:
            why = "" if self.k_significant else "no study is significant in the favoured direction, and "
            text = f"Not to be read: {why}the mean that fits best lies outside all observed effects. {text}"
        elif self.k_significant == 0:
            text += f" {_NOTHING}"
        if self.k < FEW:
            return f"{text} Too few studies to be read: fewer than {FEW}."
        if _OUTSIDE in self.notes:
            return text
        return f"{text} It rests on selection by significance alone: a check, not a result."

    def __repr__(self) -> str:
        """Return the sentence and the estimates."""
        return plain(self, self.sentence(), self.table)

    def _repr_html_(self) -> str:
        """Return the sentence, the table and the notes."""
        return bias_page(self.sentence(), self.table, self.notes)


def p_uniform_star(
    effects: Effects, *, alternative: str = "greater", alpha: float = 0.05, level: float = 0.95
) -> PUniformStar:
    """Estimate mean and tau² if results are published by their significance, and test for that.

    Parameters
    ----------
    effects : Effects
        The rows; only exact ones are used, at most one a study.
    alternative : {"greater", "less"}, default "greater"
        The favoured direction on the scale of the model; ``"greater"``: in favour of the first arm.
    alpha : float, default 0.05
        Two-sided level of significance of the studies.
    level : float, default 0.95
        Of the profile-likelihood intervals.

    Returns
    -------
    PUniformStar
        Not to be read with fewer than ten studies (van Aert & van Assen 2026), which its sentence says.

    Raises
    ------
    ModelError
        Where there are fewer than two effects, the likelihood has no maximum, several rows are of one study,
        or an argument is not known.

    References
    ----------
    van Aert RCM, van Assen MALM. Psychon Bull Rev 2026;33. https://doi.org/10.3758/s13423-025-02812-4

    Examples
    --------
    >>> import evidence as ev
    >>> y = [0.5, 0.45, 0.62, 0.3, 0.1, 0.55, 0.48, 0.7, 0.2, 0.35]
    >>> effects = ev.effects_from(y, std_error=[0.2, 0.21, 0.25, 0.1, 0.2, 0.26, 0.22, 0.3, 0.15, 0.16])
    >>> found = ev.p_uniform_star(effects)
    >>> round(found.estimate, 2), found.k_significant
    (0.18, 8)
    """
    side = one_of("alternative", alternative, ALTERNATIVES[:2])
    alpha, level = check_alpha(alpha), check_level(level)
    rows = taken(effects, "worst_case(), which takes studies as clusters,")
    y, v = rows.values("estimate"), rows.values("variance")
    if y.size < 2:
        raise ModelError(
            "one study has no spread between studies to be told from selection; p-uniform* needs two"
        )
    found = estimate_p_uniform(y, v, sign=-1.0 if side == "less" else 1.0, alpha=alpha, level=level)
    low, high = finite(found.mean_low), finite(found.mean_high)
    significant = int(found.significant.sum())
    return PUniformStar(
        table=_table(found),
        rows=pd.DataFrame(
            {
                "row_id": rows.names(),
                "study": rows.studies(),
                "estimate": y,
                "std_error": np.sqrt(v),
                "significant": found.significant,
            }
        ),
        estimate=found.mean,
        std_error=None if math.isnan(found.mean_error) else found.mean_error,
        p_value=found.p_value,
        conf_low=low,
        conf_high=high,
        tau2=found.tau2,
        tau2_low=found.tau2_low,
        tau2_high=finite(found.tau2_high),
        tau2_p=found.spread_p,
        bias_statistic=found.bias_statistic,
        bias_p=found.bias_p,
        unselected=found.plain_mean,
        unselected_tau2=found.plain_tau2,
        k=y.size,
        k_significant=significant,
        alternative=side,
        level=level,
        scale=effects.scale,
        display_sign=effects.display_sign,
        notes=(
            *few(y.size, "p-uniform*"),
            *([_OUTSIDE] if found.outside else []),
            *_open_ends(low, high, finite(found.tau2_high)),
            *log_note(effects.measure, found.mean, low, high, effects.scale, effects.display_sign),
            *_one_sided(significant, y.size),
            _CAUTION,
            *not_taken(rows),
        ),
    )


def _open_ends(low: float | None, high: float | None, spread: float | None) -> tuple[str, ...]:
    """Say which ends of the intervals the likelihood leaves open."""
    ends = ("the mean from below", low), ("the mean from above", high), ("tau² from above", spread)
    named = [name for name, end in ends if end is None]
    return (f"The likelihood sets no limit to {listing(named)}.",) if named else ()


def _one_sided(significant: int, k: int) -> tuple[str, ...]:
    if significant == 0:
        return (_NOTHING,)
    if significant == k:
        return (
            "Every study is significant in the favoured direction: mean and tau² rest on the shape of a tail"
            " alone, and are hardly known.",
        )
    return ()


def _table(found: PUniform) -> pd.DataFrame:
    nan = math.nan
    ends = ((found.mean_low, found.mean_high), (found.tau2_low, found.tau2_high))
    return pd.DataFrame(
        [
            ("mean", found.mean, found.mean_error, nan, found.statistic, found.p_value, *ends[0]),
            ("tau2", found.tau2, nan, nan, found.spread_statistic, found.spread_p, *ends[1]),
        ],
        columns=["term", "estimate", "std_error", "df", "statistic", "p_value", "conf_low", "conf_high"],
    )
