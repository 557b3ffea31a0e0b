"""What the numbers of a result suggest to one who rates its certainty: suggestions, never a rating."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import pandas as pd

from evidence.errors import ModelError
from evidence.fit import MetaFit
from evidence.fit.numbers import number
from evidence.fit.plain import plain
from evidence.fit.units import is_standardised
from evidence.numerics.small_study import funnel_regression

__all__ = ["RULES", "Suggestion", "suggestions"]

PEOPLE = 400
"""Fewer people than this leave a mean imprecise (Guyatt 2011, part 6)."""

APPRECIABLE_RATIO = (0.75, 1.25)
"""Ratios of an appreciable benefit or harm (Guyatt 2011, part 6)."""

APPRECIABLE_SMD = 0.5
"""Standardised difference that is appreciable: half a standard deviation, which Cohen (1988) calls medium."""

I2, Q_LEVEL = 50.0, 0.10
"""Heterogeneity that may be substantial (Cochrane Handbook, 10.10.2), and the usual level of its test."""

APART = 0.1
"""Share of the pairs of studies whose intervals do not overlap; by chance 1 in 180 of equally large ones."""

PREDICTED_STUDIES = 5
"""Studies from which on a prediction interval is looked at: with fewer it says mostly that they are few."""

MISSING = 0.2
"""Share of the studies without a result that can be used."""

FUNNEL_STUDIES, FUNNEL_LEVEL = 10, 0.10
"""Studies from which on a funnel is tested, and the level (Sterne 2011)."""

_Z = 1.959963984540054

RULES = {
    "imprecision": (
        "imprecision is suggested where the interval is open, where it includes no effect together with an "
        f"appreciable benefit or harm (ratios below {APPRECIABLE_RATIO[0]} or above {APPRECIABLE_RATIO[1]}, "
        f"standardised differences beyond {APPRECIABLE_SMD}), and for differences of means where there are "
        f"fewer than {PEOPLE} people. Guyatt 2011, J Clin Epidemiol 64:1283-1293, "
        f"doi:10.1016/j.jclinepi.2011.01.012; the {APPRECIABLE_SMD} is Cohen's medium size, chosen here. "
        "Numbers of events are not looked at."
    ),
    "inconsistency": (
        f"inconsistency is suggested where I² is at least {I2:.0f} % and the test of heterogeneity has p "
        f"below {Q_LEVEL:.2f}; where rows without a value leave no I², where the intervals of more than one "
        f"in {1 / APART:.0f} pairs of studies do not overlap, or where, with {PREDICTED_STUDIES} studies or "
        "more, the mean has a clear side and the prediction interval reaches an appreciable effect on the "
        "other. Criteria: Guyatt 2011, J Clin Epidemiol 64:1294-1302, doi:10.1016/j.jclinepi.2011.03.017; "
        "IntHout 2016, BMJ Open 6:e010247, doi:10.1136/bmjopen-2015-010247; the limits are chosen here."
    ),
    "reporting": (
        f"reporting is suggested where at least one in {1 / MISSING:.0f} studies that measured the outcome "
        f"gives no result that can be used (a share chosen here), or where, with {FUNNEL_STUDIES} studies or "
        f"more, Egger's test of the funnel has p below {FUNNEL_LEVEL:.2f}. Guyatt 2011, J Clin Epidemiol "
        "64:1277-1282, doi:10.1016/j.jclinepi.2011.01.011; Sterne 2011, BMJ 343:d4002, "
        "doi:10.1136/bmj.d4002. Who paid for the studies is not known here, and matters too."
    ),
}
"""Each suggestion's rule with its sources, as a table prints it."""


@dataclass(frozen=True, repr=False)
class Suggestion:
    """A reason to consider rating down, found in the numbers.

    Attributes
    ----------
    reason : {"imprecision", "inconsistency", "reporting"}
        Which of GRADE's reasons.
    finding : str
        What was found, with the numbers.
    rule : str
        The rule and its source.
    """

    reason: str
    finding: str
    rule: str

    def __str__(self) -> str:
        """Return reason and finding."""
        return f"{self.reason}: {self.finding}"

    def __repr__(self) -> str:
        """Return reason and finding."""
        return plain(self, str(self))


