"""The words of a comparison of two builds: lines of text, and JSON."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from evidence.charts.words import number
from evidence.publish.moved import Move

if TYPE_CHECKING:
    from evidence.publish.diff import Diff

__all__ = ["change_words", "diff_json", "diff_text", "shown"]

_LETTERS = {"SMD": "g"}
"""Measures that have a letter of their own in print."""

_ON_SCALE = frozenset({"estimate", "conf_low", "conf_high", "pred_low", "pred_high"})

_OTHER_END = {
    "conf_low": "conf_high",
    "conf_high": "conf_low",
    "pred_low": "pred_high",
    "pred_high": "pred_low",
}

_LISTED = 12
"""Rows that are listed one by one; more are counted."""


def shown(move: Move, result: Mapping[str, Any]) -> str:
    """Return old and new as they are printed: ratios as ratios, with the letter of the measure.

    Parameters
    ----------
    move : Move
        The number.
    result : mapping
        The pooled result that it belongs to; empty where it belongs to none.
    """
    name = move.place[-1]
    turned = result.get("scale") == "log" and name in _ON_SCALE
    sign = int(result.get("display_sign", 1)) if turned else 1
    if turned and sign < 0:
        # A ratio below 1 favours the first arm: its lower limit is the upper one of the model.
        name = _OTHER_END.get(name, name)
    values = [_printed(value, sign if turned else None) for value in (move.old, move.new)]
    measure = str(result.get("measure", ""))
    letter = _LETTERS.get(measure, measure)
    said = letter if name == "estimate" and letter else name.replace("_", " ")
    return f"{said} {values[0]} \u2192 {values[1]}"


def _printed(value: float | None, sign: int | None) -> str:
    if value is None:
        return "none"
    if sign is not None:
        value = math.exp(sign * value) if value * sign < 700 else math.inf
    if math.isinf(value):
        return "no bound"
    return (
        str(int(value)) if float(value).is_integer() and abs(value) < 1e6 and sign is None else number(value)
    )


def change_words(by: float | None, move: Move, result: Mapping[str, Any]) -> str:
    """Return what one change does to a number, in brackets; nothing where it is all of the move.

    Parameters
    ----------
    by : float or None
        How far the change moves the number, on the model scale.
    move, result
        As in `shown`: ratios are multiplied.
    """
    if by is None or (move.change is not None and math.isclose(by, move.change, rel_tol=1e-6)):
        return ""
    if result.get("scale") == "log" and move.place[-1] in _ON_SCALE:
        return f" (\N{MULTIPLICATION SIGN}{number(math.exp(int(result.get('display_sign', 1)) * by))})"
    if abs(by) < 0.00005:
        return " (hardly)"
    places = 0 if abs(by) >= 1 and math.isclose(by, round(by)) else 2 if abs(by) >= 0.005 else 4
    text = f"{by:+.{places}f}"
    return f" ({text})".replace("-", "\N{MINUS SIGN}")


def diff_text(found: Diff) -> str:
    """Return what moved as plain text: output by output, then the rows that changed, then notes."""
    lines = [f"{found.sentence()[:1].upper()}{found.sentence()[1:]}."]
    listed = set(found.rows.loc[found.rows["what"].isin(["added", "removed"]), "row_id"])
    for output, part in found.table.groupby("output", sort=False):
        lines += ["", f"{output} ({part['kind'].iloc[0]})"]
        # Rows that came or went are told below; each has numbers on one side only.
        told = part[~part["where"].isin(listed)]
        last = ""
        for where, group in told.groupby("where", sort=False):
            numbers, because = _group(str(where), group.to_dict("records"))
            lines += [last] if last and last != because else []
            lines += numbers
            last = because
        lines += [last] if last else []
        rows = part.loc[part["where"].isin(listed), "where"].nunique()
        lines += [f"  {rows} row{'' if rows == 1 else 's'} came or went"] if rows else []
    if len(found.rows):
        lines += ["", "Rows", *_row_lines(found)]
    lines += [f"Note: {note}." for note in found.notes]
    return "\n".join(lines)


def _group(where: str, moved: list[dict[Any, Any]]) -> tuple[list[str], str]:
    """Return the numbers of one result, and why its estimate moved, or the first that did.

    Shares of rows, which all move with any, are counted.
    """
    own = [line for line in moved if not str(line["number"]).startswith("share of ")]
    shares = len(moved) - len(own)
    told = [str(line["shown"]) for line in own]
    told += [f"shares of {shares} row{'' if shares == 1 else 's'}"] if shares else []
    main = next((line for line in own if line["number"] == "estimate"), (own or moved)[0])
    lead = f"  {where}: " if where else "  "
    return [f"{lead}{', '.join(told)}"], f"      {main['because']}"


def _row_lines(found: Diff) -> list[str]:
    rows = found.rows
    lines = []
    for what in ("added", "removed", "changed"):
        part = rows[rows["what"] == what]
        if not len(part):
            continue
        names = list(dict.fromkeys(part["row_id"]))
        more = f" and {len(names) - _LISTED} more" if len(names) > _LISTED else ""
        if what != "changed":
            lines.append(f"  {what}: {', '.join(names[:_LISTED])}{more}")
            continue
        for name in names[:_LISTED]:
            cells = part[part["row_id"] == name]
            told = [
                f"{column} {old or 'blank'} \u2192 {new or 'blank'}"
                for column, old, new in zip(cells["column"], cells["old"], cells["new"], strict=True)
            ]
            lines.append(f"  changed: {name}: {', '.join(told)}")
        lines += [f"  changed:{more}"] if more else []
    return lines


def diff_json(found: Diff) -> str:
    """Return a comparison as JSON."""
    moved = [
        {str(name): _finite(value) for name, value in line.items()} for line in found.table.to_dict("records")
    ]
    out = {
        "old": found.old,
        "sentence": found.sentence(),
        "moved": moved,
        "rows": found.rows.to_dict("records"),
        "notes": list(found.notes),
    }
    return json.dumps(out, indent=2, ensure_ascii=False, allow_nan=False)


def _finite(value: object) -> object:
    return None if isinstance(value, float) and not math.isfinite(value) else value
