"""Ids of a page: short, made from names that may hold anything, and no two alike."""

from __future__ import annotations

from evidence.table_formats import slug

__all__ = ["Ids"]

_LONGEST = 60


class Ids:
    """Gives every thing of a page an id of its own, always the same one."""

    def __init__(self) -> None:
        """Begin without any."""
        self._given: dict[tuple[str, str, str], str] = {}
        self._taken: set[str] = set()

    def of(self, kind: str, name: str, within: str = "") -> str:
        """Return the id of a thing.

        Parameters
        ----------
        kind : str
            ``"row"``, ``"study"``, ``"table"`` ...; begins the id.
        name : str
            What it is called; any text.
        within : str
            Where names are told apart only there: a file, a question.

        Returns
        -------
        str
            Letters, digits, hyphens and underscores only.
        """
        key = (kind, name, within)
        if key not in self._given:
            stem = f"{kind}-{slug(name)[:_LONGEST]}".strip("-").casefold()
            found, count = stem, 1
            while found in self._taken:
                count += 1
                found = f"{stem}-{count}"
            self._taken.add(found)
            self._given[key] = found
        return self._given[key]

    def known(self, kind: str, name: str, within: str = "") -> str:
        """Return the id of a thing that has been given one; empty where it has none."""
        return self._given.get((kind, name, within), "")
