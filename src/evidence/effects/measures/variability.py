"""Spread rather than level: ratios of standard deviations and of coefficients of variation."""

from __future__ import annotations

from types import MappingProxyType

import numpy as np

from evidence.effects.formulas import Estimate
from evidence.effects.measures.common import CORRELATION, EXP, NUMBER, SD, SIZE_2
from evidence.effects.measures.means import MEAN_RULES, MEANS
from evidence.effects.measures.record import Given, Measure

__all__ = ["MEASURES"]

FAMILY = "Spread of a quantitative outcome"
_NAKAGAWA, _SENIOR = "10.1111/2041-210X.12309", "10.1002/jrsm.1423"
_PAIRED = ("m1i", "sd1i", "m2i", "sd2i", "ni", "ri")
_PAIRED_RULES = MappingProxyType(
    {"m1i": NUMBER, "sd1i": SD, "m2i": NUMBER, "sd2i": SD, "ni": SIZE_2, "ri": CORRELATION}
)
_NO_RATIO = "means of opposite sign, or a mean of zero, have no coefficient of variation ratio"


def _vr(x: Given) -> Estimate:
    sd1, n1, sd2, n2 = x.many("sd1i", "n1i", "sd2i", "n2i")
    first, second = 1 / (2 * (n1 - 1)), 1 / (2 * (n2 - 1))
    y = np.log(sd1 / sd2)
    return Estimate(y + first - second if x.correct else y, first + second)


def _cvr(x: Given) -> Estimate:
    m1, sd1, n1, m2, sd2, n2 = x.many(*MEANS)
    mean1, mean2 = sd1**2 / (n1 * m1**2), sd2**2 / (n2 * m2**2)
    sd_term1, sd_term2 = 1 / (2 * (n1 - 1)), 1 / (2 * (n2 - 1))
    y = np.log(sd1 / m1 * m2 / sd2)
    if x.correct:
        y = y + sd_term1 - sd_term2 + (mean2 - mean1) / 2
    if x.vtype == "LS2":
        means = mean1 + mean2 + (mean1**2 + mean2**2) / 2
        return Estimate(y, means + n1 / (2 * (n1 - 1) ** 2) + n2 / (2 * (n2 - 1) ** 2))
    return Estimate(y, mean1 + mean2 + sd_term1 + sd_term2)


def _vrc(x: Given) -> Estimate:
    # Both standard deviations rest on the same n: the corrections cancel.
    sd1, sd2, n, r = x.many("sd1i", "sd2i", "ni", "ri")
    return Estimate(np.log(sd1 / sd2), (1 - r**2) / (n - 1))


def _cvrc(x: Given) -> Estimate:
    m1, sd1, m2, sd2, n, r = x.many(*_PAIRED)
    mean1, mean2 = sd1**2 / (n * m1**2), sd2**2 / (n * m2**2)
    y = np.log(sd1 / m1 * m2 / sd2)
    variance = (1 - r**2) / (n - 1) + mean1 + mean2 - 2 * r * sd1 * sd2 / (n * m1 * m2)
    return Estimate(y + (mean2 - mean1) / 2 if x.correct else y, variance)


def _sdln(x: Given) -> Estimate:
    sd, n = x.many("sdi", "ni")
    term = 1 / (2 * (n - 1))
    return Estimate(np.log(sd) + (term if x.correct else 0.0), term)


def _cvln(x: Given) -> Estimate:
    m, sd, n = x.many("mi", "sdi", "ni")
    term = 1 / (2 * (n - 1))
    return Estimate(np.log(sd / m) + (term if x.correct else 0.0), term + sd**2 / (n * m**2))


