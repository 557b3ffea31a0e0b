"""Appraisal schemes as data, and what the rows prefill."""

from __future__ import annotations

import pytest
from helpers_studies import studies_of

import evidence as ev
from evidence.auditing.appraisal import schemes

MEANS = {"post_mean_e": "3.1", "post_sd_e": "1.1", "post_mean_c": "2.8", "post_sd_c": "0.9"}


def test_schemes_have_the_points_of_their_sources() -> None:
    # PEDro: ten scored items of eleven (Maher 2003). TESTEX: 15 points (Smart 2015). RoB 2: Sterne 2019.
    assert sum(item.points for item in schemes()["PEDro"].items) == 10
    assert len(schemes()["PEDro"].items) == 11
    assert sum(item.points for item in schemes()["TESTEX"].items) == 15
    assert [item.id for item in schemes()["RoB 2"].items] == ["D1", "D2", "D3", "D4", "D5"]


@pytest.mark.parametrize("name", ["PEDro", "TESTEX", "RoB 2"])
def test_levels_are_told_apart_without_colour(name: str) -> None:
    levels = schemes()[name].levels
    assert len({level.symbol for level in levels}) == len({level.colour for level in levels}) == len(levels)


@pytest.mark.parametrize(
    ("row", "item", "suggested"),
    [
        ({"basis": "between_group_test"}, "10", "yes"),
        ({"basis": "within_group_only", "signif_e": "yes"}, "10", ""),
        ({"p_between": "0.03"}, "10", "yes"),
        (MEANS, "11", "yes"),
        ({**MEANS, "post_sd_c": ""}, "11", ""),
        ({"effect_metric": "MD", "effect": "1", "ci_low": "0", "ci_high": "2"}, "11", "yes"),
    ],
)
def test_items_that_the_rows_can_suggest(row: dict[str, object], item: str, suggested: str) -> None:
    form = ev.appraisal(studies_of(row))
    assert form.loc[form["item"] == item, "suggested"].item() == suggested
    assert (form["confirmed"] == "").all()
    assert (form.loc[~form["item"].isin(["10", "11"]), "suggested"] == "").all()


def test_secondary_outcomes_need_a_second_test() -> None:
    one, two = {"p_between": "0.03", "study": "a"}, {"p_between": "0.2", "study": "a", "outcome": "sprint"}
    for rows, suggested in (([one], ""), ([one, two], "yes")):
        form = ev.appraisal(studies_of(*rows), "testex")
        assert form.loc[form["item"] == "8b", "suggested"].item() == suggested


def test_reviews_are_not_appraised_and_schemes_are_named() -> None:
    assert len(ev.appraisal(studies_of({"level": "pooled"}))) == 0
    with pytest.raises(ev.ModelError, match="scheme must be one of"):
        ev.appraisal(studies_of({}), "ROBINS")


@pytest.mark.parametrize("scheme", ["PEDro", "TESTEX", "RoB 2"])
def test_what_was_not_seen_is_blank_and_never_no(scheme: str) -> None:
    # PEDro's own rule: an item is scored on a literal reading of the report. An abstract is not the report.
    rows = {"basis": "within_group_only", "signif_e": "yes", "source_locator": "conference abstract"}
    for studies in (studies_of(rows), studies_of({**rows, "source_locator": ""}), ev.example_studies()):
        form = ev.appraisal(studies, scheme)
        assert set(form["suggested"]) <= {"", "yes"}
    form = ev.appraisal(studies_of(rows), scheme)
    asked = form.loc[form["because"].ne("")]
    assert (asked["suggested"] == "").all()
    assert asked["because"].str.startswith("not seen in what was read (conference abstract): ").all()
    assert len(asked) == {"PEDro": 2, "TESTEX": 3, "RoB 2": 0}[scheme]
