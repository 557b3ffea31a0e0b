"""The probability that a person of the first group lies above one of the second."""

from __future__ import annotations

from types import MappingProxyType

import numpy as np
from scipy import special

from evidence.effects.formulas import Estimate, Floats, smd_variance
from evidence.effects.measures.change import PAIRED_RULES, change_variance
from evidence.effects.measures.common import SHARE, SIZE_2, normal_density
from evidence.effects.measures.means import D_RULES, FROM_D, MEANS, with_d
from evidence.effects.measures.record import Given, Measure

__all__ = ["MEASURES", "common_language", "superiority_variance"]

FAMILY = "Probability of superiority"
_NEWCOMBE, _HANLEY = "10.1002/sim.2324", "10.1148/radiology.143.1.7063747"
_COMMON = "10.1037/0033-2909.111.2.361"
_PAIRED = ("m1i", "sd1i", "m2i", "sd2i", "ni", "ri")


def common_language(d: Floats) -> Floats:
    """Return the probability of superiority that a standardised difference stands for.

    Parameters
    ----------
    d : array-like
        Difference in standard deviations, equal in both groups, of a normal outcome.

    References
    ----------
    McGraw KO, Wong SP (1992). A common language effect size statistic. Psychol Bull 111:361-365.
    doi:10.1037/0033-2909.111.2.361

    Examples
    --------
    >>> round(float(common_language(0.5)), 3)
    0.638
    """
    return np.asarray(special.ndtr(np.asarray(d) / np.sqrt(2)))


def superiority_variance(area: Floats, n1: Floats, n2: Floats, vtype: str = "LS") -> Floats:
    """Return the variance of an area under the curve: Newcombe (LS), Hanley-McNeil (LS2), for 1/2 (H0)."""
    if vtype == "H0":
        return (n1 + n2 + 1) / (12 * n1 * n2)
    first, second = area / (2 - area), 2 * area**2 / (1 + area)
    if vtype == "LS2":
        spread = area * (1 - area) + (n1 - 1) * (first - area**2) + (n2 - 1) * (second - area**2)
        return spread / (n1 * n2)
    # Newcombe's method 4: the two sizes' mean takes the place of each, which leaves a symmetric variance.
    mean = (n1 + n2) / 2
    inner = 2 * mean - 1 - (3 * mean - 3) / ((2 - area) * (1 + area))
    return area * (1 - area) / ((n1 - 1) * (n2 - 1)) * inner


def _auc(x: Given) -> Estimate:
    area, n1, n2 = x.many("ai", "n1i", "n2i")
    return Estimate(area, superiority_variance(area, n1, n2, x.vtype))


def _from_z(z: Floats, variance: Floats) -> Estimate:
    """Return Φ(z) and its variance from those of z (delta method)."""
    return Estimate(special.ndtr(z), normal_density(z) ** 2 * variance)


def _clesn(x: Given) -> Estimate:
    d, n1, n2 = x.many("d", "n1i", "n2i")
    equal = _from_z(d / np.sqrt(2), smd_variance(d, n1, n2) / 2)
    if x.vtype == "HO" or "m1i" not in x.columns:
        return equal
    m1, sd1, _, m2, sd2, _ = x.many(*MEANS)
    less = 0.0 if x.vtype == "LS2" else 1.0
    v1, v2 = sd1**2, sd2**2
    total = v1 + v2
    z = (m1 - m2) / np.sqrt(total)
    of_means = (v1 / (n1 - less) + v2 / (n2 - less)) / total
    of_sd = (v1**2 / (n1 - less) + v2**2 / (n2 - less)) / total**2
    found = _from_z(z, of_means + z**2 / 2 * of_sd)
    if x.vtype == "H0":
        found = Estimate(found.estimate, of_means / (2 * np.pi))
    # A stated d, t or p speaks of equal variances.
    stated = ~np.isnan(x["stated"]) if "stated" in x.columns else np.zeros(len(d), dtype=bool)
    return Estimate(
        np.where(stated, equal.estimate, found.estimate), np.where(stated, equal.variance, found.variance)
    )


