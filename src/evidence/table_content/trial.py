"""One trial: what is claimed of it, what it printed, and what follows between the arms."""

from __future__ import annotations

from collections.abc import Mapping

from evidence.charts.trial_rows import trial_rows
from evidence.charts.words import domain_name
from evidence.citations import Bibliography
from evidence.effects.codes import measure_name
from evidence.effects.record import Effects, correlation_words
from evidence.errors import ModelError
from evidence.studies.record import Studies
from evidence.table_content.citing import Citing, filled, records
from evidence.table_content.effects import printed_effect
from evidence.table_words import NO_BREAK, as_printed
from evidence.tables import Table

__all__ = ["trial_table"]

_COLUMNS = (
    "Domain",
    "Outcome",
    "Claimed of the first arm",
    "Claimed of the second arm",
    "Printed of the first arm",
    "Printed of the second arm",
    "Printed between the arms",
    "What follows between the arms",
)


def trial_table(
    effects: Effects,
    studies: Studies,
    *,
    listed: Bibliography | None = None,
    caption: str = "What is claimed, what the trial printed, what follows between the arms",
    id: str = "trial",
) -> Table:
    """Return one line an outcome of a trial: claims, printed results, the difference of the arms.

    A change that is significant in one arm and not in the other is no difference between the arms
    (Bland & Altman 2011, doi:10.1186/1745-6215-12-264): the last column rests on the between-arm result
    alone.

    Parameters
    ----------
    effects : Effects
        Effects of the trial's rows.
    studies : Studies
        The trial's rows; their ``claims`` say what is claimed.
    listed : Bibliography, optional
        Bibliography whose numbers are cited; by default one of these studies.
    caption, id : str
        Caption and name of the table.

    Returns
    -------
    Table
        The lines of `trial_rows`: outcomes in the order of the file, then domains that are claimed but that
        the trial did not test. The claims stand in full in the notes.

    Raises
    ------
    ModelError
        Where the rows are not of one study.
    """
    keys = list(dict.fromkeys(effects.table["study"]))
    if len(keys) != 1:
        raise ModelError(
            f"a trial is one study; these rows are of {len(keys)}: choose them with where(study=...)"
        )
    citing = Citing(studies, listed)
    printed = {str(row["row_id"]): row for row in records(studies.text)}
    derived = {str(row["row_id"]): row for row in records(effects.table)}
    lines = []
    for row in records(trial_rows(effects, studies, study=keys[0])):
        cells = printed.get(str(row["row_id"]), {})
        effect = derived.get(str(row["row_id"]))
        lines.append(
            {
                "Domain": domain_name(str(row["domain"])),
                "Outcome": str(row["outcome"]),
                "Claimed of the first arm": str(row["says_e"]),
                "Claimed of the second arm": str(row["says_c"]),
                "Printed of the first arm": filled([_means(cells, "e"), str(row["within_e"])], "; "),
                "Printed of the second arm": filled([_means(cells, "c"), str(row["within_c"])], "; "),
                "Printed between the arms": str(row["between"]),
                "What follows between the arms": _follows(effects, effect) if effect else "",
            }
        )
    notes = [_arms(studies, citing, keys[0]), *_claims(studies, effects), _reading(effects)]
    return citing.table(lines, _COLUMNS, caption=caption, notes=notes, id=id)


def _means(cells: Mapping[str, str], arm: str) -> str:
    """Return printed means before and after, each with its SD in brackets."""
    both = [_mean(cells, stage, arm) for stage in ("pre", "post")]
    return " \N{RIGHTWARDS ARROW} ".join(both) if all(both) else filled(both)


def _mean(cells: Mapping[str, str], stage: str, arm: str) -> str:
    mean, sd = (as_printed(cells.get(f"{stage}_{part}_{arm}", "")) for part in ("mean", "sd"))
    return f"{mean}{NO_BREAK}({sd})" if mean and sd else mean


def _follows(effects: Effects, row: Mapping[str, object]) -> str:
    """Say what a row tells of the difference between the arms, never more than its bounds allow."""
    if row["kind"] == "unusable":
        return "nothing"
    shown = printed_effect(effects, row)
    if row["kind"] == "sign":
        return shown
    low, high = float(str(row["low"])), float(str(row["high"]))
    if row["kind"] == "exact":
        half = 1.959963984540054 * float(str(row["std_error"]))
        low, high = low - half, high + half
    side = "favours the first arm" if low > 0 else "favours the second arm" if high < 0 else "undecided"
    return f"{shown}: {side}"


def _arms(studies: Studies, citing: Citing, study: str) -> str:
    """Name the trial, its arms and their sizes."""
    first = next(row for row in records(studies.table) if row["study"] == study)
    named = [
        f"{which} arm {first[f'arm_{arm}']}"
        + ("" if first[f"n_{arm}"] != first[f"n_{arm}"] else f", n = {first[f'n_{arm}']:g}")
        for which, arm in (("first", "e"), ("second", "c"))
    ]
    return f"{citing.label(study)}: {'; '.join(named)}."


def _claims(studies: Studies, effects: Effects) -> list[str]:
    """Print in full the claims on changes within an arm that the first columns take apart."""
    if studies.claims is None:
        return []
    questions = set(effects.table["question"])
    return [
        f"{claim['claimant']}: {claim['claim']}."
        for claim in records(studies.claims)
        if claim["kind"] == "within" and claim["question"] in questions
    ]


def _reading(effects: Effects) -> str:
    measure = measure_name(effects.measure)
    assumed = (
        ""
        if effects.correlation is None
        else f", with an assumed correlation of {correlation_words(effects.correlation)}"
    )
    return (
        f"What follows: {measure}{assumed}; a value with its 95 % interval, or the bounds within which the "
        "print places the difference. A change in one arm and none in the other is no difference between "
        "them."
    )
