"""The text columns of a forest plot: those of the preset, and those that the user adds."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import pandas as pd

from evidence.charts.captions import level_words
from evidence.charts.forest_words import model_head
from evidence.charts.frame import as_text
from evidence.charts.symbols import PITCH
from evidence.charts.table_parts import Column
from evidence.charts.texts import widest
from evidence.charts.words import measure_head, number
from evidence.errors import ModelError

if TYPE_CHECKING:
    from evidence.charts.forest_layout import ForestLayout, Preset
    from evidence.fit import MetaFit

__all__ = ["Slot", "extra_columns", "filled", "slots_for"]

Slot = tuple[str, Column]
"""What a column is (a word of `Preset.left`), and the column."""

MISSING = "\u2013"
"""What stands where a row has no entry."""


def filled(template: str, fit: MetaFit) -> str:
    """Return a head with measure, level and model filled in."""
    whole = template.format(
        measure=measure_head(fit.measure), level=level_words(fit.level), model=model_head(fit)
    )
    return whole.replace(" , ", ", ")


def slots_for(
    drawn: pd.DataFrame, fit: MetaFit, preset: Preset, layout: ForestLayout, tables: Sequence[pd.DataFrame]
) -> tuple[list[Slot], list[Slot]]:
    """Return the columns on the left and on the right of the picture.

    Parameters
    ----------
    drawn : DataFrame
        The lines that are drawn, from `forest_rows`; its attrs name the share.
    fit : MetaFit
        Tells measure, level and model.
    preset : Preset
        Order and heads.
    layout : ForestLayout
        What the user adds.
    tables : sequence of DataFrame
        Rows of the results, in which columns are found by their names.

    Returns
    -------
    tuple of list
        Left and right.
    """
    spoken = drawn["role"].isin(["heading", "statistics", "test"])

    def cells(name: str) -> tuple[str, ...]:
        return tuple("" if alone else str(text) for text, alone in zip(drawn[name], spoken, strict=True))

    def limited(name: str) -> tuple[str, ...]:  # what a limit is the limit of stands below it
        both = zip(cells(name), drawn["mark"], strict=True)
        return tuple(text.replace(" (", "\n(") if mark == "bound" else text for text, mark in both)

    bounds = " or bounds" if drawn["mark"].isin(["band", "arrow"]).any() else ""
    share = str(drawn.attrs.get("share_name", "Weight"))
    ready = {
        "study": Column(preset.study, cells("label"), flex=True, keep_end=True),
        "people": Column(preset.people, cells("n_text"), "right"),
        "estimate": Column(measure_head(fit.measure), cells("estimate_text"), "right"),
        "interval": Column(f"{level_words(fit.level)} CI{bounds}", limited("interval_text"), "right"),
        "effect": Column(f"{filled(preset.effect, fit)}{bounds}", limited("effect_text"), "right"),
        "share": Column(share, cells("share_text"), "right"),
    }
    if drawn["people"].isna().all():
        del ready["people"]
    outcomes = drawn.loc[drawn["role"] == "row", "outcome"]
    if len(set(outcomes)) > 1 or (drawn["role"] == "alongside").any():
        ready["outcome"] = Column("Outcome", cells("outcome"), flex=True)
    if layout.risk_of_bias is not None:
        items = layout.risk_of_bias["item"].astype(str).unique()
        blank = tuple("" for _ in range(len(drawn)))
        pitch = max(PITCH, widest(list(items), 1.0, True) + 0.4)  # names of items stand side by side
        ready["risk"] = Column("", blank, group="Risk of bias", least=len(items) * pitch)
    sides = []
    for slots, choice, name in (
        (preset.left, layout.columns_left, "columns_left"),
        (preset.right, layout.columns_right, "columns_right"),
    ):
        side: list[Slot] = []
        for slot in slots:
            if slot == "extra":
                side += [("extra", column) for column in extra_columns(choice, drawn, tables, name)]
            elif slot in ready:
                side.append((slot, ready[slot]))
        sides.append(side)
    return sides[0], sides[1]


def extra_columns(
    choice: object, drawn: pd.DataFrame, tables: Sequence[pd.DataFrame], argument: str
) -> list[Column]:
    """Return the columns that the user adds.

    Raises
    ------
    ModelError
        Where a column is not known, or none of its keys is a row or a study of the plot.
    """
    if isinstance(choice, str) or not isinstance(choice, Iterable):
        raise ModelError(f"{argument} takes a list of names of columns or {{head: column}}; got {choice!r}")
    pairs = list(choice.items()) if isinstance(choice, Mapping) else [(name, name) for name in choice]
    return [_extra(head, source, drawn, tables, argument) for head, source in pairs]


def _extra(
    head: object, source: object, drawn: pd.DataFrame, tables: Sequence[pd.DataFrame], argument: str
) -> Column:
    """Return one added column: numbers to the right, words to the left.

    Raises
    ------
    ModelError
        Where it is not known, or none of its keys is a row or a study of the plot.
    """
    group, title = head if isinstance(head, tuple) and len(head) == 2 else ("", head)
    title = as_text(title)
    if isinstance(source, str):
        known = tables[0].columns
        if source not in known:
            raise ModelError(
                f"{argument}: the rows of the result have no column {source!r}, only {', '.join(known)};"
                f" give its values by row: {{{title!r}: effects.table.set_index('row_id')[{source!r}]}}"
            )
        title = title.replace("_", " ").capitalize() if title == source else title
        values = {
            key: value for table in tables for key, value in zip(table["row_id"], table[source], strict=True)
        }
    elif isinstance(source, Mapping | pd.Series):
        values = dict(source.items())
    else:
        raise ModelError(
            f"{argument}: {title!r} takes the name of a column, or a mapping or Series from row_id; got"
            f" {type(source).__name__}"
        )
    keyed = {as_text(key): value for key, value in values.items()}
    rows = drawn["role"].eq("row")
    pairs = list(zip(drawn["row_id"], drawn["study"], strict=True))
    if not any(key in keyed for pair in pairs for key in pair if key):
        some = ", ".join(list(keyed)[:3])
        raise ModelError(
            f"{argument}: no key of {title!r} is a row_id or a study of the plot (its keys: {some or 'none'};"
            f" a row_id: {pairs[list(rows).index(True)][0]})"
        )
    found = [
        keyed.get(row, keyed.get(study)) if is_row else ""
        for (row, study), is_row in zip(pairs, rows, strict=True)
    ]
    texts, numeric = _texts(found)
    return Column(title, texts, "right" if numeric else "left", flex=not numeric, group=as_text(group))


def _texts(values: Sequence[Any]) -> tuple[tuple[str, ...], bool]:
    """Return cells as texts, and whether they are numbers, which then share their decimals."""
    given = [value for value in values if not isinstance(value, str) and not _missing(value)]
    numeric = bool(given) and all(
        _missing(v)
        or v == ""
        or ((isinstance(v, int | float) or hasattr(v, "dtype")) and not isinstance(v, bool))
        for v in values
    )
    if not numeric:
        plain = [as_text(value) for value in values]
        return tuple(MISSING if _missing(v) else text for v, text in zip(values, plain, strict=True)), False
    decimals = max(_decimals(float(value)) for value in given)
    return tuple(
        "" if isinstance(value, str) else MISSING if _missing(value) else number(float(value), decimals)
        for value in values
    ), True


def _missing(value: Any) -> bool:  # noqa: ANN401  (a cell of a table)
    return value is None or (not isinstance(value, str) and bool(pd.isna(value)))


def _decimals(value: float) -> int:
    """Return the decimals that a number needs, at most three."""
    if not math.isfinite(value):
        return 0
    return next((d for d in range(3) if abs(round(value, d) - value) < 1e-9 * max(1.0, abs(value))), 3)
