"""Two groups, yes or no: ratios and differences of risks and odds, also in standard deviations."""

from __future__ import annotations

from types import MappingProxyType

import numpy as np
from scipy import special

from evidence.effects.formulas import Estimate, Floats
from evidence.effects.measures.cells import (
    CELL_INPUTS,
    CELL_RULES,
    CELL_SUMS,
    CELLS,
    cells,
    share_variance,
    with_cells,
)
from evidence.effects.measures.common import ADDED, EXP, average
from evidence.effects.measures.record import Given, Measure

__all__ = ["COX", "LOGISTIC_D", "MEASURES", "odds_ratio", "probit_variance", "risk_ratio"]

FAMILY = "Two groups, yes or no"
_HANDBOOK = "10.1002/9781119536604"
_DICHOTOMIES = "10.1037/1082-989X.8.4.448"

LOGISTIC_D = np.sqrt(3) / np.pi
"""A log odds ratio times this is a difference in standard deviations of a logistic outcome."""
COX = 1 / 1.65
"""The same for a normal outcome, Cox's approximation."""


def risk_ratio(a: Floats, b: Floats, c: Floats, d: Floats) -> Estimate:
    """Return the log risk ratio of four cells and its large-sample variance."""
    return Estimate(np.log(a / (a + b)) - np.log(c / (c + d)), 1 / a - 1 / (a + b) + 1 / c - 1 / (c + d))


def odds_ratio(a: Floats, b: Floats, c: Floats, d: Floats) -> Estimate:
    """Return the log odds ratio of four cells and its large-sample variance."""
    return Estimate(np.log(a * d / (b * c)), 1 / a + 1 / b + 1 / c + 1 / d)


def probit_variance(z: Floats, p: Floats, n: Floats) -> Floats:
    """Return the variance of a probit (delta method: p (1 - p) / n over the squared normal density)."""
    return 2 * np.pi * share_variance(p, n) * np.exp(z**2)


def _shares(x: Given) -> tuple[Floats, Floats, Floats, Floats]:
    """Return the two risks (averaged or pooled where the form asks for it) and the two sizes."""
    a, b, c, d = cells(x)
    n1, n2 = a + b, c + d
    p1, p2 = a / n1, c / n2
    if x.vtype == "AV":
        return np.full_like(p1, average(p1, n1)), np.full_like(p2, average(p2, n2)), n1, n2
    if x.vtype == "H0":
        pooled = (a + c) / (n1 + n2)
        return pooled, pooled, n1, n2
    return p1, p2, n1, n2


def _rr(x: Given) -> Estimate:
    found = risk_ratio(*cells(x))
    if x.vtype == "LS":
        return found
    p1, p2, n1, n2 = _shares(x)
    return Estimate(found.estimate, (1 - p1) / (n1 * p1) + (1 - p2) / (n2 * p2))


def _or(x: Given) -> Estimate:
    found = odds_ratio(*cells(x))
    if x.vtype == "LS":
        return found
    p1, p2, n1, n2 = _shares(x)
    return Estimate(found.estimate, 1 / (n1 * p1 * (1 - p1)) + 1 / (n2 * p2 * (1 - p2)))


def _rd(x: Given) -> Estimate:
    a, b, c, d = cells(x)
    p1, p2, n1, n2 = _shares(x)
    less = 1.0 if x.vtype == "UB" else 0.0
    return Estimate(a / (a + b) - c / (c + d), share_variance(p1, n1 - less) + share_variance(p2, n2 - less))


def _as(x: Given) -> Estimate:
    p1, p2, n1, n2 = _shares(x)
    return Estimate(np.arcsin(np.sqrt(p1)) - np.arcsin(np.sqrt(p2)), 1 / (4 * n1) + 1 / (4 * n2))


def _peto(x: Given) -> Estimate:
    a, b, c, d = cells(x)
    n1, n2 = a + b, c + d
    n = n1 + n2
    excess = a - (a + c) * n1 / n
    variance = n1 * n2 * (a + c) * (b + d) / (n**2 * (n - 1))
    return Estimate(excess / variance, 1 / variance)


def _pbit(x: Given) -> Estimate:
    p1, p2, n1, n2 = _shares(x)
    z1, z2 = special.ndtri(p1), special.ndtri(p2)
    return Estimate(z1 - z2, probit_variance(z1, p1, n1) + probit_variance(z2, p2, n2))


def _or2dl(x: Given) -> Estimate:
    y, v = odds_ratio(*cells(x))
    return Estimate(y * LOGISTIC_D, v * LOGISTIC_D**2)


def _or2dn(x: Given) -> Estimate:
    y, v = odds_ratio(*cells(x))
    return Estimate(y * COX, v * COX**2)


def _table(
    code: str,
    name: str,
    scale: str,
    null: float,
    unit: str,
    reference: str,
    metrics: tuple[str, ...] = (),
    **more: object,
) -> Measure:
    settings: dict[str, object] = {
        "family": FAMILY,
        "inputs": CELL_INPUTS,
        "rules": CELL_RULES,
        "sums": CELL_SUMS,
        "needs": CELLS,
        "prepare": with_cells,
        "counts": CELLS,
        "add": ADDED,
        **more,
    }
    return Measure(code, name, scale, metrics, null, unit, reference, **settings)  # type: ignore[arg-type]


