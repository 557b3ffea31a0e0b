"""Models of effects with standard errors, one a study: common effect and random effects."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np

from evidence._check import one_of
from evidence.effects.record import Effects
from evidence.errors import ModelError
from evidence.fit import MetaFit
from evidence.models.rows import (
    TAKEN,
    Selection,
    assumed_correlation,
    check_effects,
    check_level,
    people,
    select,
    several_rows,
)
from evidence.numerics.intervals import (
    INFERENCE,
    Interval,
    MeanInference,
    heterogeneity,
    mean_inference,
    prediction_about,
    prediction_interval,
    profile_mean,
    profile_tau2,
    q_profile,
    quantile,
)
from evidence.numerics.tau2 import TAU2, log_likelihood
from evidence.numerics.wls import Sample, sample, weighted_mean

__all__ = ["SINGLE", "common_effect", "random_effects"]

SINGLE = (
    "One study is printed, not pooled: no between-study variance, no I², H² or Q, no prediction interval."
)


class _Default(str):
    """The word of a default, which can be told from the same word said by the caller."""

    __slots__ = ()


_REML: Final = _Default("REML")

_TAU2_SOURCES = {
    "DL": "dersimonian1986",
    "HE": "hedges1983",
    "HS": "hunter2004",
    "HSk": "hunter2004",
    "SJ": "sidik2005",
    "PM": "paule1982",
    "EB": "morris1983",
    "ML": "hardy1996",
    "REML": "viechtbauer2005",
}
_INFERENCE_SOURCES = {
    "z": (),
    "t": (),
    "HKSJ": ("hartung2001", "sidik2002"),
    "mHKSJ": ("hartung2001", "sidik2002", "knapp2003"),
    "profile": ("hardy1996",),
}


def _one_row_a_study(selection: Selection) -> None:
    repeated = several_rows(selection)
    if repeated:
        raise ModelError(
            f"several exact rows of one study are not independent: {', '.join(repeated[:8])}"
            f"{f' and {len(repeated) - 8} more' if len(repeated) > 8 else ''};"
            " choose one row a study (one domain, one outcome), or use pool_partial(), which models"
            " rows of the same people"
        )


def _left_out(selection: Selection) -> tuple[str, ...]:
    out = len(selection.table) - int(selection.used.sum())
    if not out:
        return ()
    partial = sum(why.endswith(TAKEN) for why in selection.why_not)
    does = "reports partially" if partial == 1 else "report partially"
    tail = f"; {partial} of them {does} and would enter pool_partial()" if partial else ""
    verb = "is" if out == 1 else "are"
    return (f"{out} of {len(selection.table)} rows {verb} left out, each with its reason in .rows{tail}.",)


def common_effect(effects: Effects, *, level: float = 0.95) -> MetaFit:
    """Pool effects as estimates of one common effect, by inverse variance.

    Parameters
    ----------
    effects : Effects
        The rows; only exact ones are used, at most one a study.
    level : float, default 0.95
        Level of the interval (normal).

    Returns
    -------
    MetaFit
        With ``tau2 = 0``, which this model assumes, and I² and H² from Q. No prediction interval: under
        one common effect a new study has that effect.

    Raises
    ------
    ModelError
        Where rows may not be pooled together, a variance is not positive, or no row is usable.

    References
    ----------
    Cochran WG. The combination of estimates from different experiments. Biometrics 1954;10(1):101-129.
    https://doi.org/10.2307/3001666

    Examples
    --------
    >>> import evidence as ev
    >>> fit = ev.common_effect(ev.effects_from([0.2, 0.5, 0.3], variance=[0.04, 0.09, 0.05]))
    >>> round(fit.estimate, 4)
    0.295
    """
    check_effects(effects)
    level = check_level(level)
    selection = select(effects, partial=False)
    _one_row_a_study(selection)
    data = sample(selection.values("estimate"), selection.values("variance"))
    notes = _left_out(selection)
    if data.k == 1:
        notes = (SINGLE, *notes)
    else:
        notes = (
            "The common-effect model assumes that every study has the same true effect: tau² = 0, and no"
            " prediction interval, for a new study has that effect too.",
            *notes,
        )
    return _record(effects, selection, data, _Options("", "z", level), notes)


def random_effects(
    effects: Effects, *, tau2: str = _REML, inference: str = "HKSJ", level: float = 0.95
) -> MetaFit:
    """Pool effects that differ between studies, one effect a study.

    Parameters
    ----------
    effects : Effects
        The rows; only exact ones are used, at most one a study. The others are listed in ``.rows``.
    tau2 : {"DL", "HE", "HS", "HSk", "SJ", "PM", "ML", "REML", "EB"}, default "REML"
        Estimator of the between-study variance. REML is nearly unbiased and the field's default. Where
        it is not said and `inference` is ``"profile"``, ML is used, and a note says so.
    inference : {"z", "t", "HKSJ", "mHKSJ", "profile"}, default "HKSJ"
        How the mean's interval is made. HKSJ allows for the uncertainty of tau² (t with k - 1 df and a
        variance from the spread of the effects); mHKSJ never lets it fall below the model's;
        ``"profile"`` is the profile likelihood, which goes with ML: another `tau2` is refused.
    level : float, default 0.95
        Level of the intervals.

    Returns
    -------
    MetaFit
        With Q, I², H², the Q-profile interval of tau² (profile likelihood under ``"profile"``) and the
        prediction interval (same t or normal as the mean's interval; t with k - 1 df under
        ``"profile"``). One study gives its own effect with a normal interval and no tau².

    Raises
    ------
    ModelError
        Where rows may not be pooled together, a variance is not positive, no row is usable, or an
        argument is not known.

    References
    ----------
    Viechtbauer W. J Educ Behav Stat 2005;30(3):261-293. https://doi.org/10.3102/10769986030003261
    Hartung J, Knapp G. Stat Med 2001;20(24):3875-3889. https://doi.org/10.1002/sim.1009

    Examples
    --------
    >>> import evidence as ev
    >>> fit = ev.random_effects(ev.effects_from([0.1, 0.5, 0.9], variance=[0.02, 0.03, 0.04]))
    >>> fit.n_studies
    3
    """
    level = check_level(level)
    check_effects(effects)
    inference = one_of("inference", inference, INFERENCE)
    by_ml = inference == "profile" and tau2 is _REML
    estimator = "ML" if by_ml else one_of("tau2", tau2, TAU2)
    if inference == "profile" and estimator != "ML":
        raise ModelError(
            f"inference='profile' is the profile of the likelihood, so tau2 must be 'ML'; got {estimator!r}"
        )
    selection = select(effects, partial=False)
    _one_row_a_study(selection)
    data = sample(selection.values("estimate"), selection.values("variance"))
    notes = _left_out(selection)
    if data.k == 1:
        return _record(effects, selection, data, _Options("", "z", level), (SINGLE, *notes))
    if by_ml:
        notes = ("tau² is by ML, not by the default REML: inference='profile' goes with ML.", *notes)
    return _record(effects, selection, data, _Options(estimator, inference, level), notes)


@dataclass(frozen=True)
class _Options:
    """What was chosen; an empty estimator is the common-effect model."""

    estimator: str
    inference: str
    level: float


def _tau2_interval(data: Sample, tau2: float, chosen: _Options) -> tuple[Interval, tuple[str, ...]]:
    if chosen.inference == "profile":
        return profile_tau2(data, tau2, chosen.level), ()
    interval = q_profile(data, chosen.level)
    if interval.empty:
        return interval, (
            "The effects are more alike than chance allows at any tau²: its Q-profile interval is empty,"
            " printed as 0 to 0.",
        )
    return interval, ()


def _prediction(data: Sample, mean: MeanInference, tau2: float, chosen: _Options) -> Interval:
    if chosen.inference != "profile":
        return prediction_interval(mean.estimate, mean.std_error, tau2, mean.df, chosen.level)
    limits = Interval(mean.low, mean.high)
    return prediction_about(mean.estimate, mean.std_error, tau2, data.k - 1, chosen.level, limits)


def _record(
    effects: Effects, selection: Selection, data: Sample, chosen: _Options, notes: tuple[str, ...]
) -> MetaFit:
    """Compute the fit and put it into its record."""
    random = bool(chosen.estimator)
    tau2 = TAU2[chosen.estimator](data).value if random else 0.0
    if chosen.inference == "profile":
        mean = profile_mean(data, tau2, chosen.level)
    else:
        mean = mean_inference(data, tau2, chosen.inference, chosen.level)
    own_error = weighted_mean(data, tau2).std_error
    if mean.fallback:
        notes = (
            "The effects are identical, which leaves HKSJ nothing to estimate a variance from: its factor"
            " is taken as 1.",
            *notes,
        )
    elif mean.multiplier < 1.0 and mean.high - mean.low < 2.0 * quantile(chosen.level, None) * own_error:
        notes = (
            "The effects are more alike than their standard errors say, and the HKSJ interval is narrower"
            " than the model's own; inference='mHKSJ' guards against that.",
            *notes,
        )
    several = data.k > 1
    spread = heterogeneity(data, tau2 if random else None) if several else None
    tau2_interval, predicted, sources = None, None, ["cochran1954"]
    if random:
        tau2_interval, more = _tau2_interval(data, tau2, chosen)
        predicted = _prediction(data, mean, tau2, chosen)
        interval_source = "hardy1996" if chosen.inference == "profile" else "viechtbauer2007"
        sources = [
            _TAU2_SOURCES[chosen.estimator],
            *_INFERENCE_SOURCES[chosen.inference],
            interval_source,
            "higgins2009",
            *sources,
        ]
        notes = (*more, *notes)
    total, people_notes = people(selection)
    percent = 100.0 * weighted_mean(data, tau2).weights
    restricted = chosen.estimator == "REML"
    return MetaFit(
        estimate=mean.estimate,
        std_error=mean.std_error,
        df=None if mean.df is None else float(mean.df),
        statistic=mean.statistic,
        p_value=mean.p_value,
        conf_low=mean.low,
        conf_high=mean.high,
        tau2=tau2 if several else None,
        tau2_low=None if tau2_interval is None else tau2_interval.low,
        tau2_high=None if tau2_interval is None else tau2_interval.high,
        i2=None if spread is None else spread.i2,
        h2=None if spread is None else spread.h2,
        q=None if spread is None else spread.q,
        q_df=None if spread is None else float(spread.df),
        q_p_value=None if spread is None else spread.p_value,
        pred_low=None if predicted is None else predicted.low,
        pred_high=None if predicted is None else predicted.high,
        k=data.k,
        n_studies=len(set(selection.studies())),
        n_people=total,
        measure=effects.measure,
        level=chosen.level,
        method=f"{chosen.estimator}, {chosen.inference}" if random else "common effect, z",
        kinds=selection.kinds(),
        rows=selection.rows(weight=percent, contribution=np.array(percent)),
        scale=effects.scale,
        display_sign=effects.display_sign,
        loglik=log_likelihood(data, tau2, restricted=restricted and several),
        notes=(*notes, *people_notes, *assumed_correlation(effects, selection)),
        methods_used=(*sources, "higgins2002") if several else tuple(sources),
    )
