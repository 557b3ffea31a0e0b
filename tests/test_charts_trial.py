"""The figure of one trial: the article's claim, the printed results, and what follows between the arms."""

from __future__ import annotations

import pytest
from helpers_charts import assert_clean

import evidence as ev
from evidence.charts.trial import trial, trial_alt, trial_caption, trial_title
from evidence.charts.trial_rows import TRIAL_COLUMNS, says, trial_rows
from evidence.effects.record import Effects
from evidence.errors import ModelError
from evidence.studies.record import Studies


@pytest.fixture(scope="module")
def studies() -> Studies:
    return ev.example_studies()


@pytest.fixture(scope="module")
def effects(studies: Studies) -> Effects:
    return ev.effect_sizes(studies.where(study="distefano2013"), measure="SMD", correlation=0.7)


def test_the_trial_behind_the_article(effects: Effects, studies: Studies) -> None:
    rows = trial_rows(effects, studies, study="distefano2013").set_index("outcome")
    assert tuple(rows.reset_index()[list(TRIAL_COLUMNS)].columns) == TRIAL_COLUMNS
    push_ups = rows.loc["push-ups in 60 s"]
    # The article says that isolated training did not improve endurance; the abstract has a main effect of
    # time in push-ups, p = 0.002, in both groups.
    assert (push_ups["says_e"], push_ups["says_c"]) == ("improved", "not improved")
    assert (push_ups["within_e"], push_ups["within_c"]) == ("changed", "changed")
    assert push_ups["between"].startswith("integrated better")
    assert push_ups["low"] > 0
    jump = rows.loc["vertical jump height"]
    assert jump["within_c"] == "changed, p\u00a0<\u00a00.001"
    assert jump["between"] == "no difference, inferred"
    assert jump["low"] == pytest.approx(-jump["high"])


def test_a_claimed_domain_that_was_not_tested_is_said(effects: Effects, studies: Studies) -> None:
    rows = trial_rows(effects, studies, study="distefano2013")
    strength = rows[rows["domain"] == "strength"].iloc[0]
    assert strength["between"] == "not tested"
    assert strength["mark"] == "none"
    assert len(rows) == 7


def test_title_and_alt_text_come_from_the_rows(effects: Effects, studies: Studies) -> None:
    rows = trial_rows(effects, studies, study="distefano2013")
    assert trial_title(rows, ("integrated", "isolated")) == (
        "Between the arms: integrated ahead in push-ups, sit-ups, T-test and LESS; "
        "vertical jump and sit-and-reach undecided; strength not tested"
    )
    assert "Flexibility: sit-and-reach: no difference, inferred" in trial_alt(effects, studies)


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        # A printed direction whose bounds include no difference puts nobody ahead.
        ({"low": -0.2, "high": 1.0}, "LESS undecided"),
        ({"kind": "sign", "low": 0.0}, "integrated ahead in LESS by direction alone"),
        ({"kind": "unusable"}, "LESS not compared"),
        ({"between": "isolated better", "low": -9.0, "high": -0.1}, "isolated ahead in LESS"),
    ],
)
def test_the_title_puts_nobody_ahead_beyond_the_bounds(
    effects: Effects, studies: Studies, changes: dict[str, object], said: str
) -> None:
    rows = trial_rows(effects, studies, study="distefano2013")
    one = rows[rows["outcome"] == "LESS"].assign(**changes)
    assert trial_title(one, ("integrated", "isolated")) == f"Between the arms: {said}"


def test_many_outcomes_are_counted_and_none_is_nothing(effects: Effects, studies: Studies) -> None:
    rows = trial_rows(effects, studies, study="distefano2013").head(1)
    many = rows.loc[rows.index.repeat(7)].assign(outcome=[f"test {i}" for i in range(7)])
    assert trial_title(many, ("integrated", "isolated")).endswith("integrated ahead in 7 outcomes")
    assert trial_title(rows.head(0), ("a", "b")) == "Between the arms: nothing reported"


def test_the_caption_names_the_assumed_correlation(effects: Effects, studies: Studies) -> None:
    assert trial_caption(effects).endswith("Assumed: r = 0.7 between scores before and after.")
    assert "Assumed" not in trial_caption()
    texts = " ".join(text.get_text() for text in trial(effects, studies).texts).replace("\n", " ")
    assert "Assumed: r = 0.7 between scores before and after." in texts


def test_wrong_arguments_are_refused(effects: Effects, studies: Studies) -> None:
    for wrong in (None, 3, studies):
        with pytest.raises(ModelError, match=r"trial\(\) takes Effects; got .* ev.effect_sizes"):
            trial(wrong, studies)  # type: ignore[arg-type]
    for other in (None, effects):
        with pytest.raises(ModelError, match=r"trial\(\) takes Studies; got"):
            trial(effects, other)  # type: ignore[arg-type]
    with pytest.raises(ModelError, match="the studies do not hold distefano2013_01"):
        trial(effects, studies.where(question="prevention"))


@pytest.mark.parametrize(
    ("arm", "domain", "answer"),
    [
        ("integrated (core)", "speed_agility", "improved"),
        ("integrated (core)", "balance", ""),
        ("isolated (machines)", "power", "improved"),
        ("isolated (machines)", "strength", "not improved"),
        ("stretching", "power", ""),
    ],
)
def test_what_the_claims_say(studies: Studies, arm: str, domain: str, answer: str) -> None:
    assert says(studies.claims, "integrated_vs_isolated", arm, domain) == answer


@pytest.mark.parametrize("medium", ["notebook", "slide", "journal"])
def test_the_figure_is_clean(effects: Effects, studies: Studies, medium: str) -> None:
    least = {"notebook": 8.0, "slide": 18.0, "journal": 7.0}[medium]
    assert_clean(trial(effects, studies, medium=medium), least)


def test_the_article_s_trial_fits_a_slide(effects: Effects, studies: Studies) -> None:
    figure = trial(effects, studies, medium="slide").get_figure(root=True)
    assert figure is not None
    assert [round(float(side), 2) for side in figure.get_size_inches()] == [13.33, 7.5]


def test_every_trial_of_the_question_can_be_drawn(studies: Studies) -> None:
    chosen = studies.where(question="integrated_vs_isolated", level="study")
    effects = ev.effect_sizes(chosen, measure="SMD", correlation=0.7)
    for study in effects.table["study"].unique()[::4]:
        assert_clean(trial(effects, chosen, study=study))


def test_an_unknown_trial_lists_the_known(effects: Effects, studies: Studies) -> None:
    with pytest.raises(ModelError, match="distefano2013"):
        trial_rows(effects, studies, study="distefano2014")
