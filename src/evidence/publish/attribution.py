"""What moved a pooled result: it is fitted again with each change alone."""

from __future__ import annotations

import tempfile
from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from evidence.errors import EvidenceError
from evidence.publish import manifest as manifests
from evidence.publish.changes import (
    Change,
    Rows,
    changed_rows,
    changed_settings,
    rows_of,
    software_words,
)
from evidence.publish.moved import Move, flat, same
from evidence.publish.numbers import of_fits
from evidence.publish.printed import read_printed
from evidence.publish.recipe import Question, Recipe
from evidence.publish.workshop import Workshop

if TYPE_CHECKING:
    from evidence.studies.record import Studies

__all__ = ["Asked", "Part"]


@dataclass(frozen=True)
class Part:
    """What one change alone does to a number.

    Attributes
    ----------
    words : str
        The change.
    by : float or None
        How far it alone moves the number from where it was; None where that cannot be said.
    """

    words: str
    by: float | None


@dataclass(frozen=True)
class _Unit:
    """One thing done to the old data: nothing, a change of rows, the new settings, or the new facts."""

    words: str
    rows: Change | None = None
    settings: bool = False
    facts: bool = False


class _Scenario(Workshop):
    """A workshop over given rows instead of the file's."""

    def __init__(self, recipe: Recipe, studies: Studies) -> None:
        super().__init__(recipe)
        self._given = studies

    def studies(self, source: str) -> Studies:
        return self._given

    def impossible(self, source: str) -> dict[str, str]:
        return {}  # notes of results: no number depends on them


