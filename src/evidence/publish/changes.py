"""What changed between two builds: rows, facts of studies, settings, the package."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

__all__ = ["Change", "Rows", "changed_rows", "changed_settings", "rows_of", "software_words"]

Rows = dict[str, dict[str, str]]
"""Cells by column, by ``row_id``."""

_MOST = 12
"""Changes that are told apart; more of them are taken together, study by study, then all."""

_NAMED = 3
"""Cells of a row that are named; more are counted."""


@dataclass(frozen=True)
class Change:
    """One change, which can be made to the old rows alone.

    Attributes
    ----------
    words : str
        What changed: ``+2 rows of smith2026``.
    rows : tuple of str
        The rows that it touches.
    apply : callable
        Takes the old rows and returns them with this change alone.
    """

    words: str
    rows: tuple[str, ...]
    apply: Callable[[Rows], Rows]


def rows_of(record: Mapping[str, Any]) -> Rows:
    """Return the rows of a studies file in a manifest as cells by column."""
    columns = record.get("columns", [])
    return {
        row: {name: cell for name, cell in zip(columns, cells, strict=True) if cell}
        for row, cells in record.get("rows", {}).items()
    }


def changed_rows(old: Rows, new: Rows, wanted: Iterable[str]) -> list[Change]:
    """Return what happened to some rows: added and removed ones by study, changed ones one by one.

    Parameters
    ----------
    old, new : dict
        All rows before and after.
    wanted : iterable of str
        Ids of the rows to look at.
    """
    ids = [row for row in dict.fromkeys([*new, *old]) if row in set(wanted)]
    added = [row for row in ids if row not in old]
    gone = [row for row in ids if row not in new]
    other = [row for row in ids if row in old and row in new and old[row] != new[row]]
    fine = [
        *(_together("+", study, rows, new) for study, rows in _by_study(added, new).items()),
        *(_together("\N{MINUS SIGN}", study, rows, new) for study, rows in _by_study(gone, old).items()),
        *(_one(row, old[row], new) for row in other),
    ]
    if len(fine) <= _MOST:
        return fine
    coarse = [*fine[: len(fine) - len(other)]]
    for study, rows in _by_study(other, new).items():
        coarse.append(_together("", study, rows, new, "changed"))
    if len(coarse) <= _MOST:
        return coarse
    kinds = (("+", added, "added"), ("\N{MINUS SIGN}", gone, "removed"), ("", other, "changed"))
    return [_together(sign, "", rows, new, what) for sign, rows, what in kinds if rows]


def _by_study(rows: Iterable[str], cells: Rows) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for row in rows:
        found.setdefault(cells[row].get("study", ""), []).append(row)
    return found


def _together(sign: str, study: str, rows: list[str], new: Rows, what: str = "") -> Change:
    count = f"{sign}{len(rows)} row{'' if len(rows) == 1 else 's'}"
    words = f"{count} of {study}" if study else count
    if what == "changed" or not study:
        words += f" {what}"
    return Change(words, tuple(rows), lambda old: _with(old, rows, new))


def _one(row: str, before: Mapping[str, str], new: Rows) -> Change:
    after = new[row]
    names = [name for name in dict.fromkeys([*before, *after]) if before.get(name) != after.get(name)]
    told = [
        f"{name} {before.get(name) or 'blank'} \u2192 {after.get(name) or 'blank'}" for name in names[:_NAMED]
    ]
    more = [f"{len(names) - _NAMED} more cells"] if len(names) > _NAMED else []
    return Change(f"{row}: {', '.join([*told, *more])}", (row,), lambda old: _with(old, [row], new))


def _with(old: Rows, rows: Iterable[str], new: Rows) -> Rows:
    """Return the old rows with some as they are now, in the order of the new file where both are there."""
    taken = {row for row in old if row not in set(rows)} | {row for row in rows if row in new}
    order = dict.fromkeys([*(row for row in new if row in taken), *old])
    touched = set(rows)
    return {row: (new if row in touched else old)[row] for row in order if row in taken}


def changed_settings(old: Mapping[str, Any], new: Mapping[str, Any]) -> str:
    """Say which settings of a question changed: ``correlation 0.7 → 0.5``; empty where none did."""
    parts = []
    for name in dict.fromkeys([*old, *new]):
        before, after = old.get(name), new.get(name)
        if isinstance(before, Mapping) and isinstance(after, Mapping):
            deeper = changed_settings(before, after)
            parts += [f"{name}: {deeper}"] if deeper else []
        elif before != after:
            parts.append(f"{name} {_said(before)} \u2192 {_said(after)}")
    return ", ".join(parts)


def _said(value: object) -> str:
    if isinstance(value, list | tuple):
        return ", ".join(map(str, value)) or "none"
    return "none" if value in (None, "") else str(value)


def software_words(old: Mapping[str, str], new: Mapping[str, str]) -> str:
    """Name the package and the libraries whose versions differ."""
    parts = [
        f"{name} {old.get(name, 'absent')} \u2192 {new[name]}" for name in new if old.get(name) != new[name]
    ]
    return f"the package or its libraries ({', '.join(parts)})" if parts else "the package's code"
