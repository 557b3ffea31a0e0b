"""Cells of one of our columns from the cells of theirs: joined, chosen, translated, cleaned."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import replace

import numpy as np
import pandas as pd

from evidence.studies.columns import COLUMNS, INFO_COLUMNS, OPTIONAL_COLUMNS
from evidence.studies.mapping import Cells, Condition, NumberRules, TableMapping
from evidence.studies.mapping_numbers import ABSENT, clean_number, has_decimal_commas, is_plain

__all__ = ["cells_of", "decided", "holds", "is_number", "moderator"]

_KINDS = {column.name: column.kind for column in (*INFO_COLUMNS, *OPTIONAL_COLUMNS, *COLUMNS)}


def is_number(name: str) -> bool:
    """Say whether a column (of a row, or of an arm without its ending) holds numbers or p values."""
    kind = (
        _KINDS.get(name)
        or _KINDS.get(f"{name}_e")
        or _KINDS.get(f"post_{name}_e")
        or _KINDS.get(f"post_{name}")
    )
    return kind in ("number", "count", "p")


def decided(mapping: TableMapping, frame: pd.DataFrame, delimiter: str) -> tuple[NumberRules, list[str]]:
    """Return the rules of numbers with the decimal mark decided: as stated, else by the file.

    Where commas separate the cells, a comma inside a number is never taken for a decimal mark unasked.
    """
    rules = mapping.numbers
    if rules.decimal:
        return rules, []
    names = {
        name
        for section in (mapping.columns, mapping.arm, mapping.effect.cells if mapping.effect else {})
        for ours, cells in section.items()
        for name in cells.names
        if is_number(ours) or section not in (mapping.columns, mapping.arm)
    }
    if delimiter != "," and has_decimal_commas(
        str(word) for name in names if name in frame for word in frame[name].unique()
    ):
        return replace(rules, decimal=","), ["numbers have decimal commas, and were read so"]
    return replace(rules, decimal="."), []


def holds(frame: pd.DataFrame, condition: Condition) -> np.ndarray:
    """Mark the rows that meet a condition; case and outer spaces do not matter."""
    keep = np.ones(len(frame), dtype=bool)
    for name, wanted in condition.items():
        folded = np.array([word.strip().casefold() for word in wanted], dtype=object)
        keep &= np.isin(_mapped(frame[name], str.casefold), folded)
    return keep


def _mapped(cells: pd.Series, change: Callable[[str], object]) -> np.ndarray:
    """Apply a function to each distinct cell, of which most columns have few."""
    codes, distinct = pd.factorize(cells.to_numpy(dtype=object))
    out = np.empty(len(distinct), dtype=object)
    for at, word in enumerate(distinct):
        out[at] = change(str(word))
    return out[codes] if len(distinct) else np.empty(0, dtype=object)


def cells_of(frame: pd.DataFrame, cells: Cells, rules: NumberRules, *, number: bool) -> np.ndarray:
    """Return the cells of one of our columns, one per row of the frame, as text.

    Parameters
    ----------
    frame : DataFrame
        The sheet, all cells str.
    cells : Cells
        Where they come from.
    rules : NumberRules
        How numbers are written.
    number : bool
        Whether the column holds numbers (or p values).
    """
    missing = ABSENT | {word.casefold() for word in (*rules.missing, *cells.missing)}
    words = {word.casefold(): meaning for word, meaning in cells.words.items()}
    numeric = number or bool(cells.part) or bool(cells.times)

    def read(word: str) -> str:
        folded = word.casefold()
        if folded in words:
            return words[folded]
        if not word or folded in missing:
            return ""
        if "*" in words:
            return words["*"]
        return clean_number(word, rules, cells) if numeric else word

    if len(cells.names) == 1:
        out = _mapped(frame[cells.names[0]], read)
    else:
        out = _joined([_mapped(frame[name], read) for name in cells.names], cells.join)
    if cells.where:
        out = np.where(holds(frame, cells.where), out, "")
    if cells.default:
        out = np.where(out == "", cells.default, out)
    return out


def _joined(parts: list[np.ndarray], between: str) -> np.ndarray:
    """Join the cells of several columns, passing over blank ones; each distinct combination once."""
    table = pd.DataFrame(dict(enumerate(parts)), dtype=object)
    groups = table.groupby(list(table.columns), sort=False).ngroup().to_numpy()
    first = np.unique(groups, return_index=True)[1]
    texts = [between.join(filter(None, row)) for row in table.iloc[first].itertuples(index=False)]
    return np.array(texts, dtype=object)[groups] if texts else np.empty(0, dtype=object)


def moderator(cells: Iterable[str], rules: NumberRules) -> pd.Series:
    """Return a column of the sheet as numbers where all its cells are numbers, else as text."""
    words = pd.Series(list(cells), dtype=object)
    plain = cells_of(words.to_frame("x"), Cells("", ("x",)), rules, number=False)
    codes, distinct = pd.factorize(plain)
    empty = Cells("", ())
    cleaned = [clean_number(str(word), rules, empty) for word in distinct]
    if any(cleaned) and all(not word or is_plain(word) for word in cleaned):
        values = np.array([float(word) if word else np.nan for word in cleaned])
        return pd.Series(values[codes])
    return pd.Series(plain, dtype="str")
