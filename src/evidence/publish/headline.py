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
        if name not in ("results", "effects", "overview", "trial_table", "summary_of_findings")
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
    """Return what reported directions say: how many point one way, and nothing of size."""
    effects = workshop.effects(question)
    if effects.table["direction"].isin(["supports_factor", "no_association", "opposite"]).any():
        return _factors(workshop, question)
    from evidence.synthesis.direction import direction_test

    arms = _arms(question)
    test = direction_test(effects, level=question.level)
    counted = test.first + test.second
    details = (named_arms(test.sentence(), arms), *(named_arms(note, arms) for note in test.notes))
    if not counted or test.conf_low is None or test.conf_high is None:
        sentence = f"No direction is told by {plural(len(test.table), 'study', 'studies')}"
        return Headline(sentence, (), "", details)
    verb = "favours" if test.first == 1 else "favour"
    head = f"By direction alone, {test.first} of {plural(counted, 'study', 'studies')} {verb} {arms[1]}"
    shares = [f"{100 * share:.0f}" for share in (test.conf_low, test.conf_high)]
    span = f"{100 * test.level:g}\u00a0% interval {shares[0]} to {shares[1]}\u00a0%"
    ends = [f"{100 * float(share):.0f}" for share in test.bounds["proportion"]]
    hidden = f"; unknown sides allow {ends[0]} to {ends[1]}\u00a0%" if ends[0] != ends[1] else ""
    shorter = (f"{head} ({span}{hidden})", f"{head} ({span})")
    return Headline(f"{shorter[0]}; this tells no size", shorter, "", details)


def _factors(workshop: Workshop, question: Question) -> Headline:
    """Return what studies of risk factors report, by the factor that they support."""
    from evidence.charts.direction_rows import effect_direction_rows
    from evidence.charts.effect_direction import effect_direction_alt

    effects = workshop.effects(question)
    rows = effect_direction_rows(effects)
    usable = rows[rows["symbol"].isin(["up", "down", "level", "mixed"])]
    domains = {
        str(name): (int(group["symbol"].eq("up").sum()), len(group))
        for name, group in usable.groupby("domain", sort=False)
    }
    total = (sum(up for up, _ in domains.values()), sum(n for _, n in domains.values()))
    brief = f"By direction alone, {total[0]} of {plural(total[1], 'finding')} support the factor"
    several = {name: share for name, share in domains.items() if share[1] > 1}
    told = sorted(several, key=lambda name: several[name][0] / several[name][1])
    ends = []
    if len(told) > 1:
        ends = [f"{_inside(told[i])} {several[told[i]][0]} of {several[told[i]][1]}" for i in (-1, 0)]
    tail = f": from {ends[0]} down to {ends[1]}" if ends else ""
    details = (
        effect_direction_alt(effects),
        "A finding is one study in one domain. Metrics differ, so that sizes are not pooled; reported "
        "directions are themselves selected.",
    )
    return Headline(f"{brief}{tail}; no size can be pooled", (f"{brief}{tail}", brief), "", details)


def _inside(domain: str) -> str:
    """Return the name of a domain as it stands inside a list."""
    words = domain_name(domain).replace(", ", "/")
    return words if words[1:2].isupper() else words[:1].lower() + words[1:]


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
    "effect_direction": _by_direction,
    "effects": _by_direction,
    "evidence_map": _amount,
    "overview": _amount,
    "trial": _trial,
    "trial_table": _trial,
    **FIGURE_HEADLINES,
}
"""How the headline above each kind of output is made; a kind that is not here says how much there is."""
