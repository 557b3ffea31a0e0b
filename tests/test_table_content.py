"""What the tables of the shipped evidence say: every row accounted for, numbers as in the effects."""

from __future__ import annotations

import re
from dataclasses import replace
from functools import cache
from pathlib import Path

import numpy as np
import pytest

import evidence as ev
from evidence.effects.record import Effects
from evidence.errors import ModelError
from evidence.models.rows import select
from evidence.studies.record import Studies
from evidence.table_content import (
    characteristics_table,
    effects_table,
    left_out_table,
    overview_table,
    results_table,
    rules_table,
    trial_table,
)
from evidence.table_content.citing import bibliography_of, typeset
from evidence.table_content.effects import favoured_side, left_out, printed_effect
from evidence.table_content.sensitivity import sensitivity_table
from evidence.table_words import NO_BREAK

QUESTIONS = {
    "integrated_vs_isolated": "SMD",
    "hip_knee_vs_knee": "SMD",
    "prevention": "RR",
    "risk_factor": "OR",
}


@cache
def studies(question: str) -> Studies:
    return ev.example_studies().where(question=question, level="study")


@cache
def effects(question: str) -> Effects:
    return ev.effect_sizes(studies(question), measure=QUESTIONS[question])


@pytest.mark.parametrize("question", QUESTIONS)
def test_the_effects_table_has_every_row_once(question: str) -> None:
    table = effects_table(effects(question), studies(question))
    assert table.data["Row"].tolist() == studies(question).table["row_id"].tolist()
    assert not re.search(r"\bnan\b", table.csv.casefold())
    assert set(table.references) == set(studies(question).table["study"])


def test_ratios_are_printed_as_ratios() -> None:
    # Soligard 2008, BMJ 337:a2469, abstract: rate ratio 0.71 (0.49 to 1.03) for lower-limb injuries
    table = effects_table(effects("prevention"), studies("prevention")).data.set_index("Row")
    assert table.loc["soligard2008_01", "Effect"] == f"0.71{NO_BREAK}(0.49{NO_BREAK}to{NO_BREAK}1.03)"


def turned(question: str, row_id: str) -> Effects:
    """Effects in which one row has the other orientation than the effects as a whole."""
    given = effects(question)
    table = given.table.assign(display_sign=given.display_sign)
    table.loc[table["row_id"].eq(row_id), "display_sign"] = -given.display_sign
    return replace(given, table=table)


def test_a_row_shows_its_ratio_as_printed_whatever_the_others() -> None:
    # ln RR 0.3 in favour of the first arm with SE 0.1: exp(0.3) = 1.35 where above 1 favours it, else 0.74.
    row = {"kind": "exact", "estimate": 0.3, "std_error": 0.1, "low": 0.3, "high": 0.3}
    shown = [
        printed_effect(effects("prevention"), {**row, "display_sign": sign}).replace(NO_BREAK, " ")
        for sign in (1, -1)
    ]
    assert shown == ["1.35 (1.11 to 1.64)", "0.74 (0.61 to 0.90)"]


def test_an_interval_printed_above_one_is_shown_above_one() -> None:
    # jp_acl_cohort, Br J Sports Med 51:388: odds ratio between 1.793 and 67.534, estimate not printed.
    table = effects_table(effects("risk_factor"), studies("risk_factor")).data.set_index("Row")
    shown = table.loc["jp_acl_cohort_bjsm51_388_01", "Effect"].replace(NO_BREAK, " ")
    assert shown == "11.00 (1.79 to 67.53)"


def test_the_note_names_the_side_of_the_first_arm() -> None:
    assert favoured_side(effects("integrated_vs_isolated")) == "above 0 favours the first arm"
    given = effects("prevention")
    plain = replace(given, table=given.table.drop(columns="display_sign", errors="ignore"))
    sides = {-1: "below 1 favours the first arm", 1: "above 1 favours the first arm"}
    for sign, words in sides.items():
        assert favoured_side(replace(plain, display_sign=sign)) == words
    mixed = turned("prevention", "soligard2008_01")
    usual = sides[mixed.display_sign]
    other = "above 1" if mixed.display_sign < 0 else "below 1"
    assert favoured_side(mixed) == (
        f"each ratio is in its printed orientation: {usual}, {other} in soligard2008_01"
    )
    table = effects_table(mixed, studies("prevention"))
    assert "each ratio is in its printed orientation" in table.notes[0]
    assert "are recomputed from the estimate and its standard error" in table.notes[0]
    # The printed 0.71 (0.49 to 1.03) turned round: 1/0.71 = 1.41.
    assert table.data.set_index("Row").loc["soligard2008_01", "Effect"].startswith("1.41")


