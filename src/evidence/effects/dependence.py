"""`sampling_covariance`: known covariance of a study's effects from shared arms and shared people."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from evidence._check import as_number, one_of
from evidence.effects.covariance import SamplingCovariance
from evidence.effects.record import Effects
from evidence.effects.shared_arms import Comparison, arm_variances, correlation, measured
from evidence.errors import ModelError
from evidence.numerics.wls import Vector

if TYPE_CHECKING:
    from evidence.studies.record import Studies

__all__ = ["sampling_covariance"]

_WHAT = ("outcome", "instrument", "timepoint_weeks")
"""Columns that together say which measurement a row is."""

_STAGES = ("post_mean", "post_sd", "change_mean", "change_sd", "events", "total")
_SINGULAR = 1e-10
_SHOWN = 8


def sampling_covariance(
    effects: Effects, rho: float = 0.6, *, standardiser: str = "pair", studies: Studies | None = None
) -> SamplingCovariance:
    """Return the covariance of sampling errors from shared arms and shared people.

    Arms are the same where study and label (``arm_e``, ``arm_c``) are; measurements are the same where
    outcome, instrument and time are. Two effects that share an arm share its part of the variance: for SMDs
    ``1 / n + g_i g_j n / (2 N_i N_j)`` (Gleser & Olkin 2009), for ratios and mean differences the arm's own
    variance. Different measures of the same two arms correlate rho; different measures with one arm in common
    combine both. Arms on opposite sides of two comparisons enter with a minus sign.

    Parameters
    ----------
    effects : Effects
        The rows; those with a variance get a place.
    rho : float, default 0.6
        Correlation of the sampling errors of different measures of the same people, 0 <= rho < 1.
    standardiser : {"pair", "study"}, default "pair"
        Whether each SMD was divided by the SD of its own two arms, as here, or all by one SD of all arms of
        the study: Gleser & Olkin's ``1 / n + g_i g_j / (2 N)`` with N all people of the study.
    studies : Studies, optional
        Where the printed counts, means and SDs of the arms are to be found, by ``row_id``, where the effects
        do not carry them (``events_e``, ``total_e``, ``post_sd_e`` ...).

    Returns
    -------
    SamplingCovariance
        For ``multilevel(rho=...)`` and ``multivariate(rho=...)``.

    Raises
    ------
    ModelError
        Where rho is no correlation, no row has a variance, or a study's rows repeat each other (its arms form
        a loop: A-C, B-C, A-B), which leaves no positive definite covariance.

    References
    ----------
    Gleser LJ, Olkin I. Stochastically dependent effect sizes. In: Cooper H, Hedges LV, Valentine JC (eds).
    The handbook of research synthesis and meta-analysis, 2nd ed. Russell Sage 2009, 357-376.
    Lajeunesse MJ. Ecology 2011;92(11):2049-2055. https://doi.org/10.1890/11-0423.1

    Examples
    --------
    >>> import evidence as ev
    >>> effects = ev.effects_from(
    ...     [0.5, 0.3], variance=[0.1031, 0.1011], study=["a", "a"], measure="SMD",
    ...     arm_e=["hip", "knee"], arm_c=["control", "control"], n_e=[20, 20], n_c=[20, 20],
    ... )
    >>> ev.sampling_covariance(effects).to_matrix().round(4).to_numpy().tolist()
    [[0.1031, 0.0509], [0.0509, 0.1011]]
    """
    if not isinstance(effects, Effects):
        raise ModelError(f"sampling_covariance() takes Effects; got {type(effects).__name__}")
    if not 0.0 <= as_number(rho) < 1.0:
        raise ModelError(f"rho, a correlation of sampling errors, is at least 0 and below 1; got {rho!r}")
    standardiser = one_of("standardiser", standardiser, ("pair", "study"))
    table = effects.table.reset_index(drop=True)
    variance = pd.to_numeric(table["variance"], errors="coerce").to_numpy(dtype=np.float64)
    usable = np.flatnonzero(np.isfinite(variance) & (variance > 0.0))
    if not usable.size:
        raise ModelError("no row has a sampling variance, so there is no covariance to give")
    columns = _columns(table, effects.measure, variance, _printed(table, studies))
    by_study: dict[str, list[int]] = {}
    for at, study in zip(usable.tolist(), table["study"].astype(str).to_numpy()[usable], strict=True):
        by_study.setdefault(study, []).append(at)
    blocks, unlabelled, unsized = [], [], []
    for study, rows in by_study.items():
        found = columns.comparisons(rows)
        if found is None:
            n = len(rows)
            r = np.full((n, n), float(rho))
            np.fill_diagonal(r, 1.0)
            unlabelled += [study] if n > 1 else []
        else:
            r = correlation(found, float(rho), standardiser)
            split = all(row.known_sizes or row.parts is not None for row in found)
            unsized += [study] if len(rows) > 1 and not split and len({row.arms for row in found}) > 1 else []
            _refuse_singular(study, [str(table["row_id"].iloc[at]) for at in rows], found, r)
        size = np.sqrt(variance[rows])
        block = r * size * size[:, None]
        np.fill_diagonal(block, variance[rows])
        blocks.append(block)
    rows_of = tuple(np.array(rows, dtype=np.intp) for rows in by_study.values())
    names = table["row_id"].astype(str).to_numpy()
    return SamplingCovariance(
        tuple(by_study),
        rows_of,
        tuple(tuple(names[rows]) for rows in rows_of),
        tuple(blocks),
        float(rho),
        effects.measure,
        _notes(float(rho), unlabelled, unsized),
    )


@dataclass(frozen=True)
class _Columns:
    """The columns of the effects that say who was measured on what."""

    arms: list[tuple[str, str]]
    what: list[tuple[str, ...]]
    sizes: list[tuple[float, float]]
    measures: list[str]
    estimate: Vector
    variance: Vector
    printed: Mapping[str, Vector]

    def comparisons(self, rows: Sequence[int]) -> list[Comparison] | None:
        """Return a study's effects, or None where an arm has no label."""
        arms = [self.arms[at] for at in rows]
        if not all(first and second and first != second for first, second in arms):
            return None
        out = []
        for at, what in zip(rows, measured([self.what[at] for at in rows], arms), strict=True):
            numbers = {name: float(values[at]) for name, values in self.printed.items()}
            value, variance, measure = float(self.estimate[at]), float(self.variance[at]), self.measures[at]
            parts = arm_variances(measure, numbers, self.sizes[at], variance) if numbers else None
            out.append(Comparison(self.arms[at], self.sizes[at], parts, value, variance, measure, what))
        return out


