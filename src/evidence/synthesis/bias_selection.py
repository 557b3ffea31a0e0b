"""Selection models: the mean as it was before results were published or not by their p values."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
import pandas as pd

from evidence._check import as_number, check_level, one_of
from evidence.effects.record import Effects
from evidence.errors import ModelError
from evidence.models.formula import read_formula
from evidence.models.rows import Selection
from evidence.numerics.selection_fit import SelectionFit, fit_selection
from evidence.numerics.selection_likelihood import SelectionData, prepare
from evidence.numerics.selection_search import MOST
from evidence.numerics.selection_weights import TYPES
from evidence.numerics.wls import Vector
from evidence.synthesis.bias_rows import ALTERNATIVES, not_taken, taken
from evidence.synthesis.bias_words import few, finite, log_note
from evidence.synthesis.funnel_predictors import predictor_values
from evidence.synthesis.selection_record import SelectionModel, selection_terms

__all__ = ["SelectionModel", "selection_model"]

_IMPRECISION = ("sei", "vi", "1/ni", "1/sqrt(ni)")
_SMOOTH = ("halfnorm", "negexp", "logistic", "power")
_RARE = 3
"""Effects in an interval of p up to which its weight is hardly known."""

_CAUTION = (
    "The result rests on the assumed form of selection and on normal true effects, neither of which the data"
    " can check well: a sensitivity analysis, best under several forms, not the result of the review."
)
_OUTSIDE = (
    "The mean that fits best lies outside all observed effects: the model explains every effect as a rarity,"
    " which these data cannot bear out. Do not read it."
)


def selection_model(
    effects: Effects,
    selection: str = "stepfun",
    *,
    steps: Sequence[float] = (0.025,),
    alternative: str = "greater",
    delta: Sequence[float] | None = None,
    imprecision: str | None = None,
    formula: str = "~ 1",
    level: float = 0.95,
) -> SelectionModel:
    """Estimate the mean, the spread and the selection together, by maximum likelihood.

    Parameters
    ----------
    effects : Effects
        The rows; only exact ones are used, at most one a study.
    selection : {"stepfun", "beta", "halfnorm", "negexp", "logistic", "power"}, default "stepfun"
        The chance of publication as a function of p, up to a factor: constant between steps (one step: the
        three-parameter model); ``p^(d1 - 1) (1 - p)^(d2 - 1)``; ``exp(-d p²)``; ``exp(-d p)``;
        ``2 exp(-d p) / (1 + exp(-d p))``; ``(1 - p)^d``.
    steps : sequence of float, default (0.025,)
        For ``"stepfun"``: the p values at which the chance changes; ``0.025`` with one-sided p is the
        two-sided .05 of results in the favoured direction.
    alternative : {"greater", "less", "two.sided"}, default "greater"
        Which results are favoured: positive ones on the scale of the model (in this package those in favour
        of the first arm), negative ones, or both; p values are one- or two-sided to match.
    delta : sequence of float, optional
        Known parameters of the selection function instead of estimated ones, for example the weights of all
        intervals but the first (Vevea & Woods 2005).
    imprecision : {"sei", "vi", "1/ni", "1/sqrt(ni)"}, optional
        Makes d larger for less precise studies, in proportion (1 for the least precise); not for
        ``"stepfun"`` and ``"beta"``.
    formula : str, default "~ 1"
        Moderators of the mean, as in `meta_regression`.
    level : float, default 0.95
        Of the profile-likelihood intervals.

    Returns
    -------
    SelectionModel
        Not to be read with fewer than ten studies (van Aert & van Assen 2026), which its sentence says.

    Raises
    ------
    ModelError
        Where there are fewer effects than parameters, an interval of p holds no effect, p values say nothing
        of selection, the likelihood has no maximum, several rows are of one study, or an argument is not
        known.

    References
    ----------
    Hedges LV. Stat Sci 1992;7:246-255. https://doi.org/10.1214/ss/1177011364
    Vevea JL, Hedges LV. Psychometrika 1995;60:419-435. https://doi.org/10.1007/BF02294384
    Preston C, et al. J Eval Clin Pract 2004;10:313-322. https://doi.org/10.1111/j.1365-2753.2003.00457.x
    Vevea JL, Woods CM. Psychol Methods 2005;10:428-443. https://doi.org/10.1037/1082-989X.10.4.428
    Citkowicz M, Vevea JL. Psychol Methods 2017;22:28-41. https://doi.org/10.1037/met0000119
    van Aert RCM, van Assen MALM. Psychon Bull Rev 2026;33. https://doi.org/10.3758/s13423-025-02812-4

    Examples
    --------
    >>> import evidence as ev
    >>> y = [0.5, 0.45, 0.62, 0.3, 0.1, 0.55, 0.48, 0.7, 0.2, 0.35]
    >>> effects = ev.effects_from(y, std_error=[0.2, 0.21, 0.25, 0.1, 0.2, 0.26, 0.22, 0.3, 0.15, 0.16])
    >>> found = ev.selection_model(effects)
    >>> round(found.estimate, 2), round(found.unselected, 2)
    (0.14, 0.36)
    """
    kind = one_of("selection", selection, TYPES)
    side, level = one_of("alternative", alternative, ALTERNATIVES), check_level(level)
    cuts = _steps(steps) if kind == "stepfun" else np.empty(0)
    q = cuts.size if kind == "stepfun" else 2 if kind == "beta" else 1
    known = None if delta is None else _delta(delta, kind, q)
    rows = taken(effects, "worst_case(), which takes studies as clusters,")
    y, v = rows.values("estimate"), rows.values("variance")
    size = _imprecision(effects, rows, imprecision, kind)
    carried = effects.table.reset_index(drop=True).loc[rows.used]
    terms: tuple[str, ...] = ("Intercept",)
    x: Vector = np.ones((y.size, 1))
    if not isinstance(formula, str):
        raise ModelError(f"formula is text such as '~ 1' or '~ dose'; got {formula!r}")
    if formula.replace(" ", "") not in ("~1", "1"):
        read, x = read_formula(formula, carried, rows.names())
        terms = read.names
    asked = x.shape[1] + 1 + (q if known is None else 0)
    if y.size < asked:
        raise ModelError(
            f"{y.size} {'effect' if y.size == 1 else 'effects'} cannot tell {asked} parameters"
            " (mean, tau² and selection); a selection model needs as many at the very least, and ten to be"
            " read"
        )
    data = prepare(y, v, x, kind, side, cuts, size)
    counts = _counts(data, cuts, known is None)
    fit = fit_selection(data, level=level, fixed=known)
    mean = terms == ("Intercept",)
    ends = (finite(float(fit.low[0])), finite(float(fit.high[0]))) if mean else (None, None)
    told = float(fit.beta[0]) if mean else None
    return SelectionModel(
        table=selection_terms(terms, kind, cuts, fit, data, known is not None),
        steps=_step_table(cuts, counts, fit) if kind == "stepfun" else None,
        selection=kind,
        alternative=side,
        estimate=told,
        std_error=_or_none(fit.errors[0]) if terms == ("Intercept",) else None,
        conf_low=ends[0],
        conf_high=ends[1],
        tau2=fit.tau2,
        tau2_low=finite(float(fit.low[x.shape[1]])),
        tau2_high=finite(float(fit.high[x.shape[1]])),
        delta=tuple(float(one) for one in fit.delta),
        unselected=float(fit.unselected_mean[0]) if terms == ("Intercept",) else None,
        unselected_tau2=fit.unselected_tau2,
        log_likelihood=fit.value,
        unselected_log_likelihood=fit.null_value,
        statistic=_or_none(fit.statistic),
        df=q if known is None else None,
        p_value=_or_none(fit.p_value),
        k=y.size,
        level=level,
        scale=effects.scale,
        display_sign=effects.display_sign,
        notes=(
            *_notes(fit, rows, counts, kind, known is not None),
            *log_note(effects.measure, told, *ends, effects.scale, effects.display_sign),
        ),
    )


def _or_none(value: float) -> float | None:
    return None if math.isnan(value) else float(value)


def _steps(steps: Sequence[float]) -> Vector:
    """Return the limits of the steps, without a last one of 1.

    Raises
    ------
    ModelError
        Where they are not ascending numbers between 0 and 1.
    """
    given = [as_number(step) for step in np.atleast_1d(np.asarray(steps, dtype=object)).tolist()]
    cuts = given[:-1] if given and given[-1] == 1.0 else given
    if not cuts or any(not 0.0 < cut < 1.0 for cut in cuts) or sorted(set(cuts)) != cuts:
        raise ModelError(f"steps are p values between 0 and 1 in ascending order; got {steps!r}")
    return np.array(cuts)


def _delta(delta: Sequence[float], kind: str, q: int) -> Vector:
    """Return known parameters.

    Raises
    ------
    ModelError
        Where their number is wrong, or one is negative (or zero where it must be positive).
    """
    values = np.array([as_number(one) for one in np.atleast_1d(np.asarray(delta, dtype=object)).tolist()])
    positive = kind in ("stepfun", "beta")
    if values.size != q or not np.isfinite(values).all() or (values < 0.0).any():
        raise ModelError(
            f"delta has {q} {'value' if q == 1 else 'values'} for selection={kind!r}"
            f"{' (one for each interval but the first)' if kind == 'stepfun' else ''}, none negative;"
            f" got {delta!r}"
        )
    if positive and (values == 0.0).any():
        raise ModelError(f"delta must be positive for selection={kind!r}; got {delta!r}")
    return values


def _imprecision(effects: Effects, rows: Selection, imprecision: str | None, kind: str) -> Vector | None:
    """Return what multiplies d in each study.

    Raises
    ------
    ModelError
        Where the selection function has no place for it.
    """
    if imprecision is None:
        return None
    name = one_of("imprecision", imprecision, _IMPRECISION)
    if kind not in _SMOOTH:
        raise ModelError(f"imprecision is a choice of {', '.join(_SMOOTH)}; selection={kind!r} has none")
    return predictor_values(effects, rows, name)


def _counts(data: SelectionData, cuts: Vector, estimated: bool) -> Vector:
    """Return how many effects each interval of p holds.

    Raises
    ------
    ModelError
        Where one whose weight is to be estimated holds none.
    """
    if not cuts.size:
        return np.empty(0)
    own = data.own.sum(axis=1)
    counts = np.concatenate([[data.y.size - own.sum()], own])
    if estimated and (counts == 0.0).any():
        empty = int(np.flatnonzero(counts == 0.0)[0])
        limits = np.concatenate([[0.0], cuts, [1.0]])
        sided = "two-sided" if data.alternative == "two.sided" else "one-sided"
        raise ModelError(
            f"no effect has a {sided} p value in ({limits[empty]:g}, {limits[empty + 1]:g}]: how often such"
            " results are published cannot be compared with the others; choose steps with effects in every"
            " interval, or give the weights by delta"
        )
    return counts


def _step_table(cuts: Vector, counts: Vector, fit: SelectionFit) -> pd.DataFrame:
    limits, q = np.concatenate([[0.0], cuts, [1.0]]), cuts.size
    return pd.DataFrame(
        {
            "p_above": limits[:-1],
            "p_to": limits[1:],
            "k": counts.astype(int),
            "weight": np.concatenate([[1.0], fit.delta]),
            "conf_low": np.concatenate([[1.0], fit.low[-q:]]),
            "conf_high": np.concatenate([[1.0], fit.high[-q:]]),
        }
    )


def _notes(fit: SelectionFit, rows: Selection, counts: Vector, kind: str, known: bool) -> tuple[str, ...]:
    k = int(rows.used.sum())
    notes = [*few(k, "a selection model")]
    if fit.outside:
        notes.append(_OUTSIDE)
    if fit.beyond > 1e-6:
        notes.append(
            f"The likelihood is higher still (by {fit.beyond:.2g}) with a mean outside all observed effects;"
            " the maximum among the effects is reported. That both are there says how little the data tell."
        )
    if fit.at_most:
        notes.append(
            f"A parameter of the selection function has reached {MOST:g}, the end of what is looked at: the"
            " likelihood would rise further, and its size means nothing."
        )
    if counts.size and not known and counts.min() <= _RARE:
        notes.append(
            f"An interval of p values holds {counts.min():.0f}"
            f" {'effect' if counts.min() == 1 else 'effects'} only: its weight, and with it the mean, is"
            " hardly known."
        )
    if fit.tau2 == 0.0:
        notes.append("tau² is estimated as 0, its bound; standard errors take it as known.")
    if kind in ("beta", "power"):
        notes.append("P values nearer than 0.00001 to 0 or 1 count as that (Citkowicz & Vevea 2017).")
    return (*notes, _CAUTION, *not_taken(rows))
