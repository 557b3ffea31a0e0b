"""`pool_partial`: every row that says something between arms, in one likelihood."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from evidence._check import as_number, check_level, is_text, one_of
from evidence.effects.record import Effects
from evidence.errors import ModelError
from evidence.fit import MetaFit
from evidence.models.alongside import results_alongside
from evidence.models.exact import SINGLE
from evidence.models.partial_notes import limit_notes, no_value_notes, row_notes
from evidence.models.rows import (
    NOT_POOLED,
    Selection,
    assumed_correlation,
    check_effects,
    people,
    select,
    several_rows,
)
from evidence.numerics.interval_likelihood import prepare
from evidence.numerics.intervals import (
    Heterogeneity,
    Interval,
    heterogeneity,
    prediction_about,
    quantile,
    two_sided_p,
)
from evidence.numerics.partial_fit import PartialFit, contributions, fit_partial
from evidence.numerics.wls import Vector, sample

__all__ = ["pool_partial"]

_BOUNDED = "Its report gives no value: no estimate, no standard error, no p value, no interval."
_SOURCES = ("bushman1996", "hardy1996", "higgins2009")


@dataclass(frozen=True)
class _Rows:
    """The rows in use, as arrays."""

    low: Vector
    high: Vector
    error: Vector
    study: NDArray[np.intp]
    rho: float


def pool_partial(
    effects: Effects,
    *,
    formula: str = "~ 1",
    cluster: str = "study",
    rho: float = 0.6,
    inference: str = "profile",
    prior: object = None,
    level: float = 0.95,
) -> MetaFit:
    """Pool exact, interval and direction-only rows in one random-effects likelihood.

    An exact row enters by its density, an interval row ("significant", "no difference", "favours e") by the
    probability of its interval; studies differ by a random effect; rows of one study share a sampling
    error. With exact rows only, one a study, this is ``random_effects(tau2="ML", inference="profile")``.

    Parameters
    ----------
    effects : Effects
        The rows. Exact and interval rows are used, and sign rows with a variance; all others are listed in
        ``.rows`` with the reason.
    formula : str, default "~ 1"
        The mean alone; moderators are not part of this version.
    cluster : str, default "study"
        Column whose rows share a random effect and correlated sampling errors. With another column than
        the study, the degrees of freedom of the prediction interval and the level of a one-sided limit
        count these clusters (``n_clusters``); ``n_studies`` counts studies.
    rho : float, default 0.6
        Assumed correlation of the sampling errors of one cluster's rows, 0 <= rho < 1. It matters only
        where a study gives several rows.
    inference : {"profile"}, default "profile"
        Profile-likelihood intervals for the mean and for tau².
    prior : None
        Has its place here; the posterior under a prior is not part of this version, so only None is taken.
    level : float, default 0.95
        Level of the intervals.

    Returns
    -------
    MetaFit
        Maximum-likelihood estimate with profile interval; prediction interval
        ``estimate ± t sqrt(tau² + se²)``, t with clusters - 1 df, its ends moved out where the profile
        interval is wider. Where the rows bound the effect on one side only there is no estimate
        (None): ``bound`` names the limit that the data give. ``rows.contribution`` is the information about
        the mean that would be lost without the row, in percent. ``alongside`` always holds "exact rows only"
        and "direction only", and "without inferred rows" where a row in use is inferred; where there is
        nothing to pool, its sentence says so. I², H² and Q where every row in use is exact, one a study.

    Raises
    ------
    ModelError
        Where rows may not be pooled together, a number is impossible, no row is usable, or an argument is
        not known.

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
    level = check_level(level)
    inference = one_of("inference", inference, ("profile",))
    if not is_text(formula) or formula.replace(" ", "") not in ("~1", "1"):
        raise ModelError(
            f"pool_partial() fits the mean alone so far, formula='~ 1'; got {formula!r}."
            " Moderators are not part of this version: pool each group with compare(effects, by=...)"
        )
    if prior is not None:
        raise ModelError(
            f"prior takes None: the posterior under a prior is not part of this version; got {prior!r}"
        )
    if not 0.0 <= as_number(rho) < 1.0:
        raise ModelError(
            f"rho, the correlation of one study's sampling errors, is at least 0 and below 1; got {rho!r}"
            " (at 1 several rows would be one: keep one of them)"
        )
    if not is_text(cluster):
        raise ModelError(f"cluster takes the name of one column, such as 'study'; got {cluster!r}")
    if cluster not in effects.table.columns:
        raise ModelError(f"cluster names a column of the effects; there is no column {cluster!r}")
    options = _Options(cluster, float(rho), level)
    fit = _fit(effects, options)
    beside = results_alongside(effects, fit, lambda rows: _fit(rows, options))
    return dataclasses.replace(fit, alongside=beside)


@dataclass(frozen=True)
class _Options:
    cluster: str
    rho: float
    level: float


