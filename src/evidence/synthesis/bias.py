"""Is the funnel lopsided? Tests of small-study effects, also where studies give several effects."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pandas as pd

from evidence._check import check_level, one_of
from evidence.effects.record import Effects
from evidence.errors import ModelError
from evidence.fit import MetaFit
from evidence.models import check_effects, multilevel
from evidence.models.choices import one_row_a_study
from evidence.models.rows import Selection, select, several_rows
from evidence.models.sampling import Known
from evidence.numerics.small_study import (
    FunnelRegression,
    funnel_regression,
    peters_variances,
    rank_test,
    two_by_two_scores,
)
from evidence.numerics.tau2 import TAU2
from evidence.numerics.wls import Vector
from evidence.synthesis.bias_words import few, finite, log_note
from evidence.synthesis.funnel_predictors import PREDICTORS, VANISHING, counts_of, predictor_values
from evidence.synthesis.funnel_record import FunnelTest

__all__ = ["FunnelTest", "funnel_test"]

METHODS = ("egger", "begg", "harbord", "peters")
_INFERENCE = ("z", "t", "HKSJ", "mHKSJ")
_COLUMN = "funnel_predictor"
_TERMS = ("term", "estimate", "std_error", "df", "statistic", "p_value", "conf_low", "conf_high")

COUPLED = (
    "The standard error of this measure depends on the effect itself, which tilts the funnel without any"
    " bias; predictor='sqrt(1/n_e+1/n_c)' does not (Pustejovsky & Rodgers 2019), nor do Harbord's and Peters'"
    " tests of odds ratios."
)
_SCORES = "Harbord's test works on scores of log odds ratios: its line is of odds ratios (OR), not of {}."
CAUSES = (
    "A lopsided funnel is no proof of unpublished results: differences between small and large studies in"
    " people, treatment or quality, and chance, make one too; a symmetric one is no proof of their absence."
)


def funnel_test(
    effects: Effects,
    *,
    method: str = "egger",
    predictor: str = "sei",
    model: str | None = None,
    inference: str = "HKSJ",
    rho: float | Known = 0.6,
    level: float = 0.95,
) -> FunnelTest:
    """Test whether small studies show other effects than large ones.

    Parameters
    ----------
    effects : Effects
        The rows; only exact ones are used.
    method : {"egger", "begg", "harbord", "peters"}, default "egger"
        Regression of effects on a measure of precision; rank correlation of standardised effects with their
        variances; the same regression through the scores of 2×2 tables; log odds ratios on 1/n. The last two
        need counts (columns ``events_e, n_e, events_c, n_c``).
    predictor : str, default "sei"
        For ``"egger"``: ``"sei"``, ``"vi"``, ``"ni"``, ``"1/ni"``, ``"sqrt(ni)"``, ``"1/sqrt(ni)"`` (n:
        people in both arms), or ``"sqrt(1/n_e+1/n_c)"``, which for standardised mean differences is the right
        one: it does not hold the effect itself.
    model : str, optional
        For ``"egger"``: ``"lm"`` (weights 1/v and a variance factor, the test of 1997, Egger's own), ``"EE"``
        (no factor), the name of an estimator of tau² such as ``"REML"``, or ``"multilevel"``, for studies
        with several effects: `multilevel` with CR2 standard errors and Satterthwaite degrees of freedom.
        Without it ``"lm"``, or ``"multilevel"`` where a study has several rows.
    inference : {"z", "t", "HKSJ", "mHKSJ"}, default "HKSJ"
        Of the models with ``"EE"`` or tau².
    rho : float or known covariances, default 0.6
        Correlation of sampling errors within a study, for ``"multilevel"``.
    level : float, default 0.95
        Level of the intervals.

    Returns
    -------
    FunnelTest
        Not to be read with fewer than ten studies (Sterne et al. 2011), which its sentence says.

    Raises
    ------
    ModelError
        Where there are fewer than three effects (two for ``"begg"``), precision does not vary, effects lie
        exactly on a line, several rows of a study meet a model that takes them as independent, or numbers
        that the method needs are missing.

    References
    ----------
    Egger M, et al. BMJ 1997;315:629-634. https://doi.org/10.1136/bmj.315.7109.629
    Begg CB, Mazumdar M. Biometrics 1994;50:1088-1101. https://doi.org/10.2307/2533446
    Harbord RM, et al. Stat Med 2006;25:3443-3457. https://doi.org/10.1002/sim.2380
    Peters JL, et al. JAMA 2006;295:676-680. https://doi.org/10.1001/jama.295.6.676
    Rodgers MA, Pustejovsky JE. Psychol Methods 2021;26:141-160. https://doi.org/10.1037/met0000300
    Pustejovsky JE, Rodgers MA. Res Synth Methods 2019;10:57-71. https://doi.org/10.1002/jrsm.1332
    Sterne JAC, et al. BMJ 2011;343:d4002. https://doi.org/10.1136/bmj.d4002

    Examples
    --------
    >>> import evidence as ev
    >>> effects = ev.effects_from([0.1, 0.2, 0.25, 0.5, 0.9], std_error=[0.05, 0.1, 0.15, 0.2, 0.3])
    >>> test = ev.funnel_test(effects)
    >>> round(test.p_value, 3), round(test.limit, 3)
    (0.009, -0.039)
    """
    check_effects(effects)
    method, level = one_of("method", method, METHODS), check_level(level)
    predictor = one_of("predictor", predictor, PREDICTORS)
    inference = one_of("inference", inference, _INFERENCE)
    if model is not None:
        model = one_of("model", model, ("lm", "EE", *TAU2, "multilevel"))
    if method != "egger" and (model is not None or predictor != "sei"):
        raise ModelError(f"model and predictor are choices of method='egger'; {method!r} has its own")
    selection = select(effects, partial=False)
    if method == "egger" and (model == "multilevel" or (model is None and several_rows(selection))):
        return _multilevel(effects, selection, predictor, rho, level)
    one_row_a_study(selection, "funnel_test(model='multilevel')")
    y, v = selection.values("estimate"), selection.values("variance")
    if method == "begg":
        return _ranks(effects, selection, y, v, level)
    if method == "egger":
        x, chosen = predictor_values(effects, selection, predictor), model or "lm"
        line = funnel_regression(y, v, x, estimator=chosen, inference=inference, level=level)
        return _record(effects, selection, method, chosen, predictor, x, _lines(line), level)
    a, b, c, d = counts_of(effects, selection, method)
    if method == "harbord":
        y, v = two_by_two_scores(a, b, c, d)
        y, x, predictor = effects.display_sign * y, np.sqrt(v), "1/sqrt(information)"
        asked, effects = effects.measure, replace(effects, measure="OR", scale="log")  # what scores estimate
        name = "the measure given" if asked in ("", "GEN") else asked
        notes = () if asked == "OR" else (_SCORES.format(name),)
    else:
        if effects.measure != "OR":
            raise ModelError(
                f"Peters' test is of log odds ratios (measure='OR'); these effects are {effects.measure}"
            )
        notes = ()
        v, x, predictor = peters_variances(a, b, c, d), 1.0 / (a + b + c + d), "1/ni"
    line = funnel_regression(y, v, x, level=level)
    made = _record(effects, selection, method, "lm", predictor, x, _lines(line), level)
    return replace(made, rows=made.rows.assign(estimate=y, std_error=np.sqrt(v)), notes=(*made.notes, *notes))


def _lines(line: FunnelRegression) -> pd.DataFrame:
    own = [
        (line.intercept, line.intercept_error, line.intercept_p, line.intercept_low, line.intercept_high),
        (line.slope, line.slope_error, line.p_value, line.slope_low, line.slope_high),
    ]
    df = math.nan if line.df is None else float(line.df)
    return pd.DataFrame(
        [
            (name, value, error, df, value / error, p, low, high)
            for name, (value, error, p, low, high) in zip(("intercept", "slope"), own, strict=True)
        ],
        columns=list(_TERMS),
    )


def _rows(selection: Selection, x: Vector | None) -> pd.DataFrame:
    rows = pd.DataFrame(
        {
            "row_id": selection.names(),
            "study": selection.studies(),
            "estimate": selection.values("estimate"),
            "std_error": np.sqrt(selection.values("variance")),
        }
    )
    return rows if x is None else rows.assign(predictor=x)


def _record(
    effects: Effects,
    selection: Selection,
    method: str,
    model: str,
    predictor: str,
    x: Vector,
    table: pd.DataFrame,
    level: float,
    fit: MetaFit | None = None,
) -> FunnelTest:
    """Put a line through the funnel into its record."""
    intercept, slope = (line for line in table.to_dict("records"))
    vanishing = predictor in VANISHING
    n_studies = len(set(selection.studies()))
    notes = [*few(n_studies, "a test of the funnel"), CAUSES]
    if method == "egger" and predictor in ("sei", "vi") and _coupled(effects.measure):
        notes.append(COUPLED)
    notes += log_note(
        effects.measure,
        finite(intercept["estimate"]) if vanishing else None,
        finite(intercept["conf_low"]),
        finite(intercept["conf_high"]),
        effects.scale,
        effects.display_sign,
    )
    if fit is not None:
        notes.append(
            f"Effects of one study depend on each other: nested random effects, CR2, {slope['df']:.1f}"
            " degrees of"
            " freedom for the slope"
            + ("." if slope["df"] >= 4.0 else ", too few to trust its p value (below 4).")
        )
    return FunnelTest(
        table=table,
        rows=_rows(selection, x),
        method=method,
        model=model,
        predictor=predictor,
        statistic=float(slope["statistic"]),
        df=None if math.isnan(slope["df"]) else float(slope["df"]),
        p_value=float(slope["p_value"]),
        limit=float(intercept["estimate"]) if vanishing else None,
        limit_low=finite(intercept["conf_low"]) if vanishing else None,
        limit_high=finite(intercept["conf_high"]) if vanishing else None,
        k=int(selection.used.sum()),
        n_studies=n_studies,
        level=level,
        measure=effects.measure,
        scale=effects.scale,
        display_sign=effects.display_sign,
        notes=tuple(notes),
        fit=fit,
    )


def _coupled(measure: str) -> bool:
    return measure.startswith(("SMD", "d_", "SMC")) or measure in ("OR", "RR", "RD", "COR", "UCOR")


def _multilevel(
    effects: Effects, selection: Selection, predictor: str, rho: float | Known, level: float
) -> FunnelTest:
    """Regress by `multilevel`, on the predictor as a moderator.

    Raises
    ------
    ModelError
        Where there are fewer than three studies, or the predictor does not vary or varies by one study alone.
    """
    studies = len(set(selection.studies()))
    if studies < 3:
        raise ModelError(f"a line through the funnel needs at least three studies; got {studies}")
    x = predictor_values(effects, selection, predictor)
    if np.ptp(x) <= 1e-12 * float(np.abs(x).max()):
        raise ModelError("the predictor is the same for every effect: there is no slope to test")
    groups = np.array(selection.studies())
    for study in dict.fromkeys(groups.tolist()):
        rest = x[groups != study]
        if np.ptp(rest) <= 1e-9 * float(np.abs(x).max()):
            raise ModelError(
                f"without study {study} the predictor is the same for every effect: one study alone makes the"
                " slope, which leaves a cluster-robust variance nothing to go by; use model='lm' or 'REML'"
                " with one"
                " row a study"
            )
    column = np.full(len(effects.table), math.nan)
    column[selection.used] = x
    given = replace(effects, table=effects.table.assign(**{_COLUMN: column}))
    fit = multilevel(given, formula=f"~ {_COLUMN}", rho=rho, robust="CR2", level=level)
    table = fit.tidy().assign(term=["intercept", "slope"])[list(_TERMS)]
    return _record(effects, selection, "egger", "multilevel", predictor, x, table, level, fit)


def _ranks(effects: Effects, selection: Selection, y: Vector, v: Vector, level: float) -> FunnelTest:
    found = rank_test(y, v)
    line = ("tau", found.tau, math.nan, math.nan, math.nan, found.p_value, math.nan, math.nan)
    how = "exact" if found.exact else "by the normal distribution, because of ties or of many effects"
    return FunnelTest(
        table=pd.DataFrame([line], columns=list(_TERMS)),
        rows=_rows(selection, None),
        method="begg",
        model="ranks",
        predictor="vi",
        statistic=None,
        df=None,
        p_value=found.p_value,
        limit=None,
        limit_low=None,
        limit_high=None,
        k=y.size,
        n_studies=len(set(selection.studies())),
        level=level,
        measure=effects.measure,
        scale=effects.scale,
        display_sign=effects.display_sign,
        notes=(
            *few(y.size, "a test of the funnel"),
            f"The p value is {how}. The rank test has little power.",
            CAUSES,
        ),
    )
