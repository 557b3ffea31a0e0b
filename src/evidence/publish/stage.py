"""Outputs are made aside, and only finished ones take their place."""

from __future__ import annotations

import contextlib
import shutil
import tempfile
from collections.abc import Iterable, Iterator
from pathlib import Path

from evidence._files import replace_file, write_atomically
from evidence.publish.manifest import file_hash

__all__ = ["OWN_FOLDER", "prepare", "put_in_place", "staging", "workspace"]

OWN_FOLDER = ".evidence"
"""Name of the folder beside the recipe for the build's own files."""

_PREFIX = "tmp-"


def workspace(root: Path) -> Path:
    """Return the folder for the build's own files beside the recipe; version control ignores it.

    Parameters
    ----------
    root : Path
        The folder of the recipe.
    """
    folder = root / OWN_FOLDER
    folder.mkdir(exist_ok=True)
    ignore = folder / ".gitignore"
    if not ignore.exists():
        write_atomically(ignore, "*\n")
    return folder


@contextlib.contextmanager
def staging(folder: Path) -> Iterator[Path]:
    """Make a folder for unfinished outputs, and remove it whatever happens.

    Folders of builds that were killed are removed as well: whoever calls this holds the lock, so none of
    them is in use.

    Parameters
    ----------
    folder : Path
        The build's own folder, as from `workspace`.

    Yields
    ------
    Path
        An empty folder on the same disk as the outputs.
    """
    for left_behind in folder.glob(f"{_PREFIX}*"):
        shutil.rmtree(left_behind, ignore_errors=True)
    stage = Path(tempfile.mkdtemp(prefix=_PREFIX, dir=folder))
    try:
        yield stage
    finally:
        shutil.rmtree(stage, ignore_errors=True)


def prepare(stage: Path, names: Iterable[str]) -> list[Path]:
    """Return paths in the stage for some files, with their folders made."""
    paths = [stage / name for name in names]
    for path in paths:
        path.parent.mkdir(parents=True, exist_ok=True)
    return paths


def put_in_place(stage: Path, root: Path, names: Iterable[str]) -> list[str]:
    """Move finished files to their places, each in one step; equal ones stay untouched.

    Parameters
    ----------
    stage, root : Path
        Where the files are, and the folder of the recipe.
    names : iterable of str
        Paths relative to both.

    Returns
    -------
    list of str
        The files whose bytes changed.
    """
    changed = []
    for name in names:
        source, target = stage / name, root / name
        if file_hash(source) == file_hash(target):
            continue
        target.parent.mkdir(parents=True, exist_ok=True)
        replace_file(source, target)
        changed.append(name)
    return changed
