"""What a tornado chart says: its message, its caption, its alternative text."""

from __future__ import annotations

from typing import TYPE_CHECKING

from evidence.charts.captions import assumption_words, level_words, model_words
from evidence.charts.tornado_rows import tornado_rows
from evidence.charts.words import measure_code, plural
from evidence.synthesis.sensitivity import FEWEST

if TYPE_CHECKING:
    from evidence.synthesis.sensitivity import Sensitivity

__all__ = ["OTHERWISE", "slide_note", "tornado_alt", "tornado_caption", "tornado_title"]

OTHERWISE = "\N{BLACK DIAMOND}"
"""Sign of a variation under which the interval says something else."""

_MOST_SAID = 6
"""Variations that an alternative text lists."""


def counts(sensitivity: Sensitivity) -> tuple[int, list[str], int]:
    """Return how many variations can be compared, the names of the exceptions, and all that were made."""
    told = sensitivity.table.iloc[1:]
    known = told.loc[told["holds"].notna()]
    against = known.loc[~known["holds"].astype(bool), "variation"].astype(str).tolist()
    return len(known), against, len(told)


def tornado_title(sensitivity: Sensitivity) -> str:
    """Return in how many variations the result holds, and the exception."""
    known, against, made = counts(sensitivity)
    if not made:
        return "No variation of the result could be made"
    if not known:
        return "The result has no interval to compare its variations with"
    few = f"Only {plural(sensitivity.fit.n_studies, 'study', 'studies')}: "
    start = few + "the" if sensitivity.fit.n_studies < FEWEST else "The"
    if not against:
        return (
            f"{start} result holds under all {known} variations"
            if known > 1
            else "The one variation says the same"
        )
    head = f"{start} result holds under {known - len(against)} of {known} variations"
    if len(against) == 1:
        return f"{head}, not {against[0]}" if _reads_on(against[0]) else f"{head}; otherwise: {against[0]}"
    return head


def _reads_on(name: str) -> bool:
    return name.startswith(("without ", "by "))


def slide_note(sensitivity: Sensitivity) -> str:
    """Return the note of a slide: what the band and the diamonds are, and whether studies are few."""
    few = sensitivity.fit.n_studies < FEWEST
    words = "Band: interval of the result as it is."
    words += f" {OTHERWISE} says otherwise." if counts(sensitivity)[1] else ""
    return f"{words} Fewer than {FEWEST} studies: arithmetic, no test." if few else words


def tornado_caption(sensitivity: Sensitivity) -> str:
    """Return the caption: the model, what bars, band and diamonds are, and what was not tried.

    Parameters
    ----------
    sensitivity : Sensitivity
        The drawn result.

    Returns
    -------
    str
        Some short sentences.
    """
    fit = sensitivity.fit
    known, against, made = counts(sensitivity)
    parts = [
        f"{plural(made, 'variation')} of one result, each changing one thing, keeping the rest. The result: "
        f"{model_words(fit).rstrip('.')}. Dashed line and band: the result with its {level_words(fit.level)} "
        "interval; bars: from it to the estimate of the variation; thin lines: the variation's interval.",
        f"{OTHERWISE}: the interval says otherwise ({len(against)} of {known}).",
    ]
    if same := sensitivity.same_numbers:
        parts.append(f"{same} of them {'gives' if same == 1 else 'give'} the same numbers as the result.")
    if len(tornado_rows(sensitivity)) < made + 1:
        parts.append("What moves the result least is folded into one line.")
    missing = len(sensitivity.not_tried)
    if missing:
        parts.append(f"Not made: {plural(missing, 'variation')}, with reasons in .not_tried.")
    if fit.n_studies < FEWEST:
        parts.append(f"With fewer than {FEWEST} studies this is arithmetic, not a test of robustness.")
    return " ".join([*parts, assumption_words([fit])]).rstrip()


def tornado_alt(sensitivity: Sensitivity) -> str:
    """Return the alternative text: the result, what moves it most, and the exceptions.

    Parameters
    ----------
    sensitivity : Sensitivity
        The drawn result.

    Returns
    -------
    str
        For readers who do not see the picture.
    """
    rows = tornado_rows(sensitivity)
    told = rows.iloc[1:].loc[rows["role"].iloc[1:].eq("variation")]
    parts = [f"{row.variation}: {row.effect_text}" for row in told.head(_MOST_SAID).itertuples(index=False)]
    furthest = f" Furthest from it: {'; '.join(parts)}." if parts else ""
    return (
        f"Tornado chart of {measure_code(sensitivity.fit.measure)}: {rows['effect_text'].iloc[0]} as it is. "
        f"{tornado_title(sensitivity)}.{furthest}"
    )
