"""The keys of a recipe: what each may hold, and the checks that say what is wrong."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass

from evidence._check import nearest
from evidence.charts.style import MEDIA
from evidence.publish.kinds import KINDS, PROJECT_OUTPUTS, TABLES
from evidence.publish.recipe_errors import Mistake

__all__ = ["MEDIA", "MODELS", "PROJECT", "QUESTION", "TABLE", "Checker"]


MODELS = ("pool_partial", "random_effects", "common_effect")
"""The verbs that pool a question's effects."""

Check = Callable[["Checker", str, str, object], object]
"""Takes the checker, where, the key and the value; returns the value in its type."""


@dataclass(frozen=True)
class Key:
    """One key of a table of the recipe: its check, and what holds where it is left out."""

    check: Check
    required: bool = False
    default: object = None


class Checker:
    """Collects the mistakes of a recipe, so that all are reported at once.

    Attributes
    ----------
    mistakes : list of Mistake
        What was found so far.
    """

    def __init__(self) -> None:
        """Begin without mistakes."""
        self.mistakes: list[Mistake] = []

    def add(self, where: str, key: str, rule: str, value: str | None = None, fix: str = "") -> None:
        """Note one mistake."""
        self.mistakes.append(Mistake(where, key, rule, value, fix))

    def unknown_keys(self, where: str, table: Mapping[str, object], known: Iterable[str]) -> None:
        """Note every key that a table does not have."""
        names = list(known)
        for key in table:
            if key not in names:
                close = nearest(key, names)
                fix = f"did you mean {close}?" if close else f"known: {', '.join(names)}"
                self.add(where, key, "an unknown key", None, fix)

    def word(self, where: str, key: str, value: object, known: Iterable[str], what: str) -> str:
        """Return a word of a vocabulary, or note that it is none."""
        names = list(known)
        if isinstance(value, str):
            for name in names:
                if name.casefold() == value.casefold():
                    return name
        close = nearest(value, names) if isinstance(value, str) else ""
        fix = f"did you mean {close}?" if close else ""
        self.add(where, key, f"{what}: one of {', '.join(names) or '(none)'}", repr(value), fix)
        return names[0] if names else ""

    def blocks(self, name: str, value: object) -> list[tuple[str, Mapping[str, object]]]:
        """Return the blocks ``[[name]]`` with the words that say where each is."""
        if not isinstance(value, list) or not all(isinstance(block, dict) for block in value):
            self.add(f"[[{name}]]", "", f"a {name} is a block that begins with [[{name}]] (two brackets)")
            return []
        return [
            (f"[[{name}]] {position}" + (f" (id {block['id']!r})" if "id" in block else ""), block)
            for position, block in enumerate(value, start=1)
        ]

    def table(
        self,
        where: str,
        table: object,
        keys: Mapping[str, Key],
        inherited: Mapping[str, object] | None = None,
    ) -> dict[str, object]:
        """Return a table of the recipe with every key checked and filled in.

        Parameters
        ----------
        where : str
            The table, for messages.
        table : object
            What the file holds.
        keys : mapping of str to Key
            What may stand in it.
        inherited : mapping, optional
            What holds where the key is left out, from ``[project]``.
        """
        if not isinstance(table, dict):
            self.add(where, "", "this is a table of keys and values", repr(table))
            table = {}
        self.unknown_keys(where, table, keys)
        result: dict[str, object] = {}
        for name, key in keys.items():
            if name in table:
                result[name] = key.check(self, where, name, table[name])
                continue
            if key.required and not (inherited or {}).get(name):
                self.add(where, name, "this key is needed")
            result[name] = (inherited or {}).get(name, key.default)
        return result


def _text(checker: Checker, where: str, key: str, value: object) -> str:
    if not isinstance(value, str) or not value.strip():
        checker.add(where, key, "a text in quotes, not empty", repr(value))
        return ""
    return value.strip()


def _folder(checker: Checker, where: str, key: str, value: object) -> str:
    text = _text(checker, where, key, value)
    parts = re.split(r"[\\/]+", text)
    if text and (text.startswith(("/", "\\", "~")) or ".." in parts or ":" in text or text.startswith(".")):
        checker.add(where, key, "a place inside the project, such as figures", repr(value))
    return text


def _file(suffix: str) -> Check:
    def check(checker: Checker, where: str, key: str, value: object) -> str:
        text = _folder(checker, where, key, value).replace("\\", "/")
        if text and not text.lower().endswith(suffix):
            checker.add(where, key, f"a file that ends in {suffix}", repr(value))
        return text

    return check


def _id(checker: Checker, where: str, key: str, value: object) -> str:
    # An id becomes part of file names on every system, so it holds nothing that one of them forbids.
    text = _text(checker, where, key, value)
    if text and not re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9_-]{0,59}", text):
        checker.add(where, key, "an id is letters, digits, - and _ (60 at most)", repr(value))
    return text


def _one_of(known: Iterable[str], what: str) -> Check:
    def check(checker: Checker, where: str, key: str, value: object) -> str:
        return checker.word(where, key, value, known, what)

    return check


def _measure(checker: Checker, where: str, key: str, value: object) -> str:
    from evidence.effects.codes import ROW_CODES

    return checker.word(where, key, value, ROW_CODES, "a measure")


