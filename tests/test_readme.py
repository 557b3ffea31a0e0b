"""The README is true: its code runs, its links and figure exist, its commands are the real ones."""

from __future__ import annotations

import re
from pathlib import Path

from matplotlib.axes import Axes

ROOT = Path(__file__).parents[1]
TEXT = (ROOT / "README.md").read_text(encoding="utf-8")


def test_python_block_runs_and_ends_in_a_chart() -> None:
    (block,) = re.findall(r"```python\n(.*?)```", TEXT, flags=re.DOTALL)
    lines = block.rstrip().splitlines()
    space: dict[str, object] = {}
    exec(compile("\n".join([*lines[:-1], f"drawn = {lines[-1]}"]), "README.md", "exec"), space)
    assert isinstance(space["drawn"], Axes)


def test_links_and_pictures_exist() -> None:
    targets = re.findall(r"\]\(([^)#]+)\)", TEXT)
    assert len(targets) > 5
    assert [target for target in targets if not (ROOT / target).exists()] == []


def test_it_fits_a_screen_or_so() -> None:
    assert len(TEXT.splitlines()) < 75


def test_named_row_and_commands_exist() -> None:
    import evidence as ev
    from evidence.cli import main

    assert "distefano2013_01" in set(ev.example_studies().table["row_id"])
    for command in re.findall(r"`evidence (\w+)", TEXT):
        assert main([command, "--help"]) == 0
