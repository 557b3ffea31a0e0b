"""What moved since an earlier build: which numbers, where, by how much, and which rows did it."""

from __future__ import annotations

import json
import math
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

import evidence as ev
from evidence.cli import main
from evidence.publish.build import build
from evidence.publish.changes import changed_rows, changed_settings
from evidence.publish.diff import DIFF_COLUMNS, ROW_COLUMNS, diff
from evidence.publish.moved import flat, moves, same
from evidence.publish.recipe_errors import BuildError

RECIPE = """
[project]
title = "Invented"
studies = "studies.csv"

[[question]]
id = "strength"
title = "Strength"
filter = { domain = "strength" }
measure = "SMD"
outputs = ["results", "effects"]

[[question]]
id = "injury"
title = "Injury"
filter = { domain = "injury_acl" }
measure = "RR"
outputs = ["results"]

[[table]]
id = "all"
title = "Both"
kind = "results"
questions = ["strength", "strength-too"]

[[question]]
id = "strength-too"
title = "The same"
filter = { domain = "strength" }
measure = "SMD"
outputs = ["rules"]
"""

HEAD = "row_id,study,domain,outcome,n_e,n_c,effect_metric,effect,ci_low,ci_high,effect_sign\n"
ONE = "a1,alpha2020,strength,squat,20,20,SMD,0.5,0.1,0.9,pos_favours_e\n"
TWO = "b1,beta2021,strength,squat,40,40,SMD,0.2,-0.1,0.5,pos_favours_e\n"
THREE = "c1,gamma2022,strength,jump,30,30,SMD,0.7,0.3,1.1,pos_favours_e\n"
FOUR = "d1,delta2023,strength,jump,30,30,SMD,0.1,-0.3,0.5,pos_favours_e\n"
ACL = (
    "e1,alpha2020,injury_acl,tears,100,100,RR,0.5,0.3,0.9,below1_favours_e\n"
    "f1,beta2021,injury_acl,tears,100,100,RR,0.8,0.5,1.3,below1_favours_e\n"
)
DATA = HEAD + ONE + TWO + THREE + ACL
MORE = (
    "s1,smith2026,strength,squat,50,50,SMD,-0.1,-0.4,0.2,pos_favours_e\n"
    "s2,smith2026,strength,jump,50,50,SMD,0.0,-0.3,0.3,pos_favours_e\n"
)


