"""The build: nothing half-written, nothing made twice, everything recorded."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import textwrap
from collections.abc import Iterator
from pathlib import Path

import pytest

from evidence.errors import StudyDataError
from evidence.publish import build as building
from evidence.publish import make as making
from evidence.publish import workers
from evidence.publish.build import build
from evidence.publish.lock import held
from evidence.publish.manifest import as_json, json_numbers
from evidence.publish.numbers import Made
from evidence.publish.plan import Output, chosen, planned
from evidence.publish.recipe import read_recipe
from evidence.publish.recipe_errors import BuildError
from evidence.publish.workshop import Workshop

SOURCE = Path(__file__).resolve().parent.parent / "src"

RECIPE = """
[project]
title = "Stand-ins"
studies = "studies.csv"

[[question]]
id = "one"
title = "First"
filter = { domain = "strength" }
measure = "SMD"
outputs = ["forest", "effects"]

[[question]]
id = "two"
title = "Second"
filter = { domain = ["power", "endurance"] }
measure = "SMD"
outputs = ["domains"]
"""

DATA = """row_id,study,domain,outcome,n_e,n_c,p_between,direction
r1,study,strength,squat,15,15,0.03,favours_e
r2,other,strength,squat,20,20,0.2,favours_e
r3,study,power,jump,15,15,0.04,favours_e
r4,other,endurance,run,20,20,0.5,favours_c
"""


def changed(old: str, new: str, text: str = DATA) -> str:
    """Return text in which something is really replaced."""
    assert old in text
    return text.replace(old, new, 1)


STRENGTH = changed("0.03", "0.01")
BOTH = changed("0.04", "0.02", STRENGTH)
"""A row that the first question asks for is changed; one of the second too."""


def stand_in(output: Output, workshop: Workshop, stage: Path) -> Made:
    """Write a line for each file instead of drawing: what is tested here is what happens to files."""
    data = (workshop.recipe.root / "studies.csv").read_text(encoding="utf-8")
    for name in output.files:
        (stage / name).write_text(f"{output.id} of {data}", encoding="utf-8")
    return Made(
        ("study",), ("r1", "r2"), ("r2",), {"estimate": 0.5, "high": float("inf"), "none": float("nan")}
    )


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    (tmp_path / "evidence.toml").write_text(RECIPE, encoding="utf-8")
    (tmp_path / "studies.csv").write_text(DATA, encoding="utf-8")
    monkeypatch.setattr(making, "make", stand_in)
    # Whoever edits the package while these tests run must not make its outputs stale.
    monkeypatch.setattr(building.manifests, "source_hash", lambda: "the source")
    return tmp_path


def files_of(folder: Path) -> dict[str, bytes]:
    return {
        path.relative_to(folder).as_posix(): path.read_bytes()
        for path in sorted(folder.rglob("*"))
        if path.is_file() and ".evidence" not in path.parts
    }


def times_of(folder: Path) -> dict[str, int]:
    return {name: (folder / name).stat().st_mtime_ns for name in files_of(folder)}


def make_in(folder: Path, **options: str) -> building.Built:
    return build(folder / "evidence.toml", **options)  # type: ignore[arg-type]


def manifest_of(folder: Path) -> dict[str, dict[str, dict[str, object]]]:
    return json.loads((folder / "manifest.json").read_text(encoding="utf-8"))  # type: ignore[no-any-return]


def test_everything_is_made_and_recorded(folder: Path) -> None:
    said: list[str] = []
    done = build(folder / "evidence.toml", progress=said.append)
    assert done.made == ("one-forest", "one-effects", "two-domains", "bibliography")
    names = set(files_of(folder))
    assert {"figures/one-forest.png", "figures/one-forest.svg", "figures/one-forest.pdf"} <= names
    assert {f"tables/one-effects.{suffix}" for suffix in ("html", "md", "tex", "csv")} <= names
    assert {f"tables/bibliography.{suffix}" for suffix in ("html", "md", "txt", "bib")} <= names
    assert any("[4/4] bibliography" in line for line in said)
    entry = manifest_of(folder)["outputs"]["one-forest"]
    assert entry["rows"] == ["r1", "r2"]
    assert entry["left_out"] == ["r2"]
    assert entry["numbers"] == {"estimate": 0.5, "high": "inf", "none": None}
    assert list(manifest_of(folder)["inputs"]) == ["evidence.toml", "studies.csv"]
    assert {"evidence", "python", "numpy", "scipy", "pandas", "matplotlib"} <= set(
        manifest_of(folder)["versions"]
    )
    assert not list((folder / ".evidence").glob("tmp-*"))


def test_a_second_build_does_nothing(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    make_in(folder)
    before, times = files_of(folder), times_of(folder)
    monkeypatch.setattr(making, "make", lambda *_: pytest.fail("made again"))
    done = make_in(folder)
    assert (done.made, done.changed) == ((), ())
    assert len(done.current) == 4
    assert files_of(folder) == before
    assert times_of(folder) == times


def test_changed_data_are_noticed(folder: Path) -> None:
    make_in(folder)
    (folder / "studies.csv").write_text(BOTH, encoding="utf-8")
    assert make_in(folder).made == ("one-forest", "one-effects", "two-domains")
    assert b"0.01" in (folder / "figures" / "one-forest.png").read_bytes()


INFO = "study,authors,year,n_total\nstudy,A One,2020,30\nother,B Two,2021,40\n"
BIB = "@article{study,\n title = {One},\n}\n@article{other,\n title = {Two},\n}\n"
ALL = ("one-forest", "one-effects", "two-domains", "bibliography")

# What is changed: the file, its text before and after; then what has to be made again, and nothing else.
CHANGES: dict[str, tuple[str, str, str, tuple[str, ...]]] = {
    "a row of one question": ("studies.csv", DATA, STRENGTH, ALL[:2]),
    "a row of the other": ("studies.csv", DATA, changed("0.04", "0.02"), ALL[2:3]),
    "a row that nothing asks for": ("studies.csv", DATA, DATA + "r5,study,balance,reach,9,9,,\n", ()),
    "the same cells, quoted": ("studies.csv", DATA, changed("squat", '"squat"'), ()),
    "a row that goes": (
        "studies.csv",
        DATA,
        changed("r3,study,power,jump,15,15,0.04,favours_e\n", ""),
        ALL[2:3],
    ),
    "the facts of a study": ("study_info.csv", INFO, changed("40", "41", INFO), ALL[:3]),
    "a study that nothing shows": ("study_info.csv", INFO, INFO + "third,C Three,2022,9\n", ()),
    "the same name in print": ("study_info.csv", INFO, INFO + "third,A One,2020,9\n", ALL[:3]),
    "a reference": ("references.bib", BIB, changed("Two", "Too", BIB), (ALL[1], ALL[3])),
    "a claim": ("claims.csv", "claim_id,claim,kind\nc,It works,between\n", "", ()),
    "a remark in the recipe": ("evidence.toml", RECIPE, RECIPE + "# a remark\n", ()),
    "a title": ("evidence.toml", RECIPE, changed("First", "Erst", RECIPE), ALL[:2]),
    "a key for all": (
        *("evidence.toml", RECIPE, changed('"studies.csv"', '"studies.csv"\nlevel = 0.9', RECIPE)),
        ALL[:3],
    ),
    "a key of one question": (
        "evidence.toml",
        RECIPE,
        changed("id = ", 'by = "outcome"\nid = ', RECIPE),
        ALL[:2],
    ),
}


@pytest.mark.parametrize("name", CHANGES)
def test_only_what_depends_on_a_change_is_made_again(folder: Path, name: str) -> None:
    file, before, after, made = CHANGES[name]
    for beside, text in {"study_info.csv": INFO, "references.bib": BIB, file: before}.items():
        (folder / beside).write_text(text, encoding="utf-8")
    make_in(folder)
    (folder / file).write_text(after, encoding="utf-8") if after else (folder / file).unlink()
    done = make_in(folder)
    assert done.made == made
    assert "manifest.json" in done.changed  # it holds the hashes of the inputs
    assert make_in(folder).made == ()


def test_what_spans_the_recipe_follows_every_change(folder: Path) -> None:
    switched = changed('"studies.csv"', '"studies.csv"\nreport = "report/index.html"', RECIPE)
    (folder / "evidence.toml").write_text(switched, encoding="utf-8")
    (folder / "certainty.csv").write_text("question\n", encoding="utf-8")
    assert make_in(folder).made == (*ALL, "report")
    for name, text in (
        ("studies.csv", DATA + "r5,study,balance,reach,9,9,,\n"),
        ("certainty.csv", "question\none\n"),
        ("audit.toml", ""),
    ):
        (folder / name).write_text(text, encoding="utf-8")
        assert make_in(folder).made == ("report",), name
    (folder / "evidence.toml").write_text(switched + "# a remark\n", encoding="utf-8")
    assert make_in(folder).made == ()


def test_a_file_beside_the_studies_is_an_input(folder: Path) -> None:
    make_in(folder)
    (folder / "claims.csv").write_text("claim_id,claim,kind\nc,It works,between\n", encoding="utf-8")
    assert make_in(folder).changed == ("manifest.json",)
    assert "claims.csv" in manifest_of(folder)["inputs"]


def test_a_changed_package_or_library_makes_everything_again(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    make_in(folder)
    monkeypatch.setattr(building.manifests, "source_hash", lambda: "other source")
    assert len(make_in(folder).made) == 4
    monkeypatch.setattr(building.manifests, "versions", lambda: {"python": "9"})
    done = make_in(folder)
    assert len(done.made) == 4
    assert done.changed == ("manifest.json",)


def test_equal_files_are_not_touched_by_a_rebuild(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    make_in(folder)
    times = times_of(folder)
    monkeypatch.setattr(building.manifests, "source_hash", lambda: "other source")
    assert make_in(folder).changed == ()
    assert times_of(folder) == times


@pytest.mark.parametrize("spoil", ["delete", "edit"])
def test_a_deleted_or_edited_output_is_made_again(folder: Path, spoil: str) -> None:
    make_in(folder)
    before = files_of(folder)
    target = folder / "figures" / "one-forest.svg"
    target.unlink() if spoil == "delete" else target.write_text("edited by hand", encoding="utf-8")
    done = make_in(folder)
    assert done.made == ("one-forest",)
    assert done.changed == ("figures/one-forest.svg",)
    assert files_of(folder) == before


def test_a_spoilt_manifest_is_made_again(folder: Path) -> None:
    make_in(folder)
    before = files_of(folder)
    for text in ("", "{", "[]", '{"format": 0, "outputs": {}}'):
        (folder / "manifest.json").write_text(text, encoding="utf-8")
        assert len(make_in(folder).made) == 4
        assert files_of(folder) == before


@pytest.mark.parametrize(
    ("only", "made"),
    [
        ("one", ("one-forest", "one-effects")),
        ("ONE-forest", ("one-forest",)),
        ("bibliography", ("bibliography",)),
    ],
)
def test_only_makes_a_part_and_keeps_the_rest(folder: Path, only: str, made: tuple[str, ...]) -> None:
    make_in(folder)
    before = manifest_of(folder)["outputs"]
    if only == "bibliography":
        (folder / "tables" / "bibliography.md").unlink()
    (folder / "studies.csv").write_text(BOTH, encoding="utf-8")
    done = make_in(folder, only=only)
    assert done.made == made
    outputs = manifest_of(folder)["outputs"]
    assert list(outputs) == ["one-forest", "one-effects", "two-domains", "bibliography"]
    assert b"0.04" in (folder / "figures" / "two-domains.png").read_bytes()
    # Each output says from which inputs it was made, so that a part that was left is known as older.
    assert outputs["two-domains"]["inputs"] == before["two-domains"]["inputs"]
    assert (outputs[made[0]]["inputs"] == before[made[0]]["inputs"]) == (made[0] == "bibliography")
    rest = ("one-forest", "one-effects", "two-domains")
    assert make_in(folder).made == tuple(name for name in rest if name not in made)


def test_only_with_an_unknown_name_gives_the_nearest(folder: Path) -> None:
    with pytest.raises(BuildError, match=r"'one-forrest' \(did you mean one-forest\?\)"):
        make_in(folder, only="one-forrest")


def test_slides_stand_beside_the_others(folder: Path) -> None:
    make_in(folder)
    before = files_of(folder)
    done = make_in(folder, only="one", medium="slide")
    assert done.made == ("one-forest-slide",)
    assert (folder / "figures" / "one-forest-slide.png").is_file()
    after = files_of(folder)
    assert {name: after[name] for name in before if name != "manifest.json"} == {
        name: content for name, content in before.items() if name != "manifest.json"
    }
    assert list(manifest_of(folder)["outputs"])[:3] == ["one-forest", "one-effects", "two-domains"]
    assert make_in(folder, only="one", medium="slide").made == ()
    assert make_in(folder).made == ()
    (folder / "studies.csv").write_text(BOTH, encoding="utf-8")
    said: list[str] = []
    build(folder / "evidence.toml", progress=said.append)
    assert "older than the data or the recipe, as not asked for: one-forest-slide" in said
    with pytest.raises(BuildError, match=r"did you mean slide\?"):
        make_in(folder, medium="slides")


def test_the_manifest_does_not_depend_on_what_was_made_when(folder: Path) -> None:
    make_in(folder, only="two")
    make_in(folder, only="bibliography")
    make_in(folder)
    before = files_of(folder)
    (folder / "manifest.json").unlink()
    make_in(folder)
    assert files_of(folder) == before


def test_what_leaves_the_recipe_leaves_the_manifest_and_its_files_stay(folder: Path) -> None:
    make_in(folder)
    recipe = (folder / "evidence.toml").read_text(encoding="utf-8")
    (folder / "evidence.toml").write_text(recipe.replace('"forest", ', ""), encoding="utf-8")
    said: list[str] = []
    build(folder / "evidence.toml", progress=said.append)
    assert "one-forest" not in manifest_of(folder)["outputs"]
    assert (folder / "figures" / "one-forest.png").is_file()
    assert any("one-forest is no longer in the recipe" in line for line in said)


FAULTS = [
    (StudyDataError("a standard deviation is positive", row="r1"), "a standard deviation is positive"),
    (KeyError("x"), "by a fault in the package: KeyError"),
    (OSError(28, "No space left on device", "figures/x.png"), "no space left on the disk"),
    (PermissionError(13, "Permission denied", "figures/x.png"), "access is not allowed"),
]


@pytest.mark.parametrize(("fault", "words"), FAULTS)
def test_a_failing_build_changes_nothing(
    folder: Path, monkeypatch: pytest.MonkeyPatch, fault: Exception, words: str
) -> None:
    make_in(folder)
    before, times = files_of(folder), times_of(folder)
    (folder / "studies.csv").write_text(BOTH, encoding="utf-8")

    def fail_late(output: Output, workshop: Workshop, stage: Path) -> Made:
        if output.id == "two-domains":
            (stage / output.files[0]).write_text("half", encoding="utf-8")
            raise fault
        return stand_in(output, workshop, stage)

    monkeypatch.setattr(making, "make", fail_late)
    with pytest.raises(BuildError, match=words):
        make_in(folder)
    left = {name: content for name, content in files_of(folder).items() if name != "studies.csv"}
    assert left == {name: content for name, content in before.items() if name != "studies.csv"}
    assert {**times_of(folder), "studies.csv": 0} == {**times, "studies.csv": 0}
    assert not list((folder / ".evidence").glob("tmp-*"))


def test_an_output_without_its_files_is_a_fault(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(making, "make", lambda *_: Made(()))
    with pytest.raises(BuildError, match=r"no one-forest\.png, one-forest\.svg"):
        make_in(folder)


def test_ctrl_c_leaves_the_old_files_and_no_rubbish(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    make_in(folder)
    before = files_of(folder)

    def interrupted(*_: object) -> Made:
        raise KeyboardInterrupt

    (folder / "figures" / "one-forest.png").unlink()
    monkeypatch.setattr(making, "make", interrupted)
    with pytest.raises(KeyboardInterrupt):
        make_in(folder)
    assert not list((folder / ".evidence").glob("tmp-*"))
    monkeypatch.setattr(making, "make", stand_in)
    make_in(folder)
    assert files_of(folder) == before


SLOW = """
    import sys, time
    from pathlib import Path
    from evidence.publish import make as making, manifest as manifests
    from evidence.publish.numbers import Made
    from evidence.cli import main

    manifests.source_hash = lambda: "the source"

    def slow(output, workshop, stage):
        data = (workshop.recipe.root / "studies.csv").read_text(encoding="utf-8")
        for name in output.files:
            (stage / name).write_text(output.id + " of " + data, encoding="utf-8")
        print(output.id, flush=True)
        time.sleep(float(sys.argv[2]))
        return Made(("study",), ("r1", "r2"), ("r2",), {"estimate": 0.5})

    making.make = slow
    raise SystemExit(main(["build", "--recipe", sys.argv[1], *sys.argv[3:]]))
