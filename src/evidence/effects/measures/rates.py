"""Events per time: two groups, one group, and the log-rank hazard ratio."""

from __future__ import annotations

from types import MappingProxyType

import numpy as np

from evidence.effects.formulas import Estimate
from evidence.effects.measures.common import ADDED, COUNT, EXP, NUMBER, SQUARE, TIME, rule
from evidence.effects.measures.record import Given, Measure
from evidence.effects.measures.tables import RATIO_FAMILY

__all__ = ["MEASURES"]

_TWO, _ONE = "Two groups, events per time", "One group"
_BAGOS = "10.2202/1557-4679.1168"
_FREEMAN_TUKEY = "10.1214/aoms/1177729756"
_RATES = ("x1i", "t1i", "x2i", "t2i")


def _irr(x: Given) -> Estimate:
    x1, t1, x2, t2 = x.many(*_RATES)
    return Estimate(np.log(x1 / t1) - np.log(x2 / t2), 1 / x1 + 1 / x2)


def _ird(x: Given) -> Estimate:
    x1, t1, x2, t2 = x.many(*_RATES)
    return Estimate(x1 / t1 - x2 / t2, x1 / t1**2 + x2 / t2**2)


def _irsd(x: Given) -> Estimate:
    x1, t1, x2, t2 = x.many(*_RATES)
    return Estimate(np.sqrt(x1 / t1) - np.sqrt(x2 / t2), 1 / (4 * t1) + 1 / (4 * t2))


def _hr(x: Given) -> Estimate:
    observed, expected, variance = x.many("oi", "ei", "vi")
    return Estimate((observed - expected) / variance, 1 / variance)


def _ir(x: Given) -> Estimate:
    events, time = x.many("xi", "ti")
    return Estimate(events / time, events / time**2)


def _irln(x: Given) -> Estimate:
    events, time = x.many("xi", "ti")
    return Estimate(np.log(events / time), 1 / events)


def _irs(x: Given) -> Estimate:
    events, time = x.many("xi", "ti")
    return Estimate(np.sqrt(events / time), 1 / (4 * time))


def _irft(x: Given) -> Estimate:
    events, time = x.many("xi", "ti")
    return Estimate((np.sqrt(events / time) + np.sqrt((events + 1) / time)) / 2, 1 / (4 * time))


def _two(
    code: str, name: str, scale: str, unit: str, metrics: tuple[str, ...] = (), **more: object
) -> Measure:
    settings: dict[str, object] = {
        "family": _TWO,
        "inputs": (_RATES,),
        "rules": MappingProxyType({"x1i": COUNT, "x2i": COUNT, "t1i": TIME, "t2i": TIME}),
        "needs": _RATES,
        "counts": ("x1i", "x2i"),
        "add": ADDED,
        **more,
    }
    null = 1.0 if scale == "log" else 0.0
    return Measure(code, name, scale, metrics, null, unit, _BAGOS, **settings)  # type: ignore[arg-type]


def _one(code: str, name: str, scale: str, **more: object) -> Measure:
    settings: dict[str, object] = {
        "family": _ONE,
        "inputs": (("xi", "ti"),),
        "rules": MappingProxyType({"xi": COUNT, "ti": TIME}),
        "needs": ("xi", "ti"),
        "counts": ("xi",),
        **more,
    }
    reference = _FREEMAN_TUKEY if code == "IRFT" else _BAGOS
    return Measure(code, name, scale, (), 0.0, "events per time", reference, **settings)  # type: ignore[arg-type]


_NO_LOG = "no event has no logarithm"

MEASURES = (
    _two(
        "IRR",
        "incidence rate ratio",
        "log",
        "times the rate",
        RATIO_FAMILY,
        formula="log((x1i/t1i) / (x2i/t2i))",
        variance=MappingProxyType({"LS": "1/x1i + 1/x2i"}),
        compute=_irr,
        undefined=_NO_LOG,
        back=EXP,
        interpretation="0.70 means 30 % fewer events in the same time in the first group.",
    ),
    _two(
        "IRD",
        "incidence rate difference",
        "identity",
        "events per time",
        formula="x1i/t1i - x2i/t2i",
        variance=MappingProxyType({"LS": "x1i/t1i² + x2i/t2i²"}),
        compute=_ird,
        interpretation="Events per unit of time, first group less second.",
    ),
    _two(
        "IRSD",
        "square root incidence rate difference",
        "square root",
        "square root of events per time",
        formula="sqrt(x1i/t1i) - sqrt(x2i/t2i)",
        variance=MappingProxyType({"LS": "1/(4 t1i) + 1/(4 t2i)"}),
        compute=_irsd,
        add=0.0,
        interpretation="A difference that exists where both groups have no event; has no unit of its own.",
    ),
    Measure(
        "HR",
        "hazard ratio",
        "log",
        RATIO_FAMILY,
        1.0,
        "times the hazard",
        "10.1186/1745-6215-8-16",
        family=_TWO,
        formula="(oi - ei) / vi: events observed and expected in the first group, and the log-rank variance",
        variance=MappingProxyType({"LS": "1/vi"}),
        inputs=(("oi", "ei", "vi"),),
        rules=MappingProxyType(
            {"oi": COUNT, "ei": NUMBER, "vi": rule("a variance is positive", lambda x: x > 0)}
        ),
        needs=("oi", "ei", "vi"),
        compute=_hr,
        back=EXP,
        interpretation="0.70 means that at any time 30 % fewer of those still free of the event have it.",
    ),
    _one(
        "IR",
        "incidence rate",
        "identity",
        formula="xi/ti",
        variance=MappingProxyType({"LS": "xi/ti²"}),
        compute=_ir,
        add=ADDED,
        interpretation="Events per unit of time.",
    ),
    _one(
        "IRLN",
        "log incidence rate",
        "log",
        formula="log(xi/ti)",
        variance=MappingProxyType({"LS": "1/xi"}),
        compute=_irln,
        add=ADDED,
        undefined=_NO_LOG,
        back=EXP,
        interpretation="Pooled on this scale, shown as a rate.",
    ),
    _one(
        "IRS",
        "square root incidence rate",
        "square root",
        formula="sqrt(xi/ti)",
        variance=MappingProxyType({"LS": "1/(4 ti)"}),
        compute=_irs,
        back=SQUARE,
        interpretation="Pooled on this scale, shown as a rate.",
    ),
    _one(
        "IRFT",
        "Freeman-Tukey incidence rate",
        "square root",
        formula="(sqrt(xi/ti) + sqrt((xi + 1)/ti)) / 2",
        variance=MappingProxyType({"LS": "1/(4 ti)"}),
        compute=_irft,
        interpretation="A square root that is steadier for few events; the way back depends on the time.",
    ),
)
