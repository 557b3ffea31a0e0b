"""Summary of findings in GRADE's layout: results, the author's certainty, what the numbers suggest."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import pandas as pd

from evidence.charts.captions import assumption_words
from evidence.charts.words import domain_name
from evidence.citations import Bibliography
from evidence.effects.codes import measure_word
from evidence.fit.chance import favoured
from evidence.fit.numbers import count
from evidence.studies.record import Studies
from evidence.synthesis.certainty import RULES, suggestions
from evidence.synthesis.compare import Comparison
from evidence.table_content.certainty import LEVELS, Rating, read_certainty
from evidence.table_content.citing import Citing
from evidence.table_content.effects import favoured_side
from evidence.table_content.results import centre, measure_words
from evidence.table_words import NO_BREAK
from evidence.tables import Table

if TYPE_CHECKING:
    from evidence.fit import MetaFit

__all__ = ["NOT_RATED", "summary_of_findings_table"]

NOT_RATED = "not rated"
"""What stands where the author has given no certainty."""

Units = Mapping[str, tuple[float, str, str]]

_PEOPLE, _WORDS, _CERTAINTY, _SUGGESTED = (
    "People (studies)",
    "In words",
    "Certainty",
    "Suggested: rate down for",
)


def summary_of_findings_table(
    comparisons: Sequence[tuple[str, str, Comparison]],
    studies: Studies,
    *,
    certainty: pd.DataFrame | str | os.PathLike[str] | None = None,
    units: Units | None = None,
    arms: Mapping[str, tuple[str, str]] | None = None,
    codes: Mapping[str, Sequence[str]] | None = None,
    listed: Bibliography | None = None,
    caption: str = "Summary of findings",
    id: str = "summary-of-findings",
) -> Table:
    """Return one line an outcome: people, effect with interval, in words, certainty, suggestions.

    Parameters
    ----------
    comparisons : sequence of (question, title, Comparison)
        Questions by the name that `certainty` uses, their titles, and their results by domain, all in one
        measure. With several, the titles are headings of groups.
    studies : Studies
        Rows with the labels and references of all of them.
    certainty : DataFrame or path, optional
        The author's ratings: columns question, domain, certainty, reasons; see `read_certainty`.
    units : mapping of domain to (sd, unit, source), optional
        Turns standardised effects into the units of an instrument, as `MetaFit.in_units` does.
    arms : mapping of question to (second arm, first arm), optional
        Names of the arms, for the words; without them "the second arm" and "the first arm".
    codes : mapping of question to sequence of str, optional
        Other names by which `certainty` may mean a question: the codes of the data that it covers. A line by
        the question's own name goes before.
    listed : Bibliography, optional
        Bibliography whose numbers are cited; by default one of these studies.
    caption, id : str
        Caption and name of the table.

    Returns
    -------
    Table
        The certainty is the author's alone: where it is blank, the cell says "not rated". Suggestions name
        what the numbers give reason to look at; the footnotes have their rules and sources. They change
        nothing.

    Raises
    ------
    StudyDataError
        Where the ratings break their rules.

    References
    ----------
    Guyatt G, et al. GRADE guidelines 1. J Clin Epidemiol 2011;64:383-394.
    https://doi.org/10.1016/j.jclinepi.2010.04.026
    """
    citing = Citing(studies, listed)
    domains = {question: _domains(comparison) for question, _, comparison in comparisons}
    ratings = read_certainty(certainty, domains, codes or {})
    effect = _effect_head(comparisons[0][2])
    lines, groups, fits, missing = [], [], [], []
    for question, title, comparison in comparisons:
        named = (arms or {}).get(question, ("the second arm", "the first arm"))
        for domain in domains[question]:
            fit = comparison.fits.get(domain)
            line = {domain_name(comparison.by): domain_name(domain) or "not stated"}
            line |= _without(comparison, domain, effect) if fit is None else _with(fit, effect, named, citing)
            if fit is not None:
                fits.append(fit)
                line[_WORDS] += _in_units(fit, (units or {}).get(domain))
            elif reason := comparison.failures.get(domain, ""):
                missing.append(f"{domain_name(domain)}: {' '.join(reason.split())}.")
            lines.append(line | _rated(ratings.get((question, domain), Rating()), fit))
            groups.append(title)
    columns = [domain_name(comparisons[0][2].by), _PEOPLE, effect, _WORDS, _CERTAINTY, "Reasons", _SUGGESTED]
    columns.append("Sources")
    if not any(line["Reasons"] for line in lines):
        columns.remove("Reasons")
    return citing.table(
        lines,
        columns,
        caption=caption,
        notes=_notes(fits, ratings) + missing,
        id=id,
        groups=groups if len(comparisons) > 1 else (),
        footnotes={_SUGGESTED: tuple(RULES.values())},
    )


def _domains(comparison: Comparison) -> list[str]:
    return list(dict.fromkeys(comparison.table[comparison.by].astype(str)))


def _effect_head(comparison: Comparison) -> str:
    measure = measure_word(comparison.measure)
    kind = "Relative effect" if any(fit.scale == "log" for fit in comparison.fits.values()) else "Effect"
    level = "" if comparison.level is None else f" ({comparison.level * 100:g}{NO_BREAK}% interval)"
    return f"{kind}, as given{level}" if measure != comparison.measure else f"{kind}: {measure}{level}"


def _with(fit: MetaFit, effect: str, arms: tuple[str, str], citing: Citing) -> dict[str, str]:
    used = fit.rows[fit.rows["used"].astype(bool)]
    people = "not known" if fit.n_people is None else f"{fit.n_people:.0f}"
    return {
        _PEOPLE: f"{people} ({count(fit.n_studies, 'study', 'studies')})".replace(" ", NO_BREAK),
        effect: centre(fit),
        _WORDS: _words(fit, arms),
        "Sources": "; ".join(citing.label(study) for study in dict.fromkeys(used["study"])),
    }


def _without(comparison: Comparison, domain: str, effect: str) -> dict[str, str]:
    return {
        _PEOPLE: "0 (0 studies)".replace(" ", NO_BREAK),
        effect: "no result",
        _WORDS: "not known",
        "Sources": "",
    }


def _words(fit: MetaFit, arms: tuple[str, str]) -> str:
    """Say what the interval allows: which arm it favours, or that it favours neither."""
    if fit.n_studies == 1 and fit.estimate is None:
        return "one study, not pooled"
    alone = "one study: " if fit.n_studies == 1 else ""
    arm = favoured(fit)
    if not arm:
        return f"{alone}no clear difference"
    return f"{alone}favours {arms[1 if arm == 'first' else 0]}"


def _in_units(fit: MetaFit, given: tuple[float, str, str] | None) -> str:
    if given is None:
        return ""
    sd, unit, source = given
    return f"; {fit.in_units(sd, unit, source)}"


def _rated(rating: Rating, fit: MetaFit | None) -> dict[str, str]:
    found = () if fit is None else suggestions(fit)
    return {
        _CERTAINTY: LEVELS.get(rating.certainty, NOT_RATED),
        "Reasons": rating.reasons,
        _SUGGESTED: "; ".join(map(str, found)) or ("" if fit is None else "nothing found"),
    }


def _notes(fits: list[MetaFit], ratings: Mapping[tuple[str, str], Rating]) -> list[str]:
    rated = any(rating.certainty for rating in ratings.values())
    notes = [
        "Certainty: "
        + ("given by the author" if rated else "the author has not rated it yet")
        + ". Suggestions come from the numbers alone and are no rating; risk of bias and indirectness are "
        "not in the numbers."
    ]
    if not fits:
        return notes
    first = fits[0]
    methods = ", ".join(dict.fromkeys(fit.method for fit in fits if fit.n_studies > 1)) or "none was needed"
    notes.append(
        f"{measure_words(first.measure)}; {favoured_side(first)}. Model: {methods}. "
        "\u2265 or \u2264: the rows bound the effect on one side only. People: each study once, with its "
        "largest row."
    )
    if assumed := assumption_words(fits):
        notes.append(assumed)
    return notes
