"""Two groups, quantitative outcome: differences and ratios of means, standardised or not."""

from __future__ import annotations

from types import MappingProxyType

import numpy as np

from evidence.effects.formulas import Estimate, Floats, cohen_d, pooled_sd, smd_variance
from evidence.effects.measures.common import (
    EXP,
    NUMBER,
    P_VALUE,
    SD,
    SIZE_2,
    average,
    corrected,
    filled,
    signed_t,
    smd_unbiased,
)
from evidence.effects.measures.record import Given, Measure

__all__ = ["D_RULES", "FROM_D", "MEANS", "MEAN_RULES", "MEASURES", "d_spread", "with_d"]

FAMILY = "Two groups, quantitative outcome"

MEANS = ("m1i", "sd1i", "n1i", "m2i", "sd2i", "n2i")
FROM_D = (MEANS, ("di", "n1i", "n2i"), ("ti", "n1i", "n2i"), ("pi", "n1i", "n2i"))
MEAN_RULES = MappingProxyType(
    {"m1i": NUMBER, "sd1i": SD, "n1i": SIZE_2, "m2i": NUMBER, "sd2i": SD, "n2i": SIZE_2}
)
D_RULES = MappingProxyType({**MEAN_RULES, "di": NUMBER, "ti": NUMBER, "pi": P_VALUE})


def d_spread(n1: Floats, n2: Floats) -> Floats:
    """Return the variance of a difference of two means in units of the standard deviation."""
    return 1 / n1 + 1 / n2


def with_d(columns: dict[str, Floats]) -> dict[str, Floats]:
    """Add the uncorrected standardised difference ("d"), and what of it was stated as d, t or p ("stated").

    Whoever states d, t or p beside means states them for the rows in which they shall count.
    """
    n1, n2 = columns["n1i"], columns["n2i"]
    nothing = np.full_like(n1, np.nan)
    stated = columns.get("di", nothing)
    if "ti" in columns:
        stated = filled(stated, columns["ti"] * np.sqrt(d_spread(n1, n2)))
    if "pi" in columns:
        stated = filled(stated, signed_t(columns["pi"], n1 + n2 - 2) * np.sqrt(d_spread(n1, n2)))
    if not all(name in columns for name in MEANS):
        return {**columns, "d": stated, "stated": stated}
    from_means = cohen_d(*(columns[name] for name in MEANS))
    if stated is nothing:
        return {**columns, "d": from_means}
    return {**columns, "d": filled(stated, from_means), "stated": stated}


def _md(x: Given) -> Estimate:
    m1, sd1, n1, m2, sd2, n2 = x.many(*MEANS)
    if x.vtype == "HO":
        return Estimate(m1 - m2, pooled_sd(sd1, n1, sd2, n2) ** 2 * d_spread(n1, n2))
    return Estimate(m1 - m2, sd1**2 / n1 + sd2**2 / n2)


def _smd(x: Given) -> Estimate:
    d, n1, n2 = x.many("d", "n1i", "n2i")
    df = n1 + n2 - 2
    j = corrected(x, df)
    g = j * d
    spread = d_spread(n1, n2)
    if x.vtype == "LS2":
        return Estimate(g, j**2 * smd_variance(d, n1, n2))
    if x.vtype == "UB":
        return Estimate(g, smd_unbiased(g, spread, j, df))
    if x.vtype == "H0":
        with np.errstate(divide="ignore"):
            return Estimate(g, j**2 * df / (df - 2) * spread)
    if x.vtype == "AV":
        return Estimate(g, smd_variance(average(g, n1 + n2), n1, n2))
    return Estimate(g, smd_variance(g, n1, n2))


def _smdh(x: Given) -> Estimate:
    m1, sd1, n1, m2, sd2, n2 = x.many(*MEANS)
    v1, v2 = sd1**2, sd2**2
    mean = (v1 + v2) / 2
    g = corrected(x, n1 + n2 - 2) * (m1 - m2) / np.sqrt(mean)
    # Bonett divides both terms by n - 1; the forms 2 and 3 divide one or both by n.
    less1, less2 = (1.0 if x.vtype == "LS" else 0.0), (0.0 if x.vtype == "LS2" else 1.0)
    numerator = v1 / (n1 - less1) + v2 / (n2 - less1)
    of_sd = v1**2 / (n1 - less2) + v2**2 / (n2 - less2)
    return Estimate(g, numerator / mean + g**2 * of_sd / (8 * mean**2))


