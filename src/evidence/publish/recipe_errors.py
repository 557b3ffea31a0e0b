"""Mistakes in a recipe, in one wording."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from evidence.errors import EvidenceError

__all__ = ["BuildError", "Mistake", "RecipeError"]


@dataclass(frozen=True)
class Mistake:
    """One mistake in a recipe.

    Attributes
    ----------
    where : str
        The table of the recipe: ``[project]``, ``[[question]] 2 (id "strength")``.
    key : str
        The key in it; empty where the table itself is wrong.
    rule : str
        What should hold, in words.
    value : str or None
        What the recipe says.
    fix : str
        The way out, in words; may be empty.
    """

    where: str
    key: str
    rule: str
    value: str | None = None
    fix: str = ""

    def __str__(self) -> str:
        """Return two lines: where, then the rule, the value and the way out."""
        got = f", got {self.value}" if self.value is not None else ""
        fix = f" ({self.fix})" if self.fix else ""
        return f"{self.where}{f', key {self.key}' if self.key else ''}:\n  {self.rule}{got}{fix}"


class RecipeError(EvidenceError):
    """A recipe cannot be followed; every mistake is named at once.

    Parameters
    ----------
    source : str
        The recipe's file, as the user named it.
    mistakes : iterable of Mistake
        All mistakes, in the order of the file.

    Attributes
    ----------
    mistakes : tuple of Mistake
        The same.
    """

    def __init__(self, source: str, mistakes: Iterable[Mistake]) -> None:
        """Build the message from the mistakes."""
        self.source = source
        self.mistakes = tuple(mistakes)
        count = len(self.mistakes)
        head = f"{source}: {count} mistake{'s' if count != 1 else ''} in the recipe"
        super().__init__("\n".join([head, *(str(mistake) for mistake in self.mistakes)]))


class BuildError(EvidenceError):
    """A build could not be finished; the previous outputs are as they were."""
