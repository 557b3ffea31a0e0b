"""The recipe: read, filled in, and every mistake named at once."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

import evidence as ev
from evidence.publish.audit_report import audit_recipe
from evidence.publish.build import build
from evidence.publish.explain import explain
from evidence.publish.kinds import FIGURES, PROJECT_OUTPUTS, TABLES, maker
from evidence.publish.plan import chosen, planned
from evidence.publish.recipe import read_recipe
from evidence.publish.recipe_errors import RecipeError
from evidence.publish.recipe_keys import MODELS, PROJECT, QUESTION, TABLE

GOOD = """
[project]
title = "Two questions"
studies = "data/studies.csv"
correlation = 0.7

[[question]]
id = "strength"
title = "Integrated or isolated"
filter = { question = "integrated_vs_isolated", level = "study", domain = ["strength", "power"] }
measure = "smd"
by = "domain"
order = ["strength", "power"]
outputs = ["forest", "domains", "effects"]
favours = ["favours isolated", "favours integrated"]

[[question]]
id = "map"
title = "What there is"
filter = { timepoint_weeks = 8, inferred = "no" }
outputs = ["evidence_map"]
medium = "slide"

[[table]]
id = "all-studies"
title = "The studies"
kind = "characteristics"
questions = ["strength", "map"]
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "studies.csv").write_text("row_id,study,outcome\n", encoding="utf-8")
    return tmp_path


def write(folder: Path, text: str) -> Path:
    path = folder / "evidence.toml"
    path.write_text(text, encoding="utf-8")
    return path


def test_a_good_recipe_is_filled_in(folder: Path) -> None:
    recipe = read_recipe(write(folder, GOOD))
    strength, overview = recipe.questions
    assert strength.measure == "SMD"
    assert strength.filter["domain"] == ("strength", "power")
    assert strength.filter["level"] == ("study",)
    assert (strength.correlation, strength.level, strength.model) == (0.7, 0.95, "pool_partial")
    assert overview.filter["timepoint_weeks"] == (8,)
    assert (overview.medium, overview.measure, strength.medium) == ("slide", None, "notebook")
    assert recipe.tables[0].questions == ("strength", "map")
    assert recipe.root == folder
    assert (recipe.project.figures, recipe.project.tables) == ("figures", "tables")


def test_a_byte_order_mark_is_no_mistake(folder: Path) -> None:
    path = folder / "evidence.toml"
    path.write_bytes(b"\xef\xbb\xbf" + GOOD.encode())
    assert len(read_recipe(path).questions) == 2