"""


@pytest.fixture
def slow_build(folder: Path) -> Iterator[list[subprocess.Popen[str]]]:
    started: list[subprocess.Popen[str]] = []
    yield started
    for process in started:
        if process.poll() is None:
            process.kill()
        process.communicate()


def start(folder: Path, seconds: float, *more: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-c", textwrap.dedent(SLOW), str(folder / "evidence.toml"), str(seconds), *more],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env={**os.environ, "PYTHONPATH": str(SOURCE)},
    )


def first_line(process: subprocess.Popen[str]) -> str:
    assert process.stdout is not None
    return process.stdout.readline()


@pytest.mark.skipif(sys.platform == "win32", reason="signals of POSIX")
@pytest.mark.parametrize(("number", "code"), [("SIGINT", 130), ("SIGTERM", 130), ("SIGKILL", -9)])
def test_a_killed_build_leaves_whole_files(
    folder: Path, slow_build: list[subprocess.Popen[str]], number: str, code: int
) -> None:
    make_in(folder)
    before = files_of(folder)
    (folder / "studies.csv").write_text(BOTH, encoding="utf-8")
    process = start(folder, 0.5)
    slow_build.append(process)
    first_line(process)
    first_line(process)
    process.send_signal(getattr(signal, number))
    _, errors = process.communicate(timeout=20)
    assert process.returncode == code
    assert "Traceback" not in errors
    left = files_of(folder)
    assert {name: left[name] for name in before if name != "studies.csv"} == {
        name: content for name, content in before.items() if name != "studies.csv"
    }
    rubbish = list((folder / ".evidence").glob("tmp-*"))
    assert bool(rubbish) == (number == "SIGKILL")
    assert len(make_in(folder).made) == 3  # neither the lock nor the rubbish of the dead build is in the way
    assert not list((folder / ".evidence").glob("tmp-*"))


def test_a_second_build_at_once_waits(folder: Path, slow_build: list[subprocess.Popen[str]]) -> None:
    process = start(folder, 0.3)
    slow_build.append(process)
    first_line(process)
    said: list[str] = []
    done = build(folder / "evidence.toml", progress=said.append)
    assert any(f"process {process.pid}" in line and "waiting" in line for line in said)
    process.communicate(timeout=20)
    assert process.returncode == 0
    assert done.made == ()  # the first one made everything


def test_a_second_build_gives_up_with_the_reason(
    folder: Path, slow_build: list[subprocess.Popen[str]]
) -> None:
    process = start(folder, 1.0)
    slow_build.append(process)
    first_line(process)
    with pytest.raises(BuildError, match=f"process {process.pid}.*waited 0 s"):
        build(folder / "evidence.toml", wait=0.0)


def test_a_lock_file_without_a_process_is_no_obstacle(folder: Path) -> None:
    (folder / ".evidence").mkdir()
    (folder / ".evidence" / "lock").write_text("99999999\n", encoding="utf-8")
    make_in(folder)
    assert (folder / "manifest.json").is_file()


def test_a_lock_is_free_again_after_an_error(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="inside"), held(tmp_path / "lock", wait=0, say=print):
        raise ValueError("inside")
    with held(tmp_path / "lock", wait=0, say=print):
        pass


def test_version_control_ignores_the_folder_of_the_build(folder: Path) -> None:
    make_in(folder)
    assert (folder / ".evidence" / ".gitignore").read_text(encoding="utf-8") == "*\n"


def test_a_path_with_spaces_and_letters_of_other_languages(folder: Path) -> None:
    other = folder / "a folder with spaces, ñ 日本"
    other.mkdir()
    for name in ("evidence.toml", "studies.csv"):
        (other / name).write_bytes((folder / name).read_bytes())
    assert len(make_in(other).made) == 4


def test_ids_are_chosen_whatever_their_case(folder: Path) -> None:
    plan = planned(read_recipe(folder / "evidence.toml"), "slide")
    assert [output.id for output in chosen(plan, "One-Forest")] == ["one-forest-slide"]
    assert [output.id for output in chosen(plan, None)][-1] == "bibliography"


def test_processes_are_started_where_there_is_enough_to_do(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(workers.os, "sched_getaffinity", lambda _: range(4), raising=False)
    (figure, table, *_), many = planned(read_recipe(folder / "evidence.toml")), 40
    assert workers.useful_workers([]) == 1
    assert workers.useful_workers([table] * many) == 1
    assert workers.useful_workers([figure] * 7) == 1
    assert workers.useful_workers([figure] * 8) == 2
    assert workers.useful_workers([figure] * many) == 4


def test_json_has_no_nan_and_one_line_a_list() -> None:
    import numpy as np

    content = json_numbers(
        {"a": [np.float64(1.5), np.int64(2)], "b": {"c": float("-inf")}, "d": (True, None), "e": []}
    )
    text = as_json(content)
    assert json.loads(text) == {"a": [1.5, 2], "b": {"c": "-inf"}, "d": [True, None], "e": []}
    assert ' "a": [1.5, 2],' in text.splitlines()
