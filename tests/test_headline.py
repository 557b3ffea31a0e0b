"""Headlines made from results: never more than the interval allows, arms by name, certainty only if rated."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import evidence as ev
from evidence.charts.direction_rows import effect_direction_rows
from evidence.errors import StudyDataError
from evidence.publish.certainty import CERTAINTIES, Rating, rating_of
from evidence.publish.deck import _headline as deck_headline
from evidence.publish.deck.tables import figure_table
from evidence.publish.headline import question_headline
from evidence.publish.headline_words import fit_headline, size_words
from evidence.publish.make import tabulated
from evidence.publish.new import new
from evidence.publish.plan import planned
from evidence.publish.recipe import read_recipe
from evidence.publish.workshop import Workshop
from evidence.tables import Table

ARMS = ("usual care", "exercise")
RECIPE = Path(__file__).parent.parent / "evidence.toml"


def _fit(
    estimate: float | None,
    low: float,
    high: float,
    *,
    measure: str = "SMD",
    scale: str = "identity",
    sign: int = 1,
) -> ev.MetaFit:
    effects = ev.effects_from([0.2, 0.5, 0.1], std_error=[0.2, 0.3, 0.25], study=["a", "b", "c"])
    fit = ev.random_effects(effects)
    return replace(
        fit, estimate=estimate, conf_low=low, conf_high=high, measure=measure, scale=scale, display_sign=sign
    )


# Cohen J. Statistical Power Analysis for the Behavioral Sciences, 2nd ed. 1988, p. 25-26: d = 0.2
# small, 0.5 medium, 0.8 large.
@pytest.mark.parametrize(
    ("low", "high", "words"),
    [
        (0.05, 0.15, "trivial"),
        (0.2, 0.49, "small"),
        (0.5, 0.79, "medium"),
        (0.8, 2.0, "large"),
        (0.15, 0.97, "trivial to large"),
        (-0.97, -0.3, "small to large"),
        (-0.1, 0.19, "trivial"),
        (0.58, float("inf"), "medium at least"),
    ],
)
def test_sizes_of_standardised_differences_are_named_by_cohens_benchmarks(
    low: float, high: float, words: str
) -> None:
    estimate = None if high == float("inf") else (low + high) / 2
    assert size_words(_fit(estimate, low, high)) == words


def test_ratios_are_told_in_percent_on_the_printed_scale() -> None:
    # log 2 and log 4/3 in favour of the first arm, printed as risk ratios of 0.5 and 0.75
    fit = _fit(0.5, 0.2877, 0.6931, measure="RR", scale="log", sign=-1)
    assert size_words(fit) == "25 to 50 % lower"
    assert (
        "risk or rate 25 to 50\u00a0% lower: RR\u00a00.61 (95\u00a0% interval 0.50 to 0.75)"
        in fit_headline(fit, ARMS).sentence
    )


def test_a_measure_without_a_rule_gets_no_word() -> None:
    assert size_words(_fit(3.0, 1.0, 5.0, measure="MD")) == ""
    assert fit_headline(_fit(3.0, 1.0, 5.0, measure="MD"), ARMS).sentence == (
        "Favours exercise over usual care: MD\u00a03.00 (95\u00a0% interval 1.00 to 5.00)"
    )


@settings(max_examples=200, deadline=None)
@given(
    middle=st.floats(-3, 3),
    half=st.floats(0.01, 4),
    certainty=st.sampled_from([None, *CERTAINTIES]),
)
def test_no_form_says_more_than_the_interval_allows(
    middle: float, half: float, certainty: str | None
) -> None:
    fit = _fit(middle, middle - half, middle + half)
    rating = Rating(certainty, "few people") if certainty else None
    said = fit_headline(fit, ARMS, rating)
    for words in (said.sentence, *said.shorter):
        if middle - half <= 0 <= middle + half:
            assert words.startswith("No clear difference")
            assert "avour" not in words
        else:
            ahead = ARMS[1] if middle > 0 else ARMS[0]
            assert re.search(rf"(avours?|points to) {ahead}", words)
        # Whoever has not rated the certainty is not told one.
        assert ("certainty" in words) is (certainty is not None)
        assert re.search(r"interval .+ to .+\)", words)
    assert len(said.brief) <= len(said.sentence)


def test_rated_certainty_hedges_the_verb() -> None:
    # Santesso et al. 2020 (GRADE guidelines 26): moderate "probably", low "may", very low "very uncertain".
    fit = _fit(0.6, 0.3, 0.9)
    openings = {
        word: fit_headline(fit, ARMS, Rating(word, "")).sentence.split(" exercise")[0] for word in CERTAINTIES
    }
    assert openings == {
        "high": "Favours",
        "moderate": "Probably favours",
        "low": "May favour",
        "very low": "Very uncertain, but points to",
    }


@pytest.fixture(scope="module")
def shipped() -> Workshop:
    return Workshop(read_recipe(RECIPE))


def test_every_question_of_the_shipped_recipe_has_a_headline(shipped: Workshop) -> None:
    for question in shipped.recipe.questions:
        said = question_headline(shipped, question)
        assert said.sentence
        assert said.details
        assert not said.sentence.endswith(".")
        for text in (said.sentence, *said.shorter, *said.details):
            if question.favours:
                assert "first arm" not in text
                assert "second arm" not in text


def test_numbers_of_a_headline_are_those_of_the_fit(shipped: Workshop) -> None:
    question = shipped.recipe.question("endurance-v-traditional")
    fit = shipped.fit(question)
    said = question_headline(shipped, question).sentence
    assert (
        f"SMD\u00a0{fit.estimate:.2f} (95\u00a0% interval {fit.conf_low:.2f} to {fit.conf_high:.2f})" in said
    )


@pytest.fixture(scope="module")
def starter(tmp_path_factory: pytest.TempPathFactory) -> Workshop:
    return Workshop(read_recipe(new(tmp_path_factory.mktemp("starter") / "mine") / "evidence.toml"))


def _counts(table: Table) -> dict[str, int]:
    """Add up the columns of a table of directions; the line of all domains must say the same."""
    data = table.data
    alone = data[data["Domain"] != "All domains"].drop(columns="Domain").astype(int).sum().to_dict()
    for line in data[data["Domain"] == "All domains"].drop(columns="Domain").astype(int).to_dict("records"):
        assert line == alone
    return {str(name): int(count) for name, count in alone.items()}


@pytest.mark.parametrize("which", ["shipped", "starter"])
def test_a_headline_counts_directions_as_the_table_below_it(
    which: str, request: pytest.FixtureRequest
) -> None:
    workshop: Workshop = request.getfixturevalue(which)
    looked_at = 0
    for output in planned(workshop.recipe, "slide"):
        if output.kind not in ("effect_direction", "harvest"):
            continue
        question = workshop.recipe.question(output.questions[0])
        said = question_headline(workshop, question, output.kind)
        table = figure_table(output, workshop)
        assert table is not None
        first, second, level, rest = (_counts(table)[name] for name in table.data.columns[1:])
        total = first + second + level + rest
        for words in (said.sentence, *said.shorter):
            assert re.search(rf"\b{first} of {total} findings ", words)
            if question.favours:
                assert bool(re.search(r"no difference", words)) is (level > 0)
                assert level == 0 or re.search(rf"\b{level} reports? no difference", words)
                assert second == 0 or re.search(rf"\b{second} favours? {question.favours[0]}", words)
        if question.favours:
            # The same counts as the effect-direction plot draws.
            rows = effect_direction_rows(workshop.effects(question))
            assert (first, level) == (rows["symbol"].eq("up").sum(), rows["symbol"].eq("level").sum())
        looked_at += 1
    assert looked_at


def test_the_sign_test_stands_beside_the_headline_and_says_what_it_counts(shipped: Workshop) -> None:
    question = shipped.recipe.question("integrated")
    test = ev.direction_test(shipped.effects(question))
    said = question_headline(shipped, question)
    told = f"{test.first} of {test.first + test.second} studies with a direction favour integrated"
    assert "side on which the numbers lie" in said.beside
    assert told in said.beside
    assert told in " ".join(said.details)
    assert told not in said.sentence


def test_a_range_of_pooled_estimates_is_called_so_where_the_table_holds_single_studies(
    shipped: Workshop,
) -> None:
    # "Estimates favour programme: RR 0.28 to 0.88" stood above a table with "one study: 0.12".
    question = shipped.recipe.question("prevention")
    assert any(fit.n_studies == 1 for fit in shipped.comparison(question).fits.values())
    assert question_headline(shipped, question, "results").sentence.startswith("Pooled estimates ")


def test_claims_are_counted_by_verdict(shipped: Workshop) -> None:
    output = next(output for output in planned(shipped.recipe, "slide") if output.kind == "claims")
    said = deck_headline(shipped, output, [shipped.recipe.question(name) for name in output.questions])
    table, _ = tabulated(output, shipped)
    for verdict, count in table.data["Verdict"].value_counts().items():
        assert re.search(rf"\b{count} {verdict}", said.sentence)
    assert said.sentence.startswith(f"Of {len(table)} claims")


def _rated(tmp_path: Path, rows: str) -> Rating | None:
    (tmp_path / "studies.csv").write_text("row_id,study,outcome\n", encoding="utf-8")
    (tmp_path / "certainty.csv").write_text("question,domain,certainty,reasons\n" + rows, encoding="utf-8")
    (tmp_path / "evidence.toml").write_text(
        '[project]\ntitle = "T"\nstudies = "studies.csv"\n[[question]]\nid = "pain"\ntitle = "Pain"\n'
        'filter = { question = "hip", domain = "pain" }\noutputs = ["overview"]\n',
        encoding="utf-8",
    )
    recipe = read_recipe(tmp_path / "evidence.toml")
    return rating_of(recipe, recipe.question("pain"))


def test_a_rating_is_found_by_question_and_domain(tmp_path: Path) -> None:
    rows = "hip,function,high,\nhip,pain,Very_low,imprecise; few people.\n"
    assert _rated(tmp_path, rows) == Rating("very low", "imprecise; few people")
    assert _rated(tmp_path, rows + "pain,,low,own id\n") == Rating("low", "own id")
    assert _rated(tmp_path, "hip,function,high,\n") is None


def test_an_unknown_certainty_is_named_with_its_line(tmp_path: Path) -> None:
    with pytest.raises(StudyDataError, match=r"(?s)certainty.csv.*line 2.*certainty.*did you mean moderate"):
        _rated(tmp_path, "hip,pain,moderat,\n")