# What is replaced, by what, and the words that the message has to hold: where, key, rule, value, name.
MISTAKES = [
    ('title = "Two questions"', "", ["[project]", "title", "needed"]),
    ("[project]", "[projekt]", ["projekt", "unknown key", "did you mean project?"]),
    ("correlation = 0.7", "correlation = 1.0", ["correlation", "between -1 and 1", "1.0"]),
    ("correlation = 0.7", "correlation = true", ["correlation", "True"]),
    ("correlation = 0.7", "level = 95", ["level", "0.95", "95"]),
    ("correlation = 0.7", 'figures = "../elsewhere"', ["figures", "inside the project", "../elsewhere"]),
    ("correlation = 0.7", 'figures = "/tmp/x"', ["figures", "inside the project"]),
    ("correlation = 0.7", 'figures = "C:\\\\x"', ["figures", "inside the project"]),
    ("correlation = 0.7", 'figures = "out"\ntables = "out"', ["tables", "folders of their own"]),
    ("correlation = 0.7", 'model = "pool_parcial"', ["model", "pool_parcial", "did you mean pool_partial?"]),
    ('measure = "smd"', 'measur = "SMD"', ["'strength'", "measur", "did you mean measure?"]),
    ('measure = "smd"', 'measure = "SDM"', ["measure", "SMD, RR", "'SDM'"]),
    ('measure = "smd"', "", ["'strength'", "measure", "forest needs a measure"]),
    ('by = "domain"', 'by = "domein"', ["by", "'domein'", "did you mean domain?"]),
    ('by = "domain"', "", ["by", "order is of the values of a column"]),
    ('order = ["strength", "power"]', 'order = "strength"', ["order", "a list of texts", "'strength'"]),
    ('order = ["strength", "power"]', 'order = ["power", "power"]', ["order", "named once"]),
    ('id = "strength"', 'id = "../up"', ["id", "letters, digits", "../up"]),
    ('id = "strength"', 'id = "map"', ["id", "used once", "'map'"]),
    ('id = "strength"', "id = 3", ["id", "a text in quotes", "3"]),
    ("correlation = 0.7", 'mapping = "theirs.toml"', ["mapping", "a file, relative to the recipe"]),
    ('medium = "slide"', 'mapping = "evidence.toml"', ["mapping", "read through one mapping"]),
    ('id = "map"', 'id = "Bibliography"', ["id", "an output of the whole recipe has it too"]),
    ("correlation = 0.7", 'slides = "slides/talk.ppt"', ["slides", "ends in .pptx", "talk.ppt"]),
    ("correlation = 0.7", 'report = "../index.html"', ["report", "inside the project"]),
    ('outputs = ["evidence_map"]', 'outputs = ["claim"]', ["'map'", "claim", "the name of a claim"]),
    ('id = "map"', 'id = "strength-forest"', ["id", "used once"]),
    ('id = "all-studies"', 'id = "MAP"', ["id", "used once"]),
    ('question = "integrated_vs_isolated"', 'questoin = "x"', ["filter.questoin", "did you mean question?"]),
    ('level = "study"', 'level = "studie"', ["filter.level", "'studie'", "did you mean study?"]),
    ('level = "study"', 'level = { not = "pooled" }', ["filter.level", "equality", "nothing else"]),
    ('level = "study"', "timepoint_weeks = 2020-01-01", ["filter.timepoint_weeks", "equality"]),
    ('domain = ["strength", "power"]', "domain = []", ["filter.domain", "a list of values"]),
    ('domain = ["strength", "power"]', 'domain = [["strength"]]', ["filter.domain", "a list of values"]),
    (
        'filter = { timepoint_weeks = 8, inferred = "no" }',
        'filter = "timepoint_weeks > 8"',
        ["filter", "a table of columns", "timepoint_weeks > 8"],
    ),
    ('"forest", ', '"forrest", ', ["outputs", "'forrest'", "did you mean forest?"]),
    ('"forest", ', '"forest", "forest", ', ["outputs", "named once"]),
    ('outputs = ["evidence_map"]', "", ["'map'", "outputs", "needed"]),
    ('outputs = ["evidence_map"]', "outputs = []", ["outputs", "a list of texts"]),
    (', "favours integrated"]', "]", ["favours", "two labels"]),
    ('medium = "slide"', 'medium = "slides"', ["medium", "'slides'", "did you mean slide?"]),
    ('studies = "data/studies.csv"', 'studies = "data/study.csv"', ["studies", "a file", "data/study.csv"]),
    ('studies = "data/studies.csv"', "", ["'strength'", "studies", "needed"]),
    ('kind = "characteristics"', 'kind = "charakteristics"', ["kind", "did you mean characteristics?"]),
    ('questions = ["strength", "map"]', 'questions = ["strenght"]', ["questions", "did you mean strength?"]),
    ("[[table]]", "[table]", ["[[table]]", "two brackets"]),
    ("[[question]]", "[question]", ["TOML"]),
    ('title = "Two questions"', "title = Two", ["TOML", "line 3", "quotes"]),
]


@pytest.mark.parametrize(("old", "new", "words"), MISTAKES)
def test_mistakes_are_named(folder: Path, old: str, new: str, words: list[str]) -> None:
    assert old in GOOD
    with pytest.raises(RecipeError) as caught:
        read_recipe(write(folder, GOOD.replace(old, new, 1)))
    message = str(caught.value)
    assert "evidence.toml" in message
    for word in words:
        assert word in message, message


def test_all_mistakes_are_reported_at_once(folder: Path) -> None:
    bad = (
        GOOD.replace('"smd"', '"SDM"').replace('"slide"', '"slides"').replace('["strength", "map"]', '["x"]')
    )
    with pytest.raises(RecipeError) as caught:
        read_recipe(write(folder, bad))
    assert [mistake.key for mistake in caught.value.mistakes] == ["measure", "medium", "questions"]
    assert "3 mistakes" in str(caught.value)


def test_a_missing_recipe_says_where_it_looked(tmp_path: Path) -> None:
    with pytest.raises(RecipeError, match=r"no such file(.|\n)*--recipe"):
        read_recipe(tmp_path / "evidence.toml")


def test_a_recipe_without_questions(folder: Path) -> None:
    with pytest.raises(RecipeError, match=r"at least one \[\[question\]\] block"):
        read_recipe(write(folder, "[project]\ntitle = 'x'\nstudies = 'data/studies.csv'\n"))


def test_a_recipe_that_is_not_text(folder: Path) -> None:
    path = folder / "evidence.toml"
    path.write_bytes(b"\xff\xfe\x00")
    with pytest.raises(RecipeError, match="UTF-8"):
        read_recipe(path)


def test_nothing_in_a_recipe_is_run(folder: Path) -> None:
    marker = folder / "ran"
    code = f"__import__('pathlib').Path({str(marker)!r}).touch()"
    bad = GOOD.replace('inferred = "no"', f'inferred = "{code}"')
    with pytest.raises(RecipeError, match="a word of the column inferred"):
        read_recipe(write(folder, bad))
    assert not marker.exists()


