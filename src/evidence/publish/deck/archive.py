"""A presentation saved so that what was not touched keeps its bytes."""

from __future__ import annotations

import io
import re
import zipfile

__all__ = ["kept"]

_EPOCH = (1980, 1, 1, 0, 0, 0)
_SET = re.compile(rb"<(Relationships|Types)\b")


def kept(before: bytes, after: bytes) -> bytes:
    """Return a changed Office file in which every part that says the same has its old bytes.

    Parameters
    ----------
    before, after : bytes
        The file as it was, and as a library has written it.

    Returns
    -------
    bytes
        The parts of `after`, in the order of `before`; the old file itself where nothing has changed.
    """
    with zipfile.ZipFile(io.BytesIO(before)) as old, zipfile.ZipFile(io.BytesIO(after)) as new:
        dates = {entry.filename: entry for entry in old.infolist()}
        names = set(new.namelist())
        ordered = [name for name in dates if name in names]
        ordered += [name for name in new.namelist() if name not in dates]
        parts = {name: new.read(name) for name in ordered}
        same = {
            name: old.read(name) for name in ordered if name in dates and _alike(old.read(name), parts[name])
        }
    if len(same) == len(parts) == len(dates):
        return before
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as written:
        for name in ordered:
            entry = zipfile.ZipInfo(name, dates[name].date_time if name in same else _EPOCH)
            entry.compress_type = zipfile.ZIP_DEFLATED
            entry.create_system = 3  # else the byte tells on which system it was made
            written.writestr(entry, same.get(name, parts[name]))
    return stream.getvalue()


def _alike(old: bytes, new: bytes) -> bool:
    """Tell whether two parts say the same: equal bytes, or XML that differs in its spelling alone."""
    if old == new:
        return True
    if not (old.lstrip()[:1] == b"<" and new.lstrip()[:1] == b"<"):
        return False
    from xml.etree.ElementTree import ParseError, canonicalize

    try:
        # Relations and content types are sets: their order says nothing.
        texts = [canonicalize(part.decode("utf-8")) for part in (old, new)]
    except (ParseError, UnicodeDecodeError):
        return False
    return texts[0] == texts[1] or (
        _SET.search(old[:1000]) is not None and sorted(_entries(texts[0])) == sorted(_entries(texts[1]))
    )


def _entries(text: str) -> list[str]:
    return text.replace("></", ">\n</").replace("><", ">\n<").split("\n")
