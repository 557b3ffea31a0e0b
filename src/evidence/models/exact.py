"""Models of effects with standard errors, one a study: common effect and random effects."""

from __future__ import annotations

import numpy as np

from evidence._check import check_level
from evidence.effects.record import Effects
from evidence.errors import ModelError
from evidence.fit import MetaFit
from evidence.models.choices import (
    BY_ML,
    IDENTICAL,
    NARROW,
    REML,
    Choices,
    check_choices,
    left_out,
    narrowed,
    no_spread_seen,
    one_row_a_study,
    prediction_df,
    sources,
    tau2_interval,
    they_differ,
)
from evidence.models.rows import (
    Selection,
    assumed_correlation,
    check_effects,
    people,
    select,
)
from evidence.numerics.intervals import (
    Interval,
    MeanInference,
    heterogeneity,
    mean_inference,
    prediction_about,
    prediction_interval,
    profile_mean,
    wald_interval,
)
from evidence.numerics.tau2 import TAU2, log_likelihood
from evidence.numerics.wls import Sample, Vector, WeightedMean, mean_of_shares, sample, weighted_mean

__all__ = ["SINGLE", "common_effect", "random_effects"]

SINGLE = (
    "One study is printed, not pooled: no between-study variance, no I², H² or Q, no prediction interval."
)


def common_effect(effects: Effects, *, weighted: bool = True, level: float = 0.95) -> MetaFit:
    """Pool effects as estimates of one common effect.

    Parameters
    ----------
    effects : Effects
        The rows; only exact ones are used, at most one a study.
    weighted : bool, default True
        Inverse-variance weights, the most precise choice if the model holds. Without them every study counts
        the same: the mean of these studies' effects, whatever their size.
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
    if not isinstance(weighted, bool | np.bool_):
        raise ModelError(f"weighted takes True or False; got {weighted!r}")
    selection = select(effects, partial=False)
    one_row_a_study(selection, "pool_partial()")
    data = sample(selection.values("estimate"), selection.values("variance"))
    notes = left_out(selection)
    if data.k == 1:
        notes = (SINGLE, *notes)
    elif not weighted:
        notes = (
            "Every study counts the same, whatever its precision: the interval is for the mean of these"
            " studies' effects, with tau² = 0, and there is no prediction interval for another study.",
            *notes,
        )
    else:
        notes = (
            "The common-effect model assumes that every study has the same true effect: tau² = 0, and no"
            " prediction interval, for a new study has that effect too.",
            *notes,
        )
    if data.k > 1:
        notes = (*they_differ(data), *notes)
    return _record(effects, selection, data, Choices("", "z", level), notes, weighted=bool(weighted))


def random_effects(
    effects: Effects,
    *,
    tau2: str = REML,
    inference: str = "HKSJ",
    level: float = 0.95,
    prediction: str = "inference",
    tau2_interval: str = "QP",
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
    prediction : {"inference", "k-1", "k-2"}, default "inference"
        Distribution of the prediction interval: the one of the mean's interval (normal under z, otherwise
        t with k - 1 df), or t with k - 1 or k - 2 df whatever the inference. Higgins et al. (2009) take
        k - 2; the default is what metafor prints. Under ``"profile"`` its ends are moved out where the
        mean's interval is wider than that distribution says.
    tau2_interval : {"QP", "PL"}, default "QP"
        Q-profile, or profile likelihood (for ML and REML; always under ``"profile"``).

    Returns
    -------
    MetaFit
        With Q, I², H², the interval of tau² (and so of I² and H²) and the prediction interval. One study
        gives its own effect with a normal interval and no tau².

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
    check_effects(effects)
    chosen = check_choices(tau2, inference, level, prediction, tau2_interval)
    selection = select(effects, partial=False)
    one_row_a_study(selection, "pool_partial()")
    data = sample(selection.values("estimate"), selection.values("variance"))
    notes = left_out(selection)
    if data.k == 1:
        return _record(effects, selection, data, Choices("", "z", chosen.level), (SINGLE, *notes))
    if chosen.by_ml:
        notes = (BY_ML, *notes)
    return _record(effects, selection, data, chosen, notes)


def _prediction(
    data: Sample, mean: MeanInference, tau2: float, chosen: Choices
) -> tuple[Interval | None, tuple[str, ...]]:
    df = prediction_df(chosen, data.k, 1, mean.df)
    if df == 0:
        return None, ("Two studies leave no degree of freedom for a prediction interval with k - 2.",)
    if chosen.inference != "profile":
        return prediction_interval(mean.estimate, mean.std_error, tau2, df, chosen.level), ()
    limits = Interval(mean.low, mean.high)
    return prediction_about(mean.estimate, mean.std_error, tau2, df, chosen.level, limits), ()


def _mean(
    data: Sample, tau2: float, chosen: Choices, weighted: bool
) -> tuple[MeanInference, Vector, tuple[str, ...]]:
    """Return the mean, the weights as shares of one, and notes."""
    own = weighted_mean(data, tau2)
    if not weighted:
        shares = np.full(data.k, 1.0 / data.k)
        return wald_interval(*mean_of_shares(data, shares, tau2), None, chosen.level), shares, ()
    if chosen.inference == "profile":
        return profile_mean(data, tau2, chosen.level), own.weights, ()
    mean = mean_inference(data, tau2, chosen.inference, chosen.level)
    if mean.fallback:
        return mean, own.weights, (IDENTICAL,)
    if narrowed(mean.multiplier, mean.df, chosen.level):
        return mean, own.weights, (NARROW,)
    return mean, own.weights, ()


def _per_row(data: Sample, own: WeightedMean, tau2: float, multiplier: float) -> dict[str, Vector]:
    """Return leverage, standardised residual and the studies' own shrunken effects."""
    shrink = tau2 / (data.v + tau2)
    rest = data.v / (data.v + tau2)
    variance = shrink * data.v + rest * rest * (own.std_error * own.std_error * multiplier)
    return {
        "leverage": own.weights,
        "std_residual": own.residual / np.sqrt((data.v + tau2) * own.spare),
        "blup": own.estimate + shrink * own.residual,
        "blup_std_error": np.sqrt(variance),
    }


