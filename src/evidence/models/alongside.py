"""The results that stand beside a pooled one: exact rows only, direction only, without inferred rows."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Callable, Sequence
from typing import overload

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from evidence.effects.record import Effects
from evidence.errors import ModelError
from evidence.fit import MetaFit
from evidence.models.rows import is_yes
from evidence.numerics.sign_test import sides

__all__ = ["Alongside", "results_alongside"]

_NUMBERS = (
    *("estimate", "std_error", "df", "statistic", "p_value", "conf_low", "conf_high", "tau2", "tau2_low"),
    *("tau2_high", "i2", "h2", "q", "q_df", "q_p_value", "pred_low", "pred_high", "n_people", "loglik"),
    *("coefficients", "vcov", "qm", "qm_df", "qm_df2", "qm_p_value", "formula", "regression", "per_row"),
    *("variance_components", "posterior", "tau2_reml"),
)


class Alongside(Sequence[tuple[str, MetaFit]]):
    """The results beside a fit, made when they are first looked at: most fits of a simulation never are."""

    def __init__(self, effects: Effects, fit: MetaFit, refit: Callable[[Effects], MetaFit]) -> None:
        """Keep what is needed to make them."""
        self._what = (effects, fit, refit)
        self._found: tuple[tuple[str, MetaFit], ...] | None = None

    def _results(self) -> tuple[tuple[str, MetaFit], ...]:
        if self._found is None:
            self._found = results_alongside(*self._what)
        return self._found

    def __len__(self) -> int:
        """Return how many there are."""
        return len(self._results())

    @overload
    def __getitem__(self, place: int) -> tuple[str, MetaFit]: ...

    @overload
    def __getitem__(self, place: slice) -> tuple[tuple[str, MetaFit], ...]: ...

    def __getitem__(self, place: int | slice) -> tuple[str, MetaFit] | tuple[tuple[str, MetaFit], ...]:
        """Return one of them with its name, or some."""
        return self._results()[place]

    def __repr__(self) -> str:
        """Return them as a tuple prints."""
        return repr(self._results())


def results_alongside(
    effects: Effects, fit: MetaFit, refit: Callable[[Effects], MetaFit]
) -> tuple[tuple[str, MetaFit], ...]:
    """Return the results that belong beside a result of `pool_partial`, always by the same names.

    Parameters
    ----------
    effects : Effects
        The rows given.
    fit : MetaFit
        The result of all rows.
    refit : callable
        Fits the same model, with the same options, to other rows.

    Returns
    -------
    tuple of (str, MetaFit)
        "exact rows only" and "direction only" always, "without inferred rows" where a row in use is
        inferred. Where there is nothing to pool the result has no rows in use (``k = 0``), no number, and
        says why in its sentence.
    """
    used = fit.rows["used"].to_numpy(dtype=bool)
    exact = used & fit.rows["kind"].eq("exact").to_numpy()
    inferred = used & fit.rows["inferred"].map(is_yes).to_numpy(dtype=bool)

    def result(part: Effects, nothing: str) -> MetaFit:
        if not len(part):
            return _empty(fit, nothing)
        try:
            return refit(part)
        except ModelError as problem:  # these rows alone cannot answer; all rows together did
            return _empty(fit, f"Not pooled: {problem}.")

    alone = fit if exact[used].all() else result(_kept(effects, exact), "No row in use is exact.")
    found = [
        ("exact rows only", alone),
        ("direction only", result(_directions(effects, fit), "No row in use tells a direction.")),
    ]
    if inferred.any():
        rest = result(_kept(effects, used & ~inferred), "Every row in use rests on an inference.")
        found.append(("without inferred rows", rest))
    return tuple(found)


def _empty(fit: MetaFit, why: str) -> MetaFit:
    """Return a result without rows in use, which says why."""
    rows = fit.rows.assign(weight=math.nan, contribution=math.nan)
    rows["why_not"] = rows["why_not"].mask(rows["used"].astype(bool), why.rstrip("."))
    rows["used"] = False
    return dataclasses.replace(
        fit,
        **dict.fromkeys(_NUMBERS),  # type: ignore[arg-type]
        k=0,
        n_studies=0,
        n_clusters=0,
        rows=rows,
        bound="none",
        method="nothing to pool",
        notes=(why,),
        methods_used=(),
    )


def _kept(effects: Effects, keep: NDArray[np.bool_]) -> Effects:
    return dataclasses.replace(effects, table=effects.table.loc[keep].copy())


def _directions(effects: Effects, fit: MetaFit) -> Effects:
    """Return the rows in use that lie to one side of zero, each reduced to that side."""
    table = effects.table
    estimate, low, high = (fit.rows[name].to_numpy(dtype=float) for name in ("estimate", "low", "high"))
    told = pd.to_numeric(table["sign"]).to_numpy(dtype=float) if "sign" in table.columns else None
    side = sides(estimate, low, high, told)
    keep = fit.rows["used"].to_numpy(dtype=bool) & (side != 0.0)
    up = side[keep] > 0
    out = _kept(effects, keep)
    out.table["kind"] = "sign"
    out.table["estimate"] = math.nan
    out.table["low"] = np.where(up, 0.0, -math.inf)
    out.table["high"] = np.where(up, math.inf, 0.0)
    return out
