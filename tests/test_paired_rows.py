"""Two arms of the same people: paired formulas with an assumed correlation, else the sign (rule h)."""

from __future__ import annotations

import math

import pytest
from helpers_studies import effect_of, studies_of

import evidence as ev
from evidence.effects.formulas import hedges_j

CROSSOVER = {
    **{"n_e": 10, "n_c": 10, "better": "higher", "arm_design": "crossover"},
    **{"post_mean_e": "7.0", "post_sd_e": "2.38", "post_mean_c": "6.5", "post_sd_c": "2.21"},
}
"""Cochrane Handbook 5.1, 16.4.6.4: a cross-over trial of ten people."""


def number(value: object) -> float:
    return float(str(value))


def test_the_handbooks_mean_difference() -> None:
    # With an imputed correlation of 0.68: MD 0.5, SE 0.583.
    row = effect_of(CROSSOVER, measure="MD", correlation=0.68)
    assert number(row["estimate"]) == pytest.approx(0.5)
    assert math.sqrt(number(row["variance"])) == pytest.approx(0.583, abs=0.0005)
    assert "r = 0.68 (variance only)" in str(row["assumptions"])


def test_the_handbooks_standardised_mean_difference() -> None:
    # SMD 0.218 (no small-sample correction there), SE 0.256 by sqrt(1/N + SMD²/(2N))·sqrt(2(1-r)); the form
    # here leaves the second term without the factor.
    row = effect_of(CROSSOVER, correlation=0.68)
    assert number(row["estimate"]) / float(hedges_j(9)) == pytest.approx(0.218, abs=0.0005)
    assert math.sqrt(number(row["variance"])) == pytest.approx(0.256, abs=0.002)
    assert row["people"] == 10


def test_changes_of_two_limbs() -> None:
    cells = {**CROSSOVER, "arm_design": "within_participant"}
    cells |= {"pre_mean_e": "5.0", "pre_sd_e": "2.0", "pre_mean_c": "5.5", "pre_sd_c": "2.2"}
    row = effect_of(cells, correlation=0.8)
    g = float(hedges_j(9)) * (2.0 - 1.0) / math.sqrt((2.0**2 + 2.2**2) / 2)
    assert number(row["estimate"]) == pytest.approx(g)
    assert number(row["variance"]) == pytest.approx(4 * 0.2 / 10 + g**2 / 20)
    md = effect_of(cells, measure="MD", correlation=0.8)
    changes = [2.0**2 + 2.38**2 - 1.6 * 2.0 * 2.38, 2.2**2 + 2.21**2 - 1.6 * 2.2 * 2.21]
    assert number(md["variance"]) == pytest.approx(sum(changes) / 10)
    lines = ev.effect_sizes(studies_of(cells), measure="SMD").derivations
    assert lines["code"].tolist() == ["paired_changes", "paired_post"]


def test_without_means_and_sds_the_sign_is_left() -> None:
    cells = {**CROSSOVER, "post_sd_c": "", "p_between": "0.01", "direction": "favours_e"}
    for measure in ("SMD", "MD"):
        row = effect_of(cells, measure=measure)
        assert (row["kind"], "rule h" in str(row["reason"])) == ("sign", True)
