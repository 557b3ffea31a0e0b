"""The recipe ``evidence.toml``: which questions to build, from which rows, into which outputs.

A recipe is data. Filters are equality or lists, nothing in it is ever evaluated, and every mistake is
reported at once, with its table, key, rule, value and the nearest name.
"""

from __future__ import annotations

import os
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from evidence.publish.kinds import KINDS, PROJECT_OUTPUTS, TABLES
from evidence.publish.recipe_errors import Mistake, RecipeError
from evidence.publish.recipe_keys import PROJECT, QUESTION, TABLE, Checker

__all__ = ["Project", "Question", "Recipe", "TablePlan", "read_recipe"]


@dataclass(frozen=True)
class Project:
    """What holds for the whole recipe.

    Attributes
    ----------
    title : str
        Title of the project.
    studies : str
        Path of the studies file, relative to the recipe.
    figures, tables : str
        Folders of the outputs, relative to the recipe.
    slides, document, report : str or None
        Files of the outputs that span the recipe, relative to it; None for those that are not made.
    """

    title: str
    studies: str
    figures: str
    tables: str
    slides: str | None = None
    document: str | None = None
    report: str | None = None


@dataclass(frozen=True)
class Question:
    """One question: the rows it asks of, how they are read and pooled, what is made of them.

    Attributes
    ----------
    id, title : str
        Name (of files too) and headline.
    filter : mapping of str to tuple
        For each column the values that are kept.
    studies : str
        Path of the studies file, relative to the recipe.
    mapping : str or None
        Path of the mapping through which the studies file is read, relative to the recipe; None for a file in
        the package's own columns.
    measure : str or None
        Effect measure; None where nothing is computed from the rows.
    correlation : float or None
        Assumed pre-post correlation.
    model : str
        The verb that pools.
    by : str
        Column that separates the comparisons.
    order : tuple of str
        Values of `by` in the order to be shown; empty for the order of the file.
    level : float
        Confidence level.
    outputs : tuple of str
        Kinds of outputs.
    favours : tuple of str
        Labels of the two sides: left (second arm) and right (first arm); empty for the chart's own.
    medium : str
        ``notebook``, ``slide`` or ``journal``.
    claim : str or None
        Name of the claim that its figure of a claim shows.
    preset : str
        House whose layout its forest plot has.
    subgroup : str or None
        Column whose values are the subgroups of its forest plot; None for one without.
    moderator : str or None
        Column against which its bubbles stand.
    prisma : mapping or None
        Counts of its flow diagram, by the names of `PrismaCounts`.
    """

    id: str
    title: str
    filter: Mapping[str, tuple[str | float | bool, ...]]
    studies: str
    measure: str | None
    correlation: float | None
    model: str
    by: str
    order: tuple[str, ...]
    level: float
    outputs: tuple[str, ...]
    favours: tuple[str, ...]
    medium: str
    claim: str | None = None
    mapping: str | None = None
    preset: str = "evidence"
    subgroup: str | None = None
    moderator: str | None = None
    prisma: Mapping[str, int | Mapping[str, int] | None] | None = None


@dataclass(frozen=True)
class TablePlan:
    """A table that spans several questions.

    Attributes
    ----------
    id, title : str
        Name and caption.
    kind : str
        Kind of table.
    questions : tuple of str
        Names of the questions, in order.
    """

    id: str
    title: str
    kind: str
    questions: tuple[str, ...]


@dataclass(frozen=True)
class Recipe:
    """A recipe that has been checked.

    Attributes
    ----------
    path : Path
        The file.
    project : Project
        What holds for all of it.
    questions : tuple of Question
        The questions, in order.
    tables : tuple of TablePlan
        The tables over several questions, in order.
    """

    path: Path
    project: Project
    questions: tuple[Question, ...]
    tables: tuple[TablePlan, ...]

    @property
    def root(self) -> Path:
        """The folder of the recipe: its paths are relative to it."""
        return self.path.parent

    @property
    def sources(self) -> dict[str, str | None]:
        """The studies files with the mapping of each, in the order of the questions."""
        return {question.studies: question.mapping for question in self.questions}

    def question(self, name: str) -> Question:
        """Return a question by its name."""
        return next(question for question in self.questions if question.id == name)


def read_recipe(path: str | os.PathLike[str] = "evidence.toml") -> Recipe:
    """Read and check a recipe.

    Parameters
    ----------
    path : path
        A TOML file with ``[project]``, ``[[question]]`` blocks and, for tables over several questions,
        ``[[table]]`` blocks.

    Returns
    -------
    Recipe
        Everything filled in, nothing computed.

    Raises
    ------
    RecipeError
        Naming every mistake: unknown keys and words with the nearest known one, missing keys, wrong
        types, filters that are neither equality nor a list, files that are not there.
    """
    target = Path(path)
    if not target.is_file():
        rule = "the recipe is a file; commands look for evidence.toml in the folder they are started in"
        fix = "change into the project's folder, or name the recipe with --recipe"
        raise RecipeError(str(path), [Mistake("the file", "", rule, "no such file", fix)])
    try:
        document = tomllib.loads(target.read_text(encoding="utf-8-sig"))
    except UnicodeDecodeError as error:
        rule = "a recipe is UTF-8 text"
        raise RecipeError(
            str(path), [Mistake("the file", "", rule, f"byte {error.start} that is not")]
        ) from error
    except tomllib.TOMLDecodeError as error:
        fix = "texts stand in quotes, lists in brackets"
        raise RecipeError(
            str(path), [Mistake("the file", "", "a recipe is TOML", str(error), fix)]
        ) from error
    checker = Checker()
    recipe = _recipe(target, document, checker)
    if checker.mistakes:
        raise RecipeError(str(path), checker.mistakes)
    return recipe


