"""A dumbbell chart in words: its title, its caption, its alternative text."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pandas as pd

from evidence.charts.captions import level_words
from evidence.charts.dumbbell_rows import LEVEL, PLACES, dumbbell_rows
from evidence.charts.frame import measure_name
from evidence.charts.trial import assumed_correlation
from evidence.charts.trial_rows import short_arm
from evidence.charts.words import listed, measure_code, plural
from evidence.errors import ModelError

if TYPE_CHECKING:
    from evidence.effects.record import Effects
    from evidence.studies.record import Studies

__all__ = [
    "ARMS",
    "arm_names",
    "caption_of",
    "drawn_rows",
    "dumbbell_alt",
    "dumbbell_caption",
    "dumbbell_title",
]

ARMS = ("second arm", "first arm")
"""What lies below and above no difference, where the user gives no names."""

_NAMES = 3
"""Outcomes that a title lists; more, or those of several studies, are counted."""

_LONG = 60
"""Letters of their names above which they are counted too."""


def drawn_rows(rows: pd.DataFrame) -> pd.DataFrame:
    """Return the rows that show both changes.

    Raises
    ------
    ModelError
        Where there are none, or no difference between the arms.
    """
    drawn = rows[rows["role"].eq("row")].reset_index(drop=True)
    if drawn.empty:
        raise ModelError(
            "no row prints means before and after (or changes) of both arms; ev.forest(fit) and "
            "ev.trial(effects, studies) show what else is printed"
        )
    if drawn["mark"].eq("none").all():
        raise ModelError(
            "no row has a difference between the arms, and changes within arms alone are no comparison of "
            "them (Bland & Altman 2011); the means and standard deviations of both arms after treatment "
            "would give one"
        )
    return drawn


def arm_names(drawn: pd.DataFrame) -> tuple[str, str] | None:
    """Return the names of the arms, where all rows share them."""
    names = {(short_arm(e), short_arm(c)) for e, c in zip(drawn["arm_e"], drawn["arm_c"], strict=True)}
    return next(iter(names)) if len(names) == 1 else None


def dumbbell_title(effects: Effects, studies: Studies, favours: tuple[str, str] = ARMS) -> str:
    """Return one message made from the rows: in how many both arms gained, and what lies between them.

    Parameters
    ----------
    effects, studies, favours
        As in `dumbbell`.

    Returns
    -------
    str
        One sentence without a full stop. Gained means that the mean moved to the better side, whatever a test
        within the arm says.

    Raises
    ------
    ModelError
        Where no row can be drawn.
    """
    drawn = drawn_rows(dumbbell_rows(effects, studies))
    known = drawn[drawn["gained_e"].ne("") & drawn["gained_c"].ne("")]
    both = int((known["gained_e"].eq("yes") & known["gained_c"].eq("yes")).sum())
    if len(drawn) == 1:
        row = drawn.iloc[0]
        start = "Both arms gained" if both else "Not both arms gained" if len(known) else "Both arms changed"
        return (
            f"{start}; the difference is {row['effect_text']} {measure_code(effects.measure)}".removesuffix(
                " effect"
            )
        )
    start = (
        f"Both arms gained in {both} of {len(known)} outcomes; "
        if len(known)
        else f"{plural(len(drawn), 'outcome')}: "
    )
    clear = drawn[drawn["verdict"].isin(["first", "second"])]
    if clear.empty:
        return f"{start}whether they differ is undecided in each"
    arms = (arm_names(drawn) if favours == ARMS else None) or (favours[1], favours[0])
    parts = []
    for side, arm in zip(("first", "second"), arms, strict=True):
        names = list(dict.fromkeys(str(one) for one in clear.loc[clear["verdict"].eq(side), "outcome"]))
        number_of = int(clear["verdict"].eq(side).sum())
        if names:
            short = len(set(drawn["study"])) == 1 and len(names) <= _NAMES and len(listed(names)) <= _LONG
            told = listed(names) if short else plural(number_of, "outcome")
            parts.append(f"{arm} ahead in {told}")
    rest = len(drawn) - len(clear)
    return f"{start}between them {'; '.join(parts)}{'' if not rest else f', {rest} undecided'}"


def dumbbell_caption(effects: Effects, studies: Studies) -> str:
    """Return the caption: what both halves show, what is assumed, what is not drawn.

    Parameters
    ----------
    effects, studies
        As in `dumbbell`.

    Returns
    -------
    str
        Some short sentences.

    Raises
    ------
    ModelError
        Where no row can be drawn.
    """
    rows = dumbbell_rows(effects, studies)
    return caption_of(drawn_rows(rows), rows, effects)


def caption_of(drawn: pd.DataFrame, rows: pd.DataFrame, effects: Effects) -> str:
    """Return the caption of decided rows."""
    arms = arm_names(drawn)
    studies = plural(drawn["study"].nunique(), "study", "studies")
    parts = [f"First arm: {arms[0]}; second arm: {arms[1]}."] if arms else []
    parts.append(
        f"{plural(len(drawn), 'row')} of {studies}. Left: means before and after in standard deviations of "
        "both arms before (after, where not printed), from their common middle; right is better. Right: "
        f"{measure_name(effects.measure)} between the arms, {level_words(LEVEL)} normal interval or bounds. "
        "Changes within arms are no comparison."
    )
    unplaced = int(drawn[PLACES].isna().any(axis=1).sum())
    if unplaced:
        parts.append(f"{plural(unplaced, 'row')} without a standard deviation or a better side: no dumbbell.")
    if none := int(drawn["mark"].eq("none").sum()):
        parts.append(f"{plural(none, 'row')} without a comparison between the arms.")
    if out := int(rows["role"].eq("left_out").sum()):
        parts.append(
            f"Not drawn: {plural(out, 'row')} that do{'es' if out == 1 else ''} not print both changes."
        )
    return " ".join(parts) + assumed_correlation(effects)


def dumbbell_alt(effects: Effects, studies: Studies) -> str:
    """Return the alternative text: each outcome with both changes and the difference.

    Parameters
    ----------
    effects, studies
        As in `dumbbell`.

    Returns
    -------
    str
        For readers who do not see the picture.

    Raises
    ------
    ModelError
        Where no row can be drawn.
    """
    drawn = drawn_rows(dumbbell_rows(effects, studies))
    parts = [
        f"{row['outcome'] or row['label']}: first arm {row['within_text_e']}, second arm "
        f"{row['within_text_c']}{' ' + str(row['unit']) if row['unit'] else ''}, difference "
        f"{row['effect_text']}"
        for row in drawn.to_dict("records")
    ]
    return (
        f"Changes within both arms and the {measure_code(effects.measure)} between them. {'; '.join(parts)}."
    )
