"""SWiM: the nine things to report of a synthesis without meta-analysis, filled from the analysis."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from html import escape

import pandas as pd

from evidence.effects.record import Effects
from evidence.fit.numbers import count
from evidence.numerics.sign_test import SignTest

__all__ = ["SWIM_ITEMS", "Checklist", "swim_checklist"]

SWIM_ITEMS = (
    ("1", "Grouping studies for synthesis"),
    ("2", "Standardised metric and transformation methods"),
    ("3", "Synthesis methods"),
    ("4", "Criteria used to prioritise results"),
    ("5", "Investigation of heterogeneity"),
    ("6", "Certainty of evidence"),
    ("7", "Data presentation methods"),
    ("8", "Reporting results"),
    ("9", "Limitations of the synthesis"),
)
"""Numbers and names of the nine items (Campbell et al. 2020, table 1)."""

AUTHOR = "For the author: "
"""How a text begins that the analysis cannot supply."""


@dataclass(frozen=True, eq=False, repr=False)
class Checklist:
    """A reporting checklist, filled as far as the analysis knows.

    Attributes
    ----------
    table : DataFrame
        One line an item: ``item, name, report, to_do``. ``report`` is what the analysis knows, ``to_do``
        what only the author can add; each may be empty.
    source : str
        The guideline.

    References
    ----------
    Campbell M, McKenzie JE, Sowden A, et al. Synthesis without meta-analysis (SWiM) in systematic reviews:
    reporting guideline. BMJ 2020;368:l6890. doi:10.1136/bmj.l6890
    """

    table: pd.DataFrame
    source: str = "SWiM: Campbell et al. 2020, BMJ 368:l6890, doi:10.1136/bmj.l6890"

    @property
    def text(self) -> str:
        """The checklist as plain lines."""
        lines = [self.source]
        for row in self.table.to_dict("records"):
            lines.append(f"{row['item']}. {row['name']}")
            lines += [f"   {part}" for part in (row["report"], _to_do(row["to_do"])) if part]
        return "\n".join(lines)

    @property
    def markdown(self) -> str:
        """A pipe table."""
        lines = ["| Item | What is reported | Still to do |", "| --- | --- | --- |"]
        for row in self.table.to_dict("records"):
            cells = (f"{row['item']} {row['name']}", row["report"], row["to_do"])
            lines.append("| " + " | ".join(str(cell).replace("|", "\\|") for cell in cells) + " |")
        return "\n".join([*lines, "", self.source, ""])

    @property
    def html(self) -> str:
        """A table; all text escaped."""
        head = "".join(f"<th>{name}</th>" for name in ("Item", "What is reported", "Still to do"))
        body = "".join(
            f"<tr><th>{row['item']} {escape(str(row['name']))}</th><td>{escape(str(row['report']))}</td>"
            f"<td>{escape(str(row['to_do']))}</td></tr>"
            for row in self.table.to_dict("records")
        )
        return (
            f'<table class="evidence-swim"><caption>{escape(self.source)}</caption>'
            f"<thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>"
        )

    def __str__(self) -> str:
        """Return the checklist as plain lines."""
        return self.text

    def __repr__(self) -> str:
        """Return how much is filled."""
        done = int(self.table["report"].ne("").sum())
        return f"<Checklist: {done} of {len(self.table)} items filled; {self.source}>"

    def _repr_html_(self) -> str:
        """Return the table."""
        return self.html


def _to_do(text: object) -> str:
    return f"{AUTHOR}{text}" if text else ""


def swim_checklist(
    effects: Effects, rows: pd.DataFrame, studies: pd.DataFrame, test: SignTest, notes: Sequence[str]
) -> Checklist:
    """Fill the nine items of SWiM from a test of directions.

    Parameters
    ----------
    effects : Effects
        Everything that was given.
    rows : DataFrame
        The rows that compare the arms.
    studies : DataFrame
        `DirectionTest.table`.
    test : SignTest
        The sign test.
    notes : sequence of str
        What a reader must know.

    References
    ----------
    Campbell et al. 2020, doi:10.1136/bmj.l6890
    """
    found = {
        "1": (_grouping(rows), "why these groups, and what changed since the protocol"),
        "2": (_metric(effects, rows), ""),
        "3": (_methods(studies), ""),
        "4": (_priorities(effects, rows), "whether some studies (design, risk of bias) count more, and why"),
        "5": (_heterogeneity(rows, studies), "why studies may differ"),
        "6": ("", "how certain the evidence is (GRADE or another method); the data do not tell"),
        "7": (
            "Effect-direction plot, harvest plot and albatross plot; studies in the order of the data, "
            f"{count(len(studies), 'study', 'studies')} in one line each.",
            "the characteristics by which studies are ordered",
        ),
        "8": (_results(studies, test), ""),
        "9": (_limits(studies, notes), "limits of the search and of the studies themselves"),
    }
    lines = [(item, name, *found[item]) for item, name in SWIM_ITEMS]
    return Checklist(pd.DataFrame(lines, columns=["item", "name", "report", "to_do"]))


def _grouping(rows: pd.DataFrame) -> str:
    parts = []
    for name, words in (
        ("question", "question"),
        ("domain", "domain"),
        ("comparator_class", "comparator"),
        ("arm_design", "design"),
    ):
        if name in rows:
            several = [str(value).replace("_", " ") or "not said" for value in dict.fromkeys(rows[name])]
            parts.append(f"{words}: {', '.join(several)}")
    if not parts:
        return "One group; the rows name no question, domain or comparator."
    return f"The rows that were given, in one group ({'; '.join(parts)})."


def _metric(effects: Effects, rows: pd.DataFrame) -> str:
    kinds = rows["kind"].value_counts()
    words = {"exact": "exact", "interval": "interval", "sign": "sign", "unusable": "unknown"}
    told = ", ".join(f"{int(kinds[kind])} {word}" for kind, word in words.items() if kind in kinds)
    return (
        f"Direction of effect, read from the {effects.measure} that each report determines ({told} rows): "
        "the side of its value, of its bounds, or the side that the report names. Positive favours the first "
        "arm. A direction, because few reports give a value that could be pooled."
    )


def _methods(studies: pd.DataFrame) -> str:
    text = (
        "One direction a study (that of most of its rows); exact sign test of equal shares with "
        "Clopper-Pearson interval; rows of unknown side as bounds. Significance is not counted."
    )
    if int(studies["z"].notna().sum()) >= 2:
        text += " Exact one-sided p values combined by Fisher, Stouffer and Edgington."
    return text


def _priorities(effects: Effects, rows: pd.DataFrame) -> str:
    left = len(effects.table) - len(rows)
    text = "The time point nearest the end of treatment of each outcome; comparisons between arms only."
    return f"{text} {count(left, 'row was', 'rows were')} left out by these rules." if left else text


def _heterogeneity(rows: pd.DataFrame, studies: pd.DataFrame) -> str:
    ways = studies["direction"].value_counts()
    told = ", ".join(
        f"{int(ways[way])} {words}"
        for way, words in (
            ("first", "for the first arm"),
            ("second", "for the second arm"),
            ("tie", "without a majority"),
            ("unknown", "unknown"),
        )
        if way in ways
    )
    where = " Directions by domain are in the plots." if "domain" in rows else ""
    return f"By the spread of directions: {told}.{where}"


def _results(studies: pd.DataFrame, test: SignTest) -> str:
    counted = test.first + test.second
    if not counted:
        return f"None of {count(len(studies), 'study', 'studies')} tells a direction."
    people = studies["people"].sum(min_count=1)
    of = f", {people:.0f} people where known" if people == people else ""
    favour = "favours" if test.first == 1 else "favour"
    share, low, high = (f"{100 * value:.0f}" for value in (test.proportion, test.low, test.high))
    return (
        f"{test.first} of {counted} studies with a direction {favour} the first arm "
        f"({share} %, interval {low} to {high} %); "
        f"{count(len(studies), 'study', 'studies')} in all{of}."
    )


def _limits(studies: pd.DataFrame, notes: Sequence[str]) -> str:
    text = "Directions say nothing of size and weigh small and large studies alike; they are themselves "
    text += "selected, because a 'no difference' rarely tells its side."
    unknown = int(studies["unknown"].sum())
    if unknown:
        text += f" {count(unknown, 'row has', 'rows have')} an unknown side."
    same = [note for note in notes if note.endswith("the same people.")]
    return " ".join([text, *same])
