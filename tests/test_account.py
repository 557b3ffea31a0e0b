"""The account of one effect: as printed, formula, assumptions, source, rounding; text and HTML."""

from __future__ import annotations

import pickle

import pytest
from helpers_studies import studies_of

import evidence as ev

ROW = {
    **{"n_e": 15, "n_c": 14, "better": "lower", "outcome": "time <up> & go", "source_locator": "table 2"},
    **{"post_mean_e": "10", "post_sd_e": "2", "post_mean_c": "9.1", "post_se_c": "0.51", "p_between": "0.2"},
}


def test_text_has_the_print_the_formula_the_assumptions_and_the_place() -> None:
    effects = ev.effect_sizes(studies_of(ROW), measure="SMD")
    text = str(effects.explain("r000"))
    line = effects.table.iloc[0]
    for part in ("post_se_c", "0.51", "table 2", "0.51·√14 = 1.908", "lower is better", "begun alike"):
        assert part in text
    assert f"{line['estimate']:.3f} (standard error {line['std_error']:.3f})" in text
    assert f"allow {line['rounding_low']:.3f} to {line['rounding_high']:.3f}: more than 0.05" in text
    assert "exact p" in text
    assert repr(effects.explain("r000")) == text


def test_a_notebook_gets_tables_with_everything_escaped() -> None:
    html = ev.effect_sizes(studies_of(ROW), measure="SMD").explain("r000")._repr_html_()
    assert "time &lt;up&gt; &amp; go" in html
    assert "<up>" not in html
    assert html.count("<table>") == 3


def test_the_shipped_row_has_its_reference_and_page() -> None:
    trials = ev.example_studies().where(study="bennell2014")
    text = " ".join(str(ev.effect_sizes(trials, measure="SMD").explain("bennell2014_01")).split())
    assert "Bennell" in text
    assert "10.1002/art.38317" in text
    assert "abstract" in text
    assert "rule c" in text


def test_a_row_that_is_not_there_is_told_the_nearest() -> None:
    effects = ev.effect_sizes(studies_of(ROW), measure="SMD")
    with pytest.raises(ev.ModelError, match="did you mean r000"):
        effects.explain("r00")


def test_effects_at_hand_explain_what_they_have() -> None:
    effects = ev.effects_from([0.2], variance=[0.04], row_id=["mine"])
    assert "0.200" in str(effects.explain("mine"))


def test_rounding_that_leaves_an_effect_open_is_noted_for_the_whole_set() -> None:
    coarse, fine = (
        ROW,
        {**ROW, "post_mean_e": "10.00", "post_sd_e": "2.00", "post_mean_c": "9.10", "post_se_c": "0.510"},
    )
    effects = ev.effect_sizes(studies_of(coarse, fine), measure="SMD")
    (note,) = [note for note in effects.notes if "rounding" in note]
    assert "r000 (" in note
    assert "r001" not in note
    width = effects.table["rounding_high"] - effects.table["rounding_low"]
    assert width[0] > 0.05 > width[1] > 0


def test_for_mean_differences_rounding_is_measured_in_sds() -> None:
    cells = {"n_e": 50, "n_c": 50, "post_sd_e": "20.0", "post_sd_c": "20.0", "better": "higher"}
    fine = ev.effect_sizes(studies_of({**cells, "post_mean_e": "10.1", "post_mean_c": "9.1"}), measure="MD")
    coarse = ev.effect_sizes(studies_of({**cells, "post_mean_e": "12", "post_mean_c": "9"}), measure="MD")
    assert not any("rounding" in note for note in fine.notes)
    assert any("rounding" in note for note in coarse.notes)


def test_effects_travel_between_processes() -> None:
    effects = ev.effect_sizes(studies_of(ROW), measure="SMD")
    again = pickle.loads(pickle.dumps(effects))
    assert str(again.explain("r000")) == str(effects.explain("r000"))
