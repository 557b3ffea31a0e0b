"""Findings that somebody has looked at and accepts, each with a reason: ``audit.toml``."""

from __future__ import annotations

import tomllib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from evidence._check import nearest
from evidence.auditing.record import Finding
from evidence.auditing.registry import CHECKS
from evidence.errors import StudyDataError

__all__ = ["ACCEPTED_FILE", "Accepted", "read_accepted", "split_accepted"]

ACCEPTED_FILE = "audit.toml"
"""Name of the file beside the studies."""

_KEYS = ("check", "row", "column", "reason")


@dataclass(frozen=True)
class Accepted:
    """One accepted finding.

    Attributes
    ----------
    check : str
        Name of the check.
    row : str
        The row, ``""`` for findings about the whole table.
    column : str
        The column, ``""`` for any.
    reason : str
        Why it is accepted.
    """

    check: str
    row: str
    column: str
    reason: str

    def covers(self, finding: Finding) -> bool:
        """Say whether a finding is the accepted one."""
        return (
            finding.check == self.check
            and finding.row_id == self.row
            and (not self.column or finding.column == self.column)
        )

    def __str__(self) -> str:
        """Name the line in words."""
        return f"{self.check} of {self.row or 'the whole table'}" + (self.column and f" ({self.column})")


def read_accepted(path: str | Path | None, source: str) -> tuple[Accepted, ...]:
    """Read the accepted findings; none where no path is given and none stands beside the studies.

    Parameters
    ----------
    path : path or None
        The file; None looks for ``audit.toml`` beside `source`.
    source : str
        The file of the studies.

    Raises
    ------
    StudyDataError
        Where the file is missing though named, is no TOML, or a line lacks a check, a row or a reason.
    """
    file = Path(path) if path is not None else Path(source).with_name(ACCEPTED_FILE)
    if path is None and not file.is_file():
        return ()
    try:
        content = tomllib.loads(file.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as problem:
        raise StudyDataError(f"accepted findings are a TOML file ({problem})", source=str(file)) from None
    entries = content.get("accepted", [])
    if not isinstance(entries, list) or set(content) - {"accepted"}:
        raise StudyDataError("accepted findings stand under [[accepted]]", source=str(file))
    return tuple(_accepted(entry, str(file), place) for place, entry in enumerate(entries, start=1))


def _accepted(entry: object, source: str, place: int) -> Accepted:
    where = f"[[accepted]] number {place}"
    if not isinstance(entry, dict) or set(entry) - set(_KEYS):
        rule = f"{where} has the keys {', '.join(_KEYS)}"
        raise StudyDataError(rule, value=str(entry), source=source)
    texts = {key: str(entry.get(key, "")).strip() for key in _KEYS}
    if texts["check"] not in CHECKS:
        close = nearest(texts["check"], CHECKS)
        fix = f"did you mean {close}?" if close else f"there are {', '.join(CHECKS)}"
        raise StudyDataError(f"{where} names a check", value=texts["check"], fix=fix, source=source)
    if not texts["reason"]:
        rule = f"{where} has a reason: whoever reads it later has to know why"
        raise StudyDataError(rule, row=texts["row"] or None, source=source)
    return Accepted(**texts)


def split_accepted(
    found: Sequence[Finding], accepted: Sequence[Accepted], ran: set[str]
) -> tuple[list[Finding], list[tuple[Finding, str]], list[Accepted]]:
    """Return the open findings, the accepted ones with their reason, and the lines that accept nothing.

    A line is stale only where its check ran.
    """
    still: list[Finding] = []
    covered: list[tuple[Finding, str]] = []
    used: set[Accepted] = set()
    for finding in found:
        line = next((each for each in accepted if each.covers(finding)), None)
        if line is None:
            still.append(finding)
        else:
            covered.append((finding, line.reason))
            used.add(line)
    return still, covered, [each for each in accepted if each not in used and each.check in ran]
