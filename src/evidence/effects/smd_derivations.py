"""The derivations of a standardised mean difference, as records (`evidence.effects.derivation`)."""

from __future__ import annotations

from evidence.effects.derivation import BOUNDS, NUMBERS, P_VALUE, Derivation
from evidence.effects.smd_arms import from_change, from_post, from_pre_post
from evidence.effects.smd_printed import (
    from_adjusted,
    from_adjusted_over_sds,
    from_difference_over_sds,
    from_mean_difference,
    from_printed_smd,
)
from evidence.effects.smd_tests import from_band, from_chi2, from_exact_p, from_f, from_r, from_t

__all__ = ["SMD_DERIVATIONS"]

_SCORE = "whose scores were tested, and r, unless final scores were"

SMD_DERIVATIONS: tuple[Derivation, ...] = (
    Derivation(
        "adjusted_over_sds",
        "baseline-adjusted difference (ANCOVA) with its SE or interval, over the arms' pooled SD",
        *(NUMBERS, "", from_adjusted_over_sds),
    ),
    Derivation(
        "pre_post",
        "changes of both arms over their pooled SD before training (d_ppc2)",
        *(NUMBERS, "r for the variance, unless the arms tell theirs", from_pre_post),
    ),
    Derivation(
        "difference_over_sds",
        "mean difference with its interval, over the arms' pooled SD",
        *(NUMBERS, "", from_difference_over_sds),
    ),
    Derivation("post", "final means and SDs of both arms", NUMBERS, "that the arms began alike", from_post),
    Derivation("change", "mean changes and their SDs in both arms", NUMBERS, "r for the scale", from_change),
    Derivation(
        "printed_smd",
        "standardised difference with its interval, else with n",
        *(
            NUMBERS,
            "that it is Hedges' g in raw-score units",
            lambda row, people, r: from_printed_smd(row, people),
        ),
    ),
    Derivation(
        "adjusted",
        "t of a baseline-adjusted difference (ANCOVA), times sqrt(1-r²)",
        *(NUMBERS, "r for the scale", from_adjusted),
    ),
    Derivation(
        "difference",
        "t of a mean difference or coefficient with its interval",
        *(NUMBERS, _SCORE, from_mean_difference),
    ),
    Derivation("t", "t of the comparison", NUMBERS, _SCORE, from_t),
    Derivation(
        "f", "F of the comparison, 1 numerator df: t = √F, side from the direction", NUMBERS, _SCORE, from_f
    ),
    Derivation("r", "point-biserial correlation: t = r·sqrt(df/(1-r²))", NUMBERS, _SCORE, from_r),
    Derivation(
        "chi2",
        "chi-squared of 1 df: squared correlation chi²/N, side from the direction",
        *(NUMBERS, f"that it is a share of variance; {_SCORE}", from_chi2),
    ),
    Derivation("exact_p", "exact two-sided p: its t, side from the direction", P_VALUE, _SCORE, from_exact_p),
    Derivation(
        "band",
        "p-band, 'significant' or 'no difference': bounds at the critical value",
        *(BOUNDS, _SCORE, from_band),
    ),
)
"""In the order that decides where rank and assumptions are equal."""
