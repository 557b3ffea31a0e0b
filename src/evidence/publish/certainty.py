"""The rated certainty of the evidence: ``certainty.csv`` beside the studies, written by the authors."""

from __future__ import annotations

import csv
from dataclasses import dataclass
from pathlib import Path

from evidence._check import nearest
from evidence.publish.recipe import Question, Recipe
from evidence.publish.recipe_errors import BuildError

__all__ = ["CERTAINTIES", "Rating", "rating_of"]

CERTAINTIES = ("high", "moderate", "low", "very low")
"""The four levels of GRADE."""

_FILE = "certainty.csv"


@dataclass(frozen=True)
class Rating:
    """How certain the authors are of a result.

    Attributes
    ----------
    certainty : str
        One of `CERTAINTIES`.
    reasons : str
        Why, in their words; may be empty.
    """

    certainty: str
    reasons: str


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
    BuildError
        Where a certainty is none of the four words, or the file lacks a column.
    """
    path = (recipe.root / question.studies).with_name(_FILE)
    if not path.is_file():
        return None
    names = {question.id, *map(str, question.filter.get("question", ()))}
    domains = tuple(map(str, question.filter.get("domain", ())))
    found: dict[bool, Rating] = {}
    for number, line in enumerate(_lines(path), start=2):
        if line["question"].strip() not in names:
            continue
        domain = line["domain"].strip()
        if domain and domains != (domain,):
            continue
        # A rating of the question by its own id goes before one of everything that its code covers.
        found.setdefault(line["question"].strip() == question.id, _rating(line, path, number))
    return found.get(True) or found.get(False)


def _lines(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8-sig", newline="") as stream:
        reader = csv.DictReader(stream)
        missing = {"question", "domain", "certainty", "reasons"} - set(reader.fieldnames or ())
        if missing:
            raise BuildError(f"{path.name} needs the columns {', '.join(sorted(missing))}: add them")
        return [{str(key): value or "" for key, value in line.items() if key} for line in reader]


def _rating(line: dict[str, str], path: Path, number: int) -> Rating:
    word = " ".join(line["certainty"].casefold().replace("_", " ").split())
    if word not in CERTAINTIES:
        close = nearest(word, CERTAINTIES)
        hint = f" (did you mean {close}?)" if close else ""
        raise BuildError(
            f"{path.name}, line {number}, column certainty: one of {', '.join(CERTAINTIES)}; "
            f"got {line['certainty']!r}{hint}"
        )
    return Rating(word, " ".join(line["reasons"].split()).rstrip("."))
