"""Reading the studies files that a recipe names."""

from __future__ import annotations

from typing import TYPE_CHECKING

from evidence.publish.recipe import Recipe

if TYPE_CHECKING:
    from evidence.studies.record import Studies

__all__ = ["read_source"]

_BESIDE = {"info": "study_info.csv", "references": "references.bib", "claims": "claims.csv"}


def read_source(recipe: Recipe, source: str) -> Studies:
    """Read a studies file of a recipe, through its mapping where it has one.

    Parameters
    ----------
    recipe : Recipe
        The checked recipe.
    source : str
        The file, as the recipe names it.

    Returns
    -------
    Studies
        With the files beside it that exist: for a mapped file too, whose own reader looks for none.

    Raises
    ------
    StudyDataError
        Where the file, its mapping or a file beside it is wrong.
    """
    from evidence.studies.reading import read_studies

    path, mapping = recipe.root / source, recipe.sources[source]
    if mapping is None:
        return read_studies(path)
    beside = {name: path.parent / file for name, file in _BESIDE.items() if (path.parent / file).is_file()}
    return read_studies(path, mapping=recipe.root / mapping, **beside)
