"""A pooled result as one headline: direction, size in words and number, interval, rated certainty.

The words never say more than the interval allows: the size is named for both of its ends, an interval that
holds no difference is "no clear difference", and a certainty is told only where somebody has rated it.
"""

from __future__ import annotations

import math
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from evidence.charts.captions import limits
from evidence.charts.words import decimals_for, number
from evidence.fit.chance import favoured
from evidence.fit.sentences import row_range

if TYPE_CHECKING:
    from evidence.fit import MetaFit
    from evidence.publish.certainty import Rating

__all__ = ["SIZE_RULE", "Headline", "fit_headline", "named_arms", "size_words"]

SIZE_RULE = "Sizes in words: below 0.2 trivial, from 0.2 small, from 0.5 medium, from 0.8 large (Cohen 1988)."
"""The rule behind the words for standardised mean differences, for the notes."""

_COHEN = ((0.2, "trivial"), (0.5, "small"), (0.8, "medium"), (math.inf, "large"))
_STANDARDISED = frozenset({"SMD", "SMDH", "SMD1", "SMD1H", "SMDC", "DPPC1", "DPPC2"})
# RR, IRR and HR are pooled together: the word fits all of them.
_QUANTITIES = {"RR": "risk or rate", "OR": "odds", "IRR": "rate", "HR": "hazard", "ROM": "mean"}
_HEDGED = {
    "": "Favours",
    "high": "Favours",
    "moderate": "Probably favours",
    "low": "May favour",
    "very low": "Very uncertain, but points to",
}
"""Openings by rated certainty, after the informative statements of Santesso and others (2020)."""


@dataclass(frozen=True)
class Headline:
    """What a question's result says, in one sentence.

    Attributes
    ----------
    sentence : str
        Direction, size in words and number, interval, and the rated certainty if there is one; without a
        full stop.
    shorter : tuple of str
        The same in ever fewer words, where there is little room; none says more than the interval allows.
    size_word : str
        The size in words: ``"small"``, or both ends of the interval, ``"trivial to large"``; empty where
        no rule names sizes of the measure.
    details : tuple of str
        Lines with the numbers: model, prediction interval, what is left out, what is assumed.
    beside : str
        A further result, counted otherwise, that a page tells beside the sentence; slides tell it in notes.
    """

    sentence: str
    shorter: tuple[str, ...]
    size_word: str
    details: tuple[str, ...]
    beside: str = ""

    @property
    def brief(self) -> str:
        """The fewest words: direction or its absence, number and interval."""
        return (self.sentence, *self.shorter)[-1]


def fit_headline(fit: MetaFit, favours: tuple[str, str], rating: Rating | None = None) -> Headline:
    """Return the headline of a pooled result.

    Parameters
    ----------
    fit : MetaFit
        The result; positive values favour the first arm, as everywhere.
    favours : tuple of str
        Names of the second and of the first arm.
    rating : Rating, optional
        How certain somebody has rated the evidence, with the reasons.

    Returns
    -------
    Headline
        Made from the numbers alone.

    References
    ----------
    Cohen J. Statistical Power Analysis for the Behavioral Sciences. 2nd ed. 1988.
    Santesso N, Glenton C, Dahm P, et al. GRADE guidelines 26: informative statements to communicate the
    findings of systematic reviews of interventions. J Clin Epidemiol. 2020;119:126-35.
    doi:10.1016/j.jclinepi.2019.10.014
    """
    size = size_words(fit)
    told = _said(fit, favours, size, rating)
    told = [words.replace(" %", "\u00a0%") for words in told]
    if rating is not None:
        told = [f"{words}; certainty {rating.certainty}" for words in told]
    details = [line for line in named_arms(fit.explain(), favours).split("\n") if line.strip()]
    if size and fit.measure in _STANDARDISED:
        details.insert(1, SIZE_RULE)
    if rating is not None:
        reasons = f": {rating.reasons}" if rating.reasons else ""
        details.insert(1, f"Certainty of the evidence, as rated by the authors: {rating.certainty}{reasons}.")
    return Headline(told[0], tuple(told[1:]), size, tuple(details))


def named_arms(text: str, favours: tuple[str, str]) -> str:
    """Return a sentence about "the first arm" and "the second arm" with the arms by name."""
    named = text.replace("the first arm", favours[1]).replace("the second arm", favours[0])
    # By a function: in a template, a backslash of the name would be read as an escape.
    return re.sub(r"\bfor the second(?=\W|$)(?! [a-z])", lambda _: f"for {favours[0]}", named)


def size_words(fit: MetaFit) -> str:
    """Return the size of a result in words, from one end of its interval to the other.

    Standardised mean differences are named by Cohen's benchmarks, ratios told in percent or as a multiple;
    other measures have no rule and get no word.

    Parameters
    ----------
    fit : MetaFit
        The result.

    Returns
    -------
    str
        ``"small to large"``, ``"trivial"``, ``"2 to 47 % lower"``, ``"medium at least"``, or an empty string.
    """
    _, low, high = limits(fit)
    if fit.scale == "log":
        return _ratio_words(low, high)
    if fit.measure not in _STANDARDISED or (math.isnan(low) and math.isnan(high)):
        return ""
    least, most = sorted((abs(low), abs(high)))
    if math.isinf(most):
        crosses = low < 0 < high
        return "" if crosses or math.isinf(least) else f"{_word(least)} at least"
    if low < 0 < high:
        return _word(most) if _word(least) == _word(most) else f"{_word(least)} to {_word(most)}"
    first, last = _word(least), _word(most)
    return first if first == last else f"{first} to {last}"


