"""The same model in each group of rows, side by side: the six domains, the comparators."""

from __future__ import annotations

import html
import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace

import numpy as np
import pandas as pd
from scipy import special

from evidence._check import is_text, nearest
from evidence.effects.record import Effects
from evidence.errors import ModelError
from evidence.fit import MetaFit
from evidence.fit.numbers import decimals, number, p_value
from evidence.fit.plain import plain
from evidence.fit.sentences import limit_text
from evidence.models import check_effects, pool_partial
from evidence.models.partial_groups import shared_group_test

__all__ = ["Comparison", "GroupTest", "compare"]

Model = Callable[[Effects], MetaFit]


ROW_COUNTS = ("exact", "interval", "sign", "left_out")
"""What the columns ``rows_...`` of a comparison count: rows in use by kind, and rows left out."""


@dataclass(frozen=True, repr=False)
class GroupTest:
    """A test that the means of several groups are equal.

    Attributes
    ----------
    statistic : float
        Wald's: weighted sum of squared differences of the group means from their common mean. Where studies
        appear in several groups: the likelihood ratio of one model for all groups against one mean.
    df : int
        Groups minus one.
    p_value : float
        From the chi-squared distribution.
    groups : tuple of str
        Groups that take part: those with an estimate from at least two studies.
    method : str
        ``"Wald"`` or ``"likelihood ratio"``.
    """

    statistic: float
    df: int
    p_value: float
    groups: tuple[str, ...]
    method: str = "Wald"

    def sentence(self) -> str:
        """Return the test in a line."""
        p = p_value(self.p_value)
        told = f"χ²({self.df}) = {number(self.statistic)}, p {p if p.startswith('<') else f'= {p}'}"
        return f"Equal means ({self.method}): {told}"

    def __repr__(self) -> str:
        """Return the test in a line."""
        return plain(self, self.sentence())


@dataclass(frozen=True, repr=False)
class Comparison:
    """One fit a group, in the order of first appearance (or as given).

    Attributes
    ----------
    fits : mapping of str to MetaFit
        Results by group; groups that could not be pooled are missing here and explained in `table`.
    table : DataFrame
        One line a group, also for groups without a result.
    test : GroupTest or None
        Joint test of equal means, which allows for studies that appear in several groups; None with the
        reason in `notes` where there is none.
    by : str
        The column.
    measure : str
        Code of the measure.
    level : float or None
        Level of the intervals; None where no group gave a result.
    failures : mapping of str to str
        Why a group has no result.
    notes : tuple of str
        What a reader must know.
    """

    fits: Mapping[str, MetaFit]
    table: pd.DataFrame
    test: GroupTest | None
    by: str
    measure: str
    level: float | None
    failures: Mapping[str, str] = field(default_factory=dict)
    notes: tuple[str, ...] = field(default=())

    def __len__(self) -> int:
        """Return the number of groups."""
        return len(self.table)

    def sentence(self) -> str:
        """Return how many groups have a result, and whether their means differ."""
        groups = f"{len(self)} {'group' if len(self) == 1 else 'groups'} by {self.by}"
        test = "no test of equal means" if self.test is None else self.test.sentence()
        return f"{self.measure} in {groups}, {len(self.fits)} with a result. {test[:1].upper()}{test[1:]}."

    def __repr__(self) -> str:
        """Return the sentence and one line a group."""
        names = (self.by, "result", "studies", "people", "rows by kind")
        lines = [self._cells(str(group))[: len(names)] for group in self.table[self.by]]
        return plain(self, self.sentence(), pd.DataFrame(lines, columns=list(names)))

    def _repr_html_(self) -> str:
        """Return one line a group: result, studies, people, rows by kind, sentence."""
        head = (self.by, "result", "studies", "people", "rows by kind", "in words")
        lines = "".join(
            "<tr>" + "".join(f"<td>{html.escape(cell)}</td>" for cell in self._cells(str(group))) + "</tr>"
            for group in self.table[self.by]
        )
        header = "".join(f"<th>{html.escape(name)}</th>" for name in head)
        notes = "".join(f"<li>{html.escape(note)}</li>" for note in self.notes)
        table = f"<table><thead><tr>{header}</tr></thead><tbody>{lines}</tbody></table>"
        if self.test is not None:
            table += f"<p>{html.escape(self.test.sentence())}</p>"
        return f'<div class="evidence-comparison">{table}<ul>{notes}</ul></div>'

    def _cells(self, group: str) -> list[str]:
        line = self.table.loc[self.table[self.by].eq(group)].iloc[0]
        counts = {kind: int(line[f"rows_{kind}"]) for kind in ROW_COUNTS}
        kinds = ", ".join(f"{n} {kind.replace('_', ' ')}" for kind, n in counts.items() if n)
        fit = self.fits.get(group)
        if fit is None:
            return [group, "", "", "", kinds, str(line["sentence"])]
        shown = fit.display
        places = decimals([shown["estimate"], shown["conf_low"], shown["conf_high"]])
        low, high = shown["conf_low"], shown["conf_high"]
        if fit.bound or low is None:
            span = limit_text(fit)
        else:
            span = f"({number(low, places)} to {number(high, places)})"
        result = f"{number(shown['estimate'], places)} {span}".strip()
        known = "" if fit.n_people is None else f"{fit.n_people:.0f}"
        return [group, result, str(fit.n_studies), known, kinds, fit.sentence()]


