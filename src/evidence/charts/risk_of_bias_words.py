"""A table of the risk of bias in words: its title, its caption, its alternative text."""

from __future__ import annotations

from collections.abc import Mapping

import pandas as pd

from evidence.charts.frame import as_text
from evidence.charts.risk_of_bias_rows import (
    NOT_JUDGED,
    Appraised,
    appraised_from,
)
from evidence.charts.words import listed, plural

__all__ = ["risk_of_bias_table_alt", "risk_of_bias_table_caption", "risk_of_bias_table_title"]

_LONG = 90
"""Letters of the names of weakest domains above which a title names them in short."""


def risk_of_bias_table_title(appraisal: pd.DataFrame) -> str:
    """Return one message made from the judgements: the domain with most against it, or all that have as much.

    Parameters
    ----------
    appraisal : DataFrame
        As `risk_of_bias_table` takes it.

    Returns
    -------
    str
        Only confirmed judgements count; the overall one, which follows from the others, is no domain.
    """
    judged = appraised_from(appraisal)
    studies = len(judged.studies)
    against = [level for level in judged.levels if level.role == "high"]
    if all(level.role == "" for level in judged.levels):
        return f"None of {plural(studies, 'study', 'studies')} is judged yet"
    counts = {item: sum(judged.count(item, level) for level in against) for item in _parts(judged)}
    most = max(counts.values())
    if not most:
        return f"Nothing is judged high or failed in {plural(studies, 'study', 'studies')}"
    words = listed(level.words for level in against).replace(" and ", " or ")
    amount = f"{words} in {most} of {plural(studies, 'study', 'studies')}"
    worst = [item for item, n in counts.items() if n == most]
    if len(worst) == len(counts) > 1:
        return f"No domain stands out: each is {amount}"
    named = [f"{item} ({judged.words[item]})" if judged.words[item] else item for item in worst]
    if len(worst) > 1:
        named = worst if sum(map(len, named)) > _LONG else named
        return f"Weakest: {listed(named)}, each {amount}"
    return f"Weakest: {named[0]}, {amount}"


def _parts(judged: Appraised) -> tuple[str, ...]:
    """Return the domains without the one that sums them up, which says nothing of where the weakness is."""
    parts = tuple(item for item in judged.items if not item.casefold().startswith("overall"))
    return parts or judged.items


def risk_of_bias_table_caption(appraisal: pd.DataFrame) -> str:
    """Return the caption: what was judged, how many studies, and what nobody confirmed.

    Parameters
    ----------
    appraisal : DataFrame
        As `risk_of_bias_table` takes it.

    Returns
    -------
    str
        Some short sentences.
    """
    judged = appraised_from(appraisal)
    studies = plural(len(judged.studies), "study", "studies")
    total = len(judged.studies) * len(judged.items)
    open_ones = sum(not symbol.sure for symbol in judged.symbols.values())
    missing = total - sum(symbol != NOT_JUDGED for symbol in judged.symbols.values())
    parts = [f"{judged.note} {studies}."]
    if open_ones:
        parts.append(f"{open_ones} of {total} judgements are suggestions that nobody confirmed.")
    if missing:
        parts.append(f"{missing} of {total} are not judged.")
    return " ".join(parts)


def risk_of_bias_table_alt(appraisal: pd.DataFrame, labels: Mapping[str, str] | None = None) -> str:
    """Return the alternative text: for every domain, how many studies have which judgement.

    Parameters
    ----------
    appraisal : DataFrame
        As `risk_of_bias_table` takes it.
    labels : mapping of str to str, optional
        Names of the studies, for those with a judgement against them.

    Returns
    -------
    str
        For readers who do not see the picture.
    """
    judged = appraised_from(appraisal)
    parts = []
    for item in judged.items:
        told = [
            f"{judged.count(item, level)} {level.words}"
            for level in judged.levels
            if judged.count(item, level)
        ]
        name = f"{item} ({judged.words[item]})" if judged.words[item] else item
        parts.append(f"{name}: {listed(told)}")
    against = [s for s in judged.studies if any(judged.symbol(s, i).role == "high" for i in judged.items)]
    names = [as_text((labels or {}).get(study, study)) for study in against]
    words = ""
    if names:
        shown = listed(names) if len(names) <= 8 else f"{', '.join(names[:8])} and {len(names) - 8} more"
        words = f" At least one judgement against: {shown}."
    studies = plural(len(judged.studies), "study", "studies")
    return f"Risk of bias of {studies}. {'; '.join(parts)}.{words}"