def _word(size: float) -> str:
    return next(word for limit, word in _COHEN if size < limit or math.isinf(limit))


def _ratio_words(low: float, high: float) -> str:
    """Return a range of ratios in words: in percent, and above the double as a multiple."""
    if math.isnan(low) or math.isnan(high) or math.isinf(high) or low <= 0.0:
        return ""
    if high <= 1.0:
        return f"{_percent(1 - high)} to {_percent(1 - low)} % lower"
    if low >= 1.0:
        if high > 2.0:
            return f"{number(low, 1)} to {number(high, 1)} times"
        return f"{_percent(low - 1)} to {_percent(high - 1)} % higher"
    above = f"{number(high, 1)} times" if high > 2.0 else f"{_percent(high - 1)} % higher"
    return f"{_percent(1 - low)} % lower to {above}"


def _percent(share: float) -> str:
    return f"{100 * share:.0f}"


def _said(fit: MetaFit, favours: tuple[str, str], size: str, rating: Rating | None) -> list[str]:
    """Return the sentence and its ever shorter forms."""
    lone = "One study, not pooled: " if fit.n_studies == 1 else ""
    if fit.k == 0:
        return [fit.notes[0].rstrip(".") if fit.notes else "No row can be used"]
    if fit.estimate is None:
        return [_upper(lone + _without_estimate(fit, favours, bool(lone)))]
    low = -math.inf if fit.conf_low is None else fit.conf_low
    high = math.inf if fit.conf_high is None else fit.conf_high
    if low > 0 or high < 0:
        arms = (favours[1], favours[0]) if low > 0 else favours
        told = _clear(arms, _sized(fit, size), _numbers(fit), _HEDGED[rating.certainty if rating else ""])
    else:
        told = _unclear(favours, _reach(fit, favours, size), _numbers(fit))
    return list(dict.fromkeys(_upper(lone + (_lower(words) if lone else words)) for words in told))


def _clear(arms: tuple[str, str], size: str, numbers: str, opening: str) -> list[str]:
    middle = f", {size}" if size else ""
    return [
        f"{opening} {arms[0]} over {arms[1]}{middle}: {numbers}",
        f"{opening} {arms[0]}{middle}: {numbers}",
        f"{opening} {arms[0]}: {numbers}",
    ]


def _unclear(favours: tuple[str, str], reach: str, numbers: str) -> list[str]:
    tail = f", {reach}" if reach else ""
    return [
        f"No clear difference between {favours[1]} and {favours[0]}: {numbers}{tail}",
        f"No clear difference: {numbers}{tail}",
        f"No clear difference: {numbers}",
    ]


def _sized(fit: MetaFit, size: str) -> str:
    """Return the size with what it is of: ``"risk 2 to 47 % lower"``."""
    return f"{_QUANTITIES.get(fit.measure, 'ratio')} {size}" if size and fit.scale == "log" else size


def _reach(fit: MetaFit, favours: tuple[str, str], size: str) -> str:
    """Return how far an interval that holds no difference reaches to either side, in words."""
    if fit.scale == "log" or not size:
        return _sized(fit, size)
    if size == "trivial":
        return "a trivial difference at most"
    return (
        f"from {_word(abs(limits(fit)[1]))} for {favours[0]} to {_word(abs(limits(fit)[2]))} for {favours[1]}"
    )


def _numbers(fit: MetaFit) -> str:
    """Return estimate and interval as printed: ``"SMD 0.49 (95 % interval 0.15 to 0.97)"``."""
    estimate, low, high = limits(fit)
    places = 2 if fit.scale == "log" else decimals_for([estimate, low, high])
    name = f"{fit.measure}\u00a0" if fit.measure and fit.measure != "GEN" else ""
    level = f"{100 * fit.level:g}\u00a0%"
    return (
        f"{name}{number(estimate, places)} ({level} interval {number(low, places)} to {number(high, places)})"
    )


def _without_estimate(fit: MetaFit, favours: tuple[str, str], lone: bool) -> str:
    """Return what is left to say without an estimate: a limit, or where a single report places the effect."""
    unit = "" if fit.measure in ("", "GEN") else f" {fit.measure}"
    placed = row_range(fit) if lone else ""
    if placed:
        return (
            f"its report places the {fit.measure} {placed}"
            if fit.scale == "log"
            else (f"its report places the effect {placed}{unit}")
        )
    if fit.bound not in ("lower", "upper"):
        return "no size can be given: these reports fit effects of any size"
    end = fit.conf_low if fit.bound == "lower" else fit.conf_high
    assert end is not None  # a bound is an end of the interval
    shown = fit.to_display(end)
    places = 2 if fit.scale == "log" else decimals_for([end])
    if fit.scale == "log":
        side = "above" if (fit.bound == "lower") is (fit.display_sign > 0) else "below"
        limit = f"{fit.measure} {side} {number(shown, places)}"
    else:
        limit = f"{'above' if fit.bound == 'lower' else 'below'} {number(end, places)}{unit}"
    tail = "no estimate, only this limit"
    if arm := favoured(fit):
        return f"favours {favours[1 if arm == 'first' else 0]}: {limit}; {tail}"
    return f"no clear difference: {limit}; {tail}"


def _lower(text: str) -> str:
    return text[:1].lower() + text[1:]


def _upper(text: str) -> str:
    return text[:1].upper() + text[1:]
