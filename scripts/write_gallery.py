"""Write docs/gallery.md and its pictures: every chart in every medium, small and large, light and dark.

    python scripts/write_gallery.py            # all of it
    python scripts/write_gallery.py forest     # the pictures of charts whose names begin so; the page whole
    python scripts/write_gallery.py --changed  # all of it, where its sources are not those of its stamp

`run.py build` calls the last one. The list of charts is `evidence.charts.gallery.GALLERY`, which the tests
measure too. The same machine writes the same bytes.
"""

from __future__ import annotations

import hashlib
import io
import os
import re
import sys
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING

from evidence.charts.figures import off_screen
from evidence.charts.gallery import GALLERY, Shown
from evidence.charts.said import said_of
from evidence.charts.style import chart_style, style_for

if TYPE_CHECKING:
    from matplotlib.axes import Axes

ROOT = Path(__file__).resolve().parent.parent
FOLDER = ROOT / "docs"

DPI = {"notebook": 100, "slide": 72, "journal": 120, "journal-single": 140}
"""Dots per inch of the pictures: letters of each medium can just be read."""

LARGE = 40
"""Rows of the large pictures."""

DARK = (
    "forest",
    "forest, subgroups",
    "domains",
    "effect_direction",
    "albatross",
    "claim_chart",
    "risk_of_bias_table",
    "risk_of_bias_table, summary",
    "funnel",
    "funnel, trim-and-fill",
    "orchard",
    "bubble",
    "baujat",
    "dumbbell",
    "prisma",
)
"""Charts that are shown dark too."""

MOST_PAGES = 3
"""Pages of one plot that are shown."""

HEAD = """# Gallery

Every chart in the media that it can be drawn for. Made by the build (`scripts/write_gallery.py`); nothing
here is drawn by hand. The tests measure every text of these charts, at 3, 12, 40 and 120 rows and with
labels of 60 letters: none overlaps another, none is cut by the edge, none is smaller than its medium allows.

```python
ax = ev.forest(fit)  # notebook, light
ax = ev.forest(fit, medium="slide")  # 16:9 while the rows have room, no text below 18 pt
with ev.chart_style(medium="journal", theme="dark"):  # for every chart inside
    ax = ev.forest(fit)
ev.caption(ax), ev.alt_text(ax)  # what it says in words
```

In an `ax` of your own the letters become smaller, down to 7 pt (18 pt on a slide), and columns are left out;
where that is not enough the figure grows, a slide above 16:9. Long plots go over several slides or pages with
`ev.forest_pages`, `ev.effect_direction_pages`, `ev.evidence_map_pages`, `ev.orchard_pages` and
`ev.dumbbell_pages`.

"""


def main() -> int:
    """Draw the pictures and write the page."""
    wanted, page, stamp = sys.argv[1:], FOLDER / "gallery.md", stamp_now()
    if wanted == ["--changed"]:
        if page.exists() and stamp in page.read_text(encoding="utf-8"):
            return 0
        wanted = []
    pictures = FOLDER / "gallery"
    pictures.mkdir(parents=True, exist_ok=True)
    parts = [HEAD, "".join(f"- [{shown.name}](#{_anchor(shown.name)}): {shown.shows}\n" for shown in GALLERY)]
    kept: set[str] = set()
    with ProcessPoolExecutor(min(4, os.cpu_count() or 1)) as pool:
        for lines, files in pool.map(_numbered_section, range(len(GALLERY)), [wanted] * len(GALLERY)):
            parts.append(lines)
            kept |= files
    for path in pictures.glob("*.png"):
        if path.name not in kept:
            path.unlink()
    page.write_text("\n".join([*parts, f"{stamp}\n"]), encoding="utf-8", newline="\n")
    size = sum(path.stat().st_size for path in pictures.glob("*.png"))
    print(f"{len(kept)} pictures, {size / 1e6:.1f} MB")
    return 0


