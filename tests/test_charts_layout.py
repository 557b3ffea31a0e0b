"""Nothing clips, nothing overlaps, nothing is smaller than its medium allows: measured on drawn figures."""

from __future__ import annotations

import math
import subprocess
import sys
from dataclasses import replace
from typing import Any

import matplotlib as mpl
import pytest
from helpers_charts import SIX, Fit, assert_clean, comparison, directions, map_table, rows
from hypothesis import example, given, settings
from hypothesis import strategies as st
from matplotlib.axes import Axes
from matplotlib.figure import Figure

import evidence as ev
from evidence.charts import texts
from evidence.charts.domains import _blocks, domains
from evidence.charts.domains_rows import domains_rows
from evidence.charts.effect_direction import effect_direction
from evidence.charts.evidence_map import evidence_map
from evidence.charts.forest import forest
from evidence.charts.forest_rows import forest_rows
from evidence.charts.scale import scale_for, ticks_for
from evidence.charts.style import MEDIA
from evidence.charts.texts import LEADING, balanced, elide, text_width, wrap

SIZES = (3, 12, 80)
LEAST = {"notebook": 8.0, "slide": 18.0, "journal": 7.0}
"""Least sizes in points: a slide is read from the last row, a journal prints nothing below 7 pt."""

EXACT = Fit(estimate=0.3, conf_low=-0.4, conf_high=1.0)


def size_of(ax: Axes) -> tuple[float, float]:
    figure = ax.get_figure(root=True)
    assert figure is not None
    width, height = figure.get_size_inches()
    return float(width), float(height)


