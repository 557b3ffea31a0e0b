"""The command line: plain messages, right exit codes, a starter that builds at once."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

import evidence
from evidence.cli import main
from evidence.publish.new import STARTER

SOURCE = Path(__file__).resolve().parent.parent / "src"


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a starter that has been built."""
    folder = tmp_path_factory.mktemp("starter") / "my review"
    assert main(["new", str(folder)]) == 0
    assert main(["build", "--recipe", str(folder / "evidence.toml"), "--quiet"]) == 0
    return folder


@pytest.fixture
def copy(built: Path, tmp_path: Path) -> Path:
    folder = tmp_path / "copy"
    shutil.copytree(built, folder)
    return folder


def run(folder: Path, *words: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-W", "error", "-m", "evidence.cli", *words],
        cwd=folder,
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, "PYTHONPATH": str(SOURCE), "PYTHONIOENCODING": "utf-8"},
    )


def test_version(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--version"]) == 0
    assert capsys.readouterr().out == f"evidence {evidence.__version__}\n"


@pytest.mark.parametrize(
    "words",
    [
        [],
        ["bild"],
        ["build", "--onli", "x"],
        ["explain"],
        ["build", "--wait", "soon"],
        ["build", "--wait", "-1"],
        ["build", "--workers", "0"],
    ],
)
def test_wrong_usage_is_2(words: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert main(words) == 2
    assert "usage: evidence" in capsys.readouterr().err


def test_help_is_0(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--help"]) == 0
    shown = capsys.readouterr().out
    assert all(word in shown for word in ("build", "explain", "codebook", "new"))


def test_a_folder_without_a_recipe_is_told_plainly(tmp_path: Path) -> None:
    done = run(tmp_path, "build")
    assert done.returncode == 1
    assert "no such file" in done.stderr
    assert "in the folder they are started in" in done.stderr
    assert "Traceback" not in done.stderr
    assert list(tmp_path.iterdir()) == []


def test_the_starter_builds_at_once(built: Path) -> None:
    outputs = json.loads((built / "manifest.json").read_text(encoding="utf-8"))["outputs"]
    assert {
        "example-domains",
        "strength-forest",
        "example-effects",
        "example-results",
        "bibliography",
    } <= set(outputs)
    for entry in outputs.values():
        for name in entry["files"]:
            assert (built / name).stat().st_size > 0
    assert outputs["strength-forest"]["rows"] == ["example_one_01", "example_two_01"]


def test_the_starter_says_that_its_data_are_invented() -> None:
    for name in ("data/studies.csv", "data/study_info.csv", "data/references.bib", "evidence.toml"):
        text = (STARTER / name).read_text(encoding="utf-8")
        assert "EXAMPLE" in text
        assert "invented" in text


def test_the_notebook_of_the_starter_is_valid() -> None:
    import nbformat

    nbformat.validate(nbformat.read(STARTER / "notebook.ipynb", as_version=4))


def test_the_cells_of_the_starter_notebook_run(built: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    cells = json.loads((STARTER / "notebook.ipynb").read_text(encoding="utf-8"))["cells"]
    monkeypatch.chdir(built)
    space: dict[str, object] = {}
    for cell in cells:
        if cell["cell_type"] == "code":
            exec("".join(cell["source"]), space)


def test_the_second_build_has_nothing_to_do_and_changes_nothing(copy: Path) -> None:
    assert run(copy, "build").returncode == 0  # a copied folder has the same bytes and the same stamps
    outputs = [path for path in copy.rglob("*") if path.is_file()]
    times = {path: path.stat().st_mtime_ns for path in outputs if path.name != "lock"}
    content = {path: path.read_bytes() for path in outputs}
    done = run(copy, "build")
    assert "nothing to do" in done.stderr
    assert {path: path.stat().st_mtime_ns for path in times} == times
    assert {path: path.read_bytes() for path in content} == content


def test_a_rebuild_gives_the_same_bytes(copy: Path, built: Path) -> None:
    for name in ("figures", "tables", "slides", "report", ".evidence"):
        shutil.rmtree(copy / name)
    (copy / "manifest.json").unlink()
    assert run(copy, "build").returncode == 0
    for path in built.rglob("*"):
        if path.is_file() and ".evidence" not in path.parts:
            assert (copy / path.relative_to(built)).read_bytes() == path.read_bytes(), path


def test_after_a_change_the_files_are_those_of_a_build_from_nothing(copy: Path) -> None:
    data = copy / "data" / "studies.csv"
    lines = data.read_text(encoding="utf-8").splitlines()
    data.write_text("\n".join(line for line in lines if "example_two_02" not in line), encoding="utf-8")
    done = run(copy, "build")
    assert done.returncode == 0, done.stderr
    assert "strength-forest" not in done.stderr.replace("older", "")  # it asks for no row of endurance
    whole = {
        path: path.read_bytes()
        for path in copy.rglob("*")
        if path.is_file() and ".evidence" not in path.parts
    }
    for name in ("figures", "tables", "slides", "report", ".evidence"):
        shutil.rmtree(copy / name)
    (copy / "manifest.json").unlink()
    assert run(copy, "build").returncode == 0
    assert {path: path.read_bytes() for path in whole} == whole


def test_several_processes_make_the_same_files(copy: Path, built: Path) -> None:
    for name in ("figures", "tables", "slides", "report", ".evidence"):
        shutil.rmtree(copy / name)
    (copy / "manifest.json").unlink()
    done = run(copy, "build", "--workers", "2")
    assert done.returncode == 0, done.stderr
    for path in built.rglob("*"):
        if path.is_file() and ".evidence" not in path.parts:
            assert (copy / path.relative_to(built)).read_bytes() == path.read_bytes(), path


def test_a_mistake_in_another_process_is_told_here(copy: Path) -> None:
    recipe = copy / "evidence.toml"
    text = recipe.read_text(encoding="utf-8")
    recipe.write_text(text.replace('outputs = ["forest"]', 'outputs = ["trial"]'), encoding="utf-8")
    before = {path: path.read_bytes() for path in copy.rglob("*") if path.is_file()}
    done = run(copy, "build", "--only", "strength", "--workers", "2")
    assert done.returncode == 1
    assert "strength-trial cannot be made" in done.stderr
    assert "a trial is one study" in done.stderr
    assert "Traceback" not in done.stderr
    assert {path: path.read_bytes() for path in before} == before
    assert not list((copy / ".evidence").glob("tmp-*"))


def test_broken_data_are_told_plainly_and_change_nothing(copy: Path) -> None:
    data = copy / "data" / "studies.csv"
    data.write_text(data.read_text(encoding="utf-8").replace(",15.0,115.0", ",-15.0,115.0"), encoding="utf-8")
    before = {path: path.read_bytes() for path in copy.rglob("*") if path.is_file()}
    done = run(copy, "build")
    assert done.returncode == 1
    assert "example_one_01" in done.stderr
    assert "pre_sd_e" in done.stderr
    assert "a standard deviation is positive" in done.stderr
    assert "Traceback" not in done.stderr
    assert {path: path.read_bytes() for path in before} == before


def test_a_filter_without_rows_is_told_plainly(copy: Path) -> None:
    recipe = copy / "evidence.toml"
    recipe.write_text(
        recipe.read_text(encoding="utf-8").replace('domain = "strength"', 'domain = "pain"'), encoding="utf-8"
    )
    done = run(copy, "build")
    assert done.returncode == 1
    assert "'strength' keeps no row" in done.stderr


def test_hostile_study_names_are_escaped_everywhere(copy: Path) -> None:
    hostile = '<img src=x onerror=alert(1)> \\input{x} a|b =HYPERLINK("x")'
    for name in ("data/studies.csv", "data/study_info.csv"):
        path = copy / name
        quoted = '"' + hostile.replace('"', '""') + '"'
        text = (
            path.read_text(encoding="utf-8")
            .replace("leg press", quoted)
            .replace("Example A; Sample B", quoted)
        )
        path.write_text(text, encoding="utf-8")
    done = run(copy, "build")
    assert done.returncode == 0, done.stderr
    for path in (each for each in (copy / "tables").iterdir() if each.suffix != ".docx"):  # its own test
        text = path.read_text(encoding="utf-8")
        if path.suffix == ".html":
            assert "<img" not in text
        if path.suffix == ".md":
            assert "<img" not in text
        if path.suffix == ".tex":
            assert "\\input{" not in text
    for path in (copy / "figures").glob("*.svg"):
        assert "<img" not in path.read_text(encoding="utf-8")


def test_names_give_the_terminal_no_orders(copy: Path) -> None:
    # ECMA-48, 8.3: a name with escape sequences would colour the screen, or set the title of its window.
    studies = copy / "data" / "studies.csv"
    lines = studies.read_text(encoding="utf-8").splitlines()
    head = lines[0].split(",")
    cells = lines[1].split(",")
    cells[head.index("outcome")] = "\x1b[31mred\x1b]0;title\x07 \u202eback"
    studies.write_text("\n".join([lines[0], ",".join(cells), *lines[2:]]) + "\n", encoding="utf-8")
    for words in (["explain", cells[head.index("row_id")]], ["audit"], ["diff", "manifest.json"]):
        done = run(copy, *words)
        assert "Traceback" not in done.stderr
        assert not re.search("[\x00-\x08\x0b-\x1f\x7f\u202a-\u202e]", done.stdout + done.stderr), words
    shown = run(copy, "explain", cells[head.index("row_id")]).stdout
    assert "\N{REPLACEMENT CHARACTER}[31mred" in shown


def test_slides_of_one_question(copy: Path) -> None:
    done = run(copy, "build", "--only", "strength", "--medium", "slide")
    assert done.returncode == 0, done.stderr
    assert (copy / "figures" / "strength-forest-slide.png").is_file()
    assert "1 made" in done.stderr


def test_a_talk_without_a_marker_is_told_plainly(copy: Path) -> None:
    before = (copy / "slides" / "evidence.pptx").read_bytes()
    missing = run(copy, "slides", "talk.pptx")
    assert missing.returncode == 1
    assert "talk.pptx cannot be read" in missing.stderr
    (copy / "talk.pptx").write_text("no presentation", encoding="utf-8")
    spoilt = run(copy, "slides", "talk.pptx")
    assert spoilt.returncode == 1
    assert "no presentation that can be opened" in spoilt.stderr
    assert "Traceback" not in missing.stderr + spoilt.stderr
    assert (copy / "slides" / "evidence.pptx").read_bytes() == before


def test_explain_a_row(copy: Path) -> None:
    done = run(copy, "explain", "example_one_02")
    assert done.returncode == 0, done.stderr
    for words in (
        "data/studies.csv, line 3",
        "p_between",
        "0.03",
        "Table 3, p. 6",
        "https://example.org/one",
        "Example A, Sample B.",
        "Read as an effect (SMD, correlation 0.7)",
        "exact p",
        "formula",
        "rule a",
        "example-domains",
        "example-effects",
    ):
        assert words in done.stdout, words


def test_explain_an_unknown_row_gives_the_nearest(copy: Path) -> None:
    done = run(copy, "explain", "example_one_2")
    assert done.returncode == 1
    assert "did you mean example_one_02?" in done.stderr


def test_explain_before_a_build(copy: Path) -> None:
    (copy / "manifest.json").unlink()
    assert "nothing is built yet" in run(copy, "explain", "example_one_02").stdout


def test_codebook(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    from evidence.studies.codebook import codebook_markdown

    assert main(["codebook"]) == 0
    assert capsys.readouterr().out == codebook_markdown()
    assert main(["codebook", "--save", str(tmp_path / "docs" / "codebook.md")]) == 0
    assert (tmp_path / "docs" / "codebook.md").read_text(encoding="utf-8") == codebook_markdown()
    assert main(["codebook", "--save", str(tmp_path)]) == 1


def test_new_refuses_what_is_not_empty(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "mine.txt").write_text("mine", encoding="utf-8")
    assert main(["new", str(tmp_path)]) == 1
    assert "is not empty" in capsys.readouterr().err
    assert main(["new", str(tmp_path / "mine.txt")]) == 1
    assert "is a file" in capsys.readouterr().err
    assert [path.name for path in tmp_path.iterdir()] == ["mine.txt"]


def test_new_takes_an_empty_folder(tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    assert main(["new", str(tmp_path / "empty")]) == 0
    assert (tmp_path / "empty" / "evidence.toml").is_file()
    assert [path.name for path in tmp_path.iterdir()] == ["empty"]


def test_the_package_itself_is_the_command(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-W", "error", "-m", "evidence", "--version"],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, "PYTHONPATH": str(SOURCE)},
    )
    assert (done.returncode, done.stdout) == (0, f"evidence {evidence.__version__}\n")


def test_a_closed_pipe_is_no_fault(built: Path) -> None:
    if sys.platform == "win32":
        pytest.skip("a shell of POSIX")
    done = subprocess.run(
        ["sh", "-c", f'"{sys.executable}" -m evidence.cli codebook | head -n 1'],
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, "PYTHONPATH": str(SOURCE)},
    )
    assert done.stdout.startswith("# Codebook")
    assert done.stderr == ""


def test_nothing_to_do_imports_neither_pandas_nor_matplotlib(copy: Path) -> None:
    assert run(copy, "build").returncode == 0
    code = (
        "import sys; from evidence.cli import main; code = main(['build']); "
        "print(code, [name for name in ('pandas', 'matplotlib', 'numpy') if name in sys.modules])"
    )
    done = subprocess.run(
        [sys.executable, "-c", code],
        cwd=copy,
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, "PYTHONPATH": str(SOURCE)},
    )
    assert done.stdout.strip() == "0 []", done.stderr
