"""The mean under the worst selection, and how much selection it would take to explain a result away."""

from __future__ import annotations

import math

import numpy as np
import pandas as pd
from scipy import special

from evidence._check import as_number, check_level, one_of
from evidence.effects.record import Effects
from evidence.errors import ModelError
from evidence.models.rows import Selection
from evidence.numerics.small_study import between_variance
from evidence.numerics.worst_case import Corrected, Publication, corrected
from evidence.numerics.worst_case import s_value as smallest_ratio
from evidence.synthesis.bias_rows import ALTERNATIVES, check_alpha, not_taken, taken
from evidence.synthesis.bias_words import few, log_note
from evidence.synthesis.worst_case_record import FEW_DF, SValue, WorstCase

__all__ = ["SValue", "WorstCase", "s_value", "worst_case"]

_MODELS = ("robust", "fixed")
_SAME = 1e-10
"""Effects that differ by less than this share of their size are the same number."""

_CAUTION = (
    "Selection is taken to be by significance in the favoured direction and the same for all studies; the"
    " worst case is a bound under that, not an estimate. Which ratios are plausible is for the reader to say."
)


def _published(
    effects: Effects, model: str, alternative: str, alpha: float
) -> tuple[Publication, Selection, float]:
    """Return the effects in the favoured direction, the rows, and the sign of that direction."""
    chosen = one_of("model", model, _MODELS)
    sign = -1.0 if one_of("alternative", alternative, ALTERNATIVES[:2]) == "less" else 1.0
    level = check_alpha(alpha)
    rows = taken(effects, "model='robust'") if chosen == "fixed" else taken(effects)
    y, v = sign * rows.values("estimate"), rows.values("variance")
    studies = {name: i for i, name in enumerate(dict.fromkeys(rows.studies()))}
    affirmative = y / np.sqrt(v) > float(special.ndtri(1.0 - 0.5 * level))
    tau2 = between_variance(y, v, "REML") if chosen == "robust" else 0.0
    cluster = np.array([studies[name] for name in rows.studies()], dtype=np.intp)
    return Publication(y, v, affirmative, cluster, tau2, chosen == "robust"), rows, sign


def _ends(found: Corrected, sign: float) -> tuple[float, float]:
    """Return the interval on the scale of the model."""
    ends = (found.conf_low, found.conf_high)
    return ends if sign > 0.0 else (-ends[1], -ends[0])


def _line(term: str, found: Corrected, sign: float) -> dict[str, object]:
    low, high = _ends(found, sign)
    return {
        "term": term,
        "ratio": found.ratio,
        "estimate": sign * found.estimate,
        "std_error": found.std_error,
        "df": math.nan if found.df is None else found.df,
        "statistic": sign * found.estimate / found.std_error if found.std_error > 0.0 else math.nan,
        "p_value": found.p_value,
        "conf_low": low,
        "conf_high": high,
    }


def worst_case(
    effects: Effects,
    ratio: float | None = None,
    *,
    model: str = "robust",
    alternative: str = "greater",
    alpha: float = 0.05,
    level: float = 0.95,
) -> WorstCase:
    """Return the mean of the nonaffirmative studies alone: the worst that selection can have done.

    Parameters
    ----------
    effects : Effects
        The rows; only exact ones are used. A study may have several rows under ``model="robust"``.
    ratio : float, optional
        A ratio of the chances of publication to correct for beside the worst case, such as 5: significant
        results in the favoured direction are published five times as often as others.
    model : {"robust", "fixed"}, default "robust"
        Weights ``1 / (v + tau²)`` (tau² by REML from all effects) with cluster-robust standard errors by
        study and small-sample t; or a common effect with weights 1/v and t with
        k - 1 df, k counting all effects (as the authors).
    alternative : {"greater", "less"}, default "greater"
        The favoured direction on the scale of the model; ``"greater"``: in favour of the first arm.
    alpha : float, default 0.05
        Two-sided level at which a result counts as significant.
    level : float, default 0.95
        Of the intervals.

    Returns
    -------
    WorstCase
        Not to be read with fewer than ten studies, which its sentence says.

    Raises
    ------
    ModelError
        Where every effect is affirmative, (robust) fewer than two studies are not, (fixed) several rows are
        of one study, or an argument is not known.

    References
    ----------
    Mathur MB, VanderWeele TJ. J R Stat Soc C 2020;69:1091-1119. https://doi.org/10.1111/rssc.12440

    Examples
    --------
    >>> import evidence as ev
    >>> y = [0.5, 0.45, 0.62, 0.3, 0.1, 0.55, 0.48, 0.7, 0.2, 0.35]
    >>> effects = ev.effects_from(y, std_error=[0.2, 0.21, 0.25, 0.1, 0.2, 0.26, 0.22, 0.3, 0.15, 0.16])
    >>> found = ev.worst_case(effects)
    >>> round(found.estimate, 2), round(found.published, 2)
    (0.16, 0.36)
    """
    data, rows, sign = _published(effects, model, alternative, alpha)
    level = check_level(level)
    if ratio is not None and not as_number(ratio) >= 1.0:
        raise ModelError(f"ratio is how many times as often, at least 1; got {ratio!r}")
    if data.affirmative.all():
        k = data.y.size
        every = "the only effect is" if k == 1 else f"all {k} effects are"
        raise ModelError(
            f"{every} significant in the favoured direction: the worst case has none left to rest on"
        )
    _refuse_one_study(data)
    plain = corrected(data, 1.0, level)
    worst = corrected(data, math.inf, level)
    _refuse_no_spread(data, worst)
    lines = [_line("as published", plain, sign)]
    if ratio is not None:
        lines.append(_line(f"ratio {as_number(ratio):g}", corrected(data, as_number(ratio), level), sign))
    lines.append(_line("worst case", worst, sign))
    low, high = _ends(worst, sign)
    n_studies = int(data.cluster.max()) + 1
    return WorstCase(
        table=pd.DataFrame(lines),
        rows=pd.DataFrame(
            {
                "row_id": rows.names(),
                "study": rows.studies(),
                "estimate": sign * data.y,
                "std_error": np.sqrt(data.v),
                "affirmative": data.affirmative,
            }
        ),
        estimate=sign * worst.estimate,
        std_error=worst.std_error,
        df=worst.df,
        p_value=worst.p_value,
        conf_low=low,
        conf_high=high,
        published=sign * plain.estimate,
        k=data.y.size,
        k_affirmative=int(data.affirmative.sum()),
        n_studies=n_studies,
        model=model,
        alternative=alternative,
        tau2=data.tau2,
        level=level,
        scale=effects.scale,
        display_sign=effects.display_sign,
        notes=(
            *few(n_studies, "a worst case"),
            *_df_note(worst, data.robust),
            *log_note(effects.measure, sign * worst.estimate, low, high, effects.scale, effects.display_sign),
            _CAUTION,
            *not_taken(rows),
        ),
    )


