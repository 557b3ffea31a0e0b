"""The report in a browser: accessibility, no request, keyboard, names from right to left.

Runs where node, npm and Chromium are installed (`run.py check --full`); axe-core's rules are those of
WCAG 2.2 AA and its own best practices.
"""

from __future__ import annotations

import json
import re
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from evidence.publish.new import new
from evidence.publish.recipe import read_recipe
from evidence.publish.report import write_report
from evidence.publish.workshop import Workshop

pytestmark = [pytest.mark.full, pytest.mark.slow]

ROOT = Path(__file__).resolve().parent.parent
PACKAGES = ("puppeteer-core@24.43.1", "axe-core@4.14.1")
BROWSERS = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")

HEBREW = "מחקר ראשון"
RECIPE = """
[project]
title = "Names from everywhere"
studies = "studies.csv"

[[question]]
id = "one"
title = "Strength"
measure = "SMD"
by = "domain"
outputs = ["forest", "effects", "results"]
"""


@pytest.mark.skipif(shutil.which("pdftotext") is None, reason="needs poppler")
def test_no_printed_page_holds_notes_or_heads_alone(tmp_path: Path) -> None:
    chromium = next(filter(None, map(shutil.which, BROWSERS)), None)
    if not chromium:
        pytest.skip("no Chromium here")
    folder = new(tmp_path / "mine")
    page = folder / "index.html"
    write_report(Workshop(read_recipe(folder / "evidence.toml")), page)
    printed = tmp_path / "report.pdf"
    flags = ["--headless", "--no-sandbox", "--disable-gpu", "--no-first-run", "--no-pdf-header-footer"]
    command = [chromium, *flags, f"--user-data-dir={tmp_path / 'browser'}", f"--print-to-pdf={printed}"]
    subprocess.run([*command, page.as_uri()], check=True, capture_output=True, timeout=120)
    text = subprocess.run(["pdftotext", "-layout", str(printed), "-"], check=True, capture_output=True).stdout
    pages = [[line.strip() for line in one.splitlines() if line.strip()] for one in text.decode().split("\f")]
    pages = [lines for lines in pages if lines]
    assert len(pages) > 3
    for lines in pages:
        # A page begins with a heading, a caption or a table's rows, and ends with no head of a table.
        assert not lines[0].startswith(("Assumed", "Value, bounds", "SMD:", "Blank cells", "Rules:")), lines[
            0
        ]
        assert not (lines[-1].startswith("Domain") and lines[-1].endswith("Sources")), lines[-1]


@pytest.fixture(scope="module")
def tools(tmp_path_factory: pytest.TempPathFactory) -> tuple[str, str, Path]:
    node, npm = shutil.which("node"), shutil.which("npm")
    chromium = next(filter(None, map(shutil.which, BROWSERS)), None)
    missing = [name for name, path in (("node", node), ("npm", npm), ("chromium", chromium)) if not path]
    if missing:
        pytest.skip(f"not installed here: {', '.join(missing)}")
    assert node
    assert npm
    assert chromium
    folder = tmp_path_factory.mktemp("node")
    (folder / "package.json").write_text("{}", encoding="utf-8")
    command = [npm, "install", "--no-audit", "--no-fund", "--ignore-scripts", *PACKAGES]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=300)
    if done.returncode:
        pytest.skip(f"{' and '.join(PACKAGES)} cannot be installed: {done.stderr.strip()[-300:]}")
    return node, chromium, folder


def seen(tools: tuple[str, str, Path], page: Path) -> dict[str, Any]:
    node, chromium, folder = tools
    script = ROOT / "tests" / "report_browser.mjs"
    command = [node, str(script), chromium, str(folder), str(page)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=540)
    assert done.returncode == 0, done.stderr
    found: dict[str, Any] = json.loads(done.stdout)
    return found


@pytest.fixture(scope="module")
def shipped(
    tools: tuple[str, str, Path], tmp_path_factory: pytest.TempPathFactory
) -> tuple[str, dict[str, Any]]:
    page = tmp_path_factory.mktemp("shipped") / "index.html"
    write_report(Workshop(read_recipe(ROOT / "evidence.toml")), page)
    return page.as_uri(), seen(tools, page)