def _arrays(selection: Selection, options: _Options) -> _Rows:
    kinds = selection.table.loc[selection.used, "kind"].to_numpy()
    exact = kinds == "exact"
    y = selection.values("estimate")
    codes, _ = pd.factorize(selection.table.loc[selection.used, options.cluster].astype(str))
    return _Rows(
        low=np.where(exact, y, selection.values("low")),
        high=np.where(exact, y, selection.values("high")),
        error=np.sqrt(selection.values("variance")),
        study=np.asarray(codes, dtype=np.intp),
        rho=options.rho,
    )


def _fit(effects: Effects, options: _Options) -> MetaFit:
    selection = select(effects, partial=True)
    n_studies = len(set(selection.studies()))
    if n_studies == 1:  # whatever its clusters: one study is never pooled
        options = dataclasses.replace(options, cluster="study")
    rows = _arrays(selection, options)
    if n_studies == 1:
        return _one_study(effects, selection, rows, options)
    n_clusters = int(rows.study.max()) + 1
    if n_clusters == 1:
        raise ModelError(
            f"cluster={options.cluster!r} puts the rows of all {n_studies} studies into one cluster, which"
            " leaves nothing to tell the spread between clusters from; use cluster='study'"
        )
    fit = fit_partial(rows.low, rows.high, rows.error, rows.study, rows.rho, options.level)
    share = None
    if fit.at_mu is not None and fit.at_tau2 is not None:
        share = contributions(rows.low, rows.high, rows.error, rows.study, rows.rho, fit.at_mu, fit.at_tau2)
    spread = _spread(selection, n_clusters, fit)
    notes = (
        *limit_notes(fit, options.level),
        *row_notes(selection, options.cluster, options.rho),
        *(() if spread is not None or fit.bound is not None else no_value_notes(selection)),
    )
    base = _base(effects, selection, rows, options, notes)
    predicted = _prediction(fit, n_clusters, options.level)
    sources = (*_SOURCES, "hedges2010") if several_rows(selection) else _SOURCES
    return dataclasses.replace(
        base,
        estimate=fit.estimate,
        std_error=fit.std_error,
        statistic=fit.statistic,
        p_value=None if fit.statistic is None else two_sided_p(fit.statistic, None),
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
    )


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
    return prediction_about(fit.estimate, fit.std_error, fit.tau2, n_clusters - 1, level, limits)


def _base(
    effects: Effects, selection: Selection, rows: _Rows, options: _Options, notes: tuple[str, ...]
) -> MetaFit:
    """Return the record with what does not depend on the fit."""
    total, people_notes = people(selection)
    return MetaFit(
        estimate=None,
        std_error=None,
        df=None,
        statistic=None,
        p_value=None,
        conf_low=None,
        conf_high=None,
        tau2=None,
        tau2_low=None,
        tau2_high=None,
        i2=None,
        h2=None,
        q=None,
        q_df=None,
        q_p_value=None,
        pred_low=None,
        pred_high=None,
        k=int(selection.used.sum()),
        n_studies=len(set(selection.studies())),
        n_clusters=int(rows.study.max()) + 1,
        n_people=total,
        measure=effects.measure,
        level=options.level,
        method="interval likelihood, ML, profile",
        kinds=selection.kinds(),
        rows=selection.rows(),
        scale=effects.scale,
        display_sign=effects.display_sign,
        notes=(*notes, *people_notes, *assumed_correlation(effects, selection)),
    )


def _one_study(effects: Effects, selection: Selection, rows: _Rows, options: _Options) -> MetaFit:
    """Return what one study gives: the mean of its exact rows, or nothing but its rows."""
    exact = rows.low == rows.high
    if not exact.any():
        notes = (SINGLE, *row_notes(selection, options.cluster, options.rho))
        base = _base(effects, selection, rows, options, (_BOUNDED, *notes))
        return dataclasses.replace(base, method="one study, not pooled", bound="none")
    spare = np.flatnonzero(selection.used)[~exact]
    why = list(selection.why_not)
    for place in spare:
        why[place] = NOT_POOLED
    used = selection.used & (np.array(why) == "")
    kept = dataclasses.replace(selection, used=used, why_not=tuple(why))
    data = prepare(rows.low[exact], rows.high[exact], rows.error[exact], rows.study[exact], rows.rho)
    estimate, error = float(data.y_hat[0]), float(1.0 / np.sqrt(data.inv_v[0]))
    half = quantile(options.level, None) * error
    base = _base(effects, kept, rows, options, (SINGLE, *row_notes(kept, options.cluster, options.rho)))
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
    )


def _lost(rows: _Rows, exact: NDArray[np.bool_]) -> Vector:
    part = (rows.low[exact], rows.high[exact], rows.error[exact], rows.study[exact])
    return contributions(*part, rows.rho, 0.0, 0.0)
