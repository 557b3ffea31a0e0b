"""Writing files so that a reader never meets half of one."""

from __future__ import annotations

import contextlib
import errno
import os
import shutil
import tempfile
from pathlib import Path

from evidence.errors import EvidenceError

__all__ = ["replace_file", "save_atomically", "system_reason", "write_atomically"]


def write_atomically(path: str | os.PathLike[str], content: str | bytes) -> Path:
    r"""Write a file whole or not at all.

    The bytes go to a temporary file in the same folder, are flushed to the disk, and only then
    take the name: a reader, or a power cut, meets the old file or the new one.

    Parameters
    ----------
    path : path
        Where the file shall be; missing folders are made.
    content : str or bytes
        Text is written as UTF-8 with ``\n`` line ends on every system, so that the same content
        gives the same bytes.

    Returns
    -------
    Path
        The path written.
    """
    target = Path(path)
    target.parent.mkdir(parents=True, exist_ok=True)
    payload = content.encode("utf-8") if isinstance(content, str) else content
    handle, name = tempfile.mkstemp(prefix=f".{target.name[:40]}.", suffix=".tmp", dir=target.parent)
    try:
        with os.fdopen(handle, "wb") as stream:
            stream.write(payload)
            stream.flush()
            os.fsync(stream.fileno())
        _usual_permissions(Path(name), target)
        os.replace(name, target)
    except BaseException:
        with contextlib.suppress(OSError):
            os.unlink(name)
        raise
    return target


def save_atomically(path: Path, content: str | bytes) -> Path:
    """Write a file that a user named: as `write_atomically`, with an error that names it.

    Raises
    ------
    EvidenceError
        Where the system refuses: no space, no permission, a folder of that name. The old file is whole then.
    """
    try:
        return write_atomically(path, content)
    except OSError as error:
        # Neither the number of the error nor the name of the temporary file would help.
        reason = system_reason(OSError(error.errno, error.strerror))
    except ValueError as error:  # a path with a zero byte
        reason = str(error)
    raise EvidenceError(f"{str(path)!r} cannot be written: {reason}. No file has changed")


def system_reason(error: OSError) -> str:
    """Return in words why the system refused."""
    where = f" ({error.filename})" if error.filename else ""
    if error.errno == errno.ENOSPC:
        return f"there is no space left on the disk{where}"
    if error.errno in (errno.EACCES, errno.EPERM, errno.EROFS):
        return f"access is not allowed{where}: check the rights of files and folder, and close open files"
    return f"the system refused: {error.strerror or error}{where}"


def replace_file(source: Path, target: Path) -> None:
    """Move a finished file to its place in one step, across file systems too.

    Parameters
    ----------
    source, target : Path
        The finished file, and the name it shall have. The folder of the target must exist.

    Raises
    ------
    OSError
        Where the system refuses: no space, no permission, the file open elsewhere.
    """
    try:
        os.replace(source, target)
    except OSError as error:
        # A figures folder may be a mount or a link to another disk, where a rename is impossible:
        # then the copy is made beside the target first, and only the last step is the rename.
        if error.errno != errno.EXDEV:
            raise
        write_atomically(target, source.read_bytes())
        source.unlink()


def _usual_permissions(temporary: Path, target: Path) -> None:
    """Give a temporary file (made private) the mode of the file it replaces, or the usual one."""
    if target.exists():
        shutil.copymode(target, temporary)
        return
    mask = os.umask(0)
    os.umask(mask)
    temporary.chmod(0o666 & ~mask)
