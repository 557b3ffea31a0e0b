"""The build: from a recipe to finished files, each replaced in one step, none half-written."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from evidence._check import one_of
from evidence._files import system_reason, write_atomically
from evidence.publish import manifest as manifests
from evidence.publish.freshness import Freshness
from evidence.publish.lock import held
from evidence.publish.moved import moves
from evidence.publish.plan import Output, chosen, planned
from evidence.publish.recipe import Recipe, read_recipe
from evidence.publish.recipe_errors import BuildError
from evidence.publish.recipe_keys import MEDIA
from evidence.publish.stage import prepare, put_in_place, staging, workspace
from evidence.publish.workers import made_by_workers, made_here, useful_workers

if TYPE_CHECKING:
    from evidence.publish.workshop import Workshop

__all__ = ["MANIFEST", "PREVIOUS", "Built", "build"]

MANIFEST = "manifest.json"
"""Name of the manifest, beside the recipe."""

PREVIOUS = "manifest-previous.json"
"""Name, in the build's own folder, of the manifest before a number last moved."""

_STAMPS = "stamps.json"

Say = Callable[[str], None]


@dataclass(frozen=True)
class Built:
    """What a build did.

    Attributes
    ----------
    made : tuple of str
        Ids of the outputs that were made.
    current : tuple of str
        Ids of the outputs that were asked for and already up to date.
    changed : tuple of str
        Files whose bytes changed, relative to the recipe.
    seconds : float
        How long it took.
    """

    made: tuple[str, ...]
    current: tuple[str, ...]
    changed: tuple[str, ...]
    seconds: float


def build(
    recipe: str | os.PathLike[str] = "evidence.toml",
    *,
    only: str | None = None,
    medium: str | None = None,
    progress: Say | None = None,
    wait: float = 600.0,
    workers: int | None = 1,
) -> Built:
    """Make what a recipe asks for, and nothing that is up to date.

    Everything is first made in a folder aside. Only when all of it is finished do the files take their
    places, each in one step: a build that fails or is interrupted leaves the previous files whole.

    Parameters
    ----------
    recipe : path
        The recipe; paths in it are relative to its folder.
    only : str, optional
        Id of a question, a table or one output: make this alone and leave the rest as it is.
    medium : str, optional
        ``notebook``, ``slide``, ``journal`` or ``journal-single``: draw the figures for it; those for another
        medium than ``notebook`` have it in their file names.
    progress : callable, optional
        Receives one line of text a step.
    wait : float
        Seconds to wait for another build in the same folder.
    workers : int or None
        Processes that make outputs; None takes as many as there are processors and enough to do. 1 starts
        none, so that a script needs no guard (``if __name__ == "__main__":``). The bytes are the same.

    Returns
    -------
    Built
        What was made and what was up to date.

    Raises
    ------
    RecipeError
        Where the recipe is wrong.
    BuildError
        Where an output cannot be made or written, with the reason; nothing has changed then.
    """
    started = time.monotonic()
    say: Say = progress or (lambda _: None)
    plan = read_recipe(recipe)
    drawn_for = None if medium is None else one_of("medium", medium, MEDIA, error=BuildError)
    wanted = chosen(planned(plan, drawn_for), only)
    try:
        own = workspace(plan.root)
        with held(own / "lock", wait=wait, say=say):
            made, changed = _make_what_is_stale(plan, wanted, own, workers, say)
    except OSError as error:
        raise BuildError(f"{system_reason(error)}. The previous files are whole") from error
    current = tuple(output.id for output in wanted if output.id not in made)
    return Built(made, current, changed, time.monotonic() - started)


