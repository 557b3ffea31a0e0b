"""What outputs are made from, each computed once a build: selections, effects, fits, comparisons."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from functools import cached_property, partial
from typing import TYPE_CHECKING, TypeVar

from evidence.publish.recipe import Question, Recipe
from evidence.publish.recipe_errors import BuildError

if TYPE_CHECKING:
    from collections.abc import Callable

    from evidence.citations import Bibliography
    from evidence.effects.record import Effects
    from evidence.fit import MetaFit
    from evidence.studies.record import Studies
    from evidence.synthesis.claims import Claims
    from evidence.synthesis.compare import Comparison

__all__ = ["Workshop"]

Item = TypeVar("Item")


class Workshop:
    """Computes what several outputs share, once.

    Parameters
    ----------
    recipe : Recipe
        The checked recipe.
    """

    def __init__(self, recipe: Recipe) -> None:
        """Begin with nothing read."""
        self.recipe = recipe
        self._store: dict[tuple[str, object], object] = {}

    def _once(self, kind: str, key: object, compute: Callable[[], Item]) -> Item:
        if (kind, key) not in self._store:
            self._store[kind, key] = compute()
        return self._store[kind, key]  # type: ignore[return-value]

    def studies(self, source: str) -> Studies:
        """Return a studies file of the recipe."""
        from evidence.publish.sources import read_source

        return self._once("studies", source, lambda: read_source(self.recipe, source))

    def selected(self, question: Question) -> Studies:
        """Return the rows that a question asks for.

        Raises
        ------
        BuildError
            Where its filter keeps no row.
        """

        def select() -> Studies:
            wanted = {column: list(values) for column, values in question.filter.items()}
            rows = self.studies(question.studies).where(**wanted)
            if not len(rows):
                raise BuildError(
                    f"the filter of question {question.id!r} keeps no row of {question.studies}: take "
                    "conditions out of it until rows appear"
                )
            return rows

        return self._once("selected", question.id, select)

    def union(self, questions: Iterable[Question]) -> Studies:
        """Return the rows that any of some questions ask for, in the order of the file."""
        chosen = list(questions)
        rows = {row for question in chosen for row in self.selected(question).table["row_id"]}
        studies = self.studies(chosen[0].studies)
        return studies.where(row_id=[row for row in studies.table["row_id"] if row in rows])

    def effects(self, question: Question) -> Effects:
        """Return a question's effects, in the order of the file."""
        from evidence.effects.reading import effect_sizes

        def read() -> Effects:
            rows = self.selected(question)
            return effect_sizes(rows, measure=str(question.measure), correlation=question.correlation)

        return self._once("effects", question.id, read)

    def ordered(self, question: Question) -> Effects:
        """Return a question's effects in the recipe's order of the column that separates them."""
        return _in_order(self.effects(question), question.by, question.order)

    def fit(self, question: Question) -> MetaFit:
        """Return a question's pooled result."""

        def compute() -> MetaFit:
            fit = self._model(question)(self.effects(question))
            return with_impossible(fit, self.impossible(question.studies))

        return self._once("fit", question.id, compute)

    def regression(self, question: Question) -> MetaFit:
        """Return a question's result with its moderator, by the model of the question."""
        from evidence.models import meta_regression, pool_partial

        def compute() -> MetaFit:
            effects, formula = self.effects(question), f"~ {question.moderator}"
            if question.model == "pool_partial":
                fit = pool_partial(effects, formula=formula, level=question.level)
            else:
                fit = meta_regression(effects, formula, level=question.level)
            return with_impossible(fit, self.impossible(question.studies))

        return self._once("regression", question.id, compute)

    def comparison(self, question: Question, by: str | None = None) -> Comparison:
        """Return a question's pooled results by the values of its column or of another, in its order."""
        from evidence.synthesis.compare import compare

        def compute() -> Comparison:
            effects = self.effects(question)
            there = dict.fromkeys(effects.table[column].astype(str))
            own = question.order if column == question.by else ()
            order = list(dict.fromkeys([*own, *there]))
            found = compare(effects, by=column, model=self._model(question), order=order)
            told = {
                value: with_impossible(fit, self.impossible(question.studies))
                for value, fit in found.fits.items()
            }
            return replace(found, fits=told)

        column = by or question.by
        return self._once("comparison", (question.id, column), compute)

    def impossible(self, source: str) -> dict[str, str]:
        """Return the rows whose printed numbers cannot be true, and why; accepted findings are left out."""
        from evidence.auditing.registry import CHECKS
        from evidence.auditing.run import audit

        def look() -> dict[str, str]:
            able = [name for name, check in CHECKS.items() if "impossible" in check.severities]
            found = audit(self.studies(source), checks=able, pooled=False).findings
            return {
                row: finding.message
                for finding in found
                if finding.severity == "impossible"
                for row in (finding.rows or (finding.row_id,))
            }

        return self._once("impossible", source, look)

    def claims(self, question: Question) -> Claims:
        """Return the claims beside a question's studies with their verdicts.

        All rows of the file bear on a claim, not only those of the question, which gives the assumed
        correlation and the level.
        """
        from evidence.effects.reading import DEFAULT_CORRELATION
        from evidence.synthesis.claims import claims

        correlation = DEFAULT_CORRELATION if question.correlation is None else question.correlation
        return self._once(
            "claims",
            (question.studies, correlation, question.level),
            lambda: claims(self.studies(question.studies), correlation=correlation, level=question.level),
        )

    def _model(self, question: Question) -> Callable[[Effects], MetaFit]:
        from evidence import models

        return partial(getattr(models, question.model), level=question.level)

    @cached_property
    def listed(self) -> Bibliography:
        """The bibliography of the whole recipe: its numbers do not depend on what is built."""
        from evidence.table_content.citing import bibliography_of

        return bibliography_of(self.selected(question) for question in self.recipe.questions)


def with_impossible(fit: MetaFit, impossible: dict[str, str]) -> MetaFit:
    """Return a result that says on which impossible prints it rests, if any."""
    rows = fit.rows.loc[fit.rows["used"].astype(bool), "row_id"].astype(str)
    told = tuple(
        f"rests on a print that cannot be true: {row} ({impossible[row]})"
        for row in rows
        if row in impossible
    )
    return replace(fit, notes=(*fit.notes, *told)) if told else fit


def _in_order(effects: Effects, by: str, order: tuple[str, ...]) -> Effects:
    """Return effects sorted by the given values of a column; others follow, as they came."""
    rank = {value: position for position, value in enumerate(order)}
    position = effects.table[by].map(lambda value: rank.get(value, len(rank)))
    sorted_rows = effects.table.iloc[position.to_numpy().argsort(kind="stable")].reset_index(drop=True)
    return replace(effects, table=sorted_rows)
