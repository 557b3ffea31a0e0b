"""What the models with one variance component let the user choose, checked, and what each choice rests on."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from evidence._check import check_level, one_of
from evidence.errors import ModelError
from evidence.fit.methods import TAU2_SOURCES
from evidence.models.rows import TAKEN, Selection, several_rows
from evidence.numerics.intervals import INFERENCE, Interval, heterogeneity, profile_tau2, q_profile, quantile
from evidence.numerics.tau2 import TAU2
from evidence.numerics.wls import Problem, Sample

__all__ = [
    "BY_ML",
    "IDENTICAL",
    "NARROW",
    "PREDICTION",
    "REML",
    "SEVERAL",
    "TAU2_INTERVAL",
    "Choices",
    "check_choices",
    "few_a_coefficient",
    "left_out",
    "narrowed",
    "no_spread_seen",
    "one_row_a_study",
    "prediction_df",
    "sources",
    "tau2_interval",
    "they_differ",
]


class _Default(str):
    """The word of a default, which can be told from the same word said by the caller."""

    __slots__ = ()


REML: Final = _Default("REML")
"""Default of `tau2`: it gives way to ML under ``inference="profile"``; REML said by the caller does not."""

BY_ML = "tau² is by ML, not by the default REML: inference='profile' goes with ML."

SEVERAL = (
    "Each coefficient has an estimate of its own, see .tidy(); .predict() gives means at values of the"
    " moderators."
)

_Q_LEVEL = 0.10
"""Level for Q, which has little power with few studies (Cochrane Handbook, 10.10.2)."""

_STUDIES_A_COEFFICIENT = 10
"""Studies for each characteristic in a meta-regression: the usual advice (Cochrane Handbook, 10.11.5.1)."""

IDENTICAL = (
    "The effects are identical, which leaves HKSJ nothing to estimate a variance from:"
    " its factor is taken as 1."
)

NARROW = (
    "The effects are more alike than their standard errors say, and the HKSJ interval is narrower"
    " than the model's own; inference='mHKSJ' guards against that."
)

PREDICTION = ("inference", "k-p", "k-p-1")
"""Distribution of the prediction interval: as the mean's own interval; t with k - p df; t with k - p - 1 df,
p being the number of coefficients (1 for a mean)."""

_FOR_A_MEAN = {"k-1": "k-p", "k-2": "k-p-1"}

TAU2_INTERVAL = ("QP", "PL")
"""Q-profile; profile likelihood, for ML and REML."""

_INFERENCE_SOURCES = {
    "z": (),
    "t": (),
    "HKSJ": ("hartung2001", "sidik2002"),
    "mHKSJ": ("hartung2001", "sidik2002", "knapp2003"),
    "profile": ("hardy1996",),
}


@dataclass(frozen=True)
class Choices:
    """What was chosen; an empty estimator is the common-effect model."""

    estimator: str
    inference: str
    level: float
    prediction: str = "inference"
    interval: str = "QP"
    by_ml: bool = False
    """Whether ML took the place of the default REML."""

    @property
    def restricted(self) -> bool:
        """Whether likelihoods are restricted ones."""
        return self.estimator == "REML"


def check_choices(
    tau2: str,
    inference: str,
    level: float,
    prediction: str,
    interval: str,
    *,
    known: Sequence[str] = INFERENCE,
) -> Choices:
    """Return the choices in their registered spelling; the default `REML` is ML under ``"profile"``.

    Raises
    ------
    ModelError
        Where a word is not known, or two choices do not go together.
    """
    inference = one_of("inference", inference, known)
    by_ml = inference == "profile" and tau2 is REML
    estimator = "ML" if by_ml else one_of("tau2", tau2, TAU2)
    if isinstance(prediction, str):
        prediction = _FOR_A_MEAN.get(prediction.replace(" ", ""), prediction)
    prediction = one_of("prediction", prediction, PREDICTION)
    interval = one_of("tau2_interval", interval, TAU2_INTERVAL)
    if inference == "profile" and estimator != "ML":
        raise ModelError(
            f"inference='profile' is the profile of the likelihood, so tau2 must be 'ML'; got {estimator!r}"
        )
    if interval == "PL" and estimator not in ("ML", "REML"):
        raise ModelError(
            "tau2_interval='PL' is the profile of a likelihood, so tau2 must be 'ML' or 'REML';"
            f" got {estimator!r}"
        )
    if inference == "profile":
        interval = "PL"
    return Choices(estimator, inference, check_level(level), prediction, interval, by_ml)


def tau2_interval(data: Problem, tau2: float, chosen: Choices) -> tuple[Interval, tuple[str, ...]]:
    """Return the interval of tau², with a note where it is empty."""
    if chosen.interval == "PL":
        return profile_tau2(data, tau2, chosen.level, restricted=chosen.restricted), ()
    interval = q_profile(data, chosen.level)
    if interval.empty:
        return interval, (
            "The effects are more alike than chance allows at any tau²: its Q-profile interval is empty,"
            " printed as 0 to 0.",
        )
    return interval, ()


def narrowed(multiplier: float, df: int | None, level: float) -> bool:
    """Tell whether a variance factor makes an interval narrower than the model's own normal one."""
    if multiplier >= 1.0:
        return False
    return quantile(level, df) * math.sqrt(multiplier) < quantile(level, None)