def suggestions(fit: MetaFit) -> tuple[Suggestion, ...]:
    """Return which of GRADE's reasons to rate down the numbers of a result suggest.

    Risk of bias and indirectness are not in the numbers; whether to rate down, and by how much, is a
    judgement that only an author can make.

    Parameters
    ----------
    fit : MetaFit
        The result of one outcome.

    Returns
    -------
    tuple of Suggestion
        In the order imprecision, inconsistency, reporting; empty where nothing was found.

    References
    ----------
    Guyatt GH, et al. GRADE guidelines 5, 6 and 7. J Clin Epidemiol 2011;64:1277-1302.
    https://doi.org/10.1016/j.jclinepi.2011.01.011, https://doi.org/10.1016/j.jclinepi.2011.01.012,
    https://doi.org/10.1016/j.jclinepi.2011.03.017
    Sterne JAC, et al. BMJ 2011;343:d4002. https://doi.org/10.1136/bmj.d4002

    Examples
    --------
    >>> import evidence as ev
    >>> effects = ev.effects_from([0.8, -0.3, 0.9], variance=[0.01, 0.01, 0.01])
    >>> for suggestion in suggestions(ev.random_effects(effects)):
    ...     print(suggestion)
    inconsistency: I² 98 %, p < 0.001
    """
    found = {
        "imprecision": _imprecision(fit),
        "inconsistency": _inconsistency(fit),
        "reporting": _reporting(fit),
    }
    return tuple(
        Suggestion(reason, "; ".join(parts), RULES[reason]) for reason, parts in found.items() if parts
    )


def _imprecision(fit: MetaFit) -> list[str]:
    parts = []
    low, high = fit.conf_low, fit.conf_high
    if low is None or high is None:
        parts.append("there is no interval")
    elif math.isinf(low) or math.isinf(high):
        parts.append("the interval is open")
    elif low <= 0.0 <= high and (side := _appreciable(fit)):
        shown = fit.display
        parts.append(
            f"{number(shown['conf_low'])} to {number(shown['conf_high'])} includes no effect and {side}"
        )
    means = fit.scale != "log" and fit.n_people is not None
    if means and fit.n_people is not None and fit.n_people < PEOPLE:
        parts.append(f"{fit.n_people:.0f} people, fewer than {PEOPLE}")
    return parts


def _appreciable(fit: MetaFit) -> str:
    """Say which appreciable effects the interval includes; ratios count as printed."""
    if fit.scale == "log":
        low, high = fit.display["conf_low"], fit.display["conf_high"]
        if low is None or high is None:
            return ""
        below, above = low < APPRECIABLE_RATIO[0], high > APPRECIABLE_RATIO[1]
        sides = [f"ratios below {APPRECIABLE_RATIO[0]}", f"ratios above {APPRECIABLE_RATIO[1]}"]
    elif is_standardised(fit.measure) and fit.conf_low is not None and fit.conf_high is not None:
        below, above = fit.conf_low < -APPRECIABLE_SMD, fit.conf_high > APPRECIABLE_SMD
        sides = [f"effects below {number(-APPRECIABLE_SMD, 1)}", f"effects above {APPRECIABLE_SMD}"]
    else:
        return ""
    return " and ".join(side for side, there in zip(sides, (below, above), strict=True) if there)


