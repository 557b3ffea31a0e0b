"""Schemes to appraise studies with, as data, and what the rows can prefill of them for a human to confirm."""

from __future__ import annotations

import tomllib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from importlib import resources
from types import MappingProxyType
from typing import TYPE_CHECKING

import pandas as pd

from evidence._check import one_of
from evidence.errors import ModelError

if TYPE_CHECKING:
    from evidence.studies.record import Studies

__all__ = ["Item", "Level", "Scheme", "appraisal", "schemes"]


@dataclass(frozen=True)
class Level:
    """One judgement of a scheme: its word, its points, and how it is shown."""

    word: str
    points: int
    symbol: str
    colour: str


@dataclass(frozen=True)
class Item:
    """One item or domain of a scheme; `from_data` names what the rows can suggest, or is empty."""

    id: str
    words: str
    points: int
    from_data: str = ""


@dataclass(frozen=True)
class Scheme:
    """A scheme: what is judged, in which levels, and where it is from."""

    name: str
    title: str
    unit: str
    source: str
    levels: tuple[Level, ...]
    items: tuple[Item, ...]


@lru_cache(maxsize=1)
def schemes() -> Mapping[str, Scheme]:
    """Return the schemes by name: PEDro, TESTEX, RoB 2.

    Examples
    --------
    >>> sorted(schemes())
    ['PEDro', 'RoB 2', 'TESTEX']
    >>> sum(item.points for item in schemes()["PEDro"].items)
    10
    """
    text = resources.files("evidence.auditing").joinpath("schemes.toml").read_text(encoding="utf-8")
    out = {}
    for entry in tomllib.loads(text)["scheme"]:
        levels = tuple(Level(**level) for level in entry.pop("levels"))
        items = tuple(Item(**item) for item in entry.pop("items"))
        out[entry["name"]] = Scheme(levels=levels, items=items, **entry)
    return MappingProxyType(out)


def appraisal(studies: Studies, scheme: str = "PEDro") -> pd.DataFrame:
    """Return an appraisal form: one line a study and item, prefilled where the rows show it.

    Parameters
    ----------
    studies : Studies
        The rows; results of reviews are left out.
    scheme : {"PEDro", "TESTEX", "RoB 2"}, default "PEDro"
        The scheme. What the rows can suggest: that arms were compared statistically, and that point values
        come with their variability (PEDro items 10 and 11; TESTEX items 8a, 8b and 9; nothing of RoB 2).

    Returns
    -------
    DataFrame
        ``study, item, words, suggested, because, confirmed``; ``confirmed`` is empty, for a human to fill in.
        ``suggested`` is "yes" where a row shows the item, otherwise empty: rows are what was extracted, most
        of it from abstracts, and what they do not hold may stand in the paper. ``because`` then says what was
        not seen, and where was looked.

    Raises
    ------
    ModelError
        Where `studies` is no Studies record or the scheme is not known.

    References
    ----------
    Maher CG et al. Phys Ther 2003;83(8):713-721. https://doi.org/10.1093/ptj/83.8.713

    Examples
    --------
    >>> import evidence as ev
    >>> form = ev.appraisal(ev.example_studies().where(study="resendeneto2019"))
    >>> form.loc[form["item"] == "11", "suggested"].item()
    'yes'
    """
    if not hasattr(studies, "text"):
        raise ModelError(
            f"appraisal() takes Studies, as read_studies() returns them; got {type(studies).__name__}"
        )
    chosen = schemes()[one_of("scheme", scheme, schemes())]
    table = studies.table
    records = []
    for study, rows in table[table["level"] != "pooled"].groupby("study", sort=False):
        for item in chosen.items:
            suggested, because = _FROM_DATA[item.from_data](rows) if item.from_data else ("", "")
            records.append((str(study), item.id, item.words, suggested, because, ""))
    return pd.DataFrame(records, columns=["study", "item", "words", "suggested", "because", "confirmed"])


def _compared(rows: pd.DataFrame) -> pd.Series:
    return (
        rows["basis"].eq("between_group_test")
        | rows["p_between"].ne("")
        | rows["signif_between"].isin(["yes", "no"])
    )


def _between_arms(rows: pd.DataFrame) -> tuple[str, str]:
    found = rows.loc[_compared(rows), "row_id"]
    return ("yes", f"row {found.iloc[0]}") if len(found) else _not_seen(rows, "a test between the arms")


def _between_arms_twice(rows: pd.DataFrame) -> tuple[str, str]:
    found = rows.loc[_compared(rows)].drop_duplicates("outcome")["row_id"]
    if len(found) > 1:
        return "yes", f"rows {found.iloc[0]} and {found.iloc[1]}"
    return _not_seen(rows, "a test between the arms on a second outcome")


def _variability(rows: pd.DataFrame) -> tuple[str, str]:
    has = pd.Series(False, index=rows.index)
    for stage in ("post", "change"):
        has |= rows[[f"{stage}_{what}_{arm}" for what in ("mean", "sd") for arm in "ec"]].notna().all(axis=1)
    has |= rows[["effect", "ci_low", "ci_high"]].notna().all(axis=1)
    has |= rows[["events_e", "total_e", "events_c", "total_c"]].notna().all(axis=1)
    found = rows.loc[has, "row_id"]
    return (
        ("yes", f"row {found.iloc[0]}") if len(found) else _not_seen(rows, "means with SDs, or an interval")
    )


_NAMED = 2
"""Places named in the reason; a study is seldom read in more."""


def _not_seen(rows: pd.DataFrame, what: str) -> tuple[str, str]:
    """Suggest nothing, and say what was looked for and where: a silent row is no evidence of absence."""
    places = [place for place in dict.fromkeys(rows["source_locator"].astype(str)) if place]
    if not places:
        return "", f"not seen in the rows: {what}"
    more = " and elsewhere" if len(places) > _NAMED else ""
    return "", f"not seen in what was read ({'; '.join(places[:_NAMED])}{more}): {what}"


_FROM_DATA: Mapping[str, Callable[[pd.DataFrame], tuple[str, str]]] = {
    "between_arms": _between_arms,
    "between_arms_twice": _between_arms_twice,
    "variability": _variability,
}
