"""A test of directions in words and as HTML."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from html import escape
from typing import TYPE_CHECKING

import pandas as pd

from evidence.fit.numbers import count, number, p_value

if TYPE_CHECKING:
    from evidence.synthesis.direction import DirectionTest

__all__ = ["METHODS", "direction_notes", "direction_page", "direction_sentence", "listed"]

METHODS = {
    "Fisher": "At least one study has an effect: one strong study is enough, and results on both sides can "
    "both be 'significant'.",
    "Stouffer": "The average effect, larger studies counting more (weight: square root of the people), is "
    "not zero.",
    "Edgington": "The studies together lean to one side; results for and against weigh alike, and "
    "turning every study round turns the answer round.",
}
"""What each method of combining p values tests."""

_SHOWN = 8


def listed(names: Sequence[str], most: int = _SHOWN) -> str:
    """Return names as a list in a sentence, the first ones and how many more."""
    shown = list(names[:most])
    if len(names) > most:
        return f"{', '.join(shown)} and {len(names) - most} more"
    return shown[0] if len(shown) == 1 else f"{', '.join(shown[:-1])} and {shown[-1]}" if shown else ""


def _percent(share: float | None) -> str:
    return "" if share is None else f"{100 * share:.0f} %"


def direction_sentence(test: DirectionTest) -> str:
    """Return the result as one plain line; see `DirectionTest.sentence`."""
    counted = test.first + test.second
    if not counted:
        return f"No study tells a direction ({count(len(test.table), 'study', 'studies')})."
    head = f"{test.first} of {count(counted, 'study', 'studies')} with a direction "
    head += "favours the first arm" if test.first == 1 else "favour the first arm"
    span = (
        f"{_percent(test.proportion)}, {100 * test.level:g} % interval {_percent(test.conf_low)} to "
        f"{_percent(test.conf_high)}"
    )
    if test.p_value is not None:
        p = p_value(test.p_value)
        span += f"; exact p {p}" if p.startswith("<") else f"; exact p = {p}"
    else:
        span += "; no p value: too many sides are unknown"
    apart = [
        text
        for n, text in (
            (test.ties, f"{test.ties} without a majority"),
            (test.unknown, f"{test.unknown} with unknown direction"),
        )
        if n
    ]
    tail = f" Not counted: {' and '.join(apart)}." if apart else ""
    if int(test.table["unknown"].sum()):
        shares = [_percent(share) for share in test.bounds["proportion"]]
        tail += (
            " The unknown rows cannot move the share."
            if shares[0] == shares[1]
            else f" The unknown rows can move the share to between {shares[0]} and {shares[1]}."
        )
    return f"{head} ({span}).{tail} Directions say nothing of size."


def direction_notes(
    studies: pd.DataFrame,
    left: Sequence[tuple[str, str]],
    overlaps: Sequence[tuple[str, str]],
    *,
    rho: float | None,
    hidden: Mapping[str, float],
    most: float,
) -> tuple[str, ...]:
    """Return what a reader must know of the counts.

    Parameters
    ----------
    studies : DataFrame
        `DirectionTest.table`.
    left : sequence of (str, str)
        Rows that compare nothing at their main time point, with the reason.
    overlaps : sequence of (str, str)
        Studies of the same people.
    rho : float or None
        Correlation that was assumed between tests of one study; None where it played no part.
    hidden : mapping of str to float
        Share of the rows and of the studies whose side is not known.
    most : float
        Share above which there is no p value.
    """
    notes = []
    for row in studies.loc[studies["direction"].eq("tie")].to_dict("records"):
        parts = [
            f"{row[column]} {words}"
            for column, words in (
                ("first", "for the first arm"),
                ("second", "for the second"),
                ("zero", "at exactly no difference"),
            )
            if row[column]
        ]
        notes.append(
            f"{row['label']} has no majority (rows: {listed(parts)}): a tie, which has no direction and is "
            "not counted."
        )
    unknown = int(studies["unknown"].sum())
    if unknown:
        nowhere = studies.loc[studies["direction"].eq("unknown"), "label"].tolist()
        whole = f"; nothing else is known of {listed(nowhere)}" if nowhere else ""
        notes.append(
            f"{count(unknown, 'row has', 'rows have')} an unknown side (often 'no difference', no number)"
            f"{whole}. The bounds show the share with all of them on either side."
        )
    too_many = [f"{100 * share:.0f} % of the {what}" for what, share in hidden.items() if share > most]
    if too_many:
        notes.append(
            f"No p value: the side of {listed(too_many)} is unknown, more than {100 * most:.0f} %; which "
            "results tell their direction is itself selected."
        )
    with_p = int(studies["z"].notna().sum())
    if with_p >= 2:
        notes.append(
            f"Exact p values are known for {with_p} of {count(len(studies), 'study', 'studies')}; bands and "
            "words ('significant', 'no difference') give none. What is printed exactly is selected."
        )
    if rho is not None:
        notes.append(
            f"Several tests of one study are one: their scores are assumed to correlate rho = {rho:g}."
        )
    notes += [f"{first} and {second} report (in part) the same people." for first, second in overlaps]
    for why in dict.fromkeys(reason for _, reason in left):
        rows = [row for row, reason in left if reason == why]
        notes.append(f"Left out, {count(len(rows), 'row', 'rows')} ({listed(rows)}): {why.rstrip('.')}.")
    return tuple(notes)


def _html_table(frame: pd.DataFrame) -> str:
    head = "".join(f"<th>{escape(str(name).replace('_', ' '))}</th>" for name in frame.columns)
    body = "".join(
        "<tr>" + "".join(f"<td>{escape(_cell(value))}</td>" for value in row) + "</tr>"
        for row in frame.itertuples(index=False, name=None)
    )
    return f"<table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>"


def _cell(value: object) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, float):
        return f"{value:.0f}" if value.is_integer() else number(value, 3)
    return str(value)


def direction_page(test: DirectionTest) -> str:
    """Return the result as HTML; see `DirectionTest._repr_html_`."""
    parts = [f"<p><b>{escape(test.sentence())}</b></p>"]
    if int(test.table["unknown"].sum()):
        parts.append(_html_table(test.bounds))
    if len(test.combined):
        shown = test.combined.copy()
        for name in ("p_first", "p_second", "p_value"):
            shown[name] = [p_value(float(value)) for value in shown[name]]
        parts.append(_html_table(shown))
    columns = ["label", "rows", "first", "second", "zero", "unknown", "direction"]
    parts.append(_html_table(test.table[columns]))
    parts.append("<ul>" + "".join(f"<li>{escape(note)}</li>" for note in test.notes) + "</ul>")
    return f'<div class="evidence-direction">{"".join(parts)}</div>'
