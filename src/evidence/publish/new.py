"""A working starter: invented example data, a recipe and a notebook, ready to build."""

from __future__ import annotations

import os
import shutil
import tempfile
from pathlib import Path

from evidence.publish.recipe_errors import BuildError

__all__ = ["STARTER", "new"]

STARTER = Path(__file__).resolve().parent / "starter"
"""The folder that is copied; its studies are invented, and every one of them says so."""


def new(folder: str | os.PathLike[str]) -> Path:
    """Make a folder in which ``evidence build`` runs at once.

    Parameters
    ----------
    folder : path
        The folder to make. It must not exist yet, or be empty: nothing of anyone's is overwritten.

    Returns
    -------
    Path
        The folder.

    Raises
    ------
    BuildError
        Where the folder holds something, is a file, or cannot be made.
    """
    target = Path(folder)
    if target.is_file():
        raise BuildError(f"{target} is a file: name a folder that does not exist yet")
    if target.is_dir() and any(target.iterdir()):
        raise BuildError(
            f"the folder {target} is not empty, and nothing in it is overwritten: name another one"
        )
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        # Copied aside first, so that an interrupted copy does not leave half a starter under the name.
        aside = Path(tempfile.mkdtemp(prefix=".evidence-new-", dir=target.parent))
        try:
            ready = aside / "starter"
            # copyfile: the installed files may be read-only, their copies must not be.
            shutil.copytree(
                STARTER, ready, copy_function=shutil.copyfile, ignore=shutil.ignore_patterns("__*")
            )
            if target.is_dir():
                target.rmdir()
            os.replace(ready, target)
        finally:
            shutil.rmtree(aside, ignore_errors=True)
    except OSError as error:
        raise BuildError(f"the folder {target} cannot be made: {error.strerror or error}") from error
    return target