MEASURES = (
    Measure(
        "VR",
        "log variability ratio",
        "log",
        (),
        1.0,
        "times the standard deviation",
        _NAKAGAWA,
        family=FAMILY,
        formula="log(sd1i/sd2i) + 1/(2 (n1i - 1)) - 1/(2 (n2i - 1))",
        variance=MappingProxyType({"LS": "1/(2 (n1i - 1)) + 1/(2 (n2i - 1))"}),
        inputs=(("sd1i", "n1i", "sd2i", "n2i"),),
        rules=MEAN_RULES,
        needs=("sd1i", "n1i", "sd2i", "n2i"),
        compute=_vr,
        corrects=True,
        back=EXP,
        interpretation="Above 1: the first group varies more; people may respond differently.",
    ),
    Measure(
        "CVR",
        "log coefficient of variation ratio",
        "log",
        (),
        1.0,
        "times the coefficient of variation",
        _SENIOR,
        family=FAMILY,
        formula="log((sd1i/m1i) / (sd2i/m2i)) + 1/(2 (n1i - 1)) - 1/(2 (n2i - 1)) + (c2 - c1) / 2,"
        " cj = sdji² / (nji mji²)",
        variance=MappingProxyType(
            {
                "LS": "c1 + c2 + 1/(2 (n1i - 1)) + 1/(2 (n2i - 1))",
                "LS2": "c1 + c2 + (c1² + c2²) / 2 + n1i/(2 (n1i - 1)²) + n2i/(2 (n2i - 1)²)",
            }
        ),
        inputs=(MEANS,),
        rules=MEAN_RULES,
        needs=MEANS,
        compute=_cvr,
        corrects=True,
        undefined=_NO_RATIO,
        back=EXP,
        interpretation="As VR, for spread that grows with the mean.",
    ),
    Measure(
        "VRC",
        "log variability ratio, paired",
        "log",
        (),
        1.0,
        "times the standard deviation",
        _NAKAGAWA,
        family=FAMILY,
        formula="log(sd1i/sd2i)",
        variance=MappingProxyType({"LS": "(1 - ri²) / (ni - 1)"}),
        inputs=(("sd1i", "sd2i", "ni", "ri"),),
        rules=_PAIRED_RULES,
        needs=("sd1i", "sd2i", "ni", "ri"),
        compute=_vrc,
        back=EXP,
        interpretation="As VR, for two occasions or matched people.",
    ),
    Measure(
        "CVRC",
        "log coefficient of variation ratio, paired",
        "log",
        (),
        1.0,
        "times the coefficient of variation",
        _SENIOR,
        family=FAMILY,
        formula="log((sd1i/m1i) / (sd2i/m2i)) + (c2 - c1) / 2, cj = sdji² / (ni mji²)",
        variance=MappingProxyType({"LS": "(1 - ri²)/(ni - 1) + c1 + c2 - 2 ri sd1i sd2i / (ni m1i m2i)"}),
        inputs=(_PAIRED,),
        rules=_PAIRED_RULES,
        needs=_PAIRED,
        compute=_cvrc,
        corrects=True,
        undefined=_NO_RATIO,
        back=EXP,
        interpretation="As CVR, for two occasions or matched people.",
    ),
    Measure(
        "SDLN",
        "log standard deviation",
        "log",
        (),
        1.0,
        "standard deviation",
        "10.3102/10769986012003241",
        family="One group",
        formula="log(sdi) + 1/(2 (ni - 1))",
        variance=MappingProxyType({"LS": "1/(2 (ni - 1))"}),
        inputs=(("sdi", "ni"),),
        rules=MappingProxyType({"sdi": SD, "ni": SIZE_2}),
        needs=("sdi", "ni"),
        compute=_sdln,
        corrects=True,
        back=EXP,
        interpretation="The spread of one group.",
    ),
    Measure(
        "CVLN",
        "log coefficient of variation",
        "log",
        (),
        1.0,
        "coefficient of variation",
        _NAKAGAWA,
        family="One group",
        formula="log(sdi/mi) + 1/(2 (ni - 1))",
        variance=MappingProxyType({"LS": "1/(2 (ni - 1)) + sdi²/(ni mi²)"}),
        inputs=(("mi", "sdi", "ni"),),
        rules=MappingProxyType({"mi": NUMBER, "sdi": SD, "ni": SIZE_2}),
        needs=("mi", "sdi", "ni"),
        compute=_cvln,
        corrects=True,
        undefined="a mean that is not positive has no logarithm of its coefficient of variation",
        back=EXP,
        interpretation="The spread of one group relative to its mean.",
    ),
)
