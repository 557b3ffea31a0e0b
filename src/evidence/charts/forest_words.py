"""What a forest plot says of heterogeneity and tests, in the words of each preset."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from evidence.charts.words import number, plural

if TYPE_CHECKING:
    from evidence.charts.forest_layout import Preset
    from evidence.fit import MetaFit
    from evidence.synthesis.compare import GroupTest

__all__ = ["amount", "group_test_words", "model_head", "p_words", "pooled_test_words", "spread_line"]


def amount(fit: MetaFit) -> str:
    """Return rows and studies; where each study has one row, only the studies."""
    studies = plural(fit.n_studies, "study", "studies")
    return studies if fit.k == fit.n_studies else f"{plural(fit.k, 'row')}, {studies}"


def p_words(p: float, house: str) -> str:
    """Return a p value as a house prints it.

    Examples
    --------
    >>> [p_words(0.0312, house) for house in ("evidence", "revman", "jama", "bmj")]
    ['p = 0.031', 'P = 0.03', 'P = .03', 'P=0.03']
    """
    letter, equal, below, least = {
        "evidence": ("p", " = ", " < ", 1e-4),
        "revman": ("P", " = ", " < ", 1e-5),
        "jama": ("P", " = ", " < ", 1e-3),
        "bmj": ("P", "=", "<", 1e-3),
    }[house]
    if p < least:
        text = f"{letter}{below}{least:.{len(str(round(1 / least))) - 1}f}"
    elif house == "evidence":
        text = f"{letter}{equal}{p:.3f}" if p >= 0.01 else f"{letter}{equal}{p:.2g}"
    elif house == "jama" and p > 0.99:
        text = f"{letter} > 0.99"
    elif p >= 0.01 and (house == "revman" or not 0.045 <= p < 0.05):  # which two digits would round to .05
        text = f"{letter}{equal}{p:.2f}"
    else:
        text = f"{letter}{equal}{p:.{3 if house != 'revman' or p >= 1e-3 else 5}f}"
    return text.replace(" 0.", " .") if house == "jama" else text


def model_head(fit: MetaFit) -> str:
    """Return the model as Review Manager heads its columns: inverse variance, fixed or random.

    Empty for what Review Manager does not have (an interval likelihood, several levels): the note names it.
    """
    if re.match(r"common effect\b", fit.method, re.IGNORECASE):
        return "IV, Fixed"
    known = re.match(r"(random effects \()?(DL|HE|HS|SJ|PM|ML|REML|EB), (z|t|m?HKSJ)\b", fit.method)
    return "IV, Random" if known else ""


def spread_line(fit: MetaFit, preset: Preset) -> str:
    """Return the heterogeneity of a result; empty where the model has none."""
    house = preset.statistics
    tau, chi, equal = {
        "evidence": ("\u03c4\u00b2", "\u03c7\u00b2", " "),
        "revman": ("Tau\u00b2", "Chi\u00b2", " = "),
        "jama": ("\u03c4\u00b2", "\u03c7\u00b2", " = "),
        "bmj": ("\u03c4\u00b2", "\u03c7\u00b2", "="),
    }[house]
    parts = []
    random = model_head(fit) != "IV, Fixed"
    if fit.tau2 is not None and random:
        parts.append(f"{tau}{equal}{number(fit.tau2)}")
    if house != "evidence" and fit.q is not None and fit.q_df and fit.q_p_value is not None:
        p = p_words(fit.q_p_value, house)
        df = f"{fit.q_df:.0f}"
        parts.append(
            f"{chi}{equal}{number(fit.q)}, df{equal}{df}, {p}"
            if house == "bmj"
            else f"{chi}{equal}{number(fit.q)}, df{equal}{df} ({p})"
        )
    if fit.i2 is not None:
        parts.append(f"I\u00b2{equal}{fit.i2:.0f}%")
    if house == "evidence":
        return "; ".join([amount(fit), *parts])
    head = "Test for heterogeneity" if house == "bmj" else "Heterogeneity"
    return f"{head}: {'; '.join(parts)}" if parts else ""


def pooled_test_words(fit: MetaFit, preset: Preset) -> str:
    """Return the test of the pooled effect, for houses that print it; empty where there is none."""
    house = preset.statistics
    if house == "evidence" or fit.statistic is None or fit.p_value is None:
        return ""
    equal = "=" if house == "bmj" else " = "
    letter = ("Z" if house == "revman" else "z") if fit.df is None else "t"
    df = "" if fit.df is None else f", df{equal}{fit.df:.3g}"
    p = p_words(fit.p_value, house)
    told = f"{letter}{equal}{number(abs(fit.statistic))}{df}"
    return (
        f"Test for overall effect: {told}, {p}"
        if house == "bmj"
        else f"Test for overall effect: {told} ({p})"
    )


def group_test_words(test: GroupTest, preset: Preset) -> str:
    """Return the test between subgroups."""
    house = preset.statistics
    p = p_words(test.p_value, house)
    if house == "evidence":
        told = f"\u03c7\u00b2({test.df}) = {number(test.statistic)}, {p}"
        return f"Between subgroups: {told} ({test.method})"
    chi, equal = {
        "revman": ("Chi\u00b2", " = "),
        "jama": ("\u03c7\u00b2", " = "),
        "bmj": ("\u03c7\u00b2", "="),
    }[house]
    told = f"{chi}{equal}{number(test.statistic)}, df{equal}{test.df}"
    told = f"{told}, {p}" if house == "bmj" else f"{told} ({p})"
    if test.method == "Wald" and test.statistic > 0:  # the share of the spread of the means beyond chance
        told += f"; I\u00b2{equal}{100 * max(0.0, 1 - test.df / test.statistic):.0f}%"
    return f"Test for subgroup differences: {told}"
