"""Where the shipped data are: inside an installed wheel, or in the repository beside ``src``."""

from __future__ import annotations

from pathlib import Path

from evidence.errors import EvidenceError

__all__ = ["data_dir"]

_PACKAGE = Path(__file__).resolve().parent


def data_dir() -> Path:
    """Return the folder that holds the shipped ``studies.csv`` and its sidecars.

    A wheel carries the files as ``evidence/data``. An editable install has no such folder: there
    the repository's own ``data`` is used, so that an edited cell is seen at once and no second
    copy can go stale.

    Returns
    -------
    pathlib.Path
        An existing folder with ``studies.csv`` in it.

    Raises
    ------
    EvidenceError
        If neither place has the file, which means a broken installation.
    """
    for folder in (_PACKAGE / "data", _PACKAGE.parent.parent / "data"):
        if (folder / "studies.csv").is_file():
            return folder
    raise EvidenceError(
        f"the shipped data are missing from the installation at {_PACKAGE}; install the package again"
    )
