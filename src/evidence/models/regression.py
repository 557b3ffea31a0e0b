"""Meta-regression: effects that differ between studies, in part by what is known about the studies."""

from __future__ import annotations

import numpy as np

from evidence._check import is_text, one_of
from evidence.effects.record import Effects
from evidence.fit import MetaFit
from evidence.fit.regression import Regression, coefficient_table
from evidence.models.choices import (
    IDENTICAL,
    REML,
    SEVERAL,
    Choices,
    check_choices,
    few_a_coefficient,
    left_out,
    narrowed,
    one_row_a_study,
    prediction_df,
    sources,
    tau2_interval,
)
from evidence.models.exact import random_effects
from evidence.models.formula import Terms, read_formula
from evidence.models.rows import (
    Selection,
    assumed_correlation,
    check_effects,
    people,
    select,
)
from evidence.numerics.design import Design, design
from evidence.numerics.linear import predict
from evidence.numerics.regression import (
    Coefficients,
    Solution,
    best_linear_predictions,
    coefficients,
    explained,
    residual_heterogeneity,
    solve,
)
from evidence.numerics.tau2 import TAU2, log_likelihood
from evidence.numerics.wls import Vector

__all__ = ["INFERENCE", "meta_regression"]

INFERENCE = ("z", "t", "HKSJ", "mHKSJ")
"""How the coefficients' intervals are made."""

_COMMON = "EE"
"""The model without a between-study variance, by metafor's word for it."""

_NO_SPREAD = (
    "The model assumes that the moderators account for every difference between true effects: tau² = 0,"
    " and no prediction interval."
)

_NOTHING_TO_EXPLAIN = (
    "R² is 0 by convention: without the moderators tau² is 0, which leaves nothing to explain."
)


def meta_regression(
    effects: Effects,
    formula: str,
    *,
    tau2: str = REML,
    inference: str = "HKSJ",
    level: float = 0.95,
    prediction: str = "inference",
    tau2_interval: str = "QP",
) -> MetaFit:
    """Explain differences between studies by their moderators.

    Parameters
    ----------
    effects : Effects
        The rows; only exact ones are used, at most one a study. The others are listed in ``.rows``.
    formula : str
        Moderators by the names of their columns, such as ``"~ weeks + setting"``; ``a:b`` is an interaction,
        ``a*b`` both with their interaction, ``0 +`` leaves the intercept out. Columns of words are factors,
        each level compared with the first. Nothing else is understood: a formula is never evaluated.
    tau2 : {"DL", "HE", "HS", "HSk", "SJ", "PM", "ML", "REML", "EB", "EE"}, default "REML"
        Estimator of the between-study variance that the moderators leave; ``"EE"`` assumes there is none.
    inference : {"z", "t", "HKSJ", "mHKSJ"}, default "HKSJ"
        Normal; t with k - p df; Knapp & Hartung's (2003) variance factor with t, which allows for the
        uncertainty of tau²; the same with a factor of at least 1. The joint test is F(m, k - p) but under z.
    level : float, default 0.95
        Level of the intervals.
    prediction : {"inference", "k-p", "k-p-1"}, default "inference"
        Distribution of prediction intervals: as the mean's (normal under z, else t with k - p df), or t
        with k - p or k - p - 1 df.
    tau2_interval : {"QP", "PL"}, default "QP"
        Q-profile, or profile likelihood (for ML and REML).

    Returns
    -------
    MetaFit
        With ``coefficients`` (also ``tidy()``), ``vcov``, the joint test ``qm``, ``r2``, the residual
        heterogeneity (Q, tau², I², H²), and ``predict``, ``contrast``, ``joint_test`` and ``vif`` to ask.
        ``"~ 1"`` gives what `random_effects` gives.

    Raises
    ------
    ModelError
        Where the formula is not one, a moderator is blank in a row or unknown, columns depend on each
        other, rows may not be pooled together, or an argument is not known.

    References
    ----------
    Thompson SG, Sharp SJ. Stat Med 1999;18(20):2693-2708.
    https://doi.org/10.1002/(SICI)1097-0258(19991030)18:20<2693::AID-SIM235>3.0.CO;2-V
    Knapp G, Hartung J. Stat Med 2003;22(17):2693-2710. https://doi.org/10.1002/sim.1482

    Examples
    --------
    >>> import evidence as ev
    >>> effects = ev.effects_from([0.1, 0.3, 0.4, 0.8], variance=[0.02, 0.03, 0.02, 0.04], w=[4, 6, 8, 12])
    >>> fit = ev.meta_regression(effects, "~ w")
    >>> fit.tidy().round(3).estimate.tolist()
    [-0.24, 0.085]
    """
    check_effects(effects)
    common = one_of("tau2", tau2, (*TAU2, _COMMON)) == _COMMON
    if common:
        chosen = check_choices("REML", inference, level, prediction, "QP", known=INFERENCE)
        chosen = Choices("", chosen.inference, chosen.level, chosen.prediction)
    else:
        chosen = check_choices(tau2, inference, level, prediction, tau2_interval, known=INFERENCE)
    selection = select(effects, partial=False)
    one_row_a_study(selection, "multilevel()")
    used = selection.table.loc[selection.used]
    carried = effects.table.reset_index(drop=True).loc[selection.used]
    names = [str(row) for row in used["row_id"]]
    if len(used) == 1 and is_text(formula) and formula.replace(" ", "") in ("~1", "1"):
        return random_effects(effects, level=chosen.level)
    terms, x = read_formula(formula, carried, names)
    data = design(selection.values("estimate"), selection.values("variance"), x)
    return _record(effects, selection, data, terms, chosen)


