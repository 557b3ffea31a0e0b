"""What a check is, what it finds, and how a finding is mended: small records, no rules."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from evidence.auditing.data import AuditData

__all__ = ["SEVERITIES", "Check", "Finding", "Repair"]

SEVERITIES = ("impossible", "unlikely", "ask")
"""No true data look like this; few do; a human should look."""


@dataclass(frozen=True)
class Repair:
    """A change that would mend a finding: one or several cells of a row, or the row left out.

    Attributes
    ----------
    row_id : str
        The row.
    cells : tuple of (str, str)
        Columns and their new content, as text; empty where the row is to be left out.
    why : str
        One sentence for the log.
    """

    row_id: str
    cells: tuple[tuple[str, str], ...]
    why: str

    @property
    def leaves_out(self) -> bool:
        """Whether the repair is to leave the row out."""
        return not self.cells

    def __str__(self) -> str:
        """Say the repair in words."""
        if self.leaves_out:
            return "leave the row out"
        return "; ".join(f"{column} = {value or '(blank)'}" for column, value in self.cells)


@dataclass(frozen=True)
class Finding:
    """One finding of one check.

    Attributes
    ----------
    row_id : str
        The row; the first of several that share the finding; ``""`` for the whole table.
    check : str
        Name of the check.
    severity : str
        One of `SEVERITIES`.
    message : str
        One sentence with the source's number and what was expected.
    column, value : str
        The cell that shows it, as printed; ``""`` where no single cell does.
    expected : str
        The range or value that would have been expected, in words; may be empty.
    advice : str
        What to do where there is no mechanical repair.
    repair : Repair or None
        The proposed change, where the numbers determine one.
    rows : tuple of str
        Every row that the finding is about, where there are several.
    """

    row_id: str
    check: str
    severity: str
    message: str
    column: str = ""
    value: str = ""
    expected: str = ""
    advice: str = ""
    repair: Repair | None = None
    rows: tuple[str, ...] = ()


@dataclass(frozen=True)
class Check:
    """One check: what it catches, by which rule, from which source, and the function that looks.

    Attributes
    ----------
    name : str
        Short name, used in tables and in `audit.toml`.
    family : str
        The group under which the documentation lists it.
    title : str
        What it catches, in a few words.
    rule : str
        The rule with its threshold, in words.
    severities : tuple of str
        The severities that it may give.
    needs : tuple of str
        Columns without which it has nothing to look at.
    example : str
        A short example for the documentation.
    advice : str
        What to do when it fires.
    source : str
        Author, year and DOI.
    find : callable
        `AuditData` in, findings out; vectorised over rows. It never raises for odd data.
    on_request : bool
        Whether it runs only where it is named: ``audit(studies, checks=[...])``.
    """

    name: str
    family: str
    title: str
    rule: str
    severities: tuple[str, ...]
    needs: tuple[str, ...]
    example: str
    advice: str
    source: str
    find: Callable[[AuditData], Sequence[Finding]]
    on_request: bool = False
