"""Many syntheses at once: one line of a table for each group of effects."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from concurrent.futures import Executor

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from evidence._check import check_level, one_of
from evidence._work import check_executor
from evidence.effects.record import KINDS, Effects
from evidence.errors import ModelError
from evidence.models.choices import IDENTICAL, NARROW
from evidence.models.exact import SINGLE
from evidence.models.rows import ASSUMED, assumed_note, check_effects
from evidence.numerics.batch import fit_groups
from evidence.numerics.batch_inference import BatchFit
from evidence.numerics.intervals import quantile
from evidence.numerics.tau2 import TAU2
from evidence.numerics.wls import Vector

__all__ = ["BATCH_COLUMNS", "batch"]

BATCH_COLUMNS = (
    "k",
    "estimate",
    "std_error",
    "df",
    "statistic",
    "p_value",
    "conf_low",
    "conf_high",
    "tau2",
    "tau2_low",
    "tau2_high",
    "i2",
    "h2",
    "q",
    "q_df",
    "q_p_value",
    "pred_low",
    "pred_high",
    "rows_left_out",
    "note",
)
"""Columns of the result, after those of `by`."""

_WALD = ("z", "t", "HKSJ", "mHKSJ")
_EMPTY = "The Q-profile interval of tau² is empty, printed as 0 to 0."


def batch(
    effects: Effects,
    *,
    by: str | Sequence[str],
    tau2: str = "REML",
    inference: str = "HKSJ",
    level: float = 0.95,
    executor: Executor | None = None,
) -> pd.DataFrame:
    """Fit a random-effects model to each group of effects, thousands a second.

    Parameters
    ----------
    effects : Effects
        The rows; only exact ones are used, within a group at most one a study.
    by : str or sequence of str
        Columns of ``effects.table`` whose values make the groups.
    tau2 : {"DL", "HE", "HS", "HSk", "SJ", "PM", "ML", "REML", "EB"}, default "REML"
        Estimator of the between-study variance, as in `random_effects`.
    inference : {"z", "t", "HKSJ", "mHKSJ"}, default "HKSJ"
        How the mean's interval is made, as in `random_effects`.
    level : float, default 0.95
        Level of the intervals.
    executor : concurrent.futures.Executor, optional
        Workers: a process pool, or what Dask's ``Client.get_executor()`` returns. The pieces of work do not
        depend on how many workers there are, and neither does a single bit of the result.

    Returns
    -------
    DataFrame
        One line a group, in order of appearance: the columns of `by`, then `BATCH_COLUMNS`, on the model
        scale; the numbers are those of `random_effects` on the group alone. A group that cannot be
        fitted has empty cells and its reason in ``note``; the others are not affected. One effect
        gives its own normal interval and no heterogeneity. ``df`` is empty under the normal.

    Raises
    ------
    ModelError
        Where an argument is not known, or there are no rows.

    Examples
    --------
    >>> import evidence as ev
    >>> outcome = ["jump", "jump", "jump", "run"]
    >>> effects = ev.effects_from([0.1, 0.5, 0.9, 0.2], variance=0.03, outcome=outcome)
    >>> ev.batch(effects, by="outcome")[["outcome", "k", "estimate"]].round(3).to_dict("list")
    {'outcome': ['jump', 'run'], 'k': [3, 1], 'estimate': [0.5, 0.2]}
    """
    check_effects(effects)
    level = check_level(level)
    estimator, inference = one_of("tau2", tau2, TAU2), one_of("inference", inference, _WALD)
    names = _listed(by)
    check_executor(executor)
    table = effects.table.reset_index(drop=True)
    if not names or not len(table):
        raise ModelError("batch() needs rows, and in by= at least one column that makes the groups")
    for name in names:
        one_of("by", name, [str(column) for column in table.columns])
    codes = table.groupby(names, sort=False, dropna=False).ngroup().to_numpy().astype(np.intp)
    count = int(codes.max()) + 1
    exact = _exact(table)
    refused = _refused(table, codes, exact)
    # A refused group has no rows to fit; its reason replaces "it has no effect".
    use = exact & ~np.isin(codes, np.array(sorted(refused), dtype=np.intp))
    v = _numbers(table, "variance")[use]
    fit = fit_groups(
        _numbers(table, "estimate")[use],
        v,
        codes[use],
        count=count,
        tau2=estimator,
        inference=inference,
        level=level,
        interval=True,
        each=None if executor is None else executor.map,
    )
    out = table.loc[:, names].drop_duplicates(ignore_index=True)
    for name, column in _columns(fit).items():
        out[name] = column
    out["rows_left_out"] = np.bincount(codes, minlength=count) - fit.k
    narrow = _narrow(fit, v, codes[use], level) if inference == "HKSJ" else np.zeros(count, np.bool_)
    out["note"] = _notes(fit, refused, narrow, _assuming(effects, table.loc[use], codes[use]))
    return out.loc[:, [*names, *BATCH_COLUMNS]]


def _listed(by: object) -> list[str]:
    if isinstance(by, str):
        return [by]
    if not isinstance(by, Iterable):
        raise ModelError(f"by takes the names of columns, such as 'outcome'; got {by!r}")
    return list(by)


def _numbers(table: pd.DataFrame, name: str) -> Vector:
    try:
        return pd.to_numeric(table[name]).to_numpy(dtype=np.float64, na_value=np.nan)
    except (TypeError, ValueError) as problem:
        raise ModelError(f"column {name!r} of the effects must hold numbers; {problem}") from problem


def _narrow(fit: BatchFit, v: Vector, codes: NDArray[np.intp], level: float) -> NDArray[np.bool_]:
    """Tell which groups have an HKSJ interval that is narrower than the model's own normal one."""
    with np.errstate(all="ignore"):
        total = np.bincount(codes, 1.0 / (v + fit.tau2[codes]), minlength=fit.k.size)
        error = 1.0 / np.sqrt(total)
        narrow = (fit.std_error < error) & (fit.high - fit.low < 2.0 * quantile(level, None) * error)
    return np.asarray(narrow & (fit.k > 1), dtype=np.bool_)


