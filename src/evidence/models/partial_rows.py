"""What `pool_partial` was asked for, and the rows in use as arrays."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from evidence._check import as_number, check_level, is_text, one_of
from evidence.effects.record import Effects
from evidence.errors import ModelError
from evidence.fit import MetaFit
from evidence.models.prior import DEFAULT_PRIOR, Prior
from evidence.models.rows import Selection, assumed_correlation, people
from evidence.numerics.intervals import chi2_quantile
from evidence.numerics.partial_fit import Critical, calibrated
from evidence.numerics.partial_general import within_is_bounded
from evidence.numerics.wls import Vector

__all__ = ["INFERENCE", "Options", "PartialRows", "base_record", "check_options", "partial_rows"]

INFERENCE = ("profile", "profile-t")
"""Profile likelihood with the chi-squared critical value, or with one calibrated by Student's t."""
_ROW = "row_id"


@dataclass(frozen=True)
class Options:
    """The arguments of `pool_partial`, checked.

    Attributes
    ----------
    cluster : str
        Column whose rows share a random effect.
    within : bool
        Whether effects may vary within a cluster.
    rho, level : float
        Correlation of sampling errors; level of the intervals.
    inference : str
        One of `INFERENCE`.
    formula : str or None
        Moderators; None for the mean alone.
    prior : Prior or None
        None for no posterior.
    """

    cluster: str
    within: bool
    rho: float
    level: float
    inference: str
    formula: str | None
    prior: Prior | None

    def critical(self, n: int, p: int) -> Critical:
        """Return the critical values for n clusters and p coefficients."""
        if self.inference == "profile" or n <= p:
            return chi2_quantile
        return calibrated(n, p)


@dataclass(frozen=True)
class PartialRows:
    """The rows in use, as arrays."""

    low: Vector
    high: Vector
    error: Vector
    study: NDArray[np.intp]
    rho: float
    within: bool

    @property
    def clusters(self) -> int:
        """Number of clusters."""
        return int(self.study.max()) + 1

    def arguments(self) -> tuple[Vector, Vector, Vector, NDArray[np.intp], float]:
        """Return what every function of the likelihood begins with."""
        return self.low, self.high, self.error, self.study, self.rho


def check_options(
    effects: Effects,
    formula: object,
    cluster: object,
    rho: object,
    inference: object,
    prior: object,
    level: object,
) -> Options:
    """Check the arguments of `pool_partial`.

    Raises
    ------
    ModelError
        Where one is not known or impossible.
    """
    share = check_level(level)
    how = one_of("inference", inference, INFERENCE)
    if not is_text(formula):
        raise ModelError(
            f"formula takes text such as '~ comparator_class', or formula='~ 1'; got {formula!r}"
        )
    if prior is not None and not isinstance(prior, Prior):
        raise ModelError(
            "prior takes a Prior, such as Prior(mean_sd=1, tau_scale=0.5), or None for no posterior;"
            f" got {prior!r}"
        )
    if not 0.0 <= as_number(rho) < 1.0:
        raise ModelError(
            f"rho, the correlation of one study's sampling errors, is at least 0 and below 1; got {rho!r}"
            " (at 1 several rows would be one: keep one of them)"
        )
    column, within = _levels(cluster)
    if column not in effects.table.columns:
        raise ModelError(f"cluster names a column of the effects; there is no column {column!r}")
    # A mean difference is in the units of an instrument, for which no prior can be chosen beforehand.
    chosen = None if prior is DEFAULT_PRIOR and effects.measure == "MD" else prior
    alone = str(formula).replace(" ", "") in ("~1", "1")
    return Options(
        column,
        within,
        as_number(rho),
        share,
        how,
        None if alone else str(formula),
        chosen,
    )


def _levels(cluster: object) -> tuple[str, bool]:
    """Return the column of the clusters, and whether effects may vary within them.

    Raises
    ------
    ModelError
        Where `cluster` is neither the name of a column nor such a name with "row_id".
    """
    if is_text(cluster):
        return str(cluster), True
    if isinstance(cluster, tuple) and all(is_text(name) for name in cluster):
        if len(cluster) == 1:
            return str(cluster[0]), False
        if len(cluster) == 2 and cluster[1] == _ROW:
            return str(cluster[0]), True
    raise ModelError(
        "cluster takes the name of one column, such as 'study', or levels as in multilevel(): ('study',)"
        f" for one effect a study, ('study', 'row_id') for effects that differ within one; got {cluster!r}"
    )


def partial_rows(selection: Selection, options: Options) -> PartialRows:
    """Return the rows in use as arrays."""
    kinds = selection.table.loc[selection.used, "kind"].to_numpy()
    exact = kinds == "exact"
    y = selection.values("estimate")
    low, high = (np.where(exact, y, selection.values(name)) for name in ("low", "high"))
    codes, _ = pd.factorize(selection.table.loc[selection.used, options.cluster].astype(str))
    study = np.asarray(codes, dtype=np.intp)
    return PartialRows(
        low=low,
        high=high,
        error=np.sqrt(selection.values("variance")),
        study=study,
        rho=options.rho,
        within=options.within and within_is_bounded(low, high, study),
    )


def base_record(
    effects: Effects, selection: Selection, rows: PartialRows, options: Options, notes: tuple[str, ...]
) -> MetaFit:
    """Return the record with what does not depend on the fit."""
    total, people_notes = people(selection)
    return MetaFit(
        estimate=None,
        std_error=None,
        df=None,
        statistic=None,
        p_value=None,
        conf_low=None,
        conf_high=None,
        tau2=None,
        tau2_low=None,
        tau2_high=None,
        i2=None,
        h2=None,
        q=None,
        q_df=None,
        q_p_value=None,
        pred_low=None,
        pred_high=None,
        k=int(selection.used.sum()),
        n_studies=len(set(selection.studies())),
        n_clusters=rows.clusters,
        n_people=total,
        measure=effects.measure,
        level=options.level,
        method=f"interval likelihood, ML, {options.inference}",
        kinds=selection.kinds(),
        rows=selection.rows(),
        scale=effects.scale,
        display_sign=effects.display_sign,
        notes=(*notes, *people_notes, *assumed_correlation(effects, selection)),
    )