@pytest.fixture(scope="module")
def foreign(
    tools: tuple[str, str, Path], tmp_path_factory: pytest.TempPathFactory
) -> tuple[str, dict[str, Any]]:
    folder = tmp_path_factory.mktemp("foreign")
    rows = [
        {"row_id": f"{study}_{place}", "study": study, "outcome": outcome, "domain": "strength", "n_e": 20,
         "n_c": 20, "post_mean_e": 10 + place, "post_sd_e": 3, "post_mean_c": 9, "post_sd_c": 3,
         "better": "higher"}
        for place, (study, outcome) in enumerate(
            [(HEBREW, "squat"), ("<img src=x onerror=alert(1)>", "leap"), ("دراسة", "قفز")]
        )
    ]  # fmt: skip
    pd.DataFrame(rows).to_csv(folder / "studies.csv", index=False)
    (folder / "evidence.toml").write_text(RECIPE, encoding="utf-8")
    page = folder / "index.html"
    write_report(Workshop(read_recipe(folder / "evidence.toml")), page)
    return page.as_uri(), seen(tools, page)


@pytest.fixture(params=["shipped", "foreign"])
def report(request: pytest.FixtureRequest) -> tuple[str, dict[str, Any]]:
    found: tuple[str, dict[str, Any]] = request.getfixturevalue(request.param)
    return found


def test_axe_finds_nothing(report: tuple[str, dict[str, Any]]) -> None:
    _, found = report
    assert set(found["axe"]) == {
        f"{name}{rest}" for name in ("light", "dark", "narrow") for rest in ("", ", unfolded")
    }
    assert {name: said for name, said in found["axe"].items() if said} == {}


def test_it_asks_for_itself_alone_and_says_no_error(report: tuple[str, dict[str, Any]]) -> None:
    address, found = report
    assert set(found["requests"]) == {address}
    assert found["console"] == []


def test_the_keyboard_reaches_the_search(report: tuple[str, dict[str, Any]]) -> None:
    stops = report[1]["seen"]["stops"]
    assert stops[0] == "skip"
    assert stops[-1] == "find"


def test_the_search_tells_how_many_and_leads_there(shipped: tuple[str, dict[str, Any]]) -> None:
    found = shipped[1]["seen"]
    count = re.match(r"(\d+) found", found["found"])
    assert count
    assert len(found["hits"]) == min(int(count[1]), 40)
    assert any(hit.startswith("Question") and "knee" in hit for hit in found["hits"])
    assert found["firstHit"]
    assert found["arrived"]
    assert found["cleared"] == ""


def test_a_table_is_sorted_up_down_and_back(report: tuple[str, dict[str, Any]]) -> None:
    (up, ascending), (down, descending), (back, original) = report[1]["seen"]["sort"]
    assert (up, down, back) == ("ascending", "descending", None)
    assert sorted(ascending) == sorted(original)
    assert ascending != descending
    assert len(original) > 1


def test_where_a_number_comes_from(report: tuple[str, dict[str, Any]]) -> None:
    said = report[1]["seen"]["from"]
    assert said["byFocus"]["shown"]
    assert not said["byFocus"]["inside"]
    assert said["byFocus"]["expanded"] == "true"
    assert "As printed" in said["byFocus"]["text"] or "Rows behind the result" in said["byFocus"]["text"]
    assert not said["dismissed"]["shown"]
    assert said["dismissed"]["focus"] == "from"
    assert said["entered"]["shown"]
    assert said["entered"]["inside"]
    assert said["withTab"]["inside"]
    for after in ("left", "tabbedOut"):
        assert not said[after]["shown"]
        assert said[after]["focus"] == "from"
    assert said["byPointer"]["shown"]
    assert said["stays"]["shown"]
    assert not said["goes"]["shown"]


def test_the_theme_is_changed_by_its_button(report: tuple[str, dict[str, Any]]) -> None:
    before, after, pressed = report[1]["seen"]["theme"]
    assert before != after
    assert pressed == "true"


def test_the_page_is_not_wider_than_a_telephone(report: tuple[str, dict[str, Any]]) -> None:
    assert report[1]["seen"]["overflow"] <= 0


def test_names_from_right_to_left_are_isolated_and_markup_is_text(
    foreign: tuple[str, dict[str, Any]],
) -> None:
    found = foreign[1]["seen"]
    assert found["bdiTexts"] > 10
    assert found["bdi"] == ["isolate"]
    assert found["markup"] == 0


def test_it_can_be_read_without_its_script(report: tuple[str, dict[str, Any]]) -> None:
    bare = report[1]["seen"]["bare"]
    assert bare["tools"] == 0
    assert bare["words"] > 500
