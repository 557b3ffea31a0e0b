"""`pool_partial` with moderators: coefficients in one likelihood with all rows, to compare groups."""

from __future__ import annotations

import dataclasses

import numpy as np

from evidence.effects.record import Effects
from evidence.errors import ModelError
from evidence.fit import MetaFit
from evidence.fit.regression import Regression, coefficient_table
from evidence.models.formula import Terms, read_formula
from evidence.models.partial_notes import row_notes
from evidence.models.partial_rows import Options, PartialRows, base_record
from evidence.models.rows import Selection, several_rows
from evidence.numerics.intervals import two_sided_p
from evidence.numerics.partial_fit import contributions, student
from evidence.numerics.partial_general import (
    GeneralFit,
    fit_general,
    likelihood_ratio,
    maximum_loglik,
    unbounded,
)
from evidence.numerics.regression import Coefficients
from evidence.numerics.wls import Vector

__all__ = ["fit_moderators", "refuse_unbounded"]

_SEVERAL = (
    "Each coefficient has an estimate of its own, see .tidy(); .predict() gives means at values of the"
    " moderators, with normal intervals from the curvature at the maximum."
)


def refuse_unbounded(rows: PartialRows, x: Vector, names: tuple[str, ...]) -> None:
    """Refuse coefficients that no report limits.

    Raises
    ------
    ModelError
        Where the likelihood rises without end along some coefficient; it is named.
    """
    if not (np.isfinite(rows.low) & np.isfinite(rows.high)).any():
        raise ModelError(
            "every report only says to which side of a limit the effect lies: such reports fix effects only"
            " relative to the spread between studies, and no moderator can be estimated; pool each group with"
            " compare(effects, by=...)"
        )
    free = unbounded(rows.low, rows.high, x)
    if free.size:
        raise ModelError(
            f"{', '.join(names[j] for j in free)}: no finite estimate, because every report that tells about"
            " it lies open to the same side; pool each group with compare(effects, by=...) for a limit"
        )


def fit_moderators(effects: Effects, selection: Selection, rows: PartialRows, options: Options) -> MetaFit:
    """Return the fit of a formula.

    Parameters
    ----------
    effects : Effects
        The rows given.
    selection : Selection
        The rows in use.
    rows : PartialRows
        The same as arrays.
    options : Options
        With a formula.

    Returns
    -------
    MetaFit

    Raises
    ------
    ModelError
        Where the formula is not one, or a coefficient has no finite estimate.
    """
    used = selection.table.loc[selection.used]
    carried = effects.table.reset_index(drop=True).loc[selection.used]
    terms, x = read_formula(options.formula or "~ 1", carried, [str(row) for row in used["row_id"]])
    refuse_unbounded(rows, x, terms.names)
    n, p = rows.clusters, x.shape[1]
    critical = options.critical(n, p)(options.level)
    fit = fit_general(*_arguments(rows, x), options.level, within=rows.within, critical=critical)
    calibrated = options.inference == "profile-t" and n > p
    found = _coefficients(fit, n, p, calibrated)
    spread = fit.tau2 + (fit.within or 0.0)
    qm, df, df2, p_value, restricted = _joint(rows, x, terms, fit, calibrated)
    # What a row tells about the level of the effects, the moderators' part taken off.
    shift = x @ fit.estimate
    share = contributions(
        rows.low - shift,
        rows.high - shift,
        rows.error,
        rows.study,
        rows.rho,
        0.0,
        fit.tau2,
        fit.within or 0.0,
    )
    several = terms.names != ("Intercept",)
    notes = [*([_SEVERAL] if several else []), *row_notes(selection, options.cluster, options.rho)]
    if restricted:
        notes.append("The joint test compares with one mean for all rows (likelihood ratio).")
    if options.prior is not None:
        notes.append("With moderators there is no posterior and no REML-type tau².")
    if n <= p:
        notes.append(
            f"{n} clusters are few for {p} coefficients: intervals and tests are approximate at best."
        )
    base = base_record(effects, selection, rows, options, tuple(notes))
    table = coefficient_table(terms, found)
    return dataclasses.replace(
        base,
        tau2=fit.tau2,
        tau2_low=fit.tau2_low,
        tau2_high=fit.tau2_high,
        method=f"{base.method}, {terms.formula}",
        rows=selection.rows(contribution=share),
        loglik=fit.loglik,
        methods_used=("bushman1996", "hardy1996", *(("hedges2010",) if several_rows(selection) else ())),
        formula=terms.formula,
        coefficients=table,
        vcov=fit.vcov,
        qm=qm,
        qm_df=df,
        qm_df2=df2,
        qm_p_value=p_value,
        per_row={"fitted": shift},
        regression=Regression(terms, found, x, spread, options.level, n - p if n > p else 0, random=True),
    )


def _arguments(rows: PartialRows, x: Vector) -> tuple[Vector, Vector, Vector, np.ndarray, Vector, float]:
    return rows.low, rows.high, rows.error, rows.study, x, rows.rho


def _coefficients(fit: GeneralFit, n: int, p: int, calibrated: bool) -> Coefficients:
    df = n - p if calibrated else None
    roots = [student(float(root), n, p) if calibrated else float(root) for root in fit.statistic]
    values, vectors = np.linalg.eigh(fit.vcov)
    return Coefficients(
        estimate=fit.estimate,
        std_error=fit.std_error,
        statistic=np.array(roots),
        p_value=np.array([two_sided_p(root, df) for root in roots]),
        low=fit.low,
        high=fit.high,
        root=vectors * np.sqrt(np.maximum(values, 0.0)),
        df=df,
        multiplier=1.0,
        fallback=False,
    )


def _joint(
    rows: PartialRows, x: Vector, terms: Terms, fit: GeneralFit, calibrated: bool
) -> tuple[float | None, float | None, float | None, float | None, bool]:
    """Return the likelihood-ratio test of the moderators: statistic, df, p, and whether against a mean."""
    ones = np.ones((x.shape[0], 1))
    beside = np.linalg.lstsq(x, ones, rcond=None)[0]
    constant = bool(np.abs(x @ beside - ones).max() < 1e-8)
    if not constant or x.shape[1] < 2:
        return None, None, None, None, False
    plain = maximum_loglik(*_arguments(rows, ones), within=rows.within)
    test = likelihood_ratio(
        fit.loglik, plain, x.shape[1] - 1, rows.clusters, x.shape[1], calibrated=calibrated
    )
    df2 = None if test.df2 is None else float(test.df2)
    return test.statistic, float(test.df), df2, test.p_value, terms.intercept is None
