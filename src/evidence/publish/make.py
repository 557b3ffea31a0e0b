"""Making one output: drawn or written into the stage, with what it rests on."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from evidence.publish.kinds import FIGURES, PROJECT_OUTPUTS, TABLES, maker
from evidence.publish.numbers import Made
from evidence.publish.plan import BIBLIOGRAPHY, Output
from evidence.publish.workshop import Workshop

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from evidence.tables import Table

__all__ = ["drawn", "make", "tabulated"]


def make(output: Output, workshop: Workshop, stage: Path) -> Made:
    """Make one output in the stage.

    Parameters
    ----------
    output : Output
        What is asked for.
    workshop : Workshop
        Computes what it shows.
    stage : Path
        Folder that takes the place of the recipe's.

    Returns
    -------
    Made
        What it rests on.
    """
    paths = [stage / name for name in output.files]
    if output.kind == BIBLIOGRAPHY:
        for path in paths:
            workshop.listed.save(path)
        return Made(tuple(entry.key for entry in workshop.listed.entries))
    if output.kind in PROJECT_OUTPUTS:
        written: Made = maker(PROJECT_OUTPUTS[output.kind].made_by)(workshop, paths[0])
        return written
    if output.is_figure:
        from evidence.charts.saving import save_figure

        axes, made = drawn(output, workshop)
        save_figure(axes, paths[0].with_suffix(""), formats=[path.suffix[1:] for path in paths])
        return made
    table, made = tabulated(output, workshop)
    for path in paths:
        table.save(path)
    return made


def drawn(output: Output, workshop: Workshop) -> tuple[Axes, Made]:
    """Draw a figure of the recipe without saving it, and tell what it rests on."""
    from evidence.charts.saving import off_screen

    # A build started from a notebook must not leave its figures in the notebook.
    with off_screen():
        question = workshop.recipe.question(output.questions[0])
        result: tuple[Axes, Made] = maker(FIGURES[output.kind].made_by)(workshop, question, output)
        return result


def tabulated(output: Output, workshop: Workshop) -> tuple[Table, Made]:
    """Make a table of the recipe without saving it, and tell what it rests on."""
    questions = [workshop.recipe.question(name) for name in output.questions]
    result: tuple[Table, Made] = maker(TABLES[output.kind].made_by)(workshop, questions, output)
    return result
