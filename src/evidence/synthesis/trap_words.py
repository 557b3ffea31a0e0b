"""The difference in significance in words and as HTML."""

from __future__ import annotations

import math
from html import escape
from typing import TYPE_CHECKING

from evidence.effects.row import Row
from evidence.fit.numbers import number, p_value
from evidence.synthesis.trap_reports import ArmReport

if TYPE_CHECKING:
    from evidence.synthesis.trap import Trap

__all__ = ["p_words", "printed_result", "range_of", "trap_notes", "trap_page", "trap_sentence"]


def range_of(low: float, high: float, places: int = 2) -> str:
    """Return a range in words: ``"0.21 to 1.29"``, ``"above 0.00"``, ``"anything"``."""
    if low == high:
        return number(low, places)
    if math.isinf(low) and math.isinf(high):
        return "anything"
    if math.isinf(high):
        return f"above {number(low, places)}"
    if math.isinf(low):
        return f"below {number(high, places)}"
    return f"{number(low, places)} to {number(high, places)}"


def p_words(low: float, high: float) -> str:
    """Return a range of p in words: ``"= 0.34"``, ``"between 0.001 and 0.56"``, ``"anything"``."""
    if low == high:
        text = p_value(low)
        return text if text.startswith("<") else f"= {text}"
    if low == 0.0:
        return "anything" if high >= 0.995 else f"below {_rounded(high)}"
    ends = p_value(low), _rounded(high)
    if high >= 0.995:
        return f"anything above {ends[0].removeprefix('< ')}"
    return f"between {ends[0].removeprefix('< ')} and {ends[1]}"


def _rounded(p: float) -> str:
    return f"{p:.2f}" if p >= 0.1 else p_value(p).removeprefix("< ")


def trap_sentence(trap: Trap) -> str:
    """Return what follows for the difference between the arms; see `Trap.sentence`."""
    first, second = (trap.table.iloc[i] for i in (0, 1))
    parts = [_within(trap, str(first["name"]), str(first["said"]), str(second["name"]), str(second["said"]))]
    if trap.smd_low == trap.smd_high:
        ends = trap.table.iloc[2]
        parts.append(
            f"The difference between them is {number(trap.smd_low)} standard deviations of change "
            f"({100 * trap.level:g} % interval {number(float(ends['conf_low']))} to "
            f"{number(float(ends['conf_high']))}; p {p_words(trap.p_low, trap.p_high)})."
        )
    else:
        where = range_of(trap.smd_low, trap.smd_high)
        lies = (
            "may be anything"
            if where == "anything"
            else f"lies {where}"
            if where.startswith(("above", "below"))
            else f"lies between {where.replace(' to ', ' and ')}"
        )
        unit = "" if where == "anything" else " standard deviations of change"
        p = p_words(trap.p_low, trap.p_high)
        joint = "can be " if p.startswith("anything") else "is " if p.startswith("below") else "lies "
        parts.append(f"The difference between them {lies}{unit}; its p {joint}{p}.")
    if trap.pattern.endswith("only"):
        chance = trap.chance_most
        parts.append(
            f"Two arms that truly change alike show this difference in significance in up to "
            f"{_percent(chance.either)} of trials."
        )
    if trap.printed:
        parts.append(f"The comparison that counts is printed: {trap.printed}.")
    return " ".join(parts)


def _percent(share: float) -> str:
    return f"{100 * share:.0f} %"


def _within(trap: Trap, first: str, said_first: str, second: str, said_second: str) -> str:
    if trap.pattern.endswith("only"):
        pairs = [(first, said_first), (second, said_second)]
        (yes, why), (no, why_not) = pairs if trap.pattern == "first only" else pairs[::-1]
        text = (
            f"{yes} changed significantly{_aside(why)}, {no} did not{_aside(why_not)}: that compares nothing."
        )
    elif trap.pattern == "both":
        text = f"Both arms changed significantly ({first}: {said_first}; {second}: {said_second}): which "
        text += "changed more, that does not tell."
    elif trap.pattern == "neither":
        text = f"Neither arm changed significantly ({first}: {said_first}; {second}: {said_second}): which "
        text += "changed more, that does not tell."
    else:
        text = f"{first}: {said_first}; {second}: {said_second}."
    return text[:1].upper() + text[1:]


def _aside(said: str) -> str:
    """Return a report in brackets; a bare verdict says nothing new."""
    bare = said.replace("not ", "").strip("n.s* ") in ("", "ignificant")
    return "" if bare else f" ({said})"


def trap_notes(first: ArmReport, second: ArmReport, spreads: str, correlation: float) -> tuple[str, ...]:
    """Return what was assumed, each thing once."""
    notes = [spreads]
    for note in dict.fromkeys((*first.notes, *second.notes)):
        who = [arm.name for arm in (first, second) if note in arm.notes]
        notes.append(f"{who[0] if len(who) == 1 else 'both arms'}: {note}")
    notes.append(f"raw-score units: times sqrt(2(1-r)) with r = {correlation:g}")
    return tuple(dict.fromkeys(notes))


def printed_result(row: Row) -> str:
    """Return what a row prints of the test between its arms, in a few words; empty where it prints none."""
    if row.is_inferred or row.word("basis") == "within_group_only":
        return ""
    test = row.test
    if test is None:
        return ""
    verdict = {"yes": "significant", "no": "no significant difference"}.get(row.significant, "")
    direction = {"favours_e": "first arm better", "favours_c": "second arm better"}.get(
        row.word("direction"), ""
    )
    relation = {"<=": "≤", ">=": "≥"}.get(test.relation, test.relation)
    p = f"p {relation} {test.p:g}" if test.printed else ""
    return ", ".join(part for part in (direction, verdict, p) if part)


def trap_page(trap: Trap) -> str:
    """Return the result as HTML; see `Trap._repr_html_`."""
    percent = f"{100 * trap.level:g} %"
    head = ("", "n", "reported", "change in SDs of change", f"{percent} interval, at most", "p")
    lines = []
    for row in trap.table.to_dict("records"):
        cells = (
            str(row["name"]),
            f"{row['n']:g}",
            str(row["said"]),
            range_of(row["low"], row["high"]),
            range_of(row["conf_low"], row["conf_high"]),
            p_words(row["p_low"], row["p_high"]).removeprefix("= "),
        )
        lines.append("<tr>" + "".join(f"<td>{escape(cell)}</td>" for cell in cells) + "</tr>")
    raw = (
        f"Difference in standard deviations of the raw score (r = {trap.correlation:g}): "
        f"{range_of(trap.raw_low, trap.raw_high)}."
    )
    header = "".join(f"<th>{escape(name)}</th>" for name in head)
    notes = "".join(f"<li>{escape(note)}</li>" for note in trap.notes)
    return (
        f'<div class="evidence-trap"><p><b>{escape(trap.sentence())}</b></p><table><thead><tr>{header}</tr>'
        f"</thead><tbody>{''.join(lines)}</tbody></table><p>{escape(raw)}</p><ul>{notes}</ul></div>"
    )
