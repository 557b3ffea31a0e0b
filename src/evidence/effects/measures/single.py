"""One group: means, reliability, genotypes."""

from __future__ import annotations

from types import MappingProxyType

import numpy as np

from evidence.effects.formulas import Estimate
from evidence.effects.measures.common import (
    ADDED,
    COUNT,
    EXP,
    NUMBER,
    SD,
    SIZE_2,
    corrected,
    rule,
    smd_unbiased,
)
from evidence.effects.measures.record import Back, Given, Measure

__all__ = ["MEASURES"]

FAMILY = "One group"
_HANDBOOK = "10.1002/9780470743386"
_RAUDENBUSH = "10.3102/10769986012003241"


def _mn(x: Given) -> Estimate:
    m, sd, n = x.many("mi", "sdi", "ni")
    return Estimate(m, sd**2 / n)


def _mnln(x: Given) -> Estimate:
    m, sd, n = x.many("mi", "sdi", "ni")
    return Estimate(np.log(m), sd**2 / (n * m**2))


def _smn(x: Given) -> Estimate:
    m, sd, n = x.many("mi", "sdi", "ni")
    d = m / sd
    j = corrected(x, n - 1)
    g = j * d
    if x.vtype == "LS2":
        return Estimate(g, j**2 * (1 / n + d**2 / (2 * n)))
    if x.vtype == "UB":
        return Estimate(g, smd_unbiased(g, 1 / n, j, n - 1))
    return Estimate(g, 1 / n + g**2 / (2 * n))


def _alpha(x: Given) -> Estimate:
    alpha, items, n = x.many("ai", "mi", "ni")
    return Estimate(alpha, 2 * items * (1 - alpha) ** 2 / ((items - 1) * (n - 2)))


def _alpha_root(x: Given) -> Estimate:
    alpha, items, n = x.many("ai", "mi", "ni")
    rest = np.cbrt(1 - alpha)
    return Estimate(1 - rest, 18 * items * (n - 1) * rest**2 / ((items - 1) * (9 * n - 11) ** 2))


def _alpha_log(x: Given) -> Estimate:
    alpha, items, n = x.many("ai", "mi", "ni")
    return Estimate(-np.log(1 - alpha), 2 * items / ((items - 1) * (n - 2)))


def _reh(x: Given) -> Estimate:
    first, mixed, second = x.many("ai", "bi", "ci")
    y = np.log(mixed) - np.log(2 * np.sqrt(first * second))
    return Estimate(y, 1 / (4 * first) + 1 / mixed + 1 / (4 * second))


def _one(code: str, name: str, scale: str, unit: str, reference: str, **more: object) -> Measure:
    settings: dict[str, object] = {"family": FAMILY, **more}
    return Measure(code, name, scale, (), 0.0, unit, reference, **settings)  # type: ignore[arg-type]


_LEVEL: dict[str, object] = {
    "inputs": (("mi", "sdi", "ni"),),
    "rules": MappingProxyType({"mi": NUMBER, "sdi": SD, "ni": SIZE_2}),
    "needs": ("mi", "sdi", "ni"),
}
_ALPHA: dict[str, object] = {
    "inputs": (("ai", "mi", "ni"),),
    "rules": MappingProxyType(
        {
            "ai": rule("Cronbach's alpha is at most 1", lambda x: x <= 1),
            "mi": rule("an instrument has at least 2 items", lambda x: x >= 2),
            "ni": rule("reliability needs at least 3 people", lambda x: x >= 3),
        }
    ),
    "needs": ("ai", "mi", "ni"),
}

MEASURES = (
    _one(
        "MN",
        "mean",
        "identity",
        "units of the outcome",
        _HANDBOOK,
        **_LEVEL,
        formula="mi",
        variance=MappingProxyType({"LS": "sdi²/ni"}),
        compute=_mn,
        interpretation="The level of one group.",
    ),
    _one(
        "MNLN",
        "log mean",
        "log",
        "units of the outcome",
        "10.1111/2041-210X.12309",
        **_LEVEL,
        formula="log(mi)",
        variance=MappingProxyType({"LS": "sdi²/(ni mi²)"}),
        compute=_mnln,
        back=EXP,
        undefined="a mean that is not positive has no logarithm",
        interpretation="Pooled on this scale, shown as a mean; for ratio scales only.",
    ),
    _one(
        "SMN",
        "standardised mean of one group",
        "identity",
        "standard deviations",
        "10.3102/10769986006002107",
        **_LEVEL,
        corrects=True,
        formula="g = J(ni - 1) d, d = mi/sdi",
        variance=MappingProxyType(
            {
                "LS": "1/ni + g²/(2 ni)",
                "LS2": "J² (1/ni + d²/(2 ni))",
                "UB": "1/ni + (1 - (m - 2)/(m J²)) g², m = ni - 1",
            }
        ),
        compute=_smn,
        undefined="J(ni - 1) exists from ni = 3 on",
        interpretation="The distance of a group's mean from zero (or from a norm that was subtracted).",
    ),
    _one(
        "ARAW",
        "Cronbach's alpha",
        "identity",
        "reliability",
        "10.1037/a0020142",
        **_ALPHA,
        formula="ai",
        variance=MappingProxyType({"LS": "2 mi (1 - ai)² / ((mi - 1)(ni - 2))"}),
        compute=_alpha,
        interpretation="Internal consistency of an instrument of mi items.",
    ),
    _one(
        "AHW",
        "Cronbach's alpha, cube root",
        "cube root",
        "reliability",
        "10.1007/BF02291840",
        **_ALPHA,
        formula="1 - (1 - ai)^(1/3)",
        variance=MappingProxyType({"LS": "18 mi (ni - 1) (1 - ai)^(2/3) / ((mi - 1)(9 ni - 11)²)"}),
        compute=_alpha_root,
        back=Back("Cronbach's alpha", "1 - (1 - y)³", lambda y: 1 - (1 - y) ** 3),
        interpretation="Pooled on this scale, shown as alpha.",
    ),
    _one(
        "ABT",
        "Cronbach's alpha, log",
        "log",
        "reliability",
        "10.3102/10769986027004335",
        **_ALPHA,
        formula="-log(1 - ai)",
        variance=MappingProxyType({"LS": "2 mi / ((mi - 1)(ni - 2))"}),
        compute=_alpha_log,
        back=Back("Cronbach's alpha", "1 - exp(-y)", lambda y: -np.expm1(-y)),
        undefined="an alpha of 1 has no logarithm",
        interpretation="Pooled on this scale, shown as alpha.",
    ),
    _one(
        "REH",
        "log relative excess heterozygosity",
        "log",
        "times the expected heterozygotes",
        "",
        formula="log(bi / (2 sqrt(ai ci))): homozygotes, heterozygotes, homozygotes",
        variance=MappingProxyType({"LS": "1/(4 ai) + 1/bi + 1/(4 ci)"}),
        inputs=(("ai", "bi", "ci"),),
        rules=MappingProxyType(dict.fromkeys(("ai", "bi", "ci"), COUNT)),
        needs=("ai", "bi", "ci"),
        counts=("ai", "bi", "ci"),
        add=ADDED,
        compute=_reh,
        back=EXP,
        undefined="a genotype that nobody has",
        interpretation="1 is Hardy-Weinberg equilibrium.",
    ),
)
