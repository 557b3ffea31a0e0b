"""Rebuild in a copy of the checkout and compare what comes out with the committed outputs.

Bytes are only promised on one machine: another processor may move the last digit of a sum. So each
kind of file has its own rule:

- ``manifest.json``: the same keys and texts; numbers agree to 1e-9 of their size. The versions of the
  libraries are left out, and all hashes but those of the inputs.
- tables and other texts: equal, line by line.
- PNG: the same size in pixels; on average no more than 0.001 of full scale away, and no more than
  0.2 % of the pixels away by over 0.1. A line that moves by one pixel stays inside these limits, a
  label that changes does not.
- slides and Word documents: the same parts; in each XML part the same elements and texts, with sizes and
  positions that agree to a unit (a 12700th of a point); embedded PNG as above.
- the report: the same text; numbers agree to 1e-9, coordinates of drawings to 0.02.
- SVG and PDF: present and not empty (the same picture exists as PNG).

Files that are only on one side are differences too.
"""

from __future__ import annotations

import argparse
import io
import json
import math
import re
import shutil
import subprocess
import sys
import tempfile
import zipfile
from collections.abc import Iterator
from pathlib import Path
from xml.etree import ElementTree

import numpy as np

ROOT = Path(__file__).resolve().parent.parent
OUTPUTS = ("figures", "tables", "slides", "report", "manifest.json")
"""What ``evidence build`` writes, relative to the recipe."""

RELATIVE = 1e-9
ABSOLUTE = 1e-12
"""Below this two numbers are equal: a tau² of 1e-17 and one of 0 are the same result."""

PICTURE_MEAN = 0.001
PICTURE_STEP = 0.1
PICTURE_SHARE = 0.002

_LEFT_OUT = {
    ".git",
    ".venv",
    ".evidence",
    "__pycache__",
    ".pytest_cache",
    ".mypy_cache",
    ".ruff_cache",
    ".hypothesis",
}
_HASH = re.compile(r"[0-9a-f]{64}")
_BINARY = {".svg", ".pdf"}
_OFFICE = {".pptx", ".docx"}
_NUMBER = re.compile(r"(?<![\w.])-?\d+(?:\.\d+)?(?:[eE][-+]?\d+)?")
_DRAWING = re.compile(r"(<svg\b.*?</svg>)", re.DOTALL)
_COORDINATE = 0.02
_POSITION = 1.0


def outputs(root: Path) -> dict[str, Path]:
    """Return every output file below a recipe's folder, by its relative name."""
    found: dict[str, Path] = {}
    for name in OUTPUTS:
        top = root / name
        files = [top] if top.is_file() else sorted(top.rglob("*")) if top.is_dir() else []
        for file in files:
            if file.is_file() and not file.name.startswith("."):
                found[file.relative_to(root).as_posix()] = file
    return found


def value_differences(old: object, new: object, where: str = "") -> Iterator[str]:
    """Yield one line for each place where two JSON values disagree."""
    if isinstance(old, dict) and isinstance(new, dict):
        for key in sorted(old.keys() | new.keys()):
            place = f"{where}.{key}" if where else str(key)
            if place == "versions":
                continue
            if key not in old or key not in new:
                yield f"{place}: only in the {'rebuilt' if key in new else 'committed'} file"
            else:
                yield from value_differences(old[key], new[key], place)
    elif isinstance(old, list) and isinstance(new, list):
        if len(old) != len(new):
            yield f"{where}: {len(old)} entries committed, {len(new)} rebuilt"
        for index, (one, other) in enumerate(zip(old, new, strict=False)):
            yield from value_differences(one, other, f"{where}[{index}]")
    elif _is_number(old) and _is_number(new):
        if not math.isclose(float(str(old)), float(str(new)), rel_tol=RELATIVE, abs_tol=ABSOLUTE):
            yield f"{where}: {old} committed, {new} rebuilt"
    elif _is_hash(old) and _is_hash(new) and not where.startswith("inputs"):
        return
    elif type(old) is not type(new) or old != new:
        yield f"{where}: {old!r} committed, {new!r} rebuilt"


