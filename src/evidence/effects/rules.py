"""The rules by which a printed row is read, in words: shown by `explain` and in the documentation."""

from __future__ import annotations

from types import MappingProxyType

__all__ = ["RULES"]

RULES = MappingProxyType(
    {
        "a": "Sound numbers outrank an exact p, which outranks a p-band, which outranks the words "
        "'significant' and 'no difference' and the direction. In cluster-randomised trials the printed "
        "adjusted effect outranks crude counts.",
        "b": "A verdict inferred from what the source omits is an interval, with that assumption named. A "
        "result within each arm is unusable for a comparison. Counts or means without dispersion, or marks "
        "of unclear meaning, leave the sign.",
        "c": "The printed sign convention orients printed effects, 'better' orients arm means; never both. "
        "Where the convention is not stated, an effect is an interval that is symmetric about zero.",
        "d": "Arm sizes that are not printed: people known in all are split equally over two arms, named as "
        "an assumption; with more than two arms, or in a cohort, only the sign is left.",
        "e": "A printed p of 0.05, 0.01 or 0.001 beside 'significant' means 'at most'; 0.000 means below "
        "0.0005. Other p values are exact, with their rounding shown. The p of an equivalence test is "
        "ignored.",
        "f": "Significance follows the confidence level that the study used.",
        "g": "Tests of change, of group × time and of unstated kind speak in change-score units and are "
        "brought to raw-score units with sqrt(2(1-r)); baseline-adjusted results with sqrt(1-r²).",
        "h": "Percent changes without a standard deviation are never an effect; events without totals never "
        "make a ratio; two arms of the same people are read by paired formulas from their means and SDs, "
        "with the correlation assumed, and are otherwise a sign.",
        "i": "Of several time points the one nearest the end of treatment is the main one; the others stay, "
        "marked, and are not pooled with it.",
        "j": "Risk, rate and hazard ratios are one family; odds ratios join only where events are below "
        "10 %. Ratios per unit and results in another metric are shown by direction, never pooled across.",
        "k": "A single study is printed, not pooled: no tau², no prediction interval.",
    }
)
"""Rule by letter. An effect's ``rule`` column names the letters that were applied to its row; rule k
acts on groups of rows, in the models."""
