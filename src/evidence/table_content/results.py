"""The table of results: one line a domain and comparator, with what each result rests on."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from evidence.charts.captions import assumption_words
from evidence.charts.words import domain_name
from evidence.citations import Bibliography
from evidence.effects.codes import measure_name, measure_word
from evidence.studies.record import Studies
from evidence.synthesis.compare import ROW_COUNTS
from evidence.table_content.citing import Citing, records
from evidence.table_content.effects import favoured_side, printed_effect
from evidence.table_words import NO_BREAK, estimate_interval, interval
from evidence.tables import Table

if TYPE_CHECKING:
    from evidence.fit import MetaFit
    from evidence.synthesis.compare import Comparison

__all__ = ["centre", "measure_words", "results_table"]

_ALONE = "exact rows only"
"""Name of the result that a fit carries alongside, from the rows with a value alone."""


def results_table(
    comparisons: Sequence[tuple[str, Comparison]],
    studies: Studies,
    *,
    listed: Bibliography | None = None,
    caption: str = "Pooled results",
    id: str = "results",
) -> Table:
    """Return the pooled results of one or several questions, group by group.

    Parameters
    ----------
    comparisons : sequence of (title, Comparison)
        Questions and their comparisons, all by the same column.
    studies : Studies
        Rows with the labels and references of all of them.
    listed : Bibliography, optional
        Bibliography whose numbers are cited; by default one of these studies.
    caption, id : str
        Caption and name of the table.

    Returns
    -------
    Table
        A limit without an estimate stands as ``≥ 0.12``; one study is shown as such, with what its rows say;
        a group without a result is there too, and the notes say why.
    """
    citing = Citing(studies, listed)
    by = comparisons[0][1].by
    groups = dict.fromkeys(str(group) for _, comparison in comparisons for group in comparison.table[by])
    lines, notes, fits = [], [], []
    for group in groups:
        for title, comparison in comparisons:
            line = {domain_name(by): domain_name(group) or "not stated"}
            if len(comparisons) > 1:
                line["Comparison"] = title
            fit = comparison.fits.get(group)
            if fit is None:
                lines.append(line | _nothing(comparison, group))
                notes += _why_nothing(comparison, group)
            else:
                lines.append(line | _result(fit, comparison, citing))
                fits.append(fit)
    return citing.table(lines, list(lines[0]), caption=caption, notes=[*_notes(fits), *notes], id=id)


def _head(comparison: Comparison) -> str:
    level = "" if comparison.level is None else f" ({comparison.level * 100:g}{NO_BREAK}% interval)"
    name = measure_word(comparison.measure)
    return f"{name[:1].upper()}{name[1:]}{level}"


_ROWS = ("Value", "Bounds", "Side", "Not pooled")


def _nothing(comparison: Comparison, group: str) -> dict[str, str]:
    count = _given(comparison, group)
    said = "not pooled" if count else "no rows"
    blank = dict.fromkeys(("Prediction interval", "From rows with a value", *_ROWS[:3]), "")
    out = {_head(comparison): said, **blank, "Not pooled": str(count)}
    return out | {"Studies": "0", "People": "", "Sources": ""}


def _given(comparison: Comparison, group: str) -> int:
    lines = comparison.table[comparison.table[comparison.by].eq(group)]
    return int(sum(lines[f"rows_{kind}"].sum() for kind in ROW_COUNTS))


def _why_nothing(comparison: Comparison, group: str) -> list[str]:
    reason = comparison.failures.get(group, "")
    if not reason or not _given(comparison, group):
        return []
    said = " ".join(reason.split())
    return [f"{domain_name(group)}: {said[:1].lower()}{said[1:]}."]


def _result(fit: MetaFit, comparison: Comparison, citing: Citing) -> dict[str, str]:
    shown = fit.display
    alone = dict(fit.alongside).get(_ALONE)
    used = fit.rows[fit.rows["used"].astype(bool)]
    kinds = used["kind"].value_counts()
    return {
        _head(comparison): centre(fit),
        "Prediction interval": interval(shown["pred_low"], shown["pred_high"]),
        "From rows with a value": "" if alone is None or not alone.k else centre(alone),
        "Value": str(int(kinds.get("exact", 0))),
        "Bounds": str(int(kinds.get("interval", 0))),
        "Side": str(int(kinds.get("sign", 0))),
        "Not pooled": str(len(fit.rows) - len(used)),
        "Studies": str(fit.n_studies),
        "People": "" if fit.n_people is None else f"{fit.n_people:.0f}",
        "Sources": "; ".join(citing.label(study) for study in dict.fromkeys(used["study"])),
    }


def centre(fit: MetaFit) -> str:
    """Print estimate and interval, a limit, or what the only study says."""
    shown = fit.display
    low, high = shown["conf_low"], shown["conf_high"]
    if fit.scale == "log" and low == 0.0:
        low = None
    text = estimate_interval(shown["estimate"], low, high)
    if fit.n_studies != 1:
        return text or "no bound"
    rows = "" if text else "; ".join(printed_effect(fit, row) for row in records(fit.rows) if row["used"])
    return f"one study: {text or rows or 'nothing'}"


def measure_words(code: str) -> str:
    """Return a measure with its name, for a note: "RR: risk ratio"; without a code, the name alone."""
    word, name = measure_word(code), measure_name(code)
    return f"{word}: {name}" if word != name else f"{name[:1].upper()}{name[1:]}"


def _notes(fits: list[MetaFit]) -> list[str]:
    if not fits:
        return []
    first = fits[0]
    methods = ", ".join(dict.fromkeys(fit.method for fit in fits if fit.n_studies > 1)) or "none was needed"
    notes = [
        f"{measure_words(first.measure)}; {favoured_side(first)}. Model: {methods}.",
        "Value, bounds, side: rows used, by what the print determines. ≥ or ≤: the rows bound the effect on "
        "one side only, so there is a limit and no estimate. People: each study once, with its largest row.",
    ]
    if assumed := assumption_words(fits):
        notes.append(assumed)
    if any(fit.n_studies == 1 for fit in fits):
        notes.append("One study is printed, not pooled: it has no prediction interval.")
    return notes
