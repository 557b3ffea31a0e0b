"""The record that `effect_size` returns: estimates and variances of many rows, and what was done to each."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from evidence._check import check_level
from evidence.effects.formulas import Floats
from evidence.effects.measures import MEASURES
from evidence.effects.measures.superiority import common_language
from evidence.errors import ModelError

if TYPE_CHECKING:
    import pandas as pd

    from evidence.effects.record import Effects

__all__ = ["ArrayEffects"]

Flags = NDArray[np.bool_]


@dataclass(frozen=True, repr=False, eq=False)
class ArrayEffects:
    """Effects of many rows on the model scale, in the order in which the rows came, none left out.

    Attributes
    ----------
    estimate, variance : ndarray
        One entry a row, on the scale of the model (logarithms for ratios). NaN only where `unusable` says so,
        and `reasons` why.
    measure : str
        Code of the measure.
    vtype : tuple of str
        The form of the variance: one code for all rows, or one a row.
    unusable : ndarray of bool
        Rows without an effect.
    reasons : mapping of int to str
        Why, by position of the row (the first is 0).
    added : ndarray of bool
        Rows to whose counts `add` was added.
    double_zero : ndarray of bool
        Rows in which neither group (or both groups entirely) had the event: kept, unless ``drop00=True``.
    notes : tuple of str
        What a reader of the whole set should know.
    """

    estimate: Floats
    variance: Floats
    measure: str
    vtype: tuple[str, ...]
    unusable: Flags
    added: Flags
    double_zero: Flags
    reasons: Mapping[int, str] = field(default_factory=dict)
    notes: tuple[str, ...] = ()

    @property
    def std_error(self) -> Floats:
        """Return the standard error of each row."""
        return np.sqrt(self.variance)

    @property
    def scale(self) -> str:
        """Return the scale of the model: ``"identity"``, ``"log"`` ..."""
        return MEASURES[self.measure].scale

    @property
    def display(self) -> Floats:
        """Return the estimates as they are shown: ratios for logarithms, correlations for Fisher's z."""
        return self._shown(self.estimate)

    @property
    def common_language(self) -> Floats:
        """Return standardised differences as the chance that a person of the first group lies higher.

        Raises
        ------
        ModelError
            Where the measure is not a difference in standard deviations.
        """
        if not self.measure.startswith(("SMD", "DPPC", "OR2D", "PBIT")):
            raise ModelError(
                f"common_language reads standardised mean differences; these effects are {self.measure}"
            )
        return common_language(self.estimate)

    def _shown(self, values: Floats) -> Floats:
        back = MEASURES[self.measure].back
        if back is None:
            return values
        with np.errstate(over="ignore"):  # a ratio too large for a number is shown as infinite
            return np.asarray(back.function(values), dtype=np.float64)

    def table(self, *, level: float = 0.95) -> pd.DataFrame:
        """Return one row a row: estimate, variance, interval, what is shown, and why a row has no effect.

        Parameters
        ----------
        level : float, default 0.95
            Level of the intervals, which are normal on the scale of the model.
        """
        import pandas as pd

        from evidence.numerics.intervals import quantile

        half = quantile(check_level(level), None) * self.std_error
        low, high = self.estimate - half, self.estimate + half
        reason = np.full(len(self), "", dtype=object)
        for at, words in self.reasons.items():
            reason[at] = words
        return pd.DataFrame(
            {
                "estimate": self.estimate,
                "variance": self.variance,
                "std_error": self.std_error,
                "conf_low": low,
                "conf_high": high,
                "display": self.display,
                "display_low": self._shown(low),
                "display_high": self._shown(high),
                "kind": np.where(self.unusable, "unusable", "exact"),
                "added": self.added,
                "double_zero": self.double_zero,
                "reason": reason,
            }
        )

    def effects(self, study: Sequence[str] | None = None) -> Effects:
        """Return the rows as `Effects`, for models and charts; rows without an effect stay, as unusable.

        Parameters
        ----------
        study : sequence of str, optional
            Study of each row; without it, each row is a study of its own.

        Raises
        ------
        ModelError
            Where `study` does not name every row.

        Examples
        --------
        >>> import evidence as ev
        >>> rows = ev.effect_size("RR", ai=[5, 8], n1i=[100, 90], ci=[10, 9], n2i=[100, 88])
        >>> ev.random_effects(rows.effects(study=["A", "B"])).k
        2
        """
        import pandas as pd

        from evidence.effects.record import CONTRACT_COLUMNS, Effects

        names = [f"row {i + 1}" for i in range(len(self))]
        studies = names if study is None else [str(name) for name in study]
        if len(studies) != len(self):
            raise ModelError(f"study must name every row, {len(self)} in all; got {len(studies)}")
        record = MEASURES[self.measure]
        flat = self.table()
        made = {
            "row_id": names,
            "study": studies,
            "label": studies,
            "estimate": self.estimate,
            "variance": self.variance,
            "std_error": self.std_error,
            "low": self.estimate,
            "high": self.estimate,
            "kind": flat["kind"],
            "derived_from": np.where(self.unusable, "", "columns"),
            "formula": np.where(self.unusable, "", record.formula),
            "assumptions": "",
            "alternatives": "",
            "reason": flat["reason"],
        }
        back, notes = record.back, self.notes
        ratio = back is not None and back.function is np.exp
        if back is not None and not ratio:
            notes = (*notes, f"Effects are on the scale {record.scale}; {back.name} = {back.formula}.")
        table = pd.DataFrame({name: made[name] for name in CONTRACT_COLUMNS})
        return Effects(table, measure=self.measure, scale="log" if ratio else "identity", notes=notes)

    def __len__(self) -> int:
        """Return the number of rows."""
        return len(self.estimate)

    def _headline(self) -> str:
        lost = int(self.unusable.sum())
        known = self.estimate[~self.unusable]
        span = (
            f", from {known.min():.3g} to {known.max():.3g}" if known.size and math.isfinite(known[0]) else ""
        )
        tail = f", {lost} unusable" if lost else ""
        return f"{len(self)} rows of {self.measure}{tail}{span}"

    def __repr__(self) -> str:
        """Return size, measure and range in one line."""
        return f"<ArrayEffects: {self._headline()}>"

    def _repr_html_(self) -> str:
        """Return the headline, the notes and the first rows for a notebook."""
        from html import escape

        notes = "".join(f"<p>{escape(note)}</p>" for note in self.notes)
        shown = self.table().to_html(max_rows=20, na_rep="", float_format=lambda x: f"{x:.3g}", escape=True)
        return f"<p><b>{escape(self._headline())}</b></p>{notes}{shown}"
