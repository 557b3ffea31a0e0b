"""SamplingCovariance: which effects' sampling errors go together, one block a study."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from html import escape

import numpy as np
import pandas as pd

from evidence._check import in_row
from evidence.errors import ModelError
from evidence.numerics.wls import Vector

__all__ = ["SamplingCovariance"]

_SMALL = 2_000
"""Rows up to which the whole matrix is given on request: 32 MB."""

_SHOWN = 8


@dataclass(frozen=True, repr=False)
class SamplingCovariance:
    """Sampling covariance of effects, one block a study; rows of different studies are independent.

    Attributes
    ----------
    studies : tuple of str
        Studies, in order of appearance.
    rows : tuple of ndarray of int
        Positions of each study's rows in the table of the effects.
    row_ids : tuple of tuple of str
        Their names.
    blocks : tuple of ndarray, each of shape (n, n)
        Covariance of each study's rows; positive definite.
    rho : float
        The correlation assumed for different measures of the same people.
    measure : str
        Code of the effect measure.
    notes : tuple of str
        What was assumed where arms or sizes are not known.
    """

    studies: tuple[str, ...]
    rows: tuple[np.ndarray, ...]
    row_ids: tuple[tuple[str, ...], ...]
    blocks: tuple[Vector, ...]
    rho: float
    measure: str
    notes: tuple[str, ...] = field(default=())

    @property
    def table(self) -> pd.DataFrame:
        """One line a study: its rows, how many pairs of them are correlated, the range of correlations."""
        lines = []
        for study, block in zip(self.studies, self.blocks, strict=True):
            size = np.sqrt(np.diag(block))
            off = (block / size / size[:, None])[np.tril_indices(len(block), -1)]
            lines.append(
                {
                    "study": study,
                    "rows": len(block),
                    "correlated_pairs": int(np.count_nonzero(off)),
                    "lowest": float(off.min()) if off.size else None,
                    "highest": float(off.max()) if off.size else None,
                }
            )
        columns = ["study", "rows", "correlated_pairs", "lowest", "highest"]
        return pd.DataFrame(lines, columns=columns)

    @property
    def places(self) -> dict[str, tuple[int, int]]:
        """Study and place in its block, by name of the row."""
        return {row: (at, i) for at, rows in enumerate(self.row_ids) for i, row in enumerate(rows)}

    def block(self, row_ids: Sequence[str], places: Mapping[str, tuple[int, int]] | None = None) -> Vector:
        """Return the covariance of some rows, in the order named; rows of different studies have none.

        Parameters
        ----------
        row_ids : sequence of str
            The rows.
        places : mapping, optional
            `places`, for somebody who asks often.

        Raises
        ------
        ModelError
            Where a row is not among those that this covariance was made for.
        """
        place = self.places if places is None else places
        missing = [row for row in row_ids if row not in place]
        if missing:
            raise ModelError(
                f"the sampling covariance does not hold {in_row(', '.join(missing[:_SHOWN]))};"
                " make it from the effects that are pooled"
            )
        found = [place[row] for row in row_ids]
        out = np.zeros((len(found), len(found)))
        for i, (study, a) in enumerate(found):
            for j, (other, b) in enumerate(found):
                if study == other:
                    out[i, j] = self.blocks[study][a, b]
        return out

    def to_matrix(self) -> pd.DataFrame:
        """Return the whole matrix, rows and columns named by row, in the order of the effects.

        Raises
        ------
        ModelError
            Where there are more than 2000 rows: the blocks hold the same in far less space.
        """
        k = sum(len(rows) for rows in self.rows)
        if k > _SMALL:
            raise ModelError(f"the whole matrix of {k} rows is mostly zeros; use .blocks, one a study")
        order = np.argsort(np.concatenate([np.zeros(0, dtype=np.intp), *self.rows]), kind="stable")
        names = [row for rows in self.row_ids for row in rows]
        out, at = np.zeros((k, k)), 0
        for block in self.blocks:
            out[at : at + len(block), at : at + len(block)] = block
            at += len(block)
        labels = [names[i] for i in order]
        return pd.DataFrame(out[np.ix_(order, order)], index=labels, columns=labels)

    def _summary(self) -> str:
        pairs = int(self.table["correlated_pairs"].sum())
        rows = sum(len(rows) for rows in self.rows)
        return f"{rows} rows of {len(self.studies)} studies, {pairs} correlated pairs, rho = {self.rho:g}"

    def __repr__(self) -> str:
        """Return the size in one line."""
        return f"<SamplingCovariance: {self._summary()}>"

    def _repr_html_(self) -> str:
        """Return the size, the studies with several rows and the notes."""
        several = self.table.loc[lambda t: t["rows"] > 1]
        notes = "".join(f"<li>{escape(note)}</li>" for note in self.notes)
        return (
            f"<p><b>Sampling covariance</b>: {escape(self._summary())}</p>"
            + several.to_html(
                index=False, max_rows=20, na_rep="", float_format=lambda x: f"{x:.2f}", escape=True
            )
            + (f"<ul>{notes}</ul>" if notes else "")
        )
