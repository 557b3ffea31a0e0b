"""What a recipe makes: one record an output, with the files it will have."""

from __future__ import annotations

from dataclasses import dataclass

from evidence._check import nearest
from evidence.publish.kinds import FIGURES, PROJECT_OUTPUTS, TABLES
from evidence.publish.recipe import Question, Recipe, TablePlan
from evidence.publish.recipe_errors import BuildError

__all__ = ["BIBLIOGRAPHY", "Output", "chosen", "planned"]

BIBLIOGRAPHY = "bibliography"
"""Id of the list of references."""

_ALWAYS_NAMED = frozenset({"effects", "sensitivity"})
"""Tables whose captions say what they are even where a question has no other."""

_FIGURE_SUFFIXES = ("png", "svg", "pdf")
_TABLE_SUFFIXES = ("html", "md", "tex", "csv")
_BIBLIOGRAPHY_SUFFIXES = ("html", "md", "txt", "bib")


@dataclass(frozen=True)
class Output:
    """One thing that a build makes, in all its formats.

    Attributes
    ----------
    id : str
        Its name, also the stem of its files.
    kind : str
        Word of the recipe (``forest``, ``effects`` ...), ``bibliography``, ``slides``, ``document`` or
        ``report``.
    title : str
        Headline or caption.
    questions : tuple of str
        The questions whose rows it shows.
    files : tuple of str
        Paths relative to the recipe, with forward slashes.
    is_figure : bool
        Whether it is drawn.
    medium : str
        What it is drawn for; empty for tables.
    asked_by : str
        Id of the block of the recipe that asks for it.
    """

    id: str
    kind: str
    title: str
    questions: tuple[str, ...]
    files: tuple[str, ...]
    is_figure: bool
    medium: str
    asked_by: str


def planned(recipe: Recipe, medium: str | None = None) -> tuple[Output, ...]:
    """List the outputs of a recipe, in its order.

    Parameters
    ----------
    recipe : Recipe
        The checked recipe.
    medium : str, optional
        Draw the figures for this medium instead of the recipe's own. Figures for another medium than
        ``notebook`` have it in their name, so that they stand beside the others.

    Returns
    -------
    tuple of Output
        Figures and tables of each question, tables over several questions, the bibliography, and what spans
        the recipe: slides, document, report.
    """
    outputs: list[Output] = []
    for question in recipe.questions:
        outputs += [_of_question(recipe, question, kind, medium) for kind in question.outputs]
    outputs += [_over_questions(recipe, plan) for plan in recipe.tables]
    names = tuple(question.id for question in recipe.questions)
    files = _files(recipe.project.tables, BIBLIOGRAPHY, _BIBLIOGRAPHY_SUFFIXES)
    outputs.append(Output(BIBLIOGRAPHY, BIBLIOGRAPHY, "References", names, files, False, "", BIBLIOGRAPHY))
    for name, kind in PROJECT_OUTPUTS.items():
        path: str | None = getattr(recipe.project, name)
        if path:
            title = f"{recipe.project.title}: {kind.title[:1].lower()}{kind.title[1:]}"
            outputs.append(Output(name, name, title, names, (path,), False, "", name))
    return tuple(outputs)


def chosen(outputs: tuple[Output, ...], only: str | None) -> tuple[Output, ...]:
    """Return the outputs that ``--only`` names.

    Parameters
    ----------
    outputs : tuple of Output
        All of them.
    only : str or None
        Id of an output, of a question or of a table; None keeps all.

    Raises
    ------
    BuildError
        Where nothing has that id; the message gives the nearest.
    """
    if only is None:
        return outputs
    wanted = only.casefold()
    found = tuple(
        output
        for output in outputs
        if wanted in (output.id.casefold(), output.asked_by.casefold(), _base(output).casefold())
    )
    if not found:
        known = list(dict.fromkeys(name for output in outputs for name in (output.asked_by, output.id)))
        close = nearest(only, known)
        hint = f" (did you mean {close}?)" if close else ""
        raise BuildError(
            f"--only names a question, a table or an output of the recipe; got {only!r}{hint}.\n"
            f"  Known: {', '.join(known)}"
        )
    return found


def _base(output: Output) -> str:
    return output.id.removesuffix(f"-{output.medium}") if output.medium else output.id


def _of_question(recipe: Recipe, question: Question, kind: str, medium: str | None) -> Output:
    stem = f"{question.id}-{kind.replace('_', '-')}"
    if kind not in FIGURES:
        files = _files(recipe.project.tables, stem, _TABLE_SUFFIXES)
        title = _table_title(question, kind)
        return Output(stem, kind, title, (question.id,), files, False, "", question.id)
    drawn_for = medium or question.medium
    name = stem if drawn_for == "notebook" else f"{stem}-{drawn_for}"
    files = _files(recipe.project.figures, name, _FIGURE_SUFFIXES)
    return Output(name, kind, question.title, (question.id,), files, True, drawn_for, question.id)


def _table_title(question: Question, kind: str) -> str:
    """Return the caption of a question's table: tables of one question must not have the same."""
    tables = [name for name in question.outputs if name not in FIGURES]
    alone = len(tables) == 1 and kind not in _ALWAYS_NAMED
    return question.title if alone else f"{question.title}: {TABLES[kind].called}"


def _over_questions(recipe: Recipe, plan: TablePlan) -> Output:
    files = _files(recipe.project.tables, plan.id, _TABLE_SUFFIXES)
    return Output(plan.id, plan.kind, plan.title, plan.questions, files, False, "", plan.id)


def _files(folder: str, stem: str, suffixes: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(f"{folder.replace(chr(92), '/').rstrip('/')}/{stem}.{suffix}" for suffix in suffixes)
