"""Leave one out: what the result would be without each study."""

from __future__ import annotations

from collections.abc import Hashable
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from evidence._check import one_of
from evidence.effects.record import Effects
from evidence.errors import ModelError
from evidence.fit import MetaFit
from evidence.fit.plain import plain
from evidence.models import random_effects
from evidence.numerics.deletion import leave_out
from evidence.synthesis.refits import effects_of, verb_of
from evidence.synthesis.sensitivity_data import (
    FEWEST,
    Model,
    exact_rows,
    fit_lines,
    full_fit,
    html_page,
    interval_words,
    named,
    refit_lines,
    scale_note,
    shown,
    side,
)

__all__ = ["LeaveOneOut", "leave_one_out"]


_COLUMNS = {"label": "without", "n_studies": "studies left", "estimate": "estimate"}
_COLUMNS |= {"conf_low": "low", "conf_high": "high", "tau2": "tau²", "i2": "I² (%)", "q": "Q"}
_COLUMNS |= {"change": "change", "note": "note"}


@dataclass(frozen=True, repr=False)
class LeaveOneOut:
    """The result without each row, study or group.

    Attributes
    ----------
    table : DataFrame
        One line for each that is left out, in order of appearance: ``left_out``, ``label``, ``k`` and
        ``n_studies`` (what is left), ``estimate``, ``std_error``, ``conf_low``, ``conf_high``, ``p_value``,
        ``tau2``, ``i2``, ``q``, ``q_p_value``, ``change`` (of the estimate, against all) and ``note``.
        On the model scale; numbers that do not exist are NaN, and ``note`` says why.
    fit : MetaFit
        The result with all.
    by : str
        The column whose values are left out.
    notes : tuple of str
        What a reader must know.
    """

    table: pd.DataFrame
    fit: MetaFit
    by: str
    notes: tuple[str, ...]

    def __len__(self) -> int:
        """Return the number of deletions."""
        return len(self.table)

    def sentence(self) -> str:
        """Return the range of the results, how many keep their side of zero, and a warning where few."""
        told = self.table.loc[np.isfinite(self.table["estimate"])]
        if not len(told) or self.fit.estimate is None:
            return "Without one at a time there is no finite estimate to compare; the table says why."
        names = ("estimate", "conf_low", "conf_high")
        every: dict[Hashable, float] = {name: float(getattr(self.fit, name)) for name in names}
        extremes = [told["estimate"].idxmin(), told["estimate"].idxmax()]
        if self.fit.scale == "log" and self.fit.display_sign < 0:
            extremes.reverse()  # the lower printed ratio first
        lowest, highest = (told.loc[at] for at in extremes)
        low, high = shown(self.fit, lowest["estimate"], highest["estimate"])
        kept = sum(side(line) == side(every) for line in told.to_dict("records"))
        where = "stays on its side of zero" if side(every) else "holds zero"
        if self.fit.scale == "log":
            where = where.replace("zero", "1")
        n = self.fit.n_studies
        full = f"With {_all(n)} the estimate is {named(self.fit)}{interval_words(self.fit, *every.values())}"
        kept_words = (
            f"The {100 * self.fit.level:g} % interval {where} in {kept} of {len(self.table)}.{_few(n)}"
        )
        if n == 2 and (told["n_studies"] == 1).all():
            kept_words = f"One study is left each time, so that nothing is pooled.{_few(n)}"
        if np.ptp(told["estimate"]) <= 1e-12 * abs(every["estimate"]):
            return f"{full}, the same without any one. {kept_words}"
        return (
            f"{full}; without one at a time it lies between {low} (without {lowest['label']}) and {high}"
            f" (without {highest['label']}). {kept_words}"
        )

    def __repr__(self) -> str:
        """Return the sentence and the lines of its page."""
        return plain(self, self.sentence(), self.table, _COLUMNS)

    def _repr_html_(self) -> str:
        """Return the sentence, one line for each deletion, and the notes."""
        return html_page("leave-one-out", self.sentence(), self.table, _COLUMNS, self.notes)


def _all(studies: int) -> str:
    return {1: "the one study", 2: "both studies"}.get(studies, f"all {studies} studies")