def _make_what_is_stale(
    plan: Recipe, wanted: tuple[Output, ...], own: Path, workers: int | None, say: Say
) -> tuple[tuple[str, ...], tuple[str, ...]]:
    inputs, versions = manifests.input_hashes(plan), manifests.versions()
    before = manifests.read_json(plan.root / MANIFEST)
    stamps = manifests.read_json(own / _STAMPS)
    entries: dict[str, Any] = (
        dict(before.get("outputs", {})) if before.get("format") == manifests.FORMAT else {}
    )
    desk = _Desk(plan, inputs, say)
    fresh = Freshness(
        plan,
        inputs=inputs,
        software={**versions, "source of the package": manifests.source_hash()},
        stamps=stamps,
        entries=entries,
        content=desk.content,
    )
    stale = [output for output in wanted if not fresh.is_current(output)]
    entries, gone = _still_in_recipe(plan, entries)
    for name in gone:
        say(f"{name} is no longer in the recipe: its files stay, the manifest leaves it out")
    changed: list[str] = []
    if stale or gone or before.get("inputs") != inputs or before.get("versions") != versions:
        with staging(own) as stage:
            made = _make(stale, stage, desk, fresh, workers, say)
            entries = _in_order(plan, {**entries, **made})
            new = manifests.manifest(plan, inputs, versions, entries, desk.workshop)
            files = [name for output in stale for name in output.files]
            _write(stage / MANIFEST, manifests.as_json(new))
            _keep(plan.root / MANIFEST, own / PREVIOUS, before, entries)
            # The manifest comes last: until then, the old one tells which files are to be made again.
            changed = put_in_place(stage, plan.root, [*files, MANIFEST])
    others = [output for output in _all_planned(plan) if output.id in entries and output not in wanted]
    older = [output.id for output in others if fresh.is_older(output)]
    kept = {name: stamp for name, stamp in stamps.items() if name in older}
    current = [*wanted, *(output for output in others if output.id not in older and output.id in stamps)]
    new_stamps = {**kept, **{output.id: fresh.stamp(output) for output in current}}
    if new_stamps != stamps:
        write_atomically(own / _STAMPS, manifests.as_json(new_stamps))
    if older:
        say(f"older than the data or the recipe, as not asked for: {', '.join(older)}")
    return tuple(output.id for output in stale), tuple(changed)


class _Desk:
    """Opens the workshop only where something has to be read: an unchanged build reads nothing."""

    def __init__(self, plan: Recipe, inputs: Mapping[str, str], say: Say) -> None:
        self.plan, self._inputs, self._say = plan, inputs, say

    @cached_property
    def workshop(self) -> Workshop:
        from evidence.publish.workshop import Workshop

        self._say(f"reading {', '.join(name for name in self._inputs if name.endswith('.csv'))}")
        return Workshop(self.plan)

    def content(self, output: Output) -> str:
        from evidence.publish.content import content_hash

        return content_hash(output, self.workshop)


def _make(
    outputs: list[Output], stage: Path, desk: _Desk, fresh: Freshness, workers: int | None, say: Say
) -> dict[str, Any]:
    """Make outputs in the stage and return their entries of the manifest.

    Raises
    ------
    BuildError
        Naming the output that cannot be made, and why.
    OSError
        Where the system refuses to write; the caller says so in words.
    """
    contents = {output.id: fresh.content(output) for output in outputs}
    for output in outputs:
        prepare(stage, output.files)
    count = useful_workers(outputs) if workers is None else workers
    done = (
        made_by_workers(outputs, desk.plan, stage, count)
        if count > 1
        else made_here(outputs, desk.workshop, stage)
    )
    entries = {}
    for position, (output, made, seconds) in enumerate(done if outputs else (), start=1):
        entries[output.id] = {
            "kind": output.kind,
            "title": output.title,
            "questions": list(output.questions),
            "inputs": contents[output.id],
            "files": {name: manifests.file_hash(stage / name) for name in output.files},
            "studies": list(made.studies),
            "rows": list(made.rows),
            "left_out": list(made.left_out),
            "numbers": manifests.json_numbers(made.numbers),
        }
        say(f"[{position}/{len(outputs)}] {output.id} ({seconds:.1f} s)")
    return entries


def _all_planned(plan: Recipe) -> tuple[Output, ...]:
    """List the outputs of a recipe for every medium, in its order."""
    found = {output.id: output for medium in (None, *MEDIA) for output in planned(plan, medium)}
    return tuple(found.values())


def _still_in_recipe(plan: Recipe, entries: Mapping[str, Any]) -> tuple[dict[str, Any], list[str]]:
    known = {output.id for output in _all_planned(plan)}
    kept = {name: entry for name, entry in entries.items() if name in known}
    return kept, [name for name in entries if name not in known]


def _in_order(plan: Recipe, entries: Mapping[str, Any]) -> dict[str, Any]:
    """Sort entries as the recipe does, so that the manifest does not depend on what was made when."""
    return {output.id: entries[output.id] for output in _all_planned(plan) if output.id in entries}


def _keep(manifest: Path, previous: Path, before: Mapping[str, Any], entries: Mapping[str, Any]) -> None:
    """Keep a copy of the manifest that a build replaces, where a number moves: what is compared with later.

    It is made before anything takes its place. A build that is killed in between leaves the two equal, and
    the next one makes the same copy.
    """
    if moves(before.get("outputs", {}), entries):
        write_atomically(previous, manifest.read_bytes())


def _write(path: Path, text: str) -> None:
    path.write_text(text, encoding="utf-8", newline="\n")
