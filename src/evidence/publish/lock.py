"""One build at a time in a folder: the second waits, and says for whom."""

from __future__ import annotations

import contextlib
import os
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

from evidence.publish.recipe_errors import BuildError

__all__ = ["held"]

_POLL = 0.2
"""Seconds between two looks at the lock: short against a build, long against a look."""


@contextlib.contextmanager
def held(path: Path, *, wait: float, say: Callable[[str], None]) -> Iterator[None]:
    """Hold the lock of a folder while something is built in it.

    The operating system holds the lock, and lets go of it when the process ends in whatever way: a lock
    cannot be left behind by a build that was killed. The file holds the number of the process, for the
    message.

    Parameters
    ----------
    path : Path
        The lock file; its folder must exist. The file stays when the lock is gone: removing it would let
        two waiting builds hold locks of two different files.
    wait : float
        Seconds to wait for another build.
    say : callable
        Receives one line when waiting begins.

    Yields
    ------
    None
        While the lock is held.

    Raises
    ------
    BuildError
        Where the other build does not end in time.
    """
    with path.open("a+b") as stream:
        deadline = time.monotonic() + wait
        said = False
        while not _take(stream.fileno()):
            if time.monotonic() >= deadline:
                raise BuildError(
                    f"another build ({_holder(path)}) is at work here; waited {wait:.0f} s. "
                    "Nothing was changed: try again when it has ended"
                )
            if not said:
                say(f"another build ({_holder(path)}) is at work here: waiting for it")
                said = True
            time.sleep(_POLL)
        try:
            stream.truncate(0)
            stream.write(f"{os.getpid()}\n".encode())
            stream.flush()
            yield
        finally:
            # Emptied, so that a build that had nothing to do leaves not one byte changed.
            stream.truncate(0)
            _release(stream.fileno())


def _holder(path: Path) -> str:
    try:
        number = path.read_text(encoding="ascii", errors="replace").strip()
    except OSError:
        number = ""
    return f"process {number}" if number.isdigit() else "another process"


if sys.platform == "win32":
    import msvcrt

    _FAR = 1 << 30  # a byte beyond the text, so that the waiting process can still read the number

    def _take(handle: int) -> bool:
        os.lseek(handle, _FAR, os.SEEK_SET)
        try:
            msvcrt.locking(handle, msvcrt.LK_NBLCK, 1)
        except OSError:
            return False
        return True

    def _release(handle: int) -> None:
        os.lseek(handle, _FAR, os.SEEK_SET)
        msvcrt.locking(handle, msvcrt.LK_UNLCK, 1)

else:
    import fcntl

    def _take(handle: int) -> bool:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
        except OSError:
            # Some network file systems have no locks at all. Building there is better than refusing: each
            # file is still replaced in one step.
            return True
        return True

    def _release(handle: int) -> None:
        with contextlib.suppress(OSError):
            fcntl.flock(handle, fcntl.LOCK_UN)
