"""Bare directions that agree: a limit is printed, but nothing is concluded before the sign test allows it."""

from __future__ import annotations

import math
from dataclasses import replace
from pathlib import Path

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

import evidence as ev
from evidence.charts.forest_rows import forest_rows
from evidence.fit.chance import chance_alone, favoured


def directions(n: int, side: float, error: float = 0.4) -> ev.Effects:
    """Return n studies that each say no more than on which side of zero their effect lies."""
    low, high = ([0.0] * n, [None] * n) if side > 0 else ([None] * n, [0.0] * n)
    return ev.effects_from([None] * n, std_error=error, low=low, high=high)


@pytest.mark.parametrize("side", [1.0, -1.0])
@pytest.mark.parametrize("n", range(2, 9))
def test_an_arm_is_named_only_where_the_exact_sign_test_rejects(n: int, side: float) -> None:
    # Two-sided exact sign test, n of n: p = 2 (1/2)^n (Dixon & Mood 1946); 6 of 6 is the first below 0.05.
    effects = directions(n, side)
    fit = ev.pool_partial(effects, prior=None)
    p = ev.direction_test(effects).p_value
    assert p == pytest.approx(2.0 ** (1 - n))
    clear = p <= 0.05
    assert favoured(fit) == (("first" if side > 0 else "second") if clear else "")
    assert ("by chance alone" in fit.sentence()) is not clear
    assert ("favours" in fit.sentence().lower()) is clear
    assert any("by chance alone" in note for note in fit.notes) is not clear
    if not clear:
        assert f"{100 * p:.3g} %" in fit.sentence()


@given(n=st.integers(2, 7), scale=st.sampled_from([1e-6, 1.0, 1e6]), level=st.sampled_from([0.9, 0.95, 0.99]))
def test_the_chance_depends_on_the_number_of_studies_alone(n: int, scale: float, level: float) -> None:
    fit = ev.pool_partial(directions(n, 1.0, 0.3 * scale), level=level, prior=None)
    chance = 2.0 ** (1 - n)
    limited = fit.conf_low > 0.0  # at 99 % two directions set no limit, and three one below zero
    assert chance_alone(fit) == (chance if limited and chance > 1.0 - level + 1e-12 else None)


def test_reports_that_say_more_than_a_direction_keep_their_limit() -> None:
    above = ev.effects_from([None] * 3, std_error=0.3, low=[0.6] * 3, high=[None] * 3)
    assert favoured(ev.pool_partial(above)) == "first"
    valued = ev.effects_from([0.5, 0.6, 0.7], std_error=0.1)
    fit = ev.pool_partial(valued)
    assert chance_alone(fit) is None
    assert favoured(fit) == "first"


@pytest.mark.parametrize(("n", "state"), [(3, "blank"), (5, "blank"), (6, "yes")])
def test_a_claim_is_not_supported_by_directions_that_chance_explains(
    n: int, state: str, tmp_path: Path
) -> None:
    cells = "jump,power,mine,favours_e,12,12,between_group_test,higher,study"
    lines = [f"s{i}_1,s{i},{cells}" for i in range(n)]
    head = "row_id,study,outcome,domain,question,direction,n_e,n_c,basis,better,level"
    (tmp_path / "studies.csv").write_text("\n".join([head, *lines, ""]), encoding="utf-8")
    claim = {"claim_id": "mine", "claim": "Better", "kind": "between", "question": "mine", "domains": "power"}
    studies = ev.read_studies(tmp_path / "studies.csv")
    found = ev.claims(replace(studies, claims=pd.DataFrame([claim | {"margin": math.nan}])))
    assert list(found.findings["state"]) == [state]
    assert (found.table["verdict"].iloc[0] == "supported") is (state == "yes")


@pytest.mark.parametrize(("n", "shown"), [(3, False), (6, True)])
def test_a_picture_shows_no_limit_that_chance_explains(n: int, shown: bool) -> None:
    ax = ev.forest(ev.pool_partial(directions(n, 1.0), prior=None))
    pooled = forest_rows(ev.pool_partial(directions(n, 1.0), prior=None))
    assert ("at least" in ev.alt_text(ax)) is shown
    assert pooled["effect_text"].str.contains("at least").any() == shown
