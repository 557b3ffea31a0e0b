"""Summary of findings: the author's certainty is only the author's; suggestions follow cited rules."""

from __future__ import annotations

import re
from dataclasses import replace
from functools import cache
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import evidence as ev
from evidence.errors import ModelError, StudyDataError
from evidence.fit import MetaFit
from evidence.publish.make_tables import certainty_file, tabulate_summary_of_findings
from evidence.publish.recipe import read_recipe
from evidence.publish.workshop import Workshop
from evidence.synthesis.certainty import RULES, suggestions
from evidence.table_content.certainty import LEVELS, read_certainty
from evidence.table_words import NO_BREAK

ROOT = Path(__file__).parents[1]


def fit_of(
    estimates: list[float], variances: list[float], people: list[float] | None = None, **given: object
) -> MetaFit:
    effects = ev.effects_from(estimates, variance=variances, **given)  # type: ignore[arg-type]
    fit = ev.random_effects(effects, inference="z")
    return replace(fit, n_people=None if people is None else float(sum(people)))


def reasons(fit: MetaFit) -> dict[str, str]:
    return {each.reason: each.finding for each in suggestions(fit)}


# Imprecision: Guyatt 2011, J Clin Epidemiol 64:1283-1293, doi:10.1016/j.jclinepi.2011.01.012


def test_fewer_than_400_people_are_few_for_a_difference_of_means() -> None:
    few = fit_of([0.5, 0.5], [0.01, 0.01], [200, 199], measure="SMD")
    enough = fit_of([0.5, 0.5], [0.01, 0.01], [200, 200], measure="SMD")
    assert reasons(few) == {"imprecision": "399 people, fewer than 400"}
    assert reasons(enough) == {}


@pytest.mark.parametrize(
    ("low", "high", "found"),
    [
        (0.80, 1.20, ""),  # includes no effect, and nothing below 0.75 or above 1.25
        (0.70, 1.20, "includes no effect and ratios below 0.75"),
        (0.80, 1.30, "includes no effect and ratios above 1.25"),
        (0.70, 1.30, "includes no effect and ratios below 0.75 and ratios above 1.25"),
        (0.50, 0.90, ""),  # excludes no effect
    ],
)
def test_ratios_are_imprecise_by_the_limits_of_appreciable_benefit_and_harm(
    low: float, high: float, found: str
) -> None:
    centre, error = (np.log(low) + np.log(high)) / 2, (np.log(high) - np.log(low)) / (2 * 1.959963984540054)
    fit = fit_of([centre] * 4, [4 * error**2] * 4, [50] * 4, measure="RR", scale="log")
    assert fit.display["conf_low"] == pytest.approx(low)
    said = reasons(fit).get("imprecision", "")
    assert said.endswith(found) if found else said == ""


def test_ratios_printed_the_other_way_round_are_judged_as_printed() -> None:
    fit = fit_of([0.0] * 4, [0.08] * 4, measure="RR", scale="log")
    turned = replace(fit, display_sign=-fit.display_sign)
    assert reasons(fit)["imprecision"] == reasons(turned)["imprecision"]


def test_standardised_differences_are_imprecise_beyond_half_a_standard_deviation() -> None:
    assert "imprecision" not in reasons(fit_of([0.1] * 4, [0.1] * 4, [500], measure="SMD"))
    said = reasons(fit_of([0.1] * 4, [0.3] * 4, [500], measure="SMD"))["imprecision"]
    assert said == "−0.44 to 0.64 includes no effect and effects above 0.5"


def test_an_open_interval_and_none_are_imprecise() -> None:
    fit = fit_of([0.5, 0.5], [0.01, 0.01], [500], measure="SMD")
    assert reasons(replace(fit, conf_high=np.inf))["imprecision"] == "the interval is open"
    assert reasons(replace(fit, conf_low=None, conf_high=None))["imprecision"] == "there is no interval"


# Inconsistency: Guyatt 2011, J Clin Epidemiol 64:1294-1302, doi:10.1016/j.jclinepi.2011.03.017


def test_large_i2_with_a_small_p_is_inconsistent_and_either_alone_is_not() -> None:
    fit = fit_of([0.5, 0.5], [0.01, 0.01], [500], measure="SMD")
    assert reasons(replace(fit, i2=50.0, q_p_value=0.09))["inconsistency"] == "I² 50 %, p = 0.090"
    assert "inconsistency" not in reasons(replace(fit, i2=49.0, q_p_value=0.01))
    assert "inconsistency" not in reasons(replace(fit, i2=80.0, q_p_value=0.10))
    assert "inconsistency" not in reasons(replace(fit, i2=80.0, q_p_value=0.01, n_studies=1))