def _recipe(path: Path, document: Mapping[str, object], checker: Checker) -> Recipe:
    checker.unknown_keys("the file", document, ("project", "question", "table"))
    settings = checker.table("[project]", document.get("project", {}), PROJECT)
    project = Project(
        title=str(settings["title"]),
        studies=str(settings["studies"]),
        figures=str(settings["figures"]),
        tables=str(settings["tables"]),
        **{name: None if settings[name] is None else str(settings[name]) for name in PROJECT_OUTPUTS},
    )
    if project.figures == project.tables:
        checker.add("[project]", "tables", "figures and tables go to folders of their own", project.tables)
    blocks = checker.blocks("question", document.get("question", []))
    if not blocks and not checker.mistakes:
        checker.add("the file", "question", "a recipe has at least one [[question]] block")
    questions = tuple(_question(where, block, settings, path.parent, checker) for where, block in blocks)
    tables = tuple(
        _table(where, block, questions, checker)
        for where, block in checker.blocks("table", document.get("table", []))
    )
    recipe = Recipe(path, project, questions, tables)
    _output_names_differ(recipe, checker)
    _one_mapping_a_file(recipe, checker)
    return recipe


_NEEDED = (
    ("claim", "claim", "the name of a claim", 'such as claim = "speed"'),
    ("bubble", "moderator", "the column of a moderator", 'such as moderator = "timepoint_weeks"'),
    (
        "prisma",
        "prisma",
        "the counts of the flow",
        "such as prisma = { databases = 120, duplicates = 20, ... }",
    ),
)
"""Outputs that need a key of their own: output, key, what it holds, an example."""

_WITH_MODERATORS = ("pool_partial", "random_effects")
"""Models that a meta-regression can have."""


def _question(
    where: str, block: Mapping[str, object], project: Mapping[str, object], root: Path, checker: Checker
) -> Question:
    inherited = {key: project[key] for key in ("studies", "correlation", "model", "level", "medium")}
    # A mapping belongs to its file: a question with another file has another one, or none.
    inherited["mapping"] = project["mapping"] if "studies" not in block else None
    said = checker.table(where, block, QUESTION, inherited)
    question = Question(**said)  # type: ignore[arg-type]  # the checker filled every key with its type
    if not (root / question.studies).is_file():
        checker.add(
            where, "studies", "the studies are a file, relative to the recipe", repr(question.studies)
        )
    if question.mapping and not (root / question.mapping).is_file():
        checker.add(where, "mapping", "a mapping is a file, relative to the recipe", repr(question.mapping))
    needs = [kind for kind in question.outputs if KINDS[kind].effects]
    if needs and question.measure is None and "measure" not in block:
        checker.add(where, "measure", f"the output {needs[0]} needs a measure", fix='such as measure = "SMD"')
    for output, key, rule, fix in _NEEDED:
        if output in question.outputs and key not in block:
            checker.add(where, key, f"the output {output} needs {rule}", fix=fix)
    if "bubble" in question.outputs and question.model not in _WITH_MODERATORS:
        rule = f"the output bubble needs a model with moderators: {' or '.join(_WITH_MODERATORS)}"
        checker.add(where, "model", rule, repr(question.model))
    if "order" in block and "by" not in block:
        checker.add(where, "by", "an order is of the values of a column: name it as by")
    return question


def _table(
    where: str, block: Mapping[str, object], questions: tuple[Question, ...], checker: Checker
) -> TablePlan:
    plan = TablePlan(**checker.table(where, block, TABLE))  # type: ignore[arg-type]  # as in _question
    by_name = {question.id: question for question in questions}
    for name in plan.questions:
        checker.word(where, "questions", name, by_name, "the id of a [[question]]")
    shown = [by_name[name] for name in plan.questions if name in by_name]
    if len({question.studies for question in shown}) > 1:
        checker.add(
            where, "questions", "the questions of one table read one studies file", repr(plan.questions)
        )
    if plan.kind and TABLES[plan.kind].effects:
        for question in shown:
            if question.measure is None:
                checker.add(
                    where, "questions", f"{plan.kind} needs questions with a measure", repr(question.id)
                )
    return plan


def _output_names_differ(recipe: Recipe, checker: Checker) -> None:
    """Check that no two outputs take one name, on systems that ignore case too."""
    taken = ["bibliography", *(name for name in PROJECT_OUTPUTS if getattr(recipe.project, name))]
    seen = dict.fromkeys(taken, "an output of the whole recipe")
    named = [
        *((f"[[question]] (id {question.id!r})", question.id) for question in recipe.questions),
        *((f"[[table]] (id {plan.id!r})", plan.id) for plan in recipe.tables),
    ]
    for question in recipe.questions:
        where = f"[[question]] (id {question.id!r})"
        named += [(where, f"{question.id}-{kind.replace('_', '-')}") for kind in question.outputs]
    for where, name in named:
        if name and name.casefold() in seen:
            checker.add(where, "id", f"every id is used once; {seen[name.casefold()]} has it too", repr(name))
        seen.setdefault(name.casefold(), where)


def _one_mapping_a_file(recipe: Recipe, checker: Checker) -> None:
    """Check that the questions of one studies file read it in one way."""
    for question in recipe.questions:
        if question.mapping != recipe.sources[question.studies]:
            where = f"[[question]] (id {question.id!r})"
            rule = "a studies file is read through one mapping in all questions"
            checker.add(where, "mapping", rule, repr(question.mapping), "name it in [project]")
