"""One group twice, or matched pairs: changes in means, standardised or not; pre, post and control."""

from __future__ import annotations

from types import MappingProxyType

import numpy as np

from evidence.effects.formulas import Estimate, Floats
from evidence.effects.measures.common import (
    CORRELATION,
    EXP,
    NUMBER,
    P_VALUE,
    SD,
    SIZE_2,
    corrected,
    filled,
    rule,
    signed_t,
    smd_unbiased,
)
from evidence.effects.measures.correlation_formulas import unbiased_correlation
from evidence.effects.measures.record import Given, Measure

__all__ = ["MEASURES", "PAIRED_RULES", "change_variance"]

FAMILY = "One group twice, quantitative outcome"

_PAIRED = ("m1i", "sd1i", "m2i", "sd2i", "ni", "ri")
_RAW = ("m1i", "m2i", "sd1i", "ni", "ri")
PAIRED_RULES = MappingProxyType(
    {
        "m1i": NUMBER,
        "sd1i": SD,
        "m2i": NUMBER,
        "sd2i": SD,
        "ni": SIZE_2,
        "ri": CORRELATION,
        "di": NUMBER,
        "ti": NUMBER,
        "pi": P_VALUE,
    }
)
# The field's way of entering a printed SD of the changes: in sd1i, with 0 for sd2i and ri.
_CHANGE_RULES = MappingProxyType(
    {
        **PAIRED_RULES,
        "sd2i": rule(
            "a standard deviation is positive (or 0 for sd2i, where sd1i holds that of the changes)",
            lambda x: x >= 0,
        ),
    }
)
_NEEDS_3 = "J(ni - 1) exists from ni = 3 on"


def change_variance(sd1: Floats, sd2: Floats, r: Floats) -> Floats:
    """Return the variance of the changes from those of two occasions and their correlation."""
    return sd1**2 + sd2**2 - 2 * r * sd1 * sd2


def with_change_d(columns: dict[str, Floats]) -> dict[str, Floats]:
    """Add the uncorrected standardised change: as stated, else from t, else from p, else from means."""
    n = columns["ni"]
    d = columns.get("di", np.full_like(n, np.nan))
    if "ti" in columns:
        d = filled(d, columns["ti"] / np.sqrt(n))
    if "pi" in columns:
        d = filled(d, signed_t(columns["pi"], n - 1) / np.sqrt(n))
    if all(name in columns for name in _PAIRED):
        m1, sd1, m2, sd2, _, r = (columns[name] for name in _PAIRED)
        d = filled(d, (m1 - m2) / np.sqrt(change_variance(sd1, sd2, r)))
    return {**columns, "d": d}


def _standardised(x: Given, d: Floats, n: Floats, spread: Floats, unbiased: Floats | None = None) -> Estimate:
    """Return J d and its variance, `spread` being the variance of the mean change over the SD²."""
    df = n - 1
    j = corrected(x, df)
    g = j * d
    if x.vtype == "LS2":
        return Estimate(g, j**2 * (spread + d**2 / (2 * n)))
    if x.vtype == "UB":
        return Estimate(g, smd_unbiased(g, spread if unbiased is None else unbiased, j, df))
    return Estimate(g, spread + g**2 / (2 * n))


def _mc(x: Given) -> Estimate:
    m1, sd1, m2, sd2, n, r = x.many(*_PAIRED)
    return Estimate(m1 - m2, change_variance(sd1, sd2, r) / n)


def _smcc(x: Given) -> Estimate:
    d, n = x.many("d", "ni")
    return _standardised(x, d, n, 1 / n)


def _smcr(x: Given) -> Estimate:
    m1, m2, sd1, n, r = x.many(*_RAW)
    unbiased = 2 * (1 - unbiased_correlation(r, n)) / n if x.vtype == "UB" else None
    return _standardised(x, (m1 - m2) / sd1, n, 2 * (1 - r) / n, unbiased)


def _smcrh(x: Given) -> Estimate:
    m1, sd1, m2, sd2, n, r = x.many(*_PAIRED)
    g = corrected(x, n - 1) * (m1 - m2) / sd1
    k = n if x.vtype == "LS2" else n - 1
    return Estimate(g, (change_variance(sd1, sd2, r) / sd1**2 + g**2 / 2) / k)


def _pooled_change(x: Given) -> tuple[Floats, Floats]:
    """Return the change over the root mean square of both SDs, corrected, and that mean square."""
    m1, sd1, m2, sd2, n, r = x.many(*_PAIRED)
    square = (sd1**2 + sd2**2) / 2
    return corrected(x, 2 * (n - 1) / (1 + r**2)) * (m1 - m2) / np.sqrt(square), square


def _smcrp(x: Given) -> Estimate:
    n, r = x.many("ni", "ri")
    g, _ = _pooled_change(x)
    return Estimate(g, (2 * (1 - r) + g**2 * (1 + r**2) / 4) / n)


def _smcrph(x: Given) -> Estimate:
    _, sd1, _, sd2, n, r = x.many(*_PAIRED)
    g, square = _pooled_change(x)
    k = n if x.vtype == "LS2" else n - 1
    of_sd = (sd1**4 + sd2**4 + 2 * (r * sd1 * sd2) ** 2) / (8 * square**2)
    return Estimate(g, (change_variance(sd1, sd2, r) / square + g**2 * of_sd) / k)


