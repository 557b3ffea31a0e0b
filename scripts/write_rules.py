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

| solved for | formula | source |
|---|---|---|
| SD of n people | SE·√n; √n·(high - low)/(2 t), t with n - 1 df | Cochrane Handbook 6.5.2.2 |
| SD of a change | √n·abs(mean change)/abs(paired t) | Cochrane Handbook 6.5.2.8 |
| SD of a change | √(pre² + post² - 2 r·pre·post); solved for r where three SDs are printed | \
Cochrane Handbook 6.5.2.8 |
| common SD of two arms | abs(difference)/abs(t)/√(1/n + 1/n) | Cochrane Handbook 6.5.2.3 |
| SD from quartiles | (q3 - q1)/(2 Φ⁻¹((0.75n - 0.125)/(n + 0.25))) | Wan 2014, eq. 16 |
| SD from extremes | (max - min)/(2 Φ⁻¹((n - 0.375)/(n + 0.25))); with quartiles the mean of both | \
Wan 2014, eq. 9, 12 |
| mean from order statistics | w·mid-quartile (or w·mid-range) + (1 - w)·median; w \
0.7 + 0.39/n (4/(4 + n^0.75)) | \
Luo 2018, eq. 11, 7; all five: eq. 15 |
| t | √F (1 numerator df); r·√(df/(1 - r²)); chi²: r² = chi²/N; p: t quantile on N - 2 df | Borenstein 2009, \
ch. 7; Lipsey & Wilson 2001 |
| same people in both arms | g = J(n - 1)·difference/SD; variance 2(1 - r)/n + g²/(2n), \
of changes 4(1 - r)/n + g²/(2n) | \
Cochrane Handbook 5.1, 16.4.6 (the variance there has the factor 2(1 - r) on both terms) |

Sources: Cochrane Handbook, version 6.4, doi:10.1002/9781119536604; Wan et al. 2014,
doi:10.1186/1471-2288-14-135; Luo et al. 2018, doi:10.1177/0962280216669183; Borenstein et al. 2009,
doi:10.1002/9780470743386; Morris 2008 (d_ppc1, d_ppc2), doi:10.1177/1094428106291059; Lipsey & Wilson 2001,
Practical Meta-Analysis.
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
