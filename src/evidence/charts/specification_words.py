"""What a specification curve says: its message, its caption, its alternative text."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from evidence.charts.captions import level_words
from evidence.charts.specification_rows import MOST, choice_name, choice_rows, specification_curve_rows
from evidence.charts.words import count, decimals_for, measure_code, number, plural
from evidence.fit.numbers import p_value

if TYPE_CHECKING:
    from evidence.synthesis.multiverse import Multiverse

__all__ = ["message", "slide_note", "specification_curve_alt", "specification_curve_caption"]


def _clear(multiverse: Multiverse) -> tuple[int, int]:
    known = (
        multiverse.pooled.loc[multiverse.pooled["estimate"].notna(), "excludes_zero"].dropna().astype(bool)
    )
    return int(known.sum()), len(known)


def message(multiverse: Multiverse) -> str:
    """Return in how many specifications the interval excludes no difference, and what moves them most."""
    clear, known = _clear(multiverse)
    if not known:
        return "No specification has an interval"
    null = "1" if multiverse.log else "zero"
    head = f"{count(clear)} of {count(known)} specifications exclude {null}"
    if clear in (0, known):
        which = "All of" if clear else "None of"
        head = f"{which} {plural(known, 'specification')} exclude{'' if clear else 's'} {null}"
    return f"{head}{_mover(multiverse)}"


def _mover(multiverse: Multiverse) -> str:
    first = multiverse.moves_most()
    if first is None:
        return ""
    name = choice_name(str(first["choice"]))
    words = "the correlation r" if name == "r" else f"the choice of {name[:1].lower()}{name[1:]}"
    return f"; {words} moves them most"


def _thinned(multiverse: Multiverse, shown: int) -> str:
    total = int(multiverse.pooled["estimate"].notna().sum())
    return f"Drawn: {count(shown)} of {count(total)}, evenly by rank." if shown < total else ""


def slide_note(multiverse: Multiverse, rows: pd.DataFrame) -> str:
    """Return the note of a slide: the joint test, and whether the curve is thinned."""
    return " ".join(part for part in (_joint(multiverse), _thinned(multiverse, len(rows))) if part)


def _joint(multiverse: Multiverse) -> str:
    test = multiverse.joint_test
    if test is None:
        return ""
    shown = p_value(test.p_median)
    words = f"Joint test of no effect: p {shown if shown.startswith('<') else '= ' + shown}"
    return f"{words} ({plural(test.studies, 'study', 'studies')})."


def specification_curve_caption(multiverse: Multiverse, *, most: int = MOST) -> str:
    """Return the caption: how many specifications of which choices, how many are clear, the joint test.

    Parameters
    ----------
    multiverse : Multiverse
        The drawn multiverse.
    most : int, default 200
        As drawn.

    Returns
    -------
    str
        Some short sentences.
    """
    rows = specification_curve_rows(multiverse, most=most)
    lines, _ = choice_rows(multiverse)
    clear, known = _clear(multiverse)
    total = int(multiverse.pooled["estimate"].notna().sum())
    parts = [
        f"{plural(total, 'specification')} of {plural(lines['choice'].nunique(), 'choice')}, each of two or"
        f" more studies; dots: {measure_code(multiverse.measure)}, lines: {level_words(multiverse.level)}"
        " intervals, cut at"
        " the edge; below, which choices made each.",
        f"{count(clear)} of {count(known)} intervals exclude {'1' if multiverse.log else 'zero'}"
        + (f" ({100 * clear / known:.0f}%)." if known else "."),
        _thinned(multiverse, len(rows)),
    ]
    if test := multiverse.joint_test:
        parts.append(f"{_joint(multiverse)} {test.note}")
    if len(multiverse.left_out):
        out = int(multiverse.left_out["count"].sum())
        parts.append(f"{plural(out, 'combination')} without sense left out.")
    parts.append("The specifications are not independent: their share is no p value.")
    return " ".join(part for part in parts if part)


def specification_curve_alt(multiverse: Multiverse) -> str:
    """Return the alternative text: the range, the share of clear results, and what moves them most.

    Parameters
    ----------
    multiverse : Multiverse
        The drawn multiverse.

    Returns
    -------
    str
        For readers who do not see the picture.
    """
    ranges = []
    for measure, values in multiverse.printed().items():
        ends = [float(v) for v in np.quantile(values, [0.0, 0.5, 1.0])]
        places = decimals_for(ends)
        ranges.append(
            f"{measure_code(measure)} from {number(ends[0], places)} to {number(ends[2], places)}, median"
            f" {number(ends[1], places)}"
        )
    total = int(multiverse.pooled["estimate"].notna().sum())
    return f"Specification curve of {plural(total, 'result')}: {'; '.join(ranges)}. {message(multiverse)}."
