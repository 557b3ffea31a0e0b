"""The chart of the difference in significance: its rows, its words, its layout."""

from __future__ import annotations

import math

import pytest
from helpers_charts import assert_clean

import evidence as ev
from evidence.charts.trap import trap_chart, trap_chart_alt, trap_chart_caption, trap_chart_rows
from evidence.synthesis.trap import Trap

LEAST = {"notebook": 8.0, "slide": 18.0, "journal": 7.0}

CASES: dict[str, dict[str, object]] = {
    "one": {"p_e": 0.01, "p_c": "ns"},
    "open": {"p_e": "<0.05", "p_c": "ns"},
    "known": {"t_e": 3.0, "t_c": 1.2},
    "clear": {"t_e": 9.0, "t_c": 0.1},
    "nothing": {"p_e": "<0.001", "p_c": "<0.001"},
    "neither": {"p_e": "ns", "p_c": 0.6},
}


def trap_of(case: str, arms: tuple[str, str] = ("integrated", "isolated")) -> Trap:
    return ev.within_group_trap({"n_e": 15, "n_c": 15, "arms": arms, **CASES[case]})


def test_rows_decide_before_anything_is_drawn() -> None:
    rows = trap_chart_rows(trap_of("one"))
    assert rows["role"].tolist() == ["first", "second", "difference"]
    assert rows["mark"].tolist() == ["square", "band", "band"]
    assert rows["verdict"].tolist() == ["significant", "not significant", "open"]
    assert rows["p_text"].tolist() == ["0.010", "above 0.050", "0.0011 to 0.56"]
    clear = trap_chart_rows(trap_of("clear"))
    assert clear["verdict"].tolist() == ["significant", "not significant", "significant"]
    assert trap_chart_rows(trap_of("nothing"))["p_text"].iloc[2] == "any"


def test_what_the_band_hides_the_thin_line_shows() -> None:
    """p = .01 against "ns": every compatible estimate is above zero, the intervals of some are not."""
    last = trap_chart_rows(trap_of("one")).iloc[2]
    assert last["low"] > 0
    assert last["conf_low"] < 0


@pytest.mark.parametrize("medium", LEAST)
@pytest.mark.parametrize("case", CASES)
def test_chart_is_clean(case: str, medium: str) -> None:
    assert_clean(trap_chart(trap_of(case), medium=medium), LEAST[medium])


@pytest.mark.parametrize("medium", LEAST)
def test_long_names_are_clean(medium: str) -> None:
    long = "closed kinetic chain exercise with hip abductor and external rotator strengthening"
    assert_clean(trap_chart(trap_of("one", (long, long)), medium=medium), LEAST[medium])


@pytest.mark.parametrize(
    ("case", "message"),
    [
        ("one", "Significant in one arm only: for the difference, any p from 0.0011 to 0.56 is possible"),
        ("open", "Significant in one arm only: for the difference, any p is possible"),
        ("known", "Significant in one arm only, yet no clear difference between them: p = 0.214"),
        ("clear", "Significant in one arm only, and here the arms do differ: p < 0.0001"),
        ("nothing", "Significant in both arms: for the difference, any p is possible"),
    ],
)
def test_the_message_says_no_more_than_follows(case: str, message: str) -> None:
    ax = trap_chart(trap_of(case))
    shown = " ".join(text.get_text() for text in ax.texts)
    assert message in shown.replace("\n", " ")


def test_caption_and_alt_hold_the_numbers() -> None:
    trap = trap_of("one")
    assert "up to 50% of trials" in trap_chart_caption(trap)
    assert "SD of change assumed equal" in trap_chart_caption(trap)
    assert "0.21 to 1.29" in trap_chart_alt(trap)
    assert not math.isnan(trap.smd_low)


def test_what_is_no_trap_is_refused() -> None:
    with pytest.raises(ev.ModelError, match="takes a Trap"):
        trap_chart(3)  # type: ignore[arg-type]