def test_bounds_are_printed_as_bounds() -> None:
    data = effects("integrated_vs_isolated")
    rows = {row["row_id"]: row for row in data.table.to_dict("records")}
    assert printed_effect(data, rows["distefano2013_01"]) == f"≥{NO_BREAK}0.56"
    assert printed_effect(data, rows["distefano2013_05"]) == f"−0.56{NO_BREAK}to{NO_BREAK}0.56"


@pytest.mark.parametrize(
    ("row", "shown"),
    [
        ({"kind": "sign", "estimate": np.nan, "low": 0.0, "high": np.inf}, "favours the first arm"),
        ({"kind": "sign", "estimate": np.nan, "low": -np.inf, "high": 0.0}, "favours the second arm"),
        ({"kind": "sign", "estimate": np.nan, "low": -np.inf, "high": np.inf}, "side unclear"),
        ({"kind": "unusable", "estimate": np.nan, "low": np.nan, "high": np.nan}, ""),
        ({"kind": "interval", "estimate": np.nan, "low": 0.5, "high": np.inf}, f"≤{NO_BREAK}0.61"),
        (
            {"kind": "interval", "estimate": np.nan, "low": -0.5, "high": 0.5},
            f"0.61{NO_BREAK}to{NO_BREAK}1.65",
        ),
    ],
)
def test_effects_of_ratios_keep_the_printed_orientation(row: dict[str, object], shown: str) -> None:
    # favouring the first arm (positive on the model scale) is a ratio below 1: exp(-0.5) = 0.61
    assert printed_effect(effects("prevention"), row) == shown


@pytest.mark.parametrize("question", QUESTIONS)
def test_left_out_rows_are_those_that_models_leave_out(question: str) -> None:
    reasons = left_out(effects(question))
    selection = select(effects(question), partial=True)
    rows = selection.table["row_id"]
    assert reasons == {row: why for row, why in zip(rows, selection.why_not, strict=True) if why}
    shown = left_out_table([(question, effects(question), studies(question))])
    assert shown.data["Row"].tolist() == list(reasons)
    assert shown.data["Reason"].str.len().min() > 0


def test_left_out_over_several_questions_names_them() -> None:
    chosen = [(name, effects(name), studies(name)) for name in QUESTIONS]
    listed = bibliography_of(studies(name) for name in QUESTIONS)
    table = left_out_table(chosen, listed=listed)
    assert table.data["Question"].drop_duplicates().tolist() == list(QUESTIONS)
    assert list(table.numbers) == sorted(table.numbers)


def test_rules_count_as_the_effects_say() -> None:
    chosen = [(name, effects(name)) for name in QUESTIONS]
    data = rules_table(chosen, studies("prevention")).data.set_index("Rule")
    for name, each in chosen:
        for letter in "abcdefghij":
            expected = sum(letter in cell.split() for cell in each.table["rule"])
            assert data.loc[letter, name] == str(expected)
        assert data.loc["", name] == str(len(each))
    assert "domain" in data.loc["k", "prevention"]


def test_overview_counts_every_row_of_the_extraction() -> None:
    every = ev.example_studies()
    table = overview_table(every)
    assert table.data["Rows"].astype(int).sum() == 277
    shares = table.data[["In full", "In part", "Direction only"]].astype(int).sum(axis=1)
    assert (shares <= table.data["Rows"].astype(int)).all()
    assert set(table.references) == set(every.table["study"])
    assert "Question" in table.data
    assert any("never pooled again" in note for note in table.notes)


def test_overview_with_effects_counts_kinds() -> None:
    table = overview_table(studies("hip_knee_vs_knee"), effects=[effects("hip_knee_vs_knee")])
    kinds = table.data[["Value", "Bounds", "Side", "None"]].astype(int).sum(axis=1)
    assert (kinds == table.data["Rows"].astype(int)).all()


def test_characteristics_have_one_line_a_study() -> None:
    table = characteristics_table(ev.example_studies())
    assert len(table) == 88
    assert table.data["Rows"].astype(int).sum() == 277
    assert len(table.references) == 88
    assert any("the same people" in note for note in table.notes)
    first = table.data.iloc[0]
    assert first["Study"] == "DiStefano 2013 [1]"
    assert first["Programme"] == "8 weeks, 2 a week"