def _record(
    effects: Effects,
    selection: Selection,
    data: Sample,
    chosen: Choices,
    notes: tuple[str, ...],
    *,
    weighted: bool = True,
) -> MetaFit:
    """Compute the fit and put it into its record."""
    random, several = bool(chosen.estimator), data.k > 1
    tau2 = TAU2[chosen.estimator](data).value if random else 0.0
    mean, shares, more = _mean(data, tau2, chosen, weighted)
    notes = (*more, *notes)
    spread = heterogeneity(data, tau2 if random else None) if several else None
    limits, predicted = None, None
    cited: tuple[str, ...] = ("cochran1954",)
    if random:
        limits, more = tau2_interval(data, tau2, chosen)
        more = (*more, *no_spread_seen(tau2, limits))
        predicted, why = _prediction(data, mean, tau2, chosen)
        cited = sources(chosen)
        notes = (*more, *why, *notes)
    ends = [spread.at(end) for end in (limits.low, limits.high)] if limits and spread else [(None, None)] * 2
    total, people_notes = people(selection)
    percent = 100.0 * shares
    method = f"{chosen.estimator}, {chosen.inference}" if random else "common effect, z"
    own = weighted_mean(data, tau2)
    return MetaFit(
        estimate=mean.estimate,
        std_error=mean.std_error,
        df=None if mean.df is None else float(mean.df),
        statistic=mean.statistic,
        p_value=mean.p_value,
        conf_low=mean.low,
        conf_high=mean.high,
        tau2=tau2 if several else None,
        tau2_low=None if limits is None else limits.low,
        tau2_high=None if limits is None else limits.high,
        i2=None if spread is None else spread.i2,
        i2_low=ends[0][0],
        i2_high=ends[1][0],
        h2=None if spread is None else spread.h2,
        h2_low=ends[0][1],
        h2_high=ends[1][1],
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
        method=method if weighted else "common effect, equal weights, z",
        kinds=selection.kinds(),
        rows=selection.rows(weight=percent, contribution=np.array(percent)),
        scale=effects.scale,
        display_sign=effects.display_sign,
        loglik=log_likelihood(data, tau2, restricted=chosen.restricted and several),
        notes=(*notes, *people_notes, *assumed_correlation(effects, selection)),
        methods_used=(*cited, "higgins2002") if several else cited,
        per_row=_per_row(data, own, tau2, mean.multiplier) if several and weighted else None,
    )
