"""Headlines above figures whose message the figure itself makes: bubbles, judgements, flows."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from evidence.publish.headline_words import Headline
from evidence.publish.recipe import Question
from evidence.publish.workshop import Workshop

__all__ = ["FIGURE_HEADLINES"]


def _bubble(workshop: Workshop, question: Question) -> Headline:
    from evidence.charts.bubble import bubble_alt, bubble_caption, bubble_title

    fit = workshop.regression(question)
    name = str(question.moderator).replace("_", " ")
    told = bubble_alt(fit, name=name), bubble_caption(fit, name=name)
    return Headline(bubble_title(fit, name=name), (), "", told)


def _flow(workshop: Workshop, question: Question) -> Headline:
    from evidence.charts.prisma import prisma_alt, prisma_caption, prisma_title

    counts = question.prisma or {}
    return Headline(prisma_title(counts), (), "", (prisma_alt(counts), prisma_caption(counts)))


def _judged(workshop: Workshop, question: Question) -> Headline:
    from evidence.charts.risk_of_bias_words import (
        risk_of_bias_table_alt,
        risk_of_bias_table_caption,
        risk_of_bias_table_title,
    )
    from evidence.publish.figure_makers import judgements

    table, labels = judgements(workshop, question)
    told = risk_of_bias_table_alt(table, labels), risk_of_bias_table_caption(table)
    return Headline(f"Risk of bias: {_lower(risk_of_bias_table_title(table))}", (), "", told)


def _lower(text: str) -> str:
    return text[:1].lower() + text[1:]


FIGURE_HEADLINES: Mapping[str, Callable[[Workshop, Question], Headline]] = {
    "bubble": _bubble,
    "prisma": _flow,
    "risk_of_bias": _judged,
}
"""As the headlines of pooled results, by kind of figure."""
