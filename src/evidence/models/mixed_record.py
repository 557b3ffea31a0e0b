"""The record of a fitted mixed model: what `multilevel` and `multivariate` have in common."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from evidence.effects.record import Effects
from evidence.fit import MetaFit
from evidence.fit.record import TIDY_COLUMNS
from evidence.fit.regression import Regression
from evidence.models.choices import left_out
from evidence.models.formula import Terms
from evidence.models.levels import Grouping
from evidence.models.robust_tests import Coefficient, Tests
from evidence.models.rows import Selection, assumed_correlation, people
from evidence.models.sampling import Known, sampling_notes
from evidence.numerics.intervals import Interval, prediction_interval
from evidence.numerics.mixed_rows import Spread, mixed_rows
from evidence.numerics.multilevel import MixedFit

__all__ = ["Heterogeneity", "Made", "mixed_record"]


@dataclass(frozen=True)
class Heterogeneity:
    """What a kind of model says of the spread of true effects.

    Attributes
    ----------
    components : DataFrame
        `MetaFit.variance_components`.
    share : Spread
        Q and the typical sampling variance.
    tau2, tau2_low, tau2_high, i2, h2 : float or None
        None where each outcome has its own.
    total : float
        Variance of one new effect around a mean of all.
    """

    components: pd.DataFrame
    share: Spread
    tau2: float | None
    tau2_low: float | None
    tau2_high: float | None
    i2: float | None
    h2: float | None
    total: float


@dataclass(frozen=True)
class Made:
    """A fitted model with its tests, as a verb hands it over."""

    grouping: Grouping
    fit: MixedFit
    tests: Tests
    terms: Terms
    regression: Regression
    spread: Heterogeneity
    given: float | Known
    method: str
    notes: tuple[str, ...]
    sources: tuple[str, ...]


def mixed_record(effects: Effects, selection: Selection, made: Made, level: float) -> MetaFit:
    """Put everything into the record.

    Parameters
    ----------
    effects, selection : Effects, Selection
        The rows, and those in use.
    made : Made
        The model.
    level : float
        Level of the intervals.

    Returns
    -------
    MetaFit
    """
    fit, tests, spread = made.fit, made.tests, made.spread
    rows = mixed_rows(fit)
    total, people_notes = people(selection)
    several = made.terms.names != ("Intercept",)
    mean = None if several else tests.coefficients[0]
    predicted: Interval | None = None
    if mean is not None:
        predicted = prediction_interval(mean.estimate, mean.std_error, spread.total, mean.df, level)
    k, joint = int(selection.used.sum()), tests.joint
    return MetaFit(
        estimate=None if mean is None else mean.estimate,
        std_error=None if mean is None else mean.std_error,
        df=None if mean is None else mean.df,
        statistic=None if mean is None else mean.statistic,
        p_value=None if mean is None else mean.p_value,
        conf_low=None if mean is None else mean.low,
        conf_high=None if mean is None else mean.high,
        tau2=spread.tau2,
        tau2_low=spread.tau2_low,
        tau2_high=spread.tau2_high,
        i2=spread.i2,
        h2=spread.h2,
        q=spread.share.q,
        q_df=float(spread.share.df),
        q_p_value=spread.share.p_value,
        pred_low=None if predicted is None else predicted.low,
        pred_high=None if predicted is None else predicted.high,
        k=k,
        n_studies=len(set(selection.studies())),
        n_clusters=made.grouping.clusters,
        n_people=total,
        measure=effects.measure,
        level=level,
        method=made.method,
        kinds=selection.kinds(),
        rows=selection.rows(weight=100.0 * rows.weight, contribution=100.0 * rows.weight),
        scale=effects.scale,
        display_sign=effects.display_sign,
        loglik=fit.loglik,
        notes=(
            *made.notes,
            *sampling_notes(made.grouping, made.given, k),
            *tests.notes,
            *left_out(selection),
            *people_notes,
            *assumed_correlation(effects, selection),
        ),
        methods_used=(
            *made.sources,
            *tests.sources,
            *("hardy1996", "cochran1954", "higgins2002"),
            *(("higgins2009",) if predicted is not None else ()),
        ),
        formula=made.terms.formula if several else None,
        coefficients=_table(made.terms, tests.coefficients) if several else None,
        vcov=tests.vcov,
        qm=None if joint is None else joint.statistic,
        qm_df=None if joint is None else float(joint.df),
        qm_df2=None if joint is None else joint.df2,
        qm_p_value=None if joint is None else joint.p_value,
        variance_components=spread.components,
        per_row={
            "fitted": rows.fitted,
            "leverage": rows.leverage,
            "std_residual": rows.std_residual,
            "blup": rows.blup,
            "blup_std_error": rows.blup_std_error,
        },
        regression=made.regression,
    )


def _table(terms: Terms, found: Sequence[Coefficient]) -> pd.DataFrame:
    lines = [dict(zip(TIDY_COLUMNS[1:], np.array(one.line).tolist(), strict=True)) for one in found]
    return pd.DataFrame(lines).assign(term=list(terms.names)).loc[:, list(TIDY_COLUMNS)]