def prediction_df(chosen: Choices, k: int, p: int, df: int | None) -> int | None:
    """Return the degrees of freedom of the prediction interval: None for the normal, 0 where none is left."""
    if chosen.prediction == "inference":
        return k - p if chosen.inference == "profile" else df
    return k - p if chosen.prediction == "k-p" else k - p - 1


def sources(chosen: Choices) -> tuple[str, ...]:
    """Return the keys to cite for a model with a between-study variance."""
    return (
        TAU2_SOURCES[chosen.estimator],
        *_INFERENCE_SOURCES[chosen.inference],
        "hardy1996" if chosen.interval == "PL" else "viechtbauer2007",
        "higgins2009",
        "cochran1954",
    )


def one_row_a_study(selection: Selection, instead: str) -> None:
    """Refuse several rows of the same people.

    Raises
    ------
    ModelError
        Where a study has more than one row in use.
    """
    repeated = several_rows(selection)
    if repeated:
        raise ModelError(
            f"several exact rows of one study are not independent: {', '.join(repeated[:8])}"
            f"{f' and {len(repeated) - 8} more' if len(repeated) > 8 else ''};"
            f" choose one row a study (one domain, one outcome), or use {instead}, which models"
            " rows of the same people"
        )


def left_out(selection: Selection) -> tuple[str, ...]:
    """Return a note on rows that the model does not use."""
    out = len(selection.table) - int(selection.used.sum())
    if not out:
        return ()
    partial = sum(why.endswith(TAKEN) for why in selection.why_not)
    does = "reports partially" if partial == 1 else "report partially"
    tail = f"; {partial} of them {does} and would enter pool_partial()" if partial else ""
    verb = "is" if out == 1 else "are"
    return (f"{out} of {len(selection.table)} rows {verb} left out, each with its reason in .rows{tail}.",)


def few_a_coefficient(studies: int, names: Sequence[str]) -> tuple[str, ...]:
    """Return a note where a regression has fewer than ten studies for each coefficient but the intercept."""
    asked = sum(name != "Intercept" for name in names)
    if not asked or studies >= _STUDIES_A_COEFFICIENT * asked:
        return ()
    return (
        f"{studies} studies for {asked} {'coefficient' if asked == 1 else 'coefficients'} beside the"
        f" intercept: with fewer than {_STUDIES_A_COEFFICIENT} studies for each, a moderator's estimate is"
        " a hint, not a finding (Cochrane Handbook, 10.11.5.1).",
    )


def they_differ(data: Sample) -> tuple[str, ...]:
    """Say so where a model of one common effect is given studies whose effects differ.

    Q is held to p < .10, as it has little power with few studies (Cochrane Handbook, 10.10.2).
    """
    spread = heterogeneity(data, None)
    if spread.p_value >= _Q_LEVEL:
        return ()
    tau = math.sqrt(TAU2["DL"](data).value)
    return (
        f"These studies differ by more than chance (Q = {spread.q:.3g} with {spread.df} df, p ="
        f" {spread.p_value:.2g}; tau about {tau:.2g}): a model with tau² = 0 gives too narrow an interval;"
        " random_effects() allows for the differences.",
    )


def no_spread_seen(tau2: float, limits: Interval | None) -> tuple[str, ...]:
    """Say that an estimate of zero is no proof of equal effects, with the upper end of its interval."""
    if tau2 > 0.0 or limits is None or not limits.high > 0.0:
        return ()
    reach = f"reaches {math.sqrt(limits.high):.2g}" if math.isfinite(limits.high) else "has no upper end"
    return (f"tau is estimated as 0, but its interval {reach}: the studies may well differ.",)
