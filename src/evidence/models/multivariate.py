"""`multivariate`: several outcomes at once, each with its own mean, their true effects correlated."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd

from evidence._check import check_level, is_text, one_of
from evidence.effects.record import Effects
from evidence.errors import ModelError
from evidence.fit import MetaFit
from evidence.fit.outcomes import Outcomes, outcome_name
from evidence.fit.regression import EQUAL, Regression
from evidence.models.choices import SEVERAL
from evidence.models.formula import Terms, read_formula
from evidence.models.levels import group_rows
from evidence.models.mixed_record import Heterogeneity, Made, mixed_record
from evidence.models.outcome_components import ALL, outcome_components
from evidence.models.robust_tests import ROBUST, Tests, run_tests
from evidence.models.rows import ROW_COLUMNS, Selection, check_effects, select
from evidence.models.sampling import Known, resolve_sampling
from evidence.numerics.mixed_rows import spread
from evidence.numerics.multivariate import STRUCTURES, MultivariateFit, fit_multivariate

__all__ = ["multivariate"]

_ESTIMATORS = ("REML", "ML")
_EACH = (
    "Each outcome has a mean of its own, see .tidy(), there is no overall one; .variance_components has"
    " the spread of its true effects."
)


def multivariate(
    effects: Effects,
    *,
    outcome: str = "outcome",
    structure: str = "UN",
    rho: float | Known = 0.6,
    robust: str | None = "CR2",
    tau2: str = "REML",
    formula: str | None = None,
    cluster: str = "study",
    level: float = 0.95,
) -> MetaFit:
    """Pool several outcomes together: a mean for each, true effects and sampling errors correlated.

    A study that reports some of the outcomes tells something about the others too, as far as outcomes go
    together; and whether two outcomes differ can be tested although the same people gave both.

    Parameters
    ----------
    effects : Effects
        The rows; only exact ones are used. The others are listed in ``.rows``. Rows of one outcome in one
        study share its true effect.
    outcome : str, default "outcome"
        Column that names the outcomes; a column of numbers is times, in their order.
    structure : {"UN", "CS", "HCS", "DIAG", "ID", "AR", "HAR"}, default "UN"
        Covariance of the true effects of a study: any (UN); one variance and one correlation (CS); a variance
        for each outcome and one correlation (HCS); no correlation, with a variance each (DIAG) or one for all
        (ID); correlations that fall with the steps between times, with one variance (AR) or one each (HAR).
        UN needs studies that report each pair of outcomes, and many of them.
    rho : float, or known covariances, default 0.6
        Sampling errors within a study, as in `multilevel`: a correlation, matrices, or what
        `sampling_covariance` returns.
    robust : {"CR2", "CR3", "CR1", "CR1S", "CR0", None}, default "CR2"
        Cluster-robust variance, as in `multilevel`.
    tau2 : {"REML", "ML"}, default "REML"
        How variances and correlations are estimated.
    formula : str, optional
        Instead of one mean an outcome: moderators, among them the outcome where it matters, such as
        ``"~ 0 + outcome + outcome:weeks"``.
    cluster : str, default "study"
        Column whose rows share true effects and, by rho, sampling errors.
    level : float, default 0.95
        Level of the intervals.

    Returns
    -------
    MetaFit
        ``tidy()`` has a line an outcome. ``variance_components`` has tau² of each (or of all), with I², and
        the correlations, with profile-likelihood intervals. ``qm`` tests that all outcomes are equal;
        ``joint_test()`` that all are zero, ``joint_test("equal")`` the former; ``contrast`` any comparison of
        outcomes; ``predict({"outcome": [...]})`` gives prediction intervals.

    Raises
    ------
    ModelError
        Where rows may not be pooled together, there is one outcome or one study, two outcomes never meet in a
        study (UN), a number is impossible, or an argument is not known.

    References
    ----------
    Jackson D, Riley R, White IR. Stat Med 2011;30(20):2481-2498. https://doi.org/10.1002/sim.4172
    Berkey CS, Hoaglin DC, Antczak-Bouckoms A, Mosteller F, Colditz GA. Stat Med 1998;17(22):2537-2550.
    https://doi.org/10.1002/(SICI)1097-0258(19981130)17:22<2537::AID-SIM953>3.0.CO;2-C

    Examples
    --------
    >>> import evidence as ev
    >>> effects = ev.effects_from(
    ...     [0.1, 0.3, 0.5, 0.7, 0.2, 0.6, 0.3, 0.4], variance=0.04, study=list("aabbccdd"),
    ...     outcome=["pain", "function"] * 4,
    ... )
    >>> fit = ev.multivariate(effects, structure="CS", rho=0.5)
    >>> fit.tidy().term.tolist()
    ['outcome[function]', 'outcome[pain]']
    >>> fit.variance_components.columns.tolist()
    ['level', 'variance', 'sd', 'correlation', 'low', 'high', 'i2']
    """
    check_effects(effects)
    if formula is not None and not is_text(formula):
        raise ModelError(f"a formula is text, such as '~ 0 + outcome'; got {formula!r}")
    structure = one_of("structure", structure, STRUCTURES)
    robust = None if robust is None else one_of("robust", robust, ROBUST)
    estimator, level = one_of("tau2", tau2, _ESTIMATORS), check_level(level)
    selection = select(effects, partial=False)
    used = selection.table.loc[selection.used]
    grouping = group_rows(used, (cluster,))
    if grouping.clusters == 1:
        raise ModelError("one study is printed, not pooled: it cannot show how outcomes vary between studies")
    names, codes, carried = _outcomes(effects, selection, outcome)
    if structure == "UN":
        _refuse_unpaired(names, codes, grouping.codes[0])
    terms, x = read_formula(f"~ 0 + `{outcome}`" if formula is None else formula, carried, selection.names())
    y, v = selection.values("estimate"), selection.values("variance")
    correlation, blocks = resolve_sampling(grouping, rho, selection.names(), v)
    fit = fit_multivariate(
        *(y, v, grouping.codes[0], codes),
        x=x,
        structure=structure,
        rho=correlation,
        blocks=blocks,
        restricted=estimator == "REML",
    )
    outcomes = Outcomes(outcome, names, fit.tau2, formula is None)
    tests = run_tests(fit.mixed, robust, level, _tested(terms, outcomes), terms.names)
    label = "model-based, t" if robust is None else robust
    method = f"{estimator}, {structure} of {outcome} within {cluster}, {label}"
    made = Made(
        grouping=grouping,
        fit=fit.mixed,
        tests=tests,
        terms=terms,
        regression=Regression(terms, tests.inference, x, 0.0, level, outcomes=outcomes),
        spread=_spread(fit, names, level),
        given=rho,
        method=method if formula is None else f"{method}, {terms.formula}",
        notes=tuple(_notes(terms, outcomes, tests, codes, grouping.codes[0])),
        sources=("jackson2011",),
    )
    return mixed_record(effects, selection, made, level)


def _outcomes(
    effects: Effects, selection: Selection, column: str
) -> tuple[tuple[str, ...], np.ndarray, pd.DataFrame]:
    """Return the outcomes in order, the number of each row's, and the rows with the outcome as a factor.

    Raises
    ------
    ModelError
        Where there is no such column, a cell is blank, or there is one outcome.
    """
    if column in ROW_COLUMNS and column not in effects.table.columns:
        raise ModelError(f"outcome names a column of the effects; there is no column {column!r}")
    group_rows(selection.table.loc[selection.used], (column,))  # its errors are those of a level
    carried = effects.table.reset_index(drop=True).loc[selection.used].copy()
    values = carried[column]
    words = pd.Series([outcome_name(value) for value in values], index=values.index, dtype="string")
    if isinstance(values.dtype, pd.CategoricalDtype):
        order = [outcome_name(word) for word in values.cat.categories]
    elif pd.api.types.is_numeric_dtype(values.dtype):
        order = words.loc[values.sort_values().index].tolist()
    else:
        order = sorted(set(words))
    seen = set(words)
    names = tuple(dict.fromkeys(name for name in order if name in seen))
    if len(names) < 2:
        raise ModelError(
            f"the only {column} is {names[0]!r}; several effects of one outcome are for multilevel()"
        )
    carried[column] = pd.Categorical(words, categories=list(names))
    codes = np.array([names.index(word) for word in words], dtype=np.intp)
    return names, codes, carried


def _refuse_unpaired(names: Sequence[str], outcome: np.ndarray, study: np.ndarray) -> None:
    """Refuse an unstructured covariance whose correlations nothing informs.

    Raises
    ------
    ModelError
        Where two outcomes never meet in a study.
    """
    has = np.zeros((int(study.max()) + 1, len(names)), dtype=bool)
    has[study, outcome] = True
    both = has.astype(int).T @ has.astype(int)
    apart = np.argwhere(np.triu(both == 0, 1))
    if apart.size:
        first, second = (names[int(i)] for i in apart[0])
        more = f" ({len(apart)} such pairs)" if len(apart) > 1 else ""
        raise ModelError(
            f"no study reports both {first} and {second}{more}, so that nothing tells how their true"
            " effects go together; take structure='HCS', 'CS' or 'DIAG'"
        )


def _tested(terms: Terms, outcomes: Outcomes) -> np.ndarray:
    """Return the combinations of the joint test: that outcomes are equal, or all moderators zero."""
    if outcomes.means:
        return outcomes.equal()
    p = len(terms.names)
    return np.eye(p)[[j for j in range(p) if j != terms.intercept]]


def _spread(fit: MultivariateFit, names: Sequence[str], level: float) -> Heterogeneity:
    share, components = spread(fit.mixed), outcome_components(fit, names, level)
    first = components.iloc[0]
    if first["level"] != ALL:
        return Heterogeneity(components, share, None, None, None, None, None, total=0.0)
    tau2 = float(first["variance"])
    return Heterogeneity(
        components=components,
        share=share,
        tau2=tau2,
        tau2_low=float(first["low"]),
        tau2_high=float(first["high"]),
        i2=100.0 * tau2 / (tau2 + share.typical),
        h2=tau2 / share.typical + 1.0,
        total=tau2,
    )


def _notes(terms: Terms, outcomes: Outcomes, tests: Tests, codes: np.ndarray, study: np.ndarray) -> list[str]:
    notes = [_EACH if outcomes.means else SEVERAL]
    pairs = np.unique(np.column_stack([study, codes]), axis=0)
    repeated = len(codes) - len(pairs)
    if repeated:
        notes.append(
            f"{repeated} rows repeat an outcome of their study: they share its true effect, and differ by"
            " sampling error alone."
        )
    if outcomes.means and tests.joint is not None:
        everything = np.eye(len(terms.names))
        try:
            zero = tests.inference.joint(everything)
        except ModelError:
            return notes
        notes.append(
            f"The joint test is that all outcomes are equal (.joint_test({EQUAL!r})); that all are zero"
            f" (.joint_test()): F({zero.df}, {zero.df2:.1f}) = {zero.statistic:.2f}, p = {zero.p_value:.3g}."
        )
    return notes
