"""Office files with the same bytes for the same content: no clock, no user, no order of chance."""

from __future__ import annotations

import io
import re
import zipfile

__all__ = ["reproducible"]

_EPOCH = (1980, 1, 1, 0, 0, 0)
"""The first moment that a zip archive can name: plainly no date of making."""

_CORE = "docProps/core.xml"
_CLOCK = re.compile(
    rb"<(dcterms:created|dcterms:modified|cp:lastModifiedBy|cp:revision|cp:lastPrinted)\b[^>]*?"
    rb"(?:/>|>.*?</\1>)",
    re.DOTALL,
)


def reproducible(payload: bytes) -> bytes:
    """Return an Office file (.docx, .pptx) without what differs from one making to the next.

    Parameters
    ----------
    payload : bytes
        The archive as a library wrote it.

    Returns
    -------
    bytes
        The same parts in the same order, each with the first date that an archive can hold; the properties
        that tell when, by whom and how often the file was saved are left out.

    Examples
    --------
    >>> def archive(*moment: int) -> bytes:
    ...     stream = io.BytesIO()
    ...     with zipfile.ZipFile(stream, "w") as parts:
    ...         parts.writestr(zipfile.ZipInfo("a.xml", moment), "<a/>")
    ...     return stream.getvalue()
    >>> first, second = archive(2024, 1, 2, 3, 4, 6), archive(2025, 6, 7, 8, 9, 10)
    >>> first == second, reproducible(first) == reproducible(second)
    (False, True)
    """
    stream = io.BytesIO()
    with (
        zipfile.ZipFile(io.BytesIO(payload)) as given,
        zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as written,
    ):
        for name in given.namelist():
            part = given.read(name)
            entry = zipfile.ZipInfo(name, _EPOCH)
            entry.compress_type = zipfile.ZIP_DEFLATED
            entry.create_system = 3  # else the byte tells on which system it was made
            written.writestr(entry, _CLOCK.sub(b"", part) if name == _CORE else part)
    return stream.getvalue()
