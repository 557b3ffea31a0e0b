"""What an orchard plot says in words: its caption and its alternative text."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import pandas as pd

from evidence.charts.captions import (
    assumption_words,
    left_out_notes,
    level_words,
    method_words,
    model_words,
)
from evidence.charts.frame import measure_name
from evidence.charts.orchard_rows import as_comparison, orchard_rows
from evidence.charts.words import domain_name, listed, plural, range_words

if TYPE_CHECKING:
    from evidence.fit import MetaFit
    from evidence.synthesis.compare import Comparison

__all__ = ["orchard_alt", "orchard_caption"]


def orchard_caption(comparison_or_fit: Comparison | MetaFit) -> str:
    """Return the caption: model, intervals, what the marks are, what is not drawn, what is assumed.

    Parameters
    ----------
    comparison_or_fit : Comparison or MetaFit
        As drawn.

    Returns
    -------
    str
        Some short sentences.
    """
    comparison = as_comparison(comparison_or_fit)
    rows = orchard_rows(comparison)
    fits = list(comparison.fits.values())
    drawn = rows[rows["role"].eq("row") & rows["mark"].ne("none")]
    methods = list(dict.fromkeys(method_words(fit.method) for fit in fits if fit.n_studies > 1))
    model = listed(methods) if methods else "nothing pooled"
    studies = plural(drawn["study"].nunique(), "study", "studies")
    amount = f"Orchard plot of {plural(len(drawn), 'row')} of {studies}; {model}."
    parts = [
        f"Orchard plot. {model_words(fits[0])}" if len(fits) == 1 else amount,
        f"{level_words(comparison.level or 0.95)} intervals; circle area: precision (1/standard error).",
    ]
    if drawn["mark"].isin(["band", "arrow"]).any():
        parts.append("Below each mean: rows that print only bounds or a direction.")
    if rows["state"].eq("one study").any():
        parts.append("One study is shown, not pooled.")
    if comparison.failures:
        parts.append(f"No result: {listed(map(domain_name, comparison.failures))}.")
    out = rows.assign(note=_reasons(comparison, rows))
    parts += left_out_notes(out, short=len(fits) > 1)
    if assumed := assumption_words(fits):
        parts.append(assumed)
    return " ".join(parts)


def _reasons(comparison: Comparison, rows: pd.DataFrame) -> list[str]:
    """Return for each line why the row was not pooled."""
    why = {
        (group, str(row_id)): str(reason or "")
        for group, fit in comparison.fits.items()
        for row_id, reason in zip(fit.rows["row_id"], fit.rows["why_not"], strict=True)
    }
    return [why.get((group, row), "") for group, row in zip(rows["group"], rows["row_id"], strict=True)]


def orchard_alt(comparison_or_fit: Comparison | MetaFit) -> str:
    """Return the alternative text: every group with its result and how much is drawn in it.

    Parameters
    ----------
    comparison_or_fit : Comparison or MetaFit
        As drawn.

    Returns
    -------
    str
        For readers who do not see the picture.
    """
    comparison = as_comparison(comparison_or_fit)
    rows = orchard_rows(comparison)
    parts = []
    for row in rows[rows["role"].eq("group")].itertuples(index=False):
        amount = f"{plural(row.effects, 'effect')}, {plural(row.studies, 'study', 'studies')}"  # type: ignore[arg-type]
        pred = float(row.pred_low), float(row.pred_high)  # type: ignore[arg-type]
        told = "" if math.isnan(pred[0]) else f", prediction interval {range_words(*pred)}"
        parts.append(f"{row.label}: {row.effect_text}{told} ({amount})")
    return f"Effects by group, {measure_name(comparison.measure)}. {'; '.join(parts)}."
