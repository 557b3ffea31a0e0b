"""The author's ratings of certainty: one line a question and domain, read from a CSV or a DataFrame."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from evidence._check import nearest
from evidence.errors import Problem, StudyDataError

__all__ = ["CERTAINTY_COLUMNS", "CERTAINTY_FILE", "LEVELS", "Rating", "certainty_lines", "read_certainty"]

CERTAINTY_COLUMNS = ("question", "domain", "certainty", "reasons")
"""Columns of the ratings."""

CERTAINTY_FILE = "certainty.csv"
"""Name of the file beside the studies."""

LEVELS = {
    "high": "\u2295\u2295\u2295\u2295 high",
    "moderate": "\u2295\u2295\u2295\u25ef moderate",
    "low": "\u2295\u2295\u25ef\u25ef low",
    "very low": "\u2295\u25ef\u25ef\u25ef very low",
}
"""GRADE's levels with their signs."""


@dataclass(frozen=True)
class Rating:
    """How certain an author finds a result, and why.

    Attributes
    ----------
    certainty : str
        One of `LEVELS`, or ``""`` where it is not rated.
    reasons : str
        The author's reasons.
    """

    certainty: str = ""
    reasons: str = ""


def read_certainty(
    given: pd.DataFrame | str | os.PathLike[str] | None,
    domains: Mapping[str, Iterable[str]],
    codes: Mapping[str, Iterable[str]] | None = None,
) -> dict[tuple[str, str], Rating]:
    """Read ratings of certainty and check them against the results that they rate.

    Parameters
    ----------
    given : DataFrame, path or None
        Columns ``question, domain, certainty, reasons``; certainty is high, moderate, low, very low, or blank
        (not rated). A certainty below high has its reasons. None gives no ratings.
    domains : mapping of str to iterable of str
        The domains of each question that the table shows. Lines on other questions, and lines without a
        domain, which rate a question as a whole, are left for others.
    codes : mapping of str to iterable of str, optional
        Other names of these questions; a line by a question's own name goes before.

    Returns
    -------
    dict of (question, domain) to Rating

    Raises
    ------
    StudyDataError
        Naming every line that breaks a rule: an unknown word, a domain that the question has no result of, a
        pair rated twice, a rating below high without a reason; or where a column is missing.
    """
    known = {question: list(each) for question, each in domains.items()}
    covering = {
        code: [question for question in known if code in (codes or {}).get(question, ())]
        for each in (codes or {}).values()
        for code in each
        if code not in known
    }
    own: dict[tuple[str, str], Rating] = {}
    shared: dict[tuple[str, str], Rating] = {}
    problems: list[Problem] = []
    found, source = certainty_lines(given)
    for line, question, domain, rating, broken in found:
        if not domain or (question not in known and question not in covering):
            continue
        problem = broken
        if problem is None and question in known:
            problem = _broken_place(line, question, domain, known, own)
        if problem is not None:
            problems.append(problem)
        elif question in known:
            own[question, domain] = rating
        else:
            named = [each for each in covering[question] if domain in known[each]]
            shared |= {(each, domain): rating for each in named}
    if problems:
        raise StudyDataError("ratings of certainty break their rules", problems=problems, source=source)
    # A blank line by a question's own name is a form to be filled in: it hides no rating.
    return shared | {place: each for place, each in own.items() if each.certainty or place not in shared}


Line = tuple[int, str, str, Rating, "Problem | None"]
"""Number of a line, its question and domain, its rating, and what is wrong with that."""


def certainty_lines(given: pd.DataFrame | str | os.PathLike[str] | None) -> tuple[list[Line], str]:
    """Return the lines of some ratings as they stand there, each with what is wrong with its words.

    Parameters
    ----------
    given : DataFrame, path or None
        As in `read_certainty`.

    Returns
    -------
    tuple of list and str
        The lines, and the name of their source.

    Raises
    ------
    StudyDataError
        Where a column is missing, or the file cannot be read.
    """
    if given is None:
        return [], ""
    source = "" if isinstance(given, pd.DataFrame) else str(given)
    frame = given if isinstance(given, pd.DataFrame) else _read(Path(given))
    missing = [name for name in CERTAINTY_COLUMNS if name not in frame.columns]
    if missing:
        raise StudyDataError(
            f"ratings of certainty have the columns {', '.join(CERTAINTY_COLUMNS)}; there is no "
            f"{', '.join(missing)}",
            source=source,
        )
    lines: list[Line] = []
    columns = [frame[name].map(_text) for name in CERTAINTY_COLUMNS]
    for line, (question, domain, certainty, reasons) in enumerate(zip(*columns, strict=True), start=2):
        level = " ".join(certainty.casefold().replace("_", " ").split())
        problem = _broken_words(line, level, certainty, reasons)
        lines.append((line, question, domain, Rating(level, reasons), problem))
    return lines, source


def _read(path: Path) -> pd.DataFrame:
    try:
        return pd.read_csv(path, dtype=str, keep_default_na=False, encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError, pd.errors.ParserError, pd.errors.EmptyDataError) as problem:
        raise StudyDataError(
            f"ratings of certainty are a CSV file in UTF-8 ({problem})", source=str(path)
        ) from None


def _text(cell: object) -> str:
    return "" if cell is None or cell is pd.NA or cell != cell else str(cell).strip()


def _broken_words(line: int, level: str, printed: str, reasons: str) -> Problem | None:
    """Return what is wrong with the rating of a line, or nothing."""
    if level and level not in LEVELS:
        rule = "a certainty is high, moderate, low, very low, or blank (not rated)"
        close = nearest(level, LEVELS)
        return Problem(rule, line, None, "certainty", printed, f"did you mean {close}?" if close else "")
    if level in ("moderate", "low", "very low") and not reasons:
        rule = "a certainty below high has its reasons"
        return Problem(rule, line, None, "reasons", "", "say why it was rated down")
    return None


def _broken_place(
    line: int,
    question: str,
    domain: str,
    known: Mapping[str, list[str]],
    ratings: Mapping[tuple[str, str], Rating],
) -> Problem | None:
    """Return what is wrong with what a line rates, or nothing."""
    if domain not in known[question]:
        close = nearest(domain, known[question])
        fix = f"did you mean {close}?" if close else f"there are {', '.join(known[question])}"
        return Problem(f"question {question!r} has a result of the domain", line, None, "domain", domain, fix)
    if (question, domain) in ratings:
        return Problem("a question and domain are rated once", line, None, "domain", domain, "keep one line")
    return None
