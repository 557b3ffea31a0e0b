"""The multiverse: every defensible way to pool the same evidence, and what the answer owes to each choice."""

from __future__ import annotations

import math
from collections.abc import Mapping
from concurrent.futures import Executor
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from evidence._check import check_level, check_seed
from evidence._work import check_executor
from evidence.effects.record import Effects
from evidence.errors import ModelError
from evidence.fit.numbers import decimals, listing, number, p_value
from evidence.fit.plain import plain
from evidence.numerics.subsets import SUBSET_ESTIMATORS
from evidence.numerics.wls import Vector
from evidence.studies.record import Studies
from evidence.synthesis.multiverse_choices import Plan, factors_of, plan
from evidence.synthesis.multiverse_data import Versions, several_rows
from evidence.synthesis.multiverse_fit import COLUMNS, Fits, exact_fits, other_fits
from evidence.synthesis.multiverse_tests import JointTest, influence_of_choices, joint_test
from evidence.synthesis.sensitivity_data import html_page, log_words

__all__ = ["Multiverse", "multiverse"]

FEWEST = 5
"""Studies below which a joint test has too few patterns of signs to be read: of four, 16."""

_FIRST = (
    "Every specification is equally defensible only if its author says so: choices that are worse than others"
    " do not belong in the list."
)


_COLUMNS = {
    "choice": "choice",
    "alone": "alone (%)",
    "with_others": "with others (%)",
    "range": "range",
}


