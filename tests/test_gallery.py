"""The gallery holds every public chart, and its page shows each of them."""

from __future__ import annotations

import importlib.util
import inspect
import re
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from matplotlib.axes import Axes

import evidence as ev
from evidence.charts.gallery import GALLERY
from evidence.charts.style import MEDIA

DOCS = Path(__file__).parents[1] / "docs"


def public_charts() -> set[str]:
    """Public functions of the charts that return an Axes: `..._pages` draw what another one draws."""
    return {
        name
        for name in ev.__all__
        if inspect.isfunction(thing := getattr(ev, name))
        and thing.__module__.startswith("evidence.charts.")
        and str(thing.__annotations__.get("return")) == "Axes"
    }


def test_every_public_chart_is_in_the_gallery() -> None:
    assert len(public_charts()) >= 12
    assert public_charts() == {shown.name.split(",")[0] for shown in GALLERY}


@pytest.mark.parametrize("name", sorted(public_charts()))
def test_an_array_of_subplots_is_refused_in_words(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    chart = getattr(ev, name)
    shown = next(shown for shown in GALLERY if shown.name.split(",")[0] == name)

    def drawn(*values: Any, **choices: Any) -> Axes:  # noqa: ANN401
        return chart(*values, **{**choices, "ax": np.array([None, None], object)})

    for module in list(sys.modules.values()):
        if module.__name__.startswith("evidence") and getattr(module, name, None) is chart:
            monkeypatch.setattr(module, name, drawn)
    with pytest.raises(ev.ModelError, match=r"ax= takes one matplotlib Axes, such as axes\[0\]"):
        shown.draw(None, False)


def test_names_are_told_apart() -> None:
    names = [shown.name for shown in GALLERY]
    assert len(set(names)) == len(names)


def test_the_page_shows_every_chart_with_pictures_that_exist_and_say_what_they_show() -> None:
    page = (DOCS / "gallery.md").read_text(encoding="utf-8")
    pictures = re.findall(r"!\[([^\]]*)\]\(gallery/([^)]+)\)", page)
    assert {path.name for path in (DOCS / "gallery").glob("*.png")} == {name for _, name in pictures}
    assert all(len(alt) > 40 for alt, _ in pictures)
    for shown in GALLERY:
        part = page.split(f"\n## {shown.name}\n")[1].split("\n## ")[0]
        assert shown.data in part
        for medium in MEDIA:
            assert re.search(rf"^{medium}[,:]", part, flags=re.MULTILINE) or "more than one slide" in part
        assert "\n> " in part  # its caption


def test_the_pictures_are_of_these_charts_and_data() -> None:
    spec = importlib.util.spec_from_file_location("write_gallery", DOCS.parent / "scripts/write_gallery.py")
    assert spec is not None
    assert spec.loader is not None
    script = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(script)
    # Where this fails: python3 run.py build draws the gallery anew.
    assert script.stamp_now() in (DOCS / "gallery.md").read_text(encoding="utf-8")


def test_the_pictures_are_small_files() -> None:
    assert sum(path.stat().st_size for path in (DOCS / "gallery").glob("*.png")) < 9e6
