"""Long work in pieces: a progress bar, any executor, and a stop that loses nothing that was finished."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import Executor
from typing import TYPE_CHECKING, Never, TypeVar

from evidence.errors import ModelError

if TYPE_CHECKING:
    from tqdm.asyncio import tqdm_asyncio

__all__ = ["bar", "check_executor", "finished"]

Job = TypeVar("Job")
Result = TypeVar("Result")

_DELAY = 1.5
"""Seconds before a bar appears: what is done sooner needs none."""


def check_executor(executor: Executor | None) -> None:
    """Refuse what cannot map.

    Raises
    ------
    ModelError
        Where `executor` is given and has no ``map``.
    """
    if executor is not None and not callable(getattr(executor, "map", None)):
        raise ModelError(
            "executor takes an executor, such as concurrent.futures.ProcessPoolExecutor() or what Dask's"
            f" Client.get_executor() returns; got {type(executor).__name__}"
        )


def bar(total: int, what: str, show: bool | None) -> tqdm_asyncio[Never]:
    """Return a progress bar, not yet visible.

    Parameters
    ----------
    total : int
        Pieces in all.
    what : str
        What is counted, such as ``"subsets"``.
    show : bool or None
        None shows it where somebody looks: in a terminal or a notebook.
    """
    from tqdm import TqdmWarning

    with warnings.catch_warnings():  # a notebook without widgets gets the bar of a terminal, and no advice
        warnings.simplefilter("ignore", TqdmWarning)
        from tqdm.auto import tqdm

    hidden = None if show is None else not show
    return tqdm(total=total, unit=f" {what}", disable=hidden, delay=_DELAY, leave=False, unit_scale=True)


def finished(
    work: Callable[[Job], Result],
    jobs: Sequence[Job],
    *,
    sizes: Iterable[int],
    what: str,
    executor: Executor | None = None,
    progress: bool | None = None,
) -> list[Result]:
    """Do the jobs in order and return the results of those that were finished.

    Parameters
    ----------
    work : callable
        A pure function that a worker process can import.
    jobs : sequence
        Its arguments. They do not depend on the number of workers, and so neither do the results.
    sizes : iterable of int
        What each job counts for on the bar.
    what : str
        What is counted.
    executor : concurrent.futures.Executor, optional
        Workers; without it the jobs run here, one after the other.
    progress : bool, optional
        Whether to show the bar; by default where somebody looks.

    Returns
    -------
    list
        One result a job; fewer where the user stopped the work (Ctrl-C) after the first.

    Raises
    ------
    KeyboardInterrupt
        Where the user stopped it before anything was finished.
    """
    check_executor(executor)
    amounts = list(sizes)
    done: list[Result] = []
    with bar(sum(amounts), what, progress) as shown:
        results = map(work, jobs) if executor is None else executor.map(work, jobs)
        try:
            for result, amount in zip(results, amounts, strict=True):
                done.append(result)
                shown.update(amount)
        except KeyboardInterrupt:
            if not done:
                raise
            if executor is not None:
                executor.shutdown(wait=False, cancel_futures=True)
    return done