@dataclass(frozen=True, eq=False, repr=False)
class Multiverse:
    """The result under every combination of choices that makes sense.

    Attributes
    ----------
    table : DataFrame
        One line a specification: a column for each choice, ``model``, ``k``, ``n_studies``, ``estimate``,
        ``std_error``, ``conf_low``, ``conf_high``, ``p_value``, ``tau2_value``, ``excludes_zero`` (missing
        without an interval) and ``note``. Model scale.
    left_out : DataFrame
        ``combination``, ``reason``, ``count``: what makes no sense.
    choices : DataFrame
        What the estimates owe to each choice: ``choice``, ``alone`` (percent of their variance that the
        choice explains by itself), ``with_others`` (the same with its interactions) and ``range`` (between
        the means of its values); the largest first.
    joint_test : JointTest or None
        Whether the specifications together show more than chance would; None where it cannot be asked.
    measure : str
        The measure, or the measures.
    log : bool
        Whether estimates are logarithms of ratios.
    level : float
        Level of the intervals.
    notes : tuple of str
        What a reader must know.
    display_sign : int
        The printed scale of a ratio is ``exp(display_sign * estimate)``: -1 where fewer events favour the
        first arm.
    """

    table: pd.DataFrame
    left_out: pd.DataFrame
    choices: pd.DataFrame
    joint_test: JointTest | None
    measure: str
    log: bool
    level: float
    notes: tuple[str, ...]
    display_sign: int = 1

    def __len__(self) -> int:
        """Return the number of specifications."""
        return len(self.table)

    @property
    def share_excluding_zero(self) -> float:
        """Share of the specifications whose interval excludes no difference, of those that pool studies."""
        known = self.pooled["excludes_zero"].dropna()
        return float(known.astype(bool).mean()) if len(known) else np.nan

    @property
    def pooled(self) -> pd.DataFrame:
        """The lines of `table` that pool two or more studies: those that the sentence speaks of."""
        return self.table.loc[self.table["n_studies"] > 1]

    def sentence(self) -> str:
        """Return the range, the share of clear results, the choice that matters most, and the joint test."""
        printed = self.printed()
        if not printed:
            return f"None of the {len(self)} specifications pools studies; the table says why."
        several = len(printed) > 1
        ranges = []
        for measure, values in printed.items():
            low, middle, high = (float(value) for value in np.quantile(values, [0.0, 0.5, 1.0]))
            places = decimals([math.log(low), math.log(high)] if self.log and low > 0.0 else [low, high])
            name = f" by {measure} ({len(values)})" if several else ""
            ranges.append(
                f"between {number(low, places)} and {number(high, places)}, median"
                f" {number(middle, places)}{name}"
            )
        clear = self.pooled["excludes_zero"].dropna().astype(bool)
        null = "1" if self.log else "zero"
        said = (
            f"Over {sum(map(len, printed.values()))} specifications the estimate lies"
            f" {', and '.join(ranges)}; the {100 * self.level:g} % interval excludes {null} in"
            f" {int(clear.sum())} of {len(clear)}."
        )
        first = self.moves_most()
        if first is not None and several:  # the shares are of a variance over measures: not to be told
            said += f" Beside the measure, the choice that moves it most is {first['choice']}."
        elif first is not None:
            said += f" The choice that moves it most is {first['choice']} ({first['alone']:.0f} % alone)."
        elif (most := self._widest()) > 0.0 and self._still():
            said += f" No choice moves it by more than {number(*_no_less(most))}."
        return f"{said}{self._joint_words()}"

    def printed(self) -> dict[str, Vector]:
        """Return the estimates of `pooled` on the printed scale, by measure: one measure's are no other's."""
        known = self.pooled.loc[self.pooled["estimate"].notna()]
        names = known["measure"].astype(str) if "measure" in known else pd.Series(self.measure, known.index)
        values = known["estimate"].to_numpy(dtype=np.float64)
        shown: Vector = np.exp(self.display_sign * values) if self.log else values
        return {str(name): shown[names.eq(name).to_numpy()] for name in names.unique()}

    def moves_most(self) -> pd.Series[Any] | None:
        """Return the line of `choices` that moves the estimates most; None where none moves what is printed.

        The measure is left out: estimates by two measures are two quantities, not one that was moved.
        """
        told = self.choices.loc[self.choices["choice"].ne("measure") & self.choices["with_others"].gt(0.0)]
        return None if not len(told) or self._still() else told.iloc[0]

    def _widest(self) -> float:
        """Return the widest range of estimates by one measure; zero where they differ by rounding alone."""
        ranges = [
            float(np.ptp(values))
            for values in self.printed().values()
            if np.ptp(values) > 1e-12 * np.abs(values).max()
        ]
        return max(ranges, default=0.0)

    def _still(self) -> bool:
        """Tell whether no choice moves an estimate by what two figures of it show."""
        return all(
            float(np.ptp(values)) < 10.0 ** -decimals([float(np.abs(values).max())])
            for values in self.printed().values()
        )

    def _joint_words(self) -> str:
        if self.joint_test is None:
            return ""
        shown = p_value(self.joint_test.p_median)
        words = f" Joint test of no effect: p {shown if shown.startswith('<') else '= ' + shown}."
        if self.joint_test.studies < FEWEST:
            words += f" With fewer than {FEWEST} studies this p value cannot be small."
        return words

    def __repr__(self) -> str:
        """Return the sentence and the lines of its page."""
        return plain(self, self.sentence(), self.choices, _COLUMNS, where=".choices")

    def _repr_html_(self) -> str:
        """Return the sentence, what each choice does, and the notes."""
        return html_page("multiverse", self.sentence(), self.choices, _COLUMNS, self.notes)


def _no_less(value: float) -> tuple[float, int]:
    """Return a number rounded up to one figure, and its decimals."""
    places = -math.floor(math.log10(value))
    return math.ceil(value * 10.0**places - 1e-9) / 10.0**places, max(places, 0)


