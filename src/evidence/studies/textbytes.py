"""From the bytes of a text file, in the encodings that spreadsheets write, to UTF-8."""

from __future__ import annotations

import re
from pathlib import Path

from evidence.errors import StudyDataError

__all__ = ["decoded", "file_bytes", "is_spreadsheet"]

_CSV_FIX = 'save it from the spreadsheet as "CSV UTF-8"'
_ZIP, _OLE = b"PK\x03\x04", b"\xd0\xcf\x11\xe0"
_UTF16 = (b"\xff\xfe", b"\xfe\xff")
_UTF8_MARK = b"\xef\xbb\xbf"
_BEYOND_ASCII = re.compile("[\u0080-\udc7f\udd00-\U0010ffff]")
"""Letters above ASCII that are no surrogates of broken bytes."""
_GUESSED = (
    "the file is not UTF-8 and was read as Windows-1252 (Western Europe): look at the letters with accents"
)


def file_bytes(path: Path, source: str) -> bytes:
    """Return the bytes of a file.

    Raises
    ------
    StudyDataError
        Where there is no such file, or it is a folder.
    """
    if path.is_dir():
        raise StudyDataError(
            "a file is needed, this is a folder", source=source, fix="name the CSV file in it"
        )
    try:
        return path.read_bytes()
    except FileNotFoundError:
        raise StudyDataError("the file does not exist", source=source, fix="check the path") from None
    except OSError as error:
        raise StudyDataError(f"the file cannot be read: {error.strerror}", source=source) from None


def is_spreadsheet(raw: bytes) -> bool:
    """Say whether these are the bytes of an .xlsx workbook (or another zip archive)."""
    return raw.startswith(_ZIP)


def decoded(raw: bytes, source: str, *, encoding: str = "", guess: bool = False) -> tuple[bytes, list[str]]:
    """Return text as UTF-8 bytes without a byte order mark, and what a reader should know of it.

    Parameters
    ----------
    raw : bytes
        The file.
    source : str
        The file as the user named it.
    encoding : str, optional
        The encoding, where the user states it. By default UTF-8, or UTF-16 where the bytes show it.
    guess : bool, default False
        Whether a file that is not UTF-8 may be read as Windows-1252, with a note. A file in which other
        letters are valid UTF-8 never is: there a cell is broken, not the choice of the encoding.

    Raises
    ------
    StudyDataError
        Where the file is empty, a workbook, or not text in the encoding; it names the line.
    """
    if raw.startswith((_ZIP, _OLE)):
        kind = "a workbook (.xlsx)" if raw.startswith(_ZIP) else "an old workbook (.xls)"
        raise StudyDataError(f"a text file is needed here, this is {kind}", source=source, fix=_CSV_FIX)
    notes: list[str] = []
    if encoding:
        text = _stated(raw, encoding, source)
    elif raw.startswith(_UTF16) or _looks_like_utf16(raw):
        text = _utf16(raw, source)
        notes.append("the file is UTF-16")
    else:
        text, notes = _utf8(raw.removeprefix(_UTF8_MARK), source, guess=guess)
    if "\0" in text:
        line = text[: text.index("\0")].count("\n") + 1
        raise StudyDataError("a text file has no NUL bytes", line=line, source=source, fix=_CSV_FIX)
    if not text.strip():
        raise StudyDataError("the file is empty", source=source, fix="its first line names the columns")
    return text.encode("utf-8"), notes


def _looks_like_utf16(raw: bytes) -> bool:
    """Say whether every second byte of the beginning is zero, as in UTF-16 without a mark."""
    start = raw[:200]
    return start.count(b"\0") > min(20, max(3, len(start) // 3))


def _utf16(raw: bytes, source: str) -> str:
    """Decode UTF-16; without a mark the zero bytes tell the order.

    Raises
    ------
    StudyDataError
        Where it is not UTF-16 after all.
    """
    if raw.startswith(_UTF16):
        name = "utf-16"
    else:
        name = "utf-16-le" if raw[1:200:2].count(0) >= raw[0:200:2].count(0) else "utf-16-be"
    try:
        return raw.decode(name)
    except UnicodeDecodeError:
        rule = "the file begins like UTF-16 and is not"
        raise StudyDataError(rule, source=source, fix=_CSV_FIX) from None


def _stated(raw: bytes, encoding: str, source: str) -> str:
    """Decode with the encoding that the user stated.

    Raises
    ------
    StudyDataError
        Where there is no such encoding, or the bytes are not in it.
    """
    try:
        return raw.decode(encoding).removeprefix("\ufeff")
    except LookupError:
        fix = "usual ones are utf-8, utf-16, cp1252, latin-1, mac-roman"
        raise StudyDataError(
            "the encoding is one that Python knows", value=encoding, source=source, fix=fix
        ) from None
    except UnicodeDecodeError as error:
        line = raw[: error.start].count(b"\n") + 1
        value = f"byte 0x{raw[error.start]:02x}"
        rule = f"the file is {encoding}, as stated"
        raise StudyDataError(
            rule, line=line, value=value, source=source, fix="leave the encoding out"
        ) from None


def _utf8(raw: bytes, source: str, *, guess: bool) -> tuple[str, list[str]]:
    """Decode UTF-8, or Windows-1252 where that is allowed and no letter speaks against it.

    Raises
    ------
    StudyDataError
        Where neither can be.
    """
    try:
        return raw.decode("utf-8"), []
    except UnicodeDecodeError as error:
        broken = error
    # A broken byte becomes a surrogate here, so that a letter above ASCII which is none is valid UTF-8.
    lenient = raw.decode("utf-8", errors="surrogateescape")
    if guess and not _BEYOND_ASCII.search(lenient):
        try:
            return raw.decode("cp1252"), [_GUESSED]
        except UnicodeDecodeError as error:
            broken = error
    line, value = raw[: broken.start].count(b"\n") + 1, f"byte 0x{raw[broken.start]:02x}"
    raise StudyDataError("the file is UTF-8", line=line, value=value, source=source, fix=_CSV_FIX)
