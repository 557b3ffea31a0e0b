"""Which numbers moved since an earlier build, on which figure, table and slide, and which rows did it."""

from __future__ import annotations

import math
import os
import subprocess
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from evidence.publish import manifest as manifests
from evidence.publish.attribution import Asked, Part
from evidence.publish.build import MANIFEST, PREVIOUS
from evidence.publish.changes import rows_of, software_words
from evidence.publish.diff_words import change_words, diff_json, diff_text, shown
from evidence.publish.moved import Move, moves, pooled_of, same
from evidence.publish.recipe import Recipe, read_recipe
from evidence.publish.recipe_errors import BuildError
from evidence.publish.stage import OWN_FOLDER

if TYPE_CHECKING:
    import pandas as pd

    from evidence.studies.record import Studies

__all__ = ["DIFF_COLUMNS", "ROW_COLUMNS", "Diff", "diff"]

DIFF_COLUMNS = ("output", "kind", "where", "number", "old", "new", "change", "shown", "because")
"""Columns of `Diff.table`, in this order."""

ROW_COLUMNS = ("studies", "row_id", "study", "what", "column", "old", "new")
"""Columns of `Diff.rows`, in this order."""


@dataclass(frozen=True, repr=False)
class Diff:
    """What moved between two builds.

    Attributes
    ----------
    table : DataFrame
        One line a number that moved: the output, its kind, the result or row that the number belongs to,
        ``old`` and ``new`` on the model scale (NaN where there is none), ``shown`` as it is printed, and
        ``because``: the changes, each with what it alone does to the number.
    rows : DataFrame
        One line a row that was added or removed, and one line a cell of a row that changed.
    old : str
        What was compared with: a file, or a revision.
    notes : tuple of str
        What a reader should know: outputs that only one build has, data newer than the build.
    """

    table: pd.DataFrame
    rows: pd.DataFrame
    old: str
    notes: tuple[str, ...] = ()

    def __len__(self) -> int:
        """Return how many numbers moved."""
        return len(self.table)

    def __repr__(self) -> str:
        """Return one line that says how many."""
        return f"<Diff: {self.sentence()}>"

    def sentence(self) -> str:
        """Say in one line how much moved."""
        count, outputs = len(self.table), self.table["output"].nunique()
        if not count:
            return f"no number has moved since {self.old}"
        numbers = f"{count} number{'' if count == 1 else 's'}"
        return f"{numbers} moved in {outputs} output{'' if outputs == 1 else 's'} since {self.old}"

    def text(self) -> str:
        """Return what moved as plain text, output by output."""
        return diff_text(self)

    def json(self) -> str:
        """Return the same as JSON: ``moved``, ``rows``, ``notes``; what is not finite is null."""
        return diff_json(self)


def diff(
    old: str | os.PathLike[str] | None = None, *, recipe: str | os.PathLike[str] = "evidence.toml"
) -> Diff:
    """Compare the numbers of the last build with those of an earlier one.

    Parameters
    ----------
    old : str or path, optional
        A manifest, or a revision of git whose manifest is taken. Without it the committed one,
        ``manifest.json`` of ``HEAD``; where none is committed, the one that the build kept before a number
        last moved, ``.evidence/manifest-previous.json``.
    recipe : path
        The recipe, beside whose ``manifest.json`` the outputs are.

    Returns
    -------
    Diff
        Numbers that are equal to a billionth have not moved.

    Raises
    ------
    BuildError
        Where one of the two manifests is missing or cannot be read, or there is no earlier build yet.
    RecipeError
        Where the recipe is wrong.

    Notes
    -----
    What each change does is found by fitting the question again on its old rows with that change alone.
    Effects of several changes need not add up: the rest is named.
    """
    import pandas as pd

    plan = read_recipe(recipe)
    new = manifests.read_json(plan.root / MANIFEST)
    if not new.get("outputs"):
        raise BuildError(f"there is no {MANIFEST} beside {plan.path.name}: run evidence build first")
    before, name = _old_manifest(plan, old)
    found = moves(before.get("outputs", {}), new["outputs"])
    causes = _Causes(plan, before, new)
    lines = [_line(move, new["outputs"][move.output], before, causes) for move in found]
    rows = [line for source in _sources(before, new) for line in _row_lines(source, before, new)]
    return Diff(
        pd.DataFrame(lines, columns=list(DIFF_COLUMNS)).astype({"old": float, "new": float, "change": float}),
        pd.DataFrame(rows, columns=list(ROW_COLUMNS)),
        name,
        tuple(_notes(plan, before, new)),
    )


