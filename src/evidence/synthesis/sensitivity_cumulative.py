"""Cumulative synthesis: the result as studies came in, by year, size, precision or any column."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from evidence._check import one_of
from evidence.effects.record import Effects
from evidence.errors import ModelError
from evidence.fit import MetaFit
from evidence.fit.plain import plain
from evidence.models import check_effects, random_effects
from evidence.numerics.deletion import cumulate
from evidence.synthesis.sensitivity_data import (
    FEWEST,
    Model,
    exact_rows,
    fit_lines,
    html_page,
    interval_words,
    named,
    refit,
    refit_lines,
    scale_note,
    side,
)

__all__ = ["Cumulative", "cumulative"]

_ORDERS = {"year": "earliest first", "size": "largest first", "precision": "most precise first"}


@dataclass(frozen=True, repr=False)
class Cumulative:
    """The result after each study.

    Attributes
    ----------
    table : DataFrame
        One line a study, in order: ``added``, ``label``, ``order`` (year, people, variance or the column's
        value), ``k`` and ``n_studies`` (so far), ``estimate``, ``std_error``, ``conf_low``, ``conf_high``,
        ``p_value``, ``tau2``, ``i2``, ``q``, ``q_p_value`` and ``note``. On the model scale.
    fit : MetaFit
        The result with all, which is the last line's.
    by : str
        What orders the studies.
    notes : tuple of str
        What a reader must know.
    """

    table: pd.DataFrame
    fit: MetaFit
    by: str
    notes: tuple[str, ...]

    def __len__(self) -> int:
        """Return the number of studies."""
        return len(self.table)

    def sentence(self) -> str:
        """Return where the result began and ended, and since when its interval has kept its side of zero."""
        lines = self.table.to_dict("records")
        last = lines[-1]
        few = "" if len(lines) >= FEWEST else f" With fewer than {FEWEST} studies this shows no trend."
        if len(lines) == 1:
            return "One study gives no course over studies."
        told = [line for line in lines if np.isfinite(line["estimate"])]
        if not told:
            return f"No step gives a finite estimate; the table says why.{few}"
        words = [
            interval_words(self.fit, *(line[name] for name in ("estimate", "conf_low", "conf_high")))
            for line in (told[0], told[-1])
        ]
        start = f"{told[0]['n_studies']:.0f} {'study' if told[0]['n_studies'] == 1 else 'studies'}"
        said = f"By {self.by}, the estimate goes from {named(self.fit)}{words[0]} with {start} to {words[1]}"
        said = f"{said} with all {len(lines)}."
        zero = "1" if self.fit.scale == "log" else "zero"
        if not side(last):
            return f"{said} The interval with all of them holds {zero}.{few}"
        since = len(lines)
        while since > 1 and side(lines[since - 2]) == side(last):
            since -= 1
        name = lines[since - 1]["label"]
        return f"{said} The interval has excluded {zero} since {name} (study {since}).{few}"

    def _page(self) -> tuple[pd.DataFrame, dict[str, str]]:
        """Return what is shown of the table, with its heads."""
        columns = {"label": "added", "order": self.by, "n_studies": "studies", "estimate": "estimate"}
        columns |= {"conf_low": "low", "conf_high": "high", "tau2": "tau²", "i2": "I² (%)", "note": "note"}
        return self.table.assign(order=self.table["order"].map(_place)), columns

    def __repr__(self) -> str:
        """Return the sentence and one line a study."""
        return plain(self, self.sentence(), *self._page())

    def _repr_html_(self) -> str:
        """Return the sentence, one line a study, and the notes."""
        return html_page("cumulative", self.sentence(), *self._page(), self.notes)


def _place(value: object) -> str:
    if isinstance(value, float):
        return "" if np.isnan(value) else f"{value:.6g}"
    return str(value)


def cumulative(effects: Effects, *, by: str = "year", model: Model = random_effects) -> Cumulative:
    """Pool the first study, the first two, and so on.

    Parameters
    ----------
    effects : Effects
        The rows.
    by : str, default "year"
        ``"year"`` (a column of that name, or the study table's), ``"size"`` (people, largest first),
        ``"precision"`` (variance, smallest first), or a column, in ascending order. Ties keep the order of
        the rows; studies that do not say come last.
    model : callable, default random_effects
        Takes effects, returns a `MetaFit`; see `leave_one_out`. Models of several rows a study take a study's
        rows all at once.

    Returns
    -------
    Cumulative
        Not to be read with fewer than 5 studies: the sentence says so. The intervals are those of one look
        each, and not corrected for looking again and again.

    Raises
    ------
    ModelError
        Where nothing tells the order, or the model refuses the whole.

    References
    ----------
    Lau J, Antman EM, Jimenez-Silva J, Kupelnick B, Mosteller F, Chalmers TC. Cumulative meta-analysis of
    therapeutic trials for myocardial infarction. N Engl J Med 1992;327(4):248-254.
    https://doi.org/10.1056/NEJM199207233270406

    Examples
    --------
    >>> import evidence as ev
    >>> effects = ev.effects_from([0.9, 0.1, 0.2], variance=0.04, year=[2001, 1995, 1998])
    >>> ev.cumulative(effects, model=ev.common_effect).table["estimate"].round(3).tolist()
    [0.1, 0.15, 0.4]
    """
    check_effects(effects)
    fit = refit(model, effects)
    used = fit.rows["used"].to_numpy(dtype=bool)
    studies = fit.rows["study"].to_numpy(dtype=object)
    keys = _keys(effects, fit, by)
    values = pd.Series(keys.to_numpy()[used], index=studies[used]).groupby(level=0, sort=False)
    # A study is placed by its largest row for size, otherwise by its first in the order.
    first: pd.Series[Any] = values.max() if by == "size" else values.min()
    ordered = first.sort_values(ascending=by != "size", kind="stable", na_position="last")
    labels = dict(zip(studies[used][::-1], fit.rows["label"].to_numpy(dtype=object)[used][::-1], strict=True))
    exact = exact_rows(fit)
    if exact is not None:
        place = {study: at for at, study in enumerate(studies[used])}
        rows = np.array([place[study] for study in ordered.index], dtype=np.intp)
        table = fit_lines(cumulate(exact.y[rows], exact.v[rows], **exact.options))
    else:
        names = list(ordered.index)
        sets = [_of(effects, studies, names[: end + 1]) for end in range(len(names))]
        table = refit_lines(model, sets)
    shown = [str(labels[study]) for study in ordered.index]
    table.insert(0, "added", [str(study) for study in ordered.index])
    table.insert(1, "label", shown if len(set(shown)) == len(shown) else table["added"])
    table.insert(2, "order", ordered.to_numpy())
    return Cumulative(table, fit, by, _notes(fit, by, ordered))


def _of(effects: Effects, studies: NDArray[Any], names: list[Any]) -> Effects:
    return replace(effects, table=effects.table.loc[pd.Series(studies).isin(names).to_numpy()])


def _keys(effects: Effects, fit: MetaFit, by: str) -> pd.Series[Any]:
    """Return what orders the rows, one entry for each row given.

    Raises
    ------
    ModelError
        Where there is no such column, or it says nothing.
    """
    given = effects.table.reset_index(drop=True)
    if by == "precision":
        keys = fit.rows["std_error"].astype(float) ** 2
    elif by == "size":
        keys = fit.rows["people"]
    elif by == "year" and "year" not in given.columns:
        keys = _years(effects, given)
    else:
        keys = given[one_of("by", by, [*_ORDERS, *map(str, given.columns)])]
    keys = keys.reset_index(drop=True)
    if keys.isna().all():
        raise ModelError(f"no row tells its {by}: give it as a column, such as effects_from(..., {by}=[...])")
    numbers = pd.to_numeric(keys, errors="coerce")
    if numbers.isna().equals(keys.isna()):
        return numbers.astype(float)
    return keys.where(keys.isna(), keys.astype(str))


def _years(effects: Effects, given: pd.DataFrame) -> pd.Series[Any]:
    """Return each row's year from the study table that the effects were made from."""
    origin = effects._origin
    info = None if origin is None else origin.studies.info
    if info is None or "year" not in info.columns:
        return pd.Series(np.full(len(given), np.nan))
    return given["study"].map(info.drop_duplicates("study").set_index("study")["year"])


def _notes(fit: MetaFit, by: str, ordered: pd.Series[Any]) -> tuple[str, ...]:
    notes = [f"{fit.method}; in order of {by}, {_ORDERS.get(by, 'ascending')}."]
    notes.append("Each interval is that of a single look; looking again and again finds something too often.")
    notes.append(f"Not to be read with fewer than {FEWEST} studies ({fit.n_studies} here).")
    silent = [str(study) for study in ordered.index[ordered.isna()]]
    if silent:
        verb = "does not tell its" if len(silent) == 1 else "do not tell their"
        notes.append(f"{', '.join(silent[:8])}{' and more' if len(silent) > 8 else ''} {verb} {by}: last.")
    if ordered.dropna().duplicated().any():
        notes.append(f"Studies of the same {by} are in the order of their rows.")
    return (*notes, *scale_note(fit))
