"""The notebooks: run top to bottom, hold no definitions, and are committed with what they show."""

from __future__ import annotations

import ast
import warnings
from pathlib import Path

import nbformat
import pytest
from nbclient import NotebookClient

NOTEBOOKS = sorted((Path(__file__).parents[1] / "notebooks").glob("*.ipynb"))

pytestmark = pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)


def read(path: Path) -> nbformat.NotebookNode:
    return nbformat.read(path, as_version=4)


def code(path: Path) -> list[nbformat.NotebookNode]:
    return [cell for cell in read(path).cells if cell.cell_type == "code"]


def texts(cells: list[nbformat.NotebookNode]) -> list[list[str]]:
    """Return what each cell prints and shows as text: chunks of a stream are one text."""
    shown = []
    for cell in cells:
        stream = "".join(output.text for output in cell.outputs if output.output_type == "stream")
        plain = [output.data.get("text/plain", "") for output in cell.outputs if "data" in output]
        shown.append([stream, *(text for text in plain if not text.startswith("<Figure"))])
    return shown


@pytest.mark.slow
def test_runs_top_to_bottom_and_shows_what_is_committed(path: Path) -> None:
    notebook = read(path)
    committed = texts(code(path))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # those of the kernel's own process start, not of the package
        NotebookClient(
            notebook, timeout=300, kernel_name="python3", resources={"metadata": {"path": str(path.parent)}}
        ).execute()
    cells = [cell for cell in notebook.cells if cell.cell_type == "code"]
    assert texts(cells) == committed
    stderr = [
        output.text
        for cell in cells
        for output in cell.outputs
        if output.get("output_type") == "stream" and output.get("name") == "stderr"
    ]
    assert stderr == []


def test_holds_no_definitions(path: Path) -> None:
    for cell in code(path):
        tree = ast.parse(cell.source)
        assert not [
            node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef | ast.ClassDef | ast.Lambda)
        ]


def test_is_committed_executed_in_order_with_its_charts(path: Path) -> None:
    cells = code(path)
    assert [cell.execution_count for cell in cells] == list(range(1, len(cells) + 1))
    assert any("image/png" in output.get("data", {}) for cell in cells for output in cell.outputs)


def test_cells_are_short(path: Path) -> None:
    assert max(len(cell.source.splitlines()) for cell in code(path)) <= 6