class Asked:
    """One question in two manifests: what of it changed, and what that did to its results.

    Parameters
    ----------
    recipe : Recipe
        The recipe as it is now.
    question : Question
        The question as it is now.
    old, new : mapping
        The manifests.
    read : dict
        Files of the manifests that were read already, shared by the questions of one comparison.
    """

    def __init__(
        self,
        recipe: Recipe,
        question: Question,
        old: Mapping[str, Any],
        new: Mapping[str, Any],
        read: dict[tuple[int, str], Studies],
    ) -> None:
        """Begin without having fitted anything."""
        self._recipe, self._old, self._new, self._read = recipe, old, new, read
        self._after = question
        self._settings = old.get("questions", {}).get(question.id, {}), manifests.settings(question)
        self._before = _with_settings(question, self._settings[0])
        self._results: dict[str, dict[tuple[str, ...], float | None]] = {}

    @cached_property
    def changes(self) -> tuple[Change, ...]:
        """What happened to the rows that the question asked for then or asks for now."""
        asked = {*self._chosen(self._before, self._old), *self._chosen(self._after, self._new)}
        return tuple(changed_rows(self._rows(self._old), self._rows(self._new), asked))

    @cached_property
    def facts(self) -> str:
        """What is said anew of the studies of the question in the study table."""
        records = [side.get("studies", {}).get(self._after.studies, {}) for side in (self._old, self._new)]
        before, after = (
            {
                study: dict(zip(record.get("info_columns", []), cells, strict=True))
                for study, cells in record.get("info", {}).items()
            }
            for record in records
        )
        told = [
            f"study_info of {study}: {changed_settings(before[study], after[study])}"
            for study in self._studies
            if study in before and study in after and before[study] != after[study]
        ]
        return "; ".join(told)

    @cached_property
    def settings(self) -> str:
        """What the recipe says anew."""
        return changed_settings(*self._settings) if self._settings[0] else ""

    def parts(self, move: Move, entry: Mapping[str, Any]) -> tuple[Part, ...]:
        """Return what each change alone did to a number of a pooled result.

        Parameters
        ----------
        move : Move
            The number.
        entry : mapping
            The output in the new manifest, which tells the scale.

        Returns
        -------
        tuple of Part
            The changes; then, where they do not add up to the move, what they do together.
        """
        key = self._key(move)
        units = [_Unit(change.words, rows=change) for change in self.changes]
        units += [_Unit(f"recipe: {self.settings}", settings=True)] if self.settings else []
        units += [_Unit(self.facts, facts=True)] if self.facts else []
        base = self._value(_Unit(""), key)
        parts = []
        if not same(base, move.old):
            words = software_words(self._old.get("versions", {}), self._new.get("versions", {}))
            parts.append(Part(words, _less(base, move.old)))
        if len(units) == 1 and not parts:
            return (Part(units[0].words, move.change),)
        for unit in units:
            value = self._value(unit, key)
            if not same(value, base):
                parts.append(Part(unit.words, _less(value, base)))
        return tuple([*parts, *self._rest(parts, move)])

    def _rest(self, parts: list[Part], move: Move) -> list[Part]:
        total, known = move.change, [part.by for part in parts]
        if total is None or not parts or any(by is None for by in known):
            return []
        rest = total - sum(by for by in known if by is not None)
        if len(parts) == 1 and same(parts[0].by, total):
            return []
        # A hundredth of the move: below that, the changes add up as far as anybody reads.
        return [Part("they do not add up: together", rest)] if abs(rest) > 0.01 * abs(total) else []

    def _key(self, move: Move) -> tuple[str, ...]:
        """Return the place of a number in the results of this question."""
        prefix = f"{self._after.id}: "
        return tuple(name.removeprefix(prefix) for name in move.place)

    def _value(self, unit: _Unit, key: tuple[str, ...]) -> float | None:
        """Return a number of the old result with one change made."""
        kind = "one" if key[1] == "pooled" else "several"
        known = f"{kind} {unit.words}"
        if known not in self._results:
            self._results[known] = self._fitted(kind, unit)
        return self._results[known].get(key)

    def _fitted(self, kind: str, unit: _Unit) -> dict[tuple[str, ...], float | None]:
        """Fit the question on its old rows with one change made; nothing where that is impossible."""
        question = self._after if unit.settings else self._before
        before = self._rows(self._old)
        asked = before if unit.rows is None else unit.rows.apply(before)
        cells = {row: line for row, line in asked.items() if row in self._asked_for}
        if not cells:
            return {}
        # Studies that came with the change bring their facts with them: without them they could not be read.
        now, then = (side.get("studies", {}).get(question.studies, {}) for side in (self._new, self._old))
        known = {**now.get("info", {}), **({} if unit.facts else then.get("info", {}))}
        record = {"info_columns": now.get("info_columns", []), "info": known}
        try:
            with tempfile.TemporaryDirectory() as folder:
                studies = read_printed(record, cells, Path(folder))
            shop = _Scenario(self._recipe, studies)
            fits = {"pooled": shop.fit(question)} if kind == "one" else shop.comparison(question).fits
        except EvidenceError:
            return {}
        return dict(flat(manifests.json_numbers(of_fits(fits).numbers)))

    @cached_property
    def _asked_for(self) -> set[str]:
        chosen = [
            self._chosen(question, side)
            for question in (self._before, self._after)
            for side in (self._old, self._new)
        ]
        return {row for rows in chosen for row in rows}

    @cached_property
    def _studies(self) -> list[str]:
        new, old = self._rows(self._new), self._rows(self._old)
        lines = [(new.get(row) or old[row]).get("study", "") for row in self._asked_for]
        return sorted(set(lines))

    def _rows(self, side: Mapping[str, Any]) -> Rows:
        return rows_of(side.get("studies", {}).get(self._after.studies, {}))

    def _chosen(self, question: Question, side: Mapping[str, Any]) -> tuple[str, ...]:
        """Return the ids of the rows that a question asks for in the data of a manifest."""
        record = side.get("studies", {}).get(question.studies, {})
        if not record.get("rows"):
            return ()
        key = (id(side), question.studies)
        try:
            if key not in self._read:
                with tempfile.TemporaryDirectory() as folder:
                    self._read[key] = read_printed({}, rows_of(record), Path(folder))
            wanted = {column: list(values) for column, values in question.filter.items()}
            return tuple(self._read[key].where(**wanted).table["row_id"])
        except EvidenceError:
            return ()


def _with_settings(question: Question, said: Mapping[str, Any]) -> Question:
    if not said:
        return question
    known = {**said, "order": tuple(said["order"])}
    known["filter"] = {name: tuple(values) for name, values in said["filter"].items()}
    return replace(question, **known)


def _less(one: float | None, other: float | None) -> float | None:
    return None if one is None or other is None else Move("", (), other, one).change
