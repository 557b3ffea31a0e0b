"""`pool_partial`: every row that says something between arms, in one likelihood."""

from __future__ import annotations

import dataclasses

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from evidence.effects.record import Effects
from evidence.errors import ModelError
from evidence.fit import MetaFit
from evidence.fit.posterior import Posterior
from evidence.models.alongside import Alongside
from evidence.models.exact import SINGLE
from evidence.models.partial_moderators import fit_moderators
from evidence.models.partial_notes import (
    chance_notes,
    limit_notes,
    no_value_notes,
    posterior_notes,
    reml_notes,
    row_notes,
    within_notes,
)
from evidence.models.partial_rows import Options, PartialRows, base_record, check_options, partial_rows
from evidence.models.prior import DEFAULT_PRIOR, Prior, posterior_of
from evidence.models.rows import NOT_POOLED, Selection, check_effects, select, several_rows
from evidence.numerics.interval_likelihood import prepare
from evidence.numerics.intervals import (
    Heterogeneity,
    Interval,
    heterogeneity,
    prediction_about,
    quantile,
    two_sided_p,
)
from evidence.numerics.partial_fit import PartialFit, contributions, fit_partial, fit_within, student
from evidence.numerics.partial_posterior import restricted_tau2
from evidence.numerics.tau2 import TAU2
from evidence.numerics.wls import Vector, sample

__all__ = ["pool_partial"]

_BOUNDED = "Its report gives no value: no estimate, no standard error, no p value, no interval."
_SOURCES = ("bushman1996", "hardy1996", "higgins2009")


def pool_partial(
    effects: Effects,
    *,
    formula: str = "~ 1",
    cluster: str | tuple[str, ...] = "study",
    rho: float = 0.6,
    prior: Prior | None = DEFAULT_PRIOR,
    inference: str = "profile",
    level: float = 0.95,
) -> MetaFit:
    """Pool exact, interval and direction-only rows in one random-effects likelihood.

    An exact row enters by its density, an interval row ("significant", "no difference", "favours e") by the
    probability of its interval; studies differ by a random effect, effects within a study by another where
    the rows can tell; rows of one study share a sampling error. With exact rows only, one a study, this is
    ``random_effects(tau2="ML", inference="profile")``; with several a study, ``multilevel(tau2="ML")``.

    Parameters
    ----------
    effects : Effects
        The rows. Exact and interval rows are used, and sign rows with a variance; all others are listed in
        ``.rows`` with the reason.
    formula : str, default "~ 1"
        The mean alone, or moderators as in `meta_regression`, such as ``"~ comparator_class"``: coefficients
        with profile intervals and likelihood-ratio tests in ``tidy()``, the joint test in ``qm``.
    cluster : str or tuple of str, default "study"
        Column whose rows share a random effect and correlated sampling errors. Effects within a cluster
        have a variance of their own where at least one cluster gives two rows that are bounded on both
        sides (without these nothing tells it). Levels as in `multilevel` say it outright: ``("study",)``
        for one effect a study, ``("study", "row_id")`` for the default. With another column than the
        study, the degrees of freedom of the prediction interval and the level of a one-sided limit
        count these clusters (``n_clusters``); ``n_studies`` counts studies.
    rho : float, default 0.6
        Assumed correlation of the sampling errors of one cluster's rows, 0 <= rho < 1. It matters only
        where a study gives several rows.
    prior : Prior or None, default Prior()
        Prior of mean and tau for ``posterior``; None for no posterior. For mean differences, which are in
        the units of an instrument, there is none unless a prior is given.
    inference : {"profile", "profile-t"}, default "profile"
        Profile-likelihood intervals for the mean and for tau². ``"profile-t"`` cuts the profile of the mean
        where Student's t with clusters - 1 df would for equally precise studies: the careful choice with few
        studies, where the plain profile covers as little as 92 % (docs/coverage.md).
    level : float, default 0.95
        Level of the intervals.

    Returns
    -------
    MetaFit
        Maximum-likelihood estimate with profile interval; prediction interval
        ``estimate ± t sqrt(tau² + se²)``, t with clusters - 1 df, its ends moved out where the profile
        interval is wider. Where the rows bound the effect on one side only there is no estimate
        (None): ``bound`` names the limit that the data give. ``rows.contribution`` is the information about
        the mean that would be lost without the row, in percent. ``posterior`` holds probabilities under the
        prior, ``tau2_reml`` the REML-type estimate of tau². ``alongside`` always holds "exact rows only"
        and "direction only", and "without inferred rows" where a row in use is inferred; where there is
        nothing to pool, its sentence says so. I², H² and Q where every row in use is exact, one a study.

    Raises
    ------
    ModelError
        Where rows may not be pooled together, a number is impossible, no row is usable, an argument is
        not known, or a moderator's coefficient has no finite estimate.

    References
    ----------
    Bushman BJ, Wang MC. A procedure for combining sample standardized mean differences and vote counts
    to estimate the population standardized mean difference in fixed effects models. Psychol Methods
    1996;1(1):66-80. https://doi.org/10.1037/1082-989X.1.1.66
    Hardy RJ, Thompson SG. Stat Med 1996;15(6):619-629.
    https://doi.org/10.1002/(SICI)1097-0258(19960330)15:6<619::AID-SIM188>3.0.CO;2-A

    Examples
    --------
    >>> import evidence as ev
    >>> low, high = [None, 0.6, -0.6], [None, None, 0.6]
    >>> effects = ev.effects_from([0.3, None, None], std_error=0.3, low=low, high=high)
    >>> fit = ev.pool_partial(effects)
    >>> fit.n_studies, round(fit.estimate, 2)
    (3, 0.47)
    """
    check_effects(effects)
    options = check_options(effects, formula, cluster, rho, inference, prior, level)
    fit = _fit(effects, options)
    return dataclasses.replace(fit, alongside=Alongside(effects, fit, _Refit(options)))


