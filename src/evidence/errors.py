"""Every error that the package raises on purpose, in one tree and one wording."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

__all__ = ["EvidenceError", "ModelError", "Problem", "StudyDataError"]

_SHOWN = 40
"""How many problems a message prints: more than a screen helps nobody, `.problems` has them all."""


class EvidenceError(Exception):
    """Base of every error that this package raises on purpose."""


class ModelError(EvidenceError):
    """A model was asked for something that the effects cannot answer."""


@dataclass(frozen=True)
class Problem:
    """One broken cell (or line, or file) of a data table.

    Attributes
    ----------
    rule : str
        What should hold, in words: ``"a standard deviation is positive"``.
    line : int or None
        Line of the file, counted from 1 with the header as line 1.
    row : str or None
        The ``row_id`` of the line, where it has one.
    column : str or None
        Name of the column.
    value : str or None
        The cell as printed in the file.
    fix : str
        The way out, in words; may be empty.
    """

    rule: str
    line: int | None = None
    row: str | None = None
    column: str | None = None
    value: str | None = None
    fix: str = ""

    def __str__(self) -> str:
        """Return two lines: where, then the rule, the value and the way out."""
        where = [
            part
            for part in (
                f"row {self.row}" if self.row else "",
                f"line {self.line}" if self.line is not None else "",
                f"column {self.column}" if self.column else "",
            )
            if part
        ]
        got = f", got {self.value!r}" if self.value is not None else ""
        fix = f" ({self.fix})" if self.fix else ""
        return f"{', '.join(where) or 'the file'}:\n  {self.rule}{got}{fix}"


class StudyDataError(EvidenceError):
    """A table of studies breaks its rules; every broken cell is named at once.

    Parameters
    ----------
    rule : str
        The rule (single problem) or the headline (several).
    row, column, value, line, fix
        See `Problem`; ignored where `problems` is given.
    source : str
        The file, as the user named it.
    problems : iterable of Problem
        All problems of a file. Without it, one is made from the other arguments.

    Attributes
    ----------
    problems : tuple of Problem
        Every problem, in file order.
    """

    def __init__(
        self,
        rule: str,
        *,
        row: str | None = None,
        column: str | None = None,
        value: str | None = None,
        line: int | None = None,
        fix: str = "",
        source: str = "",
        problems: Iterable[Problem] | None = None,
    ) -> None:
        """Build the message from the problems."""
        several = tuple(problems) if problems is not None else ()
        self.problems: tuple[Problem, ...] = several or (Problem(rule, line, row, column, value, fix),)
        self.source = source
        head = [rule] if several else []
        if source:
            head = [f"{source}: {rule}"] if several else [source]
        shown = [str(problem) for problem in self.problems[:_SHOWN]]
        hidden = len(self.problems) - len(shown)
        tail = [f"... and {hidden} more (all of them are in the error's .problems)"] if hidden else []
        super().__init__("\n".join([*head, *shown, *tail]))
