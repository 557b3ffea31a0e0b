"""The verb `audit` and its record: every check over every row, findings by severity."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

import pandas as pd

from evidence._check import one_of
from evidence.auditing.accepted import Accepted, read_accepted, split_accepted
from evidence.auditing.data import AuditData
from evidence.auditing.record import SEVERITIES, Finding, Repair
from evidence.auditing.registry import CHECKS
from evidence.auditing.repairs import apply_repairs
from evidence.errors import ModelError
from evidence.fit.plain import plain

if TYPE_CHECKING:
    from evidence.effects.record import Effects
    from evidence.studies.record import Studies

__all__ = ["Audit", "audit"]

_COLUMNS = (
    *("row_id", "check", "severity", "message", "column", "value", "expected", "repair", "advice"),
    *("pooled_before", "pooled_after", "rows"),
)
_POOLED_ROWS = 5_000
"""Up to this many rows the pooled results before and after each repair are worked out unasked."""


_SHOWN = {"row_id": "row", "severity": "severity", "check": "check", "column": "column", "value": "printed"}
_SHOWN |= {"expected": "expected"}


@dataclass(frozen=True, repr=False)
class Audit:
    """What the checks found; nothing is changed by it.

    Attributes
    ----------
    findings : tuple of Finding
        The open findings, most severe first, then in the order of the rows.
    table : DataFrame
        The same, one row a finding: ``row_id, check, severity, message, column, value, expected, repair,
        advice, pooled_before, pooled_after, rows``. The pooled results are those of the row's question,
        domain and comparator, before and after the repair; empty where the repair changes no pooled
        effect, or none is proposed.
    accepted : tuple of (Finding, str)
        Findings that ``audit.toml`` accepts, with the reason given there.
    stale : tuple of Accepted
        Lines of ``audit.toml`` that no longer accept anything.
    notes : tuple of str
        What a reader should know: checks that had nothing to look at, results that were not worked out.
    studies : Studies
        The rows that were looked at.
    """

    findings: tuple[Finding, ...]
    table: pd.DataFrame
    studies: Studies = field(compare=False)
    accepted: tuple[tuple[Finding, str], ...] = ()
    stale: tuple[Accepted, ...] = ()
    notes: tuple[str, ...] = ()

    def __len__(self) -> int:
        """Return the number of open findings."""
        return len(self.findings)

    def __repr__(self) -> str:
        """Return what was found in a line, and the first findings, most severe first."""
        return plain(self, self.sentence(), self.table, _SHOWN)

    def count(self, severity: str) -> int:
        """Return the number of open findings of a severity."""
        wanted = one_of("severity", severity, SEVERITIES)
        return sum(finding.severity == wanted for finding in self.findings)

    def sentence(self) -> str:
        """Return one line: findings by severity, rows, checks."""
        rows = len(self.studies)
        if not self.findings:
            return f"nothing found in {rows} {'row' if rows == 1 else 'rows'} by {len(CHECKS)} checks"
        counts = ", ".join(f"{self.count(each)} {each}" for each in SEVERITIES if self.count(each))
        named = {row for finding in self.findings for row in (finding.rows or (finding.row_id,)) if row}
        return f"{counts}; {len(named)} of {rows} rows are concerned"

    @property
    def repairs(self) -> tuple[Repair, ...]:
        """The proposed repairs of the open findings."""
        return tuple(finding.repair for finding in self.findings if finding.repair is not None)

    def apply(self, repairs: Repair | Iterable[Repair]) -> tuple[Studies, pd.DataFrame]:
        """Return the studies with repairs made, and the log of what was changed; the file stays as it is.

        Parameters
        ----------
        repairs : Repair or iterable of Repair
            From ``.repairs`` or of your own.

        Returns
        -------
        Studies
            A new record.
        DataFrame
            One row a changed cell (or row left out): ``row_id, column, before, after, why``.

        Raises
        ------
        StudyDataError
            Where a repair names a row or column that is not there, two repairs contradict each other, or
            the new content breaks the rules of its column.
        """
        chosen = [repairs] if isinstance(repairs, Repair) else list(repairs)
        return apply_repairs(self.studies, chosen)

    def _repr_html_(self) -> str:
        """Return the findings by severity, for a notebook."""
        from evidence.auditing.view import findings_html

        return findings_html(self)


def audit(
    studies: Studies,
    *,
    effects: Effects | None = None,
    checks: Sequence[str] | None = None,
    accepted: str | Path | None = None,
    pooled: bool | None = None,
) -> Audit:
    """Look for the field's known errors, say why, and propose repairs.

    Parameters
    ----------
    studies : Studies
        The rows, as `read_studies` returns them.
    effects : Effects, optional
        Their effects, for the checks that look at pools and weights; without them these do not run, and
        ``.notes`` says so: what is pooled with what is your choice.
    checks : sequence of str, optional
        Names of the checks to run; all but those on request by default.
    accepted : path, optional
        File of accepted findings; ``audit.toml`` beside the studies by default, where there is one.
    pooled : bool, optional
        Whether to pool before and after each repair; by default for tables of at most 5,000 rows.

    Returns
    -------
    Audit
        ``table`` has one row a finding, most severe first.

    Raises
    ------
    ModelError
        Where `studies` is no Studies record or a check is not known.
    StudyDataError
        Where the file of accepted findings is broken.

    References
    ----------
    Kadlec D, Sainani KL, Nimphius S. Sports Med 2023;53(2):313-325. https://doi.org/10.1007/s40279-022-01766-0

    Examples
    --------
    >>> import evidence as ev
    >>> found = ev.audit(ev.example_studies().where(study="khayambashi2014"))
    >>> found.table.loc[found.table["check"] == "one_sided_p", "message"].iloc[0]
    'p = 0.039 is the one-sided p of the t; two-sided it is 0.077'
    """
    if not hasattr(studies, "text"):
        raise ModelError(
            f"audit() takes Studies, as read_studies() returns them; got {type(studies).__name__}"
        )
    names = _chosen(checks)
    data = AuditData(studies, effects)
    found = [finding for name in names for finding in CHECKS[name].find(data)]
    order = {row: place for place, row in enumerate(data.row_ids)}
    found.sort(key=lambda each: (SEVERITIES.index(each.severity), order.get(each.row_id, -1)))
    kept, dropped, stale = split_accepted(found, read_accepted(accepted, studies.source), set(names))
    notes: list[str] = []
    if effects is None and checks is None:
        pools = ", ".join(name for name in names if CHECKS[name].family == "model")
        notes.append(f"checks of pools did not run ({pools}): they need effects=")
    wanted = len(studies) <= _POOLED_ROWS if pooled is None else pooled
    if not wanted and any(finding.repair for finding in kept):
        notes.append(
            f"{len(studies)} rows: the pooled results before and after each repair were not worked out "
            "(pooled=True does)"
        )
    table = _table(kept, _pooled(studies, kept) if wanted else [(None, None)] * len(kept))
    return Audit(tuple(kept), table, studies, tuple(dropped), tuple(stale), tuple(notes))


def _chosen(checks: Sequence[str] | None) -> list[str]:
    if checks is None:
        return [name for name, check in CHECKS.items() if not check.on_request]
    return [one_of("checks", name, CHECKS) for name in ([checks] if isinstance(checks, str) else checks)]


def _pooled(studies: Studies, found: Sequence[Finding]) -> list[tuple[float | None, float | None]]:
    from evidence.auditing.pooled import before_and_after

    return before_and_after(studies, found)


def _table(found: Sequence[Finding], pooled: Sequence[tuple[float | None, float | None]]) -> pd.DataFrame:
    records = [
        (
            *(each.row_id, each.check, each.severity, each.message, each.column, each.value, each.expected),
            *("" if each.repair is None else str(each.repair), each.advice or CHECKS[each.check].advice),
            *(before, after, " ".join(each.rows or (each.row_id,))),
        )
        for each, (before, after) in zip(found, pooled, strict=True)
    ]
    return pd.DataFrame(records, columns=list(_COLUMNS))
