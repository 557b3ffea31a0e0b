"""The test that groups of rows have the same mean although studies appear in several of them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import pandas as pd

from evidence.effects.record import Effects
from evidence.models.partial_moderators import refuse_unbounded
from evidence.models.partial_rows import Options, partial_rows
from evidence.models.rows import select
from evidence.numerics.partial_general import RatioTest, likelihood_ratio, maximum_loglik

__all__ = ["shared_group_test"]


def shared_group_test(
    effects: Effects, by: str, groups: Sequence[str], *, partial: bool, rho: float = 0.6
) -> RatioTest:
    """Test whether groups have equal means, by one likelihood for all their rows.

    One model holds all groups: a mean for each, a random effect of the study that its groups share, another
    of each row (where the rows can tell), and sampling errors that correlate rho within a study. Against it
    stands the same model with one mean. Studies that report the same people count as one.

    Parameters
    ----------
    effects : Effects
        The rows.
    by : str
        Column that makes the groups.
    groups : sequence of str
        Groups that take part.
    partial : bool
        Whether interval and direction-only rows take part, as in `pool_partial`, or exact rows alone.
    rho : float
        Correlation of the sampling errors of rows on the same people.

    Returns
    -------
    RatioTest
        Chi-squared with groups - 1 df. (Calibrated by t as one mean is, the test would be far too careful:
        most of what it tells comes from comparisons within studies; docs/statistics.md.)

    Raises
    ------
    ModelError
        Where a group's mean has no finite estimate in the common model.
    """
    values = effects.table[by].astype(str)
    part = replace(effects, table=effects.table.loc[values.isin(list(groups))].copy())
    one_name = {second: first for first, second in effects.overlaps}
    part.table["study"] = [one_name.get(str(name), str(name)) for name in part.table["study"]]
    selection = select(part, partial=partial)
    options = Options("study", True, rho, 0.95, "profile", None, None)
    rows = partial_rows(selection, options)
    codes, names = pd.factorize(selection.table.loc[selection.used, by].astype(str))
    x = np.eye(len(names))[codes]
    refuse_unbounded(rows, x, tuple(map(str, names)))
    arguments = (rows.low, rows.high, rows.error, rows.study)
    full = maximum_loglik(*arguments, x, rho, within=rows.within)
    plain = maximum_loglik(*arguments, np.ones((codes.size, 1)), rho, within=rows.within)
    return likelihood_ratio(full, plain, len(names) - 1, rows.clusters, len(names), calibrated=False)
