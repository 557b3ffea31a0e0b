"""What `docs/mapping.md` says is what the language takes (issue C, point 9)."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

import pytest

from evidence.studies.mapping_keys import ARM_NAMES, read_mapping

DOCS = Path(__file__).parents[1] / "docs"
PAGE = (DOCS / "mapping.md").read_text(encoding="utf-8")
BLOCKS = re.findall(r"```toml\n(.*?)```", PAGE, flags=re.DOTALL)


@pytest.mark.parametrize("block", BLOCKS, ids=[block.split("\n", 1)[0] for block in BLOCKS])
def test_each_example_of_the_page_is_a_mapping(block: str) -> None:
    sections = tomllib.loads(block)
    columns = {"study": "study", **sections.get("columns", {})}
    if "outcome" not in sections.get("spread", {}):
        columns = {"outcome": "outcome", **columns}
    if "pairs" in sections and "arm" not in sections:
        sections["arm"] = {"name": "group"}
    mapping = read_mapping({**sections, "columns": columns})
    assert mapping.columns["study"].names


@pytest.mark.parametrize("name", ["older_adults_machines", "range_of_motion"])
def test_the_worked_mappings_are_short_and_sound(name: str) -> None:
    """Issue C, "Done when": a mapping of at most 40 lines each."""
    path = DOCS / "mappings" / f"{name}.toml"
    assert len(path.read_text(encoding="utf-8").splitlines()) <= 40
    mapping = read_mapping(path)
    assert mapping.is_long == (name == "older_adults_machines")
    assert f"mappings/{name}.toml" in PAGE


def test_the_page_names_every_key() -> None:
    for key in (
        "encoding",
        "delimiter",
        "sheet",
        "header",
        "below_header",
        "comment",
        "skip_lines",
        "fill_down",
    ):
        assert re.search(rf"\b{key}\b", PAGE), key
    for key in (
        "words",
        "where",
        "part",
        "times",
        "default",
        "missing",
        "unreadable",
        "join",
        "thousands",
        "remove",
    ):
        assert re.search(rf"\b{key}\b", PAGE), key
    assert {"name", "n", "pre_mean", "post_se", "change_ci_low", "r", "t_within", "events"} <= set(ARM_NAMES)
