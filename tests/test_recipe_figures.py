"""Figures of a recipe that need more than rows: bubbles, judgements, flows, subgroups, houses."""

from __future__ import annotations

from pathlib import Path

import pytest
from helpers_boxes import assert_clean

import evidence as ev
from evidence.charts.bubble import bubble_title
from evidence.charts.figures import LEAST_IN_ROOM, room
from evidence.charts.gallery_data import exact_effects, invented_effects
from evidence.publish.content import content_hash
from evidence.publish.deck.pictures import figure_pictures
from evidence.publish.headline import question_headline
from evidence.publish.make import drawn
from evidence.publish.plan import Output, planned
from evidence.publish.recipe import read_recipe
from evidence.publish.recipe_errors import BuildError, RecipeError
from evidence.publish.workshop import Workshop

RECIPE = """
[project]
title = "Figures"
studies = "studies.csv"

[[question]]
id = "all"
title = "All of them"
measure = "SMD"
model = "random_effects"
outputs = ["forest", "bubble", "risk_of_bias", "prisma"]
preset = "revman"
subgroup = "domain"
moderator = "timepoint_weeks"

[question.prisma]
databases = { MEDLINE = 50, Embase = 30 }
duplicates = 10
excluded = 40
not_retrieved = 0
reports_excluded = { "No control" = 15 }
studies = 12
"""

RISK = "study,item,words,confirmed\n" + "".join(
    f"s{i},D{j},what D{j} asks,{'high' if i == j else 'low'}\n" for i in range(12) for j in (1, 2)
)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    head = "row_id,study,domain,outcome,timepoint_weeks,level,basis,better,n_e,n_c,"
    head += "post_mean_e,post_sd_e,post_mean_c,post_sd_c"
    lines = [
        f"r{i},s{i},{'strength' if i % 2 else 'power'},jump,{4 + i},study,between_group_test,higher,20,20,"
        f"{10 + i * 0.1:.1f},2.0,9.5,2.{i % 7}"
        for i in range(12)
    ]
    (tmp_path / "studies.csv").write_text("\n".join([head, *lines]) + "\n", encoding="utf-8")
    (tmp_path / "risk_of_bias.csv").write_text(RISK, encoding="utf-8")
    (tmp_path / "evidence.toml").write_text(RECIPE, encoding="utf-8")
    return tmp_path


def one(workshop: Workshop, kind: str, medium: str | None = None) -> Output:
    return next(output for output in planned(workshop.recipe, medium) if output.kind == kind)


@pytest.mark.parametrize("medium", ["notebook", "slide", "journal"])
def test_new_kinds_are_drawn(folder: Path, medium: str) -> None:
    workshop = Workshop(read_recipe(folder / "evidence.toml"))
    says = {
        "bubble": "timepoint",
        "risk_of_bias": "D1",
        "prisma": "MEDLINE (50)",
        "forest": "by domain",
    }
    for kind, words in says.items():
        ax, made = drawn(one(workshop, kind, medium), workshop)
        assert_clean(ax)
        assert words in ev.caption(ax)
        assert len(made.rows) == 12
    numbers = drawn(one(workshop, "bubble"), workshop)[1].numbers
    assert "term timepoint_weeks" in numbers
    forest = " ".join(text.get_text() for text in drawn(one(workshop, "forest"), workshop)[0].texts)
    assert "Test for subgroup differences" in forest.replace("\n", " ")  # as Review Manager has it
    assert set(drawn(one(workshop, "forest"), workshop)[1].numbers["pooled"]) == {
        "pooled",
        "power",
        "strength",
    }


def test_their_headlines_are_their_messages(folder: Path) -> None:
    workshop = Workshop(read_recipe(folder / "evidence.toml"))
    question = workshop.recipe.questions[0]
    assert question_headline(workshop, question, "prisma").sentence == "80 records led to 12 studies"
    fit = workshop.regression(question)
    assert question_headline(workshop, question, "bubble").sentence == bubble_title(
        fit, name="timepoint weeks"
    )
    told = question_headline(workshop, question, "risk_of_bias").sentence
    assert told == "Risk of bias: no domain stands out: each is high in 1 of 12 studies"