def _refuse_one_study(data: Publication) -> None:
    """Refuse a robust worst case of one study, which has no spread between studies.

    Raises
    ------
    ModelError
        Where the effects that are not significant in the favoured direction are of one study.
    """
    own = int((~data.affirmative).sum())
    if not data.robust or len(set(data.cluster[~data.affirmative].tolist())) > 1:
        return
    found = "is" if own == 1 else "are"
    where = "it stands alone" if own == 1 else "they are all of one study"
    head = f"{own} of {data.y.size} effects {found} not significant in the favoured direction, and {where}: "
    raise ModelError(
        ("" if data.y.size == 1 else head)
        + "one study alone has no spread between studies for a robust standard error; use model='fixed'"
        + (" with one row a study" if own > 1 else "")
    )


def _refuse_no_spread(data: Publication, worst: Corrected) -> None:
    """Refuse effects that are all the same: their cluster-robust standard error would be zero.

    Raises
    ------
    ModelError
        Where the effects that are not significant in the favoured direction do not differ.
    """
    own = data.y[~data.affirmative]
    if data.robust and np.ptp(own) <= _SAME * max(float(np.abs(own).max()), worst.std_error):
        raise ModelError(
            f"the {own.size} effects that are not significant in the favoured direction are the same: a"
            " cluster-robust standard error has no spread to be estimated from; use model='fixed'"
        )


def _df_note(worst: Corrected, robust: bool) -> tuple[str, ...]:
    if not robust or worst.df is None or worst.df >= FEW_DF:
        return ()
    return (
        f"The worst case has {worst.df:.1f} degrees of freedom, too few to trust its interval and p value"
        " (below 4; Tipton 2015).",
    )


def s_value(
    effects: Effects,
    *,
    to: float = 0.0,
    model: str = "robust",
    alternative: str = "greater",
    alpha: float = 0.05,
    level: float = 0.95,
) -> SValue:
    """Return how much selection it would take to explain a result away.

    Parameters
    ----------
    effects : Effects
        As for `worst_case`.
    to : float, default 0
        The value that mean and interval are moved to, on the scale of the model (a log ratio for ratios).
    model : {"robust", "fixed"}, default "robust"
        As for `worst_case`.
    alternative : {"greater", "less"}, default "greater"
        The favoured direction.
    alpha : float, default 0.05
        Two-sided level at which a result counts as significant.
    level : float, default 0.95
        Of the interval.

    Returns
    -------
    SValue
        Not to be read with fewer than ten studies, which its sentence says.

    Raises
    ------
    ModelError
        As `worst_case` does.

    References
    ----------
    Mathur MB, VanderWeele TJ. J R Stat Soc C 2020;69:1091-1119. https://doi.org/10.1111/rssc.12440

    Examples
    --------
    >>> import evidence as ev
    >>> y = [0.5, 0.45, 0.62, 0.3, 0.1, 0.55, 0.48, 0.7, 0.2, 0.35]
    >>> effects = ev.effects_from(y, std_error=[0.2, 0.21, 0.25, 0.1, 0.2, 0.26, 0.22, 0.3, 0.15, 0.16])
    >>> found = ev.s_value(effects, to=0.2)
    >>> found.estimate is not None and round(found.estimate, 1)
    20.9
    """
    goal = as_number(to)
    if not math.isfinite(goal):
        raise ModelError(f"to is a finite number on the scale of the model; got {to!r}")
    data, _, sign = _published(effects, model, alternative, alpha)
    level = check_level(level)
    worst = worst_case(effects, model=model, alternative=alternative, alpha=alpha, level=level)
    mean = smallest_ratio(data, sign * goal)
    limit = smallest_ratio(data, sign * goal, level)
    near = worst.conf_low if sign > 0.0 else worst.conf_high
    table = pd.DataFrame(
        [
            {"term": "mean", "to": goal, "s_value": mean, "worst": worst.estimate},
            {"term": "limit", "to": goal, "s_value": limit, "worst": near},
        ]
    )
    table["s_value"] = table["s_value"].astype("float64")
    return SValue(mean, limit, goal, table, worst, worst.notes)
