"""The house rules that a machine can hold: metadata, lock, run.py, imports, the check of a rebuild."""

from __future__ import annotations

import ast
import importlib.util
import json
import os
import re
import shutil
import subprocess
import sys
import tomllib
import zipfile
from collections.abc import Callable
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name
from packaging.version import Version

import evidence
from evidence import _data
from evidence.errors import EvidenceError

ROOT = Path(__file__).resolve().parent.parent
PYPROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
LOCK = (ROOT / "requirements.lock").read_text(encoding="utf-8")
RUN = (ROOT / "run.py").read_text(encoding="ascii")
DATA_FILES = ("studies.csv", "study_info.csv", "references.bib", "claims.csv")


def load(path: Path) -> ModuleType:
    spec = importlib.util.spec_from_file_location(f"loaded_{path.stem}", path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def locked() -> dict[str, tuple[Requirement, int]]:
    """Return each pin of the lock with the number of its hashes."""
    pins: dict[str, tuple[Requirement, int]] = {}
    for entry in re.split(r"\n(?=\S)", LOCK.strip()):
        head, *hashes = (line.rstrip(" \\") for line in entry.splitlines())
        pin = Requirement(head)
        assert canonicalize_name(pin.name) not in pins, f"{pin.name} is pinned twice"
        assert all(re.fullmatch(r" {4}--hash=sha256:[0-9a-f]{64}", line) for line in hashes), pin.name
        pins[canonicalize_name(pin.name)] = (pin, len(hashes))
    return pins


# --- the lock -------------------------------------------------------------------------------------


def test_lock_names_no_host() -> None:
    assert re.search(r"://|--(extra-)?index|--find-links|--trusted-host|(^|\s)/", LOCK) is None


def test_each_pin_is_exact_and_hashed() -> None:
    for name, (pin, hashes) in locked().items():
        assert re.fullmatch(r"==[0-9][^,*]*", str(pin.specifier)), name
        assert hashes >= 1, name


def test_lock_satisfies_the_ranges_of_pyproject_and_leaves_jupyterlab_out() -> None:
    project = PYPROJECT["project"]
    extras = project["optional-dependencies"]
    pins = locked()
    for text in [*project["dependencies"], *extras["test"], *extras["dev"]]:
        wanted = Requirement(text)
        pin, _ = pins[canonicalize_name(wanted.name)]
        version = str(pin.specifier).removeprefix("==")
        assert wanted.specifier.contains(version, prereleases=True), f"{text} but {pin}"
        assert wanted.specifier, f"{text} has no lower bound"
    assert not {"jupyterlab", "ipywidgets"} & pins.keys()


def test_build_backend_is_pinned_because_it_is_used_without_isolation() -> None:
    for text in PYPROJECT["build-system"]["requires"]:
        assert canonicalize_name(Requirement(text).name) in locked()


# --- run.py ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("minor", [4, 8, 10])
def test_run_py_parses_on_old_pythons(minor: int) -> None:
    ast.parse(RUN, feature_version=(3, minor))


def test_run_py_keeps_to_syntax_that_python_2_reads() -> None:
    newer = (ast.JoinedStr, ast.AnnAssign, ast.NamedExpr, ast.AsyncFunctionDef, ast.Nonlocal)
    for node in ast.walk(ast.parse(RUN)):
        assert not isinstance(node, newer), f"line {node.lineno}"
        if isinstance(node, ast.List | ast.Tuple):
            assert not any(isinstance(part, ast.Starred) for part in node.elts), f"line {node.lineno}"
        if isinstance(node, ast.arg):
            assert node.annotation is None, f"line {node.lineno}"
        if isinstance(node, ast.FunctionDef):
            assert node.returns is None, f"line {node.lineno}"
            assert not node.args.kwonlyargs, f"line {node.lineno}"
        if isinstance(node, ast.Raise):
            assert node.cause is None, f"line {node.lineno}"


def test_run_py_needs_the_standard_library_only_and_asks_for_the_version_first() -> None:
    tree = ast.parse(RUN)
    names = {
        alias.name.partition(".")[0]
        for node in ast.walk(tree)
        if isinstance(node, ast.Import)
        for alias in node.names
    }
    assert names <= sys.stdlib_module_names
    kinds = [type(node) for node in tree.body]
    before = tree.body[: kinds.index(ast.If)]
    imported = [alias.name for node in before if isinstance(node, ast.Import) for alias in node.names]
    assert imported == ["sys"]


def test_run_py_tells_a_missing_pin_from_no_network_and_from_a_wrong_hash() -> None:
    run = load(ROOT / "run.py")
    missing = (
        "ERROR: Could not find a version that satisfies the requirement numpy==2.4.6 (from versions: 1.0)\n"
        "ERROR: No matching distribution found for numpy==2.4.6"
    )
    assert run.lacks_a_pin(missing)
    offline = "WARNING: Retrying (Retry(total=0)) after connection broken\n" + missing
    assert not run.lacks_a_pin(offline)
    assert "network" in run.explain(offline)
    assert not run.lacks_a_pin("ERROR: THESE PACKAGES DO NOT MATCH THE HASHES FROM THE REQUIREMENTS FILE.")
    assert not run.lacks_a_pin("ERROR: No space left on device")


def test_the_stamp_depends_on_every_file_that_the_environment_is_made_from(tmp_path: Path) -> None:
    run = load(ROOT / "run.py")
    for name in ("pyproject.toml", "requirements.lock", "run.py"):
        shutil.copy(ROOT / name, tmp_path)
    run.ROOT = str(tmp_path)
    seen = {run.fingerprint()}
    for name in ("pyproject.toml", "requirements.lock", "run.py"):
        with (tmp_path / name).open("a") as file:
            file.write("\n")
        seen.add(run.fingerprint())
    assert len(seen) == 4


def test_nothing_of_the_callers_python_or_pip_leaks_in(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PYTHONPATH", "elsewhere")
    monkeypatch.setenv("PIP_TARGET", "elsewhere")
    monkeypatch.setenv("PIP_USER", "1")
    run = load(ROOT / "run.py")
    child = run.environment()
    assert "elsewhere" not in child.values()
    assert child["PIP_USER"] == "0"
    assert child["PATH"].startswith(run.BIN + os.pathsep)


def test_checks_run_on_even_where_one_fails(monkeypatch: pytest.MonkeyPatch) -> None:
    run = load(ROOT / "run.py")
    called: list[str] = []

    def call(tool: str, *_: str) -> int:
        called.append(tool)
        return int(tool == "ruff")

    monkeypatch.setattr(run, "call", call)
    assert run.check([]) == 1
    assert called == [command[0] for command in run.CHECKS.values()]
    assert run.check(["types"]) == 0
    with pytest.raises(SystemExit, match="no check is called typos"):
        run.check(["typos"])


def test_a_full_check_also_runs_what_needs_a_browser_or_an_office(monkeypatch: pytest.MonkeyPatch) -> None:
    run = load(ROOT / "run.py")
    called: list[tuple[str, ...]] = []
    monkeypatch.setattr(run, "call", lambda *words: called.append(words) or 0)
    assert run.check(["types"]) == 0
    assert run.check(["types", "--full"]) == 0
    assert called == [("mypy",), ("mypy",), ("pytest", "-q", "-m", "full")]
    called.clear()
    assert run.check(["--full"]) == 0
    assert len(called) == len(run.CHECKS) + 1
    monkeypatch.setattr(run, "call", lambda *words: int("full" in words))
    assert run.check(["types", "--full"]) == 1


def test_heavy_tests_run_only_where_they_are_named(tmp_path: Path) -> None:
    shutil.copy(ROOT / "tests" / "conftest.py", tmp_path)
    (tmp_path / "pytest.ini").write_text("[pytest]\nmarkers =\n    full: x\n    slow: y\n", encoding="utf-8")
    (tmp_path / "test_x.py").write_text(
        "import pytest\n\n\n@pytest.mark.full\n@pytest.mark.slow\ndef test_heavy():\n    pass\n\n\n"
        "@pytest.mark.slow\ndef test_slow():\n    pass\n",
        encoding="utf-8",
    )

    def passed(*words: str) -> str:
        command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", *words]
        done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
        return done.stdout.strip().splitlines()[-1]

    assert passed().startswith("1 passed, 1 deselected")
    assert passed("-m", "slow").startswith("1 passed, 1 deselected")
    assert passed("-m", "full").startswith("1 passed, 1 deselected")
    assert passed("-m", "full or slow").startswith("2 passed")


def test_the_checks_name_files_that_exist() -> None:
    run = load(ROOT / "run.py")
    for command in run.CHECKS.values():
        for word in command:
            if word.endswith(".py"):
                assert (ROOT / word).is_file(), word


# --- the package ----------------------------------------------------------------------------------


def test_versions_agree() -> None:
    citation = (ROOT / "CITATION.cff").read_text(encoding="utf-8")
    cited = re.search(r"^version: (\S+)$", citation, re.MULTILINE)
    released = re.search(r'^date-released: "(\S+)"$', citation, re.MULTILINE)
    newest = re.search(
        r"^## (\S+) \((\S+)\)$", (ROOT / "CHANGELOG.md").read_text(encoding="utf-8"), re.MULTILINE
    )
    assert cited is not None
    assert released is not None
    assert newest is not None
    assert evidence.__version__ == cited[1] == newest[1]
    assert released[1] == newest[2]
    assert str(Version(evidence.__version__)) == evidence.__version__


def test_the_readme_is_part_of_the_metadata_once_there_is_one() -> None:
    assert (ROOT / "README.md").is_file() == ("readme" in PYPROJECT["project"])


def test_the_package_is_typed() -> None:
    assert (Path(evidence.__file__).parent / "py.typed").is_file()


def test_import_leaves_heavy_libraries_alone() -> None:
    code = (
        "import sys, evidence;"
        "heavy = {'matplotlib', 'statsmodels', 'pybtex', 'IPython', 'pptx', 'docx'};"
        "print(*sorted(heavy & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.split() == []


def test_the_shipped_data_are_found() -> None:
    for name in DATA_FILES:
        assert (_data.data_dir() / name).is_file(), name


def test_missing_data_are_an_error_that_says_what_to_do(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(_data, "_PACKAGE", tmp_path / "lib" / "evidence")
    with pytest.raises(EvidenceError, match="install the package again"):
        _data.data_dir()


def test_an_installed_copy_prefers_its_own_data(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    package = tmp_path / "src" / "evidence"
    for folder in (package / "data", tmp_path / "data"):
        folder.mkdir(parents=True)
        (folder / "studies.csv").write_text("row_id\n")
    monkeypatch.setattr(_data, "_PACKAGE", package)
    assert _data.data_dir() == package / "data"


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> list[str]:
    """Return the names of the files in a wheel that is really built."""
    folder = tmp_path_factory.mktemp("wheel")
    code = "import hatchling.build, sys; print(hatchling.build.build_wheel(sys.argv[1]))"
    done = subprocess.run(
        [sys.executable, "-c", code, str(folder)], cwd=ROOT, capture_output=True, text=True, check=True
    )
    return zipfile.ZipFile(folder / done.stdout.split()[-1]).namelist()


def test_the_wheel_holds_the_code_the_data_and_the_starter(wheel: list[str]) -> None:
    assert {f"evidence/data/{name}" for name in DATA_FILES} <= set(wheel)
    package = ROOT / "src" / "evidence"
    sources = {
        f"evidence/{path.relative_to(package).as_posix()}"
        for path in package.rglob("*")
        if path.is_file() and "__pycache__" not in path.parts and not path.name.startswith(".")
    }
    assert "evidence/py.typed" in sources
    assert sources <= set(wheel)


def test_the_wheel_holds_nothing_else(wheel: list[str]) -> None:
    allowed = re.compile(r"evidence/|evidence-[^/]+\.dist-info/")
    assert [name for name in wheel if not allowed.match(name)] == []


# --- the check of a rebuild -----------------------------------------------------------------------

check_build = load(ROOT / "scripts" / "check_build.py")

MANIFEST = {
    "versions": {"numpy": "2.4.6"},
    "inputs": {"data/studies.csv": "a" * 64},
    "outputs": {
        "forest": {"files": {"figures/forest.png": "b" * 64}, "rows": ["r1", "r2"], "numbers": {"x": 0.4}}
    },
}


SLIDE = '<p:sld xmlns:p="x"><p:off x="914400" y="12700"/><p:t>g 0.40</p:t></p:sld>'
PAGE = '<p>g 0.40, tau 0.123456789012</p><svg><path d="M 1.25 3"/><text x="4">a</text></svg><p>end</p>'


def pack(path: Path, slide: str, picture: Path) -> None:
    with zipfile.ZipFile(path, "w") as file:
        file.writestr("ppt/slides/slide1.xml", slide)
        file.writestr("ppt/media/image1.png", picture.read_bytes())


def repack(old: str, new: str) -> Callable[[Path], None]:
    assert old in SLIDE

    def apply(folder: Path) -> None:
        pack(folder / "slides" / "talk.pptx", SLIDE.replace(old, new), folder / "figures" / "forest.png")

    return apply


def rewrite_page(old: str, new: str) -> Callable[[Path], object]:
    assert old in PAGE
    return lambda folder: (folder / "report" / "index.html").write_text(PAGE.replace(old, new))


def blank_slide(folder: Path) -> None:
    """Replace the picture on the slide by a white one."""
    from matplotlib.image import imsave

    white = folder / "white.png"
    imsave(white, np.ones((300, 400, 3)))
    pack(folder / "slides" / "talk.pptx", SLIDE, white)
    white.unlink()


@pytest.fixture
def built(tmp_path: Path) -> tuple[Path, Path]:
    """Return two equal folders of outputs: the committed and the rebuilt."""
    from matplotlib.image import imsave

    one = tmp_path / "committed"
    for name in ("figures", "tables"):
        (one / name).mkdir(parents=True)
    picture = np.ones((300, 400, 3))
    picture[100:200, 50] = 0.0  # an axis
    picture[140:160, 200:260] = 0.0  # a label
    imsave(one / "figures" / "forest.png", picture)
    (one / "figures" / "forest.svg").write_text("<svg/>")
    (one / "tables" / "forest.md").write_text("| a | 0.40 |\n| b | 0.36 |\n")
    (one / "manifest.json").write_text(json.dumps(MANIFEST))
    (one / "slides").mkdir()
    pack(one / "slides" / "talk.pptx", SLIDE, one / "figures" / "forest.png")
    (one / "report").mkdir()
    (one / "report" / "index.html").write_text(PAGE)
    other = tmp_path / "rebuilt"
    shutil.copytree(one, other)
    return one, other


def rewrite(change: Callable[[dict], object]) -> Callable[[Path], None]:  # type: ignore[type-arg]
    def apply(folder: Path) -> None:
        manifest = json.loads((folder / "manifest.json").read_text())
        change(manifest)
        (folder / "manifest.json").write_text(json.dumps(manifest))

    return apply


def redraw(rows: slice, columns: slice, value: float) -> Callable[[Path], None]:
    def apply(folder: Path) -> None:
        from matplotlib.image import imread, imsave

        picture = np.array(imread(folder / "figures" / "forest.png"))[..., :3]
        picture[rows, columns] = value
        imsave(folder / "figures" / "forest.png", picture)

    return apply


def numbers(value: float) -> Callable[[Path], None]:
    return rewrite(lambda manifest: manifest["outputs"]["forest"]["numbers"].update(x=value))


def test_equal_outputs_have_no_differences(built: tuple[Path, Path]) -> None:
    assert check_build.compare(*built) == []


@pytest.mark.parametrize(
    "change",
    [
        numbers(0.4 * (1 + 5e-10)),
        rewrite(lambda manifest: manifest["versions"].update(numpy="2.5.0")),
        rewrite(
            lambda manifest: manifest["outputs"]["forest"]["files"].update({"figures/forest.png": "c" * 64})
        ),
        redraw(slice(100, 200), slice(50, 51), 0.05),
        lambda folder: (folder / "figures" / "forest.svg").write_text("<svg><!-- other --></svg>"),
        repack("914400", "914401"),
        repack('x="914400" y="12700"', 'y="12700" x="914400"'),
        rewrite_page("0.123456789012", "0.1234567890121"),
        rewrite_page("1.25", "1.26"),
    ],
    ids=[
        *("a last digit", "another numpy", "an output's hash", "anti-aliasing", "an SVG's bytes"),
        *("a slide's position", "order of attributes", "a report's last digit", "a drawing's coordinate"),
    ],
)
def test_what_another_machine_may_change_is_no_difference(
    built: tuple[Path, Path], change: Callable[[Path], object]
) -> None:
    change(built[1])
    assert check_build.compare(*built) == []


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (numbers(0.4 * (1 + 2e-9)), "manifest.json: outputs.forest.numbers.x"),
        (
            rewrite(lambda manifest: manifest["outputs"]["forest"]["rows"].pop()),
            "2 entries committed, 1 rebuilt",
        ),
        (rewrite(lambda manifest: manifest["inputs"].update({"data/studies.csv": "d" * 64})), "inputs.data"),
        (rewrite(lambda manifest: manifest["outputs"].update(new={})), "outputs.new: only in the rebuilt"),
        (redraw(slice(140, 160), slice(200, 260), 1.0), "figures/forest.png: 1.00% of the pixels"),
        (lambda folder: (folder / "figures" / "forest.svg").write_text(""), "the rebuilt file is empty"),
        (
            lambda folder: (folder / "tables" / "forest.md").write_text("| a | 0.40 |\n| b | 0.37 |\n"),
            "tables/forest.md: line 2",
        ),
        (lambda folder: (folder / "tables" / "forest.md").unlink(), "committed, but not made by a rebuild"),
        (
            lambda folder: (folder / "tables" / "new.md").write_text(""),
            "made by a rebuild, but not committed",
        ),
        (repack("0.40", "0.37"), "ppt/slides/slide1.xml: 'g 0.40' committed, 'g 0.37' rebuilt"),
        (repack("914400", "927100"), "slide1.xml: x '914400' committed"),
        (repack("<p:t>", "<p:t/><p:t>"), "3 elements committed, 4 rebuilt"),
        (blank_slide, "slides/talk.pptx: ppt/media/image1.png: "),
        (rewrite_page("0.40", "0.37"), "report/index.html: 0.40 committed, 0.37 rebuilt"),
        (rewrite_page("1.25", "1.35"), "report/index.html: drawing 1: 1.25 committed"),
        (rewrite_page("end", "End"), "report/index.html: line "),
    ],
    ids=[
        "a number",
        "a row",
        "an input",
        "an output",
        "a label",
        "an empty SVG",
        "a cell",
        "missing",
        "extra",
        *("a slide's text", "a slide's layout", "a slide's element", "a slide's picture"),
        *("a report's number", "a report's drawing", "a report's word"),
    ],
)
def test_what_matters_is_a_difference(
    built: tuple[Path, Path], change: Callable[[Path], object], said: str
) -> None:
    change(built[1])
    lines = check_build.compare(*built)
    assert len(lines) == 1
    assert said in lines[0]


def test_another_size_is_a_difference(built: tuple[Path, Path]) -> None:
    from matplotlib.image import imsave

    imsave(built[1] / "figures" / "forest.png", np.ones((301, 400, 3)))
    assert check_build.compare(*built) == [
        "figures/forest.png: 400 x 300 pixels committed, 400 x 301 rebuilt"
    ]


def test_without_a_committed_manifest_the_check_fails(built: tuple[Path, Path]) -> None:
    for folder in built:
        (folder / "manifest.json").unlink()
    assert check_build.compare(*built) == [
        "manifest.json: not committed, so there is nothing to compare with"
    ]


def test_a_rebuild_starts_without_the_old_outputs_and_its_failure_is_told(
    built: tuple[Path, Path], monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    committed, _ = built
    (committed / "data").mkdir()
    (committed / "data" / "figures").write_text("an input that is called like an output\n")
    monkeypatch.setattr(check_build, "ROOT", committed)
    kept = committed.parent / "kept"
    assert check_build.main(["--keep", str(kept)]) == 1  # there is no recipe to build
    assert sorted(path.relative_to(kept).as_posix() for path in kept.rglob("*") if path.is_file()) == [
        "data/figures"
    ]
    assert "the rebuild failed with exit code" in capfd.readouterr().err