# Rule j: risk, rate and hazard ratios of uncommon events are pooled as one family; odds ratios stay
# apart unless events are below 10 % of the people, where the two differ by less than rounding.
RATIO_FAMILY = ("RR", "IRR", "HR", "RRR")

_NO_LOG = "a cell of zero has no logarithm"
_FORMS_AV = "p̄j the mean of the risks over the rows, weighted by nji, in place of pj"
_FORMS_H0 = "the risk of both groups together in place of p1 and p2"
_OR_VARIANCE = "1/ai + 1/bi + 1/ci + 1/di"
_SD_UNIT = "standard deviations"

MEASURES = (
    _table(
        "RR",
        "risk ratio",
        "log",
        1.0,
        "times the risk",
        _HANDBOOK,
        RATIO_FAMILY,
        formula="log(p1/p2), p1 = ai/n1i, p2 = ci/n2i",
        variance=MappingProxyType(
            {"LS": "(1 - p1)/(n1i p1) + (1 - p2)/(n2i p2)", "AV": _FORMS_AV, "H0": _FORMS_H0}
        ),
        compute=_rr,
        undefined=_NO_LOG,
        back=EXP,
        interpretation="0.80 means 20 % fewer people with the event in the first group.",
    ),
    _table(
        "OR",
        "odds ratio",
        "log",
        1.0,
        "times the odds",
        _HANDBOOK,
        ("OR",),
        formula="log(ai di / (bi ci))",
        variance=MappingProxyType({"LS": _OR_VARIANCE, "AV": _FORMS_AV, "H0": _FORMS_H0}),
        compute=_or,
        undefined=_NO_LOG,
        back=EXP,
        interpretation="Below 1: lower odds in the first group; near the risk ratio only for rare events.",
    ),
    _table(
        "RD",
        "risk difference",
        "identity",
        0.0,
        "share of the people",
        _HANDBOOK,
        formula="p1 - p2",
        variance=MappingProxyType(
            {
                "LS": "p1 (1 - p1)/n1i + p2 (1 - p2)/n2i",
                "UB": "the same with n1i - 1 and n2i - 1",
                "AV": _FORMS_AV,
                "H0": _FORMS_H0,
            }
        ),
        compute=_rd,
        interpretation="-0.05: 5 in 100 people fewer with the event; its inverse is the number to treat.",
    ),
    _table(
        "AS",
        "arcsine risk difference",
        "arcsine",
        0.0,
        "radians",
        "10.1002/sim.3511",
        formula="arcsin(sqrt(p1)) - arcsin(sqrt(p2))",
        variance=MappingProxyType({"LS": "1/(4 n1i) + 1/(4 n2i)"}),
        compute=_as,
        add=0.0,
        interpretation="A difference that exists where both groups have no event; has no unit of its own.",
    ),
    _table(
        "PETO",
        "odds ratio by Peto's method",
        "log",
        1.0,
        "times the odds",
        "10.1016/S0033-0620(85)80003-7",
        formula="(ai - E) / V, E = (ai + ci) n1i/N, V = n1i n2i (ai + ci)(bi + di) / (N² (N - 1)),"
        " N = n1i + n2i",
        variance=MappingProxyType({"LS": "1/V"}),
        compute=_peto,
        undefined="no event, or nothing but events, in both groups",
        back=EXP,
        interpretation="An odds ratio for rare events, small effects and groups of similar size.",
    ),
    _table(
        "PBIT",
        "standardised mean difference from a dichotomy, probit",
        "identity",
        0.0,
        _SD_UNIT,
        _DICHOTOMIES,
        formula="z1 - z2, zj = Φ⁻¹(pj)",
        variance=MappingProxyType({"LS": "2π (p1 (1 - p1) exp(z1²)/n1i + p2 (1 - p2) exp(z2²)/n2i)"}),
        compute=_pbit,
        undefined="a risk of 0 or 1 has no probit",
        interpretation="The SMD of a normal outcome that was cut into yes and no.",
    ),
    _table(
        "OR2DL",
        "standardised mean difference from the odds ratio, logistic",
        "identity",
        0.0,
        _SD_UNIT,
        "10.1037/0033-2909.117.1.167",
        formula="log odds ratio · sqrt(3)/π (Hasselblad and Hedges)",
        variance=MappingProxyType({"LS": f"({_OR_VARIANCE}) · 3/π²"}),
        compute=_or2dl,
        undefined=_NO_LOG,
        interpretation="The SMD of a logistic outcome that was cut into yes and no.",
    ),
    _table(
        "OR2D",
        "standardised mean difference from the odds ratio, logistic (another name of OR2DL)",
        "identity",
        0.0,
        _SD_UNIT,
        "10.1037/0033-2909.117.1.167",
        formula="log odds ratio · sqrt(3)/π (Hasselblad and Hedges)",
        variance=MappingProxyType({"LS": f"({_OR_VARIANCE}) · 3/π²"}),
        compute=_or2dl,
        undefined=_NO_LOG,
        interpretation="The SMD of a logistic outcome that was cut into yes and no.",
    ),
    _table(
        "OR2DN",
        "standardised mean difference from the odds ratio, normal",
        "identity",
        0.0,
        _SD_UNIT,
        _DICHOTOMIES,
        formula="log odds ratio / 1.65 (Cox)",
        variance=MappingProxyType({"LS": f"({_OR_VARIANCE}) / 1.65²"}),
        compute=_or2dn,
        undefined=_NO_LOG,
        interpretation="The SMD of a normal outcome that was cut into yes and no.",
    ),
)
