"""One study with several effects: printed, not pooled."""

from __future__ import annotations

import math

import numpy as np

from evidence.effects.record import Effects
from evidence.fit import MetaFit
from evidence.models.choices import left_out
from evidence.models.exact import SINGLE, common_effect
from evidence.models.levels import Grouping
from evidence.models.rows import Selection, assumed_correlation, people
from evidence.models.sampling import Known, resolve_sampling, sampling_notes
from evidence.numerics.blocks import Levels, arrange
from evidence.numerics.intervals import quantile, two_sided_p

__all__ = ["one_study"]


def one_study(
    effects: Effects, selection: Selection, grouping: Grouping, given: float | Known, level: float
) -> MetaFit:
    """Return the mean of one study's effects under their sampling covariance: no variance is estimated."""
    y, v = selection.values("estimate"), selection.values("variance")
    if y.size == 1:
        return common_effect(effects, level=level)
    names = selection.names()
    rho, blocks = resolve_sampling(grouping, given, names, v)
    structure = arrange(v, grouping.codes[0], Levels(grouping.codes[:1]), rho=rho, blocks=blocks)
    clusters, rows = next(structure.stacks())
    weight = np.linalg.solve(structure.sampling(clusters, rows)[0], np.ones(y.size))
    total = float(weight.sum())
    estimate, error = float(weight @ y[structure.order]) / total, 1.0 / math.sqrt(total)
    half = quantile(level, None) * error
    share = np.empty(y.size)
    share[structure.order] = 100.0 * weight / total
    total_people, notes = people(selection)
    return MetaFit(
        estimate=estimate,
        std_error=error,
        df=None,
        statistic=estimate / error,
        p_value=two_sided_p(estimate / error, None),
        conf_low=estimate - half,
        conf_high=estimate + half,
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
        k=y.size,
        n_studies=len(set(selection.studies())),
        n_clusters=grouping.clusters,
        n_people=total_people,
        measure=effects.measure,
        level=level,
        method="one study, not pooled",
        kinds=selection.kinds(),
        rows=selection.rows(weight=share, contribution=share.copy()),
        scale=effects.scale,
        display_sign=effects.display_sign,
        notes=(
            SINGLE,
            *sampling_notes(grouping, given, y.size),
            *left_out(selection),
            *notes,
            *assumed_correlation(effects, selection),
        ),
        methods_used=("cochran1954",),
    )
