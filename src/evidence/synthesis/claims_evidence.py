"""The rows that bear on a claim, and what they say, domain by domain."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import pandas as pd

from evidence.effects.formulas import hedges_j
from evidence.effects.generic import effects_from
from evidence.effects.reading import effect_sizes
from evidence.effects.record import Effects
from evidence.effects.row import Row
from evidence.effects.study_rows import printed_rows
from evidence.errors import ModelError, StudyDataError
from evidence.fit import MetaFit
from evidence.fit.chance import chance_alone
from evidence.fit.numbers import count
from evidence.models import pool_partial
from evidence.models.rows import select
from evidence.studies.record import Studies
from evidence.synthesis.claims_reading import Claim
from evidence.synthesis.claims_rules import Finding
from evidence.synthesis.direction import direction_test
from evidence.synthesis.trap_reports import ArmReport, arm_of_row

__all__ = ["Pooler", "between_findings", "head_to_head", "study_rows", "within_findings"]

NOT_COMPUTED = "not computed"
"""How the reason begins where rows could be pooled and the search for the maximum failed."""

RHO = 0.6
"""Correlation of results on the same people, as everywhere in this package."""


class Pooler:
    """`pool_partial` that remembers: claims share rows, and each set of rows is pooled once.

    Parameters
    ----------
    level : float
        Level of the intervals.
    """

    def __init__(self, level: float) -> None:
        """Begin with nothing remembered."""
        self._level = level
        self._known: dict[tuple[object, ...], tuple[MetaFit | None, str]] = {}

    def __call__(self, effects: Effects) -> tuple[MetaFit | None, str]:
        """Return the pooled result, or None and why there is none."""
        if not len(effects):
            return None, "no row"
        table = effects.table
        key = (effects.measure, *(tuple(table[name].astype(str)) for name in ("row_id", "low", "high")))
        if key not in self._known:
            try:
                # A verdict rests on the interval; the posterior under a prior has no part in it.
                self._known[key] = pool_partial(effects, level=self._level, prior=None), ""
            except ModelError as problem:
                self._known[key] = None, _why(effects, problem)
        return self._known[key]


def _why(effects: Effects, problem: ModelError) -> str:
    """Return why rows were not pooled: because of what they report, or because the search failed."""
    try:
        select(effects, partial=True)
    except ModelError:
        return str(problem)
    return f"{NOT_COMPUTED}: {problem}"


def study_rows(studies: Studies, claim: Claim) -> Studies | None:
    """Return the rows of studies on the claim's question; None where there are none.

    Results of reviews never bear on a verdict: they hold the studies that are here already.
    """
    try:
        found = studies.where(question=claim.question, level=["study", ""])
        return found if len(found) else None
    except StudyDataError:  # a question that no row has
        return None


def _bears(table: pd.DataFrame, claim: Claim, domain: str) -> pd.Series:
    keep = table["domain"].eq(domain)
    if claim.comparator_class:
        keep &= table["comparator_class"].eq(claim.comparator_class)
    if claim.arm_design:
        keep &= table["arm_design"].eq(claim.arm_design)
    return keep


def between_findings(
    rows: Studies, claim: Claim, correlation: float, pool: Pooler
) -> tuple[list[Finding], MetaFit | None]:
    """Return the difference between the arms (or groups) in each domain of a claim, and in all of them.

    Parameters
    ----------
    rows : Studies
        The rows of the question.
    claim : Claim
        The claim.
    correlation : float
        Assumed pre-post correlation.
    pool : Pooler
        Pools rows.

    Returns
    -------
    tuple
        One `Finding` a domain; the result of all rows together, None where they give none.
    """
    effects = effect_sizes(rows, measure=claim.measure, correlation=correlation)
    masks = [_bears(effects.table, claim, domain) for domain in claim.domains]
    findings = [
        _finding(domain, _part(effects, keep), claim.sign, pool)
        for domain, keep in zip(claim.domains, masks, strict=True)
    ]
    together = np.logical_or.reduce([keep.to_numpy() for keep in masks])
    return findings, pool(_part(effects, pd.Series(together, index=effects.table.index)))[0]


def _part(effects: Effects, keep: pd.Series) -> Effects:
    return replace(effects, table=effects.table.loc[keep].reset_index(drop=True))


def _finding(domain: str, effects: Effects, sign: float, pool: Pooler) -> Finding:
    """Return what the rows of one domain say; a result within the arms does not count as a test of them."""
    table = effects.table
    compared = table["basis"].ne("within_group_only") if "basis" in table else pd.Series(True, table.index)
    ids = tuple(table["row_id"].astype(str))
    tested = int(table.loc[compared, "study"].nunique())
    fit, why = pool(effects)
    pointing = _pointing(effects, sign)
    if fit is None:
        return Finding(domain, math.nan, -math.inf, math.inf, 0, tested, ids, why, pointing)
    estimate = math.nan if fit.estimate is None else fit.estimate
    # Bare directions that chance may well have aligned set no limit to argue from.
    by_chance = chance_alone(fit) is not None
    low = -math.inf if by_chance or fit.conf_low is None else fit.conf_low
    high = math.inf if by_chance or fit.conf_high is None else fit.conf_high
    ends = (low, high) if sign > 0 else (-high, -low)
    ratio = int(sign) * fit.display_sign if fit.scale == "log" else 0
    return Finding(domain, sign * estimate, *ends, fit.n_studies, tested, ids, "", pointing, ratio)


def _pointing(effects: Effects, sign: float) -> tuple[int, int, int]:
    """Return the studies that point with the claim, against it, and those that tell no direction."""
    try:
        test = direction_test(effects)
    except ModelError:  # no row compares anything
        return (0, 0, 0)
    ways = (test.first, test.second) if sign > 0 else (test.second, test.first)
    return (*ways, test.ties + test.unknown)


def within_findings(
    rows: Studies, claim: Claim, correlation: float, pool: Pooler, level: float
) -> tuple[list[Finding], MetaFit | None]:
    """Return the change within one arm in each domain, in standard deviations of change.

    Parameters
    ----------
    rows, claim, correlation, pool
        As in `between_findings`.
    level : float
        "Significant" is read at one minus it.

    Returns
    -------
    tuple
        One `Finding` a domain; the result of all rows together, None where they give none.
    """
    table = rows.table
    printed = printed_rows(rows)
    findings, everything = [], []
    for domain in claim.domains:
        own = [printed[i] for i in np.flatnonzero(_bears(table, claim, domain).to_numpy())]
        reports, refused = _reports(own, claim.arm, correlation, 1 - level)
        everything += reports
        tested = len({str(row.cells["study"]) for row, _ in reports})
        ids = tuple(str(row.cells["row_id"]) for row, _ in reports)
        if reports:
            found = _finding(domain, _changes(reports), 1.0, pool)
            findings.append(replace(found, tested=tested, rows=ids))
        else:
            why = refused or "no row"
            findings.append(Finding(domain, math.nan, -math.inf, math.inf, 0, 0, (), why))
    return findings, pool(_changes(everything))[0] if everything else None


def _reports(
    rows: Sequence[Row], arm: str, correlation: float, alpha: float
) -> tuple[list[tuple[Row, ArmReport]], str]:
    """Return what each row prints of the change within an arm, and why the last other one gives nothing."""
    found, refused = [], ""
    for row in rows:
        try:
            found.append((row, arm_of_row(row, arm, correlation, alpha)))
        except ModelError as problem:
            refused = str(problem)
    return found, refused


def _changes(reports: Sequence[tuple[Row, ArmReport]]) -> Effects:
    """Return standardised changes: J t / sqrt(n) with variance 1/n + d²/2n, at the limit nearest zero."""
    estimate, variance, low, high = [], [], [], []
    for _, report in reports:
        j = float(hedges_j(report.n - 1)) if report.n > 2 else 1.0
        unit = j / math.sqrt(report.n)
        nearest = unit * min(max(0.0, report.low), report.high)
        estimate.append(report.low * unit if report.exact else math.nan)
        low.append(math.nan if report.exact else report.low * unit)
        high.append(math.nan if report.exact else report.high * unit)
        variance.append(1 / report.n + nearest**2 / (2 * report.n))
    return effects_from(
        estimate,
        variance=variance,
        low=low,
        high=high,
        study=[str(row.cells["study"]) for row, _ in reports],
        row_id=[str(row.cells["row_id"]) for row, _ in reports],
        people=[report.n for _, report in reports],
        measure="SMD",
    )


def head_to_head(
    rows: Studies, claim: Claim, correlation: float, pool: Pooler
) -> tuple[list[Finding], MetaFit | None]:
    """Return the difference between two groups of domains, from studies that measured both.

    Parameters
    ----------
    rows, claim, correlation, pool
        As in `between_findings`; ``claim.than`` names the domains that are compared with.

    Returns
    -------
    tuple
        One `Finding` of the difference (positive where ``claim.domains`` matter more), and its result. A
        study gives the mean of its exact effects in each group; both are of the same people, so that their
        errors are taken to correlate 0.6.
    """
    effects = effect_sizes(rows, measure=claim.measure, correlation=correlation)
    table = effects.table
    designed = table["arm_design"].eq(claim.arm_design) if claim.arm_design else pd.Series(True, table.index)
    groups = [
        table[designed & table["domain"].isin(names)]
        for names in (set(claim.domains) - set(claim.than), claim.than)
    ]
    both = [study for study in dict.fromkeys(groups[0]["study"]) if study in set(groups[1]["study"])]
    ids = tuple(row for part in groups for row in part.loc[part["study"].isin(both), "row_id"].astype(str))
    name = f"{', '.join(d for d in claim.domains if d not in claim.than)} against {', '.join(claim.than)}"
    values, variances, names = [], [], []
    for study in both:
        means = [_mean_of(part[part["study"].eq(study) & part["kind"].eq("exact")]) for part in groups]
        if all(mean is not None for mean in means):
            (first, v1), (second, v2) = means  # type: ignore[misc]
            values.append(claim.sign * (first - second))
            variances.append(v1 + v2 - 2 * RHO * math.sqrt(v1 * v2))
            names.append(study)
    if not values:
        measured = count(len(both), "study", "studies")
        why = f"{measured} measured both, none gives an effect for both" if both else "no study measured both"
        return [Finding(name, math.nan, -math.inf, math.inf, 0, 0, ids, why)], None
    given = effects_from(values, variance=variances, study=names, measure=claim.measure)
    found = _finding(name, given, 1.0, pool)
    return [replace(found, tested=len(both), rows=ids)], pool(given)[0]


def _mean_of(part: pd.DataFrame) -> tuple[float, float] | None:
    """Return the mean effect of a study's rows and its variance, errors correlated 0.6."""
    if part.empty:
        return None
    error = part["std_error"].to_numpy(dtype=float)
    m = len(error)
    shared = RHO * (error.sum() ** 2 - (error**2).sum())
    return float(part["estimate"].mean()), float(((error**2).sum() + shared) / m**2)
