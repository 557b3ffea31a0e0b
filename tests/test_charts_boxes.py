"""Every chart, measured: nothing clips, overlaps or is too small, in all media, at 3 to 120 rows."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from helpers_boxes import assert_clean, assert_fits
from matplotlib.axes import Axes
from matplotlib.figure import Figure

import evidence as ev
from evidence.charts.gallery import GALLERY, LONG_LABEL, SIZES, Shown, invented_effects
from evidence.charts.gallery_data import changes, exact_effects, flow, grouped, over_weeks
from evidence.charts.said import said_of
from evidence.charts.style import MEDIA, THEMES
from evidence.errors import ModelError

CELLS: dict[str, list[tuple[int, bool]]] = {
    "notebook": [(3, False), (12, True), (40, True), (120, False)],
    "slide": [(12, False), (12, True)],
    "journal": [(12, True), (40, False)],
    "journal-single": [(12, True)],
}
"""Rows, and whether labels are long; chosen so that each medium and each size is met."""

SENSITIVE = ("tornado", "gosh_chart", "specification_curve")
FEW: dict[str, list[tuple[int, bool]]] = {
    "notebook": [(40, True)],
    "slide": [(12, False)],
    "journal": [(12, True)],
    "journal-single": [(12, True)],
}
"""The same for variants of a chart that is drawn in all sizes."""

NOT_POOLED = (
    "effect_direction",
    "harvest",
    "evidence_map",
    "albatross",
    "trial",
    "trap_chart",
    "risk_of_bias_table",
    "prisma",
    "dumbbell",
)


def cells() -> Iterator[tuple[Shown, str, int | None, bool]]:
    for shown in GALLERY:
        for medium, sizes in (CELLS if shown.usual else FEW).items():
            for rows, long in sizes if shown.scales else [(None, False)]:
                yield shown, medium, rows, long


def test_labels_and_sizes_are_those_of_the_task() -> None:
    assert len(LONG_LABEL) == 60
    assert SIZES == (3, 12, 40, 120)
    assert {rows for sizes in CELLS.values() for rows, _ in sizes} == set(SIZES)
    assert set(CELLS) == set(MEDIA)


@pytest.mark.parametrize(
    ("shown", "medium", "rows", "long"),
    [pytest.param(*cell, id=f"{cell[0].name}-{cell[1]}-{cell[2]}-{cell[3]}") for cell in cells()],
)
def test_chart_fits(shown: Shown, medium: str, rows: int | None, long: bool) -> None:
    with ev.chart_style(medium=medium):
        assert_fits(shown.draw(rows, long))


@pytest.mark.parametrize("shown", GALLERY, ids=[shown.name for shown in GALLERY])
def test_every_chart_says_what_it_shows_whatever_it_is_drawn_for(shown: Shown) -> None:
    told = set()
    for medium in MEDIA:
        for theme in THEMES:
            with ev.chart_style(medium=medium, theme=theme):
                ax = shown.draw(3 if shown.scales else None, False)
            told.add(said_of(ax))
            figure = ax.get_figure(root=True)
            assert figure is not None
            assert figure.get_size_inches()[0] == pytest.approx(MEDIA[medium].width)
    assert len(told) == 1
    caption, alt = ev.caption(ax), ev.alt_text(ax)
    for text in (caption, alt):
        assert text.endswith(".")
        assert ".." not in text
        assert "nan" not in text.split()
        assert any(letter.isdigit() for letter in text)
    if shown.name.split(",")[0] in NOT_POOLED:
        assert "REML" not in caption
    elif shown.name == "specification_curve":  # many models, named below the curve
        assert "95%" in caption
        assert "specifications of 4 choices" in caption
    else:
        assert "95%" in caption or shown.name == "baujat"  # which has no interval
        assert any(word in caption for word in ("REML, HKSJ", "nterval likelihood, ML, profile"))
        assert " of " in caption
        assert "rows" in caption or "row " in caption
        assert "studies" in caption or "study" in caption


@pytest.mark.parametrize("name", ["forest", "effect_direction", "albatross"])
def test_letters_in_small_axes_can_be_read(name: str) -> None:
    """What does not fit at 7 pt makes the figure grow; the Axes stay where they are in it."""
    shown = next(one for one in GALLERY if one.name == name)
    figure = Figure(figsize=(6.4, 4.8))
    axes = figure.subplots(1, 2)
    before = axes[0].get_position().bounds
    drawing = {
        "forest": lambda ax: ev.forest(_fit(), ax=ax),
        "effect_direction": lambda ax: ev.effect_direction(_effects(), ax=ax),
        "albatross": lambda ax: ev.albatross(_effects(), ax=ax),
    }[shown.name]
    assert drawing(axes[0]) is axes[0]
    axes[1].set_axis_off()
    assert_clean(axes[0], 6.99)
    assert axes[0].get_position().bounds == pytest.approx(before)
    assert max(figure.get_size_inches() / [6.4, 4.8]) > 1


def test_axes_that_are_large_enough_keep_their_figure() -> None:
    figure = Figure(figsize=(12, 9))
    ax = figure.subplots()
    assert_clean(ev.forest(_fit(), ax=ax), 6.99)
    assert tuple(figure.get_size_inches()) == (12, 9)


def test_axes_that_cannot_grow_say_what_they_need() -> None:
    figure = Figure(figsize=(60, 60))
    ax = figure.add_axes((0, 0, 0.01, 0.01))
    with pytest.raises(ModelError, match=r"needs an Axes of at least .* in for its letters to be read"):
        ev.forest(_fit(), ax=ax)


def _effects() -> ev.Effects:
    return invented_effects(12)


def _fit() -> ev.MetaFit:
    return ev.pool_partial(_effects())


def _heights(axes: list[Axes]) -> list[float]:
    figures = [ax.get_figure(root=True) for ax in axes]
    return [float(figure.get_size_inches()[1]) for figure in figures if figure is not None]


@pytest.mark.parametrize(("rows", "long"), [(3, False), (12, True), (40, False), (120, True)])
@pytest.mark.parametrize("medium", ["slide", "journal"])
def test_long_plots_of_directions_become_pages(medium: str, rows: int, long: bool) -> None:
    with ev.chart_style(medium=medium):
        pages = ev.effect_direction_pages(invented_effects(rows, long))
        for ax in pages[:2] + pages[-1:]:
            assert_fits(ax)
    most = MEDIA[medium].most_height
    assert max(_heights(pages)) <= most + 1e-6
    if medium == "slide":
        assert set(_heights(pages)) == {7.5}
    told = [" ".join(text.get_text() for text in ax.texts) for ax in pages]
    names = [f"{'Meer-Schmidt' if long else 'Author'} {1900 + i}" for i in range(rows)]
    assert [sum(one.replace("\n", " ").count(name) for one in told) for name in names] == [1] * rows
    assert [("Studies: " in one or "Studies:" in one) for one in told] == [False] * (len(pages) - 1) + [True]
    if len(pages) == 1:
        assert "Page" not in told[0]
        return
    for i, (ax, one) in enumerate(zip(pages, told, strict=True), start=1):
        assert f"Page {i} of {len(pages)}." in one
        assert ev.caption(ax).startswith(f"Page {i} of {len(pages)}. ")
        assert ev.alt_text(ax).startswith(f"Page {i} of {len(pages)}. ")


def test_long_maps_become_pages() -> None:
    shown = next(one for one in GALLERY if one.name == "evidence_map")
    assert shown.pages is not None
    for medium, rows in (("slide", 12), ("journal", 40)):
        with ev.chart_style(medium=medium):
            pages = shown.pages(rows, False)
            for ax in pages:
                assert_fits(ax)
        assert max(_heights(pages)) <= MEDIA[medium].most_height + 1e-6
        told = [[text.get_text() for text in ax.texts] for ax in pages]
        assert [sum(f"Outcome {i + 1}" in one for one in told) for i in range(rows)] == [1] * rows
        assert len(pages) > 1
        assert ev.alt_text(pages[1]).startswith(f"Page 2 of {len(pages)}. Map of the evidence: ")


@pytest.mark.parametrize(
    ("name", "medium", "rows"),
    [
        ("dumbbell", "slide", 12),
        ("dumbbell", "journal", 40),
        ("orchard", "slide", None),
        ("forest, RevMan", "slide", 12),
        ("forest, BMJ", "journal-single", 40),
        ("forest, subgroups", "slide", None),
    ],
)
def test_long_charts_become_pages_that_hold_every_line_once(name: str, medium: str, rows: int | None) -> None:
    shown = next(one for one in GALLERY if one.name == name)
    assert shown.pages is not None
    with ev.chart_style(medium=medium):
        pages = shown.pages(rows, False)
        for ax in pages:
            assert_fits(ax)
    assert max(_heights(pages)) <= MEDIA[medium].most_height + 1e-6
    assert len(pages) > 1
    told = [[text.get_text() for text in ax.texts] for ax in pages]
    if name == "dumbbell":
        names = [[line.replace("\n", " ") for line in one] for one in told]
        ends = [
            sum(any(line.endswith(f"outcome {i + 1}") for line in one) for one in names)
            for i in range(rows or 0)
        ]
        assert ends == [1] * len(ends)
    if name == "orchard":
        assert sum("Pain" in one for one in told) == sum("Balance" in one for one in told) == 1
    for i, ax in enumerate(pages, start=1):
        assert ev.alt_text(ax).startswith(f"Page {i} of {len(pages)}")


def test_every_flow_of_a_review_keeps_to_a_slide() -> None:
    """At last in short words, which the caption makes good: all sources and reasons with their counts."""
    for shown in GALLERY:
        if shown.name.split(",")[0] == "prisma":
            with ev.chart_style(medium="slide"):
                ax = shown.draw(None, False)
            assert _heights([ax]) == [7.5], shown.name
            for words in ("MEDLINE (512)", "Registers (40)", "No control group (61)", "In a book only (4)"):
                assert words in ev.caption(ax)


@pytest.mark.parametrize("name", ["baujat", "bubble", "dumbbell", "funnel", "orchard", "prisma"])
@pytest.mark.parametrize("size", [(2.0, 1.5), (6.0, 2.0)])
def test_pictures_grow_where_their_axes_are_very_small(name: str, size: tuple[float, float]) -> None:
    figure = Figure(figsize=size)
    ax = figure.subplots()
    drawing = {
        "baujat": lambda: ev.baujat(ev.random_effects(exact_effects(12, False)), ax=ax),
        "bubble": lambda: ev.bubble(over_weeks(12, False), ax=ax),
        "dumbbell": lambda: ev.dumbbell(*changes(None, False), ax=ax),
        "funnel": lambda: ev.funnel(_fit(), ax=ax),
        "orchard": lambda: ev.orchard(grouped(12, False), ax=ax),
        "prisma": lambda: ev.prisma(flow("other"), ax=ax),
    }
    assert drawing[name]() is ax
    assert_clean(ax, 6.99)


def test_a_notebook_has_one_page_and_a_page_too_low_for_a_row_is_refused() -> None:
    assert len(ev.effect_direction_pages(invented_effects(40))) == 1
    many = tuple(f"{LONG_LABEL} and what follows from it, at all time points {i}" for i in range(20))
    with pytest.raises(ModelError, match="no room for a row"):
        ev.effect_direction_pages(invented_effects(40, domains=many), medium="slide", title=" ".join(many))


def test_shipped_charts_keep_to_a_slide() -> None:
    """Those that do not have pages of their own, on what ships."""
    for shown in GALLERY:
        if shown.name in (
            "domains",
            "harvest",
            "albatross",
            "trial",
            "one_by_one_chart",
            "trap_chart",
            *SENSITIVE,
        ):
            with ev.chart_style(medium="slide"):
                assert _heights([shown.draw(None, False)]) == [7.5], shown.name