def _notes(selection: Selection, found: Coefficients, several: bool, chosen: Choices) -> tuple[str, ...]:
    notes = [SEVERAL] if several else []
    if not chosen.estimator:
        notes.append(_NO_SPREAD)
    if found.fallback:
        notes.append(
            IDENTICAL.replace("The effects are identical", "The moderators explain every effect exactly")
        )
    elif narrowed(found.multiplier, found.df, chosen.level):
        notes.append(
            f"The Knapp-Hartung factor is {found.multiplier:.2g}: residuals are smaller than the standard"
            " errors say, and intervals are narrower than the model's own; inference='mHKSJ' guards against"
            " that."
        )
    return (*notes, *left_out(selection))


def _per_row(data: Design, solution: Solution, found: Coefficients) -> dict[str, Vector]:
    with np.errstate(divide="ignore", invalid="ignore"):
        own = solution.residual / np.sqrt((data.v + solution.tau2) * solution.spare)
    blup, error = best_linear_predictions(data, solution, found.root)
    return {
        "fitted": solution.fitted,
        "leverage": solution.leverage,
        # A study that alone determines a coefficient has no residual to standardise.
        "std_residual": np.where(solution.spare > 0.0, own, np.nan),
        "blup": blup,
        "blup_std_error": error,
    }


def _record(effects: Effects, selection: Selection, data: Design, terms: Terms, chosen: Choices) -> MetaFit:
    """Compute the fit and put it into its record."""
    random = bool(chosen.estimator)
    tau2 = TAU2[chosen.estimator](data).value if random else 0.0
    solution = solve(data, tau2)
    found = coefficients(data, solution, chosen.inference, chosen.level)
    spread = residual_heterogeneity(data, tau2 if random else None)
    limits, more = tau2_interval(data, tau2, chosen) if random else (None, ())
    ends = [spread.at(end) for end in (limits.low, limits.high)] if limits else [(None, None)] * 2
    several = terms.names != ("Intercept",)
    pred_df = prediction_df(chosen, data.k, data.p, found.df)
    regression = Regression(terms, found, data.x, tau2, chosen.level, pred_df, random)
    test, r2 = None, None
    if several:
        tested = [j for j in range(data.p) if j != terms.intercept]
        test = found.joint(np.eye(data.p)[tested])
        if terms.intercept is not None:
            r2 = explained(data, chosen.estimator, tau2, spread.q)
    few = few_a_coefficient(len(set(selection.studies())), terms.names)
    notes = (*more, *_notes(selection, found, several, chosen), *few)
    if several and terms.intercept is not None and r2 is None:
        r2 = 0.0
        notes = (_NOTHING_TO_EXPLAIN, *notes)
    mean = None
    if not several:
        dfs = {"df": [found.df], "pred_df": [pred_df or None]}
        one = np.ones((1, 1))
        mean = predict(one, found.estimate, found.root, tau2=tau2, level=chosen.level, **dfs)
    if pred_df == 0:
        notes = ("There is no degree of freedom left for a prediction interval with k - p - 1.", *notes)
    predicted = mean if random and pred_df != 0 else None
    total, people_notes = people(selection)
    percent = 100.0 * solution.weight
    label = chosen.estimator or "common effect"
    return MetaFit(
        estimate=None if several else float(found.estimate[0]),
        std_error=None if several else float(found.std_error[0]),
        df=None if found.df is None else float(found.df),
        statistic=None if several else float(found.statistic[0]),
        p_value=None if several else float(found.p_value[0]),
        conf_low=None if several else float(found.low[0]),
        conf_high=None if several else float(found.high[0]),
        tau2=tau2,
        tau2_low=None if limits is None else limits.low,
        tau2_high=None if limits is None else limits.high,
        i2=spread.i2,
        i2_low=ends[0][0],
        i2_high=ends[1][0],
        h2=spread.h2,
        h2_low=ends[0][1],
        h2_high=ends[1][1],
        q=spread.q,
        q_df=float(spread.df),
        q_p_value=spread.p_value,
        pred_low=None if predicted is None else float(predicted.pred_low[0]),
        pred_high=None if predicted is None else float(predicted.pred_high[0]),
        k=data.k,
        n_studies=len(set(selection.studies())),
        n_people=total,
        measure=effects.measure,
        level=chosen.level,
        method=f"{label}, {chosen.inference}" + (f", {terms.formula}" if several else ""),
        kinds=selection.kinds(),
        rows=selection.rows(weight=percent, contribution=np.array(percent)),
        scale=effects.scale,
        display_sign=effects.display_sign,
        loglik=log_likelihood(data, tau2, restricted=chosen.restricted),
        notes=(*notes, *people_notes, *assumed_correlation(effects, selection)),
        methods_used=(*sources(chosen), "thompson1999", "higgins2002") if random else ("cochran1954",),
        formula=terms.formula if several else None,
        coefficients=coefficient_table(terms, found) if several else None,
        vcov=found.vcov,
        r2=r2,
        qm=None if test is None else test.statistic,
        qm_df=None if test is None else float(test.df),
        qm_df2=None if test is None or test.df2 is None else float(test.df2),
        qm_p_value=None if test is None else test.p_value,
        per_row=_per_row(data, solution, found),
        regression=regression,
    )
