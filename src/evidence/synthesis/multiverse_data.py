"""The versions of the data in a multiverse: which rows each specification rests on."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from evidence.effects.reading import effect_sizes
from evidence.effects.record import Effects
from evidence.numerics.specifications import averaged
from evidence.numerics.wls import Vector
from evidence.studies.record import Studies
from evidence.synthesis.multiverse_choices import Factor, Plan

__all__ = ["Versions", "one_row_each", "several_rows"]

Mask = NDArray[np.bool_]


def several_rows(effects: Effects) -> bool:
    """Tell whether some study gives several rows that say something."""
    table = effects.table
    use = _main(table) & table["kind"].ne("unusable").to_numpy(dtype=bool)
    return bool(table.loc[use, "study"].duplicated().any())


def _main(table: pd.DataFrame) -> Mask:
    """Tell which rows are at the main time point."""
    if "main" not in table.columns:
        return np.ones(len(table), np.bool_)
    return np.asarray(~table["main"].isin([False, 0]).to_numpy(dtype=bool), dtype=np.bool_)


@dataclass(frozen=True)
class Arm:
    """Rows as arrays: the effects of the studies in one version."""

    y: Vector
    v: Vector
    present: Mask


class Versions:
    """The rows of each specification; what several share is made once.

    Parameters
    ----------
    data : Effects or Studies
        What the user gave.
    plan : Plan
        The specifications.
    """

    def __init__(self, data: Effects | Studies, plan: Plan) -> None:
        """Read the effects of each measure and correlation."""
        self.plan = plan
        self.filters = [factor for factor in plan.factors if factor.is_filter]
        self._effects: dict[tuple[int, int], Effects] = {}
        self._data = data
        self.studies = list(dict.fromkeys(data.table["study"].astype(str)))
        self._first = np.flatnonzero(~data.table["study"].astype(str).duplicated().to_numpy())
        self._levels: dict[str, tuple[NDArray[np.intp], dict[str, int]]] = {}

    def effects(self, measure: int, correlation: int) -> Effects:
        """Return the effects of a measure and a correlation, by their codes."""
        if isinstance(self._data, Effects):
            return self._data
        key = (measure, correlation)
        if key not in self._effects:
            factors = {factor.name: factor for factor in self.plan.factors}
            r = factors["correlation"].values[correlation] if "correlation" in factors else None
            self._effects[key] = effect_sizes(
                self._data, measure=factors["measure"].values[measure], correlation=r
            )
        return self._effects[key]

    def kept(self, table: pd.DataFrame, codes: NDArray[np.int32], ignoring: Collection[int] = ()) -> Mask:
        """Return the rows that a specification's filters keep, but for those of some choices."""
        keep = _main(table)
        for factor in self.filters:
            place = self.plan.position(factor.name)
            if place not in ignoring:
                # Filters read the rows as given: effects have the same rows, but not all of their columns.
                keep &= self._filtered(factor, int(codes[place]))
        place = self.plan.position("inferred")
        out = place >= 0 and self.plan.factors[place].values[codes[place]] == "out"
        if out and "inferred" in table.columns:
            keep &= table["inferred"].astype(str).ne("yes").to_numpy(dtype=bool)
        return keep

    def studies_kept(self, codes: NDArray[np.int32], places: Collection[int]) -> Mask:
        """Return the studies that the filters of whole studies keep."""
        keep = np.ones(len(self.studies), np.bool_)
        for place in places:
            keep &= self._filtered(self.plan.factors[place], int(codes[place]))[self._first]
        return keep

    def _filtered(self, factor: Factor, code: int) -> Mask:
        """Return the rows that a filter keeps."""
        value = factor.values[code]
        if value is None:
            return np.ones(len(self._data.table), np.bool_)
        if factor.name not in self._levels:
            numbers, names = pd.factorize(self._data.table[factor.name].astype(str))
            self._levels[factor.name] = numbers, {name: at for at, name in enumerate(names)}
        numbers, place = self._levels[factor.name]
        wanted = np.zeros(len(place), np.bool_)
        wanted[[place[str(item)] for item in value]] = True
        return np.asarray(wanted[numbers], dtype=np.bool_)

    def by_study(self, factor: Factor) -> bool:
        """Tell whether a filter keeps or drops whole studies."""
        table = self._data.table
        pairs = table.loc[:, ["study", factor.name]].astype(str).drop_duplicates()
        return not pairs["study"].duplicated().any()

    def arm(self, table: pd.DataFrame, keep: Mask, rows: str, rho: float) -> Arm:
        """Return one exact effect a study: the first row, or the mean of all."""
        use = keep & table["kind"].eq("exact").to_numpy(dtype=bool)
        study = pd.Categorical(table["study"].astype(str), categories=self.studies).codes[use].astype(np.intp)
        y = table["estimate"].to_numpy(np.float64)[use]
        v = table["variance"].to_numpy(np.float64)[use]
        present = np.zeros(len(self.studies), np.bool_)
        present[study] = True
        out_y, out_v = np.zeros(len(self.studies)), np.ones(len(self.studies))
        if rows == "first":
            places, first = np.unique(study, return_index=True)
            out_y[places], out_v[places] = y[first], v[first]
        elif study.size:
            places, numbers = np.unique(study, return_inverse=True)
            out_y[places], out_v[places] = averaged(y, v, numbers.astype(np.intp), rho)
        return Arm(out_y, out_v, present)


def one_row_each(effects: Effects, keep: Mask, rows: str) -> Effects:
    """Return the rows that are kept; with ``rows="first"`` of each study the first that says something."""
    table = effects.table.loc[keep]
    if rows == "first":
        table = table.loc[table["kind"].ne("unusable")].drop_duplicates("study")
    return replace(effects, table=table.reset_index(drop=True))
