"""`multilevel`: several effects a study, each level of dependence with a variance of its own."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TypeGuard

import numpy as np
import pandas as pd

from evidence._check import as_number, check_level, is_text, one_of
from evidence.effects.record import Effects
from evidence.errors import ModelError
from evidence.fit import MetaFit
from evidence.fit.record import TIDY_COLUMNS
from evidence.models.choices import left_out
from evidence.models.exact import SINGLE, common_effect
from evidence.models.formula import Terms, read_formula
from evidence.models.levels import Grouping, group_rows, sampling_blocks
from evidence.models.robust_tests import ROBUST, Coefficient, Tests, run_tests
from evidence.models.rows import (
    Selection,
    assumed_correlation,
    check_effects,
    people,
    select,
)
from evidence.numerics.blocks import Levels, arrange
from evidence.numerics.intervals import Interval, prediction_interval, quantile, two_sided_p
from evidence.numerics.mixed_rows import MixedRows, Spread, mixed_rows, spread
from evidence.numerics.multilevel import MixedFit, fit_multilevel
from evidence.numerics.profile import profile_component
from evidence.numerics.wls import Vector

__all__ = ["multilevel"]

Known = Mapping[str, Vector] | Sequence[Vector]
"""Sampling covariance of each group of the outermost level: by name, or in order of appearance."""

_ESTIMATORS = ("REML", "ML")
_SEVERAL = (
    "Each coefficient has an estimate of its own, see .tidy(): there is no single mean to predict around."
)


@dataclass(frozen=True)
class _Options:
    rho: float | Known
    robust: str | None
    estimator: str
    level: float


def multilevel(
    effects: Effects,
    *,
    levels: Sequence[str] = ("study", "row_id"),
    rho: float | Known = 0.6,
    robust: str | None = "CR2",
    tau2: str = "REML",
    formula: str = "~ 1",
    level: float = 0.95,
) -> MetaFit:
    """Pool effects of which a study gives several, by nested random effects with robust standard errors.

    Two effects are alike for two reasons, and the model holds both: they share true effects (a random effect
    for each level) and, measured on the same people, sampling errors (correlated rho within a group of the
    outermost level, or with a known covariance). Robust standard errors with clusters at the outermost level
    allow for what rho gets wrong.

    Parameters
    ----------
    effects : Effects
        The rows; only exact ones are used. The others are listed in ``.rows``.
    levels : sequence of str, default ("study", "row_id")
        Columns that name the levels, the outermost first, such as ``("study", "arm_e", "row_id")``; any
        depth. A level with the same groups as the one above it is left out, with a note.
    rho : float, or known covariances, default 0.6
        Correlation of the sampling errors within a group of the outermost level, 0 <= rho < 1; or their
        covariance, a matrix for each such group: a mapping by its name, or a sequence in order of appearance,
        rows in the order of the effects in use.
    robust : {"CR2", "CR3", "CR1", "CR1S", "CR0", None}, default "CR2"
        Cluster-robust variance. CR2 and CR3 come with Satterthwaite degrees of freedom and stay honest with
        few studies; CR0, CR1 (factor J / (J - p)) and CR1S use J - p, J being the number of groups of the
        outermost level. None trusts the model, with J - p degrees of freedom.
    tau2 : {"REML", "ML"}, default "REML"
        How the variance components are estimated.
    formula : str, default "~ 1"
        Moderators, as in `meta_regression`.
    level : float, default 0.95
        Level of the intervals.

    Returns
    -------
    MetaFit
        ``variance_components`` has a line for each level: variance, its profile-likelihood interval, I².
        ``tau2`` is the variance of the outermost level, ``i2`` the share of all levels together, and the
        prediction interval is for one effect in a new study.

    Raises
    ------
    ModelError
        Where rows may not be pooled together, a level is no column or blank, the outermost one holds all
        studies in one group, a number is impossible, no row is usable, or an argument is not known.

    References
    ----------
    Konstantopoulos S. Res Synth Methods 2011;2(1):61-76. https://doi.org/10.1002/jrsm.35
    Pustejovsky JE, Tipton E. Prev Sci 2022;23(3):425-438. https://doi.org/10.1007/s11121-021-01246-3
    Tipton E. Psychol Methods 2015;20(3):375-393. https://doi.org/10.1037/met0000011

    Examples
    --------
    >>> import evidence as ev
    >>> effects = ev.effects_from(
    ...     [0.1, 0.3, 0.5, 0.7, 0.2, 0.4], variance=0.04, study=["a", "a", "b", "b", "c", "c"]
    ... )
    >>> fit = ev.multilevel(effects)
    >>> fit.variance_components.level.tolist()
    ['study', 'row_id']
    """
    check_effects(effects)
    if not is_text(formula):
        raise ModelError(f"a formula is text, such as '~ weeks + setting'; got {formula!r}")
    chosen = _Options(
        rho,
        None if robust is None else one_of("robust", robust, ROBUST),
        one_of("tau2", tau2, _ESTIMATORS),
        check_level(level),
    )
    selection = select(effects, partial=False)
    carried = effects.table.reset_index(drop=True).loc[selection.used]
    used = selection.table.loc[selection.used]
    grouping = _grouping(used, levels)
    names = [str(row) for row in used["row_id"]]
    plain = formula.replace(" ", "") in ("~1", "1")
    if grouping.clusters == 1:
        if not plain:
            raise ModelError("one study is printed, not pooled: it cannot show what moderators do")
        return _one_study(effects, selection, grouping, chosen)
    terms, x = (None, np.ones((len(used), 1))) if plain else read_formula(formula, carried, names)
    correlation, blocks = _sampling(grouping, chosen.rho, selection.values("variance"))
    y, v = selection.values("estimate"), selection.values("variance")
    fit = fit_multilevel(
        y, v, grouping.codes, x=x, rho=correlation, blocks=blocks, restricted=chosen.estimator == "REML"
    )
    tests = run_tests(fit, chosen.robust, chosen.level, None if terms is None else terms.intercept)
    return _record(effects, selection, _Model(grouping, fit, tests, terms), chosen)


def _grouping(used: pd.DataFrame, levels: Sequence[str]) -> Grouping:
    """Return the levels; one study has no other than itself, for it is never pooled.

    Raises
    ------
    ModelError
        Where several studies are in one group of the outermost level.
    """
    grouping, studies = group_rows(used, levels), used["study"].nunique()
    if studies == 1 and grouping.clusters > 1:
        return group_rows(used, ("study",))
    if studies > 1 and grouping.clusters == 1:
        raise ModelError(
            f"levels: {grouping.names[0]!r} puts the rows of all {studies} studies into one group, which"
            " leaves nothing to tell the spread between groups from; the outermost level is usually 'study'"
        )
    return grouping


@dataclass(frozen=True)
class _Model:
    grouping: Grouping
    fit: MixedFit
    tests: Tests
    terms: Terms | None


def _sampling(grouping: Grouping, rho: float | Known, v: Vector) -> tuple[float, list[Vector] | None]:
    """Return a correlation or blocks; a correlation of effects that stand alone is none.

    Raises
    ------
    ModelError
        Where rho is neither a correlation nor covariances.
    """
    if isinstance(rho, Mapping | list | tuple):
        return 0.0, sampling_blocks(grouping, rho)
    if not _is_correlation(rho):
        raise ModelError(
            f"rho, the correlation of one study's sampling errors, is at least 0 and below 1; got {rho!r}"
            " (at 1 several rows would be one: keep one of them); or give their covariance, a matrix a study"
        )
    return (float(rho) if grouping.clusters < v.size else 0.0), None


def _is_correlation(rho: object) -> TypeGuard[float]:
    return 0.0 <= as_number(rho) < 1.0


def _components(model: _Model, share: Spread, chosen: _Options) -> pd.DataFrame:
    """Return one line a level, with profile-likelihood intervals."""
    fit = model.fit
    ends = [profile_component(fit, j, chosen.level) for j in range(fit.theta.size)]
    return pd.DataFrame(
        {
            "level": list(model.grouping.names),
            "variance": fit.theta,
            "sd": np.sqrt(fit.theta),
            "low": [end.low for end in ends],
            "high": [end.high for end in ends],
            "i2": share.i2,
        }
    )


def _notes(model: _Model, selection: Selection, chosen: _Options) -> tuple[str, ...]:
    notes = [*([] if model.terms is None else [_SEVERAL]), *model.grouping.notes]
    outer = model.grouping.names[0]
    if model.grouping.clusters < int(selection.used.sum()):
        if _is_correlation(chosen.rho):
            notes.append(
                f"Sampling errors of rows of one {outer} are assumed to correlate rho = {chosen.rho:g}."
            )
        else:
            notes.append(f"The covariance of sampling errors within a {outer} is the one given.")
    return (*notes, *model.tests.notes, *left_out(selection))


def _table(terms: Terms, found: Sequence[Coefficient]) -> pd.DataFrame:
    lines = [dict(zip(TIDY_COLUMNS[1:], one.line, strict=True)) for one in found]
    return pd.DataFrame(lines).assign(term=list(terms.names)).loc[:, list(TIDY_COLUMNS)]


def _per_row(rows: MixedRows) -> dict[str, Vector]:
    return {
        "fitted": rows.fitted,
        "leverage": rows.leverage,
        "std_residual": rows.std_residual,
        "blup": rows.blup,
        "blup_std_error": rows.blup_std_error,
    }


def _record(effects: Effects, selection: Selection, model: _Model, chosen: _Options) -> MetaFit:
    """Put everything into the record."""
    fit, tests, terms = model.fit, model.tests, model.terms
    share, rows = spread(fit), mixed_rows(fit)
    components = _components(model, share, chosen)
    total, people_notes = people(selection)
    mean = tests.coefficients[0] if terms is None else None
    sigma2 = float(fit.theta.sum())
    predicted: Interval | None = None
    if mean is not None:
        predicted = prediction_interval(mean.estimate, mean.std_error, sigma2, mean.df, chosen.level)
    robust = "model-based, t" if chosen.robust is None else chosen.robust
    label = f"{chosen.estimator}, {' / '.join(model.grouping.names)}, {robust}"
    return MetaFit(
        estimate=None if mean is None else mean.estimate,
        std_error=None if mean is None else mean.std_error,
        df=None if mean is None else mean.df,
        statistic=None if mean is None else mean.statistic,
        p_value=None if mean is None else mean.p_value,
        conf_low=None if mean is None else mean.low,
        conf_high=None if mean is None else mean.high,
        tau2=float(fit.theta[0]),
        tau2_low=float(components["low"].iloc[0]),
        tau2_high=float(components["high"].iloc[0]),
        i2=float(share.i2.sum()),
        h2=sigma2 / share.typical + 1.0,
        q=share.q,
        q_df=float(share.df),
        q_p_value=share.p_value,
        pred_low=None if predicted is None else predicted.low,
        pred_high=None if predicted is None else predicted.high,
        k=int(selection.used.sum()),
        n_studies=len(set(selection.studies())),
        n_clusters=model.grouping.clusters,
        n_people=total,
        measure=effects.measure,
        level=chosen.level,
        method=label if terms is None else f"{label}, {terms.formula}",
        kinds=selection.kinds(),
        rows=selection.rows(weight=100.0 * rows.weight, contribution=100.0 * rows.weight),
        scale=effects.scale,
        display_sign=effects.display_sign,
        loglik=fit.loglik,
        notes=(
            *_notes(model, selection, chosen),
            *people_notes,
            *assumed_correlation(effects, selection),
        ),
        methods_used=("konstantopoulos2011", *tests.sources, "hardy1996", "cochran1954", "higgins2002"),
        formula=None if terms is None else terms.formula,
        coefficients=None if terms is None else _table(terms, tests.coefficients),
        vcov=tests.vcov,
        qm=None if tests.joint is None else tests.joint.statistic,
        qm_df=None if tests.joint is None else tests.joint.df,
        qm_df2=None if tests.joint is None else tests.joint.df_denominator,
        qm_p_value=None if tests.joint is None else tests.joint.p_value,
        variance_components=components,
        per_row=_per_row(rows),
    )


def _one_study(effects: Effects, selection: Selection, grouping: Grouping, chosen: _Options) -> MetaFit:
    """Return the mean of one study's effects under their sampling covariance: no variance is estimated."""
    y, v = selection.values("estimate"), selection.values("variance")
    if y.size == 1:
        return common_effect(effects, level=chosen.level)
    rho, blocks = _sampling(grouping, chosen.rho, v)
    structure = arrange(v, grouping.codes[0], Levels(grouping.codes[:1]), rho=rho, blocks=blocks)
    clusters, rows = next(structure.stacks())
    weight = np.linalg.solve(structure.sampling(clusters, rows)[0], np.ones(y.size))
    total = float(weight.sum())
    estimate, error = float(weight @ y[structure.order]) / total, 1.0 / math.sqrt(total)
    half = quantile(chosen.level, None) * error
    share = np.empty(y.size)
    share[structure.order] = 100.0 * weight / total
    total_people, notes = people(selection)
    correlation = (
        f"Sampling errors of rows of one {grouping.names[0]} are assumed to correlate rho = {rho:g}."
        if blocks is None
        else f"The covariance of sampling errors within a {grouping.names[0]} is the one given."
    )
    return MetaFit(
        estimate=estimate,
        std_error=error,
        df=None,
        statistic=estimate / error,
        p_value=two_sided_p(estimate / error, None),
        conf_low=estimate - half,
        conf_high=estimate + half,
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
        k=y.size,
        n_studies=len(set(selection.studies())),
        n_clusters=grouping.clusters,
        n_people=total_people,
        measure=effects.measure,
        level=chosen.level,
        method="one study, not pooled",
        kinds=selection.kinds(),
        rows=selection.rows(weight=share, contribution=share.copy()),
        scale=effects.scale,
        display_sign=effects.display_sign,
        notes=(
            SINGLE,
            correlation,
            *left_out(selection),
            *notes,
            *assumed_correlation(effects, selection),
        ),
        methods_used=("cochran1954",),
    )
