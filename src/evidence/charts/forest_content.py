"""What a forest plot says, before it has a size: columns, notes, key; and with ever fewer columns."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import TYPE_CHECKING

import pandas as pd

from evidence.charts.captions import assumption_words, left_out_notes, method_words, model_words
from evidence.charts.forest_columns import Slot, filled, slots_for
from evidence.charts.forest_layout import ForestLayout, Preset
from evidence.charts.forest_sections import Sections
from evidence.charts.frame import measure_name, on_screen
from evidence.charts.style import Style
from evidence.charts.table_parts import Content
from evidence.charts.words import listed, plural

if TYPE_CHECKING:
    from evidence.charts.risk_of_bias_rows import Appraised

__all__ = ["basis", "contents_for", "drawn_rows"]

_KEY = ("square", "band", "arrow", "diamond", "fitted", "bound", "prediction")

_LAST = ("extra", "outcome", "risk")
"""Columns that are given up last, in this order."""

_SPOKEN = ("heading", "statistics", "test")


def drawn_rows(rows: pd.DataFrame) -> pd.DataFrame:
    """Return the lines of a forest plot that have a place in the picture."""
    drawn = rows[rows["role"] != "left_out"].reset_index(drop=True)
    drawn.attrs = rows.attrs
    return drawn


def contents_for(
    sections: Sections,
    rows: pd.DataFrame,
    preset: Preset,
    layout: ForestLayout,
    appraised: Appraised | None,
    *,
    style: Style,
    favours: tuple[str, str],
    title: str,
) -> list[Content]:
    """Return the chart with all columns, then with ever fewer: the first that leaves a picture is drawn.

    The weights go first, then the numbers of people; what the user asked for goes last, and a note names it.
    """
    drawn, lead, slide = drawn_rows(rows), sections.lead, style.name == "slide"
    over = (
        preset.picture if style.width > 5.0 else preset.picture and "{measure}"
    )  # a single column is narrow
    tables = [fit.rows for fit in sections.fits]
    left, right = slots_for(drawn, lead, preset, layout, tables)
    if style.width < 5.0:  # no column is wider for the level of a limit than for an interval
        left, right = _narrower(left), _narrower(right)
    full = Content(
        (),
        (),
        title=title,
        favours=_favours(favours, lead.scale, lead.display_sign, preset),
        axis_label="" if slide or preset.picture else measure_name(lead.measure),
        picture_group=filled(over, lead),
        bold=frozenset(drawn.index[drawn["role"].isin(["heading", "subtotal", "pooled"])]),
        rules=_rules(drawn),
        lanes=tuple(1.0 for _ in range(len(drawn))),
        key=(*_key(drawn, plain=slide or preset.name != "evidence"), *(appraised.key if appraised else ())),
        foot=_foot(sections, rows, appraised, slide=slide),
        spans=tuple(
            _kept(label) if role in _SPOKEN else ""
            for role, label in zip(drawn["role"], drawn["label"], strict=True)
        ),
        favours_above=preset.favours_above,
    )
    return [_with(full, *sides, appraised) for sides in _ever_fewer(left, right)]


def _narrower(slots: list[Slot]) -> list[Slot]:
    """Return the columns with the level of a limit in two lines."""
    return [
        (name, replace(one, cells=tuple(cell.replace("(one-sided ", "(one-sided\n") for cell in one.cells)))
        for name, one in slots
    ]


def _kept(text: str) -> str:
    """Return a text whose equations are not broken over lines."""
    text = re.sub(r"([\u03c4I]\u00b2) (?=\d)", "\\1\u00a0", text)
    return re.sub(r"(?<=\d), (?=\d)", ",\u00a0", re.sub(r" ([=<>]) ", "\u00a0\\1\u00a0", text))


def _with(
    full: Content, left: list[Slot], right: list[Slot], gone: tuple[str, ...], appraised: Appraised | None
) -> Content:
    """Return the chart with some columns; a note names those of the user that had no room."""
    note = (f"No room for: {listed(gone)}.",) if gone else ()
    if appraised and not any(name == "risk" for name, _ in (*left, *right)):  # nothing left to explain
        full = replace(
            full,
            key=tuple(mark for mark in full.key if isinstance(mark, str)),
            foot=tuple(words for words in full.foot if words != appraised.note),
        )
    return replace(
        full,
        left=tuple(column for _, column in left),
        right=tuple(column for _, column in right),
        foot=(*full.foot, *note),
    )


def _ever_fewer(left: list[Slot], right: list[Slot]) -> list[tuple[list[Slot], list[Slot], tuple[str, ...]]]:
    """Return the columns with all, without weights, without people, then without those of the user."""
    out: list[tuple[list[Slot], list[Slot], tuple[str, ...]]] = [(left, right, ())]
    for name in ("share", "people"):
        left = [slot for slot in left if slot[0] != name]
        right = [slot for slot in right if slot[0] != name]
        out.append((left, right, ()))
    gone: tuple[str, ...] = ()
    while any(name in _LAST for name, _ in (*left, *right)):
        kind = next(kind for kind in _LAST if any(name == kind for name, _ in (*left, *right)))
        side = right if any(name == kind for name, _ in right) else left
        last = max(i for i, (name, _) in enumerate(side) if name == kind)
        column = side[last][1]
        gone = (*gone, f"{column.group} {column.header}".strip())
        left = [slot for slot in left if slot is not side[last]]
        right = [slot for slot in right if slot is not side[last]]
        out.append((left, right, gone))
    return out


def _favours(favours: tuple[str, str], scale: str, sign: int, preset: Preset) -> tuple[str, str]:
    """Return what lies left and right of the line, in the word of the preset."""
    left, right = on_screen(favours, scale, sign)
    return left.replace("favours", preset.favours, 1), right.replace("favours", preset.favours, 1)


def _rules(drawn: pd.DataFrame) -> frozenset[int]:
    """Return the lines that begin with a rule: headings, and what stands below all rows."""
    roles = list(drawn["role"])
    if "heading" not in roles:
        return frozenset([i for i, role in enumerate(roles) if role != "row"][:1])
    below = [i for i, group in enumerate(drawn["group"]) if not group]
    return frozenset([i for i, role in enumerate(roles) if role == "heading" and i] + below[:1])


def _key(drawn: pd.DataFrame, *, plain: bool) -> tuple[str, ...]:
    """Return the marks to explain; `plain` leaves out those that everybody knows, as journals do."""
    present = set(drawn["mark"]) | ({"fitted"} if drawn["fitted"].notna().any() else set())
    return tuple(mark for mark in _KEY if mark in present and not (plain and mark in ("square", "diamond")))


def _foot(
    sections: Sections, rows: pd.DataFrame, appraised: Appraised | None, *, slide: bool
) -> tuple[str, ...]:
    """Return the notes: what the result rests on, what was left out, what the symbols judge."""
    judged = (appraised.note,) if appraised else ()
    lack = (f"{sections.lack}.",) if sections.lack and not slide else ()
    return (*(() if slide else (basis(sections),)), *lack, *left_out_notes(rows, short=slide), *judged)


def basis(sections: Sections) -> str:
    """Return what a forest plot rests on: the model, and what it assumes."""
    overall = sections.overall
    if overall is not None:
        return f"{model_words(overall)} {assumption_words([overall])}".rstrip()
    methods = list(dict.fromkeys(method_words(fit.method) for fit in sections.fits if fit.n_studies > 1))
    model = listed(methods) or method_words(sections.lead.method)
    studies = {str(s) for fit in sections.fits for s in fit.rows.loc[fit.rows["used"].astype(bool), "study"]}
    size = f"{plural(sum(fit.k for fit in sections.fits), 'row')} of "
    size += plural(len(studies), "study", "studies")
    words = f"{model[:1].upper()}{model[1:]}; {size}. {assumption_words(sections.fits)}"
    return words.rstrip()