def without_i2(estimates: list[float], error: float) -> MetaFit:
    fit = fit_of(estimates, [error**2] * len(estimates), [500], measure="SMD")
    return replace(fit, i2=None, q_p_value=None, pred_low=None, pred_high=None)


def test_intervals_that_do_not_overlap_are_inconsistent() -> None:
    # 1.96 * 0.1 on both sides: two intervals part where estimates differ by more than 0.392.
    assert "inconsistency" not in reasons(without_i2([0.3, 0.3, 0.69], 0.1))
    said = reasons(without_i2([0.3, 0.3, 0.70], 0.1))["inconsistency"]
    assert said == "the intervals of 2 of 3 pairs of studies do not overlap"


def test_one_pair_in_ten_may_part() -> None:
    # One of five studies far from one other: 1 of 10 pairs is not more than one in ten.
    assert "inconsistency" not in reasons(without_i2([0.3, 0.3, 0.3, 0.1, 0.5], 0.1))


def test_a_prediction_interval_that_turns_is_inconsistent_from_five_studies() -> None:
    fit = replace(without_i2([0.4] * 5, 0.1), pred_low=-0.6, pred_high=1.4)
    assert "new study may find the opposite: −0.60 to 1.40" in reasons(fit)["inconsistency"]
    assert "inconsistency" not in reasons(replace(fit, pred_low=-0.5))
    assert "inconsistency" not in reasons(replace(fit, conf_low=-0.1))
    four = replace(without_i2([0.4] * 4, 0.1), pred_low=-0.6, pred_high=1.4)
    assert "inconsistency" not in reasons(four)


# Reporting: Guyatt 2011, J Clin Epidemiol 64:1277-1282, doi:10.1016/j.jclinepi.2011.01.011


def test_a_fifth_of_the_studies_without_a_result_is_a_matter_of_reporting() -> None:
    fit = fit_of([0.5] * 5, [0.01] * 5, [500], measure="SMD")
    lost = fit.rows.assign(used=[True, True, True, True, False])
    assert reasons(replace(fit, rows=lost))["reporting"] == "1 of 5 studies give no result that can be used"
    fit6 = fit_of([0.5] * 6, [0.01] * 6, [500], measure="SMD")
    lost6 = fit6.rows.assign(used=[True] * 5 + [False])
    assert "reporting" not in reasons(replace(fit6, rows=lost6))


def lopsided(studies: int) -> ev.Effects:
    errors = np.linspace(0.05, 0.5, studies)
    wobble = np.where(np.arange(studies) % 2, 0.02, -0.02)
    return ev.effects_from(list(2 * errors + wobble), std_error=list(errors))


def test_the_funnel_is_tested_from_ten_studies_and_agrees_with_the_verb() -> None:
    # Sterne 2011, BMJ 343:d4002: at least ten studies.
    fit = replace(ev.random_effects(lopsided(10)), n_people=500.0)
    p = ev.funnel_test(lopsided(10)).p_value
    assert p < 0.0005
    assert reasons(fit)["reporting"] == "lopsided funnel, p < 0.001"
    assert "reporting" not in reasons(replace(ev.random_effects(lopsided(9)), n_people=500.0))
    even = ev.effects_from([0.3, 0.2] * 6, std_error=list(np.linspace(0.1, 0.4, 12)))
    assert ev.funnel_test(even).p_value > 0.1
    assert "reporting" not in reasons(ev.random_effects(even))


@given(st.lists(st.tuples(st.floats(-3, 3), st.floats(0.01, 2)), min_size=2, max_size=12))
@settings(max_examples=40, deadline=None)
def test_suggestions_do_not_depend_on_the_order_of_the_rows(rows: list[tuple[float, float]]) -> None:
    forward = fit_of([y for y, _ in rows], [v for _, v in rows], [300], measure="SMD")
    backward = fit_of([y for y, _ in rows[::-1]], [v for _, v in rows[::-1]], [300], measure="SMD")
    assert {name for name in reasons(forward)} == {name for name in reasons(backward)}


def test_each_rule_names_a_source() -> None:
    assert all(re.search(r"doi:10\.\d{4}", rule) for rule in RULES.values())


# The author's ratings


def ratings(*lines: tuple[str, str, str, str]) -> pd.DataFrame:
    return pd.DataFrame(list(lines), columns=["question", "domain", "certainty", "reasons"])