def _columns() -> dict[str, tuple[str, tuple[str, ...]]]:
    from evidence.studies.columns import COLUMNS

    return {column.name: (column.kind, column.words) for column in COLUMNS}


def _column(checker: Checker, where: str, key: str, value: object) -> str:
    return checker.word(where, key, value, _columns(), "a column of the studies")


def _between(low: float, high: float, rule: str) -> Check:
    def check(checker: Checker, where: str, key: str, value: object) -> float | None:
        if isinstance(value, bool) or not isinstance(value, int | float) or not low < value < high:
            checker.add(where, key, rule, repr(value))
            return None
        return float(value)

    return check


def _texts(checker: Checker, where: str, key: str, value: object) -> tuple[str, ...]:
    if not isinstance(value, list) or not value or not all(isinstance(item, str) for item in value):
        checker.add(where, key, "a list of texts in quotes", repr(value))
        return ()
    if len(set(value)) < len(value):
        checker.add(where, key, "each is named once", repr(value))
    return tuple(value)


def _two_texts(checker: Checker, where: str, key: str, value: object) -> tuple[str, ...]:
    texts = _texts(checker, where, key, value)
    if texts and len(texts) != 2:
        checker.add(where, key, "two labels: the left side, then the right side", repr(value))
    return texts


def _counts(checker: Checker, where: str, key: str, value: object) -> dict[str, object]:
    """Return the counts of a flow diagram, or note why they are none."""
    from evidence.charts.prisma_counts import prisma_counts
    from evidence.errors import ModelError

    if not isinstance(value, dict):
        fix = "such as prisma = { databases = 120, duplicates = 20, ... }"
        checker.add(where, key, "the counts of a flow diagram are a table of boxes", repr(value), fix)
        return {}
    try:
        prisma_counts(value)
    except ModelError as error:
        checker.add(where, key, str(error))
    return value


def _preset(checker: Checker, where: str, key: str, value: object) -> str:
    from evidence.charts.forest_layout import PRESETS

    names = [preset.name for preset in PRESETS.values()]
    return checker.word(where, key, value, names, "a layout of a forest plot")


def _outputs(checker: Checker, where: str, key: str, value: object) -> tuple[str, ...]:
    return tuple(
        checker.word(where, key, item, KINDS, "an output") for item in _texts(checker, where, key, value)
    )


def _filter(checker: Checker, where: str, key: str, value: object) -> dict[str, tuple[object, ...]]:
    if not isinstance(value, dict):
        fix = 'such as filter = { question = "prevention", domain = ["injury_acl"] }'
        checker.add(where, key, "a filter is a table of columns and values", repr(value), fix)
        return {}
    columns = _columns()
    result: dict[str, tuple[object, ...]] = {}
    for name, wanted in value.items():
        path = f"{key}.{name}"
        if name not in columns:
            close = nearest(name, columns)
            checker.add(where, path, "an unknown column", None, f"did you mean {close}?" if close else "")
            continue
        values = wanted if isinstance(wanted, list) else [wanted]
        if not values or not all(isinstance(item, str | int | float) for item in values):
            rule = "a filter is a value (equality) or a list of values; nothing else is understood or run"
            checker.add(where, path, rule, repr(wanted))
            continue
        kind, words = columns[name]
        for item in values if kind == "word" else ():
            checker.word(where, path, item, words, f"a word of the column {name}")
        result[name] = tuple(values)
    return result


PROJECT: Mapping[str, Key] = {
    "title": Key(_text, required=True, default=""),
    "studies": Key(_text, default=""),
    "mapping": Key(_text),
    "figures": Key(_folder, default="figures"),
    "tables": Key(_folder, default="tables"),
    **{name: Key(_file(kind.suffix)) for name, kind in PROJECT_OUTPUTS.items()},
    "correlation": Key(_between(-1, 1, "a correlation lies between -1 and 1, both excluded")),
    "model": Key(_one_of(MODELS, "a model"), default="pool_partial"),
    "level": Key(_between(0.5, 1, "a confidence level lies between 0.5 and 1, such as 0.95"), default=0.95),
    "medium": Key(_one_of(MEDIA, "a medium"), default="notebook"),
}
"""Keys of ``[project]``."""

QUESTION: Mapping[str, Key] = {
    "id": Key(_id, required=True, default=""),
    "title": Key(_text, required=True, default=""),
    "filter": Key(_filter, default={}),
    "studies": Key(_text, required=True, default=""),
    "mapping": Key(_text),
    "measure": Key(_measure),
    "correlation": PROJECT["correlation"],
    "model": PROJECT["model"],
    "by": Key(_column, default="domain"),
    "order": Key(_texts, default=()),
    "level": PROJECT["level"],
    "outputs": Key(_outputs, required=True, default=()),
    "favours": Key(_two_texts, default=()),
    "claim": Key(_text),
    "preset": Key(_preset, default="evidence"),
    "subgroup": Key(_column),
    "moderator": Key(_column),
    "prisma": Key(_counts),
    "medium": PROJECT["medium"],
}
"""Keys of a ``[[question]]``."""

TABLE: Mapping[str, Key] = {
    "id": Key(_id, required=True, default=""),
    "title": Key(_text, required=True, default=""),
    "kind": Key(_one_of(TABLES, "a kind of table"), required=True, default=""),
    "questions": Key(_texts, required=True, default=()),
}
"""Keys of a ``[[table]]``."""
