"""The manifest: what was made from what, with the numbers, so that a rebuild can be compared."""

from __future__ import annotations

import hashlib
import importlib.metadata
import json
import math
import platform
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

from evidence._version import __version__
from evidence.publish.recipe import Question, Recipe

if TYPE_CHECKING:
    from evidence.publish.workshop import Workshop

__all__ = [
    "FORMAT",
    "STUDY_SIDECARS",
    "as_json",
    "combined",
    "file_hash",
    "input_hashes",
    "json_numbers",
    "manifest",
    "parsed",
    "read_json",
    "settings",
    "source_hash",
    "versions",
]

FORMAT = 2
"""Number of the manifest's layout."""

STUDY_SIDECARS = (
    "study_info.csv",
    "references.bib",
    "claims.csv",
    "certainty.csv",
    "audit.toml",
    "risk_of_bias.csv",
)
"""Files that are read beside a studies file where they exist; the first three by `read_studies`."""

_LIBRARIES = ("numpy", "scipy", "pandas", "matplotlib", "statsmodels", "pybtex")

_PACKAGE = Path(__file__).resolve().parent.parent


def file_hash(path: Path) -> str:
    """Return the SHA-256 of a file's bytes; an empty string where there is no file."""
    try:
        with path.open("rb") as stream:
            return hashlib.file_digest(stream, "sha256").hexdigest()
    except (FileNotFoundError, IsADirectoryError, NotADirectoryError):
        return ""


def combined(parts: Mapping[str, str]) -> str:
    """Return one hash of several named texts, whatever their order."""
    return hashlib.sha256(json.dumps(parts, sort_keys=True).encode()).hexdigest()


def input_hashes(recipe: Recipe) -> dict[str, str]:
    """Return the hash of the recipe, of each studies file and of the files beside it that exist.

    Parameters
    ----------
    recipe : Recipe
        The checked recipe.

    Returns
    -------
    dict of str to str
        SHA-256 by path, relative to the recipe, in a fixed order.
    """
    paths = {recipe.path.name: recipe.path}
    for named, mapping in sorted(recipe.sources.items()):
        studies = Path(named)
        if mapping is not None:
            paths[mapping] = recipe.root / mapping
        for beside in (studies, *(studies.parent / name for name in STUDY_SIDECARS)):
            paths[beside.as_posix()] = recipe.root / beside
    return {name: found for name, path in paths.items() if (found := file_hash(path))}


def source_hash(package: Path = _PACKAGE) -> str:
    """Return one hash of the package's own files: other code, or another template, may make other outputs."""
    sources = sorted(path for path in package.rglob("*") if path.suffix != ".pyc" and path.is_file())
    return combined({path.relative_to(package).as_posix(): file_hash(path) for path in sources})


def versions() -> dict[str, str]:
    """Return the versions that an output may depend on, without importing the libraries."""
    found = {"evidence": __version__, "python": platform.python_version()}
    for name in _LIBRARIES:
        try:
            found[name] = importlib.metadata.version(name)
        except importlib.metadata.PackageNotFoundError:
            found[name] = "absent"
    return found


def manifest(
    recipe: Recipe,
    inputs: Mapping[str, str],
    found: Mapping[str, str],
    entries: Mapping[str, Any],
    workshop: Workshop,
) -> dict[str, Any]:
    """Return the content of the manifest.

    Parameters
    ----------
    recipe : Recipe
        The checked recipe.
    inputs, found : mapping of str to str
        Hashes of the inputs, and the versions.
    entries : mapping
        What was made, by id.
    workshop : Workshop
        Has read the studies.

    Returns
    -------
    dict
        With the settings of each question and the rows of each studies file as printed, so that a later
        build can say which of them moved a number.
    """
    from evidence.publish.printed import printed

    sources = sorted({question.studies for question in recipe.questions})
    return {
        "format": FORMAT,
        "title": recipe.project.title,
        "versions": dict(found),
        "inputs": dict(inputs),
        "questions": {question.id: settings(question) for question in recipe.questions},
        "outputs": dict(entries),
        "studies": {source: printed(workshop.studies(source)) for source in sources},
    }


def settings(question: Question) -> dict[str, Any]:
    """Return what decides the numbers of a question, as JSON holds it."""
    said = asdict(question)
    return {
        name: json_numbers(said[name])
        for name in (
            "studies",
            "mapping",
            "filter",
            "measure",
            "correlation",
            "model",
            "by",
            "order",
            "level",
        )
    }


def read_json(path: Path) -> dict[str, Any]:
    """Return a JSON object of ours; an empty one where the file is missing or spoilt.

    Nothing is lost by that: what cannot be read is built again.
    """
    try:
        return parsed(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}


def parsed(text: str) -> dict[str, Any]:
    """Return a JSON object; an empty one where the text is none."""
    try:
        found = json.loads(text)
    except ValueError:
        return {}
    return found if isinstance(found, dict) else {}


def as_json(content: Mapping[str, Any]) -> str:
    """Return JSON that is equal for equal content: order as given, short lists in one line, no NaN."""
    return _written(content, "") + "\n"


def _written(value: Any, indent: str) -> str:  # noqa: ANN401
    """Write dicts over several lines and lists of plain values in one, so that a change is one line."""
    deeper = indent + " "
    if isinstance(value, Mapping) and value:
        items = [f"{deeper}{_plain(str(key))}: {_written(item, deeper)}" for key, item in value.items()]
        return "{\n" + ",\n".join(items) + f"\n{indent}}}"
    if isinstance(value, list | tuple) and any(isinstance(item, Mapping | list | tuple) for item in value):
        return "[\n" + ",\n".join(deeper + _written(item, deeper) for item in value) + f"\n{indent}]"
    return _plain(value)


def _plain(value: Any) -> str:  # noqa: ANN401
    return json.dumps(value, ensure_ascii=False, allow_nan=False)


def json_numbers(value: Any) -> Any:  # noqa: ANN401  (nested dicts and lists of anything)
    """Return nested numbers as JSON can hold them: infinities as text, what is not a number as null."""
    if isinstance(value, Mapping):
        return {str(key): json_numbers(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [json_numbers(item) for item in value]
    if isinstance(value, bool) or value is None or isinstance(value, str):
        return value
    if hasattr(value, "item"):  # a NumPy scalar
        return json_numbers(value.item())
    if isinstance(value, float) and not math.isfinite(value):
        return None if math.isnan(value) else ("inf" if value > 0 else "-inf")
    return value if isinstance(value, int | float) else str(value)
