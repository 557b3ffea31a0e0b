"""The record of a table of studies, and how rows are chosen from it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from html import escape
from pathlib import PurePath
from typing import NoReturn

import numpy as np
import pandas as pd

from evidence._check import nearest
from evidence.errors import StudyDataError
from evidence.studies.column import Column
from evidence.studies.columns import COLUMNS, OPTIONAL_COLUMNS

__all__ = ["Studies"]

_BY_NAME = {column.name: column for column in (*COLUMNS, *OPTIONAL_COLUMNS)}
_LISTED = 40
_HEAD = ["row_id", "study", "domain", "outcome", "arm_e", "arm_c", "direction", "reported"]


_DEEP = int(pd.__version__.split(".")[0]) < 3
"""From pandas 3 on a shallow copy is safe to write to: it copies the data only then."""


class _Frame:
    """A field that hands out copies, so that changing one does not change the record."""

    def __set_name__(self, owner: type, name: str) -> None:
        self._name = name

    def __get__(self, record: object, owner: type | None = None) -> pd.DataFrame:
        if record is None:
            raise AttributeError(self._name)  # so that a dataclass sees a field without a default
        frame: pd.DataFrame = record.__dict__[self._name]
        return frame.copy(deep=_DEEP)

    def __set__(self, record: object, frame: pd.DataFrame) -> None:
        record.__dict__[self._name] = frame.copy(deep=_DEEP)


class _OptionalFrame(_Frame):
    """The same for a sidecar that may be absent."""

    def __get__(self, record: object, owner: type | None = None) -> pd.DataFrame | None:  # type: ignore[override]
        if record is None:
            raise AttributeError(self._name)
        return None if record.__dict__[self._name] is None else super().__get__(record, owner)

    def __set__(self, record: object, frame: pd.DataFrame | None) -> None:
        record.__dict__[self._name] = None if frame is None else frame.copy(deep=_DEEP)


@dataclass(frozen=True, eq=False, repr=False, kw_only=True)
class Studies:
    """Printed comparisons of two arms, one per row, with what is known of their studies.

    Made by `read_studies` and `example_studies`. The record does not change: `where` returns another one,
    and the tables that it hands out are copies.

    Attributes
    ----------
    table : DataFrame
        One row per comparison and a column per record of `evidence.studies.columns.COLUMNS`, then those of
        `OPTIONAL_COLUMNS` that the file has: numbers as float64 with NaN for blank, all else as str with
        ``""`` for blank. p values stay text (`parse_p` splits them).
    text : DataFrame
        The same cells exactly as printed.
    info : DataFrame or None
        One row per study, as in ``study_info.csv``.
    references : mapping
        BibTeX fields of each study by its key; empty where there is no file.
    claims : DataFrame or None
        One row per claim.
    source : str
        The file, as it was named.
    lines : tuple of int
        Line of the file on which each row begins.
    notes : tuple of str
        What a reader should know: absent sidecars, lines passed over.
    warnings : DataFrame
        Odd cells that are possible: ``line, row_id, column, rule, value``.
    """

    table: _Frame = _Frame()
    text: _Frame = _Frame()
    info: _OptionalFrame = _OptionalFrame()
    references: Mapping[str, Mapping[str, str]]
    claims: _OptionalFrame = _OptionalFrame()
    source: str
    lines: tuple[int, ...]
    notes: tuple[str, ...] = ()
    warnings: _Frame = _Frame()

    def __len__(self) -> int:
        """Return the number of rows."""
        return len(self.__dict__["table"])

    def __repr__(self) -> str:
        """Return one line that says what there is."""
        return f"<Studies: {self._sentence()}>"

    def where(self, **choice: object) -> Studies:
        """Choose the rows whose columns equal a value, or one of several.

        Parameters
        ----------
        **choice
            Column names with a value or a list of values: ``domain="pain"``,
            ``comparator_class=["isolated_strength", "traditional_training"]``, ``timepoint_weeks=8``. Blank
            cells are ``""`` (numbers: ``None``). All conditions must hold.

        Returns
        -------
        Studies
            The chosen rows in their order, with the same sidecars.

        Raises
        ------
        StudyDataError
            Where a column does not exist, or a value is neither in the column nor among its known words: a
            misspelt word would otherwise choose nothing without a sign.

        Examples
        --------
        >>> import evidence as ev
        >>> trials = ev.example_studies().where(question="integrated_vs_isolated", level="study")
        >>> len(trials)
        127
        """
        table = self.table
        keep = np.ones(len(table), dtype=bool)
        for name, wanted in choice.items():
            if name not in _BY_NAME or name not in table:
                close = nearest(name, table.columns)
                fix = f"did you mean {close}?" if close else f"the columns are {', '.join(table.columns)}"
                raise StudyDataError("where() takes names of columns", column=name, fix=fix)
            keep &= _equals(_BY_NAME[name], table[name], wanted)
        return self._rows(keep)

    def _rows(self, keep: np.ndarray) -> Studies:
        """Return the record with some of its rows."""
        ids = set(self.table["row_id"][keep])
        warnings = self.warnings
        return replace(
            self,
            table=self.table[keep].reset_index(drop=True),
            text=self.text[keep].reset_index(drop=True),
            lines=tuple(line for line, kept in zip(self.lines, keep, strict=True) if kept),
            warnings=warnings[warnings["row_id"].isin(ids)].reset_index(drop=True),
        )

    def overview(self, by: str | Sequence[str] = ("domain", "comparator_class")) -> pd.DataFrame:
        """Count what there is, before anything is pooled.

        Parameters
        ----------
        by : str or sequence of str
            Columns that make the cells of the count.

        Returns
        -------
        DataFrame
            One row per cell, in the order of the known words, then of first appearance: the columns of
            `by`, then ``rows``, ``studies``, ``people`` (see `evidence.studies.overview.overview`),
            ``studies_n_unknown``, and the rows by report, basis and direction.

        Raises
        ------
        StudyDataError
            Where a column does not exist, or none is named.

        Examples
        --------
        >>> import evidence as ev
        >>> ev.example_studies().overview(by="question")[["question", "rows", "studies"]].values.tolist()
        [['integrated_vs_isolated', 138, 30], ['hip_knee_vs_knee', 57, 20], ['risk_factor', 49, 21], \
['prevention', 33, 17]]
        """
        from evidence.studies.overview import overview

        return overview(self.table, by)

    def codebook(self) -> pd.DataFrame:
        """Return the codebook: one line per column, with the number of rows that fill it.

        Returns
        -------
        DataFrame
            Columns ``file, column, group, kind, unit, required, rule, words, help, filled``.

        Examples
        --------
        >>> import evidence as ev
        >>> book = ev.example_studies().codebook()
        >>> book.loc[book["column"] == "post_sd_e", "rule"].item()
        'a standard deviation is positive'
        """
        from evidence.studies.codebook import codebook

        return codebook({"studies": self.text, "study_info": self.info, "claims": self.claims})

    def _sentence(self) -> str:
        table = self.table
        rows, studies = len(table), table["study"].nunique()
        pooled = int((table["level"] == "pooled").sum())
        out = (
            f"{rows} {'row' if rows == 1 else 'rows'} from {studies} {'study' if studies == 1 else 'studies'}"
        )
        out += f" ({PurePath(self.source).name})"
        return f"{out}, {pooled} of them pooled results of reviews" if pooled else out

    def _repr_html_(self) -> str:
        """Return one sentence and the first rows, for a notebook."""
        head = self.text[_HEAD].head(5).to_html(index=False, border=0, escape=True)
        odd = len(self.warnings)
        told = "1 cell is" if odd == 1 else f"{odd} cells are"
        more = f" {told} odd and possible: see <code>.warnings</code>." if odd else ""
        return f"<p>{escape(self._sentence())}.{more}</p>{head}"


def _equals(column: Column, cells: pd.Series, wanted: object) -> np.ndarray:
    """Mark the cells that equal one of the wanted values.

    Raises
    ------
    StudyDataError
        Where a value is neither in the column nor among its known words.
    """
    several = list(wanted) if isinstance(wanted, Iterable) and not isinstance(wanted, str) else [wanted]
    if not several:
        raise StudyDataError("where() takes at least one value of a column", column=column.name, value="[]")
    keep = np.zeros(len(cells), dtype=bool)
    for value in several:
        found = _equal(column, cells, value)
        if not found.any() and value not in column.words and value not in ("", None):
            _refuse(column, cells, value)
        keep |= found
    return keep


def _equal(column: Column, cells: pd.Series, value: object) -> np.ndarray:
    """Mark the cells that equal a value; numbers compare as numbers, `8` with `8.0`."""
    if not column.numeric:
        return np.asarray(cells == ("" if value is None else str(value)), dtype=bool)
    if value is None or value == "":
        return np.asarray(cells.isna())
    try:
        number = float(str(value))
    except ValueError:
        return np.zeros(len(cells), dtype=bool)
    return np.asarray(cells == number, dtype=bool)


def _refuse(column: Column, cells: pd.Series, value: object) -> NoReturn:
    """Say what there is instead.

    Raises
    ------
    StudyDataError
        Always.
    """
    if column.numeric:
        there = [f"{number:g}" for number in sorted(cells.dropna().unique())]
    else:
        there = sorted({*(str(word) for word in cells.unique() if word), *column.words})
    close = nearest(str(value), there)
    hint = f"did you mean {close}? " if close else ""
    more = f" and {len(there) - _LISTED} more" if len(there) > _LISTED else ""
    raise StudyDataError(
        "where() takes values that the column has",
        column=column.name,
        value=str(value),
        fix=f"{hint}there are {', '.join(there[:_LISTED]) or 'none'}{more}",
    )