def _is_number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _is_hash(value: object) -> bool:
    return isinstance(value, str) and _HASH.fullmatch(value) is not None


def text_difference(old: str, new: str) -> str:
    """Return the first line where two texts differ, or an empty string."""
    if old == new:
        return ""
    before, after = old.split("\n"), new.split("\n")
    for number, (one, other) in enumerate(zip(before, after, strict=False), start=1):
        if one != other:
            return f"line {number}: {one[:80]!r} committed, {other[:80]!r} rebuilt"
    return f"{len(before)} lines committed, {len(after)} rebuilt"


def number_difference(old: str, new: str, *, absolute: float = ABSOLUTE) -> str:
    """Return where two texts differ in more than the last digits of their numbers, or an empty string."""
    if old == new:
        return ""
    parts = _NUMBER.split(old), _NUMBER.split(new)
    if parts[0] != parts[1]:
        # The rule of texts names the line; where only numbers stand in its way, the text around them does.
        return text_difference("\n".join(parts[0]), "\n".join(parts[1]))
    for one, other in zip(_NUMBER.findall(old), _NUMBER.findall(new), strict=True):
        if not math.isclose(float(one), float(other), rel_tol=RELATIVE, abs_tol=absolute):
            return f"{one} committed, {other} rebuilt"
    return ""


def page_difference(old: str, new: str) -> str:
    """Return in what two reports differ, or an empty string; coordinates of drawings may move a little."""
    parts = _DRAWING.split(old), _DRAWING.split(new)
    if len(parts[0]) != len(parts[1]):
        return f"{len(parts[0]) // 2} drawings committed, {len(parts[1]) // 2} rebuilt"
    for at, (one, other) in enumerate(zip(*parts, strict=True)):
        found = number_difference(one, other, absolute=_COORDINATE if at % 2 else ABSOLUTE)
        if found:
            return f"drawing {at // 2 + 1}: {found}" if at % 2 else found
    return ""


def office_differences(old: Path, new: Path) -> Iterator[str]:
    """Yield in which parts two slide decks or Word documents differ, and how."""
    with zipfile.ZipFile(old) as one, zipfile.ZipFile(new) as other:
        names = one.namelist(), other.namelist()
        for name in sorted(set(names[0]) ^ set(names[1])):
            yield f"{name}: only in the {'committed' if name in names[0] else 'rebuilt'} file"
        for name in sorted(set(names[0]) & set(names[1])):
            found = part_difference(name, one.read(name), other.read(name))
            if found:
                yield f"{name}: {found}"


def part_difference(name: str, old: bytes, new: bytes) -> str:
    """Return in what one part of two office files differs, or an empty string."""
    if old == new:
        return ""
    suffix = Path(name).suffix.lower()
    if suffix == ".png":
        return picture_difference(io.BytesIO(old), io.BytesIO(new))
    if suffix not in (".xml", ".rels"):
        return "other bytes"
    pair = [list(ElementTree.fromstring(text).iter()) for text in (old, new)]
    if [node.tag for node in pair[0]] != [node.tag for node in pair[1]]:
        return f"{len(pair[0])} elements committed, {len(pair[1])} rebuilt"
    for one, other in zip(*pair, strict=True):
        texts = [(node.text or "", node.tail or "") for node in (one, other)]
        if texts[0] != texts[1]:
            return f"{''.join(texts[0])[:80]!r} committed, {''.join(texts[1])[:80]!r} rebuilt"
        for key in sorted({*one.attrib, *other.attrib}):
            before, after = one.get(key, ""), other.get(key, "")
            if number_difference(before, after, absolute=_POSITION):
                return f"{key} {before[:80]!r} committed, {after[:80]!r} rebuilt"
    return ""


