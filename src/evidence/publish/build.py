"""The build: from a recipe to finished files, each replaced in one step, none half-written."""

from __future__ import annotations

import errno
import os
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from evidence._check import one_of
from evidence._files import write_atomically
from evidence.errors import EvidenceError
from evidence.publish import manifest as manifests
from evidence.publish.lock import held
from evidence.publish.plan import Output, chosen, planned
from evidence.publish.recipe import Recipe, read_recipe
from evidence.publish.recipe_errors import BuildError
from evidence.publish.recipe_keys import MEDIA
from evidence.publish.stage import prepare, put_in_place, staging, workspace

__all__ = ["MANIFEST", "Built", "build"]

MANIFEST = "manifest.json"
"""Name of the manifest, beside the recipe."""

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
            made, changed = _make_what_is_stale(plan, wanted, own, say)
    except OSError as error:
        raise BuildError(f"{_system_reason(error)}. The previous files are whole") from error
    current = tuple(output.id for output in wanted if output.id not in made)
    return Built(made, current, changed, time.monotonic() - started)


def _make_what_is_stale(
    plan: Recipe, wanted: tuple[Output, ...], own: Path, say: Say
) -> tuple[tuple[str, ...], tuple[str, ...]]:
    inputs = manifests.input_hashes(plan)
    versions = manifests.versions()
    basis = {**inputs, **versions, "source of the package": manifests.source_hash()}
    before = manifests.read_json(plan.root / MANIFEST)
    stamps = manifests.read_json(own / _STAMPS)
    entries: dict[str, Any] = (
        dict(before.get("outputs", {})) if before.get("format") == manifests.FORMAT else {}
    )
    stamp_of = {output.id: manifests.combined({**basis, "output": repr(output)}) for output in wanted}
    stale = [
        output
        for output in wanted
        if stamps.get(output.id) != stamp_of[output.id] or not _is_whole(plan.root, output, entries)
    ]
    entries, gone = _still_in_recipe(plan, entries)
    for name in gone:
        say(f"{name} is no longer in the recipe: its files stay, the manifest leaves it out")
    changed: list[str] = []
    if stale or gone:
        with staging(own) as stage:
            fresh = _make(plan, stale, stage, inputs, say)
            entries = _in_order(plan, {**entries, **fresh})
            new = _manifest(plan, inputs, versions, entries)
            files = [name for output in stale for name in output.files]
            _write(stage / MANIFEST, manifests.as_json(new))
            # The manifest comes last: until then, the old one tells which files are to be made again.
            changed = put_in_place(stage, plan.root, [*files, MANIFEST])
        kept = {name: stamp for name, stamp in stamps.items() if name in entries}
        stamps = {**kept, **{output.id: stamp_of[output.id] for output in stale}}
        write_atomically(own / _STAMPS, manifests.as_json(stamps))
    _say_what_is_older(entries, wanted, manifests.combined(inputs), say)
    return tuple(output.id for output in stale), tuple(changed)


def _say_what_is_older(entries: Mapping[str, Any], wanted: tuple[Output, ...], inputs: str, say: Say) -> None:
    """Name what was not asked for and rests on older data: slides, or the rest beside ``--only``."""
    asked = {output.id for output in wanted}
    older = [name for name, entry in entries.items() if name not in asked and entry.get("inputs") != inputs]
    if older:
        say(f"older than the data or the recipe, as not asked for: {', '.join(older)}")


def _is_whole(root: Path, output: Output, entries: Mapping[str, Any]) -> bool:
    """Tell whether every file of an output is there with the bytes that were written."""
    recorded = entries.get(output.id, {}).get("files", {})
    return list(recorded) == list(output.files) and all(
        recorded[name] == manifests.file_hash(root / name) for name in output.files
    )


def _make(
    plan: Recipe, outputs: list[Output], stage: Path, inputs: Mapping[str, str], say: Say
) -> dict[str, Any]:
    """Make outputs in the stage and return their entries of the manifest.

    Raises
    ------
    BuildError
        Naming the output that cannot be made, and why.
    OSError
        Where the system refuses to write; the caller says so in words.
    """
    if not outputs:
        return {}
    from evidence.publish.make import make
    from evidence.publish.workshop import Workshop

    say(f"reading {', '.join(name for name in inputs if name.endswith('.csv'))}")
    workshop = Workshop(plan)
    entries = {}
    for position, output in enumerate(outputs, start=1):
        began = time.monotonic()
        paths = prepare(stage, output.files)
        try:
            made = make(output, workshop, stage)
        except EvidenceError as error:
            raise BuildError(f"{output.id} cannot be made:\n{error}") from error
        except OSError:
            raise
        except Exception as error:
            # A fault of ours must not look like a fault of the data; the cause is kept for a report.
            reason = f"{type(error).__name__}: {error}"
            raise BuildError(f"{output.id} cannot be made, by a fault in the package: {reason}") from error
        missing = [path.name for path in paths if not path.is_file()]
        if missing:
            raise BuildError(
                f"{output.id} cannot be made, by a fault in the package: no {', '.join(missing)}"
            )
        entries[output.id] = {
            "kind": output.kind,
            "title": output.title,
            "questions": list(output.questions),
            "inputs": manifests.combined(inputs),
            "files": {name: manifests.file_hash(stage / name) for name in output.files},
            "studies": list(made.studies),
            "rows": list(made.rows),
            "left_out": list(made.left_out),
            "numbers": manifests.json_numbers(made.numbers),
        }
        say(f"[{position}/{len(outputs)}] {output.id} ({time.monotonic() - began:.1f} s)")
    return entries


def _still_in_recipe(plan: Recipe, entries: Mapping[str, Any]) -> tuple[dict[str, Any], list[str]]:
    known = {output.id for medium in (None, *MEDIA) for output in planned(plan, medium)}
    kept = {name: entry for name, entry in entries.items() if name in known}
    return kept, [name for name in entries if name not in known]


def _in_order(plan: Recipe, entries: Mapping[str, Any]) -> dict[str, Any]:
    """Sort entries as the recipe does, so that the manifest does not depend on what was made when."""
    order = dict.fromkeys(output.id for medium in (None, *MEDIA) for output in planned(plan, medium))
    return {name: entries[name] for name in order if name in entries}


def _manifest(
    plan: Recipe, inputs: Mapping[str, str], versions: Mapping[str, str], entries: Mapping[str, Any]
) -> dict[str, Any]:
    return {
        "format": manifests.FORMAT,
        "title": plan.project.title,
        "versions": dict(versions),
        "inputs": dict(inputs),
        "inputs_combined": manifests.combined(inputs),
        "outputs": dict(entries),
    }


def _write(path: Path, text: str) -> None:
    path.write_text(text, encoding="utf-8", newline="\n")


def _system_reason(error: OSError) -> str:
    where = f" ({error.filename})" if error.filename else ""
    if error.errno == errno.ENOSPC:
        return f"there is no space left on the disk{where}"
    if error.errno in (errno.EACCES, errno.EPERM, errno.EROFS):
        return f"access is not allowed{where}: check the rights of files and folder, and close open files"
    return f"the system refused: {error.strerror or error}{where}"
