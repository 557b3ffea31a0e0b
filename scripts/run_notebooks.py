"""Run the notebooks top to bottom and keep what they show: python scripts/run_notebooks.py [NAME ...]."""

from __future__ import annotations

import sys
from pathlib import Path

import nbformat
from nbclient import NotebookClient

FOLDER = Path(__file__).parents[1] / "notebooks"
PLAIN = {
    "kernelspec": {"display_name": "Python 3", "language": "python", "name": "python3"},
    "language_info": {"name": "python"},
}
"""Metadata that do not change with the machine."""


def run(path: Path) -> None:
    """Execute a notebook in its folder and write it back without times and machine names."""
    notebook = nbformat.read(path, as_version=4)  # type: ignore[no-untyped-call]
    NotebookClient(
        notebook, timeout=600, kernel_name="python3", resources={"metadata": {"path": str(FOLDER)}}
    ).execute()
    notebook.metadata = nbformat.NotebookNode(PLAIN)  # type: ignore[no-untyped-call]
    for cell in notebook.cells:
        cell.metadata = nbformat.NotebookNode()  # type: ignore[no-untyped-call]
    nbformat.write(notebook, path)  # type: ignore[no-untyped-call]


def main() -> int:
    """Run the notebooks whose names begin with one of the words given, or all."""
    chosen = sys.argv[1:]
    for path in sorted(FOLDER.glob("*.ipynb")):
        if not chosen or any(path.stem.startswith(word) for word in chosen):
            run(path)
            print(path.name, flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
