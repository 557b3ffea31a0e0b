"""One headline sentence a question, made from its result."""

from __future__ import annotations

from typing import TYPE_CHECKING

from evidence.charts.words import domain_name, listed, plural
from evidence.publish.certainty import rating_of
from evidence.publish.headline_figures import FIGURE_HEADLINES
from evidence.publish.headline_words import Headline, fit_headline, named_arms
from evidence.publish.recipe import Question

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from evidence.publish.workshop import Workshop

__all__ = ["Headline", "question_headline"]

_ARMS = ("the second arm", "the first arm")


def question_headline(workshop: Workshop, question: Question, kind: str | None = None) -> Headline:
    """Return the headline of a question's result, or of one of its outputs.

    Parameters
    ----------
    workshop : Workshop
        Computes the result, once a build.
    question : Question
        A question of the recipe.
    kind : str, optional
        Kind of output that the headline stands above (``"forest"``, ``"domains"``, ``"results"`` ...).
        Without it, the question's first figure decides, or its first table.

    Returns
    -------
    Headline
        A pooled question tells direction, size and interval; one by domain the range of its estimates; one
        shown by direction counts directions and no size; a trial what differs between its arms; an
        overview how much there is.

    Raises
    ------
    EvidenceError
        Where the result itself cannot be computed.
    """
    kinds = [kind] if kind else [*question.outputs, *(["forest"] if question.measure else ["overview"])]
    known = [name for name in kinds if name in _HEADLINES]
    figures = [
        name
        for name in known
        if name not in ("results", "effects", "overview", "trial_table", "summary_of_findings", "sensitivity")
    ]
    chosen = next(iter(figures or known), "overview")
    if question.measure is None and chosen not in FIGURE_HEADLINES:
        chosen = "overview"
    return _HEADLINES[chosen](workshop, question)


def _arms(question: Question) -> tuple[str, str]:
    return (question.favours[0], question.favours[1]) if question.favours else _ARMS


def _pooled(workshop: Workshop, question: Question) -> Headline:
    return fit_headline(workshop.fit(question), _arms(question), rating_of(workshop.recipe, question))


def _by_domain(workshop: Workshop, question: Question) -> Headline:
    from evidence.charts.headlines import domains_title

    comparison = workshop.comparison(question)
    arms = _arms(question)
    sentence = domains_title(comparison, arms)
    lines = [
        f"{domain_name(str(value))}: {named_arms(fit.sentence(), arms)}"
        for value, fit in comparison.fits.items()
    ]
    lines += [f"{domain_name(str(value))}: {why}" for value, why in comparison.failures.items()]
    models = dict.fromkeys(fit.method for fit in comparison.fits.values())
    notes = dict.fromkeys(note for fit in comparison.fits.values() for note in fit.notes if "assume" in note)
    return Headline(sentence, (), "", (*lines, f"Model: {listed(models)}.", *notes))


def _by_direction(workshop: Workshop, question: Question) -> Headline:
    """Return what reported directions say: how many point one way, and nothing of size.

    The counts are those of the figure and of the table below the headline. The sign test counts otherwise, by
    the side on which a study's numbers lie, also those that it calls no difference: it stands apart.
    """
    from evidence.publish.directions import FINDING, directions, directions_sentences, factors_sentences

    effects = workshop.effects(question)
    counted = directions(workshop.ordered(question))
    if counted.of_factors:
        from evidence.charts.effect_direction import effect_direction_alt

        told = factors_sentences(counted)
        why = "Metrics differ, so that sizes are not pooled; reported directions are themselves selected."
        return Headline(told[0], told[1:], "", (effect_direction_alt(effects), f"{FINDING} {why}"))
    from evidence.synthesis.direction import direction_test

    arms = _arms(question)
    told = directions_sentences(counted, arms)
    test = direction_test(effects, level=question.level)
    sides = f"By the side on which the numbers lie, whatever the paper calls them: {_lower(test.sentence())}"
    lines = (sides, *test.notes)
    return Headline(
        told[0], told[1:], "", (FINDING, *(named_arms(line, arms) for line in lines)), named_arms(sides, arms)
    )


def _lower(text: str) -> str:
    return text[:1].lower() + text[1:]


def _trial(workshop: Workshop, question: Question) -> Headline:
    from evidence.charts.headlines import trial_title
    from evidence.charts.trial import trial_alt, trial_caption
    from evidence.charts.trial_rows import short_arm, trial_rows

    effects, studies = workshop.effects(question), workshop.selected(question)
    study = str(effects.table["study"].iloc[0])
    rows = trial_rows(effects, studies, study=study)
    own = effects.table[effects.table["study"] == study]
    arms = short_arm(str(own["arm_e"].iloc[0])), short_arm(str(own["arm_c"].iloc[0]))
    sentence = trial_title(rows, arms, null=1.0 if effects.scale == "log" else 0.0)
    details = (trial_alt(effects, studies, study=study), trial_caption(effects))
    return Headline(sentence, (), "", details)


def _amount(workshop: Workshop, question: Question) -> Headline:
    """Return how much there is, and how much of it is reported in full."""
    table = workshop.selected(question).table
    amount = f"{plural(len(table), 'row')} from {plural(table['study'].nunique(), 'study', 'studies')}"
    full = int(table["reported"].eq("full").sum())
    share = 100 * full / len(table)
    told = f"{share:.0f}\u00a0%" if share >= 1 or not full else "below 1\u00a0%"
    sentence = f"{amount}; {told} of the rows are reported in full"
    details = (
        f"{amount}; {plural(full, 'row')} with means and standard deviations of both arms, or as much.",
        "Nothing is pooled here.",
    )
    return Headline(sentence, (amount,), "", details)


_HEADLINES: Mapping[str, Callable[[Workshop, Question], Headline]] = {
    "forest": _pooled,
    "domains": _by_domain,
    "results": _by_domain,
    "orchard": _by_domain,
    "summary_of_findings": _by_domain,
    "funnel": _pooled,
    "tornado": _pooled,
    "sensitivity": _pooled,
    "effect_direction": _by_direction,
    "harvest": _by_direction,
    "effects": _by_direction,
    "evidence_map": _amount,
    "overview": _amount,
    "trial": _trial,
    "trial_table": _trial,
    **FIGURE_HEADLINES,
}
"""How the headline above each kind of output is made; a kind that is not here says how much there is."""
