"""What a forest plot says in words: its title, its caption and its alternative text."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import pandas as pd

from evidence.charts.captions import bound_words, limits, pooled_words, result_words
from evidence.charts.forest_content import basis
from evidence.charts.forest_layout import preset_for
from evidence.charts.forest_rows import rows_of
from evidence.charts.forest_sections import Sections, sections_of
from evidence.charts.frame import measure_name
from evidence.charts.words import listed, measure_code, measure_head, plural
from evidence.fit.chance import favoured

if TYPE_CHECKING:
    from evidence.fit import MetaFit
    from evidence.synthesis.compare import Comparison

__all__ = ["alt_words", "caption_words", "forest_alt", "forest_caption", "forest_title", "title_words"]


def forest_title(fit: MetaFit | Comparison, favours: tuple[str, str] = ("second arm", "first arm")) -> str:
    """Return one message made from the result, never more than its interval allows.

    Parameters
    ----------
    fit : MetaFit or Comparison
        The drawn result.
    favours : tuple of str
        Names of what lies below and above no difference.

    Returns
    -------
    str
        Which side the interval lies on, or that it lies on both; of subgroups, whether they differ.
    """
    return title_words(sections_of(fit, None, preset_for("evidence")), favours)


def title_words(sections: Sections, favours: tuple[str, str]) -> str:
    """Return the message: that of the overall result, else what tells the subgroups apart."""
    if sections.overall is not None:
        return _result_title(sections.overall, favours)
    if sections.fitted is not None:
        return sections.lack
    pooled = [
        f"{block.name} {_short(block.fit)}"
        for block in sections.blocks
        if block.fit is not None and block.fit.n_studies > 1 and _told(block.fit)
    ]
    if not pooled:
        return "No subgroup gives a pooled result"
    if len(pooled) <= 3:
        return f"{measure_head(sections.lead.measure)} by {sections.by}: {'; '.join(pooled)}"
    sides = [_side(block.fit) for block in sections.blocks if block.fit is not None and _told(block.fit)]
    clear = [
        f"{sides.count(side)} favour {name}"
        for side, name in ((1, favours[1]), (-1, favours[0]))
        if side in sides
    ]
    unclear = [f"{sides.count(0)} undecided"] if 0 in sides else []
    return f"{measure_head(sections.lead.measure)} in {len(sides)} subgroups: {', '.join([*clear, *unclear])}"


def _told(fit: MetaFit) -> bool:
    """Tell whether there is a pooled value or a limit."""
    return fit.bound != "none" and not all(map(math.isnan, limits(fit))) and fit.n_studies > 1


def _short(fit: MetaFit) -> str:
    """Return estimate and interval in brackets."""
    return result_words(fit)


def _side(fit: MetaFit) -> int:
    """Return on which side of no difference the interval lies, on the model scale: 1, -1, or 0 on both."""
    return {"first": 1, "second": -1, "": 0}[favoured(fit)]


def _result_title(fit: MetaFit, favours: tuple[str, str]) -> str:
    if all(map(math.isnan, limits(fit))) or fit.bound == "none":
        return "One study: shown, not pooled" if fit.n_studies == 1 else "The rows give no pooled result"
    side = {1: f"favours {favours[1]}", -1: f"favours {favours[0]}", 0: "no clear difference"}[_side(fit)]
    lone = "one study " if fit.n_studies == 1 else ""
    message = f"{lone}{side}: {measure_code(fit.measure)} {bound_words(fit)}"
    return message[:1].upper() + message[1:]


def forest_caption(fit: MetaFit | Comparison) -> str:
    """Return the caption of the forest plot: what is pooled, by which model, and what that assumes.

    Parameters
    ----------
    fit : MetaFit or Comparison
        The drawn result.

    Returns
    -------
    str
        Some short sentences.
    """
    return caption_words(sections_of(fit, None, preset_for("evidence")))


def caption_words(sections: Sections) -> str:
    """Return the caption of a forest plot that is already sorted into its parts."""
    lead = sections.lead
    if not sections.grouped:
        told = pooled_words(lead) if sections.overall is not None else _uncapital(_lacking(sections))
        return f"{measure_name(lead.measure)}: {told}. {basis(sections)}"
    words = f"{measure_name(lead.measure)} by {sections.by}: {'; '.join(_block_words(sections))}."
    overall = "" if sections.overall is None else f" Overall: {pooled_words(sections.overall)}."
    test = f" {sections.test}." if sections.test else ""
    return f"{words}{overall}{test.replace('..', '.')} {basis(sections)}"


def _lacking(sections: Sections) -> str:
    """Return why there is no pooled value, and the test of the moderators."""
    return "; ".join(part for part in (sections.lack, _uncapital(sections.test)) if part)


def _uncapital(text: str) -> str:
    return text[:1].lower() + text[1:]


def _block_words(sections: Sections) -> list[str]:
    """Return every subgroup with its result in words."""
    words = []
    for block in sections.blocks:
        if block.fit is None:
            words.append(f"{block.name}: {_uncapital((block.why or 'no result').rstrip('.'))}")
        elif block.fit.n_studies == 1:
            words.append(f"{block.name}: one study, not pooled")
        else:
            amount = plural(block.fit.n_studies, "study", "studies")
            words.append(f"{block.name}: {pooled_words(block.fit)}, {amount}")
    return words


def forest_alt(fit: MetaFit | Comparison) -> str:
    """Return the alternative text of the forest plot: a sentence with its numbers.

    Parameters
    ----------
    fit : MetaFit or Comparison
        The drawn result.

    Returns
    -------
    str
        For readers who do not see the picture.
    """
    house = preset_for("evidence")
    sections = sections_of(fit, None, house)
    return alt_words(sections, rows_of(sections, house), last=True)


def alt_words(sections: Sections, rows: pd.DataFrame, *, last: bool) -> str:
    """Return the alternative text of some lines; `last` where the result stands under them."""
    kinds = {"square": "value", "band": "bounds only", "arrow": "direction only"}
    counts = rows.loc[rows["role"] == "row", "mark"].value_counts()
    parts = listed(f"{counts[mark]} with {words}" for mark, words in kinds.items() if mark in counts)
    n_rows = int((rows["role"] == "row").sum())
    start = f"Forest plot of {plural(n_rows, 'row')}{f' ({parts})' if parts else ''}."
    if not last:
        named = rows.loc[rows["role"] == "row", "label"]
        return f"{start} From {named.iloc[0]} to {named.iloc[-1]}." if len(named) else start
    if sections.grouped:
        overall = [] if sections.overall is None else [f"Overall: {pooled_words(sections.overall)}"]
        told = "; ".join(_block_words(sections) + overall)
        test = f". {sections.test.rstrip('.')}" if sections.test else ""
        return f"{start} By {sections.by}: {told}{test}."
    told = pooled_words(sections.lead) if sections.overall is not None else _lacking(sections)
    return f"{start} {told[:1].upper()}{told[1:]}."
