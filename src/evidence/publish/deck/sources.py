"""What stands in the footer and in the notes: sources by number, numbers, derivations."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

from evidence.charts.canvas import wrap
from evidence.publish.deck import measures
from evidence.publish.headline import Headline
from evidence.publish.numbers import Made
from evidence.publish.recipe import Question
from evidence.publish.workshop import Workshop

if TYPE_CHECKING:
    from evidence.studies.record import Studies

__all__ = ["footer", "notes_of", "numbered"]

_MOST_ROWS = 40
"""Rows whose derivations the notes of one slide hold; more are counted."""


def footer(workshop: Workshop, studies: Sequence[str]) -> str:
    """Return the sources of a slide: names with numbers, or numbers alone where they are many.

    Parameters
    ----------
    workshop : Workshop
        Its bibliography gives the numbers.
    studies : sequence of str
        Keys of the studies that the slide rests on.

    Returns
    -------
    str
        At most two lines of the footer.
    """
    pairs = sorted(zip(workshop.listed.numbers(studies), studies, strict=True))
    if not pairs:
        return "No study is cited here"
    labels = _labels(workshop)
    named = "Sources: " + "; ".join(f"{labels.get(study, study)}\u00a0[{number}]" for number, study in pairs)
    if wrap(named, measures.FOOTER.width * 0.97, measures.SMALL).count("\n") < 2 and len(named) < 2000:
        return named
    amount = "1 study" if len(pairs) == 1 else f"{len(pairs)} studies"
    return f"Sources: {amount}, {numbered(number for number, _ in pairs)}; see References"


def numbered(numbers: Iterable[int]) -> str:
    """Return numbers as they are cited, runs joined.

    Examples
    --------
    >>> numbered([1, 2, 3, 5, 7, 8])
    '[1–3, 5, 7, 8]'
    """
    runs: list[list[int]] = []
    for number in sorted(numbers):
        if runs and number == runs[-1][-1] + 1:
            runs[-1].append(number)
        else:
            runs.append([number])
    parts = [
        f"{run[0]}\u2013{run[-1]}" if len(run) > 2 else ", ".join(map(str, run))  # a run of two saves nothing
        for run in runs
    ]
    return f"[{', '.join(parts)}]"


def _labels(workshop: Workshop) -> dict[str, str]:
    from evidence.effects.labels import study_labels

    labels: dict[str, str] = {}
    for source in dict.fromkeys(question.studies for question in workshop.recipe.questions):
        labels |= study_labels(workshop.studies(source).info)
    return labels


def notes_of(
    workshop: Workshop,
    headline: Headline,
    made: Made,
    *,
    shown: Sequence[str],
    questions: Sequence[Question],
    marker: str,
) -> list[str]:
    """Return the notes of a slide: what to say, the numbers, how they were derived, the sources.

    Parameters
    ----------
    workshop : Workshop
        Gives effects, studies and bibliography.
    headline : Headline
        What the slide says.
    made : Made
        What its figure or table rests on.
    shown : sequence of str
        Caption or notes of what is shown.
    questions : sequence of Question
        The questions whose rows it shows.
    marker : str
        Name of the output.

    Returns
    -------
    list of str
        Lines.
    """
    lines = [f"{headline.sentence}.", "", "Numbers", *headline.details]
    if shown:
        lines += ["", "What is shown", *shown]
    derived = _derivations(workshop, made, questions)
    if derived:
        lines += ["", "Derivation of each row", *derived]
    listed = workshop.listed
    pairs = sorted(zip(listed.numbers(made.studies), listed.texts(made.studies), strict=True))
    lines += ["", "Sources", *(f"[{number}] {text}" for number, text in pairs)]
    return [*lines, "", f"Marker of this slide: {marker}"]


def _derivations(workshop: Workshop, made: Made, questions: Sequence[Question]) -> list[str]:
    """Return for each row where its effect comes from, and where in the paper it stands."""
    lines: dict[str, str] = {}
    for question in questions:
        if question.measure is None:
            continue
        places = _places(workshop.selected(question))
        for row in workshop.effects(question).table.to_dict("records"):
            name = str(row["row_id"])
            if name not in made.rows:
                continue
            how = (
                str(row["reason"])
                if row["kind"] == "unusable"
                else f"{row['derived_from']}: {row['formula']}"
            )
            where = f" (read at: {places[name]})" if places.get(name) else ""
            lines[name] = f"{name}, {row['label']}, {row['outcome']}: {how}{where}"
    told = list(lines.values())[:_MOST_ROWS]
    more = len(lines) - len(told)
    return [*told, f"and {more} more rows: see the report"] if more > 0 else told


def _places(studies: Studies) -> dict[str, str]:
    table = studies.table
    if "source_locator" not in table:
        return {}
    places = zip(table["row_id"], table["source_locator"], strict=True)
    return {str(row): str(place).strip() for row, place in places if isinstance(place, str)}