def picture_difference(old: Path | io.BytesIO, new: Path | io.BytesIO) -> str:
    """Return in what two PNG files differ by more than the limits above, or an empty string."""
    from matplotlib.image import imread

    one, other = (np.asarray(imread(path), dtype=float) for path in (old, new))
    if one.shape != other.shape:
        return (
            f"{one.shape[1]} x {one.shape[0]} pixels committed, {other.shape[1]} x {other.shape[0]} rebuilt"
        )
    distance = np.abs(one - other)
    mean, share = float(distance.mean()), float((distance.max(axis=-1) > PICTURE_STEP).mean())
    if mean > PICTURE_MEAN or share > PICTURE_SHARE:
        return f"{share:.2%} of the pixels differ, {mean:.5f} of full scale on average"
    return ""


def file_differences(name: str, old: Path, new: Path) -> Iterator[str]:
    """Yield what differs between two versions of one output, by the rule of its kind."""
    suffix = old.suffix.lower()
    if old.name == "manifest.json":
        pair = (json.loads(path.read_text(encoding="utf-8")) for path in (old, new))
        for line in value_differences(*pair):
            yield f"{name}: {line}"
        return
    if suffix in _OFFICE:
        yield from (f"{name}: {line}" for line in office_differences(old, new))
        return
    if suffix == ".png":
        found = picture_difference(old, new)
    elif old.parent.name == "report" and suffix == ".html":
        found = page_difference(*(path.read_text(encoding="utf-8") for path in (old, new)))
    elif suffix in _BINARY:
        empty = [side for side, path in (("committed", old), ("rebuilt", new)) if not path.stat().st_size]
        found = f"the {' and the '.join(empty)} file is empty" if empty else ""
    else:
        found = text_difference(*(path.read_bytes().decode("utf-8") for path in (old, new)))
    if found:
        yield f"{name}: {found}"


def compare(committed: Path, rebuilt: Path) -> list[str]:
    """Return every difference between the outputs of two folders, one line each."""
    old, new = outputs(committed), outputs(rebuilt)
    lines = [f"{name}: committed, but not made by a rebuild" for name in sorted(old.keys() - new.keys())]
    lines += [f"{name}: made by a rebuild, but not committed" for name in sorted(new.keys() - old.keys())]
    for name in sorted(old.keys() & new.keys()):
        lines.extend(file_differences(name, old[name], new[name]))
    if "manifest.json" not in old:
        lines.append("manifest.json: not committed, so there is nothing to compare with")
    return lines


def rebuild(copy: Path) -> int:
    """Copy the checkout without its outputs, build there, and return the build's exit code."""

    def left_out(folder: str, names: list[str]) -> set[str]:
        top = Path(folder) == ROOT
        return {name for name in names if name in _LEFT_OUT or (top and name in OUTPUTS)}

    shutil.copytree(ROOT, copy, ignore=left_out)
    code = "import sys; from evidence.cli import main; sys.exit(main(['build']))"
    return subprocess.run([sys.executable, "-c", code], cwd=copy, check=False).returncode


def main(argv: list[str] | None = None) -> int:
    """Rebuild, compare, print the differences; the exit code is 1 where there are any."""
    parser = argparse.ArgumentParser(description="Rebuild in a copy and compare with the committed outputs.")
    parser.add_argument("--keep", type=Path, metavar="DIR", help="build in DIR (new) and keep it, to look at")
    where: Path | None = parser.parse_args(argv).keep
    with tempfile.TemporaryDirectory() as folder:
        copy = where or Path(folder) / "checkout"
        code = rebuild(copy)
        if code:
            print(f"check_build: the rebuild failed with exit code {code}", file=sys.stderr)
            return 1
        lines = compare(ROOT, copy)
        count = len(outputs(ROOT))
    for line in lines:
        print(line)
    print(f"check_build: {count} committed outputs, {len(lines)} differences")
    return 1 if lines else 0


if __name__ == "__main__":
    sys.exit(main())