def _inconsistency(fit: MetaFit) -> list[str]:
    if fit.n_studies < 2:
        return []
    if fit.i2 is not None and fit.q_p_value is not None:
        if fit.i2 < I2 or fit.q_p_value >= Q_LEVEL:
            return []
        p = "< 0.001" if fit.q_p_value < 0.0005 else f"= {fit.q_p_value:.3f}"
        return [f"I² {fit.i2:.0f} %, p {p}"]
    spans = _spans(fit)
    pairs = len(spans) * (len(spans) - 1) // 2
    apart = sum(
        first[1] < second[0] or second[1] < first[0]
        for at, first in enumerate(spans)
        for second in spans[at + 1 :]
    )
    parts = []
    if apart and apart > APART * pairs:
        parts.append(f"the intervals of {apart} of {pairs} pairs of studies do not overlap")
    if fit.n_studies >= PREDICTED_STUDIES and _turns(fit):
        shown = fit.display
        parts.append(
            f"a new study may find the opposite: {number(shown['pred_low'])} to {number(shown['pred_high'])}"
        )
    return parts


def _turns(fit: MetaFit) -> bool:
    """Tell whether the mean has a side, and effects in new studies can be appreciable on the other one."""
    ends = (fit.conf_low, fit.conf_high, fit.pred_low, fit.pred_high)
    if any(end is None for end in ends):
        return False
    low, high, pred_low, pred_high = (float(end) for end in ends if end is not None)
    if fit.scale == "log":
        # Ratios are appreciable as they are printed: a benefit below 0.75 and a harm above 1.25, or turned.
        shown = fit.display
        below = (shown["pred_low"] or math.inf) < APPRECIABLE_RATIO[0]
        above = (shown["pred_high"] or 0.0) > APPRECIABLE_RATIO[1]
        mean_above = (shown["conf_low"] or 0.0) > 1.0
        mean_below = (shown["conf_high"] or math.inf) < 1.0
        return (mean_above and below) or (mean_below and above)
    if not is_standardised(fit.measure):
        return False
    return (low > 0 and pred_low < -APPRECIABLE_SMD) or (high < 0 and pred_high > APPRECIABLE_SMD)


def _spans(fit: MetaFit) -> list[tuple[float, float]]:
    """Return each study's interval, over all of its rows: printed bounds widened by the sampling error."""
    rows = fit.rows[fit.rows["used"].astype(bool) & fit.rows["std_error"].notna()]
    low = rows["low"] - _Z * rows["std_error"]
    high = rows["high"] + _Z * rows["std_error"]
    by_study = pd.DataFrame({"study": rows["study"], "low": low, "high": high}).groupby("study", sort=False)
    return list(zip(by_study["low"].min().astype(float), by_study["high"].max().astype(float), strict=True))


def _reporting(fit: MetaFit) -> list[str]:
    parts = []
    used = fit.rows.groupby("study", sort=False)["used"].any()
    missing = int((~used.astype(bool)).sum())
    if len(used) > 1 and missing >= MISSING * len(used):
        parts.append(f"{missing} of {len(used)} studies give no result that can be used")
    p = _funnel_p(fit)
    if p is not None and p < FUNNEL_LEVEL:
        parts.append(f"lopsided funnel, p {'< 0.001' if p < 0.0005 else f'= {p:.3f}'}")
    return parts


def _funnel_p(fit: MetaFit) -> float | None:
    """Return the p value of Egger's test, where there are enough studies with one value each."""
    rows = fit.rows[fit.rows["used"].astype(bool) & fit.rows["kind"].eq("exact")]
    if len(rows) < FUNNEL_STUDIES or rows["study"].duplicated().any():
        return None
    error = rows["std_error"].to_numpy(float)
    predictor = error
    known = (
        is_standardised(fit.measure)
        and {"n_e", "n_c"} <= set(rows)
        and rows[["n_e", "n_c"]].notna().to_numpy().all()
    )
    if known:  # the standard error of a standardised difference holds the difference itself
        predictor = np.sqrt(1.0 / rows["n_e"].to_numpy(float) + 1.0 / rows["n_c"].to_numpy(float))
    try:
        return float(funnel_regression(rows["estimate"].to_numpy(float), error**2, predictor).p_value)
    except ModelError:  # precision does not vary, or all lie on a line: nothing can be tested
        return None