def _columns(table: pd.DataFrame, measure: str, variance: Vector, printed: Mapping[str, Vector]) -> _Columns:
    """Return the columns, blanks as empty words and NaN."""

    def words(name: str) -> list[str]:
        if name not in table.columns:
            return [""] * len(table)
        return [str(cell) for cell in table[name].astype("string").fillna("").str.strip()]

    def numbers(name: str) -> list[float]:
        if name not in table.columns:
            return [float("nan")] * len(table)
        return [float(cell) for cell in pd.to_numeric(table[name], errors="coerce")]

    estimate = pd.to_numeric(table["estimate"], errors="coerce").fillna(0.0)
    return _Columns(
        arms=list(zip(words("arm_e"), words("arm_c"), strict=True)),
        what=list(zip(*(words(name) for name in _WHAT), strict=True)),
        sizes=list(zip(numbers("n_e"), numbers("n_c"), strict=True)),
        measures=[own or measure for own in words("measure")],
        estimate=estimate.to_numpy(dtype=np.float64),
        variance=variance,
        printed=printed,
    )


def _printed(table: pd.DataFrame, studies: Studies | None) -> dict[str, Vector]:
    """Return the printed numbers of the arms by row, from the effects or else the studies."""
    other = None if studies is None else studies.table.drop_duplicates("row_id").set_index("row_id")
    out = {}
    for name in (f"{stage}_{arm}" for stage in _STAGES for arm in "ec"):
        if name in table.columns:
            column = table[name]
        elif other is not None and name in other.columns:
            column = other[name].reindex(table["row_id"])
        else:
            continue
        out[name] = pd.to_numeric(column, errors="coerce").to_numpy(dtype=np.float64)
    return out


def _refuse_singular(study: str, names: Sequence[str], rows: Sequence[Comparison], r: Vector) -> None:
    """Refuse a study whose rows repeat each other.

    Raises
    ------
    ModelError
        Where the correlations are not positive definite.
    """
    if np.linalg.eigvalsh(r)[0] > _SINGULAR:
        return
    shown = ", ".join(
        f"{name} ({row.arms[0]} against {row.arms[1]})"
        for name, row in list(zip(names, rows, strict=True))[:_SHOWN]
    )
    raise ModelError(
        f"study {study}: the sampling covariance of its rows is not positive definite: {shown}."
        " Comparisons that close a loop of arms repeat each other; leave one out, or give rho as a number"
    )


def _notes(rho: float, unlabelled: Sequence[str], unsized: Sequence[str]) -> tuple[str, ...]:
    notes = []
    for studies, text in (
        (
            unlabelled,
            f"Arms are not labelled: rows of one study are taken for the same people, rho = {rho:g}",
        ),
        (unsized, "Sizes of the arms are not known: each arm is taken for half of an effect's variance"),
    ):
        if studies:
            more = f" and {len(studies) - _SHOWN} more" if len(studies) > _SHOWN else ""
            notes.append(f"{text} ({', '.join(studies[:_SHOWN])}{more}).")
    return tuple(notes)