def test_the_trial_is_read_between_its_arms_only() -> None:
    trial = studies("integrated_vs_isolated").where(study="distefano2013")
    table = trial_table(ev.effect_sizes(trial, measure="SMD", correlation=0.7), trial)
    follows = dict(zip(table.data["Outcome"], table.data["What follows between the arms"], strict=True))
    assert follows["vertical jump height"].endswith("undecided")
    assert follows["sit-and-reach"].endswith("undecided")
    assert follows["push-ups in 60 s"].endswith("favours the first arm")
    # The article says that isolated training did not improve endurance; the abstract says that both arms did.
    pushups = table.data.set_index("Outcome").loc["push-ups in 60 s"]
    assert pushups["Claimed of the second arm"] == "not improved"
    assert pushups["Printed of the second arm"] == "changed"
    assert "40.67" in pushups["Printed of the first arm"]
    assert any("Isolated training improved only power" in note for note in table.notes)


def test_a_trial_is_one_study() -> None:
    with pytest.raises(ModelError, match="a trial is one study; these rows are of"):
        trial_table(effects("prevention"), studies("prevention"))


def test_numbers_follow_a_given_bibliography() -> None:
    listed = bibliography_of([studies("prevention"), studies("hip_knee_vs_knee")])
    table = characteristics_table(studies("hip_knee_vs_knee"), listed=listed)
    assert table.numbers == listed.numbers(table.references)
    assert min(table.numbers) > 1
    for number, text in zip(table.numbers, table.reference_texts, strict=True):
        assert listed.entries[number - 1].text == text


def test_tables_of_a_file_of_ones_own(tmp_path: Path) -> None:
    path = tmp_path / "mine.csv"
    path.write_text(
        "row_id,study,outcome,n_e,n_c,p_between,direction\nr1,a,jump,10,10,0.03,favours_e\nr2,b,jump,,,,favours_e\n",
        encoding="utf-8",
    )
    mine = ev.read_studies(path)
    own = ev.effect_sizes(mine, measure="SMD")
    for table in (characteristics_table(mine), overview_table(mine, effects=[own]), effects_table(own, mine)):
        assert len(table) >= 1
        assert "a [1]" in table.csv
        assert "[bibliography incomplete]" in table.csv
        assert not re.search(r"\bnan\b", table.csv)


def test_typeset_leaves_words_and_ranges() -> None:
    assert (
        typeset("pre-test of 14-18 years, r = -0.5, p <= 0.05")
        == "pre-test of 14-18 years, r = −0.5, p ≤ 0.05"
    )


def test_results_name_what_they_assume() -> None:
    """Both correlations, and the studies of the same people, stand below the numbers that rest on them."""
    chosen = studies("hip_knee_vs_knee").where(domain="function", comparator_class="knee_strength")
    read = ev.effect_sizes(chosen, measure="SMD", correlation=0.7)
    table = results_table([("Function", ev.compare(read, by="domain"))], chosen)
    (note,) = [note for note in table.notes if note.startswith("Assumed")]
    assert note == (
        "Assumed: r = 0.7 between scores before and after, rho = 0.6 within a study. "
        "Falah 2012 and Khayambashi 2014: in part the same people."
    )


def test_effects_given_as_numbers_are_named_in_words_and_never_by_their_code() -> None:
    studies = ev.example_studies().where(question="integrated_vs_isolated", level="study", domain="strength")
    names = list(dict.fromkeys(studies.table["study"]))[:3]
    effects = ev.effects_from(
        [0.4, 0.2, 0.7], std_error=0.2, study=names, domain=["strength", "strength", "power"]
    )
    found = ev.compare(effects, by="domain")
    page = ev.sensitivity(ev.random_effects(effects), progress=False)
    tables = [
        ev.to_table(found, studies),
        ev.summary_of_findings(found, studies),
        sensitivity_table(page),
    ]
    for table in tables:
        assert "GEN" not in table.markdown
        assert any("ffect, as given" in name for name in table.data.columns)
    assert "GEN" not in repr(effects) + effects._repr_html_()
    with pytest.raises(ev.EvidenceError, match=r"effects_from.*effects\.table"):
        ev.to_table(effects, studies)
