"""`multilevel`: several effects a study, each level of dependence with a variance of its own."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from evidence._check import check_level, is_text, one_of
from evidence.effects.record import Effects
from evidence.errors import ModelError
from evidence.fit import MetaFit
from evidence.fit.regression import Regression
from evidence.models.choices import SEVERAL, few_a_coefficient
from evidence.models.formula import read_formula
from evidence.models.levels import Grouping, group_rows
from evidence.models.mixed_record import Heterogeneity, Made, mixed_record
from evidence.models.one_study import one_study
from evidence.models.robust_tests import ROBUST, run_tests
from evidence.models.rows import check_effects, select
from evidence.models.sampling import Known, resolve_sampling
from evidence.numerics.mixed_rows import spread
from evidence.numerics.multilevel import MixedFit, fit_multilevel
from evidence.numerics.profile import profile_component

__all__ = ["multilevel"]

_ESTIMATORS = ("REML", "ML")


@dataclass(frozen=True)
class _Options:
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
        rows in the order of the effects in use; or what `sampling_covariance` returns, which knows shared
        arms.
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
        prediction interval is for one effect in a new study. ``predict``, ``contrast``, ``joint_test`` and
        ``vif`` answer as in `meta_regression`, each combination with degrees of freedom of its own.

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

    Two treatments against one control share its people:

    >>> effects = ev.effects_from(
    ...     [0.1, 0.3, 0.5, 0.7, 0.2, 0.4], variance=0.04, study=["a", "a", "b", "b", "c", "c"],
    ...     arm_e=["hip", "knee"] * 3, arm_c=["control"] * 6, n_e=[50] * 6, n_c=[50] * 6,
    ... )
    >>> fit = ev.multilevel(effects, rho=ev.sampling_covariance(effects))
    >>> fit.contrast({"Intercept": 1.0}).estimate.round(3).tolist()
    [0.367]
    """
    check_effects(effects)
    if not is_text(formula):
        raise ModelError(f"a formula is text, such as '~ weeks + setting'; got {formula!r}")
    chosen = _Options(
        None if robust is None else one_of("robust", robust, ROBUST),
        one_of("tau2", tau2, _ESTIMATORS),
        check_level(level),
    )
    selection = select(effects, partial=False)
    carried = effects.table.reset_index(drop=True).loc[selection.used]
    grouping = _grouping(selection.table.loc[selection.used], levels)
    names = selection.names()
    if grouping.clusters == 1:
        if formula.replace(" ", "") not in ("~1", "1"):
            raise ModelError("one study is printed, not pooled: it cannot show what moderators do")
        return one_study(effects, selection, grouping, rho, chosen.level)
    terms, x = read_formula(formula, carried, names)
    y, v = selection.values("estimate"), selection.values("variance")
    correlation, blocks = resolve_sampling(grouping, rho, names, v)
    fit = fit_multilevel(
        y, v, grouping.codes, x=x, rho=correlation, blocks=blocks, restricted=chosen.estimator == "REML"
    )
    several = terms.names != ("Intercept",)
    tested = [j for j in range(x.shape[1]) if several and j != terms.intercept]
    tests = run_tests(fit, chosen.robust, chosen.level, np.eye(x.shape[1])[tested], terms.names)
    robust_name = "model-based, t" if chosen.robust is None else chosen.robust
    label = f"{chosen.estimator}, {' / '.join(grouping.names)}, {robust_name}"
    made = Made(
        grouping=grouping,
        fit=fit,
        tests=tests,
        terms=terms,
        regression=Regression(terms, tests.inference, x, float(fit.theta.sum()), chosen.level),
        spread=_spread(grouping, fit, chosen.level),
        given=rho,
        method=f"{label}, {terms.formula}" if several else label,
        notes=(
            *((SEVERAL,) if several else ()),
            *grouping.notes,
            *few_a_coefficient(len(set(selection.studies())), terms.names),
        ),
        sources=("konstantopoulos2011",),
    )
    return mixed_record(effects, selection, made, chosen.level)


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


def _spread(grouping: Grouping, fit: MixedFit, level: float) -> Heterogeneity:
    """Return one line a level, with profile-likelihood intervals, and what they say together."""
    share = spread(fit)
    ends = [profile_component(fit, j, level) for j in range(fit.theta.size)]
    components = pd.DataFrame(
        {
            "level": list(grouping.names),
            "variance": fit.theta,
            "sd": np.sqrt(fit.theta),
            "low": [end.low for end in ends],
            "high": [end.high for end in ends],
            "i2": share.i2,
        }
    )
    total = float(fit.theta.sum())
    return Heterogeneity(
        components=components,
        share=share,
        tau2=float(fit.theta[0]),
        tau2_low=float(ends[0].low),
        tau2_high=float(ends[0].high),
        i2=float(share.i2.sum()),
        h2=total / share.typical + 1.0,
        total=total,
    )