def compare(
    effects: Effects, *, by: str, model: Model = pool_partial, order: Sequence[str] | None = None
) -> Comparison:
    """Fit one model in each group of rows and put the results side by side.

    Parameters
    ----------
    effects : Effects
        The rows.
    by : str
        Column that makes the groups, such as ``"domain"``.
    model : callable, default pool_partial
        Takes effects, returns a `MetaFit`. Options by a lambda:
        ``model=lambda group: random_effects(group, tau2="PM")``.
    order : list of str, optional
        The groups, in this order; groups without rows are shown as such. Without it, in the order in
        which they first appear.

    Returns
    -------
    Comparison
        A group with one study is printed, not pooled; a group that the model refuses is explained in the
        table and leaves the others alone.

    Raises
    ------
    ModelError
        Where `by` is no column, `model` does not give a `MetaFit`, or `order` is no list of groups.

    Examples
    --------
    >>> import evidence as ev
    >>> domain = ["power", "power", "speed", "speed"]
    >>> effects = ev.effects_from([0.2, 0.4, 0.3, 0.6], variance=0.05, domain=domain)
    >>> ev.compare(effects, by="domain", model=ev.random_effects).table["domain"].tolist()
    ['power', 'speed']
    """
    check_effects(effects)
    _check_arguments(by, model)
    if by not in effects.table.columns:
        close = nearest(by, map(str, effects.table.columns))
        hint = f"; did you mean {close!r}?" if close else ""
        raise ModelError(f"by names a column of the effects; there is no column {by!r}{hint}")
    values = effects.table[by].astype(str)
    groups = list(dict.fromkeys(values)) if order is None else _listed(order)
    fits, failures, lines = {}, {}, []
    for group in groups:
        part = replace(effects, table=effects.table.loc[values.eq(group)])
        if not len(part):
            failures[group] = "No rows."
        else:
            try:
                result = model(part)
            except ModelError as problem:
                failures[group] = f"Not pooled: {problem}"
            else:
                fits[group] = _checked_fit(result)
        lines.append(_line(by, group, part, fits.get(group), failures.get(group, "")))
    table = pd.DataFrame(lines)
    table["bound"] = pd.Series([line["bound"] for line in lines], dtype=object)  # None stays None
    test, notes = _joint_test(effects, by, fits)
    skipped = [group for group in dict.fromkeys(values) if group not in groups]
    if skipped:
        notes = (*notes, f"Groups not asked for: {', '.join(skipped)}.")
    level = next((fit.level for fit in fits.values()), None)
    return Comparison(fits, table, test, by, effects.measure, level, failures, notes)


def _check_arguments(by: object, model: object) -> None:
    """Refuse what names no column and what cannot be called.

    Raises
    ------
    ModelError
        Where one of them is of another type.
    """
    if not is_text(by):
        raise ModelError(f"by takes the name of one column, such as 'domain'; got {by!r}")
    if not callable(model):
        raise ModelError(
            "model takes a function of effects that returns a MetaFit, such as random_effects (its name"
            f" without quotes); got {model!r}"
        )