def test_judgements_make_their_figure_anew(folder: Path) -> None:
    def hashed() -> str:
        workshop = Workshop(read_recipe(folder / "evidence.toml"))
        return content_hash(one(workshop, "risk_of_bias"), workshop)

    before = hashed()
    assert hashed() == before
    (folder / "risk_of_bias.csv").write_text(
        RISK.replace("s3,D1,what D1 asks,low", "s3,D1,what D1 asks,high")
    )
    assert hashed() != before


def test_missing_judgements_say_what_is_needed(folder: Path) -> None:
    (folder / "risk_of_bias.csv").unlink()
    workshop = Workshop(read_recipe(folder / "evidence.toml"))
    with pytest.raises(BuildError, match=r"risk_of_bias\.csv beside studies\.csv: columns study"):
        drawn(one(workshop, "risk_of_bias"), workshop)


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ('preset = "revman"', 'preset = "revmen"', ["preset", "did you mean RevMan?"]),
        ('subgroup = "domain"', 'subgroup = "domian"', ["subgroup", "did you mean domain?"]),
        ('moderator = "timepoint_weeks"\n', "", ["moderator", "the output bubble needs the column"]),
        ("duplicates = 10", "duplicates = 90", ["prisma", "90 are taken from 80"]),
        ("duplicates = 10", "dublicates = 10", ["prisma", "did you mean duplicates?"]),
        ('model = "random_effects"', 'model = "common_effect"', ["model", "the output bubble needs a model"]),
        (RECIPE[RECIPE.index("[question.prisma]") :], "", ["prisma", "the output prisma needs the counts"]),
    ],
)
def test_mistakes_are_named(folder: Path, old: str, new: str, words: list[str]) -> None:
    assert old in RECIPE
    (folder / "evidence.toml").write_text(RECIPE.replace(old, new, 1), encoding="utf-8")
    with pytest.raises(RecipeError) as error:
        read_recipe(folder / "evidence.toml")
    for word in words:
        assert word in str(error.value)


@pytest.mark.parametrize("size", [(888.0, 360.0), (500.0, 400.0), (300.0, 150.0)])
@pytest.mark.parametrize("name", ["funnel", "albatross", "baujat"])
def test_pictures_obey_the_room_of_a_slide(name: str, size: tuple[float, float]) -> None:
    """The room's proportions, no title of their own, letters of 14 pt at least where it is large enough."""
    drawing = {
        "funnel": lambda: ev.funnel(exact_effects(14, False), medium="slide"),
        "albatross": lambda: ev.albatross(invented_effects(12), medium="slide"),
        "baujat": lambda: ev.baujat(ev.random_effects(exact_effects(14, False)), medium="slide"),
    }[name]
    titled = [text.get_text() for text in drawing().texts]
    with room(*size):
        ax = drawing()
    figure = ax.get_figure(root=True)
    assert figure is not None
    width, height = figure.get_size_inches() * 72
    assert width / height == pytest.approx(size[0] / size[1], rel=1e-6)
    assert width >= size[0] - 1e-6
    if size[0] > 800:
        assert width == pytest.approx(size[0])
    assert_clean(ax, LEAST_IN_ROOM - 1e-6)
    assert titled[0] not in [text.get_text() for text in ax.texts]


def test_all_of_them_stand_on_slides_in_letters_that_can_be_read(folder: Path) -> None:
    workshop = Workshop(read_recipe(folder / "evidence.toml"))
    for kind in ("forest", "bubble", "risk_of_bias", "prisma"):
        pictures, _ = figure_pictures(one(workshop, kind), workshop)
        assert pictures, kind
