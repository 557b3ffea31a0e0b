"""A forest plot split over pages: few, evenly filled, nothing orphaned, the result on the last."""

from __future__ import annotations

from functools import lru_cache
from itertools import combinations, pairwise

import numpy as np
import pytest
from helpers_charts import LONG, assert_clean, visible_texts
from hypothesis import given, settings
from hypothesis import strategies as st
from matplotlib.axes import Axes

import evidence as ev
from evidence.charts.forest_rows import forest_rows
from evidence.charts.table_pages import page_breaks
from evidence.errors import ModelError


@lru_cache(maxsize=8)
def effects_of(k: int, long: bool = False) -> ev.Effects:
    """Synthetic rows in three groups of about equal size."""
    rng = np.random.default_rng(k)
    names = [f"{LONG} {1990 + i % 35}" if long else f"Author {chr(65 + i % 26)} {2000 + i}" for i in range(k)]
    return ev.effects_from(
        0.3 + 0.2 * rng.standard_normal(k),
        std_error=rng.uniform(0.15, 0.4, k),
        study=[f"s{i}" for i in range(k)],
        label=names,
        domain=[("strength", "power", "speed_agility")[3 * i // k] for i in range(k)],
        people=rng.integers(20, 120, k).astype(float),
    )


def words(ax: Axes) -> list[str]:
    return [text for text, _ in visible_texts(ax)]


def size(ax: Axes) -> tuple[float, float]:
    figure = ax.get_figure(root=True)
    assert figure is not None
    return float(figure.get_figwidth()), float(figure.get_figheight())


@pytest.mark.parametrize(
    ("medium", "most", "least"), [("slide", 7.5, 18.0), ("journal", 9.0, 7.0), ("notebook", 11.0, 8.0)]
)
@pytest.mark.parametrize(("k", "long"), [(3, False), (12, True), (40, False), (120, True)])
def test_pages_keep_their_height_and_are_clean(
    k: int, long: bool, medium: str, most: float, least: float
) -> None:
    pages = ev.forest_pages(ev.random_effects(effects_of(k, long)), medium=medium)
    for ax in pages:
        width, height = size(ax)
        assert height <= most + 1e-9
        if medium == "slide":
            assert (round(width, 2), height) == (13.33, 7.5)
        assert_clean(ax, least)


@pytest.mark.parametrize("medium", ["slide", "journal", "notebook"])
def test_every_row_stands_once_and_the_result_last(medium: str) -> None:
    fit = ev.random_effects(effects_of(40))
    pages = ev.forest_pages(fit, medium=medium, height=7.0)
    shown = [[text for text in words(ax) if text.startswith("Author")] for ax in pages]
    assert [text for page in shown for text in page] == list(fit.rows["label"])
    assert len(pages) > 1
    assert len(shown[-1]) >= 2
    for i, ax in enumerate(pages):
        assert ("Pooled" in words(ax)) == (i + 1 == len(pages))
        assert any(text.startswith(f"Page {i + 1} of {len(pages)}.") for text in words(ax))
        assert {"Study", "People"} <= set(words(ax))
        assert ev.alt_text(ax).startswith(
            f"Page {i + 1} of {len(pages)}. Forest plot of {len(shown[i])} rows"
        )
    ranges = {ax.spines["bottom"].get_bounds() for ax in pages}
    assert len(ranges) == 1  # one axis for all pages: a square means the same on each
    assert "pooled effect" in ev.alt_text(pages[-1]).casefold()
    assert "pooled effect" not in ev.alt_text(pages[0]).casefold()


def test_what_fits_is_one_page_without_a_number() -> None:
    (ax,) = ev.forest_pages(ev.random_effects(effects_of(3)), medium="slide")
    assert not [text for text in words(ax) if "Page" in text]
    assert ev.alt_text(ax) == ev.alt_text(ev.forest(ev.random_effects(effects_of(3))))


@pytest.mark.parametrize(("medium", "height"), [("slide", None), ("journal", 4.5), ("notebook", 6.0)])
def test_subgroups_are_not_orphaned(medium: str, height: float | None) -> None:
    found = ev.compare(effects_of(40), by="domain", model=ev.random_effects)
    pages = ev.forest_pages(found, medium=medium, height=height)
    heads = {"Strength", "Power", "Speed, agility"}
    for ax in pages:
        texts = words(ax)
        order = [
            t
            for t in texts
            if t.startswith("Author") or t.removesuffix(" (continued)") in heads or t == "Pooled"
        ]
        assert (
            order[0].removesuffix(" (continued)") in heads
        )  # a page begins with the heading it goes on with
        assert order[-1].removesuffix(" (continued)") not in heads
        for above, below in pairwise(order):
            if below == "Pooled":
                assert above.startswith("Author")
    firsts = [t for ax in pages for t in words(ax) if t in heads]
    assert firsts == ["Strength", "Power", "Speed, agility"]
    assert any("Between subgroups" in text for text in words(pages[-1]))


def test_a_page_that_is_too_low_is_refused() -> None:
    fit = ev.random_effects(effects_of(40))
    with pytest.raises(ModelError, match="greatest height of a page in inches"):
        ev.forest_pages(fit, height=0.2)
    with pytest.raises(ModelError, match="no room for rows"):
        ev.forest_pages(fit, medium="slide", height=1.2)


@given(
    st.lists(st.sampled_from([1.0, 2.0, 3.0]), min_size=1, max_size=9), st.integers(3, 8), st.integers(3, 8)
)
@settings(max_examples=120, deadline=None)
def test_the_breaks_are_the_fewest_and_most_even(heights: list[float], room: int, last: int) -> None:
    """Against every way to break, counted out."""
    n = len(heights)

    def cost(places: tuple[int, ...]) -> tuple[float, float] | None:
        edges = [0, *places, n]
        total = 0.0
        for i, (start, end) in enumerate(pairwise(edges)):
            limit = min(last, room) if i + 2 == len(edges) else room
            used = sum(heights[start:end])
            if used > limit:
                return None
            total += (last if i + 2 == len(edges) else room) - used and (
                (last if i + 2 == len(edges) else room) - used
            ) ** 2
        return len(edges) - 1, total

    ways = [cost(places) for m in range(n) for places in combinations(range(1, n), m)]
    best = min((way for way in ways if way is not None), default=None)
    pages = page_breaks(heights, room, last, together=[False] * n, headings=[None] * n)
    if best is None:
        assert pages is None
        return
    assert pages is not None
    assert [line for page in pages for line in page.lines] == list(range(n))
    starts = tuple(page.lines[0] for page in pages[1:])
    assert cost(starts) == best


def test_lines_that_belong_together_stay_together() -> None:
    pages = page_breaks([1.0] * 5, 3.0, 3.0, together=[False, False, False, True, True], headings=[None] * 5)
    assert pages is not None
    assert [page.lines for page in pages] == [(0, 1), (2, 3, 4)]
    assert page_breaks([1.0] * 5, 3.0, 3.0, together=[False] + [True] * 4, headings=[None] * 5) is None


def test_a_repeated_heading_takes_its_room() -> None:
    pages = page_breaks([1.0] * 5, 3.0, 3.0, together=[False] * 5, headings=[None, 0, 0, 0, 0])
    assert pages is not None
    assert [(page.lines, page.repeated) for page in pages] == [((0, 1, 2), False), ((0, 3, 4), True)]


def test_rows_of_pages_are_those_of_the_forest() -> None:
    rows = forest_rows(ev.compare(effects_of(12), by="domain", model=ev.random_effects))
    assert list(rows["role"]) == (["heading"] + ["row"] * 4 + ["subtotal", "statistics"]) * 3 + ["test"]
