"""Judgements of an appraisal as symbols, decided before anything is drawn."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

import pandas as pd

from evidence.charts.frame import as_text
from evidence.charts.symbols import Symbol
from evidence.errors import ModelError, StudyDataError

__all__ = [
    "JUDGEMENTS",
    "NOT_CONFIRMED",
    "NOT_JUDGED",
    "RISK_COLUMNS",
    "Appraised",
    "appraised_from",
    "risk_of_bias_table_rows",
]

MINUS = "\u2212"

JUDGEMENTS: Mapping[str, tuple[str, str]] = {
    "low": ("+", "low"),
    "yes": ("+", "low"),
    "some concerns": ("?", "some"),
    "unclear": ("?", "some"),
    "moderate": ("?", "some"),
    "no information": ("?", "some"),
    "high": (MINUS, "high"),
    "no": (MINUS, "high"),
    "serious": (MINUS, "high"),
    "critical": (MINUS, "high"),
}
"""Sign and colour of each judgement: RoB 2 and its elders, ROBINS-I, and scales of yes and no."""

NOT_JUDGED = Symbol("", "not judged")

NOT_CONFIRMED = Symbol("", "not confirmed")
"""How studies are counted that have no confirmed judgement."""

ORDER = {"low": 0, "some": 1, "high": 2, "": 3}
"""From good to bad."""

OPEN = Symbol("", "open: suggested, not confirmed", "quiet", sure=False)
"""How the key explains open discs, whatever their sign."""

_SUGGESTED = " (suggested, not confirmed)"


@dataclass(frozen=True)
class Appraised:
    """An appraisal as symbols.

    Attributes
    ----------
    items : tuple of str
        Short names of the items or domains, in their order.
    words : mapping of str to str
        What each item asks.
    symbols : mapping of (str, str) to Symbol
        Judgements by study and item.
    """

    items: tuple[str, ...]
    words: Mapping[str, str]
    symbols: Mapping[tuple[str, str], Symbol]

    def symbol(self, study: str, item: str) -> Symbol:
        """Return the symbol of a study's item; an empty ring where nothing was judged."""
        return self.symbols.get((study, item), NOT_JUDGED)

    @property
    def studies(self) -> tuple[str, ...]:
        """Return the studies in their order."""
        return tuple(dict.fromkeys(study for study, _ in self.symbols))

    @property
    def levels(self) -> tuple[Symbol, ...]:
        """Return what studies are counted by: confirmed judgements from good to bad, then none."""
        confirmed = {symbol for symbol in self.symbols.values() if symbol.sure and symbol.role}
        order = sorted(confirmed, key=lambda symbol: (ORDER[symbol.role], symbol.words))
        left = any(self.count(item, NOT_CONFIRMED) for item in self.items)
        return (*order, NOT_CONFIRMED) if left else tuple(order)

    def count(self, item: str, level: Symbol) -> int:
        """Return how many studies have a judgement of an item."""
        if level == NOT_CONFIRMED:
            found = (self.symbol(study, item) for study in self.studies)
            return sum(not (symbol.sure and symbol.role) for symbol in found)
        return sum(self.symbol(study, item) == level for study in self.studies)

    @property
    def key(self) -> tuple[Symbol, ...]:
        """Return the symbols to explain, from good to bad."""
        words = ((symbol, symbol.words.removesuffix(_SUGGESTED)) for symbol in self.symbols.values())
        found = {replace(symbol, words=told, sure=True) for symbol, told in words}
        key = sorted(found, key=lambda symbol: (ORDER[symbol.role], symbol.words))
        open_ones = any(not symbol.sure for symbol in self.symbols.values())
        return (*key, OPEN) if open_ones else tuple(key)

    @property
    def note(self) -> str:
        """Return what the items ask, as a note below."""
        told = "; ".join(f"{item} {self.words[item]}" if self.words[item] else item for item in self.items)
        return f"Risk of bias: {told}."


RISK_COLUMNS = ("study", "label", "item", "words", "judgement", "sign", "role", "confirmed")
"""Columns of `risk_of_bias_table_rows`, in this order."""


def risk_of_bias_table_rows(appraisal: pd.DataFrame, labels: Mapping[str, str] | None = None) -> pd.DataFrame:
    """Decide what the table of the risk of bias shows.

    Parameters
    ----------
    appraisal : DataFrame
        ``study, item`` and ``confirmed``, as `appraisal` lays out.
    labels : mapping of str to str, optional
        Names of the studies by their keys.

    Returns
    -------
    DataFrame
        One line a study and item, also where nothing was judged: the judgement, its sign, the role of its
        colour (``"low"``, ``"some"``, ``"high"``), and whether somebody confirmed it.

    Examples
    --------
    >>> form = pd.DataFrame({"study": ["a", "b"], "item": ["D1", "D1"], "confirmed": ["low", "high"]})
    >>> risk_of_bias_table_rows(form)["sign"].tolist()
    ['+', '−']
    """
    judged = appraised_from(appraisal)
    lines = []
    for study in judged.studies:
        for item in judged.items:
            symbol = judged.symbol(study, item)
            word = symbol.words.removesuffix(_SUGGESTED)
            name = (labels or {}).get(study, study)
            sure = symbol.sure and bool(symbol.role)
            lines.append((study, name, item, judged.words[item], word, symbol.sign, symbol.role, sure))
    return pd.DataFrame(lines, columns=list(RISK_COLUMNS))


def appraised_from(table: object) -> Appraised:
    """Read an appraisal, such as `appraisal` lays out and a human fills in.

    Parameters
    ----------
    table : DataFrame
        ``study, item`` and ``confirmed``; where that is empty ``suggested`` counts, as an open disc, because
        nobody confirmed it. ``words`` says what an item asks.

    Returns
    -------
    Appraised
        The symbols.

    Raises
    ------
    ModelError
        Where it is no such table.
    StudyDataError
        Where a judgement is not known, or a study's item is judged twice.
    """
    if not isinstance(table, pd.DataFrame) or not {"study", "item"} <= set(table.columns):
        got = (
            f"a table of {', '.join(map(str, table.columns))}"
            if isinstance(table, pd.DataFrame)
            else type(table).__name__
        )
        raise ModelError(
            "risk_of_bias takes a table with the columns study, item and confirmed, as ev.appraisal(studies,"
            f' "RoB 2") lays it out; got {got}'
        )
    symbols: dict[tuple[str, str], Symbol] = {}
    words: dict[str, str] = {}
    for row in table.to_dict("records"):
        study, item = as_text(row["study"]), as_text(row["item"])
        words.setdefault(item, as_text(row.get("words")))
        if (study, item) in symbols:
            raise StudyDataError("a study's item is judged once", row=study, column="item", value=item)
        symbols[study, item] = _symbol(row, study, item)
    if not words:
        raise ModelError(
            "the appraisal has no lines: ev.appraisal(studies) lays them out, one a study and item"
        )
    return Appraised(tuple(words), words, symbols)


def _symbol(row: Mapping[object, object], study: str, item: str) -> Symbol:
    """Return the symbol of one line.

    Raises
    ------
    StudyDataError
        Where the judgement is not known.
    """
    for column, sure in (("confirmed", True), ("suggested", False)):
        word = as_text(row.get(column)).casefold()
        if not word:
            continue
        if word not in JUDGEMENTS:
            raise StudyDataError(
                f"a judgement is one of {', '.join(JUDGEMENTS)}",
                row=f"{study}, item {item}",
                column=column,
                value=word,
            )
        sign, role = JUDGEMENTS[word]
        return Symbol(sign, word if sure else word + _SUGGESTED, role, sure)
    return NOT_JUDGED