def multiverse(
    data: Effects | Studies,
    choices: Mapping[str, object],
    *,
    level: float = 0.95,
    draws: int = 500,
    seed: int = 1,
    executor: Executor | None = None,
    progress: bool | None = None,
) -> Multiverse:
    """Pool the same evidence in every combination of choices, and say what the answer owes to each.

    Parameters
    ----------
    data : Effects or Studies
        Effects; or studies, where the measure or the correlation is a choice.
    choices : mapping of str to list
        Named lists of what may be chosen:

        - ``"measure"`` (of studies; several only where they are of one kind, such as SMD and SMDH),
          ``"correlation"`` (of studies, before and after);
        - ``"tau2"``: ``"EE"`` (common effect) or an estimator; ``"inference"``: ``"z"``, ``"t"``, ``"HKSJ"``,
          ``"mHKSJ"``, ``"profile"``; for partial reports ``"profile"`` or ``"profile-t"``;
        - ``"rows"``, what several rows of a study become: ``"all"`` (a multilevel model), ``"mean"`` or the
          ``"first"`` of each; ``"rho"``, the correlation of their sampling errors;
        - ``"partial"``: ``"in"`` pools bounds and directions too (`pool_partial`), ``"out"`` exact ones;
        - ``"inferred"``: ``"in"`` or ``"out"``, rows read from what a paper does not say;
        - any column: a list of filters, each a value, a list of values, or None for all rows.

        What is not named is ``partial = out``, ``rows = all``, ``rho = 0.6``, ``tau2 = REML``,
        ``inference = HKSJ``. At most 5 million combinations.
    level : float, default 0.95
        Level of the intervals.
    draws : int, default 500
        Draws of the joint test; 0 leaves it out. Where there are more than 6,000 specifications fewer are
        made, three million fits in all but at least 20 draws, and the notes say so.
    seed : int, default 1
        Of the draws.
    executor : concurrent.futures.Executor, optional
        Workers for the specifications that are fitted one by one (partial reports and multilevel models).
    progress : bool, optional
        Whether to show a progress bar; by default in a terminal or notebook, for what takes long. Ctrl-C
        keeps what is finished.

    Returns
    -------
    Multiverse
        Combinations that make no sense are in `left_out`, each with its reason.
        `specification_curve` draws it.

    Raises
    ------
    ModelError
        Where a choice or a value is not known, no combination makes sense, or all rows are partial reports
        and ``partial = in`` is not among the choices.

    References
    ----------
    Simonsohn U, Simmons JP, Nelson LD. Specification curve analysis. Nat Hum Behav 2020;4(11):1208-1214.
    https://doi.org/10.1038/s41562-020-0912-z
    Steegen S, Tuerlinckx F, Gelman A, Vanpaemel W. Increasing transparency through a multiverse analysis.
    Perspect Psychol Sci 2016;11(5):702-712. https://doi.org/10.1177/1745691616658637

    Examples
    --------
    >>> import evidence as ev
    >>> effects = ev.effects_from([0.1, 0.2, 0.3, 0.9, 0.4], variance=0.04, setting=["a", "a", "b", "b", "b"])
    >>> found = ev.multiverse(effects, {"tau2": ["EE", "DL", "REML"], "inference": ["z", "HKSJ"],
    ...                                 "setting": [None, "b"]})
    >>> len(found), int(found.left_out["count"].sum())
    (10, 2)
    """
    if not isinstance(choices, Mapping):
        raise ModelError(f"choices is a dict of named lists; got {type(choices).__name__}")
    if not isinstance(data, Effects | Studies):
        raise ModelError(f"multiverse() takes Effects or Studies; got {type(data).__name__}")
    level = check_level(level)
    if type(draws) is not int or draws < 0:
        raise ModelError(f"draws is a whole number, 0 to leave the joint test out; got {draws!r}")
    seed = check_seed(seed)
    check_executor(executor)
    factors = factors_of(data, choices)
    first = Versions(data, Plan(factors, np.zeros((1, len(factors)), np.int32), pd.DataFrame()))
    several = several_rows(first.effects(0, 0))
    chosen = plan(factors, several)
    versions = Versions(data, chosen)
    _refuse_partial_alone(versions, chosen)
    models = _models(chosen, several)
    fits = Fits.blank(len(chosen.codes))
    array = models == "exact"
    exact = exact_fits(versions, chosen, array, level) if array.any() else None
    if exact is not None:
        fits.numbers[exact.places], fits.note[exact.places] = exact.fit()
    rest = np.flatnonzero(~array)
    fits.numbers[rest], fits.note[rest] = other_fits(
        versions, chosen, rest, models, level, executor, progress
    )
    fits.model[:] = np.where(array, "random_effects", models)
    table = _table(chosen, fits)
    tested = (
        joint_test(exact, draws=draws, seed=seed, progress=progress) if exact is not None and draws else None
    )
    effects = versions.effects(0, 0)
    return Multiverse(
        table=table,
        left_out=chosen.left_out,
        choices=influence_of_choices(chosen, table["estimate"].where(table["n_studies"] > 1).to_numpy(float)),
        joint_test=tested,
        measure=", ".join(_measures(chosen, effects)),
        log=effects.scale == "log",
        level=level,
        notes=(*_notes(chosen, effects, tested, int((~array).sum())), *_unpooled(table)),
        display_sign=effects.display_sign if effects.scale == "log" else 1,
    )


