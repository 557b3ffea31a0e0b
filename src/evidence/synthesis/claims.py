"""Claims put to the data: a verdict for each, with the numbers, the reason and the rows."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pandas as pd

from evidence._check import as_number, check_level, one_of
from evidence.effects.reading import DEFAULT_CORRELATION
from evidence.errors import ModelError
from evidence.fit import MetaFit
from evidence.fit.plain import plain
from evidence.synthesis.claims_evidence import (
    Pooler,
    between_findings,
    head_to_head,
    study_rows,
    within_findings,
)
from evidence.synthesis.claims_reading import Claim, read_claim
from evidence.synthesis.claims_rules import Finding, decide, state_of
from evidence.synthesis.claims_words import claims_page, reason_of

if TYPE_CHECKING:
    from evidence.studies.record import Studies

__all__ = ["CLAIM_TABLE", "FINDING_COLUMNS", "Claims", "claims"]

CLAIM_TABLE = (
    *("claim_id", "claim", "kind", "expects", "verdict", "reason_code", "reason"),
    *("measure", "estimate", "conf_low", "conf_high", "margin", "margin_reason", "studies", "rows"),
)
"""Columns of `Claims.table`, in this order."""

FINDING_COLUMNS = (
    *("claim_id", "domain", "state", "estimate", "conf_low", "conf_high", "studies_used", "studies_tested"),
    *("printed", "printed_low", "printed_high", "ratio", "point_for", "point_against", "point_nowhere"),
    *("rows", "why"),
)
"""Columns of `Claims.findings`, in this order."""


ROW_COLUMNS = (
    *("row_id", "study", "domain", "outcome", "direction", "p_between", "basis"),
    *("source_url", "source_locator"),
)
"""What `Claims.rows` shows of a row."""


_COLUMNS = {"claim_id": "claim", "verdict": "verdict", "reason_code": "decided by", "estimate": "estimate"}


@dataclass(frozen=True, repr=False)
class Claims:
    """Claims with their verdicts.

    Attributes
    ----------
    table : DataFrame
        One line a claim. ``verdict`` is supported, contradicted, mixed, not tested, or not testable as
        stated; ``reason_code`` names the rule that decided, ``reason`` says it in words. ``estimate`` with
        its interval is the result of all rows together, as the package orients it (positive favours the first
        arm; for a risk factor negative means weaker or poorer in the injured); NaN where there is none.
        ``rows`` lists the rows that bear on the claim.
    findings : DataFrame
        One line a claim and domain, turned so that positive speaks for the claim's direction. ``printed`` and
        its limits are the same as papers print them: ratios where ``ratio`` is 1 (above 1 speaks for the
        claim) or -1 (below 1 does), otherwise unchanged (0). ``point_...`` count studies by direction.
    rows : DataFrame
        One line a claim and row that bears on it, with what the row prints and where it was read.
    level : float
        Level of the intervals.
    notes : tuple of str
        What was assumed.
    """

    table: pd.DataFrame
    findings: pd.DataFrame
    rows: pd.DataFrame
    level: float
    notes: tuple[str, ...]

    def sentence(self, claim_id: str) -> str:
        """Return claim, verdict and reason in one paragraph.

        Parameters
        ----------
        claim_id : str
            The claim.

        Raises
        ------
        ModelError
            Where there is no such claim.
        """
        name = one_of("claim_id", claim_id, self.table["claim_id"].astype(str))
        line = self.table[self.table["claim_id"].eq(name)].iloc[0]
        return f"\u201c{line['claim']}\u201d {line['verdict'].capitalize()}. {line['reason']}"

    def __len__(self) -> int:
        """Return the number of claims."""
        return len(self.table)

    def __repr__(self) -> str:
        """Return how many claims have which verdict, and one line a claim."""
        counts = self.table["verdict"].value_counts(sort=False)
        said = ", ".join(f"{n} {verdict}" for verdict, n in counts.items())
        return plain(self, said, self.table, _COLUMNS)

    def _repr_html_(self) -> str:
        """Return the claims with verdicts and reasons; all text escaped."""
        return claims_page(self)


def claims(studies: Studies, *, correlation: float = DEFAULT_CORRELATION, level: float = 0.95) -> Claims:
    """Put each claim to the data that came with it.

    Parameters
    ----------
    studies : Studies
        With its claims (``claims.csv`` beside the studies). All rows of studies bear on a claim that match
        its question, domains, comparator and design; results of reviews never do.
    correlation : float, default 0.7
        Assumed pre-post correlation, for rows that need it.
    level : float, default 0.95
        Level of the intervals.

    Returns
    -------
    Claims

    Raises
    ------
    ModelError
        Where there are no claims, or a claim contradicts itself.

    Notes
    -----
    Verdicts follow from intervals alone. A claim of "more" is supported where every domain's interval lies
    above its margin (zero, unless ``claims.csv`` gives one), a claim of "none" only by an interval
    inside its margin. An interval that rests on one study, or on fewer than half of the studies that tested
    the claim, decides nothing. A change within one arm never speaks for a difference between arms.

    References
    ----------
    Gelman A, Stern H (2006), doi:10.1198/000313006X152649; Bland JM, Altman DG (2011),
    doi:10.1186/1745-6215-12-264

    Examples
    --------
    >>> import evidence as ev
    >>> table = ev.claims(ev.example_studies()).table
    >>> table.loc[table["claim_id"] == "core_beats_strength", "verdict"].item()
    'not tested'
    """
    if not hasattr(studies, "claims"):
        raise ModelError(
            f"claims() takes Studies, as read_studies() returns them; got {type(studies).__name__}"
        )
    level = check_level(level)
    r = as_number(correlation)
    if not -1 < r < 1:
        raise ModelError(f"correlation must be a number between -1 and 1, both excluded; got {correlation!r}")
    if studies.claims is None or studies.claims.empty:
        raise ModelError("there are no claims: put a claims.csv beside the studies, or name it by claims=...")
    lines, details, pool = [], [], Pooler(level)
    for record in studies.claims.to_dict("records"):
        claim = read_claim({str(name): value for name, value in record.items()})
        line, findings = _judged(studies, claim, r, level, pool)
        lines.append(line)
        details += [(claim, finding) for finding in findings]
    return Claims(
        pd.DataFrame(lines, columns=list(CLAIM_TABLE)),
        _details(details),
        _bearing(studies, details),
        level,
        (
            f"Pre-post correlation r = {r:g} where a row needs it; results on the same people correlate 0.6.",
            "Results of reviews bear on no verdict.",
        ),
    )


def _judged(
    studies: Studies, claim: Claim, correlation: float, level: float, pool: Pooler
) -> tuple[dict[str, Any], list[Finding]]:
    """Return the line of one claim and its findings."""
    rows = study_rows(studies, claim)
    findings: list[Finding] = []
    fit: MetaFit | None = None
    between: list[Finding] = []
    if rows is not None:
        if claim.kind == "within":
            findings, fit = within_findings(rows, claim, correlation, pool, level)
            between, _ = between_findings(rows, claim, correlation, pool)
        elif claim.kind == "magnitude":
            findings, fit = head_to_head(rows, claim, correlation, pool)
        else:
            findings, fit = between_findings(rows, claim, correlation, pool)
    states = [state_of(finding, claim.expects, claim.margin) for finding in findings]
    verdict, code = decide(states or ["untested"] * len(claim.domains), claim.expects, claim.margin)
    if code == "no_rows" and _within_only(rows, claim):
        verdict, code = "not testable as stated", "within_arms_only"
    elif code == "no_rows" and claim.kind == "magnitude":
        code = "no_head_to_head"
    bearing = list(dict.fromkeys(row for finding in findings for row in finding.rows))
    table = None if rows is None else rows.table
    used = 0 if table is None else table.loc[table["row_id"].isin(bearing), "study"].nunique()
    line = {
        "claim_id": claim.claim_id,
        "claim": claim.text,
        "kind": claim.kind,
        "expects": claim.expects,
        "verdict": verdict,
        "reason_code": code,
        "reason": reason_of(claim, code, findings, states, between, level, _elsewhere(rows, claim, code)),
        "measure": claim.measure,
        "estimate": _number(fit, "estimate"),
        "conf_low": _number(fit, "conf_low"),
        "conf_high": _number(fit, "conf_high"),
        "margin": claim.margin,
        "margin_reason": claim.margin_reason,
        "studies": used,
        "rows": ", ".join(bearing),
    }
    return line, findings


def _within_only(rows: Studies | None, claim: Claim) -> bool:
    """Tell whether all that is there for a comparison are changes within arms."""
    if rows is None or claim.kind != "between":
        return False
    table = rows.table
    bears = table["domain"].isin(claim.domains)
    if claim.comparator_class:
        bears &= table["comparator_class"].eq(claim.comparator_class)
    return bool(bears.any() and table.loc[bears, "basis"].eq("within_group_only").all())


def _elsewhere(rows: Studies | None, claim: Claim, code: str) -> dict[str, int]:
    """Return how many studies compared with something else, where nothing was compared as claimed."""
    if rows is None or code != "no_rows" or not claim.comparator_class:
        return {}
    table = rows.table
    others = table[table["domain"].isin(claim.domains) & table["comparator_class"].ne(claim.comparator_class)]
    return {str(name): int(part["study"].nunique()) for name, part in others.groupby("comparator_class")}


def _number(fit: MetaFit | None, name: str) -> float:
    value = None if fit is None else getattr(fit, name)
    return math.nan if value is None else float(value)


def _bearing(studies: Studies, details: list[tuple[Claim, Finding]]) -> pd.DataFrame:
    """Return the rows behind each claim as printed, with their sources."""
    pairs = dict.fromkeys((claim.claim_id, row) for claim, finding in details for row in finding.rows)
    behind = pd.DataFrame(list(pairs), columns=["claim_id", "row_id"])
    return behind.merge(studies.text[list(ROW_COLUMNS)], on="row_id", how="left")


def _details(details: list[tuple[Claim, Finding]]) -> pd.DataFrame:
    lines = [
        (
            claim.claim_id,
            finding.domain,
            state_of(finding, claim.expects, claim.margin),
            *(finding.estimate, finding.low, finding.high, finding.used, finding.tested),
            *(*finding.shown(), finding.ratio, *finding.pointing, ", ".join(finding.rows), finding.why),
        )
        for claim, finding in details
    ]
    return pd.DataFrame(lines, columns=list(FINDING_COLUMNS))