def test_ratings_are_read_and_blank_ones_stay_blank() -> None:
    given_ = ratings(
        ("q", "pain", "Very_Low", " few people "), ("q", "power", "", ""), ("other", "x", "nonsense", "")
    )
    found = read_certainty(given_, {"q": ["pain", "power"]})
    assert {key: (each.certainty, each.reasons) for key, each in found.items()} == {
        ("q", "pain"): ("very low", "few people"),
        ("q", "power"): ("", ""),
    }


def test_a_rating_by_the_code_of_the_data_holds_where_the_questions_own_name_gives_none() -> None:
    given_ = ratings(
        ("q", "pain", "high", ""),
        ("code", "pain", "low", "x"),
        ("code", "power", "low", "y"),
        ("q", "power", "", ""),
    )
    found = read_certainty(given_, {"q": ["pain", "power"], "r": ["pain"]}, {"q": ["code"], "r": ["code"]})
    assert {key: each.certainty for key, each in found.items()} == {
        ("q", "pain"): "high",
        ("q", "power"): "low",
        ("r", "pain"): "low",
    }


def test_a_rating_of_a_whole_question_rates_none_of_its_outcomes() -> None:
    assert read_certainty(ratings(("q", "", "low", "x")), {"q": ["pain"]}) == {}


@pytest.mark.parametrize(
    ("line", "message"),
    [
        (("q", "pian", "low", "x"), r"line 3, column domain.*did you mean pain\?"),
        (("q", "power", "lowish", "x"), "high, moderate, low, very low, or blank"),
        (("q", "pain", "low", "x"), "rated once"),
        (("q", "power", "low", ""), "a certainty below high has its reasons"),
    ],
)
def test_a_broken_rating_is_named_with_its_line(line: tuple[str, str, str, str], message: str) -> None:
    with pytest.raises(StudyDataError, match=f"(?s){message}"):
        read_certainty(ratings(("q", "pain", "high", ""), line), {"q": ["pain", "power"]})


def test_every_broken_rating_is_named_at_once() -> None:
    wrong = ratings(("q", "nowhere", "low", "x"), ("q", "pain", "sure", "x"))
    with pytest.raises(StudyDataError) as caught:
        read_certainty(wrong, {"q": ["pain"]})
    assert len(caught.value.problems) == 2


def test_a_file_of_ratings_without_its_columns_or_that_is_none_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "certainty.csv"
    path.write_text("question,domain\nq,pain\n", encoding="utf-8")
    with pytest.raises(StudyDataError, match="there is no certainty, reasons"):
        read_certainty(path, {"q": ["pain"]})
    path.write_bytes(b"\xff\xfe\x00")
    with pytest.raises(StudyDataError, match="CSV file in UTF-8"):
        read_certainty(path, {"q": ["pain"]})
    with pytest.raises(StudyDataError, match="CSV file in UTF-8"):
        read_certainty(tmp_path / "missing.csv", {"q": ["pain"]})


# The tables


@cache
def prevention() -> tuple[ev.Studies, ev.Comparison]:
    rows = ev.example_studies().where(question="prevention", level="study")
    return rows, ev.compare(ev.effect_sizes(rows, measure="RR"), by="domain")


def test_nothing_is_rated_for_the_author() -> None:
    rows, found = prevention()
    table = ev.summary_of_findings(found, rows)
    assert set(table.data["Certainty"]) == {"not rated"}
    assert "Reasons" not in table.data
    assert "the author has not rated it yet" in " ".join(table.notes)


def test_the_authors_certainty_and_reasons_stand_beside_the_suggestions() -> None:
    rows, found = prevention()
    given_ = ratings(("", "injury_acl", "moderate", "no blinding"), ("", "injury_knee", "high", ""))
    table = ev.summary_of_findings(found, rows, certainty=given_, arms=("usual", "programme"))
    line = table.data.set_index("Domain").loc["Injury: ACL"]
    assert line["Certainty"] == LEVELS["moderate"] == "⊕⊕⊕◯ moderate"
    assert line["Reasons"] == "no blinding"
    assert line["In words"] == "favours programme"
    # As in the results: RR 0.28 (0.10 to 0.58) of three trials, 7876 people.
    assert (
        line[f"Relative effect: RR (95{NO_BREAK}% interval)"].replace(NO_BREAK, " ") == "0.28 (0.10 to 0.58)"
    )
    assert line["People (studies)"].replace(NO_BREAK, " ") == "7876 (3 studies)"
    knee = table.data.set_index("Domain").loc["Injury: knee"]
    assert knee["Certainty"] == "⊕⊕⊕⊕ high"
    assert [text for _, text in table._content().lettered] == list(RULES.values())


