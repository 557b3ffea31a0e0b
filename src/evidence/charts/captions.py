"""What a chart says in words: model, estimator, interval and number of studies, always from the result."""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING

import pandas as pd

from evidence.charts.frame import as_text, printed, printed_range
from evidence.charts.words import (
    count,
    domain_name,
    interval_words,
    limit_words,
    listed,
    number,
    plural,
    spread_words,
)
from evidence.fit.chance import chance_alone

if TYPE_CHECKING:
    from evidence.fit import MetaFit

__all__ = [
    "assumption_words",
    "bound_words",
    "counts_by_domain",
    "kind_of_limit",
    "left_out_notes",
    "level_words",
    "limit_kind",
    "method_words",
    "model_words",
    "pooled_words",
    "result_words",
]


_ESTIMATORS = ("DL", "HE", "HS", "SJ", "PM", "ML", "REML", "EB")
"""Estimators of tau²: a method that begins with one is the random-effects model."""


def level_words(level: float) -> str:
    """Return a confidence level in percent: ``"95%"``."""
    return f"{round(level * 100, 1):g}%"


def limits(fit: MetaFit) -> tuple[float, float, float]:
    """Return estimate, lower and upper limit on the printed scale; NaN where there is none.

    A limit from bare directions that chance may well have aligned is none that a picture shows.
    """
    if chance_alone(fit) is not None:
        return math.nan, math.nan, math.nan
    low, high = printed_range(fit.conf_low, fit.conf_high, fit.scale, fit.display_sign)
    return printed(fit.estimate, fit.scale, fit.display_sign), low, high


def limit_kind(level: float, studies: int) -> str:
    """Return which interval a limit without an estimate ends: one-sided with two studies (`pool_partial`).

    Examples
    --------
    >>> limit_kind(0.95, 2), limit_kind(0.95, 3)
    ('one-sided 95%', '95% CI')
    """
    return f"one-sided {level_words(level)}" if studies == 2 else f"{level_words(level)} CI"


def kind_of_limit(fit: MetaFit) -> str:
    """Return which interval the limit of a result without an estimate ends."""
    return limit_kind(fit.level, fit.n_studies if fit.n_clusters is None else fit.n_clusters)


def result_words(fit: MetaFit, decimals: int = 2) -> str:
    """Return estimate and interval, or the limit with its level where that is all there is."""
    estimate, low, high = limits(fit)
    log = fit.scale == "log"
    if not math.isnan(estimate):
        return interval_words(estimate, low, high, decimals, log=log)
    return limit_words(low, high, decimals, log=log, kind=kind_of_limit(fit))


def bound_words(fit: MetaFit) -> str:
    """Return the pooled limits in words, one-sided where they are."""
    return result_words(fit)


def pooled_words(fit: MetaFit) -> str:
    """Return the pooled result as a phrase with its interval."""
    estimate, low, high = limits(fit)
    level = level_words(fit.level)
    if fit.bound == "none" or (math.isnan(estimate) and math.isnan(low) and math.isnan(high)):
        return "the rows give neither a pooled value nor a limit"
    if math.isnan(estimate):
        return f"no pooled value, only a limit: {result_words(fit)}"
    text = f"pooled effect {number(estimate)} ({level} interval {_ends(low, high)})"
    if fit.pred_low is None or fit.pred_high is None:
        return text
    ends = printed_range(fit.pred_low, fit.pred_high, fit.scale, fit.display_sign)
    return f"{text}, {level} prediction interval {_ends(*ends)}"


def _ends(low: float, high: float) -> str:
    return f"{number(low)} to {number(high)}"


def method_words(method: str) -> str:
    """Return a method as a caption names it: the model before the estimator of its variance.

    Examples
    --------
    >>> method_words("REML, HKSJ"), method_words("common effect, z")
    ('random effects, REML, HKSJ', 'common effect, z')
    """
    return f"random effects, {method}" if method.split(",")[0] in _ESTIMATORS else method