def _refuse_partial_alone(versions: Versions, chosen: Plan) -> None:
    """Refuse rows that only bound effects or tell directions where no choice would use them.

    Raises
    ------
    ModelError
        Where no row is exact under any measure, some are partial, and the partial ones are left out.
    """
    if "in" in chosen.factors[chosen.position("partial")].values:
        return
    sizes = [
        1 if (place := chosen.position(name)) < 0 else len(chosen.factors[place].values)
        for name in ("measure", "correlation")
    ]
    tables = [versions.effects(i, j).table for i in range(sizes[0]) for j in range(sizes[1])]
    if any(table["kind"].eq("exact").any() for table in tables):
        return
    partial = max(int(table["kind"].isin(["interval", "sign"]).sum()) for table in tables)
    if partial:
        raise ModelError(
            f"no row gives an effect with its standard error, so that partial='out', the default, leaves"
            f" nothing to fit; {partial} of {len(tables[0])} rows are partial reports (a bound, or a"
            " direction alone): add 'partial': ['in'] to the choices, which pools them by pool_partial()"
        )


def _measures(chosen: Plan, effects: Effects) -> tuple[str, ...]:
    place = chosen.position("measure")
    return (effects.measure,) if place < 0 else chosen.factors[place].labels


def _models(chosen: Plan, several: bool) -> np.ndarray:
    """Return how each specification is fitted: by arrays, or by which verb."""
    partial = chosen.factors[chosen.position("partial")].values
    inside = np.array([value == "in" for value in partial])[chosen.column("partial")]
    rows = np.array([*chosen.factors[chosen.position("rows")].values, "all"], object)[chosen.column("rows")]
    inference = chosen.factors[chosen.position("inference")].values
    profile = np.array([*(str(value).startswith("profile") for value in inference), False])[
        chosen.column("inference")
    ]
    nested = (rows == "all") & several
    return np.select(
        [inside, nested, profile & (rows != "mean")],
        ["pool_partial", "multilevel", "random_effects"],
        "exact",
    ).astype(object)


def _table(chosen: Plan, fits: Fits) -> pd.DataFrame:
    table = chosen.frame()
    table["model"] = pd.Categorical(fits.model.astype(str))
    for i, name in enumerate(COLUMNS):
        values = fits.numbers[:, i]
        table[name] = np.nan_to_num(values).astype(np.int64) if name in ("k", "n_studies") else values
    low, high = table["conf_low"].to_numpy(), table["conf_high"].to_numpy()
    known = ~(np.isnan(low) | np.isnan(high))
    table["excludes_zero"] = pd.arrays.BooleanArray((low > 0.0) | (high < 0.0), ~known)
    table["note"] = fits.note.astype(str)
    return table


def _unpooled(table: pd.DataFrame) -> list[str]:
    """Say how many lines pool nothing."""
    single, none = int((table["n_studies"] == 1).sum()), int(table["estimate"].isna().sum())
    notes = []
    if single:
        notes.append(f"{single} specifications rest on one study: they are shown, not counted.")
    if none:
        notes.append(f"{none} specifications have no estimate; .table says why.")
    return notes


def _notes(chosen: Plan, effects: Effects, tested: JointTest | None, apart: int) -> tuple[str, ...]:
    notes = [_FIRST]
    if len(chosen.left_out):
        total = int(chosen.left_out["count"].sum())
        notes.append(f"{total} combinations are left out, with reasons in .left_out.")
    if tested is not None:
        notes.append(tested.note)
        if apart:
            notes.append(f"The joint test leaves out {apart} specifications that are fitted one by one.")
    if effects.scale == "log":
        measures = listing(_measures(chosen, effects))
        notes.append(log_words(measures, effects.display_sign))
    slow = [v for v in chosen.factors[chosen.position("tau2")].values if v not in SUBSET_ESTIMATORS]
    return (*notes, *([f"tau² by {', '.join(slow)} is fitted set by set."] if slow else []))
