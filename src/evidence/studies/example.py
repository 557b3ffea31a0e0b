"""The data that ship with the package."""

from __future__ import annotations

from evidence._data import data_dir
from evidence.studies.reading import read_studies
from evidence.studies.record import Studies

__all__ = ["example_studies"]


def example_studies() -> Studies:
    """Return the shipped evidence: 277 printed comparisons from 88 studies.

    Integrated against isolated training, hip and knee against knee exercise, prevention, and risk factors;
    with the studies, their references and the claims of the article. Where each number was read is in the
    row's ``source_url`` and ``source_locator``.

    Returns
    -------
    Studies
        The same record that `read_studies` makes of ``data/studies.csv``.

    Examples
    --------
    >>> import evidence as ev
    >>> len(ev.example_studies())
    277
    """
    return read_studies(data_dir() / "studies.csv")
