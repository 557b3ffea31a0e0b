"""Values of a mapping's keys, each checked for its type; the message names the key."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from decimal import Decimal, InvalidOperation
from typing import Any, NoReturn

from evidence._check import nearest
from evidence.errors import StudyDataError
from evidence.studies.mapping import Condition

__all__ = ["Values"]


_TRUTH = {True: ("true", "yes", "1"), False: ("false", "no", "0")}
"""How a file may write a truth value."""


class Values:
    """Readers of single values.

    Parameters
    ----------
    source : str
        The mapping as the user named it, for messages.
    """

    def __init__(self, source: str) -> None:
        self.source = source

    def wrong(self, key: str, rule: str, value: object, fix: str = "") -> NoReturn:
        """Refuse a value, naming its key.

        Raises
        ------
        StudyDataError
            Always.
        """
        where = f"mapping key {key}: " if key else ""
        shown = None if value is None else str(value)
        raise StudyDataError(f"{where}{rule}", value=shown, fix=fix, source=self.source)

    def known(self, section: str, given: Mapping[str, Any], names: Iterable[str]) -> None:
        """Refuse a key that the section does not have."""
        names = list(names)
        for key in given:
            if key not in names:
                close = nearest(str(key), names)
                listed = f"the keys are {', '.join(names)}"
                fix = f"did you mean {close}? {listed}" if close else listed
                at = f"{section}.{key}" if section else str(key)
                place = f"[{section}]" if section else "a mapping"
                self.wrong(at, f"{place} has keys of its own", key, fix)

    def table(self, sections: Mapping[str, Any], name: str) -> Mapping[str, Any]:
        """Return a section, empty where it is absent."""
        value = sections.get(name, {})
        if not isinstance(value, Mapping):
            self.wrong(name, "it is a section", value, f"write [{name}] on a line of its own")
        return value

    def text(self, key: str, value: object) -> str:
        """Return text."""
        if isinstance(value, Mapping):
            self.wrong(
                key,
                "text stands here",
                value,
                'a key with a point or a space stands in quotes: "0.05" = "<0.05"',
            )
        if not isinstance(value, str):
            self.wrong(key, "text stands here", value, f'write "{value}"')
        return value

    def plain(self, key: str, value: object) -> str:
        """Return text, or a number or truth value as text."""
        if isinstance(value, bool):
            return "yes" if value else "no"
        if isinstance(value, int | float):
            return f"{value:.15g}"
        return self.text(key, value)

    def texts(self, key: str, value: object, *, empty: bool = False) -> tuple[str, ...]:
        """Return one text or a list of texts as a tuple; numbers become text."""
        several = value if isinstance(value, list | tuple) else [value]
        if not several and not empty:
            self.wrong(key, "a name or a list of names stands here", value)
        return tuple(self.plain(key, one) for one in several)

    def words(self, key: str, value: object) -> dict[str, str]:
        """Return a translation of words."""
        if not isinstance(value, Mapping):
            self.wrong(key, "words are a table", value, 'write { increase = "higher", decrease = "lower" }')
        return {str(word): self.plain(f"{key}.{word}", meaning) for word, meaning in value.items()}

    def condition(self, key: str, value: object) -> Condition:
        """Return columns with the values that they may have."""
        if not isinstance(value, Mapping):
            self.wrong(
                key, "a condition is a table of columns and values", value, 'write { role = "control" }'
            )
        return {
            str(name): _TRUTH[wanted] if isinstance(wanted, bool) else self.texts(f"{key}.{name}", wanted)
            for name, wanted in value.items()
        }

    def whole(self, key: str, value: object, *, low: int) -> int:
        """Return a whole number."""
        if isinstance(value, bool) or not isinstance(value, int) or value < low:
            self.wrong(key, f"a whole number stands here, {low} or more", value)
        return value

    def factor(self, key: str, value: object) -> str:
        """Return a factor as text, so that multiplying keeps decimal digits exact."""
        text = self.plain(key, value)
        try:
            good = Decimal(text).is_finite() and Decimal(text) != 0
        except InvalidOperation:
            good = False
        if not good:
            self.wrong(key, "a factor is a number other than 0", value)
        return text
