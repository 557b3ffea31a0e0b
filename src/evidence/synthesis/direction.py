"""Which way studies point: exact sign test, combined p values, and what may not be counted."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NoReturn

import numpy as np
import pandas as pd

from evidence._check import check_level
from evidence.effects.record import Effects
from evidence.errors import ModelError
from evidence.fit.plain import plain
from evidence.models import check_effects
from evidence.numerics.p_combination import (
    Combined,
    edgington,
    fisher,
    stouffer,
)
from evidence.numerics.sign_test import Sides, SignTest, majorities, sign_test
from evidence.numerics.wls import Vector
from evidence.synthesis.direction_studies import (
    DIRECTION_TABLE,
    RHO,
    compared_rows,
    groups_of,
    row_sides,
    study_scores,
    study_table,
)
from evidence.synthesis.direction_words import METHODS, direction_notes, direction_page, direction_sentence
from evidence.synthesis.swim import Checklist, swim_checklist

__all__ = ["DIRECTION_TABLE", "DirectionTest", "direction_test", "vote_count"]

MOST_UNKNOWN = 0.20
"""Share of unknown sides above which there is no p value."""


_COLUMNS = {"label": "study"} | {
    name: name for name in ("rows", "first", "second", "zero", "unknown", "direction")
}


@dataclass(frozen=True, repr=False)
class DirectionTest:
    """Which way studies point, one direction a study.

    Attributes
    ----------
    table : DataFrame
        One line a study. ``first``, ``second``, ``zero``, ``unknown`` count its rows in favour of the first
        arm, of the second arm, at exactly zero, and of unknown side. ``direction`` is the majority
        of the rows with a side: ``"first"``, ``"second"``, ``"tie"``, or ``"unknown"`` where no
        row has one; ``counted`` marks studies that enter the sign test. ``if_unknown_first`` and
        ``if_unknown_second`` give the direction if all unknown rows lay on that side. ``z`` and ``p_first``
        (one-sided, for an effect above zero) come from the study's exact rows.
    first, second, ties, unknown : int
        Studies by direction.
    proportion, conf_low, conf_high : float or None
        Share of the counted studies that favours the first arm, with its Clopper-Pearson interval; None
        where no study is counted.
    p_value : float or None
        Exact two-sided p of a share of one half; None where no study is counted or more than 20 % of the
        rows, or of the studies, have an unknown side.
    bounds : DataFrame
        The same share if every row of unknown side favoured the second, and the first arm.
    combined : DataFrame
        One line a method of combining p values: ``method, studies, statistic, p_first, p_second, p_value,
        tests``; empty where fewer than two studies have an exact p.
    level : float
        Level of the intervals.
    notes : tuple of str
        What a reader must know: ties, unknown sides, what was left out, what was assumed.
    swim : Checklist
        The nine items of the SWiM reporting guideline, filled as far as the analysis knows.
    """

    table: pd.DataFrame
    first: int
    second: int
    ties: int
    unknown: int
    proportion: float | None
    conf_low: float | None
    conf_high: float | None
    p_value: float | None
    bounds: pd.DataFrame
    combined: pd.DataFrame
    level: float
    notes: tuple[str, ...]
    swim: Checklist

    def sentence(self) -> str:
        """Return the result as one plain line: counts, share with its interval, p or why there is none."""
        return direction_sentence(self)

    def __repr__(self) -> str:
        """Return the sentence and one line a study."""
        return plain(self, self.sentence(), self.table, _COLUMNS)

    def _repr_html_(self) -> str:
        """Return the sentence, the bounds, the combined tests, the studies and the notes."""
        return direction_page(self)


def direction_test(effects: Effects, *, level: float = 0.95) -> DirectionTest:
    """Test whether studies point one way more often than the other, by direction alone.

    Directions are counted, never significances. Each study has one direction, that of most of its rows at
    their main time point; a study that is split evenly is a tie and takes no part. Rows of unknown
    side ("no difference" without a number) are shown as bounds.

    Parameters
    ----------
    effects : Effects
        Rows of any kind; results of reviews are refused.
    level : float, default 0.95
        Level of the intervals.

    Returns
    -------
    DirectionTest
        With the exact sign test, its interval and bounds, and Fisher's, Stouffer's and Edgington's
        combination of the exact one-sided p values.

    Raises
    ------
    ModelError
        Where these are no effects, results of reviews are among them, or no row compares the arms.

    References
    ----------
    McKenzie JE, Brennan SE. Synthesizing and presenting findings using other methods. Cochrane Handbook
    for Systematic Reviews of Interventions, version 6.4, chapter 12. doi:10.1002/9781119536604
    Clopper CJ, Pearson ES (1934), doi:10.1093/biomet/26.4.404

    Examples
    --------
    >>> import evidence as ev
    >>> found = ev.direction_test(ev.effects_from([0.4, 0.2, 0.7, -0.1, 0.3], std_error=0.2))
    >>> found.first, found.second, found.p_value
    (4, 1, 0.375)
    """
    check_effects(effects)
    level = check_level(level)
    table, left = compared_rows(effects)
    keys, group = groups_of(table)
    side = row_sides(table)
    at_zero = table["kind"].eq("exact").to_numpy() & (side == 0.0)
    counted = majorities(side, at_zero, group, len(keys))
    z = study_scores(table, effects.measure, group, len(keys))
    studies = study_table(table, keys, group, counted, z)
    tie = counted.known & (counted.majority == 0)
    test = sign_test(int((counted.majority > 0).sum()), int((counted.majority < 0).sum()), level)
    unknown = int((~counted.known).sum())
    hidden = {"rows": counted.unknown.sum() / len(table), "studies": unknown / len(keys)}
    empty = test.first + test.second == 0
    combined = _combined(z, studies["people"].to_numpy(dtype=float))
    several = bool((studies["exact_rows"] > 1).any())
    notes = direction_notes(
        studies,
        left,
        effects.overlaps,
        rho=RHO if several and len(combined) else None,
        hidden=hidden,
        most=MOST_UNKNOWN,
    )
    return DirectionTest(
        table=studies,
        first=test.first,
        second=test.second,
        ties=int(tie.sum()),
        unknown=unknown,
        proportion=None if empty else test.proportion,
        conf_low=None if empty else test.low,
        conf_high=None if empty else test.high,
        p_value=None if empty or max(hidden.values()) > MOST_UNKNOWN else test.p_value,
        bounds=_bounds(counted, level),
        combined=combined,
        level=level,
        notes=notes,
        swim=swim_checklist(effects, table, studies, test, notes),
    )


def vote_count(effects: object = None, **options: object) -> NoReturn:
    """Refuse to count significant results, and say why.

    Parameters
    ----------
    effects : object
        Whatever was to be counted.
    **options
        Taken and not read: the answer is the same.

    Raises
    ------
    ModelError
        Always, with the reason and the way out.

    References
    ----------
    Hedges LV, Olkin I (1980). Vote-counting methods in research synthesis. Psychol Bull 88:359-369.
    McKenzie JE, Brennan SE. Cochrane Handbook, version 6.4, section 12.2.2.1. doi:10.1002/9781119536604
    """
    del effects, options
    raise ModelError(
        "significant results are not counted as votes: a small study that misses p < .05 is no vote against, "
        "so that with low power the count finds nothing, the more surely the more studies there are "
        "(Hedges & Olkin 1980, Psychol Bull 88:359-369), and it says nothing of size (Cochrane Handbook "
        "12.2.2.1). Instead: direction_test(effects) counts directions with an exact interval, "
        "pool_partial(effects) pools every report, also 'significant' and 'no difference'"
    )


def _bounds(counted: Sides, level: float) -> pd.DataFrame:
    """Return the test if all unknown rows lay on one side: without p values, for these are no data."""
    lines = []
    for side, words in ((-1, "every unknown row favours the second arm"), (1, "... the first arm")):
        way = counted.if_unknown(side)
        test: SignTest = sign_test(int((way > 0).sum()), int((way < 0).sum()), level)
        lines.append(
            {
                "if": words.replace("...", "every unknown row favours"),
                "first": test.first,
                "second": test.second,
                "proportion": test.proportion,
                "conf_low": test.low,
                "conf_high": test.high,
            }
        )
    return pd.DataFrame(lines)


def _combined(z: Vector, people: Vector) -> pd.DataFrame:
    """Combine the studies' tests; with an unknown number of people every study weighs the same."""
    has = np.isfinite(z)
    scores, size = z[has], people[has]
    columns = ["method", "studies", "statistic", "p_first", "p_second", "p_value", "tests"]
    if scores.size < 2:
        return pd.DataFrame(columns=columns)
    weights = np.sqrt(size) if np.isfinite(size).all() else np.ones(scores.size)
    found: dict[str, Combined] = {
        "Fisher": fisher(scores),
        "Stouffer": stouffer(scores, weights),
        "Edgington": edgington(scores),
    }
    return pd.DataFrame(
        [
            [name, scores.size, c.statistic, c.p_first, c.p_second, c.p_value, METHODS[name]]
            for name, c in found.items()
        ],
        columns=columns,
    )
