"""PET-PEESE: the effect of a study without sampling error, by a line or a parabola through the funnel."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import pandas as pd
from scipy import special

from evidence._check import as_number, check_level
from evidence.effects.record import Effects
from evidence.errors import ModelError
from evidence.fit.plain import plain
from evidence.models import check_effects
from evidence.models.choices import one_row_a_study
from evidence.models.rows import select
from evidence.numerics.small_study import FunnelRegression, funnel_regression
from evidence.numerics.wls import sample, weighted_mean
from evidence.synthesis.bias_words import FEW, bias_page, equals_p, few, log_note, printed, shown_interval

__all__ = ["PetPeese", "pet_peese"]

_CAUTION = (
    "PET-PEESE takes the whole dependence on precision for bias, extrapolates beyond the largest study, and"
    " is"
    " biased where effects differ much between studies or all studies are small (Stanley 2017): a check,"
    " not a result."
)


@dataclass(frozen=True, repr=False)
class PetPeese:
    """Both estimates for a study without sampling error, and which of them the rule takes.

    Attributes
    ----------
    chosen : {"PET", "PEESE"}
        By the rule of `pet_peese`.
    estimate, std_error, df, p_value, conf_low, conf_high : float
        Of the chosen one, on the scale of the model; the p value is two-sided.
    pet, peese : FunnelRegression
        Both regressions; ``intercept`` is the estimate.
    unadjusted : float
        The common-effect mean, for comparison.
    table : DataFrame
        One line an estimate: ``term, estimate, std_error, df, p_value, conf_low, conf_high, chosen``.
    k : int
        Studies.
    level : float
        Level of the intervals.
    scale, display_sign : str, int
        As in the effects.
    notes : tuple of str
        What a reader must know; the first says when there are too few studies.
    """

    chosen: str
    estimate: float
    std_error: float
    df: float
    p_value: float
    conf_low: float
    conf_high: float
    pet: FunnelRegression
    peese: FunnelRegression
    unadjusted: float
    table: pd.DataFrame
    k: int
    level: float
    scale: str
    display_sign: int
    notes: tuple[str, ...]

    @property
    def display(self) -> dict[str, float | None]:
        """Estimate and interval on the printed scale (ratios: the exponential), the lower end first."""
        return printed(self.estimate, self.conf_low, self.conf_high, self.scale, self.display_sign)

    def sentence(self) -> str:
        """Return the result as one plain line, with what may not be read from it."""
        limit = shown_interval(self.estimate, self.conf_low, self.conf_high, self.scale, self.display_sign)
        text = f"PET-PEESE ({self.chosen}, {self.k} studies): {limit}, {equals_p(self.p_value)},"
        text += " for a study without sampling error."
        if self.k < FEW:
            return f"{text} Too few studies to be read: fewer than {FEW}."
        return f"{text} An extrapolation: a check, not a result."

    def __repr__(self) -> str:
        """Return the sentence and both estimates."""
        return plain(self, self.sentence(), self.table)

    def _repr_html_(self) -> str:
        """Return the sentence, both estimates and the notes."""
        return bias_page(self.sentence(), self.table, self.notes)


def pet_peese(effects: Effects, *, alpha: float = 0.05, level: float = 0.95) -> PetPeese:
    """Estimate the effect that a study without sampling error would show.

    PET regresses the effects on their standard errors, PEESE on their variances, both with weights 1/v and a
    variance factor from the residuals. PEESE is the better estimate of an effect that is there, PET of one
    that is not; so PEESE is taken where PET's intercept differs from zero in the direction of the
    common-effect mean, PET otherwise. Both are shown.

    Parameters
    ----------
    effects : Effects
        The rows; only exact ones are used, at most one a study.
    alpha : float, default 0.05
        One-sided level of that choice. Authors differ (.05, .10); the choice is best made beforehand.
    level : float, default 0.95
        Level of the intervals (t with k - 2 df).

    Returns
    -------
    PetPeese
        Not to be read with fewer than ten studies, which its sentence says.

    Raises
    ------
    ModelError
        Where there are fewer than three effects, all variances are the same, the effects lie exactly on a
        line, several rows are of one study, or alpha is no probability.

    References
    ----------
    Stanley TD, Doucouliagos H. Res Synth Methods 2014;5:60-78. https://doi.org/10.1002/jrsm.1095
    Stanley TD. Soc Psychol Personal Sci 2017;8:581-591. https://doi.org/10.1177/1948550617693062

    Examples
    --------
    >>> import evidence as ev
    >>> effects = ev.effects_from([0.1, 0.2, 0.25, 0.5, 0.9], std_error=[0.05, 0.1, 0.15, 0.2, 0.3])
    >>> found = ev.pet_peese(effects)
    >>> found.chosen, round(found.estimate, 3)
    ('PET', -0.039)
    """
    check_effects(effects)
    level = check_level(level)
    if not 0.0 < as_number(alpha) < 0.5:
        raise ModelError(f"alpha is a one-sided probability between 0 and 0.5; got {alpha!r}")
    selection = select(effects, partial=False)
    one_row_a_study(selection, "funnel_test(), whose limit is PET,")
    y, v = selection.values("estimate"), selection.values("variance")
    pet = funnel_regression(y, v, np.sqrt(v), level=level)
    peese = funnel_regression(y, v, v, level=level)
    mean = weighted_mean(sample(y, v))
    assert pet.df is not None
    toward = math.copysign(1.0, mean.estimate) * pet.intercept / pet.intercept_error
    one_sided = float(special.stdtr(pet.df, -toward))
    chosen = "PEESE" if one_sided < alpha else "PET"
    own = peese if chosen == "PEESE" else pet
    rule = (
        f"PET's intercept has a one-sided p of {equals_p(one_sided)[2:].removeprefix('= ')} in the"
        " direction of the"
        f" unadjusted mean ({'below' if chosen == 'PEESE' else 'not below'} {alpha:g}), so {chosen} is taken."
    )
    assert own.df is not None
    return PetPeese(
        chosen=chosen,
        estimate=own.intercept,
        std_error=own.intercept_error,
        df=float(own.df),
        p_value=own.intercept_p,
        conf_low=own.intercept_low,
        conf_high=own.intercept_high,
        pet=pet,
        peese=peese,
        unadjusted=mean.estimate,
        table=pd.DataFrame([_line("PET", pet, chosen), _line("PEESE", peese, chosen)]),
        k=y.size,
        level=level,
        scale=effects.scale,
        display_sign=effects.display_sign,
        notes=(
            *few(y.size, "PET-PEESE"),
            rule,
            *log_note(
                effects.measure,
                own.intercept,
                own.intercept_low,
                own.intercept_high,
                effects.scale,
                effects.display_sign,
            ),
            _CAUTION,
        ),
    )


def _line(name: str, line: FunnelRegression, chosen: str) -> dict[str, object]:
    return {
        "term": name,
        "estimate": line.intercept,
        "std_error": line.intercept_error,
        "df": line.df,
        "p_value": line.intercept_p,
        "conf_low": line.intercept_low,
        "conf_high": line.intercept_high,
        "chosen": name == chosen,
    }