def test_suggestions_never_change_the_certainty() -> None:
    rows, found = prevention()
    high = ratings(*(("", str(domain), "high", "") for domain in found.table["domain"]))
    table = ev.summary_of_findings(found, rows, certainty=high)
    assert set(table.data["Certainty"]) == {"⊕⊕⊕⊕ high"}
    assert table.data["Suggested: rate down for"].str.contains("imprecision").any()


def test_several_questions_are_groups_and_effects_are_told_in_units() -> None:
    rows = ev.example_studies().where(question="hip_knee_vs_knee", level="study", domain="pain")
    found = ev.compare(ev.effect_sizes(rows, measure="SMD"), by="domain")
    table = ev.summary_of_findings(
        {"one": found, "two": found}, rows, units={"pain": (2.0, "points", "a made-up scale")}
    )
    assert table.groups == ("one", "two")
    assert table.data["In words"].str.contains("points").all()
    assert table.data["In words"].str.contains("a made-up scale").all()


def test_what_is_no_comparison_is_refused() -> None:
    rows, found = prevention()
    with pytest.raises(ModelError, match="takes a Comparison"):
        ev.summary_of_findings({"q": 3}, rows)  # type: ignore[dict-item]
    with pytest.raises(ModelError, match="takes a Comparison"):
        ev.summary_of_findings({}, rows)
    with pytest.raises(ModelError, match="needs the Studies"):
        ev.summary_of_findings(found, None)  # type: ignore[arg-type]


def test_each_record_has_its_table() -> None:
    rows, found = prevention()
    kinds = {
        "Design": (rows, None),
        "Derivation": (ev.effect_sizes(rows, measure="RR"), rows),
        "Prediction interval": (found, rows),
        "What to do": (ev.audit(rows, pooled=False), None),
    }
    for column, (record, studies) in kinds.items():
        table = ev.to_table(record, studies, caption="Mine.", id="mine")
        assert column in table.data.columns
        assert (table.caption, table.id) == ("Mine.", "mine")
    with pytest.raises(ModelError, match="to_table\\(\\) takes Studies"):
        ev.to_table(3)  # type: ignore[arg-type]
    with pytest.raises(ModelError, match="needs the Studies"):
        ev.to_table(found)


def test_the_table_of_claims_has_each_verdict_with_its_sources() -> None:
    studies = ev.example_studies()
    claims = ev.claims(studies)
    table = ev.to_table(claims, studies)
    assert table.data["Claim"].tolist() == claims.table["claim"].tolist()
    assert table.data["Verdict"].tolist() == claims.table["verdict"].tolist()
    for claim, sources in zip(claims.table["claim_id"], table.data["Sources"], strict=True):
        behind = claims.rows.loc[claims.rows["claim_id"].eq(claim), "study"].nunique()
        assert len(re.findall(r"\[\d+\]", sources)) == behind
    assert set(table.references) == set(claims.rows["study"])


def test_the_table_of_the_audit_has_each_finding_under_its_severity() -> None:
    studies = ev.example_studies().where(study=["pomaresnoguera2018", "khayambashi2014"])
    found = ev.audit(studies)
    table = ev.to_table(found)
    assert len(table) == len(found)
    assert [heading.split(":")[0].casefold() for heading in table.groups if ":" in heading] == [
        severity for severity in found.table["severity"] if severity != "ask"
    ]
    line = table.data.iloc[0]
    assert line["Row"] == "pomaresnoguera2018_08"
    assert line["What to do"] == "Repair: effect = −0.5"


def test_the_recipe_makes_the_judged_tables_and_the_shipped_ratings_are_blank() -> None:
    workshop = Workshop(read_recipe(ROOT / "evidence.toml"))
    path = certainty_file(workshop, "data/studies.csv")
    assert path == ROOT / "data" / "certainty.csv"
    assert pd.read_csv(path, keep_default_na=False)["certainty"].eq("").all()
    question = workshop.recipe.question("prevention")
    output = SimpleNamespace(id="sof", title="Summary.")
    table, made = tabulate_summary_of_findings(workshop, [question], output)  # type: ignore[arg-type]
    assert table.caption == "Summary."
    assert set(made.numbers["pooled"]) == set(workshop.comparison(question).fits)
    assert set(table.numbers) <= {entry.number for entry in workshop.listed.entries}
