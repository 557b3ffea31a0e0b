"""Headlines above figures whose message the figure itself makes: bubbles, the flow of a review."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from evidence.publish.headline_words import Headline
from evidence.publish.recipe import Question
from evidence.publish.workshop import Workshop

__all__ = ["FIGURE_HEADLINES"]


def _bubble(workshop: Workshop, question: Question) -> Headline:
    from evidence.charts.bubble import bubble_alt, bubble_caption, bubble_title

    fit = workshop.regression(question)
    return Headline(bubble_title(fit), (), "", (bubble_alt(fit), bubble_caption(fit)))


def _flow(workshop: Workshop, question: Question) -> Headline:
    from evidence.charts.prisma import prisma_alt, prisma_caption, prisma_title

    counts = question.prisma or {}
    return Headline(prisma_title(counts), (), "", (prisma_alt(counts), prisma_caption(counts)))


FIGURE_HEADLINES: Mapping[str, Callable[[Workshop, Question], Headline]] = {
    "bubble": _bubble,
    "prisma": _flow,
}
"""As the headlines of pooled results, by kind of figure."""