def model_words(fit: MetaFit) -> str:
    """Return model, estimator, amounts and heterogeneity as one note."""
    people = f", {count(fit.n_people)} people" if fit.n_people is not None else ""
    amount = f"{plural(fit.k, 'row')} of {plural(fit.n_studies, 'study', 'studies')}{people}"
    parts = [f"{method_words(fit.method)}; {amount}"]
    if fit.tau2 is not None:
        parts.append(f"\u03c4\u00b2 {spread_words(fit.tau2, fit.tau2_low, fit.tau2_high)}")
    if fit.i2 is not None:
        parts.append(f"I\u00b2 {fit.i2:.0f}%")
    words = "; ".join(parts)
    return f"{words[:1].upper()}{words[1:]}."


_ASSUMED = {
    "r": (re.compile(r"correlation of r = ([\d.]+\d(?: or [\d.]+\d)*)"), "between scores before and after"),
    "rho": (re.compile(r"correlate rho = ([\d.]+\d)"), "within a study"),
}
_IMPOSSIBLE = re.compile(r"^rests on a print that cannot be true: (\S+)")
_SAME_PEOPLE = re.compile(r"^(\S+) and (\S+) report \(in part\) the same people")


def assumption_words(fits: Iterable[MetaFit]) -> str:
    """Return what results assume, from their notes: correlations, and studies of the same people.

    Parameters
    ----------
    fits : iterable of MetaFit
        Results that stand together.

    Returns
    -------
    str
        ``"Assumed: r = 0.7 between scores before and after, rho = 0.6 within a study."``, then the pairs of
        studies that share people and the rows whose print cannot be true; empty where nothing is assumed.
    """
    found: dict[str, dict[str, None]] = {name: {} for name in _ASSUMED}
    pairs: dict[str, None] = {}
    for fit in fits:
        labels = _labels(fit)
        for note in fit.notes:
            for name, (pattern, _) in _ASSUMED.items():
                found[name] |= dict.fromkeys(pattern.findall(note))
            if same := _SAME_PEOPLE.match(note):
                first, second = (labels.get(study, study) for study in same.groups())
                pairs[f"{first} and {second}: in part the same people."] = None
            if wrong := _IMPOSSIBLE.match(note):
                pairs[f"What is printed in row {wrong[1]} cannot be true (evidence audit)."] = None
    assumed = [
        f"{name} = {' or '.join(values)} {_ASSUMED[name][1]}" for name, values in found.items() if values
    ]
    return " ".join([*([f"Assumed: {', '.join(assumed)}."] if assumed else []), *pairs])


def _labels(fit: MetaFit) -> dict[str, str]:
    """Return the labels of the studies of a result by their keys."""
    if not {"study", "label"} <= set(fit.rows.columns):
        return {}
    both = zip(fit.rows["study"], fit.rows["label"], strict=True)
    return {as_text(study): as_text(label) or as_text(study) for study, label in both}


def counts_by_domain(rows: pd.DataFrame, column: str, words: Mapping[str, str]) -> str:
    """Return how many rows of each domain have each value of a column, in words and in their order."""
    parts = []
    for domain, group in rows.groupby("domain", sort=False):
        counts = group[column].value_counts()
        told = listed(f"{counts[value]} {word}" for value, word in words.items() if value in counts)
        parts.append(f"{domain_name(str(domain))}: {told}")
    return "; ".join(parts)


def left_out_notes(rows: pd.DataFrame, *, short: bool = False, most: int = 4) -> tuple[str, ...]:
    """Return notes on the rows that were not pooled, one for each reason.

    Parameters
    ----------
    rows : DataFrame
        Rows of a forest plot; those of role ``"left_out"`` count.
    short : bool
        Only how many: a slide has no room for names, the rows have them.
    most : int
        Names in one note; the rest is counted.

    Returns
    -------
    tuple of str
        Empty where every row was pooled.
    """
    out = rows[rows["role"] == "left_out"]
    if out.empty:
        return ()
    if short:
        return (f"Not pooled: {plural(len(out), 'row')}.",)
    notes = []
    for reason, group in out.groupby("note", sort=False):
        names = list(dict.fromkeys(group["label"]))
        shown = names[:most] if len(names) > most else names
        more = (
            f" and {plural(len(names) - most, 'other study', 'other studies')}" if len(names) > most else ""
        )
        who = listed(shown) if not more else ", ".join(shown) + more
        why = (as_text(reason) or "no reason given").rstrip(".")
        notes.append(f"Not pooled, {plural(len(group), 'row')} ({who}): {why}.")
    return tuple(notes)