def _assuming(effects: Effects, table: pd.DataFrame, codes: NDArray[np.intp]) -> dict[int, str]:
    """Return the note of each group with a row in use (`table`, `codes`) that assumes a correlation."""
    if effects.correlation is None or "assumptions" not in table.columns:
        return {}
    assumed = table["assumptions"].astype(str).str.contains(ASSUMED, regex=True).to_numpy(dtype=bool)
    return dict.fromkeys(np.unique(codes[assumed]).tolist(), assumed_note(effects.correlation))


def _exact(table: pd.DataFrame) -> NDArray[np.bool_]:
    """Tell which rows enter: exact effects at the main time point."""
    exact = table["kind"].eq("exact").to_numpy(dtype=bool, copy=True)
    if "main" in table.columns:
        exact &= ~table["main"].isin([False, 0]).to_numpy(dtype=bool)
    return exact


def _refused(table: pd.DataFrame, codes: NDArray[np.intp], exact: NDArray[np.bool_]) -> dict[int, str]:
    """Return the groups whose rows may not be pooled together, each with the reason that comes first."""
    out: dict[int, str] = {}

    def refuse(rows: NDArray[np.bool_], reason: str, name: str | None = None) -> None:
        for at in np.flatnonzero(rows):
            said = reason if name is None else f"{reason}: {table[name].iloc[at]}"
            out.setdefault(int(codes[at]), said)

    unknown = ~table["kind"].isin(KINDS).to_numpy(dtype=bool)
    refuse(unknown, f"kind must be one of {', '.join(KINDS)}", "row_id")
    if "level" in table.columns:
        pooled = table["level"].astype(str).eq("pooled").to_numpy(dtype=bool)
        refuse(pooled, "results of reviews are never pooled again", "row_id")
    if "measure" in table.columns:
        first = table["measure"].groupby(codes).transform("first")
        mixed = (table["measure"].notna() & table["measure"].ne(first)).to_numpy(dtype=bool)
        refuse(mixed, "effects in several measures are never pooled together", "measure")
    repeated = np.zeros(len(table), np.bool_)
    rows = pd.DataFrame({"code": codes[exact], "study": table["study"].to_numpy()[exact]})
    repeated[exact] = rows.duplicated().to_numpy()
    refuse(repeated, "several exact rows of one study are not independent", "study")
    y, v = _numbers(table, "estimate"), _numbers(table, "variance")
    refuse(exact & ~np.isfinite(y), "an effect is a finite number, which it is not in row", "row_id")
    refuse(exact & ~((v > 0.0) & (v < np.inf)), "a variance is positive and finite, unlike in row", "row_id")
    return out


def _columns(fit: BatchFit) -> dict[str, NDArray[np.generic]]:
    """Return the number columns under their public names."""
    columns: dict[str, NDArray[np.generic]] = {
        name: getattr(fit, name) for name in BATCH_COLUMNS if hasattr(fit, name)
    }
    columns["conf_low"], columns["conf_high"] = fit.low, fit.high
    columns["df"] = np.where(np.isfinite(fit.df), fit.df, np.nan)
    columns["q_df"] = np.where(np.isnan(fit.q), np.nan, fit.k - 1.0)
    return columns


def _notes(
    fit: BatchFit,
    refused: Mapping[int, str],
    narrow: NDArray[np.bool_],
    assuming: Mapping[int, str],
) -> list[str]:
    """Return what a reader of each line must know."""
    notes = []
    for at, failure in enumerate(fit.failure):
        if at in refused:
            notes.append(refused[at])
        elif failure:
            notes.append("none of the rows is an exact effect" if fit.k[at] == 0 else str(failure))
        elif fit.k[at] == 1:
            notes.append(f"{SINGLE} {assuming.get(at, '')}".strip())
        else:
            said = (
                IDENTICAL if fit.identical[at] else NARROW if narrow[at] else "",
                _EMPTY if fit.empty[at] else "",
                assuming.get(at, ""),
            )
            notes.append(" ".join(filter(None, said)))
    return notes
