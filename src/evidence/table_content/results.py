"""The table of results: one line a domain and comparator, with what each result rests on."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

from evidence.charts.words import domain_name
from evidence.citations import Bibliography
from evidence.effects.measures import MEASURES
from evidence.studies.record import Studies
from evidence.table_content.citing import Citing
from evidence.table_words import estimate_interval, interval
from evidence.tables import Table

if TYPE_CHECKING:
    from evidence.fit import MetaFit
    from evidence.synthesis.compare import Comparison

__all__ = ["results_table"]

_ALONE = "exact rows only"
"""Name of the result that a fit carries alongside, from the rows with a value alone."""


def results_table(
    comparisons: Sequence[tuple[str, Comparison]],
    studies: Studies,
    *,
    order: Iterable[str] = (),
    listed: Bibliography | None = None,
    caption: str = "Pooled results",
    id: str = "results",
) -> Table:
    """Return the pooled results of one or several questions, value by value.

    Parameters
    ----------
    comparisons : sequence of (title, Comparison)
        Questions and their comparisons, all by the same column.
    studies : Studies
        Rows with the labels and references of all of them.
    order : iterable of str
        Values to be shown first, in this order (a value without any row is shown as such); others follow.
    listed : Bibliography, optional
        Bibliography whose numbers are cited; by default one of these studies.
    caption, id : str
        Caption and name of the table.

    Returns
    -------
    Table
        Bounds stand as ``≥ 0.12``; a cell without a pooled result says why in the notes.
    """
    citing = Citing(studies, listed)
    values = dict.fromkeys(order)
    for _, comparison in comparisons:
        values |= dict.fromkeys(comparison.fits)
    several = len(comparisons) > 1
    fits = [
        (value, title, comparison.fits.get(value)) for value in values for title, comparison in comparisons
    ]
    head = _head(comparisons)
    lines = []
    for value, title, fit in fits:
        line = {"Domain": domain_name(value) or "not stated"}
        if several:
            line["Compared with"] = title
        lines.append(line | _result(fit, head, citing))
    notes = _notes([fit for _, _, fit in fits if fit is not None])
    return citing.table(lines, list(lines[0]), caption=caption, notes=notes, id=id)


def _head(comparisons: Sequence[tuple[str, Comparison]]) -> str:
    first = comparisons[0][1]
    return f"{first.measure} ({first.level * 100:g} % interval)"


def _result(fit: MetaFit | None, head: str, citing: Citing) -> dict[str, str]:
    if fit is None:
        blank = ("Prediction interval", "Rows with a value alone", "Value", "Bounds", "Side", "Not pooled")
        return {head: "no rows", **dict.fromkeys(blank, ""), "Studies": "0", "People": "", "Sources": ""}
    shown = fit.display
    alone = dict(fit.alongside).get(_ALONE)
    used = fit.rows[fit.rows["used"].astype(bool)]
    kinds = used["kind"].value_counts()
    return {
        head: _centre(fit),
        "Prediction interval": interval(shown["pred_low"], shown["pred_high"]),
        "Rows with a value alone": "" if alone is None else _centre(alone),
        "Value": str(int(kinds.get("exact", 0))),
        "Bounds": str(int(kinds.get("interval", 0))),
        "Side": str(int(kinds.get("sign", 0))),
        "Not pooled": str(len(fit.rows) - len(used)),
        "Studies": str(fit.n_studies),
        "People": "" if fit.n_people is None else f"{fit.n_people:.0f}",
        "Sources": "; ".join(citing.label(study) for study in dict.fromkeys(used["study"])),
    }


def _centre(fit: MetaFit) -> str:
    shown = fit.display
    return estimate_interval(shown["estimate"], shown["conf_low"], shown["conf_high"]) or "no bound"


def _notes(fits: list[MetaFit]) -> list[str]:
    if not fits:
        return []
    first = fits[0]
    where = "below 1" if first.scale == "log" else "above 0"
    methods = ", ".join(dict.fromkeys(fit.method for fit in fits))
    notes = [
        f"{first.measure}: {MEASURES[first.measure].name}; {where} favours the first arm. Models: {methods}.",
        "Value, bounds, side: rows used, by what the print determines. ≥ or ≤: the rows bound the effect on "
        "one side only, so there is a limit and no estimate. People: each study once, with its largest row.",
    ]
    if any(fit.n_studies == 1 for fit in fits):
        notes.append("One study is printed, not pooled: it has no prediction interval.")
    return notes