@dataclasses.dataclass(frozen=True)
class _Refit:
    """The same model with the same options, for other rows; a class, so that it can be sent to a worker."""

    options: Options

    def __call__(self, effects: Effects) -> MetaFit:
        return _fit(effects, self.options)


def _fit(effects: Effects, options: Options) -> MetaFit:
    selection = select(effects, partial=True)
    n_studies = len(set(selection.studies()))
    if n_studies == 1:  # whatever its clusters: one study is never pooled
        options = dataclasses.replace(options, cluster="study")
    rows = partial_rows(selection, options)
    if n_studies == 1:
        if options.formula is not None:
            raise ModelError(f"one study is printed, not pooled: it cannot tell about {options.formula}")
        return _one_study(effects, selection, rows, options)
    n = rows.clusters
    if n == 1:
        raise ModelError(
            f"cluster={options.cluster!r} puts the rows of all {n_studies} studies into one cluster, which"
            " leaves nothing to tell the spread between clusters from; use cluster='study'"
        )
    if options.formula is not None:
        return fit_moderators(effects, selection, rows, options)
    engine = fit_within if rows.within else fit_partial
    fit = engine(*rows.arguments(), options.level, options.critical(n, 1))
    within = fit.within or 0.0
    share = None
    if fit.at_mu is not None and fit.at_tau2 is not None:
        share = contributions(*rows.arguments(), fit.at_mu, fit.at_tau2, within)
    spread = _spread(selection, n, fit)
    reml = _restricted(rows, fit, spread is not None)
    found = _posterior(rows, options, within)
    notes = (
        *limit_notes(fit, options.level),
        *row_notes(selection, options.cluster, options.rho),
        *(() if spread is not None or fit.bound is not None else no_value_notes(selection)),
        *within_notes(fit, bool(np.bincount(rows.study).max() > 1), rows.within, options.cluster),
        *reml_notes(fit, reml),
        *posterior_notes(found, options.prior),
    )
    predicted = _prediction(fit, n, options.level)
    sources = (*_SOURCES, "hedges2010") if several_rows(selection) else _SOURCES
    calibrated = options.inference == "profile-t"
    statistic = fit.statistic if fit.statistic is None or not calibrated else student(fit.statistic, n, 1)
    df = n - 1 if calibrated and fit.estimate is not None else None
    made = dataclasses.replace(
        base_record(effects, selection, rows, options, notes),
        estimate=fit.estimate,
        std_error=fit.std_error,
        df=None if df is None else float(df),
        statistic=statistic,
        p_value=None if statistic is None else two_sided_p(statistic, df),
        conf_low=fit.low,
        conf_high=fit.high,
        tau2=fit.tau2,
        tau2_low=fit.tau2_low,
        tau2_high=fit.tau2_high,
        i2=None if spread is None else spread.i2,
        h2=None if spread is None else spread.h2,
        q=None if spread is None else spread.q,
        q_df=None if spread is None else float(spread.df),
        q_p_value=None if spread is None else spread.p_value,
        pred_low=None if predicted is None else predicted.low,
        pred_high=None if predicted is None else predicted.high,
        rows=selection.rows(contribution=share),
        bound=fit.bound,
        loglik=fit.loglik,
        methods_used=sources if spread is None else (*sources, "cochran1954", "higgins2002"),
        variance_components=_components(fit, options),
        posterior=found,
        tau2_reml=reml,
    )
    return dataclasses.replace(made, notes=(*made.notes, *chance_notes(made)))


