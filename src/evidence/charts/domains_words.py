"""A comparison by domain in words: its caption and its alternative text."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from evidence.charts.captions import assumption_words, level_words, method_words
from evidence.charts.domains_rows import domains_rows
from evidence.charts.frame import measure_name
from evidence.charts.words import listed, plural

if TYPE_CHECKING:
    from evidence.fit import MetaFit
    from evidence.synthesis.compare import Comparison

__all__ = ["domains_alt", "domains_caption"]


def domains_caption(comparison: Comparison) -> str:
    """Return the caption of the comparison: model, intervals, what the columns count, what is assumed.

    Parameters
    ----------
    comparison : Comparison
        The drawn comparison.

    Returns
    -------
    str
        Some short sentences.
    """
    fits = list(comparison.fits.values())
    methods = list(dict.fromkeys(method_words(fit.method) for fit in fits if fit.n_studies > 1))
    model = f"{listed(methods)}; " if methods else ""
    model = model[:1].upper() + model[1:]
    rows = domains_rows(comparison)
    bold = (
        "Bold: the interval excludes no difference. "
        if rows["verdict"].isin(["first", "second"]).any()
        else ""
    )
    lone = "One study is shown, not pooled. " if (rows["state"] == "one study").any() else ""
    level = level_words(comparison.level or 0.95)
    return (
        f"{model}{_amount(fits)}; {level} intervals. {bold}{lone}Rows are counted by what they "
        "report: a value, only bounds, only a direction. "
        f"{assumption_words(fits)}"
    ).rstrip()


def _amount(fits: Sequence[MetaFit]) -> str:
    """Return how many rows of how many different studies are shown: one study may stand in several groups."""
    used = [fit.rows[fit.rows["used"].astype(bool)] for fit in fits if len(fit.rows)]
    studies = {str(study) for rows in used for study in rows["study"]}
    return f"{plural(sum(map(len, used)), 'row')} of {plural(len(studies), 'study', 'studies')}"


def domains_alt(comparison: Comparison) -> str:
    """Return the alternative text: every domain with its numbers.

    Parameters
    ----------
    comparison : Comparison
        The drawn comparison.

    Returns
    -------
    str
        For readers who do not see the picture.
    """
    rows = domains_rows(comparison)
    parts = []
    for row in rows[rows["role"] == "domain"].itertuples(index=False):
        amount = "" if row.state == "one study" else f", {plural(int(str(row.studies)), 'study', 'studies')}"
        parts.append(f"{row.label}: {row.effect_text}{amount}")
    return f"{measure_name(comparison.measure)} by {comparison.by.replace('_', ' ')}. {'; '.join(parts)}."