def _old_manifest(plan: Recipe, old: str | os.PathLike[str] | None) -> tuple[Mapping[str, Any], str]:
    """Return the older manifest and what to call it.

    Raises
    ------
    BuildError
        Where there is none.
    """
    if old is None:
        return _last_manifest(plan)
    if Path(old).is_file():
        found, name = manifests.read_json(Path(old)), str(old)
    else:
        name = os.fspath(old)
        found = manifests.parsed(_from_git(plan.root, name))
    if not found.get("outputs"):
        raise BuildError(f"{name} holds no manifest of a build: name one, such as evidence diff older.json")
    return found, name


def _last_manifest(plan: Recipe) -> tuple[Mapping[str, Any], str]:
    """Return the committed manifest, or the one before a number last moved, and what to call it.

    Raises
    ------
    BuildError
        Where there is neither.
    """
    try:
        found = manifests.parsed(_from_git(plan.root, "HEAD"))
    except BuildError:  # no git, no repository, or nothing committed: then the build's own copy
        found = {}
    if found.get("outputs"):
        return found, "the committed build"
    found = manifests.read_json(plan.root / OWN_FOLDER / PREVIOUS)
    if found.get("outputs"):
        return found, "the previous build"
    raise BuildError(
        "there is no earlier build to compare with yet: change the data or the recipe, run evidence build, "
        f"then evidence diff (or commit {MANIFEST} with git, or name an older one: evidence diff older.json)"
    )


def _from_git(root: Path, revision: str) -> str:
    """Return the manifest of a revision.

    Raises
    ------
    BuildError
        Where there is no git, no repository, no such revision, or no manifest in it.
    """
    way_out = f"keep a copy of {MANIFEST} and name it: evidence diff older.json"
    if revision.startswith("-"):
        raise BuildError(f"{revision!r} is neither a file nor a revision of git; {way_out}")
    command = ["git", "-C", str(root), "show", f"{revision}:./{MANIFEST}"]
    try:
        done = subprocess.run(command, capture_output=True, check=False)
    except OSError as error:
        raise BuildError(
            f"git cannot be started, so there is no earlier build to look up; {way_out}"
        ) from error
    if done.returncode:
        said = done.stderr.decode("utf-8", "replace").strip().splitlines()
        reason = said[0].removeprefix("fatal: ") if said else "git failed"
        raise BuildError(
            f"no manifest of {revision} ({reason}); commit {MANIFEST} with what was built, or {way_out}"
        )
    return done.stdout.decode("utf-8", "replace")