def _smd1(x: Given) -> Estimate:
    m1, m2, sd2, n1, n2 = x.many("m1i", "m2i", "sd2i", "n1i", "n2i")
    d = (m1 - m2) / sd2
    j = corrected(x, n2 - 1)
    g = j * d
    size = d if x.vtype == "LS2" else g
    variance = d_spread(n1, n2) + size**2 / (2 * n2)
    return Estimate(g, j**2 * variance if x.vtype == "LS2" else variance)


def _smd1h(x: Given) -> Estimate:
    m1, sd1, n1, m2, sd2, n2 = x.many(*MEANS)
    g = corrected(x, n2 - 1) * (m1 - m2) / sd2
    less = 0.0 if x.vtype == "LS2" else 1.0
    return Estimate(g, (sd1 / sd2) ** 2 / (n1 - less) + 1 / (n2 - less) + g**2 / (2 * (n2 - less)))


def _rom(x: Given) -> Estimate:
    m1, sd1, n1, m2, sd2, n2 = x.many(*MEANS)
    first, second = sd1**2 / (n1 * m1**2), sd2**2 / (n2 * m2**2)
    ratio = np.log(m1 / m2)
    y = ratio + (first - second) / 2 if x.correct else ratio
    if x.vtype == "LS2":
        return Estimate(y, first + second + (first**2 + second**2) / 2)
    if x.vtype == "HO":
        return Estimate(y, pooled_sd(sd1, n1, sd2, n2) ** 2 * (1 / (n1 * m1**2) + 1 / (n2 * m2**2)))
    if x.vtype == "AV":
        return Estimate(y, average(sd1 / m1, n1) ** 2 / n1 + average(sd2 / m2, n2) ** 2 / n2)
    if x.vtype == "AVHO":
        both = average(np.concatenate([sd1 / m1, sd2 / m2]), np.concatenate([n1, n2]))
        return Estimate(y, both**2 * d_spread(n1, n2))
    return Estimate(y, first + second)


