"""The sampling covariance that a model is given: a correlation, matrices, or a known record."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TypeGuard

from evidence._check import as_number
from evidence.effects.covariance import SamplingCovariance
from evidence.errors import ModelError
from evidence.models.levels import Grouping, known_blocks, sampling_blocks
from evidence.numerics.wls import Vector

__all__ = ["Known", "resolve_sampling", "sampling_notes"]

Known = Mapping[str, Vector] | Sequence[Vector] | SamplingCovariance
"""Sampling covariance of each group of the outermost level: by name, in order of appearance, or by row."""


def resolve_sampling(
    grouping: Grouping, rho: float | Known, names: Sequence[str], v: Vector
) -> tuple[float, list[Vector] | None]:
    """Return a correlation or blocks; a correlation of effects that stand alone is none.

    Parameters
    ----------
    grouping : Grouping
        The levels.
    rho : float or Known
        As the caller gave it.
    names : sequence of str
        Rows in use.
    v : Vector
        Their sampling variances.

    Raises
    ------
    ModelError
        Where rho is neither a correlation nor covariances of these rows.
    """
    if isinstance(rho, SamplingCovariance):
        return 0.0, known_blocks(grouping, rho, names, v)
    if isinstance(rho, Mapping | list | tuple):
        return 0.0, sampling_blocks(grouping, rho)
    if not _is_correlation(rho):
        raise ModelError(
            f"rho, the correlation of one study's sampling errors, is at least 0 and below 1; got {rho!r}"
            " (at 1 several rows would be one: keep one of them); or give their covariance, a matrix a study,"
            " or what sampling_covariance() returns"
        )
    return (float(rho) if grouping.clusters < v.size else 0.0), None


def _is_correlation(rho: object) -> TypeGuard[float]:
    return 0.0 <= as_number(rho) < 1.0


def sampling_notes(grouping: Grouping, rho: float | Known, k: int) -> tuple[str, ...]:
    """Return what was assumed of the sampling errors of rows of one group."""
    outer = grouping.names[0]
    if grouping.clusters == k:
        return ()
    if isinstance(rho, SamplingCovariance):
        return (
            f"Sampling errors of rows of one {outer}: known covariance for shared arms,"
            f" rho = {rho.rho:g} for measures of the same people.",
            *rho.notes,
        )
    if _is_correlation(rho):
        return (f"Sampling errors of rows of one {outer} are assumed to correlate rho = {rho:g}.",)
    return (f"The covariance of sampling errors within a {outer} is the one given.",)