def _romc(x: Given) -> Estimate:
    m1, sd1, m2, sd2, n, r = x.many(*_PAIRED)
    first, second = sd1**2 / (n * m1**2), sd2**2 / (n * m2**2)
    y = np.log(m1 / m2)
    variance = first + second - 2 * r * sd1 * sd2 / (n * m1 * m2)
    return Estimate(y + (first - second) / 2 if x.correct else y, variance)


def _change(code: str, name: str, reference: str, **more: object) -> Measure:
    settings: dict[str, object] = {
        "family": FAMILY,
        "inputs": (_PAIRED,),
        "rules": PAIRED_RULES,
        "needs": _PAIRED,
        "corrects": True,
        "undefined": _NEEDS_3,
        **more,
    }
    scale = str(settings.pop("scale", "identity"))
    null, unit = float(str(settings.pop("null", 0.0))), str(settings.pop("unit", "standard deviations"))
    return Measure(code, name, scale, (), null, unit, reference, **settings)  # type: ignore[arg-type]


_LS_2_UB = {
    "LS": "s + g² / (2 ni)",
    "LS2": "J² (s + d² / (2 ni))",
    "UB": "s + (1 - (m - 2) / (m J²)) g², m = ni - 1",
}

MEASURES = (
    _change(
        "MC",
        "mean change",
        "10.1037/1082-989X.7.1.105",
        unit="units of the outcome",
        formula="m1i - m2i",
        variance=MappingProxyType({"LS": "(sd1i² + sd2i² - 2 ri sd1i sd2i) / ni"}),
        rules=_CHANGE_RULES,
        compute=_mc,
        corrects=False,
        undefined="",
        interpretation="The change in the outcome's own units.",
    ),
    _change(
        "SMCC",
        "standardised mean change, change-score standardisation",
        "10.1037/1082-989X.7.1.105",
        unit="standard deviations of the changes",
        formula="g = J(ni - 1) d, d = (m1i - m2i) / sqrt(sd1i² + sd2i² - 2 ri sd1i sd2i)",
        variance=MappingProxyType({**{k: v.replace("s +", "1/ni +") for k, v in _LS_2_UB.items()}}),
        inputs=(_PAIRED, ("di", "ni"), ("ti", "ni"), ("pi", "ni")),
        needs=("d", "ni"),
        rules=_CHANGE_RULES,
        prepare=with_change_d,
        compute=_smcc,
        interpretation="The change in standard deviations of the changes: not comparable with an SMD.",
    ),
    _change(
        "SMCR",
        "standardised mean change, raw-score standardisation",
        "10.1111/j.2044-8317.1988.tb00901.x",
        unit="standard deviations at the first occasion",
        formula="g = J(ni - 1) d, d = (m1i - m2i) / sd1i",
        variance=MappingProxyType(
            {
                **{k: v.replace("s +", "2 (1 - ri)/ni +") for k, v in _LS_2_UB.items()},
                "UB": "2 (1 - r̂)/ni + (1 - (m - 2) / (m J²)) g², m = ni - 1, r̂ as for UCOR",
            }
        ),
        inputs=(_RAW,),
        needs=_RAW,
        compute=_smcr,
        undefined=_NEEDS_3 + "; the variance UB needs ni above 4",
        interpretation="The change in standard deviations of the score at the occasion of sd1i.",
    ),
    _change(
        "SMCRH",
        "standardised mean change, raw-score standardisation, unequal variances",
        "10.1037/1082-989X.13.2.99",
        unit="standard deviations at the first occasion",
        formula="g = J(ni - 1) (m1i - m2i) / sd1i",
        variance=MappingProxyType(
            {
                "LS": "((sd1i² + sd2i² - 2 ri sd1i sd2i) / sd1i² + g²/2) / (ni - 1)",
                "LS2": "the same with ni in place of ni - 1",
            }
        ),
        compute=_smcrh,
        interpretation="As SMCR, where the spread may change as well.",
    ),
    _change(
        "SMCRP",
        "standardised mean change by the pooled SD",
        "10.1037/1082-989X.13.2.99",
        formula="g = J(2 (ni - 1) / (1 + ri²)) (m1i - m2i) / s, s² = (sd1i² + sd2i²) / 2",
        variance=MappingProxyType({"LS": "(2 (1 - ri) + g² (1 + ri²)/4) / ni"}),
        compute=_smcrp,
        undefined="",
        interpretation="The change in standard deviations pooled over the occasions.",
    ),
    _change(
        "SMCRPH",
        "standardised mean change by the pooled SD, unequal variances",
        "10.1037/1082-989X.13.2.99",
        formula="g as for SMCRP",
        variance=MappingProxyType(
            {
                "LS": "((sd1i² + sd2i² - 2 ri sd1i sd2i) / s²"
                " + g² (sd1i⁴ + sd2i⁴ + 2 ri² sd1i² sd2i²) / (8 s⁴)) / (ni - 1)",
                "LS2": "the same with ni in place of ni - 1",
            }
        ),
        compute=_smcrph,
        undefined="",
        interpretation="As SMCRP, where the spread may change as well.",
    ),
    _change(
        "ROMC",
        "log ratio of means, paired",
        "10.1890/11-0423.1",
        scale="log",
        null=1.0,
        unit="times the mean",
        formula="log(m1i/m2i) + (c1 - c2) / 2, cj = sdji² / (ni mji²)",
        variance=MappingProxyType({"LS": "c1 + c2 - 2 ri sd1i sd2i / (ni m1i m2i)"}),
        compute=_romc,
        back=EXP,
        undefined="means of opposite sign, or a mean of zero, have no ratio",
        interpretation="1.10 means a mean 10 % higher at the first occasion than at the second.",
    ),
)
