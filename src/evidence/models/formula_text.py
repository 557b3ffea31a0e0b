"""The grammar of a formula: names of columns and a few operators; anything else is refused unread."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from evidence._check import nearest
from evidence.errors import ModelError

__all__ = ["LIMIT", "Reader"]

_TOKEN = re.compile(
    r"\s*(?:(?P<name>[^\W\d][\w.]*)|`(?P<quoted>[^`]+)`|(?P<number>\d+)|(?P<op>\*\*|[-+:*/^()]))"
)
LIMIT = 500
"""Most characters, and most terms after expansion: no review has as many studies."""
_DEPTH = 12
_GRAMMAR = "a formula holds names of columns, + - : * / ** ( ), and 1 or 0 for the intercept"


def _tokens(text: str) -> Iterator[tuple[str, str]]:
    at = 0
    end = len(text.rstrip())
    while at < end:
        found = _TOKEN.match(text, at)
        if found is None:
            raise ModelError(f"{_GRAMMAR}; got {text[at:].strip()[:20]!r} in the formula {text.strip()!r}")
        kind = str(found.lastgroup)
        yield "name" if kind == "quoted" else kind, found.group(kind)
        at = found.end()


class Reader:
    """Check a formula's grammar by recursive descent, and count the terms that it expands to."""

    def __init__(self, text: str, columns: Sequence[str]) -> None:
        self.text, self.columns = text, columns
        self.tokens = list(_tokens(text))
        self.at, self.depth = 0, 0
        self.used: list[str] = []
        self.inner: list[str] = []

    def read(self) -> str:
        """Return the formula in made-up names.

        Raises
        ------
        ModelError
            Where it is not a formula of names and operators, or expands to too many terms.
        """
        if not self.tokens:
            raise ModelError(f"the formula is empty; {_GRAMMAR}")
        self._sum()
        if self.at < len(self.tokens):
            raise self._wrong()
        return " ".join(self.inner)

    def _next(self) -> tuple[str, str]:
        return self.tokens[self.at] if self.at < len(self.tokens) else ("end", "")

    def _take(self, text: str | None = None) -> None:
        self.inner.append(self._next()[1] if text is None else text)
        self.at += 1

    def _wrong(self) -> ModelError:
        kind, text = self._next()
        got = "it ends too early" if kind == "end" else f"{text!r} is out of place"
        return ModelError(f"in the formula {self.text.strip()!r}, {got}; {_GRAMMAR}")

    def _bounded(self, count: int) -> int:
        if count > LIMIT:
            raise ModelError(f"the formula {self.text.strip()!r} expands to more than {LIMIT} terms")
        return count

    def _sum(self) -> int:
        if self._next() in (("op", "+"), ("op", "-")):
            self._take()
        count = self._product()
        while self._next() in (("op", "+"), ("op", "-")):
            self._take()
            count = self._bounded(count + self._product())
        return count

    def _product(self) -> int:
        count = self._interaction()
        while self._next() in (("op", "*"), ("op", "/")):
            self._take()
            other = self._interaction()
            count = self._bounded(count + other + count * other)
        return count

    def _interaction(self) -> int:
        count = self._power()
        while self._next() == ("op", ":"):
            self._take()
            count = self._bounded(count * self._power())
        return count

    def _power(self) -> int:
        first = self._next()
        count = self._atom()
        while self._next() in (("op", "**"), ("op", "^")):
            self._take()
            kind, text = self._next()
            if kind != "number" or text not in ("1", "2", "3", "4"):
                raise ModelError(
                    f"in the formula {self.text.strip()!r}, a power is 1, 2, 3 or 4; got {text!r}"
                )
            if first[0] == "name":
                raise ModelError(
                    f"{first[1]}**{text} is no power of a moderator in a formula; add a column that holds it."
                    " (a + b)**2 stands for all pairs of moderators"
                )
            self._take()
            count = self._bounded((count + 1) ** int(text))
        return count

    def _atom(self) -> int:
        kind, text = self._next()
        if kind == "name":
            self._name(text)
            return 1
        if kind == "number":
            if text not in ("0", "1"):
                raise ModelError(f"the only numbers in a formula are 1 and 0 (the intercept); got {text!r}")
            self._take()
            return 1
        if (kind, text) != ("op", "("):
            raise self._wrong()
        self.depth += 1
        if self.depth > _DEPTH:
            raise ModelError(f"a formula holds at most {_DEPTH} brackets inside each other")
        self._take()
        count = self._sum()
        if self._next() != ("op", ")"):
            raise self._wrong()
        self._take()
        self.depth -= 1
        return count

    def _name(self, name: str) -> None:
        if self.at + 1 < len(self.tokens) and self.tokens[self.at + 1] == ("op", "("):
            raise ModelError(
                f"{name}(...) would be a call, and nothing in a formula is ever evaluated; add a column with"
                " the values that you want. Columns of words are factors as they are"
            )
        if name not in self.columns:
            close = nearest(name, self.columns)
            hint = f" (did you mean {close}?)" if close else ""
            raise ModelError(f"{name!r} in the formula is not a column of the effects{hint}")
        if name not in self.used:
            self.used.append(name)
        self._take(f"m{self.used.index(name)}_")
