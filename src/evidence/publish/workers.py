"""Making the outputs of a build, here or in several processes."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Iterator, Sequence
from multiprocessing import connection, get_context
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

from evidence.errors import EvidenceError
from evidence.publish.kinds import PROJECT_OUTPUTS
from evidence.publish.plan import Output
from evidence.publish.recipe_errors import BuildError

if TYPE_CHECKING:
    from evidence.publish.numbers import Made
    from evidence.publish.recipe import Recipe
    from evidence.publish.workshop import Workshop

__all__ = ["Done", "made_by_workers", "made_here", "useful_workers"]

Done = tuple[Output, "Made", float]
"""An output, what it rests on, and the seconds that it took."""

_HEAVY_EACH = 4
"""Figures, decks and the like that make a process of its own worth its start of a second or two."""


def useful_workers(outputs: Sequence[Output]) -> int:
    """Return how many processes are worth starting: no more than processors, and enough to do for each."""
    heavy = sum(output.is_figure or output.kind in PROJECT_OUTPUTS for output in outputs)
    allowed = getattr(os, "sched_getaffinity", lambda _: range(os.cpu_count() or 1))(0)
    return max(1, min(len(allowed), heavy // _HEAVY_EACH))


def made_here(outputs: Sequence[Output], workshop: Workshop, stage: Path) -> Iterator[Done]:
    """Make outputs one after the other.

    Raises
    ------
    BuildError
        Naming the output that cannot be made, and why.
    OSError
        Where the system refuses to write; the caller says so in words.
    """
    for output in outputs:
        began = time.monotonic()
        yield output, _made(output, workshop, stage), time.monotonic() - began


def made_by_workers(outputs: Sequence[Output], recipe: Recipe, stage: Path, count: int) -> Iterator[Done]:
    """Make outputs in several processes, each with a workshop of its own, as they get done.

    The processes end with this one, in whatever way it ends: each waits at a pipe whose other end is here.

    Parameters
    ----------
    outputs : sequence of Output
        What is to be made.
    recipe : Recipe
        The checked recipe.
    stage : Path
        Folder that takes the place of the recipe's.
    count : int
        How many processes.

    Yields
    ------
    tuple
        As `made_here`.

    Raises
    ------
    BuildError, OSError
        As `made_here`.
    """
    # What takes longest first, so that no process is left alone with it at the end.
    waiting = sorted(outputs, key=lambda output: (output.kind not in PROJECT_OUTPUTS, not output.is_figure))
    # Started afresh, not forked: the caller may have threads, and a fork would copy their locks.
    context = get_context("spawn")
    pipes, workers = [], []
    try:
        for _ in range(count):
            here, there = context.Pipe()
            worker = context.Process(target=_work, args=(there, recipe, stage), daemon=True)
            worker.start()
            there.close()
            pipes.append(here)
            workers.append(worker)
        busy: dict[Any, Output] = {}
        for pipe in pipes[: len(waiting)]:
            busy[pipe] = waiting.pop(0)
            pipe.send(busy[pipe])
        while busy:
            for ready in connection.wait(list(busy)):
                output = busy.pop(ready)
                made, seconds = _received(ready, output)
                if waiting:
                    busy[ready] = waiting.pop(0)
                    cast("Any", ready).send(busy[ready])
                yield output, made, seconds
    finally:
        for pipe in pipes:
            pipe.close()
        for worker in workers:
            worker.terminate()
            worker.join()


def _received(pipe: Any, output: Output) -> tuple[Made, float]:  # noqa: ANN401  (a pipe of either system)
    """Return what a process has made.

    Raises
    ------
    BuildError
        Where the output cannot be made, or the process ended without a word.
    OSError
        Where the system refused to write.
    """
    try:
        made, seconds, fault = pipe.recv()
    except EOFError:
        raise BuildError(f"{output.id} cannot be made: its process was ended from outside") from None
    if fault is not None:
        raise fault
    return made, seconds


def _work(pipe: Any, recipe: Recipe, stage: Path) -> None:  # noqa: ANN401
    """Make what is asked for until nobody asks any more."""
    from evidence.publish.workshop import Workshop

    # Ctrl-C goes to all processes of a terminal: the first one answers, and ends the others.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    workshop = Workshop(recipe)
    while True:
        try:
            output = pipe.recv()
            began = time.monotonic()
            try:
                answer: tuple[object, ...] = (_made(output, workshop, stage), time.monotonic() - began, None)
            except BuildError as error:
                answer = (None, 0.0, BuildError(str(error)))
            except OSError as error:
                answer = (None, 0.0, OSError(error.errno, error.strerror, error.filename))
            pipe.send(answer)
        except (EOFError, BrokenPipeError, ConnectionResetError):
            return


def _made(output: Output, workshop: Workshop, stage: Path) -> Made:
    """Make one output.

    Raises
    ------
    BuildError
        Naming the output, and why it cannot be made.
    OSError
        Where the system refuses to write.
    """
    from evidence.publish.make import make

    try:
        made = make(output, workshop, stage)
    except EvidenceError as error:
        raise BuildError(f"{output.id} cannot be made:\n{error}") from error
    except OSError:
        raise
    except Exception as error:
        # A fault of ours must not look like a fault of the data; the cause is kept for a report.
        reason = f"{type(error).__name__}: {error}"
        raise BuildError(f"{output.id} cannot be made, by a fault in the package: {reason}") from error
    missing = [Path(name).name for name in output.files if not (stage / name).is_file()]
    if missing:
        raise BuildError(f"{output.id} cannot be made, by a fault in the package: no {', '.join(missing)}")
    return made
