"""Write docs/reading_rules.md: the rules of reading, and how many shipped rows each decided."""

from __future__ import annotations

import sys
from pathlib import Path

import pandas as pd

import evidence as ev
from evidence.effects.measures import MEASURES
from evidence.effects.paired_derivations import PAIRED_MD, PAIRED_SMD
from evidence.effects.readers import READABLE
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


CHOICE = """## The derivations, and which one is taken

A row often prints more than one effect needs: means and SDs, an interval of the difference, a p. Every way
from its numbers to the effect is tried. Of those that the print allows, one is taken by rule:

1. the lowest rank of evidence: numbers, then an exact p, then bounds (rule a);
2. then the one whose estimate rests on the fewest assumptions;
3. then the one with the fewest assumptions in all (one that moves the variance alone is named as such);
4. then the one that stands first below.

The `alternatives` of a row say what the others would give; `effects.derivations` has them in numbers, each
with the range that the rounding of its printed digits leaves (`rounding_low`, `rounding_high`).
`metric_scale` says whose scores the print speaks of: `raw`, `change`, or `ancova`. Numbers of an arm that
are not printed are solved for, the way with the fewest assumptions first:

- **SD**: printed; from the SE; from the interval of the mean (t quantile; a level that is not printed is
  taken as 95 %, and named); of a change also from the paired t or exact p within the arm; from quartiles,
  extremes or both (Wan 2014). A change's SD made of those before and after needs r, and serves mean
  differences only: the standardised ones stay with the SD before training.
- **Mean**: printed; the middle of its interval; from the median with quartiles, extremes or both (Luo
  2018). A change: after minus before; printed; a percentage of the mean before (an assumption).
- **People**: those measured after training, else the arm's; from the degrees of freedom of the test plus 2;
  from the people in all (rule d).
- **r**, the correlation of scores before and after: the arms' own, printed or implied by their three SDs
  (of two arms the mean of Fisher's z by n - 3; values outside -1 to 1 contradict one another: named, not
  used); else `correlation=`: a number (0.7 unless told otherwise), a mapping by outcome, or `"pooled"`.
  `ev.correlation_grid` shows what a result owes to it.
"""

RANKS = {1: "numbers", 2: "exact p", 3: "bounds"}


def effects_by_question() -> dict[str, ev.Effects]:
    """Return the effects of each shipped question, all levels and time points."""
    studies = ev.example_studies()
    return {
        question: ev.effect_sizes(studies.where(question=question), measure=measure)
        for question, measure in QUESTIONS.items()
    }


def _registry() -> list[str]:
    """Return the derivations of each measure that has a registry, in their order."""
    lines: list[str] = []
    paired = {"SMD": PAIRED_SMD, "MD": PAIRED_MD}
    for code, registered in READABLE.items():
        derivations = [*registered, *paired.get(code, ())]
        if not derivations:
            continue
        name = f"{MEASURES[code].name[:1].upper()}{MEASURES[code].name[1:]}"
        lines += [f"### {code}: {name}", "", "| derivation | what it reads | rank | assumes at least |"]
        lines.append("|---|---|---|---|")
        lines += [
            f"| `{each.code}` | {each.says} | {RANKS[each.rank]} | {each.assumes or 'nothing'} |"
            for each in derivations
        ]
        lines.append("")
    lines += [
        "### RR, IRR, HR, OR: ratios",
        "",
        "In this order: counts of both arms (`counts`; in cluster-randomised trials after the printed "
        "ratio), a printed ratio with its interval (`printed_ratio`), a relative risk reduction with its "
        "interval (`reduction`), a printed ratio with an exact p (`ratio_and_p`).",
        "",
    ]
    return lines


def _grid(counts: dict[str, pd.Series], index: list[str], head: str) -> list[str]:
    frame = pd.DataFrame(counts).reindex(index).fillna(0).astype(int)
    frame["all"] = frame.sum(axis=1)
    lines = [f"| {head} | " + " | ".join(frame.columns) + " |", "|---|" + "---:|" * len(frame.columns)]
    for name, values in zip(frame.index, frame.itertuples(index=False), strict=True):
        lines.append(f"| {name} | " + " | ".join(str(value) for value in values) + " |")
    return lines


def _codes(effects: ev.Effects) -> pd.Series:
    """Count the rows by the code of the derivation that was taken."""
    lines = effects.derivations
    taken = lines[lines["taken"]]
    words = taken["kind"].map({"sign": "(a side alone)", "unusable": "(nothing between the arms)"})
    return taken["code"].where(taken["code"] != "", words).value_counts()


def page() -> str:
    """Return the page as Markdown."""
    effects = effects_by_question()
    tables = {question: each.table for question, each in effects.items()}
    codes = {question: _codes(each) for question, each in effects.items()}
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
    lines += ["", CHOICE, *_registry()]
    lines.pop()
    lines += ["", "## What the shipped rows became", "", f"Questions and measures: {measures}.", ""]
    lines += _grid(kinds, ["exact", "interval", "sign", "unusable"], "kind")
    lines += ["", "## How many rows each rule was applied to", ""]
    lines += ["Several rules can act on one row. Rule k acts on groups of rows and counts none here.", ""]
    lines += _grid(letters, [letter for letter in RULES if letter != "k"], "rule")
    lines += ["", "## How many rows each derivation gave", ""]
    known = sorted({name for counts in codes.values() for name in counts.index})
    lines += _grid(codes, sorted(known, key=lambda name: name.startswith("(")), "derivation")
    lines += ["", "## What each row was derived from, in its own words", ""]
    lines += _grid(sources, order, "derivation")
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    text = page()
    if "--check" in sys.argv[1:]:
        sys.exit(0 if TARGET.read_text(encoding="utf-8") == text else "docs/reading_rules.md is out of date")
    TARGET.write_text(text, encoding="utf-8")
