"""Where a number comes from: one row as printed, its source, its derivation, and where it appears."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

from evidence._check import nearest
from evidence.effects.account import SOURCE, Block, derivation_lines
from evidence.effects.record import correlation_words
from evidence.publish import manifest as manifests
from evidence.publish.build import MANIFEST
from evidence.publish.recipe import Question, Recipe, read_recipe
from evidence.publish.recipe_errors import BuildError

if TYPE_CHECKING:
    from evidence.studies.record import Studies

__all__ = ["explain"]


def explain(row: str, *, recipe: str | os.PathLike[str] = "evidence.toml") -> str:
    """Account for one row: as printed, its source, its effect with derivation, and its use.

    Parameters
    ----------
    row : str
        A ``row_id``.
    recipe : path
        The recipe, whose questions say how the row is read.

    Returns
    -------
    str
        Plain text of several paragraphs.

    Raises
    ------
    BuildError
        Where no studies file of the recipe has the row; the message gives the nearest name.
    RecipeError
        Where the recipe is wrong.
    """
    plan = read_recipe(recipe)
    studies, source = _find(plan, row)
    one = studies.where(row_id=row)
    cells = {str(name): str(value) for name, value in one.text.iloc[0].items() if str(value)}
    parts = [
        f"{row} ({source}, line {one.lines[0]})",
        _block("As printed", ((name, value) for name, value in cells.items() if name not in SOURCE)),
        _block("Source", _source(one, cells)),
    ]
    asking = [question for question in plan.questions if question.studies == source and _asks(question, one)]
    read_as = dict.fromkeys(
        (question.measure, question.correlation) for question in asking if question.measure
    )
    for measure, correlation in read_as:
        parts.append(_derivation(one, str(measure), correlation))
    if not read_as:
        parts.append("Read as an effect\n  by no question of the recipe that has a measure")
    parts.append(_use(plan, row, asking))
    return "\n\n".join(parts)


def _find(plan: Recipe, row: str) -> tuple[Studies, str]:
    from evidence.publish.sources import read_source

    known: list[str] = []
    for source in plan.sources:
        studies = read_source(plan, source)
        ids = list(studies.table["row_id"])
        if row in ids:
            return studies, source
        known += ids
    close = nearest(row, known)
    raise BuildError(f"no row has the row_id {row!r}" + (f" (did you mean {close}?)" if close else ""))


def _asks(question: Question, one: Studies) -> bool:
    """Tell whether a question's filter keeps the row, without raising for words that only others have."""
    line = one.table.iloc[0]
    return all(line[column] in values for column, values in question.filter.items())


def _source(one: Studies, cells: Mapping[str, str]) -> Iterable[tuple[str, str]]:
    from evidence.vancouver import vancouver

    fields = one.references.get(cells["study"], {})
    if fields:
        yield "reference", vancouver(fields)
    for name in SOURCE:
        if name in cells:
            yield name, cells[name]


def _derivation(one: Studies, measure: str, correlation: float | None) -> str:
    from evidence.effects.reading import effect_sizes
    from evidence.table_content.effects import printed_effect

    effects = effect_sizes(one, measure=measure, correlation=correlation)
    row: Mapping[str, Any] = {str(name): value for name, value in effects.table.iloc[0].items()}
    shown = printed_effect(effects, row).replace("\N{NO-BREAK SPACE}", " ")
    said = f"Read as an effect ({measure}" + (
        f", correlation {correlation_words(effects.correlation)})" if effects.correlation is not None else ")"
    )
    return _block(said, derivation_lines(effects, row, shown))


def _use(plan: Recipe, row: str, asking: list[Question]) -> str:
    """List the outputs that the row is in, from the manifest."""
    asked = ", ".join(question.id for question in asking) or "none"
    recorded = manifests.read_json(plan.root / MANIFEST).get("outputs", {})
    if not recorded:
        return f"Where it appears\n  questions: {asked}\n  nothing is built yet: run evidence build"
    lines = [("questions", asked)]
    for name, entry in recorded.items():
        if row in entry.get("left_out", ()):
            lines.append((name, "shown, not pooled" if row in entry.get("rows", ()) else "not pooled"))
        elif row in entry.get("rows", ()):
            lines.append((name, _number(entry, row)))
    return _block("Where it appears", lines)


def _number(entry: Mapping[str, Any], row: str) -> str:
    """Say what the row does in an output: how much it contributes to which pooled result."""
    pooled = entry.get("numbers", {}).get("pooled", {})
    shares = [(name, fit["rows"][row]) for name, fit in pooled.items() if row in fit.get("rows", {})]
    said = [
        f"in {name}" + ("" if share is None else f" ({share:.1f} % of the information)")
        for name, share in shares
    ]
    return f"pooled: {', '.join(said)}" if said else "shown"


def _block(title: str, lines: Iterable[tuple[str, str]]) -> str:
    return Block(title, tuple(lines)).text()