MEASURES = (
    Measure(
        "SMD",
        "standardised mean difference (Hedges' g)",
        "identity",
        ("SMD", "MD", "t", "beta"),
        0.0,
        "standard deviations",
        "10.3102/10769986006002107",
        family=FAMILY,
        formula="g = J(m) d, d = (m1i - m2i) / sp, sp² = ((n1i - 1) sd1i² + (n2i - 1) sd2i²) / m,"
        " m = n1i + n2i - 2",
        variance=MappingProxyType(
            {
                "LS": "1/n1i + 1/n2i + g² / (2 (n1i + n2i))",
                "LS2": "J² (1/n1i + 1/n2i + d² / (2 (n1i + n2i)))",
                "UB": "1/n1i + 1/n2i + (1 - (m - 2) / (m J²)) g²",
                "AV": "1/n1i + 1/n2i + ḡ² / (2 (n1i + n2i)),"
                " ḡ the mean of g over the rows, weighted by n1i + n2i",
                "H0": "J² m / (m - 2) (1/n1i + 1/n2i): the exact variance where there is no difference",
            }
        ),
        inputs=FROM_D,
        rules=D_RULES,
        needs=("d", "n1i", "n2i"),
        prepare=with_d,
        compute=_smd,
        corrects=True,
        undefined="the variance H0 needs more than 4 people",
        interpretation="How many standard deviations the first group lies above the second.",
    ),
    Measure(
        "MD",
        "mean difference",
        "identity",
        (),
        0.0,
        "units of the outcome",
        "10.1002/9780470743386",
        family=FAMILY,
        formula="m1i - m2i",
        variance=MappingProxyType(
            {
                "LS": "sd1i²/n1i + sd2i²/n2i",
                "UB": "the same: it is unbiased",
                "HO": "sp² (1/n1i + 1/n2i), sp as for SMD: equal variances",
            }
        ),
        inputs=(MEANS,),
        rules=MEAN_RULES,
        needs=MEANS,
        compute=_md,
        interpretation="The difference in the outcome's own units; studies must share the instrument.",
    ),
    Measure(
        "SMDH",
        "standardised mean difference, unequal variances",
        "identity",
        (),
        0.0,
        "standard deviations",
        "10.1037/a0016619",
        family=FAMILY,
        formula="g = J(n1i + n2i - 2) (m1i - m2i) / s, s² = (sd1i² + sd2i²) / 2",
        variance=MappingProxyType(
            {
                "LS": "(sd1i²/(n1i - 1) + sd2i²/(n2i - 1)) / s²"
                " + g² (sd1i⁴/(n1i - 1) + sd2i⁴/(n2i - 1)) / (8 s⁴)",
                "LS2": "the same with n1i and n2i in place of n1i - 1 and n2i - 1",
                "LS3": "n1i and n2i in the first term, n1i - 1 and n2i - 1 in the second",
            }
        ),
        inputs=(MEANS,),
        rules=MEAN_RULES,
        needs=MEANS,
        compute=_smdh,
        corrects=True,
        interpretation="As SMD, in the root mean square of the two groups' standard deviations.",
    ),
    Measure(
        "SMD1",
        "standardised mean difference by the second group's SD (Glass's Δ)",
        "identity",
        (),
        0.0,
        "standard deviations of the second group",
        "10.3102/10769986006002107",
        family=FAMILY,
        formula="g = J(n2i - 1) d, d = (m1i - m2i) / sd2i",
        variance=MappingProxyType(
            {
                "LS": "1/n1i + 1/n2i + g² / (2 n2i)",
                "LS2": "J² (1/n1i + 1/n2i + d² / (2 n2i))",
            }
        ),
        inputs=(("m1i", "m2i", "sd2i", "n1i", "n2i"),),
        rules=MEAN_RULES,
        needs=("m1i", "m2i", "sd2i", "n1i", "n2i"),
        compute=_smd1,
        corrects=True,
        undefined="J(n2i - 1) exists from n2i = 3 on",
        interpretation="As SMD, in standard deviations of the second (control) group.",
    ),
    Measure(
        "SMD1H",
        "standardised mean difference by the second group's SD, unequal variances",
        "identity",
        (),
        0.0,
        "standard deviations of the second group",
        "10.1037/a0016619",
        family=FAMILY,
        formula="g = J(n2i - 1) (m1i - m2i) / sd2i",
        variance=MappingProxyType(
            {
                "LS": "(sd1i/sd2i)² / (n1i - 1) + 1/(n2i - 1) + g² / (2 (n2i - 1))",
                "LS2": "the same with n1i and n2i in place of n1i - 1 and n2i - 1",
            }
        ),
        inputs=(MEANS,),
        rules=MEAN_RULES,
        needs=MEANS,
        compute=_smd1h,
        corrects=True,
        undefined="J(n2i - 1) exists from n2i = 3 on",
        interpretation="As SMD1, where the treatment may change the spread.",
    ),
    Measure(
        "ROM",
        "log ratio of means (log response ratio)",
        "log",
        (),
        1.0,
        "times the mean",
        "10.1890/14-2402.1",
        family=FAMILY,
        formula="log(m1i/m2i) + (c1 - c2) / 2, cj = sdji² / (nji mji²)",
        variance=MappingProxyType(
            {
                "LS": "c1 + c2",
                "LS2": "c1 + c2 + (c1² + c2²) / 2",
                "HO": "sp² (1/(n1i m1i²) + 1/(n2i m2i²)), sp as for SMD: equal variances",
                "AV": "v̄1²/n1i + v̄2²/n2i, v̄j the mean of sdji/mji over the rows, weighted by nji",
                "AVHO": "v̄² (1/n1i + 1/n2i), v̄ the same mean over both groups",
            }
        ),
        inputs=(MEANS,),
        rules=MEAN_RULES,
        needs=MEANS,
        compute=_rom,
        corrects=True,
        undefined="means of opposite sign, or a mean of zero, have no ratio",
        back=EXP,
        interpretation="1.10 means that the first group's mean is 10 % higher; for ratio scales only.",
    ),
)