def _few(studies: int) -> str:
    if studies >= FEWEST:
        return ""
    return f" With fewer than {FEWEST} studies this is arithmetic, not a test of robustness."


def leave_one_out(
    data: Effects | MetaFit, *, by: str = "row_id", model: Model = random_effects
) -> LeaveOneOut:
    """Show the result without each row, each study, or each group of rows.

    Parameters
    ----------
    data : Effects or MetaFit
        Effects, which `model` pools; or a fit of a mean by any model, whose own choices are kept.
    by : str, default "row_id"
        What is left out at a time: ``"row_id"``, ``"study"`` (all rows of a study), or another column.
    model : callable, default random_effects
        Takes effects, returns a `MetaFit`; any model will do, also `pool_partial` and `multilevel`. Options
        by a lambda: ``model=lambda rows: random_effects(rows, tau2="PM")``. Means of one exact row a study
        are fitted as one array program; other models anew each time.

    Returns
    -------
    LeaveOneOut
        tau² is estimated anew each time. Not to be read with fewer than 5 studies: the sentence says so.

    Raises
    ------
    ModelError
        Where `by` is no column, there is only one row or group, or a fit does not tell how it was made
        (`multivariate`, a known sampling covariance): then pass its effects, and the model.

    References
    ----------
    Viechtbauer W, Cheung MW-L. Outlier and influence diagnostics for meta-analysis. Res Synth Methods
    2010;1(2):112-125. https://doi.org/10.1002/jrsm.11

    Examples
    --------
    >>> import evidence as ev
    >>> effects = ev.effects_from([0.1, 0.2, 0.3, 0.9], variance=0.04)
    >>> ev.leave_one_out(effects).table["estimate"].round(3).tolist()
    [0.467, 0.433, 0.4, 0.2]
    """
    fit = full_fit(data, model, "leave_one_out")
    used = fit.rows["used"].to_numpy(dtype=bool)
    rows = data.table if isinstance(data, Effects) else fit.rows
    one_of("by", by, [str(name) for name in rows.columns])
    keys = rows[by].reset_index(drop=True)
    if keys[used].isna().any():
        raise ModelError(f"column {by!r} is empty in some rows in use, which cannot be left out by it")
    codes, values = pd.factorize(keys[used])
    if len(values) < 2:
        raise ModelError(f"leaving out the only {by} ({values[0] if len(values) else 'none'}) leaves nothing")
    exact = exact_rows(fit)
    if exact is not None:
        table = fit_lines(leave_out(exact.y, exact.v, codes.astype(np.intp), **exact.options)).iloc[1:]
    else:
        given, again = (data, model) if isinstance(data, Effects) else (effects_of(fit), verb_of(fit))
        sets = [replace(given, table=given.table.loc[(keys != value).to_numpy()]) for value in values]
        table = refit_lines(again, sets)
    table = table.reset_index(drop=True)
    table.insert(0, "left_out", [str(value) for value in values])
    table.insert(1, "label", _labels(rows, used, codes, by, [str(value) for value in values]))
    change = table["estimate"] - (np.nan if fit.estimate is None else fit.estimate)
    table.insert(table.columns.get_loc("note"), "change", change)  # type: ignore[arg-type]
    return LeaveOneOut(table, fit, by, _notes(fit, len(values)))


def _labels(
    rows: pd.DataFrame, used: NDArray[np.bool_], codes: NDArray[np.intp], by: str, values: list[str]
) -> list[str]:
    """Return the label of a row or study, and the value itself for other groups."""
    if by not in ("row_id", "study"):
        return values
    labels = rows["label"].to_numpy(dtype=object)[used]
    first = [str(labels[at]) for at in np.unique(codes, return_index=True)[1].tolist()]
    return first if len(set(first)) == len(first) else values


def _notes(fit: MetaFit, groups: int) -> tuple[str, ...]:
    notes = [
        f"{fit.method}; tau² is estimated anew without each." if fit.method[:6] != "common" else fit.method
    ]
    notes.append(
        f"Not to be read with fewer than {FEWEST} studies: what is left then hardly tells tau²"
        f" ({fit.n_studies} studies here, {groups} deletions)."
    )
    notes.append("A result that hangs on one study is a reason to look at that study, not to leave it out.")
    return (*notes, *scale_note(fit))