def _checked_fit(result: object) -> MetaFit:
    if not isinstance(result, MetaFit):
        raise ModelError(f"model must return a MetaFit; it returned {type(result).__name__}")
    return result


def _listed(order: object) -> list[str]:
    if isinstance(order, str) or not isinstance(order, Iterable):
        raise ModelError(f"order takes a list of groups, such as ['power', 'speed']; got {order!r}")
    groups = [str(group) for group in order]
    if not groups or len(set(groups)) < len(groups):
        raise ModelError(f"order names at least one group, and each once; got {order!r}")
    return groups


def _line(by: str, group: str, part: Effects, fit: MetaFit | None, failure: str) -> dict[str, object]:
    names = ("estimate", "conf_low", "conf_high", "pred_low", "pred_high", "tau2")
    line: dict[str, object] = {by: group}
    for name in names:
        value = None if fit is None else getattr(fit, name)
        line[name] = math.nan if value is None else value
    line["n_studies"] = 0 if fit is None else fit.n_studies
    line["n_people"] = math.nan if fit is None or fit.n_people is None else fit.n_people
    line |= {f"rows_{kind}": n for kind, n in _row_counts(part, fit).items()}
    line["bound"] = None if fit is None else fit.bound
    line["sentence"] = failure if fit is None else fit.sentence()
    return line


def _row_counts(part: Effects, fit: MetaFit | None) -> dict[str, int]:
    """Return the rows in use by kind, and how many were left out: another time point, say, or unusable."""
    used = [] if fit is None else fit.rows.loc[fit.rows["used"].astype(bool), "kind"].tolist()
    return {kind: used.count(kind) for kind in ROW_COUNTS[:-1]} | {"left_out": len(part.table) - len(used)}


def _joint_test(
    effects: Effects, by: str, fits: Mapping[str, MetaFit]
) -> tuple[GroupTest | None, tuple[str, ...]]:
    """Return the test of equal means, or the reason why there is none."""
    ready = {
        name: fit
        for name, fit in fits.items()
        if fit.n_studies >= 2 and fit.estimate is not None and fit.std_error is not None
    }
    if len(ready) < 2:
        return None, ("No joint test: it needs two groups with an estimate from at least two studies.",)
    owners: dict[str, set[str]] = {}
    for name, fit in ready.items():
        for study in dict.fromkeys(fit.rows.loc[fit.rows["used"].astype(bool), "study"].astype(str)):
            owners.setdefault(study, set()).add(name)
    shared = [study for study, groups in owners.items() if len(groups) > 1]
    for first, second in effects.overlaps:  # the same people under two names
        if (
            len(owners.get(first, set()) | owners.get(second, set())) > 1
            and first in owners
            and second in owners
        ):
            shared.append(f"{first} with {second}")
    if shared:
        return _shared_test(effects, by, ready, shared)
    means = np.array([fit.estimate for fit in ready.values()], dtype=np.float64)
    weights = np.array([fit.std_error for fit in ready.values()], dtype=np.float64) ** -2.0
    centre = float(weights @ means / weights.sum())
    statistic = float(weights @ (means - centre) ** 2)
    df = len(ready) - 1
    return GroupTest(statistic, df, float(special.chdtrc(df, statistic)), tuple(ready)), ()


def _shared_test(
    effects: Effects, by: str, ready: Mapping[str, MetaFit], shared: Sequence[str]
) -> tuple[GroupTest | None, tuple[str, ...]]:
    """Return the test for groups that share studies: one likelihood for all of their rows."""
    more = f" and {len(shared) - 6} more" if len(shared) > 6 else ""
    common = f"Studies appear in several groups ({', '.join(shared[:6])}{more})"
    warning = (
        "a difference between groups is not to be read from two intervals, one with and one without zero."
    )
    partial = any(fit.method.startswith("interval likelihood") for fit in ready.values())
    try:
        found = shared_group_test(effects, by, tuple(ready), partial=partial)
    except ModelError as problem:
        return None, (f"{common}, and their joint test failed: {problem}; {warning}",)
    test = GroupTest(found.statistic, found.df, found.p_value, tuple(ready), "likelihood ratio")
    return test, (
        f"{common}: the joint test is a likelihood ratio in one model for all groups, with study effects"
        f" shared and sampling errors that correlate rho = 0.6 within a study; {warning}",
    )
