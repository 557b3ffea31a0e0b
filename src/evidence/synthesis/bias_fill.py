"""Trim and fill: the mean if the funnel were made symmetric."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd

from evidence._check import check_level, one_of
from evidence.effects.generic import effects_from
from evidence.effects.record import Effects
from evidence.errors import ModelError
from evidence.fit import MetaFit
from evidence.fit.numbers import count
from evidence.fit.plain import plain
from evidence.models import check_effects, common_effect, random_effects
from evidence.models.choices import one_row_a_study
from evidence.models.rows import Selection, select
from evidence.numerics.tau2 import TAU2
from evidence.numerics.trim_fill import ESTIMATORS, TrimFill, empty_side, trim_fill
from evidence.synthesis.bias_words import FEW, bias_page, few, log_note, shown_interval, shown_places

__all__ = ["TrimAndFill", "trim_and_fill"]

_NOT_DATA = (
    "The filled effects are invented mirror images, not data: the result is a check of how much the mean"
    " rests on"
    " one side of the funnel, never the result of the review. Where effects differ between studies it"
    " finds missing ones that never were, and its interval counts them as studies."
)


@dataclass(frozen=True, repr=False)
class TrimAndFill:
    """The funnel made symmetric.

    Attributes
    ----------
    added : int
        How many effects were filled in.
    std_error : float or None
        Standard error of that number; None where its formula has no value.
    p_value : float or None
        With ``"R0"``, of the hypothesis that none is missing.
    side : {"left", "right"}
        Where, on the scale of the model: left are the lower effects.
    estimator : str
        Of the number.
    observed, filled : MetaFit
        The synthesis of the effects as they are, and with those filled in.
    table : DataFrame
        ``row_id, study, estimate, std_error, filled``, the filled ones last.
    notes : tuple of str
        What a reader must know; the first says when there are too few studies.
    """

    added: int
    std_error: float | None
    p_value: float | None
    side: str
    estimator: str
    observed: MetaFit
    filled: MetaFit
    table: pd.DataFrame
    notes: tuple[str, ...]

    def sentence(self) -> str:
        """Return the result as one plain line, with what may not be read from it."""
        places = max(_places(self.observed), _places(self.filled))
        was = _result(self.observed, places)
        if self.observed.k < FEW:
            tail = f" Too few studies to be read: fewer than {FEW}."
        else:
            tail = " The filled effects are invented: a check, not a result."
        side = f"on the {self.side}"
        if self.observed.display_sign < 0:  # what is printed goes the other way: the arm says which side
            side = f"on the side that favours the {'second' if self.side == 'left' else 'first'} arm"
        if not self.added:
            return f"Trim and fill ({self.estimator}) finds no effect missing {side}: {was}.{tail}"
        filled = count(self.added, "effect", "effects")
        return (
            f"Trim and fill ({self.estimator}) fills in {filled} {side}, which moves the mean"
            " from"
            f" {was} to {_result(self.filled, places)}.{tail}"
        )

    def __repr__(self) -> str:
        """Return the sentence and what was filled in."""
        return plain(self, self.sentence(), self.table.loc[self.table["filled"]])

    def _repr_html_(self) -> str:
        """Return the sentence, the effects and the notes."""
        return bias_page(self.sentence(), self.table, self.notes)


def _log(fit: MetaFit) -> tuple[str, ...]:
    return log_note(fit.measure, fit.estimate, fit.conf_low, fit.conf_high, fit.scale, fit.display_sign)


def _places(fit: MetaFit) -> int:
    if fit.estimate is None:
        return 2
    return shown_places(fit.estimate, fit.conf_low, fit.conf_high, fit.scale, fit.display_sign)


def _result(fit: MetaFit, places: int) -> str:
    if fit.estimate is None or fit.conf_low is None or fit.conf_high is None:
        return "no estimate"
    return shown_interval(fit.estimate, fit.conf_low, fit.conf_high, fit.scale, fit.display_sign, places)


def trim_and_fill(
    effects: Effects,
    *,
    estimator: str = "L0",
    side: str | None = None,
    model: str = "REML",
    inference: str = "HKSJ",
    level: float = 0.95,
) -> TrimAndFill:
    """Fill in the effects that a symmetric funnel would have, and pool again.

    Parameters
    ----------
    effects : Effects
        The rows; only exact ones are used, at most one a study.
    estimator : {"L0", "R0", "Q0"}, default "L0"
        Of the number of missing effects. L0 is the steadiest; R0 rests on the longest run of ranks and comes
        with a test; Q0 needs large numbers.
    side : {"left", "right"}, optional
        Where effects are missing. Without it, by the sign of Egger's slope: left where small studies show
        the higher effects.
    model : str, default "REML"
        Estimator of tau², or ``"EE"`` for a common effect, in every step.
    inference : {"z", "t", "HKSJ", "mHKSJ"}, default "HKSJ"
        Of both means; not used with ``"EE"``.
    level : float, default 0.95
        Level of the intervals.

    Returns
    -------
    TrimAndFill
        Not to be read with fewer than ten studies, which its sentence says.

    Raises
    ------
    ModelError
        Where there are fewer than three effects (two with `side`), or (without `side`) all variances are the
        same, several rows are of one study, or the search goes in circles.

    References
    ----------
    Duval S, Tweedie R. Biometrics 2000;56:455-463. https://doi.org/10.1111/j.0006-341X.2000.00455.x
    Duval S, Tweedie R. J Am Stat Assoc 2000;95:89-98. https://doi.org/10.1080/01621459.2000.10473905

    Examples
    --------
    >>> import evidence as ev
    >>> effects = ev.effects_from([0.1, 0.2, 0.25, 0.5, 0.9], std_error=[0.05, 0.1, 0.15, 0.2, 0.3])
    >>> found = ev.trim_and_fill(effects)
    >>> found.added, found.side
    (3, 'left')
    """
    check_effects(effects)
    estimator, level = one_of("estimator", estimator, ESTIMATORS), check_level(level)
    model = one_of("model", model, (*TAU2, "EE"))
    if side is not None:
        side = one_of("side", side, ("left", "right"))
    selection = select(effects, partial=False)
    one_row_a_study(selection, "funnel_test()")
    y, v = selection.values("estimate"), selection.values("variance")
    if side is None:
        if y.size < 3:
            raise ModelError(
                f"the side on which effects are missing is told by Egger's line, which needs at least three"
                f" effects; got {y.size}: with two say side='left' or side='right'"
            )
        if np.ptp(v) == 0.0:
            raise ModelError(
                "all variances are the same, which shows no side; say side='left' or side='right'"
            )
        side = empty_side(y, v, model)
    found = trim_fill(y, v, side=side, estimator=estimator, model=model)
    table = _table(selection, y, v, found)
    whole = _whole(effects, table)

    def pooled(of: Effects) -> MetaFit:
        if model == "EE":
            return common_effect(of, level=level)
        return random_effects(of, tau2=model, inference=inference, level=level)

    observed = pooled(effects)
    filled = pooled(whole) if found.added else observed
    return TrimAndFill(
        added=found.added,
        std_error=None if math.isnan(found.std_error) else found.std_error,
        p_value=found.p_value,
        side=side,
        estimator=estimator,
        observed=observed,
        filled=filled,
        table=table,
        notes=(*few(y.size, "trim and fill"), *_log(filled), _NOT_DATA),
    )


def _table(selection: Selection, y: np.ndarray, v: np.ndarray, found: TrimFill) -> pd.DataFrame:
    names, studies = selection.names(), selection.studies()
    added = found.mirrored.tolist()
    return pd.DataFrame(
        {
            "row_id": names + [f"filled {i + 1}, mirrors {names[at]}" for i, at in enumerate(added)],
            "study": studies + [f"filled {i + 1}, mirrors {studies[at]}" for i, at in enumerate(added)],
            "estimate": np.concatenate([y, found.filled]),
            "std_error": np.sqrt(np.concatenate([v, v[found.mirrored]])),
            "filled": [False] * len(names) + [True] * len(added),
        }
    )


def _whole(effects: Effects, table: pd.DataFrame) -> Effects:
    """Return the effects in use with those filled in, of which no number of people is known."""
    made = effects_from(
        table["estimate"],
        std_error=table["std_error"],
        study=table["study"].tolist(),
        row_id=table["row_id"].tolist(),
        scale=effects.scale,
        measure=effects.measure,
    )
    return replace(made, display_sign=effects.display_sign)