@pytest.fixture(scope="module")
def first(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a project that has been built and whose manifest has been kept."""
    folder = tmp_path_factory.mktemp("first")
    (folder / "evidence.toml").write_text(RECIPE, encoding="utf-8")
    (folder / "studies.csv").write_text(DATA, encoding="utf-8")
    build(folder / "evidence.toml")
    shutil.copy(folder / "manifest.json", folder / "older.json")
    return folder


@pytest.fixture
def project(first: Path, tmp_path: Path) -> Path:
    folder = tmp_path / "project"
    shutil.copytree(first, folder)
    return folder


def compared(project: Path, *, data: str | None = None, recipe: str | None = None) -> Any:  # noqa: ANN401
    """Change data or recipe, build, and compare with the first build."""
    for name, text in (("studies.csv", data), ("evidence.toml", recipe)):
        if text is not None:
            (project / name).write_text(text, encoding="utf-8")
    build(project / "evidence.toml")
    return diff(project / "older.json", recipe=project / "evidence.toml")


def estimate(data: str, tmp: Path, domain: str = "strength", measure: str = "SMD") -> float:
    """Pool what the rows of a file say, without anything of a build."""
    file = tmp / "aside.csv"
    file.write_text(data, encoding="utf-8")
    rows = ev.read_studies(file).where(domain=domain)
    value = ev.pool_partial(ev.effect_sizes(rows, measure=measure)).estimate
    assert value is not None
    return value


def line_of(found: Any, output: str, number: str = "estimate") -> dict[str, Any]:  # noqa: ANN401
    table = found.table
    (line,) = table[table["output"].eq(output) & table["number"].eq(number)].to_dict("records")
    return dict(line)


def test_nothing_has_moved(project: Path) -> None:
    found = compared(project)
    assert (len(found), len(found.rows), found.notes) == (0, 0, ())
    assert tuple(found.table.columns) == DIFF_COLUMNS
    assert tuple(found.rows.columns) == ROW_COLUMNS
    assert found.text().startswith("No number has moved since ")


def test_two_rows_of_a_new_study(project: Path, tmp_path: Path) -> None:
    found = compared(project, data=DATA + MORE)
    line = line_of(found, "strength-results")
    assert line["old"] == pytest.approx(estimate(DATA, tmp_path), rel=1e-12)
    assert line["new"] == pytest.approx(estimate(DATA + MORE, tmp_path), rel=1e-12)
    assert line["change"] == pytest.approx(line["new"] - line["old"], rel=1e-12)
    assert line["because"] == "+2 rows of smith2026"
    assert line["shown"] == f"g {line['old']:.2f} → {line['new']:.2f}"
    assert set(found.table["output"]) == {"strength-results", "strength-effects", "strength-too-rules", "all"}
    assert found.rows[["row_id", "what"]].values.tolist() == [["s1", "added"], ["s2", "added"]]
    assert "+2 rows of smith2026" in found.text()
    assert "added: s1, s2" in found.text()


def test_one_changed_number(project: Path, tmp_path: Path) -> None:
    changed = DATA.replace("SMD,0.2,-0.1,0.5", "SMD,0.3,0.0,0.6")
    found = compared(project, data=changed)
    line = line_of(found, "strength-results")
    assert line["new"] == pytest.approx(estimate(changed, tmp_path), rel=1e-12)
    told = "b1: effect 0.2 → 0.3, ci_low -0.1 → 0.0, ci_high 0.5 → 0.6"
    assert line["because"] == told
    effects = found.table[found.table["output"].eq("strength-effects")]
    assert set(effects["where"]) == {"b1"}
    assert set(effects["because"]) == {told}
    assert found.rows[["column", "old", "new"]].values.tolist() == [
        ["effect", "0.2", "0.3"],
        ["ci_low", "-0.1", "0.0"],
        ["ci_high", "0.5", "0.6"],
    ]


def test_several_changes_are_told_apart(project: Path, tmp_path: Path) -> None:
    """Each contribution is the difference that the change alone makes to the first result."""
    gone = DATA.replace(ONE, "")
    now = gone.replace("SMD,0.7,0.3,1.1", "SMD,0.6,0.2,1.0") + MORE
    found = compared(project, data=now)
    line = line_of(found, "strength-results")
    base = estimate(DATA, tmp_path)
    alone = {
        "+2 rows of smith2026": estimate(DATA + MORE, tmp_path) - base,
        "−1 row of alpha2020": estimate(gone, tmp_path) - base,
        "c1: effect 0.7 → 0.6": estimate(DATA.replace("SMD,0.7,0.3,1.1", "SMD,0.6,0.2,1.0"), tmp_path) - base,
    }
    for words, by in alone.items():
        part = next(part for part in line["because"].split("; ") if part.startswith(words))
        assert part.endswith(f"({by:+.2f})".replace("-", "−")), part
    rest = line["change"] - sum(alone.values())
    assert line["change"] == pytest.approx(estimate(now, tmp_path) - base, rel=1e-9)
    assert abs(rest) > 0.01 * abs(line["change"])
    assert f"they do not add up: together ({rest:+.2f})".replace("-", "−") in line["because"]


def test_a_study_that_goes(project: Path, tmp_path: Path) -> None:
    without = HEAD + TWO + THREE + ACL.splitlines(keepends=True)[1]
    found = compared(project, data=without)
    line = line_of(found, "injury-results")
    assert line["because"] == "−1 row of alpha2020"
    # A ratio is shown as one; below 1 favours the first arm, so that the model's sign is turned.
    new = estimate(without, tmp_path, "injury_acl", "RR")
    assert line["new"] == pytest.approx(new, rel=1e-12)
    assert line["shown"] == f"RR {math.exp(-line['old']):.2f} → {math.exp(-new):.2f}"
    assert new == pytest.approx(-math.log(0.8), rel=1e-9)


def test_a_setting_of_the_recipe(project: Path) -> None:
    recipe = RECIPE.replace('measure = "SMD"', 'measure = "SMD"\nlevel = 0.9', 1)
    found = compared(project, recipe=recipe)
    assert set(found.table["output"]) == {"strength-results", "all"}
    assert set(found.table["number"]) == {"conf_low", "conf_high", "pred_low", "pred_high"}
    assert set(found.table["because"]) == {"recipe: level 0.95 → 0.9"}


def test_a_filter_of_the_recipe(project: Path) -> None:
    recipe = RECIPE.replace('{ domain = "strength" }', '{ domain = "strength", outcome = "squat" }', 1)
    found = compared(project, recipe=recipe)
    assert line_of(found, "strength-results")["because"] == "recipe: filter: outcome none → squat"


def test_a_row_that_changes_its_domain_leaves_one_question(project: Path) -> None:
    found = compared(project, data=DATA.replace(THREE, THREE.replace("strength", "power")))
    assert line_of(found, "strength-results")["because"] == "c1: domain strength → power"


def test_what_moves_without_rows_is_the_package(project: Path) -> None:
    older = json.loads((project / "older.json").read_text(encoding="utf-8"))
    older["outputs"]["strength-results"]["numbers"]["pooled"]["strength"]["estimate"] += 0.01
    (project / "older.json").write_text(json.dumps(older), encoding="utf-8")
    line = line_of(compared(project), "strength-results")
    assert line["because"] == "the package's code"
    older["versions"]["numpy"] = "1.0"
    (project / "older.json").write_text(json.dumps(older), encoding="utf-8")
    assert "libraries (numpy 1.0 → " in line_of(compared(project), "strength-results")["because"]


def test_a_number_on_a_slide_is_explained_where_it_comes_from(project: Path) -> None:
    (project / "studies.csv").write_text(DATA + MORE, encoding="utf-8")
    build(project / "evidence.toml")
    for name in ("older.json", "manifest.json"):
        side = json.loads((project / name).read_text(encoding="utf-8"))
        pooled = side["outputs"]["strength-results"]["numbers"]["pooled"]["strength"]
        numbers = {"slide 5: strength": {"estimate": pooled["estimate"]}}
        side["outputs"]["slides"] = {
            "kind": "slides",
            "questions": ["strength", "injury"],
            "numbers": numbers,
        }
        (project / name).write_text(json.dumps(side), encoding="utf-8")
    line = line_of(diff(project / "older.json", recipe=project / "evidence.toml"), "slides")
    assert line["where"] == "slide 5: strength"
    assert line["because"] == "+2 rows of smith2026"


def test_outputs_of_one_build_only_and_newer_data_are_noted(project: Path) -> None:
    recipe = RECIPE.replace('"results", "effects"]', '"results", "overview"]')
    found = compared(project, recipe=recipe)
    assert "new since then: strength-overview" in found.notes
    assert "no longer made: strength-effects" in found.notes
    (project / "studies.csv").write_text(DATA + MORE, encoding="utf-8")
    later = diff(project / "older.json", recipe=project / "evidence.toml")
    assert any("run evidence build" in note for note in later.notes)


def git(folder: Path, *words: str) -> None:
    who = ("-c", "user.name=a", "-c", "user.email=a@example.org")
    subprocess.run(["git", *who, *words], cwd=folder, check=True, capture_output=True)


@pytest.mark.skipif(shutil.which("git") is None, reason="needs git")
def test_the_committed_build_is_the_default(
    project: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("GIT_CEILING_DIRECTORIES", str(project.parent))
    monkeypatch.chdir(project)
    assert main(["diff"]) == 1
    assert "evidence diff older.json" in capsys.readouterr().err
    git(project, "init", "-q")
    git(project, "add", ".")
    git(project, "commit", "-qm", "first")
    assert main(["diff", "--exit-code"]) == 0
    assert "No number has moved since the committed build." in capsys.readouterr().out
    (project / "studies.csv").write_text(DATA + MORE, encoding="utf-8")
    assert main(["build", "--quiet"]) == 0
    assert main(["diff"]) == 0
    assert "+2 rows of smith2026" in capsys.readouterr().out
    assert main(["diff", "--exit-code"]) == 1
    capsys.readouterr()
    assert main(["diff", "HEAD", "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert {line["output"] for line in told["moved"]} >= {"strength-results", "strength-effects"}
    assert [line["row_id"] for line in told["rows"]] == ["s1", "s2"]
    git(project, "commit", "-qam", "second")
    assert main(["diff", "--exit-code"]) == 0
    assert main(["diff", "HEAD~1", "--exit-code"]) == 1
    assert main(["diff", "no-such-thing", "--exit-code"]) == 2
    assert "no manifest of no-such-thing" in capsys.readouterr().err


def test_without_git_the_way_out_is_told(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "")
    with pytest.raises(BuildError, match=r"git cannot be started(.|\n)*evidence diff older.json"):
        diff("HEAD", recipe=project / "evidence.toml")
    with pytest.raises(BuildError, match=r"no earlier build(.|\n)*run evidence build(.|\n)*older.json"):
        diff(recipe=project / "evidence.toml")
    with pytest.raises(BuildError, match="neither a file nor a revision"):
        diff("--output=x", recipe=project / "evidence.toml")


def test_without_a_commit_the_previous_build_is_compared_with(project: Path) -> None:
    recipe = project / "evidence.toml"
    (project / "studies.csv").write_text(DATA + MORE, encoding="utf-8")
    build(recipe)
    found = diff(recipe=recipe)
    assert found.old == "the previous build"
    expected = diff(project / "older.json", recipe=recipe)
    assert len(found) == len(expected) > 0
    assert found.table.equals(expected.table)
    assert found.table["because"].str.contains(r"\+2 rows of smith2026").any()
    # Building again, or changing what is no number, forgets nothing.
    build(recipe)
    recipe.write_text(RECIPE.replace('title = "Invented"', 'title = "Renamed"'), encoding="utf-8")
    build(recipe)
    assert diff(recipe=recipe).table.equals(expected.table)
    # The next change is compared with the build just before it.
    (project / "studies.csv").write_text(DATA, encoding="utf-8")
    build(recipe)
    back = diff(recipe=recipe)
    assert back.table["because"].str.contains("\N{MINUS SIGN}2 rows of smith2026").any()
    assert "*" in (project / ".evidence" / ".gitignore").read_text(encoding="utf-8").splitlines()


def test_a_build_killed_before_its_files_are_in_place_forgets_nothing(
    project: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    recipe, before = project / "evidence.toml", (project / "manifest.json").read_bytes()
    (project / "studies.csv").write_text(DATA + MORE, encoding="utf-8")

    def killed(*_: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr("evidence.publish.build.put_in_place", killed)
        with pytest.raises(KeyboardInterrupt):
            build(recipe)
    assert (project / "manifest.json").read_bytes() == before
    assert len(diff(recipe=recipe)) == 0
    build(recipe)
    assert (project / ".evidence" / "manifest-previous.json").read_bytes() == before
    assert len(diff(recipe=recipe)) == len(diff(project / "older.json", recipe=recipe)) > 0


def test_without_a_build_there_is_nothing_to_compare(project: Path) -> None:
    (project / "manifest.json").unlink()
    with pytest.raises(BuildError, match="run evidence build first"):
        diff(project / "older.json", recipe=project / "evidence.toml")


# --- the parts ------------------------------------------------------------------------------------


def entry(**numbers: object) -> dict[str, dict[str, object]]:
    return {"x": {"numbers": numbers}}


def test_a_billionth_is_no_move() -> None:
    assert moves(entry(a=0.4, b="inf", c=None), entry(a=0.4 * (1 + 5e-10), b="inf", c=None)) == []
    found = moves(entry(a=0.4, b="inf", c=None, d=1.0), entry(a=0.4 * (1 + 2e-9), b=3.0, c=1.0, d=None))
    assert [(move.place, move.old, move.new) for move in found] == [
        (("a",), 0.4, 0.4 * (1 + 2e-9)),
        (("b",), math.inf, 3.0),
        (("c",), None, 1.0),
        (("d",), 1.0, None),
    ]
    assert [move.change is None for move in found] == [False, True, True, True]


def test_texts_and_signs_of_the_scale_are_no_numbers() -> None:
    numbers = {"pooled": {"a": {"estimate": 0.1, "measure": "RR", "display_sign": -1, "bound": None}}}
    assert [place for place, _ in flat(numbers)] == [("pooled", "a", "estimate"), ("pooled", "a", "bound")]


def test_many_changed_rows_are_taken_together() -> None:
    before = {f"r{at}": {"row_id": f"r{at}", "study": f"s{at % 3}", "effect": "0"} for at in range(30)}
    after = {row: {**cells, "effect": "1"} for row, cells in before.items()}
    assert [change.words for change in changed_rows(before, after, before)] == [
        "10 rows of s0 changed",
        "10 rows of s1 changed",
        "10 rows of s2 changed",
    ]
    many = {f"r{at}": {"row_id": f"r{at}", "study": f"s{at}"} for at in range(40)}
    assert [change.words for change in changed_rows({}, many, many)] == ["+40 rows added"]


CELLS = st.dictionaries(
    st.sampled_from([f"r{at}" for at in range(8)]),
    st.fixed_dictionaries({"study": st.sampled_from(["x", "y"]), "effect": st.sampled_from(["1", "2"])}),
)


@given(CELLS, CELLS)
def test_all_changes_together_turn_the_old_rows_into_the_new(
    old: dict[str, dict[str, str]], new: dict[str, dict[str, str]]
) -> None:
    rows: dict[str, dict[str, str]] = old
    for change in changed_rows(old, new, [*old, *new]):
        rows = change.apply(rows)
    assert rows == new
    assert not changed_rows(new, new, new)


@given(st.floats(allow_nan=False), st.floats(allow_nan=False))
def test_same_is_symmetric(one: float, other: float) -> None:
    assert same(one, other) == same(other, one)
    assert same(one, one)


def test_settings_are_told_key_by_key() -> None:
    old = {"filter": {"domain": ["a"], "level": ["study"]}, "correlation": 0.7}
    new = {"filter": {"domain": ["a", "b"], "level": ["study"]}, "correlation": None}
    assert changed_settings(old, new) == "filter: domain a → a, b, correlation 0.7 → none"
    assert changed_settings(new, new) == ""


def test_an_exact_row_has_no_interval_that_moves() -> None:
    told = {place[-1] for place, _ in flat({"rows": {"a_01": [0.4, 0.2, 0.4, 0.4]}}, ())}
    assert told == {"estimate", "std_error"}
    bounded = {place[-1] for place, _ in flat({"rows": {"a_01": [None, 0.2, 0.1, "inf"]}}, ())}
    assert bounded == {"estimate", "std_error", "low", "high"}
