"""A funnel plot in words: its title, its caption, its alternative text."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pandas as pd

from evidence.charts.captions import level_words, limits, model_words
from evidence.charts.frame import as_text, printed
from evidence.charts.funnel_rows import REGIONS, funnel_fit, funnel_rows
from evidence.charts.words import listed, measure_code, number, plural, range_words
from evidence.synthesis.bias_words import FEW, equals_p

if TYPE_CHECKING:
    from evidence.effects.record import Effects
    from evidence.fit import MetaFit
    from evidence.synthesis.bias_fill import TrimAndFill
    from evidence.synthesis.funnel_record import FunnelTest

__all__ = ["funnel_alt", "funnel_caption", "funnel_title", "slide_note"]


_REASONS = 3
"""Reasons for rows that are no points which a note names; of more it names the most frequent."""


def funnel_title(
    fit_or_effects: MetaFit | Effects,
    *,
    filled: TrimAndFill | None = None,
    test: FunnelTest | None = None,
    favours: tuple[str, str] = ("second arm", "first arm"),
) -> str:
    """Return one message made from the numbers: what the test says, what is filled in, or where effects lie.

    Parameters
    ----------
    fit_or_effects, filled, test, favours
        As in `funnel`.

    Returns
    -------
    str
        One sentence without a full stop. Below ten studies it says that a funnel should not be read.
    """
    fit = funnel_fit(fit_or_effects)
    rows = funnel_rows(fit, filled=filled)
    points = rows[rows["mark"].eq("point")]
    studies = points["study"].nunique()
    if studies < FEW:
        without = int((rows["role"].ne("filled") & rows["kind"].ne("exact")).sum())
        rest = f" with a value, {plural(without, 'row')} without" if without else ""
        return f"Only {plural(studies, 'study', 'studies')}{rest}: too few to read a funnel"
    parts = []
    if test is not None:
        p = equals_p(test.p_value).replace(" ", "\u00a0")
        slope = float(test.table.set_index("term")["estimate"]["slope"])
        who = favours[1] if slope > 0 else favours[0]
        parts.append(
            f"Smaller studies favour {who} more (Egger {p})"
            if test.p_value < 1.0 - test.level
            else f"No clear sign that smaller studies differ (Egger {p})"
        )
    if filled is not None:
        was, now = (number(limits(one)[0]) for one in (filled.observed, filled.filled))
        told = (
            f"trim and fill adds {filled.added}: {measure_code(fit.measure)} {was} becomes {now}"
            if filled.added
            else "trim and fill adds none"
        )
        parts.append(told if parts else told[:1].upper() + told[1:])
    if parts:
        return "; ".join(parts)
    clear = int(points["p_value"].lt(0.05).sum())
    around = "" if fit.estimate is None else f" around {measure_code(fit.measure)} {number(limits(fit)[0])}"
    return f"{plural(len(points), 'effect')}{around}; {clear} with p below 0.05"


def not_points(rows: pd.DataFrame) -> str:
    """Return how many rows are no points, and why."""
    parts = []
    bounds = int(rows["mark"].eq("bounds").sum())
    if bounds:
        parts.append(
            f"{plural(bounds, 'row')} with bounds only, drawn at {'its' if bounds == 1 else 'their'} bound"
        )
    hidden = rows[rows["mark"].eq("none") & rows["role"].eq("row")]
    parts += [
        f"{plural(len(part), 'row')} not drawn ({note})" for note, part in hidden.groupby("note", sort=False)
    ]
    out = rows[rows["role"].eq("left_out")]
    reasons = out.groupby(out["note"].str.rstrip("."), sort=False).size().sort_values(ascending=False)
    told = reasons.iloc[:_REASONS] if len(reasons) > _REASONS + 1 else reasons
    parts += [
        f"{plural(n, 'row')} not pooled and not drawn ({as_text(why) or 'no reason given'})"
        for why, n in told.items()
    ]
    if len(told) < len(reasons):
        parts.append(f"{plural(len(out) - int(told.sum()), 'row')} not drawn for other reasons")
    return listed(parts)


def slide_note(rows: pd.DataFrame) -> str:
    """Return what a slide has to say below the picture."""
    told = not_points(rows)
    studies = rows.loc[rows["mark"].eq("point"), "study"].nunique()
    few = "Below 10 studies a funnel is not to be read." if studies < FEW else ""
    return " ".join(part for part in (f"{told[:1].upper()}{told[1:]}." if told else "", few) if part)


def funnel_caption(
    fit_or_effects: MetaFit | Effects,
    *,
    filled: TrimAndFill | None = None,
    test: FunnelTest | None = None,
) -> str:
    """Return the caption: what is drawn, by which model, what is no point, and when not to read it.

    Parameters
    ----------
    fit_or_effects, filled, test
        As in `funnel`.

    Returns
    -------
    str
        Some short sentences.
    """
    fit = funnel_fit(fit_or_effects)
    rows = funnel_rows(fit, filled=filled)
    points = rows[rows["mark"].eq("point")]
    studies = points["study"].nunique()
    level = level_words(fit.level)
    parts = [
        f"Funnel plot of {plural(len(points), 'effect')} of {plural(studies, 'study', 'studies')} against "
        "standard errors; shades: two-sided p of an effect that lies there."
    ]
    if told := not_points(rows):
        parts.append(f"{told[:1].upper()}{told[1:]}.")
    if fit.estimate is not None:
        model = model_words(fit).rstrip(".")
        parts.append(
            f"Line: mean {number(limits(fit)[0])}, {level} interval {range_words(*limits(fit)[1:])} "
            f"({model[:1].lower()}{model[1:]}). Dashed: where {level} of effects would lie if all measured "
            "that one."
        )
    else:
        parts.append("No mean: the rows give a limit on one side only.")
    if filled is not None:
        parts.append(f"{filled.sentence()}")
    if test is not None:
        parts.append(f"{test.sentence()}")
    if studies < FEW and filled is None and test is None:
        parts.append(
            f"{plural(studies, 'study is', 'studies are')} too few: below {FEW} a funnel is not to be read "
            "(Sterne 2011)."
        )
    parts.append("A lopsided funnel is no proof of unreported results, nor a symmetric one of their absence.")
    return " ".join(parts)


def funnel_alt(
    fit_or_effects: MetaFit | Effects,
    *,
    filled: TrimAndFill | None = None,
    test: FunnelTest | None = None,
) -> str:
    """Return the alternative text: how many effects lie where, and what test and filling say.

    Parameters
    ----------
    fit_or_effects, filled, test
        As in `funnel`.

    Returns
    -------
    str
        For readers who do not see the picture.
    """
    fit = funnel_fit(fit_or_effects)
    rows = funnel_rows(fit, filled=filled)
    points = rows[rows["mark"].eq("point")]
    counts = points["region"].value_counts()
    told = listed(f"{counts[region]} with {region}" for region in REGIONS if region in counts)
    errors = f"{number(float(points['std_error'].min()))} to {number(float(points['std_error'].max()))}"
    parts = [f"Funnel plot of {plural(len(points), 'effect')}, standard errors {errors}: {told}"]
    if fit.estimate is not None:
        centre = printed(fit.estimate, fit.scale, fit.display_sign)
        sides = int(points["estimate"].lt(centre).sum())
        parts.append(f"mean {number(centre)}, {sides} effects below it and {len(points) - sides} not")
    if filled is not None:
        parts.append(f"trim and fill adds {filled.added}")
    if test is not None:
        parts.append(f"Egger's test {equals_p(test.p_value)}")
    if told := not_points(rows):
        parts.append(told)
    return f"{'; '.join(parts)}."