def test_the_page_on_the_recipe_names_every_key_and_output() -> None:
    page = (Path(__file__).resolve().parent.parent / "docs" / "recipe.md").read_text(encoding="utf-8")
    for name in (*PROJECT, *QUESTION, *TABLE, *FIGURES, *TABLES, *MODELS, *PROJECT_OUTPUTS):
        assert f"`{name}`" in page, name


def test_every_kind_names_a_function_that_exists() -> None:
    # Those of the whole recipe are tested where they are built.
    for name, kind in {**FIGURES, **TABLES}.items():
        assert callable(maker(kind.made_by)), name


def test_outputs_of_the_whole_recipe(folder: Path) -> None:
    switched = GOOD.replace("correlation = 0.7", 'slides = "slides/talk.pptx"\nreport = "report/index.html"')
    recipe = read_recipe(write(folder, switched))
    last = [(output.id, output.kind, output.files) for output in planned(recipe)][-3:]
    assert [name for name, _, _ in last] == ["bibliography", "slides", "report"]
    assert last[1:] == [
        ("slides", "slides", ("slides/talk.pptx",)),
        ("report", "report", ("report/index.html",)),
    ]
    assert [output.id for output in chosen(planned(recipe), "slides")] == ["slides"]
    assert "document" not in {output.id for output in planned(recipe)}


THEIRS = """author,test,dir,int m,int s,int n,con m,con s,con n
Ash 2020,squat,up,105,10,20,100,10,20
Elm 2021,squat,up,52,5,30,50,5,30
"""
MAPPING = """[columns]
study = "author"
outcome = "test"
better = { from = "dir", words = { up = "higher", down = "lower" } }
post_mean_e = "int m"
post_sd_e = "int s"
n_e = "int n"
post_mean_c = "con m"
post_sd_c = "con s"
n_c = "con n"
"""
MAPPED = """
[project]
title = "A table that others made"
studies = "theirs.csv"
mapping = "theirs.toml"

[[question]]
id = "squat"
title = "Squat"
measure = "SMD"
by = "outcome"
outputs = ["results"]
"""


def test_a_table_that_others_made_is_read_through_its_mapping(tmp_path: Path) -> None:
    for name, text in {"theirs.csv": THEIRS, "theirs.toml": MAPPING, "evidence.toml": MAPPED}.items():
        (tmp_path / name).write_text(text, encoding="utf-8")
    recipe = tmp_path / "evidence.toml"
    assert build(recipe).made == ("squat-results", "bibliography")
    manifest = json.loads((tmp_path / "manifest.json").read_text(encoding="utf-8"))
    assert list(manifest["inputs"]) == ["evidence.toml", "theirs.toml", "theirs.csv"]
    effects = ev.effect_sizes(
        ev.read_studies(tmp_path / "theirs.csv", mapping=tmp_path / "theirs.toml"), measure="SMD"
    )
    pooled = manifest["outputs"]["squat-results"]["numbers"]["pooled"]["squat"]
    assert pooled["estimate"] == pytest.approx(ev.pool_partial(effects).estimate, rel=1e-12)
    row = next(iter(manifest["studies"]["theirs.csv"]["rows"]))
    assert "post_mean_e" in explain(row, recipe=recipe)
    assert len(audit_recipe(recipe)) == 1
    (tmp_path / "theirs.toml").write_text(MAPPING + "# a remark\n", encoding="utf-8")
    assert build(recipe).made == ()  # another way to the same rows
    (tmp_path / "theirs.toml").write_text(MAPPING.replace('up = "higher"', 'up = "lower"'), encoding="utf-8")
    assert build(recipe).made == ("squat-results",)


def test_a_mapping_belongs_to_its_file(tmp_path: Path) -> None:
    for name, text in {
        "theirs.csv": THEIRS,
        "theirs.toml": MAPPING,
        "ours.csv": "row_id,study,outcome\n",
    }.items():
        (tmp_path / name).write_text(text, encoding="utf-8")
    more = '[[question]]\nid = "own"\ntitle = "Own"\nstudies = "ours.csv"\noutputs = ["overview"]\n'
    assert read_recipe(write(tmp_path, MAPPED + more)).sources == {
        "theirs.csv": "theirs.toml",
        "ours.csv": None,
    }


def test_the_shipped_recipe_is_right() -> None:
    recipe = read_recipe(Path(__file__).resolve().parent.parent / "evidence.toml")
    outputs = [kind for question in recipe.questions for kind in question.outputs]
    assert outputs.count("domains") == 3
    assert outputs.count("forest") >= 4
    assert outputs.count("effect_direction") == 4
    assert "trial" in outputs
    assert sum(kind in TABLES for kind in outputs) + len(recipe.tables) >= 6
    assert {question.correlation for question in recipe.questions} == {0.7}
