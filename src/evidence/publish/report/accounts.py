"""The accounts of rows, study by study: as printed, where it was read, and what was made of it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from evidence.charts.words import plural
from evidence.effects.account import SOURCE, Block, derivation_lines
from evidence.effects.record import correlation_words
from evidence.publish.report.names import Ids
from evidence.publish.report.texts import Part, linked, plain
from evidence.publish.workshop import Workshop

if TYPE_CHECKING:
    from evidence.effects.record import Effects
    from evidence.studies.record import Studies

__all__ = ["RowAccount", "StudyAccount", "accounts"]

_NAMED_ABOVE = frozenset({"row_id", "study", "outcome"})
_ABOUT = {
    "design": "design",
    "population": "people",
    "sex": "sex",
    "age": "age",
    "n_total": "number of people",
    "weeks": "weeks",
    "sessions_per_week": "sessions a week",
    "pedro": "PEDro score",
    "rob": "risk of bias",
    "overlaps": "same people as",
    "notes": "notes",
}
"""Columns of ``study_info.csv`` that a study is introduced with."""


@dataclass(frozen=True)
class RowAccount:
    """One row.

    Attributes
    ----------
    id : str
        Its anchor on the page.
    row_id, outcome, place : str
        Its name, its outcome, and file with line.
    blocks : tuple of Block
        As printed; source; one a way in which it is read as an effect.
    """

    id: str
    row_id: str
    outcome: str
    place: str
    blocks: tuple[Block, ...]


@dataclass(frozen=True)
class StudyAccount:
    """One study with its rows.

    Attributes
    ----------
    id : str
        Its anchor on the page.
    label : str
        Author and year, or the key.
    number : int
        Of the reference.
    amount : str
        How many rows, in words.
    reference : str
        The reference as printed.
    source : tuple of Part
        The same, with its addresses as links.
    about : Block
        What ``study_info.csv`` says of it.
    rows : tuple of RowAccount
        The rows, in the order of the file.
    """

    id: str
    label: str
    number: int
    amount: str
    reference: str
    source: tuple[Part, ...]
    about: Block
    rows: tuple[RowAccount, ...]


def accounts(workshop: Workshop, ids: Ids) -> tuple[StudyAccount, ...]:
    """Return the account of every row that a question of the recipe asks for.

    Parameters
    ----------
    workshop : Workshop
        Computes the effects, once a build.
    ids : Ids
        Of the page; rows are told apart within their file.

    Returns
    -------
    tuple of StudyAccount
        In the order of the references.
    """
    by_study: dict[str, list[RowAccount]] = {}
    infos: dict[str, tuple[str, Block]] = {}
    for source in dict.fromkeys(question.studies for question in workshop.recipe.questions):
        questions = [question for question in workshop.recipe.questions if question.studies == source]
        studies = workshop.union(questions)
        read = _readings(workshop, source)
        infos |= {name: told for name, told in _introductions(studies).items() if name not in infos}
        named = (studies.table["row_id"].astype(str), studies.table["study"].astype(str))
        rows = zip(studies.text.to_dict("records"), studies.lines, *named, strict=True)
        for cells, line, row_id, study in rows:
            account = RowAccount(
                id=ids.of("row", row_id, source),
                row_id=plain(row_id),
                outcome=plain(cells.get("outcome", "")),
                place=plain(f"{source}, line {line}"),
                blocks=tuple(_blocks(cells, read.get(row_id, ()))),
            )
            by_study.setdefault(study, []).append(account)
    return tuple(
        StudyAccount(
            id=ids.of("study", entry.key),
            label=plain(infos[entry.key][0]),
            number=entry.number,
            amount=plural(len(by_study[entry.key]), "row"),
            reference=plain(entry.text),
            source=linked(entry.text),
            about=infos[entry.key][1],
            rows=tuple(by_study[entry.key]),
        )
        for entry in workshop.listed.entries
    )


def _readings(workshop: Workshop, source: str) -> dict[str, list[Block]]:
    """Return how each row is read as an effect, once a measure and correlation."""
    found: dict[str, list[Block]] = {}
    seen: set[tuple[str, str, float | None]] = set()
    for question in workshop.recipe.questions:
        if question.studies != source or question.measure is None:
            continue
        effects = workshop.effects(question)
        for row in effects.table.to_dict("records"):
            named = {str(name): value for name, value in row.items()}
            key = (str(named["row_id"]), question.measure, question.correlation)
            if key not in seen:
                seen.add(key)
                found.setdefault(key[0], []).append(_derivation(effects, named))
    return found


def _derivation(effects: Effects, row: Mapping[str, Any]) -> Block:
    from evidence.table_content.effects import printed_effect

    given = "" if effects.correlation is None else f", correlation {correlation_words(effects.correlation)}"
    lines = derivation_lines(effects, row, printed_effect(effects, row))
    return _clean(Block(f"Read as an effect ({effects.measure}{given})", tuple(lines)))


def _blocks(cells: Mapping[Any, Any], read: Iterable[Block]) -> Iterator[Block]:
    filled = {str(name): str(value) for name, value in cells.items() if str(value)}
    hidden = _NAMED_ABOVE | set(SOURCE)
    yield _clean(Block("As printed", tuple((n, v) for n, v in filled.items() if n not in hidden)))
    yield _clean(Block("Source", tuple((name, filled[name]) for name in SOURCE if name in filled)))
    yield from read


def _clean(block: Block) -> Block:
    """Return a block as it is shown: without empty lines, with names without underscores, text cleaned."""
    lines: dict[str, str] = {}
    for name, value in block.lines:
        # A line without a name goes on with the one before.
        shown = plain(name).replace("_", " ") or next(reversed(lines), "")
        if value:
            lines[shown] = f"{lines[shown]}; {plain(value)}" if shown in lines else plain(value)
    return Block(plain(block.title), tuple(lines.items()))


def _introductions(studies: Studies) -> dict[str, tuple[str, Block]]:
    """Return the label of each study, and what is known of it."""
    from evidence.effects.labels import study_labels

    labels = study_labels(studies.info)
    facts: dict[str, Mapping[Any, Any]] = {}
    if studies.info is not None:
        facts = {str(line["study"]): line for line in studies.info.to_dict("records")}
    told = {}
    for study in dict.fromkeys(studies.table["study"].astype(str)):
        fact = facts.get(study, {})
        lines = tuple((name, _said(fact.get(column))) for column, name in _ABOUT.items())
        told[study] = (labels.get(study, study), _clean(Block("About the study", lines)))
    return told


def _said(value: object) -> str:
    if value is None or value != value:
        return ""
    return f"{value:g}" if isinstance(value, float) else str(value)
