"""Improved here, not there: what two within-arm results say of the difference between the arms."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

import pandas as pd

from evidence._check import as_number, check_level
from evidence.effects.formulas import hedges_j
from evidence.effects.reading import DEFAULT_CORRELATION
from evidence.effects.row import Row
from evidence.effects.study_rows import printed_rows
from evidence.errors import ModelError
from evidence.fit.plain import plain
from evidence.numerics.trap import (
    Chance,
    difference_of_arms,
    most_discordant,
)
from evidence.synthesis.trap_lines import (
    TRAP_COLUMNS,
    chance_here,
    misfit,
    pattern_of,
    spread_ratio,
    trap_table,
)
from evidence.synthesis.trap_reports import ArmReport, arm_of_row, arm_report
from evidence.synthesis.trap_words import printed_result, trap_notes, trap_page, trap_sentence

if TYPE_CHECKING:
    from evidence.studies.record import Studies

__all__ = ["TRAP_COLUMNS", "Trap", "within_group_trap"]


_COLUMNS = {"name": "arm", "n": "n", "said": "reported", "low": "from", "high": "to"}
_COLUMNS |= {"p_low": "p from", "p_high": "p to"}


@dataclass(frozen=True, repr=False)
class Trap:
    """Two within-arm results, and the difference between the arms that is compatible with them.

    Attributes
    ----------
    table : DataFrame
        Lines ``first``, ``second`` (the arms) and ``difference``. ``low`` and ``high`` are the changes that
        the report allows, in standard deviations of change (Hedges' g), positive for the better; equal where
        they are known. ``conf_low`` and ``conf_high`` enclose the confidence intervals of all of them,
        ``p_low`` and ``p_high`` their p values.
    pattern : str
        ``"first only"``, ``"second only"``, ``"both"`` or ``"neither"`` significant, or ``"not said"``.
    smd_low, smd_high : float
        The difference in standard deviations of change; possibly infinite.
    raw_low, raw_high : float
        The same in standard deviations of the raw score: times sqrt(2(1-r)).
    p_low, p_high : float
        The p of the difference: from, to. Equal where it follows.
    chance_most : Chance
        Largest chance that one arm alone is significant although both truly changed alike.
    chance_here : Chance or None
        That chance at the change that both arms show together; None where it is not known.
    level : float
        Level of the intervals; one minus it is the level of "significant".
    correlation : float
        Assumed correlation of pre and post scores, for `raw_low` and `raw_high`.
    printed : str
        What the row prints of the test between the arms; empty where it prints none.
    notes : tuple of str
        What was assumed.
    """

    table: pd.DataFrame
    pattern: str
    smd_low: float
    smd_high: float
    raw_low: float
    raw_high: float
    p_low: float
    p_high: float
    chance_most: Chance
    chance_here: Chance | None
    level: float
    correlation: float
    printed: str
    notes: tuple[str, ...]

    def sentence(self) -> str:
        """Return what follows for the difference between the arms, in plain words."""
        return trap_sentence(self)

    def __repr__(self) -> str:
        """Return the sentence and its three lines."""
        return plain(self, self.sentence(), self.table, _COLUMNS)

    def _repr_html_(self) -> str:
        """Return the sentence, the three lines and the assumptions."""
        return trap_page(self)


def within_group_trap(
    row: Studies | Mapping[str, object] | None = None,
    *,
    n_e: float | None = None,
    n_c: float | None = None,
    p_e: float | str | None = None,
    p_c: float | str | None = None,
    t_e: float | None = None,
    t_c: float | None = None,
    change_e: float | None = None,
    sd_e: float | None = None,
    change_c: float | None = None,
    sd_c: float | None = None,
    arms: tuple[str, str] = ("first arm", "second arm"),
    sd_ratio: float | None = None,
    correlation: float = DEFAULT_CORRELATION,
    level: float = 0.95,
) -> Trap:
    """Show what "improved in one arm, not in the other" says of the difference between the arms.

    Significance in one arm and none in the other is no comparison. Each within-arm result places the arm's
    own change; together they place the difference, often so widely that it may be anything.

    Parameters
    ----------
    row : Studies or mapping, optional
        One row with results within its arms: ``studies.where(row_id="distefano2013_05")``. Then no other
        numbers are taken. A mapping holds the keyword arguments.
    n_e, n_c : float
        People in each arm.
    p_e, p_c : float or str, optional
        p of each arm's own change: ``0.01``, ``"<0.05"``, ``"ns"``. A significant change is taken as an
        improvement; one that is not significant may be either way, unless `change_e`, `change_c` say.
    t_e, t_c : float, optional
        t of each arm's change, positive for the better.
    change_e, sd_e, change_c, sd_c : float, optional
        Mean change, positive for the better, and standard deviation of change. They outrank t, and t
        outranks p.
    arms : tuple of str
        Names of the arms.
    sd_ratio : float, optional
        Standard deviation of change in the first arm over that in the second. Without it, from the standard
        deviations where both are known, else 1, named.
    correlation : float, default 0.7
        Correlation of pre and post scores, which turns standard deviations of change into those of the
        raw score: g · sqrt(2(1-r)).
    level : float, default 0.95
        Level of the intervals; "significant" is read at one minus it.

    Returns
    -------
    Trap

    Raises
    ------
    ModelError
        Where an arm reports nothing, its size is not known, a number is impossible, or the row compares no
        two separate arms.

    References
    ----------
    Bland JM, Altman DG (2011). Trials 12:264. doi:10.1186/1745-6215-12-264
    Gelman A, Stern H (2006). The difference between "significant" and "not significant" is not itself
    statistically significant. Am Stat 60:328-331. doi:10.1198/000313006X152649

    Examples
    --------
    >>> import evidence as ev
    >>> trap = ev.within_group_trap(n_e=15, n_c=15, p_e=0.01, p_c="ns")
    >>> round(trap.smd_low, 2), round(trap.smd_high, 2), round(trap.p_high, 2)
    (0.21, 1.29, 0.56)
    """
    level = check_level(level)
    r = as_number(correlation)
    if not -1 < r < 1:
        raise ModelError(f"correlation must be a number between -1 and 1, both excluded; got {correlation!r}")
    numbers = {
        "e": {"n": n_e, "p": p_e, "t": t_e, "change": change_e, "sd": sd_e},
        "c": {"n": n_c, "p": p_c, "t": t_c, "change": change_c, "sd": sd_c},
    }
    given = any(value is not None for arm in numbers.values() for value in arm.values())
    if isinstance(row, Mapping) and not given:
        return within_group_trap(**{str(name): value for name, value in row.items()})  # type: ignore[arg-type]
    if row is not None:
        printed = _one_row(row, given)
        first, second = (arm_of_row(printed, arm, r, 1 - level) for arm in "ec")
        return _trap(first, second, sd_ratio, r, level, printed)
    first, second = (
        arm_report(
            str(name), cells["n"], **{k: v for k, v in cells.items() if k != "n"}, alpha=1 - level, suffix=arm
        )
        for name, (arm, cells) in zip(arms, numbers.items(), strict=True)
    )
    return _trap(first, second, sd_ratio, r, level, None)


def _one_row(row: object, given: bool) -> Row:
    """Return the only row of the studies.

    Raises
    ------
    ModelError
        Where there are several rows or none, numbers were given as well, or the row has no two arms.
    """
    if given or not hasattr(row, "text"):
        raise ModelError(
            "within_group_trap() takes one row of Studies, or numbers as n_e=15, p_e=0.01, n_c=15, p_c='ns'; "
            f"got {'both' if given else type(row).__name__}"
        )
    rows = printed_rows(row)  # type: ignore[arg-type]
    if len(rows) != 1:
        names = ", ".join(one.word("row_id") for one in rows[:8])
        raise ModelError(
            f"within_group_trap() takes one row; got {len(rows)} ({names}). Choose it with "
            "studies.where(row_id=...)"
        )
    one = rows[0]
    why = (
        "both arms are the same people"
        if one.is_within_participant
        else "its groups were compared, not treated"
        if one.is_association
        else "it is the result of a review"
        if one.is_pooled
        else ""
    )
    if why:
        raise ModelError(f"row {one.word('row_id')} has no change in two separate arms: {why}")
    return one


def _trap(
    first: ArmReport, second: ArmReport, sd_ratio: float | None, r: float, level: float, row: Row | None
) -> Trap:
    ratio, told = spread_ratio(first, second, sd_ratio)
    found = difference_of_arms((first.low, first.high), (second.low, second.high), first.n, second.n, ratio)
    j = float(hedges_j(found.df)) if found.df > 1 else 1.0
    to_raw = math.sqrt(2 * (1 - r))
    notes = trap_notes(first, second, told, r)
    return Trap(
        table=trap_table(first, second, found, j, 1 - level),
        pattern=pattern_of(first, second),
        smd_low=j * found.low,
        smd_high=j * found.high,
        raw_low=j * found.low * to_raw,
        raw_high=j * found.high * to_raw,
        p_low=found.p_low,
        p_high=found.p_high,
        chance_most=most_discordant(first.n, second.n, 1 - level),
        chance_here=chance_here(first, second, found, 1 - level),
        level=level,
        correlation=r,
        printed="" if row is None else printed_result(row),
        notes=notes if row is None else (*notes, *misfit(row, found)),
    )
