"""What is up to date, and what has to be made again."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from evidence.errors import EvidenceError
from evidence.publish import manifest as manifests
from evidence.publish.plan import Output
from evidence.publish.recipe import Recipe
from evidence.publish.recipe_errors import BuildError

__all__ = ["Freshness"]


class Freshness:
    """Tells which outputs are up to date, by looking as little as possible.

    The bytes of all inputs, taken together, say at once that nothing has changed. Only where they differ are
    the studies read, and what each output is made from is compared.

    Parameters
    ----------
    plan : Recipe
        The checked recipe.
    inputs, software : mapping of str to str
        Hashes of the inputs; versions of the libraries and hash of the package's source.
    stamps : mapping
        By output, as `stamp` returned them when it was made.
    entries : mapping
        The outputs of the manifest.
    content : callable
        Returns the hash of what an output is made from.
    """

    def __init__(
        self,
        plan: Recipe,
        *,
        inputs: Mapping[str, str],
        software: Mapping[str, str],
        stamps: Mapping[str, Any],
        entries: Mapping[str, Any],
        content: Callable[[Output], str],
    ) -> None:
        """Begin without having looked at anything."""
        self._root = plan.root
        self._inputs, self._stamps, self._entries = inputs, stamps, entries
        self._software = manifests.combined(software)
        self._content = content
        self._contents: dict[str, str] = {}

    def content(self, output: Output) -> str:
        """Return the hash of what an output is made from.

        Raises
        ------
        BuildError
            Where that cannot be read; it names the output.
        """
        if output.id not in self._contents:
            try:
                self._contents[output.id] = self._content(output)
            except EvidenceError as error:
                raise BuildError(f"{output.id} cannot be made:\n{error}") from error
        return self._contents[output.id]

    def is_current(self, output: Output) -> bool:
        """Tell whether an output is made from what there is now, and its files are as they were written."""
        stamp = self._stamps.get(output.id)
        if not isinstance(stamp, list) or len(stamp) != 3 or not self._is_whole(output):
            return False
        raw, software, content = stamp
        if raw == self._raw(output):
            return True
        return bool(software == self._software and content == self.content(output))

    def is_older(self, output: Output) -> bool:
        """Tell whether an output that was not asked for shows something else than there is now."""
        stamp = self._stamps.get(output.id)
        if isinstance(stamp, list) and stamp[:1] == [self._raw(output)]:
            return False
        try:
            return bool(self._entries[output.id].get("inputs") != self.content(output))
        except BuildError:
            return True

    def stamp(self, output: Output) -> list[str]:
        """Return the stamp of an output that is up to date."""
        old = self._stamps.get(output.id)
        raw = self._raw(output)
        if isinstance(old, list) and old[:2] == [raw, self._software]:
            return old
        return [raw, self._software, self.content(output)]

    def _raw(self, output: Output) -> str:
        return manifests.combined({**self._inputs, "software": self._software, "output": repr(output)})

    def _is_whole(self, output: Output) -> bool:
        """Tell whether every file of an output is there with the bytes that were written."""
        recorded = self._entries.get(output.id, {}).get("files", {})
        root: Path = self._root
        return list(recorded) == list(output.files) and all(
            recorded[name] == manifests.file_hash(root / name) for name in output.files
        )
