"""Files of figures: complete, and the same bytes when they are made again."""

from __future__ import annotations

import hashlib
import subprocess
import sys
from pathlib import Path

import matplotlib as mpl
import pytest
from helpers_charts import Fit, comparison, directions, map_table, rows
from matplotlib.axes import Axes

from evidence.charts.domains import domains
from evidence.charts.effect_direction import effect_direction
from evidence.charts.evidence_map import evidence_map
from evidence.charts.forest import forest
from evidence.charts.saving import save_figure
from evidence.errors import ModelError

CHARTS = {
    "forest": lambda: forest(Fit(rows=rows(12, left_out=2))),  # type: ignore[arg-type]
    "domains": lambda: domains(comparison(6)),  # type: ignore[arg-type]
    "directions": lambda: effect_direction(directions(12, 6)),  # type: ignore[arg-type]
    "map": lambda: evidence_map(map_table(12, 6)),
}


@pytest.mark.parametrize("name", CHARTS)
def test_files_are_the_same_bytes_again(name: str, tmp_path: Path) -> None:
    digests = []
    for folder in ("one", "two"):
        paths = save_figure(CHARTS[name](), tmp_path / folder / name)
        assert [path.name for path in paths] == [f"{name}.png", f"{name}.svg", f"{name}.pdf"]
        digests.append([hashlib.sha256(path.read_bytes()).hexdigest() for path in paths])
    assert digests[0] == digests[1]


def test_saving_twice_and_under_other_settings_changes_nothing(tmp_path: Path) -> None:
    ax: Axes = CHARTS["forest"]()
    first = [path.read_bytes() for path in save_figure(ax, tmp_path / "a.b")]
    before = mpl.rcParams.copy()
    with mpl.rc_context({"savefig.bbox": "tight", "svg.fonttype": "none", "savefig.dpi": 50}):
        again = [path.read_bytes() for path in save_figure(ax, tmp_path / "a.b")]
    assert first == again
    assert mpl.rcParams.copy() == before
    assert (tmp_path / "a.b.png").exists()


def test_png_has_200_dots_per_inch_and_no_date(tmp_path: Path) -> None:
    ax: Axes = CHARTS["map"]()
    figure = ax.get_figure(root=True)
    assert figure is not None
    png, svg, pdf = (path.read_bytes() for path in save_figure(figure, tmp_path / "map"))
    width = int.from_bytes(png[16:20], "big")
    assert width == pytest.approx(200 * figure.get_size_inches()[0], abs=1)
    assert b"dc:date" not in svg
    assert b"CreationDate" not in pdf


def test_off_screen_figures_leave_nothing_with_pyplot() -> None:
    code = """
import matplotlib
matplotlib.use("agg")
import matplotlib.pyplot as plt
import pandas as pd
from evidence.charts.evidence_map import evidence_map
from evidence.charts.saving import off_screen
table = pd.DataFrame({"domain": ["a"], "comparator_class": ["b"], "study": ["s"], "reported": ["full"]})
with off_screen():
    evidence_map(table)
assert plt.get_fignums() == []
evidence_map(table)
assert plt.get_fignums() == [1], "where pyplot is in use, it can show the figure"
"""
    subprocess.run([sys.executable, "-c", code], check=True)


def test_unknown_format_names_the_known(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match="png, svg, pdf"):
        save_figure(CHARTS["map"](), tmp_path / "map", formats=["gif"])
