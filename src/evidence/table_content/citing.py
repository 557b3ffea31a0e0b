"""Citing studies in cells: numbers that match the bibliography, and the references of a table."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import pandas as pd

from evidence.charts.words import MINUS
from evidence.citations import Bibliography, bibliography
from evidence.effects.labels import study_labels
from evidence.studies.record import Studies
from evidence.tables import Table

__all__ = ["Citing", "bibliography_of", "filled", "records", "references", "typeset"]


class Citing:
    """Labels of studies with their number, and the references of those that were cited.

    Parameters
    ----------
    studies : Studies
        Gives names, years and references.
    listed : Bibliography, optional
        The bibliography whose numbers are used; without it one of the studies' own, in their order.
    """

    def __init__(self, studies: Studies, listed: Bibliography | None = None) -> None:
        """Prepare the labels; nothing is cited yet."""
        self._labels: Mapping[str, str] = study_labels(studies.info)
        self._listed = listed or bibliography_of([studies])
        self._cited: dict[str, None] = {}

    def label(self, study: str) -> str:
        """Return ``DiStefano 2013 [1]`` and remember that the study is cited."""
        self._cited.setdefault(study)
        return f"{self._labels.get(study, study)} [{self._listed.numbers([study])[0]}]"

    def plain(self, study: str) -> str:
        """Return the label without a number."""
        return self._labels.get(study, study)

    def table(
        self,
        lines: list[dict[str, str]],
        columns: Iterable[str],
        *,
        caption: str,
        notes: list[str],
        id: str,
        groups: Sequence[str] = (),
        footnotes: Mapping[Any, str | Sequence[str]] | None = None,
    ) -> Table:
        """Return the table of some lines, with the references of what they cite in order of number."""
        keys = sorted(self._cited, key=lambda key: self._listed.numbers([key]))
        return Table(
            pd.DataFrame(lines, columns=list(columns)),
            caption=caption,
            notes=tuple(notes),
            references=tuple(keys),
            id=id,
            reference_texts=self._listed.texts(keys),
            numbers=self._listed.numbers(keys),
            groups=groups,
            footnotes=footnotes or {},
        )


def references(studies: Studies, *, style: str = "Vancouver") -> Bibliography:
    """List the references of some studies, ready to print, save or cite from.

    Parameters
    ----------
    studies : Studies
        The studies, in the order of whose rows Vancouver style numbers.
    style : {"Vancouver", "APA"}
        Vancouver (the default: the tables cite by number) or APA, 7th edition: by authors, with a, b ...
        behind the year where both are the same.

    Returns
    -------
    Bibliography
        ``.text``, ``.markdown``, ``.html``, ``.bibtex``, ``.save(path)``, and ``.cite(keys)`` for running
        text. Entries that lack what a reader needs are marked, never hidden.

    Raises
    ------
    ModelError
        Where the style is not one of the two.

    Examples
    --------
    >>> import evidence as ev
    >>> trial = ev.example_studies().where(study="paoli2017")
    >>> ev.references(trial, style="APA").cite(["paoli2017"])
    '(Paoli et al., 2017)'
    """
    return bibliography_of([studies], style=style)


def bibliography_of(selections: Iterable[Studies], *, style: str = "Vancouver") -> Bibliography:
    """Give the studies of some selections their numbers, in the order of their rows.

    Parameters
    ----------
    selections : iterable of Studies
        Selections that are shown one after the other.
    style : {"Vancouver", "APA"}
        Style of the list.
    """
    keys: dict[str, None] = {}
    fields: dict[str, Mapping[str, str]] = {}
    incomplete: set[str] = set()
    for studies in selections:
        keys |= dict.fromkeys(studies.table["study"])
        fields |= studies.references
        if studies.info is not None:
            info = studies.info
            incomplete |= set(info.loc[info["bibliography"].eq("incomplete"), "study"])
    return bibliography(keys, fields, incomplete=incomplete, style=style)


def filled(parts: Iterable[str], between: str = ", ") -> str:
    """Join the parts that are not blank."""
    return between.join(part for part in parts if part)


def records(frame: pd.DataFrame) -> list[dict[str, Any]]:
    """Return the rows of a table as dicts by column."""
    return [{str(name): value for name, value in row.items()} for row in frame.to_dict("records")]


def typeset(text: str) -> str:
    """Return text in which the hyphen before a number is a minus sign, and ``<=`` one sign.

    Examples
    --------
    >>> typeset("p <= 0.05, (-6.0 to 10.8), pre-test, 14-18 years")
    'p ≤ 0.05, (−6.0 to 10.8), pre-test, 14-18 years'
    """
    signs = text.replace("<=", "\N{LESS-THAN OR EQUAL TO}").replace(">=", "\N{GREATER-THAN OR EQUAL TO}")
    return re.sub(r"(?<![\w.)\]])-(?=[\d.])", MINUS, signs)
