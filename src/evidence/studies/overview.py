"""Count what there is by domain, comparator and kind of report."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
import pandas as pd
from pandas.api.types import is_numeric_dtype

from evidence._check import nearest
from evidence.errors import StudyDataError
from evidence.studies.columns import COLUMNS

__all__ = ["overview"]

_BY_NAME = {column.name: column for column in COLUMNS}
_COUNTED = ("reported", "basis", "direction")


def overview(table: pd.DataFrame, by: object) -> pd.DataFrame:
    """Count rows, studies, people and kinds of report in each cell.

    Parameters
    ----------
    table : DataFrame
        As in `Studies.table`.
    by : str or sequence of str
        Columns that make the cells.

    Returns
    -------
    DataFrame
        The columns of `by`; ``rows``; ``studies``; ``people``: summed over studies, for each its largest
        ``n_e + n_c`` (its larger arm where both arms are the same people); ``studies_n_unknown``: those
        that print no n for both arms, which ``people`` leaves out; then a count of rows for each word of
        ``reported``, ``basis`` and ``direction`` that occurs (``reported_full`` ...).

    Raises
    ------
    StudyDataError
        Where a column does not exist or none is named.
    """
    by = _columns(by, table)
    work = table.assign(_people=_people(table))
    cells = work.groupby(by, sort=False, dropna=False)
    out = cells.agg(rows=("row_id", "size"), studies=("study", "nunique")).reset_index()
    studies = (
        work.groupby(list(dict.fromkeys([*by, "study"])), sort=False, dropna=False)["_people"]
        .max()
        .reset_index()
    )
    studies["unknown"] = studies["_people"].isna()
    people = studies.groupby(by, sort=False, dropna=False).agg(
        people=("_people", "sum"), studies_n_unknown=("unknown", "sum")
    )
    out = out.merge(people.astype("int64").reset_index(), on=by, how="left", validate="one_to_one")
    for name in _COUNTED:
        out = _count_words(out, work, by, name)
    return _ordered(out, by)


def _columns(by: object, table: pd.DataFrame) -> list[str]:
    """Return the columns to count by, each once.

    Raises
    ------
    StudyDataError
        Where one does not exist, or none is named.
    """
    rule = "overview() counts by columns of the table"
    if not isinstance(by, str | Iterable):
        raise StudyDataError(
            rule, value=repr(by), fix='write by="domain" or by=["domain", "comparator_class"]'
        )
    names = [by] if isinstance(by, str) else list(by)
    for name in names:
        if name not in _BY_NAME and name not in table:
            known = [*_BY_NAME, *(str(column) for column in table if column not in _BY_NAME)]
            close = nearest(str(name), known)
            fix = f"did you mean {close}?" if close else f"the columns are {', '.join(known)}"
            raise StudyDataError(rule, column=str(name), fix=fix)
    if not names:
        raise StudyDataError("overview() counts by at least one column", fix='write by=["domain"]')
    return list(dict.fromkeys(names))


def _people(table: pd.DataFrame) -> pd.Series:
    """Return the people of each row, NaN where an arm's size is not printed."""
    same = table["arm_design"].isin(["within_participant", "crossover"])
    larger = np.maximum(table["n_e"], table["n_c"])
    return (table["n_e"] + table["n_c"]).where(~same, larger)


def _count_words(out: pd.DataFrame, work: pd.DataFrame, by: list[str], name: str) -> pd.DataFrame:
    """Add a count for each word of a column that occurs, in the order of the vocabulary."""
    for word in (*_BY_NAME[name].words, ""):
        chosen = work[work[name] == word]
        if chosen.empty:
            continue
        label = f"{name}_{word or 'blank'}"
        counts = chosen.groupby(by, sort=False, dropna=False).size().rename(label).reset_index()
        out = out.merge(counts, on=by, how="left", validate="one_to_one")
        out[label] = out[label].fillna(0).astype("int64")
    return out


def _ordered(out: pd.DataFrame, by: list[str]) -> pd.DataFrame:
    """Sort by the known words of each column, then by first appearance (numbers by size)."""
    keys = pd.DataFrame(index=out.index)
    for name in by:
        if is_numeric_dtype(out[name]):
            keys[name] = out[name]
        else:
            words = _BY_NAME[name].words if name in _BY_NAME else ()
            seen = [word for word in out[name].unique() if word and word not in words]
            rank = {word: place for place, word in enumerate((*words, *seen, ""))}
            keys[name] = out[name].map(rank)
    return out.loc[keys.sort_values(by, kind="stable").index].reset_index(drop=True)
