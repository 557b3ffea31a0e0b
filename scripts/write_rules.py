"""Write docs/reading_rules.md: the rules of reading, and how many shipped rows each decided."""

from __future__ import annotations

import sys
from pathlib import Path

import pandas as pd

import evidence as ev
from evidence.effects.rules import RULES

TARGET = Path(__file__).parents[1] / "docs" / "reading_rules.md"

QUESTIONS = {
    "integrated_vs_isolated": "SMD",
    "hip_knee_vs_knee": "SMD",
    "prevention": "RR",
    "risk_factor": "OR",
}
"""The shipped questions and the measure that each is read in."""

HEAD = """# How a row is read

A paper prints a table, a p value, or a sentence. These rules say what each kind of print says as an
effect, so that two people read a row alike. They are applied by `ev.effect_sizes`; its `rule` column names
the letters that were applied to each row, and `evidence explain ROW` prints them in words.

This page is written by `scripts/write_rules.py` from the shipped data; a test holds the two together.
"""


def effects_by_question() -> dict[str, pd.DataFrame]:
    """Return the effects table of each shipped question, all levels and time points."""
    studies = ev.example_studies()
    return {
        question: ev.effect_sizes(studies.where(question=question), measure=measure).table
        for question, measure in QUESTIONS.items()
    }


def _grid(counts: dict[str, pd.Series], index: list[str], head: str) -> list[str]:
    frame = pd.DataFrame(counts).reindex(index).fillna(0).astype(int)
    frame["all"] = frame.sum(axis=1)
    lines = [f"| {head} | " + " | ".join(frame.columns) + " |", "|---|" + "---:|" * len(frame.columns)]
    for name, values in zip(frame.index, frame.itertuples(index=False), strict=True):
        lines.append(f"| {name} | " + " | ".join(str(value) for value in values) + " |")
    return lines


def page() -> str:
    """Return the page as Markdown."""
    tables = effects_by_question()
    kinds = {question: table["kind"].value_counts() for question, table in tables.items()}
    letters = {
        question: table["rule"].str.split().explode().value_counts() for question, table in tables.items()
    }
    sources = {
        question: table["derived_from"].replace("", "nothing between the arms").value_counts()
        for question, table in tables.items()
    }
    order = sorted({name for counts in sources.values() for name in counts.index})
    measures = ", ".join(f"{question} as {measure}" for question, measure in QUESTIONS.items())
    lines = [HEAD, "## The rules", ""]
    lines += [f"- **{letter}.** {text}" for letter, text in RULES.items()]
    lines += ["", "## What the shipped rows became", "", f"Questions and measures: {measures}.", ""]
    lines += _grid(kinds, ["exact", "interval", "sign", "unusable"], "kind")
    lines += ["", "## How many rows each rule was applied to", ""]
    lines += ["Several rules can act on one row. Rule k acts on groups of rows and counts none here.", ""]
    lines += _grid(letters, [letter for letter in RULES if letter != "k"], "rule")
    lines += ["", "## What each row was derived from", ""]
    lines += _grid(sources, order, "derivation")
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    text = page()
    if "--check" in sys.argv[1:]:
        sys.exit(0 if TARGET.read_text(encoding="utf-8") == text else "docs/reading_rules.md is out of date")
    TARGET.write_text(text, encoding="utf-8")