def _clescn(x: Given) -> Estimate:
    m1, sd1, m2, sd2, n, r = x.many(*_PAIRED)
    total = sd1**2 + sd2**2
    z = (m1 - m2) / np.sqrt(total)
    k = n if x.vtype == "LS2" else n - 1
    of_means = change_variance(sd1, sd2, r) / total
    if x.vtype == "H0":
        return Estimate(special.ndtr(z), of_means / k / (2 * np.pi))
    of_sd = (sd1**4 + sd2**4 + 2 * (r * sd1 * sd2) ** 2) / total**2
    return _from_z(z, (of_means + z**2 / 2 * of_sd) / k)


def _area(code: str, name: str, reference: str, **more: object) -> Measure:
    settings: dict[str, object] = {"family": FAMILY, **more}
    return Measure(code, name, "identity", (), 0.5, "probability", reference, **settings)  # type: ignore[arg-type]


_AREA: dict[str, object] = {
    "formula": "ai",
    "variance": MappingProxyType(
        {
            "LS": "A (1 - A) / ((n1i - 1)(n2i - 1)) (2n̄ - 1 - (3n̄ - 3)/((2 - A)(1 + A))), n̄ = (n1i + n2i)/2",
            "LS2": "(A (1 - A) + (n1i - 1)(A/(2 - A) - A²) + (n2i - 1)(2A²/(1 + A) - A²)) / (n1i n2i)"
            " (Hanley and McNeil)",
            "H0": "(n1i + n2i + 1)/(12 n1i n2i): where nobody is superior",
        }
    ),
    "inputs": (("ai", "n1i", "n2i"),),
    "rules": MappingProxyType({"ai": SHARE, "n1i": SIZE_2, "n2i": SIZE_2}),
    "needs": ("ai", "n1i", "n2i"),
    "compute": _auc,
}
_NORMAL: dict[str, object] = {
    "formula": "Φ(z), z = (m1i - m2i) / sqrt(sd1i² + sd2i²); Φ(d/sqrt(2)) from d, t or p",
    "variance": MappingProxyType(
        {
            "LS": "φ(z)² ((sd1i²/(n1i - 1) + sd2i²/(n2i - 1))/T"
            " + z²/2 (sd1i⁴/(n1i - 1) + sd2i⁴/(n2i - 1))/T²), T = sd1i² + sd2i²",
            "LS2": "the same with n1i and n2i in place of n1i - 1 and n2i - 1",
            "HO": "φ(d/sqrt(2))²/2 (1/n1i + 1/n2i + d²/(2 (n1i + n2i))), and Φ(d/sqrt(2)): equal variances",
            "H0": "(sd1i²/(n1i - 1) + sd2i²/(n2i - 1)) / (2π T): where nobody is superior",
        }
    ),
    "inputs": FROM_D,
    "rules": D_RULES,
    "needs": ("d", "n1i", "n2i"),
    "prepare": with_d,
    "compute": _clesn,
}
_PAIRS: dict[str, object] = {
    "formula": "Φ(z), z = (m1i - m2i) / sqrt(sd1i² + sd2i²)",
    "variance": MappingProxyType(
        {
            "LS": "φ(z)² ((sd1i² + sd2i² - 2 ri sd1i sd2i)/T"
            " + z²/2 (sd1i⁴ + sd2i⁴ + 2 ri² sd1i² sd2i²)/T²)/(ni - 1), T = sd1i² + sd2i²",
            "LS2": "the same with ni in place of ni - 1",
            "H0": "(sd1i² + sd2i² - 2 ri sd1i sd2i) / (2π T (ni - 1)): where nobody is superior",
        }
    ),
    "inputs": (_PAIRED,),
    "rules": PAIRED_RULES,
    "needs": _PAIRED,
    "compute": _clescn,
}
_READING = "0.64 means: in 64 of 100 pairs the person of the first group has the higher value."

MEASURES = (
    _area("AUC", "area under the curve", _NEWCOMBE, **_AREA, interpretation=_READING),
    _area("CLES", "common-language effect size", _HANLEY, **_AREA, interpretation=_READING),
    _area("AUCN", "area under the curve, normal outcome", _COMMON, **_NORMAL, interpretation=_READING),
    _area(
        "CLESN", "common-language effect size, normal outcome", _COMMON, **_NORMAL, interpretation=_READING
    ),
    _area(
        "AUCCN", "area under the curve, normal outcome, paired", _COMMON, **_PAIRS, interpretation=_READING
    ),
    _area(
        "CLESCN",
        "common-language effect size, normal outcome, paired",
        _COMMON,
        **_PAIRS,
        interpretation=_READING,
    ),
)