class _Causes:
    """Says what moved each number; questions are looked into once."""

    def __init__(self, plan: Recipe, old: Mapping[str, Any], new: Mapping[str, Any]) -> None:
        self._old, self._new = old, new
        read: dict[tuple[int, str], Studies] = {}
        self._asked = {
            question.id: Asked(plan, question, old, new, read)
            for question in plan.questions
            if question.id in old.get("questions", {})
        }
        self._told: list[tuple[Move, str]] = []

    def of(self, move: Move, entry: Mapping[str, Any]) -> str:
        """Return the words for one number."""
        copied = next((words for other, words in self._told if _is_copy(move, other)), "")
        if copied:
            return copied
        asked = self._question(move, entry)
        if asked is None or not self._old.get("studies"):
            return self._whatever(entry)
        if pooled_of(entry, move.place) and not move.is_share:
            parts = asked.parts(move, entry)
            words = "; ".join(_part_words(part, move, entry) for part in parts) or self._whatever(entry)
            self._told.append((move, words))
            return words
        row = move.place[-1] if move.is_share else next((name for name in move.place[::-1][1:2]), "")
        touching = [change.words for change in asked.changes if not move.is_share and row in change.rows]
        return "; ".join(touching) or self._whatever(entry)

    def _question(self, move: Move, entry: Mapping[str, Any]) -> Asked | None:
        names = list(entry.get("questions", ()))
        if len(names) > 1:
            place = ": ".join(move.place)
            names = [name for name in names if f": {name}: " in f": {place}: "]
        return self._asked.get(names[0]) if len(names) == 1 else None

    def _whatever(self, entry: Mapping[str, Any]) -> str:
        """Return all that changed for the questions of an output, where a number cannot be fitted again."""
        told: dict[str, None] = {}
        for name in entry.get("questions", ()):
            asked = self._asked.get(name)
            if asked is not None:
                settings = [f"recipe: {asked.settings}"] if asked.settings else []
                facts = [asked.facts] if asked.facts else []
                told |= dict.fromkeys([*(change.words for change in asked.changes), *settings, *facts])
        if told:
            return "; ".join(told)
        return software_words(self._old.get("versions", {}), self._new.get("versions", {}))


def _is_copy(move: Move, other: Move) -> bool:
    """Tell whether a number on a slide, say, is one that was explained where it comes from."""
    return move.place[-1] == other.place[-1] and same(move.old, other.old) and same(move.new, other.new)


def _part_words(part: Part, move: Move, entry: Mapping[str, Any]) -> str:
    return f"{part.words}{change_words(part.by, move, pooled_of(entry, move.place))}"


def _line(move: Move, entry: Mapping[str, Any], before: Mapping[str, Any], causes: _Causes) -> dict[str, Any]:

    return {
        "output": move.output,
        "kind": entry.get("kind", ""),
        "where": move.where,
        "number": move.number,
        "old": math.nan if move.old is None else move.old,
        "new": math.nan if move.new is None else move.new,
        "change": math.nan if move.change is None else move.change,
        "shown": shown(move, pooled_of(entry, move.place)),
        "because": causes.of(move, entry),
    }


def _sources(old: Mapping[str, Any], new: Mapping[str, Any]) -> Iterable[str]:
    return dict.fromkeys([*new.get("studies", {}), *old.get("studies", {})])


def _row_lines(source: str, old: Mapping[str, Any], new: Mapping[str, Any]) -> list[dict[str, str]]:
    before, after = (rows_of(side.get("studies", {}).get(source, {})) for side in (old, new))
    lines = []
    for row in dict.fromkeys([*after, *before]):
        one, other = before.get(row), after.get(row)
        base = {"studies": source, "row_id": row, "study": (other or one or {}).get("study", "")}
        if one is None or other is None:
            what = "added" if one is None else "removed"
            lines.append({**base, "what": what, "column": "", "old": "", "new": ""})
            continue
        for name in dict.fromkeys([*one, *other]):
            if one.get(name) != other.get(name):
                cells = {"column": name, "old": one.get(name, ""), "new": other.get(name, "")}
                lines.append({**base, "what": "changed", **cells})
    return lines


def _notes(plan: Recipe, old: Mapping[str, Any], new: Mapping[str, Any]) -> Iterable[str]:
    if new.get("inputs") != manifests.input_hashes(plan):
        yield "data or recipe have changed since the last build: run evidence build, then this again"
    if not old.get("studies"):
        yield "the older manifest holds no rows, so that they cannot be compared"
    for side, other, words in ((new, old, "new since then"), (old, new, "no longer made")):
        names = [name for name in side.get("outputs", {}) if name not in other.get("outputs", {})]
        if names:
            yield f"{words}: {', '.join(names)}"
