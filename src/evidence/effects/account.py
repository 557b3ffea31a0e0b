"""The account of one effect: what is printed, what was made of it and how, and where it was read."""

from __future__ import annotations

import math
import textwrap
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from html import escape
from typing import TYPE_CHECKING, Any

from evidence._check import nearest
from evidence.effects.record import correlation_words
from evidence.effects.rules import RULES
from evidence.effects.solver.rounding import NOTED
from evidence.errors import ModelError

if TYPE_CHECKING:
    from evidence.effects.record import Effects
    from evidence.studies.record import Studies

__all__ = ["SOURCE", "Account", "Block", "account_of", "derivation_lines"]

_WIDTH = 100
"""Columns of a line: fits half a wide screen and a mail."""

SOURCE = ("source_url", "source_locator", "secondary_source", "notes")
"""Columns of the studies that say where a row was read."""


@dataclass(frozen=True)
class Block:
    """A titled list of names and values.

    Attributes
    ----------
    title : str
        What the list is about.
    lines : tuple of pairs of str
        Name and value; those without a value are not shown.
    """

    title: str
    lines: tuple[tuple[str, str], ...]

    def text(self) -> str:
        """Return the block as lines of plain text."""
        shown = [(name, value) for name, value in self.lines if value]
        wide = max((len(name) for name, _ in shown), default=0)
        text = [self.title]
        for name, value in shown:
            first = f"  {name:<{wide}}  "
            text.append(
                textwrap.fill(
                    value,
                    _WIDTH,
                    initial_indent=first,
                    subsequent_indent=" " * len(first),
                    break_long_words=False,
                    break_on_hyphens=False,
                )
            )
        return "\n".join(text)

    def html(self) -> str:
        """Return the block as a small table."""
        rows = "".join(
            f'<tr><th style="text-align:left;vertical-align:top">{escape(name)}</th>'
            f'<td style="text-align:left">{escape(value)}</td></tr>'
            for name, value in self.lines
            if value
        )
        return f"<h4>{escape(self.title)}</h4><table>{rows}</table>"


@dataclass(frozen=True, repr=False)
class Account:
    """The account of one effect, as text and for a notebook.

    Attributes
    ----------
    row_id : str
        The row.
    blocks : tuple of Block
        As printed; source; derivation.
    """

    row_id: str
    blocks: tuple[Block, ...]

    @property
    def text(self) -> str:
        """The account as plain text."""
        return "\n\n".join([self.row_id, *(block.text() for block in self.blocks)])

    def __str__(self) -> str:
        """Return the account as plain text."""
        return self.text

    def __repr__(self) -> str:
        """Return the account as plain text: a terminal shows it at once."""
        return self.text

    def _repr_html_(self) -> str:
        blocks = "".join(block.html() for block in self.blocks)
        return f'<div class="evidence-account"><h3>{escape(self.row_id)}</h3>{blocks}</div>'


def account_of(effects: Effects, row_id: str) -> Account:
    """Return the account of one row of some effects.

    Raises
    ------
    ModelError
        Where there is no such row.
    """
    ids = effects.table["row_id"].astype(str)
    if row_id not in set(ids):
        close = nearest(str(row_id), ids)
        hint = f" (did you mean {close}?)" if close else ""
        raise ModelError(f"no row of these effects has the row_id {row_id!r}{hint}")
    row = {str(name): value for name, value in effects.table[ids.eq(row_id)].iloc[0].items()}
    said = f"Read as an effect ({effects.measure})"
    blocks = [Block(said, tuple(derivation_lines(effects, row, _shown(row))))]
    if effects._origin is not None:
        one = effects._origin.studies.where(row_id=row_id)
        cells = {str(name): str(value) for name, value in one.text.iloc[0].items() if str(value)}
        kept = tuple((name, value) for name, value in cells.items() if name not in SOURCE)
        blocks = [Block("As printed", kept), Block("Source", tuple(_source(one, cells))), *blocks]
    return Account(row_id, tuple(blocks))


def _source(one: Studies, cells: Mapping[str, str]) -> Iterable[tuple[str, str]]:
    fields = one.references.get(cells["study"], {})
    said = (fields.get(name, "") for name in ("author", "title", "journal", "year"))
    reference = ". ".join(part.strip(". ") for part in said if part)
    yield "reference", reference.replace(" and ", "; ").replace("{", "").replace("}", "")
    yield "doi", fields.get("doi", "")
    for name in SOURCE:
        yield name, cells.get(name, "")


def _shown(row: Mapping[str, Any]) -> str:
    """Return the effect on the scale of the model."""
    if row["kind"] == "exact":
        return f"{row['estimate']:.3f} (standard error {row['std_error']:.3f})"
    low, high = float(row["low"]), float(row["high"])
    if math.isnan(low) and math.isnan(high):
        return ""
    if math.isinf(high):
        return f"above {low:.3f}"
    return f"below {high:.3f}" if math.isinf(low) else f"{low:.3f} to {high:.3f}"


def derivation_lines(effects: Effects, row: Mapping[str, Any], shown: str) -> Iterable[tuple[str, str]]:
    """Return how an effect came about, as names and values.

    Parameters
    ----------
    effects : Effects
        The effects.
    row : mapping
        The row's line of their table.
    shown : str
        The effect itself, in words.
    """
    yield "kind", str(row["kind"])
    yield "effect", shown
    for name in ("derived_from", "formula", "metric_scale"):
        yield name.replace("_", " "), str(row.get(name, ""))
    for place, text in enumerate(filter(None, str(row["assumptions"]).split("; "))):
        yield "assumptions" if place == 0 else "", text
    if effects.correlation is not None and "r = " in str(row["assumptions"]):
        yield "assumed r", f"{correlation_words(effects.correlation)} between scores before and after"
    yield "rounding", _rounding(row)
    yield "alternatives", str(row["alternatives"])
    yield "reason", str(row["reason"])
    for letter in str(row.get("rule", "")).split():
        yield f"rule {letter}", RULES[letter]


def _rounding(row: Mapping[str, Any]) -> str:
    """Say how far the printed digits leave the effect open, and whether that is much."""
    low, high = (float(row.get(name, math.nan)) for name in ("rounding_low", "rounding_high"))
    if math.isnan(low) or math.isnan(high) or low == high:
        return ""
    much = f": more than {NOTED:g}" if high - low > NOTED else ""
    return f"the printed digits allow {low:.3f} to {high:.3f}{much}"
