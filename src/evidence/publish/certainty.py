"""The rated certainty of a question's pooled result: from ``certainty.csv`` beside the studies."""

from __future__ import annotations

from dataclasses import replace

from evidence.errors import StudyDataError
from evidence.publish.recipe import Question, Recipe
from evidence.table_content.certainty import CERTAINTY_FILE, LEVELS, Rating, certainty_lines

__all__ = ["CERTAINTIES", "Rating", "rating_of"]

CERTAINTIES = tuple(LEVELS)
"""The four levels of GRADE."""


def rating_of(recipe: Recipe, question: Question) -> Rating | None:
    """Return the rating of a question's pooled result, or None where nobody has rated it.

    Parameters
    ----------
    recipe : Recipe
        Tells where the file is looked for: beside the question's studies.
    question : Question
        Its id, or the code of the question that its filter names, stands in the column ``question``; the
        domain that its filter keeps stands in ``domain`` (blank where it holds for all).

    Raises
    ------
    StudyDataError
        Where a certainty is none of the four words or has no reasons, or the file lacks a column.
    """
    path = (recipe.root / question.studies).with_name(CERTAINTY_FILE)
    names = {question.id, *map(str, question.filter.get("question", ()))}
    domains = tuple(map(str, question.filter.get("domain", ())))
    found: dict[bool, Rating] = {}
    lines, _ = certainty_lines(path if path.is_file() else None)
    for _, name, domain, rating, problem in lines:
        if name not in names or (domain and domains != (domain,)):
            continue
        if problem is not None:
            raise StudyDataError(
                "ratings of certainty break their rules", problems=[problem], source=path.name
            )
        if rating.certainty:
            # A rating of the question by its own id goes before one of everything that its code covers.
            reasons = " ".join(rating.reasons.split()).rstrip(".")
            found.setdefault(name == question.id, replace(rating, reasons=reasons))
    return found.get(True) or found.get(False)
