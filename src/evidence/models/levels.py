"""Levels of dependence by the names of columns, and the sampling covariance within the outermost one."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from evidence._check import in_row, nearest
from evidence.effects.covariance import SamplingCovariance
from evidence.errors import ModelError
from evidence.numerics.blocks import Codes, nested_codes
from evidence.numerics.wls import Vector

__all__ = ["Grouping", "group_rows", "known_blocks", "sampling_blocks"]


@dataclass(frozen=True)
class Grouping:
    """The levels in use, the outermost first.

    Attributes
    ----------
    names : tuple of str
        Columns.
    codes : tuple of Codes
        Group of each row at each level.
    labels : tuple of str
        Names of the groups of the outermost level, by number.
    notes : tuple of str
        Levels left out, and why.
    """

    names: tuple[str, ...]
    codes: tuple[Codes, ...]
    labels: tuple[str, ...]
    notes: tuple[str, ...]

    @property
    def clusters(self) -> int:
        """Number of groups of the outermost level."""
        return len(self.labels)


def _column(used: pd.DataFrame, name: object) -> tuple[Codes, list[str]]:
    if name not in used.columns:
        close = nearest(str(name), map(str, used.columns))
        hint = f" (did you mean {close}?)" if close else ""
        raise ModelError(f"levels names columns of the effects; there is no column {name!r}{hint}")
    words = used[name].astype("string").fillna("").str.strip()
    blank = words.eq("").to_numpy(dtype=bool)
    if blank.any():
        rows = used.loc[blank, "row_id"].astype(str).tolist()
        more = f" and {len(rows) - 8} more" if len(rows) > 8 else ""
        listed = in_row(", ".join(rows[:8]), several=len(rows) > 1)
        raise ModelError(f"the level {name!r} is blank in {listed}{more}")
    codes, labels = pd.factorize(words)
    return np.asarray(codes, dtype=np.intp), [str(label) for label in labels]


def group_rows(used: pd.DataFrame, levels: Sequence[str]) -> Grouping:
    """Group rows by columns, each level within those above it.

    Parameters
    ----------
    used : DataFrame
        The rows in use.
    levels : sequence of str
        Columns, the outermost first.

    Returns
    -------
    Grouping

    Raises
    ------
    ModelError
        Where there is no level, a level is named twice, is no column, or is blank in a row.
    """
    listed = [levels] if isinstance(levels, str) or not isinstance(levels, Iterable) else list(levels)
    if not listed or not all(isinstance(name, str) for name in listed) or len(set(listed)) < len(listed):
        raise ModelError(
            f"levels names one column or several different ones, such as ('study',); got {levels!r}"
        )
    columns = [_column(used, name) for name in listed]
    codes = nested_codes([column[0] for column in columns])
    names, kept, notes = [listed[0]], [codes[0]], []
    for name, code in zip(listed[1:], codes[1:], strict=True):
        if int(code.max()) == int(kept[-1].max()):
            notes.append(
                f"Each {names[-1]} has one {name}: their variances cannot be told apart, and the one printed"
                f" for {names[-1]} holds both."
            )
            continue
        names.append(name)
        kept.append(code)
    labels = [""] * (int(codes[0].max()) + 1)
    for number, place in zip(codes[0], columns[0][0], strict=True):
        labels[int(number)] = columns[0][1][int(place)]
    return Grouping(tuple(names), tuple(kept), tuple(labels), tuple(notes))


def sampling_blocks(grouping: Grouping, known: Mapping[str, Vector] | Sequence[Vector]) -> list[Vector]:
    """Return the known sampling covariance of each group of the outermost level, by number.

    Parameters
    ----------
    grouping : Grouping
        The levels.
    known : mapping or sequence of matrices
        By name of the group, or in order of appearance.

    Returns
    -------
    list of Vector

    Raises
    ------
    ModelError
        Where a group has no matrix, there are too many, or one is not square.
    """
    outer = grouping.names[0]
    if isinstance(known, Mapping):
        missing = [label for label in grouping.labels if label not in known]
        if missing:
            raise ModelError(f"there is no sampling covariance for {outer} {', '.join(missing[:8])}")
        found = [known[label] for label in grouping.labels]
    else:
        if len(known) != grouping.clusters:
            raise ModelError(
                f"a sampling covariance is needed for each {outer}, {grouping.clusters} in all;"
                f" got {len(known)}"
            )
        _, first = np.unique(grouping.codes[0], return_index=True)
        appearance = np.argsort(np.argsort(first))
        found = [known[int(place)] for place in appearance]
    blocks = []
    for label, block in zip(grouping.labels, found, strict=True):
        try:
            matrix = np.atleast_2d(np.asarray(block, dtype=np.float64))
        except (TypeError, ValueError):
            matrix = np.full((1, 1), np.nan)  # refused below
        if matrix.ndim != 2 or matrix.shape[0] != matrix.shape[1] or not np.isfinite(matrix).all():
            raise ModelError(f"the sampling covariance of {outer} {label} is no square matrix of numbers")
        blocks.append(matrix)
    return blocks


def known_blocks(
    grouping: Grouping, known: SamplingCovariance, names: Sequence[str], v: Vector
) -> list[Vector]:
    """Return a record's covariance of each group of the outermost level, by number.

    Parameters
    ----------
    grouping : Grouping
        The levels.
    known : SamplingCovariance
        By row.
    names : sequence of str
        Rows in use.
    v : Vector
        Their sampling variances.

    Returns
    -------
    list of Vector

    Raises
    ------
    ModelError
        Where the record lacks a row, was made for other variances, or correlates rows of different groups.
    """
    order = np.argsort(grouping.codes[0], kind="stable")
    cuts = np.flatnonzero(np.diff(grouping.codes[0][order])) + 1
    place = known.places
    blocks = []
    owner: dict[int, int] = {}
    for number, rows in enumerate(np.split(order, cuts)):
        block = known.block([names[at] for at in rows], place)
        odd = np.flatnonzero(~np.isclose(np.diag(block), v[rows], rtol=1e-8, atol=0.0))
        if odd.size:
            raise ModelError(
                f"{in_row(names[rows[odd[0]]])}: its variance is {v[rows[odd[0]]]:g}, in the sampling"
                f" covariance {block[odd[0], odd[0]]:g}; make it from the effects that are pooled"
            )
        for study in {place[names[at]][0] for at in rows}:
            if owner.setdefault(study, number) != number and _correlated(known.blocks[study]):
                raise ModelError(
                    f"the rows of study {known.studies[study]} are correlated, but the outermost level,"
                    f" {grouping.names[0]!r}, puts them into different groups; let it be 'study'"
                )
        blocks.append(block)
    return blocks


def _correlated(block: Vector) -> bool:
    return bool(np.count_nonzero(block - np.diag(np.diag(block))))
