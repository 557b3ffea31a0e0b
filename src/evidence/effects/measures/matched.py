"""One group twice or matched pairs, yes or no: marginal and conditional ratios."""

from __future__ import annotations

from types import MappingProxyType

import numpy as np

from evidence.effects.formulas import Estimate
from evidence.effects.measures.cells import CELL_RULES, CELLS, cells
from evidence.effects.measures.common import ADDED, CORRELATION, EXP
from evidence.effects.measures.record import Given, Measure
from evidence.effects.measures.tables import odds_ratio

__all__ = ["MEASURES"]

FAMILY = "One group twice, yes or no"
_ELBOURNE = "10.1093/ije/31.1.140"


def _mprr(x: Given) -> Estimate:
    a, b, c, _ = cells(x)
    return Estimate(np.log((a + b) / (a + c)), (b + c) / ((a + b) * (a + c)))


def _mpor(x: Given) -> Estimate:
    a, b, c, d = cells(x)
    found = odds_ratio(a + b, c + d, a + c, b + d)
    together = (a + b + c + d) * (a * d - b * c) / ((a + b) * (c + d) * (a + c) * (b + d))
    return Estimate(found.estimate, found.variance - 2 * together)


def _mprd(x: Given) -> Estimate:
    a, b, c, d = cells(x)
    n = a + b + c + d
    return Estimate((b - c) / n, (b + c) / n**2 - (b - c) ** 2 / n**3)


def _mporc(x: Given) -> Estimate:
    _, b, c, _ = cells(x)
    return Estimate(np.log(b / c), 1 / b + 1 / c)


def _mppeto(x: Given) -> Estimate:
    _, b, c, _ = cells(x)
    return Estimate(2 * (b - c) / (b + c), 4 / (b + c))


def _mporm(x: Given) -> Estimate:
    a, b, c, d = cells(x)
    found = odds_ratio(a, b, c, d)
    # Each occasion's row has all the people; where dropouts make the rows differ, their mean is taken.
    n = np.rint((a + b + c + d) / 2)
    return Estimate(found.estimate, found.variance - 2 * x["ri"] * n / np.sqrt(a * b * c * d))


def _matched(code: str, name: str, scale: str, unit: str, **more: object) -> Measure:
    settings: dict[str, object] = {
        "family": FAMILY,
        "inputs": (CELLS,),
        "rules": CELL_RULES,
        "needs": CELLS,
        "counts": CELLS,
        "add": ADDED,
        **more,
    }
    null = 1.0 if scale == "log" else 0.0
    return Measure(code, name, scale, (), null, unit, _ELBOURNE, **settings)  # type: ignore[arg-type]


_LAYOUT = "; rows are the first occasion's outcome, columns the second's"

MEASURES = (
    _matched(
        "MPRR",
        "marginal risk ratio, paired",
        "log",
        "times the risk",
        formula="log((ai + bi)/(ai + ci))" + _LAYOUT,
        variance=MappingProxyType({"LS": "(bi + ci) / ((ai + bi)(ai + ci))"}),
        compute=_mprr,
        undefined="nobody with the event on one of the occasions",
        back=EXP,
        interpretation="The risk at the first occasion over that at the second, over all people.",
    ),
    _matched(
        "MPOR",
        "marginal odds ratio, paired",
        "log",
        "times the odds",
        formula="log of (ai + bi)(bi + di) / ((ci + di)(ai + ci))" + _LAYOUT,
        variance=MappingProxyType(
            {
                "LS": "1/(ai + bi) + 1/(ci + di) + 1/(ai + ci) + 1/(bi + di)"
                " - 2 n (ai di - bi ci) / ((ai + bi)(ci + di)(ai + ci)(bi + di))"
            }
        ),
        compute=_mpor,
        undefined="an empty margin",
        back=EXP,
        interpretation="The odds at the first occasion over those at the second, over all people.",
    ),
    _matched(
        "MPRD",
        "marginal risk difference, paired",
        "identity",
        "share of the people",
        formula="(bi - ci) / n" + _LAYOUT,
        variance=MappingProxyType({"LS": "(bi + ci)/n² - (bi - ci)²/n³"}),
        compute=_mprd,
        interpretation="The share of people with the event, first occasion less second.",
    ),
    _matched(
        "MPORC",
        "conditional odds ratio, paired",
        "log",
        "times the odds",
        formula="log(bi/ci)" + _LAYOUT,
        variance=MappingProxyType({"LS": "1/bi + 1/ci"}),
        compute=_mporc,
        undefined="nobody changed in one of the directions",
        back=EXP,
        interpretation="The odds ratio within a person; rests on those who changed.",
    ),
    _matched(
        "MPPETO",
        "conditional odds ratio, paired, by Peto's method",
        "log",
        "times the odds",
        formula="2 (bi - ci)/(bi + ci)" + _LAYOUT,
        variance=MappingProxyType({"LS": "4/(bi + ci)"}),
        compute=_mppeto,
        undefined="nobody changed",
        back=EXP,
        interpretation="As MPORC, for rare changes.",
    ),
    _matched(
        "MPORM",
        "marginal odds ratio, paired, from the margins and their correlation",
        "log",
        "times the odds",
        formula="log(ai di / (bi ci)); rows are the occasions, columns the outcomes",
        variance=MappingProxyType(
            {
                "LS": "1/ai + 1/bi + 1/ci + 1/di - 2 ri n / sqrt(ai bi ci di),"
                " n the people, ri the phi of the pairs"
            }
        ),
        inputs=((*CELLS, "ri"),),
        rules=MappingProxyType({**CELL_RULES, "ri": CORRELATION}),
        needs=(*CELLS, "ri"),
        compute=_mporm,
        undefined="a cell of zero has no logarithm",
        back=EXP,
        interpretation="As MPOR, for papers that print the two margins only.",
    ),
)