@pytest.mark.parametrize("medium", LEAST)
@pytest.mark.parametrize("long", [False, True], ids=["short", "60 characters"])
@pytest.mark.parametrize("k", SIZES)
def test_forest_is_clean(k: int, long: bool, medium: str) -> None:
    table = rows(k, long=long, left_out=k // 4, missing_n=True)
    fit = Fit(rows=table, k=k, n_studies=k, alongside=(("exact rows only", EXACT),))
    assert_clean(forest(fit, medium=medium, title="What the printed results say"), LEAST[medium])  # type: ignore[arg-type]


@pytest.mark.parametrize("medium", LEAST)
@pytest.mark.parametrize("long", [False, True], ids=["short", "60 characters"])
@pytest.mark.parametrize("n", [3, 6, 22])
def test_domains_are_clean(n: int, long: bool, medium: str) -> None:
    assert_clean(domains(comparison(n, long=long), medium=medium), LEAST[medium])  # type: ignore[arg-type]


@pytest.mark.parametrize("medium", LEAST)
@pytest.mark.parametrize(("k", "n_domains"), [(3, 3), (12, 6), (80, 22)])
def test_directions_and_map_are_clean(k: int, n_domains: int, medium: str) -> None:
    effects = directions(k, n_domains, long=True)
    assert_clean(effect_direction(effects, medium=medium), LEAST[medium])  # type: ignore[arg-type]
    assert_clean(evidence_map(map_table(k, n_domains), medium=medium), LEAST[medium])


def test_six_domains_fit_a_slide() -> None:
    pooled = replace(comparison(6), fits={d: Fit(rows=rows(9), k=9, n_studies=9) for d in SIX})
    width, height = size_of(domains(pooled, medium="slide"))  # type: ignore[arg-type]
    assert (round(width, 2), round(height, 2)) == (13.33, 7.5)


def texts_of(ax: Axes) -> list[str]:
    return [text.get_text() for text in ax.texts]


def test_the_rows_of_an_only_study_are_named_in_full_on_a_slide() -> None:
    lone = Fit(None, None, None, pred_low=None, pred_high=None, n_studies=1, k=2, rows=rows(2))
    lone.rows["outcome"] = ["vertical jump height, arms free", "T-test time"]
    lone.rows["study"] = "s0"
    made = replace(comparison(2), fits={**comparison(2).fits, "strength": lone})
    for medium in LEAST:
        ax = domains(made, medium=medium)  # type: ignore[arg-type]
        shown = " ".join(" ".join(texts_of(ax)).split())
        assert "Author 2000: vertical jump height, arms free Author 2001: T-test time" in shown
        assert "\u2026" not in shown
        assert "People" in shown
        assert_clean(ax, LEAST[medium])


def test_a_mark_stands_on_the_first_line_of_its_row() -> None:
    lone = Fit(
        None, None, None, pred_low=None, pred_high=None, n_studies=1, k=2, rows=rows(2, kinds=("sign",))
    )
    lone.rows["outcome"] = "a long name of an outcome, which takes several lines on a slide"
    made = replace(comparison(1), fits={"strength": lone})
    for medium, least in (("notebook", 2), ("slide", 4)):
        (block,) = _blocks(domains_rows(made), medium)  # type: ignore[arg-type]
        names = [line for name in block.names for line in name]
        cells = block.cell(["head", "first", "second"]).split("\n")
        assert len(names) == len(cells) == block.lanes > least
        starts = [i for i, line in enumerate(names) if "Author" in line]
        assert [i for i, cell in enumerate(cells) if cell] == block.starts == [0, *starts]
        ax = domains(made, medium=medium)  # type: ignore[arg-type]
        where = {text.get_text().split(":")[0].strip(): text.get_position()[1] for text in ax.texts}
        gap = where["Author 2001"] - where["Author 2000"]
        assert gap == pytest.approx((starts[1] - starts[0]) * LEADING * MEDIA[medium].text, rel=0.05)


def test_long_keys_are_broken_and_not_cut() -> None:
    table = rows(3)
    table["label"] = ["nmretraining_sports2015_and_more", "corevknee_hamedan", "fttt_edo140834157"]
    table["outcome"] = ["post-intervention knee function at the end of training", "months: hip", "jump"]
    for medium in LEAST:
        ax = forest(Fit(rows=table), medium=medium)  # type: ignore[arg-type]
        assert not [text for text in texts_of(ax) if "\u2026" in text]
        assert_clean(ax, LEAST[medium])


def test_a_long_message_keeps_to_two_lines_in_smaller_letters() -> None:
    title = (
        "Estimates favour integrated by 0.25 to 0.60 SMD (endurance: at least 0.58); movement quality,"
        " strength and power undecided"
    )
    ax = forest(Fit(rows=rows(3)), medium="slide", title=title)  # type: ignore[arg-type]
    drawn = [text for text in ax.texts if text.get_text() and text.get_text() in title][:3]
    sizes = {text.get_fontsize() for text in drawn if text.get_fontsize() > 18.0}
    lines = [text.get_text() for text in drawn if text.get_fontsize() > 18.0]
    assert " ".join(lines) == title
    assert len(lines) == 2
    assert 18.0 < min(sizes) == max(sizes) < MEDIA["slide"].title
    short = forest(Fit(rows=rows(3)), medium="slide", title="Short")  # type: ignore[arg-type]
    assert next(text for text in short.texts if text.get_text() == "Short").get_fontsize() == 26.0


def test_height_follows_rows() -> None:
    heights = [size_of(forest(Fit(rows=rows(k))))[1] for k in SIZES]  # type: ignore[arg-type]
    assert heights[0] < heights[1] < heights[2]
    per_row = (heights[2] - heights[1]) / 68
    assert per_row == pytest.approx((heights[1] - heights[0]) / 9, rel=0.15)


def test_given_axes_come_back_and_stay_in_their_place() -> None:
    figure = Figure(figsize=(12, 6))
    left, right = figure.subplots(1, 2)
    assert forest(Fit(rows=rows(12)), ax=left) is left  # type: ignore[arg-type]
    assert domains(comparison(6), ax=right) is right  # type: ignore[arg-type]
    assert_clean(left)


def test_letters_shrink_in_axes_that_are_too_small() -> None:
    ax = Figure(figsize=(6, 4)).subplots()
    forest(Fit(rows=rows(40)), ax=ax)  # type: ignore[arg-type]
    assert_clean(ax)
    assert min(text.get_fontsize() for text in ax.texts) < MEDIA["notebook"].small


@pytest.mark.parametrize(
    "fit",
    [
        Fit(-0.4, -0.9, 0.1, scale="log", display_sign=-1, measure="RR", rows=rows(12)),
        Fit(
            None, 0.2, math.inf, bound="lower", pred_low=None, pred_high=None, rows=rows(12, kinds=("sign",))
        ),
        Fit(None, -math.inf, -0.2, bound="upper", pred_low=None, pred_high=None, scale="log", rows=rows(5)),
        Fit(None, None, None, bound="none", pred_low=None, pred_high=None, rows=rows(3, kinds=("sign",))),
        Fit(-412.0, -900.0, 80.0, measure="MD", rows=rows(12, factor=1000.0, centre=-0.5), tau2=5e4),
        Fit(
            4e-7,
            -1e-7,
            9e-7,
            measure="MD",
            rows=rows(12, factor=1e-6),
            tau2=1e-13,
            pred_low=None,
            pred_high=None,
        ),
        Fit(rows=rows(4, share="contribution"), n_people=None, tau2=None, i2=None),
    ],
    ids=["ratio", "lower bound", "upper bound", "no bound", "thousands", "millionths", "no people"],
)
def test_unusual_results_are_clean(fit: Fit) -> None:
    for medium in LEAST:
        assert_clean(forest(fit, medium=medium), LEAST[medium])  # type: ignore[arg-type]


def test_marks_stay_inside_the_picture() -> None:
    table = rows(12)
    table.loc[0, ["estimate", "low", "high"]] = 40.0  # far off: an arrow
    ax = forest(Fit(rows=table))  # type: ignore[arg-type]
    low, high = ax.spines["bottom"].get_bounds()
    assert high < 10
    axis = ax.spines["bottom"].get_position()[1]
    for line in ax.lines:
        if line.get_transform() == ax.transData and max(line.get_ydata()) <= axis:  # below it is the key
            assert min(line.get_xdata()) >= low - 1e-9
            assert max(line.get_xdata()) <= high + 1e-9


def test_names_with_dollars_and_markup_are_names() -> None:
    table = rows(3)
    table["label"] = ["$x^2$ and $y$", "a_b {c} \\frac", "<b>bold</b> & co"]
    ax = forest(Fit(rows=table))  # type: ignore[arg-type]
    shown = " ".join(text.get_text() for text in ax.texts)
    assert "$x^2$" in shown
    assert_clean(ax)


def test_no_global_setting_is_changed() -> None:
    before = mpl.rcParams.copy()
    forest(Fit(rows=rows(3)))  # type: ignore[arg-type]
    domains(comparison(6))  # type: ignore[arg-type]
    assert mpl.rcParams.copy() == before


def test_a_chart_looks_the_same_under_any_style() -> None:
    plain = forest(Fit(rows=rows(3)))  # type: ignore[arg-type]
    with mpl.rc_context({"font.size": 30, "font.family": "serif", "lines.marker": "x", "axes.grid": True}):
        styled = forest(Fit(rows=rows(3)))  # type: ignore[arg-type]
    assert [t.get_fontsize() for t in plain.texts] == [t.get_fontsize() for t in styled.texts]
    assert size_of(plain) == size_of(styled)
    assert_clean(styled)


def test_neither_pyplot_nor_a_backend_is_needed() -> None:
    code = (
        "import sys; from evidence.charts.evidence_map import evidence_map; import pandas as pd;"
        "t = pd.DataFrame({'domain': ['a'], 'comparator_class': ['b'], 'study': ['s']});"
        "t['reported'] = 'full';"
        "evidence_map(t); assert 'matplotlib.pyplot' not in sys.modules"
    )
    subprocess.run([sys.executable, "-c", code], check=True)


@given(
    st.text(alphabet=st.characters(min_codepoint=32, max_codepoint=0x24F), max_size=120), st.floats(30, 300)
)
@settings(max_examples=40, deadline=None)
def test_wrapped_and_shortened_texts_fit(text: str, width: float) -> None:
    assert text_width(elide(text, width, 10.0), 10.0) <= max(width, text_width("\u2026", 10.0))
    for line in wrap(text, width, 10.0, most=2, keep_end=True).split("\n"):
        assert text_width(line, 10.0) <= width * 1.001
    assert balanced(text, width, 10.0).count("\n") <= wrap(text, width, 10.0).count("\n") + text.count(" of ")


@given(
    st.lists(st.floats(-50, 50), min_size=1, max_size=30),
    st.lists(st.floats(-1e3, 1e3), max_size=10),
    st.booleans(),
)
@example([2.0] * 4, [], False)
@example([-10.0] * 6, [], True)
@settings(max_examples=60, deadline=None)
def test_a_scale_holds_no_difference_and_its_ticks(must: list[float], may: list[float], log: bool) -> None:
    values: list[list[float]] = [[math.exp(v / 20) for v in part] if log else part for part in (must, may)]
    scale = scale_for(values[0], values[1], 100.0, 400.0, log=log, always=values[0][:1])
    assert scale.low < scale.null < scale.high
    assert scale.low <= values[0][0] <= scale.high
    places, labels = ticks_for(scale, 9.0)
    assert len(places) == len(labels) <= 8
    assert all(scale.low * 0.999999 <= p <= scale.high * 1.000001 for p in places if log)
    assert scale.points(scale.value(250.0)) == pytest.approx(250.0)


@pytest.mark.parametrize(
    ("low", "high", "width", "expected"),
    [
        (0.4, 2.5, 120, "0.5 1 2"),
        (0.4, 2.5, 300, "0.5 0.75 1 1.5 2"),
        (0.1, 10.0, 120, "0.1 1 10"),
        (0.1, 10.0, 300, "0.1 0.2 0.5 1 2 5 10"),
        (0.1, 1.5, 300, "0.1 0.2 0.5 1"),  # 0.25 to 1.5 would leave the left end bare
        (0.7, 1.6, 300, "0.7 0.8 0.9 1 1.1 1.25 1.5"),
        (0.95, 1.06, 120, "0.95 1 1.05"),
        (0.99, 1.01, 120, "0.99 1 1.01"),
        (0.01, 100.0, 120, "0.01 0.1 1 10 100"),
        (1e-4, 1e4, 300, "0.0001 0.01 1 100 10\u2009000"),
    ],
)
def test_ratio_ticks_are_round(low: float, high: float, width: float, expected: str) -> None:
    scale = scale_for([low, high], [], 100.0, 100.0 + width, log=True)
    labels: Any = ticks_for(scale, 8.5)[1]
    assert " ".join(labels) == expected


def test_of_a_name_of_ten_thousand_letters_only_beginnings_are_measured(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    # To break it in widths that no page has took minutes, and so did each slide that shows it. The name is
    # measured whole ten times (the widths of its column); before, 366 times.
    measured: list[int] = []
    real = texts.text_width

    def width(text: str, size: float, bold: bool = False) -> float:
        measured.append(len(text))
        return real(text, size, bold)

    monkeypatch.setattr(texts, "text_width", width)
    assert len(texts.elide("x" * 10_000, 100.0, 9.0)) < 40
    assert max(measured) < 300
    measured.clear()
    effects = ev.effects_from(
        [0.2, 0.9, 0.1], std_error=[0.2, 0.1, 0.2], study=["a", "x" * 10_000, "c"], measure="SMD"
    )
    ev.forest(ev.random_effects(effects), medium="slide")
    assert sum(letters > 2_000 for letters in measured) < 40


@given(st.floats(0.001, 999.0), st.floats(18, 90), st.sampled_from([8.0, 12.0, 18.0]))
@settings(max_examples=60, deadline=None)
def test_numbers_are_broken_but_never_shortened(value: float, width: float, size: float) -> None:
    told = f"\u03c7\u00b2(1)\u00a0=\u00a0{value:.3f}, p\u00a0=\u00a00.041; \u03c4\u00b2\u00a0{value:.2f}"
    for broken in (wrap(told, width, size), balanced(told, width, size)):
        assert "\u2026" not in broken
        assert "".join(broken.split()) == "".join(told.split())


def test_a_name_that_ends_in_a_number_is_still_a_name() -> None:
    assert wrap("Schmidtbauer2019", 40.0, 10.0).endswith("\u2026")


@pytest.mark.parametrize("preset", ["evidence", "RevMan", "JAMA", "BMJ"])
@pytest.mark.parametrize("medium", list(MEDIA))
def test_a_test_between_subgroups_is_whole_beside_short_names(medium: str, preset: str) -> None:
    """Names of one letter left the sentence a column of one letter: "\u03c7\u00b2(1) = 0.\u2026"."""
    effects = ev.effects_from(
        [0.2, 0.5, 0.1, 0.45],
        std_error=[0.2, 0.3, 0.25, 0.2],
        study=list("abcd"),
        domain=["x", "x", "y", "y"],
        measure="SMD",
    )
    compared = ev.compare(effects, by="domain", model=ev.random_effects)
    rows = forest_rows(compared, preset=preset)
    ax = ev.forest(compared, medium=medium, preset=preset)
    assert_clean(ax)
    drawn = [text.get_text() for text in ax.texts]
    assert not [text for text in drawn if "\u2026" in text]
    whole = "".join("".join(drawn).split())
    for role in ("test", "statistics"):
        for label in rows.loc[rows["role"].eq(role), "label"]:
            assert "".join(label.split()) in whole