def stamp_now() -> str:
    """Return the comment that says from which chart code, data and script the gallery is made."""
    sources = [Path(__file__), *(ROOT / "data").glob("*.csv"), *(ROOT / "src/evidence/charts").rglob("*.py")]
    known = hashlib.sha256()
    for path in sorted(path.resolve().relative_to(ROOT).as_posix() for path in sources):
        # Lines end as the checkout has them; the stamp must not depend on that.
        known.update(path.encode() + b"\0" + (ROOT / path).read_bytes().replace(b"\r\n", b"\n"))
    return f"<!-- made from {known.hexdigest()[:16]} -->"


def _numbered_section(place: int, wanted: list[str]) -> tuple[str, set[str]]:
    """Draw a chart named by its place: a chart of the list cannot be sent to a worker."""
    shown = GALLERY[place]
    draw = not wanted or any(shown.name.startswith(name) for name in wanted)
    return _section(shown, FOLDER / "gallery", draw)


def _anchor(name: str) -> str:
    return re.sub(r"[^a-z0-9_-]", "", name.lower().replace(" ", "-"))


def _section(shown: Shown, folder: Path, draw: bool) -> tuple[str, set[str]]:
    """Return the part of the page on one chart, and the names of its pictures."""
    lines = [f"## {shown.name}\n", f"{shown.shows[:1].upper()}{shown.shows[1:]}. Data: {shown.data}.\n"]
    files: set[str] = set()
    for rows in (None, LARGE) if shown.scales and shown.usual else (None,):
        if rows:
            lines.append(f"With {rows} rows of invented data:\n")
        for medium in DPI:
            if rows and medium == "journal-single":
                continue
            for theme in ("light", "dark") if not rows and shown.name in DARK else ("light",):
                if theme == "dark" and medium not in ("notebook", "slide"):
                    continue
                lines += _pictures(shown, rows, medium, theme, folder, draw, files)
    return "\n".join(lines), files


def _pictures(
    shown: Shown, rows: int | None, medium: str, theme: str, folder: Path, draw: bool, files: set[str]
) -> list[str]:
    """Draw one chart for one medium; return its lines of the page."""
    dark = "-dark" if theme == "dark" else ""
    stem = f"{_anchor(shown.name)}{f'-{rows}' if rows else ''}-{medium}{dark}"
    with chart_style(medium=medium, theme=theme), off_screen():
        pages = _pages(shown, rows)
        too_high = medium == "slide" and _height(pages[0]) > style_for().most_height + 0.01
    if too_high:
        return ["On slides: more than one slide holds; choose rows.\n"]
    lines = []
    for i, ax in enumerate(pages[:MOST_PAGES]):
        name = f"{stem}{f'-page{i + 1}' if len(pages) > 1 else ''}.png"
        files.add(name)
        if draw:
            _save(ax, folder / name, DPI[medium])
        words = said_of(ax)
        alt = re.sub(r"[\[\]\s]+", " ", words.alt)
        of = f", page {i + 1} of {len(pages)}" if len(pages) > 1 else ""
        lines.append(f"{medium}{', dark' if dark else ''}{of}:\n\n![{alt}](gallery/{name})\n")
        if medium == "notebook" and not dark:
            lines.append(f"> {words.caption}\n")
    return lines


def _pages(shown: Shown, rows: int | None) -> list[Axes]:
    paged = shown.pages is not None and style_for().most_height < float("inf")
    return shown.pages(rows, False) if paged and shown.pages else [shown.draw(rows, False)]


def _height(ax: Axes) -> float:
    figure = ax.get_figure(root=True)
    return float(figure.get_size_inches()[1]) if figure is not None else 0.0


def _save(ax: Axes, path: Path, dpi: int) -> None:
    """Write a picture with few colours: a chart has no more, and the page stays light."""
    from PIL import Image

    figure = ax.get_figure(root=True)
    assert figure is not None
    drawn = io.BytesIO()
    figure.savefig(drawn, format="png", dpi=dpi, facecolor=figure.get_facecolor())
    drawn.seek(0)
    with Image.open(drawn) as image:
        few = image.convert("RGB").quantize(160, method=Image.Quantize.MAXCOVERAGE, dither=Image.Dither.NONE)
        few.save(path, optimize=True)


if __name__ == "__main__":
    raise SystemExit(main())