def _components(fit: PartialFit, options: Options) -> pd.DataFrame | None:
    """Return one line a level where effects vary within clusters, as `multilevel` does."""
    if fit.within is None or fit.tau2 is None:
        return None
    variance = [fit.tau2, fit.within]
    return pd.DataFrame(
        {
            "level": [options.cluster, "row_id"],
            "variance": variance,
            "sd": np.sqrt(variance),
            "low": [fit.tau2_low, fit.within_low],
            "high": [fit.tau2_high, fit.within_high],
            "i2": pd.Series([None, None], dtype=object),
        }
    )


def _restricted(rows: PartialRows, fit: PartialFit, plain: bool) -> float | None:
    """Return the REML-type estimate of tau² where the rows give one."""
    if fit.tau2 is None:
        return None
    if plain:
        return TAU2["REML"](sample(rows.low, rows.error**2)).value
    return restricted_tau2(*rows.arguments(), fit.within or 0.0, fit.tau2)


def _posterior(rows: PartialRows, options: Options, within: float) -> Posterior | None:
    if options.prior is None:
        return None
    return posterior_of(*rows.arguments(), within, options.prior, options.level)


def _spread(selection: Selection, n_clusters: int, fit: PartialFit) -> Heterogeneity | None:
    """Return Q, I² and H² where every row in use is exact and alone in its study and cluster."""
    k = int(selection.used.sum())
    exact = selection.table.loc[selection.used, "kind"].eq("exact").all()
    if not exact or k != n_clusters or several_rows(selection):
        return None
    return heterogeneity(sample(selection.values("estimate"), selection.values("variance")), fit.tau2)


def _prediction(fit: PartialFit, n_clusters: int, level: float) -> Interval | None:
    if fit.estimate is None or fit.std_error is None or fit.tau2 is None:
        return None
    limits = Interval(fit.low, fit.high)
    # The true effect of a new row in a new study varies by both variances.
    spread = fit.tau2 + (fit.within or 0.0)
    return prediction_about(fit.estimate, fit.std_error, spread, n_clusters - 1, level, limits)


def _one_study(effects: Effects, selection: Selection, rows: PartialRows, options: Options) -> MetaFit:
    """Return what one study gives: the mean of its exact rows, or nothing but its rows."""
    exact = rows.low == rows.high
    found = _posterior(rows, options, 0.0)
    if not exact.any():
        notes = (
            SINGLE,
            *row_notes(selection, options.cluster, options.rho),
            *posterior_notes(found, options.prior),
        )
        base = base_record(effects, selection, rows, options, (_BOUNDED, *notes))
        return dataclasses.replace(base, method="one study, not pooled", bound="none", posterior=found)
    spare = np.flatnonzero(selection.used)[~exact]
    why = list(selection.why_not)
    for place in spare:
        why[place] = NOT_POOLED
    used = selection.used & (np.array(why) == "")
    kept = dataclasses.replace(selection, used=used, why_not=tuple(why))
    data = prepare(rows.low[exact], rows.high[exact], rows.error[exact], rows.study[exact], rows.rho)
    estimate, error = float(data.y_hat[0]), float(1.0 / np.sqrt(data.inv_v[0]))
    half = quantile(options.level, None) * error
    base = base_record(effects, kept, rows, options, (SINGLE, *row_notes(kept, options.cluster, options.rho)))
    return dataclasses.replace(
        base,
        estimate=estimate,
        std_error=error,
        statistic=estimate / error,
        p_value=two_sided_p(estimate / error, None),
        conf_low=estimate - half,
        conf_high=estimate + half,
        method="one study, not pooled",
        rows=kept.rows(contribution=_lost(rows, exact)),
        posterior=found,
    )


def _lost(rows: PartialRows, exact: NDArray[np.bool_]) -> Vector:
    part = (rows.low[exact], rows.high[exact], rows.error[exact], rows.study[exact])
    return contributions(*part, rows.rho, 0.0, 0.0)
